//! The verbs of what the bot runs and looks at: commands, health, what goes on past it, and what is outside windows.

use super::super::reader::only_step;
use super::super::{Command, Role, Verb};

pub(super) const GO: Verb = Verb {
    name: "go",
    aliases: &[],
    usage: &["go [K]", "go rK"],
    who: &[Role::Lead],
    does: "let the bot run the current step",
    asks: false,
    parse: |words| Ok(Command::Go { step: only_step(words)? }),
};

pub(super) const PROMOTE: Verb = Verb {
    name: "promote",
    aliases: &[],
    usage: &["promote"],
    who: &[Role::Lead],
    does: "the same for the first step on production",
    asks: false,
    parse: |words| words.end().map(|()| Command::Promote),
};

pub(super) const RERUN: Verb = Verb {
    name: "rerun",
    aliases: &[],
    usage: &["rerun"],
    who: &[Role::Lead],
    does: "run a step again of which nobody knows what it did",
    asks: false,
    parse: |words| words.end().map(|()| Command::Rerun),
};

pub(super) const HEALTH: Verb = Verb {
    name: "health",
    aliases: &[],
    usage: &["health [CHECK]"],
    who: &[Role::Anyone],
    does: "what the health checks see, beside what was before",
    asks: true,
    parse: |words| Ok(Command::Health { check: words.last_word()? }),
};

pub(super) const SOAK: Verb = Verb {
    name: "soak",
    aliases: &[],
    usage: &["soak 5m"],
    who: &[Role::Lead, Role::Owner],
    does: "look at the health for longer",
    asks: false,
    parse: |words| {
        let by = words.one("a time such as 5m")?.to_owned();
        words.end()?;
        Ok(Command::Soak { by })
    },
};

pub(super) const CANCEL: Verb = Verb {
    name: "cancel",
    aliases: &[],
    usage: &["cancel"],
    who: &[Role::Lead, Role::Owner, Role::Deployer],
    does: "stop the countdown of a rollback",
    asks: false,
    parse: |words| words.end().map(|()| Command::Cancel),
};

pub(super) const STEAL: Verb = Verb {
    name: "steal",
    aliases: &[],
    usage: &["steal W REASON"],
    who: &[Role::Manager],
    does: "hold a window and let others of its target go on",
    asks: false,
    parse: |words| Ok(Command::Steal { window: words.one("a window")?.to_owned(), reason: words.text()? }),
};

pub(super) const EMERGENCY: Verb = Verb {
    name: "emergency",
    aliases: &[],
    usage: &["emergency N REASON"],
    who: &[Role::Deployer],
    does: "ask to deploy outside windows",
    asks: false,
    parse: |words| Ok(Command::Emergency { change: words.target()?, reason: words.text()? }),
};

pub(super) const APPROVE: Verb = Verb {
    name: "approve",
    aliases: &[],
    usage: &["approve N"],
    who: &[Role::Deployer],
    does: "agree to an emergency that another deployer asked for",
    asks: false,
    parse: |words| Ok(Command::Approve { change: words.only_target()? }),
};

pub(super) const AFTERMATH: Verb = Verb {
    name: "aftermath",
    aliases: &[],
    usage: &["aftermath TEXT"],
    who: &[Role::Lead, Role::Deployer],
    does: "report on an emergency, which cannot finish without",
    asks: false,
    parse: |words| Ok(Command::Aftermath { words: words.text()? }),
};
