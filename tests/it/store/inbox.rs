//! What a transport keeps: events once and in order, the place with them, and what goes out under numbers of its own.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use swatbot::store::OpenError;
use swatbot::store::inbox::{Inbox, Session};

const NOW: i64 = 1_520_276_100_000;

fn open(folder: &Path) -> Inbox {
    Inbox::open(folder, NOW).unwrap()
}

fn event(room: &str, id: &str) -> (String, String, String) {
    (room.to_owned(), id.to_owned(), format!("{{\"event_id\":\"{id}\"}}"))
}

fn waiting(inbox: &Inbox, after: i64) -> Vec<String> {
    inbox
        .waiting(after, 100)
        .unwrap()
        .into_iter()
        .map(|event| format!("{} {}", event.room, event.text))
        .collect()
}

#[test]
fn an_event_is_taken_once_and_kept_until_it_was_read() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("a/matrix");
    let mut inbox = open(&folder);
    assert_eq!(inbox.place().unwrap(), None);
    inbox.take(&[event("!a", "$1"), event("!a", "$2"), event("!b", "$1")], "s1", NOW).unwrap();
    let all = ["!a {\"event_id\":\"$1\"}", "!a {\"event_id\":\"$2\"}", "!b {\"event_id\":\"$1\"}"];
    assert_eq!(waiting(&inbox, 0), all);
    // The same answer again, or an event that stands in two, changes nothing.
    inbox.take(&[event("!a", "$2"), event("!b", "$1")], "s1", NOW + 5).unwrap();
    assert_eq!(waiting(&inbox, 0), all);
    drop(inbox);

    let mut inbox = open(&folder);
    assert_eq!(inbox.place().unwrap().as_deref(), Some("s1"));
    let first = inbox.waiting(0, 2).unwrap();
    assert_eq!((first.len(), first[0].at), (2, NOW));
    inbox.push(&[], Some(&(first[1].seq, Vec::new())), NOW).unwrap();
    assert_eq!(waiting(&inbox, 0), all[2..]);
    inbox.quarantine(first[1].seq + 1).unwrap();
    assert_eq!(waiting(&inbox, 0), [""; 0]);
    inbox.take(&[event("!a", "$1"), event("!a", "$3")], "s2", NOW).unwrap();
    assert_eq!(waiting(&inbox, first[1].seq), ["!a {\"event_id\":\"$3\"}"]);
    assert_eq!(inbox.place().unwrap().as_deref(), Some("s2"));
}

#[test]
fn what_was_taken_is_forgotten_after_a_week() {
    let dir = tempfile::tempdir().unwrap();
    let mut inbox = open(dir.path());
    inbox.take(&[event("!a", "$1"), event("!a", "$2")], "s1", NOW).unwrap();
    let first = inbox.waiting(0, 1).unwrap()[0].seq;
    inbox.push(&[], Some(&(first, Vec::new())), NOW).unwrap();
    drop(inbox);
    let week = 7 * 24 * 3600 * 1000;
    let comes_again = |now: i64| {
        let mut inbox = Inbox::open(dir.path(), now).unwrap();
        inbox.take(&[event("!a", "$1")], "s2", now).unwrap();
        waiting(&inbox, 0)
    };
    // The one that was never read stays for ever.
    assert_eq!(comes_again(NOW + week), ["!a {\"event_id\":\"$2\"}"]);
    assert_eq!(comes_again(NOW + week + 1), ["!a {\"event_id\":\"$2\"}", "!a {\"event_id\":\"$1\"}"]);
}

#[test]
fn what_goes_out_has_a_number_that_no_other_file_gives() {
    let dir = tempfile::tempdir().unwrap();
    let mut inbox = open(&dir.path().join("one"));
    let say = |text: &str| ("!a".to_owned(), text.to_owned(), false);
    inbox.push(&[say("first"), say("second")], None, NOW).unwrap();
    let first = inbox.first().unwrap().unwrap();
    assert_eq!((first.content.as_str(), first.at, first.is_status), ("first", NOW, false));
    drop(inbox);
    let mut inbox = open(&dir.path().join("one"));
    assert_eq!(inbox.first().unwrap().unwrap(), first, "a restart sends it under the same number");
    inbox.said(first.id).unwrap();
    let second = inbox.first().unwrap().unwrap();
    assert_eq!((second.content.as_str(), second.id), ("second", first.id + 1));
    inbox.said(second.id).unwrap();
    assert_eq!(inbox.first().unwrap(), None);
    inbox.push(&[say("third")], None, NOW).unwrap();
    assert_eq!(inbox.first().unwrap().unwrap().id, second.id + 1, "no number twice");

    let mut other = Inbox::open(&dir.path().join("two"), NOW + 60_000).unwrap();
    other.push(&[say("first")], None, NOW).unwrap();
    assert!(other.first().unwrap().unwrap().id > NOW + 60_000);
}

#[test]
fn what_was_told_is_told_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut inbox = open(dir.path());
    assert!(inbox.tell_once("!a", "unreadable").unwrap());
    assert!(!inbox.tell_once("!a", "unreadable").unwrap());
    drop(inbox);
    let mut inbox = open(dir.path());
    assert!(inbox.was_told("!a", "unreadable").unwrap() && !inbox.was_told("!b", "unreadable").unwrap());
    assert!(!inbox.tell_once("!a", "unreadable").unwrap());
    assert!(inbox.tell_once("!b", "unreadable").unwrap());
}

#[test]
fn the_session_is_kept_where_nobody_else_reads_it() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("matrix");
    let mut inbox = open(&folder);
    let session = |token: &str| Session {
        user: "@swatbot:example.org".to_owned(),
        device: "DEVICE".to_owned(),
        token: token.to_owned(),
    };
    assert_eq!(inbox.session().unwrap(), None);
    inbox.set_session(Some(&session("hunter1"))).unwrap();
    inbox.set_session(Some(&session("hunter2"))).unwrap();
    assert_eq!(inbox.session().unwrap(), Some(session("hunter2")));
    assert!(!format!("{:?}", inbox.session().unwrap()).contains("hunter2"));
    for file in fs::read_dir(&folder).unwrap().map(Result::unwrap) {
        // The lock holds a process number and no more.
        let mode = file.metadata().unwrap().permissions().mode() & 0o077;
        assert!(mode == 0 || file.file_name() == "inbox.db.lock", "{:?}: {mode:o}", file.file_name());
    }
    assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    inbox.set_session(None).unwrap();
    assert_eq!(inbox.session().unwrap(), None);
}

/// T21.
#[test]
fn a_second_one_is_kept_out() {
    let dir = tempfile::tempdir().unwrap();
    let inbox = open(dir.path());
    match Inbox::open(dir.path(), NOW) {
        Err(OpenError::InUse { pid, .. }) => assert_eq!(pid, Some(std::process::id())),
        other => panic!("{:?}", other.err()),
    }
    drop(inbox);
    open(dir.path());
}

#[test]
fn a_file_of_something_else_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("inbox.db");
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("CREATE TABLE event (id INTEGER)").unwrap();
    assert!(matches!(Inbox::open(dir.path(), NOW), Err(OpenError::NotALog { .. })));
    other.execute_batch("PRAGMA user_version = 9").unwrap();
    assert!(matches!(Inbox::open(dir.path(), NOW), Err(OpenError::Newer { found: 9, known: 1, .. })));
    drop(other);
    fs::write(&path, "no database at all, and long enough to be seen as none").unwrap();
    assert!(matches!(Inbox::open(dir.path(), NOW), Err(OpenError::Corrupt { .. })));
}
