//! A county on one machine: a hub, devices, and a road to each that can be cut. The desk shows one to people; the stories
//! tell theirs over it. Every program is a process of its own with its own data directory.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use serde_json::Value;
use tokio::runtime::{Handle, Runtime};

use crate::{
    program::{Done, Program},
    relay::Relay,
};

/// A program that does not answer within this is shown as not answering.
const ANSWER: Duration = Duration::from_millis(700);
/// How long a story waits for what must come.
const PATIENCE: Duration = Duration::from_secs(60);
/// The longest wait of a device before it calls again: people at a desk do not wait five minutes.
const REDIAL_MAX_S: &str = "2";
/// The ports of relays and of screens, counted from the first of all.
const RELAYS: u16 = 10;
const SCREENS: u16 = 40;

/// Which program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// 县级平台
    Hub,
    /// 自助终端
    Kiosk,
    /// 代表走访
    Field,
}

impl Part {
    /// Its word on the command line of `county`.
    pub const fn word(self) -> &'static str {
        match self {
            Part::Hub => "hub",
            Part::Kiosk => "kiosk",
            Part::Field => "field",
        }
    }

    /// The role it is enrolled as.
    const fn role(self) -> &'static str {
        match self {
            Part::Hub => "hub",
            Part::Kiosk => "kiosk",
            Part::Field => "deputy",
        }
    }

    /// What stands before the address of its screen.
    const fn line(self) -> &'static str {
        match self {
            Part::Hub => "hub:",
            Part::Kiosk => "kiosk:",
            Part::Field => "field app:",
        }
    }
}

/// Which ports the county uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ports {
    /// Any that are free; others after each start.
    Any,
    /// Fixed ones, counted from this.
    From(u16),
}

impl Ports {
    fn at(self, offset: u16) -> u16 {
        match self {
            Ports::Any => 0,
            Ports::From(first) => first.saturating_add(offset),
        }
    }
}

/// The county.
pub struct World {
    program: PathBuf,
    dir: PathBuf,
    ports: Ports,
    hub: Member,
    hub_port: Mutex<u16>,
    devices: BTreeMap<String, Device>,
    runtime: Runtime,
}

struct Member {
    part: Part,
    dir: PathBuf,
    log: PathBuf,
    http_port: u16,
    running: Mutex<Option<Running>>,
}

struct Running {
    program: Program,
    link: String,
}

struct Device {
    member: Member,
    relay: Relay,
}

impl World {
    /// A county in `dir`, whose programs are all `program` (the multi-call `county`).
    pub fn new(program: &Path, dir: &Path, ports: Ports) -> anyhow::Result<Self> {
        fs::create_dir_all(dir.join("logs")).with_context(|| format!("Making {}", dir.display()))?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        Ok(Self {
            hub: Member::new(Part::Hub, dir, "hub", ports.at(1)),
            hub_port: Mutex::new(ports.at(0)),
            program: program.to_owned(),
            dir: dir.to_owned(),
            ports,
            devices: BTreeMap::new(),
            runtime: runtime.context("Starting the runtime")?,
        })
    }

    /// Where relays and pages run.
    pub fn runtime(&self) -> &Handle {
        self.runtime.handle()
    }

    /// The data directory of `key`; `hub` is the hub's.
    pub fn data(&self, key: &str) -> PathBuf {
        self.dir.join(key)
    }

    /// Runs a command of one of the programs to its end.
    pub fn run(&self, part: Part, args: &[&str]) -> anyhow::Result<Done> {
        Done::run(&self.program, std::iter::once(part.word()).chain(args.iter().copied()))
    }

    /// Runs a command of the program `key` with its data directory.
    pub fn tell(&self, key: &str, args: &[&str]) -> anyhow::Result<Done> {
        let member = self.member(key)?;
        let dir = member.dir.to_string_lossy().into_owned();
        self.run(member.part, &[args, &["--data", &dir]].concat())
    }

    /// The same with this on its standard input.
    pub fn tell_with(&self, key: &str, args: &[&str], input: &str) -> anyhow::Result<Done> {
        let member = self.member(key)?;
        let dir = member.dir.to_string_lossy().into_owned();
        Done::run_with(&self.program, [&[member.part.word()], args, &["--data", &dir]].concat(), input)
    }

    /// Whether `key` has been made or enrolled already.
    pub fn is_made(&self, key: &str) -> bool {
        self.data(key).join("device.json").exists()
    }

    /// Makes the county of this codebook, unless it is made already.
    pub fn make_county(&self, codebook: &str) -> anyhow::Result<()> {
        if !self.is_made("hub") {
            let file = self.dir.join("county.toml");
            fs::write(&file, codebook).with_context(|| format!("Writing {}", file.display()))?;
            self.tell("hub", &["init", "--county", &file.to_string_lossy()])?.good()?;
        }
        Ok(())
    }

    /// Publishes the file of this name and text at the hub, whether it is serving or not.
    pub fn publish(&self, name: &str, text: &str) -> anyhow::Result<Done> {
        let file = self.dir.join(name);
        for (picture, bytes) in crate::sample::PICTURES {
            fs::write(self.dir.join(picture), bytes).with_context(|| format!("Writing {picture}"))?;
        }
        fs::write(&file, text).with_context(|| format!("Writing {}", file.display()))?;
        self.tell("hub", &["publish", &file.to_string_lossy()])
    }

    /// Gives a device a road; it is enrolled by [`Self::enrol`]. The hub must have been started once.
    pub fn add(&mut self, key: &str, part: Part) -> anyhow::Result<()> {
        let hub = SocketAddr::from((Ipv4Addr::LOCALHOST, *self.hub_port()));
        let place = u16::try_from(self.devices.len()).context("Too many devices")?;
        let relay = Relay::open(self.runtime.handle(), self.ports.at(RELAYS + place), hub)?;
        let member = Member::new(part, &self.dir, key, self.ports.at(SCREENS + place));
        self.devices.insert(key.to_owned(), Device { member, relay });
        Ok(())
    }

    /// Enrols a device at the running hub, by a code; `false` if it is enrolled already.
    pub fn enrol(&self, key: &str, name: &str, areas: &[&str]) -> anyhow::Result<bool> {
        if self.is_made(key) {
            return Ok(false);
        }
        let code = self.code(self.device(key)?.member.part, name, areas)?;
        let hub = self.device(key)?.relay.address().to_string();
        self.tell(key, &["enrol", "--hub", &hub, "--code", &code])?.good()?;
        Ok(true)
    }

    /// A code for one device, let in without the comparison step.
    pub fn code(&self, part: Part, name: &str, areas: &[&str]) -> anyhow::Result<String> {
        let mut args = vec!["device", "add", "--role", part.role(), "--name", name, "--approve", "--json", "--area"];
        args.extend(areas);
        let told: Value = serde_json::from_str(&self.tell("hub", &args)?.good()?).context("Reading the code")?;
        Ok(told["code"].as_str().context("The hub gave no code")?.to_owned())
    }

    /// Where the hub listens for devices, once it was started.
    pub fn hub_address(&self) -> String {
        SocketAddr::from((Ipv4Addr::LOCALHOST, *self.hub_port())).to_string()
    }

    /// Starts `key` unless it runs, and waits until it listens.
    pub fn start(&self, key: &str) -> anyhow::Result<()> {
        self.start_with(key, &[])
    }

    /// Starts a device that lets neighbours in.
    pub fn start_near(&self, key: &str) -> anyhow::Result<()> {
        self.start_with(key, &["--near", "127.0.0.1:0"])
    }

    /// Where neighbours find a device that lets them in.
    pub fn near(&self, key: &str) -> anyhow::Result<String> {
        let mut running = self.member(key)?.running();
        running.as_mut().with_context(|| format!("{key} does not run"))?.program.wait_for_line("near:")
    }

    fn start_with(&self, key: &str, more: &[&str]) -> anyhow::Result<()> {
        let member = self.member(key)?;
        let mut running = member.running();
        if running.as_mut().is_some_and(|running| running.program.ended().is_none()) {
            return Ok(());
        }
        let http = SocketAddr::from((Ipv4Addr::LOCALHOST, member.http_port)).to_string();
        let quic = SocketAddr::from((Ipv4Addr::LOCALHOST, *self.hub_port())).to_string();
        let mut command = Command::new(&self.program);
        match member.part {
            Part::Hub => command.args(["hub", "serve", "--listen", &quic]),
            Part::Kiosk => command.args(["kiosk", "run", "--screen", "browser", "--redial-max-s", REDIAL_MAX_S]),
            Part::Field => command.args(["field", "serve", "--redial-max-s", REDIAL_MAX_S]),
        };
        command.args([OsString::from("--http"), http.into(), "--data".into(), member.dir.clone().into()]);
        command.args(more);
        let mut program = Program::start(command, &member.log)?;
        let link = program.wait_for_line(member.part.line()).with_context(|| format!("Starting {key}"))?;
        if member.part == Part::Hub {
            let address = program.wait_for_line("listening on QUIC")?;
            let address: SocketAddr = address.parse().with_context(|| format!("Reading {address:?}"))?;
            *self.hub_port() = address.port();
        }
        *running = Some(Running { program, link });
        Ok(())
    }

    /// Asks `key` to stop, and waits for it.
    pub fn stop(&self, key: &str) -> anyhow::Result<()> {
        if let Some(mut running) = self.member(key)?.running().take() {
            running.program.stop();
        }
        Ok(())
    }

    /// Ends `key` as a pulled plug does.
    pub fn kill(&self, key: &str) -> anyhow::Result<()> {
        if let Some(mut running) = self.member(key)?.running().take() {
            running.program.kill();
        }
        Ok(())
    }

    /// Asks everything to stop at once, and waits.
    pub fn stop_all(&self) {
        let members = || self.devices.values().map(|device| &device.member).chain([&self.hub]);
        for member in members() {
            if let Some(running) = member.running().as_ref() {
                running.program.ask_to_stop();
            }
        }
        for member in members() {
            if let Some(mut running) = member.running().take() {
                running.program.stop();
            }
        }
    }

    /// Why `key` ended although nobody asked it to; `None` if it did not.
    pub fn mishap(&self, key: &str) -> Option<String> {
        let mut running = self.member(key).ok()?.running();
        let status = running.as_mut()?.program.ended()?;
        let gone = running.take()?;
        Some(format!("{status}: {}", gone.program.last_words()))
    }

    /// The address of its screen as it printed it, for people; `None` while it does not run.
    pub fn link(&self, key: &str) -> Option<String> {
        Some(self.member(key).ok()?.running().as_ref()?.link.clone())
    }

    /// Its number among the processes of the machine, while it runs.
    pub fn process(&self, key: &str) -> Option<u32> {
        Some(self.member(key).ok()?.running().as_ref()?.program.id())
    }

    /// The address of its screen without a path, such as `http://127.0.0.1:7140`.
    pub fn address(&self, key: &str) -> Option<String> {
        let link = self.link(key)?;
        let host = link.strip_prefix("http://")?.split('/').next()?;
        Some(format!("http://{host}"))
    }

    /// What it says of itself; `None` if it does not answer.
    pub fn status(&self, key: &str) -> Option<Value> {
        self.ask(key, "status.json")
    }

    /// What the lamp on a kiosk's box shows; `None` if it has none or does not answer.
    pub fn lamp(&self, key: &str) -> Option<String> {
        match self.member(key).ok()?.part {
            Part::Kiosk => Some(self.ask(key, "lamp")?["lamp"].as_str()?.to_owned()),
            Part::Hub | Part::Field => None,
        }
    }

    /// Presses the button on a kiosk's box.
    pub fn press(&self, key: &str) -> anyhow::Result<()> {
        let address = self.address(key).with_context(|| format!("{key} does not run"))?;
        agent()
            .post(format!("{address}/button"))
            .send_empty()
            .with_context(|| format!("Pressing the button of {key}"))?;
        Ok(())
    }

    fn ask(&self, key: &str, path: &str) -> Option<Value> {
        agent().get(format!("{}/{path}", self.address(key)?)).call().ok()?.body_mut().read_json().ok()
    }

    /// Cuts the road of a device, or mends it.
    pub fn cut(&self, key: &str, is_cut: bool) -> anyhow::Result<()> {
        self.device(key)?.relay.cut(is_cut);
        Ok(())
    }

    /// The road of a device.
    pub fn road(&self, key: &str) -> anyhow::Result<&Relay> {
        Ok(&self.device(key)?.relay)
    }

    fn device(&self, key: &str) -> anyhow::Result<&Device> {
        self.devices.get(key).with_context(|| format!("There is no device {key:?}"))
    }

    fn member(&self, key: &str) -> anyhow::Result<&Member> {
        if key == "hub" { Ok(&self.hub) } else { Ok(&self.device(key)?.member) }
    }

    /// Where the hub itself is called, past every relay; only once it has been started.
    pub fn hub_at(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, *self.hub_port()).into()
    }

    fn hub_port(&self) -> MutexGuard<'_, u16> {
        self.hub_port.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Member {
    fn new(part: Part, dir: &Path, key: &str, http_port: u16) -> Self {
        let log = dir.join("logs").join(format!("{key}.log"));
        Self { part, dir: dir.join(key), log, http_port, running: Mutex::new(None) }
    }

    fn running(&self) -> MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().timeout_global(Some(ANSWER)).build().new_agent()
}

/// Asks `condition` again and again until it gives something; fails once a minute has passed.
pub fn wait_for<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> anyhow::Result<T> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = condition() {
            return Ok(found);
        }
        if Instant::now() > deadline {
            bail!("waited {} seconds in vain for {what}", PATIENCE.as_secs());
        }
        std::thread::sleep(Duration::from_millis(25));
    }
}
