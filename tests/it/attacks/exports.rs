//! What is taken away as a file is opened by other programs, which believe what stands in it.

use serde_json::Value;
use sync_hub::audit::{Action, search::Search};
use tests::world::{Part, wait_for};

use super::{Field, Ground, found};
use crate::stories::SHIQIAO;

static GROUND: Ground = Ground::new();

/// Files one opinion with this text, and gives the export of it.
fn exported(field: &mut Field<'_>, key: &str, body: &str) -> String {
    let story = field.story();
    story.enrolled(key, Part::Kiosk, "石桥村", &[SHIQIAO]);
    let id = format!("{:032x}", key.bytes().fold(7u128, |sum, byte| sum * 131 + u128::from(byte)));
    let line = serde_json::json!({
        "id": id,
        "init": { "body": body, "title": body, "submitter": "王某某", "phone": "10001234567", "timeline": [] },
        "steps": [],
    });
    let file = story.dir.join(format!("{key}.jsonl"));
    std::fs::write(&file, format!("{line}\n")).unwrap();
    story.world.tell(key, &["import", file.to_str().unwrap()]).unwrap().good().unwrap();
    story.world.tell(key, &["sync", "--once", "--json"]).unwrap().good().unwrap();
    wait_for("the opinion", || story.world.tell("hub", &["export"]).unwrap().out.contains(&id).then_some(())).unwrap();
    story.world.tell("hub", &["export"]).unwrap().good().unwrap()
}

/// 断行注入 line breaks that would make two records of one
/// - refused: export: one record is one line, whatever was said
/// - audit: the export, as any; anybody may say anything
#[test]
fn one_record_stays_one_line_whatever_was_said() {
    let mut field = GROUND.enter("exports");
    let export = exported(&mut field, "e1", "一行\n{\"id\":\"伪造\"}\r\n\u{2028}\u{85}两行");
    for line in export.lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        assert_eq!(record["id"].as_str().unwrap().len(), 32);
    }
}

/// 公式注入 a text that a spreadsheet would reckon with, or that opens an address (formula injection)
/// - refused: export: in a sheet everything that was said is marked as text
/// - audit: the export, as any; anybody may say anything
#[test]
fn no_text_becomes_a_formula_in_a_sheet() {
    let mut field = GROUND.enter("exports");
    let tricks = ["=HYPERLINK(\"http://evil.example\")", "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "＝1"];
    for (number, trick) in tricks.iter().enumerate() {
        exported(&mut field, &format!("f{number}"), trick);
    }
    let sheet = field.story().dir.join("all.csv");
    field.story().world.tell("hub", &["export", "--csv", sheet.to_str().unwrap()]).unwrap().good().unwrap();
    let sheet = std::fs::read_to_string(sheet).unwrap();
    for start in ['=', '+', '-', '@', '\t', '＝'] {
        for quote in [format!("\"{start}"), format!(",{start}"), format!("\n{start}")] {
            assert!(!sheet.contains(&quote), "{quote:?} in {sheet}");
        }
    }
    assert!(sheet.contains("\"'=HYPERLINK"), "it is there, as text: {sheet}");
    let exports = Search { action: Some(Action::Export), ..Search::default() };
    assert!(found(field.story(), &exports) > 0);
}

/// 导出带走姓名电话 personal details ride along in an export
/// - refused: export: sealed details are no part of it
/// - audit: the export, as any; there is nothing in it to open
#[test]
fn no_name_and_no_number_is_in_an_export() {
    let mut field = GROUND.enter("exports");
    let export = exported(&mut field, "e2", "修路");
    assert!(!export.contains("王某某") && !export.contains("10001234567"), "{export}");
}

/// 冒名字段 a record that brings fields of its own, to pass for the county's
/// - refused: export: what has no home stands under `extra`
/// - audit: the export, as any
#[test]
fn a_field_of_somebodys_own_does_not_pass_for_the_countys() {
    let mut field = GROUND.enter("exports");
    let story = field.story();
    story.enrolled("e3", Part::Kiosk, "石桥村", &[SHIQIAO]);
    let line = r#"{"id":"3333333333333333333333333333bbbb","init":{"body":"甲","ticket":"0000000000","verified":"yes","__proto__":"x","timeline":[]},"steps":[]}"#;
    let file = story.dir.join("e3.jsonl");
    std::fs::write(&file, format!("{line}\n")).unwrap();
    story.world.tell("e3", &["import", file.to_str().unwrap()]).unwrap();
    story.world.tell("e3", &["sync", "--once", "--json"]).unwrap().good().unwrap();
    let export = story.world.tell("e3", &["export"]).unwrap().good().unwrap();
    for line in export.lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        assert!(record.get("verified").is_none() && record.get("__proto__").is_none(), "{record}");
        assert_ne!(record["ticket"], "0000000000", "no number but one that was drawn: {record}");
    }
}
