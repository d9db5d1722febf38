//! The vault over a whole hub in a directory of its own, with a clock that the tests make up.

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use civic_core::{
    access::Role,
    area::Area,
    attachment::AttachmentKind,
    keyring::Keyring,
    opinion::{Edit, Evaluation, Field, NewOpinion, NewStep},
    reaction::Reaction,
    seal::{Contact, OpenKey, Seed},
};
use ledger::{
    Filed, Ledger,
    enclosed::{Enclosed, Heard},
    erase::{Depth, Ground},
};
use replica::identity::Identity;

use super::{
    erase::Why,
    grant::{Grant, SHOWN_S},
    request::{Asked, Refusal, Standing, WAITS_S, Wanted, What},
    *,
};
use crate::{
    audit::{Action, search::Search},
    county,
    errand::Desk,
    keys,
    opening::Opener,
    retain::Retention,
};

const NOW: UnixSeconds = UnixSeconds(1_800_000_000);
const DAY: i64 = 86_400;
const PHONE: &str = "138 0000 1234";
const NAME: &str = "不许留下的名字";

/// A directory that is gone afterwards.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A hub with its vault.
struct Hub {
    dir: Scratch,
    ledger: Ledger,
    vault: Vault,
    ring: Keyring,
}

impl Hub {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("huiyin-vault-{}-{number}", std::process::id()));
        let home = DataDir::hold(&dir).unwrap();
        county::init(&home, include_str!("../../../tests/sample/county.toml")).unwrap();
        let ledger = Ledger::open(&home, &Identity::load(&home, Role::Hub).unwrap()).unwrap();
        let (vault, ring) = (Vault::open(&home).unwrap(), keys::read(&home).unwrap());
        Self { dir: Scratch(dir), ledger, vault, ring }
    }

    /// Somebody speaks, and leaves name and number; the hub takes both over.
    fn spoken(&self) -> Filed {
        let heard = Heard {
            new: NewOpinion {
                fields: BTreeMap::from([(Field::Topic, "饮水安全".into())]), ..NewOpinion::default()
            },
            contact: Contact { name: NAME.into(), phone: PHONE.into() },
            enclosed: vec![Enclosed::voice(voice(), 7)],
            ..Heard::default()
        };
        let filed = self.ledger.take_down(&Area::parse("990127101201").unwrap(), "石桥村", heard).unwrap();
        self.take_in();
        filed
    }

    fn take_in(&self) {
        while self.vault.take_in(&self.ledger, &self.ring, NOW).unwrap() > 0 {}
    }

    fn step(&self, id: &DocId, act: &str) {
        let fields = if act == "交办" { [(Field::Office, "水利局".into())].into() } else { BTreeMap::new() };
        let step = NewStep { act: act.into(), note: "好".into(), ..NewStep::default() };
        self.ledger.edit(id, "李干部", &Edit { fields, step: Some(step), ..Edit::default() }).unwrap();
    }

    fn close(&self, id: &DocId) {
        ["受理", "答复", "销号"].iter().for_each(|act| self.step(id, act));
    }

    /// A pass of retention, on this day.
    fn retain(&self, day: i64) -> Vec<Item> {
        let due = self.vault.due(&self.ledger, after(day)).unwrap();
        self.vault.expire(&due, after(day)).unwrap();
        due
    }

    fn details(&self, id: &DocId) -> Vec<Detail> {
        self.vault.items(&[*id]).unwrap().iter().map(|item| item.detail).collect()
    }

    /// Asks and looks, as an operator would who needs nobody else.
    fn open(&self, id: &DocId, what: What) -> Vec<Opened> {
        let Asked::Granted(grant) = self.ask(id, what, "李干部", false).unwrap() else { panic!("granted at once") };
        (0..grant.items.len()).map(|place| self.vault.look(&grant.token, place, "李干部", NOW).unwrap()).collect()
    }

    fn ask(&self, id: &DocId, what: What, by: &str, takes_two: bool) -> Result<Asked, Refusal> {
        let wanted = Wanted { record: *id, docs: &[*id], what };
        self.vault.ask(wanted, by, "联系核实", takes_two, NOW)
    }

    /// Stops the hub, makes its tables anew from the log, and starts it again.
    fn again(self) -> Self {
        let Self { dir, ledger, vault, ring } = self;
        drop((ledger, vault));
        let home = DataDir::look(&dir.0);
        let ledger = Ledger::rebuild(&home, &Identity::load(&home, Role::Hub).unwrap()).unwrap();
        Self { vault: Vault::open(&home).unwrap(), dir, ledger, ring }
    }

    /// The files of the vault, with what is written ahead of them.
    fn files(&self) -> Vec<Vec<u8>> {
        let names = [SHELF_FILE, KEYS_FILE].map(str::to_owned);
        let all = names.iter().flat_map(|name| ["", "-wal"].map(|end| self.dir.0.join(format!("{name}{end}"))));
        all.filter_map(|path| fs::read(path).ok()).collect()
    }

    fn holds(&self, bytes: &[u8]) -> bool {
        self.files().iter().any(|file| file.windows(bytes.len()).any(|window| window == bytes))
    }
}

fn voice() -> Vec<u8> {
    b"what was said aloud, again and again. ".iter().copied().cycle().take(200_000).collect()
}

fn after(days: i64) -> UnixSeconds {
    UnixSeconds(NOW.0 + days * DAY)
}

#[test]
fn what_came_sealed_is_opened_for_a_reason_and_stands_nowhere_in_the_clear() {
    let hub = Hub::new();
    let id = hub.spoken().id;
    assert_eq!(hub.details(&id), [Detail::Contact, Detail::Attached(AttachmentKind::Voice)]);
    assert!(hub.ledger.waiting_details(9).unwrap().is_empty(), "the tables let go of what was taken over");
    let contact = hub.open(&id, What::Contact).remove(0);
    let read = Contact::decode(&contact.plain).unwrap();
    assert_eq!((read.name.as_str(), read.phone.as_str()), (NAME, PHONE));
    let said = hub.open(&id, What::Said);
    assert_eq!((said.len(), said[0].plain.to_vec() == voice()), (1, true));
    for canary in [NAME.as_bytes(), PHONE.as_bytes(), b"13800001234", &voice()[..40]] {
        assert!(!hub.holds(canary));
    }
    assert_eq!(format!("{contact:?}"), format!("Opened(contact, {} bytes)", contact.plain.len()));
}

#[test]
fn a_ciphertext_opens_with_its_key_as_its_kind_of_its_record_and_as_nothing_else() {
    let (key, other) = (Zeroizing::new([1; 32]), Zeroizing::new([2; 32]));
    let (name, doc, contact) = ([3; 32], DocId::new([4; 16]), Detail::Contact);
    let sealed = lock(&key, &name, &doc, contact, b"one").unwrap();
    assert_eq!(unlock(&key, &name, &doc, contact, &sealed).unwrap().as_slice(), b"one");
    let voice = Detail::Attached(AttachmentKind::Voice);
    assert!(unlock(&other, &name, &doc, contact, &sealed).is_err(), "another key");
    assert!(unlock(&key, &[9; 32], &doc, contact, &sealed).is_err(), "another thing");
    assert!(unlock(&key, &name, &DocId::new([9; 16]), contact, &sealed).is_err(), "another record");
    assert!(unlock(&key, &name, &doc, voice, &sealed).is_err(), "another kind");
    for place in 0..sealed.len() {
        let mut bent = sealed.clone();
        bent[place] ^= 1;
        assert!(unlock(&key, &name, &doc, contact, &bent).is_err(), "byte {place}");
    }
}

#[test]
fn what_was_erased_is_in_no_file_and_a_kept_copy_of_the_ciphertexts_is_noise() {
    let hub = Hub::new();
    let (gone, stays) = (hub.spoken().id, hub.spoken().id);
    let item = hub.vault.items(&[gone]).unwrap().remove(0);
    let key = hub.vault.keys().of(&item.name).unwrap().unwrap();
    let sealed: Vec<u8> = hub
        .vault
        .shelf()
        .query_row("SELECT sealed FROM item WHERE name = ?1", params![item.name], |row| row.get(0))
        .unwrap();
    assert!(hub.holds(key.as_slice()) && hub.holds(&sealed));
    hub.vault.shelf().execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    let backup = fs::read(hub.dir.0.join(SHELF_FILE)).unwrap();

    assert_eq!(hub.vault.erase(&[gone], Why::Asked, "李干部", NOW).unwrap(), 2);
    assert!(!hub.holds(key.as_slice()) && !hub.holds(&sealed));
    assert!(hub.details(&gone).is_empty());
    assert_eq!(hub.details(&stays).len(), 2, "and of others everything is here");
    let erased = hub.vault.erased(&[gone]).unwrap();
    assert_eq!((erased.len(), erased[0].why.as_str(), erased[0].by.as_str()), (2, "asked", "李干部"));

    // Somebody puts a backup of the ciphertexts back, from before.
    let Hub { dir, ledger, vault, .. } = hub;
    drop((ledger, vault));
    fs::write(dir.0.join(SHELF_FILE), &backup).unwrap();
    let vault = Vault::open(&DataDir::look(&dir.0)).unwrap();
    assert_eq!(vault.items(&[gone]).unwrap().len(), 2);
    assert!(matches!(vault.unseal(&item.name), Err(VaultError::Gone)));
    assert_eq!(vault.find(PHONE).unwrap(), [stays], "nor is it found by its number");
}

#[test]
fn what_was_erased_does_not_come_back_from_the_log_or_from_the_road() {
    let hub = Hub::new();
    let id = hub.spoken().id;
    hub.vault.erase(&[id], Why::Withdrawn, "李干部", NOW).unwrap();
    // The tables are made anew: the log still has the envelope, until it is erased there too.
    let hub = hub.again();
    assert_eq!(hub.ledger.waiting_details(9).unwrap().len(), 1);
    hub.take_in();
    assert!(hub.details(&id).is_empty() && hub.vault.is_barred(&id).unwrap());
    assert_eq!(hub.vault.erased(&[id]).unwrap().len(), 2, "and is told of once");
    // A photo that lay on a device meanwhile.
    let name = [8; 32];
    let photo = Detail::Attached(AttachmentKind::Photo);
    let opened = || -> Result<Zeroizing<Vec<u8>>, civic_core::seal::SealError> { panic!("it is not even opened") };
    assert!(hub.vault.consider(&hub.ledger, &name, &id, photo, NOW, opened).unwrap().is_none());
    assert_eq!(hub.vault.erased(&[id]).unwrap().len(), 3);
}

#[test]
fn an_erasure_that_was_cut_off_is_finished_at_the_next_start() {
    let hub = Hub::new();
    let id = hub.spoken().id;
    let items = hub.vault.items(&[id]).unwrap();
    hub.vault.mark_erased(&items, std::iter::empty(), Why::Asked, "李干部", NOW).unwrap();
    assert_eq!(hub.details(&id).len(), 2);
    let hub = hub.again();
    assert!(hub.details(&id).is_empty());
    assert!(hub.vault.keys().of(&items[0].name).unwrap().is_none());
}

#[test]
fn what_was_cut_off_while_it_was_taken_over_is_taken_over_again_once() {
    let hub = Hub::new();
    let id = hub.spoken().id;
    // The power fails after the keys were written: the ciphertexts are not there, the envelope waits still.
    hub.vault.shelf().execute_batch("DELETE FROM item").unwrap();
    let hub = hub.again();
    hub.take_in();
    hub.take_in();
    assert_eq!(hub.details(&id).len(), 2);
    assert_eq!(hub.open(&id, What::Said)[0].plain.to_vec(), voice());
}

#[test]
fn what_cannot_be_opened_is_kept_apart_and_blocks_nothing() {
    let mut hub = Hub::new();
    let mut other = Keyring::default();
    other.add(OpenKey::make(9, Seed([5; 32])), NOW);
    let right = std::mem::replace(&mut hub.ring, other);
    let strange = hub.spoken().id;
    hub.ring = right;
    let good = hub.spoken().id;
    assert_eq!((hub.details(&strange).len(), hub.details(&good).len()), (0, 2));
    let refused = hub.ledger.refused(9).unwrap();
    assert_eq!(refused.iter().filter(|line| line.doc == strange.to_string()).count(), 2);
    assert!(refused.iter().all(|line| line.reason == "sealed"));
}

#[test]
fn nothing_is_opened_without_a_reason_or_by_another_or_after_its_time() {
    let hub = Hub::new();
    let id = hub.spoken().id;
    let wanted = Wanted { record: id, docs: &[id], what: What::Contact };
    for (reason, is_refused) in [("", true), (" \n\u{7}", true), (&"长".repeat(201), true), ("回复本人", false)] {
        assert_eq!(hub.vault.ask(wanted, "李干部", reason, false, NOW).is_err(), is_refused, "{reason:?}");
    }
    let Asked::Granted(grant) = hub.ask(&id, What::Contact, "李干部", false).unwrap() else { panic!("at once") };
    assert_eq!(grant.items.len(), 1, "the voice was not asked for");
    assert!(!format!("{grant:?}").contains(&grant.token));
    let look = |by: &str, at: i64| hub.vault.look(&grant.token, 0, by, UnixSeconds(NOW.0 + at)).is_ok();
    assert!(look("李干部", 0) && look("李干部", SHOWN_S - 1));
    assert!(!look("王干部", 0) && !look("李干部", SHOWN_S));
    assert!(hub.vault.look(&grant.token, 1, "李干部", NOW).is_err());
    hub.vault.hide(&grant.token, "王干部");
    assert!(look("李干部", 1));
    hub.vault.hide(&grant.token, "李干部");
    assert!(!look("李干部", 1));
    let counts = hub.vault.counts().unwrap();
    assert_eq!((counts.len(), counts[0].contacts, counts[0].said), (1, 2, 0));
}

#[test]
fn where_two_must_agree_one_asks_another_agrees_and_it_is_opened_once() {
    let hub = Hub::new();
    let id = hub.spoken().id;
    let ask = |by: &str| match hub.ask(&id, What::Said, by, true).unwrap() {
        Asked::Waits(number) => number,
        Asked::Granted(_) => panic!("nobody agreed yet"),
    };
    let open = |number, by: &str, at| -> Result<Grant, Refusal> { hub.vault.open_agreed(number, &[id], by, at) };
    let number = ask("李干部");
    assert!(open(number, "李干部", NOW).is_err());
    assert!(matches!(hub.vault.decide(number, "李干部", true, NOW), Err(Refusal::SamePerson)));
    assert_eq!(hub.vault.waiting(NOW).unwrap().len(), 1);
    assert_eq!(hub.vault.decide(number, "方科长", true, NOW).unwrap().standing, Standing::Agreed);
    assert!(matches!(hub.vault.decide(number, "周科长", false, NOW), Err(Refusal::Over)));
    assert!(open(number, "王干部", NOW).is_err(), "only who asked");
    assert_eq!(open(number, "李干部", NOW).unwrap().items.len(), 1);
    assert!(open(number, "李干部", NOW).is_err(), "only once");

    let declined = ask("李干部");
    assert_eq!(hub.vault.decide(declined, "方科长", false, NOW).unwrap().standing, Standing::Declined);
    assert!(open(declined, "李干部", NOW).is_err());

    let late = ask("李干部");
    let over = UnixSeconds(NOW.0 + WAITS_S);
    assert!(matches!(hub.vault.decide(late, "方科长", true, over), Err(Refusal::Over)));
    let slow = ask("李干部");
    hub.vault.decide(slow, "方科长", true, NOW).unwrap();
    assert!(open(slow, "李干部", over).is_err());
    assert!(hub.vault.waiting(over).unwrap().is_empty());
    assert_eq!(hub.vault.counts().unwrap()[0].said, 1, "what was not opened does not count as opened");
}

#[test]
fn a_record_is_found_by_its_telephone_number_and_no_number_is_kept() {
    let hub = Hub::new();
    let id = hub.spoken().id;
    for typed in [PHONE, "13800001234", "+86 138-0000-1234", "0086 13800001234"] {
        assert_eq!(hub.vault.find(typed).unwrap(), [id], "{typed}");
    }
    assert!(hub.vault.find("13800001235").unwrap().is_empty() && hub.vault.find("无").unwrap().is_empty());
    hub.vault.erase(&[id], Why::Asked, "李干部", NOW).unwrap();
    assert!(hub.vault.find(PHONE).unwrap().is_empty());
}

#[test]
fn details_go_when_their_time_is_over_and_not_while_the_matter_is_open() {
    let hub = Hub::new();
    let (closed, open) = (hub.spoken().id, hub.spoken().id);
    hub.close(&closed);
    let pass = |day: i64| hub.retain(day);
    assert!((0..90).step_by(6).chain([89]).all(|day| pass(day).is_empty()));
    let coming = hub.vault.coming(&hub.ledger.codebook().details.keep, after(89), |_| Ok(true)).unwrap();
    assert_eq!((coming.len(), coming[0].item.detail, coming[0].at), (2, Detail::Contact, after(90)));
    let gone = pass(90);
    assert_eq!((gone.len(), gone[0].doc, gone[0].detail), (1, closed, Detail::Contact));
    assert_eq!(hub.details(&closed), [Detail::Attached(AttachmentKind::Voice)], "the voice is kept for longer");
    let erased = hub.vault.latest_erased(|_| Ok(true)).unwrap();
    assert_eq!((erased[0].why.as_str(), erased[0].by.as_str()), ("expired", ""));
    (91..400).step_by(6).for_each(|day| drop(pass(day)));
    assert_eq!((hub.details(&closed).len(), hub.details(&open).len()), (0, 2));
    assert_eq!(hub.vault.stock().unwrap()[&Detail::Contact], retention::Stock { count: 1, running: 0 });
}

#[test]
fn what_another_hub_opens_is_due_once_every_kind_has_had_its_time() {
    let mut hub = Hub::new();
    // This hub's own keys are of other numbers.
    let mut above = Keyring::default();
    above.add(OpenKey::make(1 << 16 | 1, Seed([5; 32])), NOW);
    hub.ring = above;
    let id = hub.spoken().id;
    assert!(hub.ledger.refused(9).unwrap().is_empty(), "it is left to the other hub");
    let pass = |day: i64| {
        assert!(hub.retain(day).is_empty());
        hub.vault.due_unread(&hub.ledger).unwrap()
    };
    assert!((0..400).step_by(6).all(|day| pass(day).is_empty()), "not while the matter is open");
    hub.close(&id);
    assert!((400..765).step_by(6).all(|day| pass(day).is_empty()));
    assert_eq!(pass(766), [id]);

    let home = DataDir::look(&hub.dir.0);
    let audit = Desk::open(&home, &hub.ledger).unwrap().epochs.audit;
    let Hub { ledger, vault, dir: _dir, .. } = hub;
    let mut retention = Retention { ledger: ledger.clone(), vault: Arc::new(vault), audit, is_beneath: true };
    retention.pass(after(766)).unwrap();
    assert_eq!(ledger.erased(&id).unwrap(), None, "the hub above erases it for both");
    retention.is_beneath = false;
    for _ in 0..2 {
        retention.pass(after(766)).unwrap();
        let erased = ledger.erased(&id).unwrap().unwrap();
        assert_eq!((erased.depth, erased.ground), (Depth::Details, Ground::Expired));
    }
    let noted = Search { action: Some(Action::Erase), ..Search::default() };
    assert_eq!(retention.audit.count(&noted).unwrap(), 1);
}

#[test]
fn a_matter_that_opens_again_keeps_its_details_for_the_whole_time_after_it_closes_again() {
    let hub = Hub::new();
    let Filed { id, ticket } = hub.spoken();
    hub.close(&id);
    let pass = |day: i64| hub.retain(day).len();
    assert_eq!((0..80).step_by(6).map(pass).sum::<usize>(), 0);
    // The person who spoke says at a kiosk that nothing is solved, aloud.
    let village = Area::parse("990127101201").unwrap();
    let said = [Enclosed::voice(voice(), 5)];
    let recording = hub.ledger.named("again", &said).unwrap().pop().map(Into::into);
    let evaluation = Evaluation { satisfied: None, solved: Some(false) };
    hub.ledger.write_slips().unwrap();
    let add = Reaction::Addition { ticket, words: String::new(), recording, ink: None };
    let reactions = [(add, &said[..]), (Reaction::Evaluation { ticket, answer: 1, evaluation }, &[])];
    for (reaction, voices) in reactions {
        hub.ledger.react("again", &village, &reaction, voices).unwrap();
    }
    let home = DataDir::look(&hub.dir.0);
    let keys = Arc::new(keys::Keys::open(&home).unwrap());
    Opener::new(&home, hub.ledger.clone(), keys).unwrap().work().unwrap();
    hub.take_in();
    let records = hub.ledger.records_of(&id).unwrap();
    assert_eq!(hub.vault.items(&records).unwrap().len(), 3, "the voice that came later belongs to the same opinion");
    assert_eq!((80..120).step_by(6).map(pass).sum::<usize>(), 0, "it is open again");
    assert!(hub.vault.coming(&hub.ledger.codebook().details.keep, after(119), |_| Ok(true)).unwrap().is_empty());
    ["答复", "销号"].iter().for_each(|act| hub.step(&id, act));
    assert_eq!((120..210).step_by(6).map(pass).sum::<usize>(), 0);
    assert_eq!(pass(210), 1);
}

#[test]
fn what_others_have_opened_in_a_day_hides_no_request_of_an_opinion() {
    let hub = Hub::new();
    let (asked, others) = (hub.spoken().id, hub.spoken().id);
    assert!(matches!(hub.ask(&asked, What::Contact, "李干部", true), Ok(Asked::Waits(_))));
    for _ in 0..201 {
        assert!(matches!(hub.ask(&others, What::Contact, "王干部", false), Ok(Asked::Granted(_))));
    }
    assert_eq!(hub.vault.requests_of(&asked, NOW).unwrap().len(), 1);
}

#[test]
fn whoever_reads_few_records_is_told_what_comes_and_what_went_of_these() {
    let hub = Hub::new();
    let all: Vec<DocId> = (0..102).map(|_| hub.spoken().id).collect();
    all.iter().for_each(|id| hub.close(id));
    hub.retain(0);
    let keep = &hub.ledger.codebook().details.keep;
    let mine = *all.last().unwrap();
    let coming = hub.vault.coming(keep, after(1), |doc| Ok(*doc == mine)).unwrap();
    assert_eq!(coming.len(), 2, "name and voice, behind 202 things of others");
    assert_eq!(hub.vault.coming(keep, after(1), |_| Ok(true)).unwrap().len(), 200);
    hub.vault.erase(&[all[0]], Why::Asked, "李干部", NOW).unwrap();
    hub.vault.erase(&all[1..], Why::Asked, "李干部", NOW).unwrap();
    assert_eq!(hub.vault.latest_erased(|doc| Ok(*doc == all[0])).unwrap().len(), 2);
}

#[test]
fn a_clock_that_jumps_erases_nothing() {
    let hub = Hub::new();
    let id = hub.spoken().id;
    hub.close(&id);
    for day in [0, 20_000, 20_001, -400, 5] {
        assert!(hub.retain(day).is_empty(), "day {day}");
    }
    assert_eq!(hub.details(&id).len(), 2);
}
