//! The four patches of October 2015 from a fake Gerrit, played as a transcript is: incident.txt holds what is said. Pieces
//! of one change in two repositories, and the wrong one first takes every wiki down; the bot asks, and people say the order.
//! `UPDATE=1` writes what the bot says now.

use std::path::Path;

use chrono::{NaiveTime, TimeDelta};
use serde_json::{Value, json};
use swatbot::config;
use swatbot::engine::id::{ChangeNumber, Who};
use swatbot::engine::settings::{Person, Settings, Standing};
use swatbot::engine::state::State;
use swatbot::transport::console::{self, Typed};

use crate::room::Room;

/// The changes as Gerrit has them, where they are.
fn changes() -> Option<Vec<Value>> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/incident-2015-10.json");
    let Ok(text) = std::fs::read_to_string(file) else {
        crate::review::skipped("the incident of ../shared/data is not here");
        return None;
    };
    Some(serde_json::from_str(&text).expect("the incident is JSON"))
}

/// The window of that evening, and its people.
fn settings(owner: &str) -> Settings {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("windows.toml");
    let mut settings = config::load(&file).unwrap_or_else(|faults| panic!("{faults}")).settings;
    settings.windows.retain(|window| window.id == "evening");
    settings.windows[0].start = NaiveTime::from_hms_opt(16, 0, 0).expect("a time");
    settings.policy.live_branches = vec!["wmf/1.27.0-wmf.3".to_owned()];
    settings.policy.code_repos = vec!["mediawiki/".to_owned()];
    let person = |name: &str, roles: &[Standing], review: &str| Person {
        id: Who(name.to_owned()),
        roles: roles.to_vec(),
        accounts: Vec::new(),
        review: Some(review.to_owned()),
    };
    settings.people = vec![person("alice", &[Standing::Deployer], "Alice"), person("erik", &[], owner)];
    settings
}

/// The same change, merged on master a day before: every one of these was picked from there.
fn on_master(change: &Value) -> Value {
    let mut original = change.clone();
    let number = change["_number"].as_u64().expect("a change has a number") + 10;
    let old = change["current_revision"].as_str().expect("a change has a revision");
    let revision = format!("{number:040}");
    let mut commit = change["revisions"][old].clone();
    commit["commit"]["parents"] = json!([{ "commit": "0".repeat(40) }]);
    original["_number"] = number.into();
    original["branch"] = "master".into();
    original["status"] = "MERGED".into();
    original["submitted"] = "2015-10-14 21:00:00.000000000".into();
    original["revisions"] = json!({ &revision: commit });
    original["current_revision"] = revision.into();
    original
}

/// The 52 lines of the script that moves; the data has only their count.
fn script() -> impl Iterator<Item = String> {
    (1..=52).map(|line| format!("\tlogEvent( 'satisfaction', searchStep{line}, sessionOf( reader ) );"))
}

/// A diff of one file in git's form: its lines as they are, each with its sign.
fn diff(path: &str, lines: &[String]) -> String {
    let count = |sign: char| lines.iter().filter(|line| line.starts_with(sign)).count();
    let (removed, added) = (count('-'), count('+'));
    let lines = lines.join("\n");
    format!(
        "diff --git a/{path} b/{path}\n--- a/{path}\n+++ b/{path}\n@@ -9,{removed} +9,{added} @@\n{lines}\n"
    )
}

/// What 900002 does, in the shape that its counts of lines have: it registers the schema.
fn arrives() -> String {
    let register = ["+\t'schema.Search' => array(", "+\t\t'schema' => 'Search',", "+\t),"].map(str::to_owned);
    let script: Vec<String> = script().map(|line| format!("+{line}")).collect();
    diff("WikimediaEvents.php", &register) + diff("modules/ext.wikimediaEvents.search.js", &script).as_str()
}

/// What 900004 does: the same schema is registered no more, and the setting that said how often is gone.
fn leaves() -> String {
    let setting =
        ["-// One session of so many is logged.", "-// None is at 0.", "-$wgCirrusSearchLogRate = 1000;"];
    let hook = [
        "-\tpublic static function onResourceLoaderRegisterModules( $loader ) {",
        "-\t\tif ( $wgCirrusSearchLogRate > 0 ) {",
        "-\t\t\t'schema.Search' => array(",
    ];
    let script: Vec<String> = script().map(|line| format!("-{line}")).collect();
    diff("CirrusSearch.php", &setting.map(str::to_owned))
        + diff("includes/Hooks.php", &hook.map(str::to_owned)).as_str()
        + diff("resources/loggingSchema/search.js", &script).as_str()
}

/// Plays the lines of a script; answers of an earlier run are passed over.
fn play(script: &str, changes: &[Value]) -> (String, State) {
    let owner = changes[0]["owner"]["name"].as_str().expect("a change has an owner");
    let mut room = Room::open(settings(owner), "2015-10-15T22:00:00Z".parse().expect("a time"));
    for change in changes {
        room.gerrit.put(change.clone());
        room.gerrit.put(on_master(change));
    }
    for (number, patch) in [(900_002, arrives()), (900_004, leaves())] {
        room.gerrit.put_patch(number, &patch);
    }
    let mut played = String::new();
    for line in script.lines() {
        let lines = match console::read(line, "alice", "swatbot") {
            Typed::Answer => continue,
            Typed::Nothing => Vec::new(),
            Typed::Said(line) => room.hears(line),
            Typed::Later(time) => room.passes_to(room.now() + time),
            Typed::Change(change, what) if what == "merged" => {
                room.gerrit.submit(u64::from(change.0));
                // The bot asks about the patch in motion every 10 s.
                room.passes_to(room.now() + TimeDelta::seconds(10))
            }
            other => panic!("{line}: {other:?} is not for this script"),
        };
        for line in [line.to_owned()].iter().chain(&lines) {
            played.push_str(line);
            played.push('\n');
        }
    }
    (masked(&played, changes), room.closes())
}

/// What is said without the titles and the names of the data, which is not part of the project.
fn masked(played: &str, changes: &[Value]) -> String {
    let mut masked = played.to_owned();
    for change in changes {
        masked = masked.replace(change["subject"].as_str().expect("a change has a subject"), "…");
        let votes = ["Code-Review", "Verified"]
            .into_iter()
            .filter_map(|label| change["labels"][label]["all"].as_array());
        for name in
            votes.flatten().filter_map(|vote| vote["name"].as_str()).filter(|name| *name != "jenkins-bot")
        {
            masked = masked.replace(name, "somebody");
        }
    }
    masked
}

#[test]
fn the_incident_of_2015_does_not_happen_again() {
    let Some(changes) = changes() else { return };
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/incident.txt");
    let expected = std::fs::read_to_string(&file).expect("the script is there");
    let (played, state) = play(&expected, &changes);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&file, &played).expect("the script can be written");
    }
    // What must be so, whatever UPDATE writes.
    let place = |words: &str| {
        let line = played.lines().position(|line| line.contains(words));
        line.unwrap_or_else(|| panic!("nobody says {words:?}:\n{played}"))
    };
    let asked =
        place("900002 and 900004 belong together: 900004 names 900002, both T115031, schema.Search leaves");
    let both = place(
        "900002 first: schema.Search is registered twice until 900004 is out. 900004 first: schema.Search is registered nowhere until 900002 is out",
    );
    let refused = place("with 900002 first schema.Search is registered twice until 900004 is out");
    assert!(
        asked < both && both < refused && refused < place("alice> !swat start"),
        "it asks before anything starts"
    );
    assert!(played.lines().nth(refused).is_some_and(|line| line.ends_with("[unique-name]")));
    let runs = place("Runs as: 900001, 900004, 900002, 900003");
    assert!(runs < place("900004 goes before 900002 (order by erik"), "the order is declared, then kept");
    let refused = played.lines().filter(|line| line.contains(": no: ") && line.ends_with("[order]")).count();
    assert_eq!(refused, 3, "the wrong patch, the wrong file, the wrong step back:\n{played}");
    let (hooks, cirrus, search) = (
        place("900004 step 7: production, includes/Hooks.php"),
        place("900004 step 8: production, CirrusSearch.php"),
        place("900004 step 9: production, resources/loggingSchema/search.js"),
    );
    assert!(hooks < cirrus && cirrus < search);
    let plan = played.lines().find_map(|line| line.split_once("first what needs it: ")?.1.split_once(" (L"));
    let back: Vec<&str> = plan.expect("the rollback is laid out").0.split(", ").collect();
    assert_eq!(
        back,
        [
            "r1 900003 production modules/ext.wikimediaEvents.search.js",
            "r2 900003 production WikimediaEvents.php",
            "r3 900002 production modules/ext.wikimediaEvents.search.js",
            "r4 900002 production WikimediaEvents.php",
            "r5 900004 production resources/loggingSchema/search.js",
            "r6 900004 production CirrusSearch.php",
            "r7 900004 production includes/Hooks.php",
        ]
    );
    let owed: Vec<ChangeNumber> = state.ledger.keys().copied().collect();
    assert_eq!(owed, [900_002, 900_003, 900_004].map(ChangeNumber));
    assert_eq!(played, expected, "UPDATE=1 writes what is said now");
}
