//! What strangers can do: say too much, invite the bot a thousand times, send what nobody can read (T6, T26, F31).

use serde_json::{Value, json};

use swatbot::transport::matrix::hear::{self, Heard, Scene};

use super::*;

fn floods(inputs: &[Input]) -> usize {
    inputs.iter().filter(|input| matches!(input, Input::Flood(_))).count()
}

/// Something that was said so long ago, in milliseconds.
fn said_ago(fake: &FakeMatrix, who: &str, text: &str, age: u64) {
    let content = json!({"msgtype": "m.text", "body": text});
    let message =
        json!({"type": "m.room.message", "sender": who, "content": content, "unsigned": {"age": age}});
    fake.event(OPS, message);
}

/// T26: nobody types that fast. The others are read as ever.
#[tokio::test(start_paused = true)]
async fn whoever_says_too_much_is_told_once_and_not_read() {
    let (_folder, fake, kept) = connected().await;
    (0..500).for_each(|number| said_ago(&fake, BOB, &format!("bob {number}"), 5));
    said_ago(&fake, ALICE, "alice", 5);
    kept.until("alice is read", |inputs| lines(inputs).iter().any(|line| line == "alice")).await;
    let bobs = kept.lines().iter().filter(|line| line.starts_with("bob")).count();
    assert_eq!((bobs, floods(&kept.inputs())), (40, 1));
    // After a while he is heard again.
    tokio::time::sleep(Duration::from_secs(20)).await;
    said_ago(&fake, BOB, "bob is calm", 5);
    kept.until("bob is read", |inputs| lines(inputs).iter().any(|line| line == "bob is calm")).await;
    assert_eq!(floods(&kept.inputs()), 1);
    kept.kill().await;
}

/// A change and a tick are as quick to make as a line, and each is answered.
#[tokio::test(start_paused = true)]
async fn whoever_changes_too_much_is_told_once_and_not_read() {
    let (_folder, fake, kept) = connected().await;
    let first = fake.says(OPS, BOB, "hello");
    (0..200).for_each(|number| {
        let now = json!({"msgtype": "m.text", "body": format!("!swat add {number}")});
        let content = json!({
            "msgtype": "m.text", "body": "* changed", "m.new_content": now,
            "m.relates_to": {"rel_type": "m.replace", "event_id": first},
        });
        fake.event(OPS, json!({"type": "m.room.message", "sender": BOB, "content": content}));
    });
    fake.says(OPS, ALICE, "alice");
    kept.until("alice is read", |inputs| lines(inputs).iter().any(|line| line == "alice")).await;
    let changed = kept.inputs().iter().filter(|input| matches!(input, Input::Edited(_))).count();
    assert_eq!((changed, floods(&kept.inputs())), (39, 1), "a line and 39 changes of it");
    kept.kill().await;
}

/// What was said over two minutes and is read at once was not said too fast; what is late is no line at all.
#[tokio::test(start_paused = true)]
async fn what_is_read_at_once_was_not_said_at_once() {
    let (folder, fake, kept) = connected().await;
    kept.quit("").await;
    (0..50).for_each(|number| said_ago(&fake, BOB, &format!("old {number}"), 600_000 - number));
    (0..220).for_each(|number| said_ago(&fake, BOB, &format!("slow {number}"), 110_000 - number * 500));
    let kept = keep(settings(&fake, folder.path()));
    kept.until_lines(270).await;
    assert_eq!(floods(&kept.inputs()), 0);
    let slow = kept.lines().iter().filter(|line| line.starts_with("slow")).count();
    assert_eq!(slow, 220);
    kept.kill().await;
}

/// T6: each is refused, and meanwhile everything goes on: lines, answers, and the one invitation that counts.
#[tokio::test(start_paused = true)]
async fn a_thousand_invitations_starve_nothing() {
    let (folder, fake, kept) = connected().await;
    kept.quit("").await;
    fake.remove(DEV, DEV, "leave");
    for number in 0..1000 {
        fake.invite(&format!("!spam{number}:evil.example"), "@mallory:evil.example");
    }
    // The server of one of them never answers, and one is not known any more.
    fake.trouble(
        "POST rooms/!spam7:evil.example/leave",
        Trouble::Answer(502, "text/html", "down".to_owned()),
        1,
    );
    fake.trouble(
        "POST rooms/!spam8:evil.example/leave",
        Trouble::Answer(404, "application/json", json!({"errcode": "M_NOT_FOUND", "error": "?"}).to_string()),
        1,
    );
    let kept = keep(settings(&fake, folder.path()));
    fake.invite(DEV, ALICE);
    fake.until("it joins", |fake| fake.requests("/join").iter().any(|join| join.contains(DEV))).await;
    fake.says(OPS, ALICE, "!swat queue");
    kept.until_lines(1).await;
    kept.say(vec![reply(OPS, "an answer")]);
    fake.until("it answers", |fake| fake.said(OPS).iter().any(|said| said.contains("an answer"))).await;
    let refused = fake.requests("/leave").len();
    assert!(refused < 1000, "it answered after {refused} refusals");
    fake.until("all are refused", |fake| fake.requests("/leave").len() == 1001).await;
    assert!(!changes(&kept.inputs()).iter().any(|change| matches!(change, LinkChange::Lost(_))));
    kept.kill().await;
}

/// An event of a stranger's making, as bytes: deep, large, doubled, or of other types than anybody expects.
fn crafted() -> Vec<Value> {
    let deep = (0..100).fold(json!("!swat hold"), |inner, _| json!([inner]));
    let message = |content: Value| json!({"type": "m.room.message", "sender": ALICE, "content": content});
    vec![
        message(json!({"msgtype": "m.text", "body": deep})),
        message(json!({"msgtype": "m.text", "body": "!swat hold", "m.relates_to": deep})),
        message(json!({"msgtype": "m.text", "body": ["!swat hold"]})),
        message(json!({"msgtype": "m.text", "body": 7})),
        message(json!(null)),
        message(json!({"msgtype": "m.text", "body": "x".repeat(1 << 20)})),
        json!({"type": "m.room.message", "sender": {"@": "x"}, "content": {"msgtype": "m.text", "body": "!swat hold"}}),
        json!({"type": "m.room.message", "sender": "alice", "content": {"msgtype": "m.text", "body": "!swat hold"}}),
        json!({"type": "m.room.member", "sender": ALICE, "state_key": ["x"], "content": {"membership": "join"}}),
        json!({"type": "m.room.tombstone", "sender": ALICE, "state_key": "x", "content": deep}),
        json!({"type": "m.room.message", "sender": ALICE, "content": {"msgtype": "m.text", "body": "!swat hold"},
               "unsigned": {"age": "old"}}),
    ]
}

/// F31: nothing that a stranger can put into an event stops what comes after it, or is taken for somebody's word.
#[tokio::test(start_paused = true)]
async fn a_crafted_event_is_passed_over() {
    let (_folder, fake, kept) = connected().await;
    for event in crafted() {
        fake.event(OPS, event);
    }
    fake.says(OPS, ALICE, "the end");
    kept.until("the end", |inputs| lines(inputs).iter().any(|line| line == "the end")).await;
    let lines = kept.lines();
    assert!(lines.iter().all(|line| line == "the end" || line.starts_with("xxx")), "{lines:?}");
    kept.kill().await;
}

/// Reads as ever, and has a fault that one text brings out.
fn faulty(event: &str, scene: Scene<'_>) -> Heard {
    assert!(!event.contains("crash"), "a fault in swatbot itself");
    hear::hear(event, scene)
}

/// F31: where the reading itself has a fault, the one event that brings it out is put aside, and the operator is told
/// which, and not what it says.
#[tokio::test(start_paused = true)]
async fn an_event_that_cannot_be_read_is_put_aside_and_told() {
    let (folder, fake, kept) = connected().await;
    kept.quit("").await;
    fake.says(OPS, ALICE, "before");
    let bad = fake.says(OPS, ALICE, "crash hunter2");
    fake.says(OPS, ALICE, "after");
    for _ in 0..2 {
        let kept = keep_reading(faulty, settings(&fake, folder.path()), Clock::system());
        fake.says(DEV, ALICE, "and on it goes");
        kept.until("it goes on", |inputs| lines(inputs).iter().any(|line| line == "and on it goes")).await;
        assert!(!kept.lines().iter().any(|line| line.contains("crash")));
        kept.taken();
        kept.say(vec![reply(OPS, "done")]);
        let said = fake.said(OPS).len();
        fake.until("it talks", |fake| fake.said(OPS).len() > said).await;
        let told = kept.operator();
        kept.kill().await;
        if told.is_empty() {
            // The second time it is known.
            return;
        }
        assert_eq!(told, [format!("matrix: an event in {OPS} cannot be read and is put aside: {bad}")]);
    }
    panic!("it was told twice");
}
