//! What is said in the run: the next patch, what a step waits for, what goes back.

use super::super::event::BackStep;
use super::super::guidelines::{Point, PointState};
use super::super::id::{At, ChangeNumber, RoomId, RowId, Who};
use super::super::patch::{Patch, Stage};
use super::super::plan::{Act, Done, Step, watch_time};
use super::super::settings::Settings;
use super::super::state::State;
use super::super::window::{Hold, Window};
use super::super::words;
use super::{Refusal, command, handle, own_words, short_name};

/// `production, includes/Hooks.php`.
pub fn step_name(step: &Step) -> String {
    match &step.act {
        Act::Review => "review".to_owned(),
        Act::Merge => "merge".to_owned(),
        Act::Sync { stage, file: None } => stage.clone(),
        Act::Sync { stage, file: Some(file) } => format!("{stage}, {}", own_words(file)),
        Act::Verify => "verify".to_owned(),
        Act::Health { .. } => "health".to_owned(),
        Act::Watch { seconds } => format!("watch {}", words::span(watch_time(*seconds))),
    }
}

/// What a step asks of the lead.
pub fn step(settings: &Settings, patch: &Patch, number: u32, step: &Step) -> String {
    let change = patch.change;
    let done = command(&settings.prefix, &format!("done {number}"));
    let back = command(&settings.prefix, &format!("rollback {change}"));
    if step.run.is_some() {
        return super::go::ask(&settings.prefix, patch, number, step);
    }
    match &step.act {
        Act::Health { checks } if !checks.is_empty() => super::health::step(settings, patch, number, checks),
        Act::Merge => format!("{change} step {number}: merge it; I see for myself when it is MERGED"),
        Act::Sync { .. } => format!("{change} step {number}: {}, then {done}", step_name(step)),
        Act::Health { .. } => {
            format!(
                "{change} step {number}: health, look at the error rates; {done} if they are as before, else {back}"
            )
        }
        Act::Watch { seconds } => {
            format!(
                "{change} is out, watching {}; step {number} closes itself",
                words::span(watch_time(*seconds + patch.health.added))
            )
        }
        Act::Review | Act::Verify => format!("{change} step {number}: {}", step_name(step)),
    }
}

/// What the owner is asked.
pub fn verify(settings: &Settings, patch: &Patch) -> String {
    let change = patch.change;
    let stage = super::super::decide::dirty_stage(patch);
    let verified = command(&settings.prefix, &format!("verified {change}"));
    let broken = command(&settings.prefix, &format!("broken {change} WHY"));
    let time = words::span(settings.timers.verify);
    format!("{change} is on {stage}: test it, then {verified} or {broken} ({time})")
}

/// What the lead is asked who tests in the owner's place.
pub fn verify_for(settings: &Settings, patch: &Patch) -> String {
    let change = patch.change;
    let stage = super::super::decide::dirty_stage(patch);
    let verified = command(&settings.prefix, &format!("verified {change}"));
    let broken = command(&settings.prefix, &format!("broken {change} WHY"));
    let owner = short_name(patch.owner());
    match patch.wish.test.as_deref().map(own_words) {
        Some(plan) => {
            format!("{change} is on {stage}, {owner} left a plan: {plan}. Then {verified} or {broken}")
        }
        None => format!("{change} is on {stage} and {owner} is gone: test it, then {verified} or {broken}"),
    }
}

/// What an owner is told at the patch's turn.
pub fn your_turn(settings: &Settings, patch: &Patch) -> String {
    format!("{} is next. {}", patch.change, command(&settings.prefix, "here"))
}

/// `dave is here`.
pub fn is_here_now(who: &Who) -> String {
    format!("{} is here", short_name(who))
}

/// What the lead is told meanwhile.
pub fn asked_again(patch: &Patch, until: At) -> String {
    let owner = short_name(patch.owner());
    format!("{} is next and {owner} is not here, asked until {}", patch.change, words::clock(until))
}

/// How a step that nobody confirms with `done` comes to its end.
pub fn how_it_closes(settings: &Settings, patch: &Patch, step: &Step) -> String {
    let name = handle(patch);
    match &step.act {
        Act::Review => {
            let list = command(&settings.prefix, &format!("checklist {name}"));
            format!("when the checklist of {} is full. {list}", patch.change)
        }
        Act::Merge => format!("when the review system says that {} is MERGED", patch.change),
        Act::Verify => {
            let words = command(&settings.prefix, &format!("verified {}", patch.change));
            format!("when {} says {words}", short_name(patch.owner()))
        }
        Act::Watch { seconds } => {
            let time = watch_time(*seconds + patch.health.added);
            let until = patch.step_since.map(|since| words::clock(since + time));
            format!("at {} UTC", until.unwrap_or_default())
        }
        Act::Health { checks } if !checks.is_empty() => {
            format!("on the verdict of {}. {}", words::list(checks), command(&settings.prefix, "health"))
        }
        Act::Sync { .. } | Act::Health { .. } => String::new(),
    }
}

/// One point of the checklist, with what it saw.
pub fn point(point: &Point<'_>) -> String {
    let item = &point.item;
    match &point.state {
        PointState::Filled { by } => format!("{item} yes: {}", own_words(by)),
        PointState::Checked(check) => {
            let word = if check.not_needed { "does not apply" } else { "yes" };
            let note = check.note.as_deref().map(|note| format!(", {}", own_words(note))).unwrap_or_default();
            format!("{item} {word}: {} {}{note}", short_name(&check.by), words::clock(check.at))
        }
        PointState::NotNeeded(why) => format!("{item} not needed ({})", own_words(why)),
        PointState::Open { why, .. } => {
            let until =
                point.until.map(|until| format!(", ready {}", words::clock(until))).unwrap_or_default();
            format!("{item} OPEN: {}{until}", own_words(why))
        }
        PointState::Blocked { why, .. } => format!("{item} BLOCKED: {}", own_words(why)),
    }
}

/// Why a point is open, and until when where that is known.
fn why_open(point: &Point<'_>) -> String {
    let (PointState::Open { why, .. } | PointState::Blocked { why, .. }) = &point.state else {
        return String::new();
    };
    let until = point.until.map(|until| format!(", ready {}", words::clock(until))).unwrap_or_default();
    format!("{}{until}", own_words(why))
}

/// The open points but the lead's own, with their reasons; empty where there is none.
pub fn open_points(_settings: &Settings, _patch: &Patch, points: &[Point<'_>]) -> String {
    let open: Vec<String> = points
        .iter()
        .filter(|point| point.is_open() && point.item != super::super::checklist::Item::Deployer)
        .map(|point| format!("{} ({})", point.item, why_open(point)))
        .collect();
    open.join(", ")
}

/// The review points without the lead's own, the empty ones together.
fn points_in_short(points: &[Point<'_>]) -> String {
    let mut parts = Vec::new();
    let mut not_needed = Vec::new();
    let mut why = String::new();
    for p in points.iter().filter(|point| point.item != super::super::checklist::Item::Deployer) {
        match &p.state {
            PointState::NotNeeded(reason) => {
                not_needed.push(p.item.word());
                why.clone_from(reason);
            }
            _ => parts.push(point(p)),
        }
    }
    if !not_needed.is_empty() {
        parts.push(format!("{} not needed ({})", not_needed.join(" and "), own_words(&why)));
    }
    parts.join("; ")
}

/// The next patch: what the lead has to know before reading it.
pub fn next_is(
    settings: &Settings,
    state: &State,
    patch: &Patch,
    points: &[Point<'_>],
    then: &[&Patch],
) -> String {
    let owner = short_name(patch.owner());
    let name = handle(patch);
    let what = super::patch_and_title(state, patch);
    let check = command(&settings.prefix, &format!("check {name} deployer"));
    let then: Vec<String> = then
        .iter()
        .take(3)
        .map(|patch| format!("{} ({})", patch.change, short_name(patch.owner())))
        .collect();
    let then = if then.is_empty() { String::new() } else { format!(", then {}", then.join(", ")) };
    let open =
        points.iter().find(|point| point.is_open() && point.item != super::super::checklist::Item::Deployer);
    let open = open.map(|point| match &point.state {
        PointState::Blocked { fix, .. } => format!(". {fix}"),
        _ => {
            format!("; {} fills it", command(&settings.prefix, &format!("check {name} {} NOTE", point.item)))
        }
    });
    let points = points_in_short(points);
    format!("next is {what} ({owner}){then}. {points}{}. Read it, then {check}", open.unwrap_or_default())
}

/// The next patch, and what is in its way.
pub fn next_waits(state: &State, patch: &Patch, refusal: &Refusal) -> String {
    let what = super::patch_and_title(state, patch);
    let owner = short_name(patch.owner());
    format!("next is {what} ({owner}). {}", refusal.said_in_full())
}

/// What follows from what has just happened: `900101 ps 3 merged. Step 3: testservers`.
pub fn after_lead_in(lead_in: &str, text: &str) -> String {
    if lead_in.is_empty() { text.to_owned() } else { format!("{lead_in}. {}", words::sentence(text)) }
}

/// Merged while it only waited.
pub fn merged_early(settings: &Settings, window: &Window, patch: &Patch) -> String {
    let change = patch.change;
    let next = if window.is_running() {
        format!(". {} takes it next", command(&settings.prefix, &format!("check {} deployer", handle(patch))))
    } else {
        String::new()
    };
    format!("{change} is merged before its turn and not deployed: nothing else starts before it is out{next}")
}

/// Merged while the lead was still reading.
pub fn merged_unreviewed(patch: &Patch) -> String {
    format!("{} was merged as ps {} before its review was done", patch.change, patch.patch_set)
}

/// Merged as another patch set than the one that was read.
pub fn wrong_patch_set_merged(patch: &Patch, reviewed: u32) -> String {
    format!("{} was merged as ps {}, reviewed was ps {reviewed}", patch.change, patch.patch_set)
}

/// What to do about either.
pub fn read_what_is_merged(prefix: &str, patch: &Patch, hold: u32, reason: &str) -> String {
    let resume = command(prefix, &format!("resume H{hold} NOTE"));
    let back = if patch.touched_hosts() { "rollback" } else { "skip" };
    let back = command(prefix, &format!("{back} {} WHY", patch.change));
    format!("{reason}; HELD (H{hold}). Read ps {}, then {resume}, or {back}", patch.patch_set)
}

/// Said to the lead where the owner has not looked in time.
pub fn owner_is_silent(settings: &Settings, patch: &Patch) -> String {
    let (change, owner) = (patch.change, short_name(patch.owner()));
    let verified = command(&settings.prefix, &format!("verified {change}"));
    let back = command(&settings.prefix, &format!("rollback {change}"));
    let time = words::span(settings.timers.verify);
    format!("no word from {owner} on {change} in {time}: yours to decide, {verified} or {back}")
}

/// Said to the lead where the review system is silent in the merge step.
pub fn cannot_see_the_merge(patch: &Patch, why: &str) -> String {
    format!("I cannot see whether {} is merged: {}. I keep asking", patch.change, own_words(why))
}

/// Said of a review in which something turns out to go first: skipping lets it.
pub fn cannot_overtake(prefix: &str, patch: &Patch, refusal: &Refusal) -> String {
    let why = refusal.text.split(". ").next().unwrap_or_default();
    let skip = command(prefix, &format!("skip {} WHY", patch.change));
    format!("{why}; {skip} lets it [{}]", refusal.code)
}

/// A hold that outlived its window is off.
pub fn standing_hold_off(hold: &Hold, note: &str) -> String {
    format!("H{} is off: {}. The next window begins without it", hold.number, own_words(note))
}

/// Said of a review that the review system's silence keeps open.
pub fn review_waits_for_facts(patch: &Patch, why: &str) -> String {
    format!("{} step 1: review, waiting for the review system: {}", patch.change, own_words(why))
}

/// What keeps the review open.
pub fn still_open(settings: &Settings, patch: &Patch, points: &[Point<'_>], first: Option<String>) -> String {
    let mut open: Vec<String> = points
        .iter()
        .filter(|point| point.is_open())
        .map(|point| {
            let name = handle(patch);
            if let PointState::Blocked { fix, .. } = &point.state {
                return format!("{} ({}): {fix}", point.item, why_open(point));
            }
            match point.item {
                super::super::checklist::Item::Deployer => {
                    format!(
                        "your own review: {}",
                        command(&settings.prefix, &format!("check {name} deployer"))
                    )
                }
                _ => format!(
                    "{} ({}): {}",
                    point.item,
                    why_open(point),
                    command(&settings.prefix, &format!("check {name} {} NOTE", point.item))
                ),
            }
        })
        .collect();
    open.extend(first);
    format!("{} step 1: review, still open: {}", patch.change, open.join("; "))
}

/// What a patch in motion waits for, and who can clear it.
pub fn waits_for(settings: &Settings, patch: &Patch, points: &[Point<'_>]) -> String {
    let Some((number, current)) = patch.current() else {
        return format!("{} waits for nothing", patch.change);
    };
    if let (Some(why), Act::Health { .. }) = (&current.failed, &current.act)
        && patch.health.said.is_some()
    {
        return super::no::unhealthy(&settings.prefix, patch, why).text;
    }
    if let Some(why) = &current.failed {
        let retry = command(&settings.prefix, "retry");
        return format!(
            "{} step {number} ({}) failed: {}. {retry}",
            patch.change,
            step_name(current),
            own_words(why)
        );
    }
    match &current.act {
        Act::Review => still_open(settings, patch, points, None),
        Act::Verify => {
            format!("{} waits for {}: {}", patch.change, short_name(patch.owner()), verify(settings, patch))
        }
        _ => step(settings, patch, number, current),
    }
}

/// Said where the window is too far gone for another patch.
pub fn too_late(settings: &Settings, window: &Window, at: At) -> String {
    let last = window.occurrence.ends - settings.policy.last_start;
    let waiting: Vec<ChangeNumber> = window.waiting().map(|patch| patch.change).collect();
    format!(
        "{} UTC: too late to start {} (last start {}). {}, or {}",
        words::clock(at),
        super::numbers(&waiting),
        words::clock(last),
        command(&settings.prefix, "finish"),
        command(&settings.prefix, "extend 15m")
    )
}

/// The answer to a step that is done already, heard in this room.
pub fn already_done(done: &Done, here: Option<&RoomId>, at: At, current: u32, step: &Step) -> String {
    let by = by_and_where(&done.by, done.at, done.room.as_ref(), here, at);
    format!("already done by {by}; now it is step {current} ({})", step_name(step))
}

/// Who said something and when; what was said in another room than this one, where, and how long ago: the two were on
/// their way at once.
pub fn by_and_where(by: &Who, when: At, room: Option<&RoomId>, here: Option<&RoomId>, now: At) -> String {
    let by = short_name(by);
    match room.filter(|room| here.is_some_and(|here| here != *room)) {
        Some(room) if now - when < chrono::TimeDelta::seconds(1) => format!("{by} in {room} just now"),
        Some(room) => format!("{by} in {room} {}", words::ago_or_in(now, when)),
        None => format!("{by} at {}", words::clock(when)),
    }
}

/// The answer to a second word that a patch is broken.
pub fn broken_too(prefix: &str, hold: &Hold, change: ChangeNumber) -> String {
    let back = command(prefix, &format!("rollback {change}"));
    format!("noted, H{} stops everything already. {back}", hold.number)
}

/// `900101, 11 min`.
pub fn live(patch: &Patch, at: At) -> String {
    let took = patch.started.map(|started| format!(", {}", super::took(started, at))).unwrap_or_default();
    let synced = patch.steps.iter().any(|step| matches!(step.act, Act::Sync { .. }));
    let how = if synced { "is live" } else { "is merged, no host needs it" };
    format!("{} {how}{took}", patch.change)
}

/// `900004 off production`, `Hooks.php of 900004 off production`.
pub fn back_step_name(step: &BackStep) -> String {
    let file = step.file.as_ref().map(|file| format!("{} of ", own_words(file))).unwrap_or_default();
    format!("{file}{} off {}", step.change, step.stage)
}

/// What a rollback step asks of whoever does it.
pub fn back_step(prefix: &str, number: u32, step: &BackStep) -> String {
    if step.run.is_some() {
        return format!("r{number}: {}{}", back_step_name(step), super::go::back_waits(prefix, number, step));
    }
    let done = command(prefix, &format!("done r{number}"));
    format!("r{number}: take {}, then {done}", back_step_name(step))
}

/// The changes in a rollback, each once, in its order.
pub fn changes_in(steps: &[BackStep]) -> String {
    let mut changes: Vec<ChangeNumber> = Vec::new();
    for step in steps {
        if !changes.contains(&step.change) {
            changes.push(step.change);
        }
    }
    super::numbers(&changes)
}

/// The whole plan of a rollback, with its row and time.
pub fn rollback_plan(
    prefix: &str,
    change: ChangeNumber,
    steps: &[BackStep],
    reason: Option<&str>,
    (row, at): (RowId, At),
    theirs: bool,
) -> String {
    let several = steps.iter().any(|step| step.change != change);
    let named: Vec<String> = (1u32..)
        .zip(steps)
        .filter(|(_, step)| !step.done)
        .map(|(number, step)| {
            let of = if several { format!("{} ", step.change) } else { String::new() };
            let file = step.file.as_ref().map(|file| format!(" {}", own_words(file))).unwrap_or_default();
            format!("r{number} {of}{}{file}", step.stage)
        })
        .collect();
    let first = if several { " and first what needs it" } else { "" };
    let reason = reason.map(|reason| format!(" Reason \"{}\".", own_words(reason))).unwrap_or_default();
    let next = (1u32..).zip(steps).find(|(_, step)| !step.done).map_or(1, |(number, _)| number);
    let done = command(prefix, &format!("done r{next}"));
    let is_run = (1u32..).zip(steps).any(|(number, step)| number == next && step.run.is_some());
    let now = match (is_run, theirs) {
        (true, _) => format!(" r{next} runs"),
        (false, true) => format!(" r{next} now, then {done}"),
        (false, false) => String::new(),
    };
    let time = at.format("%H:%M:%SZ");
    format!("rolling back {change}{first}: {} ({row}, {time}).{reason}{now}", named.join(", "))
}

/// Added where a command is at work that is asked to end first.
pub fn ends_first(number: u32) -> String {
    format!(" when step {number} has ended; I have asked it to end")
}

/// Added to a hold while a command is at work: half of a sync is worse than all of it.
pub fn runs_on(prefix: &str, number: u32) -> String {
    format!("; step {number} runs to its end, {} ends it", command(prefix, "rollback WHY"))
}

/// Added where the patch in motion needs what went back.
pub fn waits_again(patch: &Patch) -> String {
    format!("; {} waits for its turn again", patch.change)
}

/// What others are told whose patches go back; who takes the first step, where somebody started it who takes none.
pub fn rolls_back(name: &str, steps: &[BackStep], lead: Option<&str>, first: Option<&str>) -> String {
    let text = format!("{name} rolls back {}", changes_in(steps));
    match (lead, first) {
        (Some(lead), Some(first)) => format!("{text}. {lead}: {first}"),
        _ => text,
    }
}

/// How far a patch is, in one word or two.
pub fn stage(patch: &Patch) -> String {
    match &patch.stage {
        Stage::Queued => "waits".to_owned(),
        Stage::Moving => match patch.current() {
            Some((number, step)) => format!("step {number} of {} ({})", patch.steps.len(), step_name(step)),
            None => "in motion".to_owned(),
        },
        Stage::Live { at } => format!("live {}", words::clock(*at)),
        Stage::Skipped { reason, veto, .. } => {
            let word = if *veto { "vetoed" } else { "skipped" };
            format!("{word}: {}", own_words(reason))
        }
        Stage::RolledBack => "rolled back".to_owned(),
    }
}
