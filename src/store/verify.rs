//! Following the chain: every row is what was written, follows the row before it, and a head that somebody remembers is in
//! it. It reads beside the bot, piece by piece, so that the bot's own work never waits for it.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};
use sha2::{Digest, Sha256};

use super::chain::{Hash, START, from_hex, hex, link};
use super::diagnose::diagnose;
use super::error::{OpenError, StoreError};
use super::flaw::{Flaw, Wrong};
use super::head::Head;
use super::open;
use super::search::Reader;
use super::{migrate, redact};
use crate::engine::event::Event;
use crate::engine::id::RowId;

/// So many rows are read in one transaction: 20 ms, after which the bot may move its write-ahead log into the file.
const PIECE: i64 = 16_384;

/// More threads than these wait for each other.
const THREADS: usize = 8;

/// The columns of a row, in the order of [`Line::read`].
pub(super) const COLUMNS: &str = "seq, at, network, room, actor, account, window, change, kind, outcome, text, \
     detail, prev, hash";

/// What was found whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whole {
    /// The first row that was looked at.
    pub first: RowId,
    /// The last.
    pub last: RowId,
    /// The hash of the last row, 64 hexadecimal digits.
    pub head: String,
    /// The rows whose words were taken out.
    pub redacted: Vec<Redacted>,
}

/// A row whose words were taken out, with who did it and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redacted {
    /// The row.
    pub row: RowId,
    /// The row that says so.
    pub by: RowId,
    /// Who did it.
    pub who: String,
    /// What they said to it.
    pub reason: String,
    /// The digests of what was taken out.
    pub(super) text: Option<Hash>,
    pub(super) detail: Option<Hash>,
    /// The JSON that stands in the place of what was taken out.
    left: Option<String>,
}

/// Why a log could not be said to be whole.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// Something is wrong with it.
    #[error("{0}")]
    Flaw(#[from] Flaw),
    /// It cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] StoreError),
}

impl From<rusqlite::Error> for VerifyError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Read(error.into())
    }
}

/// A row as it is stored, whatever that is.
pub(super) struct Line<'a> {
    pub(super) seq: i64,
    pub(super) fields: [Option<&'a [u8]>; 9],
    pub(super) text: &'a [u8],
    pub(super) detail: &'a [u8],
    pub(super) prev: &'a [u8],
    pub(super) hash: &'a [u8],
}

impl<'a> Line<'a> {
    /// A row of [`COLUMNS`]; `change` is where its digits are put.
    pub(super) fn read(row: &'a Row<'_>, change: &'a mut String) -> rusqlite::Result<Self> {
        fn bytes<'a>(row: &'a Row<'_>, index: usize) -> rusqlite::Result<Option<&'a [u8]>> {
            Ok(match row.get_ref(index)? {
                ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(bytes),
                _ => None,
            })
        }
        change.clear();
        if let ValueRef::Integer(number) = row.get_ref(7)? {
            change.push_str(&number.to_string());
        }
        let change: &'a str = change;
        let column = |index| bytes(row, index);
        Ok(Self {
            seq: row.get(0)?,
            fields: [
                column(1)?,
                column(2)?,
                column(3)?,
                column(4)?,
                column(5)?,
                column(6)?,
                (!change.is_empty()).then_some(change.as_bytes()),
                column(8)?,
                column(9)?,
            ],
            text: column(10)?.unwrap_or_default(),
            detail: column(11)?.unwrap_or_default(),
            prev: column(12)?.unwrap_or_default(),
            hash: column(13)?.unwrap_or_default(),
        })
    }

    /// The hash it should have after `prev`; of what was redacted the digest is known.
    pub(super) fn link(&self, prev: &Hash, redacted: Option<&Redacted>) -> Hash {
        let digest =
            |known: Option<Hash>, bytes: &[u8]| known.unwrap_or_else(|| Sha256::digest(bytes).into());
        let text = digest(redacted.and_then(|redacted| redacted.text), self.text);
        let detail = digest(redacted.and_then(|redacted| redacted.detail), self.detail);
        link(prev, self.seq, self.fields, &text, &detail)
    }
}

/// What is known before the rows are followed.
pub(super) struct Scope {
    /// The last row, when it began.
    pub(super) last: i64,
    /// The rows that lost words, by their number.
    pub(super) redacted: BTreeMap<i64, Redacted>,
}

/// Follows the chain of the log at `path`: from the first row, or from the row after `since`. Each of `heads` must be
/// in it. `progress` is told how many rows more were followed, from several threads.
///
/// # Errors
/// The first flaw, or why the log cannot be read.
pub fn verify(
    path: &Path,
    since: Option<&Head>,
    heads: &[Head],
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Whole, VerifyError> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(THREADS);
    follow_all(path, since, heads, threads, progress)
}

fn follow_all(
    path: &Path,
    since: Option<&Head>,
    heads: &[Head],
    threads: usize,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Whole, VerifyError> {
    let reader = Reader::open(path)?;
    let log = reader.connection();
    let found: String = log.query_one("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if found != "ok" {
        return Err(StoreError::Corrupt(found).into());
    }
    // A row that was changed says more than the trigger that was taken away for it.
    let schema = check_schema(log);
    match (follow_rows(path, log, since, heads, threads, progress), schema) {
        (Err(VerifyError::Flaw(flaw)), _) => Err(flaw.into()),
        (_, Err(error)) => Err(error),
        (followed, Ok(())) => followed,
    }
}

fn follow_rows(
    path: &Path,
    log: &Connection,
    since: Option<&Head>,
    heads: &[Head],
    threads: usize,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Whole, VerifyError> {
    let scope = Scope { last: open::head(log)?.0, redacted: redactions(log)? };
    let (before, mut prev) = match since {
        None => (0, START),
        Some(head) => head.find(log, scope.last)?,
    };
    if before == 0
        && let Some(first) = log.query_one("SELECT min(seq) FROM event", [], |row| row.get(0))?
        && first < 1_i64
    {
        return Err(Flaw { row: RowId(first), wrong: Wrong::BeforeTheFirst }.into());
    }
    follow(path, log, &scope, before, threads, progress)?;
    check_tail(log, &scope)?;
    for head in heads {
        head.find(log, scope.last)?;
    }
    if scope.last > 0 {
        prev = log.query_one("SELECT hash FROM event WHERE seq = ?1", [scope.last], |row| row.get(0))?;
    }
    let first = RowId((before + 1).min(scope.last));
    let redacted = scope.redacted.into_values().collect();
    Ok(Whole { first, last: RowId(scope.last), head: hex(&prev), redacted })
}

/// All rows after `before`, in pieces, by so many threads.
fn follow(
    path: &Path,
    log: &Connection,
    scope: &Scope,
    before: i64,
    threads: usize,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<(), VerifyError> {
    let next = AtomicI64::new(before + 1);
    let worst: Mutex<Option<(i64, VerifyError)>> = Mutex::new(None);
    let bad_from = AtomicI64::new(i64::MAX);
    let work = |log: &Connection| {
        loop {
            let from = next.fetch_add(PIECE, Ordering::Relaxed);
            if from > scope.last || from > bad_from.load(Ordering::Relaxed) {
                return;
            }
            let to = scope.last.min(from + PIECE - 1);
            match piece(log, scope, from, to) {
                Ok(()) => progress(to.abs_diff(from) + 1),
                Err(error) => {
                    let at = from;
                    bad_from.fetch_min(at, Ordering::Relaxed);
                    let mut worst = worst.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                    if worst.as_ref().is_none_or(|(other, _)| at < *other) {
                        *worst = Some((at, error));
                    }
                }
            }
        }
    };
    let pieces = usize::try_from((scope.last - before) / PIECE).unwrap_or(0);
    thread::scope(|scope| {
        for _ in 1..threads.min(pieces + 1) {
            scope.spawn(|| {
                // Where another connection cannot be had, this thread does it all.
                if let Ok(reader) = Reader::open(path) {
                    work(reader.connection());
                }
            });
        }
        work(log);
    });
    let worst = worst.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    worst.map_or(Ok(()), |(_, error)| Err(error))
}

/// The rows from `from` to `to`, in one transaction.
fn piece(log: &Connection, scope: &Scope, from: i64, to: i64) -> Result<(), VerifyError> {
    let transaction = log.unchecked_transaction()?;
    let mut prev = hash_before(&transaction, from)?;
    let mut statement = transaction.prepare_cached(
        &["SELECT ", COLUMNS, " FROM event WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq"].concat(),
    )?;
    let mut rows = statement.query([from, to])?;
    let mut expected = from;
    let mut change = String::new();
    while let Some(row) = rows.next()? {
        let line = Line::read(row, &mut change)?;
        if line.seq != expected {
            let to = RowId(line.seq - 1);
            return Err(Flaw { row: RowId(expected), wrong: Wrong::Missing { to } }.into());
        }
        let redacted = scope.redacted.get(&line.seq);
        if line.prev != prev || line.link(&prev, redacted) != line.hash || is_not_blank(&line, redacted) {
            let seq = line.seq;
            // It may have been redacted since.
            let scope = Scope { last: scope.last, redacted: redactions(&transaction)? };
            let redacted = scope.redacted.get(&seq);
            if line.prev != prev || line.link(&prev, redacted) != line.hash {
                return Err(diagnose(&transaction, &scope, seq, &prev)?.into());
            }
            if let Some(redacted) = redacted.filter(|_| is_not_blank(&line, redacted)) {
                return Err(Flaw { row: RowId(seq), wrong: Wrong::NotBlank { by: redacted.by } }.into());
            }
        }
        prev = line.hash.try_into().unwrap_or(START);
        expected += 1;
    }
    if expected <= to {
        return Err(Flaw { row: RowId(expected), wrong: Wrong::Missing { to: RowId(to) } }.into());
    }
    Ok(())
}

/// A row that is said to have lost its words and has some, or other JSON than was left: no hash covers either.
fn is_not_blank(line: &Line<'_>, redacted: Option<&Redacted>) -> bool {
    redacted.is_some_and(|redacted| {
        redacted.text.is_some() && line.text != redact::mark(redacted.by.0).as_bytes()
            || redacted.left.as_ref().is_some_and(|left| line.detail != left.as_bytes())
    })
}

/// The hash of the row before this one.
fn hash_before(log: &Connection, seq: i64) -> Result<Hash, VerifyError> {
    if seq <= 1 {
        return Ok(START);
    }
    let mut statement = log.prepare_cached("SELECT hash FROM event WHERE seq = ?1")?;
    let mut rows = statement.query([seq - 1])?;
    match rows.next()? {
        Some(row) => {
            Ok(row.get_ref(0)?.as_bytes().ok().and_then(|hash| hash.try_into().ok()).unwrap_or(START))
        }
        None => Err(Flaw { row: RowId(seq - 1), wrong: Wrong::Missing { to: RowId(seq - 1) } }.into()),
    }
}

/// What the rows of redactions say.
pub(super) fn redactions(log: &Connection) -> Result<BTreeMap<i64, Redacted>, VerifyError> {
    let mut statement = log.prepare_cached(
        "SELECT seq, actor, text, detail FROM event WHERE kind = 'redacted' AND kind <> 'logged' ORDER BY seq",
    )?;
    let mut rows = statement.query([])?;
    let mut found = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let by = RowId(row.get(0)?);
        // A row that is no event any more is found where the chain comes to it.
        let detail = row.get_ref(3)?.as_bytes().unwrap_or_default();
        let Ok(Event::Redacted { row: named, rows: blanked }) = serde_json::from_slice(detail) else {
            continue;
        };
        let lossy = |index| {
            let bytes = row.get_ref(index).ok().and_then(|value| value.as_bytes().ok()).unwrap_or_default();
            String::from_utf8_lossy(bytes).into_owned()
        };
        let said = lossy(2);
        let reason = said.strip_prefix("redacts ").unwrap_or(&said);
        let reason = reason.strip_prefix(&format!("{named}: ")).unwrap_or(reason).to_owned();
        for one in blanked {
            let redacted = Redacted {
                row: one.row,
                by,
                who: lossy(1),
                reason: reason.clone(),
                text: one.text.as_deref().and_then(from_hex),
                detail: one.detail.as_deref().and_then(from_hex),
                left: one.left,
            };
            // What was blanked first is what the chain was made of.
            found.entry(one.row.0).or_insert(redacted);
        }
    }
    Ok(found)
}

/// Rows that were cut off at the end leave the count of those that were written.
fn check_tail(log: &Connection, scope: &Scope) -> Result<(), VerifyError> {
    let sql = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'event'";
    let written: i64 = log.query_one(sql, [], |row| row.get(0))?;
    if written < scope.last {
        let wrong = Wrong::Count { last: RowId(scope.last) };
        return Err(Flaw { row: RowId(written), wrong }.into());
    }
    // The bot may have written more since.
    let (last, _) = open::head(log)?;
    if written > last {
        let wrong = Wrong::Missing { to: RowId(written) };
        return Err(Flaw { row: RowId(last + 1), wrong }.into());
    }
    Ok(())
}

/// The tables, indices and triggers are those of this program; a trigger that is gone was in somebody's way.
fn check_schema(log: &Connection) -> Result<(), VerifyError> {
    let all = |connection: &Connection| -> rusqlite::Result<BTreeMap<String, String>> {
        let sql =
            "SELECT type || ' ' || name, coalesce(sql, '') FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'";
        let mut statement = connection.prepare(sql)?;
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
    };
    let mut ours = Connection::open_in_memory()?;
    migrate::up_to(&mut ours, migrate::version(log)?)?;
    let (ours, theirs) = (all(&ours)?, all(log)?);
    for (name, sql) in &ours {
        let wrong = match theirs.get(name) {
            None => Wrong::Gone { what: name.clone() },
            Some(other) if other != sql => Wrong::Other { what: name.clone() },
            Some(_) => continue,
        };
        return Err(Flaw { row: RowId(0), wrong }.into());
    }
    match theirs.keys().find(|name| !ours.contains_key(*name)) {
        Some(name) => Err(Flaw { row: RowId(0), wrong: Wrong::Foreign { what: name.clone() } }.into()),
        None => Ok(()),
    }
}

/// Why a log did not pass its daily check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Damage {
    /// It is damaged, and this was found first.
    Found(String),
    /// It could not be looked at, which says nothing about it.
    Unknown(String),
}

/// Checks everything there is to check: every page, every index against its table, and the chain. It takes seconds for
/// each million rows, in which the bot goes on writing; one thread does it, so that the bot has the others.
pub fn check(path: &Path) -> Result<(), Damage> {
    let unknown = |error: &dyn std::fmt::Display| Damage::Unknown(error.to_string());
    let reader = Reader::open(path).map_err(|error| match error {
        OpenError::Corrupt { found, .. } => Damage::Found(found),
        error => unknown(&error),
    })?;
    let found: Result<String, StoreError> = reader
        .connection()
        .query_one("PRAGMA integrity_check(1)", [], |row| row.get(0))
        .map_err(StoreError::from);
    let chain = match found {
        Ok(found) if found == "ok" => follow_all(path, None, &[], 1, &|_| ()).map(|_| ()),
        Ok(found) => return Err(Damage::Found(found)),
        Err(error) => Err(error.into()),
    };
    chain.map_err(|error| match error {
        VerifyError::Flaw(flaw) => Damage::Found(flaw.to_string()),
        VerifyError::Read(StoreError::Corrupt(found)) => Damage::Found(found),
        VerifyError::Open(OpenError::Corrupt { found, .. }) => Damage::Found(found),
        error => unknown(&error),
    })
}
