//! `!log`: write a row, correct a row, ask for rows.

use super::super::command::{Command, Role, Verb, Words, verb};
use super::super::event::Event;
use super::super::id::RowId;
use super::super::log::Query;
use super::super::say::{self, Refusal, no};
use super::super::settings::Standing;
use super::super::{About, Kind, Question, Reply};
use super::Turn;

impl Turn<'_> {
    pub(super) fn log_text(&mut self, text: &str) -> Result<(), Refusal> {
        if self.who.is_none() {
            return Err(self.not_identified());
        }
        let text = text.trim();
        if text.is_empty() {
            return Err(no::empty_log());
        }
        let row = self.next_row();
        let window = self.open_window().map(|window| window.id().clone());
        self.record(window.as_ref(), None, Event::Logged);
        self.keep_text(text);
        let name = self.name.clone();
        let said = say::logged(&[(name.clone(), row)]);
        self.out
            .replies
            .push(Reply { kind: Kind::Logged { name, row }, ..Reply::new(self.to.clone(), said) });
        Ok(())
    }

    /// Somebody wrote to the log of another bot: it is recorded here too, and that bot alone answers.
    pub(super) fn others_log(&mut self, words: &str) {
        let Some(verb) = verb("log") else { return };
        if self.is_bridged(verb, words) {
            self.out.is_copy = true;
            return;
        }
        if self.who.is_some() {
            self.observe(verb, words);
        }
        self.note_who_is_heard();
        self.note_what_was_said(verb, words);
    }

    fn observe(&mut self, verb: &'static Verb, words: &str) {
        let hosts = &self.settings.policy.review_hosts;
        let text = match Words::new(verb, words, self.prefix(), hosts, self.at).command() {
            Ok(Command::LogQuery { .. }) => return,
            Ok(Command::LogText { text }) => text,
            _ => words.to_owned(),
        };
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        let window = self.open_window().map(|window| window.id().clone());
        self.record(window.as_ref(), None, Event::Logged);
        self.keep_text(text);
    }

    pub(super) fn log_amend(&mut self, row: RowId, text: &str) -> Result<(), Refusal> {
        if self.who.is_none() {
            return Err(self.not_identified());
        }
        if row.0 > self.state.row {
            return Err(no::no_row(row.0, self.state.row));
        }
        let new = self.next_row();
        self.record(None, None, Event::Amended { row });
        self.keep_text(&format!("{row}: {text}"));
        self.answer(&format!("{new} corrects {row}"));
        Ok(())
    }

    /// The store takes the words out in the commit that says so.
    pub(super) fn log_redact(&mut self, row: RowId, reason: &str) -> Result<(), Refusal> {
        if self.who.is_none() {
            return Err(self.not_identified());
        }
        if !self.is(Role::Manager, None, None) {
            return Err(no::not_manager("log redact", &self.people_with(Standing::Manager)));
        }
        if row.0 > self.state.row {
            return Err(no::no_row(row.0, self.state.row));
        }
        if let Some(by) = self.state.redacted.get(&row) {
            self.answer(&say::redacted_already(row, *by));
            return Ok(());
        }
        let new = self.next_row();
        self.record(None, None, Event::Redacted { row, rows: Vec::new() });
        self.keep_text(&format!("{row}: {reason}"));
        self.answer(&say::redacted(row, new));
        Ok(())
    }

    /// The words of the log are the speaker's, stored as they came.
    fn keep_text(&mut self, text: &str) {
        if let Some(record) = self.out.records.last_mut() {
            record.text = text.to_owned();
        }
    }

    pub(super) fn log_query(&mut self, query: Query) -> Result<(), Refusal> {
        let to = self.to.clone();
        self.out.questions.push(Question { about: About::Rows(query), name: self.name.clone(), to });
        Ok(())
    }
}
