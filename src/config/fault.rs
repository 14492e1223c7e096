//! What is wrong with a configuration file, said so that it can be put right in one go.

use std::fmt;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The line of the file, from 1; 0 where the fault is the file itself.
    pub line: usize,
    /// The key with everything it stands in, counted from 1: `window[1].timezone`.
    pub key: String,
    /// What is wrong, without a full stop.
    pub what: String,
    /// What to type instead, as a sentence.
    pub fix: String,
}

/// Everything that is wrong with one file, in the order of its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults {
    /// The file, as it was named.
    pub file: String,
    /// The faults.
    pub list: Vec<Fault>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "{}: ", self.line)?;
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        write!(f, "{}. {}", self.what, self.fix)
    }
}

impl fmt::Display for Faults {
    /// One line a fault: `windows.toml:14: window[1].timezone: …`, which editors and terminals can jump to.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.list.iter().enumerate() {
            let line_end = if index == 0 { "" } else { "\n" };
            let gap = if fault.line == 0 { " " } else { "" };
            write!(f, "{line_end}{}:{gap}{fault}", self.file)?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}
