//! `swatbot check`: what a configuration without faults amounts to, a line for each network, and what is seldom meant.

use std::fmt::Write;

use crate::config::{Config, Connection, Irc, IrcLogin};

/// The lines for a file called `name`.
pub(super) fn said(config: &Config, name: &str) -> String {
    let mut lines = String::new();
    for connection in &config.connections {
        if let Connection::Irc(irc) = connection {
            let _ = writeln!(lines, "{}", network(irc, config.settings.network(&irc.network).trust));
        }
    }
    let windows = match config.settings.windows.len() {
        1 => "1 window".to_owned(),
        count => format!("{count} windows"),
    };
    let _ = writeln!(lines, "{name} is good: {windows}");
    for note in config.notes() {
        let _ = writeln!(lines, "note: {note}");
    }
    lines
}

fn network(irc: &Irc, trust: bool) -> String {
    let encryption = if irc.tls { "TLS" } else { "no TLS" };
    let account = irc.account.as_ref().map(|account| format!(" as {account}")).unwrap_or_default();
    let login = match irc.login {
        IrcLogin::None => "no account",
        IrcLogin::Password { .. } => "SASL PLAIN",
        IrcLogin::Certificate { .. } => "SASL EXTERNAL",
    };
    let rights = if trust { "rights by account-tag" } else { "no rights: trust is off" };
    format!(
        "{}: {} joins {} at {} port {} ({encryption}, {login}{account}, {rights})",
        irc.network,
        irc.nick,
        irc.channels.join(", "),
        irc.server,
        irc.port
    )
}
