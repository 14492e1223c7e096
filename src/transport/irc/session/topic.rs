//! The topic of a channel: the bot writes how the window stands in front of what people wrote, and takes it away again.

use std::time::{Duration, Instant};

use super::OutLine;

/// What the bot writes stands between these. By them it finds its own words again after a restart.
const OPEN: &str = "[swat ";
const CLOSE: char = ']';
/// The shortest time between two changes.
const EVERY: Duration = Duration::from_secs(30);
/// Fewer bytes than this say nothing.
const SHORTEST: usize = 8;

/// The topic of one channel.
#[derive(Debug, Default)]
pub(super) struct Topic {
    /// What it is; unknown until the server has said so.
    pub(super) now: Option<String>,
    wanted: Option<String>,
    /// The bot has something to change. Whoever takes its words out in between is left in peace until it has news.
    is_due: bool,
    not_before: Option<Instant>,
    is_refused: bool,
    /// The bot's rights have grown since it tried.
    is_allowed: bool,
}

impl Topic {
    /// The bot has come in: everything is open again.
    pub(super) fn enter(&mut self) {
        self.now = None;
        self.is_due = true;
        self.is_refused = false;
    }

    /// The server lets the bot not change it. Where the bot got a right after it had tried, it tries once more.
    pub(super) fn refuse(&mut self) {
        let again = std::mem::take(&mut self.is_allowed);
        self.is_due |= again;
        self.is_refused = !again;
    }

    /// The bot's rights in the channel have grown.
    pub(super) fn allow(&mut self) {
        self.is_due |= std::mem::take(&mut self.is_refused);
        self.is_allowed = true;
    }

    /// Whether the server does not let the bot change it.
    pub(super) fn is_refused(&self) -> bool {
        self.is_refused
    }

    /// What is to stand in front; nothing where there is nothing to say.
    pub(super) fn want(&mut self, text: Option<String>) {
        // The closing mark must be the first one.
        let text = text.map(|text| text.replace(CLOSE, ")"));
        self.is_due |= self.wanted != text;
        self.wanted = text;
    }

    /// When there may be something to change.
    pub(super) fn wake(&self, now: Instant) -> Option<Instant> {
        (self.is_due && !self.is_refused && self.now.is_some()).then(|| self.not_before.unwrap_or(now))
    }

    /// The change that is due, in at most `longest` bytes of topic. What people wrote is never cut: where both do not
    /// fit, the bot is brief, or silent.
    pub(super) fn change(&mut self, channel: &str, longest: usize, now: Instant) -> Option<OutLine> {
        let is = self.now.as_deref()?;
        if !self.is_due || self.is_refused || self.not_before.is_some_and(|then| now < then) {
            return None;
        }
        self.is_due = false;
        let theirs = without_ours(is);
        let wanted = match &self.wanted {
            None => theirs.to_owned(),
            Some(text) => {
                let room = longest.checked_sub(OPEN.len() + 2 + theirs.len())?;
                let text = text[..text.floor_char_boundary(room)].trim_end();
                if room < SHORTEST || text.is_empty() {
                    return None;
                }
                format!("{OPEN}{text}{CLOSE} {theirs}").trim_end().to_owned()
            }
        };
        if wanted == is {
            return None;
        }
        self.not_before = Some(now + EVERY);
        self.is_allowed = false;
        OutLine::command("TOPIC", &[channel, &wanted])
    }
}

/// What people wrote.
fn without_ours(topic: &str) -> &str {
    match topic.strip_prefix(OPEN).and_then(|rest| rest.split_once(CLOSE)) {
        Some((_, rest)) => rest.strip_prefix(' ').unwrap_or(rest),
        None => topic,
    }
}
