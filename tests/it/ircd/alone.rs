//! The servers and the scripted client by themselves: what the other tests here stand on.

use std::process::{Command, Stdio};

use super::client::Client;
use super::network::{Network, PEOPLE, TLS_PORT, Wants};

#[test]
fn people_with_accounts_talk_and_the_account_is_on_each_message() {
    let wants = Wants { accounts: &["alice", "bob"], ..Wants::default() };
    let Some(network) = Network::with_services(&wants) else { return };
    let people = [("alice", Some("alice")), ("bobby", Some("bob")), ("mallory", None)];
    let [mut alice, mut bob, mut mallory] = network.people(people);
    alice.join("#ops");
    bob.join("#ops");
    mallory.join("#ops");
    let joined = alice.wait("bob", |heard| heard.is("JOIN", "bobby"));
    assert_eq!(joined.parameter(1), "bob", "{joined:?}");

    bob.say("#ops", "hello");
    let hello = alice.wait("hello", |heard| heard.is("PRIVMSG", "bobby"));
    assert_eq!((hello.parameter(0), hello.text()), ("#ops", "hello"));
    assert_eq!(hello.tags.get("account").map(String::as_str), Some("bob"), "{hello:?}");
    assert!(hello.tags.contains_key("msgid") && hello.tags.contains_key("time"), "{hello:?}");
    mallory.say("#ops", "hello");
    let hello = alice.wait("hello", |heard| heard.is("PRIVMSG", "mallory"));
    assert!(!hello.tags.contains_key("account"), "{hello:?}");

    // The account stays with another nick, and goes with the login.
    bob.take_nick("alice_");
    bob.say("#ops", "it is me");
    let me = alice.wait("it is me", |heard| heard.is("PRIVMSG", "alice_"));
    assert_eq!(me.tags.get("account").map(String::as_str), Some("bob"), "{me:?}");
    bob.say("NickServ@services.test", "LOGOUT");
    let left = alice.wait("the logout", |heard| heard.is("ACCOUNT", "alice_"));
    assert_eq!(left.text(), "*");
    bob.say("#ops", "and now");
    let now = alice.wait("and now", |heard| heard.is("PRIVMSG", "alice_"));
    assert!(!now.tags.contains_key("account"), "{now:?}");
}

#[test]
fn a_netsplit_and_an_operator_are_as_on_a_real_network() {
    let Some(mut network) = Network::with_services(&Wants::default()) else { return };
    let second = network.link_second();
    let mut alice = network.person("alice", None);
    alice.join("#ops");
    let mut bob = Client::knocking((&second, PEOPLE), "bob", None);
    bob.welcome();
    bob.join("#ops");
    alice.sees("bob");
    bob.sees("alice");
    network.split();
    let left = alice.wait("the split", |heard| heard.is("QUIT", "bob"));
    assert_eq!(left.text(), "irc.test irc2.test");

    let mut operator = network.operator();
    operator.send("SANICK alice renamed");
    alice.wait("the new nick", |heard| heard.is("NICK", "alice") && heard.text() == "renamed");
    operator.send("KILL renamed :go away");
    alice.wait_for_the_end();
}

#[test]
fn ngircd_gives_no_account() {
    let Some(network) = Network::without_anything() else { return };
    let mut alice = Client::plain(network.address(), "alice");
    let mut bob = Client::plain(network.address(), "bob");
    alice.send("CAP LS 302");
    let offered = alice.wait("the capabilities", |heard| heard.verb == "CAP");
    assert!(!offered.text().contains("account-tag"), "{offered:?}");
    alice.join("#ops");
    bob.join("#ops");
    bob.say("#ops", "hello");
    let hello = alice.wait("hello", |heard| heard.is("PRIVMSG", "bob"));
    assert!(hello.tags.is_empty() && hello.text() == "hello", "{hello:?}");
    assert!(alice.catch_up().is_empty());
}

#[test]
fn the_certificate_is_for_the_name_and_from_the_authority() {
    let wants = Wants { tls: Some(None), ..Wants::default() };
    let Some(network) = Network::with_services(&wants) else { return };
    let shaken = |authority: &str, name: &str| {
        let to = format!("{}:{TLS_PORT}", network.host);
        let arguments = ["s_client", "-verify_return_error", "-verify_ip", name, "-connect", &to, "-CAfile"];
        let output = Command::new("openssl")
            .args(arguments)
            .arg(network.file(authority))
            .stdin(Stdio::null())
            .output();
        String::from_utf8_lossy(&output.unwrap().stdout).contains("Verify return code: 0 (ok)")
    };
    assert!(shaken("ca.pem", &network.host));
    assert!(!shaken("other.pem", &network.host));
    assert!(!shaken("ca.pem", "127.0.0.1"));
}

#[test]
fn an_operator_does_what_the_tests_need() {
    let Some(mut network) = Network::with_services(&Wants { accounts: &["bob"], ..Wants::default() }) else {
        return;
    };
    let mut operator = network.operator();
    let [mut alice, mut bob] = network.people([("alice", None), ("bob", Some("bob"))]);
    alice.join("#ops");
    bob.join("#ops");
    operator.send("SAJOIN operator #ops");
    operator.wait("the channel", |heard| heard.verb == "366");
    operator.send("SAMODE #ops +o operator");
    operator.send("TOPIC #ops :Be kind");
    bob.wait("the topic", |heard| heard.is("TOPIC", "operator") && heard.text() == "Be kind");
    operator.send("KICK #ops alice :out");
    bob.wait("the kick", |heard| heard.verb == "KICK" && heard.parameter(1) == "alice");
    // What is said to those with rights does not reach the others.
    operator.send("SAMODE #ops +o bob");
    bob.wait("the rights", |heard| heard.verb == "MODE" && heard.raw.contains("bob"));
    operator.say("@#ops", "between us");
    let between = bob.wait("the word", |heard| heard.is("PRIVMSG", "operator"));
    assert_eq!(between.parameter(0), "@#ops");

    network.stop();
    bob.wait_for_the_end();
    network.start_again();
    let [mut bob] = network.people([("bob", Some("bob"))]);
    bob.join("#ops");
    assert!(bob.wire.iter().any(|heard| heard.verb == "900"), "services know him as before");
}
