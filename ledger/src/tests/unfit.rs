//! What a device sealed that can go nowhere: it is kept apart, and everybody behind it is heard.

use std::collections::BTreeMap;

use civic_core::{
    ballot::{self, Ballot},
    confided::Confided,
    document::{ACTORS_MAX, Kind},
    opinion, published,
    reaction::Reaction,
    sealed::Record,
    slip,
    token::Token,
    vote::{VoteCount, batch_of},
};

use super::{
    publish::{County, FILE, publication},
    *,
};
use crate::{
    erase::{Depth, Ground},
    reason::Reason,
    sealed::What,
};

/// Seals a record past everything that a program of ours checks, as one of somebody else's may.
fn seal(county: &County, doc: DocId, record: &Record) {
    let payload = record.seal(&county.kiosk.card().seal_key, &doc, Seed([3; 32])).unwrap();
    let space = Space::new(village(), Audience::County);
    let entry = NewEntry { space, doc, kind: EntryKind::Sealed, at: UnixSeconds(9), payload };
    county.kiosk.log().append(vec![entry]).unwrap();
}

#[test]
fn words_that_no_opinion_can_hold_keep_nobody_else_and_no_slip_waiting() {
    let county = County::new();
    let (id, ticket) = county.answered();
    let words = "一".repeat(2_001);
    let misunderstood = Reaction::Misunderstood { ticket, words, recording: None, ink: None };
    seal(&county, DocId::new([1; 16]), &Record::Reaction(misunderstood));
    let added = Reaction::Addition { ticket, words: "，老人过不去".into(), recording: None, ink: None };
    county.kiosk.react("1", &village(), &added, &[]).unwrap();
    county.meet();
    assert_eq!(county.hub.opinion(&id).unwrap().unwrap().opinion.body, "桥坏了，老人过不去");
    let apart: Vec<String> = county.hub.refused(9).unwrap().into_iter().map(|refused| refused.reason).collect();
    assert_eq!(apart, [Reason::Full.word()], "an operator sees that something came");
    assert!(county.hub.unopened(9).unwrap().is_empty());
    county.step(&id, "销号", "", "");
    county.meet();
    assert_eq!(county.kiosk.slip(&ticket).unwrap().unwrap().state, "已销号");
}

#[test]
fn what_is_kept_from_a_village_under_the_name_of_a_slip_waits_for_no_opinion() {
    let county = County::new();
    let (id, _) = county.answered();
    let confided = Confided { body: "一".into(), fields: BTreeMap::new(), extra: BTreeMap::new() };
    seal(&county, slip::id_of(&id), &Record::Confided(confided.clone()));
    county.meet();
    assert!(county.hub.unopened(9).unwrap().is_empty(), "a few of these would fill each look for what waits");
    assert_eq!(county.hub.refused(9).unwrap()[0].reason, Reason::Elsewhere.word());
    // For a document that is not here yet it waits, as before.
    seal(&county, DocId::new([2; 16]), &Record::Confided(confided));
    county.meet();
    assert_eq!(county.hub.refused(9).unwrap().len(), 1);
}

/// Adds to an opinion at the hub as so many others that it holds nobody else's word any more.
fn fill(hub: &Ledger, id: &DocId) {
    let mut document = hub.writer().document(id).unwrap().unwrap().document;
    let key: ed25519_dalek::SigningKey = (&[9; 32]).into();
    let (public_key, space) = (key.verifying_key().to_bytes(), Space::new(village(), Audience::Deputies));
    let stamp = Stamp::new("某", UnixSeconds(9));
    let others = (1..ACTORS_MAX).map(|number| {
        let feed = Feed { public_key, incarnation: Incarnation::new([number as u8; 16]), space: space.clone() };
        let payload = opinion::add(&mut document, feed.actor(), &stamp, "。").unwrap().unwrap();
        let entry = Entry { doc: *id, kind: EntryKind::Change, at: stamp.at, payload: &payload, is_erased: false };
        let (run, _) = Run::sign(&feed, &feed.genesis(), &[entry], &key);
        (feed, run)
    });
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(hub.log().accept(others.collect())).unwrap();
    hub.catch_up().unwrap();
}

/// It was among what nobody can read, and name and number lay at the hub until their time.
#[test]
fn whoever_takes_back_name_and_number_is_listed_though_the_opinion_is_full() {
    let county = County::new();
    let contact = Contact { phone: "13800138000".into(), ..Contact::default() };
    let filed = county.kiosk.file(&village(), "站", opinion("桥坏了"), &contact).unwrap();
    county.meet();
    fill(&county.hub, &filed.id);
    let ticket = filed.ticket;
    let added = Reaction::Addition { ticket, words: "，老人过不去".into(), recording: None, ink: None };
    for (form, reaction) in [("1", Reaction::Withdrawal { ticket }), ("2", added)] {
        county.kiosk.react(form, &village(), &reaction, &[]).unwrap();
    }
    county.meet();
    let check = |hub: &Ledger| {
        let waiting: Vec<DocId> = hub.withdrawals().unwrap().into_iter().map(|waiting| waiting.opinion).collect();
        let apart: Vec<String> = hub.refused(9).unwrap().into_iter().map(|refused| refused.reason).collect();
        assert_eq!((waiting, apart), (vec![filed.id], vec![Reason::Full.word().to_owned(); 2]));
    };
    check(&county.hub);

    // An older program had set them aside without a number.
    let County { _kiosk, _hub, kiosk, hub } = county;
    {
        let tables = hub.writer();
        tables.db.execute("UPDATE sealed SET what = 'unreadable', subject = ''", []).unwrap();
        tables.db.pragma_update(None, "user_version", 11).unwrap();
    }
    drop(hub);
    let county = County { kiosk, hub: _hub.open(), _kiosk, _hub };
    county.meet();
    check(&county.hub);

    // Both go with their opinion, as its slip does.
    assert_eq!(county.hub.erase(&filed.id, Depth::Whole, Ground::Asked).unwrap().beside, 3);
}

/// The hub hashed each of them anew whenever a word of the vote was changed, ahead of everybody who had spoken since.
#[test]
fn ballots_that_do_not_count_are_looked_at_again_when_they_might_and_behind_everybody_else() {
    let county = County::new();
    let (id, tokens) = (published::id_of(Kind::Vote, "2026"), [1, 2, 3].map(|byte| Token::new([byte; 8])));
    let make = |token: Token| drop(county.hub.add_tokens("2026", &batch_of(&id, &[token])).unwrap());
    make(tokens[0]);
    let name = ballot::id_of(&id, &tokens[1].hash(&id));
    seal(&county, name, &Record::Ballot(Ballot { vote: id, token: tokens[1], choices: vec!["road".into()] }));
    county.meet();
    let counts = || [What::Ballot, What::BadBallot].map(|what| county.hub.sealed_count(what, &id).unwrap());
    let waiting = |limit| county.hub.unopened(limit).unwrap().iter().map(|envelope| envelope.doc).collect::<Vec<_>>();
    assert_eq!(counts(), [0, 1]);

    let over = FILE.replace("choose = 2\n", "choose = 2\nopen = { until = \"2020-01-31\" }\n");
    for text in [FILE.replace("民生实事票选", "票选民生实事"), FILE.replace("打井", "打一口井"), over]
    {
        county.hub.publish(&publication(&text)).unwrap();
        assert!(waiting(9).is_empty(), "other words make it no better");
    }
    county.hub.publish_result("2026", VoteCount::default()).unwrap();
    assert!(waiting(9).is_empty());

    make(tokens[2]);
    assert_eq!(waiting(9), [name]);
    county.kiosk.tell_guesses(&village(), 1).unwrap();
    carry(&county.kiosk, &county.hub, Audience::County);
    assert_ne!(waiting(1), [name]);
    assert_eq!(waiting(9).last(), Some(&name));
    make(tokens[1]);
    county.meet();
    assert_eq!(counts(), [1, 0]);
}
