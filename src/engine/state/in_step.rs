//! What events change in the steps of a patch in motion: health and commands.

use super::in_window::{change_back_step, step_mut};
use crate::engine::event::{Event, Record, Sampled, Unseen};
use crate::engine::health::{Sample, Verdict};
use crate::engine::id::RowId;
use crate::engine::plan::{Act, Going, Step};
use crate::engine::window::Window;

/// Takes in what checks saw, and what follows from it.
pub(super) fn apply_to_health(window: &mut Window, record: &Record) {
    let at = record.at;
    match &record.event {
        Event::BaselineTaken { check, value } => {
            let patch = record.change.and_then(|change| window.patch_mut(change));
            match patch {
                Some(patch) => {
                    patch.health.baseline.insert(check.clone(), *value);
                }
                None => {
                    window.clean.insert(check.clone(), (*value, at));
                }
            }
        }
        Event::Sampled(Sampled { check, verdict, value, words, top }) => {
            let sample =
                Sample { at, verdict: *verdict, value: *value, words: words.clone(), top: top.clone() };
            window.health.insert(check.clone(), sample.clone());
            let going_back = window.rollback.is_some();
            let patch = record.change.and_then(|change| window.patch_mut(change));
            let of_step = |act: &Act| matches!(act, Act::Health { checks } if checks.contains(check));
            if let Some(patch) = patch.filter(|patch| !going_back && patch.is_at(of_step)) {
                patch.health.take(check, sample);
            }
        }
        Event::HealthJudged { step, verdict, words, .. } => {
            window.countdown = None;
            if let Some(patch) = record.change.and_then(|change| window.patch_mut(change)) {
                patch.health.said = Some(*verdict);
                if *verdict == Verdict::Unhealthy {
                    patch.health.times_bad += 1;
                    if let Some(step) = step_mut(patch, *step) {
                        step.failed = Some(words.clone());
                        step.begun = true;
                    }
                }
            }
        }
        Event::Soaked { seconds, .. } => {
            if let Some(patch) = record.change.and_then(|change| window.patch_mut(change)) {
                patch.health.added += seconds;
            }
        }
        Event::RollbackCounted { until } => {
            let again = window.countdown.is_some();
            window.countdown = Some((*until, again));
        }
        Event::RollbackCancelled
        | Event::RollbackStarted { .. }
        | Event::StepRetried { .. }
        | Event::HealthOverridden { .. } => window.countdown = None,
        Event::LockStolen { .. } => window.robbed = true,
        Event::EmergencyReported { words } => {
            if let Some(emergency) = &mut window.emergency {
                emergency.report = Some(words.clone());
            }
        }
        Event::RolledBack { .. } | Event::Live => window.robbed = false,
        // Whoever goes on, which is refused while another window has the lock, has it from here on.
        Event::PatchStarted { .. } | Event::StepIntended { .. } => window.robbed = false,
        // Whoever names what became of a step that nobody knew of goes on with nothing.
        Event::StepDone { step, .. } if record.by.network.is_some() => {
            let patch = record.change.and_then(|change| window.patch(change));
            let step = patch.and_then(|patch| patch.steps.get((*step as usize).checked_sub(1)?));
            window.robbed &= step.is_some_and(Step::is_unknown);
        }
        _ => {}
    }
}

/// Takes in what became of commands.
pub(super) fn apply_to_program(window: &mut Window, record: &Record, row: RowId) {
    let at = record.at;
    match &record.event {
        Event::StepIntended { step, .. } => {
            window.advanced = Some(at);
            let patch = record.change.and_then(|change| window.patch_mut(change));
            if let Some(step) = patch.and_then(|patch| step_mut(patch, *step)) {
                step.begun = true;
                step.failed = None;
                step.going = Some(Going::new(row, at));
            }
        }
        Event::BackStepIntended { step, .. } => {
            window.advanced = Some(at);
            change_back_step(window, *step, |step| {
                step.failed = None;
                step.going = Some(Going::new(row, at));
            });
        }
        Event::StepProgressed { row, .. } => {
            change_going(window, *row, |going| {
                if let Some(going) = going {
                    going.told = Some(at);
                }
            });
        }
        Event::StepUnknown(Unseen { row, still }) => {
            change_going(window, *row, |going| {
                if let Some(going) = going {
                    going.is_unknown = true;
                    going.still.clone_from(still);
                }
            });
        }
        Event::StepLeft(Unseen { row, .. }) => {
            change_going(window, *row, |going| {
                if let Some(going) = going {
                    going.is_left = true;
                }
            });
        }
        Event::StepRan { row, .. } => change_going(window, *row, |going| *going = None),
        _ => {}
    }
}

/// Changes the command whose intent is that row.
fn change_going(window: &mut Window, row: RowId, change: impl Fn(&mut Option<Going>)) {
    let steps = window.patches.iter_mut().flat_map(|patch| &mut patch.steps).map(|step| &mut step.going);
    let back = window.rollback.iter_mut().flat_map(|back| &mut back.steps).map(|step| &mut step.going);
    for going in steps.chain(back) {
        if going.as_ref().is_some_and(|going| going.row == row) {
            change(going);
        }
    }
}
