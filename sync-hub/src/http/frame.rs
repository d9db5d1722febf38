//! What stands around every page: the bar, the keys, the files.

use civic_core::wording::Both;
use maud::{Markup, html};

use super::words::{both, line, say};

/// Which page of the bar is open.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// 台账
    Ledger,
    /// 结果
    Results,
    /// 设备
    Devices,
    /// 备份
    Backups,
    /// Neither.
    Elsewhere,
}

/// A page of the console: `waiting` devices wait for an operator.
pub(super) fn page(title: &Both, here: Place, county: &str, waiting: usize, body: Markup) -> Markup {
    let mark = |place| (place == here).then_some("page");
    let whole = html! {
        header.bar {
            a.brand href="/" { span.zh { "回音" } " " span.en lang="en" { "Huiyin" } }
            span.county { (county) }
            nav {
                a href="/" aria-current=[mark(Place::Ledger)] { (say("nav-ledger")) }
                a href="/results" aria-current=[mark(Place::Results)] { (say("nav-results")) }
                a href="/devices" aria-current=[mark(Place::Devices)] {
                    (say("nav-devices")) " "
                    span #waiting-count .badge title=(line("nav-waiting")) hidden[waiting == 0] { (waiting) }
                }
                a href="/backups" aria-current=[mark(Place::Backups)] {
                    (say("nav-backups")) " "
                    img .lamp src="/backups/lamp.svg" alt=(line("nav-backups-lamp")) title=(line("nav-backups-lamp")) width="14" height="14";
                }
                a href="/export.jsonl" download { (say("nav-export")) }
            }
            span #live data-state="off" role="status" {
                span data-say="on" hidden { (say("live-on")) }
                span data-say="off" { (say("live-off")) }
            }
            button #show-keys type="button" { kbd { "?" } " " (say("keys")) }
        }
        main { (body) }
        dialog #keys aria-labelledby="keys-title" {
            h2 #keys-title { (say("keys")) }
            table {
                (key(&["j", "k", "↓", "↑"], &both("keys-move")))
                (key(&["Enter"], &both("keys-open")))
                (key(&["/"], &both("keys-search")))
                (key(&["[", "]"], &both("keys-page")))
                (key(&["1…9"], &both("keys-act")))
                (key(&["o"], &both("keys-original")))
                (key(&["g"], &both("keys-ledger")))
                (key(&["r"], &both("keys-results")))
                (key(&["d"], &both("keys-devices")))
                (key(&["Esc"], &both("keys-back")))
                (key(&["?"], &both("keys-help")))
            }
            form method="dialog" { button { (say("close")) } }
        }
    };
    web::page::whole(title, "/assets/console.css", &["/assets/console.js"], whole)
}

fn key(keys: &[&str], meaning: &Both) -> Markup {
    html! {
        tr {
            th scope="row" { @for key in keys { kbd { (key) } " " } }
            td { (web::page::both(meaning)) }
        }
    }
}

/// A page that only says why there is nothing else on it.
pub(super) fn sorry(sentence: &Both) -> Markup {
    let body = html! {
        p.refusal role="alert" { (web::page::both(sentence)) }
        p { a href="/" { (say("back-to-ledger")) } }
    };
    page(&both("sorry"), Place::Elsewhere, "", 0, body)
}

/// A lock that needs no font: personal details stand sealed beside the record.
pub(super) fn lock() -> Markup {
    html! {
        svg.lock role="img" aria-label=(line("sealed")) viewBox="0 0 12 14" width="11" height="13" {
            title { (line("sealed")) }
            path d="M3 6V4a3 3 0 0 1 6 0v2" fill="none" stroke="currentColor" stroke-width="1.6" {}
            rect x="1.2" y="6" width="9.6" height="7" rx="1.2" fill="currentColor" {}
        }
    }
}
