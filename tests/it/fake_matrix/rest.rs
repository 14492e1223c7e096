//! The HTTP side of the fake homeserver: requests read, endpoints answered from the model, troubles on top.

use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{BOT, FakeMatrix, Model, PASSWORD, Trouble};

struct Request {
    method: String,
    /// The parts of the path after `/_matrix/client/v3/`, decoded.
    path: Vec<String>,
    query: Vec<(String, String)>,
    token: Option<String>,
    body: Value,
}

type Answer = (u16, &'static str, String);

/// Answers one request and closes the connection. An error means that the client has gone, which is its right.
pub(super) async fn serve(mut stream: TcpStream, fake: FakeMatrix) {
    let Some(request) = read(&mut stream).await else { return };
    let name = format!("{} {}", request.method, request.path.join("/"));
    let trouble = {
        let mut model = fake.lock();
        model.requests.push(name.clone());
        model.next_trouble(&name)
    };
    fake.news.notify_waiters();
    let answer = match &trouble {
        Some(Trouble::Answer(status, kind, body)) => (*status, *kind, body.clone()),
        Some(Trouble::Drop) => return,
        Some(Trouble::Hang) => {
            // The client gives up at some point, and then this read ends.
            let _ = stream.read(&mut [0]).await;
            return;
        }
        Some(Trouble::Slow(time)) => {
            tokio::time::sleep(*time).await;
            answer(&fake, &request, 0).await
        }
        Some(Trouble::Rewind(events)) => answer(&fake, &request, *events).await,
        Some(Trouble::Lost | Trouble::Held) | None => answer(&fake, &request, 0).await,
    };
    if matches!(trouble, Some(Trouble::Lost)) {
        return;
    }
    if matches!(trouble, Some(Trouble::Held)) {
        let _ = stream.read(&mut [0]).await;
        return;
    }
    let (status, kind, body) = answer;
    let head = format!(
        "HTTP/1.1 {status} -\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
}

async fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|end| end == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
    let header = |name: &str| {
        let found = head.lines().filter_map(|line| line.split_once(": "));
        found.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
    };
    let length = header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    while bytes.len() < end + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    let mut words = head.lines().next()?.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let path = path.strip_prefix("/_matrix/client/v3/")?;
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    Some(Request {
        method,
        path: path.split('/').map(decode).collect(),
        query: pairs.map(|(key, value)| (decode(key), decode(value))).collect(),
        token: header("authorization").and_then(|it| Some(it.strip_prefix("Bearer ")?.to_owned())),
        body: serde_json::from_slice(&bytes[end..end + length]).unwrap_or(Value::Null),
    })
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        match (first, after) {
            (b'%', [a, b, after @ ..]) => {
                let code =
                    std::str::from_utf8(&[*a, *b]).ok().and_then(|hex| u8::from_str_radix(hex, 16).ok());
                bytes.push(code.expect("two digits"));
                rest = after;
            }
            (b'+', _) => bytes.push(b' '),
            _ => bytes.push(*first),
        }
    }
    String::from_utf8(bytes).expect("a path is text")
}

impl Request {
    fn query(&self, key: &str) -> Option<&str> {
        self.query.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }
}

fn fault(status: u16, code: &str) -> Answer {
    (status, "application/json", json!({"errcode": code, "error": "no"}).to_string())
}

fn good(value: &Value) -> Answer {
    (200, "application/json", value.to_string())
}

async fn answer(fake: &FakeMatrix, request: &Request, rewind: usize) -> Answer {
    let path: Vec<&str> = request.path.iter().map(String::as_str).collect();
    if (request.method.as_str(), path.as_slice()) == ("POST", &["login"]) {
        return fake.lock().log_in(&request.body);
    }
    let device = request.token.as_ref().and_then(|token| fake.lock().tokens.get(token).cloned());
    let Some(device) = device else { return logged_out(fake) };
    let answer = match (request.method.as_str(), path.as_slice()) {
        ("GET", ["account", "whoami"]) => good(&json!({"user_id": BOT, "device_id": device})),
        ("GET", ["sync"]) => return sync(fake, request, rewind).await,
        // Keys are swallowed: what is encrypted with them, nobody here can read.
        ("POST", ["keys", "upload"]) => good(&json!({"one_time_key_counts": {"signed_curve25519": 50}})),
        ("POST", ["keys", "query" | "claim"]) => good(&json!({"device_keys": {}, "one_time_keys": {}})),
        ("GET", ["user", _, "account_data", _]) => fault(404, "M_NOT_FOUND"),
        ("GET", ["rooms", room, "messages"]) => good(&fake.lock().messages(room, request)),
        ("PUT", ["rooms", room, "send", kind, number]) => {
            fake.lock().send(&device, room, kind, number, &request.body)
        }
        ("GET", ["rooms", room, "state", kind, ..]) => {
            let model = fake.lock();
            match model.of(room, &[kind]).last() {
                Some((_, event)) => good(&event["content"]),
                None if model.inside.contains(*room) => fault(404, "M_NOT_FOUND"),
                None => fault(403, "M_FORBIDDEN"),
            }
        }
        ("POST", ["rooms", room, "join"]) => {
            let invited = fake.lock().invites.remove(*room).is_some();
            if invited {
                fake.inside(room);
                good(&json!({"room_id": room}))
            } else {
                fault(403, "M_FORBIDDEN")
            }
        }
        ("POST", ["rooms", room, "leave"]) => {
            fake.lock().invites.remove(*room);
            good(&json!({}))
        }
        _ => fault(404, "M_UNRECOGNIZED"),
    };
    fake.news.notify_waiters();
    answer
}

fn logged_out(fake: &FakeMatrix) -> Answer {
    let soft = fake.lock().soft_logout;
    let body = json!({"errcode": "M_UNKNOWN_TOKEN", "error": "who?", "soft_logout": soft});
    (401, "application/json", body.to_string())
}

/// Waits until there is something, as long as the client lets it.
async fn sync(fake: &FakeMatrix, request: &Request, rewind: usize) -> Answer {
    let poll = request.query("timeout").and_then(|time| time.parse().ok()).unwrap_or(0);
    let until = tokio::time::Instant::now() + Duration::from_millis(poll);
    loop {
        let news = fake.news.notified();
        tokio::pin!(news);
        news.as_mut().enable();
        if !fake.lock().tokens.contains_key(request.token.as_deref().unwrap_or_default()) {
            return logged_out(fake);
        }
        let (found, is_new) = fake.lock().sync(request, rewind);
        // Whoever asks for everything is answered at once.
        if is_new || request.query("since").is_none() || tokio::time::Instant::now() >= until {
            return good(&found);
        }
        let _ = tokio::time::timeout_at(until, news).await;
    }
}

/// What comes after a place: `s7` is after the seventh event.
fn place(text: &str) -> usize {
    text.strip_prefix('s').and_then(|number| number.parse().ok()).unwrap_or(0)
}

fn types(filter: &Value) -> Vec<&str> {
    filter["types"]
        .as_array()
        .map(|types| types.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default()
}

impl Model {
    fn next_trouble(&mut self, request: &str) -> Option<Trouble> {
        let at = self
            .troubles
            .iter()
            .position(|(words, _, left)| *left > 0 && request.contains(words.as_str()))?;
        self.troubles[at].2 -= 1;
        Some(self.troubles[at].1.clone())
    }

    fn log_in(&mut self, body: &Value) -> Answer {
        if body["password"] != PASSWORD {
            return fault(403, "M_FORBIDDEN");
        }
        self.logins += 1;
        let device =
            body["device_id"].as_str().map_or_else(|| format!("DEVICE{}", self.logins), str::to_owned);
        let token = format!("token{}", self.logins);
        self.tokens.insert(token.clone(), device.clone());
        good(&json!({"user_id": BOT, "device_id": device, "access_token": token}))
    }

    fn send(&mut self, device: &str, room: &str, kind: &str, number: &str, body: &Value) -> Answer {
        let key = (device.to_owned(), number.to_owned());
        if let Some(id) = self.sent.get(&key) {
            return good(&json!({"event_id": id}));
        }
        if !self.inside.contains(room) {
            return fault(403, "M_FORBIDDEN");
        }
        let id = self.add(room, json!({"type": kind, "sender": BOT, "content": body}));
        self.sent.insert(key, id.clone());
        good(&json!({"event_id": id}))
    }

    /// The events of a room that were asked for, each with its place.
    fn of<'m>(
        &'m self,
        room: &'m str,
        kinds: &'m [&str],
    ) -> impl DoubleEndedIterator<Item = (usize, &'m Value)> {
        let wanted = move |event: &Value| event["type"].as_str().is_some_and(|kind| kinds.contains(&kind));
        let all = self.stream.iter().enumerate();
        all.filter(move |(_, (of, event))| of == room && wanted(event))
            .map(|(at, (_, event))| (at + 1, event))
    }

    fn sync(&self, request: &Request, rewind: usize) -> (Value, bool) {
        let since = request.query("since").map(|since| place(since).saturating_sub(rewind));
        let filter: Value = serde_json::from_str(request.query("filter").expect("a filter")).expect("JSON");
        let timeline = &filter["room"]["timeline"];
        let (kinds, states) = (types(timeline), types(&filter["room"]["state"]));
        let limit = timeline["limit"].as_u64().unwrap_or(10) as usize;
        let (mut join, mut leave, mut invite) = (Map::new(), Map::new(), Map::new());
        let rooms: std::collections::BTreeSet<&String> =
            self.stream.iter().map(|(room, _)| room).filter(|room| !room.is_empty()).collect();
        for room in rooms {
            let after: Vec<_> =
                self.of(room, &kinds).filter(|(at, _)| since.is_none_or(|s| *at > s)).collect();
            let is_full = request.query("full_state") == Some("true") && self.inside.contains(room);
            if since.is_some() && after.is_empty() && !is_full
                || since.is_none() && !self.inside.contains(room)
            {
                continue;
            }
            let shown = &after[after.len().saturating_sub(limit)..];
            let first = shown.first().map_or(self.stream.len(), |(at, _)| at - 1);
            // The state before what is shown: of each key the last.
            let mut state = std::collections::BTreeMap::new();
            for (at, event) in self.of(room, &states).filter(|(at, _)| *at <= first) {
                if is_full || since.is_none_or(|since| at > since) {
                    state.insert((event["type"].to_string(), event["state_key"].to_string()), event.clone());
                }
            }
            let shown: Vec<&Value> = shown.iter().map(|(_, event)| *event).collect();
            let found = json!({
                "timeline": {"events": shown, "limited": shown.len() < after.len(), "prev_batch": format!("s{first}")},
                "state": {"events": state.into_values().collect::<Vec<_>>()},
            });
            if self.inside.contains(room) {
                join.insert(room.clone(), found)
            } else {
                leave.insert(room.clone(), found)
            };
        }
        for (room, (at, by)) in &self.invites {
            if since.is_none_or(|since| *at > since) {
                let member = json!({
                    "type": "m.room.member", "sender": by, "state_key": BOT, "content": {"membership": "invite"},
                });
                invite.insert(room.clone(), json!({"invite_state": {"events": [member]}}));
            }
        }
        let is_full = request.query("full_state") == Some("true");
        let is_new =
            since.is_none() || is_full || !(join.is_empty() && leave.is_empty() && invite.is_empty());
        let next = format!("s{}", self.stream.len());
        (json!({"next_batch": next, "rooms": {"join": join, "leave": leave, "invite": invite}}), is_new)
    }

    fn messages(&self, room: &str, request: &Request) -> Value {
        let (from, to) = (
            place(request.query("from").unwrap_or_default()),
            place(request.query("to").unwrap_or_default()),
        );
        let filter: Value = serde_json::from_str(request.query("filter").expect("a filter")).expect("JSON");
        let kinds = types(&filter);
        let limit = request.query("limit").and_then(|limit| limit.parse().ok()).unwrap_or(10);
        let between: Vec<_> = self.of(room, &kinds).filter(|(at, _)| *at <= from && *at > to).collect();
        let page: Vec<_> = between.iter().rev().take(limit).collect();
        let mut answer = json!({"start": format!("s{from}"), "chunk": page.iter().map(|(_, event)| event).collect::<Vec<_>>()});
        if let Some((at, _)) = page.last().filter(|_| page.len() < between.len()) {
            answer["end"] = json!(format!("s{}", at - 1));
        }
        answer
    }
}
