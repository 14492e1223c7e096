//! The program killed again and again: what was said to it acts once, and nothing is lost.

use super::scene::{Scene, setup};

#[test]
fn killed_again_and_again_each_command_acts_once() {
    const COMMANDS: usize = 60;
    let Some(mut scene) = Scene::set(&setup()) else { return };
    let Scene { alice, bob, ops, program, .. } = &mut scene;
    for number in 0..COMMANDS {
        let person = if number % 2 == 0 { &mut *alice } else { &mut *bob };
        person.say(ops, &format!("!log line-{number}"));
        // Sometimes it has just answered, sometimes it is in the middle of something, and often it has only just begun.
        match number % 10 {
            3 => program.restart(),
            6 => {
                alice.told("logged");
                program.restart();
            }
            _ => {}
        }
    }
    let last = format!("line-{}", COMMANDS - 1);
    program.wait_for_row("the last line", |row| row["text"].as_str().unwrap().contains(&last));
    let log = program.log();
    for number in 0..COMMANDS {
        let line = format!("line-{number}");
        let rows = log.iter().filter(|row| row["kind"] == "logged" && row["text"] == line);
        assert_eq!(rows.count(), 1, "{line}: {log:#?}");
    }
}
