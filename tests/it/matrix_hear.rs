//! What the events of a Matrix room amount to: real shapes, and everything that must not be taken for a command.

use chrono::TimeDelta;
use serde_json::{Value, json};
use swatbot::config::{Matrix, MatrixLogin, Threads};
use swatbot::engine::id::RoomId;
use swatbot::engine::{Doubt, Line, Unfit};
use swatbot::store::inbox::Seal;
use swatbot::transport::matrix::hear::{Heard, Scene, hear, name};

const ROOM: &str = "!ops:example.org";
/// 2018-03-05T18:55:00Z.
const NOW: i64 = 1_520_276_100_000;

/// A bot in two rooms, beside another bot and two bridges.
pub(crate) fn settings() -> Matrix {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    Matrix {
        network: "matrix".to_owned(),
        homeserver: "https://matrix.example.org".to_owned(),
        user: "@swatbot:example.org".to_owned(),
        login: MatrixLogin::Password { file: "matrix.password".into(), password: None },
        rooms: texts(&[ROOM, "!dev:example.org"]),
        state_dir: "matrix".into(),
        recovery: None,
        ignore: texts(&["@stashbot:example.org"]),
        inviters: texts(&["@alice:example.org"]),
        bridged: texts(&["@irc_*:example.org", "@_slack_*"]),
        threads: Threads::Answers,
    }
}

/// A message as Synapse delivers it to `/sync`.
fn message(sender: &str, content: Value) -> Value {
    json!({
        "type": "m.room.message",
        "event_id": "$1520276099-3Qm:example.org",
        "sender": sender,
        "content": content,
        "origin_server_ts": NOW - 800,
        "unsigned": {"age": 800, "membership": "join"},
    })
}

fn text(body: &str) -> Value {
    json!({"msgtype": "m.text", "body": body, "m.mentions": {}})
}

struct Room<'a> {
    room: &'a str,
    is_encrypted: bool,
    seal: Seal,
    waited: TimeDelta,
}

const HERE: Room<'static> =
    Room { room: ROOM, is_encrypted: false, seal: Seal::Clear, waited: TimeDelta::zero() };

fn read_in(room: &Room<'_>, event: &Value) -> Heard {
    let settings = settings();
    let scene = Scene {
        settings: &settings,
        room: room.room,
        is_encrypted: room.is_encrypted,
        seal: room.seal,
        waited: room.waited,
        now: NOW,
    };
    hear(&event.to_string(), scene)
}

fn read(event: &Value) -> Heard {
    read_in(&HERE, event)
}

fn line(event: &Value) -> Line {
    match read(event) {
        Heard::Line(line) => line,
        other => panic!("{event}: {other:?}"),
    }
}

#[test]
fn a_message_is_a_line_by_its_user_id() {
    let expected = Line {
        network: "matrix".to_owned(),
        room: Some(RoomId("matrix/!ops:example.org".to_owned())),
        nick: "alice".to_owned(),
        account: Some("@alice:example.org".to_owned()),
        text: "!swat add 4".to_owned(),
        message_id: Some("$1520276099-3Qm:example.org".to_owned()),
    };
    assert_eq!(line(&message("@alice:example.org", text("!swat add 4"))), expected);
}

/// Clients that let people pick the bot from a list may write its whole user id.
#[test]
fn the_user_id_of_the_bot_is_its_name() {
    let said = |body: &str| line(&message("@alice:example.org", text(body))).text;
    for body in ["@swatbot:example.org queue", "@swatbot:example.org: queue", "@swatbot:example.org,  queue"]
    {
        assert_eq!(said(body), "swatbot: queue");
    }
    for body in
        ["@swatbot:example.organisation queue", "@swatbot:example.org", "ask @swatbot:example.org: now"]
    {
        assert_eq!(said(body), body);
    }
}

/// T4: whatever somebody calls themselves, and on whichever server.
#[test]
fn a_display_name_is_never_read() {
    let mut event = message("@mallory:example.org", text("!swat start"));
    event["unsigned"]["displayname"] = json!("alice");
    event["content"]["displayname"] = json!("@alice:example.org");
    event["prev_content"] = json!({"displayname": "alice"});
    let heard = line(&event);
    assert_eq!((heard.nick.as_str(), heard.account.as_deref()), ("mallory", Some("@mallory:example.org")));
    let heard = line(&message("@alice:evil.example", text("!swat start")));
    assert_eq!(heard.nick, "alice:evil.example");
    assert_eq!(heard.account.as_deref(), Some("@alice:evil.example"));
    assert_eq!(name("@alice:example.org", "@swatbot:example.org"), "alice");
    assert_eq!(name("@alice:example.org:8448", "@swatbot:example.org"), "alice:example.org:8448");
}

/// Bad inputs 24 to 32, T12, T13: each with the command that nobody gave.
#[test]
fn what_is_no_command_is_nothing() {
    let alice = "@alice:example.org";
    let of_kind = |kind: &str| message(alice, json!({"msgtype": kind, "body": "!swat go"}));
    let with = |key: &str, value: Value| {
        let mut event = message(alice, text("!swat go"));
        event[key] = value;
        event
    };
    let relates = |relation: Value| {
        let mut event = message(alice, text("!swat go"));
        event["content"]["m.relates_to"] = relation;
        event
    };
    let mut table = vec![
        ("24 m.notice", of_kind("m.notice")),
        ("24 m.emote", of_kind("m.emote")),
        ("24 m.image", of_kind("m.image")),
        ("24 m.file", of_kind("m.file")),
        ("24 a kind of one's own", of_kind("org.example.text")),
        ("26 a quote alone", message(alice, text("> <@bob:example.org> !swat go 3"))),
        ("26 quotes and nothing else", message(alice, text("> !swat go\n>\n> !swat go\n\n"))),
        ("30 our own", message("@swatbot:example.org", text("!swat go"))),
        ("13 another bot", message("@stashbot:example.org", text("!swat go"))),
        ("28 an edit", relates(json!({"rel_type": "m.replace", "event_id": "$before"}))),
        (
            "64 a relation nobody knows",
            relates(json!({"rel_type": "m.annotation", "event_id": "$before", "key": "✅"})),
        ),
        ("a state event of the same name", with("state_key", json!(""))),
        ("redacted", with("content", json!({}))),
        ("a body that is no text", with("content", json!({"msgtype": "m.text", "body": ["!swat go"]}))),
        ("no body", with("content", json!({"msgtype": "m.text"}))),
        ("content that is no object", with("content", json!("!swat go"))),
        ("a sticker", with("type", json!("m.sticker"))),
        ("a sender that is no user id", with("sender", json!("alice"))),
        ("a sender with a space", with("sender", json!("@alice smith:example.org"))),
        ("a sender without a name", with("sender", json!("@:example.org"))),
        ("an event without an id", with("event_id", json!(null))),
    ];
    let mut edit = relates(json!({"rel_type": "m.replace"}));
    edit["content"]["m.new_content"] = text("!swat go");
    table.push(("28 an edit that does not say of what", edit.clone()));
    edit["content"].as_object_mut().unwrap().remove("m.relates_to");
    table.push(("28 an edit that is none", edit.clone()));
    edit["content"]["m.relates_to"] = json!({"rel_type": "m.thread", "event_id": "$before"});
    table.push(("28 an edit that is in a thread", edit));
    for key in ["👍", "❌", "", "✅✅", "x✅", "✅\u{200d}", "!swat go"] {
        table.push(("64 another reaction", reaction(alice, json!({"key": key}))));
    }
    table.push(("64 no annotation", reaction(alice, json!({"rel_type": "m.reference"}))));
    table.push(("64 a reaction to nothing", reaction(alice, json!({"event_id": null}))));
    table.push(("64 our own reaction", reaction("@swatbot:example.org", json!({}))));
    table.push(("64 another bot's reaction", reaction("@stashbot:example.org", json!({}))));
    for (what, event) in table {
        assert_eq!(read(&event), Heard::Nothing, "{what}");
    }
    let settings = settings();
    let scene = Scene {
        settings: &settings,
        room: ROOM,
        is_encrypted: false,
        seal: Seal::Clear,
        waited: TimeDelta::zero(),
        now: NOW,
    };
    let twice =
        message(alice, text("hello")).to_string().replacen('{', r#"{"sender":"@bob:example.org","#, 1);
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    for odd in [twice.as_str(), deep.as_str(), "", "null", "[]", "{", "\"m.room.message\""] {
        assert_eq!(hear(odd, scene), Heard::Nothing, "{}", odd.get(..80).unwrap_or(odd));
    }
}

/// Bad inputs 25 to 29: what is read is the plain body, without what it quotes.
#[test]
fn only_the_plain_body_is_read() {
    let mut event = message("@alice:example.org", text("!swat status"));
    event["content"]["format"] = json!("org.matrix.custom.html");
    event["content"]["formatted_body"] = json!("!swat go");
    assert_eq!(line(&event).text, "!swat status");

    let mut event = message(
        "@alice:example.org",
        text("> <@bob:example.org> !swat go 3\n> and more\n\nnot yet, it is red"),
    );
    event["content"]["m.relates_to"] = json!({"m.in_reply_to": {"event_id": "$before"}});
    event["content"]["formatted_body"] =
        json!("<mx-reply><blockquote>!swat go 3</blockquote></mx-reply>not yet");
    assert_eq!(line(&event).text, "not yet, it is red");

    let mut event = message("@alice:example.org", text("> <@bob:example.org> go 3\n\n!swat go 4"));
    event["content"]["m.relates_to"] =
        json!({"rel_type": "m.thread", "event_id": "$root", "m.in_reply_to": {"event_id": "$b"}});
    assert_eq!(line(&event).text, "!swat go 4");

    // What stands in a block of code, or behind a relay's brackets, does not begin like a command.
    for said in ["```!swat go```", "<alice> !swat go", "`!swat go`", "\">\" !swat go"] {
        assert_eq!(line(&message("@alice:example.org", text(said))).text, said);
    }
    // More than one line stays so: the engine refuses what does not look like one command.
    let two = "!swat next\n!swat go";
    assert_eq!(line(&message("@alice:example.org", text(two))).text, two);
}

/// T9: a puppet has its nick's name, and nobody's rights.
#[test]
fn whoever_speaks_through_a_bridge_has_no_account() {
    for (sender, account) in [
        ("@irc_alice:example.org", false),
        ("@irc_:example.org", false),
        ("@irc_alice:evil.example", true),
        ("@_slack_u0123:anywhere.example", false),
        ("@ircalice:example.org", true),
        ("@alice:example.org", true),
    ] {
        let heard = line(&message(sender, text("!swat hold")));
        assert_eq!(heard.account.as_deref(), account.then_some(sender), "{sender}");
    }
}

/// T5, bad input 32.
#[test]
fn a_room_that_is_not_in_the_list_is_not_heard() {
    let event = message("@alice:example.org", text("!swat go"));
    for room in ["!other:example.org", "!ops:evil.example", "!ops:example.org/x", "!OPS:example.org", ""] {
        assert_eq!(read_in(&Room { room, ..HERE }, &event), Heard::Nothing, "{room}");
    }
    assert!(matches!(read_in(&Room { room: "!dev:example.org", ..HERE }, &event), Heard::Line(_)));
}

/// A ✅ on a message, with something about it changed.
fn reaction(sender: &str, changed: Value) -> Value {
    let mut relation = json!({"rel_type": "m.annotation", "event_id": "$asked", "key": "✅"});
    for (key, value) in changed.as_object().unwrap() {
        relation[key] = value.clone();
    }
    json!({
        "type": "m.reaction", "event_id": "$r", "sender": sender, "origin_server_ts": NOW,
        "content": {"m.relates_to": relation}, "unsigned": {"age": 5},
    })
}

/// Which message it is on is told, and what it is worth is for others to judge.
#[test]
fn a_tick_is_heard_however_it_is_written() {
    let alice = "@alice:example.org";
    for key in ["✅", "✅\u{fe0f}", "✔", "✔\u{fe0f}"] {
        let Heard::Nod { line, on, unfit } = read(&reaction(alice, json!({"key": key}))) else {
            panic!("{key}")
        };
        assert_eq!((on.as_str(), unfit, line.account.as_deref()), ("$asked", None, Some(alice)));
        assert_eq!((line.text.as_str(), line.message_id.as_deref()), ("", Some("$r")));
    }
    let nod = |room: &Room<'_>, sender: &str| match read_in(room, &reaction(sender, json!({}))) {
        Heard::Nod { line, unfit, .. } => (unfit, line.account),
        other => panic!("{other:?}"),
    };
    // T9: behind a puppet is anybody.
    assert_eq!(nod(&HERE, "@irc_alice:example.org"), (None, None));
    let late = Room { waited: TimeDelta::seconds(121), ..HERE };
    assert_eq!(nod(&late, alice), (Some(Unfit::Late), Some(alice.to_owned())));
    // T8: no client encrypts it, so in an encrypted room nobody can tell whose it is.
    assert_eq!(nod(&Room { is_encrypted: true, ..HERE }, alice), (Some(Unfit::InClear), None));
    let sealed = Room { is_encrypted: true, seal: Seal::Trusted, ..HERE };
    assert_eq!(
        nod(&sealed, alice),
        (Some(Unfit::InClear), Some(alice.to_owned())),
        "what it is on is in clear"
    );
    let elsewhere = Room { room: "!other:example.org", ..HERE };
    assert_eq!(read_in(&elsewhere, &reaction(alice, json!({}))), Heard::Nothing);
}

/// T11: what it says now is told, under a name that all changes of one message have in common.
#[test]
fn a_changed_message_is_heard_as_such() {
    let alice = "@alice:example.org";
    let edit = |id: &str, now: Value| {
        let mut event = message(alice, text("* !swat go"));
        event["event_id"] = json!(id);
        event["content"]["m.relates_to"] = json!({"rel_type": "m.replace", "event_id": "$before"});
        event["content"]["m.new_content"] = now;
        read(&event)
    };
    for id in ["$1", "$2"] {
        let Heard::Edited { line, of } = edit(id, text("> <@b:c> quoted\n\n!swat add 4")) else {
            panic!("{id}")
        };
        assert_eq!((line.text.as_str(), of.as_str()), ("!swat add 4", "$before"));
        assert_eq!(line.message_id.as_deref(), Some("edit of $before"));
    }
    assert_eq!(edit("$3", json!({"msgtype": "m.notice", "body": "!swat go"})), Heard::Nothing);
    assert_eq!(edit("$4", json!({"msgtype": "m.text"})), Heard::Nothing);
    assert_eq!(edit("$5", text(" ")), Heard::Nothing);
}

/// Rooms of different versions say it in different places.
#[test]
fn what_was_taken_away_is_told() {
    let redaction = |content: Value, redacts: Value| {
        read(&json!({
            "type": "m.room.redaction", "event_id": "$d", "sender": "@mallory:example.org",
            "content": content, "redacts": redacts, "origin_server_ts": NOW,
        }))
    };
    let gone = Heard::Redacted("$card".to_owned());
    assert_eq!(redaction(json!({}), json!("$card")), gone);
    assert_eq!(redaction(json!({"redacts": "$card"}), json!(null)), gone);
    assert_eq!(redaction(json!({"reason": "spam"}), json!(null)), Heard::Nothing);
}

/// T10, bad input 31: what is older than two minutes, by the server's word or by the time it lay here.
#[test]
fn what_is_old_is_late() {
    let seconds = TimeDelta::seconds;
    let aged = |age: Value, sent: Value, waited: TimeDelta| {
        let mut event = message("@alice:example.org", text("!swat go"));
        event["unsigned"]["age"] = age;
        event["origin_server_ts"] = sent;
        match read_in(&Room { waited, ..HERE }, &event) {
            Heard::Line(_) => false,
            Heard::Late(line) => {
                assert_eq!(line.text, "!swat go");
                true
            }
            other => panic!("{other:?}"),
        }
    };
    assert!(!aged(json!(119_000), json!(NOW), seconds(0)));
    assert!(aged(json!(121_000), json!(NOW), seconds(0)));
    assert!(aged(json!(60_000), json!(NOW), seconds(61)));
    assert!(!aged(json!(60_000), json!(NOW), seconds(59)));
    // The sender's clock counts only where there is no age, and makes nothing younger than it is.
    assert!(!aged(json!(500), json!(NOW - 3_600_000), seconds(0)));
    assert!(aged(json!(null), json!(NOW - 121_000), seconds(0)));
    assert!(!aged(json!(null), json!(NOW + 3_600_000), seconds(0)));
    assert!(aged(json!(null), json!(NOW + 3_600_000), seconds(121)));
    assert!(aged(json!(-9e18), json!(NOW), seconds(121)));
    assert!(!aged(json!(-9e18), json!(NOW), seconds(0)));
    assert!(aged(json!(9e300), json!(NOW), seconds(0)));
}

/// T8: in an encrypted room only what a signed device has encrypted is anybody's word.
#[test]
fn in_an_encrypted_room_a_name_must_be_proved() {
    let event = message("@alice:example.org", text("!swat go"));
    let read_as = |is_encrypted, seal| read_in(&Room { is_encrypted, seal, ..HERE }, &event);
    for is_encrypted in [true, false] {
        let Heard::Line(line) = read_as(is_encrypted, Seal::Trusted) else { panic!("it is a line") };
        assert_eq!((line.account.as_deref(), line.text.as_str()), (Some("@alice:example.org"), "!swat go"));
    }
    let doubted = [
        (true, Seal::Clear, Doubt::Clear),
        (true, Seal::Untrusted, Doubt::Device),
        // Whoever encrypts in a clear room need not, and gets no right by it.
        (false, Seal::Untrusted, Doubt::Device),
        (true, Seal::Locked, Doubt::Device),
    ];
    for (is_encrypted, seal, expected) in doubted {
        let heard = read_as(is_encrypted, seal);
        let Heard::Unproven(line, doubt) = heard else { panic!("{seal:?} is {heard:?}") };
        assert_eq!((doubt, line.account, line.nick.as_str()), (expected, None, "alice"));
        let late = Room { is_encrypted, seal, waited: TimeDelta::minutes(3), ..HERE };
        let Heard::Late(line) = read_in(&late, &event) else { panic!("{seal:?} is late") };
        assert_eq!(line.account, None);
    }
}

#[test]
fn what_cannot_be_decrypted_is_told_of_with_who_sent_it() {
    let mut event = message(
        "@alice:example.org",
        json!({"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "AwgAEn", "session_id": "s", "device_id": "D"}),
    );
    event["type"] = json!("m.room.encrypted");
    assert_eq!(read(&event), Heard::Unreadable("@alice:example.org".to_owned()));
    event["sender"] = json!("@swatbot:example.org");
    assert_eq!(read(&event), Heard::Nothing);
    let begins = json!({
        "type": "m.room.encryption", "event_id": "$e", "sender": "@alice:example.org", "state_key": "",
        "content": {"algorithm": "m.megolm.v1.aes-sha2"}, "origin_server_ts": NOW,
    });
    assert_eq!(read(&begins), Heard::Encrypted);
}

#[test]
fn who_comes_and_goes_is_told_by_the_state_key() {
    let member = |sender: &str, user: &str, membership: &str| {
        read(&json!({
            "type": "m.room.member", "event_id": "$m", "sender": sender, "state_key": user,
            "content": {"membership": membership, "displayname": "@root:example.org"}, "origin_server_ts": NOW,
        }))
    };
    let (alice, bob, bot) = ("@alice:example.org", "@bob:example.org", "@swatbot:example.org");
    assert_eq!(member(bob, bob, "join"), Heard::Came(bob.to_owned()));
    assert_eq!(member(bob, bob, "leave"), Heard::Left { user: bob.to_owned(), removed: false });
    assert_eq!(member(alice, bob, "leave"), Heard::Left { user: bob.to_owned(), removed: true });
    assert_eq!(member(alice, bob, "ban"), Heard::Left { user: bob.to_owned(), removed: true });
    assert_eq!(member(alice, bob, "invite"), Heard::Nothing);
    assert_eq!(member(bot, bot, "join"), Heard::Joined);
    assert_eq!(member(bot, bot, "leave"), Heard::Out { by: None, banned: false });
    assert_eq!(member(alice, bot, "leave"), Heard::Out { by: Some(alice.to_owned()), banned: false });
    assert_eq!(member(alice, bot, "ban"), Heard::Out { by: Some(alice.to_owned()), banned: true });
    assert_eq!(member(alice, "nobody", "join"), Heard::Nothing);
}

/// T7: where it points to is a claim of whoever wrote it.
#[test]
fn a_tombstone_closes_the_room() {
    let tombstone = |key: Value| {
        read(&json!({
            "type": "m.room.tombstone", "event_id": "$t", "sender": "@mallory:evil.example", "state_key": key,
            "content": {"body": "moved", "replacement_room": "!ops:evil.example"}, "origin_server_ts": NOW,
        }))
    };
    assert_eq!(tombstone(json!("")), Heard::Replaced(Some("!ops:evil.example".to_owned())));
    assert_eq!(tombstone(json!("x")), Heard::Nothing);
    assert_eq!(tombstone(json!(null)), Heard::Nothing);
}

/// Whoever may talk in an encrypted room can encrypt anything, and no homeserver asks what right they have to it.
#[test]
fn nothing_encrypted_changes_a_room() {
    let event = |kind: &str, key: Value, content: Value| {
        json!({
            "type": kind, "event_id": "$f", "sender": "@mallory:example.org", "state_key": key,
            "content": content, "redacts": "$card", "origin_server_ts": NOW, "unsigned": {"age": 5},
        })
    };
    for forged in [
        event("m.room.tombstone", json!(""), json!({"replacement_room": "!ops:evil.example"})),
        event("m.room.member", json!("@alice:example.org"), json!({"membership": "leave"})),
        event("m.room.member", json!("@swatbot:example.org"), json!({"membership": "ban"})),
        event("m.room.encryption", json!(""), json!({"algorithm": "m.megolm.v1.aes-sha2"})),
        event("m.room.redaction", json!(null), json!({"redacts": "$card"})),
    ] {
        assert_ne!(read(&forged), Heard::Nothing, "{forged}");
        for seal in [Seal::Trusted, Seal::Untrusted] {
            let sealed = Room { is_encrypted: true, seal, ..HERE };
            assert_eq!(read_in(&sealed, &forged), Heard::Nothing, "{forged}");
        }
    }
}
