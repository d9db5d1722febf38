-- Who belongs to the county. Unlike the ledger this is no projection: it is the truth about devices. Never edit this file:
-- add the next one, for an older program may have written a register.

CREATE TABLE county (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    salt BLOB NOT NULL                              -- 16 bytes, for stretching enrolment codes
) STRICT;

CREATE TABLE device (
    id          INTEGER PRIMARY KEY,
    public_key  BLOB NOT NULL UNIQUE,
    name        TEXT NOT NULL,
    role        TEXT NOT NULL,
    areas       TEXT NOT NULL,                      -- codes with a space between
    number      INTEGER NOT NULL UNIQUE,            -- the first four digits of its tickets
    enrolled_at INTEGER NOT NULL,
    last_heard  INTEGER,
    revoked_at  INTEGER
) STRICT;

-- A slot is a device that is expected, and the code by which it will be known.
CREATE TABLE slot (
    id         INTEGER PRIMARY KEY,
    name       TEXT NOT NULL,
    role       TEXT NOT NULL,
    areas      TEXT NOT NULL,
    key        BLOB NOT NULL,                       -- the stretched code
    made_at    INTEGER NOT NULL,
    is_trusted INTEGER NOT NULL,                    -- 1: let in without the comparison step
    state      TEXT NOT NULL CHECK (state IN ('open', 'waiting', 'approved', 'declined', 'used')),
    public_key BLOB,                                -- who claimed it
    comparison TEXT NOT NULL DEFAULT ''             -- the six digits that both sides show
) STRICT;
