//! What kind of patch a change is: which rules look at it, which files reach production, and what it takes back.

use super::facts::{Change, Fact, Facts, Status};
use super::id::ChangeNumber;
use super::patch::{Patch, Stage};
use super::settings::Policy;
use super::state::State;
use super::window::Window;

/// What kind of patch a change is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatchKind {
    /// Configuration: it has no train and goes out in windows (G7).
    Config,
    /// Code that the train carries; windows take it as an urgent backport only (G6).
    Code,
    /// Configuration of the Beta Cluster alone: nothing reaches production (G25).
    BetaOnly,
    /// Neither: it is not deployed from these windows.
    Other,
}

/// The kind of a change. While its files are not known, configuration counts as reaching production.
pub fn kind(policy: &Policy, change: &Change) -> PatchKind {
    if is_config(policy, &change.project, &change.branch) {
        if is_beta_only(policy, change) { PatchKind::BetaOnly } else { PatchKind::Config }
    } else if is_code(policy, &change.project) {
        PatchKind::Code
    } else {
        PatchKind::Other
    }
}

/// Whether a change there is production configuration (G7).
pub fn is_config(policy: &Policy, project: &str, branch: &str) -> bool {
    branch == policy.config_branch && policy.config_repos.iter().any(|repo| repo == project)
}

/// Whether a repository holds code that the train carries (G6). A configuration repository never does.
pub fn is_code(policy: &Policy, project: &str) -> bool {
    policy.code_repos.iter().any(|prefix| project.starts_with(prefix.as_str()))
        && !policy.config_repos.iter().any(|repo| repo == project)
}

fn is_beta_only(policy: &Policy, change: &Change) -> bool {
    change.files.known().is_some_and(|files| {
        !files.is_empty() && files.iter().all(|file| listed(&policy.beta_only_files, &file.path))
    })
}

/// The files that reach production, in the order of the review system.
///
/// Left out are files that need no sync, and in a configuration repository those of the Beta Cluster (G25).
pub fn synced_files<'a>(policy: &Policy, change: &'a Change) -> Fact<Vec<&'a str>> {
    let files = match &change.files {
        Fact::Known(files) => files,
        Fact::Unknown(why) => return Fact::Unknown(why.clone()),
    };
    let config = is_config(policy, &change.project, &change.branch);
    let synced = |path: &&str| {
        !(listed(&policy.unsynced_files, path) || config && listed(&policy.beta_only_files, path))
    };
    Fact::Known(files.iter().map(|file| file.path.as_str()).filter(synced).collect())
}

/// Whether a list of the configuration names a path: as it is, by a folder ending in `/`, or by `*.ext`.
fn listed(patterns: &[String], path: &str) -> bool {
    patterns.iter().any(|pattern| matches(pattern, path))
}

/// Whether one entry of such a list names a path.
pub(super) fn matches(pattern: &str, path: &str) -> bool {
    if let Some(ending) = pattern.strip_prefix('*') {
        path.ends_with(ending)
    } else if pattern.ends_with('/') {
        path.starts_with(pattern)
    } else {
        path == pattern
    }
}

/// The change of the ledger, or else any merged change that is known, whose commit this one reverts.
pub fn reverts(facts: &Facts, state: &State) -> Option<ChangeNumber> {
    let commits: Vec<&str> = facts.change.reverts().collect();
    let named = |revision: &str| commits.iter().any(|commit| is_commit(revision, commit));
    if commits.is_empty() {
        return None;
    }
    let owed = state.ledger.iter().find(|(_, entry)| named(&entry.revision)).map(|(change, _)| *change);
    owed.or_else(|| {
        let merged = state.known.values().filter_map(|known| known.facts.as_ref());
        merged
            .map(|facts| &facts.change)
            .find(|change| change.status == Status::Merged && named(&change.revision))
            .map(|change| change.number)
    })
}

/// The ledger's change that this one reverts: such a revert goes next and takes no place (design §4a.8).
pub fn settles(facts: &Facts, state: &State) -> Option<ChangeNumber> {
    reverts(facts, state).filter(|change| state.ledger.contains_key(change))
}

/// Whether this one takes back what is owed, or what this window has put on hosts: it mends, so it waits for nothing.
pub fn mends(facts: &Facts, state: &State, window: &Window) -> bool {
    let is_out = |patch: &Patch| patch.touched_hosts() || matches!(patch.stage, Stage::Live { .. });
    reverts(facts, state)
        .is_some_and(|change| state.ledger.contains_key(&change) || window.patch(change).is_some_and(is_out))
}

/// Whether these digits name the commit: at least seven of its first.
pub(super) fn is_commit(revision: &str, commit: &str) -> bool {
    commit.len() >= 7 && revision.get(..commit.len()).is_some_and(|start| start.eq_ignore_ascii_case(commit))
}
