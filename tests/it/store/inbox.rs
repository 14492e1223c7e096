//! What a transport keeps: events once and in order, the place with them, and what goes out under numbers of its own.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use swatbot::store::OpenError;
use swatbot::store::inbox::{Arrived, Event, Inbox, New, Origin, Seal, Session};

const NOW: i64 = 1_520_276_100_000;

fn open(folder: &Path) -> Inbox {
    Inbox::open(folder, NOW).unwrap()
}

fn event(room: &str, id: &str) -> Arrived {
    let text = format!("{{\"event_id\":\"{id}\"}}");
    Arrived { room: room.to_owned(), id: id.to_owned(), text, seal: Seal::Clear, origin: None }
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
    let say = |text: &str| New::message("!a", text.to_owned());
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

/// Both or neither: between the two a kill would answer twice, or never.
#[test]
fn an_answer_is_stored_together_with_what_it_answers() {
    let dir = tempfile::tempdir().unwrap();
    let mut inbox = open(dir.path());
    let events = ["$1", "$2", "$3", "$4"].map(|id| event("!a", id));
    inbox.take(&events, "s1", NOW).unwrap();
    assert_eq!(inbox.last_waiting().unwrap(), 4);
    let out = New::message("!a", "an answer".to_owned());
    let stranger = rusqlite::Connection::open(dir.path().join("inbox.db")).unwrap();
    stranger
        .execute_batch(
            "CREATE TRIGGER no BEFORE UPDATE ON event WHEN NEW.state = 'taken' AND OLD.id = '$3' \
             BEGIN SELECT RAISE(ABORT, 'no'); END",
        )
        .unwrap();
    inbox.push(std::slice::from_ref(&out), Some(&(3, vec!["$2".to_owned()])), NOW).unwrap_err();
    assert_eq!((inbox.first().unwrap(), waiting(&inbox, 0).len()), (None, 4));
    stranger.execute_batch("DROP TRIGGER no").unwrap();
    // The second is answered later.
    inbox.push(&[out], Some(&(3, vec!["$2".to_owned()])), NOW).unwrap();
    assert_eq!(inbox.first().unwrap().unwrap().content, "an answer");
    assert_eq!(waiting(&inbox, 0), ["!a {\"event_id\":\"$2\"}", "!a {\"event_id\":\"$4\"}"]);
    inbox.push(&[], Some(&(3, Vec::new())), NOW).unwrap();
    assert_eq!(waiting(&inbox, 0), ["!a {\"event_id\":\"$4\"}"]);
}

/// A program that runs for months forgets as one that is started every week.
#[test]
fn what_is_old_is_forgotten_without_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let mut inbox = open(dir.path());
    inbox.take(&[event("!a", "$1"), event("!a", "$2")], "s1", NOW).unwrap();
    let first = inbox.waiting(0, 1).unwrap()[0].seq;
    inbox.push(&[], Some(&(first, Vec::new())), NOW).unwrap();
    assert!(inbox.tell_again("!a", "unreadable @b:c", 3_600_000, NOW).unwrap());
    assert!(inbox.tell_once("!a", "encrypted").unwrap());
    let week = 7 * 24 * 3600 * 1000;
    inbox.forget(NOW + week).unwrap();
    assert!(inbox.text("!a", "$1").unwrap().is_some());
    inbox.forget(NOW + week + 24 * 3600 * 1000).unwrap();
    assert!(inbox.text("!a", "$1").unwrap().is_none() && inbox.text("!a", "$2").unwrap().is_some());
    assert!(!inbox.was_told("!a", "unreadable @b:c").unwrap());
    assert!(inbox.was_told("!a", "encrypted").unwrap(), "that is known for ever");
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
    assert!(matches!(Inbox::open(dir.path(), NOW), Err(OpenError::Newer { found: 9, known: 2, .. })));
    drop(other);
    fs::write(&path, "no database at all, and long enough to be seen as none").unwrap();
    assert!(matches!(Inbox::open(dir.path(), NOW), Err(OpenError::Corrupt { .. })));
}

#[test]
fn what_cannot_be_decrypted_waits_until_it_can_or_is_given_up() {
    let dir = tempfile::tempdir().unwrap();
    let mut inbox = open(dir.path());
    let locked = |id: &str| Arrived { seal: Seal::Locked, ..event("!a", id) };
    let opened = |id: &str, seal| Arrived { seal, text: format!("open {id}"), ..event("!a", id) };
    inbox.take(&[locked("$1"), locked("$2"), event("!a", "$3"), locked("$4")], "s1", NOW).unwrap();
    assert_eq!(waiting(&inbox, 0), ["!a {\"event_id\":\"$3\"}"]);
    let read = inbox.waiting(0, 100).unwrap()[0].seq;
    inbox.push(&[], Some(&(read, Vec::new())), NOW).unwrap();
    drop(inbox);
    let mut inbox = open(dir.path());
    let texts = |events: Vec<Event>| events.into_iter().map(|event| event.text).collect::<Vec<_>>();
    let first = inbox.locked(0, 2).unwrap();
    let last = first[1].seq;
    assert_eq!(texts(first), ["{\"event_id\":\"$1\"}", "{\"event_id\":\"$2\"}"]);
    assert_eq!(texts(inbox.locked(last, 2).unwrap()), ["{\"event_id\":\"$4\"}"]);
    // What is open now comes after what was read meanwhile, once, and as old as it is.
    let events = [opened("$1", Seal::Trusted), opened("$2", Seal::Untrusted), opened("$3", Seal::Trusted)];
    for _ in 0..2 {
        inbox.take(&events, "s2", NOW + 60_000).unwrap();
        let open = inbox.waiting(read, 100).unwrap();
        let open: Vec<_> = open.into_iter().map(|event| (event.text, event.seal, event.at)).collect();
        let expected =
            [("open $1".to_owned(), Seal::Trusted, NOW), ("open $2".to_owned(), Seal::Untrusted, NOW)];
        assert_eq!(open, expected);
    }
    // Nothing makes it locked again.
    inbox.take(&[locked("$1")], "s3", NOW + 60_000).unwrap();
    assert_eq!(inbox.locked(0, 10).unwrap().len(), 1);
    assert_eq!(texts(inbox.give_up(NOW).unwrap()), [""; 0]);
    assert_eq!(texts(inbox.give_up(NOW + 1).unwrap()), ["{\"event_id\":\"$4\"}"]);
    assert_eq!(texts(inbox.give_up(NOW + 1).unwrap()), [""; 0]);
    assert_eq!(inbox.locked(0, 10).unwrap(), []);
}

#[test]
fn a_thing_is_told_once_in_a_while() {
    let dir = tempfile::tempdir().unwrap();
    let mut inbox = open(dir.path());
    let mut may = |what: &str, at| inbox.tell_again("!a", what, 100, NOW + at).unwrap();
    assert!(may("x", 0) && !may("x", 99) && may("y", 99) && may("x", 100) && !may("x", 150));
    // A clock that was set back does not silence it.
    assert!(may("x", -5000));
}

/// An event that was decrypted: these words, in this message of the key, signed with this key.
fn decrypted(id: &str, words: &str, number: Option<u32>, key: &str) -> Arrived {
    let origin = Origin {
        mark: format!("session {words}"),
        number,
        signer: Some(("@alice:example.org".to_owned(), key.to_owned())),
    };
    Arrived { seal: Seal::Trusted, origin: Some(origin), ..event("!a", id) }
}

#[test]
fn what_says_the_same_with_the_same_key_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let mut inbox = open(dir.path());
    let repeats = |inbox: &Inbox, events: &[Arrived]| {
        let repeats = inbox.repeats(events).unwrap();
        repeats.into_iter().map(|repeat| (repeat.at, repeat.others)).collect::<Vec<_>>()
    };
    let first = [decrypted("$1", "go", None, "k"), decrypted("$2", "stop", None, "k")];
    assert_eq!(repeats(&inbox, &first), []);
    inbox.take(&first, "s1", NOW).unwrap();
    assert_eq!(repeats(&inbox, &first), [], "they come again");
    inbox.number("!a", "$1", 7).unwrap();
    drop(inbox);
    let inbox = open(dir.path());
    let elsewhere = Arrived { room: "!b".to_owned(), ..decrypted("$5", "go", None, "k") };
    let more = [decrypted("$3", "go", None, "k"), elsewhere, decrypted("$4", "go", Some(9), "k")];
    let known = ("$1".to_owned(), Some(7));
    assert_eq!(
        repeats(&inbox, &more),
        [(0, vec![known.clone()]), (2, vec![known, ("$3".to_owned(), None)])],
        "in the inbox, and before it in the same answer"
    );
}

#[test]
fn a_user_is_known_by_the_first_key() {
    let dir = tempfile::tempdir().unwrap();
    let mut inbox = open(dir.path());
    let seals = |inbox: &mut Inbox, id: &str, key: &str| {
        inbox.take(&[decrypted(id, id, None, key)], "s1", NOW).unwrap();
        inbox.waiting(0, 100).unwrap().last().unwrap().seal
    };
    assert_eq!(seals(&mut inbox, "$1", "old"), Seal::Trusted);
    assert_eq!(seals(&mut inbox, "$2", "new"), Seal::Changed);
    drop(inbox);
    let mut inbox = open(dir.path());
    assert_eq!(inbox.changed().unwrap(), ["@alice:example.org"]);
    assert_eq!(seals(&mut inbox, "$3", "old"), Seal::Trusted);
    assert_eq!(inbox.changed().unwrap(), [""; 0]);
    assert_eq!(inbox.accept("@alice:example.org").unwrap(), None);
    assert_eq!(seals(&mut inbox, "$4", "new"), Seal::Changed);
    assert_eq!(inbox.accept("@alice:example.org").unwrap().as_deref(), Some("new"));
    assert_eq!(seals(&mut inbox, "$5", "new"), Seal::Trusted);
    assert_eq!(seals(&mut inbox, "$6", "old"), Seal::Changed);
}

/// The first schema had a list of seals in it.
#[test]
fn a_file_of_the_first_version_is_brought_up_to_date() {
    let dir = tempfile::tempdir().unwrap();
    let mut inbox = open(dir.path());
    inbox.take(&[event("!a", "$1"), event("!a", "$2")], "s1", NOW).unwrap();
    drop(inbox);
    let old = rusqlite::Connection::open(dir.path().join("inbox.db")).unwrap();
    old.execute_batch(
        "DROP TABLE cipher; DROP TABLE pinned; ALTER TABLE event RENAME TO other; DROP INDEX event_new; \
         DROP INDEX event_locked; CREATE TABLE event (seq INTEGER PRIMARY KEY AUTOINCREMENT, room TEXT NOT NULL, \
         id TEXT NOT NULL, text TEXT NOT NULL, at INTEGER NOT NULL, state TEXT NOT NULL DEFAULT 'new' \
         CHECK (state IN ('new', 'taken', 'bad', 'locked')), seal TEXT NOT NULL DEFAULT 'clear' \
         CHECK (seal IN ('clear', 'trusted', 'untrusted', 'locked')), UNIQUE (room, id)) STRICT; \
         CREATE INDEX event_new ON event (seq) WHERE state = 'new'; \
         CREATE INDEX event_locked ON event (seq) WHERE state = 'locked'; \
         INSERT INTO event SELECT * FROM other; DROP TABLE other; PRAGMA user_version = 1;",
    )
    .unwrap();
    drop(old);
    let mut inbox = open(dir.path());
    assert_eq!(waiting(&inbox, 0).len(), 2);
    assert_eq!(inbox.place().unwrap().as_deref(), Some("s1"));
    inbox.take(&[Arrived { seal: Seal::Replayed, ..event("!a", "$3") }], "s2", NOW).unwrap();
    assert_eq!(inbox.waiting(0, 100).unwrap().last().unwrap().seal, Seal::Replayed);
}
