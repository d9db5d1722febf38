//! Devices 设备: who belongs to the county, who waits to be let in, who is expected, and what was kept apart.

use std::collections::{BTreeMap, BTreeSet};

use ::ledger::query::RefusedLine;
use axum::{
    extract::{Form, State, rejection::FormRejection},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use civic_core::{
    access::{Role, operator::Right},
    area::Area,
    id::{DeviceId, DocId},
    wording::Both,
};
use maud::{Markup, html};
use replica::store::Apart;

use super::{
    Console, Fleet,
    error::PageError,
    frame::{self, Place},
    now,
    routes::Routes,
    words::{area_tree, area_word, both, both_with, moment, one_line, role_word, say, say_with, to_the_second},
};
use crate::register::{DeviceLine, RegisterError, WaitingLine};

/// Things kept apart that are shown; the newest come first.
const APART_SHOWN: usize = 100;
/// Longest name of a device.
const NAME_CHARS_MAX: usize = 60;
/// What a code can be made for here; a hub under this one is made on the command line.
const ROLES: [Role; 2] = [Role::Kiosk, Role::Deputy];

pub(super) fn routes() -> Routes {
    Routes::default()
        .get("/devices", Right::SeeDevices, page)
        .post("/devices/approve", Right::ApproveDevices, approve)
        .post("/devices/decline", Right::ApproveDevices, decline)
        .post("/devices/revoke", Right::RevokeDevices, revoke)
        .post("/devices/slots", Right::EnrolDevices, add_slot)
}

/// What the forms send; a name may come several times.
type Posted = Result<Form<Vec<(String, String)>>, FormRejection>;

/// What was asked for in the form for a new code.
#[derive(Clone, Debug, Default)]
struct Asked {
    role: Option<Role>,
    name: String,
    areas: BTreeSet<Area>,
    is_trusted: bool,
}

/// What became of the form for a new code.
enum Slot {
    /// Nothing was asked.
    None,
    /// A code, shown this once.
    Made { code: String, asked: Asked },
    /// A reason; what was typed stays.
    Refused { reason: Both, asked: Asked },
}

async fn page(State(console): State<Console>) -> Result<Markup, PageError> {
    console.work(|console| show(console, &Slot::None)).await
}

async fn approve(State(console): State<Console>, form: Posted) -> Result<Response, PageError> {
    decide(console, form, |console, slot| console.register.approve(slot)).await
}

async fn decline(State(console): State<Console>, form: Posted) -> Result<Response, PageError> {
    decide(console, form, |console, slot| console.register.decline(slot)).await
}

async fn decide(
    console: Console,
    form: Posted,
    decision: impl FnOnce(&Console, i64) -> Result<(), RegisterError> + Send + 'static,
) -> Result<Response, PageError> {
    let slot = value(&form?, "slot").parse().map_err(|_| PageError::BadRequest)?;
    console.work(move |console| Ok(decision(console, slot)?)).await?;
    Ok(back())
}

async fn revoke(State(console): State<Console>, form: Posted) -> Result<Response, PageError> {
    let device = DeviceId::parse(&value(&form?, "device")).ok_or(PageError::BadRequest)?;
    console.work(move |console| Ok(console.register.revoke(&device)?)).await?;
    Ok(back())
}

/// Makes a slot. Its code is shown in the answer itself: a redirect would need a place to keep it.
async fn add_slot(State(console): State<Console>, form: Posted) -> Result<Response, PageError> {
    let Form(pairs) = form?;
    console
        .work(move |console| {
            let slot = make_slot(console, &pairs)?;
            let status = match &slot {
                Slot::None => StatusCode::OK,
                Slot::Made { .. } => StatusCode::CREATED,
                Slot::Refused { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            };
            Ok((status, show(console, &slot)?).into_response())
        })
        .await
}

fn make_slot(console: &Console, pairs: &[(String, String)]) -> Result<Slot, PageError> {
    let first = |name: &str| pairs.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.trim());
    let areas = pairs.iter().filter(|(key, value)| key == "area" && !value.is_empty());
    let asked = Asked {
        role: Role::parse(first("role")).filter(|role| ROLES.contains(role)),
        name: first("name").to_owned(),
        areas: areas.map(|(_, code)| Area::parse(code).ok_or(PageError::BadRequest)).collect::<Result<_, _>>()?,
        is_trusted: !first("trusted").is_empty(),
    };
    let length = asked.name.chars().count();
    if length == 0 {
        return Ok(Slot::Refused { reason: both("refused-no-device-name"), asked });
    }
    if length > NAME_CHARS_MAX {
        return Ok(Slot::Refused { reason: both_with("refused-too-long", &[("most", NAME_CHARS_MAX.into())]), asked });
    }
    let Some(role) = asked.role else { return Ok(Slot::Refused { reason: both("refused-no-role"), asked }) };
    let areas: Vec<Area> = asked.areas.iter().cloned().collect();
    let county = &console.ledger.codebook().county.area;
    match console.register.add_slot(county, role, &areas, &asked.name, asked.is_trusted) {
        Ok(code) => Ok(Slot::Made { code, asked }),
        Err(RegisterError::NoArea | RegisterError::Elsewhere(_)) => {
            Ok(Slot::Refused { reason: both("refused-no-area"), asked })
        }
        Err(failure @ (RegisterError::Db(_) | RegisterError::NotFound)) => Err(failure.into()),
    }
}

fn value(Form(pairs): &Form<Vec<(String, String)>>, name: &str) -> String {
    pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()).unwrap_or_default()
}

fn back() -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, "/devices")]).into_response()
}

fn show(console: &Console, slot: &Slot) -> Result<Markup, PageError> {
    let devices = console.register.devices()?;
    let waiting = console.register.waiting()?;
    let connected = console.connected();
    let mut entries: BTreeMap<[u8; 32], u64> = BTreeMap::new();
    for held in console.ledger.log().held() {
        *entries.entry(held.feed.public_key).or_default() += held.extent.length;
    }
    let apart = console.ledger.log().apart(APART_SHOWN).map_err(::ledger::LedgerError::from)?;
    let refused = console.ledger.refused(APART_SHOWN)?;
    let fleet = console.fleet(now())?;
    let names: BTreeMap<String, &str> =
        devices.iter().map(|device| (device.device.to_string(), device.name.as_str())).collect();
    let body = html! {
        h1.unseen { (say("devices")) }
        (waiting_pane(&waiting))
        (fleet_pane(console, &devices, &connected, &entries, fleet))
        (slot_pane(console, slot))
        (apart_pane(&apart, &refused, &names))
    };
    Ok(frame::page(&both("devices"), Place::Devices, console.county(), waiting.len(), body))
}

fn waiting_pane(waiting: &[WaitingLine]) -> Markup {
    html! {
        section #waiting data-live data-waiting=(waiting.len()) {
            @if !waiting.is_empty() {
                h2 { (say("waiting")) }
                p.hint { (say("waiting-hint")) }
                div.cards {
                    @for line in waiting {
                        div.card data-slot=(line.slot) {
                            p { b { (web::page::spoken(&line.name)) } " · " (web::page::both(&role_word(line.role))) }
                            p.digits data-comparison=(line.comparison) { (spaced(&line.comparison, 3)) }
                            p.hint { (say("waiting-since")) " " time { (line.since.date_and_minute()) } }
                            div.choice {
                                form method="post" action="/devices/approve" data-act="approve" {
                                    input type="hidden" name="slot" value=(line.slot);
                                    button.go { (say("approve")) }
                                }
                                form method="post" action="/devices/decline" data-act="decline" {
                                    input type="hidden" name="slot" value=(line.slot);
                                    button { (say("decline")) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn fleet_pane(
    console: &Console,
    devices: &[DeviceLine],
    connected: &BTreeSet<[u8; 32]>,
    entries: &BTreeMap<[u8; 32], u64>,
    fleet: Fleet,
) -> Markup {
    let codebook = console.ledger.codebook();
    html! {
        section #fleet data-live {
            h2 { (say("devices")) }
            p #as-of {
                span { (say_with("as-of", &[("at", to_the_second(now()).into())])) }
                span data-connected=(fleet.connected) data-enrolled=(fleet.enrolled) {
                    (say_with("as-of-devices", &[
                        ("enrolled", fleet.enrolled.into()),
                        ("heard", fleet.heard.into()),
                        ("connected", fleet.connected.into()),
                    ]))
                }
            }
            @if devices.is_empty() { p.hint { (say("devices-none")) } } @else {
                table #devices {
                    thead { tr {
                        th.number { (say("device-number")) }
                        th { (say("device-name")) }
                        th.role { (say("device-role")) }
                        th { (say("device-areas")) }
                        th.link { (say("device-link")) }
                        th.time { (say("device-heard")) }
                        th.count { (say("device-entries")) }
                        th.time { (say("device-enrolled")) }
                        th.doing { (say("device-act")) }
                    } }
                    tbody {
                        @for device in devices {
                            @let is_connected = connected.contains(&device.public_key) && !device.is_revoked;
                            tr data-device=(device.device) data-connected=(is_connected) data-revoked=(device.is_revoked) {
                                td.number { (format!("{:04}", device.number)) }
                                th scope="row" { (web::page::spoken(&device.name)) " " code title=(device.device) { (device.device.to_string()[..8]) } }
                                td { (web::page::both(&role_word(device.role))) }
                                td.areas { @for area in &device.areas { span.area title=(area) { (web::page::both(&area_word(codebook, area))) } " " } }
                                td.link {
                                    @if device.is_revoked { span.chip.struck { (say("device-revoked")) } }
                                    @else if is_connected { span.chip.on { "● " (say("device-connected")) } }
                                    @else { span.chip { "○ " (say("device-away")) } }
                                }
                                td.time { @match device.last_heard { Some(at) => (moment(at)), None => (say("never")) } }
                                td.count { (entries.get(&device.public_key).copied().unwrap_or_default()) }
                                td.time { (moment(device.enrolled_at)) }
                                td.doing { @if !device.is_revoked { (revoke_form(device)) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Two touches, because nothing brings a device back but a new code.
fn revoke_form(device: &DeviceLine) -> Markup {
    html! {
        details.sure {
            summary { (say("revoke")) }
            form method="post" action="/devices/revoke" data-act="revoke" {
                input type="hidden" name="device" value=(device.device);
                p.hint { (say("revoke-hint")) }
                button.grave { (say("revoke-sure")) }
            }
        }
    }
}

fn slot_pane(console: &Console, slot: &Slot) -> Markup {
    let codebook = console.ledger.codebook();
    let empty = Asked::default();
    let (asked, refusal) = match slot {
        Slot::None | Slot::Made { .. } => (&empty, None),
        Slot::Refused { reason, asked } => (asked, Some(reason)),
    };
    html! {
        section #slot {
            h2 { (say("slot")) }
            @if let Slot::Made { code, asked } = slot {
                div #code .notice role="status" {
                    p { (say_with("slot-code", &[("name", asked.name.as_str().into())])) }
                    p.digits data-code=(code) { (spaced(code, 4)) }
                    p.hint { (say("slot-once")) }
                    p.hint { @if asked.is_trusted { (say("slot-trusted-hint")) } @else { (say("slot-compare-hint")) } }
                }
            }
            form method="post" action="/devices/slots" data-act="add-slot" {
                @if let Some(reason) = refusal { p.refusal role="alert" { (web::page::both(reason)) } }
                label {
                    span.label { (say("device-role")) }
                    select name="role" {
                        @for role in ROLES { option value=(role.word()) selected[asked.role == Some(role)] { (one_line(&role_word(role))) } }
                    }
                }
                label { span.label { (say("device-name")) } input name="name" value=(asked.name) autocomplete="off"; }
                label {
                    span.label { (say("device-areas")) " " span.hint { (say("slot-areas-hint")) } }
                    select name="area" multiple size="8" {
                        @for (depth, area, name) in area_tree(codebook) {
                            option value=(area) selected[asked.areas.contains(&area)] { ("　".repeat(depth)) (name) }
                        }
                    }
                }
                label.check {
                    input type="checkbox" name="trusted" value="1" checked[asked.is_trusted];
                    (say("slot-trusted"))
                }
                button.go type="submit" { (say("slot-go")) }
            }
        }
    }
}

fn apart_pane(apart: &[Apart], refused: &[RefusedLine], names: &BTreeMap<String, &str>) -> Markup {
    let device = |id: &str| {
        let short = id.get(..8).unwrap_or(id).to_owned();
        html! { @match names.get(id) { Some(name) => { (web::page::spoken(name)) " " } None => {} } code title=(id) { (short) } }
    };
    html! {
        section #apart data-live data-apart=(apart.len()) data-refused=(refused.len()) {
            h2 { (say("apart")) }
            p.hint { (say("apart-hint")) }
            @if apart.is_empty() && refused.is_empty() { p { (say("apart-none")) } } @else {
                table {
                    thead { tr {
                        th.time { (say("apart-at")) }
                        th { (say("apart-device")) }
                        th { (say("apart-where")) }
                        th { (say("apart-reason")) }
                    } }
                    tbody {
                        @for line in apart {
                            tr {
                                td.time { (moment(line.at)) }
                                td { (device(&line.device)) }
                                td { (say_with("apart-entry", &[("entry", (line.first + 1).into())])) " " code title=(line.feed) { (line.feed.get(..8).unwrap_or(&line.feed)) } }
                                td { (web::page::spoken(&line.reason)) }
                            }
                        }
                        @for line in refused {
                            tr {
                                td.time { (moment(line.at)) }
                                td { (device(&line.device)) }
                                td {
                                    (say("apart-document")) " "
                                    @if let Some(id) = DocId::parse(&line.doc) { a href={ "/opinion/" (id) } { code { (line.doc.get(..8).unwrap_or(&line.doc)) } } }
                                }
                                td data-reason=(line.reason) { (say(&format!("reason-{}", line.reason))) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Grouped for the eye.
fn spaced(text: &str, group: usize) -> String {
    let characters: Vec<char> = text.chars().collect();
    characters.chunks(group).map(|chunk| chunk.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_grouped_for_the_eye() {
        assert_eq!(spaced("123456", 3), "123 456");
        assert_eq!(spaced("ABCDEFGH", 4), "ABCD EFGH");
    }
}
