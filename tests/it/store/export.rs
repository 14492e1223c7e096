//! A log as text and back: the same to the last byte, or not there at all.

use std::fs;
use std::io::BufReader;
use std::path::Path;
use std::process::{Command, Stdio};

use proptest::prelude::*;
use rusqlite::types::Value;
use swatbot::engine::event::{Event, Record};
use swatbot::engine::id::{ChangeNumber, RoomId, RowId, Who};
use swatbot::store::{Answer, RestoreError, Seen, Whole, export, export_to, restore, verify};

use super::{at, follow_chain, open, place, said, story, stranger};

/// Everything in the tables of a log but the probe, which is no part of it.
fn tables(path: &Path) -> Vec<(String, Vec<Vec<Value>>)> {
    let log = stranger(path);
    let mut statement = log
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'probe' AND name NOT LIKE 'sqlite_stat%'")
        .unwrap();
    let names: Vec<String> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert!(names.contains(&"event".to_owned()) && names.contains(&"seen".to_owned()));
    let all = |name: String| {
        let mut statement = log.prepare(&format!("SELECT * FROM {name} ORDER BY 1, 2")).unwrap();
        let columns = statement.column_count();
        let row = |row: &rusqlite::Row<'_>| (0..columns).map(|index| row.get(index)).collect();
        let rows = statement.query_map([], row).unwrap().map(Result::unwrap).collect();
        (name, rows)
    };
    names.into_iter().map(all).collect()
}

fn exported(path: &Path) -> String {
    let mut bytes = Vec::new();
    export(path, &mut bytes, &|_| ()).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn restored(text: &str, path: &Path) -> Result<Whole, RestoreError> {
    restore(&mut BufReader::new(text.as_bytes()), path, &|_| (), &|_| ())
}

/// The line that an export is refused for, and why; there is no log then.
fn refused(text: &str) -> (u64, String) {
    let (folder, path) = place();
    let Err(RestoreError::Line { line, why }) = restored(text, &path) else { panic!("it was taken: {text}") };
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "something is left");
    (line, why)
}

/// The story, with a row that was redacted and a message that was handled.
fn a_log(path: &Path) {
    let mut store = open(path);
    store.append(&story(), &[]).unwrap();
    let seen = |id: &str, answer| Seen { network: "libera".to_owned(), message_id: id.to_owned(), answer };
    let handled =
        [seen("a", Answer::Nothing), seen("b", Answer::WithoutRow), seen("c", Answer::Row(RowId(1)))];
    store.append(&[said("hunter2 is the root password"), said("after it")], &handled).unwrap();
    let row = RowId(store.last().0 - 1);
    let event = Event::Redacted { row, rows: Vec::new() };
    store.append(&[Record { event, ..said(&format!("{row}: a password")) }, said("the end")], &[]).unwrap();
}

#[test]
fn a_log_is_the_same_after_an_export_and_an_import() {
    let (folder, path) = place();
    a_log(&path);
    let whole = verify(&path, None, &[], &|_| ()).unwrap();
    assert!(!whole.redacted.is_empty());
    let text = exported(&path);
    assert!(!text.contains("hunter2"), "what was redacted stays out");
    let other = folder.path().join("other.db");
    assert_eq!(restored(&text, &other).unwrap(), whole);
    assert_eq!(tables(&other), tables(&path));
    assert_eq!(exported(&other), text);
    // It is a log like any other: it goes on, and the bot believes the same.
    let (mut ours, mut theirs) = (open(&path), open(&other));
    assert_eq!(ours.load_state().unwrap(), theirs.load_state().unwrap());
    assert!(theirs.was_seen("libera", "b").unwrap());
    for store in [&mut ours, &mut theirs] {
        store.append(&[said("it goes on")], &[]).unwrap();
    }
    drop((ours, theirs));
    assert_eq!(verify(&other, None, &[], &|_| ()).unwrap(), verify(&path, None, &[], &|_| ()).unwrap());
    assert_eq!(exported(&other), exported(&path));
}

#[test]
fn an_empty_log_too() {
    let (folder, path) = place();
    drop(open(&path));
    let other = folder.path().join("other.db");
    assert_eq!(restored(&exported(&path), &other).unwrap().last, RowId(0));
    assert_eq!(tables(&other), tables(&path));
}

#[test]
fn random_logs_come_back_to_the_last_byte() {
    let text = || prop_oneof![any::<String>(), "[ -~]{0,80}", Just("\u{0}\u{2028}\\\"\u{fffd}".to_owned())];
    let row = (
        text(),
        prop::option::of(text()),
        prop::option::of("[a-z]{1,9}"),
        prop::option::of(1..1_000_u32),
        0..9_i64,
    )
        .prop_map(|(words, account, room, change, seconds)| {
            let mut record = said(&words);
            record.at = at(seconds);
            record.by.who = Who(words.chars().take(9).collect());
            record.by.room = room.map(RoomId);
            record.by.account = account;
            record.change = change.map(ChangeNumber);
            record
        });
    let log = (prop::collection::vec(row, 0..40), prop::collection::vec(0..40_usize, 0..3));
    proptest!(ProptestConfig::with_cases(40), |((records, redacted) in log)| {
        let (folder, path) = place();
        let mut store = open(&path);
        store.append(&records, &[]).unwrap();
        for number in redacted.into_iter().filter(|number| *number < records.len()) {
            let event = Event::Redacted { row: RowId(number as i64 + 1), rows: Vec::new() };
            store.append(&[Record { event, ..said("gone") }], &[]).unwrap();
        }
        drop(store);
        let other = folder.path().join("other.db");
        prop_assert_eq!(restored(&exported(&path), &other).is_ok(), verify(&path, None, &[], &|_| ()).is_ok());
        prop_assert_eq!(tables(&other), tables(&path));
        follow_chain_unless_redacted(&other);
    });
}

/// By the words of its description alone, where nothing was taken out.
fn follow_chain_unless_redacted(path: &Path) {
    if verify(path, None, &[], &|_| ()).unwrap().redacted.is_empty() {
        follow_chain(path);
    }
}

#[test]
fn every_line_that_is_gone_or_another_is_found() {
    let (_folder, path) = place();
    a_log(&path);
    let text = exported(&path);
    let lines: Vec<&str> = text.lines().collect();
    let joined = |lines: &[&str]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    // Cut off behind each line, and in the middle of some.
    for end in 0..lines.len() {
        let (line, why) = refused(&joined(&lines[..end]));
        assert_eq!(line, end as u64 + 1, "{why}");
    }
    assert_eq!(refused(text.trim_end()).0, lines.len() as u64);
    assert_eq!(refused(&text[..text.len() / 2]).1, "the file was cut off in this line");
    // Each line left out, said twice, or swapped with the next.
    for at in 0..lines.len() - 1 {
        let mut without = lines.clone();
        without.remove(at);
        assert!(refused(&joined(&without)).0 >= at as u64, "{at}");
        let mut twice = lines.clone();
        twice.insert(at, lines[at]);
        assert!(refused(&joined(&twice)).0 > at as u64, "{at}");
        let mut swapped = lines.clone();
        swapped.swap(at, at + 1);
        assert!(refused(&joined(&swapped)).0 > at as u64, "{at}");
    }
    assert_eq!(refused(&format!("{text}\n")).1, "there is more behind the end");
}

#[test]
fn every_field_that_was_changed_is_found() {
    let (_folder, path) = place();
    a_log(&path);
    let text = exported(&path);
    let change = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        refused(&text.replacen(from, to, 1))
    };
    let line_of = |words: &str| text.lines().position(|line| line.contains(words)).unwrap() as u64 + 1;
    // The line of the row is named, and what is wrong with it.
    let (line, why) = change("\"text\":\"after it\"", "\"text\":\"after that\"");
    assert_eq!(line, line_of("after it"));
    assert_eq!(why, "L81: it was changed: the hash does not fit its fields");
    assert_eq!(change("\"actor\":\"zed\"", "\"actor\":\"zee\"").0, line_of("\"actor\":\"zed\""));
    // What stands where a secret stood is held too, and so are messages, which no hash of a row covers.
    assert_eq!(change("\"text\":\"[redacted: see", "\"text\":\"[rotated: see").0, line_of("[redacted: see"));
    assert_eq!(
        change("\"message\":\"b\"", "\"message\":\"x\"").1,
        "the sum is another: a line before it was changed"
    );
    assert!(change("\"outcome\":\"ok\"", "\"outcome\":\"fine\"").1.contains("CHECK"));
    assert_eq!(
        change("\"swatbot_log\":1", "\"swatbot_log\":2").1,
        "a newer swatbot wrote it: import it with that one"
    );
    assert_eq!(change("\"swatbot_log\"", "\"a_log\""), (1, "not an export of a log".to_owned()));
    assert!(change("{\"seq\":1,", "{\"seq\":1,\"more\":1,").1.contains("unknown field"));
    let head = text.split("\"head\":\"").nth(1).unwrap()[..64].to_owned();
    assert_eq!(
        refused(&text.replace(&format!("\"head\":\"{head}"), &format!("\"head\":\"0{}", &head[1..]))).1,
        "its head is not the last row's"
    );
}

#[test]
fn a_redacted_row_keeps_the_json_that_was_left() {
    let (_folder, path) = place();
    let mut store = open(&path);
    let why = "hunter2 is the root password".to_owned();
    store.append(&[Record { event: Event::Broken { why }, ..said("x") }], &[]).unwrap();
    let event = Event::Redacted { row: RowId(1), rows: Vec::new() };
    store.append(&[Record { event, ..said("a password") }], &[]).unwrap();
    drop(store);
    let text = exported(&path);
    let stands = r#""detail":"{\"event\":\"broken\",\"why\":\"[redacted]\"}""#;
    assert!(text.contains(stands), "{text}");
    let (line, why) = refused(&text.replace(stands, r#""detail":"{\"event\":\"live\"}""#));
    assert_eq!((line, why.as_str()), (2, "L1: L2 says that it was redacted, and it has other words"));
}

#[test]
fn a_log_that_is_not_whole_is_not_exported() {
    let (folder, path) = place();
    a_log(&path);
    stranger(&path)
        .execute_batch("DROP TRIGGER event_stays_as_it_is; UPDATE event SET actor = 'x' WHERE seq = 3")
        .unwrap();
    let target = folder.path().join("log.jsonl");
    let error = export_to(&path, &target, &|_| ()).unwrap_err().to_string();
    assert!(error.contains("L3: actor was changed"), "{error}");
    assert!(!target.exists() && !folder.path().join("log.jsonl.part").exists());
}

fn program(verb: &str, file: &Path, database: &Path) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_swatbot"));
    let config = concat!(env!("CARGO_MANIFEST_DIR"), "/windows.toml");
    program.args(["--config", config, "--database"]).arg(database).arg(verb).arg(file);
    program
}

#[test]
fn the_command_line_never_writes_over_anything_and_pipes() {
    let (folder, path) = place();
    a_log(&path);
    let [file, other] = ["log.jsonl", "other.db"].map(|name| folder.path().join(name));
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let head = verify(&path, None, &[], &|_| ()).unwrap();
    let output = program("export", &file, &path).output().unwrap();
    let expected = format!("{}: {} rows; head {} {}\n", file.display(), head.last.0, head.last, head.head);
    assert_eq!((output.status.code(), text(output.stdout)), (Some(0), expected));
    assert_eq!(fs::read_to_string(&file).unwrap(), exported(&path));
    assert_eq!(program("export", &file, &path).output().unwrap().status.code(), Some(2));
    let output = program("import", &file, &path).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(output.stderr).contains("is there already: an export becomes a new log"));
    let mut export = program("export", Path::new("-"), &path).stdout(Stdio::piped()).spawn().unwrap();
    let import =
        program("import", Path::new("-"), &other).stdin(export.stdout.take().unwrap()).output().unwrap();
    assert!(export.wait().unwrap().success());
    let expected =
        format!("{}: {} rows, checked; head {} {}\n", other.display(), head.last.0, head.last, head.head);
    assert_eq!((import.status.code(), text(import.stdout)), (Some(0), expected));
    assert_eq!(tables(&other), tables(&path));
    fs::remove_file(&other).unwrap();
    fs::write(folder.path().join("other.db-wal"), "left").unwrap();
    let output = program("import", &file, &other).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(output.stderr).contains("other.db-wal is left of another log"));
    assert!(!other.exists());
}

#[test]
fn a_killed_import_leaves_no_log_and_the_next_makes_it() {
    let (folder, path) = place();
    let mut store = open(&path);
    for _ in 0..10 {
        store.append(&vec![said("one more of many rows"); 2_000], &[]).unwrap();
    }
    drop(store);
    let [file, other] = ["log.jsonl", "other.db"].map(|name| folder.path().join(name));
    export_to(&path, &file, &|_| ()).unwrap();
    let mut child = program("import", &file, &other).stdout(Stdio::null()).spawn().unwrap();
    let part = folder.path().join("other.db.part");
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while fs::metadata(&part).map_or(0, |part| part.len()) == 0 && std::time::Instant::now() < deadline {
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!other.exists() && part.exists(), "it was killed in the middle");
    assert_eq!(program("import", &file, &other).output().unwrap().status.code(), Some(0));
    assert!(!part.exists());
    assert_eq!(tables(&other), tables(&path));
}
