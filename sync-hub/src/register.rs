//! The live register: which devices belong to the county, and the codes by which new ones enrol.
//!
//! What a device may do stands here and not in its certificate, so that striking a row is enough.

pub mod beneath;
pub mod review;
#[cfg(test)]
mod tests;

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
    seal::SealKey,
    ticket::DEVICE_NUMBER_MAX,
    time::UnixSeconds,
};
use ledger::edition::Edition;
use replica::{
    clock,
    enrol::{self, Claim, Claimant, Desk, Refusal, Slot, by_letter::Posted},
    hub::{self, Revocation, Standing, Status},
    identity::Card,
    road::tls::Authority,
    store::sqlite::durable::make_durable,
};
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};
use serde::Serialize;
use tracing::error;

use crate::{
    audit::{Action, By},
    watch::Watch,
};

/// The register's file in the hub's data directory.
pub const FILE: &str = "register.db";
/// How long a used or expired code is still told from a wrong one, after the time for which it is good.
const SLOT_KNOWN_S: i64 = 6 * 24 * 3_600;
/// Longest time for which a code may be good, days: a letter may be carried to a village and back in it.
pub const CODE_DAYS_MAX: u16 = 180;
/// What was asked by letter is answered for so long, 180 days; whoever heard nothing till then asks anew.
const LETTER_S: i64 = 180 * 24 * 3_600;
/// Wrong codes from one address before it must wait.
const TRIES_MAX: usize = 5;
/// How long it must wait.
const TRIES_WINDOW: Duration = Duration::from_secs(60);
/// More devices are not enrolled between two backups.
const NUMBERS_SKIPPED: u16 = 100;
/// Addresses from which wrong codes came that are remembered; beyond that everybody waits until some are forgotten.
const TRIED_MAX: usize = 4_096;
/// How often "last heard" is written down.
const HEARD_S: i64 = 30;
/// Every migration, oldest first.
const MIGRATIONS: [&str; 8] = [
    include_str!("register/0001_init.sql"),
    include_str!("register/0002_standing.sql"),
    include_str!("register/0003_numbers.sql"),
    include_str!("register/0004_letters.sql"),
    include_str!("register/0005_beneath.sql"),
    include_str!("register/0006_review.sql"),
    include_str!("register/0007_beneath_struck_off.sql"),
    include_str!("register/0008_letters_by_code.sql"),
];

/// The register.
pub struct Register {
    // A std mutex: held for one statement or transaction, never over an await.
    db: Mutex<Connection>,
    tries: Mutex<BTreeMap<IpAddr, Vec<Instant>>>,
    issuer: Option<Issuer>,
    watch: OnceLock<Arc<Watch>>,
    // A std mutex: held to copy a key.
    seal_key: Mutex<Option<SealKey>>,
    // Likewise a codebook.
    codebook: Mutex<Option<Edition>>,
    clock: fn() -> UnixSeconds,
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
    /// By which road.
    pub road: String,
    /// When its certificate was made.
    pub certified_at: UnixSeconds,
    /// Whether it was struck off.
    pub is_revoked: bool,
    /// When.
    pub revoked_at: Option<UnixSeconds>,
    /// What it said of itself last.
    pub status: Option<StatusLine>,
}

/// What a device said of itself, and when.
#[derive(Clone, Debug, Serialize)]
pub struct StatusLine {
    /// When it was heard, by this hub's clock.
    pub at: UnixSeconds,
    /// The version of its program.
    pub version: String,
    /// Seconds by which its clock is ahead of the hub's.
    pub clock_offset: i64,
    /// Records without a receipt.
    pub waiting: u64,
    /// Attachments without a receipt.
    pub attachments: u64,
    /// What can still be written on its disk, bytes.
    pub free: u64,
    /// How full its battery is, of a hundred; `None` if it has none.
    pub battery: Option<u8>,
    /// Things that it keeps apart.
    pub apart: u64,
    /// Records of its own that the hub refused.
    pub refused: u64,
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
    /// Where it is to work.
    pub areas: Vec<Area>,
    /// The six digits that the device shows.
    pub comparison: String,
    /// The device that it was before, as it has proved, if the county knows that one.
    pub former: Option<DeviceLine>,
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
    /// A newer program wrote it.
    #[error("the register was written by a newer version of this program ({0})")]
    Version(usize),
    /// There is no such device or slot.
    #[error("there is no such device")]
    NotFound,
    /// Every number of this hub is given: no other device can be let in.
    #[error("every number that this hub may give to a device is given")]
    NoNumbers,
}

/// The Ed25519 key of a device.
pub type PublicKey = [u8; 32];

impl Register {
    /// Makes an empty register.
    pub fn make(path: &Path, salt: [u8; 16]) -> Result<(), RegisterError> {
        let db = connect(path)?;
        db.execute("INSERT INTO county (id, salt) VALUES (1, ?1)", params![salt])?;
        Ok(())
    }

    /// Opens the register to look and to make slots.
    pub fn open(path: &Path) -> Result<Self, RegisterError> {
        Ok(Self {
            db: Mutex::new(connect(path)?),
            tries: Mutex::default(),
            issuer: None,
            seal_key: Mutex::default(),
            codebook: Mutex::default(),
            watch: OnceLock::new(),
            clock: clock::now,
        })
    }

    /// Tells the time by another clock.
    pub fn with_clock(self, clock: fn() -> UnixSeconds) -> Self {
        Self { clock, ..self }
    }

    /// Opens the register to let devices in.
    pub fn open_for_enrolment(path: &Path, authority: Authority, hub: Card) -> Result<Self, RegisterError> {
        Ok(Self { issuer: Some(Issuer { authority, hub }), ..Self::open(path)? })
    }

    /// From now on the cards of new devices name this key to seal to.
    pub fn seal_to(&self, key: SealKey) {
        *self.seal_key.lock().unwrap_or_else(PoisonError::into_inner) = Some(key);
    }

    /// From now on the cards of new devices bear this edition of the codebook.
    pub fn speak_by(&self, edition: Edition) {
        *self.codebook.lock().unwrap_or_else(PoisonError::into_inner) = Some(edition);
    }

    /// The clock that it goes by.
    pub fn clock(&self) -> fn() -> UnixSeconds {
        self.clock
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
        numbers_left(&self.db())?;
        let code = enrol::make_code(clock::random());
        let key = enrol::stretch(&code, &self.salt());
        self.db().execute(
            "INSERT INTO slot (name, role, areas, key, made_at, is_trusted, state) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'open')",
            params![name, role.word(), join(areas), key, (self.clock)().0, is_trusted],
        )?;
        Ok(code)
    }

    /// Makes the code good for so many days, at most [`CODE_DAYS_MAX`], instead of one.
    pub fn lengthen(&self, code: &str, days: u16) -> Result<(), RegisterError> {
        let (key, good_s) = (enrol::stretch(code, &self.salt()), i64::from(days.clamp(1, CODE_DAYS_MAX)) * 24 * 3_600);
        self.db().execute("UPDATE slot SET good_s = ?2 WHERE key = ?1", params![key, good_s])?;
        Ok(())
    }

    /// From now on `watch` hears what was tried in vain at enrolment.
    pub fn is_watched_by(&self, watch: Arc<Watch>) {
        let _ = self.watch.set(watch);
    }

    /// Whether the door opens to this key; one that it stays shut to is noted.
    pub fn lets_in(&self, public_key: &[u8; 32]) -> bool {
        let why = match hub::Authors::standing(self, public_key) {
            Standing::Member(_) => return true,
            Standing::StruckOff { .. } => "it was struck off",
            Standing::Elsewhere | Standing::Stranger => "its key is not in the register of this county",
        };
        if let Some(watch) = self.watch.get() {
            watch.refused(Action::RefuseDevice, By::device(&DeviceId::of(public_key)), "the door", why);
        }
        false
    }

    /// Makes a slot for whatever takes the place of `device`: with its name, role and areas. Using it strikes the old one
    /// off, if it was not before.
    pub fn add_successor(&self, device: &DeviceId, is_trusted: bool) -> Result<String, RegisterError> {
        let line = self.device(device)?;
        numbers_left(&self.db())?;
        let code = enrol::make_code(clock::random());
        let key = enrol::stretch(&code, &self.salt());
        self.db().execute(
            "INSERT INTO slot (name, role, areas, key, made_at, is_trusted, state, replaces)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'open', ?7)",
            params![line.name, line.role.word(), join(&line.areas), key, (self.clock)().0, is_trusted, line.public_key],
        )?;
        Ok(code)
    }

    /// The device of this name.
    pub fn device(&self, device: &DeviceId) -> Result<DeviceLine, RegisterError> {
        self.devices()?.into_iter().find(|line| line.device == *device).ok_or(RegisterError::NotFound)
    }

    /// The address by which devices call; empty if it was never said.
    pub fn address(&self) -> Result<String, RegisterError> {
        Ok(self.db().query_row("SELECT address FROM county", [], |row| row.get(0))?)
    }

    /// Notes the address by which devices call.
    pub fn set_address(&self, address: &str) -> Result<(), RegisterError> {
        self.db().execute("UPDATE county SET address = ?1", params![address])?;
        Ok(())
    }

    /// Every device, by number.
    pub fn devices(&self) -> Result<Vec<DeviceLine>, RegisterError> {
        let db = self.db();
        let mut query = db.prepare_cached(&format!("SELECT {DEVICE_COLUMNS} FROM {DEVICE} ORDER BY number"))?;
        let rows = query.query_map([], device_line)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Devices that wait for an operator.
    pub fn waiting(&self) -> Result<Vec<WaitingLine>, RegisterError> {
        let db = self.db();
        let mut query = db.prepare_cached(
            "SELECT id, name, role, comparison, made_at, former, areas FROM slot WHERE state = 'waiting' ORDER BY id",
        )?;
        let mut known =
            db.prepare_cached(&format!("SELECT {DEVICE_COLUMNS} FROM {DEVICE} WHERE device.public_key = ?1"))?;
        let rows = query.query_map([], |row| {
            let former: Option<[u8; 32]> = row.get(5)?;
            let former = former.map(|former| known.query_row(params![former], device_line).optional()).transpose()?;
            Ok(WaitingLine {
                slot: row.get(0)?,
                name: row.get(1)?,
                role: role_of(row, 2)?,
                comparison: row.get(3)?,
                former: former.flatten(),
                since: UnixSeconds(row.get(4)?),
                areas: row.get::<_, String>(6)?.split(' ').filter_map(Area::parse).collect(),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Lets a waiting device in: an operator has compared the digits. `replaces` strikes off what it was before.
    pub fn approve(&self, slot: i64, replaces: bool) -> Result<(), RegisterError> {
        if replaces {
            let sql = "UPDATE slot SET replaces = former WHERE id = ?1 AND state = 'waiting' AND former IS NOT NULL";
            self.db().execute(sql, params![slot])?;
        }
        self.decide(slot, "approved")
    }

    /// Sends a waiting device away.
    pub fn decline(&self, slot: i64) -> Result<(), RegisterError> {
        self.decide(slot, "declined")
    }

    /// Strikes a device off; it is out at its next word.
    pub fn revoke(&self, device: &DeviceId) -> Result<(), RegisterError> {
        let known = self.device(device)?;
        strike_off(&self.db(), &known.public_key, (self.clock)())?;
        Ok(())
    }

    /// Gives none of the next [`NUMBERS_SKIPPED`] numbers, or of the next half of those that are left: before a restore they
    /// may have been given.
    pub fn skip_numbers(&self) -> Result<(), RegisterError> {
        let db = self.db();
        let (given, last) = (newest_number(&db)?, beneath::last_number(&db)?);
        let skipped = given + NUMBERS_SKIPPED.min(last.saturating_sub(given).div_ceil(2));
        let sql =
            "INSERT INTO skipped (id, number) VALUES (1, ?1) ON CONFLICT (id) DO UPDATE SET number = excluded.number";
        db.execute(sql, params![skipped])?;
        Ok(())
    }

    /// The keys that each device had before, as pairs of a key and one of these.
    pub fn all_former(&self) -> Result<Vec<(PublicKey, PublicKey)>, RegisterError> {
        let db = self.db();
        let mut query = db.prepare_cached("SELECT public_key, former FROM former")?;
        Ok(query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?)
    }

    /// Strikes off whom the log says to be struck off: a register that was restored may have forgotten it.
    pub fn take_up(&self, revoked: &[Revocation]) -> Result<(), RegisterError> {
        let db = self.db();
        Ok(revoked.iter().try_for_each(|revocation| strike_off(&db, &revocation.public_key, revocation.at))?)
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

    fn try_claim(&self, slot: i64, claimant: &Claimant) -> Result<Result<Claim, Refusal>, RegisterError> {
        let Claimant { public_key, comparison, former } = claimant;
        let now = (self.clock)();
        let mut db = self.db();
        let tx = db.transaction()?;
        let (state, holder, good_until, is_trusted): (String, Option<[u8; 32]>, i64, bool) = tx.query_row(
            "SELECT state, public_key, made_at + good_s, is_trusted FROM slot WHERE id = ?1",
            params![slot],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
        )?;
        let is_claimant = holder.as_ref() == Some(public_key);
        let is_old = now.0 > good_until;
        let verdict = match (state.as_str(), is_claimant) {
            // The answer may have been lost on the road: the same key gets it again.
            ("used", true) => Ok(Claim::Approved),
            ("used" | "waiting" | "approved", false) => Err(Refusal::UsedCode),
            ("declined", _) => Err(Refusal::NotApproved),
            ("open" | "waiting", _) if is_old => Err(Refusal::ExpiredCode),
            ("open", _) if is_trusted => {
                let_in(&tx, slot, claimant, now)?;
                Ok(Claim::Approved)
            }
            ("approved", true) => {
                let_in(&tx, slot, claimant, now)?;
                Ok(Claim::Approved)
            }
            _ => {
                tx.execute(
                    "UPDATE slot SET state = 'waiting', public_key = ?2, comparison = ?3, former = ?4 WHERE id = ?1",
                    params![slot, public_key, comparison, former],
                )?;
                Ok(Claim::Waiting)
            }
        };
        tx.commit()?;
        Ok(verdict)
    }

    fn write_card(&self, public_key: &[u8; 32]) -> anyhow::Result<Card> {
        let issuer = self.issuer.as_ref().ok_or_else(|| anyhow::anyhow!("this register was opened to look only"))?;
        let now = (self.clock)();
        let line = {
            let db = self.db();
            let sql =
                format!("SELECT {DEVICE_COLUMNS} FROM {DEVICE} WHERE device.public_key = ?1 AND revoked_at IS NULL");
            let line = db.query_row(&sql, params![public_key], device_line)?;
            db.execute("UPDATE device SET certified_at = ?2 WHERE public_key = ?1", params![public_key, now.0])?;
            line
        };
        let on_card = || Edition { number: issuer.hub.edition, text: issuer.hub.codebook.clone() };
        let newest = self.codebook.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Edition { number: edition, text: codebook } = newest.unwrap_or_else(on_card);
        Ok(Card {
            scope: Scope { role: line.role, areas: line.areas },
            name: line.name,
            number: line.number,
            certificate: hex(&issuer.authority.certify(public_key, now)?),
            enrolled_at: now,
            seal_key: self.seal_key.lock().unwrap_or_else(PoisonError::into_inner).unwrap_or(issuer.hub.seal_key),
            renewed_at: Some(now),
            hub: self.address()?,
            salt: hex(&self.salt()),
            retired: String::new(),
            codebook,
            edition,
            ..issuer.hub.clone()
        })
    }

    fn db(&self) -> MutexGuard<'_, Connection> {
        // A statement that panicked was rolled back by SQLite.
        self.db.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl hub::Authors for Register {
    /// For whom a hub beneath stands is judged as that hub is, unless that hub has struck it off.
    fn standing(&self, public_key: &[u8; 32]) -> Standing {
        let db = self.db();
        let beneath = beneath::revoked_at(&db, public_key);
        let sql = format!(
            "SELECT {DEVICE_COLUMNS} FROM {DEVICE} WHERE device.public_key =
             coalesce((SELECT hub FROM beneath WHERE public_key = ?1), ?1)"
        );
        let line =
            db.prepare_cached(&sql).and_then(|mut query| query.query_row(params![public_key], device_line).optional());
        match line {
            Ok(Some(DeviceLine { role, areas, revoked_at, .. })) => {
                let scope = Scope { role, areas };
                let revoked_at = [revoked_at, beneath].into_iter().flatten().min();
                revoked_at.map_or(Standing::Member(scope.clone()), |at| Standing::StruckOff { scope, at })
            }
            Ok(None) if beneath::is_beneath(&db) => Standing::Elsewhere,
            Ok(None) => Standing::Stranger,
            Err(failure) => {
                error!(error = %failure, "The register could not be read, so nobody is let in");
                Standing::Stranger
            }
        }
    }

    fn former(&self, public_key: &[u8; 32]) -> Vec<[u8; 32]> {
        let db = self.db();
        let known = former_of(&db, public_key).and_then(|mut keys| {
            let mut query = db.prepare_cached("SELECT public_key FROM beneath WHERE hub = ?1")?;
            for key in query.query_map(params![public_key], |row| row.get(0))? {
                keys.push(key?);
            }
            Ok(keys)
        });
        known.unwrap_or_else(|failure| {
            error!(error = %failure, "The register could not be read");
            Vec::new()
        })
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

    fn heard(&self, public_key: &[u8; 32], road: &str) {
        let now = (self.clock)().0;
        let sql = "UPDATE device SET last_heard = ?2, road = ?3 WHERE public_key = ?1
                   AND (coalesce(last_heard, 0) < ?2 - ?4 OR road <> ?3)";
        if let Err(failure) = self.db().execute(sql, params![public_key, now, road, HEARD_S]) {
            error!(error = %failure, "The register could not note that a device was heard");
        }
    }

    fn vouch(&self, hub: &[u8; 32], keys: &[[u8; 32]]) -> bool {
        let noted = self.note_beneath(hub, keys);
        noted.inspect_err(|failure| error!(error = %failure, "For whom a hub stands could not be noted")).is_ok()
    }

    fn name(&self, public_key: &[u8; 32]) -> String {
        let sql = "SELECT name FROM device WHERE public_key = ?1";
        self.db().query_row(sql, params![public_key], |row| row.get(0)).unwrap_or_default()
    }

    fn told(&self, public_key: &[u8; 32], status: &Status) {
        let Status { version, clock, waiting, attachments, free, battery, apart, refused } = status;
        let now = (self.clock)().0;
        let sql = "INSERT INTO status (public_key, at, version, clock_offset, waiting, attachments, free, battery, apart, refused)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
                   ON CONFLICT (public_key) DO UPDATE SET at = excluded.at, version = excluded.version,
                   clock_offset = excluded.clock_offset, waiting = excluded.waiting, attachments = excluded.attachments,
                   free = excluded.free, battery = excluded.battery, apart = excluded.apart, refused = excluded.refused";
        // Whatever a device says, it is a number that SQLite holds.
        let [waiting, attachments, free, apart, refused] =
            [waiting, attachments, free, apart, refused].map(|count| i64::try_from(*count).unwrap_or(i64::MAX));
        let offset = clock.0.saturating_sub(now);
        let values = params![public_key, now, version, offset, waiting, attachments, free, battery, apart, refused];
        if let Err(failure) = self.db().execute(sql, values) {
            error!(error = %failure, "The register could not note what a device said of itself");
        }
    }

    fn in_step(&self, public_key: &[u8; 32]) {
        let sql = "UPDATE status SET waiting = refused WHERE public_key = ?1 AND attachments = 0 AND waiting > refused";
        if let Err(failure) = self.db().execute(sql, params![public_key]) {
            error!(error = %failure, "The register could not note that a device has nothing waiting");
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
        let from = neighbourhood(from);
        let mut all = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, tries| {
            tries.retain(|at| at.elapsed() < TRIES_WINDOW);
            !tries.is_empty()
        });
        if failed && (all.len() < TRIED_MAX || all.contains_key(&from)) {
            all.entry(from).or_default().push(Instant::now());
        }
        all.len() >= TRIED_MAX || all.get(&from).is_some_and(|tries| tries.len() >= TRIES_MAX)
    }

    fn slots(&self) -> Vec<Slot> {
        let db = self.db();
        let read = || -> rusqlite::Result<Vec<Slot>> {
            let mut query = db.prepare_cached("SELECT id, key, role FROM slot WHERE made_at + good_s > ?1")?;
            let rows = query.query_map(params![(self.clock)().0 - SLOT_KNOWN_S], |row| {
                Ok(Slot { id: row.get(0)?, key: row.get(1)?, role: role_of(row, 2)? })
            })?;
            rows.collect()
        };
        read().unwrap_or_else(|failure| {
            error!(error = %failure, "The register could not be read, so no code is known");
            Vec::new()
        })
    }

    fn claim(&self, slot: i64, claimant: &Claimant) -> Result<Claim, Refusal> {
        self.try_claim(slot, claimant).unwrap_or_else(|failure| {
            error!(error = &failure as &dyn std::error::Error, "An enrolment could not be written down");
            Err(Refusal::HubFailed)
        })
    }

    fn refused(&self, from: IpAddr, refusal: Refusal) {
        if let Some(watch) = self.watch.get() {
            let by = if from.is_unspecified() { By::stranger("", "letter") } else { By::stranger("", from) };
            watch.refused(Action::RefuseEnrolment, by, "", refusal.sentence());
        }
    }

    fn renew(&self, public_key: &[u8; 32]) -> Option<Card> {
        let card = self.card(public_key).ok();
        if let Some(watch) = self.watch.get() {
            let by = By::device(&DeviceId::of(public_key));
            match card {
                Some(_) => watch.done(Action::RenewDevice, by, "certificate"),
                None => watch.refused(Action::RenewDevice, by, "certificate", "it is no device of the county any more"),
            }
        }
        card
    }

    fn note_letter(&self, posted: &Posted) -> Result<(), Refusal> {
        let Posted { slot, claimant: Claimant { public_key, comparison, former }, hears_denial } = posted;
        let sql = "INSERT INTO letter (public_key, slot, comparison, former, at, hears_denial)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                   ON CONFLICT (public_key, slot) DO UPDATE SET comparison = excluded.comparison,
                   former = excluded.former, at = excluded.at, hears_denial = max(hears_denial, excluded.hears_denial)";
        let values = params![public_key, slot.id, comparison, former, (self.clock)().0, hears_denial];
        let noted = self.db().execute(sql, values);
        noted.map(drop).map_err(|failure| {
            error!(error = &failure as &dyn std::error::Error, "A letter could not be noted");
            Refusal::HubFailed
        })
    }

    fn letters(&self) -> Vec<Posted> {
        let db = self.db();
        let read = || -> rusqlite::Result<Vec<Posted>> {
            let mut query = db.prepare_cached(
                "SELECT slot.id, key, role, letter.public_key, letter.comparison, letter.former, hears_denial
                 FROM letter JOIN slot ON slot.id = letter.slot WHERE letter.at > ?1",
            )?;
            let rows = query.query_map(params![(self.clock)().0 - LETTER_S], |row| {
                let slot = Slot { id: row.get(0)?, key: row.get(1)?, role: role_of(row, 2)? };
                let claimant = Claimant { public_key: row.get(3)?, comparison: row.get(4)?, former: row.get(5)? };
                Ok(Posted { slot, claimant, hears_denial: row.get(6)? })
            })?;
            rows.collect()
        };
        read().unwrap_or_else(|failure| {
            error!(error = %failure, "The register could not be read, so no letter is answered");
            Vec::new()
        })
    }

    fn card(&self, public_key: &[u8; 32]) -> Result<Card, Refusal> {
        self.write_card(public_key).map_err(|failure| {
            error!(error = %failure, "A card could not be written");
            Refusal::HubFailed
        })
    }
}

/// What [`device_line`] reads.
const DEVICE_COLUMNS: &str = "device.public_key, name, role, areas, number, enrolled_at, last_heard, revoked_at, road, \
                              coalesce(certified_at, enrolled_at), status.at, version, clock_offset, waiting, attachments, \
                              free, battery, apart, refused";
/// Where it reads it.
const DEVICE: &str = "device LEFT JOIN status ON status.public_key = device.public_key";

/// Opens the register, makes it if it is missing and brings it up to date.
fn connect(path: &Path) -> Result<Connection, RegisterError> {
    let mut db = Connection::open(path)?;
    db.execute_batch("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=10000;")?;
    make_durable(&db)?;
    // Another program may be doing the same at this moment.
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let applied: usize = tx.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    // The first registers had no number.
    let is_first = applied == 0 && tx.table_exists(None, "device")?;
    let applied = if is_first { 1 } else { applied };
    if applied > MIGRATIONS.len() {
        return Err(RegisterError::Version(applied));
    }
    for migration in MIGRATIONS.iter().skip(applied) {
        tx.execute_batch(migration)?;
    }
    tx.pragma_update(None, "user_version", MIGRATIONS.len())?;
    tx.commit()?;
    // A transaction that has read and then wants to write fails at once if another program has written meanwhile.
    db.set_transaction_behavior(TransactionBehavior::Immediate);
    Ok(db)
}

/// Writes the device into the register, with the next free number, and uses the slot up.
fn let_in(db: &Connection, slot: i64, claimant: &Claimant, now: UnixSeconds) -> Result<(), RegisterError> {
    let Claimant { public_key, former, .. } = claimant;
    let is_known = |key: &[u8; 32]| {
        db.prepare_cached("SELECT 1 FROM device WHERE public_key = ?1").and_then(|mut query| query.exists(params![key]))
    };
    // Before anything is written: who was to be replaced works on.
    if !is_known(public_key)? {
        numbers_left(db)?;
    }
    db.execute(
        "INSERT INTO device (public_key, name, role, areas, number, enrolled_at)
         SELECT ?2, name, role, areas, ?4, ?3 FROM slot WHERE slot.id = ?1
         ON CONFLICT (public_key) DO UPDATE SET name = excluded.name, role = excluded.role, areas = excluded.areas",
        params![slot, public_key, now.0, newest_number(db)? + 1],
    )?;
    // A hub beneath gives numbers of its own, behind the one that it is given.
    db.execute(
        "INSERT INTO skipped (id, number)
         SELECT 1, min(?2, number + ?3) FROM device WHERE public_key = ?1 AND role = 'hub'
         ON CONFLICT (id) DO UPDATE SET number = max(number, excluded.number)",
        params![public_key, DEVICE_NUMBER_MAX, beneath::BLOCK - 1],
    )?;
    if let Some(former) = former
        && is_known(former)?
    {
        for key in former_of(db, former)?.iter().chain([former]) {
            let sql = "INSERT INTO former (public_key, former) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
            db.execute(sql, params![public_key, key])?;
        }
    }
    let replaced: Option<[u8; 32]> =
        db.query_row("SELECT replaces FROM slot WHERE id = ?1", params![slot], |row| row.get(0))?;
    if let Some(replaced) = replaced {
        strike_off(db, &replaced, now)?;
    }
    db.execute("UPDATE slot SET state = 'used', public_key = ?2 WHERE id = ?1", params![slot, public_key])?;
    Ok(())
}

/// The newest number that was given, or may have been.
fn newest_number(db: &Connection) -> Result<u16, rusqlite::Error> {
    let sql = "SELECT coalesce(max(number), 0) FROM (SELECT number FROM device UNION ALL SELECT number FROM skipped)";
    db.query_row(sql, [], |row| row.get(0))
}

/// Fails if every number that this hub may give is given.
fn numbers_left(db: &Connection) -> Result<(), RegisterError> {
    if newest_number(db)? < beneath::last_number(db)? { Ok(()) } else { Err(RegisterError::NoNumbers) }
}

fn strike_off(db: &Connection, public_key: &[u8; 32], now: UnixSeconds) -> Result<(), rusqlite::Error> {
    let sql = "UPDATE device SET revoked_at = ?2 WHERE public_key = ?1 AND revoked_at IS NULL";
    db.execute(sql, params![public_key, now.0]).map(drop)
}

fn former_of(db: &Connection, public_key: &[u8; 32]) -> Result<Vec<[u8; 32]>, rusqlite::Error> {
    let mut query = db.prepare_cached("SELECT former FROM former WHERE public_key = ?1")?;
    query.query_map(params![public_key], |row| row.get(0))?.collect()
}

/// Whoever has one address of IPv6 has all of its last 64 bits; one of IPv4 is itself, however it is written.
pub(crate) fn neighbourhood(from: IpAddr) -> IpAddr {
    match from.to_canonical() {
        from @ IpAddr::V4(_) => from,
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() >> 64 << 64).into()),
    }
}

fn device_line(row: &Row<'_>) -> rusqlite::Result<DeviceLine> {
    let public_key: [u8; 32] = row.get(0)?;
    let areas: String = row.get(3)?;
    let revoked_at = row.get::<_, Option<i64>>(7)?.map(UnixSeconds);
    Ok(DeviceLine {
        device: DeviceId::of(&public_key),
        public_key,
        name: row.get(1)?,
        role: role_of(row, 2)?,
        areas: areas.split(' ').filter_map(Area::parse).collect(),
        number: row.get(4)?,
        enrolled_at: UnixSeconds(row.get(5)?),
        last_heard: row.get::<_, Option<i64>>(6)?.map(UnixSeconds),
        road: row.get(8)?,
        certified_at: UnixSeconds(row.get(9)?),
        is_revoked: revoked_at.is_some(),
        revoked_at,
        status: row.get::<_, Option<i64>>(10)?.map(|at| status_line(row, UnixSeconds(at))).transpose()?,
    })
}

fn status_line(row: &Row<'_>, at: UnixSeconds) -> rusqlite::Result<StatusLine> {
    Ok(StatusLine {
        at,
        version: row.get(11)?,
        clock_offset: row.get(12)?,
        waiting: row.get(13)?,
        attachments: row.get(14)?,
        free: row.get(15)?,
        battery: row.get(16)?,
        apart: row.get(17)?,
        refused: row.get(18)?,
    })
}

fn role_of(row: &Row<'_>, column: usize) -> rusqlite::Result<Role> {
    let word: String = row.get(column)?;
    Role::parse(&word).ok_or(rusqlite::Error::InvalidColumnType(column, word, rusqlite::types::Type::Text))
}

fn join(areas: &[Area]) -> String {
    areas.iter().map(Area::code).collect::<Vec<_>>().join(" ")
}
