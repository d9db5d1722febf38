//! Erasing at the county: what the command `erase` and an operator's page do, noted before it is done, and what is told of
//! it afterwards: what is gone, who has not done it yet, and what copies still hold until when.
//!
//! To keep the substance of what is erased whole, an operator files a new opinion without the person in it, before or after:
//! it is an opinion like any other, has a number of its own, and nothing leads back from it.

use std::{path::Path, process::ExitCode, sync::Arc};

use anyhow::{Context as _, bail};
use civic_core::{
    area::Area,
    id::{DeviceId, DocId},
    ticket::Ticket,
};
use ledger::{
    Ledger, LedgerError,
    erase::{Depth, Erasure, Ground},
    repeat::Tombstone,
};
use replica::clock;
use serde::{Deserialize, Serialize};

use crate::{
    audit::{Action, Audit, By, Event},
    errand::{self, Errand},
    opening::Opener,
    register::Register,
    vault::{Vault, erase::Why},
};

/// Longest reason.
const REASON_CHARS_MAX: usize = 500;

/// What is to be erased: an opinion by its number, or any document by its name.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Subject {
    /// By the ten digits.
    Ticket(String),
    /// By 32 hexadecimal digits.
    Document(String),
}

/// An order to erase.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Order {
    /// What.
    pub subject: Subject,
    /// Who spoke, and not the words.
    pub details_only: bool,
    /// The word of a [`Ground`], which everybody may read.
    pub ground: String,
    /// Why, for the audit log alone.
    pub reason: String,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// The document.
    pub document: String,
    /// Its number, if it is an opinion.
    pub ticket: Option<String>,
    /// Whether the details alone went.
    pub details_only: bool,
    /// Documents that went with it: its slip, its matter, what was said of it at kiosks.
    pub beside: u64,
    /// Whether the county had said so before.
    pub was_erased: bool,
    /// Devices, by their names, that have not said yet that they erased it as well.
    pub waits_for: Vec<String>,
}

/// Whoever erases at the hub.
#[derive(Clone)]
pub struct Eraser {
    /// The county's ledger.
    pub ledger: Ledger,
    /// Which devices there are.
    pub register: Arc<Register>,
    /// Where it is noted.
    pub audit: Arc<Audit>,
    /// Holds records that were taken over.
    pub opener: Opener,
    /// Holds personal details.
    pub vault: Arc<Vault>,
}

impl Eraser {
    /// Erases, and notes it first; what cannot be noted is not done. Done twice, it is done once.
    pub fn erase(&self, order: &Order, by: By) -> anyhow::Result<Done> {
        let doc = self.subject(&order.subject)?;
        let depth = if order.details_only { Depth::Details } else { Depth::Whole };
        let ground = Ground::parse(&order.ground).context("the ground is one of asked, expired, ordered")?;
        let reason = order.reason.trim();
        if reason.is_empty() || reason.chars().count() > REASON_CHARS_MAX {
            bail!("a reason is needed, of {REASON_CHARS_MAX} characters at most; it stands in the audit log alone");
        }
        let who = by.name().to_owned();
        let event = Event::new(by, Action::Erase).upon(doc).because(format!("{}: {reason}", ground.word()));
        self.audit.note(&event)?;
        // The key of each detail first: with it every copy of it in a backup becomes noise.
        let records = self.ledger.records_of(&doc)?;
        self.vault.erase(&records, why(ground), &who, clock::now())?;
        let Erasure { ticket, beside, was_erased, .. } = match self.ledger.erase(&doc, depth, ground) {
            Ok(erasure) => erasure,
            Err(LedgerError::NotFound) => bail!("there is no such document at the hub, so nothing was erased"),
            Err(failure) => return Err(failure.into()),
        };
        self.opener.forget(&self.ledger.buried()?)?;
        Ok(Done {
            document: doc.to_string(),
            ticket: ticket.map(|ticket| ticket.digits()),
            details_only: order.details_only,
            beside,
            was_erased,
            waits_for: self.waits_for(&doc, depth)?,
        })
    }

    /// Erases what the hub above this one erased, as far as it is here, and says so to its own devices; `false` if that was done
    /// before.
    pub fn follow(&self, doc: &DocId, area: &Area, stone: &Tombstone) -> anyhow::Result<bool> {
        if self.ledger.erased(doc)?.is_some_and(|known| known.depth >= stone.depth) {
            return Ok(false);
        }
        let event = Event::new(By::hub(), Action::Erase).upon(doc);
        self.audit.note(&event.because(format!("{}: the hub above erased it", stone.ground.word())))?;
        self.vault.erase(&self.ledger.records_of(doc)?, why(stone.ground), "the hub above", clock::now())?;
        let is_new = self.ledger.repeat_erasure(doc, area, stone)?;
        self.opener.forget(&self.ledger.buried()?)?;
        Ok(is_new)
    }

    /// Devices, by their names, that have not said that they erased a document as well.
    pub fn waits_for(&self, doc: &DocId, depth: Depth) -> anyhow::Result<Vec<String>> {
        let said = self.ledger.erased_by(doc, depth)?;
        let devices = self.register.devices()?.into_iter().filter(|device| !device.is_revoked);
        let silent = devices.filter(|device| !said.contains_key(&DeviceId::of(&device.public_key)));
        Ok(silent.map(|device| device.name).collect())
    }

    fn subject(&self, subject: &Subject) -> anyhow::Result<DocId> {
        match subject {
            Subject::Document(name) => DocId::parse(name).context("a document is named by 32 hexadecimal digits"),
            Subject::Ticket(digits) => {
                let ticket =
                    Ticket::parse(digits).map_err(|_| anyhow::anyhow!("{digits} is no number of an opinion"))?;
                let here = self.ledger.by_ticket(&ticket)?;
                let gone = self.ledger.erased_ticket(&ticket)?.map(|erased| erased.doc);
                here.or(gone).with_context(|| format!("no opinion with the number {ticket} is at the hub"))
            }
        }
    }
}

/// The vault's word for a ground.
fn why(ground: Ground) -> Why {
    match ground {
        Ground::Asked | Ground::Other(_) => Why::Asked,
        Ground::Expired => Why::Expired,
        Ground::Ordered => Why::Ordered,
    }
}

/// The command `erase`: by the hub that is serving, or here if none is.
pub fn erase(dir: &Path, order: Order, json: bool) -> anyhow::Result<ExitCode> {
    let done: Done = errand::send(dir, &Errand::Erase(order))?;
    if json {
        println!("{}", serde_json::to_string(&done)?);
    } else {
        in_words(&done).iter().for_each(|line| println!("{line}"));
    }
    Ok(ExitCode::SUCCESS)
}

/// What was done, line by line, for whoever ordered it.
fn in_words(done: &Done) -> Vec<String> {
    let Done { document, ticket, details_only, beside, was_erased, waits_for } = done;
    let name = ticket.as_ref().map_or_else(|| document.clone(), |ticket| format!("{ticket} ({document})"));
    let what = if *details_only { "name, telephone, voice, handwriting and photos of" } else { "all of" };
    let mut lines = vec![match was_erased {
        true => format!("{what} {name} had been erased before"),
        false => format!(
            "erased {what} {name}, and {beside} documents beside it; its entries are hashes now, and the log still verifies"
        ),
    }];
    if !details_only && ticket.is_some() {
        lines.push("whoever asks for this number is told that it was erased, when, and on what ground".into());
    }
    lines.push(match waits_for.len() {
        0 => "every device has said that it erased it, too".into(),
        count => format!("{count} devices have not said yet that they erased it, too: {}", waits_for.join(", ")),
    });
    lines.push(
        "copies of the hub's directory that were made before now still hold it, until each is thrown away; what was sealed \
         in them opens only by a key that such a copy holds, too"
            .into(),
    );
    lines
}
