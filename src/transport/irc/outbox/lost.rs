//! What would be lost: lines on a connection that ends, and lines for a channel that the bot is not in.

use std::collections::VecDeque;
use std::time::Instant;

use super::{Access, LATE, Outbox, Target, View, Waiting};

/// So many lines are remembered that may be lost with the connection.
const MOST_UNPROVED: usize = 50;

impl Outbox {
    /// What may have been lost with the connection waits again, in front. Once only: it may be what ended the connection.
    pub(super) fn take_back(&mut self, now: Instant) {
        for (sent, waiting) in std::mem::take(&mut self.unproved).into_iter().rev() {
            if now.duration_since(sent) <= LATE {
                let lane = if waiting.ping.is_empty() { &mut self.plain } else { &mut self.pings };
                lane.push_front(waiting);
            }
        }
    }

    /// Remembers a line that goes out and that nobody would ask for again: a ping, an acknowledgement, a line for the log of
    /// another bot.
    pub(super) fn keep_until_proved(&mut self, said: &Waiting, text: &str, now: Instant) {
        if said.is_again || !(said.is_message || said.logged.is_some()) {
            return;
        }
        if self.unproved.len() == MOST_UNPROVED {
            self.unproved.pop_front();
        }
        let copy = Waiting {
            ping: said.ping.clone(),
            lines: VecDeque::from([text.to_owned()]),
            is_shaped: true,
            is_again: true,
            ..said.bare()
        };
        self.unproved.push_back((now, copy));
    }

    /// Takes out what cannot be said yet, to be put back in front: the server would drop what is said in a channel that
    /// the bot is not in, and a ping without a nick pings nobody. Who is shut out for long has no news to tell.
    pub(super) fn set_apart(
        &mut self,
        view: &impl View,
        open_since: Instant,
        now: Instant,
    ) -> [VecDeque<Waiting>; 3] {
        let access: Vec<Access> = (0..self.channels.len()).map(|at| view.access(at, now)).collect();
        let access = |waiting: &Waiting| match waiting.target {
            Target::Channel(at) => access[at],
            Target::Nick(_) => Access::Open,
        };
        self.lanes().map(|lane| {
            lane.retain(|waiting| {
                access(waiting) != Access::Shut || now.duration_since(waiting.since.max(open_since)) <= LATE
            });
            let is_apart = |waiting: &Waiting| match access(waiting) {
                Access::Open => false,
                Access::Nameless => !waiting.ping.is_empty(),
                Access::Shut => true,
            };
            let (apart, rest) = std::mem::take(lane).into_iter().partition(is_apart);
            *lane = rest;
            apart
        })
    }
}
