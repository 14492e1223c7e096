//! The word index: a file of its own that is made from the log and can be made again at any time.
//!
//! Why not in the log's transaction: FTS5 merges its segments inside commits, which makes one append in a hundred three
//! to four times as slow, and a damaged index would be a damaged log. So it is fed when somebody searches, and whatever
//! goes wrong with it, the log is searched without it.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Transaction, TransactionBehavior, ffi};

use super::chain::Hash;
use super::open::{self, Identity, beside};

/// Counted up when the schema below changes; an index with another number is made anew.
const VERSION: i64 = 2;

/// Which start of the machine this is, where the system says so.
const BOOT: &str = "/proc/sys/kernel/random/boot_id";

/// A searcher does not wait long for another one that feeds the index: the log can be searched without it.
const BUSY: Duration = Duration::from_millis(500);

/// The words alone (`content=''`): the texts are in the log.
const SCHEMA: &str = "CREATE VIRTUAL TABLE words USING fts5 \
     (text, content = '', columnsize = 0, tokenize = 'unicode61 remove_diacritics 2'); \
     CREATE TABLE progress (id INTEGER PRIMARY KEY CHECK (id = 1), last INTEGER NOT NULL, hash BLOB NOT NULL, \
     boot TEXT NOT NULL, redactions INTEGER NOT NULL DEFAULT 0) STRICT; \
     INSERT INTO progress (id, last, hash, boot) VALUES (1, 0, zeroblob(32), '');";

/// A connection whose main database is the index, and to which the log is attached for reading.
pub(super) struct Index {
    connection: Connection,
    path: PathBuf,
    identity: Identity,
}

impl Index {
    /// Opens or makes the index of the log at `log`.
    pub(super) fn open(log: &Path) -> rusqlite::Result<Self> {
        let path = beside(log, ".search");
        let boot = fs::read_to_string(BOOT);
        let connection = match open_at(&path, &boot) {
            Ok(connection) => connection,
            // Another process feeds it.
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => return Err(error),
            // Damaged, of another version, or from before the machine was started.
            Err(_) => {
                remove(&path);
                open_at(&path, &boot)?
            }
        };
        connection.execute("ATTACH DATABASE ?1 AS log", [read_only_uri(log)])?;
        let identity = open::identity(&path).map_err(|_| rusqlite::Error::InvalidQuery)?;
        Ok(Self { connection, path, identity })
    }

    /// The connection: `words` is the index, `event` the log.
    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Whether the file was removed or replaced since it was opened.
    pub(super) fn is_gone(&self) -> bool {
        open::identity(&self.path).ok() != Some(self.identity)
    }

    /// Removes the file, so that the next to open it makes it anew.
    pub(super) fn discard(self) {
        let path = self.path.clone();
        drop(self);
        remove(&path);
    }

    /// Takes in the rows that came since the last time; all rows, where what it holds is of another log.
    pub(super) fn catch_up(&self) -> rusqlite::Result<()> {
        let head = open::head(&self.connection)?;
        if head == self.progress()? {
            return Ok(());
        }
        let transaction = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
        // Another process may have fed it meanwhile.
        let (last, hash) = self.progress()?;
        let of_this_log = last == 0 || self.hash_of(last)? == Some(hash);
        let from = if of_this_log {
            last
        } else {
            transaction.execute("INSERT INTO words (words) VALUES ('delete-all')", [])?;
            0
        };
        // The words that a redaction took out are in it, and it cannot be told which they were.
        let redactions: i64 = transaction.query_one(
            "SELECT count(*) FROM event WHERE kind = 'redacted' AND kind <> 'logged'",
            [],
            |row| row.get(0),
        )?;
        let known: i64 = transaction.query_one("SELECT redactions FROM progress", [], |row| row.get(0))?;
        if from > 0 && known != redactions {
            return Err(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_CORRUPT), None));
        }
        let (last, hash) = open::head(&transaction)?;
        transaction.execute(
            "INSERT INTO words (rowid, text) SELECT seq, text FROM event WHERE seq > ?1 AND seq <= ?2 ORDER BY seq",
            (from, last),
        )?;
        transaction
            .execute("UPDATE progress SET last = ?1, hash = ?2, redactions = ?3", (last, hash, redactions))?;
        transaction.commit()
    }

    fn progress(&self) -> rusqlite::Result<(i64, Hash)> {
        let mut statement = self.connection.prepare_cached("SELECT last, hash FROM progress")?;
        statement.query_one([], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    fn hash_of(&self, seq: i64) -> rusqlite::Result<Option<Hash>> {
        let mut statement = self.connection.prepare_cached("SELECT hash FROM event WHERE seq = ?1")?;
        statement.query_row([seq], |row| row.get(0)).optional()
    }
}

fn open_at(path: &Path, boot: &io::Result<String>) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    // Two processes may feed it, so it has no write-ahead log (SQLite 3.50.2 can damage one that two write).
    connection.pragma_update_and_check(None, "journal_mode", "truncate", |_| Ok(()))?;
    // It need not outlive a power cut, so it never waits for the disk: 0.2 ms a search instead of 5. What a power cut made
    // of it cannot be told, so an index from before the last start of the machine is not used.
    connection.pragma_update(None, "synchronous", if boot.is_ok() { "off" } else { "normal" })?;
    let boot = boot.as_deref().unwrap_or_default();
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version: i64 = transaction.query_one("PRAGMA user_version", [], |row| row.get(0))?;
    if version == 0 {
        transaction.execute_batch(SCHEMA)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
        transaction.execute("UPDATE progress SET boot = ?1", [boot])?;
    } else if version != VERSION {
        return Err(rusqlite::Error::InvalidQuery);
    }
    transaction.execute_batch("SELECT last FROM progress, words LIMIT 0")?;
    transaction.query_one("SELECT 1 FROM progress WHERE boot = ?1", [boot], |_| Ok(()))?;
    transaction.commit()?;
    Ok(connection)
}

pub(super) fn remove(path: &Path) {
    // Where it cannot be removed, it cannot be opened either, and the log is searched without it.
    let _ = fs::remove_file(path);
    let _ = fs::remove_file(beside(path, "-journal"));
}

/// The log as an address that SQLite opens for reading only.
pub(super) fn read_only_uri(log: &Path) -> String {
    let absolute = std::path::absolute(log).unwrap_or_else(|_| log.to_owned());
    let mut uri = "file:".to_owned();
    for byte in absolute.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(byte) {
            uri.push(char::from(*byte));
        } else {
            uri.push('%');
            uri.push(char::from(b"0123456789ABCDEF"[usize::from(byte >> 4)]));
            uri.push(char::from(b"0123456789ABCDEF"[usize::from(byte & 15)]));
        }
    }
    uri.push_str("?mode=ro");
    uri
}
