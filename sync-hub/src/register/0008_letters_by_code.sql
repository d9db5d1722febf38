-- A machine may have asked by more than one code, and its letters come in any order: each waits for its own answer. Never edit
-- this file: add the next one.
CREATE TABLE letter_by_code (
    public_key   BLOB NOT NULL,
    slot         INTEGER NOT NULL REFERENCES slot (id),
    comparison   TEXT NOT NULL,
    former       BLOB,
    at           INTEGER NOT NULL,
    hears_denial INTEGER NOT NULL DEFAULT 0,        -- 1: its program understands a refusal that is proven
    PRIMARY KEY (public_key, slot)
) STRICT;
INSERT INTO letter_by_code (public_key, slot, comparison, former, at)
SELECT public_key, slot, comparison, former, at FROM letter;
DROP TABLE letter;
ALTER TABLE letter_by_code RENAME TO letter;
