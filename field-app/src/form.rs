//! The form of a visit: what was typed, as it was typed, and what is amiss with it.

use std::collections::BTreeMap;

use civic_core::{
    area::Area,
    codebook::Codebook,
    consent::{Choice, Consent},
    id::hex,
    opening::Opening,
    opinion::{BODY_CHARS_MAX, FIELD_CHARS_MAX, Field, NOTE_CHARS_MAX, NewOpinion},
    seal::Contact,
    visit::OPINIONS_MAX,
    wording::Both,
};
use replica::clock;
use serde::{Deserialize, Serialize};
use web::page::typed;

use crate::words::{both, both_with};

/// Pairs of name and value, as a browser sends a form.
pub(crate) type Pairs = Vec<(String, String)>;

/// Which wording of the notice beside name and phone is read out. Count on whenever its meaning changes: a consent is to
/// what was heard.
pub(crate) const NOTICE: u32 = 1;

/// A visit as it stands in the form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct VisitForm {
    /// The name of this one form, drawn when it was opened.
    pub(crate) form: String,
    /// Of what the openings of its slips are made; forgotten once it is saved. A form without one gives none.
    pub(crate) secret: String,
    /// The village's code.
    pub(crate) village: String,
    /// 渠道
    pub(crate) channel: String,
    /// The village group or hamlet, never a house.
    pub(crate) place: String,
    /// What else there is to say.
    pub(crate) note: String,
    /// What was heard; at least one, perhaps still blank.
    pub(crate) heard: Vec<HeardForm>,
}

/// An opinion as it stands in the form.
#[derive(Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct HeardForm {
    /// 类别
    pub(crate) topic: String,
    /// 紧急程度
    pub(crate) urgency: String,
    /// What was said.
    pub(crate) text: String,
    /// 姓名; never written anywhere but into the envelope.
    #[serde(skip)]
    pub(crate) name: String,
    /// 电话; never written anywhere but into the envelope.
    #[serde(skip)]
    pub(crate) phone: String,
    /// Whether the person heard the notice, is fourteen or older, and agrees.
    #[serde(skip)]
    pub(crate) has_agreed: bool,
}

impl std::fmt::Debug for HeardForm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HeardForm").field("topic", &self.topic).finish_non_exhaustive()
    }
}

/// Something that must be mended before the form can be saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Complaint {
    /// The id of the field.
    pub(crate) field: String,
    /// What to do about it.
    pub(crate) sentence: Both,
}

/// A visit that can be saved.
pub(crate) struct ReadyVisit {
    /// Where.
    pub(crate) village: Area,
    /// What was heard.
    pub(crate) heard: Vec<(NewOpinion, Contact)>,
    /// What opens the slip of each, for the person who said it; none of a form without a secret.
    pub(crate) openings: Vec<Opening>,
}

/// A new name for a form.
pub(crate) fn draw_name() -> String {
    hex(&clock::random::<16>())
}

/// A new secret for a form.
pub(crate) fn draw_secret() -> String {
    hex(&clock::random::<32>())
}

/// Whether this can be the name of a form; it may stand in the name of a file then.
pub(crate) fn is_name(text: &str) -> bool {
    is_hex(text, 32)
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A value of a form; nothing if it is not there.
pub(crate) fn value<'a>(pairs: &'a Pairs, name: &str) -> &'a str {
    pairs.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str())
}

impl VisitForm {
    /// Reads what a browser sent; fields it does not know are passed over.
    pub(crate) fn read(pairs: &Pairs) -> Self {
        let mut form = Self::default();
        let mut heard: BTreeMap<usize, HeardForm> = BTreeMap::new();
        for (name, text) in pairs {
            let text = typed(text);
            match name.as_str() {
                "form" => form.form = text,
                "secret" => form.secret = text,
                "village" => form.village = text,
                "channel" => form.channel = text,
                "place" => form.place = text,
                "note" => form.note = text,
                other => {
                    let Some((field, index)) = other.rsplit_once('-') else { continue };
                    let Some(index) = index.parse().ok().filter(|index| *index < OPINIONS_MAX) else { continue };
                    let one = heard.entry(index).or_default();
                    match field {
                        "topic" => one.topic = text,
                        "urgency" => one.urgency = text,
                        "text" => one.text = text,
                        "name" => one.name = text,
                        "phone" => one.phone = text,
                        "agreed" => one.has_agreed = true,
                        _ => {}
                    }
                }
            }
        }
        form.heard = heard.into_values().collect();
        if form.heard.is_empty() {
            form.heard.push(HeardForm::default());
        }
        if !is_name(&form.form) {
            form.form = draw_name();
        }
        if !is_hex(&form.secret, 64) {
            form.secret.clear();
        }
        form
    }

    /// Whether nothing was written that a person would miss.
    pub(crate) fn is_blank(&self) -> bool {
        self.place.trim().is_empty() && self.note.trim().is_empty() && self.heard.iter().all(HeardForm::is_blank)
    }

    /// The visit, or everything that is amiss with the form. Opinions without any words are left out.
    pub(crate) fn check(
        &self,
        codebook: &Codebook,
        villages: &[(Area, String)],
        deputy: &str,
    ) -> Result<ReadyVisit, Vec<Complaint>> {
        let mut complaints = Vec::new();
        let mut complain = |field: &str, sentence: Both| {
            complaints.push(Complaint { field: field.to_owned(), sentence });
        };
        let village = villages.iter().find(|(area, _)| area.code() == self.village);
        if village.is_none() {
            complain("village", both("complaint-village"));
        }
        if let Some(over) = over(&self.place, FIELD_CHARS_MAX) {
            complain("place", too_long(over, FIELD_CHARS_MAX));
        }
        if let Some(over) = over(&self.note, NOTE_CHARS_MAX) {
            complain("note", too_long(over, NOTE_CHARS_MAX));
        }
        if !self.channel.is_empty() && !codebook.channels.iter().any(|channel| channel.name == self.channel) {
            complain("channel", both("complaint-word"));
        }
        let mut heard = Vec::new();
        for (index, one) in self.heard.iter().enumerate().filter(|(_, one)| !one.is_blank()) {
            if one.text.trim().is_empty() {
                complain(&format!("text-{index}"), both("complaint-text"));
            }
            if let Some(over) = over(&one.text, BODY_CHARS_MAX) {
                complain(&format!("text-{index}"), too_long(over, BODY_CHARS_MAX));
            }
            if !codebook.topics.iter().any(|topic| topic.name == one.topic) {
                complain(&format!("topic-{index}"), both("complaint-topic"));
            }
            if !one.urgency.is_empty() && !codebook.urgencies.iter().any(|word| word.name == one.urgency) {
                complain(&format!("urgency-{index}"), both("complaint-word"));
            }
            for (field, text) in [("name", &one.name), ("phone", &one.phone)] {
                if let Some(over) = over(text, FIELD_CHARS_MAX) {
                    complain(&format!("{field}-{index}"), too_long(over, FIELD_CHARS_MAX));
                }
            }
            if one.has_contact() && !one.has_agreed {
                complain(&format!("agreed-{index}"), both("complaint-agreed"));
            }
            if let Some((area, _)) = village {
                let contact = Contact { name: one.name.trim().to_owned(), phone: one.phone.trim().to_owned() };
                heard.push((self.opinion(one, codebook, area, deputy, &contact), contact));
            }
        }
        if self.is_blank() || (self.heard.iter().all(HeardForm::is_blank) && self.note.trim().is_empty()) {
            complain("text-0", both("complaint-nothing"));
        }
        match village {
            Some((area, _)) if complaints.is_empty() => {
                let count = if self.secret.is_empty() { 0 } else { heard.len() as u64 };
                let openings = (0..count).map(|part| Opening::of_form(&self.secret, part)).collect();
                Ok(ReadyVisit { village: area.clone(), heard, openings })
            }
            Some(_) | None => Err(complaints),
        }
    }

    /// What the county's records say beside the words: all of it is known already and is not asked again.
    fn opinion(
        &self,
        one: &HeardForm,
        codebook: &Codebook,
        area: &Area,
        deputy: &str,
        contact: &Contact,
    ) -> NewOpinion {
        let place = codebook.place(area);
        let town = area.parent().and_then(|town| codebook.place(&town).map(|place| place.name.clone()));
        let fields = [
            (Field::Topic, Some(one.topic.clone())),
            (Field::Urgency, Some(one.urgency.clone())),
            (Field::Village, place.map(|place| place.name.clone())),
            (Field::Town, town),
            (Field::Station, place.and_then(|place| place.station.clone())),
            (Field::Channel, Some(self.channel.clone())),
            (Field::Deputy, Some(deputy.to_owned())),
        ];
        let fields = fields
            .into_iter()
            .filter_map(|(field, value)| Some((field, value.filter(|value| !value.is_empty())?)))
            .collect();
        let choice = Choice::of(&contact.name, &contact.phone);
        // Where nothing is left nobody was asked; anonymous is the default.
        let consent = (choice != Choice::None).then(|| Consent { notice: NOTICE, choice, at: clock::now() }.field());
        NewOpinion {
            body: one.text.trim().to_owned(),
            fields,
            extra: consent.into_iter().collect(),
            ..NewOpinion::default()
        }
    }
}

impl HeardForm {
    /// Whether a name or a phone was left.
    pub(crate) fn has_contact(&self) -> bool {
        [&self.name, &self.phone].into_iter().any(|text| !text.trim().is_empty())
    }

    /// Whether nobody said anything here: a topic alone is only a touch.
    pub(crate) fn is_blank(&self) -> bool {
        [&self.text, &self.name, &self.phone].into_iter().all(|text| text.trim().is_empty())
    }
}

/// By how many characters a text is too long.
pub(crate) fn over(text: &str, max: usize) -> Option<usize> {
    text.trim().chars().count().checked_sub(max).filter(|over| *over > 0)
}

/// The sentence about it.
pub(crate) fn too_long(over: usize, max: usize) -> Both {
    both_with("complaint-long", &[("over", &over), ("max", &max)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(list: &[(&str, &str)]) -> Pairs {
        list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_draft_on_disk_has_no_name_and_no_phone() {
        let form = VisitForm::read(&pairs(&[("text-0", "路坏了"), ("name-0", "王小明"), ("phone-0", "10001234567")]));
        let json = serde_json::to_string(&form).unwrap();
        assert!(json.contains("路坏了") && !json.contains("王小明") && !json.contains("1000"));
        assert!(!format!("{form:?}").contains("王小明"));
    }

    #[test]
    fn opinions_keep_their_order_and_line_ends_are_one_character() {
        let form = VisitForm::read(&pairs(&[
            ("text-2", "第二"),
            ("text-0", "第一\r\n行"),
            ("text-99", "没有这一条"),
            ("colour", "red"),
        ]));
        let texts: Vec<_> = form.heard.iter().map(|one| one.text.as_str()).collect();
        assert_eq!(texts, ["第一\n行", "第二"]);
    }
}
