-- What was let go here, and the tables made from the log lack. Never edit this file: add the next one.

ALTER TABLE feed ADD COLUMN is_missed INTEGER NOT NULL DEFAULT 0;  -- 1 until the hub is asked for the feed from its beginning
