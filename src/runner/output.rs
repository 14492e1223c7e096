//! What a command writes: the beginning and the end of it are kept, and made fit to be read.

use std::collections::VecDeque;
use std::fmt::Write;

/// So many bytes of the beginning are kept, and as many of the end.
const KEPT: usize = 32 << 10;
/// The last line is looked for in so many bytes.
const LINE: usize = 4 << 10;

/// What was written so far, as far as it is kept.
#[derive(Debug, Default)]
pub(super) struct Output {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    /// All that was written, in bytes.
    total: u64,
    /// The last line that was told.
    told: String,
    notes: Vec<&'static str>,
}

impl Output {
    /// Takes what was written next.
    pub(super) fn take(&mut self, bytes: &[u8]) {
        self.total += bytes.len() as u64;
        let (head, rest) = bytes.split_at(bytes.len().min(KEPT - self.head.len()));
        self.head.extend_from_slice(head);
        let rest = &rest[rest.len().saturating_sub(KEPT)..];
        self.tail.drain(..(self.tail.len() + rest.len()).saturating_sub(KEPT));
        self.tail.extend(rest);
    }

    /// Something that the command did not write itself.
    pub(super) fn note(&mut self, note: &'static str) {
        self.notes.push(note);
    }

    /// The last whole line with something in it, where it is another than the one before.
    pub(super) fn new_line(&mut self) -> Option<String> {
        let kept = self.head.len() + self.tail.len();
        let end: Vec<u8> =
            self.head.iter().chain(&self.tail).skip(kept.saturating_sub(LINE)).copied().collect();
        // What follows the last end of a line is not whole yet. Progress bars end their lines with a return alone.
        let whole = end.iter().rposition(|byte| matches!(byte, b'\n' | b'\r'))?;
        let text = plain(&String::from_utf8_lossy(&end[..whole]));
        let line = text.lines().rev().map(str::trim).find(|line| !line.is_empty())?;
        if line == self.told {
            return None;
        }
        line.clone_into(&mut self.told);
        Some(line.to_owned())
    }

    /// All of it to be read, and how many bytes in the middle are left out. A line with `…` alone stands in their place.
    pub(super) fn whole(mut self) -> (String, u64) {
        let cut = self.total - (self.head.len() + self.tail.len()) as u64;
        let tail: &[u8] = self.tail.make_contiguous();
        let mut text = if cut == 0 {
            plain(&String::from_utf8_lossy(&[&self.head, tail].concat()))
        } else {
            let [head, tail] = [&self.head, tail].map(|part| plain(&String::from_utf8_lossy(part)));
            // Half a character stands where it was cut.
            let half = char::REPLACEMENT_CHARACTER;
            let head = head.trim_end_matches(half).trim_end_matches('\n');
            format!("{head}\n…\n{}", tail.trim_start_matches(half))
        };
        for note in self.notes {
            if !text.is_empty() && !text.ends_with('\n') {
                text.push('\n');
            }
            text.push_str(note);
        }
        (text, cut)
    }
}

/// Text without colours and other orders to a terminal. Other control characters are shown as `\x00`, all ends of lines
/// are the same.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\x1b' if chars.peek() == Some(&'[') => {
                chars.next();
                // Numbers, then one letter.
                while chars.next_if(|c| matches!(c, ' '..='?')).is_some() {}
                chars.next_if(|c| matches!(c, '@'..='~'));
            }
            '\x1b' if chars.peek() == Some(&']') => {
                chars.next();
                while chars.next_if(|c| !c.is_control()).is_some() {}
                // A bell ends it, or ESC and a backslash.
                if chars.next_if_eq(&'\x07').is_none() && chars.next_if_eq(&'\x1b').is_some() {
                    chars.next_if_eq(&'\\');
                }
            }
            '\r' if chars.peek() == Some(&'\n') => {}
            '\r' => out.push('\n'),
            '\n' | '\t' => out.push(c),
            c if c.is_control() => {
                // Writing into a string cannot fail.
                let _ = write!(out, "\\x{:02x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}
