//! Every path through the kiosk, step by step: one table for the stories on the headless screen and for those in a browser.

use std::time::Duration;

use civic_core::token::Token;
use hardware::keyboard::Typed;
use kiosk::{
    app::{App, Event},
    sample::{sample_opening, sample_spots, sample_stub, sample_ticket, sample_tokens},
    service::sample::PIN,
    station::NotSaved,
    trouble::Trouble,
};

use crate::{
    looks::LARGE,
    support::{Desk, invitation_code, packs, recording},
};

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// What says this, or bears it as its name, is chosen.
    Choose(&'a str),
    /// Digits are chosen on the pad, one after the other.
    Digits(String),
    /// 十 is written into the square.
    Ten,
    /// The four crosses are touched.
    Crosses,
    /// Something happens beside the screen.
    Happens(What),
}

/// What happens beside the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// This is held under the scanner.
    Scanned(String),
    /// The microphone hands over what was said.
    Spoken,
    /// Nobody is there for two minutes.
    Gone,
    /// The button on the case is pressed.
    Button,
    /// The disk is full.
    Full,
    /// The disk has room again.
    Room,
    /// Something of the box does not work.
    Trouble,
    /// The station has news.
    News,
}

impl<'a> Step<'a> {
    /// The steps of a path, each with how it stands in the table.
    pub fn all(path: &'a str) -> impl Iterator<Item = (&'a str, Self)> {
        path.split(" · ").map(|step| (step, Self::read(step)))
    }

    /// A step as it stands in the table: what is chosen, or something else behind an `@`.
    fn read(step: &'a str) -> Self {
        let what = match step {
            "@ten" => return Step::Ten,
            "@crosses" => return Step::Crosses,
            "@number" => return Step::Digits(sample_ticket(90_155).digits()),
            "@bare" => return Step::Digits(sample_ticket(90_156).digits()),
            "@erased" => return Step::Digits(sample_ticket(90_157).digits()),
            "@unknown" => return Step::Digits(sample_ticket(7).digits()),
            "@opening" => return Step::Digits(sample_opening().number.digits()),
            "@household" => return Step::Digits(sample_tokens()[1].digits()),
            "@nobody's" => return Step::Digits(Token::new([9; 8]).digits()),
            "@pin" => return Step::Digits(PIN.to_owned()),
            "@phone" => return Step::Digits("13800138000".to_owned()),
            "@slip" => What::Scanned(sample_stub(90_155).code()),
            "@token" => What::Scanned(sample_tokens()[0].digits()),
            "@invitation" => What::Scanned(invitation_code()),
            "@spoken" => What::Spoken,
            "@gone" => What::Gone,
            "@button" => What::Button,
            "@full" => What::Full,
            "@room" => What::Room,
            "@trouble" => What::Trouble,
            "@news" => What::News,
            target => return Step::Choose(target),
        };
        Step::Happens(what)
    }
}

impl What {
    /// Lets it happen at this desk.
    pub fn happens(&self, desk: &mut Desk) {
        let station = desk.station.0.clone();
        match self {
            What::Scanned(code) => desk.event(Event::Typed(Typed::Scanned(code.clone()))),
            What::Spoken => desk.event(Event::Recorded { recording: recording(), is_audible: true }),
            What::Gone => desk.wait(Duration::from_secs(120)),
            What::Button => desk.event(Event::Button),
            What::Full => station.lock().unwrap().refuses = Some(NotSaved::DiskFull),
            What::Room => station.lock().unwrap().refuses = None,
            What::Trouble => desk.has_troubles(&[Trouble::NoPaper, Trouble::NoDate]),
            What::News => desk.event(Event::News),
        }
    }
}

/// A villager before a station that has everything.
pub fn desk() -> Desk {
    let mut desk = Desk::new(LARGE);
    desk.station.0.lock().unwrap().spots = sample_spots();
    desk.app = App::new(Box::new(desk.station.clone()), LARGE, desk.now).with_packs(packs());
    desk
}

/// The end of saying something, from where it was said.
macro_rules! handed_in {
    () => {
        " · 不说这个 · 不说这个 · 不用留 · 对，交上去 · 记好了，回首页"
    };
}

/// Past the service PIN.
macro_rules! officer {
    ($rest:literal) => {
        concat!("Help · Service · @pin · 打开 · ", $rest)
    };
}

/// The paths by their names, each a line of steps; see [`Step::read`].
pub const PATHS: &[(&str, &str)] = &[
    (
        "spoken, heard, said again, longer, kept from the village",
        "提意见 · 道路交通 · 说给它听 · 说完了 · @spoken · 听一遍 · 重新说 · 再加一分钟 · 说完了 · @spoken · 就这样 · 这几天 · \
         还有别的地方 · 晒场 · 不让村里知道 · 不用留 · 改一改 · 就这样 · 更久了 · 一组 · 不用留 · 对，交上去 · 记好了，回首页",
    ),
    (
        "in pinyin, with number and name",
        "提意见 · 饮水安全 · 写下来 · 用拼音写 · s · h · u · i · 水 · g · u · a · n · 更多 · Press(Space) · 数字 · 3 · 用拼音写 · \
         x · Press(Erase) · 写好了 · 这个月 · 村口 · 留个电话 · 我满十四岁，同意留 · @phone · 按好了 · 陈 · s · h · u · i · 水 · 写好了 · \
         对，交上去 · 记好了，回首页",
    ),
    (
        "on nine keys, with initials",
        concat!(
            "提意见 · 教育 · 写下来 · 用拼音写 · 九键 · pqrs · ghi · tuv · ghi · Press(Space) · 。 · 全键 · x · l · \
                 Press(Space) · 写好了",
            handed_in!()
        ),
    ),
    (
        "by hand",
        concat!(
            "提意见 · 其他 · 写下来 · 用手写 · @ten · 十 · @ten · 下一个字 · @ten · Undo · 返回 · 用手写 · 写好了",
            handed_in!()
        ),
    ),
    ("a helper writes", concat!("提意见 · 治安 · 请人帮我写 · 晚上不安全 · 写好了", handed_in!())),
    (
        "ready sentences, cleared, changed, looked up in",
        concat!(
            "提意见 · 道路交通 · 写下来 · 路灯坏了，晚上看不见 · 桥不安全，请来看看 · 村里的路坏了，不好走 · 下雨路上积水 · \
                 路太窄，车过不去 · 看前面 · 看后面 · Erase · 清空 · 留着，接着写 · 清空 · 都不要了 · 还有别的话 · 请来看看，修一修 · 写好了",
            handed_in!()
        ),
    ),
    (
        "a child",
        "提意见 · 其他 · 写下来 · 请代表来一趟 · 写好了 · 今天 · 小学 · 留个电话 · 我还没满十四岁 · 对，交上去 · 记好了，回首页",
    ),
    (
        "no number after all",
        "提意见 · 其他 · 写下来 · 请代表来一趟 · 写好了 · 不说这个 · 不说这个 · 留个电话 · 我满十四岁，同意留 · 1 · 3 · Erase · 不留了 · \
         对，交上去 · 记好了，回首页",
    ),
    (
        "left, asked, and taken back",
        "提意见 · 教育 · 写下来 · 孩子上学太远 · 返回 · 返回 · 返回 · 我还在，接着来 · @button · 回首页 · 提意见",
    ),
    (
        "left to itself and taken up",
        concat!("提意见 · 教育 · 写下来 · 孩子上学太远 · @gone · 提意见 · 是我，接着说 · 写好了", handed_in!()),
    ),
    (
        "left to itself by somebody else",
        "提意见 · 教育 · 写下来 · 孩子上学太远 · @gone · 提意见 · 不是我，我说我的 · 治安",
    ),
    (
        "what became of it, by numbers, and it is not solved",
        "查进度 · @number · 查一查 · 听答复 · @opening · 打开听答复 · 读给我听 · 停一停 · 接着听 · 您满意吗？ · 不满意 · 没解决 · 回首页",
    ),
    ("what became of it, by its slip, and it is solved", "@slip · 您满意吗？ · Skip · 解决了 · 回首页"),
    (
        "of other numbers",
        "查进度 · @unknown · 查一查 · 返回 · @erased · 查一查 · 返回 · @bare · 查一查 · 返回 · 1 · 查一查 · Erase · 返回",
    ),
    ("not what I meant", "@slip · 不是这个意思 · 说给它听 · 说完了 · @spoken · 就这样 · 对，交上去 · 回首页"),
    ("add to it", "@slip · 补充几句 · 写下来 · l · u · Press(Space) · 写好了 · 对，交上去 · 回首页"),
    ("add to it with a finger", "@slip · 补充几句 · 写下来 · 用手写 · @ten · 十 · @ten · 写好了 · 对，交上去 · 回首页"),
    ("name and number back", "@slip · 收回姓名电话 · 不收回 · 收回姓名电话 · 收回，请删掉 · 回首页"),
    (
        "the board, and me too",
        "村里的事 · 公示通知 · 石桥桥面已经修好 · 返回 · 返回 · 大家反映的事 · 石桥桥面开裂 · 我也是 · 回首页",
    ),
    ("me too on a full disk", "村里的事 · 大家反映的事 · 石桥桥面开裂 · @full · 我也是 · @room · 再试一次 · 回首页"),
    (
        "an opinion on a full disk",
        "提意见 · 其他 · 写下来 · 请代表来一趟 · 写好了 · 不说这个 · 不说这个 · 不用留 · @full · 对，交上去 · 再试一次 · 看看我写的 · @room · \
         对，交上去 · 记好了，回首页",
    ),
    (
        "a consultation, every article and every type of question",
        "村里的事 · 请您说一说 · 青禾县饮用水源保护办法（征求意见稿） · 开始 · 同意 · 下一页 · 不同意 · 我要说 · 说给它听 · 说完了 · @spoken · \
         就这样 · 下一页 · 不说这个，下一页 · 还行 · 下一页 · 水井 · 下一页 · 停水 · 太贵 · 停水 · 下一页 · 4 · 下一页 · 换水管 · 清垃圾 · \
         下一页 · 石桥水库 · 下一页 · 写下来 · l · u · Press(Space) · 写好了 · 用手写 · @ten · 十 · @ten · 写好了 · 返回 · 下一页 · 下一页 · \
         说给它听 · 说给它听 · 说完了 · @spoken · 就这样 · 下一页 · 交给县里 · 回首页",
    ),
    ("a consultation to which nothing is said", "村里的事 · 请您说一说 · 青禾县饮用水源保护办法（征求意见稿） · 返回"),
    (
        "a vote",
        "村里的事 · 请您说一说 · 二〇二七年民生实事项目票选 · 按选票号投票 · @nobody's · 打开选票 · Erase · 返回 · 按选票号投票 · @household · \
         打开选票 · Project(0) · Project(2) · Project(0) · Project(1) · 选好了 · 改一改 · 选好了 · 投票 · 回首页",
    ),
    ("a vote by the household's slip", "@token · Project(0) · 选好了 · 投票 · 回首页"),
    ("what came of a vote", "村里的事 · 请您说一说 · Tally(0) · 返回 · 返回 · 返回"),
    (
        "a talk with a deputy",
        "村里的事 · 找代表 · At(3) · 约代表谈谈 · 说给它听 · 说完了 · @spoken · 就这样 · 不用留 · 对，交上去 · 记好了，回首页",
    ),
    (
        "language, letters, colours, voice",
        "Help · 大字 · 黑底白字 · 大一点 · 小一点 · 小一点 · 英文 · Change(Pack(2)) · Change(Language(Chinese)) · 返回",
    ),
    (
        "read aloud",
        "Help · 读出来 · 返回 · 提意见 · 治安 · 写下来 · 晚上不安全 · 写好了 · 不说这个 · 不说这个 · 不用留 · 对，交上去 · \
         把听答复的号念给我听 · 记好了，回首页",
    ),
    ("what does not work", "@trouble · Troubles · 返回"),
    (
        "the machine's own facts",
        officer!(
            "网络 · 再看一次 · 返回 · 存储 · 返回 · 打印机 · 印一张试试 · 返回 · 收发 · 返回 · 日志 · 返回 · 返回"
        ),
    ),
    (
        "fitting the panel",
        officer!("触摸校准 · 不校准了 · 触摸校准 · @crosses · 点得准 · 触摸校准 · @crosses · 恢复原样 · 返回"),
    ),
    ("recording prompts", officer!("录提示音 · 开始录 · 说完了 · @spoken · 听一遍 · 就这样 · 先跳过 · 返回 · 返回")),
    ("a stick out", officer!("U盘 · 把话带出去 · @news · 再找一次 · 返回 · 返回")),
    ("a stick home", officer!("U盘 · 把回话带进来 · @news · 返回 · 返回")),
    ("enrolled by a scan", officer!("入网 · @invitation · Call · 返回")),
    (
        "enrolled by typing",
        officer!("入网 · 有网，直接入网 · h · : · 1 · Code · a · b · c · d · 2 · 3 · 4 · x · Erase · 5 · Call · 返回"),
    ),
    (
        "enrolled by stick",
        officer!("入网 · 没有网，用U盘 · a · b · c · d · 2 · 3 · 4 · 5 · Call · 看U盘上的答复 · 换一个码 · 返回"),
    ),
    (
        "enrolled with a phone",
        officer!(
            "入网 · 没有网，用手机 · 1 · : · 2 · Code · a · b · c · d · 2 · 3 · 4 · 5 · Call · 手机来了 · 返回 · 返回"
        ),
    ),
    ("switched off", officer!("关机 · 不关 · 关机 · 关机")),
];
