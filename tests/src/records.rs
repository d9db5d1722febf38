//! Records by the thousand, as a county measures its machines with: long texts, contacts, and as many changes as years of
//! work leave. The words are drawn by lot and make no sense. The same seed gives the same bytes.
//!
//! What people read on the desk and in the stories comes from [`crate::sample`] instead.

use civic_core::{
    codebook::{Codebook, Place},
    id::hex,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::sample::{Dice, SPEECH};

const WORDS: &str = include_str!("../sample/records.toml");

/// Shortest and longest text, in characters.
const BODY_CHARS: std::ops::RangeInclusive<u64> = 80..=300;
/// Most steps of one record; each is a change, and so is the first text.
const STEPS_MAX: usize = 29;
/// Of a hundred records that have gone so far, so many go one step further; 9.9 changes a record come of it.
const GOES_ON: u64 = 83;
/// The first second in which anybody spoke: 2025-01-01, Beijing time.
const FIRST: i64 = 1_735_660_800;
/// The widest gap between two steps, seconds.
const GAP_S: u64 = 400_000;

/// Gives import lines (their form is in [`civic_core::bulk`]) without end.
pub struct Records {
    words: Words,
    /// The characters of the sample county's speech, each as often as it occurs there.
    characters: Vec<char>,
    places: Vec<(String, String, String)>,
    topics: Vec<String>,
    urgencies: Vec<String>,
    channels: Vec<String>,
    bodies: Vec<String>,
    dice: Dice,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    who: Vec<String>,
    how: Vec<String>,
    did: Vec<String>,
    things: Vec<String>,
    troubles: Vec<String>,
    since: Vec<String>,
    ends: Vec<String>,
    wishes: Vec<String>,
    units: Vec<String>,
}

impl Records {
    /// Records of these villages.
    ///
    /// # Panics
    /// If the words beside this file cannot be read.
    pub fn new(codebook: &Codebook, villages: &[&Place], seed: u64) -> Self {
        let town_of = |village: &Place| village.area.parent().and_then(|town| codebook.place(&town));
        Self {
            words: toml::from_str(WORDS).expect("sample/records.toml is valid"),
            characters: SPEECH.chars().filter(|letter| ('\u{4e00}'..='\u{9fff}').contains(letter)).collect(),
            places: villages
                .iter()
                .zip(1..)
                .map(|(village, number)| {
                    let town = town_of(village).map(|town| town.name.clone()).unwrap_or_default();
                    (town, village.name.clone(), format!("st-{number:02}"))
                })
                .collect(),
            topics: codebook.topics.iter().map(|topic| topic.name.clone()).collect(),
            urgencies: codebook.urgencies.iter().map(|urgency| urgency.name.clone()).collect(),
            channels: codebook.channels.iter().map(|channel| channel.name.clone()).collect(),
            bodies: codebook.bodies.iter().map(|body| body.name.clone()).collect(),
            dice: Dice(seed),
        }
    }

    /// What somebody wrote beside a step.
    pub fn note(&mut self) -> String {
        self.text(12, 40)
    }

    fn record(&mut self) -> Value {
        let (town, village, station) = self.dice.pick(&self.places).clone();
        let id: Vec<u8> = [self.dice.next(), self.dice.next()].iter().flat_map(|word| word.to_be_bytes()).collect();
        let at = FIRST + self.dice.below(GAP_S) as i64;
        let deputy = format!("dep-{:03}", self.dice.below(320));
        let trouble = self.dice.pick(&self.words.troubles).clone();
        let init = json!({
            "kind": "意见", "topic": self.dice.pick(&self.topics), "title": format!("{village}{trouble}"),
            "body": self.text(*BODY_CHARS.start(), *BODY_CHARS.end()), "town": town, "village": village,
            "station": station, "channel": self.dice.pick(&self.channels), "submitter": self.name(),
            "phone": format!("1000{:07}", self.dice.below(10_000_000)), "deputy": deputy, "status": "已登记",
            "created_at": at, "updated_at": at, "urgency": self.dice.pick(&self.urgencies), "timeline": [],
        });
        json!({"id": hex(&id), "init": init, "steps": self.steps(&station, &deputy, at)})
    }

    /// Accepted and assigned, then whatever comes, for as long as the dice will.
    fn steps(&mut self, station: &str, deputy: &str, filed_at: i64) -> Vec<Value> {
        let mut steps = Vec::new();
        let mut at = filed_at;
        let office = format!("office-{:02}", 1 + self.dice.below(20));
        while steps.len() < STEPS_MAX && (steps.len() < 4 || self.dice.below(100) < GOES_ON) {
            at += 1_800 + self.dice.below(GAP_S) as i64;
            let by = [station, deputy, &office][self.dice.below(3) as usize];
            let (act, set) = match steps.len() {
                0 => ("受理", json!({"status": "已受理"})),
                1 => ("交办", json!({"status": "已交办", "office": self.dice.pick(&self.bodies)})),
                _ => match self.dice.below(9) {
                    0 => {
                        let place = self.dice.below(*BODY_CHARS.start());
                        let set = Map::from_iter([("updated_at".to_owned(), json!(at))]);
                        steps.push(json!({"by": by, "t": at, "set": set, "ins": [place, self.text(6, 20)]}));
                        continue;
                    }
                    1 => ("答复", json!({"status": "已答复"})),
                    2 => ("督办", json!({"status": "跟踪督办"})),
                    3 => ("补充说明", json!({"satisfaction": 1 + self.dice.below(5)})),
                    4 | 5 => ("走访", json!({"status": "办理中"})),
                    6 => ("联系", json!({"status": "办理中"})),
                    _ => ("办理", json!({"status": "办理中"})),
                },
            };
            let mut set = set.as_object().cloned().unwrap_or_default();
            set.insert("updated_at".to_owned(), json!(at));
            let push = json!({"at": at, "by": by, "act": act, "note": self.note()});
            steps.push(json!({"by": by, "t": at, "set": set, "push": push}));
        }
        steps
    }

    /// Clauses put together until there are enough characters; cut there, as people are cut short.
    fn text(&mut self, chars_min: u64, chars_max: u64) -> String {
        let wanted = (chars_min + self.dice.below(chars_max - chars_min + 1)) as usize;
        let mut text = String::new();
        while text.chars().count() < wanted {
            let clause = self.clause();
            text.push_str(&clause);
            text.push_str(["。", "，", "；", "！"][self.dice.below(4) as usize]);
        }
        text.chars().take(wanted).collect()
    }

    fn clause(&mut self) -> String {
        let (first, second) = (self.noise(), self.noise());
        let (name, number) = (self.name(), 2 + self.dice.below(400));
        let Self { words, dice, places, .. } = self;
        let (who, how, did) = (dice.pick(&words.who), dice.pick(&words.how), dice.pick(&words.did));
        let (thing, end) = (dice.pick(&words.things), dice.pick(&words.ends));
        match dice.below(8) {
            0 => format!("{}{}{}，{end}", dice.pick(places).1, dice.pick(&words.since), dice.pick(&words.troubles)),
            1 => dice.pick(&words.wishes).clone(),
            2 => format!("{name}说{who}{how}{did}{first}的事，{end}"),
            3 => format!("{who}{how}{did}了{thing}和{first}，涉及{number}{}", dice.pick(&words.units)),
            4 => format!("{first}{thing}，大约{number}{}，{second}{did}", dice.pick(&words.units)),
            5 => format!("{who}{how}{did}了{first}情况，{second}"),
            6 => format!("{first}，{thing}{second}"),
            _ => format!("{who}{how}{did}{thing}"),
        }
    }

    /// Some characters in a row that nobody would say.
    fn noise(&mut self) -> String {
        let length = 2 + self.dice.below(5);
        (0..length).map(|_| *self.dice.pick(&self.characters)).collect()
    }

    fn name(&mut self) -> String {
        let length = 2 + self.dice.below(2);
        (0..length).map(|_| *self.dice.pick(&self.characters)).collect()
    }
}

impl Iterator for Records {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        Some(self.record().to_string())
    }
}

#[cfg(test)]
mod tests {
    use civic_core::bulk::Record;

    use super::*;
    use crate::sample::COUNTY;

    fn records(seed: u64, count: usize) -> Vec<String> {
        let codebook = Codebook::parse(COUNTY).unwrap();
        let villages: Vec<_> = codebook.places.iter().filter(|place| place.area.code().len() == 12).collect();
        Records::new(&codebook, &villages, seed).take(count).collect()
    }

    #[test]
    fn the_same_seed_gives_the_same_records() {
        assert_eq!(records(7, 20), records(7, 20));
        assert_ne!(records(7, 20), records(8, 20));
    }

    #[test]
    fn records_are_as_long_and_as_often_changed_as_the_workload_says() {
        let records: Vec<_> = records(1, 1_000).iter().map(|line| Record::parse(line).unwrap()).collect();
        assert!(records.iter().all(|record| BODY_CHARS.contains(&(record.new.body.chars().count() as u64))));
        assert!(records.iter().all(|record| !record.contact.name.is_empty() && record.contact.phone.len() == 11));
        assert!(records.iter().all(|record| (5..=30).contains(&(1 + record.edits.len()))));
        let changes: usize = records.iter().map(|record| 1 + record.edits.len()).sum();
        assert!((9_400..10_400).contains(&changes), "{changes} changes in a thousand records");
    }
}
