//! What became of a row that does not fit the chain: found by trying what would make it fit.

use std::ops::ControlFlow;

use rusqlite::Connection;

use super::chain::{Hash, START};
use super::flaw::{Flaw, Wrong};
use super::verify::{COLUMNS, Line, Redacted, Scope, VerifyError};
use crate::engine::id::RowId;

/// What another row could have been numbered: so many numbers to both sides are tried, and so many beyond the last row.
const PLACES: i64 = 200_000;
const BEYOND: i64 = 1_000;

/// From so many rows to both sides a value may have come.
const NEIGHBOURS: i64 = 50;

/// In longer values a single changed byte is not looked for, and in even longer ones no changed bit.
const LONGEST: usize = 300;
const LONGEST_FOR_BITS: usize = 8_000;

/// The columns that are tried; the last two are not of `Line::fields`.
const NAMES: [&str; 11] =
    ["at", "network", "room", "actor", "account", "window", "change", "kind", "outcome", "text", "detail"];

/// What is wrong with row `seq`, which does not fit behind a row with the hash `prev`.
pub(super) fn diagnose(log: &Connection, scope: &Scope, seq: i64, prev: &Hash) -> Result<Flaw, VerifyError> {
    let row = RowId(seq);
    let mut statement = log.prepare(&["SELECT ", COLUMNS, " FROM event WHERE seq = ?1"].concat())?;
    let mut rows = statement.query([seq])?;
    let Some(stored) = rows.next()? else {
        return Ok(Flaw { row, wrong: Wrong::Missing { to: row } });
    };
    let mut change = String::new();
    let line = Line::read(stored, &mut change)?;
    let redacted = scope.redacted.get(&seq);
    let own_prev: Hash = line.prev.try_into().unwrap_or(START);
    let fits = |line: &Line<'_>, prev: &Hash| line.link(prev, redacted) == line.hash;
    let wrong = if own_prev != *prev && fits(&line, prev) {
        Wrong::Prev
    } else if let Some(holds) = place_of(&line, &own_prev, scope) {
        Wrong::Moved { holds: RowId(holds) }
    } else if own_prev != *prev && fits(&line, &own_prev) && seq > 1 {
        return Ok(Flaw { row: RowId(seq - 1), wrong: Wrong::MadeAnew { next: row } });
    } else if next_prev(log, seq)?.is_some_and(|next| next == line.link(prev, redacted)) {
        Wrong::Hash
    } else if let Some((column, was)) = repair(log, &line, &own_prev, redacted)? {
        Wrong::Field { column, was }
    } else if redacted.is_none() && line.text.starts_with(b"[redacted: see L") {
        Wrong::Blank
    } else {
        Wrong::Changed
    };
    Ok(Flaw { row, wrong })
}

/// The number under which its hash was made, where that is another.
fn place_of(line: &Line<'_>, prev: &Hash, scope: &Scope) -> Option<i64> {
    let redacted = |seq: i64| scope.redacted.get(&seq);
    let of = |seq: i64| {
        let there = Line { seq, ..*line };
        ((1..=scope.last + BEYOND).contains(&seq) && there.link(prev, redacted(seq)) == line.hash)
            .then_some(seq)
    };
    (1..=PLACES.min(scope.last + BEYOND))
        .find_map(|distance| of(line.seq + distance).or_else(|| of(line.seq - distance)))
}

fn next_prev(log: &Connection, seq: i64) -> rusqlite::Result<Option<Vec<u8>>> {
    let mut statement = log.prepare("SELECT prev FROM event WHERE seq = ?1")?;
    let mut rows = statement.query([seq + 1])?;
    rows.next()?.map(|row| row.get(0)).transpose()
}

/// The one column that, with another value, makes the hash right, and that value: one of a row nearby, none at all, or what
/// stands there with one byte put right.
fn repair(
    log: &Connection,
    line: &Line<'_>,
    prev: &Hash,
    redacted: Option<&Redacted>,
) -> Result<Option<(&'static str, Option<String>)>, VerifyError> {
    for (column, name) in NAMES.into_iter().enumerate() {
        let stored = match column {
            9 => Some(line.text),
            10 => Some(line.detail),
            _ => line.fields[column],
        };
        let fits = |value: Option<&[u8]>| {
            let mut other = Line { fields: line.fields, ..*line };
            match column {
                9 => other.text = value.unwrap_or_default(),
                10 => other.detail = value.unwrap_or_default(),
                _ => other.fields[column] = value,
            }
            other.link(prev, redacted) == line.hash
        };
        let said = |value: Option<&[u8]>| value.map(|value| String::from_utf8_lossy(value).into_owned());
        if stored.is_some() && column < 9 && fits(None) {
            return Ok(Some((name, None)));
        }
        for value in values_nearby(log, name, line.seq)? {
            if fits(Some(&value)) {
                return Ok(Some((name, said(Some(&value)))));
            }
        }
        if let Some(value) = stored.and_then(|stored| with_one_byte_put_right(stored, fits)) {
            return Ok(Some((name, said(Some(&value)))));
        }
    }
    Ok(None)
}

fn values_nearby(log: &Connection, column: &str, seq: i64) -> rusqlite::Result<Vec<Vec<u8>>> {
    let sql = format!(
        "SELECT DISTINCT CAST({column} AS BLOB) FROM event WHERE seq BETWEEN ?1 AND ?2 AND {column} IS NOT NULL"
    );
    let mut statement = log.prepare(&sql)?;
    statement.query_map([seq - NEIGHBOURS, seq + NEIGHBOURS], |row| row.get(0))?.collect()
}

fn with_one_byte_put_right(stored: &[u8], fits: impl Fn(Option<&[u8]>) -> bool) -> Option<Vec<u8>> {
    if stored.len() > LONGEST_FOR_BITS {
        return None;
    }
    let mut value = stored.to_vec();
    let only_bits = value.len() > LONGEST;
    let tried = (0..value.len()).try_for_each(|index| {
        let was = value[index];
        for byte in 0..=u8::MAX {
            if only_bits && (byte ^ was).count_ones() != 1 {
                continue;
            }
            value[index] = byte;
            if fits(Some(&value)) {
                return ControlFlow::Break(());
            }
        }
        value[index] = was;
        ControlFlow::Continue(())
    });
    tried.is_break().then_some(value)
}
