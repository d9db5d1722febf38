-- By which numbers an opinion is found: one that was begun in two places has two, and somebody holds the paper of each.

CREATE TABLE number (
    ticket TEXT NOT NULL,
    id     INTEGER NOT NULL,             -- the opinion
    PRIMARY KEY (ticket, id)
) STRICT, WITHOUT ROWID;
INSERT INTO number SELECT ticket, id FROM opinion WHERE ticket <> '';

CREATE TRIGGER number_goes AFTER DELETE ON opinion BEGIN
    DELETE FROM number WHERE id = old.id;
END;
CREATE INDEX number_id ON number (id);
