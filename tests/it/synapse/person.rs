//! Somebody at a client: they speak in rooms, keep all that they read, and wait for what they are told.

use std::fmt;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::homeserver::NAME;
use super::nio::{Nio, Told, send};
use super::rest::{Rest, encoded};
use crate::ircd::daemon::LONG_ENOUGH;
use crate::ircd::network::password;
use crate::ircd::program::BOT;

/// A person with an account.
pub(super) struct Person {
    /// The first part of their user id.
    pub(super) name: String,
    /// Their user id.
    pub(super) user: String,
    /// Requests of theirs.
    pub(super) rest: Rest,
    /// The client that reads and writes for them, where rooms are encrypted.
    nio: Option<Nio>,
    /// The next message gets a new key, which everybody's devices get.
    renews: bool,
    device: String,
    since: Option<String>,
    /// Every event of a room that they read, in order.
    pub(super) wire: Vec<Heard>,
    /// The first one that no `wait` has passed yet.
    next: usize,
    sent: usize,
}

/// An event as they read it.
#[derive(Clone)]
pub(super) struct Heard {
    /// Its room.
    pub(super) room: String,
    /// The whole of it, decrypted.
    pub(super) event: Value,
    /// It came encrypted.
    pub(super) is_encrypted: bool,
    /// It could be decrypted, or needed not to be.
    pub(super) is_readable: bool,
}

impl fmt::Debug for Heard {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {} {}", self.sender(), self.kind(), self.event["content"])
    }
}

impl Heard {
    /// Who sent it.
    pub(super) fn sender(&self) -> &str {
        self.event["sender"].as_str().unwrap_or_default()
    }

    /// Its type.
    pub(super) fn kind(&self) -> &str {
        self.event["type"].as_str().unwrap_or_default()
    }

    /// Its id.
    pub(super) fn id(&self) -> &str {
        self.event["event_id"].as_str().unwrap_or_default()
    }

    /// What is said in it.
    pub(super) fn text(&self) -> &str {
        self.event["content"]["body"].as_str().unwrap_or_default()
    }

    /// The kind of message that it is: `m.text`, `m.notice`.
    pub(super) fn msgtype(&self) -> &str {
        self.event["content"]["msgtype"].as_str().unwrap_or_default()
    }

    /// Whom it mentions.
    pub(super) fn mentions(&self) -> Vec<&str> {
        let users = self.event["content"]["m.mentions"]["user_ids"].as_array();
        users.into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// Whether the bot says something new in it.
    pub(super) fn is_of_the_bot(&self) -> bool {
        self.sender() == user(BOT)
            && self.kind() == "m.room.message"
            && self.event["content"]["m.relates_to"]["rel_type"] != "m.replace"
    }
}

/// The user id of an account.
pub(super) fn user(name: &str) -> String {
    format!("@{name}:{NAME}")
}

impl Person {
    /// Somebody who gets an account now.
    pub(super) fn new(mut rest: Rest, name: &str) -> Self {
        let account = json!({
            "username": name, "password": password(name), "auth": {"type": "m.login.dummy"},
        });
        let account = rest.post("/_matrix/client/v3/register", &account);
        rest.token = account["access_token"].as_str().map(str::to_owned);
        let name = name.to_owned();
        let device = account["device_id"].as_str().unwrap().to_owned();
        Self {
            user: user(&name),
            name,
            rest,
            nio: None,
            renews: false,
            device,
            since: None,
            wire: Vec::new(),
            next: 0,
            sent: 0,
        }
    }

    /// Takes a client that encrypts, on the same device.
    pub(super) fn takes_keys(&mut self) {
        let session = json!({
            "homeserver": self.rest.url(), "user": self.user, "device": self.device, "token": self.rest.token,
            "password": password(&self.name),
        });
        self.nio = Some(Nio::start(&session));
        self.did();
    }

    /// Makes an identity of their own and signs the device with it.
    pub(super) fn cross_signs(&mut self) {
        self.nio.as_mut().unwrap().wish(&json!({"do": "cross-sign"}));
        assert_eq!(self.did(), Value::Null);
    }

    /// Gives the next message a new key, as clients do every now and then.
    pub(super) fn renews_keys(&mut self) {
        self.renews = true;
    }

    /// Waits until their client has done what it was asked for, and gives the result.
    fn did(&mut self) -> Value {
        let end = Instant::now() + LONG_ENOUGH;
        let nio = self.nio.as_mut().unwrap();
        loop {
            match nio.next(end) {
                Some(Told::Did(result)) => return result,
                Some(Told::Heard(heard)) => self.wire.push(heard),
                None => panic!("the client of {} does not do it: {:#?}", self.name, self.last()),
            }
        }
    }

    /// Logs in on another device, which nobody has verified.
    pub(super) fn on_another_device(&self) -> Self {
        let login = json!({
            "type": "m.login.password", "identifier": {"type": "m.id.user", "user": self.name},
            "password": password(&self.name),
        });
        let session = self.rest.post("/_matrix/client/v3/login", &login);
        let mut rest = self.rest.clone();
        rest.token = session["access_token"].as_str().map(str::to_owned);
        let device = session["device_id"].as_str().unwrap().to_owned();
        let (user, name) = (self.user.clone(), self.name.clone());
        let mut person = Self {
            user,
            name,
            rest,
            nio: None,
            renews: false,
            device,
            since: None,
            wire: Vec::new(),
            next: 0,
            sent: 1_000_000,
        };
        person.takes_keys();
        person
    }

    /// Takes a name to be shown under.
    pub(super) fn show_as(&self, name: &str) {
        let path = format!("/_matrix/client/v3/profile/{}/displayname", encoded(&self.user));
        self.rest.put(&path, &json!({"displayname": name}));
    }

    /// Makes a room, with this in its state, and invites these.
    pub(super) fn make_room(&self, state: &Value, guests: &[&str]) -> String {
        let guests: Vec<String> = guests.iter().map(|guest| user(guest)).collect();
        let wish = json!({"preset": "private_chat", "invite": guests, "initial_state": state});
        let room = self.rest.post("/_matrix/client/v3/createRoom", &wish);
        room["room_id"].as_str().unwrap().to_owned()
    }

    /// Goes into a room.
    pub(super) fn join(&self, room: &str) {
        self.rest.post(&format!("{}/join", place(room)), &json!({}));
    }

    /// Does to somebody what rooms allow: `invite`, `kick`, `ban`, `unban`.
    pub(super) fn does(&self, what: &str, room: &str, name: &str) {
        self.rest.post(&format!("{}/{what}", place(room)), &json!({"user_id": user(name)}));
    }

    /// Sends an event of any kind, encrypted where the room is and they have a client for that, and gives its id.
    pub(super) fn send(&mut self, room: &str, kind: &str, content: &Value) -> String {
        if let Some(nio) = &mut self.nio {
            let mut wish = send(room, kind, content);
            wish["anew"] = std::mem::take(&mut self.renews).into();
            nio.wish(&wish);
            let id = self.did();
            return id.as_str().filter(|id| id.starts_with('$')).unwrap_or_else(|| panic!("{id}")).to_owned();
        }
        let (status, answer) = self.try_to_send(room, kind, content);
        assert_eq!(status, 200, "{} sends {content}: {answer}", self.name);
        answer["event_id"].as_str().unwrap().to_owned()
    }

    /// The same in clear, whatever the room is, where the server may refuse.
    pub(super) fn try_to_send(&mut self, room: &str, kind: &str, content: &Value) -> (u16, Value) {
        self.sent += 1;
        let path = format!("{}/send/{kind}/tests-{}", place(room), self.sent);
        self.rest.ask("PUT", &path, &content.to_string())
    }

    /// Says a line.
    pub(super) fn say(&mut self, room: &str, text: &str) -> String {
        self.send(room, "m.room.message", &json!({"msgtype": "m.text", "body": text}))
    }

    /// Says a line and waits for the answer: a notice in the room that begins with their name.
    pub(super) fn ask(&mut self, room: &str, line: &str, words: &str) -> Heard {
        self.say(room, line);
        self.answered(room, line, words)
    }

    /// Waits for the next answer to them.
    pub(super) fn answered(&mut self, room: &str, line: &str, words: &str) -> Heard {
        let name = format!("{}: ", self.name);
        let answer = self.wait(&format!("the answer to {line}"), |heard| {
            heard.room == room
                && heard.is_of_the_bot()
                && heard.msgtype() == "m.notice"
                && heard.text().starts_with(&name)
        });
        assert!(answer.text().contains(words), "{line}: {words:?} is not in {answer:?}");
        answer
    }

    /// Waits for something that the bot says with these words.
    pub(super) fn told(&mut self, words: &str) -> Heard {
        self.wait(words, |heard| heard.is_of_the_bot() && heard.text().contains(words))
    }

    /// Waits for an event that is not passed yet, and passes it and all before it.
    pub(super) fn wait(&mut self, what: &str, is_it: impl Fn(&Heard) -> bool) -> Heard {
        self.wait_until(Instant::now() + LONG_ENOUGH, what, is_it)
    }

    /// The same for what takes up to a minute and a half.
    pub(super) fn wait_long(&mut self, what: &str, is_it: impl Fn(&Heard) -> bool) -> Heard {
        self.wait_until(Instant::now() + 3 * LONG_ENOUGH, what, is_it)
    }

    fn wait_until(&mut self, end: Instant, what: &str, is_it: impl Fn(&Heard) -> bool) -> Heard {
        loop {
            while let Some(heard) = self.wire.get(self.next) {
                self.next += 1;
                if is_it(heard) {
                    return heard.clone();
                }
            }
            let left = end.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "{} waits for {what} in vain: {:#?}", self.name, self.last());
            self.read(left.as_millis().min(10_000) as u64);
        }
    }

    /// Reads what has come by now, and what comes within so many milliseconds where that is nothing.
    pub(super) fn read(&mut self, most: u64) {
        if let Some(nio) = &mut self.nio {
            match nio.next(Instant::now() + Duration::from_millis(most)) {
                Some(Told::Heard(heard)) => self.wire.push(heard),
                Some(Told::Did(_)) | None => {}
            }
            return;
        }
        const FILTER: &str = r#"{"room":{"timeline":{"limit":1000}}}"#;
        let since = self.since.as_ref().map(|since| format!("&since={}", encoded(since)));
        let path = format!(
            "/_matrix/client/v3/sync?timeout={most}&filter={}{}",
            encoded(FILTER),
            since.unwrap_or_default()
        );
        let news = self.rest.got(&path);
        self.since = news["next_batch"].as_str().map(str::to_owned);
        for way in ["join", "leave"] {
            for (room, news) in news["rooms"][way].as_object().into_iter().flatten() {
                for event in news["timeline"]["events"].as_array().into_iter().flatten() {
                    let is_encrypted = event["type"] == "m.room.encrypted";
                    let (room, event) = (room.clone(), event.clone());
                    self.wire.push(Heard { room, event, is_encrypted, is_readable: !is_encrypted });
                }
            }
        }
    }

    /// The events that the homeserver has notified them of, loudly: those that a client shows as a mention.
    pub(super) fn notifications(&self) -> Vec<String> {
        let list = self.rest.got("/_matrix/client/v3/notifications?only=highlight&limit=1000");
        let id = |one: &Value| one["event"]["event_id"].as_str().unwrap().to_owned();
        list["notifications"].as_array().unwrap().iter().map(id).collect()
    }

    fn last(&self) -> &[Heard] {
        &self.wire[self.wire.len().saturating_sub(40)..]
    }
}

/// Where the requests about a room go.
pub(super) fn place(room: &str) -> String {
    format!("/_matrix/client/v3/rooms/{}", encoded(room))
}
