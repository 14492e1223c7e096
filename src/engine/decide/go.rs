//! Commands of steps: `go`, `promote`, `rerun`, and what became of what was started. The intent is stored before anything
//! starts; what was started once is never started again without a person's word.

use chrono::TimeDelta;

use super::super::command::StepRef;
use super::super::event::{BackStep, Event, Unseen, Went};
use super::super::id::{ChangeNumber, RowId};
use super::super::patch::Patch;
use super::super::plan::{Act, Going, Step};
use super::super::program::{self, Ended, Left, Run, Values};
use super::super::say::{self, Refusal, no};
use super::super::settings::{CommandSettings, PRODUCTION};
use super::super::window::{Rollback, Window};
use super::super::{Kind, kind, words};
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
    /// `go [K]`: the bot runs the current step.
    pub(super) fn go(&mut self, said: Option<StepRef>) -> Result<(), Refusal> {
        let back = matches!(said, Some(StepRef::Back(_)));
        let window = if back { self.moving_window() } else { self.open_window() };
        let window = window.ok_or_else(|| no::no_window(self.prefix()))?;
        self.may_step("go", window)?;
        if let Some(rollback) = &window.rollback
            && let Some((number, step)) = rollback.current()
        {
            return match said {
                Some(StepRef::Back(said)) if said != number => {
                    let what = say::run::back_step_name(step);
                    let words = self.command(&format!("go r{number}"));
                    Err(Refusal::new("order", format!("r{number} ({what}) comes before r{said}. {words}")))
                }
                Some(StepRef::Forward(_)) => Err(no::rolling_back(self.prefix(), number, step)),
                _ => self.go_back(window, number, step),
            };
        }
        let next = super::start::next(self.settings, self.state, window);
        let patch = window.moving().ok_or_else(|| no::nothing_moves(self.prefix(), next))?;
        let (current, step) = patch.current().ok_or_else(|| no::nothing_moves(self.prefix(), None))?;
        match said {
            Some(StepRef::Back(number)) => {
                let last = patch.steps.len().to_string();
                return Err(no::no_step(self.prefix(), &format!("r{number}"), &last));
            }
            Some(StepRef::Forward(said)) if said != current => {
                return self.go_elsewhere(patch, said, current, step);
            }
            Some(StepRef::Forward(_)) | None => {}
        }
        if step.is_unknown() {
            if let Some(refusal) = self.at_work(patch, current, step) {
                return Err(refusal);
            }
            return Err(no::unknown_step(self.prefix(), current, step, patch.change));
        }
        self.may_go_on(window)?;
        self.may_run(patch, current, step)?;
        let since = window.advanced.map_or(TimeDelta::MAX, |advanced| self.at - advanced);
        if said.is_none() && since < self.settings.timers.debounce {
            return Err(no::too_soon_to_go(self.prefix(), current, since.num_seconds()));
        }
        self.not_crossed(patch, &format!("go {current}"))?;
        let row = self.intend(window, patch, current, step)?;
        let text = say::go::started(patch, current, step, row, &self.without_baseline(window, patch, step));
        self.answer(&text);
        Ok(())
    }

    /// `go 7` while 6 is open: done already, or not its turn.
    fn go_elsewhere(&mut self, patch: &Patch, said: u32, current: u32, at: &Step) -> Result<(), Refusal> {
        let named = (said as usize).checked_sub(1).and_then(|index| patch.steps.get(index));
        let Some(named) = named else {
            return Err(no::no_step(self.prefix(), &said.to_string(), &patch.steps.len().to_string()));
        };
        if let Some(done) = &named.done {
            let text = say::run::already_done(done, self.by.room.as_ref(), self.at, current, at);
            self.answer(&text);
            return Ok(());
        }
        if let Act::Health { checks } = &at.act
            && !checks.is_empty()
        {
            // What is said last of it may be over: answers come again.
            let since = patch.step_since.unwrap_or(self.at);
            let now = super::super::health::judge(self.settings, patch, checks, since, self.at);
            return Err(match &at.failed {
                Some(why) => no::unhealthy(self.prefix(), patch, why),
                None if now.is_some_and(|now| now.verdict == super::super::health::Verdict::Unknown) => {
                    no::health_unknown(self.prefix(), patch)
                }
                None => {
                    let left = say::health::open_until(self.settings, patch, checks, self.at);
                    no::health_open(self.prefix(), &left)
                }
            });
        }
        if at.is_unknown() {
            return Err(no::unknown_step(self.prefix(), current, at, patch.change));
        }
        let name = say::run::step_name(at);
        if !at.act.is_manual() {
            let how = say::run::how_it_closes(self.settings, patch, at);
            return Err(no::step_order_by_itself(said, current, &name, &how));
        }
        let verb = if at.run.is_some() { "go" } else { "done" };
        Err(no::step_order_for(self.prefix(), verb, said, current, &name))
    }

    /// `promote`: `go` for the first step on production.
    pub(super) fn promote(&mut self) -> Result<(), Refusal> {
        let window = self.window_on()?;
        self.may_step("promote", window)?;
        let next = super::start::next(self.settings, self.state, window);
        let patch = window.moving().ok_or_else(|| no::nothing_moves(self.prefix(), next))?;
        let is_production = |step: &Step| matches!(&step.act, Act::Sync { stage, .. } if stage == PRODUCTION);
        let first = (1u32..).zip(&patch.steps).find(|(_, step)| is_production(step));
        let (number, _) = first.ok_or_else(|| no::no_production(self.prefix(), patch.change))?;
        self.go(Some(StepRef::Forward(number)))
    }

    /// `rerun`: what nobody knows of is started again, by a person's word.
    pub(super) fn rerun(&mut self) -> Result<(), Refusal> {
        let window = self.moving_window().ok_or_else(|| no::no_window(self.prefix()))?;
        self.may_step("rerun", window)?;
        if let Some(rollback) = &window.rollback
            && let Some((number, step)) = rollback.current()
        {
            if let Some(refusal) = self.back_at_work(number, step) {
                return Err(refusal);
            }
            let is_unknown = step.going.as_ref().is_some_and(|going| going.is_unknown);
            if !is_unknown && step.failed.is_none() {
                return Err(no::nothing_unknown(&format!("r{number}")));
            }
            return self.go_back(window, number, step);
        }
        let patch = window.moving().ok_or_else(|| no::nothing_moves(self.prefix(), None))?;
        let (number, step) = patch.current().ok_or_else(|| no::nothing_moves(self.prefix(), None))?;
        if let Some(refusal) = self.at_work(patch, number, step) {
            return Err(refusal);
        }
        if !step.is_unknown() && (step.failed.is_none() || step.run.is_none()) {
            return Err(no::nothing_unknown(&format!("step {number}")));
        }
        // What became of it may be said under a hold; this starts it, and under a hold nothing starts.
        self.may_go_on(window).map_err(|refusal| match step.is_unknown() {
            true => no::rerun_waits(self.prefix(), number, step, refusal),
            false => refusal,
        })?;
        self.not_crossed(patch, "rerun")?;
        let row = self.intend(window, patch, number, step)?;
        let text = say::go::started(patch, number, step, row, "");
        self.answer(&text);
        Ok(())
    }

    pub(super) fn go_back(&mut self, window: &Window, number: u32, step: &BackStep) -> Result<(), Refusal> {
        if step.run.is_none() {
            return Err(no::by_hand(self.prefix(), &format!("r{number}")));
        }
        if let Some(going) = step.going.as_ref().filter(|going| !going.is_unknown) {
            self.answer(&say::go::already_running(&format!("r{number}"), going));
            return Ok(());
        }
        if let Some(refusal) = self.back_at_work(number, step) {
            return Err(refusal);
        }
        if let Some(text) = self.waits_for_forward(window, number) {
            self.answer(&text);
            return Ok(());
        }
        let row = self
            .intend_back(window, number, step)
            .map_err(|what| no::no_value_back(self.prefix(), number, &what))?;
        self.answer(&say::go::back_started(number, step, row));
        Ok(())
    }

    /// What is still at work on the way forward, where something is.
    fn waits_for_forward(&self, window: &Window, number: u32) -> Option<String> {
        let (forward, _) = running_forward(window)?;
        Some(format!("r{number} starts when step {forward} has ended; I have asked it to end"))
    }

    fn may_run(&self, patch: &Patch, number: u32, step: &Step) -> Result<(), Refusal> {
        if step.run.is_none() {
            if !step.act.is_manual() {
                let how = say::run::how_it_closes(self.settings, patch, step);
                return Err(no::closes_itself(number, &how));
            }
            return Err(no::by_hand(self.prefix(), &number.to_string()));
        }
        if let Some(refusal) = self.at_work(patch, number, step) {
            return Err(refusal);
        }
        if let Some(why) = &step.failed {
            let back = format!(" or {}", self.command(&format!("rollback {}", patch.change)));
            return Err(no::step_failed(self.prefix(), &format!("step {number}"), why, &back));
        }
        if step.act == Act::Merge && step.begun {
            return Err(no::closes_itself(number, &say::run::how_it_closes(self.settings, patch, step)));
        }
        Ok(())
    }

    /// What nothing could be compared with later, where the first host is about to be touched.
    fn without_baseline(&self, window: &Window, patch: &Patch, step: &Step) -> String {
        if patch.touched_hosts() || !step.act.is_sync() {
            return String::new();
        }
        let missing = super::super::health::without_baseline(self.settings, patch);
        let missing: Vec<&str> = missing.map(|check| check.id.as_str()).collect();
        let bad = window.incident.as_ref().map(|incident| incident.change);
        if missing.is_empty() { String::new() } else { say::go::no_baseline(&missing, bad) }
    }

    /// Puts it on the record that the command of a step is to be started, once that is stored.
    pub(super) fn intend(
        &mut self,
        window: &Window,
        patch: &Patch,
        number: u32,
        step: &Step,
    ) -> Result<RowId, Refusal> {
        let run = step.run.as_ref().ok_or_else(|| no::by_hand(self.prefix(), &number.to_string()))?;
        let (stage, file) = match &step.act {
            Act::Sync { stage, file } => (Some(stage.clone()), file.clone()),
            _ => (None, None),
        };
        // What the patch was when its steps were laid out is what was read: a file of a later patch set is none of it.
        if patch.is_outdated && program::needs_path(&run.argv) {
            return Err(no::outdated_plan(self.prefix(), patch, number));
        }
        let path = file.or_else(|| step.path.clone()).or_else(|| self.only_file(patch));
        let argv = program::fill(&run.argv, &self.values(patch, stage, path, ""))
            .map_err(|what| no::no_value(self.prefix(), patch, &what))?;
        let event = Event::StepIntended { step: number, argv: argv.clone() };
        Ok(self.start_run(window, patch.change, event, argv, run))
    }

    /// The same for a step of a rollback.
    pub(in super::super) fn intend_back(
        &mut self,
        window: &Window,
        number: u32,
        step: &BackStep,
    ) -> Result<RowId, String> {
        let (Some(run), Some(patch)) = (&step.run, window.patch(step.change)) else {
            return Err("a command".to_owned());
        };
        let path = step.file.clone().or_else(|| step.path.clone()).or_else(|| self.only_file(patch));
        let values = self.values(patch, Some(step.stage.clone()), path, "Rollback of ");
        let argv = program::fill(&run.argv, &values)?;
        let event = Event::BackStepIntended { step: number, argv: argv.clone() };
        Ok(self.start_run(window, step.change, event, argv, run))
    }

    fn start_run(
        &mut self,
        window: &Window,
        change: ChangeNumber,
        event: Event,
        argv: Vec<String>,
        run: &CommandSettings,
    ) -> RowId {
        let row = self.next_row();
        self.record(Some(window.id()), Some(change), event);
        let (timeout, kill_after) = (run.timeout, run.kill_after);
        self.out.runs.push(Run { row, argv, timeout, kill_after });
        row
    }

    /// The one file that is synced of a patch, for steps that an older program laid out: it did not keep it.
    fn only_file(&self, patch: &Patch) -> Option<String> {
        let facts = self.state.last_facts(patch.change).filter(|_| !patch.is_outdated)?;
        match kind::synced_files(&self.settings.policy, &facts.change).known().map(Vec::as_slice) {
            Some([only]) => Some((*only).to_owned()),
            _ => None,
        }
    }

    fn values(&self, patch: &Patch, stage: Option<String>, path: Option<String>, what: &str) -> Values {
        let facts = self.state.last_facts(patch.change);
        Values {
            change: patch.change.to_string(),
            patch_set: patch.patch_set.to_string(),
            branch: facts.map(|facts| facts.change.branch.clone()),
            stage,
            path,
            message: format!("{what}{}", say::go::message(self.state, patch)),
        }
    }

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
