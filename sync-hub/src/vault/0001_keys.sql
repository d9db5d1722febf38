-- The keys of what lies in the vault, one for each thing, and nothing else: this file is small, and its backups are
-- thrown away soon, so that what was erased is soon erased everywhere.

CREATE TABLE key (
    name  BLOB PRIMARY KEY,           -- as in `item` of the other file
    key   BLOB NOT NULL,              -- 32 random bytes
    doc   BLOB NOT NULL,
    phone BLOB                        -- a keyed hash of its telephone number, if it has one
) STRICT;
CREATE INDEX key_phone ON key (phone) WHERE phone IS NOT NULL;

-- Under which telephone numbers are hashed.
CREATE TABLE secret (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    lookup BLOB NOT NULL
) STRICT;
