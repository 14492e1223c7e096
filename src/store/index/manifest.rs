//! Which segments the index is made of, and of which log as it stood when: a small file that is replaced as a whole.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension};
use serde::{Deserialize, Serialize};

use super::super::chain::{Hash, hex};
use super::super::open::beside;
use super::set::MOST;
use crate::engine::event::BOOKKEEPING;

/// Counted up when anything in the index gets another form; an index of another form is made anew.
const VERSION: u32 = 3;

const NAME: &str = "manifest";

/// Which start of the machine this is, where the system says so.
const BOOT: &str = "/proc/sys/kernel/random/boot_id";

/// How the rows are divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    /// Rows in a block: 65,536 at the most.
    pub block: i64,
    /// So many full blocks become one segment.
    pub join: i64,
}

impl Default for Shape {
    fn default() -> Self {
        Self { block: MOST as i64, join: 16 }
    }
}

/// A segment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Part {
    /// Its first row.
    pub(crate) first: i64,
    /// How many they are.
    pub(crate) rows: i64,
    /// The hash of the last one, in hexadecimal.
    pub(crate) hash: String,
    /// It was on the disk before it was named here.
    pub(crate) is_synced: bool,
}

impl Part {
    pub(crate) fn path(&self, folder: &Path) -> PathBuf {
        folder.join(self.name())
    }

    fn name(&self) -> String {
        format!("{}-{}", self.first, self.first + self.rows - 1)
    }
}

/// What the index has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    made_by: String,
    shape: Shape,
    boot: String,
    /// So many redactions the log had.
    pub(crate) redactions: i64,
    /// The segments, the oldest first; together they have all rows from the first one on.
    pub(crate) parts: Vec<Part>,
}

impl Manifest {
    pub(crate) fn new(shape: Shape, redactions: i64) -> Self {
        let boot = boot().unwrap_or_default();
        Self { made_by: made_by(), shape, boot, redactions, parts: Vec::new() }
    }

    /// What is in the folder and can be used; of what was made before the machine was started, what was synced.
    pub(crate) fn load(folder: &Path) -> io::Result<Self> {
        let mut read: Self = serde_json::from_slice(&fs::read(path(folder))?).map_err(io::Error::other)?;
        let boot = boot().unwrap_or_default();
        if read.made_by != made_by() || !(1..=MOST as i64).contains(&read.shape.block) {
            return Err(io::Error::from(io::ErrorKind::InvalidData));
        }
        if read.boot != boot {
            let synced = read.parts.iter().take_while(|part| part.is_synced).count();
            read.parts.truncate(synced);
        }
        Ok(read)
    }

    /// The file takes the place of the one before it.
    pub(crate) fn store(&mut self, folder: &Path, sync: bool) -> io::Result<()> {
        self.boot = boot().unwrap_or_default();
        let new = folder.join("manifest.new");
        fs::write(&new, serde_json::to_vec(self).map_err(io::Error::other)?)?;
        if sync {
            fs::File::open(&new)?.sync_all()?;
        }
        fs::rename(new, path(folder))
    }

    pub(crate) fn remove(folder: &Path) {
        // Where it cannot be removed, the folder cannot be written and nothing in it is of use.
        let _ = fs::remove_file(path(folder));
    }

    /// The last row.
    pub(crate) fn last(&self) -> i64 {
        self.parts.last().map_or(0, |part| part.first + part.rows - 1)
    }

    /// Whether it is of this log as it stands.
    pub(crate) fn is_of(&self, log: &Connection) -> rusqlite::Result<bool> {
        if self.redactions != redactions(log)? {
            return Ok(false);
        }
        let Some(part) = self.parts.last() else { return Ok(true) };
        Ok(hash_of(log, self.last())?.is_some_and(|hash| hex(&hash) == part.hash))
    }

    pub(crate) fn has_shape(&self, shape: Shape) -> bool {
        self.shape == shape
    }

    pub(crate) fn block(&self) -> i64 {
        self.shape.block
    }

    /// The newest full blocks, where they are as many as become one segment.
    pub(crate) fn to_join(&self) -> Option<(Part, Vec<Part>)> {
        let Shape { block, join } = self.shape;
        let count = usize::try_from(join).ok()?;
        let parts = self.parts.get(self.parts.len().checked_sub(count)?..)?;
        let (first, hash) = (parts.first()?.first, parts.last()?.hash.clone());
        let is_full = parts.iter().all(|part| part.rows == block) && (first - 1) % (block * join) == 0;
        (count > 1 && is_full)
            .then(|| (Part { first, rows: block * join, hash, is_synced: false }, parts.to_vec()))
    }

    /// Removes what is not named in it.
    pub(crate) fn remove_others(&self, folder: &Path) {
        let names: Vec<String> = self.parts.iter().map(Part::name).collect();
        remove_parts(folder, &names);
    }
}

/// Removes all segments but these; whether it could.
pub(crate) fn remove_parts(folder: &Path, but: &[String]) -> bool {
    let Ok(files) = fs::read_dir(folder) else { return false };
    let is_part =
        |name: &str| name.starts_with(|c: char| c.is_ascii_digit()) && !but.iter().any(|one| one == name);
    files
        .filter_map(Result::ok)
        .filter(|file| file.file_name().to_str().is_some_and(is_part))
        .all(|file| fs::remove_file(file.path()).is_ok())
}

/// The file that names the segments.
pub(crate) fn path(folder: &Path) -> PathBuf {
    folder.join(NAME)
}

/// The folder of the index of the log at `log`.
pub(crate) fn folder(log: &Path) -> PathBuf {
    beside(log, ".index")
}

/// Which rows are bookkeeping is in the index.
fn made_by() -> String {
    format!("{VERSION} {}", BOOKKEEPING.join(" "))
}

/// Which start of the machine this is. What a power cut made of files that were not synced cannot be told from what is
/// good, so they count only until the next start.
pub(crate) fn boot() -> Option<String> {
    fs::read_to_string(BOOT).ok()
}

/// How many redactions there are: the words that they took out are in what was made before.
pub(crate) fn redactions(log: &Connection) -> rusqlite::Result<i64> {
    let mut statement =
        log.prepare_cached("SELECT count(*) FROM event WHERE kind = 'redacted' AND kind <> 'logged'")?;
    statement.query_one([], |row| row.get(0))
}

/// The hash of a row of the log.
fn hash_of(log: &Connection, seq: i64) -> rusqlite::Result<Option<Hash>> {
    let mut statement = log.prepare_cached("SELECT hash FROM event WHERE seq = ?1")?;
    statement.query_row([seq], |row| row.get(0)).optional()
}

/// Removes the index that earlier versions kept.
pub(crate) fn remove_older(folder: &Path) {
    let older = folder.with_extension("search");
    // Nobody reads it any more, so what is left of it does no harm.
    let _ = fs::remove_file(&older);
    let _ = fs::remove_file(beside(&older, "-journal"));
}
