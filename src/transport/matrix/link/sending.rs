//! On the way out: which message is next, and what becomes of it. What keeps one room waiting keeps no other.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::engine::Input;
use crate::engine::say::room as words;
use crate::store::StoreError;
use crate::store::inbox::Outgoing;

use super::super::server::Trouble;
use super::talk::REACTION;
use super::{End, LONGEST_PAUSE, LONGEST_WAIT, Link, now, pause};

/// An answer about how things stand is worth nothing after this, in milliseconds.
const STATUS_LATE: i64 = 30_000;
/// A ✅ or a card follows the last words after this: a homeserver that is busy with it tells nobody of them meanwhile.
const READ_BY_THEN: Duration = Duration::from_millis(100);
/// Where the talk does not pause, it waits no longer than this, in milliseconds.
const EXTRA_LATE: i64 = 5_000;
/// What the bot itself does not know yet is known after about that.
const SOON: Duration = Duration::from_millis(200);
/// After so many failures in one room the operator is told: that is half a minute.
const LONG: u32 = 6;

/// When messages go out.
#[derive(Default)]
pub(super) struct Pace {
    /// Nothing goes out before this.
    all: Option<Instant>,
    /// Before this, only words go out.
    words: Option<Instant>,
    /// In these rooms nothing went out so many times, and is tried again then.
    rooms: BTreeMap<String, (u32, Instant)>,
    /// Sending this one broke the library once.
    broke: Option<i64>,
}

impl Pace {
    /// When the next message may go out, where that is not now: for all rooms, or for one that waits.
    pub(super) fn next(&self) -> Option<Instant> {
        let later = |at: &Instant| *at > now();
        match self.all.filter(later) {
            Some(all) => Some(all),
            None => self.rooms.values().map(|(_, at)| *at).chain(self.words).filter(later).min(),
        }
    }
}

impl<H: Fn(Vec<Input>, Option<i64>) -> bool, T: Fn(&str)> Link<H, T> {
    /// What goes out next, in the order of each room; how things stood a while ago does not.
    pub(super) fn next_out(&mut self) -> Result<Option<Outgoing>, StoreError> {
        if self.pace.all.is_some_and(|at| at > now()) {
            return Ok(None);
        }
        let waits = self.pace.rooms.iter().filter(|(_, (_, at))| *at > now()).map(|(room, _)| room.clone());
        // Where it is about to go in, a message would come too early, and count as forbidden for good.
        let but: Vec<String> = waits.chain(self.joining.iter().cloned()).collect();
        let but: Vec<&str> = but.iter().map(String::as_str).collect();
        let only_words = self.pace.words.is_some_and(|at| at > now());
        while let Some(out) = self.inbox.first_beside(&but)? {
            if out.is_extra && only_words && self.now() - out.at < EXTRA_LATE {
                return Ok(None);
            }
            if !out.is_status || self.now() - out.at <= STATUS_LATE {
                return self.referring(out).map(Some);
            }
            self.inbox.said(out.id)?;
        }
        Ok(None)
    }

    /// A message was sent, or was not. Gives how the connection ends, where it does.
    pub(super) fn sent(
        &mut self,
        out: &Outgoing,
        sent: Result<String, Trouble>,
    ) -> Result<Option<End>, StoreError> {
        match sent {
            Ok(event) => {
                self.pace.rooms.remove(&out.room);
                if !out.is_extra {
                    self.pace.words = Some(now() + READ_BY_THEN);
                }
                self.inbox.posted(out.id, &event, self.now())?;
                self.shut.remove(&out.room);
            }
            // Who is told to be slower is told so for everything.
            Err(Trouble::Later(_, Some(after))) => self.pace.all = Some(now() + after.min(LONGEST_WAIT)),
            Err(Trouble::Later(why, None)) => self.wait_in(&out.room, &why, pause),
            Err(Trouble::Unready(why)) => {
                let soon = |failed: u32| (SOON * (1 << (failed - 1).min(9))).min(LONGEST_PAUSE);
                self.wait_in(&out.room, &why, soon);
            }
            Err(Trouble::Forbidden(why)) => {
                self.inbox.said(out.id)?;
                // A room where it may only not react is as good as any other.
                if out.kind != REACTION {
                    self.close(&out.room, words::forbidden(&why), None);
                }
            }
            // What it refers to may be what the server does not like, and the words matter more.
            Err(Trouble::Refused(why)) if !self.inbox.loosen(out.id)? => self.leave_out(out, &why)?,
            Err(Trouble::Refused(_)) => {}
            Err(Trouble::Torn(why)) if self.pace.broke == Some(out.id) => self.leave_out(out, &why)?,
            Err(trouble) => {
                self.pace.broke = Some(out.id);
                return Ok(Some(self.end(trouble)));
            }
        }
        Ok(None)
    }

    /// A message will never be said.
    fn leave_out(&mut self, out: &Outgoing, why: &str) -> Result<(), StoreError> {
        self.inbox.said(out.id)?;
        // A reaction that is there already is as good as a new one.
        if out.kind != REACTION {
            let (network, room) = (&self.settings.network, &out.room);
            (self.tell)(&format!("{network}: a message to {room} is refused and left out: {why}"));
        }
        Ok(())
    }

    /// Nothing more goes out into a room for a while.
    fn wait_in(&mut self, room: &str, why: &str, pause: impl Fn(u32) -> Duration) {
        let (failed, at) = self.pace.rooms.entry(room.to_owned()).or_insert((0, now()));
        *failed += 1;
        *at = now() + pause(*failed);
        if *failed == LONG && !self.is_down {
            let network = &self.settings.network;
            (self.tell)(&format!("{network}: what I say in {room} waits, and is tried again: {why}"));
        }
    }
}
