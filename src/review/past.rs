//! Windows as they were: what a review system said of their changes, at any moment up to their approval, and what became
//! of them. One window is a line of JSON; docs/backtest.md says what stands in it.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::diff;
use super::files::{chain, siblings};
use super::json::{self, Found, time};
use super::needs::{Named, Walk};
use super::why;
use crate::engine::facts::{Brief, Change, Fact, Facts, Fault, Status};
use crate::engine::id::{At, ChangeNumber};
use crate::engine::order::Diff;

/// What is merged later than this after its approval was given up in its window.
const MERGED_IN_WINDOW: TimeDelta = TimeDelta::hours(1);

/// A window as it was.
#[derive(Clone, Debug)]
pub struct PastWindow {
    /// Its first approval.
    pub first: At,
    /// Who deployed, by the names of the review system; at least one.
    pub deployers: Vec<String>,
    /// In the order in which they were approved; at least one.
    pub patches: Vec<PastPatch>,
    /// The branches that ran in production then, oldest first, where the line says so.
    pub live_branches: Option<Vec<String>>,
    /// The branches of the next train, where the line says so.
    pub next_branches: Option<Vec<String>>,
}

/// A patch as it was.
#[derive(Clone, Debug)]
pub struct PastPatch {
    /// Which change.
    pub number: ChangeNumber,
    /// Its subject, as it came: neutralise it before it is said.
    pub subject: String,
    /// The owner's name in the review system.
    pub owner: String,
    /// The task of its `Bug:` footer, where it has one.
    pub task: Option<String>,
    /// When it was uploaded.
    pub created: At,
    /// When its deployer approved it.
    pub approved: At,
    /// When it was merged, where that was in its window.
    pub merged: Option<At>,
    /// It was reverted later.
    pub reverted: bool,
    /// As it stood when it was approved.
    change: Value,
    /// What is kept of its diff, where the line has one.
    diff: Option<Diff>,
    /// When something happened to it, oldest first.
    moments: Vec<At>,
}

impl PastWindow {
    /// Reads one line.
    ///
    /// # Errors
    /// What is wrong with it, in words for a person.
    pub fn read(line: &[u8]) -> Result<Self, String> {
        let value = serde_json::from_slice::<Value>(line)
            .map_err(|error| format!("it is not JSON (column {})", error.column()))?;
        let deployers = names(&value, "deployers")?;
        let branches = |field| value.get(field).map(|_| names(&value, field)).transpose();
        let patches = list(&value, "patches")?;
        let patches = (1..)
            .zip(patches)
            .map(|(place, patch): (usize, _)| {
                PastPatch::read(patch).map_err(|what| format!("patch {place}: {what}"))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let window = Self {
            first: moment(&value, "start")?,
            deployers,
            patches,
            live_branches: branches("live_branches")?,
            next_branches: branches("next_branches")?,
        };
        if window.deployers.is_empty() || window.patches.is_empty() {
            return Err("it has no deployer or no patch".to_owned());
        }
        let mut numbers: Vec<ChangeNumber> = window.patches.iter().map(|patch| patch.number).collect();
        numbers.sort_unstable();
        match numbers.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(format!("change {} stands in it twice", pair[0])),
            None => Ok(window),
        }
    }
}

impl PastPatch {
    fn read(value: &Value) -> Result<Self, String> {
        let info = value.get("change").ok_or("no field \"change\"")?;
        let change = json::change(info).map_err(|fault| why(&fault))?;
        let outcome = value.get("outcome").ok_or("no field \"outcome\"")?;
        let approved = moment(value, "plus2_at")?;
        let merged = match outcome.get("merged_at") {
            None | Some(Value::Null) => None,
            Some(_) => Some(moment(outcome, "merged_at")?),
        };
        let dates = list(info, "messages")?.iter().map(|message| moment(message, "date"));
        let mut moments = dates.collect::<Result<Vec<At>, _>>()?;
        moments.sort_unstable();
        Ok(Self {
            number: change.number,
            owner: change.owner.display.clone().unwrap_or_else(|| change.owner.name.clone()),
            task: change.tasks().first().map(|task| (*task).to_owned()),
            subject: change.subject,
            created: moment(info, "created")?,
            approved,
            merged: merged.filter(|merged| *merged - approved < MERGED_IN_WINDOW),
            reverted: outcome.get("reverted_at").is_some_and(Value::is_string),
            change: info.clone(),
            diff: value.get("diff").and_then(Value::as_str).map(diff::read),
            moments,
        })
    }

    /// The moments at which something happened to it before it was approved, oldest first.
    pub fn moments(&self) -> &[At] {
        &self.moments
    }

    /// Its ChangeInfo as it stood: later messages and votes are not there yet, and neither is a later patch set. Of an
    /// older patch set the files are those of the last one, and its parent is not known.
    pub fn as_it_stood(&self, at: At) -> Value {
        let is_there = |value: &Value, field: &str| {
            value.get(field).and_then(Value::as_str).and_then(time).is_none_or(|time| time <= at)
        };
        let mut change = self.change.clone();
        let Some(fields) = change.as_object_mut() else { return change };
        let mut messages = fields.remove("messages").unwrap_or_default();
        if let Some(messages) = messages.as_array_mut() {
            messages.retain(|message| is_there(message, "date"));
        }
        let past = messages.as_array().map_or(&[][..], Vec::as_slice);
        let set = past.iter().filter_map(|message| message.get("_revision_number")?.as_u64()).max();
        if let Some(last) = past.last().and_then(|last| last.get("date")) {
            fields.insert("updated".to_owned(), last.clone());
        }
        let sha = fields.get("current_revision").and_then(Value::as_str).unwrap_or_default().to_owned();
        let revision = fields.get("revisions").and_then(|revisions| revisions.get(&sha)).cloned();
        let mut revision = revision.unwrap_or_default();
        if let Some(set) = set.filter(|set| revision["_number"] != *set) {
            let older = format!("{}{set:04x}", sha.get(..36).unwrap_or_default());
            revision["_number"] = set.into();
            revision["commit"]["parents"] = json!([{ "commit": "0".repeat(40) }]);
            fields.insert("labels".to_owned(), votes(past, set));
            fields.insert("revisions".to_owned(), json!({ &older: revision }));
            fields.insert("current_revision".to_owned(), older.into());
        } else if let Some(labels) = fields.get_mut("labels").and_then(Value::as_object_mut) {
            for label in labels.values_mut() {
                if let Some(all) = label.get_mut("all").and_then(Value::as_array_mut) {
                    all.retain(|vote| is_there(vote, "date"));
                }
            }
        }
        fields.insert("messages".to_owned(), messages);
        change
    }
}

/// The votes on a patch set, as the messages tell of them: each one's last word counts.
fn votes(messages: &[Value], set: u64) -> Value {
    let mut labels = json!({ "Code-Review": { "all": [] }, "Verified": { "all": [] } });
    for message in messages.iter().filter(|message| message["_revision_number"] == set) {
        let line = message["message"].as_str().and_then(|text| text.lines().next()).unwrap_or("");
        let Some(words) = line.strip_prefix(&format!("Patch Set {set}: ")) else { continue };
        for word in words.split_whitespace() {
            let Some((label, value)) = json::vote(word) else { continue };
            let Some(all) = labels.get_mut(label).and_then(|label| label["all"].as_array_mut()) else {
                continue;
            };
            let name = &message["author"]["name"];
            all.retain(|vote| vote["name"] != *name);
            all.push(json!({ "name": name, "value": value, "date": message["date"] }));
        }
    }
    labels
}

/// The review system of one past window: it knows the window's changes and no others.
#[derive(Debug)]
pub struct Past<'a> {
    window: &'a PastWindow,
    merged: BTreeMap<ChangeNumber, At>,
    /// How each patch stood when it was last asked about; a change is read again only when something happened.
    stood: Vec<Option<Stood>>,
}

#[derive(Debug)]
struct Stood {
    /// So much of its story was out.
    moments: usize,
    is_merged: bool,
    change: Change,
    found: Found,
}

impl<'a> Past<'a> {
    /// Nothing is merged yet.
    pub fn new(window: &'a PastWindow) -> Self {
        let stood = window.patches.iter().map(|_| None).collect();
        Self { window, merged: BTreeMap::new(), stood }
    }

    /// A change is merged, as it stands.
    pub fn merge(&mut self, change: ChangeNumber, at: At) {
        self.merged.insert(change, at);
    }

    /// Everything about one change, as it stood at `at`.
    ///
    /// # Errors
    /// It is not of this window, or was not uploaded yet.
    pub fn look_up(&mut self, number: ChangeNumber, at: At) -> Result<Box<Facts>, Fault> {
        for index in 0..self.stood.len() {
            self.stands(index, at)?;
        }
        let known = || self.stood.iter().flatten();
        let Some(Stood { change, .. }) = known().find(|stood| stood.change.number == number) else {
            return Err(Fault::NotFound);
        };
        let others: Vec<&Found> = known().map(|stood| &stood.found).collect();
        let picks: Vec<Brief> = siblings(change, &others).map(|other| other.brief.clone()).collect();
        let mut walk = Walk::new(number, &change.message, None);
        while let Some(named) = walk.question() {
            let is_meant = |other: &&&Found| match &named {
                Named::Id(id) => other.brief.change_id == *id,
                Named::Number(number) => other.brief.number == *number,
            };
            let found = others.iter().filter(is_meant).map(|other| Found::clone(other)).collect();
            walk.answer(named, found);
        }
        Ok(Box::new(Facts {
            change: change.clone(),
            chain: Fact::Known(chain(change, &others)),
            // Picks that went another way are not in the file, so none here does not mean that there is none.
            siblings: match picks.is_empty() {
                true => Fact::Unknown("the file holds the changes of this window alone".to_owned()),
                false => Fact::Known(picks),
            },
            needs: walk.finish(),
            included_in: Fact::Known(branches(change.status, &change.branch)),
            coverage: None,
            // Where the file has no diffs, only messages, tasks and authors are compared.
            diff: self.diff(number).map(Fact::Known),
        }))
    }

    fn diff(&self, number: ChangeNumber) -> Option<Diff> {
        self.window.patches.iter().find(|patch| patch.number == number)?.diff.clone()
    }

    /// Reads a change again where something has happened since.
    fn stands(&mut self, index: usize, at: At) -> Result<(), Fault> {
        let patch = &self.window.patches[index];
        let merged = self.merged.get(&patch.number).copied();
        // What happens after the approval is the deployer's doing, which is played.
        let until = merged.unwrap_or(at);
        let moments = patch.moments.partition_point(|moment| *moment <= until);
        let is_new = |stood: &Stood| stood.moments != moments || stood.is_merged != merged.is_some();
        if moments == 0 || !self.stood[index].as_ref().is_none_or(is_new) {
            return Ok(());
        }
        let mut info = patch.as_it_stood(until);
        if let (Some(merged), Some(fields)) = (merged, info.as_object_mut()) {
            fields.insert("status".to_owned(), "MERGED".into());
            for field in ["submitted", "updated"] {
                fields.insert(field.to_owned(), json::time_text(merged).into());
            }
        }
        let mut found = json::found(&info)?;
        found.brief.included_in = Fact::Known(branches(found.brief.status, &found.brief.branch));
        let change = json::change(&info)?;
        self.stood[index] = Some(Stood { moments, is_merged: merged.is_some(), change, found });
        Ok(())
    }
}

/// The branches that hold a change: no file of windows says more than its own.
fn branches(status: Status, branch: &str) -> Vec<String> {
    if status == Status::Merged { vec![branch.to_owned()] } else { Vec::new() }
}

fn list<'a>(value: &'a Value, field: &str) -> Result<&'a [Value], String> {
    let found = value.get(field).ok_or_else(|| format!("no field \"{field}\""))?;
    found.as_array().map(Vec::as_slice).ok_or_else(|| format!("field \"{field}\" is not a list"))
}

fn names(value: &Value, field: &str) -> Result<Vec<String>, String> {
    let name = |name: &Value| name.as_str().map(str::to_owned);
    let names: Option<Vec<String>> = list(value, field)?.iter().map(name).collect();
    names.ok_or_else(|| format!("field \"{field}\" is not a list of names"))
}

fn moment(value: &Value, field: &str) -> Result<At, String> {
    let found = value.get(field).ok_or_else(|| format!("no field \"{field}\""))?;
    found.as_str().and_then(time).ok_or_else(|| format!("field \"{field}\" is not a time"))
}
