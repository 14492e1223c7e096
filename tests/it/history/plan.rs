//! What was planned for a real window: its hour, its limit, its people.

use std::path::Path;

use chrono::{Datelike, TimeDelta, Timelike};
use swatbot::config;
use swatbot::engine::id::{At, Who};
use swatbot::engine::settings::{Person, Settings, Standing, WindowSettings};

use super::real::RealWindow;

/// Where the windows were planned.
pub(super) const ZONE: chrono_tz::Tz = chrono_tz::America::Los_Angeles;
/// Somebody who may raise the limit.
pub(super) const MANAGER: &str = "manager";
/// Another deployer, who reads what the lead wrote. In most real windows there was none.
pub(super) const READER: &str = "reader";

/// The hour that the window was planned for: that of the first approval, or the next one where that was only a little
/// early.
pub(super) fn starts(real: &RealWindow) -> At {
    let hour = real.first.with_minute(0).and_then(|hour| hour.with_second(0)).expect("every hour starts");
    let next = hour + TimeDelta::hours(1);
    let after = real.patches.iter().filter(|patch| patch.approved >= next).count();
    if real.first.minute() >= 50 && 2 * after >= real.patches.len() { next } else { hour }
}

/// The configuration of the repository, with this one window and its people.
pub(super) fn settings(real: &RealWindow, starts: At) -> Settings {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("windows.toml");
    let mut settings = config::load(&file).unwrap_or_else(|faults| panic!("{faults}")).settings;
    let local = starts.with_timezone(&ZONE);
    // From May 2018 on, fewer patches went into a window.
    let limit = if starts.month() < 5 { 8 } else { 4 };
    settings.windows = vec![WindowSettings {
        id: "swat".to_owned(),
        name: "SWAT".to_owned(),
        days: vec![local.weekday()],
        start: local.time(),
        timezone: ZONE,
        length: TimeDelta::minutes(60),
        limit,
        rooms: settings.windows[0].rooms.clone(),
        private_commands: false,
    }];
    let person = |name: &str, standing, review: Option<&String>| Person {
        id: Who(account(name)),
        roles: vec![standing],
        accounts: Vec::new(),
        review: review.cloned(),
    };
    settings.people =
        real.deployers.iter().map(|name| person(name, Standing::Deployer, Some(name))).collect();
    settings.people.push(person(MANAGER, Standing::Manager, None));
    settings.people.push(person(READER, Standing::Deployer, None));
    settings
}

/// A name of the review system as an account of the terminal.
pub(super) fn account(name: &str) -> String {
    let plain: String =
        name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    let sum: u32 = name.chars().map(u32::from).sum();
    if plain.is_empty() { format!("user{sum}") } else { plain }
}
