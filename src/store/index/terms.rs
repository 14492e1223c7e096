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

/// What a row that a pattern is in stands under.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sought {
    /// Under all of these.
    pub(crate) terms: Vec<Vec<u8>>,
    /// Under one at least that begins like this.
    pub(crate) prefix: Option<Vec<u8>>,
    /// No other row does.
    pub(crate) is_exact: bool,
}

impl Sought {
    pub(crate) fn new(pattern: &Pattern) -> Self {
        let mut sought = Self::default();
        let (words, open) = match pattern {
            Pattern::Words(words) => {
                (Words { words: words.clone(), signs: String::new() }, !words.ends_with(' '))
            }
            Pattern::Signs(signs) => (Words { words: String::new(), signs: signs.clone() }, false),
        };
        let mut pairs = Vec::new();
        of_text(&words, |kind, text| sought.terms.push(word(kind, text)), |number| pairs.push(number));
        if open {
            // The last word may go on, so what it is a pair with is not known.
            sought.prefix = sought.terms.pop();
            pairs.pop();
        }
        sought.is_exact = sought.terms.len() + usize::from(open) == 1;
        sought.terms.extend(pairs.into_iter().map(|number| pair(number).to_vec()));
        sought.terms.sort_unstable();
        sought.terms.dedup();
        sought
    }
}
