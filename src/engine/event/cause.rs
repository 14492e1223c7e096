//! Why a window stops: holds, people who are gone, connections that are lost.

use serde::{Deserialize, Serialize};

use super::super::Departure;

/// Why a hold is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// Somebody said so.
    Said,
    /// A patch was reported broken.
    Broken,
    /// A rollback is over, and nobody has said yet what was resolved.
    Rollback,
    /// The lead is silent.
    LeadSilent,
    /// The lead is gone from the room.
    LeadGone,
    /// What was merged is not what was reviewed.
    WrongMerge,
    /// The bot is out of one of the window's rooms, and does not come back by itself.
    RoomShut,
}

impl Cause {
    /// Whether it is about the lead alone: such a hold is over with its window.
    pub fn is_about_the_lead(self) -> bool {
        matches!(self, Self::LeadSilent | Self::LeadGone)
    }
}

/// How somebody is gone from the room they were last heard in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Absence {
    /// They parted or quit.
    Left,
    /// Somebody removed them.
    Kicked,
    /// They logged out of services, or into another account.
    LoggedOut,
    /// The network split: nobody's fault.
    Split,
    /// They were not there when the bot came in.
    Missing,
    /// The bot is out of the room and sees nobody: nobody's fault.
    RoomClosed,
    /// The bot has no link to the network and sees nobody: nobody's fault.
    LinkLost,
    /// The operator switched off the rights of their network: they are there, and may do nothing.
    RightsOff,
}

impl Absence {
    /// Whether it is the bot that does not see them: they may be where they were.
    pub fn is_out_of_sight(self) -> bool {
        matches!(self, Self::RoomClosed | Self::LinkLost)
    }
}

impl From<Departure> for Absence {
    fn from(how: Departure) -> Self {
        match how {
            Departure::Left => Self::Left,
            Departure::Kicked => Self::Kicked,
            Departure::LoggedOut => Self::LoggedOut,
            Departure::Split => Self::Split,
        }
    }
}

/// How the connection to a network stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkNow {
    /// The bot can talk there.
    Up {
        /// Why nobody can be told apart there, where that is so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        read_only: Option<String>,
    },
    /// It is lost, and tried again.
    Lost {
        /// Why.
        why: String,
    },
    /// It is lost, and not tried again.
    Stopped {
        /// Why.
        why: String,
    },
}
