//! Stopping and going back: holds, rollback, the ledger, freezes. Stop is free, rollback is never blocked.

use super::super::command::{Role, Target, target};
use super::super::event::{BackStep, Cause, Event, Settlement};
use super::super::id::{ChangeNumber, Who};
use super::super::patch::{Patch, Stage};
use super::super::plan::Act;
use super::super::say::{self, Refusal, no};
use super::super::settings::Standing;
use super::super::window::{Hold, Rollback, Window};
use super::super::{command, order, words};
use super::{Turn, running_forward};

impl<'a> Turn<'a> {
    pub(super) fn hold(&mut self, reason: Option<String>) -> Result<(), Refusal> {
        let window = self.moving_window().or_else(|| self.next_planned());
        let window = window.ok_or_else(|| no::no_window(self.prefix()))?;
        let who = self.who.clone().ok_or_else(|| self.not_identified())?;
        let unexplained = window.holds.iter().find(|hold| hold.by == who && hold.reason.is_none());
        if let (Some(hold), Some(reason)) = (unexplained, &reason) {
            let number = hold.number;
            self.record(
                Some(window.id()),
                None,
                Event::HoldExplained { hold: number, reason: reason.clone() },
            );
            self.answer(&format!("H{number}: {}", say::own_words(reason)));
            return Ok(());
        }
        let same =
            window.holds.iter().find(|hold| hold.by == who && (reason.is_none() || hold.reason == reason));
        if let Some(hold) = same {
            let text = format!("already held: {}", no::hold(hold));
            self.answer(&text);
            return Ok(());
        }
        let hold = window.next_hold;
        let asks = reason.is_none();
        self.record(
            Some(window.id()),
            None,
            Event::Held { hold, reason: reason.clone(), cause: Cause::Said },
        );
        let lift = self.command("resume NOTE");
        let why = if asks {
            format!(". {}, say why when you can: {}", self.name, self.command("hold WHY"))
        } else {
            String::new()
        };
        let runs = running_forward(window).map(|(number, _)| say::run::runs_on(self.prefix(), number));
        let text = format!(
            "{} is HELD by {} (H{hold}){}{}. {lift}{why}",
            window.id(),
            self.name,
            say::after_colon(reason.as_deref()),
            runs.unwrap_or_default()
        );
        let lead = window.lead.as_ref().map(|lead| lead.who.clone()).filter(|lead| *lead != who);
        match lead {
            Some(lead) => self.ping(window, &[&lead], &text),
            None => self.broadcast(window, &text),
        }
        Ok(())
    }

    pub(super) fn resume(&mut self, number: Option<u32>, note: &str) -> Result<(), Refusal> {
        let window = self.open_window().or_else(|| self.next_planned());
        if window.is_none_or(|window| window.holds.is_empty()) && self.resume_standing(number, note)? {
            return Ok(());
        }
        let window = window.ok_or_else(|| no::no_window(self.prefix()))?;
        let hold = match (number, window.holds.as_slice()) {
            (_, []) => return Err(no::not_held(window)),
            (Some(number), holds) => {
                let named = holds.iter().find(|hold| hold.number == number);
                named.ok_or_else(|| no::which_hold(self.prefix(), holds))?
            }
            (None, [hold]) => hold,
            (None, holds) => return Err(no::which_hold(self.prefix(), holds)),
        };
        let lead = window.lead.as_ref().map(|lead| &lead.who);
        let holder = self.who.as_ref() == Some(&hold.by);
        let leaderless = lead.is_none() && self.is(Role::Deployer, None, None);
        if !(self.is(Role::Lead, Some(window), None) || holder || leaderless) {
            return Err(no::not_holder(self.prefix(), hold, window));
        }
        let event = Event::Resumed { hold: hold.number, note: note.to_owned() };
        self.record(Some(window.id()), None, event);
        let mut after = window.clone();
        after.holds.retain(|other| other.number != hold.number);
        let still: Vec<String> = after.holds.iter().map(no::hold).collect();
        let still = if still.is_empty() {
            format!("{} goes on", window.id())
        } else {
            let first = after.holds.first().map_or(1, |hold| hold.number);
            let words = self.command(&format!("resume H{first} NOTE"));
            format!("Still held: {}. {words}", still.join("; "))
        };
        let text = format!("H{} is off ({}): {}. {still}", hold.number, self.name, say::own_words(note));
        // What pings goes out before what does not: whoever is pinged hears in the same line that it goes on. A lead who
        // lifts it is answered in one room, and all of them hear that it is off.
        let own = lead.is_some() && self.who.as_ref() == lead;
        let owner_tests =
            |patch: &Patch| patch.is_at(|act| *act == Act::Verify) && !self.lead_tests(&after, patch);
        let tests = after.moving().is_some_and(owner_tests);
        let lead_in = if own && !tests { "" } else { text.as_str() };
        let before = self.out.replies.len();
        if after.holds.is_empty() && after.rollback.is_none() && after.is_running() {
            match after.moving() {
                Some(patch) if self.closes_now(&after, patch) => {}
                Some(patch) => self.prompt(&after, patch, lead_in),
                None => self.name_next(&after, lead_in),
            }
        }
        if !self.out.replies.iter().skip(before).any(|reply| reply.text.contains(&text)) {
            let said = self.out.replies.split_off(before);
            self.broadcast(window, &text);
            self.out.replies.extend(said);
        }
        Ok(())
    }

    /// Lifts a hold that outlived its window: there is no lead, so it is a deployer's, or whoever's it is.
    fn resume_standing(&mut self, number: Option<u32>, note: &str) -> Result<bool, Refusal> {
        let here: Vec<Hold> = self
            .state
            .held
            .iter()
            .filter(|standing| self.is_here(&standing.rooms))
            .map(|standing| standing.hold.clone())
            .collect();
        let hold = match (number, here.as_slice()) {
            (_, []) => return Ok(false),
            (None, [hold]) => hold,
            (None, _) => return Err(no::which_hold(self.prefix(), &here)),
            (Some(number), _) => {
                let named = here.iter().find(|hold| hold.number == number);
                named.ok_or_else(|| no::which_hold(self.prefix(), &here))?
            }
        };
        if self.who.as_ref() != Some(&hold.by) && !self.is(Role::Deployer, None, None) {
            return Err(no::not_deployer("resume", &self.people_with(Standing::Deployer)));
        }
        self.record(None, None, Event::Resumed { hold: hold.number, note: note.to_owned() });
        self.answer(&say::run::standing_hold_off(hold, note));
        Ok(true)
    }

    /// `rollback [N] [reason]`: the first word is N only if it is a ticket, a URL or a number of a patch here (§4a.7).
    pub(super) fn rollback(&mut self, said: &str) -> Result<(), Refusal> {
        let (first, rest) = said.split_once(' ').unwrap_or((said, ""));
        if let Some((window, patch)) = self.put_out_lately(first) {
            return self.roll_back(window, patch, rest);
        }
        let lately = self.state.lately.iter().filter(|window| self.is_here(&window.occurrence.rooms));
        let window = self.moving_window().ok_or_else(|| {
            let last: Vec<&Patch> = lately.flat_map(|window| &window.patches).rev().take(3).collect();
            if last.is_empty() {
                no::no_window(self.prefix())
            } else {
                no::which_rollback(self.prefix(), &last)
            }
        })?;
        let named = target(first, &self.settings.policy.review_hosts)
            .filter(|target| !matches!(target, Target::Change(_)) || self.find(*target).is_ok());
        let (window, patch, reason) = match named {
            Some(target) => {
                let (window, patch) = self.find(target)?;
                (window, patch, rest)
            }
            None => match window.moving().filter(|patch| patch.touched_hosts()) {
                Some(patch) => (window, patch, said),
                None if window.rollback.is_some() => return self.already_rolling_back(window),
                None => {
                    let mut last: Vec<&Patch> = window
                        .patches
                        .iter()
                        .filter(|patch| patch.touched_hosts() && patch.stage != Stage::RolledBack)
                        .collect();
                    last.sort_by_key(|patch| std::cmp::Reverse(patch.started));
                    last.truncate(3);
                    return Err(no::which_rollback(self.prefix(), &last));
                }
            },
        };
        self.roll_back(window, patch, reason)
    }

    /// What a window that is over put out, by its number: it is named, since nothing of it is in motion.
    fn put_out_lately(&self, word: &str) -> Option<(&'a Window, &'a Patch)> {
        let Some(Target::Change(change)) = target(word, &self.settings.policy.review_hosts) else {
            return None;
        };
        if self.find(Target::Change(change)).is_ok() {
            return None;
        }
        let here = self.state.lately.iter().filter(|window| self.is_here(&window.occurrence.rooms));
        here.rev().find_map(|window| window.patch(change).map(|patch| (window, patch)))
    }

    /// By whoever speaks, or by the bot where its countdown is over.
    pub(in super::super) fn roll_back(
        &mut self,
        window: &Window,
        patch: &Patch,
        reason: &str,
    ) -> Result<(), Refusal> {
        if self.by.network.is_some() {
            self.may("rollback", Some(window), Some(patch))?;
        }
        if !self.state.windows.contains_key(window.id()) {
            self.record(Some(window.id()), None, Event::Reopened);
        }
        if patch.stage == Stage::RolledBack {
            self.answer(&format!("already so, {} is off the hosts", patch.change));
            return Ok(());
        }
        if let Some(rollback) = &window.rollback
            && rollback.steps.iter().any(|step| step.change == patch.change)
        {
            return self.already_rolling_back(window);
        }
        if !patch.touched_hosts() {
            return Err(no::nothing_to_roll_back(self.prefix(), patch.change));
        }
        let reason = (!reason.trim().is_empty()).then(|| reason.trim().to_owned());
        let row = self.next_row();
        // A second rollback adds to the one that is under way: what is done stays done.
        let mut steps: Vec<BackStep> =
            window.rollback.as_ref().map_or(Vec::new(), |going| going.steps.clone());
        steps.extend(self.back_steps(window, patch));
        if steps.iter().all(|step| step.done) {
            return Err(no::nothing_to_roll_back(self.prefix(), patch.change));
        }
        let event = Event::RollbackStarted { steps: steps.clone(), reason: reason.clone() };
        self.record(Some(window.id()), Some(patch.change), event);
        let running = running_forward(window);
        self.out.stops.extend(running.map(|(_, row)| row));
        let first = (1u32..).zip(&steps).find(|(_, step)| !step.done);
        // Whoever leads is asked for what the bot does not do.
        let first = first.filter(|(_, step)| step.run.is_none());
        let first = first.map(|(number, step)| say::run::back_step(self.prefix(), number, step));
        let theirs = self.is(Role::Deployer, None, None);
        let text = say::run::rollback_plan(
            self.prefix(),
            patch.change,
            &steps,
            reason.as_deref(),
            (row, self.at),
            theirs,
        );
        let ends = running.map(|(number, _)| say::run::ends_first(number)).unwrap_or_default();
        if self.who.is_some() {
            self.answer(&format!("{text}{ends}"));
        } else {
            self.tell_all_concerned(window, patch, &format!("{text}{ends}"));
            return Ok(());
        }
        let mut others: Vec<Who> = Vec::new();
        let concerned =
            steps.iter().filter_map(|step| window.patch(step.change)).map(|patch| patch.owner().clone());
        for who in concerned.chain(window.lead.iter().map(|lead| lead.who.clone())) {
            if Some(&who) != self.who.as_ref() && !others.contains(&who) {
                others.push(who);
            }
        }
        if !others.is_empty() {
            let who: Vec<&Who> = others.iter().collect();
            let lead = window.lead.as_ref().filter(|_| !theirs).map(|lead| &lead.who);
            let lead = lead.map(|lead| match window.gone(lead) {
                Some(_) => "any deployer",
                None => say::short_name(lead),
            });
            let text = say::run::rolls_back(&self.name, &steps, lead, first.as_deref());
            self.ping(window, &who, &text);
        }
        Ok(())
    }

    fn already_rolling_back(&mut self, window: &Window) -> Result<(), Refusal> {
        if let Some(rollback) = &window.rollback
            && let Some((number, step)) = rollback.current()
        {
            let text = say::run::back_step(self.prefix(), number, step);
            self.answer(&format!("already rolling back: {text}"));
        }
        Ok(())
    }

    /// The steps that take a patch back, and first what needs it: the last to go out is the first to go back.
    fn back_steps(&self, window: &Window, patch: &Patch) -> Vec<BackStep> {
        let mut back = Vec::new();
        let mut changes = order::dependents(self.state, window, patch.change);
        changes.push(patch.change);
        let going = |change: ChangeNumber| {
            window.rollback.as_ref().is_some_and(|going| going.steps.iter().any(|step| step.change == change))
        };
        for patch in changes.into_iter().filter_map(|change| window.patch(change)) {
            if patch.stage != Stage::RolledBack && !going(patch.change) {
                back.extend(steps_back(patch));
            }
        }
        back
    }

    pub(super) fn back_step_done(
        &mut self,
        window: &Window,
        said: Option<command::StepRef>,
        note: Option<String>,
    ) -> Result<(), Refusal> {
        let Some(rollback) = &window.rollback else { return Ok(()) };
        let Some((number, step)) = rollback.current() else { return Ok(()) };
        match said {
            Some(command::StepRef::Forward(said)) => {
                let words = match &step.run {
                    Some(_) => say::run::back_step(self.prefix(), number, step),
                    None => self.command(&format!("done r{number}")),
                };
                let text = format!(
                    "{} is going back and step {said} is void; r{number} is open. {words}",
                    step.change
                );
                return Err(Refusal::new("rollback", text));
            }
            Some(command::StepRef::Back(said)) if said < number && said > 0 => {
                let here = self.by.room.as_ref();
                let by = rollback.steps.get(said as usize - 1).and_then(|step| step.by.as_ref());
                let elsewhere = by.filter(|(_, _, room)| here.is_some() && room.as_ref() != here);
                let by = elsewhere.map(|(who, when, room)| {
                    format!(" by {}", say::run::by_and_where(who, *when, room.as_ref(), here, self.at))
                });
                let by = by.unwrap_or_default();
                self.answer(&format!("already done{by}; now it is r{number}"));
                return Ok(());
            }
            Some(command::StepRef::Back(said)) if said as usize > rollback.steps.len() || said == 0 => {
                let last = format!("r{}", rollback.steps.len());
                return Err(no::no_step(self.prefix(), &format!("r{said}"), &last));
            }
            Some(command::StepRef::Back(said)) if said != number => {
                let words = self.command(&format!("done r{number}"));
                let what = say::run::back_step_name(step);
                let text = format!("r{number} ({what}) comes before r{said}. {words} when it is off");
                return Err(Refusal::new("order", text));
            }
            Some(command::StepRef::Back(_)) => {}
            None => {
                let since = window.advanced.map(|advanced| self.at - advanced);
                if let Some(since) = since.filter(|since| *since < self.settings.timers.debounce) {
                    let words = self.command(&format!("done r{number}"));
                    let seconds = since.num_seconds();
                    let text = format!("something moved {seconds} s ago, now it is r{number}. {words}");
                    return Err(Refusal::new("too-soon", text));
                }
            }
        }
        if let Some(why) = step.failed.as_ref().filter(|_| note.is_none()) {
            let mended =
                format!(", or mend it by hand and {}", self.command(&format!("done r{number} NOTE")));
            return Err(no::step_failed(self.prefix(), &format!("r{number}"), why, &mended));
        }
        if let Some(refusal) = self.back_at_work(number, step).filter(|_| step.is_running()) {
            return Err(refusal);
        }
        let health = self.health_seen(window);
        self.record(Some(window.id()), Some(step.change), Event::BackStepDone { step: number, note, health });
        let next = (1u32..).zip(&rollback.steps).find(|(other, step)| *other != number && !step.done);
        if let Some((number, step)) = next {
            let text = say::go::next_back(self.prefix(), number, step);
            self.answer(&text);
        }
        Ok(())
    }

    pub(super) fn settle(&mut self, target: Target, how: &str, reason: &str) -> Result<(), Refusal> {
        let change = match target {
            Target::Change(change) => change,
            Target::Ticket(_) => self.find(target)?.1.change,
        };
        self.may("settle", self.open_window(), None)?;
        let how = match how {
            "reverted" => Settlement::Reverted,
            "fixed" => Settlement::Fixed,
            "keep" => Settlement::Keep,
            _ => {
                let words = self.command(&format!("settle {change} reverted|fixed|keep WHY"));
                return Err(Refusal::new(
                    "unknown-word",
                    format!("\"{}\" is none of the three. {words}", say::own_words(how)),
                ));
            }
        };
        let Some(entry) = self.state.ledger.get(&change) else {
            return Err(no::not_in_ledger(self.prefix(), &change.to_string()));
        };
        let here = self.state.window_of(change).filter(|window| !window.robbed);
        let moving = here.and_then(Window::moving);
        if let Some(patch) = moving.filter(|patch| patch.change == change) {
            return Err(no::in_motion(self.prefix(), "settle", patch.change));
        }
        let queued = self.state.window_of(change).and_then(|window| window.patch(change));
        if let Some(patch) = queued.filter(|patch| patch.stage == Stage::Queued) {
            return Err(no::settle_queued(self.prefix(), patch));
        }
        let window = entry.window.clone();
        self.record(window.as_ref(), Some(change), Event::Settled { how, reason: reason.to_owned() });
        let word = say::row::settlement(how);
        self.answer(&format!("{change} is settled ({word}): {}", say::own_words(reason)));
        if let Some(window) =
            self.open_window().filter(|window| window.is_running() && window.motion.is_none())
        {
            let last = self.state.ledger.len() == 1;
            if last && window.holds.is_empty() && window.rollback.is_none() {
                self.name_next(window, "");
            }
        }
        Ok(())
    }

    /// Leads whose window is on learn at once that nothing more may start.
    fn tell_leads(&mut self, text: &str) {
        for window in self.state.windows.values().filter(|window| window.is_on()) {
            if let Some(lead) = window.lead.as_ref().filter(|lead| self.who.as_ref() != Some(&lead.who)) {
                self.ping(window, &[&lead.who], text);
            }
        }
    }

    pub(super) fn freeze(&mut self, from: &str, to: &str, reason: &str) -> Result<(), Refusal> {
        self.may("freeze", None, None)?;
        let examples = "now, +2h, 14:30, 2026-12-20 or 2026-12-20T14:30 (UTC)";
        let read = |word: &str| words::moment(word, self.at).ok_or_else(|| no::not_a_time(word, examples));
        let (from, to) = (read(from)?, read(to)?);
        if to <= from || to <= self.at {
            return Err(no::backwards(from, to));
        }
        let freeze = self.state.next_freeze.max(1);
        self.record(None, None, Event::Frozen { freeze, from, to, reason: reason.to_owned() });
        let when = format!("{} to {}", words::day_clock(from, self.at), words::day_clock(to, self.at));
        let thaw = self.command(&format!("thaw F{freeze}"));
        let text = format!("F{freeze}: nothing is deployed from {when}: {}", say::own_words(reason));
        self.answer(&format!("{text}. {thaw}"));
        if from <= self.at {
            self.tell_leads(&text);
        }
        Ok(())
    }

    pub(super) fn thaw(&mut self, number: u32) -> Result<(), Refusal> {
        self.may("thaw", None, None)?;
        let known = self.state.freezes.iter().filter(|freeze| freeze.to > self.at);
        if !known.clone().any(|freeze| freeze.number == number) {
            let known: Vec<String> = known
                .map(|freeze| format!("F{} ({})", freeze.number, say::own_words(&freeze.reason)))
                .collect();
            return Err(no::no_freeze(number, &known));
        }
        self.record(None, None, Event::Thawed { freeze: number });
        let text = format!("F{number} is lifted");
        self.answer(&text);
        self.tell_leads(&text);
        Ok(())
    }
}

/// The steps of one patch in reverse.
fn steps_back(patch: &Patch) -> Vec<BackStep> {
    let back = patch.goes_back_by();
    let back = back.into_iter().rev().filter_map(|step| match &step.act {
        Act::Sync { stage, file } => Some((stage, file, step)),
        _ => None,
    });
    back.map(|(stage, file, step)| BackStep {
        change: patch.change,
        stage: stage.clone(),
        file: file.clone(),
        path: step.path.clone(),
        done: false,
        failed: None,
        by: None,
        run: step.back.clone(),
        going: None,
    })
    .collect()
}

/// The changes of a rollback, each once, in its order.
pub(in super::super) fn changes_of(rollback: &Rollback) -> Vec<ChangeNumber> {
    let mut changes: Vec<ChangeNumber> = Vec::new();
    for step in &rollback.steps {
        if !changes.contains(&step.change) {
            changes.push(step.change);
        }
    }
    changes
}
