//! How rare a name is among the patches that were seen before: a table of a bounded size, learnt from the facts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::diff::Diff;
use super::tokens;

/// So many names are counted; beyond that those that were seen least are forgotten.
const MOST_NAMES: usize = 4000;
/// After so many patches every count is halved, so that what was common years ago does not stay so.
const MOST_PATCHES: u32 = 5000;
/// What is counted is scaled to so many patches, once there are more.
const PATCHES: f64 = 600.0;
/// A count is stored in a byte.
const MOST_SEEN: u32 = 255;

/// In how many patches names were seen. It is stored as one text: the number of patches, then for each name six hex
/// digits of its hash and two of its count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Seen {
    patches: u32,
    counts: BTreeMap<u32, u32>,
}

impl Seen {
    /// Whether nothing was counted yet.
    pub fn is_empty(&self) -> bool {
        self.patches == 0
    }

    /// Rates the names of a patch by those before it, from 0 (in every patch) to 100 (in none of many), then counts
    /// them. What the patch had before with its rates, as an older patch set, keeps them and is not counted again.
    pub fn rate(&mut self, diff: &Diff, before: Option<(&Diff, &[u8])>) -> Vec<u8> {
        let rated = |text: &str| {
            let (diff, rates) = before?;
            let at = diff.names.binary_search_by(|name| name.text.as_str().cmp(text)).ok()?;
            rates.get(at).copied()
        };
        let known: Vec<Option<u8>> = diff.names.iter().map(|name| rated(&name.text)).collect();
        let names = diff.names.iter().zip(&known);
        let rates =
            names.clone().map(|(name, known)| known.unwrap_or_else(|| self.rarity(&name.text))).collect();
        self.patches += u32::from(before.is_none());
        for (name, _) in names.filter(|(_, known)| known.is_none()) {
            let count = self.counts.entry(key(&name.text)).or_default();
            *count = (*count + 1).min(MOST_SEEN);
        }
        if self.patches >= MOST_PATCHES {
            self.patches /= 2;
            self.counts.values_mut().for_each(|count| *count /= 2);
            self.counts.retain(|_, count| *count > 0);
        }
        let mut least = 1;
        while self.counts.len() > MOST_NAMES {
            self.counts.retain(|_, count| *count > least);
            least += 1;
        }
        rates
    }

    /// `100·(1 - ln(1+seen) / ln(600))`, with seen as it would be in 600 patches, where a name that looks like a word of a
    /// language counts as seen a few times more. The measure is the same however long the bot has been learning.
    fn rarity(&self, name: &str) -> u8 {
        let seen = f64::from(self.counts.get(&key(name)).copied().unwrap_or(0));
        let scaled = seen * PATCHES / f64::from(self.patches).max(PATCHES);
        let common = 1.0 + f64::from(tokens::commonness(name)) + scaled;
        let rarity = 100.0 * (1.0 - common.ln() / PATCHES.ln());
        // The cast cuts off at 0 and has no fraction to keep.
        rarity as u8
    }
}

impl From<String> for Seen {
    /// What cannot be read was not counted: this is statistics, and an old log must replay.
    fn from(text: String) -> Self {
        let (patches, names) = text.split_once(' ').unwrap_or((&text, ""));
        let entry = |bytes: &[u8]| {
            let text = std::str::from_utf8(bytes).ok()?;
            let (key, count) = text.split_at_checked(6)?;
            Some((u32::from_str_radix(key, 16).ok()?, u32::from_str_radix(count, 16).ok()?))
        };
        let counts = names.as_bytes().chunks(8).filter_map(entry).collect();
        Self { patches: patches.parse().unwrap_or(0), counts }
    }
}

impl From<Seen> for String {
    fn from(seen: Seen) -> Self {
        let counts = seen.counts.iter().map(|(key, count)| format!("{key:06x}{count:02x}"));
        format!("{} {}", seen.patches, counts.collect::<String>())
    }
}

fn key(name: &str) -> u32 {
    tokens::mark(name) & 0x00ff_ffff
}
