//! Samples and how they are printed.

use std::fs;
use std::io::{self, Write};
use std::time::{Duration, Instant};

/// How long something took, many times, without the time in which other programs had the processor.
#[derive(Default)]
pub(crate) struct Samples(Vec<Duration>);

impl Samples {
    /// Takes the time of `run`.
    pub(crate) fn time<T>(&mut self, run: impl FnOnce() -> T) -> T {
        let waited = waited();
        let start = Instant::now();
        let made = run();
        let took = start.elapsed();
        self.0.push(took.saturating_sub(self::waited().saturating_sub(waited)));
        made
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

/// How long this thread has waited for a processor so far; nothing where the system does not say.
fn waited() -> Duration {
    let said = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let waited = said.split_whitespace().nth(1).and_then(|nanos| nanos.parse().ok());
    Duration::from_nanos(waited.unwrap_or_default())
}

/// How long all threads of this program have had a processor, in seconds; 0 where the system does not say.
pub(crate) fn processor() -> f64 {
    let said = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let behind_name = said.rsplit(')').next().unwrap_or_default();
    let ticks = behind_name.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
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
