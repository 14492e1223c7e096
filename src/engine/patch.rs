//! One queued change: what was asked for, what is checked, and how far it is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::checklist::Item;
use super::event::Wish;
use super::guidelines::RuleId;
use super::health::Health;
use super::id::{At, ChangeNumber, Who};
use super::plan::{Act, Step};

/// A change in the queue of an occurrence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Patch {
    /// Which change.
    pub change: ChangeNumber,
    /// Its ticket, said as `#3`.
    pub ticket: u32,
    /// What was asked for.
    pub wish: Wish,
    /// The patch set that is in front of people; 0 until the facts are here.
    pub patch_set: u32,
    /// When its content was first seen: a rebase brings nothing new.
    pub patch_set_at: At,
    /// When it was added.
    pub added: At,
    /// The filled points of its checklist.
    pub checks: BTreeMap<Item, Check>,
    /// The rules that were set aside.
    pub overrides: BTreeMap<RuleId, Override>,
    /// The order of its files.
    pub files: Option<FileOrder>,
    /// How far it is.
    pub stage: Stage,
    /// Its steps, from the moment it is in motion.
    pub steps: Vec<Step>,
    /// They were laid out for another patch set than the one in front of people.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_outdated: bool,
    /// When it was set in motion.
    pub started: Option<At>,
    /// When the current step became current.
    pub step_since: Option<At>,
    /// When the current step was last named to whom it waits for.
    pub nagged: Option<At>,
    /// It went to the end because its owner was silent.
    pub slid: bool,
    /// What is known of the health of the hosts on its way.
    #[serde(default, skip_serializing_if = "Health::is_empty")]
    pub health: Health,
}

/// How far a patch is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "kebab-case")]
pub enum Stage {
    /// It waits.
    Queued,
    /// It is in motion.
    Moving,
    /// All its steps are done.
    Live {
        /// Since.
        at: At,
    },
    /// Not in this occurrence.
    Skipped {
        /// Why.
        reason: String,
        /// A deployer's veto.
        veto: bool,
        /// By whom.
        by: Who,
    },
    /// It was on hosts and went back.
    RolledBack,
}

/// A filled point of the checklist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// By whom.
    pub by: Who,
    /// When.
    pub at: At,
    /// What was said.
    pub note: Option<String>,
    /// It does not apply.
    pub not_needed: bool,
}

/// A rule set aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Override {
    /// By whom.
    pub by: Who,
    /// Why.
    pub reason: String,
}

/// The order in which files are synced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileOrder {
    /// First goes first; empty for one sync of all at once.
    pub files: Vec<String>,
    /// By whom.
    pub by: Who,
}

impl Patch {
    /// A patch that has just been added.
    pub fn new(change: ChangeNumber, ticket: u32, wish: Wish, patch_set: u32, at: At) -> Self {
        Self {
            change,
            ticket,
            wish,
            patch_set,
            patch_set_at: at,
            added: at,
            checks: BTreeMap::new(),
            overrides: BTreeMap::new(),
            files: None,
            stage: Stage::Queued,
            steps: Vec::new(),
            is_outdated: false,
            started: None,
            step_since: None,
            nagged: None,
            slid: false,
            health: Health::default(),
        }
    }

    /// Who is on point.
    pub fn owner(&self) -> &Who {
        &self.wish.owner
    }

    /// The number and the step that is current, while it is in motion.
    pub fn current(&self) -> Option<(u32, &Step)> {
        if !matches!(self.stage, Stage::Moving) {
            return None;
        }
        (1..).zip(&self.steps).find(|(_, step)| step.done.is_none())
    }

    /// Whether it is in motion and its current step is this kind of act.
    pub fn is_at(&self, wanted: impl Fn(&Act) -> bool) -> bool {
        self.current().is_some_and(|(_, step)| wanted(&step.act))
    }

    /// Whether it has been put on any host, or may have been: how far a sync that was asked for is, nobody knows.
    pub fn touched_hosts(&self) -> bool {
        let current = self.current().map(|(number, _)| number);
        (1..).zip(&self.steps).any(|(number, step)| step.is_on_hosts(current == Some(number)))
    }

    /// The steps that are done in reverse to take it off the hosts. Where production has all of it, taking it off
    /// production takes it off the stages before as well: they are part of the same fleet.
    pub fn goes_back_by(&self) -> Vec<&Step> {
        let stage = |step: &Step| match &step.act {
            Act::Sync { stage, .. } => Some(stage.clone()),
            _ => None,
        };
        let last = self.steps.iter().rev().find_map(stage);
        let of_last = |step: &Step| stage(step) == last;
        let all_of_last = self.steps.iter().filter(|step| of_last(step)).all(|step| step.done.is_some());
        let current = self.current().map(|(number, _)| number);
        let steps = (1..).zip(&self.steps);
        let on_hosts = steps.filter(|(number, step)| step.is_on_hosts(current == Some(*number)));
        on_hosts.map(|(_, step)| step).filter(|step| !all_of_last || of_last(step)).collect()
    }

    /// Whether its plan has commands, or checks of the hosts' health.
    pub fn is_automatic(&self) -> bool {
        let has = |step: &Step| {
            step.run.is_some()
                || step.back.is_some()
                || matches!(&step.act, Act::Health { checks } if !checks.is_empty())
        };
        self.steps.iter().any(has)
    }

    /// Whether it was put on hosts and is neither live nor taken back.
    pub fn is_dirty(&self) -> bool {
        matches!(self.stage, Stage::Moving) && self.touched_hosts()
    }
}
