//! Saying it aloud: begun by the third touch, heard again, kept, and on disk before anything is promised.

use std::time::{Duration, Instant};

use kiosk::{
    app::{App, Effect, Event, Key},
    screens::speak::{EXTENDED, USUAL},
};
use ledger::query::Filter;

use crate::{
    directory::Directory,
    looks::LARGE,
    support::{Desk, Shared, recording},
};

/// What was asked of the station since the last time, without what is read aloud.
fn asked(desk: &mut Desk) -> Vec<Effect> {
    let is_sound = |effect: &Effect| !matches!(effect, Effect::Say(_) | Effect::Hush | Effect::Voice { .. });
    desk.app.take_effects().into_iter().filter(is_sound).collect()
}

fn recorded() -> Event {
    Event::Recorded { recording: recording(), is_audible: true }
}

#[test]
fn the_third_touch_records_and_what_was_said_is_heard_kept_and_handed_in() {
    let mut desk = Desk::new(LARGE);
    desk.touch_all(&["提意见", "道路交通", "说给它听"]).is_on("Speak").sees("正在听").sees("还能说 60 秒");
    assert_eq!(asked(&mut desk), [Effect::Record]);
    desk.event(Event::Recording { level: 50, length: Duration::from_millis(20_500) });
    desk.sees("还能说 40 秒");
    desk.touch("说完了");
    assert_eq!(asked(&mut desk), [Effect::StopRecording]);
    desk.event(recorded());
    desk.sees("录了 24 秒");
    assert_eq!(desk.station.0.lock().unwrap().draft.clone().unwrap().voice, Some(recording()), "kept at once");
    desk.touch("听一遍");
    assert_eq!(asked(&mut desk), [Effect::Play(recording().opus)]);
    desk.touch_all(&["就这样", "不说这个", "不用留"]).is_on("ReadBack").sees("您说的话，24 秒");
    desk.touch_all(&["改一改"]).is_on("Speak").sees("录了 24 秒");
    desk.touch_all(&["就这样", "不说这个", "不用留", "对，交上去"]).is_on("Filed");
    assert_eq!(desk.station.0.lock().unwrap().filed[0].1.voice, Some(recording()));
}

#[test]
fn a_minute_more_is_given_once() {
    let mut desk = Desk::new(LARGE);
    desk.touch_all(&["提意见", "道路交通", "说给它听", "再加一分钟"]).sees("还能说 120 秒").does_not_see("再加一分钟");
    assert_eq!(asked(&mut desk), [Effect::Record, Effect::RecordLonger]);
    assert_eq!(EXTENDED, 2 * USUAL);
}

#[test]
fn nobody_is_asked_whether_they_are_there_while_they_speak() {
    let mut desk = Desk::new(LARGE);
    desk.touch_all(&["提意见", "道路交通", "说给它听", "再加一分钟"]);
    desk.wait(EXTENDED);
    desk.is_on("Speak");
    desk.event(recorded());
    desk.wait(Duration::from_secs(59));
    desk.is_on("Speak").sees("录了 24 秒");
}

#[test]
fn speaking_again_takes_the_place_of_the_last_time_only_when_it_is_there() {
    let mut desk = Desk::new(LARGE);
    desk.touch_all(&["提意见", "道路交通", "说给它听", "说完了"]);
    desk.event(recorded());
    desk.touch("重新说").sees("正在听");
    desk.event(Event::NoMicrophone);
    desk.sees("录了 24 秒");
    assert_eq!(desk.station.0.lock().unwrap().draft.clone().unwrap().voice, Some(recording()));
}

#[test]
fn without_a_microphone_the_screen_says_so_and_writing_goes_on() {
    let mut desk = Desk::new(LARGE);
    desk.event(Event::NoMicrophone);
    desk.touch_all(&["提意见", "道路交通"]).is_on("Speak").sees("话筒现在用不了").does_not_see("说给它听");
    desk.touch_all(&["写下来", "路灯坏了，晚上看不见", "写好了", "不说这个", "不用留", "对，交上去"]).is_on("Filed");
}

#[test]
fn a_question_over_a_recording_ends_it_and_what_was_said_is_kept() {
    let mut desk = Desk::new(LARGE);
    desk.touch_all(&["提意见", "道路交通", "说给它听"]);
    asked(&mut desk);
    desk.key(Key::Back).is_on("Leave");
    assert_eq!(asked(&mut desk), [Effect::StopRecording]);
    desk.event(recorded());
    assert!(desk.station.0.lock().unwrap().draft.is_some());
    desk.touch("我还在，接着来").is_on("Speak").sees("录了 24 秒");
}

#[test]
fn everything_is_said_with_five_keys() {
    let mut desk = Desk::new(LARGE);
    for target in ["提意见", "道路交通", "说给它听", "说完了"] {
        desk.key_to(target);
    }
    desk.event(recorded());
    for target in ["听一遍", "就这样", "不说这个", "不用留", "对，交上去"] {
        desk.key_to(target);
    }
    desk.is_on("Filed");
    desk.key(Key::Select).is_on("Home");
}

#[test]
fn a_voice_is_on_disk_sealed_before_its_number_is_shown_and_survives_a_cut_before_that() {
    let directory = Directory::new("voice");
    let open = || {
        let (held, ledger, records) = directory.open();
        let now = Instant::now();
        let app = App::new(Box::new(records), LARGE, now);
        (held, ledger, Desk { app, station: Shared::default(), now })
    };
    {
        let (_held, _ledger, mut desk) = open();
        desk.touch_all(&["提意见", "道路交通", "说给它听", "说完了"]);
        desk.event(recorded());
    }
    let (_held, ledger, mut desk) = open();
    desk.touch_all(&["提意见", "是我，接着说"]).is_on("Speak").sees("录了 24 秒");
    desk.touch_all(&["就这样", "不说这个", "不用留", "对，交上去"]).is_on("Filed");
    let line = ledger.list(&Filter { limit: 9, ..Filter::default() }).unwrap().lines.remove(0);
    let opinion = ledger.opinion(&line.id).unwrap().unwrap().opinion;
    assert_eq!(opinion.attachments.iter().map(|attached| attached.seconds).collect::<Vec<_>>(), [Some(24)]);
    let sealed = ledger.sealed_attachment(&opinion.attachments[0].id).unwrap().unwrap();
    assert!(!sealed.windows(4).any(|window| window == b"OggS"));
}
