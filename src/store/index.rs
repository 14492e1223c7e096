//! The index: a folder beside the log that is made from it, and can be made again at any time.
//!
//! For each term that a row stands under (`terms`) it has the rows, by blocks of 65,536: a list of the places in the block
//! where they are few, a bit for each row where they are many (`set`). A question is an intersection, block by block from
//! the newest down, and ends as soon as there is enough. At 10 million rows two common words that never meet are 4 MB to
//! look through, which takes 3 ms; FTS5 reads through both lists row by row, which takes 20 to 130 ms, and its count of one
//! word 110 ms. Positions are not kept: of a phrase the pairs of neighbours are terms too, and what is left is read to be sure.
//!
//! Rows come in by a [`Feeder`], behind the log and on a thread of its own; those it has not reached yet are looked at one by
//! one. It is made of segments (`segment`), files that never change, which a `manifest` names: so nobody who searches ever
//! waits for who feeds, and what a feeder that was killed left counts for nothing. Whatever goes wrong with it, the log is
//! searched without it.

mod block;
mod bytes;
mod feed;
mod manifest;
mod segment;
mod set;
mod terms;

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::DateTime;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

pub use feed::{FEED_EVERY, FeedError, Feeder};
pub use manifest::Shape;

pub(super) use feed::discard;
pub(super) use segment::{List, Segment};
pub(super) use set::Set;
pub(super) use terms::{Field, Fields, Part, Sought, field};

pub(super) use manifest::redactions;

use manifest::{Manifest, folder};

/// What of a row is asked for, in the order of [`with_row`].
pub(super) const COLUMNS: &str =
    "seq, at, network, room, actor, account, window, change, kind, outcome, text";

/// The column behind them.
const COLUMN_COUNT: usize = 11;

/// Calls `use_it` with the time, the fields and the text of a row of [`COLUMNS`]. What is damaged in it reads as nothing.
pub(super) fn with_row<T>(
    row: &Row<'_>,
    use_it: impl FnOnce(i64, &Fields<'_>, &str) -> T,
) -> rusqlite::Result<T> {
    fn text<'a>(row: &'a Row<'_>, index: usize) -> rusqlite::Result<&'a str> {
        Ok(match row.get_ref(index)? {
            ValueRef::Text(bytes) => std::str::from_utf8(bytes).unwrap_or_default(),
            _ => "",
        })
    }
    let fields = Fields {
        network: text(row, 2)?,
        room: text(row, 3)?,
        actor: text(row, 4)?,
        account: text(row, 5)?,
        window: text(row, 6)?,
        change: match row.get_ref(7)? {
            ValueRef::Integer(number) => u32::try_from(number).ok(),
            _ => None,
        },
        kind: text(row, 8)?,
        outcome: text(row, 9)?,
    };
    let at = DateTime::parse_from_rfc3339(text(row, 1)?).map_or(i64::MIN, |at| at.timestamp_millis());
    Ok(use_it(at, &fields, text(row, 10)?))
}

/// The index as it stood when it was opened.
#[derive(Debug)]
pub(super) struct Index {
    /// It is open so that no other file can look like it.
    file: File,
    path: PathBuf,
    redactions: i64,
    pub(super) last: i64,
    pub(super) block: i64,
    /// The oldest first.
    pub(super) segments: Vec<Arc<Segment>>,
}

impl Index {
    /// Opens the index of the log at `log`, where there is one of it; of the one that was open before what did not change
    /// is taken over.
    pub(super) fn open(log: &Path, connection: &Connection, before: Option<&Self>) -> io::Result<Self> {
        let folder = folder(log);
        let path = manifest::path(&folder);
        let file = File::open(&path)?;
        let known = Manifest::load(&folder)?;
        if !known.is_of(connection).map_err(io::Error::other)? {
            return Err(io::Error::from(io::ErrorKind::InvalidData));
        }
        let mut segments = Vec::with_capacity(known.parts.len());
        for part in &known.parts {
            let path = part.path(&folder);
            let old = before.and_then(|before| {
                let mut old = before.segments.iter().filter(|old| old.first == part.first);
                old.find(|old| {
                    identity(old.file()).ok()
                        == std::fs::metadata(&path).ok().map(|file| (file.dev(), file.ino()))
                })
            });
            let segment = match old {
                Some(old) => Arc::clone(old),
                None => Arc::new(Segment::open(&path)?),
            };
            if segment.first != part.first || segment.rows as i64 != part.rows {
                return Err(io::Error::from(io::ErrorKind::InvalidData));
            }
            segments.push(segment);
        }
        let (redactions, last, block) = (known.redactions, known.last(), known.block());
        Ok(Self { file, path, redactions, last, block, segments })
    }

    /// Whether there is another one by now, or none, or it holds words that were taken out of the log.
    pub(super) fn is_past(&self, log: &Connection) -> bool {
        let now = std::fs::metadata(&self.path).ok().map(|file| (file.dev(), file.ino()));
        now.is_none() || now != identity(&self.file).ok() || redactions(log).ok() != Some(self.redactions)
    }
}

fn identity(file: &File) -> io::Result<(u64, u64)> {
    file.metadata().map(|file| (file.dev(), file.ino()))
}
