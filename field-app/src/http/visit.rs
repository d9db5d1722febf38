//! A visit: the form, its draft, and the page that says it is saved.

use axum::{
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use civic_core::{
    id::DocId,
    opening::{Opening, Stub},
    opinion::Field,
    visit::OPINIONS_MAX,
    wording::Both,
};
use ledger::{enclosed::Heard, query::Whole};
use maud::{Markup, html};
use replica::clock;
use serde::Deserialize;
use web::page;

use super::{
    App, Sent,
    frame::{Tab, Whereabouts, frame, options, time, topic},
    pairs,
    trouble::Trouble,
};
use crate::{
    draft::Draft,
    form::{Complaint, HeardForm, VisitForm, draw_name, draw_secret, is_name, value},
    saved::{SavedOpinion, SavedVisit},
    words::{both, plain, say, say_with},
};

/// Which form is wanted, by its name.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    form: String,
}

/// The drafts that can be gone on with, the one written last first.
pub(super) fn unfinished(app: &App) -> Result<Vec<Draft>, Trouble> {
    let mut drafts = app.inner.drafts.all(&app.inner.dir)?;
    drafts.retain(|draft| app.inner.saved.by_form(&draft.form.form).is_none());
    Ok(drafts)
}

/// `GET /visit/new`: the draft of this form, or the newest if none is named, or a form that begins where the last visit was.
pub(super) async fn blank(State(app): State<App>, Query(wanted): Query<Wanted>) -> Result<Markup, Trouble> {
    let name = Some(wanted.form).filter(|name| is_name(name));
    let drafts = app.work(unfinished).await?;
    let draft = drafts.into_iter().find(|draft| name.as_ref().is_none_or(|name| draft.form.form == *name));
    Ok(match draft {
        Some(mut draft) => {
            // One that an older program kept has none.
            if draft.form.secret.is_empty() {
                draft.form.secret = draw_secret();
            }
            write(&app, &draft.form, Notice::Draft(&draft), &[])
        }
        None => {
            let mut form = fresh(&app);
            if let Some(name) = name.filter(|name| app.inner.saved.by_form(name).is_none()) {
                form.form = name;
            }
            write(&app, &form, Notice::None, &[])
        }
    })
}

/// An empty form. What the last visit answered already is not asked again.
fn fresh(app: &App) -> VisitForm {
    let villages = app.villages();
    let last = app.inner.saved.last();
    let village = match (&villages[..], &last) {
        ([(only, _)], _) => only.code().to_owned(),
        (_, Some(last)) => last.village.code().to_owned(),
        (_, None) => String::new(),
    };
    VisitForm {
        form: draw_name(),
        secret: draw_secret(),
        village,
        channel: last.map_or_else(String::new, |last| last.channel),
        heard: vec![HeardForm::default()],
        ..VisitForm::default()
    }
}

/// What became of a form that was sent to be saved.
enum Outcome {
    /// It is on disk.
    Saved(DocId),
    /// It was saved before, and has been changed since.
    Before(SavedVisit),
    /// It cannot be saved as it stands.
    Amiss(Vec<Complaint>),
}

/// `POST /visit/new`
pub(super) async fn save(State(app): State<App>, sent: Sent) -> Result<Response, Trouble> {
    let pairs = pairs(sent)?;
    let mut form = VisitForm::read(&pairs);
    match value(&pairs, "do") {
        "keep" => return Ok(reshaped(&app, form).await),
        "more" => {
            if form.heard.len() < OPINIONS_MAX {
                form.heard.push(HeardForm::default());
            }
            return Ok(reshaped(&app, form).await);
        }
        other => {
            if let Some(index) = other.strip_prefix("remove-").and_then(|index| index.parse::<usize>().ok()) {
                if index < form.heard.len() && form.heard.len() > 1 {
                    form.heard.remove(index);
                }
                return Ok(reshaped(&app, form).await);
            }
        }
    }
    let given = form.clone();
    let outcome = app.work(move |app| store(app, &given)).await;
    Ok(match outcome {
        Ok(Outcome::Saved(visit)) => Redirect::to(&format!("/visit/{visit}")).into_response(),
        Ok(Outcome::Before(saved)) => {
            // Another name: sent once more, it is another visit.
            (form.form, form.secret) = (draw_name(), draw_secret());
            (StatusCode::CONFLICT, write(&app, &form, Notice::Before(&saved), &[])).into_response()
        }
        Ok(Outcome::Amiss(complaints)) => {
            (StatusCode::UNPROCESSABLE_ENTITY, write(&app, &form, Notice::None, &complaints)).into_response()
        }
        Err(trouble) => {
            trouble.note();
            let sentence = trouble.sentence();
            (trouble.status(), write(&app, &form, Notice::NotSaved(&sentence), &[])).into_response()
        }
    })
}

/// The same form with an opinion more or less. The draft follows; if it cannot, the next save says why.
async fn reshaped(app: &App, form: VisitForm) -> Response {
    let given = form.clone();
    match app.work(move |app| keep(app, &given)).await {
        Ok(()) => write(app, &form, Notice::None, &[]).into_response(),
        Err(trouble) => not_kept(app, &form, &trouble),
    }
}

fn store(app: &App, form: &VisitForm) -> Result<Outcome, Trouble> {
    let inner = &app.inner;
    let ready = match form.check(inner.ledger.codebook(), &app.villages(), app.deputy()) {
        Ok(ready) => ready,
        Err(complaints) => return Ok(Outcome::Amiss(complaints)),
    };
    let mut before = None;
    let stored = inner.once.run(form, || {
        if let Some(saved) = inner.saved.by_form(&form.form) {
            before = Some(saved);
            return Err(None);
        }
        let mut openings = ready.openings.iter();
        let heard = ready
            .heard
            .into_iter()
            .map(|heard| Heard { opening: openings.next().map(Opening::deposit), ..heard.into() });
        let (visit, filed) = inner
            .ledger
            .visit(
                &form.form,
                &ready.village,
                app.deputy(),
                form.place.trim(),
                form.note.trim(),
                heard.collect::<Vec<_>>(),
            )
            .map_err(|error| Some(Trouble::from(error)))?;
        let heard = filed.into_iter().map(|filed| SavedOpinion { id: filed.id, ticket: filed.ticket }).collect();
        let saved = SavedVisit {
            form: form.form.clone(),
            visit,
            village: ready.village,
            channel: form.channel.clone(),
            at: clock::now(),
            heard,
        };
        inner.saved.push(&inner.dir, saved);
        inner.stubs.push(visit, ready.openings);
        Ok(visit)
    });
    match stored {
        Ok(Some(visit)) => {
            if let Err(error) = inner.drafts.clear(&inner.dir, &form.form) {
                // Its form is known as saved, so it is not offered again.
                Trouble::from(error).note();
            }
            Ok(Outcome::Saved(visit))
        }
        Ok(None) => match inner.saved.by_form(&form.form) {
            Some(saved) => Ok(Outcome::Saved(saved.visit)),
            None => Err(Trouble::Nowhere),
        },
        Err(None) => before.map(Outcome::Before).ok_or(Trouble::Stopped),
        Err(Some(trouble)) => Err(trouble),
    }
}

/// `POST /visit/draft`: a page's script wants no page back, a person does, and the form again if it was not kept.
pub(super) async fn keep_draft(State(app): State<App>, headers: HeaderMap, sent: Sent) -> Result<Response, Trouble> {
    let form = VisitForm::read(&pairs(sent)?);
    if headers.get("sec-fetch-dest").is_some_and(|dest| dest == "empty") {
        app.work(move |app| keep(app, &form)).await?;
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let given = form.clone();
    Ok(match app.work(move |app| keep(app, &given)).await {
        Ok(()) => Redirect::to("/").into_response(),
        Err(trouble) => not_kept(&app, &form, &trouble),
    })
}

/// Keeps the draft, unless its form was saved meanwhile: what a script sent late must not bring it back.
fn keep(app: &App, form: &VisitForm) -> Result<(), Trouble> {
    if app.inner.saved.by_form(&form.form).is_some() {
        return Err(Trouble::Before);
    }
    Ok(app.inner.drafts.keep(&app.inner.dir, form)?)
}

fn not_kept(app: &App, form: &VisitForm, trouble: &Trouble) -> Response {
    trouble.note();
    (trouble.status(), write(app, form, Notice::NotKept(&trouble.sentence()), &[])).into_response()
}

/// `POST /visit/draft/discard`: forgets the draft of one form and begins another, whatever other drafts there are.
pub(super) async fn discard_draft(State(app): State<App>, sent: Sent) -> Result<Redirect, Trouble> {
    let pairs = pairs(sent)?;
    app.work(move |app| Ok(app.inner.drafts.clear(&app.inner.dir, value(&pairs, "form"))?)).await?;
    Ok(Redirect::to(&format!("/visit/new?form={}", draw_name())))
}

/// What stands above the form.
enum Notice<'a> {
    None,
    /// It is a draft.
    Draft(&'a Draft),
    /// It was saved before.
    Before(&'a SavedVisit),
    /// It could not be saved, and why.
    NotSaved(&'a Both),
    /// The draft could not be kept, and why.
    NotKept(&'a Both),
}

fn write(app: &App, form: &VisitForm, notice: Notice<'_>, complaints: &[Complaint]) -> Markup {
    let villages = app.villages();
    let codebook = app.inner.ledger.codebook();
    let wrong = |field: &str| complaints.iter().any(|complaint| complaint.field == field).then_some("true");
    let main = html! {
        @if let Notice::Draft(draft) = notice {
            form #draft-note.note method="post" action="/visit/draft/discard" {
                input type="hidden" name="form" value=(draft.form.form);
                p { (say_with("draft-found", &[("at", &draft.at.date_and_minute())])) }
                p { (say("draft-without")) }
                button #discard.button type="submit" { (say("draft-discard")) }
            }
        }
        form #visit method="post" action="/visit/new" autocomplete="off" novalidate {
            // The key for "next" on a phone's keyboard presses the first button of a form: it must do no harm.
            button.unseen type="submit" name="do" value="keep" tabindex="-1" aria-hidden="true" {}
            (above(&notice))
            @if !complaints.is_empty() {
                div #amiss.alert role="alert" {
                    p { strong { (say("complaints")) } }
                    ul { @for complaint in complaints {
                        li { a href={ "#" (complaint.field) } { (page::both(&complaint.sentence)) } }
                    } }
                }
            }
            input type="hidden" name="form" value=(form.form);
            input type="hidden" name="secret" value=(form.secret);
            fieldset.card {
                legend { (say("visit-where")) }
                label.field {
                    (say("field-village"))
                    select #village name="village" aria-invalid=[wrong("village")] {
                        @if villages.len() != 1 { option value="" { (plain("choose")) } }
                        @for (area, name) in &villages {
                            option value=(area.code()) selected[area.code() == form.village] { (name) }
                        }
                    }
                }
                label.field {
                    (say("visit-place"))
                    input #place type="text" name="place" value=(form.place) placeholder=(plain("visit-place-hint"))
                        aria-invalid=[wrong("place")];
                }
                @if !codebook.channels.is_empty() {
                    label.field {
                        (say("field-channel"))
                        select #channel name="channel" aria-invalid=[wrong("channel")] {
                            option value="" { (plain("choose-none")) }
                            (options(codebook.channels.iter().map(|word| (&word.name[..], &word.en[..])), &form.channel))
                        }
                    }
                }
            }
            @for (index, one) in form.heard.iter().enumerate() {
                (heard(app, index, one, form.heard.len(), &wrong))
            }
            @if form.heard.len() < OPINIONS_MAX {
                button #more.button type="submit" name="do" value="more" { "＋ " (say("visit-more")) }
            } @else {
                p { (say_with("visit-full", &[("max", &OPINIONS_MAX)])) }
            }
            fieldset.card {
                legend { (say("visit-rest")) }
                label.field {
                    (say("visit-note"))
                    textarea #note name="note" rows="2" aria-invalid=[wrong("note")] { (form.note) }
                }
            }
            p #draft-state.small role="status" data-kept=(plain("draft-kept")) data-lost=(plain("draft-lost")) {}
            noscript { button #keep.button type="submit" formaction="/visit/draft" { (say("draft-keep")) } }
        }
    };
    let action = html! {
        button #save.button.main type="submit" form="visit" name="do" value="save" { (say("visit-save")) }
    };
    frame(&both("visit-new"), Tab::Elsewhere, main, action)
}

fn above(notice: &Notice<'_>) -> Markup {
    html! {
        @match notice {
            Notice::None | Notice::Draft(_) => {}
            Notice::Before(saved) => {
                div #before.alert role="alert" {
                    p { (say("visit-before")) }
                    a.button href={ "/visit/" (saved.visit) } { (say("visit-before-show")) }
                }
            }
            Notice::NotSaved(why) => {
                div #not-saved.alert role="alert" {
                    p { strong { (say("visit-not-saved")) } }
                    p { (page::both(why)) }
                }
            }
            Notice::NotKept(why) => {
                div #not-kept.alert role="alert" {
                    p { strong { (say("draft-lost")) } }
                    p { (page::both(why)) }
                }
            }
        }
    }
}

fn heard<'a>(
    app: &App,
    index: usize,
    one: &HeardForm,
    count: usize,
    wrong: &impl Fn(&str) -> Option<&'a str>,
) -> Markup {
    let codebook = app.inner.ledger.codebook();
    let name = |field: &str| format!("{field}-{index}");
    let is_fresh = index > 0 && index + 1 == count && one.is_blank();
    html! {
        fieldset.card.heard id=(name("heard")) {
            legend { (say_with("visit-heard", &[("number", &(index + 1))])) }
            label.field {
                (say("field-topic"))
                select id=(name("topic")) name=(name("topic")) aria-invalid=[wrong(&name("topic"))] autofocus[is_fresh] {
                    option value="" { (plain("choose")) }
                    (options(codebook.topics.iter().map(|topic| (&topic.name[..], &topic.en[..])), &one.topic))
                }
            }
            label.field {
                (say("visit-text"))
                textarea id=(name("text")) name=(name("text")) rows="4" aria-invalid=[wrong(&name("text"))] { (one.text) }
            }
            @if !codebook.urgencies.is_empty() {
                label.field {
                    (say("field-urgency"))
                    select id=(name("urgency")) name=(name("urgency")) aria-invalid=[wrong(&name("urgency"))] {
                        option value="" { (plain("choose-none")) }
                        (options(codebook.urgencies.iter().map(|word| (&word.name[..], &word.en[..])), &one.urgency))
                    }
                }
            }
            details.sealed open[!one.name.is_empty() || !one.phone.is_empty()] {
                summary { (say("visit-contact")) }
                p.notice { (say("notice-what-for")) }
                p.notice { (say("notice-who")) }
                p.notice { (say("notice-how-long")) }
                p.notice { (say("notice-child")) }
                p { (say("visit-sealed")) }
                label.field {
                    (say("visit-name"))
                    input id=(name("name")) type="text" name=(name("name")) value=(one.name)
                        aria-invalid=[wrong(&name("name"))];
                }
                label.field {
                    (say("visit-phone"))
                    input id=(name("phone")) type="tel" inputmode="tel" name=(name("phone")) value=(one.phone)
                        aria-invalid=[wrong(&name("phone"))];
                }
                label.agreed {
                    input id=(name("agreed")) type="checkbox" name=(name("agreed")) value="yes" checked[one.has_agreed]
                        aria-invalid=[wrong(&name("agreed"))];
                    (say("visit-agreed"))
                }
            }
            @if count > 1 {
                button.button.quiet id=(name("remove")) type="submit" name="do" value=(name("remove")) {
                    (say_with("visit-less", &[("number", &(index + 1))]))
                }
            }
        }
    }
}

/// `GET /visit/{id}`
pub(super) async fn saved(State(app): State<App>, Path(id): Path<String>) -> Result<Markup, Trouble> {
    let id = DocId::parse(&id).ok_or(Trouble::Nowhere)?;
    let openings = app.inner.stubs.of(&id);
    let (saved, place, heard) = app
        .work(move |app| {
            let saved = app.inner.saved.of(&id).ok_or(Trouble::Nowhere)?;
            let place = whereabouts(app, &saved)?;
            let heard: Result<Vec<_>, Trouble> =
                saved.heard.iter().map(|one| Ok(app.inner.ledger.opinion(&one.id)?)).collect();
            let heard = heard?;
            Ok((saved, place, heard))
        })
        .await?;
    let main = html! {
        section #saved.card.saved data-live="" {
            p.place-line { (place.badge()) }
            p.big { (say("saved-here")) }
            p { (place.meaning()) }
            p.small { (page::spoken(&app.area_name(&saved.village))) " · " (time(saved.at)) }
        }
        @if !saved.heard.is_empty() {
            section #tickets.card {
                h2 { (say("saved-tell")) }
                @if openings.is_none() { p { (say("saved-openings-gone")) } }
                @for (place, (one, whole)) in saved.heard.iter().zip(&heard).enumerate() {
                    (ticket(&app, one, whole.as_ref()))
                    @if let Some(opening) = openings.as_ref().and_then(|openings| openings.get(place)) {
                        (stub(one, opening))
                    }
                }
            }
        }
    };
    let action = html! { a #new-visit.button.main href="/visit/new" { (say("visit-again")) } };
    Ok(frame(&both("saved-title"), Tab::Visits, main, action))
}

fn ticket(app: &App, one: &SavedOpinion, whole: Option<&Whole>) -> Markup {
    html! {
        a.told href={ "/opinion/" (one.id) } data-id=(one.id) {
            span.digits data-ticket=(one.ticket.digits()) { (one.ticket) }
            @if let Some(whole) = whole {
                span.small {
                    (topic(app.inner.ledger.codebook(), whole.opinion.field(Field::Topic)))
                }
                span.words { (page::spoken(&whole.opinion.body)) }
                @if whole.opinion.has_contact { span.small { (say("opinion-sealed")) } }
            }
        }
    }
}

/// What the person is given who said it: to show, to photograph, to write down.
fn stub(one: &SavedOpinion, opening: &Opening) -> Markup {
    let stub = Stub { ticket: one.ticket, opening: Some(opening.clone()) };
    html! {
        div.stub {
            p { (say("saved-opening")) }
            p.digits data-opening=(opening.number.digits()) { (opening.number) }
            p.secret { (say("saved-secret")) }
            @if let Some(code) = web::code::square(&stub.code()) { (code) }
            p.small { (say("saved-code")) }
        }
    }
}

/// Where the whole visit is: it is received when all of it is.
fn whereabouts(app: &App, saved: &SavedVisit) -> Result<Whereabouts, Trouble> {
    let mut place = Whereabouts::of(app, &saved.visit)?;
    for one in &saved.heard {
        let other = Whereabouts::of(app, &one.id)?;
        if place == Whereabouts::Received {
            place = other;
        }
    }
    Ok(place)
}
