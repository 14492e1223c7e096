//! What the last words of a server mean for the next attempt.

use crate::engine::text;

use super::Then;

/// Words of a ban, in small letters. Whoever meets one of these and comes back at once makes it worse.
const BANNED: &[&str] = &[
    "k-line", "g-line", "d-line", "z-line", "k:line", "g:line", "z:line", "kline", "gline", "zline", "akill",
    "banned",
];

/// Words of a server for which we were too much.
const TOO_MUCH: &[&str] = &["excess flood", "throttled", "too fast", "too many", "sendq", "recvq"];

/// What follows on words like these.
pub(super) fn then(words: &str) -> Then {
    let words = words.to_lowercase();
    let has = |list: &[&str]| list.iter().any(|word| words.contains(word));
    if has(BANNED) {
        Then::Stop
    } else if has(TOO_MUCH) {
        Then::AgainLater
    } else {
        Then::Again
    }
}

/// A reason, and what the server said of it where it said anything.
pub(super) fn because(what: &str, words: &str) -> String {
    let words = quoted(words);
    if words.is_empty() { what.to_owned() } else { format!("{what}: {words}") }
}

/// Words of a stranger as they can stand in a reason: one line, nothing hidden in it, not longer than anybody reads.
pub(super) fn quoted(words: &str) -> String {
    text::clean_to(words, 120).trim().to_owned()
}
