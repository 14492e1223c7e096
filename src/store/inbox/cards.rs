//! Events of the bot's own that later ones refer to: the card of a window, which is changed in place, and the first word
//! about a patch, under which all others are said.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::{Inbox, MESSAGE, New, insert};
use crate::store::error::StoreError;

/// How often a card is shown anew after somebody has taken it away.
const AGAIN: i64 = 1;

impl Inbox {
    /// This was said, as this event: it is found by its name from now on.
    pub fn posted(&mut self, id: i64, event: &str, now: i64) -> Result<(), StoreError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let sql = "INSERT INTO posted SELECT room, name, ?2, ?3 FROM outgoing WHERE id = ?1 AND name IS NOT NULL \
                   ON CONFLICT (room, name) DO UPDATE SET at = ?3";
        transaction.prepare_cached(sql)?.execute(params![id, event, now])?;
        transaction.prepare_cached("DELETE FROM outgoing WHERE id = ?1")?.execute([id])?;
        transaction.commit()?;
        Ok(())
    }

    /// Takes from what is to be said what it refers to, and says whether it referred to anything. What was found by its
    /// name is found no more: under that name this is the first.
    pub fn loosen(&mut self, id: i64) -> Result<bool, StoreError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let named =
            "DELETE FROM posted WHERE (room, name) IN (SELECT room, name FROM outgoing WHERE id = ?1)";
        let mut changed = transaction.prepare_cached(named)?.execute([id])?;
        let related = "UPDATE outgoing SET content = json_remove(content, '$.\"m.relates_to\"') \
                       WHERE id = ?1 AND kind = ?2 AND json_type(content, '$.\"m.relates_to\"') IS NOT NULL";
        changed += transaction.prepare_cached(related)?.execute(params![id, MESSAGE])?;
        transaction.commit()?;
        Ok(changed > 0)
    }

    /// The event that has this name in a room.
    pub fn event_called(&self, room: &str, name: &str) -> Result<Option<String>, StoreError> {
        let mut statement =
            self.connection.prepare_cached("SELECT event FROM posted WHERE room = ?1 AND name = ?2")?;
        Ok(statement.query_row([room, name], |row| row.get(0)).optional()?)
    }

    /// Keeps what a card is to show; what it was to show before is worth nothing any more.
    pub fn want_card(&mut self, room: &str, name: &str, content: &str, now: i64) -> Result<(), StoreError> {
        let sql = "INSERT INTO card (room, name, wanted, at) VALUES (?1, ?2, ?3, ?4) \
                   ON CONFLICT (room, name) DO UPDATE SET wanted = ?3, at = ?4";
        self.connection.prepare_cached(sql)?.execute(params![room, name, content, now])?;
        Ok(())
    }

    /// The rooms with a card that does not show what it is to show, and of which nothing is on its way.
    pub fn rooms_to_show(&self) -> Result<Vec<String>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT DISTINCT room FROM card WHERE wanted IS NOT shown AND again <= ?1 \
             AND NOT EXISTS (SELECT 1 FROM outgoing WHERE room = card.room AND name = card.name)",
        )?;
        let rooms = statement.query_map([AGAIN], |row| row.get(0))?;
        Ok(rooms.collect::<rusqlite::Result<_>>()?)
    }

    /// Puts what the cards of a room are to show among what is to be said.
    pub fn show_cards(&mut self, room: &str, now: i64) -> Result<(), StoreError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let changed: Vec<(String, String)> = {
            let mut statement = transaction.prepare_cached(
                "SELECT name, wanted FROM card WHERE room = ?1 AND wanted IS NOT shown AND again <= ?2 \
                 ORDER BY name",
            )?;
            let rows = statement.query_map(params![room, AGAIN], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect::<rusqlite::Result<_>>()?
        };
        for (name, content) in changed {
            let sql = "UPDATE card SET shown = wanted WHERE room = ?1 AND name = ?2";
            transaction.prepare_cached(sql)?.execute([room, &name])?;
            let new = New { kind: MESSAGE, name: Some(name), is_extra: true, ..New::message(room, content) };
            insert(&transaction, &new, now)?;
        }
        transaction.commit()?;
        Ok(())
    }

    /// Somebody took an event away. A card is shown anew, once: whoever takes it away again does not want it.
    pub fn taken_away(&mut self, room: &str, event: &str) -> Result<(), StoreError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let again = "UPDATE card SET shown = NULL, again = again + 1 \
                     WHERE room = ?1 AND name = (SELECT name FROM posted WHERE room = ?1 AND event = ?2)";
        if transaction.prepare_cached(again)?.execute([room, event])? > 0 {
            let sql = "DELETE FROM posted WHERE room = ?1 AND event = ?2";
            transaction.prepare_cached(sql)?.execute([room, event])?;
        }
        transaction.commit()?;
        Ok(())
    }
}

/// Forgets what nobody has referred to since.
pub(super) fn forget(connection: &Connection, before: i64) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM posted WHERE at < ?1", [before])?;
    connection.execute("DELETE FROM card WHERE at < ?1", [before])?;
    Ok(())
}
