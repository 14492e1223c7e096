//! What tells whether anything of a command is still at work, for whoever comes after the program that started it.
//!
//! A mark is a named pipe, beside the log, that the command writes into, and its path is a word in the command's
//! environment. Both are there before the first process of it and are handed on to everything that it starts, so there is
//! no moment in which something runs and nothing tells of it. What has dropped the pipe and begun a session of its own is a
//! daemon, and no more of the command. The command has its end open for reading too: when the
//! program is gone it is not killed for writing to nobody, and waits where it has written more than the pipe holds.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FileType, Mode, OFlags, mknodat};
use rustix::process::{Pid, Signal, getpgid, getpgrp, getpid, kill_process, kill_process_group};

use super::Command;
use crate::engine::Run;
use crate::engine::id::RowId;

/// The name of the word in the environment of each process of a step.
pub(super) const WORD: &str = "SWATBOT_STEP";

/// More than a pipe holds, unless somebody goes on to write into it.
const READS: usize = 64;

/// The marks of the commands that one log tells of.
#[derive(Clone, Debug)]
pub struct Marks {
    folder: PathBuf,
}

impl Marks {
    /// Those beside the log at this path, in a folder that is made with the first of them.
    pub fn beside(log: &Path) -> Self {
        // Two names of one log lead to the same marks.
        let mut folder = fs::canonicalize(log).unwrap_or_else(|_| log.to_owned()).into_os_string();
        folder.push(".steps");
        Self { folder: folder.into() }
    }

    /// A command that leaves a mark.
    pub fn command(&self, run: Run) -> Command {
        let mark = Some(self.path(run.row));
        Command { mark, ..run.into() }
    }

    /// The rows that started the commands that are still at work. To be asked before anything is started.
    pub fn at_work(&self) -> Vec<RowId> {
        // Where there is no folder, nothing was ever started.
        let names = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let rows =
            names.filter_map(|name| name.file_name().to_str()?.strip_prefix('L')?.parse().ok().map(RowId));
        let mut at_work: Vec<RowId> = rows.filter(|row| self.is_at_work(*row)).collect();
        at_work.sort_unstable();
        at_work
    }

    /// Whether anything that this row started is still at work. The mark of what is not is removed.
    pub fn is_at_work(&self, row: RowId) -> bool {
        let path = self.path(row);
        let is = path.exists() && (is_held(&path) || !processes(&path).is_empty());
        if !is {
            remove(&path);
        }
        is
    }

    pub(super) fn path(&self, row: RowId) -> PathBuf {
        self.folder.join(row.to_string())
    }
}

/// Makes the mark of a command that is about to start: the end that is read from, and the one that the command gets.
pub(super) fn make(path: &Path) -> io::Result<(File, File)> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    match mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0) {
        // A log of before was put in the place of this one, and its rows have the same numbers.
        Err(rustix::io::Errno::EXIST) if !is_held(path) && processes(path).is_empty() => {}
        made => made?,
    }
    Ok((reader(path)?, OpenOptions::new().read(true).write(true).open(path)?))
}

/// Takes a mark away, where it is there.
pub(super) fn remove(path: &Path) {
    // One that cannot be removed is looked at again at the next start.
    let _ = fs::remove_file(path);
}

/// The end of a mark that is read from. Opening it and reading never wait.
pub(super) fn reader(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed()).open(path)
}

/// Whether anybody could still write into a mark. Where that cannot be seen, somebody may. What stands in it is lost.
fn is_held(path: &Path) -> bool {
    let Ok(mut pipe) = reader(path) else { return true };
    let mut bytes = [0; 4096];
    for _ in 0..READS {
        match pipe.read(&mut bytes) {
            Ok(0) => return false,
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return true,
        }
    }
    true
}

/// The processes that carry a mark: as a file that they have open, or in their environment. The word alone is no sign where
/// a process leads a session of its own, or is in the group of one that does: so does a daemon that a step has only started
/// again, and which is to go on. Those of other people are not seen, and neither are those that have dropped both.
pub(super) fn processes(path: &Path) -> Vec<Pid> {
    let word = [WORD.as_bytes(), b"=", path.as_os_str().as_bytes()].concat();
    let carries = |process: &Path| {
        let open = fs::read_dir(process.join("fd")).into_iter().flatten().flatten();
        if open.into_iter().any(|file| fs::read_link(file.path()).is_ok_and(|file| file == path)) {
            return true;
        }
        let environment = fs::read(process.join("environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|other| other == word) && !is_apart(process)
    };
    let all = fs::read_dir("/proc").into_iter().flatten().flatten();
    let found = all.filter_map(|entry| {
        let process = Pid::from_raw(entry.file_name().to_str()?.parse().ok()?)?;
        (process != getpid() && carries(&entry.path())).then_some(process)
    });
    found.collect()
}

/// Whether a process is in the first group of a session. A command never is: its group is one of its own, in the session of
/// the program that started it.
fn is_apart(process: &Path) -> bool {
    // The name before it may hold anything. Numbers of other name spaces are 0 here, which the calls for them do not expect.
    let stat = fs::read_to_string(process.join("stat")).unwrap_or_default();
    let numbers = stat.rsplit_once(") ").map_or("", |(_, numbers)| numbers);
    let [_, _, group, session, ..] = numbers.split(' ').collect::<Vec<_>>()[..] else { return false };
    group == session
}

/// Sends a signal to everything that carries a mark, with the groups that it is in.
pub(super) fn signal(path: &Path, signal: Signal) {
    let mut groups = Vec::new();
    for process in processes(path) {
        match getpgid(Some(process)) {
            Ok(group) if group == getpgrp() => drop(kill_process(process, signal)),
            Ok(group) if !groups.contains(&group) => groups.push(group),
            // It is dealt with, or it has ended meanwhile.
            _ => {}
        }
    }
    for group in groups {
        // One that is empty by now has nothing left to be ended.
        let _ = kill_process_group(group, signal);
    }
}

/// Who carries a mark, for a person: `1234 scap`.
pub(super) fn names(path: &Path) -> String {
    let name = |process: Pid| {
        let process = process.as_raw_nonzero();
        let name = fs::read_to_string(format!("/proc/{process}/comm")).unwrap_or_default();
        format!("{process} {}", name.trim())
    };
    let names: Vec<String> = processes(path).into_iter().take(3).map(name).collect();
    if names.is_empty() { "a process of somebody else".to_owned() } else { names.join(", ") }
}
