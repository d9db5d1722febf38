//! The screen in a browser: frames go out as pixels, touches come in, the lamp and the button stand beside it.
//!
//! The page holds no state and no inline code. What is on the screen is also there in words, for tests and for people
//! who have the page read to them.

use std::time::Duration;

use axum::{
    Json, Router,
    extract::{Query, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use embedded_graphics::prelude::{Dimensions, Point};
use hardware::{desk::Desk, keyboard::Typed, lamp::Lamp, presence::Motion};
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};

use crate::{
    app::{Key, Touch, TouchKind},
    glass::{Glass, InWords},
    picture::png,
};

/// A request for a frame that does not come is answered after this time, before anything between gives up on it.
const PATIENCE: Duration = Duration::from_secs(25);

/// What the page needs of the kiosk.
#[derive(Clone)]
pub struct Page {
    /// What is on the screen.
    pub glass: Glass,
    /// The lamp and the button.
    pub desk: Desk,
    /// Where touches go.
    pub inputs: mpsc::Sender<Input>,
}

/// Something that came from the page, or from a touch panel.
#[derive(Debug)]
pub struct Input {
    /// What came.
    pub what: What,
    /// Told when the frame that answers it is up.
    pub done: Option<oneshot::Sender<()>>,
}

/// What can come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A finger, or a mouse.
    Touch(Touch),
    /// One of the five keys.
    Key(Key),
    /// Something on a keyboard, a number pad or a scanner.
    Typed(Typed),
    /// The desk's button was pressed: its board wants to be polled.
    Board,
}

/// Every route of the page. Put a guard around it before it is served: whoever reaches it can touch the screen.
pub fn router(page: Page) -> Router {
    Router::new()
        .route("/", get(|| file("text/html; charset=utf-8", include_str!("../page/index.html"))))
        .route("/page.js", get(|| file("text/javascript; charset=utf-8", include_str!("../page/page.js"))))
        .route("/road.js", get(|| file("text/javascript; charset=utf-8", include_str!("../page/road.js"))))
        .route("/page.css", get(|| file("text/css; charset=utf-8", include_str!("../page/page.css"))))
        .merge(web::font::router())
        .route("/favicon.ico", get(async || StatusCode::NO_CONTENT))
        .route("/frame", get(frame))
        .route("/changes", get(changes))
        .route("/view", get(view))
        .route("/touch", post(touch))
        .route("/key", post(key))
        .route("/scan", post(scan))
        .route("/lamp", get(lamp))
        .route("/button", post(button))
        .route("/motion", post(motion))
        .with_state(page)
}

async fn file(kind: &'static str, text: &'static str) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, kind)], text)
}

#[derive(Deserialize)]
struct Since {
    #[serde(default)]
    since: u64,
}

/// The whole frame as a picture, for whoever wants to keep it.
async fn frame(State(page): State<Page>) -> Response {
    let frame = page.glass.frame();
    ([(header::CONTENT_TYPE, "image/png")], png(&frame, frame.bounding_box())).into_response()
}

/// The part that changed since a frame, as soon as there is one, as [runs of equal pixels](hardware::screen::Canvas::capture_runs): a browser
/// is slow to take in much, and a picture takes long to pack. Number, place and size are in the headers. Words may change
/// where no pixel did; then the part is empty.
async fn changes(State(page): State<Page>, Query(Since { since }): Query<Since>) -> Response {
    if since > 0 && since == page.glass.in_words().frame {
        let waiting = tokio::time::timeout(PATIENCE, page.glass.after(since)).await;
        if waiting.is_err() {
            return StatusCode::NO_CONTENT.into_response();
        }
    }
    let part = page.glass.since(since);
    let headers = [
        (header::CONTENT_TYPE.as_str(), "application/octet-stream".to_owned()),
        (header::CACHE_CONTROL.as_str(), "no-store".to_owned()),
        ("x-frame", part.number.to_string()),
        ("x-left", part.area.top_left.x.to_string()),
        ("x-top", part.area.top_left.y.to_string()),
        ("x-width", part.area.size.width.to_string()),
        ("x-height", part.area.size.height.to_string()),
    ];
    (headers, part.runs).into_response()
}

async fn view(State(page): State<Page>) -> Json<InWords> {
    Json(page.glass.in_words())
}

#[derive(Deserialize)]
struct Finger {
    x: i32,
    y: i32,
    kind: TouchKind,
}

/// Answers when the screen has answered.
async fn touch(State(page): State<Page>, Json(Finger { x, y, kind }): Json<Finger>) -> StatusCode {
    page.send(What::Touch(Touch { kind, at: Point::new(x, y) })).await
}

#[derive(Deserialize)]
struct Pressed {
    key: Key,
}

async fn key(State(page): State<Page>, Json(Pressed { key }): Json<Pressed>) -> StatusCode {
    page.send(What::Key(key)).await
}

#[derive(Deserialize)]
struct Scanned {
    number: String,
}

/// What a scanner at this desk read.
async fn scan(State(page): State<Page>, Json(Scanned { number }): Json<Scanned>) -> StatusCode {
    page.send(What::Typed(Typed::Scanned(number))).await
}

#[derive(Deserialize)]
struct Moved {
    is_there: bool,
}

/// Somebody comes near the desk, or leaves it.
async fn motion(State(page): State<Page>, Json(Moved { is_there }): Json<Moved>) -> StatusCode {
    page.desk.pass(if is_there { Motion::Came } else { Motion::Left });
    page.send(What::Board).await
}

async fn button(State(page): State<Page>) -> StatusCode {
    page.desk.press();
    page.send(What::Board).await
}

#[derive(Serialize)]
struct Shown {
    lamp: Lamp,
}

async fn lamp(State(page): State<Page>) -> Json<Shown> {
    Json(Shown { lamp: page.desk.lamp() })
}

impl Page {
    async fn send(&self, what: What) -> StatusCode {
        let (done, answered) = oneshot::channel();
        let sent = self.inputs.send(Input { what, done: Some(done) }).await.is_ok();
        if sent && answered.await.is_ok() { StatusCode::NO_CONTENT } else { StatusCode::SERVICE_UNAVAILABLE }
    }
}
