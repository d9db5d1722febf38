//! A slip 回执: the public face of one opinion, which any kiosk of the county may show to whoever types its number.
//!
//! Only the hub writes slips, and each is a function of the opinion and the codebook, so that writing one again changes
//! nothing. It tells where the matter stands and the answer in plain words; never the text, never who spoke.
//!
//! ```text
//! type "slip" · ticket · state · answer · filed (when it was said) · as_of (when the hub last had news), both in seconds
//! steps  a list: {act, at}
//! ```

use automerge::{ObjType, ROOT, ReadDoc, Value, transaction::Transactable};

use crate::{
    codebook::Codebook,
    confided,
    document::{Document, DocumentError, Kind, Stamp, int_at, set_text, text_at},
    id::{Actor, DocId},
    opinion::Opinion,
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
    /// The answer in plain words, once there is one.
    pub answer: Option<String>,
    /// What was done and when, oldest first.
    pub steps: Vec<SlipStep>,
    /// When it was said, by the clock of whoever took it down.
    pub filed: UnixSeconds,
    /// When the hub last had news of it.
    pub as_of: UnixSeconds,
}

/// One line of a slip.
#[derive(Clone, Debug, PartialEq, Eq)]
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

impl Slip {
    /// What the slip of `opinion` must say; `None` if it has no number to be found by.
    pub fn of(codebook: &Codebook, opinion: &Opinion, as_of: UnixSeconds) -> Option<Self> {
        let (standing, is_kept) = (workflow::fold(codebook, opinion), confided::is_kept(opinion));
        Some(Self {
            ticket: opinion.ticket?,
            state: standing.state,
            // The answer to what is kept from a village would tell the village what it was.
            answer: standing.answer.filter(|_| !is_kept).map(|answer| answer.text),
            steps: opinion
                .steps
                .iter()
                .filter(|step| !step.act.is_empty() && !is_kept)
                .map(|step| SlipStep { act: step.act.clone(), at: step.stamp.at })
                .collect(),
            filed: opinion.filed.at,
            as_of,
        })
    }

    /// When the matter came to rest, by the clock of whoever ended it; `None` while something is owed.
    pub fn settled(&self, codebook: &Codebook) -> Option<UnixSeconds> {
        let is_final = codebook.state(&self.state).is_some_and(|state| state.is_final);
        is_final.then(|| self.steps.last().map_or(self.filed, |step| step.at))
    }

    /// Whether the person who spoke can be asked what they think of the answer: there is one, the county asks in this
    /// state, and nobody has said so since that answer.
    pub fn may_be_evaluated(&self, codebook: &Codebook) -> bool {
        let Some(words) = &codebook.reaction else { return false };
        let is_answer = |step: &SlipStep| codebook.step(&step.act).is_some_and(|rule| rule.is_answer);
        let since = self.steps.iter().rposition(is_answer).map_or(&self.steps[..], |place| &self.steps[place..]);
        let is_said = since.iter().any(|step| step.act == words.evaluated || step.act == words.unsolved);
        self.answer.is_some() && !is_said && workflow::may_evaluate(codebook, &self.state)
    }

    /// Which of its answers it tells, counted from 1; 0 without one.
    pub fn answer_number(&self, codebook: &Codebook) -> usize {
        self.steps.iter().filter(|step| codebook.step(&step.act).is_some_and(|rule| rule.is_answer)).count()
    }

    /// Reads a slip; `None` if the document is none, or its number is not one.
    pub fn read(document: &Document) -> Option<Self> {
        if document.kind() != Kind::Slip {
            return None;
        }
        let doc = &document.inner;
        let mut steps = Vec::new();
        if let Ok(Some((Value::Object(ObjType::List), list))) = doc.get(ROOT, "steps") {
            for index in 0..doc.length(&list) {
                let Ok(Some((Value::Object(ObjType::Map), item))) = doc.get(&list, index) else { continue };
                steps.push(SlipStep {
                    act: text_at(doc, &item, "act").unwrap_or_default(),
                    at: UnixSeconds(int_at(doc, &item, "at").unwrap_or_default()),
                });
            }
        }
        Some(Self {
            ticket: Ticket::parse(&text_at(doc, &ROOT, "ticket")?).ok()?,
            state: text_at(doc, &ROOT, "state").unwrap_or_default(),
            answer: text_at(doc, &ROOT, "answer"),
            steps,
            filed: UnixSeconds(int_at(doc, &ROOT, "filed").unwrap_or_default()),
            as_of: UnixSeconds(int_at(doc, &ROOT, "as_of").unwrap_or_default()),
        })
    }

    /// Brings `document` to say this; `None` if it says so already, whatever its date.
    pub fn write(
        &self,
        document: &mut Document,
        actor: Actor,
        stamp: &Stamp,
    ) -> Result<Option<Vec<u8>>, DocumentError> {
        let known = Slip::read(document);
        if known.as_ref().is_some_and(|known| Self { as_of: known.as_of, ..self.clone() } == *known) {
            return Ok(None);
        }
        let told = known.map(|known| known.steps).unwrap_or_default();
        let kept = told.iter().zip(&self.steps).take_while(|(told, step)| told == step).count();
        let is_new = document.is_empty();
        document.change(actor, stamp, |tx| {
            if is_new {
                tx.put(ROOT, "type", Kind::Slip.word())?;
                tx.put(ROOT, "ticket", self.ticket.digits())?;
                tx.put_object(ROOT, "steps", ObjType::List)?;
            }
            // One that an older program wrote does not tell when it was filed.
            if tx.get(ROOT, "filed")?.and_then(|(value, _)| value.as_i64()) != Some(self.filed.0) {
                tx.put(ROOT, "filed", self.filed.0)?;
            }
            set_text(tx, &ROOT, "state", &self.state)?;
            if let Some(answer) = &self.answer {
                set_text(tx, &ROOT, "answer", answer)?;
            }
            if let Some((Value::Object(ObjType::List), list)) = tx.get(ROOT, "steps")? {
                // A merge can put a step between older ones; from there on the slip is told anew.
                for place in (kept..told.len()).rev() {
                    tx.delete(&list, place)?;
                }
                for (place, step) in self.steps.iter().enumerate().skip(kept) {
                    let item = tx.insert_object(&list, place, ObjType::Map)?;
                    tx.put(&item, "act", step.act.as_str())?;
                    tx.put(&item, "at", step.at.0)?;
                }
            }
            tx.put(ROOT, "as_of", self.as_of.0)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{codebook::tests::SMALL, opinion};

    #[test]
    fn a_slip_tells_state_and_answer_and_nothing_of_the_text() {
        let codebook = Codebook::parse(SMALL).unwrap();
        let actor = Actor::new([1; 16]);
        let stamp = |at| Stamp::new("县", UnixSeconds(at));
        let new =
            opinion::NewOpinion {
                ticket: Ticket::new(1, 2), body: "桥坏了".into(), ..opinion::NewOpinion::default()
            };
        let (mut filed, _) = opinion::file(actor, &stamp(1), &new).unwrap();
        let mut document = Document::empty();
        let mut write = |filed: &Document| {
            let opinion = Opinion::read(filed).unwrap();
            let slip = Slip::of(&codebook, &opinion, opinion.changed.at).unwrap();
            slip.write(&mut document, actor, &stamp(9)).unwrap().map(|_| Slip::read(&document).unwrap())
        };
        assert_eq!(write(&filed).unwrap().state, "已登记");
        assert_eq!(write(&filed), None);
        for (at, act, note) in [(2, "受理", ""), (3, "答复", "下月就修")] {
            let step = opinion::NewStep { act: act.into(), note: note.into(), ..opinion::NewStep::default() };
            let edit = opinion::Edit { step: Some(step), ..opinion::Edit::default() };
            opinion::edit(&mut filed, actor, &stamp(at), &edit).unwrap();
        }
        let slip = write(&filed).unwrap();
        assert_eq!(slip.answer.as_deref(), Some("下月就修"));
        assert_eq!(slip.steps.len(), 2);
        assert_eq!((slip.filed, slip.settled(&codebook)), (UnixSeconds(1), None));
        assert!(!format!("{slip:?}").contains("桥坏了"));
    }

    #[test]
    fn an_answer_can_be_evaluated_once_until_there_is_another() {
        let codebook = Codebook::parse(SMALL).unwrap();
        let slip = |state: &str, acts: &[&str]| Slip {
            ticket: Ticket::new(1, 2).unwrap(),
            state: state.into(),
            answer: Some("下月就修".into()),
            steps: acts.iter().map(|act| SlipStep { act: (*act).into(), at: UnixSeconds(7) }).collect(),
            filed: UnixSeconds(1),
            as_of: UnixSeconds(9),
        };
        let may = |state: &str, acts: &[&str]| slip(state, acts).may_be_evaluated(&codebook);
        assert!(may("已答复", &["受理", "答复"]));
        assert!(!may("已答复", &["受理", "答复", "评价"]));
        assert!(!may("复核中", &["受理", "答复", "要求复核"]));
        assert!(may("已答复", &["受理", "答复", "要求复核", "答复"]));
        assert!(may("已销号", &["受理", "答复", "销号"]));
        assert!(!Slip { answer: None, ..slip("已答复", &["受理"]) }.may_be_evaluated(&codebook));
        assert_eq!(slip("已销号", &["受理", "答复"]).settled(&codebook), Some(UnixSeconds(7)));
        assert_eq!(slip("已答复", &["答复", "要求复核", "答复"]).answer_number(&codebook), 2);
    }

    #[test]
    fn a_step_that_a_merge_puts_between_older_ones_stands_there_on_the_slip_too() {
        let actor = Actor::new([1; 16]);
        let step = |act: &str| SlipStep { act: act.into(), at: UnixSeconds(1) };
        let slip = |acts: &[&str]| Slip {
            ticket: Ticket::new(1, 2).unwrap(),
            state: "已受理".into(),
            answer: None,
            steps: acts.iter().map(|act| step(act)).collect(),
            filed: UnixSeconds(1),
            as_of: UnixSeconds(5),
        };
        let mut document = Document::empty();
        for acts in [&["受理", "退回"][..], &["受理", "督办", "退回"], &["受理", "督办", "退回", "受理"]]
        {
            slip(acts).write(&mut document, actor, &Stamp::new("县", UnixSeconds(9))).unwrap().unwrap();
            assert_eq!(Slip::read(&document), Some(slip(acts)));
        }
    }
}
