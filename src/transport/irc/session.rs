//! One connection from its first line to its end: registration, login, channels, who speaks. It is told the time and
//! gives lines and inputs; it touches no socket.

use std::time::Instant;

use crate::config::Irc;
use crate::engine::Input;
use crate::engine::id::At;

use super::roster::Roster;
use super::wire::OutLine;

/// What follows from something that the server said, or from time that passed.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// This goes out at once, before everything that is paced.
    Send(OutLine),
    /// The engine is to hear this.
    Heard(Input),
    /// The connection is over.
    Ended(Ended),
}

/// Why a connection is over, and what is to follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The reason, in words for the log and for people on other networks.
    pub why: String,
    /// What the supervisor does.
    pub then: Then,
}

/// What follows the end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// The next attempt, by the usual delays.
    Again,
    /// The next attempt, not sooner than a minute from now: the server said that we are too much for it.
    AgainLater,
    /// None: somebody must look at it (banned, wrong password, no account).
    Stop,
}

/// One connection.
#[derive(Debug)]
pub struct Session {
    roster: Roster,
}

impl Session {
    /// Begins: the first lines to send are in the effects.
    pub fn open(settings: &Irc, now: Instant, effects: &mut Vec<Effect>) -> Self {
        let _ = (settings, now, effects);
        Self { roster: Roster::default() }
    }

    /// Takes one line of the server, without its CR LF. Bytes that are not UTF-8 are replaced before.
    pub fn hear(&mut self, line: &str, at: At, now: Instant, effects: &mut Vec<Effect>) {
        let _ = (line, at, now, effects);
    }

    /// Does what is due.
    pub fn tick(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        let _ = (now, effects);
    }

    /// When something is due of itself. There always is: silence is not trusted for ever.
    pub fn wake(&self) -> Option<Instant> {
        None
    }

    /// Whether channels can be talked to.
    pub fn is_ready(&self) -> bool {
        false
    }

    /// Who is where.
    pub fn roster(&self) -> &Roster {
        &self.roster
    }

    /// How many bytes of a `PRIVMSG` or `NOTICE` line reach others whole: the server puts our prefix in front, and a line
    /// has [`super::wire::LONGEST`] bytes. The text, the target and the verb have to fit.
    pub fn budget(&self) -> usize {
        350
    }
}
