//! One opinion: what was said, what was done with it, what waits for a person, and the forms to do the next thing.

use std::collections::{BTreeMap, BTreeSet};

use ::ledger::{LedgerError, query::Whole, sealed::What};
use axum::{
    extract::{Form, Path, Query, State, rejection::FormRejection},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use civic_core::{
    access::operator::{About, Right},
    codebook::{Ask, Codebook, StepRule},
    document::{DocumentError, Stamp},
    id::{Actor, DocId, hex},
    matter,
    opinion::{BODY_CHARS_MAX, Conflict, Edit, Evaluation, FIELD_CHARS_MAX, Field, NOTE_CHARS_MAX, NewStep, Step},
    wording::Both,
    workflow::{self, Clash, NotAllowed},
};
use maud::{Markup, html};
use replica::clock;
use serde::Deserialize;
use web::page::typed;

use super::{
    Console, Operator, attachment,
    details::{self, Outcome},
    error::{self, PageError},
    frame::{self, Place},
    late,
    ledger::rank,
    routes::Routes,
    slips,
    words::{
        area_word, ask_word, audience_word, both, both_with, county_word, english, field_word, line, moment, role_word,
        say, say_with,
    },
};
use crate::{
    audit::{Action, Event},
    register::DeviceLine,
};

pub(super) fn routes() -> Routes {
    Routes::default()
        .get("/opinion/{id}", Right::ReadOpinions, page)
        .get("/opinion/{id}/live", Right::ReadOpinions, live)
        .post("/opinion/{id}/step", Right::TakeSteps, step)
        .post("/opinion/{id}/fields", Right::CorrectOpinions, fields)
        .post("/opinion/{id}/settle", Right::Settle, settle)
        .post("/opinion/{id}/add", Right::AddWords, add)
}

/// The four forms of the page.
#[derive(Clone, Copy, PartialEq, Eq)]
enum FormKind {
    /// A step that the rules allow.
    Step,
    /// Plain fields, corrected.
    Fields,
    /// One value of several, settled on.
    Settle,
    /// 补充
    Add,
}

/// What a form sent, by name.
type Given = BTreeMap<String, String>;

/// A form that was not carried out: what was typed stays, with the reason beside it.
struct Kept {
    form: FormKind,
    given: Given,
    status: StatusCode,
    reason: Both,
}

impl Kept {
    fn value(&self, name: &str) -> &str {
        self.given.get(name).map_or("", String::as_str)
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Arrival {
    done: String,
}

async fn page(
    State(console): State<Console>,
    Path(id): Path<String>,
    operator: Operator,
    Query(arrival): Query<Arrival>,
) -> Result<Markup, PageError> {
    let id = DocId::parse(&id).ok_or(PageError::NotFound)?;
    console.work(move |console| show(console, &id, &operator, &arrival.done, None, &Outcome::None)).await
}

/// An opinion by the name in an address.
pub(super) fn read(console: &Console, id: &str) -> Result<Whole, PageError> {
    let id = DocId::parse(id).ok_or(PageError::NotFound)?;
    console.ledger.opinion(&id)?.ok_or(PageError::NotFound)
}

/// The page as the answer to a form about personal details.
pub(super) fn answer(
    console: &Console,
    id: &DocId,
    operator: &Operator,
    outcome: &Outcome,
) -> Result<Markup, PageError> {
    show(console, id, operator, "", None, outcome)
}

/// What an open page may replace without touching what is being typed: the slip, and the mark of what it shows.
async fn live(State(console): State<Console>, Path(id): Path<String>, operator: Operator) -> Result<Markup, PageError> {
    let id = DocId::parse(&id).ok_or(PageError::NotFound)?;
    console
        .work(move |console| {
            let whole = console.ledger.opinion(&id)?.ok_or(PageError::NotFound)?;
            must(&operator, Right::ReadOpinions, &whole)?;
            Ok(html! {
                div #opinion data-seen=(mark(&whole)) {}
                (slips::pane(console, &whole, &operator)?)
            })
        })
        .await
}

type Posted = Result<Form<Given>, FormRejection>;

async fn step(
    State(console): State<Console>,
    Path(id): Path<String>,
    operator: Operator,
    form: Posted,
) -> Result<Response, PageError> {
    carry_out(console, &id, operator, form, FormKind::Step).await
}

async fn fields(
    State(console): State<Console>,
    Path(id): Path<String>,
    operator: Operator,
    form: Posted,
) -> Result<Response, PageError> {
    carry_out(console, &id, operator, form, FormKind::Fields).await
}

async fn settle(
    State(console): State<Console>,
    Path(id): Path<String>,
    operator: Operator,
    form: Posted,
) -> Result<Response, PageError> {
    carry_out(console, &id, operator, form, FormKind::Settle).await
}

async fn add(
    State(console): State<Console>,
    Path(id): Path<String>,
    operator: Operator,
    form: Posted,
) -> Result<Response, PageError> {
    carry_out(console, &id, operator, form, FormKind::Add).await
}

async fn carry_out(
    console: Console,
    id: &str,
    operator: Operator,
    form: Posted,
    kind: FormKind,
) -> Result<Response, PageError> {
    let id = DocId::parse(id).ok_or(PageError::NotFound)?;
    let Form(given) = form?;
    console
        .work(move |console| {
            let whole = console.ledger.opinion(&id)?.ok_or(PageError::NotFound)?;
            let (right, action) = match kind {
                FormKind::Step => (Right::TakeSteps, Action::Step),
                FormKind::Fields => (Right::CorrectOpinions, Action::Correct),
                FormKind::Settle => (Right::Settle, Action::Settle),
                FormKind::Add => (Right::AddWords, Action::AddWords),
            };
            let act = given.get("act").map_or("", String::as_str);
            let event = || Event::new(operator.by(), action).upon(id).because(act);
            let work = || -> Result<(), Undone> {
                must(&operator, right, &whole)?;
                let rule = console.ledger.codebook().step(act);
                if kind == FormKind::Step
                    && rule.is_some_and(|rule| !may_take(console.ledger.codebook(), &operator, rule, &whole))
                {
                    operator.refused(right, &format!("{id} {act}"))?;
                }
                enter(console, &whole, kind, &given, &operator.name)?;
                Ok(operator.note(event())?)
            };
            // Clicked twice, it is done, and was noted; by then whoever took the step may have no right here any more.
            let done = match given.contains_key("form") {
                true => console.once.run(&(&operator.login, &given), work),
                false => work().map(Some),
            };
            match done {
                Ok(Some(()) | None) => {
                    let headers = [(header::LOCATION, format!("/opinion/{id}?done=1"))];
                    Ok((StatusCode::SEE_OTHER, headers).into_response())
                }
                Err(Undone::Refused(Refused { status, reason })) => {
                    operator.note(event().refused())?;
                    let kept = Kept { form: kind, given, status, reason };
                    Ok((kept.status, show(console, &id, &operator, "", Some(&kept), &Outcome::None)?).into_response())
                }
                Err(Undone::Page(error)) => Err(error),
            }
        })
        .await
}

/// Why a form was not carried out.
enum Undone {
    /// The operator hears why beside what they typed.
    Refused(Refused),
    /// They hear it on a page of its own.
    Page(PageError),
}

impl From<Refused> for Undone {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<PageError> for Undone {
    fn from(error: PageError) -> Self {
        Self::Page(error)
    }
}

/// What the table is asked about an opinion.
pub(super) fn about(whole: &Whole) -> About<'_> {
    About::Opinion { area: &whole.space.area, body: whole.opinion.field(Field::Office) }
}

fn must(operator: &Operator, right: Right, whole: &Whole) -> Result<(), PageError> {
    operator.must(right, about(whole), &whole.id.to_string())
}

/// Whether the county gives this step to this operator, here.
fn may_take(codebook: &Codebook, operator: &Operator, rule: &StepRule, whole: &Whole) -> bool {
    operator.mandate.allows_step(&codebook.takers(rule), about(whole))
}

/// Why a form was not carried out, in a sentence for the operator.
struct Refused {
    status: StatusCode,
    reason: Both,
}

fn refused(reason: Both) -> Refused {
    Refused { status: StatusCode::UNPROCESSABLE_ENTITY, reason }
}

fn changed_meanwhile() -> Refused {
    Refused { status: StatusCode::CONFLICT, reason: both("refused-changed-meanwhile") }
}

/// Carries a form out in the name of `by`.
fn enter(console: &Console, whole: &Whole, kind: FormKind, given: &Given, by: &str) -> Result<(), Refused> {
    let value = |name: &str| given.get(name).map_or("", |value| value.trim());
    // Words are added whatever happened; a decision is made upon what was seen.
    if kind != FormKind::Add && value("seen") != mark(whole) {
        return Err(changed_meanwhile());
    }
    let ledger = &console.ledger;
    let edit = |edit: &Edit| ledger.edit_as_seen(&whole.id, by, edit, &whole.opinion);
    let has_changed = match kind {
        FormKind::Step => edit(&step_of(ledger.codebook(), whole, given)?),
        FormKind::Fields => edit(&corrections(whole, given)?),
        FormKind::Settle => {
            let field = Field::from_key(value("field")).ok_or_else(|| refused(both("error-bad-request")))?;
            // A browser ends lines in a way of its own.
            let settled = typed(given.get("value").map_or("", String::as_str));
            let conflict = whole.opinion.conflicts.iter().find(|conflict| conflict.field == field);
            let said = conflict.and_then(|conflict| conflict.values.iter().find(|(value, _)| typed(value) == settled));
            let Some((value, _)) = said else { return Err(refused(both("error-bad-request"))) };
            edit(&Edit { fields: [(field, value.clone())].into(), ..Edit::default() })
        }
        FormKind::Add => {
            let text = typed(value("text"));
            if text.is_empty() {
                return Err(refused(both("refused-empty")));
            }
            // What a clerk heard in a recording is theirs, and says so.
            let mark = if value("transcript").is_empty() { String::new() } else { both("transcript-mark").zh };
            let text = &format!("{mark}{text}");
            if whole.opinion.body.chars().count() + text.chars().count() > BODY_CHARS_MAX {
                return Err(refused(both_with("refused-too-long", &[("most", BODY_CHARS_MAX.into())])));
            }
            ledger.add(&whole.id, by, text)
        }
    };
    match has_changed {
        Ok(true) => Ok(()),
        Ok(false) => Err(refused(both("refused-nothing-differs"))),
        Err(failure) => Err(explain(ledger.codebook(), failure)),
    }
}

/// The step that a form describes, with the fields that its rule asks for.
fn step_of(codebook: &Codebook, whole: &Whole, given: &Given) -> Result<Edit, Refused> {
    let act = given.get("act").cloned().unwrap_or_default();
    let note = typed(given.get("note").map_or("", |note| note.trim()));
    if note.chars().count() > NOTE_CHARS_MAX {
        return Err(refused(both_with("refused-too-long", &[("most", NOTE_CHARS_MAX.into())])));
    }
    let asked = codebook.step(&act).map_or(&[][..], |rule| &rule.asks);
    let mut fields = BTreeMap::new();
    for field in asked.iter().filter_map(|ask| field_of(*ask)) {
        let value = given.get(field.key()).map_or("", |value| value.trim());
        if value.chars().count() > FIELD_CHARS_MAX {
            return Err(refused(both_with("refused-too-long", &[("most", FIELD_CHARS_MAX.into())])));
        }
        if value.is_empty() {
            let what = field_word(field);
            let values = [("act", act.clone().into()), ("what", what.zh.into()), ("whatEn", what.en.into())];
            return Err(refused(both_with("refused-missing", &values)));
        }
        let is_in_conflict = whole.opinion.conflicts.iter().any(|conflict| conflict.field == field);
        if value != whole.opinion.field(field) || is_in_conflict {
            fields.insert(field, value.to_owned());
        }
    }
    Ok(Edit { fields, step: Some(NewStep { act, note, ..NewStep::default() }), ..Edit::default() })
}

/// The plain field that holds what is asked for; a note is no field.
fn field_of(ask: Ask) -> Option<Field> {
    match ask {
        Ask::Note => None,
        Ask::Body => Some(Field::Office),
        Ask::Topic => Some(Field::Topic),
        Ask::Urgency => Some(Field::Urgency),
    }
}

/// The fields that can be corrected without a step.
const CORRECTED: [Field; 4] = [Field::Title, Field::Topic, Field::Urgency, Field::Office];

/// Only what the operator changed: what another set since the form was made is not set back.
fn corrections(whole: &Whole, given: &Given) -> Result<Edit, Refused> {
    let mut fields = BTreeMap::new();
    for field in CORRECTED {
        let Some(value) = given.get(field.key()).map(|value| value.trim()) else { continue };
        if value.chars().count() > FIELD_CHARS_MAX {
            return Err(refused(both_with("refused-too-long", &[("most", FIELD_CHARS_MAX.into())])));
        }
        let is_touched = given.get(&before(field)).is_none_or(|before| before != value);
        if is_touched && value != whole.opinion.field(field) {
            fields.insert(field, value.to_owned());
        }
    }
    if fields.is_empty() {
        Err(refused(both("refused-nothing-differs")))
    } else {
        Ok(Edit { fields, ..Edit::default() })
    }
}

/// Why the ledger did not take it.
fn explain(codebook: &Codebook, failure: LedgerError) -> Refused {
    match failure {
        LedgerError::Changed => changed_meanwhile(),
        LedgerError::NotAllowed(NotAllowed::UnknownAct(act)) => {
            refused(both_with("refused-unknown-act", &[("act", act.into())]))
        }
        LedgerError::NotAllowed(NotAllowed::NotFrom { act, state }) => {
            let values = [
                ("actEn", named_in_english(codebook, &act).into()),
                ("stateEn", named_in_english(codebook, &state).into()),
                ("act", act.clone().into()),
                ("state", state.clone().into()),
            ];
            Refused { status: StatusCode::CONFLICT, reason: both_with("refused-not-from", &values) }
        }
        LedgerError::NotAllowed(NotAllowed::Missing { act, what }) => {
            let what = ask_word(what);
            let values = [("act", act.into()), ("what", what.zh.into()), ("whatEn", what.en.into())];
            refused(both_with("refused-missing", &values))
        }
        LedgerError::Record(DocumentError::Limit(reason)) => {
            refused(both_with("refused-limit", &[("reason", reason.into())]))
        }
        failure @ (LedgerError::Store(_)
        | LedgerError::Tables(_)
        | LedgerError::Record(DocumentError::Damaged(_) | DocumentError::Failed(_))
        | LedgerError::NotFound
        | LedgerError::OutOfScope(_)
        | LedgerError::SlipElsewhere
        | LedgerError::NoTickets
        | LedgerError::Codebook(_)
        | LedgerError::Seal(_)) => {
            let (status, reason) = error::log_and_say(&PageError::Ledger(failure));
            Refused { status, reason }
        }
    }
}

fn named_in_english(codebook: &Codebook, word: &str) -> String {
    let en = english(codebook, word);
    if en.is_empty() { word.to_owned() } else { en.to_owned() }
}

/// Changes with everything that the page shows of the opinion itself.
fn mark(whole: &Whole) -> String {
    blake3::hash(format!("{:?}", whole.opinion).as_bytes()).to_hex()[..16].to_owned()
}

/// What the page needs beside the opinion.
struct View<'a> {
    codebook: &'a Codebook,
    whole: &'a Whole,
    seen: String,
    operator: &'a Operator,
    kept: Option<&'a Kept>,
    me_too: u64,
    /// What of its attachments was erased.
    gone: BTreeSet<[u8; 32]>,
    /// Who writes that is not this hub: devices, as people name them.
    devices: BTreeMap<Actor, String>,
}

/// Number and title of an opinion, to be shown.
pub(super) fn name_of(whole: &Whole) -> String {
    let ticket = whole.opinion.ticket.map(|ticket| ticket.to_string());
    let title = web::page::visible(whole.opinion.field(Field::Title));
    match (ticket, title.as_str()) {
        (Some(ticket), "") => ticket,
        (Some(ticket), title) => format!("{ticket} {title}"),
        (None, "") => both("no-ticket").zh,
        (None, _) => title,
    }
}

fn show(
    console: &Console,
    id: &DocId,
    operator: &Operator,
    done: &str,
    kept: Option<&Kept>,
    outcome: &Outcome,
) -> Result<Markup, PageError> {
    let whole = console.ledger.opinion(id)?.ok_or(PageError::NotFound)?;
    must(operator, Right::ReadOpinions, &whole)?;
    let (slip, withdrawn) = (slips::pane(console, &whole, operator)?, slips::withdrawn(console, &whole)?);
    let codebook = console.ledger.codebook();
    let me_too = console.ledger.sealed_count(What::MeToo, &matter::id_of(id))?;
    let gone = console.vault.erased_names(id)?;
    let devices = writers(console)?;
    let view = View { codebook, seen: mark(&whole), whole: &whole, operator, kept, me_too, gone, devices };
    let opinion = &whole.opinion;
    let ticket = opinion.ticket.map(|ticket| ticket.to_string());
    let title = Both { zh: name_of(&whole), en: both("opinion").en };
    let body = html! {
        article #opinion data-id=(id) data-ticket=(opinion.ticket.map(|ticket| ticket.digits()).unwrap_or_default())
            data-state=(whole.standing.state) data-seen=(view.seen) {
            div #changed .notice role="status" hidden {
                (say("changed-meanwhile")) " "
                a href={ "/opinion/" (id) } { (say("look-again")) }
            }
            @if !done.is_empty() { div #done .notice role="status" { (say("done")) } }
            (head(&view, ticket.as_deref()))
            (withdrawn)
            div.columns {
                div.reading {
                    (late::notices(console, &whole, operator)?)
                    (said(&view))
                    (details::pane(console, &whole, operator, outcome)?)
                    (questions(&view))
                    (timeline(&view))
                    (facts(&view))
                }
                div.acting {
                    (step_forms(&view))
                    @if view.may(Right::CorrectOpinions) { (correction_form(&view)) }
                    @if view.may(Right::AddWords) { (addition_form(&view)) }
                    (slip)
                    (details::erase_whole_form(&whole, operator, console.is_beneath()?))
                }
            }
        }
    };
    Ok(frame::page(&title, Place::Elsewhere, operator, console.waiting()?, body))
}

/// Every device that writes into records, as the log proves it, whatever name it gives itself there.
fn writers(console: &Console) -> Result<BTreeMap<Actor, String>, PageError> {
    let devices = console.register.devices()?;
    let own = console.ledger.log().public_key();
    let mut writers = BTreeMap::new();
    for feed in console.ledger.log().held().into_iter().map(|held| held.feed).filter(|feed| feed.public_key != own) {
        let name = match devices.iter().find(|device| device.public_key == feed.public_key) {
            Some(DeviceLine { number, name, role, .. }) => format!("{number:04} {name} · {}", role_word(*role).zh),
            None => feed.device().to_string()[..8].to_owned(),
        };
        writers.insert(feed.actor(), name);
    }
    Ok(writers)
}

impl View<'_> {
    fn may(&self, right: Right) -> bool {
        self.operator.may(right, about(self.whole))
    }

    /// The steps that this operator may take now.
    fn steps(&self) -> impl Iterator<Item = &StepRule> {
        let possible = workflow::possible(self.codebook, &self.whole.standing.state);
        possible.filter(|rule| may_take(self.codebook, self.operator, rule, self.whole))
    }
}

fn head(view: &View<'_>, ticket: Option<&str>) -> Markup {
    let View { codebook, whole, .. } = view;
    let (opinion, standing) = (&whole.opinion, &whole.standing);
    let state = codebook.state(&standing.state);
    html! {
        header.head {
            a.back href="/" data-back { "← " (say("ledger")) }
            div.line {
                h1 {
                    span.ticket { @if let Some(ticket) = ticket { (ticket) } @else { (say("no-ticket")) } }
                    @let title = opinion.field(Field::Title);
                    @if !title.is_empty() { " " span.title { (web::page::spoken(title)) } }
                }
                span #state .chip data-final[state.is_some_and(|state| state.is_final)] {
                    (county_word(codebook, &standing.state))
                }
            }
            p.next {
                @if let Some((owner, days)) = state.and_then(|state| Some((state.owner.as_ref()?, state.days?))) {
                    span { (say_with("next-owner", &[("owner", owner.as_str().into()), ("days", u32::from(days).into())])) }
                } @else if state.is_some_and(|state| state.is_final) { span { (say("next-nobody")) } }
                @if opinion.has_contact { a #sealed href="#details" { (frame::lock()) " " (say("sealed-hint")) } }
            }
        }
    }
}

fn said(view: &View<'_>) -> Markup {
    let Whole { passages, opinion, enclosures, .. } = view.whole;
    let additions = passages.iter().filter(|passage| passage.added.is_some()).count();
    html! {
        section #said {
            h2 { (say("said")) }
            @if additions > 0 {
                input #alone type="checkbox" .unseen;
                label for="alone" .switch { (say("original-alone")) " " kbd { "o" } }
            }
            blockquote #with-additions {
                @for passage in passages {
                    @match &passage.added {
                        None => { span.first { (web::page::spoken(&passage.text)) } }
                        Some(stamp) => {
                            ins data-by=(stamp.by) {
                                (web::page::spoken(&passage.text))
                                small { "〔" (say("addition")) " · " (who(stamp)) "〕" }
                            }
                        }
                    }
                }
            }
            @if additions > 0 { blockquote #original { (web::page::spoken(&opinion.original)) } }
            (attachment::lines(enclosures, &view.gone))
        }
    }
}

/// Who and when, on one line.
fn who(stamp: &Stamp) -> Markup {
    html! { span.by { (web::page::spoken(&stamp.by)) } " " time { (stamp.at.date_and_minute()) } }
}

fn questions(view: &View<'_>) -> Markup {
    let opinion = &view.whole.opinion;
    let clashes = &view.whole.standing.clashes;
    html! {
        @if !(opinion.conflicts.is_empty() && opinion.other_texts.is_empty() && clashes.is_empty()) {
            section #questions {
                h2 { "⚠ " (say("questions")) }
                (refusal(view, FormKind::Settle, None))
                @for found in &opinion.conflicts { (conflict(view, found)) }
                @for text in &opinion.other_texts {
                    div.conflict data-other-text {
                        p { (say("other-text")) }
                        blockquote { (web::page::spoken(text)) }
                    }
                }
                @for found in clashes { (clash(view, found)) }
            }
        }
    }
}

fn conflict(view: &View<'_>, conflict: &Conflict) -> Markup {
    let word = field_word(conflict.field);
    html! {
        div.conflict data-conflict=(conflict.field.key()) {
            p { (say_with("conflict", &[("field", word.zh.into()), ("fieldEn", word.en.into()), ("count", conflict.values.len().into())])) }
            table {
                @for (place, (value, stamp)) in conflict.values.iter().enumerate() {
                    tr {
                        th scope="row" { (county_word(view.codebook, value)) @if value.is_empty() { (say("empty-value")) } }
                        td { (who(stamp)) @if place == 0 { " " span.hint { (say("conflict-shown")) } } }
                        td.doing {
                            @if view.may(Right::Settle) {
                                form method="post" action={ "/opinion/" (view.whole.id) "/settle" } data-settle=(conflict.field.key()) {
                                    (hidden(view))
                                    input type="hidden" name="field" value=(conflict.field.key());
                                    input type="hidden" name="value" value=(value);
                                    button data-value=(value) { (say("conflict-settle")) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn clash(view: &View<'_>, clash: &Clash) -> Markup {
    let steps = &view.whole.opinion.steps;
    let (Some(one), Some(other)) = (steps.get(clash.steps.0), steps.get(clash.steps.1)) else { return html! {} };
    let words = |step: &Step| (step.act.clone(), named_in_english(view.codebook, &step.act));
    let ((one_zh, one_en), (other_zh, other_en)) = (words(one), words(other));
    let values =
        [("one", one_zh.into()), ("oneEn", one_en.into()), ("other", other_zh.into()), ("otherEn", other_en.into())];
    html! {
        div.clash data-clash {
            p { (say_with("clash", &values)) }
            div.sides {
                @for (place, step) in [(clash.steps.0, one), (clash.steps.1, other)] {
                    div.side {
                        p { b { (place + 1) ". " (county_word(view.codebook, &step.act)) } (leads_to(view.codebook, step)) }
                        p { (who(&step.stamp)) }
                        @if !step.note.is_empty() { p.note { (web::page::spoken(&step.note)) } }
                    }
                }
            }
            p.settlers {
                (say("clash-settle"))
                @for rule in view.steps().filter(|rule| rule.settles) {
                    " " a.button href={ "#act-" (place_of(view.codebook, rule)) } data-open-act=(rule.act) { (rule.act) " " span.en lang="en" { (rule.en) } }
                }
            }
        }
    }
}

/// Where a step leads, by itself or by its rule.
fn leads_to(codebook: &Codebook, step: &Step) -> Markup {
    let to = step.state.as_ref().or_else(|| codebook.step(&step.act).and_then(|rule| rule.to.as_ref()));
    html! { @if let Some(to) = to.filter(|to| **to != step.act) { span.to { " → " (county_word(codebook, to)) } } }
}

/// The place of a rule in the codebook names its form.
fn place_of(codebook: &Codebook, rule: &StepRule) -> usize {
    codebook.steps.iter().position(|other| other.act == rule.act).unwrap_or_default()
}

fn timeline(view: &View<'_>) -> Markup {
    let opinion = &view.whole.opinion;
    html! {
        section #timeline {
            h2 { (say("timeline")) }
            ol {
                li.filed {
                    div { b { (say("filed")) } @if let Some(state) = &opinion.state { span.to { " → " (county_word(view.codebook, state)) } } }
                    div.who { (who(&opinion.filed)) }
                }
                @for (place, step) in opinion.steps.iter().enumerate() {
                    li value=(place + 1) data-step=(step.act) {
                        div { b { @if step.act.is_empty() { (say("state-alone")) } @else { (county_word(view.codebook, &step.act)) } } (leads_to(view.codebook, step)) }
                        div.who { (who(&step.stamp)) }
                        (evaluation(step.evaluation))
                        @if step.source.is_some() { p.hint { (say("from-kiosk")) } }
                        @if let Some(device) = view.devices.get(&step.actor) {
                            p.hint data-written-by { (say_with("written-by", &[("device", device.as_str().into())])) }
                        }
                        @if !step.note.is_empty() { p.note { (web::page::spoken(&step.note)) } }
                        @if let Some(recording) = &step.recording {
                            p.hint { (say_with("recording", &[("seconds", u32::from(recording.seconds).into())])) " " code { (recording.hash) } }
                        }
                        @if let Some(drawing) = &step.ink {
                            p.hint data-drawn { (say("attachment-ink")) " " code { (drawing.hash) } }
                        }
                        @if !step.unaware_of.is_empty() {
                            @let known: Vec<String> = step.unaware_of.iter().map(|earlier| (earlier + 1).to_string()).collect();
                            p.hint data-unaware { (say_with("unaware", &[("place", (place + 1).into()), ("others", known.join("、").into())])) }
                        }
                    }
                }
            }
        }
    }
}

/// What the person who spoke thinks of the answer: two answers, each by itself.
pub(super) fn evaluation(evaluation: Option<Evaluation>) -> Markup {
    let Evaluation { satisfied, solved } = evaluation.unwrap_or_default();
    html! {
        @if let Some(satisfied) = satisfied {
            span.evaluation data-satisfied=(satisfied) { @if satisfied { (say("evaluation-satisfied")) } @else { (say("evaluation-dissatisfied")) } } " "
        }
        @if let Some(solved) = solved {
            span.evaluation .unsolved[!solved] data-solved=(solved) { @if solved { (say("evaluation-solved")) } @else { "⚠ " (say("evaluation-unsolved")) } }
        }
    }
}

fn facts(view: &View<'_>) -> Markup {
    let Whole { id, space, opinion, arrived_at, .. } = view.whole;
    let fact = |name: &Both, value: Markup| html! { tr { th scope="row" { (web::page::both(name)) } td { (value) } } };
    html! {
        section #facts {
            h2 { (say("facts")) }
            table {
                @for field in Field::ALL {
                    @let value = opinion.field(field);
                    @if !value.is_empty() {
                        (fact(&field_word(field), html! { span data-field=(field.key()) data-rank=[(field == Field::Urgency).then(|| rank(view.codebook, value)).flatten()] { (county_word(view.codebook, value)) } }))
                    }
                }
                @if let Some(satisfaction) = opinion.satisfaction { (fact(&both("field-satisfaction"), html! { (satisfaction) " / 5" })) }
                @if view.me_too > 0 { (fact(&both("matter"), html! { span data-me-too=(view.me_too) { (say_with("me-too", &[("count", view.me_too.into())])) } })) }
                (fact(&both("fact-filed"), html! { (who(&opinion.filed)) " " span.hint { (say("clock-device")) } }))
                (fact(&both("fact-changed"), html! { (who(&opinion.changed)) " " span.hint { (say("clock-device")) } }))
                (fact(&both("fact-arrived"), html! { (moment(*arrived_at)) " " span.hint { (say("clock-hub")) } }))
                (fact(&both("fact-space"), html! { (web::page::both(&area_word(view.codebook, &space.area))) " · " (web::page::both(&audience_word(space.audience))) " " code { (space) } }))
                (fact(&both("fact-id"), html! { code { (id) } }))
                @for (key, value) in &opinion.extra {
                    tr.extra { th scope="row" { code { (web::page::spoken(key)) } } td { code { (web::page::spoken(value)) } } }
                }
            }
        }
    }
}

/// What every form carries: its own name, so that the same one sent twice is carried out once, and what was seen when it
/// was made.
fn hidden(view: &View<'_>) -> Markup {
    html! {
        (name_of_form())
        input type="hidden" name="seen" value=(view.seen);
    }
}

/// A new name for a form.
pub(super) fn name_of_form() -> Markup {
    html! { input type="hidden" name="form" value=(hex(&clock::random::<16>())); }
}

fn refusal(view: &View<'_>, form: FormKind, act: Option<&str>) -> Markup {
    let kept = view.kept.filter(|kept| kept.form == form && act.is_none_or(|act| kept.value("act") == act));
    html! { @if let Some(kept) = kept { p.refusal role="alert" { (web::page::both(&kept.reason)) } } }
}

/// The operator's name and the button.
fn signature(view: &View<'_>, button: &Both) -> Markup {
    html! {
        div.sign {
            span.hint { (say("operator")) " " (view.operator.name) }
            button.go type="submit" { (web::page::both(button)) }
        }
    }
}

fn step_forms(view: &View<'_>) -> Markup {
    let possible: Vec<&StepRule> = view.steps().collect();
    let is_shown = |act: &str| possible.iter().any(|rule| rule.act == act);
    let lost = view.kept.filter(|kept| kept.form == FormKind::Step && !is_shown(kept.value("act")));
    html! {
        section #acts {
            h2 { (say("acts")) }
            // A step that is no longer possible has no form to stand beside; what was typed must not be lost for that.
            @if let Some(kept) = lost {
                div.lost {
                    p.refusal role="alert" { (web::page::both(&kept.reason)) }
                    @if !kept.value("note").is_empty() { label { span.label { (say("typed-before")) } textarea readonly { (kept.value("note")) } } }
                }
            }
            @if possible.is_empty() { p.hint { (say("acts-none")) } }
            @for (number, rule) in possible.iter().enumerate() { (step_form(view, number + 1, rule)) }
        }
    }
}

fn step_form(view: &View<'_>, number: usize, rule: &StepRule) -> Markup {
    let kept = view.kept.filter(|kept| kept.form == FormKind::Step && kept.value("act") == rule.act);
    let note = if rule.is_answer { both("ask-answer") } else { ask_word(Ask::Note) };
    let is_asked = rule.asks.contains(&Ask::Note);
    html! {
        details.act #{ "act-" (place_of(view.codebook, rule)) } data-form=(rule.act) open[kept.is_some()] {
            summary {
                @if number <= 9 { kbd { (number) } " " }
                b { (rule.act) } " " span.en lang="en" { (rule.en) }
                @if let Some(to) = rule.to.as_ref().filter(|to| **to != view.whole.standing.state) {
                    span.to { " → " (county_word(view.codebook, to)) }
                }
            }
            form method="post" action={ "/opinion/" (view.whole.id) "/step" } data-act=(rule.act) {
                (refusal(view, FormKind::Step, Some(&rule.act)))
                (hidden(view))
                input type="hidden" name="act" value=(rule.act);
                @for ask in &rule.asks {
                    @if let Some(field) = field_of(*ask) { (field_label(view, field, kept)) }
                }
                label {
                    span.label { (web::page::both(&note)) @if !is_asked { " " span.hint { (say("optional")) } } }
                    textarea name="note" rows=(if is_asked { 4 } else { 2 }) { (kept.map_or("", |kept| kept.value("note"))) }
                }
                @if rule.is_answer { p.hint { (say("answer-hint")) } }
                (signature(view, &Both { zh: rule.act.clone(), en: rule.en.clone() }))
            }
        }
    }
}

/// The name under which a form says what stood in a field when it was made.
fn before(field: Field) -> String {
    format!("{}-was", field.key())
}

/// A field with its name. After a refusal it holds what the operator changed, and else what stands there now.
fn field_label(view: &View<'_>, field: Field, kept: Option<&Kept>) -> Markup {
    let now = view.whole.opinion.field(field);
    let changed = kept
        .map(|kept| kept.value(field.key()))
        .filter(|value| kept.is_some_and(|kept| kept.value(&before(field)) != *value));
    html! {
        input type="hidden" name=(before(field)) value=(now);
        label { span.label { (web::page::both(&field_word(field))) } (field_input(view.codebook, field, changed.unwrap_or(now))) }
    }
}

/// A choice from the codebook; a value that stands there already, from another system, can stay.
fn field_input(codebook: &Codebook, field: Field, value: &str) -> Markup {
    let words: Vec<(&str, &str)> = match field {
        Field::Topic => codebook.topics.iter().map(|topic| (topic.name.as_str(), topic.en.as_str())).collect(),
        Field::Urgency => codebook.urgencies.iter().map(|word| (word.name.as_str(), word.en.as_str())).collect(),
        Field::Office => codebook.bodies.iter().map(|word| (word.name.as_str(), word.en.as_str())).collect(),
        Field::Channel => codebook.channels.iter().map(|word| (word.name.as_str(), word.en.as_str())).collect(),
        Field::Title | Field::Village | Field::Town | Field::Station | Field::Deputy | Field::Sort => Vec::new(),
    };
    html! {
        @if words.is_empty() { input name=(field.key()) value=(value) autocomplete="off"; }
        @else {
            select name=(field.key()) {
                option value="" selected[value.is_empty()] { (line("choose")) }
                @for (zh, en) in &words { option value=(zh) selected[*zh == value] { (zh) " " (en) } }
                @if !value.is_empty() && !words.iter().any(|(zh, _)| *zh == value) {
                    option value=(value) selected { (web::page::visible(value)) " " (line("not-in-codebook")) }
                }
            }
        }
    }
}

fn correction_form(view: &View<'_>) -> Markup {
    let kept = view.kept.filter(|kept| kept.form == FormKind::Fields);
    html! {
        details.act #act-fields data-form="fields" open[kept.is_some()] {
            summary { b { (say("correct")) } }
            form method="post" action={ "/opinion/" (view.whole.id) "/fields" } data-act="fields" {
                (refusal(view, FormKind::Fields, None))
                (hidden(view))
                @for field in CORRECTED { (field_label(view, field, kept)) }
                p.hint { (say("correct-hint")) }
                (signature(view, &both("correct-go")))
            }
        }
    }
}

fn addition_form(view: &View<'_>) -> Markup {
    let kept = view.kept.filter(|kept| kept.form == FormKind::Add);
    html! {
        details.act #act-add data-form="add" open[kept.is_some()] {
            summary { b { (say("add")) } }
            form method="post" action={ "/opinion/" (view.whole.id) "/add" } data-act="add" {
                (refusal(view, FormKind::Add, None))
                (name_of_form())
                @if kept.is_some_and(|kept| !kept.value("transcript").is_empty()) {
                    input type="hidden" name="transcript" value="1";
                    p.hint { (say("transcript-hint")) }
                }
                label {
                    span.label { (say("add-text")) }
                    textarea name="text" rows="3" { (kept.map_or("", |kept| kept.value("text"))) }
                }
                p.hint { (say("add-hint")) }
                (signature(view, &both("add-go")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_step_asks_for_has_a_field_or_is_the_note() {
        assert_eq!(field_of(Ask::Body), Some(Field::Office));
        assert_eq!(field_of(Ask::Note), None);
    }
}
