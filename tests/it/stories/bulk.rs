//! Five hundred opinions of a file go into a kiosk and, in one meeting, to the county; nobody on the way reads a name.

use std::{fs, path::Path};

use serde_json::Value;
use tests::world::{Part, wait_for};

use super::{SHIQIAO, Story};

const COUNT: usize = 500;

#[test]
fn a_file_of_opinions_reaches_the_county_in_one_meeting() {
    let mut story = Story::begin("bulk");
    story.enrolled("kiosk", Part::Kiosk, "石桥村", &[SHIQIAO]);
    let file = story.file(1, COUNT);
    let said = story.world.tell("kiosk", &["import", file.to_str().unwrap()]).unwrap().good().unwrap();
    assert_eq!(said.trim(), "500 records entered, 0 were here already, 0 refused");
    let said = story.world.tell("kiosk", &["import", file.to_str().unwrap()]).unwrap().good().unwrap();
    assert_eq!(said.trim(), "0 records entered, 500 were here already, 0 refused");

    story.world.road("kiosk").unwrap().listen_in();
    let report = story.world.tell("kiosk", &["sync", "--once", "--json"]).unwrap().good().unwrap();
    let report: Value = serde_json::from_str(&report).unwrap();
    assert!(report["entries_up"].as_u64().unwrap() > COUNT as u64, "{report}");
    wait_for("500 merged opinions and their slips", || {
        let status = story.world.status("hub")?;
        (status["opinions"] == COUNT && status["slips"] == COUNT).then_some(())
    })
    .unwrap();
    let report = story.world.tell("kiosk", &["sync", "--once", "--json"]).unwrap().good().unwrap();
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["in_step"], true, "{report}");

    let at_hub = story.world.tell("hub", &["export"]).unwrap().good().unwrap();
    let at_kiosk = story.world.tell("kiosk", &["export"]).unwrap().good().unwrap();
    assert_eq!(at_hub.lines().count(), COUNT);
    assert!(at_hub == at_kiosk, "both sides export the same");
    for key in ["kiosk", "hub"] {
        let said = story.world.tell(key, &["verify"]).unwrap().good().unwrap();
        assert!(said.contains("sound"), "{said}");
    }

    let names = names_and_phones(&fs::read_to_string(&file).unwrap());
    assert!(names.len() > COUNT);
    let heard = story.world.road("kiosk").unwrap().heard();
    assert!(heard.len() > 10_000, "the road was listened in");
    assert_none_in("the road", &heard, &names);
    for (place, bytes) in files_below(&story.world.data("kiosk")) {
        assert_none_in(&place, &bytes, &names);
    }
    assert_none_in("the kiosk's export", at_kiosk.as_bytes(), &names);
}

/// Every name and phone of an import file.
fn names_and_phones(text: &str) -> Vec<String> {
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines
        .flat_map(|line| ["submitter", "phone"].map(|key| line["init"][key].as_str().map(str::to_owned)))
        .flatten()
        .collect()
}

fn files_below(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_below(&path));
        } else {
            found.push((path.display().to_string(), fs::read(&path).unwrap()));
        }
    }
    found
}

/// Looks for each of `words` at every place of `bytes`, by their first six bytes first.
fn assert_none_in(place: &str, bytes: &[u8], words: &[String]) {
    let mut by_start = std::collections::BTreeMap::<&[u8], Vec<&str>>::new();
    for word in words {
        by_start.entry(&word.as_bytes()[..6]).or_default().push(word);
    }
    for (at, start) in bytes.windows(6).enumerate() {
        for word in by_start.get(start).into_iter().flatten() {
            assert!(!bytes[at..].starts_with(word.as_bytes()), "{word} can be read in {place}");
        }
    }
}
