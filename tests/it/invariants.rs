//! The invariants that a test can check, at every moment of every transcript: the same input gives the same outcome (I1),
//! nothing is said that is not stored (I2), only events change the state (I3), a refusal changes nothing else (I5).

use std::fs;

use swatbot::bot::Bot;
use swatbot::engine::event::{Event, Went};
use swatbot::engine::id::At;
use swatbot::engine::settings::{CONSOLE, Settings};
use swatbot::engine::state::State;
use swatbot::engine::{Input, Line, id::RoomId, turn};
use swatbot::store::Store;
use swatbot::transport::console::{self, Typed};

use super::transcripts::{self, Scene};

/// What anybody may say at any moment, by people with every right and with none.
const ANY_TIME: &[(&str, &str)] = &[
    ("alice", "!swat done 3"),
    ("alice", "!swat start"),
    ("bob", "!swat hold"),
    ("bob", "!swat rollback it is slow"),
    ("dan", "!swat claim morning I take over"),
    ("grace", "!swat freeze now +2h the network"),
    ("mallory", "!swat finish"),
    ("erin", "!swat add 5 4 urgent: T1 now"),
];

fn spoken(name: &str, text: &str, account: bool) -> Input {
    Input::Line(Line {
        network: CONSOLE.to_owned(),
        room: Some(RoomId(CONSOLE.to_owned())),
        nick: name.to_owned(),
        account: account.then(|| name.to_owned()),
        text: text.to_owned(),
        message_id: None,
    })
}

/// Whether two states differ in nothing but how many rows the log has.
fn same_but_for_rows(a: &State, b: &State) -> bool {
    let mut a = a.clone();
    a.row = b.row;
    a == *b
}

/// Takes one input twice from the same state.
fn check(settings: &Settings, before: &State, at: At, input: &Input, place: &str) {
    let (mut state, mut again) = (before.clone(), before.clone());
    let outcome = turn(settings, &mut state, at, input);
    let second = turn(settings, &mut again, at, input);
    assert_eq!(outcome, second, "{place}: the same input, another outcome (I1): {input:?}");
    assert_eq!(state, again, "{place}: the same input, another state (I1): {input:?}");
    let mut folded = before.clone();
    outcome.records.iter().for_each(|record| folded.apply(record));
    assert_eq!(state, folded, "{place}: the state is not what the events make of it (I3): {input:?}");
    if outcome.records.iter().any(|record| matches!(record.event, Event::Refused { .. })) {
        let refused = |went: Went| went == Went::Refused;
        assert!(
            outcome.records.iter().all(|record| {
                refused(record.outcome)
                    == matches!(record.event, Event::Refused { .. } | Event::OfferClosed { .. })
            }),
            "{place}: a refusal is a row with that outcome (I5): {input:?}"
        );
        if outcome.records.iter().all(|record| matches!(record.event, Event::Refused { .. })) {
            assert!(
                same_but_for_rows(before, &state),
                "{place}: a refusal changed something (I5): {input:?}"
            );
        }
    }
}

#[test]
fn at_every_moment_of_every_transcript() {
    let mut changes = 0;
    for path in transcripts::all() {
        let Scene { script, mut player, mut said, place: _place, .. } = Scene::open(&path);
        for (index, text) in script.lines().enumerate() {
            let place = format!("{}:{}", path.display(), index + 1);
            let bot = player.bot().expect("the bot is there");
            let at = player.now();
            if let Typed::Heard(inputs) = console::read(text, "alice", "swatbot") {
                for input in &inputs {
                    check(bot.settings(), bot.state(), at, input, &place);
                }
            }
            if let Typed::Said(line) = console::read(text, "alice", "swatbot") {
                check(bot.settings(), bot.state(), at, &Input::Line(line), &place);
                check(bot.settings(), bot.state(), at, &Input::Tick, &place);
                let after = |input: &Input| {
                    let mut state = bot.state().clone();
                    turn(bot.settings(), &mut state, at, input);
                    state
                };
                // What the bot does of itself when anything at all is said.
                let idle = after(&spoken("mallory", "good morning", false));
                // One of them at each line, so that a hundred transcripts stay a matter of seconds.
                let (name, text) = ANY_TIME[index % ANY_TIME.len()];
                let known = spoken(name, text, true);
                check(bot.settings(), bot.state(), at, &known, &place);
                changes += usize::from(!same_but_for_rows(&idle, &after(&known)));
                // A nick is no account, whatever it is called (I8).
                let state = after(&spoken(name, text, false));
                assert!(same_but_for_rows(&idle, &state), "{place}: {name} is not identified: {text}");
            }
            player.line(text, &mut said).expect("the line is played");
        }
    }
    assert!(changes > 0, "what people say with their rights changes something");
}

#[test]
fn nothing_is_said_that_is_not_stored() {
    let path = transcripts::folder().join("readme.txt");
    let Scene { player, database, place: _place, .. } = Scene::open(&path);
    let (settings, at) = (player.bot().expect("the bot is there").settings().clone(), player.now());
    drop(player);
    let store = Store::open(&database).expect("the log opens");
    let (mut bot, _) = Bot::open(settings, store, at).expect("the log is read");
    let before = bot.state().clone();
    // The log is gone from under the bot, so no row can be stored any more.
    fs::remove_file(&database).expect("the log can be removed");
    let said = bot.take(at, &[spoken("bob", "!swat add 4", true), spoken("carol", "good morning", true)]);
    assert_eq!(*bot.state(), before, "what is not stored has not happened (I3)");
    assert!(said.lookups.is_empty(), "nothing is looked up (I2)");
    let texts: Vec<&str> = said.replies.iter().map(|reply| reply.text.as_str()).collect();
    assert!(!texts.is_empty() && texts.iter().all(|text| text.contains("could not record")), "{texts:?}");
}
