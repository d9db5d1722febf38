-- Who looked at what a device brought after it was struck off. Never edit this file: add the next one.

CREATE TABLE review (
    public_key BLOB NOT NULL,                                   -- the device, 32 bytes
    doc        BLOB NOT NULL,                                   -- the opinion, 16 bytes
    count      INTEGER NOT NULL,                                -- entries of it that were there to be looked at; more are to be looked at anew
    by         TEXT NOT NULL,                                   -- the operator's name among people
    at         INTEGER NOT NULL,
    PRIMARY KEY (public_key, doc)
) STRICT, WITHOUT ROWID;
