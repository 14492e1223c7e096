//! `swatbot log` as a program: it follows the log while another process writes it, ends well, pages through a long answer,
//! and knows a terminal from a pipe.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use swatbot::engine::event::{Author, Event, Record, Went};
use swatbot::engine::id::Who;
use swatbot::store::Store;

use crate::make;

const CONFIG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/windows.toml");

/// Longer than anything here takes, on a machine that is busy.
const DEADLINE: Duration = Duration::from_secs(60);

fn said(text: &str) -> Record {
    let by = Author { network: None, room: None, who: Who("alice".to_owned()), account: None };
    let (at, outcome, text) = (make::at("14:05"), Went::Ok, text.to_owned());
    Record { at, by, window: None, change: None, outcome, text, event: Event::Logged }
}

fn log(database: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_swatbot"));
    command.args(["--config", CONFIG, "--database"]).arg(database).arg("log").args(arguments);
    command.stdin(Stdio::null()).env_remove("NO_COLOR").env("TERM", "xterm");
    command
}

/// A program that follows, and the lines that it prints.
struct Follower {
    child: Child,
    lines: mpsc::Receiver<String>,
}

impl Follower {
    fn start(database: &Path, arguments: &[&str]) -> Self {
        let mut child = log(database, arguments).stdout(Stdio::piped()).spawn().unwrap();
        let out: ChildStdout = child.stdout.take().unwrap();
        let (send, lines) = mpsc::channel();
        thread::spawn(move || {
            BufReader::new(out).lines().map_while(Result::ok).try_for_each(|line| send.send(line))
        });
        Self { child, lines }
    }

    /// The text of the next line.
    fn next(&self) -> String {
        let line = self.lines.recv_timeout(DEADLINE).expect("a line comes in time");
        line.rsplit("  ").next().unwrap().to_owned()
    }

    /// How it ended, once it has.
    fn ended(mut self) -> (Option<i32>, Vec<String>) {
        let code = exit(&mut self.child);
        (code, self.lines.iter().collect())
    }
}

/// The exit code, once there is one.
fn exit(child: &mut Child) -> Option<i32> {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        if started.elapsed() > DEADLINE {
            child.kill().unwrap();
            panic!("it goes on for ever");
        }
        thread::yield_now();
    }
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("sh").args(["-c", &format!("kill -{name} {}", child.id())]).status().unwrap();
    assert!(sent.success());
}

#[test]
fn a_follower_prints_what_is_committed_and_ends_well() {
    for name in ["INT", "TERM"] {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("swatbot.db");
        let mut store = Store::open(&database).unwrap();
        store.append(&[said("one"), said("two apples"), said("three")], &[]).unwrap();
        let all = Follower::start(&database, &["--follow", "last", "2"]);
        let apples = Follower::start(&database, &["find", "apple*", "--follow"]);
        assert_eq!(
            (all.next(), all.next(), apples.next()),
            ("two apples".into(), "three".into(), "two apples".into())
        );
        store.append(&[said("four")], &[]).unwrap();
        assert_eq!(all.next(), "four");
        store.append(&[said("five"), said("an apple"), said("seven")], &[]).unwrap();
        assert_eq!((all.next(), all.next(), all.next()), ("five".into(), "an apple".into(), "seven".into()));
        assert_eq!(apples.next(), "an apple");
        // The log is closed, the write-ahead log goes, and both come again.
        drop(store);
        let mut store = Store::open(&database).unwrap();
        store.append(&[said("eight")], &[]).unwrap();
        assert_eq!(all.next(), "eight");
        signal(&all.child, name);
        signal(&apples.child, name);
        assert_eq!(all.ended(), (Some(0), vec![]));
        assert_eq!(apples.ended(), (Some(0), vec![]));
    }
}

#[test]
fn a_follower_ends_when_nobody_reads_it_any_more() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("swatbot.db");
    let mut store = Store::open(&database).unwrap();
    store.append(&[said("one")], &[]).unwrap();
    let mut child = log(&database, &["--follow"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    out.read_line(&mut String::new()).unwrap();
    // Nothing more is written.
    drop(out);
    assert_eq!(exit(&mut child), Some(0));
}

#[test]
fn a_long_answer_comes_page_by_page_and_stops_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("swatbot.db");
    let mut store = Store::open(&database).unwrap();
    let rows: Vec<Record> = (1..=11_000).map(|number| said(&format!("row {number}"))).collect();
    store.append(&rows, &[]).unwrap();
    let mut child = log(&database, &["by", "alice"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    out.read_line(&mut first).unwrap();
    assert!(first.starts_with("L11000 ") && first.ends_with(" row 11000\n"), "{first}");
    // It is in the middle of its answer and waits for its reader; meanwhile the bot commits.
    store.append(&[said("meanwhile")], &[]).unwrap();
    let rest: Vec<String> = out.lines().map(Result::unwrap).collect();
    let numbers: Vec<u32> =
        rest.iter().map(|line| line.rsplit(' ').next().unwrap().parse().unwrap()).collect();
    assert!(numbers.into_iter().eq((1..11_000).rev()));
    assert_eq!(exit(&mut child), Some(0));
}

#[test]
fn a_terminal_gets_colour_and_a_pipe_gets_none() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("swatbot.db");
    let mut store = Store::open(&database).unwrap();
    store.append(&[said("one two three four \u{1b}[31m five six seven eight nine")], &[]).unwrap();
    let on_terminal = |variable: Option<(&str, &str)>| {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&terminal).unwrap();
        unlockpt(&terminal).unwrap();
        let name = ptsname(&terminal, Vec::new()).unwrap();
        let its_end = File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap();
        let size = Winsize { ws_row: 24, ws_col: 66, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&its_end, size).unwrap();
        let mut command = log(&database, &[]);
        command.envs(variable).stdout(its_end);
        let mut child = command.spawn().unwrap();
        // The last end that can be written to is the child's.
        drop(command);
        let mut shown = Vec::new();
        // Where the other end is closed, a terminal fails to be read.
        let _ = File::from(terminal).read_to_end(&mut shown);
        assert_eq!(exit(&mut child), Some(0));
        String::from_utf8(shown).unwrap().replace("\r\n", "\n")
    };
    let plain = "L1  2026-11-23 14:05:00Z  alice  -  ok  one two three four\n\
                 \x20                                       \\u{1b}[31m five six seven\n\
                 \x20                                       eight nine\n";
    let coloured = on_terminal(None);
    assert!(coloured.starts_with("\u{1b}[2mL1\u{1b}[0m  "), "{coloured:?}");
    assert!(!coloured.contains("\u{1b}[31m"), "{coloured:?}");
    assert_eq!(on_terminal(Some(("NO_COLOR", "1"))), plain);
    assert_eq!(on_terminal(Some(("TERM", "dumb"))), plain);
    let piped = log(&database, &[]).output().unwrap();
    assert_eq!(
        String::from_utf8(piped.stdout).unwrap(),
        "L1  2026-11-23 14:05:00Z  alice  -  ok  one two three four \\u{1b}[31m five six seven eight nine\n"
    );
}
