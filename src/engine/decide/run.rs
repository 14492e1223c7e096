//! The run: start, and the steps one after another.

use chrono::TimeDelta;

use super::super::command::{Role, StepRef, Target};
use super::super::event::{Cause, Event};
use super::super::health::Verdict;
use super::super::id::Who;
use super::super::patch::{Patch, Stage};
use super::super::plan::{Act, Step};
use super::super::say::{self, Refusal, no};
use super::super::window::{Hold, Window};
use super::Turn;
use super::people::{awaited, here_from};
use super::start::with_done;

/// The last stage that a patch was put on.
pub(in super::super) fn dirty_stage(patch: &Patch) -> String {
    let current = patch.current().map(|(number, _)| number);
    let stage = (1u32..).zip(&patch.steps).collect::<Vec<_>>().into_iter().rev().find_map(
        |(number, step)| match &step.act {
            Act::Sync { stage, .. } if step.is_on_hosts(current == Some(number)) => Some(stage.clone()),
            _ => None,
        },
    );
    stage.unwrap_or_default()
}

impl Turn<'_> {
    pub(super) fn start(&mut self) -> Result<(), Refusal> {
        let window = self.open_window().or_else(|| self.next_planned());
        let window = window.ok_or_else(|| no::no_window(self.prefix()))?;
        self.may("start", Some(window), None)?;
        if !window.is_on() {
            return Err(no::early(window, self.at));
        }
        if window.is_running() {
            let text = say::window::where_things_stand(self.settings, self.state, window, self.at);
            self.answer(&format!("already started. {text}"));
            return Ok(());
        }
        self.may_go_on(window)?;
        self.record(Some(window.id()), None, Event::RunStarted);
        let from = here_from(&self.settings.timers, window);
        // Whoever was asked a moment ago is not asked again.
        let is_silent = |who: &&Who| {
            let asked = window.presence.get(*who).and_then(|presence| presence.asked.last());
            !window.is_here(who, from) && asked.is_none_or(|asked| self.at - *asked >= TimeDelta::minutes(1))
        };
        let silent: Vec<_> = awaited(window).into_iter().filter(is_silent).cloned().collect();
        if !silent.is_empty() {
            self.record(Some(window.id()), None, Event::Pinged { who: silent.clone() });
            let text = format!("{} starts, say {}", window.id(), self.command("here"));
            self.ping(window, &silent.iter().collect::<Vec<_>>(), &text);
        }
        let mut running = window.clone();
        running.phase = super::super::window::Phase::Running { since: self.at };
        self.name_next(&running, "");
        Ok(())
    }

    pub(super) fn done(
        &mut self,
        step: Option<StepRef>,
        target: Option<Target>,
        note: Option<String>,
    ) -> Result<(), Refusal> {
        // A rollback step is any deployer's, in whichever window something goes back.
        let back = matches!(step, Some(StepRef::Back(_)));
        let window = if back { self.moving_window() } else { self.open_window() };
        let window = window.ok_or_else(|| no::no_window(self.prefix()))?;
        if let Some(text) = self.already_done(window, step) {
            self.answer(&text);
            return Ok(());
        }
        self.may_step("done", window)?;
        if let Some(target) = target {
            return self.done_with_patch(window, target, note);
        }
        if window.rollback.is_some() {
            return self.back_step_done(window, step, note);
        }
        let Some(patch) = window.moving() else {
            let next = super::start::next(self.settings, self.state, window);
            return match step {
                Some(StepRef::Back(_)) => Err(Refusal::new("no-step", "no rollback is under way")),
                _ => Err(no::nothing_moves(self.prefix(), next)),
            };
        };
        let (current, at) = patch.current().ok_or_else(|| no::nothing_moves(self.prefix(), None))?;
        self.may_name(window, at)?;
        match step {
            Some(StepRef::Back(number)) => {
                let last = format!("{}", patch.steps.len());
                return Err(no::no_step(self.prefix(), &format!("r{number}"), &last));
            }
            Some(StepRef::Forward(said)) if said != current => {
                if !(1..=patch.steps.len()).contains(&(said as usize)) {
                    let last = format!("{}", patch.steps.len());
                    return Err(no::no_step(self.prefix(), &said.to_string(), &last));
                }
                let name = say::run::step_name(at);
                if !at.act.is_manual() {
                    let how = say::run::how_it_closes(self.settings, patch, at);
                    return Err(no::step_order_by_itself(said, current, &name, &how));
                }
                return Err(no::step_order(self.prefix(), said, current, &name));
            }
            Some(StepRef::Forward(_)) => {}
            None if at.act.is_manual() => self.not_too_soon(window, current)?,
            None => {}
        }
        self.confirm(window, patch, current, at, note)
    }

    /// The answer to a step that is confirmed already, whoever asks: two answers to one prompt must not be two steps.
    fn already_done(&self, window: &Window, step: Option<StepRef>) -> Option<String> {
        let patch = window.moving().filter(|_| window.rollback.is_none())?;
        let Some(StepRef::Forward(said)) = step else { return None };
        let done = patch.steps.get((said as usize).checked_sub(1)?)?.done.as_ref()?;
        let (current, step) = patch.current()?;
        Some(say::run::already_done(done, self.by.room.as_ref(), self.at, current, step))
    }

    /// Steps are the lead's; those of a rollback are any deployer's, since nothing blocks a rollback.
    pub(super) fn may_step(&self, verb: &str, window: &Window) -> Result<(), Refusal> {
        if window.rollback.is_some() && self.is(Role::Deployer, None, None) {
            return Ok(());
        }
        self.may(verb, Some(window), None)
    }

    /// A `done` that names no step could be meant for the one before.
    fn not_too_soon(&self, window: &Window, current: u32) -> Result<(), Refusal> {
        let since = window.advanced.map_or(TimeDelta::MAX, |advanced| self.at - advanced);
        if since < self.settings.timers.debounce {
            return Err(no::too_soon(self.prefix(), current, since.num_seconds()));
        }
        Ok(())
    }

    /// `done 900002`: a patch is no step. The answer says what is in the way.
    fn done_with_patch(
        &mut self,
        window: &Window,
        target: Target,
        note: Option<String>,
    ) -> Result<(), Refusal> {
        let (_, patch) = self.find(target)?;
        if window.motion == Some(patch.change) {
            let (current, at) = patch.current().ok_or_else(|| no::nothing_moves(self.prefix(), None))?;
            self.not_too_soon(window, current)?;
            return self.confirm(window, patch, current, at, note);
        }
        match &patch.stage {
            Stage::Live { .. } => Err(no::is_live(self.prefix(), "confirm", patch.change)),
            _ => {
                self.may_start(window, patch)?;
                Err(no::nothing_moves(self.prefix(), Some(patch)))
            }
        }
    }

    fn confirm(
        &mut self,
        window: &Window,
        patch: &Patch,
        current: u32,
        step: &Step,
        note: Option<String>,
    ) -> Result<(), Refusal> {
        self.may_name(window, step)?;
        if let Some(why) = step.failed.as_ref().filter(|_| !step.checks().is_empty()) {
            return Err(no::unhealthy(self.prefix(), patch, why));
        }
        if let Some(why) = &step.failed {
            let back = format!(" or {}", self.command(&format!("rollback {}", patch.change)));
            return Err(no::step_failed(self.prefix(), &format!("step {current}"), why, &back));
        }
        if !step.act.is_manual() {
            return Err(no::closes_itself(current, &say::run::how_it_closes(self.settings, patch, step)));
        }
        if let Some(refusal) = self.at_work(patch, current, step).filter(|_| step.is_running()) {
            return Err(refusal);
        }
        if step.run.is_some() && !step.is_unknown() {
            return Err(no::runs_itself(self.prefix(), current));
        }
        self.not_crossed(patch, &format!("done {current}"))?;
        let event = Event::StepDone { step: current, patch_set: patch.patch_set, note };
        self.record(Some(window.id()), Some(patch.change), event);
        let after = with_done(patch, current, &self.by.who, self.at);
        match self.may_go_on(window) {
            Err(refusal) if step.is_unknown() => {
                let text = say::go::named(patch, current, step, &refusal);
                self.answer(&text);
            }
            _ => self.prompt(window, &after, ""),
        }
        Ok(())
    }

    /// What became of a step that nobody knows of is said at any time: nothing starts by that.
    fn may_name(&self, window: &Window, step: &Step) -> Result<(), Refusal> {
        if step.is_unknown() && window.rollback.is_none() { Ok(()) } else { self.may_go_on(window) }
    }

    pub(super) fn failed(&mut self, why: &str) -> Result<(), Refusal> {
        let window = self.window_on()?;
        self.may_step("failed", window)?;
        if let Some(rollback) = &window.rollback
            && let Some((number, step)) = rollback.current()
        {
            // What was killed and is still there too: nothing may be started beside it.
            if let Some(refusal) = self.back_at_work(number, step) {
                return Err(refusal);
            }
            let event = Event::BackStepFailed { step: number, why: why.to_owned() };
            self.record(Some(window.id()), Some(step.change), event);
            let retry = self.command("retry");
            let done = self.command(&format!("done r{number} NOTE"));
            let stages = say::go::where_it_stands(rollback, number);
            let why = say::own_words(why);
            let text = format!("r{number} FAILED: {why}. {stages}. {retry}, or mend it by hand and {done}");
            self.answer(&text);
            return Ok(());
        }
        let next = super::start::next(self.settings, self.state, window);
        let patch = window.moving().ok_or_else(|| no::nothing_moves(self.prefix(), next))?;
        let (number, step) = patch.current().ok_or_else(|| no::nothing_moves(self.prefix(), None))?;
        if let Some(refusal) = self.at_work(patch, number, step) {
            return Err(refusal);
        }
        if step.failed.is_some() {
            self.answer(&format!("already noted: step {number} failed. {}", self.command("retry")));
            return Ok(());
        }
        self.record(
            Some(window.id()),
            Some(patch.change),
            Event::StepFailed { step: number, why: why.to_owned() },
        );
        let text = format!(
            "{} step {number} ({}) FAILED: {}. {}, {} or {}",
            patch.change,
            say::run::step_name(step),
            say::own_words(why),
            self.command("retry"),
            self.command(&format!("rollback {}", patch.change)),
            self.command("hold")
        );
        self.answer(&text);
        self.tell_owner(
            window,
            patch,
            &format!("{} step {number} failed: {}", patch.change, say::own_words(why)),
        );
        Ok(())
    }

    pub(super) fn retry(&mut self) -> Result<(), Refusal> {
        let window = self.window_on()?;
        self.may_step("retry", window)?;
        if let Some(rollback) = &window.rollback
            && let Some((number, step)) = rollback.current()
        {
            if let Some(going) = step.going.as_ref().filter(|going| going.is_unknown) {
                return Err(no::unknown_back_step(self.prefix(), number, going));
            }
            if step.failed.is_none() {
                return Err(no::nothing_failed(&format!("r{number}")));
            }
            if step.run.is_some() {
                return self.go_back(window, number, step);
            }
            self.record(Some(window.id()), Some(step.change), Event::BackStepRetried { step: number });
            let text = say::run::back_step(self.prefix(), number, step);
            self.answer(&format!("again: {text}"));
            return Ok(());
        }
        let next = super::start::next(self.settings, self.state, window);
        let patch = window.moving().ok_or_else(|| no::nothing_moves(self.prefix(), next))?;
        let (number, step) = patch.current().ok_or_else(|| no::nothing_moves(self.prefix(), None))?;
        let is_silent = patch.health.said == Some(Verdict::Unknown);
        if step.is_unknown() {
            return Err(no::unknown_step(self.prefix(), number, step, patch.change));
        }
        if step.failed.is_none() && !is_silent {
            return Err(no::nothing_failed(&format!("step {number}")));
        }
        self.may_go_on(window)?;
        if step.run.is_some() {
            let row = self.intend(window, patch, number, step)?;
            let text = say::go::started(patch, number, step, row, "");
            self.answer(&text);
            return Ok(());
        }
        self.record(Some(window.id()), Some(patch.change), Event::StepRetried { step: number });
        let mut again = patch.clone();
        again.health.start_again(false);
        again.steps[number as usize - 1].failed = None;
        if let Act::Health { checks } = &step.act
            && !checks.is_empty()
        {
            let text = say::health::again(self.settings, &again, number, checks);
            self.answer(&text);
            return Ok(());
        }
        self.prompt(window, &again, "");
        Ok(())
    }

    /// The verdict on a patch is its owner's and the lead's.
    fn may_judge(&self, verb: &str, window: &Window, patch: &Patch) -> Result<(), Refusal> {
        let deploys = self.is(Role::Deployer, None, None);
        self.may(verb, Some(window), Some(patch)).map_err(|refusal| match refusal.code {
            "not-owner" => no::not_their_verdict(self.prefix(), verb, window, patch, deploys),
            _ => refusal,
        })
    }

    pub(super) fn verified(&mut self, target: Option<Target>, note: Option<String>) -> Result<(), Refusal> {
        let (window, patch) = self.find_or_in_motion("verified", target)?;
        self.may_judge("verified", window, patch)?;
        let change = patch.change;
        match &patch.stage {
            Stage::Moving => {}
            Stage::Live { .. } => {
                self.answer(&format!("already so, {change} is live"));
                return Ok(());
            }
            Stage::RolledBack => return Err(no::is_back(self.prefix(), change)),
            Stage::Queued | Stage::Skipped { .. } => return Err(no::not_to_verify(patch, "not on any host")),
        }
        let current = patch.current().filter(|(_, step)| step.act == Act::Verify);
        let verify = current.or_else(|| (1..).zip(&patch.steps).find(|(_, step)| step.act == Act::Verify));
        let Some((number, step)) = verify else {
            return Err(Refusal::new("no-step", format!("the plan of {change} has no step to verify")));
        };
        if let Some(done) = &step.done {
            let here = self.by.room.as_ref();
            let by = say::run::by_and_where(&done.by, done.at, done.room.as_ref(), here, self.at);
            self.answer(&format!("already verified by {by}"));
            return Ok(());
        }
        if !patch.is_at(|act| *act == Act::Verify) {
            let at = patch
                .current()
                .map(|(number, step)| format!("at step {number} ({})", say::run::step_name(step)));
            return Err(no::not_to_verify(patch, &at.unwrap_or_default()));
        }
        self.may_go_on(window)?;
        if let Some(why) = &step.failed {
            let back = format!(" or {}", self.command(&format!("rollback {change}")));
            return Err(no::step_failed(self.prefix(), &format!("step {number}"), why, &back));
        }
        let until = patch.step_since.unwrap_or(self.at) + self.settings.timers.verify;
        let away = window_says_away(window, patch) || window.gone(patch.owner()).is_some();
        let stands_in = patch.wish.test.is_some() || away;
        if !self.is(Role::Owner, None, Some(patch)) && self.at < until && !stands_in {
            return Err(no::owners_verdict(self.prefix(), patch, until));
        }
        self.not_crossed(patch, &format!("verified {change}"))?;
        let event = Event::StepDone { step: number, patch_set: patch.patch_set, note };
        self.record(Some(window.id()), Some(change), event);
        let stage = dirty_stage(patch);
        let after = with_done(patch, number, &self.by.who, self.at);
        let lead_in = format!("{} verified {change} on {stage}", self.name);
        let own = window.lead.as_ref().is_some_and(|lead| self.who.as_ref() == Some(&lead.who));
        self.prompt(window, &after, if own { "" } else { &lead_in });
        Ok(())
    }

    pub(super) fn broken(&mut self, target: Option<Target>, why: &str) -> Result<(), Refusal> {
        let (window, patch) = self.find_or_in_motion("broken", target)?;
        self.may_judge("broken", window, patch)?;
        let change = patch.change;
        match &patch.stage {
            Stage::Moving | Stage::Live { .. } => {}
            Stage::RolledBack => return Err(no::is_back(self.prefix(), change)),
            Stage::Queued | Stage::Skipped { .. } => return Err(no::not_to_verify(patch, "not on any host")),
        }
        self.record(Some(window.id()), Some(change), Event::Broken { why: why.to_owned() });
        let known = |hold: &&Hold| {
            let about = format!("{change} is broken");
            hold.cause == Cause::Broken && hold.reason.as_ref().is_some_and(|why| why.starts_with(&about))
        };
        if let Some(hold) = window.holds.iter().find(known) {
            let text = say::run::broken_too(self.prefix(), hold, change);
            self.answer(&text);
            return Ok(());
        }
        let hold = window.next_hold;
        let event =
            Event::Held { hold, reason: Some(format!("{change} is broken: {why}")), cause: Cause::Broken };
        self.record(Some(window.id()), Some(change), event);
        // Whoever leads must act, and whoever says so knows.
        let mut who: Vec<&Who> = window.lead.iter().map(|lead| &lead.who).collect();
        who.extend(Some(patch.owner()).filter(|owner| !window.led_by(owner)));
        let others: Vec<&Who> = who.iter().copied().filter(|who| self.who.as_ref() != Some(*who)).collect();
        let back = self.command(&format!("rollback {change}"));
        let resume = self.command(&format!("resume H{hold} NOTE"));
        let text = format!(
            "{change} is broken ({}): {}; everything stops. {back}, or {resume} if it is something else",
            self.name,
            say::own_words(why)
        );
        self.ping(window, if others.is_empty() { &who } else { &others }, &text);
        Ok(())
    }

    pub(super) fn skip(&mut self, target: Target, reason: &str, veto: bool) -> Result<(), Refusal> {
        let verb = if veto { "veto" } else { "skip" };
        let (window, patch) = self.find(target)?;
        self.may(verb, Some(window), Some(patch))?;
        if let Stage::Skipped { reason, by, veto: vetoed } = &patch.stage
            && (*vetoed || !veto)
        {
            let word = if *vetoed { "vetoed" } else { "skipped" };
            let by = say::short_name(by);
            self.answer(&format!("already {word} by {by}: {}", say::own_words(reason)));
            return Ok(());
        }
        self.may_leave(window, patch, verb)?;
        let event = Event::Skipped { reason: reason.to_owned(), veto, rule: None };
        self.record(Some(window.id()), Some(patch.change), event);
        let word = if veto { "vetoed" } else { "skipped" };
        let why = say::own_words(reason);
        let text = format!("{} is {word}: {why}", patch.change);
        let idle = window.motion.is_none() && window.rollback.is_none() && window.holds.is_empty();
        let was_next = idle
            && super::start::next(self.settings, self.state, window)
                .is_some_and(|next| next.change == patch.change);
        let was_moving = matches!(patch.stage, Stage::Moving);
        let merged = if self.state.ledger.contains_key(&patch.change) {
            format!("; it is merged and stays in the ledger: {}", self.command("ledger"))
        } else {
            String::new()
        };
        self.answer(&format!("{text}{merged}"));
        self.tell_owner(window, patch, &format!("{} is {word} by {}: {why}", patch.change, self.name));
        if (was_moving || was_next) && window.is_running() {
            let mut after = window.clone();
            after.motion = None;
            if let Some(patch) = after.patches.iter_mut().find(|other| other.change == patch.change) {
                patch.stage = Stage::Skipped { reason: String::new(), veto, by: self.by.who.clone() };
            }
            self.name_next(&after, "");
        }
        Ok(())
    }
}

fn window_says_away(window: &Window, patch: &Patch) -> bool {
    let answer = window.presence.get(patch.owner()).and_then(|presence| presence.answer);
    matches!(answer, Some((_, false)))
}
