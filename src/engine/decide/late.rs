//! What was said while the bot could not hear it, or by nobody knows whom: told of and put on the record, and not acted
//! on.

use super::super::id::At;
use super::super::say::{self, no};
use super::super::settings::Settings;
use super::super::state::State;
use super::super::{Doubt, Line, Outcome, Place, Reply};
use super::Turn;
use super::meant::{Meant, meant, others_log};

/// Takes in lines that came too late. Each command is refused on the record; in each place one answer names them.
pub(super) fn late(settings: &Settings, state: &State, at: At, lines: &[Line]) -> Outcome {
    let mut outcome = Outcome::default();
    let mut places: Vec<(Place, Vec<(String, String)>)> = Vec::new();
    for line in lines.iter().filter(|line| others_log(settings, line).is_none()) {
        let mut turn = Turn::of_line(settings, state, at, line);
        let verb = match meant(settings, line, turn.open_window().is_some()) {
            Meant::Nobody => continue,
            Meant::Verb { verb, .. } => verb.name,
            Meant::Refused(_) => "?",
        };
        let window = turn.open_window().map(|window| window.id().clone());
        turn.record_refusal(verb, window.as_ref(), None, &no::late());
        outcome.records.append(&mut turn.out.records);
        let command = (turn.name, line.text.clone());
        match places.iter_mut().find(|(place, _)| *place == turn.to) {
            Some((_, commands)) => commands.push(command),
            None => places.push((turn.to, vec![command])),
        }
    }
    let answers = places.into_iter().map(|(place, commands)| Reply::new(place, say::late(&commands)));
    outcome.replies.extend(answers);
    outcome
}

/// Takes in a line of which nothing proves who said it: a command is refused, whoever may give it.
pub(super) fn unproven(settings: &Settings, state: &State, at: At, line: &Line, doubt: Doubt) -> Outcome {
    let mut turn = Turn::of_line(settings, state, at, line);
    let verb = match meant(settings, line, turn.open_window().is_some()) {
        Meant::Nobody => return turn.out,
        _ if others_log(settings, line).is_some() => return turn.out,
        Meant::Verb { verb, .. } => verb.name,
        Meant::Refused(_) => "?",
    };
    let refusal = match doubt {
        Doubt::Clear => no::clear_text(),
        Doubt::Device => no::untrusted(),
        Doubt::Replayed => no::replayed(),
        Doubt::Keys => no::new_keys(&line.nick),
    };
    turn.refuse(verb, None, &refusal);
    turn.out
}
