//! Runs one command: no shell, a process group of its own, a time it may take, and output that cannot grow.

mod group;
mod left;
mod mark;
mod output;

use std::fs::File;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::sync::oneshot;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until, timeout};

use crate::engine::{Ended, How, Run};

use group::Group;
use output::Output;

pub use left::{see_out, watch};
pub use mark::Marks;

/// What it says last is shown this often while it runs.
pub const LIVE: Duration = Duration::from_secs(10);
/// What a command has started and left behind may write for this long after its end.
const AFTERWARDS: Duration = Duration::from_millis(500);
/// So long after KILL a process is given up: it hangs in the kernel, and nothing ends it.
const STUCK: Duration = Duration::from_secs(10);
const NEVER: Duration = Duration::from_secs(365 * 24 * 3600);

/// A command as it is to be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The program by its absolute path, and its arguments, each handed on as it is.
    pub argv: Vec<String>,
    /// It may take this long; then its whole group gets TERM.
    pub timeout: Duration,
    /// This long after TERM the group gets KILL.
    pub kill_after: Duration,
    /// What tells that it is still at work, for whoever comes after this program: see [`Marks::command`].
    pub mark: Option<PathBuf>,
}

impl From<Run> for Command {
    fn from(run: Run) -> Self {
        // A time that is none ends it at once.
        let time = |time: chrono::TimeDelta| time.to_std().unwrap_or_default();
        Self { timeout: time(run.timeout), kill_after: time(run.kill_after), argv: run.argv, mark: None }
    }
}

/// Runs a command in a thread of its own, so that nothing it does holds up the loop. Each `live`, `line` is told the last
/// line it wrote, where that is a new one. It is ended early, by TERM and then KILL, when `stop` is sent something.
/// `ended` is told how it went, once, whatever happens.
pub fn start(
    command: Command,
    live: Duration,
    stop: oneshot::Receiver<()>,
    line: impl FnMut(String) + Send + 'static,
    ended: impl FnOnce(Ended) + Send + 'static,
) {
    // In a place that both sides reach, because a thread that was not made has nobody to tell.
    let (told, tell) = std::sync::mpsc::sync_channel(1);
    let made = thread::Builder::new().name("step".to_owned()).spawn(move || {
        let Ok(ended) = tell.recv() else { return };
        let ended: Box<dyn FnOnce(Ended) + Send> = ended;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        ended(match runtime {
            Ok(runtime) => runtime.block_on(run(&command, live, stop, line)),
            Err(error) => not_started(error.to_string()),
        });
    });
    let ended: Box<dyn FnOnce(Ended) + Send> = Box::new(ended);
    match made {
        // It waits for nothing else.
        Ok(_) => drop(told.send(ended)),
        Err(error) => ended(not_started(error.to_string())),
    }
}

/// Runs a command to its end, and everything that is left of its group with it.
pub async fn run(
    command: &Command,
    live: Duration,
    stop: oneshot::Receiver<()>,
    mut line: impl FnMut(String),
) -> Ended {
    let began = Instant::now();
    let (mut group, pipe) = match Group::start(&command.argv, command.mark.as_deref()) {
        Ok(started) => started,
        Err(why) => return not_started(why),
    };
    let mut output = Output::default();
    let mut reading = Reading { pipe: Some(pipe), bytes: vec![0; 64 << 10] };
    let mut ticks = interval_at(began + live, live);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut stop = Box::pin(asked(stop));
    let mut ending = Ending::NotYet;
    let mut deadline = began + command.timeout;
    let has_ended = loop {
        tokio::select! {
            () = group.ended() => break true,
            () = sleep_until(deadline) => {
                ending = match ending {
                    Ending::NotYet => Ending::Asked { late: true },
                    Ending::Asked { late } => Ending::Killed { late },
                    Ending::Killed { .. } => break false,
                };
                deadline = group.end(&ending, command.kill_after);
            }
            () = &mut stop, if matches!(ending, Ending::NotYet) => {
                ending = Ending::Asked { late: false };
                deadline = group.end(&ending, command.kill_after);
            }
            _ = ticks.tick() => if let Some(new) = output.new_line() { line(new) },
            read = reading.next() => if let Some(read) = read { output.take(read) },
        }
    };
    let left = reading.rest(&mut output, &group).await;
    let status = if has_ended { group.status() } else { None };
    let how = match (ending, status) {
        (Ending::Asked { late: true } | Ending::Killed { late: true }, _) | (_, None) => How::TimedOut,
        (_, Some(how)) => how,
    };
    if !has_ended {
        output.note("it is still there after KILL: the kernel does not let it go");
    }
    match left {
        Left::Nothing => {}
        Left::Killed => output.note("what it had started was still running, and was killed"),
        Left::Gone => {
            output.note("something it had started left its process group and is still running");
            reading.throw_away();
        }
    }
    if has_ended && let Some(mark) = &command.mark {
        mark::remove(mark);
    }
    let (text, cut) = output.whole();
    Ended { how, seconds: seconds(began), output: text, cut }
}

/// How far it is with ending it.
enum Ending {
    NotYet,
    /// It got TERM.
    Asked {
        /// Its time was up; otherwise somebody wanted it to stop.
        late: bool,
    },
    /// It got KILL.
    Killed {
        /// The same.
        late: bool,
    },
}

/// What was left of it after its end.
enum Left {
    Nothing,
    Killed,
    Gone,
}

/// What it writes, on its way in.
struct Reading {
    pipe: Option<pipe::Receiver>,
    bytes: Vec<u8>,
}

impl Reading {
    /// The next bytes. Where nobody can write any more it waits for ever, after one `None`.
    async fn next(&mut self) -> Option<&[u8]> {
        let Some(pipe) = &mut self.pipe else { return std::future::pending().await };
        match pipe.read(&mut self.bytes).await {
            Ok(0) | Err(_) => {
                self.pipe = None;
                None
            }
            Ok(count) => Some(&self.bytes[..count]),
        }
    }

    /// What was written before the end and not read yet. Whoever holds the pipe open longer than that is killed, as far
    /// as they are in the group.
    async fn rest(&mut self, output: &mut Output, group: &Group) -> Left {
        if self.read_out(output).await {
            group.kill();
            return Left::Nothing;
        }
        group.kill();
        if self.read_out(output).await { Left::Killed } else { Left::Gone }
    }

    /// Whether the end of it came in time.
    async fn read_out(&mut self, output: &mut Output) -> bool {
        let all = async {
            while self.pipe.is_some() {
                if let Some(read) = self.next().await {
                    output.take(read);
                }
            }
        };
        timeout(AFTERWARDS, all).await.is_ok()
    }

    /// Reads on in a thread of its own until nobody can write any more. What is left has its end open for reading too: it
    /// would not be told that nobody reads, and wait for ever.
    fn throw_away(self) {
        let Some(mut pipe) = self.pipe.and_then(|pipe| pipe.into_blocking_fd().ok()).map(File::from) else {
            return;
        };
        let reads = move || drop(std::io::copy(&mut pipe, &mut std::io::sink()));
        // Where no thread can be made, it waits when the pipe is full, which holds up nobody else.
        let _ = thread::Builder::new().name("rest of a step".to_owned()).spawn(reads);
    }
}

impl Group {
    /// Sends the signal that comes next, and says until when it is waited for.
    fn end(&self, ending: &Ending, kill_after: Duration) -> Instant {
        match ending {
            Ending::NotYet => Instant::now() + NEVER,
            Ending::Asked { .. } => {
                self.terminate();
                Instant::now() + kill_after
            }
            Ending::Killed { .. } => {
                self.kill();
                Instant::now() + STUCK
            }
        }
    }
}

/// Ends when somebody asks for it, and never where nobody can.
async fn asked(stop: oneshot::Receiver<()>) {
    if stop.await.is_err() {
        std::future::pending().await
    }
}

fn not_started(why: String) -> Ended {
    Ended { how: How::NotStarted(why), seconds: 0, output: String::new(), cut: 0 }
}

fn seconds(began: Instant) -> i64 {
    i64::try_from(began.elapsed().as_secs()).unwrap_or(i64::MAX)
}
