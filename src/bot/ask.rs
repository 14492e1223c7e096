//! Questions to the log: a page of what was found, and from there on.
//!
//! Where people are in an answer is not in the log: what somebody looks for is nobody's business for ever, and a question
//! would cost a write. So a restart forgets it, and whoever says `more` then is asked to ask again.

use std::collections::VecDeque;

use chrono::TimeDelta;

use crate::engine::id::{At, OccurrenceId, RowId};
use crate::engine::log::{Query, Total, correcting, corrections, rank, suspected};
use crate::engine::say::log::Page;
use crate::engine::{About, Kind, Place, Question, Reply, say, stats};
use crate::store::{Reader, StoreError};

use super::Asked as Came;

/// How many rows an answer shows in a room.
const IN_ROOM: usize = 3;

/// How many rows an answer shows in private.
const IN_PRIVATE: usize = 10;

/// So many people may be in the middle of an answer.
const REMEMBERED: usize = 100;

/// The last question of each person in each place, the newest last.
#[derive(Debug, Default)]
pub struct LastAsked(VecDeque<Answered>);

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

impl LastAsked {
    /// Answers a question from the log.
    pub fn answer(&mut self, log: &Reader, asked: &Came) -> Vec<Reply> {
        let (question, prefix) = (&asked.question, asked.prefix.as_str());
        let with = With { log, question, prefix, patch_time: asked.patch_time };
        let lines = match &question.about {
            About::Rows(query) => {
                let asked = Asked::Rows(query.clone());
                self.page(&with, Rest { asked, skipped: 0, total: Total::Exactly(0) })
            }
            About::Suspects(at) => {
                let asked = Asked::Suspects(*at);
                self.page(&with, Rest { asked, skipped: 0, total: Total::Exactly(0) })
            }
            About::More => match self.rest(question) {
                Some(rest) if matches!(rest.total, Total::Exactly(total) if rest.skipped >= total) => {
                    Ok(vec![say::log::no_more(&question.name, prefix)])
                }
                Some(rest) => self.page(&with, rest),
                None => Ok(vec![say::log::not_asked(&question.name, prefix)]),
            },
            About::Report(window) => with.report(window),
            About::Stats => with.stats(),
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
    fn page(&mut self, with: &With<'_>, rest: Rest) -> Result<Vec<String>, StoreError> {
        match &rest.asked {
            Asked::Rows(query) if query.show.is_some() => with.shown(query),
            Asked::Rows(query) => self.rows(with, query.clone(), rest.skipped, rest.total),
            Asked::Suspects(at) => self.suspects(with, *at, rest.skipped),
        }
    }

    fn rows(
        &mut self,
        with: &With<'_>,
        mut query: Box<Query>,
        skipped: u64,
        total: Total,
    ) -> Result<Vec<String>, StoreError> {
        let With { log, question, .. } = *with;
        let size = page_size(question);
        let most = query.last.unwrap_or(size);
        // The neighbours of a row stand on both sides of it, and it is a line as well.
        query.last = Some(most.min(if query.around.is_some() { size - 1 } else { size }));
        let found = log.search(&query)?;
        if skipped > 0 && found.rows.is_empty() {
            return Ok(vec![say::log::no_more(&question.name, with.prefix)]);
        }
        let total = if skipped == 0 { found.total } else { total };
        let lines = say::log::rows(with.said_to(skipped, total), &found, &query);
        if !query.count && query.around.is_none() {
            let skipped = skipped + found.rows.len() as u64;
            query.before = found.rows.last().map(|row| row.id).or(query.before);
            query.last = None;
            self.remember(question, Rest { asked: Asked::Rows(query), skipped, total });
        }
        Ok(lines)
    }

    fn suspects(&mut self, with: &With<'_>, at: At, skipped: u64) -> Result<Vec<String>, StoreError> {
        let With { log, question, .. } = *with;
        let suspects = rank(log.search(&suspected(at))?.rows);
        let total = Total::Exactly(suspects.len() as u64);
        let from = usize::try_from(skipped).unwrap_or(usize::MAX).min(suspects.len());
        let page = &suspects[from..suspects.len().min(from + page_size(question))];
        let lines = say::log::suspects(with.said_to(skipped, total), page, at);
        let skipped = skipped + page.len() as u64;
        self.remember(question, Rest { asked: Asked::Suspects(at), skipped, total });
        Ok(lines)
    }
}

/// One question, and what it is answered with.
struct With<'a> {
    log: &'a Reader,
    question: &'a Question,
    prefix: &'a str,
    patch_time: TimeDelta,
}

impl With<'_> {
    /// One row with all its fields, and those that correct it.
    fn shown(&self, query: &Query) -> Result<Vec<String>, StoreError> {
        let Self { log, question, .. } = *self;
        let found = log.search(query)?;
        let Some(row) = found.rows.first() else {
            return Ok(say::log::rows(self.said_to(0, found.total), &found, query));
        };
        let corrected = correcting(row.id, log.search(&corrections(row.id))?.rows);
        let head = self.head(row.id);
        Ok(say::log::row_in_full(&question.name, row, head.as_deref(), &corrected, is_private(question)))
    }

    fn said_to(&self, skipped: u64, total: Total) -> Page<'_> {
        let (name, prefix) = (self.question.name.as_str(), self.prefix);
        Page { name, prefix, private: is_private(self.question), skipped, total }
    }

    fn stats(&self) -> Result<Vec<String>, StoreError> {
        let rows = self.log.rows_of_kinds(stats::KINDS)?;
        let stats = stats::Stats::of(&rows, self.patch_time);
        Ok(say::stats::stats(&self.question.name, &stats, self.patch_time))
    }

    fn report(&self, window: &OccurrenceId) -> Result<Vec<String>, StoreError> {
        let rows = self.log.rows_of_window(window)?;
        let closed = rows.iter().rev().find(|row| row.kind == "window-closed");
        let head = closed.and_then(|closed| self.head(closed.id));
        Ok(vec![say::ask::report(&self.question.name, window, &rows, head.as_deref())])
    }

    /// The head of a row, as it is said.
    fn head(&self, row: RowId) -> Option<String> {
        // The answer is worth giving without it.
        self.log.head_of(row).ok().flatten().map(|head| head.to_string())
    }
}
