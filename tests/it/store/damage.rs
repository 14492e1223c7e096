//! A disk that is full, and a file that goes away: said as what they are, and nothing is half stored.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use swatbot::engine::log::Query;
use swatbot::store::StoreError;

use super::{count, follow_chain, open, place, said};

const LOG: &str = "SWATBOT_TEST_FULL";

/// The child, whose files cannot grow beyond a limit: appends until it fails.
#[test]
fn child_fills_the_disk() {
    let Ok(path) = std::env::var(LOG) else { return };
    let mut store = open(Path::new(&path));
    let mut out = std::io::stdout();
    let rows = vec![said(&"x".repeat(2_000)); 7];
    let error = loop {
        match store.append(&rows, &[]) {
            Ok(_) => writeln!(out, "\nstored {}", store.last().0).unwrap(),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, StoreError::Full | StoreError::Disk(_)), "{error}");
    // Reading goes on, and it tells what is stored.
    assert_eq!(store.load_state().unwrap().row, store.last().0);
    assert_eq!(store.search(&Query::default()).unwrap().total.at_least(), store.last().0 as u64);
    if matches!(error, StoreError::Disk(_)) {
        assert!(matches!(store.append(&[said("more")], &[]), Err(StoreError::Disk(_))));
        assert!(matches!(store.probe(), Err(StoreError::Disk(_))));
    }
    writeln!(out, "failed well").unwrap();
}

#[test]
fn a_full_disk_stores_all_of_an_append_or_nothing() {
    let (_folder, path) = place();
    drop(open(&path));
    // 512-byte blocks; the signal that would end the program is ignored, so that the write fails instead.
    let output = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 1500; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "store::damage::child_fills_the_disk", "--nocapture", "--test-threads=1"])
        .env(LOG, &path)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("failed well"), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    let stored = said.lines().rev().find_map(|line| line.strip_prefix("stored ")).unwrap();
    let rows = open(&path).last().0;
    assert_eq!(rows % 7, 0, "an append was stored in part");
    assert!(rows >= stored.parse::<i64>().unwrap());
    assert_eq!(follow_chain(&path), rows);
}

#[test]
fn a_probe_writes_no_row() {
    let (_folder, path) = place();
    let mut store = open(&path);
    store.append(&[said("one")], &[]).unwrap();
    store.probe().unwrap();
    store.probe().unwrap();
    assert_eq!(count(&path), 1);
    assert_eq!(store.append(&[said("two")], &[]).unwrap().0, 2);
}

#[test]
fn a_log_that_was_removed_takes_nothing_more() {
    let (_folder, path) = place();
    let mut store = open(&path);
    store.append(&[said("one")], &[]).unwrap();
    fs::remove_file(&path).unwrap();
    let error = store.append(&[said("two")], &[]).unwrap_err();
    assert!(matches!(error, StoreError::Gone(_)), "{error}");
    assert!(matches!(store.probe(), Err(StoreError::Gone(_))));
}

#[test]
fn a_log_that_another_program_keeps_locked_is_busy() {
    let (_folder, path) = place();
    let mut store = open(&path);
    let stranger = super::stranger(&path);
    stranger.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = store.append(&[said("one")], &[]).unwrap_err();
    assert!(matches!(error, StoreError::Busy), "{error}");
    stranger.execute_batch("COMMIT").unwrap();
    store.append(&[said("one")], &[]).unwrap();
}
