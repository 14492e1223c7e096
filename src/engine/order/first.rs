//! Which of two patches that belong together could go first: a suggestion with its reason, and never more than that.

use chrono::TimeDelta;

use super::diff::Roles;
use super::signals::{Shared, Side};

/// From so many points more on one side something is suggested.
const SUGGESTS_FROM: i32 = 3;
/// What is at least this rare says something about the order.
const RARE: u8 = 60;

/// Why one could go first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason<'a> {
    /// It defines this name, and the other begins to use it.
    Defines(&'a str),
    /// It brings this name, and the other takes it away.
    Brings(&'a str),
    /// It was written first, within the hour.
    WrittenFirst,
    /// The other takes something away.
    OtherRemoves,
    /// It says that it makes something possible.
    Prepares,
}

/// What could go first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suggestion<'a> {
    /// The first of the two that were compared.
    pub first: bool,
    /// The strongest reason.
    pub reason: Reason<'a>,
}

/// Suggests one of two patches, where enough speaks for it.
pub fn suggestion<'a>(a: &Side<'a>, b: &Side<'a>) -> Option<Suggestion<'a>> {
    let mut votes: Vec<(i32, Reason<'a>)> = Vec::new();
    let mut defines = (0_i32, "");
    let mut brings = (0_i32, "");
    for Shared { ours, theirs, .. } in a.shared(b).into_iter().filter(|shared| shared.rarity >= RARE) {
        let (name, ours, theirs) = (ours.text.as_str(), ours.roles, theirs.roles);
        let uses = |roles: Roles| roles.has(Roles::ADDED) && !roles.has(Roles::DEFINED);
        tally(&mut defines, name, ours.is_defined() && uses(theirs), theirs.is_defined() && uses(ours));
        tally(&mut brings, name, ours.is_new() && theirs.is_gone(), theirs.is_new() && ours.is_gone());
    }
    votes.push((3 * defines.0.signum(), Reason::Defines(defines.1)));
    votes.push((2 * brings.0.signum(), Reason::Brings(brings.1)));
    if let Some((ours, theirs)) = a.authored.zip(b.authored) {
        let points = match (ours - theirs).abs() {
            apart if apart <= TimeDelta::hours(1) => 3,
            apart if apart <= TimeDelta::days(1) => 1,
            _ => 0,
        };
        votes.push((points * sign(theirs > ours, ours > theirs), Reason::WrittenFirst));
    }
    let takes_away = |side: &Side<'_>| begins_with(side.subject, &["remove", "drop", "delete"]);
    votes.push((2 * sign(takes_away(b), takes_away(a)), Reason::OtherRemoves));
    let brings_in = |side: &Side<'_>| {
        begins_with(
            side.subject,
            &[
                "allow",
                "support",
                "make",
                "introduce",
                "create",
                "provide",
                "expose",
                "implement",
                "deprecate",
                "extract",
            ],
        )
    };
    votes.push((2 * sign(brings_in(a), brings_in(b)), Reason::Prepares));
    votes.push((2 * sign(prepares(a.message), prepares(b.message)), Reason::Prepares));
    let (ours, theirs) = (share_removed(a), share_removed(b));
    votes.push((sign(theirs > ours + 50, ours > theirs + 50), Reason::OtherRemoves));
    let all: i32 = votes.iter().map(|(points, _)| points).sum();
    let side = all.signum();
    let (_, reason) =
        votes.into_iter().filter(|(points, _)| points * side > 0).max_by_key(|(points, _)| points.abs())?;
    (all.abs() >= SUGGESTS_FROM).then_some(Suggestion { first: side > 0, reason })
}

fn sign(first: bool, second: bool) -> i32 {
    i32::from(first) - i32::from(second)
}

fn tally<'a>(votes: &mut (i32, &'a str), name: &'a str, first: bool, second: bool) {
    let vote = sign(first, second);
    if vote != 0 && votes.1.is_empty() {
        votes.1 = name;
    }
    votes.0 += vote;
}

/// Whether one of the first words of a subject is one of these.
fn begins_with(subject: &str, words: &[&str]) -> bool {
    let mut first = subject.split(|c: char| !c.is_ascii_alphanumeric()).take(4);
    first.any(|word| words.iter().any(|other| word.eq_ignore_ascii_case(other)))
}

/// Whether a message says that something else builds on it.
fn prepares(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    ["prepar", "allow", "so that", "will be", "can be used", "needed", "required", "before"]
        .iter()
        .any(|words| message.contains(words))
}

/// How much more it removes than it adds, from -100 to 100 of its lines.
fn share_removed(side: &Side<'_>) -> i64 {
    let (added, removed) = (i64::from(side.lines.0), i64::from(side.lines.1));
    100 * (removed - added) / (removed + added + 1)
}
