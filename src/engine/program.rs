//! The commands of steps on their way out, and what came of them.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::id::RowId;
use super::plan::Going;
use super::state::State;

/// A command to be started once, after the commit of the row that says so. Nothing ever derives it from the state again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The row of the intent.
    pub row: RowId,
    /// The program's absolute path and its arguments, with the values in them.
    pub argv: Vec<String>,
    /// It is ended after this long.
    pub timeout: TimeDelta,
    /// It is killed this long after it was asked to end.
    pub kill_after: TimeDelta,
}

/// A command that an earlier program started and that is still at work: nobody sees any more how it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// The row of the intent.
    pub row: RowId,
    /// It is ended after this long, counted from now.
    pub timeout: TimeDelta,
    /// It is killed this long after it was asked to end.
    pub kill_after: TimeDelta,
}

/// What came of a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// How it ended.
    pub how: How,
    /// After so many seconds.
    pub seconds: i64,
    /// What it printed, cut and cleaned.
    pub output: String,
    /// So many bytes of it were not kept.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cut: u64,
}

fn is_zero(cut: &u64) -> bool {
    *cut == 0
}

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// By itself, with this status.
    Exit(i32),
    /// By this signal.
    Signal(i32),
    /// It took too long and was ended.
    TimedOut,
    /// It could not be started, for this reason.
    NotStarted(String),
}

impl How {
    /// As people read it: `exit 1`, `killed by signal 9`.
    pub fn words(&self) -> String {
        match self {
            Self::Exit(status) => format!("exit {status}"),
            Self::Signal(signal) => format!("killed by signal {signal}"),
            Self::TimedOut => "timed out".to_owned(),
            Self::NotStarted(why) => format!("could not be started: {why}"),
        }
    }
}

impl Ended {
    /// Whether it did what it should.
    pub fn is_good(&self) -> bool {
        self.how == How::Exit(0)
    }

    /// The last line that it printed and that is not empty.
    pub fn last_line(&self) -> Option<&str> {
        self.output.lines().map(str::trim).rfind(|line| !line.is_empty())
    }
}

/// What stands for the placeholders of a command. What is not known stands for nothing, and a command that needs it is not
/// started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values {
    /// The change's number.
    pub change: String,
    /// Its patch set.
    pub patch_set: String,
    /// Its branch.
    pub branch: Option<String>,
    /// The stage.
    pub stage: Option<String>,
    /// The one file that the step is for.
    pub path: Option<String>,
    /// One line for the log of whatever is run.
    pub message: String,
}

impl Values {
    fn of(&self, name: &str) -> Option<&str> {
        match name {
            "change" => Some(&self.change),
            "patch_set" => Some(&self.patch_set),
            "branch" => self.branch.as_deref().filter(|branch| is_path(branch)),
            "stage" => self.stage.as_deref().filter(|stage| is_path(stage)),
            "path" => self.path.as_deref().filter(|path| is_path(path)),
            "message" => {
                Some(&self.message).filter(|text| !text.contains(char::is_control)).map(String::as_str)
            }
            _ => None,
        }
    }
}

/// Whether it is a plain path below some folder: it cannot lead out of it, and no program can take it for an option.
fn is_path(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-+/@,= ".contains(c);
    !text.is_empty()
        && !text.starts_with(['-', '/', ' '])
        && text.chars().all(is_plain)
        && text.split('/').all(|part| !part.is_empty() && part != "." && part != "..")
}

/// The arguments with the values in them. No value ever becomes two arguments, or an option.
///
/// # Errors
/// The placeholder that has no value, or none that may stand there.
pub fn fill(argv: &[String], values: &Values) -> Result<Vec<String>, String> {
    argv.iter()
        .map(|argument| {
            let mut filled = String::new();
            let mut rest = argument.as_str();
            while let Some((before, after)) = rest.split_once('{') {
                filled.push_str(before);
                let Some((name, after)) = after.split_once('}') else {
                    return Err(format!("{{{after}"));
                };
                let value = values.of(name).filter(|value| !(filled.is_empty() && value.starts_with('-')));
                filled.push_str(value.ok_or_else(|| format!("{{{name}}}"))?);
                rest = after;
            }
            filled.push_str(rest);
            Ok(filled)
        })
        .collect()
}

/// Whether a command is for one file.
pub fn needs_path(argv: &[String]) -> bool {
    argv.iter().any(|argument| argument.contains("{path}"))
}

/// The commands that are on their way, each with the step as people name it: `5`, `r1`.
pub fn running(state: &State) -> Vec<(String, &Going)> {
    let mut all = Vec::new();
    for window in state.windows.values() {
        for patch in &window.patches {
            for (number, step) in (1u32..).zip(&patch.steps) {
                all.extend(step.going.as_ref().map(|going| (number.to_string(), going)));
            }
        }
        for (number, step) in (1u32..).zip(window.rollback.iter().flat_map(|back| &back.steps)) {
            all.extend(step.going.as_ref().map(|going| (format!("r{number}"), going)));
        }
    }
    all
}
