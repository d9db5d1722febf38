//! `sync-hub device`: who is expected, who is there and how they are, who is struck off. The hub may be serving.

use std::{fmt::Display, path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use civic_core::{
    access::Role,
    area::Area,
    id::{DeviceId, from_hex, hex},
};
use clap::Subcommand;
use ledger::{Ledger, bundle::Files, command::Data};
use replica::{
    clock,
    dir::DataDir,
    enrol::{
        Desk as _, Invitation,
        by_letter::{self, Addressee},
        pin_of,
    },
    identity::{Card, Identity},
};
use serde_json::json;

use crate::{
    audit::{Action, Audit, By, Event},
    health::Health,
    keys,
    register::{self, CODE_DAYS_MAX, DeviceLine, Register},
};

/// For how long a code is good that travels on a stick.
const STICK_DAYS: u16 = 90;

/// What can be done with devices.
#[derive(Subcommand)]
pub enum DeviceCommand {
    /// Expect a device; prints the code by which it enrols, for one use within 24 hours unless --days says more.
    #[command(group(clap::ArgGroup::new("who").required(true).multiple(true)))]
    Add {
        /// Where everything of this installation is.
        #[command(flatten)]
        data: Data,
        /// What it is.
        #[arg(long, value_parser = role, group = "who", requires_all = ["area", "name"], conflicts_with = "replaces")]
        role: Option<Role>,
        /// Where it works; several codes may follow.
        #[arg(long, num_args = 1.., value_parser = area)]
        area: Vec<Area>,
        /// Its name among people: the station, the deputy.
        #[arg(long)]
        name: Option<String>,
        /// It takes the place of this device, whose name, role and areas it gets, and which is struck off then.
        #[arg(long, value_name = "DEVICE", value_parser = device_id, group = "who")]
        replaces: Option<DeviceId>,
        /// Let it in without the comparison step, for scripts and tests.
        #[arg(long)]
        approve: bool,
        /// Show a QR code to be scanned at the kiosk. HOST:PORT is where devices call; once said it is remembered.
        #[arg(long, value_name = "HOST:PORT", num_args = 0..=1, default_missing_value = "")]
        qr: Option<String>,
        /// Write on this stick how the county is asked, for a machine that no hub answers; only the code opens it, which is
        /// good for 90 days then.
        #[arg(long, value_name = "DIR")]
        stick: Option<PathBuf>,
        /// For how many days the code is good, at most 180: one, or 90 with --stick.
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=i64::from(CODE_DAYS_MAX)))]
        days: Option<u16>,
        /// As one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Every device, and how it is.
    List {
        /// Where everything of this installation is.
        #[command(flatten)]
        data: Data,
        /// Only those that somebody should look at.
        #[arg(long)]
        needs_look: bool,
        /// As one JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Strike a device off.
    Revoke {
        /// Where everything of this installation is.
        #[command(flatten)]
        data: Data,
        /// The device, 32 hexadecimal digits as `device list` shows them.
        #[arg(value_parser = device_id)]
        device: DeviceId,
    },
}

/// Carries out a command.
pub fn run(command: DeviceCommand) -> anyhow::Result<ExitCode> {
    match command {
        DeviceCommand::Add { data, role, area, name, replaces, approve, qr, stick, days, json } => {
            let Office { register, identity, audit } = open(&data)?;
            let expect =
                |object: &dyn Display| audit.note(&Event::new(By::command_line(), Action::ExpectDevice).upon(object));
            let code = match (replaces, role, name) {
                (Some(device), ..) => {
                    expect(&format!("in place of {device}"))?;
                    register.add_successor(&device, approve)?
                }
                (None, Some(role), Some(name)) => {
                    expect(&name)?;
                    let county = identity.card.scope.areas.first().context("the hub has no county")?;
                    register.add_slot(county, role, &area, &name, approve)?
                }
                (None, ..) => anyhow::bail!("say --role, --area and --name, or --replaces"),
            };
            if let Some(days) = days.or(stick.as_ref().map(|_| STICK_DAYS)) {
                register.lengthen(&code, days)?;
            }
            if let Some(stick) = &stick {
                let seal_key = keys::read(&DataDir::look(&data.dir))?.seal_key()?;
                let card = Card { salt: hex(&register.salt()), ..identity.card.clone() };
                let to = Addressee::of(&card, &seal_key.public).context("the hub's card cannot be understood")?;
                let mut files = Files::new(stick, u64::MAX, u64::MAX)?;
                files.put(&by_letter::invitation(&code, &to)?)?;
                files.done().with_context(|| format!("Writing in {}", stick.display()))?;
            }
            let invitation = qr.map(|address| invite(&register, &identity.card, &code, &address)).transpose()?;
            match (json, invitation) {
                (true, None) => println!("{}", json!({ "code": code })),
                (true, Some(invitation)) => println!("{}", json!({ "code": code, "invitation": invitation.text() })),
                (false, invitation) => {
                    println!("{} {}", &code[..4], &code[4..]);
                    if let Some(invitation) = invitation {
                        print!(
                            "{}",
                            web::code::blocks(&invitation.text())
                                .context("The invitation is too long for a QR code")?
                        );
                    }
                }
            }
        }
        DeviceCommand::List { data, needs_look, json } => {
            let Office { register, identity, .. } = open(&data)?;
            let forks = Ledger::look(&DataDir::look(&data.dir), &identity)?.forks()?;
            for line in register.devices()? {
                let forks = forks.get(&line.device.to_string()).copied().unwrap_or_default();
                let health = Health::of(&line, forks, clock::now());
                if needs_look && !health.needs_look() {
                    continue;
                }
                let told =
                    if json { as_json(&line, forks, &health).to_string() } else { as_words(&line, forks, &health) };
                println!("{told}");
            }
        }
        DeviceCommand::Revoke { data, device } => {
            let Office { register, audit, .. } = open(&data)?;
            audit.note(&Event::new(By::command_line(), Action::RevokeDevice).upon(device))?;
            register.revoke(&device)?;
            println!("{device} is struck off");
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The invitation that goes with a code: where devices call, and by which authority the county is known.
pub fn invite(register: &Register, card: &Card, code: &str, address: &str) -> anyhow::Result<Invitation> {
    if !address.is_empty() {
        anyhow::ensure!(address.contains(':'), "{address} is not HOST:PORT");
        register.set_address(address)?;
    }
    let hub = register.address()?;
    anyhow::ensure!(!hub.is_empty(), "say where devices call: --qr HOST:PORT");
    let authority = from_hex(&card.authority).context("the hub's card cannot be understood")?;
    Ok(Invitation { hub, code: code.to_owned(), pin: Some(pin_of(&authority)) })
}

fn as_json(line: &DeviceLine, forks: u64, health: &Health) -> serde_json::Value {
    let areas: Vec<&str> = line.areas.iter().map(Area::code).collect();
    json!({
        "device": line.device, "name": line.name, "role": line.role, "areas": areas, "number": line.number,
        "enrolled_at": line.enrolled_at, "certified_at": line.certified_at, "last_heard": line.last_heard,
        "road": line.road, "revoked": line.is_revoked, "revoked_at": line.revoked_at, "status": line.status,
        "forks": forks, "look": health.words(),
    })
}

fn as_words(line: &DeviceLine, forks: u64, health: &Health) -> String {
    let areas: Vec<&str> = line.areas.iter().map(Area::code).collect();
    let heard = line.last_heard.map_or_else(|| "never".to_owned(), |at| at.date_and_minute());
    let forked = if forks > 0 { format!("  forks {forks}") } else { String::new() };
    let struck = if line.is_revoked { "  struck off" } else { "" };
    let look = if health.needs_look() { format!("  look: {}", health.words().join(", ")) } else { String::new() };
    let (number, device, role, name) = (line.number, line.device, line.role.word(), &line.name);
    format!("{number:04}  {device}  {role:<6}  {name}  {}  last heard {heard}{struck}{forked}{look}", areas.join(" "))
}

/// What is worked with, of a county that may be serving at this moment.
struct Office {
    register: Register,
    identity: Identity,
    audit: Audit,
}

fn open(data: &Data) -> anyhow::Result<Office> {
    let dir = DataDir::look(&data.dir);
    let identity = Identity::load(&dir, Role::Hub)?;
    let audit = Audit::open(&dir, &identity.key)?;
    Ok(Office { register: Register::open(&dir.file(register::FILE))?, identity, audit })
}

fn role(word: &str) -> Result<Role, String> {
    Role::parse(word).ok_or_else(|| "one of kiosk, deputy, hub".to_owned())
}

fn area(code: &str) -> Result<Area, String> {
    Area::parse(code).ok_or_else(|| "a code of 2, 4, 6, 9 or 12 digits".to_owned())
}

fn device_id(text: &str) -> Result<DeviceId, String> {
    DeviceId::parse(text).ok_or_else(|| "a device is named by 32 hexadecimal digits".to_owned())
}
