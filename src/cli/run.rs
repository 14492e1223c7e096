//! `swatbot run`: the log, the review system, the loop, and everywhere it talks.

mod keyboard;
mod network;

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::Fault;
use crate::bot::{self, Bot, Outside};
use crate::clock::Clock;
use crate::config::{Config, Connection, Coverage, Review};
use crate::engine::id::{At, ChangeNumber, RoomId};
use crate::engine::settings::CONSOLE;
use crate::engine::{Place, Reply};
use crate::play::Player;
use crate::review::{CoverageFrom, Files, Gerrit, GerritSettings, Source};
use crate::store::Store;
use crate::transport::{Say, console};

use network::{Networks, Told};

/// So many arrivals wait for the loop; whoever brings more waits too.
const WAITING: usize = 1024;
/// How long the connections have to say what waits and to leave, all of them at once.
const LEAVE: Duration = Duration::from_secs(7);
/// What people on every network read when it is told to stop.
const FAREWELL: &str = "swatbot is stopped by its operator; the log keeps everything";

/// Reads the configuration, now and each time the operator asks for it.
pub(super) type Read = Box<dyn Fn() -> Result<Config, Fault> + Send>;

/// Runs the bot until it is told to stop. With the terminal as its chat and a pipe in its place, it plays what comes out
/// of the pipe to its end and touches no network.
pub(super) fn run(read: Read, at: Option<At>) -> Result<(), Fault> {
    let config = read()?;
    let clock = at.map_or_else(Clock::system, Clock::standing_at);
    let source = source(&config)?;
    let has_console = config.connections.contains(&Connection::Console);
    if has_console && !io::stdin().is_terminal() {
        return script(config, clock, source);
    }
    live(config, read, clock, Arc::new(source), has_console)
}

/// The review system that the configuration names.
fn source(config: &Config) -> Result<Source, Fault> {
    let coverage = config.coverage.as_ref().map(|coverage| match coverage {
        Coverage::File(path) => CoverageFrom::File(path.clone()),
        Coverage::Url(url) => CoverageFrom::Url(url.clone()),
    });
    let source = match &config.review {
        Review::Files { path } => Files::new(path.clone(), coverage).map(Source::Files),
        Review::Gerrit { url, login, timeout_seconds } => {
            let mut settings = GerritSettings::new(url.clone());
            settings.timeout = Duration::from_secs(*timeout_seconds);
            settings.login = login.as_ref().and_then(|login| {
                let password = login.password.clone()?;
                Some((login.username.clone(), password))
            });
            Gerrit::new(settings, coverage).map(Source::Gerrit)
        }
    };
    source.map_err(Fault::Usage)
}

fn failed(error: &dyn std::fmt::Display) -> Fault {
    Fault::Failed(error.to_string())
}

fn script(config: Config, clock: Clock, source: Source) -> Result<(), Fault> {
    let mut out = io::stdout().lock();
    let mut script = io::stdin().lock();
    Player::open(config.settings, config.database, source, clock, &mut out)
        .and_then(|mut player| player.play(&mut script, &mut out))
        .map_err(|error| failed(&error))
}

/// The loop here, all networks and the review system in one thread, the keyboard in another where a person sits at it.
fn live(
    config: Config,
    read: Read,
    clock: Clock,
    source: Arc<Source>,
    has_keyboard: bool,
) -> Result<(), Fault> {
    config.notes().iter().for_each(|note| tell(&format!("note: {note}")));
    let (arrivals_in, arrivals) = sync_channel(WAITING);
    let (questions_in, questions) = unbounded_channel();
    // The servers' handshakes take longer than the log: both begin at once, and what is heard waits for the loop.
    let networks = Networks::new(&config, has_keyboard, clock);
    let says = networks.says();
    let told = Told {
        source: Arc::clone(&source),
        questions,
        arrivals: arrivals_in.clone(),
        read,
        config: config.clone(),
    };
    let gone = networks.start(told)?;
    let store = Store::open(&config.database).map_err(|error| failed(&error))?;
    let name = config.settings.name.clone();
    let speaker = config.settings.people.first().map_or("alice", |person| person.id.0.as_str()).to_owned();
    let greeting = keyboard::greeting(&config.settings, &speaker, clock.now());
    let mut rooms = Rooms { screen: None, networks: says, questions: questions_in };
    if has_keyboard {
        let mut out = io::stdout();
        out.write_all(greeting.as_bytes()).map_err(|error| failed(&error))?;
        rooms.screen = Some(Screen { name: name.clone(), out });
    }
    let (bot, first) = Bot::open(config.settings, store, clock.now()).map_err(|error| failed(&error))?;
    if has_keyboard {
        thread::spawn(move || keyboard::read(&source, speaker, &name, clock, &arrivals_in));
    }
    bot::run(bot, clock, first, &arrivals, &mut rooms);
    // Nothing more is taken: it could not be recorded.
    drop(arrivals);
    rooms.leave();
    // All connections are told at once; one that cannot leave in time is left.
    match gone.recv_timeout(LEAVE) {
        Ok(why) => Err(Fault::Failed(why)),
        Err(_) => Ok(()),
    }
}

/// Where the loop says and asks things.
struct Rooms {
    screen: Option<Screen>,
    networks: BTreeMap<String, UnboundedSender<Say>>,
    questions: UnboundedSender<ChangeNumber>,
}

/// The terminal.
struct Screen {
    name: String,
    out: io::Stdout,
}

impl Screen {
    fn show(&mut self, replies: &[Reply]) {
        for reply in replies {
            // A terminal that is gone ends the program at the next line it does not send.
            let _ = writeln!(self.out, "{}", console::shown(reply, &self.name));
        }
        let _ = self.out.flush();
    }
}

impl Outside for Rooms {
    fn say(&mut self, replies: Vec<Reply>) {
        let mut sorted: BTreeMap<String, Vec<Reply>> = BTreeMap::new();
        for reply in replies {
            sorted.entry(network_of(&reply.to).to_owned()).or_default().push(reply);
        }
        for (network, replies) in sorted {
            if let Some(connection) = self.networks.get(&network) {
                // One that has ended said why when it did.
                let _ = connection.send(Say::Replies(replies));
            } else if let Some(screen) = self.screen.as_mut().filter(|_| network == CONSOLE) {
                screen.show(&replies);
            }
        }
    }

    fn topic(&mut self, room: RoomId, text: Option<String>) {
        if let Some(connection) = self.networks.get(room.network()) {
            let _ = connection.send(Say::Topic(room, text));
        }
    }

    fn look_up(&mut self, change: ChangeNumber) {
        // The other side ends only with the program.
        let _ = self.questions.send(change);
    }

    fn warn(&mut self, why: &str) {
        // Chat is told that nothing was recorded; only the operator can do something about the reason.
        tell(&format!("the log takes nothing: {why}"));
    }
}

impl Rooms {
    fn leave(self) {
        for connection in self.networks.values() {
            // One that has ended need not leave.
            let _ = connection.send(Say::Quit(FAREWELL.to_owned()));
        }
    }
}

/// The network that a place is on.
fn network_of(place: &Place) -> &str {
    match place {
        Place::Room(room) => room.network(),
        Place::Private { network, .. } => network,
    }
}

/// Tells the operator something.
fn tell(what: &str) {
    // Where standard error is closed there is nobody to tell.
    let _ = writeln!(io::stderr(), "swatbot: {what}");
}
