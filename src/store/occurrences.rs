//! Which occurrences the log knows.

use super::Reader;
use super::error::StoreError;
use crate::engine::id::OccurrenceId;

impl Reader {
    /// All occurrences that something is on record of, by day and window.
    pub fn occurrences(&self) -> Result<Vec<OccurrenceId>, StoreError> {
        let sql = "SELECT DISTINCT slot, window FROM event WHERE window IS NOT NULL";
        let mut statement = self.connection().prepare(sql)?;
        let names = statement.query_map([], |row| row.get::<_, String>(1))?.collect::<Result<Vec<_>, _>>()?;
        let mut found: Vec<OccurrenceId> = names.iter().filter_map(|name| name.parse().ok()).collect();
        found.sort();
        Ok(found)
    }
}
