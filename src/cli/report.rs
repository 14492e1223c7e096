//! `swatbot report`: one occurrence from the log alone, as a page for a mail or a wiki.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io::{self, Write};
use std::path::Path;

use chrono::TimeDelta;

use crate::engine::event::Event;
use crate::engine::id::{ChangeNumber, OccurrenceId};
use crate::engine::log::Query;
use crate::engine::report::{Report, report};
use crate::engine::say::report::{Form, page};
use crate::store::{Head, OpenError, Reader, StoreError};

/// Why there is no report, or no feed of one.
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
    /// What is made of it cannot be written.
    #[error("cannot write {what}: {source}")]
    Write {
        /// The report, or the name of a file.
        what: String,
        /// Why.
        source: io::Error,
    },
}

/// What the log knows of an occurrence.
pub(super) struct Known {
    /// How it went.
    pub(super) report: Report,
    /// The head of the row that closed it.
    pub(super) head: Option<Head>,
}

/// Writes the report. `budget` is the time that a patch has.
pub(super) fn run(
    id: &OccurrenceId,
    database: &Path,
    budget: TimeDelta,
    form: Form,
    out: &mut dyn Write,
) -> Result<(), ReportFault> {
    let log = Reader::open(database)?;
    let known = known(&log, id)?.ok_or_else(|| ReportFault::Nothing(id.clone()))?;
    let head = known.head.map(|head| head.to_string());
    let page = page(&known.report, budget, head.as_deref(), form);
    match out.write_all(page.as_bytes()).and_then(|()| out.flush()) {
        // Whoever read it has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(|source| ReportFault::Write { what: "the report".to_owned(), source }),
    }
}

/// Reads everything about an occurrence; `None` where nothing is on record.
pub(super) fn known(log: &Reader, id: &OccurrenceId) -> Result<Option<Known>, StoreError> {
    let rows = log.rows_of_window(id)?;
    if rows.is_empty() {
        return Ok(None);
    }
    let mut titles = BTreeMap::new();
    for change in rows.iter().filter_map(|row| row.change) {
        if let Entry::Vacant(vacant) = titles.entry(change) {
            vacant.insert(title(log, change)?);
        }
    }
    let titles = titles.into_iter().filter_map(|(change, title)| Some((change, title?))).collect();
    let report = report(id, &rows, &titles);
    let head = report.closed_by.map(|row| log.head_of(row)).transpose()?.flatten();
    Ok(Some(Known { report, head }))
}

/// The title of a change, as it was last seen. Most are first seen before they are in an occurrence.
fn title(log: &Reader, change: ChangeNumber) -> Result<Option<String>, StoreError> {
    let kind = Some("facts-seen".to_owned());
    let found = log.search(&Query { kind, change: Some(change), last: Some(1), ..Query::default() })?;
    let event = found.rows.first().and_then(|row| serde_json::from_str(&row.detail).ok());
    Ok(match event {
        Some(Event::FactsSeen { facts }) => Some(facts.change.subject),
        _ => None,
    })
}
