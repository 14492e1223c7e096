//! Where another bot keeps the log: ours writes it too and keeps out of its way.

use super::client::Client;
use super::program::{BOT, Setup};
use super::scene::Scene;

/// Another bot, which answers each `!log` and would answer itself for ever.
fn other(scene: &Scene) -> Client {
    let mut other = scene.network.person("logmsgbot", Some("otherbot"));
    other.join("#ops");
    other
}

#[test]
fn where_it_observes_it_records_and_says_nothing() {
    let setup = Setup { connection: "log = \"observe\"\nignore = [\"logmsgbot\"]\n", ..Setup::default() };
    let Some(mut scene) = Scene::set(&setup) else { return };
    let mut other = other(&scene);
    scene.bob.say("#ops", "!log restarted apache on mw1263");
    other.wait("the line", |heard| heard.is("PRIVMSG", "bob"));
    other.say("#ops", "Logged the message at a wiki, bob");
    other.say("#ops", "!log the other bot writes a line too");
    other.say("#ops", "!swat hold");
    scene.lead();
    other.catch_up();
    let answers: Vec<&str> =
        other.wire.iter().filter(|heard| heard.is("NOTICE", BOT)).map(|heard| heard.text()).collect();
    assert!(!answers.is_empty() && !answers.iter().any(|text| text.contains("logged")), "{answers:?}");
    let log = scene.program.log();
    let logged: Vec<&str> =
        log.iter().filter(|row| row["kind"] == "logged").map(|row| row["text"].as_str().unwrap()).collect();
    assert_eq!(logged, ["restarted apache on mw1263"]);
    assert!(!log.iter().any(|row| row["kind"] == "held"), "a bot commands nothing");
}

#[test]
fn where_it_emits_the_other_bot_reads_what_the_window_did() {
    let setup = Setup { connection: "log = \"emit\"\nignore = [\"logmsgbot\"]\n", ..Setup::default() };
    let Some(mut scene) = Scene::set(&setup) else { return };
    let mut other = other(&scene);
    scene.begin();
    let line = other
        .wait("a line for its log", |heard| heard.is("PRIVMSG", BOT) && heard.text().starts_with("!log "));
    assert_eq!(line.parameter(0), "#ops", "{line:?}");
    other.say("#ops", "Logged the message at a wiki, swatbot");
    scene.bob.say("#ops", "!log restarted apache on mw1263");
    scene.alice.ask("!swat now", "is on");
    let log = scene.program.log();
    assert!(log.iter().any(|row| row["text"] == "restarted apache on mw1263"), "{log:#?}");
    let answers = scene
        .alice
        .wire
        .iter()
        .filter(|heard| heard.is("NOTICE", BOT) && heard.text().contains("logged"))
        .count();
    assert_eq!(answers, 0, "the other bot answers");
}
