//! A homeserver on loopback. It is a model and no list of canned answers: there is one stream of events, rooms have
//! members, and what is asked for is cut out of that as a real server does it: limits, gaps, transaction ids.

mod rest;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Notify;

/// A running server; it stops with the runtime of the test.
#[derive(Clone)]
pub(crate) struct FakeMatrix {
    model: Arc<Mutex<Model>>,
    news: Arc<Notify>,
    port: u16,
}

/// What goes wrong with a request.
#[derive(Clone, Debug)]
pub(crate) enum Trouble {
    /// It is not looked at, and this status, type and body come back.
    Answer(u16, &'static str, String),
    /// It is done, and the connection is closed without an answer.
    Lost,
    /// It is done, and nothing comes.
    Held,
    /// It is not looked at, and the connection is closed.
    Drop,
    /// It is answered after this time.
    Slow(Duration),
    /// It is not looked at, and nothing comes.
    Hang,
    /// A sync begins this many events before the place that was asked for.
    Rewind(usize),
}

/// The account of the bot.
pub(crate) const BOT: &str = "@swatbot:example.org";
/// Its password.
pub(crate) const PASSWORD: &str = "hunter2";

#[derive(Default)]
struct Model {
    /// All events of all rooms, in order; a place `s7` is after the seventh.
    stream: Vec<(String, Value)>,
    /// Who invites the bot where, and at which place that happened.
    invites: BTreeMap<String, (usize, String)>,
    /// The rooms that the bot is in.
    inside: BTreeSet<String>,
    /// Tokens, with their devices.
    tokens: BTreeMap<String, String>,
    /// What was sent under which number, by device.
    sent: BTreeMap<(String, String), String>,
    logins: usize,
    troubles: Vec<(String, Trouble, usize)>,
    requests: Vec<String>,
    /// What a token that is not known any more is told.
    soft_logout: bool,
}

impl FakeMatrix {
    /// Starts on a free port, without rooms.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let port = listener.local_addr().expect("a bound socket has an address").port();
        let fake = Self { model: Arc::default(), news: Arc::default(), port };
        let server = fake.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(rest::serve(stream, server.clone()));
            }
        });
        fake
    }

    /// The address to configure.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn lock(&self) -> MutexGuard<'_, Model> {
        self.model.lock().expect("no test holds it while it fails")
    }

    /// An event comes into a room. Gives its id.
    pub(crate) fn event(&self, room: &str, event: Value) -> String {
        let id = self.lock().add(room, event);
        self.news.notify_waiters();
        id
    }

    /// Somebody says something.
    pub(crate) fn says(&self, room: &str, who: &str, text: &str) -> String {
        let content = json!({"msgtype": "m.text", "body": text});
        self.event(room, json!({"type": "m.room.message", "sender": who, "content": content}))
    }

    /// Somebody's membership of a room changes; `by` does it.
    pub(crate) fn member(&self, room: &str, who: &str, by: &str, membership: &str) {
        let content = json!({"membership": membership});
        self.event(
            room,
            json!({"type": "m.room.member", "sender": by, "state_key": who, "content": content}),
        );
    }

    /// A room that says which one it follows.
    pub(crate) fn created(&self, room: &str, before: &str) {
        let content = json!({"predecessor": {"room_id": before, "event_id": "$t"}});
        self.event(
            room,
            json!({"type": "m.room.create", "sender": "@eve:evil.example", "state_key": "", "content": content}),
        );
    }

    /// The bot is in a room.
    pub(crate) fn inside(&self, room: &str) {
        self.lock().inside.insert(room.to_owned());
        self.member(room, BOT, BOT, "join");
    }

    /// Somebody invites the bot.
    pub(crate) fn invite(&self, room: &str, by: &str) {
        let mut model = self.lock();
        let at = model.stream.len() + 1;
        model.stream.push((String::new(), json!({"type": "invitation", "unsigned": {}})));
        model.invites.insert(room.to_owned(), (at, by.to_owned()));
        drop(model);
        self.news.notify_waiters();
    }

    /// The bot is out of a room, as `by` wants it.
    pub(crate) fn remove(&self, room: &str, by: &str, membership: &str) {
        self.lock().inside.remove(room);
        self.member(room, BOT, by, membership);
    }

    /// The next `times` requests whose method and path hold these words go wrong.
    pub(crate) fn trouble(&self, words: &str, trouble: Trouble, times: usize) {
        self.lock().troubles.push((words.to_owned(), trouble, times));
    }

    /// Nothing goes wrong any more.
    pub(crate) fn trouble_is_over(&self) {
        self.lock().troubles.clear();
    }

    /// The place after everything that has happened.
    pub(crate) fn place(&self) -> String {
        format!("s{}", self.lock().stream.len())
    }

    /// Ends all sessions.
    pub(crate) fn log_out(&self, soft: bool) {
        let mut model = self.lock();
        model.tokens.clear();
        model.soft_logout = soft;
        drop(model);
        self.news.notify_waiters();
    }

    /// Makes a session that somebody else has logged in.
    pub(crate) fn token(&self, token: &str) {
        self.lock().tokens.insert(token.to_owned(), "THEIRS".to_owned());
    }

    /// How often the bot has logged in, and the devices that it is.
    pub(crate) fn logins(&self) -> (usize, BTreeSet<String>) {
        let model = self.lock();
        (model.logins, model.tokens.values().cloned().collect())
    }

    /// What the bot has said in a room, oldest first, each as `kind body`.
    pub(crate) fn said(&self, room: &str) -> Vec<String> {
        let model = self.lock();
        let own = model
            .stream
            .iter()
            .filter(|(of, event)| of == room && event["sender"] == BOT && event["type"] == "m.room.message");
        own.map(|(_, event)| {
            let text = |key: &str| event["content"][key].as_str().unwrap_or("?").to_owned();
            format!("{} {}", text("msgtype"), text("body"))
        })
        .collect()
    }

    /// All events of the bot's in a room, oldest first.
    pub(crate) fn own(&self, room: &str) -> Vec<Value> {
        let model = self.lock();
        let own = model
            .stream
            .iter()
            .filter(|(of, event)| of == room && event["sender"] == BOT && event["type"] != "m.room.member");
        own.map(|(_, event)| event.clone()).collect()
    }

    /// The requests whose method and path hold these words.
    pub(crate) fn requests(&self, words: &str) -> Vec<String> {
        self.lock().requests.iter().filter(|request| request.contains(words)).cloned().collect()
    }

    /// Waits until something is so.
    pub(crate) async fn until(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let waiting = async {
            while !is_so(self) {
                let news = self.news.notified();
                tokio::pin!(news);
                news.as_mut().enable();
                if !is_so(self) {
                    news.await;
                }
            }
        };
        let in_time = tokio::time::timeout(Duration::from_secs(3600), waiting).await;
        assert!(
            in_time.is_ok(),
            "{what}: {:?}",
            self.lock().requests.iter().rev().take(10).collect::<Vec<_>>()
        );
    }
}

impl Model {
    fn add(&mut self, room: &str, mut event: Value) -> String {
        let id = format!("$e{}:example.org", self.stream.len() + 1);
        event["event_id"] = json!(id);
        event["origin_server_ts"] = json!(1_520_276_100_000_i64);
        if event["unsigned"]["age"].is_null() {
            event["unsigned"] = json!({"age": 5});
        }
        self.stream.push((room.to_owned(), event));
        id
    }
}
