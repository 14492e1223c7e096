//! What is said in a room of what was done elsewhere: in private, or in another room of the same window.

use super::super::id::RoomId;
use super::super::{Place, words};

/// Who said what where, and what the answer was.
pub fn done(name: &str, place: &Place, command: &str, answers: &[&str]) -> String {
    let room = match place {
        Place::Room(room) => Some(room),
        Place::Private { .. } => None,
    };
    let said = format!("{name}, {}, {command}", place_of(room));
    if answers.is_empty() { said } else { format!("{said}: {}", answers.join("; ")) }
}

/// What came of an offer that was made elsewhere; without a room, in private.
pub fn offered(name: &str, room: Option<&RoomId>, answer: &str) -> String {
    format!("{name}, {}: {answer}", place_of(room))
}

fn place_of(room: Option<&RoomId>) -> String {
    room.map_or_else(|| "in private".to_owned(), |room| format!("in {room}"))
}

/// The answer to somebody in private where all else is said in the rooms.
pub fn said_in(name: &str, rooms: &[&str]) -> String {
    format!("{name}: noted, and said in {}", words::list(rooms))
}
