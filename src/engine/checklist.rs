//! The checklist of a patch: the four review points, and one point for each rule that asks a person.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::guidelines::RuleId;

/// A point of the checklist.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Item {
    /// Reviewed, and CI green, before the merge.
    Precommit,
    /// Ran on the Beta Cluster after the merge.
    Beta,
    /// The backport reviewed and tested again.
    Backport,
    /// The lead's own review.
    Deployer,
    /// A rule that asks.
    Rule(RuleId),
}

impl Item {
    /// The word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Precommit => "precommit",
            Self::Beta => "beta",
            Self::Backport => "backport",
            Self::Deployer => "deployer",
            Self::Rule(rule) => rule.word(),
        }
    }

    /// The point that is written so.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "precommit" => Some(Self::Precommit),
            "beta" => Some(Self::Beta),
            "backport" => Some(Self::Backport),
            "deployer" => Some(Self::Deployer),
            _ => RuleId::from_word(word).map(Self::Rule),
        }
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Serialize for Item {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        Self::from_word(&word).ok_or_else(|| serde::de::Error::custom("not a point of the checklist"))
    }
}
