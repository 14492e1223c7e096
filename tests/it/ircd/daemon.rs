//! A program that runs beside a test, and is killed when the test is over, however it ends.

#[cfg(feature = "matrix")]
use std::io::Write;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

/// How long anything is waited for. It is never waited out but where something is wrong.
pub(crate) const LONG_ENOUGH: Duration = Duration::from_secs(30);

/// A running program and what it printed. Dropped, it is killed.
pub(crate) struct Daemon {
    child: Child,
    lines: Receiver<String>,
    /// Every line so far, of both outputs.
    pub(crate) printed: Vec<String>,
}

impl Daemon {
    /// Starts a server, under a user that is nobody where the tests are root's: services refuse to be root.
    pub(crate) fn server(program: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new("setpriv");
        if is_root() {
            command.args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"]);
        }
        Self::of(command, Stdio::null(), program, arguments)
    }

    /// Starts a program that is ours.
    pub(crate) fn program(program: &str, arguments: &[&str]) -> Self {
        Self::of(Command::new("setpriv"), Stdio::null(), program, arguments)
    }

    /// The same for one that reads lines.
    #[cfg(feature = "matrix")]
    pub(crate) fn listening(program: &str, arguments: &[&str]) -> Self {
        Self::of(Command::new("setpriv"), Stdio::piped(), program, arguments)
    }

    /// The kernel kills it when the thread of the test ends, so that not even an aborted test leaves it behind.
    fn of(mut command: Command, input: Stdio, program: &str, arguments: &[&str]) -> Self {
        command.args(["--pdeathsig", "KILL", program]).args(arguments);
        command.stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let (told, lines) = channel();
        collect(child.stdout.take().unwrap(), told.clone());
        collect(child.stderr.take().unwrap(), told);
        Self { child, lines, printed: Vec::new() }
    }

    /// Gives it a line to read.
    #[cfg(feature = "matrix")]
    pub(crate) fn hear(&mut self, line: &str) {
        let input = self.child.stdin.as_mut().expect("it was started to read lines");
        // One that has ended is found out by whoever waits for its answer.
        let _ = writeln!(input, "{line}");
    }

    /// The next line that it prints, if that comes in time.
    #[cfg(feature = "matrix")]
    pub(crate) fn line(&mut self, end: Instant) -> Option<String> {
        match self.lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(line) => Some(line),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => panic!("it has ended"),
        }
    }

    /// Waits until it prints a line with `words` in it.
    pub(crate) fn until(&mut self, words: &str) {
        let end = Instant::now() + LONG_ENOUGH;
        loop {
            match self.lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    let found = line.contains(words);
                    self.printed.push(line);
                    if found {
                        return;
                    }
                }
                Err(RecvTimeoutError::Timeout) => panic!("no {words:?} in {:#?}", self.printed),
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("it ended without {words:?}: {:#?}", self.printed)
                }
            }
        }
    }

    /// Waits until it ends by itself, and gives its exit code. Nothing is waited for where it is killed.
    #[cfg(feature = "matrix")]
    pub(crate) fn ends(&mut self) -> Option<i32> {
        // Its outputs end with it.
        let end = Instant::now() + LONG_ENOUGH;
        loop {
            match self.lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(line) => self.printed.push(line),
                Err(RecvTimeoutError::Timeout) => panic!("it does not end: {:#?}", self.printed),
                Err(RecvTimeoutError::Disconnected) => return self.child.wait().unwrap().code(),
            }
        }
    }

    /// Its number among the processes.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.pid());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success(), "{kill}");
    }

    /// Kills it at once, as a power cut would.
    pub(crate) fn kill(&mut self) {
        // One that has ended already cannot be killed, and that is as well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Daemon {
    #[expect(clippy::print_stderr, reason = "the test has failed, and this says what its servers saw")]
    fn drop(&mut self) {
        self.kill();
        if thread::panicking() {
            self.printed.extend(self.lines.iter());
            eprintln!("{:#?}", self.printed);
        }
    }
}

/// The user `nobody` and its group, on Debian.
const NOBODY: &str = "65534";

/// Gives a folder to the user that the servers run as.
pub(crate) fn give_away(folder: &std::path::Path) {
    if is_root() {
        let id = NOBODY.parse().ok();
        std::os::unix::fs::chown(folder, id, id).unwrap();
    }
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").unwrap().uid() == 0
}

/// Reads to the end of an output, so that the program is never stopped by a full pipe.
fn collect(output: impl Read + Send + 'static, told: Sender<String>) {
    thread::spawn(move || {
        for line in BufReader::new(output).split(b'\n') {
            let Ok(line) = line else { return };
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            // The test may be over before its servers are.
            let _ = told.send(line);
        }
    });
}
