//! Attacks on a log, by somebody who has the file: each is found, and said for what it is.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rusqlite::Connection;
use rusqlite::types::Value;
use sha2::{Digest, Sha256};
use swatbot::engine::id::RowId;
use swatbot::store::{Damage, Flaw, Head, Reader, VerifyError, Whole, Wrong, check, verify};
use tempfile::TempDir;

use super::{open, place, said, story, stranger};

/// A log of some hundred rows, closed.
fn log() -> (TempDir, PathBuf) {
    let (folder, path) = place();
    let mut store = open(&path);
    store.append(&story(), &[]).unwrap();
    for number in 0..20 {
        let mut row = said(&format!("row {number} of what people say"));
        row.change = Some(swatbot::engine::id::ChangeNumber(900_100 + number));
        row.window = Some(super::morning());
        store.append(&[row], &[]).unwrap();
    }
    (folder, path)
}

fn last() -> i64 {
    story().len() as i64 + 20
}

fn look(path: &Path, heads: &[Head]) -> Result<Whole, VerifyError> {
    verify(path, None, heads, &|_| ())
}

fn flaw(path: &Path) -> Flaw {
    match look(path, &[]) {
        Err(VerifyError::Flaw(flaw)) => flaw,
        other => panic!("{other:?}"),
    }
}

/// Does something to the rows that the triggers forbid, and leaves the triggers as they were.
fn tamper(path: &Path, what: impl FnOnce(&Connection)) {
    let connection = stranger(path);
    let mut statement =
        connection.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").unwrap();
    let triggers: Vec<(String, String)> =
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect();
    assert_eq!(triggers.len(), 3);
    triggers.iter().for_each(|(name, _)| connection.execute_batch(&format!("DROP TRIGGER {name}")).unwrap());
    connection.pragma_update(None, "ignore_check_constraints", true).unwrap();
    what(&connection);
    triggers.iter().for_each(|(_, sql)| connection.execute_batch(sql).unwrap());
}

fn attacked(sql: &str) -> Flaw {
    let (_folder, path) = log();
    tamper(&path, |connection| connection.execute_batch(sql).unwrap());
    flaw(&path)
}

/// Makes the chain anew from a row on, as somebody can who has read this program.
fn make_anew(connection: &Connection, from: i64) {
    let last: i64 = connection.query_one("SELECT max(seq) FROM event", [], |row| row.get(0)).unwrap();
    for seq in from..=last {
        let prev: Vec<u8> = match seq {
            1 => vec![0; 32],
            _ => connection
                .query_one("SELECT hash FROM event WHERE seq = ?1", [seq - 1], |row| row.get(0))
                .unwrap(),
        };
        let fields: Vec<Option<String>> = connection
            .query_one(
                "SELECT at, network, room, actor, account, window, CAST(change AS TEXT), kind, outcome, text, \
                 detail FROM event WHERE seq = ?1",
                [seq],
                |row| (0..11).map(|index| row.get(index)).collect(),
            )
            .unwrap();
        let mut bytes = b"swatbot log 1\n".to_vec();
        bytes.extend(&prev);
        bytes.extend(seq.to_be_bytes());
        for field in &fields[..9] {
            match field {
                None => bytes.push(0),
                Some(field) => {
                    bytes.push(1);
                    bytes.extend((field.len() as u64).to_be_bytes());
                    bytes.extend(field.as_bytes());
                }
            }
        }
        bytes.extend(Sha256::digest(fields[9].as_ref().unwrap()));
        bytes.extend(Sha256::digest(fields[10].as_ref().unwrap()));
        let hash = Sha256::digest(&bytes).to_vec();
        connection
            .execute("UPDATE event SET prev = ?2, hash = ?3 WHERE seq = ?1", (seq, prev, hash))
            .unwrap();
    }
}

fn head(path: &Path, row: i64) -> Head {
    Reader::open(path).unwrap().head_of(RowId(row)).unwrap().unwrap()
}

#[test]
fn a_log_as_it_was_written_is_whole() {
    let (_folder, path) = log();
    let rows = AtomicU64::new(0);
    let whole = verify(&path, None, &[head(&path, 1), head(&path, last())], &|more| {
        rows.fetch_add(more, Ordering::Relaxed);
    });
    let whole = whole.unwrap();
    assert_eq!((whole.first, whole.last), (RowId(1), RowId(last())));
    assert_eq!(rows.into_inner(), last() as u64);
    assert_eq!(whole.redacted, []);
    assert_eq!(whole.head.len(), 64);
    assert!(head(&path, last()).to_string().ends_with(&whole.head[..16]));
    assert_eq!(check(&path), Ok(()));
}

#[test]
fn an_empty_log_is_whole() {
    let (_folder, path) = place();
    drop(open(&path));
    assert_eq!(look(&path, &[]).unwrap().last, RowId(0));
}

#[test]
fn a_flipped_bit_in_any_column_is_found_and_named_with_what_was_there() {
    let row = last() - 9;
    for column in [
        "at", "network", "room", "actor", "account", "window", "change", "kind", "outcome", "text", "detail",
        "prev", "hash",
    ] {
        let (_folder, path) = log();
        let sql = format!("SELECT {column} FROM event WHERE seq = ?1");
        let stored: Value = stranger(&path).query_one(&sql, [row], |row| row.get(0)).unwrap();
        let (flipped, was) = match stored.clone() {
            Value::Text(text) => {
                let mut bytes = text.clone().into_bytes();
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
                (Value::Text(String::from_utf8(bytes).unwrap()), text)
            }
            Value::Integer(number) => (Value::Integer(number ^ 1), number.to_string()),
            Value::Blob(mut bytes) => {
                bytes[7] ^= 1;
                (Value::Blob(bytes), String::new())
            }
            other => panic!("{column} is {other:?}"),
        };
        tamper(&path, |connection| {
            let sql = format!("UPDATE event SET {column} = ?2 WHERE seq = ?1");
            connection.execute(&sql, (row, flipped)).unwrap();
        });
        let flaw = flaw(&path);
        assert_eq!(flaw.row, RowId(row), "{column}: {flaw}");
        match (column, &flaw.wrong) {
            ("prev", Wrong::Prev) | ("hash", Wrong::Hash) => {}
            (_, Wrong::Field { column: named, was: found }) => {
                assert_eq!((*named, found.as_deref()), (column, Some(was.as_str())));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_value_that_was_taken_from_another_row_or_made_up_is_found() {
    let row = last() - 5;
    let changed = |set: &str| attacked(&format!("UPDATE event SET {set} WHERE seq = {row}"));
    let field = |column, was: Option<&str>| Wrong::Field { column, was: was.map(str::to_owned) };
    assert_eq!(changed("account = 'bob'").wrong, field("account", Some("Alice_L")));
    assert_eq!(changed("network = NULL").wrong, field("network", Some("libera")));
    assert_eq!(changed("outcome = 'refused'").wrong, field("outcome", Some("ok")));
    assert_eq!(changed("kind = 'refused'").wrong, field("kind", Some("logged")));
    // What stood there is nowhere else.
    let flaw = changed("text = 'nothing happened'");
    assert_eq!((flaw.row, flaw.wrong), (RowId(row), Wrong::Changed));
    let (_folder, path) = log();
    tamper(&path, |connection| {
        connection.execute_batch("UPDATE event SET actor = 'mallory' WHERE seq = 9").unwrap();
    });
    assert!(matches!(check(&path), Err(Damage::Found(_))), "the daily check finds it too");
    let two = changed("text = 'nothing happened', actor = 'bob'");
    assert_eq!(two.wrong, Wrong::Changed);
    let put_in = attacked("UPDATE event SET room = 'libera/#ops' WHERE seq = 3");
    assert_eq!((put_in.row, put_in.wrong), (RowId(3), field("room", None)));
}

#[test]
fn missing_rows_are_named() {
    let (a, b) = (RowId(7), RowId(9));
    assert_eq!(attacked("DELETE FROM event WHERE seq = 7"), Flaw { row: a, wrong: Wrong::Missing { to: a } });
    let wrong = Wrong::Missing { to: b };
    assert_eq!(attacked("DELETE FROM event WHERE seq BETWEEN 7 AND 9"), Flaw { row: a, wrong });
    let first = attacked("DELETE FROM event WHERE seq = 1");
    assert_eq!(first, Flaw { row: RowId(1), wrong: Wrong::Missing { to: RowId(1) } });
    let closed = attacked(
        "DELETE FROM event WHERE seq = 7; UPDATE event SET seq = -(seq - 1) WHERE seq > 7; \
         UPDATE event SET seq = -seq WHERE seq < 0;",
    );
    assert_eq!(closed, Flaw { row: a, wrong: Wrong::Moved { holds: RowId(8) } }, "the gap was closed");
}

#[test]
fn swapped_rows_are_named() {
    let swap = |a: i64, b: i64| {
        format!(
            "UPDATE event SET seq = -1 WHERE seq = {a}; UPDATE event SET seq = {a} WHERE seq = {b}; \
             UPDATE event SET seq = {b} WHERE seq = -1;"
        )
    };
    for (a, b) in [(1, 2), (7, 8), (5, 60), (2, last())] {
        let flaw = attacked(&swap(a, b));
        assert_eq!(flaw, Flaw { row: RowId(a), wrong: Wrong::Moved { holds: RowId(b) } });
    }
}

#[test]
fn a_tail_that_was_cut_off_is_found_by_the_count_or_by_a_head() {
    let cut = last() - 3;
    let delete = format!("DELETE FROM event WHERE seq > {cut};");
    let flaw = attacked(&delete);
    assert_eq!(flaw, Flaw { row: RowId(cut + 1), wrong: Wrong::Missing { to: RowId(last()) } });
    // Whoever sets the count back leaves a shorter log that is whole: only a head can tell.
    let (_folder, path) = log();
    let said = head(&path, last());
    let digits: Head = said.to_string().split(' ').nth(1).unwrap().parse().unwrap();
    let earlier = head(&path, cut);
    tamper(&path, |connection| {
        connection.execute_batch(&delete).unwrap();
        connection.execute("UPDATE sqlite_sequence SET seq = ?1 WHERE name = 'event'", [cut]).unwrap();
    });
    assert_eq!(look(&path, std::slice::from_ref(&earlier)).unwrap().last, RowId(cut));
    match look(&path, &[earlier, said.clone()]) {
        Err(VerifyError::Flaw(flaw)) => {
            assert_eq!(flaw, Flaw { row: RowId(cut + 1), wrong: Wrong::Cut { head: said } });
        }
        other => panic!("{other:?}"),
    }
    match look(&path, std::slice::from_ref(&digits)) {
        Err(VerifyError::Flaw(flaw)) => assert_eq!(flaw.wrong, Wrong::AnotherHead { head: digits }),
        other => panic!("{other:?}"),
    }
    let grown = attacked("UPDATE sqlite_sequence SET seq = 5 WHERE name = 'event'");
    assert_eq!(grown, Flaw { row: RowId(5), wrong: Wrong::Count { last: RowId(last()) } });
}

#[test]
fn a_chain_that_was_made_anew_is_found_by_a_head() {
    let change = "UPDATE event SET actor = 'mallory' WHERE seq = 12;";
    for from in [12, 1] {
        let (_folder, path) = log();
        let (before, said) = (head(&path, 11), head(&path, last() - 4));
        let history = format!(
            "<swatbot> 2026-11-23/morning done at 14:52 UTC. \"!swat report 2026-11-23/morning\" (head {said})\n\
             <bob> thanks\n"
        );
        assert_eq!(Head::all_in(&history), std::slice::from_ref(&said));
        tamper(&path, |connection| {
            connection.execute_batch(change).unwrap();
            make_anew(connection, from);
        });
        // By itself it cannot be told from a true one, and neither can a head from before.
        assert_eq!(look(&path, &[before]).unwrap().last, RowId(last()));
        assert_eq!(super::follow_chain(&path), last());
        match look(&path, &Head::all_in(&history)) {
            Err(VerifyError::Flaw(flaw)) => {
                assert_eq!(flaw, Flaw { row: RowId(last() - 4), wrong: Wrong::AnotherHead { head: said } });
            }
            other => panic!("{other:?}"),
        }
    }
    let (_folder, path) = log();
    tamper(&path, |connection| {
        connection.execute_batch(change).unwrap();
        let after: (Vec<u8>, Vec<u8>) = connection
            .query_one("SELECT prev, hash FROM event WHERE seq = 13", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .unwrap();
        make_anew(connection, 12);
        connection.execute("UPDATE event SET prev = ?1, hash = ?2 WHERE seq = 13", after).unwrap();
    });
    let found = flaw(&path);
    assert_eq!(found, Flaw { row: RowId(12), wrong: Wrong::MadeAnew { next: RowId(13) } });
}

#[test]
fn rows_that_were_put_in_are_found() {
    let copy = |seq: &str| {
        format!(
            "INSERT INTO event (seq, at, network, room, actor, account, window, change, kind, outcome, text, \
             detail, prev, hash) SELECT {seq}, at, network, room, 'mallory', account, window, change, kind, \
             outcome, text, detail, prev, hash FROM event WHERE seq = 10"
        )
    };
    let end = RowId(last() + 1);
    let flaw = attacked(&copy("NULL"));
    assert_eq!(flaw.row, end, "{flaw}");
    let gap = attacked(&copy("5000"));
    assert_eq!(gap, Flaw { row: end, wrong: Wrong::Missing { to: RowId(4999) } });
    for seq in ["0", "-7"] {
        let flaw = attacked(&copy(seq));
        assert_eq!(flaw.wrong, Wrong::BeforeTheFirst, "{seq}");
    }
}

#[test]
fn a_schema_that_lets_rows_be_changed_is_found() {
    let after = |sql: &str| {
        let (_folder, path) = log();
        stranger(&path).execute_batch(sql).unwrap();
        flaw(&path).to_string()
    };
    for trigger in ["event_stays", "event_stays_as_it_is", "event_is_new"] {
        let said = after(&format!("DROP TRIGGER {trigger}"));
        assert_eq!(said, format!("the trigger {trigger} is gone: rows could be changed"));
    }
    // What was changed without it says more.
    let said = after("DROP TRIGGER event_stays_as_it_is; UPDATE event SET text = 'nothing' WHERE seq = 3");
    assert!(said.starts_with("L3: "), "{said}");
    let weak =
        "DROP TRIGGER event_stays; CREATE TRIGGER event_stays BEFORE DELETE ON event BEGIN SELECT 1; END;";
    assert_eq!(after(weak), "the trigger event_stays was changed");
    let added = "CREATE TRIGGER more AFTER INSERT ON seen BEGIN DELETE FROM probe; END;";
    assert_eq!(after(added), "the trigger more does not belong in a log");
    assert_eq!(after("DROP INDEX event_name"), "the index event_name is gone: rows could be changed");
}

/// All that the chain covers.
fn rows_of(path: &Path) -> Option<Vec<Vec<Value>>> {
    let connection = stranger(path);
    let mut statement = connection.prepare("SELECT * FROM event ORDER BY seq").ok()?;
    let rows = statement.query_map([], |row| (0..14).map(|index| row.get(index)).collect()).ok()?;
    rows.collect::<Result<_, _>>().ok()
}

#[test]
fn a_flipped_byte_anywhere_in_the_file_is_found_or_touches_no_row() {
    let (_folder, path) = log();
    let (whole, rows) = (fs::read(&path).unwrap(), rows_of(&path));
    let mut found = 0;
    for at in (0..whole.len()).step_by(3989) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        fs::write(&path, &bytes).unwrap();
        match look(&path, &[]) {
            Err(_) => found += 1,
            Ok(_) => assert_eq!(rows_of(&path), rows, "the byte {at} was changed, and nothing was found"),
        }
    }
    assert!(found > 5, "only {found} were found");
}

#[test]
fn since_a_head_only_what_follows_is_looked_at() {
    let (_folder, path) = log();
    let (early, late) = (head(&path, 5), head(&path, 30));
    tamper(&path, |connection| {
        connection.execute_batch("UPDATE event SET actor = 'mallory' WHERE seq = 12").unwrap();
    });
    let whole = verify(&path, Some(&late), &[], &|_| ()).unwrap();
    assert_eq!((whole.first, whole.last), (RowId(31), RowId(last())));
    match verify(&path, Some(&early), &[], &|_| ()) {
        Err(VerifyError::Flaw(flaw)) => assert_eq!(flaw.row, RowId(12)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn heads_are_read_as_they_are_said_and_nothing_else_is_one() {
    let full = "5f2c81d09a3e77b05f2c81d09a3e77b05f2c81d09a3e77b05f2c81d09a3e77b0";
    for good in ["L1187 5f2c81d09a3e77b0", "L1187:5F2C81D09A3E", "l1:5f2c81d09a3e", "5f2c81d09a3e", full] {
        assert!(good.parse::<Head>().is_ok(), "{good}");
    }
    for bad in
        ["", "L1187", "5f2c81d09a3", "5f2c81d09a3g", "L0:5f2c81d09a3e", "x 5f2c81d09a3e", &format!("{full}0")]
    {
        assert!(bad.parse::<Head>().is_err(), "{bad}");
    }
    assert_eq!(
        Head::all_in("a head L1 5f2c81d09a3e! head and head L2"),
        ["L1:5f2c81d09a3e".parse().unwrap()]
    );
}

/// The bot writes and a backup is taken meanwhile: what is followed is always a whole log.
#[test]
fn it_can_be_followed_while_it_is_written() {
    let (_folder, path) = log();
    let done = AtomicBool::new(false);
    std::thread::scope(|threads| {
        threads.spawn(|| {
            let mut store = open(&path);
            while !done.load(Ordering::Relaxed) {
                store.append(&[said("one more"), said("and another")], &[]).unwrap();
            }
        });
        for _ in 0..20 {
            assert!(look(&path, &[]).unwrap().last.0 >= last());
        }
        assert_eq!(check(&path), Ok(()));
        done.store(true, Ordering::Relaxed);
    });
}
