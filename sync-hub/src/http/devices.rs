//! Devices 设备: who belongs to the county, who waits to be let in, who is expected, and what was kept apart.

use std::collections::{BTreeMap, BTreeSet};

use ::ledger::query::RefusedLine;
use axum::{
    extract::{Form, Query, State, rejection::FormRejection},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use civic_core::{
    access::{
        Role,
        operator::{About, Right},
    },
    area::Area,
    id::{DeviceId, DocId},
    wording::Both,
};
use maud::{Markup, html};
use replica::store::Apart;
use serde::Deserialize;

use super::{
    Console, Fleet,
    error::PageError,
    frame::{self, Place},
    now,
    operator::Operator,
    routes::Routes,
    words::{area_tree, area_word, both, both_with, moment, one_line, role_word, say, say_with, to_the_second},
};
use crate::{
    audit::{Action, Event},
    device,
    health::Health,
    late::late,
    register::{DeviceLine, Register, RegisterError, WaitingLine},
};

/// Things kept apart that are shown; the newest come first.
const APART_SHOWN: usize = 100;
/// A clock that differs by less is told as it is by nobody: ten minutes.
const OFFSET_SHOWN_S: i64 = 600;
/// Longest address of the hub.
const ADDRESS_LEN_MAX: usize = 80;
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
        .post("/devices/successor", Right::EnrolDevices, add_successor)
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

/// Which devices are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    /// All of them.
    All,
    /// Those that somebody should look at.
    Look,
}

/// The question of the page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Question {
    show: String,
}

impl Question {
    /// What is no word of ours asks for all of them.
    fn shown(&self) -> Shown {
        if self.show == "look" { Shown::Look } else { Shown::All }
    }
}

/// What became of the form for a new code.
enum Slot {
    /// Nothing was asked.
    None,
    /// A code, shown this once, and as a QR code if it is known where devices call.
    Made { code: String, invitation: Option<String>, asked: Asked },
    /// A reason; what was typed stays.
    Refused { reason: Both, asked: Asked },
}

async fn page(
    State(console): State<Console>,
    operator: Operator,
    question: Query<Question>,
) -> Result<Markup, PageError> {
    console.work(move |console| show(console, &operator, &Slot::None, question.shown())).await
}

async fn approve(State(console): State<Console>, operator: Operator, form: Posted) -> Result<Response, PageError> {
    let replaces = form.as_ref().is_ok_and(|form| !value(form, "replaces").is_empty());
    decide(console, operator, form, Action::ApproveDevice, move |register, slot| register.approve(slot, replaces)).await
}

async fn decline(State(console): State<Console>, operator: Operator, form: Posted) -> Result<Response, PageError> {
    decide(console, operator, form, Action::DeclineDevice, Register::decline).await
}

async fn decide(
    console: Console,
    operator: Operator,
    form: Posted,
    action: Action,
    decision: impl FnOnce(&Register, i64) -> Result<(), RegisterError> + Send + 'static,
) -> Result<Response, PageError> {
    let slot = value(&form?, "slot").parse().map_err(|_| PageError::BadRequest)?;
    let work = move |console: &Console| {
        let waiting = console.register.waiting()?.into_iter().find(|line| line.slot == slot);
        let line = waiting.ok_or(RegisterError::NotFound)?;
        reaches(&operator, Right::ApproveDevices, &line.areas, &line.name)?;
        operator.note(Event::new(operator.by(), action).upon(&line.name).because(&line.comparison))?;
        Ok(decision(&console.register, slot)?)
    };
    console.work(work).await?;
    Ok(back())
}

async fn revoke(State(console): State<Console>, operator: Operator, form: Posted) -> Result<Response, PageError> {
    let device = DeviceId::parse(&value(&form?, "device")).ok_or(PageError::BadRequest)?;
    let work = move |console: &Console| {
        let line = console.register.device(&device)?;
        reaches(&operator, Right::RevokeDevices, &line.areas, &device.to_string())?;
        operator.note(Event::new(operator.by(), Action::RevokeDevice).upon(device).because(&line.name))?;
        Ok(console.register.revoke(&device)?)
    };
    console.work(work).await?;
    Ok(back())
}

/// Asks the table for every place where a device works.
fn reaches(operator: &Operator, right: Right, areas: &[Area], object: &str) -> Result<(), PageError> {
    areas.iter().try_for_each(|area| operator.must(right, About::Place(area), object))
}

/// Makes a slot. Its code is shown in the answer itself: a redirect would need a place to keep it.
async fn add_slot(State(console): State<Console>, operator: Operator, form: Posted) -> Result<Response, PageError> {
    let Form(pairs) = form?;
    answer_slot(console, operator, move |console, operator| make_slot(console, operator, &pairs)).await
}

/// The same for what takes the place of a device.
async fn add_successor(
    State(console): State<Console>,
    operator: Operator,
    form: Posted,
) -> Result<Response, PageError> {
    let device = DeviceId::parse(&value(&form?, "device")).ok_or(PageError::BadRequest)?;
    let make = move |console: &Console, operator: &Operator| {
        let DeviceLine { name, role, areas, .. } = console.register.device(&device)?;
        reaches(operator, Right::EnrolDevices, &areas, &device.to_string())?;
        operator.note(Event::new(operator.by(), Action::ExpectDevice).upon(format!("in place of {device}")))?;
        let code = console.register.add_successor(&device, false)?;
        let asked = Asked { role: Some(role), name, areas: areas.into_iter().collect(), ..Asked::default() };
        Ok(Slot::Made { invitation: invitation(console, &code)?, code, asked })
    };
    answer_slot(console, operator, make).await
}

async fn answer_slot(
    console: Console,
    operator: Operator,
    make: impl FnOnce(&Console, &Operator) -> Result<Slot, PageError> + Send + 'static,
) -> Result<Response, PageError> {
    console
        .work(move |console| {
            let slot = make(console, &operator)?;
            let status = match &slot {
                Slot::None => StatusCode::OK,
                Slot::Made { .. } => StatusCode::CREATED,
                Slot::Refused { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            };
            Ok((status, show(console, &operator, &slot, Shown::All)?).into_response())
        })
        .await
}

/// The text of the QR code that goes with a code; `None` while nobody has said where devices call.
fn invitation(console: &Console, code: &str) -> Result<Option<String>, PageError> {
    let is_known = !console.register.address()?.is_empty();
    // An address that was kept is one, so this fails only where the hub's card cannot be read.
    Ok(is_known
        .then(|| device::invite(&console.register, console.ledger.card(), code, "").ok())
        .flatten()
        .map(|invitation| invitation.text()))
}

fn make_slot(console: &Console, operator: &Operator, pairs: &[(String, String)]) -> Result<Slot, PageError> {
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
    if web::page::visible(&asked.name) != asked.name {
        return Ok(Slot::Refused { reason: both("refused-marks"), asked });
    }
    if length > NAME_CHARS_MAX {
        return Ok(Slot::Refused { reason: both_with("refused-too-long", &[("most", NAME_CHARS_MAX.into())]), asked });
    }
    let Some(role) = asked.role else { return Ok(Slot::Refused { reason: both("refused-no-role"), asked }) };
    let address = first("address");
    if !address.is_empty() {
        if !is_address(address) {
            return Ok(Slot::Refused { reason: both("refused-address"), asked });
        }
        console.register.set_address(address)?;
    }
    let areas: Vec<Area> = asked.areas.iter().cloned().collect();
    let county = &console.ledger.codebook().county.area;
    reaches(operator, Right::EnrolDevices, &areas, &asked.name)?;
    operator.note(Event::new(operator.by(), Action::ExpectDevice).upon(&asked.name))?;
    match console.register.add_slot(county, role, &areas, &asked.name, asked.is_trusted) {
        Ok(code) => Ok(Slot::Made { invitation: invitation(console, &code)?, code, asked }),
        Err(RegisterError::NoArea | RegisterError::Elsewhere(_)) => {
            Ok(Slot::Refused { reason: both("refused-no-area"), asked })
        }
        Err(RegisterError::NoNumbers) => Ok(Slot::Refused { reason: both("error-no-numbers"), asked }),
        Err(failure @ (RegisterError::Db(_) | RegisterError::Version(_) | RegisterError::NotFound)) => {
            Err(failure.into())
        }
    }
}

fn value(Form(pairs): &Form<Vec<(String, String)>>, name: &str) -> String {
    pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()).unwrap_or_default()
}

/// HOST:PORT, as far as it can be told from outside.
fn is_address(text: &str) -> bool {
    let port = text.rsplit_once(':').filter(|(host, _)| !host.is_empty()).map(|(_, port)| port.parse::<u16>());
    text.len() <= ADDRESS_LEN_MAX && matches!(port, Some(Ok(1..)))
}

fn back() -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, "/devices")]).into_response()
}

fn show(console: &Console, operator: &Operator, slot: &Slot, shown: Shown) -> Result<Markup, PageError> {
    let is_here = |areas: &[Area]| areas.iter().any(|area| operator.may(Right::SeeDevices, About::Place(area)));
    let mut devices = console.register.devices()?;
    devices.retain(|device| is_here(&device.areas));
    let mut waiting = console.register.waiting()?;
    waiting.retain(|line| is_here(&line.areas));
    let connected = console.connected();
    let mut entries: BTreeMap<[u8; 32], u64> = BTreeMap::new();
    for held in console.ledger.log().held() {
        *entries.entry(held.feed.public_key).or_default() += held.extent.length;
    }
    let apart = console.ledger.log().apart(APART_SHOWN).map_err(::ledger::LedgerError::from)?;
    let refused = console.ledger.refused(APART_SHOWN)?;
    let fleet = console.fleet(now())?;
    let late = late(&console.ledger, &devices)?.iter().map(|late| (late.device.public_key, late.count())).collect();
    let forks = console.ledger.forks()?;
    let facts = Facts { connected: &connected, entries: &entries, late: &late, forks: &forks };
    let names: BTreeMap<String, &str> =
        devices.iter().map(|device| (device.device.to_string(), device.name.as_str())).collect();
    let body = html! {
        h1.unseen { (say("devices")) }
        (waiting_pane(operator, &waiting))
        (fleet_pane(console, operator, &devices, facts, fleet, shown))
        @if operator.may(Right::EnrolDevices, About::Somewhere) { (slot_pane(console, slot)?) }
        (apart_pane(&apart, &refused, &names))
    };
    Ok(frame::page(&both("devices"), Place::Devices, operator, waiting.len(), body))
}

/// What the hub itself knows of its devices, by their keys.
#[derive(Clone, Copy)]
struct Facts<'a> {
    connected: &'a BTreeSet<[u8; 32]>,
    /// Entries that are here.
    entries: &'a BTreeMap<[u8; 32], u64>,
    /// Of these, what came after the device was struck off.
    late: &'a BTreeMap<[u8; 32], u64>,
    /// How often it wrote two different things in one place, by its name in hexadecimal.
    forks: &'a BTreeMap<String, u64>,
}

impl Facts<'_> {
    fn forks_of(&self, device: &DeviceLine) -> u64 {
        self.forks.get(&device.device.to_string()).copied().unwrap_or_default()
    }
}

fn waiting_pane(operator: &Operator, waiting: &[WaitingLine]) -> Markup {
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
                            @if let Some(former) = &line.former {
                                p data-former=(former.device) {
                                    (say("waiting-former")) " " b { (format!("{:04}", former.number)) } " "
                                    (web::page::spoken(&former.name))
                                    @if former.is_revoked { " " span.chip.struck { (say("device-revoked")) } }
                                }
                            }
                            @if operator.may(Right::ApproveDevices, About::Somewhere) { div.choice {
                                form method="post" action="/devices/approve" data-act="approve" {
                                    input type="hidden" name="slot" value=(line.slot);
                                    @if let Some(former) = line.former.as_ref().filter(|former| !former.is_revoked) {
                                        label.check {
                                            input type="checkbox" name="replaces" value="1" checked;
                                            (say("waiting-replaces"))
                                        }
                                        p.hint { (say("waiting-replaces-hint")) }
                                        input type="hidden" name="former" value=(former.device);
                                    }
                                    button.go { (say("approve")) }
                                }
                                form method="post" action="/devices/decline" data-act="decline" {
                                    input type="hidden" name="slot" value=(line.slot);
                                    button { (say("decline")) }
                                }
                            } }
                        }
                    }
                }
            }
        }
    }
}

fn fleet_pane(
    console: &Console,
    operator: &Operator,
    devices: &[DeviceLine],
    facts: Facts<'_>,
    fleet: Fleet,
    shown: Shown,
) -> Markup {
    let now = now();
    let health = |device: &DeviceLine| Health::of(device, facts.forks_of(device), now);
    let lines: Vec<(&DeviceLine, Health)> = devices.iter().map(|device| (device, health(device))).collect();
    let looks = lines.iter().filter(|(_, health)| health.needs_look()).count();
    let is_shown = |health: &Health| shown == Shown::All || health.needs_look();
    let here = |which: Shown| (which == shown).then_some("page");
    html! {
        section #fleet data-live {
            h2 { (say("devices")) }
            p #as-of {
                span { (say_with("as-of", &[("at", to_the_second(now).into())])) }
                span data-connected=(fleet.connected) data-enrolled=(fleet.enrolled) {
                    (say_with("as-of-devices", &[
                        ("enrolled", fleet.enrolled.into()),
                        ("heard", fleet.heard.into()),
                        ("connected", fleet.connected.into()),
                    ]))
                }
            }
            @if devices.is_empty() { p.hint { (say("devices-none")) } } @else {
                p.choice.shown data-looks=(looks) {
                    a href="/devices" aria-current=[here(Shown::All)] { (say_with("devices-all", &[("count", devices.len().into())])) }
                    a href="/devices?show=look" aria-current=[here(Shown::Look)] { (say_with("devices-look", &[("count", looks.into())])) }
                }
                @if shown == Shown::Look && looks == 0 { p.hint { (say("devices-look-none")) } }
                table #devices {
                    thead { tr {
                        th.number { (say("device-number")) }
                        th { (say("device-name")) }
                        th.link { (say("device-link")) }
                        th.look { (say("device-look")) }
                        th.count { (say("device-entries")) }
                        th.count { (say("device-waiting")) }
                        th.state { (say("device-state")) }
                        th.doing { (say("device-act")) }
                    } }
                    tbody {
                        @for (device, health) in lines.iter().filter(|(_, health)| is_shown(health)) {
                            (device_row(console, operator, device, health, facts))
                        }
                    }
                }
            }
        }
    }
}

fn device_row(
    console: &Console,
    operator: &Operator,
    device: &DeviceLine,
    health: &Health,
    facts: Facts<'_>,
) -> Markup {
    let Facts { connected, entries, late, forks: _ } = facts;
    let forks = facts.forks_of(device);
    let codebook = console.ledger.codebook();
    let is_connected = connected.contains(&device.public_key) && !device.is_revoked;
    html! {
        tr data-device=(device.device) data-connected=(is_connected) data-revoked=(device.is_revoked) data-look=(health.words().join(" ")) {
            td.number { (format!("{:04}", device.number)) }
            th scope="row" {
                (web::page::spoken(&device.name)) " " code title=(device.device) { (device.device.to_string()[..8]) }
                div.areas {
                    (web::page::both(&role_word(device.role))) " "
                    @for area in &device.areas { span.area title=(area) { (web::page::both(&area_word(codebook, area))) } " " }
                }
                div.hint { (say("device-enrolled")) " " (moment(device.enrolled_at)) }
            }
            td.link {
                @if device.is_revoked { span.chip.struck { (say("device-revoked")) } }
                @else if is_connected { span.chip.on { "● " (say("device-connected")) } }
                @else { span.chip { "○ " (say("device-away")) } }
                div.hint {
                    @match device.last_heard {
                        Some(at) => { (moment(at)) " " (road_word(&device.road)) }
                        None => (say("never"))
                    }
                    @if let Some(at) = device.revoked_at { " · " (say("device-revoked")) " " (moment(at)) }
                }
            }
            td.look {
                @for look in health.looks() {
                    span.chip.grave[look.is_grave()] data-look=(look.word()) { "▲ " (say(&format!("look-{}", look.word()))) } " "
                }
                @if forks > 0 { div.unsolved data-forks=(forks) { "⚠ " (say_with("device-forks", &[("count", forks.into())])) } }
                @if let Some(count) = late.get(&device.public_key) {
                    div.unsolved data-late=(count) { "⚠ " (say_with("device-late", &[("count", (*count).into())])) }
                }
                @if !health.needs_look() && !device.is_revoked { span.chip.on { "✓ " (say("look-none")) } }
            }
            td.count {
                (entries.get(&device.public_key).copied().unwrap_or_default())
            }
            td.count {
                @match &device.status {
                    Some(status) => { (status.waiting) " / " (status.attachments) }
                    None => "—"
                }
            }
            td.state {
                @match &device.status {
                    Some(status) => {
                        (say_with("device-told", &[
                            ("version", status.version.clone().into()),
                            ("free", room(status.free).into()),
                        ]))
                        @if let Some(battery) = status.battery { " · " (say_with("device-battery", &[("battery", battery.into())])) }
                        @if status.clock_offset.saturating_abs() > OFFSET_SHOWN_S {
                            " · " (say_with("device-clock", &[("hours", (status.clock_offset / 3_600).into())]))
                        }
                        @if status.apart > 0 { " · " (say_with("device-apart", &[("count", status.apart.into())])) }
                        @if status.refused > 0 { " · " (say_with("device-refused", &[("count", status.refused.into())])) }
                        div.hint { (moment(status.at)) }
                    }
                    None => span.hint { (say("device-silent")) }
                }
            }
            td.doing {
                @if !device.is_revoked && operator.may(Right::RevokeDevices, About::Somewhere) { (revoke_form(device)) }
                @if operator.may(Right::EnrolDevices, About::Somewhere) {
                    form method="post" action="/devices/successor" data-act="successor" {
                        input type="hidden" name="device" value=(device.device);
                        button { (say("successor")) }
                    }
                }
            }
        }
    }
}

/// The road by which a device was heard; its own word if it is none that this program knows.
fn road_word(road: &str) -> Markup {
    match road {
        "" => html! {},
        "quic" => say("road-quic"),
        "tcp" => say("road-tcp"),
        "stick" => say("road-stick"),
        "carrier" => say("road-carrier"),
        other => html! { (other) },
    }
}

/// Bytes as people say them.
fn room(bytes: u64) -> String {
    match bytes {
        0..=1_048_575 => format!("{} KiB", bytes >> 10),
        1_048_576..=1_073_741_823 => format!("{} MiB", bytes >> 20),
        _ => format!("{} GiB", bytes >> 30),
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

fn slot_pane(console: &Console, slot: &Slot) -> Result<Markup, PageError> {
    let address = console.register.address()?;
    let codebook = console.ledger.codebook();
    let empty = Asked::default();
    let (asked, refusal) = match slot {
        Slot::None | Slot::Made { .. } => (&empty, None),
        Slot::Refused { reason, asked } => (asked, Some(reason)),
    };
    Ok(html! {
        section #slot {
            h2 { (say("slot")) }
            @if let Slot::Made { code, invitation, asked } = slot {
                div #code .notice role="status" {
                    p { (say_with("slot-code", &[("name", asked.name.as_str().into())])) }
                    p.digits data-code=(code) { (spaced(code, 4)) }
                    @if let Some(drawn) = invitation.as_deref().and_then(web::code::square) {
                        (drawn)
                        p.hint { (say("slot-qr")) " " code data-invitation=(invitation.as_deref().unwrap_or_default()) { (address) } }
                    }
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
                label {
                    span.label { (say("slot-address")) " " span.hint { (say("slot-address-hint")) } }
                    input name="address" value=(address) placeholder="10.0.0.5:4433" autocomplete="off";
                }
                button.go type="submit" { (say("slot-go")) }
            }
        }
    })
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
    fn an_address_is_a_host_and_a_port() {
        for good in ["10.0.0.5:4433", "hub.example.gov.cn:4433", "[2001:db8::7]:4433"] {
            assert!(is_address(good), "{good}");
        }
        for bad in ["", "10.0.0.5", ":4433", "hub:0", "hub:x", "hub:99999"] {
            assert!(!is_address(bad), "{bad}");
        }
        assert_eq!([room(900 << 10), room(300 << 20), room(20 << 30)], ["900 KiB", "300 MiB", "20 GiB"]);
    }

    #[test]
    fn digits_are_grouped_for_the_eye() {
        assert_eq!(spaced("123456", 3), "123 456");
        assert_eq!(spaced("ABCDEFGH", 4), "ABCD EFGH");
    }
}
