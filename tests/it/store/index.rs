//! The index beside the log: what is found with it is what reading every row would find, however far behind it is and
//! whatever happened to it.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use swatbot::engine::event::{Event, Record, Went};
use swatbot::engine::id::{ChangeNumber, RoomId, RowId, Who};
use swatbot::engine::log::{InWindow, Query, Term, TermText, Total};
use swatbot::store::{Feeder, Reader, Shape, Store};

use super::{at, open, place, said};
use crate::make;

/// Blocks of 8 rows, of which 3 become one segment: 100 rows are then as many segments as millions otherwise.
const SMALL: Shape = Shape { block: 8, join: 3 };

fn feeder(path: &Path) -> Feeder {
    Feeder::with_shape(path, SMALL).unwrap()
}

fn files(path: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(super::search::index_of(path)).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    files.retain(|file| file.file_name().unwrap() != "lock");
    files
}

fn find(words: &str) -> Query {
    Query { terms: make::words(words), ..Query::default() }
}

fn numbers(reader: &Reader, query: &Query) -> Vec<i64> {
    reader.search(query).unwrap().rows.iter().map(|row| row.id.0).collect()
}

#[test]
fn a_long_log_has_few_segments() {
    let (_folder, path) = place();
    let mut store = open(&path);
    let feeder = feeder(&path);
    let rows: Vec<Record> =
        (1..=100).map(|number| said(&format!("row {number} of {}", number % 7))).collect();
    store.append(&rows, &[]).unwrap();
    assert_eq!(feeder.behind().unwrap(), 100);
    let mut pieces = Vec::new();
    while feeder.behind().unwrap() > 0 {
        pieces.push(feeder.feed_some(5).unwrap());
    }
    assert!(pieces.iter().all(|piece| (1..=5).contains(piece)));
    let names: Vec<String> =
        files(&path).iter().map(|file| file.file_name().unwrap().to_str().unwrap().to_owned()).collect();
    assert_eq!(names, ["1-24", "25-48", "49-72", "73-96", "97-100", "manifest"]);
    let reader = Reader::open(&path).unwrap();
    assert_eq!(
        numbers(&reader, &find("3")),
        (1..=100).rev().filter(|n| n % 7 == 3 || *n == 3).collect::<Vec<_>>()
    );
    assert_eq!(feeder.feed(&|_| ()).unwrap(), 0);
}

#[test]
fn a_damaged_index_is_not_believed_and_made_again() {
    let (_folder, path) = place();
    let mut store = open(&path);
    let rows: Vec<Record> = (1..=60).map(|number| said(&format!("apache {number}"))).collect();
    store.append(&rows, &[]).unwrap();
    let all: Vec<i64> = (1..=60).rev().collect();
    let check = || assert_eq!(numbers(&Reader::open(&path).unwrap(), &find("apache")), all);
    feeder(&path).feed(&|_| ()).unwrap();
    for nth in 0..files(&path).len() {
        for damage in 0..4 {
            let file = files(&path).remove(nth);
            let whole = fs::read(&file).unwrap();
            match damage {
                0 => fs::write(&file, &whole[..whole.len() / 2]).unwrap(),
                1 => fs::write(&file, b"").unwrap(),
                2 => fs::remove_file(&file).unwrap(),
                _ => fs::write(&file, vec![0xA5; whole.len()]).unwrap(),
            }
            check();
            // It may take one try to see that it is of no use.
            let _ = feeder(&path).feed(&|_| ());
            feeder(&path).feed(&|_| ()).unwrap();
            assert_eq!(feeder(&path).behind().unwrap(), 0, "{}: {damage}", file.display());
            check();
        }
    }
}

#[test]
fn the_index_of_another_log_is_not_believed() {
    let (_folder, path) = place();
    let (_other_folder, other) = place();
    let mut first = open(&path);
    let mut second = open(&other);
    first.append(&[said("apache"), said("apache"), said("nginx")], &[]).unwrap();
    second.append(&[said("nginx"), said("apache"), said("apache"), said("nginx")], &[]).unwrap();
    feeder(&path).feed(&|_| ()).unwrap();
    let folder = super::search::index_of(&other);
    fs::create_dir(&folder).unwrap();
    for file in files(&path) {
        fs::copy(&file, folder.join(file.file_name().unwrap())).unwrap();
    }
    let reader = Reader::open(&other).unwrap();
    assert_eq!(numbers(&reader, &find("nginx")), [4, 1]);
    assert_eq!(feeder(&other).behind().unwrap(), 4);
    feeder(&other).feed(&|_| ()).unwrap();
    assert_eq!(numbers(&reader, &find("nginx")), [4, 1]);
}

#[test]
#[cfg(target_os = "linux")]
fn after_a_start_of_the_machine_only_what_was_synced_counts() {
    let (_folder, path) = place();
    let mut store = open(&path);
    let rows: Vec<Record> = (1..=60).map(|number| said(&format!("apache {number}"))).collect();
    store.append(&rows, &[]).unwrap();
    feeder(&path).feed(&|_| ()).unwrap();
    let manifest = super::search::index_of(&path).join("manifest");
    let mut said: serde_json::Value = serde_json::from_slice(&fs::read(&manifest).unwrap()).unwrap();
    said["boot"] = "an earlier one".into();
    fs::write(&manifest, said.to_string()).unwrap();
    // Segments of 24 rows are synced; a power cut took the others.
    fs::write(files(&path).into_iter().find(|file| file.ends_with("49-56")).unwrap(), b"").unwrap();
    assert_eq!(feeder(&path).behind().unwrap(), 12);
    let reader = Reader::open(&path).unwrap();
    assert_eq!(numbers(&reader, &find("apache")).len(), 60);
    feeder(&path).feed(&|_| ()).unwrap();
    assert_eq!(numbers(&reader, &find("apache")).len(), 60);
}

#[test]
fn two_do_not_feed_at_once_and_a_killed_one_leaves_nothing_that_counts() {
    let (_folder, path) = place();
    let mut store = open(&path);
    let rows: Vec<Record> = (1..=60).map(|number| said(&format!("apache {number}"))).collect();
    store.append(&rows, &[]).unwrap();
    let feeder = feeder(&path);
    feeder.feed_some(8).unwrap();
    let folder = super::search::index_of(&path);
    let lock = fs::File::open(folder.join("lock")).unwrap();
    lock.lock().unwrap();
    assert!(matches!(feeder.feed_some(8), Err(swatbot::store::FeedError::Busy)));
    lock.unlock().unwrap();
    // What was killed had written a part of a segment that nothing names, and a part of a manifest.
    fs::write(folder.join("9-16"), b"half of it").unwrap();
    fs::write(folder.join("manifest.new"), b"{").unwrap();
    assert_eq!(numbers(&Reader::open(&path).unwrap(), &find("apache")).len(), 60);
    feeder.feed(&|_| ()).unwrap();
    assert_eq!(numbers(&Reader::open(&path).unwrap(), &find("apache")).len(), 60);
}

#[test]
fn words_that_are_taken_out_leave_the_index() {
    let (_folder, path) = place();
    let mut store = open(&path);
    let rows: Vec<Record> = (1..=20).map(|number| said(&format!("hunter{number} is secret"))).collect();
    store.append(&rows, &[]).unwrap();
    feeder(&path).feed(&|_| ()).unwrap();
    let reader = Reader::open(&path).unwrap();
    assert_eq!(numbers(&reader, &find("hunter7")), [7]);
    let redact = Record { event: Event::Redacted { row: RowId(7), rows: Vec::new() }, ..said("L7: leaked") };
    store.append(&[redact], &[]).unwrap();
    let has_it = |path: &Path| {
        let bytes = fs::read(path).unwrap();
        bytes.windows(7).any(|window| window == b"hunter7")
    };
    assert!(!files(&path).iter().any(|file| has_it(file)));
    assert_eq!(numbers(&reader, &find("hunter7")), [0; 0]);
    assert_eq!(numbers(&reader, &find("hunter8")), [8]);
    feeder(&path).feed(&|_| ()).unwrap();
    assert!(!files(&path).iter().any(|file| has_it(file)));
    assert_eq!(numbers(&reader, &find("hunter7")), [0; 0]);
    assert_eq!(numbers(&reader, &find("secret")).len(), 19);
}

const WORDS: &[&str] = &["apache", "apart", "db1", "t12", "scap", "on", "of", "wmnet"];
const SIGNS: &[&str] = &[" ", "-", ": ", "]] ", ".", "/", " (", "  "];

fn text() -> impl Strategy<Value = String> {
    let piece = (select(WORDS), select(SIGNS)).prop_map(|(word, sign)| format!("{word}{sign}"));
    proptest::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

prop_compose! {
    /// Times mostly rise; rows of old times come late where they are imported.
    fn record()(
        text in text(), who in select(&["alice", "libera/bob", "?bob", "carol"][..]), account in select(&["", "bob", "Alice_L"][..]),
        room in select(&["", "libera/#ops", "libera/#dev"][..]), change in 0_u32..4, window in select(&["", "2026-11-23/morning", "2026-11-24/Evening"][..]),
        jump in prop_oneof![8 => 0_i64..100, 1 => -5_000_i64..5_000], went in select(&[Went::Ok, Went::Ok, Went::Refused][..]), is_bookkeeping in prop::bool::weighted(0.2),
    ) -> (Record, i64) {
        let mut record = said(&text);
        record.by.who = Who(who.to_owned());
        record.by.account = (!account.is_empty()).then(|| account.to_owned());
        record.by.room = (!room.is_empty()).then(|| RoomId(room.to_owned()));
        record.change = (change > 0).then_some(ChangeNumber(change));
        record.window = (!window.is_empty()).then(|| window.parse().unwrap());
        record.outcome = went;
        if is_bookkeeping {
            record.event = Event::LeadSpoke;
        }
        (record, jump)
    }
}

fn part(text: &str, before: bool, behind: bool) -> TermText {
    TermText::Part { text: text.to_owned(), before, behind }
}

fn term() -> impl Strategy<Value = Term> {
    let two = (select(WORDS), select(WORDS));
    let text = prop_oneof![
        4 => select(WORDS).prop_map(|word| TermText::Word(word.to_uppercase())),
        2 => two.clone().prop_map(|(one, other)| TermText::Phrase(format!("{one} {other}"))),
        2 => two.prop_map(|(one, other)| TermText::Word(format!("{one}.{other}"))),
        1 => select(&["ap", "apa", "t", "d", "wmnet", "scap ap"][..]).prop_map(|text| part(text, false, true)),
        2 => (select(&["ap", "pach", "t", "met", "12", "e", "ap is"][..]), 0..2).prop_map(|(text, open)| part(text, true, open == 1)),
        1 => select(&["]]", "]", "-", ":"][..]).prop_map(|text| TermText::Word(text.to_owned())),
    ];
    (text, prop::bool::weighted(0.3)).prop_map(|(text, not)| Term { text, not })
}

prop_compose! {
    fn query()(
        by in option(select(&["alice", "BOB", "?bob", "libera/bob", "alice_l", "libera/alice_l"][..])),
        change in option(1_u32..4), task in option(select(&["T12"][..])), window in 0..6, room in option(select(&["#ops", "Libera/#ops"][..])),
        kind in option(select(&["logged", "Lead-Spoke"][..])), outcome in option(select(&["ok", "refused"][..])),
        since in option(-3_000_i64..6_000), until in option(-3_000_i64..6_000), terms in proptest::collection::vec(term(), 0..3),
        last in option(0_usize..8), before in option(1_i64..90), show in prop::option::weighted(0.05, 1_i64..90), count in prop::bool::weighted(0.2),
    ) -> Query {
        Query {
            by: by.map(str::to_owned), change: change.map(ChangeNumber), task: task.map(str::to_owned), room: room.map(str::to_owned),
            window: match window {
                0 => Some(InWindow::Any("EVENING".to_owned())),
                1 => Some(InWindow::Occurrence("2026-11-23/morning".parse().unwrap())),
                _ => None,
            },
            kind: kind.map(str::to_owned), outcome: outcome.map(str::to_owned), since: since.map(at), until: until.map(at), terms,
            last, before: before.map(RowId), show: show.map(RowId), around: None, count, ticket: None,
        }
    }
}

/// Most questions ask for little.
fn option<T: std::fmt::Debug>(of: impl Strategy<Value = T>) -> impl Strategy<Value = Option<T>> {
    prop::option::weighted(0.2, of)
}

/// The words of a text between spaces, read in the plainest way.
fn plain(text: &str) -> String {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let words: Vec<String> = words.map(str::to_lowercase).collect();
    format!(" {} ", words.join(" "))
}

fn is_in(term: &TermText, text: &str) -> bool {
    match term {
        TermText::Word(word) if plain(word).trim().is_empty() => text.contains(word.as_str()),
        TermText::Word(text_of) | TermText::Phrase(text_of) => plain(text).contains(&plain(text_of)),
        TermText::Part { text: part, before, behind } => {
            let part = plain(part);
            let part = if *before { part.trim_start() } else { &part };
            plain(text).contains(if *behind { part.trim_end() } else { part })
        }
    }
}

/// Whether a row is meant, by the words of the documentation of `Query` alone.
fn is_meant(query: &Query, seq: i64, record: &Record) -> bool {
    let same = |one: &str, other: &str| one.eq_ignore_ascii_case(other);
    let actor = record.by.who.0.as_str();
    let name = actor.rsplit('/').next().unwrap().trim_start_matches('?');
    let account = record.by.account.as_deref().unwrap_or("");
    let full = format!("libera/{account}");
    let is_by = |by: &str| {
        same(by, actor) || same(by, name) || same(by, account) || !account.is_empty() && same(by, &full)
    };
    let room = record.by.room.as_ref().map_or("", |room| room.0.as_str());
    let is_room =
        |wanted: &str| same(wanted, room) || room.split_once('/').is_some_and(|(_, bare)| same(wanted, bare));
    let is_window = |wanted: &InWindow| match (wanted, &record.window) {
        (InWindow::Any(id), Some(window)) => same(id, &window.window),
        (InWindow::Occurrence(id), Some(window)) => id == window,
        (_, None) => false,
    };
    let kind = record.event.kind();
    let outcome = match record.outcome {
        Went::Ok => "ok",
        Went::Refused => "refused",
        Went::Failed => "failed",
    };
    let by_words = query.task.is_some() || query.terms.iter().any(|term| !term.not);
    let shows_all = query.kind.is_some() || query.show.is_some() || by_words;
    query.by.as_deref().is_none_or(is_by)
        && query.change.is_none_or(|change| record.change == Some(change))
        && query.task.as_deref().is_none_or(|task| is_in(&TermText::Word(task.to_owned()), &record.text))
        && query.window.as_ref().is_none_or(is_window)
        && query.room.as_deref().is_none_or(is_room)
        && query.kind.as_deref().is_none_or(|wanted| same(wanted, kind))
        && query.outcome.as_deref().is_none_or(|wanted| same(wanted, outcome))
        && query.since.is_none_or(|since| record.at >= since)
        && query.until.is_none_or(|until| record.at <= until)
        && query.show.is_none_or(|row| row.0 == seq)
        && query.before.is_none_or(|row| seq < row.0)
        && (shows_all || kind != "lead-spoke")
        && query.terms.iter().all(|term| is_in(&term.text, &record.text) != term.not)
}

/// Asks, and holds the answer to what reading every row gives.
fn check(reader: &Reader, rows: &[Record], query: &Query) {
    let mut meant: Vec<i64> =
        (1..).zip(rows).filter(|(seq, record)| is_meant(query, *seq, record)).map(|(seq, _)| seq).collect();
    meant.reverse();
    let found = reader.search(query).unwrap();
    let total = meant.len() as u64;
    match found.total {
        Total::Exactly(count) => assert_eq!(count, total, "{query:?}"),
        Total::MoreThan(count) => {
            assert!(count < total && query.last.is_some() | query.count, "{query:?}: {count}, {total}")
        }
    }
    meant.truncate(if query.count { 0 } else { query.last.unwrap_or(usize::MAX) });
    assert_eq!(found.rows.iter().map(|row| row.id.0).collect::<Vec<_>>(), meant, "{query:?}");
    for row in &found.rows {
        assert_eq!(row.text, rows[row.id.0 as usize - 1].text);
    }
}

/// What happens to a log and its index.
#[derive(Clone, Debug)]
enum Happens {
    /// Rows are written.
    Written(Vec<(Record, i64)>),
    /// So many of them come into the index.
    Fed(i64),
    /// A feeder is killed, before its manifest takes the place of the one before.
    Killed(i64),
    /// The words of one row are taken out.
    Redacted(Index),
    /// Something is asked.
    Asked(Vec<Query>),
}

fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        3 => proptest::collection::vec(record(), 1..25).prop_map(Happens::Written),
        3 => (1_i64..20).prop_map(Happens::Fed),
        1 => (1_i64..20).prop_map(Happens::Killed),
        1 => any::<Index>().prop_map(Happens::Redacted),
        3 => proptest::collection::vec(query(), 1..12).prop_map(Happens::Asked),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn every_question_finds_what_reading_every_row_finds(story in proptest::collection::vec(happens(), 4..24), last in query()) {
        let (_folder, path) = place();
        let mut store: Store = open(&path);
        let reader = Reader::open(&path).unwrap();
        let feeder = feeder(&path);
        let folder = super::search::index_of(&path);
        let mut rows: Vec<Record> = Vec::new();
        let mut now = 0;
        for next in story {
            match next {
                Happens::Written(records) => {
                    let records: Vec<Record> = records
                        .into_iter()
                        .map(|(record, jump)| {
                            now += jump.max(0);
                            Record { at: at(0) + TimeDelta::seconds(now + jump.min(0)), ..record }
                        })
                        .collect();
                    store.append(&records, &[]).unwrap();
                    rows.extend(records);
                }
                Happens::Fed(count) => {
                    feeder.feed_some(count).unwrap();
                }
                Happens::Killed(count) => {
                    let manifest = fs::read(folder.join("manifest"));
                    let segments: Vec<(PathBuf, Vec<u8>)> = if folder.is_dir() {
                        files(&path).into_iter().map(|file| (file.clone(), fs::read(file).unwrap())).collect()
                    } else {
                        Vec::new()
                    };
                    feeder.feed_some(count).unwrap();
                    // All but the last step of it.
                    for (file, bytes) in segments {
                        if !file.exists() {
                            fs::write(file, bytes).unwrap();
                        }
                    }
                    match manifest {
                        Ok(bytes) => fs::write(folder.join("manifest"), bytes).unwrap(),
                        Err(_) => { let _ = fs::remove_file(folder.join("manifest")); }
                    }
                }
                Happens::Redacted(which) if !rows.is_empty() => {
                    let row = which.index(rows.len());
                    let is_done = rows[row].text.starts_with("[redacted");
                    if !is_done && !matches!(rows[row].event, Event::Redacted { .. }) {
                        let redact = Record { event: Event::Redacted { row: RowId(row as i64 + 1), rows: Vec::new() }, ..said("leaked") };
                        store.append(std::slice::from_ref(&redact), &[]).unwrap();
                        rows.push(redact);
                        rows[row].text = format!("[redacted: see L{}]", rows.len());
                    }
                }
                Happens::Redacted(_) => {}
                Happens::Asked(queries) => queries.iter().for_each(|query| check(&reader, &rows, query)),
            }
        }
        check(&reader, &rows, &last);
        check(&Reader::open(&path).unwrap(), &rows, &last);
        while feeder.feed_some(i64::MAX).unwrap() > 0 {}
        check(&reader, &rows, &last);
        check(&reader, &rows, &Query::default());
    }
}
