//! How a stored row becomes a `Row` for people, or a `Record` for the state.

use chrono::{DateTime, SecondsFormat, Utc};
use rusqlite::types::Type;

use super::error::StoreError;
use crate::engine::event::{Author, Record, Went};
use crate::engine::id::{At, ChangeNumber, RoomId, RowId, Who};
use crate::engine::log::Row;

/// The columns that both are made of, in the order in which they are read.
pub(super) const COLUMNS: &str = "event.seq, event.at, event.network, event.room, event.actor, event.account, \
     event.window, event.change, event.kind, event.outcome, event.text, event.detail";

/// The form of `at` in the log: UTC, to the millisecond, so that the order of the texts is the order of the times.
pub(super) fn stored_time(at: At) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn time(row: &rusqlite::Row<'_>) -> rusqlite::Result<At> {
    let text = row.get_ref(1)?.as_str()?;
    DateTime::parse_from_rfc3339(text)
        .map(|at| at.with_timezone(&Utc))
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(1, Type::Text, Box::new(error)))
}

/// The row as people read it.
pub(super) fn row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    let text = |index| Ok::<_, rusqlite::Error>(row.get::<_, Option<String>>(index)?.unwrap_or_default());
    Ok(Row {
        id: RowId(row.get(0)?),
        at: time(row)?,
        network: text(2)?,
        room: text(3)?,
        actor: text(4)?,
        account: text(5)?,
        window: text(6)?,
        change: row.get::<_, Option<u32>>(7)?.map(ChangeNumber),
        kind: text(8)?,
        outcome: text(9)?,
        text: text(10)?,
        detail: text(11)?,
    })
}

/// The row as the event it was.
pub(super) fn record(row: &rusqlite::Row<'_>) -> Result<(RowId, Record), StoreError> {
    let id = RowId(row.get(0)?);
    let kind: String = row.get(8)?;
    let unreadable = |why: String| StoreError::Unreadable { row: id, kind: kind.clone(), why };
    let window = match row.get::<_, Option<String>>(6)? {
        None => None,
        Some(window) => {
            Some(window.parse().map_err(|()| unreadable(format!("{window} is not an occurrence")))?)
        }
    };
    let outcome = match row.get::<_, String>(9)?.as_str() {
        "refused" => Went::Refused,
        "failed" => Went::Failed,
        _ => Went::Ok,
    };
    let detail = row.get_ref(11)?.as_str().map_err(rusqlite::Error::from)?;
    let event = serde_json::from_str(detail).map_err(|error| unreadable(error.to_string()))?;
    let by = Author {
        network: row.get(2)?,
        room: row.get::<_, Option<String>>(3)?.map(RoomId),
        who: Who(row.get(4)?),
        account: row.get(5)?,
    };
    let change = row.get::<_, Option<u32>>(7)?.map(ChangeNumber);
    Ok((id, Record { at: time(row)?, by, window, change, outcome, text: row.get(10)?, event }))
}
