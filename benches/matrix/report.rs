//! What was measured, as tables: figures, ratios to the bare bot, goals.

use std::io::{self, Write};

use crate::gap::Gap;
use crate::latency::{Asked, LOADS, Load, Run};
use crate::memory::{Look, Memory};
use crate::without::Build;

/// Everything that was measured; what was not asked for is not there.
#[derive(Default)]
pub(crate) struct Report {
    pub(crate) runs: Vec<Run>,
    pub(crate) gap: Option<Gap>,
    pub(crate) memory: Option<Memory>,
    pub(crate) builds: Vec<Build>,
}

/// A figure of a run.
type Figure = fn(&Run) -> f64;

const SEEN_50: Figure = |run| Run::percentile(&run.seen, 50);
const SEEN_99: Figure = |run| Run::percentile(&run.seen, 99);
const STAMPED_50: Figure = |run| Run::percentile(&run.stamped, 50);
const STAMPED_99: Figure = |run| Run::percentile(&run.stamped, 99);
const CPU: Figure = |run| run.cpu;

impl Report {
    pub(crate) fn print(&self) {
        self.print_figures();
        line("\n  goal                                               swatbot   target");
        let goal =
            |name: &str, figure: f64, target: &str| line(&format!("  {name:<47} {figure:>10.2}   {target}"));
        for load in self.loads() {
            let of = |figure: Figure| self.ratio(figure, load);
            goal(&format!("{}: p50, x echo", load.name), of(SEEN_50), "<= 1.2");
            goal(&format!("{}: p99, x echo", load.name), of(SEEN_99), "<= 1.2");
        }
        if let Some(gap) = &self.gap {
            let count = |is_so: bool| if is_so { 1.0 } else { 0.0 };
            goal("said while it was down: rows", gap.rows as f64, &gap.said.to_string());
            goal("stale: each listed once, in order", count(gap.are_listed), "1");
            goal("stale: run", gap.ran_late as f64, "0");
            goal("fresh: each run once, in order", count(gap.are_run), "1");
            goal("from the start to the last of them, s", gap.took, "");
        }
        if let Some(memory) = &self.memory {
            let looks = &memory.looks;
            if let (Some(middle), Some(last)) = (looks.get(looks.len() / 2), looks.last()) {
                goal("RSS MiB after all messages", last.all, "");
                goal("its growth over the last half, MiB", last.all - middle.all, "<= 1");
            }
            goal("commands without a row", memory.lost as f64, "0");
        }
        for build in &self.builds {
            goal(&format!("{}: built from nothing, s", build.name), build.cold, "");
            goal(&format!("{}: of it swatbot, s", build.name), build.own, "");
        }
    }

    fn print_figures(&self) {
        if !self.runs.is_empty() {
            line("\n!log over Synapse, durable before the answer; medians of the rounds");
            line("\n                                     read by a client     the server's stamps");
            line(
                "  load                    bot          p50 ms    p99 ms      p50 ms    p99 ms   CPU ms/cmd",
            );
        }
        for load in self.loads() {
            for asked in Asked::BOTH {
                let of = |figure: Figure| median(self.runs_of(asked, load).map(figure).collect());
                line(&format!(
                    "  {:<23} {:<9} {:>9.1} {:>9.1} {:>11.0} {:>9.0} {:>12.2}",
                    load.name,
                    asked.name(),
                    of(SEEN_50),
                    of(SEEN_99),
                    of(STAMPED_50),
                    of(STAMPED_99),
                    of(CPU)
                ));
            }
        }
        if let Some(memory) = &self.memory {
            line("\n  messages    RSS MiB   own MiB");
            for Look { messages, all, own } in &memory.looks {
                line(&format!("  {messages:>8} {all:>10.1} {own:>9.1}"));
            }
        }
    }

    fn loads(&self) -> impl Iterator<Item = Load> {
        LOADS.into_iter().filter(|load| self.runs.iter().any(|run| run.load == *load))
    }

    fn runs_of(&self, asked: Asked, load: Load) -> impl Iterator<Item = &Run> {
        self.runs.iter().filter(move |run| run.asked == asked && run.load == load)
    }

    /// The median of the ratios within each round.
    fn ratio(&self, figure: Figure, load: Load) -> f64 {
        let ratios = self.runs_of(Asked::Swatbot, load).filter_map(|run| {
            let echo = self.runs_of(Asked::Echo, load).find(|other| other.round == run.round)?;
            Some(figure(run) / figure(echo))
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
