//! The homeserver and the clients by themselves: what the other tests here stand on.

use serde_json::json;

use super::homeserver::Homeserver;
use super::scene::encrypted;

#[test]
fn people_talk_in_an_encrypted_room_and_the_homeserver_cannot_read_it() {
    let Some(homeserver) = Homeserver::generous() else { return };
    let [mut alice, mut bob, mut carol] = ["alice", "bob", "carol"].map(|name| homeserver.person(name));
    let room = alice.make_room(&encrypted(), &["bob", "carol"]);
    bob.join(&room);
    carol.join(&room);
    alice.takes_keys();
    alice.cross_signs();
    bob.takes_keys();
    alice.say(&room, "are you there");
    let heard = bob.wait("alice", |heard| heard.text() == "are you there");
    assert!(heard.is_encrypted && heard.is_readable && heard.sender() == alice.user, "{heard:?}");
    bob.say(&room, "here");
    alice.wait("bob", |heard| heard.is_encrypted && heard.text() == "here");
    // Carol has no keys.
    let heard = carol.wait("an encrypted message", |heard| heard.kind() == "m.room.encrypted");
    assert!(!heard.is_readable && !heard.event.to_string().contains("are you there"), "{heard:?}");
    let (status, _) =
        carol.try_to_send(&room, "m.room.message", &json!({"msgtype": "m.text", "body": "hello"}));
    assert_eq!(status, 200);
    let clear = bob.wait("carol", |heard| heard.text() == "hello");
    assert!(!clear.is_encrypted, "{clear:?}");
}
