//! Sessions: who is signed in, where, since when. A cookie's secret is drawn at each step of signing in and is nowhere
//! written down; the file has its hash.

use civic_core::id::hex;
use replica::clock;
use rusqlite::{Connection, OptionalExtension, Row, params};
use sha2::{Digest as _, Sha256};

use super::{USER_COLUMNS, User, UserError, Users, user_line};

/// Nothing done for so long ends a session.
pub const IDLE_S: i64 = 15 * 60;
/// So long after signing in it ends whatever is done: a working day.
pub const WHOLE_S: i64 = 10 * 3_600;
/// How long one has for the second factor.
const SECOND_S: i64 = 5 * 60;
/// Sessions of one user at once; one more ends the one that was used longest ago.
const AT_ONCE_MAX: usize = 3;
/// How often "last seen" is written down.
const SEEN_S: i64 = 20;
/// Of what the browser says of itself, this much is kept.
const AGENT_CHARS_MAX: usize = 120;

/// How far somebody has come in signing in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The password was right, the second factor is still to come.
    Second,
    /// Signed in.
    Full,
}

impl Stage {
    const fn word(self) -> &'static str {
        match self {
            Stage::Second => "second",
            Stage::Full => "full",
        }
    }
}

/// The name of a session: the hash of its secret.
pub type SessionId = [u8; 32];

/// The secret in the cookie.
#[derive(Clone)]
pub struct SessionKey([u8; 32]);

impl SessionKey {
    /// As it stands in the cookie.
    pub fn text(&self) -> String {
        hex(&self.0)
    }

    /// Reads what stands in a cookie.
    pub fn parse(text: &str) -> Option<Self> {
        civic_core::id::from_hex(text)?.try_into().ok().map(Self)
    }

    /// The session's name.
    pub fn id(&self) -> SessionId {
        Sha256::new().chain_update(b"huiyin session v1").chain_update(self.0).finalize().into()
    }

    /// What every form of the session carries: a page elsewhere cannot know it.
    pub fn form_token(&self) -> String {
        hex(&Sha256::new().chain_update(b"huiyin form v1").chain_update(self.0).finalize()[..16])
    }
}

/// A session as it is listed.
#[derive(Clone, Debug)]
pub struct SessionLine {
    /// Its name.
    pub id: SessionId,
    /// Whose it is.
    pub login: String,
    /// Whose it is, among people.
    pub name: String,
    /// From where it was begun.
    pub address: String,
    /// What the browser says of itself.
    pub agent: String,
    /// When it was begun.
    pub made_at: i64,
    /// When something was last done in it.
    pub seen_at: i64,
}

impl Users {
    /// Begins a session of `user`, with a secret of its own.
    pub fn begin(&self, user: &User, stage: Stage, address: &str, agent: &str) -> Result<SessionKey, UserError> {
        let (key, now) = (SessionKey(clock::random()), clock::now().0);
        let mut db = self.db();
        let tx = db.transaction()?;
        sweep(&tx, now)?;
        let agent: String = agent.chars().take(AGENT_CHARS_MAX).collect();
        tx.execute(
            "INSERT INTO session (id, user, stage, address, agent, made_at, seen_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)",
            params![key.id(), user.id, stage.word(), address, agent, now],
        )?;
        tx.execute(
            "DELETE FROM session WHERE id IN
             (SELECT id FROM session WHERE user = ?1 ORDER BY seen_at DESC, rowid DESC LIMIT -1 OFFSET ?2)",
            params![user.id, AT_ONCE_MAX],
        )?;
        if stage == Stage::Full {
            tx.execute("UPDATE user SET signed_in = ?2 WHERE id = ?1", params![user.id, now])?;
        }
        tx.commit()?;
        Ok(key)
    }

    /// Whose session this is, while it lasts; `is_active` tells that a person did something just now.
    pub fn session(&self, id: &SessionId, stage: Stage, is_active: bool) -> Result<Option<User>, UserError> {
        self.session_at(id, stage, is_active, clock::now().0)
    }

    pub(super) fn session_at(
        &self,
        id: &SessionId,
        stage: Stage,
        is_active: bool,
        now: i64,
    ) -> Result<Option<User>, UserError> {
        let db = self.db();
        let sql = format!(
            "SELECT {USER_COLUMNS}, session.seen_at FROM session JOIN user ON user.id = session.user
             WHERE session.id = ?1 AND session.stage = ?2 AND user.disabled_at IS NULL AND {ALIVE}"
        );
        let [idle, whole, second] = deadlines(now);
        let found = db
            .prepare_cached(&sql)?
            .query_row(params![id, stage.word(), idle, whole, second], |row| Ok((user_line(row)?, row.get(LAST)?)))
            .optional()?;
        let Some((user, seen_at)): Option<(User, i64)> = found else { return Ok(None) };
        if is_active && now - seen_at >= SEEN_S {
            db.prepare_cached("UPDATE session SET seen_at = ?2 WHERE id = ?1")?.execute(params![id, now])?;
        }
        Ok(Some(user))
    }

    /// Ends a session; `true` if there was one.
    pub fn end(&self, id: &SessionId) -> Result<bool, UserError> {
        Ok(self.db().execute("DELETE FROM session WHERE id = ?1", params![id])? > 0)
    }

    /// Ends every session of a user but `except`.
    pub fn end_all(&self, user: &User, except: Option<&SessionId>) -> Result<usize, UserError> {
        let except = except.copied().unwrap_or_default();
        Ok(self.db().execute("DELETE FROM session WHERE user = ?1 AND id <> ?2", params![user.id, except])?)
    }

    /// The sessions that last: of one user, or all.
    pub fn sessions(&self, login: Option<&str>) -> Result<Vec<SessionLine>, UserError> {
        let db = self.db();
        let [idle, whole, second] = deadlines(clock::now().0);
        let mut query = db.prepare_cached(&format!(
            "SELECT session.id, login, name, address, agent, made_at, seen_at FROM session JOIN user ON user.id = session.user
             WHERE coalesce(?1, login) = login AND stage = ?2 AND {ALIVE} ORDER BY seen_at DESC"
        ))?;
        let rows = query.query_map(params![login, Stage::Full.word(), idle, whole, second], session_line)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// The place of `seen_at` behind the columns of a user.
const LAST: usize = 11;
/// Lasts still, by [`deadlines`] as `?3` to `?5`.
const ALIVE: &str =
    "session.seen_at > ?3 AND session.made_at > ?4 AND (session.stage = 'full' OR session.made_at > ?5)";

const fn deadlines(now: i64) -> [i64; 3] {
    [now - IDLE_S, now - WHOLE_S, now - SECOND_S]
}

/// Throws away what has ended.
fn sweep(db: &Connection, now: i64) -> rusqlite::Result<()> {
    let sql = "DELETE FROM session WHERE seen_at <= ?1 OR made_at <= ?2 OR (stage = 'second' AND made_at <= ?3)";
    db.execute(sql, deadlines(now)).map(drop)
}

fn session_line(row: &Row<'_>) -> rusqlite::Result<SessionLine> {
    Ok(SessionLine {
        id: row.get(0)?,
        login: row.get(1)?,
        name: row.get(2)?,
        address: row.get(3)?,
        agent: row.get(4)?,
        made_at: row.get(5)?,
        seen_at: row.get(6)?,
    })
}
