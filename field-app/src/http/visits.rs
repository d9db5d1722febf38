//! Past visits.

use axum::extract::State;
use civic_core::area::Area;
use ledger::query::VisitLine;
use maud::{Markup, html};
use web::page;

use super::{
    App,
    frame::{Tab, Whereabouts, frame, time},
    trouble::Trouble,
};
use crate::words::{both, say, say_with};

/// Visits on the page: several months of work.
const SHOWN_MAX: usize = 100;

/// `GET /visits`
pub(super) async fn show(State(app): State<App>) -> Result<Markup, Trouble> {
    let visits = app
        .work(|app| {
            let visits = app.inner.ledger.visits(SHOWN_MAX)?;
            let all: Result<Vec<_>, Trouble> =
                visits.into_iter().map(|visit| Ok((Whereabouts::of(app, &visit.id)?, visit))).collect();
            all
        })
        .await?;
    let main = html! {
        @if visits.is_empty() { p.empty { (say("visits-none")) } }
        ul #visits.list {
            @for (place, visit) in &visits { li { (card(&app, *place, visit)) } }
        }
    };
    let action = html! { a #new-visit.button.main href="/visit/new" { (say("visit-new")) } };
    Ok(frame(&both("visits-title"), Tab::Visits, main, action))
}

fn card(app: &App, place: Whereabouts, visit: &VisitLine) -> Markup {
    let village = Area::parse(&visit.area).map_or_else(|| visit.area.clone(), |area| app.area_name(&area));
    let body = html! {
        span.line {
            strong { (page::spoken(&village)) @if !visit.place.is_empty() { " · " (page::spoken(&visit.place)) } }
            (place.badge())
        }
        span.line { (say_with("visits-heard", &[("count", &visit.count)])) }
        @if !visit.note.is_empty() { span.words { (page::spoken(&visit.note)) } }
        span.small { (time(visit.at)) " · " (page::spoken(&visit.by)) }
    };
    let is_told = app.inner.saved.of(&visit.id).is_some();
    html! {
        @if is_told {
            a.card.visit href={ "/visit/" (visit.id) } data-id=(visit.id) { (body) }
        } @else {
            div.card.visit data-id=(visit.id) { (body) }
        }
    }
}
