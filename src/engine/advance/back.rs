//! What follows of itself in a rollback: its commands one after another, and its end.

use super::super::decide::{self, Turn, running_forward};
use super::super::event::{Cause, Debt, Event};
use super::super::facts::Status;
use super::super::order;
use super::super::say;
use super::super::window::{Rollback, Window};

impl Turn<'_> {
    /// What follows for a rollback; true where something did.
    pub(super) fn follow_rollback(&mut self, window: &Window) -> bool {
        let Some(rollback) = &window.rollback else { return false };
        if rollback.current().is_some() {
            return self.run_back(window, rollback);
        }
        let changes = decide::changes_of(rollback);
        let by = say::short_name(&rollback.by).to_owned();
        self.record(Some(window.id()), None, Event::RolledBack { changes: changes.clone() });
        for change in &changes {
            let (Some(patch), Some(facts)) = (window.patch(*change), self.state.last_facts(*change)) else {
                continue;
            };
            if facts.change.status == Status::Merged {
                self.enter_ledger(window, patch, facts, Debt::RolledBack);
            }
        }
        let mut waits_again = String::new();
        // What is in motion and needs what went back waits for its turn again.
        if let Some(patch) = window.moving().filter(|patch| !changes.contains(&patch.change)) {
            let needs = |change: &super::super::id::ChangeNumber| {
                order::dependents(self.state, window, *change).contains(&patch.change)
            };
            if changes.iter().any(needs) {
                self.record(Some(window.id()), Some(patch.change), Event::PutBack);
                waits_again = say::run::waits_again(patch);
            }
        }
        let hold = window.next_hold;
        let reason = format!("rollback of {} by {by}", say::numbers(&changes));
        let event = Event::Held { hold, reason: Some(reason), cause: Cause::Rollback };
        self.record(Some(window.id()), None, event);
        let alone = window.holds.is_empty();
        let resume =
            self.command(&if alone { "resume NOTE".to_owned() } else { format!("resume H{hold} NOTE") });
        let took = say::took(rollback.at, self.at);
        let lead_in =
            format!("{} off all hosts after {took}{waits_again}; HELD (H{hold})", say::numbers(&changes));
        let text = format!("say what was resolved: {resume}");
        match &window.lead {
            Some(lead) if window.gone(&lead.who).is_some() => {
                let claim = self.command(&format!("claim {}", window.id().window));
                self.ping_others(window, &lead.who, &format!("{lead_in}. {claim}, then {text}"));
            }
            Some(lead) => self.tell_lead(window, &lead.who, &lead_in, &text),
            None => self.broadcast(window, &format!("{lead_in}. {text}")),
        }
        let patches = changes.iter().filter_map(|change| window.patch(*change));
        for patch in patches.filter(|patch| self.state.is_merged(patch.change)) {
            self.about = Some(patch.change);
            let bad = patch.current().and_then(|(_, step)| step.failed.as_deref());
            let words = say::go::revert_words(self.state, patch, rollback.reason.as_deref().or(bad));
            let text = say::go::still_merged(patch.change, &words);
            self.tell_all_concerned(window, patch, &text);
        }
        true
    }

    /// Starts the command of the current step. The word `rollback` was the confirmation of all of them.
    fn run_back(&mut self, window: &Window, rollback: &Rollback) -> bool {
        let Some((number, step)) = rollback.current() else { return false };
        let is_free = step.run.is_some() && step.going.is_none() && step.failed.is_none();
        // Half of a sync and its way back must not be at work at once.
        if !is_free || running_forward(window).is_some() {
            return false;
        }
        if let Err(what) = self.intend_back(window, number, step) {
            let why = say::go::no_value(&what);
            let event = Event::BackStepFailed { step: number, why: why.clone() };
            self.record(Some(window.id()), Some(step.change), event);
            let text = say::go::back_not_begun(self.prefix(), number, &why);
            self.say_of_rollback(window, &text);
        }
        true
    }
}
