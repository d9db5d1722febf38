//! The kiosk's page in a browser, by itself: what a finger does there, a mouse does here.

use std::{net::TcpListener, process::Command};

use tests::program::Program;

use crate::driver::Browser;

/// A made-up station, as a process.
struct Kiosk {
    program: Program,
    page: String,
}

impl Kiosk {
    fn start() -> anyhow::Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut command = Command::new(env!("CARGO_BIN_EXE_county"));
        command.args(["kiosk", "demo", "--screen", "browser", "--http", &format!("127.0.0.1:{port}")]);
        let log = std::env::temp_dir().join(format!("huiyin-kiosk-page-{}.log", std::process::id()));
        let mut program = Program::start(command, &log)?;
        let page = program.wait_for_line("kiosk:")?;
        Ok(Self { program, page })
    }
}

impl Drop for Kiosk {
    fn drop(&mut self) {
        self.program.stop();
    }
}

#[tokio::test]
async fn a_villager_types_writes_by_hand_and_files_and_an_officer_looks_after_the_machine() -> anyhow::Result<()> {
    let Some(browser) = Browser::open("kiosk").await? else { return Ok(()) };
    let kiosk = Kiosk::start()?;
    browser.go(&kiosk.page, 1200, 1100).await?;

    // Ready sentences, nine keys, and all letters.
    for target in ["提意见", "道路交通", "写下来", "路灯坏了，晚上看不见", "用拼音写", "九键"]
    {
        browser.touch(target).await?;
    }
    for target in ["wxyz", "ghi", "tuv", "jkl", "tuv", "修路", "。", "全键", "s", "h", "u", "i", "水"] {
        browser.touch(target).await?;
    }
    browser.wait_for_words("修路。水").await?;
    browser.picture("typed").await?;

    // With a finger: on the left half of the screen lies the square.
    for target in ["常用话", "用手写"] {
        browser.touch(target).await?;
    }
    browser.wait_for_words("在方框里写一个字").await?;
    for (from, to) in [((110, 330), (410, 325)), ((260, 150), (260, 530))] {
        browser.draw(from, to).await?;
    }
    browser.wait_for_words("是哪个字").await?;
    browser.picture("ink").await?;
    for target in ["十", "写好了", "不说这个", "不说这个", "不用留"] {
        browser.touch(target).await?;
    }
    browser.wait_for_words("路灯坏了").await?;
    browser.picture("read-back").await?;
    browser.touch("对，交上去").await?;
    browser.wait_for_words("别给别人看").await?;

    // The officer.
    for target in ["记好了，回首页", "Help", "Service", "2", "7", "1", "8", "2", "8", "打开", "网络"] {
        browser.touch(target).await?;
    }
    browser.wait_for_words("没有连上").await?;
    browser.picture("service").await?;
    browser.touch("返回").await?;
    browser.touch("返回").await?;
    browser.wait_for_words("提意见").await?;
    browser.close().await
}
