//! Logs of elsewhere, read: pages of a Server Admin Log in wikitext, the documents that stashbot keeps, and logs of IRC
//! channels with `!log` lines in them. Bytes in, entries out; nothing here is stored or trusted.

mod day;
mod entry;
mod irc;
mod lines;
mod markup;
mod stashbot;
mod wikitext;

use chrono_tz::Tz;

pub use crate::engine::event::Format;
use crate::engine::id::At;
pub use entry::{Bad, Entry, Import, Why, imports};

/// What is known of a file besides its bytes.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its own name, without folders: days, years and channels are read in it where the file does not say them.
    pub name: String,
    /// Whose log it is, where that was said.
    pub project: Option<String>,
    /// The zone of the clock in the logs of channels. A wiki and stashbot write UTC.
    pub zone: Tz,
    /// Now: nothing was logged later.
    pub now: At,
}

/// What a file holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Read {
    /// The entries, oldest first; those of one moment as they stand in the file.
    pub entries: Vec<Entry>,
    /// The first lines that should be entries and cannot be read.
    pub bad: Vec<Bad>,
    /// How many of them there are.
    pub bad_count: u64,
    /// How many lines, or documents, are nothing that could be an entry.
    pub others: u64,
    /// The first of them: which, from 1, and how it begins.
    pub first_other: Option<(u64, String)>,
    /// It is the log of a channel, in which somebody spoke and need not have logged anything.
    pub is_of_a_channel: bool,
}

/// So many bad lines are kept to be shown.
const SHOWN: usize = 5;

impl Read {
    fn refuse(&mut self, line: u64, why: Why, words: &str) {
        self.bad_count += 1;
        if self.bad.len() < SHOWN {
            self.bad.push(Bad { line, why, words: beginning(words) });
        }
    }

    fn pass_over(&mut self, line: u64, words: &str) {
        if words.trim().is_empty() {
            return;
        }
        self.others += 1;
        self.first_other.get_or_insert_with(|| (line, beginning(words)));
    }
}

/// So much of a line as tells which it is.
fn beginning(words: &str) -> String {
    words.chars().take(80).collect()
}

/// How a file is written, as far as its first lines tell.
pub fn detect(bytes: &[u8]) -> Option<Format> {
    let mut first = true;
    for line in lines::lines(bytes).take(1000).flatten() {
        let text = line.text.trim();
        if text.is_empty() {
            continue;
        }
        if first
            && (text.starts_with('{') && text.contains('"')
                || matches!(text, "{" | "[")
                || text.starts_with("[{"))
        {
            return Some(Format::Stashbot);
        }
        first = false;
        if wikitext::is_of_a_page(text) {
            return Some(Format::Wikitext);
        }
        if irc::is_of_a_channel(text) {
            return Some(Format::Irc);
        }
    }
    None
}

/// Reads a file.
pub fn read(bytes: &[u8], format: Format, source: &Source) -> Read {
    let mut read = match format {
        Format::Wikitext => wikitext::read(bytes, source),
        Format::Stashbot => stashbot::read(bytes, source),
        Format::Irc => irc::read(bytes, source),
    };
    // A page has the newest first, an export of documents any order. The log has them as they happened.
    if format == Format::Wikitext {
        read.entries.reverse();
    }
    read.entries.sort_by_key(|entry| entry.at);
    read
}
