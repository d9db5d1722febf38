//! Who may ask: this machine's own browser, on the page itself, and at the hub only with its token.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{DefaultBodyLimit, Request},
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};

/// Longest request body.
pub const BODY_LEN_MAX: usize = 256 * 1024;
const COOKIE: &str = "huiyin";
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; font-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// A secret that opens the pages until operators have accounts: 128 random bits in hexadecimal.
#[derive(Clone)]
pub struct Token(Arc<str>);

impl Token {
    /// Draws one.
    ///
    /// # Panics
    /// If the operating system has no random source.
    pub fn draw() -> Self {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
        Self(civic_core::id::hex(&bytes).into())
    }

    /// The token as it stands in an address: `?token=…`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn is(&self, given: &str) -> bool {
        // Equal work whatever is given, so that time tells nothing.
        given.len() == self.0.len() && given.bytes().zip(self.0.bytes()).fold(0, |all, (a, b)| all | (a ^ b)) == 0
    }
}

/// Wraps `router`: only names of this machine as host, no request from another site's page, a body of at most
/// [`BODY_LEN_MAX`], a strict content policy; and, if there is a token, nobody without it.
pub fn protect(router: Router, token: Option<Token>) -> Router {
    router
        .layer(middleware::from_fn(move |request, next| check(token.clone(), request, next)))
        .layer(DefaultBodyLimit::max(BODY_LEN_MAX))
}

async fn check(token: Option<Token>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    if !is_loopback(headers) {
        return refuse(StatusCode::FORBIDDEN, "this page is for this machine's own browser / 本页只供本机浏览器使用");
    }
    let is_reading = matches!(*request.method(), Method::GET | Method::HEAD);
    if !is_reading && is_from_elsewhere(headers) {
        return refuse(StatusCode::FORBIDDEN, "this request came from another site / 请求来自其他网站");
    }
    if let Some(token) = token {
        if let Some(given) = token_in(request.uri()) {
            return if token.is(given) {
                admit(&token, request.uri())
            } else {
                refuse(
                    StatusCode::UNAUTHORIZED,
                    "this token has expired; use the address that the hub printed / 口令已失效，请用平台启动时给出的地址",
                )
            };
        }
        if !cookie(headers).is_some_and(|given| token.is(given)) {
            return refuse(
                StatusCode::UNAUTHORIZED,
                "use the address with the token that the hub printed / 请用平台启动时给出的带口令的地址",
            );
        }
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // With `no-referrer` browsers say "null" as the origin of a form, and every form of these pages would be refused.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// A host name of this machine: another name that leads here is a trick of somebody's name server.
fn is_loopback(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    matches!(name, "127.0.0.1" | "localhost" | "[::1]")
}

fn is_from_elsewhere(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let is_other_origin = headers
        .get(header::ORIGIN)
        .is_some_and(|origin| origin.to_str().ok().and_then(|origin| origin.strip_prefix("http://")) != Some(host));
    let is_other_site =
        headers.get("sec-fetch-site").is_some_and(|site| !matches!(site.to_str(), Ok("same-origin" | "none")));
    is_other_origin || is_other_site
}

fn token_in(uri: &Uri) -> Option<&str> {
    uri.query()?.split('&').find_map(|pair| pair.strip_prefix("token="))
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))
}

/// Moves the token from the address into a cookie, so that it stays out of the history.
fn admit(token: &Token, uri: &Uri) -> Response {
    let cookie = format!("{COOKIE}={}; Path=/; HttpOnly; SameSite=Strict", token.as_str());
    (StatusCode::SEE_OTHER, [(header::LOCATION, uri.path().to_owned()), (header::SET_COOKIE, cookie)]).into_response()
}

fn refuse(status: StatusCode, sentence: &'static str) -> Response {
    (status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], Body::from(sentence)).into_response()
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
            assert_eq!(is_loopback(&headers(&[("host", host)])), expected, "{host}");
        }
    }

    #[test]
    fn a_form_on_another_site_cannot_post_here() {
        let own = [("host", "127.0.0.1:8080"), ("origin", "http://127.0.0.1:8080")];
        assert!(!is_from_elsewhere(&headers(&own)));
        assert!(is_from_elsewhere(&headers(&[own[0], ("origin", "http://evil.example")])));
        assert!(is_from_elsewhere(&headers(&[own[0], ("sec-fetch-site", "cross-site")])));
    }

    #[test]
    fn a_token_is_known_only_whole() {
        let token = Token::draw();
        assert!(token.is(token.as_str()));
        assert!(!token.is(&token.as_str()[1..]));
        assert!(!token.is(""));
    }
}
