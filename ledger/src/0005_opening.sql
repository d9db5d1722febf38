-- What opens slips, at the hub, by the opinion. Erasing an opinion deletes its rows here.
CREATE TABLE opening (
    id      INTEGER PRIMARY KEY,         -- the order of arrival
    doc     BLOB NOT NULL,
    device  TEXT NOT NULL,               -- the author in hexadecimal
    payload BLOB NOT NULL,               -- as it came, sealed
    deposit BLOB                         -- the key and the lock, once the hub has opened it; empty if it could not
) STRICT;
CREATE INDEX opening_doc ON opening (doc);
CREATE INDEX opening_unopened ON opening (id) WHERE deposit IS NULL;

-- What an older program told everybody is sealed, or goes.
UPDATE opinion SET slip_is_due = 1;
