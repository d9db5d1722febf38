//! What every page has around it, and the small pieces that several pages share.

use civic_core::{
    attachment::AttachmentKind, codebook::Codebook, id::DocId, opinion::Field, ticket::Ticket, time::UnixSeconds,
    wording::Both,
};
use ledger::enclosed::Enclosure;
use maud::{Markup, html};
use web::page;

use super::{App, trouble::Trouble};
use crate::words::{plain, say, say_with};

/// Where in the app a page is, for the bar at the bottom.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tab {
    /// The first page.
    Home,
    /// Opinions, and each of them.
    Opinions,
    /// Visits, and each of them.
    Visits,
    /// On the way through a form: the bar holds its button alone.
    Elsewhere,
}

/// A whole page: `main` in the middle; at the bottom, in reach of the thumb, `action` and the three tabs.
pub(super) fn frame(title: &Both, tab: Tab, main: Markup, action: Markup) -> Markup {
    let current = |own: Tab| (own == tab).then_some("page");
    let body = html! {
        header.top {
            @if tab == Tab::Elsewhere {
                a #back.back href="/" aria-label=(plain("home-title")) { "‹" }
            }
            h1 { (page::both(title)) }
        }
        p #gone.alert role="alert" hidden { (say("app-gone")) }
        p #refused.alert role="alert" hidden {}
        main { (main) }
        footer.bar {
            (action)
            @if tab != Tab::Elsewhere {
                nav {
                    a #tab-home href="/" aria-current=[current(Tab::Home)] { (say("home-title")) }
                    a #tab-opinions href="/opinions" aria-current=[current(Tab::Opinions)] { (say("opinions-title")) }
                    a #tab-visits href="/visits" aria-current=[current(Tab::Visits)] { (say("visits-title")) }
                }
            }
        }
    };
    page::whole(title, "/app.css", &["/app.js"], body)
}

/// Where a record of this device is, as receipts prove it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Whereabouts {
    /// 在本机
    Here,
    /// 在路上
    OnRoad,
    /// 县里已收
    Received,
    /// Written by another device: this one has no receipt to show.
    Others,
}

impl Whereabouts {
    /// Of `id`, at this moment.
    pub(super) fn of(app: &App, id: &DocId) -> Result<Self, Trouble> {
        let received = app.inner.ledger.log().is_received(id)?;
        let is_sending = app.inner.road.borrow().is_sending;
        Ok(match received {
            Some(true) => Self::Received,
            Some(false) if is_sending => Self::OnRoad,
            Some(false) => Self::Here,
            None => Self::Others,
        })
    }

    /// The word in a badge.
    pub(super) fn badge(self) -> Markup {
        match self {
            Self::Here => html! { span.place data-place="here" { (say("place-here")) } },
            Self::OnRoad => html! { span.place data-place="road" { (say("place-road")) } },
            Self::Received => html! { span.place data-place="received" { (say("place-received")) } },
            Self::Others => html! { span.place data-place="others" { (say("place-others")) } },
        }
    }

    /// What it means.
    pub(super) fn meaning(self) -> Markup {
        match self {
            Self::Here => say("place-here-means"),
            Self::OnRoad => say("place-road-means"),
            Self::Received => say("place-received-means"),
            Self::Others => say("place-others-means"),
        }
    }
}

/// A number as people read it, from ten digits; nothing if there is none.
pub(super) fn grouped(digits: &str) -> String {
    Ticket::parse(digits).map_or_else(|_| digits.to_owned(), |ticket| ticket.to_string())
}

/// A word of the county with its English; a word that the codebook does not know stands alone.
pub(super) fn word(name: &str, english: Option<&str>) -> Markup {
    html! {
        (page::spoken(name))
        @if let Some(english) = english.filter(|english| !english.is_empty()) {
            " " span.en lang="en" { (english) }
        }
    }
}

/// A state with its English.
pub(super) fn state(codebook: &Codebook, name: &str) -> Markup {
    word(name, codebook.state(name).map(|state| state.en.as_str()))
}

/// A topic with its English.
pub(super) fn topic(codebook: &Codebook, name: &str) -> Markup {
    word(name, codebook.topics.iter().find(|topic| topic.name == name).map(|topic| topic.en.as_str()))
}

/// An urgency with its English.
pub(super) fn urgency(codebook: &Codebook, name: &str) -> Markup {
    word(name, codebook.urgencies.iter().find(|word| word.name == name).map(|word| word.en.as_str()))
}

/// The name of a field.
pub(super) fn field_name(field: Field) -> Markup {
    match field {
        Field::Title => say("field-title"),
        Field::Topic => say("field-topic"),
        Field::Village => say("field-village"),
        Field::Town => say("field-town"),
        Field::Station => say("field-station"),
        Field::Channel => say("field-channel"),
        Field::Deputy => say("field-deputy"),
        Field::Urgency => say("field-urgency"),
        Field::Office => say("field-office"),
        Field::Sort => say("field-sort"),
    }
}

/// What stands beside an opinion's words: nobody here can hear or see it.
pub(super) fn enclosed(enclosure: &Enclosure, is_erased: bool) -> Markup {
    let kind = match (enclosure.attached.kind, enclosure.attached.seconds) {
        (AttachmentKind::Voice, Some(seconds)) => say_with("attachment-voice", &[("seconds", &seconds)]),
        (AttachmentKind::Voice, None) => say("attachment-voice-unmeasured"),
        (AttachmentKind::Photo, _) => say("attachment-photo"),
        (AttachmentKind::Ink, _) => say("attachment-ink"),
        (AttachmentKind::Unknown(_), _) => say("attachment-unknown"),
    };
    html! { (kind) " · " @if is_erased { (say("attachment-erased")) } @else { (say("attachment-sealed")) } }
}

/// A choice of the county's words, for a form: the word is the value.
pub(super) fn options<'a>(words: impl Iterator<Item = (&'a str, &'a str)>, chosen: &str) -> Markup {
    html! {
        @for (name, english) in words {
            option value=(name) selected[name == chosen] { (name) " " (english) }
        }
    }
}

/// A moment by somebody's clock.
pub(super) fn time(at: UnixSeconds) -> Markup {
    html! { time { (at.date_and_minute()) } }
}
