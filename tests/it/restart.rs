//! The program itself on a pipe, killed at any instant and started again: nothing that was acknowledged is lost, nothing
//! is done twice, and what time brought meanwhile is said once.

mod downtime;
mod full;
mod window;

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use swatbot::engine::id::At;
use swatbot::store::Store;
use tempfile::TempDir;

/// The program with a standing clock. Dropped, it is killed.
pub(crate) struct Program {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    marks: usize,
}

fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("swatbot.db");
    (folder, path)
}

pub(crate) fn when(text: &str) -> At {
    text.parse().unwrap()
}

pub(crate) fn arguments(database: &Path, at: At) -> Vec<String> {
    vec![
        "--config".to_owned(),
        concat!(env!("CARGO_MANIFEST_DIR"), "/windows.toml").to_owned(),
        "--database".to_owned(),
        database.to_str().unwrap().to_owned(),
        "--clock".to_owned(),
        at.to_rfc3339(),
    ]
}

impl Program {
    /// Starts it, and gives what it says before it reads a line.
    fn start(database: &Path, at: At) -> (Self, Vec<String>) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_swatbot"));
        command.args(arguments(database, at));
        Self::of(command)
    }

    pub(crate) fn of(mut command: Command) -> (Self, Vec<String>) {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let stdin = child.stdin.take().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let mut program = Self { child, stdin, stdout, marks: 0 };
        let said = program.mark();
        (program, said)
    }

    /// Writes lines and reads nothing.
    pub(crate) fn write(&mut self, lines: &str) {
        self.stdin.write_all(lines.as_bytes()).unwrap();
        self.stdin.flush().unwrap();
    }

    /// Says a line, and gives the answers. A comment behind it comes back when all of them are there.
    pub(crate) fn say(&mut self, line: &str) -> Vec<String> {
        self.write(&format!("{line}\n"));
        self.mark()
    }

    fn mark(&mut self) -> Vec<String> {
        self.marks += 1;
        let mark = format!("# mark {}", self.marks);
        self.write(&format!("{mark}\n"));
        let mut said = Vec::new();
        loop {
            let mut line = String::new();
            assert!(self.stdout.read_line(&mut line).unwrap() > 0, "the program ended: {said:?}");
            let line = line.trim_end();
            if line == mark {
                return said;
            }
            if line.starts_with("swatbot") {
                said.push(line.to_owned());
            }
        }
    }

    /// Kills it as the machine would, and gives what it had said by then.
    pub(crate) fn kill(mut self) -> Vec<String> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let mut rest = String::new();
        // A line may be cut in the middle of a character.
        let mut bytes = Vec::new();
        self.stdout.read_to_end(&mut bytes).unwrap();
        rest.push_str(&String::from_utf8_lossy(&bytes));
        rest.lines().filter(|line| line.starts_with("swatbot")).map(str::to_owned).collect()
    }

    /// Ends it by a signal: `TERM`.
    pub(crate) fn end_by(mut self, signal: &str) {
        let script = format!("kill -{signal} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &script]).status().unwrap().success());
        assert!(!self.child.wait().unwrap().success(), "{signal} ends it");
    }

    /// Closes the pipe and lets it end, and gives all that it printed by then, the lines that it was given too.
    pub(crate) fn end_and_show(mut self) -> Vec<String> {
        drop(self.stdin);
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        assert!(self.child.wait().unwrap().success());
        rest.lines().map(str::to_owned).collect()
    }

    /// Closes the pipe and lets it end.
    pub(crate) fn end(mut self) {
        drop(self.stdin);
        assert!(self.child.wait().unwrap().success());
    }
}

/// Numbers that look random and are the same in every run.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

#[test]
fn a_second_program_on_the_same_log_is_refused_by_name() {
    let (_folder, path) = place();
    let at = when("2026-11-23T12:00:00Z");
    let (mut first, _) = Program::start(&path, at);
    let second = Command::new(env!("CARGO_BIN_EXE_swatbot"))
        .args(arguments(&path, at))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(second.status.code(), Some(1));
    assert!(second.stdout.is_empty());
    let why = String::from_utf8(second.stderr).unwrap();
    assert!(why.contains(path.to_str().unwrap()) && why.contains("in use"), "{why}");
    assert!(why.contains(&first.child.id().to_string()), "{why}");
    let said = first.say("!log the first one goes on");
    assert_eq!(said, ["swatbot> alice: logged L2"]);
    first.kill();
    // Its lock went with it.
    let (third, _) = Program::start(&path, at);
    third.end();
}

#[test]
fn a_stop_by_signal_leaves_a_log_that_opens() {
    for signal in ["TERM", "INT", "HUP"] {
        let (_folder, path) = place();
        let (mut program, _) = Program::start(&path, when("2026-11-23T12:00:00Z"));
        let mut rows = 0;
        for number in 1..=5 {
            let said = program.say(&format!("!log row {number}"));
            assert_eq!(said, [format!("swatbot> alice: logged L{}", number + 1)]);
            rows = number + 1;
        }
        // One more is under way when the signal comes.
        program.write("!log one more\n");
        let sent = Command::new("sh")
            .args(["-c", &format!("kill -{signal} {}", program.child.id())])
            .status()
            .unwrap();
        assert!(sent.success());
        assert!(!program.child.wait().unwrap().success(), "{signal} ends it");
        let store = Store::open(&path).unwrap();
        assert!(store.last().0 >= rows && store.last().0 <= rows + 1, "{signal}: {}", store.last().0);
        assert_eq!(store.load_state().unwrap().row, store.last().0);
    }
}
