//! Reading ChangeInfo: what must be there, what may be missing, and what is made of it.

use std::path::Path;

use serde_json::{Value, json};
use swatbot::engine::facts::{Change, Fact, FileStatus, PatchSetKind, Status};
use swatbot::review::json::change;

use super::gerrit::look_up;
use super::{at, info, sha};
use crate::fake_gerrit::FakeGerrit;

/// `LABEL+1 name psN` for each known vote.
fn votes(change: &Change) -> Vec<String> {
    let votes = change.votes.known().expect("the votes are known");
    let text = |vote: &swatbot::engine::facts::Vote| {
        format!("{}{:+} {} ps{}", vote.label, vote.value, vote.who.name, vote.patch_set)
    };
    votes.iter().map(text).collect()
}

/// The changes of the real windows and of the incident, where they are.
fn real_changes() -> Option<(Vec<Value>, Vec<Value>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let (Ok(windows), Ok(incident)) = (
        std::fs::read_to_string(folder.join("swat-windows-2018.jsonl")),
        std::fs::read_to_string(folder.join("incident-2015-10.json")),
    ) else {
        super::skipped("the real windows of ../shared/data are not here");
        return None;
    };
    let windows = windows.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let changes = windows
        .flat_map(|window| window["patches"].as_array().unwrap().clone())
        .map(|patch| patch["change"].clone())
        .collect();
    Some((changes, serde_json::from_str(&incident).unwrap()))
}

/// A change at patch set `set` with these messages: author and text.
fn with_messages(set: u32, messages: &[(&str, &str)]) -> Value {
    let mut info = info(5);
    let revision = &mut info["revisions"][sha(5)];
    revision["_number"] = set.into();
    revision.as_object_mut().unwrap().remove("kind");
    let message = |(author, text): &(&str, &str)| json!({ "author": { "name": author }, "message": text });
    info["messages"] = messages.iter().map(message).collect();
    info
}

#[test]
fn a_whole_change_is_read() {
    let mut info = info(5);
    info["branch"] = "refs/heads/wmf/1".into();
    info["topic"] = "speed".into();
    info["mergeable"] = false.into();
    info["work_in_progress"] = true.into();
    info["submitted"] = "2018-01-02 14:03:00.000000000".into();
    info["owner"] = json!({ "name": "Ann B", "username": "ann" });
    info["revisions"][sha(5)]["uploader"] = json!({ "name": "Bob" });
    info["revisions"][sha(5)]["files"] = json!({
        "/COMMIT_MSG": {}, "/MERGE_LIST": {}, "z.png": { "binary": true, "status": "D" },
        "b": { "lines_inserted": 3, "lines_deleted": 1 }, "a": { "status": "A" }, "c": { "status": "R" },
    });
    let change = change(&info).unwrap();
    assert_eq!(change.branch, "wmf/1");
    assert_eq!(change.topic.as_deref(), Some("speed"));
    assert_eq!(change.mergeable, Some(false));
    assert!(change.wip);
    assert_eq!(change.submitted, Some(at(14, 3)));
    assert_eq!((change.owner.name.as_str(), change.owner.display.as_deref()), ("ann", Some("Ann B")));
    assert_eq!(change.uploader.unwrap().name, "Bob");
    assert_eq!((change.revision, change.parents), (sha(5), vec!["f".repeat(40)]));
    let files = change.files.known().unwrap();
    let short: Vec<_> = files.iter().map(|file| (file.path.as_str(), file.status, file.inserted)).collect();
    assert_eq!(
        short,
        [
            ("a", FileStatus::Added, 0),
            ("b", FileStatus::Modified, 3),
            ("c", FileStatus::Renamed, 0),
            ("z.png", FileStatus::Deleted, 0)
        ]
    );
}

#[test]
fn what_every_change_has_must_be_there() {
    let revision = format!("/revisions/{}", sha(5));
    let cases = [
        ("", "project", "no field \"project\""),
        ("", "branch", "no field \"branch\""),
        ("", "change_id", "no field \"change_id\""),
        ("", "subject", "no field \"subject\""),
        ("", "status", "no field \"status\""),
        ("", "_number", "no field \"_number\""),
        ("", "owner", "no field \"owner\""),
        ("", "current_revision", "no field \"current_revision\""),
        ("", "revisions", "no field \"revisions\""),
        (&revision, "_number", "no field \"current_revision_number\""),
        (&revision, "commit", "no field \"commit\""),
        (&format!("{revision}/commit"), "message", "no field \"message\""),
        (&format!("{revision}/commit"), "parents", "no field \"parents\""),
    ];
    for (place, field, why) in cases {
        let mut info = info(5);
        info.pointer_mut(place).unwrap().as_object_mut().unwrap().remove(field).unwrap();
        let fault = change(&info).unwrap_err();
        assert_eq!(fault, swatbot::engine::facts::Fault::Malformed { why: why.to_owned() }, "{field}");
    }
}

#[test]
fn a_field_of_the_wrong_kind_is_named() {
    let revision = format!("/revisions/{}", sha(5));
    let cases = [
        ("/project", json!(3), "field \"project\" is not a text"),
        ("/_number", json!(0), "field \"_number\" is not the number of a change"),
        ("/_number", json!("x"), "field \"_number\" is not the number of a change"),
        ("/status", json!("LOST"), "status \"LOST\" is not known"),
        ("/updated", json!("yesterday"), "field \"updated\" is not a time"),
        ("/labels", json!([]), "field \"labels\" is not an object"),
        ("/labels/Verified/all", json!({}), "field \"all\" is not a list"),
        ("/labels/Verified/all/0/value", json!("good"), "field \"value\" is not a vote"),
        ("/labels/Verified/all/0/value", json!(300), "field \"value\" is not a vote"),
        ("/labels/Verified/all/0/name", json!(""), "a vote on Verified has no name"),
        ("/owner", json!({}), "field \"owner\" has no name"),
        (
            &format!("{revision}/_number"),
            json!(4_000_000_000_u32),
            "field \"current_revision_number\" is not a patch set",
        ),
        (&format!("{revision}/files"), json!("all"), "field \"files\" is not an object"),
    ];
    for (place, value, why) in cases {
        let mut info = info(5);
        *info.pointer_mut(place).unwrap() = value;
        let fault = change(&info).unwrap_err();
        assert_eq!(fault, swatbot::engine::facts::Fault::Malformed { why: why.to_owned() }, "{place}");
    }
    assert!(change(&json!([])).is_err());
}

#[test]
fn what_is_left_out_is_not_known_and_never_empty() {
    let without = |place: &str, field: &str| {
        let mut info = info(5);
        info.pointer_mut(place).unwrap().as_object_mut().unwrap().remove(field).unwrap();
        change(&info).unwrap()
    };
    let unknown = |why: &str| Fact::Unknown(why.to_owned());
    let change = without("", "labels");
    assert_eq!(change.votes, unknown("the review system did not give the votes"));
    let change = without("/labels/Verified", "all");
    assert_eq!(change.votes, unknown("the review system did not say who voted Verified"));
    let change = without(&format!("/revisions/{}", sha(5)), "files");
    assert_eq!(change.files.known(), None);
    assert_eq!((change.mergeable, change.submitted, change.uploader), (None, None, None));
}

#[test]
fn no_votes_are_known_where_the_labels_say_so() {
    let cases = [
        json!({}),
        json!({ "Verified": { "all": [] } }),
        json!({ "Verified": { "values": { " 0": "no score" } } }),
        json!({ "Verified": { "all": [{ "name": "CI", "value": 0 }, { "name": "may not vote" }] } }),
    ];
    for labels in cases {
        let mut info = info(5);
        info["labels"] = labels.clone();
        assert_eq!(votes(&change(&info).unwrap()), Vec::<String>::new(), "{labels}");
    }
}

#[test]
fn votes_are_read_in_every_shape() {
    let mut info = info(5);
    info["labels"] = json!({
        "Code-Review": { "all": [{ "username": "bob", "name": "Bob B", "value": "+1" }, { "name": "Eve", "value": -2 }] },
        "Verified": { "all": [{ "_account_id": 9, "value": "-1", "date": "2018-01-02 12:30:00.000000000" }] },
    });
    let change = change(&info).unwrap();
    assert_eq!(
        votes(&change),
        ["Code-Review+1 bob ps1", "Code-Review-2 Eve ps1", "Verified-1 account 9 ps1"]
    );
    assert_eq!(change.votes.known().unwrap()[2].at, Some(at(12, 30)));
}

#[test]
fn messages_remember_the_votes_on_older_patch_sets() {
    let info = with_messages(
        3,
        &[
            ("CI", "Patch Set 1: Verified+2\n\nCode-Review+2 is what it takes"),
            ("Bob", "Patch Set 1: Code-Review+1 Verified+1\n\n(1 comment)"),
            ("Eve", "Patch Set 1: Code-Review-1"),
            ("Eve", "Patch Set 1: -Code-Review"),
            ("Mia", "Patch Set 2: Code-Review+1"),
            ("Mia", "Patch Set 2: Code-Review-1"),
            ("Bob", "Patch Set 2: Code-Review-2"),
            ("Ivy", "Patch Set 1: Code-Review-2"),
            ("Ivy", "Patch Set 3: -Code-Review"),
            ("Kim", "Patch Set 1: Code-Review-2"),
            ("Kim", "Patch Set 3: Code-Review+1"),
            ("Joe", "Patch Set 2: I think Code-Review+2"),
            ("Zoe", "Patch Set 2: Code-Review+1"),
            ("Bob", "Removed Code-Review+1 by Zoe <zoe at example>"),
            ("Pat", "Patch Set 3: Code-Review+2"),
        ],
    );
    let expected = [
        "Verified+2 CI ps1",
        "Verified+1 Bob ps1",
        "Code-Review-1 Mia ps2",
        "Code-Review-2 Bob ps2",
        // Each one's last word is left; on the current patch set it is what the labels say, whatever the messages say.
        "Verified+2 CI ps3",
    ];
    assert_eq!(votes(&change(&info).unwrap()), expected);
}

#[test]
fn patch_sets_are_told_apart_by_the_messages() {
    use PatchSetKind::{NoCodeChange, Rework, TrivialRebase};
    let cases = [
        ("Uploaded patch set 2.", Rework),
        ("Uploaded patch set 2", Rework),
        ("Uploaded patch set 2: Patch Set 1 was rebased.", TrivialRebase),
        ("Patch Set 2: Patch Set 1 was rebased", TrivialRebase),
        ("Patch Set 2: Patch Set 1 was rebased\n\nThe following files contain Git conflicts:\n* a", Rework),
        ("Uploaded patch set 2: Commit message was updated.", NoCodeChange),
        ("Patch Set 2: Commit message was updated.", NoCodeChange),
        (
            "Uploaded patch set 2: New patch set was added with same tree, parent, and commit message as Patch Set 1.",
            NoCodeChange,
        ),
        ("Patch Set 2: this was rebased by hand", Rework),
        ("Patch Set 2: Published edit on patch set 1.", Rework),
        ("Patch Set 2:\n\nPatch Set 2: Patch Set 1 was rebased", Rework),
        ("Uploaded patch set 9: Patch Set 1 was rebased.", Rework),
        ("nothing", Rework),
    ];
    for (text, kind) in cases {
        let sets = change(&with_messages(2, &[("Ann", text)])).unwrap().patch_sets;
        let short: Vec<_> = sets.iter().map(|set| (set.number, set.kind)).collect();
        assert_eq!(short, [(1, Rework), (2, kind)], "{text}");
    }
}

#[test]
fn a_kind_in_the_revision_wins_and_a_foreign_tag_says_nothing() {
    let cases = [
        ("REWORK", PatchSetKind::Rework),
        ("TRIVIAL_REBASE", PatchSetKind::TrivialRebase),
        ("MERGE_FIRST_PARENT_UPDATE", PatchSetKind::TrivialRebase),
        ("NO_CODE_CHANGE", PatchSetKind::NoCodeChange),
        ("NO_CHANGE", PatchSetKind::NoCodeChange),
        ("SOMETHING_NEW", PatchSetKind::Rework),
    ];
    for (word, kind) in cases {
        let mut info = with_messages(2, &[("Ann", "Uploaded patch set 2: Commit message was updated.")]);
        info["revisions"][sha(5)]["kind"] = word.into();
        assert_eq!(change(&info).unwrap().patch_sets[1].kind, kind, "{word}");
    }
    for (tag, kind) in [
        ("autogenerated:gerrit:newPatchSet", PatchSetKind::TrivialRebase),
        ("autogenerated:gerrit:newWipPatchSet", PatchSetKind::TrivialRebase),
        ("autogenerated:ci", PatchSetKind::Rework),
    ] {
        let mut info = with_messages(2, &[("Ann", "Patch Set 2: Patch Set 1 was rebased")]);
        info["messages"][0]["tag"] = tag.into();
        assert_eq!(change(&info).unwrap().patch_sets[1].kind, kind, "{tag}");
    }
}

#[test]
fn every_status_is_read() {
    let cases = [
        ("NEW", Status::Open, false),
        ("DRAFT", Status::Open, true),
        ("SUBMITTED", Status::Open, false),
        ("MERGED", Status::Merged, false),
        ("ABANDONED", Status::Abandoned, false),
    ];
    for (word, status, wip) in cases {
        let mut info = info(5);
        info["status"] = word.into();
        let change = change(&info).unwrap();
        assert_eq!((change.status, change.wip), (status, wip), "{word}");
    }
}

#[test]
fn the_patch_set_may_stand_beside_the_revisions() {
    let mut info = info(5);
    info["revisions"][sha(5)].as_object_mut().unwrap().remove("_number");
    info["current_revision_number"] = 4.into();
    assert_eq!(change(&info).unwrap().patch_set, 4);
}

#[test]
fn all_changes_of_the_real_windows_are_read() {
    let Some((windows, incident)) = real_changes() else { return };
    assert_eq!((windows.len(), incident.len()), (607, 4));
    for info in windows.into_iter().chain(incident) {
        let change = change(&info).unwrap_or_else(|fault| panic!("{}: {fault:?}", info["_number"]));
        let given: usize =
            info["labels"].as_object().unwrap().values().map(|l| l["all"].as_array().unwrap().len()).sum();
        let read = change.votes.known().unwrap().iter().filter(|vote| vote.patch_set == change.patch_set);
        assert_eq!(read.count(), given, "{}", change.number);
        assert_eq!(change.patch_sets.len(), change.patch_set as usize);
        assert!(!change.files.known().unwrap().is_empty(), "{}", change.number);
    }
}

#[tokio::test]
async fn real_changes_come_through_the_client_unharmed() {
    let Some((windows, incident)) = real_changes() else { return };
    let fake = FakeGerrit::start();
    windows.iter().chain(&incident).for_each(|info| fake.put(info.clone()));
    for info in windows.iter().step_by(20).chain(&incident) {
        let facts = look_up(&fake, info["_number"].as_u64().unwrap().try_into().unwrap()).await.unwrap();
        assert_eq!(facts.change, change(info).unwrap());
        for piece in
            [facts.chain.known().is_some(), facts.siblings.known().is_some(), facts.needs.known().is_some()]
        {
            assert!(piece, "{facts:?}");
        }
    }
    // What the incident's third patch builds on: the rename first, then the move.
    let chain = look_up(&fake, 900_003).await.unwrap().chain;
    assert_eq!(super::numbers(chain.known().unwrap()), [900_002, 900_001]);
}
