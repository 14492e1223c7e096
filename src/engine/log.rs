//! The language of `!log`: what is a question, what is a text to record, and what an answer is made of.

use super::id::{At, ChangeNumber, OccurrenceId, RowId};

/// A question to the log. All that is given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Said or done by this person, account or nick; any case.
    pub by: Option<String>,
    /// About this change.
    pub change: Option<ChangeNumber>,
    /// About this occurrence, or any of this window's.
    pub window: Option<InWindow>,
    /// Of this kind.
    pub kind: Option<String>,
    /// Not before.
    pub since: Option<At>,
    /// Not after.
    pub until: Option<At>,
    /// Every one of these words is in the text.
    pub words: Vec<String>,
    /// This row alone.
    pub show: Option<RowId>,
    /// At most this many, the newest.
    pub last: Option<usize>,
}

/// One occurrence, or all of a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InWindow {
    /// This one.
    Occurrence(OccurrenceId),
    /// Any occurrence of the window with this id.
    Any(String),
}

/// A stored row, as it is read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its number.
    pub id: RowId,
    /// When.
    pub at: At,
    /// On which network; empty for the bot's own acts.
    pub network: String,
    /// In which room; empty in private.
    pub room: String,
    /// Who.
    pub actor: String,
    /// The account as the network gave it; empty without one.
    pub account: String,
    /// The occurrence, as text; empty without one.
    pub window: String,
    /// The change.
    pub change: Option<ChangeNumber>,
    /// The kind of event.
    pub kind: String,
    /// `ok`, `refused` or `failed`.
    pub outcome: String,
    /// The sentence.
    pub text: String,
    /// The event's JSON.
    pub detail: String,
}

/// What a question found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The newest that were asked for, oldest first.
    pub rows: Vec<Row>,
    /// How many there are in all.
    pub total: u64,
}

/// STUB
pub enum Asked {
    /// q
    Query(Query),
    /// t
    Text(String),
}
/// STUB
pub fn parse(text: &str, _at: At) -> Asked {
    if text.is_empty() { Asked::Query(Query::default()) } else { Asked::Text(text.to_owned()) }
}
