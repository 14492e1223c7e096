//! `cargo bench --bench pairs -- FILE.jsonl.gz`: which pairs of real changes the engine would ask about, and what it would
//! suggest to go first, one prediction a line. The score is `../shared/data/order-pairs/score_pairs.py`'s to count.
//!
//! The comparison is the engine's own. The rarity of a name is learnt from the commits of the file that were merged
//! before, as the bot learns it from the changes it has seen before.

use std::collections::HashMap;
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
    Pair { pair_id: String, a: String, b: String },
    Window { window_id: String, commits: Vec<String> },
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
}

fn main() -> Result<(), Box<dyn Error>> {
    match std::env::args().skip(1).find(|word| !word.starts_with('-')) {
        Some(file) => predict(&file),
        // All benches are run, and this one has nothing to read.
        None => Ok(writeln!(std::io::stderr(), "usage: cargo bench --bench pairs -- FILE.jsonl.gz")?),
    }
}

fn predict(file: &str) -> Result<(), Box<dyn Error>> {
    let mut commits: Vec<Commit> = Vec::new();
    let mut asked: Vec<Asked> = Vec::new();
    for line in BufReader::new(flate2::read::GzDecoder::new(std::fs::File::open(file)?)).lines() {
        match serde_json::from_str(&line?)? {
            Row::Meta => {}
            Row::Commit(commit) => commits.push(*commit),
            Row::Pair { pair_id, a, b } => asked.push(Asked { id: pair_id, a, b }),
            Row::Window { window_id, commits } => {
                for (index, a) in commits.iter().enumerate() {
                    asked.extend(commits[index + 1..].iter().map(|b| Asked {
                        id: format!("{window_id}|{a}|{b}"),
                        a: a.clone(),
                        b: b.clone(),
                    }));
                }
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
    let sides: HashMap<&str, Side<'_>> = commits
        .iter()
        .zip(&known)
        .map(|(commit, (diff, rarity))| (commit.key.as_str(), commit.side(diff, rarity)))
        .collect();
    let mut out = BufWriter::new(std::io::stdout().lock());
    for Asked { id, a, b } in &asked {
        let (a, b) =
            (sides.get(a.as_str()).ok_or("no such commit")?, sides.get(b.as_str()).ok_or("no such commit")?);
        let score = score(&signals(a, b));
        let first = suggestion(a, b).map(|suggestion| if suggestion.first { "a" } else { "b" });
        writeln!(out, "{}", json!({ "pair_id": id, "coupled": score.asks(), "first": first }))?;
    }
    Ok(out.flush()?)
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
