//! The people of the stories, each before their own screen: a villager who touches, a deputy and an operator who send forms.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use civic_core::{opening::OpeningNumber, ticket::Ticket};
use replica::clock;
use serde_json::{Value, json};
use ureq::{Agent, Body, http::Response};

use crate::{operators::Account, world::World};

/// Longer than any page takes, so that a hanging one fails the story and does not stop it.
const ANSWER: Duration = Duration::from_secs(20);
/// The kiosk takes a second tap at once for trembling; people are slower than this.
const BETWEEN_TAPS: Duration = Duration::from_millis(320);

fn agent() -> Agent {
    Agent::config_builder().timeout_global(Some(ANSWER)).build().new_agent()
}

/// Somebody before a kiosk.
pub struct Villager {
    at: String,
    agent: Agent,
}

impl Villager {
    /// Steps up to the kiosk `key`.
    pub fn at(world: &World, key: &str) -> anyhow::Result<Self> {
        Ok(Self { at: world.address(key).context("the kiosk does not run")?, agent: agent() })
    }

    /// What is on the screen.
    pub fn view(&self) -> anyhow::Result<Value> {
        Ok(self.agent.get(format!("{}/view", self.at)).call()?.body_mut().read_json()?)
    }

    /// Everything there is to read.
    pub fn words(&self) -> anyhow::Result<Vec<String>> {
        Ok(serde_json::from_value(self.view()?["words"].take())?)
    }

    /// Touches what says `text`, or bears it as its name.
    pub fn touch(&self, text: &str) -> anyhow::Result<()> {
        std::thread::sleep(BETWEEN_TAPS);
        let view = self.view()?;
        let mut targets = view["targets"].as_array().context("a view has targets")?.iter();
        let found = targets.find(|target| target["text"] == text || target["name"] == text);
        let found = found.with_context(|| format!("{text:?} is not on the screen: {view}"))?;
        let middle = |edge: &str, length: &str| {
            found[edge].as_i64().unwrap_or_default() + found[length].as_i64().unwrap_or_default() / 2
        };
        for kind in ["down", "up"] {
            let finger = json!({"x": middle("x", "width"), "y": middle("y", "height"), "kind": kind});
            self.agent.post(format!("{}/touch", self.at)).send_json(finger)?;
        }
        Ok(())
    }

    /// Goes as far as the last question before an opinion is filed.
    pub fn compose(&self, topic: &str, phrase: &str) -> anyhow::Result<()> {
        self.touch("提意见")?;
        // What somebody left here before is not theirs.
        if self.view()?["screen"] == "Begun" {
            self.touch("不是我，我说我的")?;
        }
        for target in [topic, "写下来", phrase, "写好了", "不说这个"] {
            self.touch(target)?;
        }
        // Where it is so is asked in villages that have names for their places.
        if self.view()?["screen"] == "Where" {
            self.touch("不说这个")?;
        }
        self.touch("不用留")
    }

    /// Files what was composed; the number on the screen is the promise that it is kept.
    pub fn file(&self) -> anyhow::Result<Ticket> {
        Ok(self.file_and_note()?.0)
    }

    /// The same, and notes the number for the answer too.
    pub fn file_and_note(&self) -> anyhow::Result<(Ticket, OpeningNumber)> {
        self.touch("对，交上去")?;
        let words = self.words()?;
        let ticket = words.iter().find_map(|word| Ticket::parse(word).ok());
        let number = words.iter().find_map(|word| OpeningNumber::parse(word).ok());
        ticket.zip(number).with_context(|| format!("no two numbers on the screen: {words:?}"))
    }

    /// Asks what became of a number; everything that the kiosk shows.
    pub fn ask(&self, ticket: Ticket) -> anyhow::Result<Vec<String>> {
        self.touch("查进度")?;
        for digit in ticket.digits().chars() {
            self.touch(&digit.to_string())?;
        }
        self.touch("查一查")?;
        self.words()
    }

    /// Types a number for the answer, where the kiosk shows what became of an opinion; everything that it shows then.
    pub fn unlock(&self, number: OpeningNumber) -> anyhow::Result<Vec<String>> {
        self.touch("听答复")?;
        for digit in number.digits().chars() {
            self.touch(&digit.to_string())?;
        }
        self.touch("打开听答复")?;
        self.words()
    }

    /// Holds the square on a slip under the scanner; everything that the kiosk shows then.
    pub fn scan(&self, code: &str) -> anyhow::Result<Vec<String>> {
        self.agent.post(format!("{}/scan", self.at)).send_json(json!({"number": code}))?;
        self.words()
    }

    /// Puts the phone away and leaves.
    pub fn leave(&self) -> anyhow::Result<()> {
        self.touch("记好了，回首页")
    }
}

/// A deputy with the field app.
pub struct Deputy {
    at: String,
    agent: Agent,
}

impl Deputy {
    /// Opens the field app `key`.
    pub fn at(world: &World, key: &str) -> anyhow::Result<Self> {
        Ok(Self { at: world.address(key).context("the field app does not run")?, agent: agent() })
    }

    /// Sends a form of the app.
    pub fn send(&self, path: &str, pairs: &[(&str, &str)]) -> anyhow::Result<String> {
        let sent = self.agent.post(format!("{}{path}", self.at)).send_form(pairs.iter().copied());
        Ok(sent.with_context(|| format!("sending {path}"))?.body_mut().read_to_string()?)
    }

    /// Records a visit on which one opinion was heard.
    pub fn visit(&self, village: &str, topic: &str, text: &str) -> anyhow::Result<()> {
        let form = format!("story-{}", text.len());
        let pairs = [
            ("do", "save"),
            ("form", form.as_str()),
            ("village", village),
            ("channel", "代表走访"),
            ("place", "三组"),
            ("topic-0", topic),
            ("urgency-0", "一般"),
            ("text-0", text),
            ("name-0", "陈水生"),
            ("phone-0", "10001234567"),
            ("agreed-0", "yes"),
        ];
        self.send("/visit/new", &pairs).map(drop)
    }
}

/// An operator at the hub's pages.
#[derive(Clone)]
pub struct Operator {
    at: String,
    cookie: String,
    form_token: String,
    agent: Agent,
}

/// Who is signed in at which hub: once in a story, because the same six digits do not count twice.
static SIGNED_IN: Mutex<BTreeMap<PathBuf, Operator>> = Mutex::new(BTreeMap::new());

impl Operator {
    /// Opens the hub's pages as 方敏, who may do nearly everything; signs in at the first time.
    pub fn at(world: &World) -> anyhow::Result<Self> {
        let at = world.address("hub").context("the hub does not run")?;
        let mut all = SIGNED_IN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(operator) = all.get(&world.data("hub")) {
            // After a restart the hub may be somewhere else.
            return Ok(Self { at, ..operator.clone() });
        }
        let roles = ["--role", "reviewer", "clerk", "administrator"];
        let fang = Account::add(world, "fangmin", "方敏", &roles)?;
        let mut operator = Self { at, cookie: String::new(), form_token: String::new(), agent: agent() };
        operator.sign_in("/sign-in", &[("login", &fang.login), ("password", &fang.password)])?;
        operator.sign_in("/sign-in/second", &[("code", &fang.code(clock::now()))])?;
        let account = operator.page("/account")?;
        let token = account.split("name=\"csrf\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
        operator.form_token = token.context("the page of the account has no form")?.to_owned();
        all.insert(world.data("hub"), operator.clone());
        Ok(operator)
    }

    /// One of the two forms of signing in; what it gives is the cookie from then on.
    fn sign_in(&mut self, path: &str, pairs: &[(&str, &str)]) -> anyhow::Result<()> {
        let mut answer = self.send(path, pairs)?;
        let given = answer.headers().get("set-cookie").and_then(|line| line.to_str().ok()?.split(';').next());
        let Some(given) = given else { bail!("{path}: {} {}", answer.status(), answer.body_mut().read_to_string()?) };
        self.cookie = given.to_owned();
        Ok(())
    }

    fn send(&self, path: &str, pairs: &[(&str, &str)]) -> anyhow::Result<Response<Body>> {
        let sent = self
            .agent
            .post(format!("{}{path}", self.at))
            .header("cookie", &self.cookie)
            .config()
            .max_redirects(0)
            .http_status_as_error(false)
            .build()
            .send_form(pairs.iter().copied());
        sent.with_context(|| format!("sending {path} {pairs:?}"))
    }

    /// The cookie that this operator's browser sends.
    pub fn cookie(&self) -> &str {
        &self.cookie
    }

    /// Reads a page.
    pub fn page(&self, path: &str) -> anyhow::Result<String> {
        let asked = self.agent.get(format!("{}{path}", self.at)).header("cookie", &self.cookie).call();
        Ok(asked.with_context(|| format!("reading {path}"))?.body_mut().read_to_string()?)
    }

    /// What an address of a page gives, as it is.
    pub fn bytes(&self, path: &str) -> anyhow::Result<Vec<u8>> {
        let asked = self.agent.get(format!("{}{path}", self.at)).header("cookie", &self.cookie).call();
        Ok(asked.with_context(|| format!("reading {path}"))?.body_mut().read_to_vec()?)
    }

    /// Sends a form of a page, and reads what it answers.
    pub fn submit(&self, path: &str, pairs: &[(&str, &str)]) -> anyhow::Result<(u16, String)> {
        let mut answer = self.send(path, &[&[("csrf", self.form_token.as_str())], pairs].concat())?;
        Ok((answer.status().as_u16(), answer.body_mut().read_to_string()?))
    }

    /// Sends a form of the opinion's page, upon what the page shows now.
    pub fn act(&self, opinion: &str, form: &str, pairs: &[(&str, &str)]) -> anyhow::Result<()> {
        let live = self.page(&format!("/opinion/{opinion}/live"))?;
        let seen = live.split("data-seen=\"").nth(1).and_then(|rest| rest.split('"').next());
        let seen = seen.context("the page does not say what it shows")?;
        let all = [&[("seen", seen), ("csrf", self.form_token.as_str())], pairs].concat();
        let mut answer = self.send(&format!("/opinion/{opinion}/{form}"), &all)?;
        ensure!(
            answer.status() == 303,
            "{form} {pairs:?}: {} {}",
            answer.status(),
            answer.body_mut().read_to_string()?
        );
        Ok(())
    }
}

/// The record of `ticket` in an export.
pub fn record(export: &str, ticket: Ticket) -> anyhow::Result<Value> {
    let mut found = Vec::new();
    for line in export.lines() {
        let line: Value = serde_json::from_str(line)?;
        if line["ticket"] == ticket.digits() {
            found.push(line);
        }
    }
    match found.len() {
        1 => Ok(found.remove(0)),
        count => bail!("{ticket} stands {count} times in the export"),
    }
}
