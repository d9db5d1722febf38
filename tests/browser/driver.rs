//! A real browser: headless Chromium, driven through chromedriver as a person's hands and eyes would.

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, bail};
use embedded_graphics::prelude::Point;
use fantoccini::{
    Client, ClientBuilder, Locator,
    actions::{InputSource, MOUSE_BUTTON_LEFT, MouseActions, PointerAction, TouchActions},
};
use hyper_util::client::legacy::connect::HttpConnector;
use serde::Deserialize;
use serde_json::{Value, json};

/// Set to `required` where the browser must be there: then a missing one fails the test instead of being passed over.
const WANTED: &str = "HUIYIN_BROWSER";
/// How long something that must appear may take.
const PATIENCE: Duration = Duration::from_secs(40);
/// So long a person waits for an answer before tapping again.
const ANSWER: Duration = Duration::from_secs(1);
const POLL: Duration = Duration::from_millis(50);
/// On the page: waits until the kiosk has answered everything that the page sent.
const ANSWERED: &str = "const answered = async () => {
    const { dataset } = document.getElementById('screen');
    while (dataset.asked !== dataset.answered) await new Promise((wake) => setTimeout(wake, 2));
}";

/// What the kiosk's page shows.
#[derive(Clone, Debug, Deserialize)]
pub struct Glance {
    /// The kiosk's own words for it.
    pub view: View,
    /// What the page gives to whoever has it read to them.
    pub read: Vec<String>,
    left: f64,
    top: f64,
    across: f64,
    down: f64,
}

/// A frame of the kiosk in words.
#[derive(Clone, Debug, Deserialize)]
pub struct View {
    /// Its number.
    pub frame: u64,
    /// Name of the screen.
    pub screen: String,
    /// Everything a person reads.
    pub words: Vec<String>,
    /// Everything a person can touch.
    pub targets: Vec<Target>,
}

/// Something that can be touched.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Target {
    /// What touching it means.
    pub name: String,
    /// What it says.
    pub text: String,
    /// Left edge.
    pub x: i32,
    /// Upper edge.
    pub y: i32,
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
}

/// A browser window.
pub struct Browser {
    client: Client,
    driver: Child,
    /// Where the driver is asked.
    at: String,
    pictures: PathBuf,
    _profile: Profile,
}

/// Whether what was found has left the page before it was used.
fn is_stale(error: &anyhow::Error) -> bool {
    format!("{error:#}").contains("stale element")
}

/// The browser's own directory, which goes with it.
struct Profile(PathBuf);

impl Drop for Profile {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Browser {
    /// Opens a window; `None`, said in one line, where there is no browser and none is required. Screenshots go to
    /// `artefacts/NAME` beside the workspace.
    pub async fn open(name: &str) -> anyhow::Result<Option<Self>> {
        let Some(installed) = tests::browser::find() else {
            if std::env::var(WANTED).as_deref() == Ok("required") {
                bail!("Chromium and its driver are required and not installed (packages chromium, chromium-driver)");
            }
            println!("skipped: no Chromium here (packages chromium, chromium-driver)");
            return Ok(None);
        };
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut driver = Command::new(&installed.driver)
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("Starting chromedriver")?;
        let profile = Profile(std::env::temp_dir().join(format!("huiyin-browser-{}-{name}", std::process::id())));
        let options = json!({ "goog:chromeOptions": { "binary": installed.chromium, "args": [
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage",
            "--disable-background-networking", "--disable-component-update", "--disable-sync", "--window-size=1280,900",
            format!("--user-data-dir={}", profile.0.display()),
        ]}});
        let Value::Object(capabilities) = options else { bail!("The options are an object") };
        let at = format!("http://127.0.0.1:{port}");
        let deadline = tokio::time::Instant::now() + PATIENCE;
        let client = loop {
            match ClientBuilder::new(HttpConnector::new()).capabilities(capabilities.clone()).connect(&at).await {
                Ok(client) => break client,
                Err(error) if tokio::time::Instant::now() > deadline => {
                    let _ = driver.kill();
                    return Err(error).context("Opening the browser");
                }
                Err(_) => tokio::time::sleep(POLL).await,
            }
        };
        let pictures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../artefacts").join(name);
        std::fs::create_dir_all(&pictures)?;
        Ok(Some(Self { client, driver, at, pictures, _profile: profile }))
    }

    /// Gives the browser an authenticator in software, which holds passkeys and knows its owner's finger; returns its name.
    pub async fn authenticator(&self) -> anyhow::Result<String> {
        let what = json!({"protocol": "ctap2", "transport": "internal", "hasResidentKey": true,
            "hasUserVerification": true, "isUserVerified": true});
        let told = self.ask_driver("webauthn/authenticator", &what).await?;
        told["value"].as_str().map(str::to_owned).with_context(|| format!("The driver gave no authenticator: {told}"))
    }

    /// Whether that authenticator takes the next finger for its owner's.
    pub async fn verifies(&self, authenticator: &str, is_verified: bool) -> anyhow::Result<()> {
        let path = format!("webauthn/authenticator/{authenticator}/uv");
        self.ask_driver(&path, &json!({"isUserVerified": is_verified})).await?;
        Ok(())
    }

    /// A command of the standard that the client has no words for.
    async fn ask_driver(&self, path: &str, what: &Value) -> anyhow::Result<Value> {
        let session = self.client.session_id().await?.context("The window has no session")?;
        let address = format!("{}/session/{session}/{path}", self.at);
        let what = what.clone();
        let ask = move || anyhow::Ok(ureq::post(address).send_json(what)?.body_mut().read_json()?);
        tokio::task::spawn_blocking(ask).await?.with_context(|| format!("Asking the driver for {path}"))
    }

    /// Goes to an address, in a window of this size.
    pub async fn go(&self, address: &str, width: u32, height: u32) -> anyhow::Result<()> {
        self.client.set_window_size(width, height).await?;
        self.client.goto(address).await.with_context(|| format!("Going to {address}"))
    }

    /// Clicks what `css` names, when it is there; again, if the page put another in its place meanwhile, as a person would.
    pub async fn click(&self, css: &str) -> anyhow::Result<()> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            match self.click_once(css).await {
                Err(error) if is_stale(&error) && tokio::time::Instant::now() < deadline => {
                    tokio::time::sleep(POLL).await;
                }
                done => return done,
            }
        }
    }

    async fn click_once(&self, css: &str) -> anyhow::Result<()> {
        let element = self.client.wait().at_most(PATIENCE).for_element(Locator::Css(css)).await;
        let element = element.with_context(|| format!("Looking for {css}"))?;
        // As a thumb would, bring it out from under the bar at the bottom first.
        let script = "arguments[0].scrollIntoView({ block: 'center', behavior: 'instant' })";
        self.client.execute(script, vec![serde_json::to_value(&element)?]).await?;
        element.click().await.with_context(|| format!("Clicking {css}"))
    }

    /// Types into what `css` names, after what is there is cleared.
    pub async fn fill(&self, css: &str, text: &str) -> anyhow::Result<()> {
        let element = self.client.wait().at_most(PATIENCE).for_element(Locator::Css(css)).await;
        let element = element.with_context(|| format!("Looking for {css}"))?;
        element.clear().await.with_context(|| format!("Clearing {css}"))?;
        element.send_keys(text).await.with_context(|| format!("Typing into {css}"))
    }

    /// Chooses an entry of a list by its value.
    pub async fn choose(&self, css: &str, value: &str) -> anyhow::Result<()> {
        let element = self.client.wait().at_most(PATIENCE).for_element(Locator::Css(css)).await;
        let element = element.with_context(|| format!("Looking for {css}"))?;
        element.select_by_value(value).await.with_context(|| format!("Choosing {value} in {css}"))
    }

    /// Waits until the page shows `text` somewhere in what `css` names.
    pub async fn wait_for(&self, css: &str, text: &str) -> anyhow::Result<()> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let shown = self.text(css).await.unwrap_or_default();
            if shown.contains(text) {
                return Ok(());
            }
            if tokio::time::Instant::now() > deadline {
                self.picture("failed").await?;
                bail!("{text:?} did not appear in {css}, which shows {shown:?}");
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// The text of all that `css` names.
    pub async fn text(&self, css: &str) -> anyhow::Result<String> {
        let script = "return Array.from(document.querySelectorAll(arguments[0])).map(e => e.textContent).join('\\n')";
        let text = self.client.execute(script, vec![json!(css)]).await?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// An attribute of what `css` names, as the page resolves it.
    pub async fn attribute(&self, css: &str, name: &str) -> anyhow::Result<String> {
        let script = "return document.querySelector(arguments[0])[arguments[1]]";
        let value = self.client.execute(script, vec![json!(css), json!(name)]).await?;
        value.as_str().map(str::to_owned).with_context(|| format!("{css} has no {name}"))
    }

    /// Whether what `css` names is on the page and not shown.
    pub async fn is_hidden(&self, css: &str) -> anyhow::Result<bool> {
        let script = "return document.querySelector(arguments[0]).hidden";
        Ok(self.client.execute(script, vec![json!(css)]).await? == json!(true))
    }

    /// Does on the page what hands cannot do in a test's time.
    pub async fn run(&self, script: &str) -> anyhow::Result<()> {
        self.client.execute(script, Vec::new()).await.with_context(|| format!("Running {script}"))?;
        Ok(())
    }

    /// Whether the page has been the same one since this mark was set: `mark` sets it, `is_marked` asks.
    pub async fn mark(&self) -> anyhow::Result<()> {
        self.client.execute("window.huiyinMark = true", Vec::new()).await?;
        Ok(())
    }

    /// See [`Browser::mark`].
    pub async fn is_marked(&self) -> anyhow::Result<bool> {
        Ok(self.client.execute("return window.huiyinMark === true", Vec::new()).await? == json!(true))
    }

    /// Touches the kiosk's screen where its view says that a target is, by its Chinese text or its name, and waits until
    /// the screen has answered.
    pub async fn touch(&self, target: &str) -> anyhow::Result<()> {
        // What was touched before is answered first.
        let find = "await answered();
            const view = await (await fetch('/view')).json();
            const hit = view.targets.find(t => t.text === arguments[0] || t.name === arguments[0]);
            if (!hit) return { missing: view };
            const screen = document.getElementById('screen'), place = screen.getBoundingClientRect();
            return { frame: view.frame,
                x: place.left + (hit.x + hit.width / 2) * place.width / screen.width,
                y: place.top + (hit.y + hit.height / 2) * place.height / screen.height };";
        let script = format!(
            "{ANSWERED}; const done = arguments[arguments.length - 1]; const run = async (...arguments) => {{ {find} }};
             run(arguments[0]).then(done, error => done({{ error: String(error) }}));"
        );
        let deadline = tokio::time::Instant::now() + PATIENCE;
        let found = loop {
            let found = self.client.execute_async(&script, vec![json!(target)]).await?;
            if found["x"].is_number() {
                break found;
            }
            if tokio::time::Instant::now() > deadline {
                self.picture("failed").await?;
                bail!("there is no {target:?} to touch: {found}");
            }
            tokio::time::sleep(POLL).await;
        };
        let (x, y) = (found["x"].as_f64().unwrap_or_default(), found["y"].as_f64().unwrap_or_default());
        let tap = MouseActions::new("finger".into())
            .then(PointerAction::MoveTo { duration: None, x, y })
            .then(PointerAction::Down { button: MOUSE_BUTTON_LEFT })
            .then(PointerAction::Up { button: MOUSE_BUTTON_LEFT });
        let frame = found["frame"].as_u64().unwrap_or_default();
        // A second tap at one place just after a screen came up is taken for one meant for the screen before; whoever gets
        // no answer taps again.
        loop {
            if tokio::time::Instant::now() > deadline {
                bail!("the screen did not answer when {target:?} was touched");
            }
            self.client.perform_actions(tap.clone()).await.with_context(|| format!("Touching {target}"))?;
            let answered = tokio::time::Instant::now() + ANSWER;
            while tokio::time::Instant::now() < answered {
                if self.is_frame_after(frame).await? {
                    return Ok(());
                }
                tokio::time::sleep(POLL).await;
            }
        }
    }

    async fn is_frame_after(&self, frame: u64) -> anyhow::Result<bool> {
        let script = format!(
            "{ANSWERED}; const done = arguments[arguments.length - 1];
            answered().then(() => fetch('/view')).then(r => r.json()).then(v => done(v.frame), () => done(0));"
        );
        Ok(self.client.execute_async(&script, Vec::new()).await?.as_u64().unwrap_or_default() > frame)
    }

    /// Draws a line on the kiosk's screen with the mouse, from one of its pixels to another.
    pub async fn draw(&self, from: (i32, i32), to: (i32, i32)) -> anyhow::Result<()> {
        let script = "const screen = document.getElementById('screen'), place = screen.getBoundingClientRect();
            return [place.left, place.top, place.width / screen.width, place.height / screen.height];";
        let place = self.client.execute(script, vec![]).await?;
        let [left, top, wide, high] = [0, 1, 2, 3].map(|index| place[index].as_f64().unwrap_or_default());
        let at = |step: i32| {
            let along = |from: i32, to: i32| f64::from(from * (8 - step) + to * step) / 8.0;
            let (x, y) = (left + along(from.0, to.0) * wide, top + along(from.1, to.1) * high);
            PointerAction::MoveTo { duration: Some(Duration::from_millis(16)), x, y }
        };
        let mut line =
            MouseActions::new("finger".into()).then(at(0)).then(PointerAction::Down { button: MOUSE_BUTTON_LEFT });
        for step in 1..=8 {
            line = line.then(at(step));
        }
        self.client.perform_actions(line.then(PointerAction::Up { button: MOUSE_BUTTON_LEFT })).await?;
        Ok(())
    }

    /// From now on the page counts the fingers that were lifted from the kiosk's screen, for [`Self::glance`].
    pub async fn count_touches(&self) -> anyhow::Result<()> {
        let script = "window.huiyinTouches = 0;
            const count = () => { window.huiyinTouches += 1; };
            for (const end of ['pointerup', 'pointercancel']) document.getElementById('screen').addEventListener(end, count);";
        self.client.execute(script, vec![]).await?;
        Ok(())
    }

    /// What the kiosk's page shows once it has met so many touches since [`Self::count_touches`], the kiosk has answered
    /// each, and the frame that it answered with is on the page. An error tells what is missing after five seconds.
    pub async fn glance(&self, touches: u32) -> anyhow::Result<Glance> {
        let look = "const [touches, done] = arguments;
            const canvas = document.getElementById('screen'), until = performance.now() + 5000;
            const late = () => performance.now() > until;
            const pause = (ms) => new Promise((wake) => setTimeout(wake, ms));
            const look = async () => {
              while (window.huiyinTouches < touches) {
                if (late()) return { missing: `the page met ${window.huiyinTouches} touches of ${touches}` };
                await pause(2);
              }
              if (await Promise.race([answered(), pause(5000).then(() => 'late')]) === 'late') {
                return { missing: 'the kiosk did not answer a touch' };
              }
              for (;;) {
                const view = await (await fetch('/view')).json();
                if (Number(canvas.dataset.frame) >= view.frame) {
                  const place = canvas.getBoundingClientRect();
                  const read = [...document.querySelectorAll('#words p')].map((line) => line.textContent);
                  return { view, read, left: place.left, top: place.top,
                    across: place.width / canvas.width, down: place.height / canvas.height };
                }
                if (late()) return { missing: `frame ${view.frame} is not on the page, but ${canvas.dataset.frame}` };
                await pause(2);
              }
            };
            look().then(done, (error) => done({ missing: String(error) }));";
        let told = self.client.execute_async(&format!("{ANSWERED}; {look}"), vec![json!(touches)]).await?;
        if let Some(missing) = told["missing"].as_str() {
            bail!("{missing}");
        }
        serde_json::from_value(told).context("Reading what the page shows")
    }

    /// Checks what is on the kiosk's screen, pixel by pixel: a number that stands for all of them.
    pub async fn pixels(&self) -> anyhow::Result<u32> {
        let script = "const canvas = document.getElementById('screen');
            const all = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
            let sum = 0;
            for (let at = 0; at < all.length; at += 4) {
              sum = Math.imul(sum ^ (all[at] << 16 | all[at + 1] << 8 | all[at + 2]), 16777619) + 1;
            }
            return sum >>> 0;";
        let told = self.client.execute(script, vec![]).await?;
        told.as_u64().and_then(|sum| u32::try_from(sum).ok()).with_context(|| format!("no sum of pixels: {told}"))
    }

    /// A finger comes down on the kiosk's screen, stays for so long, goes along these of its pixels, and is lifted: once,
    /// whatever comes of it.
    pub async fn finger(&self, glance: &Glance, way: &[Point], stays: Duration) -> anyhow::Result<()> {
        let to = |at: &Point| {
            let (x, y) = (f64::from(at.x) + 0.5, f64::from(at.y) + 0.5);
            let (x, y) = (glance.left + x * glance.across, glance.top + y * glance.down);
            PointerAction::MoveTo { duration: Some(Duration::ZERO), x, y }
        };
        let mut finger = TouchActions::new("finger".into());
        for (place, at) in way.iter().enumerate() {
            finger = finger.then(to(at));
            if place == 0 {
                finger = finger.then(PointerAction::Down { button: MOUSE_BUTTON_LEFT });
                finger = finger.then(PointerAction::Pause { duration: stays });
            }
        }
        self.client.perform_actions(finger.then(PointerAction::Up { button: MOUSE_BUTTON_LEFT })).await?;
        Ok(())
    }

    /// From now on every press on the kiosk's screen, and every lifting, is timed until a pixel around it has another colour
    /// and the browser has drawn its next frame.
    pub async fn time_touches(&self) -> anyhow::Result<()> {
        let script = "const screen = document.getElementById('screen'), glass = screen.getContext('2d');
            window.huiyinTimes = { pointerdown: [], pointerup: [] };
            let waiting = null;
            new MutationObserver(() => {
              if (!waiting || waiting.look() === waiting.before) return;
              const { times, begun } = waiting;
              waiting = null;
              requestAnimationFrame(() => times.push(performance.now() - begun));
            }).observe(screen, { attributes: true, attributeFilter: ['data-frame'] });
            const time = (event) => {
              const begun = performance.now(), place = screen.getBoundingClientRect();
              const x = Math.floor((event.clientX - place.left) * screen.width / place.width);
              const y = Math.floor((event.clientY - place.top) * screen.height / place.height);
              const look = () => glass.getImageData(x - 8, y - 8, 16, 16).data.join();
              waiting = { times: window.huiyinTimes[event.type], begun, look, before: look() };
            };
            for (const kind of Object.keys(window.huiyinTimes)) screen.addEventListener(kind, time, { capture: true });";
        self.client.execute(script, vec![]).await?;
        Ok(())
    }

    /// What was timed since then, in milliseconds: presses, and liftings.
    pub async fn touch_times(&self) -> anyhow::Result<[Vec<f64>; 2]> {
        let script = "return [window.huiyinTimes.pointerdown, window.huiyinTimes.pointerup];";
        serde_json::from_value(self.client.execute(script, vec![]).await?).context("Reading the times")
    }

    /// Waits until the kiosk's screen says `text`; returns all its words.
    pub async fn wait_for_words(&self, text: &str) -> anyhow::Result<String> {
        self.wait_for("#words", text).await?;
        self.text("#words").await
    }

    /// Keeps a picture of the window.
    pub async fn picture(&self, name: &str) -> anyhow::Result<()> {
        // What the page has drawn is on the glass two frames later.
        let drawn = "const done = arguments[arguments.length - 1];
            requestAnimationFrame(() => requestAnimationFrame(() => done(true)));";
        self.client.execute_async(drawn, Vec::new()).await?;
        let png = self.client.screenshot().await?;
        std::fs::write(self.pictures.join(format!("{name}.png")), png)?;
        Ok(())
    }

    /// Closes the window.
    pub async fn close(mut self) -> anyhow::Result<()> {
        let closed = self.client.clone().close().await;
        let _ = self.driver.kill();
        let _ = self.driver.wait();
        closed.context("Closing the browser")
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // A test that failed half-way leaves no driver behind; its browser ends with it.
        let _ = self.driver.kill();
    }
}
