//! Commands that are given in private, where the window allows it: what they do is said in its rooms.

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

    /// What was done in private is to be said in the rooms of its windows; what was done in a window that does not allow
    /// it is taken back. `before` is how many records and replies there were.
    pub(super) fn tell_the_rooms(
        &mut self,
        verb: &Verb,
        words: &str,
        before: (usize, usize),
    ) -> Result<(), Refusal> {
        let done = |record: &&Record| !matches!(record.event, Event::Refused { .. });
        let records: Vec<&Record> = self.out.records.iter().skip(before.0).filter(done).collect();
        let refused = records.iter().find(|record| !self.allows_private(record.window.as_ref()));
        if let Some(record) = refused {
            let room = self.room_for(record.window.as_ref());
            self.out.records.truncate(before.0);
            self.out.replies.truncate(before.1);
            return Err(no::in_private(&room));
        }
        let acts: Vec<&Record> =
            records.into_iter().filter(|record| !BOOKKEEPING.contains(&record.event.kind())).collect();
        if acts.is_empty() {
            return Ok(());
        }
        let mut rooms: Vec<RoomId> = Vec::new();
        for record in &acts {
            let window = record.window.as_ref().and_then(|id| self.state.windows.get(id));
            for room in
                window.map_or_else(|| self.rooms_of_windows(), |window| window.occurrence.rooms.clone())
            {
                if !rooms.contains(&room) {
                    rooms.push(room);
                }
            }
        }
        rooms.retain(|room| !self.state.is_down(room.network()));
        let said = format!("{} {words}", verb.name);
        self.out.aside = Some(Aside {
            rooms,
            name: say::short_name(&self.by.who).to_owned(),
            command: self.command(say::own_words(&said).trim_end()),
            to: self.to.clone(),
        });
        Ok(())
    }
}
