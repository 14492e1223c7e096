//! The supervisor of the homeserver: logs in, reads on from where it was, says what waits, and connects again.
//!
//! What comes is in the inbox before anything is done with it, and stays there as new until the loop of the bot has said
//! that it is stored or answered; so a program that is killed hears it again, and the log knows what was handled. What
//! goes out is in the inbox too, under a number that the homeserver knows it by.

mod chores;
mod inward;
mod keys;
mod outward;
mod sending;
mod talk;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::{pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{sleep, sleep_until};

use crate::clock::Clock;
use crate::config::{Matrix, MatrixLogin};
use crate::engine::{self, Attendance, Input, LinkChange, Presence};
use crate::store::StoreError;
use crate::store::inbox::{Inbox, Outgoing};
use crate::transport::Say;
use crate::transport::flood::Flood;

use super::hear::{self, Heard, Scene, room_id};
use super::server::{Batch, Server, Since, Trouble, kept};
use chores::Chore;
use outward::Unstored;
use sending::Pace;

/// How long it waits, after `Say::Quit`, for what is still to be said.
const FLUSH: Duration = Duration::from_secs(5);
/// No pause between two attempts is longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Where the server asks for more than this, it asks for too much.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(900);
/// A homeserver from which nothing was heard for so long, when it should have answered in half of that, is lost.
const SILENT: Duration = Duration::from_secs(120);
/// One failure may pass; this many in a row are an outage.
const OUTAGE: u32 = 2;
/// An answer without news is due no sooner than after this.
const IDLE: Duration = Duration::from_secs(1);
/// Before it asks for more, what it has heard is answered, if that takes no longer than this: a homeserver does one thing
/// after another, and the answer would wait for the question.
const ANSWERED_BY: Duration = Duration::from_millis(100);
/// So many events are tried again at a time that cannot be decrypted.
const MOST_LOCKED: usize = 200;
/// How often the keys at the homeserver are counted.
const COUNT: Duration = Duration::from_secs(1800);
type Future<T> = Pin<Box<dyn std::future::Future<Output = T> + Send>>;

/// A request that was made of the server, with what it is for.
type Job<T, R = ()> = Option<(T, Future<Result<R, Trouble>>)>;

/// Keeps the connection to a homeserver until it is told to quit, or nobody is left who could tell it. `hear` takes what
/// the engine is to hear, with the number that is to come back as `Say::Taken`, and says whether anybody still listens;
/// `tell` tells the operator.
pub async fn keep(
    settings: Matrix,
    clock: Clock,
    hear: impl Fn(Vec<Input>, Option<i64>) -> bool,
    tell: impl Fn(&str),
    says: UnboundedReceiver<Say>,
) {
    keep_reading(hear::hear, settings, clock, hear, tell, says).await;
}

/// How an event is read; it may panic.
pub type Reads = fn(&str, Scene<'_>) -> Heard;

/// The same with another way to read events.
pub async fn keep_reading(
    reads: Reads,
    settings: Matrix,
    clock: Clock,
    hear: impl Fn(Vec<Input>, Option<i64>) -> bool,
    tell: impl Fn(&str),
    mut says: UnboundedReceiver<Say>,
) {
    let opened = Inbox::open(&settings.state_dir, clock.now().timestamp_millis());
    let opened = opened.map_err(|error| error.to_string()).and_then(|inbox| {
        let left = inbox.last_waiting().map_err(|error| error.to_string())?;
        Ok((inbox, left))
    });
    let (inbox, left) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            let change = LinkChange::Stopped(error);
            hear(vec![Input::Link(engine::Link { network: settings.network, change })], None);
            while !matches!(says.recv().await, Some(Say::Quit(_)) | None) {}
            return;
        }
    };
    let mut link = Link {
        settings: Arc::new(settings),
        clock,
        hear,
        tell,
        unsigned: None,
        says,
        inbox,
        unstored: Unstored::default(),
        left,
        encrypted: BTreeSet::new(),
        knows_rooms: false,
        inside: BTreeSet::new(),
        joining: BTreeSet::new(),
        there: BTreeMap::new(),
        chores: VecDeque::new(),
        shut: BTreeSet::new(),
        flood: Flood::default(),
        pace: Pace::default(),
        reads,
        read: 0,
        answered: 0,
        locked: 0,
        shown_at: BTreeMap::new(),
        leave: None,
        is_down: false,
    };
    let mut failed = 0;
    let mut log_in_again = false;
    loop {
        let end = match link.connect(log_in_again).await {
            Ok(Some(server)) => link.talk(server, &mut failed).await,
            Ok(None) => return,
            Err(end) => end,
        };
        log_in_again = matches!(end, End::LoggedOut);
        let mut wait = None;
        match end {
            End::Left => return,
            End::Stop(why) => {
                link.tell(LinkChange::Stopped(why));
                while link.told().await {}
                return;
            }
            End::LoggedOut => link.lost("the homeserver wants me to log in again".to_owned()),
            End::Again(why, after) => {
                wait = after;
                link.lost(why);
            }
        }
        failed += 1;
        let wait = wait.unwrap_or_else(|| pause(failed)).min(LONGEST_WAIT);
        if link.during(sleep(wait)).await.is_none() {
            return;
        }
    }
}

/// Why a connection is over.
enum End {
    /// It was told to leave, and did.
    Left,
    /// Another attempt may do better, after this time where the server says so.
    Again(String, Option<Duration>),
    /// The session is over, and the device may log in again.
    LoggedOut,
    /// Somebody must look at it.
    Stop(String),
}

/// One homeserver, connected or not.
struct Link<H, T> {
    settings: Arc<Matrix>,
    clock: Clock,
    hear: H,
    tell: T,
    /// Why nothing can be said in encrypted rooms, where the operator was not told of it yet.
    unsigned: Option<String>,
    says: UnboundedReceiver<Say>,
    inbox: Inbox,
    /// What it was told and could not store yet.
    unstored: Unstored,
    /// Events up to this one were there at the start: the log may know them.
    left: i64,
    /// The rooms that are encrypted.
    encrypted: BTreeSet<String>,
    /// The SDK knows the state of all rooms.
    knows_rooms: bool,
    /// The rooms that the bot is in.
    inside: BTreeSet<String>,
    /// The rooms that it is about to go into.
    joining: BTreeSet<String>,
    /// Who is in each room, beside the bot, as far as it has heard.
    there: BTreeMap<String, BTreeSet<String>>,
    /// What is to be done in rooms.
    chores: VecDeque<Chore>,
    /// How much everybody has said.
    flood: Flood,
    /// When messages go out.
    pace: Pace,
    /// How an event is read.
    reads: Reads,
    /// The rooms that the engine knows to be out of reach until somebody does something.
    shut: BTreeSet<String>,
    /// The last event that was handed on.
    read: i64,
    /// The last one that the loop is done with.
    answered: i64,
    /// The last event that was tried again and could not be decrypted; 0 where all were.
    locked: i64,
    /// When the cards of a room were changed last.
    shown_at: BTreeMap<String, Instant>,
    /// It was told to leave by this time.
    leave: Option<Instant>,
    /// The engine knows that nothing can be said.
    is_down: bool,
}

impl<H: Fn(Vec<Input>, Option<i64>) -> bool, T: Fn(&str)> Link<H, T> {
    /// Takes up the session of the last start, or logs in. `None`: it was told to leave meanwhile.
    async fn connect(&mut self, log_in_again: bool) -> Result<Option<Server>, End> {
        let known = self.inbox.session().map_err(stored_nothing)?;
        if let Some(other) = known.as_ref().filter(|known| known.user != self.settings.user) {
            let (folder, user) = (self.settings.state_dir.display(), &other.user);
            return Err(End::Stop(format!("{folder} is {user}'s: another user needs another state_dir")));
        }
        let settings = Arc::clone(&self.settings);
        let before = known.clone();
        let connecting = whole(async move { Server::connect(&settings, known.as_ref(), log_in_again).await });
        let Some(connected) = self.during(connecting).await else { return Ok(None) };
        match connected {
            Ok((server, session)) => {
                if before.as_ref() != Some(&session) {
                    let kept = kept(&self.settings, &session);
                    self.inbox.set_session(Some(&kept)).map_err(stored_nothing)?;
                }
                Ok(Some(server))
            }
            Err(trouble) => Err(self.end(trouble)),
        }
    }

    /// What a fault of a whole connection means.
    fn end(&mut self, trouble: Trouble) -> End {
        let is_password = matches!(self.settings.login, MatrixLogin::Password { .. });
        match trouble {
            Trouble::Later(why, after) => End::Again(why, after),
            Trouble::Torn(why) | Trouble::Unready(why) => End::Again(why, None),
            Trouble::Forgotten => End::Again(trouble.words(), None),
            Trouble::LoggedOut { soft: true } if is_password => End::LoggedOut,
            Trouble::LoggedOut { .. } => {
                // The device is gone, and what belonged to it is worth nothing.
                let forgotten = self.inbox.set_session(None).map_err(|error| format!("; {error}"));
                let more = forgotten.err().unwrap_or_default();
                End::Stop(format!("the homeserver has ended my session{more}"))
            }
            Trouble::Refused(why) | Trouble::Forbidden(why) => End::Stop(why),
        }
    }

    /// Reads and says for as long as that goes well.
    async fn talk(&mut self, server: Server, failed: &mut u32) -> End {
        let place = match self.inbox.place() {
            Ok(place) => place,
            Err(error) => return stored_nothing(error),
        };
        self.knows_rooms = place.is_none();
        let look = match self.during(whole(server.clone().look(place))).await {
            None => return End::Left,
            Some(Ok(look)) => look,
            Some(Err(trouble)) => return self.end(trouble),
        };
        if let Err(error) = self.begin(look) {
            return stored_nothing(error);
        }
        match self.go_on(server, failed).await {
            Ok(end) => end,
            Err(error) => stored_nothing(error),
        }
    }

    async fn go_on(&mut self, server: Server, failed: &mut u32) -> Result<End, StoreError> {
        let mut syncing = self.fetch(&server, None)?;
        let mut sending: Job<Outgoing, String> = None;
        let mut working: Job<Chore, Option<String>> = None;
        let mut work_at = now();
        let (mut asked_at, mut heard_at) = (now(), now());
        let mut is_asking = true;
        let mut count_at = now() + COUNT;
        if self.knows_rooms {
            self.chores.push_front(Chore::Prove);
        }
        loop {
            self.read_on()?;
            if !self.is_down && now() >= heard_at + SILENT {
                self.lost(format!("the homeserver has not answered for {} s", SILENT.as_secs()));
            }
            let show_at = self.show_cards()?;
            if sending.is_none() {
                sending = self.next_out()?.map(|out| {
                    let is_encrypted = self.encrypted.contains(&out.room);
                    (out.clone(), whole(server.clone().send(out, is_encrypted)))
                });
            }
            if working.is_none() && now() >= work_at {
                working = self.chores.pop_front().map(|chore| {
                    let doing = self.begin_chore(&chore, &server);
                    (chore, doing)
                });
            }
            if let Some(by) = self.leave
                && (now() >= by
                    || (sending.is_none() && self.unstored.is_empty() && self.inbox.first()?.is_none()))
            {
                return Ok(End::Left);
            }
            is_asking |= sending.is_none() && self.answered >= self.read || now() >= asked_at + ANSWERED_BY;
            let waits = |is_idle: bool, at: Instant| (is_idle && at > now()).then_some(at);
            let watch = (!self.is_down).then_some(heard_at + SILENT);
            let send = self.pace.next().filter(|_| sending.is_none());
            let work = waits(working.is_none(), work_at);
            let ask = (!is_asking).then_some(asked_at + ANSWERED_BY);
            let wake = [self.leave, show_at, send, work, watch, ask];
            tokio::select! {
                biased;
                sent = done(&mut sending) => {
                    let Some((out, _)) = sending.take() else { continue };
                    if let Some(end) = self.sent(&out, sent)? {
                        return Ok(end);
                    }
                }
                _ = self.told(), if self.leave.is_none() => {}
                worked = done(&mut working) => {
                    let Some((chore, _)) = working.take() else { continue };
                    match worked {
                        Err(trouble @ Trouble::LoggedOut { .. }) => return Ok(self.end(trouble)),
                        worked => work_at = now() + self.worked(chore, worked),
                    }
                }
                batch = &mut syncing, if is_asking => {
                    is_asking = false;
                    let repeats = match &batch {
                        Ok(batch) if batch.numbers.is_none() => self.inbox.repeats(&batch.events)?,
                        _ => Vec::new(),
                    };
                    syncing = match batch {
                        Ok(batch) if !repeats.is_empty() => whole(server.clone().compare(batch, repeats)),
                        Ok(batch) => {
                            heard_at = now();
                            // A server that answers at once and has nothing to say is not asked in a circle.
                            let is_idle = self.inbox.place()?.as_ref() == Some(&batch.next);
                            let too_soon = is_idle && now() - asked_at < IDLE;
                            if !std::mem::replace(&mut self.knows_rooms, true) {
                                self.chores.push_front(Chore::Prove);
                            }
                            if now() >= count_at {
                                count_at = now() + COUNT;
                                self.chores.push_back(Chore::Count);
                            }
                            self.take(batch)?;
                            *failed = 0;
                            let after = if too_soon { IDLE } else { Duration::ZERO };
                            asked_at = now() + after;
                            self.fetch(&server, Some(after))?
                        }
                        Err(trouble) if trouble.ends() => {
                            if let Trouble::Forgotten = trouble {
                                self.begin_anew()?;
                            }
                            return Ok(self.end(trouble));
                        }
                        Err(trouble) => {
                            *failed += 1;
                            if *failed >= OUTAGE {
                                self.lost(trouble.words());
                            }
                            let asked = if let Trouble::Later(_, after) = trouble { after } else { None };
                            let after = asked.unwrap_or_else(|| pause(*failed)).min(LONGEST_WAIT);
                            self.fetch(&server, Some(after))?
                        }
                    };
                }
                () = at(wake.into_iter().flatten().min()) => {}
            }
        }
    }

    /// Asks for what comes after the place that is stored, now or later.
    fn fetch(
        &mut self,
        server: &Server,
        after: Option<Duration>,
    ) -> Result<Future<Result<Batch, Trouble>>, StoreError> {
        // Each in its turn: many that stay closed keep none closed that need not.
        let locked = self.inbox.locked(self.locked, MOST_LOCKED)?;
        self.locked = locked.last().filter(|_| locked.len() == MOST_LOCKED).map_or(0, |last| last.seq);
        let since = Since {
            place: self.inbox.place()?.unwrap_or_default(),
            whole: !self.knows_rooms,
            rooms: self.settings.rooms.clone(),
            locked: locked.into_iter().map(|event| (event.room, event.text)).collect(),
        };
        let server = server.clone();
        let after = after.unwrap_or_default();
        Ok(whole(async move {
            // Even a pause of nothing would wait for the next tick of the timer.
            if !after.is_zero() {
                sleep(after).await;
            }
            server.fetch(since).await
        }))
    }

    /// Waits for something while it is told other things. `None`: it is to leave.
    async fn during<F: std::future::Future>(&mut self, future: F) -> Option<F::Output> {
        tokio::pin!(future);
        loop {
            tokio::select! {
                done = &mut future => return Some(done),
                goes_on = self.told() => if !goes_on { return None },
            }
        }
    }

    /// Says once for an outage that there is one.
    fn lost(&mut self, why: String) {
        if !std::mem::replace(&mut self.is_down, true) {
            self.tell(LinkChange::Lost(why));
        }
    }

    fn tell(&self, change: LinkChange) {
        self.hand_on(vec![self.link(change)], None);
    }

    fn link(&self, change: LinkChange) -> Input {
        Input::Link(engine::Link { network: self.settings.network.clone(), change })
    }

    fn presence(&self, room: &str, change: Attendance) -> Input {
        Input::Presence(Presence { room: room_id(&self.settings, room), change })
    }

    fn hand_on(&self, inputs: Vec<Input>, number: Option<i64>) {
        if self.leave.is_none() {
            // Where nobody listens any more, the word to leave is on its way.
            let _ = (self.hear)(inputs, number);
        }
    }

    fn now(&self) -> i64 {
        self.clock.now().timestamp_millis()
    }
}

/// A request that ends where the library breaks, in place of everything: another connection may do better.
fn whole<R: 'static>(
    request: impl std::future::Future<Output = Result<R, Trouble>> + Send + 'static,
) -> Future<Result<R, Trouble>> {
    Box::pin(async {
        let why = "a fault in the library that speaks Matrix";
        unbroken(request).await.unwrap_or_else(|| Err(Trouble::Torn(why.to_owned())))
    })
}

/// What comes of a future; `None` where it panics. The panic itself is on standard error by then.
pub async fn unbroken<R>(future: impl std::future::Future<Output = R>) -> Option<R> {
    let mut future = Box::pin(future);
    poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context)));
        polled.map_or(Poll::Ready(None), |polled| polled.map(Some))
    })
    .await
}

/// The inbox takes nothing, or cannot be read, which may pass.
fn stored_nothing(error: StoreError) -> End {
    End::Again(error.to_string(), None)
}

/// The pause before the next attempt after so many failed ones: 1 s, 2 s, 4 s, up to a minute.
pub(super) fn pause(failed: u32) -> Duration {
    Duration::from_secs(1_u64 << failed.saturating_sub(1).min(6)).min(LONGEST_PAUSE)
}

/// The end of a request, or nothing for ever where there is none.
async fn done<T, R>(job: &mut Job<T, R>) -> Result<R, Trouble> {
    match job {
        Some((_, request)) => request.await,
        None => pending().await,
    }
}

/// Sleeps until then, or for ever.
async fn at(wake: Option<Instant>) {
    match wake {
        Some(wake) => sleep_until(wake.into()).await,
        None => pending().await,
    }
}

/// The clock of delays, which a test can let run faster.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
