//! The bot: takes what arrives, decides, stores, and only then says. Nobody else changes the state (I3).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use chrono::TimeDelta;

use crate::clock::Clock;
use crate::engine::event::Record;
use crate::engine::facts::{Facts, Fault};
use crate::engine::id::{At, ChangeNumber, RoomId};
use crate::engine::settings::Settings;
use crate::engine::state::State;
use crate::engine::{About, Input, Kind, Line, Outcome, Place, Question, Reply, decide, say, timers, turn};
use crate::store::{Store, StoreError};

/// So many timers may fire at one moment before the loop goes on with what arrives.
const TIMERS_AT_ONCE: usize = 1000;

/// The bot with its memory.
pub struct Bot {
    settings: Settings,
    store: Store,
    state: State,
    lookups: BTreeMap<ChangeNumber, Lookup>,
    /// The topics as they were given out last.
    topics: BTreeMap<RoomId, String>,
    /// What networks said while the log took nothing.
    missed: Vec<Input>,
    /// The log takes nothing: nothing is decided until it does.
    deaf: bool,
    /// The last write failed, and the operator has been told.
    failing: bool,
}

/// What is known of the questions to the review system. It is not in the log: after a start all are asked again.
#[derive(Clone, Copy, Debug)]
struct Lookup {
    asked: At,
    waiting: bool,
}

/// What is to be done now that everything is stored.
#[derive(Debug, Default)]
pub struct Said {
    /// What to say, in order.
    pub replies: Vec<Reply>,
    /// The topics that changed, each with its room; `None` where no window is on there any more.
    pub topics: Vec<(RoomId, Option<String>)>,
    /// What to ask the review system about.
    pub lookups: Vec<ChangeNumber>,
    /// Why the log takes nothing, for the operator: once, when it begins.
    pub trouble: Option<String>,
}

impl Bot {
    /// Takes up where the log ends, and says for each open window where things stand.
    ///
    /// # Errors
    /// The log cannot be read or written.
    pub fn open(settings: Settings, store: Store, at: At) -> Result<(Self, Said), StoreError> {
        let state = store.load_state()?;
        let (lookups, topics, missed) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
        let mut bot = Self { settings, store, state, lookups, topics, missed, deaf: false, failing: false };
        let said = bot.take(at, &[Input::Started]);
        Ok((bot, said))
    }

    /// What the bot believes; all of it is stored.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The log, to be read.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// What it was told.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Decides by other settings from now on. What must not change under a running window stands in its events.
    pub fn set(&mut self, settings: Settings) {
        self.settings = settings;
    }

    /// Takes what has arrived, in order, together with what is due: one commit for all of it, and then the answers.
    pub fn take(&mut self, at: At, inputs: &[Input]) -> Said {
        let mut records: Vec<Record> = Vec::new();
        let mut replies: Vec<Reply> = Vec::new();
        let mut questions: Vec<Question> = Vec::new();
        let mut seen: Vec<(String, String)> = Vec::new();
        if self.deaf && !self.hear_again() {
            self.keep_for_later(inputs);
            return self.said_without_rows(at, inputs);
        }
        let missed = self.missed.clone();
        for input in missed.iter().chain(inputs) {
            if let Input::Line(line) = input {
                match self.is_new(line, &seen) {
                    Ok(true) => {}
                    Ok(false) => continue,
                    Err(error) => return self.could_not_record(at, inputs, &error),
                }
            }
            if let Input::Facts { change, .. } = input
                && let Some(lookup) = self.lookups.get_mut(change)
            {
                lookup.waiting = false;
            }
            let outcome = turn(&self.settings, &mut self.state, at, input);
            if let Input::Line(line) = input
                && outcome != Outcome::default()
            {
                // Chat that nothing follows from does nothing the second time either, and costs no write.
                seen.extend(line.message_id.iter().map(|id| (line.network.clone(), id.clone())));
            }
            records.extend(outcome.records);
            replies.extend(outcome.replies);
            questions.extend(outcome.questions);
        }
        // A tick does one thing that is due, and looks again at what time alone has changed.
        for _ in 0..TIMERS_AT_ONCE {
            let outcome = turn(&self.settings, &mut self.state, at, &Input::Tick);
            if outcome.records.is_empty() {
                break;
            }
            records.extend(outcome.records);
            replies.extend(outcome.replies);
        }
        if let Err(error) = self.store.append(&records, &seen) {
            return self.could_not_record(at, inputs, &error);
        }
        self.missed.clear();
        // Where there was nothing to write, the log was not tried.
        self.failing &= records.is_empty() && seen.is_empty();
        replies.extend(questions.iter().flat_map(|question| self.answer(question)));
        Said { replies, topics: self.topics_changed(), lookups: self.lookups_due(at), trouble: None }
    }

    /// The topics that are not what was given out last.
    fn topics_changed(&mut self) -> Vec<(RoomId, Option<String>)> {
        let on = self.state.windows.values().filter(|window| window.is_on());
        let mut rooms: BTreeSet<RoomId> = on.flat_map(|window| window.occurrence.rooms.clone()).collect();
        rooms.extend(self.topics.keys().cloned());
        let mut changed = Vec::new();
        for room in rooms {
            let topic = say::window::topic(&self.state, &room);
            let before = match &topic {
                Some(text) => self.topics.insert(room.clone(), text.clone()),
                None => self.topics.remove(&room),
            };
            if before != topic {
                changed.push((room, topic));
            }
        }
        changed
    }

    /// A message with an id is handled once, however often the network delivers it.
    fn is_new(&self, line: &Line, seen: &[(String, String)]) -> Result<bool, StoreError> {
        let Some(id) = &line.message_id else { return Ok(true) };
        if seen.iter().any(|(network, other)| *network == line.network && other == id) {
            return Ok(false);
        }
        self.store.was_seen(&line.network, id).map(|seen| !seen)
    }

    /// Nothing was stored, so nothing has happened: the state goes back to what the log says.
    fn could_not_record(&mut self, at: At, inputs: &[Input], error: &StoreError) -> Said {
        self.deaf = !self.reload();
        self.keep_for_later(inputs);
        let said = self.said_without_rows(at, inputs);
        let is_new = !std::mem::replace(&mut self.failing, true);
        Said { trouble: is_new.then(|| error.to_string()), ..said }
    }

    /// A network says only once who came and how its connection stands: what could not be recorded of that is taken in as
    /// soon as it can be. Of each, the last word counts.
    fn keep_for_later(&mut self, inputs: &[Input]) {
        for input in inputs {
            let is_past = |old: &Input| match (old, input) {
                (Input::Link(old), Input::Link(new)) => old.network == new.network,
                (Input::Presence(old), Input::Presence(new)) => {
                    let account = new.change.account();
                    old.room == new.room && (account.is_none() || account == old.change.account())
                }
                _ => false,
            };
            if matches!(input, Input::Link(_) | Input::Presence(_)) {
                self.missed.retain(|old| !is_past(old));
                self.missed.push(input.clone());
            }
        }
    }

    /// What is said where nothing can be stored: chat stays unanswered, questions that leave no row are answered as long
    /// as the log can be read, and everybody else who spoke to the bot is told.
    fn said_without_rows(&self, at: At, inputs: &[Input]) -> Said {
        let mut replies = Vec::new();
        for input in inputs {
            let Input::Line(line) = input else { continue };
            match decide::without_row(&self.settings, &self.state, at, line) {
                Some(outcome) if outcome == Outcome::default() => {}
                Some(outcome) if !self.deaf => {
                    replies.extend(outcome.replies);
                    replies.extend(outcome.questions.iter().flat_map(|question| self.answer(question)));
                }
                _ => replies.push(not_recorded(line)),
            }
        }
        Said { replies, ..Said::default() }
    }

    fn reload(&mut self) -> bool {
        match self.store.load_state() {
            Ok(state) => {
                self.state = state;
                true
            }
            Err(_) => false,
        }
    }

    fn hear_again(&mut self) -> bool {
        self.deaf = self.store.probe().is_err() || !self.reload();
        !self.deaf
    }

    fn answer(&self, question: &Question) -> Vec<Reply> {
        let lines = match &question.about {
            About::Rows(query) => match self.store.search(query) {
                Ok(found) => say::ask::rows(&question.name, &found, query),
                Err(_) => vec![say::ask::log_unreadable(&question.name)],
            },
            About::Report(window) => match self.store.rows_of_window(window) {
                Ok(rows) => vec![say::ask::report(&question.name, window, &rows)],
                Err(_) => vec![say::ask::log_unreadable(&question.name)],
            },
        };
        lines
            .into_iter()
            .enumerate()
            .map(|(index, text)| Reply {
                kind: Kind::Status,
                more: index > 0,
                ..Reply::new(question.to.clone(), text)
            })
            .collect()
    }

    /// The questions whose time has come. They follow from the state alone, so none is lost with a restart.
    fn lookups_due(&mut self, at: At) -> Vec<ChangeNumber> {
        let wants = timers::wants(&self.settings, &self.state);
        let wanted: BTreeSet<ChangeNumber> = wants.iter().map(|want| want.change).collect();
        self.lookups.retain(|change, _| wanted.contains(change));
        let mut due = Vec::new();
        for want in wants {
            let is_due = match self.lookups.get(&want.change) {
                None => true,
                Some(lookup) if lookup.waiting => at - lookup.asked >= self.settings.timers.lookup,
                Some(lookup) => {
                    want.since.is_some_and(|since| lookup.asked < since) || at - lookup.asked >= want.every
                }
            };
            if is_due {
                self.lookups.insert(want.change, Lookup { asked: at, waiting: true });
                due.push(want.change);
            }
        }
        due
    }

    /// Asks about a change again, although its time has not come.
    pub fn look_again(&mut self, change: ChangeNumber) {
        self.lookups.remove(&change);
    }

    /// When something is due of itself: a timer, or a question to the review system.
    pub fn wake(&self, at: At) -> Option<At> {
        if !self.missed.is_empty() {
            return Some(at);
        }
        let lookups = timers::wants(&self.settings, &self.state).into_iter().map(|want| {
            match self.lookups.get(&want.change) {
                None => at,
                Some(lookup) if lookup.waiting => lookup.asked + self.settings.timers.lookup,
                Some(lookup) => lookup.asked + want.every,
            }
        });
        timers::wake(&self.settings, &self.state, at).into_iter().chain(lookups).min()
    }
}

/// An answer of the review system as an input.
pub fn facts(change: ChangeNumber, answer: Result<Box<Facts>, Fault>) -> Input {
    Input::Facts { change, answer }
}

/// What is said to somebody where nothing could be stored.
fn not_recorded(line: &Line) -> Reply {
    let to = match &line.room {
        Some(room) => Place::Room(room.clone()),
        None => Place::Private { network: line.network.clone(), nick: line.nick.clone() },
    };
    Reply::new(to, say::ask::not_recorded(&line.nick))
}

/// Something that reaches the loop.
#[derive(Debug)]
pub enum Arrival {
    /// Inputs for the engine, in order: they share one commit.
    Inputs(Vec<Input>),
    /// Time is to pass, as the terminal asks for it.
    Later(TimeDelta),
    /// There may be news of a change.
    News(ChangeNumber),
    /// The configuration was read again.
    Settings(Box<Settings>),
    /// Nothing more will come.
    End,
}

/// The world outside of the loop, as the loop uses it once everything is stored.
pub trait Outside {
    /// Says these, in order.
    fn say(&mut self, replies: Vec<Reply>);
    /// Puts this in the topic of a room, or with `None` what stood there before, where there are topics.
    fn topic(&mut self, room: RoomId, text: Option<String>);
    /// Asks the review system about a change; the answer arrives as an input.
    fn look_up(&mut self, change: ChangeNumber);
    /// Tells the operator why the log takes nothing.
    fn warn(&mut self, why: &str);
}

/// About so many inputs share one commit at the most.
const INPUTS_AT_ONCE: usize = 256;

/// The loop: takes what has arrived, stores it in one commit, says what follows, sleeps until the next arrival or the
/// next timer. It ends with `Arrival::End`, or when nobody is left who could send.
pub fn run(
    mut bot: Bot,
    mut clock: Clock,
    first: Said,
    arrivals: &Receiver<Arrival>,
    outside: &mut dyn Outside,
) {
    let mut act = |said: Said| {
        said.trouble.iter().for_each(|why| outside.warn(why));
        if !said.replies.is_empty() {
            outside.say(said.replies);
        }
        said.topics.into_iter().for_each(|(room, text)| outside.topic(room, text));
        said.lookups.into_iter().for_each(|change| outside.look_up(change));
    };
    act(first);
    loop {
        let now = clock.now();
        let arrival = match bot.wake(now) {
            // What is overdue and does not go away (the log takes nothing) is looked at once a second.
            Some(wake) => {
                let sleep = (wake - now).to_std().unwrap_or_default().max(Duration::from_millis(1));
                arrivals.recv_timeout(if wake > now { sleep } else { Duration::from_secs(1) })
            }
            None => arrivals.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        let mut next = match arrival {
            Ok(arrival) => Some(arrival),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        let mut inputs = Vec::new();
        let mut after = None;
        while let Some(arrival) = next {
            match arrival {
                Arrival::Inputs(more) => inputs.extend(more),
                Arrival::News(change) => bot.look_again(change),
                Arrival::Later(_) | Arrival::Settings(_) | Arrival::End => {
                    after = Some(arrival);
                    break;
                }
            }
            next = if inputs.len() < INPUTS_AT_ONCE { arrivals.try_recv().ok() } else { None };
        }
        act(bot.take(clock.now(), &inputs));
        match after {
            Some(Arrival::End) => {
                act(bot.take(clock.now(), &[Input::Stopped]));
                return;
            }
            Some(Arrival::Settings(settings)) => {
                bot.set(*settings);
                act(bot.take(clock.now(), &[Input::Settings]));
            }
            Some(Arrival::Later(time)) => {
                let until = clock.now() + time;
                while let Some(wake) = bot.wake(clock.now()).filter(|wake| *wake <= until) {
                    let step = (wake - clock.now()).max(TimeDelta::seconds(1)).min(until - clock.now());
                    if step <= TimeDelta::zero() {
                        break;
                    }
                    clock.skip(step);
                    act(bot.take(clock.now(), &[]));
                }
                clock.skip((until - clock.now()).max(TimeDelta::zero()));
                act(bot.take(clock.now(), &[]));
            }
            _ => {}
        }
    }
}
