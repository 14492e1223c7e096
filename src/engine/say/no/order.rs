//! Refusals about the order of patches: circles, places, what needs what.

use super::super::super::id::ChangeNumber;
use super::super::super::order::Coupling;
use super::super::super::patch::Patch;
use super::super::super::window::Window;
use super::super::{Refusal, command, coupled, names, own_words};

/// The declared order would go round in a circle.
pub fn cycle(prefix: &str, circle: &str) -> Refusal {
    Refusal::new("cycle", format!("that closes a circle: {circle}. {}", command(prefix, "queue")))
}

/// A place in the queue cannot go against the order.
pub fn place_against_order(
    prefix: &str,
    change: ChangeNumber,
    other: ChangeNumber,
    why: &str,
    declared: bool,
) -> Refusal {
    let words = if declared { format!("order {change} before {other}") } else { "queue".to_owned() };
    let words = command(prefix, &words);
    let text = format!("{other} goes before {change} ({why}), a place does not change that. {words}");
    Refusal::new("order", text)
}

/// Nothing goes before what is in motion or live any more.
pub fn too_late_before(prefix: &str, other: ChangeNumber, is_live: bool) -> Refusal {
    let is = if is_live { "live" } else { "in motion" };
    let code = if is_live { "is-live" } else { "in-motion" };
    Refusal::new(
        code,
        format!("{other} is {is}, nothing goes before it any more. {}", command(prefix, "queue")),
    )
}

/// The git parent cannot be declared away.
pub fn hard_order(first: ChangeNumber, then: ChangeNumber, why: &str) -> Refusal {
    let text = format!("{then} needs {first} ({why}). Change that in the review system");
    Refusal::new("order", text)
}

/// Another patch of the window needs it.
pub fn needed(prefix: &str, by: ChangeNumber, change: ChangeNumber, why: &str) -> Refusal {
    let remove = command(prefix, &format!("remove {by}"));
    Refusal::new("order", format!("{by} needs {change} ({why}). {remove} first"))
}

/// Only the owner of one of the two.
pub fn not_owner_of_either(verb: &str, a: &Patch, b: &Patch) -> Refusal {
    let owners = names([a.owner(), b.owner()]);
    let text =
        format!("{verb} of {} and {} is for their owners, {owners}, and deployers", a.change, b.change);
    Refusal::new("not-owner", text)
}

/// A patch with itself.
pub fn with_itself(change: ChangeNumber) -> Refusal {
    Refusal::new("usage", format!("that is {change} twice. Name two patches"))
}

/// Two patches of different windows.
pub fn not_together(
    prefix: &str,
    (here, a): (&Window, ChangeNumber),
    (there, b): (&Window, ChangeNumber),
) -> Refusal {
    let words = command(prefix, &format!("move {a} to {}", there.id()));
    let text = format!("{a} is in {} and {b} in {}. {words}", here.id(), there.id());
    Refusal::new("other-window", text)
}

/// A revert of it is live.
pub fn reverted(change: ChangeNumber, by: ChangeNumber) -> Refusal {
    Refusal::new(
        "merged",
        format!("{change} was reverted by {by}. To deploy it, upload it again as a new change"),
    )
}

/// This order would make a name exist twice that must exist once.
pub fn unique_name(
    prefix: &str,
    first: ChangeNumber,
    second: ChangeNumber,
    name: &str,
    kind: &str,
) -> Refusal {
    let reverse = command(prefix, &format!("order {second} before {first}"));
    let aside = command(prefix, &format!("override {first} coupled WHY"));
    let text = format!(
        "with {first} first {} is registered twice until {second} is out, and {kind} must be unique. {reverse}, or another deployer says {aside}",
        own_words(name)
    );
    Refusal::new("unique-name", text)
}

/// They are not free of each other: in one of the two orders a name exists twice that must exist once.
pub fn not_independent(
    prefix: &str,
    first: ChangeNumber,
    second: ChangeNumber,
    name: &str,
    kind: &str,
) -> Refusal {
    let order = command(prefix, &format!("order {second} before {first}"));
    let aside = command(prefix, &format!("override {first} coupled WHY"));
    let text = format!(
        "{first} brings {} and {second} takes it away, and {kind} must be unique. {order}, or another deployer says {aside}",
        own_words(name)
    );
    Refusal::new("unique-name", text)
}

/// Where a patch stands in the queue says nothing of what is asked.
pub fn place_is_no_order(prefix: &str, coupling: &Coupling<'_>) -> Refusal {
    let answers = coupled::answers(prefix, coupling);
    Refusal::new(
        "coupled",
        format!(
            "a place in the queue does not say whether {} or {} is first. {answers}",
            coupling.a, coupling.b
        ),
    )
}
