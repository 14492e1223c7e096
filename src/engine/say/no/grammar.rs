//! Refusals about words: what does not fit a verb, what is no change, what cannot be read.

use super::super::super::command::Verb;
use super::super::super::patch::Patch;
use super::super::super::words;
use super::super::{Refusal, command, own_words};
use super::{form, short};

/// The words do not fit the verb.
pub fn usage(prefix: &str, verb: &Verb) -> Refusal {
    Refusal::new("usage", format!("that is not how {} goes. {}", verb.name, form(prefix, verb)))
}

/// A word is missing.
pub fn missing(prefix: &str, verb: &Verb, what: &str) -> Refusal {
    Refusal::new("usage", format!("{} needs {what}. {}", verb.name, form(prefix, verb)))
}

/// A word too many.
pub fn leftover(prefix: &str, verb: &Verb, word: &str) -> Refusal {
    let word = short(word);
    Refusal::new("usage", format!("{} does not take \"{word}\". {}", verb.name, form(prefix, verb)))
}

/// Not one of the words known here: the nearest one, or else the first of them.
pub fn unknown_word(
    prefix: &str,
    verb: &Verb,
    what: &str,
    word: &str,
    (known, shown): (&[&str], usize),
) -> Refusal {
    let hint = match words::near(word, known) {
        Some(near) => format!("Did you mean {near}?"),
        None => {
            let known: Vec<&str> = known.iter().copied().take(shown).collect();
            format!("There are {}: {}", known.join(", "), form(prefix, verb))
        }
    };
    Refusal::new("unknown-word", format!("\"{}\" is no {what}. {hint}", short(word)))
}

/// No such verb.
pub fn unknown_verb(prefix: &str, word: &str, near: Option<&str>) -> Refusal {
    let hint = match near {
        Some(near) => format!("Did you mean {}?", command(prefix, near)),
        None => command(prefix, "help"),
    };
    Refusal::new("unknown-verb", format!("\"{}\" is no verb of mine. {hint}", short(word)))
}

/// Not a change number, a ticket, or a URL of the review system.
pub fn not_a_change(prefix: &str, verb: &Verb, word: &str, hosts: &[String]) -> Refusal {
    let url = hosts.first().map(|host| format!(" or https://{host}/r/N")).unwrap_or_default();
    let text = format!("\"{}\" is no change number (digits, #3{url}). {}", short(word), form(prefix, verb));
    Refusal::new("not-a-change", text)
}

/// A bare small number where a patch is meant.
pub fn bare_number(prefix: &str, verb: &Verb, word: &str) -> Refusal {
    let text = format!("a bare {word} could be a step. Say #{word} for the ticket: {}", form(prefix, verb));
    Refusal::new("bare-number", text)
}

/// A bare small number that is the change of a queued patch: the same words with its ticket.
pub fn bare_change(prefix: &str, verb: &str, patch: &Patch, rest: &str) -> Refusal {
    let (change, ticket) = (patch.change, patch.ticket);
    let words = command(prefix, own_words(&format!("{verb} #{ticket} {rest}")).trim_end());
    Refusal::new(
        "bare-number",
        format!("a bare {change} could be a step, {change} goes by its ticket: {words}"),
    )
}

/// The same patch twice on one line.
pub fn twice(word: &str) -> Refusal {
    Refusal::new("twice", format!("{} is there twice. Name it once", short(word)))
}

/// Several names where one is on point.
pub fn one_owner(words: &str) -> Refusal {
    Refusal::new("usage", format!("\"{}\" is no one name. One person is on point: owner: WHO", short(words)))
}

/// More than one line can carry.
pub fn too_many(count: usize) -> Refusal {
    Refusal::new("too-many", format!("{count} patches on one line. Say at most 20"))
}

/// Characters that could disguise a command.
pub fn odd_characters() -> Refusal {
    let text = "unusual characters in the command, nothing done. Type it by hand, do not paste it";
    Refusal::new("unusual-characters", text)
}

/// Longer than any command.
pub fn too_long(bytes: usize) -> Refusal {
    Refusal::new("too-long", format!("that line has {bytes} bytes, I read 2000. Say it shorter"))
}

/// Nobody is known by this name.
pub fn unknown_person(word: &str, near: Option<&str>) -> Refusal {
    let hint = match near {
        Some(near) => format!("Did you mean {near}?"),
        None => "Name an id of the configuration, or NETWORK/ACCOUNT".to_owned(),
    };
    Refusal::new("unknown-person", format!("I know nobody called \"{}\". {hint}", short(word)))
}
