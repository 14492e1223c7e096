//! What is said of the commands of steps: started, through, failed, unknown.

use chrono::TimeDelta;

use super::super::event::BackStep;
use super::super::id::{ChangeNumber, RowId};
use super::super::patch::Patch;
use super::super::plan::{Act, Going, Step};
use super::super::program::{Ended, How};
use super::super::state::State;
use super::super::text;
use super::super::window::{Rollback, Window};
use super::super::words;
use super::run::{back_step_name, step_name};
use super::{Refusal, command, own_words, short_name};

/// One line that says what is deployed, for the log of whatever is run.
pub fn message(state: &State, patch: &Patch) -> String {
    let facts = state.last_facts(patch.change);
    let title =
        facts.map(|facts| format!(" {}", text::clean_to(&facts.change.subject, 80))).unwrap_or_default();
    format!("{}{title} ({})", patch.change, short_name(patch.owner()))
}

/// The answer to `go`.
pub fn started(patch: &Patch, number: u32, step: &Step, row: RowId, missing: &str) -> String {
    format!("{} step {number}: {} started ({row}){missing}", patch.change, step_name(step))
}

/// Added where the health could not be compared with anything; `bad` is what is not healthy again meanwhile.
pub fn no_baseline(checks: &[&str], bad: Option<ChangeNumber>) -> String {
    let why = bad.map(|bad| format!(", as the hosts are not healthy again after {bad}")).unwrap_or_default();
    format!("; nothing is known of {} from before{why}, so its health will be unknown", words::list(checks))
}

/// It is at work already.
pub fn already_running(name: &str, going: &Going) -> String {
    format!("already running: {name} since {} UTC ({})", words::clock(going.at), going.row)
}

/// `exit 0, 38 s`.
pub fn how_it_went(ended: &Ended) -> String {
    format!("{}, {}", ended.how.words(), words::exact_span(TimeDelta::seconds(ended.seconds)))
}

fn last_line(ended: &Ended) -> String {
    ended.last_line().map(|line| format!(": {}", own_words(line))).unwrap_or_default()
}

/// `exit 1 after 38 s: ssh: timed out`.
pub fn why_failed(ended: &Ended) -> String {
    let how = ended.how.words();
    match ended.how {
        How::NotStarted(_) => how,
        _ => {
            let time = words::exact_span(TimeDelta::seconds(ended.seconds));
            format!("{how} after {time}{}", last_line(ended))
        }
    }
}

/// `900202 is on canaries (38 s): 11 hosts`.
pub fn through(patch: &Patch, step: &Step, ended: &Ended) -> String {
    let time = words::exact_span(TimeDelta::seconds(ended.seconds));
    let what = match &step.act {
        Act::Sync { stage, file: None } => format!("is on {stage}"),
        _ => format!("{} is through", step_name(step)),
    };
    format!("{} {what} ({time}){}", patch.change, last_line(ended))
}

/// What merges it has ended; the proof is the review system's.
pub fn merge_ran(patch: &Patch, number: u32, ended: &Ended) -> String {
    let how = how_it_went(ended);
    format!(
        "{} step {number}: the merge command has ended ({how}); I see for myself when it is MERGED",
        patch.change
    )
}

/// A step has failed.
pub fn failed(prefix: &str, patch: &Patch, number: u32, step: &Step, why: &str, ran: RowId) -> String {
    let change = patch.change;
    let retry = command(prefix, "retry");
    let back = if patch.touched_hosts() || matches!(step.act, Act::Sync { .. }) {
        command(prefix, &format!("rollback {change}"))
    } else {
        command(prefix, &format!("skip {change} WHY"))
    };
    let name = step_name(step);
    format!(
        "{change} step {number} ({name}) FAILED: {} ({ran}). {retry}, {back} or {}",
        own_words(why),
        command(prefix, "hold")
    )
}

/// A line of what is printed.
pub fn progress(change: ChangeNumber, name: &str, since: TimeDelta, line: &str) -> String {
    format!("{change} {name}, {}: {line}", words::exact_span(since))
}

/// Since when it is on its way, and what became of it while the program was away.
fn while_away(going: &Going) -> String {
    let since = format!("(since {} UTC, {})", words::clock(going.at), going.row);
    match (&going.still, going.is_left) {
        (Some(still), _) => {
            format!("was killed {since}, and {} is still there: end it by hand", own_words(still))
        }
        (None, true) => format!("ran on while I was away {since} and has ended"),
        (None, false) => format!("ran when I went down {since}"),
    }
}

/// What a rollback goes on beside: it was killed, and this is still there.
pub fn still_there(step: &str, still: &str) -> String {
    format!(
        "{step} was killed, and {} is still there: end it by hand. The rollback goes on",
        own_words(still)
    )
}

/// What can be said of a step that nobody knows of. The merge is proved by the review system, and is on no host. Nothing
/// runs again beside what is still there.
pub fn ways(prefix: &str, number: u32, step: &Step, going: Option<&Going>, change: ChangeNumber) -> String {
    let is_there = going.is_some_and(|going| going.still.is_some());
    let (go_on, take_back) = if step.act.is_manual() {
        (command(prefix, &format!("done {number}")), command(prefix, &format!("rollback {change}")))
    } else {
        ("I go on when it is MERGED; else".to_owned(), command(prefix, &format!("skip {change} WHY")))
    };
    let rerun = command(prefix, "rerun");
    match (step.act.is_manual(), is_there) {
        (true, false) => format!("{go_on}, {rerun} or {take_back}"),
        (true, true) => format!("{go_on} or {take_back}"),
        (false, false) => format!("{go_on} {rerun} or {take_back}"),
        (false, true) => format!("{go_on} {take_back}"),
    }
}

/// The same of a rollback step; `done` are the words that name it as through.
pub fn back_ways(prefix: &str, done: &str, going: &Going) -> String {
    let done = command(prefix, done);
    match going.still {
        Some(_) => done,
        None => format!("{done} or {}", command(prefix, "rerun")),
    }
}

/// It was on its way when the program went down, or while it was away.
pub fn unknown(prefix: &str, patch: &Patch, number: u32, step: &Step, going: &Going) -> String {
    let change = patch.change;
    let look = if step.act.is_sync() { "Look at the hosts, then " } else { "" };
    format!(
        "{change} step {number} ({}) {}. UNKNOWN whether it went through. {look}{}",
        step_name(step),
        while_away(going),
        ways(prefix, number, step, Some(going), change)
    )
}

/// What became of a step is said while nothing goes on.
pub fn named(patch: &Patch, number: u32, step: &Step, stops: &Refusal) -> String {
    let name = step_name(step);
    format!("{} step {number} ({name}) noted as through. {}", patch.change, words::sentence(&stops.text))
}

/// The same of a rollback step.
pub fn back_unknown(prefix: &str, number: u32, going: &Going) -> String {
    format!(
        "r{number} {}. UNKNOWN whether it went through. Look at the hosts, then {}",
        while_away(going),
        back_ways(prefix, &format!("done r{number}"), going)
    )
}

/// A rollback step was not begun when the program went down.
pub fn back_not_begun(prefix: &str, number: u32, why: &str) -> String {
    let (retry, done) = (command(prefix, "retry"), command(prefix, &format!("done r{number} NOTE")));
    format!("r{number} has not begun: {why}. {retry}, or {done} where it was done by hand")
}

/// A rollback step has started.
pub fn back_started(number: u32, step: &BackStep, row: RowId) -> String {
    format!("r{number}: {} started ({row})", back_step_name(step))
}

/// What comes after a rollback step.
pub fn next_back(prefix: &str, number: u32, step: &BackStep) -> String {
    match step.run {
        Some(_) => format!("r{number} runs"),
        None => super::run::back_step(prefix, number, step),
    }
}

/// What a rollback step that the bot runs waits for, behind its name.
pub fn back_waits(prefix: &str, number: u32, step: &BackStep) -> String {
    let words = format!("done r{number} NOTE");
    let done = command(prefix, &words);
    match (&step.going, &step.failed) {
        (Some(going), _) if going.is_unknown => {
            format!(", {}, UNKNOWN: {}", while_away(going), back_ways(prefix, &words, going))
        }
        (Some(going), _) if going.is_left => format!(", {}", runs_on(going)),
        (Some(going), _) => format!(", running since {} UTC ({})", words::clock(going.at), going.row),
        (None, Some(why)) => format!(", FAILED ({}): {} or {done}", own_words(why), command(prefix, "retry")),
        (None, None) => ", which I run next".to_owned(),
    }
}

/// A rollback step is through.
pub fn back_through(number: u32, step: &BackStep, ended: &Ended, next: Option<&str>) -> String {
    let time = words::exact_span(TimeDelta::seconds(ended.seconds));
    let next = next.map(|next| format!(". {next}")).unwrap_or_default();
    format!("r{number}: {} ({time}){}{next}", back_step_name(step), last_line(ended))
}

/// A rollback step has failed: the menu, and how each stage stands.
pub fn back_failed(prefix: &str, number: u32, why: &str, stages: &str, ran: RowId) -> String {
    let retry = command(prefix, "retry");
    let done = command(prefix, &format!("done r{number} NOTE"));
    format!("r{number} FAILED: {} ({ran}). {stages}. {retry}, or mend it by hand and {done}", own_words(why))
}

/// How each stage of a rollback stands: `Off: 900101 production; unsure: 900101 canaries; still on: 900101 testservers`.
pub fn where_it_stands(rollback: &Rollback, failed: u32) -> String {
    let list = |wanted: &dyn Fn(u32, &BackStep) -> bool| {
        let those = (1u32..).zip(&rollback.steps).filter(|(number, step)| wanted(*number, step));
        let named = those.map(|(_, step)| {
            let file = step.file.as_ref().map(|file| format!(" {}", own_words(file))).unwrap_or_default();
            format!("{} {}{file}", step.change, step.stage)
        });
        named.collect::<Vec<_>>().join(", ")
    };
    let parts = [
        ("off", list(&|_, step| step.done)),
        ("unsure", list(&|number, step| !step.done && number == failed)),
        ("still on", list(&|number, step| !step.done && number != failed)),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(_, list)| !list.is_empty())
        .map(|(word, list)| format!("{word}: {list}"))
        .collect();
    words::sentence(&parts.join("; "))
}

/// It is still at work after the program was away.
fn runs_on(going: &Going) -> String {
    format!(
        "still runs (since {} UTC, {}): I was away and see when it ends, not how, and ask then",
        words::clock(going.at),
        going.row
    )
}

/// Who or what a step that the bot runs waits for, in a few words.
pub fn waits(prefix: &str, window: &Window, patch: &Patch, number: u32, step: &Step) -> String {
    let lead = window.lead.as_ref().map_or("the lead", |lead| short_name(&lead.who));
    match &step.going {
        Some(going) if going.is_left && !going.is_unknown => {
            let back = super::no::ends_it(prefix, patch);
            format!("{}{back}", runs_on(going))
        }
        Some(going) if going.is_unknown => {
            let ways = ways(prefix, number, step, Some(going), patch.change);
            format!("{}, UNKNOWN: {ways}", while_away(going))
        }
        Some(going) => format!("running since {} UTC ({})", words::clock(going.at), going.row),
        None => format!("waiting for {lead}: {}", command(prefix, &format!("go {number}"))),
    }
}

/// What a step that the bot runs asks of the lead.
pub fn ask(prefix: &str, patch: &Patch, number: u32, step: &Step) -> String {
    let change = patch.change;
    let go = command(prefix, &format!("go {number}"));
    match (&step.going, &step.act) {
        (Some(going), _) if going.is_unknown => unknown(prefix, patch, number, step, going),
        (Some(going), _) => {
            let back = command(prefix, &format!("rollback {change}"));
            if going.is_left {
                return format!(
                    "{change} step {number}: {} {}; {back} ends it",
                    step_name(step),
                    runs_on(going)
                );
            }
            format!(
                "{change} step {number}: {} runs since {} UTC ({}); {back} ends it",
                step_name(step),
                words::clock(going.at),
                going.row
            )
        }
        (None, Act::Merge) if step.begun => {
            format!("{change} step {number}: waiting for MERGED, which I see for myself")
        }
        (None, Act::Merge) => format!("{change} step {number}: {go} merges it"),
        (None, _) => format!("{change} step {number}: {}, {go}", step_name(step)),
    }
}

/// Said of a rollback step whose command cannot be made.
pub fn no_value(what: &str) -> String {
    format!("its command needs {}, which this patch does not have", own_words(what))
}

/// It is off the hosts and still merged.
pub fn still_merged(change: ChangeNumber, words: &str) -> String {
    format!("{change} stays merged and undeployed. Upload its revert and add it: {words}")
}

/// The words of a revert, to be pasted.
pub fn revert_words(state: &State, patch: &Patch, reason: Option<&str>) -> String {
    let facts = state.last_facts(patch.change);
    let subject = facts.map_or_else(|| patch.change.to_string(), |facts| own_words(&facts.change.subject));
    let reason = reason.map(|reason| format!(" / {}", own_words(reason))).unwrap_or_default();
    let message = facts.map(|facts| facts.change.message.as_str()).unwrap_or_default();
    let tasks = message.lines().filter_map(|line| line.strip_prefix("Bug: "));
    let tasks: String = tasks.map(|task| format!(" / Bug: {}", own_words(task))).collect();
    format!("Revert \"{subject}\"{reason}{tasks}")
}
