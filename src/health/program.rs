//! Programs that say by their exit status what they have seen, as monitoring plugins do.

use std::time::Duration;

use tokio::sync::oneshot;

use crate::config;
use crate::engine::{Ended, How, Measured};
use crate::runner::{self, Command};

/// The status by which a plugin says that it does not know.
const UNKNOWN: i32 = 3;
/// So many lines of what it wrote are shown.
const TOP: usize = 5;
/// Nobody watches it while it runs.
const NEVER: Duration = Duration::from_secs(24 * 3600);

/// A program.
#[derive(Debug)]
pub(super) struct Program(Command);

impl Program {
    pub(super) fn new(config::Program { argv, timeout, kill_after }: config::Program) -> Self {
        Self(Command { argv, timeout, kill_after, mark: None })
    }

    /// Runs it.
    pub(super) async fn measure(&self) -> Result<Measured, String> {
        let (tell, told) = oneshot::channel();
        // Where nobody waits for the answer any more, it ends by its time-out.
        let (_never, stop) = oneshot::channel();
        runner::start(self.0.clone(), NEVER, stop, drop, |ended| drop(tell.send(ended)));
        let ended = told.await.map_err(|_| "a fault in swatbot itself".to_owned())?;
        judge(ended)
    }
}

fn judge(ended: Ended) -> Result<Measured, String> {
    let lines: Vec<&str> = ended.output.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let first = lines.first().copied().unwrap_or("it wrote nothing");
    match ended.how {
        How::Exit(UNKNOWN) => Err(format!("it does not know (status {UNKNOWN}): {first}")),
        How::Exit(0) => {
            let words = lines.first().copied().unwrap_or("good").to_owned();
            Ok(Measured { value: None, good: Some(true), words, top: Vec::new() })
        }
        How::Exit(status) => {
            let top = lines.iter().skip(1).take(TOP).map(|line| (*line).to_owned()).collect();
            Ok(Measured { value: None, good: Some(false), words: format!("status {status}: {first}"), top })
        }
        How::Signal(signal) => Err(format!("it was ended by signal {signal}: {first}")),
        How::TimedOut => Err(format!("it did not end within {} s", ended.seconds)),
        How::NotStarted(why) => Err(format!("it cannot be run: {why}")),
    }
}
