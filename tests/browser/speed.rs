//! How soon a touch is seen on the page of a kiosk in Chromium.

use std::time::Duration;

use crate::{
    driver::Browser,
    stations::{Needs, Wires},
    walk::Walk,
    ways::{Step, What},
};

/// So many touches are timed at least.
const TOUCHES: usize = 120;
/// A finger is on the glass for a while.
const STAYS: Duration = Duration::from_millis(80);

#[tokio::test]
#[ignore = "measures, and asserts nothing"]
async fn from_touch_to_pixels() -> anyhow::Result<()> {
    let Some(browser) = Browser::open("speed").await? else { return Ok(()) };
    let wires = Wires::make()?;
    let (mut pressed, mut lifted) = (Vec::new(), Vec::new());
    // Whoever speaks does not touch.
    let is_silent = |path: &str| Step::all(path).all(|(_, step)| !matches!(step, Step::Happens(What::Spoken)));
    for path in Needs::Station.paths().filter(|(_, path)| is_silent(path)) {
        if pressed.len() >= TOUCHES {
            break;
        }
        let station = wires.station(Needs::Station)?;
        let mut walk = Walk::begin(&browser, &station.page, path, None).await?;
        walk.stays = STAYS;
        browser.time_touches().await?;
        walk.go(&Step::all(path.1).collect::<Vec<_>>()).await?;
        let [down, up] = browser.touch_times().await?;
        pressed.extend(down);
        lifted.extend(up);
    }
    tell("from the touch to pixels", pressed);
    tell("from lifting the finger to the next screen", lifted);
    browser.close().await
}

/// Prints the middle, the twentieth of a hundred slowest, and the slowest.
fn tell(what: &str, mut times: Vec<f64>) {
    times.sort_by(f64::total_cmp);
    let at =
        |hundredths: usize| times.get(times.len() * hundredths / 100).or(times.last()).copied().unwrap_or_default();
    println!(
        "{what}, {} times: median {:.1} ms, p95 {:.1} ms, longest {:.1} ms (meant: 50)",
        times.len(),
        at(50),
        at(95),
        at(100)
    );
}
