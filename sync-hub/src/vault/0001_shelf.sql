-- What lies in the vault, sealed; its keys lie in another file.

-- One row for each thing: personal details, a voice, a drawing, a photo.
CREATE TABLE item (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       BLOB NOT NULL UNIQUE,  -- 32 bytes: the hash of the envelope that it came in, which of an attachment is its name
    doc        BLOB NOT NULL,         -- the record that it was sealed for
    detail     INTEGER NOT NULL,      -- civic_core::detail::Detail
    arrived_at INTEGER NOT NULL,      -- by this hub's clock, seconds
    length     INTEGER NOT NULL,      -- bytes in the clear
    sealed     BLOB NOT NULL
) STRICT;
CREATE INDEX item_doc ON item (doc);

-- What was erased: nothing of it but that it was here, when it went and why. Another copy that turns up is not taken again.
CREATE TABLE erased (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    name   BLOB NOT NULL UNIQUE,
    doc    BLOB NOT NULL,
    detail INTEGER NOT NULL,
    at     INTEGER NOT NULL,
    why    TEXT NOT NULL,             -- the word of an erase::Why
    by     TEXT NOT NULL              -- who; empty if the hub did it by the county's rule
) STRICT;
CREATE INDEX erased_doc ON erased (doc);

-- Records of which nothing is taken any more, because their details were erased: of this kind, or of any if it is NULL.
CREATE TABLE barred (
    doc    BLOB NOT NULL,
    detail INTEGER,
    why    TEXT NOT NULL,
    by     TEXT NOT NULL
) STRICT;
CREATE INDEX barred_doc ON barred (doc);

-- What came and cannot be opened; the log has it.
CREATE TABLE unreadable (
    name BLOB NOT NULL,
    doc  BLOB NOT NULL,
    at   INTEGER NOT NULL,
    PRIMARY KEY (name, doc)
) STRICT;

-- From when runs the time for which the details of a record are kept, in counted seconds; see `clock`.
CREATE TABLE since (
    doc BLOB PRIMARY KEY,
    at  INTEGER NOT NULL
) STRICT;

-- How many seconds this hub has counted, and what its clock said then: a clock that jumps erases nothing.
CREATE TABLE clock (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    counted INTEGER NOT NULL,
    seen_at INTEGER NOT NULL
) STRICT;

-- Who asked to open details, for what, and what became of it.
CREATE TABLE request (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    record     BLOB NOT NULL,         -- the opinion
    what       TEXT NOT NULL,         -- the word of a request::What
    by         TEXT NOT NULL,
    reason     TEXT NOT NULL,
    at         INTEGER NOT NULL,
    decided_by TEXT NOT NULL DEFAULT '',
    decided_at INTEGER NOT NULL DEFAULT 0,
    is_agreed  INTEGER NOT NULL DEFAULT 0,
    opened_at  INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX request_record ON request (record);
