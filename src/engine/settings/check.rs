//! The health checks that steps use by name: how often they are sampled, for how long, and what is still healthy.

use chrono::TimeDelta;

/// One health check.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckSettings {
    /// What steps and people call it.
    pub id: String,
    /// What it looks at, for people: a short clause.
    pub looks_at: String,
    /// It is sampled this often while it is wanted.
    pub every: TimeDelta,
    /// Samples are taken for at least this long before it can be healthy.
    pub soak: TimeDelta,
    /// So many healthy samples are needed, at least.
    pub need: u32,
    /// So many bad samples are forgiven; flapping counts as bad.
    pub tolerate: u32,
    /// Without an answer for this long it is unknown.
    pub stale: TimeDelta,
    /// What is still healthy.
    pub limit: Limit,
}

/// What of a check is still healthy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Limit {
    /// What the source itself says is good.
    Own,
    /// A figure up to this one.
    AtMost(f64),
    /// A figure beside the one from before the first step of the patch.
    Baseline {
        /// Up to so many times as much.
        factor: f64,
        /// Up to here it is always healthy, whatever was before.
        at_least: f64,
    },
}

impl CheckSettings {
    /// Whether what it sees is compared with what was before.
    pub fn has_baseline(&self) -> bool {
        matches!(self.limit, Limit::Baseline { .. })
    }
}
