//! What goes wrong with a homeserver (F24 to F29): nothing is lost, nothing is done twice.

use serde_json::json;

use super::*;

const HTML: &str = "<html><body>502 Bad Gateway</body></html>";

/// F24: down, and then a proxy in front of it that is up.
#[tokio::test(start_paused = true)]
async fn an_outage_is_said_once_and_everything_is_caught_up_with() {
    let (_folder, fake, kept) = connected().await;
    fake.trouble("GET sync", Trouble::Drop, 4);
    fake.trouble("GET sync", Trouble::Answer(502, "text/html", HTML.to_owned()), 5);
    fake.trouble("GET sync", Trouble::Answer(200, "text/html", HTML.to_owned()), 1);
    fake.trouble("PUT", Trouble::Answer(502, "text/html", HTML.to_owned()), 5);
    let began = tokio::time::Instant::now();
    fake.says(OPS, ALICE, "one");
    kept.say(vec![reply(OPS, "first"), reply(OPS, "second")]);
    kept.until("it is back", |inputs| changes(inputs).len() == 3).await;
    fake.says(OPS, ALICE, "two");
    kept.until_lines(2).await;
    fake.until("it talks", |fake| fake.said(OPS).len() == 2).await;
    let changes = changes(&kept.inputs());
    assert!(matches!(&changes[1], LinkChange::Lost(why) if why.contains("homeserver")), "{changes:?}");
    assert_eq!(kept.lines(), ["one", "two"]);
    assert_eq!(fake.said(OPS), ["m.notice first", "m.notice second"]);
    // Whoever was out of sight meanwhile is seen again.
    let in_sight = (format!("matrix/{OPS}"), Attendance::Roster(vec![ALICE.to_owned()]));
    let seen = attendance(&kept.inputs()).into_iter().filter(|seen| *seen == in_sight);
    assert_eq!(seen.count(), 2, "{:?}", kept.inputs());
    // 1, 2, 4, … 60 s: no longer than that between two of the ten failures.
    assert!(began.elapsed() < Duration::from_secs(63 + 4 * 60 + 60), "{:?}", began.elapsed());
    kept.kill().await;
}

/// A homeserver that was restored from an old copy does not know the place in its stream.
#[tokio::test(start_paused = true)]
async fn a_place_that_the_server_does_not_know_is_begun_anew() {
    let (_folder, fake, kept) = connected().await;
    fake.says(OPS, ALICE, "one");
    kept.until_lines(1).await;
    let unknown = json!({"errcode": "M_UNKNOWN_POS", "error": "what?"}).to_string();
    fake.trouble("GET sync", Trouble::Answer(400, "application/json", unknown), 1);
    // Any news ends the question that is held back.
    fake.says(OPS, BOT, "hello");
    fake.until("it says so", |fake| fake.said(OPS).iter().any(|said| said.contains("so I begin anew"))).await;
    fake.says(OPS, ALICE, "two");
    kept.until_lines(2).await;
    assert_eq!(kept.lines(), ["one", "two"]);
    kept.kill().await;
}

#[tokio::test(start_paused = true)]
async fn one_failure_is_no_outage() {
    let (_folder, fake, kept) = connected().await;
    fake.trouble("GET sync", Trouble::Drop, 1);
    fake.says(OPS, ALICE, "one");
    kept.until_lines(1).await;
    fake.trouble("GET sync", Trouble::Drop, 1);
    fake.says(OPS, ALICE, "two");
    kept.until_lines(2).await;
    assert_eq!(changes(&kept.inputs()), [LinkChange::Up { read_only: None }]);
    kept.kill().await;
}

/// A server that takes a request and never answers: the watchdog.
#[tokio::test(start_paused = true)]
async fn a_server_that_hangs_is_asked_again() {
    let (_folder, fake, kept) = connected().await;
    let began = tokio::time::Instant::now();
    fake.trouble("GET sync", Trouble::Hang, 2);
    fake.trouble("PUT", Trouble::Hang, 1);
    kept.say(vec![reply(OPS, "one")]);
    fake.says(OPS, ALICE, "one");
    kept.until_lines(1).await;
    kept.until("it says so", |inputs| changes(inputs).len() >= 2).await;
    fake.until("it talks", |fake| fake.said(OPS) == ["m.notice one"]).await;
    assert!(began.elapsed() < Duration::from_secs(180), "{:?}", began.elapsed());
    kept.kill().await;
}

/// A server that goes on answering and never comes to an end is as good as silent.
#[tokio::test(start_paused = true)]
async fn a_server_that_makes_no_progress_is_lost() {
    let (_folder, fake, kept) = connected().await;
    // A gap that is never filled: each page of it takes long, and there is another one.
    fake.trouble("messages", Trouble::Slow(Duration::from_secs(25)), 40);
    let began = tokio::time::Instant::now();
    (0..1000).for_each(|number| {
        fake.says(OPS, &format!("@user{}:example.org", number % 50), &format!("line {number}"));
    });
    kept.until("it is lost", |inputs| matches!(changes(inputs).last(), Some(LinkChange::Lost(_)))).await;
    let elapsed = began.elapsed();
    assert!(elapsed >= Duration::from_secs(119) && elapsed < Duration::from_secs(122), "{elapsed:?}");
    kept.until("it is back", |inputs| matches!(changes(inputs).last(), Some(LinkChange::Up { .. }))).await;
    kept.until_lines(1000).await;
    kept.kill().await;
}

/// F25.
#[tokio::test(start_paused = true)]
async fn a_server_that_asks_for_slowness_gets_it_and_everything_in_order() {
    let (_folder, fake, kept) = connected().await;
    let slow = json!({"errcode": "M_LIMIT_EXCEEDED", "error": "slow", "retry_after_ms": 60_000}).to_string();
    fake.trouble("PUT", Trouble::Answer(429, "application/json", slow), 3);
    let began = tokio::time::Instant::now();
    kept.say((0..20).map(|number| reply(OPS, &format!("line {number}"))).collect());
    fake.until("all is said", |fake| fake.said(OPS).len() == 20).await;
    let expected: Vec<String> = (0..20).map(|number| format!("m.notice line {number}")).collect();
    assert_eq!(fake.said(OPS), expected);
    let elapsed = began.elapsed();
    assert!(elapsed >= Duration::from_secs(180) && elapsed < Duration::from_secs(200), "{elapsed:?}");
    assert_eq!(fake.requests("PUT").len(), 23);
    // What is heard meanwhile does not wait for that, and nobody thinks that the server is gone.
    assert_eq!(changes(&kept.inputs()), [LinkChange::Up { read_only: None }]);
    kept.kill().await;
}

/// F26.
#[tokio::test(start_paused = true)]
async fn an_answer_that_is_lost_makes_no_second_message() {
    let (_folder, fake, kept) = connected().await;
    fake.trouble("PUT", Trouble::Lost, 3);
    kept.say(vec![reply(OPS, "one"), reply(OPS, "two")]);
    fake.until("all is said", |fake| fake.said(OPS).len() == 2).await;
    assert_eq!(fake.said(OPS), ["m.notice one", "m.notice two"]);
    let puts = fake.requests("PUT");
    let mut numbers = puts.clone();
    numbers.dedup();
    assert!(puts.len() >= 5 && numbers.len() == 2, "{puts:?}");
    assert!(numbers[0].contains("/m.room.message/swat-"), "{numbers:?}");
    kept.kill().await;
}

/// F27: more than one answer holds, and then more than is read.
#[tokio::test(start_paused = true)]
async fn a_gap_is_filled_as_far_as_it_is_read() {
    for (missed, is_told) in [(300, false), (1500, true)] {
        let (folder, fake, kept) = connected().await;
        fake.says(OPS, ALICE, "last");
        kept.until_lines(1).await;
        kept.taken();
        kept.quit("").await;
        for number in 0..missed {
            // Nobody of them says more than people type.
            fake.says(OPS, &format!("@user{}:example.org", number % 50), &format!("missed {number}"));
        }
        let kept = keep(settings(&fake, folder.path()));
        fake.says(DEV, ALICE, "end");
        let read = if is_told { 1100 } else { 300 };
        kept.until_lines(read).await;
        let expected: Vec<String> =
            (missed - read..missed).map(|number| format!("missed {number}")).collect();
        let lines: Vec<String> = kept.lines().into_iter().filter(|line| line != "end").collect();
        assert_eq!(lines, expected);
        kept.say(vec![reply(DEV, "done")]);
        fake.until("it talks", |fake| fake.said(DEV).iter().any(|said| said == "m.notice done")).await;
        let told = fake.said(OPS).iter().filter(|said| said.contains("1100 messages only")).count();
        assert_eq!(told, usize::from(is_told), "{:?}", fake.said(OPS));
        kept.kill().await;
    }
}

/// What is old by the server's word is handed on as late.
#[tokio::test(start_paused = true)]
async fn what_was_said_long_ago_is_late() {
    let (folder, fake, kept) = connected().await;
    kept.quit("").await;
    for (age, text) in [(600_000, "!swat done 3"), (150_000, "!swat hold"), (100, "!swat queue")] {
        fake.event(
            OPS,
            json!({
                "type": "m.room.message", "sender": ALICE, "content": {"msgtype": "m.text", "body": text},
                "unsigned": {"age": age},
            }),
        );
    }
    let kept = keep(settings(&fake, folder.path()));
    kept.until_lines(3).await;
    assert_eq!(kept.lines(), ["late: !swat done 3", "late: !swat hold", "!swat queue"]);
    kept.kill().await;
}

/// F28.
#[tokio::test(start_paused = true)]
async fn an_event_that_comes_again_is_nothing() {
    let (_folder, fake, kept) = connected().await;
    for number in 0..10 {
        // Not to before it was there: that it has never seen.
        fake.trouble("GET sync", Trouble::Rewind(number), 1);
        fake.says(OPS, ALICE, &format!("line {number}"));
        kept.until_lines(number + 1).await;
    }
    fake.member(OPS, BOB, BOB, "join");
    fake.trouble("GET sync", Trouble::Rewind(5), 1);
    fake.says(OPS, ALICE, "end");
    kept.until_lines(11).await;
    let expected: Vec<String> =
        (0..10).map(|number| format!("line {number}")).chain(["end".to_owned()]).collect();
    assert_eq!(kept.lines(), expected);
    let came = attendance(&kept.inputs())
        .into_iter()
        .filter(|(_, change)| *change == Attendance::Came(BOB.to_owned()));
    assert_eq!(came.count(), 1);
    kept.kill().await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_answers_at_once_with_nothing_is_not_asked_in_a_circle() {
    let (_folder, fake, kept) = connected().await;
    let place = fake.place();
    let empty = json!({"next_batch": place}).to_string();
    fake.trouble("GET sync", Trouble::Answer(200, "application/json", empty), 100);
    let began = tokio::time::Instant::now();
    let before = fake.requests("GET sync").len();
    fake.says(OPS, ALICE, "one");
    kept.until_lines(1).await;
    assert_eq!(fake.requests("GET sync").len() - before, 101);
    assert!(began.elapsed() >= Duration::from_secs(98), "{:?}", began.elapsed());
    kept.kill().await;
}

/// F29: the device is gone, and only a person makes another.
#[tokio::test(start_paused = true)]
async fn a_hard_logout_stops_and_the_next_start_logs_in() {
    let (folder, fake, kept) = connected().await;
    fake.log_out(false);
    kept.until("it stops", |inputs| matches!(changes(inputs).last(), Some(LinkChange::Stopped(_)))).await;
    let asked = fake.requests("").len();
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert_eq!(fake.requests("").len(), asked, "it asks for nothing any more");
    kept.quit("").await;
    fake.says(OPS, ALICE, "one");
    let kept = keep(settings(&fake, folder.path()));
    kept.until_lines(1).await;
    assert_eq!(fake.logins(), (2, ["DEVICE2".to_owned()].into()));
    kept.kill().await;
}

#[tokio::test(start_paused = true)]
async fn a_soft_logout_is_answered_by_the_same_device() {
    let (_folder, fake, kept) = connected().await;
    fake.log_out(true);
    fake.says(OPS, ALICE, "one");
    kept.until_lines(1).await;
    assert_eq!(fake.logins(), (2, ["DEVICE1".to_owned()].into()));
    let changes = changes(&kept.inputs());
    assert!(
        matches!(&changes[..], [LinkChange::Up { .. }, LinkChange::Lost(_), LinkChange::Up { .. }]),
        "{changes:?}"
    );
    kept.kill().await;
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_or_token_stops() {
    let folder = tempfile::tempdir().unwrap();
    let fake = FakeMatrix::start().await;
    let secret = |text: &str| Some(Secret::new(text.to_owned()));
    for login in [
        MatrixLogin::Password { file: "p".into(), password: secret("hunter3") },
        MatrixLogin::Token { file: "t".into(), token: secret("nobody's") },
    ] {
        let kept = keep(Matrix { login, ..settings(&fake, folder.path()) });
        kept.until("it stops", |inputs| matches!(&changes(inputs)[..], [LinkChange::Stopped(_)])).await;
        kept.quit("").await;
    }
    // The SDK asks for keys beside it, once for each session that it is given.
    let tries = |what: &str| fake.requests(what).len();
    assert_eq!((tries("login"), tries("account/whoami")), (1, 1), "{:?}", fake.requests(""));
}

#[tokio::test(start_paused = true)]
async fn a_token_is_taken_as_it_is_and_stays_in_its_file() {
    let dir = tempfile::tempdir().unwrap();
    let fake = FakeMatrix::start().await;
    fake.inside(OPS);
    fake.token("hunter4");
    let login = MatrixLogin::Token { file: "t".into(), token: Some(Secret::new("hunter4".to_owned())) };
    let kept = keep(Matrix { login, ..settings(&fake, dir.path()) });
    kept.until("it is up", |inputs| !changes(inputs).is_empty()).await;
    fake.says(OPS, ALICE, "one");
    kept.until_lines(1).await;
    kept.quit("").await;
    assert_eq!(fake.logins().0, 0);
    let mut files = 0;
    for folder in ["state", "state/keys/THEIRS"] {
        for entry in std::fs::read_dir(dir.path().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                files += 1;
                let bytes = std::fs::read(path).unwrap();
                assert!(!bytes.windows(7).any(|part| part == b"hunter4"));
            }
        }
    }
    assert!(files >= 3, "the session and the keys: {files}");
}

/// Others know a device by its keys: with new ones it would be nobody to them.
#[tokio::test(start_paused = true)]
async fn a_device_whose_keys_are_lost_is_not_taken_up_again() {
    let (folder, fake, kept) = connected().await;
    kept.quit("").await;
    let keys = folder.path().join("state/keys");
    assert!(keys.join("DEVICE1/matrix-sdk-crypto.sqlite3").exists());
    std::fs::remove_dir_all(&keys).unwrap();
    fake.says(OPS, ALICE, "one");
    let kept = keep(settings(&fake, folder.path()));
    kept.until_lines(1).await;
    assert_eq!(fake.logins(), (2, ["DEVICE1".to_owned(), "DEVICE2".to_owned()].into()));
    assert!(keys.join("DEVICE2").exists() && !keys.join("DEVICE1").exists());
    kept.quit("").await;

    // A token is a device's, so nothing else is left than another token.
    let folder = tempfile::tempdir().unwrap();
    let with = |token: &str| {
        let login = MatrixLogin::Token { file: "t".into(), token: Some(Secret::new(token.to_owned())) };
        keep(Matrix { login, ..settings(&fake, folder.path()) })
    };
    fake.token("hunter4");
    let kept = with("hunter4");
    fake.says(OPS, ALICE, "two");
    kept.until("it is up", |inputs| !changes(inputs).is_empty()).await;
    kept.quit("").await;
    std::fs::remove_dir_all(folder.path().join("state/keys")).unwrap();
    let kept = with("hunter4");
    kept.until("it says why", |inputs| {
        matches!(&changes(inputs)[..], [LinkChange::Stopped(why)] if why.contains("the keys of the device THEIRS are lost"))
    })
    .await;
    kept.quit("").await;
    let kept = with("token2");
    kept.until("it is up", |inputs| changes(inputs) == [LinkChange::Up { read_only: None }]).await;
    kept.kill().await;
}

/// The SDK passes over an answer that it was given before, so what came with it must not be asked for again.
#[tokio::test(start_paused = true)]
async fn a_gap_that_cannot_be_filled_at_once_loses_nothing() {
    let (_folder, fake, kept) = connected().await;
    fake.trouble("messages", Trouble::Answer(502, "text/html", HTML.to_owned()), 2);
    (0..300).for_each(|number| {
        fake.says(OPS, &format!("@user{}:example.org", number % 50), &format!("line {number}"));
    });
    kept.until_lines(300).await;
    let expected: Vec<String> = (0..300).map(|number| format!("line {number}")).collect();
    assert_eq!(kept.lines(), expected);
    assert_eq!(changes(&kept.inputs()), [LinkChange::Up { read_only: None }]);
    assert_eq!(fake.said(OPS), [""; 0]);
    kept.kill().await;
}

/// Where the server does not let it read what it has missed, that is said, and the rest is heard.
#[tokio::test(start_paused = true)]
async fn a_gap_that_may_not_be_read_is_said() {
    let (_folder, fake, kept) = connected().await;
    let no = json!({"errcode": "M_FORBIDDEN", "error": "not yours"}).to_string();
    fake.trouble("messages", Trouble::Answer(403, "application/json", no), 1);
    (0..300).for_each(|number| {
        fake.says(OPS, &format!("@user{}:example.org", number % 50), &format!("line {number}"));
    });
    kept.until_lines(100).await;
    let expected: Vec<String> = (200..300).map(|number| format!("line {number}")).collect();
    assert_eq!(kept.lines(), expected);
    fake.until("it is said", |fake| fake.said(OPS).iter().any(|said| said.contains("100 messages only")))
        .await;
    kept.kill().await;
}

/// What asks for slowness when a session is taken up is obeyed there too.
#[tokio::test(start_paused = true)]
async fn a_login_waits_as_long_as_it_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let fake = FakeMatrix::start().await;
    fake.inside(OPS);
    let slow = json!({"errcode": "M_LIMIT_EXCEEDED", "error": "slow", "retry_after_ms": 300_000}).to_string();
    fake.trouble("POST login", Trouble::Answer(429, "application/json", slow), 1);
    let began = tokio::time::Instant::now();
    let kept = keep(settings(&fake, folder.path()));
    kept.until("it is up", |inputs| changes(inputs).contains(&LinkChange::Up { read_only: None })).await;
    assert!(began.elapsed() >= Duration::from_secs(300), "{:?}", began.elapsed());
    assert_eq!(fake.requests("POST login").len(), 2);
    kept.kill().await;
}

/// A page of a proxy says nothing about the message, the room or the session, whatever its status.
#[tokio::test(start_paused = true)]
async fn a_page_of_a_proxy_refuses_nothing() {
    let (folder, fake, kept) = connected().await;
    for status in [403, 404] {
        fake.trouble("PUT", Trouble::Answer(status, "text/html", HTML.to_owned()), 1);
    }
    kept.say(vec![reply(OPS, "one"), reply(OPS, "two")]);
    fake.until("all is said", |fake| fake.said(OPS) == ["m.notice one", "m.notice two"]).await;
    assert_eq!(kept.operator(), [""; 0]);
    assert!(
        !kept.inputs().iter().any(
            |input| matches!(input, Input::Presence(it) if matches!(it.change, Attendance::Shut { .. }))
        )
    );
    kept.quit("").await;
    fake.trouble("account/whoami", Trouble::Answer(404, "text/plain", "404 page not found".to_owned()), 1);
    fake.trouble("GET sync", Trouble::Answer(404, "text/plain", "404 page not found".to_owned()), 1);
    let kept = keep(settings(&fake, folder.path()));
    fake.says(OPS, ALICE, "one");
    kept.until_lines(1).await;
    kept.kill().await;
}

/// F31: the library breaks, and the program goes on.
#[tokio::test]
async fn a_request_that_panics_comes_to_nothing() {
    let halfway = || async {
        tokio::task::yield_now().await;
        assert!(std::env::args().count() == 0, "as the library would");
        1
    };
    assert_eq!(link::unbroken(halfway()).await, None);
    assert_eq!(link::unbroken(async { 2 }).await, Some(2));
}

/// What keeps one room waiting keeps no other, and each room hears everything in order.
#[tokio::test(start_paused = true)]
async fn a_room_that_takes_nothing_holds_up_no_other() {
    let (_folder, fake, kept) = connected().await;
    let no = json!({"errcode": "M_UNKNOWN", "error": "its server is away"}).to_string();
    fake.trouble(&format!("PUT rooms/{OPS}"), Trouble::Answer(500, "application/json", no), 8);
    kept.say(
        (0..10).flat_map(|n| [reply(OPS, &format!("ops {n}")), reply(DEV, &format!("dev {n}"))]).collect(),
    );
    let began = tokio::time::Instant::now();
    let all = |room: &str| (0..10).map(|n| format!("m.notice {room} {n}")).collect::<Vec<String>>();
    fake.until("the other one is talked to", |fake| fake.said(DEV) == all("dev")).await;
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    assert_eq!(fake.said(OPS), [""; 0]);
    // Whoever runs it is told once.
    kept.until_told("what I say in !ops:example.org waits").await;
    fake.until("and so is the first", |fake| fake.said(OPS) == all("ops")).await;
    assert_eq!(kept.operator().len(), 1, "{:?}", kept.operator());
    kept.kill().await;
}

/// A room that says it is encrypted, in a way that nobody knows: nothing goes out in clear, and nothing else waits.
#[tokio::test(start_paused = true)]
async fn a_room_with_an_unknown_encryption_gets_nothing_and_holds_up_nothing() {
    let (_folder, fake, kept) = connected().await;
    let begins = json!({"type": "m.room.encryption", "sender": ALICE, "state_key": "", "content": {}});
    fake.event(OPS, begins);
    fake.says(DEV, ALICE, "one");
    kept.until_lines(1).await;
    kept.say(vec![reply(OPS, "secret"), reply(DEV, "open")]);
    fake.until("it goes on", |fake| fake.said(DEV) == ["m.notice open"]).await;
    kept.until_told("what I say in !ops:example.org waits").await;
    assert_eq!(fake.said(OPS), [""; 0]);
    kept.kill().await;
}
