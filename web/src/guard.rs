//! Who may ask: a browser on the page itself, by a name of this machine. Who that person is, the hub's own pages ask.

use std::sync::Arc;

use axum::{
    Extension, Router,
    body::Body,
    extract::{DefaultBodyLimit, Request},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};

/// Longest request body.
pub const BODY_LEN_MAX: usize = 256 * 1024;
/// Longest address and headers of a request, in bytes together. No page has longer ones.
pub const HEAD_LEN_MAX: usize = 16 * 1024;
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; media-src 'self' blob:; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Why a request was not answered; it goes along with the answer, for whoever notes such things.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refusal {
    /// Its address and headers are too long.
    LongHead,
    /// Its body is too long.
    LongBody,
    /// It names a host that is not this machine.
    Host,
    /// It came from a page of another site.
    Elsewhere,
    /// Its form was made in no session, or in another one.
    Form,
}

impl Refusal {
    /// The reason in a log.
    pub const fn words(self) -> &'static str {
        match self {
            Refusal::LongHead => "the address or the headers are too long",
            Refusal::LongBody => "the body is too long",
            Refusal::Host => "the host is no name of this machine",
            Refusal::Elsewhere => "it came from a page of another site",
            Refusal::Form => "the form is not one of this session",
        }
    }
}

/// Wraps `router` for this machine alone: only its own names as host, no request from another site's page, a head of at
/// most [`HEAD_LEN_MAX`] and a body of at most [`BODY_LEN_MAX`], a strict content policy.
pub fn protect(router: Router) -> Router {
    protect_as(router, &[])
}

/// The same, also by these names, to which a certificate speaks. Browsers are told never to come without it.
pub fn protect_as(router: Router, names: &[String]) -> Router {
    let names: Arc<[String]> = names.into();
    router
        .layer(middleware::from_fn(move |request, next| check(names.clone(), request, next)))
        .layer(DefaultBodyLimit::max(BODY_LEN_MAX))
}

async fn check(names: Arc<[String]>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    if head_len(&request) > HEAD_LEN_MAX {
        return refuse(Refusal::LongHead, "this address is too long / 网址过长");
    }
    if !is_known(headers, &names) {
        let sentence = if names.is_empty() {
            "this page is for this machine's own browser / 本页只供本机浏览器使用"
        } else {
            "this is not a name of this machine / 这不是本机的名称"
        };
        return refuse(Refusal::Host, sentence);
    }
    let is_reading = matches!(*request.method(), Method::GET | Method::HEAD);
    if !is_reading && is_from_elsewhere(headers) {
        return refuse(Refusal::Elsewhere, "this request came from another site / 请求来自其他网站");
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // With `no-referrer` browsers say "null" as the origin of a form, and every form of these pages would be refused.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if !names.is_empty() {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    response
}

fn head_len(request: &Request) -> usize {
    let headers = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len());
    headers.sum::<usize>() + request.uri().path_and_query().map_or(0, |asked| asked.as_str().len())
}

/// A name of this machine: another name that leads here is a trick of somebody's name server.
fn is_known(headers: &HeaderMap, names: &[String]) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let is_port = |port: &str| !port.is_empty() && port.bytes().all(|digit| digit.is_ascii_digit());
    let name = host.rsplit_once(':').filter(|(_, port)| is_port(port)).map_or(host, |(name, _)| name);
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    matches!(name, "127.0.0.1" | "localhost" | "[::1]") || names.iter().any(|known| known.eq_ignore_ascii_case(bare))
}

fn is_from_elsewhere(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let is_other_origin = headers.get(header::ORIGIN).is_some_and(|origin| {
        let origin = origin.to_str().unwrap_or_default();
        origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://")) != Some(host)
    });
    let is_other_site =
        headers.get("sec-fetch-site").is_some_and(|site| !matches!(site.to_str(), Ok("same-origin" | "none")));
    is_other_origin || is_other_site
}

fn refuse(refusal: Refusal, sentence: &'static str) -> Response {
    let status = match refusal {
        Refusal::LongHead => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        Refusal::LongBody => StatusCode::PAYLOAD_TOO_LARGE,
        Refusal::Host | Refusal::Elsewhere | Refusal::Form => StatusCode::FORBIDDEN,
    };
    (status, Extension(refusal), [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], Body::from(sentence))
        .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| ((*name).parse().unwrap(), HeaderValue::from_static(value)))
            .collect::<Vec<(header::HeaderName, _)>>()
            .into_iter()
            .collect()
    }

    #[test]
    fn only_names_of_this_machine_are_a_host() {
        for (host, expected) in
            [("127.0.0.1:80", true), ("localhost", true), ("[::1]:9", true), ("evil.example:80", false)]
        {
            assert_eq!(is_known(&headers(&[("host", host)]), &[]), expected, "{host}");
        }
        let names = ["huiyin.qinghe.example".to_owned(), "fd00::7".to_owned()];
        for (host, expected) in [
            ("huiyin.qinghe.example:8443", true),
            ("HUIYIN.qinghe.example", true),
            ("[fd00::7]", true),
            ("qinghe.example", false),
        ] {
            assert_eq!(is_known(&headers(&[("host", host)]), &names), expected, "{host}");
        }
    }

    #[test]
    fn a_form_on_another_site_cannot_post_here() {
        let own = [("host", "127.0.0.1:8080"), ("origin", "http://127.0.0.1:8080")];
        assert!(!is_from_elsewhere(&headers(&own)));
        assert!(is_from_elsewhere(&headers(&[own[0], ("origin", "http://evil.example")])));
        assert!(is_from_elsewhere(&headers(&[own[0], ("sec-fetch-site", "cross-site")])));
    }
}
