//! On the way in: what is known when a connection begins, what comes after, and what of it the engine is to hear.

use std::collections::{BTreeSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};

use chrono::{DateTime, TimeDelta};

use crate::engine::say::room as words;
use crate::engine::{Attendance, Departure, Input, LinkChange};
use crate::store::StoreError;
use crate::store::inbox::{Event, Seal};

use super::super::hear::{Heard, Scene, hear, name};
use super::super::server::{Batch, Invite, Look};
use super::{Chore, Link};

/// So many events are handed on at once.
const AT_ONCE: usize = 256;

/// What cannot be decrypted is kept for so long, and who said it is named so often, in milliseconds.
const LOCKED: i64 = 600_000;
const UNREADABLE: i64 = 3_600_000;

/// What is kept about a room in the inbox.
const ENCRYPTED: &str = "encrypted";
const REPLACED: &str = "replaced";

impl<H: Fn(Vec<Input>, Option<i64>) -> bool, T: Fn(&str)> Link<H, T> {
    /// A connection begins: how things stand, who is where, and what is to be done about it.
    pub(super) fn begin(&mut self, look: Look) -> Result<VecDeque<Chore>, StoreError> {
        if self.inbox.place()?.is_none() {
            // What was said before the bot was ever here was not said to it.
            self.inbox.take(&[], &look.next, self.now())?;
        }
        let mut inputs = vec![self.link(LinkChange::Up { read_only: None })];
        self.is_down = false;
        self.encrypted.clear();
        self.inside.clear();
        for room in &self.settings.rooms {
            if self.inbox.was_told(room, ENCRYPTED)? {
                self.encrypted.insert(room.clone());
            }
        }
        for (room, state) in look.joined {
            if !self.settings.rooms.contains(&room) {
                continue;
            }
            let mut there = BTreeSet::new();
            for event in &state {
                match self.heard(event, &room, Seal::Clear, TimeDelta::zero()) {
                    Some(Heard::Encrypted) => self.now_encrypted(&room)?,
                    Some(Heard::Came(user)) => {
                        there.insert(user);
                    }
                    Some(Heard::Left { user, .. }) => {
                        there.remove(&user);
                    }
                    _ => {}
                }
            }
            inputs.push(self.presence(&room, Attendance::Roster(there.into_iter().collect())));
            self.inside.insert(room);
        }
        let invited: Vec<&str> = look.invites.iter().map(|invite| invite.room.as_str()).collect();
        // Where nobody has invited it, it can only try.
        let out = |room: &&String| !self.inside.contains(*room) && !invited.contains(&room.as_str());
        let mut chores: VecDeque<Chore> =
            self.settings.rooms.iter().filter(out).map(|room| Chore::Join(room.clone())).collect();
        chores.extend(look.invites.iter().map(|invite| self.answer(invite)));
        self.hand_on(inputs, None);
        Ok(chores)
    }

    /// An invitation is taken where both the room and whoever invites are in the configuration.
    fn answer(&self, invite: &Invite) -> Chore {
        let listed = self.settings.rooms.contains(&invite.room)
            && invite.by.as_ref().is_some_and(|by| self.settings.inviters.contains(by));
        if listed { Chore::Join(invite.room.clone()) } else { Chore::Refuse(invite.room.clone()) }
    }

    /// Stores what has come.
    pub(super) fn take(&mut self, batch: Batch, chores: &mut VecDeque<Chore>) -> Result<(), StoreError> {
        let now = self.now();
        self.inbox.take(&batch.events, &batch.next, now)?;
        for event in self.inbox.give_up(now - LOCKED)? {
            if let Some(Heard::Unreadable(user)) =
                self.heard(&event.text, &event.room, event.seal, TimeDelta::zero())
            {
                self.unreadable(&event.room, &user)?;
            }
        }
        for (room, read, oldest) in batch.gaps {
            let from = oldest.and_then(|sent| DateTime::from_timestamp_millis(sent as i64));
            self.say(&room, &words::gap(read, from));
        }
        chores.extend(batch.invites.iter().map(|invite| self.answer(invite)));
        if std::mem::replace(&mut self.is_down, false) {
            self.tell(LinkChange::Up { read_only: None });
        }
        Ok(())
    }

    /// Hands on what waits in the inbox. Whoever is about to leave takes nothing more: it would not be answered.
    pub(super) fn read_on(&mut self) -> Result<(), StoreError> {
        while self.leave.is_none() && !self.is_down {
            let events = self.inbox.waiting(self.read, AT_ONCE)?;
            let Some(last) = events.last().map(|event| event.seq) else { break };
            let mut late = Vec::new();
            let mut inputs = Vec::new();
            let mut unanswered = Vec::new();
            for event in events {
                let heard = self.read(&event)?;
                if let Heard::Line(line) | Heard::Late(line) = &heard
                    && event.seq <= self.left
                {
                    unanswered.push(line.clone());
                }
                match heard {
                    Heard::Late(line) => late.push(line),
                    Heard::Line(line) => inputs.push(Input::Line(line)),
                    Heard::Unproven(line, doubt) => inputs.push(Input::Unproven(line, doubt)),
                    other => inputs.extend(self.amounts_to(&event.room, other)?),
                }
            }
            // They are older than all the others.
            if !late.is_empty() {
                inputs.insert(0, Input::Late(late));
            }
            if !unanswered.is_empty() {
                inputs.insert(0, Input::Unanswered(unanswered));
            }
            self.read = last;
            self.hand_on(inputs, Some(last));
        }
        Ok(())
    }

    /// Reads an event; one that nobody can read without a fault is put aside, and the others go on.
    fn read(&mut self, event: &Event) -> Result<Heard, StoreError> {
        let waited = TimeDelta::milliseconds(self.now() - event.at);
        if let Some(heard) = self.heard(&event.text, &event.room, event.seal, waited) {
            return Ok(heard);
        }
        self.inbox.quarantine(event.seq)?;
        Ok(Heard::Nothing)
    }

    fn heard(&self, event: &str, room: &str, seal: Seal, waited: TimeDelta) -> Option<Heard> {
        let scene = Scene {
            settings: &self.settings,
            room,
            is_encrypted: self.encrypted.contains(room),
            seal,
            waited,
            now: self.now(),
        };
        catch_unwind(AssertUnwindSafe(|| hear(event, scene))).ok()
    }

    /// What the engine is to hear of an event that is nobody's line.
    fn amounts_to(&mut self, room: &str, heard: Heard) -> Result<Option<Input>, StoreError> {
        let change = match heard {
            Heard::Nothing | Heard::Line(_) | Heard::Late(_) | Heard::Unproven(..) => return Ok(None),
            Heard::Encrypted => {
                self.now_encrypted(room)?;
                return Ok(None);
            }
            Heard::Unreadable(user) => {
                self.unreadable(room, &user)?;
                return Ok(None);
            }
            Heard::Joined => {
                self.inside.insert(room.to_owned());
                return Ok(None);
            }
            Heard::Came(user) => Attendance::Came(user),
            Heard::Left { user, removed } => {
                let how = if removed { Departure::Kicked } else { Departure::Left };
                Attendance::Left { account: user, how }
            }
            Heard::Out { by, banned } => {
                self.inside.remove(room);
                Attendance::Closed(words::removed(by.as_deref(), banned))
            }
            Heard::Replaced => {
                if self.inbox.tell_once(room, REPLACED)? {
                    self.say(room, &words::replaced());
                }
                Attendance::Closed(words::was_replaced())
            }
        };
        Ok(Some(self.presence(room, change)))
    }

    /// Says that somebody cannot be read, once in a while for each of them.
    fn unreadable(&mut self, room: &str, user: &str) -> Result<(), StoreError> {
        let what = format!("unreadable {user}");
        if self.inbox.tell_again(room, &what, UNREADABLE, self.now())? {
            self.say(room, &words::unreadable(&name(user, &self.settings.user)));
        }
        Ok(())
    }

    fn now_encrypted(&mut self, room: &str) -> Result<(), StoreError> {
        // No event makes a room clear again.
        self.inbox.tell_once(room, ENCRYPTED)?;
        self.encrypted.insert(room.to_owned());
        Ok(())
    }
}
