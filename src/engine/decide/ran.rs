//! What becomes of commands that were started: they print, they end, or nobody sees how they end.

use chrono::TimeDelta;

use super::super::event::{BackStep, Event, Unseen, Went};
use super::super::id::RowId;
use super::super::patch::Patch;
use super::super::plan::{Act, Going, Step};
use super::super::program::{Ended, Left};
use super::super::say::{self, Refusal, no};
use super::super::window::{Rollback, Window};
use super::super::{Kind, words};
use super::Turn;
use super::start::with_done;

/// What a command prints is said so often at most, and not before it has run so long.
const PROGRESS_EVERY: TimeDelta = TimeDelta::seconds(15);
/// The time of a command that no plan knows any more.
const FOREVER: TimeDelta = TimeDelta::days(1);

/// The step that a command belongs to.
enum Whose<'a> {
    Forward(&'a Window, &'a Patch, u32, &'a Step),
    Back(&'a Window, &'a Rollback, u32, &'a BackStep),
}

impl<'a> Turn<'a> {
    fn whose(&self, row: RowId) -> Option<Whose<'a>> {
        for window in self.state.windows.values() {
            let is_it = |going: &Option<super::super::plan::Going>| {
                going.as_ref().is_some_and(|going| going.row == row)
            };
            if let Some(rollback) = &window.rollback
                && let Some((number, step)) = (1..).zip(&rollback.steps).find(|(_, step)| is_it(&step.going))
            {
                return Some(Whose::Back(window, rollback, number, step));
            }
            for patch in &window.patches {
                if let Some((number, step)) = (1..).zip(&patch.steps).find(|(_, step)| is_it(&step.going)) {
                    return Some(Whose::Forward(window, patch, number, step));
                }
            }
        }
        None
    }

    /// A command has ended.
    pub(super) fn ran(&mut self, row: RowId, ended: &Ended) {
        let whose = self.whose(row);
        let went = if ended.is_good() { Went::Ok } else { Went::Failed };
        let (window, change) = match &whose {
            Some(Whose::Forward(window, patch, ..)) => (Some(window.id()), Some(patch.change)),
            Some(Whose::Back(window, _, _, step)) => (Some(window.id()), Some(step.change)),
            None => (None, None),
        };
        let record = self.make(window, change, went, Event::StepRan { row, ended: ended.clone() });
        let ran = self.next_row();
        self.out.records.push(record);
        self.about = change;
        match whose {
            Some(Whose::Forward(window, patch, number, step)) => {
                self.ran_forward(window, patch, number, step, ended, ran);
            }
            Some(Whose::Back(window, rollback, number, step)) => {
                self.ran_back(window, rollback, number, step, ended, ran);
            }
            None => {}
        }
    }

    fn ran_forward(
        &mut self,
        window: &Window,
        patch: &Patch,
        number: u32,
        step: &Step,
        ended: &Ended,
        ran: RowId,
    ) {
        // What is going back is not confirmed any more: how far it came, the rollback takes off.
        let is_current = patch.current().is_some_and(|(current, _)| current == number);
        if window.rollback.is_some() || !is_current {
            return;
        }
        if !ended.is_good() {
            let why = say::go::why_failed(ended);
            let event = Event::StepFailed { step: number, why: why.clone() };
            self.record(Some(window.id()), Some(patch.change), event);
            let text = say::go::failed(self.prefix(), patch, number, step, &why, ran);
            self.tell_all_concerned(window, patch, &text);
            return;
        }
        if step.act == Act::Merge {
            let text = say::go::merge_ran(patch, number, ended);
            self.tell_all_concerned(window, patch, &text);
            return;
        }
        let note = Some(say::go::how_it_went(ended));
        let event = Event::StepDone { step: number, patch_set: patch.patch_set, note };
        self.record(Some(window.id()), Some(patch.change), event);
        let after = with_done(patch, number, &self.by.who, self.at);
        let lead_in = say::go::through(patch, step, ended);
        if after.current().is_some() && !window.holds.is_empty() {
            let text = format!("{lead_in}. {}", no::held(self.prefix(), &window.holds).text);
            self.tell_all_concerned(window, patch, &text);
        } else if after.current().is_some() {
            self.prompt(window, &after, &lead_in);
        }
    }

    fn ran_back(
        &mut self,
        window: &Window,
        rollback: &Rollback,
        number: u32,
        step: &BackStep,
        ended: &Ended,
        ran: RowId,
    ) {
        if ended.is_good() {
            let (note, health) = (Some(say::go::how_it_went(ended)), self.health_seen(window));
            let event = Event::BackStepDone { step: number, note, health };
            self.record(Some(window.id()), Some(step.change), event);
            let next = (1u32..).zip(&rollback.steps).find(|(other, step)| *other != number && !step.done);
            let next = next.map(|(number, step)| say::go::next_back(self.prefix(), number, step));
            let text = say::go::back_through(number, step, ended, next.as_deref());
            self.say_of_rollback(window, &text);
            return;
        }
        let why = say::go::why_failed(ended);
        let event = Event::BackStepFailed { step: number, why: why.clone() };
        self.record(Some(window.id()), Some(step.change), event);
        let stages = say::go::where_it_stands(rollback, number);
        let text = say::go::back_failed(self.prefix(), number, &why, &stages, ran);
        self.say_of_rollback(window, &text);
    }

    /// Says something to whoever leads a rollback.
    pub(in super::super) fn say_of_rollback(&mut self, window: &Window, text: &str) {
        match window.lead.as_ref().map(|lead| lead.who.clone()) {
            Some(lead) => self.ping(window, &[&lead], text),
            None => self.broadcast(window, text),
        }
    }

    /// What the health checks see, in a few words.
    pub(super) fn health_seen(&self, window: &Window) -> Option<String> {
        let seen: Vec<String> = window
            .health
            .iter()
            .map(|(id, sample)| {
                let age = self.at - sample.at;
                let check = self.settings.checks.iter().find(|check| check.id == *id);
                let is_old = check.is_none_or(|check| age >= check.stale);
                let ago = if is_old { format!(", {} ago", words::exact_span(age)) } else { String::new() };
                format!("{id} {} ({}{ago})", sample.words, sample.verdict.word())
            })
            .collect();
        (!seen.is_empty()).then(|| seen.join("; "))
    }

    /// A command has printed a line: now and then one is said.
    pub(super) fn output(&mut self, row: RowId, line: &str) {
        let (window, change, name, going) = match self.whose(row) {
            Some(Whose::Forward(window, patch, number, step)) => {
                (window, patch.change, format!("step {number}"), step.going.as_ref())
            }
            Some(Whose::Back(window, _, number, step)) => {
                (window, step.change, format!("r{number}"), step.going.as_ref())
            }
            None => return,
        };
        let Some(going) = going else { return };
        let line = say::own_words(line);
        if self.at - going.told.unwrap_or(going.at) < PROGRESS_EVERY || line.is_empty() {
            return;
        }
        self.record(Some(window.id()), Some(change), Event::StepProgressed { row, line: line.clone() });
        let before = self.out.replies.len();
        let text = say::go::progress(change, &name, self.at - going.at, &line);
        self.broadcast(window, &text);
        self.out.replies.iter_mut().skip(before).for_each(|reply| reply.kind = Kind::Status);
    }

    /// After a start, nobody knows of what was on its way. It is asked of a person and never started again by itself. What
    /// is still at work is watched, and asked of when it has ended.
    pub(super) fn lost_sight_of_commands(&mut self, window: &mut Window, at_work: &[RowId]) {
        let (id, is_going_back) = (window.id().clone(), window.rollback.is_some());
        let forward = window.patches.iter_mut().flat_map(|patch| {
            let change = patch.change;
            patch.steps.iter_mut().map(move |step| (change, &mut step.going, &step.run, true))
        });
        let back = window.rollback.iter_mut().flat_map(|back| &mut back.steps);
        let back = back.map(|step| (step.change, &mut step.going, &step.run, false));
        for (change, going, run, is_forward) in forward.chain(back) {
            let Some(going) = going else { continue };
            let row = going.row;
            if at_work.contains(&row) {
                if !going.is_left {
                    self.record(Some(&id), Some(change), Event::StepLeft(Unseen::new(row)));
                }
                going.is_left = true;
                let (timeout, kill_after) =
                    run.as_ref().map_or((FOREVER, FOREVER), |run| (run.timeout, run.kill_after));
                let timeout = (timeout - (self.at - going.at)).max(TimeDelta::zero());
                self.out.left.push(Left { row, timeout, kill_after });
                if is_forward && is_going_back && !going.is_unknown {
                    self.out.stops.push(row);
                }
            } else if !going.is_unknown || going.still.is_some() {
                self.record(Some(&id), Some(change), Event::StepUnknown(Unseen::new(row)));
                (going.is_unknown, going.still) = (true, None);
            }
        }
        if running_forward(window).is_some() {
            return;
        }
        let next = window.rollback.iter_mut().flat_map(|back| (1u32..).zip(&mut back.steps));
        if let Some((number, step)) = next.into_iter().find(|(_, step)| !step.done)
            && step.run.is_some()
            && step.going.is_none()
            && step.failed.is_none()
        {
            let why = "I went down before that".to_owned();
            step.failed = Some(why.clone());
            self.record(Some(&id), Some(step.change), Event::BackStepFailed { step: number, why });
        }
    }

    /// A command that an earlier program had left at work is over, or cannot be ended: `still` is what is there of it.
    pub(super) fn gone(&mut self, row: RowId, still: Option<&str>) {
        let Some(whose) = self.whose(row) else { return };
        let event = Event::StepUnknown(Unseen { row, still: still.map(str::to_owned) });
        let now = |going: &Going| {
            let is_news = !going.is_unknown || (still.is_none() && going.still.is_some());
            let still = still.map(str::to_owned);
            is_news.then(|| Going { is_unknown: true, still, ..going.clone() })
        };
        match whose {
            Whose::Forward(window, patch, number, step) => {
                let Some(going) = step.going.as_ref().and_then(now) else { return };
                self.record(Some(window.id()), Some(patch.change), event);
                if window.rollback.is_none() {
                    let text = say::go::unknown(self.prefix(), patch, number, step, &going);
                    self.tell_all_concerned(window, patch, &text);
                } else if let Some(still) = still {
                    let text = say::go::still_there(&format!("step {number}"), still);
                    self.say_of_rollback(window, &text);
                }
            }
            Whose::Back(window, _, number, step) => {
                let Some(going) = step.going.as_ref().and_then(now) else { return };
                self.record(Some(window.id()), Some(step.change), event);
                let text = say::go::back_unknown(self.prefix(), number, &going);
                self.say_of_rollback(window, &text);
            }
        }
    }

    /// Why a step is not touched while its command is at work.
    pub(super) fn at_work(&self, patch: &Patch, number: u32, step: &Step) -> Option<Refusal> {
        let (going, name) = (step.going.as_ref()?, format!("step {number}"));
        match going {
            Going { still: Some(still), .. } => Some(no::still_there(self.prefix(), &name, still)),
            Going { is_unknown: true, .. } => None,
            Going { is_left: true, .. } => Some(no::is_left(self.prefix(), &name, going, Some(patch))),
            _ => Some(no::is_running(self.prefix(), &name, patch)),
        }
    }

    /// The same of a rollback step.
    pub(super) fn back_at_work(&self, number: u32, step: &BackStep) -> Option<Refusal> {
        let (going, name) = (step.going.as_ref()?, format!("r{number}"));
        match going {
            Going { still: Some(still), .. } => Some(no::still_there(self.prefix(), &name, still)),
            Going { is_unknown: true, .. } => None,
            Going { is_left: true, .. } => Some(no::is_left(self.prefix(), &name, going, None)),
            _ => Some(no::runs_back(&name)),
        }
    }
}

/// The forward step whose command is at work, as far as anybody knows.
pub(in super::super) fn running_forward(window: &Window) -> Option<(u32, RowId)> {
    let steps = window.patches.iter().flat_map(|patch| (1..).zip(&patch.steps));
    let mut running = steps.filter(|(_, step)| step.is_running());
    running.find_map(|(number, step)| step.going.as_ref().map(|going| (number, going.row)))
}
