//! One connection to an IRC network, played line by line. In a script `<` is what the server says, `+` lets time pass,
//! and the rest is what must follow: `>` what goes out, `=` what the engine hears, `%` what the operator is told, `!` how the connection ends.

mod bad_inputs;
mod channels;
mod login;
mod nick;
mod people;
mod register;
mod speech;
mod topic;
mod watch;

use std::fmt::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use swatbot::config::{Irc, IrcLogin};
use swatbot::engine::{Attendance, Input, Line, LinkChange};
use swatbot::secret::Secret;
use swatbot::transport::irc::session::{Effect, Session, Then};

use super::make;

/// A server that offers all that is asked for, without a login.
const WELCOME: &str = "
    < :irc.test CAP * LS :account-tag account-notify batch chghost echo-message extended-join message-tags server-time
    < :irc.test CAP * ACK :account-notify account-tag batch chghost echo-message extended-join message-tags server-time
    < :irc.test 001 swatbot :Welcome swatbot!~swat@bot.test
    < :irc.test 005 swatbot CASEMAPPING=rfc1459 WHOX PREFIX=(ov)@+ TOPICLEN=120 :are supported by this server
    < :irc.test 376 swatbot :End of /MOTD command.
";

/// The way into `#ops`, where alice is, and a guest without an account.
const OPS: &str = "
    < :swatbot!~swat@bot.test JOIN #ops * :swatbot
    < :irc.test 353 swatbot = #ops :swatbot @alice guest
    < :irc.test 366 swatbot #ops :End of /NAMES list.
    < :irc.test 354 swatbot 77 #ops swatbot H 0
    < :irc.test 354 swatbot 77 #ops alice H@ alice
    < :irc.test 354 swatbot 77 #ops guest H 0
    < :irc.test 315 swatbot #ops :End of /WHO list.
";

/// A network called `libera`, with one channel and no login.
fn irc() -> Irc {
    Irc {
        network: "libera".to_owned(),
        server: "irc.test".to_owned(),
        port: 6697,
        tls: true,
        ca_file: None,
        nick: "swatbot".to_owned(),
        alternative_nicks: Vec::new(),
        real_name: "conducts deployment windows".to_owned(),
        account: None,
        login: IrcLogin::None,
        channels: vec!["#ops".to_owned()],
        ignore: Vec::new(),
        burst: 4,
        line_every: Duration::from_secs(1),
        formatting: false,
        topic: false,
    }
}

/// The same, with an account and its password.
fn with_password(password: &str) -> Irc {
    let login = IrcLogin::Password {
        file: PathBuf::from("secret"),
        password: Some(Secret::new(password.to_owned())),
    };
    Irc { account: Some("swatbot".to_owned()), login, ..irc() }
}

/// A connection under way.
struct Play {
    session: Session,
    now: Instant,
    /// How long it has been up.
    passed: Duration,
    effects: Vec<Effect>,
    /// The server answers each `PING`, and neither is shown.
    is_alive: bool,
}

impl Play {
    /// A connection at its first line.
    fn open(settings: &Irc) -> Self {
        let (now, mut effects) = (Instant::now(), Vec::new());
        let session = Session::open(settings, now, &mut effects);
        Self { session, now, passed: Duration::ZERO, effects, is_alive: false }
    }

    /// A connection that is ready.
    fn welcome(settings: &Irc) -> Self {
        let mut play = Self::open(settings);
        play.run(WELCOME);
        play.effects.clear();
        play
    }

    /// A connection that is in `#ops`.
    fn in_ops(settings: &Irc) -> Self {
        let mut play = Self::welcome(settings);
        play.run(OPS);
        play.effects.clear();
        play
    }

    fn hear(&mut self, line: &str) {
        let at = make::when("2026-11-23T14:00:00Z") + self.passed;
        self.session.hear(line, at, self.now, &mut self.effects);
    }

    /// Lets time pass, and wakes the session whenever it wants to be woken.
    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(wake) = self.session.wake().filter(|wake| *wake <= end) {
            self.go_to(wake.max(self.now));
            let next = self.session.wake();
            assert!(next.is_none_or(|next| next > self.now), "it would be woken for ever");
        }
        self.go_to(end);
    }

    fn go_to(&mut self, now: Instant) {
        self.passed += now - self.now;
        self.now = now;
        self.session.tick(now, &mut self.effects);
        let is_ping =
            |effect: &Effect| matches!(effect, Effect::Send(line) if line.as_str().starts_with("PING"));
        if self.is_alive && self.effects.iter().any(is_ping) {
            self.effects.retain(|effect| !is_ping(effect));
            self.hear(":irc.test PONG irc.test swatbot");
        }
    }

    /// Plays a script, and gives it back with what followed.
    fn run(&mut self, script: &str) -> String {
        let mut shown = String::new();
        self.show(&mut shown);
        for line in script.lines().map(str::trim) {
            if let Some(line) = line.strip_prefix("< ") {
                writeln!(shown, "< {line}").expect("a string takes all");
                self.hear(&unescaped(line));
            } else if let Some(time) = line.strip_prefix('+') {
                writeln!(shown, "+{time}").expect("a string takes all");
                let seconds =
                    time.strip_suffix('s').and_then(|it| it.parse().ok()).expect("time is like 30s");
                self.pass(Duration::from_secs(seconds));
            }
            self.show(&mut shown);
        }
        shown
    }

    fn show(&mut self, shown: &mut String) {
        for effect in self.effects.drain(..) {
            writeln!(shown, "{}", effect_as_text(&effect)).expect("a string takes all");
        }
    }

    /// Plays a script; what follows must be exactly what stands in it.
    #[track_caller]
    fn plays(&mut self, script: &str) {
        let shown = self.run(script);
        let wanted: String = script
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .flat_map(|line| [line, "\n"])
            .collect();
        assert!(shown == wanted, "--- this was wanted\n{wanted}--- this is so\n{shown}");
    }

    /// What the engine hears when the server says this.
    fn heard(&mut self, line: &str) -> Vec<Input> {
        self.hear(line);
        let heard = self.effects.drain(..).filter_map(|effect| match effect {
            Effect::Heard(input) => Some(input),
            _ => None,
        });
        heard.collect()
    }

    /// The line of chat that the engine hears when the server says this.
    fn line(&mut self, line: &str) -> Option<Line> {
        let mut heard = self.heard(line).into_iter();
        match (heard.next(), heard.next()) {
            (Some(Input::Line(line)), None) => Some(line),
            (None, _) => None,
            (first, second) => panic!("more than a line: {first:?} {second:?}"),
        }
    }
}

/// `\x01` and the like in a script stand for one character.
fn unescaped(line: &str) -> String {
    let mut parts = line.split("\\x");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let code = u8::from_str_radix(&part[..2], 16).expect("two digits");
        text.push(char::from(code));
        text.push_str(&part[2..]);
    }
    text
}

fn effect_as_text(effect: &Effect) -> String {
    match effect {
        Effect::Send(line) => format!("> {}", line.as_str()),
        Effect::Heard(input) => format!("= {}", input_as_text(input)),
        Effect::Told(what) => format!("% {what}"),
        Effect::Ended(ended) => {
            let then = match ended.then {
                Then::Again => "again",
                Then::AgainLater => "again later",
                Then::StopAtFirst => "stop at first",
                Then::Stop => "stop",
            };
            format!("! {} ({then})", ended.why)
        }
    }
}

fn input_as_text(input: &Input) -> String {
    let said = |line: &Line| {
        let room = line.room.as_ref().map_or("private", |room| &room.0);
        let account = line.account.as_deref().unwrap_or("-");
        let id = line.message_id.as_ref().map_or(String::new(), |id| format!(" [{id}]"));
        format!("{room} <{}={account}> {}{id}", line.nick, line.text)
    };
    match input {
        Input::Line(line) => said(line),
        Input::Flood(line) => format!("flood {}", said(line)),
        Input::Presence(presence) => {
            let what = match &presence.change {
                Attendance::Roster(accounts) => format!("here: {}", accounts.join(" ")),
                Attendance::Came(account) => format!("came {account}"),
                Attendance::Left { account, how } => format!("left {account} ({how:?})"),
                Attendance::Closed(why) => format!("closed: {why}"),
                Attendance::Shut { why, .. } => format!("shut: {why}"),
            };
            format!("{} {what}", presence.room).trim_end().to_owned()
        }
        Input::Link(link) => match &link.change {
            LinkChange::Up { read_only: None } => format!("{} up", link.network),
            LinkChange::Up { read_only: Some(why) } => format!("{} up, read-only: {why}", link.network),
            other => format!("{} {other:?}", link.network),
        },
        other => format!("{other:?}"),
    }
}
