-- What the county publishes, what people answer to it, and what a village's notice board counts.
-- The old rows do not tell all that the new columns say, so everything here is made anew from the log.

DELETE FROM slip;
DELETE FROM opinion;
DELETE FROM visit;
DELETE FROM pending;
DELETE FROM refused;
DELETE FROM envelope;
DELETE FROM document;
UPDATE progress SET row = 0;

ALTER TABLE slip ADD COLUMN area TEXT NOT NULL DEFAULT '';
ALTER TABLE slip ADD COLUMN filed_at INTEGER NOT NULL DEFAULT 0;    -- as it was taken down, seconds
ALTER TABLE slip ADD COLUMN settled_at INTEGER;                     -- when it came to rest; NULL while something is owed

ALTER TABLE opinion ADD COLUMN satisfied INTEGER;                   -- what the person who spoke last said of the answer
ALTER TABLE opinion ADD COLUMN solved INTEGER;

-- Notices, stations, deputies, consultations, votes, matters: few, and each whole.
CREATE TABLE published (
    id      INTEGER PRIMARY KEY REFERENCES document (id),
    kind    TEXT NOT NULL,
    key     TEXT NOT NULL,
    content TEXT NOT NULL                -- the record as JSON
) STRICT;
CREATE INDEX published_kind ON published (kind, key);

-- Responses, ballots and reactions as they were sealed, at the hub. One name counts once: a token that was used at two
-- kiosks is one name, and so is a reaction that came twice.
CREATE TABLE sealed (
    id      INTEGER PRIMARY KEY,         -- the order of arrival
    doc     BLOB NOT NULL UNIQUE,
    area    TEXT NOT NULL,
    device  TEXT NOT NULL,               -- the author in hexadecimal
    at      INTEGER NOT NULL,            -- the author's clock, seconds
    payload BLOB NOT NULL,
    repeats INTEGER NOT NULL DEFAULT 0,  -- how often another came under this name
    what    TEXT NOT NULL DEFAULT '',    -- once the hub has opened it: what it is
    subject TEXT NOT NULL DEFAULT ''     -- and what it is about: a document, or an opinion's number
) STRICT;
CREATE INDEX sealed_what ON sealed (what, subject);
