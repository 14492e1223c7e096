//! How acknowledgements share lines: twenty pasted commands are acknowledged within the burst, one alone at once.

use std::time::Instant;

use proptest::prelude::*;
use swatbot::engine::Reply;

use super::{all, here, logged, outbox, plain, play};

/// `count` acknowledgements from `row` on.
fn acks(row: i64, count: i64) -> Vec<Reply> {
    (row..row + count).map(|row| logged("#ops", "alice", row)).collect()
}

/// The rows that a line acknowledges.
fn rows(line: &str) -> Vec<i64> {
    let (_, rows) = line.rsplit_once("logged ").expect("it is an acknowledgement");
    let rows = rows.rsplit_once(": ").map_or(rows, |(_, rows)| rows);
    let number = |text: &str| text.trim_start_matches('L').parse::<i64>().expect("a row");
    let range = |range: &str| {
        let (first, last) = range.split_once('–').unwrap_or((range, range));
        number(first)..=number(last)
    };
    rows.split(", ").flat_map(range).collect()
}

#[test]
fn one_alone_is_said_at_once_and_as_it_is() {
    let out = play(&mut outbox(4, 1000), &here(&[]), vec![(0, acks(1, 1))]);
    assert_eq!(out, [(0, "NOTICE #ops :alice: logged L1".to_owned())]);
}

#[test]
fn without_a_limit_each_is_said_by_itself() {
    let mut outbox = outbox(4, 0);
    let now = Instant::now();
    outbox.push(acks(1, 128), now);
    assert_eq!(all(&mut outbox, &here(&[]), now).len(), 128);
}

#[test]
fn those_that_wait_share_a_line_that_names_who_and_which() {
    let mut replies = acks(1001, 3);
    replies.push(logged("#dev", "bob", 1004));
    replies.push(logged("#ops", "bob", 1005));
    replies.push(plain("#ops", "900101 is live"));
    replies.push(logged("#ops", "bob", 1006));
    let out = play(&mut outbox(4, 1000), &here(&[]), vec![(0, replies)]);
    let lines: Vec<&str> = out.iter().map(|(_, line)| line.as_str()).collect();
    assert_eq!(
        lines,
        [
            "NOTICE #ops :alice, bob: logged 4 entries: L1001–L1003, L1005",
            "NOTICE #dev :bob: logged L1004",
            "NOTICE #ops :900101 is live",
            "NOTICE #ops :bob: logged L1006",
        ]
    );
}

#[test]
fn what_does_not_fit_in_a_line_goes_into_the_next() {
    // Every other row is somebody else's: no range is longer than one.
    let replies: Vec<Reply> = (0..120).map(|at| logged("#ops", "alice", 100_000 + 2 * at)).collect();
    let out = play(&mut outbox(4, 1000), &here(&[]), vec![(0, replies)]);
    assert!(out.iter().all(|(_, line)| line.len() <= 350 && line.contains("alice: logged ")), "{out:?}");
    let found: Vec<i64> = out.iter().flat_map(|(_, line)| rows(line)).collect();
    assert_eq!(found, (0..120).map(|at| 100_000 + 2 * at).collect::<Vec<_>>());
}

#[test]
fn twenty_pasted_commands_are_acknowledged_within_the_burst() {
    let spread = |batches: &[i64], apart: u64| {
        let mut row = 1;
        let mut arrivals = Vec::new();
        for (at, count) in (0..).zip(batches) {
            arrivals.push((at * apart, acks(row, *count)));
            row += count;
        }
        arrivals
    };
    let patterns = [
        spread(&[20], 0),
        spread(&[5, 5, 5, 5], 2),
        spread(&[5, 5, 5, 5], 30),
        spread(&[5, 5, 5, 5], 120),
        spread(&[1, 1, 1, 17], 3),
        spread(&[17, 1, 1, 1], 3),
        spread(&[2, 6, 6, 6], 10),
        spread(&[1; 20], 1),
        spread(&[1; 20], 5),
        spread(&[1; 20], 15),
        spread(&[4, 4, 4, 8], 0),
        spread(&[4, 4, 4, 8], 99),
        spread(&[10, 10], 101),
    ];
    for burst in [1, 2, 3, 4, 5, 8] {
        for pattern in &patterns {
            let last = pattern.last().expect("there is one").0;
            let out = play(&mut outbox(burst, 1000), &here(&[]), pattern.clone());
            let found: Vec<i64> = out.iter().flat_map(|(_, line)| rows(line)).collect();
            assert_eq!(found, (1..=20).collect::<Vec<_>>());
            // With a smaller burst than four, what comes later than a third of a second waits for the next line.
            if burst >= 4 || last < 100 {
                assert!(out.len() <= burst as usize, "burst {burst}: {out:?}");
                assert!(out.iter().all(|(at, _)| *at <= last + 300), "burst {burst}: {out:?}");
            }
        }
    }
}

proptest! {
    /// Whatever arrives when: all are acknowledged in order, none waits long while a line may go out, and the network
    /// gets no more than it takes.
    #[test]
    fn none_is_lost_and_none_waits_for_nothing(
        burst in 1_u32..6,
        gaps in prop::collection::vec((0_u64..400, 1_i64..6), 1..30),
    ) {
        let mut arrivals = Vec::new();
        let (mut at, mut row) = (0, 1);
        for (gap, count) in gaps {
            at += gap;
            arrivals.push((at, acks(row, count)));
            row += count;
        }
        let out = play(&mut outbox(burst, 1000), &here(&[]), arrivals.clone());
        let found: Vec<i64> = out.iter().flat_map(|(_, line)| rows(line)).collect();
        prop_assert_eq!(found, (1..row).collect::<Vec<_>>());
        // The bucket, in lines and thousandths of a line.
        let (mut level, mut then) = (u64::from(burst) * 1000, 0);
        for (at, line) in &out {
            // A line could have gone out since then.
            let could = then + 1000_u64.saturating_sub(level);
            level = (level + at - then).min(u64::from(burst) * 1000);
            prop_assert!(level >= 1000, "too fast: {:?}", out);
            let row = format!("alice: logged L{}", rows(line)[0]);
            let came = arrivals.iter().find(|(_, acks)| acks.iter().any(|ack| ack.text == row)).expect("it came").0;
            prop_assert!(*at <= could.max(came + 300), "{} came at {}: {:?}", line, came, out);
            (level, then) = (level - 1000, *at);
        }
    }
}
