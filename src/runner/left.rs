//! A command that an earlier program started and that is still at work: nobody sees any more how it ends, but that it does,
//! and it can be ended.

use std::io::{Error, ErrorKind};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustix::process::Signal;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::sync::oneshot;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::mark::{self, Marks};
use super::{NEVER, STUCK, asked};
use crate::engine::Left;
use crate::engine::id::RowId;

/// How often it is looked for.
const LOOK: Duration = Duration::from_millis(200);

/// Watches it in a thread of its own until nothing of it is left; it is ended early, by TERM and then KILL, when `stop` is
/// sent something. `told` hears once that it has ended, and before that, where KILL did not end it or it cannot be watched,
/// what is still there.
pub fn watch(
    marks: Marks,
    left: Left,
    stop: oneshot::Receiver<()>,
    told: impl Fn(Option<String>) + Send + Sync + 'static,
) {
    let told = Arc::new(told);
    let tell = Arc::clone(&told);
    let path = marks.path(left.row);
    let unseen = move |error: &Error| format!("{}, which I cannot watch ({error}),", mark::names(&path));
    let say = unseen.clone();
    let made = thread::Builder::new().name("step of before".to_owned()).spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = match runtime {
            Ok(runtime) => runtime,
            Err(error) => return tell(Some(say(&error))),
        };
        runtime.block_on(async {
            let still = see_out(&marks, &left, stop).await;
            let is_there = still.is_some();
            tell(still);
            if is_there {
                gone(&marks, left.row).await;
                tell(None);
            }
        });
    });
    if let Err(error) = made {
        told(Some(unseen(&error)));
    }
}

/// Waits until nothing of it is left, or gives what is still there after KILL.
pub async fn see_out(marks: &Marks, left: &Left, stop: oneshot::Receiver<()>) -> Option<String> {
    let path = marks.path(left.row);
    let mut pipe = open(&path);
    let mut bytes = vec![0; 64 << 10];
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut stop = Box::pin(asked(stop));
    let mut deadline = Instant::now() + left.timeout.to_std().unwrap_or_default().min(NEVER);
    let mut sent = None;
    loop {
        let is_over = tokio::select! {
            _ = looks.tick() => {
                if !marks.is_at_work(left.row) {
                    return None;
                }
                if sent == Some(Signal::KILL) {
                    // What was forked while the first one was sent has missed it.
                    mark::signal(&path, Signal::KILL);
                }
                false
            }
            () = drain(&mut pipe, &mut bytes) => false,
            () = &mut stop, if sent.is_none() => true,
            () = sleep_until(deadline) => true,
        };
        if is_over {
            let (next, wait) = match sent {
                None => (Signal::TERM, left.kill_after.to_std().unwrap_or_default()),
                Some(Signal::TERM) => (Signal::KILL, STUCK),
                Some(_) => return Some(mark::names(&path)),
            };
            mark::signal(&path, next);
            (sent, deadline) = (Some(next), Instant::now() + wait);
            looks.reset_immediately();
        }
    }
}

/// Waits until nothing of it is left.
async fn gone(marks: &Marks, row: RowId) {
    let mut looks = interval(LOOK * 10);
    while marks.is_at_work(row) {
        looks.tick().await;
    }
}

fn open(path: &Path) -> Option<pipe::Receiver> {
    pipe::Receiver::from_file(mark::reader(path).ok()?).ok()
}

/// Takes what it writes out of its way, so that it does not wait for a reader; ends where somebody may look again.
async fn drain(pipe: &mut Option<pipe::Receiver>, bytes: &mut [u8]) {
    let Some(open) = pipe else { return std::future::pending().await };
    match open.read(bytes).await {
        Ok(1..) => {}
        Err(error) if error.kind() == ErrorKind::Interrupted => {}
        // Nobody can write any more.
        Ok(0) | Err(_) => *pipe = None,
    }
}
