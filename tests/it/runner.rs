//! Commands of steps, as real processes: whatever one does, it ends, nothing of it stays, and what it wrote can be read.

use std::fs;
use std::path::Path;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use swatbot::engine::id::RowId;
use swatbot::engine::{Ended, How, Left, Run};
use swatbot::runner::{self, Command, Marks};
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

/// A command of row 41 is at work, and whoever started it is gone.
fn left_at_work(folder: &Path, script: &str) -> (Marks, Left) {
    let (row, time) = (RowId(41), TimeDelta::zero());
    let marks = Marks::beside(&folder.join("log.db"));
    let argv = ["/bin/sh", "-c", script, "step", folder.to_str().unwrap()].map(str::to_owned).to_vec();
    let run = Run { row, argv, timeout: TimeDelta::minutes(1), kill_after: time };
    let command = marks.command(run);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (_keep, stop) = oneshot::channel();
    let begun = folder.join("begun");
    runtime.block_on(async {
        tokio::select! {
            ended = runner::run(&command, LONG, stop, drop) => panic!("{ended:?}"),
            () = async { while !begun.exists() { tokio::task::yield_now().await } } => {}
        }
    });
    (marks, Left { row, timeout: LEFT_ALONE, kill_after: TimeDelta::milliseconds(300) })
}

const LEFT_ALONE: TimeDelta = TimeDelta::hours(1);

/// What a command may do so that it is not found by the one sign or the other; each says who it is.
const HIDING: [&str; 5] = [
    "echo $$ > $1/begun; exec sleep 1000",
    "exec > /dev/null 2>&1; echo $$ > $1/begun; exec sleep 1000",
    "echo $$ > $1/begun; exec env -i sleep 1000",
    "timeout 1000 sh -c 'echo $$ > $0/begun; exec sleep 1000' $1 > /dev/null 2>&1 & while :; do sleep 0.01; done",
    "trap '' TERM; sleep 1000 & echo $! > $1/begun; while :; do wait; done",
];

#[test]
fn what_is_left_at_work_is_seen_and_ended_whatever_it_does() {
    for script in HIDING {
        let folder = tempfile::tempdir().unwrap();
        let (marks, left) = left_at_work(folder.path(), script);
        assert_eq!(marks.at_work(), [left.row], "{script}");
        let begun = || fs::read_to_string(folder.path().join("begun")).unwrap();
        // The file is there a moment before what is written into it.
        while begun().is_empty() {
            std::thread::yield_now();
        }
        let process = begun().trim().to_owned();
        assert!(is_there(&process), "{script}");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (stop, stopped) = oneshot::channel();
        stop.send(()).unwrap();
        assert_eq!(runtime.block_on(runner::see_out(&marks, &left, stopped)), None, "{script}");
        gone(&process);
        assert_eq!(marks.at_work(), [], "{script}");
    }
}

/// A daemon that a step has started again: its session and its files are its own, only the environment is the step's.
const DAEMON: &str =
    "setsid sh -c 'echo $$ > $0/daemon; mv $0/daemon $0/begun; exec sleep 1000' $1 > /dev/null 2>&1 &";

#[test]
fn a_daemon_that_a_step_has_started_again_is_no_step_and_goes_on() {
    for (ends, rest) in
        [(false, "while :; do sleep 0.01; done"), (true, "while [ ! -e $1/end ]; do sleep 0.01; done")]
    {
        let folder = tempfile::tempdir().unwrap();
        let (marks, left) = left_at_work(folder.path(), &format!("{DAEMON} {rest}"));
        let daemon = fs::read_to_string(folder.path().join("begun")).unwrap().trim().to_owned();
        assert_eq!(marks.at_work(), [left.row], "the step itself is at work");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (stop, stopped) = oneshot::channel();
        if ends {
            touch(&folder.path().join("end"));
        } else {
            stop.send(()).unwrap();
        }
        assert_eq!(runtime.block_on(runner::see_out(&marks, &left, stopped)), None, "{rest}");
        assert_eq!(marks.at_work(), [], "{rest}");
        assert!(is_there(&daemon), "{rest}");
        std::process::Command::new("kill").args(["-KILL", &daemon]).status().unwrap();
    }
}

#[test]
fn what_leaves_its_group_may_go_on_to_print_after_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let script = "setsid sh -c 'while [ ! -e $0/on ]; do sleep 0.01; done
        yes | head -c 1000000 && touch $0/through' $1 &";
    let argv = ["/bin/sh", "-c", script, "step", folder.path().to_str().unwrap()].map(str::to_owned).to_vec();
    let time = TimeDelta::minutes(1);
    let marks = Marks::beside(&folder.path().join("log.db"));
    let ended = run(&marks.command(Run { row: RowId(41), argv, timeout: time, kill_after: time }));
    assert_eq!(ended.how, How::Exit(0));
    assert!(ended.output.contains("is still running"), "{}", ended.output);
    touch(&folder.path().join("on"));
    let began = Instant::now();
    while !folder.path().join("through").exists() {
        assert!(began.elapsed() < LONG, "it waits for somebody to read");
        std::thread::yield_now();
    }
}

#[test]
fn what_prints_without_end_is_at_work() {
    let folder = tempfile::tempdir().unwrap();
    let marks = Marks::beside(&folder.path().join("log.db"));
    fs::create_dir(folder.path().join("log.db.steps")).unwrap();
    // It is never empty and never at its end.
    std::os::unix::fs::symlink("/dev/zero", folder.path().join("log.db.steps/L41")).unwrap();
    let (tell, told) = channel();
    std::thread::spawn(move || tell.send(marks.at_work()));
    assert_eq!(told.recv_timeout(LONG), Ok(vec![RowId(41)]));
}

/// The process below, which can make no thread.
const ALONE: &str = "SWATBOT_TEST_ALONE";

#[test]
fn what_cannot_be_watched_is_told() {
    if let Some(folder) = std::env::var_os(ALONE) {
        let marks = Marks::beside(&Path::new(&folder).join("log.db"));
        let left = Left { row: RowId(41), timeout: LEFT_ALONE, kill_after: LEFT_ALONE };
        let (_keep, stop) = oneshot::channel();
        let (tell, told) = channel();
        runner::watch(marks, left, stop, move |still| tell.send(still).unwrap());
        let still = told.recv_timeout(LONG).unwrap().unwrap();
        assert!(still.contains(" sleep, which I cannot watch ("), "{still}");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (marks, left) = left_at_work(folder.path(), HIDING[0]);
    let mut alone = std::process::Command::new(std::env::current_exe().unwrap());
    alone.args(["--exact", "runner::what_cannot_be_watched_is_told", "--test-threads=1"]);
    // No machine has that much room for the stack of a thread.
    let ran =
        alone.env(ALONE, folder.path()).env("RUST_MIN_STACK", (1_u64 << 50).to_string()).output().unwrap();
    let told = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success() && told.contains("1 passed"), "{told}");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (stop, stopped) = oneshot::channel();
    stop.send(()).unwrap();
    assert_eq!(runtime.block_on(runner::see_out(&marks, &left, stopped)), None);
}

#[test]
fn what_is_left_at_work_has_the_time_that_it_had() {
    let folder = tempfile::tempdir().unwrap();
    let (marks, left) = left_at_work(folder.path(), HIDING[4]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (_keep, stop) = oneshot::channel();
    let left = Left { timeout: TimeDelta::zero(), ..left };
    assert_eq!(runtime.block_on(runner::see_out(&marks, &left, stop)), None);
    assert_eq!(marks.at_work(), []);
}

#[test]
fn what_is_left_at_work_may_print_as_much_as_it_likes_and_ends_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    // More than a pipe holds, so it waits until somebody reads, and is not ended by it.
    let script = "touch $1/begun; while [ ! -e $1/alone ]; do sleep 0.01; done
        echo line && touch $1/wrote && yes | head -c 1000000 && touch $1/through";
    let (marks, left) = left_at_work(folder.path(), script);
    touch(&folder.path().join("alone"));
    let began = Instant::now();
    while !folder.path().join("wrote").exists() {
        assert!(began.elapsed() < LONG, "it was ended by what it wrote");
        std::thread::yield_now();
    }
    assert!(!folder.path().join("through").exists());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (_keep, stop) = oneshot::channel();
    assert_eq!(runtime.block_on(runner::see_out(&marks, &left, stop)), None);
    assert!(folder.path().join("through").exists());
}

#[test]
fn a_mark_is_there_as_long_as_its_command_and_no_other_starts_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let (marks, left) = left_at_work(folder.path(), HIDING[0]);
    let run = |argv: &[&str]| {
        let argv = argv.iter().map(|word| (*word).to_owned()).collect();
        let (row, time) = (left.row, TimeDelta::minutes(1));
        run(&marks.command(Run { row, argv, timeout: time, kill_after: time }))
    };
    let How::NotStarted(why) = run(&["/bin/true"]).how else { panic!("it was started") };
    assert!(why.contains("L41") && why.contains("exists"), "{why}");
    let begun = || fs::read_to_string(folder.path().join("begun")).unwrap();
    // The file is there a moment before what is written into it.
    while begun().is_empty() {
        std::thread::yield_now();
    }
    let process = begun();
    std::process::Command::new("kill").args(["-KILL", process.trim()]).status().unwrap();
    gone(process.trim());
    // What was left of the mark is in nobody's way.
    let ended = run(&["/usr/bin/env"]);
    assert_eq!(ended.how, How::Exit(0));
    let mark = folder.path().join("log.db.steps/L41");
    assert!(ended.output.contains(&format!("SWATBOT_STEP={}\n", mark.display())), "{}", ended.output);
    assert!(!mark.exists());
    assert_eq!(
        run(&["/nowhere/scap"]).how,
        How::NotStarted("/nowhere/scap: there is no such program".to_owned())
    );
    assert!(!mark.exists());
}

fn touch(path: &Path) {
    fs::write(path, "").unwrap();
}
