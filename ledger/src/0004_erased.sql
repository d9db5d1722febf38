-- What the county erased, so that whoever asks for it is told so, and who did it too.

CREATE TABLE erased (
    id     INTEGER PRIMARY KEY,          -- the order in which it was said
    doc    BLOB NOT NULL,
    area   TEXT NOT NULL,
    depth  INTEGER NOT NULL,             -- sync_core::tombstone::Depth
    ground INTEGER NOT NULL,             -- sync_core::tombstone::Ground
    ticket TEXT NOT NULL DEFAULT '',     -- the number of an opinion
    at     INTEGER NOT NULL,             -- the hub's clock, seconds
    UNIQUE (doc, depth)
) STRICT;
CREATE INDEX erased_ticket ON erased (ticket) WHERE ticket <> '';

-- What devices said that they did, at the hub.
CREATE TABLE heard (
    doc    BLOB NOT NULL,
    what   BLOB NOT NULL,                -- sync_core::heard::Heard, as it came
    device TEXT NOT NULL,                -- the author in hexadecimal
    at     INTEGER NOT NULL,             -- when it came here, by this clock, seconds
    PRIMARY KEY (doc, what, device)
) STRICT, WITHOUT ROWID;
