//! What happens to rooms: the bot is thrown out, invited by whoever likes, and a room is replaced by another one.

use serde_json::{Value, json};

use super::person::{place, user};
use super::scene::{Scene, setup};
use crate::ircd::program::BOT;

#[test]
fn removed_it_holds_the_window_and_comes_back_when_it_is_let_in() {
    let Some(mut scene) = Scene::set(&setup()) else { return };
    scene.begin();
    let Scene { alice, bob, ops, program, .. } = &mut scene;
    alice.does("kick", ops, BOT);
    program.wait_for_row("the hold", |row| row["kind"] == "held");
    alice.does("invite", ops, BOT);
    alice.sees(ops, BOT);
    alice.told("HELD");
    alice.say(ops, "!swat resume it was a joke");
    bob.told("H1 is off (alice)");
    alice.does("ban", ops, BOT);
    let held = |row: &Value| row["kind"] == "held" && row["text"].as_str().unwrap().contains("H2");
    let held = program.wait_for_row("the second hold", held);
    assert!(held["text"].as_str().unwrap().contains("@alice:synapse.test banned me"), "{held:#?}");
}

#[test]
fn a_stranger_invites_it_in_vain() {
    let Some(mut scene) = Scene::set(&setup()) else { return };
    let mut mallory = scene.homeserver.person("mallory");
    let room = mallory.make_room(&json!([]), &[BOT]);
    mallory.wait("a refusal", |heard| {
        heard.room == room
            && heard.event["state_key"] == user(BOT)
            && heard.event["content"]["membership"] == "leave"
    });
    // What is listed is the room and who invites: alice may, and this is not the room.
    let other = scene.alice.make_room(&json!([]), &[BOT]);
    scene.alice.wait("a refusal", |heard| {
        heard.room == other
            && heard.event["state_key"] == user(BOT)
            && heard.event["content"]["membership"] == "leave"
    });
}

#[test]
fn a_room_that_is_replaced_holds_and_is_not_followed() {
    let Some(mut scene) = Scene::set(&setup()) else { return };
    scene.begin();
    let Scene { alice, ops, program, .. } = &mut scene;
    let new = alice.rest.post(&format!("{}/upgrade", place(ops)), &json!({"new_version": "11"}));
    let new = new["replacement_room"].as_str().unwrap().to_owned();
    alice.does("invite", &new, BOT);
    alice.wait("a refusal", |heard| {
        heard.room == new
            && heard.event["state_key"] == user(BOT)
            && heard.event["content"]["membership"] == "leave"
    });
    let held = program.wait_for_row("the hold", |row| row["kind"] == "held");
    assert!(held["text"].as_str().unwrap().contains("it was replaced by another room"), "{held:#?}");
}
