//! A head: the hash of a row, by which everything up to that row is fixed. The bot says one at the end of each window, and
//! whoever keeps what it said can hold the log to it.

use std::fmt;
use std::str::FromStr;

use rusqlite::Connection;

use super::chain::{Hash, hex};
use super::flaw::{Flaw, Wrong};
use super::verify::VerifyError;
use crate::engine::id::RowId;

/// So many digits are said: nobody makes another log that has them by chance or in a year of trying.
const SAID: usize = 16;

/// Fewer than these could be met by chance.
const FEWEST: usize = 12;

/// A head as somebody remembers it: the row, where they know it, and the first digits of its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    row: Option<RowId>,
    digits: String,
}

impl Head {
    /// The head as it is said, of a row with this hash.
    pub(super) fn of(row: RowId, hash: &Hash) -> Self {
        Self { row: Some(row), digits: hex(hash)[..SAID].to_owned() }
    }

    /// All heads in a text, in the form in which the bot says them: the witness of a channel's history.
    pub fn all_in(text: &str) -> Vec<Self> {
        let clean = |word: &str| word.trim_matches(|c: char| !c.is_ascii_alphanumeric()).to_owned();
        let words: Vec<String> = text.split_whitespace().map(clean).collect();
        let pairs = words.windows(3).filter(|words| words[0] == "head");
        pairs.filter_map(|words| format!("{} {}", words[1], words[2]).parse().ok()).collect()
    }

    /// The row it names, with its whole hash.
    pub(super) fn find(&self, log: &Connection, last: i64) -> Result<(i64, Hash), VerifyError> {
        let starts = |hash: &Hash| hex(hash).starts_with(&self.digits);
        let mut statement;
        let found: Option<(i64, Hash)> = match self.row {
            Some(RowId(row)) if row > last => {
                let wrong = Wrong::Cut { head: self.clone() };
                return Err(Flaw { row: RowId(last + 1), wrong }.into());
            }
            Some(RowId(row)) => {
                statement = log.prepare("SELECT seq, hash FROM event WHERE seq = ?1")?;
                let mut rows = statement.query_map([row], |row| Ok((row.get(0)?, row.get(1)?)))?;
                rows.next().transpose()?.filter(|(_, hash)| starts(hash))
            }
            None => {
                statement = log.prepare("SELECT seq, hash FROM event ORDER BY seq DESC")?;
                let mut rows = statement.query([])?;
                let mut found = None;
                while let Some(row) = rows.next()? {
                    let hash = row.get(1)?;
                    if starts(&hash) {
                        found = Some((row.get(0)?, hash));
                        break;
                    }
                }
                found
            }
        };
        let row = self.row.unwrap_or(RowId(last));
        found.ok_or_else(|| Flaw { row, wrong: Wrong::AnotherHead { head: self.clone() } }.into())
    }
}

impl FromStr for Head {
    type Err = String;

    /// `L1187 5f2c81d09a3e77b0`, with a space or a colon, or the digits alone; from 12 digits on. As the bot says it, with
    /// `head` before it, as well.
    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let text = text.strip_prefix("head ").unwrap_or(text).trim();
        let (row, digits) = match text.split_once([' ', ':']) {
            None => (None, text),
            Some((row, digits)) => {
                let number = row.strip_prefix(['L', 'l']).and_then(|row| row.parse::<i64>().ok());
                let number = number.filter(|number| *number > 0);
                (Some(RowId(number.ok_or_else(|| wrong(text))?)), digits.trim())
            }
        };
        let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        if !is_hex || !(FEWEST..=64).contains(&digits.len()) {
            return Err(wrong(text));
        }
        Ok(Self { row, digits: digits.to_ascii_lowercase() })
    }
}

fn wrong(text: &str) -> String {
    format!("\"{text}\" is no head: it is written L1187:5f2c81d09a3e77b0, or as 12 to 64 of the digits alone")
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(row) = self.row {
            write!(f, "{row} ")?;
        }
        f.write_str(&self.digits)
    }
}
