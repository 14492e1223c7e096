//! The sources of measurements, as a configuration names them, on servers of the test's own.

mod address;
mod pages;
mod program;
mod prometheus;
mod search;

use std::path::Path;

use swatbot::config;
use swatbot::engine::Measured;
use swatbot::health::Checks;

use super::config::GOOD;

/// Every network of the tests.
const HERE: &str = "networks = [\"127.0.0.0/8\"]";

/// The check called `it`, of these lines.
fn check(lines: &str) -> Checks {
    try_check(lines).unwrap()
}

fn try_check(lines: &str) -> Result<Checks, String> {
    let text = format!("{GOOD}[[check]]\nid = \"it\"\n{lines}\n");
    let config = config::parse(&text, Path::new("/")).unwrap_or_else(|faults| panic!("{faults}"));
    Checks::new(&config.checks)
}

/// One sample of it.
fn measure(checks: &Checks) -> Result<Measured, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(checks.measure("it"))
}
