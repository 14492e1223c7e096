//! Gerrit's JSON, and the only place that knows it. What every change has must be there; what is left out is not known.

mod history;

pub(super) use history::vote;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::engine::facts::{
    Account, Brief, Change, Fact, Fault, File, FileStatus, PatchSetKind, Status, Vote,
};
use crate::engine::id::{At, ChangeNumber};

/// What stands before every answer of Gerrit, so that no browser runs it as a script.
const PREFIX: &[u8] = b")]}'";

/// Gerrit allows 1000 patch sets unless told otherwise. A greater number is a fault, and must not fill the memory.
const MOST_PATCH_SETS: i64 = 10_000;

/// A change as queries and folders give it: enough for a `Brief`, for its footers and for its place in a chain.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// The change in short; `included_in` is not yet asked.
    pub(super) brief: Brief,
    /// The commit message of the current patch set.
    pub(super) message: String,
    /// The commits that the current patch set builds on.
    pub(super) parents: Vec<String>,
    /// The commits of all patch sets that the answer holds.
    pub(super) revisions: Vec<String>,
}

/// One line of the relation chain.
#[derive(Debug)]
pub(super) struct Related {
    /// The change; `None` for a commit that is not a change in review.
    pub(super) number: Option<ChangeNumber>,
    /// The commit that is in the chain.
    pub(super) commit: String,
    /// What it builds on.
    pub(super) parents: Vec<String>,
}

/// Reads an answer, with or without Gerrit's prefix.
///
/// # Errors
/// What it is instead, in words that follow "answers with".
pub(super) fn parse(bytes: &[u8]) -> Result<Value, String> {
    let bytes = bytes.trim_ascii_start();
    let bytes = bytes.strip_prefix(PREFIX).unwrap_or(bytes).trim_ascii_start();
    if bytes.starts_with(b"<") {
        return Err("a web page instead of JSON".to_owned());
    }
    serde_json::from_slice(bytes).map_err(|error| {
        if error.is_eof() {
            "JSON that ends in the middle".to_owned()
        } else {
            format!("something that is not JSON (line {}, column {})", error.line(), error.column())
        }
    })
}

/// Reads one ChangeInfo.
///
/// # Errors
/// `Fault::Malformed` where something is missing that every change has.
pub fn change(info: &Value) -> Result<Change, Fault> {
    let number = change_number(info, "_number")?;
    let (revision, current) = current_revision(info)?;
    let patch_set = patch_set(info, current)?;
    let (message, parents) = commit(current)?;
    let (status, wip) = status(info)?;
    let messages = history::messages(info);
    Ok(Change {
        number,
        project: text(info, "project")?,
        branch: branch(info)?,
        change_id: text(info, "change_id")?,
        subject: text(info, "subject")?,
        status,
        wip,
        owner: account(field(info, "owner")?).ok_or_else(|| malformed("field \"owner\" has no name"))?,
        uploader: current.get("uploader").and_then(account),
        topic: optional_text(info, "topic")?,
        patch_set,
        revision: revision.to_owned(),
        parents,
        message,
        author: authored(current, "name").and_then(Value::as_str).map(str::to_owned),
        authored: authored(current, "date").and_then(Value::as_str).and_then(time),
        patch_sets: history::patch_sets(info, &messages, patch_set),
        votes: votes(info, &messages, patch_set)?,
        files: files(current)?,
        mergeable: info.get("mergeable").and_then(Value::as_bool),
        submitted: optional_time(info, "submitted")?,
        updated: optional_time(info, "updated")?,
    })
}

/// Reads as much of a ChangeInfo as another change wants to know of it.
pub(super) fn found(info: &Value) -> Result<Found, Fault> {
    let (_, current) = current_revision(info)?;
    let (message, parents) = commit(current)?;
    let (status, wip) = status(info)?;
    let revisions = match info.get("revisions") {
        Some(Value::Object(revisions)) => revisions.keys().cloned().collect(),
        _ => Vec::new(),
    };
    let included_in = match status {
        Status::Merged => Fact::Unknown("not asked".to_owned()),
        Status::Open | Status::Abandoned => Fact::Known(Vec::new()),
    };
    let brief = Brief {
        number: change_number(info, "_number")?,
        project: text(info, "project")?,
        branch: branch(info)?,
        change_id: text(info, "change_id")?,
        subject: text(info, "subject")?,
        status,
        wip,
        patch_set: patch_set(info, current)?,
        submitted: optional_time(info, "submitted")?,
        included_in,
    };
    Ok(Found { brief, message, parents, revisions })
}

/// Reads the answer to a query.
///
/// # Errors
/// Besides what is missing: an answer that was cut off, because a part must not pass for the whole.
pub(super) fn found_list(list: &Value) -> Result<Vec<Found>, Fault> {
    let list = list.as_array().ok_or_else(|| malformed("the answer to a query is not a list"))?;
    if list.last().is_some_and(|last| last.get("_more_changes") == Some(&Value::Bool(true))) {
        return Err(malformed(&format!("more than {} changes match", list.len())));
    }
    list.iter().map(found).collect()
}

/// Reads a RelatedChangesInfo.
pub(super) fn related(info: &Value) -> Result<Vec<Related>, Fault> {
    let changes = field(info, "changes")?.as_array().ok_or_else(|| wrong("changes", "a list"))?;
    changes
        .iter()
        .map(|entry| {
            let commit = field(entry, "commit")?;
            let number = match entry.get("_change_number") {
                Some(_) => Some(change_number(entry, "_change_number")?),
                None => None,
            };
            Ok(Related { number, commit: text(commit, "commit")?, parents: parents(commit)? })
        })
        .collect()
}

/// Reads the branches of an IncludedInInfo.
pub(super) fn included_in(info: &Value) -> Result<Vec<String>, Fault> {
    let branches = field(info, "branches")?.as_array().ok_or_else(|| wrong("branches", "a list"))?;
    branches
        .iter()
        .map(|branch| branch.as_str().map(short_branch).ok_or_else(|| wrong("branches", "a list of texts")))
        .collect()
}

/// A moment as Gerrit writes it: `2018-01-02 14:03:31.000000000`, always UTC.
pub(super) fn time(text: &str) -> Option<At> {
    chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").ok().map(|time| time.and_utc())
}

/// The opposite of `time`.
pub(super) fn time_text(at: At) -> String {
    at.format("%Y-%m-%d %H:%M:%S%.9f").to_string()
}

/// The number of the current patch set, which servers give in one place or the other.
pub(super) fn current_patch_set(info: &Value) -> Result<u32, Fault> {
    let (_, current) = current_revision(info)?;
    patch_set(info, current)
}

/// The commit of the current patch set and its RevisionInfo.
pub(super) fn current_revision(info: &Value) -> Result<(&str, &Value), Fault> {
    let sha = field(info, "current_revision")?.as_str().ok_or_else(|| wrong("current_revision", "a text"))?;
    let revision = field(info, "revisions")?
        .get(sha)
        .ok_or_else(|| malformed(&format!("no current revision {sha} among \"revisions\"")))?;
    Ok((sha, revision))
}

/// An account: the login where it is there, else the display name, else the bare id.
fn account(info: &Value) -> Option<Account> {
    let name = |field: &str| info.get(field).and_then(Value::as_str).filter(|name| !name.is_empty());
    match (name("username"), name("name")) {
        (Some(login), display) => {
            Some(Account { name: login.to_owned(), display: display.map(str::to_owned) })
        }
        (None, Some(display)) => Some(Account { name: display.to_owned(), display: None }),
        (None, None) => info
            .get("_account_id")
            .and_then(Value::as_i64)
            .map(|id| Account { name: format!("account {id}"), display: None }),
    }
}

/// The votes of the labels, which count for the current patch set, after those that only the messages remember.
fn votes(info: &Value, messages: &[history::Message], patch_set: u32) -> Result<Fact<Vec<Vote>>, Fault> {
    let labels = match info.get("labels") {
        None => return Ok(Fact::Unknown("the review system did not give the votes".to_owned())),
        Some(labels) => labels.as_object().ok_or_else(|| wrong("labels", "an object"))?,
    };
    let mut votes = history::older_votes(messages, patch_set);
    // Sorted here, because whether serde_json sorts is for the features of other crates to say.
    for (label, info) in labels.iter().collect::<BTreeMap<_, _>>() {
        let all = match info.get("all") {
            Some(all) => all.as_array().ok_or_else(|| wrong("all", "a list"))?,
            // With details a label lists its possible values; then a missing `all` says that nobody is on it.
            None if info.get("values").is_some() => continue,
            None => return Ok(Fact::Unknown(format!("the review system did not say who voted {label}"))),
        };
        for vote in all {
            // An entry without a value is somebody who may not vote on this label.
            let value = match vote.get("value") {
                None => continue,
                Some(value) => integer(value).and_then(|value| i8::try_from(value).ok()),
            };
            let value = value.ok_or_else(|| wrong("value", "a vote"))?;
            let who = account(vote).ok_or_else(|| malformed(&format!("a vote on {label} has no name")))?;
            if value != 0 {
                let at = optional_time(vote, "date")?;
                votes.push(Vote { label: label.clone(), who, value, patch_set, at });
            }
        }
    }
    Ok(Fact::Known(votes))
}

/// The files of the current patch set, sorted by path.
fn files(revision: &Value) -> Result<Fact<Vec<File>>, Fault> {
    let files = match revision.get("files") {
        None => return Ok(Fact::Unknown("the review system did not list the files".to_owned())),
        Some(files) => files.as_object().ok_or_else(|| wrong("files", "an object"))?,
    };
    let lines = |info: &Value, name: &str| {
        info.get(name).and_then(integer).and_then(|count| u32::try_from(count).ok()).unwrap_or(0)
    };
    let mut files: Vec<File> = files
        .iter()
        // Gerrit's own `/COMMIT_MSG` and `/MERGE_LIST` are no files of the repository.
        .filter(|(path, _)| !path.starts_with('/'))
        .map(|(path, info)| File {
            path: path.clone(),
            status: match info.get("status").and_then(Value::as_str) {
                Some("A") => FileStatus::Added,
                Some("D") => FileStatus::Deleted,
                Some("R" | "C") => FileStatus::Renamed,
                _ => FileStatus::Modified,
            },
            inserted: lines(info, "lines_inserted"),
            deleted: lines(info, "lines_deleted"),
        })
        .collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(Fact::Known(files))
}

/// What a patch set changed, from the word that Gerrit has for it. A word we do not know is taken for new content.
fn kind(word: &str) -> PatchSetKind {
    match word {
        "TRIVIAL_REBASE" | "TRIVIAL_REBASE_WITH_MESSAGE_UPDATE" | "MERGE_FIRST_PARENT_UPDATE" => {
            PatchSetKind::TrivialRebase
        }
        "NO_CODE_CHANGE" | "NO_CHANGE" => PatchSetKind::NoCodeChange,
        _ => PatchSetKind::Rework,
    }
}

/// The status, and whether the change is marked as work in progress. Drafts of old servers are both.
fn status(info: &Value) -> Result<(Status, bool), Fault> {
    let wip = info.get("work_in_progress").and_then(Value::as_bool).unwrap_or(false);
    match text(info, "status")?.as_str() {
        "NEW" | "SUBMITTED" => Ok((Status::Open, wip)),
        "DRAFT" => Ok((Status::Open, true)),
        "MERGED" => Ok((Status::Merged, wip)),
        "ABANDONED" => Ok((Status::Abandoned, wip)),
        other => Err(malformed(&format!("status {other:?} is not known"))),
    }
}

fn patch_set(info: &Value, current: &Value) -> Result<u32, Fault> {
    let number = current.get("_number").or_else(|| info.get("current_revision_number"));
    let number = number.ok_or_else(|| missing("current_revision_number"))?;
    integer(number)
        .filter(|number| (1..=MOST_PATCH_SETS).contains(number))
        .and_then(|number| u32::try_from(number).ok())
        .ok_or_else(|| wrong("current_revision_number", "a patch set"))
}

fn commit(revision: &Value) -> Result<(String, Vec<String>), Fault> {
    let commit = field(revision, "commit")?;
    Ok((text(commit, "message")?, parents(commit)?))
}

/// A field of who wrote the commit, and when. Nothing that matters hangs on it, so it may be missing.
fn authored<'a>(revision: &'a Value, name: &str) -> Option<&'a Value> {
    revision.get("commit")?.get("author")?.get(name)
}

fn parents(commit: &Value) -> Result<Vec<String>, Fault> {
    let parents = field(commit, "parents")?.as_array().ok_or_else(|| wrong("parents", "a list"))?;
    parents.iter().map(|parent| text(parent, "commit")).collect()
}

fn branch(info: &Value) -> Result<String, Fault> {
    text(info, "branch").map(|branch| short_branch(&branch))
}

fn short_branch(branch: &str) -> String {
    branch.strip_prefix("refs/heads/").unwrap_or(branch).to_owned()
}

fn change_number(info: &Value, name: &str) -> Result<ChangeNumber, Fault> {
    integer(field(info, name)?)
        .and_then(|number| ChangeNumber::parse(&number.to_string()))
        .ok_or_else(|| wrong(name, "the number of a change"))
}

/// A whole number, as one or as a text: servers and their exports differ.
fn integer(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}

fn field<'a>(info: &'a Value, name: &str) -> Result<&'a Value, Fault> {
    info.get(name).filter(|value| !value.is_null()).ok_or_else(|| missing(name))
}

fn text(info: &Value, name: &str) -> Result<String, Fault> {
    field(info, name)?.as_str().map(str::to_owned).ok_or_else(|| wrong(name, "a text"))
}

fn optional_text(info: &Value, name: &str) -> Result<Option<String>, Fault> {
    if info.get(name).is_none_or(Value::is_null) { Ok(None) } else { text(info, name).map(Some) }
}

fn optional_time(info: &Value, name: &str) -> Result<Option<At>, Fault> {
    match optional_text(info, name)? {
        None => Ok(None),
        Some(text) => time(&text).map(Some).ok_or_else(|| wrong(name, "a time")),
    }
}

fn missing(name: &str) -> Fault {
    malformed(&format!("no field \"{name}\""))
}

fn wrong(name: &str, what: &str) -> Fault {
    malformed(&format!("field \"{name}\" is not {what}"))
}

fn malformed(why: &str) -> Fault {
    Fault::Malformed { why: why.to_owned() }
}
