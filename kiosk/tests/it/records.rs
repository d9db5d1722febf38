//! The screens over a real ledger on disk.

use std::{path::PathBuf, sync::Arc, time::Instant};

use civic_core::{
    access::{Role, Scope},
    area::Area,
    id::hex,
    opinion::Field,
    seal::{OpenKey, Seed},
    ticket::Ticket,
    time::UnixSeconds,
};
use kiosk::{
    app::App,
    records::Records,
    station::{Counts, Draft, Found, Stage, Station},
};
use ledger::{Ledger, query::Filter};
use replica::{
    device::Device,
    dir::DataDir,
    identity::{Card, Identity, key_of},
};

use crate::{
    looks::LARGE,
    support::{Desk, Shared},
};

const CODEBOOK: &str = r#"
county = { name = "云水县", en = "Yunshui County", area = "451025" }
place = [{ area = "451025101202", name = "石桥村", en = "Shiqiao", station = "石桥村代表联络站" }]
topic = [{ name = "道路交通", en = "Roads", picture = "road", phrases = ["路灯坏了"] }]
channel = [{ name = "自助终端", en = "Kiosk" }]
state = [{ name = "待办", en = "New", is_final = true, plain = "县里收到了" }]
step = []
"#;

/// An enrolled kiosk's directory, removed when it is dropped.
pub struct Directory(PathBuf);

impl Directory {
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("huiyin-kiosk-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        let dir = DataDir::hold(&path).unwrap();
        let key = key_of(&dir).unwrap();
        let card = Card {
            scope: Scope { role: Role::Kiosk, areas: vec![Area::parse("451025101202").unwrap()] },
            name: "石桥终端".to_owned(),
            number: 412,
            hub: "127.0.0.1:1".to_owned(),
            hub_key: "00".repeat(32),
            authority: String::new(),
            certificate: hex(&key.verifying_key().to_bytes()),
            seal_key: OpenKey::make(1, Seed([7; 32])).seal_key().unwrap(),
            codebook: CODEBOOK.to_owned(),
            enrolled_at: UnixSeconds(0),
        };
        Identity::save_card(&dir, &card).unwrap();
        Self(path)
    }

    pub fn open(&self) -> (DataDir, Ledger, Records) {
        let (held, identity, ledger) = ledger::command::open(Role::Kiosk, &self.0).unwrap();
        let device = Arc::new(Device::new(identity, ledger.log().clone()));
        let records = Records::new(ledger.clone(), device).unwrap();
        (held, ledger, records)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn what_a_villager_says_is_on_disk_when_the_number_is_shown() {
    let directory = Directory::new("files");
    let ticket = {
        let (_held, ledger, records) = directory.open();
        let now = Instant::now();
        let app = App::new(Box::new(records), LARGE, now);
        let mut desk = Desk { app, station: Shared::default(), now };
        desk.sees("石桥村代表联络站").sees("云水县").does_not_see("石桥村石桥村");
        desk.touch_all(&["提意见", "道路交通", "路灯坏了", "写好了", "留个电话"]);
        for digit in "13800138000".chars() {
            desk.touch(&digit.to_string());
        }
        desk.touch_all(&["按好了", "对，交上去"]).is_on("Filed");
        let line = ledger.list(&Filter { limit: 9, ..Filter::default() }).unwrap().lines.remove(0);
        assert_eq!(
            (line.topic.as_str(), line.body.as_str(), line.channel.as_str()),
            ("道路交通", "路灯坏了", "自助终端")
        );
        assert!(line.has_contact && !line.body.contains("138"));
        let ticket = Ticket::parse(&line.ticket).unwrap();
        desk.sees(&ticket.to_string());
        ticket
    };
    // The plug is pulled, and somebody starts the kiosk again.
    let (_held, ledger, records) = directory.open();
    assert_eq!(records.find(&ticket), Found::Filed(Stage::Here));
    assert_eq!(records.counts(), Counts { here: 1, ..Counts::default() });
    let id = ledger.by_ticket(&ticket).unwrap().unwrap();
    let opinion = ledger.opinion(&id).unwrap().unwrap().opinion;
    assert_eq!([Field::Village, Field::Station].map(|field| opinion.field(field)), ["石桥村", "石桥村代表联络站"]);
}

#[test]
fn a_number_from_elsewhere_is_unknown_until_news_of_it_comes() {
    let directory = Directory::new("unknown");
    let (_held, _ledger, mut records) = directory.open();
    assert_eq!(records.find(&Ticket::new(9, 9).unwrap()), Found::Unknown);
    let draft =
        Draft { topic: "道路交通".to_owned(), body: "路灯坏了".to_owned(), phone: None, ..Draft::default() };
    let ticket = records.file(&draft).unwrap();
    assert!(ticket.digits().starts_with("0412"));
}
