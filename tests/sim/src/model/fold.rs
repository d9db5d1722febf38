//! The workflow: where an opinion stands, told from its steps by sentences instead of a walk.

use civic_core::{
    codebook::{Codebook, StepRule},
    document::Stamp,
    id::Actor,
    opinion::Step,
    time::UnixSeconds,
    workflow::{Clash, fold_steps},
};

use super::same;
use crate::dice::Dice;

const SAMPLE: &str = include_str!("../../../sample/county.toml");

/// Whether a step by this rule may come when the opinion stands there.
fn may_come(codebook: &Codebook, rule: &StepRule, state: &str) -> bool {
    let is_over = codebook.states.iter().any(|known| known.name == state && known.is_final);
    if rule.from.is_empty() { !is_over } else { rule.from.contains(&state.to_owned()) }
}

/// Where a step leads, if anywhere: where it says itself, where its rule leads, or the state whose word it is.
fn leads_to(codebook: &Codebook, step: &Step) -> Option<String> {
    let rule = codebook.steps.iter().find(|rule| rule.act == step.act);
    let by_rule = rule.map_or_else(
        || codebook.states.iter().find(|state| state.name == step.act).map(|state| state.name.clone()),
        |rule| rule.to.clone(),
    );
    step.state.clone().or(by_rule)
}

fn step(codebook: &Codebook, dice: &mut Dice, place: usize) -> Step {
    let mut acts: Vec<String> = codebook.steps.iter().map(|rule| rule.act.clone()).collect();
    acts.extend(codebook.states.iter().map(|state| state.name.clone()));
    acts.push("别的".to_owned());
    let states: Vec<String> = codebook.states.iter().map(|state| state.name.clone()).collect();
    Step {
        act: dice.one_of(&acts).clone(),
        note: if dice.percent(60) { format!("话 {place}") } else { String::new() },
        state: dice.percent(10).then(|| dice.one_of(&states).clone()),
        stamp: Stamp::new("县", UnixSeconds(i64::try_from(place).unwrap_or(0))),
        actor: Actor::new([0; 16]),
        source: None,
        evaluation: None,
        recording: None,
        ink: None,
        unaware_of: (0..place).filter(|_| dice.percent(25)).collect(),
    }
}

pub(super) fn sequence(mut dice: Dice, len: usize) -> Result<(), String> {
    let codebook = Codebook::parse(SAMPLE).map_err(|bad| bad.to_string())?;
    let mut steps = Vec::new();
    for place in 0..len {
        steps.push(step(&codebook, &mut dice, place));
        let rule = |step: &Step| codebook.steps.iter().find(|rule| rule.act == step.act);
        // It stands where the last step led that led anywhere, else where every opinion begins.
        let state = steps.iter().rev().find_map(|step| leads_to(&codebook, step));
        let state = state.unwrap_or_else(|| codebook.states[0].name.clone());
        // The answer is the newest that says anything.
        let is_answer = |step: &&Step| rule(step).is_some_and(|rule| rule.is_answer) && !step.note.is_empty();
        let answer = steps.iter().rev().find(is_answer).map(|step| step.note.clone());
        // Two clash that did not know of each other and that no order allows, until somebody who knew both settled it later.
        let mut clashes = Vec::new();
        for (later, two) in steps.iter().enumerate() {
            for (earlier, one) in steps[..later].iter().enumerate().filter(|(at, _)| two.unaware_of.contains(at)) {
                let ends = rule(one)
                    .zip(rule(two))
                    .and_then(|(one, two)| Some((one, two, one.to.as_ref()?, two.to.as_ref()?)));
                let is_clash = ends.is_some_and(|(one, two, after_one, after_two)| {
                    !may_come(&codebook, two, after_one) && !may_come(&codebook, one, after_two)
                });
                let settles = |step: &Step| {
                    let knows = |at| !step.unaware_of.contains(&at);
                    rule(step).is_some_and(|rule| rule.settles) && knows(earlier) && knows(later)
                };
                if is_clash && !steps[later + 1..].iter().any(settles) {
                    clashes.push(Clash { steps: (earlier, later) });
                }
            }
        }
        let standing = fold_steps(&codebook, None, &steps);
        same("the state", &standing.state, &state)?;
        same("the answer", &standing.answer.map(|answer| answer.text), &answer)?;
        let mut found = standing.clashes;
        found.sort_by_key(|clash| (clash.steps.1, clash.steps.0));
        clashes.sort_by_key(|clash| (clash.steps.1, clash.steps.0));
        same("the clashes", &found, &clashes)?;
    }
    Ok(())
}
