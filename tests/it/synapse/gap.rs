//! What was said while the program was away: all of it is seen once and in order, and what is too old is only listed.

use super::scene::{Scene, setup};

#[test]
fn three_hundred_messages_in_the_gap_are_seen_once_and_in_order() {
    let Some(mut scene) = Scene::set(&setup()) else { return };
    let Scene { alice, bob, ops, program, homeserver } = &mut scene;
    program.kill();
    let mut said = Vec::new();
    for number in 0..300 {
        let person = if number % 2 == 0 { &mut *alice } else { &mut *bob };
        let text = if number % 3 == 0 { format!("!log line-{number}") } else { format!("chat {number}") };
        said.push(person.say(ops, &text));
    }
    // They were said one after another, four in a second, and the first half ten minutes before the others.
    let before = said.iter().enumerate().map(|(number, id)| {
        let ago = (300 - number) * 250 + if number < 150 { 600_000 } else { 0 };
        format!(
            "UPDATE event_json SET json = json_set(json, '$.unsigned.age_ts', \
             json_extract(json, '$.unsigned.age_ts') - {ago}) WHERE event_id = '{id}';\n"
        )
    });
    homeserver.sql(&before.collect::<String>());
    program.restart();
    alice.told("[late]");
    program.wait_for_row("the last line", |row| row["text"] == "line-297");
    let log = program.log();
    let logged: Vec<&str> =
        log.iter().filter(|row| row["kind"] == "logged").map(|row| row["text"].as_str().unwrap()).collect();
    let expected: Vec<String> = (150..300).step_by(3).map(|number| format!("line-{number}")).collect();
    assert_eq!(logged, expected, "{log:#?}");
    let refused = log.iter().filter(|row| row["outcome"] == "refused").count();
    assert_eq!(refused, 50, "{log:#?}");
}
