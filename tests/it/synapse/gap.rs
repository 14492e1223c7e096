//! What was said while the program was away: all of it is seen once and in order, and what is too old is only listed.

use rusqlite::{Connection, OpenFlags};

use super::scene::{Scene, setup};
use crate::ircd::program::Program;

#[test]
fn a_thousand_commands_in_the_gap_are_handled_once_and_in_order() {
    const HALF: usize = 500;
    let Some(mut scene) = Scene::set(&setup()) else { return };
    let Scene { alice, bob, ops, program, homeserver } = &mut scene;
    program.kill();
    let texts: Vec<String> = (0..2 * HALF).map(|number| format!("line-{number}")).collect();
    let mut said = Vec::new();
    for (number, text) in texts.iter().enumerate() {
        let person = if number % 2 == 0 { &mut *alice } else { &mut *bob };
        said.push(person.say(ops, &format!("!log {text}")));
    }
    // They were said one after another, eight in a second, and the first half ten minutes before the others.
    let before = said.iter().enumerate().map(|(number, id)| {
        let ago = (2 * HALF - number) * 125 + if number < HALF { 600_000 } else { 0 };
        format!(
            "UPDATE event_json SET json = json_set(json, '$.unsigned.age_ts', \
             json_extract(json, '$.unsigned.age_ts') - {ago}) WHERE event_id = '{id}';\n"
        )
    });
    homeserver.sql(&before.collect::<String>());
    program.restart();
    // What was handled twice was handled before this.
    alice.say(ops, "!log after the gap");
    program.wait_for_row("the last line", |row| row["text"] == "after the gap");
    let logged = rows(program, "text", "kind = 'logged' AND text <> 'after the gap'");
    assert_eq!(logged, texts[HALF..]);
    // A refusal does not repeat the words: whose it is tells which of them it is.
    let refused = rows(program, "actor", "outcome = 'refused'");
    let speakers: Vec<&str> = (0..HALF).map(|number| ["alice", "bob"][number % 2]).collect();
    assert_eq!(refused, speakers);
    // What is read at once is named in one answer: how many they were, and the last of them.
    let named = |number: usize| format!("{} \"!log line-{number}\"", ["alice", "bob"][number % 2]);
    alice.told(&(HALF - 5..HALF).map(named).collect::<Vec<_>>().join(", "));
    let late =
        alice.wire.iter().filter(|heard| heard.is_of_the_bot() && heard.text().contains("came too late"));
    let counts = late.map(|heard| heard.text().split(' ').next().unwrap().parse::<usize>().unwrap());
    assert_eq!(counts.sum::<usize>(), HALF);
}

/// A column of these rows of the log, the oldest first: all of them, where `swatbot log` gives the last 1,000.
fn rows(program: &Program, column: &str, condition: &str) -> Vec<String> {
    let log = program.file("swatbot.db");
    let log = Connection::open_with_flags(log, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let mut statement =
        log.prepare(&format!("SELECT {column} FROM event WHERE {condition} ORDER BY seq")).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<rusqlite::Result<_>>().unwrap()
}
