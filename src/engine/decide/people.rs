//! Who is here, who leads, and who somebody is.

use std::collections::BTreeSet;

use super::super::command::Role;
use super::super::event::Event;
use super::super::id::{At, Who};
use super::super::patch::Patch;
use super::super::say::{self, Refusal, no};
use super::super::settings::Standing;
use super::super::window::{Lead, Occurrence, Rollback, Window};
use super::super::{accounts, schedule, words};
use super::Turn;

/// The owners whose patches are not through yet, each once, in running order.
pub(in super::super) fn owners(window: &Window) -> Vec<&Who> {
    let mut owners: Vec<&Who> = Vec::new();
    for patch in window.waiting().chain(window.moving()) {
        if !owners.contains(&patch.owner()) {
            owners.push(patch.owner());
        }
    }
    owners
}

/// The owners among them whose patches wait for them: those who left a test plan need not be here.
pub(super) fn awaited(window: &Window) -> Vec<&Who> {
    let untested = window.waiting().chain(window.moving()).filter(|patch| patch.wish.test.is_none());
    let waited_for: BTreeSet<&Who> = untested.map(Patch::owner).collect();
    let mut owners = owners(window);
    owners.retain(|who| waited_for.contains(who));
    owners
}

/// From when on an answer to the roll call counts.
pub(in super::super) fn here_from(turn_timers: &super::super::settings::Timers, window: &Window) -> At {
    window.occurrence.starts - turn_timers.here_before
}

/// Acknowledges the answers to the roll call that came in together, in one line (§4a.10).
pub(in super::super) fn say_who_is_here(turn: &mut Turn<'_>, window: &Window) {
    if window.unsaid.is_empty() {
        return;
    }
    let from = here_from(&turn.settings.timers, window);
    let owners = awaited(window);
    let silent: Vec<&Who> = owners.iter().copied().filter(|who| !window.is_here(who, from)).collect();
    let mut text = format!("{}: noted", say::names(&window.unsaid));
    if !owners.is_empty() {
        text.push_str(&format!(", {} of {} here", owners.len() - silent.len(), owners.len()));
    }
    if !silent.is_empty() && window.is_on() {
        let asked = silent.iter().filter_map(|who| window.presence.get(*who)?.asked.last()).max();
        let until =
            asked.map(|asked| *asked + turn.settings.timers.roll_call).filter(|until| *until > turn.at);
        let until = until.map(|until| format!(" until {}", words::clock(until))).unwrap_or_default();
        text.push_str(&format!("; waiting for {}{until}", say::names(silent)));
    }
    turn.record(Some(window.id()), None, Event::HereSaid);
    turn.broadcast(window, &text);
}

impl<'a> Turn<'a> {
    /// The window a word about presence is for: the open one, or the next if that is near.
    fn near_window(&self) -> Result<&'a Window, Refusal> {
        // Where one window runs over into the next, it is the one that waits for this person.
        let near = |window: &&Window| window.is_on() || here_from(&self.settings.timers, window) <= self.at;
        let theirs = |window: &&Window| {
            let owner = |patch: &Patch| self.who.as_ref() == Some(patch.owner());
            self.is_here(&window.occurrence.rooms) && window.waiting().chain(window.moving()).any(owner)
        };
        let waits = self.state.windows.values().filter(near).filter(theirs);
        if let Some(window) =
            waits.min_by_key(|window| window.occurrence.starts).or_else(|| self.open_window())
        {
            return Ok(window);
        }
        self.next_planned().filter(near).ok_or_else(|| no::no_window(self.prefix()))
    }

    pub(super) fn here(&mut self) -> Result<(), Refusal> {
        let who = self.who.clone().ok_or_else(|| self.not_identified())?;
        let window = self.near_window()?;
        let id = window.id().clone();
        let from = here_from(&self.settings.timers, window);
        let concerns = window.led_by(&who) || window.patches.iter().any(|patch| patch.owner() == &who);
        if window.is_here(&who, from) {
            self.answer(&format!("already noted, you are here for {id}"));
        } else if !concerns {
            self.answer(&format!("you have no patch in {id}, no need to be here"));
        } else {
            self.record(Some(&id), None, Event::Here);
            let mut after = window.clone();
            let presence = after.presence.entry(who.clone()).or_default();
            presence.answer = Some((self.at, true));
            presence.gone = None;
            if self.was_waited_for(window, &after, &who) && window.unsaid.is_empty() {
                self.record(Some(&id), None, Event::HereSaid);
            }
        }
        Ok(())
    }

    /// The window waited for this person, who is there in `after`: the lead hears at once that it goes on.
    pub(super) fn was_waited_for(&mut self, window: &Window, after: &Window, who: &Who) -> bool {
        let idle = window.is_running()
            && window.motion.is_none()
            && window.rollback.is_none()
            && window.holds.is_empty();
        if !idle {
            return false;
        }
        let next = super::start::next(self.settings, self.state, window);
        let waited = next.is_some_and(|patch| {
            patch.owner() == who && !super::start::is_covered(self.settings, window, patch)
        });
        if waited {
            self.name_next(after, &say::run::is_here_now(who));
        }
        waited
    }

    pub(super) fn away(&mut self) -> Result<(), Refusal> {
        let who = self.who.clone().ok_or_else(|| self.not_identified())?;
        let window = self.near_window()?;
        let id = window.id().clone();
        let answer = window.presence.get(&who).and_then(|presence| presence.answer);
        if matches!(answer, Some((_, false))) {
            self.answer(&format!("already noted, you are away from {id}"));
            return Ok(());
        }
        let patches: Vec<_> =
            window.waiting().filter(|patch| patch.owner() == &who).map(|patch| patch.change).collect();
        self.record(Some(&id), None, Event::Away);
        let what = match patches.len() {
            0 => String::new(),
            1 => format!("; {} waits until you say \"{}swat here\"", patches[0], self.prefix()),
            _ => format!("; {} wait until you say \"{}swat here\"", say::numbers(&patches), self.prefix()),
        };
        self.answer(&format!("noted, away from {id}{what}"));
        Ok(())
    }

    pub(super) fn claim(&mut self, word: Option<String>, reason: Option<String>) -> Result<(), Refusal> {
        self.may("claim", None, None)?;
        let who = self.who.clone().ok_or_else(|| self.not_identified())?;
        let mut reason = reason;
        let occurrence = match &word {
            None => self.open_or_next()?,
            Some(word) => match self.resolve_on(word) {
                Ok(occurrence) => occurrence,
                Err(refusal) => {
                    // The first word of a reason is not a window; a window mistyped is not a reason.
                    let window = self.open_window().filter(|window| window.lead.is_some()).ok_or(refusal)?;
                    let ids: Vec<&str> =
                        self.settings.windows.iter().map(|known| known.id.as_str()).collect();
                    if words::near(word, &ids).is_some() {
                        return Err(no::unknown_window(self.prefix(), word, &ids));
                    }
                    let rest = reason.take().map(|rest| format!(" {rest}")).unwrap_or_default();
                    reason = Some(format!("{word}{rest}"));
                    window.occurrence.clone()
                }
            },
        };
        let planned = self.state.windows.get(&occurrence.id);
        if let Some(window) = planned
            && let Some(lead) = &window.lead
        {
            if lead.who == who {
                self.answer(&format!("already yours, you lead {}", occurrence.id));
                return Ok(());
            }
            if lead.handover.as_ref() == Some(&who) {
                reason = Some(format!("handed over by {}", lead.who));
            } else if let Some(gone) = window.gone(&lead.who) {
                let room = window.presence.get(&lead.who).and_then(|presence| presence.room.as_ref());
                let why = say::presence::how_gone(&lead.who, &[], room, &gone);
                reason = reason.or(Some(why));
            } else {
                let heard = say::heard(self.at, lead.heard);
                if self.at - lead.heard < self.settings.timers.lead_silent {
                    return Err(no::lead_active(self.prefix(), window, &lead.who, &who, &heard));
                }
                if reason.is_none() {
                    return Err(no::led_by(self.prefix(), window, &lead.who, &heard));
                }
            }
        }
        let before = planned.and_then(|window| window.lead.as_ref()).map(|lead| lead.who.clone());
        let count =
            planned.map_or(0, |window| window.waiting().count() + usize::from(window.motion.is_some()));
        let on = planned.filter(|window| window.is_on()).cloned();
        self.plan_window(&occurrence);
        self.record(Some(&occurrence.id), None, Event::Claimed { reason });
        let times = format!("{}-{} UTC", words::clock(occurrence.starts), words::clock(occurrence.ends));
        let asked = planned.and_then(|window| {
            let open = super::start::open_couplings(self.settings, self.state, window);
            let owners = open.first().map(|first| super::order::owners_of(window, first)).unwrap_or_default();
            say::coupled::open_questions(self.prefix(), &open, &owners)
        });
        let asked = asked.map(|asked| format!(". {asked}")).unwrap_or_default();
        let start = match &on {
            Some(window) if !window.is_running() => format!(". {}", self.command("start")),
            Some(window) => {
                let mut led = window.clone();
                led.lead = Some(Lead { who: who.clone(), heard: self.at, handover: None });
                let now = say::window::where_things_stand(self.settings, self.state, &led, self.at);
                format!(". {now}")
            }
            None => format!(", {}", words::ago_or_in(self.at, occurrence.starts)),
        };
        let from =
            before.as_ref().map(|old| format!(" instead of {}", say::short_name(old))).unwrap_or_default();
        let text =
            format!("you lead {}{from}, {}, {times}{start}{asked}", occurrence.id, say::patches(count));
        self.answer(&text);
        if let (Some(old), Some(window)) = (before, on) {
            let name = self.name.clone();
            self.ping(&window, &[&old], &format!("{name} leads {} now", occurrence.id));
        }
        Ok(())
    }

    pub(super) fn unclaim(&mut self) -> Result<(), Refusal> {
        let window = self.open_window().filter(|window| self.is(Role::Lead, Some(window), None));
        let led = |window: &&Window| {
            self.is(Role::Lead, Some(window), None) && self.is_here(&window.occurrence.rooms)
        };
        let window = window.or_else(|| self.state.windows.values().find(led));
        let Some(window) = window else {
            let window = self.open_window().or_else(|| self.next_planned());
            return Err(window.map_or_else(
                || no::no_window(self.prefix()),
                |window| no::not_lead(self.prefix(), "unclaim", window),
            ));
        };
        let back = window.rollback.as_ref().and_then(Rollback::current).map(|(_, step)| step.change);
        if let Some(change) = window.motion.or(back) {
            return Err(no::lead_needed(self.prefix(), window, change));
        }
        let id = window.id().clone();
        self.record(Some(&id), None, Event::Unclaimed);
        let text = format!("{id} has no lead now. Deployers: {}", self.command(&format!("claim {id}")));
        self.broadcast(window, &text);
        Ok(())
    }

    pub(super) fn handover(&mut self, to: &str) -> Result<(), Refusal> {
        let window = self.open_window().or_else(|| self.next_planned());
        let window = window.ok_or_else(|| no::no_window(self.prefix()))?;
        self.may("handover", Some(window), None)?;
        let to = Who(to.trim_start_matches('@').to_owned());
        if !self.settings.has(&to, Standing::Deployer) {
            return Err(no::no_deployer(&to.0, &self.people_with(Standing::Deployer)));
        }
        if window.led_by(&to) {
            self.answer(&format!("already yours, you lead {}", window.id()));
            return Ok(());
        }
        let id = window.id().clone();
        self.record(Some(&id), None, Event::HandoverOffered { to: to.clone() });
        let name = self.name.clone();
        let claim = self.command("claim");
        let text = format!("{name} offers you the lead of {id}. {claim} takes it, until then {name} leads");
        self.ping(window, &[&to], &text);
        Ok(())
    }

    pub(super) fn whoami(&mut self) -> Result<(), Refusal> {
        let text = match &self.who {
            None if self.not_identified().code == "not-identified" => {
                "the network does not tell me who you are, so you may only ask".to_owned()
            }
            None => self.not_identified().text,
            Some(who) => {
                let mut roles = Vec::new();
                if self.settings.has(who, Standing::Manager) {
                    roles.push("manager".to_owned());
                }
                if self.settings.has(who, Standing::Deployer) {
                    roles.push("deployer".to_owned());
                }
                for window in self.state.windows.values() {
                    if window.led_by(who) {
                        roles.push(format!("lead of {}", window.id()));
                    }
                    let owned = window.waiting().chain(window.moving()).filter(|patch| patch.owner() == who);
                    roles.extend(owned.map(|patch| format!("owner of {}", patch.change)));
                }
                let network = self.by.network.as_deref().unwrap_or_default();
                let roles = if roles.is_empty() { "user".to_owned() } else { roles.join(", ") };
                let account = self.by.account.as_deref().unwrap_or_default();
                let all = accounts::of(self.settings, self.state, who);
                let list = say::accounts::list(&accounts::full(network, account), &all);
                format!("you are {who} ({list}): {roles}")
            }
        };
        self.answer(&text);
        Ok(())
    }

    /// The occurrence a word means where it may be one whose time is over: whoever takes over an overrun names it so.
    pub(super) fn resolve_on(&self, word: &str) -> Result<Occurrence, Refusal> {
        let on = self.state.windows.values().filter(|window| {
            window.is_on() && self.is_here(&window.occurrence.rooms) && window.id().window == word
        });
        match on.max_by_key(|window| window.occurrence.starts) {
            Some(window) => Ok(window.occurrence.clone()),
            None => self.resolve(word),
        }
    }

    /// The occurrence a word means, as it is known here.
    pub(super) fn resolve(&self, word: &str) -> Result<Occurrence, Refusal> {
        let found = schedule::resolve(self.settings, self.by.room.as_ref(), word, self.at)
            .or_else(|| self.no_longer_held(word))
            .filter(|occurrence| self.is_here(&occurrence.rooms));
        let ids: Vec<&str> = self.settings.windows.iter().map(|window| window.id.as_str()).collect();
        let mut occurrence = found.ok_or_else(|| no::unknown_window(self.prefix(), word, &ids))?;
        if self.state.closed.contains_key(&occurrence.id) {
            let id = occurrence.id.clone();
            // The word named the window, and its occurrence of today is over: the next one is meant.
            let next = schedule::next_after(self.settings, self.at, |other| {
                other.id.window == id.window && self.is_here(&other.rooms)
            });
            occurrence = match next {
                Some(next) if word != id.to_string() => next,
                _ => return Err(no::window_over(&id.to_string())),
            };
        }
        let known = self.state.windows.get(&occurrence.id);
        let occurrence = known.map_or(occurrence, |window| window.occurrence.clone());
        if occurrence.ends <= self.at && known.is_none() {
            return Err(no::window_over(&occurrence.id.to_string()));
        }
        Ok(occurrence)
    }

    /// An occurrence that is in people's hands although its window is not in the configuration any more.
    fn no_longer_held(&self, word: &str) -> Option<Occurrence> {
        let named = |window: &&Window| {
            let id = window.id();
            id.to_string() == word || (id.window == word && self.settings.window(word).is_none())
        };
        let found = self.state.windows.values().filter(named);
        let found = found.min_by_key(|window| (!window.is_on(), window.occurrence.starts));
        found.map(|window| window.occurrence.clone())
    }

    /// The occurrence that is on here, else the next one.
    pub(super) fn open_or_next(&self) -> Result<Occurrence, Refusal> {
        match self.open_window() {
            Some(window) => Ok(window.occurrence.clone()),
            None => self.resolve("next"),
        }
    }

    /// Speaks of an occurrence for the first time, so that its times and limit hold from here.
    pub(in super::super) fn plan_window(&mut self, occurrence: &Occurrence) {
        let planned_now = self.out.records.iter().any(|record| {
            record.window.as_ref() == Some(&occurrence.id)
                && matches!(record.event, Event::WindowPlanned { .. })
        });
        if !planned_now && !self.state.windows.contains_key(&occurrence.id) {
            let event = Event::WindowPlanned { occurrence: occurrence.clone() };
            self.record(Some(&occurrence.id), None, event);
        }
    }
}
