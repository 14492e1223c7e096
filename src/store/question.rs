//! A question, made ready: what a row must stand under, what it must not, and what its text is read for.

use super::index::{Field, Fields, Part, Sought, field};
use super::words::{Pattern, Words};
use crate::engine::id::At;
use crate::engine::log::{InWindow, Query, TermText};

/// A row as questions see it.
pub(super) struct Seen {
    pub(super) seq: i64,
    time: i64,
    fields: Vec<Vec<u8>>,
    words: Words,
}

impl Seen {
    pub(super) fn new(seq: i64, time: i64, fields: &Fields<'_>, text: &str) -> Self {
        Self { seq, time, fields: fields.terms(), words: Words::new(text) }
    }
}

/// Something that a row is found by in the index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Find {
    /// It.
    Term(Vec<u8>),
    /// Any term of which this is a part.
    Part(Part),
}

/// A question that rows are held to.
#[derive(Debug, Default)]
pub(super) struct Question {
    fields: Vec<Vec<u8>>,
    fields_without: Vec<Vec<u8>>,
    with: Vec<Pattern>,
    without: Vec<Pattern>,
    /// Rows from this one on,
    pub(super) first: i64,
    /// up to and not with this one,
    pub(super) end: i64,
    /// with times in milliseconds from this one on,
    pub(super) since: i64,
    /// up to and with this one.
    pub(super) until: i64,
    /// Every row that is meant is found by all of these,
    pub(super) must: Vec<Find>,
    /// and by none of these.
    pub(super) not: Vec<Find>,
    /// What is found by that need not be meant: its text has to be read.
    pub(super) is_to_be_read: bool,
}

impl Question {
    pub(super) fn new(query: &Query) -> Self {
        let mut question = Self { end: i64::MAX, since: i64::MIN, until: i64::MAX, ..Self::default() };
        let Query {
            by, change, task, window, room, kind, outcome, since, until, terms, show, before, ..
        } = query;
        let mut fields = Vec::new();
        let mut add = |of: Field, value: String| fields.push(field(of, &value));
        if let Some(by) = by {
            add(Field::By, by.to_ascii_lowercase());
        }
        if let Some(change) = change {
            add(Field::Change, change.0.to_string());
        }
        match window {
            Some(InWindow::Any(id)) => add(Field::Slot, id.to_ascii_lowercase()),
            Some(InWindow::Occurrence(id)) => add(Field::Window, id.to_string()),
            None => {}
        }
        if let Some(room) = room {
            add(Field::Room, room.to_ascii_lowercase());
        }
        if let Some(kind) = kind {
            add(Field::Kind, kind.to_ascii_lowercase());
        }
        if let Some(outcome) = outcome {
            add(Field::Outcome, outcome.to_ascii_lowercase());
        }
        question.fields = fields;
        // What is asked for by a word is found wherever it stands: a task is often named in what was asked for alone.
        let by_words = task.is_some() || terms.iter().any(|term| !term.not);
        if kind.is_none() && show.is_none() && !by_words {
            question.fields_without.push(field(Field::Bookkeeping, ""));
        }
        if let Some(task) = task {
            question.with.extend(Pattern::new(task));
        }
        for term in terms {
            let patterns = match &term.text {
                TermText::Word(text) | TermText::Phrase(text) => Pattern::new(text),
                TermText::Part { text, before, behind } => Pattern::part(text, *before, *behind),
            };
            if term.not { &mut question.without } else { &mut question.with }.extend(patterns);
        }
        let millis = |at: &At| at.timestamp_millis();
        question.since = since.as_ref().map_or(i64::MIN, millis);
        question.until = until.as_ref().map_or(i64::MAX, millis);
        if let Some(row) = before {
            question.end = row.0;
        }
        if let Some(row) = show {
            question.first = row.0;
            question.end = question.end.min(row.0.saturating_add(1));
        }
        question.seek();
        question
    }

    /// What of it the index is asked.
    fn seek(&mut self) {
        self.must = self.fields.iter().cloned().map(Find::Term).collect();
        self.not = self.fields_without.iter().cloned().map(Find::Term).collect();
        for pattern in &self.with {
            let sought = Sought::new(pattern);
            self.is_to_be_read |= !sought.is_exact;
            self.must.extend(found_by(sought));
        }
        for pattern in &self.without {
            let sought = Sought::new(pattern);
            if sought.is_exact {
                self.not.extend(found_by(sought));
            } else {
                self.is_to_be_read = true;
            }
        }
        for finds in [&mut self.must, &mut self.not] {
            let mut seen: Vec<Find> = Vec::new();
            finds.retain(|find| {
                let is_new = !seen.contains(find);
                seen.push(find.clone());
                is_new
            });
        }
    }

    /// Whether this row is meant.
    pub(super) fn means(&self, row: &Seen) -> bool {
        self.first <= row.seq
            && row.seq < self.end
            && self.since <= row.time
            && row.time <= self.until
            && self.fields.iter().all(|field| row.fields.contains(field))
            && !self.fields_without.iter().any(|field| row.fields.contains(field))
            && self.has_words(&row.words)
    }

    /// Whether the text of a row is as it must be.
    pub(super) fn has_words(&self, words: &Words) -> bool {
        self.with.iter().all(|pattern| pattern.is_in(words))
            && !self.without.iter().any(|pattern| pattern.is_in(words))
    }
}

fn found_by(sought: Sought) -> impl Iterator<Item = Find> {
    sought.terms.into_iter().map(Find::Term).chain(sought.parts.into_iter().map(Find::Part))
}
