//! Which patch is next, whether it may start, and what it is told when it does.

use super::super::event::{Debt, Event};
use super::super::facts::{Change, Facts};
use super::super::guidelines::{self, RuleId, Verdict};
use super::super::health::CLEAN_FOR;
use super::super::id::{At, ChangeNumber, Who};
use super::super::kind::{self, PatchKind};
use super::super::order;
use super::super::patch::{Patch, Stage};
use super::super::plan::{self, Step};
use super::super::say::{self, Refusal, no};
use super::super::settings::{Settings, StepSettings};
use super::super::state::State;
use super::super::window::Window;
use super::people::here_from;
use super::{Turn, why_unknown};

/// The plan for a change: its kind decides.
pub(in super::super) fn plan_for<'a>(settings: &'a Settings, change: &Change) -> &'a [StepSettings] {
    match kind::kind(&settings.policy, change) {
        PatchKind::Config | PatchKind::BetaOnly => &settings.plans.config,
        PatchKind::Code | PatchKind::Other => &settings.plans.code,
    }
}

/// The steps a patch would take. What is only for the Beta Cluster is merged and reaches no host of ours.
pub(in super::super) fn steps_of(
    settings: &Settings,
    state: &State,
    facts: &Facts,
    patch: &Patch,
) -> Vec<Step> {
    let change = &facts.change;
    let files = patch.files.as_ref().map(|order| order.files.as_slice()).unwrap_or_default();
    let synced = kind::synced_files(&settings.policy, change);
    let only = match synced.known().map(Vec::as_slice) {
        Some([only]) => Some(*only),
        _ => None,
    };
    let mut steps = plan::steps(plan_for(settings, change), files, only);
    // The hosts do not have what such a revert takes back: with its merge, code and hosts agree.
    let agrees = kind::settles(facts, state)
        .is_some_and(|owed| state.ledger.get(&owed).is_some_and(|entry| entry.debt == Debt::RolledBack));
    if agrees || kind::kind(&settings.policy, change) == PatchKind::BetaOnly {
        steps.retain(|step| matches!(step.act, plan::Act::Review | plan::Act::Merge));
    }
    steps
}

/// Whether the owner need not be here, or is.
pub(in super::super) fn is_covered(settings: &Settings, window: &Window, patch: &Patch) -> bool {
    window.is_here(patch.owner(), here_from(&settings.timers, window))
        || patch.wish.test.is_some()
        || patch.overrides.contains_key(&RuleId::OwnerPresent)
        || settings
            .guidelines
            .get(&RuleId::OwnerPresent)
            .is_some_and(|level| *level < guidelines::Level::Block)
}

/// The patch whose turn it is: the first in running order whose way is free and whose owner is there; where all are
/// silent, the first whose way is free.
pub(in super::super) fn next<'a>(
    settings: &Settings,
    state: &State,
    window: &'a Window,
) -> Option<&'a Patch> {
    let order = order::predecessors(state, window);
    let is_out = |change: &ChangeNumber| {
        window.patch(*change).is_none_or(|patch| matches!(patch.stage, Stage::Live { .. }))
    };
    let asked = open_couplings(settings, state, window);
    let mut free = order::running_order(state, window)
        .into_iter()
        .filter_map(|change| window.patch(change))
        .filter(|patch| {
            matches!(patch.stage, Stage::Queued)
                && order.before(patch.change).all(|edge| is_out(&edge.before))
                && (patch.overrides.contains_key(&RuleId::Coupled)
                    || !asked.iter().any(|coupling| coupling.is_about(patch.change)))
        });
    let first = free.next()?;
    if is_covered(settings, window, first) {
        return Some(first);
    }
    Some(free.find(|patch| is_covered(settings, window, patch)).unwrap_or(first))
}

/// The couplings that nobody has answered, where the rule keeps such patches from starting.
pub(in super::super) fn open_couplings<'a>(
    settings: &Settings,
    state: &'a State,
    window: &'a Window,
) -> Vec<order::Coupling<'a>> {
    if guidelines::level(settings, RuleId::Coupled) < guidelines::Level::Block {
        return Vec::new();
    }
    order::open_couplings(state, window)
}

/// Those of one patch.
fn open_couplings_of<'a>(
    settings: &Settings,
    state: &'a State,
    window: &'a Window,
    change: ChangeNumber,
) -> Vec<order::Coupling<'a>> {
    if guidelines::level(settings, RuleId::Coupled) < guidelines::Level::Block {
        return Vec::new();
    }
    order::open_couplings_of(state, window, change)
}

/// Whether the owner of a patch can do something about the rule that stops it.
fn is_owners_to_clear(code: &str) -> bool {
    !matches!(
        RuleId::from_word(code),
        None | Some(
            RuleId::Freeze
                | RuleId::LastStart
                | RuleId::NoDeployDay
                | RuleId::DeployerPresent
                | RuleId::WindowLimit
        )
    )
}

impl Turn<'_> {
    /// Refuses forward motion while something stops it.
    pub(in super::super) fn may_go_on(&self, window: &Window) -> Result<(), Refusal> {
        if let Some(rollback) = &window.rollback
            && let Some((number, step)) = rollback.current()
        {
            return Err(no::rolling_back(self.prefix(), number, step));
        }
        if !window.holds.is_empty() {
            return Err(no::held(self.prefix(), &window.holds));
        }
        self.may_pass_lock(window)?;
        let passes = |patch: &&Patch| patch.overrides.contains_key(&RuleId::Freeze);
        // Two people agreed to an emergency: that is what a freeze is not for.
        let moving = window.moving().filter(|patch| !passes(patch) && window.emergency.is_none());
        if let Some(patch) = moving
            && let Some(freeze) =
                self.state.freezes.iter().find(|freeze| freeze.from <= self.at && self.at < freeze.to)
        {
            let back = patch.touched_hosts().then_some(patch.change);
            return Err(no::frozen(self.prefix(), freeze, back));
        }
        Ok(())
    }

    /// All that must hold before a patch is set in motion, the most pressing first.
    pub(in super::super) fn may_start(&self, window: &Window, patch: &Patch) -> Result<Vec<Step>, Refusal> {
        let change = patch.change;
        self.may_go_on(window)?;
        if !window.is_running() {
            return Err(no::not_started(self.prefix(), window, self.at));
        }
        if let Some(moving) = window.moving() {
            return Err(no::busy(self.prefix(), moving));
        }
        // There is one production: what another window has in motion is in the way as much as this one's own.
        if let Some(locked) = self.locked_by(window) {
            return Err(locked);
        }
        let facts = why_unknown(self.state, change).map_err(|why| no::facts_unknown(change, why))?;
        self.may_pass_order(window, patch)?;
        self.may_pass_ledger(window, patch, &facts.change.project)?;
        self.may_clash(window, patch)?;
        let (judgements, _) = self.judge(window, patch, true);
        if let Some(block) = judgements.iter().find(|judgement| judgement.verdict() == Verdict::Block) {
            return Err(say::queue::rule_refusal(block));
        }
        Ok(steps_of(self.settings, self.state, facts, patch))
    }

    /// What goes before a patch must be out: a declared order holds too where the other was skipped or has left.
    pub(in super::super) fn may_pass_order(&self, window: &Window, patch: &Patch) -> Result<(), Refusal> {
        let change = patch.change;
        let order = order::predecessors(self.state, window);
        let waiting = order.before(change).find_map(|edge| {
            let patch = window.patch(edge.before)?;
            (!matches!(patch.stage, Stage::Live { .. })).then_some((patch, &edge.why))
        });
        if let Some((first, why)) = waiting {
            return Err(no::out_of_order(self.prefix(), change, first, &say::queue::why(why)));
        }
        let is_out = |change: ChangeNumber| {
            window.patch(change).is_some_and(|patch| matches!(patch.stage, Stage::Live { .. }))
        };
        let left_behind = window.declared.iter().find(|order| order.after == change && !is_out(order.before));
        match left_behind {
            Some(order) => {
                let why = say::queue::why(&order::Why::Declared { by: order.by.clone(), at: order.at });
                Err(match window.patch(order.before) {
                    Some(first) => no::out_of_order(self.prefix(), change, first, &why),
                    None => no::declared_first(self.prefix(), change, order.before, &why),
                })
            }
            None => Ok(()),
        }
    }

    /// What is merged and not deployed is dealt with by name first (§4a.8): of the same repository it would ride along with
    /// the next sync; of another one it is enough that somebody said how the two stand to each other.
    fn may_pass_ledger(&self, window: &Window, patch: &Patch, project: &str) -> Result<(), Refusal> {
        let change = patch.change;
        let reverts = self.state.facts(change).and_then(|facts| kind::reverts(facts, self.state));
        let order = order::predecessors(self.state, window);
        // What this very turn settles is out of the way, although the state does not show it yet.
        let settled = |change: &ChangeNumber| {
            self.out
                .records
                .iter()
                .any(|record| record.change == Some(*change) && matches!(record.event, Event::Settled { .. }))
        };
        for (entry, debt) in self.state.ledger.iter().filter(|(change, _)| !settled(change)) {
            let waits_for_this = order.why(change, *entry).is_some();
            let queued = window.patch(*entry).filter(|patch| matches!(patch.stage, Stage::Queued));
            // Of several that were merged before their turn the first in the queue goes first, or each would wait for the other.
            let merged_too = queued.is_some() && self.state.ledger.contains_key(&change);
            let goes_first = merged_too && is_before(self.state, window, change, *entry);
            let rides_along = debt.project == project;
            let is_answered = !rides_along && window.is_answered(change, *entry);
            let is_open = *entry != change && reverts != Some(*entry) && !waits_for_this && !goes_first;
            if is_open && !is_answered {
                let is_there = |other: &&Window| {
                    other.id() != window.id() && other.waiting().any(|patch| patch.change == *entry)
                };
                let elsewhere = self.state.windows.values().find(is_there);
                // Merged before their turns in two windows, each would wait for the other: the earlier window goes first.
                let is_earlier =
                    elsewhere.is_some_and(|other| window.occurrence.starts < other.occurrence.starts);
                if is_earlier && self.state.ledger.contains_key(&change) {
                    continue;
                }
                let place = match (queued, elsewhere) {
                    (Some(patch), _) => no::Waits::Here(patch),
                    (None, Some(other)) => no::Waits::There(other),
                    (None, None) => no::Waits::Nowhere,
                };
                let blocks = (*entry, debt.debt);
                return Err(no::in_ledger(self.prefix(), window, change, blocks, place, rides_along));
            }
        }
        Ok(())
    }

    /// A name that must be unique comes to be there twice only by the word of a second deployer (§4a.14): that the lead set
    /// the question aside is the word of one.
    fn may_clash(&self, window: &Window, patch: &Patch) -> Result<(), Refusal> {
        let Some(aside) = patch.overrides.get(&RuleId::Coupled) else { return Ok(()) };
        if window.lead.as_ref().is_none_or(|lead| lead.who != aside.by) {
            return Ok(());
        }
        let open = open_couplings_of(self.settings, self.state, window, patch.change);
        let clash = open.iter().find_map(|coupling| {
            let between = coupling.between.filter(|between| between.clashes(coupling.a == patch.change))?;
            Some((coupling.other(patch.change), between))
        });
        clash.map_or(Ok(()), |(other, between)| {
            let kind = say::coupled::kind(between.kind);
            Err(no::unique_name(self.prefix(), patch.change, other, between.name, kind))
        })
    }

    /// What keeps the review of a patch in motion open.
    pub(in super::super) fn still_open(&self, window: &Window, patch: &Patch) -> String {
        if let Err(why) = why_unknown(self.state, patch.change) {
            return say::run::review_waits_for_facts(patch, why);
        }
        let (_, points) = self.judge(window, patch, true);
        let first = self.may_pass_order(window, patch).err();
        let first = first.map(|refusal| say::run::cannot_overtake(self.prefix(), patch, &refusal));
        say::run::still_open(self.settings, patch, &points, first)
    }

    /// Sets a patch in motion.
    pub(super) fn start_patch(&mut self, window: &Window, patch: &Patch, steps: Vec<Step>) {
        let checks: Vec<String> = steps.iter().flat_map(Step::checks).cloned().collect();
        self.record(Some(window.id()), Some(patch.change), Event::PatchStarted { steps });
        let at = self.at;
        let fresh = window.clean.iter().filter(|(_, (_, taken))| at - *taken <= CLEAN_FOR);
        for (check, (value, _)) in fresh.filter(|(check, _)| checks.contains(check)) {
            let event = Event::BaselineTaken { check: check.clone(), value: *value };
            self.record(Some(window.id()), Some(patch.change), event);
        }
    }

    /// Names the next patch, with what the lead has to know before reading it.
    pub(in super::super) fn name_next(&mut self, window: &Window, lead_in: &str) {
        let Some(lead) = window.lead.as_ref().map(|lead| lead.who.clone()) else { return };
        // Whose turn it is concerns all.
        self.about = None;
        let last_start = window.occurrence.ends - self.settings.policy.last_start;
        let Some(patch) = next(self.settings, self.state, window) else {
            let waiting = window.waiting().count();
            let finish = self.command("finish");
            let text = if waiting == 0 {
                format!("nothing is left in the queue. {finish}")
            } else {
                let first = window.waiting().next();
                let refusal = first.and_then(|patch| Some((patch, self.may_start(window, patch).err()?)));
                match refusal {
                    Some((patch, refusal)) => say::run::next_waits(self.state, patch, &refusal),
                    None => format!("{} cannot go: {}", say::patches(waiting), self.command("queue")),
                }
            };
            self.tell_lead(window, &lead, lead_in, &text);
            return;
        };
        if self.at >= last_start + chrono::TimeDelta::minutes(1) {
            let text = say::run::too_late(self.settings, window, self.at);
            self.tell_lead(window, &lead, lead_in, &text);
            return;
        }
        let then: Vec<&Patch> = order::running_order(self.state, window)
            .into_iter()
            .filter_map(|change| window.patch(change))
            .filter(|other| matches!(other.stage, Stage::Queued) && other.change != patch.change)
            .collect();
        let (_, points) = self.judge(window, patch, true);
        let mut text = say::run::next_is(self.settings, self.state, patch, &points, &then);
        if !is_covered(self.settings, window, patch) {
            let owner = patch.owner().clone();
            let asked = window.presence.get(&owner).and_then(|presence| presence.asked.last().copied());
            let asked_now = self
                .out
                .records
                .iter()
                .any(|record| matches!(&record.event, Event::Pinged { who } if who.contains(&owner)));
            // Whoever was asked a moment ago is not asked again.
            let recent = asked.filter(|asked| self.at - *asked < chrono::TimeDelta::minutes(1));
            if recent.is_none() && !asked_now {
                self.record(
                    Some(window.id()),
                    Some(patch.change),
                    Event::Pinged { who: vec![owner.clone()] },
                );
                let text = say::run::your_turn(self.settings, patch);
                self.ping(window, &[&owner], &text);
            }
            self.about = None;
            let until = recent.unwrap_or(self.at) + self.settings.timers.turn;
            text = say::run::asked_again(patch, until);
        } else if let Err(refusal) = self.may_start(window, patch) {
            text = say::run::next_waits(self.state, patch, &refusal);
            if is_owners_to_clear(refusal.code) && patch.owner() != &lead {
                self.ping(window, &[&lead, patch.owner()], &say::run::after_lead_in(lead_in, &text));
                return;
            }
        }
        self.tell_lead(window, &lead, lead_in, &text);
    }

    /// Says something to the lead: an answer where the lead spoke, else a ping.
    pub(in super::super) fn tell_lead(&mut self, window: &Window, lead: &Who, lead_in: &str, text: &str) {
        let text = say::run::after_lead_in(lead_in, text);
        if self.who.as_ref() == Some(lead) {
            self.answer(&text);
        } else {
            self.ping(window, &[lead], &text);
        }
    }

    /// Whether the lead tests in the owner's place: the owner is gone, or left a test plan and is not here.
    pub(super) fn lead_tests(&self, window: &Window, patch: &Patch) -> bool {
        window.gone(patch.owner()).is_some()
            || patch.wish.test.is_some()
                && !window.is_here(patch.owner(), here_from(&self.settings.timers, window))
    }

    /// Says what the current step of a patch waits for, to whom it waits for.
    pub(in super::super) fn prompt(&mut self, window: &Window, patch: &Patch, lead_in: &str) {
        let Some((number, step)) = patch.current() else { return };
        let Some(lead) = window.lead.as_ref().map(|lead| lead.who.clone()) else { return };
        let before = self.out.replies.len();
        if step.failed.is_some() {
            let (_, points) = self.judge(window, patch, true);
            let text = say::run::waits_for(self.settings, patch, &points);
            self.tell_lead(window, &lead, lead_in, &text);
            return;
        }
        match &step.act {
            plan::Act::Verify if self.lead_tests(window, patch) => {
                let text = say::run::verify_for(self.settings, patch);
                self.tell_lead(window, &lead, lead_in, &text);
                self.may_nod(window, patch, &lead, before);
            }
            plan::Act::Verify => {
                let text = say::run::verify(self.settings, patch);
                // What comes before it may have said where it is.
                let is_on = format!("{} is on {}", patch.change, super::dirty_stage(patch));
                let bare = text.strip_prefix(&is_on).filter(|_| lead_in.starts_with(&is_on));
                let text = bare.map_or(text.as_str(), |rest| rest.trim_start_matches(": "));
                self.ping(window, &[patch.owner()], &say::run::after_lead_in(lead_in, text));
                self.may_nod(window, patch, patch.owner(), before);
            }
            plan::Act::Review => {
                let text = self.still_open(window, patch);
                self.tell_lead(window, &lead, lead_in, &text);
            }
            _ => {
                let text = say::run::step(self.settings, patch, number, step);
                // What comes before it may have named the patch.
                let named = format!("{} ", patch.change);
                let bare = text
                    .strip_prefix(&named)
                    .filter(|rest| rest.starts_with("step ") && lead_in.contains(named.trim_end()));
                self.tell_lead(window, &lead, lead_in, bare.unwrap_or(&text));
                self.may_nod(window, patch, &lead, before);
            }
        }
    }
}

/// The patch as it is after this step is done.
pub(in super::super) fn with_done(patch: &Patch, step: u32, who: &Who, at: At) -> Patch {
    let mut patch = patch.clone();
    let patch_set = patch.patch_set;
    if let Some(step) = patch.steps.get_mut(step as usize - 1) {
        step.done = Some(plan::Done { by: who.clone(), at, patch_set, note: None, room: None });
        step.failed = None;
    }
    patch
}

/// Whether one change goes before another in the order in which the queue runs.
fn is_before(state: &State, window: &Window, first: ChangeNumber, then: ChangeNumber) -> bool {
    let order = order::running_order(state, window);
    let place = |change| order.iter().position(|other| *other == change);
    place(first) < place(then)
}
