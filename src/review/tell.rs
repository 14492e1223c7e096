//! What a transcript or the terminal tells the folder about a change: edits to its JSON, made before it is read.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::json;
use crate::engine::facts::Fault;
use crate::engine::id::At;

/// What can be told, for the answer to what cannot.
const WORDS: &str = "merged, abandoned, open, wip, ready, ps5, rebased, reworded, LABEL+1 NAME, down WHY, up, or a file N….json";

/// One thing that happened to a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Told {
    Merged,
    Abandoned,
    Open,
    Wip(bool),
    /// A new patch set with this number, or the next one.
    PatchSet(Option<u32>, Upload),
    Vote {
        label: String,
        value: i8,
        name: String,
    },
    /// This file of the folder replaces all that was said before.
    File(String),
    /// The source does not answer for this change.
    Down(String),
    Up,
}

/// What a new patch set changes, and so which votes it takes away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Upload {
    Rework,
    Rebase,
    Message,
}

impl Told {
    /// Reads the words behind `/change N`.
    pub(super) fn parse(what: &str) -> Result<Self, String> {
        let what = what.trim();
        let (first, rest) = what.split_once(char::is_whitespace).unwrap_or((what, ""));
        let rest = rest.trim();
        let bare = rest.is_empty();
        let vote = json::vote(first).filter(|_| !bare);
        match first {
            "merged" if bare => Ok(Self::Merged),
            "abandoned" if bare => Ok(Self::Abandoned),
            "open" if bare => Ok(Self::Open),
            "wip" if bare => Ok(Self::Wip(true)),
            "ready" if bare => Ok(Self::Wip(false)),
            "rebased" if bare => Ok(Self::PatchSet(None, Upload::Rebase)),
            "reworded" if bare => Ok(Self::PatchSet(None, Upload::Message)),
            "up" if bare => Ok(Self::Up),
            "down" if !bare => Ok(Self::Down(rest.to_owned())),
            file if bare && file.ends_with(".json") && !file.contains(['/', '\\']) => {
                Ok(Self::File(file.to_owned()))
            }
            _ => match (vote, first.strip_prefix("ps").map(str::parse)) {
                (Some((label, value)), _) => {
                    Ok(Self::Vote { label: label.to_owned(), value, name: rest.to_owned() })
                }
                (None, Some(Ok(number))) if bare => Ok(Self::PatchSet(Some(number), Upload::Rework)),
                _ => Err(format!("cannot tell {what:?}; there is {WORDS}")),
            },
        }
    }

    /// Makes the edit.
    ///
    /// # Errors
    /// Words for a person where the JSON is no change, or the patch set is not a new one.
    pub(super) fn apply(&self, info: &mut Value, at: At) -> Result<(), String> {
        let time = json::time_text(at);
        match self {
            Self::Merged => {
                set(info, "status", "MERGED".into());
                set(info, "submitted", time.as_str().into());
            }
            Self::Abandoned => set(info, "status", "ABANDONED".into()),
            Self::Open => {
                set(info, "status", "NEW".into());
                remove(info, "submitted");
            }
            Self::Wip(wip) => set(info, "work_in_progress", (*wip).into()),
            Self::PatchSet(number, upload) => new_patch_set(info, *number, *upload, &time)?,
            Self::Vote { label, value, name } => vote(info, label, *value, name, &time)?,
            Self::File(_) | Self::Down(_) | Self::Up => return Ok(()),
        }
        set(info, "updated", time.into());
        Ok(())
    }
}

fn new_patch_set(info: &mut Value, number: Option<u32>, upload: Upload, time: &str) -> Result<(), String> {
    let current = json::current_patch_set(info).map_err(said)?;
    let number = number.unwrap_or(current + 1);
    if number <= current {
        return Err(format!("it is at patch set {current} already"));
    }
    let (old, revision) = json::current_revision(info).map_err(said)?;
    let mut revision = revision.clone();
    let sha = sha(&format!("{old} {number}"));
    set(&mut revision, "_number", number.into());
    let (kind, message) = match upload {
        Upload::Rework => ("REWORK", format!("Uploaded patch set {number}.")),
        Upload::Rebase => {
            ("TRIVIAL_REBASE", format!("Uploaded patch set {number}: Patch Set {current} was rebased."))
        }
        Upload::Message => {
            ("NO_CODE_CHANGE", format!("Uploaded patch set {number}: Commit message was updated."))
        }
    };
    set(&mut revision, "kind", kind.into());
    set(&mut revision, "created", time.into());
    if let Some(revisions) = info.get_mut("revisions") {
        set(revisions, &sha, revision);
    }
    set(info, "current_revision", sha.into());
    if info.get("current_revision_number").is_some() {
        set(info, "current_revision_number", number.into());
    }
    outdate_votes(info, current, upload);
    let owner = info.get("owner").cloned().unwrap_or_default();
    say(info, owner, &message, number, time);
    Ok(())
}

/// Takes away the votes that do not outlive the upload. The messages go on remembering them.
fn outdate_votes(info: &mut Value, patch_set: u32, upload: Upload) {
    let mut gone = Vec::new();
    if let Some(labels) = info.get_mut("labels").and_then(Value::as_object_mut) {
        for (label, votes) in labels {
            let stays = match upload {
                Upload::Rework => false,
                Upload::Rebase => label != "Verified",
                Upload::Message => true,
            };
            let Some(all) = votes.get_mut("all").and_then(Value::as_array_mut).filter(|_| !stays) else {
                continue;
            };
            gone.extend(all.drain(..).map(|vote| (label.clone(), vote)));
            for field in ["approved", "rejected", "recommended", "disliked"] {
                remove(votes, field);
            }
        }
    }
    for (label, vote) in gone {
        let value = vote.get("value").and_then(Value::as_i64).unwrap_or(0);
        let time = vote.get("date").and_then(Value::as_str).unwrap_or("").to_owned();
        if value != 0 {
            let message = format!("Patch Set {patch_set}: {label}{value:+}");
            say(info, vote, &message, patch_set, &time);
        }
    }
}

fn vote(info: &mut Value, label: &str, value: i8, name: &str, time: &str) -> Result<(), String> {
    let patch_set = json::current_patch_set(info).map_err(said)?;
    let vote = json!({ "name": name, "value": value, "date": time });
    let labels = entry(info, "labels", Map::new().into());
    let all = entry(entry(labels, label, Map::new().into()), "all", Vec::<Value>::new().into());
    if let Some(all) = all.as_array_mut() {
        all.retain(|vote| !["name", "username"].iter().any(|field| vote.get(*field) == Some(&name.into())));
        all.push(vote);
    }
    say(info, json!({ "name": name }), &format!("Patch Set {patch_set}: {label}{value:+}"), patch_set, time);
    Ok(())
}

fn say(info: &mut Value, author: Value, message: &str, patch_set: u32, time: &str) {
    let messages = entry(info, "messages", Vec::<Value>::new().into());
    if let Some(messages) = messages.as_array_mut() {
        messages.push(json!({
            "author": author, "date": time, "message": message, "_revision_number": patch_set,
        }));
    }
}

/// A commit hash that is the same every time and unlike any other.
fn sha(of: &str) -> String {
    Sha256::digest(of).iter().take(20).map(|byte| format!("{byte:02x}")).collect()
}

fn entry<'a>(info: &'a mut Value, name: &str, otherwise: Value) -> &'a mut Value {
    if info.get(name).is_none_or(Value::is_null) {
        set(info, name, otherwise);
    }
    &mut info[name]
}

fn set(info: &mut Value, name: &str, value: Value) {
    if let Some(fields) = info.as_object_mut() {
        fields.insert(name.to_owned(), value);
    }
}

fn remove(info: &mut Value, name: &str) {
    if let Some(fields) = info.as_object_mut() {
        fields.remove(name);
    }
}

fn said(fault: Fault) -> String {
    super::why(&fault)
}
