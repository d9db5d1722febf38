//! Results of votes and consultations: counts that come out the same in whatever order ballots and responses arrived.

use serde::Serialize;

use crate::{
    ballot::Ballot,
    consultation::{Asks, Consultation},
    response::{Answer, Answered, OwnWords, Remark, Response},
    vote::Vote,
};

/// The result of a vote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VoteResult {
    /// The vote's key.
    pub key: String,
    /// Its title.
    pub title: String,
    /// How many tokens were made for it.
    pub tokens: usize,
    /// Ballots that count.
    pub counted: u64,
    /// Ballots that do not: of a token or of choices that are not this vote's.
    pub refused: u64,
    /// Every project in the order of the vote, with how many chose it.
    pub projects: Vec<Count>,
}

/// Something that could be chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Its key: of a project its own, of an answer the words or the number.
    pub key: String,
    /// Its words.
    pub title: String,
    /// How many chose it.
    pub count: u64,
    /// Of a rank, points: as many as there are choices for the first place, one less for each place behind it.
    #[serde(skip_serializing_if = "is_zero")]
    pub points: u64,
}

fn is_zero(points: &u64) -> bool {
    *points == 0
}

impl VoteResult {
    /// The result before any ballot was counted.
    pub fn new(vote: &Vote) -> Self {
        let projects = vote.projects.iter().map(|project| Count::new(&project.key, &project.title)).collect();
        let (key, title) = (vote.key.clone(), vote.title.clone());
        Self { key, title, tokens: vote.token_count(), counted: 0, refused: 0, projects }
    }

    /// Counts a ballot whose token was found to be one of this vote ([`Ballot::check`]); each name must be counted once.
    pub fn add(&mut self, vote: &Vote, ballot: &Ballot) {
        if !vote.may_choose(&ballot.choices) {
            self.refused += 1;
            return;
        }
        self.counted += 1;
        for project in self.projects.iter_mut().filter(|project| ballot.choices.contains(&project.key)) {
            project.count += 1;
        }
    }
}

impl Count {
    fn new(key: &str, title: &str) -> Self {
        Self { key: key.to_owned(), title: title.to_owned(), count: 0, points: 0 }
    }
}

/// The result of a consultation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConsultationResult {
    /// The consultation's key.
    pub key: String,
    /// Its title.
    pub title: String,
    /// Responses that were counted. Nobody was asked who they are: a person may have given several.
    pub responses: u64,
    /// Remarks and answers that fit nothing that is asked now.
    pub unfit: u64,
    /// Every article.
    pub articles: Vec<ArticleResult>,
    /// Every question.
    pub questions: Vec<QuestionResult>,
}

/// What was said of one article.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ArticleResult {
    /// Its key.
    pub key: String,
    /// Its title.
    pub title: String,
    /// 赞成
    pub agree: u64,
    /// 不赞成
    pub disagree: u64,
    /// How many of all these were said of an earlier wording.
    pub earlier: u64,
    /// What was said of it.
    pub said: Vec<Said>,
}

/// What was answered to one question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct QuestionResult {
    /// Its key.
    pub key: String,
    /// Its words.
    pub title: String,
    /// How many answered it.
    pub answered: u64,
    /// Choices or numbers, in the order of the question.
    pub choices: Vec<Count>,
    /// Words and recordings.
    pub said: Vec<Said>,
}

/// Words written or spoken.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Said {
    /// Written words.
    pub words: String,
    /// The hash of a recording; empty without one.
    pub recording: String,
    /// The hash of what was written with a finger; empty without any.
    pub ink: String,
    /// Whether it was said of an earlier wording.
    pub is_earlier: bool,
}

impl Said {
    fn new(OwnWords { words, recording, ink }: OwnWords<'_>, is_earlier: bool) -> Option<Self> {
        let recording = recording.map(|recording| recording.hash.clone()).unwrap_or_default();
        let ink = ink.map(|ink| ink.hash.clone()).unwrap_or_default();
        let is_said = !words.trim().is_empty() || !recording.is_empty() || !ink.is_empty();
        is_said.then(|| Self { words: words.trim().to_owned(), recording, ink, is_earlier })
    }
}

impl ConsultationResult {
    /// The result before any response was counted.
    pub fn new(consultation: &Consultation) -> Self {
        let article = |key: &str, title: &str| ArticleResult {
            key: key.to_owned(),
            title: title.to_owned(),
            agree: 0,
            disagree: 0,
            earlier: 0,
            said: Vec::new(),
        };
        let questions = consultation.questions.iter().map(|question| {
            let choices = if question.asks == Asks::Scale {
                (1..=question.most()).map(|number| Count::new(&number.to_string(), "")).collect()
            } else {
                question.choices.iter().map(|choice| Count::new(choice, choice)).collect()
            };
            let (key, title) = (question.key.clone(), question.text.clone());
            QuestionResult { key, title, answered: 0, choices, said: Vec::new() }
        });
        Self {
            key: consultation.key.clone(),
            title: consultation.title.clone(),
            responses: 0,
            unfit: 0,
            articles: consultation.articles.iter().map(|known| article(&known.key, &known.title)).collect(),
            questions: questions.collect(),
        }
    }

    /// Counts a response, piece by piece: what fits nothing that is asked now is counted as such, and the rest stands.
    pub fn add(&mut self, consultation: &Consultation, response: &Response) {
        self.responses += 1;
        for remark in &response.remarks {
            let known = consultation.articles.iter().zip(&mut self.articles);
            match known.into_iter().find(|(article, _)| article.key == remark.article) {
                Some((article, result)) => result.add(remark, remark.edition != article.edition()),
                None => self.unfit += 1,
            }
        }
        for Answered { question, answer } in &response.answers {
            let known = consultation.questions.iter().zip(&mut self.questions);
            match known.into_iter().find(|(asked, _)| asked.key == *question) {
                Some((asked, result)) if asked.take(answer).is_ok() => result.add(asked.asks, answer),
                Some(_) | None => self.unfit += 1,
            }
        }
    }

    /// Sorts what was said by its words, so that it does not tell who came after whom.
    pub fn sort(&mut self) {
        self.articles.iter_mut().for_each(|article| article.said.sort());
        self.questions.iter_mut().for_each(|question| question.said.sort());
    }
}

impl ArticleResult {
    fn add(&mut self, remark: &Remark, is_earlier: bool) {
        match remark.agrees {
            Some(true) => self.agree += 1,
            Some(false) => self.disagree += 1,
            None => {}
        }
        self.earlier += u64::from(is_earlier);
        let Remark { words, recording, ink, .. } = remark;
        let own = OwnWords { words, recording: recording.as_ref(), ink: ink.as_ref() };
        self.said.extend(Said::new(own, is_earlier));
    }
}

impl QuestionResult {
    fn add(&mut self, asks: Asks, answer: &Answer) {
        self.answered += 1;
        let all = self.choices.len();
        let mut choose = |key: &str, points: usize| {
            if let Some(choice) = self.choices.iter_mut().find(|choice| choice.key == key) {
                choice.count += 1;
                choice.points += points as u64;
            }
        };
        match answer {
            Answer::Chosen(chosen) => {
                for (place, key) in chosen.iter().enumerate() {
                    choose(key, if asks == Asks::Rank { all.saturating_sub(place) } else { 0 });
                }
            }
            Answer::Number(number) => choose(&number.to_string(), 0),
            Answer::Words(_) | Answer::Spoken(_) | Answer::Both { .. } | Answer::Drawn { .. } => {
                self.said.extend(Said::new(answer.own_words(), false));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        consultation::{Article, Question},
        id::DocId,
        token::{HASH_DIGITS, Token},
        vote::Project,
    };

    #[test]
    fn a_vote_counts_each_ballot_that_is_one() {
        let project = |key: &str| Project { key: key.into(), title: format!("项目 {key}"), ..Project::default() };
        let mut vote = Vote {
            key: "v".into(),
            choose: 2,
            projects: vec![project("a"), project("b"), project("c")],
            ..Vote::default()
        };
        vote.tokens = vec!["0".repeat(3 * HASH_DIGITS)];
        let mut result = VoteResult::new(&vote);
        for choices in [&["a", "c"][..], &["c"], &["a", "b", "c"]] {
            let choices = choices.iter().map(|choice| (*choice).to_owned()).collect();
            result.add(&vote, &Ballot { vote: vote.id(), token: Token::new([1; 8]), choices });
        }
        assert_eq!((result.tokens, result.counted, result.refused), (3, 2, 1));
        assert_eq!(result.projects.iter().map(|project| project.count).collect::<Vec<_>>(), [1, 0, 2]);
    }

    #[test]
    fn a_consultation_counts_what_fits_and_keeps_what_was_said_of_which_wording() {
        let question = |key: &str, asks, choices: &[&str]| Question {
            key: key.into(),
            asks,
            text: "问".into(),
            choices: choices.iter().map(|choice| (*choice).to_owned()).collect(),
            ..Question::default()
        };
        let consultation = Consultation {
            articles: vec![Article { key: "1".into(), title: "第一条".into(), text: "保护水源。".into() }],
            questions: vec![
                question("rank", Asks::Rank, &["甲", "乙", "丙"]),
                question("scale", Asks::Scale, &[]),
                question("text", Asks::Text, &[]),
            ],
            ..Consultation::default()
        };
        let edition = consultation.articles[0].edition();
        let remark = |agrees, edition: &str, words: &str| Remark {
            article: "1".into(),
            edition: edition.into(),
            agrees,
            words: words.into(),
            recording: None,
            ink: None,
        };
        let answered = |question: &str, answer| Answered { question: question.into(), answer };
        let rank = |order: &[&str]| Answer::Chosen(order.iter().map(|choice| (*choice).to_owned()).collect());
        let mut result = ConsultationResult::new(&consultation);
        for (remark, answers) in [
            (remark(Some(true), &edition, ""), vec![answered("rank", rank(&["丙", "甲", "乙"]))]),
            (
                remark(Some(false), "00", "太严了"),
                vec![answered("scale", Answer::Number(4)), answered("gone", Answer::Number(1))],
            ),
            (remark(None, &edition, "水源要围起来"), vec![answered("text", Answer::Words("好".into()))]),
        ] {
            result.add(&consultation, &Response { consultation: DocId::new([1; 16]), remarks: vec![remark], answers });
        }
        result.sort();
        let article = &result.articles[0];
        assert_eq!((result.responses, result.unfit), (3, 1));
        assert_eq!((article.agree, article.disagree, article.earlier, article.said.len()), (1, 1, 1, 2));
        assert!(article.said.iter().any(|said| said.is_earlier && said.words == "太严了"));
        assert_eq!(result.questions[0].choices.iter().map(|choice| choice.points).collect::<Vec<_>>(), [2, 1, 3]);
        assert_eq!((result.questions[1].choices.len(), result.questions[1].choices[3].count), (5, 1));
        assert_eq!(result.questions[2].said[0].words, "好");
    }
}
