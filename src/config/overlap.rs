//! Two windows must not be on in one room at the same time: nobody could say which of them a word is for.

use chrono::{DateTime, Datelike, Days, NaiveDate, TimeZone, Utc};

use crate::engine::settings::WindowSettings;

use super::item::Item;

/// The days that are compared. A whole year, because zones change their clocks on different days: two windows may be
/// apart in winter and in summer and meet in the three weeks of March between.
const FIRST_DAY: Option<NaiveDate> = NaiveDate::from_ymd_opt(2026, 1, 1);
const DAYS: u64 = 366;

/// Notes at `start`, a key of `later`, that the two windows overlap in a room.
pub(super) fn check(earlier: &WindowSettings, later: &WindowSettings, start: &Item<'_>) {
    let Some(room) = later.rooms.iter().find(|room| earlier.rooms.contains(room)) else { return };
    let Some(at) = first_overlap(earlier, later) else { return };
    start.fault(
        format!(
            "windows {:?} and {:?} overlap in {room}, for example on {} {}",
            earlier.id,
            later.id,
            at.with_timezone(&later.timezone).format("%A %Y-%m-%d at %H:%M"),
            later.timezone
        ),
        "Move one of them, shorten it, or hold it in another room.",
    );
}

/// The first moment of the year at which both are on.
fn first_overlap(one: &WindowSettings, two: &WindowSettings) -> Option<DateTime<Utc>> {
    let (first, second) = (occurrences(one), occurrences(two));
    let (mut i, mut j) = (0, 0);
    while let (Some(a), Some(b)) = (first.get(i), second.get(j)) {
        if *a < *b + two.length && *b < *a + one.length {
            return Some(*a.max(b));
        }
        if a <= b {
            i += 1;
        } else {
            j += 1;
        }
    }
    None
}

/// Every start of a window, in order. A time that the clocks skip that day is left out.
fn occurrences(window: &WindowSettings) -> Vec<DateTime<Utc>> {
    let days = (0..DAYS).filter_map(|day| FIRST_DAY?.checked_add_days(Days::new(day)));
    days.filter(|date| window.days.contains(&date.weekday()))
        .filter_map(|date| window.timezone.from_local_datetime(&date.and_time(window.start)).earliest())
        .map(|start| start.with_timezone(&Utc))
        .collect()
}
