//! Everything that waits for others: the networks, the review system, and the operator's signals.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

use super::arrivals::Arrival;
use super::{Fault, Read, tell};
use crate::bot;
use crate::clock::Clock;
use crate::config::{Config, Connection, IrcLogin};
use crate::engine::id::ChangeNumber;
use crate::engine::settings::Settings;
use crate::engine::{Attendance, Input, Link, LinkChange, Presence};
use crate::review::Source;
use crate::transport::Say;
#[cfg(feature = "irc")]
use crate::transport::irc;
#[cfg(feature = "matrix")]
use crate::transport::matrix;

/// The connections of a configuration, not yet made.
pub(super) struct Networks {
    links: Vec<(Connection, UnboundedReceiver<Say>)>,
    says: BTreeMap<String, UnboundedSender<Say>>,
    people: Arc<Settings>,
    clock: Clock,
    /// A person sits at a terminal: when it closes, that is the end, and no word from the operator.
    has_keyboard: bool,
}

/// What is answered, who is told, and what the program was started with.
pub(super) struct Told {
    pub(super) source: Arc<Source>,
    pub(super) questions: UnboundedReceiver<ChangeNumber>,
    pub(super) arrivals: UnboundedSender<Arrival>,
    pub(super) read: Read,
    pub(super) config: Config,
}

impl Networks {
    pub(super) fn new(config: &Config, has_keyboard: bool, clock: Clock) -> Self {
        let mut says = BTreeMap::new();
        let mut links = Vec::new();
        for connection in &config.connections {
            if let Some(network) = network_of(connection) {
                let (say, said) = unbounded_channel();
                says.insert(network.to_owned(), say);
                links.push((connection.clone(), said));
            }
        }
        Self { links, says, people: Arc::new(config.settings.clone()), clock, has_keyboard }
    }

    /// By which each network is told what to say.
    pub(super) fn says(&self) -> BTreeMap<String, UnboundedSender<Say>> {
        self.says.clone()
    }

    /// Connects. It ends when all networks were left and nobody can ask anything any more. Where the last of them has
    /// refused the bot for good, and nobody sits at a terminal, it gives that as the reason.
    pub(super) async fn run(self, told: Told) -> Result<(), &'static str> {
        let mut kept = JoinSet::new();
        // A person at a terminal counts as one more place to talk.
        let left = Arc::new(AtomicUsize::new(self.links.len() + usize::from(self.has_keyboard)));
        for (settings, said) in self.links {
            let people = Arc::clone(&self.people);
            let ears = Ears { arrivals: told.arrivals.clone(), left: Arc::clone(&left) };
            kept.spawn(keep(settings, people, self.clock, ears, said));
        }
        let operator = Operator {
            read: told.read,
            running: told.config,
            arrivals: told.arrivals.clone(),
            // The loop holds the others: a connection ends when the loop has.
            says: self.says.into_values().map(|say| say.downgrade()).collect(),
        };
        let signals = tokio::spawn(operator.listen(self.has_keyboard));
        tokio::join!(answer(&told.source, told.questions, &told.arrivals), async {
            while kept.join_next().await.is_some() {}
        });
        signals.abort();
        if left.load(Ordering::Relaxed) > 0 {
            return Ok(());
        }
        Err("there is nowhere left to talk; mend what is said above and start it again")
    }
}

/// What a network is heard by.
#[derive(Clone)]
struct Ears {
    arrivals: UnboundedSender<Arrival>,
    /// How many places to talk have not stopped for good.
    left: Arc<AtomicUsize>,
}

impl Ears {
    /// Whether anybody listens. A program that can talk nowhere any more ends: whoever watches over it must see that.
    fn hear(&self, inputs: Vec<Input>, mark: Option<(String, i64)>, login: Option<&IrcLogin>) -> bool {
        let news: Vec<String> = inputs.iter().filter_map(|input| news(input, login)).collect();
        news.iter().for_each(|news| tell(news));
        let stopped =
            |input: &&Input| matches!(input, Input::Link(Link { change: LinkChange::Stopped(_), .. }));
        let stopped = inputs.iter().filter(stopped).count();
        let mut listens = self.arrivals.send(Arrival::Inputs(inputs, mark)).is_ok();
        if stopped > 0 && self.left.fetch_sub(stopped, Ordering::Relaxed) == stopped {
            // The loop still records everything that came before.
            listens &= self.arrivals.send(Arrival::End).is_ok();
        }
        listens
    }
}

/// The network that a connection leads to; the terminal is none.
fn network_of(connection: &Connection) -> Option<&str> {
    match connection {
        Connection::Console => None,
        Connection::Irc(irc) => Some(&irc.network),
        Connection::Matrix(matrix) => Some(&matrix.network),
    }
}

/// Keeps one network, and tells the operator what becomes of it.
async fn keep(
    connection: Connection,
    people: Arc<Settings>,
    clock: Clock,
    ears: Ears,
    said: UnboundedReceiver<Say>,
) {
    let Some(network) = network_of(&connection).map(str::to_owned) else { return };
    let login = match &connection {
        Connection::Irc(settings) => Some(settings.login.clone()),
        _ => None,
    };
    let hear = move |inputs: Vec<Input>, mark: Option<(String, i64)>| ears.hear(inputs, mark, login.as_ref());
    let ears = hear.clone();
    let kept = match connection {
        #[cfg(feature = "irc")]
        Connection::Irc(settings) => {
            let hear = move |inputs: Vec<Input>| hear(inputs, None);
            tokio::spawn(irc::link::keep(*settings, people, clock, hear, tell, said))
        }
        #[cfg(feature = "matrix")]
        Connection::Matrix(settings) => {
            let network = network.clone();
            let hear = move |inputs: Vec<Input>, mark: Option<i64>| {
                hear(inputs, mark.map(|number| (network.clone(), number)))
            };
            tokio::spawn(matrix::link::keep(*settings, clock, hear, tell, said))
        }
        // A build without it takes no configuration that has it.
        _ => tokio::spawn(async move { drop((people, clock, hear, said)) }),
    };
    if kept.await.is_err() {
        let why = "a fault in swatbot itself".to_owned();
        ears(vec![Input::Link(Link { network, change: LinkChange::Stopped(why) })], None);
    }
}

/// What the operator is told of an input. Where a secret stands is for the operator alone, and what it is for nobody.
fn news(input: &Input, login: Option<&IrcLogin>) -> Option<String> {
    if let Input::Presence(Presence { room, change: Attendance::Closed(why) }) = input {
        return Some(format!("not in {room}: {why}; trying again"));
    }
    if let Input::Presence(Presence { room, change: Attendance::Shut { why, next } }) = input {
        let next =
            next.as_ref().map(|next| format!("; both rooms say that {next} follows it")).unwrap_or_default();
        return Some(format!(
            "out of {room}: {why}{next}; not trying again, somebody must do something about it"
        ));
    }
    let Input::Link(Link { network, change }) = input else { return None };
    Some(match change {
        LinkChange::Up { read_only: None } => format!("connected to {network}"),
        LinkChange::Up { read_only: Some(why) } => {
            format!("connected to {network}, where nobody has a right: {why}")
        }
        LinkChange::Lost(why) => format!("{network} is lost: {why}; trying again"),
        LinkChange::Stopped(why) => {
            let from = match login {
                Some(IrcLogin::Password { file, .. }) if why.contains("login") => {
                    format!("; the password is the one in {}", file.display())
                }
                Some(IrcLogin::Certificate { file }) if why.contains("login") => {
                    format!("; the certificate is the one in {}", file.display())
                }
                _ => String::new(),
            };
            format!("{network} is lost: {why}{from}; not trying again before a restart")
        }
    })
}

/// Asks the review system, many questions at a time, and sends each answer to the loop when it comes. It ends when
/// nobody is left who could ask.
async fn answer(
    source: &Arc<Source>,
    mut questions: UnboundedReceiver<ChangeNumber>,
    answers: &UnboundedSender<Arrival>,
) {
    while let Some(change) = questions.recv().await {
        let source = Arc::clone(source);
        let answers = answers.clone();
        tokio::spawn(async move {
            let answer = source.look_up(change).await;
            // Where the loop has ended, the answer is asked for again at the next start.
            let _ = answers.send(Arrival::Inputs(vec![bot::facts(change, answer)], None));
        });
    }
}

/// Whoever started the program, and speaks to it by signals.
struct Operator {
    read: Read,
    /// The configuration that it was started with.
    running: Config,
    arrivals: UnboundedSender<Arrival>,
    says: Vec<tokio::sync::mpsc::WeakUnboundedSender<Say>>,
}

impl Operator {
    /// TERM and INT stop the program in order, and the second of them at once; HUP has the configuration read again.
    async fn listen(self, has_keyboard: bool) {
        let caught = |kind| signal(kind).map_err(|error| tell(&format!("signals are not heard: {error}")));
        let (Ok(mut term), Ok(mut int)) = (caught(SignalKind::terminate()), caught(SignalKind::interrupt()))
        else {
            return;
        };
        let mut hup = if has_keyboard { None } else { caught(SignalKind::hangup()).ok() };
        let mut stopping = false;
        loop {
            tokio::select! {
                _ = term.recv() => {}
                _ = int.recv() => {}
                () = caught_by(&mut hup) => {
                    self.read_again();
                    continue;
                }
            }
            if std::mem::replace(&mut stopping, true) {
                tell("stopped in the middle of its goodbyes");
                std::process::exit(1);
            }
            tell("stopping");
            // Everything that came before is still recorded and answered.
            let _ = self.arrivals.send(Arrival::End);
        }
    }

    /// Takes a changed configuration, or keeps the old one whole.
    fn read_again(&self) {
        let new = match (self.read)() {
            Ok(new) => new,
            Err(Fault::Failed(why) | Fault::Usage(why) | Fault::ReadOnly(why)) => {
                tell(&format!(
                    "the configuration is not taken, the one from before holds:\n{}",
                    why.trim_end()
                ));
                return;
            }
        };
        let checks = match super::checks(&new) {
            Ok(checks) => checks,
            Err(Fault::Failed(why) | Fault::Usage(why) | Fault::ReadOnly(why)) => {
                tell(&format!("the configuration is not taken, the one from before holds:\n{why}"));
                return;
            }
        };
        let people = Arc::new(new.settings.clone());
        let running = Config {
            settings: self.running.settings.clone(),
            checks: self.running.checks.clone(),
            ..new.clone()
        };
        if running != self.running {
            tell("connections, the review system and the database change with a restart only");
        }
        tell("the configuration was read again");
        new.notes().iter().for_each(|note| tell(&format!("note: {note}")));
        let _ = self.arrivals.send(Arrival::Settings(Box::new(new.settings), checks));
        for say in self.says.iter().filter_map(|say| say.upgrade()) {
            let _ = say.send(Say::Settings(Arc::clone(&people)));
        }
    }
}

async fn caught_by(signal: &mut Option<tokio::signal::unix::Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}
