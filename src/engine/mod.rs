//! The pure core: a state and an input give events to store and things to say. No clock, disk, network or chance.

pub mod checklist;
pub mod event;
pub mod facts;
pub mod guidelines;
pub mod id;
pub mod kind;
pub mod log;
pub mod order;
pub mod patch;
pub mod plan;
pub mod schedule;
pub mod settings;
pub mod state;
pub mod text;
pub mod window;
pub mod words;

use facts::{Facts, Fault};
use id::{ChangeNumber, RoomId, Who};

/// Something that reached the bot.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// Somebody said something.
    Line(Line),
    /// The review system answered, or could not.
    Facts {
        /// The change that was asked about.
        change: ChangeNumber,
        /// What is known now.
        answer: Result<Box<Facts>, Fault>,
    },
    /// Time has passed.
    Tick,
    /// The program has started on a log that may hold open windows.
    Started,
}

/// One line of chat, as a transport delivers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The network: `console`, or the name of a connection.
    pub network: String,
    /// The room; `None` in private.
    pub room: Option<RoomId>,
    /// The name to address an answer to. No right comes from it.
    pub nick: String,
    /// The account that the network vouches for with this very line.
    pub account: Option<String>,
    /// What was said.
    pub text: String,
    /// The network's id of the message, where it has one: the same id is never handled twice.
    pub message_id: Option<String>,
}

/// Something to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Where.
    pub to: Place,
    /// It must be noticed by these; everything else must not ping.
    pub ping: Vec<Who>,
    /// One line of plain text, neutralised, with the names of those it addresses in it.
    pub text: String,
}

/// Where something is said.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// In a room.
    Room(RoomId),
    /// To one person alone.
    Private {
        /// On this network.
        network: String,
        /// To this nick.
        nick: String,
    },
}
