//! What was measured, as one table: figures, ratios to the floors, goals.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use crate::load::{Load, Outcome};
use crate::process::{Bot, Kind};
use crate::relay::Relay;

/// swatbot on a log of 100,000 rows.
pub(crate) const LONG: &str = "swatbot, 100k rows";

/// How long nothing is done, to see who wakes up.
const IDLE: Duration = Duration::from_secs(3);

/// One load against one bot.
pub(crate) struct Run {
    pub(crate) round: usize,
    pub(crate) load: Load,
    pub(crate) bot: Kind,
    pub(crate) outcome: Outcome,
    /// Processor time of the bot for each command, in microseconds.
    pub(crate) cpu: f64,
    /// The rows that are in the database because of it.
    pub(crate) stored: usize,
}

/// A bot that has just started, and does nothing.
pub(crate) struct Start {
    name: &'static str,
    /// How much of the time to its first answer was its own, in milliseconds.
    ready: f64,
    /// In MiB.
    memory: f64,
    own: f64,
    /// In a second.
    wakes: f64,
    cpu: f64,
}

impl Start {
    /// Starts a bot with its files in `dir`, looks at it, and ends it.
    pub(crate) async fn of(
        kind: Kind,
        name: &'static str,
        server: SocketAddr,
        dir: &Path,
        pinned: bool,
    ) -> io::Result<Self> {
        let observer = kind.observer(server).await?;
        let relay = Relay::listen(server)?;
        let bot = Bot::start(kind, relay.address, observer, dir, pinned).await?;
        let ready = relay.own().as_secs_f64() * 1e3;
        // What a start leaves to do is done by then.
        tokio::time::sleep(IDLE / 2).await;
        let (sleeps, cpu) = (bot.sleeps(), bot.cpu());
        tokio::time::sleep(IDLE).await;
        let (memory, own) = bot.memory();
        let wakes = (bot.sleeps() - sleeps) / IDLE.as_secs_f64();
        Ok(Self { name, ready, memory, own, wakes, cpu: (bot.cpu() - cpu) / 1e3 / IDLE.as_secs_f64() })
    }
}

/// Everything that was measured.
#[derive(Default)]
pub(crate) struct Report {
    pub(crate) starts: Vec<Start>,
    pub(crate) runs: Vec<Run>,
}

/// A figure of a run.
type Figure = fn(&Run) -> f64;

const RATE: Figure = |run| run.outcome.rate;
const P50: Figure = |run| run.outcome.percentile(50);
const P99: Figure = |run| run.outcome.percentile(99);
const CPU: Figure = |run| run.cpu;

const FULL: Kind = Kind::Floor("full");
const GROUP: Kind = Kind::Floor("group");

impl Report {
    pub(crate) fn print(&self, pinned: bool) {
        let how = if pinned {
            "bot alone on the last processor, real-time"
        } else {
            "no placement: only ratios mean something, and they spread"
        };
        line(&format!("\n!log over InspIRCd, durable before the answer; medians of the rounds; {how}"));
        line(
            "\n  start and idle              JOIN ms   1st answer ms   RSS MiB   own MiB   wake-ups/s   CPU ms/s",
        );
        for name in ["echo", "group", "full", "swatbot", LONG] {
            let of = |figure: fn(&Start) -> f64| self.start(name, figure);
            line(&format!(
                "  {name:<24} {:>20.1} {:>9.1} {:>9.1} {:>12.1} {:>10.2}",
                of(|start| start.ready),
                of(|start| start.memory),
                of(|start| start.own),
                of(|start| start.wakes),
                of(|start| start.cpu)
            ));
        }
        line("\n  load          bot            cmd/s    p50 us    p99 us   CPU us/cmd   lost   not stored");
        for (clients, each) in self.loads() {
            for kind in [Kind::Floor("echo"), GROUP, FULL, Kind::Swatbot, Kind::Paced] {
                let runs: Vec<&Run> = self.runs_of(kind, clients, each).collect();
                if runs.is_empty() {
                    continue;
                }
                let of = |figure: Figure| median(runs.iter().map(|run| figure(run)).collect());
                let lost: usize = runs.iter().map(|run| run.outcome.sent - run.outcome.answered).sum();
                let stored = |run: &&Run| kind == Kind::Floor("echo") || run.stored >= run.outcome.sent;
                let missing = runs.iter().filter(|run| !stored(run)).count();
                line(&format!(
                    "  K={clients:<3} W={each:<5}  {:<9} {:>10.0} {:>9.0} {:>9.0} {:>12.1} {lost:>6} {missing:>12}",
                    kind.name(),
                    of(RATE),
                    of(P50),
                    of(P99),
                    of(CPU)
                ));
            }
        }
        self.print_goals();
    }

    /// How much longer an answer out of a long log takes than a line that is only echoed, at the median, in microseconds.
    fn asked(&self) -> f64 {
        let asked = || self.runs.iter().filter(|run| run.load.asks);
        let more = asked().filter(|run| run.bot == Kind::Asked).filter_map(|run| {
            let echo = asked().find(|other| other.bot != Kind::Asked && other.round == run.round)?;
            Some(P50(run) - P50(echo))
        });
        median(more.collect())
    }

    fn print_goals(&self) {
        line("\n  goal                                                  swatbot   target");
        let goal =
            |name: &str, figure: f64, target: &str| line(&format!("  {name:<50} {figure:>10.2}   {target}"));
        goal("1  K=1 p50, x floor-full", self.ratio(P50, FULL, 1, 1), "<= 1.15");
        goal("2  K=1 p99, x floor-full", self.ratio(P99, FULL, 1, 1), "<= 1.5");
        goal("3  K=8 cmd/s, x floor-group", self.ratio(RATE, GROUP, 8, 1), ">= 0.7");
        goal("4  K=8 W=16 cmd/s, x floor-group", self.ratio(RATE, GROUP, 8, 16), ">= 0.5");
        goal("   K=8 W=16 cmd/s, x floor-full", self.ratio(RATE, FULL, 8, 16), ">= 6");
        goal("5  K=50 cmd/s, x floor-group", self.ratio(RATE, GROUP, 50, 1), ">= 0.85");
        goal("6  K=1 CPU, x floor-full", self.ratio(CPU, FULL, 1, 1), "<= 1.3");
        goal("   K=8 W=16 CPU us a command", self.figure(CPU, 8, 16), "<= 10");
        goal("7  idle RSS MiB, empty log", self.start("swatbot", |start| start.memory), "<= 16");
        goal("   idle RSS MiB, 100k rows", self.start(LONG, |start| start.memory), "<= 16");
        goal("8  own ms to the 1st answer, empty log", self.start("swatbot", |start| start.ready), "<= 25");
        goal("   own ms to the 1st answer, 100k rows", self.start(LONG, |start| start.ready), "<= 50");
        goal("9  idle wake-ups a second", self.start("swatbot", |start| start.wakes), "0");
        goal("   idle CPU ms a second", self.start("swatbot", |start| start.cpu), "0.0");
        let sum = |count: fn(&Run) -> usize| {
            self.runs.iter().filter(|run| !matches!(run.bot, Kind::Floor(_))).map(count).sum::<usize>() as f64
        };
        goal("10 lost commands, all loads", sum(|run| run.outcome.sent - run.outcome.answered), "0");
        let pastes = || self.runs.iter().filter(|run| run.bot == Kind::Paced);
        let of = |figure: Figure| median(pastes().map(figure).collect());
        goal("   20 pasted, paced: answered", of(|run| run.outcome.answered as f64), "20");
        goal("   lines that answer them", of(|run| run.outcome.lines as f64), "<= the burst, 4");
        goal("   the last answer after ms", of(|run| run.outcome.percentile(100) / 1e3), "within the burst");
        goal("12 a question, p50 us more than floor-echo", self.asked(), "<= 300");
    }

    fn loads(&self) -> Vec<(usize, usize)> {
        let mut loads: Vec<(usize, usize)> = Vec::new();
        for Run { load, .. } in &self.runs {
            if !loads.contains(&(load.clients, load.each)) {
                loads.push((load.clients, load.each));
            }
        }
        loads
    }

    fn runs_of(&self, kind: Kind, clients: usize, each: usize) -> impl Iterator<Item = &Run> {
        self.runs.iter().filter(move |run| {
            !run.load.asks && (run.bot, run.load.clients, run.load.each) == (kind, clients, each)
        })
    }

    fn start(&self, name: &str, figure: fn(&Start) -> f64) -> f64 {
        median(self.starts.iter().filter(|start| start.name == name).map(figure).collect())
    }

    fn figure(&self, figure: Figure, clients: usize, each: usize) -> f64 {
        median(self.runs_of(Kind::Swatbot, clients, each).map(figure).collect())
    }

    /// The median of the ratios within each round.
    fn ratio(&self, figure: Figure, floor: Kind, clients: usize, each: usize) -> f64 {
        let ratios = self.runs_of(Kind::Swatbot, clients, each).filter_map(|run| {
            let floor = self.runs_of(floor, clients, each).find(|other| other.round == run.round)?;
            Some(figure(run) / figure(floor))
        });
        median(ratios.collect())
    }
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

pub(crate) fn line(text: &str) {
    // Whoever closed the output wants no more of it.
    let _ = writeln!(io::stdout(), "{text}");
}
