//! A command whose end nobody saw, because the program was away meanwhile.

use serde::{Deserialize, Serialize};

use super::super::id::RowId;

/// Which, and what is still there of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unseen {
    /// The row of the intent.
    pub row: RowId,
    /// It was killed, and this is still there: `1234 scap`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub still: Option<String>,
}

impl Unseen {
    /// One of which nothing is known but that it was started.
    pub fn new(row: RowId) -> Self {
        Self { row, still: None }
    }
}
