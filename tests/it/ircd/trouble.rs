//! What goes wrong on a network: the bot is kicked, killed, renamed, without its nick; a network splits, a server ends.

use super::client::Client;
use super::network::{Network, PEOPLE, Wants};
use super::program::{BOT, Program, Setup};
use super::scene::{ACCOUNTS, Scene};

#[test]
fn kicked_or_killed_it_comes_back_and_the_window_waits() {
    let Some(mut scene) = Scene::set(&Setup::default()) else { return };
    scene.begin();
    let mut operator = scene.network.operator();
    operator.send("SAJOIN operator #ops");
    operator.wait("the channel", |heard| heard.verb == "366");
    operator.send("SAMODE #ops +o operator");
    operator.wait("the rights", |heard| heard.verb == "MODE" && heard.raw.contains("+o"));
    operator.send(&format!("KICK #ops {BOT} :out"));
    let alice = &mut scene.alice;
    alice.wait("the kick", |heard| heard.verb == "KICK" && heard.parameter(1) == BOT);
    alice.wait("the bot again", |heard| heard.is("JOIN", BOT));
    alice.told("HELD");
    alice.ask("!swat done 2", "[held]");
    alice.say("#ops", "!swat resume it was a joke");
    alice.told("H1 is off (alice)");

    operator.send(&format!("KILL {BOT} :out"));
    alice.wait("the kill", |heard| heard.is("QUIT", BOT));
    alice.wait("the bot again", |heard| heard.is("JOIN", BOT));
    alice.told("HELD");
    alice.say("#ops", "!swat resume it was no joke, but it is over");
    alice.told("H2 is off (alice)");
    let kinds = scene.kinds();
    assert_eq!(kinds.iter().filter(|kind| *kind == "swatbot held").count(), 2, "{kinds:?}");
}

#[test]
fn without_its_nick_it_only_answers_questions() {
    let Some(network) = Network::with_services(&Wants { accounts: ACCOUNTS, ..Wants::default() }) else {
        return;
    };
    let mut mallory = network.person(BOT, Some("mallory"));
    let setup = Setup { connection: "alternative_nicks = [\"swatbot_\"]\n", ..Setup::default() };
    let program = Program::on(&network, &setup);
    let [mut bob] = network.people([("bob", Some("bob"))]);
    bob.join("#ops");
    bob.sees("swatbot_");
    // It must see that its nick is free again, or it asks only every now and then.
    mallory.join("#ops");
    bob.say("#ops", "!swat add 4");
    let no = bob.told("bob: no: ");
    assert!(no.nick() == "swatbot_" && no.text().ends_with("[read-only]"), "{no:?}");
    bob.say("#ops", "!swat queue");
    bob.told("empty");
    mallory.send("QUIT");
    bob.wait("its own nick", |heard| heard.is("NICK", "swatbot_") && heard.text() == BOT);
    bob.told("commands work here");
    bob.ask("!swat add 4", "#1 in ");
    drop(program);
}

#[test]
fn with_a_nick_that_was_forced_on_it_it_only_answers_questions() {
    let Some(mut scene) = Scene::set(&Setup::default()) else { return };
    let mut operator = scene.network.operator();
    operator.send(&format!("SANICK {BOT} guest"));
    let bob = &mut scene.bob;
    bob.wait("the forced nick", |heard| heard.is("NICK", BOT) && heard.text() == "guest");
    bob.say("#ops", "!swat add 4");
    let no = bob.wait("a refusal", |heard| heard.is("NOTICE", "guest") && heard.text().contains("bob: no: "));
    assert!(no.text().ends_with("[read-only]"), "{no:?}");
    // It does not fight for its nick, and sees when it is free.
    operator.take_nick(BOT);
    operator.join("#ops");
    operator.take_nick("operator");
    bob.wait("its own nick", |heard| heard.is("NICK", "guest") && heard.text() == BOT);
    bob.ask("!swat add 4", "#1 in ");
}

#[test]
fn a_netsplit_holds_the_window_and_blames_nobody() {
    let Some(mut network) = Network::with_services(&Wants { accounts: ACCOUNTS, ..Wants::default() }) else {
        return;
    };
    let second = network.link_second();
    let program = Program::on(&network, &Setup::default());
    let mut alice = Client::knocking((&second, PEOPLE), "alice", Some("alice"));
    let [mut bob] = network.people([("bob", Some("bob"))]);
    alice.welcome();
    for person in [&mut alice, &mut bob] {
        person.join("#ops");
        person.sees(BOT);
    }
    bob.sees("alice");
    bob.ask("!swat add 4", "#1 in ");
    alice.ask("!swat claim", "you lead ");
    alice.ask("!swat start", "!swat check #1 deployer");
    alice.ask("!swat check #1 deployer", "step 2");
    network.split();
    bob.wait("the split", |heard| heard.is("QUIT", "alice"));
    let held = bob.told("HELD (H1)");
    assert!(held.text().contains("network split"), "{held:?}");
    let mut alice = network.person("alice", Some("alice"));
    alice.join("#ops");
    alice.told("you are back");
    alice.say("#ops", "!swat resume the split is over");
    alice.told("H1 is off (alice)");
    drop(program);
}

#[test]
fn a_server_that_ends_is_waited_for() {
    let Some(mut scene) = Scene::set(&Setup::default()) else { return };
    scene.lead();
    // Its first attempt comes at once, and here not before all is up again: a server is there before its services are.
    scene.program.signal("STOP");
    scene.network.stop();
    scene.network.start_again();
    scene.program.signal("CONT");
    let [mut alice, mut bob] = scene.network.people([("alice", Some("alice")), ("bob", Some("bob"))]);
    for person in [&mut alice, &mut bob] {
        person.join("#ops");
        person.sees(BOT);
    }
    alice.say("#ops", "!swat status");
    // What the server may not have passed on any more is said again before.
    let status = alice.told("lead alice");
    assert!(status.text().contains("1 waiting"), "{status:?}");
}

#[test]
fn killed_and_started_again_it_goes_on_where_it_was() {
    let Some(mut scene) = Scene::set(&Setup::default()) else { return };
    scene.begin();
    scene.program.restart();
    let alice = &mut scene.alice;
    alice.wait("it is gone", |heard| heard.is("QUIT", BOT));
    alice.wait("it is back", |heard| heard.is("JOIN", BOT));
    alice.told("I am back");
    alice.ask("!swat status", "4 step 2");
}
