//! The login to services by SASL, before the server lets anybody in. There is no other: NickServ is never spoken to.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::config::{Irc, IrcLogin};

use super::OutLine;

/// The most bytes of one line of an answer (IRCv3 SASL 3.1). A line that is full means that another one follows.
const CHUNK: usize = 400;

/// How far the login is.
#[derive(Debug, Default)]
pub(super) struct Login {
    /// The mechanism was named to the server.
    pub(super) is_begun: bool,
    /// The server has been told who we are.
    pub(super) is_answered: bool,
    /// The server has said that it worked.
    pub(super) is_passed: bool,
    /// The account that the server says is ours.
    pub(super) account: Option<String>,
}

/// The mechanism of a login, where there is a login.
pub(super) fn mechanism(login: &IrcLogin) -> Option<&'static str> {
    match login {
        IrcLogin::None => None,
        IrcLogin::Password { .. } => Some("PLAIN"),
        IrcLogin::Certificate { .. } => Some("EXTERNAL"),
    }
}

/// What is answered when the server says that it listens. By certificate there is nothing to add: which account that
/// is, the server knows.
pub(super) fn answer(settings: &Irc) -> Vec<OutLine> {
    let text = match &settings.login {
        IrcLogin::Password { password: Some(password), .. } => {
            let account = settings.account.as_deref().unwrap_or(&settings.nick);
            STANDARD.encode(format!("{account}\0{account}\0{}", password.reveal()))
        }
        _ => String::new(),
    };
    let mut chunks: Vec<&str> = Vec::new();
    let mut rest = text.as_str();
    while rest.len() >= CHUNK {
        let (chunk, after) = rest.split_at(CHUNK);
        chunks.push(chunk);
        rest = after;
    }
    chunks.push(if rest.is_empty() { "+" } else { rest });
    chunks.into_iter().filter_map(|chunk| OutLine::command("AUTHENTICATE", &[chunk])).collect()
}
