//! What all windows of the log amount to: per deployer, per step, per rule that was set aside, and how long what was bad.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use super::event::Event;
use super::guidelines::RuleId;
use super::id::{At, ChangeNumber};
use super::incident::Incident;
use super::kind::is_commit;
use super::log::Row;
use super::plan::{Act, Step};
use super::state::Retold;

/// The kinds of rows that it is made of.
pub const KINDS: &[&str] = &[
    "added",
    "broken",
    "health-judged",
    "health-overridden",
    "held",
    "ledger-entered",
    "live",
    "overridden",
    "patch-started",
    "restored",
    "resumed",
    "rollback-started",
    "rolled-back",
    "step-done",
    "step-failed",
    "step-intended",
    "step-retried",
    "steps-planned",
    "window-closed",
];

/// How often something took how long.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// How often.
    pub count: u32,
    /// All of it together.
    pub total: TimeDelta,
    /// How often it took longer than it should.
    pub over: u32,
}

impl Times {
    fn add(&mut self, took: TimeDelta, budget: TimeDelta) {
        self.count += 1;
        self.total += took;
        self.over += u32::from(took > budget);
    }

    /// On average.
    pub fn mean(&self) -> TimeDelta {
        i32::try_from(self.count).ok().and_then(|count| self.total.checked_div(count)).unwrap_or_default()
    }
}

/// What a deployer brought through, and what went back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deployed {
    /// What is live, each from its start.
    pub live: Times,
    /// What was rolled back.
    pub back: u32,
}

/// What the log amounts to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stats {
    /// Windows that are over.
    pub windows: u32,
    /// By the deployer who set a patch in motion.
    pub deployers: BTreeMap<String, Deployed>,
    /// By what is done in a step.
    pub steps: BTreeMap<String, Times>,
    /// What was bad, by window, the same as their summaries and reports say it.
    pub incidents: Vec<Incident>,
    /// Live by a window, and reverted in the review system afterwards.
    pub reverted: u32,
    /// Rolled back or reverted although this rule spoke against it and was set aside.
    pub rules: BTreeMap<RuleId, u32>,
    /// Rolled back or reverted with no rule set aside.
    pub within_rules: u32,
}

/// A patch on its way through one window.
struct Motion {
    by: String,
    started: At,
    since: At,
    steps: Vec<Step>,
}

/// What is remembered of each change on the way through the log.
#[derive(Default)]
struct Changes {
    moving: BTreeMap<(String, ChangeNumber), Motion>,
    /// The rules that were set aside.
    aside: BTreeMap<ChangeNumber, Vec<RuleId>>,
    /// The commits that it says it reverts.
    reverts: BTreeMap<ChangeNumber, Vec<String>>,
    /// The commit that it was merged as.
    revisions: BTreeMap<ChangeNumber, String>,
    live: BTreeSet<ChangeNumber>,
    /// Rolled back or reverted.
    gone: BTreeSet<ChangeNumber>,
}

impl Stats {
    /// Reads it out of rows of these kinds, oldest first. A patch, and a step, should take no longer than `budget`.
    pub fn of(rows: &[Row], budget: TimeDelta) -> Self {
        let mut stats = Self::default();
        let mut changes = Changes::default();
        let mut windows: BTreeMap<&str, Retold> = BTreeMap::new();
        for row in rows {
            // A row of a later version is passed over, as everywhere.
            let Ok(event) = serde_json::from_str::<Event>(&row.detail) else { continue };
            if let Ok(id) = row.window.parse() {
                windows.entry(&row.window).or_insert_with(|| Retold::new(id, row.at)).take(row, &event);
            }
            stats.take_in(row, event, &mut changes, budget);
        }
        stats.incidents = windows.values().flat_map(Retold::incidents).collect();
        stats
    }

    fn take_in(&mut self, row: &Row, event: Event, changes: &mut Changes, budget: TimeDelta) {
        match (event, row.change) {
            (Event::WindowClosed { .. }, _) => self.windows += 1,
            (Event::RolledBack { changes: back }, _) => {
                for change in back {
                    if let Some(motion) = changes.moving.get(&(row.window.clone(), change)) {
                        self.deployers.entry(motion.by.clone()).or_default().back += 1;
                    }
                    self.is_gone(change, changes);
                }
            }
            (event, Some(change)) => self.take_in_of(change, row, event, changes, budget),
            (_, None) => {}
        }
    }

    fn take_in_of(
        &mut self,
        change: ChangeNumber,
        row: &Row,
        event: Event,
        changes: &mut Changes,
        budget: TimeDelta,
    ) {
        let moving = changes.moving.get_mut(&(row.window.clone(), change));
        match event {
            Event::Added { reverts, .. } => {
                changes.reverts.insert(change, reverts);
            }
            Event::LedgerEntered(owed) => {
                changes.revisions.insert(change, owed.revision);
            }
            Event::Overridden { rule, .. } => changes.aside.entry(change).or_default().push(rule),
            Event::PatchStarted { steps } => {
                let motion = Motion { by: row.actor.clone(), started: row.at, since: row.at, steps };
                changes.moving.insert((row.window.clone(), change), motion);
            }
            Event::StepsPlanned { steps } => {
                if let Some(motion) = moving {
                    motion.steps = steps;
                }
            }
            Event::StepDone { step, .. } => {
                let Some(motion) = moving else { return };
                let done = (step as usize).checked_sub(1).and_then(|index| motion.steps.get(index));
                let took = row.at - motion.since;
                motion.since = row.at;
                let Some(act) = done.map(|done| done.act.clone()) else { return };
                self.steps.entry(name(&act)).or_default().add(took, budget);
                if act == Act::Merge {
                    self.is_reverted_by(change, changes);
                }
            }
            Event::Live => {
                // What is only merged reaches no host.
                let is_out = |motion: &&mut Motion| motion.steps.iter().any(|step| step.act.is_sync());
                let Some(motion) = moving.filter(is_out) else { return };
                let took = row.at - motion.started;
                self.deployers.entry(motion.by.clone()).or_default().live.add(took, budget);
                changes.live.insert(change);
            }
            _ => {}
        }
    }

    /// Counts what was live and is taken back by this change, now that it is merged.
    fn is_reverted_by(&mut self, change: ChangeNumber, changes: &mut Changes) {
        let commits = changes.reverts.get(&change).map(Vec::as_slice).unwrap_or_default();
        let is_named = |revision: &str| commits.iter().any(|commit| is_commit(revision, commit));
        let reverted: Vec<ChangeNumber> = changes
            .revisions
            .iter()
            .filter(|(other, revision)| changes.live.contains(other) && is_named(revision))
            .map(|(other, _)| *other)
            .collect();
        for other in reverted {
            self.reverted += u32::from(self.is_gone(other, changes));
        }
    }

    /// Counts a change that went back, once, under the rules that were set aside for it; true the first time.
    fn is_gone(&mut self, change: ChangeNumber, changes: &mut Changes) -> bool {
        if !changes.gone.insert(change) {
            return false;
        }
        match changes.aside.get(&change) {
            Some(rules) => rules.iter().for_each(|rule| *self.rules.entry(*rule).or_default() += 1),
            None => self.within_rules += 1,
        }
        true
    }

    /// The patches that are live, all deployers together.
    pub fn live(&self) -> Times {
        self.deployers.values().fold(Times::default(), |all, one| Times {
            count: all.count + one.live.count,
            total: all.total + one.live.total,
            over: all.over + one.live.over,
        })
    }

    /// The patches that went back.
    pub fn back(&self) -> u32 {
        self.deployers.values().map(|one| one.back).sum()
    }

    /// A time of all that was bad, on average over those that have it.
    pub fn mean_of(&self, time: impl Fn(&Incident) -> Option<TimeDelta>) -> Option<TimeDelta> {
        let known: Vec<TimeDelta> = self.incidents.iter().filter_map(time).collect();
        let count = i32::try_from(known.len()).ok().filter(|count| *count > 0)?;
        known.into_iter().fold(TimeDelta::zero(), |all, one| all + one).checked_div(count)
    }

    /// How long something was bad, all of it together.
    pub fn outage(&self) -> TimeDelta {
        self.incidents.iter().filter_map(Incident::outage).fold(TimeDelta::zero(), |all, one| all + one)
    }
}

fn name(act: &Act) -> String {
    match act {
        Act::Review => "review".to_owned(),
        Act::Merge => "merge".to_owned(),
        Act::Sync { stage, .. } => stage.clone(),
        Act::Verify => "verify".to_owned(),
        Act::Health { .. } => "health".to_owned(),
        Act::Watch { .. } => "watch".to_owned(),
    }
}
