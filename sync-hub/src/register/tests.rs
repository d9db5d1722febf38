//! Devices and their hub over a real road, by clocks that are made up.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU32, Ordering},
    },
    time::Duration,
};

use civic_core::{id::from_hex, opinion::NewOpinion, seal::Contact};
use ledger::Ledger;
use replica::{
    board::{Board as _, Named},
    bundle::HubEnd,
    carry::{
        bag::{Bag, Holder},
        ends::OfHub,
        near::{self, Near},
        newcomer::{self, Asking},
    },
    device::{Device, Report, RoadState},
    dir::DataDir,
    enrol::{
        EnrolError, Invitation,
        by_letter::{self, Addressee, Heard},
        enrol,
    },
    hub::{Entrance, Hub},
    identity::{Identity, IdentityError},
    memory::Memory,
    pump::MeetError,
    road::{self, CLOSE_EXPIRED, quic, tls},
};
use tokio::{sync::oneshot, task::JoinHandle};

use super::*;
use crate::county;

const COUNTY: &str = include_str!("../../../tests/sample/county.toml");
const VILLAGE: &str = "990127101201";
const DAY: i64 = 86_400;

/// Makes a clock of a test's own, which begins with the real one.
macro_rules! made_up_clock {
    ($hand:ident, $clock:ident) => {
        static $hand: AtomicI64 = AtomicI64::new(0);
        fn $clock() -> UnixSeconds {
            UnixSeconds(clock::now().0 + $hand.load(Ordering::Relaxed))
        }
    };
}

/// A directory that goes with the test.
struct Scratch(PathBuf);

impl Scratch {
    fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A county's hub on this machine.
struct Rig {
    dir: Scratch,
    register: Arc<Register>,
    ledger: Ledger,
    at: SocketAddr,
    stop: oneshot::Sender<()>,
    running: JoinHandle<()>,
}

impl Rig {
    async fn begin(name: &str, clock: fn() -> UnixSeconds) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("huiyin-register-{name}-{}-{number}", std::process::id()));
        let dir = Scratch(dir);
        let home = dir.join("hub");
        blocking(move || county::init(&DataDir::hold(&home).unwrap(), COUNTY).unwrap()).await;
        Self::start(dir, clock).await
    }

    async fn start(dir: Scratch, clock: fn() -> UnixSeconds) -> Self {
        let home = dir.join("hub");
        let opened = blocking(move || {
            let home = DataDir::hold(&home).unwrap();
            let identity = Identity::load(&home, Role::Hub).unwrap();
            let ledger = Ledger::open(&home, &identity).unwrap();
            let authority = county::authority(&home, &identity.card).unwrap();
            let register = Register::open_for_enrolment(&home.file(FILE), authority, identity.card.clone()).unwrap();
            (home, identity, ledger, Arc::new(register.with_clock(clock)))
        });
        let (home, identity, ledger, register) = opened.await;
        let door = Arc::new(county::door(&identity.card, register.clone()).unwrap());
        let config = tls::hub_config(&identity.key, door.clone()).unwrap();
        let entrance = Entrance::open((Ipv4Addr::LOCALHOST, 0).into(), config).unwrap();
        let at = entrance.address().unwrap();
        let county = ledger.codebook().county.area.clone();
        let hub = Arc::new(Hub::new(ledger.log().clone(), county, identity.key.clone(), register.clone(), door));
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(async move {
            tokio::select! {
                () = hub.serve(&entrance) => {}
                _ = stopped => {
                    hub.dismiss();
                    entrance.close(Duration::from_secs(1)).await;
                }
            }
            drop(home);
        });
        Self { dir, register, ledger, at, stop, running }
    }

    /// Stops the hub and gives back its directory.
    async fn stop(self) -> Scratch {
        let Self { dir, stop, running, .. } = self;
        let _ = stop.send(());
        running.await.unwrap();
        dir
    }

    fn home(&self, name: &str) -> DataDir {
        DataDir::hold(&self.dir.join(name)).unwrap()
    }

    fn code(&self, is_trusted: bool) -> String {
        let [county, village] = ["990127", VILLAGE].map(|area| Area::parse(area).unwrap());
        self.register.add_slot(&county, Role::Kiosk, &[village], "石桥村", is_trusted).unwrap()
    }

    async fn enrol_with(&self, home: &DataDir, code: &str, is_again: bool) -> Result<Card, EnrolError> {
        enrol(home, &Invitation::typed(&self.at.to_string(), code), Role::Kiosk, is_again, |_| {}).await
    }

    /// A new device that was let in.
    async fn enrolled(&self, name: &str) -> DataDir {
        let home = self.home(name);
        self.enrol_with(&home, &self.code(true), false).await.unwrap();
        home
    }

    async fn meet(&self, home: &DataDir, clock: fn() -> UnixSeconds) -> Result<Report, MeetError> {
        let mut identity = Identity::load(home, Role::Kiosk).unwrap();
        identity.card.hub = self.at.to_string();
        let ledger = open(home).await;
        let device = Device::new(Arc::new(identity), ledger.log().clone()).with_clock(clock);
        let met = device.meet_once().await;
        drop(device);
        blocking(move || drop(ledger)).await;
        let hub = self.ledger.clone();
        blocking(move || hub.catch_up().unwrap()).await;
        met
    }

    /// What the hub has of opinions, one line each.
    fn opinions(&self) -> Vec<String> {
        let mut lines = Vec::new();
        self.ledger
            .export(|line| {
                lines.push(line.to_string());
                Ok::<(), std::io::Error>(())
            })
            .unwrap()
            .unwrap();
        lines
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

async fn open(home: &DataDir) -> Ledger {
    let home = DataDir::look(home.path());
    blocking(move || Ledger::open(&home, &Identity::load(&home, Role::Kiosk).unwrap()).unwrap()).await
}

/// Somebody speaks at the kiosk in `home`.
async fn say(home: &DataDir, body: &str) {
    let (ledger, body) = (open(home).await, body.to_owned());
    blocking(move || {
        let new = NewOpinion { body, ..NewOpinion::default() };
        ledger.file(&Area::parse(VILLAGE).unwrap(), "站", new, &Contact::default()).unwrap();
    })
    .await;
}

fn card(home: &DataDir) -> Card {
    Identity::load(home, Role::Kiosk).unwrap().card
}

#[tokio::test]
async fn a_certificate_that_has_expired_opens_renewal_and_nothing_else_and_is_renewed_by_it() {
    made_up_clock!(HAND, hub_clock);
    let rig = Rig::begin("expired", hub_clock).await;
    let home = rig.enrolled("kiosk").await;
    say(&home, "路灯坏了").await;
    let before = card(&home);
    HAND.store(401 * DAY, Ordering::Relaxed);

    // Whoever does not renew is told nothing and heard in nothing.
    let key = Identity::load(&home, Role::Kiosk).unwrap().key;
    let certificate = from_hex(&before.certificate).unwrap();
    let config = tls::device_config(&key, certificate, &before.authorities().unwrap(), before.enrolled_at).unwrap();
    let connection = road::Connection::Quic(quic::call("hub", rig.at, config).await.unwrap());
    let (mut send, _receive) = connection.open().await.unwrap();
    send.send_bytes(vec![1, 0]).await.unwrap();
    assert_eq!(connection.closed().await.code, CLOSE_EXPIRED);

    let report = rig.meet(&home, clock::now).await.unwrap();
    assert!(report.in_step && report.entries_up > 0);
    let after = card(&home);
    assert_ne!(after.certificate, before.certificate);
    assert_eq!((after.enrolled_at, after.hub_key.as_str()), (before.enrolled_at, before.hub_key.as_str()));
    assert!(after.certified_at().0 - before.certified_at().0 >= 401 * DAY);
    assert_eq!(rig.opinions().len(), 1);

    // Struck off, it opens not even renewal.
    rig.register.revoke(&DeviceId::of(&key.verifying_key().to_bytes())).unwrap();
    HAND.store(900 * DAY, Ordering::Relaxed);
    assert!(rig.meet(&home, clock::now).await.is_err());
    assert_eq!(card(&home).certificate, after.certificate);
}

#[tokio::test]
async fn a_certificate_is_renewed_while_it_is_still_good() {
    made_up_clock!(HAND, hub_clock);
    let rig = Rig::begin("renewed", hub_clock).await;
    let home = rig.enrolled("kiosk").await;
    let first = card(&home).certificate;
    rig.meet(&home, hub_clock).await.unwrap();
    assert_eq!(card(&home).certificate, first);
    assert!(Memory::read(&home).unwrap().hub_time.0 > 0);
    for day in 1..=310 {
        // Both clocks go on together, and the hub is met often enough for the device's to be believed.
        HAND.store(day * DAY, Ordering::Relaxed);
        if day % 31 == 0 || day > 305 {
            rig.meet(&home, hub_clock).await.unwrap();
        }
    }
    assert_ne!(card(&home).certificate, first);
    assert!(rig.register.devices().unwrap()[0].certified_at.0 > clock::now().0 + 299 * DAY);
}

/// The county's words as a newer program writes them.
fn newer_words(number: u32) -> Edition {
    Edition { number, text: format!("of_a_newer_program = true\n{COUNTY}") }
}

#[tokio::test]
async fn a_machine_whose_program_is_too_old_for_the_county_is_not_made_a_device_that_cannot_start() {
    let rig = Rig::begin("too-old", clock::now).await;
    let (home, code) = (rig.home("kiosk"), rig.code(true));
    rig.register.speak_by(newer_words(9));
    // A card with words that the program cannot read was written down, and from then on it did not start.
    assert!(matches!(rig.enrol_with(&home, &code, false).await, Err(EnrolError::Unusable)));
    assert!(matches!(Identity::load(&home, Role::Kiosk), Err(IdentityError::NotEnrolled(_))));
    // The code is not used up for the machine that gets a newer program.
    rig.register.speak_by(Edition { number: 9, text: COUNTY.into() });
    rig.enrol_with(&home, &code, false).await.unwrap();
    assert!(rig.meet(&home, clock::now).await.unwrap().in_step);
}

#[tokio::test]
async fn a_certificate_is_renewed_whatever_the_county_speaks_and_words_too_new_to_read_are_left_out() {
    made_up_clock!(HAND, hub_clock);
    let rig = Rig::begin("renewed-newer", hub_clock).await;
    let home = rig.enrolled("kiosk").await;
    let before = card(&home);
    rig.register.speak_by(newer_words(9));
    HAND.store(410 * DAY, Ordering::Relaxed);
    rig.meet(&home, hub_clock).await.unwrap();
    let after = card(&home);
    assert_ne!(after.certificate, before.certificate);
    // A card with words that no start could read would have been the device's last.
    assert_eq!((after.edition, &after.codebook), (before.edition, &before.codebook));
    open(&home).await;
}

#[tokio::test]
async fn a_county_goes_over_to_its_spare_authority_and_its_devices_come_along() {
    let rig = Rig::begin("rotate", clock::now).await;
    let home = rig.enrolled("kiosk").await;
    let old = card(&home);
    let dir = rig.stop().await;
    let hub_home = dir.join("hub");
    let spare = county::spare_key_lies_in(&DataDir::look(&hub_home)).unwrap().unwrap();
    let safe = dir.join("safe.txt");
    std::fs::rename(&spare, &safe).unwrap();
    let stranger = dir.join("stranger.txt");
    std::fs::write(&stranger, "# a key\n".to_owned() + &"07".repeat(32)).unwrap();
    let (rotated, refused) = blocking(move || {
        let home = DataDir::hold(&hub_home).unwrap();
        let card = Identity::load(&home, Role::Hub).unwrap().card;
        let refused = county::rotate(&home, &card, &stranger).unwrap_err();
        (county::rotate(&home, &card, &safe).unwrap(), format!("{refused:#}"))
    })
    .await;
    assert!(refused.contains("not the key of this county's authority"), "{refused}");
    assert_eq!((&rotated.authority, &rotated.retired), (&old.spare, &old.authority));
    assert!(spare.exists(), "the next spare lies there to be taken away");

    let rig = Rig::start(dir, clock::now).await;
    say(&home, "路灯坏了").await;
    assert!(rig.meet(&home, clock::now).await.unwrap().in_step);
    let new = card(&home);
    assert_ne!(new.certificate, old.certificate);
    assert_eq!((&new.authority, &new.spare), (&rotated.authority, &rotated.spare));
    assert!(new.retired.is_empty());
    // A device that is enrolled from now on is as good as the old one.
    let other = rig.enrolled("other").await;
    assert!(rig.meet(&other, clock::now).await.unwrap().in_step);
    // And a certificate that the old authority signs opens no meeting, even for a key that the register knows.
    assert!(!tls::is_same_authority(&from_hex(&old.certificate).unwrap(), &from_hex(&new.certificate).unwrap()));
}

#[tokio::test]
async fn a_power_cut_while_the_county_goes_over_leaves_one_authority_or_the_other() {
    let rig = Rig::begin("rotate-cut", clock::now).await;
    let home = rig.enrolled("kiosk").await;
    let dir = rig.stop().await;
    let hub_home = DataDir::hold(&dir.join("hub")).unwrap();
    let before = hub_home.read("authority.key").unwrap().unwrap();
    let spare = county::spare_key_lies_in(&hub_home).unwrap().unwrap();
    let card = Identity::load(&hub_home, Role::Hub).unwrap().card;
    let rotated = county::rotate(&hub_home, &card, &spare).unwrap();
    // As if the power had failed before the key was in its place: the card names the new one, the key's file is the old.
    let key = hub_home.read("authority.key").unwrap().unwrap();
    hub_home.replace("authority.key.next", &key).unwrap();
    hub_home.replace("authority.key", &before).unwrap();
    assert!(county::authority(&hub_home, &rotated).unwrap().is_whole());
    assert_eq!(hub_home.read("authority.key").unwrap().unwrap(), key);
    drop(hub_home);
    let rig = Rig::start(dir, clock::now).await;
    assert!(rig.meet(&home, clock::now).await.unwrap().in_step);
}

#[tokio::test]
async fn a_device_whose_clock_says_1970_or_2099_is_heard_and_its_clock_is_flagged() {
    let rig = Rig::begin("clocks", clock::now).await;
    let home = rig.enrolled("kiosk").await;
    let offset = || rig.register.devices().unwrap()[0].status.as_ref().unwrap().clock_offset;
    for clock in [(|| UnixSeconds(0)) as fn() -> UnixSeconds, || UnixSeconds(4_085_000_000)] {
        say(&home, "路灯坏了").await;
        assert!(rig.meet(&home, clock).await.unwrap().in_step);
        assert!((offset() - (clock().0 - clock::now().0)).abs() < 60);
        // What the hub signed is remembered, and is not the device's clock.
        assert!((Memory::read(&home).unwrap().hub_time.0 - clock::now().0).abs() < 60);
    }
    // A hub whose own clock was wrong once has not locked its devices out for good.
    Memory { hub_time: UnixSeconds(4_085_000_000), ..Memory::default() }.write(&home).unwrap();
    assert!(rig.meet(&home, clock::now).await.unwrap().in_step);
}

#[tokio::test]
async fn what_a_device_says_of_itself_is_kept_and_is_not_said_again_the_same_day() {
    made_up_clock!(HAND, device_clock);
    let rig = Rig::begin("status", clock::now).await;
    let home = rig.enrolled("kiosk").await;
    let first = rig.meet(&home, device_clock).await.unwrap();
    let line = rig.register.devices().unwrap().remove(0);
    let status = line.status.unwrap();
    assert_eq!((status.version.as_str(), status.apart, line.road.as_str()), (env!("CARGO_PKG_VERSION"), 0, "quic"));
    assert!(status.free > 0 && status.clock_offset.abs() < 60);
    let again = rig.meet(&home, device_clock).await.unwrap();
    assert!(again.payload_up < first.payload_up && again.payload_up <= 40, "{}", again.payload_up);
    HAND.store(DAY + 1, Ordering::Relaxed);
    say(&home, "路灯坏了").await;
    assert!(rig.meet(&home, device_clock).await.unwrap().payload_up > again.payload_up);
    // It said that one waits, and then sent it.
    assert_eq!(rig.register.devices().unwrap()[0].status.as_ref().unwrap().waiting, 0);
}

#[tokio::test]
async fn every_refusal_of_an_enrolment_says_why_and_leaves_the_register_as_it_was() {
    made_up_clock!(HAND, hub_clock);
    let rig = Rig::begin("refusals", hub_clock).await;
    let home = rig.home("kiosk");
    let refusal = |tried: Result<Card, EnrolError>| match tried {
        Err(EnrolError::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    };
    // Expired, and expired while it waited for an operator.
    let (old, waiting) = (rig.code(true), rig.code(false));
    let claimant = Claimant { public_key: [7; 32], comparison: "123456".into(), former: None };
    assert_eq!(rig.register.claim(2, &claimant), Ok(Claim::Waiting));
    HAND.store(DAY + 60, Ordering::Relaxed);
    assert_eq!(refusal(rig.enrol_with(&home, &old, false).await), Refusal::ExpiredCode);
    assert_eq!(rig.register.claim(2, &claimant), Err(Refusal::ExpiredCode));
    assert_eq!(refusal(rig.enrol_with(&home, &waiting, false).await), Refusal::UsedCode);
    // Declined by an operator, and not asked again.
    let code = rig.code(false);
    let compared = Arc::new(Mutex::new(String::new()));
    let (declined, ()) = tokio::join!(
        async {
            let invitation = Invitation::typed(&rig.at.to_string(), &code);
            let shown = compared.clone();
            enrol(&home, &invitation, Role::Kiosk, false, move |digits| *shown.lock().unwrap() = digits.to_owned())
                .await
        },
        async {
            let line = loop {
                if let Some(line) = rig.register.waiting().unwrap().into_iter().find(|line| line.slot == 3) {
                    break line;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            };
            // Both sides show the same six digits.
            while *compared.lock().unwrap() != line.comparison {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            assert_eq!(line.comparison.len(), 6);
            rig.register.decline(3).unwrap();
        }
    );
    assert_eq!(refusal(declined), Refusal::NotApproved);
    assert_eq!(refusal(rig.enrol_with(&home, &code, false).await), Refusal::NotApproved);
    // Used once.
    let code = rig.code(true);
    rig.enrol_with(&rig.home("first"), &code, false).await.unwrap();
    assert_eq!(refusal(rig.enrol_with(&home, &code, false).await), Refusal::UsedCode);
    // Whoever guesses waits, with the right code too.
    for _ in 0..TRIES_MAX {
        assert_eq!(refusal(rig.enrol_with(&home, "00000000", false).await), Refusal::WrongCode);
    }
    let code = rig.code(true);
    assert_eq!(refusal(rig.enrol_with(&home, &code, false).await), Refusal::TooManyTries);
    assert_eq!(rig.register.devices().unwrap().len(), 1);
    // A scanned invitation of another county ends at the county's card.
    let other = Rig::begin("refusals-other", clock::now).await;
    let invitation =
        Invitation { pin: Some("00".repeat(16)), ..Invitation::typed(&other.at.to_string(), &other.code(true)) };
    let scanned = enrol(&other.home("kiosk"), &invitation, Role::Kiosk, false, |_| {}).await;
    assert!(matches!(scanned, Err(EnrolError::NotTheHub(_))));
    assert!(Identity::load(&other.home("kiosk-2"), Role::Kiosk).is_err());
}

#[tokio::test]
async fn a_device_that_is_enrolled_anew_brings_what_waits_under_its_old_key_and_nothing_twice() {
    let rig = Rig::begin("anew", clock::now).await;
    let home = rig.enrolled("kiosk").await;
    say(&home, "路灯坏了").await;
    rig.meet(&home, clock::now).await.unwrap();
    for body in ["桥坏了", "水脏了"] {
        say(&home, body).await;
    }
    let old = rig.register.devices().unwrap().remove(0);
    let again = rig.code(true);
    assert!(matches!(rig.enrol_with(&home, &again, false).await, Err(EnrolError::AlreadyEnrolled(..))));
    let other = Rig::begin("anew-elsewhere", clock::now).await;
    assert!(matches!(other.enrol_with(&home, &other.code(true), true).await, Err(EnrolError::OtherCounty(..))));

    let code = rig.register.add_successor(&old.device, true).unwrap();
    let new = rig.enrol_with(&home, &code, true).await.unwrap();
    assert_eq!((new.name.as_str(), new.former_keys()), (old.name.as_str(), vec![old.public_key]));
    let lines = rig.register.devices().unwrap();
    assert!(lines[0].is_revoked && !lines[1].is_revoked);
    assert_eq!(hub::Authors::former(&*rig.register, &lines[1].public_key), [old.public_key]);

    say(&home, "墙塌了").await;
    for _ in 0..2 {
        assert!(rig.meet(&home, clock::now).await.unwrap().in_step);
        assert_eq!(rig.opinions().len(), 4);
    }
    let counts = open(&home).await.log().counts().unwrap();
    assert_eq!((counts.here, counts.received), (0, 4));
    // Once more: what the first key wrote is still its own.
    let code = rig.register.add_successor(&lines[1].device, true).unwrap();
    rig.enrol_with(&home, &code, true).await.unwrap();
    let third = rig.register.devices().unwrap().remove(2);
    assert_eq!(hub::Authors::former(&*rig.register, &third.public_key).len(), 2);
    assert!(rig.meet(&home, clock::now).await.unwrap().in_step);
}

#[tokio::test]
async fn a_card_in_another_machine_is_read_and_neither_written_nor_heard() {
    let rig = Rig::begin("elsewhere", clock::now).await;
    let home = rig.enrolled("kiosk").await;
    say(&home, "路灯坏了").await;
    let card = Card { board: Named(Some("the first")).mark(), ..card(&home) };
    Identity::save_card(&home, &card).unwrap();
    let identity = Arc::new(Identity::load_on(&home, Role::Kiosk, &Named(Some("another"))).unwrap());
    let (opened, looked) = (identity.clone(), DataDir::look(home.path()));
    let ledger = blocking(move || Ledger::open(&looked, &opened).unwrap()).await;
    let writer = ledger.clone();
    let refused = blocking(move || {
        let new = NewOpinion { body: "桥坏了".into(), ..NewOpinion::default() };
        writer.file(&Area::parse(VILLAGE).unwrap(), "站", new, &Contact::default()).unwrap_err().to_string()
    });
    assert!(refused.await.contains("another machine"));
    let status = ledger.status(&RoadState::default()).unwrap();
    assert!(status.is_elsewhere && status.opinions == 1 && ledger.log().verify().unwrap().is_ok());
    let device = Device::new(identity, ledger.log().clone());
    assert!(device.meet_once().await.unwrap_err().to_string().contains("enrol it anew"));
    assert!(rig.opinions().is_empty());
}

/// One write that failed ended a kiosk's contact with the county, and its screens went on saying that the road was open.
#[tokio::test]
async fn a_device_whose_disk_refuses_says_that_the_road_is_closed_and_why_and_may_call_again() {
    let rig = Rig::begin("refuses", clock::now).await;
    let home = rig.enrolled("kiosk").await;
    say(&home, "路灯坏了").await;
    let mut identity = Identity::load(&home, Role::Kiosk).unwrap();
    identity.card.hub = rig.at.to_string();
    let ledger = open(&home).await;
    let device = Device::new(Arc::new(identity), ledger.log().clone());
    let disk = Connection::open(home.file("log.db")).unwrap();
    disk.execute_batch("CREATE TRIGGER refuses BEFORE INSERT ON peer BEGIN SELECT RAISE(ABORT, 'no'); END").unwrap();
    let failure = tokio::time::timeout(Duration::from_secs(60), device.stay(Duration::from_secs(1))).await.unwrap();
    let road = device.road().borrow().clone();
    assert_eq!((road.is_open, road.trouble), (false, failure.to_string()));
    disk.execute_batch("DROP TRIGGER refuses").unwrap();
    assert!(device.meet_once().await.unwrap().in_step);
    drop(device);
    blocking(move || drop(ledger)).await;
}

#[test]
fn an_operator_of_many_addresses_is_one_caller_and_a_flood_of_them_is_bounded() {
    let dir = std::env::temp_dir().join(format!("huiyin-flood-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let register = Register::open(&dir.join(FILE)).unwrap();
    let address = |text: &str| text.parse::<IpAddr>().unwrap();
    for host in 0..TRIES_MAX {
        assert!(!register.is_flooding(address("2001:db8::7"), false));
        register.is_flooding(address(&format!("2001:db8::{host}")), true);
    }
    assert!(register.is_flooding(address("2001:db8::ffff"), false));
    assert!(!register.is_flooding(address("2001:db8:0:1::7"), false));
    for host in 0..2 * TRIED_MAX {
        register.is_flooding(IpAddr::V4(Ipv4Addr::from(u32::try_from(host).unwrap())), true);
    }
    assert!(register.tries.lock().unwrap().len() <= TRIED_MAX);
    std::fs::remove_dir_all(&dir).unwrap();
}

#[tokio::test]
async fn a_register_of_the_first_form_is_brought_up_to_date_and_one_of_a_newer_program_is_left_alone() {
    let path = std::env::temp_dir().join(format!("huiyin-old-register-{}.db", std::process::id()));
    let db = Connection::open(&path).unwrap();
    db.execute_batch(MIGRATIONS[0]).unwrap();
    db.execute("INSERT INTO county (id, salt) VALUES (1, ?1)", params![[5u8; 16]]).unwrap();
    let sql = "INSERT INTO device (public_key, name, role, areas, number, enrolled_at) VALUES (?1, '石桥村', 'kiosk', ?2, 1, 9)";
    db.execute(sql, params![[7u8; 32], VILLAGE]).unwrap();
    drop(db);
    let register = Register::open(&path).unwrap();
    let lines = register.devices().unwrap();
    assert_eq!((lines.len(), lines[0].certified_at, register.salt()), (1, UnixSeconds(9), [5; 16]));
    assert!(lines[0].status.is_none());
    drop(register);
    let db = Connection::open(&path).unwrap();
    db.pragma_update(None, "user_version", 99).unwrap();
    drop(db);
    assert!(matches!(Register::open(&path), Err(RegisterError::Version(99))));
    std::fs::remove_file(&path).unwrap();
}

/// Of a thousand devices one was not enrolled: between reading its code and writing it down, another program had made a code
/// for the next one, and SQLite lets nobody write who has read what is not so any more.
#[test]
fn whoever_enrols_keeps_other_programs_from_writing_from_its_beginning() {
    let path = std::env::temp_dir().join(format!("huiyin-register-two-{}", std::process::id()));
    let (register, other) = (Register::open(&path).unwrap(), Register::open(&path).unwrap());
    other.db().busy_timeout(Duration::ZERO).unwrap();
    let mut db = register.db();
    let enrolling = db.transaction().unwrap();
    assert!(matches!(other.skip_numbers(), Err(RegisterError::Db(_))), "it waits its turn");
    enrolling.commit().unwrap();
    other.skip_numbers().unwrap();
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{end}", path.display()));
    }
}

#[tokio::test]
async fn a_hub_beneath_has_numbers_of_its_own_and_is_answerable_for_whom_it_stands() {
    let rig = Rig::begin("beneath", clock::now).await;
    let (hub, own, other) = ([5; 32], [6; 32], [7; 32]);
    let claim = |role: Role, key: [u8; 32]| {
        let county = Area::parse("990127").unwrap();
        let town = [Area::parse("990127101").unwrap()];
        rig.register.add_slot(&county, role, &town, "石桥镇", true).unwrap();
        let slot = rig.register.slots().last().unwrap().id;
        let claimant = Claimant { public_key: key, comparison: String::new(), former: None };
        assert_eq!(rig.register.claim(slot, &claimant), Ok(Claim::Approved));
    };
    claim(Role::Hub, hub);
    claim(Role::Kiosk, other);
    let numbers: Vec<u16> = rig.register.devices().unwrap().iter().map(|line| line.number).collect();
    assert_eq!(numbers, [1, 1 + beneath::BLOCK], "a hundred are the hub's");
    assert_eq!(rig.register.numbers_elsewhere().unwrap(), [1..=beneath::BLOCK]);

    // Whom it stands for counts as the hub does, has no door of its own, and falls with it; nobody is taken from another.
    assert!(hub::Register::vouch(&*rig.register, &hub, &[own, other]));
    let standing = |key: &[u8; 32]| hub::Authors::standing(&*rig.register, key);
    assert_eq!(standing(&own), standing(&hub));
    assert!(matches!(standing(&other), Standing::Member(scope) if scope.role == Role::Kiosk));
    assert_eq!(hub::Authors::former(&*rig.register, &hub), [own]);
    assert!(!rig.register.is_registered(&own));
    // Whom it strikes off of its own is struck off here, and nobody else is.
    let of = |public_key, at| Revocation { public_key, at: UnixSeconds(at) };
    assert!(hub::Register::vouch(&*rig.register, &hub, &[[8; 32]]));
    rig.register.take_up_beneath(&hub, &[of([8; 32], 500), of(other, 500), of([9; 32], 500)]).unwrap();
    rig.register.take_up_beneath(&hub, &[of([8; 32], 900)]).unwrap();
    assert!(matches!(standing(&[8; 32]), Standing::StruckOff { at: UnixSeconds(500), .. }));
    assert!(matches!((standing(&own), standing(&other)), (Standing::Member(_), Standing::Member(_))));
    assert_eq!(rig.register.hubs_beneath().unwrap(), [hub]);
    rig.register.revoke(&DeviceId::of(&hub)).unwrap();
    assert!(matches!(standing(&own), Standing::StruckOff { .. }));

    // At the hub beneath: behind its own number, and no further than its block; and not once somebody was let in.
    let town = Rig::begin("beneath-town", clock::now).await;
    assert!(town.register.take_block(201).unwrap());
    assert_eq!(town.register.numbers_elsewhere().unwrap(), [0..=200, 301..=u16::MAX]);
    let home = town.enrolled("kiosk").await;
    assert_eq!(town.register.devices().unwrap()[0].number, 202, "{}", home.path().display());
    assert!(!town.register.take_block(301).unwrap());
    // A restore skips half of what is left and no more, and once all is given nobody is let in or struck off for it.
    for left in [98, 49, 24, 12, 6, 3, 1] {
        assert_eq!(newest_number(&town.register.db()).unwrap(), 300 - left);
        town.register.skip_numbers().unwrap();
    }
    assert_eq!(newest_number(&town.register.db()).unwrap(), 300);
    let known = town.register.devices().unwrap().remove(0);
    let county = Area::parse("990127").unwrap();
    let full = town.register.add_slot(&county, Role::Kiosk, std::slice::from_ref(&county), "桥", true);
    assert!(matches!(full, Err(RegisterError::NoNumbers)));
    assert!(matches!(town.register.add_successor(&known.device, true), Err(RegisterError::NoNumbers)));
    let sql = "INSERT INTO slot (name, role, areas, key, made_at, is_trusted, state, replaces)
               VALUES ('桥', 'kiosk', '990127', ?3, ?1, 1, 'open', ?2)";
    town.register.db().execute(sql, params![clock::now().0, known.public_key, [0u8; 32]]).unwrap();
    let slot = town.register.slots().last().unwrap().id;
    let claimant = Claimant { public_key: [3; 32], comparison: String::new(), former: None };
    assert_eq!(town.register.claim(slot, &claimant), Err(Refusal::HubFailed), "a code from before");
    assert!(town.register.is_registered(&known.public_key), "who was to be replaced works on");
    // Whom it does not know the hub above may know.
    let unknown = [&*rig.register, &*town.register].map(|register| hub::Authors::standing(register, &[4; 32]));
    assert_eq!(unknown, [Standing::Stranger, Standing::Elsewhere]);
}

/// What a county hears and answers by letter.
struct Post {
    hub: Identity,
    ring: Arc<civic_core::keyring::Keyring>,
}

impl Post {
    fn of(rig: &Rig) -> Self {
        let home = DataDir::look(&rig.dir.join("hub"));
        Self { hub: Identity::load(&home, Role::Hub).unwrap(), ring: Arc::new(crate::keys::read(&home).unwrap()) }
    }

    fn addressee(&self, rig: &Rig) -> Addressee {
        Addressee {
            hub_key: self.hub.card.hub_key.clone(),
            seal_key: hex(&self.ring.seal_key().unwrap().public),
            salt: hex(&rig.register.salt()),
        }
    }

    fn end<'a>(&'a self, rig: &'a Rig) -> HubEnd<'a> {
        let (log, key, county, authors) = (rig.ledger.log(), &self.hub.key, &*self.ring, rig.register.clone());
        HubEnd { log, key, county, authors, desk: Some(&*rig.register) }
    }

    async fn hear(&self, rig: &Rig, sealed: &[u8]) {
        self.end(rig).unpack(sealed).await.unwrap();
    }

    fn answers(&self, rig: &Rig) -> Vec<Vec<u8>> {
        let mut answers = Vec::new();
        let take = |sealed| {
            answers.push(sealed);
            Ok(())
        };
        self.end(rig).answer_letters(take).unwrap();
        answers
    }
}

/// The slot that waits, and no other does.
fn waiting(rig: &Rig) -> i64 {
    let waiting = rig.register.waiting().unwrap();
    assert_eq!(waiting.len(), 1);
    waiting[0].slot
}

#[tokio::test]
async fn the_refusal_of_an_older_code_stands_in_the_way_of_no_newer_one() {
    let rig = Rig::begin("two-codes", clock::now).await;
    let (post, home) = (Post::of(&rig), rig.home("kiosk"));
    let to = post.addressee(&rig);
    let ask = |code: &str| by_letter::ask(&home, &to, code, Role::Kiosk, false).unwrap().sealed();
    let hear = |sealed: &[u8]| by_letter::hear(&home, sealed, false).unwrap();
    let [first, second] = [rig.code(false), rig.code(false)];
    let old = ask(&first);
    post.hear(&rig, &old).await;
    rig.register.decline(waiting(&rig)).unwrap();
    let refusal = post.answers(&rig).remove(0);
    assert!(matches!(hear(&refusal), Heard::Refused(Refusal::NotApproved)));
    // With a new code it is somebody else's word.
    let new = ask(&second);
    assert!(matches!(hear(&refusal), Heard::Nothing));
    // Both letters lie on one stick, and the old one is read last.
    post.hear(&rig, &new).await;
    post.hear(&rig, &old).await;
    assert_eq!(post.answers(&rig).len(), 0, "what was asked by the second code waits");
    rig.register.approve(waiting(&rig), false).unwrap();
    post.hear(&rig, &old).await;
    let answers = post.answers(&rig);
    assert_eq!(answers.len(), 1);
    assert!(matches!(hear(&refusal), Heard::Nothing));
    assert!(matches!(hear(&answers[0]), Heard::Admitted(_)));
}

#[tokio::test]
async fn a_stick_with_an_old_refusal_is_read_on_to_the_answer_behind_it() {
    let rig = Rig::begin("stick", clock::now).await;
    let (post, home) = (Post::of(&rig), rig.home("kiosk"));
    let stick = rig.dir.join("stick");
    std::fs::create_dir(&stick).unwrap();
    let write = |sealed: &[u8], name: &str| {
        let mut files = ledger::bundle::Files::new(&stick, u64::MAX, u64::MAX).unwrap();
        files.put(sealed).unwrap();
        let written = files.done().unwrap().remove(0).0;
        std::fs::rename(written, stick.join(name).with_extension("huiyin")).unwrap();
    };
    let to = post.addressee(&rig);
    let [first, second] = [rig.code(false), rig.code(false)];
    let look = |code: Option<&str>| ledger::by_letter::ask_by_stick(Role::Kiosk, &home, &stick, code, false);
    let asked = || by_letter::pending(&home).unwrap().unwrap().sealed();
    for code in [&first, &second] {
        write(&by_letter::invitation(code, &to).unwrap(), code);
    }
    look(Some(&first)).unwrap();
    post.hear(&rig, &asked()).await;
    rig.register.decline(waiting(&rig)).unwrap();
    write(&post.answers(&rig).remove(0), "0-refusal");
    // An older hub does not say to what it says no, nor does any hub to an older program.
    rig.register.db().execute("UPDATE letter SET hears_denial = 0", []).unwrap();
    write(&post.answers(&rig).remove(0), "1-refusal-of-an-older-hub");

    let error = look(None).unwrap_err();
    assert!(matches!(error.downcast_ref(), Some(EnrolError::Refused(Refusal::NotApproved))), "{error:#}");
    assert!(by_letter::pending(&home).unwrap().is_none(), "it waits no longer");
    assert!(matches!(look(Some(&second)).unwrap(), ledger::by_letter::ByStick::Asked(_)));
    post.hear(&rig, &asked()).await;
    // Nothing else answers yet: what may be of this code is said, and the letter waits on.
    assert!(look(None).is_err() && by_letter::pending(&home).unwrap().is_some());
    rig.register.approve(waiting(&rig), false).unwrap();
    write(&post.answers(&rig).remove(0), "2-answer");
    assert!(matches!(look(None).unwrap(), ledger::by_letter::ByStick::Enrolled(_)));
}

#[tokio::test]
async fn a_code_mistyped_at_the_second_visit_costs_nobody_the_answer() {
    let rig = Rig::begin("mistyped", clock::now).await;
    let (post, kiosk, phone) = (Post::of(&rig), rig.home("kiosk"), rig.home("phone"));
    let county = Area::parse("990127").unwrap();
    let code = rig.register.add_slot(&county, Role::Deputy, std::slice::from_ref(&county), "陈代表", true).unwrap();
    let card = enrol(&phone, &Invitation::typed(&rig.at.to_string(), &code), Role::Deputy, false, |_| {}).await;
    assert_eq!(card.unwrap().name, "陈代表");
    let place = DataDir::look(phone.path());
    let (identity, ledger) = blocking(move || {
        let identity = Identity::load(&place, Role::Deputy).unwrap();
        let ledger = Ledger::open(&place, &identity).unwrap();
        (identity, ledger)
    })
    .await;
    let near = Near::open(&phone, Arc::new(identity), ledger.log().clone(), true).unwrap();
    let door = near::listen((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let at = door.local_addr().unwrap().to_string();
    let serves = near.clone();
    let serving = tokio::spawn(async move { serves.serve(door).await });
    let right = rig.code(false);
    let visit = async |code: &str| newcomer::ask(&kiosk, &at, code, Role::Kiosk, false).await.unwrap();

    // The first visit; the county lets the machine in, and the answer comes onto the phone.
    assert!(matches!(visit(&right).await, Asking::Waiting { .. }));
    let asked = near.bag().items().remove(0).label;
    post.hear(&rig, &near.bag().read(&asked.id).unwrap()).await;
    rig.register.approve(waiting(&rig), false).unwrap();
    let (key, ring) = (post.hub.key.clone(), post.ring.clone());
    let own = key.verifying_key().to_bytes();
    let bag = Bag::open(&rig.home("post"), Holder { own, hub: own, carries: false }).unwrap();
    let end = OfHub {
        log: rig.ledger.log().clone(),
        key,
        ring: Arc::new(move || ring.clone()),
        authors: rig.register.clone(),
        desk: Some(rig.register.clone()),
    };
    end.fill(&bag, |_| String::new()).await.unwrap();
    let answer = bag.items().remove(0).label;
    assert!(near.bag().append(&answer, 0, &bag.read(&answer.id).unwrap()).unwrap());

    // The second: one letter is wrong. What was asked with the right one waits all the same, and this is its answer.
    let wrong = if right == "AAAA0000" { "AAAA0001" } else { "AAAA0000" };
    assert!(matches!(visit(wrong).await, Asking::Enrolled(_)));
    serving.abort();
    drop((near, end));
    blocking(move || drop(ledger)).await;
}
