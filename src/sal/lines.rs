//! The lines of a file, whatever its bytes are.

use std::borrow::Cow;

/// Nobody writes a longer entry; what is longer is no line of a log.
pub(super) const LONGEST: usize = 64 * 1024;

/// One line.
pub(super) struct Line<'a> {
    /// Its number, from 1.
    pub(super) number: u64,
    /// Without its end.
    pub(super) text: Cow<'a, str>,
    /// It is no UTF-8, and was read as Latin-1: each byte is the letter of its number, so that nothing is lost.
    pub(super) latin1: bool,
}

/// A line that is too long, by its number.
pub(super) struct TooLong(pub(super) u64);

/// All lines of a file, without a mark of the order of bytes before the first.
pub(super) fn lines(bytes: &[u8]) -> impl Iterator<Item = Result<Line<'_>, TooLong>> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    bytes.split(|byte| *byte == b'\n').zip(1..).map(|(line, number)| {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.len() > LONGEST {
            return Err(TooLong(number));
        }
        let (text, latin1) = match std::str::from_utf8(line) {
            Ok(text) => (Cow::Borrowed(text), false),
            Err(_) => (line.iter().map(|byte| char::from(*byte)).collect(), true),
        };
        Ok(Line { number, text, latin1 })
    })
}
