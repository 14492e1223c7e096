//! What events change in one occurrence: its queue, its patches, its steps, its holds.

use chrono::TimeDelta;

use super::clock::apply_to_clock;
use super::in_step::{apply_to_health, apply_to_program};
use crate::engine::event::{BackStep, Event, Record};
use crate::engine::health::Health;
use crate::engine::id::{At, ChangeNumber, RoomId, RowId, Who};
use crate::engine::patch::{Check, FileOrder, Override, Patch, Stage};
use crate::engine::plan::{Act, Done, Step};
use crate::engine::window::{Declared, Gone, Hold, Lead, Phase, Rollback, Window};

/// Puts a patch into the queue: at its end, or for a revert before all that wait.
pub(super) fn place(window: &mut Window, patch: Patch, ticket: u32, first: bool) {
    let change = patch.change;
    window.next_ticket = window.next_ticket.max(ticket + 1);
    window.places.retain(|other| *other != change);
    window.patches.retain(|other| other.change != change);
    window.patches.push(patch);
    window.patches.sort_by_key(|patch| patch.ticket);
    if first {
        let taken = |other: &ChangeNumber| {
            window.patch(*other).is_some_and(|patch| !matches!(patch.stage, Stage::Queued))
        };
        let place = window.places.iter().take_while(|other| taken(other)).count();
        window.places.insert(place, change);
    } else {
        window.places.push(change);
    }
}

/// Takes in what happened in one occurrence.
pub(super) fn apply_to_window(window: &mut Window, record: &Record, row: RowId) {
    let at = record.at;
    let who = &record.by.who;
    if let Some(lead) = &mut window.lead
        && lead.who == *who
    {
        lead.heard = at;
    }
    apply_to_clock(window, record);
    apply_to_health(window, record);
    apply_to_program(window, record, row);
    match &record.event {
        Event::LeadSpoke | Event::OwnerSpoke => {}
        Event::Gone { who, how, why } => {
            for person in who {
                let gone = Gone { at, how: *how, why: why.clone() };
                window.presence.entry(person.clone()).or_default().gone = Some(gone);
            }
        }
        Event::Back { who, room } => {
            for person in who {
                let presence = window.presence.entry(person.clone()).or_default();
                presence.gone = None;
                presence.room = Some(room.clone());
            }
        }
        Event::RoomsMoved { rooms } => {
            window.occurrence.rooms.clone_from(rooms);
            // Whoever was last heard in a room that is none of them can no longer be seen to leave it.
            let is_elsewhere = |room: &RoomId| !rooms.contains(room);
            for presence in
                window.presence.values_mut().filter(|it| it.room.as_ref().is_some_and(is_elsewhere))
            {
                presence.room = None;
                presence.gone = None;
            }
        }
        Event::Reminded { minutes } => window.reminded.push(*minutes),
        Event::WindowStarted { asked } => {
            window.phase = Phase::On { since: at };
            ask(window, asked, at);
        }
        Event::Pinged { who } => ask(window, who, at),
        Event::Claimed { .. } => {
            window.lead = Some(Lead { who: who.clone(), heard: at, handover: None });
            window.given_up = None;
        }
        Event::Unclaimed => {
            window.lead = None;
            window.given_up = Some(at);
        }
        Event::LeadNagged => window.nagged = Some(at),
        Event::HandoverOffered { to } => {
            if let Some(lead) = &mut window.lead {
                lead.handover = Some(to.clone());
            }
        }
        Event::RunStarted => {
            let since = match window.phase {
                Phase::On { since } | Phase::Running { since } => since,
                Phase::Planned => at,
            };
            window.phase = Phase::Running { since };
        }
        Event::Extended { until } => {
            window.occurrence.ends = *until;
            window.near_end = false;
            window.time_up = false;
        }
        Event::Limited { limit } => window.occurrence.limit = *limit,
        Event::NearEnd => window.near_end = true,
        Event::TimeUp => window.time_up = true,
        Event::Placed { places } => window.places.clone_from(places),
        Event::Ordered { before, after } => {
            forget_order(window, *before, *after);
            window.independent.retain(|pair| !same_pair(*pair, *before, *after));
            window.declared.push(Declared { before: *before, after: *after, by: who.clone(), at });
        }
        Event::Independent { a, b } => {
            forget_order(window, *a, *b);
            window.independent.push((*a, *b));
        }
        Event::Here | Event::Away => {
            let here = matches!(record.event, Event::Here);
            window.presence.entry(who.clone()).or_default().answer = Some((at, here));
            if here {
                window.unsaid.push(who.clone());
                window.unsaid_since.get_or_insert(at);
            }
        }
        Event::HereSaid => {
            window.unsaid.clear();
            window.unsaid_since = None;
        }
        Event::Slid { changes } => {
            window.places.retain(|change| !changes.contains(change));
            window.places.extend(changes);
            for change in changes {
                if let Some(patch) = window.patch_mut(*change) {
                    patch.slid = true;
                }
            }
        }
        Event::Held { hold, reason, cause } => {
            window.next_hold = hold + 1;
            window.stopped.get_or_insert(at);
            window.holds.push(Hold {
                number: *hold,
                by: who.clone(),
                at,
                reason: reason.clone(),
                cause: *cause,
                named: at,
            });
        }
        Event::HoldExplained { hold, reason } => {
            for held in window.holds.iter_mut().filter(|held| held.number == *hold) {
                held.reason = Some(reason.clone());
            }
        }
        Event::HoldNagged { hold } => {
            for held in window.holds.iter_mut().filter(|held| held.number == *hold) {
                held.named = at;
            }
        }
        Event::Resumed { hold, .. } => {
            window.holds.retain(|held| held.number != *hold);
            window.resumed = Some(at);
            if window.holds.is_empty() {
                go_on_watching(window, at);
            }
        }
        Event::RollbackStarted { steps, reason } => {
            window.stopped.get_or_insert(at);
            // A second one adds to the first, whose beginning stays its beginning.
            let new = Rollback { by: who.clone(), at, reason: reason.clone(), steps: steps.clone() };
            window.rollback = Some(match window.rollback.take() {
                Some(first) => Rollback {
                    reason: first.reason.or(new.reason),
                    steps: new.steps,
                    by: first.by,
                    at: first.at,
                },
                None => new,
            });
            window.advanced = Some(at);
        }
        Event::BackStepDone { step, .. } => {
            window.advanced = Some(at);
            change_back_step(window, *step, |step| {
                step.done = true;
                step.failed = None;
                step.going = None;
                step.by = Some((who.clone(), at, record.by.room.clone()));
            });
        }
        Event::BackStepFailed { step, why } => {
            change_back_step(window, *step, |step| {
                step.failed = Some(why.clone());
                step.going = None;
            });
        }
        Event::BackStepRetried { step } => change_back_step(window, *step, |step| step.failed = None),
        Event::RolledBack { changes } => {
            window.rollback = None;
            for change in changes {
                if let Some(patch) = window.patch_mut(*change) {
                    patch.stage = Stage::RolledBack;
                }
                if window.motion == Some(*change) {
                    window.motion = None;
                }
            }
        }
        Event::PatchStarted { .. }
        | Event::PutBack
        | Event::Live
        | Event::Skipped { .. }
        | Event::Removed { .. } => {
            apply_to_queue(window, record);
        }
        Event::StepDone { .. } => {
            if record.by.network.is_some() {
                window.advanced = Some(at);
            }
            apply_to_patch(window, record);
        }
        Event::PatchSetSeen { kept: false, .. } => {
            // What was said of the order of two patches was said of what they were.
            let declared = window.declared.iter().map(|order| (order.before, order.after));
            let pairs = declared.chain(window.independent.iter().copied());
            let of_this = pairs.filter(|(a, b)| [Some(*a), Some(*b)].contains(&record.change));
            let reopened: Vec<(ChangeNumber, ChangeNumber)> = of_this.collect();
            window.reopened.retain(|pair| !reopened.contains(pair));
            window.reopened.extend(reopened);
            apply_to_patch(window, record);
        }
        _ => apply_to_patch(window, record),
    }
    if record.by.network.is_some() {
        hear(window, record);
    }
}

/// Whoever acts is there, in the room they act in; in private they keep the one they had, or else are looked for in the
/// first room on their network.
fn hear(window: &mut Window, record: &Record) {
    let who = &record.by.who;
    let matters = window.led_by(who) || window.patches.iter().any(|patch| patch.owner() == who);
    if matters || window.presence.contains_key(who) {
        let mut rooms = window.occurrence.rooms.iter();
        let first = rooms.find(|room| record.by.network.as_deref() == Some(room.network()));
        let presence = window.presence.entry(who.clone()).or_default();
        presence.gone = None;
        presence.room = record.by.room.clone().or(presence.room.take()).or_else(|| first.cloned());
    }
}

/// The time on hold does not count for the patch that is watched.
fn go_on_watching(window: &mut Window, at: At) {
    let Some(stopped) = window.stopped.take() else { return };
    let Some(patch) = window.motion.and_then(|change| window.patch_mut(change)) else { return };
    if patch.is_at(|act| matches!(act, Act::Watch { .. })) {
        patch.step_since = patch.step_since.map(|since| at - (stopped - since).max(TimeDelta::zero()));
    }
}

/// What puts a patch in motion, or takes it out of motion or out of the queue.
fn apply_to_queue(window: &mut Window, record: &Record) {
    let Some(change) = record.change else { return };
    if window.motion == Some(change) {
        window.motion = None;
    }
    if let Event::Removed { .. } = record.event {
        window.places.retain(|other| *other != change);
        window.patches.retain(|patch| patch.change != change);
        return;
    }
    if let Event::PatchStarted { .. } = record.event {
        window.motion = Some(change);
    }
    apply_to_patch(window, record);
}

fn apply_to_patch(window: &mut Window, record: &Record) {
    let at = record.at;
    let who = &record.by.who;
    let Some(patch) = record.change.and_then(|change| window.patch_mut(change)) else { return };
    match &record.event {
        Event::PutBack => {
            let change = patch.change;
            patch.stage = Stage::Queued;
            window.places.retain(|other| *other != change);
            window.places.push(change);
        }
        Event::FilesOrdered { files, .. } => {
            patch.files = Some(FileOrder { files: files.clone(), by: who.clone() });
        }
        Event::Checked { item, note, not_needed, .. } => {
            let check = Check { by: who.clone(), at, note: note.clone(), not_needed: *not_needed };
            patch.checks.insert(item.clone(), check);
        }
        Event::Unchecked { item } => {
            patch.checks.remove(item);
        }
        Event::Overridden { rule, reason, .. } => {
            patch.overrides.insert(*rule, Override { by: who.clone(), reason: reason.clone() });
        }
        Event::PatchSetSeen { patch_set, kept } => {
            patch.patch_set = *patch_set;
            if !kept {
                // Only new content can cross a word on its way.
                patch.patch_set_at = at;
                patch.checks.clear();
                patch.overrides.clear();
                patch.files = None;
                patch.is_outdated = !patch.steps.is_empty();
                for step in patch.steps.iter_mut().filter(|step| step.act == Act::Review) {
                    step.done = None;
                }
            }
        }
        Event::PatchStarted { steps } => {
            patch.stage = Stage::Moving;
            patch.steps.clone_from(steps);
            patch.is_outdated = false;
            patch.started = Some(at);
            patch.step_since = Some(at);
            patch.nagged = None;
            patch.health = Health::default();
        }
        Event::StepsPlanned { steps } => {
            patch.steps.clone_from(steps);
            patch.is_outdated = false;
        }
        Event::StepDone { step, patch_set, note } => {
            let room = record.by.room.clone();
            let done = Done { by: who.clone(), at, patch_set: *patch_set, note: note.clone(), room };
            if let Some(step) = step_mut(patch, *step) {
                step.done = Some(done);
                step.failed = None;
                step.going = None;
            }
            patch.step_since = Some(at);
            patch.nagged = None;
            patch.health.start_again(true);
        }
        Event::StepFailed { step, why } => {
            if let Some(step) = step_mut(patch, *step) {
                step.failed = Some(why.clone());
                step.begun = true;
                step.going = None;
            }
        }
        Event::StepRetried { step } => {
            if let Some(step) = step_mut(patch, *step) {
                step.failed = None;
            }
            patch.step_since = Some(at);
            patch.health.start_again(false);
        }
        Event::Nagged { .. } => patch.nagged = Some(at),
        Event::Live => patch.stage = Stage::Live { at },
        Event::Skipped { reason, veto, .. } => {
            patch.stage = Stage::Skipped { reason: reason.clone(), veto: *veto, by: who.clone() };
        }
        _ => {}
    }
}

pub(super) fn step_mut(patch: &mut Patch, number: u32) -> Option<&mut Step> {
    patch.steps.get_mut((number as usize).checked_sub(1)?)
}

pub(super) fn change_back_step(window: &mut Window, number: u32, change: impl FnOnce(&mut BackStep)) {
    let step = window
        .rollback
        .as_mut()
        .and_then(|rollback| rollback.steps.get_mut((number as usize).checked_sub(1)?));
    if let Some(step) = step {
        change(step);
    }
}

fn ask(window: &mut Window, who: &[Who], at: At) {
    for person in who {
        window.presence.entry(person.clone()).or_default().asked.push(at);
    }
}

pub(super) fn forget_order(window: &mut Window, a: ChangeNumber, b: ChangeNumber) {
    window.declared.retain(|order| !same_pair((order.before, order.after), a, b));
    window.reopened.retain(|pair| !same_pair(*pair, a, b));
}

pub(super) fn same_pair(pair: (ChangeNumber, ChangeNumber), a: ChangeNumber, b: ChangeNumber) -> bool {
    pair == (a, b) || pair == (b, a)
}
