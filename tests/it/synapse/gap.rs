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
    // The first half was said ten minutes ago.
    let old: Vec<String> = said[..150].iter().map(|id| format!("'{id}'")).collect();
    homeserver.sql(&format!(
        "UPDATE event_json SET json = json_set(json, '$.unsigned.age_ts', \
         json_extract(json, '$.unsigned.age_ts') - 600000) WHERE event_id IN ({})",
        old.join(", ")
    ));
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
