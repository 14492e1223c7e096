//! `swatbot backtest` on ten thousand patches: how long it takes, and the most memory that it has at once.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::table;

const PATCHES: usize = 10_000;

pub(crate) fn run() {
    let folder = tempfile::tempdir().expect("a folder");
    table::title("swatbot backtest, windows of our own over and over, each change with a number of its own");
    for patches in [PATCHES / 10, PATCHES] {
        let path = folder.path().join(format!("{patches}.jsonl"));
        let windows = write_windows(&path, patches);
        let (time, most) = play(&path);
        let remark = format!("target < 5 s for {PATCHES}; at most {most}");
        let name = format!("{patches} patches, {windows} windows");
        table::figure(&name, &format!("{:.2} s", time.as_secs_f64()), &remark);
    }
}

/// Writes the windows of the sample again and again until there are so many patches; gives how many windows that is.
fn write_windows(path: &Path, patches: usize) -> usize {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples/backtest/windows.jsonl");
    let sample = fs::read_to_string(sample).expect("the sample is there");
    let sample: Vec<Value> =
        sample.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect();
    let mut file = BufWriter::new(File::create(path).expect("a file"));
    let (mut written, mut windows) = (0, 0);
    for window in sample.iter().cycle() {
        if written >= patches {
            break;
        }
        let mut window = window.clone();
        for patch in window["patches"].as_array_mut().expect("a list") {
            written += 1;
            patch["change"]["_number"] = (1000 + written).into();
        }
        writeln!(file, "{window}").expect("it can be written");
        windows += 1;
    }
    file.flush().expect("it can be written");
    windows
}

/// Plays a file with the program; how long that took, and the most that was resident, as the system counts it.
fn play(path: &Path) -> (Duration, String) {
    let begin = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_swatbot"))
        .arg("backtest")
        .arg(path)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdout(Stdio::null())
        .spawn()
        .expect("the program starts");
    let status = format!("/proc/{}/status", child.id());
    let mut most = None;
    loop {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        most = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).or(most);
        if let Some(ended) = child.try_wait().expect("it can be asked") {
            assert!(ended.success(), "it plays the file");
            break;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let most = most.map_or_else(|| "unknown".to_owned(), |kib| format!("{} MiB", kib.div_ceil(1024)));
    (begin.elapsed(), most)
}
