//! Following the chain of a long log, and copying it: rows a second, and what an append waits meanwhile.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

use swatbot::engine::event::{Author, Event, Record, Went};
use swatbot::engine::id::{RoomId, Who};
use swatbot::store::{Store, backup, check, verify};

use crate::scene::monday;
use crate::table::{self, Samples};

const ROWS: usize = 1_000_000;
const BATCH: usize = 1_000;

/// Rows as people log them, the same in every run.
fn row(number: usize) -> Record {
    const WORDS: &[&str] =
        &["restarted", "apache", "depooled", "db1080", "reimage", "of", "mw1263", "(T12345)"];
    let mut chance = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    let mut text = format!("{number}:");
    for _ in 0..8 + number % 9 {
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        text.push(' ');
        text.push_str(WORDS[(chance >> 33) % WORDS.len()]);
    }
    let by = Author {
        network: Some("libera".to_owned()),
        room: Some(RoomId("libera/#operations".to_owned())),
        who: Who(["alice", "bob", "carol", "dan"][number % 4].to_owned()),
        account: Some("somebody".to_owned()),
    };
    let at = monday("12:00") + chrono::TimeDelta::seconds(number as i64);
    Record { at, by, window: None, change: None, outcome: Went::Ok, text, event: Event::Logged }
}

pub(crate) fn run() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("swatbot.db");
    let mut store = Store::open(&path).expect("the log opens");
    for batch in 0..ROWS / BATCH {
        let rows: Vec<Record> = (batch * BATCH..(batch + 1) * BATCH).map(row).collect();
        store.append(&rows, &[]).expect("they are stored");
    }
    table::title(&format!("a log of {ROWS} rows"));
    let speed = |name: &str, run: &dyn Fn()| {
        let begin = Instant::now();
        run();
        let seconds = begin.elapsed().as_secs_f64();
        let each = ROWS as f64 / seconds;
        table::figure(name, &format!("{each:.0} rows/s"), &format!("{seconds:.2} s"));
    };
    let whole = || {
        verify(&path, None, &[], &|_| ()).expect("it is whole");
    };
    speed("verify", &whole);
    speed("verify, again", &whole);
    speed("full check, one thread", &|| check(&path).expect("it is whole"));
    let copy = folder.path().join("copy.db");
    speed("backup, with its check", &|| {
        backup(&path, &copy, &|_| ()).expect("it is copied");
    });
    let mut alone = Samples::default();
    for number in 0..2_000 {
        alone.time(|| store.append(&[row(number)], &[]).expect("it is stored"));
    }
    let done = AtomicBool::new(false);
    let mut beside = Samples::default();
    thread::scope(|threads| {
        threads.spawn(|| {
            whole();
            done.store(true, Ordering::Relaxed);
        });
        while !done.load(Ordering::Relaxed) {
            beside.time(|| store.append(&[row(7)], &[]).expect("it is stored"));
        }
    });
    table::row("an append, alone", &alone, "");
    let ratio = beside.p99() / alone.p99();
    table::row("an append, while it is verified", &beside, &format!("p99 {ratio:.2} x alone"));
}
