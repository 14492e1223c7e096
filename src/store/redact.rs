//! Taking words out of the log: a row is blanked in the commit that says so, and no copy of it is left in the files.
//!
//! The chain holds the digests of what stood there, and the row of the redaction names them. Who can guess the words can
//! check the guess by them: a secret that was written down is to be changed in any case.

use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

use super::chain::hex;
use super::error::StoreError;
use crate::engine::event::{Blanked, without_words};
use crate::engine::id::RowId;

/// What stands in the place of a text; the trigger of migration 4 has the same words.
pub(super) fn mark(by: i64) -> String {
    format!("[redacted: see L{by}]")
}

/// What bots write in the place of a carried state that held the words: it is only a shortcut, and one that cannot be read
/// is passed over.
const NO_STATE: &str = "{}";

/// Shorter words are in every row by chance.
const TELLING: usize = 4;

/// What has to go for `row` to lose its words: its text and what people wrote in its event, the same line where it was
/// kept against bridges, and every carried state since that has the words in it.
///
/// Nothing is changed yet: the row that says so has to be there first.
pub(super) fn plan(connection: &Connection, row: RowId) -> Result<Vec<Blanked>, StoreError> {
    // What is blank is told by the row that blanked it: a line that was kept beside another went with that one.
    let is_blank = "SELECT 1 FROM event AS said, json_each(said.detail, '$.rows') AS one \
         WHERE said.kind = 'redacted' AND said.kind <> 'logged' AND json_extract(one.value, '$.row') = ?1";
    let mut statement = connection.prepare(is_blank)?;
    let mut plan = Vec::new();
    for blanked in found(connection, row)? {
        if !statement.exists([blanked.row.0])? {
            plan.push(blanked);
        }
    }
    Ok(plan)
}

fn found(connection: &Connection, row: RowId) -> Result<Vec<Blanked>, StoreError> {
    let mut plan = Vec::new();
    let mut words = Vec::new();
    let Some((text, detail)) = texts(connection, row.0)? else { return Ok(plan) };
    let left = without_words(&detail);
    plan.push(Blanked {
        row,
        text: Some(digest(&text)),
        detail: left.is_some().then(|| digest(&detail)),
        left: left.map(|(left, taken)| {
            words.extend(taken);
            left
        }),
    });
    let beside = "SELECT spoken.seq, spoken.text, spoken.detail FROM event JOIN event AS spoken \
         ON spoken.seq > event.seq AND spoken.seq <= event.seq + 100 AND spoken.at = event.at \
         AND spoken.actor = event.actor WHERE event.seq = ?1 AND spoken.kind = 'spoken'";
    for (seq, text, detail) in rows(connection, beside, row.0)? {
        let Some((left, taken)) = without_words(&detail) else { continue };
        words.extend(taken);
        plan.push(Blanked {
            row: RowId(seq),
            text: Some(digest(&text)),
            detail: Some(digest(&detail)),
            left: Some(left),
        });
    }
    let in_json: Vec<String> =
        words.iter().filter(|words| words.len() >= TELLING).map(|words| escaped(words)).collect();
    if in_json.is_empty() {
        return Ok(plan);
    }
    let carried =
        "SELECT seq, text, detail FROM event WHERE kind = 'carried' AND kind <> 'logged' AND seq > ?1";
    for (seq, _, detail) in rows(connection, carried, row.0)? {
        if in_json.iter().any(|words| detail.contains(words)) {
            let left = Some(NO_STATE.to_owned());
            plan.push(Blanked { row: RowId(seq), text: None, detail: Some(digest(&detail)), left });
        }
    }
    Ok(plan)
}

/// Takes out what the row `by` says.
pub(super) fn carry_out(connection: &Connection, by: i64, plan: &[Blanked]) -> rusqlite::Result<()> {
    let sql = "UPDATE event SET text = coalesce(?2, text), detail = coalesce(?3, detail) WHERE seq = ?1";
    for Blanked { row, text, left, .. } in plan {
        connection.execute(sql, params![row.0, text.as_ref().map(|_| mark(by)), left])?;
    }
    Ok(())
}

fn digest(text: &str) -> String {
    hex(&Sha256::digest(text))
}

/// As it stands in a string of JSON.
fn escaped(words: &str) -> String {
    let quoted = serde_json::Value::from(words).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

fn texts(connection: &Connection, row: i64) -> Result<Option<(String, String)>, StoreError> {
    let mut statement = connection.prepare("SELECT text, detail FROM event WHERE seq = ?1")?;
    Ok(statement.query_row([row], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
}

fn rows(connection: &Connection, sql: &str, row: i64) -> rusqlite::Result<Vec<(i64, String, String)>> {
    let mut statement = connection.prepare(sql)?;
    statement.query_map([row], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect()
}
