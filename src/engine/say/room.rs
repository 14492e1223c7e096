//! What is said of a room itself: what cannot be read in it, that it was closed, that the bot is out of it.

use super::super::id::At;
use super::own_words;

/// Said of messages that could not be decrypted for a while.
pub fn unreadable(name: &str) -> String {
    format!(
        "cannot read an encrypted message from {}: their client has not sent me the key. Say it again if it was for me",
        own_words(name)
    )
}

/// Said once in a room that was closed for another one.
pub fn replaced() -> String {
    "this room was replaced by another one. I stay here until whoever runs me puts the other into my configuration"
        .to_owned()
}

/// Why a room that was replaced counts as lost.
pub fn was_replaced() -> String {
    "it was replaced by another room, which the configuration does not name".to_owned()
}

/// Said in a room where more was said in the bot's absence than it reads.
pub fn gap(read: usize, from: Option<At>) -> String {
    let from =
        from.map(|from| format!(", from {} UTC on", from.format("%Y-%m-%d %H:%M"))).unwrap_or_default();
    format!("I was away and read the last {read} messages only{from}; what was said before is not read")
}

/// Nobody knows what was said since.
pub fn lost_place() -> String {
    "the homeserver does not know any more what I have read, so I begin anew: what was said just now and not answered is \
     not read, say it again"
        .to_owned()
}

/// Why nothing can be said in a room.
pub fn forbidden(why: &str) -> String {
    format!("I may not talk there: {}", own_words(why))
}

/// Why the bot could not go into a room.
pub fn not_let_in(why: &str) -> String {
    format!("I cannot get in: {}", own_words(why))
}

/// Why the bot is out of a room.
pub fn removed(by: Option<&str>, banned: bool) -> String {
    match (by, banned) {
        (Some(by), true) => format!("{} banned me", own_words(by)),
        (Some(by), false) => format!("{} removed me", own_words(by)),
        (None, _) => "I left it".to_owned(),
    }
}
