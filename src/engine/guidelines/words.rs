//! The few turns of phrase that several rules share.

use super::Case;
use crate::engine::id::{At, ChangeNumber};
use crate::engine::text;

/// A branch as people say it: `wmf.4` for `wmf/1.27.0-wmf.4`; others stay as they are.
pub fn short_branch(branch: &str) -> &str {
    match branch.strip_prefix("wmf/").and_then(|version| version.split_once('-')) {
        Some((_, short)) if !short.is_empty() => short,
        _ => branch,
    }
}

/// A command to type, in quotes.
pub(super) fn command(case: &Case<'_>, words: &str) -> String {
    // The words may hold what a person wrote.
    format!("\"{}swat {}\"", case.settings.prefix, text::clean_to(words, 400))
}

/// A time of day.
pub(super) fn clock(at: At) -> String {
    at.format("%H:%M UTC").to_string()
}

/// A day and a time of day.
pub(super) fn day_and_clock(at: At) -> String {
    at.format("%a %H:%M UTC").to_string()
}

/// A date and a time of day.
pub(super) fn date_and_clock(at: At) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}

/// The first few of a list, and how many there are besides.
pub(super) fn some(names: &[&str]) -> String {
    const SHOWN: usize = 3;
    let shown = names[..names.len().min(SHOWN)].join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// Changes that lead to each other: `900001 -> 900002`.
pub(super) fn trail(changes: &[ChangeNumber]) -> String {
    let numbers: Vec<String> = changes.iter().map(ChangeNumber::to_string).collect();
    numbers.join(" -> ")
}
