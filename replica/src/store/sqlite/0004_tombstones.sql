-- What the county erased, and to which keys it wants things sealed. Never edit this file: add the next one.

-- Tombstones by the county's hub. None is ever taken back.
CREATE TABLE tombstone (
    id      INTEGER PRIMARY KEY,
    doc     BLOB NOT NULL,
    area    TEXT NOT NULL,                          -- entries in other areas are none of its business
    depth   INTEGER NOT NULL,                       -- sync_core::tombstone::Depth
    reached INTEGER NOT NULL DEFAULT 0,             -- runs up to here are without what it covers
    step    INTEGER NOT NULL DEFAULT 0,             -- 0 due, 1 erased in the tables, 2 gone from the files, 3 acknowledged
    UNIQUE (doc, area, depth)
) STRICT;
CREATE INDEX tombstone_step ON tombstone (step) WHERE step < 3;

-- Key epochs that the county's hub announced.
CREATE TABLE epoch (
    id       INTEGER PRIMARY KEY,                   -- the order of arrival
    number   INTEGER NOT NULL,
    public   BLOB NOT NULL,                         -- 32 bytes, X25519
    is_heard INTEGER NOT NULL DEFAULT 0,            -- 1 once this device said that it seals to it and nothing older waits
    UNIQUE (number, public)
) STRICT;
