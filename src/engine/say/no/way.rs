//! Refusals about what is in the way of a start: another patch in motion, what is merged and not deployed.

use super::super::super::event::Debt;
use super::super::super::id::ChangeNumber;
use super::super::super::patch::Patch;
use super::super::super::window::Window;
use super::super::super::words;
use super::super::{Refusal, command, handle, short_name};

/// ` in 2026-11-23/evening`, where that is not the window spoken of; with its room, where it is in none of the same.
fn there(here: &Window, other: &Window) -> String {
    if here.id() == other.id() {
        return String::new();
    }
    let rooms = &other.occurrence.rooms;
    let is_shared = rooms.iter().any(|room| here.occurrence.rooms.contains(room));
    match rooms.first().filter(|_| !is_shared) {
        Some(room) => format!(" in {} ({})", other.id(), room.0),
        None => format!(" in {}", other.id()),
    }
}

/// Another patch is in motion.
pub fn busy(prefix: &str, patch: &Patch) -> Refusal {
    let steps = command(prefix, "steps");
    Refusal::new("busy", format!("{} is in motion, one at a time. {steps}", patch.change))
}

/// Another window has something in motion on the same target: who, since when, and who can change that.
pub fn locked(prefix: &str, target: &str, here: &Window, holder: &Window) -> Refusal {
    let lead = holder.lead.as_ref().map_or("nobody leads", |lead| short_name(&lead.who));
    let back = holder.rollback.as_ref().and_then(|back| back.current()).map(|(_, step)| step.change);
    let what = match (back, holder.moving()) {
        (Some(change), _) => format!("{change} is going back"),
        (None, Some(patch)) => {
            let since = patch.started.map(|since| format!(" since {} UTC", words::clock(since)));
            format!("{} is in motion{}", patch.change, since.unwrap_or_default())
        }
        (None, None) => "something moves".to_owned(),
    };
    let place = there(here, holder);
    let steal = command(prefix, &format!("steal {} WHY", holder.id()));
    Refusal::new("lock", format!("{target} is locked, {what}{place}, lead {lead}. A manager: {steal}"))
}

/// Where a change that is merged and not deployed waits for its turn.
#[derive(Clone, Copy, Debug)]
pub enum Waits<'a> {
    /// In no queue.
    Nowhere,
    /// In this window.
    Here(&'a Patch),
    /// In another one.
    There(&'a Window),
}

/// Something is merged and not deployed. What is of the same repository rides along with the next sync; of another it
/// may be said that the two have nothing to do with each other.
pub fn in_ledger(
    prefix: &str,
    here: &Window,
    waits: ChangeNumber,
    (blocks, debt): (ChangeNumber, Debt),
    place: Waits<'_>,
    rides_along: bool,
) -> Refusal {
    let how = match debt {
        Debt::RolledBack => "was rolled back and is still merged",
        Debt::Merged | Debt::MergedEarly => "is merged and not deployed",
    };
    let rides = if rides_along { format!(", and would ride along with {waits}") } else { String::new() };
    let way = match place {
        Waits::Here(patch) => {
            let next = command(prefix, &format!("check {} deployer", handle(patch)));
            format!("{next} takes it next, or {}", command(prefix, &format!("skip {blocks} WHY")))
        }
        Waits::There(other) => {
            let words = command(prefix, &format!("move {blocks} to {}", here.id()));
            format!("It waits{}: it goes out there first, or {words}", there(here, other))
        }
        Waits::Nowhere => {
            format!("Merge its revert, or {}", command(prefix, &format!("settle {blocks} keep WHY")))
        }
    };
    let free = if rides_along {
        String::new()
    } else {
        format!("; unrelated: {}", command(prefix, &format!("independent {waits} {blocks} WHY")))
    };
    Refusal::new("ledger", format!("{blocks} {how}{rides}. {way}{free}"))
}
