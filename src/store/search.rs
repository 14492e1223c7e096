//! Questions to the log, over a connection that only reads: the bot's own, or that of another process beside it.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::types::Value;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, params_from_iter};

use super::error::{OpenError, StoreError};
use super::head::Head;
use super::index::{self, Index};
use super::open::{self, sqlite_fault};
use super::row::{self, stored_time};
use super::words::{Words, matching};
use crate::engine::event::BOOKKEEPING;
use crate::engine::id::{OccurrenceId, RowId};
use crate::engine::log::{Found, InWindow, Query, Row, Total};

/// How long a question waits where the log is locked, which in normal use it never is.
const BUSY: Duration = Duration::from_secs(5);

/// Among so many rows of the same speaker an answer is looked for.
const ROWS_OF_ONE: usize = 100;

/// How many rows stand around one where no number was given.
const NEIGHBOURS: usize = 10;

/// Reads the log, also while the bot writes it. It never writes or checkpoints.
pub struct Reader {
    log: Connection,
    index: RefCell<Option<Index>>,
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
            let address = [&index::read_only_uri(path), "&immutable=1"].concat();
            let flags = flags | OpenFlags::SQLITE_OPEN_URI;
            log = Connection::open_with_flags(address, flags).map_err(fault)?;
            open::check_version(&log, path)?;
        } else {
            checked?;
        }
        Ok(Self { log, index: RefCell::new(None), path: path.to_owned() })
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
    /// Words are whole words, in any case and with or without accents; where the index cannot be made (a folder that is
    /// read-only), they are found inside longer words too.
    pub fn search(&self, query: &Query) -> Result<Found, StoreError> {
        if let Some(row) = query.around {
            return self.around(row, query.last.unwrap_or(NEIGHBOURS));
        }
        let words = Words::new(query);
        if words.is_for_index() {
            // A second try is for an index that was found damaged and made anew.
            for _ in 0..2 {
                match self.search_index(query, &words) {
                    Ok(found) => return Ok(found),
                    Err(StoreError::Corrupt(_)) => self.forget_index(),
                    Err(_) => break,
                }
            }
        }
        let mut filter = Filter::in_log();
        filter.add_all(query);
        filter.add_texts(words.all());
        filter.add_no_texts(words.all_without());
        filter.ask(&self.log, query)
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
        let mut filter = Filter::in_log();
        filter.add_window(&InWindow::Occurrence(window.clone()));
        let mut rows = filter.ask(&self.log, &Query::default())?.rows;
        rows.reverse();
        Ok(rows)
    }

    /// All rows of these kinds, oldest first. What people log is none of them.
    pub fn rows_of_kinds(&self, kinds: &[&str]) -> Result<Vec<Row>, StoreError> {
        let mut filter = Filter::in_log();
        let kinds = serde_json::Value::from(kinds).to_string();
        let among = " AND event.kind <> 'logged' AND event.kind IN (SELECT value FROM json_each(?))";
        filter.add(among, [kinds.into()]);
        let mut rows = filter.ask(&self.log, &Query::default())?.rows;
        rows.reverse();
        Ok(rows)
    }

    /// The first row from this one on that says what became of something that somebody said. What they offered is
    /// answered further on, by a row about the same change.
    pub(super) fn row_of(
        &self,
        from: RowId,
        network: &str,
        account: Option<&str>,
    ) -> Result<Option<Row>, StoreError> {
        let mut filter = Filter::in_log();
        filter.newest = " ORDER BY event.seq LIMIT ?";
        filter.add(" AND event.seq >= ? AND event.network = ?", [from.0.into(), network.to_owned().into()]);
        filter.add(" AND event.account IS ?", [account.map(str::to_owned).into()]);
        let rows = filter.ask(&self.log, &Query { last: Some(ROWS_OF_ONE), ..Query::default() })?.rows;
        let mut offered = None;
        for row in rows {
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

    fn search_index(&self, query: &Query, words: &Words) -> Result<Found, StoreError> {
        let mut slot = self.index.borrow_mut();
        if slot.as_ref().is_some_and(Index::is_gone) {
            *slot = None;
        }
        let index = match slot.take() {
            Some(index) => index,
            None => Index::open(&self.path)?,
        };
        let index = slot.insert(index);
        index.catch_up()?;
        let mut filter = words.with().map_or_else(Filter::in_log, Filter::in_index);
        filter.add_all(query);
        if let Some(without) = words.without() {
            filter
                .add(" AND event.seq NOT IN (SELECT rowid FROM words WHERE words MATCH ?)", [without.into()]);
        }
        filter.add_texts(words.unindexed());
        filter.add_no_texts(words.unindexed_without());
        filter.ask(index.connection(), query)
    }

    fn forget_index(&self) {
        if let Some(index) = self.index.borrow_mut().take() {
            index.discard();
        }
    }
}

/// The condition of a question: fixed pieces of SQL, and the values that are bound to them.
struct Filter {
    from: &'static str,
    conditions: String,
    values: Vec<Value>,
    /// What gives the newest first without a sort.
    newest: &'static str,
    /// A quicker way to count what the condition holds, where there is one.
    count: Option<&'static str>,
}

impl Filter {
    /// Rows of the log.
    fn in_log() -> Self {
        Self {
            from: " FROM event WHERE true",
            conditions: String::new(),
            values: Vec::new(),
            newest: " ORDER BY event.seq DESC LIMIT ?",
            count: None,
        }
    }

    /// Rows whose words the index has.
    fn in_index(phrase: String) -> Self {
        Self {
            from: " FROM words CROSS JOIN event ON event.seq = words.rowid WHERE words MATCH ?",
            conditions: String::new(),
            values: vec![phrase.into()],
            newest: " ORDER BY words.rowid DESC LIMIT ?",
            count: Some("SELECT count(*) FROM words WHERE words MATCH ?"),
        }
    }

    fn add<const N: usize>(&mut self, condition: &'static str, values: [Value; N]) {
        self.conditions.push_str(condition);
        self.values.extend(values);
        self.count = None;
    }

    fn add_all(&mut self, query: &Query) {
        let Query { by, change, task: _, window, room, kind, outcome, since, until, terms, show, .. } = query;
        if let Some(by) = by {
            self.add_by(by);
        }
        if let Some(change) = change {
            self.add(" AND event.change = ?", [change.0.into()]);
        }
        if let Some(window) = window {
            self.add_window(window);
        }
        if let Some(room) = room {
            self.add(" AND lower(event.room) = ?", [room.to_ascii_lowercase().into()]);
        }
        if let Some(outcome) = outcome {
            self.add(" AND event.outcome = ?", [outcome.to_ascii_lowercase().into()]);
        }
        if let Some(kind) = kind {
            self.add_kind(kind.to_ascii_lowercase());
        }
        if let Some(since) = since {
            self.add(" AND event.at >= ?", [stored_time(*since).into()]);
        }
        if let Some(until) = until {
            self.add(" AND event.at <= ?", [stored_time(*until).into()]);
        }
        if let Some(row) = show {
            self.add(" AND event.seq = ?", [row.0.into()]);
        }
        if let Some(row) = query.before {
            self.add(" AND event.seq < ?", [row.0.into()]);
        }
        if kind.is_none() && show.is_none() && terms.iter().all(|term| term.not) {
            let alone = self.values.is_empty();
            let bookkeeping = serde_json::Value::from(BOOKKEEPING).to_string();
            self.add(" AND event.kind NOT IN (SELECT value FROM json_each(?))", [bookkeeping.into()]);
            if alone {
                // Rows are numbered without gaps, so only the few of bookkeeping are counted.
                self.count = Some(
                    "SELECT (SELECT coalesce(max(seq), 0) FROM event) - (SELECT count(*) FROM event \
                     WHERE kind <> 'logged' AND kind IN (SELECT value FROM json_each(?)))",
                );
            }
        }
    }

    /// The index of kinds has all rows but those that people log, and is used only where that is said.
    fn add_kind(&mut self, kind: String) {
        if kind != "logged" {
            return self.add(" AND event.kind = ? AND event.kind <> 'logged'", [kind.into()]);
        }
        let alone = self.values.is_empty();
        self.add(" AND event.kind = 'logged'", []);
        if alone {
            // Rows are numbered without gaps, so only the others are counted.
            self.count = Some(
                "SELECT (SELECT coalesce(max(seq), 0) FROM event) \
                 - (SELECT count(*) FROM event WHERE kind <> 'logged')",
            );
        }
    }

    /// A bare name is asked for on every network, as person, account or nick; `network/name` on that one. An account is
    /// looked for among the names, where it is one, and among the accounts that are none.
    fn add_by(&mut self, by: &str) {
        let by = by.to_ascii_lowercase();
        match by.split_once('/') {
            None => {
                let name = by.trim_start_matches('?').to_owned();
                if name == by {
                    self.add(
                        " AND (event.name = ? OR lower(event.account) = ? AND lower(event.account) <> event.name)",
                        [name.into(), by.into()],
                    );
                } else {
                    self.add(" AND event.name = ? AND lower(event.actor) = ?", [name.into(), by.into()]);
                }
            }
            Some((network, name)) => self.add(
                " AND (event.name = ? AND lower(event.actor) = ? \
                 OR event.name = ? AND lower(event.account) = event.name AND lower(event.network) = ? \
                 OR lower(event.account) = ? AND lower(event.account) <> event.name AND lower(event.network) = ?)",
                [
                    name.trim_start_matches('?').to_owned().into(),
                    by.clone().into(),
                    name.to_owned().into(),
                    network.to_owned().into(),
                    name.to_owned().into(),
                    network.to_owned().into(),
                ],
            ),
        }
    }

    fn add_window(&mut self, window: &InWindow) {
        match window {
            InWindow::Any(id) => self.add(" AND event.slot = ?", [id.to_ascii_lowercase().into()]),
            InWindow::Occurrence(id) => self.add(
                " AND event.slot = ? AND event.window = ?",
                [id.window.to_ascii_lowercase().into(), id.to_string().into()],
            ),
        }
    }

    /// Texts that must all be in the text of the row, anywhere. They are one value, because SQLite bounds the depth of
    /// a condition and people do not bound the length of a question.
    fn add_texts<'a>(&mut self, texts: impl Iterator<Item = &'a str>) {
        let patterns: Vec<String> = texts.map(matching).collect();
        if !patterns.is_empty() {
            let patterns = serde_json::Value::from(patterns).to_string();
            self.add(
                " AND NOT EXISTS (SELECT 1 FROM json_each(?) WHERE event.text NOT LIKE value ESCAPE '\\')",
                [patterns.into()],
            );
        }
    }

    /// Texts of which none may be in the text of the row.
    fn add_no_texts<'a>(&mut self, texts: impl Iterator<Item = &'a str>) {
        let patterns: Vec<String> = texts.map(matching).collect();
        if !patterns.is_empty() {
            let patterns = serde_json::Value::from(patterns).to_string();
            self.add(
                " AND NOT EXISTS (SELECT 1 FROM json_each(?) WHERE event.text LIKE value ESCAPE '\\')",
                [patterns.into()],
            );
        }
    }

    fn ask(mut self, connection: &Connection, query: &Query) -> Result<Found, StoreError> {
        // A count and a page that were taken at different moments could contradict each other.
        let transaction = connection.unchecked_transaction()?;
        let last = if query.count { Some(0) } else { query.last };
        let limit = last.and_then(|last| i64::try_from(last).ok());
        let total = match limit {
            Some(_) => Some(self.total(&transaction)?),
            None => None,
        };
        let page = ["SELECT ", row::COLUMNS, self.from, &self.conditions, self.newest].concat();
        self.values.push(limit.unwrap_or(-1).into());
        let mut statement = transaction.prepare_cached(&page)?;
        let rows: Vec<Row> =
            statement.query_map(params_from_iter(&self.values), row::row)?.collect::<Result<_, _>>()?;
        let total = Total::Exactly(total.unwrap_or(rows.len() as u64));
        Ok(Found { rows, total })
    }

    fn total(&self, connection: &Connection) -> Result<u64, StoreError> {
        let count = match self.count {
            Some(count) => count.to_owned(),
            None => ["SELECT count(*)", self.from, &self.conditions].concat(),
        };
        let mut statement = connection.prepare_cached(&count)?;
        let total = statement.query_one(params_from_iter(&self.values), |row| row.get::<_, i64>(0))?;
        Ok(total.unsigned_abs())
    }
}
