//! `[[connection]]`: where the bot talks.

use std::collections::BTreeMap;

use crate::engine::settings::NetworkSettings;

use super::Connection;
use super::bot::Bot;
use super::irc;
use super::matrix;
use super::reader::Section;
use super::suggest::did_you_mean;

const CONSOLE: &str = "console";
const IRC: &str = "irc";
const MATRIX: &str = "matrix";

/// Every place to talk.
#[derive(Default)]
pub(super) struct Connections {
    /// In the order of the file. `None` stands for one that could not be read, so that the rooms it would have served
    /// are not reported as well.
    pub(super) list: Vec<Option<Connection>>,
    /// The networks by name, also those whose connection has a fault elsewhere.
    pub(super) networks: BTreeMap<String, NetworkSettings>,
}

/// Reads every `[[connection]]`.
pub(super) fn read(root: &Section<'_>, bot: &Bot) -> Connections {
    let mut found = Connections::default();
    let Some(sections) = root.sections("connection") else {
        found.list.push(None);
        return found;
    };
    for section in &sections {
        let connection = connection(section, bot, &mut found.networks);
        if connection == Some(Connection::Console) && found.list.contains(&connection) {
            section.fault("kind", "there is a console already", "Remove this [[connection]].");
        }
        found.list.push(connection);
    }
    if sections.is_empty() {
        let fix = "Add [[connection]] with kind = \"console\" below it.";
        root.fault("connection", "there is nowhere to talk", fix);
        found.list.push(None);
    }
    found
}

fn connection(
    section: &Section<'_>,
    bot: &Bot,
    networks: &mut BTreeMap<String, NetworkSettings>,
) -> Option<Connection> {
    let item = section.need("kind", "\"console\"")?;
    match item.text()? {
        CONSOLE => {
            section.finish();
            return Some(Connection::Console);
        }
        IRC if cfg!(feature = "irc") => {
            return irc::read(section, bot, networks).map(|irc| Connection::Irc(Box::new(irc)));
        }
        // The other keys belong to a build that knows them.
        IRC => item.fault(
            "this build has no irc",
            "Build it with \"cargo build --release --features irc\", or put # before the lines of this [[connection]].",
        ),
        MATRIX if cfg!(feature = "matrix") => {
            return matrix::read(section, networks).map(|matrix| Connection::Matrix(Box::new(matrix)));
        }
        MATRIX => item.fault(
            "this build has no matrix",
            "Build it with \"cargo build --release --features matrix\", or put # before the lines of this [[connection]].",
        ),
        kind => item.fault(
            format!("{kind:?} is not a kind of connection"),
            did_you_mean(kind, &[CONSOLE, IRC, MATRIX]),
        ),
    }
    None
}
