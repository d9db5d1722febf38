//! Every sentence of the pages, from the two wording files.

use std::sync::LazyLock;

use civic_core::{
    access::Role,
    area::Area,
    codebook::{Ask, Codebook},
    opinion::Field,
    space::Audience,
    time::UnixSeconds,
    wording::{Both, Wording},
};
use fluent_bundle::FluentValue;
use maud::{Markup, html};

static WORDING: LazyLock<Wording> = LazyLock::new(|| {
    Wording::new(include_str!("../../wording/zh-CN.ftl"), include_str!("../../wording/en.ftl"))
        .expect("the wording is compiled in, and a test reads it")
});

/// A sentence in both languages.
pub(super) fn both(key: &str) -> Both {
    WORDING.both(key, &[])
}

/// A sentence with values in both languages.
pub(super) fn both_with(key: &str, values: &[(&str, FluentValue<'_>)]) -> Both {
    WORDING.both(key, values)
}

/// A sentence, Chinese first.
pub(crate) fn say(key: &str) -> Markup {
    web::page::both(&both(key))
}

/// A sentence with values, Chinese first.
pub(crate) fn say_with(key: &str, values: &[(&str, FluentValue<'_>)]) -> Markup {
    web::page::both(&both_with(key, values))
}

/// A sentence on one line, for attributes and options, where markup cannot stand.
pub(crate) fn line(key: &str) -> String {
    one_line(&both(key))
}

/// Both languages on one line.
pub(crate) fn one_line(both: &Both) -> String {
    if both.zh == both.en { both.zh.clone() } else { format!("{} {}", both.zh, both.en) }
}

/// The heading of a field.
pub(crate) fn field_word(field: Field) -> Both {
    match field {
        Field::Title => both("field-title"),
        Field::Topic => both("field-topic"),
        Field::Village => both("field-village"),
        Field::Town => both("field-town"),
        Field::Station => both("field-station"),
        Field::Channel => both("field-channel"),
        Field::Deputy => both("field-deputy"),
        Field::Urgency => both("field-urgency"),
        Field::Office => both("field-office"),
        Field::Sort => both("field-sort"),
    }
}

/// What a step may ask for.
pub(super) fn ask_word(ask: Ask) -> Both {
    match ask {
        Ask::Note => both("ask-note"),
        Ask::Body => both("field-office"),
        Ask::Topic => both("field-topic"),
        Ask::Urgency => both("field-urgency"),
    }
}

/// What a device is.
pub(super) fn role_word(role: Role) -> Both {
    match role {
        Role::Kiosk => both("role-kiosk"),
        Role::Deputy => both("role-deputy"),
        Role::Hub => both("role-hub"),
    }
}

/// For whom a space is.
pub(super) fn audience_word(audience: Audience) -> Both {
    match audience {
        Audience::Public => both("audience-public"),
        Audience::Deputies => both("audience-deputies"),
        Audience::County => both("audience-county"),
    }
}

/// The English beside a word of the county, or nothing for a word that the codebook does not know.
pub(super) fn english<'a>(codebook: &'a Codebook, word: &str) -> &'a str {
    let words = codebook.urgencies.iter().chain(&codebook.channels).chain(&codebook.bodies);
    let words = words.map(|word| (&word.name, &word.en));
    let topics = codebook.topics.iter().map(|topic| (&topic.name, &topic.en));
    let steps = codebook.steps.iter().map(|step| (&step.act, &step.en));
    let states = codebook.states.iter().map(|state| (&state.name, &state.en));
    let mut all = words.chain(topics).chain(steps).chain(states);
    all.find(|(name, _)| *name == word).map_or("", |(_, en)| en.as_str())
}

/// A word of the county with its English beneath. Words also come in records of others, so they are shown as spoken.
pub(super) fn county_word(codebook: &Codebook, word: &str) -> Markup {
    html! {
        span.zh { (web::page::spoken(word)) }
        @let en = english(codebook, word);
        @if !en.is_empty() { " " span.en lang="en" { (en) } }
    }
}

/// An area by its name, and by its code where the codebook has none.
pub(super) fn area_word(codebook: &Codebook, area: &Area) -> Both {
    match codebook.place(area) {
        Some(place) => Both { zh: place.name.clone(), en: place.en.clone() },
        None if *area == codebook.county.area => {
            Both { zh: codebook.county.name.clone(), en: codebook.county.en.clone() }
        }
        None => Both { zh: area.code().to_owned(), en: area.code().to_owned() },
    }
}

/// An area's places as a tree of options, each with its depth: the county, its townships, their villages.
pub(super) fn area_tree(codebook: &Codebook) -> Vec<(usize, Area, String)> {
    let county = &codebook.county;
    let mut places: Vec<_> = codebook.places.iter().filter(|place| place.area != county.area).collect();
    places.sort_by(|one, other| one.area.cmp(&other.area));
    let root = (0, county.area.clone(), format!("{} {}", county.name, county.en));
    std::iter::once(root)
        .chain(places.into_iter().map(|place| {
            let depth =
                codebook.places.iter().filter(|above| above.area != place.area && above.area.covers(&place.area));
            (1 + depth.count(), place.area.clone(), format!("{} {}", place.name, place.en))
        }))
        .collect()
}

/// A time as two short lines, or a dash for none.
pub(super) fn moment(at: UnixSeconds) -> Markup {
    let text = at.date_and_minute();
    let (day, minute) = text.split_once(' ').unwrap_or((&text, ""));
    html! {
        @if at.0 == 0 { "—" } @else { time datetime=(text) { span.day { (day) } " " span.minute { (minute) } } }
    }
}

/// A time to the second.
pub(super) fn to_the_second(at: UnixSeconds) -> String {
    format!("{}:{:02}", at.date_and_minute(), at.0.rem_euclid(60))
}

/// Text as it may stand in an address.
pub(super) fn in_address(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use ::ledger::reason::Reason;

    use super::*;
    use crate::audit::Action;
    use crate::health::Look;

    const SOURCES: [&str; 32] = [
        include_str!("account.rs"),
        include_str!("answers.rs"),
        include_str!("attachment.rs"),
        include_str!("audit.rs"),
        include_str!("backup.rs"),
        include_str!("details.rs"),
        include_str!("file.rs"),
        include_str!("ink.rs"),
        include_str!("openings.rs"),
        include_str!("retention.rs"),
        include_str!("devices.rs"),
        include_str!("error.rs"),
        include_str!("events.rs"),
        include_str!("export.rs"),
        include_str!("../export.rs"),
        include_str!("frame.rs"),
        include_str!("late.rs"),
        include_str!("ledger.rs"),
        include_str!("loans.rs"),
        include_str!("mod.rs"),
        include_str!("operator.rs"),
        include_str!("opinion.rs"),
        include_str!("passkey.rs"),
        include_str!("refusals.rs"),
        include_str!("results.rs"),
        include_str!("routes.rs"),
        include_str!("session.rs"),
        include_str!("sign_in.rs"),
        include_str!("slips.rs"),
        include_str!("../token_sheet.rs"),
        include_str!("users.rs"),
        include_str!("words.rs"),
    ];

    /// Every first argument of a call that takes a key.
    fn used() -> BTreeSet<&'static str> {
        let calls = ["both(", "both_with(", "say(", "say_with(", "line("];
        let mut keys = BTreeSet::new();
        for source in SOURCES {
            let source = source.split("#[cfg(test)]").next().unwrap_or_default();
            for call in calls {
                for rest in source.split(call).skip(1) {
                    keys.extend(rest.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next()));
                }
            }
        }
        keys
    }

    #[test]
    fn every_sentence_that_a_page_says_stands_in_both_files() {
        let missing: Vec<_> = used().into_iter().filter(|key| !WORDING.has(key)).collect();
        assert_eq!(missing, Vec::<&str>::new());
    }

    #[test]
    fn no_sentence_stands_in_the_files_for_nobody() {
        let used = used();
        let is_reason = |key: &str| Reason::ALL.iter().any(|reason| key.strip_prefix("reason-") == Some(reason.word()));
        let is_action = |key: &str| Action::ALL.iter().any(|action| key.strip_prefix("audit-") == Some(action.word()));
        let is_look = |key: &str| Look::ALL.iter().any(|look| key.strip_prefix("look-") == Some(look.word()));
        let idle: Vec<_> = include_str!("../../wording/zh-CN.ftl")
            .lines()
            .filter(|line| line.starts_with(|first: char| first.is_ascii_alphabetic()))
            .filter_map(|line| line.split_once(" =").map(|(key, _)| key))
            .filter(|key| !used.contains(key) && !is_reason(key) && !is_action(key) && !is_look(key))
            .collect();
        assert_eq!(idle, Vec::<&str>::new());
    }

    #[test]
    fn every_action_of_the_audit_has_its_sentence() {
        let missing: Vec<_> =
            Action::ALL.iter().filter(|action| !WORDING.has(&format!("audit-{}", action.word()))).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn every_reason_for_keeping_a_change_out_has_its_sentence() {
        let missing: Vec<_> =
            Reason::ALL.iter().filter(|reason| !WORDING.has(&format!("reason-{}", reason.word()))).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn whatever_of_a_device_needs_a_look_has_its_sentence() {
        let missing: Vec<_> = Look::ALL.iter().filter(|look| !WORDING.has(&format!("look-{}", look.word()))).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn an_address_holds_any_text() {
        assert_eq!(in_address("路 a-1&"), "%E8%B7%AF%20a-1%26");
    }

    #[test]
    fn a_time_shows_its_seconds() {
        assert_eq!(to_the_second(UnixSeconds(1_795_306_507)), "2026-11-22 08:15:07");
    }
}
