//! Whoever asks the log is answered from a thread of its own, so that no commit waits for a search.

use std::path::PathBuf;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use tokio::sync::mpsc::UnboundedSender;

use super::arrivals::Arrival;
use super::tell;
use crate::bot::{Asked, LastAsked};
use crate::store::{FEED_EVERY, Feeder, Reader, StoreError};

/// Answers each question in turn, until nobody asks any more.
pub(super) fn start(path: PathBuf, arrivals: UnboundedSender<Arrival>) -> Result<Sender<Asked>, StoreError> {
    let (sender, questions) = channel::<Asked>();
    // The bot has just opened it.
    let log = Reader::open(&path).map_err(|error| StoreError::Disk(error.to_string()))?;
    thread::spawn(move || {
        let mut last = LastAsked::default();
        for asked in questions {
            let replies = last.answer(&log, &asked);
            if arrivals.send(Arrival::Answered(replies, asked)).is_err() {
                return;
            }
        }
    });
    Ok(sender)
}

/// Feeds the index behind the log, until nobody listens any more.
pub(super) fn feed(path: PathBuf, arrivals: UnboundedSender<Arrival>) {
    thread::spawn(move || {
        let mut was_well = true;
        while !arrivals.is_closed() {
            let fed = Feeder::open(&path).map_err(Into::into).and_then(|feeder| feeder.keep_up());
            if let Err(error) = &fed
                && was_well
            {
                tell(&format!("the log is searched without its index: {error}"));
            }
            was_well = fed.is_ok();
            if !fed.is_ok_and(|rows| rows > 0) {
                thread::sleep(FEED_EVERY);
            }
        }
    });
}
