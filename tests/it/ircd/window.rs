//! A whole window on a real network: an engineer, a deployer, and somebody who would like to be one.

use serde_json::Value;

use super::client::{Client, Heard};
use super::network::{Network, Wants, password};
use super::program::{BOT, Program, Setup};

/// What somebody did and how it went, as the log has it.
fn rows<'a>(log: &'a [Value], actor: &str, outcome: &str) -> Vec<&'a str> {
    let theirs = log.iter().filter(|row| row["actor"] == actor && row["outcome"] == outcome);
    theirs.map(|row| row["kind"].as_str().unwrap()).collect()
}

/// The lines of the bot among these, with verb and text.
fn of_the_bot(wire: &[Heard]) -> Vec<(&str, &str)> {
    let its = wire.iter().filter(|heard| heard.nick() == BOT);
    its.filter(|heard| matches!(heard.verb.as_str(), "NOTICE" | "PRIVMSG"))
        .map(|heard| (heard.verb.as_str(), heard.text()))
        .collect()
}

#[test]
fn a_window_from_add_to_finish_with_an_impostor() {
    let wants = Wants { accounts: &["swatbot", "alice", "bob", "mallory"], ..Wants::default() };
    let Some(network) = Network::with_services(&wants) else { return };
    let people = [("alice", Some("alice")), ("bob", Some("bob")), ("alice_", Some("mallory"))];
    let [mut alice, mut bob, mut mallory] = network.people(people);
    for person in [&mut alice, &mut bob, &mut mallory] {
        person.join("#ops");
    }
    let program = Program::on(&network, &Setup::default());
    for person in [&mut alice, &mut bob, &mut mallory] {
        person.wait("the bot", |heard| heard.is("JOIN", BOT));
    }

    bob.ask("!swat add 4", "#1 in ");
    alice.ask("!swat claim", "you lead ");
    mallory.ask("!swat start", "[not-lead]");
    bob.ask("!swat here", "here");
    alice.ask("!swat start", "!swat check #1 deployer");
    mallory.ask("!swat check #1 deployer", ": no: ");
    // As long as the nick is free it can be taken, and is worth nothing.
    alice.take_nick("alice|brb");
    mallory.take_nick("alice");
    mallory.ask("!swat check #1 deployer", ": no: ");
    mallory.say("NickServ@services.test", "LOGOUT");
    mallory.wait("the logout", |heard| heard.verb == "901");
    mallory.ask("!swat check #1 deployer", ": no: ");
    alice.ask("!swat check #1 deployer", "step 2: merge it");

    program.merge(4);
    let merged = alice.told("4 ps 3 merged");
    assert_eq!(merged.verb, "PRIVMSG", "{merged:?}");
    assert!(merged.text().starts_with("alice|brb: "), "it is the nick that she has now: {merged:?}");
    alice.say("#ops", "!swat done 3");
    let asked = bob.told("4 is on testservers");
    assert_eq!(asked.verb, "PRIVMSG", "{asked:?}");
    assert!(asked.text().starts_with("bob: "), "{asked:?}");

    // Who logs out of services is nobody, whatever the nick is, and the window waits.
    alice.say("NickServ@services.test", "LOGOUT");
    let held = bob.told("HELD (H1)");
    assert!(held.text().contains("alice logged out of services"), "{held:?}");
    alice.ask("!swat resume I am still me", "[not-identified]");
    bob.ask("!swat verified 4 the banner shows", "[held]");
    alice.say("NickServ@services.test", &format!("IDENTIFY alice {}", password("alice")));
    alice.told("you are back");
    alice.say("#ops", "!swat resume logged in again");
    bob.told("H1 is off");
    bob.say("#ops", "!swat verified 4 the banner shows");
    let verified = alice.told("bob verified 4");
    assert!(verified.text().starts_with("alice|brb: "), "{verified:?}");
    alice.say("#ops", "!swat done 5");
    alice.told("4 is live");
    alice.say("#ops", "!swat finish");
    let finished = bob.told(" done at ");
    assert!(finished.text().contains("live 4"), "{finished:?}");

    let log = program.log();
    let alices = rows(&log, "alice", "ok");
    for kind in ["claimed", "run-started", "patch-started", "step-done", "window-closed"] {
        assert!(alices.contains(&kind), "{kind} is not in {alices:?}");
    }
    assert!(rows(&log, "bob", "ok").contains(&"added"), "{log:#?}");
    assert_eq!(rows(&log, "testnet/mallory", "refused").len(), 3, "{log:#?}");
    let nobody: Vec<&Value> =
        log.iter().filter(|row| row["outcome"] == "refused" && row["account"].is_null()).collect();
    assert_eq!(nobody.len(), 2, "mallory and alice while they were logged out: {nobody:#?}");
    only_what_must_ping_pings(&bob);
}

/// Each line to the channel is a NOTICE that pings nobody, or a PRIVMSG in which the one who must act is named.
fn only_what_must_ping_pings(witness: &Client) {
    let said = of_the_bot(&witness.wire);
    assert!(said.len() > 10, "{said:?}");
    for (verb, text) in said {
        if verb == "PRIVMSG" {
            assert!(["alice", "alice|brb", "bob"].iter().any(|nick| text.contains(nick)), "{text}");
        }
    }
}
