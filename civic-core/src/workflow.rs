//! Where an opinion stands: a fold over its steps, by rules that are data.
//!
//! The state after a step is the one the step itself names (history taken over from another system does), else the one
//! the codebook's rule leads to, else, when the act is the very word of a state, that state; otherwise it stays.

use crate::{
    codebook::{Ask, Codebook, StepRule},
    document::Stamp,
    opinion::{NewStep, Opinion, Step},
    time::UnixSeconds,
};

/// Two steps, neither of which knew of the other, that no order would have allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clash {
    /// The places of the two in [`Opinion::steps`].
    pub steps: (usize, usize),
}

/// Where an opinion stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The state's word.
    pub state: String,
    /// When a step last led to another state, by the clock of whoever took it; `None` if it stands where it began.
    pub moved: Option<UnixSeconds>,
    /// The newest answer given to the person who spoke.
    pub answer: Option<Answer>,
    /// Clashes that nobody has settled yet.
    pub clashes: Vec<Clash>,
}

/// What the person who spoke is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The words.
    pub text: String,
    /// By whom, and when.
    pub stamp: Stamp,
}

/// Why a step may not be taken now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAllowed {
    /// The codebook has no such act.
    #[error("there is no step {0:?} in the codebook")]
    UnknownAct(String),
    /// The rule does not lead on from where the opinion stands.
    #[error("{act} cannot be done while the opinion is {state}")]
    NotFrom {
        /// The act.
        act: String,
        /// Where the opinion stands.
        state: String,
    },
    /// The rule asks for something that was not given.
    #[error("{act} needs {what:?}")]
    Missing {
        /// The act.
        act: String,
        /// What is missing.
        what: Ask,
    },
}

/// Where `opinion` stands by `codebook`.
pub fn fold(codebook: &Codebook, opinion: &Opinion) -> Standing {
    fold_steps(codebook, opinion.state.as_deref(), &opinion.steps)
}

/// Where an opinion stands after these steps, which came in with `state` if that was said.
pub fn fold_steps(codebook: &Codebook, state: Option<&str>, steps: &[Step]) -> Standing {
    let mut state = state.unwrap_or_else(|| codebook.first_state()).to_owned();
    let (mut moved, mut answer) = (None, None);
    let mut clashes: Vec<Clash> = Vec::new();
    for (place, step) in steps.iter().enumerate() {
        if let Some(next) = leads_to(codebook, step).filter(|next| *next != state) {
            state = next;
            moved = Some(step.stamp.at);
        }
        let rule = codebook.step(&step.act);
        if rule.is_some_and(|rule| rule.is_answer) && !step.note.is_empty() {
            answer = Some(Answer { text: step.note.clone(), stamp: step.stamp.clone() });
        }
        for earlier in &step.unaware_of {
            if cannot_both_hold(codebook, &steps[*earlier], step) {
                clashes.push(Clash { steps: (*earlier, place) });
            }
        }
        if rule.is_some_and(|rule| rule.settles) {
            let knows = |at: usize| at != place && !step.unaware_of.contains(&at);
            clashes.retain(|clash| !(knows(clash.steps.0) && knows(clash.steps.1)));
        }
    }
    Standing { state, moved, answer, clashes }
}

/// The steps that may be taken with an opinion in `state` by somebody at work; what a person says of it at a kiosk is
/// theirs alone to say.
pub fn possible<'a>(codebook: &'a Codebook, state: &'a str) -> impl Iterator<Item = &'a StepRule> {
    codebook.steps.iter().filter(move |rule| may_follow(codebook, rule, state) && !codebook.is_reaction(&rule.act))
}

/// Whether the person who spoke may evaluate the answer while the opinion is in `state`.
pub fn may_evaluate(codebook: &Codebook, state: &str) -> bool {
    let rule = codebook.reaction.as_ref().and_then(|words| codebook.step(&words.evaluated));
    rule.is_some_and(|rule| may_follow(codebook, rule, state))
}

/// Where a step leads that a person took at a kiosk, who knew no more of the state than the slip says; `None` if its rule
/// leads nowhere.
///
/// It leads to the rule's state from where the rule allows it, and from every final state: a matter is not over because
/// the county closed it. From anywhere else it leads nowhere, for what it speaks of is past.
pub fn said_leads_to(codebook: &Codebook, act: &str, state: &str) -> Option<String> {
    let rule = codebook.step(act)?;
    let is_over = codebook.state(state).is_some_and(|state| state.is_final);
    let leads = is_over || may_follow(codebook, rule, state);
    rule.to.as_ref().map(|to| if leads { to.clone() } else { state.to_owned() })
}

/// Checks that `step` may be taken with an opinion in `state`; `has` tells what is given beside the note.
pub fn check(codebook: &Codebook, state: &str, step: &NewStep, has: impl Fn(Ask) -> bool) -> Result<(), NotAllowed> {
    let rule = codebook.step(&step.act).ok_or_else(|| NotAllowed::UnknownAct(step.act.clone()))?;
    if !may_follow(codebook, rule, state) {
        return Err(NotAllowed::NotFrom { act: step.act.clone(), state: state.to_owned() });
    }
    let is_given = |ask: Ask| match ask {
        Ask::Note => !step.note.trim().is_empty(),
        Ask::Body | Ask::Topic | Ask::Urgency => has(ask),
    };
    match rule.asks.iter().find(|ask| !is_given(**ask)) {
        Some(what) => Err(NotAllowed::Missing { act: step.act.clone(), what: *what }),
        None => Ok(()),
    }
}

fn leads_to(codebook: &Codebook, step: &Step) -> Option<String> {
    if let Some(state) = &step.state {
        return Some(state.clone());
    }
    match codebook.step(&step.act) {
        Some(rule) => rule.to.clone(),
        None => codebook.state(&step.act).map(|state| state.name.clone()),
    }
}

fn may_follow(codebook: &Codebook, rule: &StepRule, state: &str) -> bool {
    if rule.from.is_empty() {
        return !codebook.state(state).is_some_and(|state| state.is_final);
    }
    rule.from.iter().any(|from| from == state)
}

/// Whether neither order of the two is one that the rules allow. Acts without a rule, or that change no state, never clash.
fn cannot_both_hold(codebook: &Codebook, one: &Step, other: &Step) -> bool {
    match (codebook.step(&one.act), codebook.step(&other.act)) {
        (Some(one), Some(other)) => match (&one.to, &other.to) {
            (Some(after_one), Some(after_other)) => {
                !may_follow(codebook, other, after_one) && !may_follow(codebook, one, after_other)
            }
            (None, _) | (_, None) => false,
        },
        (None, _) | (_, None) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{codebook::tests::SMALL, id::Actor};

    fn step(act: &str, note: &str, unaware_of: &[usize]) -> Step {
        Step {
            act: act.into(),
            note: note.into(),
            state: None,
            stamp: Stamp::new("县", UnixSeconds(1)),
            actor: Actor::new([0; 16]),
            source: None,
            evaluation: None,
            recording: None,
            ink: None,
            unaware_of: unaware_of.to_vec(),
        }
    }

    fn standing(steps: Vec<Step>) -> Standing {
        fold_steps(&Codebook::parse(SMALL).unwrap(), None, &steps)
    }

    #[test]
    fn steps_lead_from_state_to_state_and_the_answer_is_kept() {
        assert_eq!(standing(vec![]).state, "已登记");
        let standing = standing(vec![step("受理", "", &[]), step("走访", "看过了", &[]), step("答复", "下月修", &[])]);
        assert_eq!(standing.state, "已答复");
        assert_eq!(standing.answer.unwrap().text, "下月修");
    }

    #[test]
    fn an_act_named_like_a_state_or_naming_one_leads_there() {
        assert_eq!(standing(vec![step("已答复", "", &[])]).state, "已答复");
        let told = Step { state: Some("已销号".into()), ..step("评价", "", &[]) };
        assert_eq!(standing(vec![told]).state, "已销号");
    }

    #[test]
    fn two_bodies_that_both_accept_are_a_clash_until_someone_who_knows_both_settles_it() {
        let both = vec![step("受理", "甲", &[]), step("受理", "乙", &[0])];
        assert_eq!(standing(both.clone()).clashes, [Clash { steps: (0, 1) }]);
        let unaware = [both.clone(), vec![step("裁定", "归甲", &[1])]].concat();
        assert_eq!(standing(unaware).clashes.len(), 1);
        let settled = [both, vec![step("裁定", "归甲", &[])]].concat();
        assert!(standing(settled).clashes.is_empty());
    }

    #[test]
    fn visits_made_at_the_same_time_do_not_clash() {
        assert!(standing(vec![step("走访", "", &[]), step("走访", "", &[0])]).clashes.is_empty());
    }

    #[test]
    fn a_step_out_of_turn_or_without_what_it_asks_is_refused() {
        let codebook = Codebook::parse(SMALL).unwrap();
        let new = |act: &str, note: &str| NewStep { act: act.into(), note: note.into(), ..NewStep::default() };
        let check = |state, step| check(&codebook, state, &step, |_| false);
        assert_eq!(check("已受理", new("答复", "好")), Ok(()));
        assert!(matches!(check("已受理", new("答复", " ")), Err(NotAllowed::Missing { .. })));
        assert!(matches!(check("已登记", new("答复", "好")), Err(NotAllowed::NotFrom { .. })));
        assert!(matches!(check("已登记", new("飞", "")), Err(NotAllowed::UnknownAct(_))));
        assert!(matches!(check("已销号", new("走访", "")), Err(NotAllowed::NotFrom { .. })));
    }
}
