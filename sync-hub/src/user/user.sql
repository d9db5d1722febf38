-- Who may sign in at the hub, and who is signed in. Like the register this is the truth, not a projection.

CREATE TABLE user (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used again
    login       TEXT NOT NULL UNIQUE,               -- the name with which they sign in
    name        TEXT NOT NULL,                      -- the name among people
    roles       TEXT NOT NULL,                      -- words with a space between
    area        TEXT NOT NULL,
    body        TEXT NOT NULL DEFAULT '',           -- the handling body, for the role of that name
    salt        BLOB NOT NULL,
    password    BLOB NOT NULL,                      -- Argon2id, 64 MiB, three passes
    must_change INTEGER NOT NULL,                   -- 1: the password was made by somebody else
    totp        BLOB,                               -- the secret of the second factor
    totp_step   INTEGER NOT NULL DEFAULT 0,         -- the last step used, so that no code counts twice
    added_at    INTEGER NOT NULL,
    signed_in   INTEGER,                            -- when last
    disabled_at INTEGER
) STRICT;

CREATE TABLE passkey (
    credential BLOB PRIMARY KEY,
    user       INTEGER NOT NULL REFERENCES user (id),
    public_key BLOB NOT NULL,                       -- an uncompressed point of P-256
    counter    INTEGER NOT NULL,
    name       TEXT NOT NULL,
    added_at   INTEGER NOT NULL
) STRICT;

CREATE TABLE session (
    id      BLOB PRIMARY KEY,                       -- SHA-256 of the cookie: whoever reads this file has no session
    user    INTEGER NOT NULL REFERENCES user (id),
    stage   TEXT NOT NULL CHECK (stage IN ('second', 'full')),
    address TEXT NOT NULL,
    agent   TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL
) STRICT;

CREATE INDEX session_user ON session (user);
