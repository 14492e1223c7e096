//! What a question finds, the newest first: among the newest rows one by one, and block by block in the index below them.

use std::io;

use rusqlite::{Connection, OptionalExtension};

use super::error::StoreError;
use super::index::{Index, List, Segment, Set};
use super::question::{Find, Question, Seen};
use super::words::Words;
use crate::engine::log::Total;

/// After so many rows nobody counts on, unless nothing else was asked for.
const COUNTED: u64 = 10_000;

/// The same where each row has to be read to be counted.
const COUNTED_BY_READING: u64 = 100;

/// The same where nothing but the number was asked for.
const COUNTED_ALONE_BY_READING: u64 = 1_000;

/// So many rows are read in vain for a count, once there are as many as are shown.
const READ_IN_VAIN: u32 = 5_000;

/// Why a search ended early.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The index cannot be used: nothing that was found counts.
    Index,
    /// The log cannot be read.
    Log(StoreError),
}

impl From<io::Error> for Trouble {
    fn from(_: io::Error) -> Self {
        Self::Index
    }
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        Self::Log(error.into())
    }
}

/// The rows that were found so far.
pub(super) struct Hits<'a> {
    question: &'a Question,
    /// So many rows are wanted.
    want: usize,
    /// When more than these are counted, that is enough.
    enough: u64,
    /// The newest first.
    pub(super) rows: Vec<i64>,
    counted: u64,
    in_vain: u32,
    is_cut: bool,
    words: Words,
}

impl<'a> Hits<'a> {
    /// Nothing yet; `want` rows are wanted, and where it is `None` all. `is_count` is for who asks for the number alone.
    pub(super) fn new(question: &'a Question, want: Option<usize>, is_count: bool) -> Self {
        let shown = if is_count { Some(0) } else { want };
        let want = shown.unwrap_or(usize::MAX);
        let enough = match (question.is_to_be_read, is_count) {
            (false, true) => u64::MAX,
            (true, true) => COUNTED_ALONE_BY_READING,
            (true, false) => COUNTED_BY_READING,
            (false, false) => COUNTED,
        };
        let enough = enough.max(want as u64);
        let words = Words::default();
        Self { question, want, enough, rows: Vec::new(), counted: 0, in_vain: 0, is_cut: false, words }
    }

    pub(super) fn total(&self) -> Total {
        if self.is_cut { Total::MoreThan(self.counted - 1) } else { Total::Exactly(self.counted) }
    }

    /// Whether it is known what there is to know.
    pub(super) fn is_done(&self) -> bool {
        self.is_cut
    }

    fn has_all_rows(&self) -> bool {
        self.rows.len() >= self.want
    }

    fn take(&mut self, row: i64) {
        if !self.has_all_rows() {
            self.rows.push(row);
        }
        self.counted += 1;
        self.in_vain = 0;
        self.look_whether_enough();
    }

    fn look_whether_enough(&mut self) {
        if self.has_all_rows() && self.counted > self.enough {
            self.counted = self.enough + 1;
            self.is_cut = true;
        }
    }

    /// Looks at one row.
    pub(super) fn look_at(&mut self, row: &Seen) {
        if self.question.means(row) {
            self.take(row.seq);
        }
    }

    /// Looks through the whole index.
    pub(super) fn look_in(&mut self, index: &Index, log: &Connection) -> Result<(), Trouble> {
        let is_slow = self.question.must.iter().any(|find| matches!(find, Find::Part(_)));
        for segment in index.segments.iter().rev() {
            if is_slow {
                // A part of words is looked for among many words, segment by segment: no exact number is worth that.
                self.look_whether_enough();
            }
            if self.is_done() {
                break;
            }
            self.look_in_segment(segment, index.block, log)?;
        }
        Ok(())
    }

    fn look_in_segment(&mut self, segment: &Segment, size: i64, log: &Connection) -> Result<(), Trouble> {
        let question = self.question;
        let end = segment.first + segment.rows as i64;
        let is_outside = question.end <= segment.first
            || end <= question.first
            || segment.latest < question.since
            || question.until < segment.earliest;
        if is_outside {
            return Ok(());
        }
        let Some(must) = found(segment, &question.must)? else { return Ok(()) };
        let not: Vec<Under> =
            question.not.iter().map(|find| Under::find(segment, find)).collect::<io::Result<_>>()?;
        for block in ((segment.first - 1) / size..=(end - 2) / size).rev() {
            let begin = block * size + 1;
            let (first, last) = (segment.first.max(begin), (end - 1).min(begin + size - 1));
            let (low, high) = (first.max(question.first), last.min(question.end.saturating_sub(1)));
            if low > high || must.iter().any(|under| !under.has(block)) {
                continue;
            }
            let Some(times) = in_time(segment, question, begin, low, high)? else { continue };
            let is_whole = (low, high) == (first, last) && times.is_none();
            if is_whole
                && !question.is_to_be_read
                && self.has_all_rows()
                && must.len() + not.len() <= 1
                && let Some(without) = not.first().map_or(Some(0), |under| under.count(block))
                && let Some(with) =
                    must.first().map_or(Some((last - first + 1) as usize), |under| under.count(block))
            {
                self.counted += (with - without.min(with)) as u64;
                continue;
            }
            let place = |row: i64| (row - begin) as usize;
            let mut set = match times {
                Some(times) => times,
                None if must.is_empty() || !is_whole => Set::range(place(low), place(high) + 1),
                None => Set::range(0, 0),
            };
            let mut sets: Vec<&Under> = must.iter().collect();
            sets.sort_by_key(|under| under.most(block));
            for (nth, under) in sets.into_iter().enumerate() {
                let Some(under) = under.set(segment, block)? else { continue };
                set = if nth == 0 && is_whole { under } else { under.and(&set) };
                if set.is_empty() {
                    break;
                }
            }
            for under in &not {
                if let Some(under) = under.set(segment, block)? {
                    set = set.minus(&under);
                }
            }
            self.take_all(&set, begin, log)?;
            if self.is_done() {
                return Ok(());
            }
        }
        Ok(())
    }

    fn take_all(&mut self, set: &Set, begin: i64, log: &Connection) -> Result<(), Trouble> {
        if !self.question.is_to_be_read {
            let missing = self.want - self.rows.len();
            self.rows.extend(set.descending().take(missing).map(|place| begin + i64::from(place)));
            self.counted += set.len() as u64;
            self.look_whether_enough();
            return Ok(());
        }
        let mut statement = log.prepare_cached("SELECT text FROM event WHERE seq = ?1")?;
        for place in set.descending() {
            let row = begin + i64::from(place);
            let mut words = std::mem::take(&mut self.words);
            let read = statement
                .query_row([row], |row| {
                    words.cut(row.get_ref(0)?.as_str().unwrap_or_default());
                    Ok(())
                })
                .optional()?;
            let is_meant = read.is_some() && self.question.has_words(&words);
            self.words = words;
            if is_meant {
                self.take(row);
            } else if self.has_all_rows() && self.counted > 0 {
                self.in_vain += 1;
                self.is_cut = self.in_vain > READ_IN_VAIN;
            }
            if self.is_done() {
                break;
            }
        }
        Ok(())
    }
}

/// The rows of a segment that one thing finds: for a word a list in each block, for a part of words several.
struct Under(Vec<List>);

impl Under {
    fn find(segment: &Segment, find: &Find) -> io::Result<Self> {
        let lists = match find {
            Find::Term(term) => segment.find(term)?,
            Find::Part(part) => {
                let mut lists = segment.find_all(part.beginning(), part.finder())?;
                lists.sort_by_key(|list| list.block);
                lists
            }
        };
        Ok(Self(lists))
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn lists(&self, block: i64) -> &[List] {
        let first = self.0.partition_point(|list| list.block < block);
        let rest = &self.0[first..];
        &rest[..rest.partition_point(|list| list.block == block)]
    }

    fn has(&self, block: i64) -> bool {
        !self.lists(block).is_empty()
    }

    /// How many there are at the most: a row may stand in more than one list.
    fn most(&self, block: i64) -> usize {
        self.lists(block).iter().map(|list| list.count).sum()
    }

    /// How many there are, where no list has to be read to know it.
    fn count(&self, block: i64) -> Option<usize> {
        (self.lists(block).len() < 2).then(|| self.most(block))
    }

    fn set(&self, segment: &Segment, block: i64) -> io::Result<Option<Set>> {
        let mut sets = self.lists(block).iter().map(|list| segment.set(list));
        let Some(first) = sets.next() else { return Ok(None) };
        sets.try_fold(first?, |all, set| Ok(all.or(&set?))).map(Some)
    }
}

/// What all of these find; `None` where one of them finds nothing.
fn found(segment: &Segment, finds: &[Find]) -> io::Result<Option<Vec<Under>>> {
    let mut found = Vec::with_capacity(finds.len());
    for find in finds {
        let under = Under::find(segment, find)?;
        if under.is_empty() {
            return Ok(None);
        }
        found.push(under);
    }
    Ok(Some(found))
}

/// The rows from `low` to `high` of the block that begins with `begin` whose times are asked for: `None` where none is,
/// nothing in it where all are.
#[expect(clippy::option_option, reason = "none, all and some of the rows are three things")]
fn in_time(
    segment: &Segment,
    question: &Question,
    begin: i64,
    low: i64,
    high: i64,
) -> io::Result<Option<Option<Set>>> {
    let is_in = |time: i64| question.since <= time && time <= question.until;
    if is_in(segment.earliest) && is_in(segment.latest) {
        return Ok(Some(None));
    }
    let chunks = &segment.chunks;
    let from = chunks.partition_point(|chunk| chunk.first + (chunk.rows as i64) <= low);
    let chunks = chunks[from..].iter().take_while(|chunk| chunk.first <= high);
    let mut set = Set::range(0, 0);
    let (mut is_all, mut is_none) = (true, true);
    for chunk in chunks {
        if chunk.latest < question.since || question.until < chunk.earliest {
            is_all = false;
            continue;
        }
        is_none = false;
        let place = |row: i64| (row - begin) as usize;
        if is_in(chunk.earliest) && is_in(chunk.latest) {
            let (first, last) = (chunk.first.max(low), (chunk.first + chunk.rows as i64 - 1).min(high));
            set = set.or(&Set::range(place(first), place(last) + 1));
            continue;
        }
        is_all = false;
        let rows = (chunk.first..).zip(segment.times_of(chunk)?);
        let rows = rows.filter(|(row, time)| (low..=high).contains(row) && is_in(*time));
        set = set.or(&Set::Few(rows.map(|(row, _)| place(row) as u16).collect()));
    }
    Ok(match (is_none, is_all) {
        (true, _) => None,
        (_, true) => Some(None),
        _ => Some(Some(set)),
    })
}
