//! `cargo bench --bench pairs -- FILE.jsonl.gz [--halves]`: which pairs of real changes the engine would ask about, and what it would
//! suggest to go first, one prediction a line. The score is `../shared/data/order-pairs/score_pairs.py`'s to count; with
//! `--halves` the main figures are on standard error, for the earlier and the later half by time as well: what is tuned on
//! one must hold on the other.
//!
//! The comparison is the engine's own. The rarity of a name is learnt from the commits of the file that were merged
//! before, as the bot learns it from the changes it has seen before.

use std::collections::{BTreeSet, HashMap};
use std::error::Error;
use std::io::{BufRead, BufReader, BufWriter, Write};

use serde::Deserialize;
use serde_json::json;
use swatbot::engine::order::{Diff, FileDiff, Seen, Side, score, signals, suggestion};

/// A line of the file.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Row {
    Meta,
    Commit(Box<Commit>),
    Pair {
        pair_id: String,
        a: String,
        b: String,
        coupled: Option<bool>,
        first: Option<String>,
        ci_only: bool,
    },
    Window {
        window_id: String,
        day: String,
        commits: Vec<String>,
        links: Vec<Link>,
    },
}

/// What is known of two commits of a window.
#[derive(Deserialize)]
struct Link {
    a: String,
    b: String,
    why: Vec<String>,
}

#[derive(Deserialize)]
struct Commit {
    key: String,
    repo: String,
    sha: String,
    change_id: Option<String>,
    subject: String,
    message_without_footers: String,
    bugs: Vec<String>,
    author: String,
    author_date: String,
    merged_at: String,
    files: Vec<File>,
}

#[derive(Deserialize)]
struct File {
    path: String,
    add: Option<u32>,
    del: Option<u32>,
    #[serde(default)]
    added: Vec<String>,
    #[serde(default)]
    removed: Vec<String>,
    #[serde(default)]
    context: Vec<String>,
}

/// What is asked about: its name, and two commits.
struct Asked {
    id: String,
    a: String,
    b: String,
    truth: Truth,
}

/// What is known of what is asked.
enum Truth {
    /// Whether they are coupled and which is first; both run in production.
    Pair { coupled: bool, first: Option<String> },
    /// In the window of this day, and nobody declared anything of them.
    Undeclared { day: String },
    /// Nothing that is counted.
    NotCounted,
}

/// What was said of a pair that is counted.
struct Said<'a> {
    /// When the later one was merged.
    at: &'a str,
    truth: &'a Truth,
    coupled: bool,
    first: Option<&'static str>,
}

fn main() -> Result<(), Box<dyn Error>> {
    match std::env::args().skip(1).find(|word| !word.starts_with('-')) {
        Some(file) => predict(&file),
        // All benches are run, and this one has nothing to read.
        None => {
            Ok(writeln!(std::io::stderr(), "usage: cargo bench --bench pairs -- FILE.jsonl.gz [--halves]")?)
        }
    }
}

fn predict(file: &str) -> Result<(), Box<dyn Error>> {
    let mut commits: Vec<Commit> = Vec::new();
    let mut asked: Vec<Asked> = Vec::new();
    let mut days: BTreeSet<String> = BTreeSet::new();
    for line in BufReader::new(flate2::read::GzDecoder::new(std::fs::File::open(file)?)).lines() {
        match serde_json::from_str(&line?)? {
            Row::Meta => {}
            Row::Commit(commit) => commits.push(*commit),
            Row::Pair { pair_id, a, b, coupled, first, ci_only } => {
                let truth = match coupled {
                    Some(coupled) if !ci_only => Truth::Pair { coupled, first },
                    _ => Truth::NotCounted,
                };
                asked.push(Asked { id: pair_id, a, b, truth });
            }
            Row::Window { window_id, day, commits, links } => {
                for (index, a) in commits.iter().enumerate() {
                    asked.extend(commits[index + 1..].iter().map(|b| {
                        let link = links.iter().find(|link| link.a == *a && link.b == *b);
                        let declared = link.is_some_and(Link::is_declared);
                        let truth =
                            if declared { Truth::NotCounted } else { Truth::Undeclared { day: day.clone() } };
                        Asked { id: format!("{window_id}|{a}|{b}"), a: a.clone(), b: b.clone(), truth }
                    }));
                }
                days.insert(day);
            }
        }
    }
    commits.sort_by(|a, b| (&a.merged_at, &a.key).cmp(&(&b.merged_at, &b.key)));
    let mut seen = Seen::default();
    let known: Vec<(Diff, Vec<u8>)> = commits
        .iter()
        .map(|commit| {
            let diff = Diff::of(&commit.files.iter().map(File::diff).collect::<Vec<_>>());
            let rarity = seen.rate(&diff, None);
            (diff, rarity)
        })
        .collect();
    let sides: HashMap<&str, (&str, Side<'_>)> = commits
        .iter()
        .zip(&known)
        .map(|(commit, (diff, rarity))| {
            (commit.key.as_str(), (commit.merged_at.as_str(), commit.side(diff, rarity)))
        })
        .collect();
    let mut out = BufWriter::new(std::io::stdout().lock());
    let mut counted: Vec<Said<'_>> = Vec::new();
    for Asked { id, a, b, truth } in &asked {
        let ((at, a), (then, b)) =
            (sides.get(a.as_str()).ok_or("no such commit")?, sides.get(b.as_str()).ok_or("no such commit")?);
        let coupled = score(&signals(a, b)).asks();
        let first = suggestion(a, b).map(|suggestion| if suggestion.first { "a" } else { "b" });
        writeln!(out, "{}", json!({ "pair_id": id, "coupled": coupled, "first": first }))?;
        if a.project != b.project {
            counted.push(Said { at: at.max(then), truth, coupled, first });
        }
    }
    out.flush()?;
    if std::env::args().any(|word| word == "--halves") {
        halves(counted, &days)?;
    }
    Ok(())
}

/// The figures of the whole and of both halves. Pairs are halved by their number, and so are the days.
fn halves(mut said: Vec<Said<'_>>, days: &BTreeSet<String>) -> std::io::Result<()> {
    said.retain(|said| !matches!(said.truth, Truth::NotCounted));
    said.sort_by_key(|said| said.at);
    let (pairs, in_windows): (Vec<Said<'_>>, Vec<Said<'_>>) =
        said.into_iter().partition(|said| matches!(said.truth, Truth::Pair { .. }));
    let mut err = std::io::stderr().lock();
    for (name, part) in parts(&pairs, pairs.len() / 2) {
        let count = |wanted: &dyn Fn(&Said<'_>, bool, Option<&str>) -> bool| {
            let is = |said: &&Said<'_>| match said.truth {
                Truth::Pair { coupled, first } => wanted(said, *coupled, first.as_deref()),
                _ => false,
            };
            part.iter().filter(is).count()
        };
        let coupled = count(&|_, coupled, _| coupled);
        let found = count(&|said, coupled, _| coupled && said.coupled);
        let false_alarms = count(&|said, coupled, _| !coupled && said.coupled);
        let with_order = count(&|said, coupled, _| coupled && said.first.is_some());
        let right = count(&|said, coupled, first| coupled && said.first.is_some() && said.first == first);
        writeln!(
            err,
            "{name}: recall {} of {coupled}, F1 {}, {false_alarms} false alarms; order said {}, right {}",
            share(found, coupled),
            share(2 * found, coupled + found + false_alarms),
            share(with_order, coupled),
            share(right, with_order),
        )?;
    }
    let alarmed = |day: &String| {
        let is = |said: &Said<'_>| matches!(said.truth, Truth::Undeclared { day: of } if of == day);
        in_windows.iter().any(|said| said.coupled && is(said))
    };
    let days: Vec<&String> = days.iter().collect();
    for (name, part) in parts(&days, days.len() / 2) {
        let (alarmed, of) = (part.iter().filter(|day| alarmed(day)).count(), part.len());
        writeln!(err, "{name}: {alarmed} of {of} windows alarmed, {}", share(alarmed, of))?;
    }
    Ok(())
}

/// All of it, and both sides of a place in it; nothing where there is nothing.
fn parts<'a, T>(all: &'a [T], middle: usize) -> impl Iterator<Item = (&'static str, &'a [T])> {
    let (earlier, later) = all.split_at(middle);
    let parts = [("whole", all), ("earlier half", earlier), ("later half", later)];
    parts.into_iter().filter(|(_, part)| !part.is_empty())
}

/// A part of a whole: `.926`.
#[expect(clippy::cast_precision_loss, reason = "counts of pairs are small")]
fn share(part: usize, whole: usize) -> String {
    if whole == 0 { "-".to_owned() } else { format!("{:.3}", part as f64 / whole as f64) }
}

impl Link {
    /// Whether the order of the two is known without a detector.
    fn is_declared(&self) -> bool {
        let known = ["depends-on", "depends-on-transitive", "revert"];
        self.why.iter().any(|why| known.contains(&why.as_str()))
    }
}

impl File {
    fn diff(&self) -> FileDiff<'_> {
        FileDiff {
            path: &self.path,
            added: texts(&self.added),
            removed: texts(&self.removed),
            context: texts(&self.context),
            is_new: false,
            is_gone: false,
        }
    }
}

impl Commit {
    fn side<'a>(&'a self, diff: &'a Diff, rarity: &'a [u8]) -> Side<'a> {
        Side {
            number: None,
            project: &self.repo,
            change_id: self.change_id.as_deref().unwrap_or(""),
            revision: &self.sha,
            subject: &self.subject,
            message: &self.message_without_footers,
            tasks: texts(&self.bugs),
            topic: None,
            author: &self.author,
            authored: self.author_date.parse().ok(),
            paths: self.files.iter().map(|file| file.path.as_str()).collect(),
            lines: self.files.iter().fold((0, 0), |(added, removed), file| {
                (added + file.add.unwrap_or(0), removed + file.del.unwrap_or(0))
            }),
            diff: Some(diff),
            rarity,
        }
    }
}

fn texts(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}
