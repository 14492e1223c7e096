//! What can go wrong with the log, told apart by what a person or the bot must do about it.

use std::io;
use std::path::PathBuf;

use rusqlite::ErrorCode;

use crate::engine::id::RowId;

/// Why a log cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it.
    #[error("{} is in use by another swatbot{}", path.display(), pid_words(*pid))]
    InUse {
        /// The log.
        path: PathBuf,
        /// The process, where its lock file says so.
        pid: Option<u32>,
    },
    /// It cannot be written, and a bot that cannot record must not act.
    #[error("{} is read-only: swatbot must be able to write it and its folder", path.display())]
    ReadOnly {
        /// The log.
        path: PathBuf,
    },
    /// It is damaged.
    #[error(
        "{} is damaged ({found}): keep it, put the last good copy in its place (with no -wal or -shm file beside \
         it) and start again",
        path.display()
    )]
    Corrupt {
        /// The log.
        path: PathBuf,
        /// What was found first.
        found: String,
    },
    /// It is a database of something else.
    #[error("{} is not a swatbot log: name another file as the database", path.display())]
    NotALog {
        /// The file.
        path: PathBuf,
    },
    /// A newer program wrote it.
    #[error("{} has schema {found}, and this swatbot knows {known} at most: run the newer swatbot", path.display())]
    Newer {
        /// The log.
        path: PathBuf,
        /// The schema of the file.
        found: i64,
        /// The newest schema this program knows.
        known: i64,
    },
    /// There is none, and it is only to be read.
    #[error("there is no log at {}", path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// A file could not be opened or made.
    #[error("cannot open {}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// SQLite says something else.
    #[error("cannot open {}: {source}", path.display())]
    Sqlite {
        /// The log.
        path: PathBuf,
        /// What it says.
        source: rusqlite::Error,
    },
}

fn pid_words(pid: Option<u32>) -> String {
    pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default()
}

/// Why a log could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no room on the disk, or none left of a quota; nothing was stored. `Store::probe` tells when there is room again.
    #[error("the disk is full")]
    Full,
    /// The disk failed. Whether the last rows are stored is known only after the log is opened again, so this
    /// store takes no more.
    #[error("the disk failed ({0}): the log must be opened again")]
    Disk(String),
    /// Another program kept the log locked for 5 s; nothing was stored.
    #[error("another program keeps the log locked")]
    Busy,
    /// The file was moved, replaced or removed while it was open; nothing was stored.
    #[error("{} is no longer the file that was opened", .0.display())]
    Gone(PathBuf),
    /// It is damaged.
    #[error("the log is damaged: {0}")]
    Corrupt(String),
    /// A row that this program does not understand: damaged, or written by a newer one.
    #[error("{row} ({kind}) cannot be read, perhaps a newer swatbot wrote it: {why}")]
    Unreadable {
        /// The row.
        row: RowId,
        /// Its kind, as stored.
        kind: String,
        /// What is wrong with it.
        why: String,
    },
    /// SQLite says something else; nothing was stored.
    #[error("the log: {0}")]
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            // For SQLite only a disk without room is full; a quota or the largest size of a file stops the write too, and
            // what a write did not write is not half known as after a failed sync.
            Some(ErrorCode::SystemIoFailure) if is_write(&error) => Self::Full,
            Some(ErrorCode::SystemIoFailure) => Self::Disk(error.to_string()),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Corrupt(error.to_string()),
            _ => Self::Sqlite(error),
        }
    }
}

fn is_write(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error().map(|error| error.extended_code);
    code == Some(rusqlite::ffi::SQLITE_IOERR_WRITE)
}
