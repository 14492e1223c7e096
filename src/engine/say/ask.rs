//! The answers to questions: the queue, one patch, the windows to come, help, rows of the log.

use super::super::checklist::Item;
use super::super::command::{Role, Verb};
use super::super::event::BackStep;
use super::super::guidelines::{self, Asked, Point, PointState};
use super::super::id::{At, OccurrenceId};
use super::super::log::Row;
use super::super::order;
use super::super::patch::{Patch, Stage};
use super::super::plan::Step;
use super::super::settings::Settings;
use super::super::state::State;
use super::super::window::{Occurrence, Window};
use super::super::{schedule, text, words};
use super::queue::{after_what, eta, files_go_out, what_kind, when};
use super::{Refusal, command, coupled, log, numbers, own_words, patches, row, run, short_name};

/// The queue in the order it will run, and why.
pub fn queue(settings: &Settings, state: &State, window: &Window, at: At) -> String {
    let head = format!("{} ({})", window.id(), when(window, at));
    if window.patches.is_empty() {
        let add = command(&settings.prefix, &format!("add N for {}", window.id()));
        return format!("{head}: empty. {add}");
    }
    let order = order::predecessors(state, window);
    let running = order::running_order(state, window);
    let running = running.into_iter().filter_map(|change| window.patch(change));
    let skipped = window.patches.iter().filter(|patch| matches!(patch.stage, Stage::Skipped { .. }));
    // Patches that wait for the same are told together: a full queue is long enough.
    let mut parts: Vec<(Vec<String>, String)> = Vec::new();
    for patch in running.chain(skipped) {
        let named = format!("#{} {}", patch.ticket, patch.change);
        let mut how = format!("({}) {}", short_name(patch.owner()), run::stage(patch));
        let is_queued = matches!(patch.stage, Stage::Queued);
        if is_queued && let Some(after) = after_what(&order, patch.change) {
            how.push_str(&format!(" {after}"));
        }
        match parts.last_mut() {
            Some((others, same)) if is_queued && *same == how => others.push(named),
            _ => parts.push((vec![named], how)),
        }
    }
    let parts: Vec<String> = parts
        .into_iter()
        .map(|(named, how)| match &named[..] {
            [one] => format!("{one} {how}"),
            several => format!("{} {}", several.join(", "), how.replacen(" waits", " wait", 1)),
        })
        .collect();
    format!(
        "{head}, {} of {} places: {}",
        guidelines::places(settings, state, window).taken,
        window.occurrence.limit,
        parts.join("; ")
    )
}

/// One patch in one line.
pub fn show(
    settings: &Settings,
    state: &State,
    window: &Window,
    patch: &Patch,
    (points, blocks): (Result<&[Point<'_>], &str>, &[Refusal]),
    at: At,
) -> String {
    let what = super::patch_and_title(state, patch);
    let owner = short_name(patch.owner());
    let mut parts =
        vec![format!("#{} in {}: {what} ({owner}), {}", patch.ticket, window.id(), run::stage(patch))];
    if let Some(facts) = state.last_facts(patch.change) {
        parts[0].push_str(&format!(", {}", what_kind(settings, facts, patch.wish.urgent.as_deref())));
    }
    if matches!(patch.stage, Stage::Queued) {
        if let Some(after) = after_what(&order::predecessors(state, window), patch.change) {
            parts[0].push_str(&format!(", {after}"));
        }
        parts[0].push_str(&format!(", about {}", eta(settings, state, window, patch.change, at)));
        parts.push(match points {
            Ok(points) => points.iter().map(run::point).collect::<Vec<_>>().join("; "),
            Err(why) if patch.patch_set > 0 => format!("not known now: {}", own_words(why)),
            Err(why) => format!("nothing is known of it: {}", own_words(why)),
        });
    }
    parts.extend(blocks.iter().map(Refusal::said_in_full));
    let diff = state.last_facts(patch.change).and_then(|facts| facts.diff.as_ref()?.known());
    parts.extend(diff.and_then(coupled::not_read));
    if let Some(note) = &patch.wish.note {
        parts.push(format!("note: {}", own_words(note)));
    }
    if let Some(order) = &patch.files {
        parts.push(format!(
            "{} (by {})",
            files_go_out(patch.change, &order.files, &order.files),
            short_name(&order.by)
        ));
    }
    for (rule, aside) in &patch.overrides {
        parts.push(format!("{rule} set aside by {}: {}", short_name(&aside.by), own_words(&aside.reason)));
    }
    parts.join("; ")
}

/// The open points that are not for the lead's own review: why, who can fill it, and with which words. What blocks
/// anyway is said elsewhere.
pub fn who_fills(settings: &Settings, patch: &Patch, points: &[Point<'_>], blocking: &[&str]) -> Vec<String> {
    let mut listed = Vec::new();
    for point in points.iter().filter(|point| point.item != Item::Deployer) {
        let PointState::Open { why, who } = &point.state else { continue };
        if blocking.contains(&why.as_str()) {
            continue;
        }
        let who = match who {
            Asked::Lead => "the lead".to_owned(),
            Asked::Another => "another deployer".to_owned(),
            Asked::OwnerOrLead => format!("{} or the lead", short_name(patch.owner())),
        };
        let until = point.until.map(|until| format!(", ready {}", words::clock(until))).unwrap_or_default();
        let check = command(&settings.prefix, &format!("check {} {} NOTE", super::handle(patch), point.item));
        listed.push(format!("{} OPEN ({}{until}), {who}: {check}", point.item, own_words(why)));
    }
    listed
}

/// The review points, with their evidence.
pub fn checklist(settings: &Settings, patch: &Patch, points: &[Point<'_>], for_lead: bool) -> String {
    let listed: Vec<String> = points.iter().map(run::point).collect();
    // Words to type are for whoever may type them.
    let may_fill = |point: &&Point<'_>| match &point.state {
        PointState::Open { who, .. } => for_lead || *who != Asked::Lead,
        PointState::Blocked { .. } => true,
        _ => false,
    };
    let open = points.iter().find(may_fill);
    let words = open.map(|point| match (&point.state, &point.item) {
        (PointState::Blocked { fix, .. }, _) => fix.clone(),
        (_, item) => {
            let note = if *item == Item::Deployer { "" } else { " NOTE" };
            command(&settings.prefix, &format!("check {} {item}{note}", super::handle(patch)))
        }
    });
    let words = words.map(|words| format!(". {words}")).unwrap_or_default();
    format!("{}{}: {}{words}", patch.change, super::patch_set(patch), listed.join("; "))
}

/// The steps of a patch, the current one marked.
pub fn steps(patch: &Patch, steps: &[Step]) -> String {
    let current = patch.current().map(|(number, _)| number);
    let taken_back = if patch.stage == Stage::RolledBack { patch.goes_back_by() } else { Vec::new() };
    let listed: Vec<String> = (1u32..)
        .zip(steps)
        .map(|(number, step)| {
            let mark = match (&step.done, &step.failed) {
                _ if taken_back.contains(&step) => " taken back".to_owned(),
                (Some(done), _) => format!(" done {} {}", short_name(&done.by), words::clock(done.at)),
                (None, Some(_)) => format!(" {}", failed(step)),
                (None, None) if step.is_unknown() => " UNKNOWN".to_owned(),
                (None, None) if step.is_running() => " running".to_owned(),
                (None, None) if current == Some(number) => " <- now".to_owned(),
                (None, None) => String::new(),
            };
            format!("{number} {}{mark}", run::step_name(step))
        })
        .collect();
    format!("{}{}: {}", patch.change, super::patch_set(patch), listed.join("; "))
}

/// The word for how a step stands that cannot go on.
fn failed(step: &Step) -> &'static str {
    if step.checks().is_empty() { "FAILED" } else { "UNHEALTHY" }
}

/// The steps of a rollback.
pub fn back_steps(steps: &[BackStep]) -> String {
    let current = steps.iter().position(|step| !step.done);
    let listed: Vec<String> = steps
        .iter()
        .enumerate()
        .map(|(index, step)| {
            let mark = match (step.done, &step.failed, &step.going) {
                (true, ..) => " done",
                (false, Some(_), _) => " FAILED",
                (false, None, Some(going)) if going.is_unknown => " UNKNOWN",
                (false, None, Some(_)) => " running",
                (false, None, None) if current == Some(index) => " <- now",
                (false, None, None) => "",
            };
            format!("r{} {}{mark}", index + 1, run::back_step_name(step))
        })
        .collect();
    format!("rolling back: {}", listed.join("; "))
}

/// The windows to come.
pub fn windows(settings: &Settings, state: &State, ahead: &[Occurrence], at: At) -> String {
    if ahead.is_empty() {
        return format!("no window in that time. {}", command(&settings.prefix, "windows week"));
    }
    let listed: Vec<String> = ahead
        .iter()
        .map(|occurrence| {
            let known = state.windows.get(&occurrence.id);
            let count = known.map_or(0, |window| window.taking_part().count());
            let lead = known.and_then(|window| window.lead.as_ref());
            let lead = lead.map(|lead| format!(", lead {}", short_name(&lead.who))).unwrap_or_default();
            let closed = closed_to_patches(settings, state, occurrence);
            format!(
                "{} {}, {}{lead}{closed}",
                occurrence.id,
                words::day_clock(occurrence.starts, at),
                patches(count)
            )
        })
        .collect();
    listed.join("; ")
}

/// Why a window takes no patch, behind a comma; nothing where it does.
fn closed_to_patches(settings: &Settings, state: &State, occurrence: &Occurrence) -> String {
    if let Some(day) = schedule::no_deploy_day(&settings.policy, occurrence) {
        return format!(", no deployments ({day})");
    }
    let mut freezes = state.freezes.iter();
    if let Some(freeze) =
        freezes.find(|freeze| freeze.from < occurrence.ends && occurrence.starts < freeze.to)
    {
        return format!(", frozen (F{})", freeze.number);
    }
    let full = state
        .windows
        .get(&occurrence.id)
        .is_some_and(|window| guidelines::places(settings, state, window).taken >= window.occurrence.limit);
    if full { ", full".to_owned() } else { String::new() }
}

/// What is merged and not deployed.
pub fn ledger(prefix: &str, state: &State, at: At) -> String {
    if state.ledger.is_empty() {
        return "nothing is merged and undeployed".to_owned();
    }
    let listed: Vec<String> = state
        .ledger
        .iter()
        .map(|(change, entry)| {
            let since = words::ago_or_in(at, entry.at);
            let goes_back = |window: &Window| {
                let steps = window.rollback.as_ref().map(|rollback| &rollback.steps);
                steps.is_some_and(|steps| steps.iter().any(|step| step.change == *change))
            };
            if state.windows.values().any(goes_back) {
                return format!("{change} merged, going back ({since})");
            }
            // What goes out just now is on hosts already.
            let moving = state.windows.values().find_map(|window| window.moving());
            match moving.filter(|patch| patch.change == *change) {
                Some(patch) => format!("{change} merged, going out: {} ({since})", run::stage(patch)),
                None => format!("{change} {} ({since})", row::debt(entry.debt)),
            }
        })
        .collect();
    let first = state.ledger.keys().next().map(ToString::to_string).unwrap_or_default();
    let settle = command(prefix, &format!("settle {first} reverted|fixed|keep WHY"));
    format!("{}. {settle}", listed.join("; "))
}

/// The numbers in the ledger.
pub fn ledger_numbers(state: &State) -> String {
    numbers(&state.ledger.keys().copied().collect::<Vec<_>>())
}

/// The verbs that are legal now.
pub fn help(prefix: &str, legal: &[&str]) -> String {
    let more = command(prefix, "help VERB");
    format!("you can say: {}. {more} tells more, as {}", legal.join(" "), command(prefix, "help add"))
}

/// One verb: grammar, who, what.
pub fn help_verb(prefix: &str, verb: &Verb) -> String {
    let forms: Vec<String> = verb
        .usage
        .iter()
        .map(|usage| if verb.name == "log" { format!("\"{prefix}{usage}\"") } else { command(prefix, usage) })
        .collect();
    let also =
        if verb.aliases.is_empty() { String::new() } else { format!(" (also {})", verb.aliases.join(", ")) };
    format!("{}: {}{also}, for {}", forms.join(" · "), verb.does, roles(verb.who))
}

/// `the owner or the lead`.
pub fn roles(who: &[Role]) -> String {
    let named: Vec<&str> = who
        .iter()
        .map(|role| match role {
            Role::Anyone => "anyone",
            Role::User => "anyone the network identifies",
            Role::Owner => "the patch's owner",
            Role::Deployer => "any deployer",
            Role::Lead => "the lead",
            Role::Manager => "managers",
        })
        .collect();
    named.join(" or ")
}

/// How a window that is over went: its summary.
/// `head` is that of its closing row.
pub fn report(name: &str, window: &OccurrenceId, rows: &[Row], head: Option<&str>) -> String {
    match rows.iter().rev().find(|row| row.kind == "window-closed") {
        Some(closed) => {
            let refused = rows.iter().filter(|row| row.outcome == "refused").count();
            let overrides = rows.iter().filter(|row| row.kind == "overridden").count();
            let more = format!("{} rows, {refused} refusals, {overrides} overrides", rows.len());
            let head = head.map_or_else(|| closed.id.to_string(), |head| format!("head {head}"));
            format!("{name}: {} ({more}, {head})", own_words(&closed.text))
        }
        None => format!("{name}: nothing is on record of {window}"),
    }
}

/// Said of a window to come that nobody has spoken of; `last` is the one that was over last.
pub fn not_yet(prefix: &str, ahead: &Occurrence, last: Option<&OccurrenceId>, at: At) -> String {
    let last = last.map(|last| format!("{} or ", command(prefix, &format!("report {last}"))));
    format!(
        "{} ({}) is to come, nothing went out in it yet. {}{}",
        ahead.id,
        words::day_clock(ahead.starts, at),
        last.unwrap_or_default(),
        command(prefix, "report stats")
    )
}

/// Said where the log took nothing.
pub fn not_recorded(name: &str) -> String {
    format!("{}: I could not record that, so nothing has changed", own_words(name))
}

/// Said after a restart to somebody whose command was stored and not answered before it.
pub fn recorded_before(name: &str, row: &Row) -> String {
    let went = if row.outcome == "refused" { "refused" } else { "recorded" };
    format!("{}: that was {went} before my restart: {}", own_words(name), log::row_in_short(row))
}

/// Said after a restart to somebody whose commands changed nothing before it, and were not answered.
pub fn unchanged_before(name: &str, commands: &[String]) -> String {
    const NAMED: usize = 3;
    let named: Vec<String> = commands
        .iter()
        .take(NAMED)
        .map(|command| format!("\"{}\"", text::clean_to(command, log::REFUSAL_SHOWN)))
        .collect();
    let more = commands.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}: before my restart these changed nothing: {}{more}", own_words(name), named.join(", "))
}

/// Said where the disk failed between the write and the word that it is there.
pub fn perhaps_recorded(name: &str) -> String {
    let name = own_words(name);
    format!(
        "{name}: the disk failed while I recorded that. Whether it counts is known when I am started again"
    )
}

/// Said where the log cannot be read.
pub fn log_unreadable(name: &str) -> String {
    format!("{name}: I cannot read the log now")
}
