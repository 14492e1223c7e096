//! Rules about what kind of patch a window takes, and on which branch.

use super::words::{command, day_and_clock};
use super::{Case, Finding, short_branch};
use crate::engine::facts::{Facts, Status};
use crate::engine::kind::{PatchKind, settles};
use crate::engine::schedule::train_after;

/// G6, G7, H1: configuration, or code that is urgent and says why, with a task.
pub(super) fn kind_of_window(case: &Case<'_>, facts: &Facts) -> Finding {
    let number = case.change;
    match case.kind(facts) {
        PatchKind::Config => Finding::pass("config"),
        PatchKind::BetaOnly => Finding::pass("beta only"),
        PatchKind::Other => Finding::fail(
            format!(
                "{number} is {} on {}, which is neither configuration nor code of the train",
                facts.change.project, facts.change.branch
            ),
            "Its repository has its own way to production",
        ),
        PatchKind::Code => match (settles(facts, case.state), case.wish.urgent.as_deref()) {
            (Some(owed), _) => Finding::pass(format!("reverts {owed}")),
            (None, Some(urgent)) => urgent_code(case, urgent),
            (None, None) => {
                let branch = short_branch(&facts.change.branch);
                Finding::fail(
                    format!(
                        "{number} is code on {branch} and this window takes only urgent code{}",
                        train(case)
                    ),
                    command(case, &format!("add {number} urgent: TASK WHY")),
                )
            }
        },
    }
}

fn urgent_code(case: &Case<'_>, urgent: &str) -> Finding {
    let number = case.change;
    match urgent.split_once(char::is_whitespace) {
        Some((task, why)) if is_task(task) && !why.trim().is_empty() => {
            Finding::pass(format!("urgent {}", bare_task(task)))
        }
        None if is_task(urgent) => Finding::fail(
            format!("{number} is urgent for {urgent}, and nobody said why it cannot wait"),
            command(case, &format!("add {number} urgent: {urgent} WHY")),
        ),
        _ => Finding::fail(
            format!("{number} is urgent without a task"),
            command(case, &format!("add {number} urgent: TASK WHY")),
        ),
    }
}

fn bare_task(word: &str) -> &str {
    word.trim_end_matches([':', ',', '.'])
}

/// Whether a word is a task: `T` and digits, perhaps with a colon after it.
pub fn is_task(word: &str) -> bool {
    let digits = bare_task(word).strip_prefix(['T', 't']);
    digits.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}

/// What the train would do for a patch, where there is one.
fn train(case: &Case<'_>) -> String {
    let next = case.policy().train.as_ref().and_then(|train| train_after(train, case.at));
    next.map_or_else(String::new, |at| format!("; the train has it {}", day_and_clock(at)))
}

/// H1: what needs no urgency does not claim it.
pub(super) fn urgent_not_needed(case: &Case<'_>, facts: &Facts) -> Finding {
    // In an emergency the reason is why two people agreed, and says nothing of the train.
    if case.wish.urgent.is_none() || case.window.emergency.is_some() {
        return Finding::NotNeeded;
    }
    let number = case.change;
    let what = match (case.kind(facts), settles(facts, case.state)) {
        (PatchKind::Config, _) => "config".to_owned(),
        (PatchKind::BetaOnly, _) => "beta only".to_owned(),
        (PatchKind::Code, Some(owed)) => format!("the revert of {owed}"),
        (PatchKind::Code | PatchKind::Other, _) => return Finding::NotNeeded,
    };
    Finding::fail(
        format!("{number} is {what} and needs no \"urgent:\""),
        command(case, &format!("add {number}")),
    )
}

/// G6: code goes to a branch that runs in production.
pub(super) fn live_branch(case: &Case<'_>, facts: &Facts) -> Finding {
    if case.kind(facts) != PatchKind::Code {
        return Finding::NotNeeded;
    }
    let policy = case.policy();
    let branch = facts.change.branch.as_str();
    let short = short_branch(branch);
    if policy.live_branches.is_empty() {
        return Finding::unknown("no live branch is configured");
    }
    if policy.live_branches.iter().any(|live| live == branch) {
        return Finding::pass(format!("{short} is live"));
    }
    let number = case.change;
    let live: Vec<&str> = policy.live_branches.iter().map(|live| short_branch(live)).collect();
    let picks = facts.siblings.known().map_or(&[][..], Vec::as_slice);
    let pick =
        picks.iter().find(|pick| pick.status == Status::Open && policy.live_branches.contains(&pick.branch));
    let fix = match pick {
        Some(pick) => {
            let urgent = case.wish.urgent.as_ref().map_or("TASK WHY", String::as_str);
            command(case, &format!("add {} urgent: {urgent}", pick.number))
        }
        None => format!("Pick it to {} and add that", live.join(" or ")),
    };
    if policy.next_branches.iter().any(|next| next == branch) {
        return Finding::fail(format!("{number} is on {short}, which is not live yet{}", train(case)), fix);
    }
    Finding::fail(format!("{number} is on {short}, which is not live (live: {})", live.join(", ")), fix)
}

/// G25: what only the Beta Cluster reads needs no sync.
pub(super) fn beta_only(case: &Case<'_>, facts: &Facts) -> Finding {
    match case.kind(facts) {
        PatchKind::BetaOnly => Finding::pass("beta only: no sync, no place"),
        _ => Finding::NotNeeded,
    }
}
