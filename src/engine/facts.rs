//! What a review system says about a change. A fact that could not be had says why, and is never taken for a good one.

use serde::{Deserialize, Serialize};

use super::id::{At, ChangeNumber};
use super::order::Diff;

/// A fact, or the reason why it is not known. Unknown is never fine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fact<T> {
    /// The review system said so.
    Known(T),
    /// It could not be had; the text says why, in words for a person.
    Unknown(String),
}

impl<T> Fact<T> {
    /// The fact, where it is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(fact) => Some(fact),
            Self::Unknown(_) => None,
        }
    }
}

/// Why a whole lookup gave nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "kebab-case")]
pub enum Fault {
    /// The review system answers, and has no such change (or hides it from us).
    NotFound,
    /// It refuses us: 401 or 403, with what to look at.
    Denied {
        /// Words for a person.
        why: String,
    },
    /// It did not answer, or answered with an error or with something that is not its JSON.
    Unreachable {
        /// Words for a person, e.g. `no answer within 10 s` or `503 Service Unavailable`.
        why: String,
    },
    /// It answered with JSON that lacks what every change has.
    Malformed {
        /// Words for a person, e.g. `no field "project"`.
        why: String,
    },
}

impl Fault {
    /// The reason, in words.
    pub fn why(&self) -> &str {
        match self {
            Self::NotFound => "the review system has no such change",
            Self::Denied { why } | Self::Unreachable { why } | Self::Malformed { why } => why,
        }
    }
}

/// Everything known about one change, from one round of questions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The change itself.
    pub change: Change,
    /// Its ancestors by git parent that are changes in review, the nearest first.
    pub chain: Fact<Vec<Brief>>,
    /// Changes of the same project with the same Change-Id on other branches.
    pub siblings: Fact<Vec<Brief>>,
    /// Its `Depends-On` footers and those of what they name, followed to the end.
    pub needs: Fact<Vec<Need>>,
    /// The branches that hold the merged commit, without `refs/heads/`; empty while it is not merged.
    pub included_in: Fact<Vec<String>>,
    /// The line coverage of the touched files, where a report is configured.
    pub coverage: Option<Fact<Vec<Covered>>>,
    /// What is kept of the diff of the current patch set; `None` where it was not asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diff: Option<Fact<Diff>>,
}

/// A change as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Its number.
    pub number: ChangeNumber,
    /// The repository.
    pub project: String,
    /// The target branch, without `refs/heads/`.
    pub branch: String,
    /// `I` and 40 hex digits; the same on every branch it is picked to.
    pub change_id: String,
    /// The first line of the commit message, as it came: neutralise it before it is said.
    pub subject: String,
    /// Open, merged or abandoned.
    pub status: Status,
    /// Marked as work in progress.
    pub wip: bool,
    /// Who owns the change.
    pub owner: Account,
    /// Who uploaded the current patch set, where the review system says so.
    pub uploader: Option<Account>,
    /// The topic, where it has one.
    pub topic: Option<String>,
    /// The current patch set, from 1.
    pub patch_set: u32,
    /// The commit of the current patch set.
    pub revision: String,
    /// The commits it builds on.
    pub parents: Vec<String>,
    /// The whole commit message, as it came.
    pub message: String,
    /// Who wrote the commit, by name, where the review system says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// When it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authored: Option<At>,
    /// What kind of change each patch set was, oldest first, as far as it is known.
    pub patch_sets: Vec<PatchSet>,
    /// All votes that are known, those on older patch sets included.
    pub votes: Fact<Vec<Vote>>,
    /// The files the current patch set touches, without `/COMMIT_MSG`, sorted by path.
    pub files: Fact<Vec<File>>,
    /// Whether it merges cleanly; `None` where the review system does not compute it.
    pub mergeable: Option<bool>,
    /// When it was merged.
    pub submitted: Option<At>,
    /// When it was last touched.
    pub updated: Option<At>,
}

/// Where a change is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// In review.
    Open,
    /// In the branch.
    Merged,
    /// Given up.
    Abandoned,
}

/// An account of the review system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The login where it is given, else the display name.
    pub name: String,
    /// The display name where both are given.
    pub display: Option<String>,
}

impl Account {
    /// Whether `name` (of the configuration) means this account.
    pub fn is(&self, name: &str) -> bool {
        self.name == name || self.display.as_deref() == Some(name)
    }

    /// Whether both are one account: one has the login only, the other perhaps both names.
    pub fn same(&self, other: &Account) -> bool {
        other.is(&self.name) || self.display.as_deref().is_some_and(|display| other.is(display))
    }
}

/// One patch set in the history of a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PatchSet {
    /// Its number, from 1.
    pub number: u32,
    /// What it changed against the one before.
    pub kind: PatchSetKind,
}

/// What a patch set changed against the one before it (Gerrit's revision kinds).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PatchSetKind {
    /// New content, or nothing that says otherwise.
    Rework,
    /// The same diff on another parent.
    TrivialRebase,
    /// Only the commit message.
    NoCodeChange,
}

/// One vote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vote {
    /// `Code-Review`, `Verified`, or another label.
    pub label: String,
    /// Who gave it.
    pub who: Account,
    /// -2 to 2; 0 is not stored.
    pub value: i8,
    /// The patch set it was given on.
    pub patch_set: u32,
    /// When.
    pub at: Option<At>,
}

/// A file that a patch set touches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Its path in the repository, as it came.
    pub path: String,
    /// What happened to it.
    pub status: FileStatus,
    /// Lines added.
    pub inserted: u32,
    /// Lines removed.
    pub deleted: u32,
}

/// What a patch set does to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileStatus {
    /// Changed in place.
    Modified,
    /// New.
    Added,
    /// Gone.
    Deleted,
    /// Moved or copied from elsewhere.
    Renamed,
}

/// Another change, in short: a parent, a sibling, a dependency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brief {
    /// Its number.
    pub number: ChangeNumber,
    /// The repository.
    pub project: String,
    /// The target branch.
    pub branch: String,
    /// The Change-Id.
    pub change_id: String,
    /// The subject, as it came.
    pub subject: String,
    /// Open, merged or abandoned.
    pub status: Status,
    /// Marked as work in progress.
    pub wip: bool,
    /// The current patch set.
    pub patch_set: u32,
    /// When it was merged.
    pub submitted: Option<At>,
    /// The branches that hold it, where it is merged and this was asked.
    pub included_in: Fact<Vec<String>>,
}

/// One `Depends-On` footer, resolved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Need {
    /// The change that carries the footer: the one asked about, or one further down.
    pub of: ChangeNumber,
    /// What the footer says: a Change-Id or a URL, as it came.
    pub named: String,
    /// The changes it names: one for a URL, one a branch for a Change-Id; empty where there is none.
    pub found: Vec<Brief>,
}

/// Line coverage of one touched file, from the configured report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Covered {
    /// The path as the change names it.
    pub path: String,
    /// Covered statements and all statements; `None` where the report does not name the file.
    pub lines: Option<(u32, u32)>,
}

impl Change {
    /// The values of all footers called `name` (any case), in order, trimmed.
    pub fn footers<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        footers(&self.message, name)
    }

    /// The tasks of the `Bug:` footers, e.g. `T115031`.
    pub fn tasks(&self) -> Vec<&str> {
        self.footers("Bug").filter(|task| task.starts_with('T') && task.len() > 1).collect()
    }

    /// The commits that this change says it reverts.
    pub fn reverts(&self) -> impl Iterator<Item = &str> {
        self.message.split("This reverts commit ").skip(1).map(|rest| {
            let end = rest.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(rest.len());
            &rest[..end]
        })
    }
}

/// The values of the footers called `name` in a commit message.
pub fn footers<'a>(message: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    message.lines().filter_map(move |line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim()).filter(|value| !value.is_empty())
    })
}
