//! The ordered steps of a patch, made from the plan in the configuration.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::id::{At, RoomId, Who};
use super::settings::StepSettings;

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
    /// A person looks at the error rates.
    Health,
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
    /// Whether a person closes it with `done`; the others close themselves.
    pub fn is_manual(&self) -> bool {
        matches!(self, Self::Sync { .. } | Self::Health)
    }
}

/// Lays out the steps of a patch whose files go out in the order of `files` (empty: all at once).
pub fn steps(plan: &[StepSettings], files: &[String]) -> Vec<Step> {
    let mut acts = Vec::new();
    for step in plan {
        match step {
            StepSettings::Review => acts.push(Act::Review),
            StepSettings::Merge => acts.push(Act::Merge),
            StepSettings::Sync { stage, by_file: true } if files.len() > 1 => {
                let file_of = |file: &String| Act::Sync { stage: stage.clone(), file: Some(file.clone()) };
                acts.extend(files.iter().map(file_of));
            }
            StepSettings::Sync { stage, .. } => acts.push(Act::Sync { stage: stage.clone(), file: None }),
            StepSettings::Verify => acts.push(Act::Verify),
            StepSettings::Health => acts.push(Act::Health),
            StepSettings::Watch(time) => acts.push(Act::Watch { seconds: time.num_seconds() }),
        }
    }
    acts.into_iter().map(|act| Step { act, done: None, failed: None, begun: false }).collect()
}

/// How long a watch takes.
pub fn watch_time(seconds: i64) -> TimeDelta {
    TimeDelta::seconds(seconds)
}
