//! Users 用户: who may sign in, as what and where; and who is signed in now.

use std::collections::BTreeMap;

use axum::{
    extract::{Form, State, rejection::FormRejection},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use civic_core::{
    access::operator::{About, Mandate, OperatorRole, Right},
    area::Area,
    time::UnixSeconds,
    wording::Both,
};
use maud::{Markup, html};

use super::{
    Console,
    account::{session_in, session_table},
    error::PageError,
    frame::{self, Place},
    operator::Operator,
    routes::Routes,
    words::{area_tree, area_word, both, both_with, line, moment, say, say_with},
};
use crate::{
    audit::{Action, Event},
    user::{self, NewUser, User, UserError, command::said, password},
};

pub(super) fn routes() -> Routes {
    Routes::default()
        .get("/users", Right::ManageUsers, page)
        .post("/users/add", Right::ManageUsers, add)
        .post("/users/change", Right::ManageUsers, change)
        .post("/users/disable", Right::ManageUsers, disable)
        .post("/users/recover", Right::ManageUsers, recover)
        .post("/users/end", Right::ManageUsers, end_session)
}

/// What the forms send; a role may come several times.
type Posted = Result<Form<Vec<(String, String)>>, FormRejection>;

/// What became of a form.
enum Done {
    Nothing,
    /// A password for one use, shown this once.
    Password {
        login: String,
        password: String,
    },
    /// A reason; what was typed stays.
    Refused {
        reason: Both,
        given: Given,
    },
}

/// The form of an operator.
#[derive(Clone, Default)]
struct Given {
    login: String,
    name: String,
    roles: Vec<OperatorRole>,
    area: String,
    body: String,
}

impl Given {
    fn read(pairs: &[(String, String)]) -> Self {
        let value =
            |name: &str| pairs.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.trim()).to_owned();
        let roles = pairs.iter().filter(|(key, _)| key == "role").filter_map(|(_, word)| OperatorRole::parse(word));
        Self {
            login: value("login"),
            name: value("name"),
            roles: roles.collect(),
            area: value("area"),
            body: value("body"),
        }
    }

    fn mandate(&self, console: &Console) -> Mandate {
        let county = || console.ledger.codebook().county.area.clone();
        Mandate {
            roles: self.roles.iter().copied().collect(),
            area: Area::parse(&self.area).unwrap_or_else(county),
            body: self.body.clone(),
        }
    }
}

async fn page(State(console): State<Console>, operator: Operator) -> Result<Markup, PageError> {
    console.work(move |console| show(console, &operator, &Done::Nothing)).await
}

async fn add(State(console): State<Console>, operator: Operator, form: Posted) -> Result<Response, PageError> {
    let given = Given::read(&form?.0);
    let _turn = console.users.turnstile.turn().await.ok_or(PageError::Busy)?;
    console
        .work(move |console| {
            let mandate = given.mandate(console);
            operator.must(Right::ManageUsers, About::Place(&mandate.area), &given.login)?;
            let new = NewUser { login: given.login.clone(), name: given.name.clone(), mandate };
            if let Err(failure) = new.check(console.ledger.codebook()) {
                return refuse(console, &operator, failure, given);
            }
            let password = password::draw();
            operator.note(Event::new(operator.by(), Action::AddUser).upon(&new.login).because(said(&new.mandate)))?;
            match console.users.add(&new, console.ledger.codebook(), &password::stretch(&password), false) {
                Ok(()) => shown(console, &operator, new.login, password),
                Err(failure) => refuse(console, &operator, failure, given),
            }
        })
        .await
}

async fn change(State(console): State<Console>, operator: Operator, form: Posted) -> Result<Response, PageError> {
    let given = Given::read(&form?.0);
    console
        .work(move |console| {
            let user = theirs(console, &operator, &given.login)?;
            let mandate = given.mandate(console);
            operator.must(Right::ManageUsers, About::Place(&mandate.area), &given.login)?;
            match console.users.change(&user, &given.name, &mandate, console.ledger.codebook()) {
                Ok(()) => {
                    let event = Event::new(operator.by(), Action::ChangeUser);
                    operator.note(event.upon(&user.login).because(said(&mandate)))?;
                    Ok(back())
                }
                Err(failure) => refuse(console, &operator, failure, given),
            }
        })
        .await
}

async fn disable(State(console): State<Console>, operator: Operator, form: Posted) -> Result<Response, PageError> {
    let given = Given::read(&form?.0);
    console
        .work(move |console| {
            let user = theirs(console, &operator, &given.login)?;
            operator.did(Action::DisableUser, &user.login)?;
            console.users.disable(&user)?;
            Ok(back())
        })
        .await
}

async fn recover(State(console): State<Console>, operator: Operator, form: Posted) -> Result<Response, PageError> {
    let given = Given::read(&form?.0);
    let _turn = console.users.turnstile.turn().await.ok_or(PageError::Busy)?;
    console
        .work(move |console| {
            let user = theirs(console, &operator, &given.login)?;
            let password = password::draw();
            operator.did(Action::RecoverUser, &user.login)?;
            console.users.recover(&user, &password::stretch(&password))?;
            shown(console, &operator, user.login, password)
        })
        .await
}

async fn end_session(State(console): State<Console>, operator: Operator, form: Posted) -> Result<Response, PageError> {
    let pairs: BTreeMap<String, String> = form?.0.into_iter().collect();
    let id = session_in(&pairs).ok_or(PageError::BadRequest)?;
    console
        .work(move |console| {
            let session = console.users.sessions(None)?.into_iter().find(|session| session.id == id);
            let user = theirs(console, &operator, &session.ok_or(PageError::NotFound)?.login)?;
            operator.did(Action::EndSession, &user.login)?;
            console.users.end(&id)?;
            Ok(back())
        })
        .await
}

/// The operator of this name, if they work where this administrator does.
fn theirs(console: &Console, operator: &Operator, login: &str) -> Result<User, PageError> {
    let user = console.users.find(login)?;
    operator.must(Right::ManageUsers, About::Place(&user.mandate.area), login)?;
    Ok(user)
}

fn back() -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, "/users")]).into_response()
}

/// The answer itself shows the password: a redirect would need a place to keep it.
fn shown(console: &Console, operator: &Operator, login: String, password: String) -> Result<Response, PageError> {
    Ok((StatusCode::CREATED, show(console, operator, &Done::Password { login, password })?).into_response())
}

fn refuse(console: &Console, operator: &Operator, failure: UserError, given: Given) -> Result<Response, PageError> {
    let reason = match &failure {
        UserError::Taken(_) => both("user-taken"),
        UserError::BadLogin => both_with("user-bad-login", &[("most", user::LOGIN_CHARS_MAX.into())]),
        UserError::BadName => both_with("user-bad-name", &[("most", user::NAME_CHARS_MAX.into())]),
        UserError::Mandate(_) | UserError::NoBody(_) => both("user-bad-roles"),
        UserError::Elsewhere(_) => both("error-area"),
        UserError::Db(_) | UserError::NotFound | UserError::Password(_) | UserError::Full => return Err(failure.into()),
    };
    let page = show(console, operator, &Done::Refused { reason, given })?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

fn show(console: &Console, operator: &Operator, done: &Done) -> Result<Markup, PageError> {
    let reaches = |user: &User| operator.may(Right::ManageUsers, About::Place(&user.mandate.area));
    let users: Vec<User> = console.users.list()?.into_iter().filter(reaches).collect();
    let mut sessions = console.users.sessions(None)?;
    sessions.retain(|session| users.iter().any(|user| user.login == session.login));
    let empty = Given::default();
    let (given, reason) = match done {
        Done::Nothing | Done::Password { .. } => (&empty, None),
        Done::Refused { reason, given } => (given, Some(reason)),
    };
    let body = html! {
        h1.unseen { (say("users")) }
        @if let Done::Password { login, password } = done {
            div.notice role="status" {
                p { (say_with("user-password", &[("login", login.as_str().into())])) }
                p.digits data-password=(password) { (password) }
                p.hint { (say("user-password-hint")) }
            }
        }
        @if let Some(reason) = reason { p.refusal role="alert" { (web::page::both(reason)) } }
        section #users {
            h2 { (say("users")) }
            table {
                thead { tr {
                    th { (say("user-login")) } th { (say("user-name")) } th { (say("user-roles")) } th { (say("user-area")) }
                    th { (say("user-factor")) } th.time { (say("user-signed-in")) } th.doing { (say("device-act")) }
                } }
                tbody { @for user in &users { (row(console, user, operator)) } }
            }
        }
        section #add {
            h2 { (say("user-add")) }
            form.fields method="post" action="/users/add" data-act="add-user" {
                label { span.label { (say("user-login")) } input name="login" value=(given.login) autocomplete="off" autocapitalize="none" spellcheck="false" required; }
                (mandate_fields(console, given))
                button.go { (say("user-add-go")) }
            }
        }
        section #sessions { h2 { (say("sessions")) } (session_table(&sessions, &operator.session, "/users/end", true)) }
    };
    Ok(frame::page(&both("users"), Place::Users, operator, console.waiting()?, body))
}

fn row(console: &Console, user: &User, operator: &Operator) -> Markup {
    let mandate = &user.mandate;
    html! {
        tr data-user=(user.login) data-disabled=(user.disabled_at.is_some()) {
            th scope="row" { code { (user.login) } @if *user.login == *operator.login { " " span.hint { (say("user-you")) } } }
            td { (web::page::spoken(&user.name)) @if user.disabled_at.is_some() { " " span.chip.struck { (say("user-disabled")) } } }
            td { @for role in &mandate.roles { span.chip { (role.zh()) " " span.en lang="en" { (role.word()) } } " " } @if !mandate.body.is_empty() { (mandate.body) } }
            td { (web::page::both(&area_word(console.ledger.codebook(), &mandate.area))) }
            td { @if user.has_factor { "● " (say("user-factor-yes")) } @else { "○ " (say("user-factor-no")) } }
            td.time { @match user.signed_in { Some(at) => (moment(UnixSeconds(at))), None => (say("never")) } }
            td.doing {
                details.sure {
                    summary { (say("user-change")) }
                    form.fields method="post" action="/users/change" data-act="change-user" {
                        input type="hidden" name="login" value=(user.login);
                        (mandate_fields(console, &Given { login: user.login.clone(), name: user.name.clone(), roles: mandate.roles.iter().copied().collect(), area: mandate.area.code().to_owned(), body: mandate.body.clone() }))
                        button.go { (say("user-change")) }
                    }
                    form method="post" action="/users/recover" data-act="recover" {
                        input type="hidden" name="login" value=(user.login);
                        p.hint { (say("user-recover-hint")) }
                        button { (say("user-recover")) }
                    }
                    @if user.disabled_at.is_none() {
                        form method="post" action="/users/disable" data-act="disable" {
                            input type="hidden" name="login" value=(user.login);
                            p.hint { (say("user-disable-hint")) }
                            button.grave { (say("user-disable")) }
                        }
                    }
                }
            }
        }
    }
}

fn mandate_fields(console: &Console, given: &Given) -> Markup {
    let codebook = console.ledger.codebook();
    html! {
        label { span.label { (say("user-name")) } input name="name" value=(given.name) autocomplete="off" required; }
        fieldset {
            legend.label { (say("user-roles")) }
            @for role in OperatorRole::ALL {
                label.check {
                    input type="checkbox" name="role" value=(role.word()) checked[given.roles.contains(&role)];
                    (role.zh()) " " span.en lang="en" { (role.word()) }
                }
            }
        }
        label {
            span.label { (say("user-area")) }
            select name="area" {
                @for (depth, area, name) in area_tree(codebook) {
                    option value=(area) selected[area.code() == given.area] { ("　".repeat(depth)) (name) }
                }
                @if !given.area.is_empty() && !area_tree(codebook).iter().any(|(_, area, _)| area.code() == given.area) {
                    option value=(given.area) selected { (web::page::visible(&given.area)) }
                }
            }
        }
        label {
            span.label { (say("field-office")) " " span.hint { (say("user-body-hint")) } }
            select name="body" {
                option value="" { (line("empty-value")) }
                @for body in &codebook.bodies { option value=(body.name) selected[body.name == given.body] { (body.name) " " (body.en) } }
            }
        }
    }
}
