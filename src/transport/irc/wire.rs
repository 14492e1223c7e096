//! The lines that go out. Nothing else is ever written to the socket, so no word of a stranger becomes a command.

use std::fmt;

/// The code that begins and ends bold: the only one that a text may hold.
pub const BOLD: char = '\u{2}';

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

    /// A text that must be noticed. Characters that could end the line or steer a client become spaces, but for
    /// [`BOLD`]. `None` where nothing would be seen, where `target` is not one nick or one channel, and where the line
    /// would be longer than [`LONGEST`] bytes.
    pub fn privmsg(target: &str, text: &str) -> Option<Self> {
        Self::said("PRIVMSG", target, text)
    }

    /// The same as [`OutLine::privmsg`] for a text that nobody must notice.
    pub fn notice(target: &str, text: &str) -> Option<Self> {
        Self::said("NOTICE", target, text)
    }

    fn said(verb: &str, target: &str, text: &str) -> Option<Self> {
        let length = verb.len() + target.len() + text.len() + 3;
        let is_blank = text.chars().all(|c| c.is_whitespace() || c == BOLD || steers(c));
        if !is_one(target) || is_blank || length > LONGEST {
            return None;
        }
        let mut line = String::with_capacity(length);
        line.extend([verb, " ", target, " :"]);
        if may_steer(text) {
            line.extend(text.chars().map(|c| if steers(c) && c != BOLD { ' ' } else { c }));
        } else {
            line.push_str(text);
        }
        Some(Self(line))
    }
}

/// Whether a text can be sent to this: one word, no list of several, and nothing that begins a text.
pub fn is_one(target: &str) -> bool {
    let inside = |byte: u8| byte > b' ' && byte != 0x7F && byte != b',';
    !target.is_empty() && !target.starts_with(':') && target.bytes().all(inside) && !target.contains(steers)
}

/// Whether a character ends a line, formats what follows it, or steers a terminal.
pub fn steers(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Whether a text may hold a character that steers: quick, and sometimes yes for one that holds none.
pub fn may_steer(text: &str) -> bool {
    // The last two are the first bytes of U+0080 to U+00BF and of U+2000 to U+2FFF.
    text.bytes().any(|byte| byte < b' ' || matches!(byte, 0x7F | 0xC2 | 0xE2))
}

/// What a login sends stays unseen: a password is in it.
impl fmt::Debug for OutLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = if self.0.starts_with("AUTHENTICATE") { "AUTHENTICATE …" } else { &self.0 };
        f.debug_tuple("OutLine").field(&shown).finish()
    }
}
