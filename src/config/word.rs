//! The words of the configuration that mean times and places in time: days, clock times, dates, zones and spans.

use std::ops::RangeInclusive;

use chrono::{NaiveDate, NaiveTime, TimeDelta, Weekday};
use chrono_tz::{TZ_VARIANTS, Tz};
use toml::de::DeValue;

use super::item::Item;
use super::suggest::nearest;

const DAYS: &[(&str, Weekday)] = &[
    ("mon", Weekday::Mon),
    ("tue", Weekday::Tue),
    ("wed", Weekday::Wed),
    ("thu", Weekday::Thu),
    ("fri", Weekday::Fri),
    ("sat", Weekday::Sat),
    ("sun", Weekday::Sun),
];

impl Item<'_> {
    /// A day of the week: `mon` to `sun`.
    pub(super) fn day(&self) -> Option<Weekday> {
        let text = self.text()?;
        let found = DAYS.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            // "Monday" and "Mo" are no typing mistakes, so two letters decide.
            let start: String = text.to_lowercase().chars().take(2).collect();
            let near = DAYS.iter().find(|(word, _)| start.chars().count() == 2 && word.starts_with(&start));
            let fix = match near {
                Some((word, _)) => format!("Did you mean {word:?}?"),
                None => "Days are mon, tue, wed, thu, fri, sat and sun.".to_owned(),
            };
            self.fault(format!("{text:?} is not a day"), fix);
        }
        found.map(|(_, day)| *day)
    }

    /// A time of day in 24 hours: `"06:00"`, or `06:00` in TOML's own notation.
    pub(super) fn clock(&self) -> Option<NaiveTime> {
        let fix = "Type a time from \"00:00\" to \"23:59\", for example \"06:00\".";
        let found = match self.value() {
            DeValue::String(text) => clock(text),
            DeValue::Datetime(at) => match (at.date, at.time, at.offset) {
                (None, Some(time), None) => NaiveTime::from_hms_opt(time.hour.into(), time.minute.into(), 0)
                    .filter(|_| {
                        time.second.unwrap_or_default() == 0 && time.nanosecond.unwrap_or_default() == 0
                    }),
                _ => None,
            },
            _ => {
                self.expected("a time of day", fix);
                return None;
            }
        };
        if found.is_none() {
            self.fault(format!("{} is not a time of day", self.written()), fix);
        }
        found
    }

    /// A day of the calendar: `2026-12-24`, with or without quotation marks.
    pub(super) fn date(&self) -> Option<NaiveDate> {
        let fix = "Type a day as 2026-12-24: year, month, day.";
        let found = match self.value() {
            DeValue::String(text) => date(text),
            DeValue::Datetime(at) => match (at.date, at.time) {
                (Some(date), None) => {
                    NaiveDate::from_ymd_opt(date.year.into(), date.month.into(), date.day.into())
                }
                _ => None,
            },
            _ => {
                self.expected("a date", fix);
                return None;
            }
        };
        if found.is_none() {
            self.fault(format!("{} is not a day of the calendar", self.written()), fix);
        }
        found
    }

    /// A time zone by its name in the tz database.
    pub(super) fn zone(&self) -> Option<Tz> {
        let text = self.text()?;
        let found = text.parse::<Tz>().ok();
        if found.is_none() {
            let fix = match near_zone(text) {
                Some(zone) => format!("Did you mean {zone:?}?"),
                None => {
                    "Zones are named as in \"America/Los_Angeles\", \"Europe/Berlin\" or \"UTC\".".to_owned()
                }
            };
            self.fault(format!("{text:?} is not a time zone"), fix);
        }
        found
    }

    /// A span of time: `"90s"`, `"5m"` or `"2h"`.
    pub(super) fn span(&self, range: RangeInclusive<TimeDelta>) -> Option<TimeDelta> {
        let fix = "Type a number and s, m or h: \"90s\", \"5m\" or \"2h\".";
        let DeValue::String(text) = self.value() else {
            self.expected("a span of time", fix);
            return None;
        };
        let Some(span) = span(text) else {
            self.fault(format!("{text:?} is not a span of time"), fix);
            return None;
        };
        if !range.contains(&span) {
            let (least, most) = (said(*range.start()), said(*range.end()));
            self.fault(
                format!("{text:?} is out of range"),
                format!("Type a time from \"{least}\" to \"{most}\"."),
            );
            return None;
        }
        Some(span)
    }
}

/// Reads `90s`, `5m` or `2h`; the plan's `watch 2m` is read so too.
pub(super) fn span(text: &str) -> Option<TimeDelta> {
    let unit = text.chars().next_back()?;
    let digits = text.strip_suffix(unit)?;
    if digits.is_empty() || digits.len() > 6 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number = digits.parse().ok()?;
    match unit {
        's' => TimeDelta::try_seconds(number),
        'm' => TimeDelta::try_minutes(number),
        'h' => TimeDelta::try_hours(number),
        _ => None,
    }
}

/// A span as `span` reads it, in the largest unit that says it whole.
pub(super) fn said(span: TimeDelta) -> String {
    let seconds = span.num_seconds();
    match seconds {
        0 => "0s".to_owned(),
        _ if seconds % 3600 == 0 => format!("{}h", seconds / 3600),
        _ if seconds % 60 == 0 => format!("{}m", seconds / 60),
        _ => format!("{seconds}s"),
    }
}

/// Reads exactly `HH:MM`: a lone `6` or `6:5` leaves open what was meant.
fn clock(text: &str) -> Option<NaiveTime> {
    let (hour, minute) = text.split_once(':')?;
    NaiveTime::from_hms_opt(two_digits(hour)?, two_digits(minute)?, 0)
}

fn two_digits(text: &str) -> Option<u32> {
    let plain = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

/// Reads exactly `YYYY-MM-DD`.
fn date(text: &str) -> Option<NaiveDate> {
    let found = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    (found.format("%Y-%m-%d").to_string() == text).then_some(found)
}

/// The zone that a mistyped name, or a city alone, stands for.
fn near_zone(text: &str) -> Option<&'static str> {
    let city = text.replace(' ', "_").to_lowercase();
    let names = || TZ_VARIANTS.iter().map(|zone| zone.name());
    let by_city =
        names().find(|name| name.rsplit_once('/').is_some_and(|(_, last)| last.to_lowercase() == city));
    by_city.or_else(|| nearest(text, names()))
}
