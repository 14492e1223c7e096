//! The terminal as a chat: what its lines mean, and how answers look there. Its form is that of the transcripts.

use chrono::TimeDelta;

use crate::engine::id::{ChangeNumber, RoomId};
use crate::engine::settings::CONSOLE;
use crate::engine::{
    Attendance, Departure, Edited, How, Input, Line, Link, LinkChange, Measured, Place, Presence, Reply,
    words,
};

/// One line of the terminal, or of a transcript.
#[derive(Clone, Debug, PartialEq)]
pub enum Typed {
    /// Nothing, or a comment.
    Nothing,
    /// An answer of an earlier run: it is passed over, so that a transcript can be played as it stands.
    Answer,
    /// Somebody says something.
    Said(Line),
    /// Who speaks from here on.
    As(String),
    /// Time passes.
    Later(TimeDelta),
    /// The review system has news of a change.
    Change(ChangeNumber, String),
    /// What a network tells: who came and went, how the connection stands, who says too much.
    Heard(Vec<Input>),
    /// The command of a step, `5` or `r1`, has ended: so, and with this output.
    Ran(String, How, String),
    /// What a command that is on its way prints.
    Output(String),
    /// Somebody puts a ✅ on a question: the last one that holds these words.
    Nod(Line, String),
    /// The program is killed and started again; the commands of these steps are still at work then.
    Restart(Vec<String>),
    /// The command of a step that an earlier program left at work is over, or this of it is still there after KILL.
    Gone(String, Option<String>),
    /// A line of the terminal's own that means nothing, and what would.
    Unknown(&'static str),
}

/// Reads one line. `speaker` says what has no name in front; `bot` is the name that answers stand under.
///
/// `alice> text` is said in the room, `alice>> text` in private, `?mallory> text` by somebody whom the network does not
/// identify; `alice@libera/#ops> text` in another room, `alice@libera>> text` in private on another network.
pub fn read(line: &str, speaker: &str, bot: &str) -> Typed {
    let text = line.trim_end_matches(['\r', '\n']);
    let bare = text.trim();
    if bare.is_empty() || bare.starts_with('#') {
        return Typed::Nothing;
    }
    if is_answer(text, bot) {
        return Typed::Answer;
    }
    if let Some(time) = bare.strip_prefix('+').and_then(words::duration) {
        return Typed::Later(time);
    }
    if let Some(command) = bare.strip_prefix('/') {
        return own_command(command);
    }
    match speaker_of(text) {
        Some((name, private, said)) => Typed::Said(line_of(name, private, said)),
        None => Typed::Said(line_of(speaker, false, text)),
    }
}

/// Whether a line is what the bot said: its name, the place where that is not the terminal, and a mark.
fn is_answer(text: &str, bot: &str) -> bool {
    let Some((head, _)) = text.strip_prefix(bot).and_then(|rest| rest.split_once(' ')) else { return false };
    let place = head.trim_end_matches(['>', '!']);
    (1..=2).contains(&(head.len() - place.len())) && (place.is_empty() || place.starts_with('@'))
}

fn own_command(command: &str) -> Typed {
    let (verb, rest) = command.split_once(' ').unwrap_or((command, ""));
    let rest = rest.trim();
    match verb {
        "as" if !rest.is_empty() && !rest.contains(char::is_whitespace) => Typed::As(rest.to_owned()),
        "change" => match rest
            .split_once(' ')
            .map(|(number, what)| (ChangeNumber::parse(number), what.trim()))
        {
            Some((Some(change), what)) if !what.is_empty() => Typed::Change(change, what.to_owned()),
            _ => Typed::Unknown("/change N merged, ps2, abandoned, Verified-1 NAME, or a file of the folder"),
        },
        "restart" => Typed::Restart(rest.split_whitespace().map(str::to_owned).collect()),
        "gone" if !rest.is_empty() => {
            let (step, still) = rest.split_once(' ').unwrap_or((rest, ""));
            Typed::Gone(step.to_owned(), (!still.is_empty()).then(|| still.to_owned()))
        }
        "health" => match measured(rest) {
            Some(input) => Typed::Heard(vec![input]),
            None => Typed::Unknown("/health CHECK good|bad|unknown [FIGURE] [WORDS] [| TOP ERROR]"),
        },
        "ran" => match ran(rest) {
            Some((step, how, output)) => Typed::Ran(step, how, output),
            None => Typed::Unknown(
                "/ran K EXIT|SIGNAL|timeout|not-started [OUTPUT], where a signal is written -9",
            ),
        },
        "output" if !rest.is_empty() => Typed::Output(rest.to_owned()),
        "edited" => match speaker_of(rest) {
            // The terminal has no ids: no message is ever handled before.
            Some((name, private, said)) => {
                let line = line_of(name, private, said);
                Typed::Heard(vec![Input::Edited(Edited { line, of: String::new() })])
            }
            None => Typed::Unknown("/edited NAME> what it says now"),
        },
        "nod" if !rest.is_empty() => {
            let (name, words) = rest.split_once(' ').unwrap_or((rest, ""));
            Typed::Nod(line_of(name, false, ""), words.trim().to_owned())
        }
        _ => match network_tells(verb, rest) {
            Some(inputs) => Typed::Heard(inputs),
            None => Typed::Unknown(HELP),
        },
    }
}

/// What the terminal's own lines are.
const HELP: &str = "the terminal knows /as NAME, /change N WHAT, /restart [K that runs on], /gone K [WHAT IS STILL THERE], /health CHECK good|bad|unknown [FIGURE] [WORDS], /ran K EXIT [OUTPUT], /output LINE, +10m and # comments; and for what a network \
                    tells: /left, /kicked, /loggedout, /split, /came, /roster NAMES, /flood NAME, /edited NAME> TEXT, /nod NAME [WORDS] for a ✅, /closed, /lost, \
                    /stopped, /readonly WHY, /up";

/// `errors bad 31 errors/s, 9 of 11 hosts | 412x "Call to undefined function"`: the figure counts, and is part of the words.
fn measured(rest: &str) -> Option<Input> {
    let (check, rest) = rest.split_once(' ')?;
    let (verdict, said) = rest.split_once(' ').unwrap_or((rest, ""));
    let mut parts = said.split('|').map(str::trim);
    let words = parts.next().unwrap_or_default().to_owned();
    let value = words.split(' ').next().and_then(|word| word.parse().ok());
    let good = match verdict {
        "good" => Some(true),
        "bad" => Some(false),
        "unknown" => None,
        _ => return None,
    };
    let top = parts.map(str::to_owned).collect();
    let answer = if good.is_some() { Ok(Measured { value, good, words, top }) } else { Err(words) };
    Some(Input::Measured { check: check.to_owned(), answer })
}

/// `5 1 ssh: timed out`
fn ran(rest: &str) -> Option<(String, How, String)> {
    let mut words = rest.splitn(3, ' ');
    let (step, how) = (words.next().filter(|step| !step.is_empty())?, words.next()?);
    let output = words.next().unwrap_or_default().to_owned();
    let how = match (how, how.parse::<i32>()) {
        ("timeout", _) => How::TimedOut,
        ("not-started", _) => How::NotStarted(output.clone()),
        (_, Ok(signal)) if signal < 0 => How::Signal(-signal),
        (_, Ok(status)) => How::Exit(status),
        _ => return None,
    };
    Some((step.to_owned(), how, output))
}

/// Reads what a network would tell: the room and the network are the terminal's.
fn network_tells(verb: &str, rest: &str) -> Option<Vec<Input>> {
    let names = || rest.split_whitespace().map(str::to_owned);
    let some = |words: String| (!words.is_empty()).then_some(words);
    let presence = |change| Input::Presence(Presence { room: RoomId(CONSOLE.to_owned()), change });
    let link = |change| Some(vec![Input::Link(Link { network: CONSOLE.to_owned(), change })]);
    let left = |how| {
        let each = names().map(|account| presence(Attendance::Left { account, how }));
        some(rest.to_owned()).map(|_| each.collect())
    };
    match verb {
        "left" => left(Departure::Left),
        "kicked" => left(Departure::Kicked),
        "loggedout" => left(Departure::LoggedOut),
        "split" => left(Departure::Split),
        "came" => some(rest.to_owned()).map(|_| names().map(|who| presence(Attendance::Came(who))).collect()),
        "roster" => Some(vec![presence(Attendance::Roster(names().collect()))]),
        "flood" => some(rest.to_owned()).map(|name| vec![Input::Flood(line_of(&name, false, ""))]),
        "closed" => some(rest.to_owned()).map(|why| vec![presence(Attendance::Closed(why))]),
        "lost" => some(rest.to_owned()).and_then(|why| link(LinkChange::Lost(why))),
        "stopped" => some(rest.to_owned()).and_then(|why| link(LinkChange::Stopped(why))),
        "readonly" => some(rest.to_owned()).and_then(|why| link(LinkChange::Up { read_only: Some(why) })),
        "up" if rest.is_empty() => link(LinkChange::Up { read_only: None }),
        _ => None,
    }
}

/// `alice> text` or `alice>> text`: a name without spaces in front of the mark, with or without a place.
fn speaker_of(text: &str) -> Option<(&str, bool, &str)> {
    let (name, rest) = text.split_once('>')?;
    let (nick, _) = name_and_place(name);
    // Rooms of Matrix have a ! in their ids.
    if name.is_empty() || nick.contains('!') || name.contains(|c: char| c.is_whitespace() || c == '<') {
        return None;
    }
    let (private, rest) = match rest.strip_prefix('>') {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    match rest.strip_prefix(' ') {
        Some(said) => Some((name, private, said)),
        None => rest.is_empty().then_some((name, private, "")),
    }
}

/// `alice@libera/#ops` is alice in that room; a name alone is on the terminal.
fn name_and_place(name: &str) -> (&str, &str) {
    match name.rsplit_once('@') {
        Some((nick, place)) if !nick.is_empty() && nick != "?" => (nick, place),
        _ => (name, CONSOLE),
    }
}

fn line_of(name: &str, private: bool, said: &str) -> Line {
    let (name, place) = name_and_place(name);
    let room = RoomId(place.to_owned());
    let (nick, account) = match name.strip_prefix('?') {
        Some(nick) => (nick, None),
        None => (name, Some(name.to_owned())),
    };
    Line {
        network: room.network().to_owned(),
        room: (!private).then_some(room),
        nick: nick.to_owned(),
        account,
        text: said.to_owned(),
        message_id: None,
    }
}

/// An answer as the terminal shows it: `swatbot> text`, with `!` for what must be noticed, doubled in private, and with the
/// place where that is not the terminal.
pub fn shown(reply: &Reply, bot: &str) -> String {
    let mark = if reply.ping.is_empty() { ">" } else { "!" };
    let (place, mark) = match &reply.to {
        Place::Room(room) => (&room.0, mark.to_owned()),
        Place::Private { network, .. } => (network, mark.repeat(2)),
    };
    let place = if place == CONSOLE { String::new() } else { format!("@{place}") };
    format!("{bot}{place}{mark} {}", reply.text)
}
