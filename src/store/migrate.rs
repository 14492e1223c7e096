//! The schema, brought up to date when the log is opened: one transaction a step, never back.

use rusqlite::{Connection, TransactionBehavior};

/// All steps, oldest first. `PRAGMA user_version` counts those that were taken.
const STEPS: &[&str] = &[
    include_str!("../../migrations/0001_log.sql"),
    include_str!("../../migrations/0002_fewer_pages.sql"),
    include_str!("../../migrations/0003_answers.sql"),
    include_str!("../../migrations/0004_redaction.sql"),
];

/// The newest schema this program knows.
pub(super) fn newest() -> i64 {
    STEPS.len() as i64
}

/// The schema of the file; 0 for an empty one.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_one("PRAGMA user_version", [], |row| row.get(0))
}

/// Whether the file holds tables that no step has made.
pub(super) fn is_foreign(connection: &Connection) -> rusqlite::Result<bool> {
    let made = version(connection)? > 0;
    let own = connection.query_one("SELECT count(*) FROM sqlite_schema WHERE name = 'event'", [], |row| {
        Ok(row.get::<_, i64>(0)? > 0)
    })?;
    let any = connection
        .query_one("SELECT count(*) FROM sqlite_schema", [], |row| Ok(row.get::<_, i64>(0)? > 0))?;
    Ok(if made { !own } else { any })
}

/// Takes the steps that are missing.
pub(super) fn up(connection: &mut Connection) -> rusqlite::Result<()> {
    up_to(connection, newest())
}

/// Takes the steps that are missing up to this schema.
pub(super) fn up_to(connection: &mut Connection, schema: i64) -> rusqlite::Result<()> {
    let taken = usize::try_from(version(connection)?).unwrap_or(0);
    let last = usize::try_from(schema).unwrap_or(0);
    for (number, step) in STEPS.iter().enumerate().take(last).skip(taken) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", number as i64 + 1)?;
        transaction.commit()?;
    }
    Ok(())
}
