//! `swatbot check`: what a configuration without faults amounts to, a line for each network, and what is seldom meant.

use std::fmt::Write;

use crate::config::{Config, Connection, Irc, IrcLogin, Matrix, MatrixLogin};

/// The lines for a file called `name`.
pub(super) fn said(config: &Config, name: &str) -> String {
    let mut lines = String::new();
    for connection in &config.connections {
        let trust = |network: &str| config.settings.network(network).trust;
        let said = match connection {
            Connection::Console => continue,
            Connection::Irc(irc) => network(irc, trust(&irc.network)),
            Connection::Matrix(matrix) => homeserver(matrix, trust(&matrix.network)),
        };
        let _ = writeln!(lines, "{said}");
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

fn homeserver(matrix: &Matrix, trust: bool) -> String {
    let login = match matrix.login {
        MatrixLogin::Password { .. } => "password",
        MatrixLogin::Token { .. } => "access token",
    };
    let rights = if trust { "rights by user id" } else { "no rights: trust is off" };
    let keys = match matrix.recovery {
        Some(_) => "encrypted rooms too",
        None => "rooms without encryption only: there is no recovery_key_file",
    };
    format!(
        "{}: {} joins {} at {} ({login}, {rights}, {keys})",
        matrix.network,
        matrix.user,
        matrix.rooms.join(", "),
        matrix.homeserver
    )
}
