//! `swatbot backtest`: windows of the past under the guidelines of today, for whoever is about to tighten a rule.

mod lines;
mod progress;
mod table;

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, IsTerminal, Write};
use std::panic::resume_unwind;
use std::path::PathBuf;

use serde::Serialize;

use super::Fault;
use super::log::harmless;
use crate::backtest::{self, Seen, Tally, Went};
use crate::config::Config;
use crate::engine::guidelines::Verdict;
use crate::engine::id::{At, ChangeNumber, OccurrenceId};
use crate::review::{PastPatch, PastWindow};

use lines::Lines;
use progress::Progress;
use table::Couplings;

/// So many faulty lines are named; the others are counted.
const NAMED: usize = 10;

/// So many windows for each processor are in memory at once,
const BATCH: usize = 16;
/// unless they are longer than this together.
const BATCH_BYTES: usize = 8 << 20;

/// What is played, and what is printed of it.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct BacktestArgs {
    /// The windows, one JSON object a line: see docs/backtest.md
    #[arg(value_name = "FILE.jsonl")]
    file: PathBuf,
    /// Print one JSON object a patch instead of the table
    #[arg(long)]
    json: bool,
    /// Print this window alone, and all that would have been said in it
    #[arg(long, value_name = "ID", value_parser = super::occurrence)]
    window: Option<OccurrenceId>,
}

/// Why it ended before the end of the file.
enum Stop {
    /// Whoever reads has seen enough.
    Enough,
    Failed(String),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::Enough,
            _ => Self::Failed(format!("cannot write what was found: {error}")),
        }
    }
}

/// Plays a file. Lines that are no windows are named on standard error and left out, and the exit code tells of them.
pub(super) fn run(args: &BacktestArgs, config: &Config) -> Result<(), Fault> {
    let name = args.file.display().to_string();
    let unreadable = |error: io::Error| Fault::Failed(format!("cannot read {name}: {error}"));
    let file = File::open(&args.file).map_err(unreadable)?;
    let size = file.metadata().map_err(unreadable)?.len();
    // A bar on the terminal where the results go would stand between them.
    let is_alone = !(args.json && io::stdout().is_terminal());
    let progress = Progress::new(io::stderr().is_terminal() && is_alone, size);
    let mut out = BufWriter::new(io::stdout().lock());
    let mut game = Game {
        args,
        config,
        name: &name,
        progress,
        tally: Tally::default(),
        couplings: Couplings::default(),
        faulty: 0,
        found: false,
        that_day: Vec::new(),
    };
    let played = game.play(&mut BufReader::new(file), &mut out);
    game.progress.clear();
    match played.and_then(|()| game.ends(&mut out)) {
        Ok(()) => {}
        Err(Stop::Enough) => return Ok(()),
        Err(Stop::Failed(why)) => return Err(Fault::Failed(why)),
    }
    match game.faulty {
        0 => Ok(()),
        1 => Err(Fault::Failed(format!("{name}: 1 line is no window and was left out"))),
        count => Err(Fault::Failed(format!("{name}: {count} lines are no windows and were left out"))),
    }
}

/// One run over a file.
struct Game<'a> {
    args: &'a BacktestArgs,
    config: &'a Config,
    name: &'a str,
    progress: Progress,
    tally: Tally,
    couplings: Couplings,
    faulty: usize,
    /// The window that was asked for was there.
    found: bool,
    /// The windows of its day.
    that_day: Vec<String>,
}

impl Game<'_> {
    fn play(&mut self, file: &mut dyn BufRead, out: &mut dyn Write) -> Result<(), Stop> {
        let mut lines = Lines::new(file);
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let mut batch: Vec<(usize, PastWindow)> = Vec::new();
        let mut bytes = 0;
        while let Some(line) =
            lines.next().map_err(|error| Stop::Failed(format!("cannot read {}: {error}", self.name)))?
        {
            bytes += line.text.as_ref().map_or(0, |text| text.len());
            match line.text.and_then(PastWindow::read) {
                Ok(window) if self.is_wanted(&window) => batch.push((line.number, window)),
                Ok(_) => {}
                Err(what) => self.faulty(line.number, &what),
            }
            if batch.len() >= threads * BATCH || bytes > BATCH_BYTES {
                self.windows(threads, std::mem::take(&mut batch), out)?;
                bytes = 0;
            }
            self.progress.show(lines.read(), self.tally.windows, self.tally.patches);
        }
        self.windows(threads, batch, out)
    }

    /// Plays some windows at once, each in a room of its own, and takes them in the order of the file.
    fn windows(
        &mut self,
        threads: usize,
        batch: Vec<(usize, PastWindow)>,
        out: &mut dyn Write,
    ) -> Result<(), Stop> {
        let settings = &self.config.settings;
        let each = batch.len().div_ceil(threads).max(1);
        let went: Vec<Went> = std::thread::scope(|scope| {
            let play = |part: &[(usize, PastWindow)]| {
                part.iter().map(|(_, window)| backtest::play(settings, window)).collect::<Vec<Went>>()
            };
            let parts = batch.chunks(each).map(|part| scope.spawn(move || play(part)));
            let running: Vec<_> = parts.collect();
            let ended =
                running.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)));
            ended.flatten().collect()
        });
        batch.iter().zip(&went).try_for_each(|((line, window), went)| self.window(*line, window, went, out))
    }

    /// Whether a window is to be played; of others on the wanted day the ids are kept.
    fn is_wanted(&mut self, window: &PastWindow) -> bool {
        let Some(wanted) = &self.args.window else { return true };
        let id = backtest::plan(&self.config.settings, window).id;
        let is_it = id == *wanted;
        self.found |= is_it;
        self.that_day.extend((id.date == wanted.date).then(|| id.to_string()));
        is_it
    }

    fn faulty(&mut self, number: usize, what: &str) {
        self.faulty += 1;
        if self.faulty <= NAMED {
            self.progress.clear();
            // Where standard error is closed there is nobody to tell.
            let _ = writeln!(io::stderr(), "{}:{number}: {}", self.name, harmless(what));
        }
    }

    fn window(
        &mut self,
        line: usize,
        window: &PastWindow,
        went: &Went,
        out: &mut dyn Write,
    ) -> Result<(), Stop> {
        if let Some(why) = &went.stuck {
            self.progress.clear();
            let _ =
                writeln!(io::stderr(), "{}:{line}: {} was not played to its end: {why}", self.name, went.id);
        }
        self.tally.add(window, went);
        self.couplings.add(went);
        match (self.args.json, &self.args.window) {
            (true, _) => {
                for patch in &window.patches {
                    let row = Row::new(line, patch, went);
                    serde_json::to_writer(&mut *out, &row).map_err(io::Error::from)?;
                    writeln!(out)?;
                }
            }
            (false, Some(_)) => table::transcript(out, line, window, went)?,
            (false, None) => {}
        }
        Ok(())
    }

    fn ends(&self, out: &mut dyn Write) -> Result<(), Stop> {
        match &self.args.window {
            Some(wanted) if !self.found => {
                let others = match self.that_day.as_slice() {
                    [] => String::new(),
                    ids => format!("; that day has {}", ids.join(", ")),
                };
                return Err(Stop::Failed(format!("{}: no window {wanted}{others}", self.name)));
            }
            None if self.tally.windows == 0 => {
                return Err(Stop::Failed(format!("{}: no line of it is a window", self.name)));
            }
            None if !self.args.json => {
                table::table(out, self.name, &self.config.settings, &self.tally, &self.couplings)?
            }
            _ => {}
        }
        Ok(out.flush()?)
    }
}

/// What is said of one patch, for a program.
#[derive(Serialize)]
struct Row<'a> {
    window: String,
    line: usize,
    change: ChangeNumber,
    subject: &'a str,
    owner: &'a str,
    approved: At,
    /// `live`, or why it did not go out.
    outcome: &'a str,
    reverted: bool,
    verdicts: Vec<Said<'a>>,
    /// Why it belongs together with others though nobody said so.
    couplings: Vec<&'a str>,
    /// The codes of refusals that are no rule's.
    refused: Vec<&'a str>,
}

#[derive(Serialize)]
struct Said<'a> {
    rule: &'static str,
    verdict: &'static str,
    when: &'static str,
    words: &'a str,
}

impl<'a> Row<'a> {
    fn new(line: usize, patch: &'a PastPatch, went: &'a Went) -> Self {
        let of_it = |seen: &&Seen| seen.change == patch.number;
        let said = |seen: &'a Seen| Said {
            rule: seen.rule.word(),
            verdict: verdict(seen.verdict),
            when: if seen.turn { "turn" } else { "add" },
            words: &seen.words,
        };
        let is_about = |(a, b): &(ChangeNumber, ChangeNumber)| [*a, *b].contains(&patch.number);
        let couplings = went.couplings.iter().filter(|(pair, _)| is_about(pair));
        let refused = went.refused.iter().filter(|(change, _)| *change == patch.number);
        Self {
            window: went.id.to_string(),
            line,
            change: patch.number,
            subject: &patch.subject,
            owner: &patch.owner,
            approved: patch.approved,
            outcome: outcome(went, patch.number),
            reverted: patch.reverted,
            verdicts: went.seen.iter().filter(of_it).map(said).collect(),
            couplings: couplings.map(|(_, words)| words.as_str()).collect(),
            refused: refused.map(|(_, code)| code.as_str()).collect(),
        }
    }
}

/// `live`, or why a patch did not go out.
fn outcome(went: &Went, change: ChangeNumber) -> &str {
    let skipped = went.skipped.iter().find(|(other, _)| *other == change);
    match skipped {
        Some((_, why)) => why,
        None if went.live.contains(&change) => "live",
        None => "not played",
    }
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Warn => "warn",
        Verdict::Ask => "ask",
        Verdict::Block => "block",
    }
}
