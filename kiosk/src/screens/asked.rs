//! What the county asks the village: consultations, votes, and what came of votes that are over.

use std::sync::Arc;

use super::{
    Around, Next, Page, consult::Consult, list::listing, page, tally::Tally, village::Village, vote::VotePage,
};
use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look},
    },
    form::Form,
    public::Public,
    station::{About, Draft},
    view::{Part, entry},
};

/// A list of what is asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// What is published.
    pub public: Arc<Public>,
    /// Which page of the list is shown.
    pub page: usize,
}

/// What can be touched on it.
#[derive(Clone, Debug, PartialEq)]
pub enum Touch {
    /// Back to the board.
    Back,
    /// The consultation at this place.
    Consultation(usize),
    /// The vote at this place.
    Vote(usize),
    /// The result at this place.
    Tally(usize),
    /// Further ones.
    More,
}

impl Page for Asked {
    type Touch = Touch;

    fn view(&self, around: &Around<'_>) -> Part<Touch> {
        let public = &self.public;
        let row = |touch, title: &str, icon, ink| entry(touch, title.to_owned(), icon, Look::Choice(ink));
        let votes = public.votes.iter().enumerate();
        let votes = votes.map(|(place, (_, vote))| row(Touch::Vote(place), &vote.title, Icon::Ballot, Ink::Red));
        let consultations = public.consultations.iter().enumerate().map(|(place, (_, consultation))| {
            row(Touch::Consultation(place), &consultation.title, Icon::Speak, Ink::Blue)
        });
        let tallies = public.tallies.iter().enumerate();
        let tallies = tallies.map(|(place, tally)| {
            let title = around.sentence_with("tally-of", &[("title", tally.title.clone())]);
            entry(Touch::Tally(place), title.alone(), Icon::Tick, Look::Choice(Ink::Green))
        });
        let body = listing(around, votes.chain(consultations).chain(tallies).collect(), self.page, Touch::More);
        page(around, Some(Touch::Back), around.sentence("asked"), body)
    }

    fn touched(self, touch: Touch) -> Next {
        match touch {
            Touch::Back => Next::show(Village { public: self.public }),
            Touch::Consultation(place) => match self.public.consultations.get(place).cloned() {
                Some((id, asked)) => {
                    let about = About::Form(Box::new(Form::new(id, asked)));
                    Next::show(Consult::new(Draft { about, ..Draft::default() }))
                }
                None => Next::show(self),
            },
            Touch::Vote(place) => Next::show(VotePage { list: self, place, page: 0 }),
            Touch::Tally(place) => Next::show(Tally { list: self, place, page: 0, is_printed: false }),
            Touch::More => Next::show(Self { page: self.page + 1, ..self }),
        }
    }

    fn shows(&self) -> usize {
        self.page
    }
}
