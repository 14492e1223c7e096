//! `swatbot report`: one occurrence from the log alone, as a page for a mail or a wiki, or what all of them amount to.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::Path;
use std::str::FromStr;

use crate::engine::event::Event;
use crate::engine::id::{At, ChangeNumber, OccurrenceId};
use crate::engine::log::Query;
use crate::engine::report::{Report, report};
use crate::engine::say::report::{Form, page};
use crate::engine::settings::Settings;
use crate::engine::stats::{KINDS, Stats};
use crate::engine::window::Occurrence;
use crate::engine::{say, schedule};
use crate::store::{Head, OpenError, Reader, StoreError};

/// What a report is asked of.
#[derive(Clone, Debug)]
pub(super) enum Wanted {
    /// All windows together.
    Stats,
    /// The next window by the calendar.
    Next,
    /// The last occurrence of this window.
    Last(String),
    /// This occurrence.
    Occurrence(OccurrenceId),
}

impl FromStr for Wanted {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "stats" => Ok(Self::Stats),
            "next" => Ok(Self::Next),
            _ if word.contains('/') => super::occurrence(word).map(Self::Occurrence),
            _ => Ok(Self::Last(word.to_owned())),
        }
    }
}

/// Why there is no report, or no feed of one.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReportFault {
    /// The log has no row of it.
    #[error("nothing is on record of {0}")]
    Nothing(OccurrenceId),
    /// The log has no row of any occurrence of it.
    #[error("nothing is on record of a window called {word}. {known}")]
    NoWindow {
        /// What was asked for.
        word: String,
        /// What can be asked for.
        known: String,
    },
    /// It has not begun, and nobody has spoken of it.
    #[error("{next} is next, and nothing is on record of it yet. {known}")]
    NotYet {
        /// The occurrence.
        next: OccurrenceId,
        /// What can be asked for.
        known: String,
    },
    /// The calendar has no window.
    #[error("no window is held in the next 60 days. {0}")]
    NoNext(String),
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

/// Writes the report.
pub(super) fn run(
    wanted: &Wanted,
    settings: &Settings,
    database: &Path,
    now: At,
    form: Form,
    out: &mut dyn Write,
) -> Result<(), ReportFault> {
    let log = Reader::open(database)?;
    let budget = settings.policy.patch_time;
    let page = match wanted {
        Wanted::Stats => {
            let stats = Stats::of(&log.rows_of_kinds(KINDS)?, budget);
            say::stats::lines(&stats, budget).iter().map(|line| format!("{line}\n")).collect()
        }
        Wanted::Next | Wanted::Last(_) | Wanted::Occurrence(_) => {
            let id = meant(wanted, settings, &log, now)?;
            let known = known(&log, &id)?.ok_or(ReportFault::Nothing(id))?;
            let head = known.head.map(|head| head.to_string());
            page(&known.report, budget, head.as_deref(), form)
        }
    };
    match out.write_all(page.as_bytes()).and_then(|()| out.flush()) {
        // Whoever read it has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(|source| ReportFault::Write { what: "the report".to_owned(), source }),
    }
}

/// The occurrence that is meant by a word.
fn meant(wanted: &Wanted, settings: &Settings, log: &Reader, now: At) -> Result<OccurrenceId, ReportFault> {
    let all = log.occurrences()?;
    match wanted {
        Wanted::Occurrence(id) => Ok(id.clone()),
        Wanted::Last(word) => {
            let of_it: Vec<&OccurrenceId> = all.iter().rev().filter(|id| id.window == *word).collect();
            for id in &of_it {
                let rows = log.rows_of_window(id)?;
                let began = ["window-started", "window-closed"];
                if rows.iter().any(|row| began.contains(&row.kind.as_str())) {
                    return Ok((*id).clone());
                }
            }
            // One that has not begun is better than none.
            let known = what_to_type(&all);
            let first = of_it.first().map(|id| (*id).clone());
            first.ok_or_else(|| ReportFault::NoWindow { word: word.clone(), known })
        }
        Wanted::Next | Wanted::Stats => {
            let is_held = |next: &Occurrence| schedule::no_deploy_day(&settings.policy, next).is_none();
            let next = schedule::next_after(settings, now, is_held);
            let next = next.ok_or_else(|| ReportFault::NoNext(what_to_type(&all)))?.id;
            match all.contains(&next) {
                true => Ok(next),
                false => Err(ReportFault::NotYet { next, known: what_to_type(&all) }),
            }
        }
    }
}

/// The last occurrences of which there is something to read, each by what to type.
fn what_to_type(all: &[OccurrenceId]) -> String {
    let windows: BTreeSet<&str> = all.iter().map(|id| id.window.as_str()).collect();
    let mut words: Vec<String> =
        windows.iter().map(|window| format!("\"swatbot report {window}\"")).collect();
    words.truncate(5);
    words.push("\"swatbot report stats\"".to_owned());
    format!("Type {}", words.join(" or "))
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
