//! What is said about the queue: the answer to an offer, order and its reasons, files.

use super::super::facts::{Facts, Fault};
use super::super::files::Proposal;
use super::super::guidelines::{
    Finding, Judgement, Point, PointState, RuleId, Verdict, is_task, short_branch,
};
use super::super::id::{At, ChangeNumber};
use super::super::kind::{PatchKind, kind};
use super::super::order::{self, Why};
use super::super::patch::{Patch, Stage};
use super::super::settings::Settings;
use super::super::state::State;
use super::super::window::Window;
use super::super::{text, words};
use super::run::open_points;
use super::{Refusal, command, own_words, short_name, title};

/// Why a lookup gave nothing, in words.
pub fn fault(fault: &Fault) -> String {
    match fault {
        Fault::NotFound => "the review system has no such change".to_owned(),
        Fault::Denied { why } => format!("the review system refuses me: {}", own_words(why)),
        Fault::Unreachable { why } => format!("the review system does not answer: {}", own_words(why)),
        Fault::Malformed { why } => {
            format!("the review system's answer is not to be read: {}", own_words(why))
        }
    }
}

/// Why one goes before the other.
pub fn why(why: &Why) -> String {
    match why {
        Why::Parent => "its git parent".to_owned(),
        Why::DependsOn => "Depends-On".to_owned(),
        Why::NeededBy => "Needed-By".to_owned(),
        Why::Declared { by, at } => format!("order by {}, {}", short_name(by), words::clock(*at)),
    }
}

/// What a rule says no with: the rule's own words, and its id as the code.
pub fn rule_refusal(judgement: &Judgement<'_>) -> Refusal {
    let text = match &judgement.finding {
        Finding::Fail { why, fix } if fix.is_empty() => in_full(why),
        Finding::Fail { why, fix } | Finding::Note { why, fix } => why_and_fix(why, fix),
        Finding::Unknown(why) => own_words(why),
        Finding::Later { until, why } => format!("{}, ready {} UTC", own_words(why), words::clock(*until)),
        Finding::Pass(_) | Finding::NotNeeded => String::new(),
    };
    Refusal::new(judgement.rule.word(), text)
}

/// What a rule says no with, and its code. What to type against a coupling stands in the lines that follow.
pub(crate) fn reason_in_short(judgement: &Judgement<'_>) -> String {
    match &judgement.finding {
        Finding::Fail { why, .. } if judgement.rule == RuleId::Coupled => {
            format!("{} [{}]", in_full(why), judgement.rule)
        }
        _ => rule_refusal(judgement).said_in_full(),
    }
}

/// A rule's reason, and what to do: a sentence of its own where it is a command to paste, else the end of this one.
pub fn why_and_fix(why: &str, fix: &str) -> String {
    let is_sentence = fix.starts_with(|first: char| first == '"' || first.is_ascii_uppercase());
    let joint = if is_sentence { ". " } else { "; " };
    format!("{}{joint}{fix}", in_full(why))
}

/// A rule's reason, neutralised: a chain of needs is longer than a title, and its end is what matters.
fn in_full(why: &str) -> String {
    text::clean_to(why, 600)
}

impl Refusal {
    /// The reason with its code, without the `no:`.
    pub fn said_in_full(&self) -> String {
        format!("{} [{}]", self.text, self.code)
    }
}

/// `config`, `code on wmf.4, urgent T1234`, `beta only`.
pub fn what_kind(settings: &Settings, facts: &Facts, urgent: Option<&str>) -> String {
    let change = &facts.change;
    let urgent = urgent.map(|why| {
        // In an emergency nobody has to name a task.
        let task = why.split_whitespace().next().filter(|word| is_task(word));
        task.map_or(", urgent".to_owned(), |task| format!(", urgent {task}"))
    });
    let kind = match kind(&settings.policy, change) {
        PatchKind::Config => "config".to_owned(),
        PatchKind::BetaOnly => "beta only, no sync and no place".to_owned(),
        PatchKind::Code => format!("code on {}", short_branch(&change.branch)),
        PatchKind::Other => format!("{} {}", own_words(&change.project), short_branch(&change.branch)),
    };
    format!("{kind}{}", urgent.unwrap_or_default())
}

/// The answer to an offer that was taken.
pub fn added(
    settings: &Settings,
    state: &State,
    window: &Window,
    patch: &Patch,
    judged: (&[Judgement<'_>], &[Point<'_>]),
    at: At,
) -> String {
    let (judgements, points) = judged;
    let place = format!("#{} in {} ({})", patch.ticket, window.id(), when(window, at));
    let what = super::patch_and_title(state, patch);
    let Some(facts) = state.facts(patch.change) else {
        let known = state.known.get(&patch.change).and_then(|known| known.fault.as_ref());
        let why = known.map(fault).unwrap_or_default();
        return format!(
            "{place}: {what}; nothing is known of it: {why}. I keep asking, and it cannot start before I know"
        );
    };
    let kind = what_kind(settings, facts, patch.wish.urgent.as_deref());
    let eta = eta(settings, state, window, patch.change, at);
    let rules = rules_in_short(settings, patch, judgements, points);
    let first = first_of(state, window, patch.change);
    format!("{place}: {what}, {kind}{first}, {rules}, about {eta}")
}

/// `after 900001 (its git parent)` for what must be out first, or nothing.
pub fn after_what(order: &order::Order, change: ChangeNumber) -> Option<String> {
    let before: Vec<String> =
        order.directly_before(change).map(|edge| format!("{} ({})", edge.before, why(&edge.why))).collect();
    (!before.is_empty()).then(|| format!("after {}", before.join(" and ")))
}

/// The same behind a comma.
fn first_of(state: &State, window: &Window, change: ChangeNumber) -> String {
    let after = after_what(&order::predecessors(state, window), change);
    after.map(|after| format!(", {after}")).unwrap_or_default()
}

/// `all rules pass`, or what is open and what is warned of.
pub(crate) fn rules_in_short(
    settings: &Settings,
    patch: &Patch,
    judgements: &[Judgement<'_>],
    points: &[Point<'_>],
) -> String {
    let mut parts = Vec::new();
    for judgement in judgements {
        match (judgement.verdict(), &judgement.finding) {
            (Verdict::Block, _) => parts.push(reason_in_short(judgement)),
            (
                Verdict::Warn,
                Finding::Fail { why, .. } | Finding::Note { why, .. } | Finding::Unknown(why),
            ) => {
                parts.push(format!("note: {} [{}]", own_words(why), judgement.rule));
            }
            _ => {}
        }
    }
    // What blocks is said already.
    let open: Vec<Point<'_>> =
        points.iter().filter(|point| !matches!(point.state, PointState::Blocked { .. })).cloned().collect();
    let open = open_points(settings, patch, &open);
    if !open.is_empty() {
        parts.push(format!("still open: {open}"));
    }
    if parts.is_empty() { ALL_PASS.to_owned() } else { parts.join("; ") }
}

/// Said where no rule has anything to say.
pub(crate) const ALL_PASS: &str = "all rules pass";

/// `14:00 UTC, in 2 h 10`, or `on now`.
pub fn when(window: &Window, at: At) -> String {
    let starts = window.occurrence.starts;
    if window.occurrence.ends <= at {
        return format!("over time since {} UTC", words::clock(window.occurrence.ends));
    }
    if window.is_on() || starts <= at {
        return format!("on until {} UTC", words::clock(window.occurrence.ends));
    }
    format!("{}, {}", words::day_clock(starts, at), words::ago_or_in(at, starts))
}

/// About when a patch will be its turn, if each takes the time that a patch takes.
pub fn eta(settings: &Settings, state: &State, window: &Window, change: ChangeNumber, at: At) -> String {
    let waiting = order::running_order(state, window)
        .into_iter()
        .filter(|other| window.patch(*other).is_some_and(|patch| matches!(patch.stage, Stage::Queued)));
    let ahead = waiting.take_while(|other| *other != change).count() + usize::from(window.motion.is_some());
    let ahead = i32::try_from(ahead).unwrap_or(i32::MAX);
    let from = window.occurrence.starts.max(at);
    words::clock(from + settings.policy.patch_time * ahead)
}

/// The answer to `independent`.
pub fn free_of_each_other(a: ChangeNumber, b: ChangeNumber, reason: &str) -> String {
    format!("{a} and {b} do not wait for each other: {}", own_words(reason))
}

/// The answer to `order` with what is merged, not deployed and not in the window.
pub fn goes_before_owed(before: ChangeNumber, after: ChangeNumber, owed: ChangeNumber) -> String {
    let waits =
        if before == owed { format!(", and {after} waits until that is settled") } else { String::new() };
    format!("{before} goes before {after}; {owed} is merged and not deployed{waits}")
}

/// Said of a patch that was taken without facts.
pub fn unknown_yet(why: &str) -> String {
    format!("nothing is known of it: {}. I keep asking, and it cannot start before I know", own_words(why))
}

/// Said once of all that are offered on one line and would end after the window.
pub fn end_late(window: &Window, changes: &[ChangeNumber]) -> String {
    let ends = words::clock(window.occurrence.ends);
    format!(
        "note: {} would end after {ends} UTC, when the window ends [time-budget]",
        super::numbers(changes)
    )
}

/// The answer to several offers on one line.
pub fn added_together(
    settings: &Settings,
    state: &State,
    window: &Window,
    patches: &[&Patch],
    at: At,
) -> String {
    let tickets = match (patches.first(), patches.last()) {
        (Some(first), Some(last)) if first.ticket != last.ticket => {
            format!("#{}-#{}", first.ticket, last.ticket)
        }
        (Some(first), _) => format!("#{}", first.ticket),
        _ => String::new(),
    };
    let order = order::predecessors(state, window);
    let named: Vec<String> = patches
        .iter()
        .map(|patch| {
            let after = after_what(&order, patch.change).map(|after| format!(" {after}"));
            format!("{}{}", patch.change, after.unwrap_or_default())
        })
        .collect();
    let mut running = order::running_order(state, window).into_iter().rev();
    let last = running.find(|change| patches.iter().any(|patch| patch.change == *change));
    let last = last.map(|change| eta(settings, state, window, change, at)).unwrap_or_default();
    format!(
        "{tickets} in {} ({}): {}, the last about {last}",
        window.id(),
        when(window, at),
        named.join(", ")
    )
}

/// The answer to `add` of what is there.
pub fn already_there(state: &State, window: &Window, patch: &Patch) -> String {
    let how = match &patch.stage {
        Stage::Queued => "",
        Stage::Moving => ", in motion",
        Stage::Live { .. } => ", live",
        Stage::RolledBack => ", rolled back",
        Stage::Skipped { .. } => ", skipped",
    };
    let what = super::patch_and_title(state, patch);
    format!("already #{} in {}: {what} ({}){how}", patch.ticket, window.id(), short_name(patch.owner()))
}

/// A circle of orders with the reason of each that stands: `A before B before C (order by bob, 11:50) before A`.
pub fn circle(order: &order::Order, cycle: &[ChangeNumber]) -> String {
    let mut text = String::new();
    for pair in cycle.windows(2) {
        if text.is_empty() {
            text = pair[0].to_string();
        }
        let reason = order.why(pair[0], pair[1]).map(|reason| format!(" ({})", why(reason)));
        text.push_str(&format!(" before {}{}", pair[1], reason.unwrap_or_default()));
    }
    text
}

/// Said where a patch, and what needs it, went to another window.
pub fn moved(change: ChangeNumber, ticket: u32, needing: &[ChangeNumber], place: &str) -> String {
    if needing.is_empty() {
        return format!("{change} is #{ticket} in {place}");
    }
    let need = if needing.len() == 1 { "needs" } else { "need" };
    format!("{change} is #{ticket} in {place}, and {} with it, which {need} it", super::numbers(needing))
}

/// `Runs as: 900001, 900004`.
pub fn runs_as(state: &State, window: &Window) -> String {
    let waiting: Vec<String> = order::running_order(state, window)
        .into_iter()
        .filter(|change| {
            window.patch(*change).is_some_and(|patch| matches!(patch.stage, Stage::Queued | Stage::Moving))
        })
        .map(|change| change.to_string())
        .collect();
    format!("Runs as: {}", waiting.join(", "))
}

/// The files of a patch with their numbers, and a proposal.
pub fn files(prefix: &str, patch: &Patch, paths: &[String], proposal: &Proposal<'_>) -> String {
    let change = patch.change;
    let short = words::short_files(paths);
    let listed: Vec<String> = (1..)
        .zip(&short)
        .map(|(number, name): (usize, &String)| format!("{number} {}", own_words(name)))
        .collect();
    if let Some(order) = &patch.files {
        let now = files_go_out(change, &order.files, paths);
        return format!("{now} (by {}). Its files: {}", short_name(&order.by), listed.join(", "));
    }
    let numbers: Vec<String> = proposal
        .files
        .iter()
        .filter_map(|path| paths.iter().position(|other| other == path))
        .map(|index| (index + 1).to_string())
        .collect();
    let ok = command(prefix, &format!("files {change} ok"));
    let own = command(prefix, &format!("files {change} {}", numbers.join(", ")));
    let atomic = command(prefix, &format!("files {change} atomic WHY"));
    format!(
        "{change}: {}. I would take {}{}: {ok}, or {own}; all at once: {atomic}",
        listed.join(", "),
        numbers.join(", "),
        super::files::because(proposal, paths)
    )
}

/// `900104 goes out as 1 logos.php, then 2 IS.php`.
pub fn files_go_out(change: ChangeNumber, files: &[String], paths: &[String]) -> String {
    if files.is_empty() {
        return format!("{change} goes out all at once");
    }
    format!("{change} goes out as {}", super::files::in_order(files, paths))
}

/// Said where a new patch set takes away what was checked.
pub fn new_patch_set(state: &State, patch: &Patch, old: u32, kept: bool) -> String {
    let what = title(state.last_facts(patch.change));
    let change = patch.change;
    let now = format!("{change} is now ps {} (was {old})", patch.patch_set);
    let lost: Vec<&str> = [
        (!patch.checks.is_empty(), "what was checked"),
        (!patch.overrides.is_empty(), "what was set aside"),
        (patch.files.is_some(), "its file order"),
    ]
    .into_iter()
    .filter_map(|(is, name)| is.then_some(name))
    .collect();
    let (verb, stays) = if lost.len() == 1 { ("is", "stays") } else { ("are", "stay") };
    match (kept, lost.is_empty()) {
        (true, true) => format!("{now}, no new content"),
        (true, false) => format!("{now}, no new content: {} {stays}", words::list(&lost)),
        (false, true) => format!("{now}{what}"),
        (false, false) => format!("{now}{what}: {} {verb} cleared", words::list(&lost)),
    }
}
