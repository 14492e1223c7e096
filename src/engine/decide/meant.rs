//! Whether a line is for me: the address, the verb, and the characters that could disguise them.

use super::super::command::{VERBS, Verb, verb};
use super::super::say::{Refusal, no};
use super::super::settings::{LogMode, Settings};
use super::super::{Line, text, words};

/// Longer lines are not read: no command needs as much.
const LONGEST_LINE: usize = 2000;

/// What a line is to me.
pub(super) enum Meant<'a> {
    /// Chat, or a word for another bot: silence.
    Nobody,
    /// For me, and not to be understood.
    Refused(Refusal),
    /// A verb and what follows it.
    Verb { verb: &'static Verb, words: &'a str },
}

/// The verbs that work without `swat` in a room with an open window: stopping must not wait for a word (§4a.6).
const SHORT: &[&str] = &["hold", "stop", "abort", "rollback"];

/// What follows `!log` where that word is another bot's, as it stands in the channel; `!swat log` is always mine.
pub(super) fn others_log<'a>(settings: &Settings, line: &'a Line) -> Option<&'a str> {
    let own = line.room.is_none() || settings.network(&line.network).log == LogMode::Own;
    let said = line.text.trim_matches(' ');
    let (word, rest) = said.split_once(' ').unwrap_or((said, ""));
    (!own && text::clean(word).eq_ignore_ascii_case("!log")).then_some(rest)
}

/// Whether a line is for me, and what it says.
pub(super) fn meant<'a>(settings: &Settings, line: &'a Line, window_on: bool) -> Meant<'a> {
    let said = line.text.trim_matches(' ');
    let Some(words) = words_for_me(settings, said, line.room.is_none(), window_on) else {
        // A disguised command is not obeyed, and not passed over either.
        if text::is_odd(said) {
            let plain = text::clean(said);
            if words_for_me(settings, &plain, false, window_on).is_some() {
                return Meant::Refused(no::odd_characters());
            }
        }
        return Meant::Nobody;
    };
    if said.len() > LONGEST_LINE {
        return Meant::Refused(no::too_long(said.len()));
    }
    let (word, rest) = words.split_once([' ', '\t']).unwrap_or((words, ""));
    if word.is_empty() {
        return verb("help").map_or(Meant::Nobody, |verb| Meant::Verb { verb, words: "" });
    }
    let Some(verb) = verb(word) else {
        let names: Vec<&str> = VERBS.iter().map(|verb| verb.name).collect();
        if text::is_odd(word) || !word.is_ascii() {
            return Meant::Refused(no::odd_characters());
        }
        return Meant::Refused(no::unknown_verb(
            &settings.prefix,
            word,
            words::near(&word.to_ascii_lowercase(), &names),
        ));
    };
    // What people write to the log is theirs; a command must be what it looks like.
    if verb.name != "log" && text::is_odd(said) {
        return Meant::Refused(no::odd_characters());
    }
    Meant::Verb { verb, words: rest }
}

/// The words after the address, where the line is addressed to me.
fn words_for_me<'a>(settings: &Settings, said: &'a str, private: bool, window_on: bool) -> Option<&'a str> {
    if let Some(rest) = said.strip_prefix(settings.prefix.as_str()) {
        let (word, after) = rest.split_once(' ').unwrap_or((rest, ""));
        if word.eq_ignore_ascii_case("swat") {
            return Some(after.trim_start());
        }
        let short = SHORT.iter().any(|short| word.eq_ignore_ascii_case(short));
        if word.eq_ignore_ascii_case("log") || (short && window_on) {
            return Some(rest);
        }
        return None;
    }
    if let Some((name, after)) = said.split_at_checked(settings.name.len())
        && name.eq_ignore_ascii_case(&settings.name)
        && let Some(words) = after.strip_prefix([':', ','])
    {
        return Some(words.trim_start());
    }
    (private && !said.is_empty()).then_some(said)
}
