//! The five keys and the ear: everything that touches do, without looking.

use std::time::Duration;

use civic_core::opening::{Opening, Stub};
use hardware::keyboard::Typed;
use kiosk::{
    app::{App, Effect, Event, Key},
    draw::Painter,
    glass::Glass,
    light::{DIMS_AFTER, FULL},
    sample::sample_ticket,
    settings::{Language, Settings},
    spoken::Spoken,
    station::NotSaved,
};

use crate::{
    looks::LARGE,
    support::{Desk, packs, recording, scan},
};

/// What was last to be said, one piece a line.
fn heard(desk: &mut Desk) -> String {
    let says = |effect| if let Effect::Say(said) = effect { Some(said) } else { None };
    let said = desk.app.take_effects().into_iter().rev().find_map(says);
    said.unwrap_or_default().iter().map(|spoken| spoken.words.clone()).collect::<Vec<_>>().join("\n")
}

#[test]
fn an_opinion_is_filed_and_found_with_five_keys() {
    let mut desk = Desk::new(LARGE);
    for target in ["提意见", "道路交通", "写下来", "路灯坏了，晚上看不见", "写好了", "不说这个", "不用留", "对，交上去"]
    {
        desk.key_to(target);
    }
    desk.is_on("Filed").sees(&sample_ticket(18_376).to_string());
    desk.key(Key::Select).is_on("Home");
    desk.key_to("查进度");
    for digit in sample_ticket(18_376).digits().chars() {
        desk.key_to(&digit.to_string());
    }
    desk.key_to("查一查").is_on("Progress").sees("还没有送出去");
    desk.key(Key::Back).is_on("Find");
    desk.key(Key::Back).is_on("Home");
}

#[test]
fn what_a_finger_writes_is_written_and_filed_with_five_keys() {
    let mut desk = Desk::new(LARGE);
    for target in ["提意见", "其他", "写下来", "用手写", "Pen"] {
        desk.key_to(target);
    }
    desk.is_on("Handwriting").sees("落笔");
    for (key, times) in [
        (Key::Up, 8),
        (Key::Select, 1),
        (Key::Down, 16),
        (Key::Select, 1),
        (Key::Up, 8),
        (Key::Read, 2),
        (Key::Up, 8),
        (Key::Select, 1),
        (Key::Down, 16),
        (Key::Select, 1),
        (Key::Back, 1),
    ] {
        for _ in 0..times {
            desk.key(key);
        }
    }
    desk.is_on("Handwriting").does_not_see("落笔");
    for target in ["十", "写好了", "不说这个", "不用留", "对，交上去"] {
        desk.key_to(target);
    }
    let filed = desk.station.0.lock().unwrap().filed[0].1.clone();
    assert_eq!((filed.words().as_str(), filed.ink.boxes[0].strokes.len()), ("十", 2));
}

#[test]
fn the_keys_go_around_in_the_order_that_is_read_and_end_with_the_way_back() {
    let mut desk = Desk::new(LARGE);
    desk.touch("提意见");
    desk.key(Key::Down);
    assert_eq!(desk.focus().as_deref(), Some("Topic(\"道路交通\")"));
    desk.key(Key::Up);
    assert_eq!(desk.focus().as_deref(), Some("Back"));
    desk.key(Key::Down).key(Key::Down);
    assert_eq!(desk.focus().as_deref(), Some("Topic(\"饮水安全\")"));
    desk.touch("饮水安全");
    assert_eq!(desk.focus(), None, "a finger takes the keys' ring away");
}

#[test]
fn the_back_key_asks_before_words_are_lost() {
    let mut desk = Desk::new(LARGE);
    desk.touch_all(&["提意见", "治安", "写下来", "晚上不安全"]);
    desk.key(Key::Back).is_on("Speak");
    desk.key(Key::Back).is_on("Topics");
    desk.key(Key::Back).is_on("Leave");
    desk.key_to("我还在，接着来").is_on("Topics");
}

#[test]
fn a_typed_letter_keeps_the_keys_where_they_are() {
    let mut desk = Desk::new(LARGE);
    desk.touch_all(&["提意见", "治安", "写下来", "用拼音写"]);
    desk.key_to("d");
    assert_eq!(desk.focus().as_deref(), Some("Press(Letter('d'))"));
    desk.key(Key::Select).sees("dd");
}

#[test]
fn the_read_key_reads_the_screen_stops_goes_on_and_reads_again() {
    let mut desk = Desk::new(LARGE);
    desk.key(Key::Read);
    let home = heard(&mut desk);
    assert!(home.starts_with("石桥村代表联络站\n") && home.contains("提意见") && home.contains("县里已收"), "{home}");
    desk.key(Key::Read);
    assert_eq!(desk.app.take_effects(), [Effect::Pause]);
    desk.key(Key::Read);
    assert_eq!(desk.app.take_effects(), [Effect::GoOn]);
    desk.event(Event::SpeechEnded);
    desk.key(Key::Read);
    assert_eq!(heard(&mut desk), home);
}

#[test]
fn while_it_reads_aloud_a_new_screen_is_read_and_a_target_is_heard_before_it_is_chosen() {
    let mut desk = Desk::new(LARGE);
    desk.key(Key::Read);
    desk.touch("提意见").is_on("Home");
    assert_eq!(heard(&mut desk), "提意见");
    desk.touch("提意见").is_on("Topics");
    assert!(heard(&mut desk).contains("您想说哪方面的事？\n"));
    desk.touch_all(&["道路交通", "道路交通", "写下来", "写下来", "用拼音写", "用拼音写"]);
    // Keys of a keyboard are heard and typed at once.
    desk.touch("l").sees("l");
    assert_eq!(heard(&mut desk), "l");
    desk.touch_all(&["Help", "Help", "不读", "不读"]);
    desk.touch("Back").touch("返回").is_on("Speak");
}

#[test]
fn every_page_within_a_screen_is_read_aloud_when_it_comes_up() {
    let mut desk = Desk::new(LARGE);
    desk.key(Key::Read).event(scan());
    desk.key_to("您满意吗？").key_to("满意");
    assert!(heard(&mut desk).contains("解决了吗"), "the second question");

    let mut desk = Desk::new(LARGE);
    desk.key(Key::Read);
    for target in ["村里的事", "请您说一说", "青禾县饮用水源保护办法（征求意见稿）", "开始"]
    {
        desk.key_to(target);
    }
    assert!(heard(&mut desk).contains("第三条"), "an article");
    desk.key_to("GoOn");
    assert!(heard(&mut desk).contains("第四条"), "the next");

    let mut desk = Desk::new(LARGE);
    desk.key(Key::Read).key_to("提意见").key_to("道路交通");
    for _ in 0..2 {
        desk.key_to("说给它听");
        let after = desk.app.take_effects().into_iter().skip_while(|effect| *effect != Effect::Record);
        assert_eq!(after.collect::<Vec<_>>(), [Effect::Record], "nothing is said into the recording");
        desk.event(Event::NoMicrophone);
        assert!(heard(&mut desk).contains("话筒现在用不了"));
        desk.event(Event::Recording { level: 1, length: Duration::ZERO });
    }
    desk.key_to("说给它听").key_to("说完了").event(Event::Recorded { recording: recording(), is_audible: true });
    assert!(heard(&mut desk).contains("录了 24 秒"), "the end of a recording");
    for target in ["就这样", "不说这个", "不用留"] {
        desk.key_to(target);
    }
    desk.station.0.lock().unwrap().refuses = Some(NotSaved::DiskFull);
    desk.key_to("对，交上去").key_to("再试一次");
    assert!(heard(&mut desk).contains("试了 2 次"), "that trying again failed too");
}

/// Chooses this with the keys, and once more, and hears both times what is said against it.
fn is_refused_aloud(desk: &mut Desk, target: &str, words: [&str; 2]) {
    for words in words {
        desk.key_to(target);
        let said = heard(desk);
        assert!(said.contains(words), "{words} after {target}: {said}");
    }
}

#[test]
fn every_refusal_is_heard_where_screens_are_read_aloud_also_the_same_one_again() {
    let read = |targets: &[&str]| {
        let mut desk = Desk::new(LARGE);
        desk.key(Key::Read);
        for target in targets {
            desk.key_to(target);
        }
        desk
    };
    let mut desk = read(&["查进度"]);
    is_refused_aloud(&mut desk, "查一查", ["还少几位"; 2]);
    assert_eq!(desk.focus().as_deref(), Some("Find"), "the keys stay where they were");
    desk.event(Event::Typed(Typed::Digit(0)));
    assert_eq!(heard(&mut desk), "", "and nothing is read again while the number is typed");

    let write = ["提意见", "治安", "写下来", "晚上不安全", "写好了", "不说这个", "留个电话", "我满十四岁，同意留"];
    is_refused_aloud(&mut read(&write), "按好了", ["好像少了几位"; 2]);

    let mut desk = read(&[]);
    let old = Stub { ticket: sample_ticket(90_155), opening: Some(Opening::new([9; 24])) };
    desk.event(Event::Typed(Typed::Scanned(old.code())));
    is_refused_aloud(&mut desk, "打开听答复", ["还少几位"; 2]);

    let vote = ["村里的事", "请您说一说", "二〇二七年民生实事项目票选", "按选票号投票"];
    is_refused_aloud(&mut read(&vote), "打开选票", ["还少几位"; 2]);

    let mut desk = read(&["Help", "Service"]);
    for (digits, words) in [([1, 2, 3, 4, 5, 6], "密码不对"), ([0; 6], "请等 30 秒")] {
        for digit in digits {
            desk.event(Event::Typed(Typed::Digit(digit)));
        }
        desk.key_to("打开");
        let said = heard(&mut desk);
        assert!(said.contains(words), "{words}: {said}");
    }

    let mut desk = read(&[]);
    desk.event(scan());
    desk.key_to("您满意吗？").key_to("满意");
    desk.station.0.lock().unwrap().refuses = Some(NotSaved::DiskFull);
    desk.key_to("解决了").is_on("NotTaken");
    is_refused_aloud(&mut desk, "再试一次", ["存满了"; 2]);
    assert_eq!(desk.focus().as_deref(), Some("Again"), "and not on what gives it up");
}

#[test]
fn words_of_several_pages_are_heard_whole_before_they_are_handed_in() {
    let mut desk = Desk::new(LARGE);
    desk.touch_all(&["提意见", "道路交通", "写下来", "桥不安全，请来看看"]);
    for _ in 0..30 {
        desk.touch("村里的路坏了，不好走");
    }
    desk.touch_all(&["下雨路上积水", "写好了", "不说这个", "不用留"]).is_on("ReadBack").does_not_see("下雨路上积水");
    desk.key(Key::Read);
    assert!(heard(&mut desk).contains("下雨路上积水"));
}

#[test]
fn a_sentence_is_heard_by_its_key_and_a_person_s_words_by_themselves() {
    let mut desk = Desk::new(LARGE);
    desk.touch_all(&["提意见", "治安", "写下来", "晚上不安全", "写好了", "不说这个", "不用留"]);
    desk.key(Key::Read);
    let said = desk.app.said();
    assert!(said.iter().any(|spoken| spoken.prompt.as_deref() == Some("read-back-title")));
    assert!(said.contains(&Spoken::words("晚上不安全")));
}

#[test]
fn what_a_person_chose_is_forgotten_when_they_have_gone() {
    let mut desk = Desk::new(LARGE);
    desk.touch_all(&["Help", "大字", "黑底白字", "英文"]).sees("Letters");
    desk.touch("Back").sees("Say something");
    assert!(desk.app.wake_at().is_some());
    desk.wait(Duration::from_secs(21));
    desk.is_on("Home").sees("提意见").does_not_see("Say something");
    assert_eq!(desk.app.theme(), kiosk::draw::theme::Theme::default());
    desk.wait(DIMS_AFTER);
    assert_eq!(desk.app.wake_at(), None, "an idle kiosk sleeps until somebody comes");
}

#[test]
fn what_a_person_chose_is_forgotten_when_they_leave_without_a_word() {
    let mut desk = Desk::new(LARGE);
    desk.touch_all(&["Help", "大字", "读出来", "Back", "Back", "查进度", "查进度"]).is_on("Find");
    desk.app.take_effects();
    desk.wait(Duration::from_secs(95));
    desk.is_on("Home");
    assert!(desk.app.take_effects().contains(&Effect::Hush));
    assert_eq!(desk.app.theme(), kiosk::draw::theme::Theme::default());
}

#[test]
fn a_station_may_have_settings_of_its_own() {
    let mut desk = Desk::new(LARGE);
    desk.app.set_usual(Settings { language: Language::English, ..Settings::default() });
    desk.sees("Say something");
    desk.wait(DIMS_AFTER);
    assert_eq!(desk.app.wake_at(), None);
}

#[test]
fn louder_and_quieter_reach_the_voice() {
    let mut desk = Desk::new(LARGE);
    desk.touch_all(&["Help", "大一点"]).sees("7/10");
    assert_eq!(desk.app.take_effects(), [Effect::Voice { pack: 0, volume: 7 }]);
}

#[test]
fn an_answer_is_read_to_whoever_asks_whole_and_without_the_buttons() {
    let mut desk = Desk::new(LARGE);
    desk.event(scan());
    desk.is_on("Progress");
    desk.touch("读给我听");
    let said = heard(&mut desk);
    assert!(said.contains("都亮了。以后再坏，请打镇里电话。") && said.contains("11月20日"), "{said}");
    assert!(!said.contains("回首页"), "{said}");
    desk.touch("停一停");
    assert_eq!(desk.app.take_effects(), [Effect::Pause]);
    desk.touch("接着听");
    assert_eq!(desk.app.take_effects(), [Effect::GoOn]);
    desk.event(Event::SpeechEnded);
    desk.key_to("读给我听").sees("停一停");
    desk.touch("回首页").is_on("Home");
    assert!(desk.app.take_effects().contains(&Effect::Hush), "nobody reads to an empty room");
}

#[test]
fn who_chooses_a_language_hears_it_and_a_dialect_stays() {
    let mut desk = Desk::new(LARGE);
    desk.app = App::new(Box::new(desk.station.clone()), LARGE, desk.now).with_packs(packs());
    let mut pack_after = |touches: &[&str]| {
        desk.touch_all(touches);
        let voice = |effect| if let Effect::Voice { pack, .. } = effect { Some(pack) } else { None };
        desk.app.take_effects().into_iter().filter_map(voice).next_back()
    };
    assert_eq!(pack_after(&["Help", "英文"]), Some(1));
    assert_eq!(pack_after(&["Change(Pack(2))"]), Some(2), "a touch goes to the next pack");
    assert_eq!(pack_after(&["Change(Language(Chinese))"]), None, "the dialect is Chinese already");
    desk.touch("Back").wait(Duration::from_secs(25));
    let voice = Effect::Voice { pack: 0, volume: Settings::default().volume };
    assert!(desk.app.take_effects().contains(&voice), "the next person finds the station's own voice");
}

#[test]
fn a_recording_that_ends_under_the_ring_of_the_keys_leaves_the_glass_whole() {
    let mut desk = Desk::new(LARGE);
    let (glass, mut painter) = (Glass::new(LARGE), Painter::default());
    desk.touch_all(&["提意见", "道路交通"]).key_to("说给它听").key_to("说完了");
    assert_eq!(desk.focus().as_deref(), Some("Stop"));
    desk.event(Event::Recorded { recording: recording(), is_audible: true });
    assert!(glass.show(&desk.app, FULL, &mut painter).is_some());
    assert_eq!(glass.in_words().focus, None, "that target is gone");
    desk.key_to("就这样").is_on("SinceWhen");
}

#[test]
fn the_ring_of_the_keys_stays_on_its_target_when_the_read_button_comes_up() {
    let written = ["提意见", "治安", "写下来", "晚上不安全"];
    for (touches, target) in [
        (&["返回", "返回", "返回"][..], "Stay"),
        (&["写好了", "不说这个", "留个电话"], "Agree"),
        (&["写好了", "不说这个", "不用留"], "Change"),
    ] {
        let mut desk = Desk::new(LARGE);
        desk.touch_all(&written).touch_all(touches);
        while desk.focus().as_deref() != Some(target) {
            desk.key(Key::Down);
        }
        desk.key(Key::Read);
        assert_eq!(desk.focus().as_deref(), Some(target));
    }
}
