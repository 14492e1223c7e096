//! What is particular to an encrypted room: who is believed there, and a bot that is restarted, killed, and loses its keys.

use std::fs;

use serde_json::{Value, json};

use super::person::{Heard, user};
use super::scene::{Scene, setup};
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
