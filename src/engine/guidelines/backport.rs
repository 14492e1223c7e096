//! Rules about a backport's way: merged on the main branch, run on the Beta Cluster, then picked.

use super::words::{clock, command};
use super::{Case, Finding};
use crate::engine::facts::{Brief, Fact, Facts, Status};
use crate::engine::kind::{PatchKind, settles};

/// The change on the main branch that this one is a pick of.
enum Main<'a> {
    NotNeeded,
    Merged(&'a Brief),
    Open(&'a Brief),
    Missing,
    Unknown(&'a str),
}

/// A revert of what is owed has no original: it takes back what only this branch has.
fn main<'a>(case: &Case<'_>, facts: &'a Facts) -> Main<'a> {
    if case.kind(facts) != PatchKind::Code || settles(facts, case.state).is_some() {
        return Main::NotNeeded;
    }
    let siblings = match &facts.siblings {
        Fact::Known(siblings) => siblings,
        Fact::Unknown(why) => return Main::Unknown(why),
    };
    let on_main = || siblings.iter().filter(|sibling| sibling.branch == case.policy().main_branch);
    let merged = on_main().find(|sibling| sibling.status == Status::Merged);
    let open = || on_main().find(|sibling| sibling.status == Status::Open);
    match (merged, open) {
        (Some(sibling), _) => Main::Merged(sibling),
        (None, open) => open().map_or(Main::Missing, Main::Open),
    }
}

/// G6: the fix is merged on the main branch, with the same Change-Id.
pub(super) fn master_first(case: &Case<'_>, facts: &Facts) -> Finding {
    let number = case.change;
    let branch = &case.policy().main_branch;
    match main(case, facts) {
        Main::NotNeeded => Finding::NotNeeded,
        Main::Merged(original) => Finding::pass(format!("{} merged on {branch}", original.number)),
        Main::Open(original) => Finding::fail(
            format!("{number} goes to production before {branch}: {} is not merged", original.number),
            format!("Merge {} first", original.number),
        ),
        Main::Missing => Finding::fail(
            format!("{number} is not on {branch}: no change there has its Change-Id"),
            format!(
                "Merge it on {branch} first, or {} where {branch} does not need it",
                command(case, &format!("override {number} master-first WHY"))
            ),
        ),
        Main::Unknown(why) => Finding::unknown(format!("whether it is merged on {branch}: {why}")),
    }
}

/// H4: it has been on the Beta Cluster since its merge there.
pub(super) fn beta_soak(case: &Case<'_>, facts: &Facts) -> Finding {
    let soak = case.policy().beta_soak;
    let branch = &case.policy().main_branch;
    match main(case, facts) {
        Main::NotNeeded => Finding::NotNeeded,
        Main::Merged(original) => match original.submitted {
            Some(merged) if merged + soak <= case.at => {
                Finding::pass(format!("merged on {branch} at {}", clock(merged)))
            }
            Some(merged) => Finding::Later {
                until: merged + soak,
                why: format!("{} min after its merge on {branch}", soak.num_minutes()),
            },
            None => Finding::unknown(format!("when {} was merged on {branch}", original.number)),
        },
        Main::Open(_) | Main::Missing => Finding::fail(
            format!("{} is not merged on {branch}, so it has not run on the Beta Cluster", case.change),
            command(case, &format!("check {} beta HOW IT WAS TESTED", case.handle())),
        ),
        Main::Unknown(why) => Finding::unknown(format!("whether it ran on the Beta Cluster: {why}")),
    }
}
