//! A process group: it is started, and nothing of it outlives its end.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::net::unix::pipe;
use tokio::sync::oneshot;

use super::mark;
use crate::engine::How;

/// Where programs are looked for by what a command starts. The command itself is named by its path.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A command and everything it has started, as long as that stays in its group.
pub(super) struct Group {
    child: Child,
    id: Pid,
    /// Told when the command has ended. It is not reaped before the group is dealt with: until then nobody else can get
    /// the number of the group.
    end: oneshot::Receiver<()>,
}

impl Group {
    /// Starts a command that reads nothing, writes both of its outputs into one pipe, and inherits nothing else. The pipe is
    /// its mark, where it leaves one.
    ///
    /// # Errors
    /// Words for a person.
    pub(super) fn start(argv: &[String], mark: Option<&Path>) -> Result<(Self, pipe::Receiver), String> {
        let [program, arguments @ ..] = argv else { return Err("there is no command".to_owned()) };
        if !Path::new(program).is_absolute() {
            return Err(format!("{program} is no absolute path"));
        }
        let (read, write) = match mark {
            Some(mark) => mark::make(mark).map_err(|error| {
                format!("{}, which tells that it is at work, cannot be made: {error}", mark.display())
            })?,
            None => {
                let (read, write) = io::pipe().map_err(|error| format!("{program}: {error}"))?;
                (File::from(OwnedFd::from(read)), File::from(OwnedFd::from(write)))
            }
        };
        let started = Self::spawn(program, arguments, mark, read, write);
        if started.is_err()
            && let Some(mark) = mark
        {
            mark::remove(mark);
        }
        started.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => format!("{program}: there is no such program"),
            io::ErrorKind::PermissionDenied => format!("{program} may not be run"),
            _ => format!("{program}: {error}"),
        })
    }

    fn spawn(
        program: &str,
        arguments: &[String],
        mark: Option<&Path>,
        read: File,
        write: File,
    ) -> io::Result<(Self, pipe::Receiver)> {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .env("PATH", PATH)
            .env("LANG", "C.UTF-8")
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(write.try_clone()?)
            .stderr(write)
            .process_group(0);
        // Keys and settings of whoever runs it are found by it.
        if let Some(home) = std::env::var_os("HOME") {
            command.env("HOME", home);
        }
        if let Some(mark) = mark {
            command.env(mark::WORD, mark);
        }
        let mut child = command.spawn()?;
        // The ends that it writes to are its own alone from here on.
        drop(command);
        let watched = || {
            let id =
                i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::InvalidData)?;
            Ok((id, watch(id)?, pipe::Receiver::from_file(read)?))
        };
        match watched() {
            Ok((id, end, pipe)) => Ok((Self { child, id, end }, pipe)),
            Err(error) => {
                // What cannot be watched must not run.
                let _ = child.kill();
                let _ = child.wait();
                Err(error)
            }
        }
    }

    /// Waits for the command itself to end.
    pub(super) async fn ended(&mut self) {
        // Where the kernel cannot say, the time that the command has decides.
        if (&mut self.end).await.is_err() {
            std::future::pending().await
        }
    }

    /// How the command ended.
    pub(super) fn status(&mut self) -> Option<How> {
        let status = self.child.wait().ok()?;
        status.code().map(How::Exit).or_else(|| status.signal().map(How::Signal))
    }

    /// Asks everything in the group to end.
    pub(super) fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Ends everything in the group.
    pub(super) fn kill(&self) {
        self.signal(Signal::KILL);
    }

    fn signal(&self, signal: Signal) {
        // Where the group is empty there is nothing to end.
        let _ = kill_process_group(self.id, signal);
    }
}

/// Tells when a process has ended, and leaves it to be reaped. The thread is there because nothing else that waits for
/// a process leaves it.
fn watch(process: Pid) -> io::Result<oneshot::Receiver<()>> {
    let (tell, told) = oneshot::channel();
    thread::Builder::new().name("end of a step".to_owned()).spawn(move || {
        let ended = || waitid(WaitId::Pid(process), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
        while ended().is_err_and(|error| error == rustix::io::Errno::INTR) {}
        // Nobody waits any more for one that was given up.
        let _ = tell.send(());
    })?;
    Ok(told)
}
