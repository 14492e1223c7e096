//! What looks after the log while the program runs: a file that goes away or turns out to be damaged stops what needs a row,
//! and the operator is told once.

use std::fs::{self, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::PathBuf;

use super::super::fake_irc::FakeIrc;
use super::{Daemon, Home};

const SORRY: &str = "I could not record that, so nothing has changed";

/// A program that looks at its log each second.
fn started() -> (FakeIrc, Home, Daemon, PathBuf) {
    let server = FakeIrc::in_thread();
    server.add("alice", Some("alice"));
    let home = Home::new(&server);
    let text = fs::read_to_string(&home.config).unwrap().replace("[bot]\n", "[bot]\nfull_check = \"1s\"\n");
    fs::write(&home.config, text).unwrap();
    let daemon = home.start();
    server.wait_for("WHO #ops", 1);
    server.say("account=alice", "alice", "#ops", "!log it was here");
    server.wait_for("logged L", 1);
    let database = home.config.with_file_name("swatbot.db");
    (server, home, daemon, database)
}

#[test]
fn a_log_that_is_taken_away_is_missed_though_nobody_says_anything() {
    let (server, _home, daemon, database) = started();
    let away = database.with_file_name("away.db");
    fs::rename(&database, &away).unwrap();
    daemon.tells("is no longer the file that was opened");
    server.say("account=alice", "alice", "#ops", "!log while it is away");
    server.wait_for(SORRY, 1);
    server.say("account=alice", "alice", "#ops", "!log last 1");
    server.wait_for("it was here", 1);
    fs::rename(&away, &database).unwrap();
    server.say("account=alice", "alice", "#ops", "!log it is back");
    server.wait_for("logged L", 2);
    fs::rename(&database, &away).unwrap();
    let told = daemon.tells("is no longer the file that was opened");
    assert_eq!(told.iter().filter(|line| line.contains("the log takes nothing")).count(), 1, "{told:?}");
}

#[test]
fn a_log_that_is_found_damaged_is_only_read() {
    let (server, home, daemon, database) = started();
    // A byte of a row, far from anything that SQLite would notice by itself.
    let bytes = fs::read(database.with_file_name("swatbot.db-wal")).unwrap();
    let words = b"it was here";
    let at = bytes.windows(words.len()).rposition(|window| window == words).unwrap();
    let mut wal = OpenOptions::new().write(true).open(database.with_file_name("swatbot.db-wal")).unwrap();
    wal.seek(SeekFrom::Start(at as u64)).unwrap();
    wal.write_all(b"B").unwrap();
    let told = daemon.tells("the log is damaged");
    assert!(told.last().unwrap().contains("L"), "{told:?}");
    for _ in 0..2 {
        server.say("account=alice", "alice", "#ops", "!swat claim");
    }
    server.wait_for(SORRY, 2);
    server.say("account=alice", "alice", "#ops", "!swat now");
    server.wait_for("2026-11-23/day", 1);
    assert_eq!(home.rows("claimed"), 0);
}
