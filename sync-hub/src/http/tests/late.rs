//! What comes from a device after it was struck off.

use std::time::Duration;

use replica::enrol::{Claim, Claimant, Desk as _};

use super::*;

#[tokio::test]
async fn what_came_after_its_device_was_struck_off_stands_and_is_marked_and_counted() {
    let desk = Desk::set().await;
    let form = [("role", "deputy"), ("name", "陈代表的手机"), ("area", VILLAGE), ("trusted", "1")];
    desk.post("/devices/slots", &form).await;
    let (register, public_key) = (desk.console.register.clone(), desk.deputy.log().public_key());
    let claimant = Claimant { public_key, comparison: "123456".into(), former: None };
    assert_eq!(register.claim(register.slots()[0].id, &claimant), Ok(Claim::Approved));
    let before = desk.file("桥", "桥坏了").await.id;
    // The clocks count whole seconds.
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let device = DeviceId::of(&public_key);
    register.revoke(&device).unwrap();
    assert!(!desk.get("/devices").await.body.contains("data-late"));
    let after = desk.file("灯", "路灯不亮").await.id;
    let page = desk.get(&format!("/opinion/{after}")).await.body;
    assert!(page.contains("路灯不亮"), "it may be a person's word, so it stands");
    let mark = between(&page, &format!("data-late=\"{device}\""), "</section>");
    assert!(mark.contains("陈代表的手机") && mark.contains("待核实"), "{page}");
    assert!(!desk.get(&format!("/opinion/{before}")).await.body.contains("data-late"));
    // An addition to what was there before marks that, too.
    desk.work(move |_, deputy| deputy.add(&before, "陈代表", "，老人过不去").unwrap()).await;
    desk.meet().await;
    assert!(
        desk.get(&format!("/opinion/{before}"))
            .await
            .body
            .contains(&format!("data-late=\"{device}\" data-count=\"1\""))
    );
    // The two wait in a list until somebody who may decide says that they looked.
    let list = desk.get("/?late=1").await.body;
    assert!(list.contains("data-late=\"2\"") && list.contains("data-total=\"2\""), "{list}");
    let clerk = sign_in(&desk.console, "zhao", "赵录入", &[OperatorRole::Clerk], "990127", "");
    let form = [("device", device.to_string()), ("count", "99".to_owned())];
    let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let path = format!("/opinion/{before}/reviewed");
    assert_eq!(desk.post_as(&clerk, &path, &form).await.status, 403);
    assert!(!desk.get_as(&clerk, &format!("/opinion/{before}")).await.body.contains("/reviewed"));
    assert_eq!(desk.post(&path, &form).await.status, 303);
    let page = desk.get(&format!("/opinion/{before}")).await.body;
    let mark = between(&page, &format!("data-late=\"{device}\""), "</section>");
    assert!(mark.contains("data-reviewed=\"true\"") && mark.contains("李干部 于 "), "{mark}");
    let noted = Search { action: Some(Action::ReviewLate), is_refused: false, ..Search::default() };
    let noted = desk.console.audit.find(&noted, i64::MAX, 9).unwrap();
    assert!(noted.iter().any(|line| line.object == before.to_string() && line.who == "li"));
    let list = desk.get("/?late=1").await.body;
    assert!(list.contains("data-total=\"1\"") && list.contains("路灯不亮") && !list.contains("桥坏了"), "{list}");
    let file = String::from_utf8(desk.fetch(&desk.key, "/export.jsonl?late=1").await).unwrap();
    assert!(file.lines().count() == 1 && file.contains("路灯不亮"), "{file}");
    // What comes after the look was not looked at.
    desk.work(move |_, deputy| deputy.add(&before, "陈代表", "，孩子也过不去").unwrap()).await;
    desk.meet().await;
    assert!(desk.get("/?late=1").await.body.contains("data-total=\"2\""));
    let nobody = [("device", device.to_string()), ("count", "0".to_owned())];
    let nobody: Vec<(&str, &str)> = nobody.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(desk.post(&path, &nobody).await.status, 400, "nobody looked at nothing");
    let fleet = desk.get("/devices").await.body;
    let counted: u64 = between(&fleet, "data-late=\"", "\"").parse().unwrap();
    assert!(counted >= 2, "{counted}");
}
