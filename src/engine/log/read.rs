//! Reads the words behind `!log`: is it a question, a wrong one, or a text to record?

use chrono::{Datelike, Days};

use super::super::event;
use super::super::id::{At, ChangeNumber, OccurrenceId, RowId};
use super::time::{Edge, is_clock, is_like_a_time, time};
use super::{Asked, InWindow, LAST, OUTCOMES, Query, Wrong, terms};

/// Reads the words behind `!log`, or those of `swatbot log`, at the time `at`.
///
/// ```text
/// line  = "" | query | "more" | "suspects" [ time ]
///       | "--" TEXT | "amend" ROW TEXT | "redact" ROW [REASON] | TEXT
/// query = [ "count" ] part* [ "find" term+ ]         each part at most once, the line is nothing else
/// part  = "last" COUNT | "by" WHO | "change" NUMBER | "task" TASK | "window" (WINDOW | OCCURRENCE) | "room" ROOM
///       | "kind" KIND | "outcome" OUTCOME | "since" time | "until" time | "before" ROW | "show" ROW | "around" ROW
/// term  = [ "-" ] ( WORD | BEGINNING* | "PHRASE" )
/// time  = 2026-11-23 | 2026-11-23T14:30[:05][Z] | 14:30 | 30m | 2h | 3d | 1w | "now" | "today" | "yesterday"
/// ```
///
/// Times are UTC. A day begins at 00:00 after `since` and ends at 23:59:59.999 after `until`. A line that would be a
/// question if one of its values were one is wrong, and not recorded: whoever meant it as a text is told how to say so.
pub fn parse(text: &str, at: At) -> Asked {
    let text = text.trim();
    if text.is_empty() {
        return Asked::Query(Box::new(Query { last: Some(LAST), ..Query::default() }));
    }
    let (word, rest) = split(text);
    match (word.to_ascii_lowercase().as_str(), rest) {
        ("--", "") => return Asked::Nothing,
        ("--", rest) => return Asked::Text(rest.to_owned()),
        ("more", "") => return Asked::More,
        ("amend", rest) => {
            let (number, rest) = split(rest);
            if let (Some(row), false) = (marked_row(number), rest.is_empty()) {
                return Asked::Amend { row, text: rest.to_owned() };
            }
        }
        ("redact", rest) => {
            let (number, rest) = split(rest);
            if let Some(row) = marked_row(number) {
                return Asked::Redact { row, reason: rest.to_owned() };
            }
        }
        ("suspects", "") => return Asked::Suspects(at),
        ("suspects", rest) if !rest.contains(char::is_whitespace) => match time(rest, at, Edge::End) {
            Given::Good(time) => return Asked::Suspects(time.min(at)),
            Given::Impossible => return Asked::Wrong(Wrong::Time(rest.to_owned())),
            Given::Other => {}
        },
        _ => {}
    }
    query(text, at).unwrap_or_else(|| Asked::Text(text.to_owned()))
}

/// The first word, and what is behind it.
fn split(text: &str) -> (&str, &str) {
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    (word, rest.trim_start())
}

/// A whole line that is a question; `None` where any part of it is not.
fn query(text: &str, at: At) -> Option<Asked> {
    let mut line = Line { query: Query::default(), at, wrong: None, until_is_clock: false };
    let mut rest = text;
    if let (word, behind) = split(rest)
        && word.eq_ignore_ascii_case("count")
    {
        line.query.count = true;
        rest = behind;
    }
    while !rest.is_empty() {
        let (word, behind) = split(rest);
        if word.eq_ignore_ascii_case("find") {
            line.query.terms = terms::parse(behind);
            if line.query.terms.is_empty() {
                return None;
            }
            break;
        }
        let (value, behind) = split(behind);
        if value.is_empty() {
            return None;
        }
        line.part(&word.to_ascii_lowercase(), value)?;
        rest = behind;
    }
    Some(line.asked())
}

/// A line as far as it is read.
struct Line {
    query: Query,
    at: At,
    /// The first value that is none.
    wrong: Option<Wrong>,
    until_is_clock: bool,
}

impl Line {
    /// Takes in one part; `None` where it is not one, so that the line is a text.
    fn part(&mut self, word: &str, value: &str) -> Option<()> {
        let (query, at, text) = (&mut self.query, self.at, value.to_owned());
        let wrong = match word {
            "last" => take("last", &mut query.last, count(value), Wrong::Count(text)),
            "by" => take("by", &mut query.by, Given::Good(text), Wrong::Twice("by")),
            "change" => take("change", &mut query.change, change(value), Wrong::Change(text)),
            "task" => take("task", &mut query.task, task(value), Wrong::Twice("task")),
            "window" => take("window", &mut query.window, window(value), Wrong::Time(text)),
            "room" => take("room", &mut query.room, Given::Good(text), Wrong::Twice("room")),
            "kind" => take("kind", &mut query.kind, one_of(value, event::kinds()), Wrong::Kind(text)),
            "outcome" => take("outcome", &mut query.outcome, one_of(value, OUTCOMES), Wrong::Outcome(text)),
            "since" => take("since", &mut query.since, time(value, at, Edge::Start), Wrong::Time(text)),
            "until" => {
                self.until_is_clock = is_clock(value);
                take("until", &mut query.until, time(value, at, Edge::End), Wrong::Time(text))
            }
            "before" => take("before", &mut query.before, row(value), Wrong::Row("before", text)),
            "show" => take("show", &mut query.show, row(value), Wrong::Row("show", text)),
            "around" => take("around", &mut query.around, row(value), Wrong::Row("around", text)),
            _ => return None,
        }?;
        self.wrong = self.wrong.take().or(wrong);
        Some(())
    }

    /// What it is as a whole.
    fn asked(mut self) -> Asked {
        let query = &mut self.query;
        if let (Some(since), Some(until)) = (query.since, query.until)
            && until < since
        {
            // `since 13:00 until 15:00`, said at 14:00.
            let later = if self.until_is_clock { until.checked_add_days(Days::new(1)) } else { None };
            match later.filter(|later| *later >= since) {
                Some(later) => query.until = Some(later),
                None => self.wrong = self.wrong.or(Some(Wrong::Backwards { since, until })),
            }
        }
        let show = Query { show: query.show, ..Query::default() };
        let around = Query { around: query.around, last: query.last, ..Query::default() };
        if query.show.is_some() && *query != show {
            self.wrong = self.wrong.or(Some(Wrong::Alone("show")));
        } else if query.around.is_some() && *query != around {
            self.wrong = self.wrong.or(Some(Wrong::Alone("around")));
        }
        match self.wrong {
            Some(wrong) => Asked::Wrong(wrong),
            None => Asked::Query(Box::new(self.query)),
        }
    }
}

/// What a word is, where a value is expected.
pub(super) enum Given<T> {
    /// This.
    Good(T),
    /// The form of one, and none there is.
    Impossible,
    /// Something else.
    Other,
}

/// What is wrong with a value, if anything is; `None` where the line is a text.
fn take<T>(word: &'static str, slot: &mut Option<T>, given: Given<T>, wrong: Wrong) -> Option<Option<Wrong>> {
    match given {
        Given::Good(value) => Some(slot.replace(value).map(|_| Wrong::Twice(word))),
        Given::Impossible => Some(Some(wrong)),
        Given::Other => None,
    }
}

/// Of what looks like a number, or like a time, nobody says that it is a word of a text.
fn or_like<T>(found: Option<T>, value: &str) -> Given<T> {
    match found {
        Some(found) => Given::Good(found),
        None if is_like_a_time(value) => Given::Impossible,
        None => Given::Other,
    }
}

fn count(value: &str) -> Given<usize> {
    or_like(number(value).and_then(|number| usize::try_from(number).ok()), value)
}

fn change(value: &str) -> Given<ChangeNumber> {
    or_like(ChangeNumber::parse(value), value)
}

/// `T1234`, or its number.
fn task(value: &str) -> Given<String> {
    let digits = value.strip_prefix(['T', 't']).unwrap_or(value);
    let is_one = !digits.is_empty() && digits.len() <= 12 && digits.bytes().all(|b| b.is_ascii_digit());
    if is_one { Given::Good(format!("T{digits}")) } else { Given::Other }
}

/// `L812` or `812`.
fn row(value: &str) -> Given<RowId> {
    let digits = value.strip_prefix(['L', 'l']).unwrap_or(value);
    or_like(number(digits).map(RowId), digits)
}

/// `L812`.
fn marked_row(value: &str) -> Option<RowId> {
    value.strip_prefix(['L', 'l']).and_then(number).map(RowId)
}

/// 1 or more, written as people write it.
fn number(value: &str) -> Option<i64> {
    if value.starts_with('0') { None } else { digits(value) }
}

/// ASCII digits and nothing else: no sign, and no digits of other scripts.
pub(super) fn digits(value: &str) -> Option<i64> {
    if value.bytes().all(|b| b.is_ascii_digit()) { value.parse().ok() } else { None }
}

/// One of these words, in any case.
fn one_of(value: &str, known: &[&str]) -> Given<String> {
    let value = value.to_ascii_lowercase();
    let plain = value.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
    match plain {
        true if known.contains(&value.as_str()) => Given::Good(value),
        true => Given::Impossible,
        false => Given::Other,
    }
}

fn window(value: &str) -> Given<InWindow> {
    let Some((date, _)) = value.split_once('/') else {
        let plain = value.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_');
        return if plain { Given::Good(InWindow::Any(value.to_owned())) } else { Given::Other };
    };
    match value.parse::<OccurrenceId>() {
        Ok(id) if id.date.year() > 0 => Given::Good(InWindow::Occurrence(id)),
        _ if is_like_a_time(date) => Given::Impossible,
        _ => Given::Other,
    }
}
