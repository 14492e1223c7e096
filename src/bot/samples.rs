//! The questions to health checks: which are due, and which answer belongs to which.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use crate::engine::Probe;
use crate::engine::id::At;

/// An answer that has not come after this long does not come any more: each check has a time-out below it.
const LOST: TimeDelta = TimeDelta::minutes(2);

/// A question to a health check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Which check.
    pub check: String,
    /// When it was asked.
    pub asked: At,
}

/// The questions that were asked. They are not in the log: after a start all are asked again.
#[derive(Debug, Default)]
pub(super) struct Samples(BTreeMap<String, Last>);

#[derive(Clone, Copy, Debug)]
struct Last {
    asked: At,
    waiting: bool,
}

impl Last {
    /// When it is asked again.
    fn next(&self, probe: &Probe) -> At {
        match probe.since {
            Some(since) if self.asked < since => since,
            _ if self.waiting => self.asked + LOST,
            _ => self.asked + probe.every,
        }
    }
}

impl Samples {
    /// The questions whose time has come.
    pub(super) fn due(&mut self, probes: &[Probe], at: At) -> Vec<Sample> {
        self.0.retain(|check, _| probes.iter().any(|probe| probe.check == *check));
        let mut due = Vec::new();
        for probe in probes {
            if self.0.get(&probe.check).is_none_or(|last| last.next(probe) <= at) {
                self.0.insert(probe.check.clone(), Last { asked: at, waiting: true });
                due.push(Sample { check: probe.check.clone(), asked: at });
            }
        }
        due
    }

    /// Whether an answer is to the question that was asked last, and that question is not too old for what it is wanted
    /// for: what was seen before a step says nothing about it.
    pub(super) fn takes(&mut self, sample: &Sample, probes: &[Probe]) -> bool {
        let Some(last) =
            self.0.get_mut(&sample.check).filter(|last| last.waiting && last.asked == sample.asked)
        else {
            return false;
        };
        last.waiting = false;
        let probe = probes.iter().find(|probe| probe.check == sample.check);
        probe.is_some_and(|probe| probe.since.is_none_or(|since| sample.asked >= since))
    }

    /// When the next question is due.
    pub(super) fn wake(&self, probes: &[Probe], at: At) -> Option<At> {
        probes.iter().map(|probe| self.0.get(&probe.check).map_or(at, |last| last.next(probe))).min()
    }
}
