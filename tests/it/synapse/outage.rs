//! A homeserver that goes away in the middle of a window.

use super::scene::{Scene, setup};

#[test]
fn a_homeserver_that_stops_and_starts_again_is_caught_up_with() {
    let Some(mut scene) = Scene::set(&setup()) else { return };
    scene.begin();
    let Scene { alice, bob, ops, program, homeserver } = &mut scene;
    homeserver.stop();
    program.wait_for_row("the outage", |row| row["kind"] == "link");
    homeserver.start_again();
    alice.wait_long("the bot", |heard| heard.is_of_the_bot() && heard.text().contains("I am back"));
    alice.ask(ops, "!swat done 3", "H1 (the link to matrix was lost)");
    alice.ask(ops, "!swat resume it is back", "4 step 2");
    program.merge(4);
    alice.told("4 ps 3 merged");
    alice.say(ops, "!swat done 3");
    bob.told("4 is on testservers");
    bob.ask(ops, "!log all is well again", "logged");
}
