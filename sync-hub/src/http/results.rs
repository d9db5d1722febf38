//! Results of votes and consultations: counts alone, as of now, with how many kiosks they rest on.

use axum::extract::State;
use civic_core::{
    access::operator::{About, Right},
    area::Area,
    codebook::Codebook,
    consultation::Consultation,
    published::Published as _,
    tally::{ConsultationResult, Count, VoteResult},
    time::Period,
    vote::Vote,
};
use maud::{Markup, html};

use super::{
    Console, Operator, answers,
    error::PageError,
    frame::{self, Place},
    routes::Routes,
    words::{area_word, both, one_line, say, say_with},
};
use crate::{
    audit::Action,
    opening::{Basis, Counted},
};

pub(super) fn routes() -> Routes {
    Routes::default().get("/results", Right::Tally, page)
}

async fn page(State(console): State<Console>, operator: Operator) -> Result<Markup, PageError> {
    console
        .work(move |console| {
            operator.did(Action::Tally, "results")?;
            let codebook = console.ledger.codebook();
            let mut parts = Vec::new();
            for (_, vote) in console.ledger.published::<Vote>()? {
                if let Some(counted) = console.opener.count_vote(vote.key())? {
                    parts.push(vote_part(codebook, &vote, &counted));
                }
            }
            for (_, consultation) in console.ledger.published::<Consultation>()? {
                if let Some(counted) = console.opener.count_consultation(consultation.key())? {
                    let may_hear = operator.may(Right::OpenSaid, About::Somewhere);
                    parts.push(consultation_part(codebook, &consultation, &counted, may_hear));
                }
            }
            let body = html! {
                h1.unseen { (say("results")) }
                @for part in &parts { (part) }
                @if parts.is_empty() { p #nothing { (say("results-none")) } }
            };
            Ok(frame::page(&both("results"), Place::Results, &operator, console.waiting()?, body))
        })
        .await
}

fn vote_part(codebook: &Codebook, vote: &Vote, Counted { result, basis }: &Counted<VoteResult>) -> Markup {
    let VoteResult { key, title, tokens, counted, refused, projects } = result;
    let counts = [
        ("counted", (*counted).into()),
        ("tokens", (*tokens).into()),
        ("refused", (*refused).into()),
        ("repeats", basis.repeats.into()),
    ];
    html! {
        section.result data-vote=(key) data-counted=(counted) {
            (heading(title, &say("vote"), key, &vote.open))
            p { (say_with("vote-counts", &counts)) }
            (counts_table(projects, *counted))
            (basis_line(codebook, basis))
        }
    }
}

fn consultation_part(
    codebook: &Codebook,
    consultation: &Consultation,
    Counted { result, basis }: &Counted<ConsultationResult>,
    may_hear: bool,
) -> Markup {
    let ConsultationResult { key, title, responses, unfit, articles, questions } = result;
    let own_words = articles.iter().map(|article| article.said.len()).sum::<usize>()
        + questions.iter().map(|question| question.said.len()).sum::<usize>();
    html! {
        section.result data-consultation=(key) data-responses=(responses) {
            (heading(title, &say("consultation"), key, &consultation.open))
            p { (say_with("consultation-counts", &[("responses", (*responses).into()), ("unfit", (*unfit).into())])) }
            @if !articles.is_empty() {
                table {
                    thead { tr {
                        th { (say("article")) } th { (say("agree")) } th { (say("disagree")) } th { (say("spoke")) } th { (say("earlier")) }
                    } }
                    tbody {
                        @for article in articles {
                            tr data-article=(article.key) {
                                th scope="row" { (web::page::spoken(&article.title)) }
                                td.count { (article.agree) } td.count { (article.disagree) }
                                td.count { (article.said.len()) } td.count { (article.earlier) }
                            }
                        }
                    }
                }
            }
            @for question in questions {
                h3 { (web::page::spoken(&question.title)) " " span.hint { (say_with("answered", &[("count", question.answered.into()), ("said", question.said.len().into())])) } }
                (counts_table(&question.choices, question.answered))
            }
            @if may_hear && own_words > 0 {
                p { a href=(answers::address(key)) { (say_with("own-words-there", &[("count", own_words.into())])) } }
            }
            (basis_line(codebook, basis))
        }
    }
}

fn heading(title: &str, sort: &Markup, key: &str, open: &Period) -> Markup {
    let day = |day: Option<civic_core::time::Day>| day.map(|day| day.to_string()).unwrap_or_default();
    html! {
        h2 { (web::page::spoken(title)) }
        p.hint { (sort) " " code { (key) } " " (day(open.from)) "—" (day(open.until)) }
    }
}

/// Choices with a bar for each: a longer one was chosen by more of those who answered.
fn counts_table(counts: &[Count], of: u64) -> Markup {
    html! {
        @if !counts.is_empty() {
            table.counts { tbody {
                @for count in counts {
                    tr data-key=(count.key) {
                        th scope="row" { @if count.title.is_empty() { (web::page::spoken(&count.key)) } @else { (web::page::spoken(&count.title)) } }
                        td.count { (count.count) }
                        td { meter min="0" max=(of.max(1)) value=(count.count) {} }
                        td.count { @if count.points > 0 { (say_with("points", &[("points", count.points.into())])) } }
                    }
                }
            } }
        }
    }
}

fn basis_line(codebook: &Codebook, basis: &Basis) -> Markup {
    let place =
        |code: &str| Area::parse(code).map_or_else(|| code.to_owned(), |area| one_line(&area_word(codebook, &area)));
    html! {
        p.hint {
            (say_with("as-of", &[("at", basis.as_of.date_and_minute().into())]))
            @for (code, count) in &basis.places { " · " (place(code)) " " (count) }
        }
    }
}
