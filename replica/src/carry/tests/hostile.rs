//! A phone that does with what it carries whatever it can think of.

use super::*;

/// What an evil carrier gives the county in place of what it was given: labels, and the bytes under each.
type Bent = Vec<(Label, Vec<u8>)>;

/// Speaks as the carrier that it is, and gives these; what the hub says of them, and what it did not take.
async fn deliver(county: &County, bent: Bent) -> (Vec<Message>, Vec<String>) {
    let hub = county.hub.hub();
    let (here, there) = road();
    let (mut send, mut receive) = stream(here.open().unwrap());
    let called = county.hub.hands(PHONE, &hub);
    let evil = async {
        let name = "捎带人".to_owned();
        let hello =
            Message::Hello { version: VERSION, oldest: 1, name, heard: UnixSeconds(0), carries: true, lends: false };
        let offers = bent.iter().map(|(label, _)| Message::Offer(label.clone()));
        for message in std::iter::once(hello).chain(offers).chain([Message::Over]) {
            send.send_bytes(message.encode()).await.unwrap();
        }
        let mut said = hear(&mut receive).await;
        for (label, bytes) in &bent {
            let wanted = said.iter().find_map(|message| match message {
                Message::Want { id, from } if *id == label.id => Some(*from),
                Message::Want { .. }
                | Message::Hello { .. }
                | Message::Offer(_)
                | Message::Piece { .. }
                | Message::Word(_)
                | Message::Refused { .. }
                | Message::Holds(_)
                | Message::Public { .. }
                | Message::Over
                | Message::Unknown(_) => None,
            });
            let Some(wanted) = wanted else { continue };
            let rest = bytes.get(usize::try_from(wanted).unwrap()..).unwrap_or_default();
            for (from, piece) in (wanted..).step_by(PIECE_LEN).zip(rest.chunks(PIECE_LEN)) {
                let piece = Message::Piece { id: label.id, from, bytes: piece.to_vec() };
                send.send_bytes(piece.encode()).await.unwrap();
            }
        }
        send.send_bytes(Message::Over.encode()).await.unwrap();
        said.extend(hear(&mut receive).await);
        send.send_bytes(Message::Over.encode()).await.unwrap();
        said
    };
    let (said, handed) = tokio::join!(evil, answer(&called, &there));
    (said, handed.unwrap().refused)
}

fn name_of(bytes: &[u8]) -> ParcelId {
    *blake3::hash(bytes).as_bytes()
}

/// A label that somebody else signs for these bytes.
fn relabelled(label: &Label, bytes: &[u8], by: u8) -> Label {
    let (id, len) = (name_of(bytes), bytes.len() as u64);
    Label { id, len, from: public(by), ..label.clone() }.sign(&key(by))
}

/// The same with the author's name on it, which nobody but the author can sign.
fn forged(label: &Label, bytes: &[u8]) -> Label {
    Label { from: label.from, ..relabelled(label, bytes, PHONE) }
}

/// A parcel that says nothing, written in the name of one and signed by another.
fn sealed_by(author: u8, signer: u8) -> Vec<u8> {
    let receiver = county().seal_key().unwrap().public;
    let parcel = Parcel {
        author: public(author),
        at: UnixSeconds(1),
        after: None,
        messages: Vec::new(),
        attachments: Vec::new(),
    };
    seal_parcel(&receiver, &parcel.sign(&receiver, &key(signer)), Seed([7; 32])).unwrap()
}

/// What kind of thing a carrier does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Deed {
    Drops,
    Delays,
    Repeats,
    Reorders,
    Edits,
    Swaps,
    Forges,
    Nothing,
}

/// The table of what is done with two parcels of one pack: what kind of deed, in words, what the county is given, and how
/// many parcels of it may be heard.
fn ways(honest: &Bent, home: &(Label, Vec<u8>)) -> Vec<(Deed, &'static str, Bent, usize)> {
    let [first, second] = [honest[0].clone(), honest[1].clone()];
    let bent = |(label, bytes): &(Label, Vec<u8>), place: usize| {
        let mut bytes = bytes.clone();
        bytes[place] ^= 1;
        (label.clone(), bytes)
    };
    let with = |change: &dyn Fn(&mut Label)| {
        let (mut label, bytes) = first.clone();
        change(&mut label);
        vec![(label, bytes)]
    };
    let (own, stranger, liar) = (sealed_by(PHONE, PHONE), sealed_by(NOBODY, NOBODY), sealed_by(KIOSK, PHONE));
    vec![
        (Deed::Drops, "drops all of it", vec![], 0),
        (Deed::Delays, "brings the first today and the second another time", vec![first.clone()], 1),
        (Deed::Drops, "drops the first", vec![second.clone()], 1),
        (Deed::Reorders, "brings the second before the first", vec![second.clone(), first.clone()], 2),
        (Deed::Repeats, "brings each twice", vec![first.clone(), first.clone(), second.clone(), second.clone()], 2),
        (Deed::Edits, "bends a byte in the middle", vec![bent(&first, 1_000)], 0),
        (Deed::Edits, "bends the first byte", vec![bent(&first, 0)], 0),
        (Deed::Edits, "cuts the end off", vec![(first.0.clone(), first.1[..first.1.len() - 1].to_vec())], 0),
        (Deed::Drops, "gives nothing under a label", vec![(first.0.clone(), Vec::new())], 0),
        (Deed::Edits, "writes more behind it", vec![(first.0.clone(), [first.1.as_slice(), b"more"].concat())], 0),
        (
            Deed::Swaps,
            "puts each under the other's label",
            vec![(first.0.clone(), second.1.clone()), (second.0.clone(), first.1.clone())],
            0,
        ),
        (Deed::Edits, "names another author", with(&|label| label.from = public(OTHER)), 0),
        (Deed::Edits, "names another receiver", with(&|label| label.to = public(OTHER)), 0),
        (Deed::Edits, "names another place", with(&|label| label.who = "别处".to_owned()), 0),
        (Deed::Edits, "names another time", with(&|label| label.at = UnixSeconds(1)), 0),
        (Deed::Edits, "makes an old pack newer", with(&|label| label.pack += 1_000), 0),
        (Deed::Edits, "makes a part the whole", with(&|label| (label.part, label.parts) = (0, 1)), 0),
        (Deed::Edits, "names another length", with(&|label| label.len -= 1), 0),
        (
            Deed::Forges,
            "bends it and names the bent bytes",
            {
                let (label, bytes) = bent(&first, 500);
                vec![(forged(&label, &bytes), bytes)]
            },
            0,
        ),
        (
            Deed::Forges,
            "bends it and signs for it itself",
            {
                let (label, bytes) = bent(&first, 500);
                vec![(Label { part: 0, parts: 1, ..relabelled(&label, &bytes, PHONE) }.sign(&key(PHONE)), bytes)]
            },
            0,
        ),
        (
            Deed::Forges,
            "passes it off as its own",
            vec![(Label { parts: 1, ..relabelled(&first.0, &first.1, PHONE) }.sign(&key(PHONE)), first.1.clone())],
            1,
        ),
        (Deed::Forges, "writes one in the author's name", vec![(forged(&first.0, &liar), liar.clone())], 0),
        (
            Deed::Forges,
            "writes one in the author's name under its own label",
            vec![(Label { parts: 1, ..relabelled(&first.0, &liar, PHONE) }.sign(&key(PHONE)), liar)],
            0,
        ),
        (
            Deed::Forges,
            "brings one of somebody whom nobody knows",
            vec![(Label { parts: 1, ..relabelled(&first.0, &stranger, NOBODY) }.sign(&key(NOBODY)), stranger)],
            0,
        ),
        (
            Deed::Nothing,
            "brings its own, which is nothing wrong",
            vec![(Label { parts: 1, ..relabelled(&first.0, &own, PHONE) }.sign(&key(PHONE)), own)],
            0,
        ),
        (Deed::Swaps, "brings the county what the county sent home", vec![home.clone()], 0),
        (
            Deed::Swaps,
            "brings what was sent home as if it were for the county",
            vec![(Label { to: public(HUB), ..home.0.clone() }, home.1.clone())],
            0,
        ),
        (Deed::Nothing, "is honest in the end", vec![first, second], 2),
    ]
}

#[tokio::test]
async fn whatever_a_carrier_does_with_what_it_carries_is_harmless_or_refused_with_a_reason() {
    // What an honest kiosk hands over: two parcels of one pack; and what goes home to it.
    let model = County::new("model");
    for doc in 0..12 {
        model.kiosk.write(doc, Audience::Deputies, 40_000).await;
    }
    model.in_village().await;
    let held = |county: &County| -> Bent {
        let items = county.phone.bag.items().into_iter();
        items.map(|item| (item.label.clone(), county.phone.bag.read(&item.label.id).unwrap())).collect()
    };
    let honest = held(&model);
    assert_eq!(honest.len(), 2);
    let kiosk_entries = model.kiosk.entries();
    model.in_town().await;
    model.in_town().await;
    let home = held(&model).remove(0);
    let truth: Vec<_> = model.kiosk.log.held().into_iter().map(|held| (held.feed.id(), held.extent)).collect();

    let all = ways(&honest, &home);
    let deeds: BTreeSet<Deed> = all.iter().map(|(deed, ..)| *deed).collect();
    let harm = all.iter().filter(|(deed, ..)| *deed != Deed::Nothing).count();
    assert!(harm >= 20 && deeds.len() == 8, "{harm} ways of {deeds:?}");
    for (number, (_, way, bent, most)) in all.into_iter().enumerate() {
        let county = County::new(&format!("way-{number}"));
        let is_honest = way == "is honest in the end";
        // Of what nothing came nothing is here, and nothing is to be said.
        let came = bent.iter().filter(|(_, bytes)| !bytes.is_empty());
        let offered: Vec<ParcelId> = came.map(|(label, _)| label.id).collect();
        let (said, not_taken) = deliver(&county, bent).await;
        // Nothing that the author did not write is in the county's log, and nothing is there twice.
        for held in county.hub.log.held() {
            assert_eq!(held.feed.public_key, public(KIOSK), "{way}");
            let (_, extent) = truth.iter().find(|(feed, _)| *feed == held.feed.id()).unwrap();
            assert!(held.extent.length <= extent.length, "{way}");
        }
        assert!(county.hub.log.verify().unwrap().is_ok(), "{way}");
        let heard = |message: &&Message| matches!(message, Message::Word(word) if word.says == Says::Heard);
        assert!(is_honest || said.iter().filter(heard).count() <= most.max(1), "{way}: {said:?}");
        // What is not heard is refused with a reason, turned away by a signed word, or waits in the hub's bag for its rest.
        let waits = |id: &ParcelId| county.hub.bag.items().iter().any(|item| item.label.id == *id);
        let settled = |id: &ParcelId| {
            waits(id)
                || !not_taken.is_empty()
                || said.iter().any(|message| match message {
                    Message::Refused { id: of, reason } => of == id && !reason.is_empty(),
                    Message::Word(word) => word.id == *id && word.is_sound() && word.by == public(HUB),
                    Message::Hello { .. }
                    | Message::Offer(_)
                    | Message::Want { .. }
                    | Message::Piece { .. }
                    | Message::Holds(_)
                    | Message::Public { .. }
                    | Message::Over
                    | Message::Unknown(_) => false,
                })
        };
        assert!(offered.iter().all(settled), "{way}: {said:?}");
        // And the honest phone that comes after it brings everything; what was bent it brings again.
        for _ in 0..2 {
            deliver(&county, honest.clone()).await;
        }
        assert_eq!(county.hub.entries(), kiosk_entries, "{way}: what an honest carrier brings afterwards is heard");
    }
}

#[tokio::test]
async fn a_parcel_that_was_kept_for_long_is_heard_after_a_newer_one_and_changes_nothing() {
    let county = County::new("delayed");
    county.kiosk.write(1, Audience::Deputies, 1_000).await;
    county.in_village().await;
    let old: Bent = {
        let item = county.phone.bag.items().remove(0);
        vec![(item.label.clone(), county.phone.bag.read(&item.label.id).unwrap())]
    };
    // Another visit, another pack, which the same phone brings first.
    county.kiosk.write(2, Audience::Deputies, 1_000).await;
    county.in_village().await;
    county.in_town().await;
    let (before, receipts) = (county.hub.entries(), county.hub.log.held());
    assert_eq!(before, 2);
    for _ in 0..2 {
        let (said, _) = deliver(&county, old.clone()).await;
        assert!(said.iter().all(|message| !matches!(message, Message::Refused { .. })), "{said:?}");
    }
    assert_eq!((county.hub.entries(), county.hub.log.held()), (before, receipts));
}

#[tokio::test]
async fn no_carrier_makes_a_kiosk_believe_what_the_county_did_not_say() {
    let county = County::new("lies");
    county.kiosk.write(1, Audience::Deputies, 100).await;
    county.in_village().await;
    let parcel = county.phone.bag.items().remove(0).label.id;
    let now = UnixSeconds(99);
    for (what, word) in [
        ("that the county heard it, in its own name", Word::sign(parcel, Says::Heard, now, &key(PHONE))),
        (
            "the same in the county's name",
            Word { by: public(HUB), ..Word::sign(parcel, Says::Heard, now, &key(PHONE)) },
        ),
        ("that the county turned it away", Word::sign(parcel, Says::Turned, now, &key(PHONE))),
        ("something of a parcel that was never here", Word::sign([9; 32], Says::Heard, now, &key(HUB))),
    ] {
        assert!(!county.kiosk.bag.hear(word), "it says {what}");
    }
    county.in_town().await;
    county.in_town().await;
    // What goes home, bent in every hundredth byte, opens nothing and says nothing.
    let home = county.phone.bag.items().remove(0);
    let sealed = county.phone.bag.read(&home.label.id).unwrap();
    for place in (0..sealed.len()).step_by(100) {
        let mut bent = sealed.clone();
        bent[place] ^= 4;
        assert_eq!(county.kiosk.device().open(&home.label, bent).await.unwrap(), Says::Turned, "byte {place}");
    }
    let other = Place::new("lies", OTHER);
    assert_eq!(other.device().open(&home.label, sealed).await.unwrap(), Says::Turned, "it is for nobody else");
    assert_eq!((county.kiosk.seed, county.kiosk.log.counts().unwrap().received), (KIOSK, 0));
    county.in_village().await;
    assert_eq!(county.kiosk.log.counts().unwrap().received, 1, "and the true one is believed");
}

#[tokio::test]
async fn parcels_of_which_nothing_comes_take_nobodys_place() {
    let county = County::new("empty");
    let promised = |n: u8| {
        let (from, to, who) = (public(OTHER), public(HUB), "石桥村".to_owned());
        let label = Label {
            from,
            to,
            who,
            at: UnixSeconds(1),
            pack: 1,
            part: 0,
            parts: 1,
            len: 1,
            id: name_of(&[n]),
            signature: [0; 64],
        };
        (label.sign(&key(OTHER)), Vec::new())
    };
    let (said, _) = deliver(&county, (0..40).map(promised).collect()).await;
    assert_eq!(said.iter().filter(|message| matches!(message, Message::Want { .. })).count(), 40);
    assert!(county.hub.bag.items().is_empty());
}
