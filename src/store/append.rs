//! Writing: all rows of a turn in one transaction, each chained to the one before it.

use std::borrow::Cow;
use std::time::Duration;

use rusqlite::{Connection, Statement, params};

use super::chain::{Fields, Hash};
use super::error::StoreError;
use super::index;
use super::open;
use super::redact;
use super::row::stored_time;
use super::{Failed, Store};
use crate::engine::event::{Event, Record};
use crate::engine::id::RowId;

const INSERT: &str = "INSERT INTO event \
     (seq, at, network, room, actor, account, window, change, kind, outcome, text, detail, prev, hash) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";

/// A commit of one row writes about so many pages beside the row's own.
const PAGES: usize = 4;

const SEEN: &str = "INSERT INTO seen (network, message_id, row) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";

/// A message that was handled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Where it was said.
    pub network: String,
    /// The network's id for it.
    pub message_id: String,
    /// What was said to it.
    pub answer: Answer,
}

/// What was said to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Nothing.
    Nothing,
    /// Something that left no row: a question was answered, or it was so already.
    WithoutRow,
    /// What this row says, or what follows from it.
    Row(RowId),
}

impl Store {
    /// Stores all records and all message ids, or none of them, and gives the number of the first row (the next
    /// number, where there is no record). When it returns, they outlive a power cut.
    ///
    /// After `StoreError::Disk` the store takes nothing more: what a failed sync left on the disk is known only
    /// to whoever opens the file again. After `StoreError::Corrupt` neither: what is written into a damaged file is lost.
    pub fn append(&mut self, records: &[Record], seen: &[Seen]) -> Result<RowId, StoreError> {
        if let Some(failed) = &self.failed {
            return Err(failed.error());
        }
        let first = RowId(self.last + 1);
        if records.is_empty() && seen.is_empty() {
            return Ok(first);
        }
        self.check_place()?;
        let from = (self.last, self.head);
        match append_all(&self.writer, from, records, seen) {
            Ok((last, head)) => {
                self.last = last;
                self.head = head;
                self.wipe_due |= records.iter().any(|record| matches!(record.event, Event::Redacted { .. }));
                self.wipe();
                self.move_on(records.len());
                Ok(first)
            }
            Err(error) => Err(self.noted(error)),
        }
    }

    /// Whether there is room again after `StoreError::Full`: writes 64 KiB and waits until they are on the disk. (A
    /// small row can succeed on a disk on which the next answer of the review system does not fit.)
    pub fn probe(&mut self) -> Result<(), StoreError> {
        if let Some(failed) = &self.failed {
            return Err(failed.error());
        }
        self.check_place()?;
        let written = self
            .writer
            .execute("INSERT OR REPLACE INTO probe (id, filler) VALUES (1, zeroblob(65536))", [])
            .map_err(StoreError::from);
        written.map(|_| ()).map_err(|error| self.noted(error))
    }

    /// Takes nothing more, because the file was found damaged, and gives the error that says so from now on.
    pub fn stop(&mut self, found: String) -> StoreError {
        self.noted(StoreError::Corrupt(found))
    }

    /// Looks after the log while nothing is written: that it is still where it was, and that nothing is left of what was
    /// redacted.
    pub fn watch(&mut self) -> Result<(), StoreError> {
        self.check_place()?;
        if self.failed.is_none() {
            self.wipe();
        }
        Ok(())
    }

    /// After a redaction the words are still in older pages of the write-ahead log and in the index of words: both are
    /// made anew. A reader that is in the middle of something delays the first, whoever feeds the index the second; both are
    /// tried again with the next append.
    pub(super) fn wipe(&mut self) {
        if !self.wipe_due {
            return;
        }
        let is_discarded = index::discard(&self.path);
        // An unsuccessful try costs the bot no more than this.
        let wiped = self.checkpoint("TRUNCATE", open::WIPE);
        self.wipe_due = wiped != Ok(0) || !is_discarded;
    }

    /// Moves what was written ahead into the file when it is much. Whoever reads is waited for, for a moment: what somebody
    /// still reads cannot be overwritten, and the write-ahead log would grow for as long as people ask one after the other.
    fn move_on(&mut self, rows: usize) {
        self.ahead += PAGES + rows;
        if self.ahead < self.most_ahead {
            return;
        }
        self.ahead = 0;
        // What was stored is stored: where this fails, it is tried again after as many.
        let _ = self.checkpoint("RESTART", open::MOVE);
    }

    /// Moves the write-ahead log into the file; 0 is for all of it.
    fn checkpoint(&self, mode: &str, patience: Duration) -> rusqlite::Result<i64> {
        self.writer.busy_timeout(patience)?;
        let moved =
            self.writer.query_one(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| row.get::<_, i64>(0));
        self.writer.busy_timeout(open::BUSY)?;
        moved
    }

    /// SQLite goes on writing to a file that was removed, and everything would be lost with the last handle to it.
    fn check_place(&self) -> Result<(), StoreError> {
        match open::identity(&self.path) {
            Ok(now) if now == self.identity => Ok(()),
            _ => Err(StoreError::Gone(self.path.clone())),
        }
    }

    fn noted(&mut self, error: StoreError) -> StoreError {
        match &error {
            StoreError::Disk(why) => self.failed = Some(Failed::Disk(why.clone())),
            StoreError::Corrupt(what) => self.failed = Some(Failed::Corrupt(what.clone())),
            _ => {}
        }
        error
    }
}

fn append_all(
    writer: &Connection,
    from: (i64, Hash),
    records: &[Record],
    seen: &[Seen],
) -> Result<(i64, Hash), StoreError> {
    // These two are asked for with each append: they are read and compiled once, as the others are.
    writer.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    let written = insert_all(writer, from, records, seen).and_then(|end| {
        writer.prepare_cached("COMMIT")?.execute([])?;
        Ok(end)
    });
    if written.is_err() && !writer.is_autocommit() {
        // Where that fails too, the next one cannot begin.
        let _ = writer.execute_batch("ROLLBACK");
    }
    written
}

fn insert_all(
    writer: &Connection,
    (mut last, mut head): (i64, Hash),
    records: &[Record],
    seen: &[Seen],
) -> Result<(i64, Hash), StoreError> {
    let mut statement = writer.prepare_cached(INSERT)?;
    for record in records {
        last += 1;
        if let Event::Redacted { row, .. } = &record.event {
            let rows = redact::plan(writer, *row)?;
            let event = Event::Redacted { row: *row, rows: rows.clone() };
            head = insert(&mut statement, last, &head, &Record { event, ..record.clone() })?;
            redact::carry_out(writer, last, &rows)?;
        } else {
            head = insert(&mut statement, last, &head, record)?;
        }
    }
    let mut statement = writer.prepare_cached(SEEN)?;
    for Seen { network, message_id, answer } in seen {
        let row = match answer {
            Answer::Nothing => None,
            Answer::WithoutRow => Some(0),
            Answer::Row(RowId(row)) => Some(*row),
        };
        statement.execute(params![network, message_id, row])?;
    }
    Ok((last, head))
}

fn insert(statement: &mut Statement<'_>, seq: i64, prev: &Hash, record: &Record) -> Result<Hash, StoreError> {
    let kind = record.event.kind();
    let detail = serde_json::to_string(&record.event).map_err(|error| StoreError::Unreadable {
        row: RowId(seq),
        kind: kind.to_owned(),
        why: error.to_string(),
    })?;
    let at = stored_time(record.at);
    let by = &record.by;
    let network = by.network.as_deref().map(without_nul);
    let room = by.room.as_ref().map(|room| without_nul(&room.0));
    let account = by.account.as_deref().map(without_nul);
    let window = record.window.as_ref().map(ToString::to_string);
    let window = window.as_deref().map(without_nul);
    let actor = without_nul(&by.who.0);
    let text = without_nul(&record.text);
    let fields = Fields {
        seq,
        at: &at,
        network: network.as_deref(),
        room: room.as_deref(),
        actor: &actor,
        account: account.as_deref(),
        window: window.as_deref(),
        change: record.change.map(|change| i64::from(change.0)),
        kind,
        outcome: record.outcome.word(),
        text: &text,
        detail: &detail,
    };
    let hash = fields.link(prev);
    statement.execute(params![
        fields.seq,
        fields.at,
        fields.network,
        fields.room,
        fields.actor,
        fields.account,
        fields.window,
        fields.change,
        fields.kind,
        fields.outcome,
        fields.text,
        fields.detail,
        prev,
        hash,
    ])?;
    Ok(hash)
}

/// SQLite's text functions stop at a NUL, so a text that holds one would be cut short in every search.
fn without_nul(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "")) } else { Cow::Borrowed(text) }
}
