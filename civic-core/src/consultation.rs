//! A consultation 征求民意: a draft, article by article, and questions of every type.
//!
//! An article is answered by agreeing, disagreeing, or speaking; a question by what its type asks for. No question must be
//! answered: whoever passes one over has said so.

use serde::{Deserialize, Serialize};

use crate::{
    area::Area,
    codebook::Codebook,
    document::Kind,
    id::hex,
    published::{self, Published, TEXT_CHARS_MAX, TITLE_CHARS_MAX},
    response::{Answer, OwnWords, WORDS_CHARS_MAX},
    time::Period,
};

/// Most articles of one draft; a longer one is published in parts.
pub const ARTICLES_MAX: usize = 60;
/// Most questions of one consultation: who stands before a screen answers no more.
pub const QUESTIONS_MAX: usize = 20;
/// Most choices of one question: what one screen shows large enough.
pub const CHOICES_MAX: usize = 12;
/// Most faces beside each other.
pub const FACES_MAX: usize = 5;
/// The highest end of a scale; the lowest is always 1.
pub const SCALE_MAX: u16 = 10;
/// Longest recording of one answer, seconds.
pub const RECORDING_SECONDS_MAX: u16 = 180;
/// All words of one consultation together, in characters: one change of a document holds no more.
pub const WHOLE_CHARS_MAX: usize = 16_000;

/// A consultation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Consultation {
    /// The name by which publishing it again finds it again.
    pub key: String,
    /// What is consulted on 征求对象, by the codebook's word; may be empty.
    pub kind: String,
    /// 标题
    pub title: String,
    /// What it is about and what becomes of the answers, as it is read aloud.
    pub intro: String,
    /// Who asks.
    pub by: String,
    /// Who is asked.
    pub areas: Vec<Area>,
    /// When it can be answered.
    pub open: Period,
    /// The draft, if there is one.
    #[serde(rename = "article")]
    pub articles: Vec<Article>,
    /// The questions, if there are any.
    #[serde(rename = "question")]
    pub questions: Vec<Question>,
    /// Taken back.
    pub withdrawn: bool,
}

/// One article of a draft 条款.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Article {
    /// Its name in every response; keep it when the wording changes.
    pub key: String,
    /// 第三条
    pub title: String,
    /// Its words.
    pub text: String,
}

impl Article {
    /// Names its present wording, so that what is said of it stays with the words it was said of.
    pub fn edition(&self) -> String {
        hex(&blake3::hash(self.text.as_bytes()).as_bytes()[..4])
    }
}

/// A question.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Question {
    /// Its name in every response; keep it when the wording changes.
    pub key: String,
    /// What it asks for.
    #[serde(rename = "type")]
    pub asks: Asks,
    /// Its words.
    pub text: String,
    /// What can be chosen: the words are also the keys in every response. For faces from the happiest to the saddest.
    pub choices: Vec<String>,
    /// How many may be chosen or ranked, the end of a scale, the most characters or seconds; 0 leaves it to the type.
    pub most: u16,
    /// What the low end of a scale means.
    pub low: String,
    /// What the high end of a scale means.
    pub high: String,
}

/// The types of question.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Asks {
    /// One of several choices.
    Single,
    /// Some of several choices.
    Multiple,
    /// One of a few faces.
    Faces,
    /// A number from 1 on.
    Scale,
    /// Choices in order, the dearest first.
    Rank,
    /// One of several places.
    Place,
    /// Written words; whoever would rather speak, speaks.
    Text,
    /// Spoken words; whoever would rather write, or finds no microphone, writes.
    Voice,
    /// Of a newer program: passed over.
    #[default]
    #[serde(other)]
    Unknown,
}

impl Question {
    /// How many may be chosen or ranked, the end of a scale, the most characters or seconds.
    pub fn most(&self) -> usize {
        let given = usize::from(self.most);
        match self.asks {
            Asks::Single | Asks::Faces | Asks::Place => 1,
            Asks::Multiple | Asks::Rank if given == 0 => self.choices.len(),
            Asks::Scale if given == 0 => 5,
            Asks::Text if given == 0 => WORDS_CHARS_MAX,
            Asks::Voice if given == 0 => 60,
            Asks::Multiple | Asks::Rank | Asks::Scale | Asks::Text | Asks::Voice => given,
            Asks::Unknown => 0,
        }
    }

    /// Most characters of written words.
    pub fn characters_most(&self) -> usize {
        if self.asks == Asks::Text { self.most() } else { WORDS_CHARS_MAX }
    }

    /// Most seconds of spoken words.
    pub fn seconds_most(&self) -> usize {
        if self.asks == Asks::Voice { self.most() } else { RECORDING_SECONDS_MAX.into() }
    }

    /// Whether `answer` is one to this question; the reason is for whoever made the form.
    pub fn take(&self, answer: &Answer) -> Result<(), &'static str> {
        match (self.asks, answer) {
            (Asks::Single | Asks::Multiple | Asks::Faces | Asks::Rank | Asks::Place, Answer::Chosen(chosen)) => {
                let is_known = chosen.iter().all(|choice| self.choices.contains(choice));
                let is_once = (1..chosen.len()).all(|place| !chosen[..place].contains(&chosen[place]));
                match chosen.len() {
                    0 => Err("nothing was chosen"),
                    count if count > self.most() => Err("too many were chosen"),
                    _ if !is_known => Err("it is not one of the choices"),
                    _ if !is_once => Err("one was chosen twice"),
                    _ => Ok(()),
                }
            }
            (Asks::Scale, Answer::Number(number)) if (1..=self.most()).contains(&usize::from(*number)) => Ok(()),
            (Asks::Scale, Answer::Number(_)) => Err("it lies beyond the scale"),
            (
                Asks::Text | Asks::Voice,
                Answer::Words(_) | Answer::Spoken(_) | Answer::Both { .. } | Answer::Drawn { .. },
            ) => {
                let OwnWords { words, recording, ink } = answer.own_words();
                let characters = words.trim().chars().count();
                let seconds = recording.map_or(0, |recording| usize::from(recording.seconds));
                if characters > self.characters_most() || seconds > self.seconds_most() {
                    return Err("it is too long");
                }
                let is_empty = characters == 0 && recording.is_none() && ink.is_none();
                if is_empty { Err("it is empty") } else { Ok(()) }
            }
            (
                Asks::Single
                | Asks::Multiple
                | Asks::Faces
                | Asks::Rank
                | Asks::Place
                | Asks::Scale
                | Asks::Text
                | Asks::Voice
                | Asks::Unknown,
                Answer::Chosen(_)
                | Answer::Number(_)
                | Answer::Words(_)
                | Answer::Spoken(_)
                | Answer::Both { .. }
                | Answer::Drawn { .. },
            ) => Err("the question asks for something else"),
        }
    }

    fn check(&self) -> Result<(), String> {
        published::check_key(&self.key)?;
        published::check_text("text", &self.text, TITLE_CHARS_MAX * 2)?;
        self.choices.iter().try_for_each(|choice| published::check_text("choices", choice, TITLE_CHARS_MAX))?;
        published::check_unique("choices", self.choices.iter().map(String::as_str))?;
        let between = |field: &str, value: usize, most: usize| match value {
            value if (2..=most).contains(&value) => Ok(()),
            value => Err(format!("{field}: {value}, and a question of this type takes 2 to {most}")),
        };
        match self.asks {
            Asks::Single | Asks::Multiple | Asks::Rank | Asks::Place => {
                between("choices", self.choices.len(), CHOICES_MAX)?;
            }
            Asks::Faces => between("choices", self.choices.len(), FACES_MAX)?,
            Asks::Scale => between("most", self.most(), SCALE_MAX.into())?,
            Asks::Text => between("most", self.most(), WORDS_CHARS_MAX)?,
            Asks::Voice => between("most", self.most(), RECORDING_SECONDS_MAX.into())?,
            Asks::Unknown => {
                return Err("type: single, multiple, faces, scale, rank, place, text or voice".into());
            }
        }
        match self.asks {
            Asks::Multiple | Asks::Rank if self.most() > self.choices.len() => {
                Err(format!("most: {}, and there are {} choices", self.most, self.choices.len()))
            }
            Asks::Scale | Asks::Text | Asks::Voice if !self.choices.is_empty() => {
                Err("choices: a question of this type has none".into())
            }
            Asks::Single | Asks::Faces | Asks::Place if self.most > 1 => {
                Err("most: of a question of this type one is chosen".into())
            }
            Asks::Single
            | Asks::Multiple
            | Asks::Faces
            | Asks::Scale
            | Asks::Rank
            | Asks::Place
            | Asks::Text
            | Asks::Voice
            | Asks::Unknown => {
                published::check_length("low", &self.low, TITLE_CHARS_MAX)?;
                published::check_length("high", &self.high, TITLE_CHARS_MAX)
            }
        }
    }
}

impl Published for Consultation {
    const KIND: Kind = Kind::Consultation;

    fn key(&self) -> &str {
        &self.key
    }

    fn areas(&self) -> &[Area] {
        &self.areas
    }

    fn is_withdrawn(&self) -> bool {
        self.withdrawn
    }

    fn check(&self, codebook: &Codebook) -> Result<(), String> {
        published::check_key(&self.key)?;
        published::check_areas(&self.areas, codebook)?;
        published::check_text("title", &self.title, TITLE_CHARS_MAX)?;
        published::check_length("intro", &self.intro, TEXT_CHARS_MAX)?;
        published::check_length("by", &self.by, TITLE_CHARS_MAX)?;
        published::check_period("open", &self.open)?;
        published::check_count("article", self.articles.len(), ARTICLES_MAX)?;
        published::check_count("question", self.questions.len(), QUESTIONS_MAX)?;
        if self.articles.is_empty() && self.questions.is_empty() {
            return Err("article, question: there is nothing to answer".into());
        }
        published::check_unique("article.key", self.articles.iter().map(|article| article.key.as_str()))?;
        published::check_unique("question.key", self.questions.iter().map(|question| question.key.as_str()))?;
        let mut whole = self.title.chars().count() + self.intro.chars().count();
        for article in &self.articles {
            let within = |reason| format!("article {:?}: {reason}", article.key);
            published::check_key(&article.key).map_err(within)?;
            published::check_text("title", &article.title, TITLE_CHARS_MAX).map_err(within)?;
            published::check_text("text", &article.text, TEXT_CHARS_MAX).map_err(within)?;
            whole += article.title.chars().count() + article.text.chars().count();
        }
        for question in &self.questions {
            question.check().map_err(|reason| format!("question {:?}: {reason}", question.key))?;
            let choices = question.choices.iter().map(|choice| choice.chars().count()).sum::<usize>();
            whole += question.text.chars().count() + choices;
        }
        published::check_count("all its words together", whole, WHOLE_CHARS_MAX)?;
        if self.kind.is_empty() {
            return Ok(());
        }
        published::check_word("kind", &self.kind, codebook.consultation_kinds.iter().map(|kind| &kind.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::response::Recording;

    fn question(asks: Asks, choices: &[&str], most: u16) -> Question {
        let choices = choices.iter().map(|choice| (*choice).to_owned()).collect();
        Question { key: "q".into(), asks, text: "问".into(), choices, most, ..Question::default() }
    }

    fn chosen(choices: &[&str]) -> Answer {
        Answer::Chosen(choices.iter().map(|choice| (*choice).to_owned()).collect())
    }

    #[test]
    fn each_type_of_question_takes_its_own_answers_and_no_others() {
        let three = ["甲", "乙", "丙"];
        let spoken = |seconds| Answer::Spoken(Recording { hash: "00".repeat(32), seconds });
        let words = |count: usize| Answer::Words("路".repeat(count));
        for (question, good, bad) in [
            (question(Asks::Single, &three, 0), chosen(&["甲"]), chosen(&["甲", "乙"])),
            (question(Asks::Multiple, &three, 2), chosen(&["甲", "丙"]), chosen(&three)),
            (question(Asks::Multiple, &three, 2), chosen(&["甲"]), chosen(&["甲", "甲"])),
            (question(Asks::Faces, &three, 0), chosen(&["丙"]), chosen(&["丁"])),
            (question(Asks::Rank, &three, 0), chosen(&["丙", "甲", "乙"]), chosen(&[])),
            (question(Asks::Place, &three, 0), chosen(&["乙"]), words(2)),
            (question(Asks::Scale, &[], 0), Answer::Number(5), Answer::Number(6)),
            (question(Asks::Scale, &[], 3), Answer::Number(1), Answer::Number(0)),
            (question(Asks::Text, &[], 9), words(9), words(10)),
            (question(Asks::Text, &[], 0), spoken(180), spoken(181)),
            (question(Asks::Voice, &[], 0), spoken(60), spoken(61)),
            (question(Asks::Voice, &[], 0), words(500), words(501)),
        ] {
            assert_eq!(question.check(), Ok(()), "{question:?}");
            assert_eq!(question.take(&good), Ok(()), "{question:?}");
            assert!(question.take(&bad).is_err(), "{question:?}");
            assert!(question.take(&Answer::Words(String::new())).is_err(), "{question:?}");
        }
    }

    #[test]
    fn a_question_that_cannot_be_asked_is_refused_with_its_field() {
        let refused = |question: Question| question.check().unwrap_err();
        assert!(refused(question(Asks::Single, &["甲"], 0)).starts_with("choices"));
        assert!(refused(question(Asks::Single, &["甲", "甲"], 0)).contains("twice"));
        assert!(refused(question(Asks::Multiple, &["甲", "乙"], 3)).starts_with("most"));
        assert!(refused(question(Asks::Faces, &["1", "2", "3", "4", "5", "6"], 0)).starts_with("choices"));
        assert!(refused(question(Asks::Scale, &[], 11)).starts_with("most"));
        assert!(refused(question(Asks::Text, &["甲"], 0)).starts_with("choices"));
        assert!(refused(question(Asks::Unknown, &[], 0)).starts_with("type"));
    }

    #[test]
    fn an_article_that_is_reworded_is_another_edition() {
        let article = Article { key: "1".into(), title: "第一条".into(), text: "保护水源。".into() };
        assert_eq!(article.edition(), article.clone().edition());
        assert_ne!(article.edition(), Article { text: "保护水源地。".into(), ..article.clone() }.edition());
    }
}
