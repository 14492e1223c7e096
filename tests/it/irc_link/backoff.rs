//! The delays between attempts: long enough for the server, short enough for people, never two bots alike.

use std::time::{Duration, Instant};

use swatbot::transport::irc::backoff::Backoff;
use swatbot::transport::irc::session::Then;

const SECOND: Duration = Duration::from_secs(1);

/// The times at which the attempts of one outage begin, each lasting no time.
fn begins(backoff: &mut Backoff, from: Instant, count: usize) -> Vec<Instant> {
    let mut begins = vec![from];
    for _ in 1..count {
        let now = *begins.last().unwrap();
        backoff.begin(now);
        begins.push(backoff.next(None, Then::Again, now));
    }
    begins
}

#[test]
fn each_attempt_waits_longer_than_the_last_up_to_five_minutes() {
    let begins = begins(&mut Backoff::default(), Instant::now(), 12);
    let delays: Vec<f64> = begins.windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64()).collect();
    // The fourth would be 30 s, and comes later: a server sees three attempts a minute at the most.
    for (delay, step) in delays.iter().zip([0., 5., 0., 30., 60., 120., 300., 300., 300., 300., 300.]) {
        let crowded = step == 0. && *delay <= 60.;
        assert!(crowded || (step * 0.8..=step * 1.2).contains(delay), "{step}: {delays:?}");
    }
    assert_eq!(delays[0], 0.);
    for three in begins.windows(4) {
        assert!(three[3] - three[0] >= 60 * SECOND, "{delays:?}");
    }
}

#[test]
fn no_two_bots_come_back_together() {
    let now = Instant::now();
    let several: std::collections::BTreeSet<Instant> =
        (0..8).map(|_| *begins(&mut Backoff::default(), now, 9).last().unwrap()).collect();
    assert!(several.len() >= 7, "{several:?}");
}

#[test]
fn a_connection_that_held_for_a_minute_ends_the_outage() {
    let mut backoff = Backoff::default();
    let now = *begins(&mut backoff, Instant::now(), 9).last().unwrap();
    backoff.begin(now);
    let short = backoff.next(Some(now), Then::Again, now + 59 * SECOND);
    assert!(short >= now + 59 * SECOND + 240 * SECOND);
    backoff.begin(short);
    let steady = short + 60 * SECOND;
    assert_eq!(backoff.next(Some(short), Then::Again, steady), steady);
}

#[test]
fn a_server_that_has_had_too_much_is_left_alone_for_a_minute() {
    let mut backoff = Backoff::default();
    let now = Instant::now();
    backoff.begin(now);
    assert!(backoff.next(Some(now), Then::AgainLater, now + 600 * SECOND) >= now + 660 * SECOND);
}
