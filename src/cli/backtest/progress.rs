//! How far it is, on a terminal only: one line of standard error, written a hundred times at the most.

use std::io::{self, Write};

/// How wide the bar is.
const WIDTH: u64 = 30;

/// The bar.
pub(super) struct Progress {
    is_on: bool,
    total: u64,
    shown: Option<u64>,
}

impl Progress {
    /// A bar for so many bytes; it shows nothing where it is not on.
    pub(super) fn new(is_on: bool, total: u64) -> Self {
        Self { is_on, total: total.max(1), shown: None }
    }

    /// So many bytes are read, and this was in them.
    pub(super) fn show(&mut self, read: u64, windows: usize, patches: usize) {
        let percent = (read * 100 / self.total).min(100);
        if self.is_on && self.shown.replace(percent) != Some(percent) {
            write(&format!("\r{} {windows} windows, {patches} patches", bar(percent)));
        }
    }

    /// Takes it away, so that something else can stand in its line.
    pub(super) fn clear(&mut self) {
        if self.is_on && self.shown.take().is_some() {
            write("\r\x1b[K");
        }
    }
}

/// `[=====>     ]  52 %`.
fn bar(percent: u64) -> String {
    let full = usize::try_from(percent * WIDTH / 100).unwrap_or_default();
    let width = usize::try_from(WIDTH).unwrap_or_default();
    format!("[{:<width$}] {percent:>3} %", "=".repeat(full))
}

fn write(text: &str) {
    // Nobody misses a bar that cannot be shown.
    let mut err = io::stderr();
    let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
}
