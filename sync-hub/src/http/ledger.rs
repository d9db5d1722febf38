//! The ledger 台账: every opinion in a table that brings itself up to date.

use std::collections::BTreeSet;

use ::ledger::query::{Filter, Line};
use axum::extract::{Query, State};
use civic_core::{
    access::operator::{About, Right},
    area::Area,
    codebook::Codebook,
    id::DocId,
    ticket::Ticket,
};
use maud::{Markup, html};
use serde::Deserialize;

use super::{
    Console, Fleet, Operator,
    error::PageError,
    export,
    frame::{self, Place},
    now,
    routes::Routes,
    words::{
        area_tree, area_word, both, county_word, english, in_address, line, moment, one_line, say, say_with,
        to_the_second,
    },
};
use crate::late::unreviewed;

/// Rows of one page: what an eye goes over in one go.
const ROWS: usize = 50;
/// The last page there can be; SQLite counts rows no further than 2⁶³.
const PAGE_MAX: usize = 1_000_000_000;
/// Of a long text, this much; the cell cuts it to its width.
const EXCERPT_CHARS: usize = 160;

pub(super) fn routes() -> Routes {
    Routes::default().get("/", Right::ReadOpinions, page).get("/rows", Right::ReadOpinions, rows)
}

/// What an operator asked to see, as it stands in the address.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    state: String,
    topic: String,
    office: String,
    area: String,
    questions: String,
    late: String,
    q: String,
    page: String,
}

impl Asked {
    fn filter(&self, operator: &Operator, late: &BTreeSet<DocId>) -> Filter {
        Filter {
            offset: (self.page() - 1).saturating_mul(ROWS),
            limit: ROWS,
            ..self.within(reach(operator, Right::ReadOpinions), late)
        }
    }

    /// What of `reach` was asked for, all pages of it; `late` are those that somebody is to look into.
    pub(super) fn within(&self, reach: Filter, late: &BTreeSet<DocId>) -> Filter {
        let given = |value: &str| (!value.trim().is_empty()).then(|| value.trim().to_owned());
        Filter {
            state: given(&self.state),
            topic: given(&self.topic),
            office: given(&self.office),
            area: Area::parse(&self.area),
            has_questions: self.has_questions(),
            only: self.is_late().then(|| late.iter().copied().collect()),
            text: given(&self.q),
            ..reach
        }
    }

    fn has_questions(&self) -> bool {
        !self.questions.is_empty()
    }

    fn is_late(&self) -> bool {
        !self.late.is_empty()
    }

    /// From 1.
    fn page(&self) -> usize {
        self.page.parse().unwrap_or(1).clamp(1, PAGE_MAX)
    }

    fn with_state(&self, state: &str) -> Self {
        Self { state: state.to_owned(), page: String::new(), ..self.clone() }
    }

    fn with_page(&self, page: usize) -> Self {
        Self { page: page.to_string(), ..self.clone() }
    }

    /// The same for the log: what was looked for among the words may be a person's name.
    pub(super) fn without_words(self) -> Self {
        Self { q: if self.q.is_empty() { String::new() } else { "…".to_owned() }, ..self }
    }

    fn address(&self) -> String {
        self.address_of("/", &self.page)
    }

    /// The same list somewhere else, with all its pages.
    pub(super) fn address_at(&self, path: &str) -> String {
        self.address_of(path, "")
    }

    fn address_of(&self, path: &str, page: &str) -> String {
        let Self { state, topic, office, area, questions, late, q, page: _ } = self;
        let page = if page == "1" { "" } else { page };
        let pairs = [
            ("state", state.as_str()),
            ("topic", topic),
            ("office", office),
            ("area", area),
            ("questions", questions),
            ("late", late),
            ("q", q),
            ("page", page),
        ];
        let given: Vec<String> = pairs
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(key, value)| format!("{key}={}", in_address(value)))
            .collect();
        if given.is_empty() { path.to_owned() } else { format!("{path}?{}", given.join("&")) }
    }
}

/// Everything that this operator reaches by this right, and nothing else.
pub(super) fn reach(operator: &Operator, right: Right) -> Filter {
    Filter {
        within: Some(operator.mandate.area.clone()).filter(|area| !area.is_county_or_above()),
        handled_by: operator.mandate.only_body(right).map(str::to_owned),
        limit: 1,
        ..Filter::default()
    }
}

/// What came late and nobody has looked into yet.
pub(super) fn to_look_into(console: &Console) -> Result<BTreeSet<DocId>, PageError> {
    Ok(unreviewed(&console.ledger, &console.register.devices()?, &console.register.reviews()?)?)
}

/// What the list shows at this moment.
struct Shown {
    lines: Vec<Line>,
    total: u64,
    /// Every opinion that this operator reaches.
    all: u64,
    /// Whether these are all of the county.
    is_all: bool,
    /// Of what was asked for without regard to the state, how many there are.
    every_state: u64,
    states: Vec<(String, u64)>,
    questions: u64,
    /// Opinions that came late and that nobody has looked into.
    late: u64,
    fleet: Fleet,
    may_export: bool,
}

fn look(console: &Console, operator: &Operator, asked: &Asked) -> Result<Shown, PageError> {
    let ledger = &console.ledger;
    let everything = reach(operator, Right::ReadOpinions);
    let late = to_look_into(console)?;
    let is_all = everything.within.is_none() && everything.handled_by.is_none();
    let filter = asked.filter(operator, &late);
    let tallies = ledger.tallies(&Filter { state: None, ..filter.clone() })?;
    let count = |state: &str| tallies.iter().find(|(name, _)| name == state).map_or(0, |(_, count)| *count);
    let mut states: Vec<(String, u64)> =
        ledger.codebook().states.iter().map(|state| (state.name.clone(), count(&state.name))).collect();
    // Other systems brought states that this county has no word for.
    states.extend(tallies.iter().filter(|(state, _)| ledger.codebook().state(state).is_none()).cloned());
    let page = ledger.list(&filter)?;
    Ok(Shown {
        lines: page.lines,
        total: page.total,
        all: ledger.total(&everything)?,
        is_all,
        every_state: states.iter().map(|(_, count)| count).sum(),
        states,
        questions: ledger.total(&Filter { has_questions: true, ..everything.clone() })?,
        late: match late.is_empty() {
            true => 0,
            false => ledger.total(&Filter { only: Some(late.into_iter().collect()), ..everything })?,
        },
        fleet: console.fleet(now())?,
        may_export: operator.may(Right::Export, About::Somewhere),
    })
}

async fn page(
    State(console): State<Console>,
    operator: Operator,
    Query(asked): Query<Asked>,
) -> Result<Markup, PageError> {
    console
        .work(move |console| {
            let shown = look(console, &operator, &asked)?;
            let body = html! {
                h1.unseen { (say("ledger")) }
                (filters(console.ledger.codebook(), &asked, shown.late))
                div #list data-rows-from="/rows" { (list(console.ledger.codebook(), &asked, &shown)) }
            };
            Ok(frame::page(&both("ledger"), Place::Ledger, &operator, shown.fleet.waiting, body))
        })
        .await
}

/// The list alone, for a page that is open already.
async fn rows(
    State(console): State<Console>,
    operator: Operator,
    Query(asked): Query<Asked>,
) -> Result<Markup, PageError> {
    console.work(move |console| Ok(list(console.ledger.codebook(), &asked, &look(console, &operator, &asked)?))).await
}

/// The filter of what came late is offered where there is something.
fn filters(codebook: &Codebook, asked: &Asked, late: u64) -> Markup {
    let topics = codebook.topics.iter().map(|topic| topic.name.as_str());
    let offices = codebook.bodies.iter().map(|body| body.name.as_str());
    html! {
        form #filters action="/" role="search" {
            input type="hidden" name="state" value=(asked.state);
            label {
                span.label { (say("filter-text")) }
                input #search type="search" name="q" value=(asked.q) placeholder=(line("filter-text-hint")) autocomplete="off";
            }
            label { span.label { (say("field-topic")) } (choice("topic", codebook, topics, &asked.topic)) }
            label { span.label { (say("field-office")) } (choice("office", codebook, offices, &asked.office)) }
            label {
                span.label { (say("filter-area")) }
                select name="area" {
                    option value="" { (line("every")) }
                    @for (depth, area, name) in area_tree(codebook).into_iter().skip(1) {
                        option value=(area) selected[area.code() == asked.area] { ("　".repeat(depth - 1)) (name) }
                    }
                }
            }
            label.check {
                input type="checkbox" name="questions" value="1" checked[asked.has_questions()];
                (say("filter-questions"))
            }
            @if late > 0 || asked.is_late() {
                label.check {
                    input type="checkbox" name="late" value="1" checked[asked.is_late()];
                    (say("filter-late"))
                }
            }
            button type="submit" { (say("filter")) }
            a.quiet href="/" { (say("filter-none")) }
        }
    }
}

fn choice<'a>(name: &str, codebook: &Codebook, words: impl Iterator<Item = &'a str>, chosen: &str) -> Markup {
    let words: Vec<&str> = words.collect();
    html! {
        select name=(name) {
            option value="" { (line("every")) }
            @for word in &words { option value=(word) selected[*word == chosen] { (word) " " (english(codebook, word)) } }
            // A word that other systems brought is as good a thing to look for.
            @if !chosen.is_empty() && !words.contains(&chosen) { option value=(chosen) selected { (web::page::visible(chosen)) } }
        }
    }
}

fn list(codebook: &Codebook, asked: &Asked, shown: &Shown) -> Markup {
    let pages = usize::try_from(shown.total).unwrap_or(usize::MAX).div_ceil(ROWS).max(1);
    html! {
        nav #tabs aria-label=(line("tabs")) {
            (tab(asked, "", &say("every"), shown.every_state))
            @for (state, count) in &shown.states { (tab(asked, state, &county_word(codebook, state), *count)) }
        }
        p #as-of {
            span { (say_with("as-of", &[("at", to_the_second(now()).into())])) }
            span data-total=(shown.total) {
                @let counts = [("shown", shown.total.into()), ("all", shown.all.into())];
                @if shown.is_all { (say_with("as-of-shown", &counts)) } @else { (say_with("as-of-reached", &counts)) }
             }
            span data-questions=(shown.questions) { (say_with("as-of-questions", &[("count", shown.questions.into())])) }
            @if shown.late > 0 {
                a href="/?late=1" data-late=(shown.late) { "⚠ " (say_with("as-of-late", &[("count", shown.late.into())])) }
            }
            span data-connected=(shown.fleet.connected) data-enrolled=(shown.fleet.enrolled) {
                (say_with("as-of-devices", &[
                    ("enrolled", shown.fleet.enrolled.into()),
                    ("heard", shown.fleet.heard.into()),
                    ("connected", shown.fleet.connected.into()),
                ]))
            }
            @if shown.may_export { (export::links(asked)) }
        }
        table #opinions {
            thead { tr {
                th.ticket { (say("field-ticket")) }
                th.where { (say("column-where")) }
                th.topic { (say("field-topic")) }
                th.said { (say("column-said")) }
                th.state { (say("field-state")) }
                th.office { (say("field-office")) }
                th.urgency { (say("field-urgency")) }
                th.time { (say("column-filed")) }
                th.time { (say("column-arrived")) }
            } }
            tbody #rows {
                @for line in &shown.lines { (row(codebook, line)) }
            }
        }
        @if shown.lines.is_empty() { p #nothing { (say("nothing-found")) } }
        nav #pager aria-label=(line("pager")) {
            @if asked.page() > 1 { a rel="prev" href=(asked.with_page(asked.page() - 1).address()) { "‹ " (say("page-before")) } }
            span { (say_with("page-of", &[("page", asked.page().into()), ("pages", pages.into())])) }
            @if asked.page() < pages { a rel="next" href=(asked.with_page(asked.page() + 1).address()) { (say("page-after")) " ›" } }
        }
    }
}

fn tab(asked: &Asked, state: &str, word: &Markup, count: u64) -> Markup {
    let is_open = asked.state == state;
    html! {
        a href=(asked.with_state(state).address()) data-state=(state) data-count=(count)
            aria-current=[is_open.then_some("true")] .none[count == 0] { (word) " " b { (count) } }
    }
}

fn row(codebook: &Codebook, line: &Line) -> Markup {
    let ticket = Ticket::parse(&line.ticket).map_or_else(|_| line.ticket.clone(), |ticket| ticket.to_string());
    let area = Area::parse(&line.area);
    html! {
        tr data-id=(line.id) data-ticket=(line.ticket) data-state=(line.state) {
            th.ticket scope="row" {
                a href={ "/opinion/" (line.id) } { @if ticket.is_empty() { (say("no-ticket")) } @else { (ticket) } }
                span.marks {
                    @if line.questions > 0 {
                        span.question data-questions=(line.questions) title=(line_of_questions()) { "⚠ " (line.questions) }
                    }
                    @if line.has_contact { (frame::lock()) }
                }
            }
            td.where {
                @let place = area.as_ref().map(|area| area_word(codebook, area));
                @match &place {
                    // What was written down may name another place than the one where it was taken down: both are shown.
                    Some(place) if !line.village.is_empty() && line.village != place.zh => {
                        span.zh { (web::page::spoken(&line.village)) }
                        span.en { (one_line(place)) }
                    }
                    Some(place) => (web::page::both(place)),
                    None => span.zh { (web::page::spoken(&line.village)) },
                }
            }
            td.topic { (county_word(codebook, &line.topic)) }
            td.said {
                @if !line.title.is_empty() { span.title { (web::page::spoken(&line.title)) } }
                span.excerpt { (web::page::spoken(&excerpt(&line.body))) }
            }
            td.state { (county_word(codebook, &line.state)) (super::opinion::evaluation(Some(line.evaluation))) }
            td.office { (county_word(codebook, &line.office)) }
            td.urgency data-rank=[rank(codebook, &line.urgency)] { (county_word(codebook, &line.urgency)) }
            td.time { (moment(line.filed_at)) }
            td.time { (moment(line.arrived_at)) }
        }
    }
}

fn line_of_questions() -> String {
    line("questions-hint")
}

/// The first words on one line.
fn excerpt(text: &str) -> String {
    text.chars().map(|character| if character == '\n' { ' ' } else { character }).take(EXCERPT_CHARS).collect()
}

/// How pressing, from 0 for the most pressing; `None` for a word that the codebook does not know.
pub(super) fn rank(codebook: &Codebook, urgency: &str) -> Option<usize> {
    codebook.urgencies.iter().position(|word| word.name == urgency)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_keeps_what_was_asked_and_leaves_out_the_rest() {
        let asked = Asked { topic: "道路".into(), page: "3".into(), ..Asked::default() };
        assert_eq!(asked.address(), "/?topic=%E9%81%93%E8%B7%AF&page=3");
        assert_eq!(
            asked.with_state("已受理").address(),
            "/?state=%E5%B7%B2%E5%8F%97%E7%90%86&topic=%E9%81%93%E8%B7%AF"
        );
        assert_eq!(Asked::default().with_page(1).address(), "/");
    }

    #[test]
    fn a_page_number_that_is_none_is_the_first_page() {
        for page in ["", "0", "-1", "x"] {
            assert_eq!(Asked { page: page.into(), ..Asked::default() }.page(), 1, "{page}");
        }
        assert!(Asked { page: usize::MAX.to_string(), ..Asked::default() }.page() > 1);
    }
}
