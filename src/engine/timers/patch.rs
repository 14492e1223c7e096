//! What is due for the patch in motion: its owner, its review, its health, its countdown.

use chrono::TimeDelta;

use super::{BLIND_FOR, Due};
use crate::engine::decide::Turn;
use crate::engine::health;
use crate::engine::id::At;
use crate::engine::patch::Patch;
use crate::engine::plan::{Act, watch_time};
use crate::engine::settings::Settings;
use crate::engine::state::State;
use crate::engine::window::Window;

/// The countdown is said again so long before its end.
const SAID_AGAIN: TimeDelta = TimeDelta::seconds(10);

/// Lists it.
pub(super) fn list(
    settings: &Settings,
    state: &State,
    window: &Window,
    patch: &Patch,
    at: At,
    due: &mut Vec<(At, Due)>,
) {
    let Some((number, step)) = patch.current() else { return };
    let Some(since) = patch.step_since else { return };
    let id = window.id().clone();
    let nag = |after: TimeDelta| (since + after, Due::Nag(id.clone(), patch.change, number));
    if let Some((until, again)) = window.countdown.filter(|_| window.rollback.is_none()) {
        let soon = until - SAID_AGAIN;
        if !again && soon > at - SAID_AGAIN {
            due.push((soon, Due::CountDown(id.clone(), patch.change)));
        }
        due.push((until, Due::GoBack(id.clone(), patch.change)));
    }
    match &step.act {
        Act::Review => {
            if patch.nagged.is_none() {
                due.push(nag(settings.timers.review));
            }
            let turn = Turn::of_bot(settings, state, at);
            let (_, points) = turn.judge(window, patch, true);
            due.extend(points.iter().filter_map(|point| point.until).map(|until| (until, Due::Look)));
        }
        Act::Verify if patch.nagged.is_none() => due.push(nag(settings.timers.verify)),
        // Whoever waits for MERGED must hear that nobody can see it.
        Act::Merge if patch.nagged.is_none() => {
            let blind = state.known.get(&patch.change).filter(|known| known.fault.is_some());
            due.extend(
                blind.map(|known| {
                    (known.at.max(since) + BLIND_FOR, Due::Nag(id.clone(), patch.change, number))
                }),
            );
        }
        Act::Watch { seconds }
            if window.holds.is_empty() && window.rollback.is_none() && step.failed.is_none() =>
        {
            let time = watch_time(*seconds + patch.health.added);
            due.push((since + time, Due::Watched(id, patch.change, number)));
        }
        Act::Health { checks } if !checks.is_empty() && step.failed.is_none() => {
            let looks = health::looks(settings, patch, checks, since);
            due.extend(looks.into_iter().filter(|when| *when > at).map(|when| (when, Due::Look)));
        }
        _ => {}
    }
}

/// Since when a window waits for its lead, where something in it does.
pub(super) fn waits_for_lead(window: &Window) -> Option<At> {
    if let Some(rollback) = &window.rollback {
        let runs = rollback.current().is_some_and(|(_, step)| step.is_running());
        return Some(rollback.at).filter(|_| !runs);
    }
    let patch = window.moving()?;
    let (_, step) = patch.current()?;
    if step.is_running() {
        return None;
    }
    match &step.act {
        act if act.is_manual() || *act == Act::Merge => patch.step_since,
        // The owner's time is over, and the lead was told to choose.
        Act::Verify => patch.nagged,
        // It is bad, or unknown, and the lead was told to choose.
        Act::Health { .. } if patch.health.said.is_some() => patch.step_since,
        _ => None,
    }
}
