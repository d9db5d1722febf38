//! The printer, the scanner and the sensor of the box, as whoever stands before it meets them.

use std::time::Duration;

use civic_core::token::Token;
use hardware::{keyboard::Typed, keypad, presence::Motion};
use kiosk::{
    app::{Effect, Event},
    light::{DIM, DIMS_AFTER, FULL},
    printing::{Receipt, Sheet},
    sample::{NEWS_AT, sample_stub, sample_ticket, sample_tokens},
    settings::Language,
    spoken::Spoken,
    station::Station as _,
    trouble::Trouble,
};

use crate::{looks::LARGE, support::Desk};

const WRITE: [&str; 8] =
    ["提意见", "道路交通", "写下来", "路灯坏了，晚上看不见", "写好了", "不说这个", "不用留", "对，交上去"];

/// What the printer was told since the last time.
fn printed(desk: &mut Desk) -> Vec<Receipt> {
    let receipts = desk.app.take_effects().into_iter();
    receipts.filter_map(|effect| if let Effect::Print(receipt) = effect { Some(receipt) } else { None }).collect()
}

#[test]
fn a_slip_is_printed_when_it_is_on_disk_and_the_screen_says_when_it_is_there() {
    let mut desk = Desk::with_printer(LARGE);
    desk.touch_all(&WRITE[..7]);
    assert!(printed(&mut desk).is_empty(), "nothing is printed before it is saved");
    desk.touch(WRITE[7]).is_on("Filed").sees("正在印小票");
    let (ticket, place) = (sample_ticket(18_376), desk.station.place());
    let sheet = Sheet::Ticket(sample_stub(18_376));
    let receipt = Receipt { sheet: sheet.clone(), place, day: Some(NEWS_AT), language: Language::Chinese };
    assert_eq!(printed(&mut desk), [receipt]);
    // Late news of somebody else's slip changes nothing.
    desk.event(Event::NotPrinted(Sheet::Ticket(sample_stub(1))));
    desk.sees("正在印小票");
    desk.event(Event::Printed(sheet));
    desk.sees("请拿好").sees(&ticket.to_string()).does_not_see("再印一次");
}

#[test]
fn a_printer_without_paper_stops_nobody_and_prints_again_when_it_has_some() {
    let mut desk = Desk::with_printer(LARGE);
    desk.touch_all(&WRITE);
    assert_eq!(printed(&mut desk).len(), 1);
    desk.event(Event::NotPrinted(Sheet::Ticket(sample_stub(18_376))));
    desk.sees("小票没印出来").sees("拍下来").sees(&sample_ticket(18_376).to_string());
    desk.key_to("再印一次").sees("正在印小票");
    assert_eq!(printed(&mut desk).len(), 1);
    desk.touch("记好了，回首页").is_on("Home");
    desk.station.0.lock().unwrap().troubles = vec![Trouble::NoPaper];
    desk.event(Event::News);
    desk.sees("打印机没有纸了");
    for target in WRITE {
        desk.key_to(target);
    }
    desk.is_on("Filed");
}

#[test]
fn without_a_printer_nothing_is_promised_on_paper_and_a_wrong_clock_prints_no_day() {
    let mut desk = Desk::new(LARGE);
    desk.touch_all(&WRITE).sees("请都记下来");
    assert!(printed(&mut desk).is_empty());
    let mut desk = Desk::with_printer(LARGE);
    desk.station.0.lock().unwrap().troubles = vec![Trouble::NoDate];
    desk.event(Event::News);
    desk.touch_all(&WRITE);
    assert_eq!(printed(&mut desk)[0].day, None);
}

#[test]
fn what_became_of_the_paper_is_known_below_the_help() {
    let mut desk = Desk::with_printer(LARGE);
    desk.touch_all(&WRITE).sees("正在印小票");
    desk.touch("Help");
    desk.event(Event::NotPrinted(Sheet::Ticket(sample_stub(18_376))));
    desk.touch("Back").is_on("Filed").sees("小票没印出来");
    desk.touch_all(&["再印一次", "Help"]);
    desk.event(Event::Printed(Sheet::Ticket(sample_stub(18_376))));
    desk.touch("Back").sees("小票印好了");
    let mut desk = Desk::with_printer(LARGE);
    desk.touch_all(&["村里的事", "请您说一说", "Tally(0)", "印一张", "Help"]);
    let tally = desk.station.0.lock().unwrap().public.tallies[0].clone();
    desk.event(Event::NotPrinted(Sheet::Tally(tally)));
    desk.touch("Back").is_on("Tally").does_not_see("正在印小票");
}

fn scan(desk: &mut Desk, number: &str) {
    // A scanner looks like a hand at first.
    for digit in number.bytes().take(2) {
        desk.event(Event::Typed(Typed::Digit(digit - b'0')));
    }
    desk.event(Event::Typed(Typed::Stray(2)));
    desk.event(Event::Typed(Typed::Scanned(number.to_owned())));
}

#[test]
fn a_slip_under_the_scanner_is_looked_up_from_the_first_screen_and_from_the_number_pad() {
    let answered = sample_stub(90_155).code();
    for door in [&[][..], &["查进度"], &["查进度", "1"]] {
        let mut desk = Desk::new(LARGE);
        desk.touch_all(door);
        scan(&mut desk, &answered);
        desk.is_on("Progress").sees("都亮了");
        scan(&mut desk, &sample_ticket(7).digits());
        desk.is_on("Progress").sees("还没有收到这个号的消息");
        scan(&mut desk, &sample_ticket(90_155).digits());
        desk.is_on("Progress").sees("有答复了").does_not_see("都亮了");
    }
}

#[test]
fn another_code_is_said_to_be_none_of_ours_and_a_scan_takes_nobody_s_words_away() {
    let mut desk = Desk::new(LARGE);
    scan(&mut desk, "6901234567892");
    desk.is_on("Find").sees("这不是我们小票上的码");
    let mut desk = Desk::new(LARGE);
    desk.touch_all(&["提意见", "道路交通", "写下来", "路灯坏了，晚上看不见"]);
    scan(&mut desk, &sample_ticket(90_155).digits());
    desk.is_on("Writing").sees("路灯坏了，晚上看不见");
}

#[test]
fn the_slip_of_a_household_opens_its_ballot_under_the_scanner_wherever_nobody_is_in_the_middle_of_something() {
    let vote = ["Village", "请您说一说", "二〇二七年民生实事项目票选"];
    let token = sample_tokens()[0].digits();
    for door in [&[][..], &["查进度"], &vote[..2], &vote, &[vote[0], vote[1], vote[2], "按选票号投票", "4"]] {
        let mut desk = Desk::new(LARGE);
        desk.touch_all(door);
        scan(&mut desk, &token);
        desk.is_on("Ballot").sees("太阳能路灯");
        // A ballot that somebody is filling in is nobody else's.
        scan(&mut desk, &sample_tokens()[1].digits());
        desk.touch_all(&["Project(0)", "选好了", "投票"]).is_on("Thanks");
        desk.touch("回首页");
        scan(&mut desk, &token);
        desk.is_on("Token").sees("投过票了");
    }
    let mut desk = Desk::new(LARGE);
    let foreign = Token::new([9; 8]).digits();
    desk.touch_all(&vote);
    scan(&mut desk, &foreign);
    desk.is_on("Token").sees("不是这次投票的选票号");
    // Back leads where one came from, step by step.
    desk.touch("Back").is_on("Vote");
    desk.touch_all(&["按选票号投票", "Back"]).is_on("Vote");
    desk.touch("Back").is_on("Asked");
    scan(&mut desk, "6901234567892");
    desk.is_on("Find").sees("这不是我们小票上的码");
    scan(&mut desk, &foreign);
    desk.is_on("Find").sees("这不是我们小票上的码");
    assert!(!format!("{:?}", desk.app.screen()).contains(&foreign));
}

#[test]
fn the_result_of_a_vote_comes_out_on_paper_where_there_is_a_printer() {
    let door = ["Village", "请您说一说", "Tally(0)"];
    Desk::new(LARGE).touch_all(&door).does_not_see("印一张");
    let mut desk = Desk::with_printer(LARGE);
    desk.touch_all(&door);
    for target in ["印一张", "再印一次"] {
        desk.key_to(target).sees("正在印小票");
        let sheet = printed(&mut desk).remove(0).sheet;
        let Sheet::Tally(tally) = &sheet else { panic!("{sheet:?}") };
        assert_eq!((tally.counted, tally.projects[0].clone()), (97, ("农村班车".to_owned(), 71)));
        // Somebody else's paper says nothing about this one.
        desk.event(Event::Printed(Sheet::Test));
        desk.sees("正在印小票");
        desk.event(Event::NotPrinted(sheet));
        desk.sees("没有印出来");
    }
}

#[test]
fn a_number_that_is_shown_is_said_by_itself_and_once() {
    let mut desk = Desk::with_printer(LARGE);
    desk.touch_all(&WRITE).is_on("Filed");
    let said = |desk: &mut Desk| -> Vec<Spoken> {
        let effects = desk.app.take_effects().into_iter();
        effects.filter_map(|effect| if let Effect::Say(said) = effect { Some(said) } else { None }).flatten().collect()
    };
    let number = sample_ticket(18_376).to_string();
    let all = said(&mut desk);
    assert_eq!(all.iter().filter(|spoken| spoken.values == [number.clone()]).count(), 1, "{all:?}");
    desk.event(Event::NotPrinted(Sheet::Ticket(sample_stub(18_376))));
    desk.touch("再印一次");
    assert_eq!(said(&mut desk), []);
    desk.touch("记好了，回首页");
    assert!(desk.app.take_effects().contains(&Effect::Hush), "nobody hears the number of the person before");
}

#[test]
fn a_slip_under_the_scanner_leaves_what_somebody_is_typing_as_it_was() {
    let mut desk = Desk::new(LARGE);
    desk.touch_all(&WRITE[..6]).touch_all(&["留个电话", "我满十四岁，同意留", "1", "3", "8"]);
    scan(&mut desk, &sample_stub(90_155).code());
    desk.is_on("Phone");
    assert_eq!(desk.app.screen().draft().unwrap().phone.as_deref(), Some("138"));
    let kept = desk.station.0.lock().unwrap().draft.clone().unwrap();
    assert_eq!(kept.phone.as_deref(), Some("138"));
    // A scan is known for one in the third sign, whatever happens by itself meanwhile.
    for event in [Event::Typed(Typed::Digit(6)), Event::News, Event::Typed(Typed::Digit(9)), Event::SpeechEnded] {
        desk.event(event);
    }
    desk.event(Event::Typed(Typed::Stray(2)));
    assert_eq!(desk.app.screen().draft().unwrap().phone.as_deref(), Some("138"));
    // What a hand typed a moment before stays.
    desk.event(Event::Typed(Typed::Digit(5)));
    scan(&mut desk, &sample_stub(90_155).code());
    assert_eq!(desk.app.screen().draft().unwrap().phone.as_deref(), Some("1385"));
}

#[test]
fn digits_of_a_number_pad_are_typed_where_the_screen_has_digits() {
    let mut desk = Desk::new(LARGE);
    let keys = |desk: &mut Desk, digits: &str| {
        digits.bytes().for_each(|digit| desk.event(Event::Typed(Typed::Digit(digit - b'0'))));
    };
    keys(&mut desk, "5");
    desk.is_on("Home");
    desk.touch("查进度");
    keys(&mut desk, "04129");
    desk.event(Event::Typed(Typed::Erase));
    keys(&mut desk, "0901559");
    desk.sees("0412 0901 55");
    desk.event(Event::Typed(Typed::Key(keypad::Key::Back)));
    desk.is_on("Home");
}

#[test]
fn the_screen_dims_when_nobody_is_there_and_wakes_for_whoever_comes() {
    let mut desk = Desk::new(LARGE);
    let light = |desk: &Desk| desk.app.light(desk.now);
    assert_eq!(light(&desk), FULL);
    desk.wait(DIMS_AFTER);
    assert_eq!((light(&desk), desk.app.wake_at()), (DIM, None), "and then it sleeps");
    desk.event(Event::Motion(Motion::Came));
    desk.wait(Duration::from_secs(600));
    assert_eq!(light(&desk), FULL, "somebody reads the notices");
    desk.event(Event::Motion(Motion::Left));
    desk.wait(DIMS_AFTER);
    assert_eq!(light(&desk), DIM);
    desk.touch("查进度");
    assert_eq!(light(&desk), FULL);
}

#[test]
fn it_never_dims_while_somebody_speaks_or_is_asked_something() {
    let mut desk = Desk::new(LARGE);
    desk.touch_all(&["提意见", "道路交通", "说给它听"]);
    desk.wait(Duration::from_secs(119));
    assert_eq!((desk.app.screen().name(), desk.app.light(desk.now)), ("Speak", FULL));
    desk.wait(Duration::from_secs(45));
    assert_eq!((desk.app.screen().name(), desk.app.light(desk.now)), ("Leave", FULL));
}
