//! What is said of all windows together, in four lines at most.

use chrono::TimeDelta;

use super::super::incident::Incident;
use super::super::stats::{Stats, Times};
use super::super::words::{self, exact_span};
use super::own_words;

/// The answer to `report stats`.
pub fn stats(name: &str, stats: &Stats, budget: TimeDelta) -> Vec<String> {
    lines(stats, budget).into_iter().map(|line| format!("{}: {line}", own_words(name))).collect()
}

/// All windows, then the deployers, the steps and the rules.
pub fn lines(stats: &Stats, budget: TimeDelta) -> Vec<String> {
    let over = |times: &Times| {
        if times.over == 0 { String::new() } else { format!(", {} over {}", times.over, words::span(budget)) }
    };
    let live = stats.live();
    let out = |times: &Times| match times.count {
        0 => "0 live".to_owned(),
        1 => format!("1 live (in {}{})", exact_span(times.mean()), over(times)),
        count => format!("{count} live ({} each{})", exact_span(times.mean()), over(times)),
    };
    let windows =
        if stats.windows == 1 { "1 window".to_owned() } else { format!("{} windows", stats.windows) };
    let mut first = format!("{windows}, {}, {} rolled back", out(&live), stats.back());
    if stats.reverted > 0 {
        first.push_str(&format!(", {} reverted later", stats.reverted));
    }
    if !stats.incidents.is_empty() {
        first.push_str(&format!("; {}", bad(stats)));
    }
    let mut lines = vec![first];
    let deployers: Vec<String> = stats
        .deployers
        .iter()
        .map(|(who, one)| {
            let who = own_words(who.rsplit_once('/').map_or(who, |(_, account)| account));
            let back = if one.back == 0 { String::new() } else { format!(", {} rolled back", one.back) };
            format!("{who} {}{back}", out(&one.live))
        })
        .collect();
    if !deployers.is_empty() {
        lines.push(deployers.join("; "));
    }
    let steps: Vec<String> = stats
        .steps
        .iter()
        .map(|(step, times)| format!("{} {}{}", own_words(step), exact_span(times.mean()), over(times)))
        .collect();
    let mut last = Vec::new();
    if !steps.is_empty() {
        let budget = words::span(budget);
        last.push(format!("a patch has {budget}, of which a step takes {}", steps.join("; ")));
    }
    let mut gone: Vec<String> = Vec::new();
    if stats.within_rules > 0 {
        gone.push(format!("{} with every rule kept", stats.within_rules));
    }
    gone.extend(stats.rules.iter().map(|(rule, count)| format!("{count} with {rule} set aside")));
    if !gone.is_empty() {
        last.push(format!("rolled back or reverted: {}", gone.join(", ")));
    }
    lines.extend(last);
    lines
}

/// How often something was bad and how long, and how fast it was seen, decided and mended.
fn bad(stats: &Stats) -> String {
    let times = match stats.incidents.len() {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        times => format!("{times} times"),
    };
    let ended = stats.incidents.iter().filter(|incident| incident.restored.is_some()).count();
    let total = match stats.incidents.len() - ended {
        0 => format!(", {} in all", exact_span(stats.outage())),
        _ if ended == 0 => ", not seen to end".to_owned(),
        open => format!(", {} in all and {open} not seen to end", exact_span(stats.outage())),
    };
    let mean = |word: &str, time: fn(&Incident) -> Option<TimeDelta>| {
        stats.mean_of(time).map(|mean| format!("{word} after {}", exact_span(mean)))
    };
    let means = [
        mean("seen", Incident::to_detect),
        mean("decided", Incident::to_decide),
        mean("then healthy", Incident::to_restore),
    ];
    let means: Vec<String> = means.into_iter().flatten().collect();
    let on_average = if stats.incidents.len() > 1 { "on average " } else { "" };
    format!("bad {times}{total} ({on_average}{})", means.join(", "))
}
