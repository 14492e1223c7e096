//! What encryption proves beyond one event: that it was not read before under another id, and that whoever signed it signs
//! with the keys that they are known by.

use rusqlite::{Connection, OptionalExtension, params};

use super::{Arrived, Inbox, Seal};
use crate::store::StoreError;

/// `cipher`: what was decrypted, by what tells it from all others. `pinned`: the key that a user is known by, and another
/// one that was seen since.
pub(super) const SCHEMA: &str = "CREATE TABLE cipher (room TEXT NOT NULL, event TEXT NOT NULL, mark TEXT NOT NULL, \
     number INTEGER, at INTEGER NOT NULL, PRIMARY KEY (room, event)) STRICT; \
     CREATE INDEX cipher_mark ON cipher (room, mark); \
     CREATE TABLE pinned (user TEXT PRIMARY KEY, key TEXT NOT NULL, other TEXT) STRICT;";

/// What was decrypted is known again for so long, in milliseconds: a year.
const KEPT: i64 = 365 * 24 * 3600 * 1000;

/// What tells an encrypted event from all others, and who signed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The key that it was encrypted with and a digest of what it says: the same for the same words twice.
    pub mark: String,
    /// Which message it is that was encrypted with that key, where that is known.
    pub number: Option<u32>,
    /// Whoever signed the device that it comes from, and the key that they sign with.
    pub signer: Option<(String, String)>,
}

/// An event that says the same, with the same key, as others did before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repeat {
    /// Which of the events that were asked about.
    pub at: usize,
    /// The others, each with its number where that is known.
    pub others: Vec<(String, Option<u32>)>,
}

impl Inbox {
    /// Those of these events that were not taken yet and say what others said before, in the inbox or among them.
    pub fn repeats(&self, events: &[Arrived]) -> Result<Vec<Repeat>, StoreError> {
        let mut known = self
            .connection
            .prepare_cached("SELECT 1 FROM event WHERE room = ?1 AND id = ?2 AND state <> 'locked'")?;
        let mut same = self.connection.prepare_cached(
            "SELECT event, number FROM cipher WHERE room = ?1 AND mark = ?2 AND event <> ?3",
        )?;
        let mut repeats = Vec::new();
        for (at, event) in events.iter().enumerate() {
            let Some(origin) = &event.origin else { continue };
            if known.exists([&event.room, &event.id])? {
                continue;
            }
            let rows =
                same.query_map([&event.room, &origin.mark, &event.id], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let mut others = rows.collect::<rusqlite::Result<Vec<(String, Option<u32>)>>>()?;
            let before = events[..at].iter().filter(|other| other.room == event.room && other.id != event.id);
            others.extend(before.filter_map(|other| {
                let theirs = other.origin.as_ref().filter(|theirs| theirs.mark == origin.mark)?;
                Some((other.id.clone(), theirs.number))
            }));
            if !others.is_empty() {
                repeats.push(Repeat { at, others });
            }
        }
        Ok(repeats)
    }

    /// Keeps which message it is that was encrypted with its key.
    pub fn number(&mut self, room: &str, event: &str, number: u32) -> Result<(), StoreError> {
        let sql = "UPDATE cipher SET number = ?3 WHERE room = ?1 AND event = ?2";
        self.connection.execute(sql, params![room, event, number])?;
        Ok(())
    }

    /// The users whose keys are not those that they are known by.
    pub fn changed(&self) -> Result<Vec<String>, StoreError> {
        let mut statement =
            self.connection.prepare("SELECT user FROM pinned WHERE other IS NOT NULL ORDER BY user")?;
        let users = statement.query_map([], |row| row.get(0))?;
        Ok(users.collect::<rusqlite::Result<_>>()?)
    }

    /// From now on a user is known by the key that was seen last, which is given; `None`: it is the old one.
    pub fn accept(&mut self, user: &str) -> Result<Option<String>, StoreError> {
        let sql =
            "UPDATE pinned SET key = other, other = NULL WHERE user = ?1 AND other IS NOT NULL RETURNING key";
        Ok(self.connection.query_row(sql, [user], |row| row.get(0)).optional()?)
    }
}

/// What an event proves, with what is known from before; it is known from now on.
pub(super) fn seal(connection: &Connection, event: &Arrived, now: i64) -> rusqlite::Result<Seal> {
    let Some(origin) = &event.origin else { return Ok(event.seal) };
    let sql = "INSERT INTO cipher VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING";
    let mut insert = connection.prepare_cached(sql)?;
    insert.execute(params![event.room, event.id, origin.mark, origin.number, now])?;
    let (Seal::Trusted, Some((user, key))) = (event.seal, &origin.signer) else { return Ok(event.seal) };
    connection
        .prepare_cached("INSERT INTO pinned (user, key) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
        .execute([user, key])?;
    let mut other = connection
        .prepare_cached("UPDATE pinned SET other = nullif(?2, key) WHERE user = ?1 RETURNING key = ?2")?;
    let is_known: bool = other.query_one([user, key], |row| row.get(0))?;
    Ok(if is_known { Seal::Trusted } else { Seal::Changed })
}

/// Forgets what is old.
pub(super) fn forget(connection: &Connection, now: i64) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM cipher WHERE at < ?1", [now - KEPT]).map(drop)
}
