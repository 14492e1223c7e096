//! The program on a homeserver, killed at each boundary of its loop (F1, F2, F6): each command acts once, and is answered
//! once.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::super::fake_matrix::Trouble;
use super::matrix::{ALICE, Homeserver, OPS};

/// The rows that people logged, each with its number.
fn logged(home: &super::Home) -> BTreeMap<String, Vec<u64>> {
    let output = home.command().args(["log", "last", "100000", "kind", "logged", "--json"]).output().unwrap();
    let mut rows: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        rows.entry(row["text"].as_str().unwrap().to_owned()).or_default().push(row["seq"].as_u64().unwrap());
    }
    rows
}

/// How often each row was named in an answer.
fn answers(server: &Homeserver) -> BTreeMap<u64, usize> {
    let mut answers = BTreeMap::new();
    for said in server.fake.said(OPS) {
        let row = said.split_once(": logged L").or_else(|| said.split_once("before my restart: L"));
        if let Some((_, row)) = row {
            let row: String = row.chars().take_while(char::is_ascii_digit).collect();
            *answers.entry(row.parse().unwrap()).or_default() += 1;
        }
    }
    answers
}

/// As the generator of `restart` does it.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// What several starts have missed comes at once, and of one person that would be a flood.
fn speaker(number: u64) -> String {
    format!("@user{}:example.org", number % 20)
}

fn wait(time: Duration) {
    let begin = Instant::now();
    while begin.elapsed() < time {
        std::hint::spin_loop();
    }
}

/// Boundaries (a) to (d), and whatever else lies in between: at any instant.
#[test]
fn killed_at_any_instant_each_command_acts_once_and_is_answered_once() {
    let rounds: u64 = std::env::var("SWATBOT_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(25);
    let server = Homeserver::start();
    let home = server.home();
    let mut chance = Chance(rounds);
    // It is in the room before anything is said to it.
    let first = home.start();
    first.tells("connected to matrix");
    first.kill();
    let (mut said, mut asked) = (0_u64, 0_u64);
    for _ in 0..rounds {
        let daemon = home.start();
        if chance.below(4) > 0 {
            daemon.tells("connected to matrix");
        }
        for _ in 0..=chance.below(4) {
            if chance.below(4) == 0 {
                asked += 1;
                server.fake.says(OPS, &speaker(asked), "!swat whoami");
            } else {
                said += 1;
                server.fake.says(OPS, &speaker(said), &format!("!log word {said} of many"));
            }
            wait(Duration::from_micros(chance.below(6000)));
        }
        wait(Duration::from_micros(chance.below(20_000)));
        daemon.kill();
    }
    let daemon = home.start();
    server.fake.says(OPS, ALICE, "!log the last word");
    server.until("the last word is answered", |_| {
        let rows = logged(&home);
        rows.get("the last word").is_some_and(|rows| answers(&server).contains_key(&rows[0]))
    });
    daemon.kill();
    let rows = logged(&home);
    let answers = answers(&server);
    let from_log = server.said("before my restart").len();
    for number in 1..=said {
        let found = rows.get(&format!("word {number} of many")).cloned().unwrap_or_default();
        assert_eq!(found.len(), 1, "word {number} is on the record once: {found:?}");
        assert_eq!(
            answers.get(&found[0]),
            Some(&1),
            "word {number} is answered once: {:#?}",
            server.fake.said(OPS)
        );
    }
    assert_eq!(rows.len() as u64, said + 1);
    assert_eq!(server.said(": you are ").len() as u64, asked, "each question is answered once");
    if std::env::var("SWATBOT_KILLS").is_ok() {
        #[expect(
            clippy::print_stderr,
            reason = "whoever asks for many kills wants to read how many there were"
        )]
        {
            eprintln!("{rounds} kills, {said} commands, {asked} questions, {from_log} answered from the log");
        }
    }
}

/// (e) and (f): the request is with the server, not looked at or done, and no answer comes.
#[test]
fn killed_around_the_request_the_answer_is_said_once() {
    let server = Homeserver::start();
    let home = server.home();
    let mut daemon = home.start();
    daemon.tells("connected to matrix");
    for (number, trouble) in
        [Trouble::Hang, Trouble::Held, Trouble::Hang, Trouble::Held].into_iter().enumerate()
    {
        let puts = server.fake.requests("PUT").len();
        server.fake.trouble("PUT", trouble, 1);
        server.fake.says(OPS, ALICE, &format!("!log word {number}"));
        server.until("it tries", |fake| fake.requests("PUT").len() > puts);
        daemon.kill();
        daemon = home.start();
        server.until("it says it again", |fake| fake.requests("PUT").len() > puts + 1);
        server.until("it is said", |_| answers(&server).len() == number + 1);
    }
    server.fake.says(OPS, ALICE, "!log the end");
    server.until("the end", |_| answers(&server).len() == 5);
    assert!(answers(&server).values().all(|count| *count == 1), "{:?}", server.fake.said(OPS));
    assert!(logged(&home).values().all(|rows| rows.len() == 1));
    drop(daemon);
}
