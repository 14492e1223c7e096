//! What a commit message says of another patch: its name, its task, the same things in the same words.

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

/// Words that are in so many messages that they say nothing of what one is about.
const EMPTY_WORDS: [&str; 42] = [
    "this", "that", "with", "from", "have", "should", "when", "will", "been", "also", "used", "which",
    "code", "change", "instead", "into", "only", "remove", "since", "patch", "where", "were", "they", "more",
    "there", "than", "then", "same", "other", "does", "after", "because", "some", "make", "still", "being",
    "file", "test", "tests", "commit", "cherry", "picked",
];

/// Footers that are followed to what they name.
const DECLARED: [&str; 2] = ["depends-on", "needed-by"];

/// Footers: names and numbers, and nothing of what a message is about.
const FOOTERS: [&str; 7] =
    ["change-id", "bug", "depends-on", "needed-by", "signed-off-by", "co-authored-by", "reviewed-on"];

fn is_footer(line: &str, keys: &[&str]) -> bool {
    line.split_once(':').is_some_and(|(key, _)| keys.iter().any(|footer| key.eq_ignore_ascii_case(footer)))
}

/// The words of a message that say what it is about, each once, with a weight: a long word says more.
fn words(message: &str) -> Vec<(String, u32)> {
    let lines = message.lines().filter(|line| !is_footer(line, &FOOTERS));
    let parts = lines.flat_map(|line| line.split(|c: char| !c.is_ascii_alphanumeric()));
    let says_something = |word: &String| {
        word.len() >= 4
            && word.bytes().any(|byte| byte.is_ascii_alphabetic())
            && !EMPTY_WORDS.contains(&word.as_str())
    };
    let weight = |word: &String| if word.len() >= 7 { 2 } else { 1 };
    let mut words: Vec<(String, u32)> = parts
        .map(str::to_ascii_lowercase)
        .filter(says_something)
        .map(|word| (word.clone(), weight(&word)))
        .collect();
    words.sort_unstable();
    words.dedup();
    words
}

/// How alike two messages are: the share of the words they have in common (a cosine), from 0 to 100.
pub(super) fn alike(a: &str, b: &str) -> u32 {
    let (a, b) = (words(a), words(b));
    let square = |(_, weight): &(String, u32)| u64::from(weight * weight);
    let both: u64 = a.iter().filter(|word| b.binary_search(word).is_ok()).map(square).sum();
    let all = a.iter().map(square).sum::<u64>() * b.iter().map(square).sum::<u64>();
    (100 * both).checked_div(all.isqrt()).and_then(|share| u32::try_from(share).ok()).unwrap_or(0)
}
