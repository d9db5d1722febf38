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
    let fleet = desk.get("/devices").await.body;
    let counted: u64 = between(&fleet, "data-late=\"", "\"").parse().unwrap();
    assert!(counted >= 2, "{counted}");
}
