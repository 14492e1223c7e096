//! Who the bot is on this connection: its nick, and the prefix that others see in front of its lines.

use std::time::{Duration, Instant};

use crate::config::Irc;
use crate::transport::irc::wire::LONGEST;

/// The longest name and host that a server puts behind a nick, for as long as ours are not known.
const USER: usize = 10;
const HOST: usize = 63;
/// How often the bot asks for its own nick while somebody else has it.
const REGAIN: Duration = Duration::from_secs(45);
/// The most nicks that are tried before it gives up.
const TRIES: usize = 12;

/// The bot as the server knows it.
#[derive(Debug)]
pub(super) struct Myself {
    /// The nick it has, or asks for.
    pub(super) nick: String,
    user: Option<String>,
    host: Option<String>,
    /// How many nicks were asked for before this one.
    tried: usize,
    /// When its own nick is asked for again.
    pub(super) regain: Option<Instant>,
}

impl Myself {
    pub(super) fn new(nick: &str) -> Self {
        Self { nick: nick.to_owned(), user: None, host: None, tried: 0, regain: None }
    }

    /// The next nick to ask for while the server does not let us in under any: the configured ones, then ones made of
    /// the first. `None` when that has gone on for long enough.
    pub(super) fn try_next(&mut self, settings: &Irc) -> Option<&str> {
        let others = &settings.alternative_nicks;
        self.tried += 1;
        let made = self.tried.checked_sub(others.len() + 1);
        self.nick = match (others.get(self.tried - 1), made) {
            (Some(other), _) => other.clone(),
            (None, None | Some(0)) => format!("{}_", settings.nick),
            (None, Some(number)) if self.tried < others.len() + TRIES => format!("{}{number}", settings.nick),
            _ => return None,
        };
        Some(&self.nick)
    }

    /// The bot is called this now. Whether that is its own nick, the caller knows.
    pub(super) fn rename(&mut self, nick: &str, is_own: bool, now: Instant) {
        nick.clone_into(&mut self.nick);
        self.regain = if is_own { None } else { Some(now + REGAIN) };
    }

    /// Its own nick has just been asked for.
    pub(super) fn asked(&mut self, now: Instant) {
        self.regain = Some(now + REGAIN);
    }

    /// What others see behind the nick.
    pub(super) fn learn(&mut self, user: &str, host: &str) {
        if !user.is_empty() {
            self.user = Some(user.to_owned());
        }
        if !host.is_empty() {
            self.host = Some(host.to_owned());
        }
    }

    /// How many bytes of a line are left behind `:nick!user@host `.
    pub(super) fn budget(&self) -> usize {
        let user = self.user.as_ref().map_or(USER, String::len);
        let host = self.host.as_ref().map_or(HOST, String::len);
        LONGEST.saturating_sub(":!@ ".len() + self.nick.len() + user + host)
    }
}
