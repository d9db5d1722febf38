//! Backups 备份: the last good one, each place, what failed in plain words, and how far devices may let go.

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse as _, Response},
};
use civic_core::{access::operator::Right, time::UnixSeconds};
use maud::{Markup, html};

use super::{
    Console,
    error::PageError,
    frame::{self, Place},
    operator::Operator,
    routes::Routes,
    words::{both, moment, say, say_with},
};
use crate::backup::{
    KEYS_KEPT_DAYS_MAX,
    record::{Line, Record},
    schedule::{self, Lamp, Schedule, Standing},
};

/// Tries that are shown.
const SHOWN: usize = 30;
const DAY_S: i64 = 86_400;
const MIB: f64 = 1_048_576.0;

pub(super) fn routes() -> Routes {
    Routes::default()
        .get("/backups", Right::Backup, page)
        // Whoever works here sees that the copies are late, and tells whoever makes them.
        .get("/backups/lamp.svg", Right::OwnAccount, lamp)
}

/// The lamp in the bar of every page: a tick, or a mark that something is to be done. The shape tells it, not the colour.
async fn lamp(State(console): State<Console>) -> Result<Response, PageError> {
    let lamp = console.work(|console| Ok(schedule::lamp(&console.dir, super::now()))).await?;
    let (fill, mark) = match lamp {
        Lamp::Good => ("#2f6b3a", "M4 8.5 7 11.5 12 5"),
        Lamp::Late | Lamp::Unset => ("#b3261e", "M8 3.5V9M8 11.4v1.6"),
    };
    let picture = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 16 16\"><circle cx=\"8\" cy=\"8\" r=\"8\" fill=\"{fill}\"/>\
         <path d=\"{mark}\" fill=\"none\" stroke=\"#fff\" stroke-width=\"2\" stroke-linecap=\"round\"/></svg>"
    );
    Ok(([(header::CONTENT_TYPE, "image/svg+xml")], picture).into_response())
}

async fn page(State(console): State<Console>, operator: Operator) -> Result<Markup, PageError> {
    console
        .work(move |console| {
            let now = super::now();
            let record = Record::open(&console.dir)?;
            let (schedule, trouble) = match Schedule::read(&console.dir) {
                Ok(schedule) => (schedule.unwrap_or_default(), None),
                Err(error) => (Schedule::default(), Some(error)),
            };
            let standings = schedule.standings(&record, now)?;
            let held = console.ledger.log().held();
            let kept: u64 = held.iter().map(|held| held.kept.length).sum();
            let all: u64 = held.iter().map(|held| held.extent.length).sum();
            let lamp = schedule::lamp(&console.dir, now);
            let body = html! {
                h1.unseen { (say("backups")) }
                section #backup-state data-lamp=(word(lamp)) {
                    @match lamp {
                        Lamp::Good => p { (say("backup-good")) },
                        Lamp::Late => p.refusal role="alert" { (say("backup-late")) },
                        Lamp::Unset => p.refusal role="alert" { (say("backup-unset")) },
                    }
                    @if let Some(error) = &trouble { p.refusal { (sentence(error.word())) " " code { (error) } } }
                    @if let Some(good) = record.last_good()? {
                        p { (say_with("backup-last-good", &[
                            ("at", good.at.date_and_minute().into()), ("place", good.place.as_str().into()),
                            ("size", size(good.bytes).into()), ("entries", good.entries.into()),
                        ])) }
                        @if good.file != good.place { p.hint { code { (good.file) } } }
                    }
                    p { (say_with("backup-kept", &[("kept", kept.into()), ("all", all.into())])) }
                    p.hint { (say_with("backup-erased", &[
                        ("days", KEYS_KEPT_DAYS_MAX.into()),
                        ("until", UnixSeconds(now.0 + i64::from(KEYS_KEPT_DAYS_MAX) * DAY_S).date_and_minute().into()),
                    ])) }
                }
                @if !standings.is_empty() { (places(&standings)) }
                (tries(&record.newest(SHOWN)?))
                p.hint { (say("backup-how")) }
            };
            Ok(frame::page(&both("backups"), Place::Backups, &operator, console.waiting()?, body))
        })
        .await
}

fn places(standings: &[Standing]) -> Markup {
    html! {
        section {
            h2 { (say("backup-places")) }
            table {
                thead { tr {
                    th { (say("backup-place")) } th { (say("backup-every")) } th { (say("backup-good-at")) }
                    th { (say("backup-due")) } th { (say("backup-trouble")) }
                } }
                tbody {
                    @for Standing { place, last, good, due, is_late } in standings {
                        tr data-place=(place.name) data-late[*is_late] {
                            th scope="row" {
                                (place.name) " " code { (place.dir.display()) }
                                @if place.on_this_machine { br; span.hint { (say("backup-on-this-machine")) } }
                            }
                            td { (say_with("backup-every-minutes", &[
                                ("minutes", place.every_minutes.into()), ("days", place.keep_days.into()),
                            ])) }
                            td.time { (moment(good.as_ref().map_or(UnixSeconds(0), |line| line.at))) }
                            td.time { (moment(*due)) }
                            td {
                                @if *is_late { span.unsolved { (say("backup-is-late")) } " " }
                                @if let Some(line) = last.as_ref().filter(|line| !line.is_good()) { (sentence(&line.trouble)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn tries(lines: &[Line]) -> Markup {
    html! {
        @if !lines.is_empty() {
            section {
                h2 { (say("backup-tries")) }
                table {
                    thead { tr {
                        th { (say("backup-at")) } th { (say("backup-place")) } th { (say("backup-size")) }
                        th { (say("backup-took")) } th { (say("backup-outcome")) }
                    } }
                    tbody {
                        @for line in lines {
                            tr data-good[line.is_good()] {
                                td.time { (moment(line.at)) }
                                td { (line.place) }
                                td.count { @if line.is_good() { (size(line.bytes)) } }
                                td.count { @if line.is_good() { (format!("{:.1} s", seconds(line.millis))) } }
                                td {
                                    @if line.is_good() {
                                        (say_with("backup-verified", &[("entries", line.entries.into())]))
                                        @if line.is_kept { " · " (say("backup-is-kept")) }
                                    } @else {
                                        span.unsolved { (sentence(&line.trouble)) } " " code { (line.detail) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Why there is none, in plain words, by the word of [`crate::backup::BackupError::word`].
fn sentence(trouble: &str) -> Markup {
    match trouble {
        "busy" => say("backup-trouble-busy"),
        "recipient" => say("backup-trouble-recipient"),
        "schedule" => say("backup-trouble-schedule"),
        "inside" => say("backup-trouble-inside"),
        "gone" => say("backup-trouble-gone"),
        "full" => say("backup-trouble-full"),
        "too-long" => say("backup-trouble-too-long"),
        "place" => say("backup-trouble-place"),
        "hub" => say("backup-trouble-hub"),
        _ => say("backup-trouble-unproven"),
    }
}

const fn word(lamp: Lamp) -> &'static str {
    match lamp {
        Lamp::Good => "good",
        Lamp::Late => "late",
        Lamp::Unset => "unset",
    }
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people, to a tenth")]
fn size(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / MIB)
}

#[expect(clippy::cast_precision_loss, reason = "likewise")]
fn seconds(millis: u64) -> f64 {
    millis as f64 / 1_000.0
}
