//! On the way out: what the loop says is stored in one transaction with what it answers, and waits here while it cannot be.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::engine::Input;
use crate::store::StoreError;
use crate::store::inbox::New;
use crate::transport::Say;

use super::super::say;
use super::{FLUSH, Link, at, now};

/// So many messages wait in memory.
const MOST: usize = 1000;
/// What could not be stored is tried again after this.
const AGAIN: Duration = Duration::from_secs(1);

/// What is to be stored, in order.
#[derive(Default)]
pub(super) struct Unstored {
    pub(super) out: Vec<New>,
    /// What cards are to show, each by its room and name.
    pub(super) cards: BTreeMap<(String, String), String>,
    /// What is done with by then.
    taken: Option<(i64, Vec<String>)>,
    /// Since it could not be stored: when that is tried again.
    again: Option<Instant>,
    /// So many were dropped.
    dropped: usize,
}

impl Unstored {
    pub(super) fn is_empty(&self) -> bool {
        self.out.is_empty() && self.cards.is_empty() && self.taken.is_none()
    }

    /// Keeps what fits: of too much, how things stood goes first, and then the oldest.
    fn shrink(&mut self) {
        let mut over = self.out.len().saturating_sub(MOST);
        self.dropped += over;
        for is_spared in [|is_status: bool| !is_status, |_| false] {
            self.out.retain(|new| {
                let stays = over == 0 || is_spared(new.is_status);
                over -= usize::from(!stays);
                stays
            });
        }
    }
}

impl<H: Fn(Vec<Input>, Option<i64>) -> bool, T: Fn(&str)> Link<H, T> {
    /// Takes what it is told next, and whatever else is there by then, and stores it. False: it is to leave.
    pub(super) async fn told(&mut self) -> bool {
        let first = tokio::select! {
            said = self.says.recv() => Some(said),
            () = at(self.unstored.again) => None,
        };
        if let Some(mut said) = first {
            loop {
                self.hold_to(said);
                // A closed channel is seen by the next call.
                match self.says.try_recv() {
                    Ok(next) if self.leave.is_none() => said = Some(next),
                    _ => break,
                }
            }
        }
        self.store();
        self.leave.is_none()
    }

    /// One thing that it is told.
    fn hold_to(&mut self, said: Option<Say>) {
        match said {
            Some(Say::Replies(replies)) => {
                let new = self.messages(&replies);
                self.unstored.out.extend(new);
            }
            Some(Say::Accepted(accepted)) => {
                let ticks = self.ticks(&accepted);
                self.unstored.out.extend(ticks);
            }
            Some(Say::Card(room, window, card)) => self.want_card(&room, &window, &card),
            Some(Say::Taken(last, unsettled)) => {
                self.answered = last;
                self.unstored.taken = Some((last, unsettled));
            }
            // A topic is anybody's to set here, and nobody has asked for one. Who is who the engine says.
            Some(Say::Topic(..) | Say::Settings(_)) => {}
            Some(Say::Quit(words)) => {
                self.leave = Some(now() + FLUSH);
                let notice = say::notice(&words);
                // Said after the next start, it would be untrue.
                let farewell = |room: &String| New { is_status: true, ..New::message(room, notice.clone()) };
                let farewells = self.inside.iter().map(farewell);
                self.unstored.out.extend(farewells);
            }
            None => self.leave = Some(now()),
        }
    }

    /// Says something of the room itself.
    pub(super) fn say(&mut self, room: &str, text: &str) {
        self.unstored.out.push(New::message(room, say::notice(text)));
        self.store();
    }

    /// Stores what waits for it. Where that fails it waits on, and the operator is told once.
    pub(super) fn store(&mut self) {
        if self.unstored.is_empty() {
            return;
        }
        let now = self.now();
        let mut stored = self.inbox.push(&self.unstored.out, self.unstored.taken.as_ref(), now);
        for ((room, name), content) in &self.unstored.cards {
            stored = stored.and_then(|()| self.inbox.want_card(room, name, content, now));
        }
        self.note_stored(stored);
    }

    fn note_stored(&mut self, stored: Result<(), StoreError>) {
        let network = &self.settings.network;
        match stored {
            Ok(()) => {
                let before = std::mem::take(&mut self.unstored);
                if before.again.is_some() {
                    let dropped = match before.dropped {
                        0 => String::new(),
                        dropped => format!("; {dropped} messages were too many and are not said"),
                    };
                    (self.tell)(&format!("{network}: what I say is stored again{dropped}"));
                }
            }
            Err(error) => {
                if self.unstored.again.is_none() {
                    (self.tell)(&format!("{network}: what I say cannot be stored, so it waits: {error}"));
                }
                self.unstored.shrink();
                self.unstored.again = Some(now() + AGAIN);
            }
        }
    }
}
