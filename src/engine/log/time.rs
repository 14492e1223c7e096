//! Times in questions. All are UTC.

use chrono::{Datelike, Days, NaiveDate, NaiveTime, TimeDelta, Weekday};

use super::super::id::At;
use super::read::digits;

/// Which end of a day is meant where a day is given.
#[derive(Clone, Copy)]
pub(super) enum Edge {
    /// 00:00.
    Start,
    /// 23:59:59.999.
    End,
}

/// The moment that words mean, said at `at`; `None` where they mean none. A time of day is the last time that it was so
/// late, a day of the week the last one, today if it is that.
pub(super) fn time(words: &str, at: At, edge: Edge) -> Option<At> {
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ").to_ascii_lowercase();
    let found = match words.as_str() {
        "now" => Some(at),
        words => ago(words, at).or_else(|| moment(words, at, edge)),
    };
    found.filter(|found| found.year() > 0)
}

fn moment(words: &str, at: At, edge: Edge) -> Option<At> {
    let today = at.date_naive();
    if let Some(time) = clock(words) {
        return last_time(time, at);
    }
    if let Some(date) = date(words, today) {
        return day(date, edge);
    }
    // `2026-11-23T14:30`, or two words. Days have a "t" in them, times have none.
    let (day, time) = words.rsplit_once(['t', ' '])?;
    Some(date(day, today)?.and_time(clock(time)?).and_utc())
}

/// Whether it is a time of day alone, which comes again every day.
pub(super) fn is_clock(value: &str) -> bool {
    clock(value).is_some()
}

/// Whether nobody means anything else by it than a time of day, be there such a one or not.
pub(super) fn is_like_a_clock(value: &str) -> bool {
    value.starts_with(|c: char| c.is_ascii_digit()) && value.contains(':')
}

fn last_time(time: NaiveTime, at: At) -> Option<At> {
    let today = at.date_naive().and_time(time).and_utc();
    if today <= at { Some(today) } else { today.checked_sub_days(Days::new(1)) }
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

/// `2026-11-23`, all ten characters; `today`, `yesterday`, `mon` or `monday`.
fn date(value: &str, today: NaiveDate) -> Option<NaiveDate> {
    match value {
        "today" => return Some(today),
        "yesterday" => return today.pred_opt(),
        _ => {}
    }
    if let Ok(weekday) = value.parse::<Weekday>() {
        return today.checked_sub_days(Days::new(today.weekday().days_since(weekday).into()));
    }
    let mut parts = value.split('-').map(|part| Some((part.len(), digits(part)?)));
    let (Some(Some((4, year))), Some(Some((2, month))), Some(Some((2, day))), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, u32::try_from(month).ok()?, u32::try_from(day).ok()?)
}

/// `14:30`, `9:05`, `14:30:05` or `14:30:05.250`, with or without a `Z`.
fn clock(value: &str) -> Option<NaiveTime> {
    let mut parts = value.strip_suffix(['z', 'Z']).unwrap_or(value).split(':');
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

/// The moment in a form that [`time`] reads, as short as it can be without loss.
pub(super) fn time_words(at: At) -> String {
    let millis = at.timestamp_subsec_millis();
    let form = match (millis, at.timestamp() % 60) {
        (0, 0) => "%Y-%m-%dT%H:%MZ",
        (0, _) => "%Y-%m-%dT%H:%M:%SZ",
        _ => "%Y-%m-%dT%H:%M:%S%.3fZ",
    };
    at.format(form).to_string()
}
