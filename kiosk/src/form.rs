//! A consultation while somebody answers it: articles first, then questions, one on each screen.
//!
//! No piece must be answered. What was said is kept with the draft it belongs to ([`crate::station::About::Form`]), voices
//! and ink too, so that a power cut takes none of it.

use std::{collections::BTreeMap, time::Duration};

use civic_core::{
    attachment::{ATTACHMENTS_MAX, Attached},
    consultation::{Article, Asks, Consultation, Question},
    id::DocId,
    ink::Ink,
    response::{self, Answer, Answered, Remark, Response, WORDS_CHARS_MAX},
};
use serde::{Deserialize, Serialize};

use crate::{screens::speak::EXTENDED, station::Recording};

/// A consultation with what was said to it so far. `Debug` shows how far, never what.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Form {
    id: DocId,
    asked: Consultation,
    /// Which screen: the introduction, each piece, and the end.
    at: usize,
    /// What was said, by the place of its piece.
    said: BTreeMap<usize, Said>,
}

/// What was said to one article or question.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Said {
    /// 赞成 or 不赞成
    pub agrees: Option<bool>,
    /// Places of what was chosen in the question's choices, in the order of choosing.
    pub chosen: Vec<usize>,
    /// A number on a scale.
    pub number: Option<u16>,
    /// Written words.
    pub words: String,
    /// Spoken words.
    #[serde(with = "kept")]
    pub voice: Option<Recording>,
    /// Words written with a finger.
    #[serde(with = "kept_ink")]
    pub ink: Ink,
}

/// Something that is handed in beside the words.
#[derive(Clone, Copy, Debug)]
pub enum Beside<'a> {
    /// A voice.
    Voice(&'a Recording),
    /// What was written with a finger.
    Ink(&'a Ink),
}

/// A piece of a consultation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// An article of the draft.
    Article(&'a Article),
    /// A question.
    Question(&'a Question),
}

/// What one screen is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stand<'a> {
    /// What it is about, and what becomes of the answers.
    Introduction,
    /// An article or a question, and its number of how many.
    Piece(Piece<'a>, usize, usize),
    /// Everything was asked.
    End,
}

impl Form {
    /// Begins with a consultation.
    pub fn new(id: DocId, asked: Consultation) -> Self {
        Self { id, asked, at: 0, said: BTreeMap::new() }
    }

    /// What is asked.
    pub fn asked(&self) -> &Consultation {
        &self.asked
    }

    /// What the present screen is about.
    pub fn stand(&self) -> Stand<'_> {
        match self.at.checked_sub(1) {
            None => Stand::Introduction,
            Some(place) => self.piece(place).map_or(Stand::End, |piece| Stand::Piece(piece, self.at, self.pieces())),
        }
    }

    fn pieces(&self) -> usize {
        self.asked.articles.len() + self.asked.questions.len()
    }

    fn piece(&self, place: usize) -> Option<Piece<'_>> {
        let articles = self.asked.articles.len();
        match place.checked_sub(articles) {
            None => self.asked.articles.get(place).map(Piece::Article),
            Some(question) => self.asked.questions.get(question).map(Piece::Question),
        }
    }

    /// What was said to the present piece.
    pub fn said(&self) -> Said {
        self.at.checked_sub(1).and_then(|place| self.said.get(&place)).cloned().unwrap_or_default()
    }

    /// Changes what was said to the present piece.
    pub fn say(&mut self, change: impl FnOnce(&mut Said)) {
        let Some(place) = self.at.checked_sub(1).filter(|place| *place < self.pieces()) else { return };
        let mut said = self.said();
        change(&mut said);
        if said.is_nothing() {
            self.said.remove(&place);
        } else {
            self.said.insert(place, said);
        }
    }

    /// Chooses, or takes the choice back; what can no longer be chosen changes nothing.
    pub fn choose(&mut self, choice: usize) {
        let Stand::Piece(Piece::Question(question), ..) = self.stand() else { return };
        let (most, is_one) = (question.most(), question.most() == 1);
        self.say(|said| match said.chosen.iter().position(|chosen| *chosen == choice) {
            Some(place) => drop(said.chosen.remove(place)),
            None if is_one => said.chosen = vec![choice],
            None if said.chosen.len() < most => said.chosen.push(choice),
            None => {}
        });
    }

    /// Which screen: the introduction, each piece, and the end.
    pub fn place(&self) -> usize {
        self.at
    }

    /// To the next screen.
    pub fn go_on(&mut self) {
        self.at = (self.at + 1).min(self.pieces() + 1);
    }

    /// To the screen before; the first stays.
    pub fn go_back(&mut self) {
        self.at = self.at.saturating_sub(1);
    }

    /// How many pieces were answered.
    pub fn answered(&self) -> usize {
        self.said.len()
    }

    /// Whether the present piece may be spoken to: a record holds only so many voices and drawings, and then words are typed.
    pub fn may_speak(&self) -> bool {
        self.said().voice.is_some() || self.enclosed().count() < ATTACHMENTS_MAX
    }

    /// Whether the present piece may be written to with a finger, likewise.
    pub fn may_draw(&self) -> bool {
        !self.said().ink.is_empty() || self.enclosed().count() < ATTACHMENTS_MAX
    }

    /// Most characters that may be written to the present piece.
    pub fn characters_most(&self) -> usize {
        match self.stand() {
            Stand::Piece(Piece::Question(question), ..) => question.characters_most(),
            Stand::Piece(Piece::Article(_), ..) | Stand::Introduction | Stand::End => WORDS_CHARS_MAX,
        }
    }

    /// The longest that a voice to the present piece may be.
    pub fn longest(&self) -> Duration {
        match self.stand() {
            Stand::Piece(Piece::Question(question), ..) => {
                Duration::from_secs(question.seconds_most() as u64).min(EXTENDED)
            }
            Stand::Piece(Piece::Article(_), ..) | Stand::Introduction | Stand::End => EXTENDED,
        }
    }

    /// Every voice and drawing, in the order in which [`Form::response`] names them.
    pub fn enclosed(&self) -> impl Iterator<Item = Beside<'_>> {
        self.said.values().flat_map(|said| {
            let ink = Some(&said.ink).filter(|ink| !ink.is_empty());
            said.voice.iter().map(Beside::Voice).chain(ink.map(Beside::Ink))
        })
    }

    /// What is handed in, with its voices and drawings under these names.
    pub fn response(&self, names: Vec<Attached>) -> Response {
        let mut names = names.into_iter();
        let mut response = Response { consultation: self.id, remarks: Vec::new(), answers: Vec::new() };
        for (place, said) in &self.said {
            let recording = said.voice.as_ref().and_then(|_| names.next()).map(Into::into);
            let ink = Some(&said.ink).filter(|ink| !ink.is_empty()).and_then(|_| names.next()).map(Into::into);
            match self.piece(*place) {
                Some(Piece::Article(article)) => response.remarks.push(Remark {
                    article: article.key.clone(),
                    edition: article.edition(),
                    agrees: said.agrees,
                    words: said.own_words(WORDS_CHARS_MAX),
                    recording,
                    ink,
                }),
                Some(Piece::Question(question)) => {
                    let answer = said.answer(question, recording, ink);
                    let answered = answer.map(|answer| Answered { question: question.key.clone(), answer });
                    response.answers.extend(answered);
                }
                None => {}
            }
        }
        response
    }
}

impl std::fmt::Debug for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Form").field("at", &self.at).field("answered", &self.answered()).finish_non_exhaustive()
    }
}

impl Said {
    fn is_nothing(&self) -> bool {
        let has_words = !self.words.trim().is_empty() || self.voice.is_some() || !self.ink.is_empty();
        self.agrees.is_none() && self.chosen.is_empty() && self.number.is_none() && !has_words
    }

    /// The words that were typed, and those that were chosen for what was drawn, as many as are taken: the drawing has all.
    fn own_words(&self, most: usize) -> String {
        with_chosen(&self.words, &self.ink).trim().chars().take(most).collect()
    }

    fn answer(
        &self,
        question: &Question,
        recording: Option<response::Recording>,
        ink: Option<response::Drawing>,
    ) -> Option<Answer> {
        // A recording ends with a whole frame, and two that a power cut joined are longer: whoever spoke is not refused for it.
        let most = u16::try_from(question.seconds_most()).unwrap_or(u16::MAX);
        let recording = recording.map(|named| response::Recording { seconds: named.seconds.min(most), ..named });
        match question.asks {
            Asks::Single | Asks::Multiple | Asks::Faces | Asks::Rank | Asks::Place => Some(Answer::Chosen(
                self.chosen.iter().filter_map(|place| question.choices.get(*place).cloned()).collect(),
            )),
            Asks::Scale => self.number.map(Answer::Number),
            Asks::Text | Asks::Voice => {
                Answer::in_own_words(&self.own_words(question.characters_most()), recording, ink)
            }
            Asks::Unknown => None,
        }
    }
}

/// Words that were typed, and behind them those that were chosen for what was written with a finger.
pub fn with_chosen(typed: &str, ink: &Ink) -> String {
    let chosen = ink.words();
    let between = if typed.is_empty() || chosen.is_empty() { "" } else { "\n" };
    [typed, between, &chosen].concat()
}

/// Ink among what is kept: its bytes in hexadecimal.
mod kept_ink {
    use civic_core::{
        id::{from_hex, hex},
        ink::Ink,
    };
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(ink: &Ink, to: S) -> Result<S::Ok, S::Error> {
        hex(&ink.encode()).serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Ink, D::Error> {
        let kept = String::deserialize(from)?;
        Ok(from_hex(&kept).and_then(|bytes| Ink::decode(&bytes).ok()).unwrap_or_default())
    }
}

/// A voice among what is kept: its seconds and its bytes in hexadecimal.
mod kept {
    use civic_core::id::{from_hex, hex};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::station::Recording;

    pub fn serialize<S: Serializer>(voice: &Option<Recording>, to: S) -> Result<S::Ok, S::Error> {
        voice.as_ref().map(|voice| (voice.seconds, hex(&voice.opus))).serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Recording>, D::Error> {
        let kept = Option::<(u32, String)>::deserialize(from)?;
        Ok(kept.and_then(|(seconds, opus)| Some(Recording { opus: from_hex(&opus)?.into(), seconds })))
    }
}

#[cfg(test)]
mod tests {
    use civic_core::{
        attachment::AttachmentKind,
        id::AttachmentId,
        ink::{Dot, InkBox, Stroke},
    };

    use super::*;

    fn form() -> Form {
        let question = |key: &str, asks, choices: &[&str], most| Question {
            key: key.into(),
            asks,
            most,
            choices: choices.iter().map(|choice| (*choice).to_owned()).collect(),
            ..Question::default()
        };
        let asked = Consultation {
            articles: vec![Article {
                key: "3".into(), text: "水井周围不得堆粪。".into(), ..Article::default()
            }],
            questions: vec![
                question("single", Asks::Single, &["甲", "乙"], 0),
                question("rank", Asks::Rank, &["甲", "乙", "丙"], 2),
                question("voice", Asks::Voice, &[], 0),
                question("new", Asks::Unknown, &[], 0),
            ],
            ..Consultation::default()
        };
        Form::new(DocId::new([3; 16]), asked)
    }

    fn voice(byte: u8) -> Recording {
        Recording { opus: vec![byte; 3].into(), seconds: 4 }
    }

    /// A box with a stroke, for which 十 was chosen.
    fn ink() -> Ink {
        let stroke = Stroke { dots: vec![Dot { x: 100, y: 500, ms: 0 }, Dot { x: 900, y: 500, ms: 90 }] };
        Ink { boxes: vec![InkBox { strokes: vec![stroke], meant: Some('十') }] }
    }

    #[test]
    fn whoever_answers_nothing_has_said_nothing_and_a_choice_can_be_taken_back() {
        let mut form = form();
        assert!(matches!(form.stand(), Stand::Introduction));
        form.go_on();
        form.say(|said| said.agrees = Some(true));
        form.say(|said| said.agrees = None);
        assert_eq!(form.answered(), 0);
        form.go_on();
        form.choose(0);
        form.choose(1);
        assert_eq!(form.said().chosen, [1], "of one choice the last stands");
        form.choose(1);
        assert_eq!(form.answered(), 0);
        form.go_on();
        [2, 0, 1].into_iter().for_each(|choice| form.choose(choice));
        assert_eq!(form.said().chosen, [2, 0], "two may be ranked");
        for _ in 0..9 {
            form.go_on();
        }
        assert!(matches!(form.stand(), Stand::End));
    }

    #[test]
    fn what_is_handed_in_fits_what_was_asked_and_names_each_voice_where_it_was_spoken() {
        let mut form = form();
        form.go_on();
        form.say(|said| (said.agrees, said.voice) = (Some(false), Some(voice(1))));
        form.go_on();
        form.choose(0);
        form.go_on();
        form.go_on();
        form.say(|said| (said.words, said.voice) = ("水太小".into(), Some(voice(2))));
        form.say(|said| said.ink = ink());
        let named = |kind, byte| Attached { id: AttachmentId::new([byte; 32]), kind, seconds: Some(4) };
        let names = form.enclosed().zip(1..).map(|(beside, byte)| match beside {
            Beside::Voice(_) => named(AttachmentKind::Voice, byte),
            Beside::Ink(_) => named(AttachmentKind::Ink, byte),
        });
        let names: Vec<_> = names.collect();
        let kinds: Vec<_> = names.iter().map(|named| named.kind).collect();
        assert_eq!(kinds, [AttachmentKind::Voice, AttachmentKind::Voice, AttachmentKind::Ink]);
        let response = form.response(names.clone());
        assert_eq!(response.check(form.asked()), Ok(()));
        assert_eq!(response.remarks[0].recording, Some(names[0].into()));
        let drawn =
            Answer::Drawn { words: "水太小\n十".into(), recording: Some(names[1].into()), ink: names[2].into() };
        assert_eq!(response.answers[1].answer, drawn);
        let kept: Form = serde_json::from_str(&serde_json::to_string(&form).unwrap()).unwrap();
        assert_eq!(kept, form);
        assert!(!format!("{form:?}").contains("水太小"));
    }

    #[test]
    fn a_voice_that_ran_over_by_a_frame_is_named_no_longer_than_its_question_takes() {
        let question = Question { key: "voice".into(), asks: Asks::Voice, most: 30, ..Question::default() };
        let asked = Consultation { questions: vec![question], ..Consultation::default() };
        let mut form = Form::new(DocId::new([3; 16]), asked);
        form.go_on();
        form.say(|said| said.voice = Some(Recording { seconds: 31, ..voice(1) }));
        let named = Attached { id: AttachmentId::new([1; 32]), kind: AttachmentKind::Voice, seconds: Some(31) };
        let response = form.response(vec![named]);
        assert_eq!(response.check(form.asked()), Ok(()));
        assert_eq!(response.answers[0].answer.own_words().recording.map(|recording| recording.seconds), Some(30));
    }

    #[test]
    fn a_record_holds_four_voices_and_drawings_and_then_words_are_typed() {
        let mut form = form();
        for place in 0..ATTACHMENTS_MAX {
            form.go_on();
            assert!(form.may_speak() && form.may_draw());
            match place % 2 {
                0 => form.say(|said| said.voice = Some(voice(place as u8))),
                _ => form.say(|said| said.ink = ink()),
            }
        }
        assert!(form.may_draw() && !form.may_speak(), "what was drawn can be drawn again");
        form.go_on();
        assert!(!form.may_speak() && !form.may_draw());
    }
}
