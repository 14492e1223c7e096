//! What is said now, and what is only shown again: history is never a command.

use std::collections::HashMap;
use std::time::Instant;

use chrono::{DateTime, TimeDelta};
use irc::proto::BatchSubCommand;
use irc::proto::message::Tag;

use crate::engine::id::At;

use super::Moment;

/// A line that is older than this by its `time` tag is history.
const OLD: TimeDelta = TimeDelta::seconds(120);
/// The most batches that are open at a time. What belongs to a batch that is not known counts as history.
const BATCHES: usize = 64;

/// The batches that are open, and what time it is by the clock of the server.
#[derive(Debug, Default)]
pub(super) struct Playback {
    /// Whether each open batch is history.
    batches: HashMap<String, bool>,
    /// What its clock said last, and when that was. Without it a server whose clock is wrong would not be heard, and nobody
    /// would be after somebody has set ours.
    clock: Option<(At, Instant)>,
    /// The same, of the first time.
    first: Option<(At, Instant)>,
}

/// The value of the one tag with this key; two of them are as good as none.
pub(super) fn only<'a>(tags: &'a [Tag], key: &str) -> Option<&'a str> {
    let mut values = tags.iter().filter(|tag| tag.0 == key).map(|tag| tag.1.as_deref());
    let value = values.next()??;
    values.next().is_none().then_some(value)
}

impl Playback {
    /// A batch begins or ends.
    pub(super) fn batch(&mut self, reference: &str, kind: Option<&BatchSubCommand>) {
        if let Some(reference) = reference.strip_prefix('+') {
            let is_history = kind.is_none_or(|kind| {
                let kind = kind.to_str().to_lowercase();
                kind.contains("history") || kind.contains("playback")
            });
            if self.batches.len() < BATCHES {
                self.batches.insert(reference.to_owned(), is_history);
            }
        } else if let Some(reference) = reference.strip_prefix('-') {
            self.batches.remove(reference);
        }
    }

    /// Whether a line belongs to a batch of history.
    pub(super) fn is_in_history(&self, tags: &[Tag]) -> bool {
        let mut references = tags.iter().filter(|tag| tag.0 == "batch");
        references.any(|tag| tag.1.as_deref().and_then(|it| self.batches.get(it)).copied().unwrap_or(true))
    }

    /// The server has just said this to us: now is now.
    pub(super) fn set_clock(&mut self, tags: &[Tag], now: Instant) {
        if let Some(said) = time(tags) {
            self.clock = Some((said, now));
            self.first.get_or_insert((said, now));
        }
    }

    /// Whether a line was said too long ago, or before we came. Not all servers put history in a batch; what they show to
    /// whoever comes in comes at once.
    pub(super) fn is_old(&self, tags: &[Tag], Moment { at, now }: Moment) -> bool {
        let Some(said) = time(tags) else { return false };
        let since = |then: Instant| TimeDelta::from_std(now.duration_since(then)).unwrap_or_default();
        let is_before_us = self.first.is_some_and(|(first, then)| said < first && since(then) < OLD);
        is_before_us || self.clock.map_or(at, |(clock, then)| clock + since(then)) - said > OLD
    }
}

fn time(tags: &[Tag]) -> Option<At> {
    let said = DateTime::parse_from_rfc3339(only(tags, "time")?).ok()?;
    Some(said.to_utc())
}
