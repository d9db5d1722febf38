//! What the village is told, and what people say back, told by touches and by the five keys.

use kiosk::{app::Key, public::Reply, station::NotSaved};

use crate::{looks::LARGE, support::Desk};

#[test]
fn the_board_tells_what_was_asked_here_and_when_somebody_listens() {
    let mut desk = Desk::new(LARGE);
    desk.touch("村里的事").is_on("Village").sees("本村本月 12 件，已办结 9 件").sees("下一个接待日：11月20日");
    desk.touch_all(&["公示通知", "石桥桥面已经修好"]).is_on("Notice").sees("交通局今年十月修补完工");
    desk.touch_all(&["Back", "Back", "Back"]).is_on("Home");
}

#[test]
fn me_too_is_thanked_for_only_once_it_is_on_disk() {
    let mut desk = Desk::new(LARGE);
    desk.station.0.lock().unwrap().refuses = Some(NotSaved::DiskFull);
    desk.touch_all(&["村里的事", "大家反映的事", "石桥桥面开裂"]).sees("16 个人");
    desk.touch("我也是").is_on("NotTaken").sees("存满了");
    desk.station.0.lock().unwrap().refuses = None;
    desk.touch("再试一次").is_on("Thanks").sees("您也是");
    let taken = desk.station.0.lock().unwrap().taken.clone();
    assert!(matches!(taken.as_slice(), [(_, Reply::Reaction(_))]));
    desk.touch("回首页").is_on("Home");
}

#[test]
fn the_board_is_read_and_answered_with_five_keys() {
    let mut desk = Desk::new(LARGE);
    for target in ["村里的事", "大家反映的事", "村口没有公交站牌", "我也是"] {
        desk.key_to(target);
    }
    desk.is_on("Thanks");
    desk.key(Key::Select).is_on("Home");
}

#[test]
fn a_village_without_news_still_has_a_board() {
    let mut desk = Desk::new(LARGE);
    desk.station.0.lock().unwrap().public = Default::default();
    desk.touch("村里的事").is_on("Village").sees("现在没有公示").sees("0 件");
}
