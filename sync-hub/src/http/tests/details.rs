//! Personal details at the operators' pages: who sees what, when, and what is noted of it.

use civic_core::{
    ink::{Dot, Ink, InkBox, Stroke},
    time::UnixSeconds,
};

use super::*;
use crate::vault::{KEYS_KEPT_DAYS, request::REASON_CHARS_MAX};

const NAME: &str = "王某某";
const PHONE: &str = "13800001234";

/// Somebody spoke, wrote with a finger, took photos and left a number; the hub has taken all of it over.
pub(super) async fn spoken(desk: &Desk, topic: &'static str) -> Filed {
    let dot = |x, y| Dot { x, y, ms: 0 };
    let written = InkBox { strokes: vec![Stroke { dots: vec![dot(1, 2), dot(900, 800)] }], meant: Some('水') };
    let enclosed = vec![
        Enclosed::voice(b"OggS whatever it is".repeat(20), 7),
        Enclosed::ink(Ink { boxes: vec![written] }.encode()),
        Enclosed::photo([&[0xff, 0xd8, 0xff, 0xe0][..], &[7; 40]].concat()),
        Enclosed::photo(b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>".to_vec()),
    ];
    let new = NewOpinion { fields: [(Field::Topic, topic.to_owned())].into(), ..NewOpinion::default() };
    let contact = Contact { name: NAME.into(), phone: PHONE.into() };
    let heard = Heard { new, contact, enclosed, ..Heard::default() };
    let home = desk.dir.join("hub");
    desk.work(move |console, _| {
        let filed = console.ledger.take_down(&village(), "石桥村", heard).unwrap();
        let keys = Keys::open(&DataDir::look(&home)).unwrap();
        while console.vault.take_in(&console.ledger, &keys.ring(), now()).unwrap() > 0 {}
        filed
    })
    .await
}

/// The pages before one operator.
pub(super) struct Screen(SocketAddr);

impl Screen {
    /// Somebody of these roles, by the name with which they sign in.
    pub(super) async fn of(desk: &Desk, login: &str, roles: &[OperatorRole]) -> Self {
        let one = desk.operator(roles[0], "990127");
        let mandate = Mandate { roles: roles.iter().copied().collect(), ..Mandate::clone(&one.mandate) };
        Self::before(desk, Operator { login: login.into(), mandate: mandate.into(), ..one }).await
    }

    /// A reviewer of this area.
    pub(super) async fn at(desk: &Desk, area: &str) -> Self {
        Self::before(desk, desk.operator(OperatorRole::Reviewer, area)).await
    }

    async fn before(desk: &Desk, operator: Operator) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let router = pages().into_router().with_state(desk.console.clone()).layer(axum::Extension(operator));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self(at)
    }

    /// Who opens, agrees, erases, and may look who did.
    pub(super) async fn of_li(desk: &Desk) -> Self {
        Self::of(desk, "li", &[OperatorRole::Clerk, OperatorRole::Reviewer, OperatorRole::Auditor]).await
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.ask(format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")).await
    }

    pub(super) async fn post(&self, path: &str, pairs: &[(&str, &str)]) -> Answer {
        let pairs: Vec<String> =
            pairs.iter().map(|(key, value)| format!("{key}={}", words::in_address(value))).collect();
        let body = pairs.join("&");
        let kind = "content-type: application/x-www-form-urlencoded";
        let head = format!("host: x\r\nconnection: close\r\n{kind}\r\ncontent-length: {}", body.len());
        self.ask(format!("POST {path} HTTP/1.1\r\n{head}\r\n\r\n{body}")).await
    }

    async fn ask(&self, request: String) -> Answer {
        let mut stream = TcpStream::connect(self.0).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head: head.to_owned(), body: body.to_owned() }
    }
}

pub(super) async fn noted(desk: &Desk, action: Action, is_refused: bool) -> u64 {
    let search = move |is_refused| Search { action: Some(action), is_refused, ..Search::default() };
    desk.work(move |console, _| {
        let (all, refused) = [false, true].map(|only| console.audit.count(&search(only)).unwrap()).into();
        if is_refused { refused } else { all - refused }
    })
    .await
}

#[tokio::test]
async fn details_are_shown_in_the_answer_to_a_reason_and_on_no_page_and_it_is_noted() {
    let desk = Desk::set().await;
    let li = Screen::of_li(&desk).await;
    let id = spoken(&desk, "饮水安全").await.id.to_string();
    let path = format!("/opinion/{id}");
    let page = li.get(&path).await.body;
    assert!(page.contains("data-detail=\"contact\"") && page.contains("data-detail=\"voice\""), "{page}");
    assert!(!page.contains(NAME) && !page.contains(PHONE) && !page.contains("/opened/"));
    let silent = li.post(&format!("{path}/open"), &[("what", "contact"), ("other", "  ")]).await;
    assert_eq!((silent.status, silent.body.contains(PHONE)), (422, false));
    assert!(silent.body.contains("请选择或写明为什么需要开启"));
    assert_eq!(noted(&desk, Action::AskOpening, true).await, 1);

    let form = [("what", "contact"), ("reason", "联系核实"), ("other", "问清是哪口井")];
    let opened = li.post(&format!("{path}/open"), &form).await;
    assert_eq!(opened.status, 200);
    assert!(opened.body.contains(NAME) && opened.body.contains(PHONE) && !opened.body.contains("<audio"));
    assert!(!opened.head.contains("location") && !li.get(&path).await.body.contains(PHONE));
    let search = Search { action: Some(Action::OpenDetails), ..Search::default() };
    let events = desk.work(move |console, _| console.audit.find(&search, i64::MAX, 9).unwrap()).await;
    assert_eq!((events.len(), events[0].object == id), (1, true));
    assert_eq!(events[0].reason, "contact: 联系核实：问清是哪口井");
    assert!(li.get("/openings/counts").await.body.contains("data-by=\"li\""));
}

#[tokio::test]
async fn a_voice_is_played_ink_is_drawn_and_only_a_picture_is_shown_as_one() {
    let desk = Desk::set().await;
    let li = Screen::of_li(&desk).await;
    let id = spoken(&desk, "饮水安全").await.id.to_string();
    let opened = li.post(&format!("/opinion/{id}/open"), &[("what", "said"), ("reason", "了解诉求")]).await.body;
    assert!(opened.contains("points=\"1,2 900,800\"") && !opened.contains(PHONE));
    let voice =
        between(&opened, "<audio controls preload=\"auto\" controlslist=\"nodownload\" src=\"", "\"").to_owned();
    let heard = li.get(&voice).await;
    assert!(heard.head.contains("audio/ogg") && heard.head.contains("no-store"), "{}", heard.head);
    assert_eq!(heard.body, "OggS whatever it is".repeat(20));
    let part = format!("GET {voice} HTTP/1.1\r\nhost: x\r\nrange: bytes=5-12\r\nconnection: close\r\n\r\n");
    let part = li.ask(part).await;
    assert_eq!((part.status, part.body.as_str()), (206, "whatever"));
    let mut shapes = Vec::new();
    for image in opened.split("<img class=\"photo\" src=\"").skip(1) {
        let head = li.get(image.split('"').next().unwrap()).await.head;
        shapes.push((head.contains("image/jpeg"), head.contains("attachment; filename")));
    }
    // They stand in the order of their hashes under the sealing, which differs each time.
    shapes.sort_unstable();
    assert_eq!(shapes, [(false, true), (true, false)]);
    // Another operator who got hold of the address, and the same one after it was put away.
    let other = Screen::of(&desk, "other", &[OperatorRole::Clerk]).await;
    assert_eq!(other.get(&voice).await.status, 404);
    let grant = between(&opened, "name=\"grant\" value=\"", "\"").to_owned();
    assert_eq!(li.post(&format!("/opinion/{id}/hide"), &[("grant", &grant)]).await.status, 303);
    assert_eq!(li.get(&voice).await.status, 404);
    // What was heard is written down as the clerk's words.
    let form = [("by", "李干部"), ("transcript", "1"), ("text", "井里没水")];
    assert_eq!(li.post(&format!("/opinion/{id}/add"), &form).await.status, 303);
    assert!(li.get(&format!("/opinion/{id}")).await.body.contains("〔语音听写〕井里没水"));
}

#[tokio::test]
async fn who_has_no_right_opens_and_erases_nothing_and_it_is_noted() {
    let desk = Desk::set().await;
    let id = spoken(&desk, "饮水安全").await.id.to_string();
    let (open, erase) = (format!("/opinion/{id}/open"), format!("/opinion/{id}/erase-details"));
    for role in [OperatorRole::Deputy, OperatorRole::Auditor, OperatorRole::Administrator, OperatorRole::Body] {
        let screen = Screen::of(&desk, role.word(), &[role]).await;
        let answer = screen.post(&open, &[("what", "contact"), ("reason", "联系核实")]).await;
        assert_eq!((answer.status, answer.body.contains(PHONE)), (403, false), "{}", role.word());
    }
    let clerk = Screen::of(&desk, "clerk", &[OperatorRole::Clerk]).await;
    assert_eq!(clerk.post(&erase, &[("why", "asked"), ("note", "本人来电")]).await.status, 403);
    assert_eq!(noted(&desk, Action::Access, true).await, 5);
    assert_eq!((noted(&desk, Action::OpenDetails, false).await, noted(&desk, Action::Erase, false).await), (0, 0));
}

#[tokio::test]
async fn where_two_must_agree_the_second_person_decides_and_the_first_opens_once() {
    let desk = Desk::set().await;
    let id = spoken(&desk, "治安").await.id.to_string();
    let path = format!("/opinion/{id}");
    let clerk = Screen::of(&desk, "clerk", &[OperatorRole::Clerk]).await;
    let reviewer = Screen::of(&desk, "reviewer", &[OperatorRole::Reviewer]).await;
    let form = [("what", "contact"), ("reason", "联系核实")];
    let asked = clerk.post(&format!("{path}/open"), &form).await;
    assert_eq!((asked.status, asked.body.contains(PHONE)), (202, false));
    let number = between(&asked.body, "data-request=\"", "\"").to_owned();
    let take = [("request", number.as_str())];
    assert_eq!(clerk.post(&format!("{path}/open-agreed"), &take).await.status, 422, "nobody agreed yet");
    let decide = [("request", number.as_str()), ("agrees", "1")];
    assert_eq!(clerk.post("/openings/decide", &decide).await.status, 403, "a clerk agrees to nothing");
    assert_eq!(reviewer.post("/openings/decide", &decide).await.status, 303);
    assert_eq!(reviewer.post("/openings/decide", &decide).await.status, 409);
    assert_eq!(reviewer.post(&format!("{path}/open-agreed"), &take).await.status, 422, "only who asked");
    let opened = clerk.post(&format!("{path}/open-agreed"), &take).await;
    assert_eq!((opened.status, opened.body.contains(PHONE)), (200, true));
    assert_eq!(clerk.post(&format!("{path}/open-agreed"), &take).await.status, 422, "once");
    let own = reviewer.post(&format!("{path}/open"), &form).await.body;
    let own = between(&own[own.find("data-request=\"").unwrap()..], "data-request=\"", "\"").to_owned();
    assert_eq!(reviewer.post("/openings/decide", &[("request", &own), ("agrees", "1")]).await.status, 409);
    assert_eq!((noted(&desk, Action::AskOpening, false).await, noted(&desk, Action::OpenDetails, false).await), (2, 1));
    assert_eq!(noted(&desk, Action::ApproveOpening, true).await, 2);
}

#[tokio::test]
async fn erased_details_are_told_of_with_what_remains_and_are_found_no_more() {
    let desk = Desk::set().await;
    let li = Screen::of_li(&desk).await;
    let id = spoken(&desk, "饮水安全").await.id.to_string();
    let path = format!("/opinion/{id}");
    let calls = || li.post("/caller", &[("phone", "+86 138 0000 1234")]);
    assert!(calls().await.body.contains(&path));
    let dialog = li.get(&path).await.body;
    let until = UnixSeconds(now().0 + i64::from(KEYS_KEPT_DAYS) * 86_400).date();
    assert!(dialog.contains(&until), "until when a backup could bring it back");
    let erase = format!("{path}/erase-details");
    assert_eq!(li.post(&erase, &[("why", "withdrawn"), ("note", "")]).await.status, 422);
    assert_eq!(li.post(&erase, &[("why", "expired"), ("note", "x")]).await.status, 400);
    assert_eq!(li.post(&erase, &[("why", "withdrawn"), ("note", "本人来电")]).await.status, 303);
    let page = li.get(&path).await.body;
    assert!(page.contains("data-gone=\"contact\"") && page.contains("本人撤回同意") && !page.contains("data-detail"));
    assert!(page.contains("data-attachment=\"voice\"") && page.contains("已删除") && !page.contains("县里已收"));
    let open = li.post(&format!("{path}/open"), &[("what", "contact"), ("reason", "联系核实")]).await;
    assert!(open.status == 200 && !open.body.contains(NAME) && !open.body.contains(PHONE));
    assert!(calls().await.body.contains("data-found=\"0\""));
    assert!(li.get("/retention").await.body.contains("data-gone=\"5\""));
    let search = Search { action: Some(Action::Erase), ..Search::default() };
    let events = desk.work(move |console, _| console.audit.find(&search, i64::MAX, 9).unwrap()).await;
    assert_eq!(events[0].reason, "details, withdrawn: 本人来电");
}

#[tokio::test]
async fn an_opinion_is_erased_with_every_word_by_who_may_and_its_page_is_gone() {
    let desk = Desk::set().await;
    let li = Screen::of_li(&desk).await;
    let id = spoken(&desk, "饮水安全").await.id.to_string();
    let (path, form) = (format!("/opinion/{id}/erase"), [("why", "asked"), ("note", "本人到县里提出")]);
    assert_eq!(Screen::of(&desk, "clerk", &[OperatorRole::Clerk]).await.post(&path, &form).await.status, 403);
    assert_eq!(li.post(&path, &[("why", "asked"), ("note", " ")]).await.status, 422);
    let too_long = li.post(&path, &[("why", "asked"), ("note", &"长".repeat(REASON_CHARS_MAX + 1))]).await;
    assert!(
        too_long.status == 422 && too_long.body.contains(&format!("最多 {REASON_CHARS_MAX} 字")),
        "{}",
        too_long.body
    );
    assert_eq!(noted(&desk, Action::Erase, false).await, 0, "a reason that does not fit erases nothing");
    assert_eq!(li.get(&format!("/opinion/{id}")).await.status, 200);
    assert_eq!(li.post(&path, &form).await.status, 303);
    assert_eq!(li.get(&format!("/opinion/{id}")).await.status, 404);
    assert!(li.post("/caller", &[("phone", PHONE)]).await.body.contains("data-found=\"0\""));
    assert_eq!(noted(&desk, Action::Erase, false).await, 1);
}
