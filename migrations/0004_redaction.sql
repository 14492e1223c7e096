-- A leaked secret is taken out of a row: its text, and the words of people in its event, may be blanked, once a row that
-- was written later says so, and exactly as that row says. The digests of what stood there are in that row.

DROP TRIGGER event_stays_as_it_is;
CREATE TRIGGER event_stays_as_it_is BEFORE UPDATE ON event WHEN NOT (
    NEW.seq IS OLD.seq AND NEW.at IS OLD.at AND NEW.network IS OLD.network AND NEW.room IS OLD.room
    AND NEW.actor IS OLD.actor AND NEW.account IS OLD.account AND NEW.window IS OLD.window
    AND NEW.change IS OLD.change AND NEW.kind IS OLD.kind AND NEW.outcome IS OLD.outcome
    AND NEW.prev IS OLD.prev AND NEW.hash IS OLD.hash
    AND EXISTS (
        SELECT 1 FROM event AS said, json_each(said.detail, '$.rows') AS one
        WHERE said.kind = 'redacted' AND said.kind <> 'logged' AND said.seq > OLD.seq
        AND json_extract(one.value, '$.row') = OLD.seq
        AND NEW.text = CASE WHEN json_extract(one.value, '$.text') IS NULL THEN OLD.text
            ELSE '[redacted: see L' || said.seq || ']' END
        AND NEW.detail = coalesce(json_extract(one.value, '$.left'), OLD.detail)
    )
)
BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
