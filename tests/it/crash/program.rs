//! The program itself, killed while the command of a step runs: the command goes on or not, and is never started again.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use swatbot::engine::id::At;
use swatbot::engine::words::duration;
use swatbot::runner::Marks;
use tempfile::TempDir;

use crate::restart::{Chance, Program, when};

const LONG: Duration = Duration::from_secs(60);

/// What a step does: it leaves a line, prints all the while it waits to be let go, and leaves a line again. What cannot be
/// printed ends it, and when it is told to end, it takes its time.
const SCRIPT: &str = r#"set -e
echo "$2 $3" >> "$1/runs"
trap 'sleep 0.2; echo told >> "$1/runs"; exit 1' TERM
while [ ! -e "$1/go" ]; do echo still at it; sleep 0.01 || true; done
echo end >> "$1/runs"
"#;

/// A folder with a configuration whose steps wait until they are let go.
struct Scene {
    folder: TempDir,
    at: At,
    program: Option<Program>,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().display().to_string();
        let transcripts = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/transcripts");
        let text = fs::read_to_string(Path::new(transcripts).join("windows-run.toml")).unwrap();
        let text = text.replace("run-changes", &format!("{transcripts}/run-changes"));
        let stage = |name: &str| {
            let run = |word: &str| {
                format!("[\"/bin/sh\", \"{place}/step.sh\", \"{place}\", \"{word}\", \"{{stage}}\"]")
            };
            format!("{{ step = \"{name}\", run = {}, back = {} }}", run("sync"), run("back"))
        };
        let steps = format!("[\"review\", \"merge\", {}, {}]", stage("canaries"), stage("production"));
        fs::write(
            folder.path().join("windows.toml"),
            format!("{text}\n[[plan]]\nfor = \"config\"\nsteps = {steps}\n"),
        )
        .unwrap();
        fs::write(folder.path().join("step.sh"), SCRIPT).unwrap();
        fs::write(folder.path().join("runs"), "").unwrap();
        let mut scene = Self { folder, at: when("2026-11-23T13:59:00Z"), program: None };
        scene.start();
        scene
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn start(&mut self) -> Vec<String> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_swatbot"));
        command.arg("--config").arg(self.file("windows.toml")).arg("--clock").arg(self.at.to_rfc3339());
        let (program, said) = Program::of(command);
        self.program = Some(program);
        said
    }

    fn say(&mut self, line: &str) -> Vec<String> {
        if let Some(time) = line.strip_prefix('+') {
            self.at += duration(time).unwrap();
        }
        self.program.as_mut().unwrap().say(line)
    }

    /// To the step that puts the patch on the canaries.
    fn reach_canaries(&mut self) {
        for line in ["bob> !swat add 900101", "alice> !swat claim", "+1m", "alice> !swat start"] {
            self.say(line);
        }
        self.say("alice> !swat check 900101 deployer");
        let said = self.say("/change 900101 merged");
        assert!(said.iter().any(|said| said.contains("\"!swat go 3\"")), "{said:?}");
    }

    /// The commands that were started.
    fn runs(&self) -> Vec<String> {
        let runs = fs::read_to_string(self.file("runs")).unwrap();
        runs.lines().filter(|line| !["end", "told"].contains(line)).map(str::to_owned).collect()
    }

    /// All lines that they left.
    fn lines(&self) -> Vec<String> {
        fs::read_to_string(self.file("runs")).unwrap().lines().map(str::to_owned).collect()
    }

    /// In the middle of the sync of the canaries the program is ended by a signal, and starts again: what it says then.
    fn ended_in_the_middle(&mut self, signal: &str) -> Vec<String> {
        self.reach_canaries();
        self.program.as_mut().unwrap().write("alice> !swat go 3\n");
        self.until("the command runs", |scene| scene.runs() == ["sync canaries"]);
        self.program.take().unwrap().end_by(signal);
        self.start()
    }

    fn until(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let began = Instant::now();
        while !is_so(self) {
            assert!(began.elapsed() < LONG, "{what} never");
            std::thread::yield_now();
        }
    }
}

/// As the machine would; as somebody would who stops it; as a watchdog would that hears nothing any more.
const SIGNALS: [&str; 3] = ["KILL", "TERM", "ABRT"];

#[test]
fn f4_f33_f38_whatever_ends_it_while_a_step_runs_the_step_runs_on_and_a_person_is_asked_of_it() {
    for signal in SIGNALS {
        let mut scene = Scene::new();
        let said = scene.ended_in_the_middle(signal);
        let [back] = &said[..] else { panic!("{signal}: {said:?}") };
        assert!(back.contains("step 3") && back.contains("still runs"), "{signal}: {back}");
        assert!(back.contains("\"!swat rollback 900101\" ends it"), "{back}");
        for refused in ["rerun", "go 3", "done 3 it is there", "failed it hangs"] {
            let said = scene.say(&format!("alice> !swat {refused}"));
            assert!(said[0].contains("step 3 still runs") && said[0].ends_with("[running]"), "{said:?}");
        }
        scene.say("+5m");
        // It was left alone, and what it prints did not end it.
        assert_eq!(scene.lines(), ["sync canaries"], "{signal}");
        fs::write(scene.file("go"), "").unwrap();
        scene.until("the command ends", |scene| scene.lines() == ["sync canaries", "end"]);
        let began = Instant::now();
        let asked = loop {
            // Time passes by itself where no script is played.
            let said = scene.say("+1s");
            if let Some(asked) = said.into_iter().find(|said| said.contains("UNKNOWN")) {
                break asked;
            }
            assert!(began.elapsed() < LONG, "nobody is asked");
        };
        for way in ["has ended", "\"!swat done 3\"", "\"!swat rerun\"", "\"!swat rollback 900101\""] {
            assert!(asked.contains(way), "{asked}");
        }
        let said = scene.say("alice> !swat done 3 it is there");
        assert!(said.iter().any(|said| said.contains("go 4")), "{said:?}");
        scene.say("+15s");
        scene.say("alice> !swat go 4");
        assert_eq!(scene.runs(), ["sync canaries", "sync production"]);
        scene.program.take().unwrap().end();
    }
}

#[test]
fn what_is_typed_while_a_step_runs_stands_behind_what_came_of_it() {
    let mut scene = Scene::new();
    scene.reach_canaries();
    let mut program = scene.program.take().unwrap();
    program.write("alice> !swat go 3\nalice> !swat steps\n");
    scene.until("the command runs", |scene| scene.runs() == ["sync canaries"]);
    program.write("alice> !swat status\n");
    fs::write(scene.file("go"), "").unwrap();
    let lines = program.end_and_show();
    let heads = [
        "alice> !swat go 3",
        "swatbot> alice: 900101 step 3: canaries started",
        "swatbot! alice: 900101 is on canaries",
        "alice> !swat steps",
        "swatbot> alice: ",
        "alice> !swat status",
        "swatbot> alice: 2026-11-23/morning is on",
    ];
    assert_eq!(lines.len(), heads.len(), "{lines:#?}");
    for (line, head) in lines.iter().zip(heads) {
        assert!(line.starts_with(head), "{head:?} is not in its place: {lines:#?}");
    }
    // What it printed is in the log, all of it.
    let mut log = Command::new(env!("CARGO_BIN_EXE_swatbot"));
    log.arg("--config").arg(scene.file("windows.toml")).args(["log", "kind", "step-ran", "--json"]);
    let rows = String::from_utf8(log.output().unwrap().stdout).unwrap();
    let row: serde_json::Value = serde_json::from_str(rows.lines().next().unwrap()).unwrap();
    let output = row["detail"]["ended"]["output"].as_str().unwrap_or_else(|| panic!("{row}"));
    assert!(output.lines().all(|line| line == "still at it") && !output.is_empty(), "{output}");
    assert_eq!(row["detail"]["ended"]["how"]["exit"], 0);
}

#[test]
fn what_ended_while_the_program_was_away_is_run_again_by_a_word_alone() {
    for signal in SIGNALS {
        let mut scene = Scene::new();
        scene.reach_canaries();
        scene.program.as_mut().unwrap().write("alice> !swat go 3\n");
        scene.until("the command runs", |scene| scene.runs() == ["sync canaries"]);
        scene.program.take().unwrap().end_by(signal);
        fs::write(scene.file("go"), "").unwrap();
        scene.until("the command ends", |scene| scene.lines() == ["sync canaries", "end"]);
        scene.until("nothing is left of it", |scene| {
            Marks::beside(&scene.file("swatbot.db")).at_work().is_empty()
        });
        let said = scene.start();
        let [back] = &said[..] else { panic!("{signal}: {said:?}") };
        assert!(back.contains("UNKNOWN") && back.contains("\"!swat rerun\""), "{back}");
        scene.say("+5m");
        assert_eq!(scene.lines(), ["sync canaries", "end"], "{signal}");
        scene.say("alice> !swat rerun");
        assert_eq!(scene.lines(), ["sync canaries", "end", "sync canaries", "end"]);
        scene.program.take().unwrap().end();
    }
}

#[test]
fn a_rollback_ends_what_an_earlier_program_left_at_work_and_only_then_begins() {
    for signal in SIGNALS {
        let mut scene = Scene::new();
        scene.ended_in_the_middle(signal);
        let said = scene.program.as_mut().unwrap();
        said.write("alice> !swat rollback 900101 errors\n");
        scene.until("the way back begins", |scene| scene.lines().len() > 2);
        assert_eq!(scene.lines(), ["sync canaries", "told", "back canaries"], "{signal}");
        fs::write(scene.file("go"), "").unwrap();
        let said = scene.say("alice> !swat status");
        assert!(said.iter().any(|said| said.contains("off all hosts")), "{said:?}");
        assert_eq!(scene.lines(), ["sync canaries", "told", "back canaries", "end"]);
        scene.program.take().unwrap().end();
    }
}

#[test]
fn killed_at_any_instant_of_a_go_it_runs_once_at_most() {
    let mut chance = Chance(7);
    let (mut ran, mut unknown) = (0, 0);
    for _ in 0..10 {
        let mut scene = Scene::new();
        fs::write(scene.file("go"), "").unwrap();
        scene.reach_canaries();
        let mut program = scene.program.take().unwrap();
        program.write("alice> !swat go 3\n");
        let wait = Duration::from_micros(chance.below(15_000));
        let began = Instant::now();
        while began.elapsed() < wait {
            std::hint::spin_loop();
        }
        program.kill();
        let said = scene.start();
        let is_unknown = said.iter().any(|said| said.contains("rerun") || said.contains("still runs"));
        let began = Instant::now();
        // What was started before the kill may still be about to write.
        while scene.runs().is_empty() && is_unknown && began.elapsed() < Duration::from_millis(300) {
            std::thread::yield_now();
        }
        let runs = scene.runs();
        assert!(runs.len() <= 1, "{runs:?}");
        let steps = scene.say("alice> !swat steps 900101");
        // Whatever was started is on the record: it is done, or nobody knows.
        let is_done = steps.iter().any(|said| said.contains("3 canaries done"));
        assert!(runs.is_empty() || is_unknown || is_done, "{said:?} {steps:?}");
        ran += runs.len();
        unknown += usize::from(is_unknown);
        scene.say("+10m");
        assert!(scene.runs().len() <= 1);
        scene.program.take().unwrap().end();
    }
    assert!(ran > 0, "none was started before its end, of {unknown} unknown");
}
