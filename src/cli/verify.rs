//! `swatbot verify`: follows the chain of the log, also while the bot runs, and says the first row that is not what it was.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};

use super::Fault;
use super::log::harmless;
use crate::store::{Head, Reader, Whole, verify};

/// What the log is held to.
#[derive(clap::Args, Clone, Debug)]
pub(super) struct VerifyArgs {
    /// A head that was said: the log must have it. L1187:5f2c81d09a3e77b0, or 12 to 64 digits of the hash alone; as often as
    /// wanted
    #[arg(long, value_name = "HEAD")]
    head: Vec<Head>,
    /// Follow only the rows after this head
    #[arg(long, value_name = "HEAD")]
    since: Option<Head>,
    /// The history of a channel as text: the log must have every head that the bot said there. "-" is standard input
    #[arg(long, value_name = "FILE")]
    witness: Option<PathBuf>,
}

/// Verifies the log at `database`.
pub(super) fn run(args: &VerifyArgs, database: &Path, out: &mut dyn Write) -> Result<(), Fault> {
    let mut heads = args.head.clone();
    if let Some(file) = &args.witness {
        let said = history(file).map_err(|error| Fault::Usage(format!("{}: {error}", file.display())))?;
        let said = Head::all_in(&said);
        if said.is_empty() {
            let what = format!("{} has no head in it: the bot says \"head L1187 …\"", file.display());
            return Err(Fault::Usage(what));
        }
        heads.extend(said);
    }
    let rows = Reader::open(database).and_then(|log| log.rows().or(Ok(0)));
    let bar = bar(rows.unwrap_or(0));
    let whole = verify(database, args.since.as_ref(), &heads, &|rows| bar.inc(rows));
    bar.finish_and_clear();
    let whole = whole.map_err(|error| Fault::Failed(harmless(&error.to_string())))?;
    match write(out, &whole, heads.len()) {
        // Whoever read it has seen enough.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Fault::Failed(error.to_string())),
        _ => Ok(()),
    }
}

fn write(out: &mut dyn Write, whole: &Whole, heads: usize) -> io::Result<()> {
    for one in &whole.redacted {
        let (who, reason) = (harmless(&one.who), harmless(&one.reason));
        writeln!(out, "{} redacted by {who} ({}): {reason}", one.row, one.by)?;
    }
    if whole.last.0 == 0 {
        return writeln!(out, "the log is empty");
    }
    let held = match heads {
        0 => String::new(),
        1 => ", 1 head as it was said".to_owned(),
        heads => format!(", {heads} heads as they were said"),
    };
    writeln!(out, "{} to {} whole{held}, head {} {}", whole.first, whole.last, whole.last, whole.head)
}

fn history(file: &Path) -> io::Result<String> {
    let bytes = if file == Path::new("-") {
        let mut bytes = Vec::new();
        io::Read::read_to_end(&mut io::stdin(), &mut bytes)?;
        bytes
    } else {
        fs::read(file)?
    };
    // Channels hold lines in every encoding; the bot's own are plain.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A bar of so many rows, where a person looks.
pub(super) fn bar(rows: u64) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style =
        ProgressStyle::with_template("{bar:40} {human_pos} of {human_len} rows, {per_sec}, {eta} left");
    ProgressBar::new(rows).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
