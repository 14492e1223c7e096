//! Questions to the log: a page of what was found, and from there on.
//!
//! Where people are in an answer is not in the log: what somebody looks for is nobody's business for ever, and a question
//! would cost a write. So a restart forgets it, and whoever says `more` then is asked to ask again.

use std::collections::VecDeque;

use crate::engine::id::{At, OccurrenceId};
use crate::engine::log::{Query, Term, TermText, Total, rank, suspected};
use crate::engine::say::log::Page;
use crate::engine::{About, Kind, Place, Question, Reply, say, stats};
use crate::store::StoreError;

use super::Bot;

/// How many rows an answer shows in a room.
const IN_ROOM: usize = 3;

/// How many rows an answer shows in private.
const IN_PRIVATE: usize = 10;

/// So many people may be in the middle of an answer.
const REMEMBERED: usize = 100;

/// The last question of each person in each place, the newest last.
#[derive(Debug, Default)]
pub(super) struct LastAsked(VecDeque<Answered>);

#[derive(Debug)]
struct Answered {
    name: String,
    to: Place,
    rest: Rest,
}

/// How an answer goes on.
#[derive(Clone, Debug)]
struct Rest {
    asked: Asked,
    skipped: u64,
    /// How many there were when it was asked.
    total: Total,
}

#[derive(Clone, Debug)]
enum Asked {
    Rows(Box<Query>),
    Suspects(At),
}

impl LastAsked {
    fn remember(&mut self, question: &Question, rest: Rest) {
        self.0.retain(|old| (&old.name, &old.to) != (&question.name, &question.to));
        if self.0.len() == REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back(Answered { name: question.name.clone(), to: question.to.clone(), rest });
    }

    /// What was asked here; in private whatever was asked last on that network, so that the rest can be read there.
    fn rest(&self, question: &Question) -> Option<Rest> {
        let is_meant = |answered: &&Answered| {
            answered.name == question.name
                && match &question.to {
                    Place::Room(_) => answered.to == question.to,
                    Place::Private { network, .. } => network_of(&answered.to) == network,
                }
        };
        self.0.iter().rev().find(is_meant).map(|answered| answered.rest.clone())
    }
}

fn network_of(place: &Place) -> &str {
    match place {
        Place::Room(room) => room.network(),
        Place::Private { network, .. } => network,
    }
}

fn is_private(question: &Question) -> bool {
    matches!(question.to, Place::Private { .. })
}

fn page_size(question: &Question) -> usize {
    if is_private(question) { IN_PRIVATE } else { IN_ROOM }
}

impl Bot {
    pub(super) fn answer(&mut self, question: &Question) -> Vec<Reply> {
        let lines = match &question.about {
            About::Rows(query) => {
                let asked = Asked::Rows(query.clone());
                self.page(question, Rest { asked, skipped: 0, total: Total::Exactly(0) })
            }
            About::Suspects(at) => {
                let asked = Asked::Suspects(*at);
                self.page(question, Rest { asked, skipped: 0, total: Total::Exactly(0) })
            }
            About::More => match self.asked.rest(question) {
                Some(rest) if rest.skipped >= rest.total.at_least() => {
                    Ok(vec![say::log::no_more(&question.name, &self.settings.prefix)])
                }
                Some(rest) => self.page(question, rest),
                None => Ok(vec![say::log::not_asked(&question.name, &self.settings.prefix)]),
            },
            About::Report(window) => self.report(&question.name, window),
            About::Stats => self.stats(&question.name),
        };
        let lines = lines.unwrap_or_else(|_| vec![say::ask::log_unreadable(&question.name)]);
        let reply = |(index, text)| Reply {
            kind: Kind::Status,
            more: index > 0,
            ..Reply::new(question.to.clone(), text)
        };
        lines.into_iter().enumerate().map(reply).collect()
    }

    /// One page of an answer, and where it goes on.
    fn page(&mut self, question: &Question, rest: Rest) -> Result<Vec<String>, StoreError> {
        match &rest.asked {
            Asked::Rows(query) if query.show.is_some() => self.shown(question, query),
            Asked::Rows(query) => self.rows(question, query.clone(), rest.skipped, rest.total),
            Asked::Suspects(at) => self.suspects(question, *at, rest.skipped),
        }
    }

    fn rows(
        &mut self,
        question: &Question,
        mut query: Box<Query>,
        skipped: u64,
        total: Total,
    ) -> Result<Vec<String>, StoreError> {
        let size = page_size(question);
        let most = query.last.unwrap_or(size);
        // The neighbours of a row stand on both sides of it, and it is a line as well.
        query.last = Some(most.min(if query.around.is_some() { size - 1 } else { size }));
        let found = self.store.search(&query)?;
        let total = if skipped == 0 { found.total } else { total };
        let lines = say::log::rows(self.said_to(question, skipped, total), &found, &query);
        if !query.count && query.around.is_none() {
            let skipped = skipped + found.rows.len() as u64;
            query.before = found.rows.last().map(|row| row.id).or(query.before);
            query.last = None;
            self.asked.remember(question, Rest { asked: Asked::Rows(query), skipped, total });
        }
        Ok(lines)
    }

    fn suspects(&mut self, question: &Question, at: At, skipped: u64) -> Result<Vec<String>, StoreError> {
        let suspects = rank(self.store.search(&suspected(at))?.rows);
        let total = Total::Exactly(suspects.len() as u64);
        let from = usize::try_from(skipped).unwrap_or(usize::MAX).min(suspects.len());
        let page = &suspects[from..suspects.len().min(from + page_size(question))];
        let lines = say::log::suspects(self.said_to(question, skipped, total), page, at);
        let skipped = skipped + page.len() as u64;
        self.asked.remember(question, Rest { asked: Asked::Suspects(at), skipped, total });
        Ok(lines)
    }

    /// One row with all its fields, and those that correct it.
    fn shown(&self, question: &Question, query: &Query) -> Result<Vec<String>, StoreError> {
        let found = self.store.search(query)?;
        let Some(row) = found.rows.first() else {
            return Ok(say::log::rows(self.said_to(question, 0, found.total), &found, query));
        };
        let named = Term { text: TermText::Word(row.id.to_string()), not: false };
        let amended = Query { kind: Some("amended".to_owned()), terms: vec![named], ..Query::default() };
        let corrected = say::log::correcting(row.id, self.store.search(&amended)?.rows);
        let head = self.head(row.id);
        Ok(say::log::row_in_full(&question.name, row, head.as_deref(), &corrected, is_private(question)))
    }

    fn said_to<'a>(&'a self, question: &'a Question, skipped: u64, total: Total) -> Page<'a> {
        let (name, prefix) = (question.name.as_str(), self.settings.prefix.as_str());
        Page { name, prefix, private: is_private(question), skipped, total }
    }

    fn stats(&self, name: &str) -> Result<Vec<String>, StoreError> {
        let budget = self.settings.policy.patch_time;
        let rows = self.store.rows_of_kinds(stats::KINDS)?;
        Ok(say::stats::stats(name, &stats::Stats::of(&rows, budget), budget))
    }

    fn report(&self, name: &str, window: &OccurrenceId) -> Result<Vec<String>, StoreError> {
        let rows = self.store.rows_of_window(window)?;
        let closed = rows.iter().rev().find(|row| row.kind == "window-closed");
        let head = closed.and_then(|closed| self.head(closed.id));
        Ok(vec![say::ask::report(name, window, &rows, head.as_deref())])
    }
}
