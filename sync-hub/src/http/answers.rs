//! What people said to a consultation in their own words: typed, spoken, written with a finger. Results are counts; these
//! are opened piece by piece, in the answer to a form that gave a reason, and each opening is noted.
//!
//! Nobody was asked who they are. What was said is shown in the order of its own hash, which tells nothing of who came after
//! whom; and no more of it than was said where this operator may hear what is said.

use axum::{
    extract::{Form, Path, State, rejection::FormRejection},
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use civic_core::{
    access::operator::{About, Right},
    attachment::AttachmentKind,
    consultation::Consultation,
    detail::Detail,
    document::Kind,
    id::{AttachmentId, DocId},
    published::{self, Published as _},
    wording::Both,
};
use maud::{Markup, html};
use serde::Deserialize;

use super::{
    Console, Operator, details,
    error::PageError,
    frame::{self, Place},
    now,
    routes::Routes,
    words::{both, in_address, say, say_with},
};
use crate::{
    audit::{Action, Event},
    opening::{OwnAnswer, Piece},
    vault::{
        grant::{Grant, SHOWN_S},
        request::{Asked, Wanted, What},
    },
};

/// Answers that are opened at once; more than anybody hears in the minutes that they are shown. The rest stands on further
/// pages.
const AT_ONCE: usize = 20;

pub(super) fn routes() -> Routes {
    Routes::default()
        .get("/results/{id}", Right::OpenSaid, page)
        .post("/results/{id}/open", Right::OpenSaid, open)
        .post("/results/{id}/hide", Right::OpenSaid, hide)
}

/// Which of it is asked for, and why.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Asking {
    piece: String,
    part: usize,
    reason: String,
    other: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Hiding {
    grant: String,
}

/// What became of the form.
enum Outcome {
    None,
    /// This part of what was said to a piece may be looked at.
    Opened(Grant, String, Vec<OwnAnswer>),
    /// It was refused for this reason.
    Refused(Both),
}

/// A consultation, and what this operator may hear of it.
struct Said {
    id: DocId,
    consultation: Consultation,
    answers: Vec<OwnAnswer>,
}

async fn page(
    State(console): State<Console>,
    operator: Operator,
    Path(key): Path<String>,
) -> Result<Response, PageError> {
    console.work(move |console| show(console, &operator, &read(console, &operator, &key)?, &Outcome::None)).await
}

async fn open(
    State(console): State<Console>,
    operator: Operator,
    Path(key): Path<String>,
    form: Result<Form<Asking>, FormRejection>,
) -> Result<Response, PageError> {
    let Form(Asking { piece, part, reason, other }) = form?;
    let reason = details::reason(&reason, &other);
    console
        .work(move |console| {
            let said = read(console, &operator, &key)?;
            let wanted = said.part(&piece, part);
            let docs: Vec<DocId> = wanted.iter().map(|answer| answer.doc).collect();
            let event =
                |action| Event::new(operator.by(), action).upon(said.id).because(format!("{piece} {part}: {reason}"));
            let wanted_docs = Wanted { record: said.id, docs: &docs, what: What::Said };
            let outcome = match console.vault.ask(wanted_docs, &operator.login, &reason, false, now()) {
                Ok(Asked::Granted(grant)) => {
                    operator.note(event(Action::OpenDetails))?;
                    Outcome::Opened(grant, piece.clone(), wanted)
                }
                // Nobody else is asked, so nothing waits.
                Ok(Asked::Waits(_)) => return Err(PageError::BadRequest),
                Err(refusal) => {
                    operator.note(event(Action::AskOpening).refused())?;
                    Outcome::Refused(details::explain(refusal)?)
                }
            };
            show(console, &operator, &said, &outcome)
        })
        .await
}

/// Ends a look before its time.
async fn hide(
    State(console): State<Console>,
    operator: Operator,
    Path(key): Path<String>,
    form: Result<Form<Hiding>, FormRejection>,
) -> Result<Response, PageError> {
    console.vault.hide(&form?.0.grant, &operator.login);
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, address(&key))]).into_response())
}

/// Where the page of the consultation with this key is.
pub(super) fn address(key: &str) -> String {
    format!("/results/{}", in_address(key))
}

fn read(console: &Console, operator: &Operator, key: &str) -> Result<Said, PageError> {
    let id = published::id_of(Kind::Consultation, key);
    let consultation = console.ledger.published_as::<Consultation>(&id)?.ok_or(PageError::NotFound)?;
    let mut answers = console.opener.own_answers(&id)?;
    answers.retain(|answer| operator.may(Right::OpenSaid, About::Place(&answer.area)));
    Ok(Said { id, consultation, answers })
}

impl Said {
    /// Every piece that was asked, by the word that names it in the form, with its title.
    fn pieces(&self) -> Vec<(Piece, &str)> {
        let Consultation { articles, questions, .. } = &self.consultation;
        let articles = articles.iter().map(|article| (Piece::Article(article.key.clone()), article.title.as_str()));
        let questions =
            questions.iter().map(|question| (Piece::Question(question.key.clone()), question.text.as_str()));
        articles.chain(questions).collect()
    }

    /// What was said to a piece; of much, this part.
    fn part(&self, piece: &str, part: usize) -> Vec<OwnAnswer> {
        let all = self.answers.iter().filter(|answer| answer.piece.word() == piece);
        all.skip(part.saturating_mul(AT_ONCE)).take(AT_ONCE).cloned().collect()
    }
}

fn show(console: &Console, operator: &Operator, said: &Said, outcome: &Outcome) -> Result<Response, PageError> {
    let status = match outcome {
        Outcome::None | Outcome::Opened(..) => StatusCode::OK,
        Outcome::Refused(_) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let mut parts = Vec::new();
    for (piece, title) in said.pieces() {
        let word = piece.word();
        let answers: Vec<_> = said.answers.iter().filter(|answer| answer.piece == piece).collect();
        if answers.is_empty() {
            continue;
        }
        let count = |is_so: fn(&OwnAnswer) -> bool| answers.iter().filter(|answer| is_so(answer)).count();
        let counts = [
            ("typed", count(|answer| !answer.words.is_empty()).into()),
            ("spoken", count(|answer| !answer.recording.is_empty()).into()),
            ("drawn", count(|answer| !answer.ink.is_empty()).into()),
        ];
        let opened = match outcome {
            Outcome::Opened(grant, of, answers) if *of == word => {
                Some(opened(console, said, operator, grant, answers)?)
            }
            Outcome::Opened(..) | Outcome::None | Outcome::Refused(_) => None,
        };
        parts.push(html! {
            section.result data-piece=(word) data-said=(answers.len()) {
                h2 { (web::page::spoken(title)) }
                p.hint { (say_with("own-words-counts", &counts)) }
                @if let Some(opened) = &opened { (opened) }
                (asking_form(console, said, &word, answers.len()))
            }
        });
    }
    let body = html! {
        h1 { (web::page::spoken(&said.consultation.title)) }
        p.hint { (say("own-words-hint")) }
        @if let Outcome::Refused(reason) = outcome { p.refusal role="alert" { (web::page::both(reason)) } }
        @for part in &parts { (part) }
        @if parts.is_empty() { p #nothing { (say("own-words-none")) } }
    };
    Ok((status, frame::page(&both("own-words"), Place::Results, operator, console.waiting()?, body)).into_response())
}

fn asking_form(console: &Console, said: &Said, piece: &str, count: usize) -> Markup {
    html! {
        details.act data-form="open" {
            summary { b { (say("own-words-open")) } }
            form method="post" action={ (address(said.consultation.key())) "/open" } data-act="open" {
                input type="hidden" name="piece" value=(piece);
                @if count > AT_ONCE {
                    label {
                        span.label { (say("own-words-part")) }
                        select name="part" {
                            @for part in 0..count.div_ceil(AT_ONCE) {
                                option value=(part) { (part * AT_ONCE + 1) "—" (count.min((part + 1) * AT_ONCE)) }
                            }
                        }
                    }
                }
                (details::reason_fields(console, ""))
                p.hint { (say_with("open-hint", &[("minutes", (SHOWN_S / 60).into())])) }
                div { button.go type="submit" { (say("open-go")) } }
            }
        }
    }
}

/// What was opened, answer by answer. A voice or drawing that has not come yet, or was erased, is said to be lacking.
fn opened(
    console: &Console,
    said: &Said,
    operator: &Operator,
    grant: &Grant,
    answers: &[OwnAnswer],
) -> Result<Markup, PageError> {
    let mut shown = Vec::new();
    for OwnAnswer { words, recording, ink, is_earlier, .. } in answers {
        let place = |hash: &String| {
            let name = AttachmentId::parse(hash)?;
            grant.items.iter().position(|item| item.name == *name.as_bytes())
        };
        let mut parts = Vec::new();
        for hash in [recording, ink].into_iter().filter(|hash| !hash.is_empty()) {
            let Some(place) = place(hash) else {
                parts.push(html! { p.hint { (say("own-words-lacking")) } });
                continue;
            };
            parts.push(match grant.items[place].detail {
                Detail::Attached(AttachmentKind::Ink) => {
                    details::inline(&console.vault.look(&grant.token, place, &operator.login, now())?)
                }
                Detail::Attached(AttachmentKind::Voice | AttachmentKind::Photo | AttachmentKind::Unknown(_))
                | Detail::Contact => html! {
                    audio controls preload="none" controlslist="nodownload" src=(details::address(grant, place)) {}
                },
            });
        }
        shown.push(html! {
            div.detail {
                @if !words.is_empty() { p { (web::page::spoken(words)) } }
                @for part in &parts { (part) }
                @if *is_earlier { p.hint { (say("earlier")) } }
            }
        });
    }
    Ok(html! {
        div #opened data-seconds=(SHOWN_S) {
            p.hint { (say_with("opened-hint", &[("minutes", (SHOWN_S / 60).into()), ("until", grant.until.minute().into())])) }
            @for one in &shown { (one) }
            form method="post" action={ (address(said.consultation.key())) "/hide" } {
                input type="hidden" name="grant" value=(grant.token);
                button { (say("opened-hide")) }
            }
        }
        p #opened-over .notice hidden { (say("opened-over")) }
    })
}
