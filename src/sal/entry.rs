//! One entry of another log, and what is stored of it: a row that says where it comes from, and a key that is the same
//! whenever it is read again.

use std::fmt;

use chrono::Datelike;
use sha2::{Digest, Sha256};

use super::Source;
use crate::engine::event::{Author, Event, Format, IMPORTED, Origin, Record, Went};
use crate::engine::id::{At, ChangeNumber, RoomId, Who};

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When, as it says.
    pub at: At,
    /// Who, as it says; may be empty.
    pub nick: String,
    /// The sentence.
    pub text: String,
    /// The entry as it stands, where the sentence is not the same.
    pub words: Option<String>,
    /// The line, or the number of the document, from 1.
    pub line: u64,
    /// The channel.
    pub channel: Option<String>,
    /// Whose log it is, where the entry says so.
    pub project: Option<String>,
    /// It was read as Latin-1.
    pub latin1: bool,
}

/// A line that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bad {
    /// Which, from 1.
    pub line: u64,
    /// Why.
    pub why: Why,
    /// How it begins.
    pub words: String,
}

/// Why a line cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It is longer than any entry.
    Long,
    /// It has no time of day, or one that there is not.
    NoTime,
    /// Neither it nor what stands above it has a day that there is.
    NoDay,
    /// The day has no year, and neither has the page or its name.
    NoYear,
    /// It is from before there were such logs, or from after now.
    NotThen,
    /// The clock of its zone was put forward over it.
    NeverWas,
    /// It says nothing.
    Empty,
    /// It is no JSON, or no document.
    NotADocument,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Long => "longer than 64 KiB",
            Self::NoTime => "no time of day",
            Self::NoDay => "no day",
            Self::NoYear => "a day without a year",
            Self::NotThen => "before 1988 or in the future",
            Self::NeverWas => "a time that its zone never had",
            Self::Empty => "nothing said",
            Self::NotADocument => "not a document with message and @timestamp",
        })
    }
}

/// The year in which there first was IRC.
const FIRST_YEAR: i32 = 1988;

/// Whether something can have been logged then.
pub(super) fn is_possible(at: At, now: At) -> bool {
    // Clocks differ by some minutes, and pages are of days.
    at.year() >= FIRST_YEAR && at <= now + chrono::TimeDelta::days(1)
}

/// What is stored of an entry.
#[derive(Clone, Debug, PartialEq)]
pub struct Import {
    /// The row.
    pub record: Record,
    /// What tells it from all others, however often and from wherever it is read.
    pub key: String,
}

/// The rows of entries that were read together, oldest first.
///
/// The key is made of the moment, who, what, of whom and how it was written, and of how many like it came before: two
/// equal entries of one minute are two, and the same page read twice is one.
pub fn imports<'a>(
    entries: impl IntoIterator<Item = Entry> + 'a,
    format: Format,
    source: &'a Source,
) -> impl Iterator<Item = Import> + 'a {
    let mut moment: Option<(At, Vec<[u8; 32]>)> = None;
    entries.into_iter().map(move |entry| {
        let project = entry.project.clone().or_else(|| source.project.clone());
        let digest = digest(&entry, project.as_deref(), format);
        let (_, same) = match &mut moment {
            Some(moment) if moment.0 == entry.at => moment,
            other => other.insert((entry.at, Vec::new())),
        };
        let before = same.iter().filter(|other| **other == digest).count();
        same.push(digest);
        let mut key = entry.at.format("%Y%m%d%H%M%S%3f ").to_string();
        for byte in &digest[..12] {
            key.push_str(&format!("{byte:02x}"));
        }
        if before > 0 {
            key.push_str(&format!(" {before}"));
        }
        Import { record: record(entry, project, format, source), key }
    })
}

fn digest(entry: &Entry, project: Option<&str>, format: Format) -> [u8; 32] {
    let mut hash = Sha256::new();
    let channel = entry.channel.as_deref();
    for field in [Some(format.word()), project, channel, Some(&entry.nick), Some(&entry.text)] {
        // None and a field of no letters are not the same.
        let field = field.map(str::as_bytes);
        hash.update((field.map_or(0, |field| field.len() as u64 + 1)).to_be_bytes());
        hash.update(field.unwrap_or_default());
    }
    hash.finalize().into()
}

fn record(entry: Entry, project: Option<String>, format: Format, source: &Source) -> Record {
    // The person behind `alice@deploy1001`: whoever asks for alice wants what was done by her hand on that host too.
    let person = entry.nick.split('@').next().unwrap_or_default().replace(char::is_whitespace, "_");
    let who = if person.is_empty() { IMPORTED.to_owned() } else { format!("{IMPORTED}/{person}") };
    let change = the_change(entry.words.as_deref().unwrap_or(&entry.text));
    let from = Origin {
        source: source.name.clone(),
        format,
        line: entry.line,
        nick: entry.nick,
        project,
        words: entry.words,
        latin1: entry.latin1,
    };
    Record {
        at: entry.at,
        by: Author {
            network: Some(IMPORTED.to_owned()),
            room: entry.channel.map(|channel| RoomId(format!("{IMPORTED}/{channel}"))),
            who: Who(who),
            account: None,
        },
        window: None,
        change,
        outcome: Went::Ok,
        text: entry.text,
        event: Event::Imported { from: Box::new(from) },
    }
}

/// The change that an entry names as `gerrit:4`, where it names no other.
fn the_change(text: &str) -> Option<ChangeNumber> {
    let mut found = None;
    for (start, _) in text.match_indices([':', '|']) {
        let before = text[..start].as_bytes();
        let named = before.len() >= 6 && before[before.len() - 6..].eq_ignore_ascii_case(b"gerrit");
        let rest = &text[start + 1..];
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        match ChangeNumber::parse(&rest[..digits]).filter(|_| named) {
            Some(change) if found.is_some_and(|other| other != change) => return None,
            Some(change) => found = Some(change),
            None => {}
        }
    }
    found
}
