//! `!log`: write a row, correct a row, ask for rows.

use std::collections::BTreeSet;

use super::super::command::{Command, Role, Target, Verb, Words, verb};
use super::super::event::Event;
use super::super::id::RowId;
use super::super::log::{InWindow, Query, room_called};
use super::super::say::{self, Refusal, no};
use super::super::settings::Standing;
use super::super::{About, Kind, Question, Reply};
use super::Turn;

impl Turn<'_> {
    /// `like` is what it was perhaps meant as.
    pub(super) fn log_text(&mut self, text: &str, like: Option<&str>) -> Result<(), Refusal> {
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
        let mut said = say::logged(&[(name.clone(), row)]);
        said.extend(like.map(|like| say::log::as_a_text(like, self.prefix())));
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
            Ok(Command::LogQuery { .. } | Command::LogMore | Command::LogSuspects { .. }) => return,
            Ok(Command::LogText { text, .. }) => text,
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
        self.keep_text(&format!("corrects {row}: {text}"));
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
        self.keep_text(&format!("redacts {row}: {reason}"));
        self.answer(&say::redacted(row, new));
        Ok(())
    }

    /// The words of the log are the speaker's, stored as they came.
    fn keep_text(&mut self, text: &str) {
        if let Some(record) = self.out.records.last_mut() {
            record.text = text.to_owned();
        }
    }

    pub(super) fn log_query(&mut self, mut query: Box<Query>) -> Result<(), Refusal> {
        if let Some(InWindow::Any(id)) = &query.window {
            let known: Vec<&str> = self.settings.windows.iter().map(|window| window.id.as_str()).collect();
            if !known.iter().any(|known| known.eq_ignore_ascii_case(id)) {
                return Err(no::not_a_window(id, &known, self.prefix()));
            }
        }
        if let Some(ticket) = query.ticket.take() {
            let (_, patch) = self.find(Target::Ticket(ticket))?;
            query.change = Some(patch.change);
        }
        if let Some(room) = &query.room {
            query.room = Some(self.room_called(room)?);
        }
        self.ask_log(About::Rows(query))
    }

    pub(super) fn ask_log(&mut self, about: About) -> Result<(), Refusal> {
        let to = self.to.clone();
        self.out.questions.push(Question { about, name: self.name.clone(), to });
        Ok(())
    }

    /// The room in full, as rows have it. What has the form of a room is one, known or not: the log is older than the
    /// configuration.
    fn room_called(&self, word: &str) -> Result<String, Refusal> {
        let rooms = self.settings.windows.iter().flat_map(|window| &window.rooms).chain(&self.by.room);
        // Of several rooms with one name it is this one.
        match room_called(word, self.by.room.iter().chain(rooms.clone())) {
            Some(room) => Ok(room.0.clone()),
            None if word.contains(['#', '!', '&', '/', ':']) => Ok(word.to_owned()),
            None => {
                let known: BTreeSet<&str> = rooms.map(|room| room.0.as_str()).collect();
                Err(no::not_a_room(word, &known.into_iter().collect::<Vec<_>>(), self.prefix()))
            }
        }
    }
}
