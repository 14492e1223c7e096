//! What is said of all windows together, in three lines.

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
    let mut first = format!(
        "{} windows, {} live ({} each{}), {} rolled back",
        stats.windows,
        live.count,
        exact_span(live.mean()),
        over(&live),
        stats.back()
    );
    if !stats.incidents.is_empty() {
        let mean = |time: fn(&Incident) -> Option<TimeDelta>| {
            stats.mean_of(time).map_or_else(|| "unknown".to_owned(), exact_span)
        };
        first.push_str(&format!(
            "; bad {} in all, {} times: seen after {}, decided after {}, well again after {} (on average)",
            exact_span(stats.outage()),
            stats.incidents.len(),
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
            format!(
                "{who} {} live ({} each{}){back}",
                one.live.count,
                exact_span(one.live.mean()),
                over(&one.live)
            )
        })
        .collect();
    if !deployers.is_empty() {
        lines.push(deployers.join("; "));
    }
    let steps: Vec<String> = stats
        .steps
        .iter()
        .map(|(step, times)| format!("{} {}", own_words(step), exact_span(times.mean())))
        .collect();
    let mut last = Vec::new();
    if !steps.is_empty() {
        last.push(format!("a step takes {}", steps.join(", ")));
    }
    let rules: Vec<String> = stats.rules.iter().map(|(rule, count)| format!("{rule} {count}")).collect();
    if !rules.is_empty() {
        last.push(format!("rolled back after a rule was set aside: {}", rules.join(", ")));
    }
    if !last.is_empty() {
        lines.push(last.join("; "));
    }
    lines.into_iter().map(|line| format!("{}: {line}", own_words(name))).collect()
}
