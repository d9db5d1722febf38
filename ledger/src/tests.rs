//! Several ledgers in one process; what one wrote is carried to another run by run, without a road.

use std::{path::PathBuf, time::Duration};

use civic_core::{
    access::{Role, Scope},
    area::Area,
    attachment::AttachmentKind,
    bulk::Record,
    document::Stamp,
    id::{DeviceId, DocId, Incarnation, hex},
    opening::{Deposit, Opening},
    opinion::{Edit, Field, NewOpinion, NewStep},
    seal::{self, Contact, OpenKey, Seed},
    space::{Audience, Space},
    time::UnixSeconds,
};
use replica::{
    clock,
    device::RoadState,
    dir::DataDir,
    identity::{Card, Identity},
    store::NewEntry,
};
use sync_core::{
    entry::{Entry, EntryKind},
    feed::Feed,
    run::{RUN_BODY_LEN_MAX, Run},
};

use tokio::time::timeout;

use crate::{
    Ledger, LedgerError, Merged,
    enclosed::{Enclosed, Enclosure, Heard, Whereabouts},
    reason::Reason,
};

mod edition;
mod erase;
mod names;
mod numbers;
mod opening;
mod prune;
mod publish;
mod tally;
mod unfit;

const CODEBOOK: &str = include_str!("../../tests/sample/county.toml");
const VILLAGE: &str = "990127101201";

/// One installation in a directory that goes with the test.
struct Installation {
    path: PathBuf,
    identity: Identity,
}

impl Installation {
    fn new(role: Role, area: &str, number: u16) -> Self {
        let path = std::env::temp_dir().join(format!("huiyin-ledger-{}", hex(&clock::random::<8>())));
        let key: ed25519_dalek::SigningKey = (&clock::random::<32>()).into();
        let card = Card {
            scope: Scope { role, areas: vec![Area::parse(area).unwrap()] },
            name: format!("{} {number}", role.word()),
            number,
            hub: "127.0.0.1:1".into(),
            hub_key: String::new(),
            authority: String::new(),
            spare: String::new(),
            salt: String::new(),
            retired: String::new(),
            certificate: String::new(),
            seal_key: OpenKey::make(1, Seed([1; 32])).seal_key().unwrap(),
            codebook: CODEBOOK.into(),
            edition: 0,
            enrolled_at: UnixSeconds(0),
            renewed_at: None,
            former: Vec::new(),
            board: String::new(),
        };
        let home = DataDir::look(&path);
        Self { identity: Identity::new(&home, key, card), path }
    }

    fn open(&self) -> Ledger {
        Ledger::open(&DataDir::hold(&self.path).unwrap(), &self.identity).unwrap()
    }
}

impl Drop for Installation {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

/// Carries everything of one audience from one log to another, and merges it there.
fn carry(from: &Ledger, to: &Ledger, audience: Audience) {
    deliver(from, to, audience);
    to.catch_up().unwrap();
}

/// The same, and nobody there has looked at it yet.
fn deliver(from: &Ledger, to: &Ledger, audience: Audience) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for held in from.log().held() {
        if held.feed.space.audience == audience {
            let runs = from.log().runs_after(held.feed.id(), 0, held.extent.length, RUN_BODY_LEN_MAX).unwrap();
            let runs = runs.into_iter().map(|run| (held.feed.clone(), run)).collect();
            runtime.block_on(to.log().accept(runs)).unwrap();
        }
    }
}

fn village() -> Area {
    Area::parse(VILLAGE).unwrap()
}

fn opinion(body: &str) -> NewOpinion {
    let fields = [(Field::Topic, "道路交通".to_owned())].into();
    NewOpinion { body: body.into(), fields, ..NewOpinion::default() }
}

fn lines(ledger: &Ledger) -> Vec<String> {
    let mut lines = Vec::new();
    ledger
        .export(|line| {
            lines.push(line.to_string());
            Ok(())
        })
        .unwrap()
        .unwrap();
    lines
}

#[test]
fn two_who_add_offline_both_keep_their_words_in_whatever_order_they_arrive() {
    let (chen, wang) = (Installation::new(Role::Deputy, VILLAGE, 1), Installation::new(Role::Deputy, VILLAGE, 2));
    let (here, there) = (Installation::new(Role::Hub, "990127", 0), Installation::new(Role::Hub, "990127", 0));
    let (chen, wang, here, there) = (chen.open(), wang.open(), here.open(), there.open());
    let filed = chen.file(&village(), "陈", opinion("桥坏了"), &Contact::default()).unwrap();
    carry(&chen, &wang, Audience::Deputies);
    assert!(chen.add(&filed.id, "陈", "，在村东").unwrap());
    assert!(wang.add(&filed.id, "王", "，老人过不去").unwrap());
    carry(&chen, &here, Audience::Deputies);
    carry(&wang, &here, Audience::Deputies);
    // The other way round, Wang's addition comes before what it adds to and waits for it.
    carry(&wang, &there, Audience::Deputies);
    carry(&chen, &there, Audience::Deputies);
    let whole = here.opinion(&filed.id).unwrap().unwrap();
    assert!(whole.opinion.body.contains("在村东") && whole.opinion.body.contains("老人过不去"));
    assert_eq!(whole.opinion.original, "桥坏了");
    assert_eq!(lines(&here), lines(&there));
}

#[test]
fn a_change_that_comes_before_what_it_builds_on_waits_for_it() {
    let (chen, wang) = (Installation::new(Role::Deputy, VILLAGE, 1), Installation::new(Role::Deputy, VILLAGE, 2));
    let hub = Installation::new(Role::Hub, "990127", 0);
    let (chen, wang, hub) = (chen.open(), wang.open(), hub.open());
    let filed = chen.file(&village(), "陈", opinion("桥坏了"), &Contact::default()).unwrap();
    carry(&chen, &wang, Audience::Deputies);
    wang.add(&filed.id, "王", "，老人过不去").unwrap();
    let own = wang.log().held().into_iter().find(|held| held.feed.public_key == wang.log().public_key()).unwrap();
    let runs = wang.log().runs_after(own.feed.id(), 0, own.extent.length, RUN_BODY_LEN_MAX).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(hub.log().accept(runs.into_iter().map(|run| (own.feed.clone(), run)).collect())).unwrap();
    let merged = hub.catch_up().unwrap();
    assert_eq!((merged.changes, merged.pending), (0, 1));
    assert!(lines(&hub).is_empty());
    carry(&chen, &hub, Audience::Deputies);
    assert!(lines(&hub)[0].contains("老人过不去"));
}

#[test]
fn a_ledger_rebuilt_from_the_log_says_the_same() {
    let deputy = Installation::new(Role::Deputy, VILLAGE, 1);
    let ledger = deputy.open();
    for n in 0..5 {
        let filed = ledger.file(&village(), "陈", opinion(&format!("第 {n} 件")), &Contact::default()).unwrap();
        ledger.add(&filed.id, "陈", "补充").unwrap();
    }
    let before = lines(&ledger);
    drop(ledger);
    let ledger = Ledger::rebuild(&DataDir::hold(&deputy.path).unwrap(), &deputy.identity).unwrap();
    assert_eq!(lines(&ledger), before);
}

/// An opinion that only the log could keep, on a disk that was full for a moment, was on no page until somebody wrote again.
#[test]
fn merging_that_failed_is_tried_again_though_nothing_new_comes() {
    let deputy = Installation::new(Role::Deputy, VILLAGE, 1);
    let ledger = deputy.open();
    let may_write = |may: bool| ledger.writer().db.pragma_update(None, "query_only", !may).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap();
    runtime.spawn(ledger.clone().follow_and_retry(Duration::from_millis(20)));
    let mut changed = ledger.changed();
    may_write(false);
    ledger.file(&village(), "陈", opinion("桥坏了"), &Contact::default()).unwrap();
    std::thread::sleep(Duration::from_millis(100));
    assert!(lines(&ledger).is_empty());
    may_write(true);
    runtime.block_on(async { timeout(Duration::from_secs(30), changed.changed()).await.unwrap().unwrap() });
    assert!(lines(&ledger)[0].contains("桥坏了"));
}

/// Signs `count` small opinions into `to`'s log as one run of a device that is not there, without merging them.
fn pour(to: &Ledger, count: usize) {
    let key: ed25519_dalek::SigningKey = (&[9; 32]).into();
    let space = Space::new(village(), Audience::Deputies);
    let feed = Feed { public_key: key.verifying_key().to_bytes(), incarnation: Incarnation::new([9; 16]), space };
    let stamp = Stamp::new("站", UnixSeconds(7));
    let file = |number: usize| {
        let new = NewOpinion { body: format!("第 {number} 件"), ..NewOpinion::default() };
        civic_core::opinion::file(feed.actor(), &stamp, &new).unwrap().1
    };
    let payloads: Vec<Vec<u8>> = (0..count).map(file).collect();
    let entry = |(number, payload)| Entry {
        doc: DocId::of_form(&feed.public_key, "pour", number),
        kind: EntryKind::Change,
        at: stamp.at,
        payload,
        is_erased: false,
    };
    let entries: Vec<_> = (0..).zip(payloads.iter().map(Vec::as_slice)).map(entry).collect();
    let (run, _) = Run::sign(&feed, &feed.genesis(), &entries, &key);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(to.log().accept(vec![(feed, run)])).unwrap();
}

#[test]
fn who_writes_waits_for_no_backlog_and_the_backlog_loses_nothing_by_it() {
    // More than one batch, in one run.
    const BACKLOG: usize = 1_100;
    let hub = Installation::new(Role::Hub, "990127", 1);
    let ledger = hub.open();
    pour(&ledger, BACKLOG);
    let contact = Contact { name: "某".into(), ..Contact::default() };
    let filed = ledger.file(&village(), "县", opinion("桥坏了"), &contact).unwrap();
    assert_eq!(lines(&ledger).len(), 1, "the opinion is there and the backlog waits");
    assert!(ledger.add(&filed.id, "县", "，在村东").unwrap());
    let merged = ledger.catch_up().unwrap();
    assert_eq!((merged.changes, merged.pending, merged.refused), (BACKLOG as u64, 0, 0));
    assert_eq!(ledger.waiting_details(9).unwrap().len(), 1);
    let whole = lines(&ledger);
    assert_eq!(whole.len(), BACKLOG + 1);
    drop(ledger);
    let ledger = Ledger::rebuild(&DataDir::hold(&hub.path).unwrap(), &hub.identity).unwrap();
    assert_eq!(lines(&ledger), whole);
}

#[test]
fn what_is_refused_is_kept_with_its_reason_and_the_rest_of_the_run_enters() {
    let (deputy, hub) = (Installation::new(Role::Deputy, VILLAGE, 1), Installation::new(Role::Hub, "990127", 0));
    let (deputy, hub) = (deputy.open(), hub.open());
    let (doc, author) = (DocId::new([5; 16]), DeviceId::of(&deputy.log().public_key()).to_string());
    let stamp = Stamp::new("陈", UnixSeconds(7));
    let (_, good) = civic_core::opinion::file(deputy.log().actor(), &stamp, &opinion("桥坏了")).unwrap();
    let entry = |doc, area: Area, payload| NewEntry {
        space: Space::new(area, Audience::Deputies),
        doc,
        kind: EntryKind::Change,
        at: stamp.at,
        payload,
    };
    let elsewhere = Area::parse("990127101202").unwrap();
    deputy.log().append(vec![entry(doc, village(), vec![9, 2, 3]), entry(doc, village(), good.clone())]).unwrap();
    deputy.log().append(vec![entry(doc, elsewhere, good)]).unwrap();
    carry(&deputy, &hub, Audience::Deputies);
    assert_eq!(lines(&hub).len(), 1);
    let refused = hub.status(&RoadState::default()).unwrap().refused;
    let reasons: Vec<_> = refused.iter().map(|line| line.reason.as_str()).collect();
    assert_eq!(reasons, [Reason::Elsewhere.word(), Reason::UnknownForm.word()]);
    assert!(refused.iter().all(|line| line.doc == doc.to_string() && line.device == author));
}

#[test]
fn the_answer_comes_back_on_the_slip_and_slips_come_to_rest() {
    let (kiosk, hub) = (Installation::new(Role::Kiosk, VILLAGE, 1), Installation::new(Role::Hub, "990127", 0));
    let (kiosk, hub) = (kiosk.open(), hub.open());
    let contact = Contact { name: "某人".into(), phone: "10001112222".into() };
    let opening = Opening::new([7; 24]);
    let heard = Heard { opening: Some(opening.deposit()), ..(opinion("桥坏了"), contact).into() };
    let filed = kiosk.take_down(&village(), "站", heard).unwrap();
    carry(&kiosk, &hub, Audience::Deputies);
    carry(&kiosk, &hub, Audience::County);
    let sealed = hub.unopened_openings(9).unwrap().remove(0);
    let key = OpenKey::make(1, Seed([1; 32]));
    hub.take_opening(&sealed, Ok(&Deposit::open(&key, &sealed.doc, &sealed.payload).unwrap())).unwrap();
    assert!(hub.has_opening(&filed.id).unwrap());
    assert_eq!(hub.waiting_details(9).unwrap().len(), 1);
    while hub.write_slips().unwrap() > 0 {}
    let states = hub.codebook().clone();
    let walk = |act: &str, note: &str, office: &str| {
        let step = NewStep { act: act.into(), note: note.into(), ..NewStep::default() };
        let fields = if office.is_empty() { Default::default() } else { [(Field::Office, office.to_owned())].into() };
        hub.edit(&filed.id, "县", &Edit { step: Some(step), fields, ..Edit::default() })
    };
    walk("受理", "", "").unwrap();
    walk("交办", "", "交通局").unwrap();
    assert!(matches!(walk("受理", "", ""), Err(LedgerError::NotAllowed(_))));
    walk("办理", "", "").unwrap();
    walk("答复", "下月就修", "").unwrap();
    while hub.write_slips().unwrap() > 0 {}
    assert_eq!(hub.write_slips().unwrap(), 0);
    carry(&hub, &kiosk, Audience::Public);
    let slip = kiosk.slip(&filed.ticket).unwrap().unwrap();
    assert_eq!(slip.open(&opening.key).unwrap().answer.as_deref(), Some("下月就修"));
    assert_eq!(slip.state, states.step("答复").and_then(|rule| rule.to.clone()).unwrap());
}

#[test]
fn records_entered_twice_are_there_once_and_a_wrong_one_stops_no_other() {
    let deputy = Installation::new(Role::Deputy, VILLAGE, 1);
    let ledger = deputy.open();
    let line = |id: u8, body: &str| format!(r#"{{"id":"{}","init":{{"body":"{body}"}},"steps":[]}}"#, hex(&[id; 16]));
    let long = "路".repeat(2_001);
    let records: Vec<_> =
        [line(1, "一"), line(2, &long), line(1, "一")].iter().map(|line| Record::parse(line).unwrap()).collect();
    let results = ledger.import(&village(), &records).unwrap();
    assert!(matches!(results[..], [Ok(true), Err(LedgerError::Record(_)), Ok(false)]));
    assert!(matches!(ledger.import(&village(), &records[..1]).unwrap()[..], [Ok(false)]));
    assert_eq!(lines(&ledger).len(), 1);
}

/// Every later change was written with the time of an earlier one, and those who heard of it waited for it for ever.
#[test]
fn a_step_of_an_import_that_changes_nothing_leaves_the_times_of_the_others_as_they_are() {
    let deputy = Installation::new(Role::Deputy, VILLAGE, 1);
    let ledger = deputy.open();
    let line = format!(
        r#"{{"id":"{}","init":{{"body":"路坏了","office":"住建局","created_at":100}},"steps":[
        {{"by":"st-1","t":200,"set":{{"office":"住建局"}}}},{{"by":"st-2","t":300,"set":{{"office":"交通局"}}}},
        {{"by":"st-3","t":400,"push":{{"act":"受理"}}}}]}}"#,
        hex(&[1; 16])
    );
    ledger.import(&village(), &[Record::parse(&line).unwrap()]).unwrap();
    let opinion = ledger.opinion(&DocId::new([1; 16])).unwrap().unwrap().opinion;
    assert_eq!((opinion.field(Field::Office), opinion.steps.len()), ("交通局", 1));
    assert_eq!((opinion.steps[0].stamp.at, opinion.changed.at), (UnixSeconds(400), UnixSeconds(400)));
}

#[test]
fn the_same_visit_sent_again_is_one_visit_and_a_changed_one_another() {
    let deputy = Installation::new(Role::Deputy, VILLAGE, 1);
    let ledger = deputy.open();
    let visit = |ledger: &Ledger, body: &str| {
        let heard = vec![(opinion(body), Contact { name: "某".into(), ..Contact::default() })];
        ledger.visit("form 7", &village(), "陈", "三组", "", heard).unwrap()
    };
    let first = visit(&ledger, "桥坏了");
    drop(ledger);
    let ledger = deputy.open();
    assert_eq!(visit(&ledger, "桥坏了"), first);
    let changed = visit(&ledger, "桥坏了，路也坏了");
    assert_ne!(changed.0, first.0);
    assert_eq!(visit(&ledger, "桥坏了，路也坏了"), changed, "sent again it is no third");
    assert_eq!((ledger.visits(9).unwrap().len(), lines(&ledger).len()), (2, 2));
}

fn opus(seed: u8) -> Vec<u8> {
    (0..100_000u32).map(|at| (at % 251) as u8 ^ seed).collect()
}

fn spoken(body: &str, seed: u8, seconds: u32) -> Heard {
    Heard { new: opinion(body), enclosed: vec![Enclosed::voice(opus(seed), seconds)], ..Heard::default() }
}

/// The simulated county's seed 1876: it became a second opinion.
#[test]
fn a_spoken_form_sent_again_after_the_county_made_a_new_key_is_the_one_that_is_here() {
    let (mut kiosk, mut hub) = (Installation::new(Role::Kiosk, VILLAGE, 1), Installation::new(Role::Hub, "990127", 0));
    let key = hex(&hub.identity.key.verifying_key().to_bytes());
    for place in [&mut kiosk, &mut hub] {
        place.identity.card.hub_key.clone_from(&key);
    }
    let (kiosk, hub) = (kiosk.open(), hub.open());
    let file = |seed| kiosk.take_down_form("form 7", &village(), "站", spoken("", seed, 23)).unwrap();
    let first = file(1);
    for epoch in [2, 3] {
        hub.announce_epoch(OpenKey::make(epoch, Seed([epoch as u8; 32])).seal_key().unwrap()).unwrap();
        carry(&hub, &kiosk, Audience::Public);
        assert_eq!(kiosk.seal_key().unwrap().epoch, epoch);
        assert_eq!(file(1), first);
    }
    assert_ne!(file(2).id, first.id, "another voice is another opinion");
    assert_eq!(lines(&kiosk).len(), 2);
}

#[test]
fn an_opinion_may_be_a_voice_alone_which_only_the_county_can_open() {
    let (kiosk, hub) = (Installation::new(Role::Kiosk, VILLAGE, 1), Installation::new(Role::Hub, "990127", 0));
    let (kiosk, hub) = (kiosk.open(), hub.open());
    let filed = kiosk.take_down(&village(), "站", spoken("", 1, 23)).unwrap();
    let whole = kiosk.opinion(&filed.id).unwrap().unwrap();
    assert_eq!((whole.opinion.body.as_str(), whole.enclosures.len()), ("", 1));
    let Enclosure { attached, whereabouts, length, arrived } = whole.enclosures[0];
    assert_eq!((attached.kind, attached.seconds), (AttachmentKind::Voice, Some(23)));
    assert_eq!((whereabouts, length, arrived), (Whereabouts::Here, Some(100_053), 0));
    assert_eq!(kiosk.status(&RoadState::default()).unwrap().attachments.bytes, 100_053);
    let sealed = kiosk.sealed_attachment(&attached.id).unwrap().unwrap();
    let key = OpenKey::make(1, Seed([1; 32]));
    let opened = seal::open_attachment(&key, &filed.id, AttachmentKind::Voice, &sealed).unwrap();
    assert_eq!(opened, opus(1));
    carry(&kiosk, &hub, Audience::Deputies);
    let there = hub.opinion(&filed.id).unwrap().unwrap();
    assert_eq!(
        there.enclosures[0],
        Enclosure { whereabouts: Whereabouts::Elsewhere, length: None, ..whole.enclosures[0] }
    );
    assert_eq!(lines(&hub), lines(&kiosk));
    assert!(lines(&hub)[0].contains(&attached.id.to_string()));
}

#[test]
fn a_recording_beyond_the_limit_is_refused_and_nothing_of_it_is_kept() {
    let kiosk = Installation::new(Role::Kiosk, VILLAGE, 1);
    let kiosk = kiosk.open();
    let refused = |heard: Heard| kiosk.take_down(&village(), "站", heard).unwrap_err();
    assert!(matches!(refused(spoken("", 1, 121)), LedgerError::Record(_)));
    let with = |enclosed| Heard { new: opinion("桥"), enclosed: vec![enclosed], ..Heard::default() };
    assert!(matches!(refused(with(Enclosed::voice(vec![1; 600_000], 60))), LedgerError::Seal(_)));
    assert!(matches!(refused(with(Enclosed::ink(Vec::new()))), LedgerError::Record(_)));
    let five = Heard { enclosed: vec![Enclosed::photo(vec![1; 9]); 5], ..with(Enclosed::ink(vec![1])) };
    assert!(matches!(refused(five), LedgerError::Record(_)));
    assert!(lines(&kiosk).is_empty());
    assert_eq!(kiosk.status(&RoadState::default()).unwrap().attachments.waiting, 0);
}

#[test]
fn the_same_spoken_visit_sent_again_is_one_visit_and_another_voice_another() {
    let deputy = Installation::new(Role::Deputy, VILLAGE, 1);
    let ledger = deputy.open();
    let visit = |ledger: &Ledger, seed: u8| {
        let heard = vec![spoken("桥坏了", seed, 23), (opinion("路"), Contact::default()).into()];
        ledger.visit("form 7", &village(), "陈", "三组", "", heard).unwrap()
    };
    let first = visit(&ledger, 1);
    drop(ledger);
    let ledger = deputy.open();
    assert_eq!(visit(&ledger, 1), first);
    assert_eq!(ledger.status(&RoadState::default()).unwrap().attachments.waiting, 1);
    assert_ne!(visit(&ledger, 2).0, first.0);
    assert_eq!(ledger.status(&RoadState::default()).unwrap().attachments.waiting, 2);
}

#[test]
fn a_record_goes_to_the_village_it_names() {
    let deputy = Installation::new(Role::Deputy, &VILLAGE[..9], 1);
    let ledger = deputy.open();
    let other = ledger.codebook().villages_in(&ledger.card().scope.areas).nth(1).unwrap().clone();
    let line = |id: u8, village: &str| {
        let line = format!(r#"{{"id":"{}","init":{{"body":"一","village":"{village}"}},"steps":[]}}"#, hex(&[id; 16]));
        Record::parse(&line).unwrap()
    };
    ledger.import(&village(), &[line(1, &other.name), line(2, "没有这个村")]).unwrap();
    assert!(lines(&ledger)[0].contains(&format!("{}/deputies", other.area)));
    assert!(lines(&ledger)[1].contains(&format!("{VILLAGE}/deputies")));
}

#[test]
fn a_device_writes_only_where_it_was_enrolled_for() {
    let kiosk = Installation::new(Role::Kiosk, VILLAGE, 1);
    let elsewhere = Area::parse("990127101202").unwrap();
    let refused = kiosk.open().file(&elsewhere, "站", opinion("别村"), &Contact::default());
    assert!(matches!(refused, Err(LedgerError::OutOfScope(_))));
}

/// A card fails while the program runs, and nobody starts it anew.
#[test]
fn tables_that_are_damaged_meanwhile_are_made_anew_too() {
    let kiosk = Installation::new(Role::Kiosk, VILLAGE, 1);
    let ledger = kiosk.open();
    for n in 0..50 {
        ledger.file(&village(), "", opinion(&format!("第 {n} 件")), &Contact::default()).unwrap();
    }
    let before = lines(&ledger);
    let path = kiosk.path.join("ledger.db");
    ledger.scrub().unwrap();
    // Another program writes, so what this one remembers of the file counts no more.
    let other = rusqlite::Connection::open(&path).unwrap();
    let version: usize = other.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    other.pragma_update(None, "user_version", version).unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[4_096..].fill(0x5a);
    std::fs::write(&path, bytes).unwrap();
    let damage = ledger.export(|_| Ok(())).unwrap_err();
    assert!(matches!(&damage, LedgerError::Tables(error) if crate::is_damage(error)), "{damage:?}");
    // It is saved, for the log has it; the tables follow.
    ledger.file(&village(), "", opinion("路坏了"), &Contact::default()).unwrap();
    ledger.catch_up().unwrap();
    let after = lines(&ledger);
    assert_eq!(after.len(), 51);
    assert!(before.iter().all(|line| after.contains(line)));
}

/// Seed 150 of the simulated county: a failing card damaged the tables, and the kiosk did not start any more.
#[test]
fn tables_that_a_failing_card_damaged_are_made_anew() {
    let kiosk = Installation::new(Role::Kiosk, VILLAGE, 1);
    let ledger = kiosk.open();
    let filed = ledger.file(&village(), "", opinion("路坏了"), &Contact::default()).unwrap();
    let before = lines(&ledger);
    drop(ledger);
    for (place, damage) in [(0, 32), (100, 5_000)] {
        let path = kiosk.path.join("ledger.db");
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[place..place + damage].fill(0x5a);
        std::fs::write(&path, bytes).unwrap();
        let ledger = kiosk.open();
        assert_eq!(lines(&ledger), before);
        assert!(ledger.opinion(&filed.id).unwrap().is_some());
    }
}

/// What a deputy wrote was passed over at a kiosk, entry by entry, as many as had been merged of a run that was joined with
/// others meanwhile.
#[test]
fn what_waits_may_be_joined_while_it_is_half_merged_and_nothing_behind_it_is_passed_over() {
    let (kiosk, deputy) = (Installation::new(Role::Kiosk, VILLAGE, 1), Installation::new(Role::Deputy, VILLAGE, 2));
    let (here, there) = (kiosk.open(), deputy.open());
    let filed = there.file(&village(), "陈", opinion("桥坏了"), &Contact::default()).unwrap();
    let of_a_newer_program = NewEntry {
        space: Space::new(village(), Audience::Deputies),
        doc: DocId::new([7; 16]),
        kind: EntryKind::Unknown(40),
        at: UnixSeconds(1),
        payload: vec![1],
    };
    // More than is merged at once, in one run.
    here.log().append(vec![of_a_newer_program.clone(); 1_500]).unwrap();
    deliver(&there, &here, Audience::Deputies);
    for _ in 0..20 {
        here.log().append(vec![of_a_newer_program.clone()]).unwrap();
    }
    assert!(here.merge_next(&here.writer(), &mut Merged::default()).unwrap());
    assert!(here.writer().progress().unwrap().entries > 0, "it stands inside of the first run");
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert!(runtime.block_on(here.log().join_waiting()).unwrap() > 20);
    here.catch_up().unwrap();
    assert!(here.opinion(&filed.id).unwrap().is_some());
}
