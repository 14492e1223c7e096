//! A copy of the log while the bot writes it: whole, checked, and there under its name only when it is.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::error::{OpenError, StoreError};
use super::open::{beside, head};
use super::search::Reader;
use super::verify::{VerifyError, Whole, verify};

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// Something has that name.
    #[error("{} is there already: name a file that is not", .0.display())]
    Exists(PathBuf),
    /// Another backup to the same name is under way.
    #[error("another backup is writing {}", .0.display())]
    Busy(PathBuf),
    /// A file could not be written.
    #[error("cannot write {}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The log cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The log cannot be read, or the copy not written.
    #[error("cannot copy the log: {0}")]
    Copy(#[from] StoreError),
    /// The copy is not what the log is; it was removed.
    #[error("the copy is not good: {0}")]
    Bad(VerifyError),
    /// The copy has other rows than the log; it was removed.
    #[error("the copy is not good: it ends at L{copied}, and the log had L{last} before")]
    Short {
        /// The last row of the copy.
        copied: i64,
        /// The last row of the log when the copy was begun.
        last: i64,
    },
}

/// Copies the log at `path` to `target`, which must not be there, as a file that nobody else can read. The copy's pages
/// and its chain are checked before it gets its name; `progress` is told of the rows that were checked.
///
/// The bot goes on writing meanwhile; what it writes after the copy has begun is not in it.
pub fn backup(path: &Path, target: &Path, progress: &(dyn Fn(u64) + Sync)) -> Result<Whole, BackupError> {
    if target.symlink_metadata().is_ok() {
        return Err(BackupError::Exists(target.to_owned()));
    }
    let log = Reader::open(path)?;
    let part = beside(target, ".part");
    let fault = |path: &Path| {
        let path = path.to_owned();
        move |source| BackupError::File { path, source }
    };
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&part)
        .map_err(fault(&part))?;
    // What a killed backup left is written over; what a running one writes is not.
    file.try_lock().map_err(|_| BackupError::Busy(part.clone()))?;
    let copied =
        file.set_len(0).map_err(fault(&part)).and_then(|()| copy(&log, &part, progress)).and_then(|whole| {
            file.sync_all().map_err(fault(&part))?;
            // A link, unlike a rename, never takes the place of a file that came there meanwhile.
            fs::hard_link(&part, target).map_err(|source| match source.kind() {
                io::ErrorKind::AlreadyExists => BackupError::Exists(target.to_owned()),
                _ => BackupError::File { path: target.to_owned(), source },
            })?;
            Ok(whole)
        });
    // Where it cannot be removed, the next backup writes over it.
    let _ = fs::remove_file(&part);
    if copied.is_ok() {
        let folder =
            target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(fault(folder))?;
    }
    copied
}

fn copy(log: &Reader, part: &Path, progress: &(dyn Fn(u64) + Sync)) -> Result<Whole, BackupError> {
    let (last, _) = head(log.connection()).map_err(StoreError::from)?;
    let Some(name) = part.to_str() else {
        let source = io::Error::new(io::ErrorKind::InvalidFilename, "the name is no UTF-8");
        return Err(BackupError::File { path: part.to_owned(), source });
    };
    log.connection().execute("VACUUM INTO ?1", [name]).map_err(StoreError::from)?;
    let whole = verify(part, None, &[], progress).map_err(BackupError::Bad)?;
    if whole.last.0 < last {
        return Err(BackupError::Short { copied: whole.last.0, last });
    }
    Ok(whole)
}
