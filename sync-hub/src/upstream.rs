//! A hub beneath another one, a township under its county: `sync-hub join`, and how it stays in touch.
//!
//! Towards the hub above it is one device that stands for all of its own: it brings what they said within its prefix, their
//! voices and photos too, and takes what the county did there and what it publishes for everybody. Its devices believe this hub
//! alone, so it repeats in its own name whom the county struck off, what it erased, and by which words it works. What is sealed to this hub's key stays sealed on the way up, and what is sealed to the
//! county's on the way down; each opens its own, and this hub says again to the county's key who said "me too" of what the
//! county shows. Slips are written by whoever gave the ticket's number. It must join before
//! it lets its first device in, so that the numbers of tickets and of keys are its own in the whole county.

use std::{convert::Infallible, path::Path, process::ExitCode, sync::Arc, time::Duration};

use anyhow::{Context as _, bail, ensure};
use civic_core::{
    access::Role,
    area::Area,
    seal::{OpenKey, Seed},
    space::{Audience, Space},
};
use ledger::repeat::{Reached, Word};
use replica::{
    clock,
    device::Device,
    dir::DataDir,
    enrol::{Invitation, enrol},
    hub::spread,
    identity::{Card, Identity},
};
use tracing::{debug, warn};

use crate::{
    audit::{Action, Audit, By, Event},
    codebook,
    errand::Desk,
    keys::Keys,
    register::{self, Register},
};

/// The card that the hub above gave, as it goes into backups.
pub const FILE: &str = "upstream.json";
/// Where the device lives that this hub is to the hub above: with the same key, and with a card and a memory of its own.
pub const PLACE: &str = "upstream";
const KEY_FILE: &str = "device.key";
const CARD_FILE: &str = "device.json";
/// How often the hub above is asked for news when nothing is brought.
const ASK: Duration = Duration::from_secs(30);
/// Much that is said together is brought together.
const GATHER: Duration = Duration::from_secs(1);

/// Joins the hub in `dir` to the one at HOST:PORT, by a code for a hub that was given there.
pub fn join(dir: &Path, hub: &str, code: &str) -> anyhow::Result<ExitCode> {
    let dir = DataDir::hold(dir)?;
    let identity = Identity::load(&dir, Role::Hub)?;
    ensure!(dir.read(FILE)?.is_none(), "this hub is beneath another one already");
    let register = Register::open(&dir.file(register::FILE))?;
    ensure!(register.keys()?.is_empty(), "a hub joins another before it lets its first device in");
    let audit = Audit::open(&dir, &identity.key)?;
    audit.note(&Event::new(By::command_line(), Action::Join).upon(hub))?;
    let invitation = Invitation::typed(hub, code);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.context("Starting the runtime")?;
    let card = runtime.block_on(enrol(&place(&dir)?, &invitation, Role::Hub, false, |digits| {
        eprintln!("waiting for the hub above: compare these digits there and approve: {digits}");
    }))?;
    if !register.take_block(card.number)? {
        bail!("a hub joins another before it lets its first device in");
    }
    // Epochs of two hubs are told apart by their upper half.
    let epoch = u32::from(card.number) << 16 | 1;
    Keys::open(&dir)?.change(|ring| ring.add(OpenKey::make(epoch, Seed(clock::random())), clock::now()))?;
    dir.replace(FILE, &serde_json::to_vec_pretty(&card)?)?;
    let areas: Vec<&str> = card.scope.areas.iter().map(Area::code).collect();
    println!("beneath {hub} as {:?}, for {}, numbers from {:04}", card.name, areas.join(" "), card.number + 1);
    Ok(ExitCode::SUCCESS)
}

/// The place of the device that this hub is to the hub above, which knows it by the key by which its own devices know it.
fn place(dir: &DataDir) -> anyhow::Result<DataDir> {
    let place = DataDir::hold(&dir.file(PLACE))?;
    let key = dir.read(KEY_FILE)?.context("the hub has no key")?;
    if place.read(KEY_FILE)?.as_ref() != Some(&key) {
        place.replace(KEY_FILE, &key)?;
    }
    Ok(place)
}

/// Whether the hub in `dir` is beneath another one.
pub fn is_beneath(dir: &DataDir) -> anyhow::Result<bool> {
    Ok(dir.read(FILE)?.is_some())
}

/// Where the hub in `dir` says to every device what it says: in the county, and one beneath another in its prefix, so that
/// the hub above hears it as well.
pub fn place_of_words(dir: &DataDir, county: &Area) -> anyhow::Result<Area> {
    let card = card_above(dir)?;
    Ok(card.and_then(|card| card.scope.areas.into_iter().next()).unwrap_or_else(|| county.clone()))
}

fn card_above(dir: &DataDir) -> anyhow::Result<Option<Card>> {
    let card = dir.read(FILE)?.map(|card| serde_json::from_slice(&card));
    card.transpose().context("The card of the hub above cannot be understood")
}

/// Repeats in this hub's own name what the hub above said to every device, and to that one what it is to count; returns how
/// much that was.
fn repeat(dir: &DataDir, desk: &Desk, above: &[u8; 32], reached: &mut Reached) -> anyhow::Result<usize> {
    let (ledger, mut done) = (&desk.ledger, 0);
    let area = place_of_words(dir, &ledger.codebook().county.area)?;
    spread(ledger.log(), &Space::new(area, Audience::Public), ledger.log().revoked(above)?)?;
    let (words, further) = ledger.words_of(above, reached)?;
    for word in words {
        done += usize::from(match &word {
            Word::Erased { doc, area, stone } => desk.eraser.follow(doc, area, stone)?,
            Word::Edition(edition) => ledger.repeat_edition(edition)?,
        });
    }
    codebook::keep(dir, ledger)?;
    if let Some(key) = further.seal_key().or(card_above(dir)?.map(|card| card.seal_key)) {
        done += ledger.repeat_me_too(&key)?;
    }
    *reached = further;
    Ok(done)
}

/// Stays in touch with the hub above for ever, if there is one.
pub async fn stay(dir: DataDir, desk: Desk, register: Arc<Register>) {
    stay_and_retry(&dir, &desk, &register, ASK).await;
}

/// Where this hub's own disk refuses, it begins again after `pause`: somebody may have made room.
async fn stay_and_retry(dir: &DataDir, desk: &Desk, register: &Register, pause: Duration) {
    loop {
        let Err(failure) = stay_in_touch(dir, desk, register).await;
        warn!(error = format!("{failure:#}"), "The hub above is met again later");
        tokio::time::sleep(pause).await;
    }
}

async fn stay_in_touch(dir: &DataDir, desk: &Desk, register: &Register) -> anyhow::Result<Infallible> {
    let Some(card) = dir.read(FILE)? else { return std::future::pending().await };
    let log = desk.ledger.log().clone();
    let mut reached = Reached::default();
    let place = place(dir)?;
    if place.read(CARD_FILE)?.is_none() {
        // It came back from a backup.
        place.replace(CARD_FILE, &card)?;
    }
    let mut revision = log.revision();
    let mut said = String::new();
    loop {
        revision.mark_unchanged();
        let above = Arc::new(Identity::load(&place, Role::Hub)?);
        let hub_key = above.card.hub_key().context("The card of the hub above cannot be understood")?;
        let device = Device::new(above, log.clone()).standing_for(register.keys()?);
        match device.meet_once().await {
            Ok(report) => {
                // The card may have been renewed.
                let (kept, card) = (dir.read(FILE)?, place.read(CARD_FILE)?);
                if let Some(card) = card.filter(|card| kept.as_ref() != Some(card)) {
                    dir.replace(FILE, &card)?;
                }
                debug!(up = report.entries_up, down = report.entries_down, "Met the hub above");
                said.clear();
            }
            Err(error) if error.to_string() != said => {
                said = error.to_string();
                warn!(%error, "The hub above cannot be met; what is for it waits");
            }
            Err(_) => {}
        }
        let (here, worker, mut known) = (DataDir::look(dir.path()), desk.clone(), reached.clone());
        let repeated =
            tokio::task::spawn_blocking(move || anyhow::Ok((repeat(&here, &worker, &hub_key, &mut known)?, known)));
        match repeated.await.context("Repeating stopped in the middle")? {
            Ok((count, known)) => {
                debug!(count, "Repeated what the hub above said");
                reached = known;
            }
            Err(failure) => warn!(error = format!("{failure:#}"), "What the hub above said could not be repeated"),
        }
        let ask = tokio::time::sleep(ASK);
        tokio::pin!(ask);
        loop {
            tokio::select! {
                () = &mut ask => break,
                changed = revision.changed() => {
                    changed.context("the log stopped telling what changed")?;
                    tokio::time::sleep(GATHER).await;
                    revision.mark_unchanged();
                    if device.is_behind() {
                        break;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use civic_core::id::hex;
    use ledger::Ledger;

    use super::*;
    use crate::county;

    /// A disk that was full for a moment, and a township's hub did not meet its county's until it was started again.
    #[tokio::test]
    async fn a_hub_whose_disk_refused_for_a_while_goes_on_to_meet_the_hub_above() {
        let path = std::env::temp_dir().join(format!("huiyin-upstream-{}", hex(&clock::random::<8>())));
        let home = path.clone();
        let opened = tokio::task::spawn_blocking(move || {
            let dir = DataDir::hold(&home).unwrap();
            county::init(&dir, include_str!("../../tests/sample/county.toml")).unwrap();
            let identity = Identity::load(&dir, Role::Hub).unwrap();
            let ledger = Ledger::open(&dir, &identity).unwrap();
            let desk = Desk::open(&dir, &ledger).unwrap();
            let register = Register::open(&dir.file(register::FILE)).unwrap();
            (dir, desk, register, identity.card)
        });
        let (dir, desk, register, card) = opened.await.unwrap();
        // What cannot be read now: a directory stands in the way of the card.
        std::fs::create_dir(dir.file(FILE)).unwrap();
        let begins = async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            std::fs::remove_dir(dir.file(FILE)).unwrap();
            let card = Card { hub: "127.0.0.1:1".into(), ..card };
            dir.replace(FILE, &serde_json::to_vec(&card).unwrap()).unwrap();
            while !dir.file(PLACE).join(CARD_FILE).exists() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::select! {
            () = begins => {}
            () = stay_and_retry(&dir, &desk, &register, Duration::from_millis(1)) => unreachable!("it stays for ever"),
            () = tokio::time::sleep(Duration::from_secs(20)) => panic!("it was given up"),
        }
        drop((desk, register, dir));
        std::fs::remove_dir_all(path).unwrap();
    }
}
