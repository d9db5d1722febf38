//! Saying it aloud: begun by the third touch, heard again, kept, and on disk before anything is promised.

use std::time::{Duration, Instant};

use hardware::keyboard::Typed;
use kiosk::{
    app::{App, Effect, Event, Key, Touch, TouchKind},
    screens::speak::{EXTENDED, USUAL},
    sound::opus::Writer,
    station::Piece,
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
fn whoever_asks_for_a_minute_more_a_moment_too_late_loses_nothing_of_the_first() {
    let mut desk = Desk::new(LARGE);
    desk.touch_all(&["提意见", "道路交通", "说给它听"]);
    let longer = desk.place_of("再加一分钟");
    // The minute is over just before the finger comes down, and once while it is on the glass.
    desk.event(recorded());
    desk.tap(longer);
    desk.sees("录了 24 秒");
    assert_eq!(asked(&mut desk), [Effect::Record]);
    desk.wait(Duration::from_secs(1));
    desk.tap(longer);
    assert_eq!(asked(&mut desk), [Effect::Play(recording().opus)], "what lies there does no harm");
    desk.touch("重新说").sees("正在听");
    desk.event(Event::Touch(Touch { kind: TouchKind::Down, at: longer }));
    desk.event(recorded());
    desk.event(Event::Touch(Touch { kind: TouchKind::Up, at: longer }));
    desk.sees("录了 24 秒");
    assert_eq!(asked(&mut desk), [Effect::Record]);
}

#[test]
fn what_was_spoken_is_seen_before_a_touch_counts_however_long_the_card_took() {
    let mut desk = Desk::new(LARGE);
    desk.touch_all(&["提意见", "道路交通", "说给它听"]);
    let longer = desk.place_of("再加一分钟");
    desk.app.handle(recorded(), desk.now);
    desk.now += Duration::from_secs(2);
    desk.app.shown(desk.now);
    desk.tap(longer);
    assert_eq!(asked(&mut desk), [Effect::Record]);
    desk.wait(Duration::from_secs(1));
    desk.tap(longer);
    assert_eq!(asked(&mut desk), [Effect::Play(recording().opus)]);
}

#[test]
fn a_finger_that_trembles_where_it_ends_the_recording_keeps_nothing_unheard() {
    let mut desk = Desk::new(LARGE);
    desk.touch_all(&["提意见", "道路交通", "说给它听"]);
    let at = desk.place_of("说完了");
    desk.tap(at);
    // The last of the voice is written meanwhile.
    desk.now += Duration::from_millis(60);
    desk.event(recorded());
    desk.now += Duration::from_millis(90);
    desk.event(Event::Touch(Touch { kind: TouchKind::Down, at }));
    desk.event(Event::Touch(Touch { kind: TouchKind::Up, at }));
    desk.is_on("Speak").sees("录了 24 秒");
    // Whoever has seen it is not held up: this is the place of the thing to do next.
    desk.tap(at);
    desk.is_on("SinceWhen");
}

#[test]
fn where_nobody_is_heard_the_keys_come_to_keeping_it_after_the_rest() {
    let mut desk = Desk::new(LARGE);
    desk.touch_all(&["提意见", "道路交通", "说给它听", "说完了"]);
    desk.event(Event::Recorded { recording: recording(), is_audible: false });
    let stops = ["Play", "Record", "Keep"].map(|stop| Some(stop.to_owned()));
    assert_eq!([(); 3].map(|()| desk.key(Key::Down).focus()), stops);
}

#[test]
fn what_was_spoken_stays_when_a_scan_is_known_for_one_behind_it() {
    let mut desk = Desk::new(LARGE);
    desk.touch_all(&["提意见", "道路交通", "说给它听", "Help"]);
    desk.event(Event::Typed(Typed::Digit(6)));
    desk.event(recorded());
    desk.event(Event::Typed(Typed::Stray(1)));
    desk.touch("Back").is_on("Speak").sees("录了 24 秒");
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

/// Half a second of a voice.
fn piece(number: u32) -> Event {
    Event::Piece(Piece { number, opus: opus_pieces()[number as usize].clone().into() })
}

/// Three seconds of a tone, as the recorder gives them.
fn opus_pieces() -> Vec<Vec<u8>> {
    let (mut writer, mut pieces) = (Writer::new(), Vec::new());
    for _ in 0..151 {
        writer.add(&std::array::from_fn(|at| ((at % 80) as i16 - 40) * 200)).unwrap();
        pieces.extend(writer.grown().map(<[u8]>::to_vec));
    }
    pieces
}

#[test]
fn what_is_being_spoken_is_kept_piece_by_piece_and_offered_back_once() {
    let mut desk = Desk::new(LARGE);
    desk.touch_all(&["提意见", "道路交通", "说给它听"]);
    desk.event(Event::Recording { level: 40, length: Duration::from_millis(100) });
    assert!(desk.station.0.lock().unwrap().draft.is_none(), "nothing was said yet");
    (0..4).for_each(|number| desk.event(piece(number)));
    assert_eq!(desk.station.0.lock().unwrap().pieces.len(), 4);
    // Somebody goes in the middle of a sentence, with the question still on the screen.
    desk.event(Event::Button);
    desk.is_on("Leave");
    desk.wait(Duration::from_secs(31));
    desk.is_on("Home");
    desk.touch("提意见").is_on("Begun").sees("道路交通");
    desk.touch("是我，接着说").is_on("Speak").sees("录了 2 秒");
    desk.touch_all(&["就这样", "不说这个", "不用留", "对，交上去", "记好了，回首页", "提意见"]).is_on("Topics");
    assert_eq!(desk.station.0.lock().unwrap().filed[0].1.voice.as_ref().unwrap().seconds, 2);
}

#[test]
fn whoever_takes_it_back_while_speaking_leaves_nothing() {
    let mut desk = Desk::new(LARGE);
    desk.touch_all(&["提意见", "道路交通", "说给它听"]);
    (0..2).for_each(|number| desk.event(piece(number)));
    desk.event(Event::Button);
    desk.touch("回首页").is_on("Home");
    // Late words of a recording that was thrown away.
    desk.event(piece(2));
    let station = desk.station.0.lock().unwrap().clone();
    assert!(station.draft.is_none() && station.pieces.is_empty() && station.left.is_empty());
}

#[test]
fn the_plug_is_pulled_at_every_half_second_of_speaking_and_the_voice_is_there_up_to_it() {
    let directory = Directory::new("speaking");
    let open = || {
        let (held, ledger, records) = directory.open();
        let now = Instant::now();
        let app = App::new(Box::new(records), LARGE, now);
        (held, ledger, Desk { app, station: Shared::default(), now })
    };
    for halves in 0..=6 {
        {
            let (_held, _ledger, mut desk) = open();
            desk.touch_all(&["提意见", "道路交通", "说给它听"]);
            (0..halves).for_each(|number| desk.event(piece(number)));
        }
        let (_held, ledger, mut desk) = open();
        desk.touch("提意见");
        if halves == 0 {
            desk.is_on("Topics");
            continue;
        }
        desk.touch("是我，接着说").is_on("Speak").sees(&format!("录了 {} 秒", halves.div_ceil(2)));
        desk.touch_all(&["就这样", "不说这个", "不用留", "对，交上去"]).is_on("Filed");
        let line = ledger.list(&Filter { limit: 9, ..Filter::default() }).unwrap().lines.remove(0);
        let attached = ledger.opinion(&line.id).unwrap().unwrap().opinion.attachments;
        assert_eq!(attached.iter().map(|one| one.seconds).collect::<Vec<_>>(), [Some(halves.div_ceil(2))]);
    }
}
