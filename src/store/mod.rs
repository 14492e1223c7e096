//! The log in SQLite: the only thing that is stored, and the only place that holds SQL.
//!
//! Why a write-ahead log: an append of one row that outlives a power cut takes 0.16 ms with it (p99 0.4 ms) and 0.75 ms
//! with a rollback journal (`DELETE` and `EXTRA`, p99 4 ms), and a reader never holds up the bot. SQLite 3.50.2 can
//! damage a write-ahead log that two connections write or checkpoint at the same time. So one connection alone ever does
//! either (`Store`, behind a lock file), and every other one is opened read-only (`Reader`), which can do neither. The
//! rule binds people too: nothing else may write the file while the bot runs.

mod append;
mod backup;
mod chain;
mod diagnose;
mod error;
mod export;
mod flaw;
mod head;
mod hits;
mod import;
#[cfg(feature = "matrix")]
pub mod inbox;
mod index;
mod migrate;
mod occurrences;
mod open;
mod part;
mod question;
mod redact;
mod replay;
mod restore;
mod row;
mod search;
mod verify;
mod words;

use std::path::PathBuf;

use rusqlite::{Connection, OptionalExtension};

pub use append::{Answer, Seen};
pub use backup::{BackupError, backup};
pub use error::{OpenError, StoreError};
pub use export::{ExportError, Exported, export, export_to};
pub use flaw::{Flaw, Wrong};
pub use head::Head;
pub use index::{FEED_EVERY, FeedError, Feeder, Shape};
pub use part::PartError;
pub use replay::Replay;
pub use restore::{RestoreError, restore};
pub use search::Reader;
pub use verify::{Damage, Redacted, VerifyError, Whole, check, verify};

use crate::engine::id::{OccurrenceId, RowId};
use crate::engine::log::{Found, Query, Row};

/// The log, open for writing: one in the world for each file.
pub struct Store {
    // Dropped before the writer, so that the writer is the last to close and leaves one file.
    reader: Reader,
    writer: Connection,
    path: PathBuf,
    identity: open::Identity,
    last: i64,
    head: chain::Hash,
    /// It takes nothing more until it is opened again, for this reason.
    failed: Option<Failed>,
    /// A redaction is stored, and older copies of what it took out are still to be wiped.
    wipe_due: bool,
    /// About so many pages were written ahead since they were last moved into the file,
    ahead: usize,
    /// and after so many they are.
    most_ahead: usize,
    // It is only held.
    _lock: open::Lock,
}

/// Why a store takes nothing more.
#[derive(Clone, Debug)]
enum Failed {
    /// What is on the disk is not known.
    Disk(String),
    /// What is on the disk is damaged.
    Corrupt(String),
}

impl Failed {
    fn error(&self) -> StoreError {
        match self {
            Self::Disk(why) => StoreError::Disk(why.clone()),
            Self::Corrupt(what) => StoreError::Corrupt(what.clone()),
        }
    }
}

impl Store {
    /// The number of the last row; 0 for an empty log.
    pub fn last(&self) -> RowId {
        RowId(self.last)
    }

    /// Whether a message was handled, by the network's id for it.
    pub fn was_seen(&self, network: &str, message_id: &str) -> Result<bool, StoreError> {
        let mut statement =
            self.writer.prepare_cached("SELECT 1 FROM seen WHERE network = ?1 AND message_id = ?2")?;
        Ok(statement.exists([network, message_id])?)
    }

    /// The same for messages that arrived together, in order: the log is locked once for all of them.
    pub fn were_seen(&self, messages: &[(&str, &str)]) -> Result<Vec<bool>, StoreError> {
        let _transaction = if messages.len() > 1 { Some(self.writer.unchecked_transaction()?) } else { None };
        messages.iter().map(|(network, id)| self.was_seen(network, id)).collect()
    }

    /// What was said to a message; `None` where it was never handled.
    pub fn answer_to(&self, network: &str, message_id: &str) -> Result<Option<Answer>, StoreError> {
        let mut statement =
            self.writer.prepare_cached("SELECT row FROM seen WHERE network = ?1 AND message_id = ?2")?;
        let row: Option<Option<i64>> =
            statement.query_row([network, message_id], |row| row.get(0)).optional()?;
        Ok(row.map(|row| match row {
            None => Answer::Nothing,
            Some(0) => Answer::WithoutRow,
            Some(row) => Answer::Row(RowId(row)),
        }))
    }

    /// The first row from this one on that says what became of what somebody said: their own, and no bookkeeping.
    pub fn row_of(
        &self,
        from: RowId,
        network: &str,
        account: Option<&str>,
    ) -> Result<Option<Row>, StoreError> {
        self.reader.row_of(from, network, account)
    }

    /// What reads it.
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// Answers a question; see [`Reader::search`].
    pub fn search(&self, query: &Query) -> Result<Found, StoreError> {
        self.reader.search(query)
    }

    /// All rows of some kinds; see [`Reader::rows_of_kinds`].
    pub fn rows_of_kinds(&self, kinds: &[&str]) -> Result<Vec<Row>, StoreError> {
        self.reader.rows_of_kinds(kinds)
    }

    /// The head of a row; see [`Reader::head_of`].
    pub fn head_of(&self, row: RowId) -> Result<Option<Head>, StoreError> {
        self.reader.head_of(row)
    }

    /// All rows of an occurrence, oldest first, bookkeeping too.
    pub fn rows_of_window(&self, window: &OccurrenceId) -> Result<Vec<Row>, StoreError> {
        self.reader.rows_of_window(window)
    }
}
