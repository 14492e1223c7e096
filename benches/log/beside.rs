//! The same questions to what people search their logs with: ripgrep over the lines, LIKE, and FTS5 as one uses it at first.

use std::path::Path;
use std::process::{Command, Stdio};

use rusqlite::Connection;

use crate::asked::{COMMON, forget_file};
use crate::rows::{Chance, FIRST_CHANGE, Rows};
use crate::table::{self, Samples};
use crate::{Place, megabytes, size};

/// A table with an index for words, in the same transaction.
pub(crate) fn make(place: &Place) {
    if !place.naive.exists() {
        let mut connection = Connection::open(&place.naive).expect("SQLite opens");
        connection
            .execute_batch(
                "PRAGMA journal_mode = off; PRAGMA synchronous = off; PRAGMA page_size = 4096;
                 CREATE TABLE log (id INTEGER PRIMARY KEY, at INTEGER, nick TEXT, room TEXT, message TEXT);
                 CREATE VIRTUAL TABLE words USING fts5 (message, content='log', content_rowid='id');",
            )
            .expect("the tables are made");
        let transaction = connection.transaction().expect("a transaction");
        {
            let mut insert =
                transaction.prepare("INSERT INTO log VALUES (?1, ?2, ?3, ?4, ?5)").expect("a statement");
            for (number, record) in Rows::new(place.rows).enumerate() {
                let room = record.by.room.as_ref().map_or("", |room| room.0.as_str());
                insert
                    .execute((number as i64 + 1, record.at.timestamp(), &record.by.who.0, room, &record.text))
                    .expect("the row is written");
            }
        }
        transaction.execute("INSERT INTO words (words) VALUES ('rebuild')", []).expect("the index is made");
        transaction.execute("CREATE INDEX log_at ON log (at)", []).expect("the index is made");
        transaction.commit().expect("it is written");
    }
    table::figure("the same in FTS5, with its table", &megabytes(size(&place.naive)), "");
}

pub(crate) fn run(place: &Place) {
    table::title("the same asked of FTS5 used at first sight, of LIKE, and of ripgrep");
    let connection = Connection::open(&place.naive).expect("SQLite opens");
    let rows = place.rows;
    let ask = |name: &str, sql: &str, runs: usize, word: &dyn Fn(&mut Chance) -> String| {
        let mut statement = connection.prepare(sql).expect("a statement");
        let mut chance = Chance::new(3);
        let mut samples = Samples::default();
        for number in 0..=runs {
            let word = word(&mut chance);
            let run = || {
                let mut rows = statement.query([word]).expect("it is answered");
                while rows.next().expect("a row").is_some() {}
            };
            if number == 0 { run() } else { samples.time(run) }
        }
        table::row(name, &samples, "");
    };
    let rare = |chance: &mut Chance| (FIRST_CHANGE + 1 + chance.below(rows)).to_string();
    let common = |chance: &mut Chance| chance.pick(COMMON).to_owned();
    let select = "SELECT log.id, at, nick, log.message FROM words JOIN log ON log.id = words.rowid WHERE words MATCH ?1";
    ask("FTS5: rare word, by time", &format!("{select} ORDER BY at DESC LIMIT 5"), 20, &rare);
    ask("FTS5: common word, by time", &format!("{select} ORDER BY at DESC LIMIT 5"), 5, &common);
    ask("FTS5: common word, by rank", &format!("{select} ORDER BY rank LIMIT 5"), 5, &common);
    ask("FTS5: count of a common word", "SELECT count(*) FROM words WHERE words MATCH ?1", 10, &common);
    ask("FTS5: two common words, no row", &format!("{select} ORDER BY log.id DESC LIMIT 5"), 20, &|chance| {
        chance.pick(&["scap wmnet", "restarted backport", "cookbook gerrit", "depool duration"]).to_owned()
    });
    let like =
        "SELECT id, at, nick, message FROM log WHERE message LIKE '%' || ?1 || '%' ORDER BY id DESC LIMIT 5";
    ask("LIKE: rare word", like, 3, &rare);
    ask("LIKE: part of a common word, newest 5", like, 20, &|chance| {
        chance.pick(&["ynchroni", "estarte"]).to_owned()
    });
    ripgrep(&place.text, rows);
}

fn ripgrep(text: &Path, rows: u64) {
    let run = |args: &[&str]| {
        let mut command = Command::new("rg");
        command.args(["--no-config", "-N", "-F"]).args(args).arg(text).stdout(Stdio::null());
        // It gives 1 where it finds nothing.
        command.status().is_ok_and(|status| matches!(status.code(), Some(0 | 1)))
    };
    if !run(&["-m1", "zzqq"]) {
        table::line(
            "  RIPGREP IS NOT INSTALLED: what is to be 100 times slower than swatbot was not measured",
        );
        return;
    }
    let mut chance = Chance::new(3);
    let mut ask = |name: &str, runs: usize, args: &dyn Fn(&mut Chance) -> Vec<String>, is_cold: bool| {
        let mut samples = Samples::default();
        for _ in 0..runs {
            let args = args(&mut chance);
            if is_cold && !forget_file(text) {
                return;
            }
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            assert!(samples.time(|| run(&args)), "it runs");
        }
        table::row(name, &samples, "");
    };
    ask("ripgrep: rare word", 10, &|chance| vec![(FIRST_CHANGE + 1 + chance.below(rows)).to_string()], false);
    ask(
        "ripgrep: rare word, cold",
        3,
        &|chance| vec![(FIRST_CHANGE + 1 + chance.below(rows)).to_string()],
        true,
    );
    ask("ripgrep: absent word", 10, &|chance| vec![format!("zzqq{}", chance.below(9999))], false);
    ask(
        "ripgrep: count of a common word",
        5,
        &|chance| vec!["-c".to_owned(), chance.pick(COMMON).to_owned()],
        false,
    );
    ask("ripgrep: part of a word", 5, &|_| vec!["ynchroni".to_owned()], false);
}
