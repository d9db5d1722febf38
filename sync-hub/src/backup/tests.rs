use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    time::{Duration, UNIX_EPOCH},
};

use age::x25519;
use civic_core::{access::Role, id::hex, time::UnixSeconds};
use ledger::Ledger;
use replica::{clock, dir::DataDir, identity::Identity};

use super::{
    BackupError, KEYS_KEPT_DAYS_MAX,
    pack::{self, Manifest, Recipients},
    parts::{self, Half, PARTS},
    record::Record,
    restore::restore,
    schedule::{self, Lamp, Place, Schedule},
    snapshot::{self, Work},
};
use crate::{
    audit::{Action, Audit, search::Search},
    county,
};

const NOTICE: &str = "[[notice]]\nkey = \"a\"\ntitle = \"一\"\ntext = \"一\"\nareas = [\"990127\"]\n";

/// A county, a place for its copies, and a key that opens them.
struct Setting {
    dir: PathBuf,
    key: x25519::Identity,
}

impl Setting {
    fn new() -> Self {
        let dir = std::env::temp_dir().join(format!("huiyin-backup-{}", hex(&clock::random::<8>())));
        let setting = Self { dir, key: x25519::Identity::generate() };
        let hub = DataDir::hold(&setting.hub()).unwrap();
        county::init(&hub, include_str!("../../../tests/sample/county.toml")).unwrap();
        fs::create_dir(setting.copies()).unwrap();
        let secret = age::secrecy::ExposeSecret::expose_secret(&setting.key.to_string()).to_owned();
        fs::write(setting.identity(), format!("# a comment, as age-keygen writes one\n{secret}\n")).unwrap();
        drop(setting.ledger());
        setting
    }

    fn hub(&self) -> PathBuf {
        self.dir.join("hub")
    }

    fn copies(&self) -> PathBuf {
        self.dir.join("copies")
    }

    fn identity(&self) -> PathBuf {
        self.dir.join("key.txt")
    }

    fn recipients(&self) -> Recipients {
        Recipients::parse(&[self.key.to_public().to_string()]).unwrap()
    }

    /// A ledger that writes, as the serving hub's does.
    fn ledger(&self) -> Ledger {
        let dir = DataDir::look(&self.hub());
        Ledger::open(&dir, &Identity::load(&dir, Role::Hub).unwrap()).unwrap()
    }

    /// Who did what, in the county of this directory.
    fn audit(&self, dir: &Path) -> Audit {
        let dir = DataDir::look(dir);
        Audit::open(&dir, &Identity::load(&dir, Role::Hub).unwrap().key).unwrap()
    }

    fn make(&self) -> Result<super::Copy, BackupError> {
        super::make(&self.hub(), &self.copies(), &self.recipients())
    }

    fn restore(&self, from: &Path, name: &str) -> Result<super::restore::Restored, BackupError> {
        restore(from, None, &self.identity(), Some(&self.dir.join(name)))
    }

    /// Everything in the place for copies.
    fn listed(&self) -> Vec<String> {
        let entries = fs::read_dir(self.copies()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

impl Drop for Setting {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.dir);
    }
}

fn publish(ledger: &Ledger) {
    let publication = civic_core::publication::Publication::parse(NOTICE, ledger.codebook(), &Default::default());
    ledger.publish(&publication.unwrap()).unwrap();
}

#[test]
fn a_county_comes_back_whole_from_its_copy_and_begins_a_new_epoch() {
    let setting = Setting::new();
    let ledger = setting.ledger();
    publish(&ledger);
    let copy = setting.make().unwrap();
    assert_eq!((copy.found.entries, copy.found.row), (1, ledger.log().newest_row()));
    assert_eq!(copy.unknown, Vec::<String>::new());
    assert_eq!(setting.listed().len(), 2, "two halves and nothing half-written");
    assert!(!setting.hub().join(super::WORK).exists(), "nothing in the clear stays behind");

    let restored = setting.restore(&copy.file, "again").unwrap();
    assert_eq!(restored.found, copy.found);
    let dir = DataDir::look(&setting.dir.join("again"));
    let again = Ledger::open(&dir, &Identity::load(&dir, Role::Hub).unwrap()).unwrap();
    assert_eq!(again.log().held().len(), ledger.log().held().len());
    assert_ne!(again.log().epoch(), ledger.log().epoch());
    for part in PARTS.iter().filter(|part| part.is_needed) {
        assert!(dir.file(part.name).exists(), "{}", part.name);
    }
    let audit = setting.audit(dir.path());
    let first = Search { action: Some(Action::Restore), ..Search::default() };
    assert_eq!((audit.count(&first).unwrap(), audit.verify().unwrap().events), (1, 1));
}

#[test]
fn every_file_that_a_hub_keeps_is_copied_or_left_out_on_purpose() {
    let setting = Setting::new();
    setting.make().unwrap();
    Record::open(&setting.hub()).unwrap();
    crate::errand::Errands::open(&DataDir::look(&setting.hub())).unwrap();
    assert_eq!(parts::unknown(&setting.hub()).unwrap(), Vec::<String>::new());
    fs::write(setting.hub().join("notes.txt"), "a note").unwrap();
    assert_eq!(setting.make().unwrap().unknown, ["notes.txt"], "and what nobody told about is named");
}

#[test]
fn a_copy_that_was_cut_off_or_changed_anywhere_is_refused_and_nothing_is_restored() {
    let setting = Setting::new();
    publish(&setting.ledger());
    let copy = setting.make().unwrap();
    for file in [copy.file.clone(), super::keys_beside(&copy.file)] {
        let whole = fs::read(&file).unwrap();
        let places = (0..40).map(|step| step * (whole.len() - 1) / 39);
        for place in places {
            let mut bent = whole.clone();
            bent[place] ^= 1;
            for bytes in [&bent[..], &whole[..place]] {
                fs::write(&file, bytes).unwrap();
                let refused = setting.restore(&copy.file, "again").unwrap_err();
                // A recipient's line that was changed is one of nobody.
                let is_told =
                    matches!(refused, BackupError::Damaged(..) | BackupError::Strange(..) | BackupError::WrongKey(_));
                assert!(is_told && refused.to_string().contains(file.to_str().unwrap()), "{place}: {refused}");
                assert!(!setting.dir.join("again").exists());
                assert_eq!(fs::read_dir(&setting.dir).unwrap().count(), 3, "nothing in the clear stays behind");
            }
        }
        fs::write(&file, &whole).unwrap();
    }
    let more = fs::read(&copy.file).unwrap();
    fs::write(&copy.file, [&more[..], b"more"].concat()).unwrap();
    assert!(matches!(setting.restore(&copy.file, "again"), Err(BackupError::Damaged(..))));
}

#[test]
fn nobody_but_a_recipient_opens_a_copy() {
    let setting = Setting::new();
    let copy = setting.make().unwrap();
    let other = age::secrecy::ExposeSecret::expose_secret(&x25519::Identity::generate().to_string()).to_owned();
    fs::write(setting.identity(), other).unwrap();
    assert!(matches!(setting.restore(&copy.file, "again"), Err(BackupError::WrongKey(_))));
    let secret = fs::read(setting.hub().join("seal.key")).unwrap();
    for file in [copy.file.clone(), super::keys_beside(&copy.file)] {
        assert!(!fs::read(file).unwrap().windows(secret.len()).any(|piece| piece == secret));
    }
    for text in ["age1notakey", "", "AGE-SECRET-KEY-1XYZ"] {
        assert!(matches!(Recipients::parse(&[text]), Err(BackupError::BadRecipient(_))), "{text}");
    }
    assert!(matches!(Recipients::parse::<&str>(&[]), Err(BackupError::NoRecipient)));
}

#[test]
fn a_place_that_is_gone_or_lies_in_the_hub_itself_takes_no_copy() {
    let setting = Setting::new();
    let make = |to: &Path| super::make(&setting.hub(), to, &setting.recipients()).unwrap_err();
    assert!(matches!(make(&setting.dir.join("nowhere/copy.age")), BackupError::Gone(_)));
    assert!(matches!(make(&setting.hub()), BackupError::Inside(_)));
    assert!(matches!(make(&setting.hub().join("copy.age")), BackupError::Inside(_)));
    let place = Place {
        name: "硬盘".into(),
        dir: setting.dir.join("unplugged"),
        every_minutes: 60,
        keep_days: 35,
        on_this_machine: false,
    };
    assert!(matches!(place.copy(&setting.hub(), &setting.recipients()), Err(BackupError::Gone(_))));
    assert!(!place.dir.exists(), "a disk that is not plugged in is not made up");
}

#[test]
fn a_place_that_has_no_more_room_is_told_by_its_name_and_keeps_nothing_of_it() {
    /// Takes so many bytes.
    struct Small(usize);
    impl Write for Small {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let setting = Setting::new();
    let home = DataDir::look(&setting.hub());
    let work = Work::begin(setting.dir.join("work")).unwrap();
    let taken = snapshot::take(&home, &work).unwrap();
    let card = Identity::load(&home, Role::Hub).unwrap().card;
    let manifest = Manifest::new(Half::County, &card, UnixSeconds(50), [1; 16], &taken);
    let seal = |room| {
        let out = io::BufWriter::new(Small(room));
        let out = pack::seal_into(work.dir(), &manifest, &setting.recipients(), out)?;
        out.into_inner().map(drop).map_err(io::IntoInnerError::into_error)
    };
    let len: usize = taken.files.iter().map(|(_, len)| usize::try_from(*len).unwrap()).sum();
    assert!(seal(2 * len).is_ok());
    for room in [0, 100, len / 2, len / 4 * 3] {
        let refused = BackupError::at(Path::new("/mnt/disk"), seal(room).unwrap_err());
        assert_eq!(refused.to_string(), "there is no more room in /mnt/disk");
    }
}

#[test]
fn a_copy_goes_into_no_directory_that_holds_something() {
    let setting = Setting::new();
    let copy = setting.make().unwrap();
    let before = fs::read(setting.hub().join("device.json")).unwrap();
    assert!(matches!(setting.restore(&copy.file, "hub"), Err(BackupError::NotEmpty(_))));
    assert_eq!(fs::read(setting.hub().join("device.json")).unwrap(), before);
    fs::create_dir(setting.dir.join("empty")).unwrap();
    assert!(setting.restore(&copy.file, "empty").is_ok());
}

#[test]
fn halves_of_two_counties_or_the_wrong_way_round_do_not_pass_for_one() {
    let (one, other) = (Setting::new(), Setting::new());
    let copy = one.make().unwrap();
    let theirs = super::make(&other.hub(), &other.copies(), &one.recipients()).unwrap();
    let (keys, foreign) = (super::keys_beside(&copy.file), super::keys_beside(&theirs.file));
    let into = |name: &str| one.dir.join(name);
    let refused = restore(&copy.file, Some(&foreign), &one.identity(), Some(&into("a"))).unwrap_err();
    assert!(matches!(refused, BackupError::Unsound(_)), "{refused}");
    let refused = restore(&keys, Some(&copy.file), &one.identity(), Some(&into("b"))).unwrap_err();
    assert!(matches!(refused, BackupError::Strange(..)), "{refused}");
    assert!(!into("a").exists() && !into("b").exists());
}

/// Whoever knows a recipient can seal anything to them.
#[test]
fn a_forged_copy_writes_nothing_outside_and_nothing_that_is_no_part() {
    let setting = Setting::new();
    let copy = setting.make().unwrap();
    let manifest = |parts: &str| {
        format!(
            r#"{{"format":1,"half":"county","pair":"","county":"990127","name":"","hub":"","at":0,"row":0,"rows":{{}},"parts":[{parts}]}}"#
        )
    };
    let forge = |entries: &[(&str, &[u8], tar::EntryType)]| {
        let key = setting.key.to_public();
        let sealer = age::Encryptor::with_recipients(std::iter::once(&key as _)).unwrap();
        let mut tar = tar::Builder::new(sealer.wrap_output(fs::File::create(&copy.file).unwrap()).unwrap());
        for (name, content, kind) in entries {
            let mut header = tar::Header::new_gnu();
            // Written by hand: the library itself refuses to make such names.
            header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_entry_type(*kind);
            header.set_size(content.len() as u64);
            header.set_cksum();
            tar.append(&header, *content).unwrap();
        }
        tar.into_inner().unwrap().finish().unwrap();
        setting.restore(&copy.file, "again").unwrap_err()
    };
    let file = tar::EntryType::Regular;
    for name in ["../escaped", "/tmp/escaped", "log.db/../../escaped", "ledger.db", "seal.key", "lock"] {
        let text = manifest(&format!(r#"["{name}",4]"#));
        let refused = forge(&[("manifest.json", text.as_bytes(), file), (name, b"evil", file)]);
        assert!(refused.to_string().contains("has no place in it"), "{name}: {refused}");
        assert!(!setting.dir.join("escaped").exists());
    }
    let text = manifest(r#"["log.db",4]"#);
    let twice = [("manifest.json", text.as_bytes(), file), ("log.db", b"evil", file), ("log.db", b"evil", file)];
    assert!(forge(&twice).to_string().contains("has no place in it"));
    let link = [("manifest.json", text.as_bytes(), file), ("log.db", b"".as_slice(), tar::EntryType::Symlink)];
    assert!(forge(&link).to_string().contains("is no file"));
    assert!(forge(&[("log.db", b"evil", file)]).to_string().contains("manifest"));
    assert!(forge(&[("manifest.json", text.as_bytes(), file)]).to_string().contains("not everything"));
    let newer = text.replace("\"format\":1", "\"format\":9");
    assert!(forge(&[("manifest.json", newer.as_bytes(), file)]).to_string().contains("format 9"));
    let all: Vec<_> =
        PARTS.iter().filter(|part| part.half == Half::County && part.is_needed).map(|part| part.name).collect();
    let text = manifest(&all.iter().map(|name| format!(r#"["{name}",4]"#)).collect::<Vec<_>>().join(","));
    let mut entries = vec![("manifest.json", text.as_bytes(), file)];
    entries.extend(all.iter().map(|name| (*name, b"evil".as_slice(), file)));
    assert!(matches!(forge(&entries), BackupError::Unsound(_)), "names alone make no county");
    assert!(!setting.dir.join("again").exists());
}

#[test]
fn what_was_archived_of_the_audit_log_comes_back_with_it_and_a_name_that_is_none_does_not() {
    let setting = Setting::new();
    let audit = setting.audit(&setting.hub());
    let event = crate::audit::Event::new(crate::audit::By::hub(), Action::Start);
    audit.note(&event).unwrap();
    audit.sign_head().unwrap();
    std::thread::sleep(Duration::from_millis(1_100));
    assert_eq!(audit.archive(0).unwrap(), 1);
    audit.note(&event).unwrap();
    let archive = setting.hub().join(crate::audit::ARCHIVE);
    // Made by an archiving that went on after the log was read: its events are in the copy of the log still.
    fs::write(archive.join("000000000002-000000000009.jsonl"), "later").unwrap();
    fs::write(archive.join("notes.txt"), "a note").unwrap();
    let copy = setting.make().unwrap();
    setting.restore(&copy.file, "again").unwrap();
    let again = setting.dir.join("again").join(crate::audit::ARCHIVE);
    let names: Vec<_> = fs::read_dir(again).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["000000000001-000000000001.jsonl"]);
    assert_eq!(setting.audit(&setting.dir.join("again")).verify().unwrap().archived, 1);
}

#[test]
fn numbers_that_may_have_been_given_before_the_restore_are_given_to_nobody() {
    let setting = Setting::new();
    let copy = setting.make().unwrap();
    setting.restore(&copy.file, "again").unwrap();
    let path = setting.dir.join("again").join(crate::register::FILE);
    let db = rusqlite::Connection::open(path).unwrap();
    let skipped: u16 = db.query_row("SELECT number FROM skipped", [], |row| row.get(0)).unwrap();
    assert_eq!(skipped, 100);
}

#[test]
fn copies_go_when_their_time_is_over_their_keys_sooner_and_the_newest_never() {
    let setting = Setting::new();
    let place = Place {
        name: "档案室".into(),
        dir: setting.copies(),
        every_minutes: 60,
        keep_days: 400,
        on_this_machine: false,
    };
    let days_ago = |name: &str, days: u64| {
        let path = setting.copies().join(name);
        fs::write(&path, "a copy").unwrap();
        let now = u64::try_from(clock::now().0).unwrap();
        let at = UNIX_EPOCH + Duration::from_secs(now - days * 86_400);
        fs::File::options().write(true).open(&path).unwrap().set_modified(at).unwrap();
    };
    for (name, days) in [
        ("huiyin-990127-a-county.age", 399),
        ("huiyin-990127-a-keys.age", u64::from(KEYS_KEPT_DAYS_MAX) + 1),
        ("huiyin-990127-b-county.age", 401),
        ("huiyin-990127-c-keys.age", u64::from(KEYS_KEPT_DAYS_MAX) - 1),
        ("huiyin-990127-d-county.age.part", 2),
        ("huiyin-990128-e-keys.age", 500),
        ("letter.txt", 500),
    ] {
        days_ago(name, days);
    }
    let copy = place.copy(&setting.hub(), &setting.recipients()).unwrap();
    let mut left = setting.listed();
    left.retain(|name| !copy.file.ends_with(name) && !super::keys_beside(&copy.file).ends_with(name));
    left.sort();
    let kept = ["huiyin-990127-a-county.age", "huiyin-990127-c-keys.age", "huiyin-990128-e-keys.age", "letter.txt"];
    assert_eq!(left, kept);
}

#[test]
fn a_clock_that_stands_years_ahead_takes_few_copies_away_and_stops_none_afterwards() {
    let setting = Setting::new();
    let (dir, now) = (setting.hub(), clock::now());
    let place = Place {
        name: "档案室".into(),
        dir: setting.copies(),
        every_minutes: 60,
        keep_days: 400,
        on_this_machine: false,
    };
    let long_ago = UNIX_EPOCH + Duration::from_secs(1_000_000);
    for number in 0..40 {
        let path = setting.copies().join(format!("huiyin-990127-{number:02}-county.age"));
        fs::write(&path, "a copy").unwrap();
        let at = long_ago + Duration::from_secs(number);
        fs::File::options().write(true).open(&path).unwrap().set_modified(at).unwrap();
    }
    place.copy(&dir, &setting.recipients()).unwrap();
    assert_eq!(setting.listed().len(), 40 - 9 + 2, "all seem old, and the oldest go");
    assert!(!setting.listed().contains(&"huiyin-990127-08-county.age".to_owned()));

    let record = Record::open(&dir).unwrap();
    let years_ahead = UnixSeconds(now.0 + 5 * 365 * 86_400);
    record.note(&place.name, years_ahead, true, &place.copy(&dir, &setting.recipients())).unwrap();
    let standing = place.standing(&record, now).unwrap();
    assert!(standing.due <= now && standing.is_late, "a copy of a day to come says nothing of today: {standing:?}");
}

#[test]
fn the_lamp_tells_what_is_late_and_the_next_copy_is_due_in_time() {
    let setting = Setting::new();
    let (dir, now, audit) = (setting.hub(), clock::now(), setting.audit(&setting.hub()));
    let after = |seconds: i64| UnixSeconds(now.0 + seconds);
    assert_eq!(schedule::lamp(&dir, now), Lamp::Unset);
    assert_eq!(schedule::make_due(&dir, &audit, now).unwrap(), None);
    let text = |rest: &str| {
        format!(
            "recipients = [\"{}\"]\n[[place]]\nname = \"a\"\ndir = {:?}\nevery_minutes = 60\nkeep_days = 2\n{rest}",
            setting.key.to_public(),
            setting.copies()
        )
    };
    fs::write(dir.join(schedule::FILE), text("on_this_machine = true\n")).unwrap();
    assert_eq!(schedule::lamp(&dir, now), Lamp::Late, "there was never one");
    assert_eq!(
        schedule::make_due(&dir, &audit, now).unwrap(),
        None,
        "no device lets go for a copy that burns with the hub"
    );
    assert_eq!(setting.listed().len(), 2);
    assert_eq!(schedule::lamp(&dir, now), Lamp::Good);
    schedule::make_due(&dir, &audit, after(3_000)).unwrap();
    assert_eq!(setting.listed().len(), 2, "none is due yet");
    assert_eq!(schedule::lamp(&dir, after(2 * 3_600 + 60)), Lamp::Late);

    fs::write(dir.join(schedule::FILE), text("")).unwrap();
    publish(&setting.ledger());
    assert_eq!(schedule::make_due(&dir, &audit, after(3_700)).unwrap(), Some(1));
    fs::remove_dir_all(setting.copies()).unwrap();
    assert_eq!(schedule::make_due(&dir, &audit, after(7_500)).unwrap(), None);
    let record = Record::open(&dir).unwrap();
    let last = record.newest(1).unwrap().remove(0);
    assert_eq!((last.trouble.as_str(), last.is_good()), ("gone", false));
    let noted = |is_refused| Search { action: Some(Action::Backup), is_refused, ..Search::default() };
    assert_eq!((audit.count(&noted(false)).unwrap(), audit.count(&noted(true)).unwrap()), (3, 1));
    let standing = Schedule::read(&dir).unwrap().unwrap().standings(&record, now).unwrap().remove(0);
    assert!(
        standing.good.is_some() && standing.due.0 <= last.at.0 + 15 * 60,
        "it is tried again before the hour is over"
    );

    fs::write(dir.join(schedule::FILE), "recipients = []\n").unwrap();
    schedule::make_due(&dir, &audit, now).unwrap();
    schedule::make_due(&dir, &audit, now).unwrap();
    let told = record.newest(2).unwrap();
    assert_eq!((told[0].trouble.as_str(), told[1].trouble.as_str()), ("recipient", "gone"), "told once");
    for wrong in ["every_minutes = 0", "keep_days = 0", "on_saturdays = true"] {
        let line = wrong.split(" = ").next().unwrap();
        let lines: Vec<String> = text("")
            .lines()
            .filter(|known| !known.starts_with(line))
            .map(str::to_owned)
            .chain([wrong.to_owned()])
            .collect();
        fs::write(dir.join(schedule::FILE), lines.join("\n")).unwrap();
        assert!(matches!(Schedule::read(&dir), Err(BackupError::BadSchedule(..))), "{wrong}");
    }
}

#[test]
fn whoever_prepares_a_link_in_the_working_directory_does_not_see_its_end_overwritten() {
    let setting = Setting::new();
    let work = setting.hub().join(super::WORK);
    fs::create_dir(&work).unwrap();
    let victim = setting.dir.join("victim.txt");
    fs::write(&victim, "untouched").unwrap();
    std::os::unix::fs::symlink(&victim, work.join("log.db")).unwrap();
    std::os::unix::fs::symlink(setting.copies(), work.join("folder")).unwrap();
    setting.make().unwrap();
    assert_eq!(fs::read_to_string(victim).unwrap(), "untouched");
    assert!(matches!(Work::at(setting.copies()), Err(BackupError::Place(..))), "nobody else's directory is taken over");
}

#[test]
fn a_second_backup_waits_its_turn_and_what_a_cut_left_is_taken_away() {
    let setting = Setting::new();
    let home = DataDir::look(&setting.hub());
    let turn = super::turn(&home).unwrap();
    assert!(matches!(setting.make(), Err(BackupError::Busy)));
    fs::create_dir(setting.hub().join(super::WORK)).unwrap();
    fs::write(setting.hub().join(super::WORK).join("seal.key"), "in the clear").unwrap();
    super::tidy(&setting.hub()).unwrap();
    assert!(setting.hub().join(super::WORK).exists(), "it belongs to the one that is being made");
    drop(turn);
    super::tidy(&setting.hub()).unwrap();
    assert!(!setting.hub().join(super::WORK).exists());
}

#[test]
fn the_commented_schedule_of_the_sample_is_understood_once_a_real_key_stands_in_it() {
    let setting = Setting::new();
    let sample = include_str!("../../../tests/sample/backup.toml");
    let example = sample.lines().find_map(|line| line.trim().strip_prefix('"')?.strip_suffix("\",")).unwrap();
    let text = sample.replace(example, &setting.key.to_public().to_string());
    fs::write(setting.hub().join(schedule::FILE), text).unwrap();
    let schedule = Schedule::read(&setting.hub()).unwrap().unwrap();
    assert_eq!(schedule.place.iter().map(|place| place.on_this_machine).collect::<Vec<_>>(), [true, false]);
}
