//! Commands of steps and checks: a program by its absolute path and its arguments. No shell ever reads them.

use std::path::Path;
use std::time::Duration;

use chrono::TimeDelta;

use super::item::Item;
use super::reader::Section;
use super::suggest::nearest;
use crate::engine::settings::CommandSettings;

const SECOND: TimeDelta = TimeDelta::seconds(1);
/// How long a command may take by default, and how long after TERM it is killed.
const TIMEOUT: TimeDelta = TimeDelta::minutes(10);
const CHECK_TIMEOUT: TimeDelta = TimeDelta::seconds(10);
const KILL_AFTER: TimeDelta = TimeDelta::seconds(10);
const LONGEST: TimeDelta = TimeDelta::hours(12);
/// An answer that takes longer than this is taken for lost.
const LONGEST_CHECK: TimeDelta = TimeDelta::seconds(45);
/// More arguments than these are a mistake.
const MOST_ARGUMENTS: usize = 100;

/// The program of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The program by its absolute path, and its arguments.
    pub argv: Vec<String>,
    /// It may take this long.
    pub timeout: Duration,
    /// This long after it was asked to end it is killed.
    pub kill_after: Duration,
}

/// What may stand in the arguments of a step's command, in braces.
const VALUES: &[&str] = &["path", "message", "change", "branch", "stage", "patch_set"];
/// What stands for a value that only a step for each file has, and for one that only a stage has.
const PATH: &str = "path";
const STAGE: &str = "stage";

/// The program of a check, which has no values.
pub(super) fn check(section: &Section<'_>) -> Option<Program> {
    let item = section.need("run", "[\"/usr/bin/httpbb\", \"/srv/tests/canary.yaml\"]");
    let times = times(section, CHECK_TIMEOUT, LONGEST_CHECK);
    let argv = argv(&item?, &[])?;
    let (timeout, kill_after) = times;
    Some(Program { argv, timeout: timeout.to_std().ok()?, kill_after: kill_after.to_std().ok()? })
}

/// The commands of a step: those that do it and take it back.
pub(super) struct Commands {
    /// What does it.
    pub(super) run: Option<CommandSettings>,
    /// What takes it back.
    pub(super) back: Option<CommandSettings>,
}

/// Reads the commands of a step, which is on a stage or not, and done for each file or for all.
pub(super) fn of_step(section: &Section<'_>, on_stage: bool, by_file: bool) -> Commands {
    let has = |name: &str| (by_file || name != PATH) && (on_stage || name != STAGE);
    let known: Vec<&str> = VALUES.iter().copied().filter(|name| has(name)).collect();
    let (timeout, kill_after) = times(section, TIMEOUT, LONGEST);
    let read = |key| {
        let argv = argv(&section.get(key)?, &known)?;
        Some(CommandSettings { argv, timeout, kill_after })
    };
    let (run, back) = (read("run"), read("back"));
    if let Some(item) = section.get("back").filter(|_| section.get("run").is_none()) {
        item.fault(
            "it can be taken back by a command, and is done by a person",
            "Add run = [\"/usr/bin/scap\", …] beside it, or remove it.",
        );
    }
    if section.get("run").is_none() && section.get("back").is_none() {
        for key in ["timeout", "kill_after"] {
            section.refuse(key, "there is no command here that this is the time of");
        }
    }
    Commands { run, back }
}

fn times(section: &Section<'_>, default: TimeDelta, longest: TimeDelta) -> (TimeDelta, TimeDelta) {
    let span =
        |key, default| section.get(key).and_then(|item| item.span(SECOND..=longest)).unwrap_or(default);
    (span("timeout", default), span("kill_after", KILL_AFTER))
}

/// Reads a program and its arguments, in which these values may be named.
fn argv(item: &Item<'_>, known: &[&str]) -> Option<Vec<String>> {
    let fix = "Write it as [\"/usr/bin/scap\", \"sync-file\", \"{path}\"].";
    let items = item.list("a program and its arguments", fix)?;
    if items.is_empty() || items.len() > MOST_ARGUMENTS {
        item.fault(format!("it has {} words", items.len()), fix);
        return None;
    }
    let mut argv = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let Some(word) = argument(item) else { continue };
        let is_good = if index == 0 { program(item, word) } else { values(item, word, known) };
        if is_good {
            argv.push(word.to_owned());
        }
    }
    (argv.len() == items.len()).then_some(argv)
}

/// One argument; an empty one is one too.
fn argument<'r>(item: &Item<'r>) -> Option<&'r str> {
    match item.value().as_str() {
        Some("") => Some(""),
        _ => item.text(),
    }
}

fn program(item: &Item<'_>, word: &str) -> bool {
    if word.contains(['{', '}']) {
        item.fault(
            format!("{word:?} leaves open which program is run"),
            "Name the program itself, by its whole path.",
        );
        return false;
    }
    if !Path::new(word).is_absolute() {
        item.fault(
            format!("{word:?} is not an absolute path, so it is open which program that is"),
            format!(
                "Type the whole path, for example \"/usr/bin/{}\".",
                word.rsplit('/').next().unwrap_or(word)
            ),
        );
        return false;
    }
    if item.reader().looks_at_files() && !Path::new(word).is_file() {
        item.fault(format!("there is no program {word}"), "Install it, or correct the path.");
        return false;
    }
    true
}

/// Whether every `{name}` in an argument is one of `known`. Where there is none, braces are braces.
fn values(item: &Item<'_>, word: &str, known: &[&str]) -> bool {
    if known.is_empty() {
        return true;
    }
    let listed = || {
        let list: Vec<String> = known.iter().map(|name| format!("{{{name}}}")).collect();
        list.join(", ")
    };
    let mut rest = word;
    let mut count = 0;
    while let Some((before, from)) = rest.split_once('{') {
        let Some((name, after)) = from.split_once('}').filter(|_| !before.contains('}')) else { break };
        if !known.contains(&name) {
            let fix = match nearest(name, known.iter().copied()) {
                _ if name == PATH => {
                    "Only a step for each file has it: write the step as \"production by file\".".to_owned()
                }
                Some(near) => format!("Did you mean {{{near}}}?"),
                None => format!("Known here: {}.", listed()),
            };
            item.fault(format!("{{{name}}} stands for nothing here"), fix);
            return false;
        }
        count += 1;
        rest = after;
    }
    if rest.contains(['{', '}']) {
        item.fault(
            format!("{word:?} has a brace that stands for nothing"),
            format!("In braces stands one of: {}.", listed()),
        );
        return false;
    }
    if count > 1 {
        item.fault(
            format!("{word:?} has several values in one argument"),
            "Give each value an argument of its own.",
        );
        return false;
    }
    true
}
