//! What answers look like in a Matrix room: who is pinged, and that nothing of a stranger's text is more than text.

use serde_json::{Value, json};
use swatbot::engine::id::{RoomId, Who};
use swatbot::engine::{Kind, Place, Reply};
use swatbot::transport::matrix::say::{Out, events, notice};

fn reply(text: &str) -> Reply {
    Reply::new(Place::Room(RoomId("matrix/!ops:example.org".to_owned())), text.to_owned())
}

/// A ping of these, by the accounts that the engine knows of them here.
fn ping(text: &str, who: &[&str]) -> Reply {
    let accounts = |who: &str| match who {
        "alice" => vec!["@alice.phone:example.org".to_owned(), "@alice:example.org".to_owned()],
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
