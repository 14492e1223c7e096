//! What a commit waits for the index and for whoever asks: in turn, in one run.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use swatbot::engine::event::Record;
use swatbot::store::{Feeder, Reader, Store};

use crate::Place;
use crate::asked::never_together;
use crate::rows::{Chance, Rows};
use crate::table::{self, Samples};

const ROUNDS: usize = 6;
const COMMITS: usize = 2_000;

pub(crate) fn run(place: &Place) {
    table::title("one row in one commit, on the disk");
    let mut store = Store::open(&place.log).expect("the log opens");
    let rows: Vec<Record> = Rows::new(COMMITS as u64).collect();
    let commit = |store: &mut Store, samples: &mut Samples| {
        for row in &rows {
            samples.time(|| store.append(std::slice::from_ref(row), &[]).expect("it is stored"));
        }
    };
    // The first ones are for what is made once.
    commit(&mut store, &mut Samples::default());
    let mut alone = Samples::default();
    let mut fed = Samples::default();
    let mut asked = Samples::default();
    for _ in 0..ROUNDS {
        commit(&mut store, &mut alone);
        beside(&place.log, feed, || commit(&mut store, &mut fed));
        beside(&place.log, ask, || commit(&mut store, &mut asked));
    }
    let ratio = |samples: &Samples| samples.p99() / alone.p99();
    table::row("alone", &alone, "");
    table::row("while the index is fed", &fed, &format!("p99 {:.2} x alone (target <= 1.2)", ratio(&fed)));
    table::row(
        "while the worst is asked",
        &asked,
        &format!("p99 {:.2} x alone (target <= 1.5)", ratio(&asked)),
    );
}

/// Runs `it` while another thread does something to the log over and over.
fn beside(log: &std::path::Path, other: fn(&std::path::Path, &AtomicBool), it: impl FnOnce()) {
    let is_done = AtomicBool::new(false);
    thread::scope(|threads| {
        threads.spawn(|| other(log, &is_done));
        it();
        is_done.store(true, Ordering::Relaxed);
    });
}

/// As the bot does.
fn feed(log: &std::path::Path, is_done: &AtomicBool) {
    let feeder = Feeder::open(log).expect("the log opens");
    while !is_done.load(Ordering::Relaxed) {
        feeder.keep_up().expect("it is fed");
        thread::sleep(swatbot::store::FEED_EVERY);
    }
}

fn ask(log: &std::path::Path, is_done: &AtomicBool) {
    let reader = Reader::open(log).expect("the log opens");
    let mut chance = Chance::new(5);
    while !is_done.load(Ordering::Relaxed) {
        reader.search(&never_together(&mut chance)).expect("it is answered");
    }
}
