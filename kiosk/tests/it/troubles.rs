//! What a villager meets when something of the station does not work.

use std::time::Duration;

use kiosk::{app::Event, sample::NEWS_AT, station::NotSaved, trouble::Trouble};

use crate::{
    looks::LARGE,
    support::{Desk, scan},
};

const WRITE: [&str; 7] = ["提意见", "道路交通", "写下来", "路灯坏了，晚上看不见", "写好了", "不说这个", "不用留"];

fn desk(troubles: &[Trouble]) -> Desk {
    let mut desk = Desk::new(LARGE);
    desk.station.0.lock().unwrap().troubles = troubles.to_vec();
    desk.event(Event::News);
    desk
}

#[test]
fn nobody_writes_what_a_full_disk_cannot_keep_and_looking_up_still_works() {
    for trouble in [Trouble::DiskFull, Trouble::ReadOnly] {
        let mut desk = desk(&[trouble]);
        desk.touch("提意见").is_on("Troubles").sees("存不了新的话").sees("以前存的都在");
        desk.touch("查进度").is_on("Find");
    }
}

#[test]
fn words_that_meet_a_full_disk_are_kept_and_saved_when_there_is_room_again() {
    let mut desk = Desk::new(LARGE);
    desk.touch_all(&WRITE);
    desk.station.0.lock().unwrap().refuses = Some(NotSaved::ReadOnly);
    desk.touch("对，交上去").is_on("NotSaved").sees("存储卡坏了");
    desk.station.0.lock().unwrap().refuses = None;
    desk.touch("再试一次").is_on("Filed");
    assert_eq!(desk.station.0.lock().unwrap().filed[0].1.body, "路灯坏了，晚上看不见");
}

#[test]
fn all_other_troubles_are_told_and_stop_nobody() {
    let troubles = [
        (Trouble::NoMicrophone, "话筒用不了"),
        (Trouble::NoPaper, "打印机没有纸了"),
        (Trouble::NoDate, "不知道今天是几号"),
        (Trouble::NotHeardSince(NEWS_AT), "11月20日以后没有收到县里的消息"),
    ];
    for (trouble, sentence) in troubles {
        let mut desk = desk(&[trouble]);
        desk.sees(sentence);
        desk.touch_all(&WRITE).touch("对，交上去").is_on("Filed");
    }
}

#[test]
fn a_trouble_that_ends_is_gone_with_the_next_news() {
    let mut desk = desk(&[Trouble::NoPaper]);
    desk.station.0.lock().unwrap().troubles.clear();
    desk.event(Event::News);
    desk.does_not_see("打印机").sees("县里最近一次收到");
}

#[test]
fn what_is_filed_faster_than_people_speak_is_kept_and_marked() {
    let mut desk = Desk::new(LARGE);
    for pause in [0, 300, 0] {
        desk.wait(Duration::from_secs(pause));
        desk.touch_all(&WRITE).touch_all(&["对，交上去", "记好了，回首页"]);
    }
    let station = desk.station.0.lock().unwrap();
    let marks: Vec<bool> = station.filed.iter().map(|(_, draft)| draft.is_burst).collect();
    assert_eq!(marks, [false, false, true]);
}

#[test]
fn a_machine_that_is_no_station_leads_nobody_to_what_it_cannot_know() {
    for trouble in [Trouble::NotEnrolled, Trouble::Elsewhere] {
        let mut desk = desk(&[trouble]);
        for door in ["提意见", "查进度", "村里的事"] {
            desk.touch(door).is_on("Troubles").does_not_see("别的都能用").does_not_see("查进度");
            desk.touch("返回").is_on("Home");
        }
        desk.event(scan());
        desk.is_on("Troubles");
    }
}
