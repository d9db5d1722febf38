//! One opinion: what was said, what became of it, and what a deputy may add to it.

use std::collections::BTreeMap;

use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use civic_core::{
    codebook::{Ask, StepRule},
    document::Stamp,
    id::DocId,
    opinion::{BODY_CHARS_MAX, Edit, Field, NOTE_CHARS_MAX, NewStep, Opinion, Passage, Step},
    time::UnixSeconds,
    wording::Both,
    workflow,
};
use ledger::{LedgerError, query::Whole};
use maud::{Markup, html};
use serde::Deserialize;
use web::page::{self, typed};

use super::{
    App, Sent,
    frame::{Tab, Whereabouts, enclosed, field_name, frame, options, state, time, topic, urgency, word},
    pairs,
    trouble::Trouble,
};
use crate::{
    form::{Pairs, draw_name, over, too_long, value},
    words::{both, plain, say, say_with},
};

/// What a page is told by its address.
#[derive(Deserialize)]
pub(super) struct Arrival {
    #[serde(default)]
    saved: String,
    #[serde(default)]
    same: String,
}

/// What was typed into the forms below an opinion, to be shown again if it could not be saved.
#[derive(Default)]
struct Typed {
    add: String,
    act: String,
    note: String,
    fields: BTreeMap<Field, String>,
    told: Told,
}

/// What a page says above the opinion.
#[derive(Default)]
enum Told {
    #[default]
    Nothing,
    /// What was sent is on disk.
    Saved,
    /// What was sent differs in nothing from what stands.
    Same,
    /// What was sent is not on disk, and why.
    NotSaved(Both),
}

/// Why a form changed nothing.
enum Refusal {
    /// Something in it must be mended first.
    Amiss(Both),
    /// It says what stands already.
    Same,
    /// It could not be carried out.
    Trouble(Trouble),
}

impl From<Trouble> for Refusal {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

impl From<LedgerError> for Refusal {
    fn from(error: LedgerError) -> Self {
        Self::Trouble(error.into())
    }
}

/// `GET /opinion/{id}`
pub(super) async fn show(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(arrival): Query<Arrival>,
) -> Result<Markup, Trouble> {
    let id = DocId::parse(&id).ok_or(Trouble::Nowhere)?;
    let told = match (arrival.saved.is_empty(), arrival.same.is_empty()) {
        (true, true) => Told::Nothing,
        (true, false) => Told::Same,
        (false, _) => Told::Saved,
    };
    write(&app, id, Typed { told, ..Typed::default() }).await
}

/// `POST /opinion/{id}/add`
pub(super) async fn add(State(app): State<App>, Path(id): Path<String>, sent: Sent) -> Result<Response, Trouble> {
    let id = DocId::parse(&id).ok_or(Trouble::Nowhere)?;
    let pairs = pairs(sent)?;
    let text = typed(value(&pairs, "text")).trim().to_owned();
    let given = text.clone();
    let done = carry_out(&app, pairs, move |app, tried| {
        let whole = app.inner.ledger.opinion(&id)?.ok_or(Trouble::Nowhere)?;
        let is_it = |passage: &Passage| {
            passage.text.trim() == given && passage.added.as_ref().is_some_and(|stamp| is_since(app, stamp, tried))
        };
        if whole.passages.iter().any(is_it) {
            return Ok(());
        }
        if given.is_empty() {
            return Err(Refusal::Amiss(both("complaint-text")));
        }
        let before = whole.opinion.body.chars().count();
        // A line end before it sets the addition apart wherever the text is shown as a whole.
        let addition = if before == 0 { given } else { format!("\n{given}") };
        if let Some(over) = (before + addition.chars().count()).checked_sub(BODY_CHARS_MAX).filter(|over| *over > 0) {
            return Err(Refusal::Amiss(too_long(over, BODY_CHARS_MAX)));
        }
        app.inner.ledger.add(&id, app.deputy(), &addition)?;
        Ok(())
    });
    answer(&app, id, done.await, Typed { add: text, ..Typed::default() }).await
}

/// `POST /opinion/{id}/step`
pub(super) async fn step(State(app): State<App>, Path(id): Path<String>, sent: Sent) -> Result<Response, Trouble> {
    let id = DocId::parse(&id).ok_or(Trouble::Nowhere)?;
    let pairs = pairs(sent)?;
    let act = value(&pairs, "act").to_owned();
    let note = typed(value(&pairs, "note")).trim().to_owned();
    let new = NewStep { act: act.clone(), note: note.clone(), ..NewStep::default() };
    let done = carry_out(&app, pairs, move |app, tried| {
        let whole = app.inner.ledger.opinion(&id)?.ok_or(Trouble::Nowhere)?;
        let is_it = |step: &Step| step.act == new.act && step.note == new.note && is_since(app, &step.stamp, tried);
        if whole.opinion.steps.iter().any(is_it) {
            return Ok(());
        }
        let rule = app.inner.ledger.codebook().step(&new.act).filter(|rule| is_for_deputies(rule));
        let complaint = match rule {
            None => Some(both("complaint-act")),
            Some(rule) if rule.asks.contains(&Ask::Note) && new.note.is_empty() => Some(both("complaint-note")),
            Some(_) => over(&new.note, NOTE_CHARS_MAX).map(|over| too_long(over, NOTE_CHARS_MAX)),
        };
        if let Some(sentence) = complaint {
            return Err(Refusal::Amiss(sentence));
        }
        app.inner.ledger.edit(&id, app.deputy(), &Edit { step: Some(new), ..Edit::default() })?;
        Ok(())
    });
    answer(&app, id, done.await, Typed { act, note, ..Typed::default() }).await
}

/// `POST /opinion/{id}/correct`
pub(super) async fn correct(State(app): State<App>, Path(id): Path<String>, sent: Sent) -> Result<Response, Trouble> {
    let id = DocId::parse(&id).ok_or(Trouble::Nowhere)?;
    let pairs = pairs(sent)?;
    let codebook = app.inner.ledger.codebook();
    let topics = codebook.topics.iter().map(|topic| topic.name.as_str());
    let urgencies = codebook.urgencies.iter().map(|word| word.name.as_str());
    let mut fields = BTreeMap::new();
    let mut complaint = None;
    let known: [(Field, Vec<&str>); 2] = [(Field::Topic, topics.collect()), (Field::Urgency, urgencies.collect())];
    for (field, words) in known {
        let (now, before) = (value(&pairs, field.key()), value(&pairs, &format!("{}-was", field.key())));
        // Only what the deputy changed: what another set meanwhile is not set back.
        if now.is_empty() || now == before {
            continue;
        }
        if !words.contains(&now) {
            complaint = Some(both("complaint-word"));
        }
        fields.insert(field, now.to_owned());
    }
    let given = fields.clone();
    // What the same form set before, it sets again: nothing differs then.
    let done = carry_out(&app, pairs, move |app, _| {
        if let Some(sentence) = complaint {
            return Err(Refusal::Amiss(sentence));
        }
        let is_other = app.inner.ledger.edit(&id, app.deputy(), &Edit { fields: given, ..Edit::default() })?;
        if is_other { Ok(()) } else { Err(Refusal::Same) }
    });
    answer(&app, id, done.await, Typed { fields, ..Typed::default() }).await
}

/// Whether it is this deputy's, of the moment at which its form was first sent, or later; never if it was not sent before.
fn is_since(app: &App, stamp: &Stamp, tried: Option<UnixSeconds>) -> bool {
    stamp.by == app.deputy() && tried.is_some_and(|tried| stamp.at >= tried)
}

/// Carries out a form once. `work` is told when the form was first sent, if that was before: the app may have ended after it
/// was written.
async fn carry_out(
    app: &App,
    pairs: Pairs,
    work: impl FnOnce(&App, Option<UnixSeconds>) -> Result<(), Refusal> + Send + 'static,
) -> Result<(), Refusal> {
    let done = app.work(move |app| {
        let form = value(&pairs, "form");
        if form.is_empty() {
            return Ok(work(app, None));
        }
        // Even what would now be refused was carried out, if it was.
        Ok(app.inner.once.run(&pairs, || work(app, app.inner.tried.before(&app.inner.dir, form))).map(drop))
    });
    done.await?
}

async fn answer(app: &App, id: DocId, done: Result<(), Refusal>, typed: Typed) -> Result<Response, Trouble> {
    let (status, sentence) = match done {
        Ok(()) => return Ok(Redirect::to(&format!("/opinion/{id}?saved=1")).into_response()),
        Err(Refusal::Same) => return Ok(Redirect::to(&format!("/opinion/{id}?same=1")).into_response()),
        Err(Refusal::Amiss(sentence)) => (StatusCode::UNPROCESSABLE_ENTITY, sentence),
        Err(Refusal::Trouble(trouble)) => {
            trouble.note();
            (trouble.status(), trouble.sentence())
        }
    };
    let page = write(app, id, Typed { told: Told::NotSaved(sentence), ..typed }).await?;
    Ok((status, page).into_response())
}

/// The steps that are a deputy's own: they move nothing, settle nothing, and answer nobody in the county's name.
fn is_for_deputies(rule: &StepRule) -> bool {
    rule.to.is_none() && !rule.settles && !rule.is_answer && !rule.asks.contains(&Ask::Body)
}

async fn write(app: &App, id: DocId, typed: Typed) -> Result<Markup, Trouble> {
    let (whole, place, is_erased) = app
        .work(move |app| {
            let whole = app.inner.ledger.opinion(&id)?.ok_or(Trouble::Nowhere)?;
            Ok((whole, Whereabouts::of(app, &id)?, app.inner.ledger.erased(&id)?.is_some()))
        })
        .await?;
    let main = html! {
        @match &typed.told {
            Told::Nothing => {}
            Told::Saved => { p #just-saved.good role="status" { (say("opinion-saved")) } }
            Told::Same => { p #same.note role="status" { (say("opinion-same")) } }
            Told::NotSaved(why) => {
                div #not-saved.alert role="alert" {
                    p { strong { (say("visit-not-saved")) } }
                    p { (page::both(why)) }
                }
            }
        }
        (head(app, &whole, place))
        (answer_given(&whole))
        (said(&whole, is_erased))
        (questions(app, &whole))
        (timeline(app, &whole))
        (add_form(&id, &typed))
        (step_form(app, &whole, &typed))
        (correct_form(app, &whole, &typed))
    };
    let action = html! {
        div.actions {
            a #go-add.button.main href="#add" { (say("opinion-add")) }
            a #go-step.button href="#step" { (say("opinion-step")) }
        }
    };
    Ok(frame(&both("opinion-title"), Tab::Opinions, main, action))
}

fn head(app: &App, whole: &Whole, place: Whereabouts) -> Markup {
    let codebook = app.inner.ledger.codebook();
    let opinion = &whole.opinion;
    let village = Some(opinion.field(Field::Village)).filter(|name| !name.is_empty());
    let village = village.map_or_else(|| app.area_name(&whole.space.area), str::to_owned);
    html! {
        section #place.card data-live="" {
            span.line {
                span #state.state { (state(codebook, &whole.standing.state)) }
                (place.badge())
            }
            p.small { (place.meaning()) }
            @if let Some(ticket) = &opinion.ticket {
                p #ticket.digits data-ticket=(ticket.digits()) { (ticket) }
            }
            p #facts {
                (page::spoken(&village)) " · " (topic(codebook, opinion.field(Field::Topic)))
                @if !opinion.field(Field::Urgency).is_empty() {
                    " · " (urgency(codebook, opinion.field(Field::Urgency)))
                }
            }
            @if !opinion.field(Field::Office).is_empty() {
                @let office = opinion.field(Field::Office);
                p #office { span { (field_name(Field::Office)) } " "
                    (word(office, codebook.bodies.iter().find(|body| body.name == office).map(|body| &body.en[..]))) }
            }
            @if opinion.has_contact { p.small { (say("opinion-sealed")) } }
            @if let Some(satisfaction) = opinion.satisfaction {
                p.small { (say_with("opinion-satisfaction", &[("number", &satisfaction)])) }
            }
        }
    }
}

fn answer_given(whole: &Whole) -> Markup {
    html! {
        div #answer-place data-live="" {
            @if let Some(answer) = &whole.standing.answer {
                section #answer.card.answer {
                    h2 { (say("opinion-answer")) }
                    p.said { (page::spoken(&answer.text)) }
                    p.small { (page::spoken(&answer.stamp.by)) " · " (time(answer.stamp.at)) }
                }
            }
        }
    }
}

fn said(whole: &Whole, is_erased: bool) -> Markup {
    let filed = &whole.opinion.filed;
    html! {
        section #said.card data-live="" {
            h2 { (say("opinion-said")) }
            @if !whole.opinion.field(Field::Title).is_empty() {
                p { strong { (page::spoken(whole.opinion.field(Field::Title))) } }
            }
            @for passage in &whole.passages {
                @match &passage.added {
                    None => p.said { (page::spoken(passage.text.trim())) },
                    Some(stamp) => {
                        div.added {
                            p.small { (say("opinion-added")) " " (page::spoken(&stamp.by)) " · " (time(stamp.at)) }
                            p.said { (page::spoken(passage.text.trim())) }
                        }
                    }
                }
            }
            @if !whole.enclosures.is_empty() {
                ul #attachments {
                    @for enclosure in &whole.enclosures {
                        li data-attachment=(enclosure.attached.kind.word()) { (enclosed(enclosure, is_erased)) }
                    }
                }
            }
            p.small { (say("opinion-filed")) " " (page::spoken(&filed.by)) " · " (time(filed.at)) }
        }
    }
}

pub(super) fn questions(app: &App, whole: &Whole) -> Markup {
    let codebook = app.inner.ledger.codebook();
    let act = |step: &Step| {
        html! {
            (word(&step.act, codebook.step(&step.act).map(|rule| &rule.en[..]))) " "
            @if !step.note.is_empty() { "「" (page::spoken(&step.note)) "」 " }
            span.small { (page::spoken(&step.stamp.by)) " · " (time(step.stamp.at)) }
        }
    };
    let clashes =
        whole.standing.clashes.iter().filter_map(|clash| {
            Some((whole.opinion.steps.get(clash.steps.0)?, whole.opinion.steps.get(clash.steps.1)?))
        });
    let Opinion { conflicts, other_texts, .. } = &whole.opinion;
    let is_any = !(conflicts.is_empty() && other_texts.is_empty() && whole.standing.clashes.is_empty());
    html! {
        div #questions data-live="" {
            @if is_any {
                section #conflicts.card.question-card {
                    h2 { (say("opinion-questions")) }
                    p { (say("opinion-questions-means")) }
                    @for conflict in conflicts {
                        h3 { (field_name(conflict.field)) }
                        ul { @for (value, stamp) in &conflict.values {
                            li { strong { (page::spoken(value)) } " "
                                span.small { (page::spoken(&stamp.by)) " · " (time(stamp.at)) } }
                        } }
                    }
                    @for text in other_texts {
                        h3 { (say("opinion-other-text")) }
                        p.said data-other-text { (page::spoken(text.trim())) }
                    }
                    @for (one, other) in clashes {
                        h3 { (say("opinion-clash")) }
                        ul { li { (act(one)) } li { (act(other)) } }
                    }
                }
            }
        }
    }
}

fn timeline(app: &App, whole: &Whole) -> Markup {
    let codebook = app.inner.ledger.codebook();
    html! {
        section #steps.card data-live="" {
            h2 { (say("opinion-steps")) }
            ol.timeline {
                li {
                    strong { (say("opinion-filed")) }
                    p.small { (page::spoken(&whole.opinion.filed.by)) " · " (time(whole.opinion.filed.at)) }
                }
                @for step in &whole.opinion.steps {
                    li data-act=(step.act) {
                        strong { (word(&step.act, codebook.step(&step.act).map(|rule| &rule.en[..]))) }
                        @if !step.note.is_empty() { p.said { (page::spoken(&step.note)) } }
                        p.small { (page::spoken(&step.stamp.by)) " · " (time(step.stamp.at)) }
                    }
                }
            }
        }
    }
}

/// A new name in every form, so that the same one sent twice is carried out once.
fn name_of_form() -> Markup {
    html! { input type="hidden" name="form" value=(draw_name()); }
}

fn add_form(id: &DocId, typed: &Typed) -> Markup {
    html! {
        form #add.card method="post" action={ "/opinion/" (id) "/add" } autocomplete="off" {
            (name_of_form())
            h2 { (say("opinion-add")) }
            label.field {
                (say("opinion-add-means"))
                textarea #add-text name="text" rows="3" required { (typed.add) }
            }
            button #add-save.button type="submit" { (say("opinion-add-save")) }
        }
    }
}

fn step_form(app: &App, whole: &Whole, typed: &Typed) -> Markup {
    let codebook = app.inner.ledger.codebook();
    let rules: Vec<_> =
        workflow::possible(codebook, &whole.standing.state).filter(|rule| is_for_deputies(rule)).collect();
    let only = rules.len() == 1;
    html! {
        form #step.card method="post" action={ "/opinion/" (whole.id) "/step" } autocomplete="off" {
            h2 { (say("opinion-step")) }
            @if rules.is_empty() {
                p { (say("opinion-step-none")) }
            } @else {
                (name_of_form())
                div.choices {
                    @for (index, rule) in rules.iter().enumerate() {
                        label.choice {
                            input type="radio" name="act" id=(format!("act-{index}")) value=(rule.act) required
                                checked[only || rule.act == typed.act];
                            span { (word(&rule.act, Some(&rule.en))) }
                        }
                    }
                }
                label.field {
                    (say("opinion-step-note"))
                    textarea #step-note name="note" rows="2" { (typed.note) }
                }
                button #step-save.button type="submit" { (say("opinion-step-save")) }
            }
        }
    }
}

fn correct_form(app: &App, whole: &Whole, typed: &Typed) -> Markup {
    let codebook = app.inner.ledger.codebook();
    let opinion = &whole.opinion;
    // Where two values stand none is chosen beforehand, so that choosing one settles it.
    let chosen = |field: Field| {
        if opinion.conflicts.iter().any(|conflict| conflict.field == field) { "" } else { opinion.field(field) }
    };
    let topics: Vec<_> = codebook.topics.iter().map(|topic| (&topic.name[..], &topic.en[..])).collect();
    let urgencies: Vec<_> = codebook.urgencies.iter().map(|word| (&word.name[..], &word.en[..])).collect();
    let choice = |field: Field, id: &str, words: &[(&str, &str)]| {
        let was = chosen(field);
        let now = typed.fields.get(&field).map_or(was, String::as_str);
        html! {
            input type="hidden" name={ (field.key()) "-was" } value=(was);
            label.field {
                (field_name(field))
                select id=(id) name=(field.key()) {
                    // A value that stands is not taken away, only exchanged.
                    @if was.is_empty() {
                        option value="" { (plain("choose-none")) }
                    } @else if words.iter().all(|(name, _)| *name != was) {
                        option value=(was) selected[was == now] { (page::spoken(was)) }
                    }
                    (options(words.iter().copied(), now))
                }
            }
        }
    };
    html! {
        form #correct.card method="post" action={ "/opinion/" (whole.id) "/correct" } autocomplete="off" {
            (name_of_form())
            h2 { (say("opinion-correct")) }
            p.small { (say("opinion-correct-means")) }
            (choice(Field::Topic, "correct-topic", &topics))
            @if !urgencies.is_empty() {
                (choice(Field::Urgency, "correct-urgency", &urgencies))
            }
            button #correct-save.button type="submit" { (say("opinion-correct-save")) }
        }
    }
}
