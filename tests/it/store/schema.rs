//! Logs of every older schema are taken over as they are. Each migration ships rows from before it in tests/samples/schema;
//! `UPDATE=1` makes the file of a migration that has none yet, from the schema before it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use swatbot::engine::log::Query;
use swatbot::store::{Seen, verify};

use crate::make;

use super::{follow_chain, morning, open, place, story, stranger};

/// The migrations, oldest first.
fn steps() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let mut steps: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    steps.sort();
    steps
}

fn samples(step: &Path) -> PathBuf {
    let name = format!("before_{}", step.file_name().unwrap().to_str().unwrap());
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples/schema").join(name)
}

/// Every column of every row of a table, as SQL would write it.
fn dump(connection: &Connection, table: &str, columns: &[&str]) -> Vec<String> {
    let quoted: Vec<String> = columns.iter().map(|column| format!("quote({column})")).collect();
    let sql = format!(
        "SELECT {} FROM {table} ORDER BY {}, {}",
        quoted.join(" || ', ' || "),
        columns[0],
        columns[1]
    );
    let mut statement = connection.prepare(&sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

const EVENT: &[&str] = &[
    "seq", "at", "network", "room", "actor", "account", "window", "change", "kind", "outcome", "text",
    "detail", "prev", "hash",
];
const SEEN: &[&str] = &["network", "message_id"];

/// Rows of today, as the older schemas have held them too.
fn write_samples(file: &Path) {
    let (_folder, path) = place();
    let seen = Seen {
        network: "libera".to_owned(),
        message_id: "m1".to_owned(),
        answer: swatbot::store::Answer::Nothing,
    };
    open(&path).append(&story(), &[seen]).unwrap();
    let connection = stranger(&path);
    let mut text =
        "-- Rows as they stood before this migration. They are read for ever: this file is never changed.\n"
            .to_owned();
    for (table, columns) in [("event", EVENT), ("seen", SEEN)] {
        for row in dump(&connection, table, columns) {
            text.push_str(&format!("INSERT INTO {table} ({}) VALUES ({row});\n", columns.join(", ")));
        }
    }
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, text).unwrap();
}

#[test]
fn rows_from_before_each_migration_read_the_same_after_it() {
    let steps = steps();
    let mut read = BTreeMap::new();
    for number in 1..steps.len() {
        let file = samples(&steps[number]);
        if !file.exists() && std::env::var_os("UPDATE").is_some() {
            write_samples(&file);
        }
        let rows = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let (_folder, path) = place();
        let connection = stranger(&path);
        for step in &steps[..number] {
            connection.execute_batch(&fs::read_to_string(step).unwrap()).unwrap();
        }
        connection.execute_batch(&rows).unwrap();
        connection.pragma_update(None, "user_version", number as i64).unwrap();
        let before = (dump(&connection, "event", EVENT), dump(&connection, "seen", SEEN));
        assert!(before.0.len() > 70 && !before.1.is_empty(), "{}", file.display());
        drop(connection);
        let mut store = open(&path);
        let connection = stranger(&path);
        assert_eq!((dump(&connection, "event", EVENT), dump(&connection, "seen", SEEN)), before);
        let version: i64 = connection.query_one("PRAGMA user_version", [], |row| row.get(0)).unwrap();
        assert_eq!(version, steps.len() as i64);
        // They mean the same, whatever schema they come from.
        assert!(store.was_seen("libera", "m1").unwrap());
        let count = |query: Query| store.search(&query).unwrap().total.at_least();
        let answers = [
            count(Query::default()),
            count(Query { by: Some("alice".to_owned()), ..Query::default() }),
            count(Query { kind: Some("refused".to_owned()), ..Query::default() }),
            count(Query { terms: make::words("alice"), ..Query::default() }),
            store.rows_of_window(&morning()).unwrap().len() as u64,
        ];
        assert!(answers.iter().all(|answer| *answer > 0), "{answers:?}");
        read.insert(number, (store.load_state().unwrap(), answers));
        assert_eq!(read[&number], read[&1]);
        store.append(&story()[..1], &[]).unwrap();
        drop(store);
        assert_eq!(follow_chain(&path), before.0.len() as i64 + 1);
        verify(&path, None, &[], &|_| ()).unwrap();
    }
    assert_eq!(read.len(), steps.len() - 1);
}
