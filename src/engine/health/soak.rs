//! The samples of a step, and what follows from them: several good ones over a time, few bad ones, none of them old.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::Verdict;
use crate::engine::id::At;
use crate::engine::patch::Patch;
use crate::engine::settings::{CheckSettings, Limit, Settings};

/// No more samples of one check are kept: what is wanted from them is long since known.
const MOST: usize = 1_000;

/// One look at one check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// When.
    pub at: At,
    /// What follows from it alone.
    pub verdict: Verdict,
    /// The figure, where there is one.
    pub value: Option<f64>,
    /// What was seen, or why nothing was.
    pub words: String,
    /// The errors that were seen most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub top: Vec<String>,
}

/// What is known of the health of the hosts on the way of one patch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Health {
    /// What each check saw before the first step.
    #[serde(default)]
    pub baseline: BTreeMap<String, f64>,
    /// What each saw since the current step began, or was tried again.
    #[serde(default)]
    pub samples: BTreeMap<String, Vec<Sample>>,
    /// What was said of them last.
    #[serde(default)]
    pub said: Option<Verdict>,
    /// So often the current step was found unhealthy.
    #[serde(default)]
    pub times_bad: u32,
    /// So many seconds were added to the current step.
    #[serde(default)]
    pub added: i64,
}

impl Health {
    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Forgets the samples: another step begins, or the same one again. The baseline stays.
    pub fn start_again(&mut self, is_next: bool) {
        self.samples.clear();
        self.said = None;
        if is_next {
            self.times_bad = 0;
            self.added = 0;
        }
    }

    /// Takes in a sample.
    pub fn take(&mut self, check: &str, sample: Sample) {
        let samples = self.samples.entry(check.to_owned()).or_default();
        samples.push(sample);
        if samples.len() > MOST {
            samples.remove(0);
        }
    }

    /// The first bad sample of the current step.
    pub fn first_bad(&self) -> Option<At> {
        let bad = self.samples.values().flatten().filter(|sample| sample.verdict == Verdict::Unhealthy);
        bad.map(|sample| sample.at).min()
    }
}

/// What follows from all samples of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// That.
    pub verdict: Verdict,
    /// What was seen, or why nothing was.
    pub words: String,
    /// The errors that were seen most.
    pub top: Vec<String>,
    /// Since when: the first bad sample, or the first of the good ones.
    pub since: Option<At>,
}

/// What follows for a step that began, or was tried again, at `since`; nothing where it is too early to say.
/// One bad check is enough to stop, and all must be good to go on.
pub fn judge(settings: &Settings, patch: &Patch, checks: &[String], since: At, at: At) -> Option<Judged> {
    let mut all = Vec::new();
    for id in checks {
        let samples = patch.health.samples.get(id).map(Vec::as_slice).unwrap_or_default();
        let check = settings.checks.iter().find(|check| check.id == *id);
        let verdict = match check {
            Some(check) => judge_one(check, samples, since, patch.health.added, at),
            None => Some(Verdict::Unknown),
        };
        all.push((id, check, samples, verdict));
    }
    let wanted = if all.iter().any(|(.., verdict)| *verdict == Some(Verdict::Unhealthy)) {
        Verdict::Unhealthy
    } else if all.iter().all(|(.., verdict)| *verdict == Some(Verdict::Healthy)) {
        Verdict::Healthy
    } else if all.iter().any(|(.., verdict)| *verdict == Some(Verdict::Unknown)) {
        Verdict::Unknown
    } else {
        return None;
    };
    let those = all.iter().filter(|(.., verdict)| *verdict == Some(wanted));
    let mut top = Vec::new();
    let words: Vec<String> = those
        .map(|(id, check, samples, _)| {
            let mut those = samples.iter().rev().filter(|sample| sample.verdict == wanted);
            let with_top = those.clone().find(|sample| !sample.top.is_empty());
            let shown = those.next();
            top.extend(with_top.map(|sample| sample.top.clone()).unwrap_or_default());
            words(id, *check, shown, samples.last(), patch.health.baseline.get(*id).copied(), at)
        })
        .collect();
    let since = match wanted {
        Verdict::Unhealthy => patch.health.first_bad(),
        Verdict::Healthy => {
            let runs =
                all.iter().filter_map(|(_, check, samples, _)| Some(good_since((*check)?, samples, since)));
            runs.max()
        }
        Verdict::Unknown => None,
    };
    Some(Judged { verdict: wanted, words: words.join("; "), top, since })
}

fn words(
    id: &str,
    check: Option<&CheckSettings>,
    shown: Option<&Sample>,
    last: Option<&Sample>,
    baseline: Option<f64>,
    at: At,
) -> String {
    let Some(check) = check else { return format!("{id}: the configuration has no such check any more") };
    match (shown, last) {
        (Some(sample), _) if sample.verdict == Verdict::Unknown && sample.value.is_none() => {
            format!("{id}: {}", sample.words)
        }
        (Some(sample), last) => {
            // Whoever looks now sees something good.
            let flaps =
                last.filter(|last| sample.verdict == Verdict::Unhealthy && last.verdict != sample.verdict);
            let flaps = flaps.map(|last| format!(", by turns with {}", last.words)).unwrap_or_default();
            format!("{id} {}{}{flaps}", sample.words, before(check, baseline))
        }
        (None, Some(last)) => format!("{id}: no answer for {} s", (at - last.at).num_seconds()),
        (None, None) => format!("{id}: no answer yet"),
    }
}

/// ` (before: 0.4)`, where it is compared with that.
pub fn before(check: &CheckSettings, baseline: Option<f64>) -> String {
    match (check.limit, baseline) {
        (Limit::Baseline { .. }, Some(value)) => format!(" (before: {})", super::figure(value)),
        (Limit::Baseline { .. }, None) => " (nothing is known from before)".to_owned(),
        (Limit::Own | Limit::AtMost(_), _) => String::new(),
    }
}

fn judge_one(check: &CheckSettings, samples: &[Sample], since: At, added: i64, at: At) -> Option<Verdict> {
    if bad(samples) > check.tolerate {
        return Some(Verdict::Unhealthy);
    }
    let last_known = known(samples).last().map_or(since, |sample| sample.at);
    if at - last_known >= check.stale {
        return Some(Verdict::Unknown);
    }
    let from = soaks_from(check, samples, since);
    let is_healthy = |sample: &&Sample| sample.verdict == Verdict::Healthy && sample.at >= from;
    let healthy = samples.iter().filter(is_healthy).count();
    let is_good = samples.last().is_some_and(|sample| sample.verdict == Verdict::Healthy);
    let is_soaked = at - from >= check.soak + TimeDelta::seconds(added);
    (is_soaked && is_good && healthy >= check.need as usize).then_some(Verdict::Healthy)
}

fn known(samples: &[Sample]) -> impl Iterator<Item = &Sample> {
    samples.iter().filter(|sample| sample.verdict != Verdict::Unknown)
}

/// Since when something is known without a gap: time in which nobody saw anything does not count.
fn soaks_from(check: &CheckSettings, samples: &[Sample], since: At) -> At {
    let (mut from, mut before) = (since, since);
    for sample in known(samples) {
        if sample.at - before >= check.stale {
            from = sample.at;
        }
        before = sample.at;
    }
    from
}

/// When the first of the good samples came that stand at the end, without a gap.
fn good_since(check: &CheckSettings, samples: &[Sample], since: At) -> At {
    let from = soaks_from(check, samples, since);
    let known: Vec<&Sample> = known(samples).filter(|sample| sample.at >= from).collect();
    let bad = known.iter().rposition(|sample| sample.verdict == Verdict::Unhealthy);
    known.get(bad.map_or(0, |bad| bad + 1)).map_or(from, |sample| sample.at)
}

/// How many samples count as bad: those that are, and each good one after the second return to good, for that is flapping.
fn bad(samples: &[Sample]) -> u32 {
    let (mut bad, mut returns, mut was_bad) = (0, 0, false);
    for sample in known(samples) {
        let is_bad = sample.verdict == Verdict::Unhealthy;
        returns += u32::from(was_bad && !is_bad);
        bad += u32::from(is_bad || (was_bad && returns > 1));
        was_bad = is_bad;
    }
    bad
}

fn samples_of<'a>(patch: &'a Patch, check: &CheckSettings) -> &'a [Sample] {
    patch.health.samples.get(&check.id).map(Vec::as_slice).unwrap_or_default()
}

/// When a step can be healthy at the earliest, with nothing bad and no gap from now on.
pub fn soaked_at(settings: &Settings, patch: &Patch, checks: &[String], since: At) -> Option<At> {
    let added = TimeDelta::seconds(patch.health.added);
    let known = settings.checks.iter().filter(|check| checks.contains(&check.id));
    known.map(|check| soaks_from(check, samples_of(patch, check), since) + check.soak + added).max()
}

/// When time alone may change what follows.
pub fn looks(settings: &Settings, patch: &Patch, checks: &[String], since: At) -> Vec<At> {
    let added = TimeDelta::seconds(patch.health.added);
    let mut looks = Vec::new();
    for check in settings.checks.iter().filter(|check| checks.contains(&check.id)) {
        let samples = samples_of(patch, check);
        looks.push(soaks_from(check, samples, since) + check.soak + added);
        looks.push(known(samples).last().map_or(since, |sample| sample.at) + check.stale);
    }
    looks
}
