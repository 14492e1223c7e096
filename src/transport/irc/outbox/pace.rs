//! How fast lines may go out: some at once, then one in a time.

use std::time::{Duration, Instant};

/// There is no limit.
pub(super) const UNLIMITED: usize = usize::MAX;

/// Who talks faster is cut off by the network.
#[derive(Debug)]
pub(super) struct Pace {
    burst: u32,
    every: Duration,
    /// When the whole burst is there again; nothing has been said while there is none.
    full_at: Option<Instant>,
}

impl Pace {
    /// `burst` lines at once, then one in the time of `every`; no limit where that is zero.
    pub(super) fn new(burst: u32, every: Duration) -> Self {
        Self { burst: burst.max(1), every, full_at: None }
    }

    /// How many lines may go out at once now.
    pub(super) fn tokens(&self, now: Instant) -> usize {
        if self.every.is_zero() {
            return UNLIMITED;
        }
        let missing_time = self.full_at.map_or(Duration::ZERO, |full_at| full_at.duration_since(now));
        let missing = missing_time.as_nanos().div_ceil(self.every.as_nanos());
        usize::try_from(u128::from(self.burst).saturating_sub(missing)).unwrap_or(0)
    }

    /// Whether so many tokens are more than half of the burst, and one is left after the next line.
    pub(super) fn is_plenty(&self, tokens: usize) -> bool {
        tokens > 1 && tokens.saturating_mul(2) > self.burst as usize
    }

    /// A line goes out.
    pub(super) fn spend(&mut self, now: Instant) {
        if !self.every.is_zero() {
            self.full_at = Some(self.full_at.map_or(now, |full_at| full_at.max(now)) + self.every);
        }
    }

    /// A line goes out that could not wait. The network counts it too, but one line may still go out after it.
    pub(super) fn count(&mut self, now: Instant) {
        let most = now + self.every * (self.burst - 1);
        let full_at = self.full_at.map_or(now, |full_at| full_at.max(now));
        self.full_at = Some(full_at.max(most.min(full_at + self.every)));
    }

    /// From when on a line may go out, where it is known.
    pub(super) fn next(&self) -> Option<Instant> {
        self.full_at.and_then(|full_at| full_at.checked_sub(self.every * (self.burst - 1)))
    }
}
