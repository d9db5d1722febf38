//! What the county erases is gone at the hub, at the kiosk and at the deputy's, and whoever asks for it is told so.

use std::{thread, time::Duration};

use civic_core::{id::DeviceId, opinion::NewStep, reaction::Reaction, sealed::Record, slip};
use sync_core::tombstone::{Depth, Ground};

use super::*;
use crate::NotTaken;

/// A hub, a kiosk and a deputy, in each other's reach.
struct County {
    hub: Installation,
    kiosk: Installation,
    deputy: Installation,
}

impl County {
    fn new() -> Self {
        let mut county = Self {
            hub: Installation::new(Role::Hub, "990127", 0),
            kiosk: Installation::new(Role::Kiosk, VILLAGE, 1),
            deputy: Installation::new(Role::Deputy, VILLAGE, 2),
        };
        let hub = hex(&county.hub.identity.key.verifying_key().to_bytes());
        for place in [&mut county.hub, &mut county.kiosk, &mut county.deputy] {
            place.identity.card.hub_key.clone_from(&hub);
        }
        county
    }
}

/// All three exchange what they may read, and the hub does its work.
fn meet(hub: &Ledger, kiosk: &Ledger, deputy: &Ledger) {
    for device in [kiosk, deputy] {
        carry(device, hub, Audience::Deputies);
        carry(device, hub, Audience::County);
    }
    let key = OpenKey::make(1, Seed([1; 32]));
    for envelope in hub.unopened(100).unwrap() {
        let record = Record::open(&key, &envelope.doc, &envelope.payload).unwrap();
        hub.take(&envelope, &record).unwrap();
    }
    while hub.write_slips().unwrap() > 0 {}
    for device in [kiosk, deputy] {
        carry(hub, device, Audience::Public);
    }
    carry(hub, deputy, Audience::Deputies);
}

const WORDS: &str = "隔壁王家的水管漏了，半夜吵架。";

fn heard() -> Heard {
    let contact = Contact { name: "王小明".into(), phone: "10001234567".into() };
    Heard { contact, ..spoken(WORDS, 3, 12) }
}

/// Whether any file of an installation holds these words as its tables do.
fn holds(place: &Installation, words: &str) -> bool {
    std::fs::read_dir(&place.path).unwrap().any(|file| {
        let content = std::fs::read(file.unwrap().path()).unwrap_or_default();
        content.windows(words.len()).any(|piece| piece == words.as_bytes())
    })
}

#[test]
fn an_erased_opinion_is_gone_everywhere_and_its_number_tells_that_it_was_erased() {
    let county = County::new();
    let (hub, kiosk, deputy) = (county.hub.open(), county.kiosk.open(), county.deputy.open());
    let filed = kiosk.take_down(&village(), "站", heard()).unwrap();
    let other = kiosk.take_down(&village(), "站", Heard { new: opinion("路灯不亮"), ..heard() }).unwrap();
    meet(&hub, &kiosk, &deputy);
    let more =
        Reaction::Addition { ticket: filed.ticket, words: "昨晚又吵了。".into(), recording: None, ink: None };
    kiosk.react("1", &village(), &more, &[]).unwrap();
    let step = NewStep { act: "受理".into(), ..NewStep::default() };
    hub.edit(&filed.id, "县", &Edit { step: Some(step), ..Edit::default() }).unwrap();
    meet(&hub, &kiosk, &deputy);
    assert!(deputy.opinion(&filed.id).unwrap().is_some() && hub.waiting_details(9).unwrap().len() == 2);
    assert!([&county.hub, &county.kiosk, &county.deputy].iter().all(|place| holds(place, WORDS)));

    let done = hub.erase(&filed.id, Depth::Whole, Ground::Asked).unwrap();
    assert_eq!((done.ticket, done.beside, done.was_erased), (Some(filed.ticket), 2, false));
    assert!(hub.erase(&filed.id, Depth::Whole, Ground::Asked).unwrap().was_erased);
    // Before the deputy hears of it, they add to it.
    deputy.add(&filed.id, "陈", "我去看过了。").unwrap();
    kiosk.react("2", &village(), &more, &[]).unwrap();
    meet(&hub, &kiosk, &deputy);
    meet(&hub, &kiosk, &deputy);
    meet(&hub, &kiosk, &deputy);
    for (ledger, place) in [(&hub, &county.hub), (&kiosk, &county.kiosk), (&deputy, &county.deputy)] {
        assert!(!holds(place, WORDS), "{}", ledger.card().name);
        assert!(!holds(place, "我去看过了。") && !holds(place, "昨晚又吵了。"));
        assert!(ledger.opinion(&filed.id).unwrap().is_none() && ledger.slip(&filed.ticket).unwrap().is_none());
        let erased = ledger.erased_ticket(&filed.ticket).unwrap().unwrap();
        assert_eq!((erased.doc, erased.depth, erased.ground), (filed.id, Depth::Whole, Ground::Asked));
        assert!(ledger.log().verify().unwrap().is_ok());
        assert!(ledger.opinion(&other.id).unwrap().is_some(), "what stands beside it stays");
    }
    assert!(
        hub.waiting_details(9).unwrap().iter().all(|waiting| waiting.doc != filed.id)
            && hub.unopened(9).unwrap().is_empty()
    );
    assert!(kiosk.slip(&other.ticket).unwrap().is_some());
    assert!(matches!(deputy.add(&filed.id, "陈", "再加一句"), Err(LedgerError::NotFound)));
    assert!(matches!(kiosk.react("3", &village(), &more, &[]), Err(NotTaken::NotAsked)));
    // Both said that they did it.
    let said: Vec<DeviceId> = hub.erased_by(&filed.id, Depth::Whole).unwrap().into_keys().collect();
    let mut devices = [&kiosk, &deputy].map(|ledger| DeviceId::of(&ledger.log().public_key()));
    devices.sort();
    assert_eq!(said, devices);

    // Made anew from the log it says the same.
    let before = (lines(&hub), hub.erasures(9).unwrap());
    drop(hub);
    let hub = Ledger::rebuild(&DataDir::hold(&county.hub.path).unwrap(), &county.hub.identity).unwrap();
    assert_eq!((lines(&hub), hub.erasures(9).unwrap()), before);
    assert_eq!(hub.erased_by(&filed.id, Depth::Whole).unwrap().len(), 2);
    assert!(hub.refused(9).unwrap().is_empty(), "erased is not damaged");
}

/// Somebody still holds the paper with it, and would have heard of another's opinion.
#[test]
fn the_number_of_an_erased_opinion_is_given_to_nobody_else() {
    let county = County::new();
    let (hub, kiosk, deputy) = (county.hub.open(), county.kiosk.open(), county.deputy.open());
    let filed = kiosk.take_down(&village(), "站", heard()).unwrap();
    meet(&hub, &kiosk, &deputy);
    hub.erase(&filed.id, Depth::Whole, Ground::Asked).unwrap();
    meet(&hub, &kiosk, &deputy);
    assert!(kiosk.opinion(&filed.id).unwrap().is_none() && kiosk.slip(&filed.ticket).unwrap().is_none());
    for ledger in [&hub, &kiosk, &deputy] {
        assert!(ledger.reader().is_given(&filed.ticket).unwrap(), "{}", ledger.card().name);
    }
}

/// Seed 93 of the simulated county: a township erased the slip as well, and the county, which had never seen it, would not
/// take the township's feed any further.
#[test]
fn a_slip_that_is_still_on_its_way_goes_with_its_opinion() {
    let county = County::new();
    let (hub, kiosk) = (county.hub.open(), county.kiosk.open());
    let filed = kiosk.take_down(&village(), "站", heard()).unwrap();
    carry(&kiosk, &hub, Audience::Deputies);
    let done = hub.erase(&filed.id, Depth::Whole, Ground::Asked).unwrap();
    assert_eq!(done.beside, 0, "there was no slip here");
    assert_eq!(hub.erased(&slip::id_of(&filed.id)).unwrap().map(|erased| erased.depth), Some(Depth::Whole));
}

#[test]
fn erased_details_leave_the_words_and_the_slip() {
    let county = County::new();
    let (hub, kiosk, deputy) = (county.hub.open(), county.kiosk.open(), county.deputy.open());
    let filed = kiosk.take_down(&village(), "站", heard()).unwrap();
    meet(&hub, &kiosk, &deputy);
    let voice = kiosk.opinion(&filed.id).unwrap().unwrap().enclosures[0].attached.id;
    assert!(kiosk.sealed_attachment(&voice).unwrap().is_some());
    let done = hub.erase(&filed.id, Depth::Details, Ground::Expired).unwrap();
    assert_eq!((done.beside, done.was_erased), (0, false));
    meet(&hub, &kiosk, &deputy);
    meet(&hub, &kiosk, &deputy);
    assert!(
        hub.waiting_details(9).unwrap().iter().all(|waiting| waiting.doc != filed.id)
            && kiosk.sealed_attachment(&voice).unwrap().is_none()
    );
    assert_eq!(kiosk.status(&RoadState::default()).unwrap().attachments.waiting, 0);
    for ledger in [&hub, &kiosk, &deputy] {
        assert_eq!(ledger.opinion(&filed.id).unwrap().unwrap().opinion.body, WORDS);
        assert_eq!(ledger.erased(&filed.id).unwrap().unwrap().depth, Depth::Details);
        assert_eq!(ledger.erased_ticket(&filed.ticket).unwrap(), None);
    }
    assert!(kiosk.slip(&filed.ticket).unwrap().is_some());
    // More may go later.
    assert!(!hub.erase(&filed.id, Depth::Whole, Ground::Asked).unwrap().was_erased);
    assert!(hub.opinion(&filed.id).unwrap().is_none() && hub.slip(&filed.ticket).unwrap().is_none());
    assert_eq!(hub.erased(&filed.id).unwrap().unwrap().depth, Depth::Whole);
    assert!(hub.erased(&slip::id_of(&filed.id)).unwrap().is_some());
}

#[test]
fn nobody_but_the_hub_erases_and_what_is_not_here_cannot_be() {
    let county = County::new();
    let (hub, kiosk, deputy) = (county.hub.open(), county.kiosk.open(), county.deputy.open());
    let filed = kiosk.take_down(&village(), "站", heard()).unwrap();
    meet(&hub, &kiosk, &deputy);
    let refused = deputy.erase(&filed.id, Depth::Whole, Ground::Asked);
    assert!(matches!(refused, Err(LedgerError::OutOfScope(_))));
    assert!(deputy.opinion(&filed.id).unwrap().is_some());
    let unknown = hub.erase(&DocId::new([1; 16]), Depth::Whole, Ground::Asked);
    assert!(matches!(unknown, Err(LedgerError::NotFound)));
}

/// A second tombstone came while a device was emptying its files for the first, and the county was told that both were gone
/// while the second document still stood in the tables.
#[test]
fn what_is_erased_while_another_erasure_is_carried_out_is_acknowledged_once_it_is_gone_itself() {
    let county = County::new();
    let (hub, kiosk, deputy) = (county.hub.open(), county.kiosk.open(), county.deputy.open());
    let [first, second] = ["桥坏了", WORDS]
        .map(|words| kiosk.take_down(&village(), "站", Heard { new: opinion(words), ..heard() }).unwrap().id);
    meet(&hub, &kiosk, &deputy);
    hub.erase(&first, Depth::Whole, Ground::Asked).unwrap();
    // Somebody reads the kiosk's tables, so that emptying them takes its time.
    let reading = rusqlite::Connection::open(county.kiosk.path.join("ledger.db")).unwrap();
    reading.execute_batch("BEGIN; SELECT count(*) FROM document").unwrap();
    thread::scope(|scope| {
        let emptying = scope.spawn(|| carry(&hub, &kiosk, Audience::Public));
        while kiosk.opinion(&first).unwrap().is_some() {
            thread::sleep(Duration::from_millis(10));
        }
        thread::sleep(Duration::from_millis(500));
        hub.erase(&second, Depth::Whole, Ground::Asked).unwrap();
        deliver(&hub, &kiosk, Audience::Public);
        reading.execute_batch("COMMIT").unwrap();
        emptying.join().unwrap();
    });
    let told = |doc: &DocId| {
        carry(&kiosk, &hub, Audience::County);
        (hub.erased_by(doc, Depth::Whole).unwrap().len(), kiosk.opinion(doc).unwrap().is_none())
    };
    assert_eq!((told(&first), told(&second)), ((1, true), (0, false)));
    kiosk.catch_up().unwrap();
    assert_eq!(told(&second), (1, true));
    assert!(!holds(&county.kiosk, WORDS));
}

/// `status` or `export` beside a program that was erasing could take for done what neither had carried out.
#[test]
fn whoever_only_looks_leaves_it_to_the_program_that_holds_the_directory_to_erase_and_to_say_so() {
    let county = County::new();
    let (hub, kiosk, deputy) = (county.hub.open(), county.kiosk.open(), county.deputy.open());
    let filed = kiosk.take_down(&village(), "站", heard()).unwrap();
    meet(&hub, &kiosk, &deputy);
    hub.erase(&filed.id, Depth::Whole, Ground::Asked).unwrap();
    deliver(&hub, &kiosk, Audience::Public);
    let looking = Ledger::look(&DataDir::look(&county.kiosk.path), &county.kiosk.identity).unwrap();
    looking.catch_up().unwrap();
    assert!(looking.opinion(&filed.id).unwrap().is_none() && looking.log().is_erasure_due().unwrap());
    assert_eq!(looking.log().held().len(), kiosk.log().held().len(), "it writes nothing of its own");
    drop(looking);
    kiosk.catch_up().unwrap();
    carry(&kiosk, &hub, Audience::County);
    assert_eq!(hub.erased_by(&filed.id, Depth::Whole).unwrap().len(), 1);
    assert!(!kiosk.log().is_erasure_due().unwrap() && !holds(&county.kiosk, WORDS));
}

#[test]
fn a_card_in_another_machine_that_owes_an_acknowledgement_can_still_be_read() {
    let mut county = County::new();
    let (hub, kiosk, deputy) = (county.hub.open(), county.kiosk.open(), county.deputy.open());
    let filed = kiosk.take_down(&village(), "站", heard()).unwrap();
    meet(&hub, &kiosk, &deputy);
    hub.erase(&filed.id, Depth::Whole, Ground::Asked).unwrap();
    deliver(&hub, &kiosk, Audience::Public);
    drop(kiosk);
    county.kiosk.identity.is_elsewhere = true;
    let moved = county.kiosk.open();
    assert!(moved.status(&RoadState::default()).unwrap().is_elsewhere && moved.opinion(&filed.id).unwrap().is_none());
    drop(moved);
    // Back in its own machine it says so.
    county.kiosk.identity.is_elsewhere = false;
    carry(&county.kiosk.open(), &hub, Audience::County);
    assert_eq!(hub.erased_by(&filed.id, Depth::Whole).unwrap().len(), 1);
}

/// A deputy entered a file a second time, longer than before, and what had been erased of it was back for good.
#[test]
fn a_record_that_was_erased_is_not_entered_again_from_the_same_file() {
    let county = County::new();
    let (hub, kiosk, deputy) = (county.hub.open(), county.kiosk.open(), county.deputy.open());
    let line = |id: u8, body: &str| {
        let line = format!(r#"{{"id":"{}","init":{{"body":"{body}"}},"steps":[]}}"#, hex(&[id; 16]));
        civic_core::bulk::Record::parse(&line).unwrap()
    };
    let records = [line(1, WORDS), line(2, "桥坏了")];
    assert!(matches!(deputy.import(&village(), &records[..1]).unwrap()[..], [Ok(true)]));
    meet(&hub, &kiosk, &deputy);
    hub.erase(&records[0].id, Depth::Whole, Ground::Asked).unwrap();
    meet(&hub, &kiosk, &deputy);
    assert!(!holds(&county.deputy, WORDS));
    assert!(matches!(deputy.import(&village(), &records).unwrap()[..], [Ok(false), Ok(true)]));
    assert!(!holds(&county.deputy, WORDS));
    assert_eq!((lines(&deputy).len(), deputy.refused(9).unwrap().len()), (1, 0));
}

/// The words were in the log under a name that nobody merges, and the person had no number.
#[test]
fn what_is_said_in_a_form_whose_opinion_was_erased_is_another_opinion() {
    let county = County::new();
    let (hub, kiosk, deputy) = (county.hub.open(), county.kiosk.open(), county.deputy.open());
    let filed = kiosk.take_down_form("form 1", &village(), "站", heard()).unwrap();
    meet(&hub, &kiosk, &deputy);
    hub.erase(&filed.id, Depth::Whole, Ground::Asked).unwrap();
    meet(&hub, &kiosk, &deputy);
    assert_eq!(kiosk.filed_from("form 1").unwrap(), None);
    let other = || Heard { new: opinion("路灯不亮"), ..heard() };
    let again = kiosk.take_down_form("form 1", &village(), "站", other()).unwrap();
    assert_ne!((again.id, again.ticket), (filed.id, filed.ticket));
    assert_eq!(kiosk.take_down_form("form 1", &village(), "站", other()).unwrap(), again, "sent again it is no third");
    assert_eq!(kiosk.filed_from("form 1").unwrap(), Some(again));
    assert_eq!(kiosk.opinion(&again.id).unwrap().unwrap().opinion.body, "路灯不亮");
}

fn visit(deputy: &Ledger, words: &[&str]) -> (DocId, Vec<crate::Filed>) {
    let heard = words.iter().map(|words| (opinion(words), Contact::default())).collect();
    deputy.visit("form 7", &village(), "陈", "三组", "", heard).unwrap()
}

/// The erased words were back, and what else was heard on the visit stood there a second time under a new number.
#[test]
fn a_visit_sent_again_though_one_of_its_opinions_was_erased_is_the_one_that_is_here() {
    let county = County::new();
    let (hub, kiosk, deputy) = (county.hub.open(), county.kiosk.open(), county.deputy.open());
    let words = ["桥坏了", WORDS];
    let first = visit(&deputy, &words);
    meet(&hub, &kiosk, &deputy);
    hub.erase(&first.1[1].id, Depth::Whole, Ground::Asked).unwrap();
    meet(&hub, &kiosk, &deputy);
    assert!(!holds(&county.deputy, WORDS));
    assert_eq!(visit(&deputy, &words), first);
    assert!(!holds(&county.deputy, WORDS));
    assert_eq!((deputy.visits(9).unwrap().len(), lines(&deputy).len()), (1, 1));
}

/// Its names were used again: what was changed was refused, and the deputy held numbers that stood nowhere.
#[test]
fn a_visit_that_was_erased_stays_so_when_it_is_sent_again_and_what_was_changed_is_another() {
    let county = County::new();
    let (hub, kiosk, deputy) = (county.hub.open(), county.kiosk.open(), county.deputy.open());
    let first = visit(&deputy, &["桥坏了"]);
    meet(&hub, &kiosk, &deputy);
    hub.erase(&first.0, Depth::Whole, Ground::Asked).unwrap();
    meet(&hub, &kiosk, &deputy);
    assert_eq!(visit(&deputy, &["桥坏了"]), first);
    assert_eq!((deputy.visits(9).unwrap().len(), lines(&deputy).len()), (0, 1));
    let changed = visit(&deputy, &["桥坏了，路也坏了"]);
    drop(deputy);
    let deputy = county.deputy.open();
    assert_eq!(visit(&deputy, &["桥坏了，路也坏了"]), changed);
    assert_eq!((deputy.visits(9).unwrap()[0].id, lines(&deputy).len()), (changed.0, 2));
    let there = deputy.opinion(&changed.1[0].id).unwrap().unwrap().opinion;
    assert_eq!((there.body.as_str(), there.ticket), ("桥坏了，路也坏了", Some(changed.1[0].ticket)));
    assert!(deputy.refused(9).unwrap().is_empty());
}

#[test]
fn what_a_program_that_had_not_heard_of_it_still_wrote_of_an_erased_document_is_kept_in_no_table() {
    let county = County::new();
    let (hub, kiosk, deputy) = (county.hub.open(), county.kiosk.open(), county.deputy.open());
    let filed = kiosk.take_down(&village(), "站", heard()).unwrap();
    meet(&hub, &kiosk, &deputy);
    let beside = Ledger::look(&DataDir::look(&county.kiosk.path), &county.kiosk.identity).unwrap();
    hub.erase(&filed.id, Depth::Whole, Ground::Asked).unwrap();
    meet(&hub, &kiosk, &deputy);
    let late = |area: &str| NewEntry {
        space: Space::new(Area::parse(area).unwrap(), Audience::Deputies),
        doc: filed.id,
        kind: EntryKind::Change,
        at: UnixSeconds(1),
        payload: WORDS.into(),
    };
    beside.log().append(vec![late(VILLAGE), late("990127101202")]).unwrap();
    kiosk.take_down(&village(), "站", Heard { new: opinion("桥坏了"), ..heard() }).unwrap();
    kiosk.catch_up().unwrap();
    assert_eq!(kiosk.refused(9).unwrap().len(), 1, "what stands elsewhere is none of the tombstone's business");
}
