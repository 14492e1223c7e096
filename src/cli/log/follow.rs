//! `swatbot log --follow`: prints rows as they are committed. It sleeps until something in the log's folder is
//! written, and looks now and then all the same.

use std::io::{self, Write};
use std::path::Path;
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fd::OwnedFd;
use rustix::fs::inotify;
use rustix::io::Errno;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use super::forms::Printer;
use super::{LogFault, begins_with, each_page, rows_after};
use crate::engine::id::RowId;
use crate::engine::log::{Query, Row};
use crate::store::Reader;

/// How soon after a write the log is looked at. SQLite shows a commit to others a little after the write that wakes them.
const SOON: Duration = Duration::from_millis(2);

/// How long is slept at most: where the disk takes its time, or the system does not say what is written.
const LONGEST: Duration = Duration::from_secs(5);

/// Prints the newest rows, oldest first, and then what comes, until it is interrupted or nobody reads it any more.
pub(super) fn run(
    log: &Reader,
    database: &Path,
    query: Query,
    printer: &mut Printer,
    out: &mut dyn Write,
) -> Result<(), LogFault> {
    // Watched before it is read: what is written in between wakes it.
    let mut wait = Wait::new(database)?;
    let mut last = RowId(i64::try_from(log.rows()?).unwrap_or(i64::MAX));
    let mut rows: Vec<Row> = Vec::new();
    let first = Query { last: Some(begins_with(&query)), before: Some(RowId(last.0 + 1)), ..query.clone() };
    each_page(log, first, |page| {
        rows.extend_from_slice(page);
        Ok(())
    })?;
    rows.reverse();
    printer.rows(out, &rows)?;
    printer.end(out)?;
    while wait.until_written() {
        let now = RowId(i64::try_from(log.rows()?).unwrap_or(i64::MAX));
        if now > last {
            let until = Query { before: Some(RowId(now.0 + 1)), ..query.clone() };
            let new = rows_after(log, &until, last)?;
            if !new.is_empty() {
                printer.rows(out, &new)?;
            }
            last = now;
        }
    }
    Ok(())
}

/// What a follower waits for.
struct Wait {
    runtime: tokio::runtime::Runtime,
    /// One word is enough however much was written.
    writes: mpsc::Receiver<()>,
    interrupt: Signal,
    terminate: Signal,
    /// How long to sleep before the next look, twice as long each time that nothing was written.
    pause: Duration,
}

impl Wait {
    fn new(database: &Path) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let guard = runtime.enter();
        let (interrupt, terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        drop(guard);
        let (written, writes) = mpsc::channel(1);
        let folder = watch(database).ok();
        // It ends with the program, which ends when this thread has nothing more to say.
        thread::Builder::new().name("follow".to_owned()).spawn(move || tell(folder.as_ref(), &written))?;
        Ok(Self { runtime, writes, interrupt, terminate, pause: SOON })
    }

    /// Waits until the log may have grown; `false` where it is time to end.
    fn until_written(&mut self) -> bool {
        let Self { runtime, writes, interrupt, terminate, pause } = self;
        runtime.block_on(async {
            tokio::select! {
                written = writes.recv() => {
                    *pause = SOON;
                    written.is_some()
                }
                () = tokio::time::sleep(*pause) => {
                    *pause = (*pause * 2).min(LONGEST);
                    true
                }
                _ = interrupt.recv() => false,
                _ = terminate.recv() => false,
            }
        })
    }
}

/// Says that something in the folder of the log was written, until whoever reads standard output is gone.
fn tell(folder: Option<&OwnedFd>, written: &mpsc::Sender<()>) {
    let out = io::stdout();
    loop {
        // Nothing is asked of standard output: that its other end was closed is said all the same.
        let mut ends = vec![PollFd::new(&out, PollFlags::empty())];
        ends.extend(folder.map(|folder| PollFd::new(folder, PollFlags::IN)));
        if poll(&mut ends, None).is_err_and(|error| error != Errno::INTR) || !ends[0].revents().is_empty() {
            return;
        }
        if let Some(folder) = folder {
            let mut events = [0; 4096];
            while rustix::io::read(folder, &mut events).is_ok_and(|read| read > 0) {}
        }
        if let Err(TrySendError::Closed(())) = written.try_send(()) {
            return;
        }
    }
}

/// Watches the folder and not the file: the write-ahead log beside it comes and goes.
fn watch(database: &Path) -> io::Result<OwnedFd> {
    let folder = database.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let watch = inotify::init(inotify::CreateFlags::NONBLOCK | inotify::CreateFlags::CLOEXEC)?;
    inotify::add_watch(&watch, folder, inotify::WatchFlags::MODIFY | inotify::WatchFlags::CREATE)?;
    Ok(watch)
}
