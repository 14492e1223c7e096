//! From the first line to the moment when channels can be talked to: capabilities, login, nick, welcome.

use std::time::Instant;

use irc::proto::CapSubCommand;

use crate::config::IrcLogin;

use super::caps::ACCOUNT_TAG;
use super::ending::{because, quoted, then};
use super::{Effect, Phase, Session, Then, login, send};

impl Session {
    /// The server speaks of capabilities.
    pub(super) fn hear_caps(
        &mut self,
        subcommand: CapSubCommand,
        first: Option<&str>,
        second: Option<&str>,
        effects: &mut Vec<Effect>,
    ) {
        let lines = self.caps.hear(subcommand, first, second);
        // What cannot log in does not get as far as asking for anything.
        if self.phase != Phase::Greeting || self.can_log_in(effects) {
            effects.extend(lines.into_iter().map(Effect::Send));
            self.go_on(effects);
        }
    }

    /// The server listens to the login.
    pub(super) fn hear_authenticate(&mut self, words: &str, effects: &mut Vec<Effect>) {
        if self.login.is_begun && words == "+" && !self.login.is_answered {
            self.login.is_answered = true;
            effects.extend(login::answer(&self.settings).into_iter().map(Effect::Send));
        }
    }

    /// A numeric that belongs to the way in. Whether it was one.
    pub(super) fn hear_welcome(
        &mut self,
        code: u16,
        words: &[String],
        now: Instant,
        effects: &mut Vec<Effect>,
    ) -> bool {
        let is_greeting = self.phase == Phase::Greeting;
        let last = words.last().map_or("", String::as_str);
        match code {
            1 if is_greeting => self.hear_001(words, now, effects),
            // What names are equal must not change under names that are known.
            5 if self.phase != Phase::Ready => {
                self.isupport.hear(words.get(1..).unwrap_or_default());
                self.roster.compare_by(self.isupport.casemapping);
                self.fit_nick(effects);
            }
            376 | 422 if self.phase == Phase::Welcomed => self.be_ready(now, effects),
            432 if is_greeting && self.me.nick == self.settings.nick && !is_reserved(last) => {
                let why = because(&format!("the server does not take the nick {}", self.settings.nick), last);
                self.end(why, Then::StopAtFirst, effects);
            }
            432 | 433 | 436 | 437 if is_greeting => match self.me.try_next(&self.settings) {
                Some(nick) => send(effects, "NICK", &[nick]),
                None => {
                    let why = format!("the nick {} and all others are taken", self.settings.nick);
                    self.end(why, Then::Again, effects);
                }
            },
            464 => self.end(because("the server wants a password", last), Then::Stop, effects),
            465 => self.end(because("the server has banned me", last), Then::Stop, effects),
            463 | 466 => self.end(because("the server does not let me in", last), then(last), effects),
            900 => {
                self.login.account = words.get(2).cloned();
                self.go_on(effects);
            }
            901 => {
                self.login.account = None;
                if self.logs_in() {
                    self.end("services have logged me out".to_owned(), Then::Again, effects);
                }
            }
            903 if is_greeting => {
                self.login.is_passed = true;
                self.go_on(effects);
            }
            902 | 904..=907 if is_greeting && self.logs_in() => {
                let why = because(&format!("the login as {} failed", self.account()), last);
                self.end(format!("{why} ({code})"), Then::StopAtFirst, effects);
            }
            908 if is_greeting && self.logs_in() => {
                let offered = quoted(words.get(1).map_or("", String::as_str));
                let why =
                    format!("the login as {} failed: the server takes only {offered} (908)", self.account());
                self.end(why, Then::StopAtFirst, effects);
            }
            _ => return false,
        }
        true
    }

    fn hear_001(&mut self, words: &[String], now: Instant, effects: &mut Vec<Effect>) {
        if self.logs_in() && !self.login.is_passed {
            let why = format!("the server let me in without the login as {}", self.account());
            return self.end(why, Then::StopAtFirst, effects);
        }
        self.phase = Phase::Welcomed;
        if let Some(nick) = words.first() {
            let (mine, asked) = (&self.settings.nick, &self.me.nick);
            if asked == mine && nick.len() < mine.len() && mine.starts_with(nick.as_str()) {
                let why = format!("the server does not take the nick {mine}: it cuts it to {nick}");
                return self.end(why, Then::Stop, effects);
            }
            self.me.rename(nick, self.isupport.casemapping.fold(nick) == self.own_nick(), now);
        }
        // Many servers end their welcome with the prefix that others see.
        let prefix = words.last().and_then(|text| text.rsplit(' ').next()).unwrap_or_default();
        if let Some((user, host)) =
            prefix.strip_prefix(&format!("{}!", self.me.nick)).and_then(|it| it.split_once('@'))
        {
            self.me.learn(user, host);
        }
    }

    /// Ends the attempt where the server's nicks are too short for ours: waiting for it would never end.
    fn fit_nick(&mut self, effects: &mut Vec<Effect>) {
        let mine = &self.settings.nick;
        if let Some(longest) = self.isupport.nick_length.filter(|longest| *longest < mine.len())
            && self.isupport.casemapping.fold(&self.me.nick) != self.own_nick()
        {
            let why = format!("the server does not take the nick {mine}: it has more than {longest} letters");
            self.end(why, Then::Stop, effects);
        }
    }

    /// Whether a login is configured.
    pub(super) fn logs_in(&self) -> bool {
        self.settings.login != IrcLogin::None
    }

    fn account(&self) -> &str {
        self.settings.account.as_deref().unwrap_or(&self.settings.nick)
    }

    /// Ends the attempt where the server cannot do the login that is configured.
    fn can_log_in(&mut self, effects: &mut Vec<Effect>) -> bool {
        let Some(mechanism) = login::mechanism(&self.settings.login).filter(|_| self.caps.is_listed()) else {
            return true;
        };
        let why = match self.caps.offered("sasl") {
            None => {
                // Servers offer it only while services are there, and those come back.
                let why = "the server has no SASL, and a login is configured".to_owned();
                self.end(why, Then::AgainLater, effects);
                return false;
            }
            Some(list)
                if !list.is_empty() && !list.split(',').any(|it| it.eq_ignore_ascii_case(mechanism)) =>
            {
                format!("the server has no SASL {mechanism}, only {}", quoted(list))
            }
            Some(_) => return true,
        };
        self.end(why, Then::StopAtFirst, effects);
        false
    }

    /// Does the next thing on the way in, once the server has said all that it depends on.
    fn go_on(&mut self, effects: &mut Vec<Effect>) {
        if self.phase != Phase::Greeting || self.is_negotiated || !self.caps.is_settled() {
            return;
        }
        if let Some(mechanism) = login::mechanism(&self.settings.login) {
            if !self.caps.has("sasl") {
                let why = "the server refused SASL, and a login is configured".to_owned();
                return self.end(why, Then::AgainLater, effects);
            }
            if !self.login.is_begun {
                self.login.is_begun = true;
                send(effects, "AUTHENTICATE", &[mechanism]);
            }
            if !self.login.is_passed || self.login.account.is_none() {
                return;
            }
            if !self.is_logged_in(effects) {
                return;
            }
        }
        self.is_negotiated = true;
        send(effects, "CAP", &["END"]);
    }

    /// Ends the attempt where the server takes us for somebody else.
    fn is_logged_in(&mut self, effects: &mut Vec<Effect>) -> bool {
        let is = self.login.account.as_deref().unwrap_or("nobody");
        let is_right = is.eq_ignore_ascii_case(self.account());
        if !is_right {
            let why = format!("I am logged in as {}, not as {}", quoted(is), self.account());
            self.end(why, Then::StopAtFirst, effects);
        }
        is_right
    }

    /// The greeting is over: the engine hears that first, then the channels are asked for.
    fn be_ready(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        if self.logs_in() && !self.is_logged_in(effects) {
            return;
        }
        self.phase = Phase::Ready;
        self.say_how_it_stands(effects);
        if let Some(mode) = &self.isupport.bot_mode {
            send(effects, "MODE", &[&self.me.nick, &format!("+{mode}")]);
        }
        self.join_what_is_due(now, effects);
    }

    /// Why nobody can be told apart here, where that is so.
    pub(super) fn read_only(&self) -> Option<String> {
        let mine = &self.settings.nick;
        if !self.caps.has(ACCOUNT_TAG) {
            Some("the server does not say who is logged in (no account-tag)".to_owned())
        } else if self.isupport.casemapping.fold(&self.me.nick) != self.own_nick() {
            Some(format!("my nick is {}, not {mine}", self.me.nick))
        } else {
            None
        }
    }
}

/// Whether a nick is refused for a while only: services keep it for whoever has registered it.
fn is_reserved(words: &str) -> bool {
    words.to_lowercase().contains("reserved")
}
