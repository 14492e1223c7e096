//! Samples and how they are printed.

use std::io::{self, Write};
use std::time::{Duration, Instant};

/// How long something took, many times.
#[derive(Default)]
pub(crate) struct Samples(Vec<Duration>);

impl Samples {
    /// Takes the time of `run`.
    pub(crate) fn time<T>(&mut self, run: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let made = run();
        self.0.push(start.elapsed());
        made
    }

    pub(crate) fn extend(&mut self, other: &Self) {
        self.0.extend(&other.0);
    }

    /// The value below which so many percent lie, in microseconds.
    pub(crate) fn percentile(&self, percent: usize) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let index = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
        sorted.get(index).map_or(0.0, |time| time.as_secs_f64() * 1e6)
    }

    pub(crate) fn p50(&self) -> f64 {
        self.percentile(50)
    }

    pub(crate) fn p99(&self) -> f64 {
        self.percentile(99)
    }
}

/// The title of a part.
pub(crate) fn title(text: &str) {
    line(&format!("\n{text}"));
}

/// A row: a name, p50 and p99 in microseconds, and a remark.
pub(crate) fn row(name: &str, samples: &Samples, remark: &str) {
    line(&format!("  {name:<34} p50 {:>9.1} us   p99 {:>9.1} us   {remark}", samples.p50(), samples.p99()));
}

/// A row with a single figure.
pub(crate) fn figure(name: &str, value: &str, remark: &str) {
    line(&format!("  {name:<34} {value:>29}   {remark}"));
}

pub(crate) fn line(text: &str) {
    writeln!(io::stdout(), "{text}").expect("the table can be printed");
}
