//! What one command and one start cost, as one small table: `cargo bench`. Nothing is asserted about time, so it passes on any machine.
//!
//! What depends on the disk or the processor is measured next to what it is compared with, in turn and in the same
//! run: the ratios can be compared between machines, the microseconds cannot. `cargo bench -- decide` runs one part.

mod backtest;
mod decide;
mod durable;
mod process;
mod scene;
mod steps;
mod table;
mod verify;

/// A part of the measures by its name.
const PARTS: &[(&str, fn())] = &[
    ("decide", decide::run),
    ("durable", durable::run),
    ("log", durable::log),
    ("start", process::start),
    ("memory", process::memory),
    ("verify", verify::run),
    ("backtest", backtest::run),
    ("steps", steps::run),
];

fn main() {
    // Cargo passes flags of its own, such as --bench.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    for (name, run) in PARTS {
        if wanted.is_empty() || wanted.iter().any(|word| name.contains(word.as_str())) {
            run();
        }
    }
}
