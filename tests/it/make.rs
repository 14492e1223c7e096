//! Builders of settings, facts, windows and states for tests. What is not said is as it should be.

use std::collections::BTreeMap;

use chrono::{NaiveTime, TimeDelta, Weekday};
use swatbot::engine::event::{Debt, Wish};
use swatbot::engine::facts::{
    Account, Brief, Change, Fact, Facts, File, FileStatus, Need, PatchSet, PatchSetKind, Status, Vote,
};
use swatbot::engine::id::{At, ChangeNumber, OccurrenceId, RoomId, Who};
use swatbot::engine::log::{Term, TermText};
use swatbot::engine::patch::{Patch, Stage};
use swatbot::engine::settings::{
    EmergencySettings, PRODUCTION, Person, Plans, Policy, Seed, Settings, Standing, StepSettings, Timers,
    Train, WindowSettings,
};
use swatbot::engine::state::{Entry, Known, State};
use swatbot::engine::window::{Declared, Occurrence, Window};

/// The repository of the configuration.
pub(crate) const CONFIG: &str = "operations/mediawiki-config";
/// A repository of code.
pub(crate) const CODE: &str = "mediawiki/extensions/WikimediaEvents";

/// The moment `HH:MM` (UTC) on Monday 2026-11-23.
pub(crate) fn at(clock: &str) -> At {
    when(&format!("2026-11-23T{clock}:00Z"))
}

/// A moment in full.
pub(crate) fn when(text: &str) -> At {
    text.parse().expect("a moment")
}

/// A change number.
pub(crate) fn number(number: u32) -> ChangeNumber {
    ChangeNumber(number)
}

/// A person.
pub(crate) fn who(name: &str) -> Who {
    Who(name.to_owned())
}

/// An account of the review system.
pub(crate) fn account(name: &str) -> Account {
    Account { name: name.to_owned(), display: None }
}

/// Settings with one window, `morning`, 14:00-15:00 UTC in winter, two live branches and the people alice to erin.
pub(crate) fn settings() -> Settings {
    let minutes = TimeDelta::minutes;
    let person = |name: &str, roles: &[Standing]| Person {
        id: who(name),
        roles: roles.to_vec(),
        accounts: vec![format!("libera/{name}")],
        review: Some(name.to_owned()),
    };
    let strings = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let plan = vec![
        StepSettings::Review,
        StepSettings::Merge { run: None },
        StepSettings::Sync { stage: "testservers".to_owned(), by_file: false, run: None, back: None },
        StepSettings::Verify,
        StepSettings::Sync { stage: "production".to_owned(), by_file: true, run: None, back: None },
    ];
    Settings {
        name: "swatbot".to_owned(),
        prefix: "!".to_owned(),
        windows: vec![WindowSettings {
            id: "morning".to_owned(),
            name: "UTC morning backport and config window".to_owned(),
            days: vec![Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu],
            start: NaiveTime::from_hms_opt(6, 0, 0).expect("a time"),
            timezone: chrono_tz::America::Los_Angeles,
            length: minutes(60),
            limit: 6,
            rooms: vec![RoomId("console".to_owned())],
            private_commands: false,
            target: PRODUCTION.to_owned(),
        }],
        networks: BTreeMap::new(),
        people: vec![
            person("alice", &[Standing::Deployer]),
            person("bob", &[]),
            person("carol", &[]),
            person("dave", &[Standing::Deployer]),
            person("erin", &[Standing::Manager]),
        ],
        guidelines: BTreeMap::new(),
        policy: Policy {
            config_repos: strings(&[CONFIG]),
            config_branch: "master".to_owned(),
            live_branches: strings(&["wmf/1.27.0-wmf.3", "wmf/1.27.0-wmf.4"]),
            next_branches: Vec::new(),
            main_branch: "master".to_owned(),
            code_repos: strings(&["mediawiki/"]),
            ci_accounts: strings(&["jenkins-bot"]),
            beta_only_files: strings(&["wmf-config/CommonSettings-labs.php", "wmf-config/beta/"]),
            unsynced_files: strings(&["tests/", "*.md", "composer.json"]),
            file_order: Vec::new(),
            review_hosts: strings(&["gerrit.example.org"]),
            no_deploy_weekdays: vec![Weekday::Fri, Weekday::Sat, Weekday::Sun],
            no_deploy_dates: Vec::new(),
            train: Some(Train {
                day: Weekday::Tue,
                start: NaiveTime::from_hms_opt(12, 0, 0).expect("a time"),
                timezone: chrono_tz::America::Los_Angeles,
            }),
            coverage_at_least: 50,
            beta_soak: minutes(10),
            patch_time: minutes(10),
            last_start: minutes(15),
        },
        plans: Plans { config: plan.clone(), code: plan },
        checks: Vec::new(),
        auto_rollback: None,
        emergency: EmergencySettings::default(),
        timers: Timers::default(),
        seed: Seed::default(),
    }
}

/// The occurrence `2026-11-23/morning`, 14:00-15:00 UTC.
pub(crate) fn window() -> Window {
    Window::new(Occurrence {
        id: OccurrenceId { date: at("14:00").date_naive(), window: "morning".to_owned() },
        name: "UTC morning backport and config window".to_owned(),
        starts: at("14:00"),
        ends: at("15:00"),
        limit: 6,
        rooms: vec![RoomId("console".to_owned())],
    })
}

/// What `owner` asked for, nothing more.
pub(crate) fn wish(owner: &str) -> Wish {
    Wish { owner: who(owner), urgent: None, test: None, note: None }
}

/// A configuration change of bob in one file, reviewed by carol, tested, for a task.
pub(crate) fn config(change: u32) -> Facts {
    facts(change, CONFIG, "master", &["wmf-config/InitialiseSettings.php"])
}

/// A backport of bob to `wmf.4`, merged on master long ago, with a test.
pub(crate) fn code(change: u32) -> Facts {
    let files = ["includes/Hooks.php", "tests/phpunit/HooksTest.php"];
    let mut facts = facts(change, CODE, "wmf/1.27.0-wmf.4", &files);
    let mut original = brief(change + 50_000, CODE, "master");
    original.change_id.clone_from(&facts.change.change_id);
    facts.siblings = Fact::Known(vec![merged(original, "11:00")]);
    facts
}

/// A change of bob that is as it should be.
pub(crate) fn facts(change: u32, project: &str, branch: &str, files: &[&str]) -> Facts {
    let file = |path: &&str| File {
        path: (*path).to_owned(),
        status: FileStatus::Modified,
        inserted: 3,
        deleted: 1,
    };
    let change_id = change_id(change);
    Facts {
        change: Change {
            number: number(change),
            project: project.to_owned(),
            branch: branch.to_owned(),
            subject: format!("Change {change}"),
            status: Status::Open,
            wip: false,
            owner: account("bob"),
            uploader: None,
            topic: None,
            patch_set: 3,
            revision: revision(change),
            parents: vec![revision(1)],
            author: None,
            authored: None,
            message: format!("Change {change}\n\nBug: T1234\nChange-Id: {change_id}\n"),
            change_id,
            patch_sets: [1, 2, 3].map(|number| PatchSet { number, kind: PatchSetKind::Rework }).to_vec(),
            votes: Fact::Known(vec![
                vote("Code-Review", "carol", 1, 3),
                vote("Verified", "jenkins-bot", 2, 3),
            ]),
            files: Fact::Known(files.iter().map(file).collect()),
            mergeable: Some(true),
            submitted: None,
            updated: None,
        },
        chain: Fact::Known(Vec::new()),
        siblings: Fact::Known(Vec::new()),
        needs: Fact::Known(Vec::new()),
        included_in: Fact::Known(Vec::new()),
        coverage: None,
        diff: None,
    }
}

/// The Change-Id that the builders give to a change of this number.
pub(crate) fn change_id(change: u32) -> String {
    format!("I{change:040x}")
}

/// The commit that the builders give to a change of this number.
pub(crate) fn revision(change: u32) -> String {
    format!("{change:08x}{change:032x}")
}

/// A vote.
pub(crate) fn vote(label: &str, who: &str, value: i8, patch_set: u32) -> Vote {
    let at = at("10:00") + TimeDelta::minutes(i64::from(patch_set));
    Vote { label: label.to_owned(), who: account(who), value, patch_set, at: Some(at) }
}

/// An open change, in short.
pub(crate) fn brief(change: u32, project: &str, branch: &str) -> Brief {
    Brief {
        number: number(change),
        project: project.to_owned(),
        branch: branch.to_owned(),
        change_id: change_id(change),
        subject: format!("Change {change}"),
        status: Status::Open,
        wip: false,
        patch_set: 1,
        submitted: None,
        included_in: Fact::Known(Vec::new()),
    }
}

/// The same, merged.
pub(crate) fn merged(mut brief: Brief, clock: &str) -> Brief {
    brief.status = Status::Merged;
    brief.submitted = Some(at(clock));
    brief.included_in = Fact::Known(vec![brief.branch.clone()]);
    brief
}

/// A change of which these facts are known, in short.
pub(crate) fn short(facts: &Facts) -> Brief {
    let change = &facts.change;
    let mut brief = brief(change.number.0, &change.project, &change.branch);
    brief.change_id.clone_from(&change.change_id);
    brief.status = change.status;
    brief
}

/// A resolved `Depends-On` that names a Change-Id.
pub(crate) fn need(of: u32, found: &[Brief]) -> Need {
    let named = found.first().map_or_else(|| "I0".to_owned(), |found| found.change_id.clone());
    Need { of: number(of), named, found: found.to_vec() }
}

/// Makes the facts known.
pub(crate) fn know(state: &mut State, facts: &Facts) {
    let known = Known { facts: Some(facts.clone()), at: at("12:00"), fault: None, rarity: Vec::new() };
    state.known.insert(facts.change.number, known);
    state.compare(facts.change.number);
}

/// Puts a change in the queue, at the end, and makes its facts known.
pub(crate) fn queue(state: &mut State, window: &mut Window, facts: &Facts) {
    know(state, facts);
    let change = facts.change.number;
    let mut patch = Patch::new(change, window.next_ticket, wish("bob"), facts.change.patch_set, at("12:00"));
    if facts.change.branch != "master" {
        patch.wish.urgent = Some("T1234 broken".to_owned());
    }
    window.next_ticket += 1;
    window.patches.push(patch);
    window.places.push(change);
}

/// The patch of a change, to be changed.
pub(crate) fn patch(window: &mut Window, change: u32) -> &mut Patch {
    window.patches.iter_mut().find(|patch| patch.change == number(change)).expect("it is in the queue")
}

/// Sets how far a patch is.
pub(crate) fn stage(window: &mut Window, change: u32, stage: Stage) {
    if stage == Stage::Moving {
        window.motion = Some(number(change));
    }
    patch(window, change).stage = stage;
}

/// The stage of a patch that was skipped.
pub(crate) fn skipped() -> Stage {
    Stage::Skipped { reason: "not here".to_owned(), veto: false, by: who("alice") }
}

/// Declares an order.
pub(crate) fn declare(window: &mut Window, before: u32, after: u32) {
    window.declared.push(Declared {
        before: number(before),
        after: number(after),
        by: who("erin"),
        at: at("12:30"),
    });
}

/// Enters a change in the ledger, with the commit that the builders give it.
pub(crate) fn owe(state: &mut State, change: u32, debt: Debt) {
    let entry = Entry {
        debt,
        project: CODE.to_owned(),
        branch: "wmf/1.27.0-wmf.4".to_owned(),
        revision: revision(change),
        at: at("11:00"),
        window: None,
    };
    state.ledger.insert(number(change), entry);
}

/// Makes a change the revert of another.
pub(crate) fn revert(facts: &mut Facts, other: u32) {
    let commit = revision(other);
    facts.change.message = format!("Revert it\n\nThis reverts commit {commit}.\n\nBug: T1234\n");
}

/// What `find` looks for: each of these words.
pub(crate) fn words(text: &str) -> Vec<Term> {
    let word = |word: &str| Term { text: TermText::Word(word.to_owned()), not: false };
    text.split_whitespace().map(word).collect()
}
