//! How it talks: threads, edits, reactions, and the card that is changed in place.

use serde_json::{Value, json};
use swatbot::engine::gesture::Says;
use swatbot::engine::id::{ChangeNumber, OccurrenceId, Who};
use swatbot::engine::say::card::Card;
use swatbot::engine::{Accepted, Confirm, Edited, Nod, Unfit};

use super::*;

/// A message with a relation to others.
fn says_about(fake: &FakeMatrix, who: &str, body: &str, more: Value) -> String {
    let mut content = json!({"msgtype": "m.text", "body": body});
    for (key, value) in more.as_object().unwrap() {
        content[key] = value.clone();
    }
    fake.event(OPS, json!({"type": "m.room.message", "sender": who, "content": content}))
}

fn reacts(fake: &FakeMatrix, who: &str, on: &str) -> String {
    let content = json!({"m.relates_to": {"rel_type": "m.annotation", "event_id": on, "key": "✅"}});
    fake.event(OPS, json!({"type": "m.reaction", "sender": who, "content": content}))
}

fn redacts(fake: &FakeMatrix, event: &str) {
    let redaction =
        json!({"type": "m.room.redaction", "sender": ALICE, "redacts": event, "content": {"redacts": event}});
    fake.event(OPS, redaction);
}

fn answer(to: &str, text: &str) -> Reply {
    Reply { answers: Some(to.to_owned()), ..reply(OPS, text) }
}

fn relation(event: &Value) -> &Value {
    &event["content"]["m.relates_to"]
}

#[tokio::test(start_paused = true)]
async fn it_answers_in_the_thread_that_a_command_came_from() {
    let (_folder, fake, kept) = connected().await;
    let root = fake.says(OPS, BOB, "what is in the window?");
    let thread = json!({"m.relates_to": {"rel_type": "m.thread", "event_id": root}});
    let inside = says_about(&fake, BOB, "!swat queue", thread);
    let outside = fake.says(OPS, BOB, "!swat queue");
    kept.until_lines(3).await;
    kept.say(vec![
        answer(&inside, "bob: in"),
        answer(&outside, "bob: out"),
        reply(OPS, "on"),
        answer("$gone", "x"),
    ]);
    fake.until("it answers", |fake| fake.own(OPS).len() == 4).await;
    let own = fake.own(OPS);
    let expected = json!({
        "rel_type": "m.thread", "event_id": root, "is_falling_back": true, "m.in_reply_to": {"event_id": inside},
    });
    assert_eq!(relation(&own[0]), &expected);
    assert!(own[1..].iter().all(|event| relation(event).is_null()), "{own:?}");
    // What is said to a ✅, or to a change, is said where the message is that it is about.
    let on_that = reacts(&fake, ALICE, &inside);
    let edit = json!({"m.relates_to": {"rel_type": "m.replace", "event_id": inside}, "m.new_content": {"msgtype": "m.text", "body": "!swat next"}});
    says_about(&fake, BOB, "* !swat next", edit);
    kept.until("it hears the change", |inputs| inputs.iter().any(|input| matches!(input, Input::Edited(_))))
        .await;
    kept.say(vec![answer(&on_that, "alice: noted"), answer(&inside, "bob: edits are not read")]);
    fake.until("it answers", |fake| fake.own(OPS).len() == 6).await;
    assert!(fake.own(OPS)[4..].iter().all(|event| *relation(event) == expected), "{:?}", fake.own(OPS));
    kept.kill().await;
}

#[tokio::test(start_paused = true)]
async fn a_change_is_told_where_it_is_by_who_said_it() {
    let (_folder, fake, kept) = connected().await;
    let said = fake.says(OPS, BOB, "swat add 4");
    let edit = |of: &str| json!({"m.relates_to": {"rel_type": "m.replace", "event_id": of}, "m.new_content": {"msgtype": "m.text", "body": "!swat add 4"}});
    says_about(&fake, ALICE, "* !swat add 4", edit(&said));
    says_about(&fake, BOB, "* !swat add 4", edit("$unknown"));
    says_about(&fake, BOB, "* !swat add 4", edit(&said));
    says_about(&fake, BOB, "* !swat add 4", edit(&said));
    fake.says(OPS, BOB, "the end");
    kept.until_lines(2).await;
    let edits: Vec<Edited> = kept
        .inputs()
        .into_iter()
        .filter_map(|input| if let Input::Edited(edited) = input { Some(edited) } else { None })
        .collect();
    assert_eq!(edits.len(), 2, "one of another user, and one of nothing, are none: {edits:?}");
    for Edited { line, of } in edits {
        assert_eq!((line.account.as_deref(), line.text.as_str()), (Some(BOB), "!swat add 4"));
        assert_eq!((&of, line.message_id), (&said, Some(format!("edit of {said}"))));
    }
    kept.kill().await;
}

#[tokio::test(start_paused = true)]
async fn a_tick_comes_after_the_answers_and_its_refusal_closes_no_room() {
    let (folder, fake, kept) = connected().await;
    let command = fake.says(OPS, BOB, "!swat add 4");
    let other = fake.says(OPS, BOB, "!swat here");
    kept.until_lines(2).await;
    let accepted =
        |message: &str| Accepted { room: RoomId(format!("matrix/{OPS}")), message: message.to_owned() };
    fake.trouble("PUT", Trouble::Lost, 1);
    kept.says.send(Say::Accepted(vec![accepted(&command)])).unwrap();
    kept.say(vec![reply(OPS, "bob: #1"), reply(OPS, "there")]);
    fake.until("it says all", |fake| fake.own(OPS).len() == 3).await;
    let own = fake.own(OPS);
    let kinds: Vec<&str> = own.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == "m.reaction").count(), 1, "{own:?}");
    let tick = own.iter().find(|event| event["type"] == "m.reaction").unwrap();
    assert_eq!(
        tick["content"],
        json!({"m.relates_to": {"rel_type": "m.annotation", "event_id": command, "key": "✅"}})
    );
    let duplicate = json!({"errcode": "M_DUPLICATE_ANNOTATION", "error": "again"}).to_string();
    fake.trouble("m.reaction", Trouble::Answer(400, "application/json", duplicate), 1);
    let elsewhere = Accepted { room: RoomId("libera/#ops".to_owned()), message: "m1".to_owned() };
    kept.says.send(Say::Accepted(vec![accepted(&other), elsewhere])).unwrap();
    fake.until("it tries", |fake| fake.requests("m.reaction").len() >= 2).await;
    kept.say(vec![reply(OPS, "the end")]);
    fake.until("it goes on", |fake| fake.said(OPS).contains(&"m.notice the end".to_owned())).await;
    assert!(!attendance(&kept.inputs()).iter().any(|(_, it)| matches!(it, Attendance::Closed(_))));
    kept.quit("").await;
    drop(folder);
}

fn confirm(until: &str) -> Confirm {
    Confirm {
        who: Who("bob".to_owned()),
        window: "2026-11-23/morning".parse().unwrap(),
        change: ChangeNumber(900_101),
        patch_set: 3,
        step: 4,
        says: Says::Verified,
        until: until.parse().unwrap(),
    }
}

fn nods(inputs: &[Input]) -> Vec<Nod> {
    inputs
        .iter()
        .filter_map(|input| if let Input::Nod(nod) = input { Some(Nod::clone(nod)) } else { None })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_tick_on_a_question_is_told_with_what_it_asks_also_after_a_kill() {
    let (folder, fake, kept) = connected().await;
    let asked = confirm("2026-11-23T14:05:00Z");
    kept.say(vec![
        Reply { confirm: Some(asked.clone()), ..reply(OPS, "bob: test it") },
        reply(OPS, "no question"),
    ]);
    fake.until("it asks", |fake| fake.own(OPS).len() == 2).await;
    let ids: Vec<String> =
        fake.own(OPS).iter().map(|event| event["event_id"].as_str().unwrap().to_owned()).collect();
    let question = fake.own(OPS)[0]["content"].clone();
    // Somebody says the same as the bot, and means that this were a question.
    let forged = fake
        .event(OPS, json!({"type": "m.room.message", "sender": "@mallory:example.org", "content": question}));
    reacts(&fake, BOB, &ids[1]);
    reacts(&fake, BOB, &forged);
    reacts(&fake, BOB, "$unknown");
    reacts(&fake, BOT, &ids[0]);
    let tick = reacts(&fake, ALICE, &ids[0]);
    kept.until("it hears it", |inputs| !nods(inputs).is_empty()).await;
    let [nod] = &nods(&kept.inputs())[..] else { panic!("{:?}", kept.inputs()) };
    assert_eq!((&nod.confirm, nod.unfit), (&asked, None));
    assert_eq!(
        (nod.line.account.as_deref(), nod.line.message_id.as_deref()),
        (Some(ALICE), Some(tick.as_str()))
    );
    kept.taken();
    kept.kill().await;
    // Nobody holds on to the question but the file.
    let kept = keep(settings(&fake, folder.path()));
    let tick = reacts(&fake, BOB, &ids[0]);
    let is_it = |nod: &&Nod| nod.line.message_id.as_ref() == Some(&tick);
    kept.until("it hears it", |inputs| nods(inputs).iter().any(|nod| is_it(&nod))).await;
    let nod = nods(&kept.inputs()).into_iter().find(|nod| is_it(&nod)).unwrap();
    assert_eq!((&nod.confirm, nod.line.account.as_deref()), (&asked, Some(BOB)));
    // One that is old by the server's word.
    let content = json!({"m.relates_to": {"rel_type": "m.annotation", "event_id": ids[0], "key": "✅"}});
    let old =
        json!({"type": "m.reaction", "sender": ALICE, "content": content, "unsigned": {"age": 130_000}});
    fake.event(OPS, old);
    kept.until("it hears it", |inputs| nods(inputs).iter().any(|nod| nod.unfit == Some(Unfit::Late))).await;
    kept.kill().await;
}

fn card(head: &str) -> Card {
    let row = ["#1", "4 \"<b>\"", "bob", "waits"].map(str::to_owned);
    Card { head: head.to_owned(), lines: Vec::new(), rows: vec![row] }
}

fn show(kept: &Kept, window: &str, head: &str) {
    let window: OccurrenceId = window.parse().unwrap();
    kept.says.send(Say::Card(RoomId(format!("matrix/{OPS}")), window, Box::new(card(head)))).unwrap();
}

/// The heads of the cards as they were sent: new ones, and `event: head` for what changes one.
fn cards(fake: &FakeMatrix) -> Vec<String> {
    let head = |body: &Value| body.as_str().unwrap().lines().next().unwrap().to_owned();
    let shown = fake
        .own(OPS)
        .into_iter()
        .filter(|event| event["content"]["formatted_body"].to_string().contains("<table>"));
    let text = |event: Value| match event["content"]["m.relates_to"]["event_id"].as_str() {
        Some(of) => format!("{of}: {}", head(&event["content"]["m.new_content"]["body"])),
        None => head(&event["content"]["body"]),
    };
    shown.map(text).collect()
}

const MORNING: &str = "2026-11-23/morning";

#[tokio::test(start_paused = true)]
async fn a_card_is_one_event_that_is_changed_now_and_then() {
    let (folder, fake, kept) = connected().await;
    show(&kept, MORNING, "one");
    fake.until("it is there", |fake| cards(fake).len() == 1).await;
    let id = fake.own(OPS)[0]["event_id"].as_str().unwrap().to_owned();
    let began = tokio::time::Instant::now();
    // Of what comes at once the last counts.
    for number in 0..50 {
        show(&kept, MORNING, &format!("state {number}"));
    }
    fake.until("it is changed", |fake| cards(fake).len() == 2).await;
    assert!(began.elapsed() >= Duration::from_millis(2900), "{:?}", began.elapsed());
    assert_eq!(cards(&fake), ["one".to_owned(), format!("{id}: state 49")]);
    assert_eq!(fake.own(OPS)[1]["content"]["m.mentions"], json!({}));
    // What it shows already is not shown again, neither now nor after a kill.
    show(&kept, MORNING, "state 49");
    kept.say(vec![reply(OPS, "a word")]);
    fake.until("it talks", |fake| fake.said(OPS).iter().any(|said| said.ends_with("a word"))).await;
    kept.kill().await;
    let kept = keep(settings(&fake, folder.path()));
    show(&kept, MORNING, "state 49");
    show(&kept, "2026-11-23/evening", "evening");
    fake.until("the other one is there", |fake| cards(fake).len() == 3).await;
    show(&kept, MORNING, "over");
    fake.until("it ends", |fake| cards(fake).len() == 4).await;
    let all = ["one".to_owned(), format!("{id}: state 49"), "evening".to_owned(), format!("{id}: over")];
    assert_eq!(cards(&fake), all);
    kept.kill().await;
}

#[tokio::test(start_paused = true)]
async fn a_card_that_somebody_takes_away_comes_back_once() {
    let (_folder, fake, kept) = connected().await;
    show(&kept, MORNING, "one");
    fake.until("it is there", |fake| cards(fake).len() == 1).await;
    let id = |fake: &FakeMatrix, at: usize| fake.own(OPS)[at]["event_id"].as_str().unwrap().to_owned();
    redacts(&fake, &id(&fake, 0));
    fake.until("it is there again", |fake| cards(fake).len() == 2).await;
    let second = id(&fake, 1);
    show(&kept, MORNING, "two");
    fake.until("it is changed", |fake| cards(fake).len() == 3).await;
    assert_eq!(cards(&fake), ["one".to_owned(), "one".to_owned(), format!("{second}: two")]);
    redacts(&fake, &second);
    fake.says(OPS, BOB, "the end");
    kept.until_lines(1).await;
    show(&kept, MORNING, "three");
    kept.say(vec![reply(OPS, "a word")]);
    fake.until("it talks", |fake| fake.said(OPS).iter().any(|said| said.ends_with("a word"))).await;
    tokio::time::advance(Duration::from_secs(10)).await;
    kept.quit("").await;
    assert_eq!(cards(&fake).len(), 3, "{:?}", cards(&fake));
}

#[tokio::test(start_paused = true)]
async fn a_patch_has_a_thread_that_begins_with_the_first_word_about_it() {
    let folder = tempfile::tempdir().unwrap();
    let fake = FakeMatrix::start().await;
    fake.inside(OPS);
    fake.inside(DEV);
    let of_patches = |fake: &FakeMatrix| Matrix { threads: Threads::Patch, ..settings(fake, folder.path()) };
    let kept = keep(of_patches(&fake));
    let about = |change: u32, text: &str| Reply { about: Some(ChangeNumber(change)), ..reply(OPS, text) };
    // All of them are there before the first has an event id.
    kept.say(vec![
        about(4, "bob: #1"),
        about(5, "carol: #2"),
        about(4, "merged"),
        reply(OPS, "next is 5"),
        about(5, "x"),
    ]);
    fake.until("all is said", |fake| fake.own(OPS).len() == 5).await;
    let own = fake.own(OPS);
    let id = |at: usize| own[at]["event_id"].as_str().unwrap().to_owned();
    let roots: Vec<Option<String>> =
        own.iter().map(|event| relation(event)["event_id"].as_str().map(str::to_owned)).collect();
    assert_eq!(roots, [None, None, Some(id(0)), None, Some(id(1))]);
    assert_eq!(relation(&own[2])["is_falling_back"], true);
    kept.kill().await;
    let kept = keep(of_patches(&fake));
    kept.say(vec![about(4, "live")]);
    fake.until("it goes on", |fake| fake.own(OPS).len() == 6).await;
    assert_eq!(relation(&fake.own(OPS)[5])["event_id"], json!(id(0)));
    kept.kill().await;
}

/// Whoever writes a command chooses what it refers to, and a server may not take an answer that refers to the same. The
/// words are said all the same.
#[tokio::test(start_paused = true)]
async fn what_cannot_be_said_where_it_belongs_is_said_in_the_room() {
    let (_folder, fake, kept) = connected().await;
    let thread = json!({"m.relates_to": {"rel_type": "m.thread", "event_id": "no event"}});
    let command = says_about(&fake, BOB, "!swat queue", thread);
    kept.until_lines(1).await;
    let no = json!({"errcode": "M_UNKNOWN", "error": "Cannot start threads from an event with a relation"});
    fake.trouble("PUT", Trouble::Answer(400, "application/json", no.to_string()), 1);
    kept.say(vec![answer(&command, "bob: nothing is queued")]);
    fake.until("it answers", |fake| fake.own(OPS).len() == 1).await;
    assert_eq!(fake.own(OPS)[0]["content"]["body"], "bob: nothing is queued");
    assert_eq!(relation(&fake.own(OPS)[0]), &json!(null));
    // A card whose event is not there any more begins anew.
    show(&kept, MORNING, "one");
    fake.until("it is there", |fake| cards(fake) == ["one"]).await;
    fake.trouble("PUT", Trouble::Answer(400, "application/json", no.to_string()), 1);
    show(&kept, MORNING, "two");
    fake.until("it is there again", |fake| cards(fake) == ["one", "two"]).await;
    assert_eq!(kept.operator(), [""; 0]);
    kept.kill().await;
}
