//! A message that was changed, which says nothing; a ✅ on a question, which says what the question offered; and which
//! commands get a ✅ from the bot.

use super::super::Line;
use super::super::command::{Verb, verb};
use super::super::event::{BOOKKEEPING, Event, Record, Went};
use super::super::gesture::{Accepted, Confirm, Nod, Says, Unfit};
use super::super::id::Who;
use super::super::patch::{Patch, Stage};
use super::super::plan::{Act, Step};
use super::super::say::{Refusal, no};
use super::super::state::Offer;
use super::super::window::Window;
use super::meant::{Meant, meant, others_log};
use super::{Turn, people};

/// Behind the words of a command that somebody gave by a ✅.
const BY_NOD: &str = "by ✅";

impl Turn<'_> {
    /// A changed message is never a command; whoever made one of it is told so.
    pub(super) fn edited(&mut self, line: &Line) {
        if others_log(self.settings, line).is_some() {
            return;
        }
        let verb = match meant(self.settings, line, self.open_window().is_some()) {
            Meant::Nobody => return,
            Meant::Verb { verb, .. } => verb.name,
            Meant::Refused(_) => "?",
        };
        self.refuse(verb, None, &no::edited());
    }

    /// A ✅ does what the text would have done, with the same checks, once it is sure that it is about the same.
    pub(super) fn nod(&mut self, nod: &Nod) {
        let (name, words) = nod.confirm.command();
        let Some(verb) = verb(name) else { return };
        if let Err(refusal) = self.judge_nod(nod, verb, &words) {
            let known = self.state.window_of(nod.confirm.change).map(|_| nod.confirm.change);
            self.refuse(verb.name, known, &refusal);
            return;
        }
        if let Some(window) = self.open_window() {
            people::say_who_is_here(self, window);
        }
        self.verb(verb, &format!("{words} {BY_NOD}"));
    }

    fn judge_nod(&self, nod: &Nod, verb: &Verb, words: &str) -> Result<(), Refusal> {
        let confirm = &nod.confirm;
        let command = self.command(&format!("{} {words}", verb.name));
        if nod.unfit == Some(Unfit::InClear) {
            return Err(no::nod_in_clear(&command));
        }
        let who = self.who.as_ref().ok_or_else(|| self.not_identified())?;
        if *who != confirm.who {
            return Err(no::not_asked(&confirm.who, &command));
        }
        let window = self.state.windows.get(&confirm.window).filter(|window| {
            // A step has no name but its number, so the window in which it is said must be the one.
            confirm.says == Says::Verified || self.open_window().is_some_and(|open| open.id() == window.id())
        });
        let patch = window.and_then(|window| window.patch(confirm.change));
        let Some(patch) = patch.filter(|patch| patch.stage == Stage::Moving) else {
            return Err(no::question_over(self.prefix(), confirm.change, None));
        };
        if patch.patch_set != confirm.patch_set {
            return Err(no::nod_crossed(patch, confirm.patch_set, &command));
        }
        let index = (confirm.step as usize).checked_sub(1);
        let asked =
            index.and_then(|index| patch.steps.get(index)).filter(|step| says(step) == Some(confirm.says));
        let is_current = patch.current().is_some_and(|(number, _)| number == confirm.step);
        match asked {
            // The text says who was first.
            Some(step) if step.done.is_some() => Ok(()),
            Some(_) if is_current && (nod.unfit.is_some() || self.at > confirm.until) => {
                Err(no::nod_late(confirm.until, &command))
            }
            Some(_) if is_current => Ok(()),
            _ => Err(no::question_over(self.prefix(), confirm.change, patch.current())),
        }
    }

    /// Marks what was said since there were `before` replies as a question that this person may answer with a ✅.
    pub(in super::super) fn may_nod(&mut self, window: &Window, patch: &Patch, who: &Who, before: usize) {
        let Some((number, step)) = patch.current() else { return };
        let Some(says) = says(step) else { return };
        let timers = &self.settings.timers;
        let asks_owner = says == Says::Verified && who == patch.owner();
        let time = if asks_owner { timers.verify } else { timers.lead_silent };
        let confirm = Confirm {
            who: who.clone(),
            window: window.id().clone(),
            change: patch.change,
            patch_set: patch.patch_set,
            step: number,
            says,
            until: self.at + time,
        };
        for reply in self.out.replies.iter_mut().skip(before) {
            reply.confirm = Some(confirm.clone());
        }
    }

    /// Notes that an offer was taken, with all that was offered on the same line.
    pub(in super::super) fn offer_accepted(&mut self, offer: &Offer) {
        if let (false, Some(room), Some(message)) = (offer.partly, offer.room.clone(), offer.message.clone())
        {
            self.out.accepted.push(Accepted { room, message });
        }
    }

    /// Notes that a command was taken, where all of it was, and where it is known by now.
    pub(super) fn note_accepted(&mut self) {
        let (Some(room), Some(message)) = (&self.by.room, &self.message) else { return };
        let is_whole = self.out.records.iter().all(|record| {
            // The answer to an offer may still be no.
            record.outcome == Went::Ok && !matches!(record.event, Event::Offered { .. })
        });
        let does = |record: &Record| !BOOKKEEPING.contains(&record.event.kind());
        if is_whole && self.out.records.iter().any(does) {
            self.out.accepted.push(Accepted { room: room.clone(), message: message.clone() });
        }
    }
}

/// What a ✅ on the question for this step would say.
fn says(step: &Step) -> Option<Says> {
    match step.act {
        Act::Verify => Some(Says::Verified),
        _ if step.act.is_manual() && step.run.is_none() => Some(Says::Done),
        _ => None,
    }
}
