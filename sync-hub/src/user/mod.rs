//! The operators of the hub: who they are, what they were given, how they prove it, and where they are signed in.
//!
//! Everything lies in `users.db` in the hub's directory, readable by its owner alone. [`Users::prove`] answers whether
//! somebody is who they say, with equal work for names that do not exist; [`session`] is what comes after.

pub mod command;
pub mod passkey;
pub mod password;
pub mod session;
#[cfg(test)]
mod tests;
pub mod totp;
mod tries;

use std::{
    fs::Permissions,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use civic_core::{
    access::operator::{BadMandate, Mandate, OperatorRole},
    area::Area,
    codebook::Codebook,
};
use replica::{clock, store::sqlite::durable::make_durable};
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};

use passkey::Challenges;
use password::{BadPassword, Hashed, Turnstile};
use totp::Secret;
use tries::Tries;

/// The file in the hub's data directory.
pub const FILE: &str = "users.db";
/// Longest name with which one signs in.
pub const LOGIN_CHARS_MAX: usize = 32;
/// Longest name among people.
pub const NAME_CHARS_MAX: usize = 40;
/// Operators of one hub; a county has some hundreds.
const USERS_MAX: i64 = 10_000;

/// The operators of one county. Several programs may hold the file open at once.
pub struct Users {
    // A std mutex: held for one statement or transaction, never over an await.
    db: Mutex<Connection>,
    tries: Tries,
    /// What passkeys are asked.
    pub challenges: Challenges,
    /// Lets a few stretch passwords at once.
    pub turnstile: Turnstile,
}

/// An operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub(super) id: i64,
    /// The name with which they sign in.
    pub login: String,
    /// The name among people; it stands in every record that they make.
    pub name: String,
    /// What they were given to do.
    pub mandate: Mandate,
    /// Whether the password was made by somebody else.
    pub must_change: bool,
    /// Whether a second factor is set up: digits or a passkey.
    pub has_factor: bool,
    /// Whether it is, or also is, the digits of a telephone.
    pub has_totp: bool,
    /// When they last signed in.
    pub signed_in: Option<i64>,
    /// Since when they may not sign in.
    pub disabled_at: Option<i64>,
}

/// An operator to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewUser {
    /// The name with which they sign in.
    pub login: String,
    /// The name among people.
    pub name: String,
    /// What they are given to do.
    pub mandate: Mandate,
}

/// Why something about an operator was not done.
#[derive(Debug, thiserror::Error)]
pub enum UserError {
    /// The file could not be read or written.
    #[error("the list of operators could not be read or written")]
    Db(#[from] rusqlite::Error),
    /// There is no operator of this name.
    #[error("there is no such operator")]
    NotFound,
    /// There is one of this name already; also one who was disabled keeps it, because what they did stands under it.
    #[error("the name {0} is taken")]
    Taken(String),
    /// The name cannot be one.
    #[error("a name to sign in with has 2 to {LOGIN_CHARS_MAX} small letters, digits, dots or dashes")]
    BadLogin,
    /// The name among people is empty or too long.
    #[error("a name has 1 to {NAME_CHARS_MAX} characters on one line")]
    BadName,
    /// The roles do not go together.
    #[error(transparent)]
    Mandate(#[from] BadMandate),
    /// A place that is not in, or around, this county.
    #[error("{0} does not lie in this county")]
    Elsewhere(Area),
    /// A handling body that the county's file does not know.
    #[error("the county's file knows no handling body {0}")]
    NoBody(String),
    /// The password is not good enough.
    #[error(transparent)]
    Password(#[from] BadPassword),
    /// There are too many.
    #[error("there are {USERS_MAX} operators already")]
    Full,
}

/// What came of somebody's proving who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// It is they.
    Right(Box<User>),
    /// The name or the password is wrong; which, nobody is told. `is_last`: now it is waited.
    Wrong {
        /// Whether it must be waited from now on.
        is_last: bool,
    },
    /// Too many wrong tries: it must be waited, whether the name exists or not.
    Wait,
}

impl NewUser {
    /// Checks name, roles, area and body.
    pub fn check(&self, codebook: &Codebook) -> Result<(), UserError> {
        let is_login =
            |sign: char| sign.is_ascii_lowercase() || sign.is_ascii_digit() || matches!(sign, '.' | '-' | '_');
        let length = self.login.chars().count();
        // "hub" is what the hub's own program is called in the log of who did what.
        if !(2..=LOGIN_CHARS_MAX).contains(&length) || !self.login.chars().all(is_login) || self.login == "hub" {
            return Err(UserError::BadLogin);
        }
        check_name(&self.name)?;
        check_mandate(&self.mandate, codebook)
    }
}

fn check_name(name: &str) -> Result<(), UserError> {
    // It stands in records and on pages that other programs show.
    let is_plain = !name.chars().any(char::is_control) && web::page::visible(name) == name;
    let is_good = !name.trim().is_empty() && name.chars().count() <= NAME_CHARS_MAX && is_plain;
    if is_good { Ok(()) } else { Err(UserError::BadName) }
}

fn check_mandate(mandate: &Mandate, codebook: &Codebook) -> Result<(), UserError> {
    mandate.check()?;
    let county = &codebook.county.area;
    if !county.covers(&mandate.area) && !mandate.area.covers(county) {
        return Err(UserError::Elsewhere(mandate.area.clone()));
    }
    if !mandate.body.is_empty() && !codebook.bodies.iter().any(|body| body.name == mandate.body) {
        return Err(UserError::NoBody(mandate.body.clone()));
    }
    Ok(())
}

impl Users {
    /// Opens the list, and makes an empty one first if there is none.
    pub fn open(path: &Path) -> Result<Self, UserError> {
        let mut db = Connection::open(path)?;
        db.execute_batch(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=10000; PRAGMA secure_delete=ON;",
        )?;
        make_durable(&db)?;
        // Secrets of second factors lie in it.
        let _ = std::fs::set_permissions(path, Permissions::from_mode(0o600));
        let is_made: bool =
            db.query_row("SELECT count(*) FROM sqlite_schema WHERE name = 'user'", [], |row| row.get(0))?;
        if !is_made {
            db.execute_batch(include_str!("user.sql"))?;
        }
        // A transaction that has read and then wants to write fails at once if another program has written meanwhile.
        db.set_transaction_behavior(TransactionBehavior::Immediate);
        Ok(Self {
            db: Mutex::new(db),
            tries: Tries::default(),
            challenges: Challenges::default(),
            turnstile: Turnstile::default(),
        })
    }

    /// Adds an operator whose password somebody else made, or (`is_own`) they themselves.
    pub fn add(&self, new: &NewUser, codebook: &Codebook, password: &Hashed, is_own: bool) -> Result<(), UserError> {
        new.check(codebook)?;
        let db = self.db();
        let count: i64 = db.query_row("SELECT count(*) FROM user", [], |row| row.get(0))?;
        if count >= USERS_MAX {
            return Err(UserError::Full);
        }
        let NewUser { login, name, mandate } = new;
        let sql = "INSERT INTO user (login, name, roles, area, body, salt, password, must_change, added_at)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (login) DO NOTHING";
        let row = params![
            login,
            name,
            words(mandate),
            mandate.area.code(),
            mandate.body,
            password.salt,
            password.password,
            !is_own,
            clock::now().0
        ];
        if db.execute(sql, row)? == 1 { Ok(()) } else { Err(UserError::Taken(login.clone())) }
    }

    /// Every operator, by name.
    pub fn list(&self) -> Result<Vec<User>, UserError> {
        let db = self.db();
        let mut query = db.prepare_cached(&format!("SELECT {USER_COLUMNS} FROM user ORDER BY login"))?;
        let rows = query.query_map([], user_line)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The operator of this name.
    pub fn find(&self, login: &str) -> Result<User, UserError> {
        let db = self.db();
        let mut query = db.prepare_cached(&format!("SELECT {USER_COLUMNS} FROM user WHERE login = ?1"))?;
        query.query_row([login], user_line).optional()?.ok_or(UserError::NotFound)
    }

    /// Gives an operator another name among people and another mandate; their sessions have it at once.
    pub fn change(&self, user: &User, name: &str, mandate: &Mandate, codebook: &Codebook) -> Result<(), UserError> {
        check_name(name)?;
        check_mandate(mandate, codebook)?;
        let sql = "UPDATE user SET name = ?2, roles = ?3, area = ?4, body = ?5 WHERE id = ?1";
        self.db().execute(sql, params![user.id, name, words(mandate), mandate.area.code(), mandate.body])?;
        Ok(())
    }

    /// Lets an operator in no more, and ends their sessions. Nothing is deleted: what they did stands under their name.
    pub fn disable(&self, user: &User) -> Result<(), UserError> {
        let sql = "UPDATE user SET disabled_at = coalesce(disabled_at, ?2) WHERE id = ?1";
        self.db().execute(sql, params![user.id, clock::now().0])?;
        self.end_all(user, None)?;
        Ok(())
    }

    /// Gives an operator a password that must be changed, takes their second factor away and ends their sessions: they
    /// lost one of them, and stand before an administrator.
    pub fn recover(&self, user: &User, password: &Hashed) -> Result<(), UserError> {
        {
            let mut db = self.db();
            let tx = db.transaction()?;
            let sql = "UPDATE user SET salt = ?2, password = ?3, must_change = 1, totp = NULL, disabled_at = NULL WHERE id = ?1";
            tx.execute(sql, params![user.id, password.salt, password.password])?;
            tx.execute("DELETE FROM passkey WHERE user = ?1", params![user.id])?;
            tx.commit()?;
        }
        self.tries.right(&user.login);
        self.end_all(user, None)?;
        Ok(())
    }

    /// Takes an operator's own new password.
    pub fn set_password(&self, user: &User, password: &Hashed) -> Result<(), UserError> {
        let sql = "UPDATE user SET salt = ?2, password = ?3, must_change = 0 WHERE id = ?1";
        self.db().execute(sql, params![user.id, password.salt, password.password])?;
        Ok(())
    }

    /// Takes an operator's second factor, proved by a code of now.
    pub fn set_totp(&self, user: &User, secret: &Secret, step: i64) -> Result<(), UserError> {
        let sql = "UPDATE user SET totp = ?2, totp_step = ?3 WHERE id = ?1";
        self.db().execute(sql, params![user.id, secret.0, step])?;
        Ok(())
    }

    /// Whether somebody is who they say. A fifth of a second; take a turn at the turnstile first.
    pub fn prove(&self, login: &str, password: &str, address: &str) -> Result<Proof, UserError> {
        let now = clock::now().0;
        if self.tries.must_wait(login, address, now) {
            return Ok(Proof::Wait);
        }
        let hashed = self.hashed(login)?;
        // Equal work, whether there is such a name or not.
        let is_right = hashed.clone().unwrap_or_else(Hashed::nobody).is(password);
        match self.find(login) {
            Ok(user) if is_right && user.disabled_at.is_none() => {
                // Where a second factor is still to come, that decides: else a password would buy tries at its digits.
                if !user.has_factor {
                    self.tries.right(login);
                }
                Ok(Proof::Right(Box::new(user)))
            }
            Ok(_) | Err(UserError::NotFound) => Ok(Proof::Wrong { is_last: self.tries.wrong(login, address, now) }),
            Err(failure) => Err(failure),
        }
    }

    /// Whether these are the digits of now; each counts once, and wrong ones count as wrong passwords do.
    pub fn prove_totp(&self, user: &User, code: &str, address: &str) -> Result<Proof, UserError> {
        let now = clock::now().0;
        if self.tries.must_wait(&user.login, address, now) {
            return Ok(Proof::Wait);
        }
        let wrong = || Ok(Proof::Wrong { is_last: self.tries.wrong(&user.login, address, now) });
        let (secret, used): (Option<[u8; 20]>, i64) = {
            let db = self.db();
            let mut query = db.prepare_cached("SELECT totp, totp_step FROM user WHERE id = ?1")?;
            query.query_row([user.id], |row| Ok((row.get(0)?, row.get(1)?)))?
        };
        let Some(step) = secret.and_then(|secret| Secret(secret).step_of(code, now, used)) else { return wrong() };
        // Only one of two that came at once finds the step unused.
        let sql = "UPDATE user SET totp_step = ?2 WHERE id = ?1 AND totp_step < ?2";
        if self.db().execute(sql, params![user.id, step])? == 0 {
            return wrong();
        }
        self.tries.right(&user.login);
        Ok(Proof::Right(Box::new(user.clone())))
    }

    fn hashed(&self, login: &str) -> Result<Option<Hashed>, UserError> {
        let db = self.db();
        let mut query = db.prepare_cached("SELECT salt, password FROM user WHERE login = ?1")?;
        let found = query.query_row([login], |row| Ok(Hashed { salt: row.get(0)?, password: row.get(1)? }));
        Ok(found.optional()?)
    }

    fn db(&self) -> MutexGuard<'_, Connection> {
        // A statement that panicked was rolled back by SQLite.
        self.db.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The columns of [`user_line`].
const USER_COLUMNS: &str = "user.id, user.login, user.name, user.roles, user.area, user.body, user.must_change, \
     user.totp IS NOT NULL OR EXISTS (SELECT 1 FROM passkey WHERE passkey.user = user.id), user.signed_in, \
     user.disabled_at, user.totp IS NOT NULL";

fn user_line(row: &Row<'_>) -> rusqlite::Result<User> {
    let (roles, area): (String, String) = (row.get(3)?, row.get(4)?);
    let unfit = |place, what: &str| {
        rusqlite::Error::FromSqlConversionFailure(place, rusqlite::types::Type::Text, what.to_owned().into())
    };
    let roles = roles.split(' ').map(|word| OperatorRole::parse(word).ok_or_else(|| unfit(3, word)));
    Ok(User {
        id: row.get(0)?,
        login: row.get(1)?,
        name: row.get(2)?,
        mandate: Mandate {
            roles: roles.collect::<Result<_, _>>()?,
            area: Area::parse(&area).ok_or_else(|| unfit(4, &area))?,
            body: row.get(5)?,
        },
        must_change: row.get(6)?,
        has_factor: row.get(7)?,
        signed_in: row.get(8)?,
        disabled_at: row.get(9)?,
        has_totp: row.get(10)?,
    })
}

fn words(mandate: &Mandate) -> String {
    mandate.roles.iter().map(|role| role.word()).collect::<Vec<_>>().join(" ")
}
