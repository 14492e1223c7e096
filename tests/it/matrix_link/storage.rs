//! The inbox takes nothing for a while, and what is read goes wrong: nothing that is to be said is lost, and the operator
//! is told.

use super::*;

/// Somebody else's hand on the file of a connection.
fn stranger(folder: &TempDir) -> rusqlite::Connection {
    rusqlite::Connection::open(folder.path().join("state/inbox.db")).unwrap()
}

fn status(text: &str) -> Reply {
    Reply { kind: Kind::Status, ..reply(OPS, text) }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_stored_waits_and_is_said_in_order() {
    let (folder, fake, kept) = connected().await;
    let stranger = stranger(&folder);
    fake.says(OPS, ALICE, "one");
    kept.until_lines(1).await;
    stranger.execute_batch("BEGIN IMMEDIATE").unwrap();
    kept.say(vec![reply(OPS, "first"), reply(DEV, "second")]);
    kept.taken();
    kept.until_told("cannot be stored").await;
    kept.say(vec![reply(OPS, "third")]);
    // It tries again and again, and complains once.
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(kept.operator().len(), 1, "{:?}", kept.operator());
    assert!(fake.said(OPS).is_empty());
    stranger.execute_batch("ROLLBACK").unwrap();
    kept.until_told("is stored again").await;
    fake.until("all is said", |fake| fake.said(OPS).len() == 2 && fake.said(DEV).len() == 1).await;
    assert_eq!(fake.said(OPS), ["m.notice first", "m.notice third"]);
    assert_eq!(kept.operator().len(), 2, "{:?}", kept.operator());
    kept.kill().await;
    let kept = keep(settings(&fake, folder.path()));
    fake.says(OPS, ALICE, "two");
    kept.until_lines(1).await;
    assert_eq!(kept.lines(), ["two"], "what was answered is taken");
    kept.kill().await;
}

#[tokio::test(start_paused = true)]
async fn of_too_much_that_waits_what_can_be_asked_again_goes_first() {
    let (folder, fake, kept) = connected().await;
    let stranger = stranger(&folder);
    stranger.execute_batch("BEGIN IMMEDIATE").unwrap();
    kept.say((0..600).map(|number| reply(OPS, &format!("line {number}"))).collect());
    kept.say((0..600).map(|number| status(&format!("status {number}"))).collect());
    kept.say((600..1100).map(|number| reply(OPS, &format!("line {number}"))).collect());
    kept.until_told("cannot be stored").await;
    stranger.execute_batch("ROLLBACK").unwrap();
    kept.until_told("is stored again; 700 messages were too many and are not said").await;
    fake.until("all is said", |fake| fake.said(OPS).len() == 1000).await;
    let expected: Vec<String> = (100..1100).map(|number| format!("m.notice line {number}")).collect();
    assert_eq!(fake.said(OPS), expected);
    kept.kill().await;
}

/// What comes cannot be stored: it is asked for again, ever more slowly, and nobody is told each time that it is back.
#[tokio::test(start_paused = true)]
async fn what_cannot_be_taken_in_is_asked_for_again_and_told_once() {
    let (folder, fake, kept) = connected().await;
    let stranger = stranger(&folder);
    stranger.execute_batch("BEGIN IMMEDIATE").unwrap();
    let before = fake.requests("account/whoami").len();
    fake.says(OPS, ALICE, "one");
    kept.until("it is lost", |inputs| changes(inputs).len() >= 2).await;
    tokio::time::sleep(Duration::from_secs(300)).await;
    assert!(matches!(&changes(&kept.inputs())[..], [LinkChange::Up { .. }, LinkChange::Lost(_)]));
    let asked = fake.requests("account/whoami").len() - before;
    assert!((5..=12).contains(&asked), "{asked}");
    stranger.execute_batch("ROLLBACK").unwrap();
    kept.until_lines(1).await;
    assert_eq!(kept.lines(), ["one"]);
    assert_eq!(changes(&kept.inputs()).len(), 3);
    kept.kill().await;
}

/// A goodbye that nobody heard in time is not said at the next start.
#[tokio::test(start_paused = true)]
async fn a_goodbye_is_said_at_once_or_never() {
    let (folder, fake, kept) = connected().await;
    fake.trouble("PUT", Trouble::Drop, 100);
    kept.say(vec![reply(OPS, "an answer")]);
    fake.until("it tries", |fake| !fake.requests("PUT").is_empty()).await;
    kept.quit("stopped by its operator").await;
    fake.trouble_is_over();
    let later = Clock::standing_at(Clock::system().now() + chrono::TimeDelta::minutes(5));
    let kept = keep_at(settings(&fake, folder.path()), later);
    kept.say(vec![reply(DEV, "back")]);
    fake.until("it is back", |fake| !fake.said(DEV).is_empty() && !fake.said(OPS).is_empty()).await;
    kept.quit("").await;
    let heard = |room: &str| fake.said(room).into_iter().filter(|said| said.contains("stopped")).count();
    assert_eq!((heard(OPS), heard(DEV)), (0, 0), "{:?}", fake.said(OPS));
    assert_eq!(fake.said(OPS)[0], "m.notice an answer");
}
