//! Rules about what the review system says: votes, test runs, and whether it can be merged at all.

use super::words::command;
use super::{Case, Finding, Level, RuleId, level};
use crate::engine::facts::{Account, Change, Fact, Facts, PatchSetKind, Status, Vote};
use crate::engine::kind::{PatchKind, mends};

const REVIEW: &str = "Code-Review";
const TESTS: &str = "Verified";

/// Whether a vote given on `patch_set` still speaks about the current one: nothing but trivial rebases and new messages
/// came since. A patch set whose kind is not known counts as new content.
fn still_counts(change: &Change, patch_set: u32) -> bool {
    (patch_set + 1..=change.patch_set).all(|number| {
        change.patch_sets.iter().any(|other| {
            other.number == number
                && matches!(other.kind, PatchSetKind::TrivialRebase | PatchSetKind::NoCodeChange)
        })
    })
}

fn is_ci(case: &Case<'_>, who: &Account) -> bool {
    case.policy().ci_accounts.iter().any(|account| who.is(account))
}

/// The best vote of somebody who is neither the owner nor a machine.
fn reviewer<'a>(case: &Case<'_>, change: &'a Change, votes: &'a [Vote]) -> Option<&'a Vote> {
    votes
        .iter()
        .filter(|vote| vote.label == REVIEW && vote.value >= 1)
        .filter(|vote| !vote.who.same(&change.owner) && !is_ci(case, &vote.who))
        .filter(|vote| still_counts(change, vote.patch_set))
        .max_by_key(|vote| (vote.value, vote.patch_set))
}

/// `CR+1 by carol`, with the patch set where it is an older one.
fn vote_words(change: &Change, vote: &Vote) -> String {
    let label = match vote.label.as_str() {
        REVIEW => "CR",
        TESTS => "V",
        other => other,
    };
    let on =
        if vote.patch_set == change.patch_set { String::new() } else { format!(" on ps {}", vote.patch_set) };
    format!("{label}{:+} by {}{on}", vote.value, vote.who.name)
}

/// The review point that shows a change's votes.
fn point(case: &Case<'_>, facts: &Facts) -> &'static str {
    match case.kind(facts) {
        PatchKind::Config | PatchKind::BetaOnly => "precommit",
        PatchKind::Code | PatchKind::Other => "backport",
    }
}

/// What a person says to a rule that asks, and to one that blocks.
fn set_aside(case: &Case<'_>, rule: RuleId, answer: &str) -> String {
    let number = case.change;
    match level(case.settings, rule) {
        Level::Block => command(case, &format!("override {number} {rule} WHY")),
        Level::Off | Level::Warn | Level::Ask => command(case, &format!("check {} {answer}", case.handle())),
    }
}

/// H9: somebody besides the owner voted for it.
pub(super) fn reviewed(case: &Case<'_>, facts: &Facts) -> Finding {
    let change = &facts.change;
    let votes = match &change.votes {
        Fact::Known(votes) => votes,
        Fact::Unknown(why) => return Finding::unknown(format!("votes: {why}")),
    };
    if let Some(vote) = reviewer(case, change, votes) {
        return Finding::pass(vote_words(change, vote));
    }
    let number = case.change;
    Finding::fail(
        format!("{number} ps {} has no vote by anybody but its owner", change.patch_set),
        format!(
            "A vote, or {}",
            set_aside(case, RuleId::Reviewed, &format!("{} WHO READ IT", point(case, facts)))
        ),
    )
}

/// scap 24: the tests ran on this patch set, or on one that differs by rebases alone, and the last run passed.
/// A run that failed stops the patch; one that is missing asks.
pub(super) fn ci_green(case: &Case<'_>, facts: &Facts) -> Finding {
    let change = &facts.change;
    let number = case.change;
    if case.policy().ci_accounts.is_empty() {
        return Finding::unknown("no CI account is configured");
    }
    let votes = match &change.votes {
        Fact::Known(votes) => votes,
        Fact::Unknown(why) => return Finding::unknown(format!("CI result: {why}")),
    };
    let runs = votes.iter().filter(|vote| vote.label == TESTS && is_ci(case, &vote.who));
    let last = runs
        .filter(|vote| still_counts(change, vote.patch_set))
        .max_by_key(|vote| (vote.patch_set, vote.at, vote.value < 0));
    match last {
        Some(vote) if vote.value > 0 && vote.patch_set == change.patch_set => Finding::pass("CI green"),
        Some(vote) if vote.value > 0 => Finding::pass(format!("CI green on ps {}", vote.patch_set)),
        Some(vote) => Finding::fail(
            format!("{number} failed CI: {}", vote_words(change, vote)),
            format!(
                "A new run, or {}",
                set_aside(case, RuleId::CiGreen, &format!("{} WHY", point(case, facts)))
            ),
        ),
        None => Finding::unknown(format!("no CI result for ps {}", change.patch_set)),
    }
}

/// scap 7: it is not marked as unfinished.
pub(super) fn not_wip(case: &Case<'_>, facts: &Facts) -> Finding {
    if !facts.change.wip {
        return Finding::pass("ready");
    }
    let number = case.change;
    Finding::fail(
        format!("{number} is marked as work in progress"),
        format!("Mark it ready, then {}", again(case)),
    )
}

/// What to say when the review system shows something else now.
fn again(case: &Case<'_>) -> String {
    let number = case.change;
    match case.patch {
        Some(_) => command(case, &format!("show {number}")),
        None => command(case, &format!("add {number}")),
    }
}

/// scap 23: nobody voted -2.
pub(super) fn not_vetoed(case: &Case<'_>, facts: &Facts) -> Finding {
    let change = &facts.change;
    let votes = match &change.votes {
        Fact::Known(votes) => votes,
        Fact::Unknown(why) => return Finding::unknown(format!("votes: {why}")),
    };
    let is_veto = |vote: &&Vote| vote.value <= -2 && [REVIEW, TESTS].contains(&vote.label.as_str());
    // A veto on the content of an older patch set holds until it is taken back; a test run is of one patch set.
    let stands = |vote: &&Vote| vote.label == REVIEW || still_counts(change, vote.patch_set);
    match votes.iter().filter(is_veto).find(stands) {
        None => Finding::pass("no veto"),
        Some(veto) => Finding::fail(
            format!("{} is vetoed: {}", case.change, vote_words(change, veto)),
            format!("Once {} has taken it back: {}", veto.who.name, again(case)),
        ),
    }
}

/// scap 11: it is not given up.
pub(super) fn not_abandoned(case: &Case<'_>, facts: &Facts) -> Finding {
    if facts.change.status != Status::Abandoned {
        return Finding::pass("not abandoned");
    }
    Finding::fail(format!("{} is abandoned", case.change), format!("Restore it, then {}", again(case)))
}

/// scap 22: it merges cleanly. A review system that does not compute it says so at the merge step.
pub(super) fn mergeable(case: &Case<'_>, facts: &Facts) -> Finding {
    match facts.change.mergeable {
        _ if facts.change.status == Status::Merged => Finding::NotNeeded,
        Some(true) => Finding::pass("merges cleanly"),
        None => Finding::NotNeeded,
        Some(false) => Finding::fail(
            format!("{} ps {} conflicts with {}", case.change, facts.change.patch_set, facts.change.branch),
            "Rebase it",
        ),
    }
}

/// Review point d: where the lead owns the change, somebody else has voted for it.
pub(super) fn not_own_review(case: &Case<'_>, facts: &Facts) -> Finding {
    let Some(lead) = case.lead else { return Finding::NotNeeded };
    let change = &facts.change;
    let name = case.settings.person(lead).and_then(|person| person.review.as_deref());
    let is_own = *lead == case.wish.owner && name.is_none() || change.owner.is(name.unwrap_or(&lead.0));
    if !is_own {
        return match name {
            Some(_) => Finding::NotNeeded,
            None => Finding::unknown(format!(
                "whether this is {lead}'s own change: no review name of {lead} is configured"
            )),
        };
    }
    // What mends waits for nobody: the lead reverts at once what this window put out.
    if mends(facts, case.state, case.window) {
        return Finding::pass("it takes back what is out");
    }
    let votes = match &change.votes {
        Fact::Known(votes) => votes,
        Fact::Unknown(why) => return Finding::unknown(format!("votes: {why}")),
    };
    match reviewer(case, change, votes) {
        Some(vote) => Finding::pass(vote_words(change, vote)),
        None => Finding::fail(
            format!("{} is the lead's own change, and nobody else has read it", case.change),
            format!("A vote by another, or {}", command(case, "handover WHO")),
        ),
    }
}
