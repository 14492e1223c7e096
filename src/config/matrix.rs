//! A `[[connection]]` of the kind "matrix": the homeserver, who the bot is there, its rooms, and whom it listens to.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::engine::settings::{LogMode, NetworkSettings};

use super::irc::trust;
use super::item::Item;
use super::reader::Section;
use super::secret;
use super::{Matrix, MatrixLogin, Recovery, Threads};

/// The name that Matrix accounts and rooms are kept under; a `[[person]]` has theirs under it too.
pub(super) const NETWORK: &str = "matrix";
/// The specification allows no longer ids.
const LONGEST_ID: usize = 255;

/// Reads the connection, and puts what the engine must know of it into `networks`.
pub(super) fn read(
    section: &Section<'_>,
    networks: &mut BTreeMap<String, NetworkSettings>,
) -> Option<Matrix> {
    if networks.contains_key(NETWORK) {
        let fix = "Put all rooms under one [[connection]]: a homeserver reaches the rooms of all others.";
        section.fault("kind", "there is a Matrix connection already", fix);
    }
    // Everything is read before anything is missed, so that one connection shows all its faults.
    let homeserver =
        section.need("homeserver", "\"https://matrix.example.org\"").and_then(|item| homeserver(&item));
    let user = section.need("user", "\"@swatbot:example.org\"").and_then(|item| user_id(&item));
    let login = login(section);
    let rooms = section.need("rooms", "[\"!room:example.org\"]").and_then(|item| rooms(&item));
    let state_dir = section.need("state_dir", "\"matrix\"").and_then(|item| item.path());
    let recovery = section.get("recovery_key_file").and_then(|item| recovery(&item));
    let ignore = section.texts("ignore").iter().filter_map(user_id).collect();
    let inviters = section.texts("inviters").iter().filter_map(user_id).collect();
    let bridged = section.texts("bridged").iter().filter_map(puppets).collect();
    let places = [("answers", Threads::Answers), ("patch", Threads::Patch)];
    let threads = section.get("threads").and_then(|item| item.one_of(&places)).unwrap_or_default();
    let trust = section.get("trust").and_then(|item| trust(&item));
    let modes = [("own", LogMode::Own), ("emit", LogMode::Emit), ("observe", LogMode::Observe)];
    let log = section.get("log").and_then(|item| item.one_of(&modes));
    section.finish();

    let default = NetworkSettings::default();
    networks.insert(
        NETWORK.to_owned(),
        NetworkSettings { trust: trust.unwrap_or(default.trust), log: log.unwrap_or(default.log) },
    );
    Some(Matrix {
        network: NETWORK.to_owned(),
        homeserver: homeserver?,
        user: user?,
        login: login?,
        rooms: rooms?,
        state_dir: state_dir?,
        recovery,
        ignore,
        inviters,
        bridged,
        threads,
    })
}

/// The address, without a slash at the end. Without encryption only what never leaves this machine.
fn homeserver(item: &Item<'_>) -> Option<String> {
    let text = item.text()?;
    let fix = "Type where its client API answers: \"https://matrix.example.org\".";
    let of_an_address = |c: char| c.is_ascii_alphanumeric() || "-._~:/[]%".contains(c);
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let Some(rest) =
        rest.filter(|rest| !rest.trim_matches('/').is_empty() && rest.chars().all(of_an_address))
    else {
        item.fault(format!("{text:?} is not the address of a homeserver"), fix);
        return None;
    };
    if text.starts_with("http://") && !is_loopback(rest) {
        let fix = format!("Type \"https://{rest}\".");
        item.fault("the password would travel without encryption, where anybody can read it", fix);
        return None;
    }
    Some(text.trim_end_matches('/').to_owned())
}

/// Whether an address, without its scheme, is on this machine.
fn is_loopback(rest: &str) -> bool {
    let authority = rest.split('/').next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(host) => host.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|at| at.is_loopback())
}

/// A full user id.
fn user_id(item: &Item<'_>) -> Option<String> {
    let text = item.text()?;
    if !is_id(text, '@') {
        let fix = "Type the whole user id: \"@alice:example.org\".";
        item.fault(format!("{text:?} is not a Matrix account"), fix);
        return None;
    }
    Some(text.to_owned())
}

/// Whether a text is a mark, a name, a colon and a server.
fn is_id(text: &str, mark: char) -> bool {
    text.len() <= LONGEST_ID
        && !text.contains(|c: char| c == '/' || c.is_whitespace())
        && text
            .strip_prefix(mark)
            .and_then(|rest| rest.split_once(':'))
            .is_some_and(|(name, server)| !name.is_empty() && !server.is_empty())
}

/// How the bot logs in; `None` where the keys contradict each other.
fn login(section: &Section<'_>) -> Option<MatrixLogin> {
    match (section.get("password_file"), section.get("access_token_file")) {
        (Some(_), Some(token)) => {
            token.fault("there is a password file too", "Remove one of the two.");
            None
        }
        (None, None) => {
            let fix = "Type password_file = \"matrix.password\" below this line.";
            section.fault("password_file", "there is nothing to log in with", fix);
            None
        }
        (Some(item), None) => {
            let file = item.path()?;
            let reads = item.reader().looks_at_files();
            let password = if reads { secret::read(&item, &file) } else { None };
            Some(MatrixLogin::Password { file, password })
        }
        (None, Some(item)) => {
            let file = item.path()?;
            let reads = item.reader().looks_at_files();
            let token = if reads { secret::read(&item, &file) } else { None };
            Some(MatrixLogin::Token { file, token })
        }
    }
}

/// The recovery key, which is not there before it was made.
fn recovery(item: &Item<'_>) -> Option<Recovery> {
    let file = item.path()?;
    let is_there = item.reader().looks_at_files() && file.symlink_metadata().is_ok();
    let key = if is_there { secret::read_key(item, &file) } else { None };
    Some(Recovery { file, key })
}

/// The rooms, or `None` where one of them cannot be read: then nothing is known of them.
fn rooms(item: &Item<'_>) -> Option<Vec<String>> {
    let items = item.some_texts("Type the rooms it is in: [\"!room:example.org\"].");
    let found: Vec<String> = items.iter().filter_map(room).collect();
    (!items.is_empty() && found.len() == items.len()).then_some(found)
}

/// The id of a room. Rooms of version 12 and later have no server in theirs.
fn room(item: &Item<'_>) -> Option<String> {
    let text = item.text()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let is_hash =
        |text: &str| text.strip_prefix('!').is_some_and(|id| id.len() == 43 && id.chars().all(plain));
    if is_id(text, '!') || is_hash(text) {
        return Some(text.to_owned());
    }
    let (what, fix) = if text.starts_with('#') {
        // Whoever runs the alias's server can point it at another room.
        let fix = "Type the room's own id, which its settings show under advanced: \"!room:example.org\".";
        (format!("{text:?} is an alias, which can be pointed at another room"), fix)
    } else {
        (format!("{text:?} is not the id of a room"), "Type the room's own id: \"!room:example.org\".")
    };
    item.fault(what, fix);
    None
}

/// User ids of a bridge's puppets: one, or all that begin so (`@irc_*`), on one server (`@irc_*:example.org`).
fn puppets(item: &Item<'_>) -> Option<String> {
    let text = item.text()?;
    let name = text.strip_prefix('@').map(|rest| rest.split(':').next().unwrap_or_default());
    let sound = name.is_some_and(|name| name.trim_end_matches('*').len() > 1)
        && text.matches('*').count() <= 1
        && !text.contains(|c: char| c == '/' || c.is_whitespace());
    if !sound || !(is_id(text, '@') || text.ends_with('*')) {
        let fix = "Type how the puppets' user ids begin, with * for the rest: \"@irc_*:example.org\".";
        item.fault(format!("{text:?} does not tell a bridge's puppets apart"), fix);
        return None;
    }
    Some(text.to_owned())
}
