-- Time is counted by receipts, for a hub's clock may jump, too. Never edit this file: add the next one.

-- From here on log.heard_at is how far it was counted, and kept_since.at how far it was when the first receipt said so.
ALTER TABLE log ADD COLUMN told_at INTEGER;         -- what time the receipt that was heard last says, seconds; NULL before the first
UPDATE log SET heard_at = coalesce(heard_at, (SELECT max(at) FROM kept_since));
UPDATE log SET told_at = heard_at;
-- What was noted before may be of a clock that was wrong: for that the time begins anew.
UPDATE kept_since SET at = (SELECT heard_at FROM log);
