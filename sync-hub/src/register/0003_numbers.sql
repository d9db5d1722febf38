-- Numbers up to this one are not given any more: before a restore they may have been, and a ticket must be nobody else's.
CREATE TABLE skipped (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    number INTEGER NOT NULL
) STRICT;
