//! Where a line is said, and how, decides whether it is a command at all.

use super::program::{BOT, Setup};
use super::scene::Scene;

#[test]
fn what_is_not_said_to_the_channel_moves_nothing() {
    let Some(mut scene) = Scene::set(&Setup::default()) else { return };
    scene.lead();
    let (alice, bob) = (&mut scene.alice, &mut scene.bob);
    // Only then does the server give it what is said to those with a voice.
    let mut operator = scene.network.operator();
    operator.send("SAJOIN operator #ops");
    operator.wait("the channel", |heard| heard.verb == "366");
    operator.send(&format!("SAMODE #ops +vo {BOT} {BOT}"));
    alice.wait("the bot with rights", |heard| heard.verb == "MODE" && heard.raw.contains(BOT));
    bob.catch_up();
    let from = bob.wire.len();
    alice.say("@#ops", "!swat hold");
    alice.say("+#ops", "!swat hold");
    alice.send("NOTICE #ops :!swat hold");
    alice.send(&format!("NOTICE {BOT} :hold"));
    alice.say("#ops", "\u{1}ACTION !swat hold\u{1}");
    alice.say("#ops", "\u{1}VERSION\u{1}");
    alice.say(BOT, "\u{1}VERSION\u{1}");
    alice.say("#ops", "she said !swat hold");
    alice.say("#ops", "> !swat hold");
    alice.say("#ops", "<dan> !swat hold");
    let status = alice.ask("!swat status", "is on until");
    assert!(!status.text().contains("HELD"), "{status:?}");
    bob.told("is on until");
    let said: Vec<&str> =
        bob.wire[from..].iter().filter(|heard| heard.nick() == BOT).map(|heard| heard.text()).collect();
    assert_eq!(said, [status.text()], "none of these has an answer in the channel");
    let kinds = scene.kinds();
    assert!(!kinds.contains(&"alice held".to_owned()), "{kinds:?}");
    // The same words as a person says them.
    scene.alice.say("#ops", "!swat hold");
    scene.bob.told("HELD");
}

#[test]
fn another_channel_and_a_private_message_are_for_questions() {
    let Some(mut scene) = Scene::set(&Setup::default()) else { return };
    scene.lead();
    let alice = &mut scene.alice;
    alice.join("#other");
    // In a channel without a window a question is answered, and what would move the window is not done.
    alice.say("#other", "!swat now");
    let now =
        alice.wait("an answer there", |heard| heard.is("NOTICE", BOT) && heard.parameter(0) == "#other");
    assert!(now.text().starts_with("alice: "), "{now:?}");
    for line in ["!swat hold", "!swat start", "!swat remove 4 no more"] {
        alice.say("#other", line);
        let no = alice.wait(line, |heard| heard.is("NOTICE", BOT) && heard.parameter(0) == "#other");
        assert!(no.text().starts_with("alice: no: "), "{line}: {no:?}");
    }
    // In private the bare verb will do.
    alice.say(BOT, "queue");
    let queue =
        alice.wait("an answer in private", |heard| heard.is("NOTICE", BOT) && heard.parameter(0) == "alice");
    assert!(queue.text().contains("#1 4 (bob)"), "{queue:?}");
    alice.say(BOT, "hold");
    let no =
        alice.wait("a refusal in private", |heard| heard.is("NOTICE", BOT) && heard.parameter(0) == "alice");
    assert!(no.text().contains(": no: ") && no.text().ends_with(']'), "{no:?}");
    let status = alice.ask("!swat status", "is on until");
    assert!(!status.text().contains("HELD"), "{status:?}");
    let log = scene.program.log();
    let refused: Vec<_> =
        log.iter().filter(|row| row["outcome"] == "refused" && row["actor"] == "alice").collect();
    assert_eq!(refused.len(), 4, "{refused:#?}");
}
