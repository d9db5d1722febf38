-- Editions of the county's codebook that came, down to the newest that this program can read; others by a newer program.
CREATE TABLE edition (
    number INTEGER NOT NULL,
    at     INTEGER NOT NULL,             -- the hub's clock, seconds: of two with one number the later counts
    text   TEXT NOT NULL,
    PRIMARY KEY (number, at)
) STRICT, WITHOUT ROWID;

-- By which edition these tables tell of documents, and up to which document they do so while one is being taken up.
CREATE TABLE told_by (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    number INTEGER NOT NULL,
    at     INTEGER NOT NULL,
    upto   INTEGER                       -- the newest document that was read anew; NULL once all were
) STRICT;
INSERT INTO told_by (id, number, at) VALUES (1, 0, 0);
