//! The hands of somebody at a client that encrypts: `client.py` beside this, driven by one JSON object a line.

use std::time::Instant;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::homeserver::python;
use super::person::Heard;
use crate::ircd::daemon::Daemon;

/// A running client with its keys. Dropped, both are gone.
pub(super) struct Nio {
    client: Daemon,
    _store: TempDir,
}

impl Nio {
    /// Starts it with a session.
    pub(super) fn start(session: &Value) -> Self {
        let store = tempfile::tempdir().unwrap();
        let mut session = session.clone();
        session["store"] = store.path().to_str().unwrap().into();
        let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/synapse/client.py");
        let mut client = Daemon::listening(&python(), &[program]);
        client.hear(&session.to_string());
        Self { client, _store: store }
    }

    /// Asks it to do something; the answer comes among the events.
    pub(super) fn wish(&mut self, wish: &Value) {
        self.client.hear(&wish.to_string());
    }

    /// What it tells next, if that comes in time.
    pub(super) fn next(&mut self, end: Instant) -> Option<Told> {
        let told = loop {
            let line = self.client.line(end)?;
            match serde_json::from_str::<Value>(&line) {
                Ok(told) => break told,
                // What it complains of is shown where a test fails.
                Err(_) => self.client.printed.push(line),
            }
        };
        Some(match told.get("did") {
            Some(did) => Told::Did(did.clone()),
            None => Told::Heard(Heard {
                room: told["room"].as_str().unwrap().to_owned(),
                event: told["event"].clone(),
                is_encrypted: told["encrypted"] == true,
                is_readable: told["readable"] == true,
            }),
        })
    }
}

/// What such a client tells.
pub(super) enum Told {
    /// It has done what it was asked for, with this result.
    Did(Value),
    /// It has read an event.
    Heard(Heard),
}

/// The wish to send an event.
pub(super) fn send(room: &str, kind: &str, content: &Value) -> Value {
    json!({"do": "send", "room": room, "kind": kind, "content": content})
}
