//! A disk without room, and a log that is taken away: nothing is done that is not recorded, and it recovers.

use std::fs;
use std::process::Command;

use swatbot::store::Store;

use super::{Program, arguments, place, when};

const SORRY: &str = "I could not record that, so nothing has changed";

/// A real limit on the size of the files, which another program takes away again.
#[test]
fn a_full_disk_stops_what_needs_a_row_and_nothing_else() {
    let (_folder, path) = place();
    let at = when("2026-11-23T12:00:00Z");
    let (mut program, _) = Program::start(&path, at);
    program.say("bob> !swat add 4");
    program.say("alice> !swat claim");
    program.end();
    // 512-byte blocks; the signal that would end the program is ignored, so that the write fails instead.
    let mut command = Command::new("sh");
    command
        .args(["-c", "trap '' XFSZ; ulimit -S -f 800; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_swatbot")])
        .args(arguments(&path, at));
    let (mut program, _) = Program::of(command);
    let mut stored = 0;
    let refused = (1..200).find_map(|number| {
        let said = program.say(&format!("!log {number} {}", "x".repeat(500)));
        assert_eq!(said.len(), 1, "{said:?}");
        stored += u32::from(said[0].contains(": logged L"));
        (!said[0].contains(": logged L")).then(|| said[0].clone())
    });
    let refused = refused.expect("the limit is reached");
    assert!(stored > 0 && refused.contains(SORRY), "{stored} rows, then {refused}");
    for line in ["bob> !swat add 9", "alice> !swat unclaim", "bob> !swat hold it burns", "bob> !log one more"]
    {
        let said = program.say(line);
        assert_eq!(said.len(), 1, "{line}: {said:?}");
        assert!(said[0].contains(SORRY), "{line}: {said:?}");
    }
    // Questions are answered from what is stored, also while a reminder waits for room, and chat is chat.
    let said = program.say("+91m");
    assert!(said.is_empty(), "a reminder that cannot be recorded is not said: {said:?}");
    let said = program.say("alice> !swat queue");
    assert!(said.len() == 1 && said[0].contains("4 (bob)"), "{said:?}");
    let said = program.say("carol> !swat now");
    assert!(said.len() == 1 && said[0].contains("no window is on"), "{said:?}");
    assert!(program.say("carol> good morning").is_empty());
    // There is room again.
    let more = Command::new("prlimit")
        .args(["--pid", &program.child.id().to_string(), "--fsize=unlimited"])
        .status()
        .expect("prlimit is there");
    assert!(more.success());
    let said = program.say("alice> !log there is room again");
    assert!(said.iter().any(|line| line.contains(": logged L")), "{said:?}");
    let said = program.say("bob> !swat remove 4 not today");
    assert!(said.iter().any(|line| line.contains("4 is out of")), "{said:?}");
    program.kill();
    let store = Store::open(&path).unwrap();
    let state = store.load_state().unwrap();
    assert!(state.windows.values().all(|window| window.patches.is_empty() && window.holds.is_empty()));
    assert!(state.windows.values().any(|window| window.lead.is_some()), "alice still leads");
}

#[test]
fn a_log_that_is_taken_away_stops_what_needs_a_row_until_it_is_back() {
    let (folder, path) = place();
    let (mut program, _) = Program::start(&path, when("2026-11-23T12:00:00Z"));
    program.say("bob> !swat add 4");
    let away = folder.path().join("away.db");
    fs::rename(&path, &away).unwrap();
    for line in ["alice> !swat claim", "bob> !log gone"] {
        let said = program.say(line);
        assert!(said.len() == 1 && said[0].contains(SORRY), "{line}: {said:?}");
    }
    let said = program.say("alice> !swat queue");
    assert!(said.len() == 1 && said[0].contains("4 (bob)"), "{said:?}");
    assert!(program.say("carol> good morning").is_empty());
    // Another file of that name is not the log.
    fs::write(&path, "").unwrap();
    assert!(program.say("bob> !log gone")[0].contains(SORRY));
    fs::rename(&away, &path).unwrap();
    let said = program.say("alice> !swat claim");
    assert!(said[0].contains("you lead"), "{said:?}");
    program.kill();
    let state = Store::open(&path).unwrap().load_state().unwrap();
    assert!(state.windows.values().any(|window| window.lead.is_some()));
}
