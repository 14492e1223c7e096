//! Why a change is in the ledger, and how it leaves it.

use serde::{Deserialize, Serialize};

/// Why a change is in the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Debt {
    /// Merged in its turn, not live yet.
    Merged,
    /// Merged by somebody while it only waited in a queue.
    MergedEarly,
    /// Rolled back from the hosts, still in the branch.
    RolledBack,
}

/// What the ledger knows of a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owed {
    /// Why it is there.
    pub debt: Debt,
    /// Its repository.
    pub project: String,
    /// Its branch.
    pub branch: String,
    /// Its commit.
    pub revision: String,
}

/// How a ledger entry was dealt with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Settlement {
    /// It is on the hosts.
    Live,
    /// Its revert is merged and out.
    Reverted,
    /// A fix is merged and out.
    Fixed,
    /// It stays as it is, by somebody's word.
    Keep,
}
