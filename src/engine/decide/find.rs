//! Which occurrence and which patch somebody means, from where they speak.

use super::super::command::Target;
use super::super::id::{ChangeNumber, RoomId};
use super::super::order;
use super::super::patch::{Patch, Stage};
use super::super::say::{Refusal, no};
use super::super::window::Window;
use super::Turn;

impl<'a> Turn<'a> {
    /// The rooms whose windows this turn may speak of: the room it happens in, or all of them in private.
    pub(super) fn is_here(&self, rooms: &[RoomId]) -> bool {
        match &self.by.room {
            Some(room) => rooms.contains(room),
            None => true,
        }
    }

    /// The occurrence that is on in this room. Where one runs over into the next, it is the speaker's own, else the one
    /// in which something moves, else the later one.
    pub(super) fn open_window(&self) -> Option<&'a Window> {
        let on = |window: &&Window| window.is_on() && self.is_here(&window.occurrence.rooms);
        self.state.windows.values().filter(on).max_by_key(|window| {
            let own = self.who.as_ref().is_some_and(|who| window.led_by(who));
            (own, window.motion.is_some() || window.rollback.is_some(), window.occurrence.starts)
        })
    }

    pub(super) fn window_on(&self) -> Result<&'a Window, Refusal> {
        self.open_window().ok_or_else(|| no::no_window(self.prefix()))
    }

    /// The occurrence in which something moves in this room, whoever speaks: what stops and what goes back is about that.
    pub(super) fn moving_window(&self) -> Option<&'a Window> {
        let on = |window: &&Window| window.is_on() && self.is_here(&window.occurrence.rooms);
        let moves = |window: &&Window| window.rollback.is_some() || window.motion.is_some();
        let moving = self.state.windows.values().filter(on).filter(moves);
        moving.max_by_key(|window| window.rollback.is_some()).or_else(|| self.open_window())
    }

    /// The patch that is meant, and its window.
    pub(super) fn find(&self, target: Target) -> Result<(&'a Window, &'a Patch), Refusal> {
        let found = match target {
            Target::Change(change) => {
                let window =
                    self.state.window_of(change).filter(|window| self.is_here(&window.occurrence.rooms));
                window.and_then(|window| window.patch(change).map(|patch| (window, patch)))
            }
            Target::Ticket(ticket) => {
                let window = self.open_window().or_else(|| self.next_planned());
                window.and_then(|window| {
                    window.patches.iter().find(|patch| patch.ticket == ticket).map(|patch| (window, patch))
                })
            }
        };
        let lately = self.state.lately.iter().filter(|window| self.is_here(&window.occurrence.rooms));
        let went_out =
            |change: ChangeNumber| lately.clone().rev().find(|window| window.patch(change).is_some());
        let asked = |change: ChangeNumber| self.state.offers.iter().any(|offer| offer.change == change);
        found.ok_or_else(|| match target {
            Target::Change(change) if asked(change) => no::looking_up(change),
            Target::Change(change) => match went_out(change) {
                Some(window) => no::went_out_lately(self.prefix(), change, window.id()),
                None => no::unknown_patch(self.prefix(), &change.to_string()),
            },
            Target::Ticket(ticket) => no::unknown_patch(self.prefix(), &format!("#{ticket}")),
        })
    }

    /// The next occurrence that somebody has spoken of.
    pub(super) fn next_planned(&self) -> Option<&'a Window> {
        let planned = |window: &&Window| !window.is_on() && self.is_here(&window.occurrence.rooms);
        self.state.windows.values().filter(planned).min_by_key(|window| window.occurrence.starts)
    }

    /// The patch that a verb without N means: the one in motion, and only from its owner or the lead (§4a.2).
    pub(super) fn in_motion(&self, verb: &str) -> Result<(&'a Window, &'a Patch), Refusal> {
        let window = self.moving_window().ok_or_else(|| no::name_one(self.prefix(), verb))?;
        let next = || {
            order::running_order(self.state, window)
                .into_iter()
                .find_map(|change| window.patch(change).filter(|patch| matches!(patch.stage, Stage::Queued)))
        };
        let patch = window.moving().ok_or_else(|| no::nothing_moves(self.prefix(), next()))?;
        let theirs = self.who.as_ref().is_some_and(|who| window.led_by(who) || patch.owner() == who);
        if theirs { Ok((window, patch)) } else { Err(no::name_it(self.prefix(), verb, patch)) }
    }

    pub(super) fn find_or_in_motion(
        &self,
        verb: &str,
        target: Option<Target>,
    ) -> Result<(&'a Window, &'a Patch), Refusal> {
        match target {
            Some(target) => self.find(target),
            None => self.in_motion(verb),
        }
    }
}
