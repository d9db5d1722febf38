//! The plug is pulled at every step of every story: what the screen had promised by then is there afterwards.
//!
//! The stories are told on the real screens over the real files of a kiosk that a hub has told everything. After each step
//! the directory is copied as it lies on the disk at that moment, which is what a cut leaves, and a kiosk starts on the copy.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use civic_core::{access::Role, token::Token};
use embedded_graphics::prelude::{Point, Size};
use hardware::sound::FRAME_SAMPLES;
use kiosk::{
    app::{App, Event, Touch, TouchKind},
    drawer::Drawer,
    records::Records,
    screens::Screen,
    sound::opus,
    station::{Draft, Piece, Recording},
    view::Face,
};
use ledger::{Ledger, command};
use replica::{device::Device, dir::DataDir};
use tests::{sample, world::Part};

use super::{SHIQIAO, Story};

/// One step of a story.
#[derive(Clone, Debug)]
enum Step {
    /// Touch what says this, or bears it as its name.
    Touch(String),
    /// Half a second of a voice is on disk, the next of so many.
    Piece(u32),
    /// The whole of it.
    Recorded,
    /// A stroke with a finger.
    Stroke,
}

fn touches(targets: &[&str]) -> Vec<Step> {
    targets.iter().map(|target| Step::Touch((*target).to_owned())).collect()
}

fn digits(digits: &str) -> Vec<Step> {
    digits.chars().map(|digit| Step::Touch(digit.to_string())).collect()
}

/// A voice of two seconds in pieces, and whole.
fn voice() -> (Vec<Piece>, Recording) {
    let (mut writer, mut pieces) = (opus::Writer::new(), Vec::new());
    for at in 0..101_u32 {
        let frame: [i16; FRAME_SAMPLES] =
            std::array::from_fn(|sample| ((sample as u32 * 37 + at * 11) % 4_001) as i16 - 2_000);
        writer.add(&frame).unwrap();
        pieces.extend(writer.grown().map(<[u8]>::to_vec));
    }
    let piece = |(number, opus): (u32, Vec<u8>)| Piece { number, opus: opus.into() };
    let pieces = (0..).zip(pieces).map(piece).collect();
    (pieces, Recording { opus: writer.finish().into(), seconds: 2 })
}

/// A kiosk on this directory, as after a start.
struct Kiosk {
    app: App,
    ledger: Ledger,
    _held: Arc<DataDir>,
    now: Instant,
}

impl Kiosk {
    fn start(data: &Path) -> Self {
        let (held, identity, ledger) = command::open(Role::Kiosk, data).unwrap();
        let held = Arc::new(held);
        let drawer = Drawer::open(held.clone(), &identity.key.to_bytes()).unwrap();
        let device = Arc::new(Device::new(identity, ledger.log().clone()));
        let records = Records::new(ledger.clone(), device, drawer).unwrap();
        let now = Instant::now();
        Self { app: App::new(Box::new(records), Size::new(1024, 600), now), ledger, _held: held, now }
    }

    fn finger(&mut self, kind: TouchKind, at: Point) {
        self.app.handle(Event::Touch(Touch { kind, at }), self.now);
    }

    fn touch(&mut self, target: &str) {
        self.now += Duration::from_millis(400);
        let pieces = self.app.pieces();
        let is_it = |name: &String, text: &str| name == target || text == target;
        let found = pieces.iter().find(|it| it.touch.as_ref().is_some_and(|name| is_it(name, it.face.text())));
        let at = found.unwrap_or_else(|| panic!("no {target:?} on {:?}", self.app.screen())).area.center();
        self.finger(TouchKind::Down, at);
        self.finger(TouchKind::Up, at);
    }

    fn go(&mut self, step: &Step) {
        match step {
            Step::Touch(target) => self.touch(target),
            Step::Piece(number) => {
                let piece = voice().0.remove(*number as usize);
                self.app.handle(Event::Piece(piece), self.now);
            }
            Step::Recorded => {
                let recorded = Event::Recorded { recording: voice().1, is_audible: true };
                self.app.handle(recorded, self.now);
            }
            Step::Stroke => {
                let pieces = self.app.pieces();
                let pad = pieces.iter().find(|piece| matches!(piece.face, Face::Pad { .. })).unwrap();
                let middle = pad.area.center();
                for (kind, x) in
                    [(TouchKind::Down, -80), (TouchKind::Move, 0), (TouchKind::Move, 80), (TouchKind::Up, 80)]
                {
                    self.now += Duration::from_millis(30);
                    self.finger(kind, middle + Point::new(x, 0));
                }
            }
        }
        // Whatever was begun besides, such as merging what was filed, is done: then a copy is of one moment.
        self.ledger.catch_up().unwrap();
    }

    /// How many records of this kiosk are on disk.
    fn records(&self) -> u64 {
        self.ledger.log().counts().unwrap().here
    }

    fn words(&self) -> Option<&Draft> {
        self.app.screen().draft().filter(|draft| draft.says_something())
    }
}

fn copy(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).unwrap();
        }
    }
}

/// What the screen has promised is on the copy.
fn check(kiosk: &Kiosk, was_heard: bool, after: &Path, at: &str) {
    let mut copied = Kiosk::start(after);
    assert_eq!(copied.records(), kiosk.records(), "{at}: what was handed in is there, and once");
    if let Screen::Filed(filed) = kiosk.app.screen() {
        assert!(copied.ledger.by_ticket(&filed.stub.ticket).unwrap().is_some(), "{at}: a number was shown");
    }
    let words = kiosk.words().cloned();
    copied.touch("提意见");
    if words.is_none() && !was_heard {
        assert_eq!(copied.app.screen().name(), "Topics", "{at}: nothing was said");
        return;
    }
    assert_eq!(copied.app.screen().name(), "Begun", "{at}: words were said");
    copied.touch("Mine");
    let found = copied.words().unwrap_or_else(|| panic!("{at}: the words are gone")).clone();
    // The square for the next character, in which nothing stands yet, is nothing that anybody wrote.
    let written = |mut draft: Draft| {
        draft.ink.boxes.retain(|square| !square.strokes.is_empty());
        draft
    };
    let (words, found) = (words.map(written), written(found));
    match words {
        Some(words) if !was_heard => assert!(found == words, "{at}: {words:?} became {found:?}"),
        Some(_) | None => assert!(found.voice.is_some(), "{at}: the voice is gone"),
    }
}

#[test]
fn what_was_promised_is_there_after_a_cut_at_every_step_of_every_story() {
    let mut story = Story::begin("cuts");
    story.enrolled("kiosk", Part::Kiosk, "石桥村", &[SHIQIAO]);
    let (_, ticket, number) = story.answered();
    for (name, text) in sample::PUBLISHED {
        story.world.publish(name, text).unwrap().good().unwrap();
    }
    let tokens = story.hub(&["tokens", "--vote", "2027-projects", "--count", "1", "--json"]);
    let tokens: serde_json::Value = serde_json::from_str(&tokens).unwrap();
    let token = Token::parse(tokens["tokens"][0].as_str().unwrap()).unwrap();
    let matter = format!("[[matter]]\nticket = \"{ticket}\"\ntitle = \"村里的路\"\nareas = [\"{SHIQIAO}\"]\n");
    story.world.publish("matter.toml", &matter).unwrap().good().unwrap();
    story.meet();
    let told = story.world.data("kiosk");
    let [now, after]: [PathBuf; 2] = ["now", "after"].map(|name| story.dir.join(name));

    let consultation = "青禾县饮用水源保护办法（征求意见稿）";
    let found = || {
        let (ticket, number) = (digits(&ticket.digits()), digits(&number.digits()));
        [touches(&["查进度"]), ticket, touches(&["查一查", "听答复"]), number, touches(&["打开听答复"])].concat()
    };
    let to_file = ["写好了", "不说这个", "不说这个", "不用留", "对，交上去", "记好了，回首页"];
    let spoken = || {
        [touches(&["说给它听"]), (0..3).map(Step::Piece).collect(), touches(&["说完了"]), vec![Step::Recorded]].concat()
    };
    let stories: Vec<(&str, Vec<Step>)> = vec![
        ("written", touches(&[&["提意见", "饮水安全", "写下来", "家里停水了。"][..], &to_file].concat())),
        (
            "spoken",
            [
                touches(&["提意见", "饮水安全"]),
                spoken(),
                touches(&["就这样", "不说这个", "不说这个", "不用留", "对，交上去", "记好了，回首页"]),
            ]
            .concat(),
        ),
        (
            "drawn",
            [
                touches(&["提意见", "饮水安全", "写下来", "用手写"]),
                vec![Step::Stroke, Step::Stroke],
                touches(&["下一个字"]),
                vec![Step::Stroke],
                touches(&to_file),
            ]
            .concat(),
        ),
        (
            "talk",
            [
                touches(&["Village", "找代表", "At(3)", "约代表谈谈"]),
                spoken(),
                touches(&["就这样", "不用留", "对，交上去"]),
            ]
            .concat(),
        ),
        ("evaluated", [found(), touches(&["您满意吗？", "不满意", "没解决", "回首页"])].concat()),
        (
            "added",
            [found(), touches(&["补充几句", "写下来", "l", "u", "Press(Space)", "写好了", "对，交上去", "回首页"])]
                .concat(),
        ),
        ("misunderstood", [found(), touches(&["不是这个意思"]), spoken(), touches(&["就这样", "对，交上去"])].concat()),
        ("me too", touches(&["Village", "大家反映的事", "村里的路", "我也是", "回首页"])),
        (
            "consulted",
            [
                touches(&["Village", "请您说一说", consultation, "GoOn", "同意", "GoOn", "不同意", "我要说"]),
                spoken(),
                touches(&["就这样"]),
                touches(&["GoOn"; 10]),
                touches(&["交给县里", "回首页"]),
            ]
            .concat(),
        ),
        (
            "consulted in ink",
            [
                touches(&["Village", "请您说一说", consultation]),
                touches(&["GoOn"; 10]),
                touches(&["用手写"]),
                vec![Step::Stroke],
                touches(&["下一个字"]),
                vec![Step::Stroke],
                touches(&["写好了", "GoOn", "GoOn", "交给县里", "回首页"]),
            ]
            .concat(),
        ),
        (
            "voted",
            [
                touches(&["Village", "请您说一说", "二〇二七年民生实事项目票选", "按选票号投票"]),
                digits(&token.digits()),
                touches(&["打开选票", "Project(0)", "Project(2)", "选好了", "投票", "回首页"]),
            ]
            .concat(),
        ),
    ];
    for (name, steps) in stories {
        copy(&told, &now);
        let mut kiosk = Kiosk::start(&now);
        let before = kiosk.records();
        let mut was_heard = false;
        for (number, step) in steps.iter().enumerate() {
            kiosk.go(step);
            was_heard = match step {
                Step::Piece(_) => true,
                Step::Recorded => false,
                Step::Touch(_) | Step::Stroke => was_heard,
            };
            copy(&now, &after);
            check(&kiosk, was_heard, &after, &format!("{name}, step {}: {step:?}", number + 1));
        }
        assert!(kiosk.records() > before, "{name}: it was handed in at the end");
    }
}
