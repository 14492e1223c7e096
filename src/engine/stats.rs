//! What all windows of the log amount to: per deployer, per step, per rule that was set aside, and how long what was bad.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::event::Event;
use super::guidelines::RuleId;
use super::id::{At, ChangeNumber};
use super::incident::Incident;
use super::log::Row;
use super::plan::{Act, Step};

/// The kinds of rows that it is made of.
pub const KINDS: &[&str] =
    &["patch-started", "step-done", "live", "rolled-back", "overridden", "restored", "window-closed"];

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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Windows that are over.
    pub windows: u32,
    /// By the deployer who set a patch in motion.
    pub deployers: BTreeMap<String, Deployed>,
    /// By what is done in a step.
    pub steps: BTreeMap<String, Times>,
    /// What was bad and is over.
    pub incidents: Vec<Incident>,
    /// Rolled back although this rule spoke against it and was set aside.
    pub rules: BTreeMap<RuleId, u32>,
    /// Rolled back with no rule set aside.
    pub within_rules: u32,
}

/// A patch on its way through one window.
struct Motion {
    by: String,
    started: At,
    since: At,
    steps: Vec<Step>,
}

impl Stats {
    /// Reads it out of rows of these kinds, oldest first. A patch should take no longer than `budget`.
    pub fn of(rows: &[Row], budget: TimeDelta) -> Self {
        let mut stats = Self::default();
        let mut moving: BTreeMap<(String, ChangeNumber), Motion> = BTreeMap::new();
        let mut aside: BTreeMap<ChangeNumber, Vec<RuleId>> = BTreeMap::new();
        for row in rows {
            // A row of a later version is passed over, as everywhere.
            let Ok(event) = serde_json::from_str::<Event>(&row.detail) else { continue };
            let key = row.change.map(|change| (row.window.clone(), change));
            match (event, key) {
                (Event::WindowClosed { .. }, _) => stats.windows += 1,
                (Event::PatchStarted { steps }, Some(key)) => {
                    let (by, started) = (row.actor.clone(), row.at);
                    moving.insert(key, Motion { by, started, since: started, steps });
                }
                (Event::StepDone { step, .. }, Some(key)) => {
                    let Some(motion) = moving.get_mut(&key) else { continue };
                    let done = (step as usize).checked_sub(1).and_then(|index| motion.steps.get(index));
                    if let Some(done) = done {
                        let took = row.at - motion.since;
                        stats.steps.entry(name(&done.act)).or_default().add(took, budget);
                    }
                    motion.since = row.at;
                }
                (Event::Live, Some(key)) => {
                    let Some(motion) = moving.get(&key) else { continue };
                    let took = row.at - motion.started;
                    stats.deployers.entry(motion.by.clone()).or_default().live.add(took, budget);
                }
                (Event::Overridden { rule, .. }, Some((_, change))) => {
                    aside.entry(change).or_default().push(rule);
                }
                (Event::RolledBack { changes }, _) => {
                    for change in changes {
                        if let Some(motion) = moving.get(&(row.window.clone(), change)) {
                            stats.deployers.entry(motion.by.clone()).or_default().back += 1;
                        }
                        match aside.get(&change) {
                            Some(rules) => {
                                rules.iter().for_each(|rule| *stats.rules.entry(*rule).or_default() += 1);
                            }
                            None => stats.within_rules += 1,
                        }
                    }
                }
                (Event::Restored { clock: Some(clock), .. }, _) => stats.incidents.push(clock),
                _ => {}
            }
        }
        stats
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
