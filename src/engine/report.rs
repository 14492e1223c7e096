//! How an occurrence went, read out of its rows alone: who, what, how long each step took, and what was left over.
//!
//! Rows are read for ever, so what a row does not say stays open here and is never an error.

mod steps;

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde::Serialize;

use super::event::{BOOKKEEPING, Ending, Event};
use super::id::{At, ChangeNumber, OccurrenceId, RowId, Who};
use super::incident::Incident;
use super::log::Row;
use super::state::Retold;
use steps::Commands;
pub use steps::{Running, StepReport};

/// How an occurrence went.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Which.
    pub occurrence: OccurrenceId,
    /// What was said when it closed; `None` while it is not over.
    pub summary: Option<String>,
    /// The row that closed it.
    pub closed_by: Option<RowId>,
    /// When it was to begin and to end.
    pub planned: Option<(At, At)>,
    /// When it was announced as on.
    pub on: Option<At>,
    /// When the lead said `start`.
    pub run: Option<At>,
    /// When it was over.
    pub closed: Option<At>,
    /// How it ended.
    pub ending: Option<Ending>,
    /// Who led it, one after the other, from when.
    pub leads: Vec<(At, Who)>,
    /// The patches, in the order of their tickets.
    pub patches: Vec<PatchReport>,
    /// The rules that were set aside, the vetoes, and what people were refused.
    pub exceptions: Vec<Entry>,
    /// What was queued and is not live: at the end, or by now.
    pub left: Vec<ChangeNumber>,
    /// What is merged and not deployed since.
    pub owed: Vec<ChangeNumber>,
    /// What was bad on the hosts, the same as its summary says it; the last may not be over.
    pub outages: Vec<Incident>,
    /// Everything that happened, without bookkeeping.
    pub timeline: Vec<Entry>,
    /// Which row of a command belongs to which step.
    #[serde(skip)]
    commands: Commands,
}

/// One row of the log, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Its number.
    pub row: RowId,
    /// When.
    pub at: At,
    /// Who.
    pub who: Who,
    /// The kind of event.
    pub kind: String,
    /// `ok`, `refused` or `failed`.
    pub outcome: String,
    /// The change it is about.
    pub change: Option<ChangeNumber>,
    /// The sentence, as it came.
    pub text: String,
}

/// One patch.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PatchReport {
    /// The change.
    pub change: Option<ChangeNumber>,
    /// Its title, as it came, where it is known.
    pub title: Option<String>,
    /// Its ticket; `None` where it came from another occurrence.
    pub ticket: Option<u32>,
    /// Who is on point.
    pub owner: Option<Who>,
    /// When it was set in motion.
    pub started: Option<At>,
    /// When it was live, back, skipped or gone.
    pub ended: Option<At>,
    /// What became of it.
    pub fate: Fate,
    /// Its steps, as they were at the end.
    pub steps: Vec<StepReport>,
}

/// What became of a patch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// It waits, or waited to the end.
    #[default]
    Waiting,
    /// It is in motion, or was to the end.
    Moving,
    /// It is live.
    Live,
    /// It is merged, and no host needs it.
    Merged,
    /// It went back.
    RolledBack,
    /// It was skipped, for this reason.
    Skipped(String),
    /// It left the queue.
    Removed,
    /// It went to another occurrence.
    Moved(OccurrenceId),
}

impl PatchReport {
    /// How long it was in motion.
    pub fn took(&self) -> Option<TimeDelta> {
        Some(self.ended? - self.started?)
    }
}

/// Reads the rows of an occurrence, oldest first, bookkeeping too. `titles` are those of its changes.
pub fn report(occurrence: &OccurrenceId, rows: &[Row], titles: &BTreeMap<ChangeNumber, String>) -> Report {
    let mut report = Report {
        occurrence: occurrence.clone(),
        summary: None,
        closed_by: None,
        planned: None,
        on: None,
        run: None,
        closed: None,
        ending: None,
        leads: Vec::new(),
        patches: Vec::new(),
        exceptions: Vec::new(),
        left: Vec::new(),
        owed: Vec::new(),
        outages: Vec::new(),
        timeline: Vec::new(),
        commands: Commands::default(),
    };
    let mut retold = Retold::new(occurrence.clone(), rows.first().map_or_else(At::default, |row| row.at));
    let events: Vec<(&Row, Option<Event>)> =
        rows.iter().map(|row| (row, serde_json::from_str(&row.detail).ok())).collect();
    for (row, event) in &events {
        if !BOOKKEEPING.contains(&row.kind.as_str()) {
            report.timeline.push(entry(row));
        }
        if let Some(event) = event {
            report.take_in(row, event);
            retold.take(row, event);
        }
    }
    report.outages = retold.incidents();
    if report.closed.is_none() {
        let waits = report.patches.iter().filter(|patch| matches!(patch.fate, Fate::Waiting | Fate::Moving));
        report.left = waits.filter_map(|patch| patch.change).collect();
    }
    report.patches.sort_by_key(|patch| (patch.ticket.unwrap_or(u32::MAX), patch.change));
    for patch in &mut report.patches {
        patch.title = patch.change.and_then(|change| titles.get(&change).cloned());
    }
    report
}

fn entry(row: &Row) -> Entry {
    Entry {
        row: row.id,
        at: row.at,
        who: Who(row.actor.clone()),
        kind: row.kind.clone(),
        outcome: row.outcome.clone(),
        change: row.change,
        text: row.text.clone(),
    }
}

impl Report {
    fn take_in(&mut self, row: &Row, event: &Event) {
        match event {
            Event::WindowPlanned { occurrence } => self.planned = Some((occurrence.starts, occurrence.ends)),
            Event::WindowStarted { .. } => self.on = Some(row.at),
            Event::RunStarted => self.run = Some(row.at),
            Event::Extended { until } => {
                self.planned = self.planned.map(|(starts, _)| (starts, *until));
            }
            Event::Claimed { .. } => self.leads.push((row.at, Who(row.actor.clone()))),
            Event::WindowClosed { ending, left } => {
                self.summary = Some(row.text.clone());
                self.closed_by = Some(row.id);
                self.closed = Some(row.at);
                self.ending = Some(*ending);
                self.left.clone_from(left);
            }
            Event::Overridden { .. } | Event::Refused { .. } | Event::Skipped { veto: true, .. } => {
                self.exceptions.push(entry(row));
            }
            _ => {}
        }
        if let Event::RolledBack { changes } = event {
            for change in changes {
                let patch = self.patch(*change);
                // It took as long as it took to be live, however long it was that.
                let ended = patch.ended.filter(|_| patch.fate == Fate::Live).unwrap_or(row.at);
                patch.ends(ended, Fate::RolledBack);
            }
        }
        if let Some((change, number)) = self.commands.of(row, event) {
            self.step(change, number, row, event);
        }
        if let Some(back) = self.commands.back(event).cloned() {
            let steps = self.patch(back.change).steps.iter_mut();
            steps.filter(|step| step.is_of(&back)).for_each(|step| step.taken_back(row.at));
        }
        if let Some(change) = row.change {
            self.take_in_of(change, row, event);
        }
    }

    fn take_in_of(&mut self, change: ChangeNumber, row: &Row, event: &Event) {
        match event {
            Event::LedgerEntered { .. } if !self.owed.contains(&change) => self.owed.push(change),
            Event::Settled { .. } => self.owed.retain(|owed| *owed != change),
            Event::Added { ticket, wish, .. } => {
                let patch = self.patch(change);
                patch.ticket = Some(*ticket);
                patch.owner = Some(wish.owner.clone());
                (patch.fate, patch.ended) = (Fate::Waiting, None);
            }
            Event::PutBack => {
                let patch = self.patch(change);
                (patch.fate, patch.ended) = (Fate::Waiting, None);
            }
            Event::PatchStarted { steps } => {
                let patch = self.patch(change);
                (patch.fate, patch.started, patch.ended) = (Fate::Moving, Some(row.at), None);
                patch.steps.clear();
                steps::lay_out(&mut patch.steps, steps, row.at);
            }
            Event::StepsPlanned { steps } => steps::lay_out(&mut self.patch(change).steps, steps, row.at),
            Event::StepDone { step, .. } => steps::done(&mut self.patch(change).steps, *step, row),
            Event::StepFailed { step, .. }
            | Event::HealthJudged { step, .. }
            | Event::HealthOverridden { step, .. } => self.step(change, *step, row, event),
            Event::Live => {
                let patch = self.patch(change);
                let fate =
                    if patch.steps.iter().any(StepReport::is_sync) { Fate::Live } else { Fate::Merged };
                patch.ends(row.at, fate);
            }
            Event::Skipped { reason, .. } => self.patch(change).ends(row.at, Fate::Skipped(reason.clone())),
            Event::Removed { .. } => self.patch(change).ends(row.at, Fate::Removed),
            Event::Moved { to, .. } => self.patch(change).ends(row.at, Fate::Moved(to.clone())),
            _ => {}
        }
    }

    fn step(&mut self, change: ChangeNumber, number: u32, row: &Row, event: &Event) {
        if let Some(step) = self.patch(change).steps.get_mut((number as usize).wrapping_sub(1)) {
            step.take_in(row, event);
        }
    }

    fn patch(&mut self, change: ChangeNumber) -> &mut PatchReport {
        let place = self.patches.iter().position(|patch| patch.change == Some(change));
        let place = place.unwrap_or_else(|| {
            self.patches.push(PatchReport { change: Some(change), ..PatchReport::default() });
            self.patches.len() - 1
        });
        &mut self.patches[place]
    }
}

impl PatchReport {
    fn ends(&mut self, at: At, fate: Fate) {
        self.ended = Some(at);
        self.fate = fate;
    }
}
