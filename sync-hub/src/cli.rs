//! The hub's command line.

use std::{
    ffi::OsString,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use civic_core::{access::Role, ticket::Ticket, vote::TOKENS_BATCH_MAX};
use clap::{Parser, Subcommand};
use ledger::{
    Ledger,
    bundle::BundleCommand,
    command::{self, Data},
};
use replica::{dir::DataDir, identity::Identity};

use crate::{
    audit::{Action, Audit, By, Event, Sound},
    backup::{
        self,
        command::{BackupArguments, RestoreArguments},
    },
    bundle, codebook, county,
    device::{self, DeviceCommand},
    epochs::{self, KeyOrder},
    erase::{self, Order, Subject},
    export::{self, Format},
    publishing,
    serve::{self, Door},
    slips, upstream,
    user::{self, command::UserCommand},
};

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
    /// The county's words and rules, as devices have them: show them, or change them for every device.
    Codebook {
        #[command(subcommand)]
        command: CodebookCommand,
    },
    /// The county's authority, which signs the certificates of hub and devices.
    Authority {
        #[command(subcommand)]
        command: AuthorityCommand,
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
        /// Write slips of paper for printing into this new file instead, a page for the browser: square code and digits.
        #[arg(long, value_name = "FILE.html", conflicts_with = "json")]
        sheet: Option<PathBuf>,
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
    /// Slips of opinions.
    Slip {
        #[command(subcommand)]
        command: SlipCommand,
    },
    /// Operators who may sign in at the pages.
    User {
        #[command(subcommand)]
        command: UserCommand,
    },
    /// Put this hub beneath another one, as a township under its county, before it lets its first device in. Above, it is
    /// expected by `device add --role hub`.
    Join {
        #[command(flatten)]
        data: Data,
        /// The hub above, HOST:PORT.
        #[arg(long)]
        hub: String,
        /// The code that was given there.
        #[arg(long)]
        code: String,
    },
    /// Answer devices and show the operators' pages.
    Serve {
        #[command(flatten)]
        data: Data,
        /// Where devices call, UDP.
        #[arg(long, default_value = "0.0.0.0:4433")]
        listen: SocketAddr,
        /// Where the pages are. Any but an address of this machine alone speaks TLS.
        #[arg(long, default_value = "127.0.0.1:8080")]
        http: SocketAddr,
        /// The host names or addresses by which browsers come; with them the pages speak TLS.
        #[arg(long, num_args = 1..)]
        name: Vec<String>,
        /// A certificate for these names, PEM; without it the hub makes one, see docs/operators.md.
        #[arg(long, requires_all = ["tls_key", "name"])]
        tls_cert: Option<PathBuf>,
        /// Its key, PEM.
        #[arg(long, requires = "tls_cert")]
        tls_key: Option<PathBuf>,
    },
    /// The merged documents without personal details, JSON lines sorted by id. The hub may be serving.
    Export {
        #[command(flatten)]
        data: Data,
        /// Which kind of document.
        #[arg(long, default_value = "opinion", value_parser = ["opinion"])]
        kind: String,
        /// How they are written to standard output.
        #[arg(long, default_value = "jsonl", value_parser = ["jsonl"])]
        format: String,
        /// Instead into this new file, comma-separated, for a spreadsheet.
        #[arg(long, value_name = "FILE", conflicts_with = "format")]
        csv: Option<PathBuf>,
        /// Instead into this new file, a workbook.
        #[arg(long, value_name = "FILE", conflicts_with_all = ["format", "csv"])]
        xlsx: Option<PathBuf>,
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
    /// Erase an opinion or another document, at the hub and at every device. The hub may be serving.
    #[command(group(clap::ArgGroup::new("which").required(true)))]
    Erase {
        #[command(flatten)]
        data: Data,
        /// The opinion with this number.
        #[arg(long, group = "which")]
        ticket: Option<String>,
        /// The document with this name, 32 hexadecimal digits.
        #[arg(long, group = "which")]
        document: Option<String>,
        /// Who spoke, and not the words: name, telephone, voice, handwriting, photos.
        #[arg(long)]
        details: bool,
        /// On what ground, which everybody may read.
        #[arg(long, default_value = "asked", value_parser = ["asked", "expired", "ordered"])]
        ground: String,
        /// Why; it stands in the audit log alone.
        #[arg(long)]
        reason: String,
        /// As one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// The keys to which devices seal: how it stands with each, the next before its time, destroying an old one.
    Keys {
        #[command(subcommand)]
        command: KeysCommand,
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
enum SlipCommand {
    /// Give a slip a new opening part and print it, once, for a holder who came in person. The hub may be serving.
    Reopen {
        #[command(flatten)]
        data: Data,
        /// The number that finds it, ten digits.
        #[arg(long, value_parser = ticket)]
        ticket: Ticket,
        /// As one JSON object.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Subcommand)]
enum KeysCommand {
    /// Every key epoch, and which devices may still send something sealed to it.
    List {
        #[command(flatten)]
        data: Data,
        /// As one JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Make the next key now, as after a theft.
    Next {
        #[command(flatten)]
        data: Data,
        /// Why; it stands in the audit log.
        #[arg(long)]
        reason: String,
    },
    /// Destroy the key of an epoch that ended: what is still sealed to it anywhere is never opened again.
    Destroy {
        #[command(flatten)]
        data: Data,
        /// Which.
        #[arg(long)]
        epoch: u32,
        /// Although some devices have been silent for too long: what they hold is given up.
        #[arg(long)]
        give_up: bool,
        /// Why; it stands in the audit log.
        #[arg(long)]
        reason: String,
    },
}

#[derive(Subcommand)]
enum CodebookCommand {
    /// The present edition, as a county file. The hub may be serving.
    Show {
        #[command(flatten)]
        data: Data,
        /// As one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Work by this county file from now on, and tell every device. What records may name has to stay; words may be added,
    /// and what is only said or done with them may change. The hub may be serving.
    Set {
        #[command(flatten)]
        data: Data,
        /// The county file.
        file: PathBuf,
        /// Only say whether it may be, and what is new in it.
        #[arg(long)]
        check: bool,
        /// As one JSON object.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Subcommand)]
enum AuthorityCommand {
    /// Go over to the spare authority and make the next spare; devices come along by themselves. The hub must not be serving.
    Rotate {
        #[command(flatten)]
        data: Data,
        /// The file with the spare's key, as `init` wrote it.
        #[arg(long, value_name = "FILE")]
        spare: PathBuf,
    },
}

/// The program; argument 0 is its name.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    command::main(args, |arguments: Arguments| run(arguments.command))
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Init { data, county } => init(&data, &county),
        Command::Codebook { command } => match command {
            CodebookCommand::Show { data, json } => codebook::show(&data.dir, json),
            CodebookCommand::Set { data, file, check, json } => codebook::set(&data.dir, &file, check, json),
        },
        Command::Authority { command } => authority(command),
        Command::Device { command } => device::run(command),
        Command::Publish { data, file, json } => {
            audited(&data, Action::Publish, &file.display().to_string(), || publishing::publish(&data.dir, &file, json))
        }
        Command::Slip { command: SlipCommand::Reopen { data, ticket, json } } => {
            slips::reopen_and_print(&data.dir, ticket, json)
        }
        Command::Tokens { data, vote, count, sheet, json } => {
            audited(&data, Action::MakeTokens, &format!("{vote}, {count}"), || {
                publishing::tokens(&data.dir, &vote, count, sheet.as_deref(), json)
            })
        }
        Command::Tally { data, vote, consultation, publish, json } => {
            let what = vote.as_deref().or(consultation.as_deref()).unwrap_or_default().to_owned();
            let action = if publish { Action::Publish } else { Action::Tally };
            audited(&data, action, &what, || {
                publishing::tally(&data.dir, vote.as_deref(), consultation.as_deref(), publish, json)
            })
        }
        Command::User { command } => user::command::run(command),
        Command::Join { data, hub, code } => upstream::join(&data.dir, &hub, &code),
        Command::Serve { data, listen, http, name, tls_cert, tls_key } => {
            let door = Door { at: http, names: name, certificate: tls_cert.zip(tls_key) };
            let runtime =
                tokio::runtime::Builder::new_multi_thread().enable_all().build().context("Starting the runtime")?;
            runtime.block_on(serve::serve(&data.dir, listen, &door))?;
            // Pages may still be open; they need not be waited for.
            runtime.shutdown_background();
            Ok(ExitCode::SUCCESS)
        }
        Command::Export { data, kind, format, csv, xlsx } => {
            let file = csv.map(|path| (Format::Csv, path)).or(xlsx.map(|path| (Format::Xlsx, path)));
            let word = file.as_ref().map_or(format.as_str(), |(format, _)| format.word());
            audited(&data, Action::Export, &format!("{kind} {word}"), || match &file {
                None => command::export(Role::Hub, &data.dir),
                Some((format, path)) => export(&data, *format, path),
            })
        }
        Command::Bundle { command } => bundle::run(command),
        Command::Backup { data, arguments } => backup::command::backup(&data.dir, &arguments),
        Command::Restore { arguments } => backup::command::restore(&arguments),
        Command::Status { data, json } => backup::command::status(&data.dir, json),
        Command::Erase { data, ticket, document, details, ground, reason, json } => {
            let subject = ticket.map(Subject::Ticket).or(document.map(Subject::Document));
            let subject = subject.context("a number or a document is needed")?;
            erase::erase(&data.dir, Order { subject, details_only: details, ground, reason }, json)
        }
        Command::Keys { command } => match command {
            KeysCommand::List { data, json } => epochs::command(&data.dir, KeyOrder::List, json),
            KeysCommand::Next { data, reason } => epochs::command(&data.dir, KeyOrder::Next { reason }, false),
            KeysCommand::Destroy { data, epoch, give_up, reason } => {
                epochs::command(&data.dir, KeyOrder::Destroy { epoch, gives_up: give_up, reason }, false)
            }
        },
        Command::Verify { data } => verify(&data),
        Command::Rebuild { data } => audited(&data, Action::Rebuild, "", || command::rebuild(Role::Hub, &data.dir)),
    }
}

fn init(data: &Data, county: &Path) -> anyhow::Result<ExitCode> {
    let text = codebook::read(county)?;
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
    tell_of_spare(&dir)
}

/// Does what a command asks, and notes that it was done, or that it was tried in vain.
fn audited<T>(
    data: &Data,
    action: Action,
    object: &str,
    work: impl FnOnce() -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let dir = DataDir::look(&data.dir);
    let audit = Audit::open(&dir, &Identity::load(&dir, Role::Hub)?.key)?;
    let event = Event::new(By::command_line(), action).upon(object);
    let done = work();
    audit.note(&if done.is_ok() { event } else { event.refused() })?;
    done
}

fn export(data: &Data, format: Format, path: &Path) -> anyhow::Result<ExitCode> {
    let dir = DataDir::look(&data.dir);
    let ledger = Ledger::look(&dir, &Identity::load(&dir, Role::Hub)?)?;
    export::write_file(&ledger, format, path)?;
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

fn authority(command: AuthorityCommand) -> anyhow::Result<ExitCode> {
    match command {
        AuthorityCommand::Rotate { data, spare } => {
            let dir = DataDir::hold(&data.dir)?;
            let identity = Identity::load(&dir, Role::Hub)?;
            let event = Event::new(By::command_line(), Action::ChangeKey).upon("authority");
            Audit::open(&dir, &identity.key)?.note(&event)?;
            county::rotate(&dir, &identity.card, &spare)?;
            println!("the spare authority is the present one; each device gets a new certificate when it calls");
            tell_of_spare(&dir)
        }
    }
}

/// Says what is to be done with the spare key that lies in `dir`.
fn tell_of_spare(dir: &DataDir) -> anyhow::Result<ExitCode> {
    if let Some(spare) = county::spare_key_lies_in(dir)? {
        println!("the spare key is in {}: copy it to a safe place, and delete it here", spare.display());
    }
    Ok(ExitCode::SUCCESS)
}

fn ticket(digits: &str) -> Result<Ticket, String> {
    Ticket::parse(digits).map_err(|bad| bad.to_string())
}
