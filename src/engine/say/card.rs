//! The card of a window: how it stands at one glance, with its queue as a table. It follows from the state alone and names
//! no moment but those that are in it, so that it changes when something happens and not as time passes.

use super::super::id::Who;
use super::super::order;
use super::super::patch::{Patch, Stage};
use super::super::plan::{Act, watch_time};
use super::super::state::State;
use super::super::window::Window;
use super::super::words;
use super::{names, no, own_words, run, short_name};

/// How a window stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// Which window, until when, and who leads it.
    pub head: String,
    /// What stops it, what is in motion, and who is waited for.
    pub lines: Vec<String>,
    /// The queue in running order, one row a patch.
    pub rows: Vec<[String; 4]>,
}

/// What the columns of the queue are.
pub const COLUMNS: [&str; 4] = ["#", "patch", "owner", "state"];

/// The card of a window that is on.
pub fn card(state: &State, window: &Window) -> Card {
    let mut lines: Vec<String> =
        window.holds.iter().map(|hold| format!("HELD: {}", no::hold(hold))).collect();
    lines.extend(now(window));
    let silent = silent(window);
    if !silent.is_empty() {
        lines.push(format!("not here yet: {}", names(silent)));
    }
    Card { head: super::window::head(window), lines, rows: rows(state, window) }
}

/// The card of a window that is over, as it was at its end; `summary` says how it went.
pub fn over(state: &State, window: &Window, summary: &str) -> Card {
    Card { head: summary.to_owned(), lines: Vec::new(), rows: rows(state, window) }
}

fn rows(state: &State, window: &Window) -> Vec<[String; 4]> {
    let running = order::running_order(state, window);
    let running = running.into_iter().filter_map(|change| window.patch(change));
    let skipped = window.patches.iter().filter(|patch| matches!(patch.stage, Stage::Skipped { .. }));
    let row = |patch: &Patch| {
        [
            format!("#{}", patch.ticket),
            super::patch_and_title(state, patch),
            short_name(patch.owner()).to_owned(),
            run::stage(patch),
        ]
    };
    running.chain(skipped).map(row).collect()
}

/// What is in motion, and who is waited for.
fn now(window: &Window) -> Option<String> {
    let lead = window.lead.as_ref().map(|lead| short_name(&lead.who));
    let waiting_for = |who: Option<&str>| format!("waiting for {}", who.unwrap_or("a deployer"));
    if let Some(rollback) = &window.rollback {
        let (number, step) = rollback.current()?;
        let unknown = step.going.as_ref().filter(|going| going.is_unknown).map(|_| "UNKNOWN, ".to_owned());
        let waits = failed(step.failed.as_deref()).or(unknown).unwrap_or_default();
        let of = rollback.steps.len();
        let what = run::back_step_name(step);
        return Some(format!("rolling back, r{number} of {of}: {what}, {waits}{}", waiting_for(lead)));
    }
    if let Some(patch) = window.moving() {
        let (_, step) = patch.current()?;
        let who = match step.act {
            _ if step.failed.is_some() => waiting_for(lead),
            _ if step.is_unknown() => format!("UNKNOWN whether it went through, {}", waiting_for(lead)),
            Act::Verify => waiting_for(Some(short_name(patch.owner()))),
            Act::Merge => waiting_for(Some("MERGED")),
            Act::Watch { seconds } => {
                let since = patch.step_since?;
                format!("until {} UTC", words::clock(since + watch_time(seconds + patch.health.added)))
            }
            _ if step.is_running() => "running".to_owned(),
            Act::Health { ref checks } if !checks.is_empty() => "looking at the health".to_owned(),
            Act::Review | Act::Sync { .. } | Act::Health { .. } => waiting_for(lead),
        };
        let failed = failed(step.failed.as_deref()).unwrap_or_default();
        return Some(format!("{} {}, {failed}{who}", patch.change, run::stage(patch)));
    }
    if window.lead.is_none() {
        return Some(waiting_for(None));
    }
    if !window.is_running() {
        return Some(format!("not started, {}", waiting_for(lead)));
    }
    let waits = window.waiting().next().is_some();
    Some(if waits {
        format!("nothing is in motion, {}", waiting_for(lead))
    } else {
        "nothing is left".to_owned()
    })
}

fn failed(why: Option<&str>) -> Option<String> {
    why.map(|why| format!("FAILED ({}), ", own_words(why)))
}

/// The owners who were asked and have not answered, each once.
fn silent(window: &Window) -> Vec<&Who> {
    let mut silent: Vec<&Who> = Vec::new();
    for patch in window.waiting().chain(window.moving()) {
        let who = patch.owner();
        let presence = window.presence.get(who);
        let is_asked =
            presence.is_some_and(|it| !it.asked.is_empty() && !matches!(it.answer, Some((_, true))));
        if is_asked && !window.led_by(who) && !silent.contains(&who) {
            silent.push(who);
        }
    }
    silent
}
