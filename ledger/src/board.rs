//! What a kiosk shows of what the county published, for the village it stands in.

use civic_core::{
    area::Area,
    consultation::Consultation,
    deputy::Deputy,
    id::DocId,
    matter::Matter,
    notice::Notice,
    opening::SlipKey,
    published::Published,
    slip::{Content, Slip, Told},
    station::{Reception, Station},
    ticket::Ticket,
    time::Day,
    vote::Vote,
};
use rusqlite::params;

use crate::{Ledger, LedgerError};

/// The notice board of a village.
#[derive(Clone, Debug, PartialEq)]
pub struct Board {
    /// What was asked in the village this month, and what came to rest.
    pub month: Month,
    /// The next reception day at a station of the village.
    pub reception: Option<NextReception>,
    /// Notices that are in force.
    pub notices: Vec<Notice>,
    /// Matters that the county shows, with most "me too" first.
    pub matters: Vec<(DocId, Matter)>,
}

/// What the county's slips say of one month. Both are counted by the clocks of those who took it down and ended it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Month {
    /// Opinions that were said in it.
    pub asked: u64,
    /// Opinions that came to rest in it, whenever they were said.
    pub settled: u64,
}

/// A reception day to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextReception {
    /// The day; today counts.
    pub day: Day,
    /// Where.
    pub station: Station,
    /// At what time, and what about.
    pub reception: Reception,
}

/// What the county says of one opinion, and whether it asks what the person who spoke thinks of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What the county says.
    pub slip: Slip,
    /// What it tells its holder, if that is who asks.
    pub told: Option<Told>,
    /// Which of its answers that tells, counted from 1; 0 without one.
    pub answer: usize,
    /// Whether the answer may be evaluated here: there is one, and nobody has evaluated it, as far as this kiosk knows.
    pub may_evaluate: bool,
}

impl Ledger {
    /// The notice board of `village` as it is on `today`.
    pub fn board(&self, village: &Area, today: Day) -> Result<Board, LedgerError> {
        let mut matters = self.published_for::<Matter>(village)?;
        matters.sort_by_key(|(id, matter)| (u64::MAX - matter.me_too, *id));
        let receptions = self.published_for::<Station>(village)?.into_iter().flat_map(|(_, station)| {
            let next = station.receptions.clone().into_iter();
            next.filter_map(move |reception| {
                Some(NextReception { day: reception.next(today)?, station: station.clone(), reception })
            })
        });
        let notices = self.published_for::<Notice>(village)?.into_iter().map(|(_, notice)| notice);
        Ok(Board {
            month: self.month(village, today)?,
            reception: receptions.min_by_key(|next| next.day),
            notices: notices.filter(|notice| notice.shown.holds(today)).collect(),
            matters,
        })
    }

    fn month(&self, village: &Area, today: Day) -> Result<Month, LedgerError> {
        let first = today.first_of_month();
        let next = std::iter::successors(Some(first), |day| Some(day.next()));
        let next = next.skip(1).take(31).find(|day| day.of_month() == 1).unwrap_or(first);
        let tables = self.reader();
        let count = |column: &str| {
            tables
                .db
                .prepare_cached(&format!(
                    "SELECT count(*) FROM slip WHERE substr(area, 1, ?2) = ?1 AND {column} >= ?3 AND {column} < ?4"
                ))?
                .query_row(params![village.code(), village.code().len(), first.starts().0, next.starts().0], |row| {
                    row.get(0)
                })
        };
        Ok(Month { asked: count("filed_at")?, settled: count("settled_at")? })
    }

    /// Consultations that people of `village` can answer on `today`.
    pub fn consultations(&self, village: &Area, today: Day) -> Result<Vec<(DocId, Consultation)>, LedgerError> {
        let mut open = self.published_for::<Consultation>(village)?;
        open.retain(|(_, consultation)| consultation.open.holds(today));
        Ok(open)
    }

    /// Votes in which households of `village` can choose on `today`.
    pub fn votes(&self, village: &Area, today: Day) -> Result<Vec<(DocId, Vote)>, LedgerError> {
        let mut open = self.published_for::<Vote>(village)?;
        open.retain(|(_, vote)| vote.open.holds(today) && vote.token_count() > 0);
        Ok(open)
    }

    /// Votes of `village` whose result is published, the newest first.
    pub fn counted_votes(&self, village: &Area) -> Result<Vec<Vote>, LedgerError> {
        let all = self.published_for::<Vote>(village)?.into_iter().map(|(_, vote)| vote);
        let mut counted: Vec<Vote> = all.filter(|vote| vote.result.is_some()).collect();
        counted.sort_by_key(|vote| std::cmp::Reverse(vote.result.as_ref().map(|result| result.as_of)));
        Ok(counted)
    }

    /// The deputies of `village`, of the highest congress first.
    pub fn deputies(&self, village: &Area) -> Result<Vec<Deputy>, LedgerError> {
        let mut deputies: Vec<Deputy> = self.published_for(village)?.into_iter().map(|(_, deputy)| deputy).collect();
        deputies.sort_by_cached_key(|deputy: &Deputy| (deputy.rank(self.codebook()), deputy.code.clone()));
        Ok(deputies)
    }

    /// The deputy of this code, wherever they stand.
    pub fn deputy(&self, code: &str) -> Result<Option<Deputy>, LedgerError> {
        let found = self.reader().published_by_key::<Deputy>(code)?;
        Ok(found.filter(|deputy| !deputy.withdrawn))
    }

    /// The station of this key, as deputies' cards name it.
    pub fn station(&self, key: &str) -> Result<Option<Station>, LedgerError> {
        let found = self.reader().published_by_key::<Station>(key)?;
        Ok(found.filter(|station| !station.withdrawn))
    }

    /// Every record of a kind that was published for `place` and not taken back, by key.
    pub fn published_for<T: Published>(&self, place: &Area) -> Result<Vec<(DocId, T)>, LedgerError> {
        let mut records = self.published::<T>()?;
        records.retain(|(_, record)| record.is_for(place));
        Ok(records)
    }

    /// Every record of a kind, by key.
    pub fn published<T: Published>(&self) -> Result<Vec<(DocId, T)>, LedgerError> {
        Ok(self.reader().all_published()?)
    }

    /// The record that was published under this name, whether it was taken back or not.
    pub fn published_as<T: Published>(&self, id: &DocId) -> Result<Option<T>, LedgerError> {
        Ok(self.reader().published(id)?)
    }

    /// What the county says of the opinion with this number, to everybody, and to its holder who has the key; `None` if
    /// nothing has come here.
    pub fn progress(&self, ticket: &Ticket, key: Option<&SlipKey>) -> Result<Option<Progress>, LedgerError> {
        let Some(slip) = self.slip(ticket)? else { return Ok(None) };
        let told = match &slip.content {
            Content::Open(told) => Some(told.clone()),
            Content::Sealed { .. } | Content::Nothing => key.and_then(|key| slip.open(key)),
        };
        let answer = told.as_ref().map_or(0, |told| told.answer_number(self.codebook()));
        let is_said_here = self.log().is_received(&self.evaluation_id(ticket, answer))?.is_some();
        let may_evaluate = told.as_ref().is_some_and(|told| told.may_be_evaluated(self.codebook(), &slip.state));
        Ok(Some(Progress { slip, told, answer, may_evaluate: may_evaluate && !is_said_here }))
    }
}
