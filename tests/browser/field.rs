//! The deputy's app in a browser: what is typed stays until it is saved, and what became of it is said.

use std::path::PathBuf;

use anyhow::Context as _;
use axum::Router;
use civic_core::{
    access::{Role, Scope},
    area::Area,
    id::hex,
    opinion::{Field, NewOpinion},
    seal::{Contact, OpenKey, Seed},
    time::UnixSeconds,
};
use ledger::Ledger;
use replica::{
    carry::near::Near,
    device::RoadState,
    dir::DataDir,
    identity::{self, Card, Identity},
};
use tokio::{net::TcpListener, sync::watch};

use crate::driver::Browser;

const VILLAGE: &str = "990127101201";
const CODEBOOK: &str = include_str!("../sample/county.toml");

/// A deputy's app without a hub, in a directory of its own.
struct Phone {
    dir: PathBuf,
    ledger: Ledger,
    page: String,
    _road: watch::Sender<RoadState>,
    _end: watch::Sender<bool>,
}

impl Phone {
    async fn start(name: &str) -> anyhow::Result<Self> {
        let dir = std::env::temp_dir().join(format!("huiyin-field-{}-{name}", std::process::id()));
        let data = DataDir::hold(&dir)?;
        let key = identity::key_of(&data)?;
        let public_key = hex(&key.verifying_key().to_bytes());
        let card = Card {
            scope: Scope { role: Role::Deputy, areas: vec![Area::parse("990127101").context("an area")?] },
            name: "周代表".into(),
            number: 7,
            hub: "127.0.0.1:1".into(),
            hub_key: public_key.clone(),
            authority: String::new(),
            spare: String::new(),
            salt: String::new(),
            retired: String::new(),
            certificate: public_key,
            seal_key: OpenKey::make(1, Seed([1; 32])).seal_key()?,
            codebook: CODEBOOK.into(),
            edition: 0,
            enrolled_at: UnixSeconds(0),
            renewed_at: None,
            former: Vec::new(),
            board: String::new(),
        };
        Identity::save_card(&data, &card)?;
        let identity = Identity::load(&data, Role::Deputy)?;
        let ledger = Ledger::open(&data, &identity)?;
        let near = Near::open(&data, identity.into(), ledger.log().clone(), true)?;
        let (road, road_seen) = watch::channel(RoadState::default());
        let (end, ending) = watch::channel(false);
        let app = field_app::http::App::open(data, ledger.clone(), road_seen, ending)?.with_near(near);
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let page = format!("http://{}", listener.local_addr()?);
        let pages: Router = field_app::http::router(app);
        tokio::spawn(async move { axum::serve(listener, pages).await });
        Ok(Self { dir, ledger, page, _road: road, _end: end })
    }

    /// The address of an opinion that was recorded here.
    async fn opinion(&self, text: &str) -> anyhow::Result<String> {
        let fields = [(Field::Topic, "道路交通".to_owned())].into();
        let new = NewOpinion { body: text.into(), fields, ..NewOpinion::default() };
        let village = Area::parse(VILLAGE).context("a village")?;
        let ledger = self.ledger.clone();
        let file = move || ledger.file(&village, "周代表", new, &Contact::default());
        let filed = tokio::task::spawn_blocking(file).await??;
        Ok(format!("{}/opinion/{}", self.page, filed.id))
    }
}

impl Drop for Phone {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// What is on the page when so many letters were typed into `css`.
fn typed(css: &str, letters: usize) -> String {
    format!(
        "const field = document.querySelector('{css}');
         field.value = '长'.repeat({letters});
         field.dispatchEvent(new Event('input', {{ bubbles: true }}));"
    )
}

#[tokio::test]
async fn a_deputy_is_told_what_became_of_a_handover() -> anyhow::Result<()> {
    let Some(browser) = Browser::open("field-carrying").await? else { return Ok(()) };
    let phone = Phone::start("carrying").await?;
    for id in ["call", ""] {
        browser.go(&format!("{}/carrying", phone.page), 500, 900).await?;
        // The form beside a neighbour that was found has no name.
        browser.run(&format!("document.getElementById('call').id = '{id}'")).await?;
        browser.fill("#address", "127.0.0.1:1").await?;
        browser.click("form button").await?;
        browser.wait_for("#called", "没有交接成").await?;
        browser.wait_for("body", "没有捎带").await?;
        assert!(browser.is_hidden("#gone").await?, "the app is running");
    }
    browser.close().await
}

#[tokio::test]
async fn saving_one_form_of_an_opinion_keeps_what_is_typed_into_another() -> anyhow::Result<()> {
    let Some(browser) = Browser::open("field-opinion").await? else { return Ok(()) };
    let phone = Phone::start("opinion").await?;
    let value = async |css: &str| browser.attribute(css, "value").await;
    browser.go(&phone.opinion("水库下面的小桥断了。").await?, 500, 900).await?;
    browser.fill("#step-note", "我去看过了").await?;
    browser.fill("#add-text", "校车也走这条路。").await?;
    browser.click("#add-save").await?;
    browser.wait_for("#just-saved", "已经保存").await?;
    browser.wait_for("#said", "校车也走这条路。").await?;
    assert_eq!((value("#add-text").await?, value("#step-note").await?), (String::new(), "我去看过了".to_owned()));

    // A refusal keeps both.
    browser.run(&typed("#add-text", 2_000)).await?;
    browser.click("#add-save").await?;
    browser.wait_for("#not-saved", "太长了").await?;
    assert_eq!(
        (value("#add-text").await?.chars().count(), value("#step-note").await?),
        (2_000, "我去看过了".to_owned())
    );

    // So does an answer that has no form in it: more than any form of ours.
    browser.run(&typed("#add-text", 29_200)).await?;
    browser.click("#add-save").await?;
    browser.wait_for("#refused", "太长").await?;
    assert_eq!(
        (value("#add-text").await?.chars().count(), value("#step-note").await?),
        (29_200, "我去看过了".to_owned())
    );
    browser.close().await
}

#[tokio::test]
async fn a_long_draft_is_kept_and_one_of_a_saved_form_is_not_said_to_be() -> anyhow::Result<()> {
    let Some(browser) = Browser::open("field-draft").await? else { return Ok(()) };
    let phone = Phone::start("draft").await?;
    browser.go(&format!("{}/visit/new", phone.page), 500, 900).await?;
    browser.run(&typed("#note", 7_500)).await?;
    browser.wait_for("#draft-state", "草稿已保存").await?;
    // Loaded anew, it is there under the name of its form.
    let form = browser.attribute("#visit [name=form]", "value").await?;
    browser.go(&format!("{}/visit/new?form={form}", phone.page), 500, 900).await?;
    assert_eq!(browser.attribute("#note", "value").await?.chars().count(), 7_500);

    // Another window saves the same form.
    let save = format!("{}/visit/new", phone.page);
    let given = form.clone();
    let saved = tokio::task::spawn_blocking(move || {
        let pairs = [("form", given.as_str()), ("village", VILLAGE), ("topic-0", "道路交通"), ("text-0", "桥断了")];
        ureq::Agent::config_builder().max_redirects(0).build().new_agent().post(save).send_form(pairs)
    });
    assert_eq!(saved.await??.status(), 303);
    browser.run(&typed("#note", 3)).await?;
    browser.wait_for("#draft-state", "没有存成草稿").await?;
    // Saved from here too, it is another visit, and nothing is lost.
    browser.choose("#village", VILLAGE).await?;
    browser.click("#save").await?;
    browser.wait_for("#before", "没有重复记录").await?;
    assert_eq!(browser.attribute("#note", "value").await?, "长长长");
    browser.close().await
}
