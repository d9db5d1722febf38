-- What waits tells all that the log says of it, and a long run is merged piece by piece.
-- The old rows do not tell that, so everything here is made anew from the log.

DELETE FROM slip;
DELETE FROM opinion;
DELETE FROM visit;
DELETE FROM published;
DELETE FROM refused;
DELETE FROM envelope;
DELETE FROM sealed;
DELETE FROM document;

DROP TABLE pending;
CREATE TABLE pending (
    id       INTEGER PRIMARY KEY,        -- the order in which they came
    doc      BLOB NOT NULL,
    area     TEXT NOT NULL,
    audience INTEGER NOT NULL,
    actor    BLOB NOT NULL,
    device   BLOB NOT NULL,
    at       INTEGER NOT NULL,           -- the entry's time
    payload  BLOB NOT NULL
) STRICT;
CREATE INDEX pending_doc ON pending (doc);

UPDATE progress SET row = 0;
ALTER TABLE progress ADD COLUMN entries INTEGER NOT NULL DEFAULT 0;  -- of the run behind that row
