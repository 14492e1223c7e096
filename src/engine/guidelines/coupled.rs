//! Patches that belong together though nobody said so: an order is asked for, never guessed.

use super::{Case, Finding};
use crate::engine::facts::{Fact, Facts};
use crate::engine::order::open_couplings_of;
use crate::engine::say;

/// G8: neither of two patches that belong together starts before somebody says which is first.
pub(super) fn coupled(case: &Case<'_>, facts: &Facts) -> Finding {
    let change = case.change;
    let open = open_couplings_of(case.state, case.window, change);
    let Some(first) = open.first() else {
        return match &facts.diff {
            Some(Fact::Unknown(_)) if is_alone(case) => Finding::NotNeeded,
            Some(Fact::Unknown(why)) => Finding::unknown(format!("what {change} changes: {why}")),
            Some(Fact::Known(_)) | None => Finding::NotNeeded,
        };
    };
    let others: Vec<String> = open.iter().map(|coupling| coupling.other(change).to_string()).collect();
    let fix = say::coupled::answers(&case.settings.prefix, first);
    Finding::fail(format!("{change} waits for an order with {}", others.join(" and ")), fix)
}

/// Whether there is nothing to compare it with.
fn is_alone(case: &Case<'_>) -> bool {
    case.state.ledger.is_empty()
        && !case.window.waiting().chain(case.window.moving()).any(|patch| patch.change != case.change)
}
