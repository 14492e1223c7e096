//! The lines of a file, one at a time: however long the file is, no more than one of them is in memory.

use std::io::{self, BufRead, Read};

/// No window has so many bytes; a longer line is passed over without being kept.
const LONGEST: usize = 64 << 20;

/// Reads lines and counts.
pub(super) struct Lines<'a> {
    file: &'a mut dyn BufRead,
    bytes: Vec<u8>,
    number: usize,
    read: u64,
}

/// A line that is not empty.
pub(super) struct Line<'a> {
    /// From 1.
    pub(super) number: usize,
    /// What stands in it, or why that is not to be had.
    pub(super) text: Result<&'a [u8], String>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(file: &'a mut dyn BufRead) -> Self {
        Self { file, bytes: Vec::new(), number: 0, read: 0 }
    }

    /// So many bytes were read.
    pub(super) fn read(&self) -> u64 {
        self.read
    }

    /// The next line that is not empty.
    pub(super) fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        loop {
            self.bytes.clear();
            let most = u64::try_from(LONGEST).unwrap_or(u64::MAX);
            let read = (&mut *self.file).take(most).read_until(b'\n', &mut self.bytes)?;
            if read == 0 {
                return Ok(None);
            }
            self.number += 1;
            self.read += u64::try_from(read).unwrap_or(u64::MAX);
            if read == LONGEST && !self.bytes.ends_with(b"\n") {
                self.read += skip_line(self.file)?;
                let text = Err(format!("the line is longer than {} MiB", LONGEST >> 20));
                return Ok(Some(Line { number: self.number, text }));
            }
            if !self.bytes.trim_ascii().is_empty() {
                return Ok(Some(Line { number: self.number, text: Ok(self.bytes.trim_ascii()) }));
            }
        }
    }
}

/// Passes over the rest of a line; gives its length.
fn skip_line(file: &mut dyn BufRead) -> io::Result<u64> {
    let mut skipped = 0;
    loop {
        let buffer = file.fill_buf()?;
        let end = buffer.iter().position(|byte| *byte == b'\n').map(|index| index + 1);
        let used = end.unwrap_or(buffer.len());
        let is_over = end.is_some() || buffer.is_empty();
        file.consume(used);
        skipped += u64::try_from(used).unwrap_or(u64::MAX);
        if is_over {
            return Ok(skipped);
        }
    }
}
