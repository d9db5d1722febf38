//! What the county asks, told by touches and by keys: consultations of every type of question, votes, deputies, words
//! about an answer, where something is so, and what is kept from the village.

use std::time::Duration;

use civic_core::{
    attachment::{Attached, AttachmentKind},
    id::AttachmentId,
    response::Answer,
    token::Token,
};
use kiosk::{
    app::{Event, Key},
    form::Form,
    public::{Ballot, Reply},
    sample::{sample_spots, sample_ticket, sample_tokens},
    station::{About, Draft, NotSaved},
};

use crate::{
    looks::LARGE,
    support::{Desk, recording, scan},
};

const CONSULTATION: &str = "青禾县饮用水源保护办法（征求意见稿）";
const VOTE: &str = "二〇二七年民生实事项目票选";

fn consultation() -> Desk {
    let mut desk = Desk::new(LARGE);
    desk.touch_all(&["村里的事", "请您说一说", CONSULTATION]).is_on("Consult").sees("立规矩");
    desk
}

fn form(desk: &Desk) -> Form {
    let answered = desk.station.0.lock().unwrap().answered.clone();
    let [Draft { about: About::Form(form), .. }] = answered.as_slice() else { panic!("{answered:?}") };
    (**form).clone()
}

#[test]
fn every_article_and_every_type_of_question_is_answered_and_handed_in_as_one_response() {
    let mut desk = consultation();
    desk.touch("开始").sees("第 1 页").sees("第三条");
    desk.touch_all(&["同意", "下一页", "不同意", "我要说"]).is_on("Speak");
    desk.touch("说给它听").touch("说完了");
    desk.event(Event::Recorded { recording: recording(), is_audible: true });
    desk.touch("就这样").is_on("Consult").sees("第四条");
    desk.touch_all(&["下一页", "不说这个，下一页"]).sees("满意吗");
    desk.touch_all(&["还行", "下一页", "水井", "下一页", "停水", "太贵", "下一页", "4", "下一页"]);
    desk.sees("按先后点");
    desk.touch_all(&["换水管", "清垃圾"]).sees("1 · 换水管").sees("2 · 清垃圾");
    desk.touch_all(&["下一页", "石桥水库", "下一页", "写下来"]).is_on("Writing");
    desk.touch_all(&["l", "u", "Press(Space)", "写好了"]).is_on("Consult");
    desk.touch("下一页").sees("请对着机器说");
    desk.touch_all(&["写下来", "l", "u", "Press(Space)", "写好了", "下一页"]).sees("您答了 10 处");
    desk.touch("交给县里").is_on("Thanks").sees("您的话收好了");
    let form = form(&desk);
    let voice = Attached { id: AttachmentId::new([0xab; 32]), kind: AttachmentKind::Voice, seconds: Some(24) };
    let response = form.response(vec![voice]);
    assert_eq!(response.check(form.asked()), Ok(()));
    assert_eq!((response.remarks.len(), response.answers.len()), (2, 8));
    assert_eq!(response.remarks[1].recording.as_ref().map(|recording| recording.seconds), Some(24));
    let rank = response.answers.iter().find(|answered| answered.question == "first").unwrap();
    assert_eq!(rank.answer, Answer::Chosen(vec!["换水管".to_owned(), "清垃圾".to_owned()]));
    desk.touch("回首页").is_on("Home");
}

#[test]
fn a_consultation_is_answered_with_five_keys() {
    let mut desk = Desk::new(LARGE);
    for target in ["村里的事", "请您说一说", CONSULTATION, "开始", "同意", "下一页"] {
        desk.key_to(target);
    }
    for _ in 0..5 {
        desk.key_to("GoOn");
    }
    desk.key_to("4").key_to("下一页").sees("按先后点");
    for _ in 0..4 {
        desk.key_to("GoOn");
    }
    desk.key_to("交给县里").is_on("Thanks");
    assert_eq!(form(&desk).answered(), 2);
}

#[test]
fn a_question_is_answered_with_a_finger_on_the_glass_and_what_was_drawn_is_kept_as_it_was_drawn() {
    let mut desk = consultation().and_on(10);
    desk.touch("用手写").is_on("Handwriting");
    desk.write_ten();
    desk.touch("返回").is_on("Consult").sees("您手写了 1 个字");
    // Somebody who goes on finds it, and may say what it is.
    desk.touch("用手写").touch("十");
    desk.write_ten();
    desk.touch("写好了").is_on("Consult").sees("您手写了 2 个字");
    desk.touch_all(&["写下来", "l", "u", "Press(Space)", "写好了"]).sees("您手写了 2 个字");
    // An article is spoken to in ink likewise, behind the keys.
    let mut desk = desk.and("返回").and("返回").and("返回");
    for _ in 0..6 {
        desk.touch("返回");
    }
    desk.sees("第三条");
    desk.touch_all(&["我要说", "写下来", "用手写"]).is_on("Handwriting");
    desk.write_ten();
    desk.touch("写好了").is_on("Consult").sees("第三条");
    let mut desk = desk.and_on(11);
    desk.sees("您答了 2 处");
    desk.touch("交给县里").is_on("Thanks");
    let form = form(&desk);
    let named = |byte| Attached { id: AttachmentId::new([byte; 32]), kind: AttachmentKind::Ink, seconds: None };
    assert_eq!(form.enclosed().count(), 2);
    let response = form.response(vec![named(1), named(2)]);
    assert_eq!(response.check(form.asked()), Ok(()));
    assert_eq!(response.remarks[0].ink, Some(named(1).into()));
    let Answer::Drawn { words, recording: None, ink } = &response.answers[0].answer else { panic!("{response:?}") };
    assert_eq!((words.ends_with("\n十□"), ink), (true, &named(2).into()));
}

#[test]
fn a_question_is_answered_in_ink_with_five_keys_and_a_power_cut_takes_no_stroke() {
    let mut desk = consultation().and_on(10);
    desk.key_to("用手写").key_to("Pen");
    for (key, times) in [(Key::Up, 8), (Key::Select, 1), (Key::Down, 16), (Key::Select, 1), (Key::Back, 1)] {
        for _ in 0..times {
            desk.key(key);
        }
    }
    let kept = desk.station.0.lock().unwrap().draft.clone().unwrap();
    assert_eq!(kept.ink.boxes[0].strokes.len(), 1, "kept while it is written");
    desk.key_to("写好了").is_on("Consult").sees("您手写了 1 个字");
    let kept = desk.station.0.lock().unwrap().draft.clone().unwrap();
    let About::Form(form) = kept.about else { panic!("{kept:?}") };
    let read: Form = serde_json::from_str(&serde_json::to_string(&form).unwrap()).unwrap();
    assert_eq!(read.said().ink.boxes[0].strokes.len(), 1);
}

#[test]
fn whoever_goes_back_finds_what_they_said_and_nothing_said_hands_nothing_in() {
    let mut desk = consultation();
    desk.touch_all(&["开始", "同意", "下一页", "返回"]).sees("第三条");
    desk.touch_all(&["同意", "返回", "返回"]).is_on("Asked");
    desk.touch(CONSULTATION);
    for _ in 0..12 {
        desk.touch("GoOn");
    }
    desk.sees("什么也没有说");
    desk.touch("回去").is_on("Asked");
    assert!(desk.station.0.lock().unwrap().answered.is_empty());
}

#[test]
fn half_a_consultation_waits_for_whoever_began_it() {
    let mut desk = consultation();
    desk.touch_all(&["开始", "不同意"]);
    desk.wait(Duration::from_secs(100));
    desk.is_on("Home");
    desk.touch("提意见").is_on("Begun").sees("征求民意");
    desk.touch("Mine").is_on("Consult").sees("第三条");
    desk.touch("GoOn");
    desk.event(Event::Button);
    desk.is_on("Leave");
    desk.touch("回首页").is_on("Home");
    assert!(desk.station.0.lock().unwrap().draft.is_none(), "taken back, nothing of it stays");
}

#[test]
fn a_response_that_cannot_be_saved_is_kept_and_tried_again() {
    let mut desk = consultation();
    desk.touch_all(&["开始", "不同意"]);
    for _ in 0..11 {
        desk.touch("GoOn");
    }
    desk.station.0.lock().unwrap().refuses = Some(NotSaved::DiskFull);
    desk.touch("交给县里").is_on("NotSaved").sees("存满了");
    desk.touch("看看我写的").is_on("Consult");
    desk.station.0.lock().unwrap().refuses = None;
    desk.touch("交给县里").is_on("Thanks");
}

#[test]
fn an_answer_that_fits_no_longer_is_not_tried_again_and_its_words_wait() {
    let mut desk = consultation();
    desk.touch_all(&["开始", "不同意"]);
    let mut desk = desk.and_on(11);
    desk.station.0.lock().unwrap().asks_otherwise = true;
    desk.touch("交给县里").is_on("NotTaken").sees("县里问的改过了").sees("没有丢").does_not_see("再试一次");
    desk.touch("回首页").is_on("Home");
    let left = desk.station.0.lock().unwrap().left.clone();
    let [Draft { about: About::Form(form), .. }] = left.as_slice() else { panic!("{left:?}") };
    assert_eq!(form.answered(), 1);
}

fn at_the_number(desk: &mut Desk, digits: &str) {
    for digit in digits.chars() {
        desk.touch(&digit.to_string());
    }
    desk.touch("打开选票");
}

#[test]
fn a_household_votes_once_and_nobody_reads_what_it_chose() {
    let mut desk = Desk::new(LARGE);
    desk.touch_all(&["村里的事", "请您说一说", VOTE]).is_on("Vote").sees("最多选 3 项");
    desk.touch("按选票号投票").is_on("Token");
    at_the_number(&mut desk, "482103759");
    desk.sees("还少几位");
    desk.touch("Back").is_on("Vote");
    desk.touch("按选票号投票");
    at_the_number(&mut desk, &Token::new([9; 8]).digits());
    desk.is_on("Token").sees("不是这次投票的选票号");
    desk.touch("Back").is_on("Vote");
    desk.touch("按选票号投票");
    at_the_number(&mut desk, &sample_tokens()[0].digits());
    desk.is_on("Ballot").sees("太阳能路灯");
    desk.touch_all(&["Project(0)", "Project(1)", "Project(2)", "Project(3)"]);
    desk.sees("选了 3 项");
    desk.touch_all(&["Project(1)", "Project(5)", "选好了"]);
    desk.sees("就投这些吗").sees("通组路硬化").sees("农村班车").does_not_see("太阳能路灯");
    desk.touch_all(&["改一改", "选好了"]).sees("农村班车");
    assert!(!format!("{:?}", desk.app.screen()).contains("road"), "no log may tell");
    desk.touch("投票").is_on("Thanks").does_not_see("农村班车");
    let taken = desk.station.0.lock().unwrap().taken.clone();
    let [(_, Reply::Ballot(Ballot { choices, .. }))] = taken.as_slice() else { panic!("{taken:?}") };
    assert_eq!(choices, &["road", "water", "bus"]);
    desk.touch_all(&["回首页", "村里的事", "请您说一说", VOTE, "按选票号投票"]);
    at_the_number(&mut desk, &sample_tokens()[0].digits());
    desk.is_on("Token").sees("投过票了");
}

#[test]
fn a_vote_is_cast_with_five_keys_and_an_abandoned_ballot_leaves_nothing() {
    let open = |desk: &mut Desk| {
        for target in ["村里的事", "请您说一说", VOTE, "按选票号投票"] {
            desk.key_to(target);
        }
        for digit in sample_tokens()[1].digits().chars() {
            desk.key_to(&digit.to_string());
        }
        desk.key_to("打开选票");
    };
    let mut desk = Desk::new(LARGE);
    open(&mut desk);
    desk.key_to("Project(2)").wait(Duration::from_secs(100));
    desk.is_on("Home");
    let station = desk.station.0.lock().unwrap().clone();
    assert!(station.draft.is_none() && station.left.is_empty() && station.taken.is_empty());
    open(&mut desk);
    desk.key_to("Project(2)").key_to("选好了").key_to("投票").is_on("Thanks");
}

#[test]
fn the_result_of_a_vote_that_is_over_is_there_for_everybody() {
    let mut desk = Desk::new(LARGE);
    desk.touch_all(&["村里的事", "请您说一说", "结果：二〇二六年民生实事项目票选"]).is_on("Tally");
    desk.sees("农村班车").sees("71").sees("有效票 97 张").sees("11月20日");
}

#[test]
fn a_deputy_is_found_and_asked_for_a_talk() {
    let mut desk = Desk::new(LARGE);
    desk.touch_all(&["村里的事", "找代表", "周启明 · 县人大代表"]).is_on("Deputy");
    desk.sees("代表码 4001").sees("石桥镇代表小组").sees("种粮大户").sees("上午九点");
    desk.touch_all(&["约代表谈谈", "写下来", "l", "u", "Press(Space)", "写好了"])
        .is_on("Contact")
        .does_not_see("不让村里知道");
    desk.touch_all(&["返回", "写好了", "不用留"]).is_on("ReadBack").sees("约见代表");
    desk.touch("对，交上去").is_on("Filed");
    let filed = desk.station.0.lock().unwrap().filed.clone();
    let About::Talk(talk) = &filed[0].1.about else { panic!("{filed:?}") };
    assert_eq!((talk.code.as_str(), talk.name.as_str()), ("4001", "周启明"));

    let mut keys = Desk::new(LARGE);
    for target in ["村里的事", "找代表", "周启明 · 县人大代表", "约代表谈谈", "返回"] {
        keys.key_to(target);
    }
    keys.is_on("Deputy").sees("周启明");
}

#[test]
fn what_was_understood_otherwise_is_said_again_and_more_can_be_added() {
    let mut desk = Desk::new(LARGE);
    desk.event(scan());
    desk.touch_all(&["不是这个意思", "说给它听", "说完了"]);
    desk.event(Event::Recorded { recording: recording(), is_audible: true });
    desk.touch("就这样").is_on("ReadBack").sees("不是这个意思").sees("不记名字，送到县里");
    desk.touch("对，交上去").is_on("Thanks").sees("按您的意思再看一遍");
    desk.touch("回首页");
    desk.event(scan());
    for target in ["补充几句", "写下来", "l", "u", "Press(Space)", "写好了", "对，交上去"] {
        desk.key_to(target);
    }
    desk.is_on("Thanks").sees("补充的话收好了");
    desk.touch("回首页");
    desk.event(scan());
    desk.touch_all(&["不是这个意思", "写下来", "用手写"]).is_on("Handwriting");
    desk.write_ten();
    desk.touch("写好了").is_on("ReadBack").sees("您手写了 1 个字");
    desk.touch("改一改").is_on("Handwriting");
    desk.touch_all(&["写好了", "对，交上去"]).is_on("Thanks");
    let answered = desk.station.0.lock().unwrap().answered.clone();
    let abouts: Vec<_> = answered.iter().map(|draft| draft.about.clone()).collect();
    let ticket = sample_ticket(90_155);
    let misunderstood = About::Misunderstood(ticket);
    assert_eq!(abouts, [misunderstood.clone(), About::Addition(ticket), misunderstood]);
    assert!(answered[0].voice.is_some() && !answered[1].body.is_empty());
    assert_eq!(answered[2].ink.boxes.iter().map(|one| one.strokes.len()).collect::<Vec<_>>(), [2]);
}

#[test]
fn where_it_is_so_is_touched_by_the_village_s_own_names_and_keeping_it_from_the_village_is_one_touch() {
    let mut desk = Desk::new(LARGE);
    desk.station.0.lock().unwrap().spots = sample_spots();
    desk.event(Event::News);
    desk.touch_all(&["提意见", "治安", "写下来", "晚上不安全", "写好了", "这几天"]).is_on("Where");
    desk.touch_all(&["还有别的地方", "晒场"]).is_on("Contact");
    desk.touch_all(&["不让村里知道", "不让村里知道", "不让村里知道", "不用留"]).is_on("ReadBack").sees("只有县里能看");
    desk.touch("对，交上去").is_on("Filed");
    let filed = desk.station.0.lock().unwrap().filed.clone();
    assert_eq!((filed[0].1.spot.as_deref(), filed[0].1.is_kept), (Some("晒场"), true));

    desk.touch("记好了，回首页");
    for target in ["提意见", "治安", "写下来", "晚上不安全", "写好了", "这几天", "石桥", "不用留", "对，交上去"]
    {
        desk.key_to(target);
    }
    desk.is_on("Filed");
}

#[test]
fn a_finger_that_bounces_casts_no_ballot() {
    let mut desk = Desk::new(LARGE);
    desk.touch_all(&["村里的事", "请您说一说", VOTE, "按选票号投票"]);
    at_the_number(&mut desk, &sample_tokens()[0].digits());
    desk.touch("Project(0)").bounce("选好了").is_on("Ballot").sees("就投这些吗");
    assert!(desk.station.0.lock().unwrap().taken.is_empty());
    desk.touch("投票").is_on("Thanks");
}
