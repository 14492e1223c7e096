//! Every rule: kept, not kept, and not known; then the scenarios of dependency chains and of window discipline.

mod content;
mod dependencies;
mod kinds;
mod people;
mod points;
mod queue;
mod review;

use std::path::Path;

use chrono::TimeDelta;
use swatbot::engine::checklist::Item;
use swatbot::engine::event::{Debt, Wish};
use swatbot::engine::facts::{Covered, Fact, Facts, File, FileStatus, PatchSetKind, Status, Vote};
use swatbot::engine::guidelines::{
    Asked, Case, Finding, Judgement, Level, Point, PointState, RULES, RuleId, Verdict, document, judge,
    places, points, short_branch,
};
use swatbot::engine::id::{At, Who};
use swatbot::engine::kind::{PatchKind, kind, reverts, synced_files};
use swatbot::engine::patch::{Check, FileOrder, Override, Stage};
use swatbot::engine::plan::{Act, Step};
use swatbot::engine::settings::{Policy, Settings};
use swatbot::engine::state::{Freeze, Offer, State};
use swatbot::engine::window::{Phase, Presence, Window};

use crate::make::{
    self, CODE, CONFIG, account, at, brief, code, config, know, merged, need, number, owe, queue, revert,
    short, skipped, vote, when, who, wish,
};

/// One change in front of the rules; a test changes what it is about.
struct World {
    settings: Settings,
    state: State,
    window: Window,
    at: At,
    facts: Result<Facts, String>,
    wish: Wish,
    starting: bool,
    lead: Option<Who>,
}

impl World {
    fn of(facts: Facts) -> Self {
        let mut wish = wish("bob");
        if facts.change.project == CODE {
            wish.urgent = Some("T1234 login broken".to_owned());
        }
        Self {
            settings: make::settings(),
            state: State::default(),
            window: make::window(),
            at: at("12:00"),
            facts: Ok(facts),
            wish,
            starting: false,
            lead: None,
        }
    }

    fn facts(&mut self) -> &mut Facts {
        self.facts.as_mut().expect("this test has facts")
    }

    fn policy(&mut self) -> &mut Policy {
        &mut self.settings.policy
    }

    fn votes(&mut self, votes: &[Vote]) {
        self.facts().change.votes = Fact::Known(votes.to_vec());
    }

    fn files(&mut self, paths: &[&str]) {
        let file = |path: &&str| File {
            path: (*path).to_owned(),
            status: FileStatus::Added,
            inserted: 1,
            deleted: 0,
        };
        self.facts().change.files = Fact::Known(paths.iter().map(file).collect());
    }

    fn no_files(&mut self) {
        self.facts().change.files = Fact::Unknown("timed out".to_owned());
    }

    /// Puts the change itself in the queue.
    fn queued(&mut self) {
        let facts = self.facts().clone();
        queue(&mut self.state, &mut self.window, &facts);
    }

    /// Puts other configuration changes in the queue.
    fn full(&mut self, numbers: std::ops::Range<u32>) {
        for other in numbers {
            queue(&mut self.state, &mut self.window, &config(other));
        }
    }

    fn turn(&mut self, clock: &str) {
        self.starting = true;
        self.at = at(clock);
    }

    fn case(&self) -> Case<'_> {
        let change = self.facts.as_ref().map_or(number(900_101), |facts| facts.change.number);
        Case {
            settings: &self.settings,
            state: &self.state,
            window: &self.window,
            at: self.at,
            change,
            facts: self.facts.as_ref().map_err(String::as_str),
            wish: &self.wish,
            patch: self.window.patch(change),
            starting: self.starting,
            lead: self.lead.as_ref(),
        }
    }

    fn judgement(&self, rule: RuleId) -> Option<Judgement<'_>> {
        judge(&self.case()).into_iter().find(|judgement| judgement.rule == rule)
    }

    fn finds(&self, rule: RuleId) -> String {
        self.judgement(rule).map_or_else(|| "not judged".to_owned(), |judgement| words(&judgement.finding))
    }

    fn verdict(&self, rule: RuleId) -> Verdict {
        self.judgement(rule).expect("it is judged").verdict()
    }
}

/// A finding in one line.
fn words(finding: &Finding) -> String {
    match finding {
        Finding::Pass(seen) => format!("pass: {seen}"),
        Finding::NotNeeded => "not needed".to_owned(),
        Finding::Note { why, fix } => format!("note: {why} | {fix}"),
        Finding::Fail { why, fix } => format!("fail: {why} | {fix}"),
        Finding::Unknown(why) => format!("unknown: {why}"),
        Finding::Later { until, why } => format!("later: {} {why}", until.format("%H:%M")),
    }
}

type Row = (fn(&mut World), &'static str);

/// Judges by one rule what each row makes of the change.
fn check(rule: RuleId, facts: fn() -> Facts, rows: &[Row]) {
    for (row, (change, expected)) in (1..).zip(rows) {
        let mut world = World::of(facts());
        change(&mut world);
        assert_eq!(world.finds(rule), *expected, "{rule}, row {row}");
    }
}

fn cfg() -> Facts {
    config(900_101)
}

fn backport() -> Facts {
    code(900_102)
}

/// Gives the change an original on the main branch, and a pick elsewhere.
fn siblings(w: &mut World, status: Status, clock: Option<&str>) {
    let mut original = merged(brief(900_099, CODE, "master"), "11:00");
    original.status = status;
    original.submitted = clock.map(at);
    w.facts().siblings = Fact::Known(vec![brief(900_098, CODE, "wmf/1.27.0-wmf.3"), original]);
}

#[test]
fn the_table_is_in_the_order_of_the_ids() {
    let ids: Vec<RuleId> = RULES.iter().map(|rule| rule.id).collect();
    assert_eq!(ids, RuleId::ALL);
    for rule in RULES {
        assert!(!rule.why.is_empty() && rule.why.ends_with('.'), "{}", rule.id);
        assert!(!rule.source.is_empty() && rule.default != Level::Off, "{}", rule.id);
        assert_eq!(rule.id.row().id, rule.id);
    }
}

#[test]
fn the_page_is_what_the_table_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/guidelines.md");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, document()).expect("docs can be written");
    }
    let page = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(page == document(), "docs/guidelines.md is not what the table says; UPDATE=1 rewrites it");
}

fn answer(w: &mut World, clock: &str, here: bool) {
    let presence = Presence { answer: Some((at(clock), here)), ..Presence::default() };
    w.window.presence.insert(who("bob"), presence);
    w.turn("14:10");
}

#[test]
fn levels_decide_what_follows() {
    let mut world = World::of(backport());
    world.wish.urgent = None;
    world.queued();
    assert_eq!(world.verdict(RuleId::Kind), Verdict::Block);
    for (level, verdict) in [(Level::Ask, Verdict::Ask), (Level::Warn, Verdict::Warn)] {
        world.settings.guidelines.insert(RuleId::Kind, level);
        assert_eq!(world.verdict(RuleId::Kind), verdict);
    }
    world.settings.guidelines.insert(RuleId::Kind, Level::Off);
    assert!(world.judgement(RuleId::Kind).is_none());
    world.settings.guidelines.clear();
    let set_aside = Override { by: who("erin"), reason: "it is agreed".to_owned() };
    make::patch(&mut world.window, 900_102).overrides.insert(RuleId::Kind, set_aside);
    assert_eq!(world.verdict(RuleId::Kind), Verdict::Pass);

    // Unknown asks, and never passes.
    let mut world = World::of(cfg());
    world.facts = Err("no answer within 10 s".to_owned());
    for judgement in judge(&world.case()) {
        let expected = match (&judgement.finding, judgement.level) {
            (Finding::Unknown(_), Level::Warn) => Verdict::Warn,
            (Finding::Unknown(_), _) => Verdict::Ask,
            _ => Verdict::Pass,
        };
        assert_eq!(judgement.verdict(), expected, "{}", judgement.rule);
    }
}

/// An ordinary patch gives no work to anybody but the lead.
#[test]
fn clean_patches_pass_every_rule() {
    for facts in [cfg(), backport()] {
        let mut world = World::of(facts);
        for starting in [false, true] {
            if starting {
                world.queued();
                answer(&mut world, "14:02", true);
                world.lead = Some(who("alice"));
            }
            for judgement in judge(&world.case()) {
                assert_eq!(judgement.verdict(), Verdict::Pass, "{judgement:?}");
            }
        }
    }
}
