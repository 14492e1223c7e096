//! A whole window on a real homeserver: an engineer, a deployer, and those who would like to be one.

use serde_json::json;

use super::person::{Heard, Person, user};
use super::scene::{Scene, rows, setup};
use crate::ircd::program::{BOT, Setup};

/// A bridge has its puppets there.
const BRIDGE: &str = "bridged = [\"@irc_*:synapse.test\"]\n";

#[test]
fn a_window_from_add_to_finish_with_impostors() {
    let Some(scene) = Scene::set(&Setup { connection: BRIDGE, ..setup() }) else { return };
    let impostors = ["mallory", "irc_alice"].map(|name| scene.guest(name));
    whole_window(scene, impostors);
}

#[test]
fn the_same_window_in_an_encrypted_room() {
    let Some(scene) = Scene::set_encrypted(&Setup { connection: BRIDGE, ..setup() }) else { return };
    let impostors = ["mallory", "irc_alice"].map(|name| {
        let mut impostor = scene.guest(name);
        impostor.takes_keys();
        impostor.cross_signs();
        impostor
    });
    whole_window(scene, impostors);
}

fn whole_window(mut scene: Scene, [mut mallory, mut puppet]: [Person; 2]) {
    mallory.show_as("alice");
    puppet.show_as("alice");
    let Scene { alice, bob, ops, program, .. } = &mut scene;

    bob.ask(ops, "!swat add 4", "#1 in ");
    alice.ask(ops, "!swat claim", "you lead ");
    mallory.ask(ops, "!swat start", "[not-lead]");
    puppet.ask(ops, "!swat start", "[not-identified]");
    bob.ask(ops, "!swat here", "here");
    alice.ask(ops, "!swat start", "!swat check #1 deployer");
    for impostor in [&mut mallory, &mut puppet] {
        impostor.ask(ops, "!swat check #1 deployer", ": no: ");
    }
    // None of this is said by alice to the bot, though it looks so. What she says next is answered next.
    let command = "!swat check #1 deployer";
    alice.send(ops, "m.room.message", &json!({"msgtype": "m.notice", "body": command}));
    alice.send(ops, "m.room.message", &json!({"msgtype": "m.emote", "body": command}));
    let hello = alice.say(ops, "hello");
    alice.send(ops, "m.room.message", &edit(&hello, command));
    alice.answered(ops, "an edit", "[edit]");
    let quote = json!({
        "msgtype": "m.text", "body": format!("> <{}> {command}\n\nyes, that one", user("alice")),
        "m.relates_to": {"m.in_reply_to": {"event_id": hello}},
    });
    mallory.send(ops, "m.room.message", &quote);
    alice.ask(ops, "!swat status", "1 waiting, 0 live");
    alice.ask(ops, command, "step 2: merge it");

    program.merge(4);
    let merged = alice.told("4 ps 3 merged");
    pings(&merged, alice, &[bob, &mallory]);
    alice.say(ops, "!swat done 3");
    let asked = bob.told("4 is on testservers");
    pings(&asked, bob, &[alice, &mallory]);
    bob.say(ops, "!swat verified 4 the banner shows");
    let verified = alice.told("bob verified 4");
    pings(&verified, alice, &[bob, &mallory]);
    alice.say(ops, "!swat done 5");
    alice.told("4 is live");
    alice.say(ops, "!swat finish");
    let finished = bob.told(" done at ");
    assert!(finished.text().contains("live 4"), "{finished:?}");

    let log = program.log();
    let alices = rows(&log, "alice", "ok");
    for kind in ["claimed", "run-started", "patch-started", "step-done", "window-closed"] {
        assert!(alices.contains(&kind), "{kind} is not in {alices:?}");
    }
    assert_eq!(rows(&log, "alice", "refused").len(), 1, "the edit: {log:#?}");
    assert_eq!(rows(&log, &format!("matrix/{}", user("mallory")), "refused").len(), 2, "{log:#?}");
    let nobody = log.iter().filter(|row| row["outcome"] == "refused" && row["account"].is_null());
    assert_eq!(nobody.count(), 2, "behind a puppet is nobody: {log:#?}");
    only_what_must_ping_pings(bob);
    what_was_done_is_ticked_and_shown(bob);
}

/// Commands that were accepted have a ✅, and one message shows how the window stands, edited in place.
fn what_was_done_is_ticked_and_shown(witness: &Person) {
    let its = witness.wire.iter().filter(|heard| heard.sender() == user(BOT));
    let relations = its.clone().map(|heard| (heard.kind(), &heard.event["content"]["m.relates_to"]));
    let ticked = |text: &str| {
        let said = witness.wire.iter().find(|heard| heard.text() == text);
        let said = said.unwrap_or_else(|| panic!("nobody said {text}")).id();
        relations
            .clone()
            .filter(|(kind, to)| *kind == "m.reaction" && to["event_id"] == said && to["key"] == "✅")
            .count()
    };
    for done in ["!swat add 4", "!swat claim", "!swat done 3", "!swat done 5"] {
        assert_eq!(ticked(done), 1, "{done}: {:#?}", witness.wire);
    }
    let cards: Vec<&Heard> = its
        .clone()
        .filter(|heard| {
            heard.is_of_the_bot() && heard.text().contains("is on until") && !heard.text().contains(": ")
        })
        .collect();
    assert_eq!(cards.len(), 1, "{cards:#?}");
    let edits =
        relations.clone().filter(|(_, to)| to["rel_type"] == "m.replace" && to["event_id"] == cards[0].id());
    assert!(edits.count() >= 2, "{:#?}", witness.wire);
}

/// The content of an edit.
fn edit(event: &str, text: &str) -> serde_json::Value {
    json!({
        "msgtype": "m.text", "body": format!("* {text}"),
        "m.new_content": {"msgtype": "m.text", "body": text},
        "m.relates_to": {"rel_type": "m.replace", "event_id": event},
    })
}

/// The homeserver has notified this person of it, and none of the others.
fn pings(heard: &Heard, person: &Person, others: &[&Person]) {
    assert_eq!(heard.msgtype(), "m.text", "{heard:?}");
    assert_eq!(heard.mentions(), [person.user.as_str()], "{heard:?}");
    if heard.is_encrypted {
        // The homeserver cannot see whom it mentions: clients notify, by what is in the message.
        return;
    }
    let notified = |person: &Person| person.notifications().iter().any(|id| id == heard.id());
    assert!(notified(person), "{} is not notified of {heard:?}", person.name);
    for other in others {
        assert!(!notified(other), "{} is notified of {heard:?}", other.name);
    }
}

/// Each line of the bot is a notice that mentions nobody, or a message that mentions whoever must act.
fn only_what_must_ping_pings(witness: &Person) {
    let said: Vec<&Heard> = witness.wire.iter().filter(|heard| heard.is_of_the_bot()).collect();
    assert!(said.len() > 10, "{said:?}");
    let is_encrypted = said[0].is_encrypted;
    for heard in said {
        assert_eq!(heard.is_encrypted, is_encrypted, "{heard:?}");
        assert_eq!(heard.msgtype() == "m.text", !heard.mentions().is_empty(), "{heard:?}");
    }
}
