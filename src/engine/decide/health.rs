//! What checks of the hosts answer, and what people say of it: `health`, `soak`, `cancel`, `override N health`.

use chrono::TimeDelta;

use super::super::command::{Role, Target};
use super::super::event::{Event, Sampled};
use super::super::health::{self, Judged, Measured, Verdict, Wanted};
use super::super::patch::Patch;
use super::super::plan::Act;
use super::super::say::{self, Refusal, no};
use super::super::settings::CheckSettings;
use super::super::window::Window;
use super::super::words;
use super::Turn;

/// The same silence is not written down again before so long.
const SAME_SILENCE: TimeDelta = TimeDelta::minutes(1);

impl Turn<'_> {
    /// A check answered, or could not.
    pub(super) fn measured(&mut self, check: &str, answer: &Result<Measured, String>) {
        for window in self.state.windows.values() {
            let all = health::asked(self.settings, self.state, window, self.at);
            for (check, wanted) in all.into_iter().filter(|(known, _)| known.id == check) {
                self.take_sample(window, check, wanted, answer);
            }
        }
    }

    fn take_sample(
        &mut self,
        window: &Window,
        check: &CheckSettings,
        wanted: Wanted<'_>,
        answer: &Result<Measured, String>,
    ) {
        let (change, baseline) = match wanted {
            Wanted::Clean => (None, None),
            Wanted::Baseline(patch) | Wanted::Step(patch, _) => {
                (Some(patch.change), patch.health.baseline.get(&check.id).copied())
            }
            Wanted::Back(change, before) => (Some(change), before),
        };
        let sample = health::sample(check, answer, baseline, self.at);
        if let (Wanted::Clean | Wanted::Baseline(_), Some(value)) = (wanted, sample.value) {
            self.record(Some(window.id()), change, Event::BaselineTaken { check: check.id.clone(), value });
            return;
        }
        let is_same = |last: &health::Sample| {
            sample.verdict == Verdict::Unknown
                && last.verdict == Verdict::Unknown
                && last.words == sample.words
                && self.at - last.at < SAME_SILENCE
        };
        if window.health.get(&check.id).is_some_and(is_same) {
            return;
        }
        let health::Sample { verdict, value, words, top, .. } = sample;
        let event = Event::Sampled(Sampled { check: check.id.clone(), verdict, value, words, top });
        self.record(Some(window.id()), change, event);
    }

    /// What follows from the samples of the step that is open, at this moment; true where something did.
    pub(in super::super) fn follow_health(&mut self, window: &Window, patch: &Patch) -> bool {
        let (Some((number, step)), Some(since)) = (patch.current(), patch.step_since) else { return false };
        let Act::Health { checks } = &step.act else { return false };
        if checks.is_empty() || step.failed.is_some() {
            return false;
        }
        let Some(judged) = health::judge(self.settings, patch, checks, since, self.at) else { return false };
        // What is held does not go on, but what is bad is said.
        let is_held = !window.holds.is_empty();
        if patch.health.said == Some(judged.verdict) || (is_held && judged.verdict == Verdict::Healthy) {
            return false;
        }
        let Judged { verdict, words, top, since } = judged.clone();
        let event = Event::HealthJudged { step: number, verdict, words, top, since };
        self.record(Some(window.id()), Some(patch.change), event);
        match judged.verdict {
            Verdict::Healthy => {
                let note = Some(judged.words.clone());
                let event = Event::StepDone { step: number, patch_set: patch.patch_set, note };
                self.record(Some(window.id()), Some(patch.change), event);
                let after = super::with_done(patch, number, &self.by.who, self.at);
                let lead_in = say::health::healthy(patch, &judged);
                if after.current().is_some() {
                    self.prompt(window, &after, &lead_in);
                }
            }
            Verdict::Unhealthy => self.say_unhealthy(window, patch, &judged),
            Verdict::Unknown => {
                let text = say::health::unknown(self.prefix(), patch, number, &judged);
                self.tell_all_concerned(window, patch, &text);
            }
        }
        true
    }

    fn say_unhealthy(&mut self, window: &Window, patch: &Patch, judged: &Judged) {
        let mut text = say::health::unhealthy(self.prefix(), patch, judged, patch.health.times_bad > 0);
        if let Some(after) = self.settings.auto_rollback.filter(|_| patch.touched_hosts()) {
            let until = self.at + after;
            self.record(Some(window.id()), Some(patch.change), Event::RollbackCounted { until });
            text.push_str(&say::health::goes_back_in(self.prefix(), patch.change, after));
        }
        self.tell_all_concerned(window, patch, &text);
    }

    /// After a start, a countdown that nobody could follow or stop begins again.
    pub(super) fn count_down_again(&mut self) {
        let after = self.settings.auto_rollback;
        let counting = self.state.windows.values().filter(|window| window.countdown.is_some());
        for (window, patch) in counting.filter_map(|window| Some((window, window.moving()?))) {
            let Some(after) = after else {
                self.record(Some(window.id()), Some(patch.change), Event::RollbackCancelled);
                continue;
            };
            let until = self.at + after;
            self.record(Some(window.id()), Some(patch.change), Event::RollbackCounted { until });
            let text = say::health::goes_back_soon(self.prefix(), patch.change, after);
            self.tell_all_concerned(window, patch, &text);
        }
    }

    /// Says something to the lead and to the owner.
    pub(in super::super) fn tell_all_concerned(&mut self, window: &Window, patch: &Patch, text: &str) {
        let mut who: Vec<_> = window.lead.iter().map(|lead| &lead.who).collect();
        who.extend(Some(patch.owner()).filter(|owner| !window.led_by(owner)));
        self.ping(window, &who, text);
    }

    /// `health [NAME]`
    pub(super) fn health(&mut self, check: Option<&str>) -> Result<(), Refusal> {
        let window = self.moving_window().ok_or_else(|| no::no_window(self.prefix()))?;
        let known: Vec<&str> = self.settings.checks.iter().map(|check| check.id.as_str()).collect();
        if let Some(word) = check.filter(|word| !known.contains(word)) {
            return Err(no::no_check(self.prefix(), word, &known));
        }
        if known.is_empty() {
            return Err(no::no_checks(self.prefix()));
        }
        let text = say::health::figures(self.settings, window, check, self.at);
        self.answer(&text);
        Ok(())
    }

    /// `soak 5m`
    pub(super) fn soak(&mut self, by: &str) -> Result<(), Refusal> {
        let window = self.window_on()?;
        let patch = window.moving().ok_or_else(|| no::nothing_moves(self.prefix(), None))?;
        self.may("soak", Some(window), Some(patch))?;
        let by = words::duration(by.trim_start_matches('+')).ok_or_else(|| no::not_a_time(by, "5m"))?;
        let (number, step) = patch.current().ok_or_else(|| no::nothing_moves(self.prefix(), None))?;
        let is_timed = match &step.act {
            Act::Watch { .. } => true,
            Act::Health { checks } => !checks.is_empty(),
            _ => false,
        };
        if !is_timed {
            return Err(no::nothing_soaks(self.prefix(), number, &say::run::step_name(step)));
        }
        let event = Event::Soaked { step: number, seconds: by.num_seconds() };
        self.record(Some(window.id()), Some(patch.change), event);
        let mut after = patch.clone();
        after.health.added += by.num_seconds();
        let text = say::health::soaks(self.settings, &after, number, self.at);
        self.answer(&text);
        Ok(())
    }

    /// `cancel`
    pub(super) fn cancel(&mut self) -> Result<(), Refusal> {
        let window = self.moving_window().ok_or_else(|| no::no_window(self.prefix()))?;
        let patch = window.moving().filter(|_| window.countdown.is_some());
        let patch = patch.ok_or_else(no::nothing_counts)?;
        self.may("cancel", Some(window), Some(patch))?;
        self.record(Some(window.id()), Some(patch.change), Event::RollbackCancelled);
        let text = say::health::cancelled(self.prefix(), &self.name, patch.change);
        self.tell_all_concerned(window, patch, &text);
        Ok(())
    }

    /// `override N health WHY`: by a deployer who neither leads nor owns it.
    pub(super) fn override_health(&mut self, target: Target, reason: &str) -> Result<(), Refusal> {
        let (window, patch) = self.find(target)?;
        let who = self.who.clone().ok_or_else(|| self.not_identified())?;
        if !self.is(Role::Deployer, None, None) {
            let deployers = self.people_with(super::super::settings::Standing::Deployer);
            return Err(no::not_deployer("override of health", &deployers));
        }
        let current = patch
            .current()
            .filter(|(_, step)| matches!(&step.act, Act::Health { checks } if !checks.is_empty()));
        let is_bad = matches!(patch.health.said, Some(Verdict::Unhealthy | Verdict::Unknown));
        let Some((number, _)) = current.filter(|_| is_bad && window.rollback.is_none()) else {
            return Err(no::not_blocking(self.prefix(), "health", patch.change));
        };
        if window.led_by(&who) || *patch.owner() == who {
            return Err(no::second_deployer(self.prefix(), patch, window.led_by(&who)));
        }
        self.may_go_on(window)?;
        self.not_crossed(patch, &format!("override {} health WHY", patch.change))?;
        let (step, patch_set) = (number, patch.patch_set);
        let event = Event::HealthOverridden { step, patch_set, reason: reason.to_owned() };
        self.record(Some(window.id()), Some(patch.change), event);
        let note = Some(format!("set aside: {reason}"));
        self.record(Some(window.id()), Some(patch.change), Event::StepDone { step, patch_set, note });
        let after = super::with_done(patch, number, &who, self.at);
        let lead_in = say::health::set_aside(patch, &self.name, reason);
        match after.current() {
            Some(_) => self.prompt(window, &after, &lead_in),
            None => self.answer(&lead_in),
        }
        self.tell_owner(window, patch, &lead_in);
        Ok(())
    }

    /// The hosts are healthy again after a rollback, by the rule of each check, or no check can ever tell: said once;
    /// true where it was.
    pub(in super::super) fn follow_incident(&mut self, window: &Window) -> bool {
        let Some(incident) = &window.incident else { return false };
        let Some(off) = incident.off else { return false };
        let mut words = Vec::new();
        let mut blind = Vec::new();
        let mut since = off;
        for (id, looks) in &incident.looks {
            let check = self.settings.checks.iter().find(|check| check.id == *id);
            let good = check.and_then(|check| looks.healthy_since(check.need, check.stale, self.at));
            if let (Some(check), Some(good)) = (check, good) {
                since = since.max(good);
                let seen = window.health.get(id).map(|sample| sample.words.as_str()).unwrap_or_default();
                words.push(format!("{id} {seen}{}", health::before(check, looks.before)));
            } else {
                match check {
                    None => blind.push(format!("{id} (the configuration has no such check any more)")),
                    Some(check) if check.has_baseline() && looks.before.is_none() => {
                        blind.push(format!("{id}{}", health::before(check, None)));
                    }
                    Some(_) => return false,
                }
            }
        }
        // What an older program kept names no checks: then nobody has looked, and nothing is known.
        let patch = window.patch(incident.change);
        if incident.looks.is_empty() {
            let checks = patch.map(health::checks_of).unwrap_or_default();
            blind.extend(checks.iter().map(|id| format!("{id} (not looked at)")));
        }
        // Until somebody has said what was resolved, a low figure may still tell.
        if !blind.is_empty() && !window.holds.is_empty() {
            return false;
        }
        let mut clock = incident.clone();
        clock.restored = Some(since).filter(|_| blind.is_empty());
        clock.looks.clear();
        let words = if blind.is_empty() { words.join("; ") } else { blind.join(", ") };
        let event = Event::Restored { words: words.clone(), clock: Some(clock.clone()) };
        self.record(Some(window.id()), Some(incident.change), event);
        let text = match clock.restored {
            Some(_) => say::health::restored(&clock, &words),
            None => say::health::never_told(self.prefix(), &clock, &words),
        };
        match patch {
            Some(patch) => self.tell_all_concerned(window, patch, &text),
            None => self.say_of_rollback(window, &text),
        }
        true
    }
}
