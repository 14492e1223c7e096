//! Reading back: the events that the state is made of, from the newest carried state on.

use rusqlite::OptionalExtension;

use super::Store;
use super::error::StoreError;
use super::row;
use crate::engine::event::{Event, Record, WITHOUT_EFFECT};
use crate::engine::id::RowId;
use crate::engine::state::State;

/// The kinds in the log are few, so they are found one by one in their index, and the rows without effect, which are
/// nearly all rows, are not read at all.
/// (What people log is not in that index, and has no effect.)
const KINDS: &str = "WITH RECURSIVE kinds(kind) AS (SELECT min(kind) FROM event WHERE kind <> 'logged' UNION ALL \
     SELECT (SELECT min(kind) FROM event WHERE kind > kinds.kind AND kind <> 'logged') \
     FROM kinds WHERE kind IS NOT NULL) ";

const EFFECTIVE: &str = " FROM event WHERE seq IN (SELECT later.seq FROM kinds CROSS JOIN event AS later \
     ON later.kind = kinds.kind AND later.kind <> 'logged' AND later.seq > ?1 \
     WHERE kinds.kind NOT IN (SELECT value FROM json_each(?2))) ORDER BY seq";

const CARRIED: &str =
    " FROM event WHERE kind = 'carried' AND kind <> 'logged' AND seq < ?1 ORDER BY seq DESC LIMIT 1";

/// What a state is rebuilt from.
#[derive(Clone, Debug, PartialEq)]
pub struct Replay {
    /// The records with effect, with their numbers, oldest first.
    pub records: Vec<(RowId, Record)>,
    /// The number of the last row of the log, with or without effect; 0 for an empty log.
    pub last: RowId,
}

impl Store {
    /// Reads what the state is made of: the newest carried state that can be read and every later row with an effect.
    ///
    /// A carried state is only a shortcut, in a form that may change: one that cannot be read is passed over for the
    /// one before it, and in the end for the whole log. Any other row that cannot be read is an error that names it.
    pub fn replay(&self) -> Result<Replay, StoreError> {
        let mut records = Vec::new();
        let mut before = i64::MAX;
        while let Some((id, carried)) = self.carried_before(before)? {
            if let Some(carried) = carried {
                records.push((id, carried));
                break;
            }
            before = id.0;
        }
        let from = records.first().map_or(0, |(id, _)| id.0);
        let sql = [KINDS, "SELECT ", row::COLUMNS, EFFECTIVE].concat();
        let without_effect = serde_json::Value::from(WITHOUT_EFFECT).to_string();
        let mut statement = self.writer.prepare_cached(&sql)?;
        let mut rows = statement.query((from, without_effect))?;
        while let Some(stored) = rows.next()? {
            match row::record(stored) {
                Ok(record) => records.push(record),
                Err(StoreError::Unreadable { kind, .. }) if kind == "carried" => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Replay { records, last: RowId(self.last) })
    }

    /// The state that the log makes, with the number of its last row.
    pub fn load_state(&self) -> Result<State, StoreError> {
        let replay = self.replay()?;
        let mut state = State::default();
        for (id, record) in &replay.records {
            // `apply` counts rows, and those without effect are not here to be counted.
            state.row = id.0 - 1;
            state.apply(record);
        }
        state.row = replay.last.0;
        Ok(state)
    }

    /// The newest carried state before a row, and `None` in its place where it cannot be read.
    fn carried_before(&self, before: i64) -> Result<Option<(RowId, Option<Record>)>, StoreError> {
        let sql = ["SELECT ", row::COLUMNS, CARRIED].concat();
        let mut statement = self.writer.prepare_cached(&sql)?;
        let found = statement.query_row([before], |stored| Ok(row::record(stored))).optional()?;
        match found {
            None => Ok(None),
            Some(Ok((id, record))) => {
                let carried = matches!(record.event, Event::Carried { .. });
                Ok(Some((id, carried.then_some(record))))
            }
            Some(Err(StoreError::Unreadable { row, .. })) => Ok(Some((row, None))),
            Some(Err(error)) => Err(error),
        }
    }
}
