//! What waits to be said: in order of weight, no faster than the network takes it, merged where lines pile up.

mod lost;
mod merge;
mod pace;
mod ping;
mod shape;
mod split;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::config::Irc;
use crate::engine::id::{RoomId, RowId, Who};
use crate::engine::settings::Settings;
use crate::engine::{Kind, Place, Reply, say};

use super::session::{Access, Session};
use super::wire::{self, OutLine};

use pace::Pace;

/// So many lines may wait; pings always may.
const MOST_WAITING: usize = 500;

/// How many lines of one answer a room gets.
const MOST_IN_ROOM: usize = 3;

/// How many lines of one answer somebody gets in private.
const MOST_IN_PRIVATE: usize = 20;

/// An answer about how things stand is worth nothing after this.
const STATUS_LATE: Duration = Duration::from_secs(30);

/// What was to be said this long before the connection came back is no news any more.
const LATE: Duration = Duration::from_secs(120);

/// How long an acknowledgement waits for others that may share its line, once lines get scarce.
const COMPANY: Duration = Duration::from_millis(100);

/// The same for the last line that may go out before the next must wait.
const COMPANY_FOR_LAST: Duration = Duration::from_millis(300);

/// What the outbox must know of a connection when a line goes out.
pub trait View {
    /// Whether channels can be talked to.
    fn is_ready(&self) -> bool;

    /// What can be said now in a channel, by its place in the configuration.
    fn access(&self, channel: usize, now: Instant) -> Access;

    /// What was said before this has arrived.
    fn proved(&self) -> Option<Instant>;

    /// The bytes of verb, target and text that reach others whole.
    fn budget(&self) -> usize;

    /// The nicks that an account has in a channel now, the one that spoke last first.
    fn nicks(&self, channel: &str, account: &str) -> Vec<String>;
}

impl View for Session {
    fn is_ready(&self) -> bool {
        self.is_ready()
    }

    fn access(&self, channel: usize, now: Instant) -> Access {
        self.access(channel, now)
    }

    fn proved(&self) -> Option<Instant> {
        self.proved()
    }

    fn budget(&self) -> usize {
        self.budget()
    }

    fn nicks(&self, channel: &str, account: &str) -> Vec<String> {
        self.roster().nicks(channel, account)
    }
}

/// The waiting lines of one network. It outlives a connection.
#[derive(Debug)]
pub struct Outbox {
    network: String,
    /// The rooms on this network and their channels.
    channels: Vec<(RoomId, String)>,
    formatting: bool,
    people: Arc<Settings>,
    pace: Pace,
    /// By weight: who must notice something, what is said in order, how things stand.
    pings: VecDeque<Waiting>,
    plain: VecDeque<Waiting>,
    status: VecDeque<Waiting>,
    /// What went out, and when, while nothing proves that it has arrived.
    unproved: VecDeque<(Instant, Waiting)>,
    /// How many lines were dropped for want of room, by place; they are told of once nothing waits.
    left_out: Vec<(Target, usize)>,
    /// When a line could have gone out last.
    ready_at: Option<Instant>,
    /// Nothing can be said: there is no connection.
    is_shut: bool,
    /// Since when there is one.
    open_since: Option<Instant>,
    /// How many of those in front of each lane cannot be said yet.
    apart: [usize; 3],
    /// What waits, waits for company until then.
    held_until: Option<Instant>,
}

/// Where a line goes.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Target {
    /// One of [`Outbox::channels`].
    Channel(usize),
    Nick(String),
}

/// One answer, broadcast or ping.
#[derive(Debug)]
struct Waiting {
    target: Target,
    /// It goes out as a message, others as a notice.
    is_message: bool,
    is_status: bool,
    ping: Vec<Who>,
    named: Vec<Who>,
    /// Whose entry it acknowledges, and which.
    logged: Option<(String, RowId)>,
    /// As they came, one each answer line; as they go out once the first has.
    lines: VecDeque<String>,
    is_shaped: bool,
    /// It went out once, and may have been lost with the connection.
    is_again: bool,
    since: Instant,
}

impl Waiting {
    /// One of its kind that says nothing yet.
    fn bare(&self) -> Self {
        Self {
            target: self.target.clone(),
            is_message: self.is_message,
            is_status: self.is_status,
            ping: Vec::new(),
            named: Vec::new(),
            logged: None,
            lines: VecDeque::new(),
            is_shaped: false,
            is_again: self.is_again,
            since: self.since,
        }
    }

    /// Whether a further line for this place belongs to this answer.
    fn takes(&self, target: &Target, is_status: bool) -> bool {
        self.target == *target && self.is_status == is_status && !self.is_message && self.logged.is_none()
    }
}

impl Outbox {
    /// An empty one.
    pub fn new(settings: &Irc, people: Arc<Settings>) -> Self {
        let network = settings.network.clone();
        let room = |channel: &String| (RoomId(format!("{network}/{channel}")), channel.clone());
        Self {
            channels: settings.channels.iter().map(room).collect(),
            network,
            formatting: settings.formatting,
            people,
            pace: Pace::new(settings.burst, settings.line_every),
            pings: VecDeque::new(),
            plain: VecDeque::new(),
            status: VecDeque::new(),
            unproved: VecDeque::new(),
            left_out: Vec::new(),
            ready_at: None,
            is_shut: false,
            open_since: None,
            apart: [0; 3],
            held_until: None,
        }
    }

    /// The people have changed.
    pub fn learn(&mut self, people: Arc<Settings>) {
        self.people = people;
    }

    /// A line of the connection's own has gone out: it came before all of these.
    pub fn count(&mut self, now: Instant) {
        self.pace.count(now);
    }

    /// Takes what is to be said. What belongs on no channel of this network is passed over.
    pub fn push(&mut self, replies: Vec<Reply>, now: Instant) {
        self.held_until = None;
        let mut answer: Option<Waiting> = None;
        for reply in replies {
            let Some(target) = self.target(reply.to) else { continue };
            if reply.text.trim().is_empty() {
                continue;
            }
            let is_message = !reply.ping.is_empty() || reply.kind == Kind::ForLog;
            let is_status = reply.kind == Kind::Status;
            let logged = match reply.kind {
                Kind::Logged { name, row } => Some((name, row)),
                Kind::Plain | Kind::Status | Kind::ForLog => None,
            };
            if let Some(open) = &mut answer
                && reply.more
                && !is_message
                && logged.is_none()
                && open.takes(&target, is_status)
            {
                open.lines.push_back(reply.text);
                continue;
            }
            let lines = VecDeque::from([reply.text]);
            let Reply { ping, named, .. } = reply;
            let waiting = Waiting {
                target,
                is_message,
                is_status,
                ping,
                named,
                logged,
                lines,
                is_shaped: false,
                is_again: false,
                since: now,
            };
            if !waiting.ping.is_empty() {
                self.pings.push_back(waiting);
            } else if let Some(before) = answer.replace(waiting) {
                self.queue(before);
            }
        }
        if let Some(last) = answer {
            self.queue(last);
        }
        self.make_room();
    }

    /// The next line that may go out now, if any may.
    pub fn pop(&mut self, view: &impl View, now: Instant) -> Option<OutLine> {
        self.held_until = None;
        self.is_shut = !view.is_ready();
        if self.is_shut {
            self.open_since = None;
            self.take_back(now);
            return None;
        }
        if let Some(proved) = view.proved() {
            while self.unproved.pop_front_if(|(sent, _)| *sent < proved).is_some() {}
        }
        let open_since = *self.open_since.get_or_insert(now);
        self.forget(now);
        self.apart = [0; 3];
        if (0..self.channels.len()).all(|at| view.access(at, now) == Access::Open) {
            return self.next_that_shows(view, now);
        }
        let apart = self.set_apart(view, open_since, now);
        let line = self.next_that_shows(view, now);
        self.apart = apart.each_ref().map(VecDeque::len);
        for (lane, mut apart) in self.lanes().into_iter().zip(apart) {
            apart.append(lane);
            *lane = apart;
        }
        line
    }

    fn next_that_shows(&mut self, view: &impl View, now: Instant) -> Option<OutLine> {
        loop {
            let tokens = self.pace.tokens(now);
            if tokens == 0 {
                return None;
            }
            // What shows nothing costs nothing; each turn takes a line out, so this ends.
            if let Some(line) = self.next(view, tokens, now)? {
                self.pace.spend(now);
                return Some(line);
            }
        }
    }

    fn lanes(&mut self) -> [&mut VecDeque<Waiting>; 3] {
        [&mut self.pings, &mut self.plain, &mut self.status]
    }

    /// When the next line may go out, while one waits; a moment that is past means now. While there is no connection
    /// there is no such moment.
    pub fn wake(&self) -> Option<Instant> {
        let lanes = [&self.pings, &self.plain, &self.status];
        let first = lanes.iter().zip(self.apart).filter_map(|(lane, apart)| lane.get(apart));
        let since = first.map(|waiting| waiting.since).min();
        let since = since.or(self.ready_at.filter(|_| !self.left_out.is_empty()))?;
        if self.is_shut {
            return None;
        }
        let from = self.held_until.unwrap_or(since);
        Some(self.pace.next().map_or(from, |next| next.max(from)))
    }

    fn target(&self, place: Place) -> Option<Target> {
        match place {
            Place::Room(room) => {
                // A window of a configuration that was read again may have a room that the bot joins with the next start.
                self.channels.iter().position(|(id, _)| *id == room).map(Target::Channel)
            }
            Place::Private { network, nick } => {
                debug_assert_eq!(network, self.network, "this is for another network");
                (network == self.network && wire::is_one(&nick)).then_some(Target::Nick(nick))
            }
        }
    }

    fn queue(&mut self, waiting: Waiting) {
        if waiting.is_status { self.status.push_back(waiting) } else { self.plain.push_back(waiting) }
    }

    /// How many lines wait, as far as can be said before they are cut.
    fn waiting(&self) -> usize {
        let lanes = [&self.pings, &self.plain, &self.status];
        lanes.iter().flat_map(|lane| lane.iter()).map(|waiting| waiting.lines.len()).sum()
    }

    /// Drops what is too much: how things stand first, then what has waited longest; never a ping.
    fn make_room(&mut self) {
        let mut waiting = self.waiting();
        while waiting > MOST_WAITING {
            let Some(dropped) = self.status.pop_front().or_else(|| self.plain.pop_front()) else { break };
            waiting -= dropped.lines.len();
            self.leave_out(dropped);
        }
    }

    fn leave_out(&mut self, dropped: Waiting) {
        let lines = dropped.lines.len();
        match self.left_out.iter_mut().find(|(target, _)| *target == dropped.target) {
            Some((_, count)) => *count += lines,
            None => self.left_out.push((dropped.target, lines)),
        }
    }

    /// Drops what is late. While there is a connection and something waits, this is asked every `line_every`: a longer
    /// silence means that there was none.
    fn forget(&mut self, now: Instant) {
        let before = self.ready_at.replace(now);
        let shut_for = |since: Instant| now.duration_since(before.map_or(since, |before| before.max(since)));
        if before.is_none_or(|before| now.duration_since(before) > LATE) {
            self.plain.retain(|waiting| shut_for(waiting.since) <= LATE);
            self.status.retain(|waiting| shut_for(waiting.since) <= LATE);
        }
        // Half an answer is not left standing.
        let is_late =
            |waiting: &Waiting| !waiting.is_shaped && now.duration_since(waiting.since) > STATUS_LATE;
        while self.status.front().is_some_and(is_late) {
            let late = self.status.pop_front();
            // After a time without a connection nobody waits for it any more.
            if before.is_some_and(|before| now.duration_since(before) <= STATUS_LATE) {
                late.into_iter().for_each(|late| self.leave_out(late));
            }
        }
    }

    /// Takes the next line out. `None` when it is better to wait, or nothing does; `Some(None)` for a line that shows
    /// nothing.
    fn next(&mut self, view: &impl View, tokens: usize, now: Instant) -> Option<Option<OutLine>> {
        if !self.pings.is_empty() {
            return self.say(view, now, |outbox| &mut outbox.pings);
        }
        if let Some(first) = self.plain.front() {
            if first.logged.is_some() && tokens != pace::UNLIMITED {
                self.acknowledge(view, tokens, now)?;
            }
            return self.say(view, now, |outbox| &mut outbox.plain);
        }
        if !self.status.is_empty() {
            return self.say(view, now, |outbox| &mut outbox.status);
        }
        let (target, count) = self.left_out.pop()?;
        Some(OutLine::notice(self.name(&target), &say::left_out(count)))
    }

    /// Says the next line of the first that waits in a lane.
    fn say(
        &mut self,
        view: &impl View,
        now: Instant,
        lane: fn(&mut Self) -> &mut VecDeque<Waiting>,
    ) -> Option<Option<OutLine>> {
        let mut first = lane(self).pop_front()?;
        let room = self.room(&first, view.budget());
        if !first.is_shaped || first.lines.front().is_some_and(|line| line.len() > room) {
            let rest = self.shape(&mut first, view, room);
            lane(self).extend(rest);
        }
        let text = first.lines.pop_front();
        let target = self.name(&first.target);
        let line = text.and_then(|text| {
            let line = if first.is_message {
                OutLine::privmsg(target, &text)
            } else {
                OutLine::notice(target, &text)
            };
            line.map(|line| (line, text))
        });
        let line = line.map(|(line, text)| {
            self.keep_until_proved(&first, &text, now);
            line
        });
        if !first.lines.is_empty() {
            lane(self).push_front(first);
        }
        Some(line)
    }

    /// The nick or the channel.
    fn name<'a>(&'a self, target: &'a Target) -> &'a str {
        match target {
            Target::Channel(at) => &self.channels[*at].1,
            Target::Nick(nick) => nick,
        }
    }

    /// The bytes that a line of text may have.
    fn room(&self, waiting: &Waiting, budget: usize) -> usize {
        let verb = if waiting.is_message { "PRIVMSG" } else { "NOTICE" };
        budget.min(wire::LONGEST).saturating_sub(verb.len() + self.name(&waiting.target).len() + 3)
    }
}
