//! Two levels in the register: the devices for which a hub beneath this one stands, and the numbers that each may give.

use std::ops::RangeInclusive;

use civic_core::{ticket::DEVICE_NUMBER_MAX, time::UnixSeconds};
use replica::hub::Revocation;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{Register, RegisterError};

/// Numbers of devices that one hub beneath gives, its own the first of them: as many as a township has villages.
pub const BLOCK: u16 = 100;

impl Register {
    /// Keys of every device that was ever let in here.
    pub fn keys(&self) -> Result<Vec<[u8; 32]>, RegisterError> {
        let db = self.db();
        let mut query = db.prepare_cached("SELECT public_key FROM device ORDER BY id")?;
        Ok(query.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }

    /// Numbers whose tickets another hub answers: those of the hubs beneath, and at a hub beneath all but its own.
    pub fn numbers_elsewhere(&self) -> Result<Vec<RangeInclusive<u16>>, RegisterError> {
        let db = self.db();
        let mut query = db.prepare_cached("SELECT number FROM device WHERE role = 'hub'")?;
        let beneath = query.query_map([], |row| row.get(0))?.collect::<Result<Vec<u16>, _>>()?;
        let mut elsewhere: Vec<_> = beneath.into_iter().map(|first| first..=first.saturating_add(BLOCK - 1)).collect();
        if let Some(last) = last_of_block(&db)? {
            elsewhere.extend([0..=last.saturating_sub(BLOCK), last.saturating_add(1)..=u16::MAX]);
        }
        Ok(elsewhere)
    }

    /// Whether this hub is beneath another one.
    pub fn is_beneath(&self) -> Result<bool, RegisterError> {
        Ok(last_of_block(&self.db())?.is_some())
    }

    /// From now on the numbers behind this one are given, up to the end of its block: this hub joins another as number
    /// `own`. `false` if a device was let in before.
    pub fn take_block(&self, own: u16) -> Result<bool, RegisterError> {
        let db = self.db();
        let is_empty = db.query_row("SELECT NOT EXISTS (SELECT 1 FROM device)", [], |row| row.get(0))?;
        if is_empty {
            let skip = "INSERT INTO skipped (id, number) VALUES (1, ?1) ON CONFLICT (id) DO UPDATE SET number = ?1";
            db.execute(skip, params![own])?;
            let block = "INSERT INTO block (id, last) VALUES (1, ?1) ON CONFLICT (id) DO UPDATE SET last = ?1";
            db.execute(block, params![own.saturating_add(BLOCK - 1)])?;
        }
        Ok(is_empty)
    }

    /// Keys of the hubs beneath this one.
    pub fn hubs_beneath(&self) -> Result<Vec<[u8; 32]>, RegisterError> {
        let db = self.db();
        let mut query = db.prepare_cached("SELECT public_key FROM device WHERE role = 'hub' ORDER BY id")?;
        Ok(query.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }

    /// Strikes off those of a hub beneath whom that hub says to be struck off; of anybody else its word says nothing.
    pub fn take_up_beneath(&self, hub: &[u8; 32], revoked: &[Revocation]) -> Result<(), RegisterError> {
        let db = self.db();
        let sql = "UPDATE beneath SET revoked_at = ?3 WHERE public_key = ?1 AND hub = ?2 AND revoked_at IS NULL";
        let mut update = db.prepare_cached(sql)?;
        for Revocation { public_key, at } in revoked {
            update.execute(params![public_key, hub, at.0])?;
        }
        Ok(())
    }

    /// Notes for whom a hub beneath stands; one that is known already, as anybody's, stays as it is.
    pub(super) fn note_beneath(&self, hub: &[u8; 32], keys: &[[u8; 32]]) -> Result<(), RegisterError> {
        let mut db = self.db();
        let tx = db.transaction()?;
        for key in keys {
            let sql = "INSERT INTO beneath (public_key, hub)
                       SELECT ?1, ?2 WHERE NOT EXISTS (SELECT 1 FROM device WHERE public_key = ?1)
                       ON CONFLICT DO NOTHING";
            tx.prepare_cached(sql)?.execute(params![key, hub])?;
        }
        Ok(tx.commit()?)
    }
}

/// Since when the hub beneath that stands for this device has struck it off; `None` if it has not.
pub(super) fn revoked_at(db: &Connection, public_key: &[u8; 32]) -> Option<UnixSeconds> {
    let found = db
        .prepare_cached("SELECT revoked_at FROM beneath WHERE public_key = ?1 AND revoked_at IS NOT NULL")
        .and_then(|mut query| query.query_row(params![public_key], |row| row.get(0)).optional());
    found.ok().flatten().map(UnixSeconds)
}

/// Whether this hub is beneath another one, by the block of numbers that it was given there.
pub(super) fn is_beneath(db: &Connection) -> bool {
    last_of_block(db).is_ok_and(|last| last.is_some())
}

/// The last number that this hub may give; `None` if it is beneath nobody.
fn last_of_block(db: &Connection) -> Result<Option<u16>, rusqlite::Error> {
    db.query_row("SELECT max(last) FROM block", [], |row| row.get(0))
}

/// The same, or the last of all.
pub(super) fn last_number(db: &Connection) -> Result<u16, rusqlite::Error> {
    Ok(last_of_block(db)?.unwrap_or(DEVICE_NUMBER_MAX).min(DEVICE_NUMBER_MAX))
}
