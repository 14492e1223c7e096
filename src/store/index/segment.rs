//! A segment: the index of some rows that follow each other, in a file that is written once and never changed.
//!
//! Its terms are sorted, in pages of about 2 KiB; what each page begins with is kept in memory, so a term is one search
//! there and one read. With a term stand its rows, block by block: a few of them right there, more of them elsewhere in the
//! file. Behind the pages come the times of the rows, in chunks of which the earliest and the latest are kept in memory.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::bytes::{Bytes, damaged, put, put_signed};
use super::set::{MOST, Set};

/// A page ends as soon as it has so many bytes.
const PAGE: usize = 2048;

/// So many rows stand right behind their term.
const BESIDE: usize = 32;

/// So many rows share the earliest and the latest time.
pub(crate) const CHUNK: i64 = 1024;

const MAGIC: &[u8; 8] = b"swatidx1";

/// The rows of one block that stand under a term, as they are stored.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    /// The number of the block in the log.
    pub(crate) block: i64,
    pub(crate) count: usize,
    pub(crate) bytes: Vec<u8>,
}

impl Stored {
    pub(crate) fn new(block: i64, set: &Set) -> Self {
        let mut bytes = Vec::new();
        set.store(&mut bytes);
        Self { block, count: set.len(), bytes }
    }

    pub(crate) fn set(&self) -> Set {
        Set::read(&self.bytes, self.count)
    }
}

/// A term with all of its rows, the oldest block first.
pub(crate) type Posting = (Vec<u8>, Vec<Stored>);

/// Writes a segment, term by term.
pub(crate) struct Writer {
    file: BufWriter<File>,
    at: u64,
    first_block: i64,
    page: Vec<u8>,
    last_term: Vec<u8>,
    footer: Vec<u8>,
    pages: u64,
    body: Vec<u8>,
}

impl Writer {
    pub(crate) fn create(path: &Path, first_block: i64) -> io::Result<Self> {
        // What a killed feeder left under this name may be open somewhere.
        let _ = std::fs::remove_file(path);
        Ok(Self {
            file: BufWriter::with_capacity(1 << 18, File::create(path)?),
            at: 0,
            first_block,
            page: Vec::new(),
            last_term: Vec::new(),
            footer: Vec::new(),
            pages: 0,
            body: Vec::new(),
        })
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<u64> {
        let at = self.at;
        self.file.write_all(bytes)?;
        self.at += bytes.len() as u64;
        Ok(at)
    }

    /// Takes the next term; they come in their order.
    pub(crate) fn add(&mut self, term: &[u8], lists: &[Stored]) -> io::Result<()> {
        let mut body = std::mem::take(&mut self.body);
        body.clear();
        for list in lists {
            put(&mut body, (list.block - self.first_block) as u64);
            put(&mut body, list.count as u64 - 1);
            if list.count <= BESIDE {
                body.extend(&list.bytes);
            } else {
                let place = self.write(&list.bytes)?;
                put(&mut body, place);
            }
        }
        if self.page.is_empty() {
            self.last_term.clear();
            put(&mut self.footer, term.len() as u64);
            self.footer.extend(term);
        }
        let shared = self.last_term.iter().zip(term).take_while(|(one, other)| one == other).count();
        put(&mut self.page, shared as u64);
        put(&mut self.page, (term.len() - shared) as u64);
        put(&mut self.page, body.len() as u64);
        self.page.extend(&term[shared..]);
        self.page.extend(&body);
        self.last_term.clear();
        self.last_term.extend(term);
        self.body = body;
        if self.page.len() >= PAGE { self.end_page() } else { Ok(()) }
    }

    fn end_page(&mut self) -> io::Result<()> {
        if self.page.is_empty() {
            return Ok(());
        }
        let page = std::mem::take(&mut self.page);
        let at = self.write(&page)?;
        put(&mut self.footer, at);
        put(&mut self.footer, page.len() as u64);
        self.pages += 1;
        self.page = page;
        self.page.clear();
        Ok(())
    }

    /// Ends the file with the times of its rows in milliseconds, of which the first is of the row `first`. With `sync` it
    /// waits until the file is on the disk.
    pub(crate) fn finish(mut self, first: i64, times: &[i64], sync: bool) -> io::Result<()> {
        self.end_page()?;
        let pages = std::mem::take(&mut self.footer);
        let mut footer = Vec::with_capacity(pages.len() + 64);
        put_signed(&mut footer, first);
        put(&mut footer, times.len() as u64);
        put_signed(&mut footer, self.first_block);
        put(&mut footer, self.pages);
        footer.extend(pages);
        let mut rest = times;
        while !rest.is_empty() {
            let row = first + (times.len() - rest.len()) as i64;
            let (chunk, more) = rest.split_at(rest.len().min(chunk_rest(row)));
            rest = more;
            let mut bytes = Vec::new();
            let mut before = chunk[0];
            for time in chunk {
                put_signed(&mut bytes, time.wrapping_sub(before));
                before = *time;
            }
            let at = self.write(&bytes)?;
            put(&mut footer, at);
            put(&mut footer, bytes.len() as u64);
            put_signed(&mut footer, chunk[0]);
            put_signed(&mut footer, chunk.iter().copied().min().unwrap_or_default());
            put_signed(&mut footer, chunk.iter().copied().max().unwrap_or_default());
        }
        let at = self.write(&footer)?;
        let mut end = at.to_le_bytes().to_vec();
        end.extend(sum(&footer).to_le_bytes());
        end.extend(MAGIC);
        self.write(&end)?;
        let file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        if sync { file.sync_data() } else { Ok(()) }
    }
}

/// How many rows the chunk has from this row on.
fn chunk_rest(row: i64) -> usize {
    (CHUNK - (row - 1).rem_euclid(CHUNK)) as usize
}

/// Tells a footer from bytes that are none.
fn sum(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}

/// Rows with the earliest and the latest of their times.
#[derive(Debug)]
pub(crate) struct Chunk {
    pub(crate) first: i64,
    pub(crate) rows: usize,
    pub(crate) earliest: i64,
    pub(crate) latest: i64,
    begin: i64,
    at: u64,
    len: usize,
}

/// The rows of one block that stand under a term, and where they are.
#[derive(Clone, Debug)]
pub(crate) struct List {
    pub(crate) block: i64,
    pub(crate) count: usize,
    place: Place,
}

#[derive(Clone, Debug)]
enum Place {
    Here(Vec<u8>),
    At(u64),
}

/// A segment that is open for reading.
#[derive(Debug)]
pub(crate) struct Segment {
    file: File,
    pub(crate) first: i64,
    pub(crate) rows: usize,
    first_block: i64,
    /// What the pages begin with, one behind the other.
    heads: Vec<u8>,
    pages: Vec<Page>,
    pub(crate) chunks: Vec<Chunk>,
    pub(crate) earliest: i64,
    pub(crate) latest: i64,
}

#[derive(Debug)]
struct Page {
    head_end: u32,
    len: u32,
    at: u64,
}

impl Segment {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let len = file.metadata()?.len();
        let mut end = [0; 24];
        let end_at = len.checked_sub(24).ok_or_else(damaged)?;
        file.read_exact_at(&mut end, end_at)?;
        let number = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().unwrap_or_default());
        let (at, said) = (number(&end[..8]), number(&end[8..16]));
        if &end[16..] != MAGIC || at > end_at {
            return Err(damaged());
        }
        let mut footer = vec![0; (end_at - at) as usize];
        file.read_exact_at(&mut footer, at)?;
        if sum(&footer) != said {
            return Err(damaged());
        }
        let mut bytes = Bytes(&footer);
        let first = bytes.signed()?;
        let rows = bytes.size()?;
        let first_block = bytes.signed()?;
        let count = bytes.size()?;
        let mut heads = Vec::new();
        let mut pages = Vec::new();
        for _ in 0..count {
            let len = bytes.size()?;
            heads.extend(bytes.take(len)?);
            let at = bytes.number()?;
            let len = u32::try_from(bytes.number()?).map_err(|_| damaged())?;
            pages.push(Page { head_end: heads.len() as u32, len, at });
        }
        heads.shrink_to_fit();
        pages.shrink_to_fit();
        let mut chunks = Vec::new();
        let mut row = first;
        while !bytes.is_empty() {
            let at = bytes.number()?;
            let len = bytes.size()?;
            let begin = bytes.signed()?;
            let (earliest, latest) = (bytes.signed()?, bytes.signed()?);
            let left = (first + rows as i64 - row).max(0) as usize;
            let rows = left.min(chunk_rest(row));
            chunks.push(Chunk { first: row, rows, earliest, latest, begin, at, len });
            row += rows as i64;
        }
        if row != first + rows as i64 || rows == 0 {
            return Err(damaged());
        }
        let earliest = chunks.iter().map(|chunk| chunk.earliest).min().unwrap_or_default();
        let latest = chunks.iter().map(|chunk| chunk.latest).max().unwrap_or_default();
        Ok(Self { file, first, rows, first_block, heads, pages, chunks, earliest, latest })
    }

    /// The file, to tell it from others.
    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    fn head(&self, page: usize) -> &[u8] {
        let begin = if page == 0 { 0 } else { self.pages[page - 1].head_end as usize };
        &self.heads[begin..self.pages[page].head_end as usize]
    }

    /// The last page that begins with this term or one before it.
    fn page_of(&self, term: &[u8]) -> usize {
        let (mut low, mut high) = (0, self.pages.len());
        while low < high {
            let middle = low.midpoint(high);
            if self.head(middle) <= term { low = middle + 1 } else { high = middle }
        }
        low.saturating_sub(1)
    }

    fn read(&self, page: &Page, into: &mut Vec<u8>) -> io::Result<()> {
        into.resize(page.len as usize, 0);
        self.file.read_exact_at(into, page.at)
    }

    /// The rows of a term, the oldest block first; none where it is in no row.
    pub(crate) fn find(&self, term: &[u8]) -> io::Result<Vec<List>> {
        let mut lists = Vec::new();
        self.visit(term, |found, _, body| {
            if found == term {
                lists = self.lists(body)?;
            }
            Ok(found < term)
        })?;
        Ok(lists)
    }

    /// The rows of all terms that begin like this and are meant, term by term. `is_meant` is told how much of the beginning
    /// of the term is that of the one before it.
    pub(crate) fn find_all(
        &self,
        beginning: &[u8],
        mut is_meant: impl FnMut(&[u8], usize) -> bool,
    ) -> io::Result<Vec<List>> {
        let mut lists = Vec::new();
        self.visit(beginning, |found, shared, body| {
            let is_near = found.starts_with(beginning);
            if is_near && is_meant(found, shared) {
                lists.extend(self.lists(body)?);
            }
            Ok(is_near || found < beginning)
        })?;
        Ok(lists)
    }

    /// Visits the terms from the page of this one on, until `each` has had enough.
    fn visit(
        &self,
        from: &[u8],
        mut each: impl FnMut(&[u8], usize, &[u8]) -> io::Result<bool>,
    ) -> io::Result<()> {
        let mut bytes = Vec::new();
        let mut term = Vec::new();
        for page in &self.pages[self.page_of(from).min(self.pages.len())..] {
            self.read(page, &mut bytes)?;
            let mut left = Bytes(&bytes);
            term.clear();
            while !left.is_empty() {
                let (shared, body) = next_entry(&mut left, &mut term)?;
                if !each(&term, shared, body)? {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn lists(&self, body: &[u8]) -> io::Result<Vec<List>> {
        let mut left = Bytes(body);
        let mut lists = Vec::new();
        while !left.is_empty() {
            let block = self.first_block + left.size()? as i64;
            let count = left.size()? + 1;
            if count > MOST {
                return Err(damaged());
            }
            let place = if count <= BESIDE {
                Place::Here(left.take(2 * count)?.to_vec())
            } else {
                Place::At(left.number()?)
            };
            lists.push(List { block, count, place });
        }
        Ok(lists)
    }

    fn stored(&self, list: &List) -> io::Result<Stored> {
        let bytes = match &list.place {
            Place::Here(bytes) => bytes.clone(),
            Place::At(at) => {
                let mut bytes = vec![0; Set::stored_len(list.count)];
                self.file.read_exact_at(&mut bytes, *at)?;
                bytes
            }
        };
        Ok(Stored { block: list.block, count: list.count, bytes })
    }

    /// The rows of a list.
    pub(crate) fn set(&self, list: &List) -> io::Result<Set> {
        Ok(match &list.place {
            Place::Here(bytes) => Set::read(bytes, list.count),
            Place::At(_) => self.stored(list)?.set(),
        })
    }

    /// The times of a chunk.
    pub(crate) fn times_of(&self, chunk: &Chunk) -> io::Result<Vec<i64>> {
        let mut bytes = vec![0; chunk.len];
        self.file.read_exact_at(&mut bytes, chunk.at)?;
        let mut left = Bytes(&bytes);
        let mut time = chunk.begin;
        (0..chunk.rows)
            .map(|_| {
                time = time.wrapping_add(left.signed()?);
                Ok(time)
            })
            .collect()
    }

    /// The times of all its rows.
    pub(crate) fn times(&self) -> io::Result<Vec<i64>> {
        let mut times = Vec::with_capacity(self.rows);
        for chunk in &self.chunks {
            times.extend(self.times_of(chunk)?);
        }
        Ok(times)
    }

    /// All terms with their rows, in their order.
    pub(crate) fn postings(&self) -> impl Iterator<Item = io::Result<Posting>> + '_ {
        let (mut page, mut bytes, mut at, mut term) = (0, Vec::new(), 0, Vec::new());
        std::iter::from_fn(move || {
            let mut next = || -> io::Result<Option<Posting>> {
                if at >= bytes.len() {
                    let Some(next) = self.pages.get(page) else { return Ok(None) };
                    self.read(next, &mut bytes)?;
                    (page, at) = (page + 1, 0);
                    term.clear();
                }
                let mut left = Bytes(&bytes[at..]);
                let (_, body) = next_entry(&mut left, &mut term)?;
                let lists = self.lists(body)?;
                at = bytes.len() - left.0.len();
                let lists = lists.iter().map(|list| self.stored(list)).collect::<io::Result<_>>()?;
                Ok(Some((term.clone(), lists)))
            };
            next().transpose()
        })
    }
}

/// Reads the next entry of a page: the term takes the place of the one before it, and how much it shares with that and what
/// is behind it are given back.
fn next_entry<'a>(left: &mut Bytes<'a>, term: &mut Vec<u8>) -> io::Result<(usize, &'a [u8])> {
    let shared = left.size()?;
    let more = left.size()?;
    let len = left.size()?;
    if shared > term.len() {
        return Err(damaged());
    }
    term.truncate(shared);
    term.extend(left.take(more)?);
    Ok((shared, left.take(len)?))
}
