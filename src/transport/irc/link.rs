//! The supervisor of one network: connects, drives the session and the outbox over the socket, and connects again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{sleep_until, timeout};

use crate::clock::Clock;
use crate::config::Irc;
use crate::engine::id::RoomId;
use crate::engine::settings::Settings;
use crate::engine::{self, Input, LinkChange};
use crate::transport::Say;

use super::backoff::Backoff;
use super::lines::Lines;
use super::outbox::Outbox;
use super::session::{Effect, Ended, Session, Then};
use super::socket::{self, Stream};
use super::wire::OutLine;

/// One write may take this long: a server that takes nothing is gone.
const WRITE: Duration = Duration::from_secs(10);
/// How long it waits, after `Say::Quit`, for what is still to be said.
const FLUSH: Duration = Duration::from_secs(5);
/// How long the server has to close its side after our last words.
const CLOSE: Duration = Duration::from_secs(1);
/// So many bytes are read at once.
const READ: usize = 16 * 1024;

/// Keeps one network connected until it is told to quit, or nobody is left who could tell it. `hear` takes what the
/// engine is to hear, and says whether anybody still listens. What goes wrong is heard as `Input::Link`; `tell` takes
/// what only the operator is to know, each thing once.
pub async fn keep(
    settings: Irc,
    people: Arc<Settings>,
    clock: Clock,
    hear: impl Fn(Vec<Input>) -> bool,
    tell: impl Fn(&str),
    says: UnboundedReceiver<Say>,
) {
    let outbox = Outbox::new(&settings, people);
    let mut link = Link {
        settings: Arc::new(settings),
        clock,
        hear,
        tell,
        known: BTreeSet::new(),
        says,
        outbox,
        topics: BTreeMap::new(),
        leave: None,
        is_down: false,
    };
    let mut backoff = Backoff::default();
    let mut begin = now();
    let mut has_worked = false;
    for attempt in 0.. {
        if !link.wait_until(begin).await {
            return;
        }
        backoff.begin(now());
        let Some((ended, ready)) = link.attempt(attempt).await else { return };
        has_worked |= ready.is_some();
        if ended.then == Then::Stop || (ended.then == Then::StopAtFirst && !has_worked) {
            link.tell(LinkChange::Stopped(ended.why));
            while link.told().await {}
            return;
        }
        // Once for an outage, not once for each attempt that fails.
        if !std::mem::replace(&mut link.is_down, true) {
            link.tell(LinkChange::Lost(ended.why));
        }
        begin = backoff.next(ready, ended.then, now());
    }
}

/// One network, connected or not.
struct Link<H, T> {
    settings: Arc<Irc>,
    clock: Clock,
    hear: H,
    tell: T,
    /// What the operator has been told.
    known: BTreeSet<String>,
    says: UnboundedReceiver<Say>,
    /// What waits to be said outlives a connection.
    outbox: Outbox,
    /// So does what is to stand in the topics.
    topics: BTreeMap<RoomId, Option<String>>,
    /// It was told to leave with these words, by this time; without words, at once.
    leave: Option<(Option<String>, Instant)>,
    /// The engine knows that nothing can be said.
    is_down: bool,
}

/// The end of a connection, and since when it could be used, if ever it could.
type Over = (Ended, Option<Instant>);

/// A connection and what belongs to it alone.
struct Line {
    stream: Box<dyn Stream>,
    session: Session,
    lines: Lines,
    effects: Vec<Effect>,
    buffer: Vec<u8>,
}

impl<H: Fn(Vec<Input>) -> bool, T: Fn(&str)> Link<H, T> {
    /// Waits, and says whether there is anything to wait for: it may be told to leave meanwhile.
    async fn wait_until(&mut self, begin: Instant) -> bool {
        loop {
            tokio::select! {
                () = sleep_until(begin.into()) => return true,
                goes_on = self.told() => if !goes_on { return false },
            }
        }
    }

    /// Connects, and talks for as long as that goes well. `None`: it was told to leave, and did.
    async fn attempt(&mut self, number: usize) -> Option<Over> {
        let settings = Arc::clone(&self.settings);
        let connecting = socket::connect(&settings, number);
        tokio::pin!(connecting);
        let stream = loop {
            tokio::select! {
                stream = &mut connecting => break stream,
                goes_on = self.told() => if !goes_on { return None },
            }
        };
        match stream {
            Ok(stream) => self.talk(stream).await,
            Err(why) => Some((Ended { why, then: Then::Again }, None)),
        }
    }

    async fn talk(&mut self, stream: Box<dyn Stream>) -> Option<Over> {
        let mut effects = Vec::new();
        let session = Session::open(&self.settings, now(), &mut effects);
        let mut line = Line { stream, session, lines: Lines::default(), effects, buffer: vec![0; READ] };
        let mut ready = None;
        loop {
            // All of them, each time: a new session knows none, and what has not changed costs nothing.
            for (room, text) in &self.topics {
                line.session.want_topic(room, text.clone());
            }
            let mut out = Vec::new();
            let ended = self.follow(&mut line.effects, &mut out);
            let now = now();
            if line.session.is_ready() {
                ready.get_or_insert(now);
            }
            if ended.is_none() {
                while let Some(next) = self.outbox.pop(&line.session, now) {
                    put(&mut out, &next);
                    line.session.has_spoken(now);
                }
            }
            let written = self.write(&mut line.stream, &out).await;
            if let Some(ended) = ended {
                return Some((ended, ready));
            }
            if let Err(why) = written {
                return Some((again(why), ready));
            }
            if let Some((words, by)) = &self.leave
                && (ready.is_none() || self.outbox.wake().is_none() || now >= *by)
            {
                leave(line.stream, words.as_deref()).await;
                return None;
            }
            // What could go out has gone. A line that is late already waits for the session, not for the time.
            let paced = self.outbox.wake().filter(|wake| *wake > now);
            let by = self.leave.as_ref().map(|(_, by)| *by);
            let wake = [line.session.wake(), paced, by].into_iter().flatten().min();
            tokio::select! {
                // What the server has said comes first: where it broke off, it has often said why.
                biased;
                read = line.stream.read(&mut line.buffer) => match read {
                    Ok(0) => return Some((self.closed(), ready)),
                    Ok(length) => line.take(length, self.clock),
                    Err(error) => return Some((again(socket::fault(&self.settings, &error)), ready)),
                },
                _ = self.told(), if self.leave.is_none() => {}
                () = at(wake) => line.session.tick(self::now(), &mut line.effects),
            }
        }
    }

    /// Hands on what the engine is to hear, all of it at once, and gathers what goes out.
    fn follow(&mut self, effects: &mut Vec<Effect>, out: &mut Vec<u8>) -> Option<Ended> {
        let mut ended = None;
        let mut inputs = Vec::new();
        for effect in effects.drain(..) {
            match effect {
                Effect::Send(line) => {
                    self.outbox.count(now());
                    put(out, &line);
                }
                Effect::Heard(input) => {
                    if let Input::Link(engine::Link { change: LinkChange::Up { .. }, .. }) = &input {
                        self.is_down = false;
                    }
                    inputs.push(input);
                }
                Effect::Told(what) => {
                    if !self.known.contains(&what) {
                        (self.tell)(&what);
                        self.known.insert(what);
                    }
                }
                Effect::Ended(end) => {
                    ended.get_or_insert(end);
                }
            }
        }
        self.hear(inputs);
        ended
    }

    /// Whoever is about to leave takes nothing more: it would be recorded and not answered.
    fn hear(&self, inputs: Vec<Input>) {
        if !inputs.is_empty() && self.leave.is_none() {
            // Where nobody listens any more, the word to leave is on its way.
            let _ = (self.hear)(inputs);
        }
    }

    fn tell(&self, change: LinkChange) {
        self.hear(vec![Input::Link(engine::Link { network: self.settings.network.clone(), change })]);
    }

    /// Takes what it is told next, and whatever else is there by then. False: it is to leave.
    async fn told(&mut self) -> bool {
        let mut say = self.says.recv().await;
        loop {
            match say {
                Some(Say::Replies(replies)) => self.outbox.push(replies, now()),
                Some(Say::Topic(room, text)) => {
                    self.topics.insert(room, text);
                }
                // A line of IRC is gone with its connection: there is nothing to take back.
                Some(Say::Taken(..)) => {}
                // A network that has neither shows neither.
                Some(Say::Accepted(_) | Say::Card(..)) => {}
                Some(Say::Settings(people)) => self.outbox.learn(people),
                Some(Say::Quit(words)) => self.leave = Some((Some(words), now() + FLUSH)),
                None => self.leave = Some((None, now())),
            }
            if self.leave.is_some() {
                return false;
            }
            match self.says.try_recv() {
                Ok(next) => say = Some(next),
                // A closed channel is seen by the next call.
                Err(_) => return true,
            }
        }
    }

    async fn write(&self, stream: &mut Box<dyn Stream>, out: &[u8]) -> Result<(), String> {
        if out.is_empty() {
            return Ok(());
        }
        let written = timeout(WRITE, async {
            stream.write_all(out).await?;
            stream.flush().await
        });
        match written.await {
            Ok(written) => written.map_err(|error| socket::fault(&self.settings, &error)),
            Err(_) => Err(format!("{} took nothing for {} s", self.settings.server, WRITE.as_secs())),
        }
    }

    fn closed(&self) -> Ended {
        again(format!("{} closed the connection", self.settings.server))
    }
}

impl Line {
    /// Gives the session what a read has brought.
    fn take(&mut self, length: usize, clock: Clock) {
        let (at, now) = (clock.now(), now());
        self.lines.take(&self.buffer[..length], |line| {
            self.session.hear(line, at, now, &mut self.effects);
        });
    }
}

/// Takes leave in such a way that the server reads it: a socket that is closed with words of the server unread would
/// take our own last words back.
async fn leave(mut stream: Box<dyn Stream>, words: Option<&str>) {
    let quit = words.and_then(|words| OutLine::command("QUIT", &[words]));
    let mut out = Vec::new();
    quit.iter().for_each(|quit| put(&mut out, quit));
    let goodbye = async {
        stream.write_all(&out).await?;
        stream.shutdown().await?;
        let mut rest = [0; 1024];
        while stream.read(&mut rest).await? > 0 {}
        std::io::Result::Ok(())
    };
    // Whether it is heard or not, there is nothing left to do.
    let _ = timeout(CLOSE, goodbye).await;
}

fn again(why: String) -> Ended {
    Ended { why, then: Then::Again }
}

fn put(out: &mut Vec<u8>, line: &OutLine) {
    out.extend_from_slice(line.as_str().as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// Sleeps until then, or for ever.
async fn at(wake: Option<Instant>) {
    match wake {
        Some(wake) => sleep_until(wake.into()).await,
        None => std::future::pending().await,
    }
}

/// The clock of delays, which a test can let run faster.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
