//! Opinions taken away as files.

use super::*;
use crate::workbook;

const SHEET: &str = "xl/worksheets/sheet1.xml";

#[tokio::test]
async fn a_file_holds_what_the_list_shows_and_no_more_than_its_role_reaches() {
    let desk = Desk::set().await;
    let bridge = desk.file("桥", "桥坏了").await;
    let lamp = desk.file("灯", "路灯不亮").await;
    desk.send(&bridge.id.to_string(), "step", &[("act", "受理"), ("topic", "道路交通"), ("note", "已核实")]).await;
    let console = desk.console.clone();
    let keys = tokio::task::spawn_blocking(move || {
        [
            sign_in(&console, "other", "别处", &[OperatorRole::Reviewer], "990127102", ""),
            sign_in(&console, "roads", "交通局", &[OperatorRole::Body], "990127", "交通局"),
            sign_in(&console, "chen", "陈代表", &[OperatorRole::Deputy], "990127", ""),
        ]
    });
    let [other, roads, chen] = keys.await.unwrap();
    let rows = async |key: &SessionKey, query: &str| {
        let csv = String::from_utf8(desk.fetch(key, &format!("/export.csv{query}")).await).unwrap();
        let sheet = workbook::tests::part(&desk.fetch(key, &format!("/export.xlsx{query}")).await, SHEET);
        let lines = String::from_utf8(desk.fetch(key, &format!("/export.jsonl{query}")).await).unwrap();
        assert!(csv.starts_with("\u{feff}\"受理号"), "a list of nothing says what it is a list of: {csv}");
        for file in [&csv, &sheet, &lines] {
            assert!(!file.contains("王某某"), "personal details are in no file");
        }
        let count = lines.lines().count();
        assert_eq!((csv.matches("\r\n").count(), sheet.matches("<row ").count()), (count + 1, count + 1));
        (count, csv)
    };
    let (count, csv) = rows(&desk.key, "").await;
    assert!(count == 2 && csv.contains("桥坏了") && csv.contains("受理 李干部 已核实"), "{csv}");
    let (count, csv) = rows(&desk.key, &format!("?q={}&page=7", words::in_address("路灯"))).await;
    assert!(count == 1 && csv.contains(&lamp.id.to_string()), "what the list shows, and all pages of it");
    assert_eq!(rows(&desk.key, &format!("?state={}", words::in_address("已受理"))).await.0, 1);
    assert_eq!(
        (rows(&other, "").await.0, rows(&other, "?area=990127101").await.0, rows(&roads, "").await.0),
        (0, 0, 0)
    );
    assert!(desk.get("/?topic=x").await.body.contains("href=\"/export.xlsx?topic=x\""));
    assert_eq!(desk.get_as(&chen, "/export.xlsx").await.status, 403);
    assert!(!desk.get_as(&chen, "/").await.body.contains("/export."), "what a role may not take is not offered");
}

#[tokio::test]
async fn who_took_what_away_is_noted_and_not_whom_they_looked_for() {
    let desk = Desk::set().await;
    desk.file("桥", "王某某的桥坏了").await;
    desk.fetch(&desk.key, &format!("/export.xlsx?topic=x&q={}", words::in_address("王某某"))).await;
    let noted = Search { action: Some(Action::Export), who: Some("li".into()), ..Search::default() };
    let noted = desk.console.audit.find(&noted, i64::MAX, 9).unwrap();
    assert_eq!(noted.len(), 1);
    assert_eq!((noted[0].object.as_str(), noted[0].reason.as_str()), ("xlsx, 0 opinions", "?topic=x&q=%E2%80%A6"));
}

#[tokio::test]
async fn a_file_from_the_command_line_is_new_and_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let desk = Desk::set().await;
    desk.file("桥", "桥坏了").await;
    let path = desk.dir.join("all.xlsx");
    let to = path.clone();
    let write = move |console: &Console| crate::export::write_file(&console.ledger, crate::export::Format::Xlsx, &to);
    desk.work(move |console, _| {
        write(console).unwrap();
        assert!(write(console).is_err(), "nothing is written over");
    })
    .await;
    assert!(workbook::tests::part(&std::fs::read(&path).unwrap(), SHEET).contains("桥坏了"));
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}
