-- The contact of one opinion, lent to one operator who may not open contacts by themselves.
CREATE TABLE loan (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    record   BLOB NOT NULL,           -- the opinion
    "to"     TEXT NOT NULL,           -- who may look, by the name with which they sign in
    by       TEXT NOT NULL,           -- who lent it
    reason   TEXT NOT NULL,
    at       INTEGER NOT NULL,
    until    INTEGER NOT NULL,
    ended_at INTEGER NOT NULL DEFAULT 0,
    ended_by TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX loan_record ON loan (record);
