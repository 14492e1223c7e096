//! Refusals about what stops and what goes back: freezes, rollback, the ledger, an order with one that left.

use super::super::super::id::{ChangeNumber, OccurrenceId};
use super::super::super::patch::Patch;
use super::super::super::state::Freeze;
use super::super::{Refusal, command, own_words};

/// A freeze stops what is in motion too.
pub fn frozen(prefix: &str, freeze: &Freeze, moving: Option<ChangeNumber>) -> Refusal {
    let thaw = command(prefix, &format!("thaw F{}", freeze.number));
    let back = moving.map(|change| format!("{}, or ", command(prefix, &format!("rollback {change}"))));
    let until = freeze.to.format("%Y-%m-%d %H:%M");
    let text = format!(
        "frozen until {until} UTC (F{}: {}). {}a manager says {thaw}",
        freeze.number,
        own_words(&freeze.reason),
        back.unwrap_or_default()
    );
    Refusal::new("freeze", text)
}

/// It is merged and queued: its turn settles it.
pub fn settle_queued(prefix: &str, patch: &Patch) -> Refusal {
    let change = patch.change;
    let skip = command(prefix, &format!("skip {change} WHY"));
    Refusal::new(
        "queued",
        format!("{change} is queued, its turn settles it. To leave it as it is, {skip} first"),
    )
}

/// It went out in a window that is over.
pub fn went_out_lately(prefix: &str, change: ChangeNumber, window: &OccurrenceId) -> Refusal {
    let back = command(prefix, &format!("rollback {change} WHY"));
    Refusal::new("window-over", format!("{change} went out in {window}, which is over. {back} takes it back"))
}

/// A patch that goes first is not out, and will not be in this window as things stand.
pub fn declared_first(prefix: &str, change: ChangeNumber, before: ChangeNumber, why: &str) -> Refusal {
    let free = command(prefix, &format!("independent {before} {change} WHY"));
    let skip = command(prefix, &format!("skip {change} WHY"));
    let text = format!(
        "{before} goes before {change} ({why}) and does not go out in this window. {free}, or {skip}"
    );
    Refusal::new("order", text)
}

/// Nothing to take back.
pub fn nothing_to_roll_back(prefix: &str, change: ChangeNumber) -> Refusal {
    let words = command(prefix, &format!("skip {change} WHY"));
    Refusal::new("nothing-to-roll-back", format!("{change} has touched no host. {words}"))
}

/// Bare `rollback`, and nothing in motion has touched a host.
pub fn which_rollback(prefix: &str, last: &[&Patch]) -> Refusal {
    if last.is_empty() {
        return Refusal::new("nothing-to-roll-back", "no patch of this window has touched a host");
    }
    let named: Vec<String> =
        last.iter().map(|patch| command(prefix, &format!("rollback {}", patch.change))).collect();
    Refusal::new("which", format!("nothing in motion is on a host. The last that were: {}", named.join(", ")))
}

/// Not in the ledger.
pub fn not_in_ledger(prefix: &str, change: &str) -> Refusal {
    let text = format!("{change} is not in the ledger. {}", command(prefix, "ledger"));
    Refusal::new("not-in-ledger", text)
}

/// No such freeze.
pub fn no_freeze(number: u32, known: &[String]) -> Refusal {
    let known = if known.is_empty() { "there is none".to_owned() } else { known.join("; ") };
    Refusal::new("no-freeze", format!("there is no freeze F{number}: {known}"))
}
