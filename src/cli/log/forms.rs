//! The forms in which rows are printed, page after page: for people, for programs, for a wiki, for a mail.

use std::io::{self, Write};

use chrono::{NaiveDate, SecondsFormat};
use serde::Serialize;
use serde_json::value::RawValue;

use super::harmless;
use super::table::{self, Look};
use crate::engine::id::At;
use crate::engine::log::{Risk, Row};

/// How rows are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// For people: a line each, harmless to the terminal.
    Table,
    /// An object a line, without loss.
    Json,
    /// With a header, without loss.
    Csv,
    /// A page of a wiki, in the form of a server admin log.
    Wikitext,
    /// A list under the days.
    Markdown,
}

/// Prints rows as they come.
pub(super) struct Printer {
    form: Form,
    look: Look,
    /// Why each row is there, where that was asked for.
    risks: Vec<Risk>,
    /// The day under which the last row stands.
    day: Option<NaiveDate>,
    has_header: bool,
}

impl Printer {
    pub(super) fn new(form: Form, look: Look) -> Self {
        Self { form, look, risks: Vec::new(), day: None, has_header: false }
    }

    /// Says of each row that is printed next why it is there.
    pub(super) fn risks(&mut self, risks: Vec<Risk>) {
        self.risks = risks;
    }

    /// Somebody reads it as it is, who is told where nothing was found.
    pub(super) fn is_for_people(&self) -> bool {
        self.form == Form::Table
    }

    /// Prints rows, and gives them out.
    pub(super) fn rows(&mut self, out: &mut dyn Write, rows: &[Row]) -> io::Result<()> {
        match self.form {
            Form::Table => table::rows(out, rows, &self.risks, self.look)?,
            Form::Json => {
                for (index, row) in rows.iter().enumerate() {
                    serde_json::to_writer(&mut *out, &Line::new(row, self.risks.get(index).copied()))?;
                    out.write_all(b"\n")?;
                }
            }
            Form::Csv => self.csv(out, rows)?,
            Form::Wikitext => {
                for row in rows {
                    if self.is_new_day(row) {
                        writeln!(out, "== {} ==", row.at.format("%Y-%m-%d"))?;
                    }
                    let (time, who) = (row.at.format("%H:%M"), wiki(bare_name(&row.actor)));
                    writeln!(out, "* {{{{safesubst:SAL entry|1={time} {who}: {}}}}}", wiki(&row.text))?;
                }
            }
            Form::Markdown => {
                for row in rows {
                    let has_day = self.day.is_some();
                    if self.is_new_day(row) {
                        let gap = if has_day { "\n" } else { "" };
                        writeln!(out, "{gap}## {} (UTC)\n", row.at.format("%Y-%m-%d"))?;
                    }
                    let outcome =
                        if row.outcome == "ok" { String::new() } else { format!(" *{}*", row.outcome) };
                    let (time, who) = (row.at.format("%H:%M:%S"), markdown(&row.actor));
                    writeln!(out, "- {time} **{who}**{outcome}: {} ({})", markdown(&row.text), row.id)?;
                }
            }
        }
        out.flush()
    }

    /// Prints how many there are.
    pub(super) fn count(&mut self, out: &mut dyn Write, count: u64) -> io::Result<()> {
        match self.form {
            Form::Json => writeln!(out, "{{\"count\":{count}}}")?,
            Form::Csv => writeln!(out, "count\n{count}")?,
            _ => writeln!(out, "{count}")?,
        }
        out.flush()
    }

    /// What stands there although there was no row.
    pub(super) fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if self.form == Form::Csv && !self.has_header {
            self.csv(out, &[])?;
        }
        out.flush()
    }

    fn is_new_day(&mut self, row: &Row) -> bool {
        let day = row.at.date_naive();
        self.day.replace(day) != Some(day)
    }

    fn csv(&mut self, out: &mut dyn Write, rows: &[Row]) -> io::Result<()> {
        let mut writer = csv::Writer::from_writer(out);
        if !std::mem::replace(&mut self.has_header, true) {
            writer.write_record(HEADER).map_err(unwritten)?;
        }
        for row in rows {
            let seq = row.id.0.to_string();
            let at = time(row.at);
            let change = row.change.map(|change| change.to_string()).unwrap_or_default();
            let fields = [
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
            ];
            writer.write_record(fields).map_err(unwritten)?;
        }
        writer.flush()
    }
}

/// What kept a record from being written. By itself it would not be known that the pipe was closed.
fn unwritten(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        kind => io::Error::other(format!("{kind:?}")),
    }
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
    detail: Detail<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    risk: Option<&'a str>,
}

impl<'a> Line<'a> {
    fn new(row: &'a Row, risk: Option<Risk>) -> Self {
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
            detail: Detail::new(&row.detail),
            risk: risk.map(Risk::word),
        }
    }
}

/// The event as it is stored, its keys in their order.
#[derive(Serialize)]
#[serde(untagged)]
enum Detail<'a> {
    Json(&'a RawValue),
    /// It is no JSON, or none that is one line, and still shown as the text it is.
    Text(&'a str),
}

impl<'a> Detail<'a> {
    fn new(detail: &'a str) -> Self {
        match serde_json::from_str(detail) {
            Ok(json) if !detail.contains('\n') => Self::Json(json),
            _ => Self::Text(detail),
        }
    }
}

const HEADER: [&str; 12] = [
    "seq", "at", "network", "room", "actor", "account", "window", "change", "kind", "outcome", "text",
    "detail",
];

fn time(at: At) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The name without the network that vouches for it: pages of a wiki have none.
fn bare_name(actor: &str) -> &str {
    actor.split_once('/').map_or(actor, |(_, name)| name)
}

/// A text inside a template of a wiki: bars that would end its parameter, and braces that would end it or begin another, are
/// there as what they are; so are the signs that sign, which a wiki replaces by whoever saves the page.
fn wiki(text: &str) -> String {
    let text = harmless(text);
    let mut shown = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(first) = rest.chars().next() {
        let run = rest.len() - rest.trim_start_matches(first).len();
        let (same, behind) = rest.split_at(run);
        match first {
            '|' => (0..run).for_each(|_| shown.push_str("{{!}}")),
            '{' | '}' => shown.extend(["<nowiki>", same, "</nowiki>"]),
            '~' if run >= 3 => shown.extend(["<nowiki>", same, "</nowiki>"]),
            _ => shown.push_str(same),
        }
        rest = behind;
    }
    shown
}

/// A text in Markdown that shows all its signs.
fn markdown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in harmless(text).chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '~' | '&') {
            shown.push('\\');
        }
        shown.push(c);
    }
    shown
}
