//! Loans 转交 on the page of an opinion: who was lent its contact, lending it, ending that, and looking at what was lent.

use ::ledger::query::Whole;
use axum::{
    extract::{Form, Path, State, rejection::FormRejection},
    response::Response,
};
use civic_core::access::operator::Right;
use maud::{Markup, html};
use serde::Deserialize;

use super::{
    Console, Operator,
    details::{self, Outcome, answer, back_to},
    error::PageError,
    now, opinion,
    routes::Routes,
    words::{both, both_with, line, one_line, say, say_with},
};
use crate::{
    audit::{Action, Event},
    user::User,
    vault::{
        loan::{DAYS, RUNNING_MAX},
        request::{REASON_CHARS_MAX, Refusal},
    },
};

pub(super) fn routes() -> Routes {
    Routes::default()
        .post("/opinion/{id}/lend", Right::LendContact, lend)
        .post("/opinion/{id}/end-loan", Right::LendContact, end)
        .post("/opinion/{id}/open-lent", Right::OpenLent, open)
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Lending {
    to: String,
    days: u16,
    reason: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Ending {
    loan: i64,
}

async fn lend(
    State(console): State<Console>,
    operator: Operator,
    Path(id): Path<String>,
    form: Result<Form<Lending>, FormRejection>,
) -> Result<Response, PageError> {
    let Form(Lending { to, days, reason }) = form?;
    console
        .work(move |console| {
            let whole = opinion::read(console, &id)?;
            operator.must(Right::LendContact, opinion::about(&whole), &id)?;
            let refuse = |reason_why| answer(console, &whole, &operator, Outcome::Refused(reason_why, reason.clone()));
            // Only who may be lent to is offered; another name was made up.
            let Some(to) = borrowers(console, &whole)?.into_iter().find(|user| user.login == to) else {
                return refuse(both("refused-loan-to"));
            };
            let event = |until: &str| {
                let because = format!("to {} {until}: {reason}", to.login);
                Event::new(operator.by(), Action::LendContact).upon(whole.id).because(because)
            };
            match console.vault.lend(&whole.id, &to.login, &operator.login, &reason, days, now()) {
                Ok(loan) => {
                    if let Err(failure) = operator.note(event(&format!("until {}", loan.until.date_and_minute()))) {
                        // What is not noted is not lent.
                        let _ = console.vault.end_loan(loan.id, &operator.login, now());
                        return Err(failure);
                    }
                    Ok(back_to(&whole.id))
                }
                Err(refusal) => {
                    operator.note(event("in vain").refused())?;
                    refuse(match refusal {
                        Refusal::Crowded => both_with("refused-loan-crowded", &[("most", RUNNING_MAX.into())]),
                        Refusal::SamePerson => both("refused-loan-own"),
                        other @ (Refusal::NoReason | Refusal::TooLong | Refusal::Over | Refusal::Vault(_)) => {
                            details::explain(other)?
                        }
                    })
                }
            }
        })
        .await
}

async fn end(
    State(console): State<Console>,
    operator: Operator,
    Path(id): Path<String>,
    form: Result<Form<Ending>, FormRejection>,
) -> Result<Response, PageError> {
    let Form(Ending { loan }) = form?;
    console
        .work(move |console| {
            let whole = opinion::read(console, &id)?;
            operator.must(Right::LendContact, opinion::about(&whole), &id)?;
            let loans = console.vault.loans(&whole.id, now())?;
            let loan = loans.into_iter().find(|running| running.id == loan).ok_or(PageError::NotFound)?;
            operator
                .note(Event::new(operator.by(), Action::EndLoan).upon(whole.id).because(format!("to {}", loan.to)))?;
            match console.vault.end_loan(loan.id, &operator.login, now()) {
                // It ended by itself a moment ago: that is what was asked for.
                Ok(_) | Err(Refusal::Over) => Ok(back_to(&whole.id)),
                Err(refusal) => {
                    answer(console, &whole, &operator, Outcome::Refused(details::explain(refusal)?, String::new()))
                }
            }
        })
        .await
}

/// Shows the contact to whom it was lent, for minutes, each time anew and each time noted.
async fn open(
    State(console): State<Console>,
    operator: Operator,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    console
        .work(move |console| {
            let whole = opinion::read(console, &id)?;
            operator.must(Right::OpenLent, opinion::about(&whole), &id)?;
            let Some(loan) = console.vault.lent_to(&whole.id, &operator.login, now())? else {
                operator.note(
                    Event::new(operator.by(), Action::OpenDetails).upon(whole.id).because("nothing is lent").refused(),
                )?;
                let over = both("refused-request-over");
                return answer(console, &whole, &operator, Outcome::Refused(over, String::new()));
            };
            let docs = console.ledger.records_of(&whole.id)?;
            let because =
                format!("contact, lent by {} until {}: {}", loan.by, loan.until.date_and_minute(), loan.reason);
            operator.note(Event::new(operator.by(), Action::OpenDetails).upon(whole.id).because(because))?;
            let outcome = match console.vault.open_lent(&loan, &docs, now()) {
                Ok(grant) => Outcome::Opened(grant),
                Err(refusal) => Outcome::Refused(details::explain(refusal)?, String::new()),
            };
            answer(console, &whole, &operator, outcome)
        })
        .await
}

/// To whom the contact of this opinion may be lent.
fn borrowers(console: &Console, whole: &Whole) -> Result<Vec<User>, PageError> {
    let mut users = console.users.list()?;
    let may = |user: &User| user.mandate.allows(Right::OpenLent, opinion::about(whole));
    users.retain(|user| user.disabled_at.is_none() && may(user));
    Ok(users)
}

/// What of the pane of details is about loans; to be shown where there is a contact.
pub(super) fn part(console: &Console, whole: &Whole, operator: &Operator) -> Result<Markup, PageError> {
    let loans = console.vault.loans(&whole.id, now())?;
    let may_lend = operator.may(Right::LendContact, opinion::about(whole));
    let is_mine = |to: &str| *operator.login == *to && operator.may(Right::OpenLent, opinion::about(whole));
    let values = |by: &str, to: &str, until: &str| {
        [("by", console.name_of(by).into()), ("to", console.name_of(to).into()), ("until", until.to_owned().into())]
    };
    let borrowers = if may_lend { borrowers(console, whole)? } else { Vec::new() };
    Ok(html! {
        @for loan in &loans {
            @let until = loan.until.date_and_minute();
            @if is_mine(&loan.to) {
                div.request data-lent {
                    p { (say_with("loan-mine", &values(&loan.by, &loan.to, &until)[..])) " · " (web::page::spoken(&loan.reason)) }
                    form method="post" action={ "/opinion/" (whole.id) "/open-lent" } data-act="open-lent" { button.go { (say("loan-open")) } }
                }
            } @else if may_lend {
                div.request data-loan=(loan.id) {
                    p { (say_with("loan-runs", &values(&loan.by, &loan.to, &until)[..])) " · " (web::page::spoken(&loan.reason)) }
                    form method="post" action={ "/opinion/" (whole.id) "/end-loan" } data-act="end-loan" {
                        input type="hidden" name="loan" value=(loan.id);
                        button { (say("loan-end")) }
                    }
                }
            }
        }
        @if !borrowers.is_empty() {
            details.act #act-lend data-form="lend" {
                summary { b { (say("loans")) } }
                form method="post" action={ "/opinion/" (whole.id) "/lend" } data-act="lend" {
                    p.hint { (say("loan-hint")) }
                    label {
                        span.label { (say("loan-to")) }
                        select name="to" required {
                            option value="" { (line("choose")) }
                            @for user in &borrowers { option value=(user.login) { (user.name) " " (user.login) @for role in &user.mandate.roles { " · " (role.zh()) } @if !user.mandate.body.is_empty() { " " (user.mandate.body) } } }
                        }
                    }
                    label {
                        span.label { (say("loan-days")) }
                        select name="days" { @for days in DAYS { option value=(days) { (one_line(&both_with("loan-days-count", &[("days", days.into())]))) } } }
                    }
                    label { span.label { (say("open-reason")) } input name="reason" required maxlength=(REASON_CHARS_MAX) autocomplete="off"; }
                    div { button.go type="submit" { (say("loan-go")) } }
                }
            }
        }
    })
}
