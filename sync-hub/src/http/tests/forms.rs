//! What operators send: once, as they saw it, and as they typed it.

use replica::{
    enrol::{Claim, Claimant, Desk as _},
    hub::{Register as _, Status},
};

use super::*;

const NAME: &str = "0123456789abcdef0123456789abcdef";

#[tokio::test]
async fn a_form_that_is_clicked_twice_is_carried_out_once_noted_once_and_called_done_both_times() {
    let desk = Desk::set().await;
    let id = desk.file("桥", "桥坏了").await.id;
    let path = format!("/opinion/{id}");
    let page = desk.get(&path).await.body;
    assert!(between(&page, "data-act=\"add\"", "</form>").contains("name=\"form\""), "each form has a name");
    let seen = between(&page, "data-seen=\"", "\"").to_owned();
    let add = [("form", NAME), ("text", "，老人过不去")];
    let step = [("form", NAME), ("seen", seen.as_str()), ("act", "受理"), ("topic", "道路交通"), ("note", "")];
    for _ in 0..2 {
        assert_eq!(desk.post(&format!("{path}/step"), &step).await.status, 303);
    }
    for _ in 0..2 {
        assert_eq!(desk.post(&format!("{path}/add"), &add).await.status, 303);
    }
    let whole = desk.work(move |console, _| console.ledger.opinion(&id).unwrap().unwrap()).await;
    assert_eq!((whole.opinion.body.as_str(), whole.opinion.steps.len()), ("桥坏了，老人过不去", 1));
    for action in [Action::Step, Action::AddWords] {
        let noted = Search { action: Some(action), ..Search::default() };
        assert_eq!(desk.console.audit.count(&noted).unwrap(), 1);
    }
}

#[tokio::test]
async fn what_another_corrected_meanwhile_is_not_set_back_by_who_sends_again() {
    let desk = Desk::set().await;
    let id = desk.file("桥", "桥坏了").await.id;
    let path = format!("/opinion/{id}");
    let seen = between(&desk.get(&path).await.body, "data-seen=\"", "\"").to_owned();
    desk.work(move |console, _| console.ledger.edit(&id, "王干部", &topic("饮水安全")).unwrap()).await;
    let form = [("title", "大桥"), ("title-was", "桥"), ("topic", "道路交通"), ("topic-was", "道路交通")];
    let answer = desk.post(&format!("{path}/fields"), &[&[("seen", seen.as_str())][..], &form].concat()).await;
    assert_eq!(answer.status, 409);
    let fields = between(&answer.body, "data-act=\"fields\"", "</form>");
    assert!(fields.contains("value=\"大桥\""), "what was typed stays: {fields}");
    assert!(fields.contains("value=\"饮水安全\" selected"), "what was not touched is as it is now: {fields}");
    // And whoever sends the old page again, with what is seen now, still corrects the title alone.
    assert_eq!(desk.send(&id.to_string(), "fields", &form).await.status, 303);
    let whole = desk.work(move |console, _| console.ledger.opinion(&id).unwrap().unwrap()).await;
    assert_eq!([Field::Title, Field::Topic].map(|field| whole.opinion.field(field)), ["大桥", "饮水安全"]);
}

#[tokio::test]
async fn a_decision_upon_what_changed_between_looking_and_writing_is_not_taken() {
    let desk = Desk::set().await;
    let id = desk.file("桥", "桥坏了").await.id;
    let outcome = desk
        .work(move |console, _| {
            let seen = console.ledger.opinion(&id).unwrap().unwrap().opinion;
            console.ledger.edit(&id, "王干部", &topic("饮水安全")).unwrap();
            console.ledger.edit_as_seen(&id, "李干部", &topic("教育"), &seen)
        })
        .await;
    assert!(matches!(outcome, Err(::ledger::LedgerError::Changed)), "{outcome:?}");
}

#[tokio::test]
async fn what_a_clerk_heard_in_a_recording_says_so_also_when_it_was_refused_first() {
    let desk = Desk::set().await;
    let id = desk.file("桥", "桥坏了").await.id;
    let path = format!("/opinion/{id}/add");
    let refused = desk.post(&path, &[("transcript", "1"), ("text", &"井".repeat(2_001))]).await;
    assert_eq!(refused.status, 422);
    let form = between(&refused.body, "data-act=\"add\"", "</form>");
    assert!(form.contains("name=\"transcript\" value=\"1\""), "{form}");
    let plain = desk.post(&path, &[("text", " ")]).await;
    assert!(!between(&plain.body, "data-act=\"add\"", "</form>").contains("transcript"), "and nothing else does");
}

#[tokio::test]
async fn a_line_end_is_one_character_however_the_browser_sends_it() {
    let desk = Desk::set().await;
    let id = desk.file("桥", "桥坏了").await.id;
    let form = [("act", "受理"), ("topic", "道路交通"), ("note", "已核实\r\n明天修")];
    assert_eq!(desk.send(&id.to_string(), "step", &form).await.status, 303);
    assert_eq!(desk.post(&format!("/opinion/{id}/add"), &[("text", "第一\r\n第二")]).await.status, 303);
    let whole = desk.work(move |console, _| console.ledger.opinion(&id).unwrap().unwrap()).await;
    assert_eq!(
        (whole.opinion.steps[0].note.as_str(), whole.opinion.body.as_str()),
        ("已核实\n明天修", "桥坏了第一\n第二")
    );
    assert!(!desk.get(&format!("/opinion/{id}")).await.body.contains('␣'));
}

#[tokio::test]
async fn a_value_of_two_lines_can_be_settled_on() {
    let desk = Desk::set().await;
    let filed = desk.file("桥", "桥坏了").await;
    let titled = |title: &str| Edit { fields: BTreeMap::from([(Field::Title, title.to_owned())]), ..Edit::default() };
    desk.work(move |console, deputy| {
        console.ledger.edit(&filed.id, "县", &titled("桥断")).unwrap();
        deputy.edit(&filed.id, "陈代表", &titled("桥\n断了")).unwrap();
    })
    .await;
    desk.meet().await;
    let form = [("field", "title"), ("value", "桥\r\n断了")];
    assert_eq!(desk.send(&filed.id.to_string(), "settle", &form).await.status, 303);
    let whole = desk.work(move |console, _| console.ledger.opinion(&filed.id).unwrap().unwrap()).await;
    assert_eq!((whole.opinion.field(Field::Title), whole.opinion.conflicts.len()), ("桥\n断了", 0));
}

#[tokio::test]
async fn no_clock_that_a_device_can_tell_takes_the_page_of_devices_away() {
    let desk = Desk::set().await;
    let form = [("role", "deputy"), ("name", "陈代表的手机"), ("area", VILLAGE), ("trusted", "1")];
    desk.post("/devices/slots", &form).await;
    let (register, public_key) = (desk.console.register.clone(), desk.deputy.log().public_key());
    let claimant = Claimant { public_key, comparison: "123456".into(), former: None };
    assert_eq!(register.claim(register.slots()[0].id, &claimant), Ok(Claim::Approved));
    for clock in [i64::MIN, i64::MAX] {
        register.told(&public_key, &Status { clock: UnixSeconds(clock), ..Status::default() });
        let page = desk.get("/devices").await;
        assert!(page.status == 200 && page.body.contains("陈代表的手机"), "{clock}: {}", page.status);
    }
}
