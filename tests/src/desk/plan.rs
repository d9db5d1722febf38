//! Who lives in the county on the desk.

use crate::world::Part;

/// One device and who sits before it.
pub struct Seat {
    /// Its directory, and its name in addresses.
    pub key: &'static str,
    /// Which program.
    pub part: Part,
    /// Its name among people.
    pub name: &'static str,
    /// The same in English.
    pub en: &'static str,
    /// Where it works.
    pub areas: &'static [&'static str],
    /// By which ways opinions come to it.
    pub channels: &'static [&'static str],
    /// The deputy who carries it.
    pub deputy: Option<&'static str>,
    /// How many opinions it has heard before it first meets the hub.
    pub opinions: usize,
}

impl Seat {
    /// As it is named in lines on the terminal.
    pub fn label(&self) -> String {
        format!("{} {}", self.part.word(), self.name)
    }
}

/// One operator of each role: the name to sign in with, the name among people, and what the command line is told.
pub const OPERATORS: &[(&str, &str, &[&str])] = &[
    ("liuyan", "刘燕", &["--role", "clerk"]),
    ("fangmin", "方敏", &["--role", "reviewer"]),
    ("sunhao", "孙浩", &["--role", "body", "--body", "交通局"]),
    ("zhouqm", "周启明", &["--role", "deputy", "--area", "990127101"]),
    ("gaoyuan", "高远", &["--role", "supervisor"]),
    ("shenjing", "沈静", &["--role", "auditor"]),
    ("tangli", "唐立", &["--role", "administrator"]),
];

const HEARD_BY_KIOSK: &[&str] = &["自助终端", "自助终端", "自助终端", "联络站接待"];
const HEARD_BY_DEPUTY: &[&str] = &["代表走访", "代表走访", "联络站接待", "电话"];

/// Three villages and three deputies; 周启明 and 林秀珍 both work in 石桥镇, so that two may write on one opinion.
pub const SEATS: &[Seat] = &[
    Seat {
        key: "kiosk-shiqiao",
        part: Part::Kiosk,
        name: "石桥村",
        en: "Shiqiao Village",
        areas: &["990127101201"],
        channels: HEARD_BY_KIOSK,
        deputy: None,
        opinions: 210,
    },
    Seat {
        key: "kiosk-liuhe",
        part: Part::Kiosk,
        name: "柳河村",
        en: "Liuhe Village",
        areas: &["990127102201"],
        channels: HEARD_BY_KIOSK,
        deputy: None,
        opinions: 190,
    },
    Seat {
        key: "kiosk-yunshang",
        part: Part::Kiosk,
        name: "云上村",
        en: "Yunshang Village",
        areas: &["990127201201"],
        channels: HEARD_BY_KIOSK,
        deputy: None,
        opinions: 160,
    },
    Seat {
        key: "field-zhou",
        part: Part::Field,
        name: "周启明",
        en: "Zhou Qiming",
        areas: &["990127101"],
        channels: HEARD_BY_DEPUTY,
        deputy: Some("周启明"),
        opinions: 340,
    },
    Seat {
        key: "field-lin",
        part: Part::Field,
        name: "林秀珍",
        en: "Lin Xiuzhen",
        areas: &["990127101", "990127102"],
        channels: HEARD_BY_DEPUTY,
        deputy: Some("林秀珍"),
        opinions: 320,
    },
    Seat {
        key: "field-he",
        part: Part::Field,
        name: "何建平",
        en: "He Jianping",
        areas: &["990127201", "990127202"],
        channels: HEARD_BY_DEPUTY,
        deputy: Some("何建平"),
        opinions: 300,
    },
];
