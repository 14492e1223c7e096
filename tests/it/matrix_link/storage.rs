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
