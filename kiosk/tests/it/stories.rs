//! What people do at a kiosk, told by touches and by what they then read.

use std::time::Duration;

use civic_core::{
    ink::SIDE,
    opening::{Opening, Stub},
    reaction::Reaction,
};
use hardware::{keyboard::Typed, lamp::Lamp};
use kiosk::{
    app::{Event, Key, Touch, TouchKind},
    guesses::NotOpened,
    public::Reply,
    sample::{sample_opening, sample_ticket},
    station::NotSaved,
};

use crate::{
    looks::LARGE,
    support::{Desk, scan},
};

#[test]
fn three_touches_begin_an_opinion_and_the_number_comes_after_the_disk() {
    let mut desk = Desk::new(LARGE);
    desk.touch_all(&["提意见", "道路交通", "写下来", "路灯坏了，晚上看不见", "写好了", "不说这个", "不用留"]);
    desk.is_on("ReadBack").sees("路灯坏了，晚上看不见").sees("不留电话，不记名字");
    assert!(desk.station.0.lock().unwrap().filed.is_empty(), "nothing is filed before the person agrees");
    desk.touch("对，交上去").is_on("Filed").sees(&sample_ticket(18_376).to_string());
    let filed = desk.station.0.lock().unwrap().filed.clone();
    let (_, draft) = &filed[0];
    assert_eq!((draft.topic.as_str(), draft.body.as_str()), ("道路交通", "路灯坏了，晚上看不见"));
    assert_eq!(draft.phone, None);
    desk.touch("记好了，回首页").is_on("Home").does_not_see("路灯");
}

#[test]
fn an_opinion_can_be_typed_in_pinyin() {
    let mut desk = Desk::new(LARGE);
    desk.touch_all(&["提意见", "饮水安全", "写下来", "用拼音写"]);
    desk.touch_all(&["s", "h", "u", "i", "水", "g", "u", "a", "n", "更多"]);
    desk.touch_all(&[
        "Press(Space)",
        "h",
        "u",
        "a",
        "i",
        "坏",
        "。",
        "数字",
        "3",
        "用拼音写",
        "t",
        "i",
        "a",
        "n",
        "天",
    ]);
    desk.sees("水").sees("坏。3天");
    desk.touch_all(&["写好了", "不说这个", "不用留"]).sees("坏。3天");
}

#[test]
fn a_phone_number_is_kept_only_when_it_is_complete_and_wanted() {
    let mut desk = Desk::new(LARGE);
    desk.touch_all(&["提意见", "其他", "写下来", "请代表来一趟", "写好了", "不说这个", "留个电话"]);
    desk.touch_all(&["我满十四岁，同意留", "1", "3", "8", "按好了"]).is_on("Phone").sees("少了几位");
    for digit in "00138000".chars() {
        desk.touch(&digit.to_string());
    }
    desk.touch("按好了").is_on("Name");
    desk.touch_all(&["陈", "s", "h", "u", "i", "水", "写好了"]).is_on("ReadBack").sees("陈水，电话：138 0013 8000");
    desk.touch("对，交上去");
    let filed = desk.station.0.lock().unwrap().filed[0].1.clone();
    assert_eq!((filed.phone.as_deref(), filed.name.as_deref()), (Some("13800138000"), Some("陈水")));

    let mut shy = Desk::new(LARGE);
    shy.touch_all(&[
        "提意见",
        "其他",
        "写下来",
        "请代表来一趟",
        "写好了",
        "不说这个",
        "留个电话",
        "我满十四岁，同意留",
        "1",
        "3",
        "8",
        "不留了",
        "对，交上去",
    ]);
    assert_eq!(shy.station.0.lock().unwrap().filed[0].1.phone, None);
}

#[test]
fn words_survive_every_way_back() {
    let mut desk = Desk::new(LARGE);
    desk.touch_all(&["提意见", "教育", "写下来", "孩子上学太远", "返回", "返回", "道路交通", "写下来"])
        .sees("孩子上学太远");
    desk.touch_all(&["写好了", "返回"]).is_on("Writing").sees("孩子上学太远");
    desk.touch_all(&["写好了", "不说这个", "不用留", "改一改"]).is_on("Writing").sees("孩子上学太远").sees("道路交通");
    desk.touch_all(&["清空", "留着，接着写"]).is_on("Writing").sees("孩子上学太远");
    desk.touch_all(&["清空", "都不要了"]).is_on("Writing").does_not_see("孩子上学太远");
    desk.touch_all(&["返回", "返回", "返回"]).is_on("Home");
}

#[test]
fn leaving_with_words_written_is_asked_about() {
    let mut desk = Desk::new(LARGE);
    desk.touch_all(&["提意见", "教育", "写下来", "孩子上学太远", "返回", "返回", "返回"]).is_on("Leave");
    desk.touch("我还在，接着来").is_on("Topics");
    desk.touch_all(&["返回", "回首页"]).is_on("Home");
    desk.touch_all(&["提意见", "教育", "写下来"]).is_on("Writing").does_not_see("孩子上学太远。");
}

#[test]
fn what_could_not_be_saved_is_said_plainly_kept_and_tried_again() {
    let mut desk = Desk::new(LARGE);
    desk.station.0.lock().unwrap().refuses = Some(NotSaved::DiskFull);
    desk.touch_all(&["提意见", "治安", "写下来", "晚上不安全", "写好了", "不说这个", "不用留", "对，交上去"]);
    desk.is_on("NotSaved").sees("没有存上").sees("存满了").does_not_see("别给别人看");
    desk.touch("再试一次").is_on("NotSaved").sees("试了 2 次");
    desk.station.0.lock().unwrap().refuses = Some(NotSaved::Failed);
    desk.touch("再试一次").sees("再试一次。还不行");
    desk.touch("看看我写的").sees("晚上不安全");
    desk.station.0.lock().unwrap().refuses = None;
    desk.touch("对，交上去").is_on("Filed");
    assert_eq!(desk.station.0.lock().unwrap().filed[0].1.body, "晚上不安全");
}

pub fn ask_for(desk: &mut Desk, digits: &str) {
    desk.touch("查进度");
    for digit in digits.chars() {
        desk.touch(&digit.to_string());
    }
    desk.touch("查一查");
}

#[test]
fn the_answer_is_told_to_whoever_holds_the_paper_and_the_state_to_anybody() {
    let mut desk = Desk::new(LARGE);
    ask_for(&mut desk, &sample_ticket(90_155).digits());
    desk.is_on("Progress").sees("有答复了").sees("截至11月20日").sees("答复只给您本人听");
    for hidden in ["都亮了", "镇里派人看过", "道路交通", "您满意吗", "补充几句", "收回姓名电话"]
    {
        desk.does_not_see(hidden);
    }
    desk.touch("听答复").is_on("Unlock");
    for digit in sample_opening().number.digits().chars() {
        desk.touch(&digit.to_string());
    }
    desk.touch("打开听答复").is_on("Progress");
    desk.sees("有答复了").sees("都亮了").sees("镇里派人看过").sees("道路交通");
    // Until this person has gone it stays open, and no longer.
    desk.touch_all(&["Rate", "Back"]).is_on("Progress").sees("都亮了");
    desk.touch("回首页").is_on("Home");
    ask_for(&mut desk, &sample_ticket(90_155).digits());
    desk.is_on("Progress").does_not_see("都亮了");
}

#[test]
fn a_wrong_opening_number_is_said_kindly_and_a_slip_of_the_finger_is_no_guess() {
    let mut desk = Desk::new(LARGE);
    let number = sample_opening().number.digits();
    let typed = |desk: &mut Desk, digits: &str| {
        for digit in digits.chars() {
            desk.touch(&digit.to_string());
        }
        desk.touch("打开听答复");
    };
    ask_for(&mut desk, &sample_ticket(90_155).digits());
    desk.touch("听答复");
    typed(&mut desk, &number[..8]);
    desk.is_on("Unlock").sees("还少几位");
    desk.touch_all(&["Back", "听答复"]);
    let wrong_digit = format!("{}{}", &number[..8], (number.as_bytes()[8] - b'0' + 1) % 10);
    typed(&mut desk, &wrong_digit);
    desk.is_on("Unlock").sees("有一位按错了");
    desk.touch_all(&["Back", "听答复"]);
    typed(&mut desk, &Opening::new([9; 24]).number.digits());
    desk.is_on("Unlock").sees("打不开这一条");
    desk.station.0.lock().unwrap().keeps_closed = Some(NotOpened::Wait(Duration::from_secs(61)));
    typed(&mut desk, &number);
    desk.is_on("Unlock").sees("请过 2 分钟再试").does_not_see("都亮了");
    desk.event(scan());
    desk.is_on("Progress").sees("都亮了");
}

#[test]
fn the_paper_of_before_a_slip_was_given_anew_opens_nothing() {
    let mut desk = Desk::new(LARGE);
    let old = Stub { ticket: sample_ticket(90_155), opening: Some(Opening::new([9; 24])) };
    desk.event(Event::Typed(Typed::Scanned(old.code())));
    desk.is_on("Unlock").sees("打不开这一条");
    desk.touch("Back").is_on("Progress").does_not_see("都亮了");
}

#[test]
fn name_and_number_are_taken_back_with_two_touches_by_whoever_holds_the_paper() {
    let mut desk = Desk::new(LARGE);
    desk.event(scan());
    desk.touch("收回姓名电话").is_on("TakeBack");
    desk.touch("不收回").is_on("Progress").sees("都亮了");
    desk.touch_all(&["收回姓名电话", "收回，请删掉"]).is_on("Thanks").sees("姓名电话删掉");
    let taken = desk.station.0.lock().unwrap().taken[0].1.clone();
    assert_eq!(taken, Reply::Reaction(Reaction::Withdrawal { ticket: sample_ticket(90_155) }));
    desk.touch("回首页");
    desk.event(scan());
    for target in ["收回姓名电话", "收回，请删掉"] {
        desk.key_to(target);
    }
    desk.is_on("Thanks");
}

#[test]
fn the_opening_number_is_said_aloud_to_nobody_who_does_not_ask() {
    let mut desk = Desk::new(LARGE);
    desk.key(Key::Read);
    for target in ["提意见", "道路交通", "写下来", "路灯坏了，晚上看不见", "写好了", "不说这个", "不用留", "对，交上去"]
    {
        desk.key_to(target);
    }
    let number = sample_opening().number.to_string();
    desk.is_on("Filed").sees(&number).sees("别给别人看");
    let said = |desk: &mut Desk| format!("{:?}", desk.app.take_effects());
    let aloud = said(&mut desk);
    assert!(aloud.contains(&sample_ticket(18_376).to_string()) && !aloud.contains(&number), "{aloud}");
    desk.key_to("把听答复的号念给我听");
    assert!(said(&mut desk).contains(&number));
}

#[test]
fn a_child_is_asked_for_nothing_and_its_words_go_in() {
    let mut desk = Desk::new(LARGE);
    let words = ["提意见", "其他", "写下来", "请代表来一趟", "写好了", "不说这个"];
    for way in [&["我还没满十四岁"][..], &["留个电话", "我还没满十四岁"], &["留个电话", "返回", "我还没满十四岁"]]
    {
        desk.touch_all(&words).touch_all(way).is_on("ReadBack").sees("不问名字和电话");
        desk.touch("对，交上去").is_on("Filed");
        desk.touch("记好了，回首页");
    }
    let filed = desk.station.0.lock().unwrap().filed.clone();
    assert!(filed.iter().all(|(_, draft)| draft.is_child && draft.phone.is_none() && draft.name.is_none()));
    desk.touch_all(&words).touch_all(&["留个电话", "不留了"]).is_on("ReadBack");
    desk.touch("对，交上去");
    assert!(!desk.station.0.lock().unwrap().filed[3].1.is_child);
}

#[test]
fn a_mistyped_number_is_said_kindly_and_an_unknown_one_honestly() {
    let mut desk = Desk::new(LARGE);
    ask_for(&mut desk, "041218");
    desk.is_on("Find").sees("还少几位");
    desk.touch_all(&["3", "7", "6", "7", "查一查"]).is_on("Find").sees("有一位按错了");
    desk.touch("Back");
    ask_for(&mut desk, &sample_ticket(7).digits());
    desk.is_on("Progress").sees("这台终端还没有收到这个号的消息");
}

#[test]
fn what_was_filed_here_says_how_far_it_has_come() {
    let mut desk = Desk::new(LARGE);
    desk.touch_all(&[
        "提意见",
        "治安",
        "写下来",
        "晚上不安全",
        "写好了",
        "不说这个",
        "不用留",
        "对，交上去",
        "记好了，回首页",
    ]);
    ask_for(&mut desk, &sample_ticket(18_376).digits());
    desk.sees("您的话存在这台机器里，还没有送出去");
}

#[test]
fn after_a_minute_the_kiosk_asks_and_then_shows_nothing_of_it() {
    let mut desk = Desk::new(LARGE);
    desk.touch_all(&["提意见", "治安", "写下来", "晚上不安全"]);
    desk.wait(Duration::from_secs(59));
    desk.is_on("Writing");
    desk.wait(Duration::from_secs(2));
    desk.is_on("Leave").sees("还在吗？");
    desk.touch("我还在，接着来").is_on("Writing").sees("晚上不安全");
    desk.wait(Duration::from_secs(100));
    desk.is_on("Home").does_not_see("晚上不安全");
}

#[test]
fn a_ticket_is_shown_for_two_minutes_and_the_first_screen_for_ever() {
    let mut desk = Desk::new(LARGE);
    desk.touch_all(&["提意见", "治安", "写下来", "晚上不安全", "写好了", "不说这个", "不用留", "对，交上去"]);
    desk.wait(Duration::from_secs(119));
    desk.is_on("Filed");
    desk.wait(Duration::from_secs(2));
    desk.is_on("Home");
    assert_eq!(desk.app.wake_at(), None, "an idle kiosk sleeps until somebody comes");
}

#[test]
fn the_button_goes_home_but_not_over_words() {
    let mut desk = Desk::new(LARGE);
    desk.touch("查进度");
    desk.event(Event::Button);
    desk.is_on("Home");
    desk.touch_all(&["提意见", "治安", "写下来", "晚上不安全"]);
    desk.event(Event::Button);
    desk.is_on("Leave").sees("不写了吗？");
    desk.event(Event::Button);
    desk.is_on("Home");
}

#[test]
fn a_finger_that_slides_off_a_target_chooses_nothing() {
    let mut desk = Desk::new(LARGE);
    let (say, find) = (desk.place_of("提意见"), desk.place_of("查进度"));
    let finger = |kind, at| Event::Touch(Touch { kind, at });
    desk.event(finger(TouchKind::Down, say));
    assert!(desk.app.marks(&desk.pieces()).pressed.is_some());
    desk.event(finger(TouchKind::Move, find));
    assert!(desk.app.marks(&desk.pieces()).pressed.is_none());
    desk.event(finger(TouchKind::Up, find));
    desk.is_on("Home");
}

#[test]
fn a_double_tap_does_not_fall_through_to_the_next_screen() {
    let mut desk = Desk::new(LARGE);
    desk.touch_all(&["提意见", "治安", "写下来", "晚上不安全", "写好了", "不说这个", "不用留"]);
    let file = desk.place_of("对，交上去");
    desk.tap(file);
    desk.is_on("Filed");
    // The second tap of a trembling hand, 150 ms later, on what is now "noted".
    desk.now += Duration::from_millis(150);
    desk.event(Event::Touch(Touch { kind: TouchKind::Down, at: file }));
    desk.event(Event::Touch(Touch { kind: TouchKind::Up, at: file }));
    desk.is_on("Filed");
}

#[test]
fn a_second_tap_counts_from_when_the_page_was_on_the_glass_however_long_the_card_took() {
    let mut desk = Desk::new(LARGE);
    desk.touch_all(&["提意见", "治安", "写下来", "晚上不安全", "写好了", "不说这个", "不用留"]);
    let at = desk.place_of("对，交上去");
    let finger = |kind| Event::Touch(Touch { kind, at });
    desk.wait(Duration::from_millis(400));
    desk.event(finger(TouchKind::Down));
    // The second tap comes while the words are written, and waits for its turn.
    desk.app.handle(finger(TouchKind::Up), desk.now);
    desk.now += Duration::from_millis(900);
    desk.app.shown(desk.now);
    desk.now += Duration::from_millis(5);
    desk.event(finger(TouchKind::Down));
    desk.event(finger(TouchKind::Up));
    desk.is_on("Filed");
    desk.tap(at);
    desk.is_on("Home");
}

#[test]
fn a_finger_that_bounces_answers_no_second_question_and_passes_no_page_unseen() {
    let mut desk = Desk::new(LARGE);
    desk.event(scan());
    desk.touch("您满意吗？").bounce("满意").is_on("Rate").sees("解决了吗");
    let mut desk = Desk::new(LARGE);
    desk.touch_all(&["村里的事", "请您说一说", "青禾县饮用水源保护办法（征求意见稿）", "开始"]).sees("第 1 页");
    desk.bounce("GoOn").sees("第 2 页");
    // Whoever goes on at their own pace is not held up.
    desk.touch("GoOn").sees("第 3 页");
}

/// A quick finger on the page of a kiosk came back to a place within 300 ms, by way of three others, and was not heard.
#[test]
fn whoever_touches_something_else_between_does_not_tap_twice() {
    let mut desk = Desk::new(LARGE);
    desk.touch("查进度");
    for digit in sample_ticket(90_157).digits().chars() {
        desk.touch(&digit.to_string());
    }
    desk.touch("查一查").touch("返回").is_on("Find");
    for target in ["1", "Erase", "返回"] {
        let at = desk.place_of(target);
        desk.now += Duration::from_millis(50);
        desk.event(Event::Touch(Touch { kind: TouchKind::Down, at }));
        desk.event(Event::Touch(Touch { kind: TouchKind::Up, at }));
    }
    desk.is_on("Home");
}

#[test]
fn the_lamp_and_the_three_words_follow_the_receipts() {
    let mut desk = Desk::new(LARGE);
    assert_eq!(desk.app.lamp(), Lamp::AmberBlinking);
    desk.touch_all(&["提意见", "治安", "写下来", "晚上不安全", "写好了", "不说这个", "不用留", "对，交上去"]);
    assert_eq!(desk.app.lamp(), Lamp::Amber);
    let mut all = desk.station.0.lock().unwrap().clone();
    all.filed.clear();
    all.counts.on_road = 0;
    all.counts.received = 19;
    *desk.station.0.lock().unwrap() = all;
    desk.event(Event::News);
    desk.touch("记好了，回首页").sees("19");
    assert_eq!(desk.app.lamp(), Lamp::Green);
}

#[test]
fn ink_alone_is_filed_and_characters_that_were_chosen_are_its_words() {
    let mut desk = Desk::new(LARGE);
    desk.touch_all(&["提意见", "其他", "写下来", "用手写"]).is_on("Handwriting");
    desk.touch("写好了").is_on("Handwriting");
    desk.write_ten();
    desk.touch("下一个字");
    desk.write_ten();
    desk.touch_all(&["写好了", "不说这个", "不用留"]).is_on("ReadBack");
    desk.touch("改一改").is_on("Handwriting");
    desk.touch_all(&["写好了", "不说这个", "不用留", "对，交上去"]).is_on("Filed");
    let filed = desk.station.0.lock().unwrap().filed[0].1.clone();
    assert_eq!((filed.words().as_str(), filed.ink.boxes.len()), ("", 2));

    let mut chosen = Desk::new(LARGE);
    chosen.touch_all(&["提意见", "其他", "写下来", "请代表来一趟", "用手写"]);
    chosen.write_ten();
    chosen.touch("十");
    chosen.write_ten();
    chosen.touch_all(&["返回", "写好了", "不说这个", "不用留"]).sees("请代表来一趟");
    chosen.touch("对，交上去");
    assert_eq!(chosen.station.0.lock().unwrap().filed[0].1.words(), "请代表来一趟\n十□");
}

#[test]
fn a_finger_that_leaves_the_square_still_draws_and_a_key_beside_it_is_not_pressed() {
    let mut desk = Desk::new(LARGE);
    desk.touch_all(&["提意见", "其他", "写下来", "用手写"]);
    desk.draw((50, 50), (190, 95));
    desk.is_on("Handwriting");
    let ink = desk.app.screen().draft().unwrap().ink.clone();
    let last = ink.boxes[0].strokes[0].dots.last().copied().unwrap();
    assert_eq!((ink.boxes.len(), last.x), (1, SIDE));
}

#[test]
fn an_opinion_can_be_typed_on_nine_keys() {
    let mut desk = Desk::new(LARGE);
    desk.touch_all(&["提意见", "饮水安全", "写下来", "用拼音写", "九键", "wxyz", "ghi", "tuv", "jkl", "tuv", "修路"]);
    desk.touch_all(&["。", "全键", "s", "h", "u", "i", "水"]).sees("修路。水");
}

#[test]
fn long_words_are_read_page_by_page() {
    let mut desk = Desk::new(LARGE);
    desk.touch_all(&["提意见", "道路交通", "写下来", "桥不安全，请来看看"]);
    for _ in 0..30 {
        desk.touch("村里的路坏了，不好走");
    }
    desk.touch("看前面").sees("…");
    desk.touch_all(&["写好了", "不说这个", "不用留"]).sees("桥不安全").sees("1/3");
    desk.touch("看后面").does_not_see("桥不安全").sees("2/3");
    desk.touch("看前面").sees("桥不安全");
}
