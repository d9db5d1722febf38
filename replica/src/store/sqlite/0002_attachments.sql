-- Attachments: sealed voices, drawings and photos, in pieces. Never edit this file: add the next one.

-- What entries announce: by these alone a hub knows what it may take, and a device what it may ask for. The order of ids is
-- the order of arrival.
CREATE TABLE announcement (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    name    BLOB NOT NULL,                          -- 32 bytes, civic_core::id::AttachmentId
    feed    INTEGER NOT NULL REFERENCES feed (id),
    doc     BLOB NOT NULL,                          -- the record that it stands beside
    kind    INTEGER NOT NULL,
    length  INTEGER NOT NULL,
    is_here INTEGER NOT NULL DEFAULT 0,             -- 1 once every piece is here
    UNIQUE (name, feed, doc)
) STRICT;
CREATE INDEX announcement_missing ON announcement (feed, id) WHERE is_here = 0;

-- An attachment whose manifest is known, whole or in part. The order of ids is the order of arrival.
CREATE TABLE attachment (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    name         BLOB NOT NULL UNIQUE,
    kind         INTEGER NOT NULL,
    rank         INTEGER NOT NULL,                  -- the order in which kinds travel
    length       INTEGER NOT NULL,                  -- bytes, as sealed
    hashes       BLOB NOT NULL,                     -- 32 bytes for each piece
    is_own       INTEGER NOT NULL,                  -- 1 if it was made here and belongs at the hub
    held         INTEGER NOT NULL DEFAULT 0,        -- pieces that are here, one bit each, the lowest for the first
    is_whole     INTEGER NOT NULL DEFAULT 0,        -- 1 if all are here
    confirmed    INTEGER NOT NULL DEFAULT 0,        -- pieces that the hub says are on its disk, likewise
    reason       TEXT NOT NULL DEFAULT '',          -- why the hub did not take it, in its words
    receipted_at INTEGER NOT NULL DEFAULT 0,        -- when the hub signed for it, by its clock, seconds; 0 if it did not
    receipt      BLOB                               -- as signed, the newest
) STRICT;
CREATE INDEX attachment_waiting ON attachment (rank, id) WHERE is_own = 1 AND receipted_at = 0;
CREATE INDEX attachment_room ON attachment (is_own, length);

CREATE TABLE piece (
    attachment INTEGER NOT NULL REFERENCES attachment (id),
    number     INTEGER NOT NULL,
    bytes      BLOB NOT NULL,
    PRIMARY KEY (attachment, number)
) STRICT;

-- Bytes of pieces that moved on a day (UTC, by this clock), in both directions: the day's budget counts from here.
CREATE TABLE traffic (
    day   INTEGER PRIMARY KEY,
    bytes INTEGER NOT NULL
) STRICT;
