//! What is said in a room of what was done there in private.

use super::super::words;

/// Who said what in private, and what the answer was.
pub fn in_private(name: &str, command: &str, answers: &[&str]) -> String {
    if answers.is_empty() {
        return format!("{name}, in private, {command}");
    }
    format!("{name}, in private, {command}: {}", answers.join("; "))
}

/// What came of an offer that was made in private.
pub fn offered(name: &str, answer: &str) -> String {
    format!("{name}, in private: {answer}")
}

/// The answer to somebody in private where all else is said in the rooms.
pub fn said_in(name: &str, rooms: &[&str]) -> String {
    format!("{name}: noted, and said in {}", words::list(rooms))
}
