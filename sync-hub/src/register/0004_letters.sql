-- A code that travels to a village without a road is good for longer than a day.
ALTER TABLE slot ADD COLUMN good_s INTEGER NOT NULL DEFAULT 86400;

-- Machines that asked by letter: what is decided goes home the same way.
CREATE TABLE letter (
    public_key BLOB PRIMARY KEY,
    slot       INTEGER NOT NULL REFERENCES slot (id),
    comparison TEXT NOT NULL,
    former     BLOB,
    at         INTEGER NOT NULL
) STRICT;
