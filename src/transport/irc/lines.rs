//! Cuts what a socket brings into lines, and keeps no more of it than a line may have.

/// The most bytes of a line, its end not counted: 8191 bytes of tags and 510 of message, and as much again.
pub const LONGEST: usize = 16 * 1024;

/// Bytes that have not yet become a line. Whatever comes, it holds [`LONGEST`] bytes at the most.
#[derive(Debug, Default)]
pub struct Lines {
    begun: Vec<u8>,
    /// The line is too long already: it is thrown away to its end.
    skipping: bool,
    skipped: u64,
}

impl Lines {
    /// Takes bytes as they come and gives `each` line that ends in them, without its CR LF or LF. Bytes that are not
    /// UTF-8 are replaced; empty lines and lines that are too long are left out.
    pub fn take(&mut self, mut bytes: &[u8], mut each: impl FnMut(&str)) {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            let (line, rest) = (&bytes[..end], &bytes[end + 1..]);
            bytes = rest;
            if self.begun.is_empty() && !self.skipping && line.len() <= LONGEST {
                give(line, &mut each);
                continue;
            }
            self.keep(line);
            if !std::mem::take(&mut self.skipping) {
                give(&self.begun, &mut each);
            }
            self.begun.clear();
        }
        self.keep(bytes);
    }

    /// How many lines were thrown away.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.skipping {
            return;
        }
        if self.begun.len() + bytes.len() > LONGEST {
            self.skipping = true;
            self.skipped += 1;
            self.begun = Vec::new();
        } else {
            self.begun.extend_from_slice(bytes);
        }
    }
}

fn give(line: &[u8], each: &mut impl FnMut(&str)) {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if !line.is_empty() {
        each(&String::from_utf8_lossy(line));
    }
}
