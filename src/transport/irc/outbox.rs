//! What waits to be said: in order of weight, no faster than the network takes it, merged where lines pile up.

use std::sync::Arc;
use std::time::Instant;

use crate::config::Irc;
use crate::engine::Reply;
use crate::engine::settings::Settings;

use super::session::Session;
use super::wire::OutLine;

/// The waiting lines of one network. It outlives a connection.
#[derive(Debug)]
pub struct Outbox {}

impl Outbox {
    /// An empty one.
    pub fn new(settings: &Irc, people: Arc<Settings>) -> Self {
        let _ = (settings, people);
        Self {}
    }

    /// Takes what is to be said.
    pub fn push(&mut self, replies: Vec<Reply>, now: Instant) {
        let _ = (replies, now);
    }

    /// The next line that may go out now, if any may.
    pub fn pop(&mut self, session: &Session, now: Instant) -> Option<OutLine> {
        let _ = (session, now);
        None
    }

    /// When the next line may go out, while one waits.
    pub fn wake(&self) -> Option<Instant> {
        None
    }
}
