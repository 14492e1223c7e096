//! How much one speaker may say before it is not read any more. No person types that fast.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// So many lines at once.
const BURST: f64 = 40.0;
/// So many lines a second after that.
const PER_SECOND: f64 = 4.0;
/// Whoever said too much is heard again when this is full again.
const HALF: f64 = BURST / 2.0;
/// How often somebody is told.
const TOLD_EVERY: Duration = Duration::from_mins(1);
/// The most speakers that are remembered.
const SPEAKERS: usize = 1024;

/// What becomes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::transport) enum Verdict {
    /// It is read.
    Read,
    /// It is not read, and the speaker is told so.
    Told,
    /// It is not read.
    Dropped,
}

/// What each speaker has left.
#[derive(Debug, Default)]
pub(in crate::transport) struct Flood {
    buckets: HashMap<String, Bucket>,
}

#[derive(Debug)]
struct Bucket {
    left: f64,
    /// When `left` was right.
    at: Instant,
    is_shut: bool,
    told: Option<Instant>,
}

impl Bucket {
    fn left_at(&self, now: Instant) -> f64 {
        (self.left + now.saturating_duration_since(self.at).as_secs_f64() * PER_SECOND).min(BURST)
    }
}

impl Flood {
    /// One more line of a speaker, said at that time: what was said slowly and is read at once is no flood.
    pub(in crate::transport) fn count(&mut self, speaker: String, now: Instant) -> Verdict {
        if self.buckets.len() >= SPEAKERS && !self.buckets.contains_key(&speaker) {
            self.make_room(now);
        }
        let full = Bucket { left: BURST, at: now, is_shut: false, told: None };
        let bucket = self.buckets.entry(speaker).or_insert(full);
        bucket.left = bucket.left_at(now);
        bucket.at = bucket.at.max(now);
        if bucket.left >= if bucket.is_shut { HALF } else { 1.0 } {
            bucket.is_shut = false;
            bucket.left -= 1.0;
            return Verdict::Read;
        }
        bucket.is_shut = true;
        let is_told = bucket.told.is_some_and(|told| now.saturating_duration_since(told) < TOLD_EVERY);
        if is_told {
            return Verdict::Dropped;
        }
        bucket.told = Some(now);
        Verdict::Told
    }

    /// Forgets whoever was silent for long; where nobody was, everybody: a crowd of new names is no reason to grow.
    fn make_room(&mut self, now: Instant) {
        self.buckets.retain(|_, bucket| bucket.left_at(now) < BURST);
        if self.buckets.len() >= SPEAKERS {
            self.buckets.clear();
        }
    }
}
