//! What the bot runs and looks at in these chats: each command once, in its turn, and never what nobody said.

use proptest::prelude::*;
use swatbot::engine::event::{BackStep, Event, Record};
use swatbot::engine::id::{ChangeNumber, RowId};
use swatbot::engine::plan::{Act, Step};
use swatbot::engine::window::Window;
use swatbot::engine::{Ended, How, Input, Measured, Outcome, Verdict};

use super::site::CHECKS;
use super::{TimeDelta, World, without_row};

impl World {
    /// A check answers.
    pub(super) fn measure(&mut self, check: &str, what: u8) -> Result<(), TestCaseError> {
        let bad = what == 4;
        let value = if bad { 40.0 } else { 0.4 };
        let words = format!("{value} a second");
        let top = if bad { vec!["Call to undefined \u{202e}function".to_owned()] } else { Vec::new() };
        let answer = match what {
            5 => Err("cannot reach it: connection refused".to_owned()),
            _ => Ok(Measured { value: Some(value), good: Some(!bad), words, top }),
        };
        self.take(&Input::Measured { check: check.to_owned(), answer }).map(drop)
    }

    /// The first command that is watched ends, or says something; one that nobody started changes nothing.
    pub(super) fn end(&mut self, exit: i32) -> Result<(), TestCaseError> {
        let ended = Ended { how: How::Exit(exit), seconds: 7, output: "all\nhosts".to_owned(), cut: 0 };
        let Some(row) = self.watched.first().copied() else {
            let before = self.state.clone();
            self.take(&Input::Ran { row: RowId(0), ended })?;
            prop_assert_eq!(without_row(&before), without_row(&self.state));
            return Ok(());
        };
        if exit < 0 {
            return self.take(&Input::Output { row, line: "7 of 11 hosts".to_owned() }).map(drop);
        }
        self.watched.retain(|other| *other != row);
        self.take(&Input::Ran { row, ended }).map(drop)
    }

    /// Does what a rollback waits for.
    pub(super) fn go_back(&mut self, lead: &str, number: u32, step: &BackStep) -> Result<(), TestCaseError> {
        match &step.going {
            Some(going) if self.watched.contains(&going.row) => self.end(0),
            Some(_) => self.say(lead, "!swat rerun".to_owned()),
            None if step.failed.is_some() => self.say(lead, "!swat retry".to_owned()),
            // What goes forward has to end first.
            None if step.run.is_some() && !self.watched.is_empty() => self.end(0),
            None => self.say(lead, format!("!swat done r{number} by hand")),
        }
    }

    /// Does what a step waits for that the bot runs, or looks at; false where it is neither.
    pub(super) fn go_by_command(
        &mut self,
        lead: &str,
        change: ChangeNumber,
        number: u32,
        step: &Step,
    ) -> Result<bool, TestCaseError> {
        if step.is_running() {
            self.end(0)?;
            if step.act == Act::Merge {
                self.news(change, 0)?;
            }
        } else if step.is_unknown() {
            self.say(lead, format!("!swat done {number} I looked"))?;
        } else if !step.checks().is_empty() && step.failed.is_some() {
            self.say("dave", format!("!swat override {change} health it is old noise"))?;
            self.say(lead, "!swat rollback it is bad".to_owned())?;
        } else if !step.checks().is_empty() {
            for check in CHECKS {
                self.measure(check, 0)?;
            }
            self.pass(TimeDelta::seconds(25))?;
        } else if step.run.is_some() && step.failed.is_none() {
            self.say(lead, format!("!swat go {number}"))?;
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    /// Every intent is one command, and every command has its intent, once.
    pub(super) fn starts_once(&mut self, outcome: &Outcome) -> Result<(), TestCaseError> {
        for (row, record) in (self.replayed.row + 1..).map(RowId).zip(&outcome.records) {
            if let Event::StepIntended { argv, .. } | Event::BackStepIntended { argv, .. } = &record.event {
                let run = outcome.runs.iter().find(|run| run.row == row);
                prop_assert_eq!(run.map(|run| &run.argv), Some(argv), "an intent that nothing runs for");
                prop_assert!(self.started.insert(row), "{row} is started twice");
                self.watched.push(row);
            }
        }
        let known = outcome.runs.iter().filter(|run| self.started.contains(&run.row)).count();
        prop_assert_eq!(known, outcome.runs.len(), "something runs that no row says");
        Ok(())
    }
}

/// Whether a record about commands or health may follow; true for the result of a command, which comes whatever is held.
pub(super) fn may_follow(
    window: &Window,
    change: ChangeNumber,
    record: &Record,
) -> Result<bool, TestCaseError> {
    let patch = window.patch(change);
    let step_of = |number: u32| patch.and_then(|patch| patch.steps.get(number as usize - 1));
    match &record.event {
        Event::StepIntended { step, .. } => {
            let current = patch.and_then(|patch| patch.current()).map(|(number, _)| number);
            prop_assert_eq!(current, Some(*step), "{} runs out of turn", change);
            prop_assert!(window.holds.is_empty() && window.rollback.is_none(), "{change} runs and may not");
            prop_assert!(!step_of(*step).is_some_and(Step::is_running), "{change} {step} runs twice at once");
        }
        Event::BackStepIntended { step, .. } => {
            let mut forward = window.patches.iter().flat_map(|patch| &patch.steps);
            prop_assert!(forward.all(|step| !step.is_running()), "forward and back at once");
            let current = window.rollback.as_ref().and_then(|rollback| rollback.current());
            prop_assert_eq!(current.map(|(number, _)| number), Some(*step), "r{} is not its turn", step);
        }
        Event::HealthJudged { verdict: Verdict::Healthy, step, .. } => {
            for check in step_of(*step).map(Step::checks).unwrap_or_default() {
                let samples = patch.and_then(|patch| patch.health.samples.get(check));
                let last = samples.and_then(|samples| samples.last()).map(|sample| sample.verdict);
                prop_assert_eq!(last, Some(Verdict::Healthy), "{} is called healthy", check);
            }
        }
        Event::StepDone { step, .. } => return Ok(step_of(*step).is_some_and(|step| step.run.is_some())),
        _ => {}
    }
    Ok(false)
}
