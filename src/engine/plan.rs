//! The ordered steps of a patch, made from the plan in the configuration.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::id::{At, RoomId, RowId, Who};
use super::settings::{CommandSettings, StepSettings};

/// One step of one patch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// What is done in it.
    pub act: Act,
    /// Who confirmed it, and when.
    pub done: Option<Done>,
    /// It failed, and why.
    pub failed: Option<String>,
    /// It failed at least once: hosts may have it although it is not done.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub begun: bool,
    /// The one file of the patch, where a step for all its files is for that one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What does it; a person, where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<CommandSettings>,
    /// What takes it back; a person, where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub back: Option<CommandSettings>,
    /// Its command is on its way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub going: Option<Going>,
}

/// A command whose intent is stored and whose end is not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Going {
    /// The row of the intent.
    pub row: RowId,
    /// Since.
    pub at: At,
    /// When a line of what it prints was said last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<At>,
    /// The program was away meanwhile: what it did, nobody knows.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_unknown: bool,
    /// The program was away meanwhile, and it was still at work afterwards.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_left: bool,
    /// It was killed, and this is still there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub still: Option<String>,
}

impl Going {
    /// A command that is started now.
    pub fn new(row: RowId, at: At) -> Self {
        Self { row, at, told: None, is_unknown: false, is_left: false, still: None }
    }
}

impl Step {
    /// Whether hosts have it, or may have it: how far the current step is that a person does, nobody knows.
    pub fn is_on_hosts(&self, is_current: bool) -> bool {
        let may_be = self.done.is_some() || self.begun || (is_current && self.run.is_none());
        may_be && matches!(self.act, Act::Sync { .. })
    }

    /// The checks that it looks at.
    pub fn checks(&self) -> &[String] {
        match &self.act {
            Act::Health { checks } => checks,
            _ => &[],
        }
    }

    /// Whether its command is at work, as far as anybody knows.
    pub fn is_running(&self) -> bool {
        self.going.as_ref().is_some_and(|going| !going.is_unknown)
    }

    /// Whether its command was started and nobody knows what it did.
    pub fn is_unknown(&self) -> bool {
        self.going.as_ref().is_some_and(|going| going.is_unknown)
    }
}

/// What is done in a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "kebab-case")]
pub enum Act {
    /// The lead reads the patch.
    Review,
    /// The patch is merged.
    Merge,
    /// The patch, or one file of it, goes to a stage.
    Sync {
        /// The stage.
        stage: String,
        /// The file, where the step is for one.
        file: Option<String>,
    },
    /// The owner looks at it.
    Verify,
    /// The hosts are looked at.
    Health {
        /// By these checks; by a person, where there is none.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        checks: Vec<String>,
    },
    /// Time passes.
    Watch {
        /// This long.
        seconds: i64,
    },
}

/// A confirmation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// By whom.
    pub by: Who,
    /// When.
    pub at: At,
    /// For this patch set.
    pub patch_set: u32,
    /// What was said, or the evidence.
    pub note: Option<String>,
    /// In this room, where a person said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<RoomId>,
}

impl Act {
    /// Whether it puts something on hosts.
    pub fn is_sync(&self) -> bool {
        matches!(self, Self::Sync { .. })
    }

    /// Whether a person closes it with `done`; the others close themselves.
    pub fn is_manual(&self) -> bool {
        match self {
            Self::Sync { .. } => true,
            Self::Health { checks } => checks.is_empty(),
            Self::Review | Self::Merge | Self::Verify | Self::Watch { .. } => false,
        }
    }
}

/// Lays out the steps of a patch whose files go out in the order of `files` (empty: all at once); `only` is its one file,
/// where it has no more.
pub fn steps(plan: &[StepSettings], files: &[String], only: Option<&str>) -> Vec<Step> {
    let mut steps = Vec::new();
    let step = |act, run: &Option<CommandSettings>, back: &Option<CommandSettings>| Step {
        act,
        done: None,
        failed: None,
        begun: false,
        path: None,
        run: run.clone(),
        back: back.clone(),
        going: None,
    };
    for settings in plan {
        match settings {
            StepSettings::Review => steps.push(step(Act::Review, &None, &None)),
            StepSettings::Merge { run } => steps.push(step(Act::Merge, run, &None)),
            StepSettings::Sync { stage, by_file: true, run, back } if files.len() > 1 => {
                let act_of = |file: &String| Act::Sync { stage: stage.clone(), file: Some(file.clone()) };
                steps.extend(files.iter().map(|file| step(act_of(file), run, back)));
            }
            StepSettings::Sync { stage, run, back, .. } => {
                let all = step(Act::Sync { stage: stage.clone(), file: None }, run, back);
                steps.push(Step { path: only.map(str::to_owned), ..all });
            }
            StepSettings::Verify => steps.push(step(Act::Verify, &None, &None)),
            StepSettings::Health { checks } => {
                steps.push(step(Act::Health { checks: checks.clone() }, &None, &None));
            }
            StepSettings::Watch(time) => {
                steps.push(step(Act::Watch { seconds: time.num_seconds() }, &None, &None));
            }
        }
    }
    steps
}

/// How long a watch takes.
pub fn watch_time(seconds: i64) -> TimeDelta {
    TimeDelta::seconds(seconds)
}
