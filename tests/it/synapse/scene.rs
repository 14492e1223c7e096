//! The scene that most tests begin with: a homeserver, the bot, alice who deploys and bob who does not, all in one room.

use serde_json::{Value, json};

use super::homeserver::Homeserver;
use super::person::{Person, user};
use crate::ircd::program::{BOT, Program, Setup, configuration_in};

/// Dropped, the program ends before its homeserver does.
pub(super) struct Scene {
    pub(super) alice: Person,
    pub(super) bob: Person,
    /// The room of the window.
    pub(super) ops: String,
    pub(super) program: Program,
    pub(super) homeserver: Homeserver,
}

impl Scene {
    /// Sets it on a homeserver without limits, or says that there is none here.
    pub(super) fn set(setup: &Setup<'_>) -> Option<Self> {
        Some(Self::on(Homeserver::generous()?, setup))
    }

    /// Sets it on a homeserver without limits and in an encrypted room, where alice and bob have verified their sessions,
    /// or says that there is none here.
    pub(super) fn set_encrypted(setup: &Setup<'_>) -> Option<Self> {
        let homeserver = Homeserver::generous()?;
        let [mut alice, mut bob, _] = ["alice", "bob", BOT].map(|name| homeserver.person(name));
        let ops = alice.make_room(&encrypted(), &["bob", BOT]);
        bob.join(&ops);
        for person in [&mut alice, &mut bob] {
            person.takes_keys();
            person.cross_signs();
        }
        let connection = format!("recovery_key_file = \"recovery\"\n{}", setup.connection);
        let setup = Setup { connection: &connection, ..*setup };
        let program = Program::start_after("matrix-setup", &configuration(&homeserver, &ops, &setup));
        // A client gives its keys to those whom it has seen.
        alice.sees(&ops, BOT);
        bob.sees(&ops, BOT);
        Some(Self { alice, bob, ops, program, homeserver })
    }

    /// Sets it on a homeserver.
    pub(super) fn on(homeserver: Homeserver, setup: &Setup<'_>) -> Self {
        let [mut alice, bob, _] = ["alice", "bob", BOT].map(|name| homeserver.person(name));
        let ops = alice.make_room(&json!([]), &["bob", BOT]);
        bob.join(&ops);
        let program = Program::start(&configuration(&homeserver, &ops, setup));
        alice.sees(&ops, BOT);
        Self { alice, bob, ops, program, homeserver }
    }

    /// Somebody with a new account, in the room too.
    pub(super) fn guest(&self, name: &str) -> Person {
        let guest = self.homeserver.person(name);
        self.alice.does("invite", &self.ops, name);
        guest.join(&self.ops);
        guest
    }

    /// Bob queues a patch, alice leads.
    pub(super) fn lead(&mut self) {
        self.bob.ask(&self.ops, "!swat add 4", "#1 in ");
        self.alice.ask(&self.ops, "!swat claim", "you lead ");
    }

    /// The patch is in motion too: the lead is waited for.
    pub(super) fn begin(&mut self) {
        self.lead();
        self.alice.ask(&self.ops, "!swat start", "!swat check #1 deployer");
        self.alice.ask(&self.ops, "!swat check #1 deployer", "step 2");
    }
}

/// The state of a room that is encrypted from the beginning.
pub(super) fn encrypted() -> Value {
    json!([{"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}])
}

/// A `[[connection]]` to the homeserver of a test.
pub(super) fn connection(homeserver: &Homeserver, rooms: &[&str], keys: &str) -> String {
    format!(
        "[[connection]]\nkind = \"matrix\"\nhomeserver = \"{}\"\nuser = \"{}\"\npassword_file = \"password\"\n\
         rooms = {rooms:?}\ninviters = [\"{}\"]\nstate_dir = \"matrix\"\n{keys}\n",
        homeserver.url(),
        user(BOT),
        user("alice"),
    )
}

/// A configuration of a bot that is in this room alone.
pub(super) fn configuration(homeserver: &Homeserver, room: &str, setup: &Setup<'_>) -> String {
    let accounts = |name: &str| format!("matrix = [\"{}\"]", user(name));
    let connection = connection(homeserver, &[room], setup.connection);
    configuration_in(&[&format!("matrix/{room}")], &connection, accounts, setup)
}

/// A setup as the tests on IRC have it, without what is of IRC alone.
pub(super) fn setup<'a>() -> Setup<'a> {
    Setup { connection: "", ..Setup::default() }
}

impl Person {
    /// Waits until somebody is in a room, where they came after.
    pub(super) fn sees(&mut self, room: &str, name: &str) {
        self.wait(&format!("{name} in the room"), |heard| {
            heard.room == room
                && heard.kind() == "m.room.member"
                && heard.event["state_key"] == user(name)
                && heard.event["content"]["membership"] == "join"
        });
    }
}

/// What somebody did and how it went, as the log has it.
pub(super) fn rows<'a>(log: &'a [Value], actor: &str, outcome: &str) -> Vec<&'a str> {
    let theirs = log.iter().filter(|row| row["actor"] == actor && row["outcome"] == outcome);
    theirs.map(|row| row["kind"].as_str().unwrap()).collect()
}
