//! `swatbot log`: asks the log from the command line, also while the bot runs, and prints rows for people and programs.

use std::io::{self, Write};
use std::path::Path;

use chrono::SecondsFormat;
use serde::Serialize;

use crate::engine::id::At;
use crate::engine::log::{Asked, Query, Row, parse};
use crate::store::{OpenError, Reader, StoreError};

/// What is to be found, and how it is printed.
#[derive(clap::Args, Clone, Debug)]
pub struct LogArgs {
    /// Any of: last N, by WHO, change N, window W, kind K, since 2h|DATE, until DATE, show L812, and at the end
    /// find WORDS. Nothing: the last 5 rows
    #[arg(value_name = "QUERY")]
    pub query: Vec<String>,
    /// One JSON object a line, with every field
    #[arg(long, conflicts_with = "csv")]
    pub json: bool,
    /// Comma-separated values under a header, with every field
    #[arg(long)]
    pub csv: bool,
}

/// How rows are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// For people: a line each, harmless to the terminal.
    Table,
    /// An object a line, without loss.
    Json,
    /// With a header, without loss.
    Csv,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum LogFault {
    /// It is not a question: bad usage.
    #[error("\"{0}\" is not a query: see swatbot log --help")]
    NotAQuery(String),
    /// A time that there is not: bad usage.
    #[error(
        "\"{0}\" is not a time: write 2026-11-23, 2026-11-23T14:30, 14:30, 2h, 3d, today or yesterday (UTC)"
    )]
    NotATime(String),
    /// The log cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The log cannot be read.
    #[error(transparent)]
    Read(#[from] StoreError),
    /// The answer cannot be written.
    #[error("cannot write the answer: {0}")]
    Write(#[from] io::Error),
}

impl LogFault {
    /// 2 for bad usage, 1 for everything else.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::NotAQuery(_) | Self::NotATime(_) => 2,
            Self::Open(_) | Self::Read(_) | Self::Write(_) => 1,
        }
    }
}

impl LogArgs {
    /// The form that was asked for.
    pub fn form(&self) -> Form {
        match (self.json, self.csv) {
            (true, _) => Form::Json,
            (_, true) => Form::Csv,
            _ => Form::Table,
        }
    }

    /// The question, read as a room's `!log` is read; here nothing can be recorded, so what is no question is a fault.
    pub fn question(&self, at: At) -> Result<Query, LogFault> {
        let line = self.query.join(" ");
        match parse(&line, at) {
            Asked::Query(query) => Ok(query),
            Asked::NotATime(time) => Err(LogFault::NotATime(harmless(&time))),
            Asked::Text(_) | Asked::Amend { .. } | Asked::Redact { .. } | Asked::Nothing => {
                Err(LogFault::NotAQuery(harmless(&line)))
            }
        }
    }
}

/// Answers from the log at `database`.
pub fn run(args: &LogArgs, database: &Path, at: At, out: &mut dyn Write) -> Result<(), LogFault> {
    let query = args.question(at)?;
    // Without the index it takes longer, and finds the same.
    let _ = super::feed::catch_up(database);
    let mut found = Reader::open(database)?.search(&query)?;
    found.rows.reverse();
    if found.rows.is_empty() && args.form() == Form::Table {
        // On standard error, so that a script that counts lines counts none.
        writeln!(io::stderr(), "nothing found")?;
        return Ok(());
    }
    match write_rows(out, &found.rows, args.form()) {
        // Whoever read it has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

/// Prints rows.
pub fn write_rows(out: &mut dyn Write, rows: &[Row], form: Form) -> io::Result<()> {
    match form {
        Form::Table => write_table(out, rows)?,
        Form::Json => {
            for row in rows {
                serde_json::to_writer(&mut *out, &Line::new(row))?;
                out.write_all(b"\n")?;
            }
        }
        Form::Csv => write_csv(out, rows)?,
    }
    out.flush()
}

/// A longer name pushes its own line to the right and not all the others.
const WIDEST_ACTOR: usize = 24;

fn write_table(out: &mut dyn Write, rows: &[Row]) -> io::Result<()> {
    let width = |text: &str| text.chars().count();
    let actors: Vec<String> = rows.iter().map(|row| harmless(&row.actor)).collect();
    let changes: Vec<String> = rows
        .iter()
        .map(|row| row.change.map_or_else(|| "-".to_owned(), |change| change.to_string()))
        .collect();
    let id_width = rows.iter().map(|row| width(&row.id.to_string())).max().unwrap_or(0);
    let actor_width = actors.iter().map(|actor| width(actor).min(WIDEST_ACTOR)).max().unwrap_or(0);
    let change_width = changes.iter().map(|change| width(change)).max().unwrap_or(0);
    let outcome_width = rows.iter().map(|row| width(&row.outcome)).max().unwrap_or(0);
    for ((row, actor), change) in rows.iter().zip(&actors).zip(&changes) {
        writeln!(
            out,
            "{:<id_width$}  {}  {actor:<actor_width$}  {change:<change_width$}  {:<outcome_width$}  {}",
            row.id.to_string(),
            row.at.format("%Y-%m-%d %H:%M:%SZ"),
            row.outcome,
            harmless(&row.text),
        )?;
    }
    Ok(())
}

/// A row as JSON: what is empty in the log is null.
#[derive(Serialize)]
struct Line<'a> {
    seq: i64,
    at: String,
    network: Option<&'a str>,
    room: Option<&'a str>,
    actor: &'a str,
    account: Option<&'a str>,
    window: Option<&'a str>,
    change: Option<u32>,
    kind: &'a str,
    outcome: &'a str,
    text: &'a str,
    detail: serde_json::Value,
}

impl<'a> Line<'a> {
    fn new(row: &'a Row) -> Self {
        let given = |text: &'a str| (!text.is_empty()).then_some(text);
        Self {
            seq: row.id.0,
            at: time(row.at),
            network: given(&row.network),
            room: given(&row.room),
            actor: &row.actor,
            account: given(&row.account),
            window: given(&row.window),
            change: row.change.map(|change| change.0),
            kind: &row.kind,
            outcome: &row.outcome,
            text: &row.text,
            // A detail that is no JSON is still shown, as the text it is.
            detail: serde_json::from_str(&row.detail).unwrap_or_else(|_| row.detail.as_str().into()),
        }
    }
}

const HEADER: [&str; 12] = [
    "seq", "at", "network", "room", "actor", "account", "window", "change", "kind", "outcome", "text",
    "detail",
];

fn write_csv(out: &mut dyn Write, rows: &[Row]) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(HEADER)?;
    for row in rows {
        let seq = row.id.0.to_string();
        let at = time(row.at);
        let change = row.change.map(|change| change.to_string()).unwrap_or_default();
        writer.write_record([
            &seq,
            &at,
            &row.network,
            &row.room,
            &row.actor,
            &row.account,
            &row.window,
            &change,
            &row.kind,
            &row.outcome,
            &row.text,
            &row.detail,
        ])?;
    }
    writer.flush()
}

fn time(at: At) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The text with everything that could steer a terminal, or the order in which it is read, written out: `\u{1b}`.
pub(super) fn harmless(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' | '\t' => shown.extend(c.escape_default()),
            _ if c.is_control() || steers(c) => shown.extend(c.escape_unicode()),
            _ => shown.push(c),
        }
    }
    shown
}

/// Marks that turn the direction of text or hide in it, line and paragraph ends, and tags.
fn steers(c: char) -> bool {
    matches!(
        c,
        '\u{61c}'
            | '\u{200b}'
            | '\u{200e}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}
