//! Whatever a villager, a deputy or an operator can write is planted with everything that has ever come alive in a page or a
//! spreadsheet; then every page, every answer to a form and every file is read as every role.
//!
//! A page is read as a browser reads it, tag by tag: what was planted may stand in text and in values, and must never have
//! become an element, an attribute, an address, or a mark that turns or hides letters.

use serde_json::{Value, json};

use super::{details::Screen, *};
use crate::workbook;

/// Stands in everything that is planted, so that it is known when it has become something.
const SIGN: &str = "zq7";
/// What makes a spreadsheet reckon, at the front of a cell.
const FRONTS: [&str; 8] = ["=", "+", "-", "@", "\t=", "\r=", " =", "＝"];
/// Everything else, one behind the other.
const BARBS: [&str; 9] = [
    "zq7(1)|'!A0",
    "<script>zq7()</script>",
    "<zq7 onzq7=1>",
    "\"zq7=1 'zq7=1 onzq7=\"1",
    "</textarea></title></select></option><zq7>",
    "--><!--zq7]]><![CDATA[<zq7>",
    "\u{202e}zq7\u{2066}\u{200b}\u{ad}\u{feff}\u{e0041}\u{0}\u{8}\u{1b}[2J",
    "_x003D_zq7_x202E_&#x3c;zq7&gt;&lt;zq7>",
    "javascript:zq7() \u{2028}{{zq7}}${zq7}%00\u{85}",
];

/// A text of at most so many characters; each number has another front, and another barb at the beginning.
fn trick(number: usize, chars_max: usize) -> String {
    let first = number % BARBS.len();
    let barbs = BARBS[first..].iter().chain(&BARBS[..first]).copied();
    let front = FRONTS[number % FRONTS.len()];
    [front].into_iter().chain(barbs).collect::<String>().chars().take(chars_max).collect()
}

/// Whether a character turns, hides or breaks text, and is no end of a line.
fn turns(character: char) -> bool {
    matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}'..='\u{200f}' | '\u{ad}' | '\u{feff}'
        | '\u{2028}' | '\u{2029}' | '\u{e0000}'..='\u{e007f}')
        || character.is_control() && !matches!(character, '\n' | '\t')
}

/// A page as a browser takes it apart.
#[derive(Default)]
struct Parts {
    elements: Vec<(String, Vec<(String, String)>)>,
    /// What is read; not what stands in a box for typing.
    text: String,
    typed: String,
}

/// Takes markup apart, of HTML or of XML. What no page of ours has, such as a comment, is a fault.
fn parts(markup: &str, at: &str) -> Parts {
    let mut parts = Parts::default();
    let mut rest = markup;
    let mut box_name = String::new();
    while let Some(place) = rest.find('<') {
        let (text, tag) = rest.split_at(place);
        if box_name.is_empty() { &mut parts.text } else { &mut parts.typed }.push_str(text);
        let tag = &tag[1..];
        if !box_name.is_empty() && !tag.starts_with(&format!("/{box_name}>")) {
            rest = tag;
            continue;
        }
        box_name.clear();
        if tag.starts_with("!DOCTYPE html>") || tag.starts_with("?xml ") || tag.starts_with('/') {
            let end = tag.find('>').unwrap();
            assert!(!tag[..end].contains(SIGN) && !tag[..end].contains('<'), "{}", &tag[..end]);
            rest = &tag[end + 1..];
            continue;
        }
        let name: String = tag.chars().take_while(|sign| sign.is_ascii_alphanumeric()).collect();
        assert!(!name.is_empty(), "{at}: a tag that is none: {}", tag.chars().take(60).collect::<String>());
        let (attributes, after) = attributes(&tag[name.len()..], at);
        if matches!(name.as_str(), "textarea" | "title") {
            box_name = if name == "textarea" { name.clone() } else { String::new() };
        }
        parts.elements.push((name, attributes));
        rest = after;
    }
    parts.text.push_str(rest);
    parts
}

/// The attributes of a tag, and what comes after it.
fn attributes<'a>(tag: &'a str, at: &str) -> (Vec<(String, String)>, &'a str) {
    let mut found = Vec::new();
    let mut rest = tag;
    loop {
        rest = rest.trim_start().trim_start_matches('/');
        if let Some(after) = rest.strip_prefix('>') {
            return (found, after);
        }
        let name: String = rest.chars().take_while(|sign| !sign.is_whitespace() && !"=>/".contains(*sign)).collect();
        assert!(!name.is_empty(), "{at}: an attribute that is none: {}", rest.chars().take(60).collect::<String>());
        rest = &rest[name.len()..];
        let value = match rest.strip_prefix("=\"") {
            Some(quoted) => {
                let (value, after) = quoted.split_once('"').unwrap();
                rest = after;
                value.to_owned()
            }
            None => String::new(),
        };
        found.push((name, value));
    }
}

/// Nothing of a page has come alive.
fn assert_dead(page: &str, at: &str) {
    let Parts { elements, text, .. } = parts(page, at);
    for (name, attributes) in &elements {
        assert!(!name.contains(SIGN), "{at}: an element {name}");
        assert!(name != "script" || attributes.iter().any(|(key, _)| key == "src"), "{at}: a script of its own");
        assert!(
            !matches!(name.as_str(), "iframe" | "object" | "embed" | "base" | "style" | "frame" | "use"),
            "{at}: {name}"
        );
        for (key, value) in attributes {
            let is_plain =
                !key.contains(SIGN) && !key.starts_with("on") && !["style", "srcdoc"].contains(&key.as_str());
            assert!(is_plain, "{at}: <{name} {key}={value:?}>");
            let is_address = matches!(key.as_str(), "href" | "src" | "action" | "formaction" | "data" | "xlink:href");
            let is_ours = value.starts_with('#') || value.starts_with('/') && !value.starts_with("//");
            assert!(!is_address || is_ours, "{at}: <{name} {key}={value:?}>");
            let is_file = value.starts_with("/assets/") || value == "/font.css";
            assert!(
                !matches!(name.as_str(), "script" | "link") || key == "rel" || key == "defer" || is_file,
                "{at}: {value}"
            );
            let is_read = matches!(key.as_str(), "title" | "alt" | "aria-label" | "placeholder" | "label");
            assert!(!is_read || !value.contains(turns), "{at}: <{name} {key}={value:?}>");
        }
    }
    let mark = text.find(turns).map(|at| text[at..].chars().take(30).collect::<String>());
    assert_eq!(mark, None, "{at}: a mark that turns or hides");
}

/// The cells of a file of comma-separated values, taken apart as spreadsheets do.
fn cells(csv: &str) -> Vec<String> {
    let mut cells = Vec::new();
    let mut signs = csv.trim_start_matches('\u{feff}').chars().peekable();
    while signs.peek().is_some() {
        let mut cell = String::new();
        assert_eq!(signs.next(), Some('"'), "every cell is in quotes, behind {:?}", cells.last());
        loop {
            match signs.next().unwrap() {
                '"' if signs.peek() == Some(&'"') => cell.push(signs.next().unwrap()),
                '"' => break,
                other => cell.push(other),
            }
        }
        cells.push(cell);
        match signs.next() {
            Some(',') => {}
            Some('\r') => assert_eq!(signs.next(), Some('\n')),
            other => panic!("{other:?} behind a cell"),
        }
    }
    cells
}

fn assert_dead_csv(csv: &str, at: &str) {
    let cells = cells(csv);
    for cell in &cells {
        let is_reckoned = cell.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
        assert!(!is_reckoned && !cell.starts_with(['\t', '\r', '\n']) && !cell.contains(turns), "{at}: {cell:?}");
    }
}

fn assert_dead_book(book: &[u8], at: &str) {
    let sheet = workbook::tests::part(book, "xl/worksheets/sheet1.xml");
    let Parts { elements, text, .. } = parts(&sheet, at);
    let known = ["worksheet", "sheetViews", "sheetView", "pane", "cols", "col", "sheetData", "row", "c", "is", "t"];
    for (name, attributes) in &elements {
        assert!(known.contains(&name.as_str()), "{at}: <{name}>");
        assert!(attributes.iter().all(|(key, value)| !key.contains(SIGN) && !value.contains(SIGN)), "{at}: <{name}>");
        assert!(name != "c" || attributes.contains(&("t".into(), "inlineStr".into())), "{at}: all is text");
    }
    assert!(!text.contains(turns), "{at}: a mark that turns or hides");
    // As a spreadsheet reads it once more.
    assert!(!text.replace("_x005F_", "").to_lowercase().contains("_x202e_"), "{at}: spelt out");
}

/// One opinion with a trick in each of its fields, in its steps and its additions, and in what has no home.
fn record(number: usize) -> Value {
    let (long, field, short) = (trick(number, 900), trick(number, 200), trick(number, 60));
    let mut init = serde_json::Map::from_iter([
        ("body".to_owned(), json!(long)),
        ("submitter".to_owned(), json!(trick(number, 40))),
        ("phone".to_owned(), json!(trick(number, 30))),
        ("status".to_owned(), json!(short)),
        ("timeline".to_owned(), json!([])),
        (trick(number, 40), json!({trick(number, 40): long})),
    ]);
    init.extend(Field::ALL.map(|of| (of.key().to_owned(), json!(field))));
    let steps = json!([
        {"by": short, "t": 60, "push": {"by": short, "at": 60, "act": short, "note": long}},
        {"by": short, "t": 120, "ins": [0, long], "set": {"topic": trick(number, 199)}},
    ]);
    json!({"id": format!("{:032x}", number + 1), "init": init, "steps": steps})
}

/// Files the tricks on two devices that know nothing of each other, and publishes some; returns the opinions.
async fn plant(desk: &Desk) -> Vec<String> {
    let home = desk.dir.join("hub");
    desk.work(move |console, deputy| {
        for number in 0..BARBS.len() {
            let one = record(number);
            // The same record, entered at the hub as well with other words: two texts, two values, two ways.
            let mut two = one.clone();
            two["init"]["body"] = json!(trick(number + 1, 900));
            two["init"]["title"] = json!(trick(number + 1, 200));
            for (ledger, record) in [(deputy, one), (&console.ledger, two)] {
                let done = ledger.import(&village(), &[Record::parse(&record.to_string()).unwrap()]).unwrap();
                assert!(matches!(done[..], [Ok(true)]), "{done:?}");
            }
            // Voices and pictures that are none.
            let html = format!("<html><script>{SIGN}()</script>{}", trick(number, 200)).into_bytes();
            let enclosed = vec![Enclosed::voice(html.clone(), 3), Enclosed::photo(html)];
            let new = NewOpinion { body: trick(number, 300), ..NewOpinion::default() };
            let contact = Contact { name: trick(number, 40), phone: trick(number, 30) };
            let heard = Heard { new, contact, enclosed, ..Heard::default() };
            console.ledger.take_down(&village(), &trick(number, 60), heard).unwrap();
        }
        let keys = Keys::open(&DataDir::look(&home)).unwrap();
        while console.vault.take_in(&console.ledger, &keys.ring(), now()).unwrap() > 0 {}
    })
    .await;
    desk.meet().await;
    desk.work(|console, _| {
        // What the county publishes comes from a file that somebody wrote.
        for (number, barb) in (0..).zip(BARBS) {
            let words = barb.chars().filter(|sign| !sign.is_control()).take(60).collect::<String>();
            let words = serde_json::to_string(&words).unwrap();
            let text = format!(
                "[[consultation]]\nkey = \"k{number}\"\ntitle = {words}\nareas = [\"990127\"]\n[[consultation.article]]\nkey = \"1\"\n\
                 title = {words}\ntext = {words}\n"
            );
            let publication = Publication::parse(&text, console.ledger.codebook(), &BTreeSet::new()).unwrap();
            console.ledger.publish(&publication).unwrap();
        }
        while console.ledger.write_slips().unwrap() > 0 {}
        let opinions = console.ledger.list(&::ledger::query::Filter { limit: 100, ..Default::default() }).unwrap();
        assert_eq!(opinions.lines.len(), 2 * BARBS.len());
        assert!(opinions.lines.iter().any(|line| line.questions > 0), "two values stand side by side");
        opinions.lines.iter().map(|line| line.id.to_string()).collect()
    })
    .await
}

/// Everybody who can sign in, one for each role.
async fn everybody(desk: &Desk) -> Vec<(&'static str, SessionKey)> {
    let console = desk.console.clone();
    tokio::task::spawn_blocking(move || {
        let of = |role: OperatorRole| {
            let body = if role == OperatorRole::Body { "交通局" } else { "" };
            let user = add(&console, role.word(), "zq7(1)'\"><zq7>&lt;", &[role], "990127", body);
            // What a browser says of itself is anybody's words as well.
            (role.word(), console.users.begin(&user, Stage::Full, "127.0.0.1", &trick(0, 110)).unwrap())
        };
        OperatorRole::ALL.into_iter().map(of).collect()
    })
    .await
    .unwrap()
}

/// Not what an open page hears, and not what is the same for everybody.
fn is_looked_at(path: &str) -> bool {
    path != "/events" && path != "/favicon.ico" && !path.starts_with("/assets/") && !path.ends_with(".svg")
}

#[tokio::test]
async fn nothing_that_anybody_planted_comes_alive_on_any_page_or_in_any_file_for_anybody() {
    let desk = Desk::set().await;
    let opinions = plant(&desk).await;
    let everybody = everybody(&desk).await;
    let asked = words::in_address(&trick(2, 300));
    let names =
        ["q", "state", "topic", "office", "who", "to", "done", "area", "from", "action", "show", "page", "questions"];
    let query = names.map(|name| format!("{name}={asked}")).join("&");
    let all = |path: &str| {
        let of = |id: &str| path.replace("{id}", id).replace("{place}", "0");
        let first = of(&opinions[0]);
        let asking = [format!("{first}?{query}"), format!("{first}?q={asked}"), first.clone()];
        let others = opinions.iter().skip(1).filter(|_| path.contains("{id}")).map(|id| of(id));
        asking.into_iter().chain(others).collect::<Vec<String>>()
    };
    let (mut looked, mut seen) = (BTreeSet::new(), 0);
    for (role, key) in &everybody {
        for (method, path, _) in pages().listed {
            if method != "GET" || !is_looked_at(path) {
                continue;
            }
            for address in all(path) {
                let at = format!("{role} at {path}");
                match path.rsplit_once('.').map(|(_, ending)| ending) {
                    Some("csv" | "xlsx" | "jsonl") if desk.get_as(key, &address).await.status == 200 => {
                        let file = desk.fetch(key, &address).await;
                        match path.rsplit_once('.').unwrap().1 {
                            "xlsx" => assert_dead_book(&file, &at),
                            "csv" => assert_dead_csv(std::str::from_utf8(&file).unwrap(), &at),
                            _ => String::from_utf8(file).unwrap().split_terminator('\n').for_each(|line| {
                                serde_json::from_str::<Value>(line).unwrap();
                            }),
                        }
                    }
                    _ => {
                        let answer = desk.get_as(key, &address).await;
                        assert!(answer.status < 500, "{at}: {}", answer.status);
                        assert!(!answer.head.contains(SIGN), "{at}: a header\n{}", answer.head.replace(&asked, ""));
                        assert!(answer.status == 303 || answer.head.contains("text/html"), "{at}: {}", answer.head);
                        assert_dead(&answer.body, &at);
                        seen += usize::from(answer.body.contains(SIGN));
                    }
                }
                looked.insert((*role, path));
            }
        }
    }
    let pages = pages().listed.into_iter().filter(|(method, path, _)| *method == "GET" && is_looked_at(path)).count();
    let expected = pages * OperatorRole::ALL.len();
    assert_eq!(looked.len(), expected, "every page as every role: {looked:?}");
    assert!(seen > 100, "what was planted comes out somewhere: {seen}");
}

/// The names of what forms send; every form is sent all of them.
const FIELDS: [&str; 35] = [
    "act",
    "note",
    "title",
    "topic",
    "urgency",
    "office",
    "field",
    "value",
    "text",
    "transcript",
    "reason",
    "other",
    "why",
    "name",
    "login",
    "address",
    "body",
    "password",
    "old",
    "new",
    "again",
    "code",
    "secret",
    "days",
    "loan",
    "phone",
    "to",
    "request",
    "agrees",
    "grant",
    "slot",
    "device",
    "session",
    "credential",
    "client_data",
];
/// The same for whoever is not signed in, and may send only little.
const SIGN_IN: [&str; 4] = ["login", "password", "to", "code"];

#[tokio::test]
async fn nothing_that_an_operator_types_into_a_form_comes_alive_in_its_answer() {
    let desk = Desk::set().await;
    let opinions = plant(&desk).await;
    let id = &opinions[0];
    let mut answered = 0;
    let forms: Vec<&str> =
        pages().listed.iter().filter(|(method, ..)| *method == "POST").map(|(_, path, _)| *path).collect();
    let short = (0..BARBS.len()).map(|number| trick(number, 60));
    // What fits nowhere is shown again as it was typed, too.
    let long = [trick(0, 900), trick(1, 3_000).repeat(5)];
    for planted in short.chain(long) {
        let seen = between(&desk.get(&format!("/opinion/{id}")).await.body, "data-seen=\"", "\"").to_owned();
        let fit = [("role", "kiosk"), ("role", "clerk"), ("area", VILLAGE), ("what", "contact"), ("seen", &seen)];
        for path in forms.iter().filter(|path| **path != "/sign-out") {
            let fields = if path.starts_with("/sign-in") { &SIGN_IN[..] } else { &FIELDS };
            let mut pairs: Vec<(&str, &str)> = fields.iter().map(|name| (*name, planted.as_str())).collect();
            pairs.extend(fit);
            let answer = desk.post(&path.replace("{id}", id), &pairs).await;
            assert!(answer.status < 500, "{path}: {}", answer.status);
            assert!(!answer.head.contains(SIGN), "{path}: {}", answer.head);
            assert_dead(&answer.body, path);
            answered += usize::from(answer.body.contains(SIGN));
        }
    }
    assert!(answered > 40, "forms show again what was typed: {answered}");
}

#[tokio::test]
async fn what_is_opened_or_told_of_is_as_dead_as_the_rest() {
    let desk = Desk::set().await;
    let opinions = plant(&desk).await;
    let li = Screen::of_li(&desk).await;
    let mut opened = 0;
    for (number, id) in opinions.iter().enumerate() {
        let words = trick(number, 150);
        for what in ["contact", "said"] {
            let form = [("what", what), ("other", words.as_str())];
            let answer = li.post(&format!("/opinion/{id}/open"), &form).await;
            assert_dead(&answer.body, "opened");
            opened += usize::from(answer.body.contains("id=\"opened\"") && answer.body.contains(SIGN));
            // A picture that is none is only taken away, and a voice is a sound or nothing.
            for file in answer.body.split("src=\"/opened/").skip(1) {
                let path = format!("/opened/{}", file.split('"').next().unwrap());
                let head = li.get(&path).await.head;
                assert!(head.contains("audio/ogg") || head.contains("attachment; filename"), "{head}");
            }
        }
        let why = [("why", "asked"), ("note", words.as_str())];
        assert_dead(&li.post(&format!("/opinion/{id}/erase-details"), &why).await.body, "erased");
        assert_dead(&li.get(&format!("/opinion/{id}")).await.body, "after it was erased");
    }
    assert!(opened > BARBS.len(), "{opened}");
    for path in ["/openings", "/openings/counts", "/retention", "/caller", "/audit"] {
        assert_dead(&li.get(path).await.body, path);
    }
    assert_dead_csv(&li.get("/audit.csv").await.body, "the audit");
}

#[tokio::test]
async fn what_would_turn_the_line_is_nobodys_name() {
    let desk = Desk::set().await;
    for (name, status) in [("\u{202e}敏方", 422), ("方\u{200b}敏", 422), ("方\n敏", 422), ("<b>方敏'\"", 201)] {
        let form = [("login", "fang"), ("name", name), ("role", "clerk"), ("area", VILLAGE)];
        assert_eq!(desk.post("/users/add", &form).await.status, status, "{name:?}");
    }
    let form = |name: &'static str| [("role", "kiosk"), ("name", name), ("area", VILLAGE)];
    assert_eq!(desk.post("/devices/slots", &form("\u{202e}村桥石")).await.status, 422);
}

#[test]
fn what_comes_alive_is_seen() {
    for live in [
        "<p><zq7>",
        "<p onclick=\"zq7()\">",
        "<a href=\"javascript:zq7()\">",
        "<a href=\"//evil.example\">",
        "<iframe src=\"/x\">",
        "<p>\u{202e}",
        "<input value=\"\" zq7=\"1\">",
        "<script>",
        "<script src=\"/opened/x\">",
    ] {
        assert!(std::panic::catch_unwind(|| assert_dead(live, "a test")).is_err(), "{live}");
    }
    assert!(std::panic::catch_unwind(|| assert_dead_csv("\"=1\"\r\n", "")).is_err());
    assert_dead(
        "<p class=\"a\">=zq7&lt;zq7&gt;</p><textarea>&lt;zq7&gt;\u{202e}</textarea><input value=\"\u{202e}\">",
        "a test",
    );
    assert_eq!(cells("\u{feff}\"a\",\"b\"\"c\"\r\n\"d\r\n\"\r\n"), ["a", "b\"c", "d\r\n"]);
}
