//! A slip 回执: the public face of one opinion, which any kiosk of the county may show to whoever types its number.
//!
//! Only the hub writes slips, and each is a function of the opinion, the codebook and what opens it, so that writing one
//! again changes nothing. To everybody it tells where the matter stands and nothing else. What it is about, what was done
//! and the answer in plain words ([`Told`]) are sealed under the opening part of the ticket ([`crate::opening`]); the text
//! and who spoke are not on it at all. A slip that was given without an opening part tells its state alone.
//!
//! ```text
//! type "slip" · ticket · state · filed (when it was said) · moved (when it last came to another state) · as_of (when the
//! hub last had news), all three in seconds · lock · sealed: a JSON object, filled up with spaces to a multiple of 256 bytes
//! ```
//!
//! An older program wrote `answer` and `steps`, a list of {act, at}, for everybody to read. They are read as they stand,
//! and go when the slip is next written.

use automerge::{ObjType, ROOT, ReadDoc, ScalarValue, Value, transaction::Transactable};
use serde::{Deserialize, Serialize};

use crate::{
    codebook::Codebook,
    document::{Document, DocumentError, Kind, Stamp, bytes_at, int_at, set_text, text_at},
    id::{Actor, DocId},
    opening::{Deposit, Lock, SlipKey},
    opinion::{Field, Opinion},
    sealed::PAD_LEN,
    ticket::Ticket,
    time::UnixSeconds,
    workflow,
};

/// A slip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slip {
    /// The number it is found by.
    pub ticket: Ticket,
    /// The state's word.
    pub state: String,
    /// When it was said, by the clock of whoever took it down.
    pub filed: UnixSeconds,
    /// When it last came to another state, by the clock of whoever moved it.
    pub moved: UnixSeconds,
    /// When the hub last had news of it.
    pub as_of: UnixSeconds,
    /// What it tells beside that.
    pub content: Content,
}

/// What a slip tells beside its state, and to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Nothing: it was given without an opening part.
    Nothing,
    /// To its holder.
    Sealed {
        /// What the opening number opens.
        lock: Lock,
        /// What its key opens.
        sealed: Vec<u8>,
    },
    /// To everybody, as an older program wrote it.
    Open(Told),
}

/// What a slip tells its holder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Told {
    /// What it is about.
    pub topic: String,
    /// The answer in plain words, once there is one.
    pub answer: Option<String>,
    /// What was done and when, oldest first.
    pub steps: Vec<SlipStep>,
    /// Whether a name or a number is kept with it.
    pub has_contact: bool,
}

/// One line of a slip.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlipStep {
    /// The act's word.
    pub act: String,
    /// When, by the clock of whoever did it.
    pub at: UnixSeconds,
}

/// The slip's document is named by its opinion's, so that two hubs that write it at once write the same one.
pub fn id_of(opinion: &DocId) -> DocId {
    let mut bytes = [0; 16];
    blake3::Hasher::new_derive_key("huiyin slip id v1").update(opinion.as_bytes()).finalize_xof().fill(&mut bytes);
    DocId::new(bytes)
}

/// The slip of a further number has a document of its own: an opinion that was begun in two places has two.
pub fn id_of_further(opinion: &DocId, ticket: &Ticket) -> DocId {
    let mut bytes = [0; 16];
    let mut hasher = blake3::Hasher::new_derive_key("huiyin slip id of a further number v1");
    hasher.update(opinion.as_bytes()).update(ticket.digits().as_bytes()).finalize_xof().fill(&mut bytes);
    DocId::new(bytes)
}

impl Told {
    /// What is to be told of `opinion`.
    pub fn of(codebook: &Codebook, opinion: &Opinion) -> Self {
        let withdrawn = codebook.reaction.as_ref().and_then(|words| words.withdrawn.as_ref());
        let is_withdrawn = opinion.steps.iter().any(|step| Some(&step.act) == withdrawn);
        Self {
            topic: opinion.field(Field::Topic).to_owned(),
            answer: workflow::fold(codebook, opinion).answer.map(|answer| answer.text),
            steps: opinion
                .steps
                .iter()
                .filter(|step| !step.act.is_empty())
                .map(|step| SlipStep { act: step.act.clone(), at: step.stamp.at })
                .collect(),
            has_contact: opinion.has_contact && !is_withdrawn,
        }
    }

    /// Whether the person who spoke can be asked what they think of the answer: there is one, the county asks in this
    /// state, and nobody has said so since that answer.
    pub fn may_be_evaluated(&self, codebook: &Codebook, state: &str) -> bool {
        let Some(words) = &codebook.reaction else { return false };
        let is_answer = |step: &SlipStep| codebook.step(&step.act).is_some_and(|rule| rule.is_answer);
        let since = self.steps.iter().rposition(is_answer).map_or(&self.steps[..], |place| &self.steps[place..]);
        let is_said = since.iter().any(|step| step.act == words.evaluated || step.act == words.unsolved);
        self.answer.is_some() && !is_said && workflow::may_evaluate(codebook, state)
    }

    /// Which of its answers it tells, counted from 1; 0 without one.
    pub fn answer_number(&self, codebook: &Codebook) -> usize {
        self.steps.iter().filter(|step| codebook.step(&step.act).is_some_and(|rule| rule.is_answer)).count()
    }

    /// Filled up, so that its length tells little of the answer and of how much was done.
    fn seal(&self, ticket: &Ticket, key: &SlipKey) -> Vec<u8> {
        // Strings and numbers always make JSON.
        let mut plain = serde_json::to_vec(self).unwrap_or_default();
        plain.resize(plain.len().next_multiple_of(PAD_LEN), b' ');
        key.seal(ticket, &plain)
    }
}

impl Slip {
    /// What the slip of `opinion` under this number of it must say to whoever has this opening.
    pub fn of(
        codebook: &Codebook,
        opinion: &Opinion,
        ticket: Ticket,
        opening: Option<&Deposit>,
        as_of: UnixSeconds,
    ) -> Self {
        let seal = |Deposit { key, lock }: &Deposit| Content::Sealed {
            lock: lock.clone(),
            sealed: Told::of(codebook, opinion).seal(&ticket, key),
        };
        let standing = workflow::fold(codebook, opinion);
        Self {
            ticket,
            state: standing.state,
            filed: opinion.filed.at,
            moved: standing.moved.unwrap_or(opinion.filed.at),
            as_of,
            content: opening.map_or(Content::Nothing, seal),
        }
    }

    /// What it tells the holder of this key; `None` if the key is not its own, or nothing is sealed on it.
    pub fn open(&self, key: &SlipKey) -> Option<Told> {
        let Content::Sealed { sealed, .. } = &self.content else { return None };
        serde_json::from_slice(&key.open(&self.ticket, sealed)?).ok()
    }

    /// When the matter came to rest, by the clock of whoever ended it; `None` while something is owed.
    pub fn settled(&self, codebook: &Codebook) -> Option<UnixSeconds> {
        codebook.state(&self.state).filter(|state| state.is_final).map(|_| self.moved)
    }

    /// Reads a slip; `None` if the document is none, or its number is not one.
    pub fn read(document: &Document) -> Option<Self> {
        if document.kind() != Kind::Slip {
            return None;
        }
        let doc = &document.inner;
        let seconds = |key| int_at(doc, &ROOT, key).map(UnixSeconds);
        let filed = seconds("filed").unwrap_or_default();
        let lock = bytes_at(doc, &ROOT, "lock").and_then(|lock| Lock::from_slice(&lock));
        let content = match (lock, bytes_at(doc, &ROOT, "sealed"), Self::read_open(document)) {
            (Some(lock), Some(sealed), _) => Content::Sealed { lock, sealed },
            (None, _, Some(told)) | (Some(_), None, Some(told)) => Content::Open(told),
            (None, _, None) | (Some(_), None, None) => Content::Nothing,
        };
        let last = if let Content::Open(told) = &content { told.steps.last().map(|step| step.at) } else { None };
        Some(Self {
            ticket: Ticket::parse(&text_at(doc, &ROOT, "ticket")?).ok()?,
            state: text_at(doc, &ROOT, "state").unwrap_or_default(),
            filed,
            moved: seconds("moved").or(last).unwrap_or(filed),
            as_of: seconds("as_of").unwrap_or_default(),
            content,
        })
    }

    /// What an older program told everybody; `None` on a slip of this one.
    fn read_open(document: &Document) -> Option<Told> {
        let doc = &document.inner;
        let Ok(Some((Value::Object(ObjType::List), list))) = doc.get(ROOT, "steps") else { return None };
        let mut steps = Vec::new();
        for index in 0..doc.length(&list) {
            let Ok(Some((Value::Object(ObjType::Map), item))) = doc.get(&list, index) else { continue };
            steps.push(SlipStep {
                act: text_at(doc, &item, "act").unwrap_or_default(),
                at: UnixSeconds(int_at(doc, &item, "at").unwrap_or_default()),
            });
        }
        Some(Told { answer: text_at(doc, &ROOT, "answer"), steps, ..Told::default() })
    }

    /// Brings `document` to say this; `None` if it says so already, whatever its date.
    pub fn write(
        &self,
        document: &mut Document,
        actor: Actor,
        stamp: &Stamp,
    ) -> Result<Option<Vec<u8>>, DocumentError> {
        let known = Slip::read(document);
        if known.is_some_and(|known| Self { as_of: known.as_of, ..self.clone() } == known) {
            return Ok(None);
        }
        let is_new = document.is_empty();
        document.change(actor, stamp, |tx| {
            if is_new {
                tx.put(ROOT, "type", Kind::Slip.word())?;
                tx.put(ROOT, "ticket", self.ticket.digits())?;
            }
            set_text(tx, &ROOT, "state", &self.state)?;
            for (key, at) in [("filed", self.filed), ("moved", self.moved)] {
                if tx.get(ROOT, key)?.and_then(|(value, _)| value.as_i64()) != Some(at.0) {
                    tx.put(ROOT, key, at.0)?;
                }
            }
            let (lock, sealed) = match &self.content {
                Content::Sealed { lock, sealed } => (Some(&lock.as_bytes()[..]), Some(&sealed[..])),
                // Nothing is told openly any more.
                Content::Nothing | Content::Open(_) => (None, None),
            };
            for (key, bytes) in [("lock", lock), ("sealed", sealed), ("answer", None), ("steps", None)] {
                let known = tx.get(ROOT, key)?.map(|(value, _)| value.into_bytes().ok());
                match (bytes, known) {
                    (Some(bytes), Some(Some(known))) if known == bytes => {}
                    (Some(bytes), _) => tx.put(ROOT, key, ScalarValue::Bytes(bytes.to_vec()))?,
                    (None, Some(_)) => tx.delete(ROOT, key)?,
                    (None, None) => {}
                }
            }
            tx.put(ROOT, "as_of", self.as_of.0)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{codebook::tests::SMALL, opening::Opening, opinion};

    const HUB: Actor = Actor::new([1; 16]);

    fn stamp(at: i64) -> Stamp {
        Stamp::new("县", UnixSeconds(at))
    }

    fn ticket() -> Ticket {
        Ticket::new(1, 2).unwrap()
    }

    /// An opinion about a bridge after these steps, and what it must say to the holder of `opening`.
    fn told(acts: &[(i64, &str, &str)], opening: Option<&Deposit>) -> Slip {
        let new = opinion::NewOpinion {
            ticket: Some(ticket()),
            body: "桥坏了".into(),
            fields: [(Field::Topic, "道路".to_owned())].into(),
            has_contact: true,
            ..opinion::NewOpinion::default()
        };
        let (mut filed, _) = opinion::file(HUB, &stamp(1), &new).unwrap();
        for (at, act, note) in acts {
            let step = opinion::NewStep { act: (*act).into(), note: (*note).into(), ..opinion::NewStep::default() };
            let edit = opinion::Edit { step: Some(step), ..opinion::Edit::default() };
            opinion::edit(&mut filed, HUB, &stamp(*at), &edit).unwrap();
        }
        let opinion = Opinion::read(&filed).unwrap();
        Slip::of(&Codebook::parse(SMALL).unwrap(), &opinion, ticket(), opening, opinion.changed.at)
    }

    const ANSWERED: [(i64, &str, &str); 2] = [(2, "受理", ""), (3, "答复", "下月就修")];

    #[test]
    fn a_slip_tells_everybody_its_state_and_its_holder_the_rest() {
        let codebook = Codebook::parse(SMALL).unwrap();
        let (mine, other) = (Opening::new([7; 24]), Opening::new([8; 24]));
        let deposit = mine.deposit();
        let mut document = Document::empty();
        let mut payloads = Vec::new();
        for acts in [&ANSWERED[..0], &ANSWERED[..1], &ANSWERED[..]] {
            let slip = told(acts, Some(&deposit));
            payloads.extend(slip.write(&mut document, HUB, &stamp(9)).unwrap().unwrap());
            assert_eq!(slip.write(&mut document, HUB, &stamp(10)).unwrap(), None, "written again it changes nothing");
            assert_eq!(Slip::read(&document).unwrap(), slip);
        }
        payloads.extend(document.inner.save_nocompress());
        for hidden in ["桥坏了", "道路", "下月就修", "答复", "受理"] {
            // The state's word is for everybody, and acts are found in it.
            let openly = payloads.windows(hidden.len()).filter(|window| *window == hidden.as_bytes()).count();
            let of_state = ["已登记", "已受理", "已答复"].iter().filter(|state| state.contains(hidden)).count();
            assert!(of_state > 0 || openly == 0, "{hidden}");
        }
        let slip = Slip::read(&document).unwrap();
        assert_eq!((slip.state.as_str(), slip.filed, slip.settled(&codebook)), ("已答复", UnixSeconds(1), None));
        let Content::Sealed { lock, .. } = &slip.content else { panic!("it is sealed") };
        assert_eq!(lock.open(other.number), None);
        let told = slip.open(&lock.open(mine.number).unwrap()).unwrap();
        assert_eq!((told.topic.as_str(), told.answer.as_deref(), told.steps.len()), ("道路", Some("下月就修"), 2));
        assert!(told.has_contact);
        assert_eq!(slip.open(&other.key), None);
        let elsewhere = Slip { ticket: Ticket::new(1, 3).unwrap(), ..slip };
        assert_eq!(elsewhere.open(&mine.key), None, "moved to another ticket it opens no more");
    }

    #[test]
    fn how_long_a_slip_is_tells_neither_the_answer_nor_how_much_was_done() {
        let deposit = Opening::new([7; 24]).deposit();
        let length = |acts: &[(i64, &str, &str)]| match told(acts, Some(&deposit)).content {
            Content::Sealed { sealed, .. } => sealed.len(),
            Content::Nothing | Content::Open(_) => 0,
        };
        assert_eq!(length(&[]), length(&ANSWERED));
    }

    #[test]
    fn a_slip_without_an_opening_part_tells_its_state_alone() {
        let slip = told(&ANSWERED, None);
        assert_eq!((slip.state.as_str(), &slip.content), ("已答复", &Content::Nothing));
        assert_eq!(slip.open(&Opening::new([7; 24]).key), None);
    }

    #[test]
    fn an_old_slip_is_read_as_it_stands_and_sealed_when_it_is_next_written() {
        let mut document = Document::empty();
        let old = |tx: &mut automerge::transaction::Transaction<'_>| {
            tx.put(ROOT, "type", Kind::Slip.word())?;
            tx.put(ROOT, "ticket", ticket().digits())?;
            tx.put(ROOT, "state", "已答复")?;
            tx.put(ROOT, "answer", "下月就修")?;
            tx.put(ROOT, "filed", 1)?;
            let list = tx.put_object(ROOT, "steps", ObjType::List)?;
            let item = tx.insert_object(&list, 0, ObjType::Map)?;
            tx.put(&item, "act", "答复")?;
            tx.put(&item, "at", 3)?;
            tx.put(ROOT, "as_of", 4)
        };
        document.change(HUB, &stamp(4), old).unwrap();
        let read = Slip::read(&document).unwrap();
        let Content::Open(open) = &read.content else { panic!("an old slip is open") };
        assert_eq!((open.answer.as_deref(), open.steps.len(), read.moved), (Some("下月就修"), 1, UnixSeconds(3)));
        let mine = Opening::new([7; 24]);
        for opening in [None, Some(mine.deposit())] {
            let slip = told(&ANSWERED, opening.as_ref());
            slip.write(&mut document, HUB, &stamp(9)).unwrap().unwrap();
            assert_eq!(Slip::read(&document), Some(slip));
            assert_eq!((text_at(&document.inner, &ROOT, "answer"), Slip::read_open(&document)), (None, None));
        }
        assert!(Slip::read(&document).unwrap().open(&mine.key).is_some());
    }

    #[test]
    fn an_answer_can_be_evaluated_once_until_there_is_another() {
        let codebook = Codebook::parse(SMALL).unwrap();
        let told = |acts: &[&str]| Told {
            answer: Some("下月就修".into()),
            steps: acts.iter().map(|act| SlipStep { act: (*act).into(), at: UnixSeconds(7) }).collect(),
            ..Told::default()
        };
        let may = |state: &str, acts: &[&str]| told(acts).may_be_evaluated(&codebook, state);
        assert!(may("已答复", &["受理", "答复"]));
        assert!(!may("已答复", &["受理", "答复", "评价"]));
        assert!(!may("复核中", &["受理", "答复", "要求复核"]));
        assert!(may("已答复", &["受理", "答复", "要求复核", "答复"]));
        assert!(may("已销号", &["受理", "答复", "销号"]));
        assert!(!Told { answer: None, ..told(&["受理"]) }.may_be_evaluated(&codebook, "已答复"));
        assert_eq!(told(&["答复", "要求复核", "答复"]).answer_number(&codebook), 2);
    }

    #[test]
    fn a_matter_that_came_to_rest_tells_when() {
        let codebook = Codebook::parse(SMALL).unwrap();
        let closed = [&ANSWERED[..], &[(7, "销号", "")]].concat();
        assert_eq!(told(&closed, None).settled(&codebook), Some(UnixSeconds(7)));
    }

    /// The board counted it again in the month in which the person who spoke said what they thought of the answer.
    #[test]
    fn a_closed_matter_rests_since_it_was_closed_whatever_is_said_of_it_afterwards() {
        let codebook = Codebook::parse(SMALL).unwrap();
        let closed = [&ANSWERED[..], &[(7, "销号", "")]].concat();
        for said in ["评价", "群众补充", "收回姓名电话"] {
            let slip = told(&[&closed[..], &[(40, said, "")]].concat(), None);
            assert_eq!((slip.state.as_str(), slip.settled(&codebook)), ("已销号", Some(UnixSeconds(7))), "{said}");
        }
        let again = [&closed[..], &[(40, "要求复核", ""), (50, "答复", "修好了"), (60, "销号", "")]].concat();
        assert_eq!(told(&again, None).settled(&codebook), Some(UnixSeconds(60)));
    }

    #[test]
    fn whoever_takes_their_name_and_number_back_is_told_that_none_is_kept() {
        let codebook = Codebook::parse(SMALL).unwrap();
        let opening = Opening::new([7; 24]);
        let taken_back = [&ANSWERED[..], &[(7, "收回姓名电话", "")]].concat();
        assert!(codebook.is_reaction("收回姓名电话"));
        let slip = told(&taken_back, Some(&opening.deposit()));
        assert!(!slip.open(&opening.key).unwrap().has_contact);
    }
}
