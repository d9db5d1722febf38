//! The commands `backup`, `restore` and `status`.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use civic_core::{access::Role, id::DeviceId, time::UnixSeconds};
use clap::Args;
use replica::{clock, dir::DataDir, identity::Identity};
use serde_json::{Value, json};

use super::{
    Copy, KEYS_KEPT_DAYS_MAX, keys_beside,
    pack::Recipients,
    record::Record,
    restore::{self, Restored},
    schedule::{self, Lamp, Place, Schedule},
};
use crate::{
    audit::{Audit, By},
    errand::{self, Errand},
};

/// Where a backup goes and who may open it.
#[derive(Args)]
pub struct BackupArguments {
    /// A directory, or the file to be written; its keys lie beside it. Without it every place of the schedule gets a copy.
    #[arg(long)]
    to: Option<PathBuf>,
    /// Who may open it: a public key as `age-keygen` prints it; several may follow. Without it those of the schedule.
    #[arg(long, num_args = 1..)]
    recipient: Vec<String>,
    /// It goes down with the hub, being on the same machine: no device lets go of anything for it.
    #[arg(long, requires = "to")]
    on_this_machine: bool,
    /// As one JSON object a copy.
    #[arg(long)]
    json: bool,
}

/// Which backup, and where it goes.
#[derive(Args)]
pub struct RestoreArguments {
    /// The county half of a backup.
    #[arg(long)]
    from: PathBuf,
    /// Its keys, if they do not lie beside it.
    #[arg(long)]
    keys: Option<PathBuf>,
    /// A file with the private key of a recipient, as `age-keygen` writes it.
    #[arg(long)]
    identity: PathBuf,
    /// Where the county goes: an empty directory, or one that is not there yet.
    #[arg(long, required_unless_present = "check")]
    data: Option<PathBuf>,
    /// Rehearse: open and verify it, and put it nowhere.
    #[arg(long, conflicts_with = "data")]
    check: bool,
}

/// Makes backups of the county in `dir`, which may be serving.
pub fn backup(dir: &Path, arguments: &BackupArguments) -> anyhow::Result<ExitCode> {
    let BackupArguments { to, recipient, on_this_machine, json } = arguments;
    let schedule = Schedule::read(dir)?;
    let recipients = match (recipient.as_slice(), &schedule) {
        ([], Some(schedule)) => Recipients::parse(&schedule.recipients)?,
        (given, _) => Recipients::parse(given)?,
    };
    let (home, record) = (DataDir::look(dir), Record::open(dir)?);
    let audit = Audit::open(&home, &Identity::load(&home, Role::Hub)?.key)?;
    let mut is_whole = true;
    let mut kept = None;
    match to {
        Some(to) => {
            let at = clock::now();
            let made = super::make(dir, to, &recipients);
            let is_kept = made.is_ok() && !on_this_machine;
            let place = to.display().to_string();
            record.note(&place, at, is_kept, &made)?;
            super::note(&audit, By::command_line(), &place, &made)?;
            let copy = made.with_context(|| format!("There is no backup at {}", to.display()))?;
            kept = is_kept.then_some(copy.found.row);
            say(&copy, is_kept, *json);
        }
        None => {
            let schedule = schedule.context("name a place with --to, or write a schedule: tests/sample/backup.toml")?;
            for place in &schedule.place {
                let (made, row) = place.make(dir, &record, (&audit, By::command_line()), &recipients)?;
                kept = kept.max(row);
                match made {
                    Ok(copy) => say(&copy, row.is_some(), *json),
                    Err(error) => {
                        is_whole = false;
                        eprintln!("error: there is no backup at {}: {error}", place.name);
                    }
                }
            }
        }
    }
    if let Some(row) = kept {
        let _: Value =
            errand::send(dir, &Errand::GrantKept { row }).context("The backup is good, but the hub did not note it")?;
    }
    Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn say(copy: &Copy, is_kept: bool, json: bool) {
    let Copy { file, bytes, found, at, millis, unknown, county: _ } = copy;
    let keys = keys_beside(file);
    if json {
        println!(
            "{}",
            json!({
                "file": file, "keys": keys, "bytes": bytes, "entries": found.entries, "row": found.row, "at": at,
                "millis": millis, "kept": is_kept, "left_out": unknown,
            })
        );
        return;
    }
    println!("{}: {bytes} bytes, restored and verified: {} entries", file.display(), found.entries);
    println!(
        "{}: its keys; let go of every copy of them within {KEYS_KEPT_DAYS_MAX} days, or what is erased is not gone",
        keys.display()
    );
    for name in unknown {
        println!("{name} lies in the hub's directory and is NOT in the backup: it is none of its files");
    }
}

/// Restores a county, or rehearses it.
pub fn restore(arguments: &RestoreArguments) -> anyhow::Result<ExitCode> {
    let RestoreArguments { from, keys, identity, data, check: _ } = arguments;
    let restored = restore::restore(from, keys.as_deref(), identity, data.as_deref()).with_context(|| match data {
        Some(data) => format!("Nothing was restored into {}", data.display()),
        None => "The rehearsal failed".to_owned(),
    })?;
    let Restored { name, hub, at, keys_at, found } = &restored;
    let whose: Option<[u8; 32]> = civic_core::id::from_hex(hub).and_then(|key| key.try_into().ok());
    let whose = whose.map(|key| DeviceId::of(&key).to_string()).unwrap_or_default();
    let when = at.date_and_minute();
    println!(
        "{name} as it was on {when}: {} entries, every chain and signature sound; its hub is {whose}",
        found.entries
    );
    if keys_at < at {
        println!("its keys are older, of {}: what was sealed after that cannot be opened", keys_at.date_and_minute());
    }
    if let Some(data) = data {
        println!(
            "it is in {} and begins a new epoch: each device sends what is missing at its next meeting",
            data.display()
        );
        println!("devices that were enrolled after {when} must be enrolled again; they keep their records");
        println!(
            "what operators wrote after {when} comes back from devices that hold it; what only the hub held is lost"
        );
        println!("look at the list of devices: one struck off after {when} is let in until a device brings word of it");
        println!(
            "devices let go of what is older than {KEYS_KEPT_DAYS_MAX} days and in a backup: restore from none that is older"
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// What there is to know of the county in `dir`, which may be serving.
pub fn status(dir: &Path, json: bool) -> anyhow::Result<ExitCode> {
    let identity = Identity::load(&DataDir::look(dir), Role::Hub)?;
    let (now, lamp) = (clock::now(), schedule::lamp(dir, clock::now()));
    let record = Record::open(dir)?;
    let standings = match Schedule::read(dir) {
        Ok(schedule) => schedule.map(|schedule| schedule.standings(&record, now)).transpose()?.unwrap_or_default(),
        Err(_) => Vec::new(),
    };
    let good = record.last_good()?;
    if json {
        let value: Value = json!({ "name": identity.card.name, "lamp": lamp, "last_good": good, "places": standings });
        println!("{value}");
        return Ok(ExitCode::SUCCESS);
    }
    println!("{}", identity.card.name);
    println!("{}", lamp_in_words(lamp));
    let moment = |at: Option<UnixSeconds>| at.map_or_else(|| "never".to_owned(), UnixSeconds::date_and_minute);
    println!("last good backup: {}", moment(good.map(|line| line.at)));
    for standing in &standings {
        let Place { name, dir, .. } = &standing.place;
        let (good, due) = (moment(standing.good.as_ref().map(|line| line.at)), standing.due.date_and_minute());
        println!("  {name} ({}): last good {good}, next due {due}", dir.display());
        if let Some(line) = standing.last.as_ref().filter(|line| !line.is_good()) {
            println!("    {}", line.detail);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The lamp as a line of the log and of `status`.
pub fn lamp_in_words(lamp: Lamp) -> &'static str {
    match lamp {
        Lamp::Good => "every place has its backup",
        Lamp::Late => "a backup is LATE: look at the page of backups",
        Lamp::Unset => "NO BACKUPS ARE SET UP: write backup.toml, see tests/sample/backup.toml",
    }
}
