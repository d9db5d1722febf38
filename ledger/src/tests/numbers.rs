//! An opinion that was begun twice has two numbers, and somebody holds the paper of each.

use civic_core::{reaction::Reaction, slip, ticket::Ticket};

use super::{
    publish::{County, mine},
    *,
};
use crate::erase::{Depth, Ground};

/// Begins the opinion `id` once more at another device under its number 7, whose word counts before that of the kiosk, or
/// after it.
fn begin_again(county: &County, id: DocId, counts_first: bool) -> Ticket {
    let ticket = Ticket::new(2, 7).unwrap();
    let first = county.hub.opinion(&id).unwrap().unwrap().opinion;
    loop {
        let device = Installation::new(Role::Deputy, VILLAGE, 2);
        let device = device.open();
        if (device.log().actor() > county.kiosk.log().actor()) != counts_first {
            continue;
        }
        let new = NewOpinion { ticket: Some(ticket), ..opinion(&first.body) };
        let (_, payload) =
            civic_core::opinion::file(device.log().actor(), &Stamp::new("站", UnixSeconds(9)), &new).unwrap();
        let space = Space::new(village(), Audience::Deputies);
        let entry = NewEntry { space, doc: id, kind: EntryKind::Change, at: UnixSeconds(9), payload };
        device.log().append(vec![entry]).unwrap();
        carry(&device, &county.hub, Audience::Deputies);
        return ticket;
    }
}

#[test]
fn both_numbers_of_an_opinion_find_it_and_open_its_answer_and_what_is_said_to_either_is_heard() {
    for counts_first in [true, false] {
        let county = County::new();
        let (id, first) = county.answered();
        let second = begin_again(&county, id, counts_first);
        county.meet();
        county.step(&id, "销号", "", "");
        county.meet();
        for (number, ticket) in ["，一", "，二"].into_iter().zip([first, second]) {
            assert_eq!(county.hub.by_ticket(&ticket).unwrap(), Some(id));
            assert!(county.hub.reader().is_given(&ticket).unwrap());
            let progress = county.kiosk.progress(&ticket, Some(&mine().key)).unwrap().unwrap();
            assert_eq!(progress.slip.state, "已销号", "{ticket}");
            assert_eq!(progress.told.unwrap().answer.as_deref(), Some("下月就修"), "{ticket}");
            let added = Reaction::Addition { ticket, words: number.into(), recording: None, ink: None };
            county.kiosk.react(number, &village(), &added, &[]).unwrap();
            county.meet();
            assert!(county.hub.opinion(&id).unwrap().unwrap().opinion.body.contains(number), "{ticket}");
        }
        assert_eq!(county.hub.records_of(&id).unwrap().len(), 3);
        assert_eq!(county.hub.slip_of(&id).unwrap().unwrap().ticket, first, "a slip keeps its number");
        // With the opinion goes all that is found by either.
        county.hub.erase(&id, Depth::Whole, Ground::Asked).unwrap();
        county.meet();
        for ticket in [first, second] {
            assert_eq!(county.hub.by_ticket(&ticket).unwrap(), None);
            for ledger in [&county.hub, &county.kiosk] {
                assert_eq!(ledger.slip(&ticket).unwrap(), None, "{ticket}");
                assert!(ledger.erased_ticket(&ticket).unwrap().is_some() && ledger.reader().is_given(&ticket).unwrap());
            }
        }
    }
}

/// Whoever may write in the village said that the opinion has another number, and nobody found it by its own any more.
#[test]
fn nobody_takes_an_opinion_the_number_it_has_before_a_slip_is_written() {
    let county = County::new();
    let heard = Heard { opening: Some(mine().deposit()), ..(opinion("桥坏了"), Contact::default()).into() };
    let filed = county.kiosk.take_down(&village(), "站", heard).unwrap();
    carry(&county.kiosk, &county.hub, Audience::Deputies);
    begin_again(&county, filed.id, true);
    county.meet();
    assert_eq!(county.hub.by_ticket(&filed.ticket).unwrap(), Some(filed.id));
    assert!(county.kiosk.progress(&filed.ticket, Some(&mine().key)).unwrap().unwrap().told.is_some());
}

/// The tables were made anew after the log had let the opinion go, and the same form was sent again.
#[test]
fn a_form_sent_again_keeps_the_number_that_its_slip_tells() {
    let (kiosk, hub) = (Installation::new(Role::Kiosk, VILLAGE, 1), Installation::new(Role::Hub, "990127", 0));
    let (here, hub) = (kiosk.open(), hub.open());
    let filed = here.take_down_form("form 7", &village(), "站", spoken("桥坏了", 1, 23)).unwrap();
    carry(&here, &hub, Audience::Deputies);
    while hub.write_slips().unwrap() > 0 {}
    carry(&hub, &here, Audience::Public);
    here.writer().give_way(&filed.id).unwrap();
    drop(here);
    let here = kiosk.open();
    assert!(here.opinion(&filed.id).unwrap().is_none() && here.slip_of(&filed.id).unwrap().is_some());
    let again = here.take_down_form("form 7", &village(), "站", spoken("桥坏了", 1, 23)).unwrap();
    assert_eq!(again, filed);
    carry(&here, &hub, Audience::Deputies);
    let whole = hub.opinion(&filed.id).unwrap().unwrap().opinion;
    assert_eq!((whole.ticket, whole.other_texts.len()), (Some(filed.ticket), 0));
    assert!(hub.erased(&slip::id_of(&filed.id)).unwrap().is_none());
}
