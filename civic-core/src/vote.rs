//! A vote 票选: livelihood projects 民生实事, of which each household may choose some.
//!
//! One token for each household is made at the hub ([`crate::token`]) and given out on paper; the vote carries only the
//! tokens' slow hashes, so that a kiosk can tell a right token from a wrong one without a road.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    area::Area,
    codebook::Codebook,
    document::Kind,
    id::DocId,
    published::{self, Published, TEXT_CHARS_MAX, TITLE_CHARS_MAX, id_of},
    time::{Day, Period, UnixSeconds},
    token::{HASH_DIGITS, Token},
};

/// Most projects of one vote.
pub const PROJECTS_MAX: usize = 30;
/// Most tokens that are made at once; more are made in several goes.
pub const TOKENS_BATCH_MAX: usize = 2_000;
/// Most tokens of one vote; a larger county votes by township.
pub const TOKENS_MAX: usize = 20_000;

/// A vote.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Vote {
    /// The name by which publishing it again finds it again.
    pub key: String,
    /// 标题
    pub title: String,
    /// What it is about and what becomes of it, as it is read aloud.
    pub intro: String,
    /// Who asks.
    pub by: String,
    /// Whose households vote.
    pub areas: Vec<Area>,
    /// When votes are taken.
    pub open: Period,
    /// How many projects one may choose.
    pub choose: u16,
    /// What can be chosen.
    #[serde(rename = "project")]
    pub projects: Vec<Project>,
    /// Hashes of the tokens, each [`HASH_DIGITS`] hexadecimal digits, one string for each time some were made.
    pub tokens: Vec<String>,
    /// What came of it, once it is over and the county has counted.
    pub result: Option<VoteCount>,
    /// Taken back.
    pub withdrawn: bool,
}

/// What came of a vote, as it is published.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct VoteCount {
    /// Ballots that count.
    pub counted: u64,
    /// Ballots that do not.
    pub refused: u64,
    /// When the county counted.
    pub as_of: UnixSeconds,
    /// Projects that somebody chose.
    pub counts: Vec<ProjectCount>,
}

/// How many chose a project.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProjectCount {
    /// The project's key.
    pub key: String,
    /// How many.
    pub count: u64,
}

impl VoteCount {
    /// How many chose the project of this key.
    pub fn count_of(&self, key: &str) -> u64 {
        self.counts.iter().find(|project| project.key == key).map_or(0, |project| project.count)
    }
}

/// A project 民生实事项目.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Project {
    /// Its name in every ballot; keep it when the wording changes.
    pub key: String,
    /// 名称
    pub title: String,
    /// What would be done, where, and what it costs.
    pub text: String,
}

/// What is published of tokens that were made together for the vote of this document: their hashes in one string, in an
/// order of their own, for in that of printing they would tell who of a row of houses has voted.
pub fn batch_of(vote: &DocId, tokens: &[Token]) -> String {
    let mut hashes: Vec<String> = tokens.iter().map(|token| token.hash(vote)).collect();
    hashes.sort_unstable();
    hashes.concat()
}

impl Vote {
    /// Its document, which is also the salt of its tokens.
    pub fn id(&self) -> DocId {
        id_of(Kind::Vote, &self.key)
    }

    /// How many tokens were made for it.
    pub fn token_count(&self) -> usize {
        self.tokens.iter().map(|batch| batch.len() / HASH_DIGITS).sum()
    }

    /// Whether the token with this hash was made for it.
    pub fn knows(&self, hash: &str) -> bool {
        let mut batches = self.tokens.iter();
        batches.any(|batch| batch.as_bytes().chunks_exact(HASH_DIGITS).any(|known| known == hash.as_bytes()))
    }

    /// Whether the same ballots count in it as in `other`, whatever else differs.
    pub fn takes_the_same(&self, other: &Self) -> bool {
        let keys = |vote: &Self| vote.projects.iter().map(|project| project.key.clone()).collect::<BTreeSet<_>>();
        self.tokens == other.tokens && self.choose == other.choose && keys(self) == keys(other)
    }

    /// Whether it is over on `today`: nobody votes any more, and the result may be told.
    pub fn is_over(&self, today: Day) -> bool {
        self.open.until.is_some_and(|until| until < today)
    }

    /// Whether these may be chosen together: at least one, at most as many as may be, each once.
    pub fn may_choose(&self, choices: &[String]) -> bool {
        let is_known = |choice: &String| self.projects.iter().any(|project| project.key == *choice);
        let is_once = (1..choices.len()).all(|place| !choices[..place].contains(&choices[place]));
        (1..=usize::from(self.choose)).contains(&choices.len()) && choices.iter().all(is_known) && is_once
    }
}

impl Published for Vote {
    const KIND: Kind = Kind::Vote;

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
        published::check_count("project", self.projects.len(), PROJECTS_MAX)?;
        published::check_unique("project.key", self.projects.iter().map(|project| project.key.as_str()))?;
        for project in &self.projects {
            let within = |reason| format!("project {:?}: {reason}", project.key);
            published::check_key(&project.key).map_err(within)?;
            published::check_text("title", &project.title, TITLE_CHARS_MAX).map_err(within)?;
            // Thirty of these fit into one change of a document.
            published::check_length("text", &project.text, TEXT_CHARS_MAX / 4).map_err(within)?;
        }
        match usize::from(self.choose) {
            choose if (1..self.projects.len()).contains(&choose) => Ok(()),
            choose => Err(format!(
                "choose: {choose}, and of {} projects one can choose 1 to {}",
                self.projects.len(),
                self.projects.len().saturating_sub(1)
            )),
        }
    }
}
