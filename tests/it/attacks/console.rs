//! Somebody reaches the operators' pages with a browser, a script or a bare socket, or speaks to the operators through what
//! they say in the village.

use std::sync::OnceLock;

use civic_core::id::hex;
use replica::clock;
use sync_hub::audit::Action;
use tests::{
    operators::Account,
    world::{Part, wait_for},
};

use super::{Field, Ground, say};
use crate::stories::{SHIQIAO, people::Operator};

static GROUND: Ground = Ground::new();

/// Answers by which nothing was given or done.
const REFUSED: [u16; 10] = [302, 303, 400, 401, 403, 404, 405, 413, 415, 422];

fn hub(field: &mut Field<'_>) -> (String, String) {
    let address = field.story().world.address("hub").unwrap();
    let host = address.trim_start_matches("http://").to_owned();
    (address, host)
}

/// Asks as a stranger; the answer must give nothing.
fn stranger(field: &mut Field<'_>, request: impl FnOnce(&str) -> String) -> String {
    let (address, host) = hub(field);
    let (status, answer) = say(&address, request(&host).as_bytes());
    assert!(REFUSED.contains(&status), "{status} {answer}");
    assert!(!answer.contains("data-seen") && !answer.contains("id=\"opinions\""), "{answer}");
    answer
}

/// What a villager says to attack whoever reads it: script, markup, entities, direction marks, a formula.
const POISON: &str =
    "<script>alert(1)</script><img src=x onerror=alert(2)>\\\" onmouseover=alert(3) x=&#60;\u{202e}=cmd|' /C calc'!A0";

/// The opinion with poison in every field, once for all attacks.
fn poisoned(field: &mut Field<'_>) -> String {
    static ID: OnceLock<String> = OnceLock::new();
    ID.get_or_init(|| {
        let story = field.story();
        story.enrolled("poison", Part::Kiosk, "石桥村", &[SHIQIAO]);
        let id = "2222222222222222222222222222aaaa";
        let fields: Vec<String> = ["title", "body", "topic", "village", "town", "station", "channel", "deputy", "urgency", "office", "sort", "other"]
            .iter()
            .map(|key| format!("\"{key}\":\"{key} {POISON}\""))
            .collect();
        let line = format!("{{\"id\":\"{id}\",\"init\":{{{},\"timeline\":[]}},\"steps\":[{{\"by\":\"{POISON}\",\"t\":1780000000,\"set\":{{}},\"push\":{{\"act\":\"{POISON}\",\"note\":\"{POISON}\"}}}}]}}\n", fields.join(","));
        let file = story.dir.join("poison.jsonl");
        std::fs::write(&file, line).unwrap();
        let done = story.world.tell("poison", &["import", file.to_str().unwrap()]).unwrap();
        assert_eq!(done.code, 0, "{} {}", done.out, done.err);
        story.world.tell("poison", &["sync", "--once", "--json"]).unwrap().good().unwrap();
        wait_for("the opinion", || (story.world.status("hub")?["opinions"] == 1).then_some(())).unwrap();
        id.to_owned()
    })
    .clone()
}

fn assert_harmless(page: &str) {
    for word in ["<script>alert", "<img src=x", "\" onmouseover=", "onerror=alert(2)>"] {
        assert!(!page.contains(word), "{word} in {page}");
    }
}

/// 未登录 pages without signing in
/// - refused: hub, `web::guard` and the sign-in: no page without a session
/// - audit: nothing: they are led to where one signs in, as anybody is in the morning
#[test]
fn no_page_opens_for_somebody_who_did_not_sign_in() {
    let mut field = GROUND.enter("console");
    for path in [
        "/",
        "/devices",
        "/results",
        "/backups",
        "/export.jsonl",
        "/opinion/00000000000000000000000000000000",
        "/events",
    ] {
        stranger(&mut field, |host| format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n"));
    }
}

/// 假会话 a cookie of the attacker's own making
/// - refused: hub: sessions are drawn at the hub, 128 bits
/// - audit: nothing: it is as no cookie
#[test]
fn a_cookie_that_somebody_made_up_is_no_session() {
    let mut field = GROUND.enter("console");
    for cookie in ["huiyin=", "huiyin=0", "huiyin=../../register.db", "__Host-huiyin=AAAA", "huiyin=' OR 1=1 --"] {
        stranger(&mut field, |host| {
            format!("GET / HTTP/1.1\r\nhost: {host}\r\ncookie: {cookie}\r\nconnection: close\r\n\r\n")
        });
    }
}

/// 会话固定 the attacker sets a session before the operator signs in
/// - refused: hub: what a browser brings is never taken up as a session
/// - audit: nothing, likewise
#[test]
fn a_session_that_was_set_beforehand_is_not_taken_up() {
    let mut field = GROUND.enter("console");
    let fixed = "f".repeat(32);
    for path in ["/", "/?session=ffffffffffffffffffffffffffffffff"] {
        let answer = stranger(&mut field, |host| {
            format!(
                "GET {path} HTTP/1.1\r\nhost: {host}\r\ncookie: huiyin={fixed}; __Host-huiyin={fixed}\r\nconnection: close\r\n\r\n"
            )
        });
        assert!(!answer.to_ascii_lowercase().contains(&format!("set-cookie: huiyin={fixed}")), "{answer}");
    }
}

/// 伪造通行密钥 a passkey's answer that another site got signed, or that answers nobody's question
/// - refused: hub: challenge, origin, host and signature, before anything else
/// - audit: sign-in
#[test]
fn an_answer_of_a_passkey_that_nobody_asked_for_opens_nothing() {
    let mut field = GROUND.enter("console");
    let (address, host) = hub(&mut field);
    for origin in ["https://evil.example".to_owned(), format!("https://{host}")] {
        let said = format!(r#"{{"type":"webauthn.get","challenge":"{}","origin":"{origin}"}}"#, "A".repeat(43));
        let (said, signed) = (hex(said.as_bytes()), "05".repeat(37));
        let form = format!("credential=00&client_data={said}&authenticator={signed}&signature=00");
        let kind = "content-type: application/x-www-form-urlencoded";
        let length = form.len();
        let (status, answer) = say(
            &address,
            format!(
                "POST /sign-in/passkey HTTP/1.1\r\nhost: {host}\r\n{kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{form}"
            )
            .as_bytes(),
        );
        assert!(status == 401 && !answer.contains("set-cookie"), "{status} {answer}");
    }
    assert_eq!(field.noted(Action::SignIn, "passkey: no answer to a question of this hub"), 2);
}

/// 域名重绑 another name that leads to this machine (DNS rebinding)
/// - refused: hub, `web::guard`: only its own names are a host
/// - audit: refuse-request
#[test]
fn a_name_that_somebody_led_here_is_not_answered() {
    let mut field = GROUND.enter("console");
    for host in ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", ""] {
        stranger(&mut field, |_| format!("GET / HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n"));
    }
    assert_eq!(field.noted(Action::RefuseRequest, "no name of this machine"), 1, "once, however often");
}

/// 跨站提交 a form on another site posts in the operator's name (CSRF)
/// - refused: hub, `web::guard`: origin and Sec-Fetch-Site
/// - audit: refuse-request
#[test]
fn a_form_of_another_site_does_nothing() {
    let mut field = GROUND.enter("console");
    let cookie = session(&mut field);
    for header in
        ["origin: http://evil.example", "origin: null", "sec-fetch-site: cross-site", "sec-fetch-site: same-site"]
    {
        stranger(&mut field, |host| {
            format!(
                "POST /devices/slot HTTP/1.1\r\nhost: {host}\r\n{header}\r\n{cookie}content-type: application/x-www-form-urlencoded\r\ncontent-length: 3\r\nconnection: close\r\n\r\na=b"
            )
        });
    }
    let devices = field.story().world.tell("hub", &["device", "list"]).unwrap().good().unwrap();
    assert!(!devices.contains("evil"), "{devices}");
    assert_eq!(field.noted(Action::RefuseRequest, "another site"), 1);
}

/// The cookie header of an operator, as their browser sends it.
fn session(field: &mut Field<'_>) -> String {
    format!("cookie: {}\r\n", Operator::at(&field.story().world).unwrap().cookie())
}

/// 路径穿越 paths that climb out of the pages
/// - refused: hub: pages are a closed list; no file is read by its name
/// - audit: refuse-request
#[test]
fn no_path_leads_to_a_file_of_the_hub() {
    let mut field = GROUND.enter("console");
    let cookie = session(&mut field);
    for path in [
        "/../register.db",
        "/%2e%2e/register.db",
        "/assets/../../device.key",
        "/assets/%2e%2e%2f%2e%2e%2fdevice.key",
        "//etc/passwd",
        "/opinion/../../seal.key",
        "/opinion/..%2f..%2fseal.key",
        "/attachment/..%2fseal.key",
        "/assets/console.css%00.key",
        "/backups/../backup.toml",
        "/.git/config",
        "/device.key",
    ] {
        stranger(&mut field, |host| {
            format!("GET {path} HTTP/1.1\r\nhost: {host}\r\n{cookie}connection: close\r\n\r\n")
        });
    }
    assert!(field.noted(Action::RefuseRequest, "no such page") > 0);
}

/// 请求走私 a body that two servers would cut differently (request smuggling)
/// - refused: hub: a length and chunks together, or two lengths, are no request
/// - audit: nothing: it is no request yet; what of it can be read as one is refused as any
#[test]
fn a_request_that_can_be_read_in_two_ways_is_none() {
    let mut field = GROUND.enter("console");
    let cookie = session(&mut field);
    for lengths in [
        "content-length: 3\r\ncontent-length: 40",
        "content-length: +3",
        "content-length: 3, 40",
        "transfer-encoding: chunked, identity",
        "transfer-encoding: xchunked",
    ] {
        stranger(&mut field, |host| {
            format!(
                "POST /devices/slot HTTP/1.1\r\nhost: {host}\r\n{cookie}{lengths}\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\nhost: {host}\r\n\r\n"
            )
        });
    }
    let (address, host) = hub(&mut field);
    let both = format!(
        "POST /nowhere HTTP/1.1\r\nhost: {host}\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\nhost: {host}\r\n{cookie}\r\n"
    );
    let (status, answer) = say(&address, both.as_bytes());
    assert!(status != 200 && !answer.contains("id=\"opinions\""), "{status} {answer}");
}

/// 超长请求 a body, a header or an address without end
/// - refused: hub: 256 KiB of body, 16 KiB of address and headers
/// - audit: refuse-request
#[test]
fn a_request_without_end_is_cut_short() {
    let mut field = GROUND.enter("console");
    let cookie = session(&mut field);
    let (address, host) = hub(&mut field);
    let kind = "content-type: application/x-www-form-urlencoded";
    let long = "a".repeat(400 * 1024);
    for request in [
        format!(
            "POST /devices/slot HTTP/1.1\r\nhost: {host}\r\n{cookie}{kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{long}",
            long.len()
        ),
        format!("GET /?q={long} HTTP/1.1\r\nhost: {host}\r\n{cookie}connection: close\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nhost: {host}\r\n{cookie}x-long: {long}\r\nconnection: close\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nhost: {host}\r\n{}connection: close\r\n\r\n", "x-many: 1\r\n".repeat(2_000)),
    ] {
        let (status, answer) = say(&address, request.as_bytes());
        assert!(status == 0 || (400..500).contains(&status), "{status} {}", &answer[..answer.len().min(200)]);
    }
    assert!(field.story().world.status("hub").is_some(), "and the hub goes on");
    assert!(field.noted(Action::RefuseRequest, "too long") > 0);
}

/// 换方法 a page is asked by another method than its own
/// - refused: hub: each address has its methods
/// - audit: refuse-request
#[test]
fn a_page_answers_only_its_own_method() {
    let mut field = GROUND.enter("console");
    let cookie = session(&mut field);
    for (method, path) in [
        ("GET", "/devices/slot"),
        ("DELETE", "/"),
        ("PUT", "/devices"),
        ("TRACE", "/"),
        ("PATCH", "/backups"),
        ("CONNECT", "/"),
    ] {
        let (address, host) = hub(&mut field);
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\n{cookie}content-length: 0\r\nconnection: close\r\n\r\n"
        );
        let (status, answer) = say(&address, request.as_bytes());
        assert_ne!(status, 200, "{method} {path}: {answer}");
    }
    assert!(field.noted(Action::RefuseRequest, "not one of this session") > 0);
}

/// 意见里藏脚本 script in every field of an opinion (stored XSS)
/// - refused: console: everything said is shown as text
/// - audit: nothing: anybody may say anything
#[test]
fn what_a_villager_says_is_shown_and_never_run() {
    let mut field = GROUND.enter("console");
    let id = poisoned(&mut field);
    let operator = Operator::at(&field.story().world).unwrap();
    for path in
        ["/".to_owned(), format!("/opinion/{id}"), format!("/opinion/{id}/live"), "/devices".into(), "/results".into()]
    {
        assert_harmless(&operator.page(&path).unwrap());
    }
    assert!(operator.page(&format!("/opinion/{id}")).unwrap().contains("&lt;script&gt;"), "it is shown as it was said");
}

/// 搜索框里藏脚本 script in the address (reflected XSS)
/// - refused: console: everything asked is shown as text
/// - audit: nothing: anybody may look for anything, and what was looked for may be a name
#[test]
fn what_stands_in_an_address_is_shown_and_never_run() {
    let mut field = GROUND.enter("console");
    let operator = Operator::at(&field.story().world).unwrap();
    let script = "%22%3E%3Cscript%3Ealert(1)%3C/script%3E";
    for path in ["/?q=", "/?text=", "/?area=", "/?state=", "/?topic=", "/?page="] {
        // A value that a filter does not know may be refused, too.
        if let Ok(page) = operator.page(&format!("{path}{script}")) {
            assert_harmless(&page);
        }
    }
}

/// 倒序控制符 marks that turn the direction of letters (bidi)
/// - refused: console: such marks are shown by their name
/// - audit: nothing: anybody may say anything
#[test]
fn marks_that_turn_letters_around_are_made_visible() {
    let mut field = GROUND.enter("console");
    let id = poisoned(&mut field);
    let page = Operator::at(&field.story().world).unwrap().page(&format!("/opinion/{id}")).unwrap();
    // Between the tags is what is shown; what stands in them turns nothing.
    let shown: String = page.split('<').filter_map(|piece| piece.split_once('>')).map(|(_, text)| text).collect();
    assert!(shown.contains("alert(1)") && !shown.contains('\u{202e}'), "no such mark acts on the page");
}

/// 嵌入框架 pages in a frame, with scripts or styles of elsewhere
/// - refused: browser, by the policy that every page carries
/// - audit: nothing: the browser refuses, and tells nobody
#[test]
fn every_page_says_what_a_browser_may_load() {
    let mut field = GROUND.enter("console");
    let cookie = session(&mut field);
    for path in ["/", "/devices", "/backups", "/nowhere", "/assets/console.js"] {
        let (address, host) = hub(&mut field);
        let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\n{cookie}connection: close\r\n\r\n");
        let answer = say(&address, request.as_bytes()).1.to_ascii_lowercase();
        for header in
            ["content-security-policy: default-src 'none'", "frame-ancestors 'none'", "x-content-type-options: nosniff"]
        {
            assert!(answer.contains(header), "{path}: {header} in {answer}");
        }
        assert!(!answer.contains("unsafe-inline") && !answer.contains("<script>"), "{path}");
    }
}

/// 猜编号 ids of opinions are guessed
/// - refused: console: 128 bits, and nothing differs between none and forbidden
/// - audit: refuse-request
#[test]
fn an_id_that_is_guessed_tells_nothing() {
    let mut field = GROUND.enter("console");
    let cookie = session(&mut field);
    let mut answers = Vec::new();
    for id in ["0".repeat(32), "f".repeat(32)] {
        let answer = stranger(&mut field, |host| {
            format!("GET /opinion/{id} HTTP/1.1\r\nhost: {host}\r\n{cookie}connection: close\r\n\r\n")
        });
        answers.push(answer.replace(&id, "").split("\r\n\r\n").nth(1).unwrap_or_default().to_owned());
    }
    assert_eq!(answers[0], answers[1]);
    for id in ["1", "../x", "' OR 1=1", "%00"] {
        let id = id.replace(' ', "%20");
        stranger(&mut field, |host| {
            format!("GET /opinion/{id} HTTP/1.1\r\nhost: {host}\r\n{cookie}connection: close\r\n\r\n")
        });
    }
    assert!(field.noted(Action::RefuseRequest, "no such page or record") > 0);
}

/// 查询注入 SQL in every filter of the ledger
/// - refused: console: values are bound and never part of a statement
/// - audit: nothing: to the hub it is a word that somebody looks for
#[test]
fn no_filter_becomes_part_of_a_query() {
    let mut field = GROUND.enter("console");
    poisoned(&mut field);
    let operator = Operator::at(&field.story().world).unwrap();
    let all = field.story().world.tell("hub", &["export"]).unwrap().out;
    for key in ["q", "text", "area", "state", "topic", "office", "page"] {
        let _ = operator.page(&format!("/?{key}=%27%3B%20DROP%20TABLE%20opinion%3B--%25_"));
    }
    assert_eq!(field.story().world.tell("hub", &["export"]).unwrap().out, all);
}

/// 换行注入 a line break in an address that becomes a header
/// - refused: hub: no header is made of what was asked
/// - audit: refuse-request, where there is no such page
#[test]
fn no_header_is_made_of_an_address() {
    let mut field = GROUND.enter("console");
    let cookie = session(&mut field);
    for path in [
        "/?token=x%0d%0aset-cookie:%20a=b",
        "/opinion/%0d%0aset-cookie:%20a=b",
        "/%0d%0alocation:%20http://evil.example",
    ] {
        let (address, host) = hub(&mut field);
        let answer = say(
            &address,
            format!("GET {path} HTTP/1.1\r\nhost: {host}\r\n{cookie}connection: close\r\n\r\n").as_bytes(),
        )
        .1;
        let head = answer.split("\r\n\r\n").next().unwrap_or_default().to_ascii_lowercase();
        assert!(!head.contains("set-cookie: a=b") && !head.contains("evil.example"), "{head}");
    }
    assert!(field.noted(Action::RefuseRequest, "no such page") > 0);
}

/// 开放跳转 an address that sends the operator elsewhere
/// - refused: hub: it sends nobody but to its own pages
/// - audit: sign-in, as any; where it was to lead is no word for a log
#[test]
fn nobody_is_sent_to_another_site() {
    let mut field = GROUND.enter("console");
    let (address, host) = hub(&mut field);
    let led = Account::add(&field.story().world, "led", "顾引", &["--role", "clerk"]).unwrap();
    let kind = "content-type: application/x-www-form-urlencoded\r\nconnection: close";
    let head =
        |request: String| say(&address, request.as_bytes()).1.split("\r\n\r\n").next().unwrap_or_default().to_owned();
    let value =
        |head: &str, name: &str| head.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().to_owned();
    let mut cookie = String::new();
    let mut to = "";
    for trap in ["http://evil.example", "/\\evil.example", "/%5cevil.example", "/%09/evil.example", "//evil.example"] {
        let asked = head(format!("GET {trap} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n"));
        let location = value(&asked, "location: ");
        assert!(location.is_empty() || location.starts_with("/sign-in"), "{trap}: {asked}");
        let password: String = led.password.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let fields = format!("login=led&password={password}&to={trap}");
        let length = fields.len();
        let known = head(format!(
            "POST /sign-in HTTP/1.1\r\nhost: {host}\r\n{kind}\r\ncontent-length: {length}\r\n\r\n{fields}"
        ));
        assert_eq!(value(&known, "location: "), "/sign-in/second?to=%2F", "{trap}: {known}");
        cookie = value(&known, "set-cookie: ").split(';').next().unwrap_or_default().to_owned();
        to = trap;
    }
    let fields = format!("code={}&to={to}", led.code(clock::now()));
    let length = fields.len();
    let let_in = head(format!(
        "POST /sign-in/second HTTP/1.1\r\nhost: {host}\r\ncookie: {cookie}\r\n{kind}\r\ncontent-length: {length}\r\n\r\n{fields}"
    ));
    assert_eq!(value(&let_in, "location: "), "/", "{to}: {let_in}");
}

/// 慢速请求 a caller who never ends a request
/// - refused: hub: it holds one connection, and answers everybody else
/// - audit: nothing: whoever never ends a request has asked for nothing
#[test]
fn whoever_never_ends_a_request_holds_up_nobody() {
    use std::io::Write as _;
    let mut field = GROUND.enter("console");
    let (_, host) = hub(&mut field);
    let slow: Vec<_> = (0..200)
        .map(|_| {
            let mut stream = std::net::TcpStream::connect(&host).unwrap();
            stream.write_all(b"GET / HTTP/1.1\r\nhost: 127.0").unwrap();
            stream
        })
        .collect();
    wait_for("the hub", || field.story().world.status("hub")).unwrap();
    drop(slow);
}
