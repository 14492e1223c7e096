//! What a check saw, as its event holds it.

use serde::{Deserialize, Serialize};

use super::super::health::Verdict;

/// One look at one check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sampled {
    /// Which.
    pub check: String,
    /// What follows from this sample alone.
    pub verdict: Verdict,
    /// The figure, where there is one.
    pub value: Option<f64>,
    /// What was seen, or why nothing was.
    pub words: String,
    /// The errors that were seen most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub top: Vec<String>,
}
