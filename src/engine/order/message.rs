//! What a commit message says of another patch: its name, its task, that it takes one back.

use super::signals::Side;

/// How one message names the other patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// By its Change-Id or its commit, whole or abbreviated, or by its number.
    Directly,
    /// So, as what it needs: "Depends on I1234", "after 900002".
    Needs,
    /// So, as what needs it: "Needed by I1234", "Required for 900002".
    NeededBy,
    /// By its subject.
    BySubject,
}

/// How the message of `a` names `b`.
pub(super) fn names(a: &Side<'_>, b: &Side<'_>) -> Option<Named> {
    let mut found = None;
    // What a footer declares, the order has from it, with all that is known of branches.
    for line in a.message.lines().filter(|line| !is_footer(line, &DECLARED)) {
        if line.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| is_name_of(word, b)) {
            found = Some(need(line).or(found).unwrap_or(Named::Directly));
        }
    }
    let subject = b.subject.trim();
    let by_subject = || subject.len() >= 20 && a.message.contains(subject) && a.subject.trim() != subject;
    found.or_else(|| by_subject().then_some(Named::BySubject))
}

/// Whether a word is the other's Change-Id, commit or number.
fn is_name_of(word: &str, other: &Side<'_>) -> bool {
    let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let change_id = || word.starts_with('I') && is_hex(&word[1..]) && other.change_id.starts_with(word);
    let commit = || is_hex(word) && other.revision.starts_with(word);
    let number = || other.number.is_some_and(|number| number.to_string() == word);
    // Shorter ones are as well years, ports and counts.
    (word.len() >= 8 && change_id()) || (word.len() >= 7 && commit()) || (word.len() >= 5 && number())
}

/// Which of the two waits, where a line that names a patch says so: no parser of footers reads these words.
fn need(line: &str) -> Option<Named> {
    let line = line.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| line.contains(word));
    if says(&["needed by", "needed for", "required by", "required for", "prerequisite", "prepar", "before"]) {
        Some(Named::NeededBy)
    } else if says(&["depend", "require", "need", "after", "follow"]) {
        Some(Named::Needs)
    } else {
        None
    }
}

/// A task of both, or one that the other's message speaks of.
pub(super) fn shared_task<'a>(a: &Side<'a>, b: &Side<'a>) -> Option<&'a str> {
    let says = |side: &Side<'_>, task: &str| {
        side.tasks.contains(&task)
            || side.message.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == task)
    };
    let of_a = a.tasks.iter().copied().find(|task| says(b, task));
    of_a.or_else(|| b.tasks.iter().copied().find(|task| says(a, task)))
}

/// Footers that are followed to what they name.
const DECLARED: [&str; 2] = ["depends-on", "needed-by"];

fn is_footer(line: &str, keys: &[&str]) -> bool {
    line.split_once(':').is_some_and(|(key, _)| keys.iter().any(|footer| key.eq_ignore_ascii_case(footer)))
}

/// Whether it takes back another patch.
pub(super) fn reverts(side: &Side<'_>) -> bool {
    side.subject.starts_with("Revert ") || side.message.contains("This reverts commit ")
}
