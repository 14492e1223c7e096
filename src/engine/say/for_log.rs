//! The lines for the bot that keeps a network's deployment log: one short line a milestone.

use super::super::event::{Cause, Event, Record};
use super::super::health::Verdict;
use super::super::id::ChangeNumber;
use super::super::state::State;
use super::super::window::Window;
use super::run::changes_in;
use super::{after_colon, names, patches, short_name, title};

/// What the log of a network is told of a record, if it is a milestone. `state` knows the window of it.
pub fn line(state: &State, window: &Window, record: &Record) -> Option<String> {
    let id = window.id();
    let by = short_name(&record.by.who);
    let lead = window.lead.as_ref().map(|lead| format!(", {}", short_name(&lead.who))).unwrap_or_default();
    let titled = |change: &ChangeNumber| format!("{change}{}", title(state.last_facts(*change)));
    let text = match &record.event {
        Event::RunStarted => {
            format!("{by} starts {id}, {}", patches(window.waiting().count()))
        }
        Event::Live => {
            let change = record.change?;
            let owner = window.patch(change).map(|patch| names([patch.owner()])).unwrap_or_default();
            format!("{} ({owner}) is live ({id}{lead})", titled(&change))
        }
        // The end of a rollback says it.
        Event::Held { cause: Cause::Rollback, .. } => return None,
        Event::Held { hold, reason, cause } => {
            let by = match cause {
                Cause::Said | Cause::Broken => format!(" by {by}"),
                _ => String::new(),
            };
            format!("{id} is HELD (H{hold}){by}{}", after_colon(reason.as_deref()))
        }
        Event::RollbackStarted { steps, reason } => {
            let what = match record.change {
                Some(change) if steps.iter().all(|step| step.change == change) => titled(&change),
                _ => changes_in(steps),
            };
            format!("{by} rolls back {what} ({id}){}", after_colon(reason.as_deref()))
        }
        Event::HealthJudged { verdict: Verdict::Unhealthy, words, .. } => {
            let change = record.change?;
            format!("{} is UNHEALTHY ({id}){}", titled(&change), after_colon(Some(words)))
        }
        Event::HealthOverridden { reason, .. } => {
            let change = record.change?;
            format!("{by} lets {} go on past its health ({id}){}", titled(&change), after_colon(Some(reason)))
        }
        Event::LockStolen { reason } => format!("{by} takes the lock from {id}{}", after_colon(Some(reason))),
        Event::EmergencyApproved { by: asker } => {
            let change = record.change?;
            format!("emergency {id}: {} by {}, agreed by {by}", titled(&change), short_name(asker))
        }
        Event::RolledBack { changes } => {
            let what: Vec<String> = changes.iter().map(titled).collect();
            format!("rolled back, off all hosts: {} ({id})", what.join(", "))
        }
        Event::WindowClosed { .. } => super::own_words(&record.text),
        _ => return None,
    };
    Some(format!("!log {text}"))
}
