//! The contact of one case, lent to somebody who opens none otherwise.

use super::{
    details::{Screen, spoken},
    *,
};
use crate::vault::loan::RUNNING_MAX;

const PHONE: &str = "13800001234";

/// A county with a deputy, somebody of a body, and others who are none of these.
async fn office() -> (Desk, String) {
    let desk = Desk::set().await;
    let console = desk.console.clone();
    tokio::task::spawn_blocking(move || {
        add(&console, "chen", "陈代表", &[OperatorRole::Deputy], VILLAGE, "");
        add(&console, "far", "远处的代表", &[OperatorRole::Deputy], "990127102", "");
        add(&console, "roads", "交通局", &[OperatorRole::Body], "990127", "交通局");
        add(&console, "water", "水利局", &[OperatorRole::Body], "990127", "水利局");
    })
    .await
    .unwrap();
    let path = format!("/opinion/{}", spoken(&desk, "饮水安全").await.id);
    (desk, path)
}

async fn lend(fang: &Screen, path: &str, to: &str, days: &str, reason: &str) -> u16 {
    fang.post(&format!("{path}/lend"), &[("to", to), ("days", days), ("reason", reason)]).await.status
}

fn noted(desk: &Desk, action: Action, text: &str) -> (u64, u64) {
    let search = |is_refused| Search { action: Some(action), text: Some(text.into()), is_refused, ..Search::default() };
    let (all, refused) =
        (desk.console.audit.count(&search(false)).unwrap(), desk.console.audit.count(&search(true)).unwrap());
    (all - refused, refused)
}

#[tokio::test]
async fn a_deputy_sees_the_contact_of_the_one_case_that_was_lent_to_them_and_each_look_is_noted() {
    let (desk, path) = office().await;
    let fang = Screen::of(&desk, "fang", &[OperatorRole::Reviewer]).await;
    let chen = Screen::of(&desk, "chen", &[OperatorRole::Deputy]).await;
    let open = format!("{path}/open-lent");
    let page = chen.get(&path).await.body;
    assert!(!page.contains("data-lent") && !page.contains("data-form=\"lend\""));
    let early = chen.post(&open, &[]).await;
    assert_eq!((early.status, early.body.contains(PHONE)), (422, false), "nothing is lent yet");
    assert!(fang.get(&path).await.body.contains("<option value=\"chen\""));
    assert_eq!(lend(&fang, &path, "chen", "3", "上门核实").await, 303);
    let page = chen.get(&path).await.body;
    assert!(page.contains("data-lent") && page.contains("上门核实") && !page.contains(PHONE));
    assert!(!page.contains("您的角色不能开启"), "two sentences that contradict each other");
    let opened = chen.post(&open, &[]).await;
    assert!(opened.status == 200 && opened.body.contains(PHONE) && !opened.body.contains("<audio"), "{}", opened.body);
    assert_eq!(chen.post(&format!("{path}/open"), &[("what", "contact"), ("reason", "联系核实")]).await.status, 403);
    let token = between(&opened.body, "name=\"grant\" value=\"", "\"").to_owned();
    assert_eq!(chen.post(&format!("{path}/hide"), &[("grant", &token)]).await.status, 303);
    assert_eq!(
        (noted(&desk, Action::LendContact, "to chen until"), noted(&desk, Action::OpenDetails, "lent by fang")),
        ((1, 0), (1, 0))
    );
    assert_eq!(noted(&desk, Action::OpenDetails, "nothing is lent"), (0, 1));
    // Another case stays closed, and so does this one for another deputy.
    let other = format!("/opinion/{}", spoken(&desk, "道路交通").await.id);
    assert_eq!(chen.post(&format!("{other}/open-lent"), &[]).await.status, 422);
    assert!(!Screen::of(&desk, "chen2", &[OperatorRole::Deputy]).await.post(&open, &[]).await.body.contains(PHONE));
    let counts = Screen::of_li(&desk).await.get("/openings/counts").await.body;
    assert!(counts.contains("data-by=\"chen\""), "it is counted with the others");
}

#[tokio::test]
async fn a_loan_ends_by_word_by_its_day_and_with_the_details() {
    let (desk, path) = office().await;
    let id = civic_core::id::DocId::parse(path.rsplit('/').next().unwrap()).unwrap();
    let fang = Screen::of(&desk, "fang", &[OperatorRole::Reviewer]).await;
    let chen = Screen::of(&desk, "chen", &[OperatorRole::Deputy]).await;
    let open = format!("{path}/open-lent");
    lend(&fang, &path, "chen", "1", "上门核实").await;
    let number = between(&fang.get(&path).await.body, "data-loan=\"", "\"").to_owned();
    let end = [("loan", number.as_str())];
    assert_eq!(chen.post(&format!("{path}/end-loan"), &end).await.status, 403, "it is not theirs to end");
    assert_eq!(fang.post(&format!("{path}/end-loan"), &end).await.status, 303);
    assert_eq!(fang.post(&format!("{path}/end-loan"), &end).await.status, 404);
    assert_eq!(chen.post(&open, &[]).await.status, 422);
    assert_eq!(noted(&desk, Action::EndLoan, "to chen"), (1, 0));
    lend(&fang, &path, "chen", "1", "上门核实").await;
    let vault = &desk.console.vault;
    let after = |seconds: i64| UnixSeconds(now().0 + seconds);
    assert!(vault.lent_to(&id, "chen", after(86_000)).unwrap().is_some());
    assert!(vault.lent_to(&id, "chen", after(86_500)).unwrap().is_none(), "a day is over");
    assert_eq!(
        fang.post(&format!("{path}/erase-details"), &[("why", "asked"), ("note", "本人来电")]).await.status,
        303
    );
    let nothing = chen.post(&open, &[]).await;
    assert!(!nothing.body.contains(PHONE), "what was erased is lent to nobody");
}

#[tokio::test]
async fn it_is_lent_by_who_may_to_who_works_on_the_case_for_a_reason_and_for_a_while() {
    let (desk, path) = office().await;
    let fang = Screen::of(&desk, "fang", &[OperatorRole::Reviewer]).await;
    for (to, days, reason) in [
        ("far", "3", "上门核实"),
        ("roads", "3", "上门核实"),
        ("li", "3", "上门核实"),
        ("nobody", "3", "上门核实"),
        ("chen", "3", "  "),
        ("chen", "365", "上门核实"),
        ("chen", "3", &"长".repeat(201)),
    ] {
        assert_eq!(lend(&fang, &path, to, days, reason).await, 422, "{to} {days} {reason}");
    }
    for role in [OperatorRole::Clerk, OperatorRole::Deputy, OperatorRole::Supervisor, OperatorRole::Administrator] {
        let screen = Screen::of(&desk, role.word(), &[role]).await;
        assert_eq!(lend(&screen, &path, "chen", "3", "上门核实").await, 403, "{}", role.word());
    }
    // A body is lent what is assigned to it, and once it is another's, the loan opens nothing.
    for act in [vec![("act", "受理"), ("topic", "饮水安全")], vec![("act", "交办"), ("office", "交通局")]] {
        desk.send(path.rsplit('/').next().unwrap(), "step", &act).await;
    }
    let roads = Screen::of(&desk, "roads", &[OperatorRole::Body]).await;
    assert_eq!(roads.post(&format!("{path}/open"), &[("what", "contact"), ("reason", "联系核实")]).await.status, 403);
    assert_eq!(roads.post(&format!("{path}/open"), &[("what", "said"), ("reason", "了解诉求")]).await.status, 200);
    assert_eq!(lend(&fang, &path, "roads", "7", "约时间施工").await, 303);
    assert_eq!(lend(&fang, &path, "water", "7", "约时间施工").await, 422);
    assert!(roads.post(&format!("{path}/open-lent"), &[]).await.body.contains(PHONE));
    desk.send(path.rsplit('/').next().unwrap(), "fields", &[("office", "水利局")]).await;
    assert_eq!(roads.post(&format!("{path}/open-lent"), &[]).await.status, 403);
    for _ in 1..RUNNING_MAX {
        assert_eq!(lend(&fang, &path, "chen", "1", "上门核实").await, 303);
    }
    assert_eq!(lend(&fang, &path, "chen", "1", "上门核实").await, 422, "enough are lent");
}
