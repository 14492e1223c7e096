//! A file that gets its name only when it is whole: until then it stands beside it, and what was killed is written over.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::open::beside;

/// Why a file could not be made.
#[derive(Debug, thiserror::Error)]
pub enum PartError {
    /// Something has that name.
    #[error("{} is there already: name a file that is not", .0.display())]
    Exists(PathBuf),
    /// Another program is making the same file.
    #[error("another swatbot is writing {}", .0.display())]
    Busy(PathBuf),
    /// It could not be written.
    #[error("cannot write {}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl PartError {
    fn file(path: &Path, source: io::Error) -> Self {
        Self::File { path: path.to_owned(), source }
    }
}

/// A file that is being made. It is gone when this is dropped before [`Part::finish`].
pub(super) struct Part {
    file: File,
    path: PathBuf,
    target: PathBuf,
}

impl Part {
    /// An empty file beside `target`, which must not be there, that nobody else can read.
    pub(super) fn begin(target: &Path) -> Result<Self, PartError> {
        if target.symlink_metadata().is_ok() {
            return Err(PartError::Exists(target.to_owned()));
        }
        let path = beside(target, ".part");
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(false).mode(0o600).open(&path);
        let file = file.map_err(|source| PartError::file(&path, source))?;
        // What a killed program left is written over; what a running one writes is not.
        file.try_lock().map_err(|_| PartError::Busy(path.clone()))?;
        file.set_len(0).map_err(|source| PartError::file(&path, source))?;
        Ok(Self { file, path, target: target.to_owned() })
    }

    /// Where it is until it is whole.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The file itself.
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Gives it its name; both outlive a power cut.
    pub(super) fn finish(self) -> Result<(), PartError> {
        self.file.sync_all().map_err(|source| PartError::file(&self.path, source))?;
        // A link, unlike a rename, never takes the place of a file that came there meanwhile.
        fs::hard_link(&self.path, &self.target).map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => PartError::Exists(self.target.clone()),
            _ => PartError::file(&self.target, source),
        })?;
        let folder = self.target.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        // Where it cannot be removed, the next one writes over it.
        let _ = fs::remove_file(&self.path);
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(|source| PartError::file(folder, source))
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // After `finish` it is gone already.
        let _ = fs::remove_file(&self.path);
    }
}
