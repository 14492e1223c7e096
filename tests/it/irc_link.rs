//! The connection to an IRC server, on a clock that runs as fast as the test: faults, delays, lines, TLS, leaving.

mod backoff;
mod faults;
mod lines;
mod tls;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use swatbot::clock::Clock;
use swatbot::config::{Irc, IrcLogin};
use swatbot::engine::id::{RoomId, Who};
use swatbot::engine::settings::Person;
use swatbot::engine::{Input, Kind, LinkChange, Place, Reply};
use swatbot::transport::Say;
use swatbot::transport::irc::link;
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::fake_irc::FakeIrc;
use super::make;

/// A connection that is kept, as its network thread keeps it.
struct Kept {
    heard: Arc<Heard>,
    says: UnboundedSender<Say>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Heard {
    /// Each call by itself, and when it came.
    calls: Mutex<Vec<(Instant, Vec<Input>)>>,
    /// What only the operator is told.
    notes: Mutex<Vec<String>>,
    news: Notify,
}

/// The network of these tests, as its configuration would be read.
fn network(port: u16) -> Irc {
    Irc {
        network: "test".to_owned(),
        server: "127.0.0.1".to_owned(),
        port,
        tls: false,
        ca_file: None,
        nick: "swatbot".to_owned(),
        alternative_nicks: vec!["swatbot-".to_owned()],
        real_name: "conducts deployment windows".to_owned(),
        account: None,
        login: IrcLogin::None,
        channels: vec!["#ops".to_owned()],
        ignore: Vec::new(),
        burst: 4,
        line_every: Duration::from_secs(1),
        formatting: false,
        topic: false,
    }
}

fn keep(settings: Irc) -> Kept {
    let heard = Arc::new(Heard::default());
    let (says, told) = unbounded_channel();
    let ears = Arc::clone(&heard);
    let hear = move |inputs| {
        ears.calls.lock().unwrap().push((Instant::now(), inputs));
        ears.news.notify_waiters();
        true
    };
    let notes = Arc::clone(&heard);
    let tell = move |what: &str| notes.notes.lock().unwrap().push(what.to_owned());
    let people = Arc::new(make::settings());
    let task = tokio::spawn(link::keep(settings, people, Clock::system(), hear, tell, told));
    Kept { heard, says, task }
}

/// A server, and a bot in its channel.
async fn connected(change: impl FnOnce(&mut Irc)) -> (FakeIrc, Kept) {
    let server = FakeIrc::here(None).await;
    let mut settings = network(server.port());
    change(&mut settings);
    let kept = keep(settings);
    kept.ups(1).await;
    // On this clock a second is enough for everything that follows from that.
    tokio::time::sleep(Duration::from_secs(1)).await;
    (server, kept)
}

impl Kept {
    /// What became of the connection so far, and when.
    fn changes(&self) -> Vec<(Instant, LinkChange)> {
        let calls = self.heard.calls.lock().unwrap();
        let inputs = calls.iter().flat_map(|(at, inputs)| inputs.iter().map(move |input| (*at, input)));
        inputs
            .filter_map(|(at, input)| match input {
                Input::Link(link) => Some((at, link.change.clone())),
                _ => None,
            })
            .collect()
    }

    /// Why it was lost, each time.
    fn lost(&self) -> Vec<String> {
        let lost = |(_, change)| match change {
            LinkChange::Lost(why) => Some(why),
            _ => None,
        };
        self.changes().into_iter().filter_map(lost).collect()
    }

    fn is_up(change: &LinkChange) -> bool {
        matches!(change, LinkChange::Up { .. })
    }

    /// The texts of the lines heard, one list for each call that had any.
    fn pastes(&self) -> Vec<Vec<String>> {
        let calls = self.heard.calls.lock().unwrap();
        let texts = calls.iter().map(|(_, inputs)| {
            let lines = inputs.iter().filter_map(|input| match input {
                Input::Line(line) => Some(line.text.clone()),
                _ => None,
            });
            lines.collect::<Vec<String>>()
        });
        texts.filter(|lines| !lines.is_empty()).collect()
    }

    async fn until<T>(&self, what: &str, mut look: impl FnMut(&Self) -> Option<T>) -> T {
        let deadline = Instant::now() + Duration::from_secs(3600);
        loop {
            let news = self.heard.news.notified();
            if let Some(found) = look(self) {
                return found;
            }
            let waited = tokio::time::timeout_at(deadline, news).await;
            assert!(waited.is_ok(), "{what} did not happen: {:#?}", self.heard.calls.lock().unwrap());
        }
    }

    /// Waits until it was up so often, and gives when.
    async fn ups(&self, count: usize) -> Instant {
        self.until(&format!("up {count} times"), |kept| {
            let ups = kept.changes().into_iter().filter(|(_, change)| Self::is_up(change));
            ups.map(|(at, _)| at).nth(count - 1)
        })
        .await
    }

    /// Waits until it is lost, and gives when and why.
    async fn loses(&self) -> (Instant, String) {
        self.until("the loss", |kept| {
            kept.changes().into_iter().find_map(|(at, change)| match change {
                LinkChange::Lost(why) => Some((at, why)),
                _ => None,
            })
        })
        .await
    }

    fn tell(&self, texts: &[&str]) {
        let replies = texts.iter().map(|text| reply(text)).collect();
        self.says.send(Say::Replies(replies)).unwrap();
    }

    fn quit(&self, words: &str) {
        self.says.send(Say::Quit(words.to_owned())).unwrap();
    }
}

fn reply(text: &str) -> Reply {
    let mut reply = Reply::new(Place::Room(RoomId("test/#ops".to_owned())), text.to_owned());
    reply.kind = Kind::Plain;
    reply
}

#[tokio::test(start_paused = true)]
async fn it_connects_joins_and_says_what_it_is_told() {
    let (server, kept) = connected(|_| {}).await;
    assert_eq!(server.heard("JOIN").len(), 1);
    kept.tell(&["bob: noted"]);
    assert_eq!(server.hears("NOTICE", 1).await, ["NOTICE #ops :bob: noted"]);
    assert_eq!((server.connections(), kept.lost()), (1, vec![]));
}

#[tokio::test(start_paused = true)]
async fn a_paste_is_heard_as_one() {
    let (server, kept) = connected(|_| {}).await;
    let lines: Vec<String> = (1..=20).map(|number| format!("!log row {number}")).collect();
    let said =
        lines.iter().map(|line| format!("@account=alice :alice!a@users.test PRIVMSG #ops :{line}\r\n"));
    server.send(said.collect::<String>());
    kept.until("the last row", |kept| kept.pastes().concat().contains(&lines[19]).then_some(())).await;
    assert_eq!(kept.pastes(), [lines]);
}

#[tokio::test(start_paused = true)]
async fn what_may_go_out_goes_out_at_once() {
    let (server, kept) = connected(|irc| irc.burst = 4).await;
    // The server has counted the lines with which the bot came in.
    let began = Instant::now();
    kept.tell(&["one", "two", "three"]);
    server.hears("NOTICE", 1).await;
    assert_eq!(began.elapsed(), Duration::ZERO);
    server.hears("NOTICE", 3).await;
    assert!(began.elapsed() >= Duration::from_millis(900), "{:?}", began.elapsed());
    tokio::time::advance(Duration::from_secs(10)).await;
    let began = Instant::now();
    kept.tell(&["four"]);
    kept.tell(&["five", "six"]);
    server.hears("NOTICE", 6).await;
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn what_waits_outlives_the_connection() {
    let (server, kept) = connected(|_| {}).await;
    server.refuse(3);
    server.close();
    kept.loses().await;
    kept.tell(&["said while nobody could hear it"]);
    server.hears("said while", 1).await;
    assert_eq!(server.said().last().unwrap().connection, 5, "after three that failed");
}

#[tokio::test(start_paused = true)]
async fn what_a_dead_connection_has_swallowed_is_said_again() {
    let (server, kept) = connected(|_| {}).await;
    let ping = |text: &str| {
        let ping = vec![Who("test/alice".to_owned())];
        kept.says.send(Say::Replies(vec![Reply { ping, ..reply(text) }])).unwrap();
    };
    ping("alice: this arrives");
    server.hears("this arrives", 1).await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    server.freeze();
    ping("alice: nobody reads this");
    server.hears("nobody reads this", 1).await;
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!((server.heard("this arrives").len(), server.connections()), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn a_ping_that_outlives_the_connection_has_the_nick_that_somebody_has_then() {
    let (server, kept) = connected(|_| {}).await;
    server.add("alice-phone", Some("alice"));
    server.close();
    kept.loses().await;
    let mut ping = reply("alice: your patch is next");
    ping.ping = vec![Who("test/alice".to_owned())];
    kept.says.send(Say::Replies(vec![ping])).unwrap();
    assert_eq!(server.hears("PRIVMSG", 1).await, ["PRIVMSG #ops :alice-phone: your patch is next"]);
}

#[tokio::test(start_paused = true)]
async fn a_topic_is_set_again_after_the_connection_and_given_back() {
    let (server, kept) = connected(|irc| irc.topic = true).await;
    let theirs = "Deployments and nothing else";
    let say = |text: Option<&str>| {
        let room = RoomId("test/#ops".to_owned());
        kept.says.send(Say::Topic(room, text.map(str::to_owned))).unwrap();
    };
    server.set_topic(theirs);
    server.close();
    kept.ups(2).await;
    say(Some("the morning window is on"));
    server.hears("TOPIC #ops", 1).await;
    assert!(server.topic().contains("the morning window is on") && server.topic().contains(theirs));
    // Whoever comes back finds the topic of somebody who has forgotten it meanwhile.
    server.set_topic(theirs);
    server.reset();
    server.hears("TOPIC #ops", 2).await;
    assert!(server.topic().contains("the morning window is on"), "{}", server.topic());
    say(None);
    server.hears("TOPIC #ops", 3).await;
    assert_eq!(server.topic(), theirs);
}

#[tokio::test(start_paused = true)]
async fn the_operator_hears_once_that_a_topic_cannot_be_set() {
    let (server, kept) = connected(|irc| irc.topic = true).await;
    let why = "You're not a channel operator";
    for again in 2..4 {
        server.send(format!(":irc.test 482 swatbot #ops :{why}\r\n"));
        server.close();
        kept.ups(again).await;
    }
    assert_eq!(*kept.heard.notes.lock().unwrap(), [format!("test/#ops: I cannot set the topic: {why}")]);
}

#[tokio::test(start_paused = true)]
async fn people_of_a_configuration_that_was_read_again_are_pinged_by_their_nicks() {
    let server = FakeIrc::here(None).await;
    server.add("bobby", Some("bob"));
    let kept = keep(network(server.port()));
    kept.ups(1).await;
    server.hears("WHO #ops", 1).await;
    let mut people = make::settings();
    people.people.push(Person {
        id: Who("robert".to_owned()),
        roles: Vec::new(),
        accounts: vec!["test/bob".to_owned()],
        review: None,
    });
    kept.says.send(Say::Settings(Arc::new(people))).unwrap();
    let mut ping = reply("robert: your patch is next");
    ping.ping = vec![Who("robert".to_owned())];
    kept.says.send(Say::Replies(vec![ping])).unwrap();
    let said = server.hears("your patch is next", 1).await;
    assert!(said[0].starts_with("PRIVMSG #ops :") && said[0].contains("bobby"), "{said:?}");
}

#[tokio::test(start_paused = true)]
async fn it_leaves_with_its_words_after_what_still_waits() {
    let (server, kept) = connected(|irc| irc.burst = 1).await;
    kept.tell(&["line one", "line two", "line three"]);
    kept.quit("swatbot restarts");
    kept.task.await.unwrap();
    let said: Vec<String> = server.said().into_iter().map(|said| said.line).collect();
    assert!(said.ends_with(&[
        "NOTICE #ops :line one".to_owned(),
        "NOTICE #ops :line two".to_owned(),
        "NOTICE #ops :line three".to_owned(),
        "QUIT :swatbot restarts".to_owned(),
    ]));
    assert_eq!(server.connections(), 1);
}

#[tokio::test(start_paused = true)]
async fn it_leaves_in_time_whatever_waits() {
    let (server, kept) = connected(|irc| (irc.burst, irc.line_every) = (1, Duration::from_secs(60))).await;
    kept.tell(&["one", "two"]);
    server.hears("one", 1).await;
    let began = Instant::now();
    kept.quit("swatbot restarts");
    kept.task.await.unwrap();
    assert!(began.elapsed() <= Duration::from_secs(7), "{:?}", began.elapsed());
    assert_eq!((server.heard("QUIT").len(), server.heard("two").len()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn it_leaves_at_once_where_nothing_can_be_said() {
    // In the middle of the handshake, and between two attempts.
    let server = FakeIrc::here(None).await;
    server.welcome(super::fake_irc::Welcome::Silence);
    let kept = keep(network(server.port()));
    server.connects(1).await;
    let other = keep(network(1));
    other.loses().await;
    let began = Instant::now();
    for kept in [kept, other] {
        kept.quit("swatbot restarts");
        kept.task.await.unwrap();
    }
    assert!(began.elapsed() <= Duration::from_secs(2), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn it_ends_when_nobody_is_left_to_tell_it_anything() {
    let (server, kept) = connected(|_| {}).await;
    drop(kept.says);
    kept.task.await.unwrap();
    assert_eq!(server.connections(), 1);
}
