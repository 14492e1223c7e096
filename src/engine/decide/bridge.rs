//! A line that arrives twice because people bridge the rooms of a window: the second one is the bridge's copy.

use super::super::command::Verb;
use super::super::event::Event;
use super::super::id::RoomId;
use super::Turn;

/// What stops is never passed over: something may have been let go on in between. Each of these finds out by itself that
/// it is so already.
const STOPS: &[&str] = &["hold", "broken", "rollback"];

impl Turn<'_> {
    /// Whether these words were said a moment ago in another room of the same window, by the same person; or by anybody,
    /// where the network does not identify who repeats them, as it is with relays and puppets.
    pub(super) fn is_bridged(&self, verb: &Verb, words: &str) -> bool {
        let said = plain(verb, words);
        let others = self.rooms_beside();
        self.state.spoken.iter().any(|spoken| {
            let same_person = match &self.who {
                Some(who) => spoken.by == *who && !STOPS.contains(&verb.name),
                None => true,
            };
            spoken.is_fresh(self.at) && same_person && spoken.words == said && others.contains(&&spoken.room)
        })
    }

    /// Keeps for a moment what was said, where it did something and a bridge may repeat it.
    pub(super) fn note_what_was_said(&mut self, verb: &Verb, words: &str) {
        let did = |event: &Event| {
            let heard = matches!(event, Event::LeadSpoke | Event::OwnerSpoke | Event::HereSaid);
            !heard && !matches!(event, Event::Refused { .. } | Event::Asked { .. })
        };
        if self.out.records.iter().any(|record| did(&record.event)) && !self.rooms_beside().is_empty() {
            self.record(None, None, Event::Spoken { words: plain(verb, words) });
        }
    }

    /// The other rooms of the windows that are held in this one.
    fn rooms_beside(&self) -> Vec<&RoomId> {
        let Some(room) = &self.by.room else { return Vec::new() };
        let known = self.state.windows.values().map(|window| &window.occurrence.rooms);
        let rooms = self.settings.windows.iter().map(|window| &window.rooms).chain(known);
        rooms.filter(|rooms| rooms.contains(room)).flatten().filter(|other| *other != room).collect()
    }
}

/// What was said, however it was addressed and spaced.
fn plain(verb: &Verb, words: &str) -> String {
    [verb.name].into_iter().chain(words.split_whitespace()).collect::<Vec<&str>>().join(" ")
}
