//! How an occurrence ended.

use serde::{Deserialize, Serialize};

/// How an occurrence ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// Somebody said `finish`.
    Finished,
    /// Nobody claimed it.
    NoShow,
    /// Its time ran out, and nothing was in motion.
    Lapsed,
}
