//! A county that does not exist: its codebook, and what its people might have said. The same seed gives the same bytes.

use civic_core::{
    codebook::{Codebook, Place},
    id::hex,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// The sample codebook, [`Codebook`] as text.
pub const COUNTY: &str = include_str!("../sample/county.toml");
/// What the sample county publishes: file names and files, stations before the deputies who name them.
pub const PUBLISHED: [(&str, &str); 5] = [
    ("stations.toml", include_str!("../sample/publish/stations.toml")),
    ("deputies.toml", include_str!("../sample/publish/deputies.toml")),
    ("notices.toml", include_str!("../sample/publish/notices.toml")),
    ("consultation.toml", include_str!("../sample/publish/consultation.toml")),
    ("vote.toml", include_str!("../sample/publish/vote.toml")),
];
/// The pictures that these files name, which lie beside them.
pub const PICTURES: [(&str, &[u8]); 1] = [("4001.png", include_bytes!("../sample/publish/4001.png"))];
pub(crate) const SPEECH: &str = include_str!("../sample/speech.toml");

/// The first day on which somebody spoke: 2026-04-01, Beijing time.
const FIRST: i64 = 1_774_972_800;
/// Seven months later; nothing in the sample is newer.
const LAST: i64 = FIRST + 214 * DAY;
const DAY: i64 = 86_400;

/// Who took down what.
pub struct Ear<'a> {
    /// The villages whose people speak there.
    pub villages: Vec<&'a Place>,
    /// The ways by which it comes, by the codebook's words.
    pub channels: &'a [&'a str],
    /// The deputy, if one listens.
    pub deputy: Option<&'a str>,
}

/// `count` import lines (their form is in [`civic_core::bulk`]) for what `ear` might have heard.
///
/// # Panics
/// If the sentences beside this file cannot be read, or `ear` names no village or channel.
pub fn lines(codebook: &Codebook, ear: &Ear<'_>, seed: u64, count: usize) -> Vec<String> {
    let speech: Speech = toml::from_str(SPEECH).expect("sample/speech.toml is valid");
    let mut dice = Dice(seed);
    (0..count).map(|_| Teller { codebook, speech: &speech, ear, dice: &mut dice }.line().to_string()).collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Speech {
    surnames: Vec<String>,
    given: Vec<String>,
    spots: Vec<String>,
    groups: Vec<String>,
    since: Vec<String>,
    ends: Vec<String>,
    accept: Vec<String>,
    contact: Vec<String>,
    assign: Vec<String>,
    work: Vec<String>,
    urge: Vec<String>,
    recheck: Vec<String>,
    close: Vec<String>,
    #[serde(rename = "topic")]
    topics: Vec<SpeechTopic>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SpeechTopic {
    name: String,
    bodies: Vec<String>,
    said: Vec<(String, String)>,
    found: Vec<String>,
    answers: Vec<String>,
}

/// Tells one opinion and what became of it.
struct Teller<'a> {
    codebook: &'a Codebook,
    speech: &'a Speech,
    ear: &'a Ear<'a>,
    dice: &'a mut Dice,
}

impl Teller<'_> {
    fn line(&mut self) -> Value {
        let (speech, ear) = (self.speech, self.ear);
        let topic = self.dice.pick(&speech.topics);
        let village = *self.dice.pick(&ear.villages);
        let (title, text) = self.dice.pick(&topic.said);
        let words = self.words();
        let said = format!("{}{}", fill(text, &words), self.dice.pick(&speech.ends));
        let at = FIRST + self.dice.below((LAST - FIRST) as u64) as i64;
        let mut init = Map::new();
        let mut set = |key: &str, value: Value| init.insert(key.to_owned(), value);
        set("kind", json!("意见"));
        set("topic", json!(topic.name));
        set("title", json!(format!("{}{}", village.name, fill(title, &words))));
        set("body", json!(said));
        set("village", json!(village.name));
        if let Some(town) = village.area.parent().and_then(|town| self.codebook.place(&town)) {
            set("town", json!(town.name));
            if let Some(station) = village.station.as_ref().or(town.station.as_ref()) {
                set("station", json!(station));
            }
        }
        set("channel", json!(self.dice.pick(ear.channels)));
        set("urgency", json!(self.urgency()));
        if let Some(deputy) = ear.deputy {
            set("deputy", json!(deputy));
        }
        // One in three speaks without a name, as at a kiosk most people do.
        if self.dice.below(3) > 0 {
            set("submitter", json!(format!("{}{}", self.dice.pick(&speech.surnames), self.dice.pick(&speech.given))));
            set("phone", json!(format!("1000{:07}", self.dice.below(10_000_000))));
        }
        set("created_at", json!(at));
        set("updated_at", json!(at));
        set("timeline", json!([]));
        let id: Vec<u8> = [self.dice.next(), self.dice.next()].iter().flat_map(|word| word.to_be_bytes()).collect();
        json!({"id": hex(&id), "init": init, "steps": self.steps(topic, at, &words)})
    }

    /// What became of it, as far as time and luck allow: every stage of the county's work is the last one of some.
    fn steps(&mut self, topic: &SpeechTopic, filed_at: i64, words: &[(&str, String)]) -> Vec<Value> {
        let speech = self.speech;
        let office = "县人大联络科";
        let listener = self.ear.deputy.unwrap_or("联络站");
        let body = self.dice.pick(&topic.bodies);
        let mut story = Story { at: filed_at, steps: Vec::new() };
        let mut go = |teller: &mut Self, by: &str, act: &str, notes: &[String], extra: Value| {
            let note: &String = teller.dice.pick(notes);
            let note = fill(note, words);
            story.step(teller.dice, by, act, &note, extra)
        };
        let _ = (|| {
            let nothing = || json!({});
            go(self, office, "受理", &speech.accept, nothing())?;
            if self.dice.below(2) == 0 {
                go(self, listener, "走访", &topic.found, nothing())?;
            }
            go(self, office, "交办", &speech.assign, json!({ "office": body }))?;
            for _ in 0..self.dice.below(4) {
                go(self, body, "办理", &speech.work, nothing())?;
            }
            if self.dice.below(5) == 0 {
                go(self, office, "督办", &speech.urge, nothing())?;
                if self.dice.below(2) == 0 {
                    go(self, body, "办理", &speech.work, nothing())?;
                }
            }
            if self.dice.below(3) == 0 {
                go(self, listener, "联系", &speech.contact, nothing())?;
            }
            if self.dice.below(8) == 0 {
                return None;
            }
            go(self, body, "答复", &topic.answers, nothing())?;
            if self.dice.below(6) == 0 {
                go(self, listener, "复核", &speech.recheck, nothing())?;
                go(self, body, "答复", &topic.answers, nothing())?;
            }
            if self.dice.below(2) == 0 {
                return None;
            }
            let satisfaction = 3 + self.dice.below(3);
            go(self, office, "销号", &speech.close, json!({ "satisfaction": satisfaction }))
        })();
        story.steps
    }

    fn urgency(&mut self) -> String {
        // Most matters are ordinary: the last word of the list is drawn about twice in three times.
        let words = &self.codebook.urgencies;
        let place = self.dice.below(words.len() as u64 * 2).min(words.len() as u64 - 1);
        words[place as usize].name.clone()
    }

    fn words(&mut self) -> Vec<(&'static str, String)> {
        let speech = self.speech;
        vec![
            ("{spot}", self.dice.pick(&speech.spots).clone()),
            ("{group}", self.dice.pick(&speech.groups).clone()),
            ("{since}", self.dice.pick(&speech.since).clone()),
            ("{n}", (20 + self.dice.below(30) * 10).to_string()),
            ("{homes}", (6 + self.dice.below(40)).to_string()),
            ("{month}", (10 + self.dice.below(3)).to_string()),
            ("{day}", (3 + self.dice.below(25)).to_string()),
        ]
    }
}

/// The timeline as it grows.
struct Story {
    at: i64,
    steps: Vec<Value>,
}

impl Story {
    /// One more step, days later; `None` once that would lie beyond the sample's last day.
    fn step(&mut self, dice: &mut Dice, by: &str, act: &str, note: &str, set: Value) -> Option<()> {
        self.at += DAY / 8 + dice.below(16 * DAY as u64) as i64;
        if self.at > LAST {
            return None;
        }
        let at = self.at;
        let push = json!({"at": at, "by": by, "act": act, "note": note});
        let mut fields = Map::from_iter([("updated_at".to_owned(), json!(at))]);
        fields.extend(set.as_object().cloned().unwrap_or_default());
        self.steps.push(json!({"by": by, "t": at, "set": fields, "push": push}));
        Some(())
    }
}

fn fill(template: &str, words: &[(&str, String)]) -> String {
    words.iter().fold(template.to_owned(), |text, (slot, word)| text.replace(slot, word))
}

/// SplitMix64 (Steele, Lea and Flood 2014): a few lines, and the same on every machine.
pub struct Dice(pub u64);

impl Dice {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; the bias of the remainder does not matter to a story.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// One of `items`.
    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len() as u64) as usize]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use civic_core::{
        bulk::Record,
        document::Stamp,
        id::Actor,
        opinion::{self, Field, Opinion},
        publication::Publication,
        ticket::Ticket,
        workflow,
    };

    use super::*;

    fn heard(seed: u64, count: usize) -> (Codebook, Vec<String>) {
        let codebook = Codebook::parse(COUNTY).unwrap();
        let villages = codebook.places.iter().filter(|place| place.area.code().len() == 12).collect();
        let lines = lines(
            &codebook,
            &Ear { villages, channels: &["自助终端", "代表走访"], deputy: Some("周启明") },
            seed,
            count,
        );
        (codebook, lines)
    }

    #[test]
    fn the_sample_codebook_reads_and_says_something_in_every_place() {
        let codebook = Codebook::parse(COUNTY).unwrap();
        assert_eq!(codebook.first_state(), "已登记");
        assert_eq!(codebook.places.iter().filter(|place| place.area.code().len() == 12).count(), 16);
        assert!(codebook.topics.iter().all(|topic| (4..=6).contains(&topic.phrases.len())));
        assert!(codebook.steps.iter().any(|step| step.is_answer) && codebook.steps.iter().any(|step| step.settles));
    }

    #[test]
    fn every_file_that_the_sample_publishes_reads_strictly_and_asks_in_every_way() {
        let codebook = Codebook::parse(COUNTY).unwrap();
        let mut stations = BTreeSet::new();
        let mut types = BTreeSet::new();
        for (name, text) in PUBLISHED {
            let picture =
                |name: &str| PICTURES.iter().find(|(known, _)| *known == name).map(|(_, png)| png.to_vec()).ok_or(());
            let whole = Publication::with_pictures(text, picture).expect("every picture is there");
            let read = Publication::parse(&whole, &codebook, &stations);
            let publication = read.unwrap_or_else(|bad| panic!("{name}: {bad}"));
            assert!(!publication.is_empty(), "{name}");
            stations.extend(publication.stations.iter().map(|station| station.key.clone()));
            let questions = publication.consultations.iter().flat_map(|consultation| &consultation.questions);
            types.extend(questions.map(|question| format!("{:?}", question.asks)));
        }
        assert_eq!(types.len(), 8);
        let matter = include_str!("../sample/publish/matter.toml");
        let example: String = matter
            .lines()
            .skip_while(|line| *line != "# [[matter]]")
            .map(|line| line.replacen("# ", "", 1) + "\n")
            .collect();
        let ticket = Ticket::new(1, 23_456).unwrap().to_string();
        let example = example.replace("0001 2345 67", &ticket);
        assert_eq!(Publication::parse(&example, &codebook, &stations).unwrap().matters.len(), 1);
    }

    #[test]
    fn the_same_seed_tells_the_same_county() {
        assert_eq!(heard(7, 50).1, heard(7, 50).1);
        assert_ne!(heard(7, 50).1, heard(8, 50).1);
    }

    #[test]
    fn every_sentence_is_whole_and_fits_the_codebook() {
        let (codebook, lines) = heard(1, 400);
        let topics: BTreeSet<_> = codebook.topics.iter().map(|topic| topic.name.as_str()).collect();
        let mut seen = BTreeSet::new();
        for line in &lines {
            let record = Record::parse(line).unwrap();
            assert!(!record.new.body.contains(['{', '}', '⟦']));
            assert!(record.contact.phone.is_empty() || record.contact.phone.starts_with("1000"));
            let topic = &record.new.fields[&Field::Topic];
            assert!(topics.contains(topic.as_str()), "{topic}");
            seen.insert(topic.clone());
        }
        assert_eq!(seen.len(), topics.len());
    }

    #[test]
    fn every_timeline_follows_the_countys_rules_and_every_state_occurs() {
        let (codebook, lines) = heard(2, 400);
        let mut states = BTreeSet::new();
        for (number, line) in lines.iter().enumerate() {
            let record = Record::parse(line).unwrap();
            let actor = Actor::new([1; 16]);
            let ticket = Ticket::new(1, number as u32);
            let new = opinion::NewOpinion { ticket, ..record.new.clone() };
            let (mut document, _) = opinion::file(actor, &record.stamp, &new).unwrap();
            for (stamp, edit) in &record.edits {
                let read = Opinion::read(&document).unwrap();
                let standing = workflow::fold(&codebook, &read);
                if let Some(step) = &edit.step {
                    workflow::check(&codebook, &standing.state, step, |_| true).unwrap();
                }
                let stamp = Stamp::new(stamp.by.clone(), stamp.at);
                opinion::edit(&mut document, actor, &stamp, edit).unwrap();
            }
            states.insert(workflow::fold(&codebook, &Opinion::read(&document).unwrap()).state);
        }
        let all: BTreeSet<_> = codebook.states.iter().map(|state| state.name.clone()).collect();
        assert_eq!(states, all);
    }
}
