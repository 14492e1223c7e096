//! The newest rows on their way into the index: what stands under which term, in memory, for one block at the most.

use std::collections::HashMap;

use super::super::words::Words;
use super::segment::{Posting, Stored};
use super::set::Set;
use super::terms::{self, Fields};

/// Rows that follow each other in one block.
#[derive(Default)]
pub(crate) struct Block {
    terms: HashMap<Box<[u8]>, Vec<u16>>,
    /// A pair and a row in one number, so that they sort fast.
    pairs: Vec<u64>,
    pub(crate) times: Vec<i64>,
    words: Words,
    term: Vec<u8>,
}

impl Block {
    /// Takes the next row, which has the place `at` in its block.
    pub(crate) fn add(&mut self, at: u16, time: i64, fields: &Fields<'_>, text: &str) {
        let Self { terms, pairs, times, words, term } = self;
        times.push(time);
        words.cut(text);
        terms::of_text(
            words,
            |kind, word| {
                term.clear();
                term.push(kind);
                term.extend(word.as_bytes());
                under(terms, term, at);
            },
            |pair| pairs.push(u64::from(pair) << 16 | u64::from(at)),
        );
        for field in fields.terms() {
            under(terms, &field, at);
        }
    }

    /// All terms with their rows, in their order; `number` is that of the block.
    pub(crate) fn into_postings(self, number: i64) -> impl Iterator<Item = Posting> {
        let mut terms: Vec<(Vec<u8>, Vec<u16>)> =
            self.terms.into_iter().map(|(term, rows)| (term.into_vec(), rows)).collect();
        terms.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        let mut pairs = self.pairs;
        pairs.sort_unstable();
        pairs.dedup();
        // All of them sort behind the other terms.
        let mut rest = 0;
        let pairs = std::iter::from_fn(move || {
            let pair = pairs.get(rest)? >> 16;
            let end = rest + pairs[rest..].iter().take_while(|next| *next >> 16 == pair).count();
            let rows = pairs[rest..end].iter().map(|next| *next as u16).collect();
            rest = end;
            Some((terms::pair(pair as u32).to_vec(), rows))
        });
        terms
            .into_iter()
            .chain(pairs)
            .map(move |(term, rows)| (term, vec![Stored::new(number, &Set::Few(rows))]))
    }
}

fn under(terms: &mut HashMap<Box<[u8]>, Vec<u16>>, term: &[u8], at: u16) {
    match terms.get_mut(term) {
        Some(rows) if rows.last() == Some(&at) => {}
        Some(rows) => rows.push(at),
        None => {
            terms.insert(term.into(), vec![at]);
        }
    }
}
