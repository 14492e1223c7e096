//! What people do to a message instead of saying something: they change it, or put a ✅ on it. And what the bot's ✅ is on.

use serde::{Deserialize, Serialize};

use super::Line;
use super::id::{At, ChangeNumber, OccurrenceId, RoomId, Who};

/// Somebody changed what they had said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edited {
    /// What it says now. Its message id is the same for all changes of one message, and no message's own.
    pub line: Line,
    /// The message that was changed.
    pub of: String,
}

/// Somebody put a ✅ on a question of the bot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nod {
    /// Who, where, and the id of the ✅; it has no text.
    pub line: Line,
    /// What the question was.
    pub confirm: Confirm,
    /// Why it counts for nothing, where it does.
    pub unfit: Option<Unfit>,
}

/// Why a ✅ counts for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// It came too late to be meant now.
    Late,
    /// The room is encrypted and the ✅ is not: it need not be from whom the server says.
    InClear,
}

/// What a question asks one person to confirm. Whether it still holds is for the engine to judge when the ✅ comes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirm {
    /// Who is asked.
    pub who: Who,
    /// In this occurrence.
    pub window: OccurrenceId,
    /// About this change.
    pub change: ChangeNumber,
    /// As it was then.
    pub patch_set: u32,
    /// The step, from 1.
    pub step: u32,
    /// What the ✅ says.
    pub says: Says,
    /// It counts until then.
    pub until: At,
}

/// What a ✅ says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Says {
    /// The step is done.
    Done,
    /// The patch works where it is.
    Verified,
}

impl Confirm {
    /// The verb, and what follows it: the command that says the same.
    pub fn command(&self) -> (&'static str, String) {
        match self.says {
            Says::Done => ("done", self.step.to_string()),
            Says::Verified => ("verified", self.change.to_string()),
        }
    }
}

/// A command that was taken, with nothing of it refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The room it was given in.
    pub room: RoomId,
    /// Its message.
    pub message: String,
}
