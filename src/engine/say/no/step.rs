//! Refusals about commands, health, the lock and emergencies.

use super::super::super::id::ChangeNumber;
use super::super::super::patch::Patch;
use super::super::super::plan::{Going, Step};
use super::super::super::window::Window;
use super::super::super::words;
use super::super::{Refusal, command, own_words, short_name};
use super::short;

/// No such check.
pub fn no_check(prefix: &str, word: &str, known: &[&str]) -> Refusal {
    let hint = match words::near(word, known) {
        Some(near) => format!("Did you mean {near}?"),
        None if known.is_empty() => "The configuration names none".to_owned(),
        None => format!("There are {}: {}", known.join(", "), command(prefix, "health")),
    };
    Refusal::new("unknown-check", format!("\"{}\" is no health check. {hint}", short(word)))
}

/// No checks at all.
pub fn no_checks(prefix: &str) -> Refusal {
    let text = format!("no health checks are configured, a person looks. {}", command(prefix, "steps"));
    Refusal::new("unknown-check", text)
}

/// The current step takes no time of its own.
pub fn nothing_soaks(prefix: &str, number: u32, what: &str) -> Refusal {
    let text = format!("step {number} ({what}) waits for no time. {}", command(prefix, "steps"));
    Refusal::new("no-soak", text)
}

/// Nothing goes back by itself.
pub fn nothing_counts() -> Refusal {
    Refusal::new("no-countdown", "nothing goes back by itself just now")
}

/// Going on past the health takes somebody else.
pub fn second_deployer(prefix: &str, patch: &Patch, leads: bool) -> Refusal {
    let you = if leads { "you lead this window" } else { "it is your own patch" };
    let back = command(prefix, &format!("rollback {}", patch.change));
    Refusal::new("second-person", format!("{you}, going on past the health is for another deployer. {back}"))
}

/// A bare `go` too soon after the last advance.
pub fn too_soon_to_go(prefix: &str, step: u32, seconds: i64) -> Refusal {
    let words = command(prefix, &format!("go {step}"));
    Refusal::new("too-soon", format!("something moved {seconds} s ago, now it is step {step}. {words}"))
}

/// The health is bad.
pub fn unhealthy(prefix: &str, patch: &Patch, why: &str) -> Refusal {
    let change = patch.change;
    let back = command(prefix, &format!("rollback {change}"));
    let (retry, aside) =
        (command(prefix, "retry"), command(prefix, &format!("override {change} health WHY")));
    let why = own_words(why);
    Refusal::new(
        "health",
        format!("{change} is UNHEALTHY: {why}. {back}, {retry}, or another deployer: {aside}"),
    )
}

/// Nobody knows how the health is.
pub fn health_unknown(prefix: &str, patch: &Patch) -> Refusal {
    let change = patch.change;
    let (show, back) = (command(prefix, "health"), command(prefix, &format!("rollback {change}")));
    let aside = command(prefix, &format!("override {change} health WHY"));
    Refusal::new(
        "health",
        format!("the health is UNKNOWN, which is not healthy. {show}, {back}, or another deployer: {aside}"),
    )
}

/// The health is not in yet.
pub fn health_open(prefix: &str, left: &str) -> Refusal {
    Refusal::new("health", format!("health is not in yet, {left}. {} shows it", command(prefix, "health")))
}

/// Another step comes first.
pub fn step_order_for(prefix: &str, verb: &str, said: u32, current: u32, what: &str) -> Refusal {
    let words = command(prefix, &format!("{verb} {current}"));
    Refusal::new("order", format!("step {current} ({what}) comes before step {said}. {words}"))
}

/// The plan does not reach production.
pub fn no_production(prefix: &str, change: ChangeNumber) -> Refusal {
    let text = format!("no step of {change} is on production. {}", command(prefix, "steps"));
    Refusal::new("no-step", text)
}

/// Nothing is unknown.
pub fn nothing_unknown(step: &str) -> Refusal {
    Refusal::new("not-unknown", format!("{step} is known, there is nothing to run again"))
}

/// A person does this step.
pub fn by_hand(prefix: &str, number: &str) -> Refusal {
    let done = command(prefix, &format!("done {number}"));
    let step = if number.starts_with('r') { number.to_owned() } else { format!("step {number}") };
    Refusal::new("by-hand", format!("{step} has no command, you do it: {done} when it is through"))
}

/// The bot does this step.
pub fn runs_itself(prefix: &str, number: u32) -> Refusal {
    let go = command(prefix, &format!("go {number}"));
    Refusal::new("runs-itself", format!("step {number} is run by me, nobody confirms it. {go}"))
}

/// It is at work.
pub fn is_running(prefix: &str, step: &str, patch: &Patch) -> Refusal {
    let ends = ends_it(prefix, patch);
    Refusal::new("running", format!("{step} is running and closes itself{ends}"))
}

/// What ends a command. What merges has touched no host, and nothing is taken off any.
pub fn ends_it(prefix: &str, patch: &Patch) -> String {
    let back = command(prefix, &format!("rollback {}", patch.change));
    if patch.touched_hosts() { format!("; {back} ends it") } else { String::new() }
}

/// It is at work, and an earlier program started it.
pub fn is_left(prefix: &str, step: &str, going: &Going, patch: Option<&Patch>) -> Refusal {
    let back = patch.map(|patch| ends_it(prefix, patch)).unwrap_or_default();
    let since = words::clock(going.at);
    Refusal::new(
        "running",
        format!(
            "{step} still runs (since {since} UTC, {}): when it has ended I ask what became of it{back}",
            going.row
        ),
    )
}

/// It was killed, and this of it is still at work.
pub fn still_there(prefix: &str, step: &str, still: &str) -> Refusal {
    let done = command(prefix, &format!("done {}", step.trim_start_matches("step ")));
    let still = own_words(still);
    let text =
        format!("{still} of {step} is still there after KILL: end it by hand, or {done} if it went through");
    Refusal::new("running", text)
}

/// A rollback step is at work.
pub fn runs_back(step: &str) -> Refusal {
    Refusal::new("running", format!("{step} is running and closes itself"))
}

/// Nobody knows what it did.
pub fn unknown_step(prefix: &str, number: u32, step: &Step, change: ChangeNumber) -> Refusal {
    let ways = super::super::go::ways(prefix, number, step, step.going.as_ref(), change);
    Refusal::new("unknown", format!("nobody knows whether step {number} went through. {ways}"))
}

/// The same of a rollback step.
pub fn unknown_back_step(prefix: &str, number: u32, going: &Going) -> Refusal {
    let ways = super::super::go::back_ways(prefix, &format!("done r{number}"), going);
    Refusal::new("unknown", format!("nobody knows whether r{number} went through. {ways}"))
}

/// Nothing is started while something stops it.
pub fn rerun_waits(prefix: &str, number: u32, step: &Step, stops: Refusal) -> Refusal {
    let done = match step.act.is_manual() {
        true => format!("; where it went through, {}", command(prefix, &format!("done {number}"))),
        false => String::new(),
    };
    Refusal::new(
        stops.code,
        format!(
            "rerun starts step {number} again, and nothing starts now. {}{done}",
            words::sentence(&stops.text)
        ),
    )
}

/// The command cannot be made for this patch.
pub fn no_value(prefix: &str, patch: &Patch, what: &str) -> Refusal {
    let verb = if patch.touched_hosts() { "rollback" } else { "skip" };
    let way = command(prefix, &format!("{verb} {} WHY", patch.change));
    Refusal::new("argument", format!("{}. {way}", needs(what)))
}

/// The same of a rollback step, which a person can do.
pub fn no_value_back(prefix: &str, number: u32, what: &str) -> Refusal {
    let done = command(prefix, &format!("done r{number} NOTE"));
    Refusal::new("argument", format!("{}. Take it off by hand, then {done}", needs(what)))
}

fn needs(what: &str) -> String {
    format!("the command needs {}, and this patch has none that may stand there", own_words(what))
}

/// Its steps are for the files of another patch set.
pub fn outdated_plan(prefix: &str, patch: &Patch, number: u32) -> Refusal {
    let change = patch.change;
    let back = command(prefix, &format!("rollback {change}"));
    let text = format!(
        "the file of step {number} is from before ps {}, and was not read as part of it. {back}, then add {change} again",
        patch.patch_set
    );
    Refusal::new("changed", text)
}

/// That window holds no lock.
pub fn no_lock(prefix: &str, word: &str, holders: &[&Window]) -> Refusal {
    let known: Vec<String> = holders.iter().map(|window| window.id().to_string()).collect();
    let known = if known.is_empty() {
        format!("nothing is in motion anywhere. {}", command(prefix, "now"))
    } else {
        format!("the lock is held by {}", known.join(", "))
    };
    Refusal::new("no-lock", format!("\"{}\" holds no lock: {known}", short(word)))
}

/// A window is on: nothing goes past it. `way` is what brings the change out.
pub fn window_is_on(window: &Window, way: &str) -> Refusal {
    Refusal::new("window-on", format!("{} is on, an emergency is for outside windows. {way}", window.id()))
}

/// The change is in that window already.
pub fn emergency_is_queued(prefix: &str, window: &Window, patch: &Patch) -> Refusal {
    let why = command(prefix, &format!("why {}", patch.change));
    window_is_on(window, &format!("{} is in it: {why}", patch.change))
}

/// The window is an emergency itself, which has one place, or no time is left in it: it ends first.
pub fn emergency_after(prefix: &str, window: &Window, change: ChangeNumber, extend: bool) -> Refusal {
    let lead = window.lead.as_ref().map_or("the lead", |lead| short_name(&lead.who));
    let finish = command(prefix, "finish");
    let then = command(prefix, &format!("emergency {change} WHY"));
    let extend = match extend {
        true => {
            let (extend, add) = (command(prefix, "extend 30m"), command(prefix, &format!("add {change}")));
            format!("{lead} makes time for it, {extend}, then {add}; or ")
        }
        false => format!("{lead} "),
    };
    let ends = if extend.ends_with("or ") { "ends it" } else { "brings it to its end" };
    window_is_on(window, &format!("{extend}{ends}, {finish}, then {then}"))
}

/// Nobody asked for it, or too long ago.
pub fn no_emergency(prefix: &str, change: ChangeNumber) -> Refusal {
    let words = command(prefix, &format!("emergency {change} WHY"));
    Refusal::new("no-emergency", format!("nobody asked for an emergency of {change} lately. {words}"))
}

/// Not by who asked.
pub fn second_approval(change: ChangeNumber) -> Refusal {
    let text = format!("you asked for {change} yourself, another person has to agree");
    Refusal::new("second-person", text)
}

/// No emergency.
pub fn no_report_owed(prefix: &str, window: &Window) -> Refusal {
    let text = format!("{} is no emergency and owes no report. {}", window.id(), command(prefix, "finish"));
    Refusal::new("no-emergency", text)
}

/// An emergency owes a report.
pub fn report_first(prefix: &str, window: &Window) -> Refusal {
    let words = command(prefix, "aftermath WHAT HAPPENED AND WHY");
    Refusal::new(
        "report",
        format!("{} was an emergency and owes a report. {words}, then finish", window.id()),
    )
}
