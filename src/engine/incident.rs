//! How long something was bad: seen, decided, taken back, healthy again.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::id::{At, ChangeNumber};

/// Something that was bad, with the moments that a report is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// The patch.
    pub change: ChangeNumber,
    /// The stages that had it.
    pub stages: Vec<String>,
    /// When the last of them got it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub out: Option<At>,
    /// The first bad sample, or the word `broken`.
    pub first: At,
    /// When people were told.
    pub told: At,
    /// When somebody said what becomes of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided: Option<At>,
    /// When it was off the hosts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub off: Option<At>,
    /// When they were healthy again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restored: Option<At>,
    /// The plan of the patch has checks or commands.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_measured: bool,
}

impl Incident {
    /// From the first bad sample to healthy again, where they are.
    pub fn outage(&self) -> Option<TimeDelta> {
        self.restored.map(|restored| restored - self.first)
    }

    /// From the moment the hosts had it to the moment people were told.
    pub fn to_detect(&self) -> Option<TimeDelta> {
        self.out.map(|out| self.told - out)
    }

    /// From then to the decision.
    pub fn to_decide(&self) -> Option<TimeDelta> {
        self.decided.map(|decided| decided - self.told)
    }

    /// From the decision to healthy again.
    pub fn to_restore(&self) -> Option<TimeDelta> {
        Some(self.restored? - self.decided?)
    }
}
