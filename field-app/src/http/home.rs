//! The first page: whose app, what is where, and whether the road is open.

use axum::extract::State;
use civic_core::area::Area;
use ledger::status::Status;
use maud::{Markup, html};
use web::page;

use super::{
    App,
    frame::{Tab, frame, time},
    status,
    trouble::Trouble,
    visit,
};
use crate::{
    draft::Draft,
    words::{both, say, say_with},
};

/// Things kept apart that are told of; the command line tells all.
const APART_MAX: usize = 3;

/// `GET /`
pub(super) async fn show(State(app): State<App>) -> Result<Markup, Trouble> {
    let (status, drafts) = app.work(|app| Ok((status::now(app)?, visit::unfinished(app)?))).await?;
    let areas: Vec<_> = app.inner.ledger.card().scope.areas.iter().map(|area| app.area_name(area)).collect();
    let main = html! {
        section.card.whose {
            p #deputy.name { (page::spoken(&status.name)) }
            p #areas { (say_with("home-areas", &[("areas", &areas.join("、"))])) }
        }
        @if !drafts.is_empty() {
            div #draft { @for draft in &drafts { (draft_card(&app, draft)) } }
        }
        (figures(&status))
        @if !status.apart.is_empty() || !status.refused.is_empty() {
            section #apart.card {
                h2 { (say("home-apart")) }
                @for apart in status.apart.iter().take(APART_MAX) {
                    p { (time(apart.at)) " " (page::spoken(&apart.reason)) }
                }
                @for refused in status.refused.iter().take(APART_MAX) {
                    p data-reason=(refused.reason) { (time(refused.at)) " " (say("home-refused")) }
                }
            }
        }
        a #carrying.card href="/carrying" {
            strong { (say("carrying-title")) }
            span {
                @if status.road.bag.carries.is_empty() { (say("carrying-none")) }
                @else { (say_with("carrying-places", &[("count", &status.road.bag.carries.len())])) }
            }
        }
        section #about.card {
            h2 { (say("home-offline")) }
            p { (say("home-offline-means")) }
        }
    };
    let action = html! { a #new-visit.button.main href="/visit/new" { (say("visit-new")) } };
    Ok(frame(&both("home-heading"), Tab::Home, main, action))
}

fn draft_card(app: &App, Draft { at, form }: &Draft) -> Markup {
    let village = Area::parse(&form.village).map(|area| app.area_name(&area));
    let words = form.heard.iter().map(|one| &one.text).chain([&form.note]).find(|text| !text.trim().is_empty());
    html! {
        a.card.draft href={ "/visit/new?form=" (form.form) } {
            strong { (say("home-draft")) }
            span { @if let Some(village) = village { (page::spoken(&village)) " · " } (time(*at)) }
            @if let Some(words) = words { span.words { (page::spoken(words)) } }
        }
    }
}

fn figures(status: &Status) -> Markup {
    html! {
        section #status.card data-live="" {
            h2 { (say("home-records")) }
            @if status.is_elsewhere { p #elsewhere.alert role="alert" { (say("trouble-elsewhere")) } }
            dl.places {
                div data-place="here" { dt { (say("place-here")) } dd #here { (status.counts.here) } }
                div data-place="road" { dt { (say("place-road")) } dd #on-road { (status.counts.on_road) } }
                div data-place="received" { dt { (say("place-received")) } dd #received { (status.counts.received) } }
            }
            p #last-receipt {
                @match status.counts.last_receipt {
                    Some(at) => { (say_with("home-receipt", &[("at", &at.date_and_minute())])) }
                    None => { (say("home-no-receipt")) }
                }
            }
            @if status.road.is_open {
                p #road.road data-road="open" { (say("road-open")) }
            } @else if status.road.trouble.is_empty() {
                p #road.road data-road="calling" { (say("road-calling")) }
            } @else {
                p #road.road data-road="closed" { (say("road-closed")) }
                p #road-why.why { (say("road-why")) " " span lang="en" { (page::spoken(&status.road.trouble)) } }
            }
        }
    }
}
