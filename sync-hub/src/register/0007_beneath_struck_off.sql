-- Since when a device of a hub beneath this one is struck off, as that hub says; what it dates before counts.
ALTER TABLE beneath ADD COLUMN revoked_at INTEGER;
