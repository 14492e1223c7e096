//! `swatbot backup`: a checked copy of the log, also while the bot runs.

use std::io::{self, Write};
use std::path::Path;

use super::Fault;
use super::verify::bar;
use crate::store::{BackupError, PartError, Reader, backup};

/// Copies the log at `database` to `target`.
pub(super) fn run(target: &Path, database: &Path, out: &mut dyn Write) -> Result<(), Fault> {
    let rows = Reader::open(database).and_then(|log| log.rows().or(Ok(0)));
    let bar = bar(rows.unwrap_or(0));
    let whole = backup(database, target, &|rows| bar.inc(rows));
    bar.finish_and_clear();
    let whole = whole.map_err(|error| match error {
        BackupError::Part(PartError::Exists(_)) => Fault::Usage(error.to_string()),
        _ => Fault::Failed(error.to_string()),
    })?;
    let said = match whole.last.0 {
        0 => "the log is empty".to_owned(),
        _ => format!("head {} {}", whole.last, whole.head),
    };
    match writeln!(out, "{}: {} rows, checked; {said}", target.display(), whole.last.0) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Fault::Failed(error.to_string())),
        _ => Ok(()),
    }
}
