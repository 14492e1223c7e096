//! A room with a bot in it: the real client, engine and log against a fake Gerrit, and a clock that is moved by hand.

use std::path::Path;

use chrono::TimeDelta;
use swatbot::bot::{self, Bot, Said};
use swatbot::clock::Clock;
use swatbot::engine::id::{At, RoomId};
use swatbot::engine::settings::{CONSOLE, Settings};
use swatbot::engine::state::State;
use swatbot::engine::{Input, Line, timers};
use swatbot::review::{Gerrit, GerritSettings, Source};
use swatbot::store::Store;
use swatbot::transport::console;
use tempfile::TempDir;

use crate::fake_gerrit::FakeGerrit;

/// The room, and what stands behind it.
pub(crate) struct Room {
    /// The review system that the bot asks over HTTP.
    pub(crate) gerrit: FakeGerrit,
    bot: Bot,
    clock: Clock,
    source: Source,
    runtime: tokio::runtime::Runtime,
    folder: TempDir,
}

impl Room {
    /// Opens an empty log, with the clock standing at `at`.
    pub(crate) fn open(settings: Settings, at: At) -> Self {
        let gerrit = FakeGerrit::start();
        let source = Gerrit::new(GerritSettings::new(gerrit.url()), None).expect("loopback is a server");
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
        // Hundreds of logs with thousands of commits: in memory, where there is such a folder, the disk is not what
        // is waited for.
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let folder = folder.expect("a folder for the log");
        let store = Store::open(&folder.path().join("swatbot.db")).expect("the log opens");
        let clock = Clock::standing_at(at);
        let (bot, said) = Bot::open(settings, store, at).expect("an empty log is read");
        let mut room = Self { gerrit, bot, clock, source: Source::Gerrit(source), runtime, folder };
        room.follow(said);
        room
    }

    /// What the bot believes.
    pub(crate) fn state(&self) -> &State {
        self.bot.state()
    }

    /// What the bot was told in its configuration.
    pub(crate) fn settings(&self) -> &Settings {
        self.bot.settings()
    }

    /// The time on the clock.
    pub(crate) fn now(&self) -> At {
        self.clock.now()
    }

    /// Somebody says something in the room. The lines that follow look as they do on the terminal.
    pub(crate) fn says(&mut self, who: &str, text: &str) -> Vec<String> {
        self.hears(Line {
            network: CONSOLE.to_owned(),
            room: Some(RoomId(CONSOLE.to_owned())),
            nick: who.to_owned(),
            account: Some(who.to_owned()),
            text: text.to_owned(),
            message_id: None,
        })
    }

    /// A line reaches the bot.
    pub(crate) fn hears(&mut self, line: Line) -> Vec<String> {
        let said = self.bot.take(self.clock.now(), &[Input::Line(line)]);
        self.follow(said)
    }

    /// The bot looks at what is due now.
    pub(crate) fn look(&mut self) -> Vec<String> {
        let said = self.bot.take(self.clock.now(), &[]);
        self.follow(said)
    }

    /// Sets the clock, which does not go back, and lets the bot look.
    pub(crate) fn moves_to(&mut self, at: At) -> Vec<String> {
        self.clock.skip((at - self.clock.now()).max(TimeDelta::zero()));
        self.look()
    }

    /// When the bot has something to do of itself, questions to the review system aside: those are asked when it looks.
    pub(crate) fn wakes(&self) -> Option<At> {
        timers::wake(self.bot.settings(), self.bot.state(), self.clock.now())
    }

    /// Lets time pass, from one timer to the next.
    pub(crate) fn passes_to(&mut self, until: At) -> Vec<String> {
        let mut lines = Vec::new();
        while let Some(wake) = self.wakes().filter(|wake| *wake > self.now() && *wake < until) {
            lines.extend(self.moves_to(wake));
        }
        lines.extend(self.moves_to(until));
        lines
    }

    /// Closes the log and opens it again: a restart believes the same. Gives that belief.
    pub(crate) fn closes(self) -> State {
        let state = self.bot.state().clone();
        drop(self.bot);
        let store = Store::open(&self.folder.path().join("swatbot.db")).expect("the log opens again");
        assert_eq!(store.load_state().expect("the log is read"), state, "the replay is the state");
        state
    }

    /// Says what is to be said, and asks the review system until the bot has no more questions.
    fn follow(&mut self, mut said: Said) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            lines.extend(said.replies.iter().map(|reply| console::shown(reply, &self.bot.settings().name)));
            if said.lookups.is_empty() {
                return lines;
            }
            let answers: Vec<Input> = said
                .lookups
                .iter()
                .map(|change| bot::facts(*change, self.runtime.block_on(self.source.look_up(*change))))
                .collect();
            said = self.bot.take(self.clock.now(), &answers);
        }
    }
}

/// The refusal's code, where the lines hold a refusal: `[order]` at the end of a line with `no:` in it.
pub(crate) fn code(lines: &[String]) -> Option<&str> {
    let refusal = lines.iter().find(|line| line.contains(": no: "))?;
    refusal.rsplit_once('[').map(|(_, code)| code.trim_end_matches(']'))
}
