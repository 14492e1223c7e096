//! What time brought while the program was down.

use swatbot::store::Store;

use super::{Program, place, when};

/// A window that ended meanwhile is closed, its patches are offered the next one, and what would have been said in
/// between is not said late: no reminder, no start, of none of the windows that passed.
#[test]
fn windows_that_passed_are_closed_and_nothing_of_them_is_said_late() {
    let (_folder, path) = place();
    let (mut program, _) = Program::start(&path, when("2026-11-23T12:00:00Z"));
    program.say("bob> !swat add 4");
    program.say("carol> !swat add 12 for evening");
    let said = program.say("alice> !swat claim morning");
    assert!(said[0].contains("you lead 2026-11-23/morning"), "{said:?}");
    program.say("+121m");
    program.say("bob> !swat here");
    let said = program.say("alice> !swat start");
    assert!(said.iter().any(|said| said.contains("next is 4")), "{said:?}");
    program.kill();
    // The morning ended at 15:00, the evening at 22:00, and the late one of the same local day starts at 05:00.
    let (mut program, said) = Program::start(&path, when("2026-11-24T02:00:00Z"));
    let lines = |words: &str| said.iter().filter(|line| line.contains(words)).count();
    assert_eq!(lines("I am back"), 1, "{said:#?}");
    assert_eq!(lines("starts in"), 0, "{said:#?}");
    assert_eq!(lines("is on,") + lines("ends in") + lines("is up"), 0, "{said:#?}");
    for (window, owner, patch) in [("2026-11-23/morning", "bob", "4"), ("2026-11-23/evening", "carol", "12")]
    {
        let closes = said.iter().filter(|line| line.starts_with(&format!("swatbot> {window} "))).count();
        assert_eq!(closes, 1, "{window} is closed as such: {said:#?}");
        let offer = said.iter().find(|line| line.starts_with(&format!("swatbot! {owner}: ")));
        let offer = offer.unwrap_or_else(|| panic!("{owner} is told: {said:#?}"));
        assert!(offer.contains(patch) && offer.contains("2026-11-23/late"), "{offer}");
    }
    // Both are over and stay over.
    program.say("!swat now");
    program.kill();
    let state = Store::open(&path).unwrap().load_state().unwrap();
    assert!(state.windows.values().all(|window| !window.is_on()), "{:?}", state.windows.keys());
    assert_eq!(state.left.len(), 2);
    let (mut program, said) = Program::start(&path, when("2026-11-24T02:00:30Z"));
    assert!(said.is_empty(), "it is said once: {said:?}");
    let said = program.say("bob> !swat add 4");
    assert!(said[0].contains("in 2026-11-23/late"), "{said:?}");
}

/// A patch in motion is never closed over: its window stays open until somebody says how it went.
#[test]
fn a_patch_in_motion_keeps_its_window_open() {
    let (_folder, path) = place();
    let (mut program, _) = Program::start(&path, when("2026-11-23T13:59:00Z"));
    program.say("bob> !swat add 4");
    program.say("alice> !swat claim morning");
    program.say("+2m");
    program.say("bob> !swat here");
    program.say("alice> !swat start");
    program.say("alice> !swat check #1 deployer");
    program.say("/change 4 merged");
    let said = program.say("alice> !swat done 3");
    assert!(said.iter().any(|line| line.contains("4 is on testservers")), "{said:?}");
    program.kill();
    let (mut program, said) = Program::start(&path, when("2026-11-24T02:00:00Z"));
    assert!(said[0].contains("I am back") && said[0].contains("4 step 4"), "{said:#?}");
    let said = program.say("alice> !swat now");
    assert!(said.iter().any(|line| line.contains("2026-11-23/morning is on")), "{said:#?}");
    program.kill();
    let state = Store::open(&path).unwrap().load_state().unwrap();
    let window = state.windows.values().find(|window| window.is_on()).expect("it is on");
    assert_eq!(window.moving().unwrap().current().unwrap().0, 4);
}
