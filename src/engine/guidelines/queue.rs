//! Rules about room in the queue and time in the window.

use chrono::TimeDelta;

use super::words::{clock, command};
use super::{Case, Finding, Level, RuleId, level};
use crate::engine::facts::Facts;
use crate::engine::id::{At, ChangeNumber};
use crate::engine::kind::{PatchKind, kind, mends};
use crate::engine::patch::{Patch, Stage};
use crate::engine::settings::Settings;
use crate::engine::state::State;
use crate::engine::window::Window;

/// The places of a window: how many are taken, and how many there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Places {
    /// Taken.
    pub taken: u32,
    /// In all.
    pub limit: u32,
}

/// Counts the places that are taken in a window (G1, G2).
pub fn places(settings: &Settings, state: &State, window: &Window) -> Places {
    let taken = window.taking_part().filter(|patch| counts(settings, state, window, patch)).count();
    Places { taken: u32::try_from(taken).unwrap_or(u32::MAX), limit: window.occurrence.limit }
}

/// Whether a patch of the queue takes a place: the revert of what is owed or of what this window put out takes none, nor
/// does what only Beta reads, and with `branch-counts` off the second pick of a change takes none either.
fn counts(settings: &Settings, state: &State, window: &Window, patch: &Patch) -> bool {
    let Some(facts) = state.last_facts(patch.change) else { return true };
    takes_place(settings, state, window, facts) && {
        let mut earlier = window.patches.iter().take_while(|other| other.change != patch.change);
        level(settings, RuleId::BranchCounts) != Level::Off
            || !earlier.any(|other| is_pick(state, window, other.change, facts))
    }
}

fn takes_place(settings: &Settings, state: &State, window: &Window, facts: &Facts) -> bool {
    kind(&settings.policy, &facts.change) != PatchKind::BetaOnly && !mends(facts, state, window)
}

/// Whether `other` takes part and is the same change on another branch.
fn is_pick(state: &State, window: &Window, other: ChangeNumber, facts: &Facts) -> bool {
    let change = &facts.change;
    let takes_part =
        || window.patch(other).is_some_and(|patch| !matches!(patch.stage, Stage::Skipped { .. }));
    other != change.number
        && takes_part()
        && state.last_facts(other).is_some_and(|theirs| {
            theirs.change.change_id == change.change_id && theirs.change.project == change.project
        })
}

/// G1, G3: no more patches than the window has places.
pub(super) fn window_limit(case: &Case<'_>) -> Finding {
    let Places { taken, limit } = places(case.settings, case.state, case.window);
    let id = case.window.id();
    let place = match (case.patch, case.facts) {
        (Some(patch), _) => {
            if !counts(case.settings, case.state, case.window, patch) {
                return Finding::NotNeeded;
            }
            // One that waits is judged with those that came before it, or a lower limit would name them all.
            let before = case.window.taking_part().filter(|other| other.ticket < patch.ticket);
            let before = before.filter(|other| counts(case.settings, case.state, case.window, other)).count();
            u32::try_from(before).unwrap_or(u32::MAX).saturating_add(1)
        }
        (None, Ok(facts)) => {
            let second =
                level(case.settings, RuleId::BranchCounts) == Level::Off && first_pick(case, facts).is_some();
            if second || !takes_place(case.settings, case.state, case.window, facts) {
                return Finding::NotNeeded;
            }
            taken.saturating_add(1)
        }
        (None, Err(_)) => taken.saturating_add(1),
    };
    if place <= limit {
        return Finding::pass(format!("place {place} of {limit}"));
    }
    let change = case.change;
    Finding::fail(
        format!("{change} would be number {place} in {id}, which has {limit} places"),
        format!(
            "{} names another window; a manager says {}",
            command(case, "windows"),
            command(case, &format!("limit {place}"))
        ),
    )
}

/// G2: a pick to a second branch takes a second place.
pub(super) fn branch_counts(case: &Case<'_>, facts: &Facts) -> Finding {
    let Some(first) = first_pick(case, facts) else { return Finding::NotNeeded };
    let branch = case.state.last_facts(first).map_or("", |facts| facts.change.branch.as_str());
    let number = case.change;
    Finding::note(format!("{number} takes a place besides {first} on {}", super::short_branch(branch)), "")
}

fn first_pick(case: &Case<'_>, facts: &Facts) -> Option<ChangeNumber> {
    let mut picks = case.window.taking_part().map(|patch| patch.change);
    picks.find(|other| is_pick(case.state, case.window, *other, facts))
}

/// When it would be this patch's turn, if each before it takes as long as they do.
fn turn(case: &Case<'_>) -> At {
    if case.starting {
        return case.at.max(case.window.occurrence.starts);
    }
    let ahead = case.window.waiting().take_while(|patch| patch.change != case.change).count();
    turn_after(case.settings, case.window, case.at, ahead)
}

/// When it would be the turn of a patch with so many before it, besides the one in motion.
fn turn_after(settings: &Settings, window: &Window, at: At, ahead: usize) -> At {
    let now = at.max(window.occurrence.starts);
    let time = settings.policy.patch_time;
    let moving = window.moving().map_or(TimeDelta::zero(), |patch| {
        let since = patch.started.unwrap_or(now);
        (since + time - now).max(TimeDelta::zero())
    });
    now + moving + time * i32::try_from(ahead).unwrap_or(i32::MAX)
}

/// Whether so many more patches would still be started in time, as far as `last_start` can tell.
pub fn has_time_for(settings: &Settings, window: &Window, at: At, more: usize) -> bool {
    let last = window.occurrence.ends - settings.policy.last_start;
    let ahead = (window.waiting().count() + more).saturating_sub(1);
    at <= last && (!window.is_on() || turn_after(settings, window, at, ahead) <= last)
}

/// G4: what would end after the window is said.
pub(super) fn time_budget(case: &Case<'_>) -> Finding {
    let end = turn(case) + case.policy().patch_time;
    let over = case.window.occurrence.ends;
    if end <= over {
        return Finding::pass(format!("done by about {}", clock(end)));
    }
    let change = case.change;
    Finding::fail(
        format!("{change} would end about {}, the window ends at {}", clock(end), clock(over)),
        if case.starting { command(case, "extend 15m") } else { command(case, "windows") },
    )
}

/// G5: no patch starts in the last minutes. The revert of what is owed, or of what this window put out, does: it mends.
pub(super) fn last_start(case: &Case<'_>) -> Finding {
    let last = case.window.occurrence.ends - case.policy().last_start;
    if case.facts.is_ok_and(|facts| mends(facts, case.state, case.window)) {
        return Finding::NotNeeded;
    }
    let change = case.change;
    let extend = command(case, "extend 15m");
    // The time is said in minutes, so the last of them counts to its end.
    let is_late = |at: At| at >= last + TimeDelta::minutes(1);
    if is_late(case.at) {
        let now = clock(case.at);
        return Finding::fail(
            format!("{now} is too late to start {change}, the last start was {}", clock(last)),
            if case.starting { extend } else { command(case, "windows") },
        );
    }
    let turn = turn(case);
    // Before the window the queue's length is only a guess, and its limit is a rule of its own.
    if case.window.is_on() && is_late(turn) {
        return Finding::fail(
            format!("{change} would start about {}, the last start is {}", clock(turn), clock(last)),
            format!("{}, or the lead says {extend}", command(case, "windows")),
        );
    }
    Finding::pass(format!("starts by {}", clock(last)))
}
