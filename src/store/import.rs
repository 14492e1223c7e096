//! Rows of other logs: each once, however often they are brought.

use super::Store;
use super::append::{Answer, Seen};
use super::error::StoreError;
use crate::engine::event::{IMPORTED, Record};
use crate::engine::id::RowId;

/// With the 2 MB that SQLite takes by itself, a page of an index is written again for each few rows: in KiB.
const CACHE: i64 = -256 * 1024;

/// About so many pages wait in the write-ahead log before they are moved into the file, each once.
const AHEAD: usize = 50_000;

impl Store {
    /// Makes room for many rows: this store is for an import, and for nothing else.
    pub fn expect_many(&mut self) -> Result<(), StoreError> {
        self.writer.pragma_update(None, "cache_size", CACHE)?;
        self.most_ahead = AHEAD;
        Ok(())
    }

    /// Stores those records whose keys were not stored before, with their keys, in one commit, and gives how many they
    /// were. The key of a row is how far an import has come: one that was killed goes on behind the last commit.
    ///
    /// Keys must differ from each other.
    pub fn import(&mut self, rows: Vec<(Record, String)>) -> Result<u64, StoreError> {
        let known = self.are_known(&rows)?;
        let mut records = Vec::with_capacity(rows.len());
        let mut seen = Vec::with_capacity(rows.len());
        for ((record, key), _) in rows.into_iter().zip(known).filter(|(_, known)| !known) {
            // Nobody waits for an answer to it.
            seen.push(Seen { network: IMPORTED.to_owned(), message_id: key, answer: Answer::Nothing });
            records.push(record);
        }
        let RowId(first) = self.append(&records, &seen)?;
        Ok(self.last().0.abs_diff(first - 1))
    }

    /// Which of the keys are stored. Where none is between the first and the last, none has to be looked for.
    fn are_known(&self, rows: &[(Record, String)]) -> Result<Vec<bool>, StoreError> {
        let keys = rows.iter().map(|(_, key)| (IMPORTED, key.as_str()));
        let (Some((_, first)), Some((_, last))) = (keys.clone().min(), keys.clone().max()) else {
            return Ok(Vec::new());
        };
        let between = "SELECT 1 FROM seen WHERE network = ?1 AND message_id BETWEEN ?2 AND ?3";
        let some = self.writer.prepare_cached(between)?.exists([IMPORTED, first, last])?;
        if some { self.were_seen(&keys.collect::<Vec<_>>()) } else { Ok(vec![false; rows.len()]) }
    }
}
