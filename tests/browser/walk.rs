//! A finger on the page of a kiosk, in step with a villager before the kiosk without a screen.
//!
//! No step waits for time to pass where something can be waited for: a finger comes down once, when the screen that is to
//! take it is on the page, and the next step begins when the page shows what it led to.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use embedded_graphics::prelude::{Point, Size};
use hardware::screen::Canvas;
use kiosk::{
    app::{App, Event, Speech},
    draw::Painter,
    trouble::Trouble,
    view::Face,
};
use tests::disk::SmallDisk;

use crate::{
    driver::{Browser, Glance, Target, View},
    stations::Needs,
    support::{Desk, TEN, packs},
    ways::{Step, What, desk},
};

/// How long a step may take on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(60);
/// The kiosk asks after a minute without a touch, and half a minute later nobody is there.
const LEFT_ALONE: Duration = Duration::from_secs(90);
/// The kiosk takes a second tap at one place this soon after a new screen for trembling; and how near that is, in pixels.
const TREMBLING: Duration = Duration::from_millis(330);
const ONE_PLACE: i32 = 40;
/// The prompts recorder shows no level: so long somebody speaks into it.
const SPOKEN: Duration = Duration::from_secs(1);
const POLL: Duration = Duration::from_millis(25);

/// A finger on the page of a kiosk, and a villager who does the same without a screen.
pub struct Walk<'a> {
    browser: &'a Browser,
    name: &'static str,
    path: &'static str,
    /// The step, as it stands in the table.
    step: String,
    villager: Desk,
    painter: Painter,
    /// The screen whose pixels were compared last.
    compared: Option<&'static str>,
    disk: Option<&'a SmallDisk>,
    /// How long a finger stays on the glass.
    pub stays: Duration,
    /// Touches since the page was opened.
    touches: u32,
    /// Where the last one was.
    last: Option<Point>,
    /// What the page showed when both agreed, and when that was.
    seen: Option<Glance>,
    agreed: Instant,
}

impl<'a> Walk<'a> {
    /// Steps up to a kiosk at its first screen.
    pub async fn begin(
        browser: &'a Browser,
        page: &str,
        &(name, path): &'static (&'static str, &'static str),
        disk: Option<&'a SmallDisk>,
    ) -> anyhow::Result<Self> {
        let mut villager = desk();
        if Needs::of(path) == Needs::Printer {
            let app = App::new(Box::new(villager.station.clone()), villager.app.size(), villager.now);
            villager.app = app.with_packs(packs()).with_printer();
        }
        let mut walk = Self {
            browser,
            name,
            path,
            step: "the first screen".to_owned(),
            villager,
            painter: Painter::default(),
            compared: None,
            disk,
            stays: Duration::ZERO,
            touches: 0,
            last: None,
            seen: None,
            agreed: Instant::now(),
        };
        walk.open(page).await?;
        // That the printer is gone may be on the first screen already.
        if Needs::of(path) != Needs::Printer {
            walk.agree().await?;
        }
        Ok(walk)
    }

    /// Opens the page, at whatever screen the kiosk is.
    pub async fn open(&mut self, page: &str) -> anyhow::Result<()> {
        // Wide enough for the parts of the case to stand beside the screen.
        self.browser.go(page, 1_300, 900).await?;
        self.browser.count_touches().await?;
        self.touches = 0;
        Ok(())
    }

    /// Goes these steps.
    pub async fn go(&mut self, steps: &[(&str, Step<'_>)]) -> anyhow::Result<()> {
        for (number, (said, step)) in steps.iter().enumerate() {
            self.step = format!("step {} ({said})", number + 1);
            // What comes by itself is not met before it is its turn.
            let next = steps.get(number + 1).map(|(_, step)| step);
            let comes = matches!(next, Some(Step::Happens(What::Spoken | What::News)));
            self.go_one(step, !comes).await?;
        }
        Ok(())
    }

    async fn go_one(&mut self, step: &Step<'_>, agrees: bool) -> anyhow::Result<()> {
        match step {
            Step::Choose(target) => {
                if *target == "说完了" {
                    self.speak().await?;
                }
                self.choose(target, agrees).await?;
            }
            Step::Digits(digits) => {
                for digit in digits.chars() {
                    self.choose(&digit.to_string(), true).await?;
                }
            }
            Step::Ten => {
                for (from, to) in TEN {
                    let (begin, end) = (self.villager.in_the_square(from), self.villager.in_the_square(to));
                    let way: Vec<Point> = (0..=10).map(|step| (begin * (10 - step) + end * step) / 10).collect();
                    self.finger(&way).await?;
                    self.villager.draw(from, to);
                    self.agree().await?;
                }
            }
            Step::Crosses => {
                for cross in self.villager.crosses() {
                    self.finger(&[cross]).await?;
                    self.villager.tap(cross);
                    self.agree().await?;
                }
            }
            Step::Happens(what) => {
                match (what, self.disk) {
                    (What::Scanned(code), _) => {
                        self.browser.fill("#scan input", code).await?;
                        self.browser.click("#scan button").await?;
                    }
                    (What::Button, _) => self.browser.click("#button").await?,
                    (What::Full, Some(disk)) => disk.fill()?,
                    (What::Room, Some(disk)) => disk.make_room()?,
                    (What::Full | What::Room, None) => bail!("no disk can be filled"),
                    // These come by themselves.
                    (What::Spoken | What::Gone | What::News | What::Trouble, _) => {}
                }
                what.happens(&mut self.villager);
                if *what == What::Trouble {
                    self.villager.has_troubles(&[Trouble::NoPrinter]);
                }
                self.agree().await?;
            }
        }
        Ok(())
    }

    /// Chooses what says this, or bears it as its name; while screens are read aloud, by two touches.
    async fn choose(&mut self, target: &str, agrees: bool) -> anyhow::Result<()> {
        loop {
            let seen = self.seen.as_ref().context("something was seen")?;
            let found = seen.view.targets.iter().find(|found| found.text == target || found.name == target);
            let Some(found) = found else { bail!("{}", self.lost(&format!("there is no {target:?}"))) };
            let at = Point::new(found.x, found.y) + Size::new(found.width, found.height) / 2;
            self.finger(&[at]).await?;
            self.villager.touch(target);
            if !agrees {
                return Ok(());
            }
            self.agree().await?;
            if !self.villager.has_only_read() {
                return Ok(());
            }
        }
    }

    /// Touches the glass once.
    async fn finger(&mut self, way: &[Point]) -> anyhow::Result<()> {
        let at = way[0];
        let is_near = |last: Point| (last.x - at.x).abs() < ONE_PLACE && (last.y - at.y).abs() < ONE_PLACE;
        if self.last.is_some_and(is_near) {
            tokio::time::sleep(TREMBLING.saturating_sub(self.agreed.elapsed())).await;
        }
        let seen = self.seen.as_ref().context("something was seen")?;
        self.browser.finger(seen, way, self.stays).await.with_context(|| self.lost("the finger slipped"))?;
        self.touches += 1;
        self.last = way.last().copied();
        Ok(())
    }

    /// Speaks until the microphone has heard some of it.
    async fn speak(&mut self) -> anyhow::Result<()> {
        if self.villager.app.screen().name() == "Recorder" {
            tokio::time::sleep(SPOKEN).await;
            return Ok(());
        }
        let first = self.seen.as_ref().map_or(0, |seen| seen.view.frame);
        let deadline = Instant::now() + PATIENCE;
        while self.browser.glance(self.touches).await?.view.frame < first + 3 {
            ensure!(Instant::now() < deadline, "{}", self.lost("nobody is heard"));
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    /// Waits until the page shows what the villager sees.
    async fn agree(&mut self) -> anyhow::Result<()> {
        let patience = if self.step.contains("@gone") { LEFT_ALONE + PATIENCE } else { PATIENCE };
        let deadline = Instant::now() + patience;
        let mut before = None;
        loop {
            let differs = match self.browser.glance(self.touches).await {
                Ok(glance) => {
                    let differs = self.difference(&glance);
                    let frame = glance.view.frame;
                    self.seen = Some(glance);
                    // What is read aloud ends when it ends.
                    if differs.is_some() && before.replace(frame) == Some(frame) && self.is_spoken_to() {
                        self.villager.event(Event::SpeechEnded);
                    }
                    differs
                }
                Err(error) => Some(format!("{error:#}")),
            };
            let Some(differs) = differs else { break };
            if Instant::now() > deadline {
                let _ = self.browser.picture("failed").await;
                bail!("{}", self.lost(&differs));
            }
            tokio::time::sleep(POLL).await;
        }
        self.agreed = Instant::now();
        self.compare_pixels().await
    }

    /// What the page shows otherwise than the villager sees it; `None` when they agree.
    fn difference(&self, Glance { view, read, .. }: &Glance) -> Option<String> {
        let sees = self.sees();
        if view.screen != sees.screen {
            return Some(format!("it should be {}", sees.screen));
        }
        let (theirs, ours) = (plain(view, self.has_voice()), plain(&sees, self.has_voice()));
        if theirs != ours {
            return Some(format!("it should say {ours:?}"));
        }
        (*read != view.words && !self.has_voice()).then(|| format!("the page reads {read:?}"))
    }

    /// What the villager sees, as the page tells it.
    fn sees(&self) -> View {
        let pieces = self.villager.pieces();
        let mut view =
            View { frame: 0, screen: self.villager.app.screen().name().to_owned(), words: vec![], targets: vec![] };
        for piece in pieces {
            let text = piece.face.text().to_owned();
            if let Some(name) = piece.touch {
                let (Point { x, y }, Size { width, height }) = (piece.area.top_left, piece.area.size);
                view.targets.push(Target { name, text: text.clone(), x, y, width, height });
            }
            if !text.is_empty() && !matches!(piece.face, Face::Key(_)) {
                view.words.push(text);
            }
        }
        view
    }

    /// Whether something is read aloud.
    fn is_spoken_to(&self) -> bool {
        self.villager.app.speech() == Speech::Speaking
    }

    /// Whether a voice is on this path: how long it is nobody knows before.
    fn has_voice(&self) -> bool {
        self.path.contains("@spoken")
    }

    /// Compares the picture of each new screen on the page with the one that the villager sees.
    async fn compare_pixels(&mut self) -> anyhow::Result<()> {
        let app = &self.villager.app;
        let screen = app.screen().name();
        let has_ink = self.path.contains("@ten");
        let moves = self.has_voice() || has_ink || self.is_spoken_to();
        if moves || self.compared.replace(screen) == Some(screen) {
            return Ok(());
        }
        let mut canvas = Canvas::new(app.size());
        let pieces = app.pieces();
        self.painter.paint(&mut canvas, &pieces, app.marks(&pieces), app.theme());
        let sum =
            canvas.pixels().iter().fold(0_u32, |sum, pixel| (sum ^ pixel).wrapping_mul(16_777_619).wrapping_add(1));
        if self.browser.pixels().await? != sum {
            self.browser.picture("failed").await?;
            bail!("{}", self.lost("a pixel has another colour"));
        }
        Ok(())
    }

    /// Where the walk is, why it does not go on, and what is on the page.
    fn lost(&self, why: &str) -> String {
        let shown = self.seen.as_ref().map(|seen| {
            let targets: Vec<&str> = seen.view.targets.iter().map(|target| target.name.as_str()).collect();
            format!("frame {}, {}: {:?}; to touch: {targets:?}", seen.view.frame, seen.view.screen, seen.view.words)
        });
        format!(
            "{}, {}: {why}\non the page: {}",
            self.name,
            self.step,
            shown.unwrap_or_else(|| "nothing yet".to_owned())
        )
    }
}

/// A view without what no two walks have in common: guesses at what was drawn, and digits where a voice is told of.
fn plain(view: &View, has_voice: bool) -> (Vec<String>, Vec<Target>) {
    let is_guess = |target: &Target| target.name.starts_with("Meant(");
    let plain = |text: &String| text.chars().filter(|letter| !has_voice || !letter.is_ascii_digit()).collect();
    let guesses: Vec<&String> =
        view.targets.iter().filter(|target| is_guess(target)).map(|target| &target.text).collect();
    let words = view.words.iter().filter(|word| !guesses.contains(word)).map(plain);
    let targets = view.targets.iter().filter(|target| !is_guess(target));
    let targets = targets.map(|target| Target { text: plain(&target.text), ..target.clone() });
    (words.collect(), targets.collect())
}
