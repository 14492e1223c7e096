//! `swatbot report`: one occurrence from the log alone, how it ended and then row by row, for whoever looks into it later.

use std::io::{self, Write};
use std::path::Path;

use super::log::harmless;
use crate::engine::id::OccurrenceId;
use crate::engine::log::Row;
use crate::store::{Head, OpenError, Reader, StoreError};

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReportFault {
    /// The log has no row of it.
    #[error("nothing is on record of {0}")]
    Nothing(OccurrenceId),
    /// The log cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The log cannot be read.
    #[error(transparent)]
    Read(#[from] StoreError),
    /// The report cannot be written.
    #[error("cannot write the report: {0}")]
    Write(#[from] io::Error),
}

pub(super) fn run(id: &OccurrenceId, database: &Path, out: &mut dyn Write) -> Result<(), ReportFault> {
    let log = Reader::open(database)?;
    let rows = log.rows_of_window(id)?;
    if rows.is_empty() {
        return Err(ReportFault::Nothing(id.clone()));
    }
    let closed = rows.iter().rev().find(|row| row.kind == "window-closed");
    let head = closed.map(|closed| log.head_of(closed.id)).transpose()?.flatten();
    match write(out, id, &rows, head.as_ref()) {
        // Whoever read it has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

/// The summary, and every row under its day: an occurrence is spoken of days before it starts.
fn write(out: &mut dyn Write, id: &OccurrenceId, rows: &[Row], head: Option<&Head>) -> io::Result<()> {
    let head = head.map(|head| format!(" (head {head})")).unwrap_or_default();
    match rows.iter().rev().find(|row| row.kind == "window-closed") {
        Some(closed) => writeln!(out, "{}{head}", harmless(&closed.text))?,
        None => writeln!(out, "{id} is not closed")?,
    }
    let mut day = None;
    for row in rows {
        if day.replace(row.at.date_naive()) != Some(row.at.date_naive()) {
            writeln!(out, "{}", row.at.format("%Y-%m-%d (UTC)"))?;
        }
        writeln!(out, "{} {} {}", row.at.format("%H:%M:%S"), harmless(&row.actor), harmless(&row.text))?;
    }
    out.flush()
}
