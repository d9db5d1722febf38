//! The county's words change, and every installation works by the newest that its hub said and it can read.

use sync_core::edition::Edition;

use super::*;
use crate::query::Filter;

/// A hub and a kiosk that believes it.
fn county() -> (Installation, Installation) {
    let (mut hub, mut kiosk) = (Installation::new(Role::Hub, "990127", 0), Installation::new(Role::Kiosk, VILLAGE, 1));
    let key = hex(&hub.identity.key.verifying_key().to_bytes());
    for place in [&mut hub, &mut kiosk] {
        place.identity.card.hub_key.clone_from(&key);
    }
    (hub, kiosk)
}

/// The county's file with one topic more.
fn with_topic(name: &str) -> String {
    let topic = format!("[[topic]]\nname = \"{name}\"\nen = \"x\"\npicture = \"water\"\n\n[[topic]]");
    CODEBOOK.replacen("[[topic]]", &topic, 1)
}

fn topics(ledger: &Ledger) -> Vec<String> {
    let all = ledger.codebook().topics.iter();
    all.map(|topic| topic.name.clone()).filter(|name| name.ends_with("号")).collect()
}

/// An edition as its writer says it in a space, at a time by its clock.
fn say(by: &Ledger, space: &str, audience: Audience, number: u32, text: &str, at: i64) {
    let payload = Edition { number, text: text.to_owned() }.encode().unwrap();
    let space = Space::new(Area::parse(space).unwrap(), audience);
    let (doc, kind) = (Edition::doc(number), EntryKind::Edition);
    by.log().append(vec![NewEntry { space, doc, kind, at: UnixSeconds(at), payload }]).unwrap();
    by.catch_up().unwrap();
}

#[test]
fn a_device_takes_the_newest_edition_of_its_hub_alone_and_keeps_it_over_a_restart_and_a_rebuild() {
    let (hub, kiosk) = county();
    let (at_hub, at_kiosk) = (hub.open(), kiosk.open());
    assert!(at_hub.announce_codebook(&with_topic("一号")).unwrap());
    assert!(at_hub.announce_codebook(&with_topic("二号")).unwrap());
    let old = at_kiosk.codebook();
    carry(&at_hub, &at_kiosk, Audience::Public);
    assert_eq!((at_kiosk.edition().number, topics(&at_kiosk)), (2, vec!["二号".to_owned()]));
    assert!(old.topics.iter().all(|topic| !topic.name.ends_with("号")), "whoever reads in the old one goes on");

    // An older one that comes late changes nothing, nor does one of somebody else, or where nobody can hear it.
    say(&at_hub, "990127", Audience::Public, 1, &with_topic("晚号"), 9);
    say(&at_hub, "990127", Audience::Deputies, 7, &with_topic("密号"), 9);
    carry(&at_hub, &at_kiosk, Audience::Public);
    carry(&at_hub, &at_kiosk, Audience::Deputies);
    say(&at_kiosk, VILLAGE, Audience::Public, 8, &with_topic("假号"), 9);
    assert_eq!((at_kiosk.edition().number, topics(&at_kiosk)), (2, vec!["二号".to_owned()]));

    // One that this program cannot read is kept for a newer one, and the last good one stays in force.
    say(&at_hub, "990127", Audience::Public, 3, "[from_the_future]\n", 9);
    carry(&at_hub, &at_kiosk, Audience::Public);
    assert_eq!((at_kiosk.edition().number, topics(&at_kiosk)), (2, vec!["二号".to_owned()]));
    // Of two with one number, as a restored hub gives them, the later counts, in whatever order they come.
    say(&at_hub, "990127", Audience::Public, 4, &with_topic("后号"), 200);
    say(&at_hub, "990127", Audience::Public, 4, &with_topic("先号"), 100);
    carry(&at_hub, &at_kiosk, Audience::Public);
    for ledger in [&at_hub, &at_kiosk] {
        assert_eq!((ledger.edition().number, topics(ledger)), (4, vec!["后号".to_owned()]));
    }
    // The next number is behind all that were ever given.
    assert!(at_hub.announce_codebook(&with_topic("五号")).unwrap());
    assert_eq!(at_hub.edition().number, 5);

    carry(&at_hub, &at_kiosk, Audience::Public);
    drop(at_kiosk);
    assert_eq!(topics(&kiosk.open()), ["五号"]);
    let rebuilt = Ledger::rebuild(&DataDir::look(&kiosk.path), &kiosk.identity).unwrap();
    assert_eq!((rebuilt.edition().number, topics(&rebuilt)), (5, vec!["五号".to_owned()]));
}

#[test]
fn where_an_opinion_stands_is_read_anew_by_a_new_edition() {
    let (hub, kiosk) = county();
    let (at_hub, at_kiosk) = (hub.open(), kiosk.open());
    let filed: Vec<_> = (0..150)
        .map(|n| at_kiosk.file(&village(), "站", opinion(&format!("第 {n} 件")), &Contact::default()).unwrap())
        .collect();
    // Somebody whose program knows the new step already takes it, and nobody else knows where it leads.
    let step = "[[step]]\nact = \"会商\"\nen = \"Confer\"\nto = \"已受理\"\n\n[[step]]";
    let next = CODEBOOK.replacen("[[step]]", step, 1);
    carry(&at_kiosk, &at_hub, Audience::Deputies);
    assert!(at_hub.announce_codebook(&next).unwrap());
    let new = NewStep { act: "会商".into(), ..NewStep::default() };
    for filed in &filed {
        at_hub.edit(&filed.id, "县", &Edit { step: Some(new.clone()), ..Edit::default() }).unwrap();
    }
    // The steps come to another place before the words do.
    let mut deputy = Installation::new(Role::Deputy, VILLAGE, 2);
    deputy.identity.card.hub_key.clone_from(&hub.identity.card.hub_key);
    let at_deputy = deputy.open();
    carry(&at_hub, &at_deputy, Audience::Deputies);
    assert_eq!(at_deputy.tallies(&Filter::default()).unwrap(), [("已登记".to_owned(), 150)]);
    carry(&at_hub, &at_deputy, Audience::Public);
    assert_eq!(at_deputy.tallies(&Filter::default()).unwrap(), [("已受理".to_owned(), 150)]);
    assert_eq!(lines(&at_deputy), lines(&at_hub));
}
