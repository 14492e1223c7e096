//! A session that the homeserver ends: hard it stays ended, soft the same device logs in again.

use serde_json::json;

use super::homeserver::Homeserver;
use super::person::user;
use super::scene::{Scene, setup};
use crate::ircd::network::password;
use crate::ircd::program::BOT;

/// Logs in as the bot, on another device.
fn another_device(homeserver: &Homeserver) -> super::rest::Rest {
    let mut rest = homeserver.rest();
    let login = json!({
        "type": "m.login.password", "identifier": {"type": "m.id.user", "user": BOT}, "password": password(BOT),
    });
    let session = rest.post("/_matrix/client/v3/login", &login);
    rest.token = session["access_token"].as_str().map(str::to_owned);
    rest
}

#[test]
fn logged_out_from_another_device_it_ends_and_logs_in_at_the_next_start() {
    let Some(mut scene) = Scene::set(&setup()) else { return };
    scene.begin();
    let Scene { alice, ops, program, homeserver, .. } = &mut scene;
    another_device(homeserver).post("/_matrix/client/v3/logout/all", &json!({}));
    program.prints("ended my session");
    assert_eq!(program.ends(), Some(1));
    alice.say(ops, "!log said to nobody");
    program.restart();
    program.wait_for_row("the line", |row| row["text"] == "said to nobody");
    alice.told("logged");
}

#[test]
fn logged_out_softly_it_goes_on_as_the_same_device() {
    let Some(mut scene) = Scene::set(&setup()) else { return };
    let Scene { alice, ops, homeserver, .. } = &mut scene;
    let bots = user(BOT);
    // As where an administrator lets sessions end after some time.
    homeserver.sql(&format!("UPDATE access_tokens SET valid_until_ms = 1 WHERE user_id = '{bots}'"));
    alice.say(ops, "!log said in between");
    alice.wait_long("an answer", |heard| heard.is_of_the_bot() && heard.text().contains("logged"));
    let devices = another_device(homeserver).got("/_matrix/client/v3/devices");
    assert_eq!(devices["devices"].as_array().unwrap().len(), 3, "registered, the bot, this one: {devices}");
}
