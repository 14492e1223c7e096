//! A copy while the bot writes: whole and checked, or not there at all.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicBool, Ordering};

use swatbot::engine::id::RowId;
use swatbot::engine::log::Query;
use swatbot::store::{BackupError, OpenError, PartError, backup, verify};

use super::{count, follow_chain, open, place, said, story};

#[test]
fn a_copy_is_taken_while_the_bot_writes() {
    let (folder, path) = place();
    let mut store = open(&path);
    store.append(&story(), &[]).unwrap();
    let done = AtomicBool::new(false);
    let copies: Vec<_> = (0..3).map(|number| folder.path().join(format!("copy-{number}.db"))).collect();
    std::thread::scope(|threads| {
        threads.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                store.append(&[said("one more")], &[]).unwrap();
            }
        });
        for copy in &copies {
            let whole = backup(&path, copy, &|_| ()).unwrap();
            assert!(whole.last.0 >= story().len() as i64);
            assert_eq!(count(copy), whole.last.0);
        }
        done.store(true, Ordering::Relaxed);
    });
    for copy in &copies {
        assert_eq!(fs::metadata(copy).unwrap().permissions().mode() & 0o777, 0o600);
        let last = follow_chain(copy);
        // It is a log like any other: it opens, is asked and goes on.
        let mut store = open(copy);
        assert_eq!(store.search(&Query { show: Some(RowId(1)), ..Query::default() }).unwrap().rows.len(), 1);
        assert_eq!(store.append(&[said("it goes on")], &[]).unwrap(), RowId(last + 1));
        drop(store);
        verify(copy, None, &[], &|_| ()).unwrap();
    }
    let names = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(names.into_iter().all(|name| !name.to_string_lossy().contains(".part")), "nothing is left over");
}

#[test]
fn a_file_that_is_there_is_never_written_over() {
    let (folder, path) = place();
    open(&path).append(&[said("one")], &[]).unwrap();
    let target = folder.path().join("precious");
    fs::write(&target, "something else").unwrap();
    assert!(matches!(backup(&path, &target, &|_| ()), Err(BackupError::Part(PartError::Exists(_)))));
    assert!(matches!(backup(&path, &path, &|_| ()), Err(BackupError::Part(PartError::Exists(_)))));
    assert_eq!(fs::read_to_string(&target).unwrap(), "something else");
    let nowhere = folder.path().join("nowhere/copy.db");
    assert!(matches!(backup(&path, &nowhere, &|_| ()), Err(BackupError::Part(PartError::File { .. }))));
    let missing = backup(&folder.path().join("no.db"), &folder.path().join("copy.db"), &|_| ());
    assert!(matches!(missing, Err(BackupError::Open(OpenError::Missing { .. }))));
    assert!(!folder.path().join("copy.db").exists());
}

/// What was left by a backup that was killed is written over by the next.
#[test]
fn what_a_killed_backup_left_is_in_nobodys_way() {
    let (folder, path) = place();
    open(&path).append(&[said("one")], &[]).unwrap();
    fs::write(folder.path().join("copy.db.part"), "half of something".repeat(1_000)).unwrap();
    backup(&path, &folder.path().join("copy.db"), &|_| ()).unwrap();
    assert_eq!(follow_chain(&folder.path().join("copy.db")), 1);
    assert!(!folder.path().join("copy.db.part").exists());
}

/// A log that is not whole is not copied as if it were.
#[test]
fn a_damaged_log_makes_no_copy() {
    let (folder, path) = place();
    open(&path).append(&[said("one"), said("two")], &[]).unwrap();
    let connection = super::stranger(&path);
    let trigger = "SELECT sql FROM sqlite_schema WHERE name = 'event_stays_as_it_is'";
    let trigger: String = connection.query_one(trigger, [], |row| row.get(0)).unwrap();
    let change = "UPDATE event SET actor = 'mallory' WHERE seq = 1";
    connection.execute_batch(&format!("DROP TRIGGER event_stays_as_it_is; {change}; {trigger}")).unwrap();
    drop(connection);
    let copy = folder.path().join("copy.db");
    let error = backup(&path, &copy, &|_| ()).unwrap_err().to_string();
    assert!(error.contains("the copy is not good: L1: actor was changed"), "{error}");
    assert!(!copy.exists() && !folder.path().join("copy.db.part").exists());
}
