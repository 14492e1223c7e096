//! What can be wrong with a chain, in words.

use super::head::Head;
use crate::engine::id::RowId;

/// The first thing that is wrong with a log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{wrong}", place(*row))]
pub struct Flaw {
    /// The row; 0 where it is not about one.
    pub row: RowId,
    /// What.
    pub wrong: Wrong,
}

fn place(row: RowId) -> String {
    if row.0 == 0 { String::new() } else { format!("{row}: ") }
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// It and all rows up to this one are missing.
    #[error("it is missing, and so is every row up to {to}")]
    Missing {
        /// The last of them.
        to: RowId,
    },
    /// Rows are numbered from 1.
    #[error("it stands before the first row")]
    BeforeTheFirst,
    /// One field was changed, and it is known what it was.
    #[error("{column} was changed: it was {}", was.as_ref().map_or("empty".to_owned(), |was| format!("{was:?}")))]
    Field {
        /// The column.
        column: &'static str,
        /// What makes the hash right; `None` is NULL.
        was: Option<String>,
    },
    /// Its link to the row before was changed, and nothing else.
    #[error("prev was changed: the hash is that of a row that follows the one before it")]
    Prev,
    /// Its hash was changed, and nothing else.
    #[error("hash was changed: the next row follows another, which fits the fields")]
    Hash,
    /// Something in it was changed.
    #[error("it was changed: the hash does not fit its fields")]
    Changed,
    /// It is the row of another place.
    #[error("it is what was {holds}: rows were swapped, moved or taken out")]
    Moved {
        /// Its own place.
        holds: RowId,
    },
    /// It was made anew, or put in.
    #[error("it was made anew or put in: its hash fits its fields, and {next} follows another row")]
    MadeAnew {
        /// The row after it.
        next: RowId,
    },
    /// Its text is a mark, and nobody redacted it.
    #[error("its words were taken out, and no row says so")]
    Blank,
    /// It was redacted, and has other words.
    #[error("{by} says that it was redacted, and it has other words")]
    NotBlank {
        /// The redaction.
        by: RowId,
    },
    /// The log ends before a head that was said.
    #[error("it is missing, and so is every row up to the head {head}, which was said")]
    Cut {
        /// The head.
        head: Head,
    },
    /// Another row stands in the place of a head that was said.
    #[error(
        "the log does not have the head {head}: rows up to there were made anew or cut off, or it is another log"
    )]
    AnotherHead {
        /// The head.
        head: Head,
    },
    /// The count of rows was changed.
    #[error("the file says that this is the last row that was written, and {last} is")]
    Count {
        /// The last row.
        last: RowId,
    },
    /// A part of the schema is gone.
    #[error("the {what} is gone: rows could be changed")]
    Gone {
        /// Which.
        what: String,
    },
    /// A part of the schema was changed.
    #[error("the {what} was changed")]
    Other {
        /// Which.
        what: String,
    },
    /// Something was added to the schema.
    #[error("the {what} does not belong in a log")]
    Foreign {
        /// What.
        what: String,
    },
}
