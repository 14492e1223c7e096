//! What looks after the log while nobody writes it: whether it is still there, and once a day whether it is whole.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;

use super::arrivals::Arrival;
use crate::store::{Damage, check};

/// How often the file is looked for, unless the whole of it is checked more often.
pub(super) const LOOK: Duration = Duration::from_secs(20);

/// So soon after the start the whole log is checked: a bot that is started again each day checks it, too.
const FIRST: Duration = Duration::from_secs(60);

/// Checks the whole log a minute after the start and each time this has passed, beside the bot and over a connection of its
/// own, until it is found damaged or nobody listens any more.
pub(super) fn start(path: PathBuf, every: Duration, arrivals: UnboundedSender<Arrival>) {
    thread::spawn(move || {
        thread::sleep(every.min(FIRST));
        loop {
            if arrivals.is_closed() || report(&path, &arrivals) {
                return;
            }
            thread::sleep(every);
        }
    });
}

/// Whether there is nothing more to look for.
fn report(path: &Path, arrivals: &UnboundedSender<Arrival>) -> bool {
    match check(path) {
        Ok(()) => false,
        Err(Damage::Found(what)) => {
            // Where nobody listens any more, the program has ended.
            let _ = arrivals.send(Arrival::Damaged(what));
            true
        }
        Err(Damage::Unknown(why)) => {
            super::tell(&format!("the log could not be checked: {why}"));
            false
        }
    }
}
