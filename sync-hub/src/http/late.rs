//! Late 待核实 on the page of an opinion: that some of it came from a device that was struck off before, who looked at it, and
//! the button that says so.

use axum::{
    extract::{Form, Path, State, rejection::FormRejection},
    response::Response,
};
use civic_core::{
    access::operator::Right,
    id::{DeviceId, DocId},
    time::UnixSeconds,
};
use maud::{Markup, html};
use serde::Deserialize;

use super::{
    Console, Operator,
    details::back_to,
    error::PageError,
    opinion,
    routes::Routes,
    words::{say, say_with},
};
use crate::{
    audit::{Action, Event},
    late::{Late, late},
    register::review::Review,
};

pub(super) fn routes() -> Routes {
    Routes::default().post("/opinion/{id}/reviewed", Right::Settle, reviewed)
}

/// What somebody looked at: so many entries of one device.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Looked {
    device: String,
    count: u64,
}

async fn reviewed(
    State(console): State<Console>,
    operator: Operator,
    Path(id): Path<String>,
    form: Result<Form<Looked>, FormRejection>,
) -> Result<Response, PageError> {
    let Form(Looked { device, count }) = form?;
    let device = DeviceId::parse(&device).ok_or(PageError::BadRequest)?;
    console
        .work(move |console| {
            let whole = opinion::read(console, &id)?;
            operator.must(Right::Settle, opinion::about(&whole), &id)?;
            let line = console.register.device(&device)?;
            // Of what came since the page was made, nobody said anything.
            let here = match late(&console.ledger, std::slice::from_ref(&line))?.first() {
                Some(late) => late.records.get(&whole.id).map_or(0, |(count, _)| *count),
                None => 0,
            };
            let seen = count.min(here);
            if seen == 0 {
                return Err(PageError::BadRequest);
            }
            let what = format!("{seen} entries of {device}");
            operator.note(Event::new(operator.by(), Action::ReviewLate).upon(whole.id).because(what))?;
            console.register.note_review(&line.public_key, &whole.id, seen, &operator.name)?;
            Ok(back_to(&whole.id))
        })
        .await
}

/// Of this opinion: from which devices, how many entries, and when the last of them came.
fn of<'a>(all: &'a [Late<'a>], id: &DocId) -> Vec<(&'a Late<'a>, u64, UnixSeconds)> {
    all.iter().filter_map(|late| late.records.get(id).map(|(count, at)| (late, *count, *at))).collect()
}

/// The notices: one for each device, with who looked at it.
pub(super) fn notices(
    console: &Console,
    whole: &::ledger::query::Whole,
    operator: &Operator,
) -> Result<Markup, PageError> {
    let devices = console.register.devices()?;
    let all = late(&console.ledger, &devices)?;
    let found = of(&all, &whole.id);
    if found.is_empty() {
        return Ok(html! {});
    }
    let reviews = console.register.reviews()?;
    let may = operator.may(Right::Settle, opinion::about(whole));
    Ok(html! {
        @for (late, count, at) in found {
            @let review = reviews.get(&(late.device.public_key, whole.id));
            (notice(whole.id, late, count, at, review, may))
        }
    })
}

fn notice(
    id: DocId,
    Late { device, struck_off_at, .. }: &Late<'_>,
    count: u64,
    at: UnixSeconds,
    review: Option<&Review>,
    may: bool,
) -> Markup {
    let is_reviewed = review.is_some_and(|review| review.count >= count);
    html! {
        section.late .reviewed[is_reviewed] data-late=(device.device) data-count=(count) data-reviewed=(is_reviewed) {
            h2 { @if is_reviewed { "✓ " (say("late-reviewed")) } @else { "⚠ " (say("late")) } }
            p { (say_with("late-what", &[
                ("device", format!("{:04} {}", device.number, device.name).into()),
                ("count", count.into()),
                ("struck", struck_off_at.date_and_minute().into()),
                ("at", at.date_and_minute().into()),
            ])) }
            @if let Some(review) = review {
                p.by { (say_with("late-by", &[
                    ("by", review.by.as_str().into()),
                    ("at", review.at.date_and_minute().into()),
                    ("count", review.count.into()),
                ])) }
            }
            @if !is_reviewed {
                p.hint { (say("late-hint")) }
                @if may {
                    form method="post" action={ "/opinion/" (id) "/reviewed" } data-act="reviewed" {
                        input type="hidden" name="device" value=(device.device);
                        input type="hidden" name="count" value=(count);
                        button.go type="submit" { (say("late-go")) }
                    }
                }
            }
        }
    }
}
