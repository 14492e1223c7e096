//! The whole log as text: JSON, one line a row, with everything that is stored of it and what it was chained by.
//!
//! ```text
//! {"swatbot_log":1}
//! {"seq":1,"at":"…",…,"text":"…","detail":"…","prev":"…","hash":"…"}      every row, from the first
//! {"network":"libera","message":"…","row":null}                          every message that was handled
//! {"end":{"rows":1,"messages":1,"head":"…","sum":"…"}}                   the SHA-256 of all bytes before this line
//! ```

use std::borrow::Cow;
use std::io::{self, Write};
use std::path::Path;

use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::chain::{START, hex};
use super::diagnose::diagnose;
use super::error::{OpenError, StoreError};
use super::flaw::{Flaw, Wrong};
use super::part::{Part, PartError};
use super::search::Reader;
use super::verify::{COLUMNS, Line, Scope, VerifyError, redactions};
use crate::engine::id::RowId;

/// The form of the lines. A reader knows this one and those before it.
pub(super) const FORM: u32 = 1;

/// The first line.
#[derive(Deserialize, Serialize)]
pub(super) struct Beginning {
    pub(super) swatbot_log: u32,
}

/// A row, with its columns as they are stored.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Row<'a> {
    pub(super) seq: i64,
    #[serde(borrow)]
    pub(super) at: Cow<'a, str>,
    pub(super) network: Option<Cow<'a, str>>,
    pub(super) room: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) actor: Cow<'a, str>,
    pub(super) account: Option<Cow<'a, str>>,
    pub(super) window: Option<Cow<'a, str>>,
    pub(super) change: Option<i64>,
    #[serde(borrow)]
    pub(super) kind: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) outcome: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) text: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) detail: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) prev: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) hash: Cow<'a, str>,
}

/// A message that was handled.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Message<'a> {
    #[serde(borrow)]
    pub(super) network: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) message: Cow<'a, str>,
    pub(super) row: Option<i64>,
}

/// The last line.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ending {
    pub(super) end: End,
}

/// What came before the last line.
#[derive(Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct End {
    pub(super) rows: i64,
    pub(super) messages: u64,
    pub(super) head: String,
    pub(super) sum: String,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// The last row; 0 of an empty log.
    pub last: RowId,
    /// Its hash, 64 hexadecimal digits.
    pub head: String,
}

/// Why a log could not be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The log cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The log cannot be read.
    #[error(transparent)]
    Read(#[from] StoreError),
    /// A row is not what was written; "swatbot verify" says more.
    #[error("the log is not whole: {0}")]
    Flaw(#[from] Flaw),
    /// The file cannot be made.
    #[error(transparent)]
    Part(#[from] PartError),
    /// The lines cannot be written.
    #[error("cannot write the export: {0}")]
    Write(#[from] io::Error),
}

impl From<rusqlite::Error> for ExportError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Read(error.into())
    }
}

impl From<VerifyError> for ExportError {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::Flaw(flaw) => Self::Flaw(flaw),
            VerifyError::Open(error) => Self::Open(error),
            VerifyError::Read(error) => Self::Read(error),
        }
    }
}

/// Exports the log at `path` to the file `target`, which must not be there, and which nobody else can read. It has its
/// name only when it is whole.
pub fn export_to(path: &Path, target: &Path, progress: &dyn Fn(u64)) -> Result<Exported, ExportError> {
    let part = Part::begin(target)?;
    let mut out = io::BufWriter::with_capacity(1 << 16, part.file());
    let exported = export(path, &mut out, progress)?;
    drop(out);
    part.finish()?;
    Ok(exported)
}

/// Writes the log at `path` to `out`: as it was at one moment, while the bot goes on. `progress` is told of rows. The
/// chain is followed meanwhile, so that what was exported can be imported.
pub fn export(path: &Path, out: &mut dyn Write, progress: &dyn Fn(u64)) -> Result<Exported, ExportError> {
    let reader = Reader::open(path)?;
    // One moment: a row and the redaction that blanks it are both there, or neither is.
    let log = reader.connection().unchecked_transaction()?;
    let mut out = Summed { out, sum: Sha256::new() };
    line(&mut out, &Beginning { swatbot_log: FORM })?;
    let (last, head) = rows(&log, &mut out, progress)?;
    let messages = messages(&log, &mut out)?;
    let sum = hex(&out.sum.clone().finalize());
    line(&mut out, &Ending { end: End { rows: last, messages, head: head.clone(), sum } })?;
    out.flush()?;
    Ok(Exported { last: RowId(last), head })
}

fn rows(
    log: &Connection,
    out: &mut Summed<'_>,
    progress: &dyn Fn(u64),
) -> Result<(i64, String), ExportError> {
    let redactions = redactions(log)?;
    let (mut last, mut prev) = (0, START);
    let mut statement = log.prepare(&["SELECT ", COLUMNS, " FROM event ORDER BY seq"].concat())?;
    let mut rows = statement.query([])?;
    let mut change = String::new();
    while let Some(row) = rows.next()? {
        let stored = Line::read(row, &mut change)?;
        if stored.seq != last + 1 {
            let to = RowId(stored.seq - 1);
            return Err(Flaw { row: RowId(last + 1), wrong: Wrong::Missing { to } }.into());
        }
        last = stored.seq;
        let hash = stored.link(&prev, redactions.get(&last));
        if stored.prev != prev || stored.hash != hash {
            return Err(diagnose(log, &Scope { last, redacted: redactions }, last, &prev)?.into());
        }
        prev = hash;
        let text = |index| -> rusqlite::Result<Cow<'_, str>> { Ok(row.get_ref(index)?.as_str()?.into()) };
        let given = |index| -> rusqlite::Result<Option<Cow<'_, str>>> {
            Ok(row.get_ref(index)?.as_str_or_null()?.map(Into::into))
        };
        line(
            out,
            &Row {
                seq: last,
                at: text(1)?,
                network: given(2)?,
                room: given(3)?,
                actor: text(4)?,
                account: given(5)?,
                window: given(6)?,
                change: row.get(7)?,
                kind: text(8)?,
                outcome: text(9)?,
                text: text(10)?,
                detail: text(11)?,
                prev: hex(stored.prev).into(),
                hash: hex(&hash).into(),
            },
        )?;
        if last % 1000 == 0 {
            progress(1000);
        }
    }
    Ok((last, hex(&prev)))
}

fn messages(log: &Connection, out: &mut Summed<'_>) -> Result<u64, ExportError> {
    let mut statement =
        log.prepare("SELECT network, message_id, row FROM seen ORDER BY network, message_id")?;
    let mut rows = statement.query([])?;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        let text = |index| -> rusqlite::Result<Cow<'_, str>> { Ok(row.get_ref(index)?.as_str()?.into()) };
        line(out, &Message { network: text(0)?, message: text(1)?, row: row.get(2)? })?;
        count += 1;
    }
    Ok(count)
}

fn line(out: &mut Summed<'_>, line: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}

/// Counts what goes through into a sum.
struct Summed<'a> {
    out: &'a mut dyn Write,
    sum: Sha256,
}

impl Write for Summed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.sum.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
