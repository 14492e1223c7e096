//! The checklist in people's hands: check, uncheck, does not apply, and rules set aside.

use super::super::checklist::Item;
use super::super::command::{Role, Target};
use super::super::event::Event;
use super::super::guidelines::{self, Asked, PointState, RuleId, Verdict};
use super::super::kind::{self, PatchKind};
use super::super::patch::{Override, Patch, Stage};
use super::super::say::{self, Refusal, no};
use super::super::window::Window;
use super::super::words;
use super::{Turn, why_unknown};

impl<'a> Turn<'a> {
    pub(super) fn check(
        &mut self,
        target: Option<Target>,
        item: Item,
        note: Option<String>,
        not_needed: bool,
    ) -> Result<(), Refusal> {
        let (window, patch) = self.checked_patch("check", target)?;
        if item == Item::Deployer {
            return self.check_deployer(window, patch, note, not_needed);
        }
        let (_, points) = self.judge(window, patch, window.is_running());
        let point = points.iter().find(|point| point.item == item);
        let another =
            point.is_some_and(|point| matches!(point.state, PointState::Open { who: Asked::Another, .. }));
        if another && (self.is(Role::Deployer, None, None) || self.is(Role::Owner, None, Some(patch))) {
            if self.is(Role::Lead, Some(window), None) {
                return Err(no::second_reader(self.prefix(), patch, &item));
            }
        } else {
            self.may(if not_needed { "na" } else { "check" }, Some(window), Some(patch))?;
        }
        self.is_open_to_checks(patch)?;
        let name = say::handle(patch);
        let answer = match point.map(|point| &point.state) {
            None => return Err(no::no_item(self.prefix(), item.word(), patch)),
            Some(PointState::Checked(check)) => {
                let by = say::short_name(&check.by);
                Some(format!("already checked by {by} at {}", words::clock(check.at)))
            }
            Some(PointState::Filled { by }) => Some(format!("already filled: {}", say::own_words(by))),
            Some(PointState::NotNeeded(why)) => {
                Some(format!("already so, {item} is not needed ({})", say::own_words(why)))
            }
            Some(PointState::Open { who: Asked::Lead, .. }) if !self.is(Role::Lead, Some(window), None) => {
                return Err(no::lead_item(item.word(), window));
            }
            Some(PointState::Blocked { rule, why, fix }) => {
                let text = format!("nobody's word fills {item}: {}", say::queue::why_and_fix(why, fix));
                return Err(Refusal::new(rule.word(), text));
            }
            Some(PointState::Open { .. }) => None,
        };
        if let Some(answer) = answer {
            self.answer(&answer);
            return Ok(());
        }
        if note.is_none() {
            let words = self.command(&format!("check {name} {item} NOTE"));
            return Err(Refusal::new("usage", format!("{item} needs a note on what you saw. {words}")));
        }
        self.not_crossed(patch, &format!("check {name} {item} NOTE"))?;
        let mut after = patch.clone();
        let by = self.by.who.clone();
        let check = super::super::patch::Check { by, at: self.at, note: note.clone(), not_needed };
        after.checks.insert(item.clone(), check);
        let change = patch.change;
        let patch_set = patch.patch_set;
        let open = {
            let (_, points) = self.judge(window, &after, window.is_running());
            say::run::open_points(self.settings, &after, &points)
        };
        self.record(
            Some(window.id()),
            Some(change),
            Event::Checked { item: item.clone(), patch_set, note, not_needed },
        );
        let open = if open.is_empty() { String::new() } else { format!("; still open: {open}") };
        let noted = if not_needed { "does not apply, noted" } else { "noted" };
        self.answer_softly(&format!("{change} ps {patch_set}: {item} {noted}{open}"));
        Ok(())
    }

    /// The patch a check is about: the one in motion, or for the lead the one that was named next.
    fn checked_patch(&self, verb: &str, target: Option<Target>) -> Result<(&'a Window, &'a Patch), Refusal> {
        if target.is_none()
            && let Some(window) = self.open_window()
            && window.motion.is_none()
            && self.is(Role::Lead, Some(window), None)
            && let Some(patch) = super::start::next(self.settings, self.state, window)
        {
            return Ok((window, patch));
        }
        self.find_or_in_motion(verb, target)
    }

    fn is_open_to_checks(&self, patch: &Patch) -> Result<(), Refusal> {
        match patch.stage {
            Stage::Queued | Stage::Moving => Ok(()),
            Stage::Live { .. } => Err(no::is_live(self.prefix(), "check", patch.change)),
            Stage::RolledBack => Err(no::is_back(self.prefix(), patch.change)),
            Stage::Skipped { .. } => {
                let back = self.command(&format!("add {}", patch.change));
                Err(Refusal::new("skipped", format!("{} is skipped. {back} puts it back", patch.change)))
            }
        }
    }

    /// The lead's own review, which sets the next patch in motion.
    fn check_deployer(
        &mut self,
        window: &'a Window,
        patch: &'a Patch,
        note: Option<String>,
        not_needed: bool,
    ) -> Result<(), Refusal> {
        if !self.is(Role::Lead, Some(window), None) {
            return Err(match window.lead {
                Some(_) => no::lead_item("deployer", window),
                None => no::not_lead(self.prefix(), "check deployer", window),
            });
        }
        if not_needed {
            return Err(Refusal::new("not-lead", "your own review is never left out. Read it"));
        }
        self.is_open_to_checks(patch)?;
        let name = say::handle(patch);
        self.not_crossed(patch, &format!("check {name} deployer"))?;
        let change = patch.change;
        let checked = patch.checks.get(&Item::Deployer).is_some_and(|check| check.by == self.by.who);
        let event = Event::Checked { item: Item::Deployer, patch_set: patch.patch_set, note, not_needed };
        let id = window.id();
        if matches!(patch.stage, Stage::Moving) {
            self.may_go_on(window)?;
            if checked {
                let text = self.waits_for_text(window, patch);
                self.answer(&format!("already noted. {text}"));
                return Ok(());
            }
            self.record(Some(id), Some(change), event);
            let mut after = patch.clone();
            let check =
                super::super::patch::Check { by: self.by.who.clone(), at: self.at, note: None, not_needed };
            after.checks.insert(Item::Deployer, check);
            self.soft_prompt(window, &after);
            return Ok(());
        }
        match self.may_start(window, patch) {
            Ok(steps) => {
                if !checked {
                    self.record(Some(id), Some(change), event);
                }
                self.start_patch(window, patch, steps.clone());
                let mut after = patch.clone();
                after.stage = Stage::Moving;
                after.steps = steps;
                let check = super::super::patch::Check {
                    by: self.by.who.clone(),
                    at: self.at,
                    note: None,
                    not_needed,
                };
                after.checks.insert(Item::Deployer, check);
                self.soft_prompt(window, &after);
                Ok(())
            }
            Err(refusal) if ["order", "busy", "lock", "not-started"].contains(&refusal.code) => {
                if checked && refusal.code == "not-started" {
                    self.answer(&format!("already noted, not started: {}", refusal.text));
                    return Ok(());
                }
                if checked {
                    return Err(refusal);
                }
                self.record(Some(id), Some(change), event);
                let text = refusal.text;
                self.answer(&format!("{change} ps {}: deployer noted, not started: {text}", patch.patch_set));
                Ok(())
            }
            Err(refusal) => Err(refusal),
        }
    }

    /// Says what the review still waits for; where it is full, what comes next is said instead.
    fn soft_prompt(&mut self, window: &Window, patch: &Patch) {
        let text = self.waits_for_text(window, patch);
        self.answer_softly(&text);
    }

    pub(super) fn waits_for_text(&self, window: &Window, patch: &Patch) -> String {
        if patch.is_at(|act| *act == super::super::plan::Act::Review) {
            return self.still_open(window, patch);
        }
        let (_, points) = self.judge(window, patch, true);
        say::run::waits_for(self.settings, patch, &points)
    }

    pub(super) fn uncheck(&mut self, target: Option<Target>, item: &Item) -> Result<(), Refusal> {
        let (window, patch) = self.checked_patch("uncheck", target)?;
        self.may("uncheck", Some(window), Some(patch))?;
        if *item == Item::Deployer && !self.is(Role::Lead, Some(window), None) {
            return Err(no::lead_item("deployer", window));
        }
        self.is_open_to_checks(patch)?;
        let past_review = patch.current().is_some_and(|(number, _)| number > 1);
        if past_review {
            let back = self.command(&format!("rollback {}", patch.change));
            let hold = self.command("hold");
            let text = format!("{} is past its review. {hold}, or {back}", patch.change);
            return Err(Refusal::new("in-motion", text));
        }
        if !patch.checks.contains_key(item) {
            self.answer(&format!("already open, nobody checked {item} of {}", patch.change));
            return Ok(());
        }
        self.record(Some(window.id()), Some(patch.change), Event::Unchecked { item: item.clone() });
        self.answer(&format!("{item} of {} is open again", patch.change));
        Ok(())
    }

    pub(super) fn override_rule(
        &mut self,
        target: Target,
        rule: RuleId,
        reason: &str,
    ) -> Result<(), Refusal> {
        match (self.find(target), target) {
            (Ok((window, patch)), _) => self.override_queued(window, patch, rule, reason),
            (Err(_), Target::Change(change)) if self.state.last_facts(change).is_some() => {
                self.override_refused(change, rule, reason)
            }
            (Err(refusal), _) => Err(refusal),
        }
    }

    /// The review point that answers a rule which asks.
    fn point_of(&self, rule: RuleId, change: super::super::id::ChangeNumber) -> &'static str {
        let policy = &self.settings.policy;
        let facts = self.state.last_facts(change);
        let is_config = facts.is_some_and(|facts| {
            matches!(kind::kind(policy, &facts.change), PatchKind::Config | PatchKind::BetaOnly)
        });
        match &rule.row().point {
            None => rule.word(),
            // Configuration has its one review before the merge.
            Some(_) if is_config => Item::Precommit.word(),
            Some(item) => item.word(),
        }
    }

    fn may_set_aside(&self, window: Option<&Window>, rule: RuleId) -> Result<(), Refusal> {
        if rule.row().by_manager && !self.is(Role::Manager, None, None) {
            let managers = self.people_with(super::super::settings::Standing::Manager);
            return Err(no::not_manager(&format!("override of {rule}"), &managers));
        }
        // What two patches have to do with each other any deployer may say: it may take a second one (§4a.14).
        if rule == RuleId::Coupled && self.is(Role::Deployer, None, None) {
            return Ok(());
        }
        self.may("override", window, None)
    }

    fn override_queued(
        &mut self,
        window: &Window,
        patch: &Patch,
        rule: RuleId,
        reason: &str,
    ) -> Result<(), Refusal> {
        self.may_set_aside(Some(window), rule)?;
        let change = patch.change;
        // That two belong together may be set aside by a second deployer as well.
        let is_second = |aside: &Override| rule == RuleId::Coupled && Some(&aside.by) != self.who.as_ref();
        if let Some(aside) = patch.overrides.get(&rule).filter(|aside| !is_second(aside)) {
            let by = say::short_name(&aside.by);
            self.answer(&format!("already set aside by {by}: {}", say::own_words(&aside.reason)));
            return Ok(());
        }
        self.is_open_to_checks(patch)?;
        let verdict = |starting| {
            let (judgements, _) = self.judge(window, patch, starting);
            judgements.iter().find(|judgement| judgement.rule == rule).map(guidelines::Judgement::verdict)
        };
        let verdict = verdict(true).max(verdict(false));
        match verdict {
            // It does not block any more, since another deployer has set it aside.
            _ if patch.overrides.contains_key(&rule) => {}
            Some(Verdict::Block) => {}
            Some(Verdict::Ask) => {
                let item = self.point_of(rule, change);
                return Err(no::check_instead(self.prefix(), rule.word(), &say::handle(patch), item));
            }
            _ => return Err(no::not_blocking(self.prefix(), rule.word(), change)),
        }
        self.not_crossed(patch, &format!("override {change} {rule} WHY"))?;
        let event = Event::Overridden { rule, patch_set: patch.patch_set, reason: reason.to_owned() };
        self.record(Some(window.id()), Some(change), event);
        let text =
            format!("{rule} is set aside for {change} ps {}: {}", patch.patch_set, say::own_words(reason));
        self.answer(&text);
        self.tell_owner(window, patch, &format!("{text}, by {}", self.name));
        Ok(())
    }

    /// The words that offer a change again: what is code says why it cannot wait, and a rule about a window is set
    /// aside for that window.
    fn add_again(
        &self,
        change: super::super::id::ChangeNumber,
        rule: RuleId,
        blocked: Option<&Window>,
    ) -> String {
        let policy = &self.settings.policy;
        let facts = self.state.last_facts(change);
        let is_code = facts.is_some_and(|facts| kind::kind(policy, &facts.change) == PatchKind::Code);
        let urgent = if is_code && rule != RuleId::Kind { " urgent: TASK WHY" } else { "" };
        let window = blocked.filter(|_| rule.row().by_manager).map(|window| format!(" for {}", window.id()));
        self.command(&format!("add {change}{}{urgent}", window.unwrap_or_default()))
    }

    /// Whether a rule keeps a change out of a window.
    fn blocks_add(&self, window: &Window, change: super::super::id::ChangeNumber, rule: RuleId) -> bool {
        let wish =
            super::super::event::Wish { owner: self.by.who.clone(), urgent: None, test: None, note: None };
        let case = guidelines::Case {
            settings: self.settings,
            state: self.state,
            window,
            at: self.at,
            change,
            facts: why_unknown(self.state, change),
            wish: &wish,
            patch: None,
            starting: false,
            lead: None,
        };
        let judgements = guidelines::judge(&case);
        judgements.iter().any(|judgement| judgement.rule == rule && judgement.verdict() == Verdict::Block)
    }

    /// A change that a rule kept out of the queue: it is offered again with the rule set aside.
    fn override_refused(
        &mut self,
        change: super::super::id::ChangeNumber,
        rule: RuleId,
        reason: &str,
    ) -> Result<(), Refusal> {
        let planned = || self.state.windows.values().filter(|other| self.is_here(&other.occurrence.rooms));
        let blocked = planned().find(|window| self.blocks_add(window, change, rule));
        let window = blocked.or_else(|| self.open_window()).or_else(|| self.next_planned());
        self.may_set_aside(window, rule)?;
        if window.is_none() {
            return Err(no::no_window(self.prefix()));
        }
        let add = self.add_again(change, rule, blocked);
        let facts = why_unknown(self.state, change);
        let patch_set = facts.map_or(0, |facts| facts.change.patch_set);
        if self.state.set_aside(change, patch_set).is_some_and(|rules| rules.contains_key(&rule)) {
            self.answer(&format!("already set aside for {change}. {add}"));
            return Ok(());
        }
        facts.map_err(|why| no::facts_unknown(change, why))?;
        if blocked.is_none() {
            return Err(Refusal::new("not-blocking", format!("{rule} does not block {change}. {add}")));
        }
        self.record(None, Some(change), Event::Overridden { rule, patch_set, reason: reason.to_owned() });
        self.answer(&format!(
            "{rule} is set aside for {change} ps {patch_set}: {}. {add}",
            say::own_words(reason)
        ));
        Ok(())
    }
}
