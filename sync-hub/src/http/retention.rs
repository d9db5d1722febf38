//! Retention 保存期限: for how long what is kept, what goes next, what went, and what remains of it in backups.

use ::ledger::query::Whole;
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
            let named = |doc: &DocId| -> Result<Option<Whole>, PageError> {
                let Some(home) = console.ledger.home_of(doc)? else { return Ok(None) };
                let whole = console.ledger.opinion(&home.opinion)?;
                Ok(whole.filter(|whole| operator.may(Right::ReadOpinions, opinion::about(whole))))
            };
            let (mut coming, mut gone) = (Vec::new(), Vec::new());
            for next in console.vault.coming(keep, now())? {
                coming.extend(named(&next.item.doc)?.map(|whole| (next, whole)));
            }
            for erased in console.vault.latest_erased()? {
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
