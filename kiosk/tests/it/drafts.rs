//! What was said and not handed in: kept at every step, offered back once, and never lost.

use std::time::{Duration, Instant};

use civic_core::{
    access::{Role, Scope},
    area::Area,
    attachment::AttachmentKind,
    consultation::{Asks, Consultation, Question},
    opinion::BODY_CHARS_MAX,
    publication::Publication,
};
use kiosk::{
    app::{App, Event, Key, WAITS_FOR},
    records::{Records, UNFINISHED},
    station::{Draft, NotSaved, Station, TakenUp},
};
use ledger::{Ledger, query::Filter};
use replica::{
    dir::DataDir,
    identity::{Card, Identity},
};

use crate::{
    directory::Directory,
    looks::LARGE,
    support::{Desk, Shared},
};

/// Puts what the county publishes into a kiosk's directory, as if it had come by a road: written by its own device in the
/// county's role.
fn publish(directory: &Directory, publication: &Publication) {
    let dir = DataDir::hold(directory.path()).unwrap();
    let card = Identity::load(&dir, Role::Kiosk).unwrap().card;
    let scope = Scope { role: Role::Hub, areas: vec![Area::parse("451025").unwrap()] };
    Identity::save_card(&dir, &Card { scope, ..card.clone() }).unwrap();
    let county = Ledger::open(&dir, &Identity::load(&dir, Role::Hub).unwrap()).unwrap();
    county.publish(publication).unwrap();
    Identity::save_card(&dir, &card).unwrap();
}

/// Somebody who spoke and walked away.
fn gone() -> Desk {
    let mut desk = Desk::new(LARGE);
    desk.touch_all(&["提意见", "治安", "写下来", "晚上不安全"]);
    desk.wait(Duration::from_secs(100));
    desk.is_on("Home");
    desk
}

fn unfinished(desk: &Desk) -> Vec<String> {
    desk.station.0.lock().unwrap().unfinished.iter().map(|draft| draft.body.clone()).collect()
}

#[test]
fn whoever_comes_back_goes_on_with_their_words_and_nobody_else_reads_them() {
    let mut desk = gone();
    desk.touch("提意见").is_on("Begun").sees("治安").sees("10:00").does_not_see("晚上不安全");
    desk.touch("是我，接着说").is_on("Writing").sees("晚上不安全");
    desk.touch_all(&["写好了", "不说这个", "不用留", "对，交上去", "记好了，回首页", "提意见"]).is_on("Topics");
    assert!(unfinished(&desk).is_empty());
}

#[test]
fn whoever_says_no_begins_their_own_and_what_was_left_is_filed_as_unfinished() {
    let mut desk = gone();
    desk.touch_all(&["提意见", "不是我，我说我的"]).is_on("Topics");
    assert_eq!(unfinished(&desk), ["晚上不安全"]);
    desk.touch_all(&["教育", "写下来"]).does_not_see("晚上不安全");
    desk.touch_all(&["返回", "返回", "返回", "提意见"]).is_on("Topics");
}

#[test]
fn no_answer_is_a_no_by_waiting_and_by_the_back_key() {
    let mut desk = gone();
    desk.touch("提意见").wait(Duration::from_secs(61));
    desk.is_on("Home");
    assert_eq!(unfinished(&desk), ["晚上不安全"]);
    let mut desk = gone();
    desk.key_to("提意见").key(Key::Back).is_on("Home");
    assert_eq!(unfinished(&desk), ["晚上不安全"]);
}

#[test]
fn what_nobody_asks_about_is_filed_after_half_an_hour_and_tried_again_when_the_disk_was_full() {
    let mut desk = gone();
    desk.station.0.lock().unwrap().refuses = Some(NotSaved::DiskFull);
    desk.wait(WAITS_FOR);
    assert!(unfinished(&desk).is_empty());
    desk.station.0.lock().unwrap().refuses = None;
    desk.wait(WAITS_FOR + Duration::from_secs(1));
    assert_eq!(unfinished(&desk), ["晚上不安全"]);
    assert_eq!(desk.app.wake_at(), None, "an idle kiosk sleeps until somebody comes");
}

#[test]
fn who_leaves_on_purpose_takes_the_words_back_and_who_was_asked_after_does_not() {
    let mut desk = Desk::new(LARGE);
    desk.touch_all(&["提意见", "教育", "写下来", "孩子上学太远", "返回", "返回", "返回", "回首页", "提意见"])
        .is_on("Topics");
    desk.touch_all(&["教育", "写下来", "孩子上学太远", "清空", "都不要了"]);
    assert_eq!(desk.station.0.lock().unwrap().draft, None, "cleared words are not kept");
    let mut desk = Desk::new(LARGE);
    desk.touch_all(&["提意见", "治安", "写下来", "晚上不安全"]).wait(Duration::from_secs(61));
    desk.sees("先替您收好");
    desk.touch_all(&["回首页", "提意见"]).is_on("Begun");
}

#[test]
fn words_are_kept_at_every_step_and_not_written_twice() {
    let mut desk = Desk::new(LARGE);
    let kept = |desk: &Desk| desk.station.0.lock().unwrap().draft.clone().map(|draft| (draft.body, draft.phone));
    desk.touch_all(&["提意见", "治安", "写下来"]);
    assert_eq!(kept(&desk), None);
    desk.touch("晚上不安全");
    assert_eq!(kept(&desk).unwrap().0, "晚上不安全");
    desk.touch_all(&["写好了", "不说这个", "留个电话", "我满十四岁，同意留", "1", "3"]);
    assert_eq!(kept(&desk).unwrap().1.as_deref(), Some("13"));
    desk.touch("Help").event(Event::Button);
    desk.is_on("Leave");
    assert_eq!(kept(&desk).unwrap().1.as_deref(), Some("13"));
}

/// A kiosk over a ledger on disk, as after a start.
fn at(records: impl Station + 'static) -> Desk {
    let now = Instant::now();
    Desk { app: App::new(Box::new(records), LARGE, now), station: Shared::default(), now }
}

#[test]
fn a_power_cut_while_somebody_speaks_takes_no_word() {
    let directory = Directory::new("cut");
    {
        let (_held, _ledger, records) = directory.open();
        at(records).touch_all(&[
            "提意见",
            "道路交通",
            "写下来",
            "路灯坏了",
            "写好了",
            "不说这个",
            "留个电话",
            "我满十四岁，同意留",
            "1",
            "3",
        ]);
    }
    let (_held, ledger, records) = directory.open();
    let mut desk = at(records);
    desk.touch("提意见").is_on("Begun").sees("道路交通").does_not_see("路灯坏了");
    desk.touch("是我，接着说").sees("路灯坏了");
    desk.touch_all(&["写好了", "不说这个", "不用留", "对，交上去"]).is_on("Filed");
    assert_eq!(ledger.list(&Filter { limit: 9, ..Filter::default() }).unwrap().lines.len(), 1);
    desk.touch_all(&["记好了，回首页", "提意见"]).is_on("Topics");
}

#[test]
fn what_was_left_is_an_opinion_with_a_mark_and_one_that_was_handed_in_has_none() {
    let directory = Directory::new("unfinished");
    {
        let (_held, _ledger, records) = directory.open();
        at(records).touch_all(&["提意见", "道路交通", "写下来", "路灯坏了"]);
    }
    let (_held, ledger, records) = directory.open();
    let mut desk = at(records);
    desk.touch_all(&[
        "提意见",
        "不是我，我说我的",
        "道路交通",
        "写下来",
        "路灯坏了",
        "写好了",
        "不说这个",
        "不用留",
        "对，交上去",
    ]);
    let lines = ledger.list(&Filter { limit: 9, ..Filter::default() }).unwrap().lines;
    let marked =
        |line: &ledger::query::Line| ledger.opinion(&line.id).unwrap().unwrap().opinion.extra.contains_key(UNFINISHED);
    assert_eq!(lines.iter().filter(|line| marked(line)).count(), 1);
    assert_eq!(lines.len(), 2);
}

#[test]
fn what_was_filed_just_before_the_power_failed_shows_its_number_and_is_not_filed_twice() {
    let directory = Directory::new("between");
    let keep_files = |take_back: bool| {
        let beside = directory.path().with_extension("beside");
        let (from, to) =
            if take_back { (beside.as_path(), directory.path()) } else { (directory.path(), beside.as_path()) };
        std::fs::create_dir_all(to).unwrap();
        for file in std::fs::read_dir(from).unwrap().map(|entry| entry.unwrap().path()) {
            if file.file_name().unwrap().to_string_lossy().starts_with("draft-") {
                std::fs::copy(&file, to.join(file.file_name().unwrap())).unwrap();
            }
        }
        if take_back {
            std::fs::remove_dir_all(beside).unwrap();
        }
    };
    let number = {
        let (_held, ledger, records) = directory.open();
        let mut desk = at(records);
        desk.touch_all(&["提意见", "道路交通", "写下来", "路灯坏了", "写好了", "不说这个", "不用留"]);
        keep_files(false);
        desk.touch("对，交上去").is_on("Filed");
        ledger.list(&Filter { limit: 9, ..Filter::default() }).unwrap().lines[0].ticket.clone()
    };
    // As if the plug had been pulled after the ledger wrote and before the draft was taken away.
    keep_files(true);
    let (_held, ledger, records) = directory.open();
    let mut desk = at(records);
    desk.touch_all(&["提意见", "是我，接着说"]).is_on("Filed");
    let number = civic_core::ticket::Ticket::parse(&number).unwrap().to_string();
    desk.sees(&number);
    assert_eq!(ledger.list(&Filter { limit: 9, ..Filter::default() }).unwrap().lines.len(), 1);
}

#[test]
fn a_power_cut_while_somebody_writes_with_a_finger_takes_no_stroke() {
    let directory = Directory::new("ink");
    {
        let (_held, _ledger, records) = directory.open();
        let mut desk = at(records);
        desk.touch_all(&["提意见", "道路交通", "写下来", "用手写"]);
        desk.write_ten();
        desk.touch("十");
        desk.draw((10, 50), (90, 50));
    }
    let (_held, ledger, records) = directory.open();
    let mut desk = at(records);
    desk.touch_all(&["提意见", "是我，接着说"]).is_on("Handwriting");
    let boxes = desk.app.screen().draft().unwrap().ink.boxes.clone();
    assert_eq!(
        boxes.iter().map(|one| (one.strokes.len(), one.meant)).collect::<Vec<_>>(),
        [(2, Some('十')), (1, None)]
    );
    desk.touch_all(&["写好了", "不说这个", "不用留", "对，交上去"]).is_on("Filed");
    let line = ledger.list(&Filter { limit: 9, ..Filter::default() }).unwrap().lines.remove(0);
    let attached = ledger.opinion(&line.id).unwrap().unwrap().opinion.attachments;
    assert_eq!((line.body.as_str(), attached[0].kind), ("十□", AttachmentKind::Ink));
    let left = std::fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(!left.into_iter().any(|name| name.to_string_lossy().starts_with("draft-")), "nothing of it lies here");
}

#[test]
fn what_cannot_be_filed_waits_on_and_holds_up_nothing_that_was_left_beside_it() {
    let directory = Directory::new("beside");
    let (_held, ledger, mut records) = directory.open();
    let left = |records: &mut Records, body: &str| {
        let draft = Draft { topic: "道路交通".to_owned(), body: body.to_owned(), ..Draft::default() };
        records.keep(&draft).unwrap();
        records.leave_waiting();
    };
    let too_long = "路".repeat(BODY_CHARS_MAX + 1);
    for body in ["路灯坏了", &too_long, "桥不安全", "下雨路上积水"] {
        left(&mut records, body);
    }
    assert_eq!(records.file_unfinished(), Err(NotSaved::Failed));
    let lines = ledger.list(&Filter { limit: 9, ..Filter::default() }).unwrap().lines;
    assert_eq!(lines.len(), 3);
    let Some(TakenUp::Draft(draft)) = records.take_up() else { panic!("nothing waits") };
    assert_eq!(draft.body, too_long);
}

/// A county that asks one question, with these choices.
fn asks(directory: &Directory, choices: [&str; 2]) {
    let question = Question {
        key: "water".into(),
        asks: Asks::Single,
        text: "水从哪里来？".into(),
        choices: choices.map(str::to_owned).into(),
        ..Question::default()
    };
    let consultation = Consultation {
        key: "well".into(),
        title: "用水".into(),
        intro: "问一问用水。".into(),
        by: "云水县".into(),
        areas: vec![Area::parse("451025101202").unwrap()],
        questions: vec![question],
        ..Consultation::default()
    };
    publish(directory, &Publication { consultations: vec![consultation], ..Publication::default() });
}

#[test]
fn an_answer_that_fits_no_longer_stays_is_told_and_is_handed_in_once_the_county_asks_as_before() {
    let directory = Directory::new("unfit");
    asks(&directory, ["水井", "水库"]);
    {
        let (_held, _ledger, records) = directory.open();
        at(records).touch_all(&["村里的事", "请您说一说", "用水", "开始", "水井"]);
    }
    asks(&directory, ["井水", "水库"]);
    {
        let (_held, ledger, records) = directory.open();
        let mut desk = at(records);
        desk.touch_all(&["提意见", "是我，接着说", "GoOn", "交给县里"]).is_on("NotTaken").sees("没有丢");
        desk.touch("回首页").wait(WAITS_FOR + Duration::from_secs(1));
        desk.is_on("Home").sees("和县里现在问的对不上");
        desk.touch("提意见").is_on("Topics");
        desk.touch_all(&["道路交通", "写下来", "路灯坏了"]).wait(WAITS_FOR + Duration::from_secs(100));
        let lines = ledger.list(&Filter { limit: 9, ..Filter::default() }).unwrap().lines;
        assert_eq!(lines.len(), 1, "what somebody else left is filed");
        assert!(has_drafts(&directory), "and no word of this is lost");
    }
    {
        // After a start as before it: nobody else is asked whether it was theirs.
        let (_held, _ledger, records) = directory.open();
        let mut desk = at(records);
        desk.touch("提意见").is_on("Topics");
        desk.touch("返回").is_on("Home").sees("和县里现在问的对不上");
        assert!(has_drafts(&directory));
    }
    asks(&directory, ["水井", "水库"]);
    let (_held, _ledger, records) = directory.open();
    assert_eq!(records.troubles(), []);
    assert!(!has_drafts(&directory), "it is handed in with the start");
}

fn has_drafts(directory: &Directory) -> bool {
    let mut files = std::fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name());
    files.any(|name| name.to_string_lossy().starts_with("draft-"))
}
