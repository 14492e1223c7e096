//! What is kept of a diff: the same from a Gerrit as from a folder, bounded, and asked for once.

use serde_json::json;
use swatbot::engine::facts::{Fact, Facts};
use swatbot::engine::order::{Diff, NameKind, Roles};
use swatbot::review::Gerrit;

use super::gerrit::{look_up, settings};
use super::{info, number};
use crate::fake_gerrit::{FakeGerrit, Trouble};

/// A change of one file, with a name in every place where one can stand.
const PATCH: &str = "From 1111 Mon Sep 17 00:00:00 2001
From: Ann <ann>
Subject: [PATCH] Feed the ducks

---
diff --git a/includes/Duck.php b/includes/Duck.php
index 1111111..2222222 100644
--- a/includes/Duck.php
+++ b/includes/Duck.php
@@ -12,3 +12,4 @@ class DuckPond extends Pond {
 \t$aroundHere = 1;
--- an oldCounter that went
+++ a newCounter that came
+\tpublic function feedTheDucks() {
 \t$aroundThere = 2;
\\ No newline at end of file
diff --git a/image.png b/image.png
GIT binary patch
literal 12
zcmZQzKm

--
2.45
";

fn known(facts: &Facts) -> &Diff {
    facts.diff.as_ref().and_then(Fact::known).unwrap_or_else(|| panic!("no diff: {:?}", facts.diff))
}

#[tokio::test]
async fn a_patch_is_read_hunk_by_hunk() {
    let fake = FakeGerrit::start();
    fake.put(info(5));
    fake.put_patch(5, PATCH);
    let facts = look_up(&fake, 5).await.unwrap();
    let diff = known(&facts);
    let roles = |name: &str| diff.place(name).map(|place| diff.names[place].roles);
    // What looks like the head of a file is a line of the hunk.
    assert!(roles("oldCounter").is_some_and(Roles::is_gone), "{diff:?}");
    assert!(roles("newCounter").is_some_and(Roles::is_new), "{diff:?}");
    assert!(roles("feedTheDucks").is_some_and(Roles::is_defined), "{diff:?}");
    for around in ["aroundHere", "aroundThere", "DuckPond", "Duck.php"] {
        assert_eq!(roles(around), Some(Roles::AROUND), "{around}");
    }
    assert_eq!(roles("zcmZQzKm"), None, "what is binary has no names");
    let kind = |name: &str| diff.place(name).and_then(|place| diff.names[place].kind);
    assert_eq!(kind("feedTheDucks"), Some(NameKind::Function));
}

#[tokio::test]
async fn a_commit_is_asked_about_once() {
    let fake = FakeGerrit::start();
    fake.put(info(5));
    let gerrit = Gerrit::new(settings(&fake), None).unwrap();
    for _ in 0..3 {
        gerrit.look_up(number(5)).await.unwrap();
    }
    let asked = |fake: &FakeGerrit| fake.requests("/patch").len();
    assert_eq!(asked(&fake), 1);
    fake.upload(5);
    gerrit.look_up(number(5)).await.unwrap();
    assert_eq!(asked(&fake), 2, "another commit is another question");
}

#[tokio::test]
async fn of_a_large_patch_the_small_files_are_read() {
    let fake = FakeGerrit::start();
    let mut change = info(5);
    let sha = change["current_revision"].as_str().unwrap().to_owned();
    change["revisions"][&sha]["files"] = json!({
        "extension.json": { "lines_inserted": 3 },
        "modules/all.js": { "lines_inserted": 4000 },
        "package-lock.json": { "lines_inserted": 900, "lines_deleted": 900 },
    });
    fake.put(change);
    fake.put_patch(
        5,
        "diff --git a/extension.json b/extension.json\n@@ -1,0 +1,1 @@\n+\t\"PondDepth\": {\ndiff --git a/modules/all.js b/modules/all.js\n@@ -1,0 +1,1 @@\n+neverRead();\n",
    );
    let facts = look_up(&fake, 5).await.unwrap();
    let diff = known(&facts);
    assert_eq!(diff.skipped, ["modules/all.js (large)", "package-lock.json (generated)"]);
    assert!(diff.place("PondDepth").is_some() && diff.place("neverRead").is_none(), "{diff:?}");
    let asked: Vec<String> = fake.requests("/patch").into_iter().map(|asked| asked.path).collect();
    assert!(matches!(asked.as_slice(), [one] if one.ends_with("/patch?path=extension.json")), "{asked:?}");
}

#[tokio::test]
async fn a_diff_that_cannot_be_had_is_unknown() {
    for (trouble, why) in [
        (Trouble::Answer(500, "text/plain", "oops"), "500 Internal Server Error"),
        (Trouble::Answer(200, "text/html", "<html>"), "answers with something that is no patch (text/html)"),
        (Trouble::Answer(404, "text/plain", "Not found"), "not found"),
    ] {
        let fake = FakeGerrit::start();
        fake.put(info(5));
        fake.fail("/patch", trouble, 9);
        let facts = look_up(&fake, 5).await.unwrap();
        assert_eq!(facts.diff, Some(Fact::Unknown(why.to_owned())));
        assert_eq!(facts.change.number, number(5), "the rest is known");
    }
    let fake = FakeGerrit::start();
    let mut merge = info(5);
    let sha = merge["current_revision"].as_str().unwrap().to_owned();
    merge["revisions"][&sha]["commit"]["parents"] =
        json!([{ "commit": "1".repeat(40) }, { "commit": "2".repeat(40) }]);
    fake.put(merge);
    let facts = look_up(&fake, 5).await.unwrap();
    assert_eq!(facts.diff, Some(Fact::Unknown("a merge has no diff of its own".to_owned())));
}
