//! The commands of steps on their way out, and what came of them.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::id::RowId;

/// A command to be started once, after the commit of the row that says so. Nothing ever derives it from the state again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The row of the intent.
    pub row: RowId,
    /// The program's absolute path and its arguments, with the values in them.
    pub argv: Vec<String>,
    /// It is ended after this long.
    pub timeout: TimeDelta,
    /// It is killed this long after it was asked to end.
    pub kill_after: TimeDelta,
}

/// What came of a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// How it ended.
    pub how: How,
    /// After so many seconds.
    pub seconds: i64,
    /// What it printed, cut and cleaned.
    pub output: String,
    /// So many bytes of it were not kept.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cut: u64,
}

fn is_zero(cut: &u64) -> bool {
    *cut == 0
}

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// By itself, with this status.
    Exit(i32),
    /// By this signal.
    Signal(i32),
    /// It took too long and was ended.
    TimedOut,
    /// It could not be started, for this reason.
    NotStarted(String),
}
