//! A new opening part for a slip, for a holder who comes in person: lost paper, an opinion that was entered without one.
//!
//! It is drawn where it is shown, once; the county keeps its half ([`civic_core::opening::Deposit`]). What opened the slip
//! before opens it no more.

use std::{path::Path, process::ExitCode};

use anyhow::Context as _;
use civic_core::{
    access::Role,
    opening::{Opening, Stub},
    ticket::Ticket,
};
use ledger::{Ledger, LedgerError, publish::Line};
use replica::{clock, dir::DataDir, identity::Identity};
use serde_json::json;

use crate::{
    audit::{Action, Audit, By, Event},
    errand::{self, Errand},
};

/// Draws a new opening part for the slip of this ticket, and gives the county its half. Note in the audit log who did it
/// before you call this, and show what it returns once.
pub fn reopen(ledger: &Ledger, ticket: Ticket) -> Result<Stub, LedgerError> {
    let id = ledger.by_ticket(&ticket)?.ok_or(LedgerError::NotFound)?;
    let opening = Opening::new(clock::random());
    ledger.reopen(&id, &opening.deposit())?;
    Ok(Stub { ticket, opening: Some(opening) })
}

/// The same on the command line; the hub may be serving.
pub fn reopen_and_print(dir: &Path, ticket: Ticket, json: bool) -> anyhow::Result<ExitCode> {
    let place = DataDir::look(dir);
    let audit = Audit::open(&place, &Identity::load(&place, Role::Hub)?.key)?;
    let event = Event::new(By::command_line(), Action::ReopenSlip).upon(ticket.digits());
    audit.note(&event)?;
    let opening = Opening::new(clock::random());
    let sent: anyhow::Result<Vec<Line>> = errand::send(dir, &Errand::Reopen { ticket, deposit: opening.deposit() });
    if let Err(failure) = sent {
        audit.note(&event.because(format!("{failure:#}")).refused())?;
        return Err(failure).with_context(|| format!("The slip of {ticket} was given nothing new"));
    }
    let stub = Stub { ticket, opening: Some(opening.clone()) };
    if json {
        println!("{}", json!({"ticket": ticket, "opening": opening.number, "code": stub.code()}));
    } else {
        println!("{ticket}\n{}", opening.number);
        eprintln!(
            "the first number finds the slip, the second opens it; it is kept nowhere, so give it to the holder now"
        );
    }
    Ok(ExitCode::SUCCESS)
}
