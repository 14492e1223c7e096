//! `swatbot run`: the log, the review system, the loop, and the terminal.

use std::io::{self, BufRead, IsTerminal, Write};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

use super::Fault;
use crate::bot::{self, Arrival, Bot, Outside};
use crate::clock::Clock;
use crate::config::{Config, Coverage, Review};
use crate::engine::id::{At, ChangeNumber};
use crate::engine::settings::Settings;
use crate::engine::window::Occurrence;
use crate::engine::{Input, Reply, schedule};
use crate::play::Player;
use crate::review::{CoverageFrom, Files, Gerrit, GerritSettings, Source};
use crate::store::Store;
use crate::transport::console::{self, Typed};

pub(super) fn run(config: Config, at: Option<At>) -> Result<(), Fault> {
    let clock = at.map_or_else(Clock::system, Clock::standing_at);
    let source = source(&config)?;
    if io::stdin().is_terminal() {
        return terminal(config, clock, Arc::new(source));
    }
    let mut out = io::stdout().lock();
    let mut script = io::stdin().lock();
    let played = Player::open(config.settings, config.database, source, clock, &mut out)
        .and_then(|mut player| player.play(&mut script, &mut out));
    played.map_err(|error| Fault::Failed(error.to_string()))
}

/// The review system that the configuration names.
fn source(config: &Config) -> Result<Source, Fault> {
    let coverage = config.coverage.as_ref().map(|coverage| match coverage {
        Coverage::File(path) => CoverageFrom::File(path.clone()),
        Coverage::Url(url) => CoverageFrom::Url(url.clone()),
    });
    let source = match &config.review {
        Review::Files { path } => Files::new(path.clone(), coverage).map(Source::Files),
        Review::Gerrit { url, login, timeout_seconds } => {
            let mut settings = GerritSettings::new(url.clone());
            settings.timeout = std::time::Duration::from_secs(*timeout_seconds);
            settings.login = login.as_ref().and_then(|login| {
                let password = login.password.clone()?;
                Some((login.username.clone(), password))
            });
            Gerrit::new(settings, coverage).map(Source::Gerrit)
        }
    };
    source.map_err(Fault::Usage)
}

/// A person at a terminal: the loop here, the keyboard and the review system in threads of their own.
fn terminal(config: Config, clock: Clock, source: Arc<Source>) -> Result<(), Fault> {
    let failed = |error: &dyn std::fmt::Display| Fault::Failed(error.to_string());
    let store = Store::open(&config.database).map_err(|error| failed(&error))?;
    let name = config.settings.name.clone();
    let speaker = config.settings.people.first().map_or("alice", |person| person.id.0.as_str()).to_owned();
    let mut out = io::stdout();
    out.write_all(greeting(&config.settings, &speaker, clock.now()).as_bytes())
        .map_err(|error| failed(&error))?;
    let (bot, first) = Bot::open(config.settings, store, clock.now()).map_err(|error| failed(&error))?;
    let (arrivals_in, arrivals) = sync_channel(1024);
    let (questions_in, questions) = tokio::sync::mpsc::unbounded_channel();
    let answers = arrivals_in.clone();
    let asked = Arc::clone(&source);
    thread::spawn(move || answer_lookups(&asked, questions, &answers));
    let bot_name = name.clone();
    thread::spawn(move || read_keyboard(&source, speaker, &bot_name, clock, &arrivals_in));
    bot::run(bot, clock, first, &arrivals, &mut Terminal { name, out, questions: questions_in });
    Ok(())
}

/// What the loop says and asks where a person sits at a terminal.
struct Terminal {
    name: String,
    out: io::Stdout,
    questions: UnboundedSender<ChangeNumber>,
}

impl Outside for Terminal {
    fn say(&mut self, replies: Vec<Reply>) {
        for reply in &replies {
            // A terminal that is gone ends the program at the next line it does not send.
            let _ = writeln!(self.out, "{}", console::shown(reply, &self.name));
        }
        let _ = self.out.flush();
    }

    fn look_up(&mut self, change: ChangeNumber) {
        // The other side ends only with the program.
        let _ = self.questions.send(change);
    }

    fn warn(&mut self, why: &str) {
        // Chat is told that nothing was recorded; only the operator can do something about the reason.
        let _ = writeln!(io::stderr(), "swatbot: the log takes nothing: {why}");
    }
}

/// Asks the review system, many questions at a time, and sends each answer to the loop when it comes.
fn answer_lookups(
    source: &Arc<Source>,
    mut questions: UnboundedReceiver<ChangeNumber>,
    answers: &SyncSender<Arrival>,
) {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
    runtime.block_on(async {
        while let Some(change) = questions.recv().await {
            let source = Arc::clone(source);
            let answers = answers.clone();
            tokio::spawn(async move {
                let answer = source.look_up(change).await;
                let _ = answers.send(Arrival::Inputs(vec![bot::facts(change, answer)]));
            });
        }
    });
}

/// Turns typed lines into what they mean until the end of the input.
fn read_keyboard(
    source: &Source,
    mut speaker: String,
    bot_name: &str,
    clock: Clock,
    arrivals: &SyncSender<Arrival>,
) {
    let mut clock = clock;
    for line in io::stdin().lock().split(b'\n') {
        let Ok(line) = line else { break };
        let line = String::from_utf8_lossy(&line).into_owned();
        let arrival = match console::read(&line, &speaker, bot_name) {
            Typed::Nothing | Typed::Answer => None,
            Typed::Said(line) => Some(Arrival::Inputs(vec![Input::Line(line)])),
            Typed::Heard(inputs) => Some(Arrival::Inputs(inputs)),
            Typed::As(name) => {
                speaker = name;
                note(&format!("you are {speaker}"))
            }
            Typed::Later(time) => {
                clock.skip(time);
                Some(Arrival::Later(time))
            }
            Typed::Change(change, what) => match source {
                Source::Files(files) => match files.tell(change, &what, clock.now()) {
                    Ok(()) => Some(Arrival::News(change)),
                    Err(why) => note(&why),
                },
                Source::Gerrit(_) => note("/change is for the folder of examples, not for a Gerrit"),
            },
            Typed::Restart => note("end the program with ctrl-d and start it again"),
            Typed::Unknown(hint) => note(hint),
        };
        if arrival.is_some_and(|arrival| arrivals.send(arrival).is_err()) {
            return;
        }
    }
    let _ = arrivals.send(Arrival::End);
}

fn note(text: &str) -> Option<Arrival> {
    // The terminal's own words are for the person at it; where they cannot be written, nobody misses them.
    let _ = writeln!(io::stdout(), "# {text}");
    None
}

/// Five lines that lead into the next window.
fn greeting(settings: &Settings, speaker: &str, now: At) -> String {
    let held = |occurrence: &Occurrence| schedule::no_deploy_day(&settings.policy, occurrence).is_none();
    let next = schedule::next_after(settings, now, held);
    let minutes = next.map_or(10, |next| (next.starts - now).num_minutes() + 1);
    let skip = match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("+{minutes}m"),
        (hours, 0) => format!("+{hours}h"),
        (hours, minutes) => format!("+{hours}h{minutes}m"),
    };
    let prefix = &settings.prefix;
    format!(
        "# swatbot in a terminal: lines are chat. You are {speaker}; \"bob> …\" speaks as bob, \"+10m\" lets time pass,\n\
         # \"/change 4 merged\" is the review system's part, ctrl-d ends it. Five lines to try:\n\
         #   bob> {prefix}swat add 4\n#   {prefix}swat claim\n#   {skip}\n#   bob> {prefix}swat here\n#   {prefix}swat start\n"
    )
}
