//! One real window from `add` to `finish`: what its people said, at the times at which they acted.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use swatbot::engine::checklist::Item;
use swatbot::engine::facts::Facts;
use swatbot::engine::guidelines::{self, Asked, Case, Finding, PointState, RuleId, Verdict};
use swatbot::engine::id::{At, ChangeNumber, OccurrenceId};
use swatbot::engine::patch::{Patch, Stage};
use swatbot::engine::plan::Act;
use swatbot::engine::settings::Settings;
use swatbot::engine::state::State;
use swatbot::engine::window::Window;

use super::plan::{MANAGER, READER, ZONE, account, settings, starts};
use super::real::{RealPatch, RealWindow};
use crate::room::{self, Room};

/// Why a patch was skipped that its deployer approved and did not merge.
pub(super) const NOT_MERGED: &str = "it was not merged that day";

/// What a rule said of a patch.
pub(super) struct Seen {
    pub(super) window: usize,
    pub(super) change: ChangeNumber,
    pub(super) rule: RuleId,
    /// At its turn; else when it was added.
    pub(super) turn: bool,
    pub(super) verdict: Verdict,
    pub(super) words: String,
    pub(super) reverted: bool,
}

/// How a window went.
pub(super) struct Went {
    pub(super) index: usize,
    pub(super) seen: Vec<Seen>,
    /// Refusals that are no rule's, and what they were about.
    pub(super) refused: Vec<(ChangeNumber, String)>,
    pub(super) live: Vec<ChangeNumber>,
    pub(super) skipped: Vec<(ChangeNumber, String)>,
    /// The patches in the order in which they were set in motion.
    pub(super) started: Vec<ChangeNumber>,
    pub(super) extended: usize,
    /// What the bot said in all.
    pub(super) lines: Vec<String>,
}

struct Run<'a> {
    room: Room,
    real: &'a RealWindow,
    id: OccurrenceId,
    lead: String,
    /// How much of each change's story is out.
    told: Vec<usize>,
    offered: BTreeSet<ChangeNumber>,
    merged: BTreeSet<ChangeNumber>,
    went: Went,
}

/// Plays a window to its end.
pub(super) fn play(index: usize, real: &RealWindow) -> Went {
    let starts = starts(real);
    let settings = settings(real, starts);
    let lead = account(&real.deployers[0]);
    let id = OccurrenceId { date: starts.with_timezone(&ZONE).date_naive(), window: "swat".to_owned() };
    let went = Went {
        index,
        seen: Vec::new(),
        refused: Vec::new(),
        live: Vec::new(),
        skipped: Vec::new(),
        started: Vec::new(),
        extended: 0,
        lines: Vec::new(),
    };
    let mut run = Run {
        room: Room::open(settings, starts - TimeDelta::minutes(60)),
        real,
        id,
        lead,
        told: vec![0; real.patches.len()],
        offered: BTreeSet::new(),
        merged: BTreeSet::new(),
        went,
    };
    run.passes_to(starts - TimeDelta::minutes(59));
    run.lead(&format!("claim {}", run.id));
    run.passes_to(starts + TimeDelta::seconds(30));
    let owners: BTreeSet<String> = run.window().patches.iter().map(|patch| patch.owner().0.clone()).collect();
    for owner in owners {
        // Whoever leads is here, and says so by leading.
        if owner != run.lead {
            run.says(&owner, "here");
        }
    }
    run.passes_to(starts + TimeDelta::minutes(1));
    run.lead("start");
    for patch in &real.patches {
        run.turn(patch);
    }
    let live = run.window().patches.iter().filter(|patch| matches!(patch.stage, Stage::Live { .. }));
    run.went.live = live.map(|patch| patch.change).collect();
    run.lead("finish");
    run.ends()
}

impl Run<'_> {
    fn says(&mut self, who: &str, text: &str) -> Vec<String> {
        let lines = self.room.says(who, &format!("!swat {text}"));
        self.went.lines.push(format!("{who}> !swat {text}"));
        self.went.lines.extend(lines.iter().cloned());
        lines
    }

    fn lead(&mut self, text: &str) -> Vec<String> {
        let lead = self.lead.clone();
        self.says(&lead, text)
    }

    fn extend(&mut self) {
        self.went.extended += 1;
        self.lead("extend 15m");
    }

    fn window(&self) -> &Window {
        &self.room.state().windows[&self.id]
    }

    fn patch(&self, change: ChangeNumber) -> Option<&Patch> {
        self.room.state().windows.get(&self.id)?.patch(change)
    }

    fn passes(&mut self, seconds: i64) {
        self.passes_to(self.room.now() + TimeDelta::seconds(seconds));
    }

    /// Time passes: what happened in the review system happens, and who has uploaded a patch offers it.
    fn passes_to(&mut self, until: At) {
        loop {
            let now = self.room.now();
            let open = self.real.patches.iter().filter(|patch| !self.merged.contains(&patch.number));
            let news = open.flat_map(RealPatch::moments).filter(|at| *at > now && *at < until).min();
            let wake = self.room.wakes().filter(|wake| *wake > now && *wake < until);
            let next = news.into_iter().chain(wake).min().unwrap_or(until);
            self.serve(next.max(now));
            let lines = self.room.moves_to(next);
            if lines.iter().any(|line| line.contains("is up. ")) {
                // There was more to come, or the lead would have finished.
                self.extend();
            }
            self.went.lines.extend(lines);
            self.offer();
            if next >= until {
                return;
            }
        }
    }

    /// The review system at this moment.
    fn serve(&mut self, at: At) {
        for (patch, told) in self.real.patches.iter().zip(&mut self.told) {
            let now = patch.moments().filter(|moment| *moment <= at).count();
            if now > *told && !self.merged.contains(&patch.number) {
                self.room.gerrit.put(patch.as_it_stood(at));
                *told = now;
            }
        }
    }

    /// Owners offer what they have uploaded, once CI had its time, or sooner where it was deployed sooner.
    fn offer(&mut self) {
        let now = self.room.now();
        for patch in &self.real.patches {
            let ready = patch.created + TimeDelta::minutes(3);
            let soon = patch.approved - TimeDelta::seconds(30) <= now && patch.created <= now;
            if (ready <= now || soon) && !self.offered.contains(&patch.number) && !self.told_nothing(patch) {
                self.offered.insert(patch.number);
                self.add(patch, false);
            }
        }
    }

    fn told_nothing(&self, patch: &RealPatch) -> bool {
        let index = self.real.patches.iter().position(|other| other.number == patch.number);
        index.is_none_or(|index| self.told[index] == 0)
    }

    fn add(&mut self, patch: &RealPatch, at_its_turn: bool) {
        let owner = account(&patch.owner);
        let number = patch.number;
        let add = format!("add {number} for {}", self.id);
        let mut lines = self.says(&owner, &add);
        // A rule that refuses is answered as a team would that wants the patch out; then it is offered again.
        for _ in 0..3 {
            let Some(code) = room::code(&lines).map(str::to_owned) else { break };
            self.refused(patch, &code, false, &lines);
            match RuleId::from_word(&code) {
                Some(RuleId::WindowLimit) => {
                    let places = self.window().taking_part().count() + 1;
                    self.says(MANAGER, &format!("limit {places}"));
                }
                Some(RuleId::LastStart) => self.extend(),
                Some(rule) if at_its_turn => {
                    self.lead(&format!("override {number} {rule} it was deployed so"));
                }
                _ => break,
            }
            lines = self.says(&owner, &add);
        }
        if self.patch(number).is_none() {
            return;
        }
        self.judge(patch, false);
        if lines.iter().any(|line| line.contains("[single-sync]")) {
            self.says(&owner, &format!("files {number} ok"));
        }
        if self.window().is_on() && owner != self.lead {
            self.says(&owner, "here");
        }
    }

    fn refused(&mut self, patch: &RealPatch, code: &str, turn: bool, lines: &[String]) {
        match RuleId::from_word(code) {
            Some(rule) if !turn => self.went.seen.push(Seen {
                window: self.went.index,
                change: patch.number,
                rule,
                turn,
                verdict: Verdict::Block,
                words: lines.join(" / "),
                reverted: patch.reverted,
            }),
            // What blocks at the turn is counted once, by what the rules find.
            Some(_) => {}
            None => self.went.refused.push((patch.number, code.to_owned())),
        }
    }

    /// What the rules find, as the bot judges it now.
    fn judge(&mut self, real: &RealPatch, turn: bool) {
        let state = self.room.state();
        let window = self.window();
        let Some(patch) = window.patch(real.number) else { return };
        let seen: Vec<Seen> =
            guidelines::judge(&case(self.room.settings(), state, window, patch, self.room.now(), turn))
                .iter()
                .filter(|judgement| judgement.verdict() > Verdict::Pass)
                .map(|judgement| Seen {
                    window: self.went.index,
                    change: real.number,
                    rule: judgement.rule,
                    turn,
                    verdict: judgement.verdict(),
                    words: words(&judgement.finding),
                    reverted: real.reverted,
                })
                .collect();
        self.went.seen.extend(seen);
    }

    /// A patch's turn, from the lead's review to the last step.
    fn turn(&mut self, patch: &RealPatch) {
        let number = patch.number;
        self.passes_to(patch.approved.max(self.room.now()));
        if self.patch(number).is_none() {
            self.add(patch, true);
        }
        if self.patch(number).is_none() {
            self.went.skipped.push((number, "never taken".to_owned()));
            return;
        }
        self.judge(patch, true);
        // A few words at the most are between a patch and its turn.
        for _ in 0..6 {
            let lines = self.lead(&format!("check {number} deployer"));
            if self.window().motion == Some(number) {
                break;
            }
            let Some(code) = room::code(&lines).map(str::to_owned) else { break };
            self.refused(patch, &code, true, &lines);
            match RuleId::from_word(&code) {
                Some(RuleId::LastStart) => {
                    self.extend();
                }
                Some(RuleId::SingleSync) => {
                    self.lead(&format!("files {number} ok"));
                }
                Some(rule) => {
                    self.lead(&format!("override {number} {rule} it was deployed so"));
                }
                None if code == "changed" => self.passes(30),
                None => break,
            }
        }
        if self.window().motion != Some(number) {
            self.lead(&format!("skip {number} it cannot start"));
            self.went.skipped.push((number, "it cannot start".to_owned()));
            return;
        }
        self.went.started.push(number);
        while self.window().motion == Some(number) {
            let Some((step, act)) =
                self.patch(number).and_then(Patch::current).map(|(step, at)| (step, at.act.clone()))
            else {
                return;
            };
            self.step(patch, step, &act);
            if !self.window().holds.is_empty() {
                // A merge that took long: the lead waited for CI and said nothing.
                self.went.refused.push((number, "held".to_owned()));
                self.lead("resume CI was slow");
            }
            let now = self.patch(number).and_then(Patch::current).map(|(step, _)| step);
            assert!(
                now != Some(step) || self.window().motion != Some(number),
                "{}",
                self.story(number, step)
            );
        }
    }

    fn story(&self, number: ChangeNumber, step: u32) -> String {
        let last: Vec<&str> = self.went.lines.iter().rev().take(12).rev().map(String::as_str).collect();
        format!("{}: {number} does not get past step {step}\n{}", self.id, last.join("\n"))
    }

    fn step(&mut self, patch: &RealPatch, step: u32, act: &Act) {
        let number = patch.number;
        match act {
            Act::Review => {
                for (item, another) in self.open_points(number) {
                    let who = if another { READER.to_owned() } else { self.lead.clone() };
                    self.says(&who, &format!("check {number} {item} I have looked"));
                }
            }
            Act::Merge => match patch.merged {
                Some(merged) => {
                    self.passes_to(merged.max(self.room.now() + TimeDelta::seconds(20)));
                    let now = self.room.now().format("%Y-%m-%d %H:%M:%S.000000000").to_string();
                    self.room.gerrit.set_time(&now);
                    self.room.gerrit.submit(u64::from(number.0));
                    self.merged.insert(number);
                    self.passes(15);
                }
                None => {
                    self.lead(&format!("skip {number} {NOT_MERGED}"));
                    self.went.skipped.push((number, NOT_MERGED.to_owned()));
                }
            },
            Act::Sync { .. } | Act::Health => {
                self.passes(30);
                self.lead(&format!("done {step}"));
            }
            Act::Verify => {
                self.passes(45);
                self.says(&account(&patch.owner), &format!("verified {number} looks right"));
            }
            Act::Watch { seconds } => self.passes(*seconds + 1),
        }
    }

    /// The points that wait for a word, and whether it must be another's than the lead's.
    fn open_points(&self, number: ChangeNumber) -> Vec<(Item, bool)> {
        let (state, window) = (self.room.state(), self.window());
        let Some(patch) = window.patch(number) else { return Vec::new() };
        let case = case(self.room.settings(), state, window, patch, self.room.now(), true);
        let points = guidelines::points(&case, &guidelines::judge(&case));
        let open = points.iter().filter(|point| point.is_open());
        open.map(|point| {
            let another = matches!(point.state, PointState::Open { who: Asked::Another, .. });
            (point.item.clone(), another)
        })
        .collect()
    }

    fn ends(self) -> Went {
        let lines = self.went.lines.join("\n");
        let state = self.room.closes();
        assert!(state.closed.contains_key(&self.id), "{} is not finished:\n{lines}", self.id);
        assert!(lines.contains(&format!("{} done at", self.id)), "{} ended another way:\n{lines}", self.id);
        assert!(state.ledger.is_empty(), "{} owes {:?}", self.id, state.ledger);
        assert!(state.offers.is_empty() && !state.windows.contains_key(&self.id));
        self.went
    }
}

fn case<'a>(
    settings: &'a Settings,
    state: &'a State,
    window: &'a Window,
    patch: &'a Patch,
    at: At,
    starting: bool,
) -> Case<'a> {
    let facts: Option<&Facts> = state.facts(patch.change);
    Case {
        settings,
        state,
        window,
        at,
        change: patch.change,
        facts: facts.ok_or("the review system has not answered yet"),
        wish: &patch.wish,
        patch: Some(patch),
        starting,
        lead: window.lead.as_ref().map(|lead| &lead.who),
    }
}

fn words(finding: &Finding) -> String {
    match finding {
        Finding::Pass(why) | Finding::Unknown(why) => why.clone(),
        Finding::Note { why, fix } | Finding::Fail { why, fix } => format!("{why} | {fix}"),
        Finding::Later { why, .. } => why.clone(),
        Finding::NotNeeded => String::new(),
    }
}
