//! The live register: which devices belong to the county, and the codes by which new ones enrol.
//!
//! What a device may do stands here and not in its certificate, so that striking a row is enough.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use civic_core::{
    access::{Role, Scope},
    area::Area,
    id::{DeviceId, hex},
    ticket::DEVICE_NUMBER_MAX,
    time::UnixSeconds,
};
use replica::{
    clock,
    enrol::{self, Claim, Desk, Refusal, Slot},
    hub::{self, Revocation},
    identity::Card,
    road::tls::Authority,
};
use rusqlite::{Connection, OptionalExtension, Row, params};
use tracing::error;

use crate::{audit::By, watch::Watch};

/// The register's file in the hub's data directory.
pub const FILE: &str = "register.db";
/// How long a code can be used.
const SLOT_S: i64 = 24 * 3_600;
/// How long a used or expired code is still told from a wrong one.
const SLOT_KNOWN_S: i64 = 7 * 24 * 3_600;
/// Wrong codes from one address before it must wait.
const TRIES_MAX: usize = 5;
/// How long it must wait.
const TRIES_WINDOW: Duration = Duration::from_secs(60);
/// More devices are not enrolled between two backups.
const NUMBERS_SKIPPED: u16 = 100;
/// How often "last heard" is written down.
const HEARD_S: i64 = 30;

/// The register.
pub struct Register {
    // A std mutex: held for one statement or transaction, never over an await.
    db: Mutex<Connection>,
    tries: Mutex<BTreeMap<IpAddr, Vec<Instant>>>,
    issuer: Option<Issuer>,
    watch: OnceLock<Arc<Watch>>,
}

/// What is needed to write a card.
struct Issuer {
    authority: Authority,
    hub: Card,
}

/// A device in the register.
#[derive(Clone, Debug)]
pub struct DeviceLine {
    /// Its name by its key.
    pub device: DeviceId,
    /// Its key.
    pub public_key: [u8; 32],
    /// Its name among people.
    pub name: String,
    /// What it is.
    pub role: Role,
    /// Where it may work.
    pub areas: Vec<Area>,
    /// The first four digits of its tickets.
    pub number: u16,
    /// When it was let in.
    pub enrolled_at: UnixSeconds,
    /// When it was last heard, to within half a minute.
    pub last_heard: Option<UnixSeconds>,
    /// Whether it was struck off.
    pub is_revoked: bool,
}

/// A device that waits for an operator.
#[derive(Clone, Debug)]
pub struct WaitingLine {
    /// Its slot.
    pub slot: i64,
    /// The name the slot was made for.
    pub name: String,
    /// The role the slot was made for.
    pub role: Role,
    /// The six digits that the device shows.
    pub comparison: String,
    /// When the slot was made.
    pub since: UnixSeconds,
}

/// Why the register refused.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// The file could not be read or written.
    #[error("the register could not be read or written")]
    Db(#[from] rusqlite::Error),
    /// A place is named that lies outside the county.
    #[error("{0} does not lie in this county")]
    Elsewhere(Area),
    /// A device without an area could do nothing.
    #[error("a device needs at least one area")]
    NoArea,
    /// There is no such device or slot.
    #[error("there is no such device")]
    NotFound,
}

impl Register {
    /// Makes an empty register.
    pub fn make(path: &Path, salt: [u8; 16]) -> Result<(), RegisterError> {
        let db = connect(path)?;
        db.execute_batch(include_str!("register.sql"))?;
        db.execute("INSERT INTO county (id, salt) VALUES (1, ?1)", params![salt])?;
        Ok(())
    }

    /// Opens the register to look and to make slots.
    pub fn open(path: &Path) -> Result<Self, RegisterError> {
        Ok(Self { db: Mutex::new(connect(path)?), tries: Mutex::default(), issuer: None, watch: OnceLock::new() })
    }

    /// Opens the register to let devices in.
    pub fn open_for_enrolment(path: &Path, authority: Authority, hub: Card) -> Result<Self, RegisterError> {
        Ok(Self { issuer: Some(Issuer { authority, hub }), ..Self::open(path)? })
    }

    /// Makes a slot; returns its code, which is nowhere written down. `is_trusted` lets the device in without the
    /// comparison step.
    pub fn add_slot(
        &self,
        county: &Area,
        role: Role,
        areas: &[Area],
        name: &str,
        is_trusted: bool,
    ) -> Result<String, RegisterError> {
        if areas.is_empty() {
            return Err(RegisterError::NoArea);
        }
        if let Some(area) = areas.iter().find(|area| !county.covers(area)) {
            return Err(RegisterError::Elsewhere(area.clone()));
        }
        let code = enrol::make_code(clock::random());
        let key = enrol::stretch(&code, &self.salt());
        self.db().execute(
            "INSERT INTO slot (name, role, areas, key, made_at, is_trusted, state) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'open')",
            params![name, role.word(), join(areas), key, clock::now().0, is_trusted],
        )?;
        Ok(code)
    }

    /// From now on `watch` hears what was tried in vain at enrolment.
    pub fn is_watched_by(&self, watch: Arc<Watch>) {
        let _ = self.watch.set(watch);
    }

    fn tell(&self, by: By, why: &str) {
        if let Some(watch) = self.watch.get() {
            watch.refused(by, "enrolment", why);
        }
    }

    /// Every device, by number.
    pub fn devices(&self) -> Result<Vec<DeviceLine>, RegisterError> {
        let db = self.db();
        let mut query = db.prepare_cached(&format!("SELECT {DEVICE_COLUMNS} FROM device ORDER BY number"))?;
        let rows = query.query_map([], device_line)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Devices that wait for an operator.
    pub fn waiting(&self) -> Result<Vec<WaitingLine>, RegisterError> {
        let db = self.db();
        let mut query = db.prepare_cached(
            "SELECT id, name, role, comparison, made_at FROM slot WHERE state = 'waiting' ORDER BY id",
        )?;
        let rows = query.query_map([], |row| {
            Ok(WaitingLine {
                slot: row.get(0)?,
                name: row.get(1)?,
                role: role_of(row, 2)?,
                comparison: row.get(3)?,
                since: UnixSeconds(row.get(4)?),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Lets a waiting device in: an operator has compared the digits.
    pub fn approve(&self, slot: i64) -> Result<(), RegisterError> {
        self.decide(slot, "approved")
    }

    /// Sends a waiting device away.
    pub fn decline(&self, slot: i64) -> Result<(), RegisterError> {
        self.decide(slot, "declined")
    }

    /// Strikes a device off; it is out at its next word.
    pub fn revoke(&self, device: &DeviceId) -> Result<(), RegisterError> {
        let known = self.devices()?.into_iter().find(|line| line.device == *device).ok_or(RegisterError::NotFound)?;
        let sql = "UPDATE device SET revoked_at = ?2 WHERE public_key = ?1 AND revoked_at IS NULL";
        self.db().execute(sql, params![known.public_key, clock::now().0])?;
        Ok(())
    }

    /// Gives none of the next [`NUMBERS_SKIPPED`] numbers: before a restore they may have been given.
    pub fn skip_numbers(&self) -> Result<(), RegisterError> {
        self.db().execute(
            "INSERT INTO skipped (id, number)
             SELECT 1, min(?2, ?1 + coalesce(max(number), 0))
             FROM (SELECT number FROM device UNION ALL SELECT number FROM skipped) WHERE true
             ON CONFLICT (id) DO UPDATE SET number = excluded.number",
            params![NUMBERS_SKIPPED, DEVICE_NUMBER_MAX],
        )?;
        Ok(())
    }

    /// Whether a device with this key belongs to the county now.
    pub fn is_registered(&self, public_key: &[u8; 32]) -> bool {
        let db = self.db();
        let found = db
            .prepare_cached("SELECT 1 FROM device WHERE public_key = ?1 AND revoked_at IS NULL")
            .and_then(|mut query| query.query_row(params![public_key], |_| Ok(())).optional());
        matches!(found, Ok(Some(())))
    }

    fn decide(&self, slot: i64, state: &str) -> Result<(), RegisterError> {
        let changed = self
            .db()
            .execute("UPDATE slot SET state = ?2 WHERE id = ?1 AND state = 'waiting'", params![slot, state])?;
        if changed == 1 { Ok(()) } else { Err(RegisterError::NotFound) }
    }

    fn try_claim(
        &self,
        slot: i64,
        public_key: &[u8; 32],
        comparison: &str,
    ) -> Result<Result<Claim, Refusal>, RegisterError> {
        let mut db = self.db();
        let tx = db.transaction()?;
        let (state, claimant, made_at, is_trusted): (String, Option<[u8; 32]>, i64, bool) = tx.query_row(
            "SELECT state, public_key, made_at, is_trusted FROM slot WHERE id = ?1",
            params![slot],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
        )?;
        let is_claimant = claimant.as_ref() == Some(public_key);
        let is_old = clock::now().0 > made_at + SLOT_S;
        let verdict = match (state.as_str(), is_claimant) {
            // The answer may have been lost on the road: the same key gets it again.
            ("used", true) => Ok(Claim::Approved),
            ("used" | "waiting" | "approved", false) => Err(Refusal::UsedCode),
            ("declined", _) => Err(Refusal::NotApproved),
            ("open", _) if is_old => Err(Refusal::ExpiredCode),
            ("open", _) if is_trusted => {
                let_in(&tx, slot, public_key)?;
                Ok(Claim::Approved)
            }
            ("approved", true) => {
                let_in(&tx, slot, public_key)?;
                Ok(Claim::Approved)
            }
            _ => {
                tx.execute(
                    "UPDATE slot SET state = 'waiting', public_key = ?2, comparison = ?3 WHERE id = ?1",
                    params![slot, public_key, comparison],
                )?;
                Ok(Claim::Waiting)
            }
        };
        tx.commit()?;
        Ok(verdict)
    }

    fn write_card(&self, public_key: &[u8; 32]) -> anyhow::Result<Card> {
        let issuer = self.issuer.as_ref().ok_or_else(|| anyhow::anyhow!("this register was opened to look only"))?;
        let line = {
            let db = self.db();
            db.query_row(
                &format!("SELECT {DEVICE_COLUMNS} FROM device WHERE public_key = ?1"),
                params![public_key],
                device_line,
            )?
        };
        let now = clock::now();
        Ok(Card {
            scope: Scope { role: line.role, areas: line.areas },
            name: line.name,
            number: line.number,
            certificate: hex(&issuer.authority.certify(public_key, false, now)?),
            enrolled_at: now,
            ..issuer.hub.clone()
        })
    }

    fn db(&self) -> MutexGuard<'_, Connection> {
        // A statement that panicked was rolled back by SQLite.
        self.db.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl hub::Authors for Register {
    fn scope(&self, public_key: &[u8; 32]) -> Option<Scope> {
        let db = self.db();
        let sql = format!("SELECT {DEVICE_COLUMNS} FROM device WHERE public_key = ?1 AND revoked_at IS NULL");
        let line =
            db.prepare_cached(&sql).and_then(|mut query| query.query_row(params![public_key], device_line).optional());
        match line {
            Ok(line) => line.map(|line| Scope { role: line.role, areas: line.areas }),
            Err(failure) => {
                error!(error = %failure, "The register could not be read, so nobody is let in");
                None
            }
        }
    }
}

impl hub::Register for Register {
    fn revoked(&self) -> Vec<Revocation> {
        let db = self.db();
        let revoked = db
            .prepare_cached("SELECT public_key, revoked_at FROM device WHERE revoked_at IS NOT NULL")
            .and_then(|mut query| {
                let rows = query
                    .query_map([], |row| Ok(Revocation { public_key: row.get(0)?, at: UnixSeconds(row.get(1)?) }))?;
                rows.collect::<Result<Vec<_>, _>>()
            });
        revoked.unwrap_or_else(|failure| {
            error!(error = %failure, "The register could not be read");
            Vec::new()
        })
    }

    fn heard(&self, public_key: &[u8; 32]) {
        let now = clock::now().0;
        let sql = "UPDATE device SET last_heard = ?2 WHERE public_key = ?1 AND coalesce(last_heard, 0) < ?2 - ?3";
        if let Err(failure) = self.db().execute(sql, params![public_key, now, HEARD_S]) {
            error!(error = %failure, "The register could not note that a device was heard");
        }
    }

    fn enrolment(&self) -> &dyn Desk {
        self
    }
}

impl Desk for Register {
    fn salt(&self) -> [u8; 16] {
        self.db().query_row("SELECT salt FROM county WHERE id = 1", [], |row| row.get(0)).unwrap_or_default()
    }

    fn is_flooding(&self, from: IpAddr, failed: bool) -> bool {
        let mut all = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, tries| {
            tries.retain(|at| at.elapsed() < TRIES_WINDOW);
            !tries.is_empty()
        });
        if failed {
            all.entry(from).or_default().push(Instant::now());
            self.tell(By::stranger("", from), Refusal::WrongCode.sentence());
        }
        all.get(&from).is_some_and(|tries| tries.len() >= TRIES_MAX)
    }

    fn slots(&self) -> Vec<Slot> {
        let db = self.db();
        let read = || -> rusqlite::Result<Vec<Slot>> {
            let mut query = db.prepare_cached("SELECT id, key, role FROM slot WHERE made_at > ?1")?;
            let rows = query.query_map(params![clock::now().0 - SLOT_KNOWN_S], |row| {
                Ok(Slot { id: row.get(0)?, key: row.get(1)?, role: role_of(row, 2)? })
            })?;
            rows.collect()
        };
        read().unwrap_or_else(|failure| {
            error!(error = %failure, "The register could not be read, so no code is known");
            Vec::new()
        })
    }

    fn claim(&self, slot: i64, public_key: &[u8; 32], comparison: &str) -> Result<Claim, Refusal> {
        let claim = self.try_claim(slot, public_key, comparison).unwrap_or_else(|failure| {
            error!(error = %failure, "An enrolment could not be written down");
            Err(Refusal::HubFailed)
        });
        claim.inspect_err(|refusal| self.tell(By::device(&DeviceId::of(public_key)), refusal.sentence()))
    }

    fn card(&self, _slot: i64, public_key: &[u8; 32]) -> Result<Card, Refusal> {
        self.write_card(public_key).map_err(|failure| {
            error!(error = %failure, "A card could not be written");
            Refusal::HubFailed
        })
    }
}

const DEVICE_COLUMNS: &str = "public_key, name, role, areas, number, enrolled_at, last_heard, revoked_at";

fn connect(path: &Path) -> Result<Connection, rusqlite::Error> {
    let db = Connection::open(path)?;
    db.execute_batch("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=10000;")?;
    db.execute_batch(include_str!("register_0002_numbers.sql"))?;
    Ok(db)
}

/// Writes the device into the register, with the next free number, and uses the slot up.
fn let_in(db: &Connection, slot: i64, public_key: &[u8; 32]) -> Result<(), rusqlite::Error> {
    db.execute(
        "WITH given AS (SELECT coalesce(max(number), 0) AS number
                        FROM (SELECT number FROM device UNION ALL SELECT number FROM skipped))
         INSERT INTO device (public_key, name, role, areas, number, enrolled_at)
         SELECT ?2, name, role, areas, given.number + 1, ?3 FROM slot, given
         WHERE slot.id = ?1 AND given.number < ?4
         ON CONFLICT (public_key) DO UPDATE SET name = excluded.name, role = excluded.role, areas = excluded.areas",
        params![slot, public_key, clock::now().0, DEVICE_NUMBER_MAX],
    )?;
    db.execute("UPDATE slot SET state = 'used', public_key = ?2 WHERE id = ?1", params![slot, public_key])?;
    Ok(())
}

fn device_line(row: &Row<'_>) -> rusqlite::Result<DeviceLine> {
    let public_key: [u8; 32] = row.get(0)?;
    let areas: String = row.get(3)?;
    Ok(DeviceLine {
        device: DeviceId::of(&public_key),
        public_key,
        name: row.get(1)?,
        role: role_of(row, 2)?,
        areas: areas.split(' ').filter_map(Area::parse).collect(),
        number: row.get(4)?,
        enrolled_at: UnixSeconds(row.get(5)?),
        last_heard: row.get::<_, Option<i64>>(6)?.map(UnixSeconds),
        is_revoked: row.get::<_, Option<i64>>(7)?.is_some(),
    })
}

fn role_of(row: &Row<'_>, column: usize) -> rusqlite::Result<Role> {
    let word: String = row.get(column)?;
    Role::parse(&word).ok_or(rusqlite::Error::InvalidColumnType(column, word, rusqlite::types::Type::Text))
}

fn join(areas: &[Area]) -> String {
    areas.iter().map(Area::code).collect::<Vec<_>>().join(" ")
}
