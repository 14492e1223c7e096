//! Rows for people: a line each, in columns, harmless to the terminal; with colour and folded to its width where it is one.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr;

use super::harmless;
use crate::engine::log::{Risk, Row};

/// A longer name pushes its own line to the right and not all the others.
const WIDEST_ACTOR: usize = 24;

/// A text is not folded into less than this.
const NARROWEST_TEXT: usize = 24;

const RED: &str = "\u{1b}[31m";
const YELLOW: &str = "\u{1b}[33m";
const CYAN: &str = "\u{1b}[36m";
const DIM: &str = "\u{1b}[2m";
const PLAIN: &str = "\u{1b}[0m";

/// What a table may do with the terminal; nothing, where there is none.
#[derive(Clone, Copy, Debug, Default)]
pub struct Look {
    /// Colours are wanted.
    pub colour: bool,
    /// How many columns there are.
    pub width: Option<usize>,
}

/// Prints a table; each call is one whose columns fit what is in it.
pub(super) fn rows(out: &mut dyn Write, rows: &[Row], risks: &[Risk], look: Look) -> io::Result<()> {
    let paint = |colour: &'static str| if look.colour { colour } else { "" };
    let plain = paint(PLAIN);
    let lines: Vec<[String; 6]> = rows
        .iter()
        .enumerate()
        .map(|(index, row)| {
            [
                row.id.to_string(),
                row.at.format("%Y-%m-%d %H:%M:%SZ").to_string(),
                risks.get(index).map(|risk| risk.word().to_owned()).unwrap_or_default(),
                harmless(&row.actor),
                row.change.map_or_else(|| "-".to_owned(), |change| change.to_string()),
                row.outcome.clone(),
            ]
        })
        .collect();
    let mut widths = [0; 6];
    for line in &lines {
        for (index, (width, cell)) in widths.iter_mut().zip(line).enumerate() {
            let cell = cell.width();
            *width = (*width).max(if index == 3 { cell.min(WIDEST_ACTOR) } else { cell });
        }
    }
    let before: usize = widths.iter().filter(|width| **width > 0).map(|width| width + 2).sum();
    for (row, line) in rows.iter().zip(&lines) {
        let outcome = match row.outcome.as_str() {
            "refused" => YELLOW,
            "failed" => RED,
            _ => DIM,
        };
        let colours = [DIM, DIM, RED, CYAN, "", outcome];
        for ((cell, width), colour) in line.iter().zip(widths).zip(colours) {
            if width > 0 {
                let gap = width.saturating_sub(cell.width()) + 2;
                let (colour, plain) = if colour.is_empty() { ("", "") } else { (paint(colour), plain) };
                write!(out, "{colour}{cell}{plain}{:gap$}", "")?;
            }
        }
        let room =
            look.width.and_then(|width| width.checked_sub(before)).filter(|room| *room >= NARROWEST_TEXT);
        let text = harmless(&row.text);
        let folded = room.map_or_else(|| vec![text.clone()], |room| fold(&text, room));
        for (index, piece) in folded.iter().enumerate() {
            if index > 0 {
                write!(out, "{:before$}", "")?;
            }
            writeln!(out, "{piece}")?;
        }
    }
    out.flush()
}

/// A text in lines of at most so many columns, at spaces where there are any.
fn fold(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        if !line.is_empty() && line.width() + 1 + word.width() > columns {
            lines.push(std::mem::take(&mut line));
        } else if !line.is_empty() {
            line.push(' ');
        }
        for c in word.chars() {
            if line.width() + unicode_width::UnicodeWidthChar::width(c).unwrap_or(0) > columns {
                lines.push(std::mem::take(&mut line));
            }
            line.push(c);
        }
    }
    lines.push(line);
    lines
}

/// One row with all its fields, a line each, with its head and the rows that correct it.
pub(super) fn in_full(out: &mut dyn Write, row: &Row, head: &str, corrected: &str) -> io::Result<()> {
    let change = row.change.map(|change| change.to_string()).unwrap_or_default();
    let id = row.id.to_string();
    let at = row.at.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
    let fields: [(&str, &str); 13] = [
        ("row", &id),
        ("at", &at),
        ("network", &row.network),
        ("room", &row.room),
        ("actor", &row.actor),
        ("account", &row.account),
        ("window", &row.window),
        ("change", &change),
        ("kind", &row.kind),
        ("outcome", &row.outcome),
        ("text", &row.text),
        ("detail", &row.detail),
        ("head", head),
    ];
    for (name, value) in fields {
        writeln!(out, "{name:<7}  {}", if value.is_empty() { "-".to_owned() } else { harmless(value) })?;
    }
    if !corrected.is_empty() {
        writeln!(out, "corrected by {corrected}")?;
    }
    out.flush()
}
