//! What holds for any chat at all: random people say random things at random times while the review system changes.

mod commands;
mod site;

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use proptest::prelude::*;
use swatbot::engine::command::verb;
use swatbot::engine::event::{Event, Record, WITHOUT_EFFECT};
use swatbot::engine::facts::{Fact, Facts, Fault, PatchSet, PatchSetKind, Status};
use swatbot::engine::id::{At, ChangeNumber, OccurrenceId, RoomId, RowId};
use swatbot::engine::patch::Stage;
use swatbot::engine::plan::Act;
use swatbot::engine::settings::{CONSOLE, Settings};
use swatbot::engine::state::State;
use swatbot::engine::{
    Attendance, Departure, Input, Line, Link, LinkChange, Outcome, Presence, order, timers, turn,
};

use super::make;
use site::CHECKS;

/// The changes there are: 101, 102, what needs 102, one with two files, and the revert of 101.
const CHANGES: [u32; 5] = [101, 102, 103, 104, 105];

const PEOPLE: [&str; 5] = ["alice", "dave", "bob", "carol", "erin"];

/// What people say; `N` and `M` become changes, `K` a number of a step.
const SAID: &[&str] = &[
    "!swat add N",
    "!swat add N test: look at it",
    "!swat add N for next",
    "!swat remove N",
    "!swat move N to noon",
    "!swat move N before M",
    "!swat order N before M",
    "!swat independent N M they are far apart",
    "!swat files N ok",
    "!swat files N atomic small",
    "!swat queue",
    "!swat why N",
    "!swat show N",
    "!swat steps",
    "!swat checklist N",
    "!swat status",
    "!swat next",
    "!swat here",
    "!swat away",
    "!swat claim",
    "!swat claim morning they are gone",
    "!swat unclaim",
    "!swat handover dave",
    "!swat handover alice",
    "!swat start",
    "!swat check N deployer",
    "!swat check N precommit I looked",
    "!swat uncheck N deployer",
    "!swat done",
    "!swat done K",
    "!swat done rK",
    "!swat done N",
    "!swat failed it hangs",
    "!swat retry",
    "!swat verified N",
    "!swat broken N it is blank",
    "!swat skip N later",
    "!swat veto N never",
    "!hold",
    "!stop the alerts",
    "!swat resume fine again",
    "!swat resume H1 fine again",
    "!rollback",
    "!swat rollback N errors",
    "!swat ledger",
    "!swat settle N keep it is off",
    "!swat settle N fixed the next one",
    "!swat override N owner-present I know it",
    "!swat override N last-start it is short",
    "!swat extend 15m",
    "!swat limit 3",
    "!swat freeze now +1h outage",
    "!swat thaw F1",
    "!swat finish",
    "!swat report",
    "!swat help",
    "!swat whoami",
    "!log looks odd",
    "!swat doen 3",
    "!swat go",
    "!swat go K",
    "!swat go rK",
    "!swat promote",
    "!swat rerun",
    "!swat health",
    "!swat health errors",
    "!swat soak 1m",
    "!swat cancel",
    "!swat override N health it is old noise",
    "!swat steal morning they are gone",
    "!swat emergency N logins fail",
    "!swat approve N",
    "!swat aftermath it was a typo",
    "hello everybody",
];

/// One thing that happens.
#[derive(Clone, Debug)]
enum Op {
    /// Somebody says one of the lines.
    Say { who: usize, line: usize, n: usize, m: usize, step: u32 },
    /// The lead, or the owner, says one of the lines about the patch in motion or a live one, and means nearly its step.
    Aim { owner: bool, line: usize, m: usize, step: u32 },
    /// The review system has news of the patch in motion.
    Newer { what: u8 },
    /// Whoever is waited for does what is waited for, so that chats get somewhere.
    GoOn,
    /// The same, as if nothing were held and nothing went back.
    Push,
    /// The lead or the owner stops something.
    Stop { owner: bool, what: u8 },
    /// So many seconds pass, with everything that falls due in them.
    Time(i64),
    /// The review system has news.
    News { n: usize, what: u8 },
    /// The program was killed and starts again.
    Start,
    /// Somebody comes or goes, or the link does.
    Attend { who: usize, what: u8 },
    /// A check answers: well, badly, or not at all.
    Health { check: usize, what: u8 },
    /// A command that is on its way ends, or says something.
    Ran { exit: i32 },
}

fn op() -> impl Strategy<Value = Op> {
    let say = (0..PEOPLE.len(), 0..SAID.len(), 0..CHANGES.len(), 0..CHANGES.len(), 0u32..11)
        .prop_map(|(who, line, n, m, step)| Op::Say { who, line, n, m, step });
    let aim = (any::<bool>(), 0..SAID.len(), 0..CHANGES.len(), 0u32..4)
        .prop_map(|(owner, line, m, step)| Op::Aim { owner, line, m, step });
    prop_oneof![
        8 => say,
        12 => aim,
        40 => Just(Op::GoOn),
        6 => Just(Op::Push),
        4 => (any::<bool>(), 0u8..5).prop_map(|(owner, what)| Op::Stop { owner, what }),
        4 => (1i64..40).prop_map(Op::Time),
        3 => (40i64..700).prop_map(Op::Time),
        1 => (700i64..9000).prop_map(Op::Time),
        2 => (0u8..4).prop_map(|what| Op::Newer { what }),
        1 => (0..CHANGES.len(), 0u8..8).prop_map(|(n, what)| Op::News { n, what }),
        1 => Just(Op::Start),
        4 => (0..PEOPLE.len(), 0u8..7).prop_map(|(who, what)| Op::Attend { who, what }),
        6 => (0..CHECKS.len(), 0u8..6).prop_map(|(check, what)| Op::Health { check, what }),
        4 => (-1i32..3).prop_map(|exit| Op::Ran { exit }),
    ]
}

/// The bot, the world, and what was seen so far.
struct World {
    settings: Settings,
    state: State,
    /// The same, made from the records alone, as they are stored.
    replayed: State,
    at: At,
    review: BTreeMap<ChangeNumber, Facts>,
    down: BTreeSet<ChangeNumber>,
    /// The steps that were done, by occurrence, change, start, patch set and number.
    done: BTreeSet<(OccurrenceId, ChangeNumber, Option<At>, u32, u32)>,
    /// The commands that were started, by the rows of their intents: each once.
    started: BTreeSet<RowId>,
    /// Those of them that have not ended, with nobody watching after the program was killed.
    watched: Vec<RowId>,
}

fn line(who: &str, text: String) -> Input {
    Input::Line(Line {
        network: CONSOLE.to_owned(),
        room: Some(RoomId("console".to_owned())),
        nick: who.to_owned(),
        account: Some(who.to_owned()),
        text,
        message_id: None,
    })
}

fn words(line: &str, n: u32, m: u32, step: u32) -> String {
    let word = |word: &str| match word {
        "N" => n.to_string(),
        "M" => m.to_string(),
        "K" => step.to_string(),
        "rK" => format!("r{step}"),
        word => word.to_owned(),
    };
    line.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

fn without_row(state: &State) -> State {
    State { row: 0, ..state.clone() }
}

impl World {
    fn new(commands: bool) -> Self {
        Self {
            settings: site::settings(commands),
            state: State::default(),
            replayed: State::default(),
            at: make::at("13:20"),
            review: site::review_system(),
            down: BTreeSet::new(),
            done: BTreeSet::new(),
            started: BTreeSet::new(),
            watched: Vec::new(),
        }
    }

    fn play(&mut self, op: &Op) -> Result<(), TestCaseError> {
        match op {
            Op::Say { who, line, n, m, step } => {
                self.say(PEOPLE[*who], words(SAID[*line], CHANGES[*n], CHANGES[*m], *step))?;
            }
            Op::Aim { owner, line, m, step } => {
                let Some((lead, change, by, current)) = self.aim() else { return self.fall_due() };
                let step = (current + step).saturating_sub(1);
                let who = if *owner { by } else { lead };
                self.say(&who, words(SAID[*line], change.0, CHANGES[*m], step))?;
            }
            Op::Newer { what } => {
                if let Some((_, change, ..)) = self.aim() {
                    self.news(change, *what)?;
                }
            }
            Op::GoOn => self.go_on(false)?,
            Op::Push => self.go_on(true)?,
            Op::Stop { owner, what } => {
                let Some((lead, change, by, _)) = self.aim() else { return self.fall_due() };
                let first = self.state.windows.values().find_map(|window| {
                    window.patches.iter().find(|patch| patch.touched_hosts()).map(|patch| patch.change)
                });
                let text = match what {
                    0 => "!hold".to_owned(),
                    1 => format!("!swat rollback {change} errors"),
                    2 => format!("!swat rollback {} errors", first.unwrap_or(change)),
                    3 => format!("!swat broken {change} it is blank"),
                    _ => "!swat failed it hangs".to_owned(),
                };
                self.say(if *owner { &by } else { &lead }, text)?;
            }
            Op::Time(seconds) => self.pass(TimeDelta::seconds(*seconds))?,
            Op::News { n, what } => self.news(ChangeNumber(CHANGES[*n]), *what)?,
            Op::Start => {
                self.watched.clear();
                let outcome = self.take(&Input::Started { at_work: Vec::new() })?;
                prop_assert!(outcome.runs.is_empty(), "a start runs something: {:?}", outcome.runs);
            }
            Op::Health { check, what } => self.measure(CHECKS[*check], *what)?,
            Op::Ran { exit } => self.end(*exit)?,
            Op::Attend { who, what } => self.attend(*who, *what)?,
        }
        self.ask()?;
        self.fall_due()
    }

    /// The lead, the patch in motion or else the last one, its owner, and the number of the step that is open.
    fn aim(&self) -> Option<(String, ChangeNumber, String, u32)> {
        let window = self.state.windows.values().find(|window| window.is_on())?;
        let patch = window.moving().or(window.patches.last())?;
        let back = window.rollback.as_ref().and_then(|rollback| rollback.current()).map(|(number, _)| number);
        let step = back.or(patch.current().map(|(number, _)| number)).unwrap_or(1);
        let lead = window.lead.as_ref().map_or("alice", |lead| lead.who.0.as_str());
        Some((lead.to_owned(), patch.change, patch.owner().0.clone(), step))
    }

    fn attend(&mut self, who: usize, what: u8) -> Result<(), TestCaseError> {
        let account = PEOPLE[who].to_owned();
        let left = |how| Attendance::Left { account: account.clone(), how };
        let change = match what {
            0 => left(Departure::Left),
            1 => left(Departure::LoggedOut),
            2 => left(Departure::Split),
            3 => Attendance::Came(account),
            4 => Attendance::Roster(PEOPLE[who..].iter().map(|&name| name.to_owned()).collect()),
            5 => Attendance::Closed("kicked".to_owned()),
            // Nobody can say anything while the link is lost.
            _ => {
                for change in [LinkChange::Lost("why".to_owned()), LinkChange::Up { read_only: None }] {
                    self.take(&Input::Link(Link { network: CONSOLE.to_owned(), change }))?;
                    self.fall_due()?;
                }
                return Ok(());
            }
        };
        let presence = Presence { room: RoomId("console".to_owned()), change };
        self.take(&Input::Presence(presence)).map(drop)
    }

    /// Says what the bot waits for.
    fn go_on(&mut self, push: bool) -> Result<(), TestCaseError> {
        let Some(window) = self.state.windows.values().find(|window| window.is_on()).cloned() else {
            let planned = self.state.windows.values().next();
            let queued = planned.map_or(0, |window| window.patches.len());
            return match planned {
                Some(window) if window.lead.is_none() => self.say("alice", "!swat claim".to_owned()),
                Some(_) if queued > 2 => self.pass(TimeDelta::minutes(20)),
                _ => self.say("bob", format!("!swat add {}", CHANGES[queued])),
            };
        };
        let Some(lead) = window.lead.as_ref().map(|lead| lead.who.0.clone()) else {
            return self.say("alice", "!swat claim".to_owned());
        };
        let back = window.rollback.as_ref().filter(|_| !push).and_then(|rollback| rollback.current());
        if let Some((number, step)) = back {
            return self.go_back(&lead, number, step);
        }
        if let Some(hold) = window.holds.first().filter(|_| !push) {
            return self.say(&lead, format!("!swat resume H{} fine again", hold.number));
        }
        if !window.is_running() {
            return self.say(&lead, "!swat start".to_owned());
        }
        let Some(patch) = window.moving() else {
            let next = order::running_order(&self.state, &window)
                .into_iter()
                .find(|change| window.patch(*change).is_some_and(|patch| patch.stage == Stage::Queued));
            let silent = next.and_then(|next| window.patch(next)).filter(|patch| {
                !window.is_here(patch.owner(), window.occurrence.starts - TimeDelta::minutes(30))
            });
            if let Some(patch) = silent {
                self.say(&patch.owner().0, "!swat here".to_owned())?;
            }
            return match next {
                Some(next) => {
                    self.measure("errors", 0)?;
                    self.say(&lead, format!("!swat check {next} deployer"))
                }
                None => self.say(&lead, "!swat finish".to_owned()),
            };
        };
        let (change, owner) = (patch.change, patch.owner().0.clone());
        if let Some((number, step)) = patch.current()
            && self.go_by_command(&lead, change, number, step)?
        {
            return Ok(());
        }
        match patch.current() {
            Some((number, step)) if step.failed.is_some() => {
                self.say(&lead, "!swat retry".to_owned())?;
                self.say(&lead, format!("!swat done {number}"))
            }
            Some((number, step)) => match step.act {
                Act::Review => self.say(&lead, format!("!swat check {change} deployer")),
                Act::Merge => self.news(change, 0),
                Act::Verify => self.say(&owner, format!("!swat verified {change}")),
                Act::Watch { .. } => self.pass(TimeDelta::minutes(2)),
                Act::Sync { .. } | Act::Health { .. } => self.say(&lead, format!("!swat done {number}")),
            },
            None => Ok(()),
        }
    }

    fn news(&mut self, change: ChangeNumber, what: u8) -> Result<(), TestCaseError> {
        let at = self.at;
        let Some(facts) = self.review.get_mut(&change) else { return Ok(()) };
        let merged = facts.change.status == Status::Merged;
        let mut upload = |kind| {
            if !merged {
                let set = &mut facts.change;
                set.patch_set += 1;
                set.patch_sets.push(PatchSet { number: set.patch_set, kind });
                set.votes = Fact::Known(vec![
                    make::vote("Code-Review", "carol", 1, set.patch_set),
                    make::vote("Verified", "jenkins-bot", 2, set.patch_set),
                ]);
            }
        };
        match what {
            0 | 1 => {
                facts.change.status = Status::Merged;
                facts.change.submitted = Some(at);
            }
            2 => upload(PatchSetKind::Rework),
            3 => upload(PatchSetKind::TrivialRebase),
            4 if !merged => facts.change.status = Status::Abandoned,
            5 if !merged => facts.change.status = Status::Open,
            6 => {
                self.down.insert(change);
            }
            _ => {
                self.down.remove(&change);
            }
        }
        self.look_up(change)
    }

    fn look_up(&mut self, change: ChangeNumber) -> Result<(), TestCaseError> {
        let answer = match self.review.get(&change) {
            _ if self.down.contains(&change) => Err(Fault::Unreachable { why: "503".to_owned() }),
            Some(facts) => Ok(Box::new(facts.clone())),
            None => Err(Fault::NotFound),
        };
        self.take(&Input::Facts { change, answer })?;
        Ok(())
    }

    /// Answers what the bot asks the review system at once.
    fn ask(&mut self) -> Result<(), TestCaseError> {
        for want in timers::wants(&self.settings, &self.state) {
            let known = self.state.known.get(&want.change);
            if known.is_none_or(|known| want.since.is_some_and(|since| known.at < since)) {
                self.look_up(want.change)?;
            }
        }
        Ok(())
    }

    fn pass(&mut self, time: TimeDelta) -> Result<(), TestCaseError> {
        let until = self.at + time;
        for _ in 0..2000 {
            let wake = timers::wake(&self.settings, &self.state, self.at).filter(|wake| *wake <= until);
            let Some(wake) = wake else { break };
            // What is looked at again whenever time has passed is due at once: a minute is fine enough here.
            self.at = if wake > self.at { wake } else { (self.at + TimeDelta::minutes(1)).min(until) };
            self.fall_due()?;
            if self.at >= until {
                break;
            }
        }
        self.at = until;
        self.fall_due()
    }

    /// Lets every timer fire that is due.
    fn fall_due(&mut self) -> Result<(), TestCaseError> {
        for _ in 0..200 {
            if self.take(&Input::Tick)?.records.is_empty() {
                return Ok(());
            }
        }
        Err(TestCaseError::fail("the timers of one moment do not come to an end"))
    }

    fn say(&mut self, who: &str, text: String) -> Result<(), TestCaseError> {
        let before = self.state.clone();
        let addressed = text.starts_with('!');
        let adds = text.starts_with("!swat add");
        let outcome = self.take(&line(who, text.clone()))?;
        let refused =
            outcome.records.iter().filter(|record| matches!(record.event, Event::Refused { .. })).count();
        let noes = outcome.replies.iter().filter(|reply| reply.text.contains(": no: ")).count();
        prop_assert_eq!(refused, noes, "{}: {:?}", text, outcome.replies);
        prop_assert!(refused <= 1, "{}: {:?}", text, outcome.replies);
        if refused == 1 && !adds {
            // Answers to the roll call that waited are said first; nothing else goes with a refusal.
            let mut expected = before;
            let others =
                outcome.records.iter().filter(|record| !matches!(record.event, Event::Refused { .. }));
            for record in others {
                prop_assert!(matches!(record.event, Event::HereSaid), "{}: {:?}", text, record.event);
                expected.apply(record);
            }
            prop_assert_eq!(without_row(&expected), without_row(&self.state), "{}", text);
        }
        let silent = |record: &Record| matches!(record.event, Event::Here | Event::Offered { .. });
        let quiet = outcome.replies.is_empty() && outcome.questions.is_empty();
        let short = ["!hold", "!stop", "!rollback"].iter().any(|word| text.starts_with(word));
        prop_assert!(
            !addressed || short || !quiet || outcome.records.iter().any(silent),
            "{} got no answer",
            text
        );
        Ok(())
    }

    fn take(&mut self, input: &Input) -> Result<Outcome, TestCaseError> {
        let before = self.state.clone();
        let outcome = turn(&self.settings, &mut self.state, self.at, input);
        let mut again = before;
        let same = turn(&self.settings, &mut again, self.at, input);
        // I1, and what a restart would believe.
        prop_assert_eq!(&outcome, &same);
        self.starts_once(&outcome)?;
        for record in &outcome.records {
            self.replay(record)?;
        }
        prop_assert_eq!(&self.replayed, &self.state);
        self.holds_always()?;
        for reply in &outcome.replies {
            says_well(&reply.text)?;
        }
        Ok(outcome)
    }

    /// Applies one record as it is stored, and checks that it may follow what came before.
    fn replay(&mut self, record: &Record) -> Result<(), TestCaseError> {
        let before = self.replayed.clone();
        let stored = serde_json::to_string(&record.event).expect("an event is written");
        let event: Event = serde_json::from_str(&stored).expect("it is read again");
        self.replayed.apply(&Record { event, ..record.clone() });
        prop_assert_eq!(self.replayed.row, before.row + 1);
        if WITHOUT_EFFECT.contains(&record.event.kind()) {
            prop_assert_eq!(without_row(&self.replayed), without_row(&before));
        }
        let window = record.window.as_ref().and_then(|id| before.windows.get(id));
        let (Some(window), Some(change)) = (window, record.change) else { return Ok(()) };
        let is_result = commands::may_follow(window, change, record)?;
        if !is_result && matches!(record.event, Event::PatchStarted { .. } | Event::StepDone { .. }) {
            prop_assert!(window.holds.is_empty(), "{change} goes on although it is held: {:?}", record.event);
            prop_assert!(window.rollback.is_none(), "{change} goes on during a rollback");
            for edge in order::predecessors(&before, window).before(change) {
                let first = window.patch(edge.before).map(|patch| patch.stage.clone());
                let out = first.as_ref().is_none_or(|stage| matches!(stage, Stage::Live { .. }));
                prop_assert!(out, "{change} goes on before {}: {first:?}", edge.before);
            }
        }
        if let Event::StepDone { step, patch_set, .. } = record.event {
            let patch = window.patch(change);
            let current = patch.and_then(|patch| patch.current()).map(|(number, _)| number);
            prop_assert_eq!(current, Some(step), "{} is done out of turn", change);
            let started = patch.and_then(|patch| patch.started);
            let new = self.done.insert((window.id().clone(), change, started, patch_set, step));
            prop_assert!(new, "step {step} of {change} ps {patch_set} is done twice");
        }
        Ok(())
    }

    /// What is so after every turn.
    fn holds_always(&self) -> Result<(), TestCaseError> {
        let mut moving = 0;
        for window in self.state.windows.values() {
            for patch in &window.patches {
                let here = patch.stage == Stage::Moving;
                prop_assert_eq!(here, window.motion == Some(patch.change), "{:?}", patch);
                moving += usize::from(here && !window.robbed);
                prop_assert!(window.places.contains(&patch.change));
                if patch.is_dirty() {
                    prop_assert!(self.state.ledger.contains_key(&patch.change), "on hosts and not owed");
                }
            }
            if let Some(change) = window.motion {
                prop_assert!(window.patch(change).is_some(), "{change} moves and is not there");
            }
            let tickets: BTreeSet<u32> = window.patches.iter().map(|patch| patch.ticket).collect();
            prop_assert_eq!(tickets.len(), window.patches.len());
        }
        prop_assert!(moving <= 1, "{moving} patches are in motion");
        Ok(())
    }
}

/// One line, in the tone of the house, and every command in it is one of mine.
fn says_well(text: &str) -> Result<(), TestCaseError> {
    prop_assert!(!text.contains('\n'));
    let lower = text.to_lowercase();
    for word in ["please", "oops", "successfully", "sorry"] {
        prop_assert!(!lower.contains(word), "{}", text);
    }
    for offered in text.split('"').filter_map(|part| part.strip_prefix("!swat ")) {
        let word = offered.split(' ').next().unwrap_or_default();
        prop_assert!(word == "VERB" || verb(word).is_some(), "{} in {}", word, text);
    }
    Ok(())
}

fn holds_for(ops: &[Op]) -> Result<(), TestCaseError> {
    for commands in [false, true] {
        let mut world = World::new(commands);
        for op in ops {
            world.play(op)?;
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_chat_keeps_order_and_record(ops in prop::collection::vec(op(), 1..140)) {
        holds_for(&ops)?;
    }
}

#[test]
fn the_natural_words_bring_patches_through() {
    for commands in [false, true] {
        let mut world = World::new(commands);
        for _ in 0..200 {
            world.play(&Op::GoOn).expect("nothing is wrong with an ordinary window");
        }
        let live = world.done.iter().filter(|(_, _, _, _, step)| *step == 8).count();
        assert!(live >= 2, "{live} patches came through, commands: {commands}");
    }
}
