//! The county on one desk, in one window: a road is cut, somebody speaks, the road is mended, and an answer comes back.

use std::{net::TcpListener, path::PathBuf, process::Command};

use anyhow::Context as _;
use civic_core::{opening::OpeningNumber, ticket::Ticket};
use replica::clock;
use tests::{operators::Account, program::Program};

use crate::driver::Browser;

const ANSWER: &str = "下月十日前修补完，请绕行几天。";

const HEARD: &str = "水库下面的小桥断了，孩子上学要绕远路。";

/// The desk as a process, in a directory of its own.
struct Desk {
    program: Program,
    dir: PathBuf,
    page: String,
}

impl Desk {
    /// A county in which each device has heard five opinions.
    fn start() -> anyhow::Result<Self> {
        let dir = std::env::temp_dir().join(format!("huiyin-desk-{}", std::process::id()));
        let (page, ports) = free_ports()?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_county"));
        command.args(["--opinions", "5", "--http", &format!("127.0.0.1:{page}"), "--ports", &ports.to_string()]);
        command.arg("--data").arg(&dir);
        let log = std::env::temp_dir().join(format!("huiyin-desk-{}.log", std::process::id()));
        let mut program = Program::start(command, &log)?;
        let page = program.wait_for_line("desk")?;
        Ok(Self { program, dir, page })
    }

    /// Somebody who works at the hub.
    fn operator(&self, login: &str) -> anyhow::Result<Account> {
        let all: Vec<Account> = serde_json::from_slice(&std::fs::read(self.dir.join("operators.json"))?)?;
        all.into_iter().find(|account| account.login == login).context("the operator was added")
    }

    /// The address of a screen, as the desk's page gives it.
    async fn link(browser: &Browser, key: &str) -> anyhow::Result<String> {
        browser.attribute(&format!("[data-key={key}] .open"), "href").await
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.program.stop();
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// A port for the page, and the first of fifty that nobody uses at this moment.
fn free_ports() -> anyhow::Result<(u16, u16)> {
    let is_free = |port: u16| TcpListener::bind(("127.0.0.1", port)).is_ok();
    let first = (0..200).map(|try_| 20_000 + try_ * 50).find(|first| (0..50).all(|offset| is_free(first + offset)));
    let first = first.context("no fifty free ports in a row")?;
    Ok((first + 49, first))
}

#[tokio::test]
async fn a_road_is_cut_and_mended_on_the_desk() -> anyhow::Result<()> {
    let Some(browser) = Browser::open("desk").await? else { return Ok(()) };
    let desk = Desk::start()?;
    let card = |what: &str| format!("[data-key=kiosk-shiqiao] {what}");
    let here = card("[data-value=here]");
    let received = card("[data-value=received]");

    browser.go(&desk.page, 1200, 1100).await?;
    browser.wait_for("[data-key=hub] [data-value=opinions]", "30").await?;
    browser.wait_for(&received, "5").await?;
    browser.click(&card(".switch")).await?;
    browser.wait_for(&card(".road"), "路断着").await?;
    let kiosk = Desk::link(&browser, "kiosk-shiqiao").await?;
    let hub = Desk::link(&browser, "hub").await?;
    let field = Desk::link(&browser, "field-zhou").await?;
    browser.click("[data-key=field-zhou] .switch").await?;
    browser.wait_for("[data-key=field-zhou] .road", "路断着").await?;

    // A villager speaks while the road is cut.
    browser.go(&kiosk, 1200, 1100).await?;
    for target in [
        "提意见",
        "道路交通",
        "写下来",
        "我们村的路坏了，车不好走。",
        "写好了",
        "不说这个",
        "村口",
        "不用留",
        "对，交上去",
    ] {
        browser.touch(target).await?;
    }
    let words = browser.wait_for_words("别给别人看").await?;
    let digits: String = words.chars().filter(char::is_ascii_digit).collect();
    let (ticket, opening) = digits.split_at_checked(10).with_context(|| format!("two numbers: {words}"))?;
    let (ticket, opening) = (Ticket::parse(ticket)?, OpeningNumber::parse(opening)?);
    browser.picture("kiosk").await?;

    // A deputy, also without a road, records a visit on the phone.
    browser.go(&format!("{field}visit/new"), 500, 900).await?;
    browser.choose("#village", "990127101201").await?;
    browser.fill("#place", "三组").await?;
    browser.choose("#topic-0", "道路交通").await?;
    browser.fill("#text-0", HEARD).await?;
    browser.click("#heard-0 details summary").await?;
    browser.fill("#name-0", "某某").await?;
    browser.fill("#phone-0", "10001112222").await?;
    browser.click("#agreed-0").await?;
    browser.picture("visit").await?;
    browser.click("#save").await?;
    browser.wait_for("#saved .place", "在本机").await?;
    browser.picture("visit-saved").await?;

    // The desk never claims more than a receipt proves.
    browser.go(&desk.page, 1200, 1100).await?;
    browser.wait_for(&here, "1").await?;
    browser.wait_for("[data-key=hub] [data-value=opinions]", "30").await?;
    browser.picture("cut").await?;
    browser.mark().await?;
    browser.click(&card(".switch")).await?;
    browser.wait_for(&received, "6").await?;
    browser.wait_for("[data-key=hub] [data-value=opinions]", "31").await?;
    anyhow::ensure!(browser.is_marked().await?, "the page brings itself up to date without being loaded again");
    browser.picture("mended").await?;

    // The operator signs in, and the ledger is open while the deputy's road is mended: what comes appears without a reload.
    browser.go(&hub, 1280, 900).await?;
    let fang = desk.operator("fangmin")?;
    browser.fill("input[name=login]", &fang.login).await?;
    browser.fill("input[name=password]", &fang.password).await?;
    browser.picture("sign-in").await?;
    browser.click("button.go").await?;
    browser.wait_for("body", "六位动态码").await?;
    browser.fill("input[name=code]", &fang.code(clock::now())).await?;
    browser.click("button.go").await?;
    browser.wait_for("#rows", "我们村的路坏了").await?;
    browser.mark().await?;
    ureq::post(format!("{}road/field-zhou", desk.page)).send("mend").context("Mending the deputy's road")?;
    browser.wait_for("#rows", HEARD).await?;
    anyhow::ensure!(browser.is_marked().await?, "the ledger was loaded anew");
    browser.picture("ledger").await?;

    // The operator finds it by its number, and takes it through the county's steps to an answer.
    let home = hub.split('?').next().unwrap_or_default();
    browser.go(&format!("{home}?q={}", ticket.digits()), 1280, 900).await?;
    browser.wait_for("body", &ticket.to_string()).await?;
    browser.picture("hub").await?;
    browser.click("a[href^='/opinion/']").await?;
    for (act, note, after) in [("受理", "", "已受理"), ("交办", "", "已交办"), ("答复", ANSWER, "已答复")]
    {
        let form = |what: &str| format!("details[data-form='{act}'] {what}");
        browser.click(&form("summary")).await?;
        if act == "交办" {
            browser.choose(&form("select[name=office]"), "交通局").await?;
        }
        browser.fill(&form("textarea[name=note]"), note).await?;
        browser.click(&form("button.go")).await?;
        browser.wait_for("main", after).await?;
    }
    browser.picture("answered").await?;

    // The villager comes back with the number.
    browser.go(&kiosk, 1200, 1100).await?;
    browser.touch("记好了，回首页").await?;
    browser.touch("查进度").await?;
    for digit in ticket.digits().chars() {
        browser.touch(&digit.to_string()).await?;
    }
    browser.touch("查一查").await?;
    browser.touch("听答复").await?;
    for digit in opening.digits().chars() {
        browser.touch(&digit.to_string()).await?;
    }
    browser.touch("打开听答复").await?;
    browser.wait_for_words(ANSWER).await?;
    browser.picture("told").await?;

    // The operator closes it.
    browser.go(&format!("{home}?q={}", ticket.digits()), 1280, 900).await?;
    browser.click("a[href^='/opinion/']").await?;
    browser.click("details[data-form='销号'] summary").await?;
    browser.click("details[data-form='销号'] button.go").await?;
    browser.wait_for("#state", "已销号").await?;
    browser.picture("closed").await?;
    browser.close().await
}
