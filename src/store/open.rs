//! Opening the log: the lock that keeps a second bot out, and everything that must be so before a row is written.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::chain::{Hash, START};
use super::error::OpenError;
use super::search::Reader;
use super::{Store, migrate};

/// How long another program may keep the log locked before an append is given up.
pub(super) const BUSY: Duration = Duration::from_secs(5);

/// How long readers are waited for before the write-ahead log is moved into the file.
pub(super) const MOVE: Duration = Duration::from_millis(20);

/// How long the words of a redaction are waited for to leave the write-ahead log, before it is tried again later.
pub(super) const WIPE: Duration = Duration::from_millis(200);

/// After about so many pages of 4 KiB the write-ahead log is moved into the file, which holds up one append in hundreds.
const AHEAD: usize = 4000;

/// The device and the inode of a file: what tells it from another of the same name.
pub(super) type Identity = (u64, u64);

impl Store {
    /// Opens the log at `path`, makes it where there is none, and keeps every other swatbot out until it is dropped.
    /// The whole file is checked first, which takes about 0.07 s for 100,000 rows.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let lock = lock(path)?;
        let fault = |source| sqlite_fault(path, source);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut writer = Connection::open_with_flags(path, flags).map_err(fault)?;
        writer.busy_timeout(BUSY).map_err(fault)?;
        if writer.is_readonly("main").map_err(fault)? {
            return Err(OpenError::ReadOnly { path: path.to_owned() });
        }
        // What the constraints say is so by the types of what is bound, and looking at each row again takes half of the
        // check of the file and a part of each append. They are for whoever else writes the file.
        writer.pragma_update(None, "ignore_check_constraints", true).map_err(fault)?;
        look_at(&writer, path)?;
        configure(&mut writer).map_err(fault)?;
        let (last, head) = head(&writer).map_err(fault)?;
        let written: i64 = writer
            .query_one("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'event'", [], |row| {
                row.get(0)
            })
            .map_err(fault)?;
        if written != last {
            let found = format!("{written} rows were written, and the last one is {last}");
            return Err(OpenError::Corrupt { path: path.to_owned(), found });
        }
        // A program that was killed may have redacted a row and not come to this.
        let wiped = writer.query_one("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
        let wipe_due = wiped.map_err(fault)? != 0;
        let identity = identity(path).map_err(|source| OpenError::File { path: path.to_owned(), source })?;
        let reader = Reader::open(path)?;
        Ok(Self {
            reader,
            writer,
            path: path.to_owned(),
            identity,
            last,
            head,
            failed: None,
            wipe_due,
            ahead: 0,
            most_ahead: AHEAD,
            _lock: lock,
        })
    }
}

/// A lock file that is held.
pub(super) struct Lock(File);

impl Drop for Lock {
    /// Closing the file is not enough: a child that was forked meanwhile has it too, and would keep the next one out.
    fn drop(&mut self) {
        // Where it fails, the lock goes with the last handle.
        let _ = self.0.unlock();
    }
}

/// The path with something added to its name.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

/// What tells the file at `path` from another that took its name.
pub(super) fn identity(path: &Path) -> std::io::Result<Identity> {
    fs::metadata(path).map(|file| (file.dev(), file.ino()))
}

/// Takes the lock file. It is never removed: whoever removed it could take it from under one who just opened it.
pub(super) fn lock(path: &Path) -> Result<Lock, OpenError> {
    // Two names of one log must meet at one lock, so links are followed first.
    let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let lock_path = beside(&real, ".lock");
    let fault = |source: io::Error| match source.kind() {
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
            OpenError::ReadOnly { path: path.to_owned() }
        }
        _ => OpenError::File { path: lock_path.clone(), source },
    };
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    let mut lock = options.open(&lock_path).map_err(fault)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut pid = String::new();
            // Who has it is good to know, no more.
            let _ = lock.read_to_string(&mut pid);
            return Err(OpenError::InUse { path: path.to_owned(), pid: pid.trim().parse().ok() });
        }
        Err(TryLockError::Error(source)) => return Err(fault(source)),
    }
    lock.set_len(0).and_then(|()| writeln!(lock, "{}", std::process::id())).map_err(fault)?;
    Ok(Lock(lock))
}

/// Refuses a file that is not a log, too new, or damaged, before anything is written to it.
fn look_at(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    let fault = |source| sqlite_fault(path, source);
    check_version(connection, path)?;
    let found: String = connection.query_one("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(fault)?;
    if found == "ok" { Ok(()) } else { Err(OpenError::Corrupt { path: path.to_owned(), found }) }
}

/// Refuses a file that is not a log, or too new.
pub(super) fn check_version(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    let fault = |source| sqlite_fault(path, source);
    let found = migrate::version(connection).map_err(fault)?;
    let known = migrate::newest();
    if found > known {
        return Err(OpenError::Newer { path: path.to_owned(), found, known });
    }
    if migrate::is_foreign(connection).map_err(fault)? {
        return Err(OpenError::NotALog { path: path.to_owned() });
    }
    Ok(())
}

fn configure(writer: &mut Connection) -> rusqlite::Result<()> {
    writer.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    writer.pragma_update(None, "trusted_schema", false)?;
    writer.pragma_update(None, "recursive_triggers", true)?;
    writer.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    writer.pragma_update(None, "synchronous", "full")?;
    // What a redaction takes out of a page is overwritten. Nothing else in the log is ever removed, so it costs nothing.
    writer.pragma_update_and_check(None, "secure_delete", true, |_| Ok(()))?;
    // SQLite would try with each commit for as long as somebody reads, and each try waits for the disk twice: see append.
    writer.pragma_update_and_check(None, "wal_autocheckpoint", 0, |_| Ok(()))?;
    migrate::up(writer)
}

/// The number and the hash of the last row.
pub(super) fn head(connection: &Connection) -> rusqlite::Result<(i64, Hash)> {
    let mut statement = connection.prepare("SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1")?;
    let mut rows = statement.query([])?;
    match rows.next()? {
        Some(row) => Ok((row.get(0)?, row.get(1)?)),
        None => Ok((0, START)),
    }
}

pub(super) fn sqlite_fault(path: &Path, source: rusqlite::Error) -> OpenError {
    let path = path.to_owned();
    match source.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            OpenError::Corrupt { path, found: source.to_string() }
        }
        Some(ErrorCode::ReadOnly) => OpenError::ReadOnly { path },
        _ => OpenError::Sqlite { path, source },
    }
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
