//! The socket and the supervisor: connects, drives the session and the outbox, and connects again.

use std::sync::Arc;

use tokio::sync::mpsc::UnboundedReceiver;

use crate::clock::Clock;
use crate::config::Irc;
use crate::engine::Input;
use crate::engine::settings::Settings;

use super::Say;

/// Keeps one network connected until it is told to quit, or must stop. `hear` takes what the engine is to hear and
/// says whether anybody still listens.
pub async fn keep(
    settings: Irc,
    people: Arc<Settings>,
    clock: Clock,
    hear: impl Fn(Vec<Input>) -> bool,
    says: UnboundedReceiver<Say>,
) {
    let _ = (settings, people, clock, hear, says);
}
