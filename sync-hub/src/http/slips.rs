//! Slips 小票: what each tells and to whom, a new opening part for a holder who comes in person, who wants their name and
//! number erased, and at which kiosks somebody guesses.

use ::ledger::{LedgerError, query::Whole, sealed::Withdrawal};
use axum::extract::{Path, State};
use civic_core::{
    access::operator::Right,
    detail::Detail,
    id::DocId,
    slip::{Content, Told},
    wording::Both,
};
use maud::{Markup, html};
use tracing::error;

use super::{
    Console,
    error::PageError,
    frame::{self, Place},
    operator::Operator,
    opinion,
    routes::Routes,
    words::{both, county_word, moment, say, say_with},
};
use crate::{audit::Action, slips};

pub(super) fn routes() -> Routes {
    Routes::default()
        .get("/slips", Right::ReadOpinions, page)
        // Whoever may correct what a person said wrongly may also give them another paper.
        .post("/opinion/{id}/reopen", Right::CorrectOpinions, reopen)
}

/// What the slip of an opinion tells everybody, and its holder.
pub(super) fn pane(console: &Console, whole: &Whole, operator: &Operator) -> Result<Markup, PageError> {
    let codebook = console.ledger.codebook();
    let Some(slip) = console.ledger.slip_of(&whole.id)? else {
        return Ok(html! { aside #slip { h2 { (say("slip")) } p.hint { (say("slip-none")) } } });
    };
    let told = Told::of(codebook, &whole.opinion);
    Ok(html! {
        aside #slip {
            h2 { (say("slip")) }
            p.ticket { (slip.ticket) }
            p { b { @match codebook.state(&slip.state) { Some(state) => { (state.plain) } None => { (web::page::spoken(&slip.state)) } } } " " span.hint { (county_word(codebook, &slip.state)) } }
            p.hint { (say_with("slip-as-of", &[("at", slip.as_of.date_and_minute().into())])) }
            @match &slip.content {
                Content::Sealed { .. } => p.hint { (frame::lock()) " " (say("slip-sealed")) },
                Content::Nothing => p.hint { (say("slip-bare")) },
                Content::Open(_) => p.hint { (say("slip-open")) },
            }
            @if let Some(answer) = &told.answer { p.answer { (web::page::spoken(answer)) } }
            ol { @for step in &told.steps { li { (web::page::spoken(&step.act)) " " time { (step.at.date_and_minute()) } } } }
            @if console.ledger.is_elsewhere(&slip.ticket) {
                p #reopen-elsewhere .hint { (say("reopen-elsewhere")) }
            } @else if operator.may(Right::CorrectOpinions, opinion::about(whole)) {
                form method="post" action={ "/opinion/" (whole.id) "/reopen" } {
                    p.hint { (say("reopen-hint")) }
                    button #reopen type="submit" { (say("reopen")) }
                }
            }
        }
    })
}

/// That the person has taken name and number back, while these still lie here.
pub(super) fn withdrawn(console: &Console, whole: &Whole) -> Result<Markup, PageError> {
    let withdrawn = waiting(console)?.into_iter().find(|withdrawal| withdrawal.opinion == whole.id);
    Ok(html! {
        @if let Some(withdrawal) = withdrawn {
            div #withdrawn .notice role="status" {
                (say_with("withdrawn", &[("at", withdrawal.at.date_and_minute().into())]))
            }
        }
    })
}

/// Who has taken back their name and number while these still lie here.
fn waiting(console: &Console) -> Result<Vec<Withdrawal>, PageError> {
    let is_here = |withdrawal: &Withdrawal| match console.vault.items(&[withdrawal.opinion]) {
        Ok(items) => items.iter().any(|item| item.detail == Detail::Contact),
        Err(failure) => {
            // What is not known to be done is shown.
            error!(error = %failure, "It could not be looked up whether details were erased");
            true
        }
    };
    Ok(console.ledger.withdrawals()?.into_iter().filter(is_here).collect())
}

async fn reopen(
    State(console): State<Console>,
    operator: Operator,
    Path(id): Path<String>,
) -> Result<Markup, PageError> {
    let id = DocId::parse(&id).ok_or(PageError::NotFound)?;
    console
        .work(move |console| {
            let whole = console.ledger.opinion(&id)?.ok_or(PageError::NotFound)?;
            let ticket = whole.opinion.ticket.ok_or(PageError::NotFound)?;
            operator.must(Right::CorrectOpinions, opinion::about(&whole), &id.to_string())?;
            if console.ledger.is_elsewhere(&ticket) {
                return Err(LedgerError::SlipElsewhere.into());
            }
            operator.did(Action::ReopenSlip, id)?;
            let stub = slips::reopen(&console.ledger, ticket)?;
            let body = html! {
                article #stub {
                    h1 { (say("reopened")) }
                    p { (say("reopened-find")) }
                    p.ticket { (ticket) }
                    @if let Some(opening) = &stub.opening {
                        p { (say("reopened-open")) }
                        p.ticket data-opening=(opening.number.digits()) { (opening.number) }
                    }
                    @if let Some(code) = web::code::square(&stub.code()) { (code) }
                    p.notice { (say("reopened-once")) }
                    p { a href={ "/opinion/" (id) } data-back { "← " (say("reopened-back")) } }
                }
            };
            Ok(frame::page(&both("reopened"), Place::Elsewhere, &operator, console.waiting()?, body))
        })
        .await
}

async fn page(State(console): State<Console>, operator: Operator) -> Result<Markup, PageError> {
    console
        .work(move |console| {
            let mut waiting = Vec::new();
            for withdrawal in self::waiting(console)? {
                let Some(whole) = console.ledger.opinion(&withdrawal.opinion)? else { continue };
                if operator.may(Right::ReadOpinions, opinion::about(&whole)) {
                    waiting.push((withdrawal, whole.opinion.ticket));
                }
            }
            let devices = console.register.devices()?;
            let name = |device: &str| {
                let known = devices.iter().find(|line| line.device.to_string() == device);
                known.map_or(device.to_owned(), |line| line.name.clone())
            };
            let guesses = console.ledger.guesses()?;
            let body = html! {
                h1.unseen { (say("slips")) }
                section #withdrawals {
                    h2 { (say("withdrawals")) }
                    @if waiting.is_empty() { p.hint { (say("withdrawals-none")) } }
                    ul { @for (withdrawal, ticket) in &waiting {
                        li { a href={ "/opinion/" (withdrawal.opinion) } {
                            @match ticket { Some(ticket) => { (ticket) } None => { (say("no-ticket")) } }
                        } " " (moment(withdrawal.at)) }
                    } }
                }
                section #guesses {
                    h2 { (say("guesses")) }
                    p.hint { (say("guesses-hint")) }
                    @if guesses.is_empty() { p { (say("guesses-none")) } }
                    ul { @for guess in &guesses {
                        li { (web::page::spoken(&name(&guess.device))) " " b { (guess.wrong) } " " (moment(guess.last)) }
                    } }
                }
            };
            let title: Both = both("slips");
            Ok(frame::page(&title, Place::Slips, &operator, console.waiting()?, body))
        })
        .await
}
