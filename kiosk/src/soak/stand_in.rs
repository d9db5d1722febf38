//! A directory as of an enrolled kiosk, in a county that does not exist and whose hub answers nobody.

use std::{fs, path::Path};

use anyhow::{Context, ensure};
use civic_core::{
    access::{Role, Scope},
    area::Area,
    id::hex,
    seal::{OpenKey, Seed},
    time::UnixSeconds,
};
use replica::{
    dir::DataDir,
    identity::{Card, Identity, key_of},
};

/// The county: one village, one topic, all that a screen needs.
const CODEBOOK: &str = r#"
county = { name = "云水县", en = "Yunshui County", area = "451025" }
place = [{ area = "451025101202", name = "石桥村", en = "Shiqiao", station = "石桥村代表联络站" }]
topic = [{ name = "道路交通", en = "Roads", picture = "road", phrases = ["路灯坏了"] }]
channel = [{ name = "自助终端", en = "Kiosk" }]
state = [{ name = "待办", en = "New", is_final = true, plain = "县里收到了" }]
step = []
"#;

/// The village of that county.
const VILLAGE: &str = "451025101202";

/// Makes the directory. One that holds anything is refused: random words must never get among real ones.
pub fn enrol(directory: &Path) -> anyhow::Result<()> {
    let is_empty = fs::read_dir(directory).map_or(true, |mut entries| entries.next().is_none());
    ensure!(is_empty, "{} is not empty; name a directory that is not there yet", directory.display());
    let dir = DataDir::hold(directory)?;
    let key = key_of(&dir)?;
    let seal_key = OpenKey::make(1, Seed([7; 32])).seal_key().context("Making a county's key")?;
    let village = Area::parse(VILLAGE).context("The stand-in's village is no area")?;
    let card = Card {
        scope: Scope { role: Role::Kiosk, areas: vec![village] },
        name: "石桥终端".to_owned(),
        number: 412,
        hub: "127.0.0.1:1".to_owned(),
        hub_key: "00".repeat(32),
        authority: String::new(),
        spare: String::new(),
        salt: String::new(),
        retired: String::new(),
        certificate: hex(&key.verifying_key().to_bytes()),
        seal_key,
        codebook: CODEBOOK.to_owned(),
        edition: 0,
        enrolled_at: UnixSeconds(0),
        renewed_at: None,
        former: Vec::new(),
        board: String::new(),
    };
    Identity::save_card(&dir, &card)?;
    Ok(())
}
