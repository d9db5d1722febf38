-- Who did what at the hub. Rows are added and never changed; a row before the anchor may go, once it is archived.

CREATE TABLE event (
    number  INTEGER PRIMARY KEY,                    -- from 1, without a gap
    at      INTEGER NOT NULL,                       -- by the hub's clock
    who     TEXT NOT NULL,                          -- a user's name, a device, "command line", "hub"
    role    TEXT NOT NULL,                          -- as what, "" for a program
    action  TEXT NOT NULL,
    object  TEXT NOT NULL,                          -- upon what: never a personal detail
    outcome TEXT NOT NULL CHECK (outcome IN ('done', 'refused')),
    address TEXT NOT NULL,                          -- where from
    reason  TEXT NOT NULL,
    hash    BLOB NOT NULL                           -- SHA-256 over the hash before and everything above
) STRICT;

CREATE INDEX event_at ON event (at);

-- Signed heads of the chain, every ten minutes and at every stop: whoever keeps a copy elsewhere can prove what was cut off.
CREATE TABLE head (
    place     INTEGER PRIMARY KEY,                  -- from 1, without a gap
    number    INTEGER NOT NULL,                     -- of the last event
    at        INTEGER NOT NULL,
    hash      BLOB NOT NULL,                        -- of that event
    signature BLOB NOT NULL
) STRICT;

-- Where the chain begins (after the events that were archived) and where it ends, both signed.
CREATE TABLE bound (
    which     TEXT PRIMARY KEY CHECK (which IN ('anchor', 'tip')),
    number    INTEGER NOT NULL,
    place     INTEGER NOT NULL,                     -- of the last head
    hash      BLOB NOT NULL,
    signature BLOB NOT NULL
) STRICT;

CREATE TRIGGER event_stays BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'an event is never changed'); END;
CREATE TRIGGER head_stays BEFORE UPDATE ON head BEGIN SELECT RAISE(ABORT, 'a head is never changed'); END;
CREATE TRIGGER event_is_kept BEFORE DELETE ON event
    WHEN old.number > (SELECT number FROM bound WHERE which = 'anchor')
    BEGIN SELECT RAISE(ABORT, 'an event is never deleted'); END;
CREATE TRIGGER head_is_kept BEFORE DELETE ON head
    WHEN old.place > (SELECT place FROM bound WHERE which = 'anchor')
    BEGIN SELECT RAISE(ABORT, 'a head is never deleted'); END;
CREATE TRIGGER bound_is_kept BEFORE DELETE ON bound BEGIN SELECT RAISE(ABORT, 'the bounds stay'); END;
