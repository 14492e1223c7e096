//! Who comes and who goes, as far as it matters: the lead of a window, and those whose patches are not through in it.

use super::super::event::{Absence, Cause, Event};
use super::super::id::{RoomId, Who};
use super::super::patch::Patch;
use super::super::plan::Act;
use super::super::say;
use super::super::settings::Standing;
use super::super::window::{Gone, Hold, Window};
use super::super::{Attendance, Presence, accounts};
use super::Turn;
use super::people::{here_from, owners};

impl<'a> Turn<'a> {
    /// Takes in who came and who left. Only what changes what is believed leaves a row.
    pub(super) fn presence(&mut self, presence: &Presence) {
        let room = &presence.room;
        let of = |account: &String| self.person(room.network(), account);
        let (there, all) = match &presence.change {
            Attendance::Roster(accounts) => (accounts.iter().filter_map(of).collect(), true),
            Attendance::Came(account) => (of(account).into_iter().collect::<Vec<Who>>(), false),
            Attendance::Left { account, how } => {
                let who = of(account);
                self.leave(|other| other == room, |person| who.as_ref() == Some(person), (*how).into(), None);
                return;
            }
            Attendance::Closed(why) => {
                self.leave(|other| other == room, |_| true, Absence::RoomClosed, Some(why));
                return;
            }
            Attendance::Shut { why, next } => {
                self.leave(|other| other == room, |_| true, Absence::RoomClosed, Some(why));
                self.room_is_shut(room, why, next.as_deref());
                return;
            }
        };
        for window in self.windows_in(room) {
            self.come(window, room, &there);
        }
        if all {
            self.leave(|other| other == room, |person| !there.contains(person), Absence::Missing, None);
        }
    }

    /// The person behind an account, where the network's accounts count.
    fn person(&self, network: &str, account: &str) -> Option<Who> {
        let trust = self.settings.network(network).trust;
        trust.then(|| accounts::who(self.settings, self.state, network, account))
    }

    fn windows_in(&self, room: &RoomId) -> Vec<&'a Window> {
        let windows = self.state.windows.values();
        windows.filter(|window| window.occurrence.rooms.contains(room)).collect()
    }

    /// The people whose presence matters in a window: its lead always, the owners from when they may say `here`.
    fn who_matters(&self, window: &'a Window) -> Vec<&'a Who> {
        let near = window.is_on() || here_from(&self.settings.timers, window) <= self.at;
        let mut who: Vec<&Who> = window.lead.iter().map(|lead| &lead.who).collect();
        who.extend(
            if near { owners(window) } else { Vec::new() }.into_iter().filter(|who| !window.led_by(who)),
        );
        who
    }

    /// Those of `whom` whose room is `out` of reach are gone. Somebody who was last heard elsewhere is not.
    pub(super) fn leave(
        &mut self,
        out: impl Fn(&RoomId) -> bool,
        whom: impl Fn(&Who) -> bool,
        how: Absence,
        why: Option<&String>,
    ) {
        // Whoever was out of sight alone is known to be gone only now.
        let was_there = |gone: &Option<Gone>| match gone {
            Some(gone) => gone.how.is_out_of_sight() && !how.is_out_of_sight(),
            None => true,
        };
        for window in self.state.windows.values() {
            let mut who = self.who_matters(window);
            who.retain(|who| {
                let presence = window.presence.get(*who);
                presence.is_some_and(|presence| {
                    was_there(&presence.gone) && presence.room.as_ref().is_some_and(&out)
                }) && whom(who)
            });
            let Some(first) = who.first() else { continue };
            let led = window.led_by(first).then_some(*first);
            let known = led.is_some_and(|lead| window.gone(lead).is_some());
            let by_themselves = matches!(how, Absence::Left | Absence::Kicked | Absence::LoggedOut);
            let waits_for = |patch: &&Patch| {
                patch.is_at(|act| *act == Act::Verify) && who.contains(&patch.owner()) && by_themselves
            };
            let untested =
                window.moving().filter(waits_for).filter(|_| led.is_none() && window.holds.is_empty());
            let who: Vec<Who> = who.into_iter().cloned().collect();
            let event = Event::Gone { who, how, why: why.cloned() };
            self.record(Some(window.id()), None, event);
            // A window that is not running yet has nothing to stop; who may start it is said.
            if let Some(lead) = led.filter(|_| window.is_on() && !window.is_running() && !known) {
                let room = window.presence.get(lead).and_then(|presence| presence.room.as_ref());
                let gone = Gone { at: self.at, how, why: why.cloned() };
                let gone = say::presence::how_gone(lead, &[], room, &gone);
                let text = say::presence::lead_gone_before_start(self.prefix(), window, &gone);
                self.broadcast(window, &text);
            }
            // The step waits for somebody who is not there: whoever leads tests, or takes it back.
            if let (Some(patch), Some(lead)) = (untested, &window.lead) {
                let text = say::run::verify_for(self.settings, patch);
                self.tell_lead(window, &lead.who, "", &text);
            }
        }
    }

    /// Those who were gone and are there again. Coming back resumes nothing: a lead is told what does.
    pub(super) fn come(&mut self, window: &'a Window, room: &RoomId, there: &[Who]) {
        let mut who = self.who_matters(window);
        who.retain(|who| there.contains(who) && window.gone(who).is_some());
        if who.is_empty() {
            return;
        }
        let back: Vec<Who> = who.iter().map(|who| (*who).clone()).collect();
        self.record(Some(window.id()), None, Event::Back { who: back.clone(), room: room.clone() });
        let mut after = window.clone();
        for who in &back {
            after.presence.entry(who.clone()).or_default().gone = None;
        }
        let held = window.holds.iter().find(|hold| matches!(hold.cause, Cause::LeadGone | Cause::RoomShut));
        // Where the link was lost, this is said as soon as it is back.
        if let (Some(hold), Some((lead, gone))) = (held, window.gone_lead())
            && back.contains(lead)
            && gone.how != Absence::LinkLost
        {
            let text = match gone.how {
                Absence::RightsOff => say::presence::rights_are_back(self.prefix(), window, hold),
                how if how.is_out_of_sight() => say::presence::i_am_back(self.prefix(), window, hold),
                _ => say::presence::lead_is_back(self.prefix(), window, hold),
            };
            self.ping(window, &[lead], &text);
        }
        for who in back.iter().filter(|who| after.is_here(who, here_from(&self.settings.timers, window))) {
            self.was_waited_for(window, &after, who);
        }
    }

    /// A room is gone for good: its open windows stop, and it is said where people still hear it.
    fn room_is_shut(&mut self, room: &RoomId, why: &str, next: Option<&str>) {
        let reason = say::presence::out_of(room, why);
        for window in self.windows_in(room).into_iter().filter(|window| window.is_on()) {
            let is_same = |hold: &Hold| {
                hold.cause == Cause::RoomShut && hold.reason.as_deref() == Some(reason.as_str())
            };
            if window.holds.iter().any(is_same) {
                continue;
            }
            let hold = window.next_hold;
            let event = Event::Held { hold, reason: Some(reason.clone()), cause: Cause::RoomShut };
            self.record(Some(window.id()), None, event);
            let text = say::presence::room_shut(self.prefix(), window, hold, &reason, next);
            let lead = window.lead.as_ref().map(|lead| lead.who.clone());
            let text = match &lead {
                Some(lead) => format!("{}: {text}", say::short_name(lead)),
                None => text,
            };
            self.say_in_rooms(window, lead.into_iter().collect(), &text, Some(room));
        }
    }

    /// The lead is gone while something moves or waits: everything stops, and any deployer may take over.
    pub(in super::super) fn lead_is_gone(&mut self, window: &Window) {
        let Some((lead, gone)) = window.gone_lead() else { return };
        let hold = window.next_hold;
        let room = window.presence.get(lead).and_then(|presence| presence.room.as_ref());
        let with = |who: &&Who| *who != lead && window.gone(who).is_some_and(|other| other.how == gone.how);
        let others: Vec<&Who> = owners(window).into_iter().filter(with).collect();
        let reason = say::presence::how_gone(lead, &others, room, &gone);
        let event = Event::Held { hold, reason: Some(reason.clone()), cause: Cause::LeadGone };
        self.record(Some(window.id()), None, event);
        let text = say::presence::lead_gone(self.prefix(), window, hold, &reason);
        self.ping_others(window, lead, &text);
    }

    /// Where things stand now that the bot is back, and who must notice it: whoever the window waits for.
    pub(super) fn back_in(&self, window: &Window) -> (Vec<Who>, String) {
        let held = window.holds.iter().find(|hold| hold.cause == Cause::LeadGone);
        let text = match (held, window.gone_lead()) {
            (Some(hold), Some((_, gone))) if gone.how == Absence::LinkLost => {
                say::presence::i_am_back(self.prefix(), window, hold)
            }
            _ => {
                let stands = say::window::where_things_stand(self.settings, self.state, window, self.at);
                say::presence::back_with(&stands)
            }
        };
        let mut who: Vec<Who> = self.waited_for(window).into_iter().cloned().collect();
        // Whose patch it is may see on the hosts what nobody here knows.
        let is_unknown = |patch: &&Patch| patch.current().is_some_and(|(_, step)| step.is_unknown());
        let moving = window.moving().filter(|_| window.rollback.is_none()).filter(is_unknown);
        who.extend(moving.map(|patch| patch.owner().clone()).filter(|owner| !who.contains(owner)));
        let text = if who.is_empty() { text } else { format!("{}: {text}", say::names(&who)) };
        (who, text)
    }

    /// Whom a window that is on waits for, where that is one person: its lead, or the owner who tests.
    fn waited_for<'w>(&self, window: &'w Window) -> Option<&'w Who> {
        let lead = window.lead.as_ref().map(|lead| &lead.who);
        if !window.holds.is_empty() || window.rollback.is_some() || !window.is_running() {
            return lead;
        }
        let Some(patch) = window.moving() else {
            return lead.filter(|_| window.waiting().next().is_some());
        };
        match patch.current() {
            Some((_, step)) if step.failed.is_some() => lead,
            Some((_, step)) if step.act == Act::Verify && !self.lead_tests(window, patch) => {
                Some(patch.owner())
            }
            Some((_, step)) if matches!(step.act, Act::Watch { .. }) => None,
            _ => lead,
        }
    }

    /// Says something that every deployer but this one must notice, as far as they are known to be there.
    pub(in super::super) fn ping_others(&mut self, window: &Window, lead: &Who, text: &str) {
        let mut who = self.people_with(Standing::Deployer);
        who.retain(|deployer| deployer != lead && window.gone(deployer).is_none());
        let names = say::names(&who);
        let text = if names.is_empty() { text.to_owned() } else { format!("{names}: {text}") };
        self.ping_within(window, who, &text);
    }

    /// Notes who is heard, where that changes what is believed: a lead at most once a minute, or in another room, or
    /// after having gone; an owner in another room, or after having gone.
    pub(super) fn note_who_is_heard(&mut self) {
        let Some(who) = self.who.clone() else { return };
        for window in self.state.windows.values() {
            if !self.is_here(&window.occurrence.rooms) || !self.who_matters(window).contains(&&who) {
                continue;
            }
            let presence = window.presence.get(&who);
            let known = presence.and_then(|presence| presence.room.as_ref());
            let elsewhere = self.by.room.is_some() && known != self.by.room.as_ref();
            let returned = window.gone(&who).is_some();
            let lead = window.lead.as_ref().filter(|lead| lead.who == who);
            match lead {
                Some(lead) => {
                    let silent = self.at - lead.heard >= chrono::TimeDelta::minutes(1);
                    let open = self.open_window().is_some_and(|open| open.id() == window.id());
                    if returned || elsewhere || (silent && open) {
                        self.record(Some(window.id()), None, Event::LeadSpoke);
                    }
                }
                None if returned || (elsewhere && known.is_some()) => {
                    self.record(Some(window.id()), None, Event::OwnerSpoke);
                }
                None => {}
            }
        }
    }
}
