//! What is said of all windows together, in four lines at most.

use chrono::TimeDelta;

use super::super::incident::Incident;
use super::super::stats::{Stats, Times};
use super::super::words::{self, exact_span};
use super::own_words;

/// The lines of `report stats`.
pub fn stats(name: &str, stats: &Stats, budget: TimeDelta) -> Vec<String> {
    let over = |times: &Times| {
        if times.over == 0 { String::new() } else { format!(", {} over {}", times.over, words::span(budget)) }
    };
    let live = stats.live();
    let out = |times: &Times| match times.count {
        0 => "nothing live".to_owned(),
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
        let mean = |time: fn(&Incident) -> Option<TimeDelta>| {
            stats.mean_of(time).map_or_else(|| "unknown".to_owned(), exact_span)
        };
        first.push_str(&format!(
            "; bad {}, {} in all: seen after {}, decided after {}, healthy {} after that (on average)",
            match stats.incidents.len() {
                1 => "once".to_owned(),
                2 => "twice".to_owned(),
                times => format!("{times} times"),
            },
            exact_span(stats.outage()),
            mean(Incident::to_detect),
            mean(Incident::to_decide),
            mean(Incident::to_restore)
        ));
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
        last.push(format!("a step takes {}", steps.join("; ")));
    }
    let mut rules: Vec<String> = stats.rules.iter().map(|(rule, count)| format!("{rule} {count}")).collect();
    if stats.within_rules > 0 {
        rules.push(format!("none {}", stats.within_rules));
    }
    if !rules.is_empty() {
        last.push(format!("rolled back or reverted, by the rule that was set aside: {}", rules.join(", ")));
    }
    lines.extend(last);
    lines.into_iter().map(|line| format!("{}: {line}", own_words(name))).collect()
}
