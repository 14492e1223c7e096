//! `[bot]` and `[[connection]]`: what the bot is called, where its log is, and where it talks.

use std::path::{Path, PathBuf};

use super::Connection;
use super::reader::Section;
use super::suggest::did_you_mean;

/// Words of `[[connection]]` that later versions give a meaning to.
const LATER: &[&str] = &["irc", "matrix"];
/// The longest nick that every IRC network takes.
const LONGEST_NICK: usize = 30;

/// What `[bot]` says.
pub(super) struct Bot {
    pub(super) name: String,
    pub(super) prefix: String,
    pub(super) database: PathBuf,
}

/// Reads `[bot]`, which may be left out.
pub(super) fn read(root: &Section<'_>) -> Bot {
    let default_database = "swatbot.db";
    let mut bot = Bot {
        name: "swatbot".to_owned(),
        prefix: "!".to_owned(),
        database: root.reader().path(default_database),
    };
    let Some(section) = root.section("bot") else { return bot };
    if let Some(item) = section.get("name")
        && let Some(name) = item.text()
    {
        if is_nick(name) {
            name.clone_into(&mut bot.name);
        } else {
            let fix = format!(
                "Type letters, digits, - and _, a letter first, {LONGEST_NICK} at most: \"swatbot\"."
            );
            item.fault(format!("{name:?} is not a nick"), fix);
        }
    }
    if let Some(item) = section.get("prefix")
        && let Some(prefix) = item.text()
    {
        match prefix_fault(prefix) {
            Some(what) => item.fault(what, "Type a mark such as \"!\" or \".\"."),
            None => prefix.clone_into(&mut bot.prefix),
        }
    }
    if let Some(item) = section.get("database")
        && let Some(path) = item.path()
    {
        if section.reader().looks_at_files() && path.parent().is_some_and(is_missing) {
            let what = format!("the folder of {} does not exist", path.display());
            item.fault(what, "Make the folder, or name a file in one that exists.");
        }
        bot.database = path;
    }
    section.finish();
    bot
}

/// Whether a folder does not exist; the empty path is the folder that the program was started in.
fn is_missing(folder: &Path) -> bool {
    !folder.as_os_str().is_empty() && !folder.is_dir()
}

fn is_nick(name: &str) -> bool {
    let mark = |c: char| matches!(c, '[' | ']' | '\\' | '`' | '_' | '^' | '{' | '|' | '}');
    name.len() <= LONGEST_NICK
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || mark(c))
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || mark(c))
}

fn prefix_fault(prefix: &str) -> Option<String> {
    let what = if prefix.contains(char::is_whitespace) {
        "has a space in it"
    } else if prefix.contains('/') {
        "has a slash in it, which starts a command of the chat program itself"
    } else if prefix.starts_with(['#', '+']) {
        "means something else on the terminal: # is a comment, + lets time pass"
    } else {
        return None;
    };
    Some(format!("{prefix:?} {what}"))
}

/// Reads every `[[connection]]`. `None` stands for one that could not be read, so that the rooms it would have served
/// are not reported as well.
pub(super) fn connections(root: &Section<'_>) -> Vec<Option<Connection>> {
    let Some(sections) = root.sections("connection") else { return vec![None] };
    let mut found: Vec<Option<Connection>> = Vec::new();
    for section in &sections {
        let connection = connection(section);
        if connection == Some(Connection::Console) && found.contains(&connection) {
            section.fault("kind", "there is a console already", "Remove this [[connection]].");
        }
        found.push(connection);
    }
    if sections.is_empty() {
        let fix = "Add [[connection]] with kind = \"console\" below it.";
        root.fault("connection", "there is nowhere to talk", fix);
        found.push(None);
    }
    found
}

fn connection(section: &Section<'_>) -> Option<Connection> {
    let item = section.need("kind", "\"console\"")?;
    let kind = item.text()?;
    if kind == "console" {
        section.finish();
        return Some(Connection::Console);
    }
    if LATER.contains(&kind) {
        // The other keys belong to a version that knows them.
        item.fault(
            format!("this build has no {kind}"),
            "Remove this [[connection]], or put # before its lines, until a version that has it.",
        );
    } else {
        let known: Vec<&str> = ["console"].iter().chain(LATER).copied().collect();
        item.fault(format!("{kind:?} is not a kind of connection"), did_you_mean(kind, &known));
    }
    None
}
