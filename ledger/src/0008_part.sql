-- Of which run the entries are that are merged of one: own runs that wait are joined, and another may come to stand in its place.

ALTER TABLE progress ADD COLUMN part INTEGER;  -- its row; NULL where an older program did not say, and it is the one behind
