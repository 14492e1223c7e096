//! Times in questions. All are UTC.

use chrono::{Datelike, Days, NaiveDate, NaiveTime, TimeDelta};

use super::super::id::At;
use super::read::{Given, digits};

/// Which end of a day is meant where a day is given.
#[derive(Clone, Copy)]
pub(super) enum Edge {
    /// 00:00.
    Start,
    /// 23:59:59.999.
    End,
}

/// The moment that a word means, said at `at`. A time of day is the last time that it was so late.
pub(super) fn time(value: &str, at: At, edge: Edge) -> Given<At> {
    let value = value.to_ascii_lowercase();
    let today = at.date_naive();
    let found = match value.as_str() {
        "now" => Some(at),
        "today" => day(today, edge),
        "yesterday" => today.pred_opt().and_then(|date| day(date, edge)),
        _ => ago(&value, at).or_else(|| {
            let value = value.strip_suffix('z').unwrap_or(&value);
            match value.split_once('t') {
                Some((date_part, time_part)) => Some(date(date_part)?.and_time(clock(time_part)?).and_utc()),
                None => clock(value)
                    .and_then(|time| last_time(time, at))
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

/// Whether it is a time of day alone, which comes again every day.
pub(super) fn is_clock(value: &str) -> bool {
    clock(value.trim_end_matches(['z', 'Z'])).is_some()
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

/// Whether it is made of what times are made of, so that no one means it as a word.
pub(super) fn is_like_a_time(value: &str) -> bool {
    let ago = value.trim_end_matches(['m', 'h', 'd', 'w']);
    let only = |signs: &str| value.chars().all(|c| c.is_ascii_digit() || signs.contains(c));
    value.contains(|c: char| c.is_ascii_digit())
        && (only("-:tTzZ+./") || ago.len() + 1 == value.len() && ago.bytes().all(|b| b.is_ascii_digit()))
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
