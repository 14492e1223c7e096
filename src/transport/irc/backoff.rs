//! When the next attempt to connect may be made.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use super::session::Then;

/// The seconds before each attempt of one outage; the last holds for all further ones.
const STEPS: [u64; 7] = [0, 5, 15, 30, 60, 120, 300];
/// Half of the range in which chance moves a delay, in percent of it, so that many bots do not come back at once.
const JITTER: u64 = 20;
/// The shortest delay after the server said that we are too much for it.
const LATER: Duration = Duration::from_secs(60);
/// A connection that could be used this long ends the outage.
const STEADY: Duration = Duration::from_secs(60);
/// No more than so many attempts begin within [`SPAN`].
const IN_SPAN: usize = 3;
const SPAN: Duration = Duration::from_secs(60);

/// What is known of the attempts of one connection.
#[derive(Debug, Default)]
pub struct Backoff {
    /// How many attempts of this outage have failed.
    failed: usize,
    /// When the last attempts began, at most [`IN_SPAN`], the oldest first.
    begun: VecDeque<Instant>,
    chance: RandomState,
}

impl Backoff {
    /// An attempt begins.
    pub fn begin(&mut self, now: Instant) {
        if self.begun.len() == IN_SPAN {
            self.begun.pop_front();
        }
        self.begun.push_back(now);
    }

    /// An attempt is over; `ready` since then, if it ever was. Gives the time of the next one.
    pub fn next(&mut self, ready: Option<Instant>, then: Then, now: Instant) -> Instant {
        if ready.is_some_and(|since| now.duration_since(since) >= STEADY) {
            self.failed = 0;
        }
        let step = Duration::from_secs(STEPS[self.failed.min(STEPS.len() - 1)]);
        self.failed += 1;
        let mut delay = self.moved(step, now);
        if then != Then::Again {
            delay = delay.max(LATER);
        }
        let crowded = self.begun.front().filter(|_| self.begun.len() == IN_SPAN).map(|first| *first + SPAN);
        crowded.map_or(now + delay, |crowded| crowded.max(now + delay))
    }

    fn moved(&self, delay: Duration, now: Instant) -> Duration {
        let chance = self.chance.hash_one((now, self.failed)) % (2 * JITTER + 1);
        let percent = 100 - JITTER + chance;
        delay * u32::try_from(percent).unwrap_or(100) / 100
    }
}
