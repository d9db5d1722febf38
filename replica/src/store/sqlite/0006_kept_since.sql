-- Since when things are in a backup, by the hub's clock: a device's own may begin in 1970. Never edit this file: add the next one.

ALTER TABLE log ADD COLUMN heard_at INTEGER;        -- what time the hub's receipts that were heard last say; NULL before the first

-- Since when so much of a feed is kept.
CREATE TABLE kept_since (
    feed   INTEGER NOT NULL REFERENCES feed (id),
    length INTEGER NOT NULL,                        -- entries
    at     INTEGER NOT NULL,                        -- what the first receipt that says so says, seconds
    PRIMARY KEY (feed, length)
) STRICT, WITHOUT ROWID;
