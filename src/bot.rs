//! The bot: takes what arrives, decides, stores, and only then says. Nobody else changes the state (I3).

mod ask;
mod asked;
mod recall;
mod samples;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::engine::event::{Event, Record};
use crate::engine::facts::{Facts, Fault};
use crate::engine::id::{At, ChangeNumber, OccurrenceId, RoomId, RowId};
use crate::engine::say::card::Card;
use crate::engine::settings::Settings;
use crate::engine::state::State;
use crate::engine::window::Window;
use crate::engine::{
    Accepted, Closed, Edited, Input, Left, Line, Measured, Outcome, Probe, Reply, Run, decide, health, say,
    timers, turn,
};
use crate::store::{Answer, Seen, Store, StoreError};

pub use ask::LastAsked;
pub use asked::{Asked, Waiting};
pub use samples::Sample;

use asked::asked;
use samples::Samples;

/// So many timers may fire at one moment before the loop goes on with what arrives.
const TIMERS_AT_ONCE: usize = 1000;

/// The bot with its memory.
pub struct Bot {
    settings: Settings,
    store: Store,
    state: State,
    lookups: Lookups,
    samples: Samples,
    /// The topics as they were given out last.
    topics: BTreeMap<RoomId, String>,
    /// The cards as they were given out last.
    cards: BTreeMap<(RoomId, OccurrenceId), Card>,
    /// What networks said while the log took nothing.
    missed: Vec<Input>,
    /// Messages that are answered later, each with the row by which that is known.
    owed: BTreeMap<Message, RowId>,
    /// Questions are given out, and these messages wait for what is answered to them.
    asked: Option<Vec<Message>>,
    /// What people asked the log last, where it is answered at once.
    last_asked: LastAsked,
    /// The log takes nothing: nothing is decided until it does.
    deaf: bool,
    /// The last write failed, and the operator has been told.
    failing: bool,
}

/// A network, and its id for a message.
pub type Message = (String, String);

/// The questions to the review system that were asked. They are not in the log: after a start all are asked again.
#[derive(Debug, Default)]
pub(crate) struct Lookups(BTreeMap<ChangeNumber, Lookup>);

#[derive(Clone, Copy, Debug)]
struct Lookup {
    asked: At,
    waiting: bool,
}

impl Lookups {
    /// An answer about a change is here.
    pub(crate) fn answered(&mut self, change: ChangeNumber) {
        if let Some(lookup) = self.0.get_mut(&change) {
            lookup.waiting = false;
        }
    }

    /// The questions whose time has come. They follow from the state alone, so none is lost with a restart.
    pub(crate) fn due(&mut self, settings: &Settings, state: &State, at: At) -> Vec<ChangeNumber> {
        let wants = timers::wants(settings, state);
        let wanted: BTreeSet<ChangeNumber> = wants.iter().map(|want| want.change).collect();
        self.0.retain(|change, _| wanted.contains(change));
        let mut due = Vec::new();
        for want in wants {
            let is_due = match self.0.get(&want.change) {
                None => true,
                Some(lookup) if lookup.waiting => at - lookup.asked >= settings.timers.lookup,
                Some(lookup) => {
                    want.since.is_some_and(|since| lookup.asked < since) || at - lookup.asked >= want.every
                }
            };
            if is_due {
                self.0.insert(want.change, Lookup { asked: at, waiting: true });
                due.push(want.change);
            }
        }
        due
    }
}

/// What is to be done now that everything is stored.
#[derive(Debug, Default)]
pub struct Said {
    /// What to say, in order.
    pub replies: Vec<Reply>,
    /// The topics that changed, each with its room; `None` where no window is on there any more.
    pub topics: Vec<(RoomId, Option<String>)>,
    /// The commands that were taken, with nothing of them refused.
    pub accepted: Vec<Accepted>,
    /// How windows stand in their rooms, where that has changed.
    pub cards: Vec<(RoomId, OccurrenceId, Card)>,
    /// What to ask the review system about.
    pub lookups: Vec<ChangeNumber>,
    /// What to ask the health checks.
    pub samples: Vec<Sample>,
    /// The commands to start. Each is given out this once, and never again after a restart.
    pub runs: Vec<Run>,
    /// The commands of an earlier program to watch.
    pub left: Vec<Left>,
    /// The commands to end, by the rows that started them.
    pub stops: Vec<RowId>,
    /// What the log is asked, in order, where whoever has the bot asks it: see [`Bot::give_out_questions`].
    pub questions: Vec<Asked>,
    /// Why the log takes nothing, for the operator: once, when it begins.
    pub trouble: Option<String>,
}

impl Bot {
    /// Takes up where the log ends, and says for each open window where things stand.
    ///
    /// # Errors
    /// The log cannot be read or written.
    pub fn open(settings: Settings, store: Store, at: At) -> Result<(Self, Said), StoreError> {
        Self::open_beside(settings, store, at, Vec::new())
    }

    /// The same, where the commands of these rows are still at work.
    ///
    /// # Errors
    /// The log cannot be read or written.
    pub fn open_beside(
        settings: Settings,
        store: Store,
        at: At,
        at_work: Vec<RowId>,
    ) -> Result<(Self, Said), StoreError> {
        let state = store.load_state()?;
        let (lookups, topics, cards) = (Lookups::default(), BTreeMap::new(), BTreeMap::new());
        let samples = Samples::default();
        let (missed, owed, asked) = (Vec::new(), BTreeMap::new(), None);
        let (deaf, failing, last_asked) = (false, false, LastAsked::default());
        let mut bot = Self {
            settings,
            store,
            state,
            lookups,
            samples,
            topics,
            cards,
            missed,
            owed,
            asked,
            last_asked,
            deaf,
            failing,
        };
        let said = bot.take(at, &[Input::Started { at_work }]);
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
        let seed = std::mem::take(&mut self.settings.seed);
        self.settings = Settings { seed, ..settings };
    }

    /// Takes what has arrived, in order, together with what is due: one commit for all of it, and then the answers.
    pub fn take(&mut self, at: At, inputs: &[Input]) -> Said {
        let recalled = self.recall(at, inputs);
        let mut said = self.decide(at, inputs);
        said.replies.splice(0..0, recalled.replies);
        said.questions.splice(0..0, recalled.questions);
        match &mut self.asked {
            Some(asked) => asked.extend(said.questions.iter().filter_map(|asked| asked.message.clone())),
            None => {
                let questions = std::mem::take(&mut said.questions);
                let reader = self.store.reader();
                let last = &mut self.last_asked;
                said.replies.extend(questions.iter().flat_map(|asked| last.answer(reader, asked)));
            }
        }
        said
    }

    fn decide(&mut self, at: At, inputs: &[Input]) -> Said {
        let mut records: Vec<Record> = Vec::new();
        let mut replies: Vec<Reply> = Vec::new();
        let mut questions: Vec<Asked> = Vec::new();
        let mut seen: Vec<Seen> = Vec::new();
        let mut accepted: Vec<Accepted> = Vec::new();
        let mut closed: Vec<Closed> = Vec::new();
        let mut runs: Vec<Run> = Vec::new();
        let (mut left, mut stops): (Vec<Left>, Vec<RowId>) = (Vec::new(), Vec::new());
        if self.deaf && !self.hear_again() {
            self.keep_for_later(inputs);
            return self.said_without_rows(at, inputs, say::ask::not_recorded);
        }
        let missed = self.missed.clone();
        let mut handled = match self.handled(missed.iter().chain(inputs)) {
            Ok(handled) => handled,
            Err(error) => return self.could_not_record(at, inputs, &error),
        };
        for arrived in missed.iter().chain(inputs) {
            let Some(input) = unhandled(arrived, &handled) else { continue };
            if let Input::Facts { change, .. } = &*input {
                self.lookups.answered(*change);
            }
            let outcome = turn(&self.settings, &mut self.state, at, &input);
            if outcome != Outcome::default() {
                // Chat that nothing follows from does nothing the second time either, and costs no write.
                let answer = self.answer_in(&input, &outcome, records.len());
                seen.extend(messages(&input).map(|(network, id)| Seen {
                    network: network.to_owned(),
                    message_id: id.to_owned(),
                    answer,
                }));
                handled.extend(messages(arrived));
            }
            records.extend(outcome.records);
            replies.extend(outcome.replies);
            questions.extend(asked(&self.settings, outcome.questions, messages(&input).next()));
            accepted.extend(outcome.accepted);
            closed.extend(outcome.closed);
            runs.extend(outcome.runs);
            left.extend(outcome.left);
            stops.extend(outcome.stops);
        }
        // A tick does one thing that is due, and looks again at what time alone has changed.
        for _ in 0..TIMERS_AT_ONCE {
            let outcome = turn(&self.settings, &mut self.state, at, &Input::Tick);
            if outcome.records.is_empty() {
                break;
            }
            records.extend(outcome.records);
            replies.extend(outcome.replies);
            accepted.extend(outcome.accepted);
            closed.extend(outcome.closed);
            runs.extend(outcome.runs);
            stops.extend(outcome.stops);
        }
        let has_written = !(records.is_empty() && seen.is_empty());
        if let Err(error) = self.store.append(&records, &seen) {
            return self.could_not_record(at, inputs, &error);
        }
        self.missed.clear();
        let is_offered = |row: &RowId| self.state.offers.iter().any(|offer| offer.line == *row);
        self.owed.retain(|_, row| is_offered(row));
        for Seen { network, message_id, answer } in seen {
            if let Answer::Row(row) = answer
                && is_offered(&row)
            {
                self.owed.insert((network, message_id), row);
            }
        }
        if records.iter().any(|record| matches!(record.event, Event::Redacted { .. })) {
            // What was taken out of the log is not to be carried on. Where it cannot be read, nothing is decided.
            self.deaf = !self.reload();
        }
        for reply in &mut replies {
            if let Some(head) = reply.head.and_then(|row| self.head(row)) {
                reply.text.push_str(&format!(" (head {head})"));
            }
        }
        // Where there was nothing to write, the log was not tried.
        self.failing &= !has_written;
        let cards = if records.is_empty() { Vec::new() } else { self.cards_changed(closed) };
        let topics = self.topics_changed();
        let lookups = self.lookups.due(&self.settings, &self.state, at);
        let samples = self.samples.due(&self.probes(at), at);
        Said {
            replies,
            topics,
            accepted,
            cards,
            lookups,
            samples,
            runs,
            left,
            stops,
            questions,
            trouble: None,
        }
    }

    /// Looks whether the log is still there, which nobody notices while nothing is written.
    pub fn watch(&mut self) -> Said {
        match self.store.watch() {
            Ok(()) => Said::default(),
            Err(error) => self.troubled(&error),
        }
    }

    /// The log was found damaged: nothing is recorded any more, so nothing is done any more; what can be read is read.
    pub fn damaged(&mut self, found: String) -> Said {
        let error = self.store.stop(found);
        self.troubled(&error)
    }

    /// Tells the operator, once.
    fn troubled(&mut self, error: &StoreError) -> Said {
        let is_new = !std::mem::replace(&mut self.failing, true);
        Said { trouble: is_new.then(|| error.to_string()), ..Said::default() }
    }

    /// The head of a row, as it is said.
    fn head(&self, row: RowId) -> Option<String> {
        // The summary is worth saying without it.
        self.store.head_of(row).ok().flatten().map(|head| head.to_string())
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

    /// The cards that are not what was given out last.
    fn cards_changed(&mut self, closed: Vec<Closed>) -> Vec<(RoomId, OccurrenceId, Card)> {
        let mut changed = Vec::new();
        for window in self.state.windows.values().filter(|window| window.is_on()) {
            let card = say::card::card(&self.state, window);
            for room in &window.occurrence.rooms {
                let key = (room.clone(), window.id().clone());
                if self.cards.get(&key) != Some(&card) {
                    self.cards.insert(key, card.clone());
                    changed.push((room.clone(), window.id().clone(), card.clone()));
                }
            }
        }
        let is_on = |id: &OccurrenceId| self.state.windows.get(id).is_some_and(Window::is_on);
        self.cards.retain(|(_, id), _| is_on(id));
        for Closed { id, rooms, card } in closed {
            changed.extend(rooms.into_iter().map(|room| (room, id.clone(), card.clone())));
        }
        changed
    }

    /// The messages among these that were handled before. One with an id is handled once, however often the network
    /// delivers it.
    fn handled<'a>(
        &self,
        inputs: impl IntoIterator<Item = &'a Input>,
    ) -> Result<HashSet<(&'a str, &'a str)>, StoreError> {
        let messages: Vec<(&str, &str)> = inputs.into_iter().flat_map(messages).collect();
        let seen = self.store.were_seen(&messages)?;
        Ok(messages.into_iter().zip(seen).filter(|(_, seen)| *seen).map(|(message, _)| message).collect())
    }

    /// Nothing was stored, so nothing has happened: the state goes back to what the log says.
    fn could_not_record(&mut self, at: At, inputs: &[Input], error: &StoreError) -> Said {
        self.deaf = !self.reload();
        self.keep_for_later(inputs);
        // A row that was written and not synced may be there after all when the log is opened again.
        let is_doubtful = !self.failing && matches!(error, StoreError::Disk(_));
        let sorry = if is_doubtful { say::ask::perhaps_recorded } else { say::ask::not_recorded };
        let said = self.said_without_rows(at, inputs, sorry);
        Said { trouble: self.troubled(error).trouble, ..said }
    }

    /// A network says only once who came, how its connection stands, and what was said too long ago, a command ends only
    /// once, and it starts only once itself (until that is stored, what was on its way would be taken to be at work for ever):
    /// what could not be recorded of that is taken in as soon as it can be. Of who came and how it stands, the last word counts.
    fn keep_for_later(&mut self, inputs: &[Input]) {
        let handled = self.handled(inputs).unwrap_or_default();
        let late: Vec<Input> = inputs
            .iter()
            .filter(|input| matches!(input, Input::Late(_)))
            .filter_map(|input| unhandled(input, &handled).map(Cow::into_owned))
            .collect();
        self.missed.extend(late);
        for input in inputs {
            let is_past = |old: &Input| match (old, input) {
                (Input::Link(old), Input::Link(new)) => old.network == new.network,
                (Input::Presence(old), Input::Presence(new)) => {
                    let account = new.change.account();
                    old.room == new.room && (account.is_none() || account == old.change.account())
                }
                _ => false,
            };
            if is_said_once(input) {
                self.missed.retain(|old| !is_past(old));
                self.missed.push(input.clone());
            }
        }
    }

    /// What is said where nothing can be stored: chat stays unanswered, questions that leave no row are answered as long
    /// as the log can be read, and everybody else who spoke to the bot is told.
    fn said_without_rows(&self, at: At, inputs: &[Input], sorry: fn(&str) -> String) -> Said {
        let (mut replies, mut questions) = (Vec::new(), Vec::new());
        let handled = self.handled(inputs).unwrap_or_default();
        for input in inputs {
            let (line, is_nod) = match input {
                Input::Line(line) => (line, false),
                Input::Nod(nod) => (&nod.line, true),
                _ => continue,
            };
            if message(line).is_some_and(|message| handled.contains(&message)) {
                continue;
            }
            if is_nod {
                replies.push(apology(line, sorry));
                continue;
            }
            match decide::without_row(&self.settings, &self.state, at, line) {
                Some(outcome) if outcome == Outcome::default() => {}
                Some(outcome) if !self.deaf => {
                    replies.extend(outcome.replies);
                    questions.extend(asked(&self.settings, outcome.questions, message(line)));
                }
                _ => replies.push(apology(line, sorry)),
            }
        }
        Said { replies, questions, ..Said::default() }
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

    /// Asks about a change again, although its time has not come.
    pub fn look_again(&mut self, change: ChangeNumber) {
        self.lookups.0.remove(&change);
    }

    /// What a health check answered, as an input; `None` where that answers nothing that is still asked.
    pub fn measured(&mut self, at: At, sample: &Sample, answer: Result<Measured, String>) -> Option<Input> {
        let probes = self.probes(at);
        self.samples.takes(sample, &probes).then(|| Input::Measured { check: sample.check.clone(), answer })
    }

    fn probes(&self, at: At) -> Vec<Probe> {
        health::probes(&self.settings, &self.state, at)
    }

    /// When something is due of itself: a timer, a question to the review system, or one to a health check.
    pub fn wake(&self, at: At) -> Option<At> {
        if !self.missed.is_empty() {
            return Some(at);
        }
        let lookups = timers::wants(&self.settings, &self.state).into_iter().map(|want| {
            match self.lookups.0.get(&want.change) {
                None => at,
                Some(lookup) if lookup.waiting => lookup.asked + self.settings.timers.lookup,
                Some(lookup) => lookup.asked + want.every,
            }
        });
        let samples = self.samples.wake(&self.probes(at), at);
        timers::wake(&self.settings, &self.state, at).into_iter().chain(lookups).chain(samples).min()
    }
}

/// An answer of the review system as an input.
pub fn facts(change: ChangeNumber, answer: Result<Box<Facts>, Fault>) -> Input {
    Input::Facts { change, answer }
}

/// What of an input was not handled before; `None` where nothing is left of it.
fn unhandled<'a>(input: &'a Input, handled: &HashSet<(&str, &str)>) -> Option<Cow<'a, Input>> {
    let is_new = |line: &&Line| message(line).is_none_or(|message| !handled.contains(&message));
    match input {
        Input::Line(line) | Input::Unproven(line, _) | Input::Edited(Edited { line, .. }) => {
            is_new(&line).then_some(Cow::Borrowed(input))
        }
        Input::Nod(nod) => is_new(&&nod.line).then_some(Cow::Borrowed(input)),
        Input::Late(lines) => {
            let new: Vec<Line> = lines.iter().filter(is_new).cloned().collect();
            Some(Cow::Owned(Input::Late(new)))
        }
        _ => Some(Cow::Borrowed(input)),
    }
}

/// The messages in an input.
fn messages(input: &Input) -> impl Iterator<Item = (&str, &str)> {
    let lines = match input {
        Input::Line(line) | Input::Unproven(line, _) | Input::Edited(Edited { line, .. }) => {
            std::slice::from_ref(line)
        }
        Input::Nod(nod) => std::slice::from_ref(&nod.line),
        Input::Late(lines) => lines,
        _ => &[],
    };
    lines.iter().filter_map(message)
}

/// What tells a message from others: its network, and the id that it has there.
fn message(line: &Line) -> Option<(&str, &str)> {
    Some((line.network.as_str(), line.message_id.as_deref()?))
}

/// Whether something is told once, and is not to be lost.
fn is_said_once(input: &Input) -> bool {
    matches!(
        input,
        Input::Started { .. } | Input::Link(_) | Input::Presence(_) | Input::Ran { .. } | Input::Gone { .. }
    )
}

/// What is said to somebody where nothing could be stored.
fn apology(line: &Line, sorry: fn(&str) -> String) -> Reply {
    let answers = line.message_id.clone();
    Reply { answers, ..Reply::new(line.place(), sorry(&line.nick)) }
}
