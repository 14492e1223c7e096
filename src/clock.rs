//! The clock: the one place that reads the time. Everything else is told.

use chrono::{SubsecRound, TimeDelta, Utc};

use crate::engine::id::At;

/// A clock to the millisecond, as the log keeps it: the system's, moved forward by what was skipped; or one that
/// stands still until it is moved, for scripts and tests.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    standing: Option<At>,
    skipped: TimeDelta,
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self { standing: None, skipped: TimeDelta::zero() }
    }

    /// A clock that stands at `at` until it is moved.
    pub fn standing_at(at: At) -> Self {
        Self { standing: Some(at.trunc_subsecs(3)), skipped: TimeDelta::zero() }
    }

    /// The time, to the millisecond.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the time")]
    pub fn now(&self) -> At {
        self.standing.unwrap_or_else(|| Utc::now().trunc_subsecs(3)) + self.skipped
    }

    /// Lets time pass.
    pub fn skip(&mut self, time: TimeDelta) {
        self.skipped += time;
    }
}
