//! Rows of the log as they are said: a page of what was asked for, one row with all its fields, what may have broken things.

use super::super::id::{At, RowId};
use super::super::log::{Found, Query, Row, Suspect, Total, before_find, describe};
use super::super::text;
use super::own_words;

/// So many characters of a refusal are enough to know it again; `log show` has all of it.
pub(super) const REFUSAL_SHOWN: usize = 80;

/// The bytes of one line of an answer: what an IRC network passes on whole, with room for the names around it.
const LONGEST: usize = 380;

/// How many lines one row may fill where it is shown whole.
const LINES_WHOLE: usize = 12;

/// Which part of an answer is said, and where.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// Who is answered.
    pub name: &'a str,
    /// The mark in front of a command.
    pub prefix: &'a str,
    /// It is said to them alone.
    pub private: bool,
    /// How many were shown before.
    pub skipped: u64,
    /// How many there are, those before among them.
    pub total: Total,
}

/// Rows that were found, the newest first: a line each, and behind the last one how many there are and how to go on.
pub fn rows(page: Page<'_>, found: &Found, query: &Query) -> Vec<String> {
    let Page { name, prefix, .. } = page;
    if query.count {
        let rather = before_find(query).filter(|_| found.total == Total::Exactly(0));
        let rather = rather.map(|question| words_behind_find(&question, &format!("{prefix}log")));
        let what = asked_for(query);
        return vec![format!("{name}: {}{what}{}", counted(found.total), rather.unwrap_or_default())];
    }
    match (query.show.or(query.around), found.rows.is_empty()) {
        (Some(row), true) => return vec![format!("{name}: there is no {row}")],
        (None, true) => {
            let what = asked_for(query);
            let rather = match before_find(query) {
                Some(question) => words_behind_find(&question, &format!("{prefix}log")),
                None => format!(". A text is recorded by \"{prefix}log -- TEXT\""),
            };
            return vec![format!("{name}: nothing found{what}{rather}")];
        }
        _ => {}
    }
    let lines = found.rows.iter().map(|row| format!("{name}: {}", row_in_short(row)));
    with_rest(lines.collect(), page, "")
}

/// What may have broken something at this moment, the most dangerous first.
pub fn suspects(page: Page<'_>, suspects: &[Suspect], at: At) -> Vec<String> {
    let Page { name, .. } = page;
    let when = format!("in the half hour before {}", at.format("%Y-%m-%d %H:%M:%SZ"));
    if suspects.is_empty() {
        return vec![format!("{name}: nothing on record changed anything {when}")];
    }
    let lines = suspects
        .iter()
        .map(|suspect| format!("{name}: {}: {}", suspect.risk.word(), row_in_short(&suspect.row)));
    with_rest(lines.collect(), page, &format!(" {when}"))
}

/// Says behind the last line which of how many these are, where there are others.
fn with_rest(lines: Vec<String>, page: Page<'_>, when: &str) -> Vec<String> {
    let Page { prefix, private, skipped, total, .. } = page;
    let shown = skipped + lines.len() as u64;
    let from = if lines.len() == 1 { String::new() } else { format!("{}-", skipped + 1) };
    let rest = match () {
        () if skipped == 0 && total == Total::Exactly(shown) => String::new(),
        () if matches!(total, Total::Exactly(count) if count <= shown) => {
            format!(" ({from}{shown} of {}{when})", number(total))
        }
        () if private => format!(" ({from}{shown} of {}{when}, \"log more\" goes on)", number(total)),
        () => {
            let how = format!("\"{prefix}log more\" goes on, here or in private");
            format!(" ({from}{shown} of {}{when}, {how})", number(total))
        }
    };
    let last = lines.len().saturating_sub(1);
    let room = |index: usize| LONGEST - if index == last { rest.len() } else { 0 };
    let mut lines: Vec<String> =
        lines.into_iter().enumerate().map(|(index, line)| fitted(&line, room(index))).collect();
    if let Some(line) = lines.last_mut() {
        line.push_str(&rest);
    }
    lines
}

/// Said behind "nothing found" where parts of a question stand behind `find`. `ask` is how a question begins.
pub fn words_behind_find(question: &str, ask: &str) -> String {
    format!(": behind find all are words. \"{ask} {}\"", own_words(question))
}

/// Said behind the row of a text that begins like something else.
pub fn as_a_text(like: &str, prefix: &str) -> String {
    let verb = like.split(' ').next().filter(|word| ["amend", "redact"].contains(word)).unwrap_or("ask");
    format!(" as a text; to {verb}: \"{prefix}log {like}\"")
}

/// There is nothing to go on with.
pub fn no_more(name: &str, prefix: &str) -> String {
    format!("{name}: that was all. Ask anew: \"{prefix}log last 5\"")
}

/// Nobody knows what was asked before.
pub fn not_asked(name: &str, prefix: &str) -> String {
    format!("{name}: I know of no question of yours that goes on. Ask it again: \"{prefix}log last 5\"")
}

/// ` by alice since 2026-11-23T12:00Z`: what was asked, with its times in full.
fn asked_for(query: &Query) -> String {
    let what = describe(&Query { count: false, last: None, before: None, ..query.clone() });
    if what.is_empty() { String::new() } else { format!(" ({})", own_words(&what)) }
}

fn counted(total: Total) -> String {
    match total {
        Total::Exactly(1) => "1 row".to_owned(),
        total => format!("{} rows", number(total)),
    }
}

/// `12,345` or `more than 10,000`.
fn number(total: Total) -> String {
    match total {
        Total::Exactly(count) => grouped(count),
        Total::MoreThan(count) => format!("more than {}", grouped(count)),
    }
}

fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut said = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            said.push(',');
        }
        said.push(digit);
    }
    said
}

/// A row in a line: its number, when, who, how it went, and what.
pub(super) fn row_in_short(row: &Row) -> String {
    let time = row.at.format("%Y-%m-%d %H:%M:%SZ");
    let outcome = if row.outcome == "ok" { String::new() } else { format!(" {}", row.outcome) };
    // The code stands at the end, and is what a refusal is known by.
    let said = match row.text.rsplit_once(" [") {
        Some((no, code)) if row.outcome == "refused" => {
            format!("{} [{}", text::clean_to(no, REFUSAL_SHOWN), own_words(code))
        }
        _ => own_words(&row.text),
    };
    format!("{} {time} {}{outcome}: {said}", row.id, own_words(&row.actor))
}

/// A row with all its fields: in three lines, or in private whole. `head` is its head as it is said, `corrected` the
/// rows that correct it.
pub fn row_in_full(
    name: &str,
    row: &Row,
    head: Option<&str>,
    corrected: &[RowId],
    private: bool,
) -> Vec<String> {
    let given = |word: &str, text: &str| {
        if text.is_empty() { String::new() } else { format!(", {word}{}", own_words(text)) }
    };
    let from = match (row.network.is_empty(), row.account.is_empty()) {
        (true, _) => ", by itself".to_owned(),
        (false, true) => format!(", on {} without an account", own_words(&row.network)),
        (false, false) => format!(", as {}/{}", own_words(&row.network), own_words(&row.account)),
    };
    let change = row.change.map(|change| format!(", change {change}")).unwrap_or_default();
    let fields = format!(
        "{} {} {} {} {}{from}{}{change}{}{}{}",
        row.id,
        row.at.format("%Y-%m-%dT%H:%M:%S%.3fZ"),
        own_words(&row.actor),
        own_words(&row.kind),
        row.outcome,
        given("in ", &row.room),
        given("window ", &row.window),
        given("head ", head.unwrap_or_default()),
        given("corrected by ", &rows_named(corrected)),
    );
    let mut lines = vec![fitted(&format!("{name}: {fields}"), LONGEST)];
    for (word, said) in [("text", row.text.as_str()), ("detail", row.detail.as_str())] {
        let whole = text::clean_to(said, said.len());
        if private {
            let mut pieces = pieces(&whole, LONGEST - 30);
            if pieces.len() > LINES_WHOLE {
                pieces.truncate(LINES_WHOLE);
                pieces.push(format!("… all of it: \"swatbot log show {} --json\"", row.id));
            }
            lines.extend(pieces.into_iter().map(|piece| format!("{} {word}: {piece}", row.id)));
        } else {
            lines.push(fitted(&format!("{} {word}: {whole}", row.id), LONGEST));
        }
    }
    lines
}

/// A line cut to so many bytes, with `…` where something is missing.
fn fitted(line: &str, bytes: usize) -> String {
    if line.len() <= bytes {
        return line.to_owned();
    }
    let end = line.floor_char_boundary(bytes.saturating_sub('…'.len_utf8()));
    format!("{}…", line[..end].trim_end())
}

/// A text in pieces of at most so many bytes.
fn pieces(text: &str, bytes: usize) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while rest.len() > bytes {
        let (piece, behind) = rest.split_at(rest.floor_char_boundary(bytes));
        pieces.push(piece.to_owned());
        rest = behind;
    }
    pieces.push(rest.to_owned());
    pieces
}

/// `L7, L9`.
pub fn rows_named(rows: &[RowId]) -> String {
    rows.iter().map(RowId::to_string).collect::<Vec<_>>().join(", ")
}
