//! The chain over the events, its signatures, and how one convinces oneself of both.
//!
//! Each event's hash covers the hash before it, so a change in the middle shows from there on. The *tip* is signed anew
//! with every event, so nothing can be cut from the end; *heads* are signed now and then and stay, so that a copy kept
//! elsewhere proves what the log was; the *anchor* is signed when older events are archived, so that what remains begins
//! at a place that the hub itself set.

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use rusqlite::{Connection, OptionalExtension, Row, params};
use sha2::{Digest as _, Sha256};

/// A link of the chain.
pub(super) type Hash = [u8; 32];

/// An event as it lies in the log.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Noted {
    /// Its number, from 1.
    pub number: i64,
    /// When, by the hub's clock.
    pub at: i64,
    /// Who.
    pub who: String,
    /// As what.
    pub role: String,
    /// What: the word of an [`Action`](super::Action).
    pub action: String,
    /// Upon what.
    pub object: String,
    /// `done` or `refused`.
    pub outcome: String,
    /// Where from.
    pub address: String,
    /// Why.
    pub reason: String,
}

/// The columns of [`noted`], and the hash behind them.
pub(super) const COLUMNS: &str = "number, at, who, role, action, object, outcome, address, reason, hash";

pub(super) fn noted(row: &Row<'_>) -> rusqlite::Result<(Noted, Hash)> {
    let noted = Noted {
        number: row.get(0)?,
        at: row.get(1)?,
        who: row.get(2)?,
        role: row.get(3)?,
        action: row.get(4)?,
        object: row.get(5)?,
        outcome: row.get(6)?,
        address: row.get(7)?,
        reason: row.get(8)?,
    };
    Ok((noted, row.get(9)?))
}

impl Noted {
    /// Its link, behind `before`.
    pub(super) fn link(&self, before: &Hash) -> Hash {
        let mut hasher = Sha256::new();
        hasher.update(b"huiyin audit event v1");
        hasher.update(before);
        hasher.update(self.number.to_le_bytes());
        hasher.update(self.at.to_le_bytes());
        let Self { number: _, at: _, who, role, action, object, outcome, address, reason } = self;
        for text in [who, role, action, object, outcome, address, reason] {
            // With its length before it, no text can flow into the next.
            hasher.update((text.len() as u64).to_le_bytes());
            hasher.update(text);
        }
        hasher.finalize().into()
    }
}

/// Where the chain begins or ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bound {
    pub(super) which: Which,
    pub(super) number: i64,
    pub(super) place: i64,
    pub(super) hash: Hash,
}

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    Anchor,
    Tip,
}

impl Which {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Which::Anchor => "anchor",
            Which::Tip => "tip",
        }
    }
}

impl Bound {
    /// What is signed; the word keeps a tip from being taken for an anchor.
    fn statement(&self) -> Vec<u8> {
        let numbers = [self.number.to_le_bytes(), self.place.to_le_bytes()].concat();
        [b"huiyin audit bound v1 ", self.which.word().as_bytes(), &numbers, &self.hash].concat()
    }

    /// Signs it and puts it in the place of the old one.
    pub(super) fn write(&self, db: &Connection, key: &SigningKey) -> rusqlite::Result<()> {
        let signature = key.sign(&self.statement()).to_bytes();
        let sql = "INSERT INTO bound (which, number, place, hash, signature) VALUES (?1, ?2, ?3, ?4, ?5)
                   ON CONFLICT (which) DO UPDATE SET number = ?2, place = ?3, hash = ?4, signature = ?5";
        db.prepare_cached(sql)?.execute(params![self.which.word(), self.number, self.place, self.hash, signature])?;
        Ok(())
    }

    /// Reads it; its signature is not looked at.
    pub(super) fn read(db: &Connection, which: Which) -> rusqlite::Result<Self> {
        let sql = "SELECT number, place, hash FROM bound WHERE which = ?1";
        db.prepare_cached(sql)?.query_row([which.word()], |row| {
            Ok(Self { which, number: row.get(0)?, place: row.get(1)?, hash: row.get(2)? })
        })
    }
}

/// A signed head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its place among the heads, from 1.
    pub place: i64,
    /// The number of the last event that it covers.
    pub number: i64,
    /// When, by the hub's clock.
    pub at: i64,
    /// The hash of that event.
    pub hash: [u8; 32],
    /// The hub's signature.
    pub signature: [u8; 64],
}

impl Head {
    fn statement(place: i64, number: i64, at: i64, hash: &Hash) -> Vec<u8> {
        let numbers = [place.to_le_bytes(), number.to_le_bytes(), at.to_le_bytes()].concat();
        [b"huiyin audit head v1 ".as_slice(), &numbers, hash].concat()
    }

    /// Signs one.
    pub(super) fn sign(key: &SigningKey, place: i64, number: i64, at: i64, hash: Hash) -> Self {
        let signature = key.sign(&Self::statement(place, number, at, &hash)).to_bytes();
        Self { place, number, at, hash, signature }
    }

    /// Whether the hub signed it.
    pub fn is_signed_by(&self, key: &VerifyingKey) -> bool {
        let statement = Self::statement(self.place, self.number, self.at, &self.hash);
        key.verify_strict(&statement, &Signature::from_bytes(&self.signature)).is_ok()
    }

    pub(super) fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self { place: row.get(0)?, number: row.get(1)?, at: row.get(2)?, hash: row.get(3)?, signature: row.get(4)? })
    }
}

/// The columns of [`Head::of`].
pub(super) const HEAD_COLUMNS: &str = "place, number, at, hash, signature";

/// Where the log does not hold.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// It cannot be read as a log.
    #[error("the audit log cannot be read")]
    Unreadable(#[from] rusqlite::Error),
    /// A signature is not the hub's.
    #[error("the {0} of the audit log was not signed by this hub")]
    Signature(String),
    /// An event is missing, stands in another's place, or is one too many.
    #[error("event {0} of the audit log is not where it must be")]
    Place(i64),
    /// An event was changed.
    #[error("event {0} of the audit log was changed after it was noted")]
    Changed(i64),
    /// Something was cut from the end or added there.
    #[error("the audit log ends with event {found}, and the hub's signature says {signed}")]
    End {
        /// The last event that is there.
        found: i64,
        /// The last event that was signed.
        signed: i64,
    },
    /// An archived file does not hold.
    #[error("the archived log {0} does not hold")]
    Archive(String),
}

/// What was found sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sound {
    /// Events at hand.
    pub events: i64,
    /// Events that were archived before them.
    pub archived: i64,
    /// Signed heads at hand.
    pub heads: i64,
}

/// Walks the whole chain.
pub(super) fn verify(db: &Connection, key: &VerifyingKey) -> Result<Sound, Broken> {
    let anchor = signed_bound(db, key, Which::Anchor)?;
    let tip = signed_bound(db, key, Which::Tip)?;
    let mut heads = db.prepare(&format!("SELECT {HEAD_COLUMNS} FROM head ORDER BY place"))?;
    let mut heads = heads.query_map([], Head::of)?;
    let mut next_head = heads.next().transpose()?;
    let (mut number, mut place, mut hash) = (anchor.number, anchor.place, anchor.hash);
    let mut events = db.prepare(&format!("SELECT {COLUMNS} FROM event ORDER BY number"))?;
    let mut events = events.query_map([], noted)?;
    loop {
        while let Some(head) = next_head.take_if(|head| head.number <= number) {
            let fits = head.place == place + 1 && head.number == number && head.hash == hash;
            if !fits || !head.is_signed_by(key) {
                return Err(Broken::Signature(format!("head {}", head.place)));
            }
            place += 1;
            next_head = heads.next().transpose()?;
        }
        let Some(event) = events.next() else { break };
        let (event, written) = event?;
        if event.number != number + 1 {
            return Err(Broken::Place(number + 1));
        }
        if event.link(&hash) != written {
            return Err(Broken::Changed(event.number));
        }
        (number, hash) = (event.number, written);
    }
    if let Some(head) = next_head {
        return Err(Broken::End { found: number, signed: head.number });
    }
    if number != tip.number || hash != tip.hash {
        return Err(Broken::End { found: number, signed: tip.number });
    }
    if place != tip.place {
        return Err(Broken::Signature(format!("head {}", place + 1)));
    }
    Ok(Sound { events: number - anchor.number, archived: anchor.number, heads: place - anchor.place })
}

fn signed_bound(db: &Connection, key: &VerifyingKey, which: Which) -> Result<Bound, Broken> {
    let unsigned = || Broken::Signature(which.word().to_owned());
    let sql = "SELECT number, place, hash, signature FROM bound WHERE which = ?1";
    let found = db.query_row(sql, [which.word()], |row| {
        let signature: [u8; 64] = row.get(3)?;
        Ok((Bound { which, number: row.get(0)?, place: row.get(1)?, hash: row.get(2)? }, signature))
    });
    let (bound, signature) = found.optional()?.ok_or_else(unsigned)?;
    key.verify_strict(&bound.statement(), &Signature::from_bytes(&signature)).map_err(|_| unsigned())?;
    Ok(bound)
}
