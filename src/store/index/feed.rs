//! Feeding the index behind the log: block by block, off the way of every commit and of every search.
//!
//! What was fed last shares a segment until its block is full; of full blocks so many at a time become one segment, so that
//! a long log has few. A segment is written under a name of its own and counts when the manifest names it, so a feeder
//! may be killed at any moment.

use std::collections::BinaryHeap;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::iter::Peekable;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rusqlite::Connection;

use super::super::chain::{Hash, hex};
use super::super::error::{OpenError, StoreError};
use super::super::open;
use super::super::search::Reader;
use super::block::Block;
use super::manifest::{self, Manifest, Part, Shape, boot, folder, redactions};
use super::segment::{Posting, Segment, Stored, Writer};

/// So many rows are looked at one by one without anybody noticing.
const WORTH_IT: u64 = 1_024;

/// How often the index is to be fed. What came since then is found all the same.
pub const FEED_EVERY: Duration = Duration::from_secs(2);

/// Why the index was not fed. The log is searched without it.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// Somebody else feeds it, or is taking words out of it.
    #[error("the index is being made by another process")]
    Busy,
    /// Its files cannot be written or read.
    #[error("the index: {0}")]
    File(#[from] io::Error),
    /// The log cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] StoreError),
}

impl From<rusqlite::Error> for FeedError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Log(error.into())
    }
}

/// Feeds the index of one log, over a connection of its own that only reads.
pub struct Feeder {
    log: Reader,
    path: PathBuf,
    folder: PathBuf,
    shape: Shape,
}

impl Feeder {
    /// A feeder for the log at `path`.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        Self::with_shape(path, Shape::default())
    }

    /// The same with other sizes: tests reach with few rows what takes millions.
    pub fn with_shape(path: &Path, shape: Shape) -> Result<Self, OpenError> {
        Ok(Self { log: Reader::open(path)?, path: path.to_owned(), folder: folder(path), shape })
    }

    /// How many rows the index does not have yet.
    pub fn behind(&self) -> Result<u64, FeedError> {
        let (head, _) = open::head(self.log.connection())?;
        let known = self.known()?.map_or(0, |known| known.last());
        Ok((head - known).unsigned_abs())
    }

    /// Takes in the next rows, where there are enough of them to be worth it; gives how many they were.
    pub fn keep_up(&self) -> Result<u64, FeedError> {
        if self.behind()? < WORTH_IT { Ok(0) } else { self.feed_some(self.shape.block) }
    }

    /// Takes in all rows there are, with every processor, and tells `progress` of each piece; gives how many they were.
    pub fn feed(&self, progress: &dyn Fn(u64)) -> Result<u64, FeedError> {
        let mut all = 0;
        loop {
            let fed = self.feed_some(self.shape.block * threads())?;
            progress(fed);
            all += fed;
            if fed == 0 {
                return Ok(all);
            }
        }
    }

    /// Takes in the next rows: at most so many, and none behind a block that is begun. Gives how many they were.
    pub fn feed_some(&self, most: i64) -> Result<u64, FeedError> {
        self.make_folder()?;
        let lock = lock(&self.folder)?;
        let fed = self.feed_locked(most);
        // Where it fails, the lock goes with the file.
        let _ = lock.unlock();
        fed
    }

    fn make_folder(&self) -> io::Result<()> {
        match fs::create_dir(&self.folder) {
            Ok(()) => {
                manifest::remove_older(&self.folder);
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && self.folder.is_dir() => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// What the index has of this log as it stands.
    fn known(&self) -> Result<Option<Manifest>, FeedError> {
        let Ok(known) = Manifest::load(&self.folder) else { return Ok(None) };
        let is_good = known.has_shape(self.shape) && known.is_of(self.log.connection())?;
        Ok(is_good.then_some(known))
    }

    fn feed_locked(&self, most: i64) -> Result<u64, FeedError> {
        let mut known = match self.known()? {
            Some(known) => known,
            None => {
                discard_locked(&self.folder);
                Manifest::new(self.shape, redactions(self.log.connection())?)
            }
        };
        let opened = self.advance(&mut known, most);
        if let Err(FeedError::File(error)) = &opened
            && matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::NotFound)
        {
            // It begins anew the next time.
            discard_locked(&self.folder);
        }
        opened
    }

    fn advance(&self, known: &mut Manifest, most: i64) -> Result<u64, FeedError> {
        let last = known.last();
        let parts = self.parts(known, most)?;
        for part in parts {
            if known.parts.last().is_some_and(|last| last.first == part.first) {
                known.parts.pop();
            }
            known.parts.push(part);
            while let Some((whole, parts)) = known.to_join() {
                let whole = Part { is_synced: true, ..whole };
                self.write(&whole, &parts, None)?;
                known.parts.truncate(known.parts.len() - parts.len());
                known.parts.push(whole);
            }
        }
        if known.last() == last {
            return Ok(0);
        }
        // Words that were taken out meanwhile would come back with it.
        if redactions(self.log.connection())? != known.redactions {
            discard_locked(&self.folder);
            return Err(FeedError::Busy);
        }
        let is_synced = known.parts.last().is_some_and(|part| part.is_synced);
        known.store(&self.folder, is_synced)?;
        known.remove_others(&self.folder);
        Ok((known.last() - last).unsigned_abs())
    }

    /// The next segments: the one that was begun with what belongs to it, or one for each block.
    fn parts(&self, known: &Manifest, most: i64) -> Result<Vec<Part>, FeedError> {
        let size = self.shape.block;
        let from = known.last() + 1;
        let end = from.saturating_add(most);
        let begun = known.parts.last().filter(|part| part.rows % size != 0);
        let (head, _) = open::head(self.log.connection())?;
        let blocks = (head.min(end - 1) - known.last()) / size;
        if begun.is_some() || blocks < 2 {
            let to = ((from - 1) / size + 1) * size;
            return Ok(self.part(begun, from, to.min(end - 1))?.into_iter().collect());
        }
        let (path, shape) = (&self.path, self.shape);
        let parts: Result<Vec<Option<Part>>, FeedError> = thread::scope(|threads| {
            let run = |block: i64| {
                let first = from + block * size;
                threads.spawn(move || Self::with_shape(path, shape)?.part(None, first, first + size - 1))
            };
            let running: Vec<_> = (0..blocks).map(run).collect();
            running.into_iter().map(|one| one.join().unwrap_or(Err(FeedError::Busy))).collect()
        });
        Ok(parts?.into_iter().flatten().collect())
    }

    /// Writes the segment of these rows, behind those that share it.
    fn part(&self, begun: Option<&Part>, from: i64, to: i64) -> Result<Option<Part>, FeedError> {
        let Some((rows, hash)) = read(self.log.connection(), from, to, self.shape.block)? else {
            return Ok(None);
        };
        let first = begun.map_or(from, |part| part.first);
        let rows_in_all = from + rows.times.len() as i64 - first;
        let part = Part { first, rows: rows_in_all, hash: hex(&hash), is_synced: boot().is_none() };
        self.write(
            &part,
            begun.map(std::slice::from_ref).unwrap_or_default(),
            Some((rows, (from - 1) / self.shape.block)),
        )?;
        Ok(Some(part))
    }

    /// Writes the segment of what these have, and of the rows of a block behind them.
    fn write(&self, part: &Part, parts: &[Part], rows: Option<(Block, i64)>) -> Result<(), FeedError> {
        let segments: Vec<Segment> =
            parts.iter().map(|part| Segment::open(&part.path(&self.folder))).collect::<io::Result<_>>()?;
        let mut times = Vec::with_capacity(part.rows as usize);
        for segment in &segments {
            times.extend(segment.times()?);
        }
        let mut sources: Vec<Box<dyn Iterator<Item = io::Result<Posting>> + '_>> = Vec::new();
        for segment in &segments {
            sources.push(Box::new(segment.postings()));
        }
        if let Some((rows, block)) = rows {
            times.extend(&rows.times);
            sources.push(Box::new(rows.into_postings(block).map(Ok)));
        }
        let mut writer = Writer::create(&part.path(&self.folder), (part.first - 1) / self.shape.block)?;
        merge(sources, |term, lists| writer.add(term, lists))?;
        writer.finish(part.first, &times, part.is_synced)?;
        Ok(())
    }
}

/// So many blocks are made at once.
fn threads() -> i64 {
    thread::available_parallelism().map_or(1, |count| count.get().min(8) as i64)
}

/// Reads rows from the log, at most to `to`; the hash of the last one comes with them. `None` where there are none.
fn read(log: &Connection, from: i64, to: i64, block: i64) -> Result<Option<(Block, Hash)>, FeedError> {
    let mut statement = log.prepare_cached(&format!(
        "SELECT {}, hash FROM event WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq",
        super::COLUMNS
    ))?;
    let mut rows = statement.query([from, to])?;
    let mut read = Block::default();
    let mut last = None;
    while let Some(row) = rows.next()? {
        let seq: i64 = row.get(0)?;
        super::with_row(row, |time, fields, text| {
            read.add(((seq - 1) % block) as u16, time, fields, text);
        })?;
        last = Some(row.get(super::COLUMN_COUNT)?);
        let_others_go_first(seq as usize, 8);
    }
    Ok(last.map(|hash| (read, hash)))
}

/// Whoever commits on the same processor waits for a few rows and not for a whole block.
fn let_others_go_first(number: usize, every: usize) {
    if number.is_multiple_of(every) {
        thread::yield_now();
    }
}

/// A source with the term that it is at; the heap gives the smallest term first, and of equal ones the older rows.
struct Source<'a> {
    at: Posting,
    age: usize,
    rest: Peekable<Box<dyn Iterator<Item = io::Result<Posting>> + 'a>>,
}

impl Source<'_> {
    fn key(&self) -> (&[u8], usize) {
        (&self.at.0, self.age)
    }
}

impl PartialEq for Source<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Source<'_> {}

impl PartialOrd for Source<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Source<'_> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        other.key().cmp(&self.key())
    }
}

/// Gives each term once, in order, with the rows that all sources have of it; the sources come with the oldest first.
fn merge<'a>(
    sources: Vec<Box<dyn Iterator<Item = io::Result<Posting>> + 'a>>,
    mut each: impl FnMut(&[u8], &[Stored]) -> io::Result<()>,
) -> io::Result<()> {
    let mut heap = BinaryHeap::new();
    for (age, source) in sources.into_iter().enumerate() {
        let mut rest = source.peekable();
        if let Some(at) = rest.next() {
            heap.push(Source { at: at?, age, rest });
        }
    }
    let mut waiting: Option<Posting> = None;
    let mut count = 0;
    while let Some(mut source) = heap.pop() {
        let at = match source.rest.next() {
            Some(next) => {
                let at = std::mem::replace(&mut source.at, next?);
                heap.push(source);
                at
            }
            None => source.at,
        };
        count += 1;
        let_others_go_first(count, 64);
        match &mut waiting {
            Some((term, lists)) if *term == at.0 => at.1.into_iter().for_each(|list| add(lists, list)),
            _ => {
                if let Some((term, lists)) = waiting.replace(at) {
                    each(&term, &lists)?;
                }
            }
        }
    }
    waiting.map_or(Ok(()), |(term, lists)| each(&term, &lists))
}

/// Two segments may share one block, the one before and the one after a row of it.
fn add(lists: &mut Vec<Stored>, list: Stored) {
    match lists.last_mut() {
        Some(last) if last.block == list.block => {
            *last = Stored::new(list.block, &last.set().or(&list.set()))
        }
        _ => lists.push(list),
    }
}

fn lock(folder: &Path) -> Result<File, FeedError> {
    let file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(folder.join("lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(FeedError::Busy),
        Err(fs::TryLockError::Error(error)) => Err(error.into()),
    }
}

/// Removes everything that the index of the log at `path` holds, so that it is made anew; whether it could.
pub(crate) fn discard(path: &Path) -> bool {
    let folder = folder(path);
    manifest::remove_older(&folder);
    if !folder.is_dir() {
        return true;
    }
    match lock(&folder) {
        Ok(lock) => {
            let is_gone = discard_locked(&folder);
            let _ = lock.unlock();
            is_gone
        }
        Err(_) => false,
    }
}

fn discard_locked(folder: &Path) -> bool {
    Manifest::remove(folder);
    manifest::remove_parts(folder, &[])
}
