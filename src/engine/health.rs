//! What checks of the hosts' health answer, what follows from it, and which of them are to be asked now.

mod soak;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::id::{At, ChangeNumber};
use super::incident::Incident;
use super::patch::Patch;
use super::plan::Act;
use super::settings::{CheckSettings, Limit, PRODUCTION, Settings};
use super::state::State;
use super::window::Window;
pub use soak::{Health, Judged, Sample, before, judge, looks, soaked_at};

/// What was seen while nothing moved is good for so long.
pub const CLEAN_FOR: TimeDelta = TimeDelta::minutes(15);
/// It is looked at again after so long.
const CLEAN_EVERY: TimeDelta = TimeDelta::minutes(5);

/// What a check has seen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measured {
    /// The figure, where the check gives one.
    pub value: Option<f64>,
    /// What the source itself says, where that decides.
    pub good: Option<bool>,
    /// What was seen, as people read it: `5xx 0.4 %`.
    pub words: String,
    /// The errors that were seen most, the most frequent first. They are strangers' words, neutralised when they are said.
    pub top: Vec<String>,
}

/// What follows from a sample, or from all of a soak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It is as it should be.
    Healthy,
    /// It is not.
    Unhealthy,
    /// Nobody knows, which is never healthy.
    Unknown,
}

impl Verdict {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Unhealthy => "UNHEALTHY",
            Self::Unknown => "UNKNOWN",
        }
    }
}

/// A check that is to be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Which.
    pub check: String,
    /// Again after this long.
    pub every: TimeDelta,
    /// What was asked before this moment does not do.
    pub since: Option<At>,
}

/// A figure that is written and read again as the same: six decimals, and no more digits than a figure holds for sure.
pub fn kept(value: f64) -> Option<f64> {
    let decimals = if value.abs() < 1e9 { 1e6 } else { 1.0 };
    (value.is_finite() && value.abs() < 1e15).then(|| (value * decimals).round() / decimals)
}

/// A figure as people read it: `0.4`, `31`, `0.0025`.
pub fn figure(value: f64) -> String {
    let decimals = if value.abs() >= 100.0 {
        0
    } else if value.abs() >= 1.0 {
        2
    } else {
        4
    };
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// What follows from one answer of a check, with the figure that is kept of it and what was seen.
pub fn sample(
    check: &CheckSettings,
    answer: &Result<Measured, String>,
    baseline: Option<f64>,
    at: At,
) -> Sample {
    let measured = match answer {
        Ok(measured) => measured,
        Err(why) => {
            return Sample {
                at,
                verdict: Verdict::Unknown,
                value: None,
                words: why.clone(),
                top: Vec::new(),
            };
        }
    };
    let value = measured.value.and_then(kept);
    let is_under = |limit: f64| match value {
        Some(value) if value <= limit => Verdict::Healthy,
        Some(_) => Verdict::Unhealthy,
        None => Verdict::Unknown,
    };
    let verdict = match check.limit {
        _ if measured.good == Some(false) => Verdict::Unhealthy,
        Limit::Own if measured.good == Some(true) => Verdict::Healthy,
        Limit::Own => Verdict::Unknown,
        Limit::AtMost(limit) => is_under(limit),
        Limit::Baseline { factor, at_least } => match baseline {
            Some(baseline) => is_under(at_least.max(baseline * factor)),
            // Without anything to compare with, only what is always fine is fine.
            None => match is_under(at_least) {
                Verdict::Unhealthy => Verdict::Unknown,
                known => known,
            },
        },
    };
    Sample { at, verdict, value, words: measured.words.clone(), top: measured.top.clone() }
}

/// The checks of all health steps of a patch.
pub fn checks_of(patch: &Patch) -> Vec<&String> {
    let mut all: Vec<&String> = Vec::new();
    for step in &patch.steps {
        if let Act::Health { checks } = &step.act {
            all.extend(checks.iter().filter(|check| !all.contains(check)).collect::<Vec<_>>());
        }
    }
    all
}

/// What a window wants to know of one check, and what for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Wanted<'a> {
    /// What is so while nothing moves.
    Clean,
    /// What is so before the first step of this patch.
    Baseline(&'a Patch),
    /// How the current step of this patch goes.
    Step(&'a Patch, At),
    /// How it is while this change goes back, and until it is healthy again, beside what was before.
    Back(ChangeNumber, Option<f64>),
}

/// What a window wants to know of its checks now.
pub fn wanted<'a>(
    settings: &'a Settings,
    window: &'a Window,
    at: At,
) -> Vec<(&'a CheckSettings, Wanted<'a>)> {
    let with_baseline = |check: &&CheckSettings| check.has_baseline();
    let among = |ids: Vec<&'a String>| settings.checks.iter().filter(move |check| ids.contains(&&check.id));
    if !window.is_on() {
        return Vec::new();
    }
    // How the patch goes that is looked at now comes before how the one before it went.
    let has_checks = |act: &Act| matches!(act, Act::Health { checks } if !checks.is_empty());
    let is_looked_at = window.moving().is_some_and(|patch| patch.is_at(has_checks));
    let goes_back = |it: &&Incident| window.rollback.is_some() || (it.off.is_some() && !is_looked_at);
    if let Some(bad) = window.incident.as_ref().filter(goes_back) {
        let known = settings.checks.iter().filter_map(|check| Some((check, bad.looks.get(&check.id)?)));
        return known.map(|(check, looks)| (check, Wanted::Back(bad.change, looks.before))).collect();
    }
    let Some(patch) = window.moving() else {
        let plans = settings.plans.config.iter().chain(&settings.plans.code);
        let used = plans.filter_map(|step| match step {
            super::settings::StepSettings::Health { checks } => Some(checks),
            _ => None,
        });
        let used: Vec<&String> = used.flatten().collect();
        // While something is bad, or nobody is there to start anything, nothing is taken for normal.
        let idle = window.incident.is_none() && window.lead.is_some() && window.holds.is_empty();
        let is_old = |check: &&CheckSettings| {
            window.clean.get(&check.id).is_none_or(|(_, taken)| at - *taken >= CLEAN_EVERY)
        };
        let clean = among(used).filter(with_baseline).filter(is_old).filter(|_| idle);
        return clean.map(|check| (check, Wanted::Clean)).collect();
    };
    if let Some((_, step)) = patch.current()
        && let (Act::Health { checks }, Some(since)) = (&step.act, patch.step_since)
    {
        return among(checks.iter().collect()).map(|check| (check, Wanted::Step(patch, since))).collect();
    }
    // What is bad now must not become what is compared with.
    if patch.touched_hosts() || window.incident.is_some() {
        return Vec::new();
    }
    without_baseline(settings, patch).map(|check| (check, Wanted::Baseline(patch))).collect()
}

/// The checks of a patch that compare with what was before its first step, and have nothing to compare with.
pub fn without_baseline<'a>(
    settings: &'a Settings,
    patch: &'a Patch,
) -> impl Iterator<Item = &'a CheckSettings> {
    let ids = checks_of(patch);
    let with_baseline = |check: &&CheckSettings| check.has_baseline();
    let has_none = |check: &&CheckSettings| !patch.health.baseline.contains_key(&check.id);
    let known = settings.checks.iter().filter(move |check| ids.contains(&&check.id));
    known.filter(with_baseline).filter(has_none)
}

/// The same, without what would be taken for normal while another window has something bad, or half done, on the same
/// hosts.
pub fn asked<'a>(
    settings: &'a Settings,
    state: &State,
    window: &'a Window,
    at: At,
) -> Vec<(&'a CheckSettings, Wanted<'a>)> {
    let target = |window: &Window| {
        settings.window(&window.id().window).map_or(PRODUCTION, |known| known.target.as_str())
    };
    let is_disturbed = state.windows.values().any(|other| {
        let is_bad = other.rollback.is_some() || other.incident.is_some();
        other.id() != window.id()
            && target(other) == target(window)
            && (is_bad || other.moving().is_some_and(Patch::is_dirty))
    });
    let is_normal = |wanted: &Wanted<'_>| matches!(wanted, Wanted::Clean | Wanted::Baseline(_));
    let mut all = wanted(settings, window, at);
    all.retain(|(_, wanted)| !(is_disturbed && is_normal(wanted)));
    all
}

/// The checks that are to be asked now, from the state alone: none is lost with a restart.
pub fn probes(settings: &Settings, state: &State, at: At) -> Vec<Probe> {
    let mut probes: Vec<Probe> = Vec::new();
    for window in state.windows.values() {
        for (check, wanted) in asked(settings, state, window, at) {
            let since = match wanted {
                Wanted::Step(_, since) => Some(since),
                Wanted::Baseline(patch) => patch.started,
                Wanted::Clean | Wanted::Back(..) => None,
            };
            match probes.iter_mut().find(|probe| probe.check == check.id) {
                Some(probe) => probe.since = probe.since.max(since),
                None => probes.push(Probe { check: check.id.clone(), every: check.every, since }),
            }
        }
    }
    probes
}

/// When what nothing moves for is looked at again.
pub fn next_clean(settings: &Settings, window: &Window, at: At) -> Option<At> {
    let is_idle = window.motion.is_none() && window.rollback.is_none() && window.is_on();
    let due = window.clean.values().map(|(_, taken)| *taken + CLEAN_EVERY).filter(|due| *due > at);
    due.min().filter(|_| is_idle && !settings.checks.is_empty())
}
