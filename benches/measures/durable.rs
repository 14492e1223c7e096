//! One command through the bot and the log, on the disk before it is answered, beside a bare commit of SQLite.

use std::path::Path;

use chrono::TimeDelta;
use rusqlite::{Connection, params};
use swatbot::bot::Bot;
use swatbot::engine::id::At;
use swatbot::engine::settings::Settings;
use swatbot::engine::{Input, schedule};
use swatbot::store::Store;

use crate::scene::{FIRST, answer, monday, roomy_settings, said, settings};
use crate::table::{self, Samples};

const ROUNDS: u32 = 600;
const BATCH: usize = 256;

/// What a program that only writes would do: one row of the same content, one commit, the pragmas of the log.
struct Bare(Connection);

impl Bare {
    fn open(path: &Path) -> Self {
        let connection = Connection::open(path).expect("SQLite opens");
        connection
            .execute_batch(
                "PRAGMA journal_mode = wal; PRAGMA synchronous = full; PRAGMA recursive_triggers = on;
                 CREATE TABLE row (seq INTEGER PRIMARY KEY, at TEXT, network TEXT, room TEXT, actor TEXT,
                     account TEXT, window TEXT, change INTEGER, kind TEXT, outcome TEXT, text TEXT, detail TEXT,
                     prev BLOB, hash BLOB) STRICT;",
            )
            .expect("the table is made");
        Self(connection)
    }

    fn commit(&self, text: &str) {
        let mut statement = self
            .0
            .prepare_cached(
                "INSERT INTO row (at, network, room, actor, account, window, change, kind, outcome, text, detail,
                     prev, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
            )
            .expect("the statement is right");
        statement
            .execute(params![
                "2026-11-23T14:05:12.123Z",
                "console",
                "console",
                "carol",
                "carol",
                "2026-11-23/long",
                None::<i64>,
                "logged",
                "ok",
                text,
                "{\"event\":\"logged\"}",
                [7_u8; 32],
                [8_u8; 32],
            ])
            .expect("the row is written");
    }
}

/// A bot with a running window of `count` patches.
fn bot_with_queue(path: &Path, settings: &Settings, count: u32) -> (Bot, At) {
    let mut at = monday("12:00");
    let store = Store::open(path).expect("the log opens");
    let (mut bot, _) = Bot::open(settings.clone(), store, at).expect("the log is read");
    let owners = ["alice", "bob", "carol", "dan", "grace"];
    let mut inputs = Vec::new();
    for number in FIRST..FIRST + count {
        inputs.push(said(owners[(number % 5) as usize], &format!("!swat add {number} test: open the page")));
        inputs.push(answer(number));
    }
    inputs.push(said("alice", "!swat claim"));
    for chunk in inputs.chunks(BATCH) {
        bot.take(at, chunk);
    }
    at += TimeDelta::minutes(121);
    bot.take(at, &[]);
    bot.take(at, &[said("alice", "!swat start"), said("alice", &format!("!swat check {FIRST} deployer"))]);
    let window = bot.state().windows.values().next().expect("there is a window");
    assert!(window.is_running() && window.patches.len() == count as usize && window.motion.is_some());
    assert!(!schedule::running(settings, at).is_empty());
    (bot, at)
}

fn command(count: u32, number: u32) -> Input {
    // One whose tests failed, so that its checklist is open.
    let change = FIRST + 1 + 3 * (number / 8 % (count / 3));
    match number % 8 {
        0 => said("alice", &format!("!swat check {change} precommit that test is flaky")),
        1 => said("alice", &format!("!swat uncheck {change} precommit")),
        2 => said("bob", if number % 16 < 8 { "!swat away" } else { "!swat here" }),
        3 => said(
            "alice",
            &format!(
                "!swat move {} {} {}",
                FIRST + 2,
                if number % 16 < 8 { "after" } else { "before" },
                FIRST + 3
            ),
        ),
        4 => said("alice", "!swat done 7"),
        5 => said("dan", &format!("!swat why {change}")),
        _ => logged(number),
    }
}

fn logged(number: u32) -> Input {
    said("carol", &format!("!log restarted apache on mw{number}, it had run out of workers (T12345)"))
}

pub(crate) fn run() {
    let settings = roomy_settings();
    table::title("one command through bot and log, on the disk before the answer, beside one bare commit");
    for (count, name, all_log) in
        [(6, "!log, 6 patches", true), (6, "mix, 6 patches", false), (200, "mix, 200 patches", false)]
    {
        let folder = tempfile::tempdir().expect("a folder");
        let (mut bot, mut at) = bot_with_queue(&folder.path().join("swatbot.db"), &settings, count);
        let bare = Bare::open(&folder.path().join("bare.db"));
        let (mut ours, mut theirs, mut wakes) = (Samples::default(), Samples::default(), Samples::default());
        for number in 0..ROUNDS {
            at += TimeDelta::milliseconds(300);
            let input = if all_log { logged(number) } else { command(count, number) };
            let before = bot.store().last();
            let said = ours.time(|| bot.take(at, std::slice::from_ref(&input)));
            assert!(bot.store().last() > before, "each of them leaves a row: {input:?}: {:?}", said.replies);
            wakes.time(|| bot.wake(at));
            theirs.time(|| bare.commit("restarted apache on mw1017, it had run out of workers (T12345)"));
        }
        let ratio = ours.p50() / theirs.p50();
        table::row("bare commit", &theirs, "");
        table::row(name, &ours, &format!("{ratio:.2} x bare (target <= 1.5)"));
        table::row("  then: when to wake", &wakes, "after the answer");
        if !all_log {
            let mut batches = Samples::default();
            for batch in 0..20 {
                at += TimeDelta::seconds(1);
                let inputs: Vec<Input> =
                    (0..BATCH as u32).map(|number| command(count, batch * BATCH as u32 + number)).collect();
                batches.time(|| bot.take(at, &inputs));
            }
            let each = batches.p50() / BATCH as f64;
            let remark = format!("{each:.1} us a command, {:.2} x bare", each / theirs.p50());
            table::row(&format!("  {BATCH} of them in one batch"), &batches, &remark);
        }
    }
}

/// What is left of a commit where many share it: `!log` lines of a busy channel.
pub(crate) fn log() {
    const LINES: u32 = 12_800;
    let settings = settings();
    table::title("!log lines that arrive together, on the disk before the answer");
    for batch in [1, 8, 128] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut at = monday("12:00");
        let store = Store::open(&folder.path().join("swatbot.db")).expect("the log opens");
        let (mut bot, _) = Bot::open(settings.clone(), store, at).expect("the log is read");
        let mut samples = Samples::default();
        let lines: Vec<Input> = (0..LINES).map(logged).collect();
        for inputs in lines.chunks(batch) {
            at += TimeDelta::milliseconds(3);
            let said = samples.time(|| bot.take(at, inputs));
            assert_eq!(said.replies.len(), inputs.len(), "each is answered");
        }
        let each = samples.p50() / batch as f64;
        table::row(&format!("{batch} in one commit"), &samples, &format!("{each:.1} us a line"));
    }
}
