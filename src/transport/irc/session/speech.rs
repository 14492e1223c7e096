//! Who said what: which lines are read at all, and whose they are.

use std::time::Instant;

use irc::proto::message::Tag;

use crate::engine::{Input, Line};
use crate::transport::flood::Verdict;

use super::caps::ACCOUNT_TAG;
use super::playback::only;
use super::{Effect, Moment, Sender, Session};

/// A server marks what a bot says with one of these.
const BOT_TAGS: &[&str] = &["bot", "draft/bot", "inspircd.org/bot"];
/// What comes before a message that is meant for a program, `/me` included.
const CTCP: char = '\u{1}';

impl Session {
    /// Somebody said something. Bots, the past and ourselves are not read; a `NOTICE` does not come here, and what goes to
    /// a part of a channel (`@#channel`) is not to a channel of ours.
    pub(super) fn hear_message(
        &mut self,
        from: Sender<'_>,
        tags: &[Tag],
        (target, text): (&str, &str),
        moment: Moment,
        effects: &mut Vec<Effect>,
    ) {
        if self.is_me(from.nick) {
            return self.me.learn(from.user, from.host);
        }
        let is_bot = tags.iter().any(|tag| BOT_TAGS.contains(&tag.0.as_str()));
        if is_bot || text.starts_with(CTCP) || self.playback.is_old(tags, moment) {
            return;
        }
        let channel = self.place_of(target);
        if channel.is_none() && !self.is_me(target) {
            return;
        }
        let said = account(tags);
        if self.is_ignored(from.nick) || said.is_some_and(|account| self.is_ignored(account)) {
            return;
        }
        self.roster.spoke(from.nick);
        // The account stands only where the server says so by what it has promised, and never while we are not who
        // people take us for.
        let account = if self.read_only().is_none() { said } else { None };
        if let Some(account) = account {
            self.hear_account(from, Some(account), effects);
        }
        let line = Line {
            network: self.settings.network.clone(),
            room: channel.map(|at| self.room(at)),
            nick: from.nick.to_owned(),
            account: account.map(str::to_owned),
            text: text.to_owned(),
            message_id: only(tags, "msgid").filter(|id| !id.is_empty()).map(str::to_owned),
        };
        match self.verdict(&line, from, moment.now) {
            Verdict::Read => effects.push(Effect::Heard(Input::Line(line))),
            Verdict::Told => effects.push(Effect::Heard(Input::Flood(line))),
            Verdict::Dropped => {}
        }
    }

    /// Without pacing on the way out there is none on the way in.
    fn verdict(&mut self, line: &Line, from: Sender<'_>, now: Instant) -> Verdict {
        if self.settings.line_every.is_zero() {
            return Verdict::Read;
        }
        // No account has a `!` in it, so no mask passes for one.
        let speaker =
            line.account.clone().unwrap_or_else(|| format!("{}!{}@{}", from.nick, from.user, from.host));
        self.flood.count(speaker, now)
    }

    fn is_ignored(&self, name: &str) -> bool {
        let fold = |name: &str| self.isupport.casemapping.fold(name);
        self.settings.ignore.iter().any(|other| fold(other) == fold(name))
    }

    /// Whether what the server says of accounts counts.
    pub(super) fn has_accounts(&self) -> bool {
        self.caps.has(ACCOUNT_TAG)
    }
}

/// The account that the server vouches for on this very line: one tag, with a name in it.
pub(super) fn account(tags: &[Tag]) -> Option<&str> {
    only(tags, "account").filter(|account| {
        !account.is_empty()
            && *account != "*"
            && !account.contains(|it: char| it.is_control() || it.is_whitespace())
    })
}
