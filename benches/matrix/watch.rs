//! What /proc says of a process, what its log has, and whether it is in a room.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};

use crate::ircd::daemon::LONG_ENOUGH;
use crate::ircd::program::Program;
use crate::person::{Heard, Person, user};

/// How long a bot may take for what it was told while it was away.
const PATIENCE: Duration = Duration::from_secs(300);

/// While it is there, this program and what it starts go before all others on the machine, where that is allowed.
pub(crate) struct First;

impl First {
    pub(crate) fn take() -> Self {
        if !schedule(&["-r", "-p", "10"]) {
            crate::note("no real-time priority: ratios spread where the machine has other work");
        }
        Self
    }
}

impl Drop for First {
    fn drop(&mut self) {
        schedule(&["-o", "-p", "0"]);
    }
}

/// Changes how the main thread of this program is scheduled; what is started later inherits it.
fn schedule(how: &[&str]) -> bool {
    let mut chrt = Command::new("chrt");
    let done = chrt.args(how).arg(std::process::id().to_string()).stderr(Stdio::null()).status();
    done.is_ok_and(|done| done.success())
}

/// The processor time of a process so far, in milliseconds.
pub(crate) fn cpu(pid: u32) -> f64 {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return f64::NAN };
    let stats =
        threads.flatten().filter_map(|thread| fs::read_to_string(thread.path().join("schedstat")).ok());
    let times = stats.filter_map(|stat| stat.split(' ').next()?.parse::<f64>().ok());
    times.sum::<f64>() / 1e6
}

/// What a process holds in memory: all, and its own alone, in MiB.
pub(crate) fn memory(pid: u32) -> (f64, f64) {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let field = |key: &str| -> Option<f64> {
        let line = status.lines().find_map(|line| line.strip_prefix(key))?;
        Some(line.split_whitespace().next()?.parse::<f64>().ok()? / 1024.0)
    };
    (field("VmRSS:").unwrap_or(f64::NAN), field("RssAnon:").unwrap_or(f64::NAN))
}

/// A column of the rows of the bot's log for which this holds, the oldest first.
pub(crate) fn rows(program: &Program, column: &str, condition: &str) -> Vec<String> {
    read(&program.file("swatbot.db"), column, condition).unwrap_or_default()
}

fn read(database: &Path, column: &str, condition: &str) -> rusqlite::Result<Vec<String>> {
    let log = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut statement = log.prepare(&format!("SELECT {column} FROM event WHERE {condition} ORDER BY seq"))?;
    let rows = statement.query_map([], |row| row.get(0))?;
    rows.collect()
}

/// Waits until there is a row for which this holds.
pub(crate) fn wait_for(program: &Program, condition: &str) {
    let end = Instant::now() + PATIENCE;
    while rows(program, "text", condition).is_empty() {
        assert!(Instant::now() < end, "no row has {condition}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Waits until somebody has seen a bot come into a room; they come in no order.
pub(crate) fn wait_until_there(person: &mut Person, room: &str, name: &str) {
    let end = Instant::now() + LONG_ENOUGH;
    let bot = user(name);
    let came = |heard: &Heard| {
        let is_there = heard.event["content"]["membership"] == "join";
        heard.room == room && heard.kind() == "m.room.member" && heard.event["state_key"] == bot && is_there
    };
    while !person.wire.iter().any(came) {
        assert!(Instant::now() < end, "{name} does not come into {room}");
        person.read(100);
    }
}
