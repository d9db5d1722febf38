//! What the village is told, and what people say back, told by touches and by the five keys.

use civic_core::{opinion::Evaluation, reaction::Reaction};
use kiosk::{app::Key, public::Reply, sample::sample_ticket, station::NotSaved};

use crate::{
    looks::LARGE,
    support::{Desk, scan},
};

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

#[test]
fn not_solved_starts_the_recheck_and_says_so_and_is_asked_once() {
    let mut desk = Desk::new(LARGE);
    desk.event(scan());
    desk.touch_all(&["您满意吗？", "满意"]).is_on("Rate").sees("解决了吗");
    desk.touch("没解决").is_on("Thanks").sees("还没解决").sees("重新查一遍");
    let taken = desk.station.0.lock().unwrap().taken.clone();
    let evaluation = Evaluation { satisfied: Some(true), solved: Some(false) };
    let expected = Reaction::Evaluation { ticket: sample_ticket(90_155), answer: 1, evaluation };
    assert_eq!(taken.into_iter().map(|(_, reply)| reply).collect::<Vec<_>>(), [Reply::Reaction(expected)]);
    desk.touch("回首页");
    desk.event(scan());
    desk.is_on("Progress").does_not_see("您满意吗");
}

#[test]
fn either_question_may_be_passed_over_and_two_silences_send_nothing() {
    let mut desk = Desk::new(LARGE);
    desk.event(scan());
    desk.touch_all(&["您满意吗？", "Skip", "Back"]).is_on("Rate").sees("满意吗");
    desk.touch_all(&["Skip", "Skip"]).is_on("Progress");
    assert!(desk.station.0.lock().unwrap().taken.is_empty());
    for target in ["您满意吗？", "Skip", "解决了"] {
        desk.key_to(target);
    }
    desk.is_on("Thanks").sees("评价收好了");
}
