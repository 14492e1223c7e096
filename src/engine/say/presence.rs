//! What is said where somebody is gone or back, and where a connection is lost or comes back.

use super::super::event::Absence;
use super::super::id::{RoomId, Who};
use super::super::window::{Gone, Hold, Window};
use super::super::words;
use super::{after_colon, command, own_words, run, short_name};

/// How the lead is gone, and with them the owners that went the same way. Nobody is blamed for a network.
pub fn how_gone(lead: &Who, others: &[&Who], room: Option<&RoomId>, gone: &Gone) -> String {
    let name = short_name(lead);
    let room = room.map_or("the room", |room| room.0.as_str());
    let mut all = vec![name];
    all.extend(others.iter().map(|who| short_name(who)));
    let are = if others.is_empty() { "is" } else { "are" };
    match gone.how {
        Absence::Left => format!("{name} left"),
        Absence::Kicked => format!("{name} was kicked"),
        Absence::LoggedOut => format!("{name} logged out of services"),
        Absence::Split => format!("network split, {} {are} cut off", words::list(&all)),
        Absence::Missing => format!("{} {are} not in {room}", words::list(&all)),
        Absence::RoomClosed => format!("I was out of {room}{}", after_colon(gone.why.as_deref())),
        Absence::RightsOff => {
            format!("rights on {} are switched off", room.split('/').next().unwrap_or(room))
        }
        Absence::LinkLost => {
            format!("the link to {} was lost", room.split('/').next().unwrap_or(room))
        }
    }
}

/// Said where the lead is gone while something moves or waits.
pub fn lead_gone(prefix: &str, window: &Window, hold: u32, reason: &str) -> String {
    let id = window.id();
    let name = window.lead.as_ref().map_or("the lead", |lead| short_name(&lead.who));
    let at = match (&window.rollback, window.moving()) {
        (Some(rollback), _) => rollback.current().map(|(number, step)| {
            format!(
                "{}; rollback goes on, any deployer: {}",
                step.change,
                command(prefix, &format!("done r{number}"))
            )
        }),
        (None, Some(patch)) => patch
            .current()
            .map(|(number, step)| format!("{} is at step {number} ({})", patch.change, run::step_name(step))),
        (None, None) => Some(format!("{} waiting", super::patches(window.waiting().count()))),
    };
    let at = at.map(|at| format!("; {at}")).unwrap_or_default();
    let claim = command(prefix, &format!("claim {}", id.window));
    let resume = command(prefix, &format!("resume H{hold} NOTE"));
    format!("{id} is HELD (H{hold}): {reason}{at}. {claim} takes the lead; {name}, once back: {resume}")
}

/// Said again and again while such a hold stands.
pub fn still_gone(prefix: &str, window: &Window, hold: &Hold, since: &str) -> String {
    let claim = command(prefix, &format!("claim {}", window.id().window));
    format!("{} is still HELD: {}, since {since} UTC. {claim}", window.id(), super::no::hold(hold))
}

/// Said to a lead who is back in a window that is held because they were gone.
pub fn lead_is_back(prefix: &str, window: &Window, hold: &Hold) -> String {
    let resume = command(prefix, &format!("resume H{} NOTE", hold.number));
    format!("you are back and lead {}, which is HELD (H{}). {resume} goes on", window.id(), hold.number)
}

/// Said where the lead is gone from a window that is on and not started.
pub fn lead_gone_before_start(prefix: &str, window: &Window, gone: &str) -> String {
    let claim = command(prefix, &format!("claim {}", window.id().window));
    format!("{gone}; {} is not started. Any deployer: {claim}", window.id())
}

/// Why a window whose room is gone is held.
pub fn out_of(room: &RoomId, why: &str) -> String {
    format!("I am out of {}: {}", own_words(&room.0), own_words(why))
}

/// Said in the other rooms of a window where one of them is gone for good, and asks what to do. The room that follows it
/// is a suggestion to whoever has the configuration.
pub fn room_shut(prefix: &str, window: &Window, hold: u32, reason: &str, next: Option<&str>) -> String {
    let resume = command(prefix, &format!("resume H{hold} NOTE"));
    let next = next
        .map(|next| {
            format!(
                " Both rooms say that {} follows it; I go there once I am configured to.",
                own_words(next)
            )
        })
        .unwrap_or_default();
    format!(
        "{} is HELD (H{hold}): {reason}.{next} Go on without that room: {resume}; else let me in again first",
        window.id()
    )
}

/// Said to a lead where the bot itself was away: nothing says that they ever were.
pub fn i_am_back(prefix: &str, window: &Window, hold: &Hold) -> String {
    let (id, number) = (window.id(), hold.number);
    let why = hold.reason.as_deref().map(|why| format!(" ({})", own_words(why))).unwrap_or_default();
    let resume = command(prefix, &format!("resume H{number} NOTE"));
    format!("I am back{why}. {id} is HELD (H{number}); what was said meanwhile I did not hear. {resume}")
}

/// Added where a command is offered in a room whose network gives nobody a right now.
pub fn refused_here(text: &str, prefix: &str) -> String {
    if !text.contains(&format!("\"{prefix}swat ")) {
        return text.to_owned();
    }
    format!("{text} (commands from here are refused now)")
}

/// Said in the rooms of a network whose connection is back.
pub fn back_with(stands: &str) -> String {
    format!("I am back. {stands}")
}

/// Said where nobody can be told apart on a network from now on, or can be again.
pub fn read_only(network: &str, why: Option<&str>) -> String {
    match why {
        Some(why) => format!(
            "I cannot tell who is who on {network}: {}. Questions work here, commands do not [read-only]",
            own_words(why)
        ),
        None => format!("{network} tells me again who is who: commands work here"),
    }
}

/// Said in the rooms of an open window where the operator switches the rights of a network off or on.
pub fn rights(network: &str, on: bool) -> String {
    if on {
        return format!("rights on {network} are switched on by the operator: commands from there count");
    }
    format!(
        "rights on {network} are switched off by the operator: commands from there are refused, questions answered"
    )
}

/// Said to a lead whose rights are back.
pub fn rights_are_back(prefix: &str, window: &Window, hold: &Hold) -> String {
    let resume = command(prefix, &format!("resume H{} NOTE", hold.number));
    format!("{} is HELD (H{}) since your rights were off. {resume}", window.id(), hold.number)
}

/// Said on the other networks where a connection is given up.
pub fn stopped(network: &str, why: &str) -> String {
    format!("I am out of {network} and do not try again: {}. Whoever runs me must look", own_words(why))
}
