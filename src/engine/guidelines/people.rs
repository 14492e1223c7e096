//! Rules about who is there.

use super::words::command;
use super::{Case, Finding};

/// G14: whoever is on point is in the room, or left a test plan.
pub(super) fn owner_present(case: &Case<'_>) -> Finding {
    let owner = &case.wish.owner;
    if case.lead == Some(owner) {
        return Finding::pass(format!("{owner} leads"));
    }
    let from = case.window.occurrence.starts - case.settings.timers.here_before;
    if case.window.is_here(owner, from) {
        return Finding::pass(format!("{owner} is here"));
    }
    if case.wish.test.is_some() {
        return Finding::pass("has a test plan");
    }
    Finding::fail(
        format!("{} waits for {owner}, who is not here", case.change),
        format!("{owner}: {}", command(case, "here")),
    )
}

/// G15: somebody leads the window.
pub(super) fn deployer_present(case: &Case<'_>) -> Finding {
    match case.lead {
        Some(lead) => Finding::pass(format!("{lead} leads")),
        None => Finding::fail(
            format!("{} has no lead", case.window.id()),
            command(case, &format!("claim {}", case.window.id())),
        ),
    }
}
