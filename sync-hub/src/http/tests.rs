//! The console over a whole county in a directory of its own, asked over a real socket.

mod answers;
mod details;
mod exports;
mod forms;
mod late;
mod loans;
mod passkeys;
mod planted;
mod refusals;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::PathBuf,
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering},
    },
};

use ::ledger::{
    Filed,
    enclosed::{Enclosed, Heard},
};
use civic_core::{
    access::{
        Role, Scope,
        operator::{Extent, Mandate, OperatorRole, extent},
    },
    area::Area,
    bulk::Record,
    consultation::Consultation,
    id::{DeviceId, hex},
    opinion::{Edit, Evaluation, Field, NewOpinion, NewStep},
    publication::Publication,
    reaction::Reaction,
    response::{Remark, Response},
    seal::Contact,
};
use replica::{
    dir::DataDir,
    identity::{Card, Identity},
    store::{FORKED, Log, SetApart},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use super::*;
use crate::{
    audit::{Action, search::Search},
    county,
    keys::Keys,
    register,
    user::{
        self, NewUser, User,
        password::{self, Hashed},
        session::{SessionKey, Stage},
        totp::Secret,
    },
};

const COUNTY: &str = include_str!("../../../tests/sample/county.toml");
const VILLAGE: &str = "990127101201";

/// A county on one desk: the hub, and a deputy whose log is carried over by hand.
struct Desk {
    dir: PathBuf,
    console: Console,
    deputy: Ledger,
    at: SocketAddr,
    /// Of 李干部, who may do nearly everything.
    key: SessionKey,
}

/// A password that is stretched once for all tests, because it takes its time.
const PASSWORD: &str = "青禾县的水渠今年修通了吗";
static HASHED: LazyLock<Hashed> = LazyLock::new(|| password::stretch(PASSWORD));

/// Adds somebody with a second factor; who they are in the log and in records.
fn add(console: &Console, login: &str, name: &str, roles: &[OperatorRole], area: &str, body: &str) -> User {
    let mandate =
        Mandate { roles: roles.iter().copied().collect(), area: Area::parse(area).unwrap(), body: body.into() };
    let new = NewUser { login: login.into(), name: name.into(), mandate };
    console.users.add(&new, console.ledger.codebook(), &HASHED, true).unwrap();
    let user = console.users.find(login).unwrap();
    console.users.set_totp(&user, &SECRET, 0).unwrap();
    console.users.find(login).unwrap()
}

/// The same, signed in already.
fn sign_in(console: &Console, login: &str, name: &str, roles: &[OperatorRole], area: &str, body: &str) -> SessionKey {
    let user = add(console, login, name, roles, area, body);
    console.users.begin(&user, Stage::Full, "127.0.0.1", "a test").unwrap()
}

static SECRET: LazyLock<Secret> = LazyLock::new(Secret::draw);

/// An answer, as a test reads it.
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Desk {
    async fn set() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("huiyin-console-{}-{number}", std::process::id()));
        let home = DataDir::hold(&dir.join("hub")).unwrap();
        county::init(&home, COUNTY).unwrap();
        let identity = Identity::load(&home, Role::Hub).unwrap();
        let register = Arc::new(Register::open(&home.file(register::FILE)).unwrap());
        let ledger = Ledger::open(&home, &identity).unwrap();
        let hub = Arc::new(Hub::new(
            ledger.log().clone(),
            ledger.codebook().county.area.clone(),
            identity.key.clone(),
            register.clone(),
            Arc::new(county::door(&identity.card, register.clone()).unwrap()),
        ));
        let opener = Opener::new(&home, ledger.clone(), Arc::new(Keys::open(&home).unwrap())).unwrap();
        let vault = Arc::new(Vault::open(&home).unwrap());
        let audit = Arc::new(Audit::open(&home, &identity.key).unwrap());
        let users = Arc::new(Users::open(&home.file(user::FILE)).unwrap());
        let place = home.path().into();
        let once = Arc::new(Once::default());
        let console = Console { dir: place, ledger, register, hub, opener, vault, audit, users, once };
        let all = [OperatorRole::Clerk, OperatorRole::Reviewer, OperatorRole::Administrator];
        let signed = sign_in(&console, "li", "李干部", &all, "990127", "");
        let away = DataDir::hold(&dir.join("deputy")).unwrap();
        let scope = Scope { role: Role::Deputy, areas: vec![village()] };
        let card = Card { scope, number: 7, name: "陈代表".into(), ..identity.card.clone() };
        let key = replica::identity::key_of(&away).unwrap();
        let deputy = Ledger::open(&away, &Identity::new(&away, key, card)).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let pages = router(console.clone());
        tokio::spawn(async move { axum::serve(listener, pages).await });
        Self { dir, console, deputy, at, key: signed }
    }

    /// Somebody of this role.
    fn operator(&self, role: OperatorRole, area: &str) -> Operator {
        let body = if role == OperatorRole::Body { "交通局" } else { "" };
        let mandate = Mandate { roles: [role].into(), area: Area::parse(area).unwrap(), body: body.into() };
        Operator {
            login: role.word().into(),
            name: role.zh().into(),
            mandate: mandate.into(),
            address: "127.0.0.1".into(),
            due: None,
            session: [0; 32],
            county: "青禾县".into(),
            audit: self.console.audit.clone(),
        }
    }

    /// Work that waits for a disk, as every test thread may do it.
    async fn work<T: Send + 'static>(&self, work: impl FnOnce(&Console, &Ledger) -> T + Send + 'static) -> T {
        let (console, deputy) = (self.console.clone(), self.deputy.clone());
        tokio::task::spawn_blocking(move || work(&console, &deputy)).await.unwrap()
    }

    /// The deputy files an opinion, and everybody has it.
    async fn file(&self, title: &str, body: &str) -> Filed {
        let fields = BTreeMap::from([(Field::Title, title.to_owned()), (Field::Topic, "道路交通".to_owned())]);
        let new = NewOpinion { body: body.to_owned(), fields, ..NewOpinion::default() };
        let contact = Contact { name: "王某某".into(), ..Contact::default() };
        let filed = self.work(move |_, deputy| deputy.file(&village(), "陈代表", new, &contact).unwrap()).await;
        self.meet().await;
        filed
    }

    /// Hub and deputy exchange everything.
    async fn meet(&self) {
        let (hub, deputy) = (self.console.ledger.log().clone(), self.deputy.log().clone());
        carry(&deputy, &hub).await;
        carry(&hub, &deputy).await;
        self.work(|console, deputy| {
            console.ledger.catch_up().unwrap();
            deputy.catch_up().unwrap();
        })
        .await;
    }

    async fn get(&self, path: &str) -> Answer {
        self.get_as(&self.key, path).await
    }

    async fn get_as(&self, key: &SessionKey, path: &str) -> Answer {
        let cookie = format!("cookie: __Host-huiyin={}", key.text());
        self.ask(format!("GET {path} HTTP/1.1\r\nhost: {}\r\n{cookie}\r\nconnection: close\r\n\r\n", self.at)).await
    }

    /// Sends a form as the page of this opinion would, with what was seen.
    async fn send(&self, id: &str, form: &str, pairs: &[(&str, &str)]) -> Answer {
        let seen = between(&self.get(&format!("/opinion/{id}")).await.body, "data-seen=\"", "\"").to_owned();
        let mut all = vec![("seen", seen.as_str())];
        all.extend(pairs);
        self.post(&format!("/opinion/{id}/{form}"), &all).await
    }

    async fn post(&self, path: &str, pairs: &[(&str, &str)]) -> Answer {
        self.post_as(&self.key, path, pairs).await
    }

    /// Sends a form with the token that the session's pages put into it.
    async fn post_as(&self, key: &SessionKey, path: &str, pairs: &[(&str, &str)]) -> Answer {
        let token = key.form_token();
        let pairs = [pairs, &[(session::FIELD, token.as_str())]].concat();
        self.post_with(&format!("cookie: __Host-huiyin={}\r\n", key.text()), path, &pairs).await
    }

    async fn post_with(&self, head: &str, path: &str, pairs: &[(&str, &str)]) -> Answer {
        let pairs: Vec<String> =
            pairs.iter().map(|(key, value)| format!("{key}={}", words::in_address(value))).collect();
        let body = pairs.join("&");
        let kind = "content-type: application/x-www-form-urlencoded";
        let head = format!("{head}host: {}\r\nconnection: close\r\n{kind}\r\ncontent-length: {}", self.at, body.len());
        self.ask(format!("POST {path} HTTP/1.1\r\n{head}\r\n\r\n{body}")).await
    }

    /// A file as it is, byte by byte: an older browser is sent it in one piece.
    async fn fetch(&self, key: &SessionKey, path: &str) -> Vec<u8> {
        let cookie = format!("cookie: __Host-huiyin={}", key.text());
        let answer = self.raw(format!("GET {path} HTTP/1.0\r\nhost: {}\r\n{cookie}\r\n\r\n", self.at)).await;
        let body = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
        answer[body..].to_vec()
    }

    async fn raw(&self, request: String) -> Vec<u8> {
        let mut stream = TcpStream::connect(self.at).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        answer
    }

    async fn ask(&self, request: String) -> Answer {
        let answer = String::from_utf8_lossy(&self.raw(request).await).into_owned();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head: head.to_owned(), body: body.to_owned() }
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

fn village() -> Area {
    Area::parse(VILLAGE).unwrap()
}

async fn carry(from: &Log, to: &Log) {
    for held in from.held() {
        let runs = from.runs_after(held.feed.id(), 0, held.extent.length, usize::MAX).unwrap();
        to.accept(runs.into_iter().map(|run| (held.feed.clone(), run)).collect()).await.unwrap();
    }
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    text.split_once(before).and_then(|(_, rest)| rest.split_once(after)).map_or("", |(found, _)| found)
}

fn topic(value: &str) -> Edit {
    Edit { fields: [(Field::Topic, value.to_owned())].into(), ..Edit::default() }
}

fn step(act: &str, note: &str) -> Edit {
    Edit { step: Some(NewStep { act: act.into(), note: note.into(), ..NewStep::default() }), ..Edit::default() }
}

#[tokio::test]
async fn the_ledger_shows_what_was_said_and_never_as_markup() {
    let desk = Desk::set().await;
    let filed = desk.file("<b>桥</b>", "桥坏了<script>").await;
    let page = desk.get("/").await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains(&format!("data-ticket=\"{}\"", filed.ticket.digits())));
    assert!(page.body.contains("&lt;b&gt;桥&lt;/b&gt;") && !page.body.contains("桥坏了<script>"));
    assert!(!page.body.contains("王某某"), "personal details are sealed");
    assert!(!page.body.contains("style=") && !page.body.contains(" onclick"), "the content policy forbids inline code");
}

#[tokio::test]
async fn a_voice_is_told_in_one_plain_line_and_never_opened() {
    let desk = Desk::set().await;
    let heard = Heard { enclosed: vec![Enclosed::voice(vec![7; 90_000], 23)], ..Heard::default() };
    let filed = desk.work(|_, deputy| deputy.take_down(&village(), "陈代表", heard).unwrap()).await;
    desk.meet().await;
    let page = desk.get(&format!("/opinion/{}", filed.id)).await.body;
    assert!(page.contains("语音 23 秒") && page.contains("还在登记它的设备上"), "{page}");
    assert!(page.contains("voice 23 s") && page.contains("data-attachment=\"voice\""));
}

#[tokio::test]
async fn filters_narrow_the_list_and_the_tabs_count_what_they_leave() {
    let desk = Desk::set().await;
    desk.file("桥", "桥坏了").await;
    let filed = desk.file("灯", "路灯不亮").await;
    let rows = desk.get(&format!("/rows?q={}", words::in_address("路灯"))).await.body;
    assert!(rows.contains(&filed.id.to_string()) && rows.contains("data-total=\"1\""));
    assert!(!rows.contains("桥坏了") && !rows.contains("<html"));
    let by_ticket = desk.get(&format!("/rows?q={}", words::in_address(&filed.ticket.to_string()))).await.body;
    assert!(by_ticket.contains("data-total=\"1\""));
    let elsewhere = desk.get("/rows?area=990127102").await.body;
    assert!(elsewhere.contains("data-total=\"0\"") && elsewhere.contains("id=\"nothing\""));
    assert_eq!(desk.get("/?page=99999999999999999999&area=x&state=").await.status, 200);
}

#[tokio::test]
async fn a_step_is_taken_in_the_name_of_whoever_is_signed_in_and_noted() {
    let desk = Desk::set().await;
    let id = desk.file("桥", "桥坏了").await.id.to_string();
    let answer = desk.send(&id, "step", &[("act", "受理"), ("topic", "道路交通"), ("note", "已核实")]).await;
    assert_eq!(answer.status, 303);
    let page = desk.get(&format!("/opinion/{id}")).await.body;
    assert!(page.contains("data-state=\"已受理\"") && page.contains("已核实"));
    assert!(between(&page, "data-step=\"受理\"", "</li>").contains("李干部"));
    let noted =
        Search { who: Some("li".into()), action: Some(Action::Step), text: Some(id.clone()), ..Search::default() };
    assert_eq!(desk.console.audit.count(&noted).unwrap(), 1);
    assert!(
        page.contains("data-act=\"交办\"") && !page.contains("data-act=\"受理\""),
        "only what may follow is offered"
    );
}

#[tokio::test]
async fn one_sees_where_one_is_signed_in_and_ends_it_and_an_administrator_ends_anybodys() {
    let desk = Desk::set().await;
    let users = desk.console.users.clone();
    let session = |login: &str| hex(&users.sessions(Some(login)).unwrap()[0].id);
    let elsewhere = users.begin(&users.find("li").unwrap(), Stage::Full, "10.0.0.9", "another browser").unwrap();
    let page = desk.get("/account").await.body;
    assert!(page.contains("another browser") && page.contains("10.0.0.9"), "{page}");
    let other = between(&page, "name=\"session\" value=\"", "\"").to_owned();
    assert_eq!(desk.get_as(&elsewhere, "/account").await.status, 200);
    assert_eq!(desk.post("/account/end", &[("session", &other)]).await.status, 303);
    assert_ne!(desk.get_as(&elsewhere, "/account").await.status, 200);
    let clerk = sign_in(&desk.console, "zhao", "赵录入", &[OperatorRole::Clerk], "990127", "");
    assert_eq!(desk.post_as(&clerk, "/account/end", &[("session", &session("li"))]).await.status, 404, "not another's");
    assert!(desk.get("/users").await.body.contains(&session("zhao")));
    assert_eq!(desk.post("/users/end", &[("session", &session("zhao"))]).await.status, 303);
    assert_ne!(desk.get_as(&clerk, "/account").await.status, 200);
    let noted = Search { action: Some(Action::EndSession), ..Search::default() };
    assert_eq!(desk.console.audit.count(&noted).unwrap(), 2);
}

#[tokio::test]
async fn a_step_that_a_device_wrote_says_so_whatever_name_it_gives_itself() {
    let desk = Desk::set().await;
    let id = desk.file("桥", "桥坏了").await.id;
    let step = NewStep { act: "受理".into(), note: "县里已经答应了".into(), ..NewStep::default() };
    let edit = Edit { fields: [(Field::Topic, "道路交通".into())].into(), step: Some(step), ..Edit::default() };
    desk.work(move |_, deputy| deputy.edit(&id, "李干部", &edit).unwrap()).await;
    desk.meet().await;
    assert_eq!(
        desk.send(&id.to_string(), "step", &[("act", "交办"), ("office", "水利局"), ("note", "")]).await.status,
        303
    );
    let page = desk.get(&format!("/opinion/{id}")).await.body;
    let device = DeviceId::of(&desk.deputy.log().public_key()).to_string();
    let forged = between(&page, "data-step=\"受理\"", "</li>");
    assert!(
        forged.contains("李干部") && forged.contains("data-written-by") && forged.contains(&device[..8]),
        "{forged}"
    );
    assert!(
        !between(&page, "data-step=\"交办\"", "</li>").contains("data-written-by"),
        "what is done here is done here"
    );
}

#[tokio::test]
async fn a_refused_form_says_why_and_keeps_what_was_typed() {
    let desk = Desk::set().await;
    let id = desk.file("桥", "桥坏了").await.id.to_string();
    desk.send(&id, "step", &[("act", "受理"), ("topic", "道路交通")]).await;
    let no_answer = desk.send(&id, "step", &[("act", "答复"), ("note", " ")]).await;
    assert_eq!(no_answer.status, 422);
    assert!(no_answer.body.contains("role=\"alert\"") && no_answer.body.contains("“答复”还缺"));
    let no_body = desk.send(&id, "step", &[("act", "交办"), ("office", ""), ("note", "请速办")]).await;
    assert_eq!(no_body.status, 422);
    assert!(no_body.body.contains("请速办") && no_body.body.contains("承办单位"));
    let out_of_turn = desk.send(&id, "step", &[("act", "销号"), ("note", "修好了")]).await;
    assert_eq!(out_of_turn.status, 409);
    assert!(out_of_turn.body.contains("不能“销号”") && out_of_turn.body.contains("修好了"));
    let empty = desk.post(&format!("/opinion/{id}/add"), &[("text", " ")]).await;
    assert_eq!(empty.status, 422);
    let too_long = desk.send(&id, "fields", &[("title", &"路".repeat(201))]).await;
    assert_eq!(too_long.status, 422);
    assert!(too_long.body.contains("最多 200 字"));
}

#[tokio::test]
async fn a_decision_upon_what_has_changed_since_is_put_to_the_operator_again() {
    let desk = Desk::set().await;
    let filed = desk.file("桥", "桥坏了").await;
    let path = format!("/opinion/{}", filed.id);
    let seen = between(&desk.get(&path).await.body, "data-seen=\"", "\"").to_owned();
    desk.work(move |console, _| console.ledger.edit(&filed.id, "乡镇", &topic("饮水安全")).unwrap()).await;
    let form = [("seen", seen.as_str()), ("title", "大桥"), ("topic", "道路交通")];
    let answer = desk.post(&format!("{path}/fields"), &form).await;
    assert_eq!(answer.status, 409);
    assert!(answer.body.contains("value=\"大桥\""), "what was typed is kept");
    let live = desk.get(&format!("{path}/live")).await.body;
    assert_ne!(between(&live, "data-seen=\"", "\""), seen, "an open page is told");
}

#[tokio::test]
async fn two_values_of_one_field_stand_side_by_side_until_an_operator_settles_on_one() {
    let desk = Desk::set().await;
    let filed = desk.file("桥", "桥坏了").await;
    desk.work(move |console, deputy| {
        console.ledger.edit(&filed.id, "县", &topic("教育")).unwrap();
        deputy.edit(&filed.id, "陈代表", &topic("社会治安")).unwrap();
    })
    .await;
    desk.meet().await;
    let id = filed.id.to_string();
    let page = desk.get(&format!("/opinion/{id}")).await.body;
    assert!(page.contains("data-conflict=\"topic\"") && page.contains("教育") && page.contains("社会治安"));
    assert!(desk.get("/rows?questions=1").await.body.contains("data-questions=\"1\""));
    let neither = desk.send(&id, "settle", &[("field", "topic"), ("value", "别的")]).await;
    assert_eq!(neither.status, 422, "only what somebody said can be settled on");
    assert_eq!(desk.send(&id, "settle", &[("field", "topic"), ("value", "社会治安")]).await.status, 303);
    assert!(!desk.get(&format!("/opinion/{id}")).await.body.contains("data-conflict"));
    assert!(desk.get("/rows?questions=1").await.body.contains("data-total=\"0\""));
}

#[tokio::test]
async fn two_steps_that_cannot_both_hold_are_named_in_the_words_of_the_work() {
    let desk = Desk::set().await;
    let filed = desk.file("桥", "桥坏了").await;
    let id = filed.id.to_string();
    desk.send(&id, "step", &[("act", "受理"), ("topic", "道路交通")]).await;
    desk.send(&id, "step", &[("act", "交办"), ("office", "交通运输局")]).await;
    desk.meet().await;
    desk.work(move |console, deputy| {
        console.ledger.edit(&filed.id, "县", &step("退回", "不归我们")).unwrap();
        deputy.edit(&filed.id, "陈代表", &step("督办", "群众在催")).unwrap();
    })
    .await;
    desk.meet().await;
    let page = desk.get(&format!("/opinion/{id}")).await.body;
    assert!(page.contains("data-clash") && page.contains("不归我们") && page.contains("群众在催"));
    assert!(page.contains("data-open-act=\"裁定\""));
    assert_eq!(desk.send(&id, "step", &[("act", "裁定"), ("note", "以督办为准")]).await.status, 303);
    assert!(!desk.get(&format!("/opinion/{id}")).await.body.contains("data-clash"));
}

#[tokio::test]
async fn a_new_number_for_the_answer_is_offered_only_where_the_slip_is_written() {
    let desk = Desk::set().await;
    let filed = desk.file("桥", "桥坏了").await;
    desk.work(|console, _| console.ledger.write_slips().unwrap()).await;
    let page = format!("/opinion/{}", filed.id);
    assert!(desk.get(&page).await.body.contains("id=\"reopen\""));
    // The deputy is one of a township's.
    desk.work(|console, _| console.ledger.leave_slips_of(vec![1..=100])).await;
    let there = desk.get(&page).await.body;
    assert!(!there.contains("id=\"reopen\"") && there.contains("id=\"reopen-elsewhere\""));
    let answer = desk.post(&format!("{page}/reopen"), &[]).await;
    assert!(answer.status == 409 && answer.body.contains("另一级平台"), "{}", answer.body);
}

#[tokio::test]
async fn an_addition_stands_beside_the_first_words_with_its_author() {
    let desk = Desk::set().await;
    let id = desk.file("桥", "桥坏了").await.id.to_string();
    assert_eq!(desk.send(&id, "add", &[("text", "，老人过不去")]).await.status, 303);
    let page = desk.get(&format!("/opinion/{id}")).await.body;
    assert!(page.contains("data-by=\"李干部\"") && page.contains("id=\"alone\""));
    assert!(between(&page, "id=\"original\">", "</blockquote>") == "桥坏了");
}

#[tokio::test]
async fn a_code_is_shown_once_and_a_bad_form_keeps_what_was_typed() {
    let desk = Desk::set().await;
    let form = [("role", "kiosk"), ("name", "石桥村代表联络站"), ("area", VILLAGE), ("area", "990127101202")];
    let made = desk.post("/devices/slots", &form).await;
    assert_eq!(made.status, 201);
    let code = between(&made.body, "data-code=\"", "\"").to_owned();
    assert_eq!(code.len(), 8);
    assert!(!desk.get("/devices").await.body.contains(&code));
    let refused = desk.post("/devices/slots", &[("role", "deputy"), ("name", "陈代表")]).await;
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("value=\"陈代表\""));
    assert_eq!(desk.post("/devices/slots", &[("role", "hub"), ("name", "x"), ("area", VILLAGE)]).await.status, 422);
    assert_eq!(desk.post("/devices/approve", &[("slot", "9")]).await.status, 404);
    assert_eq!(desk.post("/devices/approve", &[("slot", "x")]).await.status, 400);
}

#[tokio::test]
async fn each_device_says_how_it_is_and_those_that_need_a_look_are_found() {
    use replica::{
        enrol::{Claim, Claimant, Desk as _},
        hub::{Register as _, Status},
    };
    let desk = Desk::set().await;
    let form =
        [("role", "kiosk"), ("name", "石桥村"), ("area", VILLAGE), ("trusted", "1"), ("address", "10.0.0.5:4433")];
    let made = desk.post("/devices/slots", &form).await;
    assert!(made.body.contains("<svg class=\"qr\"") && made.body.contains("HUIYIN-ENROL 10.0.0.5:4433 "));
    assert_eq!(desk.post("/devices/slots", &[&form[..4], &[("address", "nowhere")]].concat()).await.status, 422);
    let register = desk.console.register.clone();
    let claimant = Claimant { public_key: [9; 32], comparison: "123456".into(), former: None };
    assert_eq!(register.claim(register.slots()[0].id, &claimant), Ok(Claim::Approved));
    register.heard(&[9; 32], "quic");
    let status =
        Status { version: "0.1.0".into(), clock: clock::now(), free: 20 << 30, waiting: 3, ..Status::default() };
    register.told(&[9; 32], &status);
    let device = register.devices().unwrap()[0].device.to_string();
    let page = desk.get("/devices").await.body;
    assert!(page.contains(&device) && page.contains("data-looks=\"0\"") && page.contains("20 GiB"));
    assert!(!desk.get("/devices?show=look").await.body.contains(&device));
    register.told(&[9; 32], &Status { free: 9 << 20, battery: Some(7), refused: 2, ..status });
    let page = desk.get("/devices?show=look").await.body;
    assert!(page.contains("data-look=\"full battery refused\"") && page.contains("9 MiB"));
    // Somebody writes in its place with its key.
    desk.file("桥", "桥坏了").await;
    let log = desk.console.ledger.log();
    let (feed, device_id) = (log.held()[0].feed.id(), register.devices().unwrap()[0].device);
    let twin = SetApart { feed, device: Some(device_id), first: 3, reason: FORKED.into(), run: None };
    log.set_apart(twin).await.unwrap();
    let page = desk.get("/devices?show=look").await.body;
    assert!(page.contains("data-look=\"forked full battery refused\"") && page.contains("data-forks=\"1\""), "{page}");
    // What takes its place gets its name; the two are told apart.
    let made = desk.post("/devices/successor", &[("device", &device)]).await;
    assert_eq!((made.status, made.body.contains("data-code=")), (201, true));
    let again = Claimant { public_key: [8; 32], comparison: "654321".into(), former: Some([9; 32]) };
    let slot = register.slots().iter().map(|slot| slot.id).max().unwrap();
    assert_eq!(register.claim(slot, &again), Ok(Claim::Waiting));
    let page = desk.get("/devices").await.body;
    assert!(page.contains(&format!("data-former=\"{device}\"")) && page.contains("name=\"replaces\""));
    let events = desk.console.audit.verify().unwrap().events;
    assert_eq!(desk.post("/devices/approve", &[("slot", &slot.to_string()), ("replaces", "1")]).await.status, 303);
    assert_eq!(register.claim(slot, &again), Ok(Claim::Approved));
    let lines = register.devices().unwrap();
    assert!(lines[0].is_revoked && lines[1].name == "石桥村");
    assert_eq!(desk.console.audit.verify().unwrap().events, events + 1);
}

#[tokio::test]
async fn a_waiting_device_shows_its_six_digits_and_is_let_in_or_sent_away() {
    use replica::enrol::{Claim, Claimant, Desk as _};
    let desk = Desk::set().await;
    desk.post("/devices/slots", &[("role", "kiosk"), ("name", "石桥村"), ("area", VILLAGE)]).await;
    let slot = desk.console.register.slots()[0].id;
    let claimant = Claimant { public_key: [9; 32], comparison: "123456".into(), former: None };
    assert_eq!(desk.console.register.claim(slot, &claimant), Ok(Claim::Waiting));
    let page = desk.get("/devices").await.body;
    assert!(page.contains("data-comparison=\"123456\"") && page.contains("123 456"));
    assert_eq!(desk.post("/devices/approve", &[("slot", &slot.to_string())]).await.status, 303);
    assert_eq!(desk.console.register.claim(slot, &claimant), Ok(Claim::Approved));
    let page = desk.get("/devices").await.body;
    let device = between(&page, "data-device=\"", "\"").to_owned();
    assert_eq!(desk.post("/devices/revoke", &[("device", &device)]).await.status, 303);
    assert!(desk.get("/devices").await.body.contains("data-revoked=\"true\""));
}

#[tokio::test]
async fn what_stays_out_of_its_record_is_shown_with_device_record_time_and_reason() {
    let desk = Desk::set().await;
    assert!(desk.get("/devices").await.body.contains("data-refused=\"0\""));
    let id = desk.file("桥", "桥坏了").await.id;
    // Another deputy enters a record of the same name for another village.
    let (away, card) = (desk.dir.join("other"), desk.deputy.card().clone());
    let device = desk
        .work(move |console, _| {
            let away = DataDir::hold(&away).unwrap();
            let elsewhere = Area::parse("990127101202").unwrap();
            let scope = Scope { role: Role::Deputy, areas: vec![elsewhere.clone()] };
            let key = replica::identity::key_of(&away).unwrap();
            let other = Ledger::open(&away, &Identity::new(&away, key, Card { scope, ..card })).unwrap();
            let line = format!(r#"{{"id":"{id}","init":{{"body":"桥断了"}},"steps":[]}}"#);
            other.import(&elsewhere, &[Record::parse(&line).unwrap()]).unwrap();
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(carry(other.log(), console.ledger.log()));
            console.ledger.catch_up().unwrap();
            DeviceId::of(&other.log().public_key()).to_string()
        })
        .await;
    let page = desk.get("/devices").await.body;
    let pane = between(&page, "id=\"apart\"", "</section>");
    assert!(pane.contains("data-refused=\"1\"") && pane.contains("data-reason=\"elsewhere\""));
    assert!(pane.contains(&device) && pane.contains(&format!("/opinion/{id}")));
    assert!(pane.contains("<time") && pane.contains("该记录属于另一个地区") && !pane.contains("⟦"));
}

#[tokio::test]
async fn an_open_page_hears_of_a_change() {
    let desk = Desk::set().await;
    let mut stream = TcpStream::connect(desk.at).await.unwrap();
    let cookie = format!("cookie: __Host-huiyin={}", desk.key.text());
    stream.write_all(format!("GET /events HTTP/1.1\r\nhost: x\r\n{cookie}\r\n\r\n").as_bytes()).await.unwrap();
    let mut heard = String::new();
    let mut buffer = [0; 4096];
    for wanted in ["event: devices", "event: changed"] {
        while !heard.contains(wanted) {
            let read = tokio::time::timeout(std::time::Duration::from_secs(5), stream.read(&mut buffer)).await;
            heard.push_str(&String::from_utf8_lossy(&buffer[..read.unwrap().unwrap()]));
        }
    }
    heard.clear();
    desk.file("桥", "桥坏了").await;
    while !heard.contains("event: changed") {
        let read = tokio::time::timeout(std::time::Duration::from_secs(5), stream.read(&mut buffer)).await;
        heard.push_str(&String::from_utf8_lossy(&buffer[..read.unwrap().unwrap()]));
    }
}

#[tokio::test]
async fn the_export_is_one_line_for_each_opinion() {
    let desk = Desk::set().await;
    let filed = desk.file("桥", "桥坏了").await;
    let file = desk.get("/export.jsonl").await;
    assert!(file.head.contains("attachment") && file.head.contains("application/x-ndjson"));
    assert_eq!(file.body.matches("\"body\"").count(), 1);
    assert!(file.body.contains(&filed.id.to_string()) && !file.body.contains("王某某"));
}

#[tokio::test]
async fn what_is_not_there_is_said_in_a_sentence() {
    let desk = Desk::set().await;
    for path in ["/nowhere", "/opinion/xy", "/opinion/00000000000000000000000000000000"] {
        let answer = desk.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.body.contains("没有这一页"), "{path}");
    }
    assert_eq!(desk.post("/devices/approve", &[]).await.status, 400);
}

#[tokio::test]
async fn results_are_counts_alone_and_an_evaluation_stands_on_the_opinion() {
    let desk = Desk::set().await;
    assert!(desk.get("/results").await.body.contains("id=\"nothing\""));
    let filed = desk.file("桥", "桥坏了").await;
    for (act, note) in [("受理", ""), ("答复", "下月就修")] {
        desk.work(move |console, _| console.ledger.edit(&filed.id, "县", &step(act, note)).unwrap()).await;
    }
    desk.work(|console, _| {
        let text = "[[consultation]]\nkey = \"rules\"\ntitle = \"<b>村规民约\"\nareas = [\"990127\"]\n[[consultation.article]]\n\
                    key = \"1\"\ntitle = \"第一条\"\ntext = \"不倒垃圾。\"\n";
        let publication = Publication::parse(text, console.ledger.codebook(), &BTreeSet::new()).unwrap();
        console.ledger.publish(&publication).unwrap();
        while console.ledger.write_slips().unwrap() > 0 {}
    })
    .await;
    desk.meet().await;
    desk.work(move |_, deputy| {
        let (id, consultation) = deputy.published::<Consultation>().unwrap().remove(0);
        let remark = Remark {
            article: "1".into(),
            edition: consultation.articles[0].edition(),
            agrees: Some(false),
            words: "罚得太重".into(),
            ..Remark::default()
        };
        let response = Response { consultation: id, remarks: vec![remark], answers: Vec::new() };
        deputy.respond("1", &village(), &response, &[]).unwrap();
        let evaluation = Evaluation { satisfied: Some(true), solved: Some(false) };
        deputy
            .react("2", &village(), &Reaction::Evaluation { ticket: filed.ticket, answer: 1, evaluation }, &[])
            .unwrap();
    })
    .await;
    desk.meet().await;
    desk.work(|console, _| while console.opener.work().unwrap() > 0 {}).await;
    let results = desk.get("/results").await.body;
    assert!(
        results.contains("data-consultation=\"rules\" data-responses=\"1\"") && results.contains("data-article=\"1\"")
    );
    assert!(results.contains("&lt;b&gt;村规民约") && !results.contains("罚得太重"));
    let page = desk.get(&format!("/opinion/{}", filed.id)).await.body;
    assert!(page.contains("data-satisfied=\"true\"") && page.contains("data-solved=\"false\""));
    assert!(page.contains("data-state=\"复核中\""));
    assert!(!page.contains("data-form=\"要求复核\""), "only the person who spoke says that");
    assert!(desk.get("/").await.body.contains("data-solved=\"false\""));
}

/// The status that an address answers to this operator; what comes behind it may never end.
async fn status_for(console: &Console, operator: Option<Operator>, method: &str, path: &str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let router = pages().into_router().with_state(console.clone());
    let router = match operator {
        Some(operator) => router.layer(axum::Extension(operator)),
        None => router,
    };
    let serving = tokio::spawn(async move { axum::serve(listener, router).await });
    let mut stream = TcpStream::connect(at).await.unwrap();
    let kind = "content-type: application/x-www-form-urlencoded\r\ncontent-length: 0";
    let request = format!("{method} {path} HTTP/1.1\r\nhost: {at}\r\nconnection: close\r\n{kind}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut line = [0; 12];
    stream.read_exact(&mut line).await.unwrap();
    serving.abort();
    std::str::from_utf8(&line[9..]).unwrap().parse().unwrap()
}

#[tokio::test]
async fn every_page_takes_a_right_and_answers_no_role_without_it_and_every_refusal_is_noted() {
    let desk = Desk::set().await;
    let listed = pages().listed;
    let open: Vec<_> = listed.iter().filter(|(.., right)| right.is_none()).map(|(_, path, _)| *path).collect();
    let expected = [
        "/sign-in",
        "/sign-in",
        "/sign-in/second",
        "/sign-in/second",
        "/sign-in/passkey",
        "/assets/console.css",
        "/assets/console.js",
        "/assets/passkey.js",
        "/favicon.ico",
    ];
    assert_eq!(open, expected, "what everybody may fetch is looked at");
    let mut refusals = 0;
    for (method, path, right) in listed.iter().filter_map(|(method, path, right)| Some((method, path, (*right)?))) {
        let path = path.replace("{id}", &"0".repeat(32));
        let led_to_sign_in = if *method == "GET" { 303 } else { 401 };
        assert_eq!(status_for(&desk.console, None, method, &path).await, led_to_sign_in, "{method} {path}");
        for role in OperatorRole::ALL {
            let operator = desk.operator(role, "990127");
            let status = status_for(&desk.console, Some(operator), method, &path).await;
            let is_given = extent(role, right) != Extent::None;
            assert_eq!(status == 403, !is_given, "{method} {path} as {}: {status}", role.word());
            refusals += u64::from(!is_given);
        }
    }
    let noted = Search { action: Some(Action::Access), is_refused: true, ..Search::default() };
    assert_eq!(desk.console.audit.count(&noted).unwrap(), refusals);
}

#[tokio::test]
async fn one_signs_in_with_password_and_digits_and_gets_a_secret_that_nobody_had_before() {
    let desk = Desk::set().await;
    let console = desk.console.clone();
    tokio::task::spawn_blocking(move || add(&console, "fang", "方敏", &[OperatorRole::Reviewer], "990127", ""))
        .await
        .unwrap();
    let led = desk.ask(format!("GET /results HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", desk.at)).await;
    assert!(led.status == 303 && led.head.contains("/sign-in?to=%2Fresults"));
    let wrong = desk.post_with("", "/sign-in", &[("login", "fang"), ("password", "not this one")]).await;
    let unknown = desk.post_with("", "/sign-in", &[("login", "fing"), ("password", "not this one")]).await;
    assert_eq!((wrong.status, unknown.status), (401, 401));
    // The challenge for a passkey is another each time.
    let said = |answer: &Answer, login: &str| {
        answer.body.replace(login, "").replace(between(&answer.body, "data-challenge=\"", "\""), "")
    };
    assert_eq!(said(&wrong, "fang"), said(&unknown, "fing"), "nobody learns which names there are");
    // Somebody planted a cookie: what they planted is no session afterwards.
    let planted = format!("cookie: __Host-huiyin={}\r\n", "5".repeat(64));
    let form = [("login", "fang"), ("password", PASSWORD), ("to", "/results")];
    let half = desk.post_with(&planted, "/sign-in", &form).await;
    assert!(half.status == 303 && half.head.contains("/sign-in/second?to=%2Fresults"));
    for attribute in ["Secure", "HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(half.head.contains(attribute), "{attribute}");
    }
    let half_key = SessionKey::parse(between(&half.head, "__Host-huiyin=", ";")).unwrap();
    assert_eq!(desk.get_as(&half_key, "/results").await.status, 303, "half a sign-in opens nothing");
    let cookie = format!("cookie: __Host-huiyin={}\r\n", half_key.text());
    assert_eq!(desk.post_with(&cookie, "/sign-in/second", &[("code", "x")]).await.status, 401);
    let code = SECRET.code(now().0);
    let whole = desk.post_with(&cookie, "/sign-in/second", &[("code", &code), ("to", "/results")]).await;
    assert!(whole.status == 303 && whole.head.contains("location: /results"), "{}", whole.head);
    let key = SessionKey::parse(between(&whole.head, "__Host-huiyin=", ";")).unwrap();
    assert!(key.text() != half_key.text() && key.text() != "5".repeat(64));
    let page = desk.get_as(&key, "/results").await;
    assert!(page.status == 200 && page.body.contains("方敏"));
    assert_eq!(desk.post_with(&cookie, "/sign-in/second", &[("code", &code)]).await.status, 303, "the half is used up");
    assert_eq!(desk.post_as(&key, "/sign-out", &[]).await.status, 303);
    assert_eq!(desk.get_as(&key, "/results").await.status, 303);
    let count = |action, is_refused| {
        desk.console.audit.count(&Search { action: Some(action), is_refused, ..Search::default() }).unwrap()
    };
    assert_eq!((count(Action::SignIn, false), count(Action::SignIn, true), count(Action::SignOut, false)), (4, 3, 1));
}

#[tokio::test]
async fn whoever_signs_in_begins_at_a_page_that_they_may_open() {
    let desk = Desk::set().await;
    let console = desk.console.clone();
    tokio::task::spawn_blocking(move || {
        for role in OperatorRole::ALL {
            let body = if role == OperatorRole::Body { "交通局" } else { "" };
            let mandate = Mandate { roles: [role].into(), area: Area::parse("990127").unwrap(), body: body.into() };
            let new = NewUser { login: role.word().into(), name: role.zh().into(), mandate };
            console.users.add(&new, console.ledger.codebook(), &HASHED, true).unwrap();
            // Whoever takes a second factor has one, and comes in with it.
            console.users.set_totp(&console.users.find(role.word()).unwrap(), &SECRET, 0).unwrap();
        }
    })
    .await
    .unwrap();
    for role in OperatorRole::ALL {
        let form = [("login", role.word()), ("password", PASSWORD)];
        let half = desk.post_with("", "/sign-in", &form).await;
        let cookie = format!("cookie: __Host-huiyin={}\r\n", between(&half.head, "__Host-huiyin=", ";"));
        let code = SECRET.code(now().0);
        let whole = desk.post_with(&cookie, "/sign-in/second", &[("code", &code)]).await;
        let (to, key) = (between(&whole.head, "location: ", "\r\n"), between(&whole.head, "__Host-huiyin=", ";"));
        let page = desk.get_as(&SessionKey::parse(key).unwrap(), to).await;
        assert_eq!(page.status, 200, "{} at {to}", role.word());
        assert!(page.body.contains(&format!("class=\"brand\" href=\"{to}\"")), "{}", role.word());
    }
    let refused = Search { action: Some(Action::Access), ..Search::default() };
    assert_eq!(desk.console.audit.count(&refused).unwrap(), 0, "nobody is refused for signing in");
}

#[tokio::test]
async fn a_form_without_its_sessions_token_does_nothing() {
    let desk = Desk::set().await;
    let id = desk.file("桥", "桥坏了").await.id;
    let cookie = format!("cookie: __Host-huiyin={}\r\n", desk.key.text());
    for pairs in [&[("text", "x")][..], &[("text", "x"), ("csrf", "0")], &[("text", "x"), ("csrf", "")]] {
        assert_eq!(desk.post_with(&cookie, &format!("/opinion/{id}/add"), pairs).await.status, 403);
    }
    let page = desk.get(&format!("/opinion/{id}")).await.body;
    let forms = page.matches("method=\"post\"").count();
    assert!(forms > 3);
    assert_eq!(page.matches(&format!("name=\"csrf\" value=\"{}\"", desk.key.form_token())).count(), forms);
}

#[tokio::test]
async fn an_operator_sees_and_touches_their_area_and_body_alone() {
    let desk = Desk::set().await;
    let filed = desk.file("桥", "桥坏了").await;
    let id = filed.id.to_string();
    let console = desk.console.clone();
    let keys = tokio::task::spawn_blocking(move || {
        [
            sign_in(&console, "town", "镇里", &[OperatorRole::Reviewer], "990127101", ""),
            sign_in(&console, "other", "别处", &[OperatorRole::Reviewer], "990127102", ""),
            sign_in(&console, "roads", "交通局", &[OperatorRole::Body], "990127", "交通局"),
            sign_in(&console, "watch", "审计", &[OperatorRole::Auditor], "990127", ""),
        ]
    });
    let [town, other, roads, watch] = keys.await.unwrap();
    let total =
        async |key: &SessionKey| between(&desk.get_as(key, "/rows").await.body, "data-total=\"", "\"").to_owned();
    let path = format!("/opinion/{id}");
    assert_eq!((total(&town).await, total(&other).await, total(&roads).await), ("1".into(), "0".into(), "0".into()));
    assert_eq!(desk.get_as(&town, &path).await.status, 200);
    assert_eq!(desk.get_as(&other, &path).await.status, 403);
    assert_eq!(desk.post_as(&other, &format!("{path}/add"), &[("text", "x")]).await.status, 403);
    assert_eq!(desk.get_as(&roads, &path).await.status, 403, "it is not theirs yet");
    assert!(!desk.get_as(&other, "/export.jsonl").await.body.contains("桥坏了"));
    desk.send(&id, "step", &[("act", "受理"), ("topic", "道路交通")]).await;
    desk.send(&id, "step", &[("act", "交办"), ("office", "交通局")]).await;
    assert_eq!(total(&roads).await, "1");
    let page = desk.get_as(&roads, &path).await.body;
    assert!(page.contains("data-form=\"办理\"") && !page.contains("data-form=\"督办\""), "{page}");
    let seen = between(&page, "data-seen=\"", "\"").to_owned();
    let step = [("seen", seen.as_str()), ("act", "督办"), ("note", "")];
    assert_eq!(desk.post_as(&roads, &format!("{path}/step"), &step).await.status, 403, "the county gives it to others");
    let step = [("seen", seen.as_str()), ("act", "办理"), ("note", "已派人")];
    assert_eq!(desk.post_as(&roads, &format!("{path}/step"), &step).await.status, 303);
    let audit = desk.get_as(&watch, "/audit?refused=1").await;
    assert!(audit.status == 200 && audit.body.contains(&id) && audit.body.contains("越权访问"));
    assert_eq!(desk.get_as(&watch, &path).await.status, 403);
    let file = desk.get_as(&watch, "/audit.csv?who=roads").await;
    assert!(file.head.contains("attachment") && file.body.contains("\"take-steps\""), "{}", file.body);
}

#[tokio::test]
async fn whoever_got_a_password_from_others_changes_it_first_and_then_sets_up_the_second_factor() {
    let desk = Desk::set().await;
    let form = [("login", "zhao"), ("name", "赵审核"), ("role", "reviewer"), ("area", "990127")];
    let made = desk.post("/users/add", &form).await;
    assert_eq!(made.status, 201);
    let given = between(&made.body, "data-password=\"", "\"").to_owned();
    assert!(!desk.get("/users").await.body.contains(&given), "it is shown once");
    let signed = desk.post_with("", "/sign-in", &[("login", "zhao"), ("password", &given)]).await;
    let key = SessionKey::parse(between(&signed.head, "__Host-huiyin=", ";")).unwrap();
    assert!(desk.get_as(&key, "/").await.head.contains("location: /account"));
    let change = [("old", given.as_str()), ("new", PASSWORD), ("again", PASSWORD)];
    assert_eq!(desk.post_as(&key, "/account/password", &change).await.status, 303);
    assert!(desk.get_as(&key, "/").await.head.contains("location: /account"), "this role takes a second factor");
    let page = desk.get_as(&key, "/account").await.body;
    let secret = Secret::parse(between(&page, "data-secret=\"", "\"")).unwrap();
    let (text, code) = (secret.text(), secret.code(now().0));
    let factor =
        |code: &'static str| [("secret", text.clone()), ("password", PASSWORD.to_owned()), ("code", code.to_owned())];
    let wrong: Vec<(&str, String)> = factor("0").into();
    let wrong: Vec<(&str, &str)> = wrong.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(desk.post_as(&key, "/account/factor", &wrong).await.status, 422);
    let right = [("secret", text.as_str()), ("password", PASSWORD), ("code", code.as_str())];
    assert_eq!(desk.post_as(&key, "/account/factor", &right).await.status, 303);
    assert_eq!(desk.get_as(&key, "/").await.status, 200);
    assert_eq!(desk.post("/users/disable", &[("login", "zhao")]).await.status, 303);
    assert_eq!(desk.get_as(&key, "/").await.status, 303, "and is out at once");
}

#[tokio::test]
async fn an_administrator_of_a_township_minds_its_own_operators_alone() {
    let desk = Desk::set().await;
    let console = desk.console.clone();
    let key = tokio::task::spawn_blocking(move || {
        sign_in(&console, "town", "镇管理员", &[OperatorRole::Administrator], "990127101", "")
    });
    let key = key.await.unwrap();
    let add = |area: &'static str| [("login", "zhao"), ("name", "赵"), ("role", "clerk"), ("area", area)];
    assert_eq!(desk.post_as(&key, "/users/add", &add("990127")).await.status, 403);
    assert_eq!(desk.post_as(&key, "/users/add", &add("990127101201")).await.status, 201);
    assert_eq!(desk.post_as(&key, "/users/recover", &[("login", "li")]).await.status, 403);
    let page = desk.get_as(&key, "/users").await.body;
    assert!(page.contains("data-user=\"zhao\"") && !page.contains("data-user=\"li\""));
}
