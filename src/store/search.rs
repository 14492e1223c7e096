//! Questions to the log, over a connection that only reads: the bot's own, or that of another process beside it.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension};

use super::error::{OpenError, StoreError};
use super::head::Head;
use super::hits::{Hits, Trouble};
use super::index::{self, Index, redactions};
use super::open::{self, sqlite_fault};
use super::question::{Question, Seen};
use super::row;
use crate::engine::event::BOOKKEEPING;
use crate::engine::id::{OccurrenceId, RowId};
use crate::engine::log::{Found, Query, Row, Total};

/// How long a question waits where the log is locked, which in normal use it never is.
const BUSY: Duration = Duration::from_secs(5);

/// Among so many rows of the same speaker an answer is looked for.
const ROWS_OF_ONE: i64 = 100;

/// So many rows that the index does not have are kept in memory; more are read for each question.
const KEPT: i64 = 8_192;

/// How many rows stand around one where no number was given.
const NEIGHBOURS: usize = 10;

/// Reads the log, also while the bot writes it. It never writes or checkpoints.
pub struct Reader {
    log: Connection,
    index: RefCell<Option<Index>>,
    tail: RefCell<Tail>,
    path: PathBuf,
}

impl Reader {
    /// Opens the log at `path` for reading.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        if !path.exists() {
            return Err(OpenError::Missing { path: path.to_owned() });
        }
        let fault = |source| sqlite_fault(path, source);
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut log = Connection::open_with_flags(path, flags).map_err(fault)?;
        log.busy_timeout(BUSY).map_err(fault)?;
        let checked = open::check_version(&log, path);
        let cannot = |error: &OpenError| {
            let OpenError::Sqlite { source, .. } = error else { return false };
            source.sqlite_error_code() == Some(ErrorCode::CannotOpen)
        };
        if checked.as_ref().is_err_and(cannot) && !open::beside(path, "-wal").exists() {
            // A folder in which nothing can be made: nobody writes the file there, so it is read as it stands.
            let address = [&open::read_only_uri(path), "&immutable=1"].concat();
            let flags = flags | OpenFlags::SQLITE_OPEN_URI;
            log = Connection::open_with_flags(address, flags).map_err(fault)?;
            open::check_version(&log, path)?;
        } else {
            checked?;
        }
        Ok(Self { log, index: RefCell::new(None), tail: RefCell::default(), path: path.to_owned() })
    }

    /// The connection, which only reads.
    pub(super) fn connection(&self) -> &Connection {
        &self.log
    }

    /// How many rows the log has. They are numbered from 1 without gaps.
    pub fn rows(&self) -> Result<u64, StoreError> {
        let (last, _) = open::head(&self.log)?;
        Ok(last.unsigned_abs())
    }

    /// The head of a row, as it is said; `None` where there is no such row.
    pub fn head_of(&self, row: RowId) -> Result<Option<Head>, StoreError> {
        let mut statement = self.log.prepare_cached("SELECT hash FROM event WHERE seq = ?1")?;
        let hash = statement.query_row([row.0], |row| row.get(0)).optional()?;
        Ok(hash.map(|hash| Head::of(row, &hash)))
    }

    /// Answers a question: the newest rows that it asks for, newest first, and how many there are in all.
    ///
    /// The newest are those that were written last: rows of old times that are imported are new. Words are whole words, in
    /// any case and with or without accents.
    pub fn search(&self, query: &Query) -> Result<Found, StoreError> {
        if let Some(row) = query.around {
            return self.around(row, query.last.unwrap_or(NEIGHBOURS));
        }
        let question = Question::new(query);
        let mut index = self.index.borrow_mut();
        if index.as_ref().is_none_or(|index| index.is_past(&self.log)) {
            *index = Index::open(&self.path, &self.log, index.as_ref()).ok();
        }
        // It begins after the index was opened, so that the log has everything that is in it, and what is counted and what
        // is read are the same rows.
        let _transaction = self.log.unchecked_transaction()?;
        let mut hits = Hits::new(&question, query.last, query.count);
        match self.look(&mut hits, &question, index.as_ref()) {
            Ok(()) => {}
            Err(Trouble::Log(error)) => return Err(error),
            Err(Trouble::Index) => {
                *index = None;
                index::discard(&self.path);
                hits = Hits::new(&question, query.last, query.count);
                if let Err(Trouble::Log(error)) = self.look(&mut hits, &question, None) {
                    return Err(error);
                }
            }
        }
        let sql = ["SELECT ", row::COLUMNS, " FROM event WHERE seq = ?1"].concat();
        let mut statement = self.log.prepare_cached(&sql)?;
        let rows = hits.rows.iter().map(|seq| statement.query_row([seq], row::row));
        Ok(Found { rows: rows.collect::<Result<_, _>>()?, total: hits.total() })
    }

    /// Looks at the rows that the index does not have, and then in it.
    fn look(&self, hits: &mut Hits<'_>, question: &Question, index: Option<&Index>) -> Result<(), Trouble> {
        let known = index.map_or(0, |index| index.last);
        let (head, _) = open::head(&self.log)?;
        if head - known > KEPT {
            self.tail.borrow_mut().rows.clear();
            let mut statement = self.log.prepare_cached(&seen("?1 AND ?2 ORDER BY seq DESC"))?;
            let range = ((known + 1).max(question.first), head.min(question.end.saturating_sub(1)));
            let mut rows = statement.query(range)?;
            while let Some(row) = rows.next()?
                && !hits.is_done()
            {
                hits.look_at(&read(row)?);
            }
        } else {
            let mut tail = self.tail.borrow_mut();
            tail.follow(&self.log, known, head, redactions(&self.log)?)?;
            for row in tail.rows.iter().rev() {
                if hits.is_done() {
                    break;
                }
                hits.look_at(row);
            }
        }
        match index {
            Some(index) if !hits.is_done() => hits.look_in(index, &self.log),
            _ => Ok(()),
        }
    }

    /// A row with those before and after it.
    fn around(&self, row: RowId, neighbours: usize) -> Result<Found, StoreError> {
        let limit = i64::try_from(neighbours / 2).unwrap_or(i64::MAX);
        let bookkeeping = serde_json::Value::from(BOOKKEEPING).to_string();
        let part = |sql: &str, limit: i64| -> Result<Vec<Row>, StoreError> {
            let mut statement = self.log.prepare_cached(sql)?;
            Ok(statement.query_map((row.0, &bookkeeping, limit), row::row)?.collect::<Result<_, _>>()?)
        };
        let select = ["SELECT ", row::COLUMNS, " FROM event WHERE "].concat();
        let shown = "kind NOT IN (SELECT value FROM json_each(?2))";
        let transaction = self.log.unchecked_transaction()?;
        let mut rows = part(&format!("{select} seq > ?1 AND {shown} ORDER BY seq LIMIT ?3"), limit)?;
        rows.reverse();
        let own = part(&format!("{select} seq = ?1 AND ?2 <> '' LIMIT ?3"), 1)?;
        if own.is_empty() {
            return Ok(Found { rows: Vec::new(), total: Total::Exactly(0) });
        }
        rows.extend(own);
        rows.extend(part(&format!("{select} seq < ?1 AND {shown} ORDER BY seq DESC LIMIT ?3"), limit)?);
        drop(transaction);
        let total = Total::Exactly(rows.len() as u64);
        Ok(Found { rows, total })
    }

    /// All rows of an occurrence, oldest first, bookkeeping too.
    pub fn rows_of_window(&self, window: &OccurrenceId) -> Result<Vec<Row>, StoreError> {
        let select =
            ["SELECT ", row::COLUMNS, " FROM event WHERE slot = ?1 AND window = ?2 ORDER BY seq"].concat();
        let mut statement = self.log.prepare_cached(&select)?;
        let slot = window.window.to_ascii_lowercase();
        Ok(statement.query_map((slot, window.to_string()), row::row)?.collect::<Result<_, _>>()?)
    }

    /// All rows of these kinds, oldest first. What people log is none of them.
    pub fn rows_of_kinds(&self, kinds: &[&str]) -> Result<Vec<Row>, StoreError> {
        let select = [
            "SELECT ",
            row::COLUMNS,
            " FROM event WHERE kind <> 'logged' AND kind IN (SELECT value FROM json_each(?1)) ORDER BY seq",
        ];
        let mut statement = self.log.prepare_cached(&select.concat())?;
        let kinds = serde_json::Value::from(kinds).to_string();
        Ok(statement.query_map([kinds], row::row)?.collect::<Result<_, _>>()?)
    }

    /// The first row from this one on that says what became of something that somebody said. What they offered is
    /// answered further on, by a row about the same change.
    pub(super) fn row_of(
        &self,
        from: RowId,
        network: &str,
        account: Option<&str>,
    ) -> Result<Option<Row>, StoreError> {
        let select = [
            "SELECT ",
            row::COLUMNS,
            " FROM event WHERE seq >= ?1 AND network = ?2 AND account IS ?3 ORDER BY seq LIMIT ?4",
        ];
        let mut statement = self.log.prepare_cached(&select.concat())?;
        let mut offered = None;
        for row in statement.query_map((from.0, network, account, ROWS_OF_ONE), row::row)? {
            let row = row?;
            if row.kind == "offered" {
                offered.get_or_insert(row.change);
            } else if !BOOKKEEPING.contains(&row.kind.as_str())
                && offered.is_none_or(|change| change == row.change)
            {
                return Ok(Some(row));
            }
        }
        Ok(None)
    }
}

/// Rows that the index does not have yet, as questions see them.
#[derive(Default)]
struct Tail {
    /// So many redactions there were: what they took out is in rows that were read before.
    redactions: i64,
    rows: VecDeque<Seen>,
}

impl Tail {
    /// Takes in the rows of the log between the index and the head.
    fn follow(&mut self, log: &Connection, known: i64, head: i64, redactions: i64) -> rusqlite::Result<()> {
        while self.rows.front().is_some_and(|row| row.seq <= known) {
            self.rows.pop_front();
        }
        let is_next = self.rows.front().is_none_or(|row| row.seq == known + 1);
        if !is_next || self.redactions != redactions {
            self.rows.clear();
        }
        self.redactions = redactions;
        let last = self.rows.back().map_or(known, |row| row.seq);
        if last < head {
            let mut statement = log.prepare_cached(&seen("?1 AND ?2 ORDER BY seq"))?;
            let mut rows = statement.query((last + 1, head))?;
            while let Some(row) = rows.next()? {
                self.rows.push_back(read(row)?);
            }
        }
        Ok(())
    }
}

/// The question for rows as questions see them, from one to another.
fn seen(range: &str) -> String {
    ["SELECT ", index::COLUMNS, " FROM event WHERE seq BETWEEN ", range].concat()
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Seen> {
    let seq = row.get(0)?;
    index::with_row(row, |time, fields, text| Seen::new(seq, time, fields, text))
}
