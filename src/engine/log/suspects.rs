//! What changed shortly before something went wrong, the most dangerous first.

use chrono::TimeDelta;

use super::super::id::At;
use super::{Query, Row};

/// How far back is looked.
const SPAN: TimeDelta = TimeDelta::minutes(30);

/// More rows than half an hour has on a bad day.
const ROWS: usize = 1000;

/// How likely it is that a row broke something: what reached most hosts comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Risk {
    /// All hosts got something new.
    Production,
    /// Some hosts did.
    Canary,
    /// Something was taken back, which changes the hosts as well.
    Rollback,
    /// Somebody says that they changed something.
    Said,
    /// It is on the branch, and goes out with whatever is deployed next.
    Merge,
    /// A rule was set aside.
    Override,
    /// A step failed, or somebody or a check saw that something is broken.
    Unwell,
    /// What stopped people does not any more: a freeze, a hold, a limit, the end of a window.
    Loosened,
    /// Somebody wrote something down.
    Note,
}

impl Risk {
    /// As it is said.
    pub fn word(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Canary => "canaries",
            Self::Rollback => "rollback",
            Self::Said => "said",
            Self::Merge => "merge",
            Self::Override => "override",
            Self::Unwell => "unwell",
            Self::Loosened => "loosened",
            Self::Note => "note",
        }
    }
}

/// A row that may have broken something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspect {
    /// Why.
    pub risk: Risk,
    /// The row.
    pub row: Row,
}

/// The question whose rows [`rank`] looks at.
pub fn suspected(at: At) -> Query {
    let since = at.checked_sub_signed(SPAN).unwrap_or(at);
    Query { since: Some(since), until: Some(at), last: Some(ROWS), ..Query::default() }
}

/// Those among rows, newest first, that changed something, the most dangerous first, and of equal ones the newest.
pub fn rank(rows: Vec<Row>) -> Vec<Suspect> {
    // A step that the bot ran has a row when it began and one when it was done: where both are there, one is enough.
    let done: Vec<String> = rows.iter().filter(|row| row.kind == "step-done").filter_map(step_of).collect();
    let is_told =
        |row: &Row| row.kind == "step-intended" && step_of(row).is_some_and(|step| done.contains(&step));
    let mut suspects: Vec<Suspect> = rows
        .into_iter()
        .filter(|row| !is_told(row))
        .filter_map(|row| risk(&row).map(|risk| Suspect { risk, row }))
        .collect();
    suspects.sort_by_key(|suspect| suspect.risk);
    suspects
}

/// `None` for what changed nothing: what was refused, and what people and the bot only said of the window.
fn risk(row: &Row) -> Option<Risk> {
    if row.outcome == "refused" {
        return None;
    }
    match row.kind.as_str() {
        "step-done" | "step-intended" => step(&row.text),
        // The row of the step itself says more.
        "step-ran" => None,
        "rollback-started" | "back-step-done" => Some(Risk::Rollback),
        "ledger-entered" => Some(Risk::Merge),
        "overridden" => Some(Risk::Override),
        "broken" | "step-failed" | "back-step-failed" => Some(Risk::Unwell),
        "thawed" | "resumed" | "limited" | "extended" | "settled" => Some(Risk::Loosened),
        "logged" | "imported" | "amended" => {
            Some(if says_change(&row.text) { Risk::Said } else { Risk::Note })
        }
        _ if row.outcome == "failed" => Some(Risk::Unwell),
        _ => None,
    }
}

/// Which step of which patch a row is about.
fn step_of(row: &Row) -> Option<String> {
    let (_, step) = row.text.split_once(" step ")?;
    let (step, _) = step.split_once(')')?;
    Some(format!("{} {:?} {step}", row.window, row.change))
}

/// What a step did, by the name that its row has in brackets. A stage that nobody knows is taken for production.
fn step(text: &str) -> Option<Risk> {
    let (_, name) = text.split_once(" step ")?;
    let (_, name) = name.split_once('(')?;
    let name = name.split([')', ',']).next()?;
    let word = name.split(' ').next()?;
    match word {
        // What was merged is in the ledger, with a row of its own.
        "review" | "merge" | "verify" | "health" | "watch" => None,
        _ if name.contains("test") => None,
        _ if name.contains("canar") => Some(Risk::Canary),
        _ => Some(Risk::Production),
    }
}

/// Beginnings of words by which people and programs say that they changed a host.
const CHANGES: &[&str] = &[
    "deploy", "sync", "scap", "promot", "roll", "revert", "restart", "reload", "reboot", "depool", "repool",
    "pool", "upgrad", "instal", "migrat", "switch", "enabl", "disabl", "truncat", "delet", "drop", "alter",
    "kill", "purg", "reimag", "failover", "merg", "push", "release",
];

fn says_change(text: &str) -> bool {
    let text = text.to_lowercase();
    text.split(|c: char| !c.is_alphanumeric())
        .any(|word| CHANGES.iter().any(|begins| word.starts_with(begins)))
}
