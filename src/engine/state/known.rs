//! What the review system said of a change.

use serde::{Deserialize, Serialize};

use super::super::facts::{Change, Fact, Facts, Fault};
use super::super::id::At;
use super::super::order::Diff;

/// What is known of a change, and whether the last question was answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Known {
    /// The last answer.
    pub facts: Option<Facts>,
    /// When it, or the fault, came.
    pub at: At,
    /// What went wrong the last time, where it did.
    pub fault: Option<Fault>,
    /// How rare each name of its diff was when it was first read, in the order of the names, from 0 to 100.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rarity: Vec<u8>,
}

/// A change with its diff, as far as they are known, and how rare the names of the diff are.
type WithDiff<'a> = (Option<(&'a Change, Option<&'a Fact<Diff>>)>, &'a [u8]);

impl Known {
    /// What a comparison with other changes looks at.
    pub(super) fn compared(&self) -> WithDiff<'_> {
        (self.facts.as_ref().map(|facts| (&facts.change, facts.diff.as_ref())), &self.rarity)
    }
}
