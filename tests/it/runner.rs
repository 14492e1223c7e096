//! Commands of steps, as real processes: whatever one does, it ends, nothing of it stays, and what it wrote can be read.

use std::fs;
use std::path::Path;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use swatbot::engine::{Ended, How};
use swatbot::runner::{self, Command};
use tokio::sync::oneshot;

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(300);

fn command(argv: &[&str], timeout: Duration) -> Command {
    let argv = argv.iter().map(|word| (*word).to_owned()).collect();
    Command { argv, timeout, kill_after: SHORT, mark: None }
}

fn shell(script: &str, timeout: Duration) -> Command {
    command(&["/bin/sh", "-c", script], timeout)
}

/// Runs it with nobody who could stop it.
fn run(command: &Command) -> Ended {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (_keep, stop) = oneshot::channel();
    runtime.block_on(runner::run(command, LONG, stop, drop))
}

fn is_there(process: &str) -> bool {
    // What has ended and was not reaped yet is no process any more.
    fs::read_to_string(format!("/proc/{process}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

/// Waits until a process is gone.
fn gone(process: &str) {
    let began = Instant::now();
    while is_there(process) {
        assert!(began.elapsed() < LONG, "{process} is still there");
        std::thread::yield_now();
    }
}

/// Whether a file of this very process is handed on to everything it starts.
fn was_left_open(file: &str) -> bool {
    const CLOSE_ON_EXEC: u32 = 0o2_000_000;
    let info = fs::read_to_string(format!("/proc/self/fdinfo/{file}")).unwrap_or_default();
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
    flags.is_some_and(|flags| u32::from_str_radix(flags.trim(), 8).unwrap() & CLOSE_ON_EXEC == 0)
}

#[test]
fn every_argument_arrives_as_it_is() {
    let hostile = ["%s\\n", "a  b", "$(id)", "`id`", "; rm -rf /", "*", "-n", "", "${IFS}", "'\"\\"];
    let argv: Vec<&str> = ["/usr/bin/printf"].into_iter().chain(hostile).collect();
    let ended = run(&command(&argv, LONG));
    assert_eq!(ended.how, How::Exit(0));
    assert_eq!(ended.output.lines().collect::<Vec<_>>(), hostile[1..]);
    assert_eq!(ended.cut, 0);
}

#[test]
fn it_inherits_nothing_and_reads_nothing() {
    let ended = run(&command(&["/usr/bin/env"], LONG));
    let names: Vec<&str> = ended.output.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    assert!(names.iter().all(|name| ["PATH", "LANG", "HOME", "PWD"].contains(name)), "{names:?}");
    // Whoever started the tests may have left something open for everybody. The last one is the folder that is listed.
    let ended = run(&command(&["/bin/ls", "/proc/self/fd"], LONG));
    let strange = |file: &&str| !["0", "1", "2", "3"].contains(file) && !was_left_open(file);
    let strange: Vec<&str> = ended.output.split_whitespace().filter(strange).collect();
    assert!(strange.is_empty(), "{strange:?}");
    let ended = run(&shell("cat; pwd; cut -d' ' -f5 /proc/self/stat; echo $$", LONG));
    let lines: Vec<&str> = ended.output.lines().collect();
    let [folder, group, process] = lines[..] else { panic!("{lines:?}") };
    assert_eq!(folder, "/");
    assert_eq!(group, process, "it leads a group of its own");
}

#[test]
fn how_it_ended_is_told_apart() {
    assert_eq!(run(&shell("echo to both >&2; exit 3", LONG)).how, How::Exit(3));
    assert_eq!(run(&shell("kill -KILL $$", LONG)).how, How::Signal(9));
    let folder = tempfile::tempdir().unwrap();
    let plain = folder.path().join("plain.txt");
    fs::write(&plain, "no program").unwrap();
    let plain = plain.to_str().unwrap();
    for (program, why) in [
        ("/nowhere/scap".to_owned(), "/nowhere/scap: there is no such program".to_owned()),
        ("scap".to_owned(), "scap is no absolute path".to_owned()),
        (plain.to_owned(), format!("{plain} may not be run")),
    ] {
        assert_eq!(run(&command(&[&program], LONG)).how, How::NotStarted(why));
    }
}

#[test]
fn what_ignores_term_is_killed_with_everything_it_has_started() {
    let ended = run(&shell("trap '' TERM; sleep 1000 & echo $! $$; while :; do wait; done", SHORT));
    assert_eq!(ended.how, How::TimedOut);
    let processes: Vec<&str> = ended.output.split_whitespace().collect();
    assert_eq!(processes.len(), 2, "{}", ended.output);
    processes.into_iter().for_each(gone);
}

#[test]
fn what_hears_term_may_clean_up() {
    let ended =
        run(&shell("trap 'echo cleaned up; exit 7' TERM; echo waiting; while :; do sleep 0.01; done", SHORT));
    assert_eq!(ended.how, How::TimedOut, "whatever it says then, its time was up");
    let output = &ended.output;
    assert!(output.starts_with("waiting\n") && output.ends_with("cleaned up\n"), "{output}");
}

#[test]
fn who_keeps_the_pipe_open_holds_up_nothing() {
    let began = Instant::now();
    let ended = run(&shell("sleep 1000 & echo $!", LONG));
    assert!(began.elapsed() < LONG / 2, "{:?}", began.elapsed());
    assert_eq!(ended.how, How::Exit(0));
    let (process, note) = ended.output.split_once('\n').unwrap();
    assert_eq!(note, "what it had started was still running, and was killed");
    gone(process);
}

#[test]
fn what_leaves_its_group_is_named() {
    let ended = run(&shell("setsid sh -c 'echo $$; exec sleep 1000' & wait $!; exit 4", SHORT));
    let (process, note) = ended.output.split_once('\n').unwrap();
    assert!(is_there(process));
    std::process::Command::new("kill").args(["-KILL", process]).status().unwrap();
    assert_eq!(ended.how, How::TimedOut);
    assert_eq!(note, "something it had started left its process group and is still running");
}

#[test]
fn of_a_gigabyte_the_beginning_and_the_end_are_kept() {
    let ended = run(&shell("echo first; yes | head -c 1073741824; echo last", LONG * 5));
    assert_eq!(ended.how, How::Exit(0));
    assert_eq!(ended.cut, (1 << 30) + 6 + 5 - (64 << 10));
    assert!(ended.output.len() <= (64 << 10) + 5, "{}", ended.output.len());
    assert!(ended.output.starts_with("first\ny\ny\n") && ended.output.ends_with("y\ny\nlast\n"));
    assert_eq!(ended.output.matches('…').count(), 1);
}

#[test]
fn what_it_writes_is_made_fit_to_be_read() {
    let hostile = r"\033[1;31mred\033[0m \000 \033]0;title\007 \377\376 caf\303\251 50%%\r\n10%%\r20%%\r\033c\b \302\205";
    let ended = run(&command(&["/usr/bin/printf", hostile], LONG));
    assert_eq!(ended.output, "red \\x00  \u{FFFD}\u{FFFD} café 50%\n10%\n20%\n\\x1bc\\x08 \\x85");
}

#[test]
fn what_is_to_stop_stops() {
    let (said, heard) = channel();
    let (tell_end, ended) = channel();
    let (stop, stopped) = oneshot::channel();
    let script = "trap 'echo stopped; exit 9' TERM; echo here; while :; do sleep 0.01; done";
    let live = Duration::from_millis(20);
    let tell = move |line| drop(said.send(line));
    runner::start(shell(script, LONG), live, stopped, tell, move |ended| drop(tell_end.send(ended)));
    assert_eq!(heard.recv_timeout(LONG).unwrap(), "here");
    stop.send(()).unwrap();
    let ended = ended.recv_timeout(LONG).unwrap();
    assert_eq!(ended.how, How::Exit(9));
    assert!(ended.output.ends_with("stopped\n"), "{}", ended.output);
}

#[test]
fn while_it_runs_its_last_line_is_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let go = folder.path().join("go");
    let wait = format!("while [ ! -e {} ]; do sleep 0.01; done", go.display());
    // What is not at the end of its line yet is not told, and neither is an empty line.
    let script = format!("printf 'one\n10%%\r20%%\r\n\n\\033[32m30'; {wait}; printf '%%\n'; sleep 1000");
    let (said, heard) = channel();
    let (tell_end, ended) = channel();
    let (stop, stopped) = oneshot::channel();
    let live = Duration::from_millis(20);
    let tell = move |line| drop(said.send(line));
    runner::start(shell(&script, LONG), live, stopped, tell, move |ended| drop(tell_end.send(ended)));
    assert_eq!(heard.recv_timeout(LONG).unwrap(), "20%");
    touch(&go);
    assert_eq!(heard.recv_timeout(LONG).unwrap(), "30%");
    stop.send(()).unwrap();
    assert_eq!(ended.recv_timeout(LONG).unwrap().how, How::Signal(15));
    assert!(heard.recv().is_err(), "nothing is told twice, and nothing after the end");
}

#[test]
fn of_many_lines_a_few_are_told() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (_keep, stop) = oneshot::channel();
    let (live, mut told) = (Duration::from_millis(50), 0);
    let began = Instant::now();
    let ended =
        runtime.block_on(runner::run(&command(&["/usr/bin/seq", "1e12"], SHORT), live, stop, |_| told += 1));
    assert_eq!(ended.how, How::TimedOut);
    assert!(told > 0 && told <= began.elapsed().as_millis() / live.as_millis(), "{told}");
}

fn touch(path: &Path) {
    fs::write(path, "").unwrap();
}
