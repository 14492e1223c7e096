//! Where nobody can be told apart: ngircd has no account-tag and no services.

use super::client::Client;
use super::network::{Network, PORT};
use super::program::{BOT, Program, Setup, configuration, connection};

#[test]
fn on_a_server_without_accounts_it_is_read_only_and_says_why_once() {
    let Some(network) = Network::without_anything() else { return };
    let mut alice = Client::plain(network.address(), "alice");
    alice.join("#ops");
    let setup = Setup::default();
    let program = Program::start(&configuration(&connection(&network.host, PORT, ""), &setup));
    alice.wait("the bot", |heard| heard.is("JOIN", BOT));
    let why = alice.told("account-tag");
    assert!(
        why.verb == "NOTICE" && why.parameter(0) == "#ops" && why.text().ends_with("[read-only]"),
        "{why:?}"
    );
    let queue = alice.ask("!swat queue", "empty");
    assert!(queue.tags.is_empty(), "{queue:?}");
    for line in ["!swat add 4", "!swat claim", "!swat hold", "!log I was here"] {
        let no = alice.ask(line, ": no: ");
        assert!(no.text().ends_with("[read-only]"), "{no:?}");
    }
    alice.ask("!swat whoami", "I cannot tell who is who");
    let reasons = alice.wire.iter().filter(|heard| heard.text().contains("commands do not")).count();
    assert_eq!(reasons, 1, "it is said once: {:#?}", alice.wire);
    let log = program.log();
    let refused = log.iter().filter(|row| row["outcome"] == "refused").count();
    assert_eq!(refused, 4, "{log:#?}");
}
