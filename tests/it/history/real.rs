//! The real windows: when things happened, and how a change stood at any moment before its approval.

use std::path::Path;

use chrono::{NaiveDateTime, TimeDelta};
use serde_json::{Value, json};
use swatbot::engine::id::{At, ChangeNumber};

/// A window as it was.
pub(super) struct RealWindow {
    /// Its first approval.
    pub(super) first: At,
    /// Who deployed, by the names of the review system.
    pub(super) deployers: Vec<String>,
    /// In the order in which they were approved.
    pub(super) patches: Vec<RealPatch>,
}

/// A patch as it was.
pub(super) struct RealPatch {
    pub(super) number: ChangeNumber,
    /// The owner's name in the review system.
    pub(super) owner: String,
    pub(super) created: At,
    pub(super) approved: At,
    /// When it was merged, where that was within the hour: two were given up in their window.
    pub(super) merged: Option<At>,
    pub(super) reverted: bool,
    /// As it stood when it was approved.
    pub(super) change: Value,
}

/// The windows, where they are.
pub(super) fn windows(file: &Path) -> Option<Vec<RealWindow>> {
    let text = std::fs::read_to_string(file).ok()?;
    Some(text.lines().map(|line| window(&serde_json::from_str(line).expect("a line is JSON"))).collect())
}

fn window(value: &Value) -> RealWindow {
    let list = |name: &str| value[name].as_array().expect("it is a list").iter();
    RealWindow {
        first: time(&value["start"]),
        deployers: list("deployers").map(|name| text(name).to_owned()).collect(),
        patches: list("patches").map(patch).collect(),
    }
}

fn patch(value: &Value) -> RealPatch {
    let change = &value["change"];
    let number = change["_number"].as_u64().and_then(|number| u32::try_from(number).ok());
    let outcome = &value["outcome"];
    let approved = time(&value["plus2_at"]);
    let merged = outcome["merged_at"].is_string().then(|| time(&outcome["merged_at"]));
    RealPatch {
        number: ChangeNumber(number.expect("a change has a number")),
        owner: text(&change["owner"]["name"]).to_owned(),
        created: time(&change["created"]),
        approved,
        merged: merged.filter(|merged| *merged - approved < TimeDelta::hours(1)),
        reverted: outcome["reverted_at"].is_string(),
        change: change.clone(),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().expect("it is text")
}

/// A time as Gerrit writes it.
fn time(value: &Value) -> At {
    let time = NaiveDateTime::parse_from_str(text(value), "%Y-%m-%d %H:%M:%S%.f");
    time.expect("it is a time").and_utc()
}

impl RealPatch {
    /// The moments at which something happened to it.
    pub(super) fn moments(&self) -> impl Iterator<Item = At> {
        self.messages().iter().map(|message| time(&message["date"]))
    }

    fn messages(&self) -> &[Value] {
        self.change["messages"].as_array().expect("messages are a list")
    }

    /// How it stood: later messages and votes are not there yet, and neither is a later patch set. Of an older patch
    /// set the files are those of the last one, and its parent is not known.
    pub(super) fn as_it_stood(&self, at: At) -> Value {
        let mut change = self.change.clone();
        let messages: Vec<Value> =
            self.messages().iter().filter(|message| time(&message["date"]) <= at).cloned().collect();
        let set = messages.iter().filter_map(|message| message["_revision_number"].as_u64()).max();
        if let Some(last) = messages.last() {
            change["updated"] = last["date"].clone();
        }
        let sha = text(&change["current_revision"]).to_owned();
        let mut revision = change["revisions"][&sha].clone();
        let is_older = set.is_some_and(|set| revision["_number"] != set);
        if let Some(set) = set.filter(|_| is_older) {
            let older = format!("{}{set:04x}", &sha[..36]);
            revision["_number"] = set.into();
            revision["commit"]["parents"] = json!([{ "commit": "0".repeat(40) }]);
            change["labels"] = votes(&messages, set);
            change["revisions"] = json!({ &older: revision });
            change["current_revision"] = older.into();
        } else {
            for (_, label) in change["labels"].as_object_mut().expect("labels are an object") {
                let all = label["all"].as_array_mut().expect("votes are a list");
                all.retain(|vote| !vote["date"].is_string() || time(&vote["date"]) <= at);
            }
        }
        change["messages"] = messages.into();
        change
    }
}

/// The votes on a patch set, as the messages tell of them: each one's last word counts.
fn votes(messages: &[Value], set: u64) -> Value {
    let mut labels = json!({ "Code-Review": { "all": [] }, "Verified": { "all": [] } });
    for message in messages.iter().filter(|message| message["_revision_number"] == set) {
        let line = text(&message["message"]).lines().next().unwrap_or("");
        let Some(words) = line.strip_prefix(&format!("Patch Set {set}: ")) else { continue };
        for word in words.split_whitespace() {
            let Some(sign) = word.rfind(['+', '-']) else { continue };
            let (label, value) = word.split_at(sign);
            let (Some(label), Ok(value)) = (labels.get_mut(label), value.parse::<i8>()) else { continue };
            let all = label["all"].as_array_mut().expect("votes are a list");
            let name = &message["author"]["name"];
            all.retain(|vote| vote["name"] != *name);
            all.push(json!({ "name": name, "value": value, "date": message["date"] }));
        }
    }
    labels
}
