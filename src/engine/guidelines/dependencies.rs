//! The rule about what a change needs: relevance (T365146) and votes (T362987) as `scap backport` has them.

mod branches;

use std::collections::BTreeSet;

use super::words::{command, trail};
use super::{Case, Finding, short_branch};
use crate::engine::event::Debt;
use crate::engine::facts::{Brief, Change, Fact, Facts, Need, Status};
use crate::engine::id::{ChangeNumber, OccurrenceId};
use crate::engine::kind::{is_code, is_config};
use crate::engine::order::cycle_through;
use crate::engine::patch::Stage;
use crate::engine::settings::Policy;
use crate::engine::words::list;

/// A change that another one may need.
#[derive(Clone, Copy)]
struct Dep<'a> {
    number: ChangeNumber,
    project: &'a str,
    branch: &'a str,
    change_id: &'a str,
    status: Status,
    wip: bool,
    included_in: Option<&'a Fact<Vec<String>>>,
}

impl<'a> Dep<'a> {
    fn of_brief(brief: &'a Brief) -> Self {
        Self {
            number: brief.number,
            project: &brief.project,
            branch: &brief.branch,
            change_id: &brief.change_id,
            status: brief.status,
            wip: brief.wip,
            included_in: Some(&brief.included_in),
        }
    }

    fn of_change(change: &'a Change) -> Self {
        Self {
            number: change.number,
            project: &change.project,
            branch: &change.branch,
            change_id: &change.change_id,
            status: change.status,
            wip: change.wip,
            included_in: None,
        }
    }

    /// Whether it is merged and known to be in a branch.
    fn holds(&self, branch: &str) -> bool {
        let included = self.included_in.and_then(|branches| branches.known());
        self.status == Status::Merged && included.is_some_and(|all| all.iter().any(|other| other == branch))
    }

    fn is_pick_of(&self, other: &Dep<'_>) -> bool {
        self.change_id == other.change_id && self.project == other.project
    }
}

/// What was found on the way through everything a change needs.
#[derive(Default)]
struct Findings {
    errors: Vec<(String, String)>,
    unknown: Vec<String>,
    notes: Vec<String>,
    kept: Vec<String>,
    missing: Vec<Missing>,
}

/// What is needed by a change and is nowhere.
struct Missing {
    of: ChangeNumber,
    needs: &'static str,
    needed: ChangeNumber,
    is_code: bool,
    /// Queued for another occurrence.
    elsewhere: Option<OccurrenceId>,
}

/// G8, scap 8 and 14 to 17: what it needs is out, or goes out before it in this window.
pub(super) fn depends_on(case: &Case<'_>, facts: &Facts) -> Finding {
    let number = case.change;
    if let Some(cycle) = cycle_through(case.state, case.window, number, Some(facts)) {
        let waits = if cycle.contains(&number) { "is in" } else { "waits for" };
        return Finding::fail(
            format!("{number} {waits} a cycle, each needs the next: {}", trail(&cycle)),
            "Take one of these needs out",
        );
    }
    let mut found = Findings::default();
    let mut seen = BTreeSet::from([number]);
    parents(case, facts, &mut seen, &mut found);
    needs(case, facts, &mut seen, &mut found);
    found.finding(case, is_code(case.policy(), &facts.change.project))
}

/// The relation chain: it is merged with the change, whoever asked for it.
fn parents(case: &Case<'_>, facts: &Facts, seen: &mut BTreeSet<ChangeNumber>, found: &mut Findings) {
    let number = case.change;
    let chain = match &facts.chain {
        Fact::Known(chain) => chain,
        Fact::Unknown(why) => return found.unknown.push(format!("what {number} builds on: {why}")),
    };
    let mut path = vec![number];
    for ancestor in chain {
        path.push(ancestor.number);
        if !seen.insert(ancestor.number)
            || ancestor.status == Status::Merged && !is_owed(case, ancestor.number)
        {
            continue;
        }
        let dep = Dep::of_brief(ancestor);
        if !given_up_or_unfinished(&dep, &path, found) {
            out_or_before(case, number, "builds on", &dep, found);
        }
    }
}

/// Everything that `Depends-On` names, followed through what is not merged yet.
fn needs(case: &Case<'_>, facts: &Facts, seen: &mut BTreeSet<ChangeNumber>, found: &mut Findings) {
    let own = Dep::of_change(&facts.change);
    let needs = match &facts.needs {
        Fact::Known(needs) => needs,
        // The message is a fact of its own: without the footer there is nothing to ask for.
        Fact::Unknown(_) if facts.change.footers("Depends-On").next().is_none() => return,
        Fact::Unknown(why) => return found.unknown.push(format!("what {} needs: {why}", own.number)),
    };
    let mut open = vec![(own, vec![own.number])];
    while let Some((change, path)) = open.pop() {
        let mut any = false;
        let mut relevant = false;
        for need in needs.iter().filter(|need| need.of == change.number) {
            if need.found.is_empty() {
                found.unknown.push(format!("what {} means by Depends-On {}", change.number, need.named));
                continue;
            }
            any = true;
            let named = candidates(case, need);
            if is_config(case.policy(), change.project, change.branch) {
                branches::everywhere(case, change.number, &named, picks_are_known(case, need), found);
            }
            for dep in named.iter().filter(|dep| is_relevant(case.policy(), &change, dep, &named)) {
                relevant = true;
                if !seen.insert(dep.number) {
                    continue;
                }
                let mut path = path.clone();
                path.push(dep.number);
                if given_up_or_unfinished(dep, &path, found) {
                    continue;
                }
                vote(case, &change, dep, picks_are_known(case, need), found);
                if dep.status == Status::Open {
                    open.push((*dep, path));
                }
            }
        }
        if any && !relevant && change.number == own.number {
            found.notes.push(format!("{} has Depends-On, and none of it concerns production", own.number));
        }
    }
}

/// The changes that a footer names, and every pick of those on the main branch that is known: from the queue, or from
/// their own facts.
fn candidates<'a>(case: &Case<'a>, need: &'a Need) -> Vec<Dep<'a>> {
    let mut all: Vec<Dep<'a>> = need.found.iter().map(Dep::of_brief).collect();
    let state = case.state;
    let originals: Vec<Dep<'a>> =
        all.iter().filter(|dep| dep.branch == case.policy().main_branch).copied().collect();
    let asked = originals.iter().filter_map(|original| state.facts(original.number));
    let picks = asked.filter_map(|facts| facts.siblings.known()).flatten().map(Dep::of_brief);
    let queued = case.window.taking_part().filter_map(|patch| state.last_facts(patch.change));
    for other in picks.chain(queued.map(|facts| Dep::of_change(&facts.change))) {
        let is_new = all.iter().all(|dep| dep.number != other.number);
        if is_new && originals.iter().any(|original| other.is_pick_of(original)) {
            all.push(other);
        }
    }
    // A pick that was given up, or that waits for a branch which has its original already, is nobody's need.
    let is_idle = |dep: &Dep<'a>| {
        let mut others = all.iter().filter(|other| other.number != dep.number && other.is_pick_of(dep));
        match dep.status {
            Status::Abandoned => others.any(|other| other.status != Status::Abandoned),
            Status::Open => others.any(|other| other.holds(dep.branch)),
            Status::Merged => false,
        }
    };
    all.iter().filter(|dep| !is_idle(dep)).copied().collect()
}

/// A Change-Id names its picks on all branches; a URL names one change, whose picks are known where its facts are.
fn picks_are_known(case: &Case<'_>, need: &Need) -> bool {
    let has_siblings =
        |found: &Brief| case.state.facts(found.number).is_some_and(|facts| facts.siblings.known().is_some());
    need.named.starts_with('I') || need.found.len() > 1 || need.found.iter().all(has_siblings)
}

/// T365146: whether a need of `change` concerns what runs in production.
fn is_relevant(policy: &Policy, change: &Dep<'_>, dep: &Dep<'_>, all: &[Dep<'_>]) -> bool {
    if is_config(policy, dep.project, dep.branch) {
        return true;
    }
    if !is_code(policy, dep.project) {
        return false;
    }
    let has_pick = |wanted: &dyn Fn(&str) -> bool| {
        all.iter().any(|other| other.is_pick_of(dep) && other.number != dep.number && wanted(other.branch))
    };
    let is_main = dep.branch == policy.main_branch;
    if is_code(policy, change.project) && change.branch != policy.main_branch {
        dep.branch == change.branch || is_main && !has_pick(&|branch| branch == change.branch)
    } else {
        is_deployable(policy, dep.branch) || is_main && !has_pick(&|branch| is_deployable(policy, branch))
    }
}

fn is_deployable(policy: &Policy, branch: &str) -> bool {
    policy.live_branches.iter().chain(&policy.next_branches).any(|other| other == branch)
}

/// T362987, rules 1a to 3a: whether `dep` is where `change` needs it. What configuration needs of code is for `branches`.
fn vote(case: &Case<'_>, change: &Dep<'_>, dep: &Dep<'_>, picks_are_known: bool, found: &mut Findings) {
    let policy = case.policy();
    if is_config(policy, dep.project, dep.branch) || dep.branch != policy.main_branch {
        return out_or_before(case, change.number, "needs", dep, found);
    }
    let (number, needed) = (change.number, dep.number);
    if is_config(policy, change.project, change.branch) {
        return;
    }
    if dep.status != Status::Merged {
        return found.errors.push(not_on_main(number, dep));
    }
    if change.branch == policy.main_branch {
        return found.kept.push(format!("{needed} merged"));
    }
    let included = match branches_of(dep) {
        Ok(branches) => branches,
        Err(why) => return found.unknown.push(why),
    };
    let branch = short_branch(change.branch);
    if included.iter().any(|other| other == change.branch) {
        found.kept.push(format!("{needed} in {}", change.branch));
    } else if picks_are_known {
        let why = format!("{number} needs {needed}, which is not in {branch}");
        found.errors.push((why, format!("pick {needed} to {branch} and add that first")));
    } else {
        found.unknown.push(format!("whether {needed} was picked to {branch}"));
    }
}

/// A need that is still to be merged where development happens.
fn not_on_main(number: ChangeNumber, dep: &Dep<'_>) -> (String, String) {
    let needed = dep.number;
    let why = format!("{number} needs {needed}, which is not merged on {}", dep.branch);
    (why, format!("merge {needed} first"))
}

/// The branches that hold a merged change, or what is not known.
fn branches_of<'a>(dep: &Dep<'a>) -> Result<&'a [String], String> {
    match dep.included_in {
        Some(Fact::Known(branches)) => Ok(branches),
        Some(Fact::Unknown(why)) => Err(format!("which branches have {}: {why}", dep.number)),
        None => Err(format!("which branches have {}", dep.number)),
    }
}

/// Scap 7 and 15. The path shows by which way the change got here.
fn given_up_or_unfinished(dep: &Dep<'_>, path: &[ChangeNumber], found: &mut Findings) -> bool {
    let (what, fix) = match dep.status {
        Status::Abandoned => ("abandoned", format!("restore {} or take the need out", dep.number)),
        Status::Open if dep.wip => ("work in progress", format!("mark {} ready", dep.number)),
        Status::Open | Status::Merged => return false,
    };
    found.errors.push((format!("{} is {what} ({})", dep.number, trail(path)), fix));
    true
}

/// Rules 1a, 2 and 3a: merged, or before it in this window.
fn out_or_before(
    case: &Case<'_>,
    number: ChangeNumber,
    needs: &'static str,
    dep: &Dep<'_>,
    found: &mut Findings,
) {
    let needed = dep.number;
    if is_owed(case, needed) {
        let why = format!("{number} {needs} {needed}, which was rolled back");
        let settle = command(case, &format!("settle {needed} fixed WHY"));
        return found.errors.push((why, format!("{settle} when a fix is out")));
    }
    if dep.status == Status::Merged {
        return found.kept.push(format!("{needed} merged"));
    }
    if is_in_window(case, needed) {
        return found.kept.push(format!("{needed} goes before"));
    }
    let other = case.state.window_of(needed).filter(|window| window.id() != case.window.id());
    let elsewhere = other
        .filter(|window| window.waiting().chain(window.moving()).any(|patch| patch.change == needed))
        .map(|window| window.id().clone());
    let is_code = is_code(case.policy(), dep.project);
    found.missing.push(Missing { of: number, needs, needed, is_code, elsewhere });
}

/// Whether it is merged and was taken back from the hosts.
fn is_owed(case: &Case<'_>, change: ChangeNumber) -> bool {
    case.state.ledger.get(&change).is_some_and(|entry| entry.debt == Debt::RolledBack)
}

/// Whether it takes part, or was offered and waits for the review system: one `add` may name both.
fn is_in_window(case: &Case<'_>, change: ChangeNumber) -> bool {
    let takes_part = case
        .window
        .patch(change)
        .is_some_and(|patch| !matches!(patch.stage, Stage::Skipped { .. } | Stage::RolledBack));
    let is_offered = || {
        let mut offers = case.state.offers.iter();
        offers.any(|offer| offer.change == change && offer.window == *case.window.id())
    };
    takes_part || is_offered()
}

impl Findings {
    /// What is missing, that of one change together: `900203 builds on 900202 and 900201, which are …`.
    fn missing_words(&self) -> Vec<String> {
        let mut listed = Vec::new();
        for (index, first) in self.missing.iter().enumerate() {
            let same = |other: &&Missing| {
                other.of == first.of && other.needs == first.needs && other.elsewhere == first.elsewhere
            };
            if self.missing[..index].iter().any(|other| same(&other)) {
                continue;
            }
            let needed: Vec<ChangeNumber> =
                self.missing.iter().filter(same).map(|missing| missing.needed).collect();
            let which = if needed.len() == 1 { "which is" } else { "which are" };
            let place = match &first.elsewhere {
                Some(id) => format!("in {id}"),
                None => "neither merged nor in this window".to_owned(),
            };
            listed.push(format!("{} {} {}, {which} {place}", first.of, first.needs, list(&needed)));
        }
        listed
    }

    /// The words that bring it all together: what is needed by what is needed comes first.
    fn missing_fix(&self, case: &Case<'_>, is_code: bool) -> Option<String> {
        let number = case.change;
        if let Some(id) = self.missing.iter().find_map(|missing| missing.elsewhere.as_ref()) {
            let words = match case.patch {
                Some(_) => format!("move {number} to {id}"),
                None => format!("add {number} for {id}"),
            };
            return Some(command(case, &words));
        }
        let mut numbers: Vec<String> =
            self.missing.iter().rev().map(|missing| missing.needed.to_string()).collect();
        if numbers.is_empty() {
            return None;
        }
        let any_code = self.missing.iter().any(|missing| missing.is_code);
        let together = case.patch.is_none() && self.missing.iter().all(|missing| missing.is_code == is_code);
        if together {
            numbers.push(number.to_string());
        }
        let urgent = match (&case.wish.urgent, any_code) {
            (Some(urgent), true) if together => format!(" urgent: {urgent}"),
            (_, true) => " urgent: TASK WHY".to_owned(),
            (_, false) => String::new(),
        };
        let first = if together { "" } else { " first" };
        Some(format!("{}{first}", command(case, &format!("add {}{urgent}", numbers.join(" ")))))
    }

    fn finding(self, case: &Case<'_>, is_code: bool) -> Finding {
        if !self.errors.is_empty() || !self.missing.is_empty() {
            let mut why = self.missing_words();
            why.extend(self.errors.iter().map(|(why, _)| why.clone()));
            why.extend(self.notes.iter().cloned());
            let mut fixes: Vec<String> = self.missing_fix(case, is_code).into_iter().collect();
            fixes.extend(self.errors.iter().map(|(_, fix)| fix).filter(|fix| !fix.is_empty()).cloned());
            fixes.dedup();
            let mut fix = fixes.join("; ");
            if let Some(first) = fix.get_mut(..1) {
                first.make_ascii_uppercase();
            }
            return Finding::fail(why.join("; "), fix);
        }
        if !self.unknown.is_empty() {
            return Finding::unknown(self.unknown.join("; "));
        }
        if !self.notes.is_empty() {
            return Finding::note(self.notes.join("; "), "");
        }
        if self.kept.is_empty() {
            return Finding::NotNeeded;
        }
        Finding::pass(self.kept.join(", "))
    }
}
