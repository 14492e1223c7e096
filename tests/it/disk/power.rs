//! Power cuts, played at every moment of a trace of what was written and synced: what was not synced may be lost, all of it or
//! any part, and what was acknowledged is there.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use swatbot::engine::event::{Author, Event, Record, Went};
use swatbot::engine::id::{RowId, Who};
use swatbot::store::{Store, verify};

use super::{Disk, when};

const LOG: &str = "SWATBOT_TEST_POWER";

fn row(text: &str, event: Event) -> Record {
    let by = Author { network: None, room: None, who: Who("alice".to_owned()), account: None };
    let at = when("2026-11-23T12:00:00Z");
    Record { at, by, window: None, change: None, outcome: Went::Ok, text: text.to_owned(), event }
}

/// The child: appends, redacts and opens the log again, and says the last row of each append that returned.
#[test]
fn child_appends_before_the_power_is_cut() {
    let Ok(path) = std::env::var(LOG) else { return };
    let mut out = std::io::stdout();
    for round in 0..3 {
        let mut store = Store::open(Path::new(&path)).unwrap();
        for number in 0..6 {
            let text = "a row of some length ".repeat(number * number);
            store.append(&[row(&text, Event::Logged), row("two", Event::Logged)], &[]).unwrap();
            out.write_all(format!("stored {}\n", store.last().0).as_bytes()).unwrap();
            out.flush().unwrap();
        }
        let redacted = Event::Redacted { row: RowId(round * 13 + 3), rows: Vec::new() };
        store.append(&[row("a password", redacted)], &[]).unwrap();
        out.write_all(format!("stored {}\n", store.last().0).as_bytes()).unwrap();
        out.flush().unwrap();
    }
}

/// One thing that was done to a file.
enum Step {
    Write(u64, Vec<u8>),
    Truncate(u64),
    Remove,
}

/// A file as the program sees it, and as a power cut may leave it.
#[derive(Default)]
struct File {
    /// What is on the disk for certain; `None` where the file is not.
    synced: Option<Vec<u8>>,
    /// What was done since.
    since: Vec<Step>,
}

impl File {
    fn after(&self, taken: impl Fn(usize) -> bool) -> Option<Vec<u8>> {
        let mut bytes = self.synced.clone();
        for (_, step) in self.since.iter().enumerate().filter(|(index, _)| taken(*index)) {
            match step {
                Step::Write(at, written) => {
                    let bytes = bytes.get_or_insert_default();
                    let end = *at as usize + written.len();
                    bytes.resize(bytes.len().max(end), 0);
                    bytes[*at as usize..end].copy_from_slice(written);
                }
                Step::Truncate(length) => bytes.get_or_insert_default().resize(*length as usize, 0),
                Step::Remove => bytes = None,
            }
        }
        bytes
    }
}

/// The records of a trace: what, which file, where, and the bytes.
fn read_trace(trace: &[u8]) -> Vec<(u8, PathBuf, u64, Vec<u8>)> {
    let mut records = Vec::new();
    let mut rest = trace;
    while let Some((what, after)) = rest.split_first() {
        let number = |index: usize| u64::from_ne_bytes(after[index * 8..index * 8 + 8].try_into().unwrap());
        let (name, at, length) = (number(0) as usize, number(1), number(2) as usize);
        let length = if matches!(what, b'W' | b'A') { length } else { 0 };
        let (name, bytes) = (&after[24..24 + name], &after[24 + name..24 + name + length]);
        let path = PathBuf::from(String::from_utf8(name.to_vec()).unwrap());
        records.push((*what, path, at, bytes.to_vec()));
        rest = &after[24 + name.len() + length..];
    }
    records
}

/// The files after a power cut are opened, and what was acknowledged before it must be in them.
fn cut(
    files: &BTreeMap<PathBuf, File>,
    acknowledged: i64,
    taken: impl Fn(&Path, usize) -> bool,
    moment: usize,
) {
    let folder = tempfile::tempdir().unwrap();
    for (path, file) in files {
        let name = path.file_name().unwrap().to_str().unwrap();
        // The index of the write-ahead log is memory, and the lock is nobody's any more.
        if name.ends_with("-shm") || name.ends_with(".lock") {
            continue;
        }
        if let Some(bytes) = file.after(|index| taken(path, index)) {
            fs::write(folder.path().join(name), bytes).unwrap();
        }
    }
    let path = folder.path().join("swatbot.db");
    let store = Store::open(&path).unwrap_or_else(|error| panic!("moment {moment}: {error}"));
    let last = store.last().0;
    assert!(
        last >= acknowledged,
        "moment {moment}: L{acknowledged} was acknowledged, and L{last} is the last"
    );
    assert_eq!(store.load_state().unwrap().row, last);
    drop(store);
    verify(&path, None, &[], &|_| ()).unwrap_or_else(|error| panic!("moment {moment}: {error}"));
}

#[test]
fn no_acknowledged_row_is_lost_by_a_power_cut() {
    let disk = Disk::new();
    let trace = disk.faults.join("trace");
    let output = disk
        .command(&std::env::current_exe().unwrap())
        .args([
            "--exact",
            "disk::power::child_appends_before_the_power_is_cut",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(LOG, &disk.path)
        .env("DISK_TRACE", &trace)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", fs::read_to_string(&disk.told).unwrap());
    let records = read_trace(&fs::read(&trace).unwrap());
    let syncs = records.iter().filter(|(what, ..)| *what == b'S').count();
    assert!(syncs > 30, "a commit is synced: {syncs}");
    let mut files: BTreeMap<PathBuf, File> = BTreeMap::new();
    let mut acknowledged = 0;
    let mut acknowledgements = 0;
    let mut chance = super::super::restart::Chance(7);
    for (moment, (what, path, at, bytes)) in records.into_iter().enumerate() {
        let is_sync = what == b'S';
        match what {
            b'A' => {
                let said = String::from_utf8_lossy(&bytes).into_owned();
                if let Some(row) = said.lines().find_map(|line| line.strip_prefix("stored ")) {
                    acknowledged = row.trim().parse().unwrap();
                    acknowledgements += 1;
                    // The moment after it was said is the one that counts: nothing unsynced has reached the disk, or all, or
                    // some of it.
                    cut(&files, acknowledged, |_, _| false, moment);
                    cut(&files, acknowledged, |_, _| true, moment);
                }
                continue;
            }
            b'W' => files.entry(path).or_default().since.push(Step::Write(at, bytes)),
            b'T' => files.entry(path).or_default().since.push(Step::Truncate(at)),
            b'U' => files.entry(path).or_default().since.push(Step::Remove),
            b'S' if path == disk.home => {
                // A folder: what was removed from it is gone for good.
                for file in files.values_mut() {
                    if let Some(last) = file.since.iter().rposition(|step| matches!(step, Step::Remove)) {
                        *file = File { synced: None, since: file.since.split_off(last + 1) };
                    }
                }
            }
            b'S' => {
                let file = files.entry(path).or_default();
                if let Some(bytes) = file.after(|_| true) {
                    *file = File { synced: Some(bytes), since: Vec::new() };
                }
            }
            other => panic!("{other}"),
        }
        let has_log = files.iter().any(|(path, file)| path.ends_with("swatbot.db") && file.synced.is_some());
        // In between, a third of the moments: before each sync is where the most is at stake.
        if has_log && (is_sync || chance.below(3) == 0) {
            let seed = chance.below(1 << 30);
            cut(
                &files,
                acknowledged,
                |path, index| {
                    !(path.as_os_str().len() as u64 * 31 + index as u64 * 7 + seed).is_multiple_of(3)
                },
                moment,
            );
        }
    }
    assert_eq!(acknowledgements, 21);
}
