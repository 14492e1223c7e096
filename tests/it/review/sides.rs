//! Chain, siblings, needs and branches: the same stories told to both sources, which must say the same.

use serde_json::{Value, json};
use swatbot::engine::facts::{Fact, Facts, Need};
use swatbot::review::Files;

use super::gerrit::look_up;
use super::{child, id, info, needing, number, numbers, sha};
use crate::fake_gerrit::{FakeGerrit, Trouble};

/// Asks a Gerrit and a folder that hold the same changes, checks that both say the same, and returns it.
async fn ask_both(changes: &[Value], branches: &[(u32, &str)], about: u32) -> Box<Facts> {
    let fake = FakeGerrit::start();
    let folder = tempfile::tempdir().unwrap();
    let write = |name: String, value: &Value| {
        std::fs::write(folder.path().join(name), value.to_string()).unwrap();
    };
    for change in changes {
        write(format!("{}.json", change["_number"]), change);
        fake.put(change.clone());
    }
    for change in changes {
        let number = change["_number"].as_u64().expect("a change has a number");
        std::fs::write(folder.path().join(format!("{number}.patch")), fake.patch(number)).unwrap();
    }
    for (number, branch) in branches {
        write(
            format!("{number}.in.json"),
            &json!({ "branches": [format!("refs/heads/{branch}")], "tags": [] }),
        );
        fake.include((*number).into(), branch);
    }
    let files = Files::new(folder.path().to_owned(), None).unwrap();
    let from_files = files.look_up(number(about)).await.unwrap();
    let from_gerrit = look_up(&fake, about).await.unwrap();
    assert_eq!(from_gerrit, from_files);
    from_files
}

/// Another branch's copy of change `of`.
fn copy(number: u32, of: u32, project: &str, branch: &str, status: &str) -> Value {
    let mut copy = info(number);
    copy["change_id"] = id(of).into();
    copy["project"] = project.into();
    copy["branch"] = branch.into();
    copy["status"] = status.into();
    copy
}

/// `5>I…6>[6]` for each need.
fn lines(needs: &Fact<Vec<Need>>) -> Vec<String> {
    let line = |need: &Need| {
        let named =
            if need.named.starts_with('I') { need.named.trim_start_matches(['I', '0']) } else { &need.named };
        format!("{} names {named}: {:?}", need.of, numbers(&need.found))
    };
    needs.known().expect("the needs are known").iter().map(line).collect()
}

#[tokio::test]
async fn the_chain_holds_the_ancestors_and_nearest_first() {
    let changes = [child(9, 5), info(1), child(5, 3), child(3, 1), child(7, 9), info(8)];
    let facts = ask_both(&changes, &[], 5).await;
    assert_eq!(numbers(facts.chain.known().unwrap()), [3, 1]);
    assert_eq!(numbers(ask_both(&changes, &[], 7).await.chain.known().unwrap()), [9, 5, 3, 1]);
    assert_eq!(ask_both(&changes, &[], 8).await.chain, Fact::Known(Vec::new()));
    // git cannot do this, but a folder written by hand can.
    let circle = [child(5, 6), child(6, 7), child(7, 5)];
    assert_eq!(numbers(ask_both(&circle, &[], 5).await.chain.known().unwrap()), [6, 7]);
}

#[tokio::test]
async fn a_parent_is_found_by_an_older_patch_set_of_a_folder() {
    let mut parent = info(1);
    let mut newer = parent["revisions"][sha(1)].clone();
    newer["_number"] = 2.into();
    parent["revisions"][sha(100)] = newer;
    parent["current_revision"] = sha(100).into();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("1.json"), parent.to_string()).unwrap();
    std::fs::write(folder.path().join("5.json"), child(5, 1).to_string()).unwrap();
    let files = Files::new(folder.path().to_owned(), None).unwrap();
    let chain = files.look_up(number(5)).await.unwrap().chain;
    assert_eq!((numbers(chain.known().unwrap()), chain.known().unwrap()[0].patch_set), (vec![1], 2));
}

#[tokio::test]
async fn siblings_are_of_the_same_project_on_other_branches() {
    let changes = [
        info(5),
        copy(6, 5, "conf", "wmf/1", "MERGED"),
        copy(7, 5, "conf", "wmf/2", "NEW"),
        copy(8, 5, "core", "wmf/2", "NEW"),
        copy(9, 5, "conf", "master", "ABANDONED"),
        info(10),
    ];
    let facts = ask_both(&changes, &[(6, "wmf/1")], 5).await;
    let siblings = facts.siblings.known().unwrap();
    assert_eq!(numbers(siblings), [6, 7]);
    assert_eq!(siblings[0].included_in, Fact::Known(vec!["wmf/1".to_owned()]));
    assert_eq!(siblings[1].included_in, Fact::Known(Vec::new()));
}

#[tokio::test]
async fn needs_are_followed_across_projects_and_say_who_named_them() {
    let mut merged = needing(6, &[&id(8)]);
    merged["status"] = "MERGED".into();
    let changes = [
        needing(5, &[&id(6), "https://gerrit.example.org/r/c/conf/+/9/2", &id(404), "the other one"]),
        merged,
        copy(7, 6, "core", "wmf/1", "NEW"),
        info(8),
        info(9),
    ];
    let folder = tempfile::tempdir().unwrap();
    for change in &changes {
        std::fs::write(folder.path().join(format!("{}.json", change["_number"])), change.to_string())
            .unwrap();
    }
    let files = Files::new(folder.path().to_owned(), None).unwrap();
    let facts = files.look_up(number(5)).await.unwrap();
    let url = "5 names https://gerrit.example.org/r/c/conf/+/9/2";
    assert_eq!(
        lines(&facts.needs),
        [
            "5 names 6: [6, 7]".to_owned(),
            format!("{url}: [9]"),
            "5 names 404: []".to_owned(),
            "5 names the other one: []".to_owned(),
            "6 names 8: [8]".to_owned(),
        ]
    );
    // The fake Gerrit has another host, where that URL names nothing.
    let fake = FakeGerrit::start();
    changes.iter().for_each(|change| fake.put(change.clone()));
    fake.include(6, "master");
    let facts = look_up(&fake, 5).await.unwrap();
    assert_eq!(lines(&facts.needs)[1], format!("{url}: []"));
    assert_eq!(facts.needs.known().unwrap()[0].found[0].included_in, Fact::Known(vec!["master".to_owned()]));
}

#[tokio::test]
async fn urls_in_every_form_name_one_change() {
    let forms = [
        "http://127.0.0.1/r/6",
        "http://127.0.0.1/r/6/",
        "http://127.0.0.1/6",
        "http://127.0.0.1:8080/r/c/6",
        "http://127.0.0.1/r/#/c/6/3/",
        "http://127.0.0.1/r/c/a/b/c/+/6",
        "http://127.0.0.1/r/c/conf/+/6/3",
        "6",
    ];
    for form in forms {
        let facts = ask_both(&[needing(5, &[form]), info(6)], &[], 5).await;
        assert_eq!(numbers(&facts.needs.known().unwrap()[0].found), [6], "{form}");
    }
    for form in ["http://127.0.0.1/", "I123", "https://127.0.0.1/r/q/topic:x", "Iquery:OR status:open", "0"] {
        let facts = ask_both(&[needing(5, &[form]), info(6)], &[], 5).await;
        assert_eq!(facts.needs.known().unwrap()[0].found, [], "{form}");
    }
}

#[tokio::test]
async fn a_cycle_of_needs_ends() {
    let changes = [needing(5, &[&id(6)]), needing(6, &[&id(7)]), needing(7, &[&id(5)])];
    let facts = ask_both(&changes, &[], 5).await;
    assert_eq!(lines(&facts.needs), ["5 names 6: [6]", "6 names 7: [7]", "7 names 5: [5]"]);
    let facts = ask_both(&[needing(5, &[&id(5)])], &[], 5).await;
    assert_eq!(lines(&facts.needs), ["5 names 5: [5]"]);
}

#[tokio::test]
async fn an_abandoned_change_needs_nothing_any_more() {
    let mut abandoned = needing(6, &[&id(7)]);
    abandoned["status"] = "ABANDONED".into();
    let facts = ask_both(&[needing(5, &[&id(6)]), abandoned, info(7)], &[], 5).await;
    assert_eq!(lines(&facts.needs), ["5 names 6: [6]"]);
}

#[tokio::test]
async fn needs_that_lead_too_far_are_unknown_and_not_cut_off() {
    let way = |length: u32| -> Vec<Value> {
        let mut way: Vec<Value> = (1..=length).map(|n| needing(n, &[&id(n + 1)])).collect();
        way.push(info(length + 1));
        way
    };
    assert_eq!(ask_both(&way(10), &[], 1).await.needs.known().unwrap().len(), 10);
    let deep = Fact::Unknown("its Depends-On footers lead more than 10 changes deep".to_owned());
    assert_eq!(ask_both(&way(11), &[], 1).await.needs, deep);

    let fan = |width: u32| -> Vec<Value> {
        let ids: Vec<String> = (2..width + 2).map(id).collect();
        let mut fan = vec![needing(1, &ids.iter().map(String::as_str).collect::<Vec<_>>())];
        fan.extend((2..width + 2).map(info));
        fan
    };
    assert_eq!(ask_both(&fan(50), &[], 1).await.needs.known().unwrap().len(), 50);
    let wide = Fact::Unknown("its Depends-On footers lead to more than 50 changes".to_owned());
    assert_eq!(ask_both(&fan(51), &[], 1).await.needs, wide);
}

#[tokio::test]
async fn a_side_question_that_fails_leaves_only_its_piece_unknown() {
    let put = |fake: &FakeGerrit| {
        let mut change = needing(5, &[&id(6)]);
        change["revisions"][sha(5)]["commit"]["parents"][0]["commit"] = sha(4).into();
        fake.put(change);
        [info(4), info(6)].into_iter().for_each(|change| fake.put(change));
        fake.submit(5);
    };
    let down = Fact::<()>::Unknown("503 Service Unavailable".to_owned());
    let cases = [
        ("/related", [true, false, false, false]),
        (&*format!("change:{}", id(5)), [false, true, false, false]),
        (&*format!("change:{}", id(6)), [false, false, true, false]),
        ("/5/in", [false, false, false, true]),
        ("change:4", [true, false, false, false]),
        ("nothing", [false; 4]),
    ];
    for (part, unknown) in cases {
        let fake = FakeGerrit::start();
        put(&fake);
        fake.fail(part, Trouble::Answer(503, "text/html", "<html>"), 3);
        let facts = look_up(&fake, 5).await.unwrap();
        fn bare<T>(fact: &Fact<T>) -> Fact<()> {
            match fact {
                Fact::Known(_) => Fact::Known(()),
                Fact::Unknown(why) => Fact::Unknown(why.clone()),
            }
        }
        let pieces =
            [bare(&facts.chain), bare(&facts.siblings), bare(&facts.needs), bare(&facts.included_in)];
        let expected = unknown.map(|unknown| if unknown { down.clone() } else { Fact::Known(()) });
        assert_eq!(pieces, expected, "{part}");
    }
}

#[tokio::test]
async fn branches_are_not_asked_for_again_once_gerrit_is_silent() {
    let fake = FakeGerrit::start();
    let names = [id(6), id(7), id(8)];
    fake.put(needing(5, &[&names[0], &names[1], &names[2]]));
    for number in [6, 7, 8] {
        fake.put(info(number));
        fake.submit(number.into());
    }
    fake.fail("/in", Trouble::Answer(500, "text/plain", ""), 99);
    let facts = look_up(&fake, 5).await.unwrap();
    let needs = facts.needs.known().unwrap();
    for need in needs {
        assert_eq!(need.found[0].included_in, Fact::Unknown("500 Internal Server Error".to_owned()));
    }
    assert_eq!((needs.len(), fake.requests("/in").len()), (3, 3));
}

#[tokio::test]
async fn an_answer_that_was_cut_off_does_not_pass_for_the_whole() {
    let fake = FakeGerrit::start();
    fake.put(info(5));
    for number in 1000..1101 {
        fake.put(copy(number, 5, "conf", &format!("wmf/{number}"), "NEW"));
    }
    let facts = look_up(&fake, 5).await.unwrap();
    assert_eq!(facts.siblings, Fact::Unknown("more than 100 changes match".to_owned()));
}
