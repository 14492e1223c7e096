//! A copy of the log while the bot writes it: whole, checked, and there under its name only when it is.

use std::io;
use std::path::Path;

use super::error::{OpenError, StoreError};
use super::open::head;
use super::part::{Part, PartError};
use super::search::Reader;
use super::verify::{VerifyError, Whole, verify};

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The file cannot be made.
    #[error(transparent)]
    Part(#[from] PartError),
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
    let part = Part::begin(target)?;
    let log = Reader::open(path)?;
    let whole = copy(&log, part.path(), progress)?;
    part.finish()?;
    Ok(whole)
}

fn copy(log: &Reader, part: &Path, progress: &(dyn Fn(u64) + Sync)) -> Result<Whole, BackupError> {
    let (last, _) = head(log.connection()).map_err(StoreError::from)?;
    let Some(name) = part.to_str() else {
        let source = io::Error::new(io::ErrorKind::InvalidFilename, "the name is no UTF-8");
        return Err(PartError::File { path: part.to_owned(), source }.into());
    };
    log.connection().execute("VACUUM INTO ?1", [name]).map_err(StoreError::from)?;
    let whole = verify(part, None, &[], progress).map_err(BackupError::Bad)?;
    if whole.last.0 < last {
        return Err(BackupError::Short { copied: whole.last.0, last });
    }
    Ok(whole)
}
