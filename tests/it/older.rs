//! Windows that an older program left in motion, and a configuration that lost a check: a rollback is possible, and nothing is
//! called healthy that nobody looked at.

use std::collections::BTreeMap;
use std::fs;

use chrono::TimeDelta;
use swatbot::engine::id::{At, RoomId};
use swatbot::engine::program::{Ended, How};
use swatbot::engine::settings::Settings;
use swatbot::engine::state::State;
use swatbot::engine::window::Window;
use swatbot::engine::{Input, Line, Outcome, turn};

use super::make::when;
use super::transcripts::Scene;

/// 900101 is on the test servers and the canaries, where it is bad.
const ON_CANARIES: &str = "\
# clock: 2026-11-23T13:58:00Z
# windows: windows-run.toml
# with: commands
bob> !swat add 900101
alice> !swat claim
+2m
alice> !swat start
/health errors good 0.4 errors/s
alice> !swat check 900101 deployer
/change 900101 merged
alice> !swat go 3
/ran 3 0
bob> !swat verified
alice> !swat go 5
/ran 5 0
";
/// It went back.
const OFF: &str = "\
/health errors bad 31 errors/s
alice> !swat rollback 900101
/ran r1 0
/ran r2 0
";
/// It is on its way to production.
const TO_PRODUCTION: &str = "\
/health errors good 0.4 errors/s
/health web good all answer
+50s
/health errors good 0.4 errors/s
/health web good all answer
+50s
/health errors good 0.4 errors/s
/health web good all answer
+20s
alice> !swat go 7
";

/// What is configured and what is so after these lines.
fn after(more: &str) -> (Settings, State) {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("it.txt");
    fs::write(&path, format!("{ON_CANARIES}{more}")).unwrap();
    let Scene { script, mut player, mut said, place: _log, .. } = Scene::open(&path);
    player.play(&mut script.as_bytes(), &mut said).unwrap();
    let bot = player.bot().unwrap();
    (bot.settings().clone(), bot.state().clone())
}

fn now() -> At {
    when("2026-11-23T14:03:00Z")
}

fn says(settings: &Settings, state: &mut State, at: At, text: &str) -> Outcome {
    let line = Line {
        network: "console".to_owned(),
        room: Some(RoomId("console".to_owned())),
        nick: "alice".to_owned(),
        account: Some("alice".to_owned()),
        text: text.to_owned(),
        message_id: None,
    };
    turn(settings, state, at, &Input::Line(line))
}

fn good() -> Ended {
    Ended { how: How::Exit(0), seconds: 7, output: String::new(), cut: 0 }
}

fn only(state: &mut State) -> &mut Window {
    state.windows.values_mut().find(|window| window.is_on()).unwrap()
}

/// What an older program kept of what is bad: not which checks look at it.
fn without_looks(state: &mut State) {
    only(state).incident.as_mut().unwrap().looks = BTreeMap::new();
}

fn replies(outcome: &Outcome) -> Vec<&str> {
    outcome.replies.iter().map(|reply| reply.text.as_str()).collect()
}

#[test]
fn an_incident_without_its_checks_is_not_restored_unseen() {
    let (settings, mut state) = after(OFF);
    without_looks(&mut state);
    let outcome = turn(&settings, &mut state, now(), &Input::Tick);
    assert!(only(&mut state).incident.is_some(), "{outcome:?}");
    let outcome = says(&settings, &mut state, now(), "!swat resume NOTE");
    let said = "errors (not looked at), web (not looked at)";
    assert!(replies(&outcome).iter().any(|text| text.contains(said)), "{outcome:?}");
    let incidents = &only(&mut state).incidents;
    assert!(incidents.iter().all(|incident| incident.restored.is_none()), "{incidents:?}");
}

#[test]
fn the_checks_of_an_older_rollback_are_filled_in() {
    let (settings, mut state) = after(OFF.strip_suffix("/ran r2 0\n").unwrap());
    without_looks(&mut state);
    let going = only(&mut state).rollback.as_ref().unwrap().current().unwrap().1.going.clone();
    let row = going.expect("r2 runs").row;
    turn(&settings, &mut state, now(), &Input::Ran { row, ended: good() });
    let incident = only(&mut state).incident.clone().expect("nothing says that it is healthy");
    assert_eq!(incident.looks.keys().collect::<Vec<_>>(), ["errors", "web"]);
    assert_eq!(incident.looks["errors"].before, Some(0.4));
}

#[test]
fn a_check_that_is_configured_no_more_ends_with_the_hold() {
    let (mut settings, mut state) = after(OFF);
    settings.checks.clear();
    turn(&settings, &mut state, now(), &Input::Tick);
    assert!(only(&mut state).incident.is_some());
    let outcome = says(&settings, &mut state, now() + TimeDelta::seconds(1), "!swat resume NOTE");
    let said = "errors (the configuration has no such check any more)";
    assert!(replies(&outcome).iter().any(|text| text.contains(said)), "{outcome:?}");
    assert!(only(&mut state).incident.is_none());
}

#[test]
fn a_step_without_its_path_goes_back_by_the_one_file() {
    let (settings, mut state) = after(TO_PRODUCTION);
    let row = only(&mut state).moving().unwrap().current().unwrap().1.going.as_ref().expect("it runs").row;
    for step in &mut only(&mut state).patches[0].steps {
        step.path = None;
    }
    says(&settings, &mut state, now(), "!swat rollback 900101");
    let outcome = turn(&settings, &mut state, now(), &Input::Ran { row, ended: good() });
    let argv = &outcome.runs.first().expect("r1 runs").argv;
    assert_eq!(argv[1..], ["revert-file", "wmf-config/InitialiseSettings.php", "900101"]);
}
