//! The opinions of the deputy's areas that this device holds.

use std::collections::BTreeMap;

use axum::extract::{Query, State};
use civic_core::id::DocId;
use ledger::query::{Filter, Line, Page};
use maud::{Markup, html};
use serde::Deserialize;
use web::page;

use super::{
    App,
    frame::{Tab, Whereabouts, enclosed, frame, grouped, state, topic},
    trouble::Trouble,
};
use crate::words::{both, plain, say, say_with};

/// Opinions on one page: about as many as a thumb scrolls through.
const PAGE_ROWS: usize = 30;

/// What is looked for.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Look {
    q: String,
    state: String,
    page: usize,
}

/// `GET /opinions`
pub(super) async fn show(State(app): State<App>, Query(look): Query<Look>) -> Result<Markup, Trouble> {
    let given = look.clone();
    let (list, places, unwritten, tallies) = app
        .work(move |app| {
            let filter = Filter {
                state: Some(given.state).filter(|state| !state.is_empty()),
                text: Some(given.q),
                offset: given.page.saturating_mul(PAGE_ROWS),
                limit: PAGE_ROWS,
                ..Filter::default()
            };
            let list = app.inner.ledger.list(&filter)?;
            let places: Result<Vec<_>, Trouble> =
                list.lines.iter().map(|line| Whereabouts::of(app, &line.id)).collect();
            let unwritten = unwritten(app, &list.lines)?;
            Ok((list, places?, unwritten, app.inner.ledger.tallies(&Filter::default())?))
        })
        .await?;
    let Page { lines, total } = list;
    let main = html! {
        (search(&app, &look, &tallies))
        p #total.small { (say_with("opinions-total", &[("count", &total)])) }
        @if lines.is_empty() { p.empty { (say("opinions-none")) } }
        ul #opinions.list {
            @for (line, place) in lines.iter().zip(places) { li { (card(&app, line, place, unwritten.get(&line.id))) } }
        }
        (pages(&look, total))
    };
    let action = html! { a #new-visit.button.main href="/visit/new" { (say("visit-new")) } };
    Ok(frame(&both("opinions-title"), Tab::Opinions, main, action))
}

fn search(app: &App, look: &Look, tallies: &[(String, u64)]) -> Markup {
    let codebook = app.inner.ledger.codebook();
    let count = |name: &str| tallies.iter().find(|(state, _)| state == name).map(|(_, count)| *count);
    // In the county's order; states of other systems that the codebook does not know come last.
    let known = codebook.states.iter().map(|state| state.name.as_str());
    let others = tallies.iter().map(|(name, _)| name.as_str()).filter(|name| codebook.state(name).is_none());
    html! {
        form #search.search method="get" action="/opinions" role="search" {
            input #q type="search" name="q" value=(look.q) aria-label=(plain("opinions-search"))
                placeholder=(both("opinions-search-hint").zh) title=(both("opinions-search-hint").en);
            button #find.button type="submit" { (say("opinions-find")) }
            label.pick {
                (say("opinions-state"))
                select #state name="state" {
                    option value="" { (plain("opinions-all")) }
                    @for name in known.chain(others) {
                        @if let Some(count) = count(name).or((name == look.state).then_some(0)) {
                            option value=(name) selected[name == look.state] {
                                (name) " " @if let Some(state) = codebook.state(name) { (state.en) } " (" (count) ")"
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What stands beside those of `lines` that have no words, as it is told.
fn unwritten(app: &App, lines: &[Line]) -> Result<BTreeMap<DocId, Markup>, Trouble> {
    let ledger = &app.inner.ledger;
    let mut all = BTreeMap::new();
    for line in lines.iter().filter(|line| line.body.trim().is_empty()) {
        let Some(whole) = ledger.opinion(&line.id)? else { continue };
        let is_erased = ledger.erased(&line.id)?.is_some();
        let told = html! { @for enclosure in &whole.enclosures { span { (enclosed(enclosure, is_erased)) } br; } };
        all.insert(line.id, told);
    }
    Ok(all)
}

fn card(app: &App, line: &Line, place: Whereabouts, unwritten: Option<&Markup>) -> Markup {
    let codebook = app.inner.ledger.codebook();
    html! {
        a.card.opinion href={ "/opinion/" (line.id) } data-id=(line.id) {
            span.line { span.state { (state(codebook, &line.state)) } (place.badge()) }
            span.words { (page::spoken(if line.body.is_empty() { &line.title } else { &line.body })) }
            @if let Some(enclosed) = unwritten { span.enclosed { (enclosed) } }
            @if line.questions > 0 { span.question { (say("opinion-questions")) } }
            span.small {
                (page::spoken(&line.village)) " · " (topic(codebook, &line.topic)) br;
                span.ticket { (grouped(&line.ticket)) } " · " time { (line.filed_at.date()) }
            }
        }
    }
}

fn pages(look: &Look, total: u64) -> Markup {
    let shown = look.page.saturating_add(1).saturating_mul(PAGE_ROWS) as u64;
    let to = |page: usize, sentence: Markup, id: &str| {
        html! {
            form method="get" action="/opinions" {
                input type="hidden" name="q" value=(look.q);
                input type="hidden" name="state" value=(look.state);
                input type="hidden" name="page" value=(page);
                button.button id=(id) type="submit" { (sentence) }
            }
        }
    };
    html! {
        div.pages {
            @if look.page > 0 { (to(look.page - 1, say("opinions-newer"), "newer")) }
            @if shown < total { (to(look.page.saturating_add(1), say("opinions-older"), "older")) }
        }
    }
}
