//! Opening: one bot at a time, and only a file that is a whole log of this program or an older one.

use std::fs;
use std::path::Path;

use swatbot::engine::log::{Query, Total};
use swatbot::store::{OpenError, Reader, Store};

use super::{follow_chain, open, place, said, story, stranger};

fn refused(path: &Path) -> OpenError {
    Store::open(path).err().expect("it was opened")
}

#[test]
fn a_log_is_made_where_there_is_none() {
    let (_folder, path) = place();
    let store = open(&path);
    assert_eq!(store.last().0, 0);
    assert_eq!(store.load_state().unwrap(), Default::default());
    drop(store);
    assert_eq!(follow_chain(&path), 0);
}

#[test]
fn an_empty_file_becomes_a_log() {
    let (_folder, path) = place();
    fs::write(&path, "").unwrap();
    open(&path).append(&[said("one")], &[]).unwrap();
    assert_eq!(follow_chain(&path), 1);
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let (folder, _) = place();
    let error = refused(&folder.path().join("nowhere/swatbot.db"));
    assert!(matches!(error, OpenError::File { .. }), "{error}");
    assert!(error.to_string().contains("nowhere/swatbot.db"), "{error}");
}

#[test]
fn a_second_store_is_refused_with_the_pid_of_the_first() {
    let (_folder, path) = place();
    let first = open(&path);
    let error = refused(&path);
    assert!(matches!(error, OpenError::InUse { pid: Some(pid), .. } if pid == std::process::id()));
    assert!(error.to_string().ends_with(&format!("in use by another swatbot (pid {})", std::process::id())));
    drop(first);
    open(&path);
}

#[test]
fn a_second_store_is_refused_by_another_name_of_the_file_too() {
    let (folder, path) = place();
    let _first = open(&path);
    let link = folder.path().join("link.db");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    assert!(matches!(refused(&link), OpenError::InUse { .. }));
}

#[test]
fn a_newer_schema_is_refused() {
    let (_folder, path) = place();
    open(&path).append(&[said("one")], &[]).unwrap();
    stranger(&path).pragma_update(None, "user_version", 9).unwrap();
    let error = refused(&path);
    assert!(matches!(error, OpenError::Newer { found: 9, known: 4, .. }), "{error}");
    assert!(matches!(Reader::open(&path), Err(OpenError::Newer { .. })));
}

#[test]
fn a_log_of_the_first_schema_is_taken_over_as_it_is() {
    let (_folder, path) = place();
    open(&path).append(&[said("one"), said("two")], &[]).unwrap();
    // The indices of rows are all that the second step touches, and the third knows of each message which row it made.
    stranger(&path)
        .execute_batch(
            "ALTER TABLE seen DROP COLUMN row;
             DROP INDEX event_kind; DROP INDEX event_account; PRAGMA user_version = 1;
             CREATE INDEX event_account ON event (lower(account)) WHERE account IS NOT NULL;
             CREATE INDEX event_kind ON event (kind);",
        )
        .unwrap();
    let store = open(&path);
    assert_eq!((store.last().0, follow_chain(&path)), (2, 2));
    for query in [
        Query { by: Some("alice_l".to_owned()), ..Query::default() },
        Query { kind: Some("logged".to_owned()), last: Some(1), ..Query::default() },
    ] {
        assert_eq!(store.search(&query).unwrap().total, Total::Exactly(2), "{query:?}");
    }
}

#[test]
fn a_database_of_something_else_is_refused_and_left_alone() {
    let (_folder, path) = place();
    stranger(&path).execute_batch("CREATE TABLE recipe (name TEXT)").unwrap();
    let before = fs::read(&path).unwrap();
    assert!(matches!(refused(&path), OpenError::NotALog { .. }));
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let (_folder, path) = place();
    fs::write(&path, "dear diary\n".repeat(200)).unwrap();
    let error = refused(&path);
    assert!(matches!(error, OpenError::Corrupt { .. }), "{error}");
    assert_eq!(fs::read(&path).unwrap(), "dear diary\n".repeat(200).as_bytes());
}

#[test]
fn a_truncated_file_is_refused_by_name() {
    let (_folder, path) = place();
    let mut store = open(&path);
    for _ in 0..5 {
        store.append(&story(), &[]).unwrap();
    }
    drop(store);
    let whole = fs::read(&path).unwrap();
    for length in [whole.len() - 4096, whole.len() / 2, 4096, 100, 5] {
        fs::write(&path, &whole[..length]).unwrap();
        let error = refused(&path);
        assert!(matches!(error, OpenError::Corrupt { .. }), "{length} bytes: {error}");
        let words = error.to_string();
        assert!(words.contains("swatbot.db is damaged") && words.contains("last good copy"), "{words}");
    }
    fs::write(&path, &whole).unwrap();
    open(&path);
}

#[test]
fn a_corrupt_page_is_refused_by_name() {
    let (_folder, path) = place();
    let mut store = open(&path);
    for _ in 0..5 {
        store.append(&story(), &[]).unwrap();
    }
    drop(store);
    let whole = fs::read(&path).unwrap();
    for page in 1..whole.len() / 4096 {
        let mut bytes = whole.clone();
        // The head of a page, where the tree is.
        bytes[page * 4096..page * 4096 + 64].fill(0xA5);
        fs::write(&path, &bytes).unwrap();
        match Store::open(&path) {
            Err(OpenError::Corrupt { .. }) => {}
            Err(error) => panic!("page {page}: {error}"),
            // An overflow page holds text and nothing else: the chain shows that it was changed, not the tree.
            Ok(_) => assert!(std::panic::catch_unwind(|| follow_chain(&path)).is_err(), "page {page}"),
        }
    }
}

#[test]
fn rows_that_are_missing_at_the_end_are_noticed() {
    let (_folder, path) = place();
    open(&path).append(&[said("one"), said("two")], &[]).unwrap();
    let stranger = stranger(&path);
    stranger.execute_batch("DROP TRIGGER event_stays; DELETE FROM event WHERE seq = 2").unwrap();
    drop(stranger);
    let error = refused(&path);
    assert!(error.to_string().contains("2 rows were written, and the last one is 1"), "{error}");
}

#[test]
fn a_reader_of_no_log_says_so() {
    let (_folder, path) = place();
    let error = Reader::open(&path).err().unwrap();
    assert!(error.to_string().starts_with("there is no log at "), "{error}");
    assert!(!path.exists());
}
