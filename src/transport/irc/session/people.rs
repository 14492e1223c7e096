//! Who comes and goes, the bot itself included.

use std::time::{Duration, Instant};

use crate::engine::id::RoomId;
use crate::engine::{Attendance, Departure, Input, Presence};
use crate::transport::irc::roster::Turnover;

use super::channel::{ANSWER, Census, Channel, Place};
use super::ending::{because, then};
use super::{Effect, Phase, Sender, Session, Then, send};

/// How long a server that is busy is left alone.
const BUSY: Duration = Duration::from_secs(10);

impl Session {
    /// Somebody is in a channel now. `account` is what the server said of theirs.
    pub(super) fn hear_join(
        &mut self,
        from: Sender<'_>,
        channel: &str,
        account: Option<Option<&str>>,
        now: Instant,
        effects: &mut Vec<Effect>,
    ) {
        if !self.is_me(from.nick) {
            let turnover = self.roster.enter(channel, from.nick, account);
            return self.tell(turnover, Departure::LoggedOut, effects);
        }
        self.me.learn(from.user, from.host);
        match self.place_of(channel) {
            Some(at) => {
                self.channels[at].enter(now);
                self.roster.open(channel);
            }
            // Somebody has put us where we do not belong.
            None => send(effects, "PART", &[channel]),
        }
    }

    /// Somebody is in a channel no more.
    pub(super) fn hear_leave(
        &mut self,
        nick: &str,
        channel: &str,
        how: Departure,
        why: String,
        now: Instant,
        effects: &mut Vec<Effect>,
    ) {
        if self.is_me(nick) {
            return self.be_out(channel, why, now, effects);
        }
        let gone = self.roster.leave(channel, nick);
        let channel = self.isupport.casemapping.fold(channel);
        self.tell(vec![Turnover { channel, gone, came: None }], how, effects);
    }

    /// Somebody is gone from the network.
    pub(super) fn hear_quit(
        &mut self,
        from: Sender<'_>,
        words: &str,
        now: Instant,
        effects: &mut Vec<Effect>,
    ) {
        if self.is_me(from.nick) {
            let why = because("the server put me out", words);
            return self.end(why, then(words), effects);
        }
        let how = if is_split(words) { Departure::Split } else { Departure::Left };
        let turnover = self.roster.quit(from.nick);
        self.tell(turnover, how, effects);
        self.regain_from(from.nick, now, effects);
    }

    /// Somebody was taken off the network by an operator; a `QUIT` follows for anybody but us.
    pub(super) fn hear_kill(&mut self, nick: &str, words: &str, effects: &mut Vec<Effect>) {
        if self.is_me(nick) {
            self.end(because("an operator put me out", words), then(words), effects);
        }
    }

    /// Somebody has another nick now.
    pub(super) fn hear_nick(
        &mut self,
        from: Sender<'_>,
        nick: &str,
        now: Instant,
        effects: &mut Vec<Effect>,
    ) {
        if self.is_me(from.nick) {
            let is_own = self.isupport.casemapping.fold(nick) == self.own_nick();
            return self.me.rename(nick, is_own, now);
        }
        let turnover = self.roster.rename(from.nick, nick);
        self.tell(turnover, Departure::Left, effects);
        self.regain_from(from.nick, now, effects);
    }

    /// Somebody has this account now, or none.
    pub(super) fn hear_account(
        &mut self,
        from: Sender<'_>,
        account: Option<&str>,
        effects: &mut Vec<Effect>,
    ) {
        let turnover = self.roster.log_in(from.nick, account);
        self.tell(turnover, Departure::LoggedOut, effects);
    }

    /// A numeric that belongs to a channel of ours.
    pub(super) fn hear_of_channel(
        &mut self,
        code: u16,
        words: &[String],
        now: Instant,
        effects: &mut Vec<Effect>,
    ) {
        let word = |at: usize| words.get(at).map_or("", String::as_str);
        let channel = match code {
            353 | 354 => word(2),
            _ => word(1),
        };
        if code == 263 {
            return self.put_census_off(now);
        }
        let Some(at) = self.place_of(channel) else { return };
        match code {
            332 => self.channels[at].topic.now = Some(word(2).to_owned()),
            331 => self.channels[at].topic.now = Some(String::new()),
            353 => {
                for name in word(3).split_whitespace() {
                    self.count(channel, self.isupport.bare(name).to_owned(), None, effects);
                }
            }
            354 if word(1) == "77" => {
                let account = Some(word(5)).filter(|account| !matches!(*account, "" | "0" | "*"));
                self.count(channel, word(3).to_owned(), Some(account), effects);
            }
            366 if matches!(self.channels[at].census, Census::Names(_)) => self.end_names(at, now, effects),
            315 if matches!(self.channels[at].census, Census::Asked(_)) => {
                self.end_census(at, effects);
                self.ask_accounts(now, effects);
            }
            482 => {
                self.channels[at].topic.refuse();
                if self.channels[at].topic.is_refused() {
                    let what = because("I cannot set the topic", words.last().map_or("", String::as_str));
                    effects.push(Effect::Told(format!("{}: {what}", self.room(at))));
                }
            }
            400..=599 if matches!(self.channels[at].place, Place::Asked(_)) => {
                let why = because("I cannot join it", words.last().map_or("", String::as_str));
                self.be_out(channel, format!("{why} ({code})"), now, effects);
            }
            _ => {}
        }
    }

    /// Somebody stands in a list of a channel.
    fn count(
        &mut self,
        channel: &str,
        nick: String,
        account: Option<Option<&str>>,
        effects: &mut Vec<Effect>,
    ) {
        if !nick.is_empty() && !self.is_me(&nick) {
            let turnover = self.roster.enter(channel, &nick, account);
            self.tell(turnover, Departure::LoggedOut, effects);
        }
    }

    fn end_names(&mut self, at: usize, now: Instant, effects: &mut Vec<Effect>) {
        let channel = &mut self.channels[at];
        channel.topic.now.get_or_insert_default();
        if self.isupport.has_whox {
            channel.census = Census::Due(now);
            self.ask_accounts(now, effects);
        } else {
            self.end_census(at, effects);
        }
    }

    /// The engine hears who is there.
    fn end_census(&mut self, at: usize, effects: &mut Vec<Effect>) {
        let channel = &mut self.channels[at];
        channel.census = Census::Done;
        channel.is_told = false;
        let accounts = self.roster.accounts(&channel.name);
        self.presence(at, Attendance::Roster(accounts), effects);
    }

    /// Asks for the accounts of one channel after the other: all at once is a flood to some servers.
    fn ask_accounts(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        if self.channels.iter().any(Channel::is_asking) {
            return;
        }
        let is_due = |census: Census| matches!(census, Census::Due(then) if then <= now);
        if let Some(channel) = self.channels.iter_mut().find(|it| it.is_in() && is_due(it.census)) {
            channel.census = Census::Asked(now);
            send(effects, "WHO", &[&channel.name, "%tcnfa,77"]);
        }
    }

    /// The server is too busy to say who is there.
    fn put_census_off(&mut self, now: Instant) {
        for channel in &mut self.channels {
            if matches!(channel.census, Census::Asked(_)) {
                channel.census = Census::Due(now + BUSY);
            }
        }
    }

    /// The bot is out of a channel, or was not let in.
    fn be_out(&mut self, channel: &str, why: String, now: Instant, effects: &mut Vec<Effect>) {
        let Some(at) = self.place_of(channel) else { return };
        self.roster.close(channel);
        self.channels[at].stay_out(now);
        if !std::mem::replace(&mut self.channels[at].is_told, true) {
            self.presence(at, Attendance::Closed(why), effects);
        }
    }

    /// Joins, and gives up waiting for what does not come.
    pub(super) fn join_what_is_due(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        for at in 0..self.channels.len() {
            let late = |since: Instant| now >= since + ANSWER;
            match (self.channels[at].place, self.channels[at].census) {
                (Place::Out(then), _) if then <= now => {
                    self.channels[at].place = Place::Asked(now);
                    send(effects, "JOIN", &[&self.channels[at].name]);
                }
                (Place::Asked(since), _) if late(since) => {
                    let name = self.channels[at].name.clone();
                    self.be_out(&name, "I cannot join it: no answer".to_owned(), now, effects);
                }
                (Place::In(_), Census::Names(since)) if late(since) => self.end_names(at, now, effects),
                (Place::In(_), Census::Asked(since)) if late(since) => self.end_census(at, effects),
                _ => {}
            }
        }
        self.ask_accounts(now, effects);
    }

    /// Asks for our own nick the moment that its holder lets go of it.
    fn regain_from(&mut self, nick: &str, now: Instant, effects: &mut Vec<Effect>) {
        if self.isupport.casemapping.fold(nick) == self.own_nick() {
            self.regain(now, effects);
        }
    }

    /// Asks for our own nick.
    pub(super) fn regain(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        if self.phase == Phase::Ready && self.me.regain.is_some() {
            send(effects, "NICK", &[&self.settings.nick]);
            self.me.asked(now);
        }
    }

    /// The engine hears who came and who went, in channels where it knows who was there.
    fn tell(&mut self, turnover: Vec<Turnover>, how: Departure, effects: &mut Vec<Effect>) {
        for Turnover { channel, gone, came } in turnover {
            let Some(at) = self.place_of(&channel).filter(|at| self.channels[*at].is_known()) else {
                continue;
            };
            if let Some(account) = gone {
                self.presence(at, Attendance::Left { account, how }, effects);
            }
            if let Some(account) = came {
                self.presence(at, Attendance::Came(account), effects);
            }
        }
    }

    fn presence(&self, at: usize, change: Attendance, effects: &mut Vec<Effect>) {
        let room = self.room(at);
        effects.push(Effect::Heard(Input::Presence(Presence { room, change })));
    }

    /// A channel as the engine knows it.
    pub(super) fn room(&self, at: usize) -> RoomId {
        RoomId(format!("{}/{}", self.settings.network, self.channels[at].name))
    }

    /// Which of our channels that is.
    pub(super) fn place_of(&self, channel: &str) -> Option<usize> {
        let fold = |name: &str| self.isupport.casemapping.fold(name);
        let channel = fold(channel);
        self.channels.iter().position(|it| fold(&it.name) == channel)
    }

    pub(super) fn is_me(&self, nick: &str) -> bool {
        self.isupport.casemapping.fold(nick) == self.isupport.casemapping.fold(&self.me.nick)
    }

    /// The nick that is configured, folded.
    pub(super) fn own_nick(&self) -> String {
        self.isupport.casemapping.fold(&self.settings.nick)
    }

    /// The connection is over.
    pub(super) fn end(&mut self, why: String, then: Then, effects: &mut Vec<Effect>) {
        if self.phase != Phase::Over {
            self.phase = Phase::Over;
            effects.push(Effect::Ended(super::Ended { why, then }));
        }
    }
}

/// Whether these last words are the two servers that lost each other.
fn is_split(words: &str) -> bool {
    let is_host = |word: &str| {
        let is_plain = word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_*".contains(&byte));
        is_plain && word.contains('.') && !word.starts_with('.') && !word.ends_with('.')
    };
    words.split_once(' ').is_some_and(|(one, other)| is_host(one) && is_host(other))
}
