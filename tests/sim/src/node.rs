//! One installation: a card, what its program runs, and what its clock believes.

use std::{collections::BTreeSet, ops::RangeInclusive, path::PathBuf, sync::OnceLock};

use civic_core::{
    access::{Role, Scope},
    area::Area,
    id::hex,
    seal::{OpenKey, SealKey, Seed},
    space::{Audience, Space},
    time::UnixSeconds,
};
use ed25519_dalek::SigningKey;
use ledger::{Ledger, LedgerError};
use replica::{
    dir::DataDir,
    identity::{Card, Identity},
};
use sync_core::session::Member;

use crate::{clock, disk, reference::HUB};

/// The sample county.
const SAMPLE: &str = include_str!("../../sample/county.toml");
/// The key epoch to which devices seal.
const EPOCH: u32 = 1;

/// How many numbers a hub beneath another is given, with its own.
pub const BLOCK: u16 = 100;

/// Seconds since 1970 at which every story begins: 2026-05-01.
pub const BEGINNING: i64 = 1_777_564_800;

/// How a clock goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Going {
    /// As it should.
    Right,
    /// Off by so many seconds.
    Off(i64),
    /// It stands at this time, and begins there whenever it is looked at.
    At(i64),
}

/// An installation.
pub struct Node {
    /// Its card's directory.
    pub dir: PathBuf,
    /// Its key.
    pub key: SigningKey,
    /// What the county gave it.
    pub card: Card,
    /// What runs, while it runs.
    pub ledger: Option<Ledger>,
    /// Its clock.
    pub going: Going,
    /// When, in deeds of the county, somebody starts it again.
    pub down_until: u64,
    /// Whether it was struck off.
    pub is_revoked: bool,
    /// Whether it let go of something of its log.
    pub has_let_go: bool,
    /// Whether its card is full, or read-only, or failing, until somebody sees to it.
    pub is_ailing: bool,
    /// The hub that it calls, by its place in the county.
    pub above: usize,
    /// What the hub above gave a hub beneath it.
    pub upstream: Option<Scope>,
    /// Numbers whose slips another hub writes.
    pub elsewhere: Vec<RangeInclusive<u16>>,
}

/// The sample county with the places that matter here, one topic and one body: it is read at every start.
fn codebook() -> &'static str {
    static CODEBOOK: OnceLock<String> = OnceLock::new();
    CODEBOOK.get_or_init(|| {
        let mut seen = BTreeSet::new();
        let is_used = |part: &&str| match part.split_once("]]") {
            Some(("place", rest)) => ["990127101", "990127102"].iter().any(|area| rest.contains(area)),
            Some((kind @ ("topic" | "body"), _)) => seen.insert(kind.to_owned()),
            Some(_) | None => true,
        };
        let cut = SAMPLE.split("[[").filter(is_used).collect::<Vec<_>>().join("[[");
        // The only line that names topics which are gone.
        cut.lines().filter(|line| !line.starts_with("two_persons")).collect::<Vec<_>>().join("\n")
    })
}

/// The key that opens what is sealed to the county.
pub fn county_key() -> OpenKey {
    seal_key(EPOCH)
}

/// The key of this epoch.
pub fn seal_key(epoch: u32) -> OpenKey {
    let mut seed = [7; 32];
    seed[..4].copy_from_slice(&epoch.to_le_bytes());
    OpenKey::make(epoch, Seed(seed))
}

/// The key of the installation with this number; the hub's is 0.
pub fn key_of(number: u16) -> SigningKey {
    let mut seed = [0x5a; 32];
    seed[..2].copy_from_slice(&number.to_le_bytes());
    SigningKey::from_bytes(&seed)
}

impl Node {
    /// An installation that is not started yet.
    ///
    /// # Panics
    /// If the county's own key or area cannot be made.
    pub fn new(name: &str, role: Role, number: u16, areas: &[&str]) -> Self {
        let key = key_of(number);
        let areas = areas.iter().map(|area| Area::parse(area).expect("an area of the sample")).collect();
        let seal_key: SealKey = county_key().seal_key().expect("a key of 32 bytes");
        let card = Card {
            scope: Scope { role, areas },
            name: name.to_owned(),
            number,
            hub: String::new(),
            hub_key: hex(&key_of(0).verifying_key().to_bytes()),
            authority: String::new(),
            spare: String::new(),
            retired: String::new(),
            certificate: String::new(),
            seal_key,
            codebook: codebook().to_owned(),
            edition: 0,
            enrolled_at: UnixSeconds(0),
            renewed_at: None,
            former: Vec::new(),
            board: String::new(),
            salt: String::new(),
        };
        let dir = PathBuf::from(format!("/cards/{name}"));
        let going = Going::Right;
        Self {
            dir,
            key,
            card,
            ledger: None,
            going,
            down_until: 0,
            is_revoked: false,
            has_let_go: false,
            is_ailing: false,
            above: HUB,
            upstream: None,
            elsewhere: Vec::new(),
        }
    }

    /// It was enrolled at this hub, which stands at this place of the county.
    ///
    /// # Panics
    /// If the hub's key to seal to cannot be made.
    pub fn beneath(mut self, place: usize, hub: &Node) -> Self {
        self.above = place;
        self.card.hub_key = hex(&hub.public_key());
        self.card.seal_key = hub.card.seal_key;
        self
    }

    /// A hub beneath another, as that one knows it: with this area, and the numbers behind its own.
    ///
    /// # Panics
    /// If its key to seal to cannot be made.
    pub fn joined(mut self, area: &str) -> Self {
        let number = self.card.number;
        self.card.hub_key = hex(&self.public_key());
        self.card.seal_key = seal_key(u32::from(number) << 16 | EPOCH).seal_key().expect("a key of 32 bytes");
        let areas = vec![Area::parse(area).expect("an area of the sample")];
        self.upstream = Some(Scope { role: Role::Hub, areas });
        self.elsewhere = vec![0..=number - 1, number + BLOCK..=u16::MAX];
        self
    }

    /// Where a hub says to every device what it says: in the county, and one beneath another in its prefix.
    pub fn place_of_words(&self) -> Space {
        let scope = self.upstream.as_ref().unwrap_or(&self.card.scope);
        Space::new(scope.areas[0].clone(), Audience::Public)
    }

    /// As whom the county knows it.
    pub fn public_key(&self) -> [u8; 32] {
        self.key.verifying_key().to_bytes()
    }

    /// As it takes part in meetings with the hub that it calls.
    pub fn member(&self) -> Member {
        Member::new(self.public_key(), self.upstream.as_ref().unwrap_or(&self.card.scope).clone())
    }

    /// Its role.
    pub fn role(&self) -> Role {
        self.card.scope.role
    }

    /// What it believes at this time.
    pub fn believes(&self, now: i64) -> i64 {
        match self.going {
            Going::Right => now,
            Going::Off(by) => now + by,
            Going::At(at) => at + (now - BEGINNING) % 3_600,
        }
    }

    /// Lets it work: from here on the clock shows what it believes.
    pub fn at_work(&self, now: i64) -> Option<&Ledger> {
        clock::show(self.believes(now));
        self.ledger.as_ref()
    }

    /// Starts its program.
    pub fn start(&mut self, now: i64) -> Result<(), LedgerError> {
        clock::show(self.believes(now));
        let home = DataDir::look(&self.dir);
        let identity = Identity::new(&home, self.key.clone(), self.card.clone());
        let mut opened = Ledger::open(&home, &identity);
        let is_mended = !disk::is_dead(&self.dir) && !disk::has_struck(&self.dir);
        if is_mended && matches!(opened, Err(LedgerError::Tables(_))) {
            // It would have made them anew, but these cards are not where it looks for files.
            disk::remove(&self.dir, "ledger.db");
            opened = Ledger::open(&home, &identity);
        }
        let ledger = opened?;
        ledger.leave_slips_of(self.elsewhere.clone());
        self.ledger = Some(ledger);
        Ok(())
    }

    /// Ends its program from one moment to the next; what it was about to write is not written.
    pub fn stop(&mut self) {
        disk::kill(&self.dir);
        self.ledger = None;
    }
}
