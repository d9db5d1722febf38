-- The ledger of one installation. Derived from the log: it may be deleted at any time and is rebuilt by one command.

-- How far the log has been merged.
CREATE TABLE progress (
    id  INTEGER PRIMARY KEY CHECK (id = 1),
    row INTEGER NOT NULL
) STRICT;
INSERT INTO progress (id, row) VALUES (1, 0);

-- Every merged document, as this installation's own snapshot.
CREATE TABLE document (
    id       INTEGER PRIMARY KEY,
    name     BLOB NOT NULL UNIQUE,
    kind     TEXT NOT NULL,
    area     TEXT NOT NULL,
    audience INTEGER NOT NULL,
    snapshot BLOB NOT NULL
) STRICT;

CREATE TABLE opinion (
    id           INTEGER PRIMARY KEY REFERENCES document (id),
    ticket       TEXT NOT NULL DEFAULT '',
    area         TEXT NOT NULL,
    title        TEXT NOT NULL DEFAULT '',
    topic        TEXT NOT NULL DEFAULT '',
    urgency      TEXT NOT NULL DEFAULT '',
    office       TEXT NOT NULL DEFAULT '',
    village      TEXT NOT NULL DEFAULT '',
    channel      TEXT NOT NULL DEFAULT '',
    state        TEXT NOT NULL DEFAULT '',
    body         TEXT NOT NULL DEFAULT '',
    filed_by     TEXT NOT NULL DEFAULT '',
    filed_at     INTEGER NOT NULL,       -- the writer's clock, seconds
    changed_at   INTEGER NOT NULL,       -- the newest change, by its writer's clock
    arrived_at   INTEGER NOT NULL,       -- when the first change came to this disk, by this clock
    row          INTEGER NOT NULL,       -- the newest run that changed it: the order of news
    satisfaction INTEGER,
    questions    INTEGER NOT NULL,       -- conflicts and clashes that wait for a person
    has_contact  INTEGER NOT NULL,
    slip_is_due  INTEGER NOT NULL        -- 1 until the slip says what the opinion says
) STRICT;
CREATE INDEX opinion_row ON opinion (row);
CREATE INDEX opinion_ticket ON opinion (ticket);
CREATE INDEX opinion_slip ON opinion (slip_is_due) WHERE slip_is_due = 1;

CREATE TABLE slip (
    id     INTEGER PRIMARY KEY REFERENCES document (id),
    ticket TEXT NOT NULL
) STRICT;
CREATE INDEX slip_ticket ON slip (ticket);

CREATE TABLE visit (
    id    INTEGER PRIMARY KEY REFERENCES document (id),
    area  TEXT NOT NULL,
    by    TEXT NOT NULL,
    at    INTEGER NOT NULL,
    place TEXT NOT NULL,
    note  TEXT NOT NULL,
    count INTEGER NOT NULL               -- opinions heard
) STRICT;

-- Changes that wait for an earlier one.
CREATE TABLE pending (
    id      INTEGER PRIMARY KEY,
    doc     BLOB NOT NULL,
    actor   BLOB NOT NULL,
    payload BLOB NOT NULL
) STRICT;
CREATE INDEX pending_doc ON pending (doc);

-- Changes that the gate refused: kept, with the reason.
CREATE TABLE refused (
    id      INTEGER PRIMARY KEY,
    doc     BLOB NOT NULL,
    device  TEXT NOT NULL,               -- the author in hexadecimal
    reason  TEXT NOT NULL,
    payload BLOB NOT NULL,
    at      INTEGER NOT NULL
) STRICT;

-- Sealed personal details, at the hub.
CREATE TABLE envelope (
    id      INTEGER PRIMARY KEY,
    doc     BLOB NOT NULL,
    payload BLOB NOT NULL
) STRICT;
CREATE INDEX envelope_doc ON envelope (doc);
