//! The terminal with a person at it: what it greets with works, and what it prints reads in order.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

use crate::restart::{arguments, when};

/// The program with a person at it. Dropped, it is killed.
struct Terminal {
    child: Child,
    keys: File,
    out: BufReader<ChildStdout>,
}

impl Terminal {
    fn start(database: &Path, at: &str) -> Self {
        let keys = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&keys).unwrap();
        unlockpt(&keys).unwrap();
        let name = ptsname(&keys, Vec::new()).unwrap();
        let its_end = File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap();
        // Nobody reads what a terminal shows of the keys.
        let mut modes = tcgetattr(&its_end).unwrap();
        modes.local_modes.remove(LocalModes::ECHO);
        tcsetattr(&its_end, OptionalActions::Now, &modes).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_swatbot"));
        command.args(arguments(database, when(at))).stdin(its_end).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Self { child, keys: keys.into(), out }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        assert!(self.out.read_line(&mut line).unwrap() > 0, "it ended");
        line.trim_end().to_owned()
    }

    /// The five lines that it greets with.
    fn greeting(&mut self) -> Vec<String> {
        while !self.line().ends_with("Five lines to try:") {}
        (0..5).map(|_| self.line().strip_prefix("#   ").expect("a line to try").to_owned()).collect()
    }

    /// What it says to a line, which is over with the answer to a row of the log; to an offer, when it is judged.
    fn say(&mut self, line: &str) -> Vec<String> {
        if line.contains(" add ") {
            writeln!(self.keys, "{line}").unwrap();
            return vec![self.line()];
        }
        writeln!(self.keys, "{line}\n!log -- that was {line}").unwrap();
        let mut said = Vec::new();
        loop {
            let line = self.line();
            if line.contains(": logged L") {
                return said;
            }
            said.push(line);
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Tries each of the five lines, one after another.
fn all_work(database: &Path, at: &str) -> Vec<String> {
    let mut terminal = Terminal::start(database, at);
    let lines = terminal.greeting();
    for line in &lines {
        let said = terminal.say(line);
        // Answers to the roll call are gathered, and here the time stands.
        assert!(!said.is_empty() || line.ends_with(" here"), "{at}: nothing is said to {line} of {lines:?}");
        assert!(!said.iter().any(|said| said.contains(": no: ")), "{at}: {line} of {lines:?}: {said:#?}");
    }
    lines
}

#[test]
fn what_it_greets_with_works_whatever_the_hour() {
    // Two hours before a window; at its first second; in the middle; too late to start in it; between two windows.
    for (at, skips) in [
        ("2026-11-23T12:00:00Z", true),
        ("2026-11-23T14:00:00Z", false),
        ("2026-11-23T14:20:00Z", false),
        ("2026-11-23T14:55:00Z", true),
        ("2026-11-23T19:59:00Z", true),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let lines = all_work(&folder.path().join("swatbot.db"), at);
        assert_eq!(lines.iter().any(|line| line.starts_with('+')), skips, "{at}: {lines:?}");
        assert!(lines.contains(&"!swat start".to_owned()), "{at}: {lines:?}");
    }
}

#[test]
fn what_it_greets_with_works_however_far_the_window_is() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("swatbot.db");
    all_work(&database, "2026-11-23T14:01:00Z");
    // The window runs, and 4 is in motion: there is nothing to begin anew.
    for _ in 0..2 {
        let lines = all_work(&database, "2026-11-23T14:20:00Z");
        assert!(!lines.iter().any(|line| line.starts_with("bob>") || line.starts_with('+')), "{lines:?}");
    }
}
