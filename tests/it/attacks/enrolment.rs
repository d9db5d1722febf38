//! Somebody wants a device of their own in the county, or another's code.

use std::fs;

use sync_hub::audit::Action;
use tests::world::Part;

use super::{Field, Ground, noted};
use crate::stories::SHIQIAO;

static GROUND: Ground = Ground::new();

/// Tries to enrol a new directory with a code; exit status and error.
fn try_code(field: &mut Field<'_>, part: Part, name: &str, code: &str) -> (i32, String) {
    let story = field.story();
    if story.world.road("door").is_err() {
        story.world.add("door", Part::Kiosk).unwrap();
    }
    let (hub, dir) = (story.world.road("door").unwrap().address().to_string(), story.dir.join(name));
    let args = ["enrol", "--data", dir.to_str().unwrap(), "--hub", &hub, "--code", code];
    let done = story.world.run(part, &args).unwrap();
    assert!(!dir.join("device.json").exists() || done.code == 0);
    (done.code, done.err)
}

fn code(field: &mut Field<'_>) -> String {
    field.story().world.code(Part::Kiosk, "石桥村", &[SHIQIAO]).unwrap()
}

fn register(field: &mut Field<'_>, sql: &str) {
    let db = rusqlite::Connection::open(field.story().world.data("hub").join("register.db")).unwrap();
    assert!(db.execute(sql, []).unwrap() > 0, "{sql}");
}

/// 重用邀请码 a code is used a second time
/// - refused: hub, the register: one use
/// - audit: refuse-enrolment
#[test]
fn a_code_that_was_used_lets_nobody_else_in() {
    let mut field = GROUND.enter("enrolment");
    let code = code(&mut field);
    assert_eq!(try_code(&mut field, Part::Kiosk, "first", &code).0, 0);
    let before = field.noted(Action::RefuseEnrolment, "used already");
    let (status, said) = try_code(&mut field, Part::Kiosk, "second", &code);
    assert!(status == 1 && said.contains("used already"), "{said}");
    assert!(field.noted(Action::RefuseEnrolment, "used already") > before);
}

/// 过期邀请码 a code is used after its day
/// - refused: hub, the register: 24 hours
/// - audit: refuse-enrolment
#[test]
fn a_code_that_is_a_day_old_lets_nobody_in() {
    let mut field = GROUND.enter("enrolment");
    let code = code(&mut field);
    register(&mut field, "UPDATE slot SET made_at = made_at - 90000 WHERE state = 'open'");
    let (status, said) = try_code(&mut field, Part::Kiosk, "late", &code);
    assert!(status == 1 && said.contains("expired"), "{said}");
    assert!(field.noted(Action::RefuseEnrolment, "expired") > 0);
}

/// 冒充另一种设备 a kiosk's code is used for a deputy's app
/// - refused: hub, at enrolment
/// - audit: refuse-enrolment; the code stays good for whom it was made
#[test]
fn a_code_for_a_kiosk_makes_no_deputy() {
    let mut field = GROUND.enter("enrolment");
    let code = code(&mut field);
    let (status, said) = try_code(&mut field, Part::Field, "deputy", &code);
    assert!(status == 1 && said.contains("another kind of device"), "{said}");
    assert!(field.noted(Action::RefuseEnrolment, "another kind of device") > 0);
}

/// 猜邀请码 codes are guessed, one after another
/// - refused: hub: five from one address, then a minute's wait; eight characters of thirty-two each
/// - audit: refuse-enrolment
#[test]
fn whoever_guesses_codes_must_wait_after_five() {
    let mut field = GROUND.enter("guesses");
    let tries: Vec<String> =
        (0..7).map(|number| try_code(&mut field, Part::Kiosk, "guess", &format!("0000000{number}")).1).collect();
    assert!(tries[0].contains("no such code"), "{tries:?}");
    assert!(tries[6].contains("too many wrong codes"), "{tries:?}");
    assert!(noted(field.story(), Action::RefuseEnrolment, "no such code") > 0);
}

/// 越界登记 a device is expected for a place outside the county
/// - refused: hub, the register
/// - audit: nothing: the command fails
#[test]
fn nobody_is_expected_outside_the_county() {
    let mut field = GROUND.enter("enrolment");
    let args = ["device", "add", "--role", "kiosk", "--area", "110101", "--name", "外县", "--approve"];
    let done = field.story().world.tell("hub", &args).unwrap();
    assert!(done.code == 1 && done.err.contains("does not lie in this county"), "{}", done.err);
}

/// 邻县的码 a code of one county is used at another's hub
/// - refused: hub: it knows no such code; device: whoever answers does not know it either
/// - audit: refuse-enrolment
#[test]
fn a_code_of_another_county_opens_nothing() {
    static ELSEWHERE: Ground = Ground::new();
    let theirs = code(&mut ELSEWHERE.enter("other-codes"));
    static HERE: Ground = Ground::new();
    let mut field = HERE.enter("own-codes");
    let (status, said) = try_code(&mut field, Part::Kiosk, "foreign", &theirs);
    assert!(status == 1 && said.contains("no such code"), "{said}");
    assert!(field.noted(Action::RefuseEnrolment, "no such code") > 0);
}

/// 改注册表文件名 a copied card without its key
/// - refused: device: it was never enrolled
/// - audit: nothing reaches the hub
#[test]
fn a_card_without_its_key_is_no_device() {
    let mut field = GROUND.enter("enrolment");
    let code = code(&mut field);
    assert_eq!(try_code(&mut field, Part::Kiosk, "whole", &code).0, 0);
    let (whole, copy) = (field.story().dir.join("whole"), field.story().dir.join("copy"));
    fs::create_dir(&copy).unwrap();
    fs::copy(whole.join("device.json"), copy.join("device.json")).unwrap();
    let done = field.story().world.run(Part::Kiosk, &["sync", "--once", "--data", copy.to_str().unwrap()]).unwrap();
    assert!(done.code == 1 && done.err.contains("no enrolled device"), "{}", done.err);
}
