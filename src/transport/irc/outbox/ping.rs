//! Makes a ping ping: the nick that somebody has now stands in the text, whatever name the engine knows them by.

/// Somebody who is to notice a line.
pub(super) struct Called<'a> {
    /// The name that they have in the text.
    pub(super) name: &'a str,
    /// They must find themselves in it.
    pub(super) must: bool,
    /// The nicks that they have where it is said. Without one they stay as named.
    pub(super) nicks: Vec<String>,
}

/// Puts everybody's nicks where their name stands first. What stands in quotes is left alone: it is to be pasted as it
/// is, or somebody else's words. Whose name stands nowhere is named at the end.
pub(super) fn name(text: &str, called: &[Called<'_>]) -> String {
    let before_quotes = text.find('"').map_or(text, |quote| &text[..quote]);
    let mut names: Vec<(usize, usize, String)> = Vec::new();
    let mut at_the_end: Vec<&Called<'_>> = Vec::new();
    // All are found before one is replaced: the nick of one may be the name of another.
    for person in called.iter().filter(|person| !person.nicks.is_empty()) {
        let taken = |at: usize| names.iter().any(|(start, ..)| *start == at);
        match words(before_quotes, person.name).find(|at| !taken(*at)) {
            Some(at) => names.push((at, at + person.name.len(), person.nicks.join("/"))),
            None if person.must => at_the_end.push(person),
            None => {}
        }
    }
    names.sort_unstable();
    let mut named = String::with_capacity(text.len() + 32);
    let mut from = 0;
    for (start, end, nicks) in names {
        named.push_str(&text[from..start]);
        named.push_str(&nicks);
        from = end;
    }
    named.push_str(&text[from..]);
    let missing: Vec<&str> = at_the_end
        .iter()
        .flat_map(|person| &person.nicks)
        .filter(|nick| words(&named, nick).next().is_none())
        .map(String::as_str)
        .collect();
    if !missing.is_empty() {
        named.push_str(&format!(" ({})", missing.join(", ")));
    }
    named
}

/// Where a name stands as a whole word, and not as a part of a path.
fn words<'a>(text: &'a str, name: &'a str) -> impl Iterator<Item = usize> {
    let in_nick = |c: char| c.is_alphanumeric() || "[]\\`_^{|}-/@".contains(c);
    let starts = move |c: char| in_nick(c) || matches!(c, '.' | '#');
    text.match_indices(name).map(|(at, _)| at).filter(move |at| {
        !name.is_empty()
            && !text[..*at].chars().next_back().is_some_and(starts)
            && !text[at + name.len()..].chars().next().is_some_and(in_nick)
    })
}
