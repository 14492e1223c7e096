//! What was said while the bot could not hear it: told of and put on the record, and not acted on.

use super::super::id::At;
use super::super::say::{self, no};
use super::super::settings::Settings;
use super::super::state::State;
use super::super::{Line, Outcome, Place, Reply};
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
