//! Redaction: the words are gone from every file, the chain is whole, and the row says who did it and why.

use std::fs;
use std::path::Path;

use swatbot::engine::event::{Event, Record};
use swatbot::engine::id::{RowId, Who};
use swatbot::engine::log::Query;
use swatbot::engine::state::State;
use swatbot::store::{Reader, backup, verify};

use crate::make;

use super::{at, follow_chain, morning, open, place, said, stranger};

const SECRET: &str = "hunter2 is the root password";

fn redaction(row: i64, reason: &str) -> Record {
    let mut record = said(&format!("L{row}: {reason}"));
    record.by.who = Who("grace".to_owned());
    record.event = Event::Redacted { row: RowId(row), rows: Vec::new() };
    record
}

/// The files beside each other that have these words in them.
fn files_with(folder: &Path, words: &str) -> Vec<String> {
    let holds = |path: &Path| {
        let bytes = fs::read(path).unwrap();
        bytes.windows(words.len()).any(|window| window == words.as_bytes())
    };
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| holds(path)).map(|path| path.display().to_string()).collect()
}

fn find(store: &Reader, words: &str) -> u64 {
    store.search(&Query { terms: make::words(words), ..Query::default() }).unwrap().total.at_least()
}

#[test]
fn nothing_is_left_of_what_was_redacted() {
    let (folder, path) = place();
    let mut store = open(&path);
    let beside = Reader::open(&path).unwrap();
    for number in 0..50 {
        store.append(&[said(&format!("before it, row {number}"))], &[]).unwrap();
    }
    // A long one, so that it stands on pages of its own too.
    let long = format!("{SECRET} {}", "and so on ".repeat(2_000));
    store.append(&[said(SECRET), said("between"), said(&long)], &[]).unwrap();
    assert_eq!((find(&beside, "hunter2"), find(&beside, "between")), (2, 1));
    assert!(!files_with(folder.path(), SECRET).is_empty());
    assert!(!files_with(folder.path(), "hunter2").is_empty());
    store.append(&[redaction(51, "a password"), redaction(53, "the same")], &[]).unwrap();
    // The bot is still running, and so is whoever asks.
    assert_eq!(files_with(folder.path(), "hunter2"), Vec::<String>::new());
    assert_eq!((find(&beside, "hunter2"), find(&beside, "between")), (0, 1));
    assert_eq!(files_with(folder.path(), "hunter2"), Vec::<String>::new());
    let show = Query { show: Some(RowId(51)), ..Query::default() };
    assert_eq!(beside.search(&show).unwrap().rows[0].text, "[redacted: see L54]");
    let copy = folder.path().join("copy.db");
    backup(&path, &copy, &|_| ()).unwrap();
    assert_eq!(files_with(folder.path(), "hunter2"), Vec::<String>::new());
    // The chain is whole, and says what happened.
    for file in [&path, &copy] {
        let whole = verify(file, None, &[], &|_| ()).unwrap();
        let told: Vec<(i64, i64, &str, &str)> =
            whole.redacted.iter().map(|one| (one.row.0, one.by.0, &*one.who, &*one.reason)).collect();
        assert_eq!(told, [(51, 54, "grace", "a password"), (53, 55, "grace", "the same")]);
    }
    drop(store);
    assert_eq!(files_with(folder.path(), "hunter2"), Vec::<String>::new());
    assert_eq!(open(&path).append(&[said("it goes on")], &[]).unwrap(), RowId(56));
    verify(&path, None, &[], &|_| ()).unwrap();
}

/// A reader in the middle of something keeps the old pages; they go with the next look at the log.
#[test]
fn a_reader_delays_the_wiping_and_no_more() {
    let (folder, path) = place();
    let mut store = open(&path);
    store.append(&[said(SECRET)], &[]).unwrap();
    let reader = stranger(&path);
    reader.execute_batch("BEGIN; SELECT count(*) FROM event;").unwrap();
    store.append(&[redaction(1, "a password")], &[]).unwrap();
    assert!(!files_with(folder.path(), SECRET).is_empty(), "the reader still has it");
    reader.execute_batch("COMMIT").unwrap();
    store.watch().unwrap();
    assert_eq!(files_with(folder.path(), SECRET), Vec::<String>::new());
}

/// What was said of a hold is part of the state: it goes from there too, and from what was carried over.
#[test]
fn the_words_leave_the_state_and_what_was_carried() {
    let (folder, path) = place();
    let mut store = open(&path);
    let mut held = said(&format!("H1 stops it: {SECRET}"));
    held.window = Some(morning());
    held.event = Event::Frozen { freeze: 1, from: at(0), to: at(3600), reason: SECRET.to_owned() };
    store.append(&[held], &[]).unwrap();
    let state = store.load_state().unwrap();
    let mut carried = said("carried over");
    carried.event = Event::Carried { state: Box::new(state.clone()) };
    let mut other = said("carried over, nothing");
    other.event = Event::Carried { state: Box::new(State::default()) };
    store.append(&[carried, said("one")], &[]).unwrap();
    assert_eq!(state.freezes[0].reason, SECRET);
    store.append(&[redaction(1, "a password")], &[]).unwrap();
    assert_eq!(files_with(folder.path(), SECRET), Vec::<String>::new());
    let state = store.load_state().unwrap();
    assert_eq!((state.freezes.len(), state.freezes[0].reason.as_str()), (1, "[redacted]"));
    assert_eq!(state.redacted.get(&RowId(1)), Some(&RowId(4)));
    let whole = verify(&path, None, &[], &|_| ()).unwrap();
    let rows: Vec<i64> = whole.redacted.iter().map(|one| one.row.0).collect();
    assert_eq!(rows, [1, 2], "the carried state too");
}

/// The line as it is kept against bridges is blanked with the row it belongs to.
#[test]
fn what_is_kept_against_bridges_goes_too() {
    let (folder, path) = place();
    let mut store = open(&path);
    let mut spoken = said(&format!("said: log {SECRET}"));
    spoken.event = Event::Spoken { words: format!("log {SECRET}") };
    let mut others = spoken.clone();
    others.by.who = Who("bob".to_owned());
    others.text = "said: log something else".to_owned();
    others.event = Event::Spoken { words: "log something else".to_owned() };
    store.append(&[said(SECRET), others, spoken], &[]).unwrap();
    store.append(&[redaction(1, "a password")], &[]).unwrap();
    assert_eq!(files_with(folder.path(), SECRET), Vec::<String>::new());
    assert_eq!(files_with(folder.path(), "log something else").len(), 1, "bob's line stays");
    assert_eq!(verify(&path, None, &[], &|_| ()).unwrap().redacted.len(), 2);
    assert_eq!(store.load_state().unwrap().row, 4);
}

/// The triggers let through exactly what a redaction says, and nothing else.
/// A line that went with another one, and whatever else is taken out twice.
#[test]
fn what_is_blank_already_is_left_as_it_is() {
    let (_folder, path) = place();
    let mut store = open(&path);
    store.append(&[said(SECRET), redaction(1, "a password"), redaction(1, "the same")], &[]).unwrap();
    let whole = verify(&path, None, &[], &|_| ()).unwrap();
    let told: Vec<(i64, i64)> = whole.redacted.iter().map(|one| (one.row.0, one.by.0)).collect();
    assert_eq!(told, [(1, 2)]);
}

#[test]
fn no_other_change_is_let_through() {
    let (_folder, path) = place();
    let mut store = open(&path);
    store.append(&[said("one"), said(SECRET), said("three")], &[]).unwrap();
    let stranger = stranger(&path);
    let try_all = |row: i64, mark: &str, why: &str| {
        for set in [
            format!("text = '{mark}'"),
            "text = ''".to_owned(),
            format!("text = '{mark}', actor = 'mallory'"),
            format!("text = '{mark}', detail = '{{}}'"),
            format!("text = '{mark}', hash = zeroblob(32)"),
            format!("text = '{mark}', seq = 99"),
            "detail = '{}'".to_owned(),
        ] {
            let sql = format!("UPDATE event SET {set} WHERE seq = {row}");
            let error = stranger.execute(&sql, []).unwrap_err();
            assert!(error.to_string().contains("append-only"), "{why}: {sql}: {error}");
        }
    };
    try_all(2, "[redacted: see L4]", "nobody redacted it");
    store.append(&[redaction(2, "a password")], &[]).unwrap();
    try_all(3, "[redacted: see L4]", "another row was redacted");
    try_all(2, "[redacted: see L5]", "it is redacted already");
    // The one change that is let through is the one that was made: doing it again does nothing.
    let again = "UPDATE event SET text = '[redacted: see L4]' WHERE seq = 2";
    assert_eq!(stranger.execute(again, []).unwrap(), 1);
    assert!(stranger.execute(&format!("UPDATE event SET text = '{SECRET}' WHERE seq = 2"), []).is_err());
    assert!(stranger.execute("DELETE FROM event WHERE seq = 2", []).is_err());
    drop(store);
    verify(&path, None, &[], &|_| ()).unwrap();
}

#[test]
fn words_that_are_gone_or_back_without_a_redaction_are_found() {
    let (_folder, path) = place();
    let mut store = open(&path);
    store.append(&[said("one"), said(SECRET), said("three")], &[]).unwrap();
    store.append(&[redaction(2, "a password")], &[]).unwrap();
    drop(store);
    let found = |sql: &str| {
        let connection = stranger(&path);
        let trigger = "SELECT sql FROM sqlite_schema WHERE name = 'event_stays_as_it_is'";
        let trigger: String = connection.query_one(trigger, [], |row| row.get(0)).unwrap();
        connection.execute_batch(&format!("DROP TRIGGER event_stays_as_it_is; {sql}; {trigger}")).unwrap();
        verify(&path, None, &[], &|_| ()).map_err(|error| error.to_string())
    };
    let back = found(&format!("UPDATE event SET text = '{SECRET}' WHERE seq = 2")).unwrap_err();
    assert_eq!(back, "L2: L4 says that it was redacted, and it has other words");
    assert_eq!(found("UPDATE event SET text = '[redacted: see L4]' WHERE seq = 2").map(|_| ()), Ok(()));
}

#[test]
fn a_mark_that_no_row_explains_is_found() {
    let (_folder, path) = place();
    open(&path).append(&[said("one"), said("two words"), said("three")], &[]).unwrap();
    let connection = stranger(&path);
    let trigger = "SELECT sql FROM sqlite_schema WHERE name = 'event_stays_as_it_is'";
    let trigger: String = connection.query_one(trigger, [], |row| row.get(0)).unwrap();
    let blank = "UPDATE event SET text = '[redacted: see L3]' WHERE seq = 2";
    connection.execute_batch(&format!("DROP TRIGGER event_stays_as_it_is; {blank}; {trigger}")).unwrap();
    let found = verify(&path, None, &[], &|_| ()).unwrap_err().to_string();
    assert_eq!(found, "L2: its words were taken out, and no row says so");
    assert!(std::panic::catch_unwind(|| follow_chain(&path)).is_err());
}
