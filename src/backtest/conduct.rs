//! One real window from `add` to `finish`: what its people said, at the times at which they acted.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use super::plan::{MANAGER, Plan, READER, account};
use super::room::{Heard, Room};
use super::{Seen, Went};
use crate::engine::checklist::Item;
use crate::engine::facts::Facts;
use crate::engine::guidelines::{self, Asked, Case, Finding, PointState, RuleId, Verdict};
use crate::engine::id::{At, ChangeNumber, OccurrenceId};
use crate::engine::kind::{PatchKind, kind};
use crate::engine::patch::{Patch, Stage};
use crate::engine::plan::Act;
use crate::engine::settings::Settings;
use crate::engine::state::State;
use crate::engine::window::Window;
use crate::engine::{order, say};
use crate::review::{PastPatch, PastWindow};

/// Why a patch was skipped that its deployer approved and did not merge.
pub const NOT_MERGED: &str = "it was not merged that day";
/// Why a rule was set aside.
const AS_IT_WAS: &str = "it was deployed so";

struct Run<'a, R> {
    room: &'a mut R,
    real: &'a PastWindow,
    id: OccurrenceId,
    lead: String,
    /// How much of each change's story is out.
    told: Vec<usize>,
    offered: BTreeSet<ChangeNumber>,
    merged: BTreeSet<ChangeNumber>,
    /// The time in the transcript.
    told_time: At,
    went: Went,
}

/// Plays a window to its end in a room that was opened an hour before it.
pub fn conduct(room: &mut impl Room, plan: &Plan, real: &PastWindow) -> Went {
    let went = Went {
        id: plan.id.clone(),
        seen: Vec::new(),
        couplings: BTreeMap::new(),
        refused: Vec::new(),
        live: Vec::new(),
        skipped: Vec::new(),
        started: Vec::new(),
        extended: 0,
        lines: Vec::new(),
        stuck: None,
    };
    let mut run = Run {
        told_time: room.now(),
        room,
        real,
        id: plan.id.clone(),
        lead: plan.lead.clone(),
        told: vec![0; real.patches.len()],
        offered: BTreeSet::new(),
        merged: BTreeSet::new(),
        went,
    };
    let starts = plan.starts;
    run.passes_to(starts - TimeDelta::minutes(59));
    run.lead(&format!("claim {}", run.id));
    run.passes_to(starts + TimeDelta::seconds(30));
    let owners: BTreeSet<String> = run
        .window()
        .map(|window| window.patches.iter().map(|patch| patch.owner().0.clone()).collect())
        .unwrap_or_default();
    for owner in owners {
        // Whoever leads is here, and says so by leading.
        if owner != run.lead {
            run.says(&owner, "here");
        }
    }
    run.passes_to(starts + TimeDelta::minutes(1));
    run.lead("start");
    for patch in &real.patches {
        if let Err(why) = run.turn(patch) {
            run.went.stuck = Some(why);
            break;
        }
    }
    if let Some(window) = run.window() {
        let live = window.patches.iter().filter(|patch| matches!(patch.stage, Stage::Live { .. }));
        run.went.live = live.map(|patch| patch.change).collect();
    }
    run.lead("finish");
    if run.went.stuck.is_none() && !run.room.state().closed.contains_key(&run.id) {
        run.went.stuck = Some("it cannot be finished".to_owned());
    }
    run.went
}

impl<R: Room> Run<'_, R> {
    fn says(&mut self, who: &str, text: &str) -> Heard {
        self.tell_time();
        let heard = self.room.says(who, &format!("!swat {text}"));
        self.went.lines.push(format!("{who}> !swat {text}"));
        self.went.lines.extend(heard.lines.iter().cloned());
        heard
    }

    fn lead(&mut self, text: &str) -> Heard {
        let lead = self.lead.clone();
        self.says(&lead, text)
    }

    /// Writes down the time that passed without a word.
    fn tell_time(&mut self) {
        let passed = self.room.now() - self.told_time;
        if passed >= TimeDelta::seconds(1) {
            self.told_time += TimeDelta::seconds(passed.num_seconds());
            self.went.lines.push(format!("+{}", typed(passed)));
        }
    }

    fn extend(&mut self) {
        self.went.extended += 1;
        self.lead("extend 15m");
    }

    fn window(&self) -> Option<&Window> {
        self.room.state().windows.get(&self.id)
    }

    fn patch(&self, change: ChangeNumber) -> Option<&Patch> {
        self.window()?.patch(change)
    }

    fn moving(&self) -> Option<ChangeNumber> {
        self.window()?.motion
    }

    fn passes(&mut self, seconds: i64) {
        self.passes_to(self.room.now() + TimeDelta::seconds(seconds));
    }

    /// Time passes: what happened in the review system happens, and who has uploaded a patch offers it.
    fn passes_to(&mut self, until: At) {
        loop {
            let now = self.room.now();
            let open = self.real.patches.iter().filter(|patch| !self.merged.contains(&patch.number));
            let news = open.flat_map(PastPatch::moments).copied().filter(|at| *at > now && *at < until).min();
            let wake = self.room.wakes().filter(|wake| *wake > now && *wake < until);
            let next = news.into_iter().chain(wake).min().unwrap_or(until);
            self.serve(next.max(now));
            let heard = self.room.moves_to(next);
            if !heard.lines.is_empty() {
                self.tell_time();
                self.went.lines.extend(heard.lines);
            }
            if self.window().is_some_and(|window| window.is_on() && window.occurrence.ends <= next) {
                // There was more to come, or the lead would have finished.
                self.extend();
            }
            self.offer();
            if next >= until {
                return;
            }
        }
    }

    /// The review system at this moment.
    fn serve(&mut self, at: At) {
        for (patch, told) in self.real.patches.iter().zip(&mut self.told) {
            let now = patch.moments().partition_point(|moment| *moment <= at);
            if now > *told && !self.merged.contains(&patch.number) {
                self.room.serves(patch, at);
                *told = now;
            }
        }
    }

    /// Owners offer what they have uploaded, once CI had its time, or sooner where it was deployed sooner.
    fn offer(&mut self) {
        let now = self.room.now();
        for (patch, told) in self.real.patches.iter().zip(self.told.clone()) {
            let ready = patch.created + TimeDelta::minutes(3);
            let soon = patch.approved - TimeDelta::seconds(30) <= now && patch.created <= now;
            if (ready <= now || soon) && told > 0 && !self.offered.contains(&patch.number) {
                self.offered.insert(patch.number);
                self.add(patch, false);
            }
        }
    }

    fn add(&mut self, patch: &PastPatch, at_its_turn: bool) {
        let owner = account(&patch.owner);
        let number = patch.number;
        let mut add = format!("add {number} for {}", self.id);
        let mut heard = self.says(&owner, &add);
        // A rule that refuses is answered as a team would that wants the patch out; then it is offered again.
        for _ in 0..RuleId::ALL.len() {
            let Some(code) = heard.code.take() else { break };
            self.refused(patch, &code, false, &heard);
            match RuleId::from_word(&code) {
                Some(RuleId::WindowLimit) => {
                    let places = self.window().map_or(0, |window| window.taking_part().count()) + 1;
                    self.says(MANAGER, &format!("limit {places}"));
                }
                Some(RuleId::LastStart) => self.extend(),
                Some(RuleId::Kind) if self.is_code(number) && !add.contains("urgent:") => {
                    let task = patch.task.as_deref().unwrap_or("T1");
                    add.push_str(&format!(" urgent: {task} {AS_IT_WAS}"));
                }
                Some(rule) if at_its_turn => {
                    let who = if rule.row().by_manager { MANAGER.to_owned() } else { self.lead.clone() };
                    self.says(&who, &format!("override {number} {rule} {AS_IT_WAS}"));
                }
                _ => break,
            }
            heard = self.says(&owner, &add);
        }
        if self.patch(number).is_none() {
            return;
        }
        let found = self.judge(patch, false);
        if found.contains(&RuleId::SingleSync) {
            self.says(&owner, &format!("files {number} ok"));
        }
        if self.window().is_some_and(Window::is_on) && owner != self.lead {
            self.says(&owner, "here");
        }
    }

    fn is_code(&self, number: ChangeNumber) -> bool {
        let policy = &self.room.settings().policy;
        let facts = self.room.state().last_facts(number);
        facts.is_some_and(|facts| kind(policy, &facts.change) == PatchKind::Code)
    }

    fn refused(&mut self, patch: &PastPatch, code: &str, turn: bool, heard: &Heard) {
        match RuleId::from_word(code) {
            Some(rule) if !turn => {
                let refusal = heard.lines.iter().find_map(|line| line.split_once(": no: "));
                let words = refusal.map_or_else(String::new, |(_, words)| words.to_owned());
                let verdict = Verdict::Block;
                self.went.seen.push(Seen { change: patch.number, rule, turn, verdict, words });
            }
            // What blocks at the turn is counted once, by what the rules find.
            Some(_) => {}
            None => self.went.refused.push((patch.number, code.to_owned())),
        }
    }

    /// What the rules find, as the bot judges it now. Gives the rules that stop or ask.
    fn judge(&mut self, real: &PastPatch, turn: bool) -> Vec<RuleId> {
        let Some((window, patch)) =
            self.window().and_then(|window| Some((window, window.patch(real.number)?)))
        else {
            return Vec::new();
        };
        let state = self.room.state();
        let case = case(self.room.settings(), state, window, patch, self.room.now(), turn);
        let judgements = guidelines::judge(&case);
        let found = judgements.iter().filter(|judgement| judgement.verdict() > Verdict::Pass);
        let seen: Vec<Seen> = found
            .map(|judgement| Seen {
                change: real.number,
                rule: judgement.rule,
                turn,
                verdict: judgement.verdict(),
                words: said(&judgement.finding),
            })
            .collect();
        let couplings = match guidelines::level(self.room.settings(), RuleId::Coupled) {
            guidelines::Level::Off => Vec::new(),
            _ => order::open_couplings_of(state, window, patch.change),
        };
        let named = |coupling: &order::Coupling<'_>| {
            let (a, b) = (coupling.a.min(coupling.b), coupling.a.max(coupling.b));
            ((a, b), say::coupled::because(coupling))
        };
        let couplings: Vec<_> = couplings.iter().map(named).collect();
        for (pair, words) in couplings {
            self.went.couplings.entry(pair).or_insert(words);
        }
        let stops = seen.iter().filter(|seen| seen.verdict >= Verdict::Ask).map(|seen| seen.rule).collect();
        self.went.seen.extend(seen);
        stops
    }

    /// A patch's turn, from the lead's review to the last step.
    ///
    /// # Errors
    /// A step that does not end.
    fn turn(&mut self, patch: &PastPatch) -> Result<(), String> {
        let number = patch.number;
        self.passes_to(patch.approved.max(self.room.now()));
        if self.patch(number).is_none() {
            self.add(patch, true);
        }
        if self.patch(number).is_none() {
            self.went.skipped.push((number, "never taken".to_owned()));
            return Ok(());
        }
        self.judge(patch, true);
        if let Some(code) = self.start(patch) {
            self.lead(&format!("skip {number} it cannot start"));
            self.went.skipped.push((number, format!("it cannot start [{code}]")));
            return Ok(());
        }
        self.went.started.push(number);
        while self.moving() == Some(number) {
            let current = |run: &Self| {
                run.patch(number).and_then(Patch::current).map(|(step, at)| (step, at.act.clone()))
            };
            let Some((step, act)) = current(self) else { break };
            self.step(patch, step, &act);
            if self.window().is_some_and(|window| !window.holds.is_empty()) {
                // A merge that took long: the lead waited for CI and said nothing.
                self.went.refused.push((number, "held".to_owned()));
                self.lead("resume CI was slow");
            }
            if self.moving() == Some(number) && current(self).map(|(now, _)| now) == Some(step) {
                return Err(format!("{number} does not get past step {step}"));
            }
        }
        Ok(())
    }

    /// Sets a patch in motion, past all that stands in its way; gives the code that it could not get past.
    fn start(&mut self, patch: &PastPatch) -> Option<String> {
        let number = patch.number;
        let mut last = None;
        for _ in 0..RuleId::ALL.len() {
            let mut heard = self.lead(&format!("check {number} deployer"));
            if self.moving() == Some(number) {
                return None;
            }
            let Some(code) = heard.code.take() else { break };
            self.refused(patch, &code, true, &heard);
            match RuleId::from_word(&code) {
                Some(RuleId::LastStart) => self.extend(),
                Some(RuleId::SingleSync) => {
                    self.lead(&format!("files {number} ok"));
                }
                Some(RuleId::Coupled) => self.say_which_first(number),
                Some(rule) => {
                    let who = if rule.row().by_manager { MANAGER.to_owned() } else { self.lead.clone() };
                    self.says(&who, &format!("override {number} {rule} {AS_IT_WAS}"));
                }
                None if code == "changed" => self.passes(30),
                None => return Some(code),
            }
            last = Some(code);
        }
        last.or(Some("no answer".to_owned()))
    }

    /// Answers what is asked of two patches that belong together by what was done: the one that went out first is first,
    /// what was out before the window has nothing to do with it. Where a name would exist twice, another deployer sets
    /// that aside, because so it was deployed.
    fn say_which_first(&mut self, number: ChangeNumber) {
        let others: Vec<ChangeNumber> = self.window().map_or_else(Vec::new, |window| {
            let open = order::open_couplings_of(self.room.state(), window, number);
            open.iter().map(|coupling| coupling.other(number)).collect()
        });
        for other in others {
            let place = |change| self.real.patches.iter().position(|patch| patch.number == change);
            let answer = match place(other) {
                Some(theirs) if Some(theirs) < place(number) => format!("order {other} before {number}"),
                Some(_) => format!("order {number} before {other}"),
                None => format!("independent {number} {other} {AS_IT_WAS}"),
            };
            if self.lead(&answer).code.as_deref() == Some("unique-name") {
                self.says(READER, &format!("override {number} coupled {AS_IT_WAS}"));
                self.lead(&answer);
            }
        }
    }

    fn step(&mut self, patch: &PastPatch, step: u32, act: &Act) {
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
                    self.tell_time();
                    self.room.merges(patch);
                    self.merged.insert(number);
                    self.went.lines.push(format!("/change {number} merged"));
                    self.passes(15);
                }
                None => {
                    self.lead(&format!("skip {number} {NOT_MERGED}"));
                    self.went.skipped.push((number, NOT_MERGED.to_owned()));
                }
            },
            Act::Sync { .. } | Act::Health { .. } => {
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
        let Some((window, patch)) = self.window().and_then(|window| Some((window, window.patch(number)?)))
        else {
            return Vec::new();
        };
        let case = case(self.room.settings(), self.room.state(), window, patch, self.room.now(), true);
        let points = guidelines::points(&case, &guidelines::judge(&case));
        let open = points.iter().filter(|point| point.is_open());
        open.map(|point| {
            let another = matches!(point.state, PointState::Open { who: Asked::Another, .. });
            (point.item.clone(), another)
        })
        .collect()
    }
}

/// A length of time as it is typed on the terminal: `1h2m3s`.
fn typed(time: TimeDelta) -> String {
    let seconds = time.num_seconds();
    let units = [(seconds / 3600, 'h'), (seconds / 60 % 60, 'm'), (seconds % 60, 's')];
    units.iter().filter(|(count, _)| *count > 0).map(|(count, unit)| format!("{count}{unit}")).collect()
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

fn said(finding: &Finding) -> String {
    match finding {
        Finding::Note { why, fix } | Finding::Fail { why, fix } if !fix.is_empty() => format!("{why}. {fix}"),
        Finding::Unknown(why) => format!("not known: {why}"),
        Finding::Pass(why)
        | Finding::Later { why, .. }
        | Finding::Note { why, .. }
        | Finding::Fail { why, .. } => why.clone(),
        Finding::NotNeeded => String::new(),
    }
}
