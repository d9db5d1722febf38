//! What an officer does at the machine, and what nobody else can.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use civic_core::access::Role;
use embedded_graphics::prelude::Point;
use hardware::{
    keyboard::Typed,
    touch::{Finger, FingerKind, Panel, read_fingers},
};
use kiosk::{
    app::{App, Effect, Event, Key, Touch, TouchKind},
    blank::Blank,
    drawer::Drawer,
    printing::Sheet,
    records::Records,
    sample::{sample_stub, sample_ticket},
    screens::Screen,
    service::{
        Asks, TRIED_FOR,
        enrolment::Enrolment,
        pin,
        stick::{Carrier, Carrying, Way},
        upkeep::Upkeep,
    },
    station::{Draft, Station as _},
    trouble::{Reports, Trouble},
    wiring::Wiring,
};
use replica::{device::Device, dir::DataDir, enrol::Invitation};
use tokio::sync::Notify;

use crate::{
    directory::Directory,
    looks::LARGE,
    support::{BY_STICK, Desk, Shared, invitation, recording},
};

/// An officer who has shown the PIN.
fn officer() -> Desk {
    let mut desk = Desk::new(LARGE);
    desk.touch_all(&["Help", "Service"]).show_pin();
    desk.is_on("Service");
    desk
}

#[test]
fn a_pin_opens_the_service_pages_and_a_wrong_one_says_so() {
    let mut desk = Desk::new(LARGE);
    desk.touch_all(&["Help", "Service", "1", "2", "3", "打开"]).is_on("ServicePin");
    desk.touch_all(&["4", "5", "6", "打开"]).sees("密码不对").does_not_see("●");
    desk.touch_all(&["0", "0", "0", "0", "0", "0", "打开"]).sees("请等 30 秒");
    desk.show_pin().is_on("Service");
    desk.touch("返回").is_on("Home");
    desk.touch_all(&["Help", "Service"]).is_on("ServicePin");
    assert!(!format!("{:?}", desk.touch("7").app.screen()).contains('7'), "no log shows a PIN");
}

#[test]
fn the_service_pages_close_when_nobody_is_there_and_never_cover_somebodys_words() {
    let mut desk = officer();
    desk.touch("网络").wait(Duration::from_secs(200));
    desk.is_on("Home");
    let mut desk = Desk::new(LARGE);
    desk.touch_all(&["提意见", "道路交通", "写下来", "路灯坏了，晚上看不见", "Help"]);
    assert!(!desk.pieces().iter().any(|piece| piece.touch.as_deref() == Some("Service")));
}

#[test]
fn everything_is_reached_with_five_keys() {
    let mut desk = Desk::new(LARGE);
    desk.key_to("Help").key_to("Service");
    for digit in pin_digits() {
        desk.key_to(&digit);
    }
    desk.key_to("打开").is_on("Service");
    for target in ["网络", "存储", "打印机", "收发", "日志", "录提示音", "入网", "U盘", "关机", "触摸校准"]
    {
        desk.key_to(target);
        assert_ne!(desk.app.screen().name(), "Service", "{target}");
        desk.key(Key::Back).is_on("Service");
    }
}

fn pin_digits() -> Vec<String> {
    kiosk::service::sample::PIN.chars().map(String::from).collect()
}

#[test]
fn a_sentence_is_read_heard_and_kept_and_the_next_one_comes() {
    let mut desk = officer();
    desk.touch("录提示音").sees("返回").sees("还有 2 句");
    desk.touch("开始录");
    assert!(desk.app.take_effects().contains(&Effect::Record));
    desk.touch("说完了").event(Event::Recorded { recording: recording(), is_audible: false });
    desk.sees("没有录到声音");
    desk.touch_all(&["开始录", "说完了"]).event(Event::Recorded { recording: recording(), is_audible: true });
    desk.touch("听一遍");
    assert!(desk.app.take_effects().contains(&Effect::Play(recording().opus)));
    desk.touch("就这样").sees("您想说哪方面的事？");
    desk.sees("还有 1 句");
    desk.touch_all(&["开始录", "说完了"]).event(Event::Recorded { recording: recording(), is_audible: true });
    desk.touch("就这样").sees("都录好了");
}

#[test]
fn a_stick_is_offered_written_and_read_and_nothing_is_offered_while_it_must_stay_in() {
    let mut desk = officer();
    desk.station.0.lock().unwrap().sticks.clear();
    desk.app = App::new(Box::new(desk.station.clone()), LARGE, desk.now);
    desk.touch_all(&["Help", "Service"]).show_pin().touch("U盘").sees("没有找到U盘").does_not_see("把话带出去");
    let mut desk = officer();
    desk.touch("U盘").sees("HUIYIN，还能放 14790 MB");
    for (way, end) in [("把话带出去", "写好了，48 KB"), ("把回话带进来", "新消息 7 条")] {
        desk.key_to(way).sees("请不要拔").does_not_see(way).does_not_see("返回");
        desk.wait(Duration::from_secs(600));
        desk.is_on("Carry");
        desk.event(Event::News);
        desk.sees(end).sees("可以拔了");
        desk.touch("再找一次").sees("HUIYIN");
    }
}

/// What came of carrying once the stick is done with.
async fn carried(carrier: &Carrier, way: Way, stick: &Path) -> Carrying {
    carrier.begin(way, stick.to_owned());
    while carrier.stands_at() == Carrying::Working {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    carrier.stands_at()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_goes_onto_the_stick_sealed_and_what_is_for_others_is_passed_over() {
    let directory = Directory::new("stick");
    let stick = directory.path().join("stick");
    fs::create_dir(&stick).unwrap();
    let (held, identity, ledger) = ledger::command::open(Role::Kiosk, directory.path()).unwrap();
    let drawer = Drawer::open(Arc::new(held), &identity.key.to_bytes()).unwrap();
    let device = Arc::new(Device::new(identity.clone(), ledger.log().clone()));
    let mut records = Records::new(ledger.clone(), device, drawer).unwrap();
    let words = "村口的路灯坏了";
    let draft = Draft { topic: "道路交通".into(), body: words.into(), ..Draft::default() };
    tokio::task::block_in_place(|| records.file(&draft)).unwrap();
    let carrier = Carrier::new(identity, ledger, Arc::default());
    assert_eq!(carried(&carrier, Way::Home, &stick).await, Carrying::Failed("carry-no-bundle"));
    let Carrying::Written { bytes } = carried(&carrier, Way::Out, &stick).await else { panic!("nothing was written") };
    let files: Vec<_> = fs::read_dir(&stick).unwrap().map(|file| file.unwrap().path()).collect();
    let content = fs::read(&files[0]).unwrap();
    assert_eq!((files.len(), content.len() as u64), (1, bytes));
    assert!(!content.windows(words.len()).any(|piece| piece == words.as_bytes()));
    // Its own bundle is for the county, and it says so instead of taking it for news.
    let home = carried(&carrier, Way::Home, &stick).await;
    assert_eq!(home, Carrying::Read { entries: 0, receipts: 0, passed_over: 1 });
    fs::remove_dir_all(&stick).unwrap();
    assert_eq!(carried(&carrier, Way::Out, &stick).await, Carrying::Failed("carry-failed"));
}

/// What the county would be asked if somebody touched it now.
fn asks(desk: &Desk) -> Option<Asks> {
    let Screen::Enrol(screen) = desk.app.screen() else { panic!("on {}", desk.app.screen().name()) };
    screen.asks()
}

#[test]
fn the_square_code_of_the_hub_says_everything_and_any_other_says_nothing() {
    let mut desk = officer();
    desk.touch("入网").event(invitation());
    desk.sees("hub.example:4433").sees("ABCD 2345").sees("扫好了");
    let pinned = Invitation { pin: Some("0f".repeat(16)), ..Invitation::typed("hub.example:4433", "ABCD2345") };
    assert_eq!(asks(&desk), Some(Asks::Hub(pinned)));
    // Another code is typed over it: the mark of the county that gave the first is not for it.
    desk.touch("Erase").type_keys("6").does_not_see("扫好了");
    assert_eq!(asks(&desk), Some(Asks::Hub(Invitation::typed("hub.example:4433", "ABCD2346"))));
    desk.touch("Call").sees("384 610");
    desk.event(invitation());
    desk.sees("384 610");

    let mut desk = officer();
    desk.touch_all(&["入网", "有网，直接入网"]);
    for digit in sample_ticket(7).digits().chars().take(2) {
        desk.event(Event::Typed(Typed::Digit(digit as u8 - b'0')));
    }
    desk.event(Event::Typed(Typed::Stray(2)));
    desk.event(Event::Typed(Typed::Scanned(sample_ticket(7).digits())));
    desk.sees("这不是入网的方码").sees("县里的地址").does_not_see("0412");
    // By stick the same square gives its code alone.
    desk.touch_all(&["返回", BY_STICK]).event(invitation());
    assert_eq!(asks(&desk), Some(Asks::Stick(Some("ABCD2345".to_owned()))));
}

#[test]
fn where_there_is_no_network_a_letter_is_written_and_its_answer_looked_for_by_touches_and_by_keys() {
    fn touched(desk: &mut Desk, target: &str) {
        desk.touch(target);
    }
    fn keyed(desk: &mut Desk, target: &str) {
        desk.key_to(target);
    }
    for choose in [touched as fn(&mut Desk, &str), keyed] {
        let mut desk = officer();
        let mut all = |targets: &[&str]| targets.iter().for_each(|target| choose(&mut desk, target));
        all(&["入网", BY_STICK, "a", "b", "c", "d", "2", "3", "4", "Call"]);
        all(&["5", "Call"]);
        desk.sees("写好了，可以拔了").sees("384 610").does_not_see("八位码");
        choose(&mut desk, "看U盘上的答复");
        desk.sees("还没有答复").sees("384 610");
        for target in ["手机来了", "1", ":", "2", "Code", "Erase", "5", "Call"] {
            choose(&mut desk, target);
        }
        desk.sees("陈代表的手机捎上了").sees("384 610");
        choose(&mut desk, "换一个码");
        desk.sees("没有网，用U盘").sees("有网，直接入网");
        desk.key(Key::Back).is_on("Service");
    }
}

#[test]
fn switching_off_is_asked_about() {
    let mut desk = officer();
    desk.touch_all(&["关机", "不关"]).is_on("Service");
    desk.touch_all(&["关机", "关机"]).sees("正在关机");
}

#[test]
fn nobodys_answer_gives_a_fit_up() {
    let mut desk = officer();
    desk.touch("触摸校准").touch_crosses();
    desk.is_on("Fitted");
    desk.wait(TRIED_FOR + Duration::from_secs(1));
    desk.is_on("Service");
    desk.touch("触摸校准").touch_crosses();
    desk.touch("点得准").is_on("Service");
}

#[test]
fn a_test_slip_bears_no_number_and_the_officer_sees_whether_it_came() {
    let printed = |desk: &mut Desk| {
        let effects = desk.app.take_effects().into_iter();
        effects.filter(|effect| matches!(effect, Effect::Print(receipt) if receipt.sheet == Sheet::Test)).count()
    };
    let mut desk = Desk::with_printer(LARGE);
    desk.touch_all(&["Help", "Service"]).show_pin();
    desk.touch_all(&["打印机", "印一张试试"]).is_on("Facts").sees("正在印小票");
    assert_eq!(printed(&mut desk), 1);
    // Late news of a villager's slip is not about this one.
    desk.event(Event::Printed(Sheet::Ticket(sample_stub(1))));
    desk.sees("正在印小票");
    desk.event(Event::Printed(Sheet::Test));
    desk.sees("小票印好了");
    desk.touch("印一张试试").event(Event::NotPrinted(Sheet::Test));
    desk.sees("没有印出来");
    assert_eq!(printed(&mut desk), 1);
    desk.touch("再看一次").does_not_see("没有印出来");

    let mut desk = officer();
    desk.touch_all(&["打印机", "印一张试试"]).sees("没有接打印机");
    assert_eq!(printed(&mut desk), 0);
}

/// A data directory with a panel, and the kiosk over it.
struct Machine {
    directory: PathBuf,
    panel: Panel,
    desk: Desk,
}

const WIRING: &str = "# ours\n[touch]\ndevice = \"panel\"\nx = [0, 4096]\ny = [0, 4096]\n";

impl Machine {
    fn new(name: &str) -> Self {
        let directory = std::env::temp_dir().join(format!("huiyin-service-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join("wiring.toml"), WIRING).unwrap();
        let held = Arc::new(DataDir::hold(&directory).unwrap());
        pin::set(&held, kiosk::service::sample::PIN).unwrap();
        let mut panel = Wiring::read(&directory).unwrap().touch.unwrap();
        panel.device = directory.join("panel");
        let [news, done, off] = [(); 3].map(|()| Arc::new(Notify::new()));
        let upkeep = Upkeep::new(held.clone(), Some(panel.clone()), Reports::default(), off)
            .to_enrol(Enrolment::new(held, news, done));
        let now = Instant::now();
        let app = App::new(Box::new(Blank::new(Trouble::NotEnrolled, Box::new(upkeep))), LARGE, now);
        Self { directory, panel, desk: Desk { app, station: Shared::default(), now } }
    }

    /// A finger on the panel, which reports this; through the event file, as from the kernel.
    fn finger(&mut self, x: i32, y: i32) {
        let event = |kind: u16, code: u16, value: i32| {
            [&[0; 16][..], &kind.to_ne_bytes(), &code.to_ne_bytes(), &value.to_ne_bytes()].concat()
        };
        let down = [event(3, 0, x), event(3, 1, y), event(1, 0x14A, 1), event(0, 0, 0)];
        let up = [event(1, 0x14A, 0), event(0, 0, 0)];
        fs::write(&self.panel.device, [down.concat(), up.concat()].concat()).unwrap();
        let mut fingers: Vec<Finger> = Vec::new();
        self.desk.wait(Duration::from_millis(400));
        read_fingers(&self.panel, LARGE, |finger| {
            fingers.push(finger);
            true
        })
        .unwrap();
        for Finger { kind, at } in fingers {
            let kind = match kind {
                FingerKind::Down => TouchKind::Down,
                FingerKind::Move => TouchKind::Move,
                FingerKind::Up => TouchKind::Up,
            };
            self.desk.event(Event::Touch(Touch { kind, at }));
        }
    }

    fn wiring(&self) -> String {
        fs::read_to_string(self.directory.join("wiring.toml")).unwrap()
    }

    /// Where a finger comes down that touches the middle of this target, by the panel's true edges.
    fn finger_on(&mut self, target: &str) {
        let Point { x, y } = self.desk.place_of(target);
        self.finger(4_000 - x * 3_000 / LARGE.width as i32, 500 + y * 3_000 / LARGE.height as i32);
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// The panel is mirrored and smaller than its wiring says: 4000 to 1000 from left to right, 500 to 3500 downwards.
const CROSSES: [(i32, i32); 4] = [(3_700, 800), (1_300, 800), (1_300, 3_200), (3_700, 3_200)];

#[tokio::test]
async fn a_panel_that_misses_is_fitted_by_four_touches_and_one_that_is_not_confirmed_goes_back() {
    let mut machine = Machine::new("fit");
    machine.desk.touch_all(&["Help", "Service"]).show_pin();
    machine.desk.touch("触摸校准");
    CROSSES.iter().for_each(|(x, y)| machine.finger(*x, *y));
    machine.desk.is_on("Fitted");
    machine.desk.wait(TRIED_FOR + Duration::from_secs(1));
    machine.desk.is_on("Service");
    assert_eq!((machine.wiring().as_str(), machine.panel.fit.edges()), (WIRING, None));

    machine.desk.touch("触摸校准");
    CROSSES.iter().for_each(|(x, y)| machine.finger(*x, *y));
    machine.finger_on("点得准");
    machine.desk.is_on("Service");
    assert!(
        machine.wiring().starts_with("# ours\n[touch]\nx = [4000, 1000]\ny = [500, 3500]\n"),
        "{}",
        machine.wiring()
    );
    machine.finger_on("网络");
    machine.desk.is_on("Facts");
    machine.desk.event(Event::Button);
    machine.finger_on("查进度");
    machine.desk.is_on("Troubles");
}

#[tokio::test]
async fn touches_beside_the_crosses_begin_again_and_change_nothing() {
    let mut machine = Machine::new("beside");
    machine.desk.touch_all(&["Help", "Service"]).show_pin();
    machine.desk.touch("触摸校准");
    [(3_700, 800), (1_300, 800), (3_700, 3_200), (1_300, 3_200)].iter().for_each(|(x, y)| machine.finger(*x, *y));
    machine.desk.is_on("Calibrate").sees("没有点准").sees("1/4");
    machine.desk.event(Event::Button);
    machine.desk.is_on("Home");
    assert_eq!((machine.wiring().as_str(), machine.panel.fit.edges()), (WIRING, None));
}

#[tokio::test]
async fn a_machine_without_a_county_says_so_takes_nothing_and_tells_how_it_is() {
    let mut machine = Machine::new("blank");
    machine.desk.sees("还没有入网");
    machine.desk.touch("提意见").is_on("Troubles");
    machine.desk.touch_all(&["返回", "Help", "Service"]).show_pin();
    machine.desk.touch("存储").sees("还剩").sees("MB").sees("正常");
    machine.desk.touch_all(&["返回", "网络"]).sees("还没有入网");
    machine.desk.touch_all(&["返回", "录提示音"]).sees("还有");
    machine.desk.touch_all(&["返回", "入网", "有网，直接入网", "Call"]).is_on("Enrol");
    machine.desk.type_keys("127.0.0.1:1").touch("Code").type_keys("abcd234u").touch("Call").sees("正在找");
}
