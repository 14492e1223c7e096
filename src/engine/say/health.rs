//! What is said of the health of the hosts: what checks see, what follows, and how long something was bad.

use chrono::TimeDelta;

use super::super::health::{self, Judged, Verdict};
use super::super::id::{At, ChangeNumber};
use super::super::incident::{Begun, Incident};
use super::super::patch::Patch;
use super::super::plan::{Act, watch_time};
use super::super::settings::{CheckSettings, Settings};
use super::super::window::Window;
use super::super::words;
use super::{command, own_words};

/// So many of the errors that were seen most are said.
const TOP: usize = 3;

fn stage(patch: &Patch) -> String {
    super::super::decide::dirty_stage(patch)
}

/// What the step of these checks is.
pub fn step(settings: &Settings, patch: &Patch, number: u32, checks: &[String]) -> String {
    let known: Vec<&CheckSettings> =
        settings.checks.iter().filter(|check| checks.contains(&check.id)).collect();
    let soak = known.iter().map(|check| check.soak).max().unwrap_or_default();
    let named: Vec<String> = known
        .iter()
        .map(|check| {
            let baseline = patch.health.baseline.get(&check.id).copied();
            format!("{}, {}{}", check.id, own_words(&check.looks_at), health::before(check, baseline))
        })
        .collect();
    let time = words::exact_span(soak + TimeDelta::seconds(patch.health.added));
    format!("{} step {number}: health for {time}: {}; it closes itself", patch.change, named.join("; "))
}

/// It is looked at again.
pub fn again(settings: &Settings, patch: &Patch, number: u32, checks: &[String]) -> String {
    format!("again, with fresh samples: {}", step(settings, patch, number, checks))
}

/// When it can be healthy at the earliest.
pub fn open_until(settings: &Settings, patch: &Patch, checks: &[String], at: At) -> String {
    let until = patch.step_since.and_then(|since| health::soaked_at(settings, patch, checks, since));
    match until.map(|until| until - at).filter(|left| *left > TimeDelta::zero()) {
        Some(left) => format!("{} to go", words::exact_span(left)),
        None => "more samples are needed".to_owned(),
    }
}

/// `canaries healthy: errors 0.5/s (before: 0.4)`.
pub fn healthy(patch: &Patch, judged: &Judged) -> String {
    format!("{} {} healthy: {}", patch.change, stage(patch), own_words(&judged.words))
}

/// The bad news, and what can be done.
pub fn unhealthy(prefix: &str, patch: &Patch, judged: &Judged, again: bool) -> String {
    let change = patch.change;
    let top: Vec<String> = judged.top.iter().take(TOP).map(|line| own_words(line)).collect();
    let top = if top.is_empty() { String::new() } else { format!("; {}", top.join("; ")) };
    let word = if again { "UNHEALTHY again" } else { "UNHEALTHY" };
    let back = command(prefix, &format!("rollback {change}"));
    let retry = command(prefix, "retry");
    let aside = command(prefix, &format!("override {change} health WHY"));
    let words = own_words(&judged.words);
    format!(
        "{change} {} {word}: {words}{top}. {back}, or {retry} (fresh samples, the same baseline); going on takes another deployer: {aside}",
        stage(patch)
    )
}

/// Nobody knows.
pub fn unknown(prefix: &str, patch: &Patch, number: u32, judged: &Judged) -> String {
    let change = patch.change;
    let back = command(prefix, &format!("rollback {change}"));
    let aside = command(prefix, &format!("override {change} health WHY"));
    let words = own_words(&judged.words);
    format!(
        "{change} step {number}: health UNKNOWN, neither good nor bad: {words}. I keep asking. {back}; going on takes another deployer: {aside}"
    )
}

/// Added where it goes back by itself.
pub fn goes_back_in(prefix: &str, change: ChangeNumber, after: TimeDelta) -> String {
    let cancel = command(prefix, "cancel");
    format!(". {change} goes back by itself in {}: {cancel} stops that", words::exact_span(after))
}

/// Said shortly before it does.
pub fn goes_back_soon(prefix: &str, change: ChangeNumber, left: TimeDelta) -> String {
    let cancel = command(prefix, "cancel");
    format!("{change} goes back in {}: {cancel} stops that", words::exact_span(left))
}

/// It does not go back by itself.
pub fn cancelled(prefix: &str, name: &str, change: ChangeNumber) -> String {
    let back = command(prefix, &format!("rollback {change}"));
    format!("{name} cancels it: {change} does not go back by itself. It is still UNHEALTHY: {back}")
}

/// Another deployer takes it as it is.
pub fn set_aside(patch: &Patch, by: &str, reason: &str) -> String {
    format!("{by} lets {} go on past its health: {}", patch.change, own_words(reason))
}

/// Time was added.
pub fn soaks(settings: &Settings, patch: &Patch, number: u32, at: At) -> String {
    let left = match patch.current().map(|(_, step)| &step.act) {
        Some(Act::Health { checks }) => open_until(settings, patch, checks, at),
        Some(Act::Watch { seconds }) => {
            let time = watch_time(*seconds + patch.health.added);
            let until = patch.step_since.map(|since| since + time);
            format!("{} to go", words::exact_span(until.map_or(time, |until| until - at)))
        }
        _ => String::new(),
    };
    format!("{} step {number} takes longer, {left}", patch.change)
}

/// The figures of all checks, or of one, with what was before and how old they are.
pub fn figures(settings: &Settings, window: &Window, only: Option<&str>, at: At) -> String {
    let asked = health::wanted(settings, window, at);
    let bad = window.incident.as_ref().map(|incident| incident.change);
    let last = window.patches.iter().max_by_key(|patch| patch.started).map(|patch| patch.change);
    let patch = window.motion.or(bad).or(last).and_then(|change| window.patch(change));
    let checks = settings.checks.iter().filter(|check| only.is_none_or(|only| only == check.id));
    let one = |check: &CheckSettings| {
        let baseline = patch
            .and_then(|patch| patch.health.baseline.get(&check.id).copied())
            .or_else(|| window.clean.get(&check.id).map(|(value, _)| *value));
        let before = health::before(check, baseline);
        let is_asked = asked.iter().any(|(other, _)| other.id == check.id);
        let sample = window.health.get(&check.id);
        let Some(sample) = sample else {
            let why = if is_asked { "no answer yet" } else { "not looked at yet" };
            return format!("{}: {why}{before}", check.id);
        };
        let age = at - sample.at;
        let old = match (is_asked, age >= check.stale) {
            (true, true) => ", STALE",
            (false, _) => ", not looked at now",
            (true, false) => "",
        };
        let word = sample.verdict.word();
        let words = own_words(&sample.words);
        let ago = words::exact_span(age);
        match sample.verdict {
            Verdict::Unknown => format!("{} {word}: {words}, {ago} ago{old}", check.id),
            _ => format!("{} {words}{before}, {word}, {ago} ago{old}", check.id),
        }
    };
    let mut parts: Vec<String> = checks.map(one).collect();
    if let Some((patch, (number, step))) = patch.and_then(|patch| Some((patch, patch.current()?)))
        && let Act::Health { checks } = &step.act
        && !checks.is_empty()
    {
        let left = if step.failed.is_some() {
            "UNHEALTHY".to_owned()
        } else {
            open_until(settings, patch, checks, at)
        };
        parts.push(format!("{} step {number}: {left}", patch.change));
    }
    parts.join("; ")
}

/// The hosts are healthy again.
pub fn restored(incident: &Incident, words: &str) -> String {
    let seen = if words.is_empty() { String::new() } else { format!(": {}", own_words(words)) };
    format!("healthy again{seen}. {}", clock(incident))
}

/// The incident is over, and no check can tell whether the hosts are healthy again: those that it would have been.
pub fn never_told(prefix: &str, incident: &Incident, checks: &str) -> String {
    let change = incident.change;
    let look = command(prefix, "health");
    let checks = own_words(checks);
    format!(
        "nothing can tell whether the hosts are healthy again after {change}: {checks}. From here on what I see is normal to \
         me; {look} shows it"
    )
}

/// The clock of what was bad, in one line: the same in the chat, in the summary and in the report.
pub fn clock(incident: &Incident) -> String {
    let time = |at: At| at.format("%H:%M:%S").to_string();
    let change = incident.change;
    let head = match incident.outage() {
        Some(outage) => {
            let production = incident.stages.iter().any(|stage| stage == super::super::settings::PRODUCTION);
            let on = if production { "in production" } else { "before production" };
            format!("{change} was bad for {} {on}", words::exact_span(outage))
        }
        None if incident.off.is_none() && incident.decided.is_some() => {
            format!("{change} was bad and taken as it is")
        }
        None => format!("{change} was bad, and nothing says that it is healthy again"),
    };
    let begun = match incident.begun {
        Begun::Check => "first bad",
        Begun::Word => "said",
        Begun::Rollback => "counted from the rollback",
    };
    let after = incident.to_detect().map(|took| format!(" ({} after it was out)", words::exact_span(took)));
    let told = if incident.told > incident.first {
        format!(", told {}", time(incident.told))
    } else {
        String::new()
    };
    let mut parts = vec![format!("{begun} {}{told}{}", time(incident.first), after.unwrap_or_default())];
    if let (Some(decided), Some(took)) = (incident.decided, incident.to_decide())
        && incident.begun != Begun::Rollback
    {
        parts.push(format!("decided {} ({} later)", time(decided), words::exact_span(took)));
    }
    parts.extend(incident.off.map(|off| format!("off the hosts {}", time(off))));
    parts.extend(incident.restored.map(|restored| format!("healthy {}", time(restored))));
    format!("{head}: {}", parts.join(", "))
}
