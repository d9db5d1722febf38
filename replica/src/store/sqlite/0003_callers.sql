-- What devices said of themselves in parcels. Never edit this file: add the next one.

-- What a device had heard of this hub, by the parcel of it that was heard last: what goes home to it begins there.
CREATE TABLE caller (
    public_key BLOB PRIMARY KEY,                    -- 32 bytes
    epoch      BLOB,                                -- 8 bytes; NULL if it had heard nothing
    row        INTEGER NOT NULL DEFAULT 0,
    kept       INTEGER NOT NULL DEFAULT 0,
    room       INTEGER NOT NULL                     -- how many bytes of packed runs it had room for
) STRICT, WITHOUT ROWID;
