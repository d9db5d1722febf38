-- The log of one installation. Never edit this file: add the next one, for an older program may have written a database.

-- One row: what is true of the log as a whole.
CREATE TABLE log (
    id        INTEGER PRIMARY KEY CHECK (id = 1),
    epoch     BLOB NOT NULL,                        -- 8 random bytes, drawn when this log began: a cursor of another epoch says nothing
    documents INTEGER NOT NULL DEFAULT 0,           -- how many documents this installation wrote in
    kept_row  INTEGER NOT NULL DEFAULT 0            -- the newest run that is in a backup which was restored and verified
) STRICT;

-- A feed is what one incarnation of one device wrote in one space.
CREATE TABLE feed (
    id           INTEGER PRIMARY KEY,
    name         BLOB NOT NULL UNIQUE,              -- 16 bytes, sync_core::feed::FeedId
    public_key   BLOB NOT NULL,                     -- 32 bytes, Ed25519 of its author
    incarnation  BLOB NOT NULL,                     -- 16 bytes
    area         TEXT NOT NULL,
    audience     INTEGER NOT NULL,
    length       INTEGER NOT NULL DEFAULT 0,        -- entries held
    head         BLOB NOT NULL,                     -- 32 bytes, hash of the last of them
    row          INTEGER NOT NULL DEFAULT 0,        -- its newest run
    receipted    INTEGER NOT NULL DEFAULT 0,        -- entries that the hub has signed for
    receipted_at INTEGER NOT NULL DEFAULT 0,        -- when, by the hub's clock, seconds
    kept         INTEGER NOT NULL DEFAULT 0,        -- entries that are in a verified backup of the hub
    kept_head    BLOB NOT NULL,                     -- 32 bytes, hash of the last of them
    pruned       INTEGER NOT NULL DEFAULT 0,        -- entries whose bytes were let go here, because they are kept
    pruned_head  BLOB NOT NULL                      -- 32 bytes, hash of the last of them
) STRICT;

-- A run is consecutive entries under one signature. The order of ids is the order of arrival.
CREATE TABLE run (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    feed      INTEGER NOT NULL REFERENCES feed (id),
    first     INTEGER NOT NULL,
    count     INTEGER NOT NULL,
    packing   INTEGER NOT NULL,
    signature BLOB NOT NULL,
    head      BLOB NOT NULL,                        -- 32 bytes, hash of its last entry
    at        INTEGER NOT NULL,                     -- when it came to this disk, by this clock, seconds
    body      BLOB NOT NULL,
    UNIQUE (feed, first)
) STRICT;

-- The last entry that this installation wrote about a document in a feed: what is here, on the road, received.
CREATE TABLE own (
    doc   BLOB NOT NULL,
    feed  INTEGER NOT NULL REFERENCES feed (id),
    last  INTEGER NOT NULL,
    PRIMARY KEY (doc, feed)
) STRICT, WITHOUT ROWID;
CREATE INDEX own_last ON own (feed, last);

-- The hub's receipts as signed, newest of each feed and level.
CREATE TABLE receipt (
    feed   INTEGER NOT NULL REFERENCES feed (id),
    level  INTEGER NOT NULL,
    signed BLOB NOT NULL,
    PRIMARY KEY (feed, level)
) STRICT, WITHOUT ROWID;

-- What was heard of each hub, in that hub's order of arrival.
CREATE TABLE peer (
    public_key BLOB PRIMARY KEY,                    -- 32 bytes
    epoch      BLOB NOT NULL,                       -- 8 bytes
    row        INTEGER NOT NULL,
    kept       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Devices that somebody declared to be struck off; only the hub is believed.
CREATE TABLE revoked (
    author     BLOB NOT NULL,                       -- 32 bytes, who says so
    public_key BLOB NOT NULL,                       -- 32 bytes, the device
    at         INTEGER NOT NULL,                    -- since when, by the author's clock, seconds
    PRIMARY KEY (author, public_key)
) STRICT, WITHOUT ROWID;

-- What was kept apart, and why: forks, bad signatures, spaces that are not the writer's; or what the hub told us it refused.
CREATE TABLE quarantine (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    at      INTEGER NOT NULL,
    feed    BLOB NOT NULL,                          -- 16 bytes
    device  TEXT NOT NULL DEFAULT '',               -- its author in hexadecimal, where known
    first   INTEGER NOT NULL,
    reason  TEXT NOT NULL,
    run     BLOB,                                   -- the bytes, where they are kept
    UNIQUE (feed, first, reason)
) STRICT;
