//! What stands around every page: the bar, the keys, the files.

use civic_core::wording::Both;
use maud::{Markup, html};

use civic_core::access::operator::{About, Mandate, Right};

use super::{
    operator::Operator,
    words::{both, line, say},
};

/// Which page of the bar is open.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// 台账
    Ledger,
    /// 结果
    Results,
    /// 小票
    Slips,
    /// 设备
    Devices,
    /// 个人信息
    Details,
    /// 备份
    Backups,
    /// 用户
    Users,
    /// 审计
    Audit,
    /// 本人账号
    Account,
    /// None of these.
    Elsewhere,
}

/// Where an operator begins: the first page of the bar that they may open.
pub(super) fn home(mandate: &Mandate) -> &'static str {
    let may = |right| mandate.allows(right, About::Somewhere);
    if may(Right::ReadOpinions) {
        "/"
    } else if may(Right::SeeDevices) {
        "/devices"
    } else if may(Right::ReadAudit) {
        "/audit"
    } else {
        "/account"
    }
}

/// A page of the console for this operator: `waiting` devices wait for somebody. Only what the operator may open is offered.
pub(super) fn page(title: &Both, here: Place, operator: &Operator, waiting: usize, body: Markup) -> Markup {
    let may = |right| operator.due.is_none() && operator.may(right, About::Somewhere);
    whole(title, here, Some(operator), &operator.county, waiting, &may, body)
}

fn whole(
    title: &Both,
    here: Place,
    operator: Option<&Operator>,
    county: &str,
    waiting: usize,
    may: &dyn Fn(Right) -> bool,
    body: Markup,
) -> Markup {
    let mark = |place| (place == here).then_some("page");
    let page = html! {
        header.bar {
            a.brand href=(operator.map_or("/", |operator| home(&operator.mandate))) { span.zh { "回音" } " " span.en lang="en" { "Huiyin" } }
            span.county { (county) }
            nav {
                @if may(Right::ReadOpinions) { a href="/" aria-current=[mark(Place::Ledger)] { (say("nav-ledger")) } }
                @if may(Right::Tally) { a href="/results" aria-current=[mark(Place::Results)] { (say("nav-results")) } }
                @if may(Right::ReadOpinions) { a href="/slips" aria-current=[mark(Place::Slips)] { (say("slips")) } }
                @if may(Right::SeeDevices) {
                    a href="/devices" aria-current=[mark(Place::Devices)] {
                        (say("nav-devices")) " "
                        span #waiting-count .badge title=(line("nav-waiting")) hidden[waiting == 0] { (waiting) }
                    }
                }
                @if may(Right::ReadOpinions) { a href="/retention" aria-current=[mark(Place::Details)] { (say("nav-details")) } }
                @else if may(Right::ReadAudit) { a href="/openings/counts" aria-current=[mark(Place::Details)] { (say("nav-details")) } }
                @if may(Right::Backup) {
                    a href="/backups" aria-current=[mark(Place::Backups)] {
                        (say("nav-backups")) " "
                        img .lamp src="/backups/lamp.svg" alt=(line("nav-backups-lamp")) title=(line("nav-backups-lamp")) width="14" height="14";
                    }
                }
                @if may(Right::ManageUsers) { a href="/users" aria-current=[mark(Place::Users)] { (say("users")) } }
                @if may(Right::ReadAudit) { a href="/audit" aria-current=[mark(Place::Audit)] { (say("audit")) } }
            }
            @if let Some(operator) = operator {
                a #me href="/account" aria-current=[mark(Place::Account)] title=(line("account")) { (operator.name) }
                form #leave method="post" action="/sign-out" data-act="sign-out" { button { (say("sign-out")) } }
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
    web::page::whole(title, "/assets/console.css", &["/assets/console.js", "/assets/passkey.js"], page)
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
    whole(&both("sorry"), Place::Elsewhere, None, "", 0, &|_| false, body)
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
