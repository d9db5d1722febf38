//! The pages' addresses, each with the right that it takes: no page can be put up without one.

use axum::{
    Router,
    extract::Request,
    handler::Handler,
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
    routing::{MethodRouter, get, post},
};
use civic_core::access::operator::{About, Right};

use super::{Console, error::PageError, operator::Operator};

/// Pages, and what each takes.
#[derive(Default)]
pub(super) struct Routes {
    router: Router<Console>,
    /// Method, address and right of each page; `None` for what everybody may fetch.
    pub(super) listed: Vec<(&'static str, &'static str, Option<Right>)>,
}

impl Routes {
    /// A page to read.
    pub(super) fn get<T: 'static>(self, path: &'static str, right: Right, page: impl Handler<T, Console>) -> Self {
        self.put("GET", path, right, get(page))
    }

    /// A form to carry out.
    pub(super) fn post<T: 'static>(self, path: &'static str, right: Right, form: impl Handler<T, Console>) -> Self {
        self.put("POST", path, right, post(form))
    }

    /// What everybody may fetch, whoever they are: it tells of nobody.
    pub(super) fn open<T: 'static>(mut self, path: &'static str, page: impl Handler<T, Console>) -> Self {
        self.listed.push(("GET", path, None));
        Self { router: self.router.route(path, get(page)), ..self }
    }

    fn put(mut self, method: &'static str, path: &'static str, right: Right, page: MethodRouter<Console>) -> Self {
        self.listed.push((method, path, Some(right)));
        let page = page.layer(middleware::from_fn(move |request, next| ask(right, request, next)));
        Self { router: self.router.route(path, page), ..self }
    }

    /// These and those.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.listed.extend(other.listed);
        Self { router: self.router.merge(other.router), ..self }
    }

    /// Ready to serve.
    pub(super) fn into_router(self) -> Router<Console> {
        self.router
    }
}

/// Asks the table whether there is anything here for this operator; what a page is about, its handler asks itself.
async fn ask(right: Right, request: Request, next: Next) -> Response {
    let Some(operator) = request.extensions().get::<Operator>().cloned() else {
        return PageError::SignedOut.into_response();
    };
    if operator.may(right, About::Somewhere) {
        return next.run(request).await;
    }
    let path = request.uri().path().to_owned();
    let refused = tokio::task::spawn_blocking(move || operator.refused(right, &path)).await;
    match refused {
        Ok(Ok(())) => PageError::Forbidden(right).into_response(),
        Ok(Err(refusal)) => refusal.into_response(),
        Err(failure) => PageError::Stopped(failure).into_response(),
    }
}
