//! How long an occurrence lasts, how much it takes, and its end: `extend`, `limit`, `finish`.

use super::super::command::Role;
use super::super::event::{Ending, Event};
use super::super::id::ChangeNumber;
use super::super::patch::{Patch, Stage};
use super::super::say::{self, Refusal, no};
use super::super::window::Window;
use super::super::{schedule, words};
use super::Turn;
use super::run::dirty_stage;

impl Turn<'_> {
    pub(super) fn extend(&mut self, by: &str) -> Result<(), Refusal> {
        let window = self.window_on()?;
        self.may("extend", Some(window), None)?;
        let by = words::duration(by).ok_or_else(|| no::not_a_time(by, "15m or 1h"))?;
        let until = window.occurrence.ends.max(self.at) + by;
        let rooms = &window.occurrence.rooms;
        let cut = schedule::between(self.settings, window.occurrence.ends, until).into_iter().find(|other| {
            other.id != *window.id()
                && other.starts >= window.occurrence.ends
                && other.rooms.iter().any(|room| rooms.contains(room))
        });
        if let Some(other) = cut {
            return Err(no::clash(self.prefix(), &other.id.to_string(), other.starts, until - by));
        }
        self.record(Some(window.id()), None, Event::Extended { until });
        let text = format!("{} goes on until {} UTC", window.id(), words::clock(until));
        self.broadcast(window, &text);
        Ok(())
    }

    pub(super) fn limit(&mut self, limit: u32) -> Result<(), Refusal> {
        self.may("limit", None, None)?;
        let occurrence = self.open_or_next()?;
        if occurrence.limit == limit {
            self.answer(&format!("already so, {} has {limit} places", occurrence.id));
            return Ok(());
        }
        self.plan_window(&occurrence);
        self.record(Some(&occurrence.id), None, Event::Limited { limit });
        let places = if limit == 1 { "place" } else { "places" };
        self.answer(&format!("{} has {limit} {places} now, it had {}", occurrence.id, occurrence.limit));
        Ok(())
    }

    pub(super) fn finish(&mut self) -> Result<(), Refusal> {
        let window = self.window_on()?;
        let from = window.occurrence.ends + self.settings.timers.finish_after;
        self.may("finish", Some(window), None)?;
        if !self.is(Role::Lead, Some(window), None) && window.lead.is_some() && self.at < from {
            return Err(no::finish_later(window.lead.as_ref().map(|lead| &lead.who), from));
        }
        if let Some(rollback) = &window.rollback
            && let Some((number, step)) = rollback.current()
        {
            return Err(no::rolling_back(self.prefix(), number, step));
        }
        if let Some(patch) = window.moving() {
            return Err(if patch.is_dirty() {
                no::dirty(self.prefix(), patch, &dirty_stage(patch), "finish")
            } else {
                no::finish_busy(self.prefix(), patch)
            });
        }
        if window.emergency.as_ref().is_some_and(|emergency| emergency.report.is_none()) {
            return Err(no::report_first(self.prefix(), window));
        }
        self.close(window, Ending::Finished);
        Ok(())
    }

    /// Ends an occurrence: the summary, and what is left is offered the next one by name.
    pub(in super::super) fn close(&mut self, window: &Window, ending: Ending) {
        let left: Vec<ChangeNumber> = window
            .patches
            .iter()
            .filter(|patch| {
                matches!(patch.stage, Stage::Queued | Stage::Skipped { veto: false, .. })
                    && !self.state.ledger.contains_key(&patch.change)
            })
            .map(|patch| patch.change)
            .collect();
        let summary = say::window::summary(self.state, window, self.at, ending);
        let event = Event::WindowClosed { ending, left: left.clone() };
        let row = self.next_row();
        self.record(Some(window.id()), None, event);
        if let Some(record) = self.out.records.last_mut() {
            record.text.clone_from(&summary);
        }
        // Whoever says `finish` is answered; what ends by itself with nobody in it ends in silence.
        let by_itself = ending != Ending::Finished;
        let quiet = by_itself && window.patches.is_empty() && window.lead.is_none();
        if !quiet {
            let report = self.command(&format!("report {}", window.id()));
            let before = self.out.replies.len();
            self.broadcast(window, &format!("{summary}. {report}"));
            // The channel's own history is the witness of the log.
            self.out.replies[before..].iter_mut().for_each(|reply| reply.head = Some(row));
        }
        if left.is_empty() {
            return;
        }
        let next = self.next_with_room(window.occurrence.ends.max(self.at)).ok();
        // Whose patch I skipped myself was told then, with the same offer.
        let told_then =
            |patch: &&Patch| matches!(&patch.stage, Stage::Skipped { by, .. } if by.0 == self.settings.name);
        let left: Vec<ChangeNumber> = left
            .into_iter()
            .filter(|change| !window.patch(*change).as_ref().is_some_and(told_then))
            .collect();
        let mut told: Vec<_> = Vec::new();
        for change in &left {
            let Some(owner) = window.patch(*change).map(Patch::owner) else { continue };
            if told.contains(&owner) {
                continue;
            }
            told.push(owner);
            let theirs: Vec<ChangeNumber> = left
                .iter()
                .copied()
                .filter(|change| window.patch(*change).is_some_and(|patch| patch.owner() == owner))
                .collect();
            let text = say::window::offered_next(self.prefix(), &theirs, next.as_ref(), self.at);
            self.ping(window, &[owner], &text);
        }
    }
}
