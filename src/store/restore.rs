//! A log made of an export: the same rows, the same hashes, or none at all.

use std::io::{self, BufRead};
use std::path::Path;

use rusqlite::{Connection, ErrorCode, params};
use sha2::{Digest, Sha256};

use super::chain::{Hash, START, from_hex, hex};
use super::error::{OpenError, StoreError};
use super::export::{Beginning, End, Ending, FORM, Message, Row};
use super::part::{Part, PartError};
use super::verify::{VerifyError, Whole, verify};
use super::{migrate, open};

/// No line is longer: SQLite takes no longer values.
const LONGEST: u64 = 1 << 30;

/// Why there is no log.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// A line is not what was exported.
    #[error("line {line}: {why}")]
    Line {
        /// Which, from 1.
        line: u64,
        /// What is wrong with it.
        why: String,
    },
    /// The file of the log cannot be made.
    #[error(transparent)]
    Part(#[from] PartError),
    /// Files of another log stand where the new one is to be.
    #[error("{} is left of another log: move it away", .0.display())]
    Left(std::path::PathBuf),
    /// The export cannot be read.
    #[error("cannot read the export: {0}")]
    Read(#[from] io::Error),
    /// The log cannot be written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
}

impl From<rusqlite::Error> for RestoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Makes the log at `target`, where there must be none, of an export. It gets its name when all of it is there and its
/// chain was followed to the head of the export; what was killed before is begun anew. `progress` is told of rows that
/// were written, `followed` of rows whose chain was followed.
///
/// # Errors
/// The first line that is not what was exported; then there is no log.
pub fn restore(
    export: &mut dyn BufRead,
    target: &Path,
    progress: &dyn Fn(u64),
    followed: &(dyn Fn(u64) + Sync),
) -> Result<Whole, RestoreError> {
    let part = Part::begin(target)?;
    for suffix in ["-wal", "-shm", "-journal"] {
        let left = open::beside(target, suffix);
        if left.exists() {
            return Err(RestoreError::Left(left));
        }
    }
    let (mut lines, head, is_sum) = {
        let mut log = Connection::open(part.path())?;
        // Until it has its name nobody needs it, and a power cut costs another try.
        log.pragma_update_and_check(None, "journal_mode", "off", |_| Ok(()))?;
        log.pragma_update(None, "synchronous", "off")?;
        log.pragma_update(None, "cache_size", -65_536)?;
        migrate::up(&mut log)?;
        let mut lines = Lines { export, number: 0, bytes: Vec::new(), sum: Sha256::new() };
        log.execute_batch("BEGIN")?;
        let (head, is_sum) = write(&log, &mut lines, progress)?;
        log.execute_batch("COMMIT")?;
        (lines, head, is_sum)
    };
    let whole = verify(part.path(), None, &[], followed).map_err(|error| match error {
        // The first line is the beginning, and behind it is one row a line.
        VerifyError::Flaw(flaw) => {
            RestoreError::Line { line: flaw.row.0.unsigned_abs() + 1, why: flaw.to_string() }
        }
        VerifyError::Open(error) => error.into(),
        VerifyError::Read(error) => error.into(),
    })?;
    if whole.last.0 > 0 && whole.head != head {
        return Err(lines.wrong("the head is another one"));
    }
    // The chain names a row; of messages and of the beginning only the sum tells.
    if !is_sum {
        return Err(lines.wrong("the sum is another: a line before it was changed"));
    }
    if lines.next()? {
        return Err(lines.wrong("there is more behind the end"));
    }
    part.finish()?;
    Ok(whole)
}

/// Writes all lines up to the end, and gives the head that it names and whether its sum is that of the lines.
fn write(
    log: &Connection,
    lines: &mut Lines<'_>,
    progress: &dyn Fn(u64),
) -> Result<(String, bool), RestoreError> {
    lines.begin()?;
    let (mut last, mut prev): (i64, Hash) = (0, START);
    let mut messages = 0;
    let mut row_in = log.prepare(
        "INSERT INTO event (seq, at, network, room, actor, account, window, change, kind, outcome, text, detail, prev, \
         hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
    )?;
    let mut message_in = log.prepare("INSERT INTO seen (network, message_id, row) VALUES (?1, ?2, ?3)")?;
    loop {
        let sum = hex(&lines.sum.clone().finalize());
        if !lines.next()? {
            lines.number += 1;
            return Err(lines.wrong("the end is missing: the file was cut off here"));
        }
        let bytes = lines.bytes.as_slice();
        if bytes.starts_with(b"{\"end\"") {
            let found: Ending = serde_json::from_slice(bytes).map_err(|error| lines.wrong(error))?;
            let End { rows, messages: of_end, head, sum: of_all } = found.end;
            let why = match () {
                () if rows != last => format!("it ends with {rows} rows, and {last} are there"),
                () if of_end != messages => {
                    format!("it ends with {of_end} messages, and {messages} are there")
                }
                () if head != hex(&prev) => "its head is not the last row's".to_owned(),
                () => return Ok((head, of_all == sum)),
            };
            return Err(lines.wrong(why));
        }
        if bytes.starts_with(b"{\"network\"") {
            let Message { network, message, row } =
                serde_json::from_slice(bytes).map_err(|error| lines.wrong(error))?;
            message_in.execute(params![network, message, row]).map_err(|error| lines.refused(error))?;
            messages += 1;
            continue;
        }
        let row: Row<'_> = serde_json::from_slice(bytes).map_err(|error| lines.wrong(error))?;
        if messages > 0 || row.seq != last + 1 {
            return Err(lines.wrong(format!("L{} does not follow L{last}", row.seq)));
        }
        let (Some(before), Some(hash)) = (from_hex(&row.prev), from_hex(&row.hash)) else {
            return Err(lines.wrong("a hash is 64 hexadecimal digits"));
        };
        if before != prev {
            return Err(lines.wrong(format!("L{} does not follow the row before it", row.seq)));
        }
        let Row {
            seq, at, network, room, actor, account, window, change, kind, outcome, text, detail, ..
        } = &row;
        let values = params![
            seq, at, network, room, actor, account, window, change, kind, outcome, text, detail, before, hash
        ];
        row_in.execute(values).map_err(|error| lines.refused(error))?;
        (last, prev) = (row.seq, hash);
        if last % 1000 == 0 {
            progress(1000);
        }
    }
}

/// The lines of an export, one after the other.
struct Lines<'a> {
    export: &'a mut dyn BufRead,
    /// The line that was read last, from 1.
    number: u64,
    /// Without its end.
    bytes: Vec<u8>,
    /// Of all lines so far.
    sum: Sha256,
}

impl Lines<'_> {
    /// The first line, which says what the others are.
    fn begin(&mut self) -> Result<(), RestoreError> {
        self.next()?;
        let beginning = serde_json::from_slice(&self.bytes);
        let Ok(Beginning { swatbot_log }) = beginning else {
            self.number = 1;
            return Err(self.wrong("not an export of a log"));
        };
        if swatbot_log > FORM {
            return Err(self.wrong("a newer swatbot wrote it: import it with that one"));
        }
        Ok(())
    }

    /// Reads one; `false` where there is none. What has no end is no line.
    fn next(&mut self) -> Result<bool, RestoreError> {
        self.bytes.clear();
        let read = io::Read::take(&mut *self.export, LONGEST).read_until(b'\n', &mut self.bytes)?;
        if self.bytes.last() != Some(&b'\n') {
            return match read {
                0 => Ok(false),
                _ => {
                    self.number += 1;
                    Err(self.wrong("the file was cut off in this line"))
                }
            };
        }
        self.number += 1;
        self.sum.update(&self.bytes);
        self.bytes.pop();
        Ok(true)
    }

    fn wrong(&self, why: impl ToString) -> RestoreError {
        RestoreError::Line { line: self.number, why: why.to_string() }
    }

    /// The log does not take it: the line's fault, where it breaks a rule, else the disk's.
    fn refused(&self, error: rusqlite::Error) -> RestoreError {
        match error.sqlite_error_code() {
            Some(ErrorCode::ConstraintViolation) => self.wrong(error),
            _ => error.into(),
        }
    }
}
