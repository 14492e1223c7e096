//! One window over both networks: an IRC channel on InspIRCd and a room on Synapse.

use std::sync::Barrier;
use std::thread;

use serde_json::{Value, json};

use super::homeserver::Homeserver;
use super::person::{Person, user};
use super::scene::{connection as matrix, setup};
use crate::ircd::client::Client;
use crate::ircd::network::{Network, PORT, Wants};
use crate::ircd::program::{BOT, Program, configuration_in, connection as irc};

/// Alice and bob in the room, dan and alice in the channel, all on both networks the same people. Dropped, the program
/// ends before its networks do.
struct Both {
    alice: Person,
    bob: Person,
    dan: Client,
    other_alice: Client,
    ops: String,
    program: Program,
    _network: Network,
    _homeserver: Homeserver,
}

impl Both {
    fn set() -> Option<Self> {
        let homeserver = Homeserver::generous()?;
        let wants = Wants { accounts: &[BOT, "alice", "dan"], ..Wants::default() };
        let network = Network::with_services(&wants)?;
        let [mut alice, bob, _] = ["alice", "bob", BOT].map(|name| homeserver.person(name));
        let ops = alice.make_room(&json!([]), &["bob", BOT]);
        bob.join(&ops);
        let [mut dan, mut other_alice] = network.people([("dan", Some("dan")), ("alice", Some("alice"))]);
        dan.join("#ops");
        other_alice.join("#ops");
        let login =
            format!("account = \"{BOT}\"\npassword_file = \"password\"\nburst = 20\nline_every = \"0s\"\n");
        let irc = irc(&network.host, PORT, &login);
        let matrix = matrix(&homeserver, &[&ops], "");
        let accounts = |name: &str| format!("irc = [\"testnet/{name}\"]\nmatrix = [\"{}\"]", user(name));
        let room = format!("matrix/{ops}");
        let rooms = ["testnet/#ops", &room];
        let program =
            Program::start(&configuration_in(&rooms, &format!("{irc}{matrix}"), accounts, &setup()));
        alice.sees(&ops, BOT);
        dan.sees(BOT);
        Some(Self { alice, bob, dan, other_alice, ops, program, _network: network, _homeserver: homeserver })
    }

    /// What the bot has said in the room, and in the channel.
    fn said(&self) -> [Vec<String>; 2] {
        let room = self.alice.wire.iter().filter(|heard| heard.is_of_the_bot());
        let channel = self.dan.wire.iter().filter(|heard| heard.nick() == BOT);
        // What can be pasted stands in bold there.
        let plain = |text: &str| text.replace('\u{2}', "");
        [
            room.map(|heard| heard.text().to_owned()).collect(),
            channel.map(|heard| plain(heard.text())).collect(),
        ]
    }
}

#[test]
fn each_side_sees_once_what_the_other_did_and_who_did_it() {
    let Some(mut both) = Both::set() else { return };
    let Both { alice, bob, dan, other_alice, ops, program, .. } = &mut both;
    bob.ask(ops, "!swat add 4", "#1 in");
    dan.ask("!swat claim", "you lead");
    dan.ask("!swat start", "!swat check #1 deployer");
    dan.ask("!swat check #1 deployer", "step 2");
    program.merge(4);
    dan.told("4 ps 3 merged");
    dan.say("#ops", "!swat done 3");
    bob.told("4 is on testservers");
    bob.say(ops, "!swat verified 4");
    dan.told("bob verified 4");
    // She is one person on both sides, and not the lead.
    alice.ask(ops, "!swat done 5", "[not-lead]");
    other_alice.ask("!swat whoami", &format!("also matrix/{}", alice.user));
    dan.say("#ops", "!swat done 5");
    dan.told("4 is live");
    dan.say("#ops", "!swat finish");
    alice.told(" done at ");
    dan.told(" done at ");

    let [room, channel] = both.said();
    let count = |lines: &[String], words: &str| lines.iter().filter(|line| line.contains(words)).count();
    let ops = format!("matrix/{}", both.ops);
    for (who, place, act, here, there) in [
        ("bob", ops.as_str(), ": #1 in ", &room, &channel),
        ("bob", &ops, ", \"!swat verified 4\"", &room, &channel),
        ("dan", "testnet/#ops", ", \"!swat claim\"", &channel, &room),
        ("dan", "testnet/#ops", ", \"!swat start\"", &channel, &room),
        ("dan", "testnet/#ops", ", \"!swat check #1 deployer\"", &channel, &room),
        ("dan", "testnet/#ops", ", \"!swat done 3\"", &channel, &room),
        ("dan", "testnet/#ops", ", \"!swat done 5\"", &channel, &room),
    ] {
        let begin = format!("{who}, in {place}{act}");
        let echo = |lines: &[String]| lines.iter().filter(|line| line.starts_with(&begin)).count();
        assert_eq!((echo(here), echo(there)), (0, 1), "{begin}\n{room:#?}\n{channel:#?}");
    }
    // What the bot says by itself it says on both sides, once.
    for words in ["4 ps 3 merged", "4 is on testservers", "bob verified 4 on", "4 is live", " done at "] {
        assert_eq!((count(&room, words), count(&channel, words)), (1, 1), "{words}\n{room:#?}\n{channel:#?}");
    }
}

#[test]
fn of_two_at_the_same_time_one_wins_and_the_other_is_told_who() {
    const ROUNDS: usize = 10;
    let Some(mut both) = Both::set() else { return };
    let Both { alice, dan, other_alice, ops, program, bob, .. } = &mut both;
    for round in 0..ROUNDS {
        if round % 2 == 0 {
            at_once(|| dan.say("#ops", "!swat claim"), || drop(alice.say(ops, "!swat claim")));
        } else {
            // A homeserver takes longer than an IRC server, so a lead of one request makes it the same time.
            alice.say(ops, "!swat claim");
            dan.say("#ops", "!swat claim");
        }
        let mine = alice.answered(ops, "claim", "lead");
        let theirs = dan.wait("an answer", |heard| heard.nick() == BOT && heard.text().starts_with("dan: "));
        let wins = |text: &str| text.contains("you lead");
        assert_ne!(wins(mine.text()), wins(theirs.text()), "round {round}: {mine:?}, {theirs:?}");
        if wins(mine.text()) {
            assert!(theirs.text().contains("alice leads"), "round {round}: {theirs:?}");
            alice.say(ops, "!swat unclaim");
        } else {
            assert!(mine.text().contains("dan leads"), "round {round}: {mine:?}");
            dan.say("#ops", "!swat unclaim");
        }
        alice.told("has no lead now");
        dan.told("has no lead now");
    }
    let log = program.log();
    assert_eq!(log.iter().filter(|row| row["kind"] == "claimed").count(), ROUNDS, "{log:#?}");

    // One person says the same on both networks, as where a bridge repeats it: it acts once, and needs no second answer.
    bob.ask(ops, "!swat add 4", "#1 in");
    alice.ask(ops, "!swat claim", "you lead");
    alice.ask(ops, "!swat start", "check");
    alice.ask(ops, "!swat check #1 deployer", "step 2");
    program.merge(4);
    alice.told("4 ps 3 merged");
    at_once(|| other_alice.say("#ops", "!swat done 3"), || drop(alice.say(ops, "!swat done 3")));
    bob.told("4 is on testservers");
    other_alice.told("4 is on testservers");
    // Two people who both may lift a hold.
    bob.say(ops, "!swat hold the graphs look odd");
    other_alice.told("HELD by bob");
    at_once(|| other_alice.say("#ops", "!swat resume mine"), || drop(bob.say(ops, "!swat resume his")));
    // Everybody is told who lifted it; whoever comes second finds nothing to lift.
    bob.told("H1 is off (");
    other_alice.told("H1 is off (");
    let second = |row: &Value| row["text"].as_str().unwrap().contains("nothing holds");
    program.wait_for_row("the second one", second);
    let log = program.log();
    let count = |kind: &str, words: &str| {
        let is_it = |row: &&Value| row["kind"] == kind && row["text"].as_str().unwrap().contains(words);
        log.iter().filter(is_it).count()
    };
    assert_eq!(count("step-done", "step 3 (testservers)"), 1, "{log:#?}");
    assert_eq!((count("resumed", ""), count("refused", "nothing holds")), (1, 1), "{log:#?}");
}

/// Does both as nearly at the same time as two threads can.
fn at_once(one: impl FnOnce() + Send, other: impl FnOnce() + Send) {
    let barrier = Barrier::new(2);
    thread::scope(|scope| {
        scope.spawn(|| {
            barrier.wait();
            one();
        });
        barrier.wait();
        other();
    });
}
