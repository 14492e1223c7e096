//! Rules about days and times on which nothing is deployed.

use chrono::Datelike;

use super::words::{command, date_and_clock};
use super::{Case, Finding};

/// G18: some days have no deployments.
pub(super) fn no_deploy_day(case: &Case<'_>) -> Finding {
    let date = case.window.id().date;
    let policy = case.policy();
    let what = if policy.no_deploy_dates.contains(&date) {
        format!("{date} is a day without deployments")
    } else if policy.no_deploy_weekdays.contains(&date.weekday()) {
        format!("{date} is a {}, a day without deployments", date.format("%A"))
    } else {
        return Finding::NotNeeded;
    };
    Finding::fail(what, format!("{} names another day", command(case, "windows week")))
}

/// G19: a freeze stops what would go out in it.
pub(super) fn freeze(case: &Case<'_>) -> Finding {
    let occurrence = &case.window.occurrence;
    let hit = case.state.freezes.iter().find(|freeze| {
        if case.starting {
            freeze.from <= case.at && case.at < freeze.to
        } else {
            freeze.from < occurrence.ends && occurrence.starts < freeze.to
        }
    });
    let Some(freeze) = hit else { return Finding::NotNeeded };
    Finding::fail(
        format!("frozen until {} (F{}: {})", date_and_clock(freeze.to), freeze.number, freeze.reason),
        format!(
            "{} names a later one; a manager lifts it with {}",
            command(case, "windows week"),
            command(case, &format!("thaw F{}", freeze.number))
        ),
    )
}
