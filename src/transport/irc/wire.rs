//! The lines that go out. Nothing else is ever written to the socket, so no word of a stranger becomes a command.

use std::fmt;

/// The most bytes of a line, its CR LF not counted (RFC 2812 §2.3).
pub const LONGEST: usize = 510;

/// One line as it goes out, without its CR LF: at most [`LONGEST`] bytes of UTF-8, no CR, LF or NUL in it.
#[derive(Clone, PartialEq, Eq)]
pub struct OutLine(String);

impl OutLine {
    /// A command with its parameters. All but the last are one word each; `None` where one is not, where CR, LF or NUL
    /// stands in any of them, and where the line would be longer than [`LONGEST`] bytes.
    pub fn command(verb: &str, parameters: &[&str]) -> Option<Self> {
        if verb.is_empty() || !verb.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return None;
        }
        let mut line = verb.to_owned();
        for (at, parameter) in parameters.iter().enumerate() {
            if parameter.contains(['\r', '\n', '\0']) {
                return None;
            }
            let is_word = !parameter.is_empty() && !parameter.starts_with(':') && !parameter.contains(' ');
            let is_last = at + 1 == parameters.len();
            if !is_word && !is_last {
                return None;
            }
            line.push_str(if is_word { " " } else { " :" });
            line.push_str(parameter);
        }
        (line.len() <= LONGEST).then_some(Self(line))
    }

    /// The line, without its CR LF.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a login sends stays unseen: a password is in it.
impl fmt::Debug for OutLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = if self.0.starts_with("AUTHENTICATE") { "AUTHENTICATE …" } else { &self.0 };
        f.debug_tuple("OutLine").field(&shown).finish()
    }
}
