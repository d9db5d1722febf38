//! A matter 公开事项: an opinion that the county chose to show on the notice board, under a title of its own.
//!
//! It tells where the matter stands and how many said "me too" 我也一样; never the words, never the number. Its document is
//! named by the opinion's in a way that cannot be turned round, so that nobody finds the number, and with it the right to
//! answer for the person who spoke, from what is on the board.

use serde::{Deserialize, Serialize};

use crate::{
    area::Area,
    codebook::Codebook,
    document::Kind,
    id::DocId,
    opinion::Opinion,
    published::{self, Published, TEXT_CHARS_MAX, TITLE_CHARS_MAX},
    time::UnixSeconds,
    workflow,
};

/// A matter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Matter {
    /// What it is about, as the county puts it.
    pub title: String,
    /// What more there is to say about it.
    pub text: String,
    /// Where it is shown.
    pub areas: Vec<Area>,
    /// The state's word; empty until the opinion has come to the hub.
    pub state: String,
    /// The answer, once there is one that the county shows.
    pub answer: String,
    /// Whether the answer is shown with it.
    pub tells_answer: bool,
    /// When the hub last had news of it.
    pub as_of: UnixSeconds,
    /// How many said "me too".
    pub me_too: u64,
    /// Taken back.
    pub withdrawn: bool,
}

/// The document of the matter made of this opinion.
pub fn id_of(opinion: &DocId) -> DocId {
    let mut bytes = [0; 16];
    blake3::Hasher::new_derive_key("huiyin matter id v1").update(opinion.as_bytes()).finalize_xof().fill(&mut bytes);
    DocId::new(bytes)
}

impl Matter {
    /// The same matter as its opinion stands now; its date moves only with what it says.
    pub fn follow(&self, codebook: &Codebook, opinion: &Opinion, as_of: UnixSeconds) -> Self {
        let standing = workflow::fold(codebook, opinion);
        let answer = standing.answer.filter(|_| self.tells_answer).map(|answer| answer.text).unwrap_or_default();
        let is_same = self.state == standing.state && self.answer == answer;
        let as_of = if is_same { self.as_of } else { as_of };
        Self { state: standing.state, answer, as_of, ..self.clone() }
    }
}

impl Published for Matter {
    const KIND: Kind = Kind::Matter;

    /// A matter is found by its opinion, and has no key that could be read from it.
    fn key(&self) -> &str {
        ""
    }

    fn areas(&self) -> &[Area] {
        &self.areas
    }

    fn is_withdrawn(&self) -> bool {
        self.withdrawn
    }

    fn check(&self, codebook: &Codebook) -> Result<(), String> {
        published::check_areas(&self.areas, codebook)?;
        published::check_text("title", &self.title, TITLE_CHARS_MAX)?;
        published::check_length("text", &self.text, TEXT_CHARS_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        codebook::tests::SMALL,
        document::Stamp,
        id::Actor,
        opinion::{self, Edit, NewOpinion, NewStep},
        slip,
    };

    #[test]
    fn a_matter_follows_its_opinion_and_tells_neither_words_nor_number() {
        let codebook = Codebook::parse(SMALL).unwrap();
        let (actor, stamp) = (Actor::new([1; 16]), Stamp::new("县", UnixSeconds(1)));
        let (mut document, _) =
            opinion::file(actor, &stamp, &NewOpinion { body: "桥坏了".into(), ..NewOpinion::default() }).unwrap();
        let matter = Matter { title: "石桥桥面".into(), me_too: 3, ..Matter::default() };
        let follow = |matter: &Matter, document: &_, at| {
            matter.follow(&codebook, &Opinion::read(document).unwrap(), UnixSeconds(at))
        };
        let first = follow(&matter, &document, 5);
        assert_eq!((first.state.as_str(), first.as_of, first.me_too), ("已登记", UnixSeconds(5), 3));
        assert_eq!(follow(&first, &document, 6), first);
        for act in ["受理", "答复"] {
            let step = NewStep { act: act.into(), note: "下月就修".into(), ..NewStep::default() };
            opinion::edit(&mut document, actor, &stamp, &Edit { step: Some(step), ..Edit::default() }).unwrap();
        }
        assert_eq!(follow(&first, &document, 7).answer, "");
        assert_eq!(follow(&Matter { tells_answer: true, ..first }, &document, 7).answer, "下月就修");
        let id = DocId::new([4; 16]);
        assert!(id_of(&id) != id && id_of(&id) != slip::id_of(&id));
    }
}
