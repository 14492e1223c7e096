//! Where people talk. A transport turns what it hears into inputs and says what it is given; it decides nothing.

pub mod console;
#[cfg(any(feature = "irc", feature = "matrix"))]
mod flood;
#[cfg(feature = "irc")]
pub mod irc;
#[cfg(feature = "matrix")]
pub mod matrix;

use std::sync::Arc;

use crate::engine::id::{OccurrenceId, RoomId};
use crate::engine::say::card::Card;
use crate::engine::settings::Settings;
use crate::engine::{Accepted, Reply};

/// What a connection is told.
#[derive(Clone, Debug)]
pub enum Say {
    /// Say these, in order. Only what belongs on this network is sent here.
    Replies(Vec<Reply>),
    /// Show that these commands were taken, beside the answers, where that can be shown.
    Accepted(Vec<Accepted>),
    /// How the window of this occurrence stands in a room, in place of what was shown of it before.
    Card(RoomId, OccurrenceId, Box<Card>),
    /// How the window of a room stands, for its topic; `None` when there is nothing to say about it any more.
    Topic(RoomId, Option<String>),
    /// Everything up to this number that was heard is stored or answered, but the messages with these ids: they are
    /// answered later. It comes right after the answers.
    Taken(i64, Vec<String>),
    /// The people have changed: the configuration was read again.
    Settings(Arc<Settings>),
    /// Say what still waits, and leave with these words.
    Quit(String),
}
