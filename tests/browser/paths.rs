//! Every path through the kiosk, walked by a finger in Chromium on the page of a real kiosk, and by a villager before the
//! kiosk without a screen in step with it. After each step both show the same, to the last pixel where neither voice nor
//! ink is in the picture.
//!
//! No path is left out. Those on a full disk need root for it, and say so where they are passed over.

use anyhow::Context as _;

use crate::{
    driver::Browser,
    stations::{Needs, Wires},
    walk::Walk,
    ways::{Step, What},
};

/// Walks all of them, each before a station of its own.
async fn walk_all(browser: &Browser, wires: &Wires) -> anyhow::Result<()> {
    // Some are left alone for two minutes; the others are walked meanwhile.
    let mut left = Vec::new();
    for path in Needs::Patience.paths() {
        let station = wires.station(Needs::Patience)?;
        let steps: Vec<_> = Step::all(path.1).collect();
        let is_gone = |(_, step): &(_, Step<'_>)| *step == Step::Happens(What::Gone);
        let gone = steps.iter().position(is_gone).context("nobody goes away on this path")?;
        let mut walk = Walk::begin(browser, &station.page, path, None).await?;
        walk.go(&steps[..gone]).await?;
        left.push((station, walk, steps, gone));
    }
    let disk = wires.small_disk();
    let with_disk = disk.map(|_| Needs::Disk);
    for needs in with_disk.into_iter().chain([Needs::Printer, Needs::Station]) {
        for path in needs.paths() {
            let station = wires.station(needs)?;
            let mut walk = Walk::begin(browser, &station.page, path, disk).await?;
            walk.go(&Step::all(path.1).collect::<Vec<_>>()).await?;
            println!("walked: {}", path.0);
        }
    }
    for (station, mut walk, steps, gone) in left {
        walk.open(&station.page).await?;
        walk.go(&steps[gone..]).await?;
    }
    Ok(())
}

#[tokio::test]
async fn every_path_is_walked_in_chromium() -> anyhow::Result<()> {
    let Some(browser) = Browser::open("paths").await? else { return Ok(()) };
    let wires = Wires::make()?;
    let told = walk_all(&browser, &wires).await;
    browser.close().await?;
    told
}
