//! The sentence of each row of the log. Who did it, when, and to which change stand in columns of their own.

use super::super::event::{Absence, Cause, Debt, Ending, Event, LinkNow, Sampled, Settlement, Unseen};
use super::super::facts::Status;
use super::super::id::{ChangeNumber, OccurrenceId};
use super::super::state::State;
use super::super::words;
use super::run::changes_in;
use super::{names, numbers};

/// The sentence for an event.
pub fn text(
    state: &State,
    change: Option<ChangeNumber>,
    window: Option<&OccurrenceId>,
    event: &Event,
) -> String {
    let n = change.map(|change| change.to_string()).unwrap_or_default();
    let w = window.map(OccurrenceId::to_string).unwrap_or_default();
    let patch = window
        .and_then(|id| state.windows.get(id))
        .and_then(|window| change.and_then(|change| window.patch(change)));
    let what = |step: &u32| {
        let step = patch.and_then(|patch| patch.steps.get((*step as usize).checked_sub(1)?));
        step.map(|step| format!(" ({})", super::run::step_name(step))).unwrap_or_default()
    };
    let because =
        |reason: &Option<String>| reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    match event {
        Event::Logged
        | Event::Amended { .. }
        | Event::Redacted { .. }
        | Event::Imported { .. }
        | Event::Refused { .. } => String::new(),
        Event::Asked { verb } => format!("was told: {verb} {n}"),
        Event::Started => "swatbot started".to_owned(),
        Event::Stopped => "swatbot stopped".to_owned(),
        Event::Carried { state } => format!(
            "carried over: {} open windows, {} merged and not deployed, {} left over, {} freezes",
            state.windows.len(),
            state.ledger.len(),
            state.left.len(),
            state.freezes.len()
        ),
        Event::FactsSeen { facts } => {
            let change = &facts.change;
            let status = match change.status {
                Status::Open => "open",
                Status::Merged => "merged",
                Status::Abandoned => "abandoned",
            };
            format!("{n} ps {} is {status}: {}", change.patch_set, change.subject)
        }
        Event::LookupFailed { fault } => format!("{n}: {}", super::queue::fault(fault)),
        Event::WindowPlanned { occurrence } => format!(
            "{w} is from {} to {}, {} places",
            occurrence.starts.format("%Y-%m-%dT%H:%MZ"),
            occurrence.ends.format("%Y-%m-%dT%H:%MZ"),
            occurrence.limit
        ),
        Event::Reminded { minutes } => format!("reminded of {w}, {minutes} min before"),
        Event::WindowStarted { asked } if asked.is_empty() => format!("{w} is on"),
        Event::WindowStarted { asked } => format!("{w} is on, asked: {}", names(asked)),
        Event::Claimed { reason } => format!("leads {w}{}", because(reason)),
        Event::Unclaimed => format!("gave up the lead of {w}"),
        Event::HandoverOffered { to } => format!("offered the lead of {w} to {to}"),
        Event::RunStarted => format!("started {w}"),
        Event::Extended { until } => format!("{w} goes on until {}", until.format("%H:%MZ")),
        Event::Limited { limit } => format!("{w} has {limit} places"),
        Event::NearEnd => format!("said that {w} is near its end"),
        Event::TimeUp => format!("said that the time of {w} is up"),
        Event::Reopened => format!("{w} is on again for a rollback"),
        Event::WindowClosed { ending, .. } => format!("{w} {}", self::ending(*ending)),
        Event::Offered { wish, .. } => {
            let urgent = wish.urgent.as_ref().map(|why| format!(", urgent: {why}")).unwrap_or_default();
            format!("offered {n} for {w}, owner {}{urgent}", wish.owner)
        }
        Event::OfferClosed { code } => format!("{n} was not taken into {w} [{code}]"),
        Event::Added { ticket, patch_set, wish, .. } => {
            format!("{n} ps {patch_set} is #{ticket} in {w}, owner {}", wish.owner)
        }
        Event::PutBack => format!("{n} is back in {w}"),
        Event::Removed { reason } => format!("{n} is out of {w}{}", because(reason)),
        Event::Moved { to, ticket } => format!("{n} is #{ticket} in {to}, moved from {w}"),
        Event::Placed { places } => format!("{w} has the places {}", numbers(places)),
        Event::Ordered { before, after } => format!("{before} goes before {after}"),
        Event::Independent { a, b } => format!("{a} and {b} do not wait for each other"),
        Event::FilesOrdered { files, patch_set, reason } if files.is_empty() => {
            format!("{n} ps {patch_set} goes out all at once{}", because(reason))
        }
        Event::FilesOrdered { files, patch_set, .. } => {
            format!("{n} ps {patch_set} goes out as {}", files.join(", "))
        }
        Event::Here => format!("is here for {w}"),
        Event::HereSaid => format!("said who is here for {w}"),
        Event::Away => format!("is away from {w}"),
        Event::LeadSpoke => format!("was heard in {w}"),
        Event::OwnerSpoke => format!("was heard in {w}"),
        // The code itself is nobody's to read.
        Event::LinkAsked { account, .. } => format!("{account} asked for a code to link another account"),
        Event::LinkVoided { .. } => "said a code where others read it; it is void".to_owned(),
        Event::Linked { account, to } => format!("{account} is linked to {to}"),
        Event::Unlinked { account } => format!("{account} is not linked any more"),
        Event::Spoken { words } => format!("said: {words}"),
        Event::Gone { who, how, why } => format!("{}: {}{}", names(who), absence(*how), because(why)),
        Event::Back { who, room } => format!("back in {room}: {}", names(who)),
        Event::Link { network, now } => match now {
            LinkNow::Up { read_only: None } => format!("{network} is up"),
            LinkNow::Up { read_only: Some(why) } => format!("{network} is read-only: {why}"),
            LinkNow::Lost { why } => format!("{network} is lost, tried again: {why}"),
            LinkNow::Stopped { why } => format!("{network} is lost, not tried again: {why}"),
        },
        Event::Rights { network, on } => {
            format!("rights on {network} are switched {} by the operator", if *on { "on" } else { "off" })
        }
        Event::RoomsMoved { rooms } => {
            let rooms: Vec<&str> = rooms.iter().map(|room| room.0.as_str()).collect();
            format!("{w} is held in {} now, as the configuration says", words::list(&rooms))
        }
        Event::LeadNagged => format!("asked the lead of {w} to go on"),
        Event::Pinged { who } => format!("asked again: {}", names(who)),
        Event::Slid { changes } => format!("{} moved to the end of {w}, owner silent", numbers(changes)),
        Event::Checked { item, patch_set, note, not_needed } => {
            let word = if *not_needed { "does not apply to" } else { "checked for" };
            format!("{item} {word} {n} ps {patch_set}{}", because(note))
        }
        Event::Unchecked { item } => format!("{item} of {n} is open again"),
        Event::Overridden { rule, patch_set, reason } => {
            format!("{rule} set aside for {n} ps {patch_set}: {reason}")
        }
        Event::PatchSetSeen { patch_set, kept: true } => {
            format!("{n} is ps {patch_set}, no new content: what was checked stays")
        }
        Event::PatchSetSeen { patch_set, .. } => {
            format!("{n} is ps {patch_set}: what was checked is cleared")
        }
        Event::PatchStarted { steps } => format!("{n} is in motion, {}", counted(steps.len())),
        Event::StepsPlanned { steps } => format!("{n} has {}", counted(steps.len())),
        Event::StepDone { step, patch_set, note } => {
            format!("{n} ps {patch_set} step {step}{} done{}", what(step), because(note))
        }
        Event::StepFailed { step, why } => format!("{n} step {step}{} failed: {why}", what(step)),
        Event::StepRetried { step } => format!("{n} step {step}{} is tried again", what(step)),
        Event::Nagged { step } => format!("asked again about {n} step {step}{}", what(step)),
        Event::Broken { why } => format!("{n} is broken: {why}"),
        Event::Live => format!("{n} is live"),
        Event::Skipped { reason, veto, rule } => {
            let word = if *veto { "vetoed" } else { "skipped" };
            let rule = rule.map(|rule| format!(" [{rule}]")).unwrap_or_default();
            format!("{n} is {word} in {w}: {reason}{rule}")
        }
        Event::Held { hold, reason, cause } => {
            format!("H{hold} stops {w}{}{}", because(reason), self::cause(*cause))
        }
        Event::HoldExplained { hold, reason } => format!("H{hold}: {reason}"),
        Event::HoldNagged { hold } => format!("H{hold} was named again"),
        Event::Resumed { hold, note } => format!("H{hold} is off: {note}"),
        Event::RollbackStarted { steps, reason } => {
            format!("rolling back {}, {}{}", changes_in(steps), counted(steps.len()), because(reason))
        }
        Event::BackStepDone { step, note, health } => {
            let seen = health.as_ref().map(|seen| format!("; health: {seen}")).unwrap_or_default();
            format!("rollback step r{step} ({n}) done{}{seen}", because(note))
        }
        Event::BackStepFailed { step, why } => format!("rollback step r{step} ({n}) failed: {why}"),
        Event::BackStepRetried { step } => format!("rollback step r{step} ({n}) is tried again"),
        Event::RolledBack { changes } => format!("off the hosts: {}", numbers(changes)),
        Event::LedgerEntered(owed) => {
            format!("{n} is {} ({} {})", debt(owed.debt), owed.project, owed.branch)
        }
        Event::Settled { how, reason } => format!("{n} is settled ({}): {reason}", settlement(*how)),
        Event::Frozen { freeze, from, to, reason } => format!(
            "F{freeze}: nothing is deployed from {} to {}: {reason}",
            from.format("%Y-%m-%dT%H:%MZ"),
            to.format("%Y-%m-%dT%H:%MZ")
        ),
        Event::Thawed { freeze } => format!("F{freeze} is lifted"),
        Event::BaselineTaken { .. }
        | Event::Sampled { .. }
        | Event::HealthJudged { .. }
        | Event::HealthOverridden { .. }
        | Event::Soaked { .. }
        | Event::RollbackCounted { .. }
        | Event::RollbackCancelled
        | Event::Restored { .. } => health(&n, event),
        Event::StepIntended { step, argv } => {
            format!("{n} step {step}{} is to run: {}", what(step), argv.join(" "))
        }
        Event::BackStepIntended { step, argv } => {
            format!("rollback step r{step} ({n}) is to run: {}", argv.join(" "))
        }
        Event::StepProgressed { row, line } => format!("{row} prints: {line}"),
        Event::StepRan { row, ended } => {
            let last = ended.last_line().map(|line| format!(": {line}")).unwrap_or_default();
            let cut = if ended.cut == 0 { String::new() } else { format!(", {} bytes cut", ended.cut) };
            format!("{row} has ended, {}, {} s{cut}{last}", ended.how.words(), ended.seconds)
        }
        Event::StepUnknown(Unseen { row, still: None }) => format!("what {row} did is unknown"),
        Event::StepUnknown(Unseen { row, still: Some(still) }) => {
            format!("what {row} did is unknown, and {still} is still there after KILL")
        }
        Event::StepLeft(Unseen { row, .. }) => format!("{row} is still at work"),
        Event::LockStolen { reason } => format!("took the lock from {w}: {reason}"),
        Event::EmergencyAsked { reason, .. } => format!("asks to deploy {n} outside windows: {reason}"),
        Event::EmergencyApproved { by } => format!("agrees with {by} to deploy {n} in {w}"),
        Event::EmergencyReported { words } => format!("reports on {w}: {words}"),
    }
}

/// The sentence for an event about the hosts' health.
fn health(n: &str, event: &Event) -> String {
    match event {
        Event::BaselineTaken { check, value } => {
            let of = if n.is_empty() { String::new() } else { format!(" for {n}") };
            format!("{check} was {} before{of}", super::super::health::figure(*value))
        }
        Event::Sampled(Sampled { check, verdict, words, .. }) => {
            format!("{check} is {}: {words}", verdict.word())
        }
        Event::HealthJudged { step, verdict, words, top, .. } => {
            let top = top.first().map(|line| format!("; {line}")).unwrap_or_default();
            format!("{n} step {step} (health) is {}: {words}{top}", verdict.word())
        }
        Event::HealthOverridden { step, patch_set, reason } => {
            format!("{n} ps {patch_set} goes on past step {step} (health): {reason}")
        }
        Event::Soaked { step, seconds } => format!("{n} step {step} takes {seconds} s longer"),
        Event::RollbackCounted { until } => {
            format!("{n} goes back by itself at {}", until.format("%H:%M:%SZ"))
        }
        Event::RollbackCancelled => format!("{n} does not go back by itself"),
        Event::Restored { words, clock: Some(clock) } if clock.restored.is_none() => {
            format!("nothing can tell whether it is healthy again after {n}: {words}")
        }
        Event::Restored { words, .. } => format!("healthy again after {n}: {words}"),
        _ => String::new(),
    }
}

/// How an occurrence ended.
pub fn ending(ending: Ending) -> &'static str {
    match ending {
        Ending::Finished => "is finished",
        Ending::NoShow => "was skipped: nobody claimed it",
        Ending::Lapsed => "ran out of time",
    }
}

/// How somebody is gone.
fn absence(how: Absence) -> &'static str {
    match how {
        Absence::Left => "left",
        Absence::Kicked => "kicked",
        Absence::LoggedOut => "logged out",
        Absence::Split => "cut off by a network split",
        Absence::Missing => "not there when I came in",
        Absence::RoomClosed => "out of my sight, I am out of the room",
        Absence::LinkLost => "out of my sight, the link is lost",
        Absence::RightsOff => "without rights, the operator switched them off",
    }
}

/// What a hold that nobody said is about.
fn cause(cause: Cause) -> &'static str {
    match cause {
        Cause::Said => "",
        Cause::Broken => " [broken]",
        Cause::Rollback => " [rollback]",
        Cause::LeadSilent => " [lead-silent]",
        Cause::LeadGone => " [lead-gone]",
        Cause::WrongMerge => " [wrong-merge]",
        Cause::RoomShut => " [room-shut]",
    }
}

/// Why a change is in the ledger.
pub fn debt(debt: Debt) -> &'static str {
    match debt {
        Debt::Merged => "merged, not deployed yet",
        Debt::MergedEarly => "merged before its turn, not deployed",
        Debt::RolledBack => "rolled back, still merged",
    }
}

/// How a ledger entry was dealt with.
pub fn settlement(how: Settlement) -> &'static str {
    match how {
        Settlement::Live => "live",
        Settlement::Reverted => "reverted",
        Settlement::Fixed => "fixed",
        Settlement::Keep => "kept as it is",
    }
}

/// How long something took, for the log's readers.
pub fn took(from: super::super::id::At, to: super::super::id::At) -> String {
    words::span(to - from)
}

fn counted(steps: usize) -> String {
    if steps == 1 { "1 step".to_owned() } else { format!("{steps} steps") }
}
