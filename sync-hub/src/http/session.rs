//! Who asks: finds the session behind a cookie, refuses forms that do not carry its token, and puts that token into every
//! form that goes out, so that no form can be put up without it.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    body::{Body, to_bytes},
    extract::{ConnectInfo, FromRequestParts, Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use web::guard::BODY_LEN_MAX;

use super::{Console, error::PageError, operator::Operator};
use crate::user::session::{SessionKey, Stage};

/// Only over TLS, or on this machine; for this host alone; out of every script's reach; never from another site.
const COOKIE: &str = "__Host-huiyin";
const ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=Strict";
/// The field of every form that carries the session's token.
pub(super) const FIELD: &str = "csrf";
/// Longest page into whose forms the token is put.
const PAGE_LEN_MAX: usize = 16 * 1024 * 1024;

/// From where somebody asks, and with what; for those who are not signed in yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Caller {
    pub(super) address: Arc<str>,
    pub(super) agent: Arc<str>,
    pub(super) key: Option<Arc<str>>,
    /// The name by which the browser came, with its port.
    pub(super) host: Arc<str>,
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(parts.extensions.get::<Caller>().cloned().unwrap_or_default())
    }
}

impl Caller {
    /// The secret in the cookie, if one came.
    pub(super) fn session(&self) -> Option<SessionKey> {
        SessionKey::parse(self.key.as_deref()?)
    }
}

/// The header that gives a browser its session, or takes it away.
pub(super) fn cookie(key: Option<&SessionKey>) -> (header::HeaderName, String) {
    let line = match key {
        Some(key) => format!("{COOKIE}={}; {ATTRIBUTES}", key.text()),
        None => format!("{COOKIE}=; Max-Age=0; {ATTRIBUTES}"),
    };
    (header::SET_COOKIE, line)
}

/// Says who asks.
pub(super) async fn admit(State(console): State<Console>, mut request: Request, next: Next) -> Response {
    let headers = request.headers();
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    let address = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip().to_string());
    let given = cookie_in(headers).map(Arc::from);
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let caller =
        Caller { address: address.unwrap_or_default().into(), agent: agent.into(), key: given, host: host.into() };
    let key = caller.session();
    request.extensions_mut().insert(caller.clone());
    let Some(key) = key else { return next.run(request).await };
    // What a page fetches by itself is no sign of a person.
    let is_active = request.headers().get("sec-fetch-mode").is_none_or(|mode| mode == "navigate");
    let id = key.id();
    let operator = console
        .work(move |console| {
            let user = console.users.session(&id, Stage::Full, is_active)?;
            Ok(user.map(|user| Operator::new(console, user, &caller.address, id)))
        })
        .await;
    let operator = match operator {
        Ok(operator) => operator,
        Err(failure) => return failure.into_response(),
    };
    let Some(operator) = operator else { return next.run(request).await };
    let token = key.form_token();
    let mut request = match with_token_checked(request, &token).await {
        Ok(request) => request,
        Err(refusal) => return refusal.into_response(),
    };
    request.extensions_mut().insert(operator);
    with_token_in_forms(next.run(request).await, &token).await
}

fn cookie_in(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))
}

/// Reads a form's token; a form without it, or with another's, was made somewhere else.
async fn with_token_checked(request: Request, token: &str) -> Result<Request, PageError> {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return Ok(request);
    }
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, BODY_LEN_MAX).await.map_err(|_| PageError::TooLong)?;
    let is_ours = body.split(|byte| *byte == b'&').any(|pair| {
        let given = pair.strip_prefix(FIELD.as_bytes()).and_then(|rest| rest.strip_prefix(b"="));
        given == Some(token.as_bytes())
    });
    if !is_ours {
        return Err(PageError::StrangeForm);
    }
    Ok(Request::from_parts(parts, Body::from(body)))
}

/// Puts the token into every form of a page that sends something.
async fn with_token_in_forms(response: Response, token: &str) -> Response {
    let is_page = |kind: &HeaderValue| kind.to_str().is_ok_and(|kind| kind.starts_with("text/html"));
    if !response.headers().get(header::CONTENT_TYPE).is_some_and(is_page) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let page = to_bytes(body, PAGE_LEN_MAX).await.map(|page| String::from_utf8_lossy(&page).into_owned());
    let Ok(page) = page else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(put_in_forms(&page, token)))
}

/// No words of people can make a form here: `<` is never left as it is in what they said.
fn put_in_forms(page: &str, token: &str) -> String {
    let mut out = String::with_capacity(page.len() + 1024);
    let mut rest = page;
    while let Some(start) = rest.find("<form ") {
        let end = rest[start..].find('>').map_or(rest.len(), |end| start + end + 1);
        out.push_str(&rest[..end]);
        if rest[start..end].contains("method=\"post\"") {
            out.push_str(&format!("<input type=\"hidden\" name=\"{FIELD}\" value=\"{token}\">"));
        }
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_that_sends_something_gets_the_token_and_a_search_does_not() {
        let page = r#"<form id="a" action="/"><input></form><form method="post" action="/x"><b>&lt;form</b></form>"#;
        let put = put_in_forms(page, "f00");
        assert_eq!(put.matches("name=\"csrf\" value=\"f00\"").count(), 1);
        assert!(put.contains("action=\"/x\"><input type=\"hidden\""));
        assert_eq!(put_in_forms("nothing", "f00"), "nothing");
    }

    #[test]
    fn a_cookie_is_found_among_others_and_only_by_its_whole_name() {
        let headers = HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_static("a=b; __Host-huiyin=7; c"))]);
        assert_eq!(cookie_in(&headers), Some("7"));
        let other = HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_static("x__Host-huiyin=7; huiyin=8"))]);
        assert_eq!(cookie_in(&other), None);
    }
}
