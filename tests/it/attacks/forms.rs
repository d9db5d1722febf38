//! Somebody reaches the page of a kiosk or of a deputy's app, which stand on their own machines.

use tests::world::{Part, wait_for};

use super::{Field, Ground, say};
use crate::stories::SHIQIAO;

static GROUND: Ground = Ground::new();

/// The address of a running program.
fn running(field: &mut Field<'_>, key: &str, part: Part) -> String {
    let story = field.story();
    if !story.world.is_made(key) {
        story.enrolled(key, part, key, &[SHIQIAO]);
    }
    story.world.start(key).unwrap();
    wait_for("the program", || story.world.status(key)).unwrap();
    story.world.address(key).unwrap()
}

fn host(address: &str) -> &str {
    address.trim_start_matches("http://")
}

/// 别的网站碰触摸屏 a site in another window touches the kiosk's page
/// - refused: kiosk, `web::guard`
/// - audit: nothing reaches the hub
#[test]
fn no_other_site_touches_the_kiosk() {
    let mut field = GROUND.enter("forms");
    let address = running(&mut field, "kiosk", Part::Kiosk);
    for header in ["origin: http://evil.example", "sec-fetch-site: cross-site"] {
        let body = r#"{"x":1,"y":1,"kind":"down"}"#;
        let request = format!(
            "POST /touch HTTP/1.1\r\nhost: {}\r\n{header}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            host(&address),
            body.len()
        );
        assert_eq!(say(&address, request.as_bytes()).0, 403);
    }
}

/// 域名重绑终端 another name that leads to the kiosk
/// - refused: kiosk, `web::guard`
/// - audit: nothing reaches the hub
#[test]
fn a_kiosk_answers_to_its_own_names_alone() {
    let mut field = GROUND.enter("forms");
    let address = running(&mut field, "kiosk", Part::Kiosk);
    let (status, answer) = say(&address, b"GET /view HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n");
    assert_eq!(status, 403, "{answer}");
}

/// 跨站表单 a form of another site in the deputy's name
/// - refused: field app, `web::guard`
/// - audit: nothing reaches the hub
#[test]
fn no_other_site_writes_in_a_deputys_name() {
    let mut field = GROUND.enter("forms");
    let address = running(&mut field, "deputy", Part::Field);
    let request = format!(
        "POST /visit/new HTTP/1.1\r\nhost: {}\r\norigin: http://evil.example\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: 7\r\nconnection: close\r\n\r\ndo=save",
        host(&address)
    );
    assert_eq!(say(&address, request.as_bytes()).0, 403);
}

/// 路径穿越 paths that climb out of a device's pages
/// - refused: kiosk and field app: a closed list of pages
/// - audit: nothing reaches the hub
#[test]
fn no_path_leads_to_a_file_of_a_device() {
    let mut field = GROUND.enter("forms");
    for (key, part) in [("kiosk", Part::Kiosk), ("deputy", Part::Field)] {
        let address = running(&mut field, key, part);
        for path in
            ["/../device.key", "/%2e%2e/device.key", "//etc/passwd", "/assets/..%2f..%2fdevice.key", "/device.json"]
        {
            let request = format!("GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", host(&address));
            let (status, answer) = say(&address, request.as_bytes());
            assert!(status != 200 && !answer.contains("authority"), "{key} {path}: {status}");
        }
    }
}

/// 巨大表单 a form without end
/// - refused: field app: 256 KiB
/// - audit: nothing reaches the hub
#[test]
fn a_form_without_end_is_not_read() {
    let mut field = GROUND.enter("forms");
    let address = running(&mut field, "deputy", Part::Field);
    let body = format!("text-0={}", "a".repeat(300 * 1024));
    let request = format!(
        "POST /visit/new HTTP/1.1\r\nhost: {}\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        host(&address),
        body.len()
    );
    let (status, _) = say(&address, request.as_bytes());
    assert!(status == 0 || (400..500).contains(&status), "{status}");
    assert!(field.story().world.status("deputy").is_some());
}

/// 屏上乱点 touches that are none: outside, broken, a thousand at once
/// - refused: kiosk: what is no touch is no touch
/// - audit: nothing reaches the hub
#[test]
fn touches_that_are_none_do_nothing_and_harm_nothing() {
    let mut field = GROUND.enter("forms");
    let address = running(&mut field, "kiosk", Part::Kiosk);
    for body in [
        r#"{"x":-99999,"y":99999,"kind":"down"}"#,
        r#"{"x":1e300,"y":0,"kind":"down"}"#,
        "{",
        r#"{"kind":"explode"}"#,
        "[]",
    ] {
        let request = format!(
            "POST /touch HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            host(&address),
            body.len()
        );
        let (status, _) = say(&address, request.as_bytes());
        assert!(status < 500, "{body}: {status}");
    }
    assert!(field.story().world.status("kiosk").is_some());
}

/// 导入夹带 a record that nobody could have said: too long, broken, of tomorrow
/// - refused: device, `civic_core::bulk`: with its line and its reason, and the others go in
/// - audit: nothing reaches the hub
#[test]
fn what_nobody_could_have_said_is_not_entered() {
    let mut field = GROUND.enter("forms");
    let story = field.story();
    story.enrolled("entry", Part::Kiosk, "石桥村", &[SHIQIAO]);
    let id = |number: u8| format!("{number:032x}");
    let long = "长".repeat(2_001);
    let lines = [
        format!(r#"{{"id":"{}","init":{{"body":"{long}","timeline":[]}},"steps":[]}}"#, id(1)),
        format!(
            r#"{{"id":"{}","init":{{"body":"x","timeline":[]}},"steps":[{{"by":"a","t":9223372036854775807}}]}}"#,
            id(2)
        ),
        format!(r#"{{"id":"{}","init":{{"body":"x","timeline":[]}},"steps":[],"evil":1}}"#, id(3)),
        format!(r#"{{"id":"{}","init":{{"body":"好的","timeline":[]}},"steps":[]}}"#, id(4)),
    ];
    let file = story.dir.join("entry.jsonl");
    std::fs::write(&file, lines.join("\n") + "\n").unwrap();
    let done = story.world.tell("entry", &["import", file.to_str().unwrap()]).unwrap();
    assert!(done.out.contains("1 records entered") && done.out.contains("3 refused"), "{} {}", done.out, done.err);
}
