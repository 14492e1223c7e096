//! On the way out: what refers to what. Answers go into the thread of what they answer, cards change one event in place,
//! and what people do to messages is about messages that are in the inbox.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::config::Threads;
use crate::engine::id::{OccurrenceId, RoomId};
use crate::engine::say::card::Card;
use crate::engine::{Accepted, Edited, Input, Line, Nod, Reply, Unfit};
use crate::store::StoreError;
use crate::store::inbox::{New, Outgoing};

use super::super::refer::{self, About};
use super::super::say;
use super::{Link, now};

/// The type of the event that is a ✅.
pub(super) const REACTION: &str = "m.reaction";

/// A card is changed no more often than this.
const CARD_EVERY: Duration = Duration::from_secs(3);

/// The names of events begin with what they are: the card of a window, the first word about a patch.
const CARD: &str = "card ";
const PATCH: &str = "patch ";

impl<H: Fn(Vec<Input>, Option<i64>) -> bool, T: Fn(&str)> Link<H, T> {
    /// Answers as they are to be stored, each in the thread of what it answers.
    pub(super) fn messages(&self, replies: &[Reply]) -> Vec<New> {
        let mut new = Vec::new();
        for mut out in say::events(replies, &self.settings.network) {
            let patch = out.about.filter(|_| self.settings.threads == Threads::Patch);
            if let Some(change) = patch {
                let name = Some(format!("{PATCH}{change}"));
                let message = New::message(&out.room, out.content.to_string());
                new.push(New { is_status: out.is_status, name, ..message });
                continue;
            }
            // Where it cannot be read which thread that is, it is said in the room.
            let thread = out.answers.as_ref().and_then(|it| self.thread(&out.room, it).ok().flatten());
            if let Some((root, answers)) = thread {
                refer::in_thread(&mut out.content, &root, &answers);
            }
            let message = New::message(&out.room, out.content.to_string());
            new.push(New { is_status: out.is_status, ..message });
        }
        new
    }

    /// The thread that an event is said in, with the event that is answered there: for a reaction, and for a change, what
    /// it is about.
    fn thread(&self, room: &str, event: &str) -> Result<Option<(String, String)>, StoreError> {
        let mut event = event.to_owned();
        // What it is about may be in a thread, and is not about a third one.
        for _ in 0..2 {
            let Some(text) = self.inbox.text(room, &event)? else { return Ok(None) };
            match refer::about(&text) {
                About::Thread(root) => return Ok(Some((root, event))),
                About::Event(other) => event = other,
                About::Itself => return Ok(None),
            }
        }
        Ok(None)
    }

    /// A ✅ on each command that was taken.
    pub(super) fn ticks(&self, accepted: &[Accepted]) -> Vec<New> {
        let tick = |accepted: &Accepted| {
            let tick = refer::tick(&accepted.message).to_string();
            let message = New::message(self.own_room(&accepted.room)?, tick);
            Some(New { kind: REACTION, is_extra: true, ..message })
        };
        accepted.iter().filter_map(tick).collect()
    }

    /// A room as the homeserver calls it, where it is one of ours.
    fn own_room<'r>(&self, room: &'r RoomId) -> Option<&'r str> {
        let room = room.0.strip_prefix(&self.settings.network)?.strip_prefix('/')?;
        self.settings.rooms.iter().any(|own| own == room).then_some(room)
    }

    /// Keeps what the card of a window is to show in a room.
    pub(super) fn want_card(&mut self, room: &RoomId, window: &OccurrenceId, card: &Card) {
        let Some(room) = self.own_room(room) else { return };
        let key = (room.to_owned(), format!("{CARD}{window}"));
        self.unstored.cards.insert(key, say::card(card).to_string());
    }

    /// Shows the cards whose time has come, and says when the next one's does.
    pub(super) fn show_cards(&mut self) -> Result<Option<Instant>, StoreError> {
        let mut next = None;
        for room in self.inbox.rooms_to_show()? {
            let at = self.shown_at.get(&room).map_or_else(now, |shown| *shown + CARD_EVERY);
            if at <= now() {
                let clock = self.now();
                self.inbox.show_cards(&room, clock)?;
                self.shown_at.insert(room, now());
            } else {
                next = next.into_iter().chain([at]).min();
            }
        }
        Ok(next)
    }

    /// What is to be sent, with the event of the same name that it refers to, where there is one by now.
    pub(super) fn referring(&self, out: Outgoing) -> Result<Outgoing, StoreError> {
        let Some(name) = &out.name else { return Ok(out) };
        let Some(event) = self.inbox.event_called(&out.room, name)? else { return Ok(out) };
        let Ok(mut content) = serde_json::from_str::<Value>(&out.content) else { return Ok(out) };
        if name.starts_with(CARD) {
            content = refer::replacing(&content, &event);
        } else {
            refer::in_thread(&mut content, &event, &event);
        }
        Ok(Outgoing { content: content.to_string(), ..out })
    }

    /// A changed message, where it is known whose it was: nobody else can have changed it.
    pub(super) fn edited(&self, room: &str, line: Line, of: String) -> Result<Option<Input>, StoreError> {
        let (own, changed) = (line.message_id.as_deref(), self.inbox.text(room, &of)?);
        debug_assert_ne!(own, Some(of.as_str()), "a change is another message");
        let Some(was) = changed.and_then(|text| refer::sender(&text)) else { return Ok(None) };
        // Of a bridge's puppets nothing is known but the name.
        let is_same = super::super::hear::name(&was, &self.settings.user) == line.nick
            && line.account.as_ref().is_none_or(|account| *account == was);
        Ok(is_same.then_some(Input::Edited(Edited { line, of })))
    }

    /// A ✅, where it is on a question of ours.
    pub(super) fn nod(
        &self,
        room: &str,
        line: Line,
        on: &str,
        unfit: Option<Unfit>,
    ) -> Result<Option<Input>, StoreError> {
        let text = self.inbox.text(room, on)?;
        let confirm = text.and_then(|text| refer::question(&text, &self.settings.user));
        Ok(confirm.map(|confirm| Input::Nod(Box::new(Nod { line, confirm, unfit }))))
    }
}
