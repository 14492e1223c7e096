//! Where a row comes from that was taken over from another log.

use serde::{Deserialize, Serialize};

/// The network of everybody in rows from other logs. No connection can have this name, so `sal/alice` is nobody who could
/// ever act here.
pub const IMPORTED: &str = "sal";

/// The place of an entry in the log that it was taken over from. The row has its time and its sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The file or page, by its own name.
    pub source: String,
    /// How it was written there.
    pub format: Format,
    /// The line in there, or the number of the document, from 1.
    pub line: u64,
    /// Who is named there, as it stands; empty where nobody is.
    pub nick: String,
    /// Whose log it is, where that is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// The entry as it stands there, where the sentence is not the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
    /// It was no UTF-8, and each byte was read as the letter that Latin-1 has for it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub latin1: bool,
}

/// How other logs are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// A page of a wiki.
    Wikitext,
    /// The documents that stashbot keeps.
    Stashbot,
    /// The log of a channel, with `!log` lines in it.
    Irc,
}

impl Format {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Wikitext => "wikitext",
            Self::Stashbot => "stashbot",
            Self::Irc => "irc",
        }
    }
}
