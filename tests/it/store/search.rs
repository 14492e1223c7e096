//! Questions: by whom, about what, when and with which words; and an index that may be lost at any time.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use swatbot::engine::event::{BOOKKEEPING, Record, Went};
use swatbot::engine::id::{ChangeNumber, RoomId, RowId, Who};
use swatbot::engine::log::{InWindow, Query, Term, TermText, Total};
use swatbot::store::{FeedError, Feeder, Reader, Shape, Store};

use crate::make;

use super::{at, morning, open, place, said, story};

fn by(who: &str, account: Option<&str>, text: &str, seconds: i64) -> Record {
    let mut record = said(text);
    record.by.who = Who(who.to_owned());
    record.by.account = account.map(str::to_owned);
    record.at = at(seconds);
    record
}

/// Eight rows that differ in all that can be asked for.
fn rows() -> Vec<Record> {
    let mut rows = vec![
        by("alice", Some("Alice_L"), "restarted apache on mw1001.eqiad.wmnet", 0),
        by("libera/bob", Some("bob"), "apache is slow, see T115031", 60),
        by("?bob", None, "who restarted Apache?", 120),
        by("matrix/bob", Some("bob"), "café größe 部署開始 🔥", 180),
        by("swatbot", None, "window opened", 240),
        by("alice", Some("Alice_L"), "100% of rows_like_this \\ \"quoted\"", 300),
        by("alice", Some("Alice_L"), "synchronized wmf-config/InitialiseSettings.php", 360),
        by("oscar", Some("o"), "no: step 2 comes first", 420),
    ];
    rows.iter_mut().skip(2).for_each(|row| row.by.room = None);
    rows[0].by.room = Some(RoomId("#ops".to_owned()));
    rows[3].by.network = Some("matrix".to_owned());
    rows[4].by.network = None;
    rows[4].window = Some(morning());
    rows[6].window = Some("2026-11-24/morning".parse().unwrap());
    rows[6].change = Some(ChangeNumber(900_101));
    rows[7].window = Some("2026-11-24/evening".parse().unwrap());
    rows[7].change = Some(ChangeNumber(900_101));
    rows[7].outcome = Went::Refused;
    rows[7].event =
        swatbot::engine::event::Event::Refused { verb: "done".to_owned(), code: "order".to_owned() };
    rows
}

fn find(words: &str) -> Query {
    Query { terms: make::words(words), ..Query::default() }
}

fn asked_by(who: &str) -> Query {
    Query { by: Some(who.to_owned()), ..Query::default() }
}

fn logged() -> Query {
    Query { kind: Some("logged".to_owned()), ..Query::default() }
}

fn numbers(store: &Store, query: &Query) -> Vec<i64> {
    let found = store.search(query).unwrap();
    assert_eq!(found.total, Total::Exactly(found.rows.len() as u64));
    found.rows.iter().rev().map(|row| row.id.0).collect()
}

#[test]
fn a_question_finds_what_it_asks_for() {
    let (_folder, path) = place();
    let mut store = open(&path);
    store.append(&rows(), &[]).unwrap();
    let about = |change| Query { change: Some(ChangeNumber(change)), ..Query::default() };
    let window = |window| Query { window: Some(window), ..Query::default() };
    let since = |seconds| Query { since: Some(at(seconds)), ..Query::default() };
    let until = |seconds| Query { until: Some(at(seconds)), ..Query::default() };
    let kind = |kind: &str| Query { kind: Some(kind.to_owned()), ..Query::default() };
    let before = |row| Query { before: Some(RowId(row)), ..Query::default() };
    let show = |row| Query { show: Some(RowId(row)), ..Query::default() };
    for (query, expected) in [
        (Query::default(), &[1, 2, 3, 4, 5, 6, 7, 8][..]),
        (asked_by("alice"), &[1, 6, 7]),
        (asked_by("ALICE"), &[1, 6, 7]),
        (asked_by("alice_l"), &[1, 6, 7]),
        (asked_by("libera/Alice_L"), &[1, 6, 7]),
        (asked_by("matrix/alice_l"), &[]),
        (asked_by("bob"), &[2, 3, 4]),
        (asked_by("Libera/bob"), &[2]),
        (asked_by("matrix/bob"), &[4]),
        (asked_by("?bob"), &[3]),
        (asked_by("swatbot"), &[5]),
        (asked_by("al"), &[]),
        (asked_by("%"), &[]),
        (asked_by("' OR 1=1 --"), &[]),
        (about(900_101), &[7, 8]),
        (about(1), &[]),
        (window(InWindow::Any("morning".to_owned())), &[5, 7]),
        (window(InWindow::Any("Morning".to_owned())), &[5, 7]),
        (window(InWindow::Any("morn".to_owned())), &[]),
        (window(InWindow::Occurrence(morning())), &[5]),
        (since(300), &[6, 7, 8]),
        (until(60), &[1, 2]),
        (Query { until: Some(at(180)), ..since(120) }, &[3, 4]),
        (kind("refused"), &[8]),
        (kind("REFUSED"), &[8]),
        (kind("nothing"), &[]),
        (Query { outcome: Some("Refused".to_owned()), ..Query::default() }, &[8]),
        (Query { room: Some("#OPS".to_owned()), ..Query::default() }, &[1, 2]),
        (Query { room: Some("libera/#ops".to_owned()), ..Query::default() }, &[2]),
        (Query { task: Some("T115031".to_owned()), ..Query::default() }, &[2]),
        (Query { task: Some("T11503".to_owned()), ..Query::default() }, &[]),
        (before(3), &[1, 2]),
        (show(3), &[3]),
        (show(9), &[]),
        (Query { change: Some(ChangeNumber(900_101)), ..asked_by("oscar") }, &[8]),
        (Query { by: Some("alice".to_owned()), since: Some(at(1)), ..find("synchronized") }, &[7]),
    ] {
        assert_eq!(numbers(&store, &query), expected, "{query:?}");
    }
}

const WORDS: &[(&str, &[i64])] = &[
    ("apache", &[1, 2, 3]),
    ("APACHE restarted", &[1, 3]),
    ("restarted apache nowhere", &[]),
    ("T115031", &[2]),
    ("mw1001.eqiad.wmnet", &[1]),
    ("wmf-config/InitialiseSettings.php", &[7]),
    ("wmf-config", &[7]),
    ("größe", &[4]),
    ("部署", &[4]),
    ("🔥", &[4]),
    ("%", &[6]),
    ("_", &[6]),
    ("\\", &[6]),
    ("rows_like_this", &[6]),
];

#[test]
fn words_are_found_with_and_without_an_index() {
    for indexed in [0, 5, 8] {
        let (_folder, path) = place();
        let mut store = open(&path);
        store.append(&rows(), &[]).unwrap();
        feed(&path, indexed);
        for (words, expected) in WORDS {
            assert_eq!(numbers(&store, &find(words)), *expected, "{words}, index: {indexed}");
        }
        assert_eq!(index_of(&path).is_dir(), indexed > 0);
    }
}

#[test]
fn where_no_index_can_be_made_the_log_is_searched_without_it() {
    let (_folder, path) = place();
    let mut store = open(&path);
    store.append(&rows(), &[]).unwrap();
    // Where a file has its name, it cannot be made: as in a folder that is read-only.
    fs::write(index_of(&path), b"").unwrap();
    assert!(matches!(Feeder::open(&path).unwrap().feed_some(1), Err(FeedError::File(_))));
    for (words, expected) in WORDS {
        assert_eq!(numbers(&store, &find(words)), *expected, "{words}");
    }
}

/// As they are found with an index and without one.
#[test]
fn terms_may_be_phrases_parts_and_what_must_not_be_there() {
    let term = |text, not| Term { text, not };
    let word = |text: &str| TermText::Word(text.to_owned());
    let phrase = |text: &str| TermText::Phrase(text.to_owned());
    let part = |text: &str, before, behind| TermText::Part { text: text.to_owned(), before, behind };
    let beginning = |text: &str| part(text, false, true);
    let all: &[(&[Term], &[i64])] = &[
        (&[term(phrase("restarted apache"), false)], &[1, 3]),
        (&[term(phrase("apache is slow"), false)], &[2]),
        (&[term(phrase("slow apache"), false)], &[]),
        (&[term(beginning("sync"), false)], &[7]),
        (&[term(beginning("T115"), false)], &[2]),
        (&[term(word("apache"), false), term(word("slow"), true)], &[1, 3]),
        (&[term(word("apache"), false), term(beginning("restart"), true)], &[2]),
        (&[term(word("apache"), false), term(phrase("restarted apache"), true)], &[2]),
        (&[term(word("apache"), true), term(word("step"), true)], &[4, 5, 6, 7]),
        (&[term(word("apache"), true), term(word("%"), true)], &[4, 5, 7, 8]),
        (&[term(word("部署"), true), term(word("apache"), false)], &[1, 2, 3]),
        (&[term(beginning("部署"), false)], &[4]),
        (&[term(part("pach", true, true), false)], &[1, 2, 3]),
        (&[term(part("pache", true, false), false), term(part("low", true, false), true)], &[1, 3]),
        (&[term(part("pach", true, false), false)], &[]),
        (&[term(part("pach", false, true), false)], &[]),
        (&[term(part("started apa", true, true), false)], &[1, 3]),
    ];
    for indexed in [0, 5, 8] {
        let (_folder, path) = place();
        let mut store = open(&path);
        store.append(&rows(), &[]).unwrap();
        feed(&path, indexed);
        for (terms, expected) in all {
            let query = Query { terms: terms.to_vec(), ..Query::default() };
            assert_eq!(numbers(&store, &query), *expected, "{terms:?}, index: {indexed}");
        }
    }
}

#[test]
fn words_are_whole_and_accents_do_not_matter() {
    let (_folder, path) = place();
    let mut store = open(&path);
    store.append(&rows(), &[]).unwrap();
    assert_eq!(numbers(&store, &find("apac")), [0; 0]);
    assert_eq!(numbers(&store, &find("CAFE")), [4]);
}

#[test]
fn words_are_words_and_not_a_language() {
    let (_folder, path) = place();
    let mut store = open(&path);
    let mut rows = rows();
    rows.push(said("a or b near col:x and not c"));
    store.append(&rows, &[]).unwrap();
    for words in [
        "\"\"",
        "*",
        "apac*",
        "NEAR(apache slow, 5)",
        "(",
        ")",
        "a OR b OR apache",
        "NOT apache slow x",
        "col:x:y",
        "text:apache",
        "{text}:apache",
        "-text:apache",
        "apache + slow x",
        "';DROP TABLE event;--",
        "\" OR 1 --",
        "%%%zz",
        "words MATCH apache",
        "rank:apache",
    ] {
        assert_eq!(numbers(&store, &find(words)), [0; 0], "{words}");
    }
    // A sign at a word is passed over, as it is in the text.
    assert_eq!(numbers(&store, &find("^apache")), [1, 2, 3]);
    assert_eq!(numbers(&store, &find("NEAR(")), [9]);
    assert_eq!(numbers(&store, &find("\"")), [6]);
    assert_eq!(numbers(&store, &find("\"quoted\"")), [6]);
    assert_eq!(numbers(&store, &find("a OR b")), [9]);
    assert_eq!(numbers(&store, &find("NEAR col:x")), [9]);
    assert_eq!(numbers(&store, &find("AND NOT")), [9]);
    let many = "apache ".repeat(5_000) + "🔥 ".repeat(5_000).as_str();
    assert_eq!(numbers(&store, &find(&many)), [0; 0]);
    assert_eq!(numbers(&store, &find(&"apache ".repeat(5_000))), [1, 2, 3]);
}

#[test]
fn the_newest_come_first_with_a_count_of_all() {
    let (_folder, path) = place();
    let mut store = open(&path);
    store.append(&rows(), &[]).unwrap();
    for (query, expected, total) in [
        (Query { last: Some(3), ..Query::default() }, &[8, 7, 6][..], 8),
        (Query { last: Some(2), ..asked_by("alice") }, &[7, 6], 3),
        (Query { last: Some(1), ..find("apache") }, &[3], 3),
        (Query { last: Some(0), ..find("apache") }, &[], 3),
        (Query { last: Some(usize::MAX), ..asked_by("bob") }, &[4, 3, 2], 3),
        (Query { last: Some(1), ..logged() }, &[7], 7),
        (Query { last: Some(1), terms: find("apache").terms, ..logged() }, &[3], 3),
        (Query { last: Some(1), since: Some(at(300)), ..logged() }, &[7], 2),
        (Query { last: Some(2), before: Some(RowId(7)), ..asked_by("alice") }, &[6, 1], 2),
        (Query { count: true, ..asked_by("alice") }, &[], 3),
        (Query { count: true, ..find("apache") }, &[], 3),
        (Query { around: Some(RowId(4)), last: Some(4), ..Query::default() }, &[6, 5, 4, 3, 2], 5),
        (Query { around: Some(RowId(1)), last: Some(3), ..Query::default() }, &[2, 1], 2),
        (Query { around: Some(RowId(8)), last: Some(0), ..Query::default() }, &[8], 1),
        (Query { around: Some(RowId(9)), ..Query::default() }, &[], 0),
    ] {
        let found = store.search(&query).unwrap();
        assert_eq!(found.rows.iter().map(|row| row.id.0).collect::<Vec<_>>(), expected, "{query:?}");
        assert_eq!(found.total, Total::Exactly(total), "{query:?}");
    }
}

#[test]
fn bookkeeping_is_left_out_unless_it_is_asked_for() {
    let (_folder, path) = place();
    let mut store = open(&path);
    store.append(&story(), &[]).unwrap();
    let found = store.search(&Query::default()).unwrap();
    assert!(found.rows.iter().all(|row| !BOOKKEEPING.contains(&row.kind.as_str())));
    let expected = story().iter().filter(|record| !BOOKKEEPING.contains(&record.event.kind())).count();
    assert_eq!(found.rows.len(), expected);
    let facts = Query { kind: Some("facts-seen".to_owned()), ..Query::default() };
    let row = store.search(&facts).unwrap().rows.remove(0);
    assert_eq!(numbers(&store, &Query { show: Some(row.id), ..Query::default() }), [row.id.0]);
    assert_eq!(numbers(&store, &find("facts-seen")), [row.id.0]);
}

pub(super) fn index_of(log: &Path) -> std::path::PathBuf {
    log.with_extension("db.index")
}

/// Feeds the index with the first so many rows, in blocks of 3.
fn feed(path: &Path, rows: i64) {
    let feeder = Feeder::with_shape(path, Shape { block: 3, join: 2 }).unwrap();
    let mut left = rows;
    while left > 0 {
        left -= feeder.feed_some(left).unwrap() as i64;
    }
}

#[test]
fn the_index_follows_the_log() {
    let (_folder, path) = place();
    let mut store = open(&path);
    for round in 1..=20_usize {
        store.append(&rows(), &[]).unwrap();
        assert_eq!(numbers(&store, &find("T115031")).len(), round);
        if round % 3 == 0 {
            feed(&path, 5);
        }
    }
    drop(store);
    assert_eq!(numbers(&open(&path), &find("T115031")).len(), 20);
}

#[test]
fn a_reader_sees_what_is_committed_while_the_store_is_open() {
    let (_folder, path) = place();
    let mut store = open(&path);
    store.append(&rows(), &[]).unwrap();
    let reader = Reader::open(&path).unwrap();
    assert_eq!(reader.rows().unwrap(), 8);
    store.append(&[said("apache again")], &[]).unwrap();
    assert_eq!(reader.rows().unwrap(), 9);
    for round in 10..20 {
        let found = reader.search(&find("apache")).unwrap();
        assert_eq!(found, store.search(&find("apache")).unwrap());
        assert_eq!(found.rows.len() as i64, round - 6);
        store.append(&[said("apache once more")], &[]).unwrap();
    }
    assert_eq!(reader.rows_of_window(&morning()).unwrap(), store.rows_of_window(&morning()).unwrap());
    drop(store);
    assert_eq!(reader.rows().unwrap(), 19);
    let alone = Reader::open(&path).unwrap();
    assert_eq!(alone.search(&Query { last: Some(1), ..Query::default() }).unwrap().total, Total::Exactly(19));
}

#[test]
fn a_log_with_an_odd_name_is_searched_too() {
    let (folder, _) = place();
    let path = folder.path().join("a%20b?mode=memory#ü'.db");
    let mut store = open(&path);
    store.append(&rows(), &[]).unwrap();
    feed(&path, 8);
    assert_eq!(numbers(&store, &find("apache")), [1, 2, 3]);
    assert!(folder.path().join("a%20b?mode=memory#ü'.db.index").is_dir());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(24) })]

    #[test]
    fn any_text_comes_back_as_it_was(texts in proptest::collection::vec(any::<String>(), 1..8), word in any::<String>()) {
        let (_folder, path) = place();
        let mut store = open(&path);
        let records: Vec<Record> = texts.iter().map(|text| said(text)).collect();
        store.append(&records, &[]).unwrap();
        let found = store.search(&Query::default()).unwrap();
        let stored: Vec<String> = found.rows.into_iter().rev().map(|row| row.text).collect();
        let expected: Vec<String> = texts.iter().map(|text| text.replace('\0', "")).collect();
        prop_assert_eq!(stored, expected);
        // Any word can be asked for, and a row with exactly the asked words is found.
        store.search(&find(&word)).unwrap();
        store.search(&asked_by(&word)).unwrap();
        drop(store);
        prop_assert_eq!(super::follow_chain(&path), texts.len() as i64);
    }
}
