//! Logging in, rooms, invitations, talking and leaving.

use serde_json::json;

use super::*;

#[tokio::test(start_paused = true)]
async fn it_logs_in_once_and_reads_on_after_a_restart() {
    let (folder, fake, kept) = connected().await;
    let first = fake.says(OPS, BOB, "!swat add 4");
    kept.until_lines(1).await;
    let Some(Input::Line(line)) = kept.inputs().into_iter().find(|input| matches!(input, Input::Line(_)))
    else {
        panic!("no line")
    };
    assert_eq!(line.account.as_deref(), Some(BOB));
    assert_eq!(line.message_id.as_deref(), Some(first.as_str()));
    kept.taken();
    kept.say(vec![reply(OPS, "bob: #1"), reply(DEV, "there")]);
    fake.until("it answers", |fake| fake.said(DEV).len() == 1).await;
    assert_eq!(fake.said(OPS), ["m.notice bob: #1"]);
    kept.quit("stopped by its operator").await;
    assert_eq!(fake.said(OPS), ["m.notice bob: #1", "m.notice stopped by its operator"]);

    fake.says(OPS, BOB, "!swat add 9");
    let kept = keep(settings(&fake, folder.path()));
    kept.until_lines(1).await;
    assert_eq!(kept.lines(), ["!swat add 9"], "what was taken before does not come again");
    assert_eq!(fake.logins(), (1, ["DEVICE1".to_owned()].into()));
    kept.kill().await;
}

#[tokio::test(start_paused = true)]
async fn what_was_not_taken_comes_again_after_a_kill() {
    let (folder, fake, kept) = connected().await;
    fake.says(OPS, BOB, "one");
    kept.until_lines(1).await;
    kept.taken();
    fake.says(OPS, BOB, "two");
    fake.says(OPS, BOB, "three");
    kept.until_lines(3).await;
    // The loop had them and was killed before it could say that they are stored.
    kept.kill().await;
    fake.says(OPS, BOB, "four");
    let kept = keep(settings(&fake, folder.path()));
    kept.until_lines(3).await;
    assert_eq!(kept.lines(), ["two", "three", "four"]);
    kept.taken();
    kept.quit("").await;
    let kept = keep(settings(&fake, folder.path()));
    fake.says(OPS, BOB, "five");
    kept.until_lines(1).await;
    assert_eq!(kept.lines(), ["five"]);
    kept.kill().await;
}

#[tokio::test(start_paused = true)]
async fn what_was_to_be_said_is_said_after_a_kill_and_once() {
    let (folder, fake, kept) = connected().await;
    // The answer gets lost twice, and then the bot is killed.
    fake.trouble("PUT", Trouble::Lost, 2);
    kept.say(vec![reply(OPS, "one"), reply(OPS, "two")]);
    fake.until("it tries", |fake| fake.requests("PUT").len() >= 2).await;
    kept.kill().await;
    let kept = keep(settings(&fake, folder.path()));
    fake.until("it says the rest", |fake| fake.said(OPS).len() >= 2).await;
    kept.quit("bye").await;
    assert_eq!(fake.said(OPS), ["m.notice one", "m.notice two", "m.notice bye"]);
}

/// T6: the room and whoever invites must both be listed.
#[tokio::test(start_paused = true)]
async fn an_invitation_is_taken_only_from_a_listed_user_into_a_listed_room() {
    let folder = tempfile::tempdir().unwrap();
    let fake = FakeMatrix::start().await;
    fake.invite(OPS, ALICE);
    fake.invite(DEV, "@mallory:evil.example");
    for number in 0..50 {
        fake.invite(&format!("!spam{number}:evil.example"), ALICE);
    }
    let kept = keep(settings(&fake, folder.path()));
    fake.until("all are answered", |fake| fake.requests("/leave").len() == 51).await;
    assert_eq!(fake.requests("/join"), [format!("POST rooms/{OPS}/join")]);
    fake.says(OPS, BOB, "!swat queue");
    kept.until_lines(1).await;
    // The same while it runs.
    fake.invite(DEV, BOB);
    fake.until("it refuses", |fake| fake.requests("/leave").len() == 52).await;
    fake.invite(DEV, ALICE);
    fake.until("it joins", |fake| fake.requests("/join").len() == 2).await;
    fake.says(DEV, BOB, "!swat queue");
    kept.until_lines(2).await;
    kept.kill().await;
}

#[tokio::test(start_paused = true)]
async fn who_is_there_is_told_at_the_beginning_and_as_it_changes() {
    let (_folder, fake, kept) = connected().await;
    let room = format!("matrix/{OPS}");
    let there = (room.clone(), Attendance::Roster(vec![ALICE.to_owned()]));
    assert!(attendance(&kept.inputs()).contains(&there), "{:?}", kept.inputs());
    fake.member(OPS, BOB, BOB, "join");
    fake.member(OPS, BOB, ALICE, "leave");
    fake.remove(OPS, ALICE, "ban");
    let closed = (room.clone(), shut("@alice:example.org banned me", None));
    kept.until("it is out", |inputs| attendance(inputs).contains(&closed)).await;
    let came = (room.clone(), Attendance::Came(BOB.to_owned()));
    let kicked = Attendance::Left { account: BOB.to_owned(), how: swatbot::engine::Departure::Kicked };
    let all = attendance(&kept.inputs());
    assert_eq!(all[all.len() - 3..], [came, (room, kicked), closed]);
    // What is said there cannot be said any more, and does not hold up the rest.
    kept.say(vec![reply(OPS, "nobody"), reply(DEV, "somebody")]);
    fake.until("it goes on", |fake| fake.said(DEV) == ["m.notice somebody"]).await;
    kept.kill().await;
}

#[tokio::test(start_paused = true)]
async fn a_room_where_nobody_has_invited_it_is_said_to_be_closed() {
    let folder = tempfile::tempdir().unwrap();
    let fake = FakeMatrix::start().await;
    fake.inside(OPS);
    let kept = keep(settings(&fake, folder.path()));
    kept.until("it is said", |inputs| {
        attendance(inputs).iter().any(|(room, change)| {
            room.ends_with(DEV)
                && matches!(change, Attendance::Shut { why, .. } if why.contains("M_FORBIDDEN"))
        })
    })
    .await;
    kept.kill().await;
}

/// T8: what encryption begins with no restart ends.
#[tokio::test(start_paused = true)]
async fn in_an_encrypted_room_nothing_in_clear_is_anybodys_word() {
    let (folder, fake, kept) = connected().await;
    let algorithm = json!({"algorithm": "m.megolm.v1.aes-sha2"});
    fake.event(
        OPS,
        json!({"type": "m.room.encryption", "sender": ALICE, "state_key": "", "content": algorithm}),
    );
    fake.says(OPS, ALICE, "!swat hold");
    let unproven = |inputs: &[Input]| {
        let doubted = |input: &Input| match input {
            Input::Unproven(line, doubt) => Some((line.text.clone(), line.account.clone(), *doubt)),
            _ => None,
        };
        inputs.iter().filter_map(doubted).collect::<Vec<_>>()
    };
    kept.until("it is doubted", |inputs| unproven(inputs).len() == 1).await;
    assert_eq!(unproven(&kept.inputs()), [("!swat hold".to_owned(), None, Doubt::Clear)]);
    kept.taken();
    // Nothing is said there in clear, and nothing elsewhere waits for it.
    kept.say(vec![reply(OPS, "secret"), reply(DEV, "open")]);
    fake.until("it goes on", |fake| fake.said(DEV) == ["m.notice open"]).await;
    let closed = |(_, change): &(String, Attendance)| matches!(change, Attendance::Shut { why, .. } if why.contains("no keys of mine"));
    assert!(attendance(&kept.inputs()).iter().any(closed), "{:?}", kept.inputs());
    // The operator is told once what to do.
    let told = kept.told_operator();
    assert_eq!(told.iter().filter(|told| told.contains("swatbot matrix-setup")).count(), 1, "{told:?}");
    kept.quit("bye").await;
    fake.says(OPS, ALICE, "!swat go");
    let kept = keep(settings(&fake, folder.path()));
    kept.until("it is doubted", |inputs| unproven(inputs).len() == 1).await;
    assert_eq!(unproven(&kept.inputs()), [("!swat go".to_owned(), None, Doubt::Clear)]);
    assert_eq!(kept.lines(), [""; 0]);
    assert_eq!(fake.said(OPS), [""; 0]);
    kept.kill().await;
}

/// F30, and a fault of the SDK: without them nobody who has not talked to it yet can.
#[tokio::test(start_paused = true)]
async fn the_operator_is_told_when_no_one_time_keys_are_left() {
    let (_folder, fake, kept) = connected().await;
    let none = json!({"one_time_key_counts": {"signed_curve25519": 0}}).to_string();
    fake.trouble("keys/upload", Trouble::Answer(200, "application/json", none), 1000);
    kept.until("they are counted", |_| {
        kept.told_operator().iter().any(|told| told.contains("no one-time keys"))
    })
    .await;
    kept.kill().await;
}

/// F30: it is kept for a while, and then said once in an hour for each sender.
#[tokio::test(start_paused = true)]
async fn what_cannot_be_decrypted_is_said_after_a_while_and_once() {
    let (folder, fake, kept) = connected().await;
    let encrypted = |who: &str| {
        let content = json!({
            "algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "AwgAEnACgAkLmt6qF84IK", "session_id": "S",
        });
        fake.event(DEV, json!({"type": "m.room.encrypted", "sender": who, "content": content}));
    };
    encrypted(ALICE);
    encrypted(ALICE);
    encrypted(BOB);
    fake.says(DEV, BOB, "one");
    kept.until_lines(1).await;
    kept.taken();
    assert_eq!(fake.said(DEV), [""; 0]);
    kept.quit("").await;
    let began = Clock::system().now();
    let after = |minutes| {
        let clock = Clock::standing_at(began + chrono::TimeDelta::minutes(minutes));
        keep_at(settings(&fake, folder.path()), clock)
    };
    for (minutes, from_alice) in [(8, 0), (11, 1), (50, 1), (90, 2)] {
        let kept = after(minutes);
        encrypted(ALICE);
        fake.says(DEV, BOB, &format!("{minutes}"));
        kept.until_lines(1).await;
        kept.taken();
        kept.quit("").await;
        let said = fake.said(DEV);
        let of = |name: &str| said.iter().filter(|said| said.contains(&format!("from {name}"))).count();
        assert_eq!((of("alice"), of("bob")), (from_alice, usize::from(minutes > 10)), "{minutes}: {said:?}");
    }
}

/// A room is closed for another one.
fn tombstone(fake: &FakeMatrix, next: &str) {
    let content = json!({"body": "moved", "replacement_room": next});
    fake.event(
        OPS,
        json!({"type": "m.room.tombstone", "sender": ALICE, "state_key": "", "content": content}),
    );
}

fn shut(why: &str, next: Option<&str>) -> Attendance {
    Attendance::Shut { why: why.to_owned(), next: next.map(str::to_owned) }
}

/// T7: only a room that says itself that it follows is named, and none is gone into.
#[tokio::test(start_paused = true)]
async fn a_tombstone_closes_the_room_and_is_not_followed() {
    let why = "it was replaced by another room, which the configuration does not name";
    // A stranger's room, one that follows another, and one that agrees.
    for (next, before, named) in [
        ("!ops:evil.example", None, None),
        ("no room", None, None),
        ("!new:example.org", Some("!other:example.org"), None),
        ("!new:example.org", Some(OPS), Some("!new:example.org")),
    ] {
        let (folder, fake, kept) = connected().await;
        if let Some(before) = before {
            fake.created(next, before);
        }
        tombstone(&fake, next);
        let closed = (format!("matrix/{OPS}"), shut(why, named));
        let is_closed = |inputs: &[Input]| attendance(inputs).contains(&closed);
        kept.until("it is closed", is_closed).await;
        fake.until("it says so", |fake| fake.said(OPS).iter().any(|said| said.contains("replaced"))).await;
        fake.says(DEV, ALICE, "and on it goes");
        kept.until_lines(1).await;
        assert!(fake.requests("join").is_empty());
        assert!(!fake.said(OPS).iter().any(|said| said.contains("evil") || said.contains("!new")));
        // The next start finds it closed, and says nothing there a second time.
        kept.kill().await;
        let kept = keep(settings(&fake, folder.path()));
        kept.until("it is closed", is_closed).await;
        kept.say(vec![reply(DEV, "done")]);
        fake.until("it goes on", |fake| fake.said(DEV) == ["m.notice done"]).await;
        assert_eq!(fake.said(OPS).len(), 1);
        kept.kill().await;
    }
}

/// What the server does not let it say is told once, and holds up nothing.
#[tokio::test(start_paused = true)]
async fn a_room_where_it_may_not_talk_is_told_once() {
    let (_folder, fake, kept) = connected().await;
    let no = json!({"errcode": "M_FORBIDDEN", "error": "muted"}).to_string();
    fake.trouble(&format!("PUT rooms/{OPS}"), Trouble::Answer(403, "application/json", no), 3);
    kept.say(vec![reply(OPS, "one"), reply(OPS, "two"), reply(DEV, "there"), reply(OPS, "three")]);
    kept.say(vec![reply(OPS, "four")]);
    fake.until("it goes on", |fake| fake.said(OPS) == ["m.notice four"]).await;
    assert_eq!(fake.said(DEV), ["m.notice there"]);
    let closed: Vec<_> = attendance(&kept.inputs())
        .into_iter()
        .filter(|(_, change)| matches!(change, Attendance::Shut { .. }))
        .collect();
    assert_eq!(closed.len(), 1, "{closed:?}");
    assert!(matches!(&closed[0].1, Attendance::Shut { why, .. } if why.contains("muted")), "{closed:?}");
    // A message that the server does not like is no closed room.
    let no = json!({"errcode": "M_TOO_LARGE", "error": "too large"}).to_string();
    fake.trouble(&format!("PUT rooms/{DEV}"), Trouble::Answer(413, "application/json", no), 1);
    kept.say(vec![reply(DEV, "large"), reply(DEV, "small")]);
    fake.until("it goes on", |fake| fake.said(DEV).len() == 2).await;
    kept.until_told("a message to !dev:example.org is refused and left out").await;
    assert_eq!(kept.operator().len(), 1, "{:?}", kept.operator());
    kept.kill().await;
}

/// T21.
#[tokio::test(start_paused = true)]
async fn a_second_one_does_not_start() {
    let (folder, fake, kept) = connected().await;
    let second = keep(settings(&fake, folder.path()));
    second.until("it says why", |inputs| {
        matches!(&changes(inputs)[..], [LinkChange::Stopped(why)] if why.contains("in use by another swatbot"))
    })
    .await;
    second.quit("").await;
    kept.kill().await;
}
