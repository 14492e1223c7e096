//! Reads the words behind `!log`: is it a question, a wrong one, or a text to record?

use chrono::{Datelike, Days};

use super::super::command::{Target, target};
use super::super::event;
use super::super::id::{At, OccurrenceId, RowId};
use super::time::{Edge, is_clock, is_like_a_clock, time};
use super::{Asked, InWindow, LAST, OUTCOMES, PARTS, Query, Wrong, terms};

/// Reads the words behind `!log`, or those of `swatbot log`, at the time `at`. `hosts` are the review system's, for URLs.
///
/// ```text
/// line  = "" | query | "more" | "suspects" [ time ]
///       | "--" TEXT | "amend" ROW TEXT | "redact" ROW [REASON] | TEXT
/// query = part* [ "find" term+ ]                     each part at most once, the line is nothing else
/// part  = "count" | "last" COUNT | "by" WHO | "change" (NUMBER | "#" TICKET | URL) | "task" TASK
///       | "window" (WINDOW | OCCURRENCE) | "room" ROOM | "kind" KIND | "outcome" OUTCOME
///       | "since" time | "until" time | "before" ROW | "show" ROW | "around" ROW
/// term  = [ "-" ] ( WORD | PART* | *PART | *PART* | "PHRASE" )
/// time  = day [ ( "T" | " " ) clock ] | clock | 30m | 2h | 3d | 1w | "now"
/// day   = 2026-11-23 | "today" | "yesterday" | "mon" | "monday" | ...
/// clock = 14:30[:05[.250]][Z]
/// ```
///
/// Times are UTC. A day begins at 00:00 after `since` and ends at 23:59:59.999 after `until`. A line in which a part stands
/// wherever one can stand is a question, whatever its values are: where one of them is none, or is missing, it is wrong, and
/// is not recorded. Whoever meant it as a text is told how to say so. A line with another word there is a text.
pub fn parse(text: &str, at: At, hosts: &[String]) -> Asked {
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
        ("suspects", rest) if let (words, "") = split_time(rest) => {
            return match time(words, at, Edge::End) {
                Some(time) => Asked::Suspects(time.min(at)),
                None => Asked::Wrong(Wrong::Time(words.to_owned())),
            };
        }
        _ => {}
    }
    query(text, at, hosts).unwrap_or_else(|_| Asked::Text(text.to_owned()))
}

/// The first word, and what is behind it.
pub(super) fn split(text: &str) -> (&str, &str) {
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    (word, rest.trim_start())
}

/// The words of a time, and what is behind them: what looks like a time of day goes with the word before it.
fn split_time(text: &str) -> (&str, &str) {
    let (word, rest) = split(text);
    match split(rest) {
        (clock, behind) if is_like_a_clock(clock) => (text[..text.len() - behind.len()].trim_end(), behind),
        _ => (word, rest),
    }
}

/// A whole line that is a question, a right or a wrong one. Where it is none: the line from the first word on that stands
/// where a part would.
pub(super) fn query<'a>(text: &'a str, at: At, hosts: &[String]) -> Result<Asked, &'a str> {
    let mut line = Line { query: Query::default(), at, hosts, wrong: None, until_is_clock: false };
    let mut rest = text;
    while !rest.is_empty() {
        let (word, behind) = split(rest);
        let part = PARTS.iter().find(|part| part.word.eq_ignore_ascii_case(word)).ok_or(rest)?;
        let (value, behind) = match (part.word, part.value) {
            ("find", _) => (behind, ""),
            (_, "") => ("", behind),
            (_, "TIME") => split_time(behind),
            _ => split(behind),
        };
        let is_missing = value.is_empty() && !part.value.is_empty();
        let wrong = if is_missing { Some(Wrong::Missing(part.word)) } else { line.part(part.word, value) };
        line.wrong = line.wrong.or(wrong);
        rest = behind;
    }
    Ok(line.asked())
}

/// A line as far as it is read.
struct Line<'a> {
    query: Query,
    at: At,
    hosts: &'a [String],
    /// What is wrong with it first.
    wrong: Option<Wrong>,
    until_is_clock: bool,
}

impl Line<'_> {
    /// Takes in one part, and says what is wrong with it.
    fn part(&mut self, word: &'static str, value: &str) -> Option<Wrong> {
        let (query, at, text) = (&mut self.query, self.at, value.to_owned());
        match word {
            "count" => std::mem::replace(&mut query.count, true).then_some(Wrong::Twice(word)),
            "last" => take(word, &mut query.last, count(value), Wrong::Count(text)),
            "by" => take(word, &mut query.by, Some(text), Wrong::Twice(word)),
            "change" if query.change.is_some() || query.ticket.is_some() => Some(Wrong::Twice(word)),
            "change" => match target(value, self.hosts) {
                Some(Target::Ticket(ticket)) => query.ticket.replace(ticket).map(|_| Wrong::Twice(word)),
                Some(Target::Change(change)) => query.change.replace(change).map(|_| Wrong::Twice(word)),
                None => Some(Wrong::Change(text)),
            },
            "task" => take(word, &mut query.task, task(value), Wrong::Task(text)),
            "window" => take(word, &mut query.window, window(value), Wrong::Window(text)),
            "room" => take(word, &mut query.room, Some(text), Wrong::Twice(word)),
            "kind" => take(word, &mut query.kind, one_of(value, event::kinds()), Wrong::Kind(text)),
            "outcome" => take(word, &mut query.outcome, one_of(value, OUTCOMES), Wrong::Outcome(text)),
            "since" => take(word, &mut query.since, time(value, at, Edge::Start), Wrong::Time(text)),
            "until" => {
                self.until_is_clock = is_clock(value);
                take(word, &mut query.until, time(value, at, Edge::End), Wrong::Time(text))
            }
            "before" => take(word, &mut query.before, row(value), Wrong::Row(word, text)),
            "show" => take(word, &mut query.show, row(value), Wrong::Row(word, text)),
            "around" => take(word, &mut query.around, row(value), Wrong::Row(word, text)),
            _ => {
                query.terms = terms::parse(value);
                query.terms.is_empty().then_some(Wrong::Missing(word))
            }
        }
    }

    /// What it is as a whole.
    fn asked(mut self) -> Asked {
        let query = &mut self.query;
        if let (Some(since), Some(until)) = (query.since, query.until)
            && until < since
        {
            // `since 13:00 until 15:00`, said at 14:00: the next 15:00 is meant, which is today's.
            let today =
                until.checked_add_days(Days::new(1)).filter(|day| day.date_naive() == self.at.date_naive());
            match today.filter(|later| self.until_is_clock && *later >= since) {
                Some(later) => query.until = Some(later),
                None => self.wrong = self.wrong.or(Some(Wrong::Backwards { since, until })),
            }
        }
        let show = Query { show: query.show, ..Query::default() };
        let around = Query { around: query.around, last: query.last, ..Query::default() };
        if query.show.is_some() && *query != show {
            self.wrong = self.wrong.or(Some(Wrong::Alone("show")));
        } else if query.around.is_some() {
            if *query != around {
                self.wrong = self.wrong.or(Some(Wrong::Alone("around")));
            }
            // The row is one of those that are asked for.
            query.last = query.last.map(|last| last.saturating_sub(1));
        }
        match self.wrong {
            Some(wrong) => Asked::Wrong(wrong),
            None => Asked::Query(Box::new(self.query)),
        }
    }
}

/// Puts a value into its place, and says what is wrong with it.
fn take<T>(word: &'static str, slot: &mut Option<T>, given: Option<T>, wrong: Wrong) -> Option<Wrong> {
    match given {
        Some(value) => slot.replace(value).map(|_| Wrong::Twice(word)),
        None => Some(wrong),
    }
}

fn count(value: &str) -> Option<usize> {
    number(value).and_then(|number| usize::try_from(number).ok())
}

/// `T1234`, or its number.
fn task(value: &str) -> Option<String> {
    let digits = value.strip_prefix(['T', 't']).unwrap_or(value);
    let is_one = !digits.is_empty() && digits.len() <= 12 && digits.bytes().all(|b| b.is_ascii_digit());
    is_one.then(|| format!("T{digits}"))
}

/// `L812` or `812`.
fn row(value: &str) -> Option<RowId> {
    number(value.strip_prefix(['L', 'l']).unwrap_or(value)).map(RowId)
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
fn one_of(value: &str, known: &[&str]) -> Option<String> {
    let value = value.to_ascii_lowercase();
    known.contains(&value.as_str()).then_some(value)
}

/// An occurrence, or what may be the name of a window: who knows the windows judges that.
fn window(value: &str) -> Option<InWindow> {
    if !value.contains('/') {
        return Some(InWindow::Any(value.to_owned()));
    }
    let id = value.parse::<OccurrenceId>().ok()?;
    (id.date.year() > 0).then_some(InWindow::Occurrence(id))
}
