//! The scene that most tests begin with: a network, the bot, alice who deploys and bob who does not, all in #ops.

use super::client::Client;
use super::network::{Network, Wants};
use super::program::{BOT, Program, Setup};

/// Dropped, the program ends before its network does.
pub(super) struct Scene {
    pub(super) alice: Client,
    pub(super) bob: Client,
    pub(super) program: Program,
    pub(super) network: Network,
}

/// The accounts that services know in every test.
pub(super) const ACCOUNTS: &[&str] = &[BOT, "alice", "bob", "dan", "mallory", "otherbot"];

impl Scene {
    /// Sets it, or says that the servers are not here.
    pub(super) fn set(setup: &Setup<'_>) -> Option<Self> {
        let network = Network::with_services(&Wants { accounts: ACCOUNTS, ..Wants::default() })?;
        Some(Self::on(network, setup))
    }

    /// Sets it on a network.
    pub(super) fn on(network: Network, setup: &Setup<'_>) -> Self {
        let program = Program::on(&network, setup);
        let people = [("alice", Some("alice")), ("bob", Some("bob"))];
        let [mut alice, mut bob] = network.people(people);
        for person in [&mut alice, &mut bob] {
            person.join("#ops");
            person.sees(BOT);
        }
        Self { alice, bob, program, network }
    }

    /// Bob queues a patch, alice leads.
    pub(super) fn lead(&mut self) {
        self.bob.ask("!swat add 4", "#1 in ");
        self.alice.ask("!swat claim", "you lead ");
    }

    /// The patch is in motion too: the lead is waited for.
    pub(super) fn begin(&mut self) {
        self.lead();
        self.alice.ask("!swat start", "!swat check #1 deployer");
        self.alice.ask("!swat check #1 deployer", "step 2");
    }

    /// The kinds of the rows in the log, with who did it.
    pub(super) fn kinds(&self) -> Vec<String> {
        let of = |row: &serde_json::Value| {
            format!("{} {}", row["actor"].as_str().unwrap(), row["kind"].as_str().unwrap())
        };
        self.program.log().iter().map(of).collect()
    }
}
