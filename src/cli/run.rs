//! `swatbot run`: the log, the review system, the loop, and everywhere it talks.

mod arrivals;
mod asked;
mod hands;
mod keyboard;
mod network;
mod watch;

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::thread;
use std::time::Duration;

use tokio::runtime;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::Fault;
use crate::bot::{Asked, Bot, Sample, Waiting};
use crate::clock::Clock;
use crate::config::{Config, Connection, Coverage, Review};
use crate::engine::id::{At, ChangeNumber, OccurrenceId, RoomId, RowId};
use crate::engine::say::card::Card;
use crate::engine::settings::{CONSOLE, Seed};
use crate::engine::{Accepted, Place, Reply, Run};
use crate::health::Checks;
use crate::play::{PlayError, Player};
use crate::review::{CoverageFrom, Files, Gerrit, GerritSettings, Source};
use crate::store::Store;
use crate::transport::{Say, console};

use hands::Hands;
use network::{Networks, Told};

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
    let checks = checks(&config)?;
    let has_console = config.connections.contains(&Connection::Console);
    if has_console && !io::stdin().is_terminal() {
        if config.connections.len() > 1 {
            tell(
                "standard input is no terminal, so it is played as a script and no network is joined; without the connection \"console\" they are",
            );
        }
        return script(config, clock, source, checks);
    }
    let runtime =
        runtime::Builder::new_current_thread().enable_all().build().map_err(|error| failed(&error))?;
    let ran = runtime.block_on(live(config, read, clock, Arc::new(source), checks, has_console));
    // A name that is still being looked up keeps nobody waiting.
    runtime.shutdown_background();
    ran
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

/// The health checks that the configuration names.
fn checks(config: &Config) -> Result<Checks, Fault> {
    Checks::new(&config.checks).map_err(Fault::Usage)
}

fn failed(error: &dyn std::fmt::Display) -> Fault {
    Fault::Failed(error.to_string())
}

/// A seed that nobody can guess.
fn drawn() -> Result<Seed, Fault> {
    let mut seed = Seed::default();
    let chance = rustls::crypto::ring::default_provider().secure_random;
    chance.fill(&mut seed.0).map_err(|_| Fault::Failed("the system gives no random numbers".to_owned()))?;
    Ok(seed)
}

fn script(config: Config, clock: Clock, source: Source, checks: Checks) -> Result<(), Fault> {
    let mut out = io::stdout().lock();
    let mut script = io::stdin().lock();
    Player::open_with(config.settings, config.database, source, clock, Some(checks), &mut out)
        .and_then(|mut player| player.play(&mut script, &mut out))
        .map_err(|error| match error {
            PlayError::Open(error) => Fault::from(error),
            error => failed(&error),
        })
}

/// The loop, all networks and the review system in this thread, the keyboard in another where a person sits at it.
async fn live(
    config: Config,
    read: Read,
    clock: Clock,
    source: Arc<Source>,
    checks: Checks,
    has_keyboard: bool,
) -> Result<(), Fault> {
    config.notes().iter().for_each(|note| tell(&format!("note: {note}")));
    let (arrivals_in, arrived) = unbounded_channel();
    let (questions_in, questions) = unbounded_channel();
    let networks = Networks::new(&config, has_keyboard, clock);
    let says = networks.says();
    let told = Told {
        source: Arc::clone(&source),
        questions,
        arrivals: arrivals_in.clone(),
        read,
        config: config.clone(),
    };
    // The servers' handshakes take longer than the log: both begin at once, and what is heard waits for the loop.
    let left = tokio::spawn(networks.run(told));
    let store = open(config.database.clone()).await?;
    let asks = asked::start(config.database.clone(), arrivals_in.clone()).map_err(|error| failed(&error))?;
    asked::feed(config.database.clone(), arrivals_in.clone());
    watch::start(config.database, config.full_check, arrivals_in.clone());
    let look = watch::LOOK.min(config.full_check);
    let name = config.settings.name.clone();
    let speaker = config.settings.people.first().map_or("alice", |person| person.id.0.as_str()).to_owned();
    let greeting = keyboard::greeting(&config.settings, &speaker, clock.now());
    let hands = Hands::new(checks, arrivals_in.downgrade());
    let mut rooms = Rooms {
        screen: None,
        networks: says,
        questions: questions_in,
        hands,
        asks,
        waiting: Waiting::default(),
    };
    if has_keyboard {
        let mut out = io::stdout();
        out.write_all(greeting.as_bytes()).map_err(|error| failed(&error))?;
        rooms.screen = Some(Screen { name: name.clone(), out });
    }
    let mut settings = config.settings;
    settings.seed = drawn()?;
    let (mut bot, first) = Bot::open(settings, store, clock.now()).map_err(|error| failed(&error))?;
    bot.give_out_questions();
    if has_keyboard {
        thread::spawn(move || keyboard::read(&source, speaker, &name, clock, &arrivals_in));
    }
    // A task of its own, because only tasks wake each other without a word to the operating system.
    let ran = tokio::spawn(async move {
        arrivals::run(bot, clock, first, arrived, look, &mut rooms).await;
        rooms
    });
    match ran.await {
        Ok(rooms) => rooms.leave(),
        Err(fault) => std::panic::resume_unwind(fault.into_panic()),
    }
    // All connections are told at once; one that cannot leave in time is left.
    match timeout(LEAVE, left).await {
        Ok(Ok(Err(why))) => Err(Fault::Failed(why.to_owned())),
        _ => Ok(()),
    }
}

/// Opens the log beside everything else, because checking a long one takes a while.
async fn open(path: PathBuf) -> Result<Store, Fault> {
    let (opened, store) = oneshot::channel();
    thread::spawn(move || {
        // Nobody waits for it any more where the program is about to end.
        let _ = opened.send(Store::open(&path));
    });
    match store.await {
        Ok(store) => store.map_err(Fault::from),
        Err(_) => Err(Fault::Failed("the log was not opened: a fault in swatbot itself".to_owned())),
    }
}

/// Where the loop says and asks things.
struct Rooms {
    screen: Option<Screen>,
    networks: BTreeMap<String, UnboundedSender<Say>>,
    questions: UnboundedSender<ChangeNumber>,
    hands: Hands,
    asks: Sender<Asked>,
    waiting: Waiting,
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

impl Rooms {
    /// Says these, in order; what is for somebody who has asked the log something waits for the answer.
    fn say(&mut self, replies: Vec<Reply>) {
        let replies = self.waiting.pass(replies);
        self.say_now(replies);
    }

    /// Asks the log; the answer arrives.
    fn ask(&mut self, asked: Asked) {
        self.waiting.ask(asked.clone());
        // The other side ends only with the program.
        let _ = self.asks.send(asked);
    }

    /// Says what the log has answered, and what waited for it.
    fn answered(&mut self, replies: Vec<Reply>) {
        let replies = self.waiting.answered(replies);
        self.say_now(replies);
    }

    fn say_now(&mut self, replies: Vec<Reply>) {
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

    /// Shows that these commands were taken.
    fn accepted(&mut self, accepted: Vec<Accepted>) {
        let mut sorted: BTreeMap<String, Vec<Accepted>> = BTreeMap::new();
        for accepted in accepted {
            sorted.entry(accepted.room.network().to_owned()).or_default().push(accepted);
        }
        for (network, accepted) in sorted {
            if let Some(connection) = self.networks.get(&network) {
                let _ = connection.send(Say::Accepted(accepted));
            }
        }
    }

    /// Shows how a window stands in a room, where a line can be changed after it was said.
    fn card(&mut self, room: RoomId, window: OccurrenceId, card: Card) {
        if let Some(connection) = self.networks.get(room.network()) {
            let _ = connection.send(Say::Card(room, window, Box::new(card)));
        }
    }

    /// Puts this in the topic of a room, or with `None` what stood there before, where there are topics.
    fn topic(&mut self, room: RoomId, text: Option<String>) {
        if let Some(connection) = self.networks.get(room.network()) {
            let _ = connection.send(Say::Topic(room, text));
        }
    }

    /// Asks the review system about a change; the answer arrives as an input.
    fn look_up(&mut self, change: ChangeNumber) {
        // The other side ends only with the program.
        let _ = self.questions.send(change);
    }

    /// Starts the command of a step.
    fn start(&mut self, run: Run) {
        self.hands.start(run);
    }

    /// Ends the command that this row started.
    fn stop(&mut self, row: RowId) {
        self.hands.stop(row);
    }

    /// Asks a health check; the answer arrives with its question.
    fn measure(&mut self, sample: Sample) {
        self.hands.measure(sample);
    }

    /// Everything that a connection sent up to this number is stored or answered, but these messages.
    fn taken(&mut self, network: &str, number: i64, unsettled: Vec<String>) {
        if let Some(connection) = self.networks.get(network) {
            let _ = connection.send(Say::Taken(number, unsettled));
        }
    }

    /// Tells the operator why the log takes nothing.
    fn warn(&mut self, why: &str) {
        // Chat is told that nothing was recorded; only the operator can do something about the reason.
        tell(&format!("the log takes nothing: {why}"));
    }

    fn leave(mut self) {
        for row in self.hands.running() {
            tell(&format!(
                "the command of {row} still runs; at the next start somebody is asked what became of it"
            ));
        }
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
