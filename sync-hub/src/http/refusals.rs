//! Notes which requests were not answered, and why: another site's, another host's, forms of no session, what is too long,
//! addresses at which there is nothing.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    extract::{ConnectInfo, Request, State},
    http::StatusCode,
    middleware::Next,
    response::Response,
};
use web::guard::Refusal;

use crate::{
    audit::{Action, By},
    watch::Watch,
};

/// To be put around everything else. What somebody asked for is not noted, because they could write anything there.
pub async fn note_refusals(State(watch): State<Arc<Watch>>, request: Request, next: Next) -> Response {
    let address = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip().to_string());
    let response = next.run(request).await;
    if let Some(why) = why_not(&response) {
        let by = By::stranger("", address.unwrap_or_default());
        let note = move || watch.refused(Action::RefuseRequest, by, "the pages", why);
        // Noted before it is answered; a note that fails is told of in the log.
        let _ = tokio::task::spawn_blocking(note).await;
    }
    response
}

/// Why it was not answered; `None` if it was, or if the page that refused has noted it itself.
fn why_not(response: &Response) -> Option<&'static str> {
    match response.extensions().get::<Refusal>() {
        Some(refusal) => Some(refusal.words()),
        None => (response.status() == StatusCode::NOT_FOUND).then_some("there is no such page or record"),
    }
}
