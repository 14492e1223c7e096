//! The lines that go out. Nothing else is ever written to the socket, so no word of a stranger becomes a command.

/// The most bytes of a line, its CR LF not counted (RFC 2812 §2.3).
pub const LONGEST: usize = 510;

/// One line as it goes out, without its CR LF: at most [`LONGEST`] bytes of UTF-8, no CR, LF or NUL in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutLine(String);

impl OutLine {
    /// A command with its parameters. All but the last are one word each; `None` where one is not.
    pub fn command(verb: &str, parameters: &[&str]) -> Option<Self> {
        let _ = (verb, parameters);
        None
    }

    /// The line, without its CR LF.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
