//! `cargo bench --bench matrix`: swatbot over a real homeserver, beside the least that a bot on the same SDK can do.
//!
//! It needs the Synapse of the tests (CONTRIBUTING.md says how to install it). Four parts, of which
//! `cargo bench --bench matrix -- latency memory` takes two: `latency`, from a command to the durable answer, by turns
//! with a bare bot that stores nothing (a number among the words is how many rounds); `gap`, a thousand commands while it
//! is down; `memory`, ten thousand messages in fifty rooms; `build`, how long it takes to build it without Matrix. The
//! milliseconds belong to one machine and are Synapse's for the most part; the ratios, measured within the same seconds,
//! can be compared.

mod echo;
mod gap;
#[expect(dead_code, reason = "the tests need more of it")]
mod ircd;
mod latency;
mod listener;
mod memory;
mod report;
mod watch;
mod without;

#[expect(dead_code, reason = "the tests need more of it")]
#[path = "../../tests/it/synapse/homeserver.rs"]
mod homeserver;
#[path = "../../tests/it/synapse/nio.rs"]
mod nio;
#[expect(dead_code, reason = "the tests need more of it")]
#[path = "../../tests/it/synapse/person.rs"]
mod person;
#[path = "../../tests/it/synapse/rest.rs"]
mod rest;
#[expect(dead_code, reason = "the tests need more of it")]
#[path = "../../tests/it/synapse/scene.rs"]
mod scene;

use std::io::{self, Write};
use std::process::ExitCode;

use report::Report;

/// What the servers of the tests say where they are not installed.
mod review {
    pub(crate) fn skipped(why: &str) {
        crate::note(why);
    }
}

const ROUNDS: usize = 5;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    if let [role, homeserver, password] = words.as_slice()
        && role == "echo"
    {
        return echo(homeserver, password);
    }
    // A disk like the one that a log is on: a temporary folder may be in memory.
    if tempfile::env::override_temp_dir(env!("CARGO_TARGET_TMPDIR").as_ref()).is_err() {
        return ExitCode::FAILURE;
    }
    let rounds = words.iter().find_map(|word| word.parse().ok());
    let is_wanted = |part: &str| {
        words.iter().any(|word| word == part) || words.iter().all(|word| word.parse::<usize>().is_ok())
    };
    let mut report = Report::default();
    if is_wanted("latency") {
        report.runs = latency::measure(rounds.unwrap_or(ROUNDS)).unwrap_or_default();
    }
    if is_wanted("gap") {
        report.gap = gap::measure();
    }
    if is_wanted("memory") {
        report.memory = memory::measure();
    }
    if is_wanted("build") {
        match without::measure() {
            Ok(builds) => report.builds = builds,
            Err(error) => note(&error.to_string()),
        }
    }
    report.print();
    ExitCode::SUCCESS
}

/// The bare bot, which is this program too.
fn echo(homeserver: &str, password: &str) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let why = match runtime {
        Ok(runtime) => runtime.block_on(echo::run(homeserver, password)).err().map(|error| error.to_string()),
        Err(error) => Some(error.to_string()),
    };
    note(&format!("the bare bot has ended: {}", why.unwrap_or_default()));
    ExitCode::FAILURE
}

/// What happens meanwhile, for whoever waits.
fn note(text: &str) {
    // Whoever closed it wants no more of it.
    let _ = writeln!(io::stderr(), "{text}");
}
