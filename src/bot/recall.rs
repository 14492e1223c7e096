//! What a restart must not lose of what was said before it: answers that were stored and not given, and what is answered
//! later or not recorded yet.

use crate::engine::event::BOOKKEEPING;
use crate::engine::id::{At, RowId};
use crate::engine::{Input, Line, Outcome, Place, Reply, decide, say};
use crate::store::Answer;

use super::asked::asked;
use super::{Bot, Said, message};

impl Bot {
    /// The messages of a network that are not done with, although everything that it sent was taken: they are answered
    /// later, or the log could not take them. Whoever keeps them must not forget them yet.
    pub fn unsettled(&self, network: &str) -> Vec<String> {
        let owed = self.owed.keys().filter(|(of, _)| of == network).map(|(_, id)| id.clone());
        let late = self.missed.iter().filter_map(|input| match input {
            Input::Late(lines) => Some(lines),
            _ => None,
        });
        let late = late.flatten().filter(|line| line.network == network);
        let asked = self.asked.iter().flatten().filter(|(of, _)| of == network).map(|(_, id)| id.clone());
        owed.chain(late.filter_map(|line| line.message_id.clone())).chain(asked).collect()
    }

    /// What is stored as the answer to a message, given what follows from it; its first row would be `from` of those that
    /// are still to be stored.
    pub(super) fn answer_in(&self, input: &Input, outcome: &Outcome, from: usize) -> Answer {
        let row = |index: usize| RowId(self.store.last().0 + (from + index) as i64 + 1);
        let first = row(0);
        if !outcome.records.is_empty() && self.state.offers.iter().any(|offer| offer.line == first) {
            return Answer::Row(first);
        }
        if outcome.replies.is_empty() && outcome.questions.is_empty() {
            return Answer::Nothing;
        }
        // One answer for many lines: which row is whose nobody asks any more.
        if matches!(input, Input::Late(_)) {
            return Answer::WithoutRow;
        }
        let says = |record: &crate::engine::event::Record| !BOOKKEEPING.contains(&record.event.kind());
        outcome.records.iter().position(says).map_or(Answer::WithoutRow, |index| Answer::Row(row(index)))
    }

    /// Answers from the log what was stored and not answered before a restart. What the log does not know is decided
    /// anew when it comes.
    pub(super) fn recall(&mut self, at: At, inputs: &[Input]) -> Said {
        let (mut replies, mut questions) = (Vec::new(), Vec::new());
        let mut unchanged: Vec<(&Line, Vec<String>)> = Vec::new();
        let lines = inputs.iter().filter_map(|input| match input {
            Input::Unanswered(lines) => Some(lines),
            _ => None,
        });
        for line in lines.flatten() {
            let Some((network, id)) = message(line) else { continue };
            match self.store.answer_to(network, id) {
                Ok(None | Some(Answer::Nothing)) => {}
                Ok(Some(Answer::Row(row))) => {
                    if self.state.offers.iter().any(|offer| offer.line == row) {
                        self.owed.insert((network.to_owned(), id.to_owned()), row);
                    } else if let Ok(Some(row)) = self.store.row_of(row, network, line.account.as_deref()) {
                        replies.push(answer(line, say::ask::recorded_before(&line.nick, &row)));
                    }
                }
                Ok(Some(Answer::WithoutRow)) => {
                    match decide::without_row(&self.settings, &self.state, at, line) {
                        Some(outcome) => {
                            replies.extend(outcome.replies);
                            questions.extend(asked(&self.settings, outcome.questions, message(line)));
                        }
                        None => match unchanged.iter_mut().find(|(other, _)| is_same_speaker(other, line)) {
                            Some((_, commands)) => commands.push(line.text.clone()),
                            None => unchanged.push((line, vec![line.text.clone()])),
                        },
                    }
                }
                // Its line comes after it, and is answered that nothing can be recorded.
                Err(_) => {}
            }
        }
        for (line, commands) in unchanged {
            replies.push(answer(line, say::ask::unchanged_before(&line.nick, &commands)));
        }
        Said { replies, questions, ..Said::default() }
    }
}

fn is_same_speaker(one: &Line, other: &Line) -> bool {
    let place = |line: &Line| -> (Place, Option<String>) { (line.place(), line.account.clone()) };
    place(one) == place(other) && one.nick == other.nick
}

fn answer(line: &Line, text: String) -> Reply {
    Reply { answers: line.message_id.clone(), ..Reply::new(line.place(), text) }
}
