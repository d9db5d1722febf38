-- What devices say of themselves, what they were before, and what takes their place. Never edit this file: add the next one.

-- The address by which devices call, HOST:PORT, as it was last given for an invitation.
ALTER TABLE county ADD COLUMN address TEXT NOT NULL DEFAULT '';

ALTER TABLE device ADD COLUMN road TEXT NOT NULL DEFAULT '';    -- by which it was heard last
ALTER TABLE device ADD COLUMN certified_at INTEGER;             -- when its certificate was made; as old as the row if NULL

-- Who claims a slot may have been a device before, and prove it; what an operator says about that one.
ALTER TABLE slot ADD COLUMN former BLOB;                        -- the key that the claimant had before
ALTER TABLE slot ADD COLUMN replaces BLOB;                      -- the key that is struck off when the slot is used

-- The keys that a device had before it was enrolled anew: what they wrote is its own.
CREATE TABLE former (
    public_key BLOB NOT NULL,                                   -- the device, 32 bytes
    former     BLOB NOT NULL,                                   -- a key before, 32 bytes
    PRIMARY KEY (public_key, former)
) STRICT, WITHOUT ROWID;

-- What a device said of itself last.
CREATE TABLE status (
    public_key   BLOB PRIMARY KEY,
    at           INTEGER NOT NULL,                              -- when it was heard, by this hub's clock
    version      TEXT NOT NULL,
    clock_offset INTEGER NOT NULL,                              -- seconds by which its clock is ahead of this one
    waiting      INTEGER NOT NULL,
    attachments  INTEGER NOT NULL,
    free         INTEGER NOT NULL,                              -- bytes
    battery      INTEGER,                                       -- of a hundred; NULL if it has none
    apart        INTEGER NOT NULL,
    refused      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
