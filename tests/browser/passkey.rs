//! A passkey at the hub's pages, made and used by a real browser whose authenticator is Chromium's own, in software.

use std::path::Path;

use replica::clock;
use tests::{
    operators::Account,
    world::{Ports, World},
};

use crate::driver::Browser;

const COUNTY: &str = include_str!("../sample/county.toml");

#[test]
fn a_passkey_is_added_and_signs_in_alone_in_a_real_browser() -> anyhow::Result<()> {
    let dir = std::env::temp_dir().join(format!("huiyin-passkey-{}", std::process::id()));
    let world = World::new(Path::new(env!("CARGO_BIN_EXE_county")), &dir, Ports::Any)?;
    world.make_county(COUNTY)?;
    let fang = Account::add(&world, "fangmin", "方敏", &["--role", "reviewer"])?;
    world.start("hub")?;
    // A passkey is for a name, so the page is opened by one.
    let hub = world.address("hub").unwrap_or_default().replace("127.0.0.1", "localhost");
    let told = tokio::runtime::Runtime::new()?.block_on(story(&hub, &fang));
    world.stop_all();
    std::fs::remove_dir_all(&dir)?;
    told
}

async fn story(hub: &str, fang: &Account) -> anyhow::Result<()> {
    let Some(browser) = Browser::open("passkey").await? else { return Ok(()) };
    let finger = browser.authenticator().await?;
    browser.go(hub, 1440, 900).await?;
    browser.picture("sign-in").await?;
    browser.fill("input[name=login]", &fang.login).await?;
    browser.fill("input[name=password]", &fang.password).await?;
    browser.click("button.go").await?;
    browser.fill("input[name=code]", &fang.code(clock::now())).await?;
    browser.click("button.go").await?;
    browser.wait_for("#me", "方敏").await?;

    browser.go(&format!("{hub}/account"), 1440, 900).await?;
    browser.click("[data-passkey-details] summary").await?;
    browser.fill("form[data-passkey=create] input[name=name]", "办公电脑").await?;
    browser.fill("form[data-passkey=create] input[name=password]", &fang.password).await?;
    browser.picture("adding").await?;
    browser.click("form[data-passkey=create] button.go").await?;
    browser.wait_for("#passkeys table", "办公电脑").await?;
    browser.picture("account").await?;

    browser.click("#leave button").await?;
    browser.click("form[data-passkey=get] button").await?;
    browser.wait_for("#me", "方敏").await?;

    // Whoever has the machine and not the finger stays outside, and is told what to do.
    browser.click("#leave button").await?;
    browser.verifies(&finger, false).await?;
    browser.click("form[data-passkey=get] button").await?;
    browser.wait_for("form[data-passkey=get] [data-failed]:not([hidden])", "没有给出通行密钥").await?;
    browser.picture("refused").await?;

    // Taken away, it opens nothing, however good the finger is.
    browser.verifies(&finger, true).await?;
    browser.click("form[data-passkey=get] button").await?;
    browser.wait_for("#me", "方敏").await?;
    browser.go(&format!("{hub}/account"), 1440, 900).await?;
    browser.click("form[data-act=remove-passkey] button").await?;
    browser.wait_for("#passkeys[data-keys='0']", "通行密钥").await?;
    browser.click("#leave button").await?;
    browser.click("form[data-passkey=get] button").await?;
    browser.wait_for("[role=alert]", "这个通行密钥在此无效").await?;
    browser.close().await
}
