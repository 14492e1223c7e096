//! Cuts a text into lines where it hurts least: at spaces, outside of what stands in quotes, never inside a character.

use std::collections::VecDeque;

use unicode_segmentation::UnicodeSegmentation;

use super::super::wire::BOLD;

/// Cuts `text` into lines of at most `room` bytes and puts them behind `lines`. All but the first begin with `again`.
/// Bold ends with a line and goes on in the next.
pub(super) fn split(text: &str, room: usize, again: &str, lines: &mut VecDeque<String>) {
    if text.len() <= room {
        lines.push_back(text.to_owned());
        return;
    }
    let again = if again.len() * 4 > room * 3 { "" } else { again };
    // Where there is bold, a line may have to end it.
    let spare = usize::from(text.contains(BOLD));
    let mut cut = Cut {
        room: room.saturating_sub(spare),
        widest: room.saturating_sub(again.len() + 2 * spare),
        again,
        line: String::new(),
        begins: 0,
        is_bold: false,
        joint: None,
        lines,
    };
    for piece in pieces(text) {
        cut.put(piece);
    }
    cut.wrap();
}

/// The end of the quoted stretch that begins at `start`, if one does: behind the `"` that belongs to this one. There may
/// be quotes in quotes; a quote that nobody closes is an ordinary character.
pub(super) fn quoted(text: &str, start: usize) -> Option<usize> {
    let mut depth = 0;
    for (at, _) in text[start..].match_indices('"') {
        let (before, after) = (&text[..start + at], &text[start + at + 1..]);
        let (before, after) = (before.chars().next_back(), after.chars().next());
        let blank = |c: Option<char>| c.is_none_or(|c| c == ' ');
        if depth > 0
            && before != Some(' ')
            && (blank(after) || after.is_some_and(|c| ".,;:)]?\"".contains(c)))
        {
            depth -= 1;
        } else if (blank(before) || before.is_some_and(|c| "([\"".contains(c))) && !blank(after) {
            depth += 1;
        }
        if depth == 0 {
            return (at > 0).then_some(start + at + 1);
        }
    }
    None
}

/// What stays together: words, what stands in quotes with what touches it, and a head of the log.
fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut start = None;
    let mut quoted_until = 0;
    // A space with a mark on it is no place to cut, so graphemes are looked at and not characters.
    for (at, grapheme) in text.grapheme_indices(true) {
        if at < quoted_until {
            continue;
        }
        if grapheme == " " {
            pieces.extend(start.take().map(|start| &text[start..at]));
            continue;
        }
        start.get_or_insert(at);
        if grapheme == "\"" {
            quoted_until = quoted(text, at).unwrap_or(0);
        } else if text[at..].starts_with("(head L") {
            // Whoever looks for heads in the history of the channel looks in each line.
            quoted_until = text[at..].find(')').map_or(0, |end| at + end + 1);
        }
    }
    pieces.extend(start.map(|start| &text[start..]));
    pieces
}

/// A text on its way into lines.
struct Cut<'a> {
    /// The bytes that a line may have, besides the end of bold.
    room: usize,
    /// The bytes that are left behind `again`.
    widest: usize,
    again: &'a str,
    line: String,
    /// Where the text of this line begins.
    begins: usize,
    is_bold: bool,
    /// The end of the last item of a list in this line, where it is late enough to end the line there; and whether the
    /// text is bold there.
    joint: Option<(usize, bool)>,
    lines: &'a mut VecDeque<String>,
}

impl Cut<'_> {
    /// Puts a piece behind what is there, or on the next line, or cuts it.
    fn put(&mut self, piece: &str) {
        if self.fits(piece) {
            self.space();
            self.push(piece);
        } else if piece.len() <= self.widest {
            self.wrap_at_joint();
            if !self.fits(piece) {
                self.wrap();
            }
            self.space();
            self.push(piece);
        } else if piece.contains(' ') {
            piece.split(' ').filter(|word| !word.is_empty()).for_each(|word| self.put(word));
        } else {
            self.cut(piece);
        }
    }

    /// A word that is longer than a line.
    fn cut(&mut self, word: &str) {
        self.space();
        for grapheme in word.graphemes(true) {
            if grapheme.len() <= self.widest {
                self.squeeze(grapheme);
            } else {
                // Nobody writes a character with so many marks on it; the line stays whole all the same.
                grapheme.chars().for_each(|c| self.squeeze(c.encode_utf8(&mut [0; 4])));
            }
        }
    }

    fn squeeze(&mut self, text: &str) {
        if self.line.len() + text.len() > self.room {
            self.wrap();
        }
        self.push(text);
    }

    fn fits(&self, piece: &str) -> bool {
        self.line.len() + usize::from(self.line.len() > self.begins) + piece.len() <= self.room
    }

    fn space(&mut self) {
        if self.line.len() > self.begins {
            self.line.push(' ');
        }
    }

    fn push(&mut self, text: &str) {
        self.line.push_str(text);
        if text.matches(BOLD).count() % 2 == 1 {
            self.is_bold = !self.is_bold;
        }
        let third = self.room.saturating_sub(self.begins) / 3;
        if text.ends_with([';', ',']) && self.line.len() + third >= self.room {
            self.joint = Some((self.line.len(), self.is_bold));
        }
    }

    /// Ends the line behind the last item of a list that is whole, or where it is.
    fn wrap_at_joint(&mut self) {
        let fits = |end: usize| self.line.len() - end <= self.widest;
        let Some((end, is_bold)) = self.joint.filter(|(end, _)| fits(*end)) else { return self.wrap() };
        let rest = self.line.split_off(end);
        self.is_bold = is_bold;
        self.wrap();
        self.push(rest.trim_start_matches(' '));
    }

    /// Ends the line.
    fn wrap(&mut self) {
        if self.line.len() == self.begins {
            return;
        }
        // A space before a long word may be one more than fits.
        self.line.truncate(self.line.trim_end_matches(' ').len().max(self.begins));
        if self.is_bold {
            self.line.push(BOLD);
        }
        let line = std::mem::replace(&mut self.line, self.again.to_owned());
        // Bold that ends where it begins is none.
        self.lines.push_back(line.replace("\u{2}\u{2}", "").trim_end_matches(' ').to_owned());
        if self.is_bold {
            self.line.push(BOLD);
        }
        self.begins = self.line.len();
        self.joint = None;
    }
}
