//! The audit 审计: who did what, searched by time, who, what and upon what; and as a file.

use axum::{
    extract::{Query, State},
    http::header,
    response::{IntoResponse, Response},
};
use civic_core::{
    access::operator::Right,
    id::hex,
    time::{Day, UnixSeconds},
};
use maud::{Markup, html};
use serde::Deserialize;

use super::{
    Console,
    error::PageError,
    frame::{self, Place},
    now,
    operator::Operator,
    routes::Routes,
    words::{both, in_address, line, say, say_with, to_the_second},
};
use crate::{
    audit::{Action, Event, Noted, search::Search},
    sheet,
};

/// Rows of one page.
const ROWS: usize = 100;
/// Events of one file; whoever needs more asks for shorter times.
const FILE_ROWS_MAX: usize = 100_000;
const DAY_S: i64 = 24 * 3_600;

pub(super) fn routes() -> Routes {
    Routes::default().get("/audit", Right::ReadAudit, page).get("/audit.jsonl", Right::ReadAudit, lines).get(
        "/audit.csv",
        Right::ReadAudit,
        csv,
    )
}

/// What is looked for, as it stands in the address.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct Asked {
    from: String,
    until: String,
    who: String,
    action: String,
    q: String,
    refused: String,
    before: String,
}

impl Asked {
    fn search(&self) -> Search {
        let given = |value: &str| (!value.trim().is_empty()).then(|| value.trim().to_owned());
        let day = |value: &str| Day::parse(value.trim()).map(|day| day.starts().0);
        Search {
            from: day(&self.from),
            // The whole of the last day.
            until: day(&self.until).map(|at| at + DAY_S),
            who: given(&self.who),
            action: Action::parse(&self.action),
            text: given(&self.q),
            is_refused: !self.refused.is_empty(),
        }
    }

    fn before(&self) -> i64 {
        self.before.parse().unwrap_or(i64::MAX)
    }

    /// The address of a page or file of the same search.
    fn address(&self, path: &str, before: Option<i64>) -> String {
        let before = before.map(|before| before.to_string()).unwrap_or_default();
        let Self { from, until, who, action, q, refused, before: _ } = self;
        let pairs = [
            ("from", from),
            ("until", until),
            ("who", who),
            ("action", action),
            ("q", q),
            ("refused", refused),
            ("before", &before),
        ];
        let given: Vec<String> = pairs
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(key, value)| format!("{key}={}", in_address(value)))
            .collect();
        if given.is_empty() { path.to_owned() } else { format!("{path}?{}", given.join("&")) }
    }
}

async fn page(
    State(console): State<Console>,
    operator: Operator,
    Query(asked): Query<Asked>,
) -> Result<Markup, PageError> {
    console
        .work(move |console| {
            let search = asked.search();
            operator.did(Action::ReadAudit, asked.address("/audit", None))?;
            let total = console.audit.count(&search)?;
            let found = console.audit.find(&search, asked.before(), ROWS)?;
            let head = console.audit.last_head()?;
            let body = html! {
                h1.unseen { (say("audit")) }
                (filters(&asked))
                p #as-of data-total=(total) {
                    span { (say_with("as-of", &[("at", to_the_second(now()).into())])) }
                    span { (say_with("audit-found", &[("count", total.into())])) }
                    @if let Some(head) = head {
                        span { (say_with("audit-head", &[("number", head.number.into()), ("at", UnixSeconds(head.at).date_and_minute().into())])) " " code { (&hex(&head.hash)[..16]) } }
                    }
                    span { a href=(asked.address("/audit.csv", None)) download { "CSV" } " " a href=(asked.address("/audit.jsonl", None)) download { "JSON" } }
                }
                (table(&found))
                nav #pager aria-label=(line("pager")) {
                    @if !asked.before.is_empty() { a rel="prev" href=(asked.address("/audit", None)) { "‹ " (say("audit-newest")) } }
                    @if found.len() == ROWS {
                        @if let Some(last) = found.last() { a rel="next" href=(asked.address("/audit", Some(last.number))) { (say("audit-older")) " ›" } }
                    }
                }
            };
            Ok(frame::page(&both("audit"), Place::Audit, &operator, console.waiting()?, body))
        })
        .await
}

fn filters(asked: &Asked) -> Markup {
    html! {
        form #filters action="/audit" role="search" {
            label { span.label { (say("audit-from")) } input type="date" name="from" value=(asked.from); }
            label { span.label { (say("audit-until")) } input type="date" name="until" value=(asked.until); }
            label { span.label { (say("audit-who")) } input name="who" value=(asked.who) autocomplete="off"; }
            label {
                span.label { (say("audit-action")) }
                select name="action" {
                    option value="" { (line("every")) }
                    @for action in Action::ALL { option value=(action.word()) selected[action.word() == asked.action] { (line(&key(action.word()))) } }
                }
            }
            label { span.label { (say("audit-object")) } input #search type="search" name="q" value=(asked.q) autocomplete="off"; }
            label.check { input type="checkbox" name="refused" value="1" checked[!asked.refused.is_empty()]; (say("audit-refused-only")) }
            button type="submit" { (say("filter")) }
            a.quiet href="/audit" { (say("filter-none")) }
        }
    }
}

/// The sentence of an action.
fn key(word: &str) -> String {
    format!("audit-{word}")
}

fn table(found: &[Noted]) -> Markup {
    html! {
        table #events {
            thead { tr {
                th.number { (say("audit-number")) } th.time { (say("audit-at")) } th { (say("audit-who")) } th { (say("audit-action")) }
                th { (say("audit-upon")) } th { (say("audit-outcome")) } th { (say("session-address")) } th { (say("audit-reason")) }
            } }
            tbody #rows-audit {
                @for noted in found {
                    tr data-number=(noted.number) data-action=(noted.action) data-outcome=(noted.outcome) {
                        td.number { (noted.number) }
                        td.time { (to_the_second(UnixSeconds(noted.at))) }
                        td { (web::page::spoken(&noted.who)) " " span.hint { (noted.role) } }
                        td { (say(&key(&noted.action))) }
                        td { code { (web::page::spoken(&noted.object)) } }
                        td { @if noted.outcome == "refused" { span.chip.struck { (say("audit-refused")) } } @else { (say("audit-done")) } }
                        td { code { (noted.address) } }
                        td { (web::page::spoken(&noted.reason)) }
                    }
                }
            }
        }
        @if found.is_empty() { p #nothing { (say("audit-nothing")) } }
    }
}

async fn lines(
    State(console): State<Console>,
    operator: Operator,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    file(console, operator, asked, "jsonl", "application/x-ndjson", |found| {
        found.iter().map(|noted| serde_json::to_string(noted).unwrap_or_default() + "\n").collect()
    })
    .await
}

async fn csv(
    State(console): State<Console>,
    operator: Operator,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    file(console, operator, asked, "csv", "text/csv", |found| {
        let mut out =
            sheet::head(&["number", "time", "who", "role", "action", "object", "outcome", "address", "reason"]);
        for noted in found {
            let Noted { number, at, who, role, action, object, outcome, address, reason } = noted;
            let (number, at) = (number.to_string(), to_the_second(UnixSeconds(*at)));
            out += &sheet::row(&[&number, &at, who, role, action, object, outcome, address, reason]);
        }
        out
    })
    .await
}

async fn file(
    console: Console,
    operator: Operator,
    asked: Asked,
    ending: &'static str,
    kind: &'static str,
    write: impl FnOnce(&[Noted]) -> String + Send + 'static,
) -> Result<Response, PageError> {
    console
        .work(move |console| {
            let path = asked.address(&format!("/audit.{ending}"), None);
            operator.note(Event::new(operator.by(), Action::ReadAudit).upon(path))?;
            let found = console.audit.find(&asked.search(), asked.before(), FILE_ROWS_MAX)?;
            let name = format!("attachment; filename=\"huiyin-audit-{}.{ending}\"", now().date());
            let headers =
                [(header::CONTENT_TYPE, format!("{kind}; charset=utf-8")), (header::CONTENT_DISPOSITION, name)];
            Ok((headers, write(&found)).into_response())
        })
        .await
}
