//! What answers look like in a Matrix room: who is pinged, and that nothing of a stranger's text is more than text.

use serde_json::{Value, json};
use swatbot::engine::gesture::Says;
use swatbot::engine::id::{ChangeNumber, RoomId, Who};
use swatbot::engine::say::card::Card;
use swatbot::engine::{Confirm, Kind, Place, Reply};
use swatbot::transport::matrix::refer;
use swatbot::transport::matrix::say::{self, Out, events, notice};

fn reply(text: &str) -> Reply {
    Reply::new(Place::Room(RoomId("matrix/!ops:example.org".to_owned())), text.to_owned())
}

/// A ping of these, by the accounts that the engine knows of them here.
fn ping(text: &str, who: &[&str]) -> Reply {
    let accounts = |who: &str| match who {
        "alice" => vec!["@alice:example.org".to_owned(), "@alice.phone:example.org".to_owned()],
        _ => who.strip_prefix("matrix/").map(str::to_owned).into_iter().collect(),
    };
    let ping = who.iter().map(|who| Who((*who).to_owned())).collect();
    let called = who.iter().map(|who| (Who((*who).to_owned()), accounts(who))).collect();
    Reply { ping, called, ..reply(text) }
}

fn out(replies: &[Reply]) -> Vec<Out> {
    events(replies, "matrix")
}

fn content(reply: Reply) -> Value {
    let out = out(&[reply]);
    assert_eq!(out.len(), 1, "{out:?}");
    assert_eq!(out[0].room, "!ops:example.org");
    out[0].content.clone()
}

#[test]
fn an_answer_is_a_notice_that_mentions_nobody() {
    let expected = json!({
        "msgtype": "m.notice",
        "body": "bob: #1 \"Fix <b>\" & alice",
        "format": "org.matrix.custom.html",
        "formatted_body": "bob: #1 &quot;Fix &lt;b&gt;&quot; &amp; alice",
        "m.mentions": {},
    });
    assert_eq!(content(reply("bob: #1 \"Fix <b>\" & alice")), expected);
    assert_eq!(serde_json::from_str::<Value>(&notice("I am here")).unwrap()["m.mentions"], json!({}));
}

#[test]
fn a_ping_mentions_each_account_of_those_it_is_for() {
    let said = content(ping(
        "alice, bob, @eve:evil.example: test 900101",
        &["alice", "bob", "matrix/@eve:evil.example"],
    ));
    assert_eq!(said["msgtype"], "m.text");
    assert_eq!(said["body"], "alice, bob, @eve:evil.example: test 900101");
    assert_eq!(
        said["m.mentions"],
        json!({"user_ids": ["@alice.phone:example.org", "@alice:example.org", "@eve:evil.example"]})
    );
    assert_eq!(
        said["formatted_body"],
        "<a href=\"https://matrix.to/#/@alice:example.org\">alice</a>/\
         <a href=\"https://matrix.to/#/@alice.phone:example.org\">alice</a>, bob, \
         <a href=\"https://matrix.to/#/@eve:evil.example\">@eve:evil.example</a>: test 900101"
    );
}

#[test]
fn whose_name_stands_only_in_quotes_or_in_a_path_is_named_at_the_end() {
    for text in ["say \"!swat verified alice\"", "see alice/patch and not-alice", "900101 waits"] {
        let said = content(ping(text, &["alice"]));
        assert_eq!(said["body"], format!("{text} (alice)"));
        let rich = said["formatted_body"].as_str().unwrap();
        assert!(rich.ends_with("@alice.phone:example.org\">alice</a>)"), "{rich}");
        assert_eq!(rich.matches("<a ").count(), 2);
    }
    // Somebody who is not on this network cannot be pinged here, and stays as named.
    let said = content(ping("bob: test", &["bob"]));
    assert_eq!((said["body"].as_str(), &said["m.mentions"]), (Some("bob: test"), &json!({})));
}

/// T15, bad inputs 57 and 58.
#[test]
fn a_strangers_text_stays_text() {
    let titles = [
        "<img src=x onerror=alert(1)>",
        "<a href=\"javascript:alert(1)\">x</a>",
        "&lt;b&gt;",
        "'><script>alert(1)</script>",
        "@room @everyone",
        "</blockquote><mx-reply>",
        "![x](http://e.example/x.png)",
    ];
    for title in titles {
        for said in [content(reply(title)), content(ping(&format!("alice: {title}"), &["alice"]))] {
            let body = said["body"].as_str().unwrap();
            assert!(body.ends_with(title), "{body}");
            let rich = said["formatted_body"].as_str().unwrap();
            let without_pills = rich
                .replace("<a href=\"https://matrix.to/#/@alice:example.org\">", "")
                .replace("<a href=\"https://matrix.to/#/@alice.phone:example.org\">", "")
                .replace("</a>", "");
            assert!(!without_pills.contains(['<', '>', '"', '\'']), "{rich}");
            assert_eq!(said["m.mentions"].get("room"), None);
        }
    }
    let said = content(reply("one\u{202e}\r\ntwo\0three\u{7}"));
    assert!(!said["body"].as_str().unwrap().contains(['\r', '\n', '\0', '\u{7}']), "{said}");
}

/// A person's id can be nothing that breaks out of the link.
#[test]
fn a_user_id_from_elsewhere_cannot_break_the_link() {
    let said = content(ping("hello", &["matrix/@\"><script>:evil.example"]));
    let rich = said["formatted_body"].as_str().unwrap();
    assert!(!rich.contains("<script>"), "{rich}");
}

#[test]
fn the_lines_of_one_answer_are_one_message() {
    let more = |text: &str| Reply { more: true, ..reply(text) };
    let status = |text: &str| Reply { kind: Kind::Status, ..reply(text) };
    let elsewhere = Reply::new(Place::Room(RoomId("matrix/!dev:example.org".to_owned())), "there".to_owned());
    let irc = Reply::new(Place::Room(RoomId("libera/#ops".to_owned())), "not here".to_owned());
    let private = Reply::new(
        Place::Private { network: "matrix".to_owned(), nick: "alice".to_owned() },
        "not here".to_owned(),
    );
    let out = out(&[
        status("bob: one"),
        Reply { more: true, ..status("two <") },
        elsewhere,
        irc,
        private,
        reply("  "),
        reply("bob: three"),
        ping("alice: four", &["alice"]),
        more("five"),
        Reply { kind: Kind::ForLog, ..reply("!log six") },
    ]);
    let shown: Vec<(String, String, bool)> = out
        .iter()
        .map(|out| {
            let content = &out.content;
            let kind = content["msgtype"].as_str().unwrap();
            (out.room.clone(), format!("{kind} {}", content["body"].as_str().unwrap()), out.is_status)
        })
        .collect();
    let row = |room: &str, text: &str, is_status| (room.to_owned(), text.to_owned(), is_status);
    assert_eq!(
        shown,
        [
            row("!ops:example.org", "m.notice bob: one\ntwo <", true),
            row("!dev:example.org", "m.notice there", false),
            row("!ops:example.org", "m.notice bob: three", false),
            row("!ops:example.org", "m.text alice: four", false),
            row("!ops:example.org", "m.notice five", false),
            row("!ops:example.org", "m.text !log six", false),
        ]
    );
    assert_eq!(out[0].content["formatted_body"], "bob: one<br>two &lt;");
}

/// T15: titles in a card are text, and a card calls nobody.
#[test]
fn a_card_is_a_table_and_a_strangers_title_stays_text() {
    let row = |ticket: &str, title: &str| [ticket, title, "bob", "waits"].map(str::to_owned);
    let card = Card {
        head: "2026-11-23/morning runs until 15:00 UTC, lead alice".to_owned(),
        lines: vec!["HELD: H1 (bob: <b>)".to_owned(), "nothing is in motion".to_owned()],
        rows: vec![row("#1", "4 \"<img src=x onerror=alert(1)>\""), row("#2", "5 \"one\ntwo\"")],
    };
    let content = say::card(&card);
    assert_eq!((&content["msgtype"], &content["m.mentions"]), (&json!("m.notice"), &json!({})));
    assert_eq!(
        content["body"],
        "2026-11-23/morning runs until 15:00 UTC, lead alice\nHELD: H1 (bob: <b>)\nnothing is in motion\n\
         #1 4 \"<img src=x onerror=alert(1)>\" (bob) waits\n#2 5 \"one two\" (bob) waits"
    );
    assert_eq!(
        content["formatted_body"],
        "<strong>2026-11-23/morning runs until 15:00 UTC, lead alice</strong><br>HELD: H1 (bob: &lt;b&gt;)<br>\
         nothing is in motion<table><thead><tr><th>#</th><th>patch</th><th>owner</th><th>state</th></tr></thead>\
         <tbody><tr><td>#1</td><td>4 &quot;&lt;img src=x onerror=alert(1)&gt;&quot;</td><td>bob</td><td>waits</td></tr>\
         <tr><td>#2</td><td>5 &quot;one two&quot;</td><td>bob</td><td>waits</td></tr></tbody></table>"
    );
    let change = refer::replacing(&content, "$card");
    assert_eq!(change["m.new_content"], content);
    assert_eq!(change["m.relates_to"], json!({"rel_type": "m.replace", "event_id": "$card"}));
    assert_eq!((&change["msgtype"], &change["m.mentions"]), (&json!("m.notice"), &json!({})));
    assert!(change["body"].as_str().unwrap().starts_with("* 2026"), "{change}");
    let empty = say::card(&Card { rows: Vec::new(), lines: Vec::new(), ..card });
    assert!(!empty["formatted_body"].as_str().unwrap().contains("table"), "{empty}");
}

/// Only the bot's own words are its questions, and what cannot be read asks nothing.
#[test]
fn a_question_carries_what_it_asks() {
    let confirm = Confirm {
        who: Who("alice".to_owned()),
        window: "2026-11-23/morning".parse().unwrap(),
        change: ChangeNumber(900_101),
        patch_set: 3,
        step: 3,
        says: Says::Done,
        until: "2026-11-23T14:10:00Z".parse().unwrap(),
    };
    let asks =
        Reply { confirm: Some(confirm.clone()), ..ping("alice: step 3, then \"!swat done 3\"", &["alice"]) };
    let content = content(asks);
    assert_eq!(content["body"], "alice: step 3, then \"!swat done 3\"", "the words to type are always there");
    let event = |sender: &str, content: &Value| json!({"sender": sender, "content": content}).to_string();
    let bot = "@swatbot:example.org";
    assert_eq!(refer::question(&event(bot, &content), bot), Some(confirm));
    assert_eq!(refer::question(&event("@mallory:example.org", &content), bot), None);
    let mut broken = content.clone();
    broken["swatbot.confirm"]["step"] = json!("3");
    assert_eq!(refer::question(&event(bot, &broken), bot), None);
    assert_eq!(refer::question(&event(bot, &out(&[reply("no question")])[0].content), bot), None);
}

#[test]
fn a_thread_is_told_by_its_relation() {
    let event =
        |relation: Value| json!({"sender": "@a:b", "content": {"m.relates_to": relation}}).to_string();
    let about = |relation: Value| refer::about(&event(relation));
    let root = "$root".to_owned();
    let falls_back =
        json!({"rel_type": "m.thread", "event_id": "$root", "m.in_reply_to": {"event_id": "$x"}});
    assert_eq!(about(falls_back), refer::About::Thread(root.clone()));
    for kind in ["m.annotation", "m.replace"] {
        assert_eq!(about(json!({"rel_type": kind, "event_id": "$root"})), refer::About::Event(root.clone()));
    }
    for nothing in
        [json!({"m.in_reply_to": {"event_id": "$x"}}), json!({"rel_type": "m.thread"}), json!(null), json!(1)]
    {
        assert_eq!(about(nothing), refer::About::Itself);
    }
    let mut content = json!({"body": "x"});
    refer::in_thread(&mut content, "$root", "$x");
    assert_eq!(
        refer::about(&json!({"sender": "@a:b", "content": content}).to_string()),
        refer::About::Thread(root)
    );
    assert_eq!(content["m.relates_to"]["is_falling_back"], true);
    assert_eq!(content["m.relates_to"]["m.in_reply_to"]["event_id"], "$x");
}
