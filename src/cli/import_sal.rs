//! `swatbot import-sal`: takes the entries of other logs over into this one, as what they are.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use chrono_tz::Tz;
use indicatif::{HumanCount, ProgressBar};

use super::Fault;
use super::log::harmless;
use super::verify::bar;
use crate::engine::id::At;
use crate::sal::{self, Format, Import, Source};
use crate::store::{OpenError, Store, StoreError};

/// So many rows are one commit.
const BATCH: usize = 20_000;

/// What is taken over.
#[derive(clap::Args, Clone, Debug)]
pub(super) struct ImportSalArgs {
    /// Pages of a Server Admin Log in wikitext, documents of stashbot, or logs of IRC channels with !log lines
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// How they are written, where their first lines do not tell
    #[arg(long, value_enum)]
    format: Option<Written>,
    /// Whose log it is: kept with each row; equal entries of two projects are two
    #[arg(long, value_name = "NAME")]
    project: Option<String>,
    /// The zone of the clock in the logs of channels, such as Europe/Berlin
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    timezone: Tz,
}

/// The forms by their names on the command line.
#[derive(clap::ValueEnum, Clone, Copy, Debug)]
enum Written {
    /// == 2026-11-23 ==, and under it * 14:05 alice: text
    Wikitext,
    /// JSON: one document a line, a bulk request, an export, an array or an answer
    Stashbot,
    /// irssi, WeeChat, energymech, eggdrop, ZNC, Limnoria, HexChat
    Irc,
}

impl From<Written> for Format {
    fn from(written: Written) -> Self {
        match written {
            Written::Wikitext => Self::Wikitext,
            Written::Stashbot => Self::Stashbot,
            Written::Irc => Self::Irc,
        }
    }
}

/// Takes all files over, in their order. A file that cannot be read keeps no other back.
pub(super) fn run(args: &ImportSalArgs, database: &Path, now: At, out: &mut dyn Write) -> Result<(), Fault> {
    let mut store = Store::open(database).map_err(|error| unopened(&error))?;
    store.expect_many().map_err(|error| Fault::Failed(error.to_string()))?;
    let mut failed = Vec::new();
    for file in &args.files {
        match import(&mut store, file, args, now, out) {
            Ok(()) => {}
            Err(Trouble::File(why)) => {
                failed.push(format!("{}: {why}", harmless(&file.display().to_string())))
            }
            Err(Trouble::Log(error)) => return Err(Fault::Failed(error.to_string())),
            Err(Trouble::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => {}
            Err(Trouble::Write(error)) => return Err(Fault::Failed(error.to_string())),
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(Fault::Failed(failed.join("\n"))) }
}

/// The log has one writer. A running bot would have to put a million rows between two commands.
fn unopened(error: &OpenError) -> Fault {
    Fault::Failed(match error {
        OpenError::InUse { .. } => {
            format!("{error}: stop it first, import, and start it again (one program writes the log)")
        }
        _ => error.to_string(),
    })
}

enum Trouble {
    /// With this file.
    File(String),
    /// With the log, whatever the file.
    Log(StoreError),
    /// With the terminal.
    Write(io::Error),
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Log(error)
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}

fn import(
    store: &mut Store,
    file: &Path,
    args: &ImportSalArgs,
    now: At,
    out: &mut dyn Write,
) -> Result<(), Trouble> {
    let shown = harmless(&file.display().to_string());
    let bytes = fs::read(file).map_err(|error| Trouble::File(error.to_string()))?;
    let format = args.format.map(Format::from).or_else(|| sal::detect(&bytes)).ok_or_else(|| {
        Trouble::File("nothing in it looks like a log; --format names how it is written".to_owned())
    })?;
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let source = Source { name, project: args.project.clone(), zone: args.timezone, now };
    let sal::Read { entries, bad, bad_count, others, first_other, is_of_a_channel } =
        sal::read(&bytes, format, &source);
    drop(bytes);
    for one in &bad {
        // What cannot be read is told even where nobody reads it.
        let _ = writeln!(io::stderr(), "{shown}:{}: {}: {}", one.line, one.why, harmless(&one.words));
    }
    if bad_count > bad.len() as u64 {
        let _ = writeln!(io::stderr(), "{shown}: and {} lines more", bad_count - bad.len() as u64);
    }
    if let Some((line, words)) = first_other {
        let _ = writeln!(io::stderr(), "{shown}:{line}: no entry: {}", harmless(&words));
    }
    let count = entries.len() as u64;
    let no_entries = match others {
        0 => String::new(),
        1 => ", 1 line was no entry".to_owned(),
        others => format!(", {others} lines were no entry"),
    };
    if count == 0 && (bad_count > 0 || !is_of_a_channel) {
        let why = format!("nothing of it could be read as {}{no_entries}", format.word());
        return Err(Trouble::File(why));
    }
    let bar = bar(count);
    let mut new = 0;
    let mut batch = Vec::with_capacity(BATCH);
    for Import { record, key } in sal::imports(entries, format, &source) {
        batch.push((record, key));
        if batch.len() == BATCH {
            new += commit(store, &mut batch, &bar)?;
        }
    }
    new += commit(store, &mut batch, &bar)?;
    let took = bar.elapsed();
    bar.finish_and_clear();
    let known = match count - new {
        0 => String::new(),
        known => format!(", {known} were here already"),
    };
    let unread = match bad_count {
        0 => String::new(),
        1 => ", 1 line could not be read".to_owned(),
        bad => format!(", {bad} lines could not be read"),
    };
    // Of a short one nobody asks, and what it says is always the same.
    let rate = match took.as_secs() {
        0 => String::new(),
        _ => format!(", {} a second", HumanCount((count as f64 / took.as_secs_f64()) as u64)),
    };
    writeln!(
        out,
        "{shown}: {count} entries ({}), {new} new{known}{unread}{no_entries}{rate}",
        format.word()
    )?;
    Ok(())
}

fn commit(
    store: &mut Store,
    batch: &mut Vec<(crate::engine::event::Record, String)>,
    bar: &ProgressBar,
) -> Result<u64, StoreError> {
    let rows = std::mem::take(batch);
    let count = rows.len() as u64;
    let new = store.import(rows)?;
    bar.inc(count);
    Ok(new)
}
