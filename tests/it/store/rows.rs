//! Rows: stored together or not at all, chained, and never changed.

use swatbot::engine::event::Record;
use swatbot::engine::id::{OccurrenceId, RoomId, RowId, Who};
use swatbot::engine::log::Query;
use swatbot::store::{Answer, Reader, Seen, Store, StoreError};

use super::{at, count, follow_chain, morning, open, place, said, story, stranger};

fn id(network: &str, message: &str) -> Seen {
    Seen { network: network.to_owned(), message_id: message.to_owned(), answer: Answer::Nothing }
}

#[test]
fn every_event_comes_back_as_it_was() {
    let (_folder, path) = place();
    let story = story();
    open(&path).append(&story, &[]).unwrap();

    let everything = stranger(&path);
    let mut statement = everything.prepare("SELECT kind, detail FROM event ORDER BY seq").unwrap();
    let stored = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    for (stored, record) in stored.zip(&story) {
        let (kind, detail): (String, String) = stored.unwrap();
        assert_eq!(kind, record.event.kind());
        assert_eq!(serde_json::from_str::<swatbot::engine::event::Event>(&detail).unwrap(), record.event);
    }

    let store = open(&path);
    let replay = store.replay().unwrap();
    assert_eq!(replay.last, RowId(story.len() as i64));
    for (number, record) in &replay.records {
        assert_eq!(record, &story[number.0 as usize - 1]);
    }
}

#[test]
fn an_author_comes_back_with_and_without_each_part() {
    let (_folder, path) = place();
    let mut private = story()[4].clone();
    private.by.room = None;
    private.by.account = Some(String::new());
    let mut public = private.clone();
    public.by.room = Some(RoomId("libera/#ops".to_owned()));
    public.by.account = None;
    public.by.who = Who("matrix/@zoë:example.org".to_owned());
    let mut store = open(&path);
    store.append(&[private.clone(), public.clone()], &[]).unwrap();
    let records: Vec<Record> =
        store.replay().unwrap().records.into_iter().map(|(_, record)| record).collect();
    assert_eq!(records, [private, public]);
}

#[test]
fn append_gives_the_number_of_the_first_row() {
    let (_folder, path) = place();
    let mut store = open(&path);
    assert_eq!(store.append(&[said("one"), said("two")], &[]).unwrap(), RowId(1));
    assert_eq!(store.append(&[said("three")], &[]).unwrap(), RowId(3));
    assert_eq!(store.append(&[], &[]).unwrap(), RowId(4));
    assert_eq!(store.last(), RowId(3));
    drop(store);
    let mut store = open(&path);
    assert_eq!(store.append(&[said("four")], &[]).unwrap(), RowId(4));
    drop(store);
    assert_eq!(follow_chain(&path), 4);
}

#[test]
fn the_chain_covers_every_field_of_every_row() {
    let (_folder, path) = place();
    let mut store = open(&path);
    for turn in story().chunks(5) {
        store.append(turn, &[]).unwrap();
    }
    drop(store);
    assert_eq!(follow_chain(&path), story().len() as i64);
}

#[test]
fn a_stored_row_cannot_be_changed_or_removed() {
    let (_folder, path) = place();
    let mut store = open(&path);
    store.append(&[said("one"), said("two")], &[]).unwrap();
    let stranger = stranger(&path);
    let columns =
        "seq, at, network, room, actor, account, window, change, kind, outcome, text, detail, prev, hash";
    let copy = |verb: &str| {
        let values = columns.replace("text, detail", "'changed', detail");
        format!("{verb} INTO event ({columns}) SELECT {values} FROM event WHERE seq = 1")
    };
    for statement in [
        "UPDATE event SET text = 'changed' WHERE seq = 1".to_owned(),
        "UPDATE OR REPLACE event SET seq = 2 WHERE seq = 1".to_owned(),
        "DELETE FROM event WHERE seq = 2".to_owned(),
        "DELETE FROM event".to_owned(),
        copy("INSERT OR REPLACE"),
        copy("REPLACE"),
        copy("INSERT"),
    ] {
        for recursive in [false, true] {
            stranger.pragma_update(None, "recursive_triggers", recursive).unwrap();
            let error = stranger.execute(&statement, []).unwrap_err();
            assert!(error.to_string().contains("append-only"), "{statement}: {error}");
        }
    }
    let upsert = copy("INSERT") + " ON CONFLICT (seq) DO UPDATE SET text = 'changed'";
    assert!(stranger.execute(&upsert, []).is_err());
    drop((store, stranger));
    assert_eq!(follow_chain(&path), 2);
}

#[test]
fn what_is_not_a_row_of_the_log_is_refused() {
    let (_folder, path) = place();
    drop(open(&path));
    let stranger = stranger(&path);
    let insert = |at: &str, outcome: &str, text: &dyn rusqlite::ToSql, hash: usize| {
        stranger.execute(
            "INSERT INTO event (at, actor, kind, outcome, text, detail, prev, hash) \
             VALUES (?1, 'x', 'logged', ?2, ?3, '{}', zeroblob(32), zeroblob(?4))",
            rusqlite::params![at, outcome, text, hash],
        )
    };
    let now = "2026-11-23T14:00:00.000Z";
    assert!(insert(now, "ok", &"text", 31).is_err());
    assert!(insert(now, "perhaps", &"text", 32).is_err());
    assert!(insert(now, "ok", &vec![1_u8, 2], 32).is_err());
    assert!(insert("yesterday", "ok", &"text", 32).is_err());
    assert!(insert(now, "ok", &"text", 32).is_ok());
}

#[test]
fn a_message_is_marked_as_seen_together_with_its_rows() {
    let (_folder, path) = place();
    let mut store = open(&path);
    assert!(!store.was_seen("libera", "m1").unwrap());
    store.append(&[said("one")], &[id("libera", "m1")]).unwrap();
    assert!(store.was_seen("libera", "m1").unwrap());
    assert!(!store.was_seen("matrix", "m1").unwrap());
    // A message that gave no event, and one that came twice.
    store.append(&[], &[id("libera", "m2"), id("libera", "m1")]).unwrap();
    drop(store);
    let store = open(&path);
    assert!(store.was_seen("libera", "m1").unwrap() && store.was_seen("libera", "m2").unwrap());
}

#[test]
fn what_was_said_to_a_message_is_kept_with_it() {
    let (_folder, path) = place();
    let mut store = open(&path);
    let answered = |message: &str, answer| Seen { answer, ..id("libera", message) };
    let row = Answer::Row(RowId(1));
    let seen = [answered("m1", row), answered("m2", Answer::WithoutRow), answered("m3", Answer::Nothing)];
    store.append(&[said("one")], &seen).unwrap();
    let answers =
        |store: &Store| ["m1", "m2", "m3", "m4"].map(|message| store.answer_to("libera", message).unwrap());
    let expected = [Some(row), Some(Answer::WithoutRow), Some(Answer::Nothing), None];
    assert_eq!(answers(&store), expected);
    drop(store);
    assert_eq!(answers(&open(&path)), expected);
}

#[test]
fn what_is_written_ahead_is_moved_into_the_file() {
    let (_folder, path) = place();
    let mut store = open(&path);
    let reader = Reader::open(&path).unwrap();
    let row = [said("restarted apache")];
    for _ in 0..1_700 {
        store.append(&row, &[]).unwrap();
        // Whoever reads all the time does not keep it from being moved.
        reader.search(&Query { last: Some(1), ..Query::default() }).unwrap();
    }
    let ahead = path.with_extension("db-wal").metadata().unwrap().len();
    assert!(ahead < 6_000 * 4096, "{ahead} bytes are ahead of the file");
}

#[test]
fn a_failing_append_leaves_nothing() {
    let (_folder, path) = place();
    let mut store = open(&path);
    store.append(&[said("before")], &[]).unwrap();
    let state = store.load_state().unwrap();
    let stranger = stranger(&path);
    stranger
        .execute_batch(
            "CREATE TRIGGER third BEFORE INSERT ON event WHEN NEW.text = 'third' \
             BEGIN SELECT RAISE(ABORT, 'no third'); END",
        )
        .unwrap();
    let error =
        store.append(&[said("first"), said("second"), said("third")], &[id("libera", "m1")]).unwrap_err();
    assert!(matches!(error, StoreError::Sqlite(_)), "{error}");
    assert_eq!(count(&path), 1);
    assert!(!store.was_seen("libera", "m1").unwrap());
    assert_eq!(store.load_state().unwrap(), state);
    // The next one is whole again, and follows the last that is there.
    stranger.execute_batch("DROP TRIGGER third").unwrap();
    assert_eq!(store.append(&[said("third")], &[id("libera", "m1")]).unwrap(), RowId(2));
    drop((store, stranger));
    assert_eq!(follow_chain(&path), 2);
}

#[test]
fn nul_is_stripped_from_every_text() {
    let (_folder, path) = place();
    let mut record = said("a\0b\0");
    record.by.who = Who("ali\0ce".to_owned());
    record.by.network = Some("lib\0era".to_owned());
    record.window = Some(OccurrenceId { window: "mor\0ning".to_owned(), ..morning() });
    let mut store = open(&path);
    store.append(&[record], &[]).unwrap();
    let found = store.search(&Query::default()).unwrap();
    let row = &found.rows[0];
    assert_eq!(
        (row.text.as_str(), row.actor.as_str(), row.network.as_str(), row.window.as_str()),
        ("ab", "alice", "libera", "2026-11-23/morning")
    );
    assert_eq!(row.at, at(0));
    drop(store);
    follow_chain(&path);
}

#[test]
fn the_rows_of_an_occurrence_are_all_its_rows() {
    let (_folder, path) = place();
    let mut store = open(&path);
    store.append(&story(), &[]).unwrap();
    let rows = store.rows_of_window(&morning()).unwrap();
    let expected = story().iter().filter(|record| record.window == Some(morning())).count();
    assert_eq!(rows.len(), expected);
    assert!(rows.is_sorted_by_key(|row| row.id));
    assert!(rows.iter().any(|row| row.kind == "facts-seen"));
    assert_eq!(store.rows_of_window(&"2026-11-25/morning".parse().unwrap()).unwrap(), []);
}
