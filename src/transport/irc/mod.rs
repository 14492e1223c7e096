//! IRC: one connection a network, kept up for as long as the program runs. Only the protocol of the `irc` crate is used.
//!
//! `session` and `outbox` are pure: they are told the time and give lines, so that each fault can be played to them.
//! `link` owns the connection and the clock and drives both: over a `socket`, in `lines`, again after a `backoff`. `wire`
//! is the only way a line gets out.

pub mod backoff;
pub mod lines;
pub mod link;
pub mod outbox;
pub mod roster;
pub mod session;
pub mod socket;
pub mod wire;

use std::sync::Arc;

use crate::engine::Reply;
use crate::engine::id::RoomId;
use crate::engine::settings::Settings;

/// What a connection is told.
#[derive(Clone, Debug)]
pub enum Say {
    /// Say these, in order. Only what belongs on this network is sent here.
    Replies(Vec<Reply>),
    /// How the window of a room stands, for its topic; `None` when there is nothing to say about it any more.
    Topic(RoomId, Option<String>),
    /// The people have changed: the configuration was read again.
    Settings(Arc<Settings>),
    /// Say what still waits, and leave with these words.
    Quit(String),
}
