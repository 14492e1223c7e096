//! The terms that a row stands under in the index: its words, its signs, pairs of neighbours of both, and its fields.
//!
//! The first byte of a term says what it is of, so that a field can never be taken for a word.

use super::super::words::{Pattern, Words};
use crate::engine::event::BOOKKEEPING;

const WORD: u8 = b'w';
const SIGN: u8 = b's';
const PAIR: u8 = b'~';

/// Pairs are told apart by so many bits of a hash: a phrase is read to be sure, and this keeps what has to be read few.
const PAIR_BITS: u32 = 18;

/// A field of a row by which it is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Field {
    /// A person, account or nick, alone or behind `network/`; small letters.
    By = b'b' as isize,
    /// A change.
    Change = b'c' as isize,
    /// A kind of event.
    Kind = b'k' as isize,
    /// How it went.
    Outcome = b'o' as isize,
    /// A room, alone or behind `network/`; small letters.
    Room = b'r' as isize,
    /// Any occurrence of a window; small letters.
    Slot = b'l' as isize,
    /// An occurrence.
    Window = b'n' as isize,
    /// It is bookkeeping; no value.
    Bookkeeping = b'x' as isize,
}

/// The term of a field.
pub(crate) fn field(field: Field, value: &str) -> Vec<u8> {
    let mut term = Vec::with_capacity(1 + value.len());
    term.push(field as u8);
    term.extend(value.as_bytes());
    term
}

/// What a row is asked for by, beside its words.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Fields<'a> {
    pub(crate) network: &'a str,
    pub(crate) room: &'a str,
    pub(crate) actor: &'a str,
    pub(crate) account: &'a str,
    pub(crate) window: &'a str,
    pub(crate) change: Option<u32>,
    pub(crate) kind: &'a str,
    pub(crate) outcome: &'a str,
}

impl Fields<'_> {
    /// The terms; some may come twice.
    pub(crate) fn terms(&self) -> Vec<Vec<u8>> {
        let mut terms = Vec::with_capacity(10);
        let mut add = |of: Field, value: &str| {
            if !value.is_empty() {
                terms.push(field(of, &value.to_ascii_lowercase()));
            }
        };
        // `network/name` and `?nick` are asked for as they stand and by the bare name.
        add(Field::By, self.actor);
        let name = self.actor.split_once('/').map_or(self.actor, |(_, name)| name);
        let bare = name.trim_start_matches('?');
        if bare != self.actor {
            add(Field::By, bare);
        }
        if self.account != self.actor {
            add(Field::By, self.account);
        }
        if !self.account.is_empty() && !self.network.is_empty() {
            add(Field::By, &[self.network, "/", self.account].concat());
        }
        add(Field::Kind, self.kind);
        add(Field::Outcome, self.outcome);
        add(Field::Room, self.room);
        if let Some((_, room)) = self.room.split_once('/') {
            add(Field::Room, room);
        }
        if let Some((_, slot)) = self.window.split_once('/') {
            add(Field::Slot, slot);
        }
        if !self.window.is_empty() {
            terms.push(field(Field::Window, self.window));
        }
        if let Some(change) = self.change {
            terms.push(field(Field::Change, &change.to_string()));
        }
        if BOOKKEEPING.contains(&self.kind) {
            terms.push(field(Field::Bookkeeping, ""));
        }
        terms
    }
}

/// Calls `word` for each word and each sign of a text, and `pair` for each two neighbours.
pub(crate) fn of_text(words: &Words, mut word: impl FnMut(u8, &str), mut pair: impl FnMut(u32)) {
    let mut before: Option<&str> = None;
    for next in words.words.split_ascii_whitespace() {
        word(WORD, next);
        if let Some(before) = before.replace(next) {
            pair(pair_of(before, next));
        }
    }
    let mut before: Option<&str> = None;
    for (at, sign) in words.signs.char_indices() {
        let next = &words.signs[at..at + sign.len_utf8()];
        if sign == ' ' {
            before = None;
            continue;
        }
        word(SIGN, next);
        if let Some(before) = before.replace(next) {
            pair(pair_of(before, next));
        }
    }
}

/// The two as one number.
fn pair_of(one: &str, other: &str) -> u32 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in one.bytes().chain([b' ']).chain(other.bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    }
    ((hash ^ hash >> 32) as u32) & ((1 << PAIR_BITS) - 1)
}

/// The term of a pair.
pub(crate) fn pair(pair: u32) -> [u8; 4] {
    let [_, high, middle, low] = pair.to_be_bytes();
    [PAIR, high, middle, low]
}

/// The term of a word or a sign.
pub(crate) fn word(kind: u8, word: &str) -> Vec<u8> {
    let mut term = Vec::with_capacity(1 + word.len());
    term.push(kind);
    term.extend(word.as_bytes());
    term
}

/// A part of a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// As if it were the whole word.
    term: Vec<u8>,
    /// Something may stand before it in the word,
    before: bool,
    /// or behind it.
    behind: bool,
}

impl Part {
    /// What all terms that it can be a part of begin with.
    pub(crate) fn beginning(&self) -> &[u8] {
        if self.before { &self.term[..1] } else { &self.term }
    }

    /// Whether it is a part of each of the terms that begin like that, to be asked in their order: a term and how much of its
    /// beginning it shares with the one before it. What is shared is looked through once.
    pub(crate) fn finder(&self) -> impl FnMut(&[u8], usize) -> bool {
        let part = &self.term[1..];
        let mut ends = None;
        move |term, shared| match (self.before, self.behind) {
            (false, false) => term == self.term,
            (false, true) => true,
            (true, false) => term.ends_with(part),
            (true, true) => {
                if ends.is_none_or(|ends| ends > shared) {
                    let from = (shared + 1).saturating_sub(part.len()).max(1).min(term.len());
                    let found = term[from..].windows(part.len()).position(|piece| piece == part);
                    ends = found.map(|at| from + at + part.len());
                }
                ends.is_some()
            }
        }
    }
}

/// What a row that a pattern is in stands under.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sought {
    /// Under all of these.
    pub(crate) terms: Vec<Vec<u8>>,
    /// Under one at least that each of these is a part of.
    pub(crate) parts: Vec<Part>,
    /// No other row does.
    pub(crate) is_exact: bool,
}

impl Sought {
    pub(crate) fn new(pattern: &Pattern) -> Self {
        let mut sought = Self::default();
        let (words, before, behind) = match pattern {
            Pattern::Words(words) => {
                let (before, behind) = (!words.starts_with(' '), !words.ends_with(' '));
                (Words { words: words.clone(), signs: String::new() }, before, behind)
            }
            Pattern::Signs(signs) => (Words { words: String::new(), signs: signs.clone() }, false, false),
        };
        let mut pairs = Vec::new();
        of_text(&words, |kind, text| sought.terms.push(word(kind, text)), |number| pairs.push(number));
        sought.is_exact = sought.terms.len() == 1;
        // A word of which only a part is known is a pair with who knows what.
        if sought.is_exact && (before || behind) {
            sought.parts.extend(sought.terms.pop().map(|term| Part { term, before, behind }));
        } else {
            if behind {
                sought.parts.extend(sought.terms.pop().map(|term| Part { term, before: false, behind }));
                pairs.pop();
            }
            if before {
                sought.parts.push(Part { term: sought.terms.remove(0), before, behind: false });
                pairs.drain(..pairs.len().min(1));
            }
        }
        sought.terms.extend(pairs.into_iter().map(|number| pair(number).to_vec()));
        sought.terms.sort_unstable();
        sought.terms.dedup();
        sought
    }
}
