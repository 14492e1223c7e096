//! A scripted IRC client on a bare socket: it speaks as a person would, keeps all that it reads, and waits for lines.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use super::daemon::LONG_ENOUGH;
use super::network::password;

/// A person at a client. Dropped, the connection is gone without a word.
pub(crate) struct Client {
    stream: TcpStream,
    rest: Vec<u8>,
    /// Its present nick.
    pub(crate) nick: String,
    /// Everything that it read, in order.
    pub(crate) wire: Vec<Heard>,
    /// The first line that no `wait` has passed yet.
    next: usize,
}

/// A line as the server sent it, and its parts.
#[derive(Clone)]
pub(crate) struct Heard {
    /// The whole line, without its CR LF.
    pub(crate) raw: String,
    /// `account`, `msgid`, `time`, … with what is escaped in them left as it is.
    pub(crate) tags: BTreeMap<String, String>,
    /// Who sent it: `nick!user@host`, a server, or nothing.
    pub(crate) source: String,
    /// `PRIVMSG`, `001`, …
    pub(crate) verb: String,
    /// The parameters, the last one without its colon.
    pub(crate) parameters: Vec<String>,
}

impl fmt::Debug for Heard {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.raw)
    }
}

impl Heard {
    fn read(raw: String) -> Self {
        let mut left = raw.as_str();
        let mut tags = BTreeMap::new();
        if let Some((found, after)) = left.strip_prefix('@').and_then(|left| left.split_once(' ')) {
            let tag = |tag: &str| {
                let (key, value) = tag.split_once('=').unwrap_or((tag, ""));
                (key.to_owned(), value.to_owned())
            };
            tags = found.split(';').map(tag).collect();
            left = after;
        }
        let mut source = String::new();
        if let Some((found, after)) = left.strip_prefix(':').and_then(|left| left.split_once(' ')) {
            source = found.to_owned();
            left = after;
        }
        let (words, last) = match left.split_once(" :") {
            Some((words, last)) => (words, Some(last)),
            None => (left, None),
        };
        let mut words = words.split(' ').filter(|word| !word.is_empty()).map(str::to_owned);
        let verb = words.next().unwrap_or_default();
        let parameters = words.chain(last.map(str::to_owned)).collect();
        Self { raw, tags, source, verb, parameters }
    }

    /// The nick of who sent it.
    pub(crate) fn nick(&self) -> &str {
        self.source.split('!').next().unwrap_or_default()
    }

    /// A parameter, or nothing.
    pub(crate) fn parameter(&self, index: usize) -> &str {
        self.parameters.get(index).map_or("", String::as_str)
    }

    /// The last parameter: the text of a message.
    pub(crate) fn text(&self) -> &str {
        self.parameters.last().map_or("", String::as_str)
    }

    /// Whether it is this verb from this nick (or server).
    pub(crate) fn is(&self, verb: &str, nick: &str) -> bool {
        self.verb == verb && self.nick() == nick
    }
}

/// The capabilities with which a client sees all that there is to see.
const ALL: &str = "account-tag server-time message-tags batch extended-join account-notify";

impl Client {
    /// Connects to `address` and registers without an account.
    pub(crate) fn plain(address: (&str, u16), nick: &str) -> Self {
        let mut client = Self::connected(address, nick);
        client.send(&format!("NICK {nick}"));
        client.send(&format!("USER {nick} 0 * :{nick} of the tests"));
        client.welcome();
        client
    }

    /// Connects and asks to come in with all capabilities, logged in by SASL PLAIN where there is an account.
    pub(crate) fn knocking(address: (&str, u16), nick: &str, account: Option<&str>) -> Self {
        let mut client = Self::connected(address, nick);
        client.send("CAP LS 302");
        client.send(&format!("NICK {nick}"));
        client.send(&format!("USER {nick} 0 * :{nick} of the tests"));
        let sasl = if account.is_some() { " sasl" } else { "" };
        // A server offers a login while it has services, and says so when they come.
        client.wait("the offer", |heard| heard.verb == "CAP" && heard.text().contains(sasl.trim()));
        client.send(&format!("CAP REQ :{ALL}{sasl}"));
        client.wait("the capabilities", |heard| heard.verb == "CAP" && heard.parameter(1) == "ACK");
        if let Some(account) = account {
            client.send("AUTHENTICATE PLAIN");
            client.wait("the go for SASL", |heard| heard.verb == "AUTHENTICATE");
            let secret = base64(format!("{account}\0{account}\0{}", password(account)).as_bytes());
            client.send(&format!("AUTHENTICATE {secret}"));
            client.wait("the login", |heard| heard.verb == "903");
        }
        client.send("CAP END");
        client
    }

    /// Waits until it is in.
    pub(crate) fn welcome(&mut self) {
        self.wait("the welcome", |heard| heard.verb == "001");
        self.wait("the end of the welcome", |heard| heard.verb == "376" || heard.verb == "422");
    }

    fn connected(address: (&str, u16), nick: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap_or_else(|error| panic!("{address:?}: {error}"));
        stream.set_nodelay(true).unwrap();
        Self { stream, rest: Vec::new(), nick: nick.to_owned(), wire: Vec::new(), next: 0 }
    }

    /// Sends one raw line.
    pub(crate) fn send(&mut self, line: &str) {
        self.send_bytes(format!("{line}\r\n").as_bytes());
    }

    /// Sends bytes as they are.
    pub(crate) fn send_bytes(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap_or_else(|error| panic!("{} cannot write: {error}", self.nick));
    }

    /// Says a line in a channel or to somebody.
    pub(crate) fn say(&mut self, target: &str, text: &str) {
        self.send(&format!("PRIVMSG {target} :{text}"));
    }

    /// Joins a channel, and is in it.
    pub(crate) fn join(&mut self, channel: &str) {
        self.send(&format!("JOIN {channel}"));
        self.wait("the names", |heard| heard.verb == "366" && heard.parameter(1) == channel);
    }

    /// Waits until somebody is in #ops too, whether they came before or after.
    pub(crate) fn sees(&mut self, nick: &str) {
        let here = |heard: &Heard| {
            let named = |name: &str| name.trim_start_matches(['@', '+']) == nick;
            heard.is("JOIN", nick) || heard.verb == "353" && heard.text().split(' ').any(named)
        };
        if !self.wire.iter().any(here) {
            self.wait(&format!("{nick} in the channel"), here);
        }
    }

    /// Takes another nick.
    pub(crate) fn take_nick(&mut self, nick: &str) {
        self.send(&format!("NICK {nick}"));
        self.wait("the new nick", |heard| heard.verb == "NICK" && heard.parameter(0) == nick);
        self.nick = nick.to_owned();
    }

    /// Waits for a line that is not passed yet, and passes it and all before it.
    pub(crate) fn wait(&mut self, what: &str, is_it: impl Fn(&Heard) -> bool) -> Heard {
        self.wait_until(Instant::now() + LONG_ENOUGH, what, is_it)
    }

    /// The same for what comes half a minute later.
    pub(crate) fn wait_long(&mut self, what: &str, is_it: impl Fn(&Heard) -> bool) -> Heard {
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
            let more = self.read(end);
            assert!(more, "{} waits for {what}, and the server has closed: {:#?}", self.nick, self.last());
            assert!(Instant::now() < end, "{} waits for {what} in vain: {:#?}", self.nick, self.last());
        }
    }

    /// Waits until the server has handled all that was sent, and gives what was read on the way.
    pub(crate) fn catch_up(&mut self) -> Vec<Heard> {
        let from = self.next;
        let token = format!("mark-{}", self.wire.len());
        self.send(&format!("PING {token}"));
        self.wait("its own mark", |heard| heard.verb == "PONG" && heard.text() == token);
        self.wire[from..self.next - 1].to_vec()
    }

    /// Waits until the server closes the connection.
    pub(crate) fn wait_for_the_end(&mut self) {
        let end = Instant::now() + LONG_ENOUGH;
        while self.read(end) {
            assert!(Instant::now() < end, "{} is still connected: {:#?}", self.nick, self.last());
        }
    }

    /// Reads what comes until then. Says whether there may be more.
    fn read(&mut self, end: Instant) -> bool {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return true;
        }
        self.stream.set_read_timeout(Some(left)).unwrap();
        let mut bytes = [0; 4096];
        let count = match self.stream.read(&mut bytes) {
            Ok(0) => return false,
            Ok(count) => count,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => return true,
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return false,
            Err(error) => panic!("{} cannot read: {error}", self.nick),
        };
        self.rest.extend_from_slice(&bytes[..count]);
        while let Some(at) = self.rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=at).collect();
            let line = String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned();
            let heard = Heard::read(line);
            if heard.verb == "PING" {
                self.send(&format!("PONG :{}", heard.text()));
            }
            self.wire.push(heard);
        }
        true
    }

    fn last(&self) -> &[Heard] {
        &self.wire[self.wire.len().saturating_sub(40)..]
    }
}

/// Base64 with its padding, as SASL wants it.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let byte = |index: usize| u32::from(three.get(index).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for index in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * index) & 63) as usize];
            text.push(if index <= three.len() { char::from(letter) } else { '=' });
        }
    }
    text
}
