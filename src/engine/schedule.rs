//! When windows are held: recurrence in each window's own time zone, and the names people give to occurrences.

use std::iter;

use chrono::{
    Datelike, Days, MappedLocalTime, NaiveDate, NaiveDateTime, TimeDelta, TimeZone, Timelike, Weekday,
};
use chrono_tz::Tz;

use super::id::{At, OccurrenceId, RoomId};
use super::settings::{Policy, Settings, Train, WindowSettings};
use super::window::Occurrence;

/// How far ahead an occurrence is looked for.
pub const REACH: TimeDelta = TimeDelta::days(60);

/// The days on which windows can be held: date arithmetic stays far from the ends of what `chrono` can say.
const FIRST: NaiveDate = NaiveDate::from_ymd_opt(1970, 1, 1).unwrap();
/// See [`FIRST`].
const LAST: NaiveDate = NaiveDate::from_ymd_opt(9999, 12, 31).unwrap();

/// The times of one occurrence; `None` if there is no such window or it is not held on that date.
pub fn occurrence(settings: &Settings, id: &OccurrenceId) -> Option<Occurrence> {
    let window = settings.window(&id.window)?;
    Some(held(window, id.date, times(window, id.date)?))
}

/// All occurrences that overlap `from` (included) to `to` (excluded), by start, then in the order of the file.
pub fn between(settings: &Settings, from: At, to: At) -> Vec<Occurrence> {
    let mut found = Vec::new();
    if from >= to {
        return found;
    }
    for window in &settings.windows {
        let earliest = from.checked_sub_signed(window.length).unwrap_or(from);
        for date in dates(earliest, to) {
            match times(window, date) {
                Some((starts, ends)) if starts < to && ends > from => {
                    found.push(held(window, date, (starts, ends)));
                }
                _ => {}
            }
        }
    }
    // The sort is stable, so that windows with the same start stay in the order of the file.
    found.sort_by_key(|occurrence| occurrence.starts);
    found
}

/// The first occurrence that passes `filter` and starts after `at`, at most [`REACH`] ahead.
pub fn next_after(settings: &Settings, at: At, filter: impl Fn(&Occurrence) -> bool) -> Option<Occurrence> {
    let last = at.checked_add_signed(REACH)?;
    // Week by week: nearly always the first one has it, and 60 days are not laid out for nothing.
    let weeks = iter::successors(Some(at), |start| start.checked_add_signed(TimeDelta::weeks(1)));
    weeks.take_while(|start| *start <= last).find_map(|start| {
        let end = start.checked_add_signed(TimeDelta::weeks(1))?;
        between(settings, start, end)
            .into_iter()
            .find(|found| found.starts > at && found.starts >= start && found.starts <= last && filter(found))
    })
}

/// The occurrences that are on at `at`, as planned.
pub fn running(settings: &Settings, at: At) -> Vec<Occurrence> {
    let just_after = at.checked_add_signed(TimeDelta::nanoseconds(1)).unwrap_or(at);
    between(settings, at, just_after)
}

/// The words for why nothing is deployed on the day of `occurrence`: `Friday`, `2026-12-24`. The day is the one in
/// the window's own zone, which is the date of its id.
pub fn no_deploy_day(policy: &Policy, occurrence: &Occurrence) -> Option<String> {
    let date = occurrence.id.date;
    if policy.no_deploy_dates.contains(&date) {
        Some(date.format("%Y-%m-%d").to_string())
    } else if policy.no_deploy_weekdays.contains(&date.weekday()) {
        Some(weekday(date.weekday()).to_owned())
    } else {
        None
    }
}

/// When the next weekly train leaves after `at`.
pub fn train_after(train: &Train, at: At) -> Option<At> {
    let horizon = at.checked_add_signed(TimeDelta::weeks(1))?;
    dates(at, horizon)
        .filter(|date| date.weekday() == train.day)
        .filter_map(|date| first_moment(train.timezone, date.and_time(train.start)))
        .find(|leaves| *leaves > at)
}

/// The occurrence that a person means by `word`: an occurrence id, a window id (the occurrence that is on, else the
/// next one), or `next`. What is named is found wherever it is held; `next` looks at windows of `room` alone, or at
/// all of them where the word was said in private.
pub fn resolve(settings: &Settings, room: Option<&RoomId>, word: &str, at: At) -> Option<Occurrence> {
    if word.eq_ignore_ascii_case("next") {
        return next_after(settings, at, |found| room.is_none_or(|room| found.rooms.contains(room)));
    }
    if let Ok(id) = word.parse::<OccurrenceId>() {
        return occurrence(settings, &id);
    }
    settings.window(word)?;
    let is_named = |found: &Occurrence| found.id.window == word;
    running(settings, at).into_iter().find(is_named).or_else(|| next_after(settings, at, is_named))
}

/// From when to when `window` is held on `date`, if it is.
fn times(window: &WindowSettings, date: NaiveDate) -> Option<(At, At)> {
    if !window.days.contains(&date.weekday()) || !(FIRST..=LAST).contains(&date) {
        return None;
    }
    let starts = first_moment(window.timezone, date.and_time(window.start))?;
    Some((starts, starts.checked_add_signed(window.length)?))
}

/// The occurrence of `window` on `date` with these times.
fn held(window: &WindowSettings, date: NaiveDate, (starts, ends): (At, At)) -> Occurrence {
    Occurrence {
        id: OccurrenceId { date, window: window.id.clone() },
        name: window.name.clone(),
        starts,
        ends,
        limit: window.limit,
        rooms: window.rooms.clone(),
    }
}

/// Every date on which a local start can fall between the two moments. A zone is at most a day away from UTC, and a
/// start that does not exist moves forward, over midnight if need be.
fn dates(from: At, to: At) -> impl Iterator<Item = NaiveDate> {
    let first = from.date_naive().checked_sub_days(Days::new(2)).map_or(FIRST, |date| date.max(FIRST));
    let last = to.date_naive().checked_add_days(Days::new(1)).map_or(LAST, |date| date.min(LAST));
    first.iter_days().take_while(move |date| *date <= last)
}

/// A local time as a moment: the first of two, and the first that exists after one that a DST night leaves out.
fn first_moment(zone: Tz, local: NaiveDateTime) -> Option<At> {
    match zone.from_local_datetime(&local) {
        MappedLocalTime::Single(moment) | MappedLocalTime::Ambiguous(moment, _) => Some(moment.to_utc()),
        MappedLocalTime::None => after_gap(zone, local),
    }
}

/// The first moment that exists after `local`, which does not. Clocks change on whole minutes, and the largest gap
/// there was is the day that Samoa left out in 2011.
fn after_gap(zone: Tz, local: NaiveDateTime) -> Option<At> {
    let minute = local.with_second(0)?.with_nanosecond(0)?;
    (1..=2 * 24 * 60)
        .filter_map(|later| zone.from_local_datetime(&(minute + TimeDelta::minutes(later))).earliest())
        .map(|moment| moment.to_utc())
        .next()
}

/// A weekday in full.
fn weekday(day: Weekday) -> &'static str {
    match day {
        Weekday::Mon => "Monday",
        Weekday::Tue => "Tuesday",
        Weekday::Wed => "Wednesday",
        Weekday::Thu => "Thursday",
        Weekday::Fri => "Friday",
        Weekday::Sat => "Saturday",
        Weekday::Sun => "Sunday",
    }
}
