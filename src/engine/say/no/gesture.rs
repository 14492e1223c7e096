//! Refusals of what people do to messages instead of saying something.

use super::super::super::id::{At, ChangeNumber, Who};
use super::super::super::patch::Patch;
use super::super::super::plan::Step;
use super::super::super::words;
use super::super::{Refusal, run, short_name};

/// A message that was changed says nothing.
pub fn edited() -> Refusal {
    Refusal::new("edit", "edits are not read; say it again as a new message")
}

/// A ✅ by somebody whom the question did not ask.
pub fn not_asked(asked: &Who, command: &str) -> Refusal {
    let text = format!("{} was asked. If it is yours to say, {command}", short_name(asked));
    Refusal::new("not-asked", text)
}

/// A ✅ in an encrypted room is not encrypted, so nobody can tell whose it is.
pub fn nod_in_clear(command: &str) -> Refusal {
    Refusal::new("in-clear", format!("a ✅ is sent without encryption, so I do not take it here. {command}"))
}

/// A ✅ after the question's time.
pub fn nod_late(until: At, command: &str) -> Refusal {
    let until = words::clock(until);
    Refusal::new("late", format!("a ✅ counted until {until} UTC. If it still holds, {command}"))
}

/// A ✅ for another patch set than the one that is there now.
pub fn nod_crossed(patch: &Patch, asked: u32, command: &str) -> Refusal {
    let text = format!("{} is ps {} now, you were asked about ps {asked}", patch.change, patch.patch_set);
    Refusal::new("changed", format!("{text}. Read ps {}, then {command}", patch.patch_set))
}

/// A ✅ on a question that nobody waits for any more.
pub fn question_over(prefix: &str, change: ChangeNumber, current: Option<(u32, &Step)>) -> Refusal {
    let now = match current {
        Some((number, step)) => format!("{change} is at step {number} ({}) now", run::step_name(step)),
        None => format!("{change} waits for nobody now"),
    };
    Refusal::new("over", format!("{now}. {}", super::super::command(prefix, "status")))
}
