//! Personal details on the page of an opinion: what lies sealed beside it, asking for a look, what is looked at, and erasing.
//!
//! Nothing is shown but in the answer to a form that gave a reason, to an operator who has the right here, after it was noted;
//! and where the county wants two, after another agreed. It is shown for [`SHOWN_S`] seconds, under no address.

use ::ledger::{
    erase::{Depth, Ground},
    query::Whole,
};
use axum::{
    extract::{Form, Path, State, rejection::FormRejection},
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use civic_core::{
    access::operator::Right,
    attachment::AttachmentKind,
    consent::{Choice, Consent},
    detail::Detail,
    id::DocId,
    ink::Ink,
    opinion::Field,
    seal::Contact,
    time::UnixSeconds,
    wording::Both,
};
use maud::{Markup, html};
use serde::Deserialize;
use tracing::error;

use super::{
    Console, Operator,
    error::PageError,
    file, frame, ink, loans, now, opinion,
    routes::Routes,
    words::{both, both_with, county_word, line, moment, one_line, say, say_with},
};
use crate::{
    audit::{Action, Event},
    vault::{
        Item, KEYS_KEPT_DAYS, Opened,
        erase::{Erased, Why},
        grant::{Grant, SHOWN_S},
        request::{Asked, REASON_CHARS_MAX, Refusal, Request, Standing, WAITING_MAX, Wanted, What},
    },
};

const DAY_S: i64 = 24 * 3_600;

pub(super) fn routes() -> Routes {
    Routes::default()
        .post("/opinion/{id}/open", Right::OpenSaid, open)
        .post("/opinion/{id}/open-agreed", Right::OpenSaid, open_agreed)
        .post("/opinion/{id}/hide", Right::ReadOpinions, hide)
        .post("/opinion/{id}/erase-details", Right::Erase, erase)
        .post("/opinion/{id}/erase", Right::Erase, erase_whole)
        .get("/opened/{id}/{place}", Right::OpenSaid, file::file)
}

/// What became of a form of these, for the page that answers it.
pub(super) enum Outcome {
    /// There was none.
    None,
    /// It may be looked at.
    Opened(Grant),
    /// A second person must agree.
    Waits,
    /// It was refused for this reason, and this was typed.
    Refused(Both, String),
}

/// For what an opening is asked: one of the county's reasons, words, or both.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Asking {
    what: String,
    reason: String,
    other: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Agreed {
    request: i64,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Hiding {
    grant: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Erasing {
    why: String,
    note: String,
}

async fn open(
    State(console): State<Console>,
    operator: Operator,
    Path(id): Path<String>,
    form: Result<Form<Asking>, FormRejection>,
) -> Result<Response, PageError> {
    let Form(Asking { what, reason, other }) = form?;
    let what = What::parse(&what).ok_or(PageError::BadRequest)?;
    let reason = self::reason(&reason, &other);
    console
        .work(move |console| {
            let whole = opinion::read(console, &id)?;
            operator.must(right_of(what), opinion::about(&whole), &id)?;
            let docs = console.ledger.records_of(&whole.id)?;
            let wanted = Wanted { record: whole.id, docs: &docs, what };
            let event =
                |action| Event::new(operator.by(), action).upon(whole.id).because(format!("{}: {reason}", what.word()));
            let takes_two = takes_two(console, &whole);
            let outcome = match console.vault.ask(wanted, &operator.login, &reason, takes_two, now()) {
                Ok(Asked::Granted(grant)) => {
                    operator.note(event(Action::OpenDetails))?;
                    Outcome::Opened(grant)
                }
                Ok(Asked::Waits(_)) => {
                    operator.note(event(Action::AskOpening))?;
                    Outcome::Waits
                }
                Err(refusal) => {
                    operator.note(event(Action::AskOpening).refused())?;
                    Outcome::Refused(explain(refusal)?, other)
                }
            };
            answer(console, &whole, &operator, outcome)
        })
        .await
}

async fn open_agreed(
    State(console): State<Console>,
    operator: Operator,
    Path(id): Path<String>,
    form: Result<Form<Agreed>, FormRejection>,
) -> Result<Response, PageError> {
    let Form(Agreed { request }) = form?;
    console
        .work(move |console| {
            let whole = opinion::read(console, &id)?;
            let asked = console.vault.request(request, now())?.filter(|asked| asked.record == whole.id);
            let asked = asked.ok_or(PageError::NotFound)?;
            operator.must(right_of(asked.what), opinion::about(&whole), &id)?;
            let docs = console.ledger.records_of(&whole.id)?;
            let event = Event::new(operator.by(), Action::OpenDetails).upon(whole.id).because(format!(
                "{}: {} ({})",
                asked.what.word(),
                asked.reason,
                asked.decided_by
            ));
            let outcome = match console.vault.open_agreed(request, &docs, &operator.login, now()) {
                Ok(grant) => {
                    operator.note(event)?;
                    Outcome::Opened(grant)
                }
                Err(refusal) => {
                    operator.note(event.refused())?;
                    Outcome::Refused(explain(refusal)?, String::new())
                }
            };
            answer(console, &whole, &operator, outcome)
        })
        .await
}

/// Ends a look before its time.
async fn hide(
    State(console): State<Console>,
    operator: Operator,
    Path(id): Path<String>,
    form: Result<Form<Hiding>, FormRejection>,
) -> Result<Response, PageError> {
    let id = DocId::parse(&id).ok_or(PageError::NotFound)?;
    console.vault.hide(&form?.0.grant, &operator.login);
    Ok(back_to(&id))
}

async fn erase(
    State(console): State<Console>,
    operator: Operator,
    Path(id): Path<String>,
    form: Result<Form<Erasing>, FormRejection>,
) -> Result<Response, PageError> {
    let Form(Erasing { why, note }) = form?;
    let why = Why::parse(&why).filter(|why| BY_HAND.contains(why)).ok_or(PageError::BadRequest)?;
    console
        .work(move |console| {
            let whole = opinion::read(console, &id)?;
            operator.must(Right::Erase, opinion::about(&whole), &id)?;
            let note = note.trim();
            if let Some(reason) = unfit(note) {
                return answer(console, &whole, &operator, Outcome::Refused(reason, note.to_owned()));
            }
            let because = format!("details, {}: {note}", why.word());
            operator.note(Event::new(operator.by(), Action::Erase).upon(whole.id).because(because))?;
            let docs = console.ledger.records_of(&whole.id)?;
            // The log first, here and on every device: what fails behind it leaves the form on the page. A hub above holds
            // the log as well and erases for both.
            if !console.is_beneath()? {
                console.ledger.erase(&whole.id, Depth::Details, ground_of(why))?;
            }
            // With the keys every copy in a backup becomes noise.
            console.vault.erase(&docs, why, &operator.login, now())?;
            console.ledger.scrub()?;
            Ok(back_to(&whole.id))
        })
        .await
}

/// Erases an opinion with every word of it. What was said can be filed anew without the person in it; that is another opinion.
async fn erase_whole(
    State(console): State<Console>,
    operator: Operator,
    Path(id): Path<String>,
    form: Result<Form<Erasing>, FormRejection>,
) -> Result<Response, PageError> {
    let Form(Erasing { why, note }) = form?;
    let why = Why::parse(&why).filter(|why| BY_HAND.contains(why)).ok_or(PageError::BadRequest)?;
    console
        .work(move |console| {
            let whole = opinion::read(console, &id)?;
            operator.must(Right::Erase, opinion::about(&whole), &id)?;
            let note = note.trim();
            if let Some(reason) = unfit(note) {
                return Ok((StatusCode::UNPROCESSABLE_ENTITY, frame::sorry(&reason)).into_response());
            }
            if console.is_beneath()? {
                return Ok((StatusCode::CONFLICT, frame::sorry(&both("erase-whole-above"))).into_response());
            }
            let because = format!("whole, {}: {note}", why.word());
            operator.note(Event::new(operator.by(), Action::Erase).upon(whole.id).because(because))?;
            let docs = console.ledger.records_of(&whole.id)?;
            console.vault.erase(&docs, why, &operator.login, now())?;
            console.ledger.erase(&whole.id, Depth::Whole, ground_of(why))?;
            // What fails here is done at the next start.
            if let Err(failure) =
                console.ledger.buried().map_err(Into::into).and_then(|gone| console.opener.forget(&gone))
            {
                error!(
                    error = format!("{failure:#}"),
                    "Records that were taken over are erased at the next start only"
                );
            }
            Ok((StatusCode::SEE_OTHER, [(header::LOCATION, "/")]).into_response())
        })
        .await
}

/// One of the county's reasons, words, or both.
pub(super) fn reason(chosen: &str, other: &str) -> String {
    let both_given = !chosen.trim().is_empty() && !other.trim().is_empty();
    format!("{}{}{}", chosen.trim(), if both_given { "：" } else { "" }, other.trim())
}

/// What is wrong with what somebody gives as the reason of an erasure.
fn unfit(note: &str) -> Option<Both> {
    match note.chars().count() {
        0 => Some(both("refused-empty")),
        count if count > REASON_CHARS_MAX => Some(both_with("refused-too-long", &[("most", REASON_CHARS_MAX.into())])),
        _ => None,
    }
}

/// Why an operator erases; what expires, the hub erases by itself.
const BY_HAND: [Why; 3] = [Why::Withdrawn, Why::Asked, Why::Ordered];

/// The ground that everybody may read.
fn ground_of(why: Why) -> Ground {
    match why {
        Why::Withdrawn | Why::Asked => Ground::Asked,
        Why::Expired => Ground::Expired,
        Why::Ordered => Ground::Ordered,
    }
}

/// The right that a look takes.
fn right_of(what: What) -> Right {
    match what {
        What::Contact => Right::OpenDetails,
        What::Said => Right::OpenSaid,
    }
}

pub(super) fn back_to(id: &DocId) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, format!("/opinion/{id}?done=1"))]).into_response()
}

/// Whether a second person must agree: if anybody said that it is about one of the county's topics for that.
fn takes_two(console: &Console, whole: &Whole) -> bool {
    let said = whole.opinion.conflicts.iter().filter(|conflict| conflict.field == Field::Topic);
    let said = said.flat_map(|conflict| conflict.values.iter().map(|(value, _)| value.as_str()));
    let two = &console.ledger.codebook().details.two_persons;
    said.chain([whole.opinion.field(Field::Topic)]).any(|topic| two.iter().any(|known| known == topic))
}

pub(super) fn answer(
    console: &Console,
    whole: &Whole,
    operator: &Operator,
    outcome: Outcome,
) -> Result<Response, PageError> {
    let status = match &outcome {
        Outcome::None | Outcome::Opened(_) => StatusCode::OK,
        Outcome::Waits => StatusCode::ACCEPTED,
        Outcome::Refused(..) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    Ok((status, opinion::answer(console, &whole.id, operator, &outcome)?).into_response())
}

/// Why it was not done, for the operator; what broke goes to the page of faults.
pub(super) fn explain(refusal: Refusal) -> Result<Both, PageError> {
    Ok(match refusal {
        Refusal::NoReason => both("refused-no-reason"),
        Refusal::TooLong => both_with("refused-too-long", &[("most", REASON_CHARS_MAX.into())]),
        Refusal::Crowded => both_with("refused-crowded", &[("most", WAITING_MAX.into())]),
        Refusal::SamePerson => both("refused-same-person"),
        Refusal::Over => both("refused-request-over"),
        Refusal::Vault(failure) => return Err(failure.into()),
    })
}

/// The pane; nothing where there is nothing of anybody.
pub(super) fn pane(
    console: &Console,
    whole: &Whole,
    operator: &Operator,
    outcome: &Outcome,
) -> Result<Markup, PageError> {
    let docs = console.ledger.records_of(&whole.id)?;
    let (items, erased) = (console.vault.items(&docs)?, console.vault.erased(&docs)?);
    let requests = console.vault.requests_of(&whole.id, now())?;
    let is_lacking = whole.opinion.has_contact && !has_contact(&items) && erased.is_empty();
    let consent = Consent::of(&whole.opinion);
    // The log may hold what was erased here, as after a fault in the middle, or what only a hub beneath this one opens.
    let is_sealed = !erased.is_empty() || whole.opinion.has_contact || !whole.opinion.attachments.is_empty();
    let is_in_log = is_sealed && !console.is_beneath()? && console.ledger.erased(&whole.id)?.is_none();
    let may_erase = operator.may(Right::Erase, opinion::about(whole)) && (!items.is_empty() || is_in_log);
    if items.is_empty() && erased.is_empty() && !whole.opinion.has_contact && consent.is_none() && !may_erase {
        return Ok(html! {});
    }
    let may = |right| operator.may(right, opinion::about(whole));
    let openable: Vec<What> = What::ALL.into_iter().filter(|what| may(right_of(*what))).collect();
    let is_lent = may(Right::OpenLent) && console.vault.lent_to(&whole.id, &operator.login, now())?.is_some();
    let there: Vec<What> =
        openable.iter().copied().filter(|what| items.iter().any(|item| what.covers(item.detail))).collect();
    Ok(html! {
        section #details data-items=(items.len()) data-erased=(erased.len()) {
            h2 { (frame::lock()) " " (say("details")) }
            @if let Some(consent) = &consent { (consent_line(consent)) }
            ul.sealed {
                @for item in &items { li data-detail=(item.detail.word()) { (detail_word(item.detail)) " · " (say_with("details-since", &[("at", item.arrived_at.date_and_minute().into())])) } }
                @if is_lacking { li { (detail_word(Detail::Contact)) " · " (say("details-lacking")) } }
                @for gone in &erased { li.gone data-gone=(gone.detail.word()) { (gone_line(console, gone)) } }
            }
            @match outcome {
                Outcome::None => {}
                Outcome::Opened(grant) => { (opened(console, whole, operator, grant)?) }
                Outcome::Waits => { p.notice role="status" { (say("details-waits")) } }
                Outcome::Refused(reason, _) => { p.refusal role="alert" { (web::page::both(reason)) } }
            }
            @for request in &requests { (request_line(console, whole, operator, request)) }
            @if !there.is_empty() { (asking_form(console, whole, &there, outcome)) }
            @if has_contact(&items) { (loans::part(console, whole, operator)?) }
            @if may_erase { (erase_form(whole, outcome, console.is_beneath()?)) }
            @if openable.is_empty() && !is_lent && (!items.is_empty() || whole.opinion.has_contact) { p.hint { (say("details-no-right")) } }
        }
    })
}

/// What the person decided about their name and number, and what they had read or been told by then.
fn consent_line(consent: &Consent) -> Markup {
    let choice = match consent.choice {
        Choice::None => say("consent-none"),
        Choice::Name => say("consent-name"),
        Choice::Phone => say("consent-phone"),
        Choice::PhoneAndName => say("consent-phone-and-name"),
    };
    let notice = [("version", consent.notice.into()), ("at", consent.at.date_and_minute().into())];
    html! { p #consent .hint { (choice) " " (say_with("consent-notice", &notice)) } }
}

fn has_contact(items: &[Item]) -> bool {
    items.iter().any(|item| item.detail == Detail::Contact)
}

/// What a kind of detail is called.
pub(super) fn detail_word(detail: Detail) -> Markup {
    match detail {
        Detail::Contact => say("detail-contact"),
        Detail::Attached(AttachmentKind::Voice) => say("detail-voice"),
        Detail::Attached(AttachmentKind::Ink) => say("detail-ink"),
        Detail::Attached(AttachmentKind::Photo) => say("detail-photo"),
        Detail::Attached(AttachmentKind::Unknown(_)) => say("attachment-unknown"),
    }
}

/// What was asked for, in words.
pub(super) fn what_word(what: What) -> Markup {
    match what {
        What::Contact => say("open-contact"),
        What::Said => say("open-said"),
    }
}

/// Why something was erased, in words.
fn why_word(why: Why) -> Both {
    match why {
        Why::Withdrawn => both("why-withdrawn"),
        Why::Asked => both("why-asked"),
        Why::Expired => both("why-expired"),
        Why::Ordered => both("why-ordered"),
    }
}

pub(super) fn gone_line(console: &Console, gone: &Erased) -> Markup {
    html! {
        (detail_word(gone.detail)) " · " (say_with("details-gone", &[("at", gone.at.date_and_minute().into())])) " · " (Why::parse(&gone.why).map_or_else(|| web::page::spoken(&gone.why), |why| web::page::both(&why_word(why))))
        @if !gone.by.is_empty() { " · " (web::page::spoken(&console.name_of(&gone.by))) }
    }
}

fn request_line(console: &Console, whole: &Whole, operator: &Operator, request: &Request) -> Markup {
    let is_mine = request.by == *operator.login;
    let may_agree = !is_mine && operator.may(Right::ApproveOpening, opinion::about(whole));
    html! {
        @match request.standing {
            Standing::Opened(_) => {}
            Standing::Waits | Standing::Agreed | Standing::Declined | Standing::Over => {
                div.request data-request=(request.id) {
                    p { b { (web::page::spoken(&console.name_of(&request.by))) } " · " (what_word(request.what)) " · " (web::page::spoken(&request.reason)) " · " (standing_word(request)) }
                    @if request.standing == Standing::Agreed && is_mine {
                        form method="post" action={ "/opinion/" (whole.id) "/open-agreed" } {
                            input type="hidden" name="request" value=(request.id);
                            button.go { (say("open-agreed")) }
                        }
                    }
                    @if request.standing == Standing::Waits && may_agree { (decision_forms(request)) }
                }
            }
        }
    }
}

/// The second person's two buttons.
pub(super) fn decision_forms(request: &Request) -> Markup {
    html! {
        div.choice {
            @for (agrees, word) in [("1", say("agree-opening")), ("0", say("decline-opening"))] {
                form method="post" action="/openings/decide" {
                    input type="hidden" name="request" value=(request.id);
                    input type="hidden" name="agrees" value=(agrees);
                    button .go[agrees == "1"] { (word) }
                }
            }
        }
    }
}

/// Where a request stands, in words.
pub(super) fn standing_word(request: &Request) -> Markup {
    let by = [("by", request.decided_by.as_str().into())];
    match request.standing {
        Standing::Waits => say("standing-waits"),
        Standing::Agreed => say_with("standing-agreed", &by),
        Standing::Declined => say_with("standing-declined", &by),
        Standing::Over => say("standing-over"),
        Standing::Opened(at) => say_with("standing-opened", &[("at", at.date_and_minute().into())]),
    }
}

fn asking_form(console: &Console, whole: &Whole, there: &[What], outcome: &Outcome) -> Markup {
    let typed = match outcome {
        Outcome::Refused(_, typed) => typed.as_str(),
        Outcome::None | Outcome::Opened(_) | Outcome::Waits => "",
    };
    html! {
        details.act #act-open data-form="open" open[matches!(outcome, Outcome::Refused(..))] {
            summary { b { (say("open")) } }
            form method="post" action={ "/opinion/" (whole.id) "/open" } data-act="open" {
                fieldset {
                    @for (place, what) in there.iter().enumerate() {
                        label.check { input type="radio" name="what" value=(what.word()) checked[place == 0]; (what_word(*what)) }
                    }
                }
                (reason_fields(console, typed))
                p.hint { (say_with("open-hint", &[("minutes", (SHOWN_S / 60).into())])) }
                @if takes_two(console, whole) { p.hint { (say("open-two")) } }
                div { button.go type="submit" { (say("open-go")) } }
            }
        }
    }
}

/// Where somebody says for what an opening is needed.
pub(super) fn reason_fields(console: &Console, typed: &str) -> Markup {
    html! {
        label {
            span.label { (say("open-reason")) }
            select name="reason" {
                option value="" { (line("choose")) }
                @for reason in &console.ledger.codebook().details.reasons {
                    option value=(reason.name) { (one_line(&Both { zh: reason.name.clone(), en: reason.en.clone() })) }
                }
            }
        }
        label { span.label { (say("open-other")) } input name="other" value=(typed) maxlength=(REASON_CHARS_MAX) autocomplete="off"; }
    }
}

fn erase_form(whole: &Whole, outcome: &Outcome, is_beneath: bool) -> Markup {
    let until = UnixSeconds(now().0 + i64::from(KEYS_KEPT_DAYS) * DAY_S);
    html! {
        details.act.sure #act-erase data-form="erase" {
            summary { b { (say("erase-details")) } }
            form method="post" action={ "/opinion/" (whole.id) "/erase-details" } data-act="erase" {
                p { (say("erase-what")) }
                @if is_beneath { p { (say("erase-above")) } }
                p.hint { (say_with("erase-remains", &[("until", until.date().into())])) }
                label {
                    span.label { (say("erase-why")) }
                    select name="why" { @for why in BY_HAND { option value=(why.word()) { (one_line(&why_word(why))) } } }
                }
                label { span.label { (say("erase-note")) } input name="note" maxlength=(REASON_CHARS_MAX) autocomplete="off" value=(match outcome { Outcome::Refused(_, typed) => typed, Outcome::None | Outcome::Opened(_) | Outcome::Waits => "" }); }
                div { button.grave type="submit" { (say("erase-go")) } }
            }
        }
    }
}

/// The form that erases an opinion with every word of it, for who may.
pub(super) fn erase_whole_form(whole: &Whole, operator: &Operator, is_beneath: bool) -> Markup {
    html! {
        @if operator.may(Right::Erase, opinion::about(whole)) {
            details.act.sure #act-erase-whole data-form="erase-whole" {
                summary { b { (say("erase-whole")) } }
                @if is_beneath { p { (say("erase-whole-above")) } } @else { form method="post" action={ "/opinion/" (whole.id) "/erase" } data-act="erase-whole" {
                    p { (say("erase-whole-what")) }
                    label {
                        span.label { (say("erase-why")) }
                        select name="why" { @for why in BY_HAND { option value=(why.word()) { (one_line(&why_word(why))) } } }
                    }
                    label { span.label { (say("erase-note")) } input name="note" maxlength=(REASON_CHARS_MAX) required autocomplete="off"; }
                    div { button.grave type="submit" { (say("erase-go")) } }
                } }
            }
        }
    }
}

/// What was opened. The script takes it off the page when its time is over, and the style hides it where no script runs.
fn opened(console: &Console, whole: &Whole, operator: &Operator, grant: &Grant) -> Result<Markup, PageError> {
    let mut shown = Vec::new();
    for (place, item) in grant.items.iter().enumerate() {
        shown.push(match item.detail {
            Detail::Contact | Detail::Attached(AttachmentKind::Ink) => {
                let opened = console.vault.look(&grant.token, place, &operator.login, now())?;
                inline(&opened)
            }
            Detail::Attached(AttachmentKind::Voice) => voice(whole, item, &grant.token, place),
            Detail::Attached(AttachmentKind::Photo) => html! {
                img.photo src=(address(grant, place)) alt=(line("detail-photo"));
            },
            Detail::Attached(AttachmentKind::Unknown(_)) => html! {
                a.button href=(address(grant, place)) download { (say("attachment-unknown")) }
            },
        });
    }
    Ok(html! {
        div #opened data-seconds=(SHOWN_S) {
            p.hint { (say_with("opened-hint", &[("minutes", (SHOWN_S / 60).into()), ("until", grant.until.minute().into())])) }
            @if shown.is_empty() { p { (say("opened-nothing")) } }
            @for one in &shown { div.detail { (one) } }
            form method="post" action={ "/opinion/" (whole.id) "/hide" } {
                input type="hidden" name="grant" value=(grant.token);
                button { (say("opened-hide")) }
            }
        }
        p #opened-over .notice hidden { (say("opened-over")) }
    })
}

/// Where a file of a grant is.
pub(super) fn address(grant: &Grant, place: usize) -> String {
    format!("/opened/{}/{place}", grant.token)
}

/// What is shown in its place on the page.
pub(super) fn inline(opened: &Opened) -> Markup {
    match opened.item.detail {
        Detail::Contact => match Contact::decode(&opened.plain) {
            Ok(Contact { name, phone }) => html! {
                @if !name.is_empty() { p.name { (web::page::spoken(&name)) } }
                @if !phone.is_empty() {
                    p.phone { span.digits data-copy-from { (web::page::spoken(&phone)) } " " button type="button" data-copy hidden { (say("copy")) } }
                }
            },
            Err(_) => html! { p.refusal { (say("opened-unreadable")) } },
        },
        Detail::Attached(_) => match Ink::decode(&opened.plain) {
            Ok(drawn) => ink::drawing(&drawn),
            Err(_) => html! { p.refusal { (say("opened-unreadable")) } },
        },
    }
}

fn voice(whole: &Whole, item: &Item, token: &str, place: usize) -> Markup {
    html! {
        p { (detail_word(item.detail)) " · " (moment(item.arrived_at)) }
        audio controls preload="auto" controlslist="nodownload" src={ "/opened/" (token) "/" (place) } {}
        form method="post" action={ "/opinion/" (whole.id) "/add" } data-act="transcribe" {
            (opinion::name_of_form())
            input type="hidden" name="transcript" value="1";
            label { span.label { (say("transcript")) } textarea name="text" rows="3" {} }
            p.hint { (say("transcript-hint")) }
            button { (say("transcript-go")) }
        }
    }
}

/// The topic of an opinion for lists.
pub(super) fn topic(console: &Console, whole: &Whole) -> Markup {
    county_word(console.ledger.codebook(), whole.opinion.field(Field::Topic))
}
