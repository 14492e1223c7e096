//! One connection from its first line to its end: registration, login, channels, who speaks. It is told the time and
//! gives lines and inputs; it touches no socket.

mod caps;
mod channel;
mod ending;
mod login;
mod myself;
mod people;
mod playback;
mod register;
mod speech;
mod topic;
mod watch;

use std::time::Instant;

use irc::proto::message::Tag;
use irc::proto::{ChannelMode, Command, Message, Mode, Prefix};

use crate::config::{Irc, IrcLogin};
use crate::engine::id::{At, RoomId};
use crate::engine::{Departure, Input, Link, LinkChange};

use super::isupport::Isupport;
use super::roster::Roster;
use super::wire::OutLine;

use crate::transport::flood::Flood;
use caps::Caps;
pub use channel::Access;
use channel::Channel;
use ending::{because, then};
use login::Login;
use myself::Myself;
use playback::Playback;

/// What follows from something that the server said, or from time that passed.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// This goes out at once, before everything that is paced.
    Send(OutLine),
    /// The engine is to hear this.
    Heard(Input),
    /// The operator is to know this; the people in the rooms can do nothing about it, or see it.
    Told(String),
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
    /// None where the login has never worked: somebody must look at it. Else as [`Then::AgainLater`]: it is not the
    /// password, services are away, and they come back.
    StopAtFirst,
    /// None: somebody must look at it.
    Stop,
}

/// How far a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The server has not let us in yet.
    Greeting,
    /// It has, and is not done greeting.
    Welcomed,
    /// Channels can be talked to.
    Ready,
    /// Nothing more is said or heard.
    Over,
}

/// Whoever a line comes from, servers excepted. The name and the host behind the nick may be empty.
#[derive(Clone, Copy, Debug)]
struct Sender<'a> {
    nick: &'a str,
    user: &'a str,
    host: &'a str,
}

/// When a line came: by the clock on the wall, and by the one that only goes forward.
#[derive(Clone, Copy, Debug)]
struct Moment {
    at: At,
    now: Instant,
}

/// One connection.
#[derive(Debug)]
pub struct Session {
    settings: Irc,
    phase: Phase,
    caps: Caps,
    login: Login,
    /// The capabilities are settled and the server was told so.
    is_negotiated: bool,
    isupport: Isupport,
    me: Myself,
    channels: Vec<Channel>,
    roster: Roster,
    playback: Playback,
    flood: Flood,
    /// When the server said something last; in registration, something that brought us further.
    heard: Instant,
    /// When it was asked whether it is there, if it has not said anything since.
    pinged: Option<Instant>,
    /// Since when something is said that the server was not asked about.
    spoken: Option<Instant>,
    /// When it was asked, while it has not answered. Other signs of life are no answer to that.
    asked: Option<Instant>,
    /// What was said before this, the server has taken.
    proved: Option<Instant>,
    /// The last that the engine was told about rights here.
    told: Option<Option<String>>,
    unreadable: u64,
}

impl Session {
    /// Begins: the first lines to send are in the effects.
    pub fn open(settings: &Irc, now: Instant, effects: &mut Vec<Effect>) -> Self {
        send(effects, "CAP", &["LS", "302"]);
        send(effects, "NICK", &[&settings.nick]);
        send(effects, "USER", &[&settings.nick, "0", "*", &settings.real_name]);
        Self {
            settings: settings.clone(),
            phase: Phase::Greeting,
            caps: Caps::new(settings.login != IrcLogin::None),
            login: Login::default(),
            is_negotiated: false,
            isupport: Isupport::default(),
            me: Myself::new(&settings.nick),
            channels: settings.channels.iter().map(|name| Channel::new(name, now)).collect(),
            roster: Roster::default(),
            playback: Playback::default(),
            flood: Flood::default(),
            heard: now,
            pinged: None,
            spoken: None,
            asked: None,
            proved: None,
            told: None,
            unreadable: 0,
        }
    }

    /// Takes one line of the server, without its CR LF. Bytes that are not UTF-8 are replaced before.
    pub fn hear(&mut self, line: &str, at: At, now: Instant, effects: &mut Vec<Effect>) {
        if self.phase == Phase::Over {
            return;
        }
        let message = line.parse::<Message>();
        if self.phase == Phase::Ready
            || message.as_ref().is_ok_and(|message| brings_further(&message.command))
        {
            self.heard = now;
            self.pinged = None;
        }
        match message {
            Ok(message) => self.take(&message, Moment { at, now }, effects),
            Err(_) => self.unreadable += 1,
        }
        self.say_how_it_stands(effects);
    }

    /// Whether channels can be talked to.
    pub fn is_ready(&self) -> bool {
        self.phase == Phase::Ready
    }

    /// What can be said now in a channel, by its place in the configuration.
    pub fn access(&self, at: usize, now: Instant) -> Access {
        self.channels.get(at).map_or(Access::Shut, |channel| channel.access(now))
    }

    /// Who is where.
    pub fn roster(&self) -> &Roster {
        &self.roster
    }

    /// How many bytes of a `PRIVMSG` or `NOTICE` line reach others whole: the server puts our prefix in front, and a line
    /// has [`super::wire::LONGEST`] bytes. The text, the target and the verb have to fit.
    pub fn budget(&self) -> usize {
        self.me.budget()
    }

    /// The topic of a channel, as far as the server has said it.
    pub fn topic(&self, channel: &str) -> Option<&str> {
        self.channels[self.place_of(channel)?].topic.now.as_deref()
    }

    /// What the bot has to say in the topic of a room, in front of what stands there; nothing any more with `None`. It is
    /// done by a later [`Session::tick`]. To be said of every room when a session is opened: what an earlier run of the
    /// program left in a topic is taken out when the bot comes in.
    pub fn want_topic(&mut self, room: &RoomId, text: Option<String>) {
        if self.settings.topic
            && let Some(at) = (0..self.channels.len()).find(|at| self.room(*at) == *room)
        {
            self.channels[at].topic.want(text);
        }
    }

    /// How many lines of the server could not be read.
    pub fn unreadable(&self) -> u64 {
        self.unreadable
    }

    fn take(&mut self, message: &Message, moment: Moment, effects: &mut Vec<Effect>) {
        let tags = message.tags.as_deref().unwrap_or_default();
        if self.playback.is_in_history(tags) {
            return;
        }
        match &message.command {
            Command::PING(token, None) => send(effects, "PONG", &[token]),
            Command::PING(token, Some(other)) => send(effects, "PONG", &[token, other]),
            Command::PONG(..) => {
                self.playback.set_clock(tags, moment.now);
                self.proved = self.asked.take().or(self.proved);
            }
            Command::CAP(_, subcommand, first, second) => {
                self.hear_caps(*subcommand, first.as_deref(), second.as_deref(), effects);
            }
            Command::AUTHENTICATE(words) => self.hear_authenticate(words, effects),
            Command::BATCH(reference, kind, _) => self.playback.batch(reference, kind.as_ref()),
            Command::ERROR(words) => {
                self.end(because("the server closed the connection", words), then(words), effects);
            }
            Command::Response(code, words) => self.hear_numeric(*code as u16, words, tags, moment, effects),
            Command::Raw(verb, words) => {
                if let Ok(code) = verb.parse() {
                    self.hear_numeric(code, words, tags, moment, effects);
                }
            }
            command => {
                if let Some(Prefix::Nickname(nick, user, host)) = &message.prefix {
                    let from = Sender { nick, user, host };
                    self.hear_somebody(from, command, tags, moment, effects);
                } else {
                    self.hear_server(command, moment.now, effects);
                }
            }
        }
    }

    fn hear_numeric(
        &mut self,
        code: u16,
        words: &[String],
        tags: &[Tag],
        moment: Moment,
        effects: &mut Vec<Effect>,
    ) {
        self.playback.set_clock(tags, moment.now);
        if !self.hear_welcome(code, words, moment.now, effects) {
            match (code, words) {
                // The host that others see from now on, sometimes with the name in front.
                (396, [_, host, ..]) => {
                    let (user, host) = host.split_once('@').unwrap_or(("", host));
                    self.me.learn(user, host);
                }
                _ => self.hear_of_channel(code, words, moment.now, effects),
            }
        }
    }

    /// A line that comes from somebody.
    fn hear_somebody(
        &mut self,
        from: Sender<'_>,
        command: &Command,
        tags: &[Tag],
        moment: Moment,
        effects: &mut Vec<Effect>,
    ) {
        match command {
            Command::PRIVMSG(target, text) if !from.user.is_empty() => {
                self.hear_message(from, tags, (target, text), moment, effects);
            }
            Command::JOIN(channel, account, _) => {
                let account = match account {
                    Some(account) if self.caps.has("extended-join") => Some(account.as_str()),
                    _ if self.has_accounts() => Some(speech::account(tags).unwrap_or("*")),
                    _ => None,
                };
                let account = account.map(|account| Some(account).filter(|account| *account != "*"));
                if self.is_me(from.nick) {
                    self.playback.set_clock(tags, moment.now);
                }
                self.hear_join(from, channel, account, moment.now, effects);
            }
            Command::PART(channel, _) => {
                let why = "somebody took me out of it".to_owned();
                self.hear_leave(from.nick, channel, Departure::Left, why, moment.now, effects);
            }
            Command::QUIT(words) => self.hear_quit(from, words.as_deref().unwrap_or(""), moment.now, effects),
            Command::NICK(nick) => self.hear_nick(from, nick, moment.now, effects),
            Command::ACCOUNT(account) => {
                let account = Some(account.as_str()).filter(|account| !matches!(*account, "" | "*"));
                self.hear_account(from, account, effects);
            }
            Command::CHGHOST(user, host) if self.is_me(from.nick) => self.me.learn(user, host),
            Command::KICK(channel, nick, words) => {
                let why = because(&format!("{} kicked me", from.nick), words.as_deref().unwrap_or(""));
                self.hear_leave(nick, channel, Departure::Kicked, why, moment.now, effects);
            }
            Command::TOPIC(channel, Some(text)) => self.hear_topic(channel, text),
            Command::ChannelMODE(channel, modes) => self.hear_modes(channel, modes),
            Command::KILL(nick, words) => self.hear_kill(nick, words, effects),
            _ => {}
        }
    }

    /// What a server does to others in its own name.
    fn hear_server(&mut self, command: &Command, now: Instant, effects: &mut Vec<Effect>) {
        match command {
            Command::KICK(channel, nick, words) => {
                let why = because("the server kicked me", words.as_deref().unwrap_or(""));
                self.hear_leave(nick, channel, Departure::Kicked, why, now, effects);
            }
            Command::TOPIC(channel, Some(text)) => self.hear_topic(channel, text),
            Command::ChannelMODE(channel, modes) => self.hear_modes(channel, modes),
            Command::KILL(nick, words) => self.hear_kill(nick, words, effects),
            _ => {}
        }
    }

    /// Modes of a channel: one that names the bot may let it change the topic.
    fn hear_modes(&mut self, channel: &str, modes: &[Mode<ChannelMode>]) {
        let of_me = |mode: &Mode<ChannelMode>| match mode {
            Mode::Plus(_, Some(nick)) => self.is_me(nick),
            _ => false,
        };
        if modes.iter().any(of_me)
            && let Some(at) = self.place_of(channel)
        {
            self.channels[at].topic.allow();
        }
    }

    fn hear_topic(&mut self, channel: &str, text: &str) {
        if let Some(at) = self.place_of(channel) {
            self.channels[at].topic.now = Some(text.to_owned());
        }
    }

    fn change_topics(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        if !self.settings.topic {
            return;
        }
        let budget = self.me.budget();
        let longest = self.isupport.topic_length.unwrap_or(budget);
        for channel in self.channels.iter_mut().filter(|channel| channel.is_known()) {
            let room = budget.saturating_sub("TOPIC  :".len() + channel.name.len());
            let line = channel.topic.change(&channel.name, longest.min(room), now);
            effects.extend(line.map(Effect::Send));
        }
    }

    /// The engine hears how it stands here, whenever that is news.
    fn say_how_it_stands(&mut self, effects: &mut Vec<Effect>) {
        if self.phase != Phase::Ready {
            return;
        }
        let read_only = self.read_only();
        if self.told.as_ref() != Some(&read_only) {
            self.told = Some(read_only.clone());
            let network = self.settings.network.clone();
            effects.push(Effect::Heard(Input::Link(Link { network, change: LinkChange::Up { read_only } })));
        }
    }
}

/// Whether a line brings the registration further. A server that only says that it is looking things up does not.
fn brings_further(command: &Command) -> bool {
    match command {
        Command::CAP(..) | Command::AUTHENTICATE(_) | Command::Response(..) => true,
        Command::Raw(verb, _) => verb.bytes().all(|byte| byte.is_ascii_digit()),
        _ => false,
    }
}

/// Sends a command. What cannot stand in one line is not sent: all that comes here is ours, or the server's own words.
fn send(effects: &mut Vec<Effect>, verb: &str, parameters: &[&str]) {
    effects.extend(OutLine::command(verb, parameters).map(Effect::Send));
}
