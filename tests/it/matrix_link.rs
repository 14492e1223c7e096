//! The connection to a homeserver, on a clock that runs as fast as the test: sessions, faults, gaps, kills.

mod faults;
mod session;
mod storage;
mod strangers;
mod talk;

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use swatbot::clock::Clock;
use swatbot::config::{Matrix, MatrixLogin, Threads};
use swatbot::engine::id::RoomId;
use swatbot::engine::{Attendance, Doubt, Input, Kind, LinkChange, Place, Reply};
use swatbot::secret::Secret;
use swatbot::transport::Say;
use swatbot::transport::matrix::link;
use tempfile::TempDir;
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

use super::fake_matrix::{BOT, FakeMatrix, PASSWORD, Trouble};

const OPS: &str = "!ops:example.org";
const DEV: &str = "!dev:example.org";
const ALICE: &str = "@alice:example.org";
const BOB: &str = "@bob:example.org";

/// A connection that is kept, as the network thread keeps it.
struct Kept {
    heard: Arc<Heard>,
    says: UnboundedSender<Say>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Heard {
    inputs: Mutex<Vec<Input>>,
    /// The last number that wants to come back.
    mark: Mutex<Option<i64>>,
    /// What the operator was told.
    operator: Mutex<Vec<String>>,
    news: Notify,
}

pub(crate) fn settings(fake: &FakeMatrix, folder: &Path) -> Matrix {
    Matrix {
        network: "matrix".to_owned(),
        homeserver: fake.url(),
        user: BOT.to_owned(),
        login: MatrixLogin::Password { file: "p".into(), password: Some(Secret::new(PASSWORD.to_owned())) },
        rooms: vec![OPS.to_owned(), DEV.to_owned()],
        state_dir: folder.join("state"),
        recovery: None,
        ignore: Vec::new(),
        inviters: vec![ALICE.to_owned()],
        bridged: Vec::new(),
        threads: Threads::Answers,
    }
}

fn keep(settings: Matrix) -> Kept {
    keep_at(settings, Clock::system())
}

fn keep_at(settings: Matrix, clock: Clock) -> Kept {
    keep_reading(swatbot::transport::matrix::hear::hear, settings, clock)
}

/// A connection that reads events in another way.
fn keep_reading(reads: link::Reads, settings: Matrix, clock: Clock) -> Kept {
    let heard = Arc::new(Heard::default());
    let (says, told) = unbounded_channel();
    let ears = Arc::clone(&heard);
    let hear = move |inputs: Vec<Input>, mark: Option<i64>| {
        ears.inputs.lock().unwrap().extend(inputs);
        if mark.is_some() {
            *ears.mark.lock().unwrap() = mark;
        }
        ears.news.notify_waiters();
        true
    };
    let ears = Arc::clone(&heard);
    let tell = move |words: &str| {
        ears.operator.lock().unwrap().push(words.to_owned());
        ears.news.notify_waiters();
    };
    let task = tokio::spawn(link::keep_reading(reads, settings, clock, hear, tell, told));
    Kept { heard, says, task }
}

/// A homeserver with the bot in its two rooms, and a bot that is connected.
async fn connected() -> (TempDir, FakeMatrix, Kept) {
    let folder = tempfile::tempdir().unwrap();
    let fake = FakeMatrix::start().await;
    for room in [OPS, DEV] {
        fake.inside(room);
        fake.member(room, ALICE, ALICE, "join");
    }
    fake.says(OPS, ALICE, "!swat queue before the bot was there");
    let kept = keep(settings(&fake, folder.path()));
    kept.until("it is up", |inputs| changes(inputs).contains(&LinkChange::Up { read_only: None })).await;
    (folder, fake, kept)
}

/// The texts of the lines, and of those that are late with `late: ` in front.
fn lines(inputs: &[Input]) -> Vec<String> {
    let texts = |input: &Input| match input {
        Input::Line(line) => vec![line.text.clone()],
        Input::Late(lines) => lines.iter().map(|line| format!("late: {}", line.text)).collect(),
        _ => Vec::new(),
    };
    inputs.iter().flat_map(texts).collect()
}

fn changes(inputs: &[Input]) -> Vec<LinkChange> {
    let change = |input: &Input| match input {
        Input::Link(link) => Some(link.change.clone()),
        _ => None,
    };
    inputs.iter().filter_map(change).collect()
}

fn attendance(inputs: &[Input]) -> Vec<(String, Attendance)> {
    let change = |input: &Input| match input {
        Input::Presence(presence) => Some((presence.room.0.clone(), presence.change.clone())),
        _ => None,
    };
    inputs.iter().filter_map(change).collect()
}

fn reply(room: &str, text: &str) -> Reply {
    Reply::new(Place::Room(RoomId(format!("matrix/{room}"))), text.to_owned())
}

impl Kept {
    fn inputs(&self) -> Vec<Input> {
        self.heard.inputs.lock().unwrap().clone()
    }

    fn told_operator(&self) -> Vec<String> {
        self.heard.operator.lock().unwrap().clone()
    }

    fn lines(&self) -> Vec<String> {
        lines(&self.inputs())
    }

    /// Waits until what was heard is so.
    async fn until(&self, what: &str, is_so: impl Fn(&[Input]) -> bool) {
        let waiting = async {
            while !is_so(&self.inputs()) {
                let news = self.heard.news.notified();
                tokio::pin!(news);
                news.as_mut().enable();
                if !is_so(&self.inputs()) {
                    news.await;
                }
            }
        };
        let in_time = tokio::time::timeout(Duration::from_secs(3600), waiting).await;
        assert!(in_time.is_ok(), "{what}: {:?}", self.inputs());
    }

    async fn until_lines(&self, count: usize) {
        self.until(&format!("{count} lines"), |inputs| lines(inputs).len() >= count).await;
    }

    /// What the operator was told.
    fn operator(&self) -> Vec<String> {
        self.heard.operator.lock().unwrap().clone()
    }

    /// Waits until the operator was told something with this in it.
    async fn until_told(&self, part: &str) {
        let is_told = |_: &[Input]| self.operator().iter().any(|told| told.contains(part));
        self.until(&format!("the operator is told {part:?}"), is_told).await;
    }

    fn say(&self, replies: Vec<Reply>) {
        self.says.send(Say::Replies(replies)).unwrap();
    }

    /// The loop has stored everything that was heard so far.
    fn taken(&self) {
        let mark = self.heard.mark.lock().unwrap().expect("there is a number");
        self.says.send(Say::Taken(mark, Vec::new())).unwrap();
    }

    /// As `kill -9`, as far as a test can: nothing more is done.
    async fn kill(self) {
        self.task.abort();
        let _ = self.task.await;
    }

    /// Is told to leave, and does.
    async fn quit(self, words: &str) {
        self.says.send(Say::Quit(words.to_owned())).unwrap();
        self.task.await.unwrap();
    }
}
