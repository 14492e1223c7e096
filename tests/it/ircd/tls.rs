//! A connection that is encrypted: the server proves its name, or nothing is said to it.

use super::network::{Network, TLS_PORT, Wants};
use super::program::{BOT, Program, Setup, configuration, connection};
use super::scene::ACCOUNTS;

/// The bot on the encrypted port of a network, with this file as its only authority.
fn encrypted(network: &Network, authority: &str) -> Program {
    let authority = network.file(authority);
    let keys = format!(
        "tls = true\nca_file = \"{}\"\naccount = \"{BOT}\"\npassword_file = \"password\"\n",
        authority.display()
    );
    Program::start(&configuration(&connection(&network.host, TLS_PORT, &keys), &Setup::default()))
}

#[test]
fn a_server_whose_authority_is_pinned_is_talked_to() {
    let wants = Wants { accounts: ACCOUNTS, tls: Some(None), ..Wants::default() };
    let Some(network) = Network::with_services(&wants) else { return };
    let program = encrypted(&network, "ca.pem");
    let mut bob = network.person("bob", Some("bob"));
    bob.join("#ops");
    bob.sees(BOT);
    bob.ask("!swat add 4", "#1 in ");
    drop(program);
}

#[test]
fn a_server_that_cannot_prove_its_name_is_told_nothing() {
    for (name, authority) in [(None, "other.pem"), (Some("irc.example.test"), "ca.pem")] {
        let wants = Wants { accounts: ACCOUNTS, tls: Some(name), ..Wants::default() };
        let Some(network) = Network::with_services(&wants) else { return };
        let mut bob = network.person("bob", Some("bob"));
        bob.join("#ops");
        let program = encrypted(&network, authority);
        let row = program.wait_for_row("the refusal", |row| row["kind"] == "link");
        assert!(row["text"].as_str().unwrap().contains("is lost"), "{row}");
        let seen = bob.catch_up();
        assert!(!seen.iter().any(|heard| heard.is("JOIN", BOT)), "{seen:?}");
    }
}
