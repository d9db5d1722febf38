//! A whole county on one desk: hub, kiosks and field apps as processes of their own, with a road to each that a switch cuts.
//!
//! What is built is remembered in `desk.json`, so that a build that was stopped goes on, and a second start finds
//! everything as it was left.

mod page;
mod plan;
mod publish;

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    fs,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use civic_core::codebook::{Codebook, Place};
use clap::Parser;
use replica::dir::DataDir;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    operators::Account,
    sample::{self, Ear},
    world::{Ports, World},
};
use plan::{OPERATORS, SEATS, Seat};

const NOTES_FILE: &str = "desk.json";
/// Who may sign in at the hub, with all they know: the people are as made up as the county.
const OPERATORS_FILE: &str = "operators.json";
/// Not taken by any common service, and below the ports that systems hand out by themselves.
const PORTS: u16 = 7100;
/// How often each program is asked how it is.
const LOOK: Duration = Duration::from_millis(500);
/// A program that ends by itself is started again so many times.
const RESTARTS_MAX: u32 = 3;

/// A whole fictional county on one desk: a hub, three kiosks, three deputies' field apps, and a road to each.
#[derive(Parser)]
#[command(name = "county", after_help = "county hub|kiosk|field ARGS… runs one of the programs by itself.")]
struct Arguments {
    /// Where the county is kept.
    #[arg(long, value_name = "DIR", default_value = "county-data")]
    data: PathBuf,
    /// Begin anew: deletes DIR, if it holds a county of this program.
    #[arg(long)]
    fresh: bool,
    /// Where the desk page is.
    #[arg(long, default_value = "127.0.0.1:7000")]
    http: SocketAddr,
    /// First of about fifty ports for the programs and their roads; remembered in DIR.
    #[arg(long, value_name = "BASE")]
    ports: Option<u16>,
    /// How many opinions each device has heard before it first meets the hub; without it about 1,500 in all.
    #[arg(long, value_name = "N")]
    opinions: Option<usize>,
}

/// What is remembered between starts.
#[derive(Serialize, Deserialize)]
struct Notes {
    ports: u16,
    /// Devices whose file has been entered whole.
    entered: BTreeSet<String>,
}

/// What is known of one program at this moment.
#[derive(Clone, Default)]
struct Seen {
    status: Option<Value>,
    link: Option<String>,
    lamp: Option<String>,
    mishap: Option<String>,
}

/// The running county, for the page.
struct Desk {
    world: World,
    operators: Vec<Account>,
    seen: Mutex<BTreeMap<String, Seen>>,
    is_stopping: AtomicBool,
}

/// The program; argument 0 is its name.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    match Arguments::try_parse_from(args) {
        Ok(arguments) => match run(&arguments) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("error: {error:#}");
                ExitCode::from(1)
            }
        },
        Err(usage) => {
            let _ = usage.print();
            ExitCode::from(u8::try_from(usage.exit_code()).unwrap_or(2))
        }
    }
}

fn run(arguments: &Arguments) -> anyhow::Result<()> {
    ensure!(
        arguments.http.ip().is_loopback(),
        "whoever reaches the desk page can cut roads, so --http must be a loopback address"
    );
    let listener = TcpListener::bind(arguments.http)
        .with_context(|| format!("{} is taken by another program; choose another with --http", arguments.http))?;
    let (held, mut notes) = take(arguments)?;
    let program = std::env::current_exe().context("Finding this program")?;
    let mut world = World::new(&program, held.path(), Ports::From(notes.ports))?;
    build(&mut world, &held, &mut notes, arguments.opinions)?;
    let operators = operators(&world, &held)?;

    let desk = Arc::new(Desk { world, operators, seen: Mutex::default(), is_stopping: AtomicBool::new(false) });
    for key in std::iter::once("hub").chain(SEATS.iter().map(|seat| seat.key)) {
        let desk = desk.clone();
        std::thread::spawn(move || desk.look_after(key));
    }
    let (of_matters, dir) = (desk.clone(), held.path().to_owned());
    std::thread::spawn(move || publish::publish_matters(&of_matters.world, &dir, &of_matters.is_stopping));
    say_where(&desk, listener.local_addr().context("Asking for the page address")?);
    desk.world.runtime().block_on(page::serve(desk.clone(), listener))?;
    println!("stopping…");
    desk.is_stopping.store(true, Ordering::SeqCst);
    desk.world.stop_all();
    Ok(())
}

/// Holds the directory of the county and reads what is remembered; makes both if there is none.
fn take(arguments: &Arguments) -> anyhow::Result<(DataDir, Notes)> {
    let dir = &arguments.data;
    let is_ours = dir.join(NOTES_FILE).exists();
    let is_empty = fs::read_dir(dir).map_or(true, |mut entries| entries.next().is_none());
    ensure!(
        is_ours || is_empty,
        "{} holds something else than a county of this program; choose another directory with --data",
        dir.display()
    );
    if arguments.fresh && is_ours {
        let held = DataDir::hold(dir)?;
        fs::remove_dir_all(dir).with_context(|| format!("Deleting {}", dir.display()))?;
        drop(held);
    }
    let held = DataDir::hold(dir)?;
    let notes = match held.read(NOTES_FILE)? {
        Some(text) => serde_json::from_slice(&text).with_context(|| format!("Reading {NOTES_FILE}"))?,
        None => Notes { ports: arguments.ports.unwrap_or(PORTS), entered: BTreeSet::new() },
    };
    if arguments.ports.is_some_and(|ports| ports != notes.ports) {
        bail!(
            "this county uses the ports from {}, and its devices know them; --fresh --ports begins anew with others",
            notes.ports
        );
    }
    remember(&held, &notes)?;
    Ok((held, notes))
}

fn remember(held: &DataDir, notes: &Notes) -> anyhow::Result<()> {
    held.replace(NOTES_FILE, &serde_json::to_vec_pretty(notes)?).context("Remembering what is built")
}

/// Builds what is not built yet, and starts everything.
fn build(world: &mut World, held: &DataDir, notes: &mut Notes, opinions: Option<usize>) -> anyhow::Result<()> {
    let codebook = Codebook::parse(sample::COUNTY)?;
    let mut step = Progress { done: 0, all: 3 + SEATS.len() * 3 };
    let was_made = world.is_made("hub");
    world.make_county(sample::COUNTY)?;
    step.say(&format!("{}: {}", codebook.county.name, if was_made { "as it was left" } else { "made" }));
    world.start("hub").map_err(taken(notes.ports))?;
    step.say("hub: running");
    step.say(&format!("hub: {} records published", publish::publish(world, held.path())?));
    for seat in SEATS {
        world.add(seat.key, seat.part)?;
        let is_new = world.enrol(seat.key, seat.name, seat.areas)?;
        step.say(&format!("{}: {}", seat.label(), if is_new { "enrolled" } else { "enrolled already" }));
    }
    for (place, seat) in SEATS.iter().enumerate() {
        if notes.entered.contains(seat.key) {
            step.say(&format!("{}: opinions entered already", seat.label()));
            continue;
        }
        let count = opinions.unwrap_or(seat.opinions);
        let file = enter(world, held.path(), &codebook, seat, (place as u64, count))?;
        notes.entered.insert(seat.key.to_owned());
        remember(held, notes)?;
        let _ = fs::remove_file(file);
        step.say(&format!("{}: {count} opinions entered", seat.label()));
    }
    for seat in SEATS {
        world.start(seat.key).map_err(taken(notes.ports))?;
        step.say(&format!("{}: running", seat.label()));
    }
    Ok(())
}

/// The operators of the county, added to the hub at the first start.
fn operators(world: &World, held: &DataDir) -> anyhow::Result<Vec<Account>> {
    let mut operators: Vec<Account> = match held.read(OPERATORS_FILE)? {
        Some(text) => serde_json::from_slice(&text).with_context(|| format!("Reading {OPERATORS_FILE}"))?,
        None => Vec::new(),
    };
    for (login, name, arguments) in OPERATORS.iter().skip(operators.len()) {
        operators.push(Account::add(world, login, name, arguments)?);
        held.replace(OPERATORS_FILE, &serde_json::to_vec_pretty(&operators)?)?;
    }
    Ok(operators)
}

/// Enters the opinions of one device from a file, before it first meets the hub.
fn enter(
    world: &World,
    dir: &Path,
    codebook: &Codebook,
    seat: &Seat,
    (seed, count): (u64, usize),
) -> anyhow::Result<PathBuf> {
    let villages: Vec<&Place> = codebook
        .places
        .iter()
        .filter(|place| place.area.code().len() == 12)
        .filter(|place| seat.areas.iter().any(|area| place.area.code().starts_with(area)))
        .collect();
    let ear = Ear { villages, channels: seat.channels, deputy: seat.deputy };
    let mut text = sample::lines(codebook, &ear, seed, count).join("\n");
    text.push('\n');
    publish::note_matters(dir, seat, &text)?;
    let file = dir.join(format!("{}.jsonl", seat.key));
    fs::write(&file, text).with_context(|| format!("Writing {}", file.display()))?;
    world.tell(seat.key, &["import", &file.to_string_lossy()])?.good().with_context(|| seat.label())?;
    Ok(file)
}

fn taken(ports: u16) -> impl Fn(anyhow::Error) -> anyhow::Error {
    move |error| {
        if format!("{error:#}").contains("taken by another program") {
            error.context(format!("a port of this county is taken (it uses those from {ports}; see --ports)"))
        } else {
            error
        }
    }
}

fn say_where(desk: &Desk, page: SocketAddr) {
    let world = &desk.world;
    println!();
    println!("desk    http://{page}/");
    for (key, what) in
        std::iter::once(("hub", "hub".to_owned())).chain(SEATS.iter().map(|seat| (seat.key, seat.label())))
    {
        println!("{}  {what}", world.link(key).unwrap_or_else(|| "not running".to_owned()));
    }
    for Account { login, name, role, password, .. } in &desk.operators {
        println!("sign in at the hub as {role:<13}  {login:<9} {password}  {name}");
    }
    println!("the six digits of the moment are on the desk page, and the secrets in {OPERATORS_FILE}");
    println!("tokens to vote with at a kiosk lie in tokens.txt in the data directory");
    println!("Ctrl-C stops everything; what was said stays in the data directory.");
}

struct Progress {
    done: usize,
    all: usize,
}

impl Progress {
    fn say(&mut self, what: &str) {
        self.done += 1;
        println!("[{}/{}] {what}", self.done, self.all);
    }
}

impl Desk {
    fn seen(&self) -> MutexGuard<'_, BTreeMap<String, Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks one program how it is, again and again, and starts it again if it ended by itself.
    fn look_after(&self, key: &str) {
        let mut restarts = 0;
        while !self.is_stopping.load(Ordering::SeqCst) {
            if let Some(why) = self.world.mishap(key) {
                eprintln!("{key} ended by itself: {why}");
                self.seen().entry(key.to_owned()).or_default().mishap = Some(why);
                if restarts < RESTARTS_MAX {
                    restarts += 1;
                    match self.world.start(key) {
                        Ok(()) => eprintln!("{key} was started again ({restarts} of at most {RESTARTS_MAX} times)"),
                        Err(error) => eprintln!("{key} could not be started again: {error:#}"),
                    }
                } else {
                    eprintln!("{key} is not started again: it ended by itself too often");
                }
            }
            let (status, link, lamp) = (self.world.status(key), self.world.link(key), self.world.lamp(key));
            {
                let mut seen = self.seen();
                let seen = seen.entry(key.to_owned()).or_default();
                (seen.status, seen.link, seen.lamp) = (status, link, lamp);
            }
            std::thread::sleep(LOOK);
        }
    }
}
