-- Devices of a hub beneath this one: it let them in and stands for them.
CREATE TABLE beneath (
    public_key BLOB PRIMARY KEY,
    hub        BLOB NOT NULL REFERENCES device (public_key)
) STRICT;

-- At a hub beneath another one: the last number that it may give, so that no two tickets of the county are alike.
CREATE TABLE block (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    last INTEGER NOT NULL
) STRICT;
