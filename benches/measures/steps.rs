//! What stands between a bad canary and the way back: from the question to the offer of a rollback, and from the word
//! `rollback` to its first command. Each on the disk before anything is said or started.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::mpsc::channel;
use std::time::Duration;

use chrono::TimeDelta;
use swatbot::bot::{self, Bot, Said};
use swatbot::config;
use swatbot::engine::Input;
use swatbot::engine::id::{At, ChangeNumber};
use swatbot::health::Checks;
use swatbot::review::Files;
use swatbot::runner;
use swatbot::store::Store;
use swatbot::transport::console::{self, Typed};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use crate::table::{self, Samples};

const ROUNDS: u32 = 40;
const LONG: Duration = Duration::from_secs(60);

struct Room {
    bot: Bot,
    source: Files,
    runtime: Runtime,
    now: At,
}

impl Room {
    fn take(&mut self, inputs: &[Input]) -> Said {
        let mut said = self.bot.take(self.now, inputs);
        let lookups = std::mem::take(&mut said.lookups);
        if lookups.is_empty() {
            return said;
        }
        let answer =
            |change: &ChangeNumber| bot::facts(*change, self.runtime.block_on(self.source.look_up(*change)));
        let answers: Vec<Input> = lookups.iter().map(answer).collect();
        let more = self.take(&answers);
        said.replies.extend(more.replies);
        said.samples.extend(more.samples);
        said.runs.extend(more.runs);
        said
    }

    fn line(&mut self, line: &str) -> Said {
        let Typed::Said(line) = console::read(line, "alice", "swatbot") else { panic!("{line} is chat") };
        self.take(&[Input::Line(line)])
    }

    /// Says a line, and what it starts ends well.
    fn through(&mut self, line: &str) -> Said {
        let mut said = self.line(line);
        while let Some(run) = said.runs.pop() {
            let row = run.row;
            let (_keep, stop) = oneshot::channel();
            let ended = self.runtime.block_on(runner::run(&run.into(), LONG, stop, drop));
            let more = self.take(&[Input::Ran { row, ended }]);
            said.runs.extend(more.runs);
            said.samples.extend(more.samples);
        }
        said
    }
}

/// A bot whose patch has just got onto the canaries, with the question that its check is to be asked.
fn on_canaries(folder: &Path, config: &config::Config) -> (Room, bot::Sample) {
    let database = folder.join("swatbot.db");
    for file in ["swatbot.db", "swatbot.db-wal", "swatbot.db-shm"] {
        // There is none before the first round.
        let _ = fs::remove_file(folder.join(file));
    }
    let now: At = "2026-11-23T13:58:00Z".parse().expect("a time");
    let changes = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/changes");
    let source = Files::new(changes.into(), None).expect("a folder");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let store = Store::open(&database).expect("the log opens");
    let (bot, _) = Bot::open(config.settings.clone(), store, now).expect("the log is read");
    let mut room = Room { bot, source, runtime, now };
    room.line("bob> !swat add 4");
    room.line("alice> !swat claim");
    room.now += TimeDelta::minutes(2);
    room.take(&[]);
    room.line("alice> !swat start");
    room.line("alice> !swat check #1 deployer");
    room.source.tell(ChangeNumber(4), "merged", room.now).expect("it is merged");
    room.bot.look_again(ChangeNumber(4));
    room.take(&[]);
    room.through("alice> !swat go 3");
    room.line("bob> !swat verified 4");
    let mut said = room.through("alice> !swat go 5");
    let sample = said.samples.pop().expect("the check is to be asked");
    (room, sample)
}

/// A page that is bad, on a port of its own.
fn bad_page() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 500 -\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
    });
    port
}

pub(crate) fn run() {
    let folder = tempfile::tempdir().expect("a folder");
    let page = format!("urls = [\"http://127.0.0.1:{}/\"]\nnetworks = [\"127.0.0.0/8\"]", bad_page());
    let text = include_str!("../../examples/demo/windows.toml").replace("/usr/bin/scap", "/bin/true");
    let (before, rest) = text.split_once("kind = \"prometheus\"").expect("the check of the demo");
    let (_, after) = rest.split_once("baseline = { factor = 2.0, at_least = 1 }").expect("its limit");
    let text = format!("{before}kind = \"http\"\n{page}{after}");
    let config = config::parse(&text, folder.path()).unwrap_or_else(|faults| panic!("{faults}"));
    let checks = Checks::new(&config.checks).expect("the check can be asked");
    let (mut offers, mut spawns) = (Samples::default(), Samples::default());
    for _ in 0..ROUNDS {
        let (mut room, sample) = on_canaries(folder.path(), &config);
        let said = offers.time(|| {
            let answer = room.runtime.block_on(checks.measure(&sample.check));
            let input = room.bot.measured(room.now, &sample, answer).expect("it is still asked");
            room.take(&[input])
        });
        assert!(said.replies.iter().any(|reply| reply.text.contains("!swat rollback 4")), "it is offered");
        spawns.time(|| {
            let mut said = room.line("alice> !swat rollback 500s everywhere");
            let run = said.runs.pop().expect("the first command is given out");
            let (tell, told) = channel();
            let (_keep, stop) = oneshot::channel();
            runner::start(run.into(), LONG, stop, drop, move |ended| drop(tell.send(ended)));
            told.recv().expect("it ends");
        });
    }
    table::title("Steps: a bad canary and the way back, on the disk before anything is said or started");
    table::row("a bad page asked for, and offered", &offers, "the rollback is offered: aim 2 s");
    table::row("rollback, to a command's end", &spawns, "its first, /bin/true; to its start: aim 50 ms");
}
