//! The screens over a real ledger on disk.

use std::time::Instant;

use civic_core::{
    consent::{Choice, Consent},
    opinion::Field,
    ticket::Ticket,
    time::UnixSeconds,
};
use kiosk::{
    app::App,
    records::{BURST, CHILD, HELPED, NOTICE, SINCE},
    station::{Counts, Draft, Found, Stage, Station},
    trouble::{Reports, Trouble},
};
use ledger::query::Filter;

use crate::{
    directory::Directory,
    looks::LARGE,
    support::{Desk, Shared},
};

#[test]
fn what_a_villager_says_is_on_disk_when_the_number_is_shown() {
    let directory = Directory::new("files");
    let ticket = {
        let (_held, ledger, records) = directory.open();
        let now = Instant::now();
        let app = App::new(Box::new(records), LARGE, now);
        let mut desk = Desk { app, station: Shared::default(), now };
        desk.sees("石桥村代表联络站").sees("云水县").does_not_see("石桥村石桥村");
        desk.touch_all(&["提意见", "道路交通", "写下来", "路灯坏了", "写好了", "不说这个", "留个电话"]);
        desk.is_on("Consent").sees("只为这件事");
        desk.touch("我满十四岁，同意留");
        for digit in "13800138000".chars() {
            desk.touch(&digit.to_string());
        }
        desk.touch_all(&["按好了", "不留名字", "对，交上去"]).is_on("Filed");
        let line = ledger.list(&Filter { limit: 9, ..Filter::default() }).unwrap().lines.remove(0);
        assert_eq!(
            (line.topic.as_str(), line.body.as_str(), line.channel.as_str()),
            ("道路交通", "路灯坏了", "自助终端")
        );
        assert!(line.has_contact && !line.body.contains("138"));
        let ticket = Ticket::parse(&line.ticket).unwrap();
        desk.sees(&ticket.to_string());
        ticket
    };
    // The plug is pulled, and somebody starts the kiosk again.
    let (_held, ledger, records) = directory.open();
    assert_eq!(records.find(&ticket, None), Found::Filed(Stage::Here));
    assert_eq!(records.counts(), Counts { here: 1, ..Counts::default() });
    let id = ledger.by_ticket(&ticket).unwrap().unwrap();
    let opinion = ledger.opinion(&id).unwrap().unwrap().opinion;
    assert_eq!(Consent::of(&opinion).map(|consent| consent.choice), Some(Choice::Phone));
    assert_eq!([Field::Village, Field::Station].map(|field| opinion.field(field)), ["石桥村", "石桥村代表联络站"]);
}

#[test]
fn a_number_from_elsewhere_is_unknown_until_news_of_it_comes() {
    let directory = Directory::new("unknown");
    let (_held, _ledger, mut records) = directory.open();
    assert_eq!(records.find(&Ticket::new(9, 9).unwrap(), None), Found::Unknown);
    let draft = Draft { topic: "道路交通".to_owned(), body: "路灯坏了".to_owned(), ..Draft::default() };
    let stub = records.file(&draft).unwrap();
    assert!(stub.ticket.digits().starts_with("0412"));
}

#[test]
fn what_came_faster_than_people_speak_is_in_the_ledger_with_its_mark() {
    let directory = Directory::new("burst");
    let (_held, ledger, mut records) = directory.open();
    let marks = [false, true].map(|is_burst| {
        let draft =
            Draft { topic: "道路交通".to_owned(), body: "路灯坏了".to_owned(), is_burst, ..Draft::default() };
        let id = ledger.by_ticket(&records.file(&draft).unwrap().ticket).unwrap().unwrap();
        ledger.opinion(&id).unwrap().unwrap().opinion.extra.get(BURST).cloned()
    });
    assert_eq!(marks, [None, Some("true".to_owned())]);
}

#[test]
fn a_station_tells_the_troubles_of_its_disk_its_road_and_those_that_are_reported() {
    let directory = Directory::new("troubles");
    let (_held, _ledger, records) = directory.open();
    let reports = Reports::default();
    let mut records = records.watching(directory.path(), reports.clone());
    reports.report(Trouble::NoPaper, true);
    // The card of this kiosk is of 1970, and its hub answers nobody.
    let told = [Trouble::NoPaper, Trouble::NotHeardSince(UnixSeconds(0))];
    assert_eq!(records.troubles(), told);
    let draft = Draft { topic: "道路交通".to_owned(), body: "路灯坏了".to_owned(), ..Draft::default() };
    assert!(records.file(&draft).is_ok(), "neither stops anybody");
}

#[test]
fn what_was_asked_around_it_is_kept_and_a_child_leaves_no_trace_of_who_it_is() {
    let directory = Directory::new("around");
    let (_held, ledger, records) = directory.open();
    let now = Instant::now();
    let app = App::new(Box::new(records), LARGE, now);
    let mut desk = Desk { app, station: Shared::default(), now };
    desk.touch_all(&["提意见", "道路交通", "请人帮我写", "路灯坏了", "写好了", "这几天", "留个电话"]);
    desk.touch_all(&["我满十四岁，同意留", "1", "3", "8"]);
    desk.touch_all(&["不留了", "改一改", "写好了", "这几天", "留个电话", "我还没满十四岁"]).sees("不满十四岁");
    desk.touch("对，交上去").is_on("Filed");
    let line = ledger.list(&Filter { limit: 9, ..Filter::default() }).unwrap().lines.remove(0);
    assert!(!line.has_contact);
    let opinion = ledger.opinion(&line.id).unwrap().unwrap().opinion;
    let extra = &opinion.extra;
    let value = |key: &str| extra.get(key).cloned().unwrap_or_default();
    assert_eq!([SINCE, HELPED, CHILD].map(value), ["\"week\"", "true", "true"]);
    let consent = Consent::of(&opinion).unwrap();
    assert_eq!((consent.notice, consent.choice), (NOTICE, Choice::None));
}
