//! Commands that not all of a window's rooms hear, in private or in one of several rooms: what they do is said in the others.

use super::super::Aside;
use super::super::command::Verb;
use super::super::event::{BOOKKEEPING, Event, Record};
use super::super::id::{OccurrenceId, RoomId};
use super::super::say::{self, Refusal, no};
use super::Turn;

impl Turn<'_> {
    /// Whether a command may be given in private; `None` is for what is about no window: all of them must allow it.
    fn allows_private(&self, window: Option<&OccurrenceId>) -> bool {
        match window {
            Some(id) => self.settings.window(&id.window).is_some_and(|window| window.private_commands),
            None => self.settings.windows.iter().all(|window| window.private_commands),
        }
    }

    /// Where it is to be said instead: a room of the window, on the speaker's own network where it has one.
    pub(super) fn room_for(&self, window: Option<&OccurrenceId>) -> String {
        let network = self.by.network.as_deref().unwrap_or_default();
        let windows = self.settings.windows.iter();
        let named = windows.filter(|known| window.is_none_or(|id| id.window == known.id));
        let mut rooms: Vec<&RoomId> = named.flat_map(|window| &window.rooms).collect();
        rooms.sort_by_key(|room| room.network() != network);
        rooms.first().map_or("the room of the window", |room| room.0.as_str()).to_owned()
    }

    /// What was done is to be said in the other rooms of its windows; what was done in private in a window that does not
    /// allow it is taken back. `before` is how many records and replies there were.
    pub(super) fn tell_the_rooms(
        &mut self,
        verb: &Verb,
        words: &str,
        before: (usize, usize),
    ) -> Result<(), Refusal> {
        let done = |record: &&Record| !matches!(record.event, Event::Refused { .. });
        let records: Vec<&Record> = self.out.records.iter().skip(before.0).filter(done).collect();
        let private = self.by.room.is_none();
        let refused = records.iter().find(|record| private && !self.allows_private(record.window.as_ref()));
        if let Some(record) = refused {
            let room = self.room_for(record.window.as_ref());
            self.out.records.truncate(before.0);
            self.out.replies.truncate(before.1);
            return Err(no::in_private(&room));
        }
        // Who is here is said in all rooms in any case, in one line for all who said so.
        let is_act = |event: &Event| {
            !BOOKKEEPING.contains(&event.kind()) && (private || !matches!(event, Event::Here))
        };
        let acts: Vec<&Record> = records.into_iter().filter(|record| is_act(&record.event)).collect();
        if acts.is_empty() {
            return Ok(());
        }
        let mut rooms: Vec<RoomId> = Vec::new();
        for record in &acts {
            rooms.extend(self.rooms_of(record.window.as_ref()));
        }
        let heard = |room: &RoomId| Some(room) == self.by.room.as_ref() || self.state.is_down(room.network());
        let mut others: Vec<RoomId> = Vec::new();
        for room in rooms.into_iter().filter(|room| !heard(room)) {
            if !others.contains(&room) {
                others.push(room);
            }
        }
        if others.is_empty() && !private {
            return Ok(());
        }
        let said = format!("{} {words}", verb.name);
        self.out.aside = Some(Aside {
            rooms: others,
            name: say::short_name(&self.by.who).to_owned(),
            command: self.command(say::own_words(&said).trim_end()),
            to: self.to.clone(),
        });
        Ok(())
    }

    /// The rooms of a window, also of one that nobody has spoken of before; of all windows for what is about none.
    fn rooms_of(&self, window: Option<&OccurrenceId>) -> Vec<RoomId> {
        let Some(id) = window else { return self.rooms_of_windows() };
        let known = self.state.windows.get(id).map(|window| &window.occurrence.rooms);
        let planned = || self.settings.window(&id.window).map(|window| &window.rooms);
        known.or_else(planned).cloned().unwrap_or_default()
    }
}
