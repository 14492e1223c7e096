//! A bot on a real log, real commands, and people who say what comes next, whatever they find.

use std::fs;
use std::path::PathBuf;
use std::sync::mpsc::channel;
use std::time::Duration;

use chrono::TimeDelta;
use swatbot::bot::{self, Bot, Said};
use swatbot::config;
use swatbot::engine::id::{At, ChangeNumber, RowId};
use swatbot::engine::patch::{Patch, Stage};
use swatbot::engine::plan::Act;
use swatbot::engine::settings::Settings;
use swatbot::engine::window::{Phase, Window};
use swatbot::engine::{Ended, Input, Measured, Run};
use swatbot::review::Files;
use swatbot::runner;
use swatbot::store::Store;
use swatbot::transport::console::{self, Typed};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use crate::restart::Chance;

/// Where the program may be killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Boundary {
    /// Something was heard, and is not stored.
    Heard,
    /// What follows is stored, and nothing of it is said or begun.
    Stored,
    /// A command runs.
    Running,
    /// It has ended, and that is not stored.
    Ended,
    /// That is stored, and nothing is said of it.
    ResultStored,
}

/// When it is killed.
pub(crate) enum Kill {
    Never,
    /// The next time it is there.
    Once(Boundary),
    /// At the boundary of this number.
    At(u32),
    /// At about one in thirty, by chance; the seed is told when something is wrong.
    Random(Chance, u64),
}

/// The program was killed, and is there again.
struct Killed;

/// Everything that a window needs.
pub(crate) struct Site {
    place: TempDir,
    settings: Settings,
    source: Files,
    bot: Option<Bot>,
    now: At,
    runtime: Runtime,
    pub(crate) kill: Kill,
    /// How many boundaries it has come by.
    pub(crate) boundaries: u32,
    pub(crate) kills: u32,
    /// How many rows were written because it was back.
    pub(crate) returned: i64,
    /// Everything that was said.
    pub(crate) said: Vec<String>,
    /// The last row of which anybody was told.
    acknowledged: i64,
    /// What runs on after a kill, until time passes.
    left: Vec<RowId>,
}

const PATCHES: [u32; 2] = [900101, 900102];
/// The second one is bad.
const BAD: u32 = 900102;

impl Site {
    pub(crate) fn new(kill: Kill) -> Self {
        let place = tempfile::tempdir().unwrap();
        let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/transcripts"));
        let text = fs::read_to_string(root.join("windows-run.toml")).unwrap();
        let config = config::parse(&format!("{text}\n{}", plan(&place)), &root);
        let config = config.unwrap_or_else(|faults| panic!("{faults}"));
        let source = Files::new(root.join("run-changes"), None).unwrap();
        fs::write(place.path().join("step.sh"), "echo \"$@\" >> \"$1/runs\"\n").unwrap();
        fs::write(place.path().join("runs"), "").unwrap();
        let mut site = Self {
            place,
            settings: config.settings,
            source,
            bot: None,
            now: "2026-11-23T13:58:00Z".parse().unwrap(),
            runtime: tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap(),
            kill,
            boundaries: 0,
            kills: 0,
            returned: 0,
            said: Vec::new(),
            acknowledged: 0,
            left: Vec::new(),
        };
        site.open();
        site
    }

    fn database(&self) -> PathBuf {
        self.place.path().join("swatbot.db")
    }

    fn bot(&mut self) -> &mut Bot {
        self.bot.as_mut().unwrap()
    }

    /// How many lines of the file of the commands are this one, without the folder that comes first.
    pub(crate) fn runs(&self, words: &str) -> usize {
        let runs = fs::read_to_string(self.place.path().join("runs")).unwrap();
        runs.lines().filter(|line| line.split_once(' ').is_some_and(|(_, rest)| rest == words)).count()
    }

    pub(crate) fn rows(&self) -> i64 {
        self.bot.as_ref().unwrap().store().last().0
    }

    /// Starts it, as often as it takes.
    fn open(&mut self) {
        loop {
            self.bot = None;
            let store = Store::open(&self.database()).unwrap();
            let before = store.last().0;
            assert!(before >= self.acknowledged, "{}rows are lost", self.name());
            let (bot, said) =
                Bot::open_beside(self.settings.clone(), store, self.now, self.left.clone()).unwrap();
            self.bot = Some(bot);
            self.returned = self.rows() - before;
            if self.follow(said, Boundary::Stored).is_ok() {
                return;
            }
        }
    }

    /// What stands before a complaint.
    fn name(&self) -> String {
        match &self.kill {
            Kill::Never | Kill::Once(_) => String::new(),
            Kill::At(number) => format!("boundary {number}: "),
            Kill::Random(_, seed) => format!("seed {seed}: "),
        }
    }

    /// Comes by a boundary, and perhaps no further.
    fn pass(&mut self, here: Boundary) -> Result<(), Killed> {
        self.boundaries += 1;
        let is_end = match &mut self.kill {
            Kill::Never => false,
            Kill::Once(boundary) => *boundary == here,
            Kill::At(number) => *number == self.boundaries,
            Kill::Random(chance, _) => chance.below(30) == 0,
        };
        if !is_end {
            return Ok(());
        }
        if matches!(self.kill, Kill::Once(_)) {
            self.kill = Kill::Never;
        }
        self.kills += 1;
        Err(Killed)
    }

    /// Takes inputs and does everything that follows, or is killed on the way and starts again.
    fn take(&mut self, inputs: &[Input]) {
        let taken = self.pass(Boundary::Heard).and_then(|()| {
            let now = self.now;
            let said = self.bot().take(now, inputs);
            self.follow(said, Boundary::Stored)
        });
        if taken.is_err() {
            self.open();
        }
    }

    fn follow(&mut self, mut said: Said, mut boundary: Boundary) -> Result<(), Killed> {
        loop {
            self.pass(boundary)?;
            assert_eq!(said.trouble, None);
            for reply in &said.replies {
                self.said.push(reply.text.clone());
            }
            self.acknowledged = self.rows();
            let mut answers = Vec::new();
            for change in said.lookups {
                let answer = self.runtime.block_on(self.source.look_up(change));
                answers.push(bot::facts(change, answer));
            }
            for sample in said.samples {
                let (now, answer) = (self.now, Ok(self.measured()));
                answers.extend(self.bot().measured(now, &sample, answer));
            }
            boundary = Boundary::Stored;
            for run in said.runs {
                boundary = Boundary::ResultStored;
                let row = run.row;
                answers.push(Input::Ran { row, ended: self.run(run)? });
                self.pass(Boundary::Ended)?;
            }
            if answers.is_empty() {
                return Ok(());
            }
            let now = self.now;
            said = self.bot().take(now, &answers);
        }
    }

    /// A command, to its end. It does not hear that the program is killed. Every other time the next program finds it
    /// still at work, as long as no time passes.
    fn run(&mut self, run: Run) -> Result<Ended, Killed> {
        let row = run.row;
        let (tell, told) = channel();
        let (_keep, stop) = oneshot::channel();
        let long = Duration::from_secs(60);
        runner::start(run.into(), long, stop, drop, move |ended| drop(tell.send(ended)));
        let passed = self.pass(Boundary::Running);
        let ended = told.recv_timeout(long).expect("it ends");
        if passed.is_err() && !matches!(self.kill, Kill::Never) && self.boundaries.is_multiple_of(2) {
            self.left.push(row);
        }
        passed.map(|()| ended)
    }

    /// What the check says: bad, as long as the bad patch is on the canaries.
    fn measured(&self) -> Measured {
        let on = self.runs(&format!("sync canaries {BAD}")) > self.runs(&format!("back canaries {BAD}"));
        let errors = if on { 31.0 } else { 0.4 };
        Measured { value: Some(errors), words: format!("{errors} errors/s"), ..Measured::default() }
    }

    /// Says a line.
    pub(crate) fn line(&mut self, line: &str) {
        let Typed::Said(line) = console::read(line, "alice", "swatbot") else { panic!("{line}") };
        self.take(&[Input::Line(line)]);
    }

    /// Says a line, is killed before anything follows, and comes back while the log takes nothing; then it does again.
    pub(crate) fn back_without_a_log(&mut self, line: &str) {
        let Typed::Said(line) = console::read(line, "alice", "swatbot") else { panic!("{line}") };
        let now = self.now;
        self.bot().take(now, &[Input::Line(line)]);
        self.bot = None;
        let (path, aside) = (self.database(), self.place.path().join("aside"));
        let store = Store::open(&path).unwrap();
        fs::rename(&path, &aside).unwrap();
        let (bot, said) = Bot::open(self.settings.clone(), store, now).unwrap();
        assert!(said.trouble.is_some());
        self.bot = Some(bot);
        fs::rename(&aside, &path).unwrap();
        self.take(&[]);
    }

    /// Lets time pass.
    pub(crate) fn later(&mut self, time: TimeDelta) {
        for row in std::mem::take(&mut self.left) {
            self.take(&[Input::Gone { row, still: None }]);
        }
        let until = self.now + time;
        while let Some(wake) = self.bot.as_ref().unwrap().wake(self.now).filter(|wake| *wake <= until) {
            self.now = wake.max(self.now + TimeDelta::milliseconds(1));
            self.take(&[]);
        }
        self.now = until;
        self.take(&[]);
    }

    fn window(&self) -> Option<&Window> {
        self.bot.as_ref().unwrap().state().windows.values().next()
    }

    pub(crate) fn moving(&self) -> Option<&Patch> {
        self.window()?.patches.iter().find(|patch| patch.stage == Stage::Moving)
    }

    /// What somebody in the room does next, who sees what is so: `None` when the window is over.
    fn next(&self) -> Option<String> {
        let wait = "+15s".to_owned();
        let said = |line: String| Some(line);
        let Some(window) = self.window() else {
            return if self.runs(&format!("back canaries {BAD}")) > 0 {
                None
            } else {
                said(format!("bob> !swat add {}", PATCHES[0]))
            };
        };
        if let Some(new) = PATCHES.iter().find(|number| window.patch(ChangeNumber(**number)).is_none()) {
            return said(format!("bob> !swat add {new}"));
        }
        if window.lead.is_none() {
            return said("alice> !swat claim".to_owned());
        }
        if let Some(rollback) = &window.rollback
            && let Some((number, step)) = (1..).zip(&rollback.steps).find(|(_, step)| !step.done)
        {
            let done = self.runs(&format!("back {} {}", step.stage, step.change)) > 0;
            let is_known = step.going.as_ref().is_some_and(|going| !going.is_unknown);
            return match (&step.going, done) {
                _ if is_known => said(wait),
                (Some(_), true) => said(format!("alice> !swat done r{number} it is off")),
                (Some(_), false) => said("alice> !swat rerun".to_owned()),
                (None, _) => said(format!("alice> !swat go r{number}")),
            };
        }
        if !window.holds.is_empty() {
            return said("alice> !swat resume it is off".to_owned());
        }
        if window.phase == Phase::Planned || !window.is_on() {
            return said("+1m".to_owned());
        }
        let Some(patch) = self.moving() else {
            if !matches!(window.phase, Phase::Running { .. }) {
                return said("alice> !swat start".to_owned());
            }
            let queued = window.patches.iter().find(|patch| patch.stage == Stage::Queued);
            let rides_along = self.said.last().is_some_and(|said| said.contains("would ride along"));
            return match queued {
                Some(_) if rides_along => {
                    said(format!("alice> !swat settle {} keep its revert comes", PATCHES[0]))
                }
                Some(patch) => said(format!("alice> !swat check {} deployer", patch.change)),
                None => said("alice> !swat finish".to_owned()),
            };
        };
        let change = patch.change;
        let (number, step) = patch.current()?;
        match &step.act {
            Act::Review => said(format!("alice> !swat check {change} deployer")),
            Act::Merge => said(format!("/merge {change}")),
            Act::Verify => said(format!("bob> !swat verified {change}")),
            Act::Watch { .. } => said("+2m".to_owned()),
            Act::Health { .. } if step.failed.is_some() => {
                said(format!("alice> !swat rollback {change} errors"))
            }
            Act::Health { .. } => said(wait),
            Act::Sync { stage, .. } => {
                let done = self.runs(&format!("sync {stage} {change}")) > 0;
                match &step.going {
                    Some(going) if !going.is_unknown => said(wait),
                    Some(_) if done => said(format!("alice> !swat done {number} it is there")),
                    Some(_) => said("alice> !swat rerun".to_owned()),
                    None => said(format!("alice> !swat go {number}")),
                }
            }
        }
    }

    pub(crate) fn play(&mut self) {
        self.play_until(|_| false);
    }

    /// Plays to the end of the window, or as soon as this is so.
    pub(crate) fn play_until(&mut self, is_there: impl Fn(&Self) -> bool) {
        for _ in 0..400 {
            if is_there(self) {
                return;
            }
            let Some(next) = self.next() else { return };
            if let Some(change) = next.strip_prefix("/merge ") {
                let change = ChangeNumber(change.parse().unwrap());
                self.source.tell(change, "merged", self.now).unwrap();
                self.bot().look_again(change);
                self.take(&[]);
            } else if let Some(time) = next.strip_prefix('+') {
                self.later(swatbot::engine::words::duration(time).unwrap());
            } else {
                self.line(&next);
                // People think for a while, and a bare repetition is not taken for one.
                self.later(TimeDelta::seconds(11));
            }
        }
        let last: Vec<_> = self.said.iter().rev().take(12).rev().collect();
        panic!("{}it comes to no end: next is {:?} after {last:#?}", self.name(), self.next());
    }

    /// The log is whole, the state is what it says, and no command was run twice.
    pub(crate) fn is_whole(&self) {
        let runs = fs::read_to_string(self.place.path().join("runs")).unwrap();
        let mut lines: Vec<&str> = runs.lines().collect();
        lines.sort_unstable();
        for pair in lines.windows(2) {
            assert_ne!(pair[0], pair[1], "{}run twice", self.name());
        }
        let bot = self.bot.as_ref().unwrap();
        assert_eq!(bot.store().load_state().unwrap(), *bot.state(), "{}", self.name());
        let intents = self.kinds("step-intended") + self.kinds("back-step-intended");
        assert!(lines.len() as u64 <= intents, "{}{} runs of {intents} intents", self.name(), lines.len());
    }

    fn kinds(&self, kind: &str) -> u64 {
        let query = swatbot::engine::log::Query { kind: Some(kind.to_owned()), ..Default::default() };
        self.bot.as_ref().unwrap().store().search(&query).unwrap().rows.len() as u64
    }

    /// The first patch is live, the second one is off, and every command was run once.
    pub(crate) fn is_right(&self) {
        self.is_whole();
        for stage in ["testservers", "canaries", "production"] {
            assert_eq!(self.runs(&format!("sync {stage} 900101")), 1, "{}{stage}", self.name());
        }
        for (stage, times) in [("testservers", 1), ("canaries", 1), ("production", 0)] {
            assert_eq!(self.runs(&format!("sync {stage} {BAD}")), times, "{}{stage}", self.name());
            assert_eq!(self.runs(&format!("back {stage} {BAD}")), times, "{}{stage}", self.name());
        }
        assert!(self.window().is_none(), "{}the window is over", self.name());
        assert!(
            self.bot.as_ref().unwrap().state().ledger.contains_key(&ChangeNumber(BAD)),
            "{}",
            self.name()
        );
    }
}

/// A plan of commands that leave a line each.
fn plan(place: &TempDir) -> String {
    let folder = place.path().display();
    let stage = |name: &str| {
        let run = |word: &str| {
            format!(
                "[\"/bin/sh\", \"{folder}/step.sh\", \"{folder}\", \"{word}\", \"{{stage}}\", \"{{change}}\"]"
            )
        };
        format!("{{ step = \"{name}\", run = {}, back = {} }}", run("sync"), run("back"))
    };
    let steps = format!(
        "[\"review\", \"merge\", {}, \"verify\", {}, {{ step = \"health\", checks = [\"errors\"] }}, {}, \"watch 2m\"]",
        stage("testservers"),
        stage("canaries"),
        stage("production")
    );
    // Nobody measures by this one: the site says what it would see.
    let check = "[[check]]\nid = \"errors\"\nkind = \"prometheus\"\nurl = \"https://p.example.org\"\nquery = \"up\"\n\
                 baseline = { factor = 2.0, at_least = 1 }\nsoak = \"30s\"\nneed = 2";
    format!(
        "{check}\n[[plan]]\nfor = \"config\"\nsteps = {steps}\n[[plan]]\nfor = \"code\"\nsteps = {steps}\n"
    )
}
