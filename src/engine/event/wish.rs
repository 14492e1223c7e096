//! What somebody asked for with `add`.

use serde::{Deserialize, Serialize};

use super::super::id::Who;

/// What somebody asked for with `add`, until the facts are here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// Who is on point.
    pub owner: Who,
    /// Why it cannot wait for the train.
    pub urgent: Option<String>,
    /// How it is tested.
    pub test: Option<String>,
    /// Anything else worth saying.
    pub note: Option<String>,
}
