//! The program as a whole: from the start to ready with a long log, and what it holds in memory while nothing happens.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use swatbot::bot::Bot;
use swatbot::store::Store;

use crate::scene::{settings, write_log};
use crate::table;

const ROWS: usize = 100_000;

pub(crate) fn start() {
    let settings = settings();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("swatbot.db");
    let at = write_log(&path, &settings, ROWS);
    table::title(&format!("start to ready, {ROWS} rows, a window with six patches is on"));
    for name in ["first start", "second start"] {
        let begin = Instant::now();
        let store = Store::open(&path).expect("the log opens");
        let opened = begin.elapsed();
        let rows = store.last().0;
        let (bot, said) = Bot::open(settings.clone(), store, at).expect("the log is read");
        let ready = begin.elapsed();
        assert!(rows >= ROWS as i64, "{rows} rows");
        assert_eq!(bot.state().windows.len(), 1, "one window is open");
        assert_eq!(said.replies.len(), 1, "one line for each open window");
        let parts = format!(
            "target < 300; of it to open and check the file {:.0} ms, to replay {:.1} ms",
            milliseconds(opened),
            milliseconds(ready.saturating_sub(opened))
        );
        table::figure(name, &format!("{:.0} ms", milliseconds(ready)), &parts);
    }
    let (empty, long) = (ready(&folder.path().join("new.db")), ready(&path));
    table::figure("program, empty log, to 1st answer", &format!("{empty:.0} ms"), "spawned, on a pipe");
    table::figure("program, this log, to 1st answer", &format!("{long:.0} ms"), "");
    memory_at("idle memory, this log", &path);
}

pub(crate) fn memory() {
    table::title("idle memory of the program (VmRSS), default configuration, on a pipe that stays open");
    let folder = tempfile::tempdir().expect("a folder");
    memory_at("idle memory, empty log", &folder.path().join("swatbot.db"));
}

/// The program as the benchmark was built with it, with its answer to one line read.
fn spawn(database: &Path) -> std::process::Child {
    let mut child = Command::new(env!("CARGO_BIN_EXE_swatbot"))
        .args(["--config", concat!(env!("CARGO_MANIFEST_DIR"), "/windows.toml"), "--database"])
        .arg(database)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let stdin = child.stdin.as_mut().expect("it reads");
    stdin.write_all(b"!swat queue\n").expect("it reads a line");
    let stdout = child.stdout.as_mut().expect("it writes");
    let mut lines = BufReader::new(stdout).lines().map(|line| line.expect("text"));
    let answered = lines.any(|line| line.starts_with("swatbot> alice"));
    assert!(answered, "it answers");
    child
}

fn end(mut child: std::process::Child) {
    drop(child.stdin.take());
    child.wait().expect("it ends");
}

fn ready(database: &Path) -> f64 {
    let begin = Instant::now();
    let child = spawn(database);
    let time = begin.elapsed();
    end(child);
    milliseconds(time)
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn memory_at(name: &str, database: &Path) {
    let child = spawn(database);
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    end(child);
    let field = |key: &str| -> Option<f64> {
        let line = status.lines().find_map(|line| line.strip_prefix(key))?;
        Some(line.split_whitespace().next()?.parse::<f64>().ok()? / 1024.0)
    };
    match field("VmRSS:") {
        Some(all) => {
            let own = field("RssAnon:").unwrap_or_default();
            let parts = format!("target < 20; {own:.1} MiB its own, the rest is the program file");
            table::figure(name, &format!("{all:.1} MiB"), &parts);
        }
        None => table::figure(name, "unknown", "this system has no /proc"),
    }
}
