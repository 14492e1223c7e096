//! `[[window]]`: the recurring slots.

use chrono::TimeDelta;

use crate::engine::id::RoomId;
use crate::engine::settings::{CONSOLE, PRODUCTION, WindowSettings};

use super::Connection;
use super::item::Item;
use super::overlap;
use super::reader::Section;
use super::suggest::nearest;

/// How many places a window has when the file does not say.
const LIMIT: u32 = 6;

/// Reads every window and compares them with each other. `last_start` is how long before the end the last patch may
/// start, and `None` among the connections is one whose rooms are not known.
pub(super) fn read(
    root: &Section<'_>,
    connections: &[Option<Connection>],
    last_start: TimeDelta,
) -> Vec<WindowSettings> {
    let Some(sections) = root.sections("window") else { return Vec::new() };
    if sections.is_empty() {
        let fix = "Add [[window]] with id, name, days, start, timezone, minutes and rooms below it.";
        root.fault("window", "there is no window", fix);
    }
    let mut ids: Vec<&str> = Vec::new();
    let mut windows: Vec<(WindowSettings, Item<'_>)> = Vec::new();
    for section in &sections {
        if let Some(item) = section.get("id")
            && let Some(id) = item.value().as_str()
        {
            if ids.contains(&id) {
                item.fault(format!("there is a window {id:?} already"), "Give this one another id.");
            }
            ids.push(id);
        }
        if let Some(window) = window(section, connections, last_start)
            && let Some(start) = section.get("start")
        {
            for (other, _) in &windows {
                overlap::check(other, &window, &start);
            }
            windows.push((window, start));
        }
    }
    windows.into_iter().map(|(window, _)| window).collect()
}

fn window(
    section: &Section<'_>,
    connections: &[Option<Connection>],
    last_start: TimeDelta,
) -> Option<WindowSettings> {
    // Everything is read before anything is missed, so that one window shows all its faults.
    let id = section.need("id", "\"morning\"").and_then(|item| window_id(&item));
    let name = section.need("name", "\"Morning window\"").and_then(|item| item.text());
    let days = section.need("days", "[\"mon\", \"tue\"]").map(|item| {
        let items = item.some_texts("Type the days it is held on: [\"mon\", \"tue\"].");
        items.iter().filter_map(Item::day).collect::<Vec<_>>()
    });
    let start = section.need("start", "\"06:00\"").and_then(|item| item.clock());
    let timezone = section.need("timezone", "\"America/Los_Angeles\"").and_then(|item| item.zone());
    let minutes = section.need("minutes", "60").and_then(|item| {
        let minutes = item.number(1..=1440, "minutes")?;
        if TimeDelta::minutes(minutes) <= last_start {
            item.fault(
                format!("{minutes} minutes leave no time in which a patch may start"),
                format!(
                    "Type more than {}, or lower last_start_minutes in [limits].",
                    last_start.num_minutes()
                ),
            );
        }
        Some(minutes)
    });
    let limit = section.get("limit").and_then(|item| item.number(1..=100, "places"));
    let rooms = section.need("rooms", "[\"console\"]").map(|item| {
        let items = item.some_texts("Type the rooms it is held in: [\"console\"].");
        for item in &items {
            check_served(item, connections);
        }
        items.iter().filter_map(Item::text).map(|room| RoomId(room.to_owned())).collect()
    });
    let private_commands = section.get("private_commands").and_then(|item| item.truth());
    section.finish();
    Some(WindowSettings {
        id: id?.to_owned(),
        name: name?.to_owned(),
        days: days?,
        start: start?,
        timezone: timezone?,
        length: TimeDelta::minutes(minutes?),
        limit: limit.and_then(|limit| u32::try_from(limit).ok()).unwrap_or(LIMIT),
        rooms: rooms?,
        private_commands: private_commands.unwrap_or(false),
        target: PRODUCTION.to_owned(),
    })
}

fn window_id<'r>(item: &Item<'r>) -> Option<&'r str> {
    let id = item.text()?;
    if id == "next" {
        let what = "\"next\" already means the next window in commands";
        item.fault(what, "Give it another id, for example \"morning\".");
        return None;
    }
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    if !id.chars().all(plain) {
        let fix = "Type small letters, digits, - and _ only, for example \"morning\".";
        item.fault(format!("{id:?} cannot be a window id"), fix);
        return None;
    }
    Some(id)
}

/// A room must be served by a connection, or the window would be held where nobody hears it.
fn check_served(item: &Item<'_>, connections: &[Option<Connection>]) {
    let Some(room) = item.text() else { return };
    let mut served: Vec<String> = Vec::new();
    for connection in connections {
        match connection {
            // Its rooms are not known, and its own fault is enough.
            None => return,
            Some(Connection::Console) => served.push(CONSOLE.to_owned()),
            Some(Connection::Irc(irc)) => {
                served.extend(irc.channels.iter().map(|channel| format!("{}/{channel}", irc.network)));
            }
            Some(Connection::Matrix(matrix)) => {
                served.extend(matrix.rooms.iter().map(|room| format!("{}/{room}", matrix.network)));
            }
        }
    }
    if served.iter().any(|other| other == room) {
        return;
    }
    let network = room.split_once('/').filter(|(network, channel)| {
        channel.starts_with(['#', '&', '!'])
            && served.iter().any(|other| other.starts_with(&format!("{network}/")))
    });
    // "#ops" alone is no typing mistake, so the end of the name decides.
    let near = served.iter().find(|other| other.split_once('/').is_some_and(|(_, channel)| channel == room));
    let near = near.map(String::as_str).or_else(|| nearest(room, served.iter().map(String::as_str)));
    let fix = match (near, network) {
        (Some(near), _) => format!("Did you mean {near:?}?"),
        // An alias is no room of a homeserver's: the fault there says where to find its id.
        (None, Some((network, room))) if room.starts_with('!') || network == super::matrix::NETWORK => {
            format!("Add {room:?} to the rooms of {network}.")
        }
        (None, Some((network, channel))) => format!("Add {channel:?} to the channels of {network}."),
        (None, None) => {
            let known: Vec<String> = served.iter().map(|room| format!("{room:?}")).collect();
            format!("Type {}, or add the [[connection]] that has this room.", known.join(" or "))
        }
    };
    item.fault(format!("no connection serves {room:?}"), fix);
}
