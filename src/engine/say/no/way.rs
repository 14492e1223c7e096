//! Refusals about what is in the way of a start: another patch in motion, what is merged and not deployed.

use super::super::super::event::Debt;
use super::super::super::id::ChangeNumber;
use super::super::super::patch::Patch;
use super::super::super::window::Window;
use super::super::{Refusal, command, handle};

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

/// Another patch is in motion, here or in another window: there is one production.
pub fn busy(prefix: &str, here: &Window, other: &Window, patch: &Patch) -> Refusal {
    let steps = command(prefix, "steps");
    let place = there(here, other);
    Refusal::new("busy", format!("{} is in motion{place}, one at a time. {steps}", patch.change))
}

/// Another window goes back.
pub fn going_back(here: &Window, other: &Window, change: ChangeNumber) -> Refusal {
    let place = there(here, other);
    Refusal::new("rollback", format!("{change} is going back{place}, nothing starts before that is done"))
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
