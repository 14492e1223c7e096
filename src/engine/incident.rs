//! How long something was bad: seen, decided, taken back, healthy again.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::id::{At, ChangeNumber};

/// So many good samples in a row are kept of one check: no check may ask for more.
const MOST: usize = 1_000;

/// Something that was bad, with the moments that a report is made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// The patch.
    pub change: ChangeNumber,
    /// The stages that had it.
    pub stages: Vec<String>,
    /// When the last of them got it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub out: Option<At>,
    /// What it begins with.
    #[serde(default, skip_serializing_if = "Begun::is_check")]
    pub begun: Begun,
    /// The first bad sample, the word `broken`, or the rollback where neither came before it.
    pub first: At,
    /// When people were told.
    pub told: At,
    /// When somebody said what becomes of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided: Option<At>,
    /// When it was off the hosts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub off: Option<At>,
    /// Since when they were healthy again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restored: Option<At>,
    /// The plan of the patch has checks or commands.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_measured: bool,
    /// The checks that see when the hosts are healthy again, while they are not.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub looks: BTreeMap<String, Looks>,
}

/// What the clock of an incident begins with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Begun {
    /// A check saw it.
    #[default]
    Check,
    /// Somebody said `broken`.
    Word,
    /// Somebody took it back, and nothing was said of it before.
    Rollback,
}

impl Begun {
    fn is_check(&self) -> bool {
        *self == Self::Check
    }
}

/// What one check sees of the way back to healthy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Looks {
    /// What it saw before the first step of the patch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<f64>,
    /// The good samples since the hosts are rid of it, without a bad one among them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub good: Vec<At>,
}

impl Looks {
    /// Takes in a sample that says something.
    pub fn take(&mut self, at: At, is_good: bool) {
        if !is_good {
            self.good.clear();
            return;
        }
        self.good.push(at);
        // While another check is not good, this one may be for hours.
        if self.good.len() > MOST {
            self.good.remove(0);
        }
    }

    /// Since when it is good: `need` samples in a row, none of them `stale` after the one before, and the last one not
    /// old; nothing where that is not so.
    pub fn healthy_since(&self, need: u32, stale: TimeDelta, at: At) -> Option<At> {
        self.good.last().filter(|last| at - **last < stale)?;
        let gap = self.good.windows(2).rposition(|two| two[1] - two[0] >= stale);
        let run = &self.good[gap.map_or(0, |gap| gap + 1)..];
        run.first().filter(|_| run.len() >= need as usize).copied()
    }
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
