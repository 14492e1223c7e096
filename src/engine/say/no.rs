//! Every refusal that is not a rule's: what is wrong, what to type, a stable code.

mod account;
mod gesture;
mod grammar;
mod log;
mod network;
mod order;
mod step;
mod stop;
mod way;

use super::super::checklist::Item;
use super::super::command::Verb;
use super::super::event::{BackStep, Cause};
use super::super::id::{At, ChangeNumber, RowId, Who};
use super::super::patch::{Patch, Stage};
use super::super::window::{Hold, Window};
use super::super::words::{self, FileListFault};
use super::{Refusal, command, handle, names, own_words, short_name};

pub use account::{
    ask_there, code_of_another, link_in_private, link_on_terminal, link_to_nowhere, linked_elsewhere,
    no_code, not_linked, not_your_link, other_direction, owner_cannot_link, two_people,
};
pub use gesture::{edited, nod_crossed, nod_in_clear, nod_late, not_asked, question_over};
pub use grammar::{
    bare_change, bare_number, leftover, missing, not_a_change, odd_characters, one_owner, too_long, too_many,
    twice, unknown_person, unknown_verb, unknown_word, usage,
};
pub use log::{not_a_room, not_a_window, wrong_question, wrong_question_or_text};
pub use network::{clear_text, flood, late, new_keys, read_only, replayed, trust_off, untrusted};
pub use order::{
    cycle, hard_order, needed, not_independent, not_owner_of_either, not_together, place_against_order,
    place_is_no_order, reverted, too_late_before, unique_name, with_itself,
};
pub use step::{
    by_hand, emergency_after, emergency_is_queued, ends_it, health_open, health_unknown, is_left, is_running,
    no_check, no_checks, no_emergency, no_lock, no_production, no_report_owed, no_value, no_value_back,
    nothing_counts, nothing_soaks, nothing_unknown, outdated_plan, report_first, rerun_waits, runs_back,
    runs_itself, second_approval, second_deployer, step_order_for, still_there, too_soon_to_go, unhealthy,
    unknown_back_step, unknown_step, window_is_on,
};
pub use stop::{
    declared_first, frozen, no_freeze, not_in_ledger, nothing_to_roll_back, settle_queued, went_out_lately,
    which_rollback,
};
pub use way::{Waits, busy, in_ledger, locked};

fn form(prefix: &str, verb: &Verb) -> String {
    verb.usage.iter().map(|usage| command(prefix, usage)).collect::<Vec<_>>().join(" or ")
}

/// The network does not say who this is.
pub fn not_identified() -> Refusal {
    Refusal::new(
        "not-identified",
        "the network does not tell me who you are. Log in to your account, then say it again",
    )
}

/// Only deployers.
pub fn not_deployer(verb: &str, deployers: &[Who]) -> Refusal {
    Refusal::new("not-deployer", format!("{verb} is for deployers: {}", people(deployers)))
}

/// Only managers.
pub fn not_manager(verb: &str, managers: &[Who]) -> Refusal {
    Refusal::new("not-manager", format!("{verb} is for managers: {}", people(managers)))
}

fn people(who: &[Who]) -> String {
    if who.is_empty() { "the configuration names none".to_owned() } else { names(who) }
}

/// Only the lead.
pub fn not_lead(prefix: &str, verb: &str, window: &Window) -> Refusal {
    let text = match &window.lead {
        Some(lead) => {
            let gone = gone_lead(prefix, window);
            format!("{verb} is for the lead of {}, {}{gone}", window.id(), short_name(&lead.who))
        }
        None => {
            format!(
                "{verb} is for the lead, and nobody leads {} yet. {}",
                window.id(),
                command(prefix, "claim")
            )
        }
    };
    Refusal::new("not-lead", text)
}

/// Added where the lead is gone: any deployer may be the lead.
fn gone_lead(prefix: &str, window: &Window) -> String {
    let claim = command(prefix, &format!("claim {}", window.id().window));
    window.gone_lead().map(|_| format!(", who is gone. {claim}")).unwrap_or_default()
}

/// Only the owner or the lead.
pub fn not_owner(verb: &str, patch: &Patch, others: &str) -> Refusal {
    let owner = short_name(patch.owner());
    Refusal::new("not-owner", format!("{verb} {} is for its owner, {owner}{others}", patch.change))
}

/// The verdict of somebody who neither owns the patch nor leads: whose it is, and what is theirs.
pub fn not_their_verdict(prefix: &str, verb: &str, window: &Window, patch: &Patch, deploys: bool) -> Refusal {
    let owner = short_name(patch.owner());
    let lead = window.lead.as_ref().map(|lead| format!(", and the lead, {}", short_name(&lead.who)));
    let claim = command(prefix, &format!("claim {}", window.id().window));
    let leadless = window.lead.is_none() || window.gone_lead().is_some();
    let yours = if deploys && leadless { format!(". {claim} makes you the lead") } else { String::new() };
    let mut ways = vec![command(prefix, "hold WHY")];
    if deploys && patch.touched_hosts() {
        ways.push(command(prefix, &format!("rollback {} WHY", patch.change)));
    }
    let text = format!(
        "{verb} {} is for its owner, {owner}{}{yours}. Tell them what you saw; if it is bad, {}",
        patch.change,
        lead.unwrap_or_default(),
        ways.join(" or ")
    );
    Refusal::new("not-owner", text)
}

/// Questions may be asked in private; acts are done where others see them.
pub fn in_private(room: &str) -> Refusal {
    Refusal::new("room", format!("that is said in {room}, where others see it"))
}

/// No window is held in this room.
pub fn wrong_room() -> Refusal {
    Refusal::new("room", "no window is held in this room")
}

/// Nothing is open here.
pub fn no_window(prefix: &str) -> Refusal {
    Refusal::new("no-window", format!("no window is on here. {}", command(prefix, "next")))
}

/// No such window.
pub fn unknown_window(prefix: &str, word: &str, known: &[&str]) -> Refusal {
    let hint = match words::near(word, known) {
        Some(near) => format!("Did you mean {near}?"),
        None => format!("There are {}: {}", known.join(", "), command(prefix, "windows")),
    };
    Refusal::new("unknown-window", format!("\"{}\" is no window to come. {hint}", short(word)))
}

/// None of the windows to come has a place and the time.
pub fn no_room(prefix: &str, limit_days: i64) -> Refusal {
    Refusal::new(
        "no-room",
        format!("no window of the next {limit_days} days has a place. {}", command(prefix, "windows week")),
    )
}

/// The window is over.
pub fn window_over(window: &str) -> Refusal {
    Refusal::new("window-over", format!("{window} is over"))
}

/// It was offered, and the review system has not answered yet.
pub fn looking_up(change: ChangeNumber) -> Refusal {
    let text =
        format!("{change} is offered and the review system has not answered yet. Say it again when it has");
    Refusal::new("looking-up", text)
}

/// Not in any queue here.
pub fn unknown_patch(prefix: &str, change: &str) -> Refusal {
    Refusal::new("unknown-patch", format!("{change} is in no queue here. {}", command(prefix, "queue")))
}

/// It is in another occurrence already.
pub fn in_other_window(
    prefix: &str,
    change: ChangeNumber,
    ticket: u32,
    window: &Window,
    to: &str,
) -> Refusal {
    let other = command(prefix, &format!("move {change} to {to}"));
    Refusal::new("duplicate", format!("{change} is #{ticket} in {}. {other}", window.id()))
}

/// A veto stands.
pub fn vetoed(patch: &Patch, by: &Who, reason: &str) -> Refusal {
    let text = format!("{} was vetoed by {}: {}", patch.change, short_name(by), own_words(reason));
    Refusal::new("vetoed", format!("{text}. Only {} can add it again", short_name(by)))
}

/// Nothing is in motion.
pub fn nothing_moves(prefix: &str, next: Option<&Patch>) -> Refusal {
    let hint = match next {
        Some(patch) => {
            let words = command(prefix, &format!("check {} deployer", handle(patch)));
            format!("Next is {}: {words}", patch.change)
        }
        None => command(prefix, "queue"),
    };
    Refusal::new("nothing-moves", format!("no patch is in motion. {hint}"))
}

/// A verb without N where no window is on: it could mean any patch.
pub fn name_one(prefix: &str, verb: &str) -> Refusal {
    let usage = super::super::command::verb(verb).and_then(|verb| verb.usage.first()).copied();
    let words = usage.unwrap_or(verb).replace("[N]", "N");
    Refusal::new("name-it", format!("say which patch, no window is on. {}", command(prefix, &words)))
}

/// A verb without N, from somebody it cannot mean anything for.
pub fn name_it(prefix: &str, verb: &str, patch: &Patch) -> Refusal {
    let usage = super::super::command::verb(verb).and_then(|verb| verb.usage.first()).copied();
    let words = command(prefix, &usage.unwrap_or(verb).replace("[N]", &handle(patch)).replace(" [NOTE]", ""));
    Refusal::new("name-it", format!("say which patch; {} is in motion. {words}", patch.change))
}

/// The patch is past the place where this makes sense.
pub fn in_motion(prefix: &str, verb: &str, change: ChangeNumber) -> Refusal {
    let back = command(prefix, &format!("rollback {change}"));
    Refusal::new("in-motion", format!("{change} is in motion, {verb} would leave it half done. {back}"))
}

/// It is live already.
pub fn is_live(prefix: &str, verb: &str, change: ChangeNumber) -> Refusal {
    let way = match verb {
        "skip" | "veto" | "remove" => command(prefix, &format!("rollback {change}")),
        _ => command(prefix, "status"),
    };
    Refusal::new("is-live", format!("{change} is live, there is nothing to {verb}. {way}"))
}

/// It went back in this window.
pub fn is_back(prefix: &str, change: ChangeNumber) -> Refusal {
    let text = format!("{change} was rolled back in this window. {}", command(prefix, "ledger"));
    Refusal::new("rolled-back", text)
}

/// Hosts are between two states.
pub fn dirty(prefix: &str, patch: &Patch, stage: &str, verb: &str) -> Refusal {
    let back = command(prefix, &format!("rollback {}", patch.change));
    let through = if verb == "finish" {
        format!("Bring it through, {}, or ", command(prefix, "steps"))
    } else {
        String::new()
    };
    let text = format!("{} is on {stage}, {verb} would leave it there. {through}{back}", patch.change);
    Refusal::new("dirty", text)
}

/// A rollback is under way.
pub fn rolling_back(prefix: &str, number: u32, step: &BackStep) -> Refusal {
    let change = step.change;
    let way = match &step.run {
        Some(_) => super::run::back_step(prefix, number, step),
        None => command(prefix, &format!("done r{number}")),
    };
    Refusal::new("rollback", format!("{change} is going back, only rollback steps go on. {way}"))
}

/// Everything is stopped.
pub fn held(prefix: &str, holds: &[Hold]) -> Refusal {
    let named: Vec<String> = holds.iter().map(hold).collect();
    let first = holds.first().map_or(1, |hold| hold.number);
    let words = if holds.len() == 1 { "resume NOTE".to_owned() } else { format!("resume H{first} NOTE") };
    Refusal::new("held", format!("held: {}. {}", named.join("; "), command(prefix, &words)))
}

/// `H1 (bob: db alerts)`.
pub fn hold(hold: &Hold) -> String {
    format!("H{} ({})", hold.number, held_by(hold))
}

/// `bob: db alerts`; what the bot holds by itself has its reason alone.
pub fn held_by(hold: &Hold) -> String {
    let reason = hold.reason.as_deref().map_or_else(|| "no reason given".to_owned(), own_words);
    match hold.cause {
        Cause::Said | Cause::Broken => format!("{}: {reason}", short_name(&hold.by)),
        Cause::Rollback | Cause::LeadSilent | Cause::LeadGone | Cause::WrongMerge | Cause::RoomShut => reason,
    }
}

/// Several holds, and none was named.
pub fn which_hold(prefix: &str, holds: &[Hold]) -> Refusal {
    let named: Vec<String> = holds.iter().map(hold).collect();
    let first = holds.first().map_or(1, |hold| hold.number);
    let words = command(prefix, &format!("resume H{first} NOTE"));
    let count = if holds.len() == 1 { "1 hold".to_owned() } else { format!("{} holds", holds.len()) };
    Refusal::new("which", format!("{count}: {}. {words}", named.join("; ")))
}

/// No hold to lift.
pub fn not_held(window: &Window) -> Refusal {
    Refusal::new("not-held", format!("nothing holds {}", window.id()))
}

/// Only the lead, or who set it.
pub fn not_holder(prefix: &str, set: &Hold, window: &Window) -> Refusal {
    let lead = window.lead.as_ref();
    let lead = lead.map(|lead| format!(" or the lead, {}", short_name(&lead.who))).unwrap_or_default();
    let by = match set.cause {
        Cause::Said | Cause::Broken => format!("{}{lead}", short_name(&set.by)),
        Cause::Rollback | Cause::LeadSilent | Cause::LeadGone | Cause::WrongMerge | Cause::RoomShut => {
            lead.strip_prefix(" or ").unwrap_or("the lead").to_owned()
        }
    };
    Refusal::new("not-lead", format!("{} is lifted by {by}{}", hold(set), gone_lead(prefix, window)))
}

/// Another patch goes first.
pub fn out_of_order(prefix: &str, change: ChangeNumber, first: &Patch, why: &str) -> Refusal {
    let way = match &first.stage {
        Stage::RolledBack => {
            let skip = command(prefix, &format!("skip {change} WHY"));
            format!("was rolled back. {skip}")
        }
        Stage::Skipped { .. } => {
            let back = command(prefix, &format!("add {}", first.change));
            format!("is skipped. {back} puts it back")
        }
        Stage::Moving => format!("is in motion. {}", command(prefix, "steps")),
        Stage::Queued | Stage::Live { .. } => {
            let words = command(prefix, &format!("check {} deployer", handle(first)));
            format!("is not out. {words} starts it")
        }
    };
    Refusal::new("order", format!("{} goes before {change} ({why}) and {way}", first.change))
}

/// Another step comes first.
pub fn step_order(prefix: &str, said: u32, current: u32, what: &str) -> Refusal {
    let words = command(prefix, &format!("done {current}"));
    let text = format!("step {current} ({what}) comes before step {said}. {words} when it is through");
    Refusal::new("order", text)
}

/// Another step comes first, and nobody confirms that one with `done`.
pub fn step_order_by_itself(said: u32, current: u32, what: &str, how: &str) -> Refusal {
    let text = format!("step {current} ({what}) comes before step {said} and closes itself {how}");
    Refusal::new("order", text)
}

/// There is no such step.
pub fn no_step(prefix: &str, said: &str, last: &str) -> Refusal {
    let text = format!("there is no step {said}, the last is {last}. {}", command(prefix, "steps"));
    Refusal::new("no-step", text)
}

/// The current step closes itself.
pub fn closes_itself(step: u32, how: &str) -> Refusal {
    Refusal::new("by-itself", format!("step {step} closes itself {how}"))
}

/// The step failed and was not tried again.
pub fn step_failed(prefix: &str, step: &str, why: &str, back: &str) -> Refusal {
    let text = format!("{step} failed ({}). {}{back}", own_words(why), command(prefix, "retry"));
    Refusal::new("failed", text)
}

/// Nothing failed.
pub fn nothing_failed(step: &str) -> Refusal {
    Refusal::new("not-failed", format!("{step} has not failed, there is nothing to try again"))
}

/// A bare word too soon after the last advance.
pub fn too_soon(prefix: &str, step: u32, seconds: i64) -> Refusal {
    let words = command(prefix, &format!("done {step}"));
    Refusal::new("too-soon", format!("a step was confirmed {seconds} s ago, now it is step {step}. {words}"))
}

/// Words after `done` that begin with no step.
pub fn done_without_step(prefix: &str, word: &str) -> Refusal {
    let (steps, done) = (command(prefix, "steps"), command(prefix, "done K NOTE"));
    Refusal::new(
        "usage",
        format!("\"{}\" is no step, nothing is confirmed. {done}; {steps} lists them", short(word)),
    )
}

/// A word that crossed a new patch set.
pub fn crossed(prefix: &str, patch: &Patch, seconds: i64, words: &str) -> Refusal {
    let (change, set) = (patch.change, patch.patch_set);
    let text = format!(
        "{change} changed to ps {set} {seconds} s ago, you had the one before in front of you. Read ps {set}, then {}",
        command(prefix, words)
    );
    Refusal::new("changed", text)
}

/// Nothing is known of the change yet.
pub fn facts_unknown(change: ChangeNumber, why: &str) -> Refusal {
    let text =
        format!("nothing is known of {change}: {why}. I keep asking, and it cannot start before I know");
    Refusal::new("unknown-facts", text)
}

/// The window has not begun.
pub fn early(window: &Window, at: At) -> Refusal {
    let starts = window.occurrence.starts;
    let text =
        format!("{} starts {}, {}", window.id(), words::day_clock(starts, at), words::ago_or_in(at, starts));
    Refusal::new("early", text)
}

/// The window is not in its run yet.
pub fn not_started(prefix: &str, window: &Window, at: At) -> Refusal {
    if !window.is_on() {
        return Refusal { code: "not-started", ..early(window, at) };
    }
    Refusal::new("not-started", format!("{} has not started. {}", window.id(), command(prefix, "start")))
}

/// Somebody else leads, and is not silent.
pub fn led_by(prefix: &str, window: &Window, lead: &Who, heard: &str) -> Refusal {
    let take = command(prefix, &format!("claim {} WHY", window.id()));
    let text = format!("{} leads {}, last heard {heard}. {take} takes it", short_name(lead), window.id());
    Refusal::new("led", text)
}

/// Somebody else leads and spoke a moment ago.
pub fn lead_active(prefix: &str, window: &Window, lead: &Who, to: &Who, heard: &str) -> Refusal {
    let name = short_name(lead);
    let words = command(prefix, &format!("handover {to}"));
    let text = format!("{name} leads {}, last heard {heard}. {name} gives it with {words}", window.id());
    Refusal::new("lead-active", text)
}

/// No such person among the deployers.
pub fn no_deployer(word: &str, deployers: &[Who]) -> Refusal {
    let known: Vec<&str> = deployers.iter().map(|who| who.0.as_str()).collect();
    let hint =
        words::near(word, &known).map_or_else(|| names(deployers), |near| format!("Did you mean {near}?"));
    Refusal::new("not-deployer", format!("\"{}\" is no deployer. {hint}", short(word)))
}

/// Not while something moves.
pub fn lead_needed(prefix: &str, window: &Window, change: ChangeNumber) -> Refusal {
    let over = command(prefix, "handover WHO");
    Refusal::new("in-motion", format!("{change} is in motion, {} needs its lead. {over}", window.id()))
}

/// The verdict is the owner's, for a while.
pub fn owners_verdict(prefix: &str, patch: &Patch, until: At) -> Refusal {
    let words = command(prefix, &format!("verified {}", patch.change));
    let owner = short_name(patch.owner());
    let text = format!("{owner} has until {} for {words}; after that it is yours", words::clock(until));
    Refusal::new("owner-first", text)
}

/// It is not on any host to be looked at.
pub fn not_to_verify(patch: &Patch, what: &str) -> Refusal {
    Refusal::new("not-on-hosts", format!("{} is {what}, there is nothing to look at yet", patch.change))
}

/// The rule does not block.
pub fn not_blocking(prefix: &str, rule: &str, change: ChangeNumber) -> Refusal {
    let text = format!("{rule} does not block {change}. {}", command(prefix, &format!("why {change}")));
    Refusal::new("not-blocking", text)
}

/// The rule asks a person; it does not block.
pub fn check_instead(prefix: &str, rule: &str, name: &str, item: &str) -> Refusal {
    let words = command(prefix, &format!("check {name} {item} NOTE"));
    Refusal::new("not-blocking", format!("{rule} asks, it does not block. {words}"))
}

/// Not a time.
pub fn not_a_time(word: &str, examples: &str) -> Refusal {
    Refusal::new("not-a-time", format!("\"{}\" is no time. Say {examples}", short(word)))
}

/// The end does not come after the beginning, or is past.
pub fn backwards(from: At, to: At) -> Refusal {
    let text = format!(
        "that is from {} to {}: it ends before it begins, or is over",
        words::clock(from),
        words::clock(to)
    );
    Refusal::new("not-a-time", text)
}

/// The next window in the room would be cut into.
pub fn clash(prefix: &str, other: &str, starts: At, from: At) -> Refusal {
    let left = (starts - from).num_minutes();
    let most = if left > 0 {
        format!(". At most {}", command(prefix, &format!("extend {left}m")))
    } else {
        String::new()
    };
    Refusal::new("clash", format!("{other} starts {} UTC in the same room{most}", words::clock(starts)))
}

/// Too early for anyone but the lead.
pub fn finish_later(lead: Option<&Who>, from: At) -> Refusal {
    let who = lead.map_or("the lead", short_name);
    Refusal::new(
        "not-lead",
        format!("finish is for {who} until {} UTC, then for any deployer", words::clock(from)),
    )
}

/// Something is in motion.
pub fn finish_busy(prefix: &str, patch: &Patch) -> Refusal {
    let change = patch.change;
    let words = command(prefix, &format!("skip {change} WHY"));
    Refusal::new("busy", format!("{change} is in motion. Bring it through, or {words}"))
}

/// It needs no file order.
pub fn one_file(change: ChangeNumber, count: usize) -> Refusal {
    let what = if count == 1 { "1 file that is synced" } else { "no file that is synced" };
    Refusal::new("no-file-order", format!("{change} has {what} and needs no order"))
}

/// The list of files is wrong.
pub fn file_list(prefix: &str, change: ChangeNumber, fault: &FileListFault) -> Refusal {
    let named = |files: &[String]| files.iter().map(|file| own_words(file)).collect::<Vec<_>>().join(", ");
    let fault = match fault {
        FileListFault::Unknown(word) => format!("{change} has no file \"{}\"", short(word)),
        FileListFault::Ambiguous { word, candidates } => {
            format!("\"{}\" could be {}", short(word), named(candidates))
        }
        FileListFault::Twice(file) => format!("{} is there twice", own_words(file)),
        FileListFault::Missing(files) => format!("not in the list: {}", named(files)),
    };
    Refusal::new("file-order", format!("{fault}. {}", command(prefix, &format!("files {change}"))))
}

/// Too late to change the files: some are out.
pub fn files_moving(prefix: &str, change: ChangeNumber) -> Refusal {
    let text =
        format!("{change} is past its review, its files have their steps. {}", command(prefix, "steps"));
    Refusal::new("in-motion", text)
}

/// An item that only the lead fills.
pub fn lead_item(item: &str, window: &Window) -> Refusal {
    let lead = window.lead.as_ref().map(|lead| format!(", {}", short_name(&lead.who)));
    let text = format!("{item} is for the lead of {} alone{}", window.id(), lead.unwrap_or_default());
    Refusal::new("not-lead", text)
}

/// The lead's own change, which another has to read.
pub fn second_reader(prefix: &str, patch: &Patch, item: &Item) -> Refusal {
    let words = command(prefix, &format!("check {} {item} NOTE", handle(patch)));
    let text =
        format!("{} is your own change, a vote or another deployer fills {item}: {words}", patch.change);
    Refusal::new("second-person", text)
}

/// An item that this patch does not have.
pub fn no_item(prefix: &str, item: &str, patch: &Patch) -> Refusal {
    let words = command(prefix, &format!("checklist {}", handle(patch)));
    Refusal::new("no-item", format!("{} is not asked about {item}. {words}", patch.change))
}

/// No row of that number, or not one that can be amended.
pub fn no_row(row: i64, last: i64) -> Refusal {
    Refusal::new("no-row", format!("there is no L{row}, the last is L{last}"))
}

/// A correction without words.
pub fn empty_amend(prefix: &str, row: RowId) -> Refusal {
    Refusal::new("usage", format!("amend needs the new text. \"{prefix}log amend {row} TEXT\""))
}

/// A redaction without words.
pub fn empty_redact(prefix: &str, row: RowId) -> Refusal {
    Refusal::new("usage", format!("redact needs a reason. \"{prefix}log redact {row} REASON\""))
}

/// An empty `!log` text.
pub fn empty_log() -> Refusal {
    Refusal::new("usage", "nothing to log. \"!log TEXT\"")
}

/// The start of a foreign word, neutralised: an answer never repeats 8 KiB of noise.
fn short(word: &str) -> String {
    let clean = own_words(word);
    if clean.chars().count() > 40 { clean.chars().take(40).chain(['…']).collect() } else { clean }
}
