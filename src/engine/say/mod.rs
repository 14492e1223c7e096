//! All wording (a rule's own sentence stands with the rule): one line an act, number before title, then the words to type.

pub mod accounts;
pub mod aside;
pub mod ask;
pub mod card;
pub mod coupled;
pub mod files;
pub mod for_log;
pub mod go;
pub mod health;
pub mod log;
pub mod no;
pub mod presence;
pub mod queue;
pub mod report;
pub mod room;
pub mod row;
pub mod run;
pub mod stats;
pub mod window;

use super::facts::Facts;
use super::id::{ChangeNumber, RowId, Who};
use super::patch::Patch;
use super::state::State;
use super::{text, words};

/// A person's mistake, or a no for a reason: one line and a stable code (I5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The stable code, said in brackets.
    pub code: &'static str,
    /// What is wrong, and what to type.
    pub text: String,
}

impl Refusal {
    /// A refusal in one line.
    pub fn new(code: &'static str, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }

    /// As it is said: `no: REASON. TRY THIS [code]`.
    pub fn said(&self) -> String {
        format!("no: {} [{}]", self.text, self.code)
    }
}

/// A command as it can be pasted, in quotes.
pub fn command(prefix: &str, words: &str) -> String {
    format!("\"{prefix}swat {words}\"")
}

/// How a patch is named in a verb that takes steps or items too, where a small number would be a step.
pub fn handle(patch: &Patch) -> String {
    handle_of(patch.change, patch.ticket)
}

/// The same for the ticket that a change has or will have.
pub fn handle_of(change: ChangeNumber, ticket: u32) -> String {
    if change.0 < 100 { format!("#{ticket}") } else { change.to_string() }
}

/// The title of a change, in quotes, neutralised; nothing where it is not known.
pub fn title(facts: Option<&Facts>) -> String {
    facts.map(|facts| format!(" {}", text::title(&facts.change.subject))).unwrap_or_default()
}

/// `900101 ps 3 "Enable FooBar"`.
pub fn patch_and_title(state: &State, patch: &Patch) -> String {
    let facts = state.last_facts(patch.change);
    format!("{}{}{}", patch.change, patch_set(patch), title(facts))
}

/// ` ps 3`, or nothing while the facts are not here.
pub fn patch_set(patch: &Patch) -> String {
    if patch.patch_set == 0 { String::new() } else { format!(" ps {}", patch.patch_set) }
}

/// `bob, carol`, without repeats.
pub fn names<'a>(people: impl IntoIterator<Item = &'a Who>) -> String {
    let mut seen: Vec<&Who> = Vec::new();
    for who in people {
        if !seen.contains(&who) {
            seen.push(who);
        }
    }
    seen.iter().map(|who| short_name(who)).collect::<Vec<_>>().join(", ")
}

/// A person's id, or the account without its network.
pub fn short_name(who: &Who) -> &str {
    who.0.rsplit_once('/').map_or(who.0.as_str(), |(_, account)| account)
}

/// `1 patch`, `4 patches`.
pub fn patches(count: usize) -> String {
    if count == 1 { "1 patch".to_owned() } else { format!("{count} patches") }
}

/// `900101, 900102`.
pub fn numbers(changes: &[ChangeNumber]) -> String {
    changes.iter().map(ChangeNumber::to_string).collect::<Vec<_>>().join(", ")
}

/// A row has lost its words.
pub fn redacted(row: RowId, by: RowId) -> String {
    format!(
        "{row} is redacted ({by}). Change the secret: the history of this chat and older backups still have it"
    )
}

/// It has none any more.
pub fn redacted_already(row: RowId, by: RowId) -> String {
    format!("{row} is already redacted ({by})")
}

/// The answer to what was written to the log. Several that waited are one: who wrote, how many, which rows.
pub fn logged(entries: &[(String, RowId)]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in entries {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    let mut rows: Vec<RowId> = entries.iter().map(|(_, row)| *row).collect();
    rows.sort_unstable();
    let count = if rows.len() == 1 { String::new() } else { format!("{} entries: ", rows.len()) };
    let runs: Vec<String> = rows
        .chunk_by(|a, b| a.0 + 1 == b.0)
        .filter_map(|run| match run {
            [] => None,
            [row] => Some(row.to_string()),
            [first, .., last] => Some(format!("{first}–{last}")),
        })
        .collect();
    format!("{}: logged {count}{}", names.join(", "), runs.join(", "))
}

/// Said in place of the lines that an answer is cut by; `hint` is what to type in private to have all of it.
pub fn more_lines(count: usize, hint: &str) -> String {
    format!("… (+{count} more: {hint})")
}

/// Said once there is room again for what was dropped.
pub fn left_out(lines: usize) -> String {
    let lines = if lines == 1 { "1 line is".to_owned() } else { format!("{lines} lines are") };
    format!("{lines} left out here: there was more to say than the network takes")
}

/// Said of commands, each with who gave it, that came too late: the last few are named.
pub fn late(commands: &[(String, String)]) -> String {
    const NAMED: usize = 5;
    const LONGEST: usize = 60;
    let named: Vec<String> = commands[commands.len().saturating_sub(NAMED)..]
        .iter()
        .map(|(name, words)| {
            let words = own_words(words);
            let cut: String = words.chars().take(LONGEST).collect();
            let more = if cut.len() < words.len() { "…" } else { "" };
            format!("{name} \"{cut}{more}\"")
        })
        .collect();
    let count = match commands.len() {
        1 => "1 command came too late and was".to_owned(),
        count => format!("{count} commands came too late and were"),
    };
    let of_them = if commands.len() > NAMED { "the last ones: " } else { "" };
    format!("{count} not acted on: {of_them}{}. Say again what still holds [late]", named.join(", "))
}

/// A person's own words, neutralised.
pub fn own_words(words: &str) -> String {
    text::clean(words)
}

/// `: words`, or nothing.
pub fn after_colon(words: Option<&str>) -> String {
    words.map(|words| format!(": {}", own_words(words))).unwrap_or_default()
}

/// `12 min` between two moments.
pub fn took(from: super::id::At, to: super::id::At) -> String {
    words::span(to - from)
}

/// How long ago somebody was heard.
pub fn heard(at: super::id::At, heard: super::id::At) -> String {
    if at - heard < chrono::TimeDelta::minutes(1) {
        "a moment ago".to_owned()
    } else {
        words::ago_or_in(at, heard)
    }
}
