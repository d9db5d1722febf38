//! Carrying 捎带: what this phone takes along for villages that have no road, and what goes home with it.

use axum::extract::State;
use civic_core::time::UnixSeconds;
use maud::{Markup, html};
use replica::{
    carry::{
        near::{self, Near, NearError, Neighbour},
        state::{BagState, CarriedFor, HandedOver},
    },
    clock,
};
use web::page;

use super::{
    App, Sent,
    frame::{Tab, frame, time},
    pairs, status,
    trouble::Trouble,
};
use crate::words::{both, say, say_with};

/// Longest address that is called.
const ADDRESS_LEN_MAX: usize = 256;

/// What became of a call.
enum Called {
    Handed { who: String, given: usize, taken: usize, refused: Vec<String>, stale: Option<UnixSeconds> },
    Failed(String),
}

/// `GET /carrying`
pub(super) async fn show(State(app): State<App>) -> Result<Markup, Trouble> {
    let bag = app.work(|app| Ok(status::now(app)?.road.bag)).await?;
    Ok(carrying(&bag, &found(&app), None, ""))
}

/// `POST /carrying`: hands over with the neighbour at the address that was typed.
pub(super) async fn call(State(app): State<App>, sent: Sent) -> Result<Markup, Trouble> {
    let typed = pairs(sent)?.into_iter().find(|(name, _)| name == "address").map(|(_, value)| value);
    let address = typed.unwrap_or_default().trim().to_owned();
    let called = match app.inner.near.as_ref().filter(|_| (1..=ADDRESS_LEN_MAX).contains(&address.len())) {
        Some(near) => Some(match near.call(&address).await {
            Ok(handed) => Called::Handed {
                who: handed.peer.name,
                given: handed.given,
                taken: handed.taken.len(),
                refused: handed.refused,
                stale: Some(handed.peer.heard).filter(|heard| near::is_stale(*heard, clock::now())),
            },
            Err(error) => Called::Failed(sentence(&error)),
        }),
        None => None,
    };
    let near = app.inner.near.clone();
    let bag = app
        .work(move |app| match near {
            Some(near) => Ok(near.state(app.inner.ledger.log())?),
            None => Ok(BagState::default()),
        })
        .await?;
    Ok(carrying(&bag, &found(&app), called.as_ref(), &address))
}

/// Who is in the same network.
fn found(app: &App) -> Vec<Neighbour> {
    app.inner.near.as_ref().map(Near::neighbours).unwrap_or_default()
}

/// The whole chain of reasons, once.
fn sentence(error: &NearError) -> String {
    error.to_string()
}

fn carrying(bag: &BagState, found: &[Neighbour], called: Option<&Called>, address: &str) -> Markup {
    let (home, up): (Vec<_>, Vec<_>) = bag.carries.iter().partition(|line| line.is_home);
    let main = html! {
        p.hint { (say("carrying-means")) }
        @match called {
            Some(Called::Handed { who, given, taken, refused, stale }) => {
                section #called.card data-called="handed" {
                    h2 { (say_with("carrying-with", &[("who", who)])) }
                    p { (say_with("carrying-counts", &[("given", given), ("taken", taken)])) }
                    @if let Some(heard) = stale { p.why { (say("carrying-stale")) " " (time(*heard)) } }
                    @for reason in refused { p.why { (say("carrying-not")) " " span lang="en" { (page::spoken(reason)) } } }
                }
            }
            Some(Called::Failed(why)) => {
                section #called.card data-called="failed" {
                    h2 { (say("carrying-failed")) }
                    p.why { span lang="en" { (page::spoken(why)) } }
                }
            }
            None => {}
        }
        @if !found.is_empty() {
            section #found.card {
                h2 { (say("carrying-found")) }
                p.hint { (say("carrying-found-means")) }
                @for Neighbour { at, name } in found {
                    form method="post" action="/carrying" {
                        input type="hidden" name="address" value=(at);
                        button.button type="submit" {
                            (say("carrying-call")) " " @match name { Some(name) => { (page::spoken(name)) } None => { (at) } }
                        }
                    }
                }
            }
        }
        form #call.card method="post" action="/carrying" {
            label for="address" { (say("carrying-address")) }
            input #address type="text" name="address" value=(address) inputmode="url" autocomplete="off"
                maxlength=(ADDRESS_LEN_MAX) placeholder="192.168.1.20:4434" required;
            button.button type="submit" { (say("carrying-call")) }
        }
        (lines("up", &say("carrying-up"), &up))
        (lines("home", &say("carrying-home"), &home))
        @if !bag.to.is_empty() {
            section #handed.card {
                h2 { (say("carrying-handed")) }
                @for line in &bag.to { (handed(line)) }
            }
        }
    };
    frame(&both("carrying-title"), Tab::Elsewhere, main, html! {})
}

fn lines(id: &str, title: &Markup, lines: &[&CarriedFor]) -> Markup {
    html! {
        section.card id=(id) {
            h2 { (title) }
            @if lines.is_empty() { p.empty { (say("carrying-none")) } }
            @for line in lines {
                p data-who=(line.who) {
                    strong { (page::spoken(&line.who)) } br;
                    (say_with("carrying-line", &[("parcels", &line.parcels), ("size", &size(line.bytes))])) br;
                    span.small { (say("carrying-since")) " " (time(line.since)) }
                    @if line.held < line.bytes { br; span.small { (say("carrying-part")) } }
                }
            }
        }
    }
}

fn handed(line: &HandedOver) -> Markup {
    html! {
        p {
            strong { (page::spoken(&line.who)) } " " (time(line.at)) br;
            (say_with("carrying-handed-line", &[("parcels", &line.parcels), ("heard", &line.heard)]))
        }
    }
}

/// A size as people read it.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes.div_ceil(1_000)),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}
