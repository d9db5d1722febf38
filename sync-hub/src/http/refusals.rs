//! Notes which requests were not answered, and why: another site's, another host's, forms of no session, what is too long.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    extract::{ConnectInfo, Request, State},
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
    if let Some(refusal) = response.extensions().get::<Refusal>().copied() {
        let by = By::stranger("", address.unwrap_or_default());
        let note = move || watch.refused(Action::RefuseRequest, by, "the pages", refusal.words());
        // Noted before it is answered; a note that fails is told of in the log.
        let _ = tokio::task::spawn_blocking(note).await;
    }
    response
}
