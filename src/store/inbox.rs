//! What a transport has taken in and has to say: a file of its own beside the log, so that a program that is killed
//! loses nothing of it. Everything that one answer of the server brought is stored in one transaction with the place up
//! to which it was read, and so is what goes out with the number it goes out under.
//!
//! One connection alone opens it, behind a lock file, for the same reason as the log.

mod cards;
mod proof;

use std::fs::{DirBuilder, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::error::{OpenError, StoreError};
use super::open::{Lock, lock, sqlite_fault};
pub use proof::{Origin, Repeat};

/// Counted up when the schema below changes; `PRAGMA user_version` tells which one a file has.
const VERSION: i64 = 2;

/// `state` of an event: it is new, it was taken, reading it went wrong, or it cannot be decrypted so far.
const EVENT: &str = "CREATE TABLE event (seq INTEGER PRIMARY KEY AUTOINCREMENT, room TEXT NOT NULL, id TEXT NOT NULL, \
     text TEXT NOT NULL, at INTEGER NOT NULL, state TEXT NOT NULL DEFAULT 'new' \
     CHECK (state IN ('new', 'taken', 'bad', 'locked')), seal TEXT NOT NULL DEFAULT 'clear', UNIQUE (room, id)) STRICT; \
     CREATE INDEX event_new ON event (seq) WHERE state = 'new'; \
     CREATE INDEX event_locked ON event (seq) WHERE state = 'locked';";

const SCHEMA: &str = "CREATE TABLE session (id INTEGER PRIMARY KEY CHECK (id = 1), user TEXT NOT NULL, \
     device TEXT NOT NULL, token TEXT NOT NULL) STRICT; \
     CREATE TABLE place (id INTEGER PRIMARY KEY CHECK (id = 1), next TEXT NOT NULL) STRICT; \
     CREATE TABLE told (room TEXT NOT NULL, what TEXT NOT NULL, at INTEGER NOT NULL, \
     PRIMARY KEY (room, what)) STRICT; \
     CREATE TABLE outgoing (id INTEGER PRIMARY KEY AUTOINCREMENT, room TEXT NOT NULL, kind TEXT NOT NULL, \
     content TEXT NOT NULL, name TEXT, is_status INTEGER NOT NULL, is_extra INTEGER NOT NULL, at INTEGER NOT NULL) STRICT; \
     CREATE TABLE posted (room TEXT NOT NULL, name TEXT NOT NULL, event TEXT NOT NULL, at INTEGER NOT NULL, \
     PRIMARY KEY (room, name)) STRICT; \
     CREATE TABLE card (room TEXT NOT NULL, name TEXT NOT NULL, wanted TEXT NOT NULL, shown TEXT, \
     again INTEGER NOT NULL DEFAULT 0, at INTEGER NOT NULL, PRIMARY KEY (room, name)) STRICT;";

/// So long another program's lock is waited for.
const BUSY: Duration = Duration::from_millis(200);

/// What was taken is kept for so long, in milliseconds, to know it again.
const KEPT: i64 = 7 * 24 * 3600 * 1000;
/// So often what is old is forgotten, in milliseconds.
const FORGET: i64 = 24 * 3600 * 1000;
/// Events that others refer to are kept for so long after the last of them: a patch may wait for weeks.
const KEPT_POSTED: i64 = 60 * 24 * 3600 * 1000;

/// The file of one connection, open for writing: one in the world for each file.
pub struct Inbox {
    connection: Connection,
    // It is only held.
    _lock: Lock,
    /// When what is old was forgotten last, in milliseconds since 1970.
    forgotten: i64,
}

/// Who the bot is at the server.
#[derive(Clone, PartialEq, Eq)]
pub struct Session {
    /// The account.
    pub user: String,
    /// The device that the server gave it.
    pub device: String,
    /// What it proves itself by.
    pub token: String,
}

/// What the encryption of an event proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seal {
    /// It was not encrypted.
    Clear,
    /// It comes from a device that its owner has signed.
    Trusted,
    /// It was encrypted by who knows whom.
    Untrusted,
    /// The same was read before, under another id.
    Replayed,
    /// It comes from a device that its owner has signed with other keys than those that they are known by.
    Changed,
    /// It cannot be decrypted so far.
    Locked,
}

impl Seal {
    const ALL: [(Self, &'static str); 6] = [
        (Self::Clear, "clear"),
        (Self::Trusted, "trusted"),
        (Self::Untrusted, "untrusted"),
        (Self::Replayed, "replayed"),
        (Self::Changed, "changed"),
        (Self::Locked, "locked"),
    ];

    fn word(self) -> &'static str {
        Self::ALL.into_iter().find(|(seal, _)| *seal == self).map_or("locked", |(_, word)| word)
    }

    /// What is not known proves nothing.
    fn of(word: &str) -> Self {
        Self::ALL.into_iter().find(|(_, known)| *known == word).map_or(Self::Untrusted, |(seal, _)| seal)
    }
}

/// An event that has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// Its room.
    pub room: String,
    /// Its id there.
    pub id: String,
    /// Its text, decrypted where that could be done.
    pub text: String,
    /// What its encryption proves.
    pub seal: Seal,
    /// Where it was decrypted and others said it: what tells it from all others, and who signed it.
    pub origin: Option<Origin>,
}

/// An event as the server gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its number here, in the order in which events came.
    pub seq: i64,
    /// Its room.
    pub room: String,
    /// Its id there.
    pub id: String,
    /// Its text, as it came.
    pub text: String,
    /// What its encryption proves.
    pub seal: Seal,
    /// When it came, in milliseconds since 1970.
    pub at: i64,
}

/// Something to say that has no number yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct New {
    /// The room.
    pub room: String,
    /// The type of the event: `m.room.message`.
    pub kind: &'static str,
    /// What is sent.
    pub content: String,
    /// What its event is to be found by later. Where there is an event of that name already, it refers to that.
    pub name: Option<String>,
    /// It may be left out when it is late.
    pub is_status: bool,
    /// It waits until there is nothing else to say.
    pub is_extra: bool,
}

impl New {
    /// A message as most are.
    pub fn message(room: &str, content: String) -> Self {
        Self { room: room.to_owned(), kind: MESSAGE, content, name: None, is_status: false, is_extra: false }
    }
}

/// The type of the event that says something.
const MESSAGE: &str = "m.room.message";

/// Something to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// Its number, which is never given again; also not by a file that was made anew.
    pub id: i64,
    /// The room.
    pub room: String,
    /// The type of the event.
    pub kind: String,
    /// What is sent.
    pub content: String,
    /// What its event is found by later.
    pub name: Option<String>,
    /// It may be left out when it is late.
    pub is_status: bool,
    /// It waits until there is nothing else to say.
    pub is_extra: bool,
    /// Since when it waits, in milliseconds since 1970.
    pub at: i64,
}

impl Inbox {
    /// Opens the file in `folder`, makes both where there are none, and keeps every other swatbot out until it is dropped.
    /// `now` is in milliseconds since 1970.
    pub fn open(folder: &Path, now: i64) -> Result<Self, OpenError> {
        let path = folder.join("inbox.db");
        let file_fault = |path: &Path| {
            let path = path.to_owned();
            move |source| OpenError::File { path, source }
        };
        // It holds a session, which is as good as a password.
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(file_fault(folder))?;
        let lock = lock(&path)?;
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(file_fault(&path))?;
        let fault = |source| sqlite_fault(&path, source);
        let mut connection = Connection::open(&path).map_err(fault)?;
        configure(&connection).map_err(fault)?;
        let version: i64 =
            connection.query_one("PRAGMA user_version", [], |row| row.get(0)).map_err(fault)?;
        match version {
            VERSION => {}
            1 => upgrade(&mut connection).map_err(fault)?,
            0 if is_empty(&connection).map_err(fault)? => make(&mut connection, now).map_err(fault)?,
            0 => return Err(OpenError::NotALog { path }),
            found => return Err(OpenError::Newer { path, found, known: VERSION }),
        }
        forget(&connection, now).map_err(fault)?;
        Ok(Self { connection, _lock: lock, forgotten: now })
    }

    /// Forgets what is old, once in a while. `now` is in milliseconds since 1970.
    pub fn forget(&mut self, now: i64) -> Result<(), StoreError> {
        if (self.forgotten..self.forgotten + FORGET).contains(&now) {
            return Ok(());
        }
        self.forgotten = now;
        Ok(forget(&self.connection, now)?)
    }

    /// Who the bot was at the last start.
    pub fn session(&self) -> Result<Option<Session>, StoreError> {
        let mut statement = self.connection.prepare("SELECT user, device, token FROM session")?;
        let session = statement
            .query_row([], |row| Ok(Session { user: row.get(0)?, device: row.get(1)?, token: row.get(2)? }));
        Ok(session.optional()?)
    }

    /// Keeps who the bot is, or that it is nobody any more.
    pub fn set_session(&mut self, session: Option<&Session>) -> Result<(), StoreError> {
        match session {
            Some(Session { user, device, token }) => self.connection.execute(
                "INSERT INTO session VALUES (1, ?1, ?2, ?3) ON CONFLICT (id) DO UPDATE \
                 SET user = ?1, device = ?2, token = ?3",
                [user, device, token],
            )?,
            None => self.connection.execute("DELETE FROM session", [])?,
        };
        Ok(())
    }

    /// The place up to which everything was read.
    pub fn place(&self) -> Result<Option<String>, StoreError> {
        Ok(self.connection.query_row("SELECT next FROM place", [], |row| row.get(0)).optional()?)
    }

    /// Nothing is known of the place any more.
    pub fn lose_place(&mut self) -> Result<(), StoreError> {
        self.connection.execute("DELETE FROM place", [])?;
        Ok(())
    }

    /// Stores events with the place that follows them. One that is known is passed over, unless it could not be decrypted
    /// before and now can: then it is new, and came when it came first.
    pub fn take(&mut self, events: &[Arrived], next: &str, now: i64) -> Result<(), StoreError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        {
            let mut opened = transaction.prepare_cached(
                "DELETE FROM event WHERE room = ?1 AND id = ?2 AND state = 'locked' RETURNING at",
            )?;
            let mut insert = transaction.prepare_cached(
                "INSERT INTO event (room, id, text, at, state, seal) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
                 ON CONFLICT (room, id) DO NOTHING",
            )?;
            for event in events {
                let Arrived { room, id, text, seal, origin: _ } = event;
                let is_open = *seal != Seal::Locked;
                // Only what was decrypted can have been locked before.
                let came = match seal {
                    Seal::Trusted | Seal::Untrusted | Seal::Replayed | Seal::Changed => {
                        opened.query_row([room, id], |row| row.get(0)).optional()?
                    }
                    Seal::Clear | Seal::Locked => None,
                };
                let state = if is_open { "new" } else { "locked" };
                let seal = proof::seal(&transaction, event, now)?;
                insert.execute(params![room, id, text, came.unwrap_or(now), state, seal.word()])?;
            }
        }
        transaction
            .execute("INSERT INTO place VALUES (1, ?1) ON CONFLICT (id) DO UPDATE SET next = ?1", [next])?;
        transaction.commit()?;
        Ok(())
    }

    /// The events that came after one and were not taken yet, `most` of them, the oldest first.
    pub fn waiting(&self, after: i64, most: usize) -> Result<Vec<Event>, StoreError> {
        let sql = "SELECT seq, room, id, text, seal, at FROM event WHERE state = 'new' AND seq > ?1 ORDER BY seq LIMIT ?2";
        self.events(sql, after, most)
    }

    /// The events after this one that cannot be decrypted so far, `most` of them, the oldest first.
    pub fn locked(&self, after: i64, most: usize) -> Result<Vec<Event>, StoreError> {
        let sql = "SELECT seq, room, id, text, seal, at FROM event WHERE state = 'locked' AND seq > ?1 ORDER BY seq LIMIT ?2";
        self.events(sql, after, most)
    }

    /// Gives up on what could not be decrypted since before this time, in milliseconds since 1970, and says what it was.
    pub fn give_up(&mut self, before: i64) -> Result<Vec<Event>, StoreError> {
        let sql = "UPDATE event SET state = 'bad' WHERE state = 'locked' AND at < ?1 \
                   RETURNING seq, room, id, text, seal, at";
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map([before], event)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    fn events(&self, sql: &str, after: i64, most: usize) -> Result<Vec<Event>, StoreError> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let rows = statement.query_map([after, most], event)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The last event that was not taken yet; 0 where there is none.
    pub fn last_waiting(&self) -> Result<i64, StoreError> {
        let sql = "SELECT coalesce(max(seq), 0) FROM event WHERE state = 'new'";
        Ok(self.connection.query_one(sql, [], |row| row.get(0))?)
    }

    /// Reading this one went wrong: it is kept and not read again.
    pub fn quarantine(&mut self, seq: i64) -> Result<(), StoreError> {
        self.connection.execute("UPDATE event SET state = 'bad' WHERE seq = ?1", [seq])?;
        Ok(())
    }

    /// Notes that something was told in a room, and says whether that is new.
    pub fn tell_once(&mut self, room: &str, what: &str) -> Result<bool, StoreError> {
        let sql = "INSERT INTO told VALUES (?1, ?2, 0) ON CONFLICT DO NOTHING";
        Ok(self.connection.execute(sql, [room, what])? > 0)
    }

    /// Notes that something is told in a room `now`, unless it was told within this time; both are in milliseconds. Says
    /// whether it may be told.
    pub fn tell_again(&mut self, room: &str, what: &str, every: i64, now: i64) -> Result<bool, StoreError> {
        let sql = "INSERT INTO told VALUES (?1, ?2, ?3) ON CONFLICT (room, what) DO UPDATE SET at = ?3 \
                   WHERE at <= ?3 - ?4 OR at > ?3";
        Ok(self.connection.execute(sql, params![room, what, now, every])? > 0)
    }

    /// Whether something was told, or is known, of a room.
    pub fn was_told(&self, room: &str, what: &str) -> Result<bool, StoreError> {
        let mut statement =
            self.connection.prepare_cached("SELECT 1 FROM told WHERE room = ?1 AND what = ?2")?;
        Ok(statement.exists([room, what])?)
    }

    /// Stores what is to be said, in order, and in the same transaction what it answers: everything up to this number was
    /// taken, but the events with these ids.
    pub fn push(
        &mut self,
        out: &[New],
        taken: Option<&(i64, Vec<String>)>,
        now: i64,
    ) -> Result<(), StoreError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for new in out {
            insert(&transaction, new, now)?;
        }
        if let Some((last, unsettled)) = taken {
            let unsettled = serde_json::Value::from(unsettled.as_slice()).to_string();
            transaction
                .prepare_cached(
                    "UPDATE event SET state = 'taken' WHERE state = 'new' AND seq <= ?1 \
                     AND id NOT IN (SELECT value FROM json_each(?2))",
                )?
                .execute(params![last, unsettled])?;
        }
        transaction.commit()?;
        Ok(())
    }

    /// What is to be said next.
    pub fn first(&self) -> Result<Option<Outgoing>, StoreError> {
        self.first_beside(&[])
    }

    /// What is to be said next in other rooms than these.
    pub fn first_beside(&self, rooms: &[&str]) -> Result<Option<Outgoing>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, room, kind, content, name, is_status, is_extra, at FROM outgoing \
             WHERE room NOT IN (SELECT value FROM json_each(?1)) ORDER BY is_extra, id LIMIT 1",
        )?;
        let out = statement.query_row([serde_json::json!(rooms).to_string()], |row| {
            Ok(Outgoing {
                id: row.get(0)?,
                room: row.get(1)?,
                kind: row.get(2)?,
                content: row.get(3)?,
                name: row.get(4)?,
                is_status: row.get(5)?,
                is_extra: row.get(6)?,
                at: row.get(7)?,
            })
        });
        Ok(out.optional()?)
    }

    /// The text of an event, as it came.
    pub fn text(&self, room: &str, id: &str) -> Result<Option<String>, StoreError> {
        let mut statement =
            self.connection.prepare_cached("SELECT text FROM event WHERE room = ?1 AND id = ?2")?;
        Ok(statement.query_row([room, id], |row| row.get(0)).optional()?)
    }

    /// This was said, or never will be.
    pub fn said(&mut self, id: i64) -> Result<(), StoreError> {
        self.connection.prepare_cached("DELETE FROM outgoing WHERE id = ?1")?.execute([id])?;
        Ok(())
    }
}

/// Forgets what is old: events that nobody waits for, what was told in a while, and what nobody has referred to since.
fn forget(connection: &Connection, now: i64) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM event WHERE state <> 'new' AND at < ?1", [now - KEPT])?;
    // What is told once and for all has no time.
    connection.execute("DELETE FROM told WHERE at > 0 AND at < ?1", [now - KEPT])?;
    proof::forget(connection, now)?;
    cards::forget(connection, now - KEPT_POSTED)
}

fn insert(connection: &Connection, new: &New, now: i64) -> rusqlite::Result<()> {
    let sql = "INSERT INTO outgoing (room, kind, content, name, is_status, is_extra, at) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let New { room, kind, content, name, is_status, is_extra } = new;
    connection.prepare_cached(sql)?.execute(params![room, kind, content, name, is_status, is_extra, now])?;
    Ok(())
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("user", &self.user)
            .field("device", &self.device)
            .finish_non_exhaustive()
    }
}

fn event(row: &rusqlite::Row<'_>) -> rusqlite::Result<Event> {
    let seal: String = row.get(4)?;
    Ok(Event {
        seq: row.get(0)?,
        room: row.get(1)?,
        id: row.get(2)?,
        text: row.get(3)?,
        seal: Seal::of(&seal),
        at: row.get(5)?,
    })
}

fn configure(connection: &Connection) -> rusqlite::Result<()> {
    // Nobody else writes it, and who waits for a lock holds up everything.
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "full")
}

fn is_empty(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_one("SELECT count(*) FROM sqlite_schema", [], |row| Ok(row.get::<_, i64>(0)? == 0))
}

fn make(connection: &mut Connection, now: i64) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(SCHEMA)?;
    transaction.execute_batch(EVENT)?;
    transaction.execute_batch(proof::SCHEMA)?;
    // A server passes over what comes under a number it has seen. A file that was made anew must give others than the one
    // before, so the time is in them.
    transaction.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('outgoing', ?1)", [now])?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()
}

/// From the first schema, whose events knew fewer seals.
fn upgrade(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(
        "DROP INDEX event_new; DROP INDEX event_locked; ALTER TABLE event RENAME TO before;",
    )?;
    transaction.execute_batch(EVENT)?;
    transaction.execute_batch(
        "INSERT INTO event (seq, room, id, text, at, state, seal) \
         SELECT seq, room, id, text, at, state, seal FROM before; DROP TABLE before;",
    )?;
    transaction.execute_batch(proof::SCHEMA)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()
}
