//! Rules about who is there.

use super::words::command;
use super::{Case, Finding};

/// G14: whoever is on point is in the room, or left a test plan.
pub(super) fn owner_present(case: &Case<'_>) -> Finding {
    let owner = &case.wish.owner;
    let gone = case.window.gone(owner).is_some();
    if case.lead == Some(owner) && !gone {
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
        format!("{} waits for {owner}, who is {}", case.change, if gone { "gone" } else { "not here" }),
        format!("{owner}: {}", command(case, "here")),
    )
}

/// G15: somebody leads the window.
pub(super) fn deployer_present(case: &Case<'_>) -> Finding {
    match case.lead {
        Some(lead) if case.window.gone(lead).is_some() => Finding::fail(
            format!("{} waits for its lead, {lead}, who is gone", case.window.id()),
            format!("another deployer: {}", command(case, &format!("claim {}", case.window.id()))),
        ),
        Some(lead) => Finding::pass(format!("{lead} leads")),
        None => Finding::fail(
            format!("{} has no lead", case.window.id()),
            command(case, &format!("claim {}", case.window.id())),
        ),
    }
}
