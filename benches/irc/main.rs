//! `cargo bench --bench irc`: swatbot over a real IRC server, beside the least that any bot can do, in one table.
//!
//! Each client says `!log TEXT` and waits until it is told that the row is stored. It needs InspIRCd, `cc` and (better)
//! `chrt` and `taskset`: the server and the clients get the first processor, the bot the last one, both with real-time
//! priority, so that other work on the machine does not count. The microseconds belong to one machine and its disk; the
//! ratios to the floors, measured within the same seconds, can be compared. `cargo bench --bench irc -- 5 1000000` takes
//! five rounds, and asks a log of a million rows (else of 100,000). What it measured and the goals: reference/performance.md, as ARCHITECTURE.md tells.

mod floor;
mod load;
mod process;
mod relay;
mod report;
mod server;

use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use swatbot::engine::event::{Author, Event, Record, Went};
use swatbot::engine::id::{RoomId, Who};
use swatbot::store::{Feeder, Store};

use load::Load;
use process::{Bot, Kind};
use report::{LONG, Report, Run, Start};
use server::Server;

/// Set in the environment once the program runs on its own processor.
const PINNED: &str = "SWATBOT_BENCH_PINNED";

/// How long each load lasts.
const TIME: Duration = Duration::from_millis(2500);

/// The loads: clients, and commands of each on their way.
const LOADS: &[(usize, usize)] = &[(1, 1), (8, 1), (50, 1), (8, 16)];

/// In the order in which they run: what is compared runs one after the other.
const KINDS: &[Kind] = &[Kind::Floor("echo"), Kind::Floor("group"), Kind::Floor("full"), Kind::Swatbot];

/// The rows of a long log.
const ROWS: usize = 100_000;

/// So many of them are stored at a time.
const BATCH: usize = 10_000;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    if let [role, kind, server, nick, channel, database] = words.as_slice()
        && role == "floor"
    {
        floor::run(kind, server, nick, channel, database);
        return ExitCode::SUCCESS;
    }
    let number = |at: usize| words.get(at).and_then(|word| word.parse().ok());
    let (rounds, rows) = (number(0).unwrap_or(3), number(1).unwrap_or(ROWS));
    let pinned = pin();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let measured = runtime.and_then(|runtime| runtime.block_on(measure(rounds, rows, pinned)));
    match measured {
        Ok(report) => {
            report.print(pinned);
            ExitCode::SUCCESS
        }
        Err(error) => {
            report::line(&format!("cannot measure: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Starts this program again on the first processor with real-time priority, where that is allowed.
fn pin() -> bool {
    if std::env::var_os(PINNED).is_some() {
        return true;
    }
    let Ok(this) = std::env::current_exe() else { return false };
    let may =
        Command::new("chrt").args(["-r", "10", "taskset", "-c", "0", "true"]).stderr(Stdio::null()).status();
    if may.is_ok_and(|may| may.success()) {
        let mut again = Command::new("chrt");
        again
            .args(["-r", "10", "taskset", "-c", "0"])
            .arg(this)
            .args(std::env::args_os().skip(1))
            .env(PINNED, "1");
        // It returns only where it fails, and then all is measured as it comes.
        let _ = again.exec();
    }
    false
}

async fn measure(rounds: usize, rows: usize, pinned: bool) -> io::Result<Report> {
    // A disk like the one that a log is on: a temporary folder may be in memory.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let server = Server::start(&new(folder.path(), "server")?)?;
    let at = server.address;
    let start = async |kind: Kind, dir: &Path| {
        let observer = kind.observer(at).await?;
        Bot::start(kind, at, observer, dir, pinned).await
    };
    let mut report = Report::default();
    for round in 0..rounds {
        let folder = new(folder.path(), &round.to_string())?;
        for kind in KINDS {
            let dir = new(&folder, &format!("{}-start", kind.name()))?;
            report.starts.push(Start::of(*kind, kind.name(), at, &dir, pinned).await?);
        }
        let dir = new(&folder, "long")?;
        write_log(&dir.join("log.db"), ROWS)?;
        report.starts.push(Start::of(Kind::Swatbot, LONG, at, &dir, pinned).await?);
        let mut bots = Vec::new();
        for kind in KINDS {
            bots.push(start(*kind, &new(&folder, kind.name())?).await?);
        }
        for (clients, each) in LOADS {
            let load = Load { clients: *clients, each: *each, time: TIME, asks: false };
            for bot in &bots {
                report.runs.push(run(&server, bot, load, round).await?);
            }
        }
        drop(bots);
        let asks = Load { clients: 1, each: 1, time: TIME, asks: true };
        for kind in [Kind::Floor("echo"), Kind::Asked] {
            let dir = new(&folder, &format!("{}-asked", kind.name()))?;
            if kind == Kind::Asked {
                write_log(&dir.join("log.db"), rows)?;
            }
            let bot = start(kind, &dir).await?;
            report.runs.push(run(&server, &bot, asks, round).await?);
        }
        let bot = start(Kind::Paced, &new(&folder, "paced")?).await?;
        // The first answer has taken a line of the burst; it comes back.
        tokio::time::sleep(Duration::from_secs(6)).await;
        let paste = Load { clients: 1, each: 20, time: Duration::ZERO, asks: false };
        report.runs.push(run(&server, &bot, paste, round).await?);
    }
    Ok(report)
}

async fn run(server: &Server, bot: &Bot, load: Load, round: usize) -> io::Result<Run> {
    let rows = || bot.rows().map_err(io::Error::other);
    let (before, cpu) = (rows()?, bot.cpu());
    let outcome = load::run(server.address, load, &bot.channel, bot.kind.name()).await?;
    let cpu = (bot.cpu() - cpu) / outcome.answered as f64;
    Ok(Run { round, load, bot: bot.kind, cpu, stored: rows()? - before, outcome })
}

/// A new folder.
fn new(parent: &Path, name: &str) -> io::Result<PathBuf> {
    let dir = parent.join(name);
    fs::create_dir(&dir)?;
    Ok(dir)
}

/// Writes a log of many rows, of people who write to it, and its index.
fn write_log(path: &Path, rows: usize) -> io::Result<()> {
    let mut store = Store::open(path).map_err(io::Error::other)?;
    let begin: DateTime<Utc> = "2026-01-05T09:00:00Z".parse().map_err(io::Error::other)?;
    let record = |number: usize| {
        let who = format!("user{}", number % 40);
        Record {
            at: begin + TimeDelta::seconds(number as i64),
            by: Author {
                network: Some("bench".to_owned()),
                room: Some(RoomId("bench/#swatbot".to_owned())),
                who: Who(who.clone()),
                account: Some(who),
            },
            window: None,
            change: None,
            outcome: Went::Ok,
            text: format!(
                "Synchronized wmf-config/InitialiseSettings.php: Enable feature {number} (T{number})"
            ),
            event: Event::Logged,
        }
    };
    for first in (0..rows).step_by(BATCH) {
        let records: Vec<Record> = (first..rows.min(first + BATCH)).map(record).collect();
        store.append(&records, &[]).map_err(io::Error::other)?;
    }
    let feeder = Feeder::open(path).map_err(io::Error::other)?;
    feeder.feed(&|_| ()).map(|_| ()).map_err(io::Error::other)
}
