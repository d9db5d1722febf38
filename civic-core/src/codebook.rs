//! The codebook: a county's own words and rules, as data. Vocabulary is data; mechanism is code.
//!
//! It is written as TOML (a commented one stands at `tests/sample/county.toml`), checked once by [`Codebook::parse`],
//! and given to every device when it is enrolled. A newer edition may take its place if [`Codebook::succession`] has
//! nothing against it.

pub mod succession;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{access::operator::OperatorRole, area::Area, detail::DetailRules};

/// Everything a county decides for itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Codebook {
    /// The county.
    pub county: County,
    /// Its townships and villages.
    #[serde(default, rename = "place")]
    pub places: Vec<Place>,
    /// What an opinion can be about 类别.
    #[serde(rename = "topic")]
    pub topics: Vec<Topic>,
    /// How pressing it is 紧急程度, most pressing first.
    #[serde(default, rename = "urgency")]
    pub urgencies: Vec<Word>,
    /// By which way it came 渠道.
    #[serde(default, rename = "channel")]
    pub channels: Vec<Word>,
    /// Who handles it 承办单位.
    #[serde(default, rename = "body")]
    pub bodies: Vec<Word>,
    /// Where it stands 状态; the first is where every opinion begins.
    #[serde(rename = "state")]
    pub states: Vec<State>,
    /// What can be done with it 步骤.
    #[serde(rename = "step")]
    pub steps: Vec<StepRule>,
    /// The steps by which people at a kiosk answer back; without them a kiosk does not ask.
    #[serde(default)]
    pub reaction: Option<ReactionWords>,
    /// Of which congress a deputy can be 五级人大, the highest first.
    #[serde(default, rename = "level")]
    pub levels: Vec<Word>,
    /// What a station can be 家站点.
    #[serde(default, rename = "site_kind")]
    pub site_kinds: Vec<Word>,
    /// What a notice can be 公示.
    #[serde(default, rename = "notice_kind")]
    pub notice_kinds: Vec<Word>,
    /// What people can be consulted on 征求对象.
    #[serde(default, rename = "consultation_kind")]
    pub consultation_kinds: Vec<Word>,
    /// For what personal details are opened, and how long they are kept.
    #[serde(default)]
    pub details: DetailRules,
    /// How long the hub keeps what it notes of who did what.
    #[serde(default)]
    pub audit: AuditRule,
    /// How long devices seal to one key, and the hub keeps it after that.
    #[serde(default)]
    pub keys: KeyRule,
}

/// How long devices seal to one key, and how long the hub waits for those that do not say that they are past it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyRule {
    /// An epoch, in days.
    pub epoch_days: u16,
    /// How long a key is kept after its epoch before silent devices are handled by hand, in days.
    pub kept_days: u16,
}

impl Default for KeyRule {
    fn default() -> Self {
        Self { epoch_days: 30, kept_days: 90 }
    }
}

/// How long the log of who did what stays at hand; older days are archived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditRule {
    /// In days.
    pub days: u16,
}

/// Six months are up to 184 days.
const AUDIT_DAYS_MIN: u16 = 184;

impl Default for AuditRule {
    fn default() -> Self {
        Self { days: 200 }
    }
}

/// The acts of the steps by which people at a kiosk answer back. Only they take them: no form offers them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReactionWords {
    /// As whom: nobody is asked for a name.
    pub by: String,
    /// The person has said what they think of the answer; they may say so in the states that its step is `from`.
    pub evaluated: String,
    /// The same, and it is not solved: this starts the recheck.
    pub unsolved: String,
    /// It was understood otherwise than it was meant.
    pub misunderstood: String,
    /// The person has added something.
    pub added: String,
    /// The nature 性质 of an opinion by which somebody asks to talk to a deputy. A word, not a step.
    pub talk: String,
    /// The person has taken back their name and number. In a county without a word for it the hub is told all the same.
    #[serde(default)]
    pub withdrawn: Option<String>,
}

/// The county itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct County {
    /// Its name, 青禾县.
    pub name: String,
    /// The same in English.
    pub en: String,
    /// Its six digits.
    pub area: Area,
}

/// A word of the county with its English.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Word {
    /// The word in Chinese; also its key in every record.
    pub name: String,
    /// The same in English.
    pub en: String,
}

/// A township or village.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Its code.
    pub area: Area,
    /// Its name.
    pub name: String,
    /// The same in English.
    pub en: String,
    /// The liaison station 联络站 that stands there, if one does.
    #[serde(default)]
    pub station: Option<String>,
    /// Its people's own names for its groups 村民小组 and places, to say by touch where something is so.
    #[serde(default)]
    pub spots: Vec<String>,
}

/// What an opinion can be about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topic {
    /// The word in Chinese; also its key in every record.
    pub name: String,
    /// The same in English.
    pub en: String,
    /// The picture a kiosk draws for it; a kiosk that does not know it draws the one for `other`.
    pub picture: String,
    /// Sentences people often begin with, to compose by touch.
    #[serde(default)]
    pub phrases: Vec<String>,
}

/// Where an opinion can stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// The word in Chinese; also its key in every record.
    pub name: String,
    /// The same in English.
    pub en: String,
    /// Who must act next, as people say it; no state is without an owner unless it is final.
    #[serde(default)]
    pub owner: Option<String>,
    /// Within how many days after the hub learnt of it.
    #[serde(default)]
    pub days: Option<u16>,
    /// Whether nothing more is owed.
    #[serde(default)]
    pub is_final: bool,
    /// What the person who spoke reads on the slip, in plain words.
    pub plain: String,
}

/// What can be done with an opinion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepRule {
    /// The act in Chinese; also its key in every record.
    pub act: String,
    /// The same in English.
    pub en: String,
    /// The states in which it may be done; none named means every state that is not final.
    #[serde(default)]
    pub from: Vec<String>,
    /// The state that follows; none named means that the state stays.
    #[serde(default)]
    pub to: Option<String>,
    /// What the person who does it must give.
    #[serde(default)]
    pub asks: Vec<Ask>,
    /// Whether its note is the answer 答复 to the person who spoke.
    #[serde(default)]
    pub is_answer: bool,
    /// Whether it settles clashes that came before it.
    #[serde(default)]
    pub settles: bool,
    /// Which operators at the hub may take it; none named means those of [`Codebook::takers`].
    #[serde(default)]
    pub by: Vec<OperatorRole>,
}

/// What a step may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ask {
    /// A sentence: a reason, a finding, the answer.
    Note,
    /// The handling body.
    Body,
    /// The topic.
    Topic,
    /// How pressing it is.
    Urgency,
}

/// Longest codebook file.
pub const CODEBOOK_LEN_MAX: usize = 256 * 1024;

/// Why a codebook cannot be used; the sentence names the place.
#[derive(Debug, thiserror::Error)]
pub enum BadCodebook {
    /// Not TOML of this shape.
    #[error("the county file cannot be read: {0}")]
    Shape(String),
    /// It contradicts itself.
    #[error("the county file contradicts itself: {0}")]
    Rule(String),
}

impl Codebook {
    /// Reads and checks a codebook.
    pub fn parse(text: &str) -> Result<Self, BadCodebook> {
        if text.len() > CODEBOOK_LEN_MAX {
            return Err(BadCodebook::Shape(format!("it is longer than {CODEBOOK_LEN_MAX} bytes")));
        }
        let codebook: Codebook = toml::from_str(text).map_err(|error| BadCodebook::Shape(error.to_string()))?;
        codebook.check().map_err(BadCodebook::Rule)?;
        Ok(codebook)
    }

    fn check(&self) -> Result<(), String> {
        let states: BTreeSet<_> = self.states.iter().map(|state| state.name.as_str()).collect();
        if self.states.is_empty() || self.topics.is_empty() {
            return Err("it needs at least one [[topic]] and one [[state]]".into());
        }
        unique("[[state]] name", self.states.iter().map(|state| &state.name))?;
        unique("[[topic]] name", self.topics.iter().map(|topic| &topic.name))?;
        unique("[[step]] act", self.steps.iter().map(|step| &step.act))?;
        for state in &self.states {
            if !state.is_final && (state.owner.is_none() || state.days.is_none()) {
                return Err(format!("state {} needs an owner and days, or is_final = true", state.name));
            }
        }
        for step in &self.steps {
            if let Some(unknown) = step.from.iter().chain(&step.to).find(|state| !states.contains(state.as_str())) {
                return Err(format!("step {} names the unknown state {unknown}", step.act));
            }
            if step.is_answer && !step.asks.contains(&Ask::Note) {
                return Err(format!("step {} is an answer, so it must ask for a note", step.act));
            }
        }
        if self.keys.epoch_days == 0 || self.keys.kept_days < self.keys.epoch_days {
            return Err(
                "[keys] epoch_days must be at least 1, and kept_days no less: a device may be without a road so long"
                    .into(),
            );
        }
        if self.audit.days < AUDIT_DAYS_MIN {
            return Err(format!("[audit] days must be at least {AUDIT_DAYS_MIN}: six months, which the law asks for"));
        }
        for act in self.reaction.iter().flat_map(ReactionWords::acts) {
            if self.step(act).is_none() {
                return Err(format!("[reaction] names the unknown step {act}"));
            }
        }
        for topic in &self.details.two_persons {
            if self.topics.iter().all(|known| known.name != *topic) {
                return Err(format!("[details] two_persons names the unknown topic {topic}"));
            }
        }
        unique("[[details.reason]] name", self.details.reasons.iter().map(|reason| &reason.name))?;
        for place in &self.places {
            if !self.county.area.covers(&place.area) {
                return Err(format!("{} {} does not lie in {}", place.name, place.area, self.county.area));
            }
        }
        Ok(())
    }

    /// The state in which every opinion begins.
    pub fn first_state(&self) -> &str {
        self.states.first().map_or("", |state| state.name.as_str())
    }

    /// The state of this name.
    pub fn state(&self, name: &str) -> Option<&State> {
        self.states.iter().find(|state| state.name == name)
    }

    /// The rule of this act.
    pub fn step(&self, act: &str) -> Option<&StepRule> {
        self.steps.iter().find(|step| step.act == act)
    }

    /// Which operators may take this step: those it names, and otherwise those to whom such a step belongs. Words end with
    /// a reviewer; what only tells of work is anybody's who works with opinions.
    pub fn takers(&self, rule: &StepRule) -> Vec<OperatorRole> {
        use OperatorRole::{Body, Clerk, Deputy, Reviewer, Supervisor};
        let is_last = rule.to.as_ref().and_then(|to| self.state(to)).is_some_and(|state| state.is_final);
        if !rule.by.is_empty() {
            rule.by.clone()
        } else if rule.settles || is_last {
            vec![Reviewer]
        } else if rule.is_answer {
            vec![Reviewer, Body]
        } else if rule.asks.iter().any(|ask| matches!(ask, Ask::Body | Ask::Topic | Ask::Urgency)) {
            vec![Clerk, Reviewer]
        } else {
            vec![Clerk, Reviewer, Body, Deputy, Supervisor]
        }
    }

    /// Whether a step of this act is one that only the person who spoke takes.
    pub fn is_reaction(&self, act: &str) -> bool {
        self.reaction.as_ref().is_some_and(|words| words.acts().contains(&act))
    }

    /// The place of this code.
    pub fn place(&self, area: &Area) -> Option<&Place> {
        self.places.iter().find(|place| place.area == *area)
    }

    /// The villages (places of twelve digits) inside any of `areas`.
    pub fn villages_in<'a>(&'a self, areas: &'a [Area]) -> impl Iterator<Item = &'a Place> {
        self.places
            .iter()
            .filter(|place| place.area.code().len() == 12 && areas.iter().any(|area| area.covers(&place.area)))
    }
}

impl ReactionWords {
    fn acts(&self) -> Vec<&str> {
        let all = [&self.evaluated, &self.unsolved, &self.misunderstood, &self.added];
        all.into_iter().chain(&self.withdrawn).map(String::as_str).collect()
    }
}

fn unique<'a>(what: &str, names: impl Iterator<Item = &'a String>) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(format!("{what} {name} stands twice"));
        }
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A small codebook for the tests of this crate.
    pub(crate) const SMALL: &str = r#"
[county]
name = "青禾县"
en = "Qinghe County"
area = "990101"
[[place]]
area = "990101101201"
name = "石桥村"
en = "Shiqiao"
[[topic]]
name = "道路交通"
en = "Roads"
picture = "road"
[[state]]
name = "已登记"
en = "Registered"
owner = "联络站"
days = 3
plain = "县里已经收到"
[[state]]
name = "已受理"
en = "Accepted"
owner = "承办单位"
days = 90
plain = "已经受理"
[[state]]
name = "已答复"
en = "Answered"
owner = "联络站"
days = 30
plain = "已经答复"
[[state]]
name = "复核中"
en = "Under recheck"
owner = "县人大联络科"
days = 15
plain = "正在重新核实"
[[state]]
name = "已销号"
en = "Closed"
is_final = true
plain = "已经办结"
[[step]]
act = "受理"
en = "Accept"
from = ["已登记"]
to = "已受理"
[[step]]
act = "退回"
en = "Return"
from = ["已登记"]
to = "已登记"
asks = ["note"]
[[step]]
act = "答复"
en = "Answer"
from = ["已受理"]
to = "已答复"
asks = ["note"]
is_answer = true
[[step]]
act = "销号"
en = "Close"
from = ["已答复"]
to = "已销号"
[[step]]
act = "裁定"
en = "Settle"
asks = ["note"]
settles = true
[[step]]
act = "走访"
en = "Visit"
[[step]]
act = "评价"
en = "Evaluate"
from = ["已答复", "已销号"]
[[step]]
act = "要求复核"
en = "Ask for a recheck"
from = ["已答复"]
to = "复核中"
[[step]]
act = "不是这个意思"
en = "Not what was meant"
[[step]]
act = "群众补充"
en = "Add"
[[step]]
act = "收回姓名电话"
en = "Details taken back"
[reaction]
by = "群众"
evaluated = "评价"
unsolved = "要求复核"
misunderstood = "不是这个意思"
added = "群众补充"
talk = "约见代表"
withdrawn = "收回姓名电话"
[[level]]
name = "县人大代表"
en = "County congress"
"#;

    #[test]
    fn a_step_that_names_no_takers_belongs_to_those_whose_work_it_is() {
        use OperatorRole::{Body, Clerk, Reviewer};
        let codebook = Codebook::parse(SMALL).unwrap();
        let takers = |act: &str| codebook.takers(codebook.step(act).unwrap());
        assert_eq!(takers("销号"), [Reviewer]);
        assert_eq!(takers("裁定"), [Reviewer]);
        assert_eq!(takers("答复"), [Reviewer, Body]);
        assert!(takers("走访").contains(&OperatorRole::Deputy) && !takers("走访").contains(&OperatorRole::Auditor));
        let named = Codebook::parse(&SMALL.replace("act = \"走访\"", "act = \"走访\"\nby = [\"clerk\"]")).unwrap();
        assert_eq!(named.takers(named.step("走访").unwrap()), [Clerk]);
    }

    #[test]
    fn a_codebook_that_contradicts_itself_is_refused_with_the_place() {
        assert!(Codebook::parse(SMALL).is_ok());
        let refused = |text: String| Codebook::parse(&text).unwrap_err().to_string();
        assert!(refused(SMALL.replace("to = \"已销号\"", "to = \"已消失\"")).contains("已消失"));
        assert!(refused(SMALL.replace("days = 3\n", "")).contains("已登记"));
        assert!(refused(SMALL.replace("act = \"走访\"", "act = \"受理\"")).contains("stands twice"));
        assert!(refused(SMALL.replace("added = \"群众补充\"", "added = \"加一句\"")).contains("[reaction]"));
        assert!(refused(format!("{SMALL}[details]\ntwo_persons = [\"天上\"]\n")).contains("天上"));
        assert!(Codebook::parse(&format!("{SMALL}[details.keep]\ncontact = 30\n")).is_ok());
        assert!(refused(format!("{SMALL}[audit]\ndays = 30\n")).contains("184"));
        assert!(refused(format!("{SMALL}[keys]\nepoch_days = 30\nkept_days = 9\n")).contains("kept_days"));
        assert!(refused("colour = 1".into()).contains("county file"));
    }
}
