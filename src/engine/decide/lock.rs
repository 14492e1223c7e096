//! One production, several windows: the window with something in motion holds the lock of its target, and a manager can take
//! it from it.

use super::super::event::{Cause, Event};
use super::super::id::Who;
use super::super::say::{self, Refusal, no};
use super::super::settings::{PRODUCTION, Settings};
use super::super::window::Window;
use super::Turn;
use super::ran::running_forward;

/// What a window deploys to. One that the configuration does not know deploys to production.
fn target<'a>(settings: &'a Settings, window: &Window) -> &'a str {
    settings.window(&window.id().window).map_or(PRODUCTION, |known| known.target.as_str())
}

impl<'a> Turn<'a> {
    /// The other windows of the same target that have something in motion, and were not robbed of the lock.
    pub(super) fn lock_holders(&self, window: &Window) -> impl Iterator<Item = &'a Window> {
        let target = target(self.settings, window).to_owned();
        let id = window.id().clone();
        let settings = self.settings;
        self.state.windows.values().filter(move |other| {
            let moves = other.motion.is_some() || other.rollback.is_some();
            *other.id() != id && moves && !other.robbed && self::target(settings, other) == target
        })
    }

    /// A window that was robbed of the lock waits until nobody else has it.
    pub(super) fn may_pass_lock(&self, window: &Window) -> Result<(), Refusal> {
        match self.lock_holders(window).next() {
            Some(holder) if window.robbed => {
                Err(no::locked(self.prefix(), target(self.settings, window), window, holder))
            }
            _ => Ok(()),
        }
    }

    /// The refusal that names who holds the lock.
    pub(super) fn locked_by(&self, window: &Window) -> Option<Refusal> {
        let holder = self.lock_holders(window).next()?;
        Some(no::locked(self.prefix(), target(self.settings, window), window, holder))
    }

    /// `steal W REASON`: the window is held, and others of its target may go on.
    pub(super) fn steal(&mut self, word: &str, reason: &str) -> Result<(), Refusal> {
        self.may("steal", None, None)?;
        let named = |window: &&Window| window.id().to_string() == word || window.id().window == word;
        let on = self.state.windows.values().filter(|window| window.is_on());
        let holders = on.filter(|window| window.motion.is_some() || window.rollback.is_some());
        let window = holders.clone().find(named);
        let holders: Vec<&Window> = holders.collect();
        let window = window.ok_or_else(|| no::no_lock(self.prefix(), word, &holders))?;
        if window.robbed {
            self.answer(&format!("already so, {} does not hold the lock", window.id()));
            return Ok(());
        }
        // A command that is at work would go on beside what the others start.
        if let (Some((step, _)), Some(patch)) = (running_forward(window), window.moving()) {
            return Err(no::is_running(self.prefix(), &format!("step {step}"), patch));
        }
        self.record(Some(window.id()), window.motion, Event::LockStolen { reason: reason.to_owned() });
        let hold = window.next_hold;
        let why = format!("the lock was taken: {reason}");
        self.record(Some(window.id()), None, Event::Held { hold, reason: Some(why), cause: Cause::Said });
        self.about = None;
        let text = say::window::lock_stolen(self.prefix(), window, &self.name, reason, hold);
        let others = self.lock_waiters(window);
        let mut who: Vec<Who> = window.lead.iter().map(|lead| lead.who.clone()).collect();
        who.extend(others);
        who.retain(|who| Some(who) != self.who.as_ref());
        who.dedup();
        self.answer(&say::window::lock_taken(self.prefix(), window, hold));
        self.ping(window, &who.iter().collect::<Vec<_>>(), &text);
        Ok(())
    }

    fn lock_waiters(&self, window: &Window) -> Vec<Who> {
        let target = target(self.settings, window);
        let others = self.state.windows.values().filter(|other| {
            other.id() != window.id() && other.is_on() && self::target(self.settings, other) == target
        });
        others.filter_map(|other| other.lead.as_ref()).map(|lead| lead.who.clone()).collect()
    }
}
