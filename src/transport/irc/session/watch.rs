//! What time brings: a server that is silent, what was said and may not have arrived, all that is due.

use std::time::{Duration, Instant};

use super::channel::Channel;
use super::{Effect, Phase, Session, Then, send};

/// How long the server may be silent, in registration and after a `PING`.
const SILENCE: Duration = Duration::from_secs(30);

/// How long after something was said the server is asked whether it got that far.
const PROOF: Duration = Duration::from_secs(5);

impl Session {
    /// Does what is due.
    pub fn tick(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        if self.phase == Phase::Over {
            return;
        }
        if self.phase != Phase::Ready {
            if now >= self.heard + SILENCE {
                self.end("no answer to registration for 30 s".to_owned(), Then::Again, effects);
            }
            return;
        }
        match self.pinged {
            Some(pinged) if now >= pinged + SILENCE => {
                return self.end("no answer to PING for 30 s".to_owned(), Then::Again, effects);
            }
            None if now >= self.heard + SILENCE => self.ping(now, effects),
            _ if self.wants_proof().is_some_and(|then| now >= then) => self.ping(now, effects),
            _ => {}
        }
        if self.me.regain.is_some_and(|then| then <= now) {
            self.regain(now, effects);
        }
        self.join_what_is_due(now, effects);
        self.change_topics(now, effects);
    }

    /// When something is due of itself. There always is: silence is not trusted for ever.
    pub fn wake(&self) -> Option<Instant> {
        let silence = self.pinged.unwrap_or(self.heard) + SILENCE;
        let is_asking = self.channels.iter().any(Channel::is_asking);
        let channels = self.channels.iter().filter_map(|channel| channel.wake(is_asking));
        let known = self.channels.iter().filter(|channel| self.settings.topic && channel.is_known());
        let topics = known.filter_map(|channel| channel.topic.wake(self.heard));
        match self.phase {
            Phase::Over => None,
            Phase::Greeting | Phase::Welcomed => Some(silence),
            Phase::Ready => {
                let proof = self.wants_proof();
                channels.chain(topics).chain(self.me.regain).chain(proof).chain([silence]).min()
            }
        }
    }

    fn ping(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        self.pinged = Some(now);
        if self.asked.is_none() {
            (self.asked, self.spoken) = (Some(now), None);
        }
        send(effects, "PING", &["swatbot"]);
    }

    /// When the server is asked whether it has taken what was said.
    fn wants_proof(&self) -> Option<Instant> {
        self.spoken.filter(|_| self.asked.is_none()).map(|spoken| spoken + PROOF)
    }

    /// Something has been said that must not be lost with the connection.
    pub fn has_spoken(&mut self, now: Instant) {
        self.spoken.get_or_insert(now);
    }

    /// What was said before this, the server has taken: it has answered what it was asked afterwards.
    pub fn proved(&self) -> Option<Instant> {
        self.proved
    }
}
