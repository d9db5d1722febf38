-- How many there are, so that nobody walks through all of them to say it.

-- Opinions by all that a list is narrowed by, but for words. No row counts nothing.
CREATE TABLE tally (
    area      TEXT NOT NULL,
    state     TEXT NOT NULL,
    topic     TEXT NOT NULL,
    office    TEXT NOT NULL,
    questions INTEGER NOT NULL,          -- 1: of those that wait for a person
    count     INTEGER NOT NULL,
    PRIMARY KEY (area, state, topic, office, questions)
) STRICT, WITHOUT ROWID;
INSERT INTO tally
    SELECT area, state, topic, office, questions > 0, count(*) FROM opinion GROUP BY area, state, topic, office, questions > 0;

CREATE TRIGGER opinion_comes AFTER INSERT ON opinion BEGIN
    INSERT INTO tally VALUES (new.area, new.state, new.topic, new.office, new.questions > 0, 1)
        ON CONFLICT DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER opinion_goes AFTER DELETE ON opinion BEGIN
    UPDATE tally SET count = count - 1
        WHERE (area, state, topic, office, questions) = (old.area, old.state, old.topic, old.office, old.questions > 0);
    DELETE FROM tally
        WHERE (area, state, topic, office, questions) = (old.area, old.state, old.topic, old.office, old.questions > 0)
            AND count = 0;
END;
CREATE TRIGGER opinion_turns AFTER UPDATE OF area, state, topic, office, questions ON opinion
    WHEN (old.area, old.state, old.topic, old.office, old.questions > 0)
        <> (new.area, new.state, new.topic, new.office, new.questions > 0)
BEGIN
    UPDATE tally SET count = count - 1
        WHERE (area, state, topic, office, questions) = (old.area, old.state, old.topic, old.office, old.questions > 0);
    DELETE FROM tally
        WHERE (area, state, topic, office, questions) = (old.area, old.state, old.topic, old.office, old.questions > 0)
            AND count = 0;
    INSERT INTO tally VALUES (new.area, new.state, new.topic, new.office, new.questions > 0, 1)
        ON CONFLICT DO UPDATE SET count = count + 1;
END;

-- Documents by kind.
CREATE TABLE held (
    kind  TEXT PRIMARY KEY,
    count INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO held SELECT kind, count(*) FROM document GROUP BY kind;

CREATE TRIGGER document_comes AFTER INSERT ON document BEGIN
    INSERT INTO held VALUES (new.kind, 1) ON CONFLICT DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER document_goes AFTER DELETE ON document BEGIN
    UPDATE held SET count = count - 1 WHERE kind = old.kind;
END;
CREATE TRIGGER document_turns AFTER UPDATE OF kind ON document WHEN old.kind <> new.kind BEGIN
    UPDATE held SET count = count - 1 WHERE kind = old.kind;
    INSERT INTO held VALUES (new.kind, 1) ON CONFLICT DO UPDATE SET count = count + 1;
END;

-- The newest of a tab, of a body, and of those that wait for a person, however few they are among all.
CREATE INDEX opinion_state ON opinion (state, row);
CREATE INDEX opinion_office ON opinion (office, row);
CREATE INDEX opinion_questions ON opinion (row) WHERE questions > 0;
