//! The newest rows on their way into the index: what stands under which term, in memory, for one block at the most.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::super::words::Words;
use super::segment::{Posting, Stored};
use super::set::Set;
use super::terms::{self, Fields};

type Terms = HashMap<Box<[u8]>, Vec<u16>, BuildHasherDefault<Quick>>;

/// Half of the work on a block was the hashing of its words by the hash that withstands chosen ones; whoever chooses words
/// here costs a thread that nobody waits for.
#[derive(Default)]
struct Quick(u64);

impl Hasher for Quick {
    fn write(&mut self, bytes: &[u8]) {
        let (eights, rest) = bytes.as_chunks::<8>();
        for eight in eights {
            self.write_u64(u64::from_le_bytes(*eight));
        }
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        self.write_u64(u64::from_le_bytes(last) ^ rest.len() as u64);
    }

    fn write_u64(&mut self, number: u64) {
        let mixed = u128::from(self.0 ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
        self.0 = (mixed >> 64) as u64 ^ mixed as u64;
    }

    fn write_usize(&mut self, _: usize) {
        // The length of a term says nothing that its bytes do not.
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Rows that follow each other in one block.
#[derive(Default)]
pub(crate) struct Block {
    terms: Terms,
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

fn under(terms: &mut Terms, term: &[u8], at: u16) {
    match terms.get_mut(term) {
        Some(rows) if rows.last() == Some(&at) => {}
        Some(rows) => rows.push(at),
        None => {
            terms.insert(term.into(), vec![at]);
        }
    }
}
