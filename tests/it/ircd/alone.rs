//! The servers and the scripted client by themselves: what the other tests here stand on.

use super::client::Client;
use super::network::{Network, PORT, Wants};

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
    let mut bob = Client::knocking((&second, PORT), "bob", None);
    bob.welcome();
    bob.join("#ops");
    alice.wait("bob", |heard| heard.is("JOIN", "bob"));
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
