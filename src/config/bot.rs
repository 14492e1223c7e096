//! `[bot]`: what the bot is called, and where its log is.

use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::TimeDelta;

use super::item::Item;
use super::reader::Section;

/// The longest nick that every IRC network takes.
const LONGEST_NICK: usize = 30;

/// How often the whole log is checked.
const DAY: Duration = Duration::from_secs(24 * 3600);

/// What `[bot]` says.
pub(super) struct Bot {
    pub(super) name: String,
    pub(super) prefix: String,
    pub(super) database: PathBuf,
    pub(super) full_check: Duration,
}

/// Reads `[bot]`, which may be left out.
pub(super) fn read(root: &Section<'_>) -> Bot {
    let default_database = "swatbot.db";
    let mut bot = Bot {
        name: "swatbot".to_owned(),
        prefix: "!".to_owned(),
        database: root.reader().path(default_database),
        full_check: DAY,
    };
    let Some(section) = root.section("bot") else { return bot };
    if let Some(name) = section.get("name").and_then(|item| item.nick()) {
        name.clone_into(&mut bot.name);
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
    if let Some(item) = section.get("full_check")
        && let Some(time) = item.span(TimeDelta::seconds(1)..=TimeDelta::hours(24))
    {
        bot.full_check = time.to_std().unwrap_or(DAY);
    }
    section.finish();
    bot
}

/// Whether a folder does not exist; the empty path is the folder that the program was started in.
fn is_missing(folder: &Path) -> bool {
    !folder.as_os_str().is_empty() && !folder.is_dir()
}

impl<'r> Item<'r> {
    /// A nick that every network takes.
    pub(super) fn nick(&self) -> Option<&'r str> {
        let name = self.text()?;
        if is_nick(name) {
            return Some(name);
        }
        let fix =
            format!("Type letters, digits, - and _, a letter first, {LONGEST_NICK} at most: \"swatbot\".");
        self.fault(format!("{name:?} is not a nick"), fix);
        None
    }
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
