//! Requests to a homeserver over a bare socket: one connection each, and no more of HTTP than that takes.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::Value;

use crate::ircd::daemon::LONG_ENOUGH;

/// Somebody who asks a homeserver for things.
#[derive(Clone)]
pub(super) struct Rest {
    host: String,
    port: u16,
    /// What they prove themselves by, if they have an account.
    pub(super) token: Option<String>,
}

impl Rest {
    /// Somebody without an account.
    pub(super) fn to(host: &str, port: u16) -> Self {
        Self { host: host.to_owned(), port, token: None }
    }

    /// The address that is asked.
    pub(super) fn url(&self) -> String {
        format!("http://{}:{}", self.host, self.port)
    }

    /// Asks for something, and gives the status and what was answered.
    pub(super) fn get(&self, path: &str) -> (u16, Value) {
        self.ask("GET", path, "")
    }

    /// Asks for something that must go well.
    pub(super) fn got(&self, path: &str) -> Value {
        good("GET", path, self.get(path))
    }

    /// Changes something, which must go well.
    pub(super) fn post(&self, path: &str, body: &Value) -> Value {
        good("POST", path, self.ask("POST", path, &body.to_string()))
    }

    /// Puts something somewhere, which must go well.
    pub(super) fn put(&self, path: &str, body: &Value) -> Value {
        good("PUT", path, self.ask("PUT", path, &body.to_string()))
    }

    /// Puts something somewhere, and gives the status and what was answered.
    pub(super) fn ask(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        let mut stream = TcpStream::connect((self.host.as_str(), self.port)).unwrap();
        stream.set_nodelay(true).unwrap();
        // A sync is held back for shorter than that.
        stream.set_read_timeout(Some(2 * LONG_ENOUGH)).unwrap();
        let login = match &self.token {
            Some(token) => format!("Authorization: Bearer {token}\r\n"),
            None => String::new(),
        };
        // An answer of HTTP 1.0 ends with its connection, and has no parts.
        let request = format!(
            "{method} {path} HTTP/1.0\r\nHost: {}\r\n{login}Content-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            self.host,
            body.len()
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{path}: {answer:?}"));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.unwrap_or_else(|| panic!("{path}: {head}"));
        (status, serde_json::from_str(body).unwrap_or_else(|error| panic!("{path}: {error}: {body}")))
    }
}

fn good(method: &str, path: &str, (status, answer): (u16, Value)) -> Value {
    assert_eq!(status, 200, "{method} {path}: {answer}");
    answer
}

/// A text as a part of a path.
pub(super) fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
