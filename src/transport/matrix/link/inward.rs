//! On the way in: what is known when a connection begins, what comes after, and what of it the engine is to hear.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use chrono::{DateTime, TimeDelta};

use crate::engine::say::room as words;
use crate::engine::{Attendance, Departure, Input, Line, LinkChange};
use crate::store::StoreError;
use crate::store::inbox::{Event, Seal};
use crate::transport::flood::Verdict;

use super::super::hear::{Heard, Scene, name, said_ago};
use super::super::server::{Batch, Look};
use super::{Chore, Link, now};

/// So many events are handed on at once.
const AT_ONCE: usize = 256;

/// What cannot be decrypted is kept for so long, and who said it is named so often, in milliseconds.
const LOCKED: i64 = 600_000;
const UNREADABLE: i64 = 3_600_000;
/// So much of an event's id is shown.
const LONGEST_ID: usize = 255;

/// What is kept about a room in the inbox.
const ENCRYPTED: &str = "encrypted";
const REPLACED: &str = "replaced";

impl<H: Fn(Vec<Input>, Option<i64>) -> bool, T: Fn(&str)> Link<H, T> {
    /// A connection begins: how things stand, who is where, and what is to be done about it.
    pub(super) fn begin(&mut self, look: Look) -> Result<(), StoreError> {
        // What was said before the bot was ever here was not said to it. And nobody is told that it is back where it could
        // not store what it hears.
        let place = self.inbox.place()?.unwrap_or(look.next);
        self.inbox.take(&[], &place, self.now())?;
        let mut inputs = vec![self.link(LinkChange::Up { read_only: None })];
        self.is_down = false;
        self.encrypted.clear();
        self.inside.clear();
        self.there.clear();
        for room in &self.settings.rooms {
            if self.inbox.was_told(room, ENCRYPTED)? {
                self.encrypted.insert(room.clone());
            }
        }
        let mut closed = Vec::new();
        for (room, state) in look.joined {
            if !self.settings.rooms.contains(&room) {
                continue;
            }
            let mut there = BTreeSet::new();
            let mut replaced = None;
            for event in &state {
                match self.heard(event, &room, Seal::Clear, TimeDelta::zero()) {
                    Some(Heard::Encrypted) => self.now_encrypted(&room)?,
                    Some(Heard::Came(user)) => {
                        there.insert(user);
                    }
                    Some(Heard::Left { user, .. }) => {
                        there.remove(&user);
                    }
                    Some(Heard::Replaced(next)) => replaced = Some(next),
                    _ => {}
                }
            }
            if replaced.is_none() {
                self.shut.remove(&room);
            }
            closed.extend(replaced.map(|next| (room.clone(), next)));
            self.inside.insert(room.clone());
            self.there.insert(room.clone(), there);
            inputs.push(self.roster(&room));
        }
        let invited: Vec<&str> = look.invites.iter().map(|invite| invite.room.as_str()).collect();
        // Where nobody has invited it, it can only try.
        let out = |room: &&String| !self.inside.contains(*room) && !invited.contains(&room.as_str());
        self.joining = self.settings.rooms.iter().filter(out).cloned().collect();
        self.chores = self.joining.iter().cloned().map(Chore::Join).collect();
        look.invites.iter().for_each(|invite| self.answer(invite));
        self.hand_on(inputs, None);
        closed.into_iter().try_for_each(|(room, next)| self.replaced(&room, next))
    }

    /// The server does not know where reading ended, as after a restore of its database: it begins anew, and says so.
    pub(super) fn begin_anew(&mut self) -> Result<(), StoreError> {
        self.inbox.lose_place()?;
        let rooms: Vec<String> = self.inside.iter().cloned().collect();
        rooms.iter().for_each(|room| self.say(room, &words::lost_place()));
        Ok(())
    }

    /// Stores what has come.
    pub(super) fn take(&mut self, batch: Batch) -> Result<(), StoreError> {
        let now = self.now();
        for ((room, event), number) in batch.numbers.into_iter().flatten() {
            self.inbox.number(&room, &event, number)?;
        }
        self.inbox.take(&batch.events, &batch.next, now)?;
        self.inbox.forget(now)?;
        let given_up = self.inbox.give_up(now - LOCKED)?;
        if !given_up.is_empty() {
            let count = given_up.len();
            (self.tell)(&format!("matrix: {count} encrypted messages cannot be read: no key came for them"));
        }
        for event in given_up {
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
        batch.invites.iter().for_each(|invite| self.answer(invite));
        if std::mem::replace(&mut self.is_down, false) {
            // Whoever was out of sight meanwhile is in sight again.
            let mut inputs = vec![self.link(LinkChange::Up { read_only: None })];
            inputs.extend(self.inside.iter().map(|room| self.roster(room)));
            self.hand_on(inputs, None);
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
                if let Heard::Line(line) | Heard::Late(line) | Heard::Unproven(line, _) = &heard
                    && event.seq <= self.left
                {
                    unanswered.push(line.clone());
                }
                match heard {
                    Heard::Late(line) => late.push(line),
                    Heard::Line(line) => inputs.extend(self.in_measure(&event, line)),
                    Heard::Unproven(line, doubt) => {
                        let unproven = |input| match input {
                            Input::Line(line) => Input::Unproven(line, doubt),
                            other => other,
                        };
                        inputs.extend(self.in_measure(&event, line).map(unproven));
                    }
                    other => {
                        let input = self.amounts_to(&event.room, other)?;
                        let input = input.and_then(|input| self.gesture_in_measure(&event, input));
                        if let Some(Input::Nod(nod)) = &input
                            && event.seq <= self.left
                        {
                            unanswered.push(nod.line.clone());
                        }
                        inputs.extend(input);
                    }
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

    /// A line of somebody who says no more than people type. It counts when it was said: what waited here or in a gap of
    /// the connection comes all at once.
    fn in_measure(&mut self, event: &Event, line: Line) -> Option<Input> {
        let waited = TimeDelta::milliseconds(self.now() - event.at);
        let ago =
            said_ago(&event.text, self.scene(&event.room, event.seal, waited)).to_std().unwrap_or_default();
        let said = now().checked_sub(ago).unwrap_or_else(now);
        // Behind a bridge nobody has an account, and each puppet a name of its own.
        let speaker = line.account.clone().unwrap_or_else(|| format!("?{}", line.nick));
        match self.flood.count(speaker, said) {
            Verdict::Read => Some(Input::Line(line)),
            Verdict::Told => Some(Input::Flood(line)),
            Verdict::Dropped => None,
        }
    }

    /// The same of what people do to messages instead of saying something.
    fn gesture_in_measure(&mut self, event: &Event, input: Input) -> Option<Input> {
        let line = match &input {
            Input::Edited(edited) => edited.line.clone(),
            Input::Nod(nod) => nod.line.clone(),
            _ => return Some(input),
        };
        match self.in_measure(event, line)? {
            Input::Line(_) => Some(input),
            told => Some(told),
        }
    }

    /// Reads an event; one that nobody can read without a fault is put aside, and the others go on.
    fn read(&mut self, event: &Event) -> Result<Heard, StoreError> {
        let waited = TimeDelta::milliseconds(self.now() - event.at);
        if let Some(heard) = self.heard(&event.text, &event.room, event.seal, waited) {
            return Ok(heard);
        }
        self.inbox.quarantine(event.seq)?;
        let (network, Event { room, id, .. }) = (&self.settings.network, event);
        // Never its text, which may be anything; an id is the server's to choose, too.
        let id: String = id.chars().filter(|c| !c.is_control()).take(LONGEST_ID).collect();
        (self.tell)(&format!("{network}: an event in {room} cannot be read and is put aside: {id}"));
        Ok(Heard::Nothing)
    }

    fn heard(&self, event: &str, room: &str, seal: Seal, waited: TimeDelta) -> Option<Heard> {
        let scene = self.scene(room, seal, waited);
        catch_unwind(AssertUnwindSafe(|| (self.reads)(event, scene))).ok()
    }

    fn scene<'a>(&'a self, room: &'a str, seal: Seal, waited: TimeDelta) -> Scene<'a> {
        Scene {
            settings: &self.settings,
            room,
            is_encrypted: self.encrypted.contains(room),
            seal,
            waited,
            now: self.now(),
        }
    }

    /// What the engine is to hear of an event that is nobody's line.
    fn amounts_to(&mut self, room: &str, heard: Heard) -> Result<Option<Input>, StoreError> {
        let change = match heard {
            Heard::Nothing | Heard::Line(_) | Heard::Late(_) | Heard::Unproven(..) => return Ok(None),
            Heard::Edited { line, of } => return self.edited(room, line, of),
            Heard::Nod { line, on, unfit } => return self.nod(room, line, &on, unfit),
            Heard::Redacted(event) => {
                self.inbox.taken_away(room, &event)?;
                return Ok(None);
            }
            Heard::Encrypted => {
                self.now_encrypted(room)?;
                return Ok(None);
            }
            Heard::Unreadable(user) => {
                self.unreadable(room, &user)?;
                return Ok(None);
            }
            Heard::Joined => {
                // Who was there all the time does not come again.
                let is_new = self.inside.insert(room.to_owned());
                self.shut.remove(room);
                return Ok(is_new.then(|| self.roster(room)));
            }
            Heard::Came(user) => {
                self.there.entry(room.to_owned()).or_default().insert(user.clone());
                Attendance::Came(user)
            }
            Heard::Left { user, removed } => {
                self.there.entry(room.to_owned()).or_default().remove(&user);
                let how = if removed { Departure::Kicked } else { Departure::Left };
                Attendance::Left { account: user, how }
            }
            Heard::Out { by, banned } => {
                self.inside.remove(room);
                if !self.shut.insert(room.to_owned()) {
                    return Ok(None);
                }
                Attendance::Shut { why: words::removed(by.as_deref(), banned), next: None }
            }
            Heard::Replaced(next) => {
                self.replaced(room, next)?;
                return Ok(None);
            }
        };
        Ok(Some(self.presence(room, change)))
    }

    /// Everybody in a room.
    fn roster(&self, room: &str) -> Input {
        let there = self.there.get(room).into_iter().flatten().cloned().collect();
        self.presence(room, Attendance::Roster(there))
    }

    /// Says that somebody cannot be read, once in a while for each of them.
    fn unreadable(&mut self, room: &str, user: &str) -> Result<(), StoreError> {
        let what = format!("unreadable {user}");
        if self.inbox.tell_again(room, &what, UNREADABLE, self.now())? {
            self.say(room, &words::unreadable(&name(user, &self.settings.user)));
        }
        Ok(())
    }

    /// A room was closed. It is never followed: at the most its successor is named, where that says the same.
    fn replaced(&mut self, room: &str, next: Option<String>) -> Result<(), StoreError> {
        if self.inbox.tell_once(room, REPLACED)? {
            self.say(room, &words::replaced());
        }
        match next {
            Some(next) => self.chores.push_front(Chore::Compare(room.to_owned(), next)),
            None => self.close(room, words::was_replaced(), None),
        }
        Ok(())
    }

    fn now_encrypted(&mut self, room: &str) -> Result<(), StoreError> {
        // No event makes a room clear again.
        self.inbox.tell_once(room, ENCRYPTED)?;
        self.encrypted.insert(room.to_owned());
        self.tell_of_keys();
        Ok(())
    }
}
