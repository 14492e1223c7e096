//! What is to be done in rooms beside talking: going in, staying out, and whether a room that was closed has a successor.

use std::time::Duration;

use crate::engine::say::room as words;
use crate::engine::{Attendance, Input};

use super::super::server::{Invite, Server, Trouble};
use super::{Future, LONGEST_PAUSE, LONGEST_WAIT, Link, keys, whole};

/// One of them, done one after another beside everything else.
pub(super) enum Chore {
    /// Go into this room.
    Join(String),
    /// Refuse the invitation into this room.
    Refuse(String),
    /// This room was closed and says that the other one follows: ask that one.
    Compare(String, String),
    /// Look at the signature of this device, and bring it back where it is lost.
    Prove,
    /// Count the keys at the homeserver that others begin with.
    Count,
}

impl<H: Fn(Vec<Input>, Option<i64>) -> bool, T: Fn(&str)> Link<H, T> {
    /// Makes the request. Of a comparison the answer is the room that the successor says it follows.
    pub(super) fn begin_chore(
        &self,
        chore: &Chore,
        server: &Server,
    ) -> Future<Result<Option<String>, Trouble>> {
        let done: Future<Result<(), Trouble>> = match chore {
            Chore::Compare(_, next) => return whole(server.clone().predecessor(next.clone())),
            Chore::Join(room) => Box::pin(server.clone().join(room.clone())),
            Chore::Refuse(room) => Box::pin(server.clone().refuse(room.clone())),
            Chore::Prove => self.prove(server),
            Chore::Count => Box::pin(keys::count(server.clone())),
        };
        whole(async { done.await.map(|()| None) })
    }

    /// An invitation is taken where both the room and whoever invites are in the configuration. Strangers can send any
    /// number of others: those wait behind whatever else is to be done, and each is refused once.
    pub(super) fn answer(&mut self, invite: &Invite) {
        let listed = self.settings.rooms.contains(&invite.room)
            && invite.by.as_ref().is_some_and(|by| self.settings.inviters.contains(by));
        if listed {
            self.joining.insert(invite.room.clone());
            self.chores.push_front(Chore::Join(invite.room.clone()));
        } else {
            self.chores.push_back(Chore::Refuse(invite.room.clone()));
        }
    }

    /// One of them is done, or could not be; gives when the next one may follow.
    pub(super) fn worked(&mut self, chore: Chore, worked: Result<Option<String>, Trouble>) -> Duration {
        if let (Chore::Join(room), Ok(_) | Err(Trouble::Forbidden(_) | Trouble::Refused(_))) =
            (&chore, &worked)
        {
            self.joining.remove(room);
        }
        match (chore, worked) {
            (Chore::Compare(room, next), worked) => {
                let agrees = worked.is_ok_and(|before| before.as_deref() == Some(room.as_str()));
                self.close(&room, words::was_replaced(), agrees.then_some(next));
            }
            (chore, Err(Trouble::Later(_, after))) => {
                // What one server does not answer must not hold up what another would.
                self.chores.push_back(chore);
                return after.unwrap_or(LONGEST_PAUSE).min(LONGEST_WAIT);
            }
            (Chore::Join(room), Err(trouble)) => self.close(&room, words::not_let_in(&trouble.words()), None),
            (Chore::Prove, Err(trouble)) => {
                self.unsigned = Some(trouble.words());
                self.tell_of_keys();
            }
            (Chore::Count, Err(trouble)) => (self.tell)(&trouble.words()),
            // There may be nothing left to refuse.
            (Chore::Refuse(_), Err(_)) | (_, Ok(_)) => {}
        }
        Duration::ZERO
    }

    /// A room is out of reach until somebody does something: said once.
    pub(super) fn close(&mut self, room: &str, why: String, next: Option<String>) {
        if self.shut.insert(room.to_owned()) {
            self.hand_on(vec![self.presence(room, Attendance::Shut { why, next })], None);
        }
    }
}
