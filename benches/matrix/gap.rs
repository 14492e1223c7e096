//! A thousand commands while the bot is down: half of them too old by the time it is back, half of them not.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::homeserver::Homeserver;
use crate::ircd::program::{BOT, Program};
use crate::scene::{configuration, setup};
use crate::watch;

/// So many people each say so much of either half: not more than a bot reads of one at once.
const PEOPLE: usize = 25;
const EACH: usize = 20;
/// What is older than two minutes is not acted on.
const OLD: Duration = Duration::from_secs(125);

/// What became of the commands.
pub(crate) struct Gap {
    pub(crate) said: usize,
    /// Stale commands that ran, which must not be.
    pub(crate) ran_late: usize,
    /// The stale ones have each a row that refuses them, in order.
    pub(crate) are_listed: bool,
    /// The others have each a row, in order.
    pub(crate) are_run: bool,
    /// Rows of either.
    pub(crate) rows: usize,
    /// From the start of the program to the last row, in seconds.
    pub(crate) took: f64,
}

pub(crate) fn measure() -> Option<Gap> {
    let homeserver = Homeserver::generous()?;
    let [mut alice, _] = ["alice", BOT].map(|name| homeserver.person(name));
    let mut people: Vec<_> = (0..PEOPLE).map(|number| homeserver.person(&format!("u{number}"))).collect();
    let mut guests: Vec<&str> = people.iter().map(|person| person.name.as_str()).collect();
    guests.push(BOT);
    let ops = alice.make_room(&json!([]), &guests);
    people.iter().for_each(|person| person.join(&ops));
    let mut program = Program::start(&configuration(&homeserver, &ops, &setup()));
    alice.sees(&ops, BOT);
    alice.ask(&ops, "!log before the gap", "logged");
    program.kill();

    let [stale, fresh] = ["stale", "fresh"].map(|half| {
        let texts = (0..PEOPLE * EACH).map(|number| format!("{half}-{number}"));
        texts.collect::<Vec<String>>()
    });
    let mut say = |texts: &[String]| {
        for (number, text) in texts.iter().enumerate() {
            people[number % PEOPLE].say(&ops, &format!("!log {text}"));
        }
    };
    say(&stale);
    thread::sleep(OLD);
    say(&fresh);

    let begin = Instant::now();
    program.restart();
    let last = fresh.last().expect("there are some");
    watch::wait_for(&program, &format!("text LIKE '%{last}'"));
    let took = begin.elapsed().as_secs_f64();
    // What is handled twice is handled before this.
    alice.say(&ops, "!log after the gap");
    watch::wait_for(&program, "text = 'after the gap'");
    let logged = watch::rows(&program, "text", "kind = 'logged' AND text NOT LIKE '% the gap'");
    // A refusal does not repeat the words: whose it is tells which of them it is.
    let refused = watch::rows(&program, "actor", "outcome = 'refused'");
    let speakers = (0..stale.len()).map(|number| format!("matrix/{}", people[number % PEOPLE].user));
    Some(Gap {
        said: stale.len() + fresh.len(),
        ran_late: logged.iter().filter(|text| text.starts_with("stale")).count(),
        are_listed: speakers.eq(refused.iter().cloned()),
        are_run: logged == fresh,
        rows: logged.len() + refused.len(),
        took,
    })
}
