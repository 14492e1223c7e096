//! Commands of steps: `go`, `promote`, `rerun`. The intent is stored before anything starts; what was started once is never
//! started again without a person's word.

use chrono::TimeDelta;

use super::super::command::StepRef;
use super::super::event::{BackStep, Event};
use super::super::id::{ChangeNumber, RowId};
use super::super::kind;
use super::super::patch::Patch;
use super::super::plan::{Act, Step};
use super::super::program::{self, Run, Values};
use super::super::say::{self, Refusal, no};
use super::super::settings::{CommandSettings, PRODUCTION};
use super::super::window::Window;
use super::Turn;
use super::ran::running_forward;

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
}
