//! The log in real SQLite files: what is written is there, stays as it is, and comes back as the same state.

mod backup;
mod crash;
mod damage;
mod export;
#[cfg(feature = "matrix")]
mod inbox;
mod index;
mod open;
mod redact;
mod replay;
mod rows;
mod samples;
mod schema;
mod search;
mod verify;

use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use rusqlite::Connection;
use sha2::{Digest, Sha256};
use swatbot::engine::event::{Author, Event, Record, Went};
use swatbot::engine::id::{At, ChangeNumber, OccurrenceId, RoomId, Who};
use swatbot::store::Store;
use tempfile::TempDir;

/// A folder with a log that is not there yet.
fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("swatbot.db");
    (folder, path)
}

fn at(seconds: i64) -> At {
    "2026-11-23T14:00:00.250Z".parse::<At>().unwrap() + TimeDelta::seconds(seconds)
}

fn morning() -> OccurrenceId {
    "2026-11-23/morning".parse().unwrap()
}

/// A row that alice wrote in a room.
fn said(text: &str) -> Record {
    Record {
        at: at(0),
        by: Author {
            network: Some("libera".to_owned()),
            room: Some(RoomId("libera/#ops".to_owned())),
            who: Who("alice".to_owned()),
            account: Some("Alice_L".to_owned()),
        },
        window: None,
        change: None,
        outcome: Went::Ok,
        text: text.to_owned(),
        event: Event::Logged,
    }
}

/// A window from the plan to the end, and what is carried over: the records of `samples/story.jsonl`.
fn story() -> Vec<Record> {
    let stored = include_str!("../samples/story.jsonl");
    let lines = stored.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    lines
        .map(|mut line| {
            let at = serde_json::from_value(line["at"].take()).unwrap();
            let event: Event = serde_json::from_value(line["event"].take()).unwrap();
            let window = match &event {
                Event::WindowPlanned { occurrence } => Some(occurrence.id.clone()),
                Event::Started | Event::Frozen { .. } | Event::Thawed { .. } => None,
                _ => Some(morning()),
            };
            let who = line["by"].as_str().unwrap().to_owned();
            let text = format!("{who}: {}", event.kind());
            let network = (who != "swatbot").then(|| "libera".to_owned());
            let by = Author { network, room: None, who: Who(who), account: None };
            let change = line["change"].as_u64().map(|change| ChangeNumber(u32::try_from(change).unwrap()));
            let outcome = if event.kind() == "refused" { Went::Refused } else { Went::Ok };
            Record { at, by, window, change, outcome, text, event }
        })
        .collect()
}

/// What another program would see and do: plain SQLite, without this program's pragmas.
fn stranger(path: &Path) -> Connection {
    Connection::open(path).unwrap()
}

fn count(path: &Path) -> i64 {
    stranger(path).query_one("SELECT count(*) FROM event", [], |row| row.get(0)).unwrap()
}

/// Follows the chain by the words of its description alone, and gives the number of rows.
fn follow_chain(path: &Path) -> i64 {
    let connection = stranger(path);
    let mut statement = connection
        .prepare(
            "SELECT seq, prev, hash, text, detail, at, network, room, actor, account, window, \
             CAST(change AS TEXT), kind, outcome FROM event ORDER BY seq",
        )
        .unwrap();
    let mut rows = statement.query([]).unwrap();
    let mut before = vec![0; 32];
    let mut number = 0;
    while let Some(row) = rows.next().unwrap() {
        number += 1;
        let seq: i64 = row.get(0).unwrap();
        assert_eq!(seq, number, "there is a gap");
        assert_eq!(row.get::<_, Vec<u8>>(1).unwrap(), before, "L{seq} follows another row");
        let mut bytes = b"swatbot log 1\n".to_vec();
        bytes.extend(&before);
        bytes.extend(seq.to_be_bytes());
        for column in 5..14 {
            match row.get::<_, Option<String>>(column).unwrap() {
                None => bytes.push(0),
                Some(field) => {
                    bytes.push(1);
                    bytes.extend((field.len() as u64).to_be_bytes());
                    bytes.extend(field.as_bytes());
                }
            }
        }
        bytes.extend(Sha256::digest(row.get::<_, String>(3).unwrap()));
        bytes.extend(Sha256::digest(row.get::<_, String>(4).unwrap()));
        before = row.get(2).unwrap();
        assert_eq!(Sha256::digest(&bytes).to_vec(), before, "L{seq} was changed");
    }
    number
}

fn open(path: &Path) -> Store {
    Store::open(path).unwrap()
}
