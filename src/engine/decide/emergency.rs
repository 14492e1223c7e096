//! Outside windows: a deployer asks, another one agrees, the checklist is short, and a report is owed.

use chrono::TimeDelta;

use super::super::command::Target;
use super::super::event::{Author, Event, Went, Wish};
use super::super::id::{ChangeNumber, OccurrenceId, RoomId, Who};
use super::super::kind::{self, PatchKind};
use super::super::patch::{Patch, Stage};
use super::super::say::{self, Refusal, no};
use super::super::settings::Standing;
use super::super::window::{Occurrence, Window};
use super::Turn;

/// What was asked for is good for so long.
const OPEN_FOR: TimeDelta = TimeDelta::minutes(30);

impl Turn<'_> {
    fn change_of(&self, target: Target) -> Result<ChangeNumber, Refusal> {
        match target {
            Target::Change(change) => Ok(change),
            Target::Ticket(_) => Ok(self.find(target)?.1.change),
        }
    }

    /// The rooms of the windows that are held here.
    fn rooms_here(&self) -> Vec<RoomId> {
        let mut rooms: Vec<RoomId> = Vec::new();
        for window in self.settings.windows.iter().filter(|window| self.is_here(&window.rooms)) {
            rooms.extend(
                window.rooms.iter().filter(|room| !rooms.contains(room)).cloned().collect::<Vec<_>>(),
            );
        }
        rooms
    }

    /// While a window is on: what brings the change out instead.
    fn instead_of_emergency(&self, window: &Window, change: ChangeNumber) -> Refusal {
        let takes_part = |patch: &&Patch| !matches!(patch.stage, Stage::Skipped { .. } | Stage::RolledBack);
        if let Some(patch) = window.patch(change).filter(takes_part) {
            return no::emergency_is_queued(self.prefix(), window, patch);
        }
        if window.emergency.is_some() {
            return no::emergency_after(self.prefix(), window, change, false);
        }
        if self.at >= window.occurrence.ends - self.settings.policy.last_start {
            return no::emergency_after(self.prefix(), window, change, true);
        }
        // Only code has to be urgent, and of code alone that may be said.
        let facts =
            self.state.last_facts(change).map(|facts| kind::kind(&self.settings.policy, &facts.change));
        let add = self.command(&format!("add {change} for {}", window.id().window));
        let urgent = self.command(&format!("add {change} for {} urgent: TASK WHY", window.id().window));
        let way = match facts {
            Some(PatchKind::Config | PatchKind::BetaOnly) => add,
            Some(PatchKind::Code | PatchKind::Other) => urgent,
            None => format!("{add}; code: {urgent}"),
        };
        no::window_is_on(window, &way)
    }

    /// `emergency N REASON`
    pub(super) fn emergency(&mut self, target: Target, reason: &str) -> Result<(), Refusal> {
        self.may("emergency", None, None)?;
        let change = self.change_of(target)?;
        if let Some(window) = self.open_window() {
            return Err(self.instead_of_emergency(window, change));
        }
        let who = self.who.clone().ok_or_else(|| self.not_identified())?;
        if let Some(wish) = self.state.emergencies.iter().find(|wish| wish.change == change)
            && self.at - wish.at < OPEN_FOR
        {
            let text = format!("already asked for by {}. ", say::short_name(&wish.by));
            self.answer(&format!("{text}Another deployer: {}", self.command(&format!("approve {change}"))));
            return Ok(());
        }
        let rooms = self.rooms_here();
        self.record(
            None,
            Some(change),
            Event::EmergencyAsked { reason: reason.to_owned(), rooms: rooms.clone() },
        );
        let mut others = self.people_with(Standing::Deployer);
        others.retain(|other| *other != who);
        let text = say::window::emergency_asked(self.prefix(), change, &self.name, reason, &others, OPEN_FOR);
        for room in rooms {
            let to = super::Place::Room(room);
            let reply = super::Reply::new(to, text.clone());
            self.out.replies.push(super::Reply { ping: others.clone(), ..reply });
        }
        Ok(())
    }

    /// `approve N`: by another person than the one who asked, on whatever network either of them is.
    pub(super) fn approve(&mut self, target: Target) -> Result<(), Refusal> {
        self.may("approve", None, None)?;
        let change = self.change_of(target)?;
        let who = self.who.clone().ok_or_else(|| self.not_identified())?;
        let wish = self.state.emergencies.iter().find(|wish| wish.change == change);
        let wish = wish.filter(|wish| self.at - wish.at < OPEN_FOR && self.is_here(&wish.rooms));
        let wish = wish.ok_or_else(|| no::no_emergency(self.prefix(), change))?.clone();
        if wish.by == who {
            return Err(no::second_approval(change));
        }
        if let Some(window) = self.open_window() {
            return Err(self.instead_of_emergency(window, change));
        }
        if let Some(window) = self.state.window_of(change).filter(|window| window.is_on()) {
            return Err(self.instead_of_emergency(window, change));
        }
        let taken = |id: &OccurrenceId| {
            self.state.windows.contains_key(id)
                || self.state.closed.contains_key(id)
                || self.state.lately.iter().any(|window| window.id() == id)
        };
        let id_of = |number: u32| {
            let window = if number == 1 { "emergency".to_owned() } else { format!("emergency-{number}") };
            OccurrenceId { date: self.at.date_naive(), window }
        };
        let id = (1..=99).map(id_of).find(|id| !taken(id)).unwrap_or_else(|| id_of(100));
        let occurrence = Occurrence {
            id: id.clone(),
            name: "Emergency".to_owned(),
            starts: self.at,
            ends: self.at + self.settings.emergency.length,
            limit: 1,
            rooms: wish.rooms.clone(),
        };
        self.plan_window(&occurrence);
        self.record(Some(&id), Some(change), Event::EmergencyApproved { by: wish.by.clone() });
        // Where it waits for a window, it waits no longer.
        if let Some(window) = self.state.window_of(change) {
            let reason = Some(format!("deployed in {id}"));
            self.record(Some(window.id()), Some(change), Event::Removed { reason });
        }
        self.record(Some(&id), None, Event::WindowStarted { asked: Vec::new() });
        self.record_as(&wish.by, &id, None, Event::Claimed { reason: Some(wish.reason.clone()) });
        self.record_as(&wish.by, &id, None, Event::RunStarted);
        let line = self.next_row();
        let offer = Event::Offered {
            wish: Wish {
                owner: wish.by.clone(),
                urgent: Some(wish.reason.clone()),
                test: None,
                note: Some("emergency".to_owned()),
            },
            line,
            nick: None,
            message: None,
            partly: false,
        };
        self.record_as(&wish.by, &id, Some(change), offer);
        self.about = None;
        let text = say::window::emergency_open(self.settings, &occurrence, change, &wish.by, &self.name);
        for room in &wish.rooms {
            let reply = super::Reply::new(super::Place::Room(room.clone()), text.clone());
            self.out.replies.push(super::Reply { ping: vec![wish.by.clone()], ..reply });
        }
        Ok(())
    }

    /// A row of what somebody asked for, now that another one agrees.
    fn record_as(&mut self, who: &Who, id: &OccurrenceId, change: Option<ChangeNumber>, event: Event) {
        let mut record = self.make(Some(id), change, Went::Ok, event);
        let (network, room) = (self.by.network.clone(), self.by.room.clone());
        record.by = Author { network, room, who: who.clone(), account: None };
        self.out.records.push(record);
    }

    /// `aftermath TEXT`: what happened, why, and what follows from it.
    pub(super) fn aftermath(&mut self, words: &str) -> Result<(), Refusal> {
        let window = self.window_on()?;
        let owed = window.emergency.as_ref();
        let owed = owed.ok_or_else(|| no::no_report_owed(self.prefix(), window))?;
        if !self.is(super::Role::Lead, Some(window), None) && !self.is(super::Role::Deployer, None, None) {
            return Err(no::not_deployer("aftermath", &self.people_with(Standing::Deployer)));
        }
        let again = owed.report.is_some();
        self.record(Some(window.id()), None, Event::EmergencyReported { words: words.to_owned() });
        let word = if again { "replaced" } else { "noted" };
        let moves = window.motion.is_some() || window.rollback.is_some();
        let next = self.command(if moves { "steps" } else { "finish" });
        self.answer(&format!("report of {} {word}. {next}", window.id()));
        Ok(())
    }
}
