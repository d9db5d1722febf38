//! Who hears what a slip tells, and how what they were given changes hands.

use std::collections::BTreeSet;

use civic_core::{reaction::Reaction, sealed::Record, slip::Content, ticket::Ticket};

use super::{
    publish::{County, mine},
    *,
};
use crate::{
    enclosed::Heard,
    erase::{Depth, Ground},
    sealed::What,
};

#[test]
fn whoever_goes_through_the_numbers_learns_states_and_nothing_else() {
    let county = County::new();
    let (id, ticket) = county.answered();
    let bare = county.kiosk.file(&village(), "站", opinion("路坏了"), &Contact::default()).unwrap();
    county.meet();
    // A good stretch around both: all of a kiosk's numbers take this test half a minute.
    let near = |ticket: Ticket| ticket.serial().saturating_sub(500)..ticket.serial().saturating_add(500);
    let serials: BTreeSet<u32> = near(ticket).chain(near(bare.ticket)).collect();
    let guesses = serials.into_iter().filter_map(|serial| Ticket::new(1, serial));
    let mut found: Vec<_> = guesses.filter_map(|guess| county.kiosk.progress(&guess, None).unwrap()).collect();
    found.sort_by_key(|progress| progress.slip.ticket != ticket);
    assert_eq!(found.iter().map(|progress| progress.slip.ticket).collect::<Vec<_>>(), [ticket, bare.ticket]);
    assert!(found.iter().all(|progress| progress.told.is_none() && !progress.may_evaluate && progress.answer == 0));
    assert_eq!(found[0].slip.state, county.state(&id));
    // Nor does the card of a kiosk in another village, which holds every slip.
    let elsewhere = Installation::new(Role::Kiosk, "990127102201", 2);
    let ledger = elsewhere.open();
    carry(&county.hub, &ledger, Audience::Public);
    assert_eq!(ledger.progress(&ticket, Some(&mine().key)).unwrap().unwrap().told.unwrap().answer.unwrap(), "下月就修");
    drop(ledger);
    let files = std::fs::read_dir(&elsewhere.path).unwrap().map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
    let card: Vec<u8> = files.flatten().collect();
    for told in ["下月就修", "桥坏了", "交通局", "13800138000"] {
        assert!(!card.windows(told.len()).any(|window| window == told.as_bytes()), "{told}");
    }
}

#[test]
fn what_the_hub_gives_anew_takes_the_place_of_what_opened_before_and_nobody_else_can() {
    let county = County::new();
    let (id, ticket) = county.answered();
    let opens = |opening: &Opening| {
        let slip = county.kiosk.slip(&ticket).unwrap().unwrap();
        let Content::Sealed { lock, .. } = &slip.content else { panic!("it is sealed") };
        (lock.open(opening.number).is_some(), slip.open(&opening.key).is_some())
    };
    assert_eq!(opens(&mine()), (true, true));

    // A device that sends an opening for an opinion that has one takes nobody's slip.
    let [stranger, given, again] = [8, 9, 10].map(|byte| Opening::new([byte; 24]));
    let envelope = stranger.deposit().seal(&county.kiosk.card().seal_key, &id, Seed([3; 32])).unwrap();
    let space = Space::new(village(), Audience::County);
    let entry = NewEntry { space, doc: id, kind: EntryKind::Sealed, at: UnixSeconds(9), payload: envelope };
    county.kiosk.log().append(vec![entry]).unwrap();
    county.meet();
    assert_eq!((opens(&mine()), opens(&stranger)), ((true, true), (false, false)));

    for opening in [&given, &again] {
        county.hub.reopen(&id, &opening.deposit()).unwrap();
        county.hub.catch_up().unwrap();
        county.meet();
    }
    assert_eq!((opens(&again), opens(&given), opens(&mine())), ((true, true), (false, false), (false, false)));
    let nobody = county.hub.reopen(&DocId::new([1; 16]), &given.deposit());
    assert!(matches!(nobody, Err(LedgerError::NotFound)));

    // Made anew from the log, the hub comes to the same.
    let hub = Ledger::rebuild(&DataDir::look(&county._hub.path), &county._hub.identity).unwrap();
    for sealed in hub.unopened_openings(9).unwrap() {
        let deposit = Deposit::open(&OpenKey::make(1, Seed([1; 32])), &sealed.doc, &sealed.payload).unwrap();
        hub.take_opening(&sealed, Ok(&deposit)).unwrap();
    }
    assert!(hub.deposit(&hub.reader(), &id).unwrap() == Some(again.deposit()));
}

#[test]
fn an_opinion_that_is_erased_takes_what_opens_its_slip_along_and_erased_details_leave_it() {
    let county = County::new();
    let (id, ticket) = county.answered();
    county.hub.erase(&id, Depth::Details, Ground::Asked).unwrap();
    assert!(county.hub.has_opening(&id).unwrap());
    county.hub.erase(&id, Depth::Whole, Ground::Asked).unwrap();
    assert!(!county.hub.has_opening(&id).unwrap());
    assert_eq!(county.hub.slip(&ticket).unwrap(), None);
}

#[test]
fn an_opinion_without_an_opening_part_can_be_given_one_later() {
    let county = County::new();
    let filed = county.kiosk.file(&village(), "站", opinion("路坏了"), &Contact::default()).unwrap();
    county.meet();
    assert_eq!(county.kiosk.slip(&filed.ticket).unwrap().unwrap().content, Content::Nothing);
    county.hub.reopen(&filed.id, &mine().deposit()).unwrap();
    county.hub.catch_up().unwrap();
    county.meet();
    assert!(county.kiosk.progress(&filed.ticket, Some(&mine().key)).unwrap().unwrap().told.is_some());
}

/// The county took what the township was to write, and the paper never opened anything.
#[test]
fn a_new_number_for_the_answer_is_given_where_the_slip_is_written_and_nowhere_else() {
    let county = County::new();
    let (id, ticket) = county.answered();
    let reopen = || county.hub.reopen(&id, &mine().deposit());
    county.hub.leave_slips_of(vec![1..=100]);
    assert!(county.hub.is_elsewhere(&ticket) && matches!(reopen(), Err(LedgerError::SlipElsewhere)));
    county.hub.leave_slips_of(vec![101..=200]);
    assert!(!county.hub.is_elsewhere(&ticket) && reopen().is_ok());
}

#[test]
fn an_opening_that_cannot_be_opened_is_kept_apart_and_its_slip_tells_the_state() {
    let county = County::new();
    let heard = Heard { opening: Some(mine().deposit()), ..(opinion("桥坏了"), Contact::default()).into() };
    let filed = county.kiosk.take_down(&village(), "站", heard).unwrap();
    carry(&county.kiosk, &county.hub, Audience::Deputies);
    carry(&county.kiosk, &county.hub, Audience::County);
    let sealed = county.hub.unopened_openings(9).unwrap().remove(0);
    county.hub.take_opening(&sealed, Err(seal::SealError::Closed)).unwrap();
    assert!(county.hub.unopened_openings(9).unwrap().is_empty() && !county.hub.has_opening(&filed.id).unwrap());
    county.meet();
    assert_eq!(county.kiosk.slip(&filed.ticket).unwrap().unwrap().content, Content::Nothing);
    assert_eq!(county.hub.status(&RoadState::default()).unwrap().refused.len(), 1);
}

#[test]
fn whoever_takes_name_and_number_back_is_listed_at_the_hub_and_their_slip_says_that_none_is_kept() {
    let county = County::new();
    let (id, ticket) = county.answered();
    let told = || county.kiosk.progress(&ticket, Some(&mine().key)).unwrap().unwrap().told.unwrap();
    assert!(told().has_contact && county.hub.withdrawals().unwrap().is_empty());
    county.kiosk.react("1", &village(), &Reaction::Withdrawal { ticket }, &[]).unwrap();
    county.meet();
    let waiting = county.hub.withdrawals().unwrap();
    assert_eq!(waiting.iter().map(|waiting| waiting.opinion).collect::<Vec<_>>(), [id]);
    assert!(!told().has_contact, "the slip says at once that none is kept for anybody to use");
    let act = &county.hub.opinion(&id).unwrap().unwrap().opinion.steps.last().unwrap().act.clone();
    assert_eq!(act, "收回姓名电话");
}

#[test]
fn the_hub_counts_wrong_numbers_by_kiosk_and_learns_neither_which_nor_whose() {
    let county = County::new();
    for wrong in [4, 1] {
        county.kiosk.tell_guesses(&village(), wrong).unwrap();
    }
    carry(&county.kiosk, &county.hub, Audience::County);
    let envelope = county.hub.unopened(9).unwrap().remove(0);
    let record = Record::open(&OpenKey::make(1, Seed([1; 32])), &envelope.doc, &envelope.payload).unwrap();
    assert_eq!(county.hub.take(&envelope, &record).unwrap(), What::Guesses);
    county.meet();
    let guesses = county.hub.guesses().unwrap();
    assert_eq!(guesses.iter().map(|at| at.wrong).collect::<Vec<_>>(), [5]);
    assert_eq!(guesses[0].device, DeviceId::of(&county.kiosk.log().public_key()).to_string());
}
