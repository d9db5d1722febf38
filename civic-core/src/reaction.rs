//! A reaction: what somebody says at a kiosk of an opinion that was answered, or of a matter on the notice board.
//!
//! It names the opinion by its number, because a kiosk may hold its slip alone, and it is sealed to the county as it is
//! given, because only the hub knows who may read that opinion. The hub puts it there: as a step whose source is the
//! reaction's document, so that it is there once however often it comes.

use serde::{Deserialize, Serialize};

use crate::{
    codebook::Codebook,
    id::DocId,
    opinion::{BODY_CHARS_MAX, Edit, Evaluation, NewStep, Opinion},
    response::{Drawing, Recording, WORDS_CHARS_MAX},
    ticket::Ticket,
    workflow,
};

/// A reaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reaction {
    /// 我也一样: the same concerns me.
    MeToo {
        /// The matter on the notice board.
        matter: DocId,
    },
    /// 评价: what the person who spoke thinks of the answer.
    Evaluation {
        /// The opinion's number.
        ticket: Ticket,
        /// Which of its answers, counted from 1; 0 of a kiosk that did not tell.
        #[serde(default)]
        answer: usize,
        /// The two questions.
        evaluation: Evaluation,
    },
    /// 不是这个意思: what was understood is not what was meant.
    Misunderstood {
        /// The opinion's number.
        ticket: Ticket,
        /// What was meant.
        words: String,
        /// What was meant, spoken.
        recording: Option<Recording>,
        /// What was meant, written with a finger.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ink: Option<Drawing>,
    },
    /// 收回: name and number are to be erased.
    Withdrawal {
        /// The opinion's number.
        ticket: Ticket,
    },
    /// 补充
    Addition {
        /// The opinion's number.
        ticket: Ticket,
        /// What there is to add.
        words: String,
        /// What there is to add, spoken.
        recording: Option<Recording>,
        /// What there is to add, written with a finger.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ink: Option<Drawing>,
    },
}

impl Reaction {
    /// The number of the opinion it speaks of; `None` for one that speaks of a matter.
    pub fn ticket(&self) -> Option<Ticket> {
        match self {
            Reaction::MeToo { .. } => None,
            Reaction::Evaluation { ticket, .. }
            | Reaction::Misunderstood { ticket, .. }
            | Reaction::Withdrawal { ticket }
            | Reaction::Addition { ticket, .. } => Some(*ticket),
        }
    }

    /// Whether it says something, and not too much; the reason is for whoever made the form.
    pub fn check(&self) -> Result<(), &'static str> {
        match self {
            Reaction::MeToo { .. } | Reaction::Withdrawal { .. } => Ok(()),
            Reaction::Evaluation { evaluation: Evaluation { satisfied: None, solved: None }, .. } => {
                Err("neither question was answered")
            }
            Reaction::Evaluation { .. } => Ok(()),
            Reaction::Misunderstood { words, recording, ink, .. }
            | Reaction::Addition { words, recording, ink, .. } => match words.trim().chars().count() {
                0 if recording.is_none() && ink.is_none() => Err("nothing was said"),
                count if count > WORDS_CHARS_MAX => Err("it is too long"),
                _ => Ok(()),
            },
        }
    }

    /// What it does to `opinion`, by whose steps the codebook's words for it are; `None` if it is there already, or if
    /// there is nothing to do.
    pub fn edit(&self, source: DocId, codebook: &Codebook, opinion: &Opinion) -> Option<Edit> {
        let words = codebook.reaction.as_ref()?;
        if opinion.steps.iter().any(|step| step.source == Some(source)) {
            return None;
        }
        let act = match self {
            Reaction::MeToo { .. } => return None,
            Reaction::Evaluation { evaluation: Evaluation { solved: Some(false), .. }, .. } => &words.unsolved,
            Reaction::Evaluation { .. } => &words.evaluated,
            Reaction::Misunderstood { .. } => &words.misunderstood,
            Reaction::Addition { .. } => &words.added,
            Reaction::Withdrawal { .. } => words.withdrawn.as_ref()?,
        };
        let mut step = NewStep {
            act: act.clone(),
            state: workflow::said_leads_to(codebook, act, &workflow::fold(codebook, opinion).state),
            source: Some(source),
            ..NewStep::default()
        };
        let mut insert = None;
        match self {
            Reaction::MeToo { .. } | Reaction::Withdrawal { .. } => {}
            Reaction::Evaluation { evaluation, .. } => step.evaluation = Some(*evaluation),
            Reaction::Misunderstood { words, recording, ink, .. } => {
                (step.note, step.recording, step.ink) = (words.clone(), recording.clone(), ink.clone());
            }
            Reaction::Addition { words, recording, ink, .. } => {
                let length = opinion.body.chars().count();
                (step.recording, step.ink) = (recording.clone(), ink.clone());
                // Where the text is full the words stand in the step: nothing said is dropped.
                if length + words.chars().count() <= BODY_CHARS_MAX {
                    insert = Some((length, words.clone()));
                } else {
                    step.note = words.clone();
                }
            }
        }
        Some(Edit { insert: insert.filter(|(_, words)| !words.is_empty()), step: Some(step), ..Edit::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        codebook::tests::SMALL,
        document::{Document, Stamp},
        id::Actor,
        opinion::{self, NewOpinion},
        time::UnixSeconds,
    };

    const HUB: Actor = Actor::new([1; 16]);
    const SOURCE: DocId = DocId::new([9; 16]);

    fn codebook() -> Codebook {
        Codebook::parse(SMALL).unwrap()
    }

    fn ticket() -> Ticket {
        Ticket::new(1, 2).unwrap()
    }

    fn opinion_after(acts: &[&str]) -> Document {
        let stamp = Stamp::new("县", UnixSeconds(1));
        let new = NewOpinion { ticket: Some(ticket()), body: "桥坏了".into(), ..NewOpinion::default() };
        let (mut document, _) = opinion::file(HUB, &stamp, &new).unwrap();
        for act in acts {
            let step = NewStep { act: (*act).into(), note: "好".into(), ..NewStep::default() };
            opinion::edit(&mut document, HUB, &stamp, &Edit { step: Some(step), ..Edit::default() }).unwrap();
        }
        document
    }

    /// Takes the reaction twice; returns the opinion and whether the second time did something.
    fn take(document: &mut Document, reaction: &Reaction) -> (Opinion, bool) {
        let codebook = codebook();
        let edit = reaction.edit(SOURCE, &codebook, &Opinion::read(document).unwrap()).unwrap();
        opinion::edit(document, HUB, &Stamp::new("群众", UnixSeconds(2)), &edit).unwrap().unwrap();
        let opinion = Opinion::read(document).unwrap();
        let again = reaction.edit(SOURCE, &codebook, &opinion).is_some();
        (opinion, again)
    }

    fn evaluation(satisfied: bool, solved: bool) -> Reaction {
        let evaluation = Evaluation { satisfied: Some(satisfied), solved: Some(solved) };
        Reaction::Evaluation { ticket: ticket(), answer: 1, evaluation }
    }

    #[test]
    fn not_solved_starts_the_recheck_once_and_keeps_both_answers() {
        let mut document = opinion_after(&["受理", "答复"]);
        let (opinion, again) = take(&mut document, &evaluation(true, false));
        assert!(!again);
        assert_eq!(workflow::fold(&codebook(), &opinion).state, "复核中");
        let step = opinion.steps.last().unwrap();
        assert_eq!(step.evaluation, Some(Evaluation { satisfied: Some(true), solved: Some(false) }));
        assert_eq!((step.stamp.by.as_str(), step.source), ("群众", Some(SOURCE)));
    }

    #[test]
    fn solved_leaves_it_answered_and_not_solved_opens_even_what_was_closed() {
        let (opinion, _) = take(&mut opinion_after(&["受理", "答复"]), &evaluation(false, true));
        assert_eq!(workflow::fold(&codebook(), &opinion).state, "已答复");
        let (opinion, _) = take(&mut opinion_after(&["受理", "答复", "销号"]), &evaluation(false, false));
        assert_eq!(workflow::fold(&codebook(), &opinion).state, "复核中");
        // What is being worked on again is not led back by a late word about the answer before.
        let (opinion, _) = take(&mut opinion_after(&["受理"]), &evaluation(false, false));
        assert_eq!(workflow::fold(&codebook(), &opinion).state, "已受理");
    }

    #[test]
    fn an_addition_stands_in_the_text_by_its_author_and_beside_it_where_the_text_is_full() {
        let addition =
            |words: &str| Reaction::Addition { ticket: ticket(), words: words.into(), recording: None, ink: None };
        let mut document = opinion_after(&[]);
        let (opinion, again) = take(&mut document, &addition("，老人过不去"));
        assert_eq!((opinion.body.as_str(), opinion.original.as_str()), ("桥坏了，老人过不去", "桥坏了"));
        assert!(!again);
        assert_eq!(opinion::passages(&document)[1].added.as_ref().unwrap().by, "群众");

        let full = NewOpinion { body: "路".repeat(BODY_CHARS_MAX), ..NewOpinion::default() };
        let (mut document, _) = opinion::file(HUB, &Stamp::new("站", UnixSeconds(1)), &full).unwrap();
        let (opinion, _) = take(&mut document, &addition("还有一座桥"));
        assert_eq!(opinion.steps[0].note, "还有一座桥");
    }

    #[test]
    fn what_was_written_with_a_finger_stands_in_the_step_and_what_was_said_before_there_was_ink_reads_as_it_did() {
        let ink = Some(Drawing { hash: "cd".into() });
        let misunderstood =
            Reaction::Misunderstood { ticket: ticket(), words: String::new(), recording: None, ink: ink.clone() };
        assert_eq!(misunderstood.check(), Ok(()));
        let (opinion, _) = take(&mut opinion_after(&[]), &misunderstood);
        assert_eq!((&opinion.steps[0].ink, &opinion.steps[0].recording), (&ink, &None));
        let added = Reaction::Addition { ticket: ticket(), words: "桥".into(), recording: None, ink: ink.clone() };
        let (opinion, _) = take(&mut opinion_after(&[]), &added);
        assert_eq!((opinion.body.as_str(), &opinion.steps[0].ink), ("桥坏了桥", &ink));
        let before = Reaction::Addition { ticket: ticket(), words: "桥".into(), recording: None, ink: None };
        let written = serde_json::to_string(&before).unwrap();
        assert!(!written.contains("ink"));
        assert_eq!(serde_json::from_str::<Reaction>(&written).unwrap(), before);
    }

    #[test]
    fn a_reaction_that_says_nothing_is_refused() {
        let empty = Evaluation { satisfied: None, solved: None };
        assert!(Reaction::Evaluation { ticket: ticket(), answer: 1, evaluation: empty }.check().is_err());
        let silent = Reaction::Addition { ticket: ticket(), words: " ".into(), recording: None, ink: None };
        assert!(silent.check().is_err());
        assert_eq!(evaluation(true, true).check(), Ok(()));
    }
}
