//! A kiosk whose finger, clock and station are in the test's hand.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use civic_core::{
    codebook::Topic,
    id::DocId,
    opening::{Opening, OpeningNumber, SlipKey, Stub},
    ticket::Ticket,
    time::UnixSeconds,
    token::Token,
    wording::Both,
};
use embedded_graphics::prelude::{Point, Size};
use hardware::keyboard::Typed;
use kiosk::{
    app::{App, Event, Key, Touch, TouchKind},
    draw::{ink::square, layout::Placed},
    guesses::NotOpened,
    printing::Sheet,
    public::{NotTaken, Public, Reply},
    sample::{Sample, sample_spots, sample_stub, sample_ticket, sample_tokens},
    service::{Service, sample::PIN},
    settings::Language,
    station::{Counts, Draft, Found, NotSaved, Piece, Place, Recording, Station, TakenUp, Waiting},
    trouble::Trouble,
    view::Face,
    voice::PackName,
};
use replica::enrol::Invitation;

/// A sample station that the test may look into while the kiosk holds it.
#[derive(Clone, Default)]
pub struct Shared(pub Arc<Mutex<Sample>>);

impl Station for Shared {
    fn place(&self) -> Place {
        self.0.lock().unwrap().place()
    }
    fn topics(&self) -> Vec<Topic> {
        self.0.lock().unwrap().topics()
    }
    fn spots(&self) -> Vec<String> {
        self.0.lock().unwrap().spots()
    }
    fn file(&mut self, draft: &Draft) -> Result<Stub, NotSaved> {
        self.0.lock().unwrap().file(draft)
    }
    fn keep(&mut self, draft: &Draft) -> Result<(), NotSaved> {
        self.0.lock().unwrap().keep(draft)
    }
    fn keep_piece(&mut self, draft: &Draft, piece: &Piece) -> Result<(), NotSaved> {
        self.0.lock().unwrap().keep_piece(draft, piece)
    }
    fn throw_away(&mut self) {
        self.0.lock().unwrap().throw_away();
    }
    fn leave_waiting(&mut self) {
        self.0.lock().unwrap().leave_waiting();
    }
    fn waiting(&self) -> Option<Waiting> {
        self.0.lock().unwrap().waiting()
    }
    fn take_up(&mut self) -> Option<TakenUp> {
        self.0.lock().unwrap().take_up()
    }
    fn file_unfinished(&mut self) -> Result<(), NotSaved> {
        self.0.lock().unwrap().file_unfinished()
    }
    fn find(&self, ticket: &Ticket, key: Option<&SlipKey>) -> Found {
        self.0.lock().unwrap().find(ticket, key)
    }
    fn unlock(&mut self, ticket: Ticket, number: OpeningNumber, now: Instant) -> Result<SlipKey, NotOpened> {
        self.0.lock().unwrap().unlock(ticket, number, now)
    }
    fn counts(&self) -> Counts {
        self.0.lock().unwrap().counts()
    }
    fn now(&self) -> UnixSeconds {
        self.0.lock().unwrap().now()
    }
    fn public(&self) -> Public {
        self.0.lock().unwrap().public()
    }
    fn form(&mut self) -> String {
        self.0.lock().unwrap().form()
    }
    fn take(&mut self, form: &str, reply: &Reply) -> Result<(), NotTaken> {
        self.0.lock().unwrap().take(form, reply)
    }
    fn answer(&mut self, draft: &Draft) -> Result<(), NotTaken> {
        self.0.lock().unwrap().answer(draft)
    }
    fn admit(&self, vote: &DocId, token: Token) -> Result<(), NotTaken> {
        self.0.lock().unwrap().admit(vote, token)
    }
    fn troubles(&self) -> Vec<Trouble> {
        self.0.lock().unwrap().troubles()
    }
    fn service(&mut self) -> Option<Box<dyn Service>> {
        self.0.lock().unwrap().service()
    }
}

/// A voice of 24 seconds, as far as anything but an ear can tell.
pub fn recording() -> Recording {
    Recording { opus: b"OggS and so on"[..].into(), seconds: 24 }
}

/// The voices of a station where somebody recorded a dialect.
pub fn packs() -> Vec<PackName> {
    let pack = |zh: &str, en: &str, language| PackName { name: Both { zh: zh.into(), en: en.into() }, language };
    vec![
        pack("普通话", "Mandarin", Language::Chinese),
        pack("英语", "English", Language::English),
        pack("石桥话", "Shiqiao dialect", Language::Chinese),
    ]
}

/// A scanner under which the paper of an answered opinion is held.
pub fn scan() -> Event {
    Event::Typed(Typed::Scanned(sample_stub(90_155).code()))
}

/// What an officer touches where there is no network.
pub const BY_STICK: &str = "没有网，用U盘";
pub const BY_PHONE: &str = "没有网，用手机";

/// What the square code holds that the hub shows for a new device.
pub fn invitation_code() -> String {
    let pin = Some("0f".repeat(16));
    Invitation { hub: "hub.example:4433".into(), code: "ABCD2345".into(), pin }.text()
}

/// A scanner under which it is held.
pub fn invitation() -> Event {
    Event::Typed(Typed::Scanned(invitation_code()))
}

/// The two lines of 十, in hundredths of the side of the square.
pub const TEN: [((i32, i32), (i32, i32)); 2] = [((15, 45), (85, 44)), ((50, 12), (50, 90))];

/// A kiosk, and a villager in front of it.
pub struct Desk {
    pub app: App,
    pub station: Shared,
    pub now: Instant,
}

impl Desk {
    pub fn new(size: Size) -> Self {
        let station = Shared::default();
        let now = Instant::now();
        Self { app: App::new(Box::new(station.clone()), size, now), station, now }
    }

    /// The same with a printer.
    pub fn with_printer(size: Size) -> Self {
        let mut desk = Self::new(size);
        desk.app = App::new(Box::new(desk.station.clone()), size, desk.now).with_printer();
        desk
    }

    /// Touches the target that says this, or whose name is this.
    #[track_caller]
    pub fn touch(&mut self, target: &str) -> &mut Self {
        let at = self.place_of(target);
        self.tap(at);
        self
    }

    /// Touches these targets one after the other.
    #[track_caller]
    pub fn touch_all(&mut self, targets: &[&str]) -> &mut Self {
        for target in targets {
            self.touch(target);
        }
        self
    }

    #[track_caller]
    pub fn place_of(&self, target: &str) -> Point {
        let pieces = self.app.pieces();
        let found = pieces
            .iter()
            .find(|piece| piece.touch.as_deref().is_some_and(|name| name == target || piece.face.text() == target));
        let Some(piece) = found else {
            let there: Vec<_> = pieces.iter().filter_map(|piece| piece.touch.as_deref()).collect();
            panic!("no {target:?} on {}; there are {there:?}", self.app.screen().name());
        };
        piece.area.center()
    }

    pub fn tap(&mut self, at: Point) {
        self.wait(Duration::from_millis(400));
        self.event(Event::Touch(Touch { kind: TouchKind::Down, at }));
        self.event(Event::Touch(Touch { kind: TouchKind::Up, at }));
    }

    /// Touches the target that says this, or whose name is this, with a finger that bounces.
    #[track_caller]
    pub fn bounce(&mut self, target: &str) -> &mut Self {
        let at = self.place_of(target);
        self.tap(at);
        self.now += Duration::from_millis(150);
        self.event(Event::Touch(Touch { kind: TouchKind::Down, at }));
        self.event(Event::Touch(Touch { kind: TouchKind::Up, at }));
        self
    }

    /// A place in the square that is written in, given in hundredths of its side.
    #[track_caller]
    pub fn in_the_square(&self, (right, down): (i32, i32)) -> Point {
        let pieces = self.app.pieces();
        let pad = pieces.iter().find(|piece| matches!(piece.face, Face::Pad { .. })).expect("a square to write in");
        let square = square(pad.area);
        square.top_left + Point::new(right, down) * square.size.width as i32 / 100
    }

    /// Draws a line with a finger, from one such place to another.
    #[track_caller]
    pub fn draw(&mut self, from: (i32, i32), to: (i32, i32)) {
        let (from, to) = (self.in_the_square(from), self.in_the_square(to));
        let at = |step: i32| (from * (10 - step) + to * step) / 10;
        let mut touch = |kind, step| {
            self.wait(Duration::from_millis(20));
            self.event(Event::Touch(Touch { kind, at: at(step) }));
        };
        touch(TouchKind::Down, 0);
        (1..=10).for_each(|step| touch(TouchKind::Move, step));
        touch(TouchKind::Up, 10);
    }

    /// Types the service PIN.
    pub fn show_pin(&mut self) -> &mut Self {
        for digit in PIN.chars() {
            self.touch(&digit.to_string());
        }
        self.touch("打开")
    }

    /// Types on the keys of the enrolment.
    #[track_caller]
    pub fn type_keys(&mut self, text: &str) -> &mut Self {
        for face in text.chars() {
            self.touch(&format!("Key({face:?})"));
        }
        self
    }

    /// Where the four crosses are.
    pub fn crosses(&self) -> [Point; 4] {
        let Size { width, height } = self.app.size();
        [(10, 10), (90, 10), (90, 90), (10, 90)]
            .map(|(x, y)| Point::new((width * x / 100) as i32, (height * y / 100) as i32))
    }

    /// Touches them.
    pub fn touch_crosses(&mut self) {
        self.crosses().into_iter().for_each(|cross| self.tap(cross));
    }

    /// Writes 十.
    pub fn write_ten(&mut self) {
        TEN.into_iter().for_each(|(from, to)| self.draw(from, to));
    }

    pub fn event(&mut self, event: Event) {
        self.app.handle(event, self.now);
        self.app.shown(self.now);
    }

    /// Presses one of the five keys.
    pub fn key(&mut self, key: Key) -> &mut Self {
        self.wait(Duration::from_millis(400));
        self.event(Event::Key(key));
        self
    }

    /// Whether the last touch has only read what is under it, and the next one on it chooses: only while screens are read
    /// aloud does a touch leave the keys' ring where it was, and keys type all the same.
    pub fn has_only_read(&self) -> bool {
        let is_key = |at: usize| matches!(self.pieces()[at].face, Face::Key(_));
        self.app.marks(&self.pieces()).focus.is_some_and(|focus| !is_key(focus))
    }

    /// Name of the target that the keys stand on.
    pub fn focus(&self) -> Option<String> {
        let pieces = self.pieces();
        let focus = self.app.marks(&pieces).focus?;
        pieces[focus].touch.clone()
    }

    /// Goes with the keys to the target that says this, or whose name is this, and chooses it.
    #[track_caller]
    pub fn key_to(&mut self, target: &str) -> &mut Self {
        for _ in 0..self.app.pieces().len() {
            self.key(Key::Down);
            let pieces = self.pieces();
            let on = self.app.marks(&pieces).focus.map(|focus| pieces[focus].clone());
            if on.is_some_and(|on| on.face.text() == target || on.touch.as_deref() == Some(target)) {
                return self.key(Key::Select);
            }
        }
        panic!("the keys do not reach {target:?} on {}", self.app.screen().name());
    }

    /// Lets time pass, waking the app when it asked to be.
    pub fn wait(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(at) = self.app.wake_at().filter(|at| *at <= end) {
            self.now = at;
            self.event(Event::Tick);
        }
        self.now = end;
    }

    /// This does not work.
    pub fn has_troubles(&mut self, troubles: &[Trouble]) {
        self.station.0.lock().unwrap().troubles = troubles.to_vec();
        self.event(Event::News);
    }

    /// The screen that is up and every word on it, one piece a line.
    pub fn reads(&self) -> String {
        let pieces = self.app.pieces();
        let words = pieces.iter().map(|piece| piece.face.text().to_owned()).filter(|text| !text.is_empty());
        std::iter::once(self.app.screen().name().to_owned()).chain(words).collect::<Vec<_>>().join("\n")
    }

    #[track_caller]
    pub fn sees(&self, words: &str) -> &Self {
        let reads = self.reads();
        assert!(reads.contains(words), "{words:?} is not on the screen:\n{reads}");
        self
    }

    #[track_caller]
    pub fn does_not_see(&self, words: &str) -> &Self {
        let reads = self.reads();
        assert!(!reads.contains(words), "{words:?} is on the screen:\n{reads}");
        self
    }

    #[track_caller]
    pub fn is_on(&self, screen: &str) -> &Self {
        assert_eq!(self.app.screen().name(), screen);
        self
    }

    /// Goes on by so many pages of a consultation.
    #[track_caller]
    pub fn and_on(mut self, pages: usize) -> Self {
        for _ in 0..pages {
            self.touch("GoOn");
        }
        self
    }

    /// Touches this too.
    #[track_caller]
    pub fn and(mut self, target: &str) -> Self {
        self.touch(target);
        self
    }

    pub fn pieces(&self) -> Vec<Placed<String>> {
        self.app.pieces()
    }
}

/// Every screen that a person can meet, with the name of its picture.
pub fn every_screen(size: Size) -> Vec<(&'static str, Desk)> {
    let desk = |touches: &[&str]| {
        let mut desk = Desk::new(size);
        desk.touch_all(touches);
        desk
    };
    let written: &[&str] = &["提意见", "道路交通", "写下来", "路灯坏了，晚上看不见", "请来看看，修一修"];
    let with = |more: &[&str]| {
        let mut touches = written[..4].to_vec();
        touches.extend(more);
        desk(&touches)
    };
    let digits = |digits: &str, end: &[&str]| {
        let mut desk = desk(&["查进度"]);
        for digit in digits.chars() {
            desk.touch(&digit.to_string());
        }
        desk.touch_all(end);
        desk
    };
    let mut pressed = desk(&[]);
    let at = pressed.place_of("提意见");
    pressed.event(Event::Touch(Touch { kind: TouchKind::Down, at }));
    let mut failed = with(&["写好了", "不说这个", "不用留"]);
    failed.station.0.lock().unwrap().refuses = Some(NotSaved::DiskFull);
    failed.touch("对，交上去");
    let mut filed_then_found = with(&["写好了", "不说这个", "不用留", "对，交上去", "记好了，回首页", "查进度"]);
    for digit in sample_ticket(18_376).digits().chars() {
        filed_then_found.touch(&digit.to_string());
    }
    filed_then_found.touch("查一查");
    let mut still_there = with(&[]);
    still_there.wait(Duration::from_secs(61));
    let troubled = |troubles: &[Trouble], touches: &[&str]| {
        let mut desk = Desk::new(size);
        desk.has_troubles(troubles);
        desk.touch_all(touches);
        desk
    };
    let mut begun = with(&[]);
    begun.wait(Duration::from_secs(100));
    begun.touch("提意见");
    let mut no_microphone = desk(&["提意见", "道路交通"]);
    no_microphone.event(Event::NoMicrophone);
    let mut listening = desk(&["提意见", "道路交通", "说给它听"]);
    listening.event(Event::Recording { level: 62, length: Duration::from_millis(24_300) });
    let spoken = |is_audible, more: &[&str]| {
        let mut desk = desk(&["提意见", "道路交通", "说给它听", "说完了"]);
        desk.event(Event::Recorded { recording: recording(), is_audible });
        desk.touch_all(more);
        desk
    };
    let by_hand = |meant: &[bool], more: &[&str]| {
        let mut desk = desk(&["提意见", "道路交通", "写下来", "用手写"]);
        for is_meant in meant {
            desk.write_ten();
            if *is_meant {
                desk.touch("十");
            }
        }
        desk.touch_all(more);
        desk
    };
    let mut penned = by_hand(&[true], &[]);
    penned.key_to("Pen").key(Key::Select).key(Key::Read);
    for _ in 0..5 {
        penned.key(Key::Down);
    }
    let mut named = with(&[
        "写好了",
        "不说这个",
        "留个电话",
        "我满十四岁，同意留",
        "1",
        "3",
        "8",
        "0",
        "0",
        "1",
        "0",
        "按好了",
        "陈",
    ]);
    named.touch_all(&["s", "h", "u", "i"]);
    let mut long = with(&[]);
    for _ in 0..30 {
        long.touch("村里的路坏了，不好走");
    }
    long.touch_all(&["写好了", "不说这个", "不用留"]);
    let service = |more: &[&str]| {
        let mut desk = desk(&["Help", "Service"]);
        desk.touch_all(more);
        desk
    };
    let officer = |more: &[&str]| {
        let mut desk = service(&[]);
        desk.show_pin().touch_all(more);
        desk
    };
    let mut tested = Desk::with_printer(size);
    tested.touch_all(&["Help", "Service"]).show_pin().touch_all(&["打印机", "印一张试试"]);
    tested.event(Event::NotPrinted(Sheet::Test));
    let mut stickless = Desk::new(size);
    stickless.station.0.lock().unwrap().sticks.clear();
    stickless.app = App::new(Box::new(stickless.station.clone()), size, stickless.now);
    stickless.touch_all(&["Help", "Service"]).show_pin().touch("U盘");
    let carried = |way| {
        let mut desk = officer(&["U盘", way]);
        desk.event(Event::News);
        desk
    };
    let mut enrolling = officer(&["入网", "有网，直接入网"]);
    enrolling.type_keys("hub.example:4433").touch("Code").type_keys("abcd2345").touch("Call");
    let mut invited = officer(&["入网"]);
    invited.event(invitation());
    let by_letter = |road, more: &[&str]| {
        let mut desk = officer(&["入网", road]);
        desk.type_keys(if road == BY_PHONE { "192.168.1.30:4434" } else { "" });
        desk.touch("Code").type_keys("abcd2345").touch_all(more);
        desk
    };
    let mut fitted = officer(&["触摸校准"]);
    fitted.touch_crosses();
    let mut recorded = officer(&["录提示音", "开始录", "说完了"]);
    recorded.event(Event::Recorded { recording: recording(), is_audible: true });
    let filed_on_paper = |came| {
        let mut desk = Desk::with_printer(size);
        desk.touch_all(&written[..4]).touch_all(&["写好了", "不说这个", "不用留", "对，交上去"]);
        desk.event(came);
        desk
    };
    let mut voices = Desk::new(size);
    voices.app = App::new(Box::new(voices.station.clone()), size, voices.now).with_packs(packs());
    voices.touch("Help");
    let mut not_a_slip = desk(&[]);
    not_a_slip.event(Event::Typed(Typed::Scanned("6901234567892".to_owned())));
    let answered = sample_ticket(90_155).digits();
    let unknown = sample_ticket(7).digits();
    let opened = |more: &[&str]| {
        let mut desk = desk(&[]);
        desk.event(scan());
        desk.touch_all(more);
        desk
    };
    let unlock = |number: &str, keeps_closed, more: &[&str]| {
        let mut desk = digits(&answered, &["查一查", "听答复"]);
        desk.station.0.lock().unwrap().keeps_closed = keeps_closed;
        for digit in number.chars() {
            desk.touch(&digit.to_string());
        }
        desk.touch_all(more);
        desk
    };
    let wrong = Opening::new([9; 24]).number.digits();
    let mistyped = format!("{}{}", &wrong[..8], (wrong.as_bytes()[8] - b'0' + 1) % 10);
    let wait = NotOpened::Wait(Duration::from_secs(110));
    let mut not_taken = desk(&["Village", "大家反映的事", "石桥桥面开裂"]);
    not_taken.station.0.lock().unwrap().refuses = Some(NotSaved::Failed);
    not_taken.touch("我也是");
    let mut tallied = Desk::with_printer(size);
    tallied.touch_all(&["Village", "请您说一说", "Tally(0)", "印一张"]);
    let with_spots = |more: &[&str]| {
        let mut desk = Desk::new(size);
        desk.station.0.lock().unwrap().spots = sample_spots();
        desk.event(Event::News);
        desk.touch_all(&written[..4]).touch_all(&["写好了", "这几天"]).touch_all(more);
        desk
    };
    let consult = |pages: usize, more: &[&str]| {
        let mut desk = desk(&["Village", "请您说一说", "青禾县饮用水源保护办法（征求意见稿）"]);
        desk.touch_all(&vec!["GoOn"; pages]).touch_all(more);
        desk
    };
    let mut not_fit = consult(1, &["同意"]).and_on(11);
    not_fit.station.0.lock().unwrap().asks_otherwise = true;
    not_fit.touch("交给县里");
    let mut drawn = consult(10, &["用手写"]);
    drawn.write_ten();
    drawn.touch("十");
    drawn.write_ten();
    drawn.touch("写好了");
    let vote = |token: &str, more: &[&str]| {
        let mut desk = desk(&["Village", "请您说一说", "二〇二七年民生实事项目票选", "按选票号投票"]);
        for digit in token.chars() {
            desk.touch(&digit.to_string());
        }
        desk.touch_all(more);
        desk
    };
    let token = sample_tokens()[0].digits();
    vec![
        ("asked", desk(&["Village", "请您说一说"])),
        ("consult", consult(0, &[])),
        ("consult-article", consult(1, &["不同意"])),
        ("consult-faces", consult(4, &["还行"])),
        ("consult-single", consult(5, &["水井"])),
        ("consult-multiple", consult(6, &["发黄", "太贵", "停水"])),
        ("consult-scale", consult(7, &["4"])),
        ("consult-rank", consult(8, &["换水管", "清垃圾"])),
        ("consult-place", consult(9, &[])),
        ("consult-text", consult(10, &[])),
        ("consult-voice", consult(11, &[])),
        ("consult-drawn", drawn),
        ("consult-written", consult(10, &["写下来", "w", "Press(Space)", "写好了"])),
        ("consult-end", consult(1, &["同意"]).and_on(11)),
        ("consult-nothing", consult(12, &[])),
        ("thanks-response", consult(1, &["同意"]).and_on(11).and("交给县里")),
        ("vote", desk(&["Village", "请您说一说", "二〇二七年民生实事项目票选"])),
        ("token", vote("48210", &[])),
        ("token-refused", vote(&Token::new([9; 8]).digits(), &["打开选票"])),
        ("ballot", vote(&token, &["打开选票", "Project(0)", "Project(5)"])),
        ("ballot-full", vote(&token, &["打开选票", "Project(0)", "Project(1)", "Project(2)"])),
        ("cast", vote(&token, &["打开选票", "Project(0)", "Project(5)", "选好了"])),
        ("thanks-ballot", vote(&token, &["打开选票", "Project(0)", "选好了", "投票"])),
        ("tally", desk(&["Village", "请您说一说", "Tally(0)"])),
        ("tally-printed", tallied),
        ("deputies", desk(&["Village", "找代表"])),
        ("deputy", desk(&["Village", "找代表", "At(3)"])),
        ("deputy-no-reception", desk(&["Village", "找代表", "At(0)"])),
        (
            "read-back-talk",
            desk(&["Village", "找代表", "At(3)", "约代表谈谈", "写下来", "l", "u", "Press(Space)", "写好了", "不用留"]),
        ),
        ("where", with_spots(&[])),
        ("contact-kept", with_spots(&["石桥", "不让村里知道"])),
        ("read-back-kept", with_spots(&["石桥", "不让村里知道", "不用留"])),
        ("read-back-addition", opened(&["补充几句", "写下来", "l", "u", "Press(Space)", "写好了"])),
        ("thanks-misunderstood", opened(&["不是这个意思", "写下来", "l", "u", "Press(Space)", "写好了", "对，交上去"])),
        ("village", desk(&["Village"])),
        ("notices", desk(&["Village", "公示通知"])),
        ("notice", desk(&["Village", "公示通知", "冬季取暖用电，注意安全"])),
        ("matters", desk(&["Village", "大家反映的事"])),
        ("matter", desk(&["Village", "大家反映的事", "石桥桥面开裂"])),
        ("thanks-me-too", desk(&["Village", "大家反映的事", "石桥桥面开裂", "我也是"])),
        ("not-taken", not_taken),
        ("not-taken-unfit", not_fit),
        ("home", desk(&[])),
        ("home-pressed", pressed),
        ("topics", desk(&["提意见"])),
        ("speak", desk(&["提意见", "道路交通"])),
        ("speak-no-microphone", no_microphone),
        ("speak-listening", listening),
        ("speak-recorded", spoken(true, &[])),
        ("speak-silent", spoken(false, &[])),
        ("read-back-voice", spoken(true, &["就这样", "不说这个", "不用留"])),
        ("writing-sentences", desk(&["提意见", "道路交通", "写下来"])),
        ("writing-letters", with(&["用拼音写", "q", "i", "n", "g"])),
        ("writing-marks", with(&["用拼音写", "数字"])),
        ("writing-nine", with(&["用拼音写", "九键", "abc", "ghi", "def"])),
        ("writing-long", with(&["桥不安全，请来看看", "村里的路坏了，不好走", "下雨路上积水", "路太窄，车过不去"])),
        ("handwriting", by_hand(&[], &[])),
        ("handwriting-offered", by_hand(&[true, false], &[])),
        ("handwriting-by-keys", penned),
        (
            "name",
            with(&[
                "写好了",
                "不说这个",
                "留个电话",
                "我满十四岁，同意留",
                "1",
                "3",
                "8",
                "0",
                "0",
                "1",
                "0",
                "按好了",
            ]),
        ),
        ("name-typed", named),
        ("read-back-ink", by_hand(&[true, false], &["写好了", "不说这个", "不用留"])),
        ("read-back-long", long),
        ("clear", with(&["清空"])),
        ("since", with(&["写好了"])),
        ("contact", with(&["写好了", "不说这个"])),
        ("consent", with(&["写好了", "不说这个", "留个电话"])),
        ("read-back-child", with(&["写好了", "这几天", "我还没满十四岁"])),
        (
            "phone",
            with(&["写好了", "不说这个", "留个电话", "我满十四岁，同意留", "1", "3", "8", "0", "0", "1", "按好了"]),
        ),
        ("read-back", with(&["写好了", "不说这个", "不用留"])),
        ("filed", with(&["写好了", "不说这个", "不用留", "对，交上去"])),
        ("filed-read-aloud", with(&["写好了", "不说这个", "不用留", "对，交上去"])),
        ("filed-printed", filed_on_paper(Event::Printed(Sheet::Ticket(sample_stub(18_376))))),
        ("filed-not-printed", filed_on_paper(Event::NotPrinted(Sheet::Ticket(sample_stub(18_376))))),
        ("not-saved", failed),
        ("find", digits("04121", &[])),
        ("find-not-a-slip", not_a_slip),
        ("find-mistyped", digits("0412183767", &["查一查"])),
        ("progress-sealed", digits(&answered, &["查一查"])),
        ("progress-nothing", digits(&sample_ticket(90_156).digits(), &["查一查"])),
        ("unlock", unlock("482", None, &[])),
        ("unlock-mistyped", unlock(&mistyped, None, &["打开听答复"])),
        ("unlock-wrong", unlock(&wrong, None, &["打开听答复"])),
        ("unlock-wait", unlock(&wrong, Some(wait), &["打开听答复"])),
        ("progress-answered", opened(&[])),
        ("take-back", opened(&["收回姓名电话"])),
        ("thanks-withdrawal", opened(&["收回姓名电话", "收回，请删掉"])),
        ("rate-satisfied", opened(&["Rate"])),
        ("rate-solved", opened(&["Rate", "不满意"])),
        ("thanks-unsolved", opened(&["Rate", "不满意", "没解决"])),
        ("progress-here", filed_then_found),
        ("progress-erased", digits(&sample_ticket(90_157).digits(), &["查一查"])),
        ("progress-unknown", digits(&unknown, &["查一查"])),
        ("still-there", still_there),
        ("begun", begun),
        ("help", desk(&["Help"])),
        ("help-read-aloud", desk(&["Help"])),
        ("service-pin", service(&["1", "2", "3"])),
        ("service-pin-wait", service(&["0", "0", "0", "0", "0", "0", "打开"])),
        ("service", officer(&[])),
        ("service-network", officer(&["网络"])),
        ("service-storage", officer(&["存储"])),
        ("service-printer", officer(&["打印机"])),
        ("service-printer-test", tested),
        ("service-last-sync", officer(&["收发"])),
        ("service-log", officer(&["日志"])),
        ("service-stick", officer(&["U盘"])),
        ("service-stick-none", stickless),
        ("service-stick-working", officer(&["U盘", "把话带出去"])),
        ("service-stick-written", carried("把话带出去")),
        ("service-stick-read", carried("把回话带进来")),
        ("service-off", officer(&["关机"])),
        ("service-off-going", officer(&["关机", "关机"])),
        ("service-enrol", officer(&["入网"])),
        ("service-enrol-network", officer(&["入网", "有网，直接入网", "Key('h')", "Key('u')", "Code", "Key('7')"])),
        ("service-enrol-scanned", invited),
        ("service-enrol-compare", enrolling),
        ("service-enrol-stick", by_letter(BY_STICK, &[])),
        ("service-enrol-written", by_letter(BY_STICK, &["Call"])),
        ("service-enrol-unanswered", by_letter(BY_STICK, &["Call", "Look"])),
        ("service-enrol-phone", by_letter(BY_PHONE, &[])),
        ("service-enrol-handed", by_letter(BY_PHONE, &["Call"])),
        ("service-calibrate", officer(&["触摸校准"])),
        ("service-fitted", fitted),
        ("service-recorder", officer(&["录提示音"])),
        ("service-recorder-listening", officer(&["录提示音", "开始录"])),
        ("service-recorder-recorded", recorded),
        ("help-voices", voices),
        ("home-keys", desk(&[])),
        ("home-full", troubled(&[Trouble::DiskFull], &[])),
        ("home-not-heard", troubled(&[Trouble::NotHeardSince(kiosk::sample::NEWS_AT)], &[])),
        ("troubles-not-enrolled", troubled(&[Trouble::NotEnrolled], &["提意见"])),
        ("troubles-unfit", troubled(&[Trouble::Unfit], &["Troubles"])),
        ("troubles-full", troubled(&[Trouble::DiskFull], &["提意见"])),
        ("troubles-read-only", troubled(&[Trouble::ReadOnly, Trouble::NoMicrophone], &["提意见"])),
        (
            "troubles-many",
            troubled(
                &[
                    Trouble::NoMicrophone,
                    Trouble::NoPrinter,
                    Trouble::NoDate,
                    Trouble::NotHeardSince(kiosk::sample::NEWS_AT),
                ],
                &["Troubles"],
            ),
        ),
    ]
}
