//! Retention 保存期限: for how long what is kept, what goes next, what went, and what remains of it in backups.

use ::ledger::{LedgerError, query::Whole};
use axum::extract::State;
use civic_core::{
    access::operator::{About, Right},
    attachment::AttachmentKind,
    detail::Detail,
    id::DocId,
};
use maud::{Markup, html};

use super::{
    Console, Operator, details,
    error::PageError,
    frame::{self, Place},
    now, opinion,
    routes::Routes,
    words::{both, say, say_with},
};
use crate::vault::KEYS_KEPT_DAYS;

const KINDS: [Detail; 4] = [
    Detail::Contact,
    Detail::Attached(AttachmentKind::Voice),
    Detail::Attached(AttachmentKind::Ink),
    Detail::Attached(AttachmentKind::Photo),
];

pub(super) fn routes() -> Routes {
    Routes::default().get("/retention", Right::ReadOpinions, page)
}

async fn page(State(console): State<Console>, operator: Operator) -> Result<Markup, PageError> {
    console
        .work(move |console| {
            let keep = &console.ledger.codebook().details.keep;
            let stock = console.vault.stock()?;
            // No more is shown than the operator may read.
            let is_told = |doc: &DocId| -> Result<bool, LedgerError> {
                let home = console.ledger.home_of(doc)?;
                let about = home.as_ref().map(|home| About::Opinion { area: &home.area, body: &home.office });
                Ok(about.is_some_and(|about| operator.may(Right::ReadOpinions, about)))
            };
            let named = |doc: &DocId| -> Result<Option<Whole>, PageError> {
                let Some(home) = console.ledger.home_of(doc)? else { return Ok(None) };
                Ok(console.ledger.opinion(&home.opinion)?)
            };
            let (mut coming, mut gone) = (Vec::new(), Vec::new());
            for next in console.vault.coming(keep, now(), is_told)? {
                coming.extend(named(&next.item.doc)?.map(|whole| (next, whole)));
            }
            for erased in console.vault.latest_erased(is_told)? {
                gone.extend(named(&erased.doc)?.map(|whole| (erased, whole)));
            }
            let link = |whole: &Whole| html! { a href={ "/opinion/" (whole.id) } { (opinion::name_of(whole)) } };
            let body = html! {
                section #keep {
                    h1 { (say("retention")) }
                    p.siblings {
                        @for (right, path, word) in [
                            (Right::ApproveOpening, "/openings", say("openings")),
                            (Right::OpenDetails, "/caller", say("caller")),
                            (Right::ReadAudit, "/openings/counts", say("opening-counts")),
                        ] {
                            @if operator.may(right, About::Somewhere) { a href=(path) { (word) } }
                        }
                    }
                    p.hint { (say("retention-hint")) }
                    table {
                        thead { tr { th { (say("retention-kind")) } th.count { (say("retention-days")) } th.count { (say("retention-count")) } th.count { (say("retention-running")) } } }
                        tbody {
                            @for kind in KINDS {
                                @let stock = stock.get(&kind).copied().unwrap_or_default();
                                tr data-kind=(kind.word()) data-count=(stock.count) { th scope="row" { (details::detail_word(kind)) } td.count { (keep.days(kind)) } td.count { (stock.count) } td.count { (stock.running) } }
                            }
                        }
                    }
                    p.notice { (say_with("retention-backups", &[("days", u32::from(KEYS_KEPT_DAYS).into())])) }
                }
                section #coming data-coming=(coming.len()) {
                    h2 { (say("retention-coming")) }
                    @if coming.is_empty() { p { (say("retention-nothing")) } } @else {
                        table { tbody { @for (next, whole) in &coming {
                            tr { td.time { time { (next.at.date()) } } td { (details::detail_word(next.item.detail)) } td { (link(whole)) } }
                        } } }
                    }
                }
                section #gone data-gone=(gone.len()) {
                    h2 { (say("retention-gone")) }
                    @if gone.is_empty() { p { (say("retention-nothing")) } } @else {
                        ul { @for (erased, whole) in &gone { li { (link(whole)) " · " (details::gone_line(console, erased)) } } }
                    }
                }
            };
            Ok(frame::page(&both("retention"), Place::Details, &operator, console.waiting()?, body))
        })
        .await
}
