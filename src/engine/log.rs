//! The language of `!log`: what is a question, what is a text to record, and what an answer is made of.

mod terms;

use chrono::{Datelike, NaiveDate, NaiveTime, TimeDelta};

use super::id::{At, ChangeNumber, OccurrenceId, RowId};

/// How many rows are shown where nothing was asked for.
const LAST: usize = 5;

/// A question to the log. All that is given must hold; the newest rows come first.
///
/// Bookkeeping is left out unless the question names a kind, a row, or a word that must be there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Said or done by this person, account or nick; any case.
    pub by: Option<String>,
    /// About this change.
    pub change: Option<ChangeNumber>,
    /// The text names this task, as a word of its own: `T1234`.
    pub task: Option<String>,
    /// About this occurrence, or any of this window's.
    pub window: Option<InWindow>,
    /// Said in this room, as its network names it; any case.
    pub room: Option<String>,
    /// Of this kind.
    pub kind: Option<String>,
    /// `ok`, `refused` or `failed`.
    pub outcome: Option<String>,
    /// Not before.
    pub since: Option<At>,
    /// Not after.
    pub until: Option<At>,
    /// Every one of these is in the text, or is not.
    pub terms: Vec<Term>,
    /// This row alone.
    pub show: Option<RowId>,
    /// At most this many, the newest.
    pub last: Option<usize>,
    /// Only rows with a smaller number: how an answer goes on.
    pub before: Option<RowId>,
    /// This row with its neighbours, bookkeeping left out: the nearest `last / 2` before it and as many after it. Nothing
    /// else is asked for.
    pub around: Option<RowId>,
    /// Only how many there are.
    pub count: bool,
}

/// What is to be in the text of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// What to look for; any case, with or without accents.
    pub text: TermText,
    /// It must not be there.
    pub not: bool,
}

/// How a term is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TermText {
    /// A whole word. Where signs are in it (`wmf-config/x.php`), its pieces stand next to each other.
    Word(String),
    /// Words that stand next to each other, in this order.
    Phrase(String),
    /// The beginning of a word.
    Prefix(String),
}

/// One occurrence, or all of a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InWindow {
    /// This one.
    Occurrence(OccurrenceId),
    /// Any occurrence of the window with this id.
    Any(String),
}

/// A stored row, as it is read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its number.
    pub id: RowId,
    /// When.
    pub at: At,
    /// On which network; empty for the bot's own acts.
    pub network: String,
    /// In which room; empty in private.
    pub room: String,
    /// Who.
    pub actor: String,
    /// The account as the network gave it; empty without one.
    pub account: String,
    /// The occurrence, as text; empty without one.
    pub window: String,
    /// The change.
    pub change: Option<ChangeNumber>,
    /// The kind of event.
    pub kind: String,
    /// `ok`, `refused` or `failed`.
    pub outcome: String,
    /// The sentence.
    pub text: String,
    /// The event's JSON.
    pub detail: String,
}

/// What a question found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The newest that were asked for, newest first; none where only their number was asked for.
    pub rows: Vec<Row>,
    /// How many there are in all, those in `rows` among them.
    pub total: Total,
}

/// How many rows a question finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Total {
    /// All were counted.
    Exactly(u64),
    /// There are more, and nobody counted them.
    MoreThan(u64),
}

impl Total {
    /// So many at least.
    pub fn at_least(self) -> u64 {
        match self {
            Self::Exactly(count) => count,
            Self::MoreThan(count) => count.saturating_add(1),
        }
    }
}

/// What somebody meant by the words behind `!log`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// A question.
    Query(Query),
    /// A text to record, as it came, without the white space around it.
    Text(String),
    /// A text that corrects a row.
    Amend {
        /// The row.
        row: RowId,
        /// The text, as it came.
        text: String,
    },
    /// A row whose words are to be taken out of the log.
    Redact {
        /// The row.
        row: RowId,
        /// Why, as it came; empty where nothing was said.
        reason: String,
    },
    /// A question in every word, but this in it is no time there is (`2026-02-30`, `25:61`). It is not recorded: nobody
    /// writes such a line to be remembered, and whoever did learns that `!log -- TEXT` records it.
    NotATime(String),
    /// `--` with nothing behind it.
    Nothing,
}

/// Reads the words behind `!log`, or those of `swatbot log`, at the time `at`.
///
/// ```text
/// line  = "" | "--" TEXT | "amend" ROW TEXT | "redact" ROW [REASON] | query | TEXT
/// query = [ "count" ] part* [ "find" term+ ]         each part at most once, the line is nothing else
/// part  = "last" COUNT | "by" WHO | "change" NUMBER | "task" TASK | "window" (WINDOW | OCCURRENCE) | "room" ROOM
///       | "kind" KIND | "outcome" OUTCOME | "since" time | "until" time | "before" ROW | "show" ROW | "around" ROW
/// term  = [ "-" ] ( WORD | BEGINNING* | "PHRASE" )
/// time  = 2026-11-23 | 2026-11-23T14:30[:05][Z] | 14:30 | 30m | 2h | 3d | 1w | "today" | "yesterday"
/// ```
///
/// Times are UTC. A day begins at 00:00 after `since` and ends at 23:59:59.999 after `until`.
pub fn parse(text: &str, at: At) -> Asked {
    let text = text.trim();
    if text.is_empty() {
        return Asked::Query(Query { last: Some(LAST), ..Query::default() });
    }
    match split(text) {
        ("--", "") => return Asked::Nothing,
        ("--", rest) => return Asked::Text(rest.to_owned()),
        (word, rest) if word.eq_ignore_ascii_case("amend") => {
            let (number, rest) = split(rest);
            if let (Some(row), false) = (marked_row(number), rest.is_empty()) {
                return Asked::Amend { row, text: rest.to_owned() };
            }
        }
        (word, rest) if word.eq_ignore_ascii_case("redact") => {
            let (number, rest) = split(rest);
            if let Some(row) = marked_row(number) {
                return Asked::Redact { row, reason: rest.to_owned() };
            }
        }
        _ => {}
    }
    query(text, at).unwrap_or_else(|| Asked::Text(text.to_owned()))
}

/// The question in words that [`parse`] reads as the same question.
pub fn describe(query: &Query) -> String {
    let Query {
        by,
        change,
        task,
        window,
        room,
        kind,
        outcome,
        since,
        until,
        terms,
        show,
        last,
        before,
        around,
        count,
    } = query;
    let mut said: Vec<String> = Vec::new();
    said.extend(count.then(|| "count".to_owned()));
    let mut add =
        |word: &str, value: Option<String>| said.extend(value.map(|value| format!("{word} {value}")));
    add("last", last.map(|last| last.to_string()));
    add("by", by.clone());
    add("change", change.map(|change| change.to_string()));
    add("task", task.clone());
    add(
        "window",
        window.as_ref().map(|window| match window {
            InWindow::Occurrence(id) => id.to_string(),
            InWindow::Any(id) => id.clone(),
        }),
    );
    add("room", room.clone());
    add("kind", kind.clone());
    add("outcome", outcome.clone());
    add("since", since.map(time_words));
    add("until", until.map(time_words));
    add("before", before.map(|row| row.to_string()));
    add("show", show.map(|row| row.to_string()));
    add("around", around.map(|row| row.to_string()));
    let terms: Vec<String> = terms.iter().map(terms::describe).collect();
    add("find", (!terms.is_empty()).then(|| terms.join(" ")));
    said.join(" ")
}

/// As short as it can be without loss.
fn time_words(at: At) -> String {
    let millis = at.timestamp_subsec_millis();
    let form = match (millis, at.timestamp() % 60) {
        (0, 0) => "%Y-%m-%dT%H:%MZ",
        (0, _) => "%Y-%m-%dT%H:%M:%SZ",
        _ => "%Y-%m-%dT%H:%M:%S%.3fZ",
    };
    at.format(form).to_string()
}

/// The first word, and what is behind it.
fn split(text: &str) -> (&str, &str) {
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    (word, rest.trim_start())
}

/// A whole line that is a question; `None` where any part of it is not.
fn query(text: &str, at: At) -> Option<Asked> {
    let mut query = Query::default();
    let mut wrong = None;
    let mut rest = text;
    if let (word, behind) = split(rest)
        && word.eq_ignore_ascii_case("count")
    {
        query.count = true;
        rest = behind;
    }
    while !rest.is_empty() {
        let (word, behind) = split(rest);
        if word.eq_ignore_ascii_case("find") {
            query.terms = terms::parse(behind);
            if query.terms.is_empty() {
                return None;
            }
            break;
        }
        let (value, behind) = split(behind);
        if value.is_empty() {
            return None;
        }
        match word.to_ascii_lowercase().as_str() {
            "last" => fill(&mut query.last, count(value)?)?,
            "by" => fill(&mut query.by, value.to_owned())?,
            "change" => fill(&mut query.change, ChangeNumber::parse(value)?)?,
            "kind" => fill(&mut query.kind, kind(value)?)?,
            "task" => fill(&mut query.task, task(value)?)?,
            "room" => fill(&mut query.room, value.to_owned())?,
            "outcome" => fill(&mut query.outcome, kind(value)?)?,
            "show" => fill(&mut query.show, row(value)?)?,
            "around" => fill(&mut query.around, row(value)?)?,
            "before" => fill(&mut query.before, row(value)?)?,
            "window" => match window(value) {
                Given::Good(window) => fill(&mut query.window, window)?,
                Given::Impossible => wrong = Some(value),
                Given::Other => return None,
            },
            word @ ("since" | "until") => {
                let slot = if word == "since" { &mut query.since } else { &mut query.until };
                let edge = if word == "since" { Edge::Start } else { Edge::End };
                match time(value, at, edge) {
                    Given::Good(time) => fill(slot, time)?,
                    Given::Impossible => wrong = Some(value),
                    Given::Other => return None,
                }
            }
            _ => return None,
        }
        rest = behind;
    }
    Some(wrong.map_or(Asked::Query(query), |wrong| Asked::NotATime(wrong.to_owned())))
}

/// What a word is, where a time is expected.
enum Given<T> {
    /// This.
    Good(T),
    /// The form of one, and none there is.
    Impossible,
    /// Something else.
    Other,
}

/// Puts a value where there is none yet; a line that gives two is not a question.
fn fill<T>(slot: &mut Option<T>, value: T) -> Option<()> {
    slot.replace(value).is_none().then_some(())
}

fn count(value: &str) -> Option<usize> {
    usize::try_from(number(value)?).ok()
}

/// `L812` or `812`.
fn row(value: &str) -> Option<RowId> {
    number(value.strip_prefix(['L', 'l']).unwrap_or(value)).map(RowId)
}

/// 1 or more, written as people write it.
fn number(value: &str) -> Option<i64> {
    if value.starts_with('0') { None } else { digits(value) }
}

/// `L812`.
fn marked_row(value: &str) -> Option<RowId> {
    if value.starts_with(['L', 'l']) { row(value) } else { None }
}

/// `T1234`.
fn task(value: &str) -> Option<String> {
    let number = value.strip_prefix(['T', 't'])?;
    digits(number)?;
    Some(format!("T{number}"))
}

fn kind(value: &str) -> Option<String> {
    let plain = value.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-');
    plain.then(|| value.to_ascii_lowercase())
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

/// Which end of a day is meant where a day is given.
#[derive(Clone, Copy)]
enum Edge {
    Start,
    End,
}

fn time(value: &str, at: At, edge: Edge) -> Given<At> {
    let value = value.to_ascii_lowercase();
    let today = at.date_naive();
    let found = match value.as_str() {
        "today" => day(today, edge),
        "yesterday" => today.pred_opt().and_then(|date| day(date, edge)),
        _ => ago(&value, at).or_else(|| {
            let value = value.strip_suffix('z').unwrap_or(&value);
            match value.split_once('t') {
                Some((date_part, time_part)) => Some(date(date_part)?.and_time(clock(time_part)?).and_utc()),
                None => clock(value)
                    .map(|time| today.and_time(time).and_utc())
                    .or_else(|| date(value).and_then(|date| day(date, edge))),
            }
        }),
    };
    match found {
        Some(found) if found.year() > 0 => Given::Good(found),
        Some(_) => Given::Impossible,
        None if is_like_a_time(&value) => Given::Impossible,
        None => Given::Other,
    }
}

fn day(date: NaiveDate, edge: Edge) -> Option<At> {
    match edge {
        Edge::Start => date.and_hms_opt(0, 0, 0),
        Edge::End => date.and_hms_milli_opt(23, 59, 59, 999),
    }
    .map(|time| time.and_utc())
}

/// `2h` before `at`.
fn ago(value: &str, at: At) -> Option<At> {
    let (number, unit) = value.split_at_checked(value.len().checked_sub(1)?)?;
    let number: i64 = digits(number)?;
    let time = match unit {
        "m" => TimeDelta::try_minutes(number),
        "h" => TimeDelta::try_hours(number),
        "d" => TimeDelta::try_days(number),
        "w" => TimeDelta::try_weeks(number),
        _ => None,
    };
    at.checked_sub_signed(time?)
}

/// `2026-11-23`, all ten characters.
fn date(value: &str) -> Option<NaiveDate> {
    let mut parts = value.split('-').map(|part| Some((part.len(), digits(part)?)));
    let (Some(Some((4, year))), Some(Some((2, month))), Some(Some((2, day))), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, u32::try_from(month).ok()?, u32::try_from(day).ok()?)
}

/// `14:30`, `9:05`, `14:30:05` or `14:30:05.250`.
fn clock(value: &str) -> Option<NaiveTime> {
    let mut parts = value.split(':');
    let hour = parts.next().filter(|hour| hour.len() <= 2).and_then(digits)?;
    let minute = parts.next().filter(|minute| minute.len() == 2).and_then(digits)?;
    let (second, milli) = match parts.next().map(|second| second.split_once('.').unwrap_or((second, "000"))) {
        None => (0, 0),
        Some((second, milli)) if second.len() == 2 && milli.len() == 3 => (digits(second)?, digits(milli)?),
        Some(_) => return None,
    };
    let part = |number: i64| u32::try_from(number).ok();
    if parts.next().is_some() {
        return None;
    }
    NaiveTime::from_hms_milli_opt(part(hour)?, part(minute)?, part(second)?, part(milli)?)
}

/// ASCII digits and nothing else: no sign, and no digits of other scripts.
fn digits(value: &str) -> Option<i64> {
    if value.bytes().all(|b| b.is_ascii_digit()) { value.parse().ok() } else { None }
}

/// Whether it is made of what times are made of, so that no one means it as a word.
fn is_like_a_time(value: &str) -> bool {
    let ago = value.trim_end_matches(['m', 'h', 'd', 'w']);
    let only = |signs: &str| value.chars().all(|c| c.is_ascii_digit() || signs.contains(c));
    value.contains(|c: char| c.is_ascii_digit())
        && (only("-:tTzZ+./") || ago.len() + 1 == value.len() && ago.bytes().all(|b| b.is_ascii_digit()))
}
