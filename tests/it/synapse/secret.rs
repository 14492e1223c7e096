//! What is particular to an encrypted room: who is believed there, and a bot that is restarted, killed, and loses its keys.

use std::fs;

use serde_json::{Value, json};

use super::person::{Heard, place, user};
use super::rest::encoded;
use super::scene::{Scene, rows, setup};
use crate::ircd::program::BOT;

#[test]
fn what_comes_in_clear_or_from_an_unverified_session_carries_no_right() {
    let Some(mut scene) = Scene::set_encrypted(&setup()) else { return };
    let Scene { alice, bob, ops, program, .. } = &mut scene;
    bob.ask(ops, "!swat add 4", "#1 in ");
    let clear = json!({"msgtype": "m.text", "body": "!swat claim"});
    alice.try_to_send(ops, "m.room.message", &clear);
    alice.answered(ops, "a command in clear", "[clear-text]");
    let mut stolen = alice.on_another_device();
    stolen.say(ops, "!swat claim");
    alice.answered(ops, "a command from another session", "[untrusted]");
    // What the bot says is not for such a session either.
    let answers = stolen.wait("an answer", |heard| heard.sender() == user(BOT) && !heard.is_readable);
    assert!(answers.text().is_empty(), "{answers:?}");
    alice.ask(ops, "!swat claim", "you lead ");
    let log = program.log();
    let refused = log.iter().filter(|row| row["outcome"] == "refused").count();
    assert_eq!(refused, 2, "{log:#?}");
    let claimed: Vec<&Value> = log.iter().filter(|row| row["kind"] == "claimed").collect();
    assert_eq!(claimed.len(), 1, "{log:#?}");
}

/// The homeserver shows what was encrypted once under other ids, also in another thread. Here alice does it for it.
#[test]
fn what_is_shown_again_is_not_done_again() {
    let Some(mut scene) = Scene::set_encrypted(&setup()) else { return };
    let Scene { alice, bob, ops, program, .. } = &mut scene;
    bob.ask(ops, "!swat add 4", "#1 in ");
    let claim = alice.say(ops, "!swat claim");
    alice.answered(ops, "the claim", "you lead ");
    alice.say(ops, "!swat unclaim");
    alice.told("has no lead now");
    let path = format!("{}/event/{}", place(ops), encoded(&claim));
    let mut content = alice.rest.got(&path)["content"].clone();
    alice.try_to_send(ops, "m.room.encrypted", &content);
    alice.answered(ops, "the same under another id", "[replayed]");
    program.restart();
    content["m.relates_to"] = json!({"rel_type": "m.thread", "event_id": claim});
    alice.try_to_send(ops, "m.room.encrypted", &content);
    alice.answered(ops, "the same in another thread, after a restart", "[replayed]");
    // Who means it says it again, and again.
    alice.ask(ops, "!swat claim", "you lead ");
    alice.say(ops, "!swat unclaim");
    alice.told("has no lead now");
    alice.ask(ops, "!swat claim", "you lead ");
    let log = program.log();
    assert_eq!(rows(&log, "alice", "ok").iter().filter(|kind| **kind == "claimed").count(), 3, "{log:#?}");
    let refused = log.iter().filter(|row| row["outcome"] == "refused");
    assert_eq!(refused.count(), 2, "{log:#?}");
}

#[test]
fn who_has_other_keys_than_before_has_no_right_until_somebody_says_so() {
    let Some(mut scene) = Scene::set_encrypted(&setup()) else { return };
    let Scene { alice, bob, ops, program, .. } = &mut scene;
    bob.ask(ops, "!swat add 4", "#1 in ");
    alice.ask(ops, "!swat claim", "you lead ");
    // Whoever has her password can do that.
    alice.cross_signs();
    // The bot has asked for her keys before it reads on after this.
    bob.ask(ops, "!swat status", "lead alice");
    alice.ask(ops, "!swat start", "\"swatbot matrix-setup --trust alice\" and starts me [new-keys]");
    program.kill();
    let said = program.command(&["matrix-setup", "--trust", "alice"]);
    assert!(said.starts_with(&format!("{} is known by the key ", user("alice"))), "{said}");
    program.restart();
    alice.ask(ops, "!swat start", "!swat check #1 deployer");
}

#[test]
fn killed_again_and_again_it_reads_each_encrypted_command_once() {
    const COMMANDS: usize = 30;
    let Some(mut scene) = Scene::set_encrypted(&setup()) else { return };
    let Scene { alice, bob, ops, program, .. } = &mut scene;
    for number in 0..COMMANDS {
        let person = if number % 2 == 0 { &mut *alice } else { &mut *bob };
        person.say(ops, &format!("!log line-{number}"));
        match number % 10 {
            3 => program.restart(),
            6 => {
                alice.told("logged");
                program.restart();
            }
            _ => {}
        }
    }
    let last = format!("line-{}", COMMANDS - 1);
    program.wait_for_row("the last line", |row| row["text"].as_str().unwrap().contains(&last));
    let log = program.log();
    for number in 0..COMMANDS {
        let line = format!("line-{number}");
        let rows = log.iter().filter(|row| row["kind"] == "logged" && row["text"] == line);
        assert_eq!(rows.count(), 1, "{line}: {log:#?}");
    }
    let in_clear = |heard: &&Heard| heard.is_of_the_bot() && !heard.is_encrypted;
    let clear: Vec<&Heard> = alice.wire.iter().filter(in_clear).collect();
    assert!(clear.is_empty(), "{clear:#?}");
}

#[test]
fn with_its_folder_lost_it_comes_back_by_its_recovery_key() {
    let Some(mut scene) = Scene::set_encrypted(&setup()) else { return };
    scene.lead();
    let Scene { alice, bob, ops, program, .. } = &mut scene;
    program.kill();
    // Nobody can send the keys of this to the device that it will have.
    bob.say(ops, "!log said while it had no keys");
    fs::remove_dir_all(program.file("matrix")).unwrap();
    program.restart();
    program.prints("connected to matrix");
    alice.renews_keys();
    let status = alice.ask(ops, "!swat status", "lead alice");
    assert!(status.is_encrypted && status.is_readable, "{status:?}");
    bob.renews_keys();
    bob.ask(ops, "!log it is back", "logged");
    let cannot = |heard: &&Heard| heard.is_of_the_bot() && heard.text().contains("cannot read");
    assert!(bob.wire.iter().filter(cannot).count() <= 1, "{:#?}", bob.wire);
}
