//! What checks of the hosts' health answer, and which of them are to be asked now.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::id::At;
use super::settings::Settings;
use super::state::State;

/// What a check has seen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measured {
    /// The figure, where the check gives one.
    pub value: Option<f64>,
    /// What the source itself says, where that decides.
    pub good: Option<bool>,
    /// What was seen, as people read it: `5xx 0.4 %`.
    pub words: String,
    /// The errors that were seen most, the most frequent first. They are strangers' words, neutralised when they are said.
    pub top: Vec<String>,
}

/// What follows from a sample, or from all of a soak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It is as it should be.
    Healthy,
    /// It is not.
    Unhealthy,
    /// Nobody knows, which is never healthy.
    Unknown,
}

/// A check that is to be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Which.
    pub check: String,
    /// Again after this long.
    pub every: TimeDelta,
    /// What was asked before this moment does not do.
    pub since: Option<At>,
}

/// The checks that are to be asked now, from the state alone: none is lost with a restart.
pub fn probes(_settings: &Settings, _state: &State, _at: At) -> Vec<Probe> {
    Vec::new()
}
