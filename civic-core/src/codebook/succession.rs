//! What may change from one edition of a county's codebook to the next.
//!
//! Devices without a road go on writing by the old one, and what was written stays for ever. So nothing that a record may
//! name goes away, and everything keeps what it meant: the name of a place's code, where a step leads, whether a state is
//! final, which of two urgencies is the more pressing. Words can be added; what is only said or done with them (English,
//! pictures, phrases, plain words, days, who takes a step) can be said or done otherwise.

use std::collections::BTreeMap;

use super::{Codebook, ReactionWords, Word};

/// What differs between two editions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Succession {
    /// Why the newer may not take the place of the older, a sentence each; none if it may.
    pub lost: Vec<String>,
    /// What the newer brings: the section and the word.
    pub added: Vec<String>,
}

impl Codebook {
    /// What `next` would change, were it to take this one's place.
    pub fn succession(&self, next: &Codebook) -> Succession {
        let (ours, theirs) = (self.meanings(), next.meanings());
        let mut lost = Vec::new();
        for ((section, word), meaning) in &ours {
            match theirs.get(&(*section, *word)) {
                None => lost.push(format!("{section} {word} is missing: what names it would lose its word")),
                Some(other) if other != meaning => {
                    lost.push(format!("{section} {word} is {meaning}, and would become {other}"));
                }
                Some(_) => {}
            }
        }
        for step in &self.steps {
            let Some(after) = next.step(&step.act) else { continue };
            let is_narrower = step.from.iter().any(|state| !after.from.contains(state)) || step.from.is_empty();
            if !after.from.is_empty() && is_narrower {
                lost.push(format!("step {} could not follow where it can follow now", step.act));
            }
        }
        for (section, ours, theirs) in
            [("urgency", &self.urgencies, &next.urgencies), ("level", &self.levels, &next.levels)]
        {
            if !keeps_order(ours, theirs) {
                lost.push(format!("the order of each {section} is a rank, and would be another"));
            }
        }
        if self.first_state() != next.first_state() {
            lost.push(format!(
                "every opinion begins as {}, and would begin as {}",
                self.first_state(),
                next.first_state()
            ));
        }
        let added = theirs.keys().filter(|key| !ours.contains_key(*key));
        Succession { lost, added: added.map(|(section, word)| format!("{section} {word}")).collect() }
    }

    /// Everything that a record, a rule or another table may name, with what has to stay as it is of it.
    fn meanings(&self) -> BTreeMap<(&'static str, &str), String> {
        let mut all = BTreeMap::new();
        let county = &self.county;
        all.insert(("county", county.area.code()), county.name.clone());
        all.extend(self.places.iter().map(|place| (("place", place.area.code()), place.name.clone())));
        all.extend(self.topics.iter().map(|topic| (("topic", topic.name.as_str()), String::new())));
        let words = [
            ("urgency", &self.urgencies),
            ("channel", &self.channels),
            ("body", &self.bodies),
            ("level", &self.levels),
            ("site_kind", &self.site_kinds),
            ("notice_kind", &self.notice_kinds),
            ("consultation_kind", &self.consultation_kinds),
            ("details.reason", &self.details.reasons),
        ];
        for (section, words) in words {
            all.extend(words.iter().map(|word| ((section, word.name.as_str()), String::new())));
        }
        for state in &self.states {
            let meaning = if state.is_final { "final" } else { "not final" };
            all.insert(("state", &state.name), meaning.to_owned());
        }
        for step in &self.steps {
            let leads = step.to.as_ref().map_or("a step that leads nowhere".into(), |to| format!("a step to {to}"));
            let answers = if step.is_answer { ", an answer" } else { "" };
            let settles = if step.settles { ", settling clashes" } else { "" };
            all.insert(("step", &step.act), format!("{leads}{answers}{settles}"));
        }
        for (word, value) in self.reaction.iter().flat_map(ReactionWords::named) {
            all.insert(("reaction", word), value.to_owned());
        }
        all
    }
}

impl ReactionWords {
    /// Each word by its field.
    fn named(&self) -> Vec<(&'static str, &str)> {
        let withdrawn = self.withdrawn.as_ref().map(|act| ("withdrawn", act.as_str()));
        let words = [
            ("by", &self.by),
            ("evaluated", &self.evaluated),
            ("unsolved", &self.unsolved),
            ("misunderstood", &self.misunderstood),
            ("added", &self.added),
            ("talk", &self.talk),
        ];
        words.map(|(field, word)| (field, word.as_str())).into_iter().chain(withdrawn).collect()
    }
}

/// Whether words that stand in both stand in the same order.
fn keeps_order(before: &[Word], after: &[Word]) -> bool {
    let places: Vec<_> =
        before.iter().filter_map(|word| after.iter().position(|other| other.name == word.name)).collect();
    places.is_sorted()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codebook::tests::SMALL;

    fn succession(from: &str, to: &str) -> Succession {
        assert!(SMALL.contains(from), "{from}");
        let (now, next) = (Codebook::parse(SMALL).unwrap(), Codebook::parse(&SMALL.replacen(from, to, 1)).unwrap());
        now.succession(&next)
    }

    #[test]
    fn a_word_can_be_added_and_what_is_only_said_can_be_said_otherwise() {
        let topic = "[[topic]]\nname = \"养老服务\"\nen = \"Care\"\npicture = \"care\"\n[[state]]";
        assert_eq!(succession("[[state]]", topic), Succession { lost: vec![], added: vec!["topic 养老服务".into()] });
        for (from, to) in
            [("picture = \"road\"", "picture = \"bus\""), ("县里已经收到", "收到了"), ("days = 90", "days = 60")]
        {
            assert_eq!(succession(from, to), Succession::default());
        }
        // A step may become possible in more places.
        let wider =
            succession("from = [\"已答复\"]\nto = \"已销号\"", "from = [\"已答复\", \"已受理\"]\nto = \"已销号\"");
        assert_eq!(wider, Succession::default());
    }

    #[test]
    fn nothing_that_a_record_may_name_goes_away_and_nothing_comes_to_mean_something_else() {
        let lost = |from: &str, to: &str| succession(from, to).lost.join("; ");
        assert!(lost("name = \"道路交通\"", "name = \"道路\"").starts_with("topic 道路交通 is missing"));
        assert_eq!(lost("石桥村", "桥头村"), "place 990101101201 is 石桥村, and would become 桥头村");
        assert!(lost("is_final = true", "owner = \"县\"\ndays = 3").contains("state 已销号 is final"));
        assert!(lost("from = [\"已受理\"]\nto = \"已答复\"", "from = [\"已登记\"]\nto = \"已答复\"").contains("答复"));
        assert!(
            lost("to = \"已受理\"", "to = \"已答复\"").contains("a step to 已受理, and would become a step to 已答复")
        );
        let first = "[[state]]\nname = \"待登记\"\nen = \"New\"\nowner = \"站\"\ndays = 1\nplain = \"等\"\n[[state]]";
        assert!(lost("[[state]]", first).contains("would begin as 待登记"));
    }

    #[test]
    fn the_order_of_words_that_are_a_rank_stays() {
        let ranked = |names: &[&str]| -> Codebook {
            let words = names.iter().map(|name| format!("[[urgency]]\nname = \"{name}\"\nen = \"x\"\n"));
            Codebook::parse(&SMALL.replacen("[[state]]", &(words.collect::<String>() + "[[state]]"), 1)).unwrap()
        };
        let now = ranked(&["特急", "急", "一般"]);
        assert_eq!(now.succession(&ranked(&["特急", "紧急", "急", "一般"])).lost, Vec::<String>::new());
        assert!(now.succession(&ranked(&["急", "特急", "一般"])).lost[0].contains("a rank"));
    }
}
