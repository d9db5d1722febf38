//! Style and script, served from the program itself: a phone without signal has everything.

use axum::{http::header, response::IntoResponse};

/// `/app.css`
pub(super) async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("../../page/app.css"))
}

/// `/app.js`
pub(super) async fn script() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], include_str!("../../page/app.js"))
}
