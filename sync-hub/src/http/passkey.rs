//! Passkeys 通行密钥 at the pages: signing in with one, adding one, taking one away.
//!
//! The script `passkey.js` asks the browser and fills the forms in. Where it does not run, or the browser has no passkeys, the
//! forms stay hidden, and one signs in with password and digits.

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
};
use maud::{Markup, html};

use super::{
    Console, account,
    error::PageError,
    operator::Operator,
    routes::Routes,
    session::Caller,
    sign_in,
    words::{both, line, moment, say},
};
use crate::{
    audit::{Action, By, Event},
    user::{
        Proof, User,
        passkey::{Answer, KEYS_MAX, NAME_CHARS_MAX, Place, Proved},
    },
};

pub(super) fn routes() -> Routes {
    Routes::default().open_form("/sign-in/passkey", enter).post("/account/passkey", Right::OwnAccount, add).post(
        "/account/passkey/remove",
        Right::OwnAccount,
        remove,
    )
}

type Posted = Result<Form<BTreeMap<String, String>>, FormRejection>;

/// What a browser answered, out of a form.
struct Sent {
    credential: Vec<u8>,
    client_data: Vec<u8>,
    authenticator: Vec<u8>,
    signature: Vec<u8>,
}

impl Sent {
    fn read(given: &BTreeMap<String, String>) -> Result<Self, PageError> {
        let bytes = |name: &str| given.get(name).and_then(|text| from_hex(text)).ok_or(PageError::BadRequest);
        Ok(Self {
            credential: bytes("credential")?,
            client_data: bytes("client_data")?,
            authenticator: bytes("authenticator")?,
            signature: bytes("signature")?,
        })
    }

    fn answer(&self) -> Answer<'_> {
        let Self { credential, client_data, authenticator, signature } = self;
        Answer { credential, client_data, authenticator, signature }
    }
}

/// Signs in with a passkey: alone, or instead of the digits after the password.
async fn enter(State(console): State<Console>, caller: Caller, form: Posted) -> Result<Response, PageError> {
    let Form(given) = form?;
    let sent = Sent::read(&given)?;
    console
        .work(move |console| {
            let to = given.get("to").map_or("/", String::as_str);
            let place = Place { host: &caller.host };
            let Proved { proof, doubt } = console.users.prove_passkey(&sent.answer(), &place, &caller.address)?;
            let is_last = match proof {
                Proof::Right(user) => {
                    // Whoever came from the password has no use for that half any more.
                    if let Some(half) = caller.session() {
                        console.users.end(&half.id())?;
                    }
                    return sign_in::let_in(console, &caller, &user, to, "passkey");
                }
                Proof::Wrong { is_last } => is_last,
                Proof::Wait => true,
            };
            if let Some((doubt, login)) = doubt {
                let by = || By::stranger(login.as_deref().unwrap_or_default(), &caller.address);
                console.audit.note(&Event::new(by(), Action::SignIn).because(doubt.words()).refused())?;
                if is_last {
                    console.audit.note(&Event::new(by(), Action::Lock).refused())?;
                }
            }
            let (status, sentence) = match is_last {
                true => (StatusCode::TOO_MANY_REQUESTS, both("sign-in-wait")),
                false => (StatusCode::UNAUTHORIZED, both("passkey-wrong")),
            };
            Ok((status, sign_in::first(console, to, "", Some(&sentence))).into_response())
        })
        .await
}

async fn add(
    State(console): State<Console>,
    caller: Caller,
    operator: Operator,
    form: Posted,
) -> Result<Response, PageError> {
    let Form(given) = form?;
    let sent = Sent::read(&given)?;
    let _turn = console.users.turnstile.turn().await.ok_or(PageError::Busy)?;
    console
        .work(move |console| {
            let value = |name: &str| given.get(name).map_or("", String::as_str);
            let event = || Event::new(operator.by(), Action::SetFactor).because("passkey added");
            // Whoever only found the browser open must not leave a key of their own behind.
            let Proof::Right(user) = console.users.prove(&operator.login, value("password"), &operator.address)? else {
                operator.note(event().refused())?;
                return account::refuse(console, &operator, "passkey", both("account-wrong-password"));
            };
            let name = Some(value("name").trim()).filter(|name| !name.is_empty()).unwrap_or("passkey");
            if !console.users.add_passkey(&user, &sent.answer(), &Place { host: &caller.host }, name)? {
                operator.note(event().refused())?;
                return account::refuse(console, &operator, "passkey", both("passkey-not-added"));
            }
            operator.note(event())?;
            Ok(back())
        })
        .await
}

async fn remove(State(console): State<Console>, operator: Operator, form: Posted) -> Result<Response, PageError> {
    let Form(given) = form?;
    let credential = given.get("credential").and_then(|text| from_hex(text)).ok_or(PageError::BadRequest)?;
    console
        .work(move |console| {
            let user = console.users.find(&operator.login)?;
            operator.note(Event::new(operator.by(), Action::SetFactor).because("passkey taken away"))?;
            if !console.users.remove_passkey(&user, &credential)? {
                return Err(PageError::NotFound);
            }
            Ok(back())
        })
        .await
}

fn back() -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, "/account")]).into_response()
}

/// The form by which one signs in without a password; hidden where the browser cannot.
pub(super) fn entry(console: &Console, to: &str) -> Markup {
    html! {
        form.passkey method="post" action="/sign-in/passkey" data-passkey="get" data-challenge=(hex(&console.users.challenges.draw())) hidden {
            input type="hidden" name="to" value=(to);
            (fields())
            button type="submit" { (say("passkey-enter")) }
            p.refusal data-failed role="alert" hidden { (say("passkey-failed")) }
        }
    }
}

/// One's own passkeys, and the form for another.
pub(super) fn section(
    console: &Console,
    user: &User,
    operator: &Operator,
    refusal: &Markup,
) -> Result<Markup, PageError> {
    let keys = console.users.passkeys(user)?;
    Ok(html! {
        section #passkeys data-keys=(keys.len()) {
            h2 { (say("passkeys")) }
            p { (say("passkeys-hint")) }
            (refusal)
            @if !keys.is_empty() {
                table {
                    thead { tr { th { (say("passkey-name")) } th.time { (say("passkey-since")) } th.doing { (say("device-act")) } } }
                    tbody {
                        @for key in &keys {
                            tr data-key=(hex(&key.credential)) {
                                th scope="row" { (web::page::spoken(&key.name)) }
                                td.time { (moment(UnixSeconds(key.added_at))) }
                                td.doing {
                                    form method="post" action="/account/passkey/remove" data-act="remove-passkey" {
                                        input type="hidden" name="credential" value=(hex(&key.credential));
                                        button { (say("passkey-remove")) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
            @if keys.len() < KEYS_MAX {
                details.sure data-passkey-details hidden {
                    summary { (say("passkey-add")) }
                    form.fields method="post" action="/account/passkey" data-passkey="create" data-challenge=(hex(&console.users.challenges.draw()))
                        data-login=(operator.login) data-name=(operator.name) hidden {
                        (fields())
                        label { span.label { (say("passkey-name")) } input name="name" maxlength=(NAME_CHARS_MAX) placeholder=(line("passkey-name-hint")) autocomplete="off"; }
                        label { span.label { (say("account-old")) } input type="password" name="password" autocomplete="current-password" required; }
                        button.go type="submit" { (say("passkey-add")) }
                        p.refusal data-failed role="alert" hidden { (say("passkey-failed")) }
                    }
                }
            }
            p.hint data-no-passkey { (say("passkey-none-here")) }
        }
    })
}

/// What the script fills in.
fn fields() -> Markup {
    html! {
        @for name in ["credential", "client_data", "authenticator", "signature"] { input type="hidden" name=(name); }
    }
}
