//! One row of the log: what happened, with who did it, when, and about what.

use serde::{Deserialize, Serialize};

use super::super::id::{At, ChangeNumber, OccurrenceId, RoomId, Who};
use super::Event;

/// One row of the log before it has its number.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// When, to the millisecond.
    pub at: At,
    /// Who did it, and from where.
    pub by: Author,
    /// The occurrence it is about.
    pub window: Option<OccurrenceId>,
    /// The change it is about.
    pub change: Option<ChangeNumber>,
    /// How it went.
    pub outcome: Went,
    /// The sentence a person reads.
    pub text: String,
    /// What happened.
    pub event: Event,
}

/// Who did something, and from where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    /// The network they spoke on; `None` for what the bot does of its own accord.
    pub network: Option<String>,
    /// The room they spoke in; `None` in private.
    pub room: Option<RoomId>,
    /// The person; the bot's name for its own acts; `?nick` for somebody the network does not identify.
    pub who: Who,
    /// The account as the network gave it.
    pub account: Option<String>,
}

/// How it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Went {
    /// It is done.
    Ok,
    /// A person was told no, and nothing changed.
    Refused,
    /// Something that should work did not.
    Failed,
}

impl Went {
    /// The word in the log.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}
