//! `[timers]`: how long is waited for what.

use chrono::TimeDelta;

use crate::engine::settings::Timers;

use super::reader::Section;
use super::word;

/// Nothing in a window is waited for longer than a day.
const LONGEST: TimeDelta = TimeDelta::hours(24);
const SECOND: TimeDelta = TimeDelta::seconds(1);
/// Whoever wants to stop something needs the time to read that it comes.
const TEN_SECONDS: TimeDelta = TimeDelta::seconds(10);
const MINUTE: TimeDelta = TimeDelta::minutes(1);

/// Reads the timers that the file sets, and after how long an unhealthy patch goes back by itself: never, where the file
/// does not say.
pub(super) fn read(root: &Section<'_>) -> (Timers, Option<TimeDelta>) {
    let mut timers = Timers::default();
    let Some(section) = root.section("timers") else { return (timers, None) };
    // Taken apart as a whole, so that a new timer cannot be forgotten here.
    let Timers {
        reminders,
        here_before,
        roll_call,
        turn,
        verify,
        review,
        lead_silent,
        no_show,
        near_end,
        finish_after,
        hold_nag,
        debounce,
        crossed,
        gather,
        lookup,
    } = &mut timers;
    // A zero means "not at all" for the last three of these; people and machines always need some time.
    let fields = [
        ("here_before", MINUTE, here_before),
        ("roll_call", SECOND, roll_call),
        ("turn", SECOND, turn),
        ("verify", SECOND, verify),
        ("review", SECOND, review),
        ("lead_silent", MINUTE, lead_silent),
        ("no_show", MINUTE, no_show),
        ("near_end", SECOND, near_end),
        ("finish_after", MINUTE, finish_after),
        ("hold_nag", MINUTE, hold_nag),
        ("lookup", SECOND, lookup),
        ("debounce", TimeDelta::zero(), debounce),
        ("crossed", TimeDelta::zero(), crossed),
        ("gather", TimeDelta::zero(), gather),
    ];
    for (key, least, field) in fields {
        if let Some(time) = section.get(key).and_then(|item| item.span(least..=LONGEST)) {
            *field = time;
        }
    }
    if let Some(times) = read_reminders(&section) {
        *reminders = times;
    }
    let auto_rollback = section.get("auto_rollback").and_then(|item| item.span(TEN_SECONDS..=LONGEST));
    section.finish();
    (timers, auto_rollback)
}

/// Reminders are remembered by their minutes before the start, so each is of whole minutes and there once.
fn read_reminders(section: &Section<'_>) -> Option<Vec<TimeDelta>> {
    let item = section.get("reminders")?;
    let mut times: Vec<TimeDelta> = Vec::new();
    for item in item.list("a list of times", "Write it as [\"30m\", \"5m\"].")? {
        let Some(time) = item.span(MINUTE..=LONGEST) else { continue };
        if time.num_seconds() % 60 != 0 {
            item.fault(format!("{} is not a number of whole minutes", item.written()), "Type \"5m\".");
        } else if times.contains(&time) {
            item.fault(format!("{} stands in this list twice", word::said(time)), "Remove one of the two.");
        } else {
            times.push(time);
        }
    }
    Some(times)
}
