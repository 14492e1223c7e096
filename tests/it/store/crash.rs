//! Kill -9: what was acknowledged is there, in order, and the chain is whole.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use swatbot::engine::id::RowId;
use swatbot::store::{Answer, Reader, Seen};

use super::{follow_chain, open, place, said};

const LOG: &str = "SWATBOT_TEST_LOG";

/// The child: appends until it is killed, and prints the number of the last row of each append that returned.
#[test]
fn child_appends_until_it_is_killed() {
    let Ok(path) = std::env::var(LOG) else { return };
    let mut store = open(Path::new(&path));
    let mut out = std::io::stdout();
    writeln!(out, "\nopened {}", store.last().0).unwrap();
    for turn in 1_usize.. {
        let records = vec![said("a row of some length, so that a page is full now and then"); turn % 4 + 1];
        let (network, message_id) = ("libera".to_owned(), turn.to_string());
        let message = Seen { network, message_id, answer: Answer::Nothing };
        let RowId(first) = store.append(&records, &[message]).unwrap();
        let last = first + records.len() as i64 - 1;
        if writeln!(out, "stored {last}").is_err() {
            return;
        }
    }
}

#[test]
fn no_acknowledged_row_is_lost_by_kill() {
    let (_folder, path) = place();
    let mut acknowledged = 0;
    for round in 0_u64..20 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "store::crash::child_appends_until_it_is_killed",
                "--nocapture",
                "--test-threads=1",
            ])
            .env(LOG, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let opened =
            lines.by_ref().find_map(|line| Some(line.strip_prefix("opened ")?.parse::<i64>().unwrap()));
        assert!(opened.unwrap() >= acknowledged, "round {round}: rows are gone");
        // Some number that differs from round to round, the same in every run; when it dies is chance enough.
        let wait = (round * 7_919 + 13) % 97 + 1;
        for line in lines.by_ref().take(wait as usize) {
            acknowledged = line.strip_prefix("stored ").unwrap().parse().unwrap();
        }
        child.kill().unwrap();
        // What it said before it died was said after it was stored.
        for line in lines {
            if let Some(Ok(row)) = line.strip_prefix("stored ").map(str::parse) {
                acknowledged = row;
            }
        }
        child.wait().unwrap();
        // The command line reads what the bot left behind, before any bot is there again.
        assert!(Reader::open(&path).unwrap().rows().unwrap() >= acknowledged.unsigned_abs());
        let store = open(&path);
        assert!(store.last().0 >= acknowledged, "round {round}: {acknowledged} was acknowledged");
        assert_eq!(store.load_state().unwrap().row, store.last().0);
        drop(store);
        assert!(follow_chain(&path) >= acknowledged);
    }
    assert!(acknowledged > 20);
}
