//! The language of `!log`: what is a question, what is a text to record, and what an answer is made of.

mod meant;
mod parts;
mod read;
mod suspects;
mod terms;
mod time;

use super::event::Event;
use super::id::{At, ChangeNumber, OccurrenceId, RoomId, RowId};
use time::time_words;

pub use meant::{before_find, like_a_question, no_question};
pub use parts::{PARTS, Part};
pub use read::parse;
pub use suspects::{Risk, Suspect, rank, suspected};

/// How it can have gone.
pub const OUTCOMES: &[&str] = &["ok", "refused", "failed"];

/// How many rows are shown where nothing was asked for.
pub const LAST: usize = 5;

/// A question to the log. All that is given must hold; the newest rows come first.
///
/// Bookkeeping is left out unless the question names a kind, a row, or a word that must be there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Said or done by this person, account or nick; any case.
    pub by: Option<String>,
    /// About this change.
    pub change: Option<ChangeNumber>,
    /// About the change with this ticket: whoever knows the queue puts the change in its place before rows are looked for.
    pub ticket: Option<u32>,
    /// The text names this task, as a word of its own: `T1234`.
    pub task: Option<String>,
    /// About this occurrence, or any of this window's.
    pub window: Option<InWindow>,
    /// Said in this room, as its network names it; any case.
    pub room: Option<String>,
    /// Of this kind.
    pub kind: Option<String>,
    /// `ok`, `refused` or `failed`.
    pub outcome: Option<String>,
    /// Not before.
    pub since: Option<At>,
    /// Not after.
    pub until: Option<At>,
    /// Every one of these is in the text, or is not.
    pub terms: Vec<Term>,
    /// This row alone.
    pub show: Option<RowId>,
    /// At most this many, the newest; with `around`, at most so many neighbours.
    pub last: Option<usize>,
    /// Only rows with a smaller number: how an answer goes on.
    pub before: Option<RowId>,
    /// This row with its neighbours, bookkeeping left out: the nearest `last / 2` before it and as many after it. Nothing
    /// else is asked for.
    pub around: Option<RowId>,
    /// Only how many there are.
    pub count: bool,
}

/// What is to be in the text of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// What to look for; any case, with or without accents.
    pub text: TermText,
    /// It must not be there.
    pub not: bool,
}

/// How a term is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TermText {
    /// A whole word. Where signs are in it (`wmf-config/x.php`), its pieces stand next to each other.
    Word(String),
    /// Words that stand next to each other, in this order.
    Phrase(String),
    /// A part of words: the word that it begins with may begin before it, the one that it ends with go on behind it.
    Part {
        /// What of the words is known.
        text: String,
        /// Something may stand right before it.
        before: bool,
        /// Something may stand right behind it.
        behind: bool,
    },
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The newest that were asked for, newest first; none where only their number was asked for.
    pub rows: Vec<Row>,
    /// How many there are in all, those in `rows` among them.
    pub total: Total,
}

/// How many rows a question finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Total {
    /// All were counted.
    Exactly(u64),
    /// There are more, and nobody counted them.
    MoreThan(u64),
}

impl Total {
    /// So many at least.
    pub fn at_least(self) -> u64 {
        match self {
            Self::Exactly(count) => count,
            Self::MoreThan(count) => count.saturating_add(1),
        }
    }
}

/// What somebody meant by the words behind `!log`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// A question.
    Query(Box<Query>),
    /// What changed shortly before this moment.
    Suspects(At),
    /// The answer to the last question, further.
    More,
    /// A question but for this. It is not recorded: nobody writes such a line to be remembered, and whoever did learns
    /// that `!log -- TEXT` records it.
    Wrong(Wrong),
    /// A text to record, as it came, without the white space around it.
    Text(String),
    /// A text that corrects a row.
    Amend {
        /// The row.
        row: RowId,
        /// The text, as it came.
        text: String,
    },
    /// A row whose words are to be taken out of the log.
    Redact {
        /// The row.
        row: RowId,
        /// Why, as it came; empty where nothing was said.
        reason: String,
    },
    /// `--` with nothing behind it.
    Nothing,
}

/// What is wrong with a line that is a question in every other word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// Nothing stands behind this part.
    Missing(&'static str),
    /// It is no time: `2026-02-30`, `25:61`, `lunch`.
    Time(String),
    /// It ends before it begins.
    Backwards {
        /// `since`.
        since: At,
        /// `until`.
        until: At,
    },
    /// `last` with this.
    Count(String),
    /// `change` with this.
    Change(String),
    /// `task` with this.
    Task(String),
    /// It has the form of an occurrence, and is none.
    Window(String),
    /// `before`, `show` or `around` with this.
    Row(&'static str, String),
    /// There is no such kind.
    Kind(String),
    /// There is no such outcome.
    Outcome(String),
    /// This part is there twice.
    Twice(&'static str),
    /// `show`, `around` or `suspects` with something else.
    Alone(&'static str),
    /// This word stands where a part should. Only where nothing can be recorded is that wrong.
    Stranger {
        /// The word.
        word: String,
        /// The line with `find` in front of it.
        question: String,
    },
    /// What begins with this word is said in chat, where the log is written.
    InChat(String),
}

/// The room of that name, in full or without its network, in any case: the first.
pub fn room_called<'a>(word: &str, mut rooms: impl Iterator<Item = &'a RoomId>) -> Option<&'a RoomId> {
    let bare = |room: &'a RoomId| room.0.split_once('/').map_or(room.0.as_str(), |(_, bare)| bare);
    rooms.find(|room| room.0.eq_ignore_ascii_case(word) || bare(room).eq_ignore_ascii_case(word))
}

/// The question in words that [`parse`] reads as the same question.
pub fn describe(query: &Query) -> String {
    let Query {
        by,
        change,
        ticket,
        task,
        window,
        room,
        kind,
        outcome,
        since,
        until,
        terms,
        show,
        last,
        before,
        around,
        count,
    } = query;
    let mut said: Vec<String> = Vec::new();
    said.extend(count.then(|| "count".to_owned()));
    let mut add =
        |word: &str, value: Option<String>| said.extend(value.map(|value| format!("{word} {value}")));
    // The row itself is one more.
    let last = last.map(|last| last + usize::from(around.is_some()));
    add("last", last.map(|last| last.to_string()));
    add("by", by.clone());
    add("change", change.map(|change| change.to_string()).or(ticket.map(|ticket| format!("#{ticket}"))));
    add("task", task.clone());
    add(
        "window",
        window.as_ref().map(|window| match window {
            InWindow::Occurrence(id) => id.to_string(),
            InWindow::Any(id) => id.clone(),
        }),
    );
    add("room", room.clone());
    add("kind", kind.clone());
    add("outcome", outcome.clone());
    add("since", since.map(time_words));
    add("until", until.map(time_words));
    add("before", before.map(|row| row.to_string()));
    add("show", show.map(|row| row.to_string()));
    add("around", around.map(|row| row.to_string()));
    let terms: Vec<String> = terms.iter().map(terms::describe).collect();
    add("find", (!terms.is_empty()).then(|| terms.join(" ")));
    said.join(" ")
}

/// The question for the rows that may correct this one.
pub fn corrections(row: RowId) -> Query {
    let named = Term { text: TermText::Word(row.to_string()), not: false };
    Query { kind: Some("amended".to_owned()), terms: vec![named], ..Query::default() }
}

/// Those among the rows found, newest first, that do correct it, oldest first.
pub fn correcting(row: RowId, found: Vec<Row>) -> Vec<RowId> {
    let is_one = |found: &Row| {
        let event = serde_json::from_str(&found.detail);
        matches!(event, Ok(Event::Amended { row: corrected }) if corrected == row)
    };
    found.into_iter().rev().filter(is_one).map(|found| found.id).collect()
}
