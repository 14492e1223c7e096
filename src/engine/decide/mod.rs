//! From one input to what follows: who speaks, whether I am meant, what it means, whether it may be.

mod accounts;
mod answers;
mod aside;
mod ask;
mod bridge;
mod close;
mod emergency;
mod find;
mod gesture;
mod go;
mod health;
mod late;
mod link;
mod lock;
mod log;
mod meant;
mod order;
mod people;
mod presence;
mod queue;
mod ran;
mod review;
mod run;
pub(super) mod start;
mod stop;

use super::command::{Command, Role, Target, Verb, Words};
use super::event::{Author, Event, Record, Went};
use super::guidelines;
use super::id::{At, ChangeNumber, OccurrenceId, RoomId, RowId, Who};
use super::patch::Patch;
use super::say::{self, Refusal, no};
use super::settings::{CONSOLE, Settings, Standing};
use super::state::State;
use super::window::Window;
use super::{Input, Line, Outcome, Place, Reply, text, timers};

pub(super) use answers::why_unknown;
use meant::{Meant, meant, others_log};
pub(super) use people::{here_from, owners, say_who_is_here};
pub(super) use ran::running_forward;
pub(super) use run::dirty_stage;
pub(super) use start::{is_covered, next, steps_of, with_done};
pub(super) use stop::changes_of;

/// One input being decided: what is known, who speaks, and what follows so far.
pub(super) struct Turn<'a> {
    pub(super) settings: &'a Settings,
    pub(super) state: &'a State,
    pub(super) at: At,
    pub(super) by: Author,
    /// The speaker, where the network vouches for them.
    pub(super) who: Option<Who>,
    /// How an answer addresses the speaker.
    pub(super) name: String,
    pub(super) to: Place,
    /// The message it is about, where the network has a name for it.
    pub(super) message: Option<String>,
    /// The patch that what is said next is about: that of the last row.
    pub(super) about: Option<ChangeNumber>,
    pub(super) out: Outcome,
}

/// What follows from an input. It changes nothing: the events in the outcome say what is to change.
pub fn decide(settings: &Settings, state: &State, at: At, input: &Input) -> Outcome {
    match input {
        Input::Line(line) => {
            let mut turn = Turn::of_line(settings, state, at, line);
            turn.line(line);
            turn.out
        }
        Input::Edited(edited) => {
            let mut turn = Turn::of_line(settings, state, at, &edited.line);
            turn.edited(&edited.line);
            turn.out
        }
        Input::Nod(nod) => {
            let mut turn = Turn::of_line(settings, state, at, &nod.line);
            turn.nod(nod);
            turn.out
        }
        Input::Facts { change, answer } => {
            let mut turn = Turn::of_bot(settings, state, at);
            turn.facts(*change, answer);
            turn.out
        }
        Input::Flood(line) => {
            let mut turn = Turn::of_line(settings, state, at, line);
            turn.refuse("?", None, &no::flood());
            turn.out
        }
        Input::Unanswered(_) => Outcome::default(),
        Input::Late(lines) => late::late(settings, state, at, lines),
        Input::Unproven(line, doubt) => late::unproven(settings, state, at, line, *doubt),
        Input::Presence(presence) => {
            let mut turn = Turn::of_bot(settings, state, at);
            turn.presence(presence);
            turn.out
        }
        Input::Link(link) => {
            let mut turn = Turn::of_bot(settings, state, at);
            turn.link(link);
            turn.out
        }
        Input::Measured { check, answer } => {
            let mut turn = Turn::of_bot(settings, state, at);
            turn.measured(check, answer);
            turn.out
        }
        Input::Ran { row, ended } => {
            let mut turn = Turn::of_bot(settings, state, at);
            turn.ran(*row, ended);
            turn.out
        }
        Input::Gone { row, still } => {
            let mut turn = Turn::of_bot(settings, state, at);
            turn.gone(*row, still.as_deref());
            turn.out
        }
        Input::Output { row, line } => {
            let mut turn = Turn::of_bot(settings, state, at);
            turn.output(*row, line);
            turn.out
        }
        Input::Tick => timers::tick(settings, state, at),
        Input::Settings => {
            let mut turn = Turn::of_bot(settings, state, at);
            turn.rights();
            turn.out
        }
        Input::Stopped => {
            let mut turn = Turn::of_bot(settings, state, at);
            turn.record(None, None, Event::Stopped);
            turn.out
        }
        Input::Started { at_work } => {
            let mut turn = Turn::of_bot(settings, state, at);
            turn.started(at_work);
            turn.out
        }
    }
}

/// What can be said to a line while nothing can be recorded: silence where it is not for me, and the answer to a
/// question that leaves no row. `None` where a row belongs to it.
pub fn without_row(settings: &Settings, state: &State, at: At, line: &Line) -> Option<Outcome> {
    let mut turn = Turn::of_line(settings, state, at, line);
    if others_log(settings, line).is_some() {
        return Some(turn.out);
    }
    match meant(settings, line, turn.open_window().is_some()) {
        Meant::Nobody => {}
        Meant::Verb { verb, words } if verb.asks => turn.verb(verb, words),
        Meant::Verb { .. } | Meant::Refused(_) => return None,
    }
    turn.out.records.is_empty().then_some(turn.out)
}

/// The row that carries over what outlives a closed window.
pub(super) fn carried(settings: &Settings, state: &State, at: At) -> Record {
    let turn = Turn::of_bot(settings, state, at);
    turn.make(None, None, Went::Ok, Event::Carried { state: Box::new(state.clone()) })
}

impl<'a> Turn<'a> {
    fn of_line(settings: &'a Settings, state: &'a State, at: At, line: &Line) -> Self {
        let counts = settings.network(&line.network).trust && state.read_only(&line.network).is_none();
        let account = line.account.as_ref().filter(|_| counts);
        let who = account.map(|account| super::accounts::who(settings, state, &line.network, account));
        let to = line.place();
        let by = Author {
            network: Some(line.network.clone()),
            room: line.room.clone(),
            who: who.clone().unwrap_or_else(|| Who(format!("?{}", text::clean(&line.nick)))),
            account: line.account.clone(),
        };
        let (name, message) = (text::clean(&line.nick), line.message_id.clone());
        let out = Outcome::default();
        Self { settings, state, at, by, who, name, to, message, about: None, out }
    }

    /// A turn in which the bot acts of its own accord.
    pub(super) fn of_bot(settings: &'a Settings, state: &'a State, at: At) -> Self {
        let who = Who(settings.name.clone());
        let by = Author { network: None, room: None, who, account: None };
        let to = Place::Room(RoomId(CONSOLE.to_owned()));
        let name = settings.name.clone();
        let out = Outcome::default();
        Self { settings, state, at, by, who: None, name, to, message: None, about: None, out }
    }

    pub(super) fn prefix(&self) -> &'a str {
        &self.settings.prefix
    }

    /// A command as it can be pasted.
    pub(super) fn command(&self, words: &str) -> String {
        say::command(self.prefix(), words)
    }

    pub(super) fn make(
        &self,
        window: Option<&OccurrenceId>,
        change: Option<ChangeNumber>,
        outcome: Went,
        event: Event,
    ) -> Record {
        let text = say::row::text(self.state, change, window, &event);
        Record { at: self.at, by: self.by.clone(), window: window.cloned(), change, outcome, text, event }
    }

    /// Something happened.
    pub(super) fn record(
        &mut self,
        window: Option<&OccurrenceId>,
        change: Option<ChangeNumber>,
        event: Event,
    ) {
        let record = self.make(window, change, Went::Ok, event);
        self.about = change;
        self.out.records.push(record);
    }

    /// The number of the row that the next record gets.
    pub(super) fn next_row(&self) -> super::id::RowId {
        super::id::RowId(self.state.row + 1 + self.out.records.len() as i64)
    }

    /// Answers the speaker.
    pub(super) fn answer(&mut self, text: &str) {
        self.reply(text, false);
    }

    /// Answers the speaker, unless something better is said in this turn.
    pub(super) fn answer_softly(&mut self, text: &str) {
        self.reply(text, true);
    }

    fn reply(&mut self, text: &str, soft: bool) {
        let text = format!("{}: {text}", self.name);
        self.out.replies.push(Reply { soft, about: self.about, ..Reply::new(self.to.clone(), text) });
    }

    /// Says something in every room of a window, to nobody in particular.
    pub(super) fn broadcast(&mut self, window: &Window, text: &str) {
        self.say_in_rooms(window, Vec::new(), text, None);
    }

    /// Says something in the rooms of a window but this one, to nobody in particular.
    pub(super) fn say_elsewhere(&mut self, window: &Window, but: Option<&RoomId>, text: &str) {
        self.say_in_rooms(window, Vec::new(), text, but);
    }

    /// Says something that these people must notice, with their names in front.
    pub(super) fn ping(&mut self, window: &Window, who: &[&Who], text: &str) {
        let text = format!("{}: {text}", say::names(who.iter().copied()));
        self.say_in_rooms(window, who.iter().map(|who| (*who).clone()).collect(), &text, None);
    }

    /// Says something that already holds the names of those who must notice it.
    pub(super) fn ping_within(&mut self, window: &Window, who: Vec<Who>, text: &str) {
        self.say_in_rooms(window, who, text, None);
    }

    pub(super) fn say_in_rooms(&mut self, window: &Window, ping: Vec<Who>, text: &str, but: Option<&RoomId>) {
        for room in &window.occurrence.rooms {
            // Nobody hears what is said to a network that is lost; when it is back, where things stand is said.
            if self.state.is_down(room.network()) || Some(room) == but {
                continue;
            }
            let counts =
                self.settings.network(room.network()).trust && self.state.read_only(room.network()).is_none();
            let text =
                if counts { text.to_owned() } else { say::presence::refused_here(text, self.prefix()) };
            let to = Place::Room(room.clone());
            let reply = Reply { ping: ping.clone(), about: self.about, ..Reply::new(to, text) };
            self.out.replies.push(reply);
        }
    }

    /// Says no, and puts it on the record. Nothing else changes (I5).
    pub(super) fn refuse(&mut self, verb: &str, change: Option<ChangeNumber>, refusal: &Refusal) {
        let window = change.and_then(|change| self.state.window_of(change)).or_else(|| self.open_window());
        let window = window.map(|window| window.id().clone());
        self.record_refusal(verb, window.as_ref(), change, refusal);
        self.answer(&refusal.said());
    }

    pub(super) fn record_refusal(
        &mut self,
        verb: &str,
        window: Option<&OccurrenceId>,
        change: Option<ChangeNumber>,
        refusal: &Refusal,
    ) {
        let event = Event::Refused { verb: verb.to_owned(), code: refusal.code.to_owned() };
        let mut record = self.make(window, change, Went::Refused, event);
        record.text = format!("{verb}: {}", refusal.said());
        self.about = change;
        self.out.records.push(record);
    }

    /// Whether the speaker has this role in the case at hand.
    pub(super) fn is(&self, role: Role, window: Option<&Window>, patch: Option<&Patch>) -> bool {
        let Some(who) = &self.who else { return role == Role::Anyone };
        match role {
            Role::Anyone | Role::User => true,
            Role::Owner => patch.is_some_and(|patch| patch.owner() == who),
            Role::Deployer => self.settings.has(who, Standing::Deployer),
            // Whoever is no deployer any more leads nothing, whatever they claimed before.
            Role::Lead => {
                window.is_some_and(|window| window.led_by(who)) && self.settings.has(who, Standing::Deployer)
            }
            Role::Manager => self.settings.has(who, Standing::Manager),
        }
    }

    /// Refuses who may not. The table of verbs says who may.
    pub(super) fn may(
        &self,
        verb: &str,
        window: Option<&Window>,
        patch: Option<&Patch>,
    ) -> Result<(), Refusal> {
        let Some(verb) = super::command::verb(verb) else { return Err(self.not_identified()) };
        if verb.who.contains(&Role::Anyone) {
            return Ok(());
        }
        if self.who.is_none() {
            return Err(self.not_identified());
        }
        if verb.who.iter().any(|role| self.is(*role, window, patch)) {
            return Ok(());
        }
        let has = |role| verb.who.contains(&role);
        Err(match (patch, window) {
            (Some(patch), _) if has(Role::Owner) => {
                let mut others = String::new();
                if has(Role::Lead) {
                    others.push_str(", and the lead");
                }
                if has(Role::Deployer) {
                    others.push_str(", and deployers");
                }
                no::not_owner(verb.name, patch, &others)
            }
            (_, Some(window)) if has(Role::Lead) && !has(Role::Deployer) => {
                no::not_lead(self.prefix(), verb.name, window)
            }
            _ if has(Role::Manager) => no::not_manager(verb.name, &self.people_with(Standing::Manager)),
            _ => no::not_deployer(verb.name, &self.people_with(Standing::Deployer)),
        })
    }

    pub(super) fn people_with(&self, standing: Standing) -> Vec<Who> {
        let people = self.settings.people.iter().filter(|person| self.settings.has(&person.id, standing));
        people.map(|person| person.id.clone()).collect()
    }

    /// Refuses a word that crossed a new patch set on its way (§4a.14).
    pub(super) fn not_crossed(&self, patch: &Patch, words: &str) -> Result<(), Refusal> {
        let age = self.at - patch.patch_set_at;
        let first = patch.patch_set_at == patch.added;
        if first || age >= self.settings.timers.crossed {
            return Ok(());
        }
        Err(no::crossed(self.prefix(), patch, age.num_seconds(), words))
    }

    /// Judges a patch by the rules, as it stands in its window.
    pub(super) fn judge<'p>(
        &'p self,
        window: &'p Window,
        patch: &'p Patch,
        starting: bool,
    ) -> (Vec<guidelines::Judgement<'p>>, Vec<guidelines::Point<'p>>) {
        let facts = why_unknown(self.state, patch.change);
        let case = guidelines::Case {
            settings: self.settings,
            state: self.state,
            window,
            at: self.at,
            change: patch.change,
            facts,
            wish: &patch.wish,
            patch: Some(patch),
            starting,
            lead: window.lead.as_ref().map(|lead| &lead.who),
        };
        let judgements = guidelines::judge(&case);
        let points = guidelines::points(&case, &judgements);
        (judgements, points)
    }

    fn line(&mut self, line: &Line) {
        if let Some(words) = others_log(self.settings, line) {
            self.others_log(words);
            return;
        }
        let meant = meant(self.settings, line, self.open_window().is_some());
        let said = match &meant {
            Meant::Verb { verb, words } => Some((*verb, *words)),
            Meant::Nobody | Meant::Refused(_) => None,
        };
        if said.is_some_and(|(verb, words)| self.is_bridged(verb, words)) {
            self.out.is_copy = true;
            return;
        }
        let is_here = said.is_some_and(|(verb, _)| verb.name == "here");
        if !is_here && let Some(window) = self.open_window() {
            people::say_who_is_here(self, window);
        }
        match meant {
            Meant::Nobody => {}
            Meant::Refused(refusal) => self.refuse("?", None, &refusal),
            Meant::Verb { verb, words } => self.verb(verb, words),
        }
        // A refusal changes nothing else, not even who was heard (I5).
        let nothing_done = |record: &Record| matches!(record.event, Event::Asked { .. } | Event::Logged);
        if self.out.records.iter().all(nothing_done) {
            self.note_who_is_heard();
        }
        if let Some((verb, words)) = said {
            self.note_accepted();
            self.note_what_was_said(verb, words);
        }
    }

    fn verb(&mut self, verb: &'static Verb, words: &str) {
        let before = (self.out.records.len(), self.out.replies.len());
        let acts_in_private = !verb.asks && self.by.room.is_none();
        let read =
            Words::new(verb, words, self.prefix(), &self.settings.policy.review_hosts, self.at).command();
        let done = read.and_then(|command| {
            if acts_in_private && !self.settings.windows.iter().any(|window| window.private_commands) {
                return Err(no::in_private(&self.room_for(None)));
            }
            // A window that is on stays on where the configuration has lost it since.
            let known = self.state.windows.values().map(|window| &window.occurrence.rooms);
            let mut rooms = self.settings.windows.iter().map(|window| &window.rooms).chain(known);
            let any_here = rooms.any(|rooms| self.is_here(rooms));
            if !verb.asks && !any_here {
                return Err(no::wrong_room());
            }
            if verb.name == "link" && self.void_code(words) {
                return Ok(());
            }
            if verb.who.contains(&Role::User) && self.who.is_none() {
                return Err(self.not_identified());
            }
            self.command_of(command)?;
            if verb.asks { Ok(()) } else { self.tell_the_rooms(verb, words, before) }
        });
        if let Err(mut refusal) = done {
            if refusal.code == "bare-number" {
                refusal = self.bare_number(verb, words).unwrap_or(refusal);
            }
            // A number is a change only where the verb takes one: the 6 of `done 6` is a step of the patch in motion.
            let takes_change = verb.usage.iter().any(|usage| usage.contains(" N") || usage.contains("[N]"));
            let first = words.split_ascii_whitespace().next().filter(|_| takes_change);
            let named = first.and_then(|word| {
                match super::command::target(word, &self.settings.policy.review_hosts) {
                    Some(Target::Change(change)) => Some(change),
                    _ => None,
                }
            });
            let moving = || {
                self.open_window().filter(|_| !verb.asks && !takes_change).and_then(|window| window.motion)
            };
            let change = named.or_else(moving);
            self.refuse(verb.name, change, &refusal);
        }
    }

    /// A bare small number in a verb that takes steps or items too, where it is a change that is queued here.
    fn bare_number(&self, verb: &Verb, words: &str) -> Option<Refusal> {
        let (number, rest) = words.trim().split_once(' ').unwrap_or((words.trim(), ""));
        let (_, patch) = self.find(Target::Change(ChangeNumber::parse(number)?)).ok()?;
        Some(no::bare_change(self.prefix(), verb.name, patch, rest))
    }

    fn command_of(&mut self, command: Command) -> Result<(), Refusal> {
        match command {
            Command::Add { changes, options } => self.add(&changes, &options),
            Command::Remove { patch, reason } => self.remove(patch, reason),
            Command::Move { patch, place } => self.move_patch(patch, &place),
            Command::Order { before, after } => self.order(before, after),
            Command::Independent { a, b, reason } => self.independent(a, b, &reason),
            Command::Files { patch, word } => self.files(patch, &word),
            Command::Queue { window } => self.queue(window.as_deref()),
            Command::Show { patch } => self.show(patch),
            Command::Why { patch } => self.why(patch),
            Command::Windows { week } => self.windows(week),
            Command::Now => self.now(),
            Command::Next => self.next(),
            Command::NowAndNext => self.now_and_next(),
            Command::Status => self.status(),
            Command::Here => self.here(),
            Command::Away => self.away(),
            Command::Claim { window, reason } => self.claim(window, reason),
            Command::Unclaim => self.unclaim(),
            Command::Handover { to } => self.handover(&to),
            Command::Start => self.start(),
            Command::Checklist { patch } => self.checklist(patch),
            Command::Check { patch, item, note } => self.check(patch, item, note, false),
            Command::NotNeeded { patch, item, reason } => self.check(patch, item, Some(reason), true),
            Command::Uncheck { patch, item } => self.uncheck(patch, &item),
            Command::Steps { patch } => self.steps(patch),
            Command::Done { step, patch, note } => self.done(step, patch, note),
            Command::Go { step } => self.go(step),
            Command::Promote => self.promote(),
            Command::Rerun => self.rerun(),
            Command::Health { check } => self.health(check.as_deref()),
            Command::Soak { by } => self.soak(&by),
            Command::Cancel => self.cancel(),
            Command::Failed { why } => self.failed(&why),
            Command::Retry => self.retry(),
            Command::Verified { patch, note } => self.verified(patch, note),
            Command::Broken { patch, why } => self.broken(patch, &why),
            Command::Skip { patch, reason } => self.skip(patch, &reason, false),
            Command::Veto { patch, reason } => self.skip(patch, &reason, true),
            Command::Hold { reason } => self.hold(reason),
            Command::Resume { hold, note } => self.resume(hold, &note),
            Command::Rollback { words } => self.rollback(&words),
            Command::Ledger => self.ledger(),
            Command::Settle { patch, how, reason } => self.settle(patch, &how, &reason),
            Command::Override { patch, rule, reason } => self.override_rule(patch, rule, &reason),
            Command::OverrideHealth { patch, reason } => self.override_health(patch, &reason),
            Command::Steal { window, reason } => self.steal(&window, &reason),
            Command::Emergency { change, reason } => self.emergency(change, &reason),
            Command::Approve { change } => self.approve(change),
            Command::Aftermath { words } => self.aftermath(&words),
            Command::Extend { by } => self.extend(&by),
            Command::Limit { limit } => self.limit(limit),
            Command::Freeze { from, to, reason } => self.freeze(&from, &to, &reason),
            Command::Thaw { freeze } => self.thaw(freeze),
            Command::Finish => self.finish(),
            Command::Report { window } => self.report(window.as_deref()),
            Command::Whoami => self.whoami(),
            Command::Link { code: None } => self.ask_for_code(None),
            Command::Link { code: Some(account) } if account.contains('/') => {
                self.ask_for_code(Some(account))
            }
            Command::Link { code: Some(code) } => self.give_code(&code),
            Command::Unlink { account } => self.unlink(&account),
            Command::Help { verb } => self.help(verb.as_deref()),
            Command::LogText { text, like } => self.log_text(&text, like),
            Command::LogQuery { query } => self.log_query(query),
            Command::LogMore => self.ask_log(super::About::More),
            Command::LogSuspects { at } => self.ask_log(super::About::Suspects(at)),
            Command::LogAmend { row, text } => self.log_amend(row, &text),
            Command::LogRedact { row, reason } => self.log_redact(row, &reason),
        }
    }

    /// The program has started: one line for each open window says where things stand.
    fn started(&mut self, at_work: &[RowId]) {
        self.record(None, None, Event::Started);
        self.move_rooms();
        self.rights();
        for window in self.state.windows.values() {
            let mut window = window.clone();
            self.lost_sight_of_commands(&mut window, at_work);
            if !window.is_on() {
                continue;
            }
            if let Some(known) = self.settings.window(&window.id().window) {
                window.occurrence.rooms.clone_from(&known.rooms);
            }
            // Nobody is gone before it was seen who is there.
            window.presence.values_mut().for_each(|presence| presence.gone = None);
            let (who, text) = self.back_in(&window);
            self.about = None;
            self.ping_within(&window, who, &text);
        }
        self.count_down_again();
    }
}

/// What stands between a patch and its start, if anything does.
pub(super) fn in_its_way(
    settings: &Settings,
    state: &State,
    window: &Window,
    patch: &Patch,
    at: At,
) -> Option<Refusal> {
    Turn::of_bot(settings, state, at).may_start(window, patch).err()
}
