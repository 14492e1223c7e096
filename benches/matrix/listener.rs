//! A client that is always listening: it asks for what is new, again and again, and notes when it came.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::rest::{Rest, encoded};

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// The listening client. Dropped, it stops before its homeserver does.
pub(crate) struct Listener {
    heard: Receiver<(Instant, String, Value)>,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Listener {
    /// Listens by the account of `rest` from now on.
    pub(crate) fn start(rest: Rest) -> Self {
        let (tell, heard) = channel();
        let is_over = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&is_over);
        let mut since = next_batch(&sync(&rest, None));
        let thread = thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                let news = sync(&rest, Some(&since));
                let now = Instant::now();
                since = next_batch(&news);
                for (room, news) in news["rooms"]["join"].as_object().into_iter().flatten() {
                    for event in news["timeline"]["events"].as_array().into_iter().flatten() {
                        // Nobody waits for more when that is over.
                        let _ = tell.send((now, room.clone(), event.clone()));
                    }
                }
            }
        });
        Self { heard, is_over, thread: Some(thread) }
    }

    /// The next event in a room that is like this, with when it came; those before it are passed over.
    pub(crate) fn wait(&self, room: &str, what: &str, is_it: impl Fn(&Value) -> bool) -> (Instant, Value) {
        let end = Instant::now() + PATIENCE;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let heard = self.heard.recv_timeout(left);
            let (at, place, event) = heard.unwrap_or_else(|_| panic!("{what} does not come"));
            if place == room && is_it(&event) {
                return (at, event);
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // Where it broke, it has said so.
            let _ = thread.join();
        }
    }
}

fn sync(rest: &Rest, since: Option<&str>) -> Value {
    const FILTER: &str = r#"{"room":{"timeline":{"limit":100}}}"#;
    let since = since.map(|since| format!("&timeout=1000&since={}", encoded(since)));
    rest.got(&format!("/_matrix/client/v3/sync?filter={}{}", encoded(FILTER), since.unwrap_or_default()))
}

fn next_batch(news: &Value) -> String {
    news["next_batch"].as_str().expect("an answer ends at a place").to_owned()
}
