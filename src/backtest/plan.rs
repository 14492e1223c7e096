//! What was planned for a real window: its hour, its places, its people.

use chrono::{Datelike, TimeDelta, Timelike};

use crate::engine::id::{At, OccurrenceId, RoomId, Who};
use crate::engine::settings::{CONSOLE, Person, Settings, Standing};
use crate::review::PastWindow;

/// Somebody who may raise the limit.
pub(super) const MANAGER: &str = "manager";
/// Another deployer, who reads what the lead wrote. In most real windows there was none.
pub(super) const READER: &str = "reader";

/// A window of the past as an occurrence under the settings of today.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Which occurrence.
    pub id: OccurrenceId,
    /// When it was to start.
    pub starts: At,
    /// The settings, with this one window and its people.
    pub settings: Settings,
    /// Who leads.
    pub(super) lead: String,
}

/// The hour that a window was planned for: that of the first approval, or the next one where that was only a little
/// early.
fn starts(window: &PastWindow) -> At {
    let first = window.first;
    let hour = first - TimeDelta::seconds(i64::from(first.num_seconds_from_midnight() % 3600));
    let hour = hour - TimeDelta::nanoseconds(i64::from(hour.nanosecond()));
    let next = hour + TimeDelta::hours(1);
    let after = window.patches.iter().filter(|patch| patch.approved >= next).count();
    if first.minute() >= 50 && 2 * after >= window.patches.len() { next } else { hour }
}

/// Plans a window. Its length, its places and its zone are those of the configured window of that hour, or of the first
/// one where there is none.
pub fn plan(team: &Settings, window: &PastWindow) -> Plan {
    let starts = starts(window);
    let mut settings = team.clone();
    let is_then = |configured: &crate::engine::settings::WindowSettings| {
        starts.with_timezone(&configured.timezone).time() == configured.start
    };
    let known = team.windows.iter().find(|configured| is_then(configured));
    let like = known.or(team.windows.first()).cloned();
    let zone = like.as_ref().map_or(chrono_tz::UTC, |like| like.timezone);
    let local = starts.with_timezone(&zone);
    let id = known.map_or_else(|| local.format("%H%M").to_string(), |known| known.id.clone());
    settings.windows = like.into_iter().collect();
    for planned in &mut settings.windows {
        planned.id.clone_from(&id);
        planned.days = vec![local.weekday()];
        planned.start = local.time();
        planned.rooms = vec![RoomId(CONSOLE.to_owned())];
    }
    let person = |name: &str, standing, review: Option<&String>| Person {
        id: Who(account(name)),
        roles: vec![standing],
        accounts: Vec::new(),
        review: review.cloned(),
    };
    let deployers = window.deployers.iter();
    settings.people = deployers.map(|name| person(name, Standing::Deployer, Some(name))).collect();
    settings.people.push(person(MANAGER, Standing::Manager, None));
    settings.people.push(person(READER, Standing::Deployer, None));
    settings.networks.clear();
    if let Some(live) = &window.live_branches {
        settings.policy.live_branches.clone_from(live);
    }
    if let Some(next) = &window.next_branches {
        settings.policy.next_branches.clone_from(next);
    }
    let lead = window.deployers.first().map(|name| account(name)).unwrap_or_default();
    Plan { id: OccurrenceId { date: local.date_naive(), window: id }, starts, settings, lead }
}

/// A name of the review system as an account of the terminal.
pub(super) fn account(name: &str) -> String {
    let plain: String =
        name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    let sum: u32 = name.chars().map(u32::from).fold(0, u32::wrapping_add);
    if plain.is_empty() { format!("user{sum}") } else { plain }
}
