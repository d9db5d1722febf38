//! Key epochs at the hub: the next key is made when the present one is old, and the one before is destroyed when nothing
//! sealed to it can come any more and everything that came is taken over.
//!
//! A key is destroyed by the job of [`Epochs::turn`] alone once every device has said that it seals to a newer one. A device
//! that stays silent for longer than the county keeps keys is handled by hand: [`Epochs::standing`] names it, somebody
//! fetches what it holds or gives it up, and then the command `keys destroy` does it, noted like every other.

use std::{collections::BTreeMap, path::Path, process::ExitCode, sync::Arc};

use anyhow::{Context as _, bail, ensure};
use civic_core::{
    id::DeviceId,
    keyring::OWN_EPOCH,
    seal::{OpenKey, Seed},
    time::UnixSeconds,
};
use ledger::Ledger;
use replica::clock;
use serde::{Deserialize, Serialize};

use crate::{
    audit::{Action, Audit, By, Event},
    errand::{self, Errand},
    keys::Keys,
    opening::Opener,
    register::Register,
    vault::Vault,
};

const DAY_S: i64 = 24 * 3_600;

/// Whoever looks after the keys.
#[derive(Clone)]
pub struct Epochs {
    /// The keys.
    pub keys: Arc<Keys>,
    /// Where epochs are announced, and devices say that they heard.
    pub ledger: Ledger,
    /// Which devices there are.
    pub register: Arc<Register>,
    /// Where it is noted.
    pub audit: Arc<Audit>,
    /// Takes over records that were sealed.
    pub opener: Opener,
    /// Takes over personal details.
    pub vault: Arc<Vault>,
}

/// How it stands with one epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Its number.
    pub epoch: u32,
    /// When its key was made.
    pub made_at: UnixSeconds,
    /// When the next one was made; `None` for the present one.
    pub ended_at: Option<UnixSeconds>,
    /// Devices, by their names, that may still send something sealed to it.
    pub waits_for: Vec<String>,
    /// Whether the time for which the county keeps a key is over, so that those devices must be handled by hand.
    pub is_overdue: bool,
    /// When the key was destroyed.
    pub destroyed_at: Option<UnixSeconds>,
}

impl Epochs {
    /// Does what is due: announces the newest key if that was not done, makes the next, destroys what is done with.
    /// Returns how much it did.
    pub fn turn(&self, now: UnixSeconds) -> anyhow::Result<usize> {
        let rule = self.ledger.codebook().keys;
        let mut done = 0;
        let ring = self.keys.ring();
        let (newest, made_at) = ring.newest().context("the county has no key")?;
        // A hub that was restored may have announced more than it has keys for.
        let announced = self.ledger.log().seal_key()?.map_or(0, |(key, _)| key.epoch);
        // A key of a day to come was made while this clock was wrong: how old it is nobody knows.
        let is_old = now.0 - made_at.0 >= i64::from(rule.epoch_days) * DAY_S || made_at.0 - now.0 > DAY_S;
        if is_old || announced > newest.epoch {
            let next = newest.epoch.max(announced) + 1;
            self.make(next, now)?;
            done += 1;
        }
        done += usize::from(self.announce()?);
        self.register.seal_to(self.keys.ring().seal_key()?);
        for standing in self.standing(now)? {
            let is_done_with = standing.ended_at.is_some() && standing.waits_for.is_empty();
            if is_done_with && standing.destroyed_at.is_none() && self.has_taken_all(standing.epoch, now)? {
                self.destroy_noted(standing.epoch, By::hub(), "every device seals to a newer key", now)?;
                done += 1;
            }
        }
        Ok(done)
    }

    /// Makes the next key before its time, as after a theft. Returns its number.
    pub fn make_next(&self, by: By, reason: &str, now: UnixSeconds) -> anyhow::Result<u32> {
        let announced = self.ledger.log().seal_key()?.map_or(0, |(key, _)| key.epoch);
        let next = self.keys.ring().newest().context("the county has no key")?.0.epoch.max(announced) + 1;
        self.audit.note(&Event::new(by, Action::ChangeKey).upon(format!("epoch {next}")).because(reason))?;
        self.make(next, now)?;
        self.announce()?;
        Ok(next)
    }

    fn make(&self, epoch: u32, now: UnixSeconds) -> anyhow::Result<()> {
        // On disk before anybody is told to seal to it.
        self.keys.change(|ring| ring.add(OpenKey::make(epoch, Seed(clock::random())), now))
    }

    /// Announces the newest key, unless that was done.
    fn announce(&self) -> anyhow::Result<bool> {
        let key = self.keys.ring().seal_key()?;
        let is_first = key == self.ledger.card().seal_key;
        let is_said = self.ledger.log().seal_key()?.is_some_and(|(said, _)| said == key);
        if is_first || is_said {
            return Ok(false);
        }
        self.ledger.announce_epoch(key)?;
        Ok(true)
    }

    /// Every epoch of the county, oldest first.
    pub fn standing(&self, now: UnixSeconds) -> anyhow::Result<Vec<Standing>> {
        let ring = self.keys.ring();
        let made: Vec<(u32, UnixSeconds)> = ring.epochs().map(|(key, made_at)| (key.epoch, made_at)).collect();
        let kept_s = i64::from(self.ledger.codebook().keys.kept_days) * DAY_S;
        let mut all: Vec<Standing> = ring
            .destroyed()
            .iter()
            .map(|(epoch, at)| Standing {
                epoch: *epoch,
                made_at: UnixSeconds(0),
                ended_at: None,
                waits_for: Vec::new(),
                is_overdue: false,
                destroyed_at: Some(*at),
            })
            .collect();
        for (place, (epoch, made_at)) in made.iter().enumerate() {
            let ended_at = made.get(place + 1).map(|(_, at)| *at);
            // Of two dates that cannot both be true, the later one destroys less.
            let is_old = ended_at.is_some_and(|ended_at| now.0 - ended_at.0.max(made_at.0) >= kept_s);
            let waits_for = match ended_at {
                Some(ended_at) => {
                    // When a key was made before the one before it, a clock was wrong: any device may seal to either.
                    let is_dated = *made_at <= ended_at;
                    let is_of_then = |enrolled_at| !is_dated || enrolled_at <= ended_at || enrolled_at > now;
                    self.waits_for(*epoch, is_of_then, is_old)?
                }
                None => Vec::new(),
            };
            all.push(Standing {
                epoch: *epoch,
                made_at: *made_at,
                ended_at,
                is_overdue: is_old && !waits_for.is_empty(),
                waits_for,
                destroyed_at: None,
            });
        }
        Ok(all)
    }

    /// Devices, by their names, that may still hold or write something sealed to `epoch`; `is_of_then` says of the time at
    /// which a device was enrolled whether its card may name that key. A card that was written later names a newer key, but a device that was enrolled anew brings what waited under the key that it had
    /// before. What a device wrote that was struck off and not enrolled anew may come by a stick, and is waited for until the
    /// time is over for which the county keeps a key.
    fn waits_for(
        &self,
        epoch: u32,
        is_of_then: impl Fn(UnixSeconds) -> bool,
        is_old: bool,
    ) -> anyhow::Result<Vec<String>> {
        let heard = self.ledger.heard_beyond(epoch)?;
        let is_past = |key: &[u8; 32]| heard.contains(&DeviceId::of(key));
        let (devices, former) = (self.register.devices()?, self.register.all_former()?);
        let began: BTreeMap<[u8; 32], UnixSeconds> =
            devices.iter().map(|device| (device.public_key, device.enrolled_at)).collect();
        let mut silent = Vec::new();
        for device in devices {
            let before = || former.iter().filter(|(key, _)| *key == device.public_key).map(|(_, former)| *former);
            let mut keys = before().chain([device.public_key]);
            let may_hold = before().any(|key| began.get(&key).is_none_or(|began| is_of_then(*began)))
                || is_of_then(device.enrolled_at);
            let has_successor = former.iter().any(|(_, former)| *former == device.public_key);
            let is_given_up = device.is_revoked && (is_old || has_successor);
            if may_hold && !is_given_up && !keys.any(|key| is_past(&key)) {
                silent.push(device.name);
            }
        }
        Ok(silent)
    }

    /// Destroys the key of an epoch that ended. Devices that have not said that they are past it stop that, unless its time is
    /// over and `gives_up` says that somebody knows of them; what is not taken over stops it always.
    pub fn destroy(&self, epoch: u32, gives_up: bool, by: By, reason: &str, now: UnixSeconds) -> anyhow::Result<()> {
        ensure!(epoch != OWN_EPOCH, "this is the hub's own key, which no device seals to");
        let standing = self.standing(now)?.into_iter().find(|standing| standing.epoch == epoch);
        let standing = standing.with_context(|| format!("there is no epoch {epoch}"))?;
        ensure!(standing.destroyed_at.is_none(), "the key of epoch {epoch} is destroyed already");
        ensure!(standing.ended_at.is_some(), "epoch {epoch} is the present one; `keys next` makes another first");
        let names = standing.waits_for.join(", ");
        if !standing.waits_for.is_empty() && !standing.is_overdue {
            bail!("these devices may still send something that only this key opens: {names}; wait, or fetch it");
        }
        if !standing.waits_for.is_empty() && !gives_up {
            bail!(
                "these devices have been silent for too long, and what they hold will never be opened: {names}; fetch it, \
                 or say --give-up"
            );
        }
        ensure!(
            self.has_taken_all(epoch, now)?,
            "not everything that was sealed to epoch {epoch} is taken over yet; the hub does so while it serves"
        );
        self.destroy_noted(epoch, by, reason, now)
    }

    /// Whether everything that was sealed to this epoch and came here is taken over.
    fn has_taken_all(&self, epoch: u32, now: UnixSeconds) -> anyhow::Result<bool> {
        while self.vault.take_in(&self.ledger, &self.keys.ring(), now)? > 0 {}
        self.opener.has_taken_all(epoch)
    }

    fn destroy_noted(&self, epoch: u32, by: By, reason: &str, now: UnixSeconds) -> anyhow::Result<()> {
        let event = Event::new(by, Action::ChangeKey).upon(format!("epoch {epoch}"));
        self.audit.note(&event.because(format!("destroyed: {reason}")))?;
        self.keys.change(|ring| ring.destroy(epoch, now))?;
        Ok(())
    }
}

/// What the command `keys` asks for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum KeyOrder {
    /// How it stands.
    List,
    /// The next key before its time.
    Next {
        /// Why.
        reason: String,
    },
    /// Destroy one.
    Destroy {
        /// Which.
        epoch: u32,
        /// Although devices are silent.
        gives_up: bool,
        /// Why.
        reason: String,
    },
}

impl KeyOrder {
    /// Carries it out and tells how it stands then.
    pub fn carry_out(&self, epochs: &Epochs, now: UnixSeconds) -> anyhow::Result<Vec<Standing>> {
        match self {
            KeyOrder::List => {}
            KeyOrder::Next { reason } => drop(epochs.make_next(By::command_line(), reason, now)?),
            KeyOrder::Destroy { epoch, gives_up, reason } => {
                epochs.destroy(*epoch, *gives_up, By::command_line(), reason, now)?;
            }
        }
        epochs.standing(now)
    }
}

/// The command `keys`: by the hub that is serving, or here if none is.
pub fn command(dir: &Path, order: KeyOrder, json: bool) -> anyhow::Result<ExitCode> {
    let all: Vec<Standing> = errand::send(dir, &Errand::Keys(order))?;
    for standing in all {
        if json {
            println!("{}", serde_json::to_string(&standing)?);
            continue;
        }
        let Standing { epoch, made_at, ended_at, waits_for, is_overdue, destroyed_at } = standing;
        let state = match (destroyed_at, ended_at) {
            (Some(at), _) => format!("destroyed {}", at.date_and_minute()),
            (None, None) => format!("made {}, devices seal to it", made_at.date_and_minute()),
            (None, Some(at)) if waits_for.is_empty() => {
                format!("ended {}, about to be destroyed", at.date_and_minute())
            }
            (None, Some(at)) => {
                let late = if is_overdue { "; it is time to handle them by hand" } else { "" };
                format!("ended {}, waits for {}{late}", at.date_and_minute(), waits_for.join(", "))
            }
        };
        println!("epoch {epoch}: {state}");
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use std::{path::PathBuf, thread::sleep, time::Duration};

    use civic_core::{access::Role, area::Area, id::hex};
    use replica::{
        dir::DataDir,
        enrol::{Claim, Claimant, Desk as _},
        identity::Identity,
    };

    use super::*;
    use crate::{county, errand::Desk};

    /// A county with nobody in it.
    fn desk() -> (PathBuf, DataDir, Ledger, Epochs) {
        let path = std::env::temp_dir().join(format!("huiyin-epochs-{}", hex(&clock::random::<8>())));
        let dir = DataDir::hold(&path).unwrap();
        county::init(&dir, include_str!("../../tests/sample/county.toml")).unwrap();
        let ledger = Ledger::open(&dir, &Identity::load(&dir, Role::Hub).unwrap()).unwrap();
        let epochs = Desk::open(&dir, &ledger).unwrap().epochs;
        (path, dir, ledger, epochs)
    }

    fn let_in(register: &Register, public_key: [u8; 32], former: Option<[u8; 32]>, replaces: Option<&DeviceId>) {
        let village = Area::parse("990127101201").unwrap();
        let county = Area::parse("990127").unwrap();
        match replaces {
            Some(device) => register.add_successor(device, true).unwrap(),
            None => register.add_slot(&county, Role::Kiosk, &[village], "石桥村", true).unwrap(),
        };
        let claimant = Claimant { public_key, comparison: String::new(), former };
        assert_eq!(register.claim(register.slots().last().unwrap().id, &claimant), Ok(Claim::Approved));
    }

    #[test]
    fn no_key_is_destroyed_by_a_clock_that_fell_back_or_ran_ahead() {
        let (path, dir, ledger, epochs) = desk();
        let_in(&epochs.register, [1; 32], None, None);
        let now = clock::now();
        // A flat battery. The key that it makes is as good as any; the one before it is what every device seals to.
        assert_eq!(epochs.turn(UnixSeconds(0)).unwrap(), 2, "a key is made and announced, and none destroyed");
        // The clock is right again, and a month later nobody has said anything yet.
        for now in [now, UnixSeconds(now.0 + 40 * DAY_S)] {
            epochs.turn(now).unwrap();
            let standing = epochs.standing(now).unwrap();
            assert!(standing.iter().all(|standing| standing.destroyed_at.is_none()), "{standing:?}");
            assert_eq!(standing[0].waits_for, ["石桥村"]);
        }
        assert!(!epochs.standing(now).unwrap()[0].is_overdue, "it ended now, whatever the clock said then");
        // Seen from before it was enrolled, a device is of every time.
        assert_eq!(epochs.standing(UnixSeconds(now.0 - DAY_S)).unwrap()[1].waits_for, ["石桥村"]);
        drop((epochs, ledger, dir));
        std::fs::remove_dir_all(&path).unwrap();
    }

    #[test]
    fn a_key_waits_for_what_a_device_brings_that_was_enrolled_anew_or_struck_off() {
        let (path, dir, ledger, epochs) = desk();
        let [card, anew, dead, new] = [1, 2, 3, 4].map(|byte| [byte; 32]);
        for key in [card, dead] {
            let_in(&epochs.register, key, None, None);
        }
        // The clocks count whole seconds.
        sleep(Duration::from_millis(1_100));
        epochs.make_next(By::hub(), "a month", clock::now()).unwrap();
        sleep(Duration::from_millis(1_100));
        let waits_for = |now: UnixSeconds| epochs.standing(now).unwrap()[0].waits_for.len();
        assert_eq!(waits_for(clock::now()), 2);
        // One is enrolled anew with all that waits on its card, and a new machine stands in for the other.
        let_in(&epochs.register, anew, Some(card), Some(&DeviceId::of(&card)));
        let_in(&epochs.register, new, None, Some(&DeviceId::of(&dead)));
        assert_eq!(
            waits_for(clock::now()),
            2,
            "the card under its new key, and whatever a stick may bring of the other"
        );
        assert_eq!(epochs.turn(clock::now()).unwrap(), 0, "no key is destroyed");
        let after = UnixSeconds(clock::now().0 + 400 * DAY_S);
        assert_eq!(waits_for(after), 1, "nobody waits for a dead machine for ever");
        drop((epochs, ledger, dir));
        std::fs::remove_dir_all(&path).unwrap();
    }
}
