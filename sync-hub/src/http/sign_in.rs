//! Signing in 登录 and out: the name and the password, then the second factor, or a passkey alone; then a session.

use axum::{
    extract::{Form, Query, State, rejection::FormRejection},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use civic_core::{access::operator::Right, wording::Both};
use maud::{Markup, html};
use serde::Deserialize;

use super::{
    Console,
    error::PageError,
    frame,
    operator::Operator,
    passkey,
    routes::Routes,
    session::{Caller, cookie},
    words::{both, in_address, line, say},
};
use crate::{
    audit::{Action, By, Event},
    user::{
        Proof, User,
        session::{SessionId, SessionKey, Stage},
    },
};

pub(super) fn routes() -> Routes {
    Routes::default()
        .open("/sign-in", page)
        .open_form("/sign-in", sign_in)
        .open("/sign-in/second", second_page)
        .open_form("/sign-in/second", second)
        .post("/sign-out", Right::OwnAccount, sign_out)
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Arrival {
    to: String,
}

#[derive(Deserialize)]
struct Given {
    login: String,
    password: String,
    #[serde(default)]
    to: String,
}

#[derive(Deserialize)]
struct Second {
    code: String,
    #[serde(default)]
    to: String,
}

/// The page that sends somebody here who is not signed in.
pub(super) fn go(to: &str) -> Response {
    let address = if to == "/" { "/sign-in".to_owned() } else { format!("/sign-in?to={}", in_address(to)) };
    see(&address, None)
}

fn see(address: &str, key: Option<&SessionKey>) -> Response {
    let response = (StatusCode::SEE_OTHER, [(header::LOCATION, address.to_owned())]).into_response();
    match key {
        Some(key) => ([cookie(Some(key))], response).into_response(),
        None => response,
    }
}

/// Only a page of these: another site's would be a trap.
fn inside(to: &str) -> &str {
    let is_inside = to.starts_with('/') && !to.starts_with("//") && !to.contains(['\\', '\r', '\n', '\t']);
    if is_inside { to } else { "/" }
}

async fn page(State(console): State<Console>, Query(arrival): Query<Arrival>) -> Markup {
    first(&console, &arrival.to, "", None)
}

async fn sign_in(
    State(console): State<Console>,
    caller: Caller,
    given: Result<Form<Given>, FormRejection>,
) -> Result<Response, PageError> {
    let Form(given) = given?;
    let Some(_turn) = console.users.turnstile.turn().await else {
        let busy = first(&console, &given.to, &given.login, Some(&both("sign-in-busy")));
        return Ok((StatusCode::SERVICE_UNAVAILABLE, busy).into_response());
    };
    console
        .work(move |console| {
            let login = given.login.trim();
            match console.users.prove(login, &given.password, &caller.address)? {
                Proof::Right(user) if user.has_factor => {
                    let key = console.users.begin(&user, Stage::Second, &caller.address, &caller.agent)?;
                    Ok(see(&format!("/sign-in/second?to={}", in_address(inside(&given.to))), Some(&key)))
                }
                Proof::Right(user) => let_in(console, &caller, &user, &given.to, "password"),
                proof @ (Proof::Wrong { .. } | Proof::Wait) => {
                    // What was typed as a name may be a password: only names that there are go into the log.
                    let known = console.users.find(login).map(|user| user.login).unwrap_or_default();
                    note_refusal(console, &caller, &known, &proof)?;
                    let (status, reason) = refusal(&proof, both("sign-in-wrong"));
                    Ok((status, first(console, &given.to, login, Some(&reason))).into_response())
                }
            }
        })
        .await
}

async fn second_page(
    State(console): State<Console>,
    caller: Caller,
    Query(arrival): Query<Arrival>,
) -> Result<Markup, PageError> {
    console
        .work(move |console| {
            let user = half_signed_in(console, &caller)?.map(|(_, user)| user);
            Ok(second_form(console, user.as_ref(), &arrival.to, None))
        })
        .await
}

/// Whose password was right a moment ago, and the session that says so.
fn half_signed_in(console: &Console, caller: &Caller) -> Result<Option<(SessionId, User)>, PageError> {
    let Some(half) = caller.session().map(|key| key.id()) else { return Ok(None) };
    Ok(console.users.session(&half, Stage::Second, false)?.map(|user| (half, user)))
}

async fn second(
    State(console): State<Console>,
    caller: Caller,
    given: Result<Form<Second>, FormRejection>,
) -> Result<Response, PageError> {
    let Form(given) = given?;
    console
        .work(move |console| {
            let Some((half, user)) = half_signed_in(console, &caller)? else { return Ok(go(inside(&given.to))) };
            match console.users.prove_totp(&user, &given.code, &caller.address)? {
                Proof::Right(user) => {
                    console.users.end(&half)?;
                    let_in(console, &caller, &user, &given.to, "password and digits")
                }
                proof @ (Proof::Wrong { .. } | Proof::Wait) => {
                    note_refusal(console, &caller, &user.login, &proof)?;
                    let (status, reason) = refusal(&proof, both("sign-in-wrong-code"));
                    Ok((status, second_form(console, Some(&user), &given.to, Some(&reason))).into_response())
                }
            }
        })
        .await
}

/// Signed in by these means: a session with a secret that nobody had before.
pub(super) fn let_in(
    console: &Console,
    caller: &Caller,
    user: &User,
    to: &str,
    means: &str,
) -> Result<Response, PageError> {
    let by = By::operator(&user.login, &user.mandate.roles, &caller.address);
    console.audit.note(&Event::new(by, Action::SignIn).because(means))?;
    let key = console.users.begin(user, Stage::Full, &caller.address, &caller.agent)?;
    let to = Some(inside(to)).filter(|to| *to != "/").unwrap_or_else(|| frame::home(&user.mandate));
    Ok(see(to, Some(&key)))
}

fn note_refusal(console: &Console, caller: &Caller, login: &str, proof: &Proof) -> Result<(), PageError> {
    let event = |action| Event::new(By::stranger(login, &caller.address), action).refused();
    match proof {
        Proof::Right(_) => {}
        Proof::Wrong { is_last } => {
            console.audit.note(&event(Action::SignIn))?;
            if *is_last {
                console.audit.note(&event(Action::Lock))?;
            }
        }
        // Said once, when the waiting began: a flood must not fill the log.
        Proof::Wait => {}
    }
    Ok(())
}

fn refusal(proof: &Proof, wrong: Both) -> (StatusCode, Both) {
    match proof {
        Proof::Wait | Proof::Wrong { is_last: true } => (StatusCode::TOO_MANY_REQUESTS, both("sign-in-wait")),
        Proof::Wrong { is_last: false } | Proof::Right(_) => (StatusCode::UNAUTHORIZED, wrong),
    }
}

async fn sign_out(State(console): State<Console>, operator: Operator) -> Result<Response, PageError> {
    console
        .work(move |console| {
            operator.note(Event::new(operator.by(), Action::SignOut))?;
            console.users.end(&operator.session)?;
            Ok(([cookie(None)], see("/sign-in", None)).into_response())
        })
        .await
}

/// The page on which one signs in.
pub(super) fn first(console: &Console, to: &str, login: &str, refusal: Option<&Both>) -> Markup {
    let fields = html! {
        form method="post" action="/sign-in" data-act="sign-in" {
            input type="hidden" name="to" value=(inside(to));
            label {
                span.label { (say("sign-in-login")) }
                input name="login" value=(login) autocomplete="username" autocapitalize="none" spellcheck="false" required autofocus[login.is_empty()];
            }
            label {
                span.label { (say("sign-in-password")) }
                input type="password" name="password" autocomplete="current-password" required autofocus[!login.is_empty()];
            }
            button.go type="submit" { (say("sign-in-go")) }
        }
        (passkey::entry(console, inside(to)))
        p.hint { (say("sign-in-help")) }
    };
    whole(&fields, refusal)
}

/// What comes behind the password: the digits of whoever has them, or a passkey.
fn second_form(console: &Console, user: Option<&User>, to: &str, refusal: Option<&Both>) -> Markup {
    let fields = html! {
        @if user.is_none_or(|user| user.has_totp) {
            form method="post" action="/sign-in/second" data-act="second" {
                input type="hidden" name="to" value=(inside(to));
                label {
                    span.label { (say("sign-in-code")) }
                    input.digits name="code" inputmode="numeric" autocomplete="one-time-code" maxlength="8" required autofocus;
                }
                button.go type="submit" { (say("sign-in-go")) }
            }
            p.hint { (say("sign-in-code-help")) }
        } @else { p { (say("passkey-only")) } }
        (passkey::entry(console, inside(to)))
        p { a href="/sign-in" { (say("sign-in-again")) } }
    };
    whole(&fields, refusal)
}

fn whole(fields: &Markup, refusal: Option<&Both>) -> Markup {
    let body = html! {
        main.sign-in {
            section {
                h1 { span.brand { (line("brand")) } " " (say("sign-in")) }
                @if let Some(reason) = refusal { p.refusal role="alert" { (web::page::both(reason)) } }
                (fields)
            }
        }
    };
    web::page::whole(&both("sign-in"), "/assets/console.css", &["/assets/passkey.js"], body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_signing_in_one_goes_nowhere_else_than_here() {
        for trap in ["https://evil.example", "//evil.example", "/\\evil.example", "evil", "", "/a\r\nx: y"] {
            assert_eq!(inside(trap), "/", "{trap:?}");
        }
        assert_eq!(inside("/opinion/7?done=1"), "/opinion/7?done=1");
    }
}
