//! How fast the bot talks: as fast as a network allows, with one answer for many commands.

use std::time::Instant;

use super::client::{Client, Heard};
use super::network::{Network, Wants};
use super::program::{BOT, Setup};
use super::scene::{ACCOUNTS, Scene};

/// The pace is what it is when the configuration says nothing of it.
fn paced() -> Setup<'static> {
    Setup { connection: "", ..Setup::default() }
}

/// The rows that an answer says were logged: `logged L2` or `logged 3 entries: L2–L4`.
fn logged(heard: &Heard) -> usize {
    let Some((_, said)) = heard.text().split_once("logged ") else { return 0 };
    match said.split_once(" entries") {
        Some((count, _)) => count.parse().unwrap(),
        None => 1,
    }
}

/// Reads answers until so many rows are acknowledged, and gives how many lines that took.
fn until_logged(client: &mut Client, rows: usize) -> usize {
    let (mut seen, mut lines) = (0, 0);
    while seen < rows {
        let heard = client.wait("more rows", |heard| heard.is("NOTICE", BOT) && logged(heard) > 0);
        seen += logged(&heard);
        lines += 1;
    }
    assert_eq!(seen, rows);
    lines
}

#[test]
fn twenty_pasted_lines_are_recorded_and_acknowledged_within_the_burst() {
    let Some(mut scene) = Scene::set(&paced()) else { return };
    // What it said when it came in took part of its burst; this waits until it may say it all again.
    for _ in 0..2 {
        scene.bob.ask("!swat now", "is on");
    }
    let pasted: String =
        (1..=20).map(|number| format!("PRIVMSG #ops :!log pasted line {number}\r\n")).collect();
    let begin = Instant::now();
    scene.alice.send_bytes(pasted.as_bytes());
    let lines = until_logged(&mut scene.alice, 20);
    let took = begin.elapsed();
    assert!(lines <= 4, "{lines} lines in {took:?}");
    let log = scene.program.log();
    let texts: Vec<&str> =
        log.iter().filter(|row| row["kind"] == "logged").map(|row| row["text"].as_str().unwrap()).collect();
    let all: Vec<String> = (1..=20).map(|number| format!("pasted line {number}")).collect();
    assert_eq!(texts, all);
}

#[test]
fn a_long_queue_is_three_lines() {
    let Some(mut scene) = Scene::set(&paced()) else { return };
    for number in 1001..=1030 {
        scene.program.copy_change(4, number);
    }
    for ten in [1001, 1011, 1021] {
        let numbers: Vec<String> = (ten..ten + 10).map(|number| number.to_string()).collect();
        scene.bob.ask(&format!("!swat add {}", numbers.join(" ")), "in ");
    }
    scene.alice.catch_up();
    let from = scene.alice.wire.len();
    scene.alice.ask("!swat queue", "30 of 40 places");
    scene.alice.say("#ops", "!swat now");
    scene.alice.told("is on until");
    let answer: Vec<&Heard> = scene.alice.wire[from..]
        .iter()
        .filter(|heard| {
            heard.is("NOTICE", BOT)
                && heard.text().starts_with("alice: ")
                && !heard.text().contains("is on until")
        })
        .collect();
    assert!((1..=3).contains(&answer.len()), "{answer:#?}");
    let said: String = answer.iter().map(|heard| heard.text()).collect();
    assert!((1001..=1030).all(|number| said.contains(&number.to_string())), "{answer:#?}");
    for heard in &answer {
        let line = heard.raw.split_once(" :").map_or("", |(_, line)| line);
        assert!(line.len() < 510, "the server would have cut it: {heard:?}");
    }
}

#[test]
fn a_server_with_its_own_limits_never_throws_it_out() {
    let wants = Wants { accounts: ACCOUNTS, strict: true, ..Wants::default() };
    let Some(network) = Network::with_services(&wants) else { return };
    let mut scene = Scene::on(network, &paced());
    let [mut dan] = scene.network.people([("dan", Some("dan"))]);
    dan.join("#ops");
    let each = 15;
    for number in 1..=each {
        for person in [&mut scene.alice, &mut scene.bob, &mut dan] {
            person.say("#ops", &format!("!log line {number}"));
            person.say("#ops", "!swat windows");
        }
    }
    until_logged(&mut dan, 3 * each);
    let log = scene.program.log();
    assert_eq!(log.iter().filter(|row| row["kind"] == "logged").count(), 3 * each);
    assert!(!dan.wire.iter().any(|heard| heard.is("QUIT", BOT)), "it was thrown out");
}
