//! Plays chat against the bot line by line: a script on a pipe, a transcript in a test. Nothing in it depends on timing.

use std::io::{self, BufRead, Write};
use std::path::PathBuf;

use chrono::TimeDelta;
use tokio::sync::oneshot;

use crate::bot::{self, Bot, Said};
use crate::clock::Clock;
use crate::engine::id::{At, RowId};
use crate::engine::settings::Settings;
use crate::engine::{Confirm, Ended, Input, Left, Nod, Run, program};
use crate::health::Checks;
use crate::review::Source;
use crate::runner::{self, LIVE, Marks};
use crate::store::{OpenError, Store, StoreError};
use crate::transport::console::{self, Typed};

/// Why a script could not be played to its end.
#[derive(Debug, thiserror::Error)]
pub enum PlayError {
    /// The log cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The log cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The script cannot be read, or the answers cannot be written.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// A bot, a review system and a clock that moves only when the script says so.
pub struct Player {
    bot: Option<Bot>,
    settings: Settings,
    database: PathBuf,
    source: Source,
    /// With these, health checks are asked and commands are run; without them the script says what comes of both.
    checks: Option<Checks>,
    marks: Marks,
    /// Commands of an earlier program that are still at work, and when each is ended.
    left: Vec<(At, Left)>,
    runtime: tokio::runtime::Runtime,
    clock: Clock,
    speaker: String,
    /// The questions that somebody may answer by a ✅, as they were said.
    asked: Vec<(String, Confirm)>,
}

impl Player {
    /// Opens the log at `database` and takes up where it ends. What the bot says to that is written to `out`. No command
    /// is run and no health check is asked: the script says what comes of them.
    ///
    /// # Errors
    /// The log cannot be opened, or `out` cannot be written.
    pub fn open(
        settings: Settings,
        database: PathBuf,
        source: Source,
        clock: Clock,
        out: &mut dyn Write,
    ) -> Result<Self, PlayError> {
        Self::open_with(settings, database, source, clock, None, out)
    }

    /// The same, and with `checks` they are asked, and commands are run, each to its end before the next line.
    ///
    /// # Errors
    /// The log cannot be opened, or `out` cannot be written.
    pub fn open_with(
        settings: Settings,
        database: PathBuf,
        source: Source,
        clock: Clock,
        checks: Option<Checks>,
        out: &mut dyn Write,
    ) -> Result<Self, PlayError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let marks = Marks::beside(&database);
        let speaker = settings.people.first().map_or("alice", |person| person.id.0.as_str()).to_owned();
        let mut player = Self {
            bot: None,
            settings,
            database,
            source,
            checks,
            marks,
            left: Vec::new(),
            runtime,
            clock,
            speaker,
            asked: Vec::new(),
        };
        player.start(Vec::new(), out)?;
        Ok(player)
    }

    /// Takes up where the log ends; where commands are played, those of the rows `played` are still at work.
    fn start(&mut self, played: Vec<RowId>, out: &mut dyn Write) -> Result<(), PlayError> {
        let store = Store::open(&self.database)?;
        // Only behind the lock of the log is it certain that nobody starts anything meanwhile.
        let marks = Marks::beside(&self.database);
        let at_work = if self.checks.is_some() { marks.at_work() } else { played };
        self.marks = marks;
        self.left.clear();
        let (bot, said) = Bot::open_beside(self.settings.clone(), store, self.clock.now(), at_work)?;
        self.bot = Some(bot);
        self.say(said, out)
    }

    /// The bot as it stands.
    pub fn bot(&self) -> Option<&Bot> {
        self.bot.as_ref()
    }

    /// The time in the script.
    pub fn now(&self) -> At {
        self.clock.now()
    }

    /// Plays all lines: each is written as it came, and each answer under it. At the end, what still waits to be said
    /// in the next seconds is said.
    ///
    /// # Errors
    /// The script cannot be read, the log cannot be used, or `out` cannot be written.
    pub fn play(&mut self, script: &mut dyn BufRead, out: &mut dyn Write) -> Result<(), PlayError> {
        let mut bytes = Vec::new();
        while script.read_until(b'\n', &mut bytes)? > 0 {
            let line = String::from_utf8_lossy(&bytes).trim_end_matches(['\n', '\r']).to_owned();
            self.line(&line, out)?;
            bytes.clear();
        }
        self.later(self.settings.timers.gather, out)
    }

    /// Plays one line.
    ///
    /// # Errors
    /// The log cannot be used, or `out` cannot be written.
    pub fn line(&mut self, line: &str, out: &mut dyn Write) -> Result<(), PlayError> {
        let typed = console::read(line, &self.speaker, &self.settings.name);
        if typed == Typed::Answer {
            return Ok(());
        }
        writeln!(out, "{line}")?;
        match typed {
            Typed::Nothing | Typed::Answer => {}
            Typed::Said(line) => self.take(&[Input::Line(line)], out)?,
            Typed::Heard(inputs) => self.take(&inputs, out)?,
            Typed::Nod(line, words) => {
                let holds = |(text, _): &&(String, Confirm)| text.contains(&words);
                match self.asked.iter().rev().find(holds).map(|(_, confirm)| confirm.clone()) {
                    Some(confirm) => {
                        self.take(&[Input::Nod(Box::new(Nod { line, confirm, unfit: None }))], out)?
                    }
                    None => writeln!(out, "# no question was asked that holds these words")?,
                }
            }
            Typed::Ran(step, how, output) => match self.on_its_way(Some(&step)) {
                Some((row, since)) => {
                    let seconds = (self.clock.now() - since).num_seconds();
                    self.take(&[Input::Ran { row, ended: Ended { how, seconds, output, cut: 0 } }], out)?
                }
                None => writeln!(out, "# step {step} runs no command")?,
            },
            Typed::Output(line) => match self.on_its_way(None) {
                Some((row, _)) => self.take(&[Input::Output { row, line }], out)?,
                None => writeln!(out, "# no command is on its way")?,
            },
            Typed::As(name) => self.speaker = name,
            Typed::Later(time) => self.later(time, out)?,
            Typed::Change(change, what) => match &self.source {
                Source::Files(files) => match files.tell(change, &what, self.clock.now()) {
                    Ok(()) => {
                        if let Some(bot) = &mut self.bot {
                            bot.look_again(change);
                        }
                        self.take(&[], out)?;
                    }
                    Err(why) => writeln!(out, "# {why}")?,
                },
                Source::Gerrit(_) => {
                    writeln!(out, "# /change is for the folder of examples, not for a Gerrit")?
                }
            },
            Typed::Restart(steps) => {
                let at_work = steps.iter().filter_map(|step| self.on_its_way(Some(step)));
                let at_work = at_work.map(|(row, _)| row).collect();
                // As kill -9 would: nothing is said or stored on the way out.
                self.bot = None;
                self.start(at_work, out)?;
            }
            Typed::Gone(step, still) => match self.on_its_way(Some(&step)) {
                Some((row, _)) => self.take(&[Input::Gone { row, still }], out)?,
                None => writeln!(out, "# step {step} runs no command")?,
            },
            Typed::Unknown(hint) => writeln!(out, "# {hint}")?,
        }
        out.flush()?;
        Ok(())
    }

    /// The command of a step, or any that is on its way: the row of its intent, and since when.
    fn on_its_way(&self, step: Option<&str>) -> Option<(RowId, At)> {
        let all = program::running(self.bot.as_ref()?.state());
        let found = all.into_iter().find(|(name, _)| step.is_none_or(|step| step == name));
        found.map(|(_, going)| (going.row, going.at))
    }

    /// Lets time pass, from one thing that is due to the next.
    fn later(&mut self, time: TimeDelta, out: &mut dyn Write) -> Result<(), PlayError> {
        let until = self.clock.now() + time;
        while let Some(wake) = self.bot.as_ref().and_then(|bot| bot.wake(self.clock.now())) {
            let now = self.clock.now();
            if wake > until {
                break;
            }
            // What is overdue and does not go away is looked at once a second.
            let step = if wake > now { wake - now } else { TimeDelta::seconds(1).min(until - now) };
            if step.is_zero() {
                break;
            }
            self.clock.skip(step);
            self.take(&[], out)?;
        }
        self.clock.skip((until - self.clock.now()).max(TimeDelta::zero()));
        self.take(&[], out)
    }

    /// Takes inputs, says what follows, and asks the review system until it has no more to say.
    fn take(&mut self, inputs: &[Input], out: &mut dyn Write) -> Result<(), PlayError> {
        let mut all = self.gone(&[]);
        all.extend_from_slice(inputs);
        let Some(bot) = &mut self.bot else { return Ok(()) };
        let said = bot.take(self.clock.now(), &all);
        self.say(said, out)
    }

    /// What has become of the commands of an earlier program. Those of these rows are ended, and those whose time is over.
    fn gone(&mut self, stops: &[RowId]) -> Vec<Input> {
        let now = self.clock.now();
        let mut gone = Vec::new();
        self.left.retain_mut(|(until, left)| {
            let row = left.row;
            let still = if stops.contains(&row) || *until <= now {
                let (_keep, stop) = oneshot::channel();
                let left = Left { timeout: TimeDelta::zero(), ..left.clone() };
                self.runtime.block_on(runner::see_out(&self.marks, &left, stop))
            } else if self.marks.is_at_work(row) {
                return true;
            } else {
                None
            };
            // What KILL does not end is only looked at from now on.
            *until = At::MAX_UTC;
            let is_there = still.is_some();
            gone.push(Input::Gone { row, still });
            is_there
        });
        gone
    }

    fn say(&mut self, mut said: Said, out: &mut dyn Write) -> Result<(), PlayError> {
        loop {
            if let Some(why) = &said.trouble {
                // Where standard error is gone too, there is nobody left to tell.
                let _ = writeln!(io::stderr(), "swatbot: the log takes nothing: {why}");
            }
            for reply in &said.replies {
                let text = console::shown(reply, &self.settings.name);
                writeln!(out, "{text}")?;
                self.asked.extend(reply.confirm.clone().map(|confirm| (text, confirm)));
            }
            let source = &self.source;
            let mut answers: Vec<Input> = said
                .lookups
                .iter()
                .map(|change| bot::facts(*change, self.runtime.block_on(source.look_up(*change))))
                .collect();
            if let (Some(checks), Some(bot)) = (&self.checks, &mut self.bot) {
                let run = |run: Run| {
                    let row = run.row;
                    let (_keep, stop) = oneshot::channel();
                    let command = self.marks.command(run);
                    let ended = self.runtime.block_on(runner::run(&command, LIVE, stop, drop));
                    Input::Ran { row, ended }
                };
                answers.extend(said.runs.into_iter().map(run));
                for sample in said.samples {
                    let answer = self.runtime.block_on(checks.measure(&sample.check));
                    answers.extend(bot.measured(self.clock.now(), &sample, answer));
                }
            }
            if self.checks.is_some() {
                let now = self.clock.now();
                self.left.extend(said.left.into_iter().map(|left| (now + left.timeout, left)));
                answers.extend(self.gone(&said.stops));
            }
            if answers.is_empty() {
                return Ok(());
            }
            let Some(bot) = &mut self.bot else { return Ok(()) };
            said = bot.take(self.clock.now(), &answers);
        }
    }
}
