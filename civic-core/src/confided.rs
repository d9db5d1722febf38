//! An opinion that is kept from its village 不让村里知道: the county alone reads what was said.
//!
//! Two things are written of it, both where only the county receives them. Its document, which a kiosk goes on holding,
//! has its number and whether a voice or a telephone number stands beside it, and no word. All else is sealed to the
//! county ([`crate::sealed::Record::Confided`]); the hub opens it and puts it into the document, which no deputy and no
//! kiosk ever receives. The slip that kiosks show tells everybody its state, and its holder the answer, as every slip does.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::opinion::{Edit, Field, NewOpinion, Opinion};

/// The mark among the fields that have no home: `false` until the hub has put into it what was sealed.
const MARK: &str = "kept-from-village";

/// What was said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Confided {
    /// The words.
    pub body: String,
    /// The plain fields, by their keys.
    pub fields: BTreeMap<String, String>,
    /// Fields without a home, as JSON.
    pub extra: BTreeMap<String, String>,
}

/// Parts an opinion into what is sealed and what its document may tell.
pub fn part(new: NewOpinion) -> (Confided, NewOpinion) {
    let NewOpinion { body, fields, extra, .. } = new;
    let fields = fields.into_iter().map(|(field, value)| (field.key().to_owned(), value)).collect();
    let bare = NewOpinion {
        body: String::new(),
        fields: BTreeMap::new(),
        extra: BTreeMap::from([(MARK.to_owned(), "false".to_owned())]),
        ..new
    };
    (Confided { body, fields, extra }, bare)
}

/// Whether an opinion is kept from its village.
pub fn is_kept(opinion: &Opinion) -> bool {
    opinion.extra.contains_key(MARK)
}

impl Confided {
    /// What puts it into its document; `None` if it is there already, or belongs to no such document.
    pub fn edit(self, opinion: &Opinion) -> Option<Edit> {
        opinion.extra.get(MARK).filter(|mark| *mark == "false")?;
        let fields = self.fields.into_iter().filter_map(|(key, value)| Some((Field::from_key(&key)?, value)));
        let mut extra = self.extra;
        extra.insert(MARK.to_owned(), "true".to_owned());
        let insert = (!self.body.is_empty()).then_some((0, self.body));
        Some(Edit { fields: fields.collect(), insert, extra, ..Edit::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        codebook::{Codebook, tests::SMALL},
        document::Stamp,
        id::Actor,
        opening::Opening,
        opinion::{self, NewStep},
        slip::Slip,
        ticket::Ticket,
        time::UnixSeconds,
    };

    #[test]
    fn its_document_tells_no_word_until_the_hub_has_put_them_in_once_and_its_slip_tells_its_holder() {
        let (actor, stamp) = (Actor::new([1; 16]), Stamp::new("站", UnixSeconds(1)));
        let new = NewOpinion {
            ticket: Some(Ticket::new(1, 2).unwrap()),
            body: "有人赌钱".into(),
            fields: BTreeMap::from([(Field::Topic, "治安".to_owned())]),
            extra: BTreeMap::from([("where".to_owned(), "\"村口\"".to_owned())]),
            has_contact: true,
            ..NewOpinion::default()
        };
        let (confided, bare) = part(new);
        let (mut document, payload) = opinion::file(actor, &stamp, &bare).unwrap();
        for said in ["有人赌钱", "治安", "村口"] {
            assert!(!payload.windows(said.len()).any(|window| window == said.as_bytes()));
        }
        let kept = Opinion::read(&document).unwrap();
        assert!(is_kept(&kept) && kept.has_contact && kept.ticket.is_some());
        let edit = confided.clone().edit(&kept).unwrap();
        opinion::edit(&mut document, actor, &stamp, &edit).unwrap();
        let answer = NewStep { act: "答复".into(), note: "查过了".into(), ..NewStep::default() };
        let answer = Edit { step: Some(answer), ..Edit::default() };
        opinion::edit(&mut document, actor, &stamp, &answer).unwrap();
        let whole = Opinion::read(&document).unwrap();
        assert_eq!((whole.body.as_str(), whole.field(Field::Topic)), ("有人赌钱", "治安"));
        assert_eq!(whole.extra.get("where").map(String::as_str), Some("\"村口\""));
        assert_eq!(confided.edit(&whole).is_none(), is_kept(&whole), "the second time changes nothing");
        let opening = Opening::new([7; 24]);
        let (codebook, ticket) = (Codebook::parse(SMALL).unwrap(), whole.ticket.unwrap());
        let slip = Slip::of(&codebook, &whole, ticket, Some(&opening.deposit()), UnixSeconds(9));
        assert_eq!(slip.open(&opening.key).unwrap().answer.as_deref(), Some("查过了"));
    }
}
