//! The pages over a real ledger in a directory of its own, asked as a browser asks.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use civic_core::{
    access::{Role, Scope},
    area::Area,
    consent::{Choice, Consent},
    id::{DocId, hex},
    opening::Opening,
    opinion::{Edit, Field, NewOpinion, NewStep},
    review,
    seal::{OpenKey, Seed},
    time::UnixSeconds,
};
use ledger::{
    Ledger,
    enclosed::{Enclosed, Heard},
    query::Filter,
};
use replica::{
    clock,
    device::RoadState,
    dir::DataDir,
    identity::{self, Card, Identity},
};
use tokio::{net::TcpListener, sync::watch};

use super::{App, opinion, router};
use crate::{draft::DRAFTS_MAX, form::NOTICE};

const VILLAGE: &str = "990101101201";
const FORM: &str = "00112233445566778899aabbccddeeff";
const OTHER_FORM: &str = "ffeeddccbbaa99887766554433221100";
const THIRD_FORM: &str = "0123456789abcdef0123456789abcdef";
const FOURTH_FORM: &str = "fedcba9876543210fedcba9876543210";
const CODEBOOK: &str = r#"
channel = [{ name = "代表走访", en = "Visit" }]
urgency = [{ name = "紧急", en = "Urgent" }]
[county]
name = "青禾县"
en = "Qinghe County"
area = "990101"
[[place]]
area = "990101101"
name = "石桥镇"
en = "Shiqiao Town"
[[place]]
area = "990101101201"
name = "石桥村"
en = "Shiqiao"
[[place]]
area = "990101101202"
name = "东岗村"
en = "Donggang"
[[topic]]
name = "道路交通"
en = "Roads"
picture = "road"
[[topic]]
name = "农田水利"
en = "Water"
picture = "water"
[[state]]
name = "已登记"
en = "Registered"
owner = "联络站"
days = 3
plain = "县里已经收到"
[[state]]
name = "已销号"
en = "Closed"
is_final = true
plain = "已经办结"
[[step]]
act = "销号"
en = "Close"
to = "已销号"
[[step]]
act = "答复"
en = "Answer"
asks = ["note"]
is_answer = true
[[step]]
act = "走访"
en = "Visit"
[[step]]
act = "联系"
en = "Contact"
asks = ["note"]
[[step]]
act = "裁定"
en = "Settle"
asks = ["note"]
settles = true
"#;

/// A deputy's app in a directory that goes with it.
struct Desk {
    dir: PathBuf,
    ledger: Ledger,
    app: App,
    address: SocketAddr,
    road: watch::Sender<RoadState>,
    _end: watch::Sender<bool>,
    runtime: Option<tokio::runtime::Runtime>,
}

/// What came back: status, where to, the page.
struct Answer {
    status: u16,
    location: String,
    page: String,
}

impl Desk {
    fn new() -> Self {
        let dir = std::env::temp_dir().join(format!("field-app-{}", hex(&clock::random::<8>())));
        let data = DataDir::hold(&dir).unwrap();
        let key = identity::key_of(&data).unwrap();
        let card = Card {
            scope: Scope { role: Role::Deputy, areas: vec![Area::parse("990101101").unwrap()] },
            name: "代表 陈".into(),
            number: 7,
            hub: "127.0.0.1:1".into(),
            hub_key: String::new(),
            authority: String::new(),
            spare: String::new(),
            salt: String::new(),
            retired: String::new(),
            certificate: hex(&key.verifying_key().to_bytes()),
            seal_key: OpenKey::make(1, Seed([1; 32])).seal_key().unwrap(),
            codebook: CODEBOOK.into(),
            edition: 0,
            enrolled_at: UnixSeconds(0),
            renewed_at: None,
            former: Vec::new(),
            board: String::new(),
        };
        Identity::save_card(&data, &card).unwrap();
        drop(data);
        Self::start(dir)
    }

    fn start(dir: PathBuf) -> Self {
        let data = DataDir::hold(&dir).unwrap();
        let ledger = Ledger::open(&data, &Identity::load(&data, Role::Deputy).unwrap()).unwrap();
        let (road, road_seen) = watch::channel(RoadState::default());
        let (end, ending) = watch::channel(false);
        let app = App::open(data, ledger.clone(), road_seen, ending).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let pages = router(app.clone());
        runtime.spawn(async move { axum::serve(listener, pages).await });
        Self { dir, ledger, app, address, road, _end: end, runtime: Some(runtime) }
    }

    /// The phone is switched off and on again.
    fn restart(mut self) -> Self {
        let dir = std::mem::take(&mut self.dir);
        drop(self);
        Self::start(dir)
    }

    fn get(&self, path: &str) -> Answer {
        read(browser().get(format!("http://{}{path}", self.address)).call().unwrap())
    }

    fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let request = browser().post(format!("http://{}{path}", self.address)).header("sec-fetch-dest", "empty");
        read(request.send_form(fields.iter().copied()).unwrap())
    }

    fn opinions(&self) -> u64 {
        self.ledger.list(&Filter { limit: 1, ..Filter::default() }).unwrap().total
    }

    /// Saves an opinion and gives its page's address.
    fn file(&self, text: &str) -> String {
        let fields = [("village", VILLAGE), ("topic-0", "道路交通"), ("text-0", text)];
        assert_eq!(self.post("/visit/new", &fields).status, 303);
        let newest = self.ledger.list(&Filter { limit: 1, ..Filter::default() }).unwrap();
        format!("/opinion/{}", newest.lines[0].id)
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(std::time::Duration::from_secs(5));
        }
        if self.dir != Path::new("") {
            let _ = std::fs::remove_dir_all(&self.dir);
        }
    }
}

fn browser() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into()
}

fn read(mut response: ureq::http::Response<ureq::Body>) -> Answer {
    let location = response.headers().get("location").and_then(|to| to.to_str().ok()).unwrap_or_default().to_owned();
    Answer { status: response.status().as_u16(), location, page: response.body_mut().read_to_string().unwrap() }
}

/// Every byte of every file in the directory.
fn everything_in(dir: &Path) -> Vec<u8> {
    let files = std::fs::read_dir(dir).unwrap();
    files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|piece| piece == text.as_bytes())
}

#[test]
fn a_visit_is_saved_once_however_often_it_is_sent_and_its_numbers_are_told() {
    let desk = Desk::new();
    let fields = [
        ("form", FORM),
        ("village", VILLAGE),
        ("place", "三组"),
        ("topic-0", "道路交通"),
        ("text-0", "桥断了"),
        ("topic-1", "农田水利"),
        ("text-1", "渠堵了"),
        ("text-2", "  "),
    ];
    let first = desk.post("/visit/new", &fields);
    assert_eq!(first.status, 303);
    assert_eq!(desk.post("/visit/new", &fields).location, first.location);
    assert_eq!(desk.opinions(), 2);

    let saved = desk.get(&first.location).page;
    assert!(saved.contains("data-place=\"here\""), "only a receipt makes it received");
    assert_eq!(saved.matches("data-ticket=\"0007").count(), 2);
    let line = &desk.ledger.list(&Filter { limit: 9, ..Filter::default() }).unwrap().lines[0];
    assert_eq!((line.village.as_str(), line.filed_by.as_str()), ("石桥村", "代表 陈"));
    assert!(desk.get("/visits").page.contains("三组"));
}

#[test]
fn a_saved_form_that_was_changed_is_neither_swallowed_nor_entered_twice() {
    let desk = Desk::new();
    let fields = |text| [("form", FORM), ("village", VILLAGE), ("topic-0", "道路交通"), ("text-0", text)];
    assert_eq!(desk.post("/visit/new", &fields("桥断了")).status, 303);
    let changed = desk.post("/visit/new", &fields("另一件事"));
    assert_eq!((changed.status, desk.opinions()), (409, 1));
    assert!(changed.page.contains("id=\"before\"") && changed.page.contains("另一件事"));
    assert!(!changed.page.contains(FORM), "sent once more it is another visit");
    // After a restart the program no longer knows what was in the form, only that it was saved.
    let desk = desk.restart();
    assert_eq!((desk.post("/visit/new", &fields("桥断了")).status, desk.opinions()), (409, 1));
}

#[test]
fn what_cannot_be_saved_comes_back_with_everything_typed_and_a_reason() {
    let desk = Desk::new();
    let long = "长".repeat(2_001);
    let fields = [
        ("form", FORM),
        ("village", "990199999999"),
        ("place", "三组"),
        ("note", "备注"),
        ("topic-0", "飞碟"),
        ("text-0", &long),
        ("name-0", "王小明"),
        ("phone-0", "10001234567"),
    ];
    let answer = desk.post("/visit/new", &fields);
    assert_eq!((answer.status, desk.opinions()), (422, 0));
    for kept in ["三组", "备注", &long, "王小明", "10001234567", FORM] {
        assert!(answer.page.contains(kept), "{kept} is lost");
    }
    for field in ["village", "topic-0", "text-0"] {
        assert!(answer.page.contains(&format!("href=\"#{field}\"")), "nothing said about {field}");
    }
    assert_eq!(desk.post("/visit/new", &[("village", VILLAGE)]).status, 422);
    // Twenty opinions of the greatest length are a form like any other.
    let most = "长".repeat(2_000);
    let names: Vec<_> = (0..20).map(|n| (format!("topic-{n}"), format!("text-{n}"))).collect();
    let mut fields = vec![("village", VILLAGE)];
    for (topic, text) in &names {
        fields.extend([(topic.as_str(), "道路交通"), (text.as_str(), most.as_str())]);
    }
    assert_eq!((desk.post("/visit/new", &fields).status, desk.opinions()), (303, 20));
}

#[test]
fn a_draft_survives_a_restart_without_name_and_phone_and_ends_when_saved() {
    let desk = Desk::new();
    let fields = [
        ("form", FORM),
        ("village", VILLAGE),
        ("topic-0", "道路交通"),
        ("text-0", "桥断了"),
        ("name-0", "王小明"),
        ("phone-0", "10001234567"),
        ("agreed-0", "yes"),
    ];
    assert_eq!(desk.post("/visit/draft", &fields).status, 204);
    let desk = desk.restart();
    assert!(desk.get("/").page.contains("id=\"draft\""));
    let form = desk.get("/visit/new").page;
    assert!(form.contains("桥断了") && form.contains("id=\"draft-note\"") && form.contains(FORM));
    let on_disk = everything_in(&desk.dir);
    assert!(holds(&on_disk, "桥断了") && !holds(&on_disk, "王小明") && !holds(&on_disk, "10001234567"));

    assert_eq!(desk.post("/visit/new", &fields).status, 303);
    // What the page's script sent late does not bring it back, and is not said to be kept.
    let late = desk.post("/visit/draft", &fields);
    assert!(late.status == 409 && late.page.contains("没有存成草稿"), "{}", late.page);
    assert!(!desk.get("/").page.contains("id=\"draft\""));
    assert!(!desk.get("/visit/new").page.contains("桥断了"));
    let on_disk = everything_in(&desk.dir);
    assert!(!holds(&on_disk, "王小明") && !holds(&on_disk, "10001234567"), "sealed, not written");
}

#[test]
fn two_windows_keep_drafts_of_their_own_and_neither_takes_the_others_away() {
    let desk = Desk::new();
    let form = |name| [("form", name), ("village", VILLAGE), ("topic-0", "道路交通")];
    let typed = |name, text| [&form(name)[..], &[("text-0", text)]].concat();
    assert_eq!(desk.post("/visit/draft", &typed(FORM, "桥断了")).status, 204);
    // The second window is still blank when an opinion is added to its form.
    assert_eq!(desk.post("/visit/new", &[&form(OTHER_FORM)[..], &[("do", "more")]].concat()).status, 200);
    assert!(desk.get("/visit/new").page.contains("桥断了"), "a blank form clears no draft but its own");
    assert_eq!(desk.post("/visit/draft", &typed(OTHER_FORM, "渠堵了")).status, 204);
    let home = desk.get("/").page;
    for (name, text) in [(FORM, "桥断了"), (OTHER_FORM, "渠堵了")] {
        assert!(home.contains(&format!("href=\"/visit/new?form={name}\"")), "both are found");
        assert!(desk.get(&format!("/visit/new?form={name}")).page.contains(text));
    }

    assert_eq!(desk.post("/visit/new", &typed(OTHER_FORM, "渠堵了")).status, 303);
    assert!(desk.get("/visit/new").page.contains("桥断了"), "saving one leaves the other");
    assert_eq!(desk.post("/visit/draft", &typed(THIRD_FORM, "路坏了")).status, 204);
    let next = desk.post("/visit/draft/discard", &[("form", THIRD_FORM)]).location;
    assert!(desk.get("/visit/new").page.contains("桥断了"), "discarding one leaves the other");
    assert!(!desk.get(&next).page.contains("桥断了"), "and begins anew");
    // A form that was opened by its name goes on under it, so that what is kept of it is found again.
    let name = next.trim_start_matches("/visit/new?form=");
    assert!(desk.get(&next).page.contains(&format!("value=\"{name}\"")));
}

#[test]
fn a_draft_more_than_are_kept_is_refused_with_everything_typed_and_the_others_stay() {
    let desk = Desk::new();
    let names: Vec<_> = (0..=DRAFTS_MAX).map(|n| format!("{n:032x}")).collect();
    let (last, first) = names.split_last().unwrap();
    for name in first {
        assert_eq!(desk.post("/visit/draft", &[("form", name), ("text-0", name)]).status, 204);
    }
    let refused = desk.post("/visit/draft", &[("form", last), ("text-0", "桥断了")]);
    assert!(refused.status == 409 && refused.page.contains("草稿最多存 5 份"), "{}", refused.page);
    // Without the page's script, the form comes back.
    let address = format!("http://{}/visit/draft", desk.address);
    let refused = read(browser().post(address).send_form([("form", last.as_str()), ("text-0", "桥断了")]).unwrap());
    assert!(refused.status == 409 && refused.page.contains("id=\"not-kept\"") && refused.page.contains("桥断了"));
    for name in first {
        assert!(desk.get(&format!("/visit/new?form={name}")).page.contains(&format!("{name}</textarea>")));
    }
    assert_eq!(desk.post("/visit/draft", &[("form", &first[0]), ("text-0", "改过的")]).status, 204);
}

#[test]
fn a_draft_that_outlived_its_visit_because_the_power_failed_takes_no_place() {
    let desk = Desk::new();
    let fields = [("form", FORM), ("village", VILLAGE), ("topic-0", "道路交通"), ("text-0", "桥断了")];
    assert_eq!(desk.post("/visit/draft", &fields).status, 204);
    let file = desk.dir.join(format!("visit-draft-{FORM}.json"));
    let draft = std::fs::read(&file).unwrap();
    assert_eq!(desk.post("/visit/new", &fields).status, 303);
    assert!(!file.exists());
    std::fs::write(&file, draft).unwrap();
    let desk = desk.restart();
    assert!(!file.exists());
    assert!(!desk.get("/").page.contains("id=\"draft\""));
}

#[test]
fn the_draft_of_an_older_program_is_gone_on_with() {
    let desk = Desk::new();
    let draft = format!(r#"{{"at":9,"form":{{"form":"{FORM}","heard":[{{"text":"桥断了"}}]}}}}"#);
    std::fs::write(desk.dir.join("visit-draft.json"), draft).unwrap();
    let desk = desk.restart();
    assert!(desk.get("/visit/new").page.contains("桥断了"));
    assert_eq!(desk.post("/visit/draft/discard", &[("form", FORM)]).status, 303);
    assert!(!desk.restart().get("/visit/new").page.contains("桥断了"));
}

#[test]
fn name_and_phone_are_taken_only_after_the_notice_and_the_consent_is_in_the_record() {
    let desk = Desk::new();
    let fields = [
        ("form", FORM),
        ("village", VILLAGE),
        ("topic-0", "道路交通"),
        ("text-0", "桥断了"),
        ("name-0", "王小明"),
        ("phone-0", ""),
    ];
    let answer = desk.post("/visit/new", &fields);
    assert_eq!((answer.status, desk.opinions()), (422, 0));
    assert!(answer.page.contains("href=\"#agreed-0\"") && answer.page.contains("王小明"));
    assert!(desk.get("/visit/new").page.contains("请念给本人听"));
    let answer = desk.post("/visit/new", &[&fields[..], &[("agreed-0", "yes")]].concat());
    assert_eq!((answer.status, desk.opinions()), (303, 1));
    let consent = |desk: &Desk| {
        let id = desk.ledger.list(&Filter { limit: 1, ..Filter::default() }).unwrap().lines[0].id;
        Consent::of(&desk.ledger.opinion(&id).unwrap().unwrap().opinion)
    };
    assert_eq!(consent(&desk).map(|consent| (consent.notice, consent.choice)), Some((NOTICE, Choice::Name)));
    desk.file("路坏了");
    assert_eq!(consent(&desk), None, "where nothing is left nobody was asked");
}

#[test]
fn the_person_is_given_what_opens_the_answer_and_it_lies_on_no_disk_here() {
    let desk = Desk::new();
    let secret = "5a".repeat(32);
    let fields = [
        ("form", FORM),
        ("secret", &secret),
        ("village", VILLAGE),
        ("topic-0", "道路交通"),
        ("text-0", "桥断了"),
        ("topic-1", "道路交通"),
        ("text-1", "路坏了"),
    ];
    assert_eq!(desk.post("/visit/draft", &fields).status, 204);
    assert!(desk.get("/visit/new").page.contains(&secret), "a draft goes on with the same");
    let visit = desk.post("/visit/new", &fields).location;
    assert_eq!(desk.post("/visit/new", &fields).location, visit, "sent again it is the same");
    let page = desk.get(&visit).page;
    for part in [0, 1] {
        let Opening { number, .. } = Opening::of_form(&secret, part);
        assert!(page.contains(&format!("data-opening=\"{}\"", number.digits())) && page.contains("<svg"));
    }
    let on_disk = everything_in(&desk.dir);
    for opening in [0, 1].map(|part| Opening::of_form(&secret, part)) {
        let key = String::from(opening.key);
        for hidden in [opening.number.digits(), opening.number.to_string(), key] {
            assert!(!holds(&on_disk, &hidden));
        }
    }
    assert!(!holds(&on_disk, &secret), "the draft is gone, and with it of what they were made");
    let desk = desk.restart();
    assert!(desk.get(&visit).page.contains("请到县里补一个"));
}

#[test]
fn an_opinion_more_or_less_keeps_what_was_typed() {
    let desk = Desk::new();
    let fields = [("form", FORM), ("text-0", "第一"), ("name-0", "王小明"), ("text-1", "第二")];
    let with = |what| [&fields[..], &[("do", what)]].concat();
    let more = desk.post("/visit/new", &with("more"));
    assert!(more.status == 200 && more.page.contains("id=\"text-2\"") && more.page.contains("王小明"));
    let less = desk.post("/visit/new", &with("remove-0")).page;
    assert!(!less.contains("第一") && less.contains("第二") && !less.contains("id=\"text-1\""));
    assert_eq!(desk.opinions(), 0);
}

#[test]
fn an_opinion_is_added_to_once_with_its_author_and_the_first_words_stay() {
    let desk = Desk::new();
    let opinion = desk.file("桥断了");
    let add = [("form", FORM), ("text", "人可以走，车不行")];
    for _ in 0..2 {
        let answer = desk.post(&format!("{opinion}/add"), &add);
        assert_eq!((answer.status, answer.location), (303, format!("{opinion}?saved=1")));
    }
    let page = desk.get(&opinion).page;
    assert_eq!(page.matches("人可以走，车不行").count(), 1);
    assert!(page.contains("桥断了") && page.contains("class=\"added\""));
    let refused = desk.post(&format!("{opinion}/add"), &[("form", "x"), ("text", &"长".repeat(2_000))]);
    assert!(refused.status == 422 && refused.page.contains("长长长"));
}

#[test]
fn an_addition_and_a_step_sent_again_after_the_app_ended_stand_once() {
    let desk = Desk::new();
    let opinion = desk.file("桥断了");
    let (add, step) = (format!("{opinion}/add"), format!("{opinion}/step"));
    let forms = [(&add, vec![("text", "车不行")]), (&step, vec![("act", "走访"), ("note", "")])];
    let send = |desk: &Desk, names: [&str; 2]| {
        for ((path, fields), name) in forms.iter().zip(names) {
            assert_eq!(desk.post(path, &[&[("form", name)][..], fields].concat()).status, 303);
        }
    };
    let count = |desk: &Desk| {
        let page = desk.get(&opinion).page;
        (page.matches("车不行").count(), page.matches("data-act=\"走访\"").count())
    };
    send(&desk, [FORM, OTHER_FORM]);
    // The app ends after they were written and before the browser heard of it.
    let desk = desk.restart();
    send(&desk, [FORM, OTHER_FORM]);
    assert_eq!(count(&desk), (1, 1));
    // The same words and the same step in other forms are meant.
    send(&desk, [THIRD_FORM, FOURTH_FORM]);
    assert_eq!(count(&desk), (2, 2));
}

#[test]
fn a_form_that_was_sent_before_the_app_ended_and_is_not_written_is_carried_out() {
    let desk = Desk::new();
    let opinion = desk.file("桥断了");
    let tried = format!(r#"[{{"form":"{FORM}","at":{}}}]"#, clock::now().0);
    std::fs::write(desk.dir.join("forms-tried.json"), tried).unwrap();
    let desk = desk.restart();
    assert_eq!(desk.post(&format!("{opinion}/add"), &[("form", FORM), ("text", "车不行")]).status, 303);
    assert_eq!(desk.get(&opinion).page.matches("车不行").count(), 1);
}

#[test]
fn an_addition_that_is_saved_is_not_refused_for_its_length_when_it_is_sent_again() {
    let desk = Desk::new();
    let opinion = desk.file(&"长".repeat(1_500));
    let add = |desk: &Desk, form, text: &str| desk.post(&format!("{opinion}/add"), &[("form", form), ("text", text)]);
    let text = "补".repeat(300);
    assert_eq!(add(&desk, FORM, &text).status, 303);
    assert_eq!(add(&desk, FORM, &text).status, 303);
    let desk = desk.restart();
    assert_eq!(add(&desk, FORM, &text).status, 303);
    assert_eq!(add(&desk, OTHER_FORM, &text).status, 422, "once more it is too long");
}

#[test]
fn a_deputy_takes_only_a_deputys_steps() {
    let desk = Desk::new();
    let opinion = desk.file("桥断了");
    let page = desk.get(&opinion).page;
    assert!(page.contains("value=\"走访\"") && page.contains("value=\"联系\""));
    assert!(!page.contains("value=\"销号\"") && !page.contains("value=\"裁定\""));
    let step = |act, note| desk.post(&format!("{opinion}/step"), &[("act", act), ("note", note)]).status;
    assert_eq!(step("走访", ""), 303);
    assert_eq!(step("联系", ""), 422);
    assert_eq!(step("联系", "交通局说下周来"), 303);
    assert_eq!(step("销号", "假的"), 422);
    let page = desk.get(&opinion).page;
    assert!(
        page.contains("交通局说下周来") && page.contains("data-act=\"走访\"") && !page.contains("data-act=\"销号\"")
    );
}

#[test]
fn the_answer_stands_on_its_own_and_a_deputy_cannot_give_it_in_the_countys_name() {
    let desk = Desk::new();
    let opinion = desk.file("桥断了");
    assert!(!desk.get(&opinion).page.contains("id=\"answer\""));
    assert_eq!(desk.post(&format!("{opinion}/step"), &[("act", "答复"), ("note", "下月修")]).status, 422);
    let id = DocId::parse(opinion.trim_start_matches("/opinion/")).unwrap();
    let step = NewStep { act: "答复".into(), note: "下月开工修桥".into(), ..NewStep::default() };
    desk.ledger.edit(&id, "交通局", &Edit { step: Some(step), ..Edit::default() }).unwrap();
    let page = desk.get(&opinion).page;
    assert!(page.contains("id=\"answer\"") && page.contains("下月开工修桥") && page.contains("交通局"));
}

#[test]
fn a_correction_sets_only_what_was_changed() {
    let desk = Desk::new();
    let opinion = desk.file("桥断了");
    let fields = [("topic", "农田水利"), ("topic-was", "道路交通"), ("urgency", ""), ("urgency-was", "")];
    assert_eq!(desk.post(&format!("{opinion}/correct"), &fields).status, 303);
    // A page that was left open sets nothing back.
    let stale = [("topic", "道路交通"), ("topic-was", "道路交通"), ("urgency", "紧急"), ("urgency-was", "")];
    assert_eq!(desk.post(&format!("{opinion}/correct"), &stale).status, 303);
    let line = desk.ledger.list(&Filter { limit: 1, ..Filter::default() }).unwrap().lines.remove(0);
    assert_eq!((line.topic.as_str(), line.urgency.as_str()), ("农田水利", "紧急"));
    assert_eq!(desk.post(&format!("{opinion}/correct"), &[("topic", "飞碟")]).status, 422);
}

#[test]
fn a_correction_that_changes_nothing_is_not_said_to_be_saved() {
    let desk = Desk::new();
    let opinion = desk.file("桥断了");
    let correct = |fields: &[(&str, &str)]| desk.post(&format!("{opinion}/correct"), fields).location;
    let urgent = [("form", FORM), ("topic", "道路交通"), ("topic-was", "道路交通"), ("urgency", "紧急")];
    assert_eq!(correct(&urgent), format!("{opinion}?saved=1"));
    let same = correct(&[("form", OTHER_FORM), ("urgency", ""), ("urgency-was", "紧急")]);
    let page = desk.get(&same).page;
    assert!(page.contains("id=\"same\"") && !page.contains("id=\"just-saved\""), "{same}");
    // Where a value stands there is no choice that would take it away.
    assert!(!page.contains("<option value=\"\">"), "{page}");
    // A value that is no word of this device's codebook is not exchanged by itself.
    let id = DocId::parse(opinion.trim_start_matches("/opinion/")).unwrap();
    let fields = [(Field::Topic, "飞碟".to_owned())].into();
    desk.ledger.edit(&id, "交通局", &Edit { fields, ..Edit::default() }).unwrap();
    assert!(desk.get(&opinion).page.contains("<option value=\"飞碟\" selected>飞碟</option>"));
}

#[test]
fn a_correction_that_is_refused_keeps_what_was_chosen() {
    let desk = Desk::new();
    let opinion = desk.file("桥断了");
    let fields = [("topic", "农田水利"), ("topic-was", "道路交通"), ("urgency", "飞快")];
    let refused = desk.post(&format!("{opinion}/correct"), &fields);
    assert!(refused.status == 422 && refused.page.contains("<option value=\"农田水利\" selected>"));
}

#[test]
fn an_opinion_that_was_spoken_says_so_where_its_words_would_be() {
    let desk = Desk::new();
    let fields = [(Field::Topic, "道路交通".to_owned())].into();
    let new = NewOpinion { fields, ..NewOpinion::default() };
    let heard = Heard { new, enclosed: vec![Enclosed::voice(vec![7; 90], 12)], ..Heard::default() };
    let filed = desk.ledger.take_down(&Area::parse(VILLAGE).unwrap(), "石桥村", heard).unwrap();
    for path in [format!("/opinion/{}", filed.id), "/opinions".to_owned()] {
        let page = desk.get(&path).page;
        assert!(page.contains("语音 12 秒") && page.contains("只有县里能打开"), "{path}: {page}");
    }
    desk.file("桥断了");
    assert_eq!(desk.get("/opinions").page.matches("class=\"enclosed\"").count(), 1, "where there are words they stand");
}

#[test]
fn a_second_text_of_one_opinion_is_shown_where_it_is_counted() {
    let desk = Desk::new();
    let opinion = desk.file("桥坏了");
    let id = DocId::parse(opinion.trim_start_matches("/opinion/")).unwrap();
    let mut whole = desk.ledger.opinion(&id).unwrap().unwrap();
    assert!(!opinion::questions(&desk.app, &whole).into_string().contains("id=\"conflicts\""));
    whole.opinion.other_texts.push("桥断了".to_owned());
    assert_eq!(review::open_questions(desk.ledger.codebook(), &whole.opinion), 1);
    let shown = opinion::questions(&desk.app, &whole).into_string();
    assert!(shown.contains("id=\"conflicts\"") && shown.contains("桥断了"), "{shown}");
}

#[test]
fn the_list_is_searched_by_number_and_words_and_state() {
    let desk = Desk::new();
    desk.file("桥断了");
    desk.file("渠堵了");
    let ticket = desk.ledger.list(&Filter { limit: 1, ..Filter::default() }).unwrap().lines.remove(0).ticket;
    assert_eq!(desk.get("/opinions").page.matches("class=\"card opinion\"").count(), 2);
    for (query, found) in [("q=断", "桥断了"), (&format!("q={ticket}")[..], "渠堵了")] {
        let query: String = query.bytes().map(|byte| if byte == b'=' { "=".into() } else { escaped(byte) }).collect();
        let page = desk.get(&format!("/opinions?{query}")).page;
        assert!(page.contains(found) && page.matches("class=\"card opinion\"").count() == 1, "{query}");
    }
    assert!(desk.get("/opinions?page=99999999999999999").page.contains("class=\"empty\""));
}

fn escaped(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }
}

#[test]
fn the_home_page_claims_no_more_than_a_receipt_proves() {
    let desk = Desk::new();
    desk.file("桥断了");
    let page = desk.get("/").page;
    assert!(page.contains("代表 陈") && page.contains("石桥镇") && page.contains("data-road=\"calling\""));
    let status = |desk: &Desk| serde_json::from_str::<serde_json::Value>(&desk.get("/status.json").page).unwrap();
    let now = status(&desk);
    assert_eq!((&now["here"], &now["received"], &now["opinions"]), (&2.into(), &0.into(), &1.into()));
    assert!(now["last_receipt"].is_null() && now["role"] == "deputy");

    desk.road.send_replace(RoadState { is_open: true, is_sending: true, ..RoadState::default() });
    assert_eq!((&status(&desk)["here"], &status(&desk)["on_road"]), (&0.into(), &2.into()));
    desk.road.send_replace(RoadState { trouble: "no route".into(), ..RoadState::default() });
    let page = desk.get("/").page;
    assert!(page.contains("data-road=\"closed\"") && page.contains("no route"));
}

#[test]
fn a_waiting_page_hears_of_news() {
    let desk = Desk::new();
    let seen = |answer: Answer| serde_json::from_str::<serde_json::Value>(&answer.page).unwrap()["seen"].to_string();
    let before = seen(desk.get("/events")).replace('"', "");
    let address = desk.address;
    let path = format!("http://{address}/events?seen={before}");
    let waiting = std::thread::spawn(move || read(browser().get(path).call().unwrap()));
    desk.file("桥断了");
    assert_ne!(seen(waiting.join().unwrap()).replace('"', ""), before);
}

#[test]
fn only_this_machines_own_browser_is_answered_and_nothing_is_everywhere_said_plainly() {
    let desk = Desk::new();
    for path in ["/opinion/00", "/visit/zz", "/nothing", "/opinion/00112233445566778899aabbccddeeff"] {
        let answer = desk.get(path);
        assert!(answer.status == 404 && answer.page.contains("id=\"trouble\""), "{path}");
    }
    let elsewhere = format!("http://{}/visit/new", desk.address);
    let elsewhere = browser().post(elsewhere).header("origin", "http://evil.example").send_form([("text-0", "假")]);
    assert_eq!(elsewhere.unwrap().status().as_u16(), 403);
    for file in ["/app.css", "/app.js"] {
        assert_eq!(desk.get(file).status, 200);
    }
}
