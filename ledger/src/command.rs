//! The command line that every device shares: `enrol`, `import`, `sync`, `status`, `export`, `bundle`, `carry`, `road`,
//! `verify`, `rebuild`.
//!
//! Output for machines is `--json` on standard output; progress and logs go to standard error. Exit status: 0 done,
//! 1 failed, 2 wrong usage.

use std::{
    ffi::OsString,
    fs::File,
    io::{BufRead as _, BufReader, BufWriter, IsTerminal as _, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, bail};
use civic_core::{
    access::{Role, Scope},
    area::Area,
    bulk::{LINE_LEN_MAX, Record},
};
use clap::{Args, Parser, Subcommand};
use replica::{
    carry::{
        handover::Handed,
        near::{self, Near},
    },
    clock,
    device::{Device, RoadState},
    dir::DataDir,
    enrol::{Invitation, enrol},
    identity::Identity,
    roadbook::Roadbook,
    store::StoreError,
    tariff::{self, Tariff},
};
use tracing_subscriber::fmt::writer::MakeWriterExt as _;

use crate::{
    Ledger, LedgerError,
    bundle::{self, BundleCommand},
    by_letter,
    log_tail::Tail,
};

/// Records that are entered in one transaction.
const IMPORT_BATCH: usize = 100;

/// The commands of every device.
#[derive(Subcommand)]
pub enum DeviceCommand {
    /// Enrol this device with its hub, by a code that the hub gave; where no hub answers, by letter.
    Enrol {
        /// Where everything of this device is.
        #[command(flatten)]
        data: Data,
        /// Whom it asks.
        #[command(flatten)]
        by: EnrolBy,
        /// The code, eight letters and digits.
        #[arg(long)]
        code: String,
        /// Enrol a device anew that is one of the county already: a new key, and everything that waits comes along.
        #[arg(long)]
        again: bool,
    },
    /// Enter records of a file, one JSON object a line.
    Import {
        /// Where everything of this device is.
        #[command(flatten)]
        data: Data,
        /// The file.
        file: PathBuf,
    },
    /// Meet the hub once.
    Sync {
        /// Where everything of this device is.
        #[command(flatten)]
        data: Data,
        /// One meeting, then end.
        #[arg(long, required = true)]
        once: bool,
        /// Figures as one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// How many records are here, on the road, received.
    Status {
        /// Where everything of this device is.
        #[command(flatten)]
        data: Data,
        /// As one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// The merged documents that this device holds, JSON lines sorted by id.
    Export {
        /// Where everything of this device is.
        #[command(flatten)]
        data: Data,
        /// Which kind of document.
        #[arg(long, default_value = "opinion", value_parser = ["opinion"])]
        kind: String,
    },
    /// What a phone or a stick carries where there is no road.
    Bundle {
        /// What is done with it.
        #[command(subcommand)]
        command: BundleCommand,
    },
    /// Hand over to a neighbour what each carries for the other, without a hub.
    Carry {
        /// Where everything of this device is.
        #[command(flatten)]
        data: Data,
        /// The neighbour, HOST:PORT.
        #[arg(long = "with", value_name = "HOST:PORT", required_unless_present = "found")]
        with: Option<String>,
        /// Look for so many seconds who is in this network, and hand over with each.
        #[arg(long, value_name = "SECONDS", conflicts_with = "with", num_args = 0..=1, default_missing_value = "10")]
        found: Option<u64>,
    },
    /// What this device's own road costs: shown, or said from now on. The device may be running.
    Road {
        /// Where everything of this device is.
        #[command(flatten)]
        data: Data,
        /// Whether it is paid for by the byte, as with a telephone card: then voices and photos go within a budget of the day,
        /// and what a carrier has taken along is left to the carrier. Records always go at once.
        #[arg(long, value_name = "true|false", action = clap::ArgAction::Set)]
        metered: Option<bool>,
    },
    /// Verify every chain and signature of the log.
    Verify {
        /// Where everything of this device is.
        #[command(flatten)]
        data: Data,
    },
    /// Make the tables anew from the log.
    Rebuild {
        /// Where everything of this device is.
        #[command(flatten)]
        data: Data,
    },
}

/// By which road a device is enrolled.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub struct EnrolBy {
    /// The hub, HOST:PORT.
    #[arg(long, value_name = "HOST:PORT")]
    hub: Option<String>,
    /// A stick that the hub wrote: the letter is put on it, and later the answer taken from it.
    #[arg(long, value_name = "DIR")]
    stick: Option<PathBuf>,
    /// A deputy's phone in the same room, which takes the letter along and brings the answer.
    #[arg(long, value_name = "HOST:PORT")]
    carrier: Option<String>,
}

/// Where everything of this installation is.
#[derive(Args, Clone)]
pub struct Data {
    /// The data directory.
    #[arg(long = "data", value_name = "DIR")]
    pub dir: PathBuf,
}

/// Sets up logging: sentences to standard error, `RUST_LOG` to choose.
fn start_logging() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    // A second call, as in tests that start several programs in one process, changes nothing.
    let writer = std::io::stderr.and(|| Tail);
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer).try_init();
}

/// A program: reads its arguments, of which the first is its name, sets up logging, runs, and gives the exit status.
pub fn main<C: Parser>(
    args: impl IntoIterator<Item = OsString>,
    run: impl FnOnce(C) -> anyhow::Result<ExitCode>,
) -> ExitCode {
    start_logging();
    match C::try_parse_from(args) {
        Ok(command) => exit(run(command)),
        Err(usage) => {
            // Nobody is left to tell if the words cannot be printed.
            let _ = usage.print();
            ExitCode::from(u8::try_from(usage.exit_code()).unwrap_or(2))
        }
    }
}

/// Prints a failure with its causes, once, and gives the exit status.
fn exit(result: anyhow::Result<ExitCode>) -> ExitCode {
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(1)
        }
    }
}

/// Carries out a command as a device of `role`.
pub fn run(role: Role, command: DeviceCommand) -> anyhow::Result<ExitCode> {
    match command {
        DeviceCommand::Enrol { data, by, code, again } => match by {
            EnrolBy { stick: Some(stick), .. } => by_letter::by_stick(role, &data.dir, &stick, &code, again),
            EnrolBy { carrier: Some(at), .. } => by_letter::by_carrier(role, &data.dir, &at, &code, again),
            EnrolBy { hub, .. } => {
                let hub = hub.context("say --hub, --stick or --carrier")?;
                enrol_device(role, &data.dir, &Invitation::typed(&hub, &code), again)
            }
        },
        DeviceCommand::Import { data, file } => import(role, &data.dir, &file),
        DeviceCommand::Sync { data, once: _, json } => sync_once(role, &data.dir, json),
        DeviceCommand::Status { data, json } => status(role, &data.dir, json),
        DeviceCommand::Export { data, kind: _ } => export(role, &data.dir),
        DeviceCommand::Bundle { command } => bundle::run(role, command),
        DeviceCommand::Carry { data, with, found } => {
            carry(role, &data.dir, with.as_deref(), found.unwrap_or_default())
        }
        DeviceCommand::Road { data, metered } => road(role, &data.dir, metered),
        DeviceCommand::Verify { data } => verify(role, &data.dir),
        DeviceCommand::Rebuild { data } => rebuild(role, &data.dir),
    }
}

/// Holds the directory and opens what is in it.
pub fn open(role: Role, dir: &Path) -> anyhow::Result<(DataDir, Arc<Identity>, Ledger)> {
    let dir = DataDir::hold(dir)?;
    let identity = Identity::load(&dir, role)?;
    let ledger = Ledger::open(&dir, &identity)?;
    Ok((dir, Arc::new(identity), ledger))
}

/// Exports what the ledger in `dir` holds to standard output. The directory may be in use.
pub fn export(role: Role, dir: &Path) -> anyhow::Result<ExitCode> {
    let dir = DataDir::look(dir);
    let identity = Identity::load(&dir, role)?;
    let ledger = Ledger::look(&dir, &identity)?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    ledger.export(|line| writeln!(out, "{line}"))?.context("Writing the export")?;
    out.flush().context("Writing the export")?;
    Ok(ExitCode::SUCCESS)
}

/// Verifies the log in `dir`. The directory may be in use.
pub fn verify(role: Role, dir: &Path) -> anyhow::Result<ExitCode> {
    let dir = DataDir::look(dir);
    let identity = Identity::load(&dir, role)?;
    let ledger = Ledger::look(&dir, &identity)?;
    match ledger.log().verify()? {
        Ok(entries) => {
            println!("{entries} entries, every chain and signature sound");
            Ok(ExitCode::SUCCESS)
        }
        Err(fault) => bail!("{fault}"),
    }
}

/// Makes the tables of `dir` anew.
pub fn rebuild(role: Role, dir: &Path) -> anyhow::Result<ExitCode> {
    let dir = DataDir::hold(dir)?;
    let identity = Identity::load(&dir, role)?;
    let ledger = Ledger::rebuild(&dir, &identity)?;
    println!("rebuilt: {} opinions", ledger.count(civic_core::document::Kind::Opinion)?);
    Ok(ExitCode::SUCCESS)
}

fn enrol_device(role: Role, dir: &Path, invitation: &Invitation, is_again: bool) -> anyhow::Result<ExitCode> {
    let dir = DataDir::hold(dir)?;
    let card = runtime()?.block_on(enrol(&dir, invitation, role, is_again, |digits| {
        eprintln!("waiting for the hub: compare these digits there and approve: {digits}");
    }))?;
    Ok(by_letter::enrolled(role, &card))
}

fn import(role: Role, dir: &Path, file: &Path) -> anyhow::Result<ExitCode> {
    let (_dir, _, ledger) = open(role, dir)?;
    let home = home_village(&ledger, &ledger.card().scope)?;
    let mut lines = BufReader::new(File::open(file).with_context(|| format!("Opening {}", file.display()))?);
    let mut progress = Progress::new("imported");
    let (mut entered, mut known, mut refused) = (0u64, 0u64, 0u64);
    let mut batch: Vec<(u64, Record)> = Vec::new();
    let mut number = 0;
    loop {
        let line = read_line(&mut lines).with_context(|| format!("Reading {}", file.display()))?;
        let is_end = line.is_none();
        if let Some(line) = line {
            number += 1;
            let text = String::from_utf8(line).map_err(|_| "it is not UTF-8".to_owned());
            match text.and_then(|text| if text.trim().is_empty() { Ok(None) } else { Record::parse(&text).map(Some) }) {
                Ok(Some(record)) => batch.push((number, record)),
                Ok(None) => {}
                Err(reason) => {
                    refused += 1;
                    progress.clear();
                    eprintln!("line {number}: {reason}");
                }
            }
        }
        if batch.len() == IMPORT_BATCH || is_end {
            let (numbers, records): (Vec<u64>, Vec<Record>) = std::mem::take(&mut batch).into_iter().unzip();
            for (line, result) in numbers.into_iter().zip(ledger.import(&home, &records)?) {
                match result {
                    Ok(true) => entered += 1,
                    Ok(false) => known += 1,
                    Err(error @ (LedgerError::Record(_) | LedgerError::NoTickets)) => {
                        refused += 1;
                        progress.clear();
                        eprintln!("line {line}: {error}");
                    }
                    Err(error) => return Err(error.into()),
                }
            }
            progress.show(entered + known);
        }
        if is_end {
            break;
        }
    }
    progress.clear();
    println!("{entered} records entered, {known} were here already, {refused} refused");
    Ok(if refused == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// One line without its end, up to a little over the limit; the rest of a longer one is passed over.
fn read_line(lines: &mut impl std::io::BufRead) -> std::io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let mut bounded = std::io::Read::take(&mut *lines, LINE_LEN_MAX as u64 + 2);
    if bounded.read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.last() != Some(&b'\n') && line.len() > LINE_LEN_MAX {
        lines.skip_until(b'\n')?;
    }
    while matches!(line.last(), Some(b'\n' | b'\r')) {
        line.pop();
    }
    Ok(Some(line))
}

/// Where records go that name no village of this device: the first one of its areas.
fn home_village(ledger: &Ledger, scope: &Scope) -> anyhow::Result<Area> {
    ledger
        .codebook()
        .villages_in(&scope.areas)
        .next()
        .map(|place| place.area.clone())
        .or_else(|| scope.areas.first().cloned())
        .context("this device has no area to record for")
}

fn road(role: Role, dir: &Path, metered: Option<bool>) -> anyhow::Result<ExitCode> {
    let dir = DataDir::look(dir);
    Identity::load(&dir, role)?;
    if let Some(is_metered) = metered {
        tariff::write(&dir, if is_metered { Tariff::Metered } else { Tariff::Free })?;
    }
    match tariff::read(&dir) {
        Tariff::Metered => println!("metered: voices and photos go within a budget of the day, records at once"),
        Tariff::Free => println!("free: everything goes at once"),
    }
    Ok(ExitCode::SUCCESS)
}

fn sync_once(role: Role, dir: &Path, json: bool) -> anyhow::Result<ExitCode> {
    let (dir, identity, ledger) = open(role, dir)?;
    let mut device = Device::new(identity.clone(), ledger.log().clone()).with_roadbook(Roadbook::open(&dir));
    if role == Role::Deputy {
        device = device.with_near(Near::open(&dir, identity, ledger.log().clone(), true)?);
    }
    let mut progress = Progress::new("waiting for receipts");
    let report = runtime()?.block_on(async {
        let meeting = device.meet_once();
        tokio::pin!(meeting);
        loop {
            tokio::select! {
                report = &mut meeting => break report,
                () = tokio::time::sleep(Duration::from_millis(200)) => {
                    if let Ok(counts) = ledger.log().counts() {
                        progress.show(counts.here);
                    }
                }
            }
        }
    });
    progress.clear();
    let report = report?;
    ledger.catch_up()?;
    if json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        println!(
            "{} entries sent, {} received, {} in {} ms",
            report.entries_up,
            report.entries_down,
            if report.in_step { "in step with the hub" } else { "not in step with the hub" },
            report.wall_ms
        );
        if report.attachments_waiting > 0 {
            println!("{} attachments wait for the next meeting", report.attachments_waiting);
        }
    }
    if !report.attachment_trouble.is_empty() {
        eprintln!("attachments: {}", report.attachment_trouble);
    }
    Ok(ExitCode::SUCCESS)
}

fn status(role: Role, dir: &Path, json: bool) -> anyhow::Result<ExitCode> {
    let dir = DataDir::look(dir);
    let identity = Identity::load(&dir, role)?;
    let ledger = Ledger::look(&dir, &identity)?;
    // No road is open here; a running program tells of its own.
    let carried = Roadbook::open(&dir).carried();
    let (bag, tariff) = (near::look(&dir, &identity, ledger.log())?, tariff::read(&dir));
    let status = ledger.status(&RoadState { carried, bag, tariff, ..RoadState::default() })?;
    if json {
        println!("{}", serde_json::to_string(&status)?);
        return Ok(ExitCode::SUCCESS);
    }
    let counts = status.counts;
    let last = counts.last_receipt.map_or_else(|| "never".to_owned(), |at| at.date_and_minute());
    println!("{} ({}), hub {}", status.name, status.role, status.hub);
    if status.is_elsewhere {
        println!("{}", StoreError::Elsewhere);
    }
    println!("here {}, on the road {}, received {}; last receipt {last}", counts.here, counts.on_road, counts.received);
    match status.attachments.left_today {
        Some(left) => println!("its own road is metered: {left} bytes of voices and photos may still go today"),
        None => println!("its own road is free"),
    }
    for (road, carried) in status.road.carried {
        let last = carried.last.date_and_minute();
        println!(
            "{road} carried {} entries up and {} down, {} and {} bytes; last {last}",
            carried.entries_up, carried.entries_down, carried.bytes_up, carried.bytes_down
        );
    }
    for handed in status.road.bag.to {
        let (who, at) = (handed.who, handed.at.date_and_minute());
        println!("handed over to {who} {at}: {} parcels, {} of them heard by the county", handed.parcels, handed.heard);
        if handed.is_stale {
            println!("  {who} had not heard of the county for long, and may not know who was struck off");
        }
    }
    for line in status.road.bag.carries {
        let way = if line.is_home { "home to" } else { "to the county from" };
        let since = line.since.date_and_minute();
        println!("carries {} parcels {way} {}, {} bytes, since {since}", line.parcels, line.who, line.bytes);
    }
    for waiting in status.waiting {
        println!("{} waiting: {}", waiting.records, waiting.why);
    }
    println!("opinions held: {}", status.opinions);
    let waiting = status.attachments;
    if waiting.waiting > 0 {
        println!("attachments waiting: {}, {} of {} bytes at the hub", waiting.waiting, waiting.arrived, waiting.bytes);
    }
    if !waiting.why.is_empty() {
        println!("attachments wait: {}", waiting.why);
    }
    for line in waiting.first.iter().filter(|line| !line.reason.is_empty()) {
        println!("{} {} waits: {}", line.kind, line.id, line.reason);
    }
    for apart in status.apart {
        println!("kept apart since {}: {}", apart.at.date_and_minute(), apart.reason);
    }
    for refused in status.refused {
        println!("not merged since {}: {} into record {}", refused.at.date_and_minute(), refused.reason, refused.doc);
    }
    Ok(ExitCode::SUCCESS)
}

fn carry(role: Role, dir: &Path, with: Option<&str>, seconds: u64) -> anyhow::Result<ExitCode> {
    let (dir, identity, ledger) = open(role, dir)?;
    let near = Near::open(&dir, identity, ledger.log().clone(), role == Role::Deputy)?;
    let visits = runtime()?.block_on(async {
        match with {
            Some(at) => Ok(vec![(at.to_owned(), near.call(at).await)]),
            None => near.call_found(Duration::from_secs(seconds)).await,
        }
    })?;
    ledger.catch_up()?;
    if visits.is_empty() {
        bail!("no neighbour was found; say its address --with HOST:PORT");
    }
    let mut is_well = true;
    for (at, visited) in visits {
        match visited {
            Ok(handed) => {
                let Handed { peer, given, taken, words, public, borrowed, refused, .. } = handed;
                println!("{}: {given} parcels given, {} taken, {words} words of earlier ones", peer.name, taken.len());
                if public > 0 {
                    println!("{public} entries that the county made public came along");
                }
                if borrowed > 0 {
                    println!("{borrowed} bytes of pictures and voices beside them came along");
                }
                if near::is_stale(peer.heard, clock::now()) {
                    println!(
                        "it last heard of the county {}, and knows of nobody struck off since",
                        peer.heard.date_and_minute()
                    );
                }
                refused.iter().for_each(|reason| eprintln!("not handed over: {reason}"));
            }
            Err(error) if with.is_some() => return Err(error.into()),
            Err(error) => {
                is_well = false;
                eprintln!("{at}: {error}");
            }
        }
    }
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Threads enough for one meeting.
pub(crate) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().context("Starting the runtime")
}

/// A line that grows, for a person at a terminal; nothing otherwise.
pub struct Progress {
    what: &'static str,
    is_shown: bool,
}

impl Progress {
    /// Progress of `what`.
    pub fn new(what: &'static str) -> Self {
        Self { what, is_shown: std::io::stderr().is_terminal() }
    }

    /// Shows a number.
    pub fn show(&mut self, number: u64) {
        if self.is_shown {
            eprint!("\r{number} {}…", self.what);
        }
    }

    /// Wipes the line, so that something else can be said.
    pub fn clear(&mut self) {
        if self.is_shown {
            eprint!("\r\x1b[K");
        }
    }
}
