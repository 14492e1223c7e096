//! The supervisor of the homeserver: logs in, reads on from where it was, says what waits, and connects again.
//!
//! What comes is in the inbox before anything is done with it, and stays there as new until the loop of the bot has said
//! that it is stored or answered; so a program that is killed hears it again, and the log knows what was handled. What
//! goes out is in the inbox too, under a number that the homeserver knows it by.

mod inward;
mod outward;

use std::collections::{BTreeSet, VecDeque};
use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{sleep, sleep_until};

use crate::clock::Clock;
use crate::config::{Matrix, MatrixLogin};
use crate::engine::settings::Settings;
use crate::engine::{self, Attendance, Input, LinkChange, Presence};
use crate::store::StoreError;
use crate::store::inbox::{Inbox, Outgoing, Session};
use crate::transport::Say;

use super::hear::room_id;
use super::server::{Batch, Server, Since, Trouble};
use outward::Unstored;

/// How long it waits, after `Say::Quit`, for what is still to be said.
const FLUSH: Duration = Duration::from_secs(5);
/// No pause between two attempts is longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Where the server asks for more than this, it asks for too much.
const LONGEST_WAIT: Duration = Duration::from_secs(900);
/// One failure may pass; this many in a row are an outage.
const OUTAGE: u32 = 2;
/// An answer without news is due no sooner than after this.
const IDLE: Duration = Duration::from_secs(1);
/// So many events are tried again that cannot be decrypted.
const MOST_LOCKED: usize = 200;
/// An answer about how things stand is worth nothing after this, in milliseconds.
const STATUS_LATE: i64 = 30_000;
type Future<T> = Pin<Box<dyn std::future::Future<Output = T> + Send>>;

/// A request that was made of the server, with what it is for.
type Job<T> = Option<(T, Future<Result<(), Trouble>>)>;

/// Keeps the connection to a homeserver until it is told to quit, or nobody is left who could tell it. `hear` takes what
/// the engine is to hear, with the number that is to come back as `Say::Taken`, and says whether anybody still listens;
/// `tell` tells the operator.
pub async fn keep(
    settings: Matrix,
    people: Arc<Settings>,
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
        people,
        clock,
        hear,
        tell,
        says,
        inbox,
        unstored: Unstored::default(),
        left,
        encrypted: BTreeSet::new(),
        knows_rooms: false,
        inside: BTreeSet::new(),
        read: 0,
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
        match end {
            End::Left => return,
            End::Stop(why) => {
                link.tell(LinkChange::Stopped(why));
                while link.told().await {}
                return;
            }
            End::LoggedOut => link.lost("the homeserver wants me to log in again".to_owned()),
            End::Again(why) => link.lost(why),
        }
        failed += 1;
        if link.during(sleep(pause(failed))).await.is_none() {
            return;
        }
    }
}

/// Why a connection is over.
enum End {
    /// It was told to leave, and did.
    Left,
    /// Another attempt may do better.
    Again(String),
    /// The session is over, and the device may log in again.
    LoggedOut,
    /// Somebody must look at it.
    Stop(String),
}

/// One homeserver, connected or not.
struct Link<H, T> {
    settings: Arc<Matrix>,
    people: Arc<Settings>,
    clock: Clock,
    hear: H,
    tell: T,
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
    /// The last event that was handed on.
    read: i64,
    /// It was told to leave by this time.
    leave: Option<Instant>,
    /// The engine knows that nothing can be said.
    is_down: bool,
}

/// What is to be done in rooms beside talking.
enum Chore {
    Join(String),
    Refuse(String),
}

impl<H: Fn(Vec<Input>, Option<i64>) -> bool, T: Fn(&str)> Link<H, T> {
    /// Takes up the session of the last start, or logs in. `None`: it was told to leave meanwhile.
    async fn connect(&mut self, log_in_again: bool) -> Result<Option<Server>, End> {
        let known = self.inbox.session().map_err(|error| End::Again(error.to_string()))?;
        if let Some(other) = known.as_ref().filter(|known| known.user != self.settings.user) {
            let (folder, user) = (self.settings.state_dir.display(), &other.user);
            return Err(End::Stop(format!("{folder} is {user}'s: another user needs another state_dir")));
        }
        let settings = Arc::clone(&self.settings);
        let before = known.clone();
        let connecting = async move { Server::connect(&settings, known.as_ref(), log_in_again).await };
        let Some(connected) = self.during(connecting).await else { return Ok(None) };
        match connected {
            Ok((server, session)) => {
                if before.as_ref() != Some(&session) {
                    self.keep_session(Some(&session))?;
                }
                Ok(Some(server))
            }
            Err(trouble) => Err(self.end(trouble)),
        }
    }

    fn keep_session(&mut self, session: Option<&Session>) -> Result<(), End> {
        // A token from a file stays there alone.
        let is_password = matches!(self.settings.login, MatrixLogin::Password { .. });
        let kept = session.map(|session| Session {
            token: if is_password { session.token.clone() } else { String::new() },
            ..session.clone()
        });
        self.inbox.set_session(kept.as_ref()).map_err(|error| End::Again(error.to_string()))
    }

    /// What a fault of a whole connection means.
    fn end(&mut self, trouble: Trouble) -> End {
        let is_password = matches!(self.settings.login, MatrixLogin::Password { .. });
        match trouble {
            Trouble::Later(why, _) => End::Again(why),
            Trouble::LoggedOut { soft: true } if is_password => End::LoggedOut,
            Trouble::LoggedOut { .. } => {
                // The device is gone, and what belonged to it is worth nothing.
                let forgotten = self.inbox.set_session(None).map_err(|error| format!("; {error}"));
                let more = forgotten.err().unwrap_or_default();
                End::Stop(format!("the homeserver has ended my session{more}"))
            }
            Trouble::Refused(why) => End::Stop(why),
        }
    }

    /// Reads and says for as long as that goes well.
    async fn talk(&mut self, server: Server, failed: &mut u32) -> End {
        let is_first = match self.inbox.place() {
            Ok(place) => place.is_none(),
            Err(error) => return End::Again(error.to_string()),
        };
        self.knows_rooms = is_first;
        let look = match self.during(server.clone().look(is_first)).await {
            None => return End::Left,
            Some(Ok(look)) => look,
            Some(Err(trouble)) => return self.end(trouble),
        };
        let mut chores = match self.begin(look) {
            Ok(chores) => chores,
            Err(error) => return End::Again(error.to_string()),
        };
        match self.go_on(server, &mut chores, failed).await {
            Ok(end) => end,
            Err(error) => End::Again(error.to_string()),
        }
    }

    async fn go_on(
        &mut self,
        server: Server,
        chores: &mut VecDeque<Chore>,
        failed: &mut u32,
    ) -> Result<End, StoreError> {
        let mut syncing = self.fetch(&server, None)?;
        let mut sending: Job<(i64, String)> = None;
        let mut working: Job<Chore> = None;
        let (mut send_at, mut work_at) = (now(), now());
        let mut not_sent = 0;
        let mut asked_at = now();
        loop {
            self.read_on()?;
            if sending.is_none() && now() >= send_at {
                sending = self.next_out()?.map(|out| {
                    let what = (out.id, out.room.clone());
                    let is_encrypted = self.encrypted.contains(&out.room);
                    (what, Box::pin(server.clone().send(out, is_encrypted)) as Future<_>)
                });
            }
            if working.is_none() && now() >= work_at {
                working = chores.pop_front().map(|chore| {
                    let doing: Future<_> = match &chore {
                        Chore::Join(room) => Box::pin(server.clone().join(room.clone())),
                        Chore::Refuse(room) => Box::pin(server.clone().refuse(room.clone())),
                    };
                    (chore, doing)
                });
            }
            if let Some(by) = self.leave
                && (now() >= by
                    || (sending.is_none() && self.unstored.is_empty() && self.inbox.first()?.is_none()))
            {
                return Ok(End::Left);
            }
            let waits = |is_idle: bool, at: Instant| (is_idle && at > now()).then_some(at);
            let wake = [self.leave, waits(sending.is_none(), send_at), waits(working.is_none(), work_at)];
            tokio::select! {
                biased;
                sent = done(&mut sending) => {
                    let Some(((id, room), _)) = sending.take() else { continue };
                    match sent {
                        Ok(()) => {
                            not_sent = 0;
                            self.inbox.said(id)?;
                        }
                        Err(Trouble::Later(_, after)) => {
                            not_sent += 1;
                            send_at = now() + after.map_or_else(|| pause(not_sent), |after| after.min(LONGEST_WAIT));
                        }
                        Err(Trouble::Refused(why)) => {
                            self.inbox.said(id)?;
                            self.closed(&room, format!("I may not talk there: {why}"));
                        }
                        Err(trouble @ Trouble::LoggedOut { .. }) => return Ok(self.end(trouble)),
                    }
                }
                _ = self.told(), if self.leave.is_none() => {}
                worked = done(&mut working) => {
                    let Some((chore, _)) = working.take() else { continue };
                    match (chore, worked) {
                        (chore, Err(Trouble::Later(_, after))) => {
                            work_at = now() + after.unwrap_or(LONGEST_PAUSE).min(LONGEST_WAIT);
                            chores.push_front(chore);
                        }
                        (Chore::Join(room), Err(Trouble::Refused(why))) => {
                            self.closed(&room, format!("I cannot get in: {why}"));
                        }
                        (_, Err(trouble @ Trouble::LoggedOut { .. })) => return Ok(self.end(trouble)),
                        (Chore::Refuse(_), Err(Trouble::Refused(_))) | (_, Ok(())) => {}
                    }
                }
                batch = &mut syncing => {
                    syncing = match batch {
                        Ok(batch) => {
                            *failed = 0;
                            // A server that answers at once and has nothing to say is not asked in a circle.
                            let is_idle = self.inbox.place()?.as_ref() == Some(&batch.next);
                            let too_soon = is_idle && now() - asked_at < IDLE;
                            self.knows_rooms = true;
                            self.take(batch, chores)?;
                            let after = if too_soon { IDLE } else { Duration::ZERO };
                            asked_at = now() + after;
                            self.fetch(&server, Some(after))?
                        }
                        Err(trouble @ Trouble::LoggedOut { .. }) => return Ok(self.end(trouble)),
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
        &self,
        server: &Server,
        after: Option<Duration>,
    ) -> Result<Future<Result<Batch, Trouble>>, StoreError> {
        let locked = self.inbox.locked(MOST_LOCKED)?;
        let since = Since {
            place: self.inbox.place()?.unwrap_or_default(),
            whole: !self.knows_rooms,
            rooms: self.settings.rooms.clone(),
            locked: locked.into_iter().map(|event| (event.room, event.text)).collect(),
        };
        let server = server.clone();
        let after = after.unwrap_or_default();
        Ok(Box::pin(async move {
            // Even a pause of nothing would wait for the next tick of the timer.
            if !after.is_zero() {
                sleep(after).await;
            }
            server.fetch(since).await
        }))
    }

    /// What goes out next; how things stood a while ago does not.
    fn next_out(&mut self) -> Result<Option<Outgoing>, StoreError> {
        while let Some(out) = self.inbox.first()? {
            if !out.is_status || self.now() - out.at <= STATUS_LATE {
                return Ok(Some(out));
            }
            self.inbox.said(out.id)?;
        }
        Ok(None)
    }

    /// Waits for something while it is told other things. `None`: it is to leave.
    async fn during<D>(&mut self, future: impl std::future::Future<Output = D>) -> Option<D> {
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

    fn closed(&self, room: &str, why: String) {
        self.hand_on(vec![self.presence(room, Attendance::Closed(why))], None);
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

/// The pause before the next attempt after so many failed ones: 1 s, 2 s, 4 s, up to a minute.
fn pause(failed: u32) -> Duration {
    Duration::from_secs(1_u64 << failed.saturating_sub(1).min(6)).min(LONGEST_PAUSE)
}

/// The end of a request, or nothing for ever where there is none.
async fn done<T>(job: &mut Job<T>) -> Result<(), Trouble> {
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
