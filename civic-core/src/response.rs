//! A response 答复征求: what one person said to a consultation. Sealed to the county as it is given.
//!
//! Nobody is asked who they are, so nothing stops a person from answering twice; what a consultation counts is what was
//! said, and its results say so.

use serde::{Deserialize, Serialize};

use crate::{consultation::Consultation, id::DocId};

/// Longest words of one remark or answer, in characters.
pub const WORDS_CHARS_MAX: usize = 500;

/// What one person said to a consultation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Response {
    /// The consultation.
    pub consultation: DocId,
    /// What was said of articles.
    #[serde(default)]
    pub remarks: Vec<Remark>,
    /// Answers to questions.
    #[serde(default)]
    pub answers: Vec<Answered>,
}

/// What was said of one article.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Remark {
    /// The article's key.
    pub article: String,
    /// The wording it was said of, see [`crate::consultation::Article::edition`].
    pub edition: String,
    /// 赞成 or 不赞成; `None` if the person only spoke.
    pub agrees: Option<bool>,
    /// Written words.
    pub words: String,
    /// Spoken words.
    pub recording: Option<Recording>,
}

/// An answer to one question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// The question's key.
    pub question: String,
    /// The answer.
    pub answer: Answer,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// Choices in their own words; for a rank in order.
    Chosen(Vec<String>),
    /// A number on a scale.
    Number(u16),
    /// Written words.
    Words(String),
    /// Spoken words.
    Spoken(Recording),
    /// Both: some people write the name of a place and speak the rest.
    Both {
        /// The written words.
        words: String,
        /// The spoken ones.
        recording: Recording,
    },
}

impl Answer {
    /// Written and spoken words, as far as it has any.
    pub fn said(&self) -> (&str, Option<&Recording>) {
        match self {
            Answer::Chosen(_) | Answer::Number(_) => ("", None),
            Answer::Words(words) => (words, None),
            Answer::Spoken(recording) => ("", Some(recording)),
            Answer::Both { words, recording } => (words, Some(recording)),
        }
    }
}

/// A recording that lies beside the record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recording {
    /// BLAKE3 of its bytes, 64 hexadecimal digits.
    pub hash: String,
    /// How long it is.
    pub seconds: u16,
}

/// Why something is not a response to this consultation. A screen never makes one; what arrives may be one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place:?}: {reason}")]
pub struct BadResponse {
    /// The key of the article or question; empty for the whole.
    pub place: String,
    /// Why.
    pub reason: &'static str,
}

impl Response {
    /// Whether this answers `consultation`: every remark an article that is there, every answer its question.
    pub fn check(&self, consultation: &Consultation) -> Result<(), BadResponse> {
        let bad = |place: &str, reason| Err(BadResponse { place: place.to_owned(), reason });
        if self.remarks.is_empty() && self.answers.is_empty() {
            return bad("", "nothing was said");
        }
        for (place, remark) in self.remarks.iter().enumerate() {
            let is_again = self.remarks[..place].iter().any(|other| other.article == remark.article);
            let Remark { article, agrees, words, recording, edition: _ } = remark;
            if !consultation.articles.iter().any(|known| known.key == *article) {
                return bad(article, "there is no such article");
            }
            if is_again {
                return bad(article, "it stands twice");
            }
            if agrees.is_none() && words.trim().is_empty() && recording.is_none() {
                return bad(article, "nothing was said of it");
            }
            if words.chars().count() > WORDS_CHARS_MAX {
                return bad(article, "it is too long");
            }
        }
        for (place, Answered { question, answer }) in self.answers.iter().enumerate() {
            let Some(asked) = consultation.questions.iter().find(|asked| asked.key == *question) else {
                return bad(question, "there is no such question");
            };
            if self.answers[..place].iter().any(|other| other.question == *question) {
                return bad(question, "it stands twice");
            }
            asked.take(answer).or_else(|reason| bad(question, reason))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consultation::{Article, Asks, Question};

    #[test]
    fn a_response_that_does_not_fit_its_consultation_is_refused_with_the_place() {
        let consultation = Consultation {
            articles: vec![Article { key: "1".into(), title: "第一条".into(), text: "保护水源。".into() }],
            questions: vec![Question {
                key: "q".into(),
                asks: Asks::Scale,
                text: "几分".into(),
                ..Question::default()
            }],
            ..Consultation::default()
        };
        let remark = |article: &str| Remark { article: article.into(), agrees: Some(true), ..Remark::default() };
        let answered = |question: &str, number| Answered { question: question.into(), answer: Answer::Number(number) };
        let response = |remarks: Vec<Remark>, answers: Vec<Answered>| {
            let response = Response { consultation: DocId::new([1; 16]), remarks, answers };
            response.check(&consultation).map_err(|bad| bad.place)
        };
        assert_eq!(response(vec![remark("1")], vec![answered("q", 5)]), Ok(()));
        assert_eq!(response(vec![], vec![]), Err(String::new()));
        assert_eq!(response(vec![remark("9")], vec![]), Err("9".into()));
        assert_eq!(response(vec![remark("1"), remark("1")], vec![]), Err("1".into()));
        assert_eq!(response(vec![Remark { agrees: None, ..remark("1") }], vec![]), Err("1".into()));
        assert_eq!(response(vec![], vec![answered("q", 6)]), Err("q".into()));
        assert_eq!(response(vec![], vec![answered("x", 1)]), Err("x".into()));
    }
}
