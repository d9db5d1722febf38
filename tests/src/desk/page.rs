//! The desk page: one card per program, three counts, the state of its road, and a switch that cuts it.

use std::{net::TcpListener, sync::Arc};

use anyhow::Context as _;
use axum::{
    Json, Router,
    extract::{Path, State},
    http::{StatusCode, header},
    response::IntoResponse,
    routing::{get, post},
};
use civic_core::{
    time::UnixSeconds,
    wording::{Both, Wording},
};
use maud::{Markup, html};
use serde_json::{Map, Value, json};
use web::{guard, page};

use super::{
    Desk, Seen,
    plan::{SEATS, Seat},
};
use crate::world::Part;

const ZH: &str = include_str!("../../wording/zh.ftl");
const EN: &str = include_str!("../../wording/en.ftl");
const STYLE: &str = include_str!("desk.css");
const SCRIPT: &str = include_str!("desk.js");

#[derive(Clone)]
struct Page {
    desk: Arc<Desk>,
    words: Arc<Wording>,
}

/// Shows the page until somebody stops the program.
pub async fn serve(desk: Arc<Desk>, listener: TcpListener) -> anyhow::Result<()> {
    let words = Arc::new(Wording::new(ZH, EN)?);
    let router = Router::new()
        .route("/", get(whole))
        .merge(web::font::router())
        .route("/desk.json", get(state))
        .route("/desk.css", get(async || ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], STYLE)))
        .route("/desk.js", get(async || ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], SCRIPT)))
        .route("/road/{device}", post(switch))
        .route("/button/{device}", post(press))
        .with_state(Page { desk, words });
    listener.set_nonblocking(true).context("Opening the desk page")?;
    let listener = tokio::net::TcpListener::from_std(listener).context("Opening the desk page")?;
    let pages = async { axum::serve(listener, guard::protect(router)).await };
    tokio::select! {
        ended = pages => ended.context("Serving the desk page"),
        () = stop_asked() => Ok(()),
    }
}

async fn stop_asked() {
    let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

async fn switch(State(page): State<Page>, Path(device): Path<String>, body: String) -> impl IntoResponse {
    let is_cut = match body.trim() {
        "cut" => true,
        "mend" => false,
        _ => return (StatusCode::BAD_REQUEST, "say cut or mend / 请写 cut 或 mend"),
    };
    match page.desk.world.cut(&device, is_cut) {
        Ok(()) => (StatusCode::OK, body_of(is_cut)),
        Err(_) => (StatusCode::NOT_FOUND, "there is no such device / 没有这台设备"),
    }
}

/// Presses the button on a kiosk's box.
async fn press(State(page): State<Page>, Path(device): Path<String>) -> StatusCode {
    let pressed = tokio::task::spawn_blocking(move || page.desk.world.press(&device)).await;
    if matches!(pressed, Ok(Ok(()))) { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND }
}

const fn body_of(is_cut: bool) -> &'static str {
    if is_cut { "cut" } else { "mend" }
}

async fn whole(State(page): State<Page>) -> Markup {
    let words = &page.words;
    let both = |key| page::both(&words.both(key, &[]));
    page::whole(
        &words.both("title", &[]),
        "/desk.css",
        &["/desk.js"],
        html! {
            header { h1 { (both("title")) } p { (both("lead")) } }
            main {
                section.card.hub data-key="hub" {
                    h2 { (both("role-hub")) }
                    dl {
                        (count(words, "opinions"))
                        (count(words, "slips"))
                        (count(words, "connected"))
                    }
                    (tail(words, "open-hub"))
                    details {
                        summary { (both("operators")) }
                        p { (both("operators-how")) }
                        table {
                            @for operator in &page.desk.operators {
                                tr data-operator=(operator.login) {
                                    th scope="row" { (operator.name) } td { (operator.role) } td { code { (operator.login) } } td { code { (operator.password) } }
                                    td { code data-code=(operator.login) { "–" } }
                                }
                            }
                        }
                    }
                }
                @for seat in SEATS {
                    section.card data-key=(seat.key) { (device(words, seat)) }
                }
            }
            footer { p { (both("foot")) } }
        },
    )
}

fn device(words: &Wording, seat: &Seat) -> Markup {
    let role = match seat.part {
        Part::Hub => "role-hub",
        Part::Kiosk => "role-kiosk",
        Part::Field => "role-deputy",
    };
    html! {
        h2 { (page::both(&Both { zh: seat.name.to_owned(), en: seat.en.to_owned() })) }
        p.role { (page::both(&words.both(role, &[]))) }
        dl {
            (count(words, "here"))
            (count(words, "on-road"))
            (count(words, "received"))
        }
        p.receipt { (text("receipt")) }
        p.road { (text("road")) }
        button.switch type="button" { (text("switch")) }
        @if seat.part == Part::Kiosk {
            div.box {
                span.lamp aria-hidden="true" {}
                (text("lamp"))
                button.press type="button" { (page::both(&words.both("press", &[]))) }
            }
        }
        (tail(words, "open-screen"))
    }
}

/// A word with its count below.
fn count(words: &Wording, name: &str) -> Markup {
    html! { div { dt { (page::both(&words.both(name, &[]))) } dd data-value=(name) { "–" } } }
}

/// A sentence that the script keeps up to date.
fn text(name: &str) -> Markup {
    html! { span data-text=(name) { (page::both(&Both { zh: "…".into(), en: String::new() })) } }
}

fn tail(words: &Wording, open: &str) -> Markup {
    html! {
        p.mishap hidden { (text("mishap")) }
        p { a.open target="_blank" rel="noopener" hidden { (page::both(&words.both(open, &[]))) } }
    }
}

async fn state(State(page): State<Page>) -> Json<Value> {
    let seen = page.desk.seen().clone();
    let nothing = Seen::default();
    let cards: Map<String, Value> = std::iter::once("hub")
        .chain(SEATS.iter().map(|seat| seat.key))
        .map(|key| (key.to_owned(), page.card(key, seen.get(key).unwrap_or(&nothing))))
        .collect();
    Json(json!({"cards": cards, "codes": page.codes()}))
}

impl Page {
    /// What the operators' telephones show at this moment.
    fn codes(&self) -> Value {
        let now = replica::clock::now();
        self.desk
            .operators
            .iter()
            .map(|operator| (operator.login.clone(), Value::from(operator.code(now))))
            .collect::<Map<_, _>>()
            .into()
    }

    /// What a card shows now: counts by name, sentences by name, and the address of the screen.
    fn card(&self, key: &str, seen: &Seen) -> Value {
        let words = &self.words;
        let status = seen.status.clone().unwrap_or_default();
        let number = |name: &str| status[name].as_i64().map_or_else(|| "–".to_owned(), |number| number.to_string());
        let mishap = seen.mishap.as_ref().map(|why| words.both("mishap", &[("why", why.as_str().into())]));
        let mut texts = Map::new();
        let mut tell = |name: &str, both: Both| texts.insert(name.to_owned(), json!({"zh": both.zh, "en": both.en}));
        if let Some(mishap) = mishap {
            tell("mishap", mishap);
        }
        if key == "hub" {
            let values = json!({
                "opinions": number("opinions"), "slips": number("slips"), "connected": number("connected"),
            });
            let road = if seen.status.is_some() { "open" } else { "silent" };
            return json!({"values": values, "texts": texts, "link": seen.link, "road": road});
        }
        let is_cut = self.desk.world.road(key).is_ok_and(|road| road.is_cut());
        let (road, sentence) = self.road(&status, is_cut, seen.status.is_some());
        tell("road", sentence);
        let lamp = seen.lamp.as_deref().unwrap_or("off");
        let lit = match lamp {
            "amber" => "lamp-amber",
            "amber-blinking" => "lamp-amber-blinking",
            "green" => "lamp-green",
            _ => "lamp-off",
        };
        tell("lamp", words.both(lit, &[]));
        tell("switch", words.both(if is_cut { "switch-mend" } else { "switch-cut" }, &[]));
        tell(
            "receipt",
            match status["last_receipt"].as_i64() {
                Some(at) => words.both("receipt", &[("at", UnixSeconds(at).date_and_minute().into())]),
                None => words.both("receipt-none", &[]),
            },
        );
        let values = json!({"here": number("here"), "on-road": number("on_road"), "received": number("received")});
        json!({"values": values, "texts": texts, "link": seen.link, "road": road, "is_cut": is_cut, "lamp": lamp})
    }

    /// How the road is, as one word for the colour and one sentence.
    fn road(&self, status: &Value, is_cut: bool, answers: bool) -> (&'static str, Both) {
        let road = &status["road"];
        let trouble = road["trouble"].as_str().unwrap_or_default();
        let (word, key) = if is_cut {
            ("cut", "road-cut")
        } else if !answers {
            ("silent", "road-silent")
        } else if road["is_sending"].as_bool() == Some(true) {
            ("open", "road-sending")
        } else if road["is_open"].as_bool() == Some(true) {
            ("open", "road-open")
        } else if trouble.is_empty() {
            ("closed", "road-closed")
        } else {
            ("closed", "road-trouble")
        };
        (word, self.words.both(key, &[("trouble", trouble.into())]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sentence_of_the_desk_stands_in_both_languages() {
        let words = Wording::new(ZH, EN).unwrap();
        let used = include_str!("page.rs");
        for key in words_in(ZH) {
            assert!(used.contains(&format!("\"{key}\"")), "{key} is not used");
            assert!(words.has(&key));
        }
    }

    fn words_in(file: &str) -> Vec<String> {
        file.lines().filter_map(|line| line.split_once(" =")).map(|(key, _)| key.to_owned()).collect()
    }
}
