//! Under which name something stands, and who takes it from whom.

use civic_core::{notice::Notice, published, slip};

use super::{
    publish::{County, mine},
    *,
};

/// What a device writes in this space under a name of its choice.
fn write(ledger: &Ledger, area: &str, audience: Audience, doc: DocId, payload: Vec<u8>) {
    let space = Space::new(Area::parse(area).unwrap(), audience);
    ledger.log().append(vec![NewEntry { space, doc, kind: EntryKind::Change, at: UnixSeconds(9), payload }]).unwrap();
}

fn township(area: &str) -> (Installation, Ledger) {
    let installation = Installation::new(Role::Hub, area, 5);
    let ledger = installation.open();
    (installation, ledger)
}

/// A notice as that hub would write it.
fn notice(hub: &Ledger) -> Vec<u8> {
    let notice = Notice { key: "x".into(), title: "x".into(), ..Notice::default() };
    let (mut document, stamp) = (civic_core::document::Document::empty(), Stamp::new("镇", UnixSeconds(9)));
    published::write(&mut document, hub.log().actor(), &stamp, &notice).unwrap().unwrap()
}

/// It was deleted on every device that heard of it.
#[test]
fn a_hub_beneath_the_county_takes_no_name_from_what_was_said_in_another_township() {
    let county = County::new();
    let (id, _) = county.answered();
    let (_here, township) = township("990127102");
    for payload in [vec![9, 9], notice(&township)] {
        write(&township, "990127102", Audience::Public, id, payload);
        carry(&township, &county.hub, Audience::Public);
        assert_eq!(county.hub.opinion(&id).unwrap().unwrap().opinion.body, "桥坏了");
    }
    let refused = county.hub.refused(9).unwrap();
    assert!(refused.len() == 2 && refused.iter().all(|refused| refused.reason == Reason::Elsewhere.word()));
}

#[test]
fn what_never_enters_takes_no_name_whether_it_comes_first_or_last() {
    let county = County::new();
    let (id, _) = county.answered();
    let (_here, township) = township("990127101");
    write(&township, "990127101", Audience::Public, id, vec![9, 9]);
    let [first, last] = [0, 0].map(|number| Installation::new(Role::Hub, "990127", number));
    let (first, last) = (first.open(), last.open());
    carry(&township, &first, Audience::Public);
    carry(&county.kiosk, &first, Audience::Deputies);
    carry(&county.kiosk, &last, Audience::Deputies);
    carry(&township, &last, Audience::Public);
    for hub in [&first, &last] {
        assert_eq!(hub.opinion(&id).unwrap().unwrap().opinion.body, "桥坏了");
    }
}

#[test]
fn whoever_stands_under_the_name_of_a_slip_gives_way_to_it_wherever_that_is() {
    for area in [VILLAGE, "990127102201"] {
        let county = County::new();
        let squatter = Installation::new(Role::Deputy, area, 9);
        let squatter = squatter.open();
        let heard = Heard { opening: Some(mine().deposit()), ..(opinion("桥坏了"), Contact::default()).into() };
        let filed = county.kiosk.take_down(&village(), "站", heard).unwrap();
        let (_, payload) =
            civic_core::opinion::file(squatter.log().actor(), &Stamp::new("某", UnixSeconds(9)), &opinion("占"))
                .unwrap();
        write(&squatter, area, Audience::Deputies, slip::id_of(&filed.id), payload);
        carry(&squatter, &county.hub, Audience::Deputies);
        county.meet();
        county.meet();
        assert!(county.hub.slip(&filed.ticket).unwrap().is_some(), "{area}");
        assert!(county.kiosk.progress(&filed.ticket, Some(&mine().key)).unwrap().unwrap().told.is_some(), "{area}");
    }
}
