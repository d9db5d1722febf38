//! `enrol --stick` and `enrol --carrier`: becoming a device where no hub answers. The same command asks, asks again, and
//! hears the answer once it is there; a kiosk's screen does the same by [`ask_by_stick`].

use std::{path::Path, process::ExitCode};

use civic_core::access::Role;
use replica::{
    carry::newcomer::{self, Asking},
    dir::DataDir,
    enrol::{
        EnrolError,
        by_letter::{self, ASKING_LEN_MAX, Addressee, Heard},
    },
    identity::Card,
};

use crate::{
    bundle::{Files, look_through},
    command::runtime,
};

/// Longest answer on a stick; what is longer is something else.
const ANSWER_LEN_MAX: usize = 512 * 1024;
/// Parcels on a stick that a code is tried on, at some 50 ms each; an invitation behind so many is not found.
const TRIED_MAX: usize = 64;

/// What became of asking by stick.
#[derive(Debug)]
pub enum ByStick {
    /// The letter is on it; the county will ask for these digits.
    Asked(String),
    /// The county was asked before, for these digits, and its answer is not on it yet.
    NoAnswer(String),
    /// The code opens nothing on it.
    NotInvited,
    /// The answer was on it: this machine is a device.
    Enrolled(Box<Card>),
}

/// Asks by a stick, or takes up the answer that is on it; without a code it only hears.
pub fn ask_by_stick(
    role: Role,
    dir: &DataDir,
    stick: &Path,
    code: Option<&str>,
    is_again: bool,
) -> anyhow::Result<ByStick> {
    let before = by_letter::pending(dir)?;
    let heard = answered(dir, stick, is_again)?;
    if let Heard::Admitted(card) = heard {
        return Ok(ByStick::Enrolled(card));
    }
    let invited = code.map(|code| Ok::<_, anyhow::Error>((code, invited(stick, code)?))).transpose()?;
    let asked = match invited {
        Some((code, Some(to))) => by_letter::ask(dir, &to, code, role, is_again)?,
        Some((_, None)) | None => {
            unless_refused(dir, &heard)?;
            return Ok(before.map_or(ByStick::NotInvited, |asked| ByStick::NoAnswer(asked.comparison)));
        }
    };
    // What is asked only now nobody can have answered.
    if asked.is_same(before.as_ref()) {
        unless_refused(dir, &heard)?;
    }
    let mut files = Files::new(stick, u64::MAX, u64::MAX)?;
    files.put(&asked.sealed())?;
    files.done()?;
    Ok(ByStick::Asked(asked.comparison))
}

/// The command of it.
pub(crate) fn by_stick(role: Role, dir: &Path, stick: &Path, code: &str, is_again: bool) -> anyhow::Result<ExitCode> {
    match ask_by_stick(role, &DataDir::hold(dir)?, stick, Some(code), is_again)? {
        ByStick::Asked(comparison) => {
            waiting(&comparison, "the stick");
            Ok(ExitCode::SUCCESS)
        }
        ByStick::NoAnswer(comparison) => {
            println!("no answer is on this stick yet; the county was asked, and compares {comparison}");
            Ok(ExitCode::from(1))
        }
        ByStick::NotInvited => {
            anyhow::bail!("this code opens nothing on the stick: write it at the hub, with device add --stick")
        }
        ByStick::Enrolled(card) => Ok(enrolled(role, &card)),
    }
}

/// Asks through a carrier in the same room, or takes up the answer that it brought.
pub(crate) fn by_carrier(role: Role, dir: &Path, at: &str, code: &str, is_again: bool) -> anyhow::Result<ExitCode> {
    let dir = DataDir::hold(dir)?;
    match runtime()?.block_on(newcomer::ask(&dir, at, code, role, is_again))? {
        Asking::Waiting { comparison, carrier } => {
            waiting(&comparison, &carrier);
            Ok(ExitCode::SUCCESS)
        }
        Asking::Enrolled(card) => Ok(enrolled(role, &card)),
    }
}

fn waiting(comparison: &str, carrier: &str) {
    println!(
        "{carrier} takes the letter along; tell the county these digits, so that it can compare them: {comparison}"
    );
}

/// Says as whom the machine is enrolled now.
pub(crate) fn enrolled(role: Role, card: &Card) -> ExitCode {
    println!("enrolled as {:?} ({}), tickets begin with {:04}", card.name, role.word(), card.number);
    ExitCode::SUCCESS
}

/// An error if what was asked last is refused.
fn unless_refused(dir: &DataDir, heard: &Heard) -> Result<(), EnrolError> {
    match heard {
        Heard::Refused(refusal) => {
            by_letter::give_up(dir)?;
            Err(EnrolError::Refused(*refusal))
        }
        Heard::Unproven(refusal) => Err(EnrolError::Refused(*refusal)),
        Heard::Admitted(_) | Heard::Nothing => Ok(()),
    }
}

/// What the stick answers: of all that is on it that this machine is let in, or else a refusal of what it asked last, or
/// else one that may be of something else. Nothing is ever deleted from sticks, and so there may be answers to several letters.
fn answered(dir: &DataDir, stick: &Path, is_again: bool) -> anyhow::Result<Heard> {
    let mut answer = Heard::Nothing;
    look_through(stick, ANSWER_LEN_MAX, |sealed| {
        let rank = |heard: &Heard| match heard {
            Heard::Nothing => 0,
            Heard::Unproven(_) => 1,
            Heard::Refused(_) => 2,
            Heard::Admitted(_) => 3,
        };
        if !matches!(answer, Heard::Admitted(_)) {
            let heard = by_letter::hear(dir, sealed, is_again)?;
            if rank(&heard) > rank(&answer) {
                answer = heard;
            }
        }
        Ok(())
    })?;
    Ok(answer)
}

fn invited(stick: &Path, code: &str) -> anyhow::Result<Option<Addressee>> {
    let (mut to, mut tried) = (None, 0);
    look_through(stick, ASKING_LEN_MAX, |sealed| {
        if to.is_none() && tried < TRIED_MAX {
            tried += 1;
            to = by_letter::invited(code, sealed);
        }
        Ok(())
    })?;
    Ok(to)
}
