//! Replay: the state from the newest carried row is the state from the beginning.

use swatbot::engine::event::{Event, Record, WITHOUT_EFFECT};
use swatbot::engine::id::RowId;
use swatbot::engine::state::State;
use swatbot::store::{Store, StoreError};

use super::{follow_chain, open, place, said, story, stranger};

fn fold(records: &[Record]) -> State {
    let mut state = State::default();
    for record in records {
        state.apply(record);
    }
    state
}

/// A log whose state is that of all of `records`.
fn check(store: &Store, records: &[Record]) {
    let state = store.load_state().unwrap();
    assert_eq!(state, fold(records));
    assert_eq!(state.row, records.len() as i64);
    assert_eq!(state.next_row(), RowId(store.last().0 + 1));
}

#[test]
fn the_state_is_the_same_after_each_row() {
    let (_folder, path) = place();
    let mut store = open(&path);
    let story = story();
    for (number, record) in story.iter().enumerate() {
        store.append(std::slice::from_ref(record), &[]).unwrap();
        check(&store, &story[..=number]);
    }
    drop(store);
    check(&open(&path), &story);
}

#[test]
fn replay_begins_at_the_newest_carried_row() {
    let (_folder, path) = place();
    let mut store = open(&path);
    let mut records = story();
    records.push(said("later"));
    records.push(records[65].clone());
    store.append(&records, &[]).unwrap();
    let carried = records.iter().rposition(|record| record.event.kind() == "carried").unwrap();
    let replay = store.replay().unwrap();
    let numbers: Vec<i64> = replay.records.iter().map(|(number, _)| number.0).collect();
    assert_eq!(numbers, [carried as i64 + 1, records.len() as i64]);
    check(&store, &records);
}

#[test]
fn a_replay_from_the_beginning_is_the_same() {
    let (_folder, path) = place();
    let story = story();
    let plain: Vec<Record> =
        story.iter().filter(|record| record.event.kind() != "carried").cloned().collect();
    let mut store = open(&path);
    store.append(&plain, &[]).unwrap();
    let mut whole = store.load_state().unwrap();
    whole.row = story.len() as i64;
    assert_eq!(whole, fold(&story));
}

#[test]
fn kinds_without_effect_change_nothing_but_the_count() {
    let mut state = fold(&story());
    let before = state.clone();
    let idle: Vec<Record> =
        story().into_iter().filter(|record| WITHOUT_EFFECT.contains(&record.event.kind())).collect();
    assert!(idle.len() >= WITHOUT_EFFECT.len(), "a kind has no sample");
    for record in &idle {
        state.apply(record);
    }
    assert_eq!(State { row: before.row, ..state }, before);
}

#[test]
fn kinds_without_effect_are_not_read_back() {
    let (_folder, path) = place();
    let mut store = open(&path);
    let mut records = story();
    records.retain(|record| record.event.kind() != "carried");
    for text in ["between", "all", "others"] {
        records.insert(records.len() / 2, said(text));
    }
    store.append(&records, &[]).unwrap();
    let replay = store.replay().unwrap();
    assert!(replay.records.iter().all(|(_, record)| !WITHOUT_EFFECT.contains(&record.event.kind())));
    check(&store, &records);
}

/// Stores a row of any kind with any JSON, as another program version would have done it.
fn plant(path: &std::path::Path, kind: &str, detail: &str) {
    stranger(path)
        .execute(
            "INSERT INTO event (at, actor, kind, outcome, text, detail, prev, hash) \
             VALUES ('2026-11-23T15:00:00.000Z', 'x', ?1, 'ok', '', ?2, zeroblob(32), zeroblob(32))",
            [kind, detail],
        )
        .unwrap();
}

#[test]
fn a_carried_row_that_cannot_be_read_is_passed_over() {
    let (_folder, path) = place();
    let story = story();
    // After both carried rows, after the first, and before any.
    for length in [story.len(), story.len() - 1, 60] {
        let (_folder, path) = place();
        open(&path).append(&story[..length], &[]).unwrap();
        plant(&path, "carried", r#"{"event":"carried","state":{"form":"of 2031"}}"#);
        let mut expected = fold(&story[..length]);
        expected.row += 1;
        assert_eq!(open(&path).load_state().unwrap(), expected);
    }
    drop(open(&path));
    follow_chain(&path);
}

#[test]
fn a_row_of_an_unknown_kind_is_named() {
    let (_folder, path) = place();
    open(&path).append(&story(), &[]).unwrap();
    plant(&path, "teleported", r#"{"event":"teleported"}"#);
    let error = open(&path).load_state().unwrap_err();
    let row = story().len() as i64 + 1;
    assert!(matches!(&error, StoreError::Unreadable { row: found, .. } if found.0 == row), "{error}");
    let words = error.to_string();
    assert!(words.starts_with(&format!("L{row} (teleported) cannot be read")), "{words}");
}

#[test]
fn a_row_that_cannot_be_read_is_no_matter_once_it_is_carried_over() {
    let (_folder, path) = place();
    let story = story();
    open(&path).append(&story[..10], &[]).unwrap();
    plant(&path, "added", r#"{"event":"added"}"#);
    let mut store = open(&path);
    assert!(store.load_state().is_err());
    store.append(&story[story.len() - 1..], &[]).unwrap();
    let Event::Carried { state } = &story[story.len() - 1].event else { panic!() };
    assert_eq!(store.load_state().unwrap(), State { row: 12, ..(**state).clone() });
}

#[test]
fn a_hundred_thousand_rows_load_fast() {
    // The limit is for the optimised program; the other one only shows that it works.
    let (rows, limit) = if cfg!(debug_assertions) { (4_000, 3_000) } else { (100_000, 300) };
    let (_folder, path) = place();
    let mut store = open(&path);
    let talk: Vec<Record> =
        (0..500).map(|n| said(&format!("synchronized wmf-config/file-{n}.php"))).collect();
    let mut records = story();
    while records.len() < rows {
        if records.len().is_multiple_of(20_000) {
            records.extend(story());
        }
        records.extend_from_slice(&talk);
    }
    records.extend(story());
    for turn in records.chunks(1_000) {
        store.append(turn, &[]).unwrap();
    }
    drop(store);
    let start = std::time::Instant::now();
    let state = open(&path).load_state().unwrap();
    let taken = start.elapsed().as_millis();
    assert_eq!(state.row, records.len() as i64);
    assert!(taken < limit, "it took {taken} ms");
}
