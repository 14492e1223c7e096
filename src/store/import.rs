//! Rows of other logs: each once, however often they are brought.

use super::Store;
use super::append::{Answer, Seen};
use super::error::StoreError;
use crate::engine::event::{IMPORTED, Record};
use crate::engine::id::RowId;

impl Store {
    /// Stores those records whose keys were not stored before, with their keys, in one commit, and gives how many they
    /// were. The key of a row is how far an import has come: one that was killed goes on behind the last commit.
    ///
    /// Keys must differ from each other.
    pub fn import(&mut self, rows: Vec<(Record, String)>) -> Result<u64, StoreError> {
        let keys: Vec<(&str, &str)> = rows.iter().map(|(_, key)| (IMPORTED, key.as_str())).collect();
        let known = self.were_seen(&keys)?;
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
}
