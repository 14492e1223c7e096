//! What events change in the steps of a patch in motion: health, commands, and the clock of what is bad.

use super::in_window::{change_back_step, step_mut};
use crate::engine::event::{Event, Record, Sampled, Unseen};
use crate::engine::health::{Sample, Verdict};
use crate::engine::id::{At, RowId};
use crate::engine::incident::Incident;
use crate::engine::patch::Patch;
use crate::engine::plan::{Act, Going};
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
        Event::StepDone { .. } if record.by.network.is_some() => window.robbed = false,
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

/// Keeps the clock of what is bad.
pub(super) fn apply_to_incident(window: &mut Window, record: &Record) {
    let at = record.at;
    match &record.event {
        Event::HealthJudged { verdict: Verdict::Unhealthy, .. } | Event::Broken { .. }
            if window.incident.is_none() =>
        {
            let patch = record.change.and_then(|change| window.patch(change));
            window.incident = patch.map(|patch| incident_of(patch, at, &record.event));
        }
        // Healthy at another look, or taken as it is: nothing goes back for it.
        Event::HealthJudged { verdict: Verdict::Healthy, .. } => is_over(window, at, true),
        Event::HealthOverridden { .. } => is_over(window, at, false),
        // It was something else: nothing goes back for it.
        Event::Resumed { .. } if window.rollback.is_none() && is_undecided(window) => {
            is_over(window, at, true)
        }
        Event::RollbackStarted { .. } => {
            if let Some(incident) = &mut window.incident {
                incident.decided.get_or_insert(at);
            }
        }
        Event::RolledBack { .. } => {
            let looks = |patch: &Patch| patch.steps.iter().any(|step| !step.checks().is_empty());
            let patch = window.incident.as_ref().and_then(|incident| window.patch(incident.change));
            let is_looked_at = patch.is_some_and(looks);
            if let Some(incident) = &mut window.incident {
                incident.off.get_or_insert(at);
            }
            // Where nothing else can tell, it is well again when it is off.
            if !is_looked_at {
                is_over(window, at, true);
            }
        }
        Event::Restored { .. } => is_over(window, at, true),
        _ => {}
    }
}

fn is_undecided(window: &Window) -> bool {
    window.incident.as_ref().is_some_and(|incident| incident.decided.is_none())
}

fn is_over(window: &mut Window, at: At, is_restored: bool) {
    if let Some(mut incident) = window.incident.take() {
        incident.decided.get_or_insert(at);
        incident.restored = is_restored.then_some(at);
        window.incidents.push(incident);
    }
}

fn incident_of(patch: &Patch, at: At, event: &Event) -> Incident {
    let current = patch.current().map(|(number, _)| number);
    let mut stages: Vec<String> = Vec::new();
    let mut out = None;
    for (number, step) in (1..).zip(&patch.steps) {
        if let Act::Sync { stage, .. } = &step.act
            && step.is_on_hosts(current == Some(number))
        {
            out = step.done.as_ref().map(|done| done.at).or(out);
            if !stages.contains(stage) {
                stages.push(stage.clone());
            }
        }
    }
    let is_broken = matches!(event, Event::Broken { .. });
    let first = patch.health.first_bad().filter(|_| !is_broken).unwrap_or(at);
    let change = patch.change;
    let is_measured = patch.is_automatic();
    Incident { change, stages, out, first, told: at, decided: None, off: None, restored: None, is_measured }
}
