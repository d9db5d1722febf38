//! One's own account 本人账号: the password, the second factor, where one is signed in.

use std::collections::BTreeMap;

use axum::{
    extract::{Form, State, rejection::FormRejection},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use civic_core::{
    access::operator::Right,
    id::{from_hex, hex},
    time::UnixSeconds,
    wording::Both,
};
use maud::{Markup, html};

use super::{
    Console,
    error::PageError,
    frame::{self, Place},
    now,
    operator::{Due, Operator},
    passkey,
    routes::Routes,
    words::{area_word, both, both_with, moment, say, say_with},
};
use crate::{
    audit::{Action, Event},
    user::{
        Proof,
        password::{self, BadPassword},
        session::{SessionId, SessionLine},
        totp::Secret,
    },
};

pub(super) fn routes() -> Routes {
    Routes::default()
        .get("/account", Right::OwnAccount, page)
        .post("/account/password", Right::OwnAccount, set_password)
        .post("/account/factor", Right::OwnAccount, set_factor)
        .post("/account/end", Right::OwnAccount, end_session)
        .post("/account/end-others", Right::OwnAccount, end_others)
}

type Posted = Result<Form<BTreeMap<String, String>>, FormRejection>;

/// Which form was refused, and why.
struct Refused {
    form: &'static str,
    reason: Both,
    /// The secret that was being set up, so that the telephone need not read another.
    secret: Option<Secret>,
}

async fn page(State(console): State<Console>, operator: Operator) -> Result<Markup, PageError> {
    console.work(move |console| show(console, &operator, None)).await
}

async fn set_password(State(console): State<Console>, operator: Operator, form: Posted) -> Result<Response, PageError> {
    let Form(given) = form?;
    let _turn = console.users.turnstile.turn().await.ok_or(PageError::Busy)?;
    console
        .work(move |console| {
            let value = |name: &str| given.get(name).map_or("", String::as_str);
            let refuse = |reason| refuse(console, &operator, "password", reason);
            let (old, new) = (value("old"), value("new"));
            if new != value("again") {
                return refuse(both("account-not-twice"));
            }
            if let Err(bad) = password::check(&operator.login, new) {
                return refuse(bad_password(bad));
            }
            if old == new {
                return refuse(both("account-same"));
            }
            let Proof::Right(user) = console.users.prove(&operator.login, old, &operator.address)? else {
                operator.note(Event::new(operator.by(), Action::SetPassword).refused())?;
                return refuse(both("account-wrong-password"));
            };
            operator.note(Event::new(operator.by(), Action::SetPassword))?;
            console.users.set_password(&user, &password::stretch(new))?;
            // Whoever knew the old one is out.
            console.users.end_all(&user, Some(&operator.session))?;
            Ok(back())
        })
        .await
}

async fn set_factor(State(console): State<Console>, operator: Operator, form: Posted) -> Result<Response, PageError> {
    let Form(given) = form?;
    let _turn = console.users.turnstile.turn().await.ok_or(PageError::Busy)?;
    console
        .work(move |console| {
            let value = |name: &str| given.get(name).map_or("", String::as_str);
            let secret = Secret::parse(value("secret")).ok_or(PageError::BadRequest)?;
            let refuse =
                |reason| again(console, &operator, Refused { form: "factor", reason, secret: Some(secret.clone()) });
            let Some(step) = secret.step_of(value("code"), now().0, 0) else {
                return refuse(both("sign-in-wrong-code"));
            };
            let Proof::Right(user) = console.users.prove(&operator.login, value("password"), &operator.address)? else {
                operator.note(Event::new(operator.by(), Action::SetFactor).refused())?;
                return refuse(both("account-wrong-password"));
            };
            operator.note(Event::new(operator.by(), Action::SetFactor))?;
            console.users.set_totp(&user, &secret, step)?;
            Ok(back())
        })
        .await
}

async fn end_session(State(console): State<Console>, operator: Operator, form: Posted) -> Result<Response, PageError> {
    let Form(given) = form?;
    let id = session_in(&given).ok_or(PageError::BadRequest)?;
    console
        .work(move |console| {
            // Only one's own: another's is ended on the page of users.
            let own = console.users.sessions(Some(&operator.login))?;
            if !own.iter().any(|session| session.id == id) {
                return Err(PageError::NotFound);
            }
            operator.did(Action::EndSession, &operator.login)?;
            console.users.end(&id)?;
            Ok(back())
        })
        .await
}

async fn end_others(State(console): State<Console>, operator: Operator) -> Result<Response, PageError> {
    console
        .work(move |console| {
            let user = console.users.find(&operator.login)?;
            operator.did(Action::EndSession, &operator.login)?;
            console.users.end_all(&user, Some(&operator.session))?;
            Ok(back())
        })
        .await
}

pub(super) fn session_in(given: &BTreeMap<String, String>) -> Option<SessionId> {
    from_hex(given.get("session")?)?.try_into().ok()
}

/// Why a password is not taken, as a sentence.
pub(super) fn bad_password(bad: BadPassword) -> Both {
    match bad {
        BadPassword::Length => {
            both_with("account-length", &[("least", password::CHARS_MIN.into()), ("most", password::CHARS_MAX.into())])
        }
        BadPassword::Easy => both("account-easy"),
    }
}

/// The page again, with the reason beside the form that was refused.
pub(super) fn refuse(
    console: &Console,
    operator: &Operator,
    form: &'static str,
    reason: Both,
) -> Result<Response, PageError> {
    again(console, operator, Refused { form, reason, secret: None })
}

fn back() -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, "/account")]).into_response()
}

fn again(console: &Console, operator: &Operator, refused: Refused) -> Result<Response, PageError> {
    Ok((StatusCode::UNPROCESSABLE_ENTITY, show(console, operator, Some(&refused))?).into_response())
}

fn show(console: &Console, operator: &Operator, refused: Option<&Refused>) -> Result<Markup, PageError> {
    let user = console.users.find(&operator.login)?;
    let refusal = |form: &str| html! { @if let Some(found) = refused.filter(|found| found.form == form) { p.refusal role="alert" { (web::page::both(&found.reason)) } } };
    let secret = refused.and_then(|refused| refused.secret.clone()).unwrap_or_else(Secret::draw);
    let mandate = &operator.mandate;
    let body = html! {
        h1.unseen { (say("account")) }
        @if let Some(due) = operator.due {
            p.notice role="status" data-due { @match due { Due::Password => (say("account-due-password")), Due::Factor => (say("account-due-factor")) } }
        }
        section #who {
            h2 { (operator.name) " " code { (operator.login) } }
            p {
                @for role in &mandate.roles { span.chip { (role.zh()) " " span.en lang="en" { (role.word()) } } " " }
                (web::page::both(&area_word(console.ledger.codebook(), &mandate.area)))
                @if !mandate.body.is_empty() { " · " (mandate.body) }
            }
        }
        section #password {
            h2 { (say("account-password")) }
            (refusal("password"))
            form.fields method="post" action="/account/password" data-act="password" {
                input type="text" name="login" value=(operator.login) autocomplete="username" hidden;
                (secret_field("old", &say("account-old"), "current-password"))
                (secret_field("new", &say("account-new"), "new-password"))
                (secret_field("again", &say("account-again"), "new-password"))
                button.go { (say("account-password-go")) }
            }
            p.hint { (say_with("account-length", &[("least", password::CHARS_MIN.into()), ("most", password::CHARS_MAX.into())])) }
        }
        section #factor data-factor=(user.has_factor) {
            h2 { (say("account-factor")) }
            p { @if user.has_totp { (say("account-factor-is")) } @else if user.has_factor { (say("account-factor-passkey")) } @else { (say("account-factor-none")) } }
            (refusal("factor"))
            details open[!user.has_factor || refused.is_some_and(|refused| refused.form == "factor")] {
                summary { @if user.has_totp { (say("account-factor-anew")) } @else { (say("account-factor-set")) } }
                div.factor {
                    @if let Some(code) = web::code::square(&secret.address(&operator.login)) { (code) }
                    form.fields method="post" action="/account/factor" data-act="factor" {
                        p.hint { (say("account-factor-how")) }
                        p.digits data-secret=(secret.text()) { (grouped(&secret.text())) }
                        input type="hidden" name="secret" value=(secret.text());
                        (secret_field("password", &say("account-old"), "current-password"))
                        label { span.label { (say("sign-in-code")) } input.digits name="code" inputmode="numeric" autocomplete="one-time-code" maxlength="8" required; }
                        button.go { (say("account-factor-go")) }
                    }
                }
            }
        }
        (passkey::section(console, &user, operator, &refusal("passkey"))?)
        section #sessions {
            h2 { (say("sessions")) }
            (session_table(&console.users.sessions(Some(&operator.login))?, &operator.session, "/account/end", false))
            form method="post" action="/account/end-others" data-act="end-others" { button { (say("sessions-end-others")) } }
        }
    };
    Ok(frame::page(&both("account"), Place::Account, operator, console.waiting()?, body))
}

/// Sessions, each with a button that ends it; `with_user` for those of everybody.
pub(super) fn session_table(sessions: &[SessionLine], own: &SessionId, action: &str, with_user: bool) -> Markup {
    html! {
        table {
            thead { tr {
                @if with_user { th { (say("user-login")) } }
                th { (say("session-address")) } th { (say("session-agent")) } th.time { (say("session-since")) } th.time { (say("session-seen")) } th.doing { (say("device-act")) }
            } }
            tbody {
                @for session in sessions {
                    tr data-session=(hex(&session.id)) {
                        @if with_user { th scope="row" { (session.name) " " code { (session.login) } } }
                        td { code { (session.address) } }
                        td.agent { (web::page::spoken(&session.agent)) }
                        td.time { (moment(UnixSeconds(session.made_at))) }
                        td.time { (moment(UnixSeconds(session.seen_at))) }
                        td.doing {
                            @if session.id == *own { span.hint { (say("session-this")) } } @else {
                                form method="post" action=(action) data-act="end-session" {
                                    input type="hidden" name="session" value=(hex(&session.id));
                                    button { (say("session-end")) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn secret_field(name: &str, label: &Markup, autocomplete: &str) -> Markup {
    html! { label { span.label { (label) } input type="password" name=(name) autocomplete=(autocomplete) required; } }
}

fn grouped(text: &str) -> String {
    text.as_bytes().chunks(4).map(|four| String::from_utf8_lossy(four)).collect::<Vec<_>>().join(" ")
}
