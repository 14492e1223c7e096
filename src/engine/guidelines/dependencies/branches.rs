//! Configuration reaches every wiki at once, so the code that it needs must be on every branch that a wiki runs, and on
//! those that the next train brings.

use super::{Dep, Findings, branches_of, is_deployable, not_on_main};
use crate::engine::facts::Status;
use crate::engine::guidelines::{Case, short_branch};
use crate::engine::id::ChangeNumber;
use crate::engine::kind::is_code;
use crate::engine::words::list;

/// Rule 3b, for each change of code among `named`, with its picks: which branches lack it. Whether a pick is out, or goes
/// out before, is rule 3a's.
pub(super) fn everywhere(
    case: &Case<'_>,
    number: ChangeNumber,
    named: &[Dep<'_>],
    picks_are_known: bool,
    found: &mut Findings,
) {
    let policy = case.policy();
    let is_ours = |dep: &&Dep<'_>| {
        is_code(policy, dep.project)
            && (dep.branch == policy.main_branch || is_deployable(policy, dep.branch))
    };
    let ours: Vec<&Dep<'_>> = named.iter().filter(is_ours).collect();
    for (index, first) in ours.iter().enumerate() {
        if ours[..index].iter().all(|other| !other.is_pick_of(first)) {
            let fix: Vec<&Dep<'_>> = ours.iter().filter(|dep| dep.is_pick_of(first)).copied().collect();
            one(case, number, &fix, picks_are_known, found);
        }
    }
}

/// One fix: its original where that is named, and its picks.
fn one(case: &Case<'_>, number: ChangeNumber, fix: &[&Dep<'_>], picks_are_known: bool, found: &mut Findings) {
    let policy = case.policy();
    let original = fix.iter().find(|dep| dep.branch == policy.main_branch);
    let picks: Vec<&&Dep<'_>> = fix.iter().filter(|dep| dep.branch != policy.main_branch).collect();
    if let (Some(original), true) = (original, picks.is_empty())
        && original.status != Status::Merged
    {
        // What was given up or is not finished is named on its own.
        if original.status == Status::Open && !original.wip {
            found.errors.push(not_on_main(number, original));
        }
        return;
    }
    let Some(needed) = original.or(picks.first().copied()).map(|dep| dep.number) else { return };
    let mut have: Vec<&str> = picks.iter().map(|pick| pick.branch).collect();
    let mut unknown = None;
    for dep in fix.iter().filter(|dep| dep.status == Status::Merged) {
        match branches_of(dep) {
            Ok(branches) => have.extend(branches.iter().map(String::as_str)),
            // Its own branch has a pick in any case.
            Err(why) if dep.branch == policy.main_branch => unknown = Some(why),
            Err(_) => {}
        }
    }
    let lack = |branches: &[String]| -> Vec<String> {
        let lacking = branches.iter().filter(|branch| !have.contains(&branch.as_str()));
        lacking.map(|branch| short_branch(branch).to_owned()).collect()
    };
    let (live, upcoming) = (lack(&policy.live_branches), lack(&policy.next_branches));
    let missing: Vec<String> = live.iter().chain(&upcoming).cloned().collect();
    if let Some(why) = unknown.as_ref().filter(|_| !missing.is_empty()) {
        return found.unknown.push(why.clone());
    }
    if !missing.is_empty() && !picks_are_known {
        return found.unknown.push(format!("whether {needed} was picked to {}", list(&missing)));
    }
    let remedy = format!("pick {needed} to {} and add that first", missing.join(" and "));
    for (lacking, which) in [(&live, "live"), (&upcoming, "upcoming")] {
        if !lacking.is_empty() {
            let why = format!("{number} needs {needed}, which is not in {} ({which})", lacking.join(" and "));
            found.errors.push((why, remedy.clone()));
        }
    }
    if unknown.is_none() {
        went_back(case, number, needed, &have, found);
    }
    if missing.is_empty() && picks.is_empty() {
        found.kept.push(format!("{needed} in every branch"));
    }
}

/// With one live version, the one before should have it too: that is where a train goes back to.
fn went_back(
    case: &Case<'_>,
    number: ChangeNumber,
    needed: ChangeNumber,
    have: &[&str],
    found: &mut Findings,
) {
    if let [live] = case.policy().live_branches.as_slice()
        && let Some(before) = branch_before(live).filter(|before| !have.contains(&before.as_str()))
    {
        let before = short_branch(&before);
        found.notes.push(format!("{needed} is not in {before}: {number} breaks if the train goes back"));
    }
}

/// The branch of the train before: `wmf/1.27.0-wmf.3` for `wmf/1.27.0-wmf.4`.
fn branch_before(branch: &str) -> Option<String> {
    let (stem, number) = branch.rsplit_once('.')?;
    let number: u32 = number.parse().ok()?;
    number.checked_sub(1).filter(|before| *before > 0).map(|before| format!("{stem}.{before}"))
}
