//! What is said about a window: that it comes, is on, ends, and where it stands.

use super::super::event::Ending;
use super::super::id::{At, ChangeNumber, RoomId, Who};
use super::super::patch::{Patch, Stage};
use super::super::plan::Act;
use super::super::settings::Settings;
use super::super::state::State;
use super::super::window::{Occurrence, Phase, Window};
use super::super::words;
use super::{command, names, no, numbers, own_words, patches, run, short_name};

/// One line: the lead, what is in motion, who is waited for.
pub fn where_things_stand(settings: &Settings, state: &State, window: &Window, at: At) -> String {
    let ends = window.occurrence.ends;
    let time = if at < ends {
        format!("until {} UTC", words::clock(ends))
    } else {
        format!("over time since {} UTC", words::clock(ends))
    };
    let lead = lead(window, "nobody leads", &command(&settings.prefix, "claim"));
    let mut parts = vec![format!("{} is on {time}, {lead}", window.id())];
    if let [first, others @ ..] = window.holds.as_slice() {
        let holds: Vec<String> = window.holds.iter().map(no::hold).collect();
        let words = if others.is_empty() {
            "resume NOTE".to_owned()
        } else {
            format!("resume H{} NOTE", first.number)
        };
        parts.push(format!("HELD: {}, {}", holds.join(", "), command(&settings.prefix, &words)));
    }
    if let Some(rollback) = &window.rollback
        && let Some((number, step)) = rollback.current()
    {
        let failed = step
            .failed
            .as_deref()
            .filter(|_| step.run.is_none())
            .map(|why| format!(" FAILED ({})", own_words(why)))
            .unwrap_or_default();
        parts.push(format!("rolling back, {}{failed}", run::back_step(&settings.prefix, number, step)));
    } else if let Some(patch) = window.moving() {
        parts.push(moving(settings, window, patch));
    } else if window.is_on() && !window.is_running() && window.lead.is_some() {
        parts.push(format!("not started: {}", command(&settings.prefix, "start")));
    } else if let Some(next) =
        super::super::decide::next(settings, state, window).filter(|_| window.is_running())
    {
        let check = command(&settings.prefix, &format!("check {} deployer", super::handle(next)));
        let way = match super::super::decide::in_its_way(settings, state, window, next, at) {
            Some(refusal) if refusal.code == "held" => "waits".to_owned(),
            Some(refusal) => refusal.said_in_full(),
            None => check,
        };
        parts.push(format!("next is {} ({}): {way}", next.change, short_name(next.owner())));
    }
    let live = window.patches.iter().filter(|patch| matches!(patch.stage, Stage::Live { .. })).count();
    let waiting = window.waiting().count();
    parts.push(format!("{waiting} waiting, {live} live"));
    parts.join("; ")
}

/// Who leads; where nobody does, or the lead is gone, what to say to lead it.
fn lead(window: &Window, nobody: &str, claim: &str) -> String {
    match &window.lead {
        Some(lead) if window.gone(&lead.who).is_some_and(|gone| !gone.how.is_out_of_sight()) => {
            format!("lead {}, who is gone: {claim}", short_name(&lead.who))
        }
        Some(lead) => format!("lead {}", short_name(&lead.who)),
        None => format!("{nobody}: {claim}"),
    }
}

fn moving(settings: &Settings, window: &Window, patch: &Patch) -> String {
    let Some((number, step)) = patch.current() else { return format!("{} in motion", patch.change) };
    let waits = if step.failed.is_some() {
        format!("failed, {}", command(&settings.prefix, "retry"))
    } else {
        match &step.act {
            Act::Verify => format!("waiting for {}", short_name(patch.owner())),
            Act::Merge if !step.is_unknown() && (step.run.is_none() || step.begun) => {
                "waiting for MERGED".to_owned()
            }
            Act::Watch { .. } => run::how_it_closes(settings, patch, step),
            Act::Review => format!(
                "{} is open",
                command(&settings.prefix, &format!("checklist {}", super::handle(patch)))
            ),
            Act::Health { checks } if !checks.is_empty() => command(&settings.prefix, "health"),
            _ if step.run.is_some() => super::go::waits(&settings.prefix, window, patch, number, step),
            Act::Sync { .. } | Act::Health { .. } | Act::Merge => {
                let lead = window.lead.as_ref().map_or("the lead", |lead| short_name(&lead.who));
                format!("waiting for {lead}: {}", command(&settings.prefix, &format!("done {number}")))
            }
        }
    };
    format!("{} step {number} of {} ({}), {waits}", patch.change, patch.steps.len(), run::step_name(step))
}

/// How the open window of a room stands, for its topic: it changes with the start, the lead, the run, a hold, a rollback
/// and the end, not with each step. `None` where no window is on there.
pub fn topic(state: &State, room: &RoomId) -> Option<String> {
    let on = state.windows.values().filter(|window| window.is_on() && window.occurrence.rooms.contains(room));
    let window = on.max_by_key(|window| {
        (window.motion.is_some() || window.rollback.is_some(), window.occurrence.starts)
    })?;
    let mut parts = vec![head(window)];
    if !window.holds.is_empty() {
        let holds: Vec<String> = window.holds.iter().map(|hold| format!("H{}", hold.number)).collect();
        parts.push(format!("HELD ({})", holds.join(", ")));
    }
    if let Some(rollback) = &window.rollback {
        parts.push(format!("rolling back {}", run::changes_in(&rollback.steps)));
    }
    Some(parts.join("; "))
}

/// `2026-11-23/morning runs until 15:00 UTC, lead alice`.
pub(super) fn head(window: &Window) -> String {
    let lead =
        window.lead.as_ref().map_or("no lead".to_owned(), |lead| format!("lead {}", short_name(&lead.who)));
    let how = if window.is_running() { "runs" } else { "is on" };
    let until = if window.time_up { "over time since" } else { "until" };
    format!("{} {how} {until} {} UTC, {lead}", window.id(), words::clock(window.occurrence.ends))
}

/// The announcement, which is the roll call.
pub fn is_on(settings: &Settings, window: &Window, asked: &[Who]) -> String {
    let id = window.id();
    let until = words::clock(window.occurrence.ends);
    let lead = lead(window, "nobody leads yet", &command(&settings.prefix, "claim"));
    if !asked.is_empty() {
        let yours = if asked.len() == 1 { "your patch is" } else { "your patches are" };
        let here = command(&settings.prefix, "here");
        return format!("{}: {id} is on until {until} UTC, {lead}; {yours} in it, say {here}", names(asked));
    }
    let queue = if window.patches.is_empty() {
        format!("Nothing is queued: {}", command(&settings.prefix, "add N"))
    } else {
        format!("{}, nobody is waited for", patches(window.waiting().count()))
    };
    format!("{id} is on, {lead}, until {until} UTC. {queue}")
}

/// The reminder before the start.
pub fn soon(settings: &Settings, window: &Window, minutes: i64) -> String {
    let count = patches(window.waiting().count());
    let claim = command(&settings.prefix, &format!("claim {}", window.id()));
    let lead = lead(window, "nobody leads yet", &claim);
    let starts = words::clock(window.occurrence.starts);
    format!("{} starts in {minutes} min ({starts} UTC), {count}, {lead}", window.id())
}

/// The change that is going back just now.
fn going_back(window: &Window) -> Option<ChangeNumber> {
    window.rollback.as_ref()?.current().map(|(_, step)| step.change)
}

/// The notice near the end.
pub fn near_end(settings: &Settings, window: &Window, at: At) -> String {
    let left = words::span(window.occurrence.ends - at);
    let waiting: Vec<ChangeNumber> = window.waiting().map(|patch| patch.change).collect();
    let what = match (going_back(window), window.moving()) {
        (Some(change), _) => format!("{change} is going back"),
        (None, Some(patch)) => format!("{} is in motion", patch.change),
        (None, None) => "nothing is in motion".to_owned(),
    };
    let waits = if waiting.is_empty() {
        String::new()
    } else {
        format!(", {} will not be started: {}", numbers(&waiting), command(&settings.prefix, "extend 15m"))
    };
    format!("{} ends in {left} ({} UTC); {what}{waits}", window.id(), words::clock(window.occurrence.ends))
}

/// The notice that time is up.
pub fn time_up(settings: &Settings, window: &Window) -> String {
    let finish = command(&settings.prefix, "finish");
    match going_back(window).or(window.motion) {
        Some(change) => format!(
            "the time of {} is up; {change} may be brought to its end, nothing new starts. Then {finish}",
            window.id()
        ),
        None => format!(
            "the time of {} is up. {finish}, or {}",
            window.id(),
            command(&settings.prefix, "extend 15m")
        ),
    }
}

/// A manager took the lock of this window's target.
pub fn lock_stolen(prefix: &str, window: &Window, by: &str, reason: &str, hold: u32) -> String {
    let resume = command(prefix, &format!("resume H{hold} NOTE"));
    let id = window.id();
    format!(
        "{by} takes the lock from {id}: {}; {id} is HELD (H{hold}), others may go on. {resume}",
        own_words(reason)
    )
}

/// What whoever took it is told.
pub fn lock_taken(prefix: &str, window: &Window, hold: u32) -> String {
    let (id, resume) = (window.id(), command(prefix, &format!("resume H{hold} NOTE")));
    format!("the lock is off {id}, which is HELD (H{hold}); others may go on. {resume}")
}

/// Somebody asks to deploy outside windows.
pub fn emergency_asked(
    prefix: &str,
    change: ChangeNumber,
    by: &str,
    reason: &str,
    others: &[Who],
    open_for: chrono::TimeDelta,
) -> String {
    let approve = command(prefix, &format!("approve {change}"));
    let time = words::span(open_for);
    format!(
        "{}: {by} asks to deploy {change} outside windows: {}. One of you: {approve} ({time})",
        names(others),
        own_words(reason)
    )
}

/// Two people agree.
pub fn emergency_open(
    settings: &Settings,
    occurrence: &Occurrence,
    change: ChangeNumber,
    lead: &Who,
    by: &str,
) -> String {
    let until = words::clock(occurrence.ends);
    // It gets the first ticket there.
    let check = command(&settings.prefix, &format!("check {} deployer", super::handle_of(change, 1)));
    let report = command(&settings.prefix, "aftermath WHAT HAPPENED AND WHY");
    let points: Vec<&str> =
        settings.emergency.checklist.iter().map(super::super::checklist::Item::word).collect();
    format!(
        "{}: {} is on until {until} UTC, lead {}, agreed by {by}; checklist: {}. {check}; before its end {report}",
        short_name(lead),
        occurrence.id,
        short_name(lead),
        points.join(", ")
    )
}

/// How it went, in one line.
pub fn summary(state: &State, window: &Window, at: At, ending: Ending) -> String {
    let id = window.id();
    let lead =
        window.lead.as_ref().map(|lead| format!(", lead {}", short_name(&lead.who))).unwrap_or_default();
    let with = |wanted: fn(&Stage) -> bool| -> Vec<&Patch> {
        window.patches.iter().filter(|patch| wanted(&patch.stage)).collect()
    };
    let list = |patches: &[&Patch]| {
        patches.iter().map(|patch| patch.change.to_string()).collect::<Vec<_>>().join(", ")
    };
    let live = with(|stage| matches!(stage, Stage::Live { .. }));
    // A revert of what no host has is in the code, and was brought to none.
    let (live, merged): (Vec<&Patch>, Vec<&Patch>) =
        live.into_iter().partition(|patch| patch.touched_hosts());
    let back = with(|stage| matches!(stage, Stage::RolledBack));
    // What went back before it was closed the first time went back in it as well.
    let mut all_back = window.back_before.clone();
    all_back.extend(back.iter().map(|patch| patch.change));
    let waiting = with(|stage| matches!(stage, Stage::Queued | Stage::Moving));
    let skipped = with(|stage| matches!(stage, Stage::Skipped { .. }));
    let mut parts = Vec::new();
    if !live.is_empty() {
        parts.push(format!("live {}", list(&live)));
    }
    if !merged.is_empty() {
        parts.push(format!("merged only {} (no host needs it)", list(&merged)));
    }
    if !all_back.is_empty() {
        let all_back: Vec<String> = all_back.iter().map(ToString::to_string).collect();
        parts.push(format!("rolled back {}", all_back.join(", ")));
    }
    if !skipped.is_empty() {
        let named: Vec<String> = skipped
            .iter()
            .map(|patch| match &patch.stage {
                Stage::Skipped { reason, .. } => format!("{} ({})", patch.change, own_words(reason)),
                _ => patch.change.to_string(),
            })
            .collect();
        parts.push(format!("skipped {}", named.join(", ")));
    }
    if !waiting.is_empty() {
        parts.push(format!("not started {}", list(&waiting)));
    }
    if parts.is_empty() {
        parts.push("no patches".to_owned());
    }
    let owed: Vec<ChangeNumber> = state.ledger.keys().copied().collect();
    parts.push(if owed.is_empty() {
        "nothing merged and undeployed".to_owned()
    } else {
        format!("merged and undeployed: {}", numbers(&owed))
    });
    parts.extend(window.incidents.iter().chain(&window.incident).map(super::health::clock));
    if let Some(emergency) = &window.emergency {
        parts.push(format!(
            "emergency of {}, agreed by {}: {}",
            short_name(&emergency.by),
            short_name(&emergency.approved),
            own_words(&emergency.reason)
        ));
        parts.extend(emergency.report.as_deref().map(|report| format!("report: {}", own_words(report))));
    }
    let outlive: Vec<String> =
        window.holds.iter().filter(|hold| !hold.cause.is_about_the_lead()).map(no::hold).collect();
    if !outlive.is_empty() {
        parts.push(format!("the next window begins held: {}", outlive.join(", ")));
    }
    let head = match ending {
        Ending::Finished => format!("{id} done at {} UTC{lead}", words::clock(at)),
        Ending::NoShow => format!("{id} is skipped: nobody claimed it by {} UTC", words::clock(at)),
        Ending::Lapsed => format!("{id} is over, closed at {} UTC{lead}", words::clock(at)),
    };
    format!("{head}: {}", parts.join("; "))
}

/// What an owner is told whose patches were not deployed.
pub fn offered_next(prefix: &str, changes: &[ChangeNumber], next: Option<&Occurrence>, at: At) -> String {
    let were = if changes.len() == 1 { "was" } else { "were" };
    format!("{} {were} not deployed. {}", numbers(changes), offer(prefix, changes, next, at))
}

/// The next window by name, for what was not deployed.
pub fn offer(prefix: &str, changes: &[ChangeNumber], next: Option<&Occurrence>, at: At) -> String {
    let (Some(next), Some((first, others))) = (next, changes.split_first()) else {
        return "No window to come has a place".to_owned();
    };
    let move_to = command(prefix, &format!("move {first} to {}", next.id));
    let others =
        if others.is_empty() { String::new() } else { format!(", {} the same way", numbers(others)) };
    format!("{move_to} ({}) keeps its review{others}", words::day_clock(next.starts, at))
}

/// Why a patch was skipped whose owner did not answer.
pub fn was_asked(owner: &Who, asked: &[String]) -> String {
    format!("{} was asked at {}", short_name(owner), words::list(asked))
}

/// What an owner is told who did not answer until it was too late.
pub fn skipped_absent(changes: &[ChangeNumber], asked: &[String], offered: &str) -> String {
    let are = if changes.len() == 1 { "is" } else { "are" };
    format!(
        "{} {are} skipped: you were asked at {}, now it is too late to start [owner-present]. {offered}",
        numbers(changes),
        words::list(asked)
    )
}

/// Said where the patches of silent owners go to the end.
pub fn slid(changes: &[ChangeNumber], silent: &[Who]) -> String {
    let go = if changes.len() == 1 { "goes" } else { "go" };
    format!("{} {go} to the end: no answer from {}", numbers(changes), names(silent))
}

/// The lead is asked to go on: patches wait and nothing is in motion.
pub fn go_on(settings: &Settings, window: &Window, next: Option<&Patch>, at: At) -> String {
    let on = match window.phase {
        Phase::On { since } | Phase::Running { since } => since,
        Phase::Planned => at,
    };
    let heard = window.lead.as_ref().map_or(on, |lead| lead.heard);
    let silent = words::span(at - heard.max(on));
    let waiting = patches(window.waiting().count());
    let what = if !window.is_running() {
        command(&settings.prefix, "start")
    } else if let Some(next) = next {
        command(&settings.prefix, &format!("check {} deployer", super::handle(next)))
    } else {
        command(&settings.prefix, "queue")
    };
    let take = command(&settings.prefix, &format!("claim {} WHY", window.id().window));
    format!(
        "nothing moves in {} for {silent}, {waiting} waiting: {what}. Another deployer: {take}",
        window.id()
    )
}

/// The time of an owner who was asked at the patch's turn is over.
pub fn turn_over(settings: &Settings, window: &Window, patch: &Patch) -> String {
    let change = patch.change;
    let owner = short_name(patch.owner());
    let last = words::clock(window.occurrence.ends - settings.policy.last_start);
    let aside = command(&settings.prefix, &format!("override {change} owner-present WHY"));
    let skip = command(&settings.prefix, &format!("skip {change} WHY"));
    format!("{change}: no answer from {owner}. It waits for {owner} until {last} UTC, or {skip}, or {aside}")
}

/// Added to the announcement where the window begins held.
pub fn begins_held(prefix: &str, holds: &[String]) -> String {
    if holds.is_empty() {
        return String::new();
    }
    format!(". It begins HELD ({}): {}", holds.join("; "), command(prefix, "resume NOTE"))
}
