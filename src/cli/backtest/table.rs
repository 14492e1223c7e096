//! What was found, for a person at a terminal of 80 columns: the table of the rules, the couplings, one window in full.

use std::io::{self, Write};

use super::super::log::harmless;
use super::{outcome, verdict};
use crate::backtest::{Tally, Went};
use crate::engine::guidelines::{self, Level, RuleId};
use crate::engine::settings::Settings;
use crate::engine::text;
use crate::review::PastWindow;

/// How wide lines are.
const WIDTH: usize = 80;
/// So many couplings are listed; the others are counted.
const LISTED: usize = 20;

/// Which patches belong together though nobody said so: a few of them in words, all of them in number.
#[derive(Default)]
pub(super) struct Couplings {
    listed: Vec<String>,
    count: usize,
}

impl Couplings {
    /// Adds those of a window.
    pub(super) fn add(&mut self, went: &Went) {
        self.count += went.couplings.len();
        let room = LISTED.saturating_sub(self.listed.len());
        let words = went.couplings.values().take(room);
        self.listed.extend(words.map(|words| format!("{} {}", went.id, harmless(words))));
    }
}

/// The table of all windows.
pub(super) fn table(
    out: &mut dyn Write,
    name: &str,
    settings: &Settings,
    tally: &Tally,
    couplings: &Couplings,
) -> io::Result<()> {
    let days = tally.span.map_or_else(String::new, |(first, last)| {
        format!(", {} to {}", first.format("%Y-%m-%d"), last.format("%Y-%m-%d"))
    });
    writeln!(out, "{}", harmless(name))?;
    writeln!(out, "{}, {}{days}", count(tally.windows, "window"), count(tally.patches, "patch"))?;
    writeln!(
        out,
        "{} live, {} given up; {} reverted later ({})",
        tally.live,
        tally.patches - tally.live,
        tally.reverted,
        percent(tally.reverted, tally.patches).trim_start(),
    )?;
    writeln!(
        out,
        "stopped or asked in {} ({}), extended {}",
        count(tally.bothered, "window"),
        percent(tally.bothered, tally.windows).trim_start(),
        tally.extended,
    )?;
    writeln!(out)?;
    writeln!(
        out,
        "{:<18}{:>7}{:>6}{:>6}{:>15}   {:<}",
        "rule", "block", "ask", "warn", "windows", "reverted later"
    )?;
    for (rule, counts) in &tally.rules {
        writeln!(
            out,
            "{:<18}{:>7}{:>6}{:>6}{:>7} {:>7}   {:>4} of {:<4} {:>7}",
            rule.word(),
            some(counts.blocked),
            some(counts.asked),
            some(counts.warned),
            some(counts.windows),
            if counts.windows == 0 { String::new() } else { percent(counts.windows, tally.windows) },
            counts.reverted,
            counts.patches(),
            percent(counts.reverted, counts.patches()),
        )?;
    }
    let others = RuleId::ALL.iter().filter(|rule| !tally.rules.contains_key(rule));
    let (off, silent): (Vec<&RuleId>, Vec<&RuleId>) =
        others.partition(|rule| guidelines::level(settings, **rule) == Level::Off);
    writeln!(out)?;
    for (head, rules) in [("silent:", silent), ("off:", off)].iter().filter(|(_, rules)| !rules.is_empty()) {
        wrapped(out, head, rules.iter().map(|rule| rule.word()))?;
    }
    for note in [
        "",
        "block, ask, warn: patches, each once by the gravest word. windows: in how many",
        "it stopped or asked. reverted later: of those patches. All owners are taken to",
        "be there, and everybody to say what let the real patch go. Both of a pair that",
        "is coupled are blocked until somebody says which is first; where the file has",
        "no diffs, coupled knows messages, tasks, topics and authors alone.",
    ] {
        writeln!(out, "{note}")?;
    }
    list(out, couplings)
}

fn list(out: &mut dyn Write, couplings: &Couplings) -> io::Result<()> {
    if couplings.count == 0 {
        return Ok(());
    }
    writeln!(out, "\ncouplings: {}", couplings.count)?;
    for words in &couplings.listed {
        let (id, words) = words.split_once(' ').unwrap_or((words, ""));
        wrapped(out, id, words.split(' '))?;
    }
    match couplings.count - couplings.listed.len() {
        0 => Ok(()),
        more => writeln!(out, "and {more} more: --json has them all"),
    }
}

/// One window: all that would have been said, and what the rules found.
pub(super) fn transcript(
    out: &mut dyn Write,
    line: usize,
    window: &PastWindow,
    went: &Went,
) -> io::Result<()> {
    let deployers = harmless(&window.deployers.join(", "));
    let patches = count(window.patches.len(), "patch");
    writeln!(out, "# {} (line {line}): {patches}, deployed by {deployers}", went.id)?;
    for line in &went.lines {
        writeln!(out, "{}", harmless(line))?;
    }
    for patch in &window.patches {
        let change = patch.number;
        let later = if patch.reverted { ", reverted later" } else { "" };
        let outcome = outcome(went, change);
        writeln!(out, "#\n# {change} {}: {outcome}{later}", text::title(&patch.subject))?;
        for seen in went.seen.iter().filter(|seen| seen.change == change) {
            let when = if seen.turn { "turn" } else { "add" };
            let verdict = verdict(seen.verdict);
            writeln!(out, "#   {when:<4} {verdict:<5} {:<16} {}", seen.rule.word(), harmless(&seen.words))?;
        }
    }
    for words in went.couplings.values() {
        writeln!(out, "#\n# {}", harmless(words))?;
    }
    Ok(())
}

fn some(count: usize) -> String {
    if count == 0 { "-".to_owned() } else { count.to_string() }
}

/// `1 patch`, `4 patches`.
fn count(count: usize, word: &str) -> String {
    match count {
        1 => format!("1 {word}"),
        _ if word.ends_with("ch") => format!("{count} {word}es"),
        _ => format!("{count} {word}s"),
    }
}

/// `7.4 %`.
#[expect(clippy::cast_precision_loss, reason = "nobody counts so many that a tenth of a percent is lost")]
fn percent(part: usize, whole: usize) -> String {
    if whole == 0 { "-".to_owned() } else { format!("{:.1} %", 100.0 * part as f64 / whole as f64) }
}

/// Words in lines that are not too wide, indented under the first.
fn wrapped<'w>(out: &mut dyn Write, head: &str, words: impl Iterator<Item = &'w str>) -> io::Result<()> {
    let mut line = head.to_owned();
    for word in words {
        if line.chars().count() + 1 + word.chars().count() > WIDTH {
            writeln!(out, "{line}")?;
            line = " ".repeat(head.len());
        }
        line.push(' ');
        line.push_str(word);
    }
    writeln!(out, "{line}")
}
