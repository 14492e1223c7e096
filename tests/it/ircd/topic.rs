//! The topic of a channel with a window, and what the bot tells the server of itself.

use super::network::{Network, Wants};
use super::program::{BOT, Program, Setup};
use super::scene::{ACCOUNTS, Scene};

#[test]
fn the_topic_says_how_the_window_stands_and_is_put_back() {
    let wants = Wants { accounts: ACCOUNTS, ..Wants::default() };
    let Some(network) = Network::with_services(&wants) else { return };
    let mut alice = network.person("alice", Some("alice"));
    alice.join("#ops");
    alice.send("MODE #ops -t");
    alice.send("TOPIC #ops :Deployments. Be kind");
    alice.wait("the topic", |heard| heard.is("TOPIC", "alice"));
    let program = Program::on(&network, &Setup { connection: "topic = true\n", ..Setup::default() });
    let topic = alice.wait("a topic with the window", |heard| heard.is("TOPIC", BOT));
    assert!(topic.text().contains("/real is on until"), "{topic:?}");
    assert!(topic.text().ends_with("] Deployments. Be kind"), "what people wrote stays: {topic:?}");
    alice.ask("!swat claim", "you lead ");
    alice.say("#ops", "!swat finish");
    alice.told(" done at ");
    // It changes a topic every thirty seconds at most.
    let put_back = alice.wait_long("the topic as it was", |heard| heard.is("TOPIC", BOT));
    assert_eq!(put_back.text(), "Deployments. Be kind");
    drop(program);
}

#[test]
fn it_says_that_it_is_a_bot() {
    let Some(mut scene) = Scene::set(&Setup::default()) else { return };
    scene.alice.send(&format!("WHOIS {BOT}"));
    scene.alice.wait("the word that it is a bot", |heard| heard.verb == "335" && heard.parameter(1) == BOT);
    scene.alice.wait("the end", |heard| heard.verb == "318");
    let account = scene.alice.wire.iter().find(|heard| heard.verb == "330").expect("it is logged in");
    assert_eq!(account.parameter(2), BOT, "{account:?}");
    // Each line of its own carries its account, as anybody's does.
    let answer = scene.alice.ask("!swat now", "is on");
    assert_eq!(answer.tags.get("account").map(String::as_str), Some(BOT));
}
