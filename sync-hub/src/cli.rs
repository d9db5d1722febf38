//! The hub's command line.

use std::{ffi::OsString, net::SocketAddr, path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use civic_core::{access::Role, area::Area, id::DeviceId, vote::TOKENS_BATCH_MAX};
use clap::{Parser, Subcommand};
use ledger::{
    bundle::BundleCommand,
    command::{self, Data},
};
use replica::{dir::DataDir, identity::Identity};
use serde_json::json;

use crate::{
    audit::{Audit, Sound},
    backup::{
        self,
        command::{BackupArguments, RestoreArguments},
    },
    bundle, county, publishing,
    register::{self, Register},
    serve,
};

/// Longest county file.
const COUNTY_FILE_LEN_MAX: u64 = 256 * 1024;

/// Huiyin 回音: the county hub.
#[derive(Parser)]
#[command(name = "sync-hub")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make the county's authority, keys and codebook.
    Init {
        #[command(flatten)]
        data: Data,
        /// The county file; a commented one stands at tests/sample/county.toml.
        #[arg(long)]
        county: PathBuf,
    },
    /// Devices of the county.
    Device {
        #[command(subcommand)]
        command: DeviceCommand,
    },
    /// Publish what a file holds: notices, stations, deputies, consultations, votes, matters. The hub may be serving.
    Publish {
        #[command(flatten)]
        data: Data,
        /// The file; commented ones stand in tests/sample/publish.
        file: PathBuf,
        /// As one JSON object a record.
        #[arg(long)]
        json: bool,
    },
    /// Make tokens for a vote and print them, once: only their hashes are kept. The hub may be serving.
    Tokens {
        #[command(flatten)]
        data: Data,
        /// The vote's key.
        #[arg(long)]
        vote: String,
        /// How many.
        #[arg(long, value_parser = clap::value_parser!(u16).range(1..=TOKENS_BATCH_MAX as i64))]
        count: u16,
        /// As one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Count a vote or a consultation as it stands. The hub may be serving.
    #[command(group(clap::ArgGroup::new("what").required(true)))]
    Tally {
        #[command(flatten)]
        data: Data,
        /// The vote's key.
        #[arg(long, group = "what")]
        vote: Option<String>,
        /// The consultation's key.
        #[arg(long, group = "what")]
        consultation: Option<String>,
        /// Publish the result of the vote: the kiosks of its villages show it. Only once the vote is over.
        #[arg(long, requires = "vote")]
        publish: bool,
        /// As one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Answer devices and show the operators' pages.
    Serve {
        #[command(flatten)]
        data: Data,
        /// Where devices call, UDP.
        #[arg(long, default_value = "0.0.0.0:4433")]
        listen: SocketAddr,
        /// Where the pages are; this machine alone until operators have accounts.
        #[arg(long, default_value = "127.0.0.1:8080")]
        http: SocketAddr,
    },
    /// The merged documents, JSON lines sorted by id.
    Export {
        #[command(flatten)]
        data: Data,
        /// Which kind of document.
        #[arg(long, default_value = "opinion", value_parser = ["opinion"])]
        kind: String,
        /// How they are written.
        #[arg(long, default_value = "jsonl", value_parser = ["jsonl"])]
        format: String,
    },
    /// What phones and sticks bring and take home. The hub must not be serving.
    Bundle {
        #[command(subcommand)]
        command: BundleCommand,
    },
    /// Make a backup, restore it and verify it. The hub may be serving.
    Backup {
        #[command(flatten)]
        data: Data,
        #[command(flatten)]
        arguments: BackupArguments,
    },
    /// Begin the county anew from a backup, in an empty directory; or rehearse that.
    Restore {
        #[command(flatten)]
        arguments: RestoreArguments,
    },
    /// How things stand with the county's backups. The hub may be serving.
    Status {
        #[command(flatten)]
        data: Data,
        /// As one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Verify every chain and signature of the log, and of the log of who did what.
    Verify {
        #[command(flatten)]
        data: Data,
    },
    /// Make the tables anew from the log.
    Rebuild {
        #[command(flatten)]
        data: Data,
    },
}

#[derive(Subcommand)]
enum DeviceCommand {
    /// Expect a device; prints the code by which it enrols, for one use within 24 hours.
    Add {
        #[command(flatten)]
        data: Data,
        /// What it is.
        #[arg(long, value_parser = role)]
        role: Role,
        /// Where it works; several codes may follow.
        #[arg(long, required = true, num_args = 1.., value_parser = area)]
        area: Vec<Area>,
        /// Its name among people: the station, the deputy.
        #[arg(long)]
        name: String,
        /// Let it in without the comparison step, for scripts and tests.
        #[arg(long)]
        approve: bool,
        /// As one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Every device.
    List {
        #[command(flatten)]
        data: Data,
        /// As one JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Strike a device off.
    Revoke {
        #[command(flatten)]
        data: Data,
        /// The device, 32 hexadecimal digits as `device list` shows them.
        device: String,
    },
}

/// The program; argument 0 is its name.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    command::main(args, |arguments: Arguments| run(arguments.command))
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Init { data, county } => init(&data, &county),
        Command::Device { command } => device(command),
        Command::Publish { data, file, json } => publishing::publish(&data.dir, &file, json),
        Command::Tokens { data, vote, count, json } => publishing::tokens(&data.dir, &vote, count, json),
        Command::Tally { data, vote, consultation, publish, json } => {
            publishing::tally(&data.dir, vote.as_deref(), consultation.as_deref(), publish, json)
        }
        Command::Serve { data, listen, http } => {
            let runtime =
                tokio::runtime::Builder::new_multi_thread().enable_all().build().context("Starting the runtime")?;
            runtime.block_on(serve::serve(&data.dir, listen, http))?;
            // Pages may still be open; they need not be waited for.
            runtime.shutdown_background();
            Ok(ExitCode::SUCCESS)
        }
        Command::Export { data, kind: _, format: _ } => command::export(Role::Hub, &data.dir),
        Command::Bundle { command } => bundle::run(command),
        Command::Backup { data, arguments } => backup::command::backup(&data.dir, &arguments),
        Command::Restore { arguments } => backup::command::restore(&arguments),
        Command::Status { data, json } => backup::command::status(&data.dir, json),
        Command::Verify { data } => verify(&data),
        Command::Rebuild { data } => command::rebuild(Role::Hub, &data.dir),
    }
}

fn init(data: &Data, county: &PathBuf) -> anyhow::Result<ExitCode> {
    let size = std::fs::metadata(county).with_context(|| format!("Reading {}", county.display()))?.len();
    anyhow::ensure!(size <= COUNTY_FILE_LEN_MAX, "{} is larger than {COUNTY_FILE_LEN_MAX} bytes", county.display());
    let text = std::fs::read_to_string(county).with_context(|| format!("Reading {}", county.display()))?;
    let dir = DataDir::hold(&data.dir)?;
    let codebook = county::init(&dir, &text)?;
    println!(
        "{} ({}) is ready: {} places, {} topics, {} states",
        codebook.county.name,
        codebook.county.area,
        codebook.places.len(),
        codebook.topics.len(),
        codebook.states.len()
    );
    Ok(ExitCode::SUCCESS)
}

/// Verifies the county's log, and then the log of who did what.
fn verify(data: &Data) -> anyhow::Result<ExitCode> {
    let dir = DataDir::look(&data.dir);
    let audit = Audit::open(&dir, &Identity::load(&dir, Role::Hub)?.key)?;
    let Sound { events, archived, heads } = audit.verify()?;
    println!("audit: {events} events and {heads} signed heads hold, behind {archived} that were archived");
    command::verify(Role::Hub, &data.dir)
}

fn device(command: DeviceCommand) -> anyhow::Result<ExitCode> {
    match command {
        DeviceCommand::Add { data, role, area, name, approve, json } => {
            let (register, identity) = open(&data)?;
            let county = identity.card.scope.areas.first().context("the hub has no county")?;
            let code = register.add_slot(county, role, &area, &name, approve)?;
            if json {
                println!("{}", json!({ "code": code }));
            } else {
                println!("{} {}", &code[..4], &code[4..]);
            }
        }
        DeviceCommand::List { data, json } => {
            let (register, _) = open(&data)?;
            for line in register.devices()? {
                let areas: Vec<&str> = line.areas.iter().map(Area::code).collect();
                if json {
                    println!(
                        "{}",
                        json!({
                            "device": line.device, "name": line.name, "role": line.role, "areas": areas, "number": line.number,
                            "enrolled_at": line.enrolled_at, "last_heard": line.last_heard, "revoked": line.is_revoked,
                        })
                    );
                } else {
                    let heard = line.last_heard.map_or_else(|| "never".to_owned(), |at| at.date_and_minute());
                    let struck = if line.is_revoked { "  struck off" } else { "" };
                    println!(
                        "{:04}  {}  {:<6}  {}  {}  last heard {heard}{struck}",
                        line.number,
                        line.device,
                        line.role.word(),
                        line.name,
                        areas.join(" ")
                    );
                }
            }
        }
        DeviceCommand::Revoke { data, device } => {
            let (register, _) = open(&data)?;
            let device = DeviceId::parse(&device).context("a device is named by 32 hexadecimal digits")?;
            register.revoke(&device)?;
            println!("{device} is struck off");
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The register of a county that may be serving at this moment.
fn open(data: &Data) -> anyhow::Result<(Register, Identity)> {
    let dir = DataDir::look(&data.dir);
    let identity = Identity::load(&dir, Role::Hub)?;
    Ok((Register::open(&dir.file(register::FILE))?, identity))
}

fn role(word: &str) -> Result<Role, String> {
    Role::parse(word).ok_or_else(|| "one of kiosk, deputy, hub".to_owned())
}

fn area(code: &str) -> Result<Area, String> {
    Area::parse(code).ok_or_else(|| "a code of 2, 4, 6, 9 or 12 digits".to_owned())
}
