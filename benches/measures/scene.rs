//! The stage for the measures: settings, a state with a long queue, and a log with many rows, made by the engine itself.

use std::path::Path;

use chrono::{NaiveTime, TimeDelta, Weekday};
use swatbot::config;
use swatbot::engine::event::{Author, Event, Record, Went};
use swatbot::engine::facts::{
    Account, Change, Fact, Facts, File, FileStatus, PatchSet, PatchSetKind, Status, Vote,
};
use swatbot::engine::id::{At, ChangeNumber, RoomId, Who};
use swatbot::engine::order::{Diff, FileDiff};
use swatbot::engine::settings::{CONSOLE, PRODUCTION, Settings, WindowSettings};
use swatbot::engine::state::State;
use swatbot::engine::{Input, Line, Outcome, turn};
use swatbot::store::Store;

/// The first number of the changes in a long queue.
pub(crate) const FIRST: u32 = 10_001;

/// The settings of the repository.
pub(crate) fn settings() -> Settings {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("windows.toml");
    config::load(&path).unwrap_or_else(|faults| panic!("{faults}")).settings
}

/// The same with one window a day that has room and time for a long queue.
pub(crate) fn roomy_settings() -> Settings {
    let mut settings = settings();
    settings.windows = vec![WindowSettings {
        id: "long".to_owned(),
        name: "A window with many places".to_owned(),
        days: vec![Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu],
        start: NaiveTime::from_hms_opt(14, 0, 0).expect("a time"),
        timezone: chrono_tz::UTC,
        length: TimeDelta::hours(8),
        limit: 500,
        rooms: vec![RoomId(CONSOLE.to_owned())],
        private_commands: false,
        target: PRODUCTION.to_owned(),
    }];
    settings.policy.patch_time = TimeDelta::minutes(1);
    settings.policy.config_repos.extend((0..7).map(repository));
    settings
}

/// A moment on Monday 2026-11-23, in UTC.
pub(crate) fn monday(clock: &str) -> At {
    format!("2026-11-23T{clock}:00Z").parse().expect("a moment")
}

/// A line that `who` says in the room.
pub(crate) fn said(who: &str, text: &str) -> Input {
    Input::Line(Line {
        network: CONSOLE.to_owned(),
        room: Some(RoomId(CONSOLE.to_owned())),
        nick: who.to_owned(),
        account: Some(who.to_owned()),
        text: text.to_owned(),
        message_id: None,
    })
}

/// A configuration change of bob, reviewed, with a message and votes as long as real ones are. The tests of each third
/// one failed, so that somebody has to look at it.
pub(crate) fn facts(number: u32) -> Facts {
    let account = |name: &str| Account { name: name.to_owned(), display: None };
    let vote = |label: &str, who: &str, value| Vote {
        label: label.to_owned(),
        who: account(who),
        value,
        patch_set: 3,
        at: Some(monday("10:00")),
    };
    let mut votes = vec![vote("Code-Review", "carol", 1)];
    if !number.is_multiple_of(3) {
        votes.push(vote("Verified", "jenkins-bot", 2));
    }
    let change_id = format!("I{number:040x}");
    Facts {
        change: Change {
            number: ChangeNumber(number),
            project: repository(number),
            branch: "master".to_owned(),
            subject: format!("Enable feature {number} on the test wikis"),
            status: Status::Open,
            wip: false,
            owner: account("bob"),
            uploader: None,
            topic: None,
            patch_set: 3,
            revision: format!("{number:040x}"),
            parents: vec![format!("{:040x}", 1)],
            author: None,
            authored: None,
            message: format!(
                "Enable feature {number} on the test wikis\n\nThe feature has been on the Beta Cluster for two \
                 weeks, and the community of the test wikis has asked for it.\n\nBug: T{number}\nChange-Id: {change_id}\n"
            ),
            change_id,
            patch_sets: [1, 2, 3].map(|number| PatchSet { number, kind: PatchSetKind::Rework }).to_vec(),
            votes: Fact::Known(votes),
            files: Fact::Known(vec![File {
                path: "wmf-config/InitialiseSettings.php".to_owned(),
                status: FileStatus::Modified,
                inserted: 3,
                deleted: 1,
            }]),
            mergeable: Some(true),
            submitted: None,
            updated: None,
        },
        chain: Fact::Known(Vec::new()),
        siblings: Fact::Known(Vec::new()),
        needs: Fact::Known(Vec::new()),
        included_in: Fact::Known(Vec::new()),
        coverage: None,
        diff: Some(Fact::Known(diff(number))),
    }
}

/// One of seven repositories: patches of one are hardly compared.
fn repository(number: u32) -> String {
    format!("operations/config-{}", number % 7)
}

/// What is kept of a diff of thirty lines: common words, and names of its own.
fn diff(number: u32) -> Diff {
    let line =
        |row: u32| format!("'wgFeature{number}Option{row}' => [ 'default' => getMainConfig( {row} ) ],");
    let lines: Vec<String> = (0..30).map(line).collect();
    let path = "wmf-config/InitialiseSettings.php";
    let added = lines.iter().map(String::as_str).collect();
    Diff::of(&[FileDiff { path, added, ..FileDiff::default() }])
}

/// The answer of the review system about a change.
pub(crate) fn answer(number: u32) -> Input {
    Input::Facts { change: ChangeNumber(number), answer: Ok(Box::new(facts(number))) }
}

/// The same, merged.
pub(crate) fn merged(number: u32, at: At) -> Input {
    let mut facts = facts(number);
    facts.change.status = Status::Merged;
    facts.change.submitted = Some(at);
    Input::Facts { change: ChangeNumber(number), answer: Ok(Box::new(facts)) }
}

/// A state that is driven as the bot drives it, without a log: what happened is kept.
pub(crate) struct Drive<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) state: State,
    pub(crate) at: At,
    pub(crate) records: Vec<Record>,
}

impl<'a> Drive<'a> {
    pub(crate) fn new(settings: &'a Settings, at: At) -> Self {
        Self { settings, state: State::default(), at, records: Vec::new() }
    }

    /// Takes one input, and what is due.
    pub(crate) fn take(&mut self, input: &Input) -> Outcome {
        let outcome = turn(self.settings, &mut self.state, self.at, input);
        self.records.extend(outcome.records.iter().cloned());
        loop {
            let more = turn(self.settings, &mut self.state, self.at, &Input::Tick);
            if more.records.is_empty() {
                return outcome;
            }
            self.records.extend(more.records);
        }
    }

    /// Says something, which must not be refused.
    pub(crate) fn say(&mut self, who: &str, text: &str) {
        let outcome = self.take(&said(who, text));
        let refused = outcome.records.iter().find(|record| record.outcome == Went::Refused);
        assert!(refused.is_none(), "{who}: {text}: {refused:?}");
    }

    pub(crate) fn later(&mut self, time: TimeDelta) {
        self.at += time;
        self.take(&Input::Tick);
    }
}

/// A running window with `count` patches in its queue, of five owners, some in a declared order, one in motion.
pub(crate) fn long_queue(settings: &Settings, count: u32) -> Drive<'_> {
    let mut drive = Drive::new(settings, monday("12:00"));
    let owners = ["alice", "bob", "carol", "dan", "grace"];
    for number in FIRST..FIRST + count {
        let owner = owners[(number % 5) as usize];
        drive.say(owner, &format!("!swat add {number} test: open the page"));
        drive.take(&answer(number));
    }
    for pair in 0..count / 20 {
        let (before, after) = (FIRST + pair * 10 + 9, FIRST + pair * 10 + 4);
        drive.say("alice", &format!("!swat order {before} before {after}"));
    }
    drive.say("alice", "!swat claim");
    drive.later(TimeDelta::minutes(121));
    for owner in owners {
        drive.say(owner, "!swat here");
    }
    drive.say("alice", "!swat start");
    drive.say("alice", &format!("!swat check {FIRST} deployer"));
    let queue = drive.state.windows.values().next().map_or(0, |window| window.patches.len());
    assert_eq!(queue, count as usize, "all are queued");
    drive.records.clear();
    drive
}

/// Rows of people who write to the log, as most rows are.
fn logged(at: At, number: usize) -> Record {
    Record {
        at,
        by: Author {
            network: Some("libera".to_owned()),
            room: Some(RoomId("libera/#operations".to_owned())),
            who: Who(format!("user{}", number % 40)),
            account: Some(format!("user{}", number % 40)),
        },
        window: None,
        change: None,
        outcome: Went::Ok,
        text: format!(
            "Synchronized wmf-config/InitialiseSettings.php: [[gerrit:{}]] Enable feature {number} on the test wikis (T{}) (duration: 01m 05s)",
            400_000 + number,
            180_000 + number
        ),
        event: Event::Logged,
    }
}

/// Writes a log of at least `rows` rows: days of people's rows with windows of six patches in them, each to its end, and
/// a window that is on with six patches at the end. Gives the time at which it ends.
pub(crate) fn write_log(path: &Path, settings: &Settings, rows: usize) -> At {
    const A_DAY: usize = 800;
    let mut store = Store::open(path).expect("the log opens");
    let mut drive = Drive::new(settings, "2026-01-05T09:00:00Z".parse().expect("a moment"));
    let mut written = 0;
    let mut change = 100;
    while written + A_DAY < rows {
        let wanted = swatbot::engine::schedule::next_after(settings, drive.at, |found| {
            swatbot::engine::schedule::no_deploy_day(&settings.policy, found).is_none()
        });
        let starts = wanted.expect("there is a window").starts;
        drive.later(starts - drive.at - TimeDelta::minutes(20));
        play_window(&mut drive, change, written + 2 * A_DAY < rows);
        change += 6;
        let mut batch = std::mem::take(&mut drive.records);
        let ordinary = A_DAY.saturating_sub(batch.len());
        // A carried state counts its rows, so people's rows come after it, not in between.
        batch.extend((0..ordinary).map(|number| logged(drive.at, written + number)));
        drive.state.row += ordinary as i64;
        written += batch.len();
        store.append(&batch, &[]).expect("the log is written");
    }
    let rest: Vec<Record> = (written..rows).map(|number| logged(drive.at, number)).collect();
    store.append(&rest, &[]).expect("the log is written");
    drive.at
}

/// A window with six patches, of which each takes its steps; where it is not to the end, the last ones still wait.
fn play_window(drive: &mut Drive<'_>, change: u32, to_the_end: bool) {
    for number in change..change + 6 {
        drive.say("bob", &format!("!swat add {number}"));
        drive.take(&answer(number));
    }
    drive.say("alice", "!swat claim");
    drive.later(TimeDelta::minutes(20));
    drive.say("bob", "!swat here");
    drive.say("alice", "!swat start");
    let count = if to_the_end { 5 } else { 2 };
    for number in change..change + count {
        if number.is_multiple_of(3) {
            drive.say("alice", &format!("!swat check {number} precommit the test is flaky"));
        }
        drive.say("alice", &format!("!swat check {number} deployer"));
        drive.later(TimeDelta::seconds(30));
        drive.take(&merged(number, drive.at));
        drive.later(TimeDelta::seconds(30));
        drive.say("alice", "!swat done 3");
        drive.later(TimeDelta::seconds(30));
        drive.say("bob", &format!("!swat verified {number} works"));
        for step in 5..8 {
            drive.later(TimeDelta::seconds(30));
            drive.say("alice", &format!("!swat done {step}"));
        }
        drive.later(TimeDelta::minutes(2));
    }
    if to_the_end {
        drive.say("alice", "!swat finish");
        drive.later(TimeDelta::hours(1));
    }
}
