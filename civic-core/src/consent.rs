//! A consent 同意: what somebody decided about leaving their name and number, after which notice, and when.
//!
//! It stands in the record and says nothing of who it was: the wording that was read (its version), the choice, the time.
//! Anonymous is the default, and a child's consent is not asked for.

use serde::{Deserialize, Serialize};

use crate::{opinion::Opinion, time::UnixSeconds};

/// Where it stands among the fields of an opinion that have no home.
pub const CONSENT: &str = "consent";

/// A decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// The version of the notice that was read or read out.
    pub notice: u32,
    /// What was decided.
    pub choice: Choice,
    /// When, by the clock of whoever took it down.
    pub at: UnixSeconds,
}

/// What can be decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Choice {
    /// Nothing is left.
    None,
    /// A name.
    Name,
    /// A number.
    Phone,
    /// Both.
    PhoneAndName,
}

impl Consent {
    /// What was decided for this opinion, if it tells.
    pub fn of(opinion: &Opinion) -> Option<Self> {
        serde_json::from_str(opinion.extra.get(CONSENT)?).ok()
    }

    /// As it stands among the fields that have no home.
    pub fn field(&self) -> (String, String) {
        // Three plain values always make JSON.
        (CONSENT.to_owned(), serde_json::to_string(self).unwrap_or_default())
    }
}

impl Choice {
    /// The decision to leave what there is.
    pub fn of(name: &str, phone: &str) -> Self {
        match (name.is_empty(), phone.is_empty()) {
            (true, true) => Choice::None,
            (false, true) => Choice::Name,
            (true, false) => Choice::Phone,
            (false, false) => Choice::PhoneAndName,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::{
        document::Stamp,
        id::Actor,
        opinion::{self, NewOpinion},
    };

    #[test]
    fn a_consent_reads_back_from_its_opinion_and_tells_no_name() {
        let consent = Consent { notice: 2, choice: Choice::of("王小明", "10001234567"), at: UnixSeconds(7) };
        let (key, value) = consent.field();
        assert_eq!(value, r#"{"notice":2,"choice":"phone-and-name","at":7}"#);
        let read = |extra| {
            let new = NewOpinion { extra, ..NewOpinion::default() };
            let (document, _) = opinion::file(Actor::new([1; 16]), &Stamp::new("站", UnixSeconds(1)), &new).unwrap();
            Consent::of(&Opinion::read(&document).unwrap())
        };
        assert_eq!(read(BTreeMap::new()), None);
        assert_eq!(read(BTreeMap::from([(key, value)])), Some(consent));
    }
}
