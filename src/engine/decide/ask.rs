//! The questions: what is queued, what is next, what a patch waits for, what may be said.

use chrono::TimeDelta;

use super::super::command::{Role, Target, VERBS, verb};
use super::super::event::Event;
use super::super::guidelines::{self, PointState, RuleId, Verdict};
use super::super::id::OccurrenceId;
use super::super::patch::{Patch, Stage};
use super::super::say::{self, Refusal, no};
use super::super::window::Window;
use super::super::{About, Question, order, schedule, words};
use super::Turn;

impl<'a> Turn<'a> {
    /// The window a question is about: the one that is named, the one that is on, or the next with a queue.
    fn asked_window(&self, word: Option<&str>) -> Result<Window, Refusal> {
        let occurrence = match word {
            Some(word) => self.resolve_on(word)?,
            None => match self.open_window().or_else(|| self.next_planned()) {
                Some(window) => return Ok(window.clone()),
                None => self.resolve("next")?,
            },
        };
        let known = self.state.windows.get(&occurrence.id);
        Ok(known.cloned().unwrap_or_else(|| Window::new(occurrence)))
    }

    pub(super) fn queue(&mut self, word: Option<&str>) -> Result<(), Refusal> {
        let window = self.asked_window(word)?;
        let text = say::ask::queue(self.settings, self.state, &window, self.at);
        self.answer(&text);
        Ok(())
    }

    pub(super) fn show(&mut self, target: Target) -> Result<(), Refusal> {
        let (window, patch) = self.find(target)?;
        let (judgements, points) = self.judge(window, patch, window.is_running());
        let waits = matches!(patch.stage, Stage::Queued | Stage::Moving);
        let blocks: Vec<Refusal> = judgements
            .iter()
            .filter(|judgement| waits && judgement.verdict() == Verdict::Block)
            .map(say::queue::rule_refusal)
            .collect();
        let known = super::why_unknown(self.state, patch.change).map(|_| points.as_slice());
        let text = say::ask::show(self.settings, self.state, window, patch, (known, &blocks), self.at);
        self.asked("show", window, patch);
        self.answer(&text);
        Ok(())
    }

    /// What somebody was told of a patch is on the record.
    fn asked(&mut self, verb: &str, window: &Window, patch: &Patch) {
        self.record(Some(window.id()), Some(patch.change), Event::Asked { verb: verb.to_owned() });
    }

    pub(super) fn why(&mut self, target: Target) -> Result<(), Refusal> {
        let (window, patch) = self.find(target)?;
        let text = self.why_text(window, patch);
        self.asked("why", window, patch);
        self.answer(&text);
        if guidelines::level(self.settings, RuleId::Coupled) > guidelines::Level::Off {
            for coupling in &order::open_couplings_of(self.state, window, patch.change) {
                let because = say::coupled::because(coupling);
                let orders = say::coupled::either_order(self.prefix(), coupling);
                self.answer(&because);
                self.answer(&orders);
            }
        }
        Ok(())
    }

    fn why_text(&self, window: &'a Window, patch: &'a Patch) -> String {
        let change = patch.change;
        match &patch.stage {
            Stage::Live { at } => return format!("{change} is live since {} UTC", words::clock(*at)),
            Stage::RolledBack => return format!("{change} was rolled back. {}", self.command("ledger")),
            Stage::Skipped { reason, by, .. } => {
                let back = self.command(&format!("add {change}"));
                let by = say::short_name(by);
                return format!("{change} is skipped by {by}: {}. {back}", say::own_words(reason));
            }
            Stage::Moving => {
                if let Err(refusal) = self.may_go_on(window) {
                    return refusal.text;
                }
                return self.waits_for_text(window, patch);
            }
            Stage::Queued => {}
        }
        if let Err(why) = super::why_unknown(self.state, change) {
            return no::facts_unknown(change, why).text;
        }
        if window.is_running() {
            return match self.may_start(window, patch) {
                Err(refusal) if refusal.text.starts_with(&format!("{change} ")) => refusal.said_in_full(),
                Err(refusal) => format!("{change} waits: {}", refusal.said_in_full()),
                Ok(_) => {
                    let (_, points) = self.judge(window, patch, true);
                    let open = say::run::open_points(self.settings, patch, &points);
                    let start = self.command(&format!("check {} deployer", say::handle(patch)));
                    let open = if open.is_empty() { String::new() } else { format!("; still open: {open}") };
                    format!("{change} can start: the lead says {start}{open}")
                }
            };
        }
        let (judgements, mut points) = self.judge(window, patch, false);
        points.retain(|point| !matches!(point.state, PointState::Blocked { .. }));
        let blocks = judgements.iter().filter(|judgement| judgement.verdict() == Verdict::Block);
        let mut reasons: Vec<String> = blocks.map(say::queue::reason_in_short).collect();
        let order = order::predecessors(self.state, window);
        reasons.extend(
            order
                .directly_before(change)
                .map(|edge| format!("{} first ({})", edge.before, say::queue::why(&edge.why))),
        );
        let blocking: Vec<&str> = judgements
            .iter()
            .filter(|judgement| judgement.verdict() == Verdict::Block)
            .filter_map(guidelines::Judgement::why)
            .collect();
        reasons.extend(say::ask::who_fills(self.settings, patch, &points, &blocking));
        let starts = window.occurrence.starts;
        let when = if window.is_on() {
            format!("{} to start: {}", window.id(), self.command("start"))
        } else {
            format!("{}, {}", window.id(), words::ago_or_in(self.at, starts))
        };
        let more = if reasons.is_empty() { String::new() } else { format!("; {}", reasons.join("; ")) };
        format!("{change} waits for {when}{more}")
    }

    pub(super) fn windows(&mut self, week: bool) -> Result<(), Refusal> {
        let days = if week { 7 } else { 1 };
        let mut ahead = schedule::between(self.settings, self.at, self.at + TimeDelta::days(days));
        ahead.retain(|occurrence| {
            self.is_here(&occurrence.rooms) && !self.state.closed.contains_key(&occurrence.id)
        });
        let text = say::ask::windows(self.settings, self.state, &ahead, self.at);
        self.answer(&text);
        Ok(())
    }

    fn now_text(&self) -> String {
        match self.open_window() {
            Some(window) => say::window::where_things_stand(self.settings, self.state, window, self.at),
            None => "no window is on".to_owned(),
        }
    }

    fn next_window_text(&self) -> String {
        let next = schedule::next_after(self.settings, self.at, |occurrence| {
            self.is_here(&occurrence.rooms)
                && schedule::no_deploy_day(&self.settings.policy, occurrence).is_none()
        });
        match next {
            None => "no window in the next 60 days".to_owned(),
            Some(next) => {
                let known = self.state.windows.get(&next.id);
                let queued = known.map_or(0, |window| window.waiting().count());
                let lead = known.and_then(|window| window.lead.as_ref());
                let lead = lead
                    .map_or("no lead yet".to_owned(), |lead| format!("lead {}", say::short_name(&lead.who)));
                format!(
                    "next is {} ({}, {}), {}, {lead}",
                    next.id,
                    words::day_clock(next.starts, self.at),
                    words::ago_or_in(self.at, next.starts),
                    say::patches(queued)
                )
            }
        }
    }

    pub(super) fn now(&mut self) -> Result<(), Refusal> {
        let text = self.now_text();
        self.answer(&text);
        Ok(())
    }

    pub(super) fn next(&mut self) -> Result<(), Refusal> {
        let patch = self.open_window().and_then(|window| {
            super::start::next(self.settings, self.state, window).map(|patch| (window, patch))
        });
        let patch = patch.map(|(window, patch)| {
            let owner = say::short_name(patch.owner());
            format!("next in {} is {} ({owner}); ", window.id(), say::patch_and_title(self.state, patch))
        });
        let text = format!("{}{}", patch.unwrap_or_default(), self.next_window_text());
        self.answer(&text);
        Ok(())
    }

    pub(super) fn now_and_next(&mut self) -> Result<(), Refusal> {
        let text = format!("{}; {}", self.now_text(), self.next_window_text());
        self.answer(&text);
        Ok(())
    }

    pub(super) fn status(&mut self) -> Result<(), Refusal> {
        let text = match self.open_window() {
            Some(window) => say::window::where_things_stand(self.settings, self.state, window, self.at),
            None => format!("no window is on; {}", self.next_window_text()),
        };
        let ledger = match self.state.ledger.len() {
            0 => String::new(),
            _ => format!("; merged and not deployed: {}", say::ask::ledger_numbers(self.state)),
        };
        self.answer(&format!("{text}{ledger}"));
        Ok(())
    }

    /// The patch a question without N is about: the one in motion, or the next one.
    fn asked_patch(&self, verb: &str, target: Option<Target>) -> Result<(&'a Window, &'a Patch), Refusal> {
        if let Some(target) = target {
            return self.find(target);
        }
        let window = self.window_on().map_err(|_| no::name_one(self.prefix(), verb))?;
        let patch = window.moving().or_else(|| super::start::next(self.settings, self.state, window));
        patch.map(|patch| (window, patch)).ok_or_else(|| no::nothing_moves(self.prefix(), None))
    }

    pub(super) fn checklist(&mut self, target: Option<Target>) -> Result<(), Refusal> {
        let (window, patch) = self.asked_patch("checklist", target)?;
        super::why_unknown(self.state, patch.change).map_err(|why| no::facts_unknown(patch.change, why))?;
        let (_, points) = self.judge(window, patch, window.is_running());
        let lead = self.is(Role::Lead, Some(window), None);
        let text = say::ask::checklist(self.settings, patch, &points, lead);
        self.asked("checklist", window, patch);
        self.answer(&text);
        Ok(())
    }

    pub(super) fn steps(&mut self, target: Option<Target>) -> Result<(), Refusal> {
        let (window, patch) = self.asked_patch("steps", target)?;
        let planned;
        let steps = if patch.steps.is_empty() {
            let facts = super::why_unknown(self.state, patch.change)
                .map_err(|why| no::facts_unknown(patch.change, why))?;
            planned = super::start::steps_of(self.settings, self.state, facts, patch);
            &planned
        } else {
            &patch.steps
        };
        let text = match &window.rollback {
            Some(rollback) => say::ask::back_steps(&rollback.steps),
            None => say::ask::steps(patch, steps),
        };
        self.asked("steps", window, patch);
        self.answer(&text);
        Ok(())
    }

    pub(super) fn ledger(&mut self) -> Result<(), Refusal> {
        let text = say::ask::ledger(self.prefix(), self.state, self.at);
        self.answer(&text);
        Ok(())
    }

    pub(super) fn report(&mut self, word: Option<&str>) -> Result<(), Refusal> {
        if word.is_some_and(|word| word.eq_ignore_ascii_case("stats")) {
            let (name, to) = (self.name.clone(), self.to.clone());
            self.out.questions.push(Question { about: About::Stats, name, to });
            return Ok(());
        }
        let id = match word {
            None => match self.open_window() {
                Some(window) => window.id().clone(),
                None => match self.state.closed.iter().max_by_key(|(_, ends)| **ends) {
                    Some((id, _)) => id.clone(),
                    None => return Err(no::no_window(self.prefix())),
                },
            },
            Some(word) => match word.parse() {
                Ok(id) => id,
                Err(()) => match self.last_of(word) {
                    Some(id) => id,
                    None => {
                        let ahead = self.resolve(word)?;
                        let is_on = self.state.windows.get(&ahead.id).is_some_and(Window::is_on);
                        if ahead.starts > self.at && !is_on {
                            let last = self.state.closed.iter().max_by_key(|(_, ends)| **ends);
                            let text =
                                say::ask::not_yet(self.prefix(), &ahead, last.map(|(id, _)| id), self.at);
                            self.answer(&text);
                            return Ok(());
                        }
                        ahead.id
                    }
                },
            },
        };
        if let Some(window) = self.state.windows.get(&id) {
            let text = say::window::where_things_stand(self.settings, self.state, window, self.at);
            self.answer(&text);
            return Ok(());
        }
        let to = self.to.clone();
        self.out.questions.push(Question { about: About::Report(id), name: self.name.clone(), to });
        Ok(())
    }

    /// The last occurrence of a window that was on: a report looks back.
    fn last_of(&self, word: &str) -> Option<OccurrenceId> {
        let on = self.state.windows.values().filter(|window| window.is_on()).map(Window::id);
        let known = on.chain(self.state.closed.keys()).filter(|id| id.window == word);
        known.max_by_key(|id| id.date).cloned()
    }

    pub(super) fn help(&mut self, word: Option<&str>) -> Result<(), Refusal> {
        let text = match word {
            Some(word) => {
                let names: Vec<&str> = VERBS.iter().map(|verb| verb.name).collect();
                let near = words::near(&word.to_ascii_lowercase(), &names);
                let verb = verb(word).ok_or_else(|| no::unknown_verb(self.prefix(), word, near))?;
                say::ask::help_verb(self.prefix(), verb)
            }
            None => {
                let window = self.open_window().or_else(|| self.next_planned());
                let who = self.who.clone();
                let owned = window.and_then(|window| {
                    window.patches.iter().find(|patch| Some(patch.owner()) == who.as_ref())
                });
                let legal: Vec<&str> = VERBS
                    .iter()
                    .filter(|verb| verb.who.iter().any(|role| self.is(*role, window, owned)))
                    .filter(|verb| !needs_open(verb.name) || self.open_window().is_some())
                    .filter(|verb| self.means_something(verb.name))
                    .map(|verb| verb.name)
                    .collect();
                say::ask::help(self.prefix(), &legal)
            }
        };
        self.answer(&text);
        Ok(())
    }
}

impl Turn<'_> {
    /// Whether a verb of commands, of health or of emergencies means something now.
    fn means_something(&self, verb: &str) -> bool {
        let window = self.moving_window();
        let patch = window.and_then(Window::moving);
        match verb {
            "go" | "promote" | "rerun" => {
                let back = window.and_then(|window| window.rollback.as_ref());
                patch.is_some_and(|patch| patch.steps.iter().any(|step| step.run.is_some()))
                    || back.is_some_and(|back| back.steps.iter().any(|step| step.run.is_some()))
            }
            "health" => !self.settings.checks.is_empty(),
            "soak" => patch.is_some() && !self.settings.checks.is_empty(),
            "cancel" => window.is_some_and(|window| window.countdown.is_some()),
            "steal" => window.is_some_and(|window| window.motion.is_some() || window.rollback.is_some()),
            "emergency" => self.open_window().is_none(),
            "approve" => !self.state.emergencies.is_empty(),
            "aftermath" => self.open_window().is_some_and(|window| window.emergency.is_some()),
            _ => true,
        }
    }
}

/// Verbs that mean something only while a window is on.
fn needs_open(verb: &str) -> bool {
    const OPEN: &[&str] = &["done", "failed", "retry", "verified", "broken", "rollback", "finish", "extend"];
    OPEN.contains(&verb)
}
