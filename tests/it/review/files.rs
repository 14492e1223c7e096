//! The folder of changes, and what a transcript tells it.

use std::path::Path;

use serde_json::Value;
use swatbot::engine::facts::{Fact, Facts, Fault, PatchSetKind, Status};
use swatbot::engine::id::ChangeNumber;
use swatbot::review::{Files, Source};
use tempfile::TempDir;

use super::{at, info, needing, number, sha};

/// A folder with changes.
fn folder(changes: &[Value]) -> (TempDir, Files) {
    let folder = tempfile::tempdir().unwrap();
    for change in changes {
        write(folder.path(), &format!("{}.json", change["_number"]), &change.to_string());
    }
    let files = Files::new(folder.path().to_owned(), None).unwrap();
    (folder, files)
}

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).unwrap();
}

fn votes(facts: &Facts) -> Vec<(String, String, i8, u32)> {
    let votes = facts.change.votes.known().expect("the votes are known");
    let vote = |vote: &swatbot::engine::facts::Vote| {
        (vote.label.clone(), vote.who.name.clone(), vote.value, vote.patch_set)
    };
    votes.iter().map(vote).collect()
}

fn cast(label: &str, name: &str, value: i8, patch_set: u32) -> (String, String, i8, u32) {
    (label.to_owned(), name.to_owned(), value, patch_set)
}

#[tokio::test]
async fn faults_of_the_folder_are_told_apart() {
    let (folder, files) = folder(&[info(5)]);
    let mut lacking = info(6);
    lacking.as_object_mut().unwrap().remove("project");
    write(folder.path(), "6.json", &lacking.to_string());
    write(folder.path(), "7.json", "{\"_number\": 7,");
    write(folder.path(), "8.json", "<html></html>");
    write(folder.path(), "9.json", &info(10).to_string());
    let malformed = |why: &str| Fault::Malformed { why: why.to_owned() };
    let unreachable = |why: &str| Fault::Unreachable { why: why.to_owned() };
    let cases = [
        (404, Fault::NotFound),
        (6, malformed("6.json: no field \"project\"")),
        (7, unreachable("7.json holds JSON that ends in the middle")),
        (8, unreachable("8.json holds a web page instead of JSON")),
        (9, malformed("9.json: this is change 10")),
    ];
    for (change, fault) in cases {
        assert_eq!(files.look_up(number(change)).await, Err(fault), "{change}");
    }
    // Any of the broken files might be a sibling, a parent or a need.
    let facts = files.look_up(number(5)).await.unwrap();
    let why = Fact::Unknown("6.json: no field \"project\"".to_owned());
    assert_eq!((&facts.chain, &facts.siblings), (&why, &why));
    assert_eq!(facts.needs.known(), None);
    drop(folder);
    let fault = files.look_up(number(5)).await.unwrap_err();
    assert_eq!(fault, unreachable("cannot read 5.json: entity not found"));
}

#[tokio::test]
async fn an_edited_file_is_seen() {
    let (folder, files) = folder(&[info(5)]);
    let source = Source::Files(files);
    assert_eq!(source.look_up(number(5)).await.unwrap().change.subject, "Change 5");
    let mut edited = info(5);
    edited["subject"] = "Edited".into();
    write(folder.path(), "5.json", &format!(")]}}'\n{edited}"));
    assert_eq!(source.look_up(number(5)).await.unwrap().change.subject, "Edited");
}

#[tokio::test]
async fn a_merged_change_says_where_it_is_or_that_nothing_says_so() {
    let (folder, files) = folder(&[info(5)]);
    assert_eq!(files.look_up(number(5)).await.unwrap().included_in, Fact::Known(Vec::new()));
    files.tell(number(5), "merged", at(14, 5)).unwrap();
    let facts = files.look_up(number(5)).await.unwrap();
    assert_eq!(facts.included_in, Fact::Unknown("no 5.in.json says which branches hold it".to_owned()));
    let cases = [
        (r#"{"branches": ["master", "refs/heads/wmf/1"]}"#, Ok(vec!["master", "wmf/1"])),
        (r#"{"tags": []}"#, Err("5.in.json: no field \"branches\"")),
        ("{", Err("5.in.json holds JSON that ends in the middle")),
    ];
    for (text, expected) in cases {
        write(folder.path(), "5.in.json", text);
        let expected = match expected {
            Ok(branches) => Fact::Known(branches.into_iter().map(str::to_owned).collect()),
            Err(why) => Fact::Unknown(why.to_owned()),
        };
        assert_eq!(files.look_up(number(5)).await.unwrap().included_in, expected);
    }
}

#[tokio::test]
async fn a_status_is_told() {
    let (_folder, files) = folder(&[info(5)]);
    let cases = [
        ("merged", Status::Merged, false, true),
        ("open", Status::Open, false, false),
        ("wip", Status::Open, true, false),
        ("abandoned", Status::Abandoned, true, false),
        ("open", Status::Open, true, false),
        ("ready", Status::Open, false, false),
    ];
    for (minute, (what, status, wip, submitted)) in (1..).zip(cases) {
        let now = at(14, minute);
        files.tell(number(5), what, now).unwrap();
        let change = files.look_up(number(5)).await.unwrap().change;
        assert_eq!((change.status, change.wip, change.updated), (status, wip, Some(now)), "{what}");
        assert_eq!(change.submitted, submitted.then_some(now), "{what}");
    }
}

#[tokio::test]
async fn votes_and_patch_sets_are_told() {
    let (_folder, files) = folder(&[info(5)]);
    let tell = |what: &str| files.tell(number(5), what, at(14, 0)).unwrap();
    tell("Code-Review+1 Bob B");
    tell("Code-Review-1 Eve");
    tell("Code-Review+2 Eve");
    let facts = files.look_up(number(5)).await.unwrap();
    let ci = cast("Verified", "CI", 2, 1);
    assert_eq!(
        votes(&facts),
        [cast("Code-Review", "Bob B", 1, 1), cast("Code-Review", "Eve", 2, 1), ci.clone()]
    );

    tell("rebased");
    let facts = files.look_up(number(5)).await.unwrap();
    let change = &facts.change;
    assert_eq!((change.patch_set, change.patch_sets[1].kind), (2, PatchSetKind::TrivialRebase));
    let now = |facts: &Facts| -> Vec<_> {
        votes(facts).into_iter().filter(|vote| vote.3 == facts.change.patch_set).collect()
    };
    assert_eq!(now(&facts), [cast("Code-Review", "Bob B", 1, 2), cast("Code-Review", "Eve", 2, 2)]);
    assert!(votes(&facts).contains(&ci));

    tell("Verified-1 CI");
    tell("reworded");
    let facts = files.look_up(number(5)).await.unwrap();
    assert_eq!(facts.change.patch_sets[2].kind, PatchSetKind::NoCodeChange);
    assert_eq!(now(&facts).len(), 3);

    tell("ps5");
    let facts = files.look_up(number(5)).await.unwrap();
    let change = &facts.change;
    assert_eq!(
        (change.patch_set, change.patch_sets[4].kind, change.patch_sets.len()),
        (5, PatchSetKind::Rework, 5)
    );
    assert_eq!(now(&facts), []);
    assert!(votes(&facts).contains(&cast("Verified", "CI", -1, 3)), "{:?}", votes(&facts));
    assert_eq!((change.revision.len(), change.updated), (40, Some(at(14, 0))));
    assert_ne!(change.revision, sha(5));
    let before = facts.clone();
    assert_eq!(files.look_up(number(5)).await.unwrap(), before, "the same every time");

    let error = files.tell(number(5), "ps5", at(14, 1)).unwrap_err();
    assert_eq!(error, "5.json: it is at patch set 5 already");
    assert_eq!(files.look_up(number(5)).await.unwrap(), before, "a refused word leaves nothing behind");
}

#[tokio::test]
async fn a_source_can_be_down_for_one_change() {
    let (_folder, files) = folder(&[info(5), info(6)]);
    files.tell(number(5), "down 503 Service Unavailable", at(14, 0)).unwrap();
    let fault = Fault::Unreachable { why: "503 Service Unavailable".to_owned() };
    assert_eq!(files.look_up(number(5)).await, Err(fault));
    assert!(files.look_up(number(6)).await.is_ok());
    files.tell(number(5), "up", at(14, 1)).unwrap();
    assert!(files.look_up(number(5)).await.is_ok());
}

#[tokio::test]
async fn another_file_replaces_all_that_was_told() {
    let (folder, files) = folder(&[info(5), needing(6, &["5"])]);
    let mut other = info(5);
    other["subject"] = "Another".into();
    write(folder.path(), "5.ps2.json", &other.to_string());
    write(folder.path(), "6.ps2.json", &other.to_string());
    files.tell(number(5), "abandoned", at(14, 0)).unwrap();
    files.tell(number(5), "5.ps2.json", at(14, 1)).unwrap();
    let change = files.look_up(number(5)).await.unwrap().change;
    assert_eq!((change.subject.as_str(), change.status), ("Another", Status::Open));
    // The others see it too.
    let needs = files.look_up(number(6)).await.unwrap().needs;
    assert_eq!(needs.known().unwrap()[0].found[0].subject, "Another");
    let error = files.tell(number(6), "6.ps2.json", at(14, 2)).unwrap_err();
    assert_eq!(error, "6.ps2.json: this is change 5");
    let error = files.tell(number(6), "6.ps3.json", at(14, 2)).unwrap_err();
    assert_eq!(error, "no 6.ps3.json in the folder of changes");
}

#[test]
fn words_without_a_meaning_are_refused() {
    let (_folder, files) = folder(&[info(5)]);
    let words = [
        "",
        "nonsense",
        "merged now",
        "ps",
        "psx",
        "ps0",
        "ps1",
        "down",
        "Code-Review+1",
        "Code+Review Bob",
        "+1 Bob",
    ];
    for word in words.into_iter().chain(["../5.json", "Code-Review+10 Bob", "Code-Review1 Bob", "ps99999"]) {
        files.tell(number(5), word, at(14, 0)).expect_err(word);
    }
    let error = files.tell(ChangeNumber(404), "merged", at(14, 0)).unwrap_err();
    assert_eq!(error, "no 404.json in the folder of changes");
}
