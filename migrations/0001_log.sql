-- The log, which is the database: one row an event, for ever. Never edit this file; add another.

CREATE TABLE event (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    at      TEXT NOT NULL CHECK (length(at) = 24), -- 2026-11-23T14:05:12.123Z
    network TEXT,
    room    TEXT,
    actor   TEXT NOT NULL,
    account TEXT,
    window  TEXT,
    change  INTEGER,
    kind    TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('ok', 'refused', 'failed')),
    text    TEXT NOT NULL,
    detail  TEXT NOT NULL,
    prev    BLOB NOT NULL CHECK (length(prev) = 32),
    hash    BLOB NOT NULL CHECK (length(hash) = 32),
    -- The bare name behind `network/name` and `?nick`, by which people ask.
    name    TEXT AS (lower(ltrim(substr(actor, instr(actor, '/') + 1), '?'))) VIRTUAL,
    -- The window behind `2026-11-23/morning`.
    slot    TEXT AS (lower(substr(window, instr(window, '/') + 1))) VIRTUAL
) STRICT;

-- Each index ends in seq by itself, so that the newest rows come first without a sort.
CREATE INDEX event_at ON event (at);
CREATE INDEX event_name ON event (name);
CREATE INDEX event_account ON event (lower(account)) WHERE account IS NOT NULL;
CREATE INDEX event_slot ON event (slot, window) WHERE window IS NOT NULL;
CREATE INDEX event_change ON event (change) WHERE change IS NOT NULL;
CREATE INDEX event_kind ON event (kind);

-- INSERT OR REPLACE removes rows without asking the DELETE trigger unless recursive_triggers is on, and a
-- stranger's connection need not have it on. So an insert over a row is refused by itself.
CREATE TRIGGER event_is_new BEFORE INSERT ON event WHEN EXISTS (SELECT 1 FROM event WHERE seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER event_stays_as_it_is BEFORE UPDATE ON event
BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER event_stays BEFORE DELETE ON event
BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;

-- The messages that were handled, by the network's id for them.
CREATE TABLE seen (
    network    TEXT NOT NULL,
    message_id TEXT NOT NULL,
    PRIMARY KEY (network, message_id)
) STRICT, WITHOUT ROWID;

-- Something to write when the disk was full: one row, as large as a large answer to a lookup.
CREATE TABLE probe (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    filler BLOB NOT NULL
) STRICT;
