//! The capabilities that the server offers, and those that are on (IRCv3 capability negotiation).

use std::collections::{BTreeMap, BTreeSet};

use irc::proto::CapSubCommand;

use super::OutLine;

/// Without it nobody can be told apart.
pub(super) const ACCOUNT_TAG: &str = "account-tag";

/// What is asked for where it is offered. `sasl` is only asked for where there is something to log in with.
const WANTED: &[&str] = &[
    ACCOUNT_TAG,
    "account-notify",
    "batch",
    "bot",
    "cap-notify",
    "chghost",
    "draft/bot",
    "echo-message",
    "extended-join",
    "message-tags",
    "sasl",
    "server-time",
];

/// How the negotiation stands.
#[derive(Debug, Default)]
pub(super) struct Caps {
    wants_sasl: bool,
    /// What is offered of what is wanted, with the value after the `=`.
    offered: BTreeMap<&'static str, String>,
    on: BTreeSet<&'static str>,
    /// What was asked for and not answered yet.
    asked: BTreeSet<&'static str>,
    /// Several were asked for in one line: a refusal of one refuses them all.
    is_joint: bool,
    is_listed: bool,
}

impl Caps {
    pub(super) fn new(wants_sasl: bool) -> Self {
        Self { wants_sasl, ..Self::default() }
    }

    /// Whether a capability is on.
    pub(super) fn has(&self, name: &str) -> bool {
        self.on.contains(name)
    }

    /// The value of a capability that is offered.
    pub(super) fn offered(&self, name: &str) -> Option<&str> {
        self.offered.get(name).map(String::as_str)
    }

    /// Whether the server has said all that it offers.
    pub(super) fn is_listed(&self) -> bool {
        self.is_listed
    }

    /// Whether everything that was asked for is answered.
    pub(super) fn is_settled(&self) -> bool {
        self.is_listed && self.asked.is_empty()
    }

    /// Takes what the server says, with the one or two parameters after the subcommand: where the names stand differs
    /// from server to server, and so does the space after the last one. Gives what is to be asked.
    pub(super) fn hear(
        &mut self,
        subcommand: CapSubCommand,
        first: Option<&str>,
        second: Option<&str>,
    ) -> Vec<OutLine> {
        let goes_on = subcommand == CapSubCommand::LS && first == Some("*") && second.is_some();
        let words = [first, second].into_iter().flatten().flat_map(str::split_whitespace);
        let known: Vec<(&'static str, &str, bool)> = words.filter_map(known).collect();
        match subcommand {
            CapSubCommand::LS | CapSubCommand::NEW => {
                self.offered.extend(known.iter().map(|(name, value, _)| (*name, (*value).to_owned())));
                if goes_on {
                    return Vec::new();
                }
                self.is_listed |= subcommand == CapSubCommand::LS;
                self.ask()
            }
            CapSubCommand::DEL => {
                for (name, ..) in known {
                    self.offered.remove(name);
                    self.on.remove(name);
                    self.asked.remove(name);
                }
                Vec::new()
            }
            CapSubCommand::ACK => {
                for (name, _, is_off) in known {
                    self.asked.remove(name);
                    if is_off {
                        self.on.remove(name);
                    } else {
                        self.on.insert(name);
                    }
                }
                Vec::new()
            }
            CapSubCommand::NAK if std::mem::take(&mut self.is_joint) => {
                self.asked.iter().filter_map(|name| OutLine::command("CAP", &["REQ", name])).collect()
            }
            CapSubCommand::NAK => {
                for (name, ..) in known {
                    self.asked.remove(name);
                }
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    /// Asks for what is offered and neither on nor asked for.
    fn ask(&mut self) -> Vec<OutLine> {
        let wants = |name: &&str| **name != *"sasl" || self.wants_sasl;
        let is_new = |name: &&'static str| !self.on.contains(name) && !self.asked.contains(name);
        let names: Vec<&'static str> = self.offered.keys().copied().filter(wants).filter(is_new).collect();
        self.is_joint = names.len() > 1 && self.asked.is_empty();
        self.asked.extend(&names);
        let line = || OutLine::command("CAP", &["REQ", &names.join(" ")]);
        if names.is_empty() { Vec::new() } else { line().into_iter().collect() }
    }
}

/// A word of a list, where it names something that is wanted: the name, its value, and whether it is taken back.
fn known(word: &str) -> Option<(&'static str, &str, bool)> {
    let (name, value) = word.split_once('=').unwrap_or((word, ""));
    let bare = name.trim_start_matches(['-', '~']);
    let name = WANTED.iter().find(|wanted| **wanted == bare)?;
    Some((name, value, word.starts_with('-')))
}
