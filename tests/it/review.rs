//! The review layer: the real client against a fake Gerrit, folders of changes, and what real changes look like.

mod coverage;
mod diff;
mod files;
mod gerrit;
mod json;
mod sides;

use serde_json::{Value, json};
use swatbot::engine::id::{At, ChangeNumber};

/// A moment on 2 January 2018.
fn at(hour: u32, minute: u32) -> At {
    format!("2018-01-02T{hour:02}:{minute:02}:00Z").parse().expect("this is a time")
}

/// The commit of a change made by `info`.
fn sha(number: u32) -> String {
    format!("{number:040}")
}

/// The Change-Id of a change made by `info`.
fn id(number: u32) -> String {
    format!("I{number:040}")
}

/// An open change on master of `conf` by Ann, on a parent that is not in review, with CI's vote and one file.
fn info(number: u32) -> Value {
    let sha = sha(number);
    json!({
        "project": "conf", "branch": "master", "change_id": id(number), "subject": format!("Change {number}"),
        "status": "NEW", "updated": "2018-01-02 13:00:00.000000000", "_number": number,
        "owner": { "name": "Ann", "_account_id": 7 },
        "labels": {
            "Code-Review": { "all": [] },
            "Verified": { "all": [{ "name": "CI", "value": 2, "date": "2018-01-02 12:30:00.000000000" }] },
        },
        "messages": [{
            "author": { "name": "Ann" }, "date": "2018-01-02 12:00:00.000000000",
            "message": "Uploaded patch set 1.", "_revision_number": 1,
        }],
        "current_revision": sha,
        "revisions": { sha: {
            "_number": 1, "kind": "REWORK",
            "commit": {
                "parents": [{ "commit": "f".repeat(40) }],
                "message": format!("Change {number}\n\nChange-Id: {}\n", id(number)),
            },
            "files": { "/COMMIT_MSG": { "status": "A" }, "src/a.php": { "lines_inserted": 3 } },
        } },
    })
}

/// `info` with another parent.
fn child(number: u32, parent: u32) -> Value {
    let mut info = info(number);
    info["revisions"][sha(number)]["commit"]["parents"][0]["commit"] = sha(parent).into();
    info
}

/// `info` with `Depends-On` footers.
fn needing(number: u32, named: &[&str]) -> Value {
    let mut info = info(number);
    let message = &mut info["revisions"][sha(number)]["commit"]["message"];
    let footers: String = named.iter().map(|named| format!("Depends-On: {named}\n")).collect();
    *message = format!("Change {number}\n\n{footers}").into();
    info
}

fn number(number: u32) -> ChangeNumber {
    ChangeNumber(number)
}

/// The numbers of briefs.
fn numbers(briefs: &[swatbot::engine::facts::Brief]) -> Vec<u32> {
    briefs.iter().map(|brief| brief.number.0).collect()
}

/// Says loudly that a test had nothing to test: past the capture of the test harness, which hides what passes.
pub(crate) fn skipped(why: &str) {
    use std::io::Write;
    writeln!(std::io::stderr(), "SKIPPED: {why}").expect("standard error can be written");
}
