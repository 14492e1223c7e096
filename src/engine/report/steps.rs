//! The steps of one patch in a report: how each went, and what became of it afterwards.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::event::{BackStep, Event, Unseen};
use super::super::health::Verdict;
use super::super::id::{At, ChangeNumber, RowId, Who};
use super::super::log::Row;
use super::super::plan::{Act, Step};
use super::super::say;

/// One step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct StepReport {
    /// Its name.
    pub name: String,
    /// When it became current.
    pub from: Option<At>,
    /// When it was done.
    pub to: Option<At>,
    /// Who said so.
    pub by: Option<Who>,
    /// How often it failed.
    pub failed: u32,
    /// How often the program went down while its command ran, and nobody knew what that did.
    pub unknown: u32,
    /// How often its command was started again.
    pub again: u32,
    /// How often its checks found the hosts bad.
    pub unhealthy: u32,
    /// How often its checks saw nothing.
    pub unseen: u32,
    /// Who went on past its health.
    pub aside: Option<Who>,
    /// When the hosts were rid of it again.
    pub back: Option<At>,
    /// How its last command ended, where that is known.
    pub running: Running,
    /// Its command was started at least once.
    #[serde(skip)]
    is_begun: bool,
    /// What is done in it.
    #[serde(skip)]
    act: Option<Act>,
}

/// What is known of the command of a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Running {
    /// None was started, or it has ended.
    #[default]
    No,
    /// It was started, and no row says that it has ended.
    Yes,
    /// The program went down while it ran, and nobody has said what it did.
    Unknown,
}

/// What stands between the rows of commands and the steps that they belong to.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Commands {
    /// The step of each intent.
    forward: BTreeMap<RowId, (ChangeNumber, u32)>,
    /// The steps of the rollback in motion.
    back: Vec<BackStep>,
}

impl Commands {
    /// The patch and the step that a row about a command is about.
    pub(super) fn of(&mut self, row: &Row, event: &Event) -> Option<(ChangeNumber, u32)> {
        match event {
            Event::StepIntended { step, .. } => {
                let step = (row.change?, *step);
                self.forward.insert(row.id, step);
                Some(step)
            }
            Event::StepUnknown(Unseen { row, .. }) | Event::StepRan { row, .. } => {
                self.forward.get(row).copied()
            }
            _ => None,
        }
    }

    /// The rollback step with this number, of the last rollback that was laid out.
    pub(super) fn back(&mut self, event: &Event) -> Option<&BackStep> {
        match event {
            Event::RollbackStarted { steps, .. } => {
                self.back.clone_from(steps);
                None
            }
            Event::BackStepDone { step, .. } => self.back.get((*step as usize).checked_sub(1)?),
            _ => None,
        }
    }
}

/// Lays out steps; those that were done stay as they are.
pub(super) fn lay_out(reports: &mut Vec<StepReport>, steps: &[Step], at: At) {
    let since = reports.iter().find(|step| step.to.is_none()).and_then(|step| step.from);
    let mut done: Vec<StepReport> = reports.drain(..).take_while(|step| step.to.is_some()).collect();
    let first = done.len();
    let name = say::run::step_name;
    let open = steps.iter().skip(first);
    done.extend(open.map(|step| StepReport {
        name: name(step),
        act: Some(step.act.clone()),
        ..StepReport::default()
    }));
    *reports = done;
    if let Some(step) = reports.get_mut(first) {
        step.from = since.or(Some(at));
    }
}

/// The step that is done, and the next one current.
pub(super) fn done(reports: &mut [StepReport], number: u32, row: &Row) {
    let index = (number as usize).wrapping_sub(1);
    if let Some(step) = reports.get_mut(index) {
        (step.to, step.by, step.running) = (Some(row.at), Some(Who(row.actor.clone())), Running::No);
    }
    if let Some(next) = reports.get_mut(index.wrapping_add(1)) {
        next.from = Some(row.at);
    }
}

impl StepReport {
    /// Takes in what a row says of it.
    pub(super) fn take_in(&mut self, row: &Row, event: &Event) {
        match event {
            Event::StepFailed { .. } => self.failed += 1,
            Event::StepIntended { .. } => {
                self.again += u32::from(self.is_begun);
                self.is_begun = true;
                self.running = Running::Yes;
            }
            Event::StepUnknown { .. } => {
                self.unknown += 1;
                self.running = Running::Unknown;
            }
            Event::StepRan { .. } => self.running = Running::No,
            Event::HealthJudged { verdict: Verdict::Unhealthy, .. } => self.unhealthy += 1,
            Event::HealthJudged { verdict: Verdict::Unknown, .. } => self.unseen += 1,
            Event::HealthOverridden { .. } => self.aside = Some(Who(row.actor.clone())),
            _ => {}
        }
    }

    /// The hosts are rid of it since then, where it may have been on any.
    pub(super) fn taken_back(&mut self, at: At) {
        let is_on = self.is_sync() && (self.from.is_some() || self.to.is_some());
        if is_on && self.back.is_none() {
            self.back = Some(at);
            self.running = Running::No;
        }
    }

    /// Whether it puts something on hosts.
    pub(super) fn is_sync(&self) -> bool {
        self.act.as_ref().is_some_and(Act::is_sync)
    }

    /// Whether it put this on hosts.
    pub(super) fn is_of(&self, back: &BackStep) -> bool {
        let act = Act::Sync { stage: back.stage.clone(), file: back.file.clone() };
        self.act.as_ref() == Some(&act)
    }
}
