//! The pure core: a state and an input give events to store and things to say. No clock, disk, network or chance.

pub mod accounts;
pub mod advance;
pub mod checklist;
pub mod command;
pub mod decide;
pub mod event;
pub mod facts;
pub mod files;
pub mod gesture;
pub mod guidelines;
pub mod health;
pub mod id;
pub mod incident;
pub mod kind;
pub mod log;
pub mod order;
pub mod patch;
pub mod plan;
pub mod program;
pub mod report;
pub mod say;
pub mod schedule;
pub mod settings;
pub mod state;
pub mod stats;
pub mod text;
pub mod timers;
pub mod window;
pub mod words;

use chrono::TimeDelta;

use event::{Event, Record};
use facts::{Facts, Fault};
pub use gesture::{Accepted, Confirm, Edited, Nod, Unfit};
pub use health::{Measured, Probe, Verdict, probes};
use id::{At, ChangeNumber, OccurrenceId, RoomId, RowId, Who};
pub use program::{Ended, How, Left, Run};
use settings::Settings;
use state::State;

/// Something that reached the bot.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// Somebody said something.
    Line(Line),
    /// Somebody changed what they had said.
    Edited(Edited),
    /// Somebody put a ✅ on a question of the bot.
    Nod(Box<Nod>),
    /// Somebody says more than anybody types: the line is not read, and they are told once.
    Flood(Line),
    /// These were said while the bot could not hear them: they are told of and not acted on.
    Late(Vec<Line>),
    /// These were handed on before the program was killed, as far as the connection knows, and nobody was told what
    /// became of them. The log answers for those that are in it; nothing else follows, for they come again themselves.
    Unanswered(Vec<Line>),
    /// Somebody said something under a name that nothing proves: it is not acted on. The line has no account.
    Unproven(Line, Doubt),
    /// Who is in a room.
    Presence(Presence),
    /// What became of the connection to a network.
    Link(Link),
    /// The review system answered, or could not.
    Facts {
        /// The change that was asked about.
        change: ChangeNumber,
        /// What is known now.
        answer: Result<Box<Facts>, Fault>,
    },
    /// A health check answered, or could not.
    Measured {
        /// Which.
        check: String,
        /// What it saw, or why it saw nothing: `cannot reach Prometheus: connection refused`.
        answer: Result<Measured, String>,
    },
    /// The command of a step has ended.
    Ran {
        /// The row of the intent.
        row: RowId,
        /// How, and what it printed.
        ended: Ended,
    },
    /// A command that an earlier program had left at work is over: how it ended, nobody saw.
    Gone {
        /// The row of the intent.
        row: RowId,
        /// It is not over: this is still there after it was killed, as `1234 scap`.
        still: Option<String>,
    },
    /// The command of a step has printed a line.
    Output {
        /// The row of the intent.
        row: RowId,
        /// The line.
        line: String,
    },
    /// Time has passed.
    Tick,
    /// The program has started on a log that may hold open windows.
    Started {
        /// The rows of the intents whose commands are still at work.
        at_work: Vec<RowId>,
    },
    /// The configuration was read again.
    Settings,
    /// The program is told to stop.
    Stopped,
}

/// One line of chat, as a transport delivers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The network: `console`, or the name of a connection.
    pub network: String,
    /// The room; `None` in private.
    pub room: Option<RoomId>,
    /// The name to address an answer to. No right comes from it.
    pub nick: String,
    /// The account that the network vouches for with this very line.
    pub account: Option<String>,
    /// What was said.
    pub text: String,
    /// The network's id of the message, where it has one: the same id is never handled twice.
    pub message_id: Option<String>,
}

/// Why nobody knows who said a line, though the network vouches for what is said there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// It came in clear where everything is encrypted.
    Clear,
    /// It was encrypted by a device that its owner has not signed.
    Device,
    /// It is what somebody said before, shown once more.
    Replayed,
    /// The keys that sign the device are not those that its owner is known by.
    Keys,
}

impl Line {
    /// Where it is answered.
    pub fn place(&self) -> Place {
        match &self.room {
            Some(room) => Place::Room(room.clone()),
            None => Place::Private { network: self.network.clone(), nick: self.nick.clone() },
        }
    }
}

/// Somebody came into a room or left it. Whoever has several nicks there is in it until the last one is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presence {
    /// The room.
    pub room: RoomId,
    /// What happened.
    pub change: Attendance,
}

/// Who is in a room, by account: people whom the network does not identify are never there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attendance {
    /// All who are there: the bot has just come in.
    Roster(Vec<String>),
    /// This account is there now.
    Came(String),
    /// This account is there no more.
    Left {
        /// Which.
        account: String,
        /// How.
        how: Departure,
    },
    /// The bot itself is out of the room, for this reason; who is in it, it cannot tell.
    Closed(String),
    /// The same, and the bot does not come back by itself: somebody must do something.
    Shut {
        /// Why.
        why: String,
        /// The room that follows it, where both of them say so. The bot does not go there.
        next: Option<String>,
    },
}

impl Attendance {
    /// The account it is about, where it is about one alone.
    pub fn account(&self) -> Option<&str> {
        match self {
            Self::Came(account) | Self::Left { account, .. } => Some(account),
            Self::Roster(_) | Self::Closed(_) | Self::Shut { .. } => None,
        }
    }
}

/// How somebody left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Departure {
    /// They parted or quit.
    Left,
    /// Somebody removed them.
    Kicked,
    /// They logged out of services, or into another account.
    LoggedOut,
    /// The network split: nobody's fault.
    Split,
}

/// What became of the connection to a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The network.
    pub network: String,
    /// What happened.
    pub change: LinkChange,
}

/// How a connection stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkChange {
    /// The bot can talk there. Nobody gets a right from this network while there is a reason in `read_only`.
    Up {
        /// Why nobody can be told apart there, where that is so.
        read_only: Option<String>,
    },
    /// It is lost, for this reason, and tried again.
    Lost(String),
    /// It is lost, for this reason, and not tried again: somebody must look at it.
    Stopped(String),
}

/// Something to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Where.
    pub to: Place,
    /// It must be noticed by these; everything else must not ping.
    pub ping: Vec<Who>,
    /// These are named in it and are looking anyway: whoever is answered.
    pub named: Vec<Who>,
    /// One line of plain text, neutralised, with the names of those it addresses in it.
    pub text: String,
    /// Only worth saying where nothing else is said in the same turn.
    pub soft: bool,
    /// What a transport that must be sparing with lines may do with it.
    pub kind: Kind,
    /// It goes on with the answer of the reply before it.
    pub more: bool,
    /// The message that it answers, by the network's id, where it is said in the same place.
    pub answers: Option<String>,
    /// The head of this row is said with it, which only the store knows.
    pub head: Option<RowId>,
    /// The accounts of those it must be noticed by, on the network where it is said.
    pub called: Vec<(Who, Vec<String>)>,
    /// The patch that it is about, where it is about one that is in a queue and about nothing else.
    pub about: Option<ChangeNumber>,
    /// It asks one person to confirm one thing, which they may do by a ✅ on it as well.
    pub confirm: Option<Confirm>,
}

/// What a transport may do with a reply when it has more to say than the network takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// It is said as it is.
    #[default]
    Plain,
    /// It left no row and can be asked again: it may be dropped when it is late.
    Status,
    /// `NAME: logged L12`: several that wait may become one line.
    Logged {
        /// Who is answered.
        name: String,
        /// The row.
        row: RowId,
    },
    /// A line for the bot that keeps this network's log, which reads messages and no notices.
    ForLog,
}

impl Reply {
    /// A line that nobody in particular must notice.
    pub fn new(to: Place, text: String) -> Self {
        Self {
            to,
            ping: Vec::new(),
            named: Vec::new(),
            text,
            soft: false,
            kind: Kind::Plain,
            more: false,
            answers: None,
            head: None,
            called: Vec::new(),
            about: None,
            confirm: None,
        }
    }
}

/// Where something is said.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// In a room.
    Room(RoomId),
    /// To one person alone.
    Private {
        /// On this network.
        network: String,
        /// To this nick.
        nick: String,
    },
}

/// What follows from an input: first the events are stored, then the rest is done (I2).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// What happened, in order.
    pub records: Vec<Record>,
    /// What to say, in order.
    pub replies: Vec<Reply>,
    /// What to ask the log, to be answered after the replies.
    pub questions: Vec<Question>,
    /// What was done where not all of the window's rooms hear it, while it is being decided.
    pub aside: Option<Aside>,
    /// The commands that were taken, with nothing of them refused.
    pub accepted: Vec<Accepted>,
    /// The windows that are over now, as they were at their end.
    pub closed: Vec<Closed>,
    /// Commands to be started, each once, when their rows are stored.
    pub runs: Vec<Run>,
    /// Commands that an earlier program left at work: to be watched, and ended in their time.
    pub left: Vec<Left>,
    /// Commands to be ended, by the rows of their intents: asked first, then killed with all that they started.
    pub stops: Vec<RowId>,
    /// The line is a bridge's copy of another: nothing follows from it, and nothing may when it is delivered again.
    pub is_copy: bool,
}

/// A window that is over now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// Its occurrence.
    pub id: OccurrenceId,
    /// The rooms it was held in.
    pub rooms: Vec<RoomId>,
    /// How it ended.
    pub card: say::card::Card,
}

/// Something that was done in private or in one room of several, and where it is to be said that it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aside {
    /// The other rooms of the windows it was done in.
    pub rooms: Vec<RoomId>,
    /// Who did it.
    pub name: String,
    /// The command, as it could be pasted.
    pub command: String,
    /// Where they are answered.
    pub to: Place,
}

/// Something only the store can answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// What is asked.
    pub about: About,
    /// Who is answered.
    pub name: String,
    /// Where.
    pub to: Place,
}

/// What the store is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// Rows of the log.
    Rows(Box<log::Query>),
    /// The answer to the last question, further.
    More,
    /// What changed shortly before this moment.
    Suspects(At),
    /// How an occurrence ended, or how it stands: its last summary.
    Report(OccurrenceId),
    /// What all windows amount to.
    Stats,
}

/// A change to ask the review system about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Want {
    /// Which.
    pub change: ChangeNumber,
    /// An answer from before this moment does not do.
    pub since: Option<At>,
    /// Ask again after this long.
    pub every: TimeDelta,
}

/// Takes one input through to the end: decides, applies, and goes on while something follows of itself.
/// The same state, settings, time and input give the same outcome (I1).
pub fn turn(settings: &Settings, state: &mut State, at: At, input: &Input) -> Outcome {
    let speaker = speaker(settings, state, input);
    let mut outcome = decide::decide(settings, state, at, input);
    let mut for_log = lines_for_log(settings, state, state.row + 1, &outcome.records);
    outcome.closed = apply_all(state, &outcome.records);
    // Each follow-up closes something, so this ends; the bound guards against a rule that does not.
    for _ in 0..1000 {
        let more = advance::advance(settings, state, at);
        if more.records.is_empty() {
            break;
        }
        let first = state.row + 1 - more.records.len() as i64;
        for_log.extend(lines_for_log(settings, state, first, &more.records));
        outcome.records.extend(more.records);
        outcome.replies.extend(more.replies);
        outcome.accepted.extend(more.accepted);
        outcome.runs.extend(more.runs);
        outcome.stops.extend(more.stops);
    }
    attend(speaker.as_ref(), &mut outcome);
    if outcome.records.iter().any(|record| matches!(record.event, Event::WindowClosed { .. })) {
        let carried = decide::carried(settings, state, at);
        state.apply(&carried);
        outcome.records.push(carried);
    }
    let said_more = outcome.replies.iter().any(|reply| !reply.soft);
    outcome.replies.retain(|reply| !(reply.soft && said_more));
    if let Some(aside) = outcome.aside.take() {
        say_aside(&aside, &mut outcome.replies);
    }
    if matches!(input, Input::Line(_) | Input::Nod(_) | Input::Facts { .. }) {
        mark_answers(&mut outcome);
    }
    outcome.replies.extend(for_log);
    if let Some((line, message)) = line_of(input) {
        say_what_is_answered(line, message, &mut outcome.replies);
    }
    let is_queued = |change: &ChangeNumber| state.window_of(*change).is_some();
    for reply in &mut outcome.replies {
        reply.about = reply.about.filter(is_queued);
        let network = network_of(&reply.to);
        reply.called =
            reply.ping.iter().map(|who| (who.clone(), accounts::on(settings, state, who, network))).collect();
    }
    outcome
}

/// The network that a place is on.
fn network_of(place: &Place) -> &str {
    match place {
        Place::Room(room) => room.network(),
        Place::Private { network, .. } => network,
    }
}

/// What somebody said or did, with the message that is answered.
fn line_of(input: &Input) -> Option<(&Line, Option<&String>)> {
    match input {
        Input::Line(line) | Input::Unproven(line, _) => Some((line, line.message_id.as_ref())),
        Input::Nod(nod) => Some((&nod.line, nod.line.message_id.as_ref())),
        Input::Edited(Edited { line, of }) => Some((line, Some(of))),
        _ => None,
    }
}

/// Everything that is said at once where a line was said answers it, unless it is known to answer another.
fn say_what_is_answered(line: &Line, message: Option<&String>, replies: &mut [Reply]) {
    let to = line.place();
    for reply in replies.iter_mut().filter(|reply| reply.to == to && reply.answers.is_none()) {
        reply.answers = message.cloned();
    }
}

/// The lines for the bots that keep the log of a network, in each room there that a record is about.
/// The first record is, or is to be, the row `first`.
fn lines_for_log(settings: &Settings, state: &State, first: i64, records: &[Record]) -> Vec<Reply> {
    let emits = |room: &&RoomId| {
        settings.network(room.network()).log == settings::LogMode::Emit && !state.is_down(room.network())
    };
    let mut replies = Vec::new();
    for (row, record) in (first..).map(RowId).zip(records) {
        let id = record.window.as_ref();
        let known = id.and_then(|id| state.windows.get(id));
        let lately = || state.lately.iter().find(|window| Some(window.id()) == id);
        let Some(window) = known.or_else(lately) else { continue };
        let Some(text) = say::for_log::line(state, window, record) else { continue };
        for room in window.occurrence.rooms.iter().filter(emits) {
            let to = Place::Room(room.clone());
            let head = matches!(record.event, Event::WindowClosed { .. }).then_some(row);
            replies.push(Reply { kind: Kind::ForLog, head, ..Reply::new(to, text.clone()) });
        }
    }
    replies
}

/// What was done elsewhere is said in the other rooms first, with what was answered and is not said there anyway; whoever
/// did it in private is answered in any case.
fn say_aside(aside: &Aside, replies: &mut Vec<Reply>) {
    let own: Vec<Reply> = replies.iter().filter(|reply| reply.to == aside.to).cloned().collect();
    let notices = aside.rooms.iter().map(|room| {
        let to = Place::Room(room.clone());
        let is_said = |text: &str| replies.iter().any(|reply| reply.to == to && reply.text == text);
        let answers = own.iter().map(|reply| reply.text.as_str()).filter(|text| !is_said(text));
        let answers: Vec<&str> =
            answers.map(|text| text.split_once(": ").map_or(text, |(_, text)| text)).collect();
        let text = say::aside::done(&aside.name, &aside.to, &aside.command, &answers);
        Reply { about: own.first().and_then(|reply| reply.about), ..Reply::new(to, text) }
    });
    let notices: Vec<Reply> = notices.collect();
    if own.is_empty() && matches!(aside.to, Place::Private { .. }) {
        let rooms: Vec<&str> = aside.rooms.iter().map(|room| room.0.as_str()).collect();
        replies.push(Reply::new(aside.to.clone(), say::aside::said_in(&aside.name, &rooms)));
    }
    replies.splice(0..0, notices);
}

/// Marks which answers left no row, and which lines belong to one answer.
fn mark_answers(outcome: &mut Outcome) {
    let left_no_row = outcome.records.iter().all(|record| matches!(record.event, Event::Asked { .. }));
    let mut before: Option<(Place, String)> = None;
    for reply in outcome.replies.iter_mut().filter(|reply| reply.ping.is_empty()) {
        if left_no_row && reply.kind == Kind::Plain {
            reply.kind = Kind::Status;
        }
        // What is said to everybody belongs to nobody's answer.
        let answered = reply.text.split_once(": ").map(|(name, _)| (reply.to.clone(), name.to_owned()));
        reply.more = answered.is_some() && before == answered;
        before = answered;
    }
}

/// Who speaks, as it is known before what they say changes it.
fn speaker(settings: &Settings, state: &State, input: &Input) -> Option<Who> {
    let (line, _) = line_of(input)?;
    let account = line.account.as_ref().filter(|_| settings.network(&line.network).trust)?;
    Some(accounts::who(settings, state, &line.network, account))
}

/// Whoever has just spoken is looking: what follows is an answer to them, not a ping.
fn attend(speaker: Option<&Who>, outcome: &mut Outcome) {
    for reply in &mut outcome.replies {
        let (named, ping) =
            std::mem::take(&mut reply.ping).into_iter().partition(|other| Some(other) == speaker);
        (reply.named, reply.ping) = (named, ping);
    }
}

/// Applies what was decided. Gives the windows that end with it, which the state does not have any more.
fn apply_all(state: &mut State, records: &[Record]) -> Vec<Closed> {
    let mut closed = Vec::new();
    for record in records {
        if let (Event::WindowClosed { .. }, Some(id)) = (&record.event, &record.window)
            && let Some(window) = state.windows.get(id)
        {
            let (rooms, card) =
                (window.occurrence.rooms.clone(), say::card::over(state, window, &record.text));
            closed.push(Closed { id: id.clone(), rooms, card });
        }
        state.apply(record);
    }
    closed
}
