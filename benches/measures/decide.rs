//! One command through `decide` and `apply`, with 200 patches in the queue.

use std::collections::BTreeMap;
use std::hint::black_box;

use chrono::TimeDelta;
use swatbot::engine::event::Went;
use swatbot::engine::{Input, turn};

use crate::scene::{FIRST, answer, long_queue, roomy_settings, said};
use crate::table::{self, Samples};

const QUEUE: u32 = 200;
const ROUNDS: u32 = 400;

/// What is said in one round; after it the queue is as it was before.
fn round(number: u32) -> Vec<(&'static str, Input)> {
    // Not the one in motion, and each in its turn.
    let at = |offset: u32| FIRST + 22 + (number * 39 + offset) % (QUEUE - 41);
    let (a, b, new) = (at(0), at(11), FIRST + 5_000 + number);
    let alice = |text: String| said("alice", &text);
    vec![
        ("chat", said("carol", "I think that was the cache, it looks better now")),
        ("away", said("bob", "!swat away")),
        ("here", said("bob", "!swat here")),
        ("log text", said("carol", "!log restarted apache on mw1017, it had run out of workers (T12345)")),
        ("status", alice("!swat status".to_owned())),
        ("queue", said("carol", "!swat queue")),
        ("show", said("carol", &format!("!swat show {a}"))),
        ("why", said("dan", &format!("!swat why {a}"))),
        ("checklist", said("dan", &format!("!swat checklist {a}"))),
        ("steps", alice(format!("!swat steps {a}"))),
        ("check", alice(format!("!swat check {a} precommit that test is flaky"))),
        ("uncheck", alice(format!("!swat uncheck {a} precommit"))),
        ("move", alice(format!("!swat move {a} after {b}"))),
        ("move", alice(format!("!swat move {a} before {b}"))),
        ("order", alice(format!("!swat order {a} before {b}"))),
        ("independent", alice(format!("!swat independent {a} {b} they touch different wikis"))),
        ("add (offer)", said("bob", &format!("!swat add {new} test: open the page"))),
        ("add (facts are here)", answer(new)),
        ("remove", said("bob", &format!("!swat remove {new} not today"))),
        ("refused", alice("!swat done 7".to_owned())),
        ("hold", said("carol", "!swat hold errors on the canaries")),
        ("resume", alice("!swat resume they were there before".to_owned())),
    ]
}

pub(crate) fn run() {
    let settings = roomy_settings();
    let mut drive = long_queue(&settings, QUEUE);
    let mut by_verb: BTreeMap<&'static str, Samples> = BTreeMap::new();
    let mut order: Vec<&'static str> = Vec::new();
    for number in 0..ROUNDS {
        for (verb, input) in round(number) {
            drive.at += TimeDelta::milliseconds(700);
            let at = drive.at;
            let samples = by_verb.entry(verb).or_insert_with(|| {
                order.push(verb);
                Samples::default()
            });
            let outcome = samples.time(|| turn(&settings, &mut drive.state, at, black_box(&input)));
            let refused = outcome.records.iter().any(|record| record.outcome == Went::Refused);
            assert_eq!(refused, verb == "refused", "{verb} is answered as its name says");
            black_box(outcome);
        }
    }
    let queue = drive.state.windows.values().next().map_or(0, |window| window.patches.len());
    assert_eq!(queue, QUEUE as usize, "a round leaves the queue as it was");
    let mut all = Samples::default();
    by_verb.values().for_each(|samples| all.extend(samples));
    table::title(&format!("decide + apply of one input, {QUEUE} patches in the queue, one in motion"));
    for verb in order {
        if let Some(samples) = by_verb.get(verb) {
            table::row(verb, samples, "");
        }
    }
    table::row("all of them", &all, "target p50 < 20");
}
