//! Openings 开启: the requests that wait for a second person, who opened how often, and whose number it is that calls.

use axum::{
    extract::{Form, State, rejection::FormRejection},
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use civic_core::access::operator::Right;
use maud::{Markup, html};
use serde::Deserialize;

use super::{
    Console, Operator, details,
    error::PageError,
    frame::{self, Place},
    now, opinion,
    routes::Routes,
    words::{both, moment, say},
};
use crate::{
    audit::{Action, Event},
    vault::request::{Count, Request},
};

pub(super) fn routes() -> Routes {
    Routes::default()
        .get("/openings", Right::ApproveOpening, waiting)
        .post("/openings/decide", Right::ApproveOpening, decide)
        .get("/openings/counts", Right::ReadAudit, counts)
        .get("/caller", Right::OpenDetails, caller)
        .post("/caller", Right::OpenDetails, find)
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Deciding {
    request: i64,
    agrees: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Calling {
    phone: String,
}

async fn waiting(State(console): State<Console>, operator: Operator) -> Result<Markup, PageError> {
    console
        .work(move |console| {
            let mut shown = Vec::new();
            for request in console.vault.waiting(now())? {
                let Some(whole) = console.ledger.opinion(&request.record)? else { continue };
                if operator.may(Right::ApproveOpening, opinion::about(&whole)) {
                    shown.push((request, whole));
                }
            }
            let body = html! {
                section #openings data-waiting=(shown.len()) {
                    h1 { (say("openings")) }
                    p.hint { (say("openings-hint")) }
                    @if shown.is_empty() { p { (say("openings-none")) } }
                    @for (request, whole) in &shown {
                        div.request data-request=(request.id) {
                            p { a href={ "/opinion/" (whole.id) } { (opinion::name_of(whole)) } " · " (details::topic(console, whole)) }
                            p { b { (web::page::spoken(&console.name_of(&request.by))) } " · " (details::what_word(request.what)) " · " (web::page::spoken(&request.reason)) " · " (moment(request.at)) }
                            @if request.by == *operator.login { p.hint { (say("refused-same-person")) } }
                            @else { (details::decision_forms(request)) }
                        }
                    }
                }
            };
            Ok(frame::page(&both("openings"), Place::Details, &operator, console.waiting()?, body))
        })
        .await
}

async fn decide(
    State(console): State<Console>,
    operator: Operator,
    form: Result<Form<Deciding>, FormRejection>,
) -> Result<Response, PageError> {
    let Form(Deciding { request, agrees }) = form?;
    let agrees = match agrees.as_str() {
        "1" => true,
        "0" => false,
        _ => return Err(PageError::BadRequest),
    };
    console
        .work(move |console| {
            let asked = console.vault.request(request, now())?.ok_or(PageError::NotFound)?;
            let id = asked.record.to_string();
            let whole = opinion::read(console, &id)?;
            operator.must(Right::ApproveOpening, opinion::about(&whole), &id)?;
            let word = if agrees { "agreed" } else { "declined" };
            let event = Event::new(operator.by(), Action::ApproveOpening).upon(&id).because(format!(
                "{word}, {} for {}: {}",
                asked.what.word(),
                asked.by,
                asked.reason
            ));
            match console.vault.decide(request, &operator.login, agrees, now()) {
                Ok(_) => {
                    operator.note(event)?;
                    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, "/openings")]).into_response())
                }
                Err(refusal) => {
                    operator.note(event.refused())?;
                    let sentence = details::explain(refusal)?;
                    Ok((StatusCode::CONFLICT, frame::sorry(&sentence)).into_response())
                }
            }
        })
        .await
}

/// For the auditor: no word of anybody, only who opened how often, and for what.
async fn counts(State(console): State<Console>, operator: Operator) -> Result<Markup, PageError> {
    console
        .work(move |console| {
            operator.did(Action::ReadAudit, "openings")?;
            let (counts, latest) = (console.vault.counts()?, console.vault.latest_requests(now())?);
            let body = html! {
                section #counts {
                    h1 { (say("opening-counts")) }
                    @if counts.is_empty() { p { (say("openings-never")) } } @else { (count_table(console, &counts)) }
                }
                section #latest {
                    h2 { (say("opening-latest")) }
                    @if latest.is_empty() { p { (say("openings-never")) } } @else { (latest_table(console, &latest)) }
                }
            };
            Ok(frame::page(&both("opening-counts"), Place::Details, &operator, console.waiting()?, body))
        })
        .await
}

/// An auditor needs both names: the one that people know, and the one under which the log has it.
fn who(console: &Console, login: &str) -> Markup {
    html! { (web::page::spoken(&console.name_of(login))) " " code { (login) } }
}

fn count_table(console: &Console, counts: &[Count]) -> Markup {
    html! {
        table {
            thead { tr { th { (say("opening-by")) } th.count { (say("detail-contact")) } th.count { (say("open-said")) } th.time { (say("opening-last")) } } }
            tbody {
                @for Count { by, contacts, said, last } in counts {
                    tr data-by=(by) { th scope="row" { (who(console, by)) } td.count { (contacts) } td.count { (said) } td.time { (moment(*last)) } }
                }
            }
        }
    }
}

fn latest_table(console: &Console, latest: &[Request]) -> Markup {
    html! {
        table {
            thead { tr { th.time { (say("opening-at")) } th { (say("opening-by")) } th { (say("opening-record")) } th { (say("opening-what")) } th { (say("open-reason")) } th { (say("opening-standing")) } } }
            tbody {
                @for request in latest {
                    tr {
                        td.time { (moment(request.at)) }
                        td { (who(console, &request.by)) }
                        td { code { (request.record) } }
                        td { (details::what_word(request.what)) }
                        td { (web::page::spoken(&request.reason)) }
                        td { (details::standing_word(request)) }
                    }
                }
            }
        }
    }
}

async fn caller(State(console): State<Console>, operator: Operator) -> Result<Markup, PageError> {
    console.work(move |console| caller_page(console, &operator, html! {})).await
}

/// Which opinions have this telephone number. Nothing is opened: whoever asks knows the number already.
async fn find(
    State(console): State<Console>,
    operator: Operator,
    form: Result<Form<Calling>, FormRejection>,
) -> Result<Markup, PageError> {
    let Form(Calling { phone }) = form?;
    console
        .work(move |console| {
            operator.note(Event::new(operator.by(), Action::OpenDetails).upon("telephone").because("looked up by number"))?;
            let mut found = Vec::new();
            for doc in console.vault.find(&phone)? {
                let Some(home) = console.ledger.home_of(&doc)? else { continue };
                let Some(whole) = console.ledger.opinion(&home.opinion)? else { continue };
                if operator.may(Right::OpenDetails, opinion::about(&whole)) {
                    found.push(whole);
                }
            }
            caller_page(console, &operator, html! {
                div #found data-found=(found.len()) {
                    @if found.is_empty() { p { (say("caller-none")) } }
                    @for whole in &found { p { a href={ "/opinion/" (whole.id) } { (opinion::name_of(whole)) } " · " (details::topic(console, whole)) " · " (moment(whole.opinion.filed.at)) } }
                }
            })
        })
        .await
}

fn caller_page(console: &Console, operator: &Operator, found: Markup) -> Result<Markup, PageError> {
    let body = html! {
        section #caller {
            h1 { (say("caller")) }
            p.hint { (say("caller-hint")) }
            form method="post" action="/caller" data-act="caller" {
                label { span.label { (say("caller-phone")) } input name="phone" type="tel" autocomplete="off" maxlength="30"; }
                button.go { (say("caller-go")) }
            }
            (found)
        }
    };
    Ok(frame::page(&both("caller"), Place::Details, operator, console.waiting()?, body))
}
