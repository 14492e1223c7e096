//! `swatbot log`: asks the log from the command line, also while the bot runs, and prints rows for people and programs.

mod follow;
mod forms;
mod table;

use std::io::{self, IsTerminal, Write};
use std::path::Path;

use crate::engine::id::{At, RoomId, RowId};
use crate::engine::log::{
    Asked, Found, LAST, Query, Risk, Row, Total, Wrong, before_find, correcting, corrections, no_question,
    parse, rank, room_called, suspected,
};
use crate::engine::say::log::{rows_named, words_behind_find};
use crate::engine::say::{Refusal, no};
use crate::store::{OpenError, Reader, StoreError};

pub use forms::Form;
use forms::Printer;
pub use table::Look;

/// How a question begins here.
const ASK: &str = "swatbot log";

/// So many rows are read at once: between them nothing of the log is held, so the bot can shorten its write-ahead log.
const PAGE: usize = 5000;

/// What is to be found, and how it is printed.
#[derive(clap::Args, Clone, Debug)]
pub struct LogArgs {
    /// Any of: count, last N, by WHO, change N, task T1234, window W, room R, kind K, outcome O, since 2h|DATE,
    /// until DATE, and at the end find WORDS "PHRASES" PART*. Or: show L812, around L812, suspects 14:32. Nothing: the
    /// last 5 rows. Newest first; times are UTC. Words that begin with "-" stand behind "--"
    #[arg(value_name = "QUERY")]
    pub query: Vec<String>,
    /// One JSON object a line, with every field
    #[arg(long, group = "form")]
    pub json: bool,
    /// Comma-separated values under a header, with every field
    #[arg(long, group = "form")]
    pub csv: bool,
    /// A page of a wiki: the form of a server admin log
    #[arg(long, group = "form")]
    pub wikitext: bool,
    /// A list for a mail or a page
    #[arg(long, group = "form")]
    pub markdown: bool,
    /// Then print what comes in, oldest first, until ctrl-c
    #[arg(long)]
    pub follow: bool,
    /// The rooms that can be named without their network.
    #[arg(skip)]
    pub rooms: Vec<RoomId>,
    /// The review system's, for changes that are named by their URL.
    #[arg(skip)]
    pub hosts: Vec<String>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum LogFault {
    /// It is no question, or one with something wrong in it: bad usage.
    #[error("{text} [{code}]", text = .0.text, code = .0.code)]
    Wrong(Refusal),
    /// What asks for one row, or for a number, cannot be followed: bad usage.
    #[error("--follow goes with what more rows can come of: \"swatbot log --follow kind refused\"")]
    NotToFollow,
    /// A row is asked for that is not there.
    #[error("there is no {0}, the last is {1}")]
    NoRow(RowId, RowId),
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
            Self::Wrong(_) | Self::NotToFollow => 2,
            Self::NoRow(..) | Self::Open(_) | Self::Read(_) | Self::Write(_) => 1,
        }
    }
}

/// What is asked of the log.
#[derive(Debug)]
pub enum Question {
    /// Rows, or how many there are.
    Rows(Box<Query>),
    /// What changed shortly before this moment.
    Suspects(At),
}

impl LogArgs {
    /// The form that was asked for.
    pub fn form(&self) -> Form {
        match self {
            Self { json: true, .. } => Form::Json,
            Self { csv: true, .. } => Form::Csv,
            Self { wikitext: true, .. } => Form::Wikitext,
            Self { markdown: true, .. } => Form::Markdown,
            _ => Form::Table,
        }
    }

    /// The question, read as a room's `!log` is read; here nothing can be recorded, so what is no question is a fault.
    pub fn question(&self, at: At) -> Result<Question, LogFault> {
        let line = self.line();
        let wrong = match parse(&line, at, &self.hosts) {
            // The queue is known to the bot alone.
            Asked::Query(query) if let Some(ticket) = query.ticket => Wrong::Change(format!("#{ticket}")),
            Asked::Query(mut query) => {
                if let Some(room) = query.room.as_ref().and_then(|room| room_called(room, self.rooms.iter()))
                {
                    query.room = Some(room.0.clone());
                }
                return Ok(Question::Rows(query));
            }
            Asked::Suspects(at) => return Ok(Question::Suspects(at)),
            Asked::Wrong(wrong) => wrong,
            Asked::Text(_) | Asked::Amend { .. } | Asked::Redact { .. } | Asked::More | Asked::Nothing => {
                no_question(&line, at, &self.hosts)
            }
        };
        let Refusal { code, text } = no::wrong_question(&wrong, ASK);
        Err(LogFault::Wrong(Refusal { code, text: harmless(&text) }))
    }

    /// The words as one line. The shell has taken the quotes away, so behind `find` what holds a space is a phrase.
    fn line(&self) -> String {
        let mut in_find = false;
        let words = self.query.iter().map(|word| {
            let is_phrase = in_find && word.contains(char::is_whitespace) && !word.contains('"');
            in_find |= word.eq_ignore_ascii_case("find");
            match word.strip_prefix('-').filter(|_| is_phrase) {
                Some(word) => format!("-\"{word}\""),
                None if is_phrase => format!("\"{word}\""),
                None => word.clone(),
            }
        });
        words.collect::<Vec<_>>().join(" ")
    }
}

/// How the answer looks on this standard output.
pub fn look() -> Look {
    let out = io::stdout();
    if !out.is_terminal() {
        return Look::default();
    }
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    let width = rustix::termios::tcgetwinsize(&out).ok().map(|size| usize::from(size.ws_col));
    Look { colour: !is_set("NO_COLOR") && !is_dumb, width: width.filter(|width| *width > 0) }
}

/// Answers from the log at `database`.
pub fn run(args: &LogArgs, database: &Path, at: At, look: Look, out: &mut dyn Write) -> Result<(), LogFault> {
    let question = args.question(at)?;
    if args.follow && !can_follow(&question) {
        return Err(LogFault::NotToFollow);
    }
    // Without the index it takes longer, and finds the same.
    let _ = super::catch_up::run(database);
    let log = Reader::open(database)?;
    if let Question::Rows(query) = &question
        && let Some(row) = query.show.or(query.around)
    {
        let last = RowId(i64::try_from(log.rows()?).unwrap_or(i64::MAX));
        if !(RowId(1)..=last).contains(&row) {
            return Err(LogFault::NoRow(row, last));
        }
    }
    let mut printer = Printer::new(args.form(), look);
    let answered = match question {
        Question::Rows(query) if args.follow => follow::run(&log, database, *query, &mut printer, out),
        Question::Rows(query) if query.count => count(&log, *query, &mut printer, out),
        Question::Rows(query) if query.show.is_some() && args.form() == Form::Table => {
            show(&log, &query, out)
        }
        Question::Rows(query) => rows(&log, *query, &mut printer, out),
        Question::Suspects(at) => suspects(&log, at, &mut printer, out),
    };
    match answered {
        // Whoever read it has seen enough.
        Err(LogFault::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        answered => answered,
    }
}

fn can_follow(question: &Question) -> bool {
    match question {
        Question::Rows(query) => {
            !query.count && query.show.is_none() && query.around.is_none() && query.before.is_none()
        }
        Question::Suspects(_) => false,
    }
}

/// Pages through what a question finds, the newest first.
fn each_page(
    log: &Reader,
    mut query: Query,
    mut take: impl FnMut(&[Row]) -> Result<(), LogFault>,
) -> Result<(), LogFault> {
    if query.around.is_some() {
        return take(&log.search(&query)?.rows);
    }
    let mut left = query.last.unwrap_or(usize::MAX);
    while left > 0 {
        query.last = Some(left.min(PAGE));
        let Found { rows, .. } = log.search(&query)?;
        take(&rows)?;
        let Some(oldest) = rows.last() else { break };
        query.before = Some(oldest.id);
        left -= rows.len();
    }
    Ok(())
}

fn rows(log: &Reader, query: Query, printer: &mut Printer, out: &mut dyn Write) -> Result<(), LogFault> {
    let mut found = false;
    let rather = before_find(&query);
    each_page(log, query, |rows| {
        found |= !rows.is_empty();
        Ok(printer.rows(out, rows)?)
    })?;
    if !found && (printer.is_for_people() || rather.is_some()) {
        nothing_found(rather.as_deref())?;
    }
    Ok(printer.end(out)?)
}

/// On standard error, so that a script that counts lines counts none. `rather` is what was perhaps meant.
fn nothing_found(rather: Option<&str>) -> io::Result<()> {
    let rather = rather.map(|question| harmless(&words_behind_find(question, ASK))).unwrap_or_default();
    writeln!(io::stderr(), "nothing found{rather}")
}

/// Exactly, also where the log would rather say "more than".
fn count(log: &Reader, query: Query, printer: &mut Printer, out: &mut dyn Write) -> Result<(), LogFault> {
    let rather = before_find(&query);
    let count = match log.search(&query)?.total {
        Total::Exactly(count) => count,
        Total::MoreThan(_) => {
            let mut count = 0;
            each_page(log, Query { count: false, ..query }, |rows| {
                count += rows.len() as u64;
                Ok(())
            })?;
            count
        }
    };
    if count == 0 && rather.is_some() {
        nothing_found(rather.as_deref())?;
    }
    Ok(printer.count(out, count)?)
}

/// One row with all its fields, for people.
fn show(log: &Reader, query: &Query, out: &mut dyn Write) -> Result<(), LogFault> {
    match log.search(query)?.rows.first() {
        Some(row) => {
            let head = log.head_of(row.id)?.map(|head| head.to_string()).unwrap_or_default();
            let corrected = correcting(row.id, log.search(&corrections(row.id))?.rows);
            Ok(table::in_full(out, row, &head, &rows_named(&corrected))?)
        }
        None => Ok(nothing_found(None)?),
    }
}

fn suspects(log: &Reader, at: At, printer: &mut Printer, out: &mut dyn Write) -> Result<(), LogFault> {
    let suspects = rank(log.search(&suspected(at))?.rows);
    if suspects.is_empty() && printer.is_for_people() {
        nothing_found(None)?;
    }
    let risks: Vec<Risk> = suspects.iter().map(|suspect| suspect.risk).collect();
    let rows: Vec<Row> = suspects.into_iter().map(|suspect| suspect.row).collect();
    printer.risks(risks);
    printer.rows(out, &rows)?;
    Ok(printer.end(out)?)
}

/// The rows after this one that a question asks for, oldest first.
fn rows_after(log: &Reader, query: &Query, after: RowId) -> Result<Vec<Row>, StoreError> {
    let mut new = Vec::new();
    let mut query = Query { last: Some(100), ..query.clone() };
    loop {
        let rows = log.search(&query)?.rows;
        let (found, oldest) = (rows.len(), rows.last().map(|row| row.id));
        new.extend(rows.into_iter().filter(|row| row.id > after));
        match oldest {
            Some(oldest) if oldest > after && found > 0 => query.before = Some(oldest),
            _ => break,
        }
    }
    new.reverse();
    Ok(new)
}

/// How many rows stand before the new ones where nothing was said of it.
fn begins_with(query: &Query) -> usize {
    query.last.unwrap_or(LAST)
}

/// Prints rows that are all there, for what has them already.
pub fn write_rows(out: &mut dyn Write, rows: &[Row], form: Form) -> io::Result<()> {
    let mut printer = Printer::new(form, Look::default());
    printer.rows(out, rows)?;
    printer.end(out)
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
