//! One configured channel: whether the bot is in it, and when it tries again.

use std::time::{Duration, Instant};

use super::topic::Topic;

/// How long the server has for an answer.
pub(super) const ANSWER: Duration = Duration::from_secs(30);
/// How long the bot stays away, each time it does not get in or does not stay in. The first is for somebody who was
/// thrown out.
const AWAY: [Duration; 6] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_secs(60),
    Duration::from_secs(120),
    Duration::from_secs(240),
    Duration::from_secs(300),
];
/// Whoever was in for so long begins anew when it is thrown out.
const SETTLED: Duration = Duration::from_mins(10);

/// A channel of the configuration.
#[derive(Debug)]
pub(super) struct Channel {
    /// Its name as the configuration spells it.
    pub(super) name: String,
    /// Whether the bot is in.
    pub(super) place: Place,
    /// Whether it is known who is there.
    pub(super) census: Census,
    /// Its topic.
    pub(super) topic: Topic,
    /// The engine has been told that the bot is out.
    pub(super) is_told: bool,
    /// How often it did not get in or did not stay in, without a quiet time in between.
    failures: usize,
}

/// Whether the bot is in a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// It is not, and tries at this time.
    Out(Instant),
    /// It has asked to be let in.
    Asked(Instant),
    /// It is, since this time.
    In(Instant),
}

/// What can be said in a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// All.
    Open,
    /// What pings nobody: the bot has just come in, and it is not known yet under which nicks people are there.
    Nameless,
    /// Nothing: the bot is not in it, or not yet.
    Shut,
}

/// Whether it is known who is in a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Census {
    /// The names are coming.
    Names(Instant),
    /// The accounts are to be asked for, not before this time.
    Due(Instant),
    /// They were asked for.
    Asked(Instant),
    /// It is known, and the engine was told.
    Done,
}

impl Channel {
    pub(super) fn new(name: &str, now: Instant) -> Self {
        Self {
            name: name.to_owned(),
            place: Place::Out(now),
            census: Census::Names(now),
            topic: Topic::default(),
            is_told: false,
            failures: 0,
        }
    }

    pub(super) fn is_in(&self) -> bool {
        matches!(self.place, Place::In(_))
    }

    /// Whether the engine follows who comes and goes.
    pub(super) fn is_known(&self) -> bool {
        self.is_in() && self.census == Census::Done
    }

    /// What can be said in it. A server that does not say who is there is not waited for for ever.
    pub(super) fn access(&self, now: Instant) -> Access {
        match self.place {
            Place::In(since) if self.census == Census::Done || now >= since + 2 * ANSWER => Access::Open,
            Place::In(_) => Access::Nameless,
            Place::Asked(_) | Place::Out(_) => Access::Shut,
        }
    }

    /// The bot is in.
    pub(super) fn enter(&mut self, now: Instant) {
        self.place = Place::In(now);
        self.census = Census::Names(now);
        self.topic.enter();
    }

    /// The bot is not in, or not any more. Whoever was in comes back sooner than whoever was not let in.
    pub(super) fn stay_out(&mut self, now: Instant) {
        let first = match self.place {
            Place::In(since) => {
                if now.saturating_duration_since(since) >= SETTLED {
                    self.failures = 0;
                }
                0
            }
            Place::Asked(_) | Place::Out(_) => 1,
        };
        let away = AWAY[self.failures.max(first).min(AWAY.len() - 1)];
        self.failures = self.failures.max(first) + 1;
        self.place = Place::Out(now + away);
    }

    /// When something is due, the topic left aside. `is_asking`: the accounts of another channel are being asked for,
    /// and ours wait for their end.
    pub(super) fn wake(&self, is_asking: bool) -> Option<Instant> {
        match (self.place, self.census) {
            (Place::Out(then), _) => Some(then),
            (Place::Asked(since), _) => Some(since + ANSWER),
            (Place::In(_), Census::Due(then)) => Some(then).filter(|_| !is_asking),
            (Place::In(_), Census::Names(since) | Census::Asked(since)) => Some(since + ANSWER),
            (Place::In(_), Census::Done) => None,
        }
    }

    /// Whether the server is asked for the accounts just now.
    pub(super) fn is_asking(&self) -> bool {
        self.is_in() && matches!(self.census, Census::Asked(_))
    }
}
