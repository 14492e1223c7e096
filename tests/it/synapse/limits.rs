//! A homeserver that lets nobody say much: what is said is said later, in order, and nothing is left out.

use super::homeserver::Homeserver;
use super::person::Heard;
use super::scene::{Scene, setup};

#[test]
fn under_default_limits_every_answer_comes_once_and_in_order() {
    const EACH: usize = 7;
    let Some(homeserver) = Homeserver::with_default_limits() else { return };
    let mut scene = Scene::on(homeserver, &setup());
    let Scene { alice, bob, ops, program, .. } = &mut scene;
    for number in 0..EACH {
        alice.say(ops, &format!("!log line-{}", 2 * number));
        bob.say(ops, &format!("!log line-{}", 2 * number + 1));
    }
    let is_answer = |heard: &Heard| {
        heard.is_of_the_bot() && ["alice: ", "bob: "].iter().any(|name| heard.text().starts_with(name))
    };
    let answers: Vec<Heard> = (0..2 * EACH).map(|_| alice.wait_long("an answer", is_answer)).collect();
    // Ten come at once, and each of the others 5 s later, because the homeserver wants it so.
    let sent = |heard: &Heard| heard.event["origin_server_ts"].as_u64().unwrap();
    let took = sent(answers.last().unwrap()) - sent(&answers[0]);
    assert!(took > 10_000, "the homeserver has slowed nobody down: {took} ms");
    let log = program.log();
    let expected = log
        .iter()
        .filter(|row| row["kind"] == "logged")
        .map(|row| format!("{}: logged L{}", row["actor"].as_str().unwrap(), row["seq"]));
    let expected: Vec<String> = expected.collect();
    let answers: Vec<&str> = answers.iter().map(Heard::text).collect();
    assert_eq!(answers, expected);
    assert_eq!(answers.len(), 2 * EACH);
}
