//! A response 答复征求: what one person said to a consultation. Sealed to the county as it is given.
//!
//! Nobody is asked who they are, so nothing stops a person from answering twice; what a consultation counts is what was
//! said, and its results say so.

use serde::{Deserialize, Serialize};

use crate::{attachment::Attached, consultation::Consultation, id::DocId};

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
    /// Words written with a finger.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ink: Option<Drawing>,
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
    /// Words written with a finger, and perhaps others. A program from before there were such counts it as unfit.
    Drawn {
        /// Written words; those that were chosen for what was drawn are among them.
        words: String,
        /// Spoken ones.
        #[serde(default)]
        recording: Option<Recording>,
        /// What was drawn.
        ink: Drawing,
    },
}

/// What an answer says in somebody's own words, as far as it does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OwnWords<'a> {
    /// Written words: typed, or chosen for what was written with a finger.
    pub words: &'a str,
    /// Spoken words.
    pub recording: Option<&'a Recording>,
    /// Words written with a finger.
    pub ink: Option<&'a Drawing>,
}

impl Answer {
    /// The answer that says this; `None` if it says nothing.
    pub fn in_own_words(words: &str, recording: Option<Recording>, ink: Option<Drawing>) -> Option<Self> {
        let words = words.trim().to_owned();
        match (words.is_empty(), recording, ink) {
            (_, recording, Some(ink)) => Some(Answer::Drawn { words, recording, ink }),
            (false, Some(recording), None) => Some(Answer::Both { words, recording }),
            (true, Some(recording), None) => Some(Answer::Spoken(recording)),
            (false, None, None) => Some(Answer::Words(words)),
            (true, None, None) => None,
        }
    }

    /// What it says in the person's own words.
    pub fn own_words(&self) -> OwnWords<'_> {
        let (words, recording, ink) = match self {
            Answer::Chosen(_) | Answer::Number(_) => ("", None, None),
            Answer::Words(words) => (words.as_str(), None, None),
            Answer::Spoken(recording) => ("", Some(recording), None),
            Answer::Both { words, recording } => (words.as_str(), Some(recording), None),
            Answer::Drawn { words, recording, ink } => (words.as_str(), recording.as_ref(), Some(ink)),
        };
        OwnWords { words, recording, ink }
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

impl From<Attached> for Recording {
    fn from(Attached { id, seconds, kind: _ }: Attached) -> Self {
        let seconds = seconds.and_then(|seconds| u16::try_from(seconds).ok()).unwrap_or(u16::MAX);
        Self { hash: id.to_string(), seconds }
    }
}

/// What somebody wrote with a finger, which lies beside the record ([`crate::ink`]).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drawing {
    /// BLAKE3 of its bytes, 64 hexadecimal digits.
    pub hash: String,
}

impl From<Attached> for Drawing {
    fn from(attached: Attached) -> Self {
        Self { hash: attached.id.to_string() }
    }
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
            let Remark { article, agrees, words, recording, ink, edition: _ } = remark;
            if !consultation.articles.iter().any(|known| known.key == *article) {
                return bad(article, "there is no such article");
            }
            if is_again {
                return bad(article, "it stands twice");
            }
            if agrees.is_none() && words.trim().is_empty() && recording.is_none() && ink.is_none() {
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
        let silent = || Remark { agrees: None, ..remark("1") };
        assert_eq!(response(vec![silent()], vec![]), Err("1".into()));
        assert_eq!(response(vec![Remark { ink: Some(Drawing::default()), ..silent() }], vec![]), Ok(()));
        assert_eq!(response(vec![], vec![answered("q", 6)]), Err("q".into()));
        assert_eq!(response(vec![], vec![answered("x", 1)]), Err("x".into()));
    }
    #[test]
    fn what_was_said_before_there_was_ink_reads_as_it_did_and_is_written_as_it_was() {
        let remark: Remark = serde_json::from_str(r#"{"article":"1","edition":"00","agrees":true}"#).unwrap();
        assert_eq!((remark.agrees, remark.ink.clone()), (Some(true), None));
        assert!(!serde_json::to_string(&remark).unwrap().contains("ink"));
        let (voice, ink) = (Recording { hash: "ab".into(), seconds: 4 }, Drawing { hash: "cd".into() });
        for (words, recording, ink) in [
            ("好", None, None),
            ("", Some(&voice), None),
            ("好", Some(&voice), None),
            ("", None, Some(&ink)),
            ("好□", Some(&voice), Some(&ink)),
        ] {
            let answer = Answer::in_own_words(words, recording.cloned(), ink.cloned()).unwrap();
            let read: Answer = serde_json::from_str(&serde_json::to_string(&answer).unwrap()).unwrap();
            assert_eq!(read.own_words(), OwnWords { words, recording, ink });
        }
        assert_eq!(Answer::in_own_words(" ", None, None), None);
    }
}
